// SPDX-License-Identifier: GPL-2.0-only
/*
 * reply_test.c - what can be done with a reply right: answer, fail to answer and
 * answer again, move, send on; and REPLY_RECV, the loop of a server.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)
#define THIRD	SLOT(2)		/* another port, in the server's space */
#define TABLE	SLOT(3)
#define TO	SLOT(0x10)

FIXTURE(reply) {
	int fd;			/* of the server */
	int tx;			/* of the client */
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_call call;
	struct job job;
	char answer[CAPMSG_INLINE_MAX];
};

FIXTURE_SETUP(reply)
{
	ASSERT_EQ(100, dup2(space_new(), 100));
	ASSERT_EQ(101, dup2(space_new(), 101));
	close_range(3, 99, 0);
	self->fd = 100;
	self->tx = 101;
	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	ASSERT_EQ(0, port_create(self->fd, THIRD, 2));
	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, self->tx, PORT));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
}

FIXTURE_TEARDOWN(reply)
{
	CAPMSG_TEARDOWN();
}

/* The client calls; the server has received that. */
static int call_received(FIXTURE_DATA(reply) *self)
{
	memset(self->answer, POISON, sizeof(self->answer));
	self->call = call_make(PORT, "question", 8, self->answer, sizeof(self->answer));
	return JOB_START(&self->job, self->tx, call, CALL, &self->call) ?:
	       msg_recv(self->fd, PORT, &self->record, self->data);
}

static struct capmsg_reply reply_make(FIXTURE_DATA(reply) *self, const void *data, size_t length)
{
	return (struct capmsg_reply){ .flags = CAPMSG_REPLY_POST, .to = PORT,
		.data = PTR(data), .length = length, .post = self->record.out_post,
		.seq = self->record.out_seq };
}

static int reply_move(FIXTURE_DATA(reply) *self, __u64 to)
{
	return do_move(self->fd, &(struct capmsg_move){ .flags = CAPMSG_MOVE_POST,
		.from = PORT, .to = to, .post = self->record.out_post,
		.seq = self->record.out_seq });
}

static int reply_at(int fd, __u64 to, const void *data, size_t length)
{
	return do_reply(fd, &(struct capmsg_reply){
		.to = to, .data = PTR(data), .length = length });
}

/* The right still works; the call gets its answer. */
static int answered(FIXTURE_DATA(reply) *self)
{
	return msg_reply(self->fd, PORT, &self->record, "fine", 4) ?: job_join(&self->job) ?:
	       memcmp(self->answer, "fine", 4) ? -EBADMSG : 0;
}

/* --- REPLY ------------------------------------------------------------------------------ */

TEST_F(reply, once_only)
{
	ASSERT_EQ(0, call_received(self));
	EXPECT_EQ(0, answered(self));
	EXPECT_EQ(-ENOENT, msg_reply(self->fd, PORT, &self->record, "again", 5));
	EXPECT_EQ(-ENOENT, reply_move(self, TO));
	/* By its address: answered before. The slot reads as void. */
	ASSERT_EQ(0, call_received(self));
	ASSERT_EQ(0, reply_move(self, TO));
	EXPECT_EQ(0, reply_at(self->fd, TO, "fine", 4));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(-ESTALE, reply_at(self->fd, TO, "again", 5));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, TO));
	EXPECT_EQ(0, port_create(self->fd, TO, 1));
}

/* An answer that cannot be given keeps the right: a correct one can follow. */
TEST_F(reply, errors_keep_right)
{
	struct capmsg_item item = { .address = THIRD, .rights = CAPMSG_RIGHTS_ALL };
	const struct { struct capmsg_reply change; int result; } rows[] = {
		{ { .data = 8, .length = 8 }, -EFAULT },
		{ { .data = PTR(self->data), .length = 257 }, -EMSGSIZE },
		{ { .data = PTR(self->data), .length = CAPMSG_MESSAGE_MAX + 1 }, -EMSGSIZE },
		{ { .items = PTR(&item), .n_items = 1 }, -EMSGSIZE },
		{ { .items = 8, .n_items = 1 }, -EFAULT },
		{ { .items = PTR(&item), .n_items = 65 }, -EINVAL },
		{ { .data = PTR(self->data), .n_iov = 9 }, -EINVAL },
		{ { .post = 1 }, -EINVAL },
		{ { .seq = 1 }, -ESTALE },
		{ { .to = SLOT(9) }, -ENOENT },
		{ { .to = TABLE }, -EINVAL },
		{ { .to = SLOT(4) }, -EACCES },
	};
	struct capmsg_reply arg;
	unsigned int i;

	ASSERT_EQ(0, cap_copy(self->fd, PORT, SLOT(4), CAPMSG_RIGHT_SEND));
	ASSERT_EQ(0, call_received(self));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct capmsg_reply *change = &rows[i].change;

		arg = reply_make(self, change->data ? (void *)change->data : NULL, change->length);
		arg.items = change->items;
		arg.n_items = change->n_items;
		arg.n_iov = change->n_iov;
		arg.post += change->post;
		arg.seq += change->seq;
		if (change->to)
			arg.to = change->to;
		EXPECT_EQ(rows[i].result, do_reply(self->fd, &arg))
			TH_LOG("row %u", i);
	}
	EXPECT_FALSE(job_done(&self->job, 0));
	EXPECT_EQ(0, answered(self));
}

/* Room for capabilities, but a capability that is not there; GRANT is needed. */
TEST_F(reply, item_errors_keep_right)
{
	struct capmsg_item item = { .address = SLOT(9), .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_reply arg;

	self->call = call_make(PORT, "?", 1, self->answer, 8);
	self->call.reply_landing = SLOT(0x20);
	self->call.reply_max_caps = 1;
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, call, CALL, &self->call));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	arg = reply_make(self, NULL, 0);
	arg.items = PTR(&item);
	arg.n_items = 1;
	EXPECT_EQ(-ENOENT, do_reply(self->fd, &arg));
	arg.n_items = 2;
	EXPECT_EQ(-EFAULT, do_reply(self->fd, &(struct capmsg_reply){
		.flags = arg.flags, .to = arg.to, .post = arg.post, .seq = arg.seq,
		.items = 8, .n_items = 1 }));
	item.address = THIRD;
	arg.n_items = 1;
	EXPECT_EQ(0, do_reply(self->fd, &arg));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(1, self->call.out_n_caps);
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->tx, SLOT(0x20)));
}

/* The answer's memory is gone when a short answer comes: it is lost. */
TEST_F(reply, answer_buffer_gone)
{
	char *buffer = memory_new(PAGE, true);

	self->call = call_make(PORT, "?", 1, buffer, 8);
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, call, CALL, &self->call));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	ASSERT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, munmap(buffer, PAGE));
	EXPECT_EQ(0, msg_reply(self->fd, PORT, &self->record, "lost", 4));
	EXPECT_EQ(-EFAULT, job_join(&self->job));
}

/* --- the post that holds the right --------------------------------------------------------- */

TEST_F(reply, post_is_held)
{
	__u64 post = 0;
	struct capmsg_recv recv = { .port = PORT, .reposts = PTR(&post), .n_reposts = 1,
		.records = PTR(&self->record), .n_records = 1, .flags = CAPMSG_NONBLOCK };
	struct capmsg_record call;

	ASSERT_EQ(0, call_received(self));
	call = self->record;
	EXPECT_EQ(-EAGAIN, msg_try(self->tx, PORT, "", 0));
	EXPECT_EQ(-EBUSY, post_take(self->fd, PORT, 0));
	EXPECT_EQ(-EBUSY, do_post(self->fd, &(struct capmsg_post){ .port = PORT }));
	EXPECT_EQ(-EBUSY, do_recv(self->fd, &recv));
	EXPECT_EQ(-EAGAIN, post_any(self->fd, PORT, 0, 0, 0, 0, 0));
	self->record = call;
	EXPECT_EQ(0, answered(self));
	/* Answered: the post waits for the next short message by itself. */
	EXPECT_EQ(0, msg_try(self->tx, PORT, "", 0));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
}

TEST_F(reply, move_frees_post)
{
	struct capmsg_record first;

	ASSERT_EQ(0, call_received(self));
	first = self->record;
	ASSERT_EQ(0, reply_move(self, TO));
	EXPECT_EQ(-ENOENT, reply_move(self, SLOT(0x11)));
	ASSERT_EQ(0, msg_try(self->tx, PORT, "next", 4));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(first.out_post, self->record.out_post);
	/* The post holds another message by now. */
	ASSERT_EQ(0, reply_at(self->fd, TO, "fine", 4));
	EXPECT_EQ(0, job_join(&self->job));
	ASSERT_EQ(0, call_received(self));
	EXPECT_EQ(-ESTALE, msg_reply(self->fd, PORT, &first, "old", 3));
	EXPECT_EQ(-ESTALE, do_clear(self->fd, &(struct capmsg_clear){
		.flags = CAPMSG_CLEAR_POST, .slot = PORT, .post = first.out_post,
		.seq = first.out_seq }));
	EXPECT_EQ(-ESTALE, do_move(self->fd, &(struct capmsg_move){
		.flags = CAPMSG_MOVE_POST, .from = PORT, .to = TO, .post = first.out_post,
		.seq = first.out_seq }));
	EXPECT_EQ(0, answered(self));
}

TEST_F(reply, move_errors_keep_right)
{
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, SLOT(4), CAPMSG_RIGHT_READ));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, SLOT(5), CAPMSG_RIGHT_SEND));
	ASSERT_EQ(0, call_received(self));
	EXPECT_EQ(-EEXIST, reply_move(self, TABLE));
	EXPECT_EQ(-EACCES, reply_move(self, SLOT2(4, 0)));
	EXPECT_EQ(-ENOENT, reply_move(self, SLOT2(9, 0)));
	EXPECT_EQ(-EACCES, do_move(self->fd, &(struct capmsg_move){
		.flags = CAPMSG_MOVE_POST, .from = SLOT(5), .to = TO,
		.post = self->record.out_post, .seq = self->record.out_seq }));
	EXPECT_EQ(0, answered(self));
}

/* --- sent on ---------------------------------------------------------------------------------- */

static int answer_for_another(void *unused)
{
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	int fd = 3, ret;

	ret = post_any(fd, PORT, 0, 0, 0, SLOT(0x40), 1);
	if (ret < 0)
		return ret;
	ret = msg_recv(fd, PORT, &record, data);
	if (ret || record.out_n_caps != 1)
		return ret ?: EBADMSG;
	if (cap_type(fd, SLOT(0x40)) != CAPMSG_TYPE_REPLY)
		return EBADE;
	return reply_at(fd, SLOT(0x40), "third", 5);
}

/* The server hands the call to a third process, which answers it. */
TEST_F(reply, sent_on)
{
	struct capmsg_item item = { .address = TO, .rights = CAPMSG_RIGHTS_ALL,
		.flags = CAPMSG_ITEM_MOVE };
	int other = space_new();
	pid_t pid;

	ASSERT_EQ(3, dup2(other, 3));
	ASSERT_EQ(0, port_create(3, PORT, 1));
	ASSERT_EQ(0, cap_give(3, PORT, RIGHTS_SENDER, self->fd, SLOT(9)));
	pid = child_start(answer_for_another, NULL, 3);
	close(3);
	ASSERT_EQ(0, call_received(self));
	ASSERT_EQ(0, reply_move(self, TO));
	ASSERT_EQ(0, do_send(self->fd, &(struct capmsg_send){
		.to = SLOT(9), .items = PTR(&item), .n_items = 1, .deadline = patience() }));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, TO));
	EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(0, memcmp(self->answer, "third", 5));
}

TEST_F(reply, sent_on_errors)
{
	struct capmsg_item items[2] = {
		{ .address = TO, .rights = CAPMSG_RIGHTS_ALL, .flags = CAPMSG_ITEM_MOVE },
		{ .address = TO, .rights = CAPMSG_RIGHTS_ALL, .flags = CAPMSG_ITEM_MOVE },
	};
	struct capmsg_send send = { .to = THIRD, .items = PTR(items), .n_items = 1,
		.flags = CAPMSG_NONBLOCK };

	ASSERT_EQ(0, call_received(self));
	ASSERT_EQ(0, reply_move(self, SLOT2(3, 1)));
	items[0].address = SLOT2(3, 1);
	items[1].address = SLOT2(3, 1);
	/* No landing slot is ready: the right stays where it is. */
	EXPECT_EQ(-EAGAIN, do_send(self->fd, &send));
	EXPECT_EQ(CAPMSG_TYPE_REPLY, cap_type(self->fd, SLOT2(3, 1)));
	send.n_items = 2;
	EXPECT_EQ(-EINVAL, do_send(self->fd, &send));
	send.n_items = 1;
	/* Only reply rights are moved, and only out of what can be written. */
	items[0].address = THIRD;
	EXPECT_EQ(-EINVAL, do_send(self->fd, &send));
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, SLOT(4), CAPMSG_RIGHT_READ));
	items[0].address = SLOT2(4, 1);
	EXPECT_EQ(-EACCES, do_send(self->fd, &send));
	items[0].address = SLOT2(3, 1);
	ASSERT_LE(0, post_any(self->fd, THIRD, 0, 0, 0, SLOT2(3, 0x10), 1));
	EXPECT_EQ(0, do_send(self->fd, &send));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(3, 1)));
	/* In a message that is yet to be received it cannot be moved again. */
	items[0].address = SLOT2(3, 0x10);
	EXPECT_EQ(-EBUSY, do_send(self->fd, &send));
	EXPECT_EQ(-EBUSY, cap_move(self->fd, SLOT2(3, 0x10), TO));
	EXPECT_EQ(-EBUSY, cap_clear(self->fd, SLOT2(3, 0x10)));
	ASSERT_EQ(0, msg_poll(self->fd, THIRD, &self->record, NULL));
	EXPECT_EQ(0, reply_at(self->fd, SLOT2(3, 0x10), "fine", 4));
	EXPECT_EQ(0, job_join(&self->job));
}

/* Used up while its message waits for a post: the message is not sent. */
TEST_F(reply, sent_on_too_late)
{
	struct capmsg_item item = { .address = TO, .rights = CAPMSG_RIGHTS_ALL,
		.flags = CAPMSG_ITEM_MOVE };
	struct capmsg_send send = { .to = THIRD, .items = PTR(&item), .n_items = 1,
		.deadline = patience() };
	struct job job;
	int ret;

	ASSERT_EQ(0, call_received(self));
	ASSERT_EQ(0, reply_move(self, TO));
	ASSERT_EQ(0, JOB_START(&job, self->fd, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	EXPECT_EQ(0, reply_at(self->fd, TO, "fine", 4));
	EXPECT_EQ(0, job_join(&self->job));
	ASSERT_LE(0, post_any(self->fd, THIRD, 0, 0, 0, SLOT2(3, 0), 1));
	ret = job_join(&job);
	EXPECT_EQ(-ENOENT, ret);
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, THIRD, &self->record, NULL));
}

/* The call has ended while its message waits for a post: the message is not sent. */
TEST_F(reply, sent_on_after_the_call)
{
	struct capmsg_item item = { .address = TO, .rights = CAPMSG_RIGHTS_ALL,
		.flags = CAPMSG_ITEM_MOVE };
	struct capmsg_send send = { .to = THIRD, .items = PTR(&item), .n_items = 1,
		.deadline = patience() };
	struct job job;

	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, call_received(self));
	ASSERT_EQ(0, reply_move(self, TO));
	ASSERT_EQ(0, JOB_START(&job, self->fd, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_TRUE(job_blocked(&self->job));
	job_signal(&self->job, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&self->job));
	ASSERT_LE(0, post_any(self->fd, THIRD, 0, 0, 0, SLOT2(3, 0), 1));
	EXPECT_EQ(-ENOENT, job_join(&job));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, THIRD, &self->record, NULL));
	/* Neither the post that it waited for is lost, nor the slot that it was to leave. */
	item = (struct capmsg_item){ .address = PORT, .rights = CAPMSG_RIGHT_SEND };
	send.flags = CAPMSG_NONBLOCK;
	EXPECT_EQ(0, do_send(self->fd, &send));
	ASSERT_EQ(0, msg_poll(self->fd, THIRD, &self->record, NULL));
	EXPECT_EQ(1, self->record.out_n_caps);
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, SLOT2(3, 0)));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, TO));
	EXPECT_EQ(0, port_create(self->fd, TO, 1));
}

/* In a message that nobody receives, the right ends with the port. */
TEST_F(reply, lost_in_transit)
{
	struct capmsg_item item = { .address = TO, .rights = CAPMSG_RIGHTS_ALL,
		.flags = CAPMSG_ITEM_MOVE };

	ASSERT_EQ(0, call_received(self));
	ASSERT_EQ(0, reply_move(self, TO));
	ASSERT_LE(0, post_any(self->fd, THIRD, 0, 0, 0, SLOT2(3, 0), 1));
	ASSERT_EQ(0, do_send(self->fd, &(struct capmsg_send){
		.to = THIRD, .items = PTR(&item), .n_items = 1, .flags = CAPMSG_NONBLOCK }));
	ASSERT_EQ(0, obj_destroy(self->fd, TABLE));
	EXPECT_EQ(-EPIPE, job_join(&self->job));
}

/* --- REPLY_RECV ----------------------------------------------------------------- */

static struct capmsg_reply_recv loop_make(FIXTURE_DATA(reply) *self, const void *answer,
					  size_t length)
{
	self->record.data = PTR(self->data);
	self->record.data_size = sizeof(self->data);
	return (struct capmsg_reply_recv){ .flags = CAPMSG_REPLY_POST, .to = PORT, .port = PORT,
		.data = PTR(answer), .length = length, .post = self->record.out_post,
		.seq = self->record.out_seq, .records = PTR(&self->record), .n_records = 1,
		.deadline = patience() };
}

static int call_many(void *tx)
{
	unsigned int i, answer;
	int ret = 0;

	for (i = 0; i < 300 && !ret; i++) {
		struct capmsg_call arg = call_make(PORT, &i, sizeof(i), &answer, sizeof(answer));

		ret = do_call(*(int *)tx, &arg);
		if (!ret && answer != i * 3)
			ret = EBADMSG;
	}
	return ret;
}

/* One command per request, from the very first on. */
TEST_F(reply, loop)
{
	pid_t pid = child_start(call_many, &self->tx, self->tx);
	struct capmsg_reply_recv loop = loop_make(self, NULL, 0);
	unsigned int i, answer = 0;

	loop.flags |= CAPMSG_REPLY_NONE;
	for (i = 0; i < 300; i++) {
		ASSERT_EQ(0, do_reply_recv(self->fd, &loop));
		EXPECT_EQ(1, loop.out_n);
		/* Where there is nothing to answer, what the last answer said stays. */
		EXPECT_EQ(i ? 0 : 0xcccccccc, loop.out_reply_error);
		EXPECT_EQ(CAPMSG_REPLY_POST | (i ? 0 : CAPMSG_REPLY_NONE), loop.flags);
		EXPECT_EQ(i, *(unsigned int *)self->data);
		answer = *(unsigned int *)self->data * 3;
		loop = loop_make(self, &answer, sizeof(answer));
	}
	loop.flags |= CAPMSG_NONBLOCK;
	EXPECT_EQ(-EAGAIN, do_reply_recv(self->fd, &loop));
	/* The answer went out all the same, and is marked as gone. */
	EXPECT_EQ(CAPMSG_REPLY_POST | CAPMSG_NONBLOCK | CAPMSG_REPLY_NONE, loop.flags);
	EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
	EXPECT_EQ(-EAGAIN, do_reply_recv(self->fd, &loop));
}

/* The answer fails: nothing is received, and it is not marked as gone. */
TEST_F(reply, loop_answer_fails)
{
	struct capmsg_reply_recv loop;
	struct capmsg_record call;

	ASSERT_EQ(0, port_create(self->fd, TO, 1));
	ASSERT_EQ(0, msg_try(self->fd, TO, "other", 5));
	ASSERT_EQ(0, call_received(self));
	call = self->record;
	loop = loop_make(self, (void *)8, 8);
	loop.port = TO;
	EXPECT_EQ(-EFAULT, do_reply_recv(self->fd, &loop));
	EXPECT_EQ(CAPMSG_REPLY_POST, loop.flags);
	self->record = call;
	EXPECT_EQ(0, answered(self));
	ASSERT_EQ(0, msg_poll(self->fd, TO, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->data, "other", 5));
}

/* An answer that is too late does not keep the server from its next message. */
TEST_F(reply, loop_answer_too_late)
{
	struct capmsg_reply_recv loop;

	self->call = call_make(PORT, "?", 1, self->answer, 8);
	self->call.deadline = in_ms(50);
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, call, CALL, &self->call));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	ASSERT_EQ(-ETIMEDOUT, job_join(&self->job));
	ASSERT_EQ(0, port_create(self->fd, TO, 1));
	ASSERT_EQ(0, msg_try(self->fd, TO, "next", 4));
	loop = loop_make(self, "late", 4);
	loop.port = TO;
	ASSERT_EQ(0, do_reply_recv(self->fd, &loop));
	EXPECT_EQ(ESTALE, loop.out_reply_error);
	EXPECT_EQ(1, loop.out_n);
	EXPECT_EQ(0, memcmp(self->data, "next", 4));
}

/* A signal in the wait: the same struct can be used again, nothing is answered twice. */
TEST_F(reply, loop_interrupted)
{
	struct capmsg_reply_recv loop;
	struct job server;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		signal_ignore(SIGUSR1, i ? SA_RESTART : 0);
		ASSERT_EQ(0, call_received(self));
		loop = loop_make(self, "fine", 4);
		ASSERT_EQ(0, JOB_START(&server, self->fd, reply_recv, REPLY_RECV, &loop));
		EXPECT_EQ(0, job_join(&self->job));
		ASSERT_TRUE(job_blocked(&server));
		job_signal(&server, SIGUSR1);
		if (i == 0) {
			EXPECT_EQ(-EINTR, job_join(&server));
			EXPECT_EQ(CAPMSG_REPLY_POST | CAPMSG_REPLY_NONE, loop.flags);
			ASSERT_EQ(0, JOB_START(&server, self->fd, reply_recv, REPLY_RECV, &loop));
		}
		EXPECT_FALSE(job_done(&server, 20));
		memset(self->answer, POISON, sizeof(self->answer));
		ASSERT_EQ(0, JOB_START(&self->job, self->tx, call, CALL, &self->call));
		EXPECT_EQ(0, job_join(&server));
		EXPECT_EQ(CAPMSG_REPLY_POST | CAPMSG_REPLY_NONE, loop.flags);
		EXPECT_EQ(1, loop.out_n);
		EXPECT_EQ(0, memcmp(self->data, "question", 8));
		EXPECT_FALSE(job_done(&self->job, 20));
		EXPECT_EQ(0, answered(self));
	}
}

/* Answers by address, and with the next post given in the same command. */
TEST_F(reply, loop_by_address)
{
	char *memory = memory_new(2 * PAGE, true), *source = memory_new(PAGE, false);
	struct capmsg_reply_recv loop;
	__u64 post;

	pattern_fill(source, PAGE, 4);
	ASSERT_EQ(0, region_create(self->fd, TO, memory, 2 * PAGE));
	ASSERT_EQ(0, post_any(self->fd, PORT, TO, PAGE, PAGE, 0, 0));
	self->call = call_make(PORT, source, PAGE, self->answer, 8);
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, call, CALL, &self->call));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(CAPMSG_RECORD_REPLY, self->record.out_flags);
	ASSERT_EQ(0, reply_move(self, SLOT2(3, 1)));
	post = self->record.out_post;
	loop = loop_make(self, "fine", 4);
	loop.flags = CAPMSG_NONBLOCK;
	loop.to = SLOT2(3, 1);
	loop.post = 0;
	loop.seq = 0;
	loop.reposts = PTR(&post);
	loop.n_reposts = 1;
	EXPECT_EQ(-EAGAIN, do_reply_recv(self->fd, &loop));
	EXPECT_EQ(CAPMSG_NONBLOCK | CAPMSG_REPLY_NONE, loop.flags);
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(3, 1)));
	/* The post has its buffer again. */
	memset(memory, POISON, 2 * PAGE);
	EXPECT_EQ(0, msg_send(self->tx, PORT, source, PAGE));
	EXPECT_EQ(-1, pattern_check(memory + PAGE, PAGE, 4));
}

TEST_HARNESS_MAIN
