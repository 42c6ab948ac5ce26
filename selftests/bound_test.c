// SPDX-License-Identifier: GPL-2.0-only
/*
 * bound_test.c - a message leaves one port for another at the very moment when
 * somebody abandons it, or the first port dies: nothing of it stays behind, and
 * what was begun at the second port is not touched.
 */
#include <sched.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define FOUND	6		/* ABANDON has found the port */
#define LEFT	7		/* ABANDON has taken away what the message had there */
#define PORT	SLOT(1)
#define OTHER	SLOT(2)		/* another port */
#define REGION	SLOT(3)
#define NOTE	SLOT(4)
#define MESSAGE	SLOT(5)
#define BIT	0x10ULL
#define LENGTH	(4 * PAGE)

FIXTURE(bound) {
	int fd;			/* the ports */
	int tx;			/* sender: the ports, notification and message */
	char *target, *source;
	struct capmsg_record record;
	pthread_t thread;
	unsigned int step;
	int ret;		/* of the thread */
};

static int port_new(FIXTURE_DATA(bound) *self, __u64 port)
{
	const int ret = do_create_port(self->fd, &(struct capmsg_create_port){
		.to = port, .depth = 1,
		.flags = CAPMSG_PORT_NO_SHORT | CAPMSG_PORT_NO_SHARES });

	return ret ?: cap_give(self->fd, port, RIGHTS_SENDER, self->tx, port);
}

FIXTURE_SETUP(bound)
{
	self->fd = space_new();
	self->tx = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->tx);
	self->target = memory_new(LENGTH, true);
	self->source = memory_new(LENGTH, false);
	pattern_fill(self->source, LENGTH, 1);
	ASSERT_EQ(0, port_new(self, PORT));
	ASSERT_EQ(0, port_new(self, OTHER));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->target, LENGTH));
	ASSERT_EQ(0, note_create(self->tx, NOTE));
	ASSERT_EQ(0, do_create_message(self->tx, &(struct capmsg_create_message){
		.to = MESSAGE, .notification = NOTE, .bits = BIT }));
}

FIXTURE_TEARDOWN(bound)
{
	if (instrumented())
		file_write(HOOK, "off");
	CAPMSG_TEARDOWN();
}

/* Returns the state after success. */
static int begin_at(int fd, __u64 port, size_t length, unsigned int flags)
{
	struct capmsg_begin arg = { .message = MESSAGE, .to = port, .length = length,
		.flags = flags };

	return do_begin(fd, &arg) ?: (int)arg.out_state;
}

static int transmit(int fd, size_t length)
{
	struct capmsg_transmit arg = { .message = MESSAGE, .length = length,
		.flags = CAPMSG_NONBLOCK };

	return do_transmit(fd, &arg) ?: (int)arg.out_state;
}

static int state(int fd)
{
	struct capmsg_stat stat = { .flags = 0 };

	return cap_stat(fd, MESSAGE, &stat) ?: (int)stat.out_state;
}

static int post(FIXTURE_DATA(bound) *self, __u64 port)
{
	return post_any(self->fd, port, REGION, 0, LENGTH, 0, 0);
}

/* A claim at PORT was taken away: bound there still, and free to be begun. */
static int lose(FIXTURE_DATA(bound) *self)
{
	int ret = post(self, PORT);

	ret = ret ?: begin_at(self->tx, PORT, LENGTH, CAPMSG_NONBLOCK);
	if (ret != CAPMSG_MESSAGE_OPEN)
		return ret < 0 ? ret : -EPROTO;
	ret = post_take(self->fd, PORT, 0);
	note_take(self->tx, NOTE, BIT);
	return ret ?: state(self->tx);
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

static void *abandoner(void *data)
{
	FIXTURE_DATA(bound) *self = data;
	char text[32];

	snprintf(text, sizeof(text), "%u %d\n", self->step, gettid());
	self->ret = file_write(HOOK, text);
	if (!self->ret)
		self->ret = do_abandon(self->tx, &(struct capmsg_abandon){
			.message = MESSAGE });
	return NULL;
}

/* A thread that abandons the message gets as far as that. */
static bool abandon_until(FIXTURE_DATA(bound) *self, unsigned int step)
{
	self->step = step;
	return !pthread_create(&self->thread, NULL, abandoner, self) &&
	       WAIT_UNTIL(CAPMSG_PATIENCE_MS, parked());
}

static int abandon_end(FIXTURE_DATA(bound) *self)
{
	const int ret = file_write(HOOK, "release\n");

	pthread_join(self->thread, NULL);
	return ret ?: self->ret;
}

TEST_F(bound, begun_before_it_was_withdrawn)
{
	struct capmsg_stat stat;

	if (!instrumented())
		SKIP(return, "no test hooks");
	ASSERT_EQ(CAPMSG_MESSAGE_LOST, lose(self));
	ASSERT_TRUE(abandon_until(self, FOUND));
	ASSERT_EQ(CAPMSG_MESSAGE_QUEUED,
		  begin_at(self->tx, OTHER, LENGTH, CAPMSG_MESSAGE_QUEUE));
	ASSERT_EQ(0, abandon_end(self));
	EXPECT_EQ(CAPMSG_MESSAGE_QUEUED, state(self->tx));
	ASSERT_EQ(0, cap_stat(self->fd, PORT, &stat));
	EXPECT_EQ(0, stat.out_senders);
	ASSERT_EQ(0, cap_stat(self->fd, OTHER, &stat));
	EXPECT_EQ(1, stat.out_senders);
	ASSERT_EQ(0, post(self, OTHER));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, state(self->tx));
	EXPECT_EQ(BIT, note_take(self->tx, NOTE, BIT));
	EXPECT_EQ(CAPMSG_MESSAGE_DELIVERED, transmit(self->tx, 1));
}

TEST_F(bound, begun_after_it_was_withdrawn)
{
	struct capmsg_stat stat;

	if (!instrumented())
		SKIP(return, "no test hooks");
	ASSERT_EQ(CAPMSG_MESSAGE_LOST, lose(self));
	ASSERT_TRUE(abandon_until(self, LEFT));
	ASSERT_EQ(0, post(self, OTHER));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN,
		  begin_at(self->tx, OTHER, LENGTH, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, abandon_end(self));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, state(self->tx));
	EXPECT_EQ(0, note_take(self->tx, NOTE, BIT));
	ASSERT_EQ(0, obj_destroy(self->tx, MESSAGE));
	ASSERT_EQ(0, cap_stat(self->fd, OTHER, &stat));
	EXPECT_EQ(0, stat.out_claimed);
}

/* All that follows happens on one CPU, and whoever is not real-time waits. */
static int alone(bool rt)
{
	const struct sched_param param = { .sched_priority = rt };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set) ||
	    sched_setscheduler(0, rt ? SCHED_FIFO : SCHED_OTHER, &param))
		return -errno;
	return 0;
}

/* The port dies; who receives into the plain buffer that was claimed runs later. */
TEST_F(bound, claim_of_a_plain_buffer)
{
	char *buffer = memory_new(PAGE, true);
	struct capmsg_recv recv = { .port = PORT, .records = PTR(&self->record),
		.n_records = 1, .plain = PTR(buffer), .plain_size = PAGE,
		.deadline = patience() };
	struct job job;

	ASSERT_EQ(0, alone(false));
	ASSERT_EQ(0, JOB_START(&job, self->fd, recv, RECV, &recv));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin_at(self->tx, PORT, PAGE, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, post(self, OTHER));
	ASSERT_EQ(0, alone(true));
	EXPECT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(CAPMSG_MESSAGE_LOST, state(self->tx));
	EXPECT_EQ(BIT, note_take(self->tx, NOTE, BIT));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN,
		  begin_at(self->tx, OTHER, LENGTH, CAPMSG_NONBLOCK));
	EXPECT_EQ(0, job_done(&job, 0));
	ASSERT_EQ(0, alone(false));
	EXPECT_EQ(-ENOENT, job_join(&job));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, state(self->tx));
	EXPECT_EQ(0, note_take(self->tx, NOTE, BIT));
	EXPECT_EQ(CAPMSG_MESSAGE_DELIVERED, transmit(self->tx, LENGTH));
}

TEST_HARNESS_MAIN
