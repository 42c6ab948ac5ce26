// SPDX-License-Identifier: GPL-2.0-only
/*
 * poll_test.c - notifications that drive an eventfd, and the space's file that is
 * readable while a notification has bits.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define NOTE	SLOT(1)
#define COPY	SLOT(2)
#define OTHER	SLOT(4)
#define TOP	0x8000000000000000ULL
#define ALL	(~0ULL)

FIXTURE(poll) {
	int fd;
};

FIXTURE_SETUP(poll)
{
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, note_create(self->fd, NOTE));
}

FIXTURE_TEARDOWN(poll)
{
	CAPMSG_TEARDOWN();
}

/* --- eventfd ---------------------------------------------------------------- */

/* One for each signal with a bit that was not set. */
TEST_F(poll, eventfd_counts_signals)
{
	const int event = eventfd(0, EFD_NONBLOCK);

	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, COPY, event));
	EXPECT_EQ(0, eventfd_take(event));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 1));
	EXPECT_EQ(1, eventfd_take(event));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 1));
	EXPECT_EQ(0, eventfd_take(event));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 7));
	EXPECT_EQ(1, eventfd_take(event));
	EXPECT_EQ(1, note_take(self->fd, COPY, 1));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 1));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 0x11));
	ASSERT_EQ(0, note_signal(self->fd, COPY, ALL));
	ASSERT_EQ(0, note_signal(self->fd, COPY, ALL));
	EXPECT_EQ(3, eventfd_take(event));
	EXPECT_EQ(ALL, note_pending(self->fd, COPY));
	EXPECT_EQ(0, eventfd_take(event));
}

/* The notification outlives the file of its eventfd, and the other way round. */
TEST_F(poll, eventfd_ends)
{
	int event = eventfd(0, EFD_NONBLOCK);
	const int copy = dup(event);

	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, COPY, event));
	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, OTHER, event));
	close(event);
	ASSERT_EQ(0, note_signal(self->fd, COPY, 1));
	ASSERT_EQ(0, note_signal(self->fd, OTHER, 1));
	EXPECT_EQ(2, eventfd_take(copy));
	ASSERT_EQ(0, obj_destroy(self->fd, COPY));
	close(copy);
	ASSERT_EQ(0, note_signal(self->fd, OTHER, 2));
	EXPECT_EQ(3, note_take(self->fd, OTHER, ALL));
	event = eventfd(0, EFD_NONBLOCK);
	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, COPY, event));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 1));
	ASSERT_EQ(0, obj_destroy(self->fd, COPY));
	EXPECT_EQ(1, eventfd_take(event));
}

/* A full eventfd stays full, and nobody waits for it. */
TEST_F(poll, eventfd_full)
{
	const int event = eventfd(0, EFD_NONBLOCK);
	const __u64 most = ALL - 1;

	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, COPY, event));
	ASSERT_EQ(sizeof(most), write(event, &most, sizeof(most)));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 1));
	ASSERT_EQ(0, note_signal(self->fd, COPY, ALL));
	EXPECT_EQ(ALL, note_take(self->fd, COPY, ALL));
	EXPECT_EQ(ALL, eventfd_take(event));
}

TEST_F(poll, eventfd_wakes)
{
	const int event = eventfd(0, EFD_NONBLOCK), ep = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };

	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, COPY, event));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, event, &e));
	EXPECT_EQ(0, epoll_wait(ep, &e, 1, 0));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 1));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, 0));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 1));
	EXPECT_EQ(0, epoll_wait(ep, &e, 1, 0));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 2));
	EXPECT_EQ(1, epoll_wait(ep, &e, 1, 0));
}

/* --- poll ------------------------------------------------------------------- */

static int readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

TEST_F(poll, poll_level)
{
	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_POLL, COPY, 0));
	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_POLL, OTHER, 0));
	EXPECT_EQ(0, readable(self->fd));
	/* Not that one. */
	ASSERT_EQ(0, note_signal(self->fd, NOTE, 1));
	EXPECT_EQ(0, readable(self->fd));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 3));
	ASSERT_EQ(0, note_signal(self->fd, OTHER, TOP));
	EXPECT_EQ(POLLIN, readable(self->fd));
	EXPECT_EQ(3, note_take(self->fd, COPY, ALL));
	EXPECT_EQ(POLLIN, readable(self->fd));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 3));
	EXPECT_EQ(TOP, note_take(self->fd, OTHER, ALL));
	EXPECT_EQ(1, note_take(self->fd, COPY, 1));
	EXPECT_EQ(POLLIN, readable(self->fd));
	/* A destroyed notification has no bits. */
	ASSERT_EQ(0, obj_destroy(self->fd, COPY));
	EXPECT_EQ(0, readable(self->fd));
	ASSERT_EQ(0, obj_destroy(self->fd, OTHER));
	EXPECT_EQ(0, readable(self->fd));
}

TEST_F(poll, poll_before_setup)
{
	int fd = space_open();

	EXPECT_EQ(0, readable(fd));
	ASSERT_EQ(0, do_setup(fd, &(struct capmsg_setup){ .frames = 1 }));
	ASSERT_EQ(0, note_make(fd, CAPMSG_NOTIFICATION_POLL, COPY, 0));
	ASSERT_EQ(0, note_signal(fd, COPY, 1));
	EXPECT_EQ(POLLIN, readable(fd));
	EXPECT_EQ(0, readable(self->fd));
}

/* It is the file of the space that pays, whoever signals. */
TEST_F(poll, poll_of_the_owner)
{
	int fd = space_new();

	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_POLL, COPY, 0));
	ASSERT_EQ(0, cap_give(self->fd, COPY, CAPMSG_RIGHT_SEND, fd, COPY));
	ASSERT_EQ(0, note_signal(fd, COPY, 1));
	EXPECT_EQ(0, readable(fd));
	EXPECT_EQ(POLLIN, readable(self->fd));
}

TEST_F(poll, epoll_level_and_edge)
{
	const int level = epoll_create1(0), edge = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN };

	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_POLL, COPY, 0));
	ASSERT_EQ(0, epoll_ctl(level, EPOLL_CTL_ADD, self->fd, &e));
	e.events |= EPOLLET;
	ASSERT_EQ(0, epoll_ctl(edge, EPOLL_CTL_ADD, self->fd, &e));
	EXPECT_EQ(0, epoll_wait(level, &e, 1, 0));
	EXPECT_EQ(0, epoll_wait(edge, &e, 1, 0));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 1));
	EXPECT_EQ(1, epoll_wait(level, &e, 1, 0));
	EXPECT_EQ(EPOLLIN, e.events);
	EXPECT_EQ(1, epoll_wait(level, &e, 1, 0));
	EXPECT_EQ(1, epoll_wait(edge, &e, 1, 0));
	EXPECT_EQ(0, epoll_wait(edge, &e, 1, 0));
	/* Set already: no event. One that was not: an event. */
	ASSERT_EQ(0, note_signal(self->fd, COPY, 1));
	EXPECT_EQ(0, epoll_wait(edge, &e, 1, 0));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 3));
	EXPECT_EQ(1, epoll_wait(edge, &e, 1, 0));
	EXPECT_EQ(3, note_take(self->fd, COPY, ALL));
	EXPECT_EQ(0, epoll_wait(level, &e, 1, 0));
	EXPECT_EQ(0, epoll_wait(edge, &e, 1, 0));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 1));
	EXPECT_EQ(1, epoll_wait(edge, &e, 1, 0));
}

/* The file goes away under an epoll that has it, and under one in that. */
TEST_F(poll, epoll_file_closed)
{
	const int inner = epoll_create1(0), outer = epoll_create1(0), other = space_new();
	struct epoll_event e = { .events = EPOLLIN };
	int fd = space_new();

	ASSERT_EQ(0, note_make(fd, CAPMSG_NOTIFICATION_POLL, COPY, 0));
	ASSERT_EQ(0, cap_give(fd, COPY, CAPMSG_RIGHTS_ALL, other, COPY));
	ASSERT_EQ(0, epoll_ctl(inner, EPOLL_CTL_ADD, fd, &e));
	ASSERT_EQ(0, epoll_ctl(outer, EPOLL_CTL_ADD, inner, &e));
	ASSERT_EQ(0, note_signal(other, COPY, 1));
	EXPECT_EQ(1, epoll_wait(outer, &e, 1, 0));
	EXPECT_EQ(1, epoll_wait(inner, &e, 1, 0));
	close(fd);
	EXPECT_EQ(0, epoll_wait(inner, &e, 1, 0));
	EXPECT_EQ(-ENOENT, note_signal(other, COPY, 2));
	EXPECT_EQ(0, epoll_wait(outer, &e, 1, 0));
}

/* An eventfd in an epoll, that in the space's own: nothing keeps anything alive. */
TEST_F(poll, no_cycle)
{
	const int event = eventfd(0, EFD_NONBLOCK), ep = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN }, both[2];
	int fd = space_new();

	ASSERT_EQ(0, note_make(fd, CAPMSG_NOTIFICATION_EVENTFD |
			       CAPMSG_NOTIFICATION_POLL, COPY, event));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, event, &e));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	ASSERT_EQ(0, note_signal(fd, COPY, 3));
	EXPECT_EQ(2, epoll_wait(ep, both, 2, 0));
	/* The fixture proves that the space is gone when its descriptors are. */
}

struct pair {
	int fd;
	unsigned int n;
};

static void *poll_there(void *arg)
{
	struct pair *pair = arg;
	struct pollfd p = { .fd = pair->fd, .events = POLLIN };
	unsigned int i;

	for (i = 0; i < pair->n; i++) {
		if (poll(&p, 1, CAPMSG_PATIENCE_MS) != 1 || p.revents != POLLIN)
			return arg;
		if (note_take(pair->fd, COPY, ALL) != 1)
			return arg;
		note_signal(pair->fd, NOTE, 1);
	}
	return NULL;
}

/* No poll sleeps beside a bit. */
TEST_F_TIMEOUT(poll, poll_ping_pong, 120)
{
	struct pair pair = { .fd = self->fd, .n = 2000 };
	pthread_t thread;
	unsigned int i;
	void *result;

	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_POLL, COPY, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, poll_there, &pair));
	for (i = 0; i < pair.n; i++) {
		ASSERT_EQ(0, note_signal(self->fd, COPY, 1));
		ASSERT_EQ(1, note_wait(self->fd, NOTE, 1));
	}
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(NULL, result);
}

TEST_HARNESS_MAIN
