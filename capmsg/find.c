// SPDX-License-Identifier: GPL-2.0-only
/*
 * What commands look for by address. Whatever is found is kept by references, and
 * the RCU read section of the walk is over.
 */
#include "find.h"
#include "virtual.h"

/* log2 of the slots of the cappage that a capability names, or 0. */
static u32 table_bits(const struct capmsg_cap *cap, struct capmsg_body *body)
{
	if (cap->object->type == CAPMSG_TYPE_CAPPAGE)
		return capmsg_cappage_of(body)->bits;
	if (capmsg_is_virtual_table(cap->object))
		return capmsg_virtual_of(body)->bits;
	return 0;
}

/* What a fetch makes of the capability that it has found. */
static int fetch_mint(struct capmsg_cap *cap, const struct capmsg_place *place,
		      const struct capmsg_mint *mint)
{
	if (!(place->rights & CAPMSG_RIGHT_READ))
		return -EACCES;
	if (cap->object->type == CAPMSG_TYPE_REPLY)
		return -EINVAL;
	if (!mint)
		return 0;
	return capmsg_cap_mint(cap, mint, table_bits(cap, place->body));
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

	ret = capmsg_walk_object(view, address, cap, &place);
	if (!ret)
		ret = fetch_mint(cap, &place, mint);
	if (!ret && !capmsg_cap_tryown(cap))
		ret = -ENOENT;
	rcu_read_unlock();
	if (ret)
		cap->object = NULL;
	return ret == -ESTALE ? -ENOENT : ret;
}

/* Leaves the RCU read section, in which the walk has ended with @ret. */
static int keep(struct capmsg_cap *cap, int ret)
	__releases(RCU)
{
	if (!ret && !capmsg_cap_tryget(cap))
		ret = -ENOENT;
	rcu_read_unlock();
	if (ret)
		cap->object = NULL;
	return ret == -ESTALE ? -ENOENT : ret;
}

/**
 * capmsg_keep() - keep a capability
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

	return keep(cap, capmsg_walk_object(view, address, cap, &place));
}

/**
 * capmsg_keep_invoked() - keep a capability in order to invoke it later
 * @view: the caller's space
 * @address: address of the capability (object lookup)
 * @type: of the object
 * @rights: that the capability must have
 * @cap: as of capmsg_keep(); of what stands in, if the object is virtual
 *
 * Context: As capmsg_resolve().
 * Return: As capmsg_resolve(), but -ENOENT instead of -ESTALE.
 */
int capmsg_keep_invoked(const struct capmsg_view *view, u64 address,
			enum capmsg_type type, u16 rights,
			struct capmsg_cap *cap)
{
	struct capmsg_place place;

	return keep(cap, capmsg_walk_invoke(view, address, type, rights, cap, &place));
}

/**
 * capmsg_find() - find an object itself, be it real or virtual
 * @view: the caller's space
 * @address: address of a capability to it (object lookup)
 * @rights: rights that the capability must have
 * @found: the result; to be put by capmsg_found_put()
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -ENOENT; -ESTALE for a reply right whose call is over; -EACCES
 * if a right is missing; errors of capmsg_walk().
 */
int capmsg_find(const struct capmsg_view *view, u64 address, u16 rights,
		struct capmsg_found *found)
{
	struct capmsg_cap *cap = &found->cap;
	int ret;

	ret = capmsg_walk_object(view, address, cap, &found->place);
	if (!ret && (cap->rights & rights) != rights)
		ret = -EACCES;
	if (!ret)
		ret = capmsg_found_rcu(cap, found->place.body, found) ? 0 : -ENOENT;
	rcu_read_unlock();
	return ret;
}

/**
 * capmsg_resolve() - find an object in order to invoke it
 * @view: the caller's space
 * @address: address of a capability to it (object lookup)
 * @type: of which type it must be; CAPMSG_TYPE_VOID: of any
 * @rights: rights that the capability must have
 * @found: the result; to be put by capmsg_found_put(). If the object is virtual, it
 *	is what stands in, named by a capability that can do no more than either
 *
 * Context: Process context, no locks held; may sleep.
 * Return: As capmsg_find(); -EINVAL for another type; CAPMSG_DONE if the handler of
 * a virtual object has carried out the command.
 */
int capmsg_resolve(const struct capmsg_view *view, u64 address,
		   enum capmsg_type type, u16 rights,
		   struct capmsg_found *found)
{
	struct capmsg_cap *cap = &found->cap;
	int ret;

	ret = capmsg_walk_invoke(view, address, type, rights, cap, &found->place);
	if (!ret)
		ret = capmsg_found_rcu(cap, found->place.body, found) ? 0 : -ENOENT;
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
	/* A handler has said what is there, and not where. */
	if (!ret && !place.table)
		ret = -ENOENT;
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
