/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Landing slots: where the capabilities of a message will arrive.
 */
#ifndef CAPMSG_LANDING_H
#define CAPMSG_LANDING_H

#include "cappage.h"

/**
 * struct capmsg_landing - slots that a post has reserved
 *
 * Belongs to a post, whose port's lock guards @table; the reservation itself
 * (slots and lien) is under the lock of the table.
 */
struct capmsg_landing {
	/** @reservation: what the slots refer to; under the lock of @table */
	struct capmsg_reservation reservation;
	/** @table: the cappage, with a reference; NULL: no landing slots */
	struct capmsg_cappage *table;
	/** @first: first slot */
	u32 first;
	/** @n: number of slots */
	u32 n;
	/** @armed: the slots are reserved at this moment */
	bool armed;
	/** @lien: tells the post when the table dies */
	struct capmsg_lien lien;
};

int capmsg_landing_set(struct capmsg_landing *landing,
		       struct capmsg_cappage *table, u32 first, u32 n,
		       struct capmsg_object *through,
		       struct capmsg_cappage **old);
int capmsg_landing_arm(struct capmsg_landing *landing);
void capmsg_landing_disarm(struct capmsg_landing *landing);
struct capmsg_cappage *capmsg_landing_drop(struct capmsg_landing *landing);
bool capmsg_landing_ready_locked(struct capmsg_landing *landing);
void capmsg_landing_commit_locked(struct capmsg_landing *landing,
				  struct capmsg_cap *caps, u32 n);

#endif /* CAPMSG_LANDING_H */
