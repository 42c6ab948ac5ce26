// SPDX-License-Identifier: GPL-2.0-only
/*
 * arrival_test.c - ports that tell a notification when a message arrives.
 */
#include <sys/eventfd.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define NOTE	SLOT(1)
#define COPY	SLOT(2)
#define PORT	SLOT(3)
#define TABLE	SLOT(5)
#define REGION	SLOT(6)
#define VOID	SLOT(0x10)
#define MANY	8
#define ALL	(~0ULL)

FIXTURE(arrival) {
	int fd;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

FIXTURE_SETUP(arrival)
{
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, note_create(self->fd, NOTE));
}

FIXTURE_TEARDOWN(arrival)
{
	CAPMSG_TEARDOWN();
}

static int noted_port(int fd, __u64 to, unsigned int depth, __u64 note, __u64 arrival,
		      __u64 no_senders)
{
	return do_create_port(fd, &(struct capmsg_create_port){
		.to = to, .flags = CAPMSG_PORT_NO_SHARES, .depth = depth,
		.max_caps = 4, .notification = note,
		.arrival_bits = arrival, .no_senders_bits = no_senders });
}

TEST_F(arrival, errors)
{
	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	ASSERT_EQ(0, cap_copy(self->fd, NOTE, COPY, CAPMSG_RIGHT_RECV));
	EXPECT_EQ(-EINVAL, noted_port(self->fd, VOID, 1, NOTE, 0, 0));
	EXPECT_EQ(-EINVAL, noted_port(self->fd, VOID, 1, 0, 1, 0));
	EXPECT_EQ(-EINVAL, noted_port(self->fd, VOID, 1, 0, 0, 1));
	EXPECT_EQ(-EINVAL, noted_port(self->fd, VOID, 1, PORT, 1, 0));
	EXPECT_EQ(-ENOENT, noted_port(self->fd, VOID, 1, SLOT(0x20), 1, 0));
	EXPECT_EQ(-EACCES, noted_port(self->fd, VOID, 1, COPY, 1, 1));
	EXPECT_EQ(-EACCES, noted_port(self->fd, VOID, 1, COPY, 0, 1));
	EXPECT_EQ(-EEXIST, noted_port(self->fd, PORT, 1, NOTE, 1, 1));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, VOID));
	EXPECT_EQ(0, note_pending(self->fd, NOTE));
}

/* Many messages, one bit. */
TEST_F(arrival, coalesces)
{
	const int event = eventfd(0, EFD_NONBLOCK);
	unsigned int i;

	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, COPY, event));
	ASSERT_EQ(0, noted_port(self->fd, PORT, MANY, COPY, 0x10, 0));
	EXPECT_EQ(0, note_pending(self->fd, COPY));
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, msg_try(self->fd, PORT, &i, sizeof(i)));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, PORT, "full", 4));
	EXPECT_EQ(1, eventfd_take(event));
	EXPECT_EQ(0x10, note_take(self->fd, COPY, ALL));
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, note_take(self->fd, COPY, ALL));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "", 0));
	EXPECT_EQ(0x10, note_take(self->fd, COPY, ALL));
}

/* Every kind of message: long, with capabilities, from the line, a call. */
TEST_F(arrival, of_every_kind)
{
	char *memory = memory_new(2 * PAGE, true);
	struct capmsg_item item = { .address = NOTE, .rights = CAPMSG_RIGHT_SEND };
	struct capmsg_send send = { .to = PORT, .items = PTR(&item), .n_items = 1,
		.deadline = patience() };
	struct capmsg_call call;
	char reply[8];
	struct job job;

	ASSERT_EQ(0, region_create(self->fd, REGION, memory, PAGE));
	ASSERT_EQ(0, noted_port(self->fd, PORT, 1, NOTE, 1, 2));
	ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, PAGE, 0, 0));
	ASSERT_EQ(0, msg_send(self->fd, PORT, memory + PAGE, PAGE));
	EXPECT_EQ(1, note_take(self->fd, NOTE, ALL));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	/* In line, until a post fits. */
	ASSERT_EQ(0, JOB_START(&job, self->fd, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, VOID, 1));
	EXPECT_EQ(1, note_take(self->fd, NOTE, ALL));
	ASSERT_EQ(0, job_join(&job));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, 0, 0));
	call = call_make(PORT, "", 0, reply, sizeof(reply));
	ASSERT_EQ(0, JOB_START(&job, self->fd, call, CALL, &call));
	ASSERT_EQ(1, note_wait(self->fd, NOTE, ALL));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	ASSERT_EQ(0, msg_reply(self->fd, PORT, &self->record, "", 0));
	EXPECT_EQ(0, job_join(&job));
	/* An answer is no arrival. */
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
}

/* What comes back to the port has arrived again. */
TEST_F(arrival, again)
{
	struct capmsg_recv bad = { .port = PORT, .records = PAGE, .n_records = 1,
		.flags = CAPMSG_NONBLOCK };

	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, noted_port(self->fd, PORT, 1, NOTE, 1, 0));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "", 0));
	EXPECT_EQ(1, note_take(self->fd, NOTE, ALL));
	EXPECT_EQ(-EFAULT, do_recv(self->fd, &bad));
	EXPECT_EQ(1, note_take(self->fd, NOTE, ALL));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	/* A post that has lost its landing slots is there to be received, too. */
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, SLOT2(5, 0), 1));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
	ASSERT_EQ(0, obj_destroy(self->fd, TABLE));
	EXPECT_EQ(1, note_take(self->fd, NOTE, ALL));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(ENOENT, self->record.out_error);
}

/* Through a badged capability its badge is set, whatever was asked for. */
TEST_F(arrival, badged)
{
	ASSERT_EQ(0, cap_badge(self->fd, NOTE, COPY, 0x100));
	ASSERT_EQ(0, noted_port(self->fd, PORT, 1, COPY, 1, 2));
	/* The notice does not depend on the slot. */
	ASSERT_EQ(0, cap_clear(self->fd, COPY));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "", 0));
	EXPECT_EQ(0x100, note_take(self->fd, NOTE, ALL));
}

/* The port goes on without its notification. */
TEST_F(arrival, nowhere)
{
	ASSERT_EQ(0, noted_port(self->fd, PORT, 2, NOTE, 1, 0));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "", 0));
	ASSERT_EQ(0, obj_destroy(self->fd, NOTE));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "", 0));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
}

struct stream {
	int fd;
	unsigned int n;
};

/* Receives like a server that sleeps in WAIT only. */
static void *receive_noted(void *arg)
{
	struct stream *stream = arg;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	unsigned int i = 0;

	while (i < stream->n) {
		if (note_wait(stream->fd, NOTE, 1) != 1)
			return arg;
		while (i < stream->n && !msg_poll(stream->fd, PORT, &record, data))
			i++;
	}
	return NULL;
}

/*
 * The bit comes with the message: who takes it finds the message, or has it. Two threads
 * take turns ten thousand times, which a busy host draws out.
 */
TEST_F_TIMEOUT(arrival, never_missed, 90)
{
	struct stream stream = { .fd = self->fd, .n = 5000 };
	pthread_t thread;
	unsigned int i;
	void *result;

	ASSERT_EQ(0, noted_port(self->fd, PORT, 4, NOTE, 1, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, receive_noted, &stream));
	for (i = 0; i < stream.n; i++)
		ASSERT_EQ(0, msg_send(self->fd, PORT, &i, sizeof(i)));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(NULL, result);
}

TEST_HARNESS_MAIN
