// SPDX-License-Identifier: GPL-2.0-only
/* The model: from an address to a capability or a slot. */
#include "world.h"

struct rest {
	__u64 bits;
	unsigned int left;
};

static __u64 take(struct rest *rest, unsigned int n)
{
	__u64 taken = n ? rest->bits >> (64 - n) : 0;

	rest->bits = n ? rest->bits << n : rest->bits;
	rest->left -= n;
	return taken;
}

void cap_weaken(const struct world *w, struct cap *cap)
{
	cap->rights &= ~(RIGHTS_WEAKENED & ~(w->lie == LIE_WEAK_KEEPS_SEND ?
					     CAPMSG_RIGHT_SEND : 0));
	cap->rights |= CAPMSG_RIGHT_WEAK;
}

/* Is the guard of this capability next in the address? Takes it from there. */
static bool match_guard(struct rest *rest, const struct cap *cap)
{
	return cap->guard_bits <= rest->left && take(rest, cap->guard_bits) == cap->guard;
}

/* Through the cappage that place->cap names, to one of its slots. */
static int hop(const struct world *w, struct rest *rest, struct place *place)
{
	struct cap through = place->cap;
	const struct table *table = &w->tables[through.index];
	unsigned int bits;

	if (through.type != CAPMSG_TYPE_CAPPAGE)
		return -ENOENT;
	bits = table->bits - through.subpage_bits;
	if (bits > rest->left)
		return -ENOENT;
	place->table = through.index;
	place->index = through.subpage << bits;
	place->end = place->index + (1 << bits);
	place->index += take(rest, bits);
	place->rights = through.rights;
	place->cap = table->slots[place->index].cap;
	if (through.rights & CAPMSG_RIGHT_WEAK) {
		place->rights &= ~CAPMSG_RIGHT_WRITE;
		cap_weaken(w, &place->cap);
	}
	return 0;
}

static int walk(const struct world *w, __u8 space, __u64 address, bool slot,
		struct place *place)
{
	struct rest rest = { .bits = address };
	int ret;

	if (!address || !w->spaces[space].ready)
		return -ENOENT;
	rest.left = 63 - __builtin_ctzll(address);
	*place = (struct place){ .table = NOBODY };
	place->cap = (struct cap){ .type = CAPMSG_TYPE_CAPPAGE,
		.index = w->spaces[space].root,
		.rights = CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE };
	for (;;) {
		if (slot && !rest.left)
			break;
		if (!rest.left && place->cap.stale)
			break;
		if (!place->cap.type || !match_guard(&rest, &place->cap))
			return -ENOENT;
		if (!rest.left)
			break;
		ret = hop(w, &rest, place);
		if (ret)
			return ret;
	}
	return place->table == NOBODY ? -ENOENT : 0;
}

/* -ESTALE: a reply right was there, and its call is over. */
int walk_object(const struct world *w, __u8 space, __u64 address, struct place *place)
{
	int ret = walk(w, space, address, false, place);

	if (!ret && place->cap.stale)
		return -ESTALE;
	return ret;
}

int walk_slot(const struct world *w, __u8 space, __u64 address, __u32 rights,
	      struct place *place)
{
	int ret = walk(w, space, address, true, place);

	if (!ret && (place->rights & rights) != rights)
		return -EACCES;
	return ret;
}

int walk_fetch(const struct world *w, __u8 space, __u64 address, struct cap *cap)
{
	struct place place;
	int ret = walk_object(w, space, address, &place);

	if (ret)
		return -ENOENT;
	if (!(place.rights & CAPMSG_RIGHT_READ))
		return -EACCES;
	*cap = place.cap;
	return 0;
}

int walk_copy(const struct world *w, __u8 space, __u64 address, struct cap *cap)
{
	int ret = walk_fetch(w, space, address, cap);

	return !ret && cap->type == CAPMSG_TYPE_REPLY ? -EINVAL : ret;
}

int walk_type(const struct world *w, __u8 space, __u64 address, __u8 type, __u32 rights,
	      struct cap *cap)
{
	struct place place;
	int ret = walk_object(w, space, address, &place);

	if (ret)
		return -ENOENT;
	if (place.cap.type != type)
		return -EINVAL;
	if ((place.cap.rights & rights) != rights)
		return -EACCES;
	*cap = place.cap;
	return 0;
}

struct slot *place_slot(struct world *w, const struct place *place)
{
	return &w->tables[place->table].slots[place->index];
}

int slot_check(const struct slot *slot)
{
	if (slot->reserved)
		return -EBUSY;
	return slot->cap.type ? -EEXIST : 0;
}

int slot_store(struct world *w, const struct place *place, const struct cap *cap)
{
	struct slot *slot = place_slot(w, place);
	int ret;

	if (!w->tables[place->table].alive)
		return -ENOENT;
	ret = slot_check(slot);
	if (!ret)
		slot->cap = *cap;
	return ret;
}
