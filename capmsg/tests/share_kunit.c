// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shares without a port: the rule, and the records against plain counts.
 */
#include "kit.h"
#include "share.h"

#define DEPTH	12
#define USERS	5
#define BADGES	4

struct shares {
	struct capmsg_shares shares;
	struct capmsg_share records[DEPTH * CAPMSG_SHARES_PER_POST];
	struct capmsg_user users[USERS];
	/* Who holds which post, and by what record; NULL: it is free. */
	struct capmsg_share *post[DEPTH];
	struct capmsg_party party[DEPTH];
};

static struct shares *shares_make(struct kunit *test)
{
	struct shares *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, s);
	for (i = 0; i < USERS; i++)
		capmsg_kit_user(&s->users[i], NULL);
	capmsg_shares_init(&s->shares, s->records, ARRAY_SIZE(s->records));
	return s;
}

static struct capmsg_party party_of(struct shares *s, int user, u64 badge)
{
	return (struct capmsg_party) {
		&s->users[user], { .badge = badge, .badged = badge },
	};
}

/* Returns the record, which is that of the party. */
static struct capmsg_share *hold(struct kunit *test, struct shares *s, int post,
				 const struct capmsg_party *party)
{
	struct capmsg_share *record;

	record = capmsg_share_hold(&s->shares, party->user, &party->origin);
	KUNIT_ASSERT_EQ(test, capmsg_party_compare(party, &record->party), 0);
	s->party[post] = *party;
	s->post[post] = record;
	return record;
}

static void release(struct shares *s, int post)
{
	capmsg_share_release(&s->shares, s->post[post]);
	s->post[post] = NULL;
}

static void shares_end(struct kunit *test, struct shares *s)
{
	int i;

	capmsg_shares_drop(&s->shares);
	for (i = 0; i < USERS; i++)
		KUNIT_EXPECT_EQ(test, refcount_read(&s->users[i].refs), 1);
}

/* One part in 1 + n * (1 + log2 n), rounded up. */
static void share_is_a_part_of_what_is_left(struct kunit *test)
{
	static const struct {
		struct capmsg_tally tally;
		u32 user, badge;
	} rows[] = {
		{ { 16, 1, 0, 1, 0 }, 8, 4 },
		{ { 12, 1, 4, 1, 4 }, 8, 4 },
		{ { 12, 1, 4, 2, 0 }, 8, 1 },
		{ { 8, 1, 8, 1, 8 }, 8, 4 },
		{ { 15, 2, 0, 1, 0 }, 3, 2 },
		{ { 16, 3, 0, 1, 0 }, 3, 2 },
		{ { 13, 4, 1, 1, 1 }, 2, 1 },
		{ { 1, 9, 0, 1, 0 }, 1, 1 },
		{ { 0, 9, 0, 1, 0 }, 0, 0 },
		{ { 2, 1, 1, 1, 1 }, 2, 1 },
		{ { 0, 3, 7, 2, 1 }, 1, 0 },
		{ { 1024, 1, 0, 1, 0 }, 512, 256 },
		{ { 1000, 1024, 0, 1, 0 }, 1, 1 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ_MSG(test, capmsg_tally_user(&rows[i].tally),
				    rows[i].user, "row %d", i);
		KUNIT_EXPECT_EQ_MSG(test, capmsg_tally_badge(&rows[i].tally),
				    rows[i].badge, "row %d", i);
	}
}

static void first_post_is_for_everybody(struct kunit *test)
{
	struct capmsg_tally tally = { .badges = 1 };

	for (tally.users = 1; tally.users < 2000; tally.users++) {
		tally.free = 1;
		KUNIT_EXPECT_TRUE(test, capmsg_tally_permits(&tally));
		KUNIT_EXPECT_EQ(test, capmsg_tally_user(&tally), 1);
		tally.free = 0;
		KUNIT_EXPECT_FALSE(test, capmsg_tally_permits(&tally));
	}
}

/* The counts of struct capmsg_tally, from the posts alone. */
static struct capmsg_tally count(const struct shares *s,
				 const struct capmsg_party *party, int leaving)
{
	struct capmsg_tally t = { };
	u32 of_user[USERS] = { }, of_badge[BADGES] = { };
	int i, user;

	for (i = 0; i < DEPTH; i++) {
		if (!s->post[i] || i == leaving) {
			t.free++;
			continue;
		}
		user = s->party[i].user - s->users;
		t.users += !of_user[user]++;
		if (s->party[i].user != party->user)
			continue;
		t.user_held++;
		t.badges += !of_badge[s->party[i].origin.badge]++;
		t.held += !capmsg_party_compare(&s->party[i], party);
	}
	t.users += !t.user_held;
	t.badges += !t.held;
	return t;
}

static u32 n_free(const struct shares *s)
{
	u32 i, n = 0;

	for (i = 0; i < DEPTH; i++)
		n += !s->post[i];
	return n;
}

static void expect_tally(struct kunit *test, struct shares *s,
			 const struct capmsg_party *party, int leaving)
{
	struct capmsg_tally want = count(s, party, leaving), got;

	got = capmsg_share_tally(&s->shares, party, n_free(s),
				 leaving < 0 ? NULL : s->post[leaving]);
	KUNIT_ASSERT_EQ(test, got.free, want.free);
	KUNIT_ASSERT_EQ(test, got.users, want.users);
	KUNIT_ASSERT_EQ(test, got.user_held, want.user_held);
	KUNIT_ASSERT_EQ(test, got.badges, want.badges);
	KUNIT_ASSERT_EQ(test, got.held, want.held);
}

/* With any number of parties, and no two of them confused. */
static void records_are_what_is_held(struct kunit *test)
{
	struct shares *s = shares_make(test);
	u64 seed = get_random_u64();
	struct capmsg_party party;
	struct rnd_state rnd;
	int step, post;

	prandom_seed_state(&rnd, seed);
	for (step = 0; step < 40000; step++) {
		party = party_of(s, capmsg_kit_below(&rnd, USERS),
				 capmsg_kit_below(&rnd, BADGES));
		post = capmsg_kit_below(&rnd, DEPTH);
		expect_tally(test, s, &party, -1);
		if (!s->post[post]) {
			hold(test, s, post, &party);
			continue;
		}
		expect_tally(test, s, &party, post);
		release(s, post);
	}
	shares_end(test, s);
}

/* A port with a single post has two records, and they do. */
static void two_records_serve_everybody(struct kunit *test)
{
	struct shares *s = shares_make(test);
	struct capmsg_share *record;
	struct capmsg_party party;
	int i;

	capmsg_shares_init(&s->shares, s->records, CAPMSG_SHARES_PER_POST);
	for (i = 0; i < 100; i++) {
		party = party_of(s, i % USERS, i % 7);
		record = hold(test, s, 0, &party);
		KUNIT_EXPECT_EQ(test, record->held, 1);
		KUNIT_EXPECT_EQ(test, s->shares.users, 1);
		release(s, 0);
	}
	KUNIT_EXPECT_EQ(test, s->shares.users, 0);
	shares_end(test, s);
}

/* Who comes back finds its record. */
static void records_are_kept_for_who_was_there_last(struct kunit *test)
{
	struct shares *s = shares_make(test);
	struct capmsg_party a = party_of(s, 0, 1), b = party_of(s, 1, 1);
	struct capmsg_share *of_a, *of_b;
	u64 badge;

	of_a = hold(test, s, 0, &a);
	of_b = hold(test, s, 1, &b);
	release(s, 0);
	release(s, 1);
	for (badge = 10; badge < 25; badge++) {
		struct capmsg_party other = party_of(s, 2, badge);

		hold(test, s, 2, &other);
		release(s, 2);
		if (badge % 4)
			continue;
		KUNIT_EXPECT_PTR_EQ(test, hold(test, s, 0, &a), of_a);
		release(s, 0);
	}
	KUNIT_EXPECT_PTR_EQ(test, hold(test, s, 1, &b), of_b);
	release(s, 1);
	shares_end(test, s);
}

/* Users as the port's owner sees them. */
static void namespaces_do_not_multiply(struct kunit *test)
{
	struct user_namespace *ns = kunit_kcalloc(test, 3, sizeof(*ns),
						  GFP_KERNEL);
	struct capmsg_user root, owner, inner, deep, other;

	KUNIT_ASSERT_NOT_NULL(test, ns);
	/* init <- ns[0] <- ns[1], and ns[2] beside ns[0]. */
	ns[0].parent = &init_user_ns;
	ns[0].level = 1;
	ns[1].parent = &ns[0];
	ns[1].level = 2;
	ns[2].parent = &init_user_ns;
	ns[2].level = 1;
	capmsg_kit_user(&root, NULL);
	capmsg_kit_user(&owner, NULL);
	capmsg_kit_user(&inner, &owner);
	inner.ns = &ns[0];
	capmsg_kit_user(&deep, &inner);
	deep.ns = &ns[1];
	capmsg_kit_user(&other, &root);
	other.ns = &ns[2];
	KUNIT_EXPECT_PTR_EQ(test, capmsg_user_seen(&deep, &root), &owner);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_user_seen(&inner, &root), &owner);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_user_seen(&owner, &root), &owner);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_user_seen(&deep, &inner), &inner);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_user_seen(&deep, &deep), &deep);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_user_seen(&inner, &deep), &inner);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_user_seen(&root, &deep), &root);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_user_seen(&other, &deep), &root);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_user_seen(&deep, &other), &owner);
}

static struct kunit_case share_cases[] = {
	KUNIT_CASE(share_is_a_part_of_what_is_left),
	KUNIT_CASE(first_post_is_for_everybody),
	KUNIT_CASE(records_are_what_is_held),
	KUNIT_CASE(two_records_serve_everybody),
	KUNIT_CASE(records_are_kept_for_who_was_there_last),
	KUNIT_CASE(namespaces_do_not_multiply),
	{}
};

static struct kunit_suite share_suite = {
	.name = "capmsg_share",
	.test_cases = share_cases,
};
kunit_test_suite(share_suite);
