// SPDX-License-Identifier: GPL-2.0-only
/*
 * fair_test.c - limits and what is told of them; turns among users, shares of
 * users and of badges, and credits.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define MAX_OBJECTS	"/sys/module/capmsg/parameters/max_objects"
#define MAX_BYTES	"/sys/module/capmsg/parameters/max_bytes"
#define PORT		SLOT(1)
#define REGION		SLOT(2)
#define TABLE		SLOT(3)
#define SPARE		SLOT(4)
#define MESSAGE		SLOT(5)
#define DEPTH		8	/* of a port with shares */

FIXTURE(fair) {
	int fd;
	long long max_objects, max_bytes;
};

FIXTURE_SETUP(fair)
{
	self->max_objects = file_number(MAX_OBJECTS, NULL);
	self->max_bytes = file_number(MAX_BYTES, NULL);
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
}

static int set(const char *path, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	return file_write(path, text);
}

FIXTURE_TEARDOWN(fair)
{
	EXPECT_EQ(0, set(MAX_OBJECTS, self->max_objects));
	EXPECT_EQ(0, set(MAX_BYTES, self->max_bytes));
	CAPMSG_TEARDOWN();
}

/* --- refusals -------------------------------------------------------------------- */

static struct capmsg_limits limits(int fd)
{
	struct capmsg_limits arg = { .flags = 0 };

	if (do_limits(fd, &arg))
		memset(&arg, POISON, sizeof(arg));
	return arg;
}

/* The last refusal of this thread's space was that one. */
static bool refused(int fd, unsigned int limit, int error, __u64 use, __u64 max)
{
	struct capmsg_limits l = limits(fd);

	if (l.out_limit == limit && (int)l.out_error == error && l.out_use == use &&
	    l.out_max == max && l.out_thread == (__u32)syscall(SYS_gettid))
		return true;
	fprintf(stderr, "# limit %u, error %u, use %llu, max %llu, thread %u\n", l.out_limit,
		l.out_error, l.out_use, l.out_max, l.out_thread);
	return false;
}

TEST_F(fair, nothing_refused)
{
	struct capmsg_limits l;
	int fd = space_open();

	ASSERT_LE(0, fd);
	l = limits(fd);
	EXPECT_EQ(CAPMSG_LIMIT_NONE, l.out_limit);
	EXPECT_EQ(0, l.out_error);
	EXPECT_EQ(0, l.out_use);
	EXPECT_EQ(0, l.out_max);
	EXPECT_EQ(0, l.out_thread);
	EXPECT_EQ(0, l.out_n_holders);
}

TEST_F(fair, refused_size_and_caps)
{
	struct capmsg_item item = { .address = SPARE, .rights = CAPMSG_RIGHTS_ALL };
	char data[512] = "";

	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = PORT, .depth = 1, .max_size = 300 }));
	EXPECT_EQ(-EMSGSIZE, msg_try(self->fd, PORT, data, 301));
	EXPECT_TRUE(refused(self->fd, CAPMSG_LIMIT_SIZE, EMSGSIZE, 301, 300));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, SPARE, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(-EMSGSIZE, do_send(self->fd, &(struct capmsg_send){
		.to = PORT, .items = PTR(&item), .n_items = 1 }));
	EXPECT_TRUE(refused(self->fd, CAPMSG_LIMIT_CAPS, EMSGSIZE, 1, 0));
	/* What succeeds, or fails for another reason, changes nothing. */
	EXPECT_EQ(0, msg_try(self->fd, PORT, data, 1));
	EXPECT_EQ(-ENOENT, msg_try(self->fd, SLOT(9), data, 1));
	EXPECT_TRUE(refused(self->fd, CAPMSG_LIMIT_CAPS, EMSGSIZE, 1, 0));
	EXPECT_EQ(-EMSGSIZE, do_recv(self->fd, &(struct capmsg_recv){
		.port = PORT, .records = PTR(data), .n_records = 1, .plain = PTR(data),
		.plain_size = CAPMSG_PLAIN_DEFAULT + 1 }));
	EXPECT_TRUE(refused(self->fd, CAPMSG_LIMIT_SIZE, EMSGSIZE,
			    CAPMSG_PLAIN_DEFAULT + 1, CAPMSG_PLAIN_DEFAULT));
}

TEST_F(fair, refused_record_too_small)
{
	struct capmsg_record record = { .data_size = 3 };

	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "four", 4));
	record.data = PTR(&record.out_badge);
	EXPECT_EQ(-EMSGSIZE, do_recv(self->fd, &(struct capmsg_recv){
		.port = PORT, .records = PTR(&record), .n_records = 1 }));
	EXPECT_TRUE(refused(self->fd, CAPMSG_LIMIT_SIZE, EMSGSIZE, 4, 3));
}

TEST_F(fair, refused_posts)
{
	struct capmsg_send large = { .to = PORT, .flags = CAPMSG_NONBLOCK,
		.data = PTR(memory_new(PAGE, true)), .length = PAGE };
	struct capmsg_post post = { .port = SPARE, .post = CAPMSG_POST_ANY };

	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = PORT, .flags = CAPMSG_PORT_NO_SHARES, .depth = 2 }));
	EXPECT_EQ(-EAGAIN, do_send(self->fd, &large));
	EXPECT_TRUE(refused(self->fd, CAPMSG_LIMIT_POSTS, EAGAIN, 0, 2));
	EXPECT_EQ(0, msg_try(self->fd, PORT, "x", 1));
	EXPECT_EQ(0, msg_try(self->fd, PORT, "x", 1));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, PORT, "x", 1));
	EXPECT_TRUE(refused(self->fd, CAPMSG_LIMIT_POSTS, EAGAIN, 2, 2));
	ASSERT_EQ(0, port_create(self->fd, SPARE, 1));
	ASSERT_EQ(0, msg_try(self->fd, SPARE, "x", 1));
	EXPECT_EQ(-EAGAIN, do_post(self->fd, &post));
	EXPECT_TRUE(refused(self->fd, CAPMSG_LIMIT_POSTS, EAGAIN, 1, 1));
}

TEST_F(fair, refused_frames)
{
	int fd = space_open();
	struct capmsg_send send = { .to = PORT, .data = PTR(&send), .length = 1,
		.deadline = patience() };
	struct job job;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, do_setup(fd, &(struct capmsg_setup){ .frames = 1 }));
	ASSERT_EQ(0, do_create_port(fd, &(struct capmsg_create_port){
		.to = PORT, .flags = CAPMSG_PORT_NO_SHORT, .depth = 1 }));
	ASSERT_EQ(0, JOB_START(&job, fd, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	EXPECT_EQ(-EAGAIN, msg_try(fd, PORT, "x", 1));
	EXPECT_TRUE(refused(fd, CAPMSG_LIMIT_FRAMES, EAGAIN, 1, 1));
	ASSERT_EQ(0, obj_destroy(fd, PORT));
	EXPECT_EQ(-ENOENT, job_join(&job));
}

static int refuse_quotas(void *unused)
{
	int fd = space_new(), n;
	struct capmsg_query query = { .flags = 0 };
	struct rlimit none = { 0, 0 };
	void *memory = memory_new(2 * PAGE, true);

	if (fd < 0)
		return -fd;
	if (setrlimit(RLIMIT_MEMLOCK, &none) ||
	    region_create(fd, REGION, memory, 2 * PAGE) != -EDQUOT)
		return 240;
	if (!refused(fd, CAPMSG_LIMIT_MEMLOCK, EDQUOT, 0, 0))
		return 241;
	if (port_create(fd, PORT, CAPMSG_DEPTH_MAX) != -EDQUOT || do_query(fd, &query))
		return 242;
	if (!refused(fd, CAPMSG_LIMIT_BYTES, EDQUOT, query.out_user_bytes, 256 << 10))
		return 243;
	for (n = 0; n < 100 && port_create(fd, SLOT(9 + n), 1) == 0;)
		n++;
	if (port_create(fd, SLOT(9 + n), 1) != -EDQUOT ||
	    !refused(fd, CAPMSG_LIMIT_OBJECTS, EDQUOT, 40, 40))
		return 244;
	if (cap_export(fd, SLOT(9), CAPMSG_RIGHTS_ALL) != -EDQUOT ||
	    !refused(fd, CAPMSG_LIMIT_OBJECTS, EDQUOT, 40, 40))
		return 245;
	return 0;
}

TEST_F(fair, refused_quotas)
{
	ASSERT_EQ(0, set(MAX_OBJECTS, 40));
	ASSERT_EQ(0, set(MAX_BYTES, 256 << 10));
	EXPECT_EQ(0, child_as(1000, refuse_quotas, NULL));
}

TEST_F(fair, limits_arguments)
{
	struct capmsg_holder holder;

	EXPECT_EQ(-EOPNOTSUPP, do_limits(self->fd, &(struct capmsg_limits){ .flags = 1 }));
	EXPECT_EQ(-EINVAL, do_limits(self->fd, &(struct capmsg_limits){ .__reserved = 1 }));
	EXPECT_EQ(-EINVAL, do_limits(self->fd, &(struct capmsg_limits){
		.holders = PTR(&holder), .n_holders = 1 }));
}

/* --- shares ----------------------------------------------------------------------- */

/* 0 if this space holds @n posts of the port. */
static int holds(int fd, unsigned int n)
{
	struct capmsg_credits credits = { .to = PORT };

	return do_credits(fd, &credits) ?: credits.out_held == n ? 0 : -EBADE;
}

/* Gives post 0 a buffer. */
static int dress(int fd)
{
	return do_post(fd, &(struct capmsg_post){ .port = PORT, .region = REGION,
		.length = PAGE });
}

/* Claims post 0. */
static int begin(int fd)
{
	return dress(fd) ?: do_begin(fd, &(struct capmsg_begin){ .message = MESSAGE,
		.to = PORT, .length = PAGE, .flags = CAPMSG_NONBLOCK }) ?: holds(fd, 1);
}

static int abandon(int fd)
{
	return do_abandon(fd, &(struct capmsg_abandon){ .message = MESSAGE });
}

/* Each of these has a post held, and then not any more. */
static int receive_short(int fd, const char *page)
{
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];

	return msg_try(fd, PORT, page, 1) ?: holds(fd, 1) ?:
	       msg_poll(fd, PORT, &record, data) ?: holds(fd, 0);
}

static int receive_long(int fd, const char *page)
{
	struct capmsg_record record;

	return dress(fd) ?: msg_try(fd, PORT, page, PAGE) ?: holds(fd, 1) ?:
	       msg_poll(fd, PORT, &record, NULL) ?: holds(fd, 0) ?: post_take(fd, PORT, 0);
}

/* The post of a call that was received has a reply right, but nobody holds it. */
static int receive_call(int fd, const char *page)
{
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_call call = call_make(PORT, page, 1, data, sizeof(data));
	struct capmsg_record record;
	struct job job;

	return JOB_START(&job, fd, call, CALL, &call) ?: msg_recv(fd, PORT, &record, data) ?:
	       holds(fd, 0) ?: msg_reply(fd, PORT, &record, "", 0) ?: job_join(&job);
}

static int give_back(int fd, const char *page)
{
	return begin(fd) ?: abandon(fd) ?: holds(fd, 0) ?: post_take(fd, PORT, 0);
}

static int take_back(int fd, const char *page)
{
	return begin(fd) ?: post_take(fd, PORT, 0) ?: holds(fd, 0) ?: abandon(fd);
}

/* However a post ends to be held, its sender has its whole share again. */
TEST_F(fair, share_comes_back)
{
	int (* const ways[])(int fd, const char *page) = {
		receive_short, receive_long, receive_call, give_back, take_back,
	};
	char *page = memory_new(PAGE, true);
	unsigned int way, i;

	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = PORT, .depth = DEPTH }));
	ASSERT_EQ(0, region_create(self->fd, REGION, memory_new(PAGE, true), PAGE));
	ASSERT_EQ(0, do_create_message(self->fd, &(struct capmsg_create_message){
		.to = MESSAGE }));
	for (way = 0; way < ARRAY_SIZE(ways); way++) {
		for (i = 0; i <= DEPTH; i++) {
			ASSERT_EQ(0, ways[way](self->fd, page) ?: holds(self->fd, 0))
				TH_LOG("way %u, time %u", way, i);
		}
	}
	/* A quarter of the posts, and no more. */
	for (i = 0; i < DEPTH / 4; i++)
		EXPECT_EQ(0, msg_try(self->fd, PORT, "x", 1));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, PORT, "x", 1));
	EXPECT_TRUE(refused(self->fd, CAPMSG_LIMIT_BADGE_SHARE, EAGAIN, DEPTH / 4, DEPTH / 4));
}

TEST_HARNESS_MAIN
