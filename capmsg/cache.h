/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Caches: answers that a handler lets the kernel give by itself.
 */
#ifndef CAPMSG_CACHE_H
#define CAPMSG_CACHE_H

#include <linux/atomic.h>
#include <linux/seqlock.h>

#include "memo.h"

/**
 * struct capmsg_cache_key - what an answer is for
 *
 * Everything that the handler was told but the rights, which are the kernel's
 * business, and the rest of the address behind @index.
 */
struct capmsg_cache_key {
	/** @index: the next bits of the address, as many as the table has */
	u64 index;
	/** @badge: of the capability that was met */
	u64 badge;
	/** @flags: of that */
	u16 flags;
	/** @subpage: of that */
	u16 subpage;
	/** @subpage_bits: of that */
	u16 subpage_bits;
	/** @keeper: the table is asked as a keeper */
	u16 keeper;
};

/**
 * struct capmsg_cache_entry - an answer
 */
struct capmsg_cache_entry {
	/** @key: to what */
	struct capmsg_cache_key key;
	/** @memory: the answer; owns its references; its result is 0 where there is none */
	struct capmsg_memory memory;
};

/**
 * struct capmsg_cache - what the handler of one virtual object has let us know
 *
 * Part of that; written under its lock and @seq, read under @seq.
 */
struct capmsg_cache {
	/** @seq: readers retry when it moves */
	seqcount_spinlock_t seq;
	/** @bits: log2 of the number of entries; 0: there are none; constant */
	u32 bits;
	/** @generation: moves with everything that makes answers void */
	u64 generation;
	/** @hits: questions that were answered here */
	atomic64_t hits;
	/** @misses: questions that were not */
	atomic64_t misses;
	/** @entries: each has one place, by its key; constant */
	struct capmsg_cache_entry *entries;
};

void capmsg_cache_init(struct capmsg_cache *cache, spinlock_t *lock, u32 bits,
		       struct capmsg_cache_entry *entries);
bool capmsg_cache_find_rcu(struct capmsg_cache *cache,
			   const struct capmsg_cache_key *key,
			   struct capmsg_memory *memory);
struct capmsg_cap capmsg_cache_add_locked(struct capmsg_cache *cache,
					  const struct capmsg_cache_key *key,
					  const struct capmsg_memory *memory,
					  u64 generation);
struct capmsg_cap capmsg_cache_take_locked(struct capmsg_cache *cache, u32 i);
void capmsg_cache_sweep_locked(struct capmsg_cache *cache, u32 i);

/* How many entries there can be. */
static inline u32 capmsg_cache_entries(const struct capmsg_cache *cache)
{
	return cache->bits ? 1U << cache->bits : 0;
}

#endif /* CAPMSG_CACHE_H */
