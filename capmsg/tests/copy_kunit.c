// SPDX-License-Identifier: GPL-2.0-only
/*
 * The copy, byte by byte: into pages that are no neighbours, at every edge of
 * a page, from memory that overlaps the target, from memory that is not there.
 */
#include <linux/highmem.h>
#include <linux/mman.h>

#include "copy.h"
#include "kit.h"

#define PAGES	18
#define ROOM	((size_t)PAGES << PAGE_SHIFT)
#define BLANK	0xcc

/* A target whose pages the case has made, and a source. */
struct desk {
	struct capmsg_pin pin;
	struct page *pages[PAGES];
	u8 *source;
	u8 *expected;
	struct rnd_state rnd;
	u64 seed;
};

static void desk_free(void *data)
{
	struct desk *desk = data;
	int i;

	for (i = 0; i < PAGES && desk->pages[i]; i++)
		__free_page(desk->pages[i]);
}

/* @direct: the pages look as if they were of another mm. */
static struct desk *desk_make(struct kunit *test, bool direct)
{
	struct desk *desk = kunit_kzalloc(test, sizeof(*desk), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, desk);
	desk->source = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	desk->expected = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, desk->source);
	KUNIT_ASSERT_NOT_NULL(test, desk->expected);
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, desk_free, desk), 0);
	for (i = 0; i < PAGES; i++) {
		desk->pages[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, desk->pages[i]);
	}
	/* The last comes first: a run past the end of a page is noticed. */
	swap(desk->pages[0], desk->pages[PAGES - 1]);
	desk->pin.pages = desk->pages;
	desk->pin.n = PAGES;
	desk->pin.mm = direct ? (void *)desk : current->mm;
	desk->seed = get_random_u64();
	prandom_seed_state(&desk->rnd, desk->seed);
	prandom_bytes_state(&desk->rnd, desk->source, ROOM);
	return desk;
}

static void desk_blank(struct desk *desk)
{
	int i;

	for (i = 0; i < PAGES; i++)
		memset(page_address(desk->pages[i]), BLANK, PAGE_SIZE);
	memset(desk->expected, BLANK, ROOM);
}

static bool desk_as_expected(const struct desk *desk)
{
	int i;

	for (i = 0; i < PAGES; i++) {
		if (memcmp(page_address(desk->pages[i]),
			   desk->expected + ((size_t)i << PAGE_SHIFT),
			   PAGE_SIZE))
			return false;
	}
	return true;
}

/* Three pieces of the source that follow each other, with a gap. */
static void cut_source(struct desk *desk, struct kvec *pieces, size_t n)
{
	size_t a = n ? capmsg_kit_below(&desk->rnd, n + 1) : 0;
	size_t b = n ? a + capmsg_kit_below(&desk->rnd, n - a + 1) : 0;

	pieces[0] = (struct kvec) { desk->source, a };
	pieces[1] = (struct kvec) { desk->source + a + 1, b - a };
	pieces[2] = (struct kvec) { desk->source + b + 2, n - b };
}

static void expect_bytes(struct desk *desk, const struct kvec *pieces,
			 size_t at)
{
	int i;

	for (i = 0; i < 3; i++) {
		memcpy(desk->expected + at, pieces[i].iov_base,
		       pieces[i].iov_len);
		at += pieces[i].iov_len;
	}
}

static void try_copy(struct kunit *test, struct desk *desk, size_t pin_offset,
		     size_t offset, size_t n)
{
	struct capmsg_target target = {
		.pin = &desk->pin, .offset = offset, .length = n,
	};
	u64 copied = capmsg_copied();
	struct kvec pieces[3];
	struct iov_iter from;
	size_t done = 0, got;

	desk->pin.offset = pin_offset;
	desk_blank(desk);
	cut_source(desk, pieces, n);
	expect_bytes(desk, pieces, pin_offset + offset);
	iov_iter_kvec(&from, ITER_SOURCE, pieces, 3, n);
	while (done < n) {
		got = capmsg_copy_chunk(&target, done, &from);
		KUNIT_ASSERT_GT(test, got, 0);
		KUNIT_EXPECT_EQ(test, got, min_t(size_t, n - done, SZ_64K));
		done += got;
		KUNIT_EXPECT_EQ(test, iov_iter_count(&from), n - done);
	}
	KUNIT_EXPECT_TRUE_MSG(test, desk_as_expected(desk),
			      "seed %#llx: %zu bytes at %zu + %zu", desk->seed,
			      n, pin_offset, offset);
	KUNIT_EXPECT_EQ(test, capmsg_copied() - copied, n);
}

static void try_sizes(struct kunit *test, struct desk *desk)
{
	static const size_t sizes[] = {
		0, 1, 2, 255, 256, 257, 4094, 4095, 4096, 4097, 8191, 8192,
		8193, 12345, 65535, 65536,
	};
	static const size_t offsets[] = { 0, 1, 7, 2048, 4095, 4096, 4097 };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			try_copy(test, desk, 0, offsets[j], sizes[i]);
			try_copy(test, desk, offsets[j] % PAGE_SIZE,
				 offsets[(i + j) % 5], sizes[i]);
		}
	}
	/* More than one chunk. */
	try_copy(test, desk, 0, 0, ROOM - 2);
	try_copy(test, desk, 1, 1, ROOM - 4);
	for (i = 0; i < 200; i++)
		try_copy(test, desk, capmsg_kit_below(&desk->rnd, PAGE_SIZE),
			 capmsg_kit_below(&desk->rnd, 2 * PAGE_SIZE),
			 capmsg_kit_below(&desk->rnd, 15 * PAGE_SIZE));
}

static void pages_of_another_are_written_directly(struct kunit *test)
{
	try_sizes(test, desk_make(test, true));
}

static void own_pages_are_written_by_way_of_scratch(struct kunit *test)
{
	try_sizes(test, desk_make(test, false));
}

static void shared_pages_are_written_by_way_of_scratch(struct kunit *test)
{
	struct desk *desk = desk_make(test, true);

	desk->pin.aliasable = true;
	try_sizes(test, desk);
}

#define MEADOW_ORDER	5
#define MEADOW_SIZE	(PAGE_SIZE << MEADOW_ORDER)

/* One block is source and target; memmove() knows what must come out. */
static void try_overlap(struct kunit *test, u8 *block, u8 *expected,
			struct capmsg_pin *pin, size_t from_at, size_t to_at,
			size_t n)
{
	struct capmsg_target target = { .pin = pin, .length = n };
	struct iov_iter from;
	struct kvec piece = { block + from_at, n };

	prandom_bytes_state(&((struct rnd_state) { n, 99, 999, from_at + 999 }),
			    block, MEADOW_SIZE);
	memcpy(expected, block, MEADOW_SIZE);
	memmove(expected + to_at, expected + from_at, n);
	target.offset = to_at;
	iov_iter_kvec(&from, ITER_SOURCE, &piece, 1, n);
	KUNIT_EXPECT_EQ(test, capmsg_copy_chunk(&target, 0, &from), n);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(block, expected, MEADOW_SIZE), 0,
			    "%zu bytes from %zu to %zu", n, from_at, to_at);
}

static void overlap_is_exact_up_to_64_kib(struct kunit *test)
{
	static const size_t sizes[] = { 1, 2, 300, 4096, 4097, 65535, 65536 };
	static const long shifts[] = {
		-20000, -4097, -4096, -100, -1, 0, 1, 100, 4096, 4097, 20000,
	};
	struct page *pages[1 << MEADOW_ORDER], *block;
	struct capmsg_pin pin = { .pages = pages, .n = ARRAY_SIZE(pages) };
	u8 *expected = kunit_kmalloc(test, MEADOW_SIZE, GFP_KERNEL);
	int i, j;

	KUNIT_ASSERT_NOT_NULL(test, expected);
	block = alloc_pages(GFP_KERNEL, MEADOW_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, block);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = block + i;
	pin.mm = current->mm;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < ARRAY_SIZE(shifts); j++)
			try_overlap(test, page_address(block), expected, &pin,
				    24000, 24000 + shifts[j], sizes[i]);
	}
	__free_pages(block, MEADOW_ORDER);
}

static void short_messages_arrive_at_any_edge(struct kunit *test)
{
	struct desk *desk = desk_make(test, true);
	struct capmsg_target target = { .pin = &desk->pin, .length = 256 };
	u64 copied = capmsg_copied();
	size_t n;

	for (n = 0; n <= CAPMSG_INLINE_MAX; n += n < 4 ? 1 : 28) {
		for (target.offset = PAGE_SIZE - 260;
		     target.offset < PAGE_SIZE + 4; target.offset += 3) {
			desk->pin.offset = n * 5;
			desk_blank(desk);
			memcpy(desk->expected + target.offset + n * 5,
			       desk->source, n);
			capmsg_copy_short(&target, desk->source, n);
			KUNIT_EXPECT_TRUE_MSG(test, desk_as_expected(desk),
					      "%zu bytes at %llu", n,
					      target.offset);
		}
	}
	KUNIT_EXPECT_EQ(test, capmsg_copied(), copied);
}

/* User memory of which only the first @there bytes have a page. */
static unsigned long half_there(struct kunit *test, struct desk *desk,
				size_t there)
{
	unsigned long address;

	address = kunit_vm_mmap(test, NULL, 0, 8 * PAGE_SIZE,
				PROT_READ | PROT_WRITE,
				MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, address, 0);
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)address,
					   desk->source, there), 0);
	return address;
}

static size_t fault_in(const struct iov_iter *from)
{
	return fault_in_iov_iter_readable(from, iov_iter_count(from));
}

static void missing_page_ends_a_direct_chunk(struct kunit *test)
{
	struct desk *desk = desk_make(test, true);
	struct capmsg_target target = { .pin = &desk->pin, .length = ROOM };
	unsigned long address = half_there(test, desk, 2 * PAGE_SIZE);
	struct iov_iter from;

	desk_blank(desk);
	memcpy(desk->expected, desk->source + 100, 2 * PAGE_SIZE - 100);
	iov_iter_ubuf(&from, ITER_SOURCE, (void __user *)address + 100,
		      4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, capmsg_copy_chunk(&target, 0, &from),
			2 * PAGE_SIZE - 100);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&from), 2 * PAGE_SIZE + 100);
	KUNIT_EXPECT_TRUE(test, desk_as_expected(desk));
	KUNIT_EXPECT_EQ(test, capmsg_copy_chunk(&target, 2 * PAGE_SIZE - 100,
						&from), 0);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&from), 2 * PAGE_SIZE + 100);
	/* Faulted in, it goes on where it has stopped. */
	KUNIT_EXPECT_EQ(test, fault_in(&from), 0);
	memset(desk->expected + 2 * PAGE_SIZE - 100, 0, 2 * PAGE_SIZE + 100);
	KUNIT_EXPECT_EQ(test, capmsg_copy_chunk(&target, 2 * PAGE_SIZE - 100,
						&from), 2 * PAGE_SIZE + 100);
	KUNIT_EXPECT_TRUE(test, desk_as_expected(desk));
}

static void missing_page_leaves_an_aliased_target_alone(struct kunit *test)
{
	struct desk *desk = desk_make(test, true);
	struct capmsg_target target = { .pin = &desk->pin, .length = ROOM };
	unsigned long address = half_there(test, desk, 2 * PAGE_SIZE);
	u64 copied = capmsg_copied();
	struct iov_iter from;

	desk->pin.mm = current->mm;
	desk_blank(desk);
	iov_iter_ubuf(&from, ITER_SOURCE, (void __user *)address,
		      4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, capmsg_copy_chunk(&target, 0, &from), 0);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&from), 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, capmsg_copied(), copied);
	KUNIT_EXPECT_TRUE(test, desk_as_expected(desk));
	KUNIT_EXPECT_EQ(test, fault_in(&from), 0);
	memcpy(desk->expected, desk->source, 2 * PAGE_SIZE);
	memset(desk->expected + 2 * PAGE_SIZE, 0, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, capmsg_copy_chunk(&target, 0, &from),
			4 * PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, desk_as_expected(desk));
}

static void region_receives_what_is_copied(struct kunit *test)
{
	struct desk *desk = desk_make(test, true);
	unsigned long pinned = capmsg_pinned(), address;
	struct capmsg_region *region = capmsg_kit_region(test, 4, &address);
	struct capmsg_target target = { .pin = &region->pin, .offset = 4000 };
	struct kvec piece = { desk->source, 9000 };
	struct iov_iter from;

	KUNIT_EXPECT_EQ(test, capmsg_pinned(), pinned + 4);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&capmsg_kit_of(test)->user.pinned),
			4);
	iov_iter_kvec(&from, ITER_SOURCE, &piece, 1, 9000);
	KUNIT_EXPECT_EQ(test, capmsg_copy_chunk(&target, 0, &from), 9000);
	KUNIT_EXPECT_EQ(test, copy_from_user(desk->expected,
					     (void __user *)address + 4000,
					     9000), 0);
	KUNIT_EXPECT_EQ(test, memcmp(desk->expected, desk->source, 9000), 0);
	KUNIT_EXPECT_FALSE(test, capmsg_kit_used(region));
	capmsg_kit_kill(&region->body);
	KUNIT_EXPECT_EQ(test, capmsg_pinned(), pinned);
}

static struct kunit_case copy_cases[] = {
	KUNIT_CASE(pages_of_another_are_written_directly),
	KUNIT_CASE(own_pages_are_written_by_way_of_scratch),
	KUNIT_CASE(shared_pages_are_written_by_way_of_scratch),
	KUNIT_CASE(overlap_is_exact_up_to_64_kib),
	KUNIT_CASE(short_messages_arrive_at_any_edge),
	KUNIT_CASE(missing_page_ends_a_direct_chunk),
	KUNIT_CASE(missing_page_leaves_an_aliased_target_alone),
	KUNIT_CASE(region_receives_what_is_copied),
	{ }
};

static struct kunit_suite copy_suite = {
	.name		= "capmsg_copy",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= copy_cases,
};

kunit_test_suite(copy_suite);
