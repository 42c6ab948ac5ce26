// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks. A walk that meets a closed revoker ends: whoever walks waits there,
 * without any lock or reference but that to the revoker, and begins again.
 */
#include <linux/nospec.h>

#include "walk.h"

/*
 * What is left of an address while it is walked: @left bits, at the top of
 * @bits.
 */
struct rest {
	u64 bits;
	u32 left;
};

/* At least one. */
static u64 rest_take(struct rest *rest, u32 n)
{
	u64 taken = rest->bits >> (64 - n);

	rest->bits <<= n;
	rest->left -= n;
	return taken;
}

static bool rest_match_guard(struct rest *rest, const struct capmsg_cap *cap)
{
	if (likely(!cap->guard_bits))
		return true;
	return rest->left >= cap->guard_bits &&
	       rest_take(rest, cap->guard_bits) == cap->guard;
}

/* Go through the cappage that @from names, to one of its slots; @cap may be @from. */
static __always_inline int walk_hop(const struct capmsg_cap *from,
				    struct rest *rest, struct capmsg_cap *cap,
				    struct capmsg_place *place)
{
	struct capmsg_cappage *table;
	struct capmsg_body *body;
	u32 bits, base;
	int ret;

	if (from->object->type != CAPMSG_TYPE_CAPPAGE)
		return -ENOENT;
	body = rcu_dereference(from->object->body);
	if (!body)
		return -ENOENT;
	ret = capmsg_gate_check(from->revoker);
	if (ret)
		return ret;
	table = capmsg_cappage_of(body);
	bits = table->bits - from->subpage_bits;
	if (rest->left < bits)
		return -ENOENT;
	base = (u32)from->subpage << bits;
	place->rights = from->rights;
	place->table = table;
	place->through = from->revoker;
	place->index = array_index_nospec(base + rest_take(rest, bits),
					  1U << table->bits);
	place->end = base + (1U << bits);
	capmsg_slot_read_rcu(table, place->index, cap);
	if (place->rights & CAPMSG_RIGHT_WEAK) {
		place->rights &= ~CAPMSG_RIGHT_WRITE;
		capmsg_cap_weaken(cap);
	}
	return 0;
}

/* Match the guard of what is there. Returns 1 if the address ends here. */
static __always_inline int walk_arrive(const struct capmsg_cap *cap,
				       struct rest *rest,
				       enum capmsg_lookup lookup)
{
	if (lookup == CAPMSG_LOOKUP_SLOT && !rest->left)
		return 1;
	/* What reads as void has no guard. Hops and object lookups see to that later. */
	if (!cap->object || !rest_match_guard(rest, cap) ||
	    (lookup == CAPMSG_LOOKUP_SLOT && capmsg_cap_void_rcu(cap)))
		return -ENOENT;
	return !rest->left;
}

static __always_inline int walk_end(const struct capmsg_cap *cap,
				    struct capmsg_place *place)
{
	place->body = capmsg_cap_body_rcu(cap);
	if (likely(place->body))
		return capmsg_gate_check(cap->revoker);
	if (cap->object->type == CAPMSG_TYPE_REPLY)
		return -ESTALE;
	capmsg_slot_expire(place->table, place->index);
	return -ENOENT;
}

/* capmsg_walk_rcu(). Inline, as nearly every command begins with it. */
static __always_inline int walk(const struct capmsg_cap *root, u64 address,
				enum capmsg_lookup lookup,
				struct capmsg_cap *cap,
				struct capmsg_place *place)
{
	const struct capmsg_cap *from = root;
	struct rest rest = { .bits = address };
	int ret;

	if (!address)
		return -ENOENT;
	rest.left = 63 - __ffs64(address);
	for (;;) {
		ret = walk_arrive(from, &rest, lookup);
		if (ret < 0)
			return ret;
		if (ret)
			break;
		ret = walk_hop(from, &rest, cap, place);
		if (ret)
			return ret;
		from = cap;
	}
	/* The root itself has no address. */
	if (from == root)
		return -ENOENT;
	return lookup == CAPMSG_LOOKUP_SLOT ? 0 : walk_end(cap, place);
}

/**
 * capmsg_walk_rcu() - resolve an address
 * @root: the capability to begin at
 * @address: the address
 * @lookup: what it is to name
 * @cap: what is there on success, weakened by the path; owns no reference
 * @place: where it is
 *
 * Every hop consumes at least one bit (capmsg_cap_mint() sees to that), so
 * there are at most 63 hops.
 *
 * Context: RCU read section. Takes no lock and writes nothing shared, unless
 * it finds a tombstone: that is cleared.
 * Return: 0, or -ENOENT if the address leads nowhere. An object lookup also
 * gives -ENOENT for what reads as void, and -ESTALE if that is a reply right
 * whose call is over. CAPMSG_SHUT if the revoker of @cap, which is to be used, is
 * closed.
 */
int capmsg_walk_rcu(const struct capmsg_cap *root, u64 address,
		    enum capmsg_lookup lookup, struct capmsg_cap *cap,
		    struct capmsg_place *place)
{
	return walk(root, address, lookup, cap, place);
}

/* Leaves the RCU read section, in which @through was found. */
static int wait_outside(struct capmsg_object *through,
			const struct capmsg_until *until)
	__releases(RCU)
{
	int ret = 0;

	/* Or else it is gone from where it was found: look again. */
	if (!capmsg_object_tryget(through))
		through = NULL;
	rcu_read_unlock();
	if (!through)
		return 0;
	ret = capmsg_gate_wait(through, until);
	capmsg_object_put(through);
	return ret;
}

/* The way is closed at @cap: wait, and begin again, in another RCU read section. */
static noinline int walk_on(const struct capmsg_view *view, u64 address,
			    enum capmsg_lookup lookup, struct capmsg_cap *cap,
			    struct capmsg_place *place)
	__must_hold(RCU)
{
	int ret;

	do {
		ret = wait_outside(cap->revoker, &view->until);
		cond_resched();
		rcu_read_lock();
		if (!ret)
			ret = capmsg_walk_rcu(view->root, address, lookup, cap,
					      place);
	} while (ret == CAPMSG_SHUT);
	return ret;
}

/**
 * capmsg_walk() - resolve an address, and wait where the way is closed
 * @view: the caller's space
 * @address: the address
 * @lookup: what it is to name
 * @cap: as of capmsg_walk_rcu()
 * @place: the same
 *
 * Context: Process context, no locks held; may sleep. Whatever it returns, it
 * returns in an RCU read section, which the caller ends.
 * Return: As capmsg_walk_rcu(), but instead of CAPMSG_SHUT the errors of
 * capmsg_gate_wait().
 */
int capmsg_walk(const struct capmsg_view *view, u64 address,
		enum capmsg_lookup lookup, struct capmsg_cap *cap,
		struct capmsg_place *place)
	__acquires(RCU)
{
	int ret;

	rcu_read_lock();
	ret = capmsg_walk_rcu(view->root, address, lookup, cap, place);
	return likely(ret != CAPMSG_SHUT) ? ret :
	       walk_on(view, address, lookup, cap, place);
}

/* capmsg_walk() of an object, inline as well. */
static __always_inline int walk_object(const struct capmsg_view *view,
				       u64 address, struct capmsg_cap *cap,
				       struct capmsg_place *place)
	__acquires(RCU)
{
	int ret;

	rcu_read_lock();
	ret = walk(view->root, address, CAPMSG_LOOKUP_OBJECT, cap, place);
	return likely(ret != CAPMSG_SHUT) ? ret :
	       walk_on(view, address, CAPMSG_LOOKUP_OBJECT, cap, place);
}

/* What a fetch makes of the capability that it has found. */
static int fetch_mint(struct capmsg_cap *cap, const struct capmsg_place *place,
		      const struct capmsg_mint *mint)
{
	u32 bits = 0;

	if (!(place->rights & CAPMSG_RIGHT_READ))
		return -EACCES;
	if (cap->object->type == CAPMSG_TYPE_REPLY)
		return -EINVAL;
	if (!mint)
		return 0;
	if (cap->object->type == CAPMSG_TYPE_CAPPAGE)
		bits = capmsg_cappage_of(place->body)->bits;
	return capmsg_cap_mint(cap, mint, bits);
}

/**
 * capmsg_fetch() - copy a capability out of its slot
 * @view: the caller's space
 * @address: address of the capability (object lookup)
 * @mint: how the copy differs, or NULL
 * @cap: the result, weakened by the path; owns a reference, or is void after an
 *	error
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -ENOENT; -EACCES without READ where it is; -EINVAL for a reply
 * right, of which there is only one, or a @mint that is no restriction; errors of
 * capmsg_gate_wait().
 */
int capmsg_fetch(const struct capmsg_view *view, u64 address,
		 const struct capmsg_mint *mint, struct capmsg_cap *cap)
{
	struct capmsg_place place;
	int ret;

	ret = walk_object(view, address, cap, &place);
	if (!ret)
		ret = fetch_mint(cap, &place, mint);
	if (!ret && !capmsg_cap_tryown(cap))
		ret = -ENOENT;
	rcu_read_unlock();
	if (ret)
		cap->object = NULL;
	return ret == -ESTALE ? -ENOENT : ret;
}

/**
 * capmsg_keep() - keep a capability in order to invoke it later
 * @view: the caller's space
 * @address: address of the capability (object lookup)
 * @cap: the result, weakened by the path; owns a reference, to be dropped by
 *	capmsg_cap_forget(), or is void after an error. Whoever keeps it hands it out
 *	to nobody: that would need READ where it is
 *
 * Context: As capmsg_fetch().
 * Return: 0; -ENOENT.
 */
int capmsg_keep(const struct capmsg_view *view, u64 address,
		struct capmsg_cap *cap)
{
	struct capmsg_place place;
	int ret;

	ret = capmsg_walk(view, address, CAPMSG_LOOKUP_OBJECT, cap, &place);
	if (!ret && !capmsg_cap_tryget(cap))
		ret = -ENOENT;
	rcu_read_unlock();
	if (ret)
		cap->object = NULL;
	return ret == -ESTALE ? -ENOENT : ret;
}

/**
 * capmsg_resolve() - find an object in order to invoke it
 * @view: the caller's space
 * @address: address of a capability to it (object lookup)
 * @rights: rights that the capability must have
 * @found: the result; to be put by capmsg_found_put()
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -ENOENT; -ESTALE for a reply right whose call is over; -EACCES
 * if a right is missing; errors of capmsg_gate_wait().
 */
int capmsg_resolve(const struct capmsg_view *view, u64 address, u16 rights,
		   struct capmsg_found *found)
{
	struct capmsg_cap *cap = &found->cap;
	int ret;

	ret = walk_object(view, address, cap, &found->place);
	if (ret)
		goto out_unlock;
	ret = -EACCES;
	if ((cap->rights & rights) != rights)
		goto out_unlock;
	ret = -ENOENT;
	if (cap->revoker && !capmsg_object_tryget(cap->revoker))
		goto out_unlock;
	found->body = found->place.body;
	if (capmsg_body_tryget(found->body))
		ret = 0;
	else if (cap->revoker)
		capmsg_object_put(cap->revoker);
out_unlock:
	rcu_read_unlock();
	return ret;
}

/**
 * capmsg_find_slot() - find a slot
 * @view: the caller's space
 * @address: address of the slot (slot lookup)
 * @rights: rights to its table that are needed
 * @spot: the result; to be put by capmsg_spot_put(); refers to @view
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -ENOENT; -EACCES if a right is missing; errors of
 * capmsg_gate_wait().
 */
int capmsg_find_slot(const struct capmsg_view *view, u64 address, u16 rights,
		     struct capmsg_spot *spot)
{
	struct capmsg_place place;
	struct capmsg_cap cap;
	int ret;

	ret = capmsg_walk(view, address, CAPMSG_LOOKUP_SLOT, &cap, &place);
	if (!ret && (place.rights & rights) != rights)
		ret = -EACCES;
	if (!ret && place.through && !capmsg_object_tryget(place.through))
		ret = -ENOENT;
	if (ret)
		goto out_unlock;
	spot->table = place.table;
	spot->through = place.through;
	spot->until = &view->until;
	spot->index = place.index;
	spot->end = place.end;
	if (!capmsg_body_tryget(&place.table->body)) {
		if (place.through)
			capmsg_object_put(place.through);
		ret = -ENOENT;
	}
out_unlock:
	rcu_read_unlock();
	return ret;
}
