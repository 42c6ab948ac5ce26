// SPDX-License-Identifier: GPL-2.0-only
/*
 * through_test.c - commands that have found an object through a revoker and are in
 * the middle when that is revoked or closed: nothing of them follows after that.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define BOUND	4		/* BEGIN has bound the message to its port */
#define PORT	SLOT(1)
#define TABLE	SLOT(2)		/* 2^8 slots */
#define NOTE	SLOT(3)
#define REGION	SLOT(4)
#define MESSAGE	SLOT(5)
#define GIVEN	SLOT(0x10)	/* through REVOKER */
#define REVOKER	SLOT(0x11)
#define GIVEN2	SLOT(0x12)	/* through REVOKER2 */
#define REVOKER2	SLOT(0x13)
#define BIT	0x10ULL
#define LENGTH	(4 * PAGE)

FIXTURE(through) {
	int fd;
	char *memory;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

FIXTURE_SETUP(through)
{
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	self->memory = memory_new(LENGTH, true);
	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = PORT, .depth = 2, .max_caps = 8,
		.flags = CAPMSG_PORT_NO_SHORT | CAPMSG_PORT_NO_SHARES }));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, note_create(self->fd, NOTE));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->memory, LENGTH));
	ASSERT_EQ(0, do_create_message(self->fd, &(struct capmsg_create_message){
		.to = MESSAGE, .notification = NOTE, .bits = BIT }));
}

FIXTURE_TEARDOWN(through)
{
	if (instrumented())
		file_write(HOOK, "off");
	CAPMSG_TEARDOWN();
}

static int derive(int fd, __u64 from, __u64 to, __u64 revoker)
{
	return do_create_revoker(fd, &(struct capmsg_create_revoker){
		.from = from, .to = to, .revoker = revoker });
}

static int revoke_now(int fd, __u64 revoker)
{
	return do_revoke(fd, &(struct capmsg_revoke){ .revoker = revoker });
}

static int gate_close(int fd, __u64 revoker)
{
	return do_close(fd, &(struct capmsg_close){ .revoker = revoker });
}

static int gate_open(int fd, __u64 revoker)
{
	return do_open(fd, &(struct capmsg_open){ .revoker = revoker });
}

static int state(int fd)
{
	struct capmsg_stat stat;

	return cap_stat(fd, MESSAGE, &stat) ?: (int)stat.out_state;
}

/* --- a thread that is stopped at a step of its command -------------------------------- */

struct stopped {
	pthread_t thread;
	int fd;
	unsigned int nr;
	void *arg;
	unsigned int step;
	int ret;
};

static void *stopped_run(void *data)
{
	struct stopped *s = data;
	char text[32];

	snprintf(text, sizeof(text), "%u %d\n", s->step, gettid());
	s->ret = file_write(HOOK, text);
	if (!s->ret)
		s->ret = capmsg_do(s->fd, s->nr, s->arg);
	return NULL;
}

static bool parked(void)
{
	char text[64] = "";
	int fd = open(HOOK, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return !strncmp(text, "parked", 6);
}

static bool stopped_at(struct stopped *s)
{
	*(__u32 *)s->arg = capmsg_size(s->nr);
	return !pthread_create(&s->thread, NULL, stopped_run, s) &&
	       WAIT_UNTIL(CAPMSG_PATIENCE_MS, parked());
}

static int stopped_end(struct stopped *s)
{
	int ret = file_write(HOOK, "release\n");

	pthread_join(s->thread, NULL);
	return ret ?: s->ret;
}

/* --- the port of a message ------------------------------------------------------------ */

/* A short message claims nothing when it is begun, and so asks nobody at the port. */
TEST_F(through, begun_while_it_is_revoked)
{
	struct capmsg_begin begin = { .message = MESSAGE, .to = GIVEN,
		.flags = CAPMSG_NONBLOCK };
	struct stopped s = { .fd = self->fd, .nr = CAPMSG_CMD_BEGIN, .arg = &begin,
		.step = BOUND };
	unsigned int i;

	if (!instrumented())
		SKIP(return, "no test hooks");
	for (i = 0; i < 2; i++) {
		begin.length = i ? LENGTH : 1;
		ASSERT_EQ(0, derive(self->fd, PORT, GIVEN, REVOKER));
		ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, LENGTH, 0, 0));
		ASSERT_TRUE(stopped_at(&s));
		ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
		EXPECT_EQ(-ENOENT, stopped_end(&s));
		EXPECT_EQ(CAPMSG_MESSAGE_IDLE, state(self->fd));
		ASSERT_EQ(0, post_take(self->fd, PORT, 0));
	}
	/* It was never begun, so it was not lost. */
	EXPECT_EQ(0, note_take(self->fd, NOTE, BIT));
}

/* The buffer of its claim is revoked from the receiver: the claim is of no use. */
TEST_F(through, filled_when_the_buffer_is_revoked)
{
	struct capmsg_begin begin = { .message = MESSAGE, .to = PORT, .length = LENGTH,
		.flags = CAPMSG_NONBLOCK };
	struct capmsg_fill fill = { .message = MESSAGE, .data = PTR(self), .length = 8 };

	ASSERT_EQ(0, derive(self->fd, REGION, GIVEN, REVOKER));
	ASSERT_LE(0, post_any(self->fd, PORT, GIVEN, 0, LENGTH, 0, 0));
	ASSERT_EQ(0, do_begin(self->fd, &begin));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	EXPECT_EQ(-ESTALE, do_fill(self->fd, &fill));
	EXPECT_EQ(CAPMSG_MESSAGE_LOST, state(self->fd));
	EXPECT_EQ(BIT, note_take(self->fd, NOTE, BIT));
	EXPECT_EQ(-1, bytes_check(self->memory, LENGTH, POISON));
}

/* The same when it was filled before: the commit looks again. */
TEST_F(through, transmitted_when_the_buffer_is_revoked)
{
	struct capmsg_begin begin = { .message = MESSAGE, .to = PORT, .length = LENGTH,
		.flags = CAPMSG_NONBLOCK };
	struct capmsg_fill fill = { .message = MESSAGE, .data = PTR(self), .length = 8 };
	struct capmsg_transmit transmit = { .message = MESSAGE, .length = LENGTH,
		.flags = CAPMSG_NONBLOCK };

	ASSERT_EQ(0, derive(self->fd, REGION, GIVEN, REVOKER));
	ASSERT_LE(0, post_any(self->fd, PORT, GIVEN, 0, LENGTH, 0, 0));
	ASSERT_EQ(0, do_begin(self->fd, &begin));
	ASSERT_EQ(0, do_fill(self->fd, &fill));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	EXPECT_EQ(-ESTALE, do_transmit(self->fd, &transmit));
	EXPECT_EQ(CAPMSG_MESSAGE_LOST, state(self->fd));
	EXPECT_EQ(BIT, note_take(self->fd, NOTE, BIT));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
}

/* --- the port of a receiver ----------------------------------------------------------- */

/* A right is to be moved out of a post, to where the way is closed for now. */
static int move_starts(FIXTURE_DATA(through) *self, struct job *call, struct capmsg_call *arg,
		       struct job *mover, struct capmsg_move *move)
{
	int ret = derive(self->fd, PORT, GIVEN, REVOKER);

	ret = ret ?: derive(self->fd, TABLE, GIVEN2, REVOKER2);
	ret = ret ?: post_any(self->fd, PORT, 0, 0, 0, 0, 0);
	ret = ret ?: JOB_START(call, self->fd, call, CALL, arg);
	ret = ret ?: msg_recv(self->fd, PORT, &self->record, self->data);
	*move = (struct capmsg_move){ .from = GIVEN, .to = SLOT2(0x12, 7),
		.flags = CAPMSG_MOVE_POST, .post = self->record.out_post,
		.seq = self->record.out_seq };
	ret = ret ?: gate_close(self->fd, REVOKER2);
	ret = ret ?: JOB_START(mover, self->fd, move, MOVE, move);
	return ret ?: job_blocked(mover) ? 0 : -ETIME;
}

TEST_F(through, right_is_not_moved_out_of_a_revoked_port)
{
	struct capmsg_call arg = call_make(PORT, "?", 1, self->data, sizeof(self->data));
	struct capmsg_move move;
	struct job call, mover;

	ASSERT_EQ(0, move_starts(self, &call, &arg, &mover, &move));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	ASSERT_EQ(0, gate_open(self->fd, REVOKER2));
	EXPECT_EQ(-ENOENT, job_join(&mover));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(2, 7)));
	/* It is still where it was. */
	EXPECT_EQ(0, msg_reply(self->fd, PORT, &self->record, "!", 1));
	EXPECT_EQ(0, job_join(&call));
}

TEST_F(through, right_is_not_moved_out_of_a_closed_port)
{
	struct capmsg_call arg = call_make(PORT, "?", 1, self->data, sizeof(self->data));
	struct capmsg_move move;
	struct job call, mover;

	ASSERT_EQ(0, move_starts(self, &call, &arg, &mover, &move));
	ASSERT_EQ(0, gate_close(self->fd, REVOKER));
	ASSERT_EQ(0, gate_open(self->fd, REVOKER2));
	EXPECT_FALSE(job_done(&mover, 50));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(2, 7)));
	ASSERT_EQ(0, gate_open(self->fd, REVOKER));
	EXPECT_EQ(0, job_join(&mover));
	EXPECT_EQ(CAPMSG_TYPE_REPLY, cap_type(self->fd, SLOT2(2, 7)));
	ASSERT_EQ(0, cap_clear(self->fd, SLOT2(2, 7)));
	EXPECT_EQ(-EPIPE, job_join(&call));
}

/* --- the message itself --------------------------------------------------------------- */

#define FOUND	0		/* BEGIN knows the message */
#define PIECE	1		/* FILL is going to read its piece */
#define COPY	5		/* FILL has found a claim */
#define COMMIT	6		/* TRANSMIT is going to commit, ABANDON to take away */

static int begin_as(int fd, __u64 message, size_t length, unsigned int flags)
{
	struct capmsg_begin arg = { .message = message, .to = PORT, .length = length,
		.flags = flags, .deadline = flags ? 0 : patience() };

	return do_begin(fd, &arg) ?: (int)arg.out_state;
}

static int transmit_as(int fd, __u64 message, size_t length, unsigned int flags)
{
	struct capmsg_transmit arg = { .message = message, .length = length,
		.flags = flags };

	return do_transmit(fd, &arg) ?: (int)arg.out_state;
}

static int abandon(int fd)
{
	return do_abandon(fd, &(struct capmsg_abandon){ .message = MESSAGE });
}

static int post_long(FIXTURE_DATA(through) *self)
{
	return post_any(self->fd, PORT, REGION, 0, LENGTH, 0, 0);
}

/* Each command is stopped, its message revoked from it, and nothing comes of it. */
TEST_F(through, stopped_when_the_message_is_revoked)
{
	struct capmsg_begin begin = { .message = GIVEN, .to = PORT, .flags = CAPMSG_NONBLOCK };
	struct capmsg_fill fill = { .message = GIVEN, .data = PTR("abcd"), .length = 4 };
	struct capmsg_transmit transmit = { .message = GIVEN, .length = LENGTH,
		.flags = CAPMSG_NONBLOCK };
	struct capmsg_abandon abandoned = { .message = GIVEN };
	const struct {
		unsigned int nr, step;
		void *arg;
		size_t length;
		enum capmsg_message_state before;
	} cases[] = {
		{ CAPMSG_CMD_BEGIN, FOUND, &begin, 0, CAPMSG_MESSAGE_IDLE },
		{ CAPMSG_CMD_BEGIN, BOUND, &begin, 0, CAPMSG_MESSAGE_IDLE },
		{ CAPMSG_CMD_FILL, PIECE, &fill, 8, CAPMSG_MESSAGE_OPEN },
		{ CAPMSG_CMD_FILL, COPY, &fill, LENGTH, CAPMSG_MESSAGE_OPEN },
		{ CAPMSG_CMD_TRANSMIT, COMMIT, &transmit, LENGTH, CAPMSG_MESSAGE_OPEN },
		{ CAPMSG_CMD_ABANDON, COMMIT, &abandoned, LENGTH, CAPMSG_MESSAGE_OPEN },
	};
	unsigned int i;

	if (!instrumented())
		SKIP(return, "no test hooks");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stopped s = { .fd = self->fd, .nr = cases[i].nr,
			.arg = cases[i].arg, .step = cases[i].step };

		ASSERT_EQ(0, derive(self->fd, MESSAGE, GIVEN, REVOKER));
		ASSERT_LE(0, post_long(self));
		if (cases[i].length)
			ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin_as(self->fd, MESSAGE,
								cases[i].length,
								CAPMSG_NONBLOCK));
		ASSERT_TRUE(stopped_at(&s));
		ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
		EXPECT_EQ(-ENOENT, stopped_end(&s)) TH_LOG("case %u", i);
		EXPECT_EQ((int)cases[i].before, state(self->fd)) TH_LOG("case %u", i);
		EXPECT_EQ(-1, bytes_check(self->memory, LENGTH, POISON));
		EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
		/* Its owner goes on, or not. */
		if (cases[i].length == 8) {
			ASSERT_EQ(CAPMSG_MESSAGE_DELIVERED,
				  transmit_as(self->fd, MESSAGE, 8, CAPMSG_NONBLOCK));
			ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
			EXPECT_EQ(-1, bytes_check(self->data, 8, 0));
		}
		ASSERT_EQ(0, abandon(self->fd));
		post_take(self->fd, PORT, 0);
	}
	EXPECT_EQ(0, note_take(self->fd, NOTE, BIT));
}

/* In line: BEGIN with a long message, TRANSMIT with a short one. */
TEST_F(through, waiting_when_the_message_is_revoked)
{
	struct capmsg_begin begin = { .message = GIVEN, .to = PORT, .length = LENGTH,
		.deadline = patience() };
	struct capmsg_transmit transmit = { .message = GIVEN, .length = 1,
		.deadline = patience() };
	struct job job;

	ASSERT_EQ(0, derive(self->fd, MESSAGE, GIVEN, REVOKER));
	ASSERT_EQ(0, JOB_START(&job, self->fd, begin, BEGIN, &begin));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	EXPECT_EQ(-ENOENT, job_join(&job));
	EXPECT_EQ(CAPMSG_MESSAGE_IDLE, state(self->fd));

	ASSERT_EQ(0, derive(self->fd, MESSAGE, GIVEN, REVOKER));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin_as(self->fd, MESSAGE, 1, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, JOB_START(&job, self->fd, transmit, TRANSMIT, &transmit));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	EXPECT_EQ(-ENOENT, job_join(&job));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, state(self->fd));
	EXPECT_EQ(0, note_take(self->fd, NOTE, BIT));
	ASSERT_LE(0, post_long(self));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(CAPMSG_MESSAGE_DELIVERED,
		  transmit_as(self->fd, MESSAGE, 1, CAPMSG_NONBLOCK));
}

/* Its turn comes while it is closed, and is not taken before it is opened. */
TEST_F(through, waiting_when_the_message_is_closed)
{
	struct capmsg_transmit transmit = { .message = GIVEN, .length = 1,
		.deadline = patience() };
	unsigned int queued;
	struct job job;

	ASSERT_EQ(0, derive(self->fd, MESSAGE, GIVEN, REVOKER));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin_as(self->fd, GIVEN, 1, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, JOB_START(&job, self->fd, transmit, TRANSMIT, &transmit));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, gate_close(self->fd, REVOKER));
	ASSERT_LE(0, post_long(self));
	EXPECT_FALSE(job_done(&job, 50));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
	ASSERT_EQ(0, gate_open(self->fd, REVOKER));
	EXPECT_EQ(0, job_join(&job));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	post_take(self->fd, PORT, self->record.out_post);
	/* Once it waits by itself it is no matter who has put it there. */
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin_as(self->fd, GIVEN, 1, CAPMSG_NONBLOCK));
	ASSERT_EQ(CAPMSG_MESSAGE_SENDING,
		  transmit_as(self->fd, GIVEN, 1, CAPMSG_MESSAGE_QUEUE));
	ASSERT_EQ(0, gate_close(self->fd, REVOKER));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	queued = state(self->fd);
	EXPECT_EQ(CAPMSG_MESSAGE_SENDING, queued);
	ASSERT_LE(0, post_long(self));
	EXPECT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(BIT, note_take(self->fd, NOTE, BIT));
}

/* Whoever waits for it to be opened is told at once that there is no claim any more. */
TEST_F(through, claim_lost_when_the_message_is_closed)
{
	struct capmsg_transmit transmit = { .message = GIVEN, .length = LENGTH,
		.deadline = patience() };
	struct stopped s = { .fd = self->fd, .nr = CAPMSG_CMD_TRANSMIT, .arg = &transmit,
		.step = COMMIT };

	if (!instrumented())
		SKIP(return, "no test hooks");
	ASSERT_EQ(0, derive(self->fd, MESSAGE, GIVEN, REVOKER));
	ASSERT_LE(0, post_long(self));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin_as(self->fd, MESSAGE, LENGTH, CAPMSG_NONBLOCK));
	ASSERT_TRUE(stopped_at(&s));
	ASSERT_EQ(0, gate_close(self->fd, REVOKER));
	ASSERT_EQ(0, file_write(HOOK, "release\n"));
	sleep_ms(50);
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, state(self->fd));
	ASSERT_EQ(0, post_take(self->fd, PORT, 0));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(-ESTALE, s.ret);
	EXPECT_EQ(CAPMSG_MESSAGE_LOST, state(self->fd));
	EXPECT_EQ(BIT, note_take(self->fd, NOTE, BIT));
}

/* It waits in line when somebody comes to use it, and is delivered all the same. */
TEST_F(through, waiting_by_itself_when_it_is_used)
{
	struct capmsg_begin begin = { .message = GIVEN, .to = PORT, .flags = CAPMSG_NONBLOCK };
	struct stopped s = { .fd = self->fd, .nr = CAPMSG_CMD_BEGIN, .arg = &begin,
		.step = FOUND };

	if (!instrumented())
		SKIP(return, "no test hooks");
	ASSERT_EQ(0, derive(self->fd, MESSAGE, GIVEN, REVOKER));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin_as(self->fd, MESSAGE, 1, CAPMSG_NONBLOCK));
	ASSERT_EQ(CAPMSG_MESSAGE_SENDING,
		  transmit_as(self->fd, MESSAGE, 1, CAPMSG_MESSAGE_QUEUE));
	ASSERT_TRUE(stopped_at(&s));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	ASSERT_LE(0, post_long(self));
	EXPECT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(CAPMSG_MESSAGE_DELIVERED, state(self->fd));
	EXPECT_EQ(-ENOENT, stopped_end(&s));
	EXPECT_EQ(CAPMSG_MESSAGE_DELIVERED, state(self->fd));
}

/*
 * While the way was closed a claim that lasts too long was of no use to who waits; from
 * then on it is again.
 */
TEST_F(through, claim_taken_when_the_way_is_open_again)
{
	struct capmsg_send send = { .to = GIVEN, .data = PTR("a"), .length = 1,
		.deadline = patience() };
	struct job job;

	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = PORT, .depth = 1, .claim_time_us = 300000 }));
	ASSERT_EQ(0, derive(self->fd, PORT, GIVEN, REVOKER));
	ASSERT_LE(0, post_long(self));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin_as(self->fd, MESSAGE, LENGTH, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, JOB_START(&job, self->fd, send, SEND, &send));
	EXPECT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, gate_close(self->fd, REVOKER));
	EXPECT_FALSE(job_done(&job, 600));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, state(self->fd));
	ASSERT_EQ(0, gate_open(self->fd, REVOKER));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ(CAPMSG_MESSAGE_LOST, state(self->fd));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ('a', self->data[0]);
}

TEST_HARNESS_MAIN
