/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a walk meets what a process plays: the part of it that handlers answer.
 */
#ifndef CAPMSG_DETOUR_H
#define CAPMSG_DETOUR_H

#include <linux/nospec.h>

#include "view.h"

/**
 * struct capmsg_rest - what is left of an address while it is walked
 */
struct capmsg_rest {
	/** @bits: the bits, from the top */
	u64 bits;
	/** @left: the number of those bits */
	u32 left;
};

/* Take the next @n bits; at least one. */
static __always_inline u64 capmsg_rest_take(struct capmsg_rest *rest, u32 n)
{
	u64 taken = rest->bits >> (64 - n);

	rest->bits <<= n;
	rest->left -= n;
	return taken;
}

/* Before these bits come these @n; false if there is no room for them. */
static inline bool capmsg_rest_put(struct capmsg_rest *rest, u32 bits, u32 n)
{
	if (rest->left + n > 63)
		return false;
	rest->bits = rest->bits >> n | (u64)bits << (64 - n);
	rest->left += n;
	return true;
}

/* At the slot of a cappage, which is named through @through. */
static __always_inline void
capmsg_place_at(struct capmsg_place *place, struct capmsg_cappage *table,
		struct capmsg_object *through, u32 index, u32 end,
		struct capmsg_cap *cap)
{
	place->table = table;
	place->through = through;
	place->index = array_index_nospec(index, 1U << table->bits);
	place->end = end;
	capmsg_slot_read_rcu(table, place->index, cap);
}

int capmsg_detour_index(const struct capmsg_view *view,
			struct capmsg_body *body, const struct capmsg_cap *from,
			struct capmsg_rest *rest, struct capmsg_cap *cap,
			struct capmsg_place *place);
int capmsg_detour_invoke(const struct capmsg_view *view, struct capmsg_cap *cap,
			 struct capmsg_place *place);

#endif /* CAPMSG_DETOUR_H */
