/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From addresses to what commands need: a capability, an object, a slot.
 */
#ifndef CAPMSG_FIND_H
#define CAPMSG_FIND_H

#include "walk.h"

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

#endif /* CAPMSG_FIND_H */
