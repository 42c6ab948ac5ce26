// SPDX-License-Identifier: GPL-2.0-only
/*
 * capability_test.c - capabilities in slots: rights, badges, weak and opaque
 * tables, guards, subpages, MOVE, CLEAR, STAT, LIST.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)
#define TABLE	SLOT(2)		/* 2^8 slots; a port in its slot 1 */
#define INNER	SLOT2(2, 1)
#define TO	SLOT(0x10)
#define TO2	SLOT(0x11)
#define VOID_SLOT SLOT(0x20)

FIXTURE(capability) {
	int fd;
};

FIXTURE_SETUP(capability)
{
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, port_create(self->fd, PORT, 2));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, port_marked(self->fd, INNER, 77));
}

FIXTURE_TEARDOWN(capability)
{
	CAPMSG_TEARDOWN();
}

/* A copy with @flags of what is at @from; the other fields as they come. */
static int copy_with(int fd, __u64 from, __u64 to, struct capmsg_copy arg)
{
	arg.from = from;
	arg.to = to;
	arg.rights = CAPMSG_RIGHTS_ALL;
	return do_copy(fd, &arg);
}

static int copy_guard(int fd, __u64 from, __u64 to, __u64 guard, unsigned int bits)
{
	return copy_with(fd, from, to, (struct capmsg_copy){
		.flags = CAPMSG_COPY_GUARD, .guard = guard, .guard_bits = bits });
}

static int copy_subpage(int fd, __u64 from, __u64 to, unsigned int subpage, unsigned int bits)
{
	return copy_with(fd, from, to, (struct capmsg_copy){
		.flags = CAPMSG_COPY_SUBPAGE, .subpage = subpage, .subpage_bits = bits });
}

static int copy_weak(int fd, __u64 from, __u64 to)
{
	return copy_with(fd, from, to, (struct capmsg_copy){ .flags = CAPMSG_COPY_WEAK });
}

TEST_F(capability, new_objects)
{
	struct capmsg_stat stat;
	void *memory = memory_new(3 * PAGE, false);

	ASSERT_EQ(0, region_create(self->fd, TO, memory, 3 * PAGE));
	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = TO2, .depth = 7, .max_size = 12345, .max_caps = 9 }));
	ASSERT_EQ(0, cap_stat(self->fd, TABLE, &stat));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, stat.out_type);
	EXPECT_EQ(RIGHTS_TABLE, stat.out_rights);
	EXPECT_EQ(8, stat.out_bits);
	EXPECT_EQ(-1, bytes_check(&stat.out_flags, offsetof(struct capmsg_stat, out_bits) -
				  offsetof(struct capmsg_stat, out_flags), 0));
	EXPECT_EQ(-1, bytes_check(&stat.out_depth, sizeof(stat) -
				  offsetof(struct capmsg_stat, out_depth), 0));
	ASSERT_EQ(0, cap_stat(self->fd, TO, &stat));
	EXPECT_EQ(CAPMSG_TYPE_REGION, stat.out_type);
	EXPECT_EQ(RIGHTS_TABLE, stat.out_rights);
	EXPECT_EQ(3 * PAGE, stat.out_length);
	EXPECT_EQ(0, stat.out_bits);
	EXPECT_EQ(0, stat.out_max_size);
	ASSERT_EQ(0, cap_stat(self->fd, TO2, &stat));
	EXPECT_EQ(CAPMSG_TYPE_PORT, stat.out_type);
	EXPECT_EQ(RIGHTS_PORT, stat.out_rights);
	EXPECT_EQ(7, stat.out_depth);
	EXPECT_EQ(12345, stat.out_max_size);
	EXPECT_EQ(9, stat.out_max_caps);
	EXPECT_EQ(7, stat.out_posted);
	EXPECT_EQ(0, stat.out_claimed + stat.out_filled + stat.out_idle + stat.out_senders);
	EXPECT_EQ(0, stat.out_length);
}

/* Fill all 2^n slots, and no more. */
TEST_F(capability, cappage_sizes)
{
	unsigned int bits, i;

	for (bits = 0; bits <= 16; bits++) {
		const bool good = bits == 0 || (bits >= 4 && bits <= 12);
		struct capmsg_stat stat;

		ASSERT_EQ(good ? 0 : -EINVAL, cappage_create(self->fd, TO, bits))
			TH_LOG("%u bits", bits);
		if (!good)
			continue;
		ASSERT_EQ(0, cap_stat(self->fd, TO, &stat));
		EXPECT_EQ(bits ?: 8, stat.out_bits);
		for (i = 0; i < 1U << stat.out_bits; i += stat.out_bits > 8 ? 37 : 1)
			ASSERT_EQ(0, cap_copy(self->fd, PORT,
					      CAPMSG_ADDRESS((0x10ULL << stat.out_bits) + i,
							     8 + stat.out_bits), 0));
		ASSERT_EQ(0, obj_destroy(self->fd, TO));
	}
	EXPECT_EQ(-EINVAL, cappage_create(self->fd, TO, 0xffffffff));
	EXPECT_EQ(-EEXIST, cappage_create(self->fd, PORT, 8));
	EXPECT_EQ(-ENOENT, cappage_create(self->fd, CAPMSG_ADDRESS_VOID, 8));
}

TEST_F(capability, copy_masks_rights)
{
	unsigned int mask, again;

	for (mask = 0; mask <= CAPMSG_RIGHTS_ALL; mask++) {
		ASSERT_EQ(0, cap_copy(self->fd, PORT, TO, mask));
		EXPECT_EQ((int)(mask & RIGHTS_PORT), cap_rights(self->fd, TO));
		/* What is gone does not come back. */
		again = (mask * 5) & CAPMSG_RIGHTS_ALL;
		ASSERT_EQ(0, cap_copy(self->fd, TO, TO2, again));
		EXPECT_EQ((int)(mask & again & RIGHTS_PORT), cap_rights(self->fd, TO2));
		ASSERT_EQ(0, cap_clear(self->fd, TO));
		ASSERT_EQ(0, cap_clear(self->fd, TO2));
	}
	EXPECT_EQ(-EINVAL, cap_copy(self->fd, PORT, TO, CAPMSG_RIGHT_WEAK));
	EXPECT_EQ(-EINVAL, cap_copy(self->fd, PORT, TO, 0x80));
	EXPECT_EQ(-EINVAL, cap_copy(self->fd, PORT, TO, 0xffffffff));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, TO));
}

TEST_F(capability, copy_errors)
{
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, VOID_SLOT, TO, 0));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, CAPMSG_ADDRESS_VOID, TO, 0));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, PORT, CAPMSG_ADDRESS_VOID, 0));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, PORT, SLOT2(0x20, 1), 0));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, PORT, SLOT2(1, 1), 0));
	EXPECT_EQ(-EEXIST, cap_copy(self->fd, PORT, TABLE, 0));
	EXPECT_EQ(-EEXIST, cap_copy(self->fd, PORT, PORT, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(RIGHTS_PORT, cap_rights(self->fd, PORT));
}

/* A field whose flag is not set must be zero. */
TEST_F(capability, copy_fields)
{
	const struct capmsg_copy rows[] = {
		{ .badge = 1 }, { .guard = 1 }, { .guard_bits = 1 },
		{ .subpage = 1 }, { .subpage_bits = 1 },
		{ .flags = CAPMSG_COPY_BADGE, .guard_bits = 1 },
		{ .flags = CAPMSG_COPY_GUARD, .guard_bits = 63 },
		{ .flags = CAPMSG_COPY_GUARD, .guard_bits = 64 },
		{ .flags = CAPMSG_COPY_GUARD, .guard_bits = 0xffffffff },
		{ .flags = CAPMSG_COPY_GUARD, .guard_bits = 3, .guard = 8 },
		{ .flags = CAPMSG_COPY_GUARD, .guard_bits = 0, .guard = 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		EXPECT_EQ(-EINVAL, copy_with(self->fd, TABLE, TO, rows[i]))
			TH_LOG("row %u", i);
	EXPECT_EQ(-ENOENT, cap_type(self->fd, TO));
}

TEST_F(capability, badge)
{
	static const __u64 badges[] = { 0, 1, 0xfeedfacecafebeefULL, ~0ULL };
	struct capmsg_record record;
	struct capmsg_stat stat;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(badges); i++) {
		ASSERT_EQ(0, cap_badge(self->fd, PORT, TO, badges[i]));
		ASSERT_EQ(0, cap_stat(self->fd, TO, &stat));
		EXPECT_EQ(CAPMSG_STAT_BADGED, stat.out_flags);
		/* Set once; a copy has it as well. */
		EXPECT_EQ(-EINVAL, cap_badge(self->fd, TO, TO2, 5));
		ASSERT_EQ(0, cap_copy(self->fd, TO, TO2, CAPMSG_RIGHT_SEND));
		EXPECT_EQ(-EINVAL, cap_badge(self->fd, TO2, SLOT(0x12), 5));
		ASSERT_EQ(0, msg_try(self->fd, TO2, "", 0));
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, NULL));
		EXPECT_EQ(badges[i], record.out_badge);
		EXPECT_EQ(CAPMSG_RECORD_BADGED, record.out_flags & CAPMSG_RECORD_BADGED);
		ASSERT_EQ(0, cap_clear(self->fd, TO));
		ASSERT_EQ(0, cap_clear(self->fd, TO2));
	}
	ASSERT_EQ(0, msg_try(self->fd, PORT, "", 0));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, NULL));
	EXPECT_EQ(0, record.out_badge);
	EXPECT_EQ(0, record.out_flags & CAPMSG_RECORD_BADGED);
}

TEST_F(capability, weak_strips)
{
	const __u64 through = SLOT2(0x10, 1);
	struct capmsg_record record;

	ASSERT_EQ(0, copy_weak(self->fd, TABLE, TO));
	EXPECT_EQ(RIGHTS_TABLE | CAPMSG_RIGHT_WEAK, cap_rights(self->fd, TO));
	EXPECT_EQ(CAPMSG_RIGHT_WEAK, cap_rights(self->fd, through));
	/* Neither use nor fetch gives more. */
	EXPECT_EQ(-EACCES, msg_try(self->fd, through, "", 0));
	EXPECT_EQ(-EACCES, msg_poll(self->fd, through, &record, NULL));
	EXPECT_EQ(-EACCES, obj_destroy(self->fd, through));
	ASSERT_EQ(0, cap_copy(self->fd, through, TO2, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(CAPMSG_RIGHT_WEAK, cap_rights(self->fd, TO2));
	EXPECT_EQ(-EACCES, msg_try(self->fd, TO2, "", 0));
	EXPECT_EQ(0, msg_try(self->fd, INNER, "", 0));
	/* No slot found that way can be written. */
	EXPECT_EQ(-EACCES, cap_copy(self->fd, PORT, SLOT2(0x10, 9), 0));
	EXPECT_EQ(-EACCES, cap_clear(self->fd, through));
	EXPECT_EQ(-EACCES, cap_move(self->fd, through, SLOT(0x12)));
	EXPECT_EQ(-EACCES, cappage_create(self->fd, SLOT2(0x10, 9), 4));
	EXPECT_EQ(-EACCES, port_create(self->fd, SLOT2(0x10, 9), 1));
	EXPECT_EQ(77, cap_mark(self->fd, INNER));
}

/* Weakness goes along the whole path, and into what is copied out of it. */
TEST_F(capability, weak_transitive)
{
	const __u64 deep = CAPMSG_ADDRESS(0x10020301, 32);

	ASSERT_EQ(0, cappage_create(self->fd, SLOT2(2, 2), 8));
	ASSERT_EQ(0, cappage_create(self->fd, CAPMSG_ADDRESS(0x020203, 24), 8));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, CAPMSG_ADDRESS(0x02020301, 32), CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(RIGHTS_PORT, cap_rights(self->fd, CAPMSG_ADDRESS(0x02020301, 32)));
	ASSERT_EQ(0, copy_weak(self->fd, TABLE, TO));
	EXPECT_EQ(CAPMSG_RIGHT_WEAK, cap_rights(self->fd, deep));
	EXPECT_EQ(CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WEAK, cap_rights(self->fd, SLOT2(0x10, 2)));
	EXPECT_EQ(-EACCES, cap_clear(self->fd, deep));
	/* The copy of the table that lies on the path is weak itself. */
	ASSERT_EQ(0, cap_copy(self->fd, SLOT2(0x10, 2), TO2, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WEAK, cap_rights(self->fd, TO2));
	EXPECT_EQ(CAPMSG_RIGHT_WEAK, cap_rights(self->fd, CAPMSG_ADDRESS(0x110301, 24)));
	/* Weakness in the middle of a path has the same effect. */
	ASSERT_EQ(0, copy_weak(self->fd, SLOT2(2, 2), SLOT2(2, 4)));
	EXPECT_EQ(CAPMSG_RIGHT_WEAK, cap_rights(self->fd, CAPMSG_ADDRESS(0x02040301, 32)));
}

/* A table held without READ and WRITE: good for use, not for inspection. */
TEST_F(capability, opaque)
{
	const __u64 through = SLOT2(0x10, 1);
	struct capmsg_item item = { .address = through, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_list_entry entry;
	struct capmsg_record record;
	struct capmsg_list list = { .table = TO, .entries = PTR(&entry), .n = 1 };
	struct capmsg_send send = { .to = PORT, .items = PTR(&item), .n_items = 1,
		.flags = CAPMSG_NONBLOCK };

	ASSERT_EQ(0, cap_copy(self->fd, TABLE, TO, 0));
	EXPECT_EQ(0, msg_try(self->fd, through, "x", 1));
	EXPECT_EQ(-EACCES, cap_type(self->fd, through));
	EXPECT_EQ(-EACCES, cap_copy(self->fd, through, TO2, 0));
	EXPECT_EQ(-EACCES, cap_move(self->fd, through, TO2));
	EXPECT_EQ(-EACCES, cap_export(self->fd, through, 0));
	EXPECT_EQ(-EACCES, do_send(self->fd, &send));
	EXPECT_EQ(-EACCES, do_list(self->fd, &list));
	EXPECT_EQ(-EACCES, cap_clear(self->fd, through));
	EXPECT_EQ(-EACCES, cap_copy(self->fd, PORT, SLOT2(0x10, 9), 0));
	char data[CAPMSG_INLINE_MAX];

	EXPECT_EQ(0, msg_poll(self->fd, INNER, &record, data));
	EXPECT_EQ(0, obj_destroy(self->fd, through));
}

/* READ without WRITE and WRITE without READ. */
TEST_F(capability, half_open)
{
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, TO, CAPMSG_RIGHT_READ));
	EXPECT_EQ(77, cap_mark(self->fd, SLOT2(0x10, 1)));
	EXPECT_EQ(RIGHTS_PORT, cap_rights(self->fd, SLOT2(0x10, 1)));
	EXPECT_EQ(0, cap_copy(self->fd, SLOT2(0x10, 1), SLOT(0x12), 0));
	EXPECT_EQ(-EACCES, cap_copy(self->fd, PORT, SLOT2(0x10, 9), 0));
	EXPECT_EQ(-EACCES, cap_clear(self->fd, SLOT2(0x10, 1)));
	EXPECT_EQ(-EACCES, cap_move(self->fd, SLOT2(0x10, 1), SLOT(0x13)));
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, TO2, CAPMSG_RIGHT_WRITE));
	EXPECT_EQ(0, cap_copy(self->fd, PORT, SLOT2(0x11, 9), 0));
	EXPECT_EQ(-EACCES, cap_type(self->fd, SLOT2(0x11, 9)));
	EXPECT_EQ(-EACCES, cap_move(self->fd, SLOT2(0x11, 9), SLOT(0x13)));
	EXPECT_EQ(0, cap_clear(self->fd, SLOT2(0x11, 9)));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(2, 9)));
}

TEST_F(capability, guard)
{
	const __u64 guarded = CAPMSG_ADDRESS(0x10 << 5 | 0x15, 13);
	struct capmsg_stat stat;

	ASSERT_EQ(0, copy_guard(self->fd, PORT, TO, 0x15, 5));
	/* As an object with its guard only, as a slot with or without. */
	EXPECT_EQ(-ENOENT, cap_type(self->fd, TO));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, CAPMSG_ADDRESS(0x10 << 5 | 0x14, 13)));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, CAPMSG_ADDRESS(0x10 << 4 | 0xa, 12)));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, CAPMSG_ADDRESS(0x10 << 6 | 0x2a, 14)));
	ASSERT_EQ(0, cap_stat(self->fd, guarded, &stat));
	EXPECT_EQ(CAPMSG_TYPE_PORT, stat.out_type);
	EXPECT_EQ(5, stat.out_guard_bits);
	EXPECT_EQ(0x15, stat.out_guard);
	EXPECT_EQ(0, msg_try(self->fd, guarded, "", 0));
	EXPECT_EQ(-EEXIST, cap_copy(self->fd, PORT, TO, 0));
	EXPECT_EQ(-EEXIST, cap_copy(self->fd, PORT, guarded, 0));
	ASSERT_EQ(0, cap_move(self->fd, guarded, TO2));
	ASSERT_EQ(0, cap_move(self->fd, TO2, TO));
	/* A copy keeps it, COPY_GUARD replaces it, by nothing too. */
	ASSERT_EQ(0, cap_copy(self->fd, guarded, TO2, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, CAPMSG_ADDRESS(0x11 << 5 | 0x15, 13)));
	ASSERT_EQ(0, cap_clear(self->fd, TO2));
	ASSERT_EQ(0, copy_guard(self->fd, guarded, TO2, 0, 0));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, TO2));
	ASSERT_EQ(0, cap_clear(self->fd, guarded));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, guarded));
}

TEST_F(capability, subpage)
{
	struct capmsg_stat stat;
	unsigned int i;

	for (i = 0; i < 256; i++)
		if (i != 1)
			ASSERT_EQ(0, port_marked(self->fd, SLOT2(2, i), i + 1000));
	ASSERT_EQ(0, copy_subpage(self->fd, TABLE, TO, 5, 3));
	ASSERT_EQ(0, cap_stat(self->fd, TO, &stat));
	EXPECT_EQ(8, stat.out_bits);
	EXPECT_EQ(5, stat.out_subpage);
	EXPECT_EQ(3, stat.out_subpage_bits);
	for (i = 0; i < 32; i++)
		EXPECT_EQ(1000 + 5 * 32 + i, cap_mark(self->fd, CAPMSG_ADDRESS(0x10 << 5 | i, 13)));
	EXPECT_EQ(-ENOENT, cap_mark(self->fd, SLOT2(0x10, 0)));
	/* Narrower and inside: yes. Wider or outside: no. */
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, TO, TO2, 0, 0));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, TO, TO2, 2, 2));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, TO, TO2, 4, 3));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, TO, TO2, 9, 4));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, TO, TO2, 12, 4));
	EXPECT_EQ(0, copy_subpage(self->fd, TO, TO2, 5, 3));
	ASSERT_EQ(0, cap_clear(self->fd, TO2));
	ASSERT_EQ(0, copy_subpage(self->fd, TO, TO2, 11, 4));
	EXPECT_EQ(1000 + 11 * 16 + 7, cap_mark(self->fd, CAPMSG_ADDRESS(0x11 << 4 | 7, 12)));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, TO2, SLOT(0x12), 5, 3));
	/* The first part has number 0 at any width. */
	ASSERT_EQ(0, copy_subpage(self->fd, TABLE, SLOT(0x12), 0, 3));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, SLOT(0x12), SLOT(0x13), 0, 2));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, SLOT(0x12), SLOT(0x13), 0, 0));
	EXPECT_EQ(0, copy_subpage(self->fd, SLOT(0x12), SLOT(0x13), 0, 4));
}

TEST_F(capability, subpage_values)
{
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, PORT, TO, 0, 0));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, PORT, TO, 0, 1));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, TABLE, TO, 2, 1));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, TABLE, TO, 1, 0));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, TABLE, TO, 0, 9));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, TABLE, TO, 0xffffffff, 4));
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, TABLE, TO, 0, 0xffffffff));
	/* Two slots at least: every hop takes a bit, with a guard or without. */
	EXPECT_EQ(-EINVAL, copy_subpage(self->fd, TABLE, TO, 1, 8));
	EXPECT_EQ(-EINVAL, copy_with(self->fd, TABLE, TO, (struct capmsg_copy){
		.flags = CAPMSG_COPY_SUBPAGE | CAPMSG_COPY_GUARD, .subpage = 1,
		.subpage_bits = 8, .guard = 1, .guard_bits = 1 }));
	ASSERT_EQ(0, copy_subpage(self->fd, TABLE, TO, 0, 7));
	EXPECT_EQ(77, cap_mark(self->fd, CAPMSG_ADDRESS(0x10 << 1 | 1, 9)));
	EXPECT_EQ(-ENOENT, cap_mark(self->fd, CAPMSG_ADDRESS(0x10 << 1, 9)));
}

TEST_F(capability, move)
{
	struct capmsg_move bad = { .flags = 0, .from = PORT, .to = TO };

	ASSERT_EQ(0, cap_move(self->fd, INNER, TO));
	EXPECT_EQ(77, cap_mark(self->fd, TO));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, INNER));
	EXPECT_EQ(-ENOENT, cap_move(self->fd, INNER, TO2));
	EXPECT_EQ(-EEXIST, cap_move(self->fd, TO, PORT));
	EXPECT_EQ(-EEXIST, cap_move(self->fd, TO, TO));
	EXPECT_EQ(-ENOENT, cap_move(self->fd, TO, SLOT2(0x20, 1)));
	EXPECT_EQ(-ENOENT, cap_move(self->fd, TO, CAPMSG_ADDRESS_VOID));
	EXPECT_EQ(77, cap_mark(self->fd, TO));
	EXPECT_EQ(RIGHTS_PORT, cap_rights(self->fd, TO));
	/* A table into itself: still one capability, out of reach, no leak. */
	EXPECT_EQ(0, cap_move(self->fd, TABLE, SLOT2(2, 5)));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(2, 5)));
	bad.flags = CAPMSG_MOVE_POST;
	EXPECT_EQ(-ENOENT, do_move(self->fd, &bad));
	bad.post = 2;
	EXPECT_EQ(-EINVAL, do_move(self->fd, &bad));
	bad.from = TO2;
	EXPECT_EQ(-ENOENT, do_move(self->fd, &bad));
}

TEST_F(capability, clear)
{
	struct capmsg_clear bad = { .flags = CAPMSG_CLEAR_POST, .slot = PORT };

	EXPECT_EQ(0, cap_clear(self->fd, VOID_SLOT));
	ASSERT_EQ(0, cap_copy(self->fd, INNER, TO, CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, cap_clear(self->fd, INNER));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, INNER));
	EXPECT_EQ(77, cap_mark(self->fd, TO));
	EXPECT_EQ(-ENOENT, cap_clear(self->fd, SLOT2(0x20, 1)));
	EXPECT_EQ(-ENOENT, cap_clear(self->fd, SLOT2(1, 1)));
	EXPECT_EQ(-ENOENT, cap_clear(self->fd, CAPMSG_ADDRESS_VOID));
	EXPECT_EQ(-ENOENT, do_clear(self->fd, &bad));
	bad.post = 2;
	EXPECT_EQ(-EINVAL, do_clear(self->fd, &bad));
}

/* --- LIST ------------------------------------------------------------------ */

TEST_F(capability, list_cursor)
{
	struct capmsg_list_entry entries[8];
	struct capmsg_list list = { .table = TABLE, .entries = PTR(entries) };
	unsigned int slots[] = { 1, 2, 9, 100, 255 }, n, i, seen;

	for (i = 1; i < 5; i++)
		ASSERT_EQ(0, cap_copy(self->fd, PORT, SLOT2(2, slots[i]), i));
	for (n = 1; n <= 6; n++) {
		list.n = n;
		list.first = 0;
		seen = 0;
		do {
			memset(entries, POISON, sizeof(entries));
			ASSERT_EQ(0, do_list(self->fd, &list));
			ASSERT_LE(list.out_n, n);
			for (i = 0; i < list.out_n; i++)
				EXPECT_EQ(slots[seen++], entries[i].slot);
			EXPECT_EQ(-1, bytes_check(entries + i, (8 - i) * sizeof(*entries), POISON));
			EXPECT_TRUE(!list.out_next || list.out_next > list.first);
			list.first = list.out_next;
		} while (list.first);
		EXPECT_EQ(5, seen);
	}
	list.n = 8;
	list.first = 10;
	ASSERT_EQ(0, do_list(self->fd, &list));
	EXPECT_EQ(2, list.out_n);
	EXPECT_EQ(0, list.out_next);
	list.n = 0;
	EXPECT_EQ(-EINVAL, do_list(self->fd, &list));
	list.n = 4097;
	EXPECT_EQ(-EINVAL, do_list(self->fd, &list));
	list.n = 1;
	list.table = PORT;
	EXPECT_EQ(-EINVAL, do_list(self->fd, &list));
	list.table = VOID_SLOT;
	EXPECT_EQ(-ENOENT, do_list(self->fd, &list));
}

TEST_F(capability, list_entries)
{
	struct capmsg_list_entry e[8];
	struct capmsg_list list = { .table = SLOT(0x12), .entries = PTR(e), .n = 8 };

	memset(e, POISON, sizeof(e));
	ASSERT_EQ(0, copy_guard(self->fd, PORT, SLOT2(2, 0x42), 0x2a, 6));
	ASSERT_EQ(0, copy_subpage(self->fd, TABLE, SLOT2(2, 0x43), 1, 2));
	ASSERT_EQ(0, cap_badge(self->fd, PORT, SLOT2(2, 0x44), 9));
	/* The second quarter only; slots are counted from its start. */
	ASSERT_EQ(0, copy_subpage(self->fd, TABLE, SLOT(0x12), 1, 2));
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, SLOT2(2, 0x50), 1));
	ASSERT_EQ(0, do_list(self->fd, &list));
	ASSERT_EQ(4, list.out_n);
	EXPECT_EQ(2, e[0].slot);
	EXPECT_EQ(CAPMSG_TYPE_PORT, e[0].type);
	EXPECT_EQ(RIGHTS_PORT, e[0].rights);
	EXPECT_EQ(0, e[0].flags);
	EXPECT_EQ(0x2a, e[0].guard);
	EXPECT_EQ(6, e[0].guard_bits);
	EXPECT_EQ(3, e[1].slot);
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, e[1].type);
	EXPECT_EQ(1, e[1].subpage);
	EXPECT_EQ(2, e[1].subpage_bits);
	EXPECT_EQ(CAPMSG_STAT_BADGED, e[2].flags);
	EXPECT_EQ(0x10, e[3].slot);
	EXPECT_EQ(CAPMSG_TYPE_VOID, e[3].type);
	EXPECT_EQ(CAPMSG_STAT_RESERVED, e[3].flags);
	EXPECT_EQ(0, e[0].__reserved | e[1].__reserved | e[2].__reserved | e[3].__reserved);
	/* Through a weak path the rights are those that the path gives. */
	ASSERT_EQ(0, copy_weak(self->fd, TABLE, TO));
	list.table = TO;
	ASSERT_EQ(0, do_list(self->fd, &list));
	EXPECT_EQ(1, e[0].slot);
	EXPECT_EQ(CAPMSG_RIGHT_WEAK, e[0].rights);
	EXPECT_EQ(CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WEAK, e[2].rights);
}

TEST_F(capability, list_root)
{
	struct capmsg_list_entry e[4];
	struct capmsg_list list = { .entries = PTR(e), .n = 4 };

	ASSERT_EQ(0, do_list(self->fd, &list));
	EXPECT_EQ(2, list.out_n);
	EXPECT_EQ(0, list.out_next);
	EXPECT_EQ(1, e[0].slot);
	EXPECT_EQ(CAPMSG_TYPE_PORT, e[0].type);
	EXPECT_EQ(2, e[1].slot);
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, e[1].type);
	EXPECT_EQ(RIGHTS_TABLE, e[1].rights);
}

TEST_HARNESS_MAIN
