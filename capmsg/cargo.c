// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is left of a cargo.
 */
#include "cargo.h"

/**
 * capmsg_cargo_unload() - drop the capabilities that a cargo still holds
 * @cargo: the cargo; not in line
 *
 * Context: Process context, no locks held.
 */
void capmsg_cargo_unload(struct capmsg_cargo *cargo)
{
	struct capmsg_sender *sender = &cargo->sender;
	u32 i, n = cargo->loaded;

	/* A sweep keeps away from here on. */
	spin_lock(&sender->lock);
	WRITE_ONCE(cargo->loaded, 0);
	spin_unlock(&sender->lock);
	/* Of a moved reply right this is a copy: the right is in its slot. */
	if (sender->moved.table)
		capmsg_cap_forget(&cargo->caps[sender->moved_cap]);
	for (i = 0; i < n; i++)
		capmsg_cap_drop(&cargo->caps[i]);
	if (sender->moved.table)
		capmsg_spot_put(&sender->moved);
	sender->moved.table = NULL;
}

/**
 * capmsg_cargo_sweep() - let go of the tombstones that a cargo names
 * @cargo: the cargo; in use or not
 *
 * An operation may be stalled for as long as its caller wants, with names in its
 * hands. What is swept reads as void, as it did before, wherever it is landed.
 *
 * Context: Any; takes the lock of the sender.
 */
void capmsg_cargo_sweep(struct capmsg_cargo *cargo)
{
	u32 i;

	if (!READ_ONCE(cargo->loaded))
		return;
	spin_lock(&cargo->sender.lock);
	/* Pairs with capmsg_cargo_load(). */
	for (i = smp_load_acquire(&cargo->loaded); i--; )
		capmsg_cap_sweep(&cargo->caps[i]);
	spin_unlock(&cargo->sender.lock);
}

/**
 * capmsg_cargo_join() - be told when the way to the destination changes
 * @cargo: the cargo; the destination was named through a revoker
 * @notify: as in struct capmsg_gates; NULL: the calling task is woken
 *
 * To be ended by capmsg_cargo_leave().
 *
 * Context: Process context, no locks held.
 */
void capmsg_cargo_join(struct capmsg_cargo *cargo,
		       void (*notify)(struct capmsg_gates *gates))
{
	cargo->gates.notify = notify;
	capmsg_gates_join(&cargo->gates, cargo->sender.through);
	cargo->sender.gates = &cargo->gates;
}

/**
 * capmsg_cargo_leave() - no longer be told of that, if it was joined
 * @cargo: the cargo; nobody waits for its sender
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_cargo_leave(struct capmsg_cargo *cargo)
{
	if (!cargo->sender.gates)
		return;
	cargo->sender.gates = NULL;
	capmsg_gates_leave(&cargo->gates);
}
