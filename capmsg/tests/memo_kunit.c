// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memos: what is found by which key, how much there is room for, and what a sweep
 * leaves of it.
 */
#include "memo.h"
#include "sweep.h"
#include "thing.h"

/* A memo, and things that stand for virtual objects and for what was answered. */
struct memo_kit {
	struct capmsg_thing_log log;
	struct capmsg_memo memo;
	struct capmsg_object *asked;
	struct capmsg_object *other;
	struct capmsg_object *answer;
};

static struct memo_kit *memo_kit(struct kunit *test)
{
	struct memo_kit *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	capmsg_memo_init(&m->memo);
	m->asked = capmsg_object_get(capmsg_thing(test, &m->log)->body.object);
	m->other = capmsg_object_get(capmsg_thing(test, &m->log)->body.object);
	m->answer = capmsg_object_get(capmsg_thing(test, &m->log)->body.object);
	return m;
}

static void memo_kit_end(struct memo_kit *m)
{
	capmsg_memo_clear(&m->memo);
	capmsg_object_put(m->asked);
	capmsg_object_put(m->other);
	capmsg_object_put(m->answer);
}

static struct capmsg_cap met(struct memo_kit *m)
{
	return (struct capmsg_cap) {
		.object		= m->asked,
		.badge		= 7,
		.rights		= CAPMSG_RIGHT_READ,
		.flags		= CAPMSG_CAP_BADGED,
		.subpage	= 1,
		.subpage_bits	= 2,
	};
}

/* Remembers that slot @slot is there. */
static void remember(struct memo_kit *m, const struct capmsg_cap *cap, u64 bits,
		     u32 left, u32 slot)
{
	const struct capmsg_memo_key key = { cap, bits, left };
	struct capmsg_memory memory = {
		.result		= CAPMSG_RESULT_SLOT,
		.taken		= left,
		.slot		= slot,
		.n_slots	= 1,
		.cap		= capmsg_cap_make(m->answer, CAPMSG_RIGHT_READ),
	};

	capmsg_memo_add(&m->memo, &key, &memory);
}

/* The slot that is remembered, or -1. */
static int recall(struct memo_kit *m, const struct capmsg_cap *cap, u64 bits,
		  u32 left)
{
	const struct capmsg_memo_key key = { cap, bits, left };
	struct capmsg_memory memory;
	int slot = -1;

	rcu_read_lock();
	if (capmsg_memo_find(&m->memo, &key, &memory))
		slot = memory.slot;
	rcu_read_unlock();
	return slot;
}

#define BITS	(0x5aULL << 56)

static void found_by_the_whole_key(struct kunit *test)
{
	struct memo_kit *m = memo_kit(test);
	struct capmsg_cap cap = met(m), spoilt;

	KUNIT_EXPECT_EQ(test, recall(m, &cap, BITS, 8), -1);
	remember(m, &cap, BITS, 8, 3);
	KUNIT_EXPECT_EQ(test, recall(m, &cap, BITS, 8), 3);
	KUNIT_EXPECT_EQ(test, recall(m, &cap, BITS ^ (1ULL << 56), 8), -1);
	KUNIT_EXPECT_EQ(test, recall(m, &cap, BITS, 9), -1);
	KUNIT_EXPECT_EQ(test, recall(m, &cap, BITS, 7), -1);
	spoilt = cap;
	spoilt.object = m->other;
	KUNIT_EXPECT_EQ(test, recall(m, &spoilt, BITS, 8), -1);
	spoilt = cap;
	spoilt.badge++;
	KUNIT_EXPECT_EQ(test, recall(m, &spoilt, BITS, 8), -1);
	spoilt = cap;
	spoilt.flags &= ~CAPMSG_CAP_BADGED;
	KUNIT_EXPECT_EQ(test, recall(m, &spoilt, BITS, 8), -1);
	spoilt = cap;
	spoilt.subpage++;
	KUNIT_EXPECT_EQ(test, recall(m, &spoilt, BITS, 8), -1);
	spoilt = cap;
	spoilt.subpage_bits++;
	KUNIT_EXPECT_EQ(test, recall(m, &spoilt, BITS, 8), -1);
	memo_kit_end(m);
}

static void room_for_every_upcall(struct kunit *test)
{
	struct memo_kit *m = memo_kit(test);
	struct capmsg_cap cap = met(m);
	int refs = refcount_read(&m->answer->caps);
	u64 i;

	for (i = 0; i < CAPMSG_UPCALLS_MAX; i++)
		remember(m, &cap, i << 56, 8, i);
	KUNIT_EXPECT_EQ(test, m->memo.n, CAPMSG_UPCALLS_MAX);
	for (i = 0; i < CAPMSG_UPCALLS_MAX; i++)
		KUNIT_EXPECT_EQ(test, recall(m, &cap, i << 56, 8), i);
	KUNIT_EXPECT_EQ(test, refcount_read(&m->answer->caps),
			refs + CAPMSG_UPCALLS_MAX);
	m->memo.spent = CAPMSG_UPCALLS_MAX;
	capmsg_memo_clear(&m->memo);
	KUNIT_EXPECT_EQ(test, m->memo.spent, 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&m->answer->caps), refs);
	KUNIT_EXPECT_EQ(test, recall(m, &cap, 0, 8), -1);
	/* And again, from the beginning. */
	remember(m, &cap, BITS, 8, 5);
	KUNIT_EXPECT_EQ(test, recall(m, &cap, BITS, 8), 5);
	memo_kit_end(m);
}

/* An answer moves in: who has asked has no name of it any more. */
static void answers_move(struct kunit *test)
{
	struct memo_kit *m = memo_kit(test);
	struct capmsg_cap cap = met(m);
	const struct capmsg_memo_key key = { &cap, BITS, 8 };
	struct capmsg_memory memory = { .result = CAPMSG_RESULT_VALUE, .taken = 8 };
	int refs = refcount_read(&m->asked->caps);

	memory.cap = capmsg_cap_make(m->answer, CAPMSG_RIGHT_READ);
	capmsg_memo_add(&m->memo, &key, &memory);
	KUNIT_EXPECT_NULL(test, memory.cap.object);
	/* What was asked is named as long as it could be found. */
	KUNIT_EXPECT_EQ(test, refcount_read(&m->asked->caps), refs + 1);
	capmsg_memo_clear(&m->memo);
	KUNIT_EXPECT_EQ(test, refcount_read(&m->asked->caps), refs);
	memo_kit_end(m);
}

static void answer_that_died_is_void(struct kunit *test)
{
	struct memo_kit *m = memo_kit(test);
	struct capmsg_cap cap = met(m);
	const struct capmsg_memo_key key = { &cap, BITS, 8 };
	struct capmsg_memory memory;
	bool empty;

	remember(m, &cap, BITS, 8, 3);
	capmsg_object_kill(m->answer);
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, capmsg_memo_find(&m->memo, &key, &memory));
	empty = capmsg_cap_void_rcu(&memory.cap);
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE(test, empty);
	memo_kit_end(m);
}

static void sweep_lets_go_of_tombstones(struct kunit *test)
{
	struct memo_kit *m = memo_kit(test);
	struct capmsg_cap cap = met(m), other = cap;
	int answer = refcount_read(&m->answer->caps);
	int asked = refcount_read(&m->asked->caps);

	other.object = m->other;
	remember(m, &cap, BITS, 8, 3);
	remember(m, &other, BITS, 8, 4);
	capmsg_memo_sweep(&m->memo);
	KUNIT_EXPECT_EQ(test, refcount_read(&m->answer->caps), answer + 2);
	KUNIT_EXPECT_EQ(test, refcount_read(&m->asked->caps), asked + 1);
	/* Of what lives nothing is forgotten. */
	capmsg_object_kill(m->asked);
	capmsg_memo_sweep(&m->memo);
	KUNIT_EXPECT_EQ(test, recall(m, &cap, BITS, 8), -1);
	KUNIT_EXPECT_EQ(test, recall(m, &other, BITS, 8), 4);
	KUNIT_EXPECT_EQ(test, refcount_read(&m->asked->refs), 1);
	capmsg_object_kill(m->answer);
	capmsg_memo_sweep(&m->memo);
	KUNIT_EXPECT_EQ(test, refcount_read(&m->answer->refs), 1);
	/* What was answered is void, and was answered all the same. */
	KUNIT_EXPECT_EQ(test, recall(m, &other, BITS, 8), 4);
	memo_kit_end(m);
}

static struct kunit_case memo_cases[] = {
	KUNIT_CASE(found_by_the_whole_key),
	KUNIT_CASE(room_for_every_upcall),
	KUNIT_CASE(answers_move),
	KUNIT_CASE(answer_that_died_is_void),
	KUNIT_CASE(sweep_lets_go_of_tombstones),
	{ }
};

static struct kunit_suite memo_suite = {
	.name		= "capmsg_memo",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= memo_cases,
};

kunit_test_suite(memo_suite);
