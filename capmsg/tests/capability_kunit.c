// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of minting: every mask of rights, every subpage of small tables.
 */
#include "thing.h"

#define RIGHTS	0x80	/* masks of rights, WEAK included */

static struct capmsg_object cappage_name = {
	.type	= CAPMSG_TYPE_CAPPAGE,
	.kind	= CAPMSG_TYPE_CAPPAGE,
};
static struct capmsg_object port_name = { .type = CAPMSG_TYPE_PORT };

/* Mint without a change but to the rights. */
static u32 mint_rights(struct kunit *test, u32 rights, u32 mask, u32 flags)
{
	struct capmsg_cap cap = { .object = &port_name, .rights = rights };
	struct capmsg_mint mint = { .rights = mask, .flags = flags };

	KUNIT_EXPECT_EQ(test, capmsg_cap_mint(&cap, &mint, 0), 0);
	return cap.rights;
}

static void rights_are_taken_away_and_weak_is_added(struct kunit *test)
{
	u32 rights, mask, flags, right, got, wrong = 0;
	bool has;

	for (rights = 0; rights < RIGHTS; rights++) {
		for (mask = 0; mask < RIGHTS; mask++) {
			for (flags = 0; flags <= CAPMSG_COPY_WEAK;
			     flags += CAPMSG_COPY_WEAK) {
				got = mint_rights(test, rights, mask, flags);
				for (right = 1; right < RIGHTS; right <<= 1) {
					has = (rights & right) && (mask & right);
					if (right == CAPMSG_RIGHT_WEAK)
						has = (rights & right) || flags;
					wrong += has != !!(got & right);
				}
				wrong += got >= RIGHTS;
			}
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static void weakening_leaves_reading(struct kunit *test)
{
	u32 rights;

	for (rights = 0; rights < RIGHTS; rights++) {
		struct capmsg_cap cap = { .rights = rights, .badge = 7 };

		capmsg_cap_weaken(&cap);
		KUNIT_EXPECT_EQ(test, cap.rights & CAPMSG_RIGHT_READ,
				rights & CAPMSG_RIGHT_READ);
		KUNIT_EXPECT_EQ(test, cap.rights & ~CAPMSG_RIGHT_READ,
				CAPMSG_RIGHT_WEAK);
		KUNIT_EXPECT_EQ(test, cap.badge, 7);
	}
}

static void badge_is_set_once(struct kunit *test)
{
	struct capmsg_cap cap = { .object = &port_name, .rights = 0x3f };
	struct capmsg_mint mint = { .rights = CAPMSG_RIGHTS_ALL, .badge = 5 };

	KUNIT_EXPECT_EQ(test, capmsg_cap_mint(&cap, &mint, 0), 0);
	KUNIT_EXPECT_EQ(test, cap.badge, 0);
	KUNIT_EXPECT_EQ(test, cap.flags, 0);
	/* A badge of zero is a badge. */
	mint.flags = CAPMSG_COPY_BADGE;
	mint.badge = 0;
	KUNIT_EXPECT_EQ(test, capmsg_cap_mint(&cap, &mint, 0), 0);
	KUNIT_EXPECT_EQ(test, cap.flags, CAPMSG_CAP_BADGED);
	mint.badge = ~0ULL;
	KUNIT_EXPECT_EQ(test, capmsg_cap_mint(&cap, &mint, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, cap.badge, 0);
	cap.flags = 0;
	KUNIT_EXPECT_EQ(test, capmsg_cap_mint(&cap, &mint, 0), 0);
	KUNIT_EXPECT_EQ(test, cap.badge, ~0ULL);
	/* What is not badged again keeps it. */
	mint.flags = CAPMSG_COPY_WEAK;
	mint.badge = 1;
	KUNIT_EXPECT_EQ(test, capmsg_cap_mint(&cap, &mint, 0), 0);
	KUNIT_EXPECT_EQ(test, cap.badge, ~0ULL);
	KUNIT_EXPECT_EQ(test, cap.flags, CAPMSG_CAP_BADGED);
}

/* Is @guard a number of @bits bits, and is that a length of a guard? */
static bool guard_is_good(u64 guard, u32 bits)
{
	u32 i;

	if (bits > 62)
		return false;
	for (i = 0; i < 64; i++) {
		if (i >= bits && (guard & BIT_ULL(i)))
			return false;
	}
	return true;
}

static void try_guard(struct kunit *test, u64 guard, u32 bits)
{
	struct capmsg_cap cap = {
		.object = &port_name, .guard = 1, .guard_bits = 3,
	};
	struct capmsg_mint mint = {
		.flags = CAPMSG_COPY_GUARD, .guard = guard, .guard_bits = bits,
	};
	int ret = capmsg_cap_mint(&cap, &mint, 0);

	KUNIT_EXPECT_EQ_MSG(test, ret, guard_is_good(guard, bits) ? 0 : -EINVAL,
			    "guard %#llx of %u bits", guard, bits);
	if (ret)
		return;
	KUNIT_EXPECT_EQ(test, cap.guard, guard);
	KUNIT_EXPECT_EQ(test, cap.guard_bits, bits);
}

static void guard_fits_its_length(struct kunit *test)
{
	u32 bits, i;

	for (bits = 0; bits <= 70; bits++) {
		try_guard(test, 0, bits);
		try_guard(test, ~0ULL, bits);
		for (i = 0; i < 64; i++) {
			try_guard(test, BIT_ULL(i), bits);
			try_guard(test, BIT_ULL(i) - 1, bits);
		}
	}
	try_guard(test, 0, 0x100);
	try_guard(test, 0, 0xffffffff);
}

static void unasked_fields_are_not_used(struct kunit *test)
{
	struct capmsg_cap cap = {
		.object = &cappage_name, .rights = 3, .guard = 5,
		.guard_bits = 4, .subpage = 2, .subpage_bits = 2, .badge = 9,
	};
	struct capmsg_mint mint = {
		.rights = 1, .badge = 1, .guard = ~0ULL, .guard_bits = 99,
		.subpage = 77, .subpage_bits = 55,
	};

	KUNIT_EXPECT_EQ(test, capmsg_cap_mint(&cap, &mint, 4), 0);
	KUNIT_EXPECT_EQ(test, cap.rights, 1);
	KUNIT_EXPECT_EQ(test, cap.guard, 5);
	KUNIT_EXPECT_EQ(test, cap.guard_bits, 4);
	KUNIT_EXPECT_EQ(test, cap.subpage, 2);
	KUNIT_EXPECT_EQ(test, cap.subpage_bits, 2);
	KUNIT_EXPECT_EQ(test, cap.badge, 9);
}

/* By slots: is the part inside the source's, and has it two slots? */
static bool subpage_is_good(u32 table_bits, u32 from, u32 from_bits, u32 to,
			    u32 to_bits)
{
	u32 slots = 1U << table_bits, from_size, to_size;

	if (to_bits > table_bits)
		return false;
	from_size = slots >> from_bits;
	to_size = slots >> to_bits;
	if (to_size < 2)
		return false;
	return (u64)to * to_size >= (u64)from * from_size &&
	       ((u64)to + 1) * to_size <= ((u64)from + 1) * from_size;
}

static void try_subpage(struct kunit *test, u32 table_bits, u32 from,
			u32 from_bits, u32 to, u32 to_bits)
{
	struct capmsg_cap cap = {
		.object = &cappage_name, .subpage = from,
		.subpage_bits = from_bits,
	};
	struct capmsg_mint mint = {
		.flags = CAPMSG_COPY_SUBPAGE, .subpage = to,
		.subpage_bits = to_bits,
	};
	bool good = subpage_is_good(table_bits, from, from_bits, to, to_bits);
	int ret = capmsg_cap_mint(&cap, &mint, table_bits);

	KUNIT_EXPECT_EQ_MSG(test, ret, good ? 0 : -EINVAL,
			    "%u of 2^%u from %u of 2^%u, table 2^%u", to,
			    to_bits, from, from_bits, table_bits);
	if (!ret) {
		KUNIT_EXPECT_EQ(test, cap.subpage, to);
		KUNIT_EXPECT_EQ(test, cap.subpage_bits, to_bits);
	}
}

static void subpage_only_narrows(struct kunit *test)
{
	u32 table_bits, from, from_bits, to, to_bits;

	for (table_bits = 4; table_bits <= 6; table_bits++) {
		for (from_bits = 0; from_bits < table_bits; from_bits++) {
			for (from = 0; from < 1U << from_bits; from += 3) {
				for (to_bits = 0; to_bits < 8; to_bits++) {
					for (to = 0; to < 130; to++)
						try_subpage(test, table_bits,
							    from, from_bits,
							    to, to_bits);
				}
			}
		}
	}
}

static void subpage_bounds(struct kunit *test)
{
	struct capmsg_cap cap = { .object = &port_name };
	struct capmsg_mint mint = { .flags = CAPMSG_COPY_SUBPAGE };

	try_subpage(test, 12, 0, 0, 2047, 11);
	try_subpage(test, 12, 0, 0, 2048, 11);
	try_subpage(test, 12, 0, 0, 0, 12);
	try_subpage(test, 12, 0, 0, 0, 32);
	try_subpage(test, 12, 0, 0, 0, 33);
	try_subpage(test, 12, 0, 0, 0, 0xffffffff);
	try_subpage(test, 12, 0, 0, 0xffffffff, 11);
	try_subpage(test, 12, 0, 0, 0x80000000, 1);
	try_subpage(test, 12, 0, 0, 0x10000, 11);
	/* Only cappages have parts. */
	KUNIT_EXPECT_EQ(test, capmsg_cap_mint(&cap, &mint, 4), -EINVAL);
}

static void dead_and_stale_read_as_void(struct kunit *test)
{
	struct capmsg_thing_log *log = kunit_kzalloc(test, sizeof(*log),
						     GFP_KERNEL);
	struct capmsg_thing *thing;
	struct capmsg_cap cap = { };

	KUNIT_ASSERT_NOT_NULL(test, log);
	KUNIT_EXPECT_TRUE(test, capmsg_cap_void(&cap));
	thing = capmsg_thing(test, log);
	cap = capmsg_cap_make(thing->body.object, 3);
	KUNIT_EXPECT_EQ(test, refcount_read(&cap.object->caps), 2);
	KUNIT_EXPECT_EQ(test, cap.rights, 3);
	KUNIT_EXPECT_FALSE(test, capmsg_cap_void(&cap));
	cap.badge = CAPMSG_THING_STALE;
	KUNIT_EXPECT_TRUE(test, capmsg_cap_void(&cap));
	cap.badge++;
	KUNIT_EXPECT_FALSE(test, capmsg_cap_void(&cap));
	capmsg_object_kill(cap.object);
	KUNIT_EXPECT_TRUE(test, capmsg_cap_void(&cap));
	KUNIT_EXPECT_NOT_NULL(test, cap.object);
	capmsg_cap_forget(&cap);
	KUNIT_EXPECT_NULL(test, cap.object);
	capmsg_cap_forget(&cap);
}

static void move_carries_the_reference(struct kunit *test)
{
	struct capmsg_thing_log *log = kunit_kzalloc(test, sizeof(*log),
						     GFP_KERNEL);
	struct capmsg_cap from, to = { };

	KUNIT_ASSERT_NOT_NULL(test, log);
	from = capmsg_cap_make(capmsg_thing(test, log)->body.object, 0x15);
	from.badge = 4;
	capmsg_cap_move(&to, &from);
	KUNIT_EXPECT_NULL(test, from.object);
	KUNIT_ASSERT_NOT_NULL(test, to.object);
	KUNIT_EXPECT_EQ(test, refcount_read(&to.object->caps), 2);
	KUNIT_EXPECT_EQ(test, to.rights, 0x15);
	KUNIT_EXPECT_EQ(test, to.badge, 4);
	capmsg_cap_drop(&to);
}

static void drop_tells_the_living_only(struct kunit *test)
{
	struct capmsg_thing_log *log = kunit_kzalloc(test, sizeof(*log),
						     GFP_KERNEL);
	struct capmsg_cap a, b, c, nothing = { };
	struct capmsg_thing *thing;

	KUNIT_ASSERT_NOT_NULL(test, log);
	thing = capmsg_thing(test, log);
	a = capmsg_cap_make(thing->body.object, 0);
	b = capmsg_cap_make(thing->body.object, 0);
	c = capmsg_cap_make(thing->body.object, 0);
	a.badge = 77;
	capmsg_cap_drop(&a);
	KUNIT_EXPECT_NULL(test, a.object);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->dropped), 1);
	KUNIT_EXPECT_EQ(test, log->badge, 77);
	KUNIT_EXPECT_EQ(test, refcount_read(&thing->body.refs), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&thing->body.object->caps), 3);
	capmsg_cap_drop(&a);
	capmsg_cap_drop(&nothing);
	capmsg_cap_forget(&b);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->dropped), 1);
	capmsg_kit_kill(&thing->body);
	capmsg_cap_drop(&c);
	KUNIT_EXPECT_NULL(test, c.object);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->dropped), 1);
}

static struct kunit_case capability_cases[] = {
	KUNIT_CASE(rights_are_taken_away_and_weak_is_added),
	KUNIT_CASE(weakening_leaves_reading),
	KUNIT_CASE(badge_is_set_once),
	KUNIT_CASE(guard_fits_its_length),
	KUNIT_CASE(unasked_fields_are_not_used),
	KUNIT_CASE(subpage_only_narrows),
	KUNIT_CASE(subpage_bounds),
	KUNIT_CASE(dead_and_stale_read_as_void),
	KUNIT_CASE(move_carries_the_reference),
	KUNIT_CASE(drop_tells_the_living_only),
	{ }
};

static struct kunit_suite capability_suite = {
	.name		= "capmsg_capability",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= capability_cases,
};

kunit_test_suite(capability_suite);
