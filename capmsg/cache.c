// SPDX-License-Identifier: GPL-2.0-only
/*
 * Caches. Each answer has one place, and is lost to the next one there: so a cache
 * is as large as its handler has paid for, and nothing is ever searched.
 */
#include <linux/hash.h>

#include "cache.h"

/**
 * capmsg_cache_init() - prepare
 * @cache: zeroed memory
 * @lock: of the virtual object
 * @bits: log2 of the number of entries, or 0 for none
 * @entries: zeroed memory for those
 *
 * Context: Any.
 */
void capmsg_cache_init(struct capmsg_cache *cache, spinlock_t *lock, u32 bits,
		       struct capmsg_cache_entry *entries)
{
	seqcount_spinlock_init(&cache->seq, lock);
	cache->bits = bits;
	cache->entries = entries;
}

static u32 place_of(const struct capmsg_cache *cache,
		    const struct capmsg_cache_key *key)
{
	u64 how = key->badge ^ ((u64)key->subpage << 32 | key->subpage_bits << 16 |
				(u32)key->keeper << 8 | key->flags);

	/* Answers that collide only push each other out: so it may be predictable. */
	return hash_64(key->index ^ how * GOLDEN_RATIO_64, cache->bits);
}

static bool key_is(const struct capmsg_cache_key *a,
		   const struct capmsg_cache_key *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/**
 * capmsg_cache_find_rcu() - is the answer known?
 * @cache: the cache; has entries
 * @key: to what
 * @memory: the answer; its capability is borrowed, and may read as void
 *
 * Context: RCU read section; takes no lock.
 * Return: true if it is.
 */
bool capmsg_cache_find_rcu(struct capmsg_cache *cache,
			   const struct capmsg_cache_key *key,
			   struct capmsg_memory *memory)
{
	const struct capmsg_cache_entry *entry;
	unsigned int seq;
	bool found;

	entry = &cache->entries[place_of(cache, key)];
	do {
		seq = read_seqcount_begin(&cache->seq);
		found = entry->memory.result && key_is(&entry->key, key);
		if (found)
			*memory = entry->memory;
	} while (read_seqcount_retry(&cache->seq, seq));
	atomic64_inc(found ? &cache->hits : &cache->misses);
	return found;
}

/**
 * capmsg_cache_take_locked() - take an entry out
 * @cache: the cache
 * @i: which
 *
 * Context: Atomic; lock of the virtual object held.
 * Return: what was there, or void; to be dropped by the caller.
 */
struct capmsg_cap capmsg_cache_take_locked(struct capmsg_cache *cache, u32 i)
{
	struct capmsg_cache_entry *entry = &cache->entries[i];
	struct capmsg_cap cap;

	write_seqcount_begin(&cache->seq);
	capmsg_cap_move(&cap, &entry->memory.cap);
	entry->memory.result = 0;
	write_seqcount_end(&cache->seq);
	return cap;
}

/**
 * capmsg_cache_add_locked() - keep an answer
 * @cache: the cache; has entries
 * @key: to what
 * @memory: the answer; its references move to the cache if it is kept
 * @generation: of the cache, from before the handler was asked
 *
 * Nothing is kept if the handler has made answers void since it was asked.
 *
 * Context: Atomic; lock of the virtual object held.
 * Return: what was there, or void; or the capability of @memory, if that is not kept.
 * To be dropped by the caller.
 */
struct capmsg_cap capmsg_cache_add_locked(struct capmsg_cache *cache,
					  const struct capmsg_cache_key *key,
					  const struct capmsg_memory *memory,
					  u64 generation)
{
	u32 i = place_of(cache, key);
	struct capmsg_cap old;

	if (cache->generation != generation)
		return memory->cap;
	old = capmsg_cache_take_locked(cache, i);
	write_seqcount_begin(&cache->seq);
	cache->entries[i].key = *key;
	cache->entries[i].memory = *memory;
	write_seqcount_end(&cache->seq);
	return old;
}

/**
 * capmsg_cache_sweep_locked() - let go of the tombstone that an entry names
 * @cache: the cache
 * @i: which
 *
 * Context: Atomic; lock of the virtual object held.
 */
void capmsg_cache_sweep_locked(struct capmsg_cache *cache, u32 i)
{
	struct capmsg_cap old = cache->entries[i].memory.cap;
	struct capmsg_cap swept;

	if (!capmsg_cap_swept(&old, &swept))
		return;
	write_seqcount_begin(&cache->seq);
	cache->entries[i].memory.cap = swept;
	write_seqcount_end(&cache->seq);
	capmsg_cap_forget(&old);
}
