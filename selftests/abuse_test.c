// SPDX-License-Identifier: GPL-2.0-only
/*
 * abuse_test.c - what is tried with virtual objects by those who have no right to it:
 * clients, handlers, and who is both at once.
 */
#include <sched.h>

#include "kselftest_harness.h"
#include "handler.h"

/* In the space of who is abused. */
#define VICTIM	SLOT(1)		/* the port of its handler */
#define THING	SLOT(2)		/* what it has */
#define VIRTUAL	SLOT(3)		/* what it plays */
#define NOTE	SLOT(4)
/* In the space of who abuses. */
#define HANDLER	SLOT(1)		/* the port of its handler */
#define MINE	SLOT(2)		/* what it plays */
#define GIVEN	SLOT(3)		/* what it was given */
#define OWN	SLOT(4)
#define SPARE	SLOT(5)

FIXTURE(abuse) {
	int fd;			/* of who is abused */
	int tx;			/* of who abuses */
	struct handler victim;	/* there, and here */
	struct handler handler;
	struct verdict said;	/* what the victim says to everything */
	struct verdict verdict;	/* what the other one says */
	atomic_bool stop;
};

static void decide(struct handler *handler, const struct upcall *up, struct verdict *verdict)
{
	*verdict = *(const struct verdict *)handler->data;
}

FIXTURE_SETUP(abuse)
{
	ASSERT_EQ(100, dup2(space_new(), 100));
	ASSERT_EQ(101, dup2(space_new(), 101));
	close_range(3, 99, 0);
	self->fd = 100;
	self->tx = 101;
	ASSERT_EQ(0, handler_port(self->fd, VICTIM, 8));
	ASSERT_EQ(0, handler_port(self->tx, HANDLER, 8));
	self->victim = (struct handler){ .fd = self->fd, .port = VICTIM, .decide = decide,
		.data = &self->said };
	self->handler = (struct handler){ .fd = self->tx, .port = HANDLER, .decide = decide,
		.data = &self->verdict };
	ASSERT_EQ(0, handler_start(&self->victim));
	ASSERT_EQ(0, handler_start(&self->handler));
}

FIXTURE_TEARDOWN(abuse)
{
	handler_stop(&self->handler);
	handler_stop(&self->victim);
	CAPMSG_TEARDOWN();
}

static int play(int fd, __u64 to, unsigned int kind, unsigned int cache_bits)
{
	/* Both have their port at the same address. */
	return do_create_virtual(fd, &(struct capmsg_create_virtual){ .to = to,
		.handler = HANDLER, .kind = kind, .cache_bits = cache_bits });
}

/* Is what somebody plays there still? Asks nobody. */
static bool lives(int fd, __u64 address)
{
	int ret = cap_copy(fd, address, SLOT(0x7f), CAPMSG_RIGHTS_ALL);

	cap_clear(fd, SLOT(0x7f));
	return !ret;
}

/* --- the end of objects ------------------------------------------------------------------ */

#define RACE_MS	1500

static void *create_main(void *arg)
{
	FIXTURE_DATA(abuse) *self = arg;
	struct capmsg_create_virtual create = { .to = MINE, .handler = SPARE,
		.kind = CAPMSG_TYPE_PORT };

	while (!atomic_load(&self->stop)) {
		do_create_virtual(self->tx, &create);
		obj_destroy(self->tx, MINE);
		cap_clear(self->tx, MINE);
	}
	return NULL;
}

/*
 * A handler ends while virtual objects of its are created: on one processor, by who
 * comes first there whenever it wakes.
 */
TEST_F(abuse, handler_ends_meanwhile)
{
	struct sched_param first = { .sched_priority = 1 };
	__u64 end = in_ms(RACE_MS), random = 1;
	pthread_t thread;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	ASSERT_EQ(0, pthread_create(&thread, NULL, create_main, self));
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &first));
	while (now_ns() < end) {
		struct timespec t = { .tv_nsec = 50000 + random_next(&random) % 100000 };

		EXPECT_EQ(0, handler_port(self->tx, SPARE, 1));
		nanosleep(&t, NULL);
		EXPECT_EQ(0, obj_destroy(self->tx, SPARE));
	}
	atomic_store(&self->stop, true);
	pthread_join(thread, NULL);
}

static void decide_by_command(struct handler *handler, const struct upcall *up,
			      struct verdict *v)
{
	if (up->upcall.command == CAPMSG_CMD_UNREGISTER) {
		say_value(v, OWN, 8);
		return;
	}
	say_value(v, GIVEN, 8);
	v->resolution.flags = CAPMSG_RESOLUTION_CACHE;
}

static void *invalidate_main(void *arg)
{
	FIXTURE_DATA(abuse) *self = arg;
	struct capmsg_invalidate drop = { .port = HANDLER, .object = MINE };

	while (!atomic_load(&self->stop))
		do_invalidate(self->tx, &drop);
	return NULL;
}

/* The address leads to what may not be destroyed at first, to what may be then. */
TEST_F(abuse, end_of_another_one)
{
	void *memory = memory_new(PAGE, true);
	__u64 end = in_ms(RACE_MS);
	pthread_t thread;

	ASSERT_EQ(0, play(self->fd, VIRTUAL, CAPMSG_TYPE_REGION, 0));
	ASSERT_EQ(0, cap_give(self->fd, VIRTUAL, CAPMSG_RIGHT_WRITE, self->tx, GIVEN));
	ASSERT_EQ(0, play(self->tx, MINE, CAPMSG_TYPE_CAPPAGE, 1));
	self->handler.decide = decide_by_command;
	ASSERT_EQ(0, pthread_create(&thread, NULL, invalidate_main, self));
	while (now_ns() < end && lives(self->fd, VIRTUAL)) {
		int ret;

		if (!lives(self->tx, OWN))
			ASSERT_EQ(0, region_create(self->tx, OWN, memory, PAGE));
		cap_copy(self->tx, SLOT2(2, 1), SPARE, 0);
		cap_clear(self->tx, SPARE);
		ret = region_unregister(self->tx, SLOT2(2, 1));
		EXPECT_TRUE(ret == 0 || ret == -EACCES);
	}
	atomic_store(&self->stop, true);
	pthread_join(thread, NULL);
	EXPECT_TRUE(lives(self->fd, VIRTUAL));
}

/* --- more rights than one has ------------------------------------------------------------- */

/* What stands in is virtual itself, and its handler would do it. */
TEST_F(abuse, right_of_a_stand_in)
{
	say_done(&self->said);
	say_stand_in(&self->verdict, GIVEN);
	ASSERT_EQ(0, play(self->fd, VIRTUAL, CAPMSG_TYPE_NOTIFICATION, 0));
	ASSERT_EQ(0, cap_give(self->fd, VIRTUAL, CAPMSG_RIGHT_RECV, self->tx, GIVEN));
	ASSERT_EQ(0, play(self->tx, MINE, CAPMSG_TYPE_NOTIFICATION, 0));
	EXPECT_EQ(-EACCES, note_signal(self->tx, MINE, 1));
	EXPECT_EQ(1, atomic_load(&self->handler.upcalls));
	EXPECT_EQ(0, atomic_load(&self->victim.upcalls));
}

/* What cannot be read is not listed either, whatever way leads there. */
TEST_F(abuse, list_of_an_opaque_table)
{
	struct capmsg_list_entry entries[4];
	struct capmsg_list list = { .table = MINE, .entries = PTR(entries), .n = 4 };

	ASSERT_EQ(0, cappage_create(self->fd, THING, 8));
	ASSERT_EQ(0, port_create(self->fd, SLOT2(2, 1), 1));
	ASSERT_EQ(0, cap_give(self->fd, THING, 0, self->tx, GIVEN));
	say_slot(&self->verdict, GIVEN, 1, 8);
	ASSERT_EQ(0, play(self->tx, MINE, CAPMSG_TYPE_CAPPAGE, 0));
	EXPECT_EQ(-EACCES, cap_type(self->tx, SLOT2(2, 1)));
	EXPECT_EQ(0, do_list(self->tx, &list));
	EXPECT_EQ(0, list.out_n);
}

/* Nor is its handler told that somebody has tried to look at it. */
TEST_F(abuse, stat_in_an_opaque_table)
{
	ASSERT_EQ(0, cappage_create(self->tx, SPARE, 8));
	say_error(&self->verdict, ENOENT);
	ASSERT_EQ(0, play(self->tx, SLOT2(5, 1), CAPMSG_TYPE_PORT, 0));
	ASSERT_EQ(0, cap_copy(self->tx, SPARE, OWN, 0));
	EXPECT_EQ(-EACCES, cap_type(self->tx, SLOT2(4, 1)));
	EXPECT_EQ(0, atomic_load(&self->handler.upcalls));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(5, 1)));
	EXPECT_EQ(1, atomic_load(&self->handler.upcalls));
}

/* A badge takes the place of the bits, and whoever names some makes a mistake. */
TEST_F(abuse, signal_badge_and_bits)
{
	say_done(&self->verdict);
	ASSERT_EQ(0, play(self->tx, MINE, CAPMSG_TYPE_NOTIFICATION, 0));
	ASSERT_EQ(0, cap_badge(self->tx, MINE, SPARE, 5));
	EXPECT_EQ(0, note_signal(self->tx, SPARE, 0));
	EXPECT_EQ(-EINVAL, note_signal(self->tx, SPARE, 1));
	EXPECT_EQ(1, atomic_load(&self->handler.upcalls));
}

/* --- what is remembered ------------------------------------------------------------------- */

#define GONE	1

/* As long as somebody can send by what is remembered, somebody can send. */
TEST_F(abuse, remembered_sender)
{
	struct capmsg_create_port create = { .to = THING, .flags = CAPMSG_PORT_NO_SHARES,
		.depth = 4, .notification = NOTE, .no_senders_bits = GONE };
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];

	ASSERT_EQ(0, note_create(self->fd, NOTE));
	ASSERT_EQ(0, do_create_port(self->fd, &create));
	ASSERT_EQ(0, cap_give(self->fd, THING, CAPMSG_RIGHT_SEND, self->tx, GIVEN));
	EXPECT_EQ(0, note_pending(self->fd, NOTE));
	ASSERT_EQ(0, play(self->tx, MINE, CAPMSG_TYPE_PORT, 1));
	say_stand_in(&self->verdict, GIVEN);
	self->verdict.resolution.flags = CAPMSG_RESOLUTION_CACHE;
	ASSERT_EQ(0, msg_send(self->tx, MINE, "x", 1));
	ASSERT_EQ(0, cap_clear(self->tx, GIVEN));
	ASSERT_EQ(0, msg_try(self->tx, MINE, "x", 1));
	EXPECT_EQ(0, note_pending(self->fd, NOTE));
	ASSERT_EQ(0, do_invalidate(self->tx, &(struct capmsg_invalidate){
		.port = HANDLER, .object = MINE }));
	EXPECT_EQ(GONE, note_pending(self->fd, NOTE));
	EXPECT_EQ(-EAGAIN, msg_try(self->tx, MINE, "x", 1));
	EXPECT_EQ(0, msg_poll(self->fd, THING, &record, data));
	EXPECT_EQ(0, msg_poll(self->fd, THING, &record, data));
}

/* What is remembered serves all who come by, and each as far as their way is open. */
TEST_F(abuse, remembered_through_a_revoker)
{
	__u64 through = SLOT(9);

	ASSERT_EQ(0, port_create(self->tx, OWN, 8));
	ASSERT_EQ(0, do_create_revoker(self->tx, &(struct capmsg_create_revoker){
		.from = OWN, .to = SPARE, .revoker = SLOT(10) }));
	ASSERT_EQ(0, play(self->tx, MINE, CAPMSG_TYPE_PORT, 2));
	ASSERT_EQ(0, do_create_revoker(self->tx, &(struct capmsg_create_revoker){
		.from = MINE, .to = through, .revoker = SLOT(11) }));
	say_stand_in(&self->verdict, SPARE);
	self->verdict.resolution.flags = CAPMSG_RESOLUTION_CACHE;
	ASSERT_EQ(0, msg_send(self->tx, MINE, "x", 1));
	EXPECT_EQ(0, msg_try(self->tx, MINE, "x", 1));
	EXPECT_EQ(0, msg_try(self->tx, through, "x", 1));
	ASSERT_EQ(0, do_revoke(self->tx, &(struct capmsg_revoke){ .revoker = SLOT(11) }));
	EXPECT_EQ(-ENOENT, msg_try(self->tx, through, "x", 1));
	EXPECT_EQ(0, msg_try(self->tx, MINE, "x", 1));
	ASSERT_EQ(0, do_revoke(self->tx, &(struct capmsg_revoke){ .revoker = SLOT(10) }));
	EXPECT_EQ(-ENOENT, msg_try(self->tx, MINE, "x", 1));
	EXPECT_EQ(1, atomic_load(&self->handler.upcalls));
}

static void decide_slot_or_value(struct handler *handler, const struct upcall *up,
				 struct verdict *v)
{
	if (up->upcall.flags & CAPMSG_UPCALL_SLOT)
		say_slot(v, OWN, 1, 8);
	else
		say_value(v, SLOT2(4, 1), 8);
}

/* What is there says nothing of where, to the same command as well. */
TEST_F(abuse, value_for_a_slot)
{
	ASSERT_EQ(0, cappage_create(self->tx, OWN, 8));
	ASSERT_EQ(0, port_create(self->tx, SLOT2(4, 1), 1));
	self->handler.decide = decide_slot_or_value;
	ASSERT_EQ(0, play(self->tx, MINE, CAPMSG_TYPE_CAPPAGE, 0));
	EXPECT_EQ(-EEXIST, cap_copy(self->tx, SLOT2(2, 1), SLOT2(2, 1), CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(2, atomic_load(&self->handler.upcalls));
}

TEST_HARNESS_MAIN
