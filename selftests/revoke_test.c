// SPDX-License-Identifier: GPL-2.0-only
/*
 * revoke_test.c - revokers: what is void when, chains, closing and opening, and
 * who waits meanwhile.
 */
#include <sched.h>
#include <sys/resource.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)
#define TABLE	SLOT(2)		/* 2^8 slots; a port in its slot 1 */
#define NOTE	SLOT(3)
#define REGION	SLOT(4)
#define GIVEN	SLOT(0x10)	/* through REVOKER */
#define REVOKER	SLOT(0x11)
#define TO	SLOT(0x20)
#define TO2	SLOT(0x21)
#define TO3	SLOT(0x22)
#define CALLERS	16

static int revoker_create(int fd, __u64 from, __u64 to, __u64 revoker)
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

static int plain_note(int fd, __u64 to)
{
	return do_create_notification(fd, &(struct capmsg_create_notification){ .to = to });
}

static int signal_one(int fd, __u64 to)
{
	return do_signal(fd, &(struct capmsg_signal){ .notification = to, .bits = 1 });
}

FIXTURE(revoke) {
	int fd;
	int other;
};

FIXTURE_SETUP(revoke)
{
	self->fd = space_new();
	self->other = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, port_create(self->fd, PORT, 4));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, port_marked(self->fd, SLOT2(2, 1), 77));
	ASSERT_EQ(0, plain_note(self->fd, NOTE));
}

FIXTURE_TEARDOWN(revoke)
{
	CAPMSG_TEARDOWN();
}

TEST_F(revoke, derived_is_void)
{
	struct capmsg_stat stat;
	int file;

	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	ASSERT_EQ(0, cap_stat(self->fd, GIVEN, &stat));
	EXPECT_EQ(CAPMSG_TYPE_PORT, stat.out_type);
	EXPECT_EQ(RIGHTS_PORT, stat.out_rights);
	ASSERT_EQ(0, cap_stat(self->fd, REVOKER, &stat));
	EXPECT_EQ(CAPMSG_TYPE_REVOKER, stat.out_type);
	EXPECT_EQ(CAPMSG_RIGHT_WRITE | CAPMSG_RIGHT_DESTROY, stat.out_rights);
	EXPECT_EQ(1, stat.out_chain);
	EXPECT_EQ(0, stat.out_closed);
	ASSERT_EQ(0, cap_badge(self->fd, GIVEN, TO, 5));
	ASSERT_EQ(0, cap_copy(self->fd, TO, TO2, CAPMSG_RIGHT_SEND));
	ASSERT_EQ(0, cap_give(self->fd, GIVEN, RIGHTS_SENDER, self->other, TO));
	file = cap_export(self->fd, GIVEN, CAPMSG_RIGHTS_ALL);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, msg_try(self->other, TO, "a", 1));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, GIVEN));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, TO));
	EXPECT_EQ(-ENOENT, msg_try(self->fd, TO2, "a", 1));
	EXPECT_EQ(-ENOENT, msg_try(self->other, TO, "a", 1));
	EXPECT_EQ(-ENOENT, cap_import(self->other, file, TO2));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, REVOKER));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, PORT));
	EXPECT_EQ(0, msg_try(self->fd, PORT, "a", 1));
	/* What reads as void can be overwritten. */
	EXPECT_EQ(0, port_marked(self->fd, GIVEN, 9));
	EXPECT_EQ(0, port_marked(self->fd, REVOKER, 10));
}

TEST_F(revoke, create_errors)
{
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, TO, 0));
	EXPECT_EQ(-EACCES, revoker_create(self->fd, SLOT2(0x20, 1), GIVEN, REVOKER));
	EXPECT_EQ(-EACCES, revoker_create(self->fd, PORT, SLOT2(0x20, 2), REVOKER));
	EXPECT_EQ(-EACCES, revoker_create(self->fd, PORT, GIVEN, SLOT2(0x20, 2)));
	EXPECT_EQ(-ENOENT, revoker_create(self->fd, TO3, GIVEN, REVOKER));
	EXPECT_EQ(-ENOENT, revoker_create(self->fd, PORT, SLOT2(0x30, 1), REVOKER));
	EXPECT_EQ(-ENOENT, revoker_create(self->fd, PORT, GIVEN, SLOT2(0x30, 1)));
	EXPECT_EQ(-EINVAL, revoker_create(self->fd, PORT, GIVEN, GIVEN));
	EXPECT_EQ(-EEXIST, revoker_create(self->fd, PORT, TABLE, REVOKER));
	EXPECT_EQ(-EEXIST, revoker_create(self->fd, PORT, GIVEN, TABLE));
	/* Both or none. */
	EXPECT_EQ(-ENOENT, cap_type(self->fd, GIVEN));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, REVOKER));
	EXPECT_EQ(-EOPNOTSUPP, do_create_revoker(self->fd, &(struct capmsg_create_revoker){
		.flags = 1, .from = PORT, .to = GIVEN, .revoker = REVOKER }));
	/* In two tables at once, in either order. */
	EXPECT_EQ(0, revoker_create(self->fd, PORT, GIVEN, SLOT2(2, 5)));
	EXPECT_EQ(0, revoker_create(self->fd, PORT, SLOT2(2, 6), REVOKER));
	EXPECT_EQ(0, revoke_now(self->fd, SLOT2(2, 5)));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, GIVEN));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, SLOT2(2, 6)));
}

TEST_F(revoke, command_errors)
{
	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	EXPECT_EQ(-EINVAL, revoke_now(self->fd, GIVEN));
	EXPECT_EQ(-EINVAL, gate_close(self->fd, GIVEN));
	EXPECT_EQ(-EINVAL, gate_open(self->fd, PORT));
	EXPECT_EQ(-ENOENT, revoke_now(self->fd, TO));
	EXPECT_EQ(-ENOENT, gate_close(self->fd, TO));
	EXPECT_EQ(-ENOENT, gate_open(self->fd, TO));
	EXPECT_EQ(-EOPNOTSUPP, do_revoke(self->fd, &(struct capmsg_revoke){
		.flags = 1, .revoker = REVOKER }));
	ASSERT_EQ(0, cap_copy(self->fd, REVOKER, TO, CAPMSG_RIGHT_WRITE));
	ASSERT_EQ(0, cap_copy(self->fd, REVOKER, TO2, CAPMSG_RIGHT_DESTROY));
	EXPECT_EQ(-EACCES, revoke_now(self->fd, TO));
	EXPECT_EQ(-EACCES, gate_close(self->fd, TO2));
	EXPECT_EQ(-EACCES, gate_open(self->fd, TO2));
	EXPECT_EQ(0, gate_close(self->fd, TO));
	EXPECT_EQ(0, gate_close(self->fd, TO));
	EXPECT_EQ(0, gate_open(self->fd, TO));
	EXPECT_EQ(0, gate_open(self->fd, TO));
	EXPECT_EQ(0, obj_destroy(self->fd, TO2));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, GIVEN));
	EXPECT_EQ(-ENOENT, revoke_now(self->fd, REVOKER));
}

/* GIVEN through @n revokers; that of step i in SLOT2(2, 0x40 + i). */
static int chain_make(int fd, unsigned int n)
{
	__u64 from = PORT;
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = revoker_create(fd, from, SLOT2(2, 0x80 + i), SLOT2(2, 0x40 + i));
		if (ret)
			return ret;
		from = SLOT2(2, 0x80 + i);
	}
	return cap_copy(fd, from, GIVEN, CAPMSG_RIGHTS_ALL);
}

TEST_F(revoke, chains)
{
	struct capmsg_limits limits = { };
	struct capmsg_stat stat;
	unsigned int i;

	for (i = 0; i < CAPMSG_CHAIN_MAX; i++) {
		ASSERT_EQ(0, chain_make(self->fd, CAPMSG_CHAIN_MAX));
		ASSERT_EQ(0, cap_stat(self->fd, SLOT2(2, 0x40 + i), &stat));
		EXPECT_EQ(i + 1, stat.out_chain);
		EXPECT_EQ(-EMLINK, revoker_create(self->fd, GIVEN, TO, TO2));
		ASSERT_EQ(0, do_limits(self->fd, &limits));
		EXPECT_EQ(CAPMSG_LIMIT_CHAIN, limits.out_limit);
		EXPECT_EQ(EMLINK, limits.out_error);
		EXPECT_EQ(CAPMSG_CHAIN_MAX, limits.out_max);
		EXPECT_EQ(0, msg_try(self->fd, GIVEN, "a", 1));
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &(struct capmsg_record){}, (char[256]){}));
		/* Closed anywhere is closed; revoked anywhere is revoked. */
		ASSERT_EQ(0, gate_close(self->fd, SLOT2(2, 0x40 + i)));
		EXPECT_EQ(-EAGAIN, msg_try(self->fd, GIVEN, "a", 1));
		ASSERT_EQ(0, gate_open(self->fd, SLOT2(2, 0x40 + i)));
		EXPECT_EQ(0, msg_try(self->fd, GIVEN, "a", 1));
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &(struct capmsg_record){}, (char[256]){}));
		ASSERT_EQ(0, revoke_now(self->fd, SLOT2(2, 0x40 + i)));
		EXPECT_EQ(-ENOENT, msg_try(self->fd, GIVEN, "a", 1));
		if (i)
			EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, SLOT2(2, 0x80 + i - 1)));
		ASSERT_EQ(0, obj_destroy(self->fd, TABLE));
		ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	}
}

/* A revoker itself can be given through a revoker; a table, too. */
TEST_F(revoke, revoker_of_a_revoker)
{
	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	ASSERT_EQ(0, revoker_create(self->fd, REVOKER, TO, TO2));
	ASSERT_EQ(0, gate_close(self->fd, TO));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, GIVEN, "a", 1));
	ASSERT_EQ(0, revoke_now(self->fd, TO2));
	EXPECT_EQ(-ENOENT, gate_open(self->fd, TO));
	EXPECT_EQ(0, gate_open(self->fd, REVOKER));
	EXPECT_EQ(0, msg_try(self->fd, GIVEN, "a", 1));
	EXPECT_EQ(0, revoke_now(self->fd, REVOKER));
}

TEST_F(revoke, table_on_the_way)
{
	struct capmsg_send send = { .to = SLOT2(0x10, 1), .data = PTR("a"), .length = 1,
				    .deadline = patience() };
	struct capmsg_clear clear = { .slot = SLOT2(0x10, 2) };
	struct job job, job2;

	ASSERT_EQ(0, revoker_create(self->fd, TABLE, GIVEN, REVOKER));
	EXPECT_EQ(77, cap_mark(self->fd, SLOT2(0x10, 1)));
	EXPECT_EQ(0, port_marked(self->fd, SLOT2(0x10, 2), 78));
	ASSERT_EQ(0, gate_close(self->fd, REVOKER));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, SLOT2(0x10, 1), "a", 1));
	ASSERT_EQ(0, JOB_START(&job, self->fd, send, SEND, &send));
	ASSERT_EQ(0, JOB_START(&job2, self->fd, clear, CLEAR, &clear));
	EXPECT_TRUE(job_blocked(&job));
	EXPECT_TRUE(job_blocked(&job2));
	/* The table itself is not closed. */
	EXPECT_EQ(78, cap_mark(self->fd, SLOT2(2, 2)));
	ASSERT_EQ(0, gate_open(self->fd, REVOKER));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ(0, job_join(&job2));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(2, 2)));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(0x10, 1)));
	EXPECT_EQ(-ENOENT, cap_clear(self->fd, SLOT2(0x10, 1)));
	EXPECT_EQ(77, cap_mark(self->fd, SLOT2(2, 1)));
}

TEST_F(revoke, weak_through_revoker)
{
	ASSERT_EQ(0, revoker_create(self->fd, TABLE, TO, REVOKER));
	ASSERT_EQ(0, do_copy(self->fd, &(struct capmsg_copy){
		.flags = CAPMSG_COPY_WEAK, .from = TO, .to = GIVEN,
		.rights = CAPMSG_RIGHTS_ALL }));
	EXPECT_EQ(CAPMSG_RIGHT_WEAK, cap_rights(self->fd, SLOT2(0x10, 1)));
	ASSERT_EQ(0, revoker_create(self->fd, GIVEN, TO2, TO3));
	EXPECT_EQ(CAPMSG_RIGHT_WEAK, cap_rights(self->fd, SLOT2(0x21, 1)));
	/* What was fetched through the table is not derived from it. */
	ASSERT_EQ(0, cap_copy(self->fd, SLOT2(0x20, 1), SLOT(0x30), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, GIVEN));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, TO2));
	EXPECT_EQ(77, cap_mark(self->fd, SLOT(0x30)));
}

TEST_F(revoke, target_dies)
{
	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	ASSERT_EQ(0, gate_close(self->fd, REVOKER));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, GIVEN));
	EXPECT_EQ(0, gate_open(self->fd, REVOKER));
	EXPECT_EQ(CAPMSG_TYPE_REVOKER, cap_type(self->fd, REVOKER));
	EXPECT_EQ(0, revoke_now(self->fd, REVOKER));
}

TEST_F(revoke, reply_right_refused)
{
	char reply[8];
	struct capmsg_call call = call_make(PORT, "a", 1, reply, sizeof(reply));
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	struct job job;

	ASSERT_EQ(0, JOB_START(&job, self->fd, call, CALL, &call));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &record, data));
	ASSERT_EQ(0, do_move(self->fd, &(struct capmsg_move){
		.flags = CAPMSG_MOVE_POST, .from = PORT, .to = TO,
		.post = record.out_post, .seq = record.out_seq }));
	EXPECT_EQ(-EINVAL, revoker_create(self->fd, TO, GIVEN, REVOKER));
	EXPECT_EQ(0, cap_clear(self->fd, TO));
	EXPECT_EQ(-EPIPE, job_join(&job));
}

/* --- who waits ------------------------------------------------------------ */

TEST_F(revoke, callers_at_a_closed_gate)
{
	char replies[CALLERS][8], data[CAPMSG_INLINE_MAX];
	struct capmsg_call calls[CALLERS];
	struct capmsg_record record;
	struct job jobs[CALLERS];
	unsigned int i, round;

	/* A frame is needed for each. */
	close(self->other);
	self->other = space_open();
	ASSERT_EQ(0, do_setup(self->other, &(struct capmsg_setup){ .frames = CALLERS }));
	for (round = 0; round < 2; round++) {
		ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
		ASSERT_EQ(0, cap_give(self->fd, GIVEN, RIGHTS_SENDER, self->other, TO));
		ASSERT_EQ(0, gate_close(self->fd, REVOKER));
		for (i = 0; i < CALLERS; i++) {
			calls[i] = call_make(TO, &i, sizeof(i), replies[i], 8);
			ASSERT_EQ(0, JOB_START(&jobs[i], self->other, call, CALL, &calls[i]));
		}
		for (i = 0; i < CALLERS; i++)
			EXPECT_TRUE(job_blocked(&jobs[i]));
		EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &record, data));
		if (round) {
			ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
			for (i = 0; i < CALLERS; i++)
				EXPECT_EQ(-ENOENT, job_join(&jobs[i]));
			continue;
		}
		ASSERT_EQ(0, gate_open(self->fd, REVOKER));
		for (i = 0; i < CALLERS; i++) {
			ASSERT_EQ(0, msg_recv(self->fd, PORT, &record, data));
			ASSERT_EQ(0, msg_reply(self->fd, PORT, &record, "ok", 2));
		}
		for (i = 0; i < CALLERS; i++)
			EXPECT_EQ(0, job_join(&jobs[i]));
		/* Each of them once. */
		EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &record, data));
		ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
		ASSERT_EQ(0, cap_clear(self->other, TO));
	}
}

TEST_F(revoke, ways_out_of_a_gate)
{
	struct capmsg_send send = { .to = GIVEN, .data = PTR("a"), .length = 1,
				    .deadline = in_ms(100) };
	struct capmsg_stat stat = { .address = GIVEN };
	struct job job;

	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	ASSERT_EQ(0, cap_give(self->fd, GIVEN, RIGHTS_SENDER, self->other, TO));
	ASSERT_EQ(0, gate_close(self->fd, REVOKER));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, GIVEN, "a", 1));
	EXPECT_EQ(-ETIMEDOUT, do_send(self->fd, &send));
	ASSERT_EQ(0, JOB_START(&job, self->fd, stat, STAT, &stat));
	EXPECT_TRUE(job_blocked(&job));
	job_signal(&job, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&job));
	/* The owner goes. */
	send.to = TO;
	send.deadline = patience();
	ASSERT_EQ(0, JOB_START(&job, self->other, send, SEND, &send));
	EXPECT_TRUE(job_blocked(&job));
	close(self->fd);
	EXPECT_EQ(-ENOENT, job_join(&job));
}

/* Closes it twice. Who has waited before goes back to sleep, and does not look all the time. */
static int close_twice(int fd, struct job *job)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 2 && !ret; i++) {
		if (!job_blocked(job))
			return -ETIME;
		ret = gate_close(fd, REVOKER);
	}
	return ret ?: job_blocked(job) ? 0 : -ETIME;
}

TEST_F(revoke, closed_twice)
{
	struct capmsg_send send = { .to = GIVEN, .data = PTR("a"), .length = 1,
				    .deadline = patience() };
	struct job job;

	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	ASSERT_EQ(0, gate_close(self->fd, REVOKER));
	ASSERT_EQ(0, JOB_START(&job, self->fd, send, SEND, &send));
	ASSERT_EQ(0, close_twice(self->fd, &job));
	ASSERT_EQ(0, gate_open(self->fd, REVOKER));
	EXPECT_EQ(0, job_join(&job));
}

/* In line at a port without a free post. */
TEST_F(revoke, sender_in_line)
{
	struct capmsg_send send = { .to = GIVEN, .data = PTR("b"), .length = 1 };
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_record record;
	unsigned int i, round;
	struct job job;

	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
		while (!msg_try(self->fd, PORT, "a", 1))
			;
		send.deadline = patience();
		ASSERT_EQ(0, JOB_START(&job, self->fd, send, SEND, &send));
		EXPECT_TRUE(job_blocked(&job));
		if (round)
			ASSERT_EQ(0, gate_close(self->fd, REVOKER));
		if (round == 1) {
			/* Its turn comes, and is not taken. */
			for (i = 0; i < 4; i++)
				ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, data));
			sleep_ms(50);
			EXPECT_FALSE(job_done(&job, 0));
			EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &record, data));
			ASSERT_EQ(0, gate_open(self->fd, REVOKER));
			EXPECT_EQ(0, job_join(&job));
			ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, data));
			EXPECT_EQ('b', data[0]);
		}
		ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
		if (round != 1)
			EXPECT_EQ(-ENOENT, job_join(&job));
		while (!msg_poll(self->fd, PORT, &record, data))
			EXPECT_EQ('a', data[0]);
	}
}

static struct capmsg_recv recv_make(__u64 port, struct capmsg_record *record)
{
	return (struct capmsg_recv){ .port = port, .records = PTR(record), .n_records = 1,
				     .deadline = patience() };
}

TEST_F(revoke, receiver)
{
	char data[CAPMSG_INLINE_MAX], data2[CAPMSG_INLINE_MAX];
	struct capmsg_record record = { .data = PTR(data), .data_size = sizeof(data) };
	struct capmsg_record record2 = { .data = PTR(data2), .data_size = sizeof(data2) };
	struct capmsg_recv recv = recv_make(GIVEN, &record), direct = recv_make(PORT, &record2);
	struct job job, job2;

	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	ASSERT_EQ(0, JOB_START(&job, self->fd, recv, RECV, &recv));
	EXPECT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, gate_close(self->fd, REVOKER));
	ASSERT_EQ(0, JOB_START(&job2, self->fd, recv, RECV, &direct));
	EXPECT_TRUE(job_blocked(&job2));
	/* Not lost on who may not have it. */
	ASSERT_EQ(0, msg_try(self->fd, PORT, "a", 1));
	EXPECT_EQ(0, job_join(&job2));
	EXPECT_FALSE(job_done(&job, 50));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "b", 1));
	EXPECT_FALSE(job_done(&job, 50));
	ASSERT_EQ(0, gate_open(self->fd, REVOKER));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ('b', data[0]);
	ASSERT_EQ(0, JOB_START(&job, self->fd, recv, RECV, &recv));
	EXPECT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	EXPECT_EQ(-ENOENT, job_join(&job));
}

TEST_F(revoke, plain_buffer)
{
	unsigned char buffer[1000], bytes[1000] = { 1, 2, 3 };
	struct capmsg_record record = { };
	struct capmsg_recv recv = recv_make(GIVEN, &record);
	struct capmsg_send send = { .to = PORT, .data = PTR(bytes), .length = 1000,
				    .deadline = patience() };
	struct job job, sender;

	recv.plain = PTR(buffer);
	recv.plain_size = sizeof(buffer);
	memset(buffer, 0, sizeof(buffer));
	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	ASSERT_EQ(0, JOB_START(&job, self->fd, recv, RECV, &recv));
	EXPECT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, gate_close(self->fd, REVOKER));
	ASSERT_EQ(0, JOB_START(&sender, self->fd, send, SEND, &send));
	EXPECT_TRUE(job_blocked(&sender));
	EXPECT_FALSE(job_done(&job, 50));
	EXPECT_EQ(0, buffer[0]);
	ASSERT_EQ(0, gate_open(self->fd, REVOKER));
	EXPECT_EQ(0, job_join(&sender));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ(1000, record.out_length);
	EXPECT_EQ(0, memcmp(bytes, buffer, 1000));
	ASSERT_EQ(0, JOB_START(&job, self->fd, recv, RECV, &recv));
	EXPECT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	EXPECT_EQ(-ENOENT, job_join(&job));
}

TEST_F(revoke, notification)
{
	struct capmsg_wait wait = { .notification = GIVEN, .mask = 1, .deadline = patience() };
	struct capmsg_signal signal = { .notification = GIVEN, .bits = 2 };
	struct job job, job2;

	ASSERT_EQ(0, revoker_create(self->fd, NOTE, GIVEN, REVOKER));
	ASSERT_EQ(0, JOB_START(&job, self->fd, wait, WAIT, &wait));
	EXPECT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, gate_close(self->fd, REVOKER));
	ASSERT_EQ(0, signal_one(self->fd, NOTE));
	ASSERT_EQ(0, JOB_START(&job2, self->fd, signal, SIGNAL, &signal));
	EXPECT_TRUE(job_blocked(&job2));
	EXPECT_FALSE(job_done(&job, 50));
	ASSERT_EQ(0, gate_open(self->fd, REVOKER));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ(0, job_join(&job2));
	EXPECT_EQ(1, wait.out_bits);
	ASSERT_EQ(0, JOB_START(&job, self->fd, wait, WAIT, &wait));
	EXPECT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	EXPECT_EQ(-ENOENT, job_join(&job));
}

/* The same for who was let through the gate, and waits for something behind it. */
TEST_F(revoke, closed_twice_behind)
{
	struct capmsg_send send = { .to = GIVEN, .data = PTR("a"), .length = 1 };
	struct capmsg_wait wait = { .notification = GIVEN, .mask = 1 };
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_record record = { .data = PTR(data), .data_size = sizeof(data) };
	struct capmsg_recv recv = recv_make(GIVEN, &record);
	struct job job;

	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	ASSERT_EQ(0, JOB_START(&job, self->fd, recv, RECV, &recv));
	ASSERT_EQ(0, close_twice(self->fd, &job));
	ASSERT_EQ(0, gate_open(self->fd, REVOKER));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "a", 1));
	EXPECT_EQ(0, job_join(&job));

	while (!msg_try(self->fd, PORT, "a", 1))
		;
	send.deadline = patience();
	ASSERT_EQ(0, JOB_START(&job, self->fd, send, SEND, &send));
	ASSERT_EQ(0, close_twice(self->fd, &job));
	ASSERT_EQ(0, gate_open(self->fd, REVOKER));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, data));
	EXPECT_EQ(0, job_join(&job));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));

	ASSERT_EQ(0, revoker_create(self->fd, NOTE, GIVEN, REVOKER));
	wait.deadline = patience();
	ASSERT_EQ(0, JOB_START(&job, self->fd, wait, WAIT, &wait));
	ASSERT_EQ(0, close_twice(self->fd, &job));
	ASSERT_EQ(0, gate_open(self->fd, REVOKER));
	ASSERT_EQ(0, signal_one(self->fd, NOTE));
	EXPECT_EQ(0, job_join(&job));
}

/* --- buffers and landing slots -------------------------------------------- */

TEST_F(revoke, region_of_a_post)
{
	unsigned char *memory = memory_new(4 * PAGE, true), bytes[1000];
	struct capmsg_send send = { .to = PORT, .data = PTR(bytes), .length = sizeof(bytes),
				    .flags = CAPMSG_NONBLOCK };

	memset(bytes, 7, sizeof(bytes));
	memset(memory, 0, 4 * PAGE);
	ASSERT_EQ(0, region_create(self->fd, REGION, memory, 4 * PAGE));
	ASSERT_EQ(0, revoker_create(self->fd, REGION, GIVEN, REVOKER));
	ASSERT_LE(0, post_any(self->fd, PORT, GIVEN, 0, PAGE, CAPMSG_ADDRESS_VOID, 0));
	ASSERT_LE(0, post_any(self->fd, PORT, GIVEN, PAGE, PAGE, CAPMSG_ADDRESS_VOID, 0));
	ASSERT_EQ(0, do_send(self->fd, &send));
	EXPECT_EQ(7, memory[0] ^ memory[PAGE]);
	memset(memory, 0, 4 * PAGE);
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	EXPECT_EQ(-EAGAIN, do_send(self->fd, &send));
	EXPECT_EQ(-1, bytes_check(memory, 4 * PAGE, 0));
	EXPECT_EQ(-ENOENT, post_any(self->fd, PORT, GIVEN, 0, PAGE, CAPMSG_ADDRESS_VOID, 0));
	EXPECT_EQ(0, msg_try(self->fd, PORT, "a", 1));
}

TEST_F(revoke, landing_slots)
{
	struct capmsg_item item = { .address = PORT, .rights = CAPMSG_RIGHT_SEND };
	struct capmsg_send send = { .to = PORT, .items = PTR(&item), .n_items = 1,
				    .flags = CAPMSG_NONBLOCK };
	int post;

	ASSERT_EQ(0, revoker_create(self->fd, TABLE, GIVEN, REVOKER));
	post = post_any(self->fd, PORT, CAPMSG_ADDRESS_VOID, 0, 0, SLOT2(0x10, 8), 2);
	ASSERT_LE(0, post);
	EXPECT_EQ(-EBUSY, port_marked(self->fd, SLOT2(2, 8), 5));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	/* The slots are their owner's again. */
	EXPECT_EQ(0, port_marked(self->fd, SLOT2(2, 8), 5));
	EXPECT_EQ(-EAGAIN, do_send(self->fd, &send));
	ASSERT_EQ(0, post_take(self->fd, PORT, post));
	EXPECT_EQ(5, cap_mark(self->fd, SLOT2(2, 8)));
	EXPECT_EQ(0, port_marked(self->fd, SLOT2(2, 9), 6));
}

/* --- a message that waits by itself --------------------------------------- */

TEST_F(revoke, message_without_a_thread)
{
	unsigned char *memory = memory_new(PAGE, true);
	struct capmsg_begin begin = { .message = TO, .to = GIVEN, .length = 1000,
				      .flags = CAPMSG_MESSAGE_QUEUE };
	struct capmsg_transmit transmit = { .message = TO, .flags = CAPMSG_NONBLOCK };
	struct capmsg_stat stat;
	unsigned int round;

	ASSERT_EQ(0, region_create(self->fd, REGION, memory, PAGE));
	ASSERT_EQ(0, do_create_message(self->fd, &(struct capmsg_create_message){
		.to = TO, .notification = NOTE, .bits = 4 }));
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
		if (round)
			ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, PAGE, 0, 0));
		ASSERT_EQ(0, do_begin(self->fd, &begin));
		EXPECT_EQ(round ? CAPMSG_MESSAGE_OPEN : CAPMSG_MESSAGE_QUEUED, begin.out_state);
		ASSERT_EQ(0, gate_close(self->fd, REVOKER));
		if (round)
			EXPECT_EQ(-EAGAIN, do_transmit(self->fd, &transmit));
		if (round == 2) {
			ASSERT_EQ(0, gate_open(self->fd, REVOKER));
			EXPECT_EQ(0, do_transmit(self->fd, &transmit));
			EXPECT_EQ(CAPMSG_MESSAGE_DELIVERED, transmit.out_state);
		}
		ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
		if (round == 2)
			break;
		EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, !cap_stat(self->fd, TO, &stat) &&
				       stat.out_state == CAPMSG_MESSAGE_LOST));
		EXPECT_EQ(ENOENT, stat.out_error);
		EXPECT_EQ(0, do_wait(self->fd, &(struct capmsg_wait){
			.notification = NOTE, .mask = 4, .deadline = patience() }));
		if (round)
			EXPECT_EQ(0, post_take(self->fd, PORT, 0));
	}
}

/* --- races ---------------------------------------------------------------- */

struct racer {
	int fd;
	atomic_int stop;
	unsigned long sent;
	int ret;
};

static void *race_copy(void *arg)
{
	struct racer *racer = arg;
	int ret;

	while (!atomic_load(&racer->stop)) {
		ret = cap_copy(racer->fd, GIVEN, TO, CAPMSG_RIGHTS_ALL);
		if (!ret)
			ret = cap_copy(racer->fd, TO, TO2, CAPMSG_RIGHT_SEND);
		if (ret && ret != -ENOENT && ret != -EEXIST)
			racer->ret = ret;
		cap_clear(racer->fd, TO2);
		if (!revoker_create(racer->fd, TO, TO2, TO3))
			revoke_now(racer->fd, TO3);
		cap_clear(racer->fd, TO);
		cap_clear(racer->fd, TO2);
	}
	return NULL;
}

static void *race_send(void *arg)
{
	struct racer *racer = arg;
	int ret;

	while (!atomic_load(&racer->stop)) {
		ret = msg_try(racer->fd, GIVEN, "a", 1);
		if (ret && ret != -ENOENT && ret != -EAGAIN)
			racer->ret = ret;
	}
	return NULL;
}

/* What is copied at the moment of revoking is void; nothing arrives after it. */
TEST_F(revoke, races)
{
	struct racer copier = { .fd = self->fd }, sender = { .fd = self->fd };
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	pthread_t threads[2];
	unsigned int i;

	ASSERT_EQ(0, pthread_create(&threads[0], NULL, race_copy, &copier));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, race_send, &sender));
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
		usleep(i * 37 % 1000);
		ASSERT_EQ(0, i % 2 ? gate_close(self->fd, REVOKER) : revoke_now(self->fd, REVOKER));
		while (!msg_poll(self->fd, PORT, &record, data))
			;
		usleep(500);
		EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &record, data));
		if (i % 2)
			ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
		EXPECT_EQ(-ENOENT, cap_type(self->fd, GIVEN));
	}
	atomic_store(&copier.stop, 1);
	atomic_store(&sender.stop, 1);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	EXPECT_EQ(0, copier.ret);
	EXPECT_EQ(0, sender.ret);
}

/* --- a hundred thousand --------------------------------------------------- */

#define TREE		100000
#define TREE_TABLE	4096

static __u64 tree_slot(unsigned int i)
{
	return CAPMSG_ADDRESS(((__u64)(0x80 + i / TREE_TABLE) << 12) | i % TREE_TABLE, 20);
}

/*
 * Every 8th is derived from the first one directly, and goes through a revoker of
 * its own where @chain says so; those behind it are derived from that.
 */
static int tree_make(int fd, unsigned int n)
{
	unsigned int i, chain, revokers = 0;
	__u64 from = GIVEN;
	int ret = 0;

	for (i = 0; i < (n + TREE_TABLE - 1) / TREE_TABLE && !ret; i++)
		ret = cappage_create(fd, SLOT(0x80 + i), 12);
	ret = ret ?: cappage_create(fd, SLOT(0x7f), 12);
	for (i = 0; i < n && !ret; i++) {
		chain = i % 8;
		if (!chain)
			from = GIVEN;
		if (chain < 7 && revokers < 3500)
			ret = revoker_create(fd, from, tree_slot(i),
					     CAPMSG_ADDRESS((0x7fULL << 12) | revokers++, 20));
		else
			ret = cap_copy(fd, from, tree_slot(i), CAPMSG_RIGHT_SEND);
		from = tree_slot(i);
	}
	return ret;
}

/* Wants to run each 100 us, before all that have no priority. */
static void *want_to_run(void *stop)
{
	const struct sched_param first = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &first))
		return "no priority";
	while (!atomic_load((atomic_bool *)stop))
		usleep(100);
	return NULL;
}

static long switches(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) ? -EINVAL : usage.ru_nivcsw;
}

/*
 * How often whoever opens the revoker has let another thread of this CPU run meanwhile, and
 * how long it took. What else the machine does has no part in that: neither how long others
 * run is counted, nor when the scheduler finds that it is their turn.
 */
static long interruptions(int fd, __u64 *took)
{
	atomic_bool stop = false;
	pthread_t thread;
	void *failed;
	__u64 begin;
	long n;
	int ret;

	ret = -pthread_create(&thread, NULL, want_to_run, &stop);
	if (ret)
		return ret;
	sleep_ms(20);
	n = switches();
	begin = now_ns();
	ret = gate_open(fd, REVOKER);
	*took = now_ns() - begin;
	n = switches() - n;
	atomic_store(&stop, true);
	pthread_join(thread, &failed);
	return failed ? -EPERM : ret ?: n;
}

static unsigned int tree_left(int fd, unsigned int n)
{
	unsigned int i, left = 0;

	for (i = 0; i < n; i++)
		left += cap_type(fd, tree_slot(i)) != -ENOENT;
	return left;
}

static void tree_clear(int fd, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < (n + TREE_TABLE - 1) / TREE_TABLE; i++)
		obj_destroy(fd, SLOT(0x80 + i));
	for (i = 0; i < 3500; i++)
		obj_destroy(fd, CAPMSG_ADDRESS((0x7fULL << 12) | i, 20));
	obj_destroy(fd, SLOT(0x7f));
}

static void pin_to_cpu0(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* An instrumented kernel has smaller crowds. */
static bool is_slow(void)
{
	const char *kernel = getenv("VM_KERNEL") ?: "";

	return strstr(kernel, "-debug") || strstr(kernel, "-kcsan");
}

static __u64 cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/*
 * Whatever is derived, nobody visits it: REVOKE works for a moment, and then waits for a
 * grace period. That takes as long as the machine likes; the work is what is bounded.
 */
TEST_F_TIMEOUT(revoke, hundred_thousand, 300)
{
	unsigned int n = is_slow() ? TREE / 10 : TREE;
	__u64 begin, cpu_begin, took, worked;

	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	ASSERT_EQ(0, tree_make(self->fd, n));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, tree_slot(n - 1)));
	begin = now_ns();
	cpu_begin = cpu_ns();
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	worked = cpu_ns() - cpu_begin;
	took = now_ns() - begin;
	EXPECT_EQ(0, tree_left(self->fd, n));
	tree_clear(self->fd, n);
	TH_LOG("%u derived: revoked in %llu us, of which it worked %llu us", n, took / 1000,
	       worked / 1000);
	EXPECT_GT(20000000ULL, worked);
}

/* --- a crowd at one revoker ----------------------------------------------- */

#define CROWD		6000

/* Messages that are open at a port which was named through the revoker. */
static int crowd_make(int fd, unsigned int n)
{
	struct capmsg_begin begin = { .to = GIVEN, .flags = CAPMSG_NONBLOCK };
	unsigned int i;
	int ret = 0;

	for (i = 0; i < (n + TREE_TABLE - 1) / TREE_TABLE && !ret; i++)
		ret = cappage_create(fd, SLOT(0x80 + i), 12);
	for (i = 0; i < n && !ret; i++) {
		begin.message = tree_slot(i);
		ret = do_create_message(fd, &(struct capmsg_create_message){
			.to = tree_slot(i) });
		ret = ret ?: do_begin(fd, &begin);
	}
	return ret;
}

static unsigned int crowd_lost(int fd, unsigned int n)
{
	struct capmsg_stat stat;
	unsigned int i, lost = 0;

	for (i = 0; i < n; i++)
		lost += !cap_stat(fd, tree_slot(i), &stat) &&
			stat.out_state == CAPMSG_MESSAGE_LOST;
	return lost;
}

#define TRIES		10
/* Too short for another one to have come often. */
#define MOMENT		1000000ULL

/*
 * However many have to be told, others get on meanwhile; and all of them are told. Whoever
 * lets nobody run until all are told is interrupted at its begin and at its end.
 */
TEST_F_TIMEOUT(revoke, crowd_is_told, 300)
{
	unsigned int tries, n = is_slow() ? CROWD / 10 : CROWD;
	__u64 took = ~0ULL;
	long times = 0;

	pin_to_cpu0();
	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	ASSERT_EQ(0, crowd_make(self->fd, n));
	for (tries = 0; tries < TRIES && times < 8 && took > MOMENT; tries++) {
		ASSERT_EQ(0, gate_close(self->fd, REVOKER));
		times = interruptions(self->fd, &took);
		ASSERT_LE(0, times);
		TH_LOG("%u told in %llu us, in which others ran %ld times", n, took / 1000, times);
	}
	EXPECT_TRUE(times >= 8 || took <= MOMENT);
	EXPECT_EQ(0, crowd_lost(self->fd, n));
	ASSERT_EQ(0, revoke_now(self->fd, REVOKER));
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, crowd_lost(self->fd, n) == n));
}

TEST_HARNESS_MAIN
