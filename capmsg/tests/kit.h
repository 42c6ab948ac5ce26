/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all suites need: users and an account of their own, objects in it, and
 * at the end of every case the proof that nothing is left.
 */
#ifndef CAPMSG_TESTS_KIT_H
#define CAPMSG_TESTS_KIT_H

#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "call.h"
#include "space.h"

/**
 * struct capmsg_kit_counts - the counts of the whole module
 */
struct capmsg_kit_counts {
	/** @live: living objects by type */
	unsigned long live[CAPMSG_TYPE_COUNT];
	/** @tombstones: destroyed objects that are still named */
	unsigned long tombstones;
	/** @pinned: pages */
	unsigned long pinned;
	/** @spaces: spaces */
	unsigned long spaces;
	/** @users: users that are accounted */
	unsigned long users;
	/** @busy: frames in use */
	unsigned long busy;
};

/**
 * struct capmsg_kit - what a case has in test->priv
 */
struct capmsg_kit {
	/** @owner: pays along with @user */
	struct capmsg_user owner;
	/** @user: pays for what is in @account; in no table */
	struct capmsg_user user;
	/** @account: owns the objects of the case; they are killed at its end */
	struct capmsg_account *account;
	/** @before: the counts before the case */
	struct capmsg_kit_counts before;
	/** @max_objects: the limit before the case, restored after it */
	unsigned long max_objects;
	/** @max_bytes: the same */
	unsigned long max_bytes;
};

int capmsg_kit_init(struct kunit *test);
void capmsg_kit_exit(struct kunit *test);
void capmsg_kit_user(struct capmsg_user *user, struct capmsg_user *parent);
void capmsg_kit_count(struct capmsg_kit_counts *counts);
void capmsg_kit_idle(struct kunit *test, const struct capmsg_user *user);
struct capmsg_cappage *capmsg_kit_table(struct kunit *test, u32 bits);
struct capmsg_port *capmsg_kit_port(struct kunit *test,
				    const struct capmsg_port_limits *limits);
struct capmsg_frame *capmsg_kit_frame(struct kunit *test);
struct capmsg_region *capmsg_kit_region(struct kunit *test,
					unsigned int n_pages,
					unsigned long *address);
void capmsg_kit_kill(struct capmsg_body *body);
struct capmsg_spot capmsg_kit_spot(struct capmsg_cappage *table, u32 index);
void capmsg_kit_put(struct kunit *test, struct capmsg_cappage *table,
		    u32 index, struct capmsg_cap cap);

static inline struct capmsg_kit *capmsg_kit_of(struct kunit *test)
{
	return test->priv;
}

static inline struct capmsg_account *capmsg_kit_account(struct kunit *test)
{
	return capmsg_kit_of(test)->account;
}

/* What is in a slot; the case knows that nobody changes it. */
static inline struct capmsg_cap *capmsg_kit_cap(struct capmsg_cappage *table,
						u32 index)
{
	return &table->slots[index].cap;
}

/* As CLEAR does it with the reply right that a post holds. */
static inline int capmsg_kit_drop_reply(struct capmsg_port *port, u32 index,
					u32 seq)
{
	struct capmsg_cap right = { };
	int ret = capmsg_reply_take(port, index, seq, &right);

	capmsg_cap_drop(&right);
	return ret;
}

/* Does a post use the region? */
static inline bool capmsg_kit_used(struct capmsg_region *region)
{
	bool used;

	spin_lock(&region->body.lock);
	used = !list_empty(&region->body.liens);
	spin_unlock(&region->body.lock);
	return used;
}

/* A number from 0 to n - 1. */
static inline u32 capmsg_kit_below(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

static inline u64 capmsg_kit_u64(struct rnd_state *rnd)
{
	u64 high = prandom_u32_state(rnd);

	return high << 32 | prandom_u32_state(rnd);
}

#endif /* CAPMSG_TESTS_KIT_H */
