/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cappages: tables of capabilities, and the walk through them that turns an
 * address into a capability or a slot. The walk takes no lock and writes
 * nothing shared; only what it found is referenced.
 */
#ifndef CAPMSG_CAPPAGE_H
#define CAPMSG_CAPPAGE_H

#include <linux/seqlock.h>

#include "capability.h"
#include "wait.h"

struct capmsg_landing;

/**
 * struct capmsg_slot - a place for a capability
 */
struct capmsg_slot {
	/** @cap: what is in it */
	struct capmsg_cap cap;
	/** @reserved: the post that will land a capability here, or NULL */
	struct capmsg_landing *reserved;
};

/**
 * struct capmsg_cappage - a table of 2^bits slots
 */
struct capmsg_cappage {
	/** @body: what every object has */
	struct capmsg_body body;
	/** @seq: readers of slots retry when it moves; written under body.lock */
	seqcount_spinlock_t seq;
	/** @bits: log2 of the number of slots; constant */
	u32 bits;
	/** @slots: the slots */
	struct capmsg_slot slots[];
};

/**
 * enum capmsg_lookup - what an address is to name
 * @CAPMSG_LOOKUP_OBJECT: a capability, its guard included
 * @CAPMSG_LOOKUP_SLOT: a slot, with or without the guard of what is in it
 */
enum capmsg_lookup {
	CAPMSG_LOOKUP_OBJECT,
	CAPMSG_LOOKUP_SLOT,
};

/**
 * struct capmsg_place - where a walk has ended
 *
 * Borrowed: valid in the RCU read section of the walk only.
 */
struct capmsg_place {
	/** @cap: what is there, weakened by the path; owns no reference */
	struct capmsg_cap cap;
	/** @table: the cappage of the last hop; NULL: the root itself */
	struct capmsg_cappage *table;
	/** @index: the slot in @table */
	u32 index;
	/** @end: end of the part of @table that the last hop could index */
	u32 end;
	/** @rights: rights to @table, weakened by the path */
	u16 rights;
};

/**
 * struct capmsg_spot - a slot that was found, kept after the RCU section
 */
struct capmsg_spot {
	/** @table: its cappage, with a reference */
	struct capmsg_cappage *table;
	/** @index: the slot */
	u32 index;
	/** @end: end of the part of @table that the path could index */
	u32 end;
};

/**
 * struct capmsg_found - an object that was found in order to be invoked
 */
struct capmsg_found {
	/**
	 * @cap: the capability as seen along this path. Its object is kept by
	 * @body
	 */
	struct capmsg_cap cap;
	/** @body: the object's body, with a reference */
	struct capmsg_body *body;
};

/**
 * struct capmsg_view - whose addresses, and for how long they may be resolved
 *
 * What is found through it may refer to it: it outlives them.
 */
struct capmsg_view {
	/** @root: the capability to begin at */
	const struct capmsg_cap *root;
	/** @until: how long to wait where the way is closed */
	struct capmsg_until until;
};

struct capmsg_cappage *capmsg_cappage_alloc(struct capmsg_account *account,
					    u32 bits);

int capmsg_walk_rcu(const struct capmsg_cap *root, u64 address,
		    enum capmsg_lookup lookup, struct capmsg_place *place);
bool capmsg_slot_read_rcu(struct capmsg_cappage *table, u32 index,
			  struct capmsg_cap *cap);
void capmsg_slot_expire(struct capmsg_cappage *table, u32 index);
int capmsg_fetch(const struct capmsg_view *view, u64 address,
		 const struct capmsg_mint *mint, struct capmsg_cap *cap);
int capmsg_keep(const struct capmsg_view *view, u64 address,
		struct capmsg_cap *cap);
int capmsg_resolve(const struct capmsg_view *view, u64 address, u16 rights,
		   struct capmsg_found *found);
int capmsg_find_slot(const struct capmsg_view *view, u64 address, u16 rights,
		     struct capmsg_spot *spot);

int capmsg_store(struct capmsg_spot *spot, struct capmsg_cap *cap);
int capmsg_clear(struct capmsg_spot *spot);
int capmsg_move(struct capmsg_spot *from, struct capmsg_spot *to);

void capmsg_cappage_lock(struct capmsg_cappage *a, struct capmsg_cappage *b);
void capmsg_cappage_unlock(struct capmsg_cappage *a, struct capmsg_cappage *b);
int capmsg_slot_check_locked(struct capmsg_cappage *table, u32 index);
void capmsg_slot_sweep_locked(struct capmsg_cappage *table, u32 index);
void capmsg_slot_put_locked(struct capmsg_cappage *table, u32 index,
			    struct capmsg_cap *cap);
bool capmsg_slot_holds_locked(const struct capmsg_spot *spot,
			      const struct capmsg_cap *cap);
void capmsg_slot_void_locked(const struct capmsg_spot *spot);

static inline struct capmsg_cappage *
capmsg_cappage_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_cappage, body);
}

static inline void capmsg_spot_put(struct capmsg_spot *spot)
{
	capmsg_body_put(&spot->table->body);
}

static inline void capmsg_found_put(struct capmsg_found *found)
{
	capmsg_body_put(found->body);
}

#endif /* CAPMSG_CAPPAGE_H */
