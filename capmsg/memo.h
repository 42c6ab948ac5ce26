/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memos: what handlers have answered while one address is resolved, so that the
 * walk, which begins at the root each time, gets further each time.
 */
#ifndef CAPMSG_MEMO_H
#define CAPMSG_MEMO_H

#include "cappage.h"

/*
 * What a walk says where it needs to ask a handler. It never leaves the module: see
 * capmsg_walk().
 */
#define CAPMSG_ASK	(-EUNATCH)

/* The handler has carried out the whole command. It never leaves the module either. */
#define CAPMSG_DONE	(-ENOCSI)

/**
 * struct capmsg_memo_key - what a handler is asked about
 */
struct capmsg_memo_key {
	/** @cap: the capability to the virtual object that was met; borrowed */
	const struct capmsg_cap *cap;
	/** @bits: the rest of the address, from the top */
	u64 bits;
	/** @left: the number of those bits; 0: the object itself is invoked */
	u32 left;
	/** @slot: the address is to end at a slot */
	bool slot;
	/** @keeper: the virtual object is asked as a keeper */
	bool keeper;
};

/**
 * struct capmsg_memory - an answer
 */
struct capmsg_memory {
	/** @result: CAPMSG_RESULT_VALUE, CAPMSG_RESULT_SLOT, CAPMSG_RESULT_DONE */
	u32 result;
	/** @taken: how many bits of the address it takes */
	u32 taken;
	/** @slot: of a slot: its index in the part of the cappage */
	u32 slot;
	/** @n_slots: of a slot: how many follow each other */
	u32 n_slots;
	/** @cacheable: it may be given to others */
	bool cacheable;
	/** @cap: what is there, or the cappage of the slot */
	struct capmsg_cap cap;
};

/**
 * struct capmsg_memo_entry - an answer, and to what
 */
struct capmsg_memo_entry {
	/**
	 * @met: the capability that was met, without its revoker; names the
	 * virtual object, or nothing any more when that was swept
	 */
	struct capmsg_cap met;
	/** @bits: the rest of the address */
	u64 bits;
	/** @left: the number of @bits */
	u32 left;
	/** @keeper: the virtual object was asked as a keeper */
	bool keeper;
	/** @memory: the answer; owns its references */
	struct capmsg_memory memory;
};

/**
 * struct capmsg_memo - the answers for one address
 */
struct capmsg_memo {
	/** @lock: guards the @n entries against a sweep */
	spinlock_t lock;
	/** @spent: upcalls for this address so far */
	u32 spent;
	/** @n: entries */
	u32 n;
	/** @entries: none is dropped while the address is resolved */
	struct capmsg_memo_entry entries[CAPMSG_UPCALLS_MAX];
};

/* Does the answer serve? If a slot is wanted, one that says only what is there does not. */
static inline bool capmsg_memory_serves(const struct capmsg_memory *memory,
					const struct capmsg_memo_key *key)
{
	return !key->slot || memory->result == CAPMSG_RESULT_SLOT ||
	       memory->taken < key->left;
}

void capmsg_memo_init(struct capmsg_memo *memo);
bool capmsg_memo_find(struct capmsg_memo *memo,
		      const struct capmsg_memo_key *key,
		      struct capmsg_memory *memory);
void capmsg_memo_add(struct capmsg_memo *memo,
		     const struct capmsg_memo_key *key,
		     struct capmsg_memory *memory);
void capmsg_memo_clear(struct capmsg_memo *memo);
void capmsg_memo_sweep(struct capmsg_memo *memo);

#endif /* CAPMSG_MEMO_H */
