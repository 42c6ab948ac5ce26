// SPDX-License-Identifier: GPL-2.0-only
/*
 * remains_test.c - what is left of a dead object is not its creator's: neither what
 * an operation that is stalled goes on using, nor what was derived through it.
 *
 * The creator is user 1000, the strangers are user 1001; all of their spaces are
 * open in this process. An operation stalls in a page that does not come
 * (userfaultfd), or at a revoker that its own user has closed.
 */
#include <linux/userfaultfd.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define MAX_OBJECTS	"/sys/module/capmsg/parameters/max_objects"
#define MAX_BYTES	"/sys/module/capmsg/parameters/max_bytes"
#define CREATOR		1000
#define STRANGER	1001
#define PORT	SLOT(1)		/* of the creator; a copy of the stranger's */
#define SERVER	SLOT(2)		/* a port of the stranger */
#define TABLE	SLOT(3)		/* of the creator; a copy of the stranger's */
#define GIVEN	SLOT(4)		/* through REVOKER */
#define REVOKER	SLOT(5)
#define MESSAGE	SLOT(6)
#define HOARD	SLOT(7)		/* 2^8 slots of the stranger */
#define LENGTH	PAGE

FIXTURE(remains) {
	int creator, stranger;
	int uffd;
	char *page;		/* does not come before page_bring() */
	struct capmsg_query before;
	struct job job;
};

static int space_as(uid_t uid, unsigned int frames)
{
	struct capmsg_setup setup = { .frames = frames };
	int fd, ret;

	if (setresuid(uid, uid, 0))
		return -errno;
	fd = space_open();
	if (setresuid(0, 0, 0))
		abort();
	if (fd < 0)
		return fd;
	ret = do_setup(fd, &setup);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

static int page_away(FIXTURE_DATA(remains) *self)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	self->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	self->page = memory_new(PAGE, false);
	if (self->uffd < 0 || ioctl(self->uffd, UFFDIO_API, &api))
		return -errno;
	reg.range.start = PTR(self->page);
	reg.range.len = PAGE;
	return ioctl(self->uffd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

/* Somebody waits for the page. */
static bool page_wanted(FIXTURE_DATA(remains) *self)
{
	struct uffd_msg msg;

	return WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			  read(self->uffd, &msg, sizeof(msg)) == sizeof(msg)) &&
	       msg.event == UFFD_EVENT_PAGEFAULT;
}

static int page_bring(FIXTURE_DATA(remains) *self)
{
	struct uffdio_zeropage zero = {
		.range = { .start = PTR(self->page), .len = PAGE } };

	return ioctl(self->uffd, UFFDIO_ZEROPAGE, &zero) ? -errno : 0;
}

FIXTURE_SETUP(remains)
{
	self->creator = space_as(CREATOR, 8);
	ASSERT_LE(0, self->creator);
	self->stranger = space_as(STRANGER, 64);
	ASSERT_LE(0, self->stranger);
	ASSERT_EQ(0, port_create(self->stranger, SERVER, 4));
	ASSERT_EQ(0, cappage_create(self->stranger, HOARD, 8));
	ASSERT_EQ(0, page_away(self));
	self->before = query_of(self->creator);
}

FIXTURE_TEARDOWN(remains)
{
	CAPMSG_TEARDOWN();
}

/* The creator pays for nothing that it did not pay for before. */
#define EXPECT_NOTHING_CHARGED() do {						\
	const struct capmsg_query now_ = query_of(self->creator);			\
										\
	EXPECT_EQ(self->before.out_user_bytes, now_.out_user_bytes);		\
	EXPECT_EQ(self->before.out_user_objects, now_.out_user_objects);	\
	EXPECT_EQ(self->before.out_user_tombstones, now_.out_user_tombstones);	\
} while (0)

/* --- what is still being used ------------------------------------------------------- */

/* A port, with all rights, in PORT of both. */
static int port_share(FIXTURE_DATA(remains) *self)
{
	int ret = port_create(self->creator, PORT, 64);

	return ret ?: cap_give(self->creator, PORT, RIGHTS_PORT, self->stranger, PORT);
}

/* Nobody names it any more but the operation that is stalled. */
static int port_end(FIXTURE_DATA(remains) *self)
{
	int ret = obj_destroy(self->creator, PORT);

	ret = ret ?: cap_clear(self->creator, PORT);
	return ret ?: cap_clear(self->stranger, PORT);
}

TEST_F(remains, sender)
{
	struct capmsg_send send = { .to = PORT, .data = PTR(self->page), .length = LENGTH,
		.deadline = patience() };

	ASSERT_EQ(0, port_share(self));
	ASSERT_EQ(0, JOB_START(&self->job, self->stranger, send, SEND, &send));
	ASSERT_TRUE(page_wanted(self));
	ASSERT_EQ(0, port_end(self));
	EXPECT_NOTHING_CHARGED();
	ASSERT_EQ(0, page_bring(self));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
}

/* A message was taken out of its post, and its record cannot be written. */
TEST_F(remains, receiver)
{
	struct capmsg_recv recv = { .port = PORT, .records = PTR(self->page),
		.n_records = 1, .deadline = patience() };

	ASSERT_EQ(0, port_share(self));
	ASSERT_EQ(0, msg_try(self->stranger, PORT, "a", 1));
	ASSERT_EQ(0, JOB_START(&self->job, self->stranger, recv, RECV, &recv));
	ASSERT_TRUE(page_wanted(self));
	ASSERT_EQ(0, port_end(self));
	EXPECT_NOTHING_CHARGED();
	ASSERT_EQ(0, page_bring(self));
	/* It was taken before. */
	EXPECT_EQ(-EMSGSIZE, job_join(&self->job));
}

TEST_F(remains, message_that_is_filled)
{
	struct capmsg_begin begin = { .message = MESSAGE, .to = PORT, .length = 100 };
	struct capmsg_fill fill = { .message = MESSAGE, .data = PTR(self->page),
		.length = 100 };

	ASSERT_EQ(0, do_create_message(self->stranger, &(struct capmsg_create_message){
		.to = MESSAGE }));
	ASSERT_EQ(0, port_share(self));
	ASSERT_EQ(0, do_begin(self->stranger, &begin));
	ASSERT_EQ(0, JOB_START(&self->job, self->stranger, fill, FILL, &fill));
	ASSERT_TRUE(page_wanted(self));
	ASSERT_EQ(0, port_end(self));
	EXPECT_NOTHING_CHARGED();
	ASSERT_EQ(0, page_bring(self));
	job_join(&self->job);
}

TEST_F(remains, table_that_is_listed)
{
	struct capmsg_list list = { .table = TABLE, .entries = PTR(self->page), .n = 64 };

	ASSERT_EQ(0, cappage_create(self->creator, TABLE, 12));
	ASSERT_EQ(0, cap_copy(self->creator, TABLE, CAPMSG_ADDRESS(3ULL << 12 | 5, 20), 0));
	ASSERT_EQ(0, cap_give(self->creator, TABLE, RIGHTS_TABLE, self->stranger, TABLE));
	ASSERT_EQ(0, JOB_START(&self->job, self->stranger, list, LIST, &list));
	ASSERT_TRUE(page_wanted(self));
	ASSERT_EQ(0, obj_destroy(self->creator, TABLE));
	ASSERT_EQ(0, cap_clear(self->creator, TABLE));
	ASSERT_EQ(0, cap_clear(self->stranger, TABLE));
	EXPECT_NOTHING_CHARGED();
	ASSERT_EQ(0, page_bring(self));
	EXPECT_EQ(0, job_join(&self->job));
}

/* The space of the caller is closed; the answer that is on its way knows its frame. */
TEST_F(remains, caller_that_is_answered)
{
	struct capmsg_reply reply = { .flags = CAPMSG_REPLY_POST, .to = SERVER,
		.data = PTR(self->page), .length = LENGTH };
	int caller = space_as(CREATOR, 2);
	char data[CAPMSG_INLINE_MAX], *answer = memory_new(LENGTH, true);
	struct capmsg_call call = call_make(PORT, "?", 1, answer, LENGTH);
	struct capmsg_record record;
	struct job job;

	ASSERT_LE(0, caller);
	ASSERT_EQ(0, cap_give(self->stranger, SERVER, RIGHTS_SENDER, caller, PORT));
	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, JOB_START(&job, caller, call, CALL, &call));
	ASSERT_EQ(0, msg_recv(self->stranger, SERVER, &record, data));
	reply.post = record.out_post;
	reply.seq = record.out_seq;
	ASSERT_EQ(0, JOB_START(&self->job, self->stranger, reply, REPLY, &reply));
	ASSERT_TRUE(page_wanted(self));
	job_signal(&job, SIGUSR1);
	ASSERT_EQ(-EINTR, job_join(&job));
	ASSERT_EQ(0, close(caller));
	/* Its name is in the post. */
	ASSERT_EQ(0, do_clear(self->stranger, &(struct capmsg_clear){
		.flags = CAPMSG_CLEAR_POST, .slot = SERVER, .post = record.out_post,
		.seq = record.out_seq }));
	EXPECT_NOTHING_CHARGED();
	ASSERT_EQ(0, page_bring(self));
	EXPECT_EQ(-ESTALE, job_join(&self->job));
}

/* Nobody's page is missing: the sender waits at its own closed revoker. */
TEST_F(remains, sender_at_a_closed_revoker)
{
	struct capmsg_item item = { .address = GIVEN, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_send send = { .to = PORT, .items = PTR(&item), .n_items = 1,
		.deadline = patience() };

	ASSERT_EQ(0, do_create_revoker(self->stranger, &(struct capmsg_create_revoker){
		.from = SERVER, .to = GIVEN, .revoker = REVOKER }));
	ASSERT_EQ(0, do_close(self->stranger, &(struct capmsg_close){ .revoker = REVOKER }));
	ASSERT_EQ(0, port_share(self));
	ASSERT_EQ(0, JOB_START(&self->job, self->stranger, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, port_end(self));
	EXPECT_NOTHING_CHARGED();
	ASSERT_EQ(0, do_open(self->stranger, &(struct capmsg_open){ .revoker = REVOKER }));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
}

#define CROWD	48

/* Forty-eight of them stall; the creator has room for two ports at a time. */
TEST_F_TIMEOUT(remains, crowd, 120)
{
	static struct job jobs[CROWD];
	static struct capmsg_send sends[CROWD];
	const long long max_bytes = file_number(MAX_BYTES, NULL);
	__u64 port_bytes, most = 0;
	char text[32];
	int i;

	ASSERT_EQ(0, port_share(self));
	port_bytes = query_of(self->creator).out_user_bytes - self->before.out_user_bytes;
	ASSERT_EQ(0, port_end(self));
	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)(self->before.out_user_bytes + 2 * port_bytes));
	for (i = 0; i < CROWD; i++) {
		ASSERT_EQ(0, port_share(self));
		sends[i] = (struct capmsg_send){ .to = PORT, .data = PTR(self->page),
			.length = LENGTH, .deadline = patience() };
		ASSERT_EQ(0, JOB_START(&jobs[i], self->stranger, send, SEND, &sends[i]));
		ASSERT_TRUE(page_wanted(self));
		ASSERT_EQ(i + 1, query_of(self->stranger).out_frames_busy);
		ASSERT_EQ(0, port_end(self));
		if (query_of(self->creator).out_user_bytes > most)
			most = query_of(self->creator).out_user_bytes;
	}
	EXPECT_EQ(self->before.out_user_bytes, most);
	EXPECT_NOTHING_CHARGED();
	/* With no more room than that. */
	ASSERT_EQ(0, file_write(MAX_BYTES, text));
	EXPECT_EQ(0, port_create(self->creator, PORT, 64));
	EXPECT_EQ(0, obj_destroy(self->creator, PORT));
	snprintf(text, sizeof(text), "%lld", max_bytes);
	ASSERT_EQ(0, file_write(MAX_BYTES, text));
	ASSERT_EQ(0, page_bring(self));
	for (i = 0; i < CROWD; i++)
		EXPECT_EQ(-ENOENT, job_join(&jobs[i]));
}

/* --- what was derived through a revoker ------------------------------------------------ */

#define MANY	40

static int derive(FIXTURE_DATA(remains) *self, __u64 from, unsigned int rights, __u64 to)
{
	int ret = do_create_revoker(self->creator, &(struct capmsg_create_revoker){
		.from = from, .to = GIVEN, .revoker = REVOKER });

	return ret ?: cap_give(self->creator, GIVEN, rights, self->stranger, to);
}

/* Revoked; and no name of the revoker is left to its creator. */
static int revoke_it(FIXTURE_DATA(remains) *self)
{
	int ret = do_revoke(self->creator, &(struct capmsg_revoke){ .revoker = REVOKER });

	ret = ret ?: cap_clear(self->creator, REVOKER);
	return ret ?: cap_clear(self->creator, GIVEN);
}

/* The stranger keeps what was revoked, and looks at none of it. */
TEST_F(remains, revoked_capabilities)
{
	unsigned int i;

	ASSERT_EQ(0, port_create(self->creator, PORT, 1));
	self->before = query_of(self->creator);
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, derive(self, PORT, RIGHTS_SENDER, SLOT2(7, i)));
		ASSERT_EQ(0, revoke_it(self));
	}
	EXPECT_NOTHING_CHARGED();
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(-ENOENT, cap_type(self->stranger, SLOT2(7, i)));
}

/* It has posted what was revoked, and leaves it posted. */
TEST_F(remains, revoked_landing_slots)
{
	unsigned int i;

	ASSERT_EQ(0, do_create_port(self->stranger, &(struct capmsg_create_port){
		.to = MESSAGE, .depth = MANY, .max_caps = 1 }));
	ASSERT_EQ(0, cappage_create(self->creator, TABLE, 8));
	self->before = query_of(self->creator);
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, derive(self, TABLE, RIGHTS_TABLE, SLOT(9)));
		ASSERT_LE(0, do_post(self->stranger, &(struct capmsg_post){
			.port = MESSAGE, .post = i, .landing = SLOT2(9, i),
			.max_caps = 1 }));
		ASSERT_EQ(0, cap_clear(self->stranger, SLOT(9)));
		ASSERT_EQ(0, revoke_it(self));
	}
	EXPECT_NOTHING_CHARGED();
}

/* The object dies, its name is swept, and then its revoker's slot is used again. */
TEST_F(remains, swept_together_with_the_object)
{
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, port_create(self->creator, PORT, 1));
		ASSERT_EQ(0, derive(self, PORT, RIGHTS_SENDER, SLOT2(7, i)));
		ASSERT_EQ(0, obj_destroy(self->creator, PORT));
		ASSERT_EQ(0, revoke_it(self));
	}
	EXPECT_EQ(self->before.out_user_tombstones + MANY,
		  query_of(self->creator).out_user_tombstones);
	/* Over the quota, so a sweep is due. */
	ASSERT_EQ(0, file_write(MAX_OBJECTS, "20"));
	EXPECT_EQ(0, port_create(self->creator, SLOT(0x20), 1));
	ASSERT_EQ(0, file_write(MAX_OBJECTS, "65536"));
	EXPECT_EQ(0, query_of(self->creator).out_user_tombstones);
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, port_create(self->stranger, SLOT2(7, i), 1));
}

TEST_HARNESS_MAIN
