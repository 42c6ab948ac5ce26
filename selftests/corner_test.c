// SPDX-License-Identifier: GPL-2.0-only
/*
 * corner_test.c - states that no other test comes to: what is shown of a space in
 * /proc, revokers in unusual places, arguments that can no longer be written, a space
 * whose only frame is taken.
 */
#include <sys/eventfd.h>

#include "kselftest_harness.h"
#include "handler.h"

#define PORT		SLOT(1)
#define GIVEN		SLOT(2)		/* something through a revoker */
#define REVOKER		SLOT(3)
#define REGION		SLOT(4)
#define TABLE		SLOT(5)		/* of 2^8 slots */
#define HANDLER		SLOT(6)
#define VIRTUAL		SLOT(7)
#define TARGET		SLOT(8)
#define GIVEN_TABLE	SLOT(9)
#define TABLE_REVOKER	SLOT(10)

FIXTURE(corner) {
	int fd;
	char *memory;
	struct job job;
	struct job other;
};

FIXTURE_SETUP(corner)
{
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	self->memory = memory_new(2 * PAGE, true);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, port_create(self->fd, PORT, 2));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->memory, 2 * PAGE));
}

FIXTURE_TEARDOWN(corner)
{
	CAPMSG_TEARDOWN();
}

static int revoker_create(int fd, __u64 from, __u64 to, __u64 revoker)
{
	return do_create_revoker(fd, &(struct capmsg_create_revoker){
		.from = from, .to = to, .revoker = revoker });
}

/* --- /proc ---------------------------------------------------------------------------- */

TEST_F(corner, fdinfo)
{
	char path[40];
	int fresh = space_open();

	ASSERT_LE(0, fresh);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fresh);
	EXPECT_EQ(-1, file_number(path, "capmsg-frames:"));
	ASSERT_EQ(0, do_setup(fresh, &(struct capmsg_setup){ .frames = 5, .root_bits = 6 }));
	EXPECT_EQ(5, file_number(path, "capmsg-frames:"));
	EXPECT_EQ(0, file_number(path, "capmsg-frames-busy:"));
	EXPECT_EQ(6, file_number(path, "capmsg-root-bits:"));
}

TEST_F(corner, fdinfo_counts_who_waits)
{
	struct capmsg_send send = { .to = PORT, .data = PTR(self->memory), .length = PAGE,
		.deadline = patience() };
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	ASSERT_EQ(0, JOB_START(&self->job, self->fd, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&self->job));
	EXPECT_EQ(1, file_number(path, "capmsg-frames-busy:"));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(0, file_number(path, "capmsg-frames-busy:"));
}

/* --- revokers ------------------------------------------------------------------------- */

TEST_F(corner, import_waits_while_closed)
{
	struct capmsg_import import = { .to = TARGET };

	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	import.fd = cap_export(self->fd, GIVEN, CAPMSG_RIGHTS_ALL);
	ASSERT_LE(0, import.fd);
	ASSERT_EQ(0, do_close(self->fd, &(struct capmsg_close){ .revoker = REVOKER }));
	ASSERT_EQ(0, JOB_START(&self->job, self->fd, import, IMPORT, &import));
	ASSERT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, do_open(self->fd, &(struct capmsg_open){ .revoker = REVOKER }));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, TARGET));
}

TEST_F(corner, import_ends_while_closed)
{
	struct capmsg_import import = { .to = TARGET };

	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	import.fd = cap_export(self->fd, GIVEN, CAPMSG_RIGHTS_ALL);
	ASSERT_EQ(0, do_close(self->fd, &(struct capmsg_close){ .revoker = REVOKER }));
	ASSERT_EQ(0, JOB_START(&self->job, self->fd, import, IMPORT, &import));
	ASSERT_TRUE(job_blocked(&self->job));
	job_signal(&self->job, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&self->job));
	ASSERT_EQ(0, JOB_START(&self->job, self->fd, import, IMPORT, &import));
	ASSERT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = REVOKER }));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, TARGET));
}

/* The port that posts are given back to is named through a revoker. */
TEST_F(corner, repost_through_a_revoker)
{
	struct capmsg_record record = { };
	__u32 repost;
	struct capmsg_recv recv = { .flags = CAPMSG_NONBLOCK, .port = GIVEN,
		.records = PTR(&record), .n_records = 1, .reposts = PTR(&repost),
		.n_reposts = 1 };
	int post = post_any(self->fd, PORT, REGION, 0, PAGE, 0, 0);

	ASSERT_LE(0, post);
	ASSERT_EQ(0, revoker_create(self->fd, PORT, GIVEN, REVOKER));
	ASSERT_EQ(0, msg_try(self->fd, PORT, self->memory + PAGE, PAGE));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, NULL));
	ASSERT_EQ(-EAGAIN, msg_try(self->fd, PORT, self->memory + PAGE, PAGE));
	repost = post;
	EXPECT_EQ(-EAGAIN, do_recv(self->fd, &recv));
	EXPECT_EQ(0, msg_try(self->fd, PORT, self->memory + PAGE, PAGE));
}

/* Landing slots in a table that was named through a revoker give way to others. */
TEST_F(corner, landing_through_a_revoker_replaced)
{
	struct capmsg_post post = { .port = PORT, .landing = CAPMSG_ADDRESS(0x900, 16),
		.max_caps = 1, .post = CAPMSG_POST_ANY };

	ASSERT_EQ(0, revoker_create(self->fd, TABLE, GIVEN_TABLE, TABLE_REVOKER));
	ASSERT_EQ(0, do_post(self->fd, &post));
	EXPECT_EQ(-EBUSY, cap_copy(self->fd, PORT, SLOT2(5, 0), CAPMSG_RIGHTS_ALL));
	post.landing = SLOT2(5, 1);
	post.post = post.out_post;
	ASSERT_EQ(0, do_post(self->fd, &post));
	EXPECT_EQ(0, cap_copy(self->fd, PORT, SLOT2(5, 0), CAPMSG_RIGHTS_ALL));
	/* What they were reserved through is not asked any more. */
	ASSERT_EQ(0, do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = TABLE_REVOKER }));
	EXPECT_EQ(-EBUSY, cap_copy(self->fd, PORT, SLOT2(5, 1), CAPMSG_RIGHTS_ALL));
}

/* A post is refused after the region that it was to be cut from was found. */
TEST_F(corner, post_refused_with_a_revoked_region)
{
	ASSERT_EQ(0, revoker_create(self->fd, REGION, GIVEN, REVOKER));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, SLOT2(5, 0), CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(-EEXIST, post_any(self->fd, PORT, GIVEN, 0, PAGE, SLOT2(5, 0), 1));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, PORT, self->memory + PAGE, PAGE));
	EXPECT_LE(0, post_any(self->fd, PORT, GIVEN, 0, PAGE, SLOT2(5, 1), 1));
	EXPECT_EQ(0, msg_try(self->fd, PORT, self->memory + PAGE, PAGE));
}

/* --- who waits ------------------------------------------------------------------------ */

/* A plain buffer is one more message that could be sent now. */
TEST_F(corner, credits_count_a_plain_buffer)
{
	struct capmsg_record record = { };
	struct capmsg_recv recv = { .port = PORT, .records = PTR(&record), .n_records = 1,
		.plain = PTR(self->memory), .plain_size = PAGE, .deadline = patience() };
	struct capmsg_credits credits = { .to = PORT, .length = PAGE };

	ASSERT_EQ(0, do_credits(self->fd, &credits));
	EXPECT_EQ(0, credits.out_posts);
	ASSERT_EQ(0, JOB_START(&self->job, self->fd, recv, RECV, &recv));
	ASSERT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, do_credits(self->fd, &credits));
	EXPECT_EQ(1, credits.out_posts);
	EXPECT_EQ(0, msg_try(self->fd, PORT, self->memory + PAGE, PAGE));
	EXPECT_EQ(0, job_join(&self->job));
}

/*
 * A claim that has lasted too long stays where it is while who waits cannot use it, and
 * is not looked at again when another one is made.
 */
TEST_F(corner, old_claim_of_no_use)
{
	struct capmsg_send send = { .to = TARGET, .data = PTR(self->memory),
		.length = 2 * PAGE, .deadline = patience() };
	struct capmsg_create_port port = { .to = TARGET, .flags = CAPMSG_PORT_NO_SHARES,
		.depth = 3, .claim_time_us = 1000 };
	struct capmsg_create_message message = { };
	struct capmsg_begin begin = { .to = TARGET, .length = PAGE };
	struct capmsg_fill fill = { .message = SLOT(21), .data = PTR(self->memory),
		.length = PAGE };
	struct capmsg_transmit transmit = { .length = PAGE };
	char *room = memory_new(4 * PAGE, false);
	unsigned int i;

	ASSERT_EQ(0, do_create_port(self->fd, &port));
	ASSERT_EQ(0, region_create(self->fd, GIVEN, room, 4 * PAGE));
	for (i = 0; i < 2; i++) {
		ASSERT_LE(0, post_any(self->fd, TARGET, GIVEN, i * PAGE, PAGE, 0, 0));
		message.to = SLOT(20 + i);
		ASSERT_EQ(0, do_create_message(self->fd, &message));
	}
	begin.message = SLOT(20);
	ASSERT_EQ(0, do_begin(self->fd, &begin));
	ASSERT_EQ(0, JOB_START(&self->job, self->fd, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&self->job));
	sleep_ms(20);
	begin.message = SLOT(21);
	ASSERT_EQ(0, do_begin(self->fd, &begin));
	ASSERT_EQ(0, do_fill(self->fd, &fill));
	sleep_ms(20);
	for (i = 0; i < 2; i++) {
		transmit.message = SLOT(20 + i);
		EXPECT_EQ(0, do_transmit(self->fd, &transmit));
	}
	ASSERT_LE(0, post_any(self->fd, TARGET, GIVEN, 2 * PAGE, 2 * PAGE, 0, 0));
	EXPECT_EQ(0, job_join(&self->job));
}

/* The answer is given, and that can no longer be noted for a restart: so there is none. */
TEST_F(corner, restart_impossible)
{
	struct capmsg_record record = { };
	struct capmsg_reply_recv *arg = memory_new(PAGE, false);
	struct capmsg_call call;
	char answer[8];

	ASSERT_NE(NULL, arg);
	signal_ignore(SIGUSR1, SA_RESTART);
	call = call_make(PORT, "ask", 3, answer, sizeof(answer));
	ASSERT_EQ(0, JOB_START(&self->other, self->fd, call, CALL, &call));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &record, self->memory + PAGE));
	*arg = (struct capmsg_reply_recv){ .flags = CAPMSG_REPLY_POST, .to = PORT,
		.data = PTR("yes"), .length = 3, .post = record.out_post,
		.seq = record.out_seq, .port = PORT, .records = PTR(&record),
		.n_records = 1, .deadline = patience() };
	record = (struct capmsg_record){ };
	ASSERT_EQ(0, JOB_START(&self->job, self->fd, reply_recv, REPLY_RECV, arg));
	EXPECT_EQ(0, job_join(&self->other));
	ASSERT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, mprotect(arg, PAGE, PROT_READ));
	job_signal(&self->job, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&self->job));
}

/* An upcall needs a frame; who waits for one can be interrupted. */
TEST_F(corner, upcall_waits_for_a_frame)
{
	struct capmsg_send send = { .to = PORT, .data = PTR(self->memory), .length = PAGE,
		.deadline = patience() };
	struct capmsg_stat stat = { .address = SLOT2(7, 1) };
	int fd = space_open();

	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, do_setup(fd, &(struct capmsg_setup){ .frames = 1, .root_bits = 8 }));
	ASSERT_EQ(0, port_create(fd, PORT, 1));
	ASSERT_EQ(0, handler_port(fd, HANDLER, 1));
	ASSERT_EQ(0, virtual_create(fd, VIRTUAL, HANDLER, 1, 8));
	ASSERT_EQ(0, JOB_START(&self->job, fd, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, JOB_START(&self->other, fd, stat, STAT, &stat));
	ASSERT_TRUE(job_blocked(&self->other));
	job_signal(&self->other, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&self->other));
	ASSERT_EQ(0, obj_destroy(fd, PORT));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
}

/* --- virtual tables ------------------------------------------------------------------- */

/* A slot that is void and reserved is told of, through a virtual table as well. */
TEST_F(corner, reserved_slot_listed_through_a_handler)
{
	struct capmsg_list_entry entries[4] = { };
	struct capmsg_list list = { .table = VIRTUAL, .entries = PTR(entries), .n = 4 };
	__u64 real = TABLE;
	struct handler handler = { .fd = self->fd, .port = HANDLER, .decide = decide_pass,
		.data = &real };

	ASSERT_EQ(0, handler_port(self->fd, HANDLER, 4));
	ASSERT_EQ(0, virtual_create(self->fd, VIRTUAL, HANDLER, 1, 8));
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, SLOT2(5, 3), 1));
	ASSERT_EQ(0, handler_start(&handler));
	EXPECT_EQ(0, do_list(self->fd, &list));
	EXPECT_EQ(1, list.out_n);
	EXPECT_EQ(3, entries[0].slot);
	EXPECT_EQ(CAPMSG_STAT_RESERVED, entries[0].flags);
	EXPECT_EQ(CAPMSG_TYPE_VOID, entries[0].type);
	handler_stop(&handler);
}

/* --- limits --------------------------------------------------------------------------- */

#define OBJECTS_MAX	"/sys/module/capmsg/parameters/max_objects"

/* No more objects than there are, until quota_end(). */
static int quota_begin(int fd, char before[32])
{
	struct capmsg_query query = { };
	char now[32];

	if (do_query(fd, &query))
		return -EIO;
	snprintf(before, 32, "%lld", file_number(OBJECTS_MAX, NULL));
	snprintf(now, sizeof(now), "%llu", query.out_user_objects);
	return file_write(OBJECTS_MAX, now);
}

static int quota_end(const char *before)
{
	return file_write(OBJECTS_MAX, before);
}

static __u64 tombstones(int fd)
{
	struct capmsg_query query = { };

	return do_query(fd, &query) ? ~0ULL : query.out_user_tombstones;
}

static void decide_remembered(struct handler *handler, const struct upcall *up,
			      struct verdict *verdict)
{
	decide_pass(handler, up, verdict);
	verdict->resolution.flags = CAPMSG_RESOLUTION_CACHE;
}

/* The last name of a destroyed table is in an answer that is remembered. */
TEST_F(corner, remembered_answer_swept)
{
	__u64 real = TARGET;
	struct handler handler = { .fd = self->fd, .port = HANDLER,
		.decide = decide_remembered, .data = &real };
	struct capmsg_create_virtual virtual = { .to = VIRTUAL, .handler = HANDLER,
		.object = 1, .cache_bits = 4, .kind = CAPMSG_TYPE_CAPPAGE, .bits = 8 };
	char before[32];
	int ret;

	ASSERT_EQ(0, handler_port(self->fd, HANDLER, 4));
	ASSERT_EQ(0, do_create_virtual(self->fd, &virtual));
	ASSERT_EQ(0, cappage_create(self->fd, TARGET, 8));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, SLOT2(8, 1), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, handler_start(&handler));
	ASSERT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, SLOT2(7, 1)));
	handler_stop(&handler);
	ASSERT_EQ(0, obj_destroy(self->fd, TARGET));
	ASSERT_EQ(0, cap_clear(self->fd, TARGET));
	EXPECT_EQ(1, tombstones(self->fd));
	ASSERT_EQ(0, quota_begin(self->fd, before));
	ret = port_create(self->fd, TARGET, 1);
	EXPECT_EQ(0, quota_end(before));
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, tombstones(self->fd));
}

/* A space is paid for like any object: with what a sweep finds, if need be. */
TEST_F(corner, space_opened_after_a_sweep)
{
	char before[32];
	int fd;

	ASSERT_EQ(0, port_create(self->fd, TARGET, 1));
	ASSERT_EQ(0, cap_copy(self->fd, TARGET, SLOT2(5, 1), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, obj_destroy(self->fd, TARGET));
	EXPECT_EQ(1, tombstones(self->fd));
	ASSERT_EQ(0, quota_begin(self->fd, before));
	fd = space_open();
	EXPECT_EQ(0, quota_end(before));
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, tombstones(self->fd));
}

TEST_F(corner, eventfd_given_back)
{
	int file = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), ret;
	char before[32];

	ASSERT_LE(0, file);
	ASSERT_EQ(0, quota_begin(self->fd, before));
	ret = note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, TARGET, file);
	EXPECT_EQ(0, quota_end(before));
	EXPECT_EQ(-EDQUOT, ret);
	EXPECT_EQ(0, note_make(self->fd, CAPMSG_NOTIFICATION_EVENTFD, TARGET, file));
	EXPECT_EQ(0, note_signal(self->fd, TARGET, 1));
	EXPECT_EQ(1, eventfd_take(file));
}

TEST_HARNESS_MAIN
