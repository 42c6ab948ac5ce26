// SPDX-License-Identifier: GPL-2.0-only
/*
 * transfer_test.c - the bytes of large messages: sizes, alignments, pieces, huge
 * pages, memory that is not resident, memory that is source and destination.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)
#define REGION	SLOT(2)
#define LENGTH	(MIB + 2 * PAGE)
#define HUGE_PAGE (2 * MIB)

/**
 * struct courier - a process that sends, in memory shared with it
 * @fd: space
 * @go: pipe: @send is complete
 * @done: pipe: @result is there
 * @iov: pieces, if @send has any
 */
struct courier {
	int fd;
	int go[2], done[2];
	int result;
	struct capmsg_send send;
	struct capmsg_iovec iov[CAPMSG_IOV_MAX];
};

FIXTURE(transfer) {
	int fd;
	struct courier *courier;
	char *source;		/* LENGTH bytes, the pattern 1 */
	char *target;		/* the region, LENGTH bytes */
	bool process;
};

/**
 * @process: the sender is another process, so that nothing can be shared
 * @source: page size of the source
 * @target: page size of the region
 */
FIXTURE_VARIANT(transfer) {
	bool process;
	size_t source, target;
};

FIXTURE_VARIANT_ADD(transfer, process) { .process = true, .source = PAGE, .target = PAGE };
FIXTURE_VARIANT_ADD(transfer, thread) { .source = PAGE, .target = PAGE };
FIXTURE_VARIANT_ADD(transfer, from_huge) { .process = true, .source = HUGE_PAGE, .target = PAGE };
FIXTURE_VARIANT_ADD(transfer, to_huge) { .process = true, .source = PAGE, .target = HUGE_PAGE };
FIXTURE_VARIANT_ADD(transfer, huge) { .process = true, .source = HUGE_PAGE, .target = HUGE_PAGE };

static char *memory_of(size_t page, size_t length)
{
	char *memory;

	if (page == PAGE)
		return memory_new(length, true);
	memory = mmap(NULL, (length + page - 1) & -page, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static int courier_run(void *data)
{
	struct courier *courier = data;
	char byte;

	while (read(courier->go[0], &byte, 1) == 1) {
		courier->result = do_send(courier->fd, &courier->send);
		if (write(courier->done[1], &byte, 1) != 1)
			break;
	}
	return 0;
}

FIXTURE_SETUP(transfer)
{
	if (variant->source != PAGE || variant->target != PAGE)
		ASSERT_TRUE(hugetlb_reserve(4));
	self->process = variant->process;
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	self->source = memory_of(variant->source, LENGTH);
	self->target = memory_of(variant->target, LENGTH);
	ASSERT_NE(NULL, self->source);
	ASSERT_NE(NULL, self->target);
	pattern_fill(self->source, LENGTH, 1);
	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->target, LENGTH));
	self->courier = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			     -1, 0);
	ASSERT_NE(MAP_FAILED, self->courier);
	self->courier->fd = self->fd;
	ASSERT_EQ(0, pipe(self->courier->go));
	ASSERT_EQ(0, pipe(self->courier->done));
	if (self->process)
		ASSERT_LT(0, child_start(courier_run, self->courier, KEEP_ALL));
}

FIXTURE_TEARDOWN(transfer)
{
	CAPMSG_TEARDOWN();
	munmap(self->source, (LENGTH + variant->source - 1) & -variant->source);
	munmap(self->target, (LENGTH + variant->target - 1) & -variant->target);
	if (variant->source != PAGE || variant->target != PAGE)
		EXPECT_TRUE(hugetlb_reserve(0));
}

/* Sends from where the variant says. */
static int send_from(FIXTURE_DATA(transfer) *self, struct capmsg_send send)
{
	struct courier *courier = self->courier;
	char byte = 0;

	courier->send = send;
	courier->send.to = PORT;
	courier->send.deadline = patience();
	if (!self->process)
		return do_send(self->fd, &courier->send);
	if (write(courier->go[1], &byte, 1) != 1 || read(courier->done[0], &byte, 1) != 1)
		return -EIO;
	return courier->result;
}

/*
 * One message of @length bytes from @from in the source to @to in the region,
 * and nothing but these bytes changed. NULL, or what is wrong.
 */
static const char *transfer_one(FIXTURE_DATA(transfer) *self, size_t length, size_t from, size_t to)
{
	const size_t area = to + length + 2 * PAGE < LENGTH ? to + length + 2 * PAGE : LENGTH;
	static char expected[LENGTH];
	struct capmsg_send send = { .length = length };
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];

	memset(self->target, POISON, area);
	/* After a short message the post has a buffer still. */
	if (post_take(self->fd, PORT, 0) ||
	    post_any(self->fd, PORT, REGION, to, length ?: 1, 0, 0))
		return "POST";
	send.data = PTR(self->source) + from;
	if (send_from(self, send))
		return "SEND";
	if (msg_poll(self->fd, PORT, &record, data))
		return "RECV";
	if (record.out_length != length || record.out_n_caps || record.out_error)
		return "record";
	memset(expected, POISON, area);
	if (record.out_flags & CAPMSG_RECORD_INLINE) {
		if (length > CAPMSG_INLINE_MAX)
			return "flags";
		return memcmp(data, self->source + from, length) ? "inline bytes" : NULL;
	}
	memcpy(expected + to, self->source + from, length);
	return memcmp(expected, self->target, area) ? "bytes" : NULL;
}

TEST_F(transfer, sizes)
{
	const size_t lengths[] = {
		0, 1, 255, 256, 257, 300, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 17, 64 * KIB - 1,
		64 * KIB, 64 * KIB + 1,
	};
	const size_t offsets[][2] = { { 0, 0 }, { 1, 7 }, { PAGE - 3, 5 } };
	const char *wrong;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			wrong = transfer_one(self, lengths[i], offsets[j][0], offsets[j][1]);
			EXPECT_EQ(NULL, wrong)
				TH_LOG("%zu bytes from %zu to %zu: %s", lengths[i],
				       offsets[j][0], offsets[j][1], wrong);
		}
	}
}

TEST_F(transfer, mebibyte)
{
	EXPECT_EQ(NULL, transfer_one(self, MIB, 0, 0));
	EXPECT_EQ(NULL, transfer_one(self, MIB, 123, 4567));
	EXPECT_EQ(NULL, transfer_one(self, LENGTH, 0, 0));
}

/* Eight pieces of any length and alignment, none among them of length 0. */
TEST_F(transfer, pieces)
{
	static const size_t lengths[CAPMSG_IOV_MAX] = { 1, 4095, 0, 8192, 3, 70000, 257, 100001 };
	struct capmsg_iovec *iov = self->courier->iov;
	struct capmsg_record record;
	size_t from = 0, total = 0;
	unsigned int i;

	for (i = 0; i < CAPMSG_IOV_MAX; i++) {
		iov[i] = (struct capmsg_iovec){ PTR(self->source) + from, lengths[i] };
		from += lengths[i] + 1 + 1000 * i;
		total += lengths[i];
	}
	memset(self->target, POISON, LENGTH);
	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 7, total, 0, 0));
	ASSERT_EQ(0, send_from(self, (struct capmsg_send){
		.data = PTR(iov), .n_iov = CAPMSG_IOV_MAX }));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, NULL));
	EXPECT_EQ(total, record.out_length);
	EXPECT_EQ(-1, bytes_check(self->target, 7, POISON));
	for (i = 0, total = 7; i < CAPMSG_IOV_MAX; total += lengths[i++])
		EXPECT_EQ(0, memcmp(self->target + total, (char *)iov[i].base, lengths[i]))
			TH_LOG("piece %u", i);
	EXPECT_EQ(-1, bytes_check(self->target + total, LENGTH - total, POISON));
}

/* Pieces that are short together are a short message. */
TEST_F(transfer, short_pieces)
{
	struct capmsg_iovec *iov = self->courier->iov;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];

	iov[0] = (struct capmsg_iovec){ PTR(self->source), 100 };
	iov[1] = (struct capmsg_iovec){ PTR(self->source) + 100, 56 };
	iov[2] = (struct capmsg_iovec){ PTR(self->source) + 156, 100 };
	ASSERT_EQ(0, send_from(self, (struct capmsg_send){ .data = PTR(iov), .n_iov = 3 }));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, data));
	EXPECT_EQ(256, record.out_length);
	EXPECT_EQ(CAPMSG_RECORD_INLINE, record.out_flags);
	EXPECT_EQ(-1, pattern_check(data, 256, 1));
}

/* --- what it costs ------------------------------------------------------------ */

FIXTURE(copying) {
	int fd;
	struct capmsg_record record;
};

FIXTURE_SETUP(copying)
{
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
}

FIXTURE_TEARDOWN(copying)
{
	CAPMSG_TEARDOWN();
}

static __u64 copied(int fd)
{
	struct capmsg_query query = { .flags = 0 };

	return do_query(fd, &query) ? 0 : query.out_total_copied;
}

/* Each byte once, none for short messages. */
TEST_F(copying, counted)
{
	char *source = memory_new(MIB, true), *target = memory_new(MIB, false);
	char data[CAPMSG_INLINE_MAX];
	__u64 before = copied(self->fd);

	ASSERT_EQ(0, region_create(self->fd, REGION, target, MIB));
	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, MIB, 0, 0));
	ASSERT_EQ(0, msg_try(self->fd, PORT, source, CAPMSG_INLINE_MAX));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, data));
	EXPECT_EQ(before, copied(self->fd));
	ASSERT_EQ(0, msg_try(self->fd, PORT, source, MIB));
	EXPECT_EQ(before + MIB, copied(self->fd));
}

/* It is a page fault for each page. */
#define COLD_MS		90000

static int send_cold(void *file)
{
	char *source = mmap(NULL, 64 * MIB, PROT_READ, MAP_SHARED, *(int *)file, 0);

	if (source == MAP_FAILED)
		return ENOMEM;
	return do_send(3, &(struct capmsg_send){ .to = PORT, .data = PTR(source),
		.length = 64 * MIB, .deadline = in_ms(COLD_MS) });
}

/* 64 MiB of which the sender has no page mapped are copied once, not again and again. */
TEST_F_TIMEOUT(copying, nothing_resident, 120)
{
	int file = memfd_create("cold", 0);
	char *target = memory_new(64 * MIB, false), *chunk = memory_new(MIB, false);
	__u64 before;
	unsigned int i;
	pid_t pid;

	pattern_fill(chunk, MIB, 1);
	for (i = 0; i < 64; i++) {
		*(unsigned int *)chunk = i;
		ASSERT_EQ(MIB, write(file, chunk, MIB));
	}
	ASSERT_EQ(0, region_create(self->fd, REGION, target, 64 * MIB));
	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, 64 * MIB, 0, 0));
	before = copied(self->fd);
	ASSERT_EQ(100, dup2(self->fd, 100));
	ASSERT_EQ(101, dup2(file, 101));
	ASSERT_EQ(3, dup2(100, 3));
	file = 101;
	pid = child_start(send_cold, &file, KEEP_ALL);
	EXPECT_EQ(0, child_wait(pid, COLD_MS + 2000));
	ASSERT_EQ(0, msg_poll(100, PORT, &self->record, NULL));
	EXPECT_EQ(64 * MIB, self->record.out_length);
	EXPECT_LE(64 * MIB, copied(100) - before);
	EXPECT_GE(64 * MIB + 64 * MIB / 10, copied(100) - before);
	for (i = 0; i < 64; i++) {
		*(unsigned int *)chunk = i;
		EXPECT_EQ(0, memcmp(target + i * MIB, chunk, MIB))
			TH_LOG("in MiB %u", i);
	}
}

/* Anonymous memory that was never written reads as zeros. */
TEST_F(copying, never_touched)
{
	char *source = memory_new(4 * MIB, false), *target = memory_new(4 * MIB, true);
	__u64 before = copied(self->fd);

	ASSERT_EQ(0, region_create(self->fd, REGION, target, 4 * MIB));
	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, 4 * MIB, 0, 0));
	ASSERT_EQ(0, msg_send(self->fd, PORT, source, 4 * MIB));
	EXPECT_EQ(-1, bytes_check(target, 4 * MIB, 0));
	EXPECT_GE(4 * MIB + 4 * MIB / 10, copied(self->fd) - before);
}

/* --- the same memory on both sides ---------------------------------------------- */

/*
 * The message of @length bytes at @from goes to @to of the same memory. Up to
 * 64 KiB it is exact; of a longer one what was not written over, and in both
 * cases nothing else changes. NULL, or what is wrong.
 */
static const char *overlap(int fd, char *source, char *target, size_t size,
			   size_t from, size_t to, size_t length)
{
	char *before = memory_new(size, false);
	struct capmsg_record record;
	const char *wrong = NULL;
	size_t i;

	pattern_fill(target, size, length);
	memcpy(before, target, size);
	if (post_any(fd, PORT, REGION, to, length, 0, 0) ||
	    msg_send(fd, PORT, source + from, length) || msg_poll(fd, PORT, &record, NULL))
		wrong = "commands";
	for (i = 0; i < length && !wrong; i++)
		if (target[to + i] != before[from + i] &&
		    (length <= 64 * KIB || from + i < to || from + i >= to + length))
			wrong = "message";
	for (i = 0; i < size && !wrong; i++)
		if ((i < to || i >= to + length) && target[i] != before[i])
			wrong = "other bytes";
	munmap(before, size);
	return wrong;
}

/* How far the destination is from the source. */
static const long distances[] = { 1, -1, 8, -8, 100, -100, 4096, -4096, 5000, -5000, 0 };

TEST_F(copying, overlap_of_own_memory)
{
	const size_t lengths[] = { 257, 300, 4097, 10000, 64 * KIB };
	char *memory = memory_new(128 * KIB, false);
	const char *wrong;
	unsigned int i, j;

	ASSERT_EQ(0, region_create(self->fd, REGION, memory, 128 * KIB));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (j = 0; j < ARRAY_SIZE(distances); j++) {
			wrong = overlap(self->fd, memory, memory, 128 * KIB, 20000,
					20000 + distances[j], lengths[i]);
			EXPECT_EQ(NULL, wrong)
				TH_LOG("%zu bytes by %ld: %s", lengths[i], distances[j], wrong);
		}
	}
}

TEST_F(copying, overlap_large)
{
	char *memory = memory_new(MIB, false);
	const char *wrong;
	unsigned int j;

	ASSERT_EQ(0, region_create(self->fd, REGION, memory, MIB));
	for (j = 0; j < ARRAY_SIZE(distances); j++) {
		wrong = overlap(self->fd, memory, memory, MIB, 80000, 80000 + distances[j] * 13,
				256 * KIB);
		EXPECT_EQ(NULL, wrong)
			TH_LOG("by %ld: %s", distances[j] * 13, wrong);
	}
}

struct shared {
	int fd;
	char *memory;
	const char *wrong[ARRAY_SIZE(distances)];
};

/* In another process, which has the memory at another address. */
static int overlap_shared(void *data)
{
	char *memory = mmap(NULL, 128 * KIB, PROT_READ | PROT_WRITE, MAP_SHARED, 101, 0);
	struct shared *shared = data;
	unsigned int j;

	if (memory == MAP_FAILED || memory == shared->memory)
		return 240;
	for (j = 0; j < ARRAY_SIZE(distances); j++)
		if (overlap(100, memory, shared->memory, 128 * KIB, 20000,
			    20000 + distances[j], 30000 + 1000 * j))
			return 1 + j;
	return 0;
}

TEST_F(copying, overlap_of_shared_memory)
{
	struct shared shared = { .fd = 100 };
	int result;

	ASSERT_EQ(101, dup2(memfd_create("shared", 0), 101));
	ASSERT_EQ(0, ftruncate(101, 128 * KIB));
	shared.memory = mmap(NULL, 128 * KIB, PROT_READ | PROT_WRITE, MAP_SHARED, 101, 0);
	ASSERT_EQ(100, dup2(self->fd, 100));
	ASSERT_EQ(0, region_create(100, REGION, shared.memory, 128 * KIB));
	result = child_wait(child_start(overlap_shared, &shared, KEEP_ALL), CAPMSG_PATIENCE_MS);
	EXPECT_EQ(0, result)
		TH_LOG("by %ld", distances[(result - 1) % ARRAY_SIZE(distances)]);
}

TEST_HARNESS_MAIN
