// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifications. A bit is set and taken under the lock of the body, and waiters
 * enter their queue under it: so none goes to sleep while a bit that it waits for
 * is set. Everybody is told under the lock as well, in the order of the signals.
 */
#include <linux/eventfd.h>
#include <linux/mm.h>

#include "notification.h"

/**
 * struct waiter - a task that waits
 */
struct waiter {
	/** @entry: in the queue of the notification */
	struct wait_queue_entry entry;
	/** @mask: bits that it waits for */
	u64 mask;
};

/* The key is the bits that have come, or NULL: the notification is gone. */
static int waiter_wake(struct wait_queue_entry *entry, unsigned int mode,
		       int flags, void *key)
{
	const struct waiter *waiter = container_of(entry, struct waiter, entry);

	if (key && !((unsigned long)key & waiter->mask))
		return 0;
	return autoremove_wake_function(entry, mode, flags, key);
}

static void notification_kill(struct capmsg_body *body)
{
	struct capmsg_notification *n = capmsg_notification_of(body);

	spin_lock(&body->lock);
	if (n->polled && n->bits)
		capmsg_account_calm(body->account);
	n->bits = 0;
	wake_up_interruptible_all(&n->waiters);
	spin_unlock(&body->lock);
}

static void notification_release(struct capmsg_body *body)
{
	struct capmsg_notification *n = capmsg_notification_of(body);

	if (n->eventfd)
		eventfd_ctx_put(n->eventfd);
}

static void notification_free(struct capmsg_body *body)
{
	kvfree(capmsg_notification_of(body));
}

static const struct capmsg_body_ops notification_ops = {
	.type		= CAPMSG_TYPE_NOTIFICATION,
	.kill		= notification_kill,
	.release	= notification_release,
	.free		= notification_free,
};

/**
 * capmsg_notification_alloc() - create a notification
 * @account: who pays, and whose space's file is readable if it is @polled
 * @eventfd: counts the signals that set bits, or NULL; the reference moves to
 *	the notification on success
 * @polled: the space's file is readable while bits are set
 *
 * An eventfd is held by its context, not by its file, and so keeps no file
 * alive: no cycle can come of it.
 *
 * Context: Process context; may sleep.
 * Return: the notification, its reference owned by the caller until
 * capmsg_body_own(); or ERR_PTR: -EDQUOT, -ENOMEM.
 */
struct capmsg_notification *
capmsg_notification_alloc(struct capmsg_account *account,
			  struct eventfd_ctx *eventfd, bool polled)
{
	struct capmsg_notification *n;

	n = capmsg_body_alloc(&notification_ops, account, sizeof(*n));
	if (IS_ERR(n))
		return n;
	init_waitqueue_head(&n->waiters);
	n->eventfd = eventfd;
	n->polled = polled;
	return n;
}

/* @fresh: bits that are not set yet, at least one. */
static void set_locked(struct capmsg_notification *n, u64 fresh)
{
	lockdep_assert_held(&n->body.lock);
	if (n->polled && !n->bits)
		capmsg_account_stir(n->body.account);
	n->bits |= fresh;
	/* Whoever waits went to sleep under this lock. */
	if (waitqueue_active(&n->waiters))
		__wake_up(&n->waiters, TASK_INTERRUPTIBLE, 0,
			  (void *)(unsigned long)fresh);
	if (n->polled)
		capmsg_account_wake(n->body.account);
}

/**
 * capmsg_notification_signal() - set bits
 * @notification: the notification
 * @bits: bits to be set
 *
 * Bits that are set already wake nobody, and do not count at the eventfd. That is
 * a doorbell: it rings once, however many bits there are, as whoever signals may
 * hold the lock of a port, and strangers may choose the bits. A dead notification
 * stays as it is.
 *
 * Context: Any but interrupts; takes the lock of the notification, which is
 * below those of ports, cappages, regions and watches.
 * Return: false if the notification is dead.
 */
bool capmsg_notification_signal(struct capmsg_notification *notification,
				u64 bits)
{
	bool alive;
	u64 fresh;

	spin_lock(&notification->body.lock);
	alive = !notification->body.dead;
	fresh = bits & ~notification->bits;
	if (alive && fresh) {
		set_locked(notification, fresh);
		if (notification->eventfd)
			capmsg_eventfd_signal(notification->eventfd);
	}
	spin_unlock(&notification->body.lock);
	return alive;
}

static u64 take_locked(struct capmsg_notification *n, u64 mask)
{
	u64 bits = n->bits & mask;

	lockdep_assert_held(&n->body.lock);
	n->bits &= ~bits;
	if (n->polled && bits && !n->bits)
		capmsg_account_calm(n->body.account);
	return bits;
}

/* @gates: joined, if the notification was named through a revoker; else NULL */
static int await(struct capmsg_notification *n, u64 mask,
		 const struct capmsg_until *until, struct capmsg_gates *gates,
		 u64 *bits)
{
	struct waiter waiter = { .mask = mask };
	enum capmsg_gate gate;
	int ret = 0;

	init_wait(&waiter.entry);
	waiter.entry.func = waiter_wake;
	spin_lock(&n->body.lock);
	for (;;) {
		gate = capmsg_gates_look(gates);
		if (n->body.dead || gate == CAPMSG_GATE_GONE) {
			ret = -ENOENT;
			break;
		}
		*bits = gate == CAPMSG_GATE_OPEN ? take_locked(n, mask) : 0;
		if (*bits)
			break;
		ret = capmsg_wait_over(until);
		if (ret)
			break;
		prepare_to_wait(&n->waiters, &waiter.entry, CAPMSG_SLEEP_STATE);
		spin_unlock(&n->body.lock);
		if (!capmsg_gates_changed(gates))
			capmsg_sleep(until->deadline);
		spin_lock(&n->body.lock);
	}
	finish_wait(&n->waiters, &waiter.entry);
	spin_unlock(&n->body.lock);
	return ret;
}

/**
 * capmsg_notification_wait() - wait for bits, and take them
 * @notification: the notification
 * @through: the revoker that it was named through, or NULL; kept by the caller
 * @mask: bits to wait for, at least one
 * @until: for how long
 * @bits: the bits that were taken
 *
 * Context: Process context, no locks held; sleeps.
 * Return: 0; -ENOENT if the notification is dead or revoked; -EAGAIN,
 * -ETIMEDOUT, -ERESTARTSYS.
 */
int capmsg_notification_wait(struct capmsg_notification *notification,
			     const struct capmsg_object *through, u64 mask,
			     const struct capmsg_until *until, u64 *bits)
{
	struct capmsg_gates gates = { };
	int ret;

	if (likely(!through))
		return await(notification, mask, until, NULL, bits);
	capmsg_gates_join(&gates, through);
	ret = await(notification, mask, until, &gates, bits);
	capmsg_gates_leave(&gates);
	return ret;
}

/**
 * capmsg_notification_restore() - put bits back that could not be handed out
 * @notification: the notification
 * @bits: what capmsg_notification_wait() has taken
 *
 * They were set all the time, as far as the eventfd is concerned. But who has
 * looked meanwhile has not seen them, and is woken.
 *
 * Context: As capmsg_notification_signal().
 */
void capmsg_notification_restore(struct capmsg_notification *notification,
				 u64 bits)
{
	spin_lock(&notification->body.lock);
	bits &= ~notification->bits;
	if (bits && !notification->body.dead)
		set_locked(notification, bits);
	spin_unlock(&notification->body.lock);
}

/**
 * capmsg_notification_pending() - look at the bits that are set
 * @notification: the notification
 *
 * Context: As capmsg_notification_signal().
 * Return: the bits; may be old when they arrive.
 */
u64 capmsg_notification_pending(struct capmsg_notification *notification)
{
	u64 bits;

	spin_lock(&notification->body.lock);
	bits = notification->bits;
	spin_unlock(&notification->body.lock);
	return bits;
}
