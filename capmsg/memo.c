// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memos. An entry is found by all that its handler was told of the way there: so
 * what was answered to somebody who came by another capability is asked again.
 */
#include "memo.h"

/**
 * capmsg_memo_init() - prepare a memo, once
 * @memo: zeroed memory
 *
 * Context: Any.
 */
void capmsg_memo_init(struct capmsg_memo *memo)
{
	spin_lock_init(&memo->lock);
}

static bool entry_is(const struct capmsg_memo_entry *entry,
		     const struct capmsg_memo_key *key)
{
	return capmsg_cap_alike(&entry->met, key->cap) &&
	       entry->bits == key->bits && entry->left == key->left &&
	       entry->keeper == key->keeper;
}

/**
 * capmsg_memo_find() - has that been asked?
 * @memo: the memo
 * @key: what
 * @memory: the answer; its capability is borrowed, and may read as void
 *
 * Context: RCU read section of the task whose operation this is, in which the
 * result is valid; takes the lock of the memo.
 * Return: true if it has.
 */
bool capmsg_memo_find(struct capmsg_memo *memo,
		      const struct capmsg_memo_key *key,
		      struct capmsg_memory *memory)
{
	bool found = false;
	u32 i;

	spin_lock(&memo->lock);
	for (i = 0; !found && i < memo->n; i++) {
		found = entry_is(&memo->entries[i], key) &&
			capmsg_memory_serves(&memo->entries[i].memory, key);
		if (found)
			*memory = memo->entries[i].memory;
	}
	spin_unlock(&memo->lock);
	return found;
}

/**
 * capmsg_memo_add() - remember an answer
 * @memo: the memo; what @key says is not in it, and fewer than
 *	CAPMSG_UPCALLS_MAX upcalls have been answered
 * @key: what was asked
 * @memory: the answer; its references move to the memo, or are dropped if
 *	what was asked is dead, and no capability names it any more
 *
 * Context: Process context of the task whose operation this is.
 */
void capmsg_memo_add(struct capmsg_memo *memo,
		     const struct capmsg_memo_key *key,
		     struct capmsg_memory *memory)
{
	struct capmsg_memo_entry *entry = &memo->entries[memo->n];

	/* It is dead by now, and no slot has led there since: nobody asks again. */
	if (!capmsg_object_tryname(key->cap->object)) {
		capmsg_cap_drop(&memory->cap);
		return;
	}
	/* A sweep does not look at it yet. */
	entry->met = *key->cap;
	entry->met.revoker = NULL;
	entry->bits = key->bits;
	entry->left = key->left;
	entry->keeper = key->keeper;
	entry->memory = *memory;
	memory->cap.object = NULL;
	/* Pairs with capmsg_memo_sweep(). */
	smp_store_release(&memo->n, memo->n + 1);
}

/**
 * capmsg_memo_clear() - forget everything: another address is next, or none
 * @memo: the memo
 *
 * Context: Process context of the task whose operation this is, no locks held.
 */
void capmsg_memo_clear(struct capmsg_memo *memo)
{
	struct capmsg_memo_entry *entry = memo->entries;
	u32 n = memo->n;

	memo->spent = 0;
	if (!n)
		return;
	/* A sweep keeps away from here on. */
	spin_lock(&memo->lock);
	WRITE_ONCE(memo->n, 0);
	spin_unlock(&memo->lock);
	for (; n; n--, entry++) {
		capmsg_cap_drop(&entry->memory.cap);
		if (entry->met.object)
			capmsg_object_unname(entry->met.object);
	}
}

static void entry_sweep(struct capmsg_memo_entry *entry)
{
	capmsg_cap_sweep(&entry->met);
	capmsg_cap_sweep(&entry->memory.cap);
}

/**
 * capmsg_memo_sweep() - let go of the tombstones that a memo names
 * @memo: the memo; in use or not
 *
 * Context: Any; takes the lock of the memo.
 */
void capmsg_memo_sweep(struct capmsg_memo *memo)
{
	u32 i;

	if (!READ_ONCE(memo->n))
		return;
	spin_lock(&memo->lock);
	/* Pairs with capmsg_memo_add(). */
	for (i = smp_load_acquire(&memo->n); i--; )
		entry_sweep(&memo->entries[i]);
	spin_unlock(&memo->lock);
}
