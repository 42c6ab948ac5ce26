// SPDX-License-Identifier: GPL-2.0-only
/*
 * notification_test.c - notifications: SIGNAL and WAIT.
 */
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define NOTE	SLOT(1)
#define COPY	SLOT(2)
#define PORT	SLOT(3)
#define OTHER	SLOT(4)
#define TABLE	SLOT(5)
#define VOID	SLOT(0x10)
#define TOP	0x8000000000000000ULL
#define MANY	8
#define ALL	(~0ULL)

FIXTURE(notification) {
	int fd;
};

FIXTURE_SETUP(notification)
{
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, note_create(self->fd, NOTE));
}

FIXTURE_TEARDOWN(notification)
{
	CAPMSG_TEARDOWN();
}

static int wait_error(int fd, __u64 address, __u64 mask, unsigned int flags, __u64 deadline)
{
	return do_wait(fd, &(struct capmsg_wait){ .flags = flags, .notification = address,
		.mask = mask, .deadline = deadline });
}

/* A WAIT in a thread. */
struct waiter {
	struct job job;
	struct capmsg_wait arg;
};

static int waiter_start(struct waiter *w, int fd, __u64 address, __u64 mask, __u64 deadline)
{
	w->arg = (struct capmsg_wait){ .notification = address, .mask = mask,
		.deadline = deadline };
	return JOB_START(&w->job, fd, wait, WAIT, &w->arg);
}

/* --- errors ----------------------------------------------------------------- */

TEST_F(notification, create_errors)
{
	const int file = memfd_create("", 0), event = eventfd(0, 0);

	ASSERT_LE(0, file);
	ASSERT_LE(0, event);
	EXPECT_EQ(-EOPNOTSUPP, note_make(self->fd, 4, VOID, 0));
	EXPECT_EQ(-EINVAL, note_make(self->fd, 0, VOID, event));
	EXPECT_EQ(-EINVAL, note_make(self->fd, CAPMSG_NOTIFICATION_POLL, VOID, -1));
	EXPECT_EQ(-EINVAL, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, VOID, file));
	EXPECT_EQ(-EBADF, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, VOID, -1));
	EXPECT_EQ(-EBADF, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, VOID, 1000));
	EXPECT_EQ(-ENOENT, note_make(self->fd, 0, CAPMSG_ADDRESS_VOID, 0));
	EXPECT_EQ(-ENOENT, note_make(self->fd, 0, SLOT2(1, 0), 0));
	EXPECT_EQ(-EEXIST, note_make(self->fd, 0, NOTE, 0));
	EXPECT_EQ(-EEXIST, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, NOTE, event));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 4));
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, OTHER, CAPMSG_RIGHT_READ));
	EXPECT_EQ(-EACCES, note_make(self->fd, 0, CAPMSG_ADDRESS(0x40, 12), 0));
	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, VOID, 1));
	EXPECT_EQ(-EBUSY, note_make(self->fd, 0, VOID, 0));
}

TEST_F(notification, rights)
{
	EXPECT_EQ(CAPMSG_TYPE_NOTIFICATION, cap_type(self->fd, NOTE));
	EXPECT_EQ(CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_RECV | CAPMSG_RIGHT_DESTROY,
		  cap_rights(self->fd, NOTE));
	ASSERT_EQ(0, cap_copy(self->fd, NOTE, COPY, CAPMSG_RIGHT_RECV));
	EXPECT_EQ(-EACCES, note_signal(self->fd, COPY, 1));
	EXPECT_EQ(-EACCES, obj_destroy(self->fd, COPY));
	ASSERT_EQ(0, note_signal(self->fd, NOTE, 1));
	EXPECT_EQ(1, note_pending(self->fd, COPY));
	EXPECT_EQ(1, note_take(self->fd, COPY, ALL));
	ASSERT_EQ(0, cap_copy(self->fd, NOTE, OTHER, CAPMSG_RIGHT_SEND));
	EXPECT_EQ(0, note_signal(self->fd, OTHER, 2));
	EXPECT_EQ(-EACCES, wait_error(self->fd, OTHER, ALL, CAPMSG_NONBLOCK, 0));
	EXPECT_EQ(0, note_pending(self->fd, OTHER));
	EXPECT_EQ(2, note_pending(self->fd, NOTE));
}

TEST_F(notification, signal_errors)
{
	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	EXPECT_EQ(-EINVAL, note_signal(self->fd, NOTE, 0));
	EXPECT_EQ(-EINVAL, note_signal(self->fd, PORT, 1));
	EXPECT_EQ(-ENOENT, note_signal(self->fd, VOID, 1));
	EXPECT_EQ(-ENOENT, note_signal(self->fd, CAPMSG_ADDRESS_VOID, 1));
	EXPECT_EQ(-ENOENT, note_signal(self->fd, SLOT2(1, 1), 1));
	EXPECT_EQ(-EOPNOTSUPP, do_signal(self->fd, &(struct capmsg_signal){
		.flags = 1, .notification = NOTE, .bits = 1 }));
	ASSERT_EQ(0, obj_destroy(self->fd, NOTE));
	EXPECT_EQ(-ENOENT, note_signal(self->fd, NOTE, 1));
}

TEST_F(notification, wait_errors)
{
	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	ASSERT_EQ(0, note_signal(self->fd, NOTE, 1));
	EXPECT_EQ(-EINVAL, wait_error(self->fd, NOTE, 0, CAPMSG_NONBLOCK, 0));
	EXPECT_EQ(-EINVAL, wait_error(self->fd, PORT, 1, CAPMSG_NONBLOCK, 0));
	EXPECT_EQ(-ENOENT, wait_error(self->fd, VOID, 1, CAPMSG_NONBLOCK, 0));
	EXPECT_EQ(-ENOENT, wait_error(self->fd, 0, 1, CAPMSG_NONBLOCK, 0));
	EXPECT_EQ(-EOPNOTSUPP, wait_error(self->fd, NOTE, 1, 2, 0));
	EXPECT_EQ(-EAGAIN, wait_error(self->fd, NOTE, 2, CAPMSG_NONBLOCK, 0));
	EXPECT_EQ(-EAGAIN, wait_error(self->fd, NOTE, 2, CAPMSG_NONBLOCK, 1));
	EXPECT_EQ(-ETIMEDOUT, wait_error(self->fd, NOTE, 2, 0, 1));
	EXPECT_EQ(1, note_pending(self->fd, NOTE));
}

/* --- bits ------------------------------------------------------------------- */

TEST_F(notification, bits_coalesce)
{
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
	ASSERT_EQ(0, note_signal(self->fd, NOTE, 5));
	ASSERT_EQ(0, note_signal(self->fd, NOTE, 4 | TOP));
	ASSERT_EQ(0, note_signal(self->fd, NOTE, 5));
	EXPECT_EQ(5 | TOP, note_pending(self->fd, NOTE));
	EXPECT_EQ(5 | TOP, note_take(self->fd, NOTE, ALL));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
	EXPECT_EQ(0, note_pending(self->fd, NOTE));
}

TEST_F(notification, mask_takes_its_bits_only)
{
	ASSERT_EQ(0, note_signal(self->fd, NOTE, 0xff));
	EXPECT_EQ(0x0f, note_take(self->fd, NOTE, 0xf0f));
	EXPECT_EQ(0xf0, note_pending(self->fd, NOTE));
	EXPECT_EQ(0, note_take(self->fd, NOTE, 0x0f));
	EXPECT_EQ(0xf0, note_wait(self->fd, NOTE, ALL));
}

/* Whoever was given a badged capability sets the bits of its badge, no others. */
TEST_F(notification, badge)
{
	ASSERT_EQ(0, cap_badge(self->fd, NOTE, COPY, 0x30));
	ASSERT_EQ(0, cap_badge(self->fd, NOTE, OTHER, 0));
	EXPECT_EQ(-EINVAL, note_signal(self->fd, COPY, 0x30));
	EXPECT_EQ(-EINVAL, note_signal(self->fd, COPY, 1));
	EXPECT_EQ(0, note_pending(self->fd, NOTE));
	EXPECT_EQ(0, note_signal(self->fd, COPY, 0));
	EXPECT_EQ(0x30, note_take(self->fd, NOTE, ALL));
	EXPECT_EQ(0, note_signal(self->fd, OTHER, 0));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
	EXPECT_EQ(-EINVAL, cap_badge(self->fd, COPY, VOID, 1));
}

/* If the bits cannot be handed out they stay, and the eventfd does not count that. */
TEST_F(notification, fault_leaves_bits)
{
	char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct capmsg_wait *arg = (void *)memory;
	const int event = eventfd(0, EFD_NONBLOCK);

	ASSERT_NE(MAP_FAILED, memory);
	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, COPY, event));
	*arg = (struct capmsg_wait){ .size = sizeof(*arg), .notification = COPY,
		.mask = 6, .flags = CAPMSG_NONBLOCK };
	ASSERT_EQ(0, mprotect(memory, PAGE, PROT_READ));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 7));
	EXPECT_EQ(-1, ioctl(self->fd, CAPMSG_IOC_WAIT, arg));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(7, note_pending(self->fd, COPY));
	EXPECT_EQ(1, eventfd_take(event));
}

struct fault {
	struct capmsg_wait *arg;
	int fd;
	int error;
	atomic_int tid;
};

static void *wait_there(void *arg)
{
	struct fault *fault = arg;

	atomic_store(&fault->tid, gettid());
	fault->error = ioctl(fault->fd, CAPMSG_IOC_WAIT, fault->arg) ? errno : 0;
	return NULL;
}

/* The memory for the bits goes away while they are waited for: others get them. */
TEST_F(notification, fault_after_waiting)
{
	struct fault fault = { .fd = self->fd };
	const int event = eventfd(0, EFD_NONBLOCK);
	struct waiter w;
	pthread_t thread;

	ASSERT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, COPY, event));
	fault.arg = (void *)memory_new(PAGE, true);
	*fault.arg = (struct capmsg_wait){ .size = sizeof(*fault.arg),
		.notification = COPY, .mask = 3, .deadline = patience() };
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_there, &fault));
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, atomic_load(&fault.tid) &&
			       task_blocked(fault.tid)));
	ASSERT_EQ(0, waiter_start(&w, self->fd, COPY, 2, patience()));
	ASSERT_TRUE(job_blocked(&w.job));
	ASSERT_EQ(0, mprotect(fault.arg, PAGE, PROT_READ));
	ASSERT_EQ(0, note_signal(self->fd, COPY, 3));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(EFAULT, fault.error);
	EXPECT_EQ(0, job_join(&w.job));
	EXPECT_EQ(2, w.arg.out_bits);
	EXPECT_EQ(1, note_pending(self->fd, COPY));
	EXPECT_EQ(1, eventfd_take(event));
}

/* --- waiting ---------------------------------------------------------------- */

TEST_F_TIMEOUT(notification, signal_wakes, 120)
{
	struct waiter w;
	unsigned int i;

	for (i = 0; i < 64; i++) {
		ASSERT_EQ(0, waiter_start(&w, self->fd, NOTE, 1ULL << i, patience()));
		if (i % 2)
			ASSERT_TRUE(job_blocked(&w.job));
		ASSERT_EQ(0, note_signal(self->fd, NOTE, ALL));
		ASSERT_EQ(0, job_join(&w.job));
		EXPECT_EQ(1ULL << i, w.arg.out_bits);
		EXPECT_EQ(~(1ULL << i), note_take(self->fd, NOTE, ALL));
	}
}

/* Each waiter has its own bit; a signal of others leaves it asleep. */
TEST_F(notification, masks_wait_apart)
{
	struct waiter w[MANY];
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, waiter_start(&w[i], self->fd, NOTE, 1ULL << i, patience()));
		ASSERT_TRUE(job_blocked(&w[i].job));
	}
	for (i = MANY; i-- > 0;) {
		ASSERT_EQ(0, note_signal(self->fd, NOTE, 1ULL << i | TOP));
		EXPECT_EQ(0, job_join(&w[i].job));
		EXPECT_EQ(1ULL << i, w[i].arg.out_bits);
		if (i)
			EXPECT_FALSE(job_done(&w[i - 1].job, 5));
	}
	EXPECT_EQ(TOP, note_take(self->fd, NOTE, ALL));
}

static unsigned int n_done(struct waiter *w)
{
	unsigned int i, n = 0;

	for (i = 0; i < MANY; i++)
		n += job_done(&w[i].job, 0);
	return n;
}

/* Of those who wait for the same bit one gets it, and the others go on waiting. */
TEST_F(notification, one_bit_for_many)
{
	struct waiter w[MANY];
	unsigned int i, n;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, waiter_start(&w[i], self->fd, NOTE, ALL, patience()));
		ASSERT_TRUE(job_blocked(&w[i].job));
	}
	for (n = 1; n <= MANY; n++) {
		ASSERT_EQ(0, note_signal(self->fd, NOTE, 1));
		EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, n_done(w) >= n));
		sleep_ms(2);
		EXPECT_EQ(n, n_done(w));
	}
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(0, job_join(&w[i].job));
		EXPECT_EQ(1, w[i].arg.out_bits);
	}
}

TEST_F(notification, deadline)
{
	const __u64 start = now_ns();

	EXPECT_EQ(-ETIMEDOUT, wait_error(self->fd, NOTE, 1, 0, in_ms(50)));
	EXPECT_LE(50000000, now_ns() - start);
	/* An error only if there is something to wait for. */
	ASSERT_EQ(0, note_signal(self->fd, NOTE, 1));
	EXPECT_EQ(0, wait_error(self->fd, NOTE, 1, 0, 1));
}

TEST_F(notification, interrupted)
{
	struct waiter w;

	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, waiter_start(&w, self->fd, NOTE, 1, patience()));
	ASSERT_TRUE(job_blocked(&w.job));
	ASSERT_EQ(0, note_signal(self->fd, NOTE, 2));
	job_signal(&w.job, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&w.job));
	EXPECT_EQ(2, note_pending(self->fd, NOTE));
}

TEST_F(notification, restarted)
{
	struct waiter w;
	unsigned int i;

	signal_ignore(SIGUSR1, SA_RESTART);
	ASSERT_EQ(0, waiter_start(&w, self->fd, NOTE, 1, patience()));
	for (i = 0; i < 10; i++) {
		ASSERT_TRUE(job_blocked(&w.job));
		job_signal(&w.job, SIGUSR1);
	}
	EXPECT_FALSE(job_done(&w.job, 10));
	ASSERT_EQ(0, note_signal(self->fd, NOTE, 1));
	EXPECT_EQ(0, job_join(&w.job));
	EXPECT_EQ(1, w.arg.out_bits);
}

TEST_F(notification, destroyed_while_waiting)
{
	struct waiter w[MANY];
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, waiter_start(&w[i], self->fd, NOTE, 1ULL << i, patience()));
		ASSERT_TRUE(job_blocked(&w[i].job));
	}
	ASSERT_EQ(0, obj_destroy(self->fd, NOTE));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(-ENOENT, job_join(&w[i].job));
}

static int owner(void *arg)
{
	const int *to = arg;
	int fd = space_new();

	if (fd < 0 || note_create(fd, NOTE))
		return 1;
	if (cap_give(fd, NOTE, CAPMSG_RIGHTS_ALL, *to, COPY))
		return 2;
	pause();
	return 3;
}

/* Who waits at the notification of another space gets ENOENT when that ends. */
TEST_F(notification, owner_killed)
{
	pid_t pid = child_start(owner, &self->fd, self->fd);
	struct waiter w;

	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       cap_type(self->fd, COPY) == CAPMSG_TYPE_NOTIFICATION));
	ASSERT_EQ(0, waiter_start(&w, self->fd, COPY, 1, patience()));
	ASSERT_TRUE(job_blocked(&w.job));
	child_kill(pid);
	EXPECT_EQ(-ENOENT, job_join(&w.job));
	EXPECT_EQ(-ENOENT, note_signal(self->fd, COPY, 1));
}

struct storm {
	int fd;
	unsigned int n;
	__u64 seen;
};

static void *storm_signal(void *arg)
{
	struct storm *storm = arg;
	unsigned int i;

	for (i = 0; i < storm->n; i++)
		note_signal(storm->fd, NOTE, 1ULL << i % 63);
	return NULL;
}

/* Bits that are set while others are taken are never lost. */
TEST_F_TIMEOUT(notification, storm, 120)
{
	struct storm storm = { .fd = self->fd, .n = 20000 };
	pthread_t thread[2];
	__u64 seen = 0;
	unsigned int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, storm_signal, &storm));
	for (i = 0; i < 10000; i++)
		seen |= note_take(self->fd, NOTE, ALL);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
	seen |= note_take(self->fd, NOTE, ALL);
	EXPECT_EQ(~TOP, seen);
}

static void *answer(void *arg)
{
	struct storm *storm = arg;
	unsigned int i;

	for (i = 0; i < storm->n; i++) {
		if (note_wait(storm->fd, NOTE, 1) != 1)
			return arg;
		note_signal(storm->fd, NOTE, 2);
	}
	return NULL;
}

/* No wake-up is lost between two that wait for each other. */
TEST_F_TIMEOUT(notification, ping_pong, 120)
{
	struct storm storm = { .fd = self->fd, .n = 2000 };
	pthread_t thread;
	unsigned int i;
	void *result;

	ASSERT_EQ(0, pthread_create(&thread, NULL, answer, &storm));
	for (i = 0; i < storm.n; i++) {
		ASSERT_EQ(0, note_signal(self->fd, NOTE, 1));
		ASSERT_EQ(2, note_wait(self->fd, NOTE, 2));
	}
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(NULL, result);
}

TEST_HARNESS_MAIN
