/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk through cappages that turns an address into a capability or a slot.
 * It takes no lock and writes nothing shared; only what it found is referenced.
 */
#ifndef CAPMSG_WALK_H
#define CAPMSG_WALK_H

#include "view.h"

int capmsg_walk_rcu(const struct capmsg_view *view, u64 address,
		    enum capmsg_lookup lookup, struct capmsg_cap *cap,
		    struct capmsg_place *place);
int capmsg_walk(const struct capmsg_view *view, u64 address,
		enum capmsg_lookup lookup, struct capmsg_cap *cap,
		struct capmsg_place *place)
	__acquires(RCU);
int capmsg_walk_invoke(const struct capmsg_view *view, u64 address,
		       enum capmsg_type type, u16 rights,
		       struct capmsg_cap *cap, struct capmsg_place *place)
	__acquires(RCU);
int capmsg_fetch(const struct capmsg_view *view, u64 address,
		 const struct capmsg_mint *mint, struct capmsg_cap *cap);
int capmsg_keep(const struct capmsg_view *view, u64 address,
		struct capmsg_cap *cap);
int capmsg_keep_invoked(const struct capmsg_view *view, u64 address,
			enum capmsg_type type, u16 rights,
			struct capmsg_cap *cap);
int capmsg_find(const struct capmsg_view *view, u64 address, u16 rights,
		struct capmsg_found *found);
int capmsg_resolve(const struct capmsg_view *view, u64 address,
		   enum capmsg_type type, u16 rights,
		   struct capmsg_found *found);
int capmsg_find_slot(const struct capmsg_view *view, u64 address, u16 rights,
		     struct capmsg_spot *spot);

#endif /* CAPMSG_WALK_H */
