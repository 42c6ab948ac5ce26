// SPDX-License-Identifier: GPL-2.0-only
/*
 * argument_test.c - values of arguments: what SETUP takes and QUERY tells,
 * pointers that stand in structs, counts and lengths, and who may ask what.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)
#define REGION	SLOT(2)
#define TABLE	SLOT(3)
#define LARGE	(2 * PAGE)

FIXTURE(argument) {
	int fd;
	char *region;
	char *hole;		/* two pages, and none behind */
	int post;
};

FIXTURE_SETUP(argument)
{
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	self->region = memory_new(LARGE, true);
	self->hole = memory_new(LARGE + PAGE, true);
	ASSERT_EQ(0, munmap(self->hole + LARGE, PAGE));
	ASSERT_EQ(0, port_create(self->fd, PORT, 4));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->region, LARGE));
	self->post = post_any(self->fd, PORT, REGION, 0, LARGE, SLOT2(3, 0), 4);
	ASSERT_LE(0, self->post);
}

FIXTURE_TEARDOWN(argument)
{
	CAPMSG_TEARDOWN();
}

/* Posts that do not wait for a message any more, and senders that wait. */
static int port_busy(int fd)
{
	struct capmsg_stat stat;
	int ret = cap_stat(fd, PORT, &stat);

	return ret ? ret : (int)(4 - stat.out_posted + stat.out_senders);
}

TEST_F(argument, setup_values)
{
	static const struct {
		unsigned int frames, root_bits, plain_max;
		int result;
	} rows[] = {
		{ 257, 0, 0, -EINVAL }, { 0xffffffff, 0, 0, -EINVAL },
		{ 0, 1, 0, -EINVAL }, { 0, 3, 0, -EINVAL }, { 0, 13, 0, -EINVAL },
		{ 0, 64, 0, -EINVAL }, { 0, 0, CAPMSG_PLAIN_MAX + 1, -EINVAL },
		{ 0, 0, 0xffffffff, -EINVAL },
		{ 0, 0, 0, 0 }, { 1, 4, 1, 0 }, { 256, 12, 4096, 0 },
		{ 1, 8, CAPMSG_PLAIN_MAX, 0 },
	};
	struct capmsg_query query = { .flags = 0 };
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fd = space_open();
		ASSERT_LE(0, fd);
		EXPECT_EQ(rows[i].result, do_setup(fd, &(struct capmsg_setup){
			.frames = rows[i].frames, .root_bits = rows[i].root_bits,
			.plain_max = rows[i].plain_max }))
			TH_LOG("row %u", i);
		if (!rows[i].result) {
			ASSERT_EQ(0, do_query(fd, &query));
			EXPECT_EQ(rows[i].frames ?: CAPMSG_FRAMES_DEFAULT, query.out_frames);
			EXPECT_EQ(rows[i].root_bits ?: CAPMSG_BITS_DEFAULT, query.out_root_bits);
			EXPECT_EQ(rows[i].plain_max ?: CAPMSG_PLAIN_DEFAULT, query.out_plain_max);
			EXPECT_EQ(0, query.out_frames_busy);
			EXPECT_EQ(-EBUSY, do_setup(fd, &(struct capmsg_setup){ .frames = 1 }));
		} else {
			/* A failure has changed nothing: another try can succeed. */
			EXPECT_EQ(0, do_setup(fd, &(struct capmsg_setup){ .frames = 1 }));
		}
		close(fd);
	}
}

/* One of two that come at once; the other does not wait for it. */
TEST_F(argument, setup_twice_at_once)
{
	struct capmsg_setup one = { .frames = 256 }, two = { .frames = 255 };
	struct capmsg_query query = { .flags = 0 };
	int fd, first, second;
	unsigned int i;
	struct job job;

	for (i = 0; i < 100; i++) {
		fd = space_open();
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, JOB_START(&job, fd, setup, SETUP, &one));
		second = do_setup(fd, &two);
		first = job_join(&job);
		EXPECT_TRUE((!first && second == -EBUSY) || (first == -EBUSY && !second))
			TH_LOG("%d and %d", first, second);
		ASSERT_EQ(0, do_query(fd, &query));
		EXPECT_EQ(first ? 255 : 256, query.out_frames);
		close(fd);
	}
}

TEST_F(argument, query_limits)
{
	struct capmsg_query query = { .flags = 0 };

	ASSERT_EQ(0, do_query(self->fd, &query));
	EXPECT_EQ(CAPMSG_ABI_VERSION, query.out_abi_version);
	EXPECT_EQ(CAPMSG_CMD_COUNT, query.out_commands);
	EXPECT_EQ(0, query.out_features);
	EXPECT_EQ(CAPMSG_INLINE_MAX, query.out_inline_max);
	EXPECT_EQ(CAPMSG_CAPS_MAX, query.out_caps_max);
	EXPECT_EQ(CAPMSG_IOV_MAX, query.out_iov_max);
	EXPECT_EQ(CAPMSG_DEPTH_MAX, query.out_depth_max);
	EXPECT_EQ(1, query.out_total_live[CAPMSG_TYPE_PORT]);
	EXPECT_EQ(1, query.out_total_live[CAPMSG_TYPE_REGION]);
	/* And the spare one. */
	EXPECT_EQ(CAPMSG_FRAMES_DEFAULT + 1, query.out_total_live[CAPMSG_TYPE_REPLY]);
	EXPECT_EQ(1, query.out_total_live[0]);
	EXPECT_EQ(2, query.out_total_pinned);
	EXPECT_EQ(2, query.out_user_pinned);
	EXPECT_EQ(0, query.out_total_exports);
	EXPECT_EQ(1, query.out_total_users);
	EXPECT_LT(3, query.out_user_objects);
	EXPECT_LT(query.out_user_objects, query.out_user_objects_max);
	EXPECT_LT(PAGE, query.out_user_bytes);
	EXPECT_LT(query.out_user_bytes, query.out_user_bytes_max);
}

static int query_as_alice(void *unused)
{
	struct capmsg_query query = { .flags = 0 };
	int fd = space_new(), ret;
	unsigned int i;

	if (fd < 0)
		return fd;
	ret = do_query(fd, &query);
	for (i = 0; i < ARRAY_SIZE(query.out_total_live); i++)
		if (query.out_total_live[i])
			return EBADE;
	if (query.out_total_tombstones || query.out_total_exports ||
	    query.out_total_pinned || query.out_total_users ||
	    query.out_total_frames_busy || query.out_total_copied)
		return EBADE;
	/* It is told of itself; of root's one port and two pages it is not. */
	if (!query.out_user_objects || !query.out_user_bytes || query.out_user_pinned)
		return EBADF;
	return ret;
}

TEST_F(argument, query_unprivileged)
{
	EXPECT_EQ(0, child_as(1000, query_as_alice, NULL));
}

/* --- pointers in structs --------------------------------------------------- */

/* Sends in all the ways there are; what all of them return, or -EPROTO. */
static int send_every_way(int fd, __u64 data, __u64 length, __u64 items, __u32 n_items,
			  __u32 n_iov)
{
	char answer[8];
	struct capmsg_send send = {
		.to = PORT, .data = data, .length = length, .items = items,
		.n_items = n_items, .n_iov = n_iov, .deadline = patience() };
	struct capmsg_call call = {
		.to = PORT, .data = data, .length = length, .items = items,
		.n_items = n_items, .n_iov = n_iov, .deadline = patience(),
		.reply_data = PTR(answer), .reply_size = sizeof(answer) };
	int ret = do_send(fd, &send);

	return ret == do_call(fd, &call) ? ret : -EPROTO;
}

TEST_F(argument, payload_pointer)
{
	const unsigned int lengths[] = { 1, 8, 256, 257, PAGE, LARGE };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		const __u64 pointers[] = {
			0, 1, 0xffff888000000000ULL, -1ULL, -(__u64)PAGE, 1ULL << 63,
			PTR(self->hole) + LARGE, PTR(self->hole) + LARGE - lengths[i] + 1,
		};

		for (j = 0; j < ARRAY_SIZE(pointers); j++) {
			EXPECT_EQ(-EFAULT, send_every_way(self->fd, pointers[j], lengths[i],
							  0, 0, 0))
				TH_LOG("length %u, pointer %llx", lengths[i], pointers[j]);
			EXPECT_EQ(0, port_busy(self->fd));
		}
	}
	EXPECT_EQ(0, msg_try(self->fd, PORT, self->hole, LARGE));
}

TEST_F(argument, array_pointers)
{
	const __u64 pointers[] = {
		0, 1, 0xffff888000000000ULL, -1ULL, -(__u64)PAGE, PTR(self->hole) + LARGE,
		PTR(self->hole) + LARGE - 2 * sizeof(struct capmsg_item) + 1,
	};
	unsigned int i;

	memset(self->hole, 0, LARGE);
	for (i = 0; i < ARRAY_SIZE(pointers); i++) {
		EXPECT_EQ(-EFAULT, send_every_way(self->fd, 0, 0, pointers[i], 2, 0))
			TH_LOG("items %llx", pointers[i]);
		EXPECT_EQ(-EFAULT, send_every_way(self->fd, pointers[i], 0, 0, 0, 2))
			TH_LOG("pieces %llx", pointers[i]);
		EXPECT_EQ(0, port_busy(self->fd));
	}
}

TEST_F(argument, list_pointer)
{
	struct capmsg_list list = { .n = 2 };
	const __u64 pointers[] = {
		0, 0xffff888000000000ULL, -1ULL, PTR(self->hole) + LARGE,
		PTR(self->hole) + LARGE - sizeof(struct capmsg_list_entry) - 1,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pointers); i++) {
		list.entries = pointers[i];
		EXPECT_EQ(-EFAULT, do_list(self->fd, &list))
			TH_LOG("entries %llx", pointers[i]);
	}
	list.entries = PTR(self->hole) + LARGE - 2 * sizeof(struct capmsg_list_entry);
	EXPECT_EQ(0, do_list(self->fd, &list));
	EXPECT_EQ(2, list.out_n);
}

/* A message that cannot be handed over stays, and is whole. */
TEST_F(argument, record_pointer)
{
	struct capmsg_recv recv = { .port = PORT, .n_records = 1, .deadline = patience() };
	const __u64 pointers[] = {
		0, 0xffff888000000000ULL, -1ULL, PTR(self->hole) + LARGE,
		PTR(self->hole) + LARGE - sizeof(struct capmsg_record) + 1,
	};
	struct capmsg_record record = { .data = PTR(self->hole) + LARGE - 3, .data_size = 4 };
	unsigned int i;

	ASSERT_EQ(0, msg_try(self->fd, PORT, "stay", 4));
	for (i = 0; i < ARRAY_SIZE(pointers); i++) {
		recv.records = pointers[i];
		EXPECT_EQ(-EFAULT, do_recv(self->fd, &recv))
			TH_LOG("records %llx", pointers[i]);
	}
	recv.records = PTR(&record);
	EXPECT_EQ(-EFAULT, do_recv(self->fd, &recv));
	ASSERT_EQ(0, mprotect(self->hole, PAGE, PROT_READ));
	recv.records = PTR(self->hole);
	EXPECT_EQ(-EFAULT, do_recv(self->fd, &recv));
	EXPECT_EQ(0, msg_poll(self->fd, PORT, &record, self->hole + PAGE));
	EXPECT_EQ(4, record.out_length);
	EXPECT_EQ(0, memcmp(self->hole + PAGE, "stay", 4));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &record, self->hole + PAGE));
}

/* The struct itself cannot be written: nothing is received, nothing is lost. */
TEST_F(argument, recv_read_only)
{
	struct capmsg_record record, *out = (void *)(self->hole + PAGE);
	struct capmsg_recv *recv = (void *)self->hole;
	char data[CAPMSG_INLINE_MAX];

	*out = (struct capmsg_record){ .data = PTR(data), .data_size = sizeof(data) };
	*recv = (struct capmsg_recv){ .size = sizeof(*recv), .port = PORT,
		.n_records = 1, .records = PTR(out), .deadline = patience() };
	ASSERT_EQ(0, msg_try(self->fd, PORT, "stay", 4));
	ASSERT_EQ(0, mprotect(self->hole, PAGE, PROT_READ));
	EXPECT_EQ(-1, ioctl(self->fd, CAPMSG_IOC_RECV, recv));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, msg_poll(self->fd, PORT, &record, data));
	EXPECT_EQ(0, memcmp(data, "stay", 4));
}

TEST_F(argument, repost_pointer)
{
	struct capmsg_record record = { .data = 0 };
	struct capmsg_recv recv = { .port = PORT, .n_records = 1, .n_reposts = 2,
		.records = PTR(&record), .flags = CAPMSG_NONBLOCK };
	const __u64 pointers[] = {
		0, 0xffff888000000000ULL, -1ULL, PTR(self->hole) + LARGE,
		PTR(self->hole) + LARGE - 15,
	};
	unsigned int i;

	memset(self->hole, 0, LARGE);
	for (i = 0; i < ARRAY_SIZE(pointers); i++) {
		recv.reposts = pointers[i];
		/* Post 0 exists but is not idle: of two errors either may come. */
		int ret = do_recv(self->fd, &recv);

		EXPECT_TRUE(ret == -EFAULT || (i == 4 && ret == -EBUSY))
			TH_LOG("reposts %llx: %d", pointers[i], ret);
	}
}

/* --- counts and lengths ---------------------------------------------------- */

TEST_F(argument, counts)
{
	struct capmsg_item items[CAPMSG_CAPS_MAX + 1];
	struct capmsg_iovec iov[CAPMSG_IOV_MAX + 1];
	const unsigned int too_many[] = { 9, 65, 0x10000000, 0x80000000, 0xffffffff };
	unsigned int i;

	for (i = 0; i <= CAPMSG_CAPS_MAX; i++)
		items[i] = (struct capmsg_item){ .address = PORT, .rights = CAPMSG_RIGHT_SEND };
	memset(iov, 0, sizeof(iov));
	for (i = 0; i < ARRAY_SIZE(too_many); i++) {
		EXPECT_EQ(-EINVAL, send_every_way(self->fd, PTR(iov), 0, 0, 0, too_many[i]))
			TH_LOG("%u pieces", too_many[i]);
		if (too_many[i] <= CAPMSG_CAPS_MAX)
			continue;
		EXPECT_EQ(-EINVAL, send_every_way(self->fd, 0, 0, PTR(items), too_many[i], 0))
			TH_LOG("%u items", too_many[i]);
	}
	/* With pieces, @length must be zero. */
	EXPECT_EQ(-EINVAL, send_every_way(self->fd, PTR(iov), 1, 0, 0, 1));
	EXPECT_EQ(0, port_busy(self->fd));
}

TEST_F(argument, lengths)
{
	struct capmsg_iovec iov[2] = {
		{ PTR(self->hole), 1ULL << 63 }, { PTR(self->hole), 1ULL << 63 },
	};
	const __u64 lengths[] = {
		CAPMSG_MESSAGE_MAX + 1, 1ULL << 47, 1ULL << 63, -1ULL, -(__u64)PAGE,
	};
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		ret = send_every_way(self->fd, PTR(self->hole), lengths[i], 0, 0, 0);
		EXPECT_TRUE(ret == -EMSGSIZE || ret == -EFAULT || ret == -EINVAL)
			TH_LOG("length %llx: %d", lengths[i], ret);
	}
	/* The sum of the lengths does not wrap to zero. */
	ret = send_every_way(self->fd, PTR(iov), 0, 0, 0, 2);
	EXPECT_TRUE(ret == -EMSGSIZE || ret == -EFAULT || ret == -EINVAL)
		TH_LOG("sum: %d", ret);
	iov[1].length = (1ULL << 63) + 8;
	ret = send_every_way(self->fd, PTR(iov), 0, 0, 0, 2);
	EXPECT_TRUE(ret == -EMSGSIZE || ret == -EFAULT || ret == -EINVAL)
		TH_LOG("sum + 8: %d", ret);
	EXPECT_EQ(0, port_busy(self->fd));
}

TEST_F(argument, item_values)
{
	struct capmsg_item item = { .address = PORT, .rights = CAPMSG_RIGHTS_ALL };

	item.flags = 0x2;
	EXPECT_EQ(-EOPNOTSUPP, send_every_way(self->fd, 0, 0, PTR(&item), 1, 0));
	item.flags = 0x80000000;
	EXPECT_EQ(-EOPNOTSUPP, send_every_way(self->fd, 0, 0, PTR(&item), 1, 0));
	item.flags = 0;
	item.rights = CAPMSG_RIGHT_WEAK;
	EXPECT_EQ(-EINVAL, send_every_way(self->fd, 0, 0, PTR(&item), 1, 0));
	item.rights = 0x80;
	EXPECT_EQ(-EINVAL, send_every_way(self->fd, 0, 0, PTR(&item), 1, 0));
	item.rights = CAPMSG_RIGHTS_ALL;
	item.address = SLOT(9);
	EXPECT_EQ(-ENOENT, send_every_way(self->fd, 0, 0, PTR(&item), 1, 0));
	item.address = CAPMSG_ADDRESS_VOID;
	EXPECT_EQ(-ENOENT, send_every_way(self->fd, 0, 0, PTR(&item), 1, 0));
	EXPECT_EQ(0, port_busy(self->fd));
}

TEST_F(argument, recv_counts)
{
	struct capmsg_record record = { .data = 0 };
	struct capmsg_recv recv = { .port = PORT, .records = PTR(&record),
		.flags = CAPMSG_NONBLOCK };
	const unsigned int counts[] = { 0, 65, 0x80000000, 0xffffffff };
	unsigned int i;

	ASSERT_EQ(0, msg_try(self->fd, PORT, "", 0));
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		recv.n_records = counts[i];
		EXPECT_EQ(-EINVAL, do_recv(self->fd, &recv))
			TH_LOG("%u records", counts[i]);
	}
	recv.n_records = 1;
	recv.n_reposts = CAPMSG_DEPTH_MAX + 1;
	recv.reposts = PTR(self->hole);
	EXPECT_EQ(-EINVAL, do_recv(self->fd, &recv));
	EXPECT_EQ(0, msg_poll(self->fd, PORT, &record, NULL));
}

/* A device file of another kind does not know the commands. */
TEST_F(argument, other_files)
{
	struct capmsg_query query = { .size = sizeof(query) };
	int file = cap_export(self->fd, PORT, CAPMSG_RIGHTS_ALL);
	char byte;

	ASSERT_LE(0, file);
	EXPECT_EQ(-1, ioctl(file, CAPMSG_IOC_QUERY, &query));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, read(file, &byte, 1));
	EXPECT_EQ(-1, write(file, "x", 1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0));
	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(-1, write(self->fd, "x", 1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0));
}

TEST_HARNESS_MAIN
