// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks. A walk that meets a closed revoker ends: whoever walks waits there, without
 * any lock or reference but that to the revoker, and begins again. The same for a
 * virtual cappage: whoever walks asks its handler, remembers the answer, begins again.
 */
#include "detour.h"
#include "virtual.h"
#include "walk.h"

static bool rest_match_guard(struct capmsg_rest *rest, const struct capmsg_cap *cap)
{
	if (likely(!cap->guard_bits))
		return true;
	return rest->left >= cap->guard_bits &&
	       capmsg_rest_take(rest, cap->guard_bits) == cap->guard;
}

static __always_inline int walk_table(struct capmsg_body *body,
				      const struct capmsg_cap *from,
				      struct capmsg_rest *rest, struct capmsg_cap *cap,
				      struct capmsg_place *place)
{
	struct capmsg_cappage *table = capmsg_cappage_of(body);
	u32 bits = table->bits - from->subpage_bits;
	u32 base = (u32)from->subpage << bits;

	if (rest->left < bits)
		return -ENOENT;
	place->rights = from->rights;
	place->kept = table->kept;
	capmsg_place_at(place, table, from->revoker,
			base + capmsg_rest_take(rest, bits),
			base + (1U << bits), cap);
	return 0;
}

/* Go through the cappage that @from names, to one of its slots; @cap may be @from. */
static __always_inline int walk_hop(const struct capmsg_view *view,
				    const struct capmsg_cap *from,
				    struct capmsg_rest *rest, struct capmsg_cap *cap,
				    struct capmsg_place *place)
{
	struct capmsg_body *body;
	int ret;

	body = rcu_dereference(from->object->body);
	if (!body)
		return -ENOENT;
	ret = capmsg_gate_check_rcu(from->revoker);
	if (ret) {
		/* What is closed is what is to be waited for. */
		*cap = *from;
		return ret;
	}
	if (likely(from->object->type == CAPMSG_TYPE_CAPPAGE))
		ret = walk_table(body, from, rest, cap, place);
	else
		ret = capmsg_detour_index(view, body, from, rest, cap, place);
	if (ret)
		return ret;
	if (place->rights & CAPMSG_RIGHT_WEAK) {
		place->rights &= ~CAPMSG_RIGHT_WRITE;
		capmsg_cap_weaken(cap);
	}
	return 0;
}

/*
 * The walk has met what reads as void, in a table. If that has a keeper, take it
 * instead, with no more rights than the table was held with, from that slot on: its
 * number in the whole table, however it was come to. What handlers say may lead in a circle.
 */
static noinline int walk_keeper(const struct capmsg_view *view, struct capmsg_rest *rest,
				struct capmsg_cap *cap,
				struct capmsg_place *place)
{
	struct capmsg_cap keeper;
	int ret;

	if (!place->kept || !capmsg_cap_void_rcu(cap))
		return -ENOENT;
	capmsg_keeper_read_rcu(place->table, &keeper);
	if (capmsg_cap_void_rcu(&keeper))
		return -ENOENT;
	if (place->keepers++ == CAPMSG_UPCALLS_MAX)
		return -ELOOP;
	if (!capmsg_rest_put(rest, place->index, place->table->bits))
		return -ENOENT;
	keeper.rights &= place->rights | CAPMSG_RIGHT_WEAK;
	keeper.rights |= place->rights & CAPMSG_RIGHT_WEAK;
	*cap = keeper;
	place->keeper = true;
	ret = walk_hop(view, cap, rest, cap, place);
	if (!ret)
		place->keeper = false;
	return ret;
}

/* Match the guard of what is there. Returns 1 if the address ends here. */
static __always_inline int walk_arrive(const struct capmsg_cap *cap,
				       struct capmsg_rest *rest,
				       enum capmsg_lookup lookup)
{
	if (lookup != CAPMSG_LOOKUP_OBJECT && !rest->left)
		return 1;
	/* What reads as void has no guard. Hops and object lookups see to that later. */
	if (!cap->object || !rest_match_guard(rest, cap) ||
	    (lookup == CAPMSG_LOOKUP_SLOT && capmsg_cap_void_rcu(cap)))
		return -ENOENT;
	return !rest->left;
}

/* The address ends here. */
static __always_inline int walk_end(const struct capmsg_cap *cap,
				    enum capmsg_lookup lookup,
				    struct capmsg_place *place)
{
	if (lookup != CAPMSG_LOOKUP_OBJECT)
		return 0;
	place->body = capmsg_cap_body_rcu(cap);
	if (likely(place->body))
		return capmsg_gate_check_rcu(cap->revoker);
	if (cap->object->type == CAPMSG_TYPE_REPLY)
		return -ESTALE;
	if (place->table)
		capmsg_slot_expire(place->table, place->index);
	return -ENOENT;
}

/* capmsg_walk_rcu(). Inline, as nearly every command begins with it. */
static __always_inline int walk(const struct capmsg_view *view, u64 address,
				enum capmsg_lookup lookup,
				struct capmsg_cap *cap,
				struct capmsg_place *place)
{
	struct capmsg_rest rest = { .bits = address }, whole;
	const struct capmsg_cap *from = view->root;
	u32 left;
	int ret;

	if (!address)
		return -ENOENT;
	rest.left = 63 - __ffs64(address);
	place->wanted = lookup;
	place->keeper = false;
	place->keepers = 0;
	whole = rest;
	left = rest.left;
	for (;;) {
		ret = walk_arrive(from, &rest, lookup);
		if (ret > 0) {
			/* The root itself has no address. */
			if (from != cap)
				return -ENOENT;
			ret = walk_end(cap, lookup, place);
			if (!ret)
				return 0;
		} else if (!ret) {
			ret = walk_hop(view, from, &rest, cap, place);
			if (likely(!ret)) {
				left = rest.left;
				from = cap;
				continue;
			}
		}
		if (ret != -ENOENT || from != cap)
			return ret;
		/* As it was behind the last hop. */
		whole.bits <<= whole.left - left;
		whole.left = left;
		ret = walk_keeper(view, &whole, cap, place);
		if (ret)
			return ret;
		rest = whole;
		left = rest.left;
	}
}

/**
 * capmsg_walk_rcu() - resolve an address
 * @view: where to begin, and what handlers have answered
 * @address: the address
 * @lookup: what it is to name
 * @cap: what is there on success, weakened by the path; owns no reference
 * @place: where it is
 *
 * Every hop consumes at least one bit (capmsg_cap_mint() sees to that, and
 * capmsg_ask_check()) of 63, and of a slot's number for each of CAPMSG_UPCALLS_MAX keepers.
 *
 * Context: RCU read section. Takes no lock and writes nothing shared, unless
 * it finds a tombstone: that is cleared; or was behind a virtual cappage.
 * Return: 0; -ENOENT if the address leads nowhere; -ELOOP if it leads by too many
 * keepers. An object lookup also gives -ENOENT for what reads as void, and -ESTALE if
 * that is a reply right whose call is over. CAPMSG_SHUT if the revoker of @cap, which
 * is to be used, is closed. CAPMSG_ASK if the handler of @cap is to be asked.
 */
int capmsg_walk_rcu(const struct capmsg_view *view, u64 address,
		    enum capmsg_lookup lookup, struct capmsg_cap *cap,
		    struct capmsg_place *place)
{
	return walk(view, address, lookup, cap, place);
}

/*
 * Leaves the RCU read section, in which @through was found. To go on to what stands in
 * takes more than to look at what it stands in for.
 */
static int wait_outside(struct capmsg_object *through, bool invoke,
			const struct capmsg_until *until)
	__releases(RCU)
{
	bool found = capmsg_object_tryget(through);
	int ret;

	rcu_read_unlock();
	/* Gone from where it was found: look again. */
	if (!found)
		return 0;
	ret = invoke ? capmsg_gate_wait(through, until) :
		       capmsg_gate_wait_own(through, until);
	capmsg_object_put(through);
	return ret;
}

/*
 * Leaves the RCU read section, in which @cap was found. With the first question of
 * an address the answers of the last one are forgotten.
 */
static noinline int ask_outside(const struct capmsg_view *view,
				const struct capmsg_cap *cap,
				const struct capmsg_place *place,
				enum capmsg_lookup lookup, bool first)
	__releases(RCU)
{
	struct capmsg_question question __uninitialized;
	struct capmsg_asker *asker = view->asker;
	struct capmsg_body *body;
	bool found;
	int ret = -EDEADLK;

	/* But for the place of what was found, of which nothing is asked. */
	question.found.cap = *cap;
	question.bits = place->bits;
	question.left = place->left;
	question.command = view->command;
	question.argument = !place->left && view->command == CAPMSG_CMD_SIGNAL ?
			    view->argument : 0;
	question.slot = lookup == CAPMSG_LOOKUP_SLOT;
	question.keeper = place->keeper;
	body = rcu_dereference(cap->object->body);
	found = body && capmsg_found_keep_rcu(&question.found, body);
	rcu_read_unlock();
	/* Gone meanwhile: look again. */
	if (!found)
		return 0;
	if (asker) {
		if (first && asker->memo)
			capmsg_memo_clear(asker->memo);
		ret = asker->ask(asker, &question, &view->until);
	}
	capmsg_found_put(&question.found);
	return ret;
}

/*
 * The way is closed at @cap, or it is to be asked (@why: CAPMSG_SHUT, CAPMSG_ASK):
 * wait, or ask, and begin again, in another RCU read section.
 */
static noinline int walk_on(const struct capmsg_view *view, u64 address,
			    enum capmsg_lookup lookup, struct capmsg_cap *cap,
			    struct capmsg_place *place, int why)
	__must_hold(RCU)
{
	bool invoke = lookup == CAPMSG_LOOKUP_INVOKE, first = true;
	int ret = why;

	if (invoke)
		lookup = CAPMSG_LOOKUP_OBJECT;
	do {
		if (ret == CAPMSG_ASK) {
			ret = ask_outside(view, cap, place, lookup, first);
			first = false;
		} else {
			ret = wait_outside(cap->revoker,
					   place->wanted == CAPMSG_LOOKUP_INVOKE,
					   &view->until);
		}
		cond_resched();
		rcu_read_lock();
		if (ret)
			break;
		place->played = NULL;
		ret = walk(view, address, lookup, cap, place);
		if (!ret && invoke && cap->object->type == CAPMSG_TYPE_VIRTUAL)
			ret = capmsg_detour_invoke(view, cap, place);
	} while (ret == CAPMSG_SHUT || ret == CAPMSG_ASK);
	return ret;
}

/**
 * capmsg_walk() - resolve an address, and wait where that is needed
 * @view: the caller's space
 * @address: the address
 * @lookup: what it is to name
 * @cap: as of capmsg_walk_rcu()
 * @place: the same
 *
 * Where a revoker is closed this waits until it is open; where a virtual cappage
 * is met it asks the handler. Either way it begins again then.
 *
 * Context: Process context, no locks held; may sleep. Whatever it returns, it
 * returns in an RCU read section, which the caller ends.
 * Return: As capmsg_walk_rcu(), but instead of CAPMSG_SHUT the errors of
 * capmsg_gate_wait(), and instead of CAPMSG_ASK those of capmsg_upcall_ask(), or
 * -EDEADLK where nobody must be asked.
 */
int capmsg_walk(const struct capmsg_view *view, u64 address,
		enum capmsg_lookup lookup, struct capmsg_cap *cap,
		struct capmsg_place *place)
	__acquires(RCU)
{
	int ret;

	rcu_read_lock();
	ret = capmsg_walk_rcu(view, address, lookup, cap, place);
	return likely(ret != CAPMSG_SHUT && ret != CAPMSG_ASK) ? ret :
	       walk_on(view, address, lookup, cap, place, ret);
}

/* capmsg_walk() of an object, inline as well. */
static __always_inline int walk_object(const struct capmsg_view *view,
				       u64 address, struct capmsg_cap *cap,
				       struct capmsg_place *place)
	__acquires(RCU)
{
	int ret;

	rcu_read_lock();
	ret = walk(view, address, CAPMSG_LOOKUP_OBJECT, cap, place);
	return likely(ret != CAPMSG_SHUT && ret != CAPMSG_ASK) ? ret :
	       walk_on(view, address, CAPMSG_LOOKUP_OBJECT, cap, place, ret);
}

/* The walk has ended with @ret, and not at a real object of the right type. */
static noinline int invoke_other(const struct capmsg_view *view, u64 address,
				 struct capmsg_cap *cap,
				 struct capmsg_place *place, int ret)
	__must_hold(RCU)
{
	enum capmsg_type type = place->type;

	if (!ret && cap->object->type == CAPMSG_TYPE_VIRTUAL)
		ret = capmsg_detour_invoke(view, cap, place);
	if (ret == CAPMSG_SHUT || ret == CAPMSG_ASK)
		ret = walk_on(view, address, CAPMSG_LOOKUP_INVOKE, cap, place, ret);
	if (ret)
		return ret;
	if (type != CAPMSG_TYPE_VOID && cap->object->kind != type)
		return -EINVAL;
	if ((cap->rights & place->need) != place->need)
		return -EACCES;
	/* What was not worth asking about cannot be invoked. */
	return type != CAPMSG_TYPE_VOID && cap->object->type != type ? -EINVAL : 0;
}

/* Find what is to be invoked. */
static __always_inline int walk_invoke(const struct capmsg_view *view,
				       u64 address, enum capmsg_type type,
				       u16 rights, struct capmsg_cap *cap,
				       struct capmsg_place *place)
	__acquires(RCU)
{
	int ret;

	rcu_read_lock();
	ret = walk(view, address, CAPMSG_LOOKUP_OBJECT, cap, place);
	if (unlikely(ret || cap->object->type != type)) {
		place->type = type;
		place->need = rights;
		return invoke_other(view, address, cap, place, ret);
	}
	return likely((cap->rights & rights) == rights) ? 0 : -EACCES;
}

/**
 * capmsg_walk_invoke() - capmsg_walk() to an object that is to be invoked
 * @view: as of capmsg_walk()
 * @address: the same
 * @type: of which type it must be; CAPMSG_TYPE_VOID: of any
 * @rights: rights that the capability must have
 * @cap: as of capmsg_walk(). If the object is virtual it names what stands in, and
 *	can do no more than either
 * @place: as of capmsg_walk()
 *
 * Context: As capmsg_walk().
 * Return: As capmsg_walk(); -EINVAL for another type; -EACCES if a right is missing;
 * CAPMSG_DONE if the handler of a virtual object has carried out the command.
 */
int capmsg_walk_invoke(const struct capmsg_view *view, u64 address,
		       enum capmsg_type type, u16 rights,
		       struct capmsg_cap *cap, struct capmsg_place *place)
	__acquires(RCU)
{
	return walk_invoke(view, address, type, rights, cap, place);
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
	return capmsg_cap_mint(cap, mint,
			       capmsg_table_bits(cap, place->body));
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
 * Return: 0; -ENOENT, also instead of -ESTALE; -EACCES without READ where it is;
 * -EINVAL for a reply right, of which there is only one, or a @mint that is no
 * restriction; errors of capmsg_walk().
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

/* Leaves the RCU read section, in which the walk has ended with @ret. */
static __always_inline int keep(struct capmsg_cap *cap, int ret)
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
 * Return: 0; errors of capmsg_walk(), but -ENOENT instead of -ESTALE.
 */
int capmsg_keep(const struct capmsg_view *view, u64 address,
		struct capmsg_cap *cap)
{
	struct capmsg_place place;

	return keep(cap, walk_object(view, address, cap, &place));
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

	return keep(cap, walk_invoke(view, address, type, rights, cap, &place));
}

/**
 * capmsg_find() - find an object itself, be it real or virtual
 * @view: the caller's space
 * @address: address of a capability to it (object lookup)
 * @rights: rights that the capability must have
 * @found: the result; to be put by capmsg_found_put()
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -EACCES if a right is missing; errors of capmsg_walk(), but -ENOENT
 * instead of -ESTALE.
 */
int capmsg_find(const struct capmsg_view *view, u64 address, u16 rights,
		struct capmsg_found *found)
{
	struct capmsg_cap *cap = &found->cap;
	int ret;

	ret = walk_object(view, address, cap, &found->place);
	if (!ret && (cap->rights & rights) != rights)
		ret = -EACCES;
	if (!ret)
		ret = capmsg_found_keep_rcu(found, found->place.body) ? 0 : -ENOENT;
	rcu_read_unlock();
	return ret == -ESTALE ? -ENOENT : ret;
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
 * Return: 0; -EINVAL for another type; -EACCES if a right is missing; CAPMSG_DONE if
 * the handler of a virtual object has carried out the command; errors of
 * capmsg_walk(), -ESTALE for a reply right whose call is over among them.
 */
int capmsg_resolve(const struct capmsg_view *view, u64 address,
		   enum capmsg_type type, u16 rights,
		   struct capmsg_found *found)
{
	struct capmsg_cap *cap = &found->cap;
	int ret;

	ret = walk_invoke(view, address, type, rights, cap, &found->place);
	if (!ret)
		ret = capmsg_found_keep_rcu(found, found->place.body) ? 0 : -ENOENT;
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
 * Return: 0; -ENOENT; -EACCES if a right is missing; errors of capmsg_walk().
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
