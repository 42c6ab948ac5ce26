/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A capability is a value: an object, rights, a badge, an address translator,
 * a revoker. It names the object, and owns a reference to the revoker (to the
 * structs, not to the bodies).
 */
#ifndef CAPMSG_CAPABILITY_H
#define CAPMSG_CAPABILITY_H

#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>

#include "object.h"
#include "revoker.h"

/**
 * DOC: Senders
 *
 * A port's owner is told when nobody can send to it any more, so capabilities to
 * it with SEND, but without RECV, are counted: where a capability becomes
 * somebody's (capmsg_cap_count()), and where it is dropped (capmsg_cap_drop()).
 * Capabilities to a virtual port are counted in the same way, on that.
 *
 * A capability stays counted while it moves from slot to slot or into a message,
 * and its rights never change while it is somebody's.
 *
 * It counts on its revoker, or without one on the port. A revoker whose count is
 * above zero counts once on what it stands before: it is counted there before its
 * own count rises from zero, and until after that has fallen to zero. The count of
 * a port changes between 0 and 1 under the port's lock; all other changes are a
 * single atomic operation.
 *
 * A capability that reads as void is forgotten without counting: nobody needs the
 * count of a dead port or revoker, and a revoker that dies is no longer counted on
 * what it stood before. So void slots can be swept under the lock of their cappage,
 * which is below that of ports.
 */

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
	/** @revoker: that it came through, or NULL; see "DOC: Revoking" */
	struct capmsg_object *revoker;
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

bool capmsg_cap_buried_rcu(const struct capmsg_cap *cap);
bool capmsg_cap_swept(const struct capmsg_cap *cap, struct capmsg_cap *swept);
void capmsg_cap_sweep(struct capmsg_cap *cap);
void capmsg_cap_weaken(struct capmsg_cap *cap);
int capmsg_cap_mint(struct capmsg_cap *cap, const struct capmsg_mint *mint,
		    u32 table_bits);
void capmsg_cap_count(const struct capmsg_cap *cap);
bool capmsg_cap_tryown(const struct capmsg_cap *cap);
bool capmsg_cap_tryget(const struct capmsg_cap *cap);
void capmsg_cap_forget(struct capmsg_cap *cap);
void capmsg_cap_drop(struct capmsg_cap *cap);

/*
 * The body of what a capability names; NULL if it reads as void. In the RCU read
 * section in which it was read.
 */
static inline struct capmsg_body *
capmsg_cap_body_rcu(const struct capmsg_cap *cap)
{
	struct capmsg_body *body;

	if (!cap->object)
		return NULL;
	body = rcu_dereference(cap->object->body);
	if (!body)
		return NULL;
	if (cap->revoker && capmsg_gate_rcu(cap->revoker) == CAPMSG_GATE_GONE)
		return NULL;
	if (body->ops->stale && body->ops->stale(body, cap->badge))
		return NULL;
	return body;
}

/**
 * capmsg_cap_void_rcu() - does a capability read as void?
 * @cap: a capability, or a snapshot of one that was read in this RCU section
 *
 * Context: RCU read section.
 * Return: true if it names nothing, or nothing that lives.
 */
static inline bool capmsg_cap_void_rcu(const struct capmsg_cap *cap)
{
	return !capmsg_cap_body_rcu(cap);
}

/* capmsg_cap_void_rcu() outside of a section; the capability cannot change now. */
static inline bool capmsg_cap_void(const struct capmsg_cap *cap)
{
	bool is_void;

	rcu_read_lock();
	is_void = capmsg_cap_void_rcu(cap);
	rcu_read_unlock();
	return is_void;
}

/* Do two capabilities say the same, whatever revokers they came through? */
static inline bool capmsg_cap_alike(const struct capmsg_cap *a,
				    const struct capmsg_cap *b)
{
	/* From the rights on there are eight bytes without a hole. */
	static_assert(offsetof(struct capmsg_cap, rights) + sizeof(u64) ==
		      sizeof(struct capmsg_cap));
	return a->object == b->object && a->badge == b->badge &&
	       a->guard == b->guard &&
	       !memcmp(&a->rights, &b->rights, sizeof(u64));
}

/* Does the capability count as one of a port's senders? See "DOC: Senders". */
static inline bool capmsg_cap_sends(const struct capmsg_cap *cap)
{
	return (cap->rights & (CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_RECV)) ==
	       CAPMSG_RIGHT_SEND && cap->object->kind == CAPMSG_TYPE_PORT;
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
		.object = capmsg_object_name(object),
		.rights = rights,
	};
}

#endif /* CAPMSG_CAPABILITY_H */
