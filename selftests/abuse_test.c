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

TEST_HARNESS_MAIN
