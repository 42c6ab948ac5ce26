/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a walk is given, and what it finds.
 */
#ifndef CAPMSG_VIEW_H
#define CAPMSG_VIEW_H

#include "memo.h"

/**
 * enum capmsg_lookup - what an address is to name
 * @CAPMSG_LOOKUP_OBJECT: a capability, its guard included
 * @CAPMSG_LOOKUP_SLOT: a slot, with or without the guard of what is in it
 * @CAPMSG_LOOKUP_CONTENT: whatever is in a slot, without its guard; a handler may
 *	say what it is without having such a slot
 * @CAPMSG_LOOKUP_INVOKE: an object that is to be invoked: its capability, or of a
 *	virtual one that to what stands in. Not for capmsg_walk() and its like
 */
enum capmsg_lookup {
	CAPMSG_LOOKUP_OBJECT,
	CAPMSG_LOOKUP_SLOT,
	CAPMSG_LOOKUP_CONTENT,
	CAPMSG_LOOKUP_INVOKE,
};

/**
 * struct capmsg_place - where a walk has ended
 *
 * Borrowed: valid in the RCU read section of the walk only.
 */
struct capmsg_place {
	/** @body: of what is there; only of an object to be found or invoked */
	struct capmsg_body *body;
	/**
	 * @table: the cappage of the last hop; NULL: there is no such cappage, as
	 * a handler has said what is there
	 */
	struct capmsg_cappage *table;
	/** @through: the revoker that @table was named through, or NULL */
	struct capmsg_object *through;
	/** @index: the slot in @table */
	u32 index;
	/** @end: end of the part of @table that the last hop could index */
	u32 end;
	/** @rights: rights to @table, weakened by the path */
	u16 rights;
	/** @kept: @table has a keeper who can be asked if the slot is void */
	bool kept;
	/** @keeper: it is that keeper whose cappage is gone through */
	bool keeper;
	/** @keepers: how many were asked on the way */
	u8 keepers;
	/** @wanted: what the address is to name; enum capmsg_lookup */
	u8 wanted;
	/** @type: to be invoked: of which type; CAPMSG_TYPE_VOID: of any */
	u8 type;
	/** @need: to be invoked: rights without which the command fails anyway */
	u16 need;
	/**
	 * @played: the virtual object, with those rights, that something stands in
	 * for, or whose handler has carried out the command. After the section it is
	 * to be compared, not followed; untouched if there was none
	 */
	const struct capmsg_object *played;
	/** @bits: with CAPMSG_ASK: the rest of the address, from the top ... */
	u64 bits;
	/** @left: ... and the number of those bits */
	u32 left;
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
 * struct capmsg_question - what the handler of a virtual object is to be asked
 */
struct capmsg_question {
	/** @found: the virtual object, and the capability that was met */
	struct capmsg_found found;
	/** @bits: the rest of the address, from the top */
	u64 bits;
	/** @left: the number of those bits; 0: the object itself is invoked */
	u32 left;
	/** @command: by this command, CAPMSG_CMD_x */
	u32 command;
	/** @argument: which has this argument */
	u64 argument;
	/** @slot: the address is to end at a slot */
	bool slot;
	/** @keeper: it is the keeper of a real cappage that is asked */
	bool keeper;
};

/**
 * struct capmsg_asker - who asks handlers for a walk
 *
 * Part of a command. It finds the means when they are needed: most commands never
 * ask.
 */
struct capmsg_asker {
	/**
	 * @ask: ask, and wait for the answer, which is in @memo then. Process
	 * context, no locks held
	 */
	int (*ask)(struct capmsg_asker *asker,
		   const struct capmsg_question *question,
		   const struct capmsg_until *until);
	/** @memo: what was answered so far, for the address at hand; or NULL */
	struct capmsg_memo *memo;
};

/**
 * struct capmsg_view - whose addresses, and for how long they may be resolved
 *
 * What is found through it may refer to it: it outlives them.
 */
struct capmsg_view {
	/** @root: the capability to begin at */
	const struct capmsg_cap *root;
	/** @until: how long to wait where the way is closed, or for a handler */
	struct capmsg_until until;
	/** @asker: who asks handlers; NULL: nobody must be asked */
	struct capmsg_asker *asker;
	/** @command: what is carried out, CAPMSG_CMD_x */
	u32 command;
	/** @argument: of SIGNAL: the bits; else not set */
	u64 argument;
};

/* Keep what found->cap names, @body, and its revoker; false if either is gone. */
static __always_inline bool capmsg_found_keep_rcu(struct capmsg_found *found,
						  struct capmsg_body *body)
{
	if (found->cap.revoker && !capmsg_object_tryget(found->cap.revoker))
		return false;
	found->body = body;
	if (capmsg_body_tryget(body))
		return true;
	if (found->cap.revoker)
		capmsg_object_put(found->cap.revoker);
	return false;
}

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

#endif /* CAPMSG_VIEW_H */
