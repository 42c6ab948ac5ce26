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

static u64 rest_take(struct rest *rest, u32 n)
{
	u64 taken = n ? rest->bits >> (64 - n) : 0;

	rest->bits <<= n;
	rest->left -= n;
	return taken;
}

static bool rest_match_guard(struct rest *rest, const struct capmsg_cap *cap)
{
	return rest->left >= cap->guard_bits &&
	       rest_take(rest, cap->guard_bits) == cap->guard;
}

/* Go through the cappage that place->cap names, to one of its slots. */
static int walk_hop(struct capmsg_place *place, struct rest *rest)
{
	const struct capmsg_cap *cap = &place->cap;
	struct capmsg_cappage *table;
	struct capmsg_body *body;
	u32 bits, base, index;
	int ret;

	if (cap->object->type != CAPMSG_TYPE_CAPPAGE)
		return -ENOENT;
	body = rcu_dereference(cap->object->body);
	if (!body)
		return -ENOENT;
	ret = capmsg_gate_check(cap->revoker);
	if (ret)
		return ret;
	table = capmsg_cappage_of(body);
	bits = table->bits - cap->subpage_bits;
	if (rest->left < bits)
		return -ENOENT;
	base = (u32)cap->subpage << bits;
	index = array_index_nospec(base + rest_take(rest, bits),
				   1U << table->bits);
	place->rights = cap->rights;
	place->table = table;
	place->through = cap->revoker;
	place->index = index;
	place->end = base + (1U << bits);
	capmsg_slot_read_rcu(table, index, &place->cap);
	if (place->rights & CAPMSG_RIGHT_WEAK) {
		place->rights &= ~CAPMSG_RIGHT_WRITE;
		capmsg_cap_weaken(&place->cap);
	}
	return 0;
}

/* Match the guard of what is there. Returns 1 if the address ends here. */
static int walk_arrive(const struct capmsg_place *place, struct rest *rest,
		       enum capmsg_lookup lookup)
{
	if (lookup == CAPMSG_LOOKUP_SLOT && !rest->left)
		return 1;
	/* What reads as void has no guard. Hops and object lookups see to that later. */
	if (!place->cap.object || !rest_match_guard(rest, &place->cap) ||
	    (lookup == CAPMSG_LOOKUP_SLOT && capmsg_cap_void_rcu(&place->cap)))
		return -ENOENT;
	return !rest->left;
}

/**
 * capmsg_walk_rcu() - resolve an address
 * @root: the capability to begin at
 * @address: the address
 * @lookup: what it is to name
 * @place: the result, on success
 *
 * Every hop consumes at least one bit (capmsg_cap_mint() sees to that), so
 * there are at most 63 hops.
 *
 * Context: RCU read section. Takes no lock and writes nothing shared, unless
 * it finds a tombstone: that is cleared.
 * Return: 0, or -ENOENT if the address leads nowhere. An object lookup also
 * gives -ENOENT for what reads as void, and -ESTALE if that is a reply right
 * whose call is over. CAPMSG_SHUT if the revoker of @place->cap, which is to be
 * used, is closed.
 */
int capmsg_walk_rcu(const struct capmsg_cap *root, u64 address,
		    enum capmsg_lookup lookup, struct capmsg_place *place)
{
	struct rest rest = { .bits = address };
	int ret;

	if (!address)
		return -ENOENT;
	rest.left = 63 - __ffs64(address);
	place->cap = *root;
	place->table = NULL;
	for (;;) {
		ret = walk_arrive(place, &rest, lookup);
		if (ret < 0)
			return ret;
		if (ret)
			break;
		ret = walk_hop(place, &rest);
		if (ret)
			return ret;
	}
	if (!place->table)
		return -ENOENT;
	if (lookup == CAPMSG_LOOKUP_SLOT)
		return 0;
	if (!capmsg_cap_void_rcu(&place->cap))
		return capmsg_gate_check(place->cap.revoker);
	if (place->cap.object->type == CAPMSG_TYPE_REPLY)
		return -ESTALE;
	capmsg_slot_expire(place->table, place->index);
	return -ENOENT;
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

/**
 * capmsg_walk() - resolve an address, and wait where the way is closed
 * @view: the caller's space
 * @address: the address
 * @lookup: what it is to name
 * @place: the result, on success
 *
 * Context: Process context, no locks held; may sleep. Whatever it returns, it
 * returns in an RCU read section, which the caller ends.
 * Return: As capmsg_walk_rcu(), but instead of CAPMSG_SHUT the errors of
 * capmsg_gate_wait().
 */
int capmsg_walk(const struct capmsg_view *view, u64 address,
		enum capmsg_lookup lookup, struct capmsg_place *place)
	__acquires(RCU)
{
	int ret;

	for (;;) {
		rcu_read_lock();
		ret = capmsg_walk_rcu(view->root, address, lookup, place);
		if (likely(ret != CAPMSG_SHUT))
			return ret;
		ret = wait_outside(place->cap.revoker, &view->until);
		if (ret)
			break;
		cond_resched();
	}
	rcu_read_lock();
	return ret;
}

/* log2 of the slots of the cappage that a capability names, or 0. */
static u32 table_bits_rcu(const struct capmsg_cap *cap)
{
	struct capmsg_body *body = rcu_dereference(cap->object->body);

	if (!body || cap->object->type != CAPMSG_TYPE_CAPPAGE)
		return 0;
	return capmsg_cappage_of(body)->bits;
}

/* What a fetch makes of the capability that it has found. */
static int fetch_mint_rcu(struct capmsg_place *place,
			  const struct capmsg_mint *mint)
{
	if (!(place->rights & CAPMSG_RIGHT_READ))
		return -EACCES;
	if (place->cap.object->type == CAPMSG_TYPE_REPLY)
		return -EINVAL;
	if (!mint)
		return 0;
	return capmsg_cap_mint(&place->cap, mint, table_bits_rcu(&place->cap));
}

/**
 * capmsg_fetch() - copy a capability out of its slot
 * @view: the caller's space
 * @address: address of the capability (object lookup)
 * @mint: how the copy differs, or NULL
 * @cap: the result, weakened by the path; owns a reference
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

	ret = capmsg_walk(view, address, CAPMSG_LOOKUP_OBJECT, &place);
	if (!ret)
		ret = fetch_mint_rcu(&place, mint);
	if (!ret && !capmsg_cap_tryown(&place.cap))
		ret = -ENOENT;
	rcu_read_unlock();
	if (!ret)
		*cap = place.cap;
	return ret == -ESTALE ? -ENOENT : ret;
}

/**
 * capmsg_keep() - keep a capability in order to invoke it later
 * @view: the caller's space
 * @address: address of the capability (object lookup)
 * @cap: the result, weakened by the path; owns a reference, to be dropped by
 *	capmsg_cap_forget(). Whoever keeps it hands it out to nobody: that
 *	would need READ where it is
 *
 * Context: As capmsg_fetch().
 * Return: 0; -ENOENT.
 */
int capmsg_keep(const struct capmsg_view *view, u64 address,
		struct capmsg_cap *cap)
{
	struct capmsg_place place;
	int ret;

	ret = capmsg_walk(view, address, CAPMSG_LOOKUP_OBJECT, &place);
	if (!ret && !capmsg_cap_tryget(&place.cap))
		ret = -ENOENT;
	rcu_read_unlock();
	if (!ret)
		*cap = place.cap;
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
	struct capmsg_place place;
	int ret;

	ret = capmsg_walk(view, address, CAPMSG_LOOKUP_OBJECT, &place);
	if (ret)
		goto out_unlock;
	ret = -EACCES;
	if ((place.cap.rights & rights) != rights)
		goto out_unlock;
	ret = -ENOENT;
	found->body = rcu_dereference(place.cap.object->body);
	if (!found->body)
		goto out_unlock;
	if (place.cap.revoker && !capmsg_object_tryget(place.cap.revoker))
		goto out_unlock;
	found->cap = place.cap;
	if (capmsg_body_tryget(found->body))
		ret = 0;
	else if (place.cap.revoker)
		capmsg_object_put(place.cap.revoker);
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
	int ret;

	ret = capmsg_walk(view, address, CAPMSG_LOOKUP_SLOT, &place);
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
