// SPDX-License-Identifier: GPL-2.0-only
/*
 * region_test.c - memory that is pinned: what can be registered, who pays, when
 * it is given back.
 */
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/io_uring.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)
#define REGION	SLOT(2)
#define OTHER	SLOT(3)
#define HUGE_PAGE (2 * MIB)

FIXTURE(region) {
	int fd;
	char *memory;
};

FIXTURE_SETUP(region)
{
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	self->memory = memory_new(16 * PAGE, true);
	ASSERT_EQ(0, port_create(self->fd, PORT, 2));
}

FIXTURE_TEARDOWN(region)
{
	CAPMSG_TEARDOWN();
}

static long pinned(int fd)
{
	struct capmsg_query query = { .flags = 0 };

	if (do_query(fd, &query))
		return -1;
	return query.out_total_pinned == query.out_user_pinned ? query.out_total_pinned : -2;
}

/* What the process itself is said to have pinned, in pages. */
static long vm_pin(void)
{
	return file_number("/proc/self/status", "VmPin:") / 4;
}

/* Sends @length bytes to a fresh post of the region, and sees them there. */
static int works(int fd, __u64 region, char *memory, size_t length)
{
	char *source = memory_new(length, false);
	struct capmsg_record record;
	int ret;

	pattern_fill(source, length, 7);
	ret = post_any(fd, PORT, region, 0, length, 0, 0);
	if (ret < 0)
		return ret;
	ret = msg_send(fd, PORT, source, length) ?: msg_poll(fd, PORT, &record, NULL);
	munmap(source, length);
	if (ret)
		return ret;
	ret = post_take(fd, PORT, record.out_post);
	return ret ?: pattern_check(memory, length, 7) == -1 ? 0 : -EBADMSG;
}

/* --- what can be registered --------------------------------------------------- */

TEST_F(region, alignment)
{
	const struct { __u64 address, length; } rows[] = {
		{ 1, PAGE }, { PAGE - 1, PAGE }, { 0, 0 }, { 0, 1 }, { 0, PAGE - 1 },
		{ 0, PAGE + 1 }, { 8, PAGE - 8 }, { 0, ~0ULL }, { 0, 1ULL << 63 | 1 },
	};
	const __u64 base = PTR(self->memory);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		EXPECT_EQ(-EINVAL, region_create(self->fd, REGION,
						 (void *)(base + rows[i].address), rows[i].length))
			TH_LOG("row %u", i);
	EXPECT_EQ(0, pinned(self->fd));
	EXPECT_EQ(0, vm_pin());
}

TEST_F(region, length_absurd)
{
	const __u64 lengths[] = { -(__u64)PAGE, 1ULL << 63, 1ULL << 47, 1ULL << 44 };
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		ret = region_create(self->fd, REGION, self->memory, lengths[i]);
		EXPECT_TRUE(ret == -EINVAL || ret == -EFAULT || ret == -EDQUOT || ret == -ENOMEM)
			TH_LOG("length %llx: %d", lengths[i], ret);
	}
	EXPECT_EQ(-EFAULT, region_create(self->fd, REGION, (void *)(0xffff888000000000), PAGE));
	EXPECT_EQ(0, pinned(self->fd));
}

TEST_F(region, slot)
{
	ASSERT_EQ(0, cappage_create(self->fd, OTHER, 8));
	ASSERT_EQ(0, cap_copy(self->fd, OTHER, SLOT(4), CAPMSG_RIGHT_READ));
	EXPECT_EQ(-EEXIST, region_create(self->fd, PORT, self->memory, PAGE));
	EXPECT_EQ(-ENOENT, region_create(self->fd, SLOT2(9, 0), self->memory, PAGE));
	EXPECT_EQ(-EACCES, region_create(self->fd, SLOT2(4, 0), self->memory, PAGE));
	EXPECT_EQ(0, pinned(self->fd));
	EXPECT_EQ(0, region_create(self->fd, SLOT2(3, 0), self->memory, PAGE));
	EXPECT_EQ(1, pinned(self->fd));
}

TEST_F(region, not_there)
{
	ASSERT_EQ(0, munmap(self->memory + 2 * PAGE, PAGE));
	EXPECT_EQ(-EFAULT, region_create(self->fd, REGION, self->memory + 2 * PAGE, PAGE));
	EXPECT_EQ(-EFAULT, region_create(self->fd, REGION, self->memory, 3 * PAGE));
	EXPECT_EQ(-EFAULT, region_create(self->fd, REGION, self->memory + 2 * PAGE, 2 * PAGE));
	ASSERT_EQ(0, mprotect(self->memory + 4 * PAGE, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, region_create(self->fd, REGION, self->memory + 3 * PAGE, 2 * PAGE));
	ASSERT_EQ(0, mprotect(self->memory + 5 * PAGE, PAGE, PROT_NONE));
	EXPECT_EQ(-EFAULT, region_create(self->fd, REGION, self->memory + 5 * PAGE, PAGE));
	EXPECT_EQ(-EFAULT, region_create(self->fd, REGION, NULL, PAGE));
	/* Nothing of what was pinned before the bad page is left. */
	EXPECT_EQ(0, pinned(self->fd));
	EXPECT_EQ(0, vm_pin());
	EXPECT_EQ(0, region_create(self->fd, REGION, self->memory, 2 * PAGE));
	EXPECT_EQ(2, pinned(self->fd));
}

/* Memory of the wrong kind: a shared file of a real file system, a driver's. */
TEST_F(region, wrong_kind)
{
	struct io_uring_params params = { .flags = 0 };
	char *map;
	int fd;

	mkdir("/tmp/ramfs", 0700);
	ASSERT_EQ(0, mount("none", "/tmp/ramfs", "ramfs", 0, NULL));
	fd = open("/tmp/ramfs/file", O_RDWR | O_CREAT, 0600);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, PAGE));
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	map[0] = 1;
	EXPECT_EQ(-EFAULT, region_create(self->fd, REGION, map, PAGE));
	munmap(map, PAGE);
	/* Private memory is anonymous once it is written, file or not. */
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	EXPECT_EQ(0, region_create(self->fd, REGION, map, PAGE));
	EXPECT_EQ(0, works(self->fd, REGION, map, PAGE));
	EXPECT_EQ(0, region_unregister(self->fd, REGION));
	munmap(map, PAGE);
	close(fd);
	EXPECT_EQ(0, umount("/tmp/ramfs"));
	fd = syscall(SYS_io_uring_setup, 8, &params);
	ASSERT_LE(0, fd);
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-EFAULT, region_create(self->fd, REGION, map, PAGE));
	EXPECT_EQ(0, pinned(self->fd));
}

TEST_F(region, anonymous)
{
	char *fresh = memory_new(8 * PAGE, false);

	/* Pages that were never touched, and pages that were. */
	ASSERT_EQ(0, region_create(self->fd, REGION, fresh, 8 * PAGE));
	ASSERT_EQ(0, region_create(self->fd, OTHER, self->memory + PAGE, 2 * PAGE));
	EXPECT_EQ(10, pinned(self->fd));
	EXPECT_EQ(10, vm_pin());
	EXPECT_EQ(0, works(self->fd, REGION, fresh, 8 * PAGE));
	EXPECT_EQ(0, works(self->fd, OTHER, self->memory + PAGE, 2 * PAGE));
	EXPECT_EQ(-1, bytes_check(self->memory, PAGE, POISON));
	EXPECT_EQ(-1, bytes_check(self->memory + 3 * PAGE, PAGE, POISON));
	ASSERT_EQ(0, region_unregister(self->fd, REGION));
	EXPECT_EQ(2, pinned(self->fd));
	EXPECT_EQ(2, vm_pin());
	EXPECT_EQ(-ENOENT, cap_type(self->fd, REGION));
}

/* The same memory may be registered more than once; each time counts. */
TEST_F(region, twice)
{
	ASSERT_EQ(0, region_create(self->fd, REGION, self->memory, 4 * PAGE));
	ASSERT_EQ(0, region_create(self->fd, OTHER, self->memory + 2 * PAGE, 4 * PAGE));
	EXPECT_EQ(8, pinned(self->fd));
	EXPECT_EQ(0, works(self->fd, REGION, self->memory, 4 * PAGE));
	ASSERT_EQ(0, region_unregister(self->fd, REGION));
	EXPECT_EQ(0, works(self->fd, OTHER, self->memory + 2 * PAGE, 4 * PAGE));
	EXPECT_EQ(4, pinned(self->fd));
}

TEST_F(region, hugetlb)
{
	char *memory;

	ASSERT_TRUE(hugetlb_reserve(3));
	memory = mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	ASSERT_EQ(0, region_create(self->fd, REGION, memory, 2 * HUGE_PAGE));
	EXPECT_EQ(1024, pinned(self->fd));
	EXPECT_EQ(0, works(self->fd, REGION, memory, 64 * KIB));
	/* Pieces of huge pages, across their border too. */
	ASSERT_EQ(0, region_create(self->fd, OTHER, memory + HUGE_PAGE - 3 * PAGE, 5 * PAGE));
	EXPECT_EQ(1029, pinned(self->fd));
	EXPECT_EQ(0, works(self->fd, OTHER, memory + HUGE_PAGE - 3 * PAGE, 5 * PAGE));
	ASSERT_EQ(0, munmap(memory, 2 * HUGE_PAGE));
	ASSERT_EQ(0, region_unregister(self->fd, REGION));
	ASSERT_EQ(0, region_unregister(self->fd, OTHER));
	EXPECT_EQ(0, pinned(self->fd));
	/* The pages are back in their pool: nothing pins them. */
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       file_number("/proc/meminfo", "HugePages_Free:") == 3));
	EXPECT_TRUE(hugetlb_reserve(0));
}

TEST_F(region, transparent_huge)
{
	char *area = memory_new(3 * HUGE_PAGE, false), *memory;

	if (access("/sys/kernel/mm/transparent_hugepage", F_OK))
		SKIP(return, "no transparent huge pages");
	memory = (char *)((PTR(area) + HUGE_PAGE - 1) & -HUGE_PAGE);
	ASSERT_EQ(0, madvise(memory, 2 * HUGE_PAGE, MADV_HUGEPAGE));
	memset(memory, POISON, 2 * HUGE_PAGE);
	ASSERT_LT(0, file_number("/proc/self/smaps_rollup", "AnonHugePages:"));
	ASSERT_EQ(0, region_create(self->fd, REGION, memory + PAGE, 2 * HUGE_PAGE - 2 * PAGE));
	EXPECT_EQ(1022, pinned(self->fd));
	EXPECT_EQ(0, works(self->fd, REGION, memory + PAGE, 256 * KIB));
	EXPECT_EQ(-1, bytes_check(memory, PAGE, POISON));
	EXPECT_EQ(-1, bytes_check(memory + PAGE + 256 * KIB, PAGE, POISON));
}

/* Shared memory; a seal against writing tells whether anybody has it pinned. */
TEST_F(region, memfd)
{
	int file = memfd_create("capmsg", MFD_ALLOW_SEALING);
	char *memory;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, 4 * PAGE));
	memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_EQ(0, region_create(self->fd, REGION, memory, 4 * PAGE));
	EXPECT_EQ(0, works(self->fd, REGION, memory, 4 * PAGE));
	ASSERT_EQ(0, munmap(memory, 4 * PAGE));
	EXPECT_EQ(-1, fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_EQ(EBUSY, errno);
	ASSERT_EQ(0, region_unregister(self->fd, REGION));
	EXPECT_EQ(0, fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
}

/* --- what the owner does to its memory meanwhile ------------------------------- */

/* The pin is a right to write: it follows the page, and outlasts protection. */
TEST_F(region, moved_and_protected)
{
	char *source = memory_new(PAGE, false), *moved;
	struct capmsg_record record;

	pattern_fill(source, PAGE, 5);
	ASSERT_EQ(0, region_create(self->fd, REGION, self->memory, 2 * PAGE));
	ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, PAGE, 0, 0));
	moved = mremap(self->memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       self->memory + 8 * PAGE);
	ASSERT_EQ(self->memory + 8 * PAGE, moved);
	ASSERT_EQ(0, mprotect(moved, 2 * PAGE, PROT_READ));
	ASSERT_EQ(0, msg_send(self->fd, PORT, source, PAGE));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, NULL));
	EXPECT_EQ(-1, pattern_check(moved, PAGE, 5));
	EXPECT_EQ(-1, bytes_check(moved + PAGE, PAGE, POISON));
}

/* A file that is cut short keeps nothing of the message, and nothing breaks. */
TEST_F(region, truncated)
{
	int file = memfd_create("capmsg", 0);
	char *source = memory_new(PAGE, true), *memory;
	struct capmsg_record record;

	ASSERT_EQ(0, ftruncate(file, 2 * PAGE));
	memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_EQ(0, region_create(self->fd, REGION, memory, 2 * PAGE));
	ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, PAGE, 0, 0));
	ASSERT_EQ(0, ftruncate(file, 0));
	ASSERT_EQ(0, ftruncate(file, 2 * PAGE));
	ASSERT_EQ(0, msg_send(self->fd, PORT, source, PAGE));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, NULL));
	EXPECT_EQ(PAGE, record.out_length);
	EXPECT_EQ(-1, bytes_check(memory, 2 * PAGE, 0));
}

/* --- when it ends -------------------------------------------------------------- */

TEST_F(region, unregister_unused)
{
	int post;

	ASSERT_EQ(0, region_create(self->fd, REGION, self->memory, 4 * PAGE));
	ASSERT_EQ(0, cap_copy(self->fd, REGION, OTHER, CAPMSG_RIGHT_WRITE));
	post = post_any(self->fd, PORT, OTHER, 0, PAGE, 0, 0);
	ASSERT_LE(0, post);
	EXPECT_EQ(-EACCES, region_unregister(self->fd, OTHER));
	EXPECT_EQ(-EBUSY, region_unregister(self->fd, REGION));
	EXPECT_EQ(-EINVAL, region_unregister(self->fd, PORT));
	EXPECT_EQ(-ENOENT, region_unregister(self->fd, SLOT(9)));
	EXPECT_EQ(4, pinned(self->fd));
	ASSERT_EQ(0, post_take(self->fd, PORT, post));
	ASSERT_EQ(0, region_unregister(self->fd, REGION));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, OTHER));
	EXPECT_EQ(-ENOENT, region_unregister(self->fd, REGION));
	EXPECT_EQ(0, pinned(self->fd));
	EXPECT_EQ(0, vm_pin());
}

/* DESTROY takes the region away from the posts: they wait on without a buffer. */
TEST_F(region, destroy)
{
	struct capmsg_record record;
	struct capmsg_stat stat;
	char data[CAPMSG_INLINE_MAX], *source = memory_new(PAGE, true);

	ASSERT_EQ(0, region_create(self->fd, REGION, self->memory, 4 * PAGE));
	ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, PAGE, 0, 0));
	ASSERT_LE(0, post_any(self->fd, PORT, REGION, PAGE, PAGE, 0, 0));
	ASSERT_EQ(0, obj_destroy(self->fd, REGION));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, REGION));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, PORT, source, PAGE));
	ASSERT_EQ(0, msg_try(self->fd, PORT, "short", 5));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, data));
	EXPECT_EQ(0, memcmp(data, "short", 5));
	ASSERT_EQ(0, cap_stat(self->fd, PORT, &stat));
	EXPECT_EQ(2, stat.out_posted + stat.out_idle);
	EXPECT_EQ(0, pinned(self->fd));
	EXPECT_EQ(0, vm_pin());
}

/* A message that has arrived is there, whatever becomes of its region. */
TEST_F(region, destroy_when_filled)
{
	char *source = memory_new(PAGE, false);
	struct capmsg_record record;

	pattern_fill(source, PAGE, 3);
	ASSERT_EQ(0, region_create(self->fd, REGION, self->memory, PAGE));
	ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, PAGE, 0, 0));
	ASSERT_EQ(0, msg_try(self->fd, PORT, source, PAGE));
	EXPECT_EQ(-EBUSY, region_unregister(self->fd, REGION));
	ASSERT_EQ(0, obj_destroy(self->fd, REGION));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, NULL));
	EXPECT_EQ(PAGE, record.out_length);
	EXPECT_EQ(-1, pattern_check(self->memory, PAGE, 3));
	EXPECT_EQ(0, pinned(self->fd));
}

TEST_F(region, close_releases)
{
	int file = memfd_create("capmsg", MFD_ALLOW_SEALING), fd = space_new();
	char *memory;

	ASSERT_EQ(0, ftruncate(file, 4 * PAGE));
	memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_EQ(0, port_create(fd, PORT, 1));
	ASSERT_EQ(0, region_create(fd, REGION, memory, 4 * PAGE));
	ASSERT_LE(0, post_any(fd, PORT, REGION, 0, PAGE, 0, 0));
	EXPECT_EQ(4, vm_pin());
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(0, pinned(self->fd));
	EXPECT_EQ(0, vm_pin());
	ASSERT_EQ(0, munmap(memory, 4 * PAGE));
	EXPECT_EQ(0, fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
}

/* --- when somebody is about to use it ------------------------------------------ */

#define GATE	SLOT(0x11)	/* stands before the table that is GATED */
#define GATED	SLOT(0x12)
#define TABLE	SLOT(0x13)

/* Whoever has found the region, and then looks for its landing slots, waits. */
static int close_gate(int fd)
{
	return cappage_create(fd, TABLE, 8) ?:
	       do_create_revoker(fd, &(struct capmsg_create_revoker){
			.from = TABLE, .to = GATED, .revoker = GATE }) ?:
	       do_close(fd, &(struct capmsg_close){ .revoker = GATE });
}

static int open_gate(int fd)
{
	return do_open(fd, &(struct capmsg_open){ .revoker = GATE });
}

static __u64 user_bytes(int fd)
{
	struct capmsg_query query = { .flags = 0 };

	return do_query(fd, &query) ? ~0ULL : query.out_user_bytes;
}

/* What DESTROY has returned for is unpinned, and nobody pays for it. */
TEST_F(region, destroy_while_post_stalls)
{
	struct capmsg_post post = { .port = PORT, .region = REGION, .length = PAGE,
		.landing = SLOT2(0x12, 0), .max_caps = 1, .post = CAPMSG_POST_ANY };
	const size_t pages = 4096;
	char *memory = memory_new(pages * PAGE, false);
	__u64 before, after;
	struct job job;

	ASSERT_EQ(0, region_create(self->fd, REGION, memory, pages * PAGE));
	ASSERT_EQ(0, close_gate(self->fd));
	ASSERT_EQ(0, JOB_START(&job, self->fd, post, POST, &post));
	ASSERT_TRUE(job_blocked(&job));
	EXPECT_EQ(pages, pinned(self->fd));
	before = user_bytes(self->fd);
	ASSERT_EQ(0, obj_destroy(self->fd, REGION));
	EXPECT_EQ(0, pinned(self->fd));
	EXPECT_EQ(0, vm_pin());
	after = user_bytes(self->fd);
	EXPECT_LE(pages * sizeof(void *), before - after);
	EXPECT_FALSE(job_done(&job, 0));
	ASSERT_EQ(0, open_gate(self->fd));
	EXPECT_EQ(-ENOENT, job_join(&job));
	/* The struct is gone as well, and nobody had paid for it any more. */
	EXPECT_EQ(after, user_bytes(self->fd));
}

TEST_F(region, close_while_call_stalls)
{
	struct capmsg_call call = { .flags = CAPMSG_CALL_REGION, .to = PORT,
		.reply_region = REGION, .reply_size = PAGE,
		.reply_landing = SLOT2(0x12, 0), .reply_max_caps = 1 };
	int file = memfd_create("capmsg", MFD_ALLOW_SEALING), fd = space_new();
	char *memory;
	struct job job;

	ASSERT_EQ(0, ftruncate(file, 4 * PAGE));
	memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_EQ(0, region_create(fd, REGION, memory, 4 * PAGE));
	ASSERT_EQ(0, cap_give(fd, REGION, CAPMSG_RIGHT_WRITE, self->fd, REGION));
	ASSERT_EQ(0, close_gate(self->fd));
	ASSERT_EQ(0, JOB_START(&job, self->fd, call, CALL, &call));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, munmap(memory, 4 * PAGE));
	EXPECT_EQ(-1, fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(0, pinned(self->fd));
	EXPECT_EQ(0, vm_pin());
	EXPECT_EQ(0, fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_FALSE(job_done(&job, 0));
	ASSERT_EQ(0, open_gate(self->fd));
	EXPECT_EQ(-ENOENT, job_join(&job));
}

/* --- who pays ------------------------------------------------------------------- */

static int register_at_limit(void *unused)
{
	const struct rlimit limit = { 16 * PAGE, 16 * PAGE };
	char *memory = memory_new(32 * PAGE, false);
	int fd = space_new(), twin = space_new(), ret;

	if (fd < 0 || twin < 0 || setrlimit(RLIMIT_MEMLOCK, &limit))
		return 240;
	if (region_create(fd, REGION, memory, 17 * PAGE) != -EDQUOT)
		return 241;
	ret = region_create(fd, REGION, memory, 16 * PAGE);
	if (ret)
		return -ret;
	if (region_create(fd, OTHER, memory, PAGE) != -EDQUOT)
		return 242;
	/* Another space of the same user has no allowance of its own. */
	if (region_create(twin, OTHER, memory, PAGE) != -EDQUOT)
		return 243;
	if (region_unregister(fd, REGION))
		return 244;
	if (region_create(twin, REGION, memory, 10 * PAGE))
		return 245;
	if (region_create(fd, REGION, memory, 7 * PAGE) != -EDQUOT)
		return 246;
	close(twin);
	if (region_create(fd, REGION, memory, 16 * PAGE))
		return 247;
	return vm_pin() == 16 ? 0 : 248;
}

TEST_F(region, memlock_limit)
{
	EXPECT_EQ(0, child_as(1000, register_at_limit, NULL));
	/* All was given back: it works once more. */
	EXPECT_EQ(0, child_as(1000, register_at_limit, NULL));
}

static int register_without_allowance(void *unused)
{
	const struct rlimit limit = { 0, 0 };
	struct capmsg_record record = { .data = 0 };
	struct capmsg_recv recv = { .port = OTHER, .records = PTR(&record), .n_records = 1,
		.plain_size = PAGE, .deadline = in_ms(1000) };
	char *memory = memory_new(PAGE, true);
	int fd = space_new();

	setrlimit(RLIMIT_MEMLOCK, &limit);
	if (fd < 0 || region_create(fd, REGION, memory, PAGE) != -EDQUOT)
		return 240;
	recv.plain = PTR(memory);
	if (port_create(fd, OTHER, 1) || do_recv(fd, &recv) != -EDQUOT)
		return 241;
	/* A port works without any pinned memory. */
	return -(port_create(fd, PORT, 1) ?: msg_try(fd, PORT, "", 0));
}

TEST_F(region, memlock_zero)
{
	EXPECT_EQ(0, child_as(1000, register_without_allowance, NULL));
}

/* CAP_IPC_LOCK: no limit. */
TEST_F(region, memlock_privileged)
{
	const struct rlimit limit = { PAGE, PAGE };

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	EXPECT_EQ(0, region_create(self->fd, REGION, self->memory, 16 * PAGE));
}

TEST_HARNESS_MAIN
