// SPDX-License-Identifier: GPL-2.0-only
/*
 * call_test.c - CALL: round trips of all kinds, and every way in which a call
 * ends without an answer. What holders do with reply rights: reply_test.c.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)		/* in both spaces */
#define REGION	SLOT(2)
#define TABLE	SLOT(3)
#define TO	SLOT(0x10)
#define LENGTH	(MIB + PAGE)

FIXTURE(call) {
	int fd;			/* of the server */
	int tx;			/* of the client */
	char *target;		/* region of the server */
	char *answers;		/* region of the client */
	char *source;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

FIXTURE_SETUP(call)
{
	/* The same numbers in every test, whatever the harness has open. */
	ASSERT_EQ(100, dup2(space_new(), 100));
	ASSERT_EQ(101, dup2(space_new(), 101));
	close_range(3, 99, 0);
	self->fd = 100;
	self->tx = 101;
	self->target = memory_new(LENGTH, true);
	self->answers = memory_new(LENGTH, true);
	self->source = memory_new(LENGTH, false);
	pattern_fill(self->source, LENGTH, 1);
	ASSERT_EQ(0, port_create(self->fd, PORT, 2));
	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, self->tx, PORT));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->target, LENGTH));
	ASSERT_EQ(0, region_create(self->tx, REGION, self->answers, LENGTH));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, cappage_create(self->tx, TABLE, 8));
}

FIXTURE_TEARDOWN(call)
{
	CAPMSG_TEARDOWN();
}

/* A call that runs in a thread; its answer goes to @answer if it is small. */
struct calling {
	struct capmsg_call arg;
	struct job job;
	char answer[CAPMSG_INLINE_MAX];
};

static int call_start(struct calling *calling, FIXTURE_DATA(call) *self)
{
	memset(calling->answer, POISON, sizeof(calling->answer));
	calling->arg = call_make(PORT, "question", 8, calling->answer, sizeof(calling->answer));
	return JOB_START(&calling->job, self->tx, call, CALL, &calling->arg);
}

/* The same, up to the point where the server has received it. */
static int call_received(struct calling *calling, FIXTURE_DATA(call) *self)
{
	return call_start(calling, self) ?:
	       msg_recv(self->fd, PORT, &self->record, self->data);
}

static int reply_move(FIXTURE_DATA(call) *self, __u64 to)
{
	return do_move(self->fd, &(struct capmsg_move){ .flags = CAPMSG_MOVE_POST,
		.from = PORT, .to = to, .post = self->record.out_post,
		.seq = self->record.out_seq });
}

static int reply_clear(FIXTURE_DATA(call) *self)
{
	return do_clear(self->fd, &(struct capmsg_clear){ .flags = CAPMSG_CLEAR_POST,
		.slot = PORT, .post = self->record.out_post, .seq = self->record.out_seq });
}

/* --- round trips -------------------------------------------------------------------- */

TEST_F(call, round_trip_short)
{
	const unsigned int sizes[] = { 0, 1, 64, 255, 256 };
	struct calling calling;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			memset(calling.answer, POISON, CAPMSG_INLINE_MAX);
			calling.arg = call_make(PORT, self->source, sizes[i], calling.answer,
						sizes[j]);
			ASSERT_EQ(0, JOB_START(&calling.job, self->tx, call, CALL, &calling.arg));
			ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
			EXPECT_EQ(CAPMSG_RECORD_INLINE | CAPMSG_RECORD_REPLY,
				  self->record.out_flags);
			EXPECT_EQ(sizes[i], self->record.out_length);
			EXPECT_EQ(-1, pattern_check(self->data, sizes[i], 1));
			EXPECT_EQ(0, msg_reply(self->fd, PORT, &self->record, self->source,
					       sizes[j]));
			ASSERT_EQ(0, job_join(&calling.job));
			EXPECT_EQ(sizes[j], calling.arg.out_length);
			EXPECT_EQ(0, calling.arg.out_n_caps);
			EXPECT_EQ(-1, pattern_check(calling.answer, sizes[j], 1));
			EXPECT_EQ(-1, bytes_check(calling.answer + sizes[j],
						  CAPMSG_INLINE_MAX - sizes[j], POISON));
		}
	}
}

/* 64 KiB each way, the answer into plain memory at odd addresses. */
TEST_F(call, round_trip_plain)
{
	const size_t sizes[] = { 257, PAGE, 50001, 64 * KIB };
	struct capmsg_call arg;
	struct job job;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *answer = memory_new(20 * PAGE, true) + i;

		ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, 64 * KIB, 0, 0));
		arg = call_make(PORT, self->source, 64 * KIB, answer, sizes[i]);
		ASSERT_EQ(0, JOB_START(&job, self->tx, call, CALL, &arg));
		ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
		EXPECT_EQ(CAPMSG_RECORD_REPLY, self->record.out_flags);
		EXPECT_EQ(-1, pattern_check(self->target, 64 * KIB, 1));
		EXPECT_EQ(0, msg_reply(self->fd, PORT, &self->record, self->target, sizes[i]));
		ASSERT_EQ(0, job_join(&job));
		EXPECT_EQ(sizes[i], arg.out_length);
		EXPECT_EQ(-1, pattern_check(answer, sizes[i], 1));
		EXPECT_EQ(-1, bytes_check(answer + sizes[i], 2 * PAGE, POISON));
		ASSERT_EQ(0, post_take(self->fd, PORT, self->record.out_post));
		munmap(answer - i, 20 * PAGE);
	}
}

static int echo_mebibyte(void *data)
{
	FIXTURE_DATA(call) *self = data;
	struct capmsg_call arg = call_make(PORT, self->source, MIB, NULL, MIB);

	arg.flags = CAPMSG_CALL_REGION;
	arg.reply_region = REGION;
	arg.reply_data = 77;
	return do_call(self->tx, &arg) ?: arg.out_length == MIB ? 0 : EBADMSG;
}

/* 1 MiB each way through regions, between two processes. */
TEST_F(call, round_trip_region)
{
	char *shared = memory_shared(LENGTH);
	pid_t pid;

	memset(shared, POISON, LENGTH);
	ASSERT_EQ(0, region_unregister(self->tx, REGION));
	ASSERT_EQ(0, region_create(self->tx, REGION, shared, LENGTH));
	ASSERT_LE(0, post_any(self->fd, PORT, REGION, 5, MIB, 0, 0));
	pid = child_start(echo_mebibyte, self, self->tx);
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(MIB, self->record.out_length);
	EXPECT_EQ(-1, pattern_check(self->target + 5, MIB, 1));
	pattern_fill(self->target, MIB, 2);
	EXPECT_EQ(0, msg_reply(self->fd, PORT, &self->record, self->target, MIB));
	EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
	EXPECT_EQ(-1, pattern_check(shared + 77, MIB, 2));
	EXPECT_EQ(-1, bytes_check(shared, 77, POISON));
	EXPECT_EQ(-1, bytes_check(shared + 77 + MIB, PAGE - 77, POISON));
}

TEST_F(call, round_trip_capabilities)
{
	struct capmsg_item items[2] = { { TO, CAPMSG_RIGHTS_ALL, 0 }, { TO, 0, 0 } };
	struct calling calling;

	ASSERT_EQ(0, port_marked(self->tx, TO, 11));
	ASSERT_EQ(0, port_marked(self->fd, TO, 22));
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, SLOT2(3, 0), 2));
	calling.arg = call_make(PORT, "caps", 0, calling.answer, sizeof(calling.answer));
	calling.arg.items = PTR(items);
	calling.arg.n_items = 2;
	calling.arg.reply_landing = SLOT2(3, 0x80);
	calling.arg.reply_max_caps = 3;
	ASSERT_EQ(0, JOB_START(&calling.job, self->tx, call, CALL, &calling.arg));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(2, self->record.out_n_caps);
	EXPECT_EQ(11, cap_mark(self->fd, SLOT2(3, 0)));
	EXPECT_EQ(-EBUSY, cap_copy(self->tx, TO, SLOT2(3, 0x82), 0));
	ASSERT_EQ(0, do_reply(self->fd, &(struct capmsg_reply){
		.flags = CAPMSG_REPLY_POST, .to = PORT, .data = PTR("both"), .length = 4,
		.items = PTR(items), .n_items = 2,
		.post = self->record.out_post, .seq = self->record.out_seq }));
	ASSERT_EQ(0, job_join(&calling.job));
	EXPECT_EQ(2, calling.arg.out_n_caps);
	EXPECT_EQ(4, calling.arg.out_length);
	EXPECT_EQ(0, memcmp(calling.answer, "both", 4));
	EXPECT_EQ(22, cap_mark(self->tx, SLOT2(3, 0x80)));
	EXPECT_EQ(0, cap_rights(self->tx, SLOT2(3, 0x81)));
	EXPECT_EQ(0, cap_copy(self->tx, TO, SLOT2(3, 0x82), 0));
}

static int ask_many(void *tx)
{
	unsigned int i, answer;
	int ret = 0;

	for (i = 0; i < 200 && !ret; i++) {
		struct capmsg_call arg = call_make(PORT, &i, sizeof(i), &answer, sizeof(answer));

		ret = do_call(*(int *)tx, &arg);
		if (!ret && (answer != i * 3 || arg.out_length != sizeof(answer)))
			ret = EBADMSG;
	}
	return ret;
}

/* Two client processes, one server that answers out of turn. */
TEST_F(call, many)
{
	struct capmsg_record held[2];
	unsigned int i, question[2];
	pid_t pids[2];

	for (i = 0; i < 2; i++)
		pids[i] = child_start(ask_many, &self->tx, self->tx);
	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, msg_recv(self->fd, PORT, &held[0], self->data));
		question[0] = *(unsigned int *)self->data * 3;
		ASSERT_EQ(0, msg_recv(self->fd, PORT, &held[1], self->data));
		question[1] = *(unsigned int *)self->data * 3;
		ASSERT_EQ(0, msg_reply(self->fd, PORT, &held[1], &question[1], 4));
		ASSERT_EQ(0, msg_reply(self->fd, PORT, &held[0], &question[0], 4));
	}
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, child_wait(pids[i], CAPMSG_PATIENCE_MS));
}

/* --- arguments ------------------------------------------------------------------------ */

TEST_F(call, arguments)
{
	char answer[8];
	const struct capmsg_call good = call_make(PORT, "?", 1, answer, sizeof(answer));
	const struct { struct capmsg_call change; int result; } rows[] = {
		{ { .reply_size = 64 * KIB + 1 }, -EMSGSIZE },
		{ { .reply_max_caps = 65, .reply_landing = SLOT2(3, 0) }, -EINVAL },
		{ { .reply_max_caps = 1, .reply_landing = SLOT2(9, 0) }, -ENOENT },
		{ { .reply_max_caps = 1, .reply_landing = PORT }, -EEXIST },
		{ { .flags = CAPMSG_CALL_REGION, .reply_region = TABLE }, -EINVAL },
		{ { .flags = CAPMSG_CALL_REGION, .reply_region = SLOT(9) }, -ENOENT },
		{ { .flags = CAPMSG_CALL_REGION, .reply_region = SLOT(4) }, -EACCES },
		{ { .flags = CAPMSG_CALL_REGION, .reply_region = REGION, .reply_data = 1,
		    .reply_size = LENGTH }, -EINVAL },
		{ { .flags = CAPMSG_CALL_REGION, .reply_region = REGION,
		    .reply_data = ~0ULL, .reply_size = 2 }, -EINVAL },
		{ { .reply_data = 8, .reply_size = PAGE }, -EFAULT },
		{ { .reply_data = 0xffff888000000000, .reply_size = PAGE }, -EFAULT },
	};
	struct capmsg_call arg;
	unsigned int i;

	ASSERT_EQ(0, cap_copy(self->tx, REGION, SLOT(4), CAPMSG_RIGHT_READ));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct capmsg_call *change = &rows[i].change;

		arg = good;
		arg.flags = change->flags;
		arg.reply_region = change->reply_region;
		arg.reply_landing = change->reply_landing;
		arg.reply_max_caps = change->reply_max_caps;
		if (change->reply_data || change->reply_region)
			arg.reply_data = change->reply_data;
		if (change->reply_size)
			arg.reply_size = change->reply_size;
		EXPECT_EQ(rows[i].result, do_call(self->tx, &arg))
			TH_LOG("row %u", i);
	}
	/* None of them was sent. */
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, cap_copy(self->tx, PORT, SLOT2(3, 0), 0));
}

/* NONBLOCK is for the request; the answer is waited for. */
TEST_F(call, nonblock)
{
	struct calling calling;

	calling.arg = call_make(PORT, "?", 1, calling.answer, 1);
	calling.arg.flags = CAPMSG_NONBLOCK;
	ASSERT_EQ(0, JOB_START(&calling.job, self->tx, call, CALL, &calling.arg));
	ASSERT_TRUE(job_blocked(&calling.job));
	ASSERT_EQ(0, msg_try(self->tx, PORT, "", 0));
	EXPECT_EQ(-EAGAIN, do_call(self->tx, &(struct capmsg_call){
		.to = PORT, .flags = CAPMSG_NONBLOCK }));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, msg_reply(self->fd, PORT, &self->record, "!", 1));
	EXPECT_EQ(0, job_join(&calling.job));
}

/* --- ends without an answer -------------------------------------------------------------- */

TEST_F(call, right_cleared)
{
	struct calling calling;

	ASSERT_EQ(0, call_received(&calling, self));
	EXPECT_EQ(0, reply_clear(self));
	EXPECT_EQ(-EPIPE, job_join(&calling.job));
	EXPECT_EQ(-ENOENT, reply_clear(self));
	EXPECT_EQ(-ENOENT, reply_move(self, TO));
	EXPECT_EQ(-1, bytes_check(calling.answer, CAPMSG_INLINE_MAX, POISON));
	/* And cleared in a slot. */
	ASSERT_EQ(0, call_received(&calling, self));
	ASSERT_EQ(0, reply_move(self, TO));
	EXPECT_FALSE(job_done(&calling.job, 10));
	EXPECT_EQ(0, cap_clear(self->fd, TO));
	EXPECT_EQ(-EPIPE, job_join(&calling.job));
}

TEST_F(call, right_table_destroyed)
{
	struct calling calling;

	ASSERT_EQ(0, call_received(&calling, self));
	ASSERT_EQ(0, reply_move(self, SLOT2(3, 9)));
	ASSERT_EQ(0, obj_destroy(self->fd, TABLE));
	EXPECT_EQ(-EPIPE, job_join(&calling.job));
}

TEST_F(call, port_destroyed)
{
	struct calling calling[2];

	/* One call is received, the other is not. */
	ASSERT_EQ(0, call_received(&calling[0], self));
	ASSERT_EQ(0, call_start(&calling[1], self));
	ASSERT_TRUE(job_blocked(&calling[1].job));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(-EPIPE, job_join(&calling[0].job));
	EXPECT_EQ(-EPIPE, job_join(&calling[1].job));
}

/* A request that was never delivered finds no port: not a broken call. */
TEST_F(call, port_destroyed_before_delivery)
{
	struct calling calling;

	ASSERT_EQ(0, msg_try(self->tx, PORT, "", 0));
	ASSERT_EQ(0, msg_try(self->tx, PORT, "", 0));
	ASSERT_EQ(0, call_start(&calling, self));
	ASSERT_TRUE(job_blocked(&calling.job));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(-ENOENT, job_join(&calling.job));
}

/* A right that was moved out of the port outlives it. */
TEST_F(call, port_destroyed_right_moved)
{
	struct calling calling;

	ASSERT_EQ(0, call_received(&calling, self));
	ASSERT_EQ(0, reply_move(self, TO));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(0, do_reply(self->fd, &(struct capmsg_reply){
		.to = TO, .data = PTR("!"), .length = 1 }));
	EXPECT_EQ(0, job_join(&calling.job));
	EXPECT_EQ('!', calling.answer[0]);
}

TEST_F(call, server_closed)
{
	struct calling calling[2];

	ASSERT_EQ(0, call_received(&calling[0], self));
	ASSERT_EQ(0, reply_move(self, TO));
	ASSERT_EQ(0, call_start(&calling[1], self));
	ASSERT_TRUE(job_blocked(&calling[1].job));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(-EPIPE, job_join(&calling[0].job));
	EXPECT_EQ(-EPIPE, job_join(&calling[1].job));
}

static int receive_and_hold(void *unused)
{
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	int ret = msg_recv(100, PORT, &record, data);

	ret = ret ?: msg_send(100, SLOT(9), "held", 4);
	pause();
	return ret;
}

TEST_F(call, server_killed)
{
	struct calling calling;
	pid_t pid;

	ASSERT_EQ(0, port_create(self->tx, SLOT(9), 1));
	ASSERT_EQ(0, cap_give(self->tx, SLOT(9), CAPMSG_RIGHT_SEND, self->fd, SLOT(9)));
	pid = child_start(receive_and_hold, NULL, self->fd);
	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(0, call_start(&calling, self));
	ASSERT_EQ(0, msg_recv(self->tx, SLOT(9), &self->record, self->data));
	EXPECT_FALSE(job_done(&calling.job, 10));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	EXPECT_EQ(-EPIPE, job_join(&calling.job));
}

/* The region for the answer goes away: there is no room, and a short answer is lost. */
TEST_F(call, answer_region_destroyed)
{
	struct capmsg_call arg = call_make(PORT, "?", 1, NULL, PAGE);
	struct job job;

	arg.flags = CAPMSG_CALL_REGION;
	arg.reply_region = REGION;
	ASSERT_EQ(0, JOB_START(&job, self->tx, call, CALL, &arg));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, obj_destroy(self->tx, REGION));
	EXPECT_EQ(-EMSGSIZE, msg_reply(self->fd, PORT, &self->record, self->source, PAGE));
	EXPECT_EQ(0, msg_reply(self->fd, PORT, &self->record, "short", 5));
	EXPECT_EQ(-EFAULT, job_join(&job));
	EXPECT_EQ(-1, bytes_check(self->answers, PAGE, POISON));
}

/* --- the caller gives up ------------------------------------------------------------------- */

static int call_once(void *tx)
{
	char answer[8];
	struct capmsg_call arg = call_make(PORT, "?", 1, answer, sizeof(answer));

	return do_call(*(int *)tx, &arg);
}

TEST_F(call, caller_killed)
{
	pid_t pid = child_start(call_once, &self->tx, self->tx);

	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	EXPECT_EQ(-ESTALE, msg_reply(self->fd, PORT, &self->record, "late", 4));
	/* ESTALE has used it up. */
	EXPECT_EQ(-ENOENT, msg_reply(self->fd, PORT, &self->record, "late", 4));
	EXPECT_EQ(0, msg_try(self->tx, PORT, "next", 4));
	EXPECT_EQ(0, msg_try(self->tx, PORT, "next", 4));
}

/* And its space is gone too. */
TEST_F(call, caller_closed)
{
	pid_t pid = child_start(call_once, &self->tx, self->tx);

	ASSERT_EQ(0, close(self->tx));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	EXPECT_EQ(-ESTALE, msg_reply(self->fd, PORT, &self->record, "late", 4));
}

TEST_F(call, caller_timed_out)
{
	struct calling calling;
	__u64 deadline = in_ms(100);

	calling.arg = call_make(PORT, "?", 1, calling.answer, 8);
	calling.arg.deadline = deadline;
	ASSERT_EQ(0, JOB_START(&calling.job, self->tx, call, CALL, &calling.arg));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(-ETIMEDOUT, job_join(&calling.job));
	EXPECT_LE(deadline, now_ns());
	/* A late move, a late answer: the call is over. */
	EXPECT_EQ(-ESTALE, reply_move(self, TO));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, TO));
	EXPECT_EQ(-ESTALE, msg_reply(self->fd, PORT, &self->record, "late", 4));
}

/* The deadline is for request and answer together. */
TEST_F(call, caller_timed_out_in_line)
{
	char answer[8];
	struct capmsg_call arg = call_make(PORT, "?", 1, answer, sizeof(answer));

	ASSERT_EQ(0, msg_try(self->tx, PORT, "full", 4));
	ASSERT_EQ(0, msg_try(self->tx, PORT, "full", 4));
	arg.deadline = in_ms(50);
	EXPECT_EQ(-ETIMEDOUT, do_call(self->tx, &arg));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
}

/* A signal ends the wait for the answer, SA_RESTART or not: no second request. */
TEST_F(call, caller_interrupted)
{
	struct capmsg_record other;
	struct calling calling;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		signal_ignore(SIGUSR1, i ? SA_RESTART : 0);
		ASSERT_EQ(0, call_received(&calling, self));
		ASSERT_TRUE(job_blocked(&calling.job));
		job_signal(&calling.job, SIGUSR1);
		EXPECT_EQ(-EINTR, job_join(&calling.job));
		EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &other, self->data));
		EXPECT_EQ(-ESTALE, msg_reply(self->fd, PORT, &self->record, "late", 4));
	}
}

/* Before the request is delivered the call restarts, or was never made. */
TEST_F(call, caller_interrupted_in_line)
{
	struct calling calling;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		signal_ignore(SIGUSR1, i ? SA_RESTART : 0);
		ASSERT_EQ(0, msg_try(self->tx, PORT, "full", 4));
		ASSERT_EQ(0, msg_try(self->tx, PORT, "full", 4));
		ASSERT_EQ(0, call_start(&calling, self));
		ASSERT_TRUE(job_blocked(&calling.job));
		job_signal(&calling.job, SIGUSR1);
		EXPECT_EQ(!i, job_done(&calling.job, i ? 30 : 5000));
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
		if (i) {
			ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
			EXPECT_EQ(0, memcmp(self->data, "question", 8));
			EXPECT_EQ(0, msg_reply(self->fd, PORT, &self->record, "!", 1));
		}
		EXPECT_EQ(i ? 0 : -EINTR, job_join(&calling.job));
		EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
	}
}

/* How often a thread has gone to sleep. */
static long long sleeps(const struct job *job)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", job->tid);
	return file_number(path, "voluntary_ctxt_switches:");
}

/* A call that waited in line, and is in a post by now; not received yet. */
static int call_delivered(struct calling *calling, FIXTURE_DATA(call) *self)
{
	int ret = msg_try(self->tx, PORT, "full", 4) ?: msg_try(self->tx, PORT, "full", 4);

	ret = ret ?: call_start(calling, self);
	if (ret || !job_blocked(&calling->job))
		return ret ?: -ETIME;
	return msg_poll(self->fd, PORT, &self->record, self->data) ?:
	       msg_poll(self->fd, PORT, &self->record, self->data);
}

enum ending { ANSWERED, DROPPED, INTERRUPTED, INTERRUPTED_RESTART, DESTROYED, ENDINGS };

static int call_end(FIXTURE_DATA(call) *self, struct calling *calling, enum ending ending)
{
	switch (ending) {
	case ANSWERED:
		return msg_reply(self->fd, PORT, &self->record, "!", 1);
	case DROPPED:
		return reply_clear(self);
	case DESTROYED:
		return obj_destroy(self->fd, PORT);
	default:
		job_signal(&calling->job, SIGUSR1);
		return 0;
	}
}

/* The caller sleeps on, until there is something for it to do. */
TEST_F(call, delivered_in_line)
{
	static const int results[] = { 0, -EPIPE, -EINTR, -EINTR, -EPIPE };
	struct capmsg_record other;
	struct calling calling;
	enum ending ending;
	long long before;

	for (ending = 0; ending < ENDINGS; ending++) {
		signal_ignore(SIGUSR1, ending == INTERRUPTED ? 0 : SA_RESTART);
		ASSERT_EQ(0, call_delivered(&calling, self));
		before = sleeps(&calling.job);
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
		EXPECT_EQ(0, memcmp(self->data, "question", 8));
		sleep_ms(20);
		EXPECT_LT(0, before);
		EXPECT_EQ(before, sleeps(&calling.job));
		EXPECT_EQ(0, call_end(self, &calling, ending));
		EXPECT_EQ(results[ending], job_join(&calling.job));
		/* It was sent once. */
		if (ending != DESTROYED)
			EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &other, self->data));
		if (results[ending] == -EINTR)
			EXPECT_EQ(-ESTALE, msg_reply(self->fd, PORT, &self->record, "late", 4));
	}
}

/*
 * Where the answer should land dies while the request is in line: the request is not
 * sent, and the caller is told at once; or it is sent, if it was delivered before.
 */
TEST_F(call, landing_destroyed_in_line)
{
	struct capmsg_record other;
	struct calling calling;

	ASSERT_EQ(0, msg_try(self->tx, PORT, "full", 4));
	ASSERT_EQ(0, msg_try(self->tx, PORT, "full", 4));
	calling.arg = call_make(PORT, "question", 8, calling.answer, sizeof(calling.answer));
	calling.arg.reply_landing = SLOT2(3, 0x80);
	calling.arg.reply_max_caps = 3;
	ASSERT_EQ(0, JOB_START(&calling.job, self->tx, call, CALL, &calling.arg));
	ASSERT_TRUE(job_blocked(&calling.job));
	ASSERT_EQ(0, obj_destroy(self->tx, SLOT(3)));
	EXPECT_EQ(-ENOENT, job_join(&calling.job));
	EXPECT_EQ(0, msg_poll(self->fd, PORT, &other, self->data));
	EXPECT_EQ(0, msg_poll(self->fd, PORT, &other, self->data));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &other, self->data));
}

/* The right of a call that is over does not answer the next call of the same frame. */
TEST_F(call, old_right_new_call)
{
	struct capmsg_record old;
	struct calling calling;
	int tx = space_open();

	ASSERT_EQ(0, do_setup(tx, &(struct capmsg_setup){ .frames = 1 }));
	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, tx, PORT));
	ASSERT_EQ(101, dup2(tx, 101));
	close(tx);
	calling.arg = call_make(PORT, "one", 3, calling.answer, 8);
	calling.arg.deadline = in_ms(50);
	ASSERT_EQ(-ETIMEDOUT, do_call(self->tx, &calling.arg));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &old, self->data));
	ASSERT_EQ(0, call_received(&calling, self));
	EXPECT_EQ(-ESTALE, msg_reply(self->fd, PORT, &old, "wrong", 5));
	EXPECT_FALSE(job_done(&calling.job, 10));
	EXPECT_EQ(0, msg_reply(self->fd, PORT, &self->record, "right", 5));
	EXPECT_EQ(0, job_join(&calling.job));
	EXPECT_EQ(0, memcmp(calling.answer, "right", 5));
}

/* Nor does it end that call when it is dropped. */
TEST_F(call, old_right_dropped)
{
	struct calling calling;
	unsigned int i;
	int tx = space_open();

	ASSERT_EQ(0, do_setup(tx, &(struct capmsg_setup){ .frames = 1 }));
	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, tx, PORT));
	ASSERT_EQ(101, dup2(tx, 101));
	close(tx);
	signal_ignore(SIGUSR1, 0);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, call_received(&calling, self));
		ASSERT_EQ(0, reply_move(self, SLOT2(3, i)));
		job_signal(&calling.job, SIGUSR1);
		ASSERT_EQ(-EINTR, job_join(&calling.job));
	}
	ASSERT_EQ(0, call_received(&calling, self));
	EXPECT_EQ(0, cap_clear(self->fd, SLOT2(3, 0)));
	ASSERT_EQ(0, obj_destroy(self->fd, TABLE));
	EXPECT_FALSE(job_done(&calling.job, 10));
	EXPECT_EQ(0, msg_reply(self->fd, PORT, &self->record, "right", 5));
	EXPECT_EQ(0, job_join(&calling.job));
}

TEST_HARNESS_MAIN
