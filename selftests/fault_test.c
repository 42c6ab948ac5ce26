// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault_test.c - memory that goes away or does not come while it is copied, on
 * both sides; claims that are stolen, taken back, abandoned.
 */
#include <sys/syscall.h>
#include <linux/userfaultfd.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)		/* depth 1 */
#define REGION	SLOT(2)
#define LARGE	(4 * MIB)
#define SMALL	(4 * PAGE)

FIXTURE(fault) {
	int fd;
	char *target;		/* the region */
	char *source;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

FIXTURE_SETUP(fault)
{
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	self->target = memory_new(LARGE, false);
	self->source = memory_new(LARGE, false);
	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->target, LARGE));
}

FIXTURE_TEARDOWN(fault)
{
	CAPMSG_TEARDOWN();
}

/* The port has nothing in it and takes a large message: NULL, or what is wrong. */
static const char *port_usable(FIXTURE_DATA(fault) *self)
{
	char *probe = memory_new(SMALL, false);
	struct capmsg_record record;
	struct capmsg_stat stat;

	if (msg_poll(self->fd, PORT, &record, self->data) != -EAGAIN)
		return "a message was delivered";
	if (cap_stat(self->fd, PORT, &stat) || stat.out_claimed || stat.out_senders)
		return "still claimed or waited for";
	pattern_fill(probe, SMALL, 99);
	if (msg_try(self->fd, PORT, probe, SMALL))
		return "SEND";
	munmap(probe, SMALL);
	if (msg_poll(self->fd, PORT, &record, self->data) || record.out_length != SMALL)
		return "RECV";
	return pattern_check(self->target, SMALL, 99) == -1 ? NULL : "bytes";
}

/* --- sources that are not there --------------------------------------------------- */

TEST_F(fault, source_protected)
{
	struct capmsg_iovec iov[2] = { { PTR(self->source), SMALL }, { 4096, 1 } };
	const size_t lengths[] = { 257, PAGE, SMALL, 64 * KIB, MIB };
	const char *wrong;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		char *end = self->source + lengths[i] + PAGE - 1;

		end = (char *)(PTR(end) & -PAGE);
		ASSERT_EQ(0, mprotect(end, PAGE, PROT_NONE));
		ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, MIB, 0, 0));
		EXPECT_EQ(-EFAULT, msg_try(self->fd, PORT, end - lengths[i] + 1, lengths[i]));
		EXPECT_EQ(-EFAULT, msg_send(self->fd, PORT, end, lengths[i]));
		wrong = port_usable(self);
		EXPECT_EQ(NULL, wrong)
			TH_LOG("after %zu bytes: %s", lengths[i], wrong);
		ASSERT_EQ(0, mprotect(end, PAGE, PROT_READ | PROT_WRITE));
	}
	/* A bad piece behind good ones. */
	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, MIB, 0, 0));
	EXPECT_EQ(-EFAULT, do_send(self->fd, &(struct capmsg_send){
		.to = PORT, .data = PTR(iov), .n_iov = 2, .deadline = patience() }));
	EXPECT_EQ(NULL, port_usable(self));
}

/* --- sources that go away while they are copied ------------------------------------ */

struct meddler {
	pthread_t thread;
	char *memory;
	size_t length;
	unsigned int delay_us;
	atomic_bool stop;
};

static void *unmap_later(void *data)
{
	struct meddler *meddler = data;

	usleep(meddler->delay_us);
	munmap(meddler->memory + meddler->length - MIB, MIB);
	return NULL;
}

TEST_F(fault, source_unmapped)
{
	unsigned int i, faults = 0;
	struct meddler meddler;
	int ret;

	/* Until it has come in time once. */
	for (i = 0; i < 12 || !faults; i++) {
		meddler = (struct meddler){ .length = LARGE,
			.delay_us = i % 12 * (i % 12) * 100 };
		meddler.memory = memory_new(LARGE, false);
		memset(meddler.memory + LARGE - MIB, 1, MIB);
		ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, LARGE, 0, 0));
		ASSERT_EQ(0, pthread_create(&meddler.thread, NULL, unmap_later, &meddler));
		ret = msg_send(self->fd, PORT, meddler.memory, LARGE);
		ASSERT_EQ(0, pthread_join(meddler.thread, NULL));
		if (ret == 0) {
			/* All of it was there: it arrived whole. */
			ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
			EXPECT_EQ(LARGE, self->record.out_length);
			EXPECT_EQ(-1, bytes_check(self->target + LARGE - MIB, MIB, 1));
		} else {
			EXPECT_EQ(-EFAULT, ret);
			EXPECT_EQ(NULL, port_usable(self));
			faults++;
		}
		munmap(meddler.memory, LARGE - MIB);
	}
}

static void *drop_again_and_again(void *data)
{
	struct meddler *meddler = data;
	size_t i;

	while (!atomic_load(&meddler->stop)) {
		for (i = 0; i < meddler->length; i += MIB)
			madvise(meddler->memory + i, MIB, MADV_DONTNEED);
		/* Otherwise a slow machine gets nowhere. */
		usleep(500);
	}
	return NULL;
}

/* Pages that are dropped are zeros again; the message arrives all the same. */
TEST_F(fault, source_dropped)
{
	struct meddler meddler = { .memory = self->source, .length = LARGE };
	unsigned int i;

	ASSERT_EQ(0, pthread_create(&meddler.thread, NULL, drop_again_and_again, &meddler));
	for (i = 0; i < 5; i++) {
		memset(self->source, 0, LARGE);
		memset(self->target, POISON, LARGE);
		ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, LARGE, 0, 0));
		EXPECT_EQ(0, msg_send(self->fd, PORT, self->source, LARGE));
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
		EXPECT_EQ(-1, bytes_check(self->target, LARGE, 0));
	}
	atomic_store(&meddler.stop, true);
	pthread_join(meddler.thread, NULL);
}

/* --- sources that do not come: userfaultfd ------------------------------------------ */

/*
 * A source of SMALL bytes, of which page 2 comes only when we bring it. The
 * module touches the whole source before it claims a post; for a sender that
 * stalls with a claim, page 1 is taken away while page 2 is waited for.
 */
struct stalled {
	int uffd;
	char *memory;
	unsigned int seed;
	__u64 since;		/* a moment before it has claimed a post */
	struct capmsg_send send;
	struct job job;
};

static int stalled_new(struct stalled *stalled, unsigned int seed)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	stalled->seed = seed;
	stalled->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	stalled->memory = memory_new(SMALL, false);
	if (stalled->uffd < 0 || ioctl(stalled->uffd, UFFDIO_API, &api))
		return -errno;
	pattern_fill(stalled->memory, SMALL, seed);
	if (madvise(stalled->memory + 2 * PAGE, PAGE, MADV_DONTNEED))
		return -errno;
	reg.range.start = PTR(stalled->memory + PAGE);
	reg.range.len = 2 * PAGE;
	stalled->send = (struct capmsg_send){ .to = PORT, .data = PTR(stalled->memory),
		.length = SMALL, .deadline = patience() };
	return ioctl(stalled->uffd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

/* Somebody waits for @page. */
static bool stalled_at(struct stalled *stalled, unsigned int page)
{
	struct uffd_msg msg;

	return WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			  read(stalled->uffd, &msg, sizeof(msg)) == sizeof(msg)) &&
	       msg.event == UFFD_EVENT_PAGEFAULT &&
	       (msg.arg.pagefault.address & -PAGE) == PTR(stalled->memory + page * PAGE);
}

static int stalled_bring(struct stalled *stalled, unsigned int page)
{
	char *bytes = memory_new(SMALL, false);
	struct uffdio_copy copy = { .dst = PTR(stalled->memory + page * PAGE),
		.src = PTR(bytes + page * PAGE), .len = PAGE };

	pattern_fill(bytes, SMALL, stalled->seed);
	return ioctl(stalled->uffd, UFFDIO_COPY, &copy) ? -errno : 0;
}

/* From the wait for page 2 to the wait for page 1, with a claim. */
static int stalled_claims(struct stalled *stalled)
{
	int ret;

	if (!stalled_at(stalled, 2))
		return -ETIME;
	if (madvise(stalled->memory + PAGE, PAGE, MADV_DONTNEED))
		return -errno;
	stalled->since = now_ns();
	ret = stalled_bring(stalled, 2);
	return ret ?: stalled_at(stalled, 1) ? 0 : -ETIME;
}

/* A port of depth 1 with @steal_us, a post in it, and a sender that stalls. */
static int stall(FIXTURE_DATA(fault) *self, struct stalled *stalled, unsigned int steal_us)
{
	int ret = obj_destroy(self->fd, PORT);

	ret = ret ?: do_create_port(self->fd, &(struct capmsg_create_port){
		.to = PORT, .depth = 1, .steal_delay_us = steal_us });
	ret = ret ?: post_any(self->fd, PORT, REGION, 0, SMALL, 0, 0);
	ret = ret ?: stalled_new(stalled, 5);
	ret = ret ?: JOB_START(&stalled->job, self->fd, send, SEND, &stalled->send);
	return ret ?: stalled_claims(stalled);
}

static unsigned int claimed(int fd)
{
	struct capmsg_stat stat;

	return cap_stat(fd, PORT, &stat) ? 1000 : stat.out_claimed;
}

/* Brings the page, and sees the message arrive whole in the next post. */
static const char *stalled_arrives(FIXTURE_DATA(fault) *self, struct stalled *stalled)
{
	struct capmsg_record record;

	if (stalled_bring(stalled, 1))
		return "UFFDIO_COPY";
	if (post_any(self->fd, PORT, REGION, PAGE, SMALL, 0, 0) < 0)
		return "POST";
	if (job_join(&stalled->job))
		return "SEND";
	if (msg_poll(self->fd, PORT, &record, self->data) || record.out_length != SMALL)
		return "RECV";
	return pattern_check(self->target + PAGE, SMALL, 5) == -1 ? NULL : "bytes";
}

TEST_F(fault, stalled_goes_on)
{
	struct stalled stalled;

	ASSERT_EQ(0, stall(self, &stalled, 0));
	EXPECT_EQ(1, claimed(self->fd));
	EXPECT_EQ(-EBUSY, do_post(self->fd, &(struct capmsg_post){ .port = PORT }));
	EXPECT_EQ(-EBUSY, region_unregister(self->fd, REGION));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
	/* Nobody else wants the post: the claim keeps, longer than the delay. */
	EXPECT_FALSE(job_done(&stalled.job, 50));
	ASSERT_EQ(0, stalled_bring(&stalled, 1));
	EXPECT_EQ(0, job_join(&stalled.job));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(-1, pattern_check(self->target, SMALL, 5));
}

/* Another sender takes the post once the steal delay is over. */
TEST_F(fault, stolen)
{
	char *probe = memory_new(PAGE, false);
	struct stalled stalled;

	pattern_fill(probe, PAGE, 6);
	ASSERT_EQ(0, stall(self, &stalled, 300000));
	ASSERT_EQ(0, msg_send(self->fd, PORT, probe, PAGE));
	EXPECT_LE(300000000, now_ns() - stalled.since);
	EXPECT_FALSE(job_done(&stalled.job, 0));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(PAGE, self->record.out_length);
	EXPECT_EQ(-1, pattern_check(self->target, PAGE, 6));
	/* The first one starts again, and its bytes are right. */
	EXPECT_EQ(NULL, stalled_arrives(self, &stalled));
}

/* A short message steals as well; it needs a post like any other. */
TEST_F(fault, stolen_by_short)
{
	struct stalled stalled;

	ASSERT_EQ(0, stall(self, &stalled, 20000));
	ASSERT_EQ(0, msg_send(self->fd, PORT, "quick", 5));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->data, "quick", 5));
	/* It leaves the post posted: the first sender may be at it again. */
	ASSERT_EQ(0, stalled_bring(&stalled, 1));
	EXPECT_EQ(0, job_join(&stalled.job));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(-1, pattern_check(self->target, SMALL, 5));
}

/*
 * UNPOST takes the post at once, and nobody writes to it any more. It waits neither for
 * the page, which comes only afterwards, nor for the delay: that is longer than this test
 * may take.
 */
TEST_F(fault, unposted)
{
	struct stalled stalled;

	ASSERT_EQ(0, stall(self, &stalled, 60000000));
	ASSERT_EQ(0, post_take(self->fd, PORT, 0));
	memset(self->target, POISON, 2 * SMALL);
	EXPECT_FALSE(job_done(&stalled.job, 0));
	EXPECT_EQ(NULL, stalled_arrives(self, &stalled));
	EXPECT_EQ(-1, bytes_check(self->target, PAGE, POISON));
}

/* The deadline of a stalled sender passes: delivered or timed out, not both. */
TEST_F(fault, deadline_while_stalled)
{
	struct stalled stalled;
	int ret;

	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, SMALL, 0, 0));
	ASSERT_EQ(0, stalled_new(&stalled, 5));
	stalled.send.deadline = in_ms(50);
	ASSERT_EQ(0, JOB_START(&stalled.job, self->fd, send, SEND, &stalled.send));
	ASSERT_EQ(0, stalled_claims(&stalled));
	sleep_ms(60);
	ASSERT_EQ(0, stalled_bring(&stalled, 1));
	ret = job_join(&stalled.job);
	EXPECT_TRUE(ret == 0 || ret == -ETIMEDOUT)
		TH_LOG("%d", ret);
	EXPECT_EQ(ret ? -EAGAIN : 0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, claimed(self->fd));
}

/* The port goes away under a stalled sender. */
TEST_F(fault, destroyed_while_stalled)
{
	struct stalled stalled;

	ASSERT_EQ(0, stall(self, &stalled, 60000000));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	ASSERT_EQ(0, region_unregister(self->fd, REGION));
	memset(self->target, POISON, SMALL);
	ASSERT_EQ(0, stalled_bring(&stalled, 1));
	EXPECT_EQ(-ENOENT, job_join(&stalled.job));
	EXPECT_EQ(-1, bytes_check(self->target, SMALL, POISON));
}

static void *claim_later(void *stalled)
{
	stalled_claims(stalled);
	return NULL;
}

static int stall_for_ever(void *unused)
{
	struct stalled stalled;
	pthread_t thread;
	int ret = stalled_new(&stalled, 5);

	ret = ret ?: pthread_create(&thread, NULL, claim_later, &stalled);
	return ret ?: do_send(3, &stalled.send);
}

/* A stalled sender is killed: its post is free at once. */
TEST_F(fault, killed_while_stalled)
{
	pid_t pid;

	ASSERT_EQ(100, dup2(self->fd, 100));
	ASSERT_EQ(3, dup2(100, 3));
	self->fd = 100;
	ASSERT_EQ(0, post_any(100, PORT, REGION, 0, SMALL, 0, 0));
	pid = child_start(stall_for_ever, NULL, 3);
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, claimed(100) == 1));
	sleep_ms(20);
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	EXPECT_EQ(0, claimed(100));
	EXPECT_EQ(NULL, port_usable(self));
}

/* Stalled before it has claimed anything: the post is anybody's. */
TEST_F(fault, stalled_without_claim)
{
	struct stalled stalled;

	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, SMALL, 0, 0));
	ASSERT_EQ(0, stalled_new(&stalled, 5));
	ASSERT_EQ(0, JOB_START(&stalled.job, self->fd, send, SEND, &stalled.send));
	ASSERT_TRUE(stalled_at(&stalled, 2));
	EXPECT_EQ(0, claimed(self->fd));
	EXPECT_EQ(NULL, port_usable(self));
	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, SMALL, 0, 0));
	ASSERT_EQ(0, stalled_bring(&stalled, 2));
	EXPECT_EQ(0, job_join(&stalled.job));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(-1, pattern_check(self->target, SMALL, 5));
}

/* The bytes of a short message are read first of all: nobody is kept waiting. */
TEST_F(fault, short_stalled)
{
	struct stalled stalled;

	ASSERT_EQ(0, stalled_new(&stalled, 5));
	stalled.send.data = PTR(stalled.memory + 2 * PAGE);
	stalled.send.length = 100;
	ASSERT_EQ(0, JOB_START(&stalled.job, self->fd, send, SEND, &stalled.send));
	ASSERT_TRUE(stalled_at(&stalled, 2));
	EXPECT_EQ(0, claimed(self->fd));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "quick", 5));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->data, "quick", 5));
	ASSERT_EQ(0, stalled_bring(&stalled, 2));
	EXPECT_EQ(0, job_join(&stalled.job));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->data, stalled.memory + 2 * PAGE, 100));
}

/* --- the receiver's side -------------------------------------------------------------- */

/* After fork the messages are the parent's; the child has a copy of its own. */
TEST_F(fault, receiver_forks)
{
	int ready[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	memset(self->target, 1, SMALL);
	pattern_fill(self->source, SMALL, 8);
	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, SMALL, 0, 0));
	pid = fork();
	if (!pid)
		_exit(read(ready[0], &byte, 1) != 1 || bytes_check(self->target, SMALL, 1) != -1);
	ASSERT_EQ(0, msg_try(self->fd, PORT, self->source, SMALL));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(-1, pattern_check(self->target, SMALL, 8));
	ASSERT_EQ(1, write(ready[1], "x", 1));
	EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
}

/* Without the mapping the message goes nowhere, and to nobody else's memory. */
TEST_F(fault, receiver_unmaps)
{
	char *other;

	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, SMALL, 0, 0));
	ASSERT_EQ(0, munmap(self->target, SMALL));
	other = mmap(self->target, SMALL, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ASSERT_EQ(self->target, other);
	memset(other, POISON, SMALL);
	ASSERT_EQ(0, msg_try(self->fd, PORT, self->source, SMALL));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(SMALL, self->record.out_length);
	EXPECT_EQ(-1, bytes_check(other, SMALL, POISON));
}

TEST_F(fault, receiver_drops_pages)
{
	pattern_fill(self->source, SMALL, 8);
	memset(self->target, POISON, SMALL);
	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, SMALL, 0, 0));
	ASSERT_EQ(0, madvise(self->target + PAGE, PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, msg_try(self->fd, PORT, self->source, SMALL));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->target, self->source, PAGE));
	EXPECT_EQ(-1, bytes_check(self->target + PAGE, PAGE, 0));
	EXPECT_EQ(0, memcmp(self->target + 2 * PAGE, self->source + 2 * PAGE, 2 * PAGE));
}

/* --- either side dies with a copy in flight --------------------------------------------- */

static int receive_for_ever(void *unused)
{
	char *target = memory_new(LARGE, false);
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	int ret = region_create(3, REGION, target, LARGE);

	while (!ret) {
		ret = post_any(3, PORT, REGION, 0, LARGE, 0, 0);
		ret = ret < 0 ? ret : msg_recv(3, PORT, &record, data);
	}
	return ret;
}

TEST_F(fault, receiver_killed)
{
	unsigned int i, delivered = 0;
	int owner, ret;
	pid_t pid;

	ASSERT_EQ(100, dup2(self->fd, 100));
	for (i = 0; i < 4; i++) {
		owner = space_new();
		ASSERT_LE(0, owner);
		ASSERT_EQ(0, port_create(owner, PORT, 1));
		ASSERT_EQ(0, cap_give(owner, PORT, RIGHTS_SENDER, 100, SLOT(9)));
		ASSERT_EQ(3, dup2(owner, 3));
		pid = child_start(receive_for_ever, NULL, 3);
		close(3);
		close(owner);
		while ((ret = msg_send(100, SLOT(9), self->source, LARGE)) == 0) {
			if (delivered++ % 2 == 0) {
				usleep(i * 700);
				kill(pid, SIGKILL);
			}
		}
		EXPECT_EQ(-ENOENT, ret);
		EXPECT_EQ(1000 + SIGKILL, child_wait(pid, CAPMSG_PATIENCE_MS));
		EXPECT_EQ(-ENOENT, cap_type(100, SLOT(9)));
	}
}

/* A sender has the post, or has filled it. */
static bool touched(int fd)
{
	struct capmsg_stat stat;

	return !cap_stat(fd, PORT, &stat) && stat.out_claimed + stat.out_filled;
}

static int send_for_ever(void *unused)
{
	char *source = memory_new(LARGE, true);
	int ret;

	do
		ret = msg_send(3, PORT, source, LARGE);
	while (!ret);
	return ret;
}

TEST_F(fault, sender_killed)
{
	unsigned int i;
	pid_t pid;
	int ret;

	ASSERT_EQ(100, dup2(self->fd, 100));
	ASSERT_EQ(3, dup2(100, 3));
	self->fd = 100;
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, post_any(100, PORT, REGION, 0, LARGE, 0, 0));
		pid = child_start(send_for_ever, NULL, 3);
		ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, touched(100)));
		usleep(i * i * 50);
		EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
		ret = msg_poll(100, PORT, &self->record, self->data);
		if (ret == 0) {
			/* It was quicker: the message is whole. */
			EXPECT_EQ(-1, bytes_check(self->target, LARGE, POISON));
			ASSERT_EQ(0, post_any(100, PORT, REGION, 0, LARGE, 0, 0));
		}
		EXPECT_EQ(NULL, port_usable(self));
	}
}

TEST_HARNESS_MAIN
