// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random trees that mix real, kept and virtual cappages, against a naive model of
 * them (tree/tree.h), with three clients at once, and with handlers that answer
 * late, wrong, twice, never, or die.
 *
 * What is told apart is what the design tells apart. Where two things happen at the
 * same time either order will do, and the model lists what may come of it; but
 * nothing is judged by how long it takes.
 *
 * The seed is printed; VIRT_SEED sets it, VIRT_WORLDS the number of worlds.
 */
#include "kselftest_harness.h"
#include "tree/tree.h"

#define WORLDS	12	/* some 4 s; 2160 operations */

static const char * const behaviours[BEHAVIOURS] = {
	[BEHAVED_AT_ONCE] = "answered at once", [BEHAVED_LATE] = "late",
	[BEHAVED_WRONG] = "wrong", [BEHAVED_TWICE] = "twice", [BEHAVED_NEVER] = "never",
	[BEHAVED_DIED] = "died", [BEHAVED_RETRY] = "said RETRY",
	[BEHAVED_DROPPED] = "dropped the right to", [BEHAVED_CHANGED] = "changed a slot before",
	[BEHAVED_STALE] = "after the upcall was over",
};

FIXTURE(virtrand) {
	__u64 seed;
	unsigned int worlds;
	atomic_uint behaved[BEHAVIOURS];
	unsigned int results[256];
	unsigned int hits, rounds;
};

FIXTURE_SETUP(virtrand)
{
	self->seed = env_number("VIRT_SEED", now_ns() * 0x9e3779b97f4a7c15);
	self->worlds = env_number("VIRT_WORLDS", WORLDS);
}

FIXTURE_TEARDOWN(virtrand)
{
	CAPMSG_TEARDOWN();
}

/* 0, or the errno of what is not as the model says. */
static int world_do(FIXTURE_DATA(virtrand) *self, __u64 seed, enum lie lie)
{
	static struct world w;
	int ret;

	memset(&w, 0, sizeof(w));
	w.behaved = self->behaved;
	w.results = self->results;
	w.lie = lie;
	ret = world_make(&w, seed);
	while (!ret && w.round < ROUNDS) {
		ret = round_do(&w);
		if (w.round == ROUNDS - LAST_ROUNDS)
			self->hits += world_hits(&w);
	}
	self->rounds += w.round;
	/* Its thread still uses all that. */
	if (!w.lost)
		world_end(&w);
	return ret;
}

TEST_F_TIMEOUT(virtrand, worlds, 3600)
{
	unsigned int i, all = 0;
	int ret = 0;

	printf("# VIRT_SEED=0x%llx\n", self->seed);
	for (i = 0; i < self->worlds && !ret; i++)
		ret = world_do(self, self->seed + i, LIE_NONE);
	EXPECT_EQ(0, ret);
	for (i = 0; i < BEHAVIOURS; i++) {
		printf("# %s: %u\n", behaviours[i], atomic_load(&self->behaved[i]));
		EXPECT_LT(0, atomic_load(&self->behaved[i]));
	}
	for (i = 0; i < 256; i++) {
		all += self->results[i];
		if (self->results[i])
			printf("# %s: %u\n", i ? strerror(i) : "success", self->results[i]);
	}
	printf("# %u operations in %u rounds, %u answers from caches\n", all, self->rounds,
	       self->hits);
	EXPECT_LT(0, self->hits);
	/* If most of them failed this would prove little. */
	EXPECT_LT(all / 10, self->results[0]);
}

/*
 * The proof that a difference is found: the model is given a mistake. The seed is
 * always the same, as what is proved here is not the module.
 */
#define LIE_SEED	0x5eed

static void lie_find(struct __test_metadata *_metadata, FIXTURE_DATA(virtrand) *self,
		     enum lie lie)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < WORLDS && !ret; i++)
		ret = world_do(self, LIE_SEED + i, lie);
	EXPECT_EQ(-EPROTO, ret);
}

TEST_F_TIMEOUT(virtrand, finds_a_strong_weak_path, 120)
{
	lie_find(_metadata, self, LIE_WEAK_KEEPS_SEND);
}

TEST_F_TIMEOUT(virtrand, finds_a_badge_forgotten, 120)
{
	lie_find(_metadata, self, LIE_BADGE_IGNORED);
}

TEST_F_TIMEOUT(virtrand, finds_a_handler_outlived, 120)
{
	lie_find(_metadata, self, LIE_DEAD_LIVE);
}

TEST_HARNESS_MAIN
