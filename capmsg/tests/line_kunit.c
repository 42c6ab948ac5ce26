// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines without a port: who gets what is offered, against a model that keeps
 * everything in arrays.
 */
#include "kit.h"
#include "line.h"

#define USERS	4
#define WAITERS	24

struct waiting {
	struct capmsg_waiter waiter;
	u32 size;
};

struct lines {
	struct capmsg_lines lines;
	struct capmsg_user users[USERS];
	struct waiting all[WAITERS];
};

static struct lines *lines_make(struct kunit *test)
{
	struct lines *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, l);
	capmsg_lines_init(&l->lines);
	for (i = 0; i < USERS; i++)
		capmsg_kit_user(&l->users[i], NULL);
	for (i = 0; i < WAITERS; i++)
		capmsg_waiter_init(&l->all[i].waiter);
	return l;
}

static void join(struct lines *l, int i, int user, u64 badge, u32 size)
{
	struct capmsg_party party = {
		.user = &l->users[user],
		.origin = { .badge = badge, .badged = badge },
	};

	l->all[i].size = size;
	capmsg_line_join(&l->lines, &l->all[i].waiter, &party);
}

static enum capmsg_taking ask(struct capmsg_waiter *waiter, void *data)
{
	struct waiting *w = container_of(waiter, struct waiting, waiter);

	return w->size <= *(u32 *)data ? CAPMSG_TAKING : CAPMSG_TAKING_LARGER;
}

/* Who gets something of that size? -1: nobody. */
static int offer(struct lines *l, u32 size)
{
	struct capmsg_waiter *waiter;

	waiter = capmsg_line_offer(&l->lines, ask, &size);
	if (!waiter)
		return -1;
	capmsg_line_serve(&l->lines, waiter);
	return container_of(waiter, struct waiting, waiter) - l->all;
}

static void users_take_turns(struct kunit *test)
{
	static const int users[] = { 0, 0, 0, 1, 0, 2, 1 };
	static const int order[] = { 0, 3, 5, 1, 6, 2, 4, -1 };
	struct lines *l = lines_make(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(users); i++)
		join(l, i, users[i], i, 1);
	KUNIT_EXPECT_EQ(test, l->lines.n, 7);
	KUNIT_EXPECT_EQ(test, capmsg_line_of_user(&l->lines, &l->users[0]), 4);
	KUNIT_EXPECT_EQ(test, capmsg_line_of_user(&l->lines, &l->users[3]), 0);
	KUNIT_EXPECT_EQ(test,
			capmsg_line_of_party(&l->lines,
					     &l->all[4].waiter.party), 1);
	for (i = 0; i < ARRAY_SIZE(order); i++)
		KUNIT_EXPECT_EQ(test, offer(l, 1), order[i]);
	KUNIT_EXPECT_EQ(test, l->lines.n, 0);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&l->lines.users));
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&l->lines.parties));
}

static void who_leaves_takes_no_turn(struct kunit *test)
{
	struct lines *l = lines_make(test);
	int i;

	for (i = 0; i < 6; i++)
		join(l, i, i % 3, 0, 1);
	/* What bears the lines of users 0 and 2; and the last of user 1. */
	capmsg_line_leave(&l->lines, &l->all[0].waiter);
	capmsg_line_leave(&l->lines, &l->all[2].waiter);
	capmsg_line_leave(&l->lines, &l->all[4].waiter);
	KUNIT_EXPECT_FALSE(test, capmsg_waiter_waits(&l->all[0].waiter));
	KUNIT_EXPECT_PTR_EQ(test, capmsg_line_watcher(&l->lines),
			    &l->all[1].waiter);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 3);
	/* User 0 is behind the others now. */
	join(l, 0, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 1);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 5);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 0);
	KUNIT_EXPECT_EQ(test, offer(l, 1), -1);
}

/* Who was not there comes before who has had its turn, but only the once. */
static void who_comes_is_before_who_was_served(struct kunit *test)
{
	struct lines *l = lines_make(test);
	int i;

	for (i = 0; i < 4; i++)
		join(l, i, 0, 0, 1);
	join(l, 4, 1, 0, 1);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 0);
	/* Before user 0, and behind user 1, who has waited. */
	join(l, 5, 2, 0, 1);
	join(l, 6, 3, 0, 1);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 4);
	/* Nobody is left of whom that was the turn. */
	join(l, 4, 1, 0, 1);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 5);
	join(l, 5, 2, 0, 1);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 6);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 1);
	/* What bears the line of the last turn leaves it. */
	capmsg_line_leave(&l->lines, &l->all[2].waiter);
	join(l, 6, 3, 0, 1);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 4);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 5);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 6);
	KUNIT_EXPECT_EQ(test, offer(l, 1), 3);
	KUNIT_EXPECT_EQ(test, offer(l, 1), -1);
}

/* Two who wait in turns do not keep a third one waiting. */
static void nobody_is_passed_by_twice(struct kunit *test)
{
	struct lines *l = lines_make(test);
	int i, got, since = 0;

	join(l, 0, 0, 0, 1);
	join(l, 1, 0, 0, 1);
	for (i = 0; i < 100; i++) {
		if (!capmsg_waiter_waits(&l->all[2].waiter))
			join(l, 2, 1, 0, 1);
		if (!capmsg_waiter_waits(&l->all[3].waiter))
			join(l, 3, 2, 0, 1);
		got = offer(l, 1);
		since = got < 2 ? 0 : since + 1;
		KUNIT_ASSERT_LE(test, since, 2);
		if (got < 2)
			join(l, got, 0, 0, 1);
	}
}

static void passed_over_often_enough_is_due(struct kunit *test)
{
	struct lines *l = lines_make(test);
	int i;

	join(l, 0, 0, 0, 1000);
	join(l, 1, 0, 0, 1000);
	join(l, 2, 1, 0, 1000);
	for (i = 0; i < CAPMSG_PASS_MAX; i++) {
		KUNIT_EXPECT_EQ(test, l->lines.n_due, 0);
		KUNIT_EXPECT_EQ(test, l->all[1].waiter.passed, i);
		/* To nobody's cost: nobody takes it. */
		KUNIT_EXPECT_EQ(test, offer(l, 1), -1);
		join(l, 3, 2, 0, 1);
		KUNIT_EXPECT_EQ(test, offer(l, 1), 3);
	}
	KUNIT_EXPECT_EQ(test, l->lines.n_due, 3);
	/* Before those whose turn it is. */
	join(l, 3, 3, 0, 1);
	capmsg_line_leave(&l->lines, &l->all[1].waiter);
	KUNIT_EXPECT_EQ(test, l->lines.n_due, 2);
	KUNIT_EXPECT_EQ(test, offer(l, 999), 3);
	join(l, 3, 3, 0, 1);
	KUNIT_EXPECT_EQ(test, offer(l, 1000), 0);
	KUNIT_EXPECT_EQ(test, offer(l, 1000), 2);
	KUNIT_EXPECT_EQ(test, l->lines.n_due, 0);
	KUNIT_EXPECT_EQ(test, offer(l, 1000), 3);
	/* It begins anew. */
	join(l, 0, 0, 0, 1000);
	KUNIT_EXPECT_EQ(test, l->all[0].waiter.passed, 0);
	KUNIT_EXPECT_EQ(test, offer(l, 1000), 0);
}

/* Waiting of one user does not make offers slow, and nobody is overlooked. */
static void only_the_first_ones_are_looked_at(struct kunit *test)
{
	const int n = CAPMSG_LINE_LOOK * 3;
	struct lines *l = lines_make(test);
	struct waiting *crowd;
	struct capmsg_party party = { .user = &l->users[0] };
	int i, offers = 0;

	crowd = kunit_kcalloc(test, n, sizeof(*crowd), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, crowd);
	for (i = 0; i < n; i++) {
		capmsg_waiter_init(&crowd[i].waiter);
		crowd[i].size = 1000;
		capmsg_line_join(&l->lines, &crowd[i].waiter, &party);
	}
	join(l, 0, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, offer(l, 1), -1);
	while (capmsg_waiter_waits(&l->all[0].waiter) && offers < 1000) {
		join(l, 1, 1, 0, 1);
		offer(l, 1);
		if (capmsg_waiter_waits(&l->all[1].waiter))
			capmsg_line_leave(&l->lines, &l->all[1].waiter);
		offers++;
	}
	KUNIT_EXPECT_EQ(test, offers, 3 * CAPMSG_PASS_MAX + 1);
	KUNIT_EXPECT_EQ(test, l->lines.n_due, n);
	/* The last one of those who are due, in turns of so many. */
	crowd[n - 1].size = 500;
	for (i = 0; i < 3 && capmsg_waiter_waits(&crowd[n - 1].waiter); i++) {
		u32 size = 500;
		struct capmsg_waiter *waiter;

		waiter = capmsg_line_offer(&l->lines, ask, &size);
		if (waiter)
			capmsg_line_serve(&l->lines, waiter);
	}
	KUNIT_EXPECT_FALSE(test, capmsg_waiter_waits(&crowd[n - 1].waiter));
}

/* The same with arrays: users in the order of turns, and who waits, by arrival. */
struct model {
	int turns[USERS], n_turns;
	/* the user whose turn was the last, if it waits; else -1 */
	int last;
	int line[WAITERS], n;
	int user[WAITERS], passed[WAITERS];
};

static void remove_at(int *array, int *n, int i)
{
	memmove(array + i, array + i + 1, (--*n - i) * sizeof(*array));
}

static int index_of(const int *array, int n, int value)
{
	int i;

	for (i = 0; i < n; i++) {
		if (array[i] == value)
			return i;
	}
	return -1;
}

static bool user_waits(const struct model *m, int user)
{
	int i;

	for (i = 0; i < m->n; i++) {
		if (m->user[m->line[i]] == user)
			return true;
	}
	return false;
}

static void model_join(struct model *m, int i, int user)
{
	if (!user_waits(m, user)) {
		m->turns[m->n_turns++] = user;
		if (m->last >= 0)
			swap(m->turns[m->n_turns - 2], m->turns[m->n_turns - 1]);
	}
	m->user[i] = user;
	m->passed[i] = 0;
	m->line[m->n++] = i;
}

static void model_leave(struct model *m, int i)
{
	int user = m->user[i];

	remove_at(m->line, &m->n, index_of(m->line, m->n, i));
	if (user_waits(m, user))
		return;
	remove_at(m->turns, &m->n_turns,
		  index_of(m->turns, m->n_turns, user));
	if (m->last == user)
		m->last = -1;
}

static int model_find(const struct model *m, const struct lines *l, u32 size,
		      bool due)
{
	int t, i, w;

	for (t = 0; t < m->n_turns; t++) {
		for (i = 0; i < m->n; i++) {
			w = m->line[i];
			bool is_due = m->passed[w] >= CAPMSG_PASS_MAX;

			if (m->user[w] == m->turns[t] && is_due == due &&
			    l->all[w].size <= size)
				return w;
		}
	}
	return -1;
}

/* Everybody who comes before @found. */
static void model_pass(struct model *m, int found)
{
	int t, i, w;

	for (t = 0; t < m->n_turns; t++) {
		for (i = 0; i < m->n; i++) {
			w = m->line[i];
			if (m->user[w] != m->turns[t])
				continue;
			if (w == found)
				return;
			if (m->passed[w] < CAPMSG_PASS_MAX)
				m->passed[w]++;
		}
	}
}

static int model_offer(struct model *m, const struct lines *l, u32 size)
{
	int found, user;

	found = model_find(m, l, size, true);
	if (found < 0) {
		found = model_find(m, l, size, false);
		if (found < 0)
			return -1;
		model_pass(m, found);
	}
	user = m->user[found];
	model_leave(m, found);
	m->last = user_waits(m, user) ? user : -1;
	if (m->last >= 0) {
		remove_at(m->turns, &m->n_turns,
			  index_of(m->turns, m->n_turns, user));
		m->turns[m->n_turns++] = user;
	}
	return found;
}

static void lines_are_what_the_model_says(struct kunit *test)
{
	struct lines *l = lines_make(test);
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	u64 seed = get_random_u64();
	struct rnd_state rnd;
	int step, i, user, got, want;
	u32 size;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->last = -1;
	prandom_seed_state(&rnd, seed);
	for (step = 0; step < 40000; step++) {
		i = capmsg_kit_below(&rnd, WAITERS);
		size = 1 + capmsg_kit_below(&rnd, 4) * capmsg_kit_below(&rnd, 4);
		if (capmsg_kit_below(&rnd, 3)) {
			got = offer(l, size);
			want = model_offer(m, l, size);
			KUNIT_ASSERT_EQ_MSG(test, got, want,
					    "step %d, seed %llx", step, seed);
		} else if (!capmsg_waiter_waits(&l->all[i].waiter)) {
			user = capmsg_kit_below(&rnd, USERS);
			join(l, i, user, capmsg_kit_below(&rnd, 3), size);
			model_join(m, i, user);
		} else if (!capmsg_kit_below(&rnd, 4)) {
			capmsg_line_leave(&l->lines, &l->all[i].waiter);
			model_leave(m, i);
		}
		KUNIT_ASSERT_EQ(test, l->lines.n, m->n);
	}
	while (m->n) {
		KUNIT_EXPECT_EQ(test, l->all[m->line[0]].waiter.passed,
				m->passed[m->line[0]]);
		capmsg_line_leave(&l->lines, &l->all[m->line[0]].waiter);
		model_leave(m, m->line[0]);
	}
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&l->lines.users));
}

static struct kunit_case line_cases[] = {
	KUNIT_CASE(users_take_turns),
	KUNIT_CASE(who_leaves_takes_no_turn),
	KUNIT_CASE(who_comes_is_before_who_was_served),
	KUNIT_CASE(nobody_is_passed_by_twice),
	KUNIT_CASE(passed_over_often_enough_is_due),
	KUNIT_CASE(only_the_first_ones_are_looked_at),
	KUNIT_CASE(lines_are_what_the_model_says),
	{}
};

static struct kunit_suite line_suite = {
	.name = "capmsg_line",
	.test_cases = line_cases,
};
kunit_test_suite(line_suite);
