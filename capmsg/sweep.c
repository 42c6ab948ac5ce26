// SPDX-License-Identifier: GPL-2.0-only
/*
 * Going once round everything that may name a tombstone, see "DOC: Sweeping".
 */
#include <linux/minmax.h>
#include <linux/sched/signal.h>

#include "export.h"
#include "sweep.h"

/* Tombstones that a user may have: whichever quota is full first. */
static long tombstones_max(void)
{
	unsigned long objects = READ_ONCE(capmsg_max_objects);
	unsigned long bytes = READ_ONCE(capmsg_max_bytes);

	return min3(objects, bytes / sizeof(struct capmsg_object),
		    (unsigned long)LONG_MAX);
}

/* Those that were there after the last sweep, and are there still. */
static long tombstones_kept(struct capmsg_user *user, long tombstones)
{
	if (READ_ONCE(user->kept) > tombstones)
		WRITE_ONCE(user->kept, tombstones);
	return READ_ONCE(user->kept);
}

static bool level_due(struct capmsg_user *user)
{
	long tombstones = atomic_long_read(&user->tombstones);
	long kept = tombstones_kept(user, tombstones);
	long left = max(tombstones_max() - kept, 0L);

	return tombstones - kept > left / 4;
}

static void sweep_account(struct capmsg_account *account)
{
	unsigned long n = READ_ONCE(account->n_owned);
	struct capmsg_body *body;

	for (; n && !fatal_signal_pending(current); n--) {
		body = capmsg_body_next(account);
		if (body) {
			body->ops->sweep(body);
			capmsg_body_put(body);
		}
		cond_resched();
	}
}

static void sweep(struct capmsg_user *user)
{
	unsigned long n = capmsg_accounts_count();
	struct capmsg_account *account;

	for (; n && !fatal_signal_pending(current); n--) {
		account = capmsg_account_next();
		if (account) {
			sweep_account(account);
			capmsg_account_put(account);
		}
		cond_resched();
	}
	capmsg_exports_sweep();
	if (fatal_signal_pending(current))
		return;
	for (; user; user = user->parent)
		WRITE_ONCE(user->kept, atomic_long_read(&user->tombstones));
}

/**
 * capmsg_sweep_if_due() - sweep if there are many tombstones
 * @user: who is going to be charged for something
 *
 * Context: Process context, no locks held; may sleep. Ends early for a fatal
 * signal.
 */
void capmsg_sweep_if_due(struct capmsg_user *user)
{
	struct capmsg_user *u;

	for (u = user; u; u = u->parent) {
		if (level_due(u)) {
			sweep(user);
			return;
		}
	}
}

/**
 * capmsg_sweep_for_quota() - sweep because a quota was exceeded
 * @user: who was to be charged for something
 *
 * Context: Process context, no locks held; may sleep. Ends early for a fatal
 * signal.
 * Return: true if that was worth it: @user may be charged again.
 */
bool capmsg_sweep_for_quota(struct capmsg_user *user)
{
	struct capmsg_user *u;

	for (u = user; u; u = u->parent) {
		if (atomic_long_read(&u->tombstones)) {
			sweep(user);
			return !fatal_signal_pending(current);
		}
	}
	return false;
}
