// SPDX-License-Identifier: GPL-2.0-only
/*
 * senders_test.c - how capabilities to send are counted, and who is told when the
 * last one is gone.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)
#define NOTE	SLOT(2)
#define TABLE	SLOT(3)		/* 2^8 slots */
#define TO	SLOT(0x10)
#define TO2	SLOT(0x11)
#define REVOKER	SLOT(0x12)
#define GONE	0x10

FIXTURE(senders) {
	int fd;
	int other;
};

FIXTURE_SETUP(senders)
{
	self->fd = space_new();
	self->other = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, do_create_notification(self->fd, &(struct capmsg_create_notification){
		.to = NOTE }));
	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = PORT, .depth = 4, .max_caps = 4, .notification = NOTE,
		.no_senders_bits = GONE }));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
}

FIXTURE_TEARDOWN(senders)
{
	CAPMSG_TEARDOWN();
}

static int count(int fd)
{
	struct capmsg_stat stat;
	int ret = cap_stat(fd, PORT, &stat);

	return ret ?: (int)stat.out_send_caps;
}

static int mints(int fd)
{
	struct capmsg_stat stat;
	int ret = cap_stat(fd, PORT, &stat);

	return ret ?: (int)stat.out_mints;
}

/* Takes the notice, if it is there; @ms: waits for it. */
static bool told(int fd, unsigned int ms)
{
	struct capmsg_wait wait = { .notification = NOTE, .mask = GONE, .deadline = in_ms(ms) };

	if (!ms)
		wait.flags = CAPMSG_NONBLOCK;
	return do_wait(fd, &wait) == 0;
}

static int sender(int fd, __u64 to)
{
	return cap_copy(fd, PORT, to, RIGHTS_SENDER);
}

static int revoker_create(int fd, __u64 from, __u64 to, __u64 revoker)
{
	return do_create_revoker(fd, &(struct capmsg_create_revoker){
		.from = from, .to = to, .revoker = revoker });
}

TEST_F(senders, what_counts)
{
	ASSERT_EQ(0, count(self->fd));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, TO, CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, TO2, CAPMSG_RIGHT_GRANT));
	EXPECT_EQ(0, count(self->fd));
	EXPECT_EQ(0, mints(self->fd));
	ASSERT_EQ(0, cap_clear(self->fd, TO));
	ASSERT_EQ(0, cap_clear(self->fd, TO2));
	EXPECT_FALSE(told(self->fd, 0));
	ASSERT_EQ(0, sender(self->fd, TO));
	ASSERT_EQ(0, cap_copy(self->fd, TO, TO2, CAPMSG_RIGHT_SEND));
	EXPECT_EQ(2, count(self->fd));
	EXPECT_EQ(1, mints(self->fd));
	/* From slot to slot is no change. */
	ASSERT_EQ(0, cap_move(self->fd, TO2, SLOT2(3, 7)));
	EXPECT_EQ(2, count(self->fd));
	/* A weakened one is none; what could not be stored is none. */
	ASSERT_EQ(0, do_copy(self->fd, &(struct capmsg_copy){
		.flags = CAPMSG_COPY_WEAK, .from = TABLE, .to = SLOT(4),
		.rights = CAPMSG_RIGHTS_ALL }));
	ASSERT_EQ(0, cap_copy(self->fd, SLOT2(4, 7), TO2, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(-EEXIST, cap_copy(self->fd, TO, PORT, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(2, count(self->fd));
	ASSERT_EQ(0, cap_clear(self->fd, TO));
	EXPECT_FALSE(told(self->fd, 0));
	ASSERT_EQ(0, cap_clear(self->fd, SLOT2(3, 7)));
	EXPECT_TRUE(told(self->fd, 5000));
	EXPECT_EQ(0, count(self->fd));
	ASSERT_EQ(0, sender(self->fd, TO));
	EXPECT_EQ(2, mints(self->fd));
}

TEST_F(senders, only_receivers_see_the_count)
{
	struct capmsg_stat stat;

	ASSERT_EQ(0, sender(self->fd, TO));
	ASSERT_EQ(0, cap_stat(self->fd, TO, &stat));
	EXPECT_EQ(0, stat.out_send_caps);
	EXPECT_EQ(0, stat.out_mints);
}

TEST_F(senders, table_destroyed)
{
	ASSERT_EQ(0, sender(self->fd, SLOT2(3, 1)));
	ASSERT_EQ(0, sender(self->fd, SLOT2(3, 200)));
	ASSERT_EQ(0, obj_destroy(self->fd, TABLE));
	EXPECT_TRUE(told(self->fd, 5000));
	EXPECT_EQ(0, count(self->fd));
}

TEST_F(senders, space_closed)
{
	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, self->other, TO));
	EXPECT_EQ(1, count(self->fd));
	told(self->fd, 0);
	close(self->other);
	EXPECT_TRUE(told(self->fd, 5000));
	EXPECT_EQ(0, count(self->fd));
}

static int hold(void *arg)
{
	pause();
	return 0;
}

TEST_F(senders, process_killed)
{
	pid_t pid;

	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, self->other, TO));
	told(self->fd, 0);
	pid = child_start(hold, NULL, self->other);
	close(self->other);
	EXPECT_FALSE(told(self->fd, 0));
	kill(pid, SIGKILL);
	EXPECT_TRUE(told(self->fd, 5000));
}

TEST_F(senders, export_closed)
{
	int file = cap_export(self->fd, PORT, RIGHTS_SENDER);

	ASSERT_LE(0, file);
	EXPECT_EQ(1, count(self->fd));
	ASSERT_EQ(0, cap_import(self->other, file, TO));
	EXPECT_EQ(2, count(self->fd));
	ASSERT_EQ(0, cap_clear(self->other, TO));
	EXPECT_FALSE(told(self->fd, 0));
	close(file);
	EXPECT_TRUE(told(self->fd, 5000));
	/* A receiver's export is none. */
	file = cap_export(self->fd, PORT, CAPMSG_RIGHTS_ALL);
	ASSERT_LE(0, file);
	EXPECT_EQ(0, count(self->fd));
	close(file);
}

TEST_F(senders, in_a_message)
{
	struct capmsg_item item = { .address = TO, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_send send = { .to = TO2, .items = PTR(&item), .n_items = 1,
				    .flags = CAPMSG_NONBLOCK };
	struct job job;

	ASSERT_EQ(0, sender(self->fd, TO));
	ASSERT_EQ(0, port_create(self->fd, TO2, 2));
	/* Refused. */
	EXPECT_EQ(-EAGAIN, do_send(self->fd, &send));
	EXPECT_EQ(1, count(self->fd));
	/* In line. */
	send.flags = 0;
	send.deadline = patience();
	ASSERT_EQ(0, JOB_START(&job, self->fd, send, SEND, &send));
	EXPECT_TRUE(job_blocked(&job));
	EXPECT_EQ(2, count(self->fd));
	ASSERT_EQ(0, cap_clear(self->fd, TO));
	EXPECT_FALSE(told(self->fd, 0));
	/* Landed. */
	ASSERT_LE(0, post_any(self->fd, TO2, CAPMSG_ADDRESS_VOID, 0, 0, SLOT2(3, 4), 1));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ(1, count(self->fd));
	ASSERT_EQ(0, obj_destroy(self->fd, TABLE));
	EXPECT_TRUE(told(self->fd, 5000));
}

TEST_F(senders, in_a_message_that_is_lost)
{
	struct capmsg_item item = { .address = TO, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_send send = { .to = TO2, .items = PTR(&item), .n_items = 1,
				    .deadline = patience() };
	struct job job;

	ASSERT_EQ(0, sender(self->fd, TO));
	ASSERT_EQ(0, port_create(self->fd, TO2, 2));
	ASSERT_EQ(0, JOB_START(&job, self->fd, send, SEND, &send));
	EXPECT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, cap_clear(self->fd, TO));
	EXPECT_FALSE(told(self->fd, 0));
	ASSERT_EQ(0, obj_destroy(self->fd, TO2));
	EXPECT_EQ(-ENOENT, job_join(&job));
	EXPECT_TRUE(told(self->fd, 5000));
}

TEST_F(senders, through_revokers)
{
	ASSERT_EQ(0, sender(self->fd, TO));
	ASSERT_EQ(0, revoker_create(self->fd, TO, TO2, REVOKER));
	EXPECT_EQ(2, count(self->fd));
	/* The revoker counts once, whatever is derived through it. */
	ASSERT_EQ(0, cap_copy(self->fd, TO2, SLOT2(3, 1), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, revoker_create(self->fd, TO2, SLOT2(3, 2), SLOT2(3, 3)));
	EXPECT_EQ(2, count(self->fd));
	ASSERT_EQ(0, cap_clear(self->fd, TO));
	EXPECT_EQ(1, count(self->fd));
	ASSERT_EQ(0, cap_clear(self->fd, TO2));
	ASSERT_EQ(0, cap_clear(self->fd, SLOT2(3, 1)));
	EXPECT_EQ(1, count(self->fd));
	EXPECT_FALSE(told(self->fd, 0));
	ASSERT_EQ(0, cap_clear(self->fd, SLOT2(3, 2)));
	EXPECT_TRUE(told(self->fd, 5000));
	EXPECT_EQ(1, mints(self->fd));
}

TEST_F(senders, revoked)
{
	/* Whatever has become of them. */
	ASSERT_EQ(0, sender(self->fd, TO));
	ASSERT_EQ(0, revoker_create(self->fd, TO, TO2, REVOKER));
	ASSERT_EQ(0, cap_copy(self->fd, TO2, SLOT2(3, 1), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, revoker_create(self->fd, TO2, SLOT2(3, 2), SLOT2(3, 3)));
	ASSERT_EQ(0, cap_clear(self->fd, TO));
	EXPECT_FALSE(told(self->fd, 0));
	ASSERT_EQ(0, do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = REVOKER }));
	EXPECT_TRUE(told(self->fd, 5000));
	EXPECT_EQ(0, count(self->fd));
	/* What is left of them does not count when it goes. */
	ASSERT_EQ(0, sender(self->fd, TO));
	ASSERT_EQ(0, cap_clear(self->fd, TO2));
	ASSERT_EQ(0, cap_clear(self->fd, SLOT2(3, 1)));
	ASSERT_EQ(0, cap_clear(self->fd, SLOT2(3, 2)));
	EXPECT_EQ(1, count(self->fd));
	EXPECT_FALSE(told(self->fd, 0));
	/* A revoker of a receiver's capability with nothing through it. */
	ASSERT_EQ(0, revoker_create(self->fd, PORT, TO2, REVOKER));
	EXPECT_EQ(1, count(self->fd));
	ASSERT_EQ(0, cap_copy(self->fd, TO2, SLOT2(3, 1), CAPMSG_RIGHT_SEND));
	EXPECT_EQ(2, count(self->fd));
	ASSERT_EQ(0, do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = REVOKER }));
	EXPECT_EQ(1, count(self->fd));
}

TEST_F(senders, overwritten)
{
	ASSERT_EQ(0, sender(self->fd, TO));
	ASSERT_EQ(0, revoker_create(self->fd, TO, TO2, REVOKER));
	ASSERT_EQ(0, do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = REVOKER }));
	EXPECT_EQ(1, count(self->fd));
	ASSERT_EQ(0, cap_copy(self->fd, TO, TO2, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(2, count(self->fd));
}

struct minter {
	int fd;
	unsigned int slot;
	bool through;
	atomic_int *stop;
};

static void *mint_loop(void *arg)
{
	struct minter *m = arg;
	__u64 to = SLOT2(3, m->slot), from = m->through ? TO2 : PORT;

	while (!atomic_load(m->stop)) {
		cap_copy(m->fd, from, to, CAPMSG_RIGHT_SEND);
		cap_clear(m->fd, to);
	}
	return NULL;
}

/* From zero and back, from all sides; the count comes out right. */
TEST_F(senders, races)
{
	struct minter minters[4];
	pthread_t threads[4];
	atomic_int stop = 0;
	unsigned int i;

	ASSERT_EQ(0, revoker_create(self->fd, PORT, TO2, REVOKER));
	for (i = 0; i < 4; i++) {
		minters[i] = (struct minter){ self->fd, i, i % 2, &stop };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, mint_loop, &minters[i]));
	}
	for (i = 0; i < 30; i++) {
		sleep_ms(5);
		ASSERT_EQ(0, do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = REVOKER }));
		ASSERT_EQ(0, revoker_create(self->fd, PORT, TO2, REVOKER));
	}
	atomic_store(&stop, 1);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, count(self->fd));
	EXPECT_TRUE(told(self->fd, 5000));
	ASSERT_EQ(0, cap_copy(self->fd, TO2, TO, CAPMSG_RIGHT_SEND));
	EXPECT_EQ(1, count(self->fd));
	ASSERT_EQ(0, cap_clear(self->fd, TO));
	EXPECT_EQ(0, count(self->fd));
	EXPECT_TRUE(told(self->fd, 5000));
}

TEST_HARNESS_MAIN
