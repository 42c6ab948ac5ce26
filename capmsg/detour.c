// SPDX-License-Identifier: GPL-2.0-only
/*
 * What handlers have answered, as a part of a walk. Where there is no answer the walk
 * ends, in order to ask.
 */
#include "detour.h"
#include "virtual.h"

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
	place->kept = table->kept;
	capmsg_place_at(place, table, through, index, index + memory->n_slots, cap);
	return 0;
}

/**
 * capmsg_detour_index() - go through a virtual cappage, as its handler has answered
 * @view: as of the walk
 * @body: of the virtual object
 * @from: the capability to it
 * @rest: the rest of the address; what the answer takes is taken
 * @cap: what is there; may be @from
 * @place: where that is
 *
 * Context: RCU read section of the walk.
 * Return: 0; -ENOENT; CAPMSG_ASK if there is no answer yet.
 */
int capmsg_detour_index(const struct capmsg_view *view,
			struct capmsg_body *body, const struct capmsg_cap *from,
			struct capmsg_rest *rest, struct capmsg_cap *cap,
			struct capmsg_place *place)
{
	const struct capmsg_memo_key key = {
		.cap	= from,
		.bits	= rest->bits,
		.left	= rest->left,
		.slot	= place->wanted == CAPMSG_LOOKUP_SLOT,
		.keeper	= place->keeper,
	};
	struct capmsg_object *through = capmsg_through_virtual(from);
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
	capmsg_rest_take(rest, memory.taken);
	place->rights = from->rights;
	place->kept = false;
	if (memory.result == CAPMSG_RESULT_SLOT)
		return place_at_slot(place, &memory, through, cap);
	place->table = NULL;
	*cap = memory.cap;
	return 0;
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
		/* The badge is in place of the bits. */
		return !view->argument == !!(cap->flags & CAPMSG_CAP_BADGED);
	case CAPMSG_CMD_STAT:
		/* A cappage is looked at slot by slot. */
		return kind != CAPMSG_TYPE_CAPPAGE &&
		       place->rights & CAPMSG_RIGHT_READ;
	default:
		return kind != CAPMSG_TYPE_CAPPAGE;
	}
}

/**
 * capmsg_detour_invoke() - find what stands in for a virtual object
 * @view: as of the walk
 * @cap: the capability to it, the way of which is open; then to what stands in, if
 *	it is worth asking
 * @place: as of the walk; its body is that of what stands in
 *
 * Context: RCU read section of the walk.
 * Return: 0; -ENOENT; -ELOOP; CAPMSG_SHUT; CAPMSG_ASK if there is no answer yet.
 */
int capmsg_detour_invoke(const struct capmsg_view *view, struct capmsg_cap *cap,
			 struct capmsg_place *place)
{
	struct capmsg_memo *memo = view->asker ? view->asker->memo : NULL;
	int ret;

	if (!worth_asking(view, cap, place))
		return 0;
	place->played = cap->object;
	place->wanted = CAPMSG_LOOKUP_INVOKE;
	place->bits = 0;
	place->left = 0;
	/* The end of what is played is told, whatever may be remembered of it. */
	ret = capmsg_stand_in_rcu(cap, memo,
				  view->command != CAPMSG_CMD_DESTROY &&
				  view->command != CAPMSG_CMD_REVOKE &&
				  view->command != CAPMSG_CMD_UNREGISTER);
	/* A virtual object stands in: what goes for the first goes for that, too. */
	if (ret == CAPMSG_ASK && !worth_asking(view, cap, place))
		return 0;
	if (ret)
		return ret;
	/* Whoever waits there must be able to join all of them. */
	if (capmsg_gate_count_rcu(cap->revoker) > CAPMSG_GATES_MAX)
		return -ELOOP;
	place->body = rcu_dereference(cap->object->body);
	return place->body ? capmsg_gate_check(cap->revoker) : -ENOENT;
}
