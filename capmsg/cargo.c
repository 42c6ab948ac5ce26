// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is left of a cargo.
 */
#include "cargo.h"

/**
 * capmsg_cargo_drop() - drop the capabilities that a cargo still holds
 * @cargo: the cargo; not in line
 *
 * Context: Process context, no locks held.
 */
void capmsg_cargo_drop(struct capmsg_cargo *cargo)
{
	struct capmsg_sender *sender = &cargo->sender;
	u32 i;

	/* Of a moved reply right this is a copy: the right is in its slot. */
	for (i = 0; i < cargo->loaded; i++)
		capmsg_cap_forget(&cargo->caps[i]);
	WRITE_ONCE(cargo->loaded, 0);
	if (sender->moved.table)
		capmsg_spot_put(&sender->moved);
	sender->moved.table = NULL;
}
