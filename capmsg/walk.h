/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk through cappages that turns an address into a capability or a slot.
 * It takes no lock and writes nothing shared; only what it found is referenced.
 */
#ifndef CAPMSG_WALK_H
#define CAPMSG_WALK_H

#include "cappage.h"

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
	/** @body: of what is there; only of an object lookup */
	struct capmsg_body *body;
	/** @table: the cappage of the last hop */
	struct capmsg_cappage *table;
	/** @through: the revoker that @table was named through, or NULL */
	struct capmsg_object *through;
	/** @index: the slot in @table */
	u32 index;
	/** @end: end of the part of @table that the last hop could index */
	u32 end;
	/** @rights: rights to @table, weakened by the path */
	u16 rights;
};

/**
 * struct capmsg_found - an object that was found in order to be invoked
 *
 * Those that messages pass by are __uninitialized: kernels that clear what is on the
 * stack would spend as much on that as on finding the object.
 */
struct capmsg_found {
	/**
	 * @cap: the capability as seen along this path. Its object is kept by
	 * @body; it owns a reference to its revoker, if it has one
	 */
	struct capmsg_cap cap;
	/** @body: the object's body, with a reference */
	struct capmsg_body *body;
	/** @place: where it was; borrowed */
	struct capmsg_place place;
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

int capmsg_walk_rcu(const struct capmsg_cap *root, u64 address,
		    enum capmsg_lookup lookup, struct capmsg_cap *cap,
		    struct capmsg_place *place);
int capmsg_walk(const struct capmsg_view *view, u64 address,
		enum capmsg_lookup lookup, struct capmsg_cap *cap,
		struct capmsg_place *place)
	__acquires(RCU);
int capmsg_fetch(const struct capmsg_view *view, u64 address,
		 const struct capmsg_mint *mint, struct capmsg_cap *cap);
int capmsg_keep(const struct capmsg_view *view, u64 address,
		struct capmsg_cap *cap);
int capmsg_resolve(const struct capmsg_view *view, u64 address, u16 rights,
		   struct capmsg_found *found);
int capmsg_find_slot(const struct capmsg_view *view, u64 address, u16 rights,
		     struct capmsg_spot *spot);

static inline void capmsg_found_put(struct capmsg_found *found)
{
	if (found->cap.revoker)
		capmsg_object_put(found->cap.revoker);
	capmsg_body_put(found->body);
}

/* Its body alone, with the reference; nothing is left of how it was found. */
static inline struct capmsg_body *capmsg_found_take(struct capmsg_found *found)
{
	if (found->cap.revoker)
		capmsg_object_put(found->cap.revoker);
	return found->body;
}

#endif /* CAPMSG_WALK_H */
