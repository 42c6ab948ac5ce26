// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks. A walk that meets a closed revoker ends: whoever walks waits there,
 * without any lock or reference but that to the revoker, and begins again. The same
 * for a virtual cappage: whoever walks asks its handler, remembers the answer, and
 * begins again.
 */
#include <linux/nospec.h>

#include "virtual.h"
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

/* At the slot of a cappage, which is named through @through. */
static __always_inline void place_at(struct capmsg_place *place,
				     struct capmsg_cappage *table,
				     struct capmsg_object *through, u32 index,
				     u32 end, struct capmsg_cap *cap)
{
	place->table = table;
	place->through = through;
	place->index = array_index_nospec(index, 1U << table->bits);
	place->end = end;
	capmsg_slot_read_rcu(table, place->index, cap);
}

/* The slot of a real cappage that a handler has named. */
static int place_at_slot(struct capmsg_place *place,
			 const struct capmsg_memory *memory,
			 struct capmsg_object *through, struct capmsg_cap *cap)
{
	const struct capmsg_cap *named = &memory->cap;
	struct capmsg_cappage *table;
	struct capmsg_body *body;
	u32 index;

	body = named->object ? rcu_dereference(named->object->body) : NULL;
	if (!body)
		return -ENOENT;
	table = capmsg_cappage_of(body);
	index = ((u32)named->subpage << (table->bits - named->subpage_bits)) +
		memory->slot;
	place->rights &= named->rights | CAPMSG_RIGHT_WEAK;
	place->rights |= named->rights & CAPMSG_RIGHT_WEAK;
	place_at(place, table, through, index, index + memory->n_slots, cap);
	return 0;
}

/*
 * Go through the virtual cappage that @from names, as its handler has answered
 * before; @cap may be @from.
 */
static noinline int walk_virtual(const struct capmsg_view *view,
				 struct capmsg_body *body,
				 const struct capmsg_cap *from, struct rest *rest,
				 struct capmsg_cap *cap,
				 struct capmsg_place *place)
{
	const struct capmsg_memo_key key = {
		.cap	= from,
		.bits	= rest->bits,
		.left	= rest->left,
		.slot	= place->wanted == CAPMSG_LOOKUP_SLOT,
		.keeper	= place->keeper,
	};
	struct capmsg_object *through = from->revoker;
	struct capmsg_memory memory __uninitialized;

	if (!capmsg_is_virtual_table(from->object))
		return -ENOENT;
	if (!capmsg_virtual_recall_rcu(capmsg_virtual_of(body), &key, &memory) &&
	    (!view->asker || !view->asker->memo ||
	     !capmsg_memo_find(view->asker->memo, &key, &memory))) {
		place->bits = rest->bits;
		place->left = rest->left;
		*cap = *from;
		return CAPMSG_ASK;
	}
	rest_take(rest, memory.taken);
	place->rights = from->rights;
	place->kept = false;
	if (memory.result == CAPMSG_RESULT_SLOT)
		return place_at_slot(place, &memory, through, cap);
	place->table = NULL;
	*cap = memory.cap;
	return 0;
}

static __always_inline int walk_table(struct capmsg_body *body,
				      const struct capmsg_cap *from,
				      struct rest *rest, struct capmsg_cap *cap,
				      struct capmsg_place *place)
{
	struct capmsg_cappage *table = capmsg_cappage_of(body);
	u32 bits = table->bits - from->subpage_bits;
	u32 base = (u32)from->subpage << bits;

	if (rest->left < bits)
		return -ENOENT;
	place->rights = from->rights;
	place->kept = table->kept;
	place_at(place, table, from->revoker, base + rest_take(rest, bits),
		 base + (1U << bits), cap);
	return 0;
}

/* Go through the cappage that @from names, to one of its slots; @cap may be @from. */
static __always_inline int walk_hop(const struct capmsg_view *view,
				    const struct capmsg_cap *from,
				    struct rest *rest, struct capmsg_cap *cap,
				    struct capmsg_place *place)
{
	struct capmsg_body *body;
	int ret;

	body = rcu_dereference(from->object->body);
	if (!body)
		return -ENOENT;
	ret = capmsg_gate_check(from->revoker);
	if (ret) {
		/* What is closed is what is to be waited for. */
		*cap = *from;
		return ret;
	}
	if (likely(from->object->type == CAPMSG_TYPE_CAPPAGE))
		ret = walk_table(body, from, rest, cap, place);
	else
		ret = walk_virtual(view, body, from, rest, cap, place);
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
 * instead of the table, with no more rights than that was held with. What a
 * handler has named is asked no keeper: so this cannot go round in a circle.
 */
static noinline int walk_keeper(const struct capmsg_view *view, struct rest *rest,
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
				       struct rest *rest,
				       enum capmsg_lookup lookup)
{
	if (lookup != CAPMSG_LOOKUP_OBJECT && lookup != CAPMSG_LOOKUP_INVOKE &&
	    !rest->left)
		return 1;
	/* What reads as void has no guard. Hops and object lookups see to that later. */
	if (!cap->object || !rest_match_guard(rest, cap) ||
	    (lookup == CAPMSG_LOOKUP_SLOT && capmsg_cap_void_rcu(cap)))
		return -ENOENT;
	return !rest->left;
}

/* Is it of use to know what stands in? Or does the command fail anyway? */
static bool worth_asking(const struct capmsg_view *view,
			 const struct capmsg_cap *cap,
			 const struct capmsg_place *place)
{
	enum capmsg_type kind = cap->object->kind;

	if (place->type != CAPMSG_TYPE_VOID && kind != place->type)
		return false;
	if ((cap->rights & place->need) != place->need)
		return false;
	switch (view->command) {
	case CAPMSG_CMD_DESTROY:
		return true;
	case CAPMSG_CMD_SIGNAL:
		return view->argument || cap->flags & CAPMSG_CAP_BADGED;
	default:
		/* A cappage is looked at slot by slot. */
		return kind != CAPMSG_TYPE_CAPPAGE;
	}
}

/* A virtual object is invoked. */
static noinline int walk_stand_in(const struct capmsg_view *view,
				  struct capmsg_cap *cap,
				  struct capmsg_place *place)
{
	struct capmsg_memo *memo = view->asker ? view->asker->memo : NULL;
	int ret = capmsg_gate_check(cap->revoker);

	if (ret || !worth_asking(view, cap, place))
		return ret;
	/* The end of what is played is told, whatever may be remembered of it. */
	ret = capmsg_stand_in_rcu(cap, memo,
				  view->command != CAPMSG_CMD_DESTROY &&
				  view->command != CAPMSG_CMD_REVOKE &&
				  view->command != CAPMSG_CMD_UNREGISTER);
	if (ret)
		return ret;
	place->body = rcu_dereference(cap->object->body);
	return place->body ? capmsg_gate_check(cap->revoker) : -ENOENT;
}

/* The address ends here. */
static __always_inline int walk_end(const struct capmsg_view *view,
				    struct capmsg_cap *cap,
				    enum capmsg_lookup lookup,
				    struct capmsg_place *place)
{
	if (lookup != CAPMSG_LOOKUP_OBJECT && lookup != CAPMSG_LOOKUP_INVOKE)
		return 0;
	place->body = capmsg_cap_body_rcu(cap);
	if (lookup == CAPMSG_LOOKUP_INVOKE && place->body &&
	    unlikely(cap->object->type == CAPMSG_TYPE_VIRTUAL))
		return walk_stand_in(view, cap, place);
	if (likely(place->body))
		return capmsg_gate_check(cap->revoker);
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
	struct rest rest = { .bits = address }, here, before;
	const struct capmsg_cap *from = view->root;
	int ret;

	if (!address)
		return -ENOENT;
	rest.left = 63 - __ffs64(address);
	place->wanted = lookup;
	place->keeper = false;
	before = rest;
	for (;;) {
		ret = walk_arrive(from, &rest, lookup);
		if (ret > 0) {
			/* The root itself has no address. */
			if (from != cap)
				return -ENOENT;
			place->bits = 0;
			place->left = 0;
			ret = walk_end(view, cap, lookup, place);
			if (!ret)
				return 0;
		} else if (!ret) {
			here = rest;
			ret = walk_hop(view, from, &rest, cap, place);
			if (likely(!ret)) {
				before = here;
				from = cap;
				continue;
			}
		}
		if (ret != -ENOENT || from != cap)
			return ret;
		rest = before;
		ret = walk_keeper(view, &rest, cap, place);
		if (ret)
			return ret;
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
 * capmsg_ask_check()), so there are at most 63 hops.
 *
 * Context: RCU read section. Takes no lock and writes nothing shared, unless
 * it finds a tombstone: that is cleared; or was behind a virtual cappage.
 * Return: 0, or -ENOENT if the address leads nowhere. An object lookup also
 * gives -ENOENT for what reads as void, and -ESTALE if that is a reply right
 * whose call is over. CAPMSG_SHUT if the revoker of @cap, which is to be used, is
 * closed. CAPMSG_ASK if the handler of @cap is to be asked.
 */
int capmsg_walk_rcu(const struct capmsg_view *view, u64 address,
		    enum capmsg_lookup lookup, struct capmsg_cap *cap,
		    struct capmsg_place *place)
{
	return walk(view, address, lookup, cap, place);
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
 * capmsg_found_rcu() - keep what a walk has found
 * @cap: what names it
 * @body: its body
 * @found: gets references to the body and to the revoker
 *
 * Context: RCU read section of the walk.
 * Return: false if it is gone already.
 */
bool capmsg_found_rcu(const struct capmsg_cap *cap, struct capmsg_body *body,
		      struct capmsg_found *found)
{
	if (cap->revoker && !capmsg_object_tryget(cap->revoker))
		return false;
	found->body = body;
	if (capmsg_body_tryget(body))
		return true;
	if (cap->revoker)
		capmsg_object_put(cap->revoker);
	return false;
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
	struct capmsg_question question = {
		.found.cap	= *cap,
		.bits		= place->bits,
		.left		= place->left,
		.command	= view->command,
		.argument	= place->left ? 0 : view->argument,
		.slot		= lookup == CAPMSG_LOOKUP_SLOT,
		.keeper		= place->keeper,
	};
	struct capmsg_asker *asker = view->asker;
	struct capmsg_body *body;
	bool found;
	int ret = -EDEADLK;

	body = rcu_dereference(cap->object->body);
	found = body && capmsg_found_rcu(cap, body, &question.found);
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
	bool first = true;
	int ret = why;

	do {
		if (ret == CAPMSG_ASK) {
			ret = ask_outside(view, cap, place, lookup, first);
			first = false;
		} else {
			ret = wait_outside(cap->revoker, &view->until);
		}
		cond_resched();
		rcu_read_lock();
		if (!ret)
			ret = capmsg_walk_rcu(view, address, lookup, cap, place);
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

/**
 * capmsg_walk_object() - capmsg_walk() of CAPMSG_LOOKUP_OBJECT
 * @view: as of capmsg_walk()
 * @address: the same
 * @cap: the same
 * @place: the same
 *
 * Context: As capmsg_walk().
 * Return: As capmsg_walk().
 */
int capmsg_walk_object(const struct capmsg_view *view, u64 address,
		       struct capmsg_cap *cap, struct capmsg_place *place)
	__acquires(RCU)
{
	int ret;

	rcu_read_lock();
	ret = walk(view, address, CAPMSG_LOOKUP_OBJECT, cap, place);
	return likely(ret != CAPMSG_SHUT && ret != CAPMSG_ASK) ? ret :
	       walk_on(view, address, CAPMSG_LOOKUP_OBJECT, cap, place, ret);
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
	int ret;

	place->type = type;
	place->need = rights;
	rcu_read_lock();
	ret = walk(view, address, CAPMSG_LOOKUP_INVOKE, cap, place);
	if (unlikely(ret == CAPMSG_SHUT || ret == CAPMSG_ASK))
		ret = walk_on(view, address, CAPMSG_LOOKUP_INVOKE, cap, place,
			      ret);
	if (ret)
		return ret;
	if (type != CAPMSG_TYPE_VOID && cap->object->kind != type)
		return -EINVAL;
	if ((cap->rights & rights) != rights)
		return -EACCES;
	/* What was not worth asking about cannot be invoked. */
	return type != CAPMSG_TYPE_VOID && cap->object->type != type ? -EINVAL :
								      0;
}
