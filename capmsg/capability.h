/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A capability is a value: an object, rights, a badge, an address translator.
 * It owns one reference to the object (to the struct, not to the body).
 */
#ifndef CAPMSG_CAPABILITY_H
#define CAPMSG_CAPABILITY_H

#include <linux/types.h>

#include "object.h"

/* What WEAK takes away. */
#define CAPMSG_RIGHTS_STRONG						\
	(CAPMSG_RIGHT_WRITE | CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_RECV |	\
	 CAPMSG_RIGHT_GRANT | CAPMSG_RIGHT_DESTROY)

#define CAPMSG_CAP_BADGED	0x1

/**
 * struct capmsg_cap - a capability
 */
struct capmsg_cap {
	/** @object: what it names; NULL in a void capability */
	struct capmsg_object *object;
	/** @badge: seen by receivers; for a reply right the epoch of the call */
	u64 badge;
	/** @guard: address bits to be matched first, in the low @guard_bits */
	u64 guard;
	/** @rights: CAPMSG_RIGHT_x */
	u16 rights;
	/** @flags: CAPMSG_CAP_BADGED */
	u16 flags;
	/** @subpage: which of 2^@subpage_bits parts of a cappage is named */
	u16 subpage;
	/** @guard_bits: length of the guard */
	u8 guard_bits;
	/** @subpage_bits: log2 of the number of parts */
	u8 subpage_bits;
};

/**
 * struct capmsg_mint - how a copy differs from its source
 */
struct capmsg_mint {
	/** @flags: CAPMSG_COPY_x */
	u32 flags;
	/** @rights: mask of rights to keep */
	u32 rights;
	/** @badge: with CAPMSG_COPY_BADGE */
	u64 badge;
	/** @guard: with CAPMSG_COPY_GUARD */
	u64 guard;
	/** @guard_bits: with CAPMSG_COPY_GUARD */
	u32 guard_bits;
	/** @subpage: with CAPMSG_COPY_SUBPAGE */
	u32 subpage;
	/** @subpage_bits: with CAPMSG_COPY_SUBPAGE */
	u32 subpage_bits;
};

bool capmsg_cap_void_rcu(const struct capmsg_cap *cap);
bool capmsg_cap_buried_rcu(const struct capmsg_cap *cap);
void capmsg_cap_sweep(struct capmsg_cap *cap);
void capmsg_cap_weaken(struct capmsg_cap *cap);
int capmsg_cap_mint(struct capmsg_cap *cap, const struct capmsg_mint *mint,
		    u32 table_bits);
void capmsg_cap_forget(struct capmsg_cap *cap);
void capmsg_cap_drop(struct capmsg_cap *cap);

/* The same outside of an RCU section; the capability cannot change meanwhile. */
static inline bool capmsg_cap_void(const struct capmsg_cap *cap)
{
	bool is_void;

	rcu_read_lock();
	is_void = capmsg_cap_void_rcu(cap);
	rcu_read_unlock();
	return is_void;
}

/* Move the value and the reference that it owns; @from becomes void. */
static inline void capmsg_cap_move(struct capmsg_cap *to,
				   struct capmsg_cap *from)
{
	*to = *from;
	from->object = NULL;
}

/* A capability to a new object, with all rights of its type. */
static inline struct capmsg_cap capmsg_cap_make(struct capmsg_object *object,
						u16 rights)
{
	return (struct capmsg_cap) {
		.object = capmsg_object_get(object),
		.rights = rights,
	};
}

#endif /* CAPMSG_CAPABILITY_H */
