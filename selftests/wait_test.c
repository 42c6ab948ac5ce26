// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait_test.c - senders and receivers that wait: deadlines, order, wakeups,
 * signals, DESTROY, who gets which message.
 */
#include <sys/time.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)		/* depth 1 */
#define REGION	SLOT(2)
#define MANY	8

FIXTURE(wait) {
	int fd;
	char *memory;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

FIXTURE_SETUP(wait)
{
	self->fd = space_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, do_setup(self->fd, &(struct capmsg_setup){ .frames = 32 }));
	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	self->memory = memory_new(2 * PAGE, true);
}

FIXTURE_TEARDOWN(wait)
{
	CAPMSG_TEARDOWN();
}

static struct capmsg_stat port_stat(int fd)
{
	struct capmsg_stat stat;

	if (cap_stat(fd, PORT, &stat))
		memset(&stat, POISON, sizeof(stat));
	return stat;
}

static struct capmsg_send send_make(const void *data, size_t length, __u64 deadline)
{
	return (struct capmsg_send){ .size = sizeof(struct capmsg_send), .to = PORT,
		.data = PTR(data), .length = length, .deadline = deadline };
}

/* A receive whose bytes go to @data. */
struct receive {
	struct job job;
	struct capmsg_recv arg;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

/* From @port, into a page at @plain if that is not NULL. */
static int receive_start(struct receive *r, int fd, __u64 port, void *plain, __u64 deadline)
{
	memset(r, POISON, sizeof(*r));
	r->record.data = PTR(r->data);
	r->record.data_size = CAPMSG_INLINE_MAX;
	r->arg = (struct capmsg_recv){ .port = port, .records = PTR(&r->record),
		.n_records = 1, .deadline = deadline, .plain = PTR(plain),
		.plain_size = plain ? PAGE : 0 };
	return JOB_START(&r->job, fd, recv, RECV, &r->arg);
}

/* --- deadlines -------------------------------------------------------------- */

TEST_F(wait, deadline_past)
{
	struct capmsg_record record = { .data = PTR(self->data), .data_size = CAPMSG_INLINE_MAX };
	struct capmsg_recv recv = { .port = PORT, .records = PTR(&record), .n_records = 1 };
	const __u64 past[] = { 1, now_ns() - 1, now_ns() - 1000000000 };
	struct capmsg_send send;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(past); i++) {
		recv.deadline = past[i];
		EXPECT_EQ(-ETIMEDOUT, do_recv(self->fd, &recv));
		/* An error only if there is something to wait for. */
		send = send_make("now", 3, past[i]);
		EXPECT_EQ(0, do_send(self->fd, &send));
		EXPECT_EQ(-ETIMEDOUT, do_send(self->fd, &send));
		EXPECT_EQ(0, do_recv(self->fd, &recv));
		EXPECT_EQ(3, record.out_length);
	}
	recv.flags = CAPMSG_NONBLOCK;
	EXPECT_EQ(-EAGAIN, do_recv(self->fd, &recv));
}

/* Never early; and not late each time: once in a while a machine stands still. */
#define LATE	2000000000

TEST_F(wait, deadline_future)
{
	struct capmsg_record record = { .data = PTR(self->data), .data_size = CAPMSG_INLINE_MAX };
	struct capmsg_recv recv = { .port = PORT, .records = PTR(&record), .n_records = 1 };
	const unsigned int waits[] = { 1, 20, 150 };
	unsigned int i, late = 0;
	struct capmsg_send send;
	__u64 now;

	for (i = 0; i < ARRAY_SIZE(waits); i++) {
		recv.deadline = in_ms(waits[i]);
		EXPECT_EQ(-ETIMEDOUT, do_recv(self->fd, &recv));
		now = now_ns();
		EXPECT_LE(recv.deadline, now);
		late += now - recv.deadline > LATE;
		ASSERT_EQ(0, msg_try(self->fd, PORT, "", 0));
		send = send_make("", 0, in_ms(waits[i]));
		EXPECT_EQ(-ETIMEDOUT, do_send(self->fd, &send));
		now = now_ns();
		EXPECT_LE(send.deadline, now);
		late += now - send.deadline > LATE;
		EXPECT_EQ(0, port_stat(self->fd).out_senders);
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, self->data));
		/* The send that gave up was never sent. */
		ASSERT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &record, self->data));
	}
	EXPECT_GE(1, late);
}

/* The far end of time, and no deadline at all. */
TEST_F(wait, deadline_far)
{
	const __u64 deadlines[] = { 0, ~0ULL, 1ULL << 63, (1ULL << 63) - 1, in_ms(3600000) };
	struct receive r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(deadlines); i++) {
		ASSERT_EQ(0, receive_start(&r, self->fd, PORT, NULL, deadlines[i]));
		ASSERT_TRUE(job_blocked(&r.job))
			TH_LOG("deadline %llx does not wait", deadlines[i]);
		EXPECT_FALSE(job_done(&r.job, 20));
		ASSERT_EQ(0, msg_try(self->fd, PORT, "far", 3));
		EXPECT_EQ(0, job_join(&r.job));
		EXPECT_EQ(0, memcmp(r.data, "far", 3));
	}
}

/* --- who gets what ---------------------------------------------------------- */

TEST_F(wait, receiver_wakes)
{
	struct receive r;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, receive_start(&r, self->fd, PORT, NULL, patience()));
		if (i % 2)
			ASSERT_TRUE(job_blocked(&r.job));
		ASSERT_EQ(0, msg_try(self->fd, PORT, &i, sizeof(i)));
		ASSERT_EQ(0, job_join(&r.job));
		EXPECT_EQ(i, *(unsigned int *)r.data);
		EXPECT_EQ(1, r.arg.out_n);
	}
}

/* Several wait, each message goes to one of them. */
TEST_F(wait, receivers_share)
{
	struct receive r[MANY];
	unsigned int i, seen = 0;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, receive_start(&r[i], self->fd, PORT, NULL, patience()));
		ASSERT_TRUE(job_blocked(&r[i].job));
	}
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, msg_send(self->fd, PORT, &i, sizeof(i)));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, job_join(&r[i].job));
		seen |= 1U << *(unsigned int *)r[i].data;
	}
	EXPECT_EQ((1U << MANY) - 1, seen);
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
}

/* Who was woken cannot take the message: then it is the turn of the next one. */
TEST_F(wait, left_to_another)
{
	struct receive r[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, receive_start(&r[i], self->fd, PORT, NULL, patience()));
		ASSERT_TRUE(job_blocked(&r[i].job));
	}
	r[0].record.data = 8;
	ASSERT_EQ(0, msg_send(self->fd, PORT, "x", 1));
	EXPECT_EQ(-EFAULT, job_join(&r[0].job));
	EXPECT_EQ(0, job_join(&r[1].job));
	EXPECT_EQ('x', r[1].data[0]);
}

/* Waiting senders of one user get their turn in the order of arrival. */
TEST_F(wait, senders_in_order)
{
	struct capmsg_send send[MANY];
	struct job job[MANY];
	unsigned int i, number[MANY];

	ASSERT_EQ(0, msg_try(self->fd, PORT, "full", 4));
	for (i = 0; i < MANY; i++) {
		number[i] = i;
		send[i] = send_make(&number[i], sizeof(i), patience());
		ASSERT_EQ(0, job_start(&job[i], self->fd, CAPMSG_CMD_SEND, &send[i]));
		ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
				       port_stat(self->fd).out_senders == i + 1));
	}
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, PORT, "late", 4));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->data, "full", 4));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
		EXPECT_EQ(i, *(unsigned int *)self->data);
		EXPECT_EQ(0, job_join(&job[i]));
	}
	EXPECT_EQ(0, port_stat(self->fd).out_senders);
}

/* A sender that waits for a large buffer does not keep short messages away. */
TEST_F(wait, large_waits_for_buffer)
{
	char *source = memory_new(PAGE, true);
	struct capmsg_send send = send_make(source, PAGE, patience());
	struct job job;
	int ret;

	ASSERT_EQ(0, region_create(self->fd, REGION, self->memory, 2 * PAGE));
	ASSERT_EQ(0, job_start(&job, self->fd, CAPMSG_CMD_SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	EXPECT_EQ(1, port_stat(self->fd).out_senders);
	/* A buffer that is too small is no help. */
	ret = post_any(self->fd, PORT, REGION, 0, PAGE - 1, 0, 0);
	EXPECT_EQ(0, ret);
	EXPECT_FALSE(job_done(&job, 50));
	ASSERT_EQ(0, post_take(self->fd, PORT, 0));
	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, PAGE, PAGE, 0, 0));
	EXPECT_EQ(0, job_join(&job));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(PAGE, self->record.out_length);
	EXPECT_EQ(0, self->record.out_flags);
}

static int send_numbers(void *arg)
{
	unsigned int i, id = *(unsigned int *)arg, message[2] = { id };
	int fd = 3, ret = 0;

	for (i = 0; i < 50 && !ret; i++) {
		message[1] = i;
		ret = msg_send(fd, PORT, message, sizeof(message));
	}
	return ret;
}

/* Four processes at a port of depth 1: nothing lost, doubled or out of turn. */
TEST_F(wait, many_processes)
{
	unsigned int id, next[4] = { 0 }, message[2], i;
	pid_t pids[4];

	ASSERT_EQ(100, dup2(self->fd, 100));
	ASSERT_EQ(3, dup2(100, 3));
	for (id = 0; id < 4; id++)
		pids[id] = child_start(send_numbers, &id, 3);
	for (i = 0; i < 4 * 50; i++) {
		ASSERT_EQ(0, msg_recv(100, PORT, &self->record, self->data));
		memcpy(message, self->data, sizeof(message));
		ASSERT_GT(4, message[0]);
		EXPECT_EQ(next[message[0]], message[1]);
		next[message[0]] = message[1] + 1;
	}
	for (id = 0; id < 4; id++)
		EXPECT_EQ(0, child_wait(pids[id], CAPMSG_PATIENCE_MS));
	EXPECT_EQ(-EAGAIN, msg_poll(100, PORT, &self->record, self->data));
}

/* --- DESTROY and the end of spaces ------------------------------------------- */

TEST_F(wait, destroy_wakes_receivers)
{
	struct receive r[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, receive_start(&r[i], self->fd, PORT, NULL, patience()));
		ASSERT_TRUE(job_blocked(&r[i].job));
	}
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-ENOENT, job_join(&r[i].job));
}

TEST_F(wait, destroy_wakes_senders)
{
	struct capmsg_send send[4];
	struct job job[4];
	unsigned int i;

	ASSERT_EQ(0, msg_try(self->fd, PORT, "full", 4));
	for (i = 0; i < 4; i++) {
		send[i] = send_make(self->memory, i % 2 ? PAGE : 4, patience());
		ASSERT_EQ(0, job_start(&job[i], self->fd, CAPMSG_CMD_SEND, &send[i]));
		ASSERT_TRUE(job_blocked(&job[i]));
	}
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(-ENOENT, job_join(&job[i]));
}

/* The last close of the receiver's space is the end of its port. */
TEST_F(wait, close_wakes_senders)
{
	struct capmsg_send send = send_make("x", 1, patience());
	int owner = space_new();
	struct job job;

	ASSERT_LE(0, owner);
	ASSERT_EQ(0, port_create(owner, PORT, 1));
	ASSERT_EQ(0, cap_give(owner, PORT, RIGHTS_SENDER, self->fd, SLOT(9)));
	send.to = SLOT(9);
	ASSERT_EQ(0, do_send(self->fd, &send));
	ASSERT_EQ(0, job_start(&job, self->fd, CAPMSG_CMD_SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, close(owner));
	EXPECT_EQ(-ENOENT, job_join(&job));
}

static int wait_to_receive(void *unused)
{
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];

	return msg_recv(3, PORT, &record, data);
}

/* A receiver that is killed takes no message with it. */
TEST_F(wait, receiver_killed)
{
	pid_t pid;

	ASSERT_EQ(100, dup2(self->fd, 100));
	ASSERT_EQ(3, dup2(100, 3));
	pid = child_start(wait_to_receive, NULL, 3);
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, task_blocked(pid)));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	ASSERT_EQ(0, msg_try(100, PORT, "mine", 4));
	ASSERT_EQ(0, msg_poll(100, PORT, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->data, "mine", 4));
}

static int wait_to_send(void *unused)
{
	char *memory = memory_new(PAGE, true);
	int ret = msg_send(3, PORT, memory, PAGE);

	return ret;
}

TEST_F(wait, sender_killed)
{
	pid_t pid;

	ASSERT_EQ(100, dup2(self->fd, 100));
	ASSERT_EQ(3, dup2(100, 3));
	pid = child_start(wait_to_send, NULL, 3);
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, port_stat(100).out_senders == 1));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	EXPECT_EQ(0, port_stat(100).out_senders);
	EXPECT_EQ(0, msg_try(100, PORT, "next", 4));
	ASSERT_EQ(0, msg_poll(100, PORT, &self->record, self->data));
}

/* --- signals ----------------------------------------------------------------- */

TEST_F(wait, signal_interrupts)
{
	struct capmsg_send send = send_make("x", 1, 0);
	struct receive r;
	struct job job;

	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, receive_start(&r, self->fd, PORT, NULL, patience()));
	ASSERT_TRUE(job_blocked(&r.job));
	job_signal(&r.job, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&r.job));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "full", 4));
	ASSERT_EQ(0, job_start(&job, self->fd, CAPMSG_CMD_SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	job_signal(&job, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&job));
	EXPECT_EQ(0, port_stat(self->fd).out_senders);
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
}

/* With SA_RESTART the commands go on, and the message arrives once. */
TEST_F(wait, signal_restarts)
{
	struct capmsg_send send = send_make("once", 4, patience());
	struct receive r;
	struct job job;
	unsigned int i;

	signal_ignore(SIGUSR1, SA_RESTART);
	ASSERT_EQ(0, msg_try(self->fd, PORT, "full", 4));
	ASSERT_EQ(0, job_start(&job, self->fd, CAPMSG_CMD_SEND, &send));
	for (i = 0; i < 5; i++) {
		ASSERT_TRUE(job_blocked(&job));
		job_signal(&job, SIGUSR1);
	}
	EXPECT_FALSE(job_done(&job, 20));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, job_join(&job));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->data, "once", 4));
	ASSERT_EQ(0, receive_start(&r, self->fd, PORT, NULL, patience()));
	for (i = 0; i < 5; i++) {
		ASSERT_TRUE(job_blocked(&r.job));
		job_signal(&r.job, SIGUSR1);
	}
	EXPECT_FALSE(job_done(&r.job, 20));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "here", 4));
	EXPECT_EQ(0, job_join(&r.job));
	EXPECT_EQ(0, memcmp(r.data, "here", 4));
}

/* The deadline holds through restarts: it is a point in time. */
TEST_F(wait, restart_keeps_deadline)
{
	__u64 late = LATE;
	unsigned int i;
	struct receive r;

	signal_ignore(SIGUSR1, SA_RESTART);
	for (i = 0; i < 3 && late >= LATE; i++) {
		ASSERT_EQ(0, receive_start(&r, self->fd, PORT, NULL, in_ms(150)));
		while (!job_done(&r.job, 10))
			job_signal(&r.job, SIGUSR1);
		EXPECT_EQ(-ETIMEDOUT, job_join(&r.job));
		late = now_ns() - r.arg.deadline;
	}
	EXPECT_GT(LATE, late);
}

static int send_in_storm(void *unused)
{
	const struct itimerval often = { { 0, 700 }, { 0, 700 } };
	unsigned int i;
	int ret = 0;

	signal_ignore(SIGALRM, SA_RESTART);
	setitimer(ITIMER_REAL, &often, NULL);
	for (i = 0; i < 300 && !ret; i++)
		ret = msg_send(3, PORT, &i, sizeof(i));
	return ret;
}

/* Signals at any moment on both sides: every message once, and in order. */
TEST_F(wait, signal_storm)
{
	const struct itimerval often = { { 0, 1100 }, { 0, 1100 } }, never = { { 0, 0 }, { 0, 0 } };
	unsigned int i;
	pid_t pid;

	ASSERT_EQ(100, dup2(self->fd, 100));
	ASSERT_EQ(3, dup2(100, 3));
	pid = child_start(send_in_storm, NULL, 3);
	signal_ignore(SIGALRM, SA_RESTART);
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	for (i = 0; i < 300; i++) {
		ASSERT_EQ(0, msg_recv(100, PORT, &self->record, self->data));
		ASSERT_EQ(i, *(unsigned int *)self->data);
	}
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
	EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
	EXPECT_EQ(-EAGAIN, msg_poll(100, PORT, &self->record, self->data));
}

/* --- frames ------------------------------------------------------------------ */

/* Both frames of a space in use: by a sender, and by a receiver with a plain buffer. */
TEST_F(wait, frames_exhausted)
{
	const __u64 plain_port = SLOT(3);
	struct capmsg_send send = send_make("two", 3, patience());
	struct capmsg_query query = { .flags = 0 };
	struct receive plain, other;
	char answer[8];
	struct capmsg_call call = { .to = plain_port, .reply_data = PTR(answer),
		.reply_size = 8, .deadline = patience() };
	int fd = space_open();
	struct job job;

	ASSERT_EQ(0, do_setup(fd, &(struct capmsg_setup){ .frames = 2 }));
	ASSERT_EQ(0, port_create(fd, PORT, 1));
	ASSERT_EQ(0, do_create_port(fd, &(struct capmsg_create_port){
		.to = plain_port, .flags = CAPMSG_PORT_NO_SHORT, .depth = 1 }));
	ASSERT_EQ(0, msg_try(fd, PORT, "one", 3));
	ASSERT_EQ(0, job_start(&job, fd, CAPMSG_CMD_SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, receive_start(&plain, fd, plain_port, self->memory, patience()));
	ASSERT_TRUE(job_blocked(&plain.job));
	ASSERT_EQ(0, do_query(fd, &query));
	EXPECT_EQ(2, query.out_frames);
	EXPECT_EQ(2, query.out_frames_busy);
	EXPECT_EQ(2, query.out_total_frames_busy);
	EXPECT_EQ(-EAGAIN, msg_send(fd, plain_port, "", 0));
	EXPECT_EQ(-EAGAIN, do_call(fd, &call));
	ASSERT_EQ(0, receive_start(&other, fd, plain_port, self->memory, patience()));
	EXPECT_EQ(-EAGAIN, job_join(&other.job));
	/* A receiver without a plain buffer and what carries no message need none. */
	ASSERT_EQ(0, cap_give(fd, plain_port, RIGHTS_SENDER, self->fd, SLOT(9)));
	ASSERT_EQ(0, msg_recv(fd, PORT, &self->record, self->data));
	ASSERT_EQ(0, msg_recv(fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->data, "two", 3));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ(0, msg_send(self->fd, SLOT(9), "three", 5));
	EXPECT_EQ(0, job_join(&plain.job));
	EXPECT_EQ(0, memcmp(self->memory, "three", 5));
	ASSERT_EQ(0, do_query(fd, &query));
	EXPECT_EQ(0, query.out_frames_busy);
	EXPECT_EQ(0, msg_send(fd, PORT, "", 0));
	close(fd);
}

TEST_HARNESS_MAIN
