// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_test.c - ports and their posts: creation, POST, UNPOST, landing slots,
 * short messages, what RECV gives and keeps. Nothing here waits; see wait_test.c.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)
#define IDLE	SLOT(2)		/* a port whose posts start idle */
#define REGION	SLOT(3)
#define TABLE	SLOT(4)
#define TO	SLOT(0x10)
#define LENGTH	(4 * PAGE)

FIXTURE(port) {
	int fd;
	char *memory;
};

FIXTURE_SETUP(port)
{
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	self->memory = memory_new(LENGTH, true);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, port_create(self->fd, PORT, 3));
	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = IDLE, .flags = CAPMSG_PORT_NO_SHORT, .depth = 3, .max_caps = 8 }));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->memory, LENGTH));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
}

FIXTURE_TEARDOWN(port)
{
	CAPMSG_TEARDOWN();
}

/* The counts of posts as one readable number: posted, claimed, filled, idle. */
static int posts(int fd, __u64 port)
{
	struct capmsg_stat stat;
	int ret = cap_stat(fd, port, &stat);

	return ret ? ret : (int)(stat.out_posted * 1000 + stat.out_claimed * 100 +
				 stat.out_filled * 10 + stat.out_idle);
}

TEST_F(port, create_values)
{
	const struct {
		struct capmsg_create_port arg;
		int result;
	} rows[] = {
		{ { .depth = 0 }, -EINVAL }, { { .depth = 1025 }, -EINVAL },
		{ { .depth = 0xffffffff }, -EINVAL },
		{ { .depth = 1, .max_caps = 65 }, -EINVAL },
		{ { .depth = 1, .max_caps = 0xffffffff }, -EINVAL },
		{ { .depth = 1, .max_size = CAPMSG_MESSAGE_MAX + 1 }, -EINVAL },
		{ { .depth = 1, .max_size = ~0ULL }, -EINVAL },
		{ { .depth = 1 }, 0 }, { { .depth = 1024, .max_caps = 64 }, 0 },
		{ { .depth = 2, .max_size = CAPMSG_MESSAGE_MAX }, 0 },
		{ { .depth = 2, .max_size = 1, .steal_delay_us = 0xffffffff }, 0 },
	};
	struct capmsg_create_port arg;
	struct capmsg_stat stat;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		arg = rows[i].arg;
		arg.to = TO;
		ASSERT_EQ(rows[i].result, do_create_port(self->fd, &arg))
			TH_LOG("row %u", i);
		if (rows[i].result)
			continue;
		ASSERT_EQ(0, cap_stat(self->fd, TO, &stat));
		EXPECT_EQ(arg.depth, stat.out_depth);
		EXPECT_EQ(arg.depth, stat.out_posted);
		EXPECT_EQ(arg.max_size ?: CAPMSG_MESSAGE_MAX, stat.out_max_size);
		EXPECT_EQ(arg.max_caps, stat.out_max_caps);
		ASSERT_EQ(0, obj_destroy(self->fd, TO));
	}
	arg = (struct capmsg_create_port){ .to = PORT, .depth = 1 };
	EXPECT_EQ(-EEXIST, do_create_port(self->fd, &arg));
}

/* --- short messages --------------------------------------------------------- */

TEST_F(port, short_sizes)
{
	char sent[CAPMSG_INLINE_MAX], got[CAPMSG_INLINE_MAX + 8];
	struct capmsg_record record;
	unsigned int size;

	for (size = 0; size <= CAPMSG_INLINE_MAX; size += size < 16 || size > 248 ? 1 : 29) {
		pattern_fill(sent, size, size);
		memset(got, POISON, sizeof(got));
		ASSERT_EQ(0, msg_try(self->fd, PORT, sent, size));
		EXPECT_EQ(2010, posts(self->fd, PORT));
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, got));
		EXPECT_EQ(size, record.out_length);
		EXPECT_EQ(-1, pattern_check(got, size, size));
		EXPECT_EQ(-1, bytes_check(got + size, sizeof(got) - size, POISON));
		EXPECT_EQ(CAPMSG_RECORD_INLINE, record.out_flags);
		EXPECT_EQ(0, record.out_n_caps);
		EXPECT_EQ(0, record.out_error);
		EXPECT_EQ(0, record.out_cookie);
		EXPECT_GT(3, record.out_post);
		/* The post waits again by itself. */
		EXPECT_EQ(3000, posts(self->fd, PORT));
	}
	/* One byte more, and it needs a buffer. */
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, PORT, got, CAPMSG_INLINE_MAX + 1));
}

TEST_F(port, depth_exhausted)
{
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	unsigned int i, round;

	for (round = 0; round < 4; round++) {
		for (i = 0; i < 3; i++)
			ASSERT_EQ(0, msg_try(self->fd, PORT, &i, sizeof(i)));
		EXPECT_EQ(-EAGAIN, msg_try(self->fd, PORT, &i, sizeof(i)));
		EXPECT_EQ(30, posts(self->fd, PORT));
		for (i = 0; i < 3; i++) {
			ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, data));
			EXPECT_EQ(i, *(unsigned int *)data);
		}
		EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &record, data));
	}
}

TEST_F(port, sequence_numbers)
{
	struct capmsg_record first, second;

	ASSERT_EQ(0, port_create(self->fd, TO, 1));
	ASSERT_EQ(0, msg_try(self->fd, TO, "", 0));
	ASSERT_EQ(0, msg_poll(self->fd, TO, &first, NULL));
	ASSERT_EQ(0, msg_try(self->fd, TO, "", 0));
	ASSERT_EQ(0, msg_poll(self->fd, TO, &second, NULL));
	EXPECT_EQ(first.out_post, second.out_post);
	EXPECT_NE(first.out_seq, second.out_seq);
}

TEST_F(port, no_short)
{
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];

	EXPECT_EQ(3, posts(self->fd, IDLE));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, IDLE, "x", 1));
	ASSERT_LE(0, post_any(self->fd, IDLE, 0, 0, 0, 0, 0));
	EXPECT_EQ(1002, posts(self->fd, IDLE));
	ASSERT_EQ(0, msg_try(self->fd, IDLE, "x", 1));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, IDLE, "y", 1));
	ASSERT_EQ(0, msg_poll(self->fd, IDLE, &record, data));
	EXPECT_EQ('x', data[0]);
	/* A short message leaves its post posted, as it was. */
	EXPECT_EQ(1002, posts(self->fd, IDLE));
	ASSERT_EQ(0, post_take(self->fd, IDLE, record.out_post));
	EXPECT_EQ(3, posts(self->fd, IDLE));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, IDLE, "z", 1));
}

/* --- POST and UNPOST -------------------------------------------------------- */

static int post_arg(int fd, struct capmsg_post arg)
{
	if (!arg.port)
		arg.port = IDLE;
	if (arg.region == ~0ULL)
		arg.region = 0;
	else if (!arg.region)
		arg.region = REGION;
	return do_post(fd, &arg);
}

TEST_F(port, post_values)
{
	const __u64 none = ~0ULL;
	const struct capmsg_post invalid[] = {
		{ .length = 0 }, { .length = LENGTH + 1 }, { .offset = LENGTH, .length = 1 },
		{ .offset = 1, .length = LENGTH }, { .offset = ~0ULL, .length = 2 },
		{ .offset = 1, .length = ~0ULL }, { .length = ~0ULL },
		{ .offset = 1ULL << 63, .length = 1ULL << 63 },
		{ .region = none, .length = 1 }, { .region = none, .offset = 1 },
		{ .length = 1, .max_caps = 1 },
		{ .length = 1, .landing = SLOT2(4, 0), .max_caps = 65 },
		{ .length = 1, .landing = SLOT2(4, 0), .max_caps = 0xffffffff },
		{ .length = 1, .post = 3 }, { .length = 1, .post = 0xfffffffe },
		{ .length = 1, .region = PORT }, { .length = 1, .region = TABLE },
		{ .length = 1, .port = REGION }, { .length = 1, .port = TABLE },
	};
	const struct capmsg_post missing[] = {
		{ .length = 1, .region = TO }, { .length = 1, .port = TO },
		{ .length = 1, .landing = SLOT2(0x10, 0), .max_caps = 1 },
		{ .length = 1, .landing = SLOT2(1, 0), .max_caps = 1 },
	};
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(invalid); i++)
		EXPECT_EQ(-EINVAL, post_arg(self->fd, invalid[i]))
			TH_LOG("row %u", i);
	for (i = 0; i < ARRAY_SIZE(missing); i++)
		EXPECT_EQ(-ENOENT, post_arg(self->fd, missing[i]))
			TH_LOG("missing %u", i);
	/* Landing slots beyond the end of their table do not exist. */
	ret = post_arg(self->fd, (struct capmsg_post){
		.length = 1, .landing = SLOT2(4, 255), .max_caps = 2 });
	EXPECT_TRUE(ret == -EINVAL || ret == -ENOENT)
		TH_LOG("%d", ret);
	EXPECT_EQ(3, posts(self->fd, IDLE));
}

TEST_F(port, post_rights)
{
	const struct capmsg_post one = { .length = 1 };
	struct capmsg_post arg = one;

	ASSERT_EQ(0, cap_copy(self->fd, IDLE, SLOT(0x11), RIGHTS_PORT & ~CAPMSG_RIGHT_RECV));
	ASSERT_EQ(0, cap_copy(self->fd, REGION, SLOT(0x12), CAPMSG_RIGHT_READ));
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, SLOT(0x13), CAPMSG_RIGHT_READ));
	arg.port = SLOT(0x11);
	EXPECT_EQ(-EACCES, post_arg(self->fd, arg));
	EXPECT_EQ(-EACCES, post_take(self->fd, SLOT(0x11), 0));
	arg = one;
	arg.region = SLOT(0x12);
	EXPECT_EQ(-EACCES, post_arg(self->fd, arg));
	arg = one;
	arg.landing = SLOT2(0x13, 0);
	arg.max_caps = 1;
	EXPECT_EQ(-EACCES, post_arg(self->fd, arg));
	EXPECT_EQ(3, posts(self->fd, IDLE));
}

/* ANY takes an idle post first, then one without a buffer, and no other. */
TEST_F(port, post_any)
{
	unsigned int seen = 0, i;
	int post;

	for (i = 0; i < 3; i++) {
		post = post_any(self->fd, IDLE, REGION, i * PAGE, PAGE, 0, 0);
		ASSERT_LE(0, post);
		ASSERT_GT(3, post);
		seen |= 1 << post;
		EXPECT_EQ(1000 * (i + 1) + 2 - i, posts(self->fd, IDLE));
	}
	EXPECT_EQ(7, seen);
	EXPECT_EQ(-EAGAIN, post_any(self->fd, IDLE, REGION, 0, 1, 0, 0));
	seen = 0;
	for (i = 0; i < 3; i++) {
		post = post_any(self->fd, PORT, REGION, i * PAGE, PAGE, 0, 0);
		ASSERT_LE(0, post);
		seen |= 1 << post;
		EXPECT_EQ(3000, posts(self->fd, PORT));
	}
	EXPECT_EQ(7, seen);
	EXPECT_EQ(-EAGAIN, post_any(self->fd, PORT, REGION, 0, 1, 0, 0));
	/* One with landing slots is spoken for, too. */
	ASSERT_EQ(0, post_take(self->fd, PORT, 1));
	EXPECT_EQ(1, post_any(self->fd, PORT, 0, 0, 0, SLOT2(4, 0), 1));
	EXPECT_EQ(-EAGAIN, post_any(self->fd, PORT, 0, 0, 0, 0, 0));
}

TEST_F(port, repost_replaces)
{
	struct capmsg_post arg = { .port = IDLE, .region = REGION, .length = PAGE,
		.landing = SLOT2(4, 0), .max_caps = 2, .cookie = 1, .post = 1 };
	struct capmsg_record record;

	ASSERT_EQ(0, do_post(self->fd, &arg));
	EXPECT_EQ(1, arg.out_post);
	EXPECT_EQ(-EBUSY, cap_copy(self->fd, PORT, SLOT2(4, 1), 0));
	arg.offset = 2 * PAGE;
	arg.length = 2 * PAGE;
	arg.landing = SLOT2(4, 1);
	arg.cookie = 0x123456789abcdef0;
	ASSERT_EQ(0, do_post(self->fd, &arg));
	EXPECT_EQ(1002, posts(self->fd, IDLE));
	EXPECT_EQ(0, cap_copy(self->fd, PORT, SLOT2(4, 0), 0));
	EXPECT_EQ(-EBUSY, cap_copy(self->fd, PORT, SLOT2(4, 2), 0));
	memset(self->memory, 0, LENGTH);
	char *source = memory_new(2 * PAGE, true);

	ASSERT_EQ(0, msg_try(self->fd, IDLE, source, 2 * PAGE));
	EXPECT_EQ(-1, bytes_check(self->memory, 2 * PAGE, 0));
	EXPECT_EQ(-1, bytes_check(self->memory + 2 * PAGE, 2 * PAGE, POISON));
	EXPECT_EQ(-EBUSY, do_post(self->fd, &arg));
	ASSERT_EQ(0, msg_poll(self->fd, IDLE, &record, NULL));
	EXPECT_EQ(0x123456789abcdef0, record.out_cookie);
	EXPECT_EQ(2 * PAGE, record.out_length);
	EXPECT_EQ(0, record.out_flags);
	/* Now it is the receiver's: idle, and its landing slots are free. */
	EXPECT_EQ(3, posts(self->fd, IDLE));
	EXPECT_EQ(0, cap_copy(self->fd, PORT, SLOT2(4, 2), 0));
}

TEST_F(port, unpost)
{
	struct capmsg_record record;
	char *source = memory_new(PAGE, true);
	int post = post_any(self->fd, PORT, REGION, 0, PAGE, SLOT2(4, 0), 4);

	ASSERT_LE(0, post);
	ASSERT_EQ(0, post_take(self->fd, PORT, post));
	/* As created: it takes a short message, and nothing else. */
	EXPECT_EQ(3000, posts(self->fd, PORT));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, PORT, source, PAGE));
	EXPECT_EQ(0, cap_copy(self->fd, PORT, SLOT2(4, 0), 0));
	EXPECT_EQ(0, msg_try(self->fd, PORT, "", 0));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, NULL));
	EXPECT_EQ(-EINVAL, post_take(self->fd, PORT, 3));
	EXPECT_EQ(-EINVAL, post_take(self->fd, PORT, CAPMSG_POST_ANY));
	EXPECT_EQ(-EINVAL, post_take(self->fd, TABLE, 0));
	EXPECT_EQ(-ENOENT, post_take(self->fd, TO, 0));
	/* A message in it has to be received. */
	post = post_any(self->fd, IDLE, REGION, 0, PAGE, 0, 0);
	ASSERT_EQ(0, msg_try(self->fd, IDLE, source, PAGE));
	EXPECT_EQ(-EBUSY, post_take(self->fd, IDLE, post));
	ASSERT_EQ(0, msg_poll(self->fd, IDLE, &record, NULL));
	EXPECT_EQ(0, post_take(self->fd, IDLE, post));
	EXPECT_EQ(3, posts(self->fd, IDLE));
	/* A large message leaves an ordinary post idle; UNPOST makes it new. */
	post = post_any(self->fd, PORT, REGION, 0, PAGE, 0, 0);
	ASSERT_EQ(0, msg_try(self->fd, PORT, source, PAGE));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, NULL));
	EXPECT_EQ(2001, posts(self->fd, PORT));
	ASSERT_EQ(0, post_take(self->fd, PORT, post));
	EXPECT_EQ(3000, posts(self->fd, PORT));
}

TEST_F(port, landing_reserved)
{
	const __u64 first = SLOT2(4, 0x10), last = SLOT2(4, 0x13);
	void *memory = memory_new(PAGE, false);
	int file = cap_export(self->fd, PORT, 0), post;

	ASSERT_EQ(0, cap_copy(self->fd, PORT, SLOT2(4, 0x20), 0));
	EXPECT_EQ(-EEXIST, post_any(self->fd, PORT, 0, 0, 0, SLOT2(4, 0x1e), 4));
	post = post_any(self->fd, PORT, 0, 0, 0, first, 4);
	ASSERT_LE(0, post);
	EXPECT_EQ(-EBUSY, cap_copy(self->fd, PORT, first, 0));
	EXPECT_EQ(-EBUSY, cap_copy(self->fd, PORT, last, 0));
	EXPECT_EQ(0, cap_copy(self->fd, PORT, SLOT2(4, 0x14), 0));
	EXPECT_EQ(0, cap_copy(self->fd, PORT, SLOT2(4, 0x0f), 0));
	EXPECT_EQ(-EBUSY, cap_move(self->fd, SLOT2(4, 0x14), last));
	EXPECT_EQ(-EBUSY, cap_clear(self->fd, last));
	EXPECT_EQ(-EBUSY, cap_import(self->fd, file, last));
	EXPECT_EQ(-EBUSY, cappage_create(self->fd, last, 4));
	EXPECT_EQ(-EBUSY, port_create(self->fd, last, 1));
	EXPECT_EQ(-EBUSY, region_create(self->fd, last, memory, PAGE));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, last));
	EXPECT_EQ(-EBUSY, post_any(self->fd, IDLE, 0, 0, 0, SLOT2(4, 0x11), 6));
	EXPECT_EQ(-EBUSY, post_any(self->fd, IDLE, 0, 0, 0, last, 1));
	EXPECT_EQ(3, posts(self->fd, IDLE));
	ASSERT_EQ(0, post_take(self->fd, PORT, post));
	EXPECT_EQ(0, cap_import(self->fd, file, last));
	EXPECT_EQ(0, cap_copy(self->fd, PORT, first, 0));
	/* A destroyed port reserves nothing any more. */
	ASSERT_LE(0, post_any(self->fd, IDLE, 0, 0, 0, SLOT2(4, 0x78), 8));
	EXPECT_EQ(-EBUSY, cap_copy(self->fd, PORT, SLOT2(4, 0x7f), 0));
	ASSERT_EQ(0, obj_destroy(self->fd, IDLE));
	EXPECT_EQ(0, cap_copy(self->fd, PORT, SLOT2(4, 0x7f), 0));
}

/* The landing slots of a short message's post stay reserved. */
TEST_F(port, short_into_landing_post)
{
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_post arg = { .port = IDLE, .region = REGION, .length = PAGE,
		.landing = SLOT2(4, 0), .max_caps = 2, .cookie = 7 };
	unsigned int i;

	ASSERT_EQ(0, do_post(self->fd, &arg));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, msg_try(self->fd, IDLE, "short", 5));
		ASSERT_EQ(0, msg_poll(self->fd, IDLE, &record, data));
		EXPECT_EQ(CAPMSG_RECORD_INLINE, record.out_flags);
		EXPECT_EQ(7, record.out_cookie);
		EXPECT_EQ(0, memcmp(data, "short", 5));
		EXPECT_EQ(1002, posts(self->fd, IDLE));
		EXPECT_EQ(-EBUSY, cap_copy(self->fd, PORT, SLOT2(4, 0), 0));
	}
	EXPECT_EQ(0, msg_try(self->fd, IDLE, self->memory, PAGE));
}

/* --- RECV ------------------------------------------------------------------- */

static int recv_many(int fd, __u64 port, struct capmsg_record *records, unsigned int n,
		     char (*data)[CAPMSG_INLINE_MAX])
{
	struct capmsg_recv arg = { .port = port, .records = PTR(records), .n_records = n,
		.flags = CAPMSG_NONBLOCK };
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++) {
		memset(&records[i], POISON, sizeof(records[i]));
		records[i].data = PTR(data[i]);
		records[i].data_size = CAPMSG_INLINE_MAX;
	}
	ret = do_recv(fd, &arg);
	return ret ? ret : (int)arg.out_n;
}

TEST_F(port, batch)
{
	struct capmsg_record records[CAPMSG_BATCH_MAX];
	static char data[CAPMSG_BATCH_MAX][CAPMSG_INLINE_MAX];
	unsigned int i, next = 0;
	int n;

	ASSERT_EQ(0, port_create(self->fd, TO, 100));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, msg_try(self->fd, TO, &i, sizeof(i)));
	n = recv_many(self->fd, TO, records, 3, data);
	EXPECT_EQ(3, n);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(next++, *(unsigned int *)data[i]);
	n = recv_many(self->fd, TO, records, 64, data);
	EXPECT_EQ(64, n);
	for (i = 0; i < 64; i++)
		EXPECT_EQ(next++, *(unsigned int *)data[i]);
	n = recv_many(self->fd, TO, records, 64, data);
	EXPECT_EQ(33, n);
	for (i = 0; i < 33; i++)
		EXPECT_EQ(next++, *(unsigned int *)data[i]);
	EXPECT_EQ(-1, bytes_check(&records[33].out_post, 4, POISON));
	EXPECT_EQ(-EAGAIN, recv_many(self->fd, TO, records, 64, data));
}

/* Bytes that do not fit: the message stays, first in line, with its bytes. */
TEST_F(port, too_little_room)
{
	char data[CAPMSG_INLINE_MAX] = "";
	struct capmsg_record records[2] = {
		{ .data = PTR(data), .data_size = 8 }, { .data = PTR(data), .data_size = 3 } };
	struct capmsg_recv arg = { .port = PORT, .records = PTR(records), .n_records = 2,
		.flags = CAPMSG_NONBLOCK };

	ASSERT_EQ(0, msg_try(self->fd, PORT, "four", 4));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "more", 4));
	ASSERT_EQ(0, do_recv(self->fd, &arg));
	EXPECT_EQ(1, arg.out_n);
	EXPECT_EQ(0, memcmp(data, "four", 4));
	arg.records = PTR(&records[1]);
	arg.n_records = 1;
	EXPECT_EQ(-EMSGSIZE, do_recv(self->fd, &arg));
	records[1].data_size = 0;
	EXPECT_EQ(-EMSGSIZE, do_recv(self->fd, &arg));
	records[1].data = 1;
	records[1].data_size = 4;
	EXPECT_EQ(-EFAULT, do_recv(self->fd, &arg));
	EXPECT_EQ(2010, posts(self->fd, PORT));
	records[1].data = PTR(data);
	ASSERT_EQ(0, do_recv(self->fd, &arg));
	EXPECT_EQ(0, memcmp(data, "more", 4));
}

TEST_F(port, repost_in_recv)
{
	__u32 reposts[2] = { 0, 1 };
	struct capmsg_record record = { .data = 0 };
	struct capmsg_recv arg = { .port = IDLE, .records = PTR(&record), .n_records = 1,
		.reposts = PTR(reposts), .n_reposts = 2, .flags = CAPMSG_NONBLOCK };
	char *source = memory_new(PAGE, true);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, do_post(self->fd, &(struct capmsg_post){
			.port = IDLE, .post = i, .region = REGION,
			.offset = i * PAGE, .length = PAGE,
			.landing = SLOT2(4, i), .max_caps = 1, .cookie = i }));
		ASSERT_EQ(0, msg_try(self->fd, IDLE, source, PAGE));
		ASSERT_EQ(0, msg_poll(self->fd, IDLE, &record, NULL));
	}
	EXPECT_EQ(3, posts(self->fd, IDLE));
	/* Both are posted before anything is received, and stay so. */
	EXPECT_EQ(-EAGAIN, do_recv(self->fd, &arg));
	EXPECT_EQ(0, arg.n_reposts);
	arg.n_reposts = 2;
	EXPECT_EQ(2001, posts(self->fd, IDLE));
	EXPECT_EQ(-EBUSY, cap_copy(self->fd, PORT, SLOT2(4, 1), 0));
	ASSERT_EQ(0, msg_try(self->fd, IDLE, source, PAGE));
	/* Not idle, no such post: an error before anything is received. */
	EXPECT_EQ(-EBUSY, do_recv(self->fd, &arg));
	EXPECT_EQ(2, arg.n_reposts);
	reposts[0] = 3;
	EXPECT_EQ(-EINVAL, do_recv(self->fd, &arg));
	reposts[0] = 0xffffffff;
	EXPECT_EQ(-EINVAL, do_recv(self->fd, &arg));
	arg.n_reposts = 0;
	ASSERT_EQ(0, do_recv(self->fd, &arg));
	/* A landing slot that was filled meanwhile is in the way. */
	reposts[0] = record.out_post;
	ASSERT_EQ(0, cap_copy(self->fd, PORT, SLOT2(4, record.out_post), 0));
	arg.n_reposts = 1;
	EXPECT_EQ(-EEXIST, do_recv(self->fd, &arg));
	ASSERT_EQ(0, cap_clear(self->fd, SLOT2(4, record.out_post)));
	EXPECT_EQ(-EAGAIN, do_recv(self->fd, &arg));
	EXPECT_EQ(2001, posts(self->fd, IDLE));
}

TEST_F(port, send_errors)
{
	struct capmsg_record record;
	char data[8];

	ASSERT_EQ(0, cap_copy(self->fd, PORT, SLOT(0x11), RIGHTS_PORT & ~CAPMSG_RIGHT_SEND));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, SLOT(0x12), RIGHTS_PORT & ~CAPMSG_RIGHT_RECV));
	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = TO, .depth = 1, .max_size = 5 }));
	EXPECT_EQ(-EACCES, msg_try(self->fd, SLOT(0x11), "", 0));
	EXPECT_EQ(-EACCES, msg_poll(self->fd, SLOT(0x12), &record, data));
	EXPECT_EQ(-EINVAL, msg_try(self->fd, TABLE, "", 0));
	EXPECT_EQ(-EINVAL, msg_try(self->fd, REGION, "", 0));
	EXPECT_EQ(-EINVAL, msg_poll(self->fd, TABLE, &record, data));
	EXPECT_EQ(-ENOENT, msg_try(self->fd, SLOT(0x20), "", 0));
	EXPECT_EQ(-ENOENT, msg_poll(self->fd, SLOT(0x20), &record, data));
	EXPECT_EQ(-EMSGSIZE, msg_send(self->fd, TO, self->memory, 6));
	EXPECT_EQ(-EMSGSIZE, msg_send(self->fd, TO, self->memory, LENGTH));
	EXPECT_EQ(0, msg_try(self->fd, TO, "five!", 5));
	EXPECT_EQ(-EMSGSIZE, msg_try(self->fd, TO, "sixsix", 6));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, TO, "five!", 5));
}

TEST_HARNESS_MAIN
