// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who waits for whom, see "DOC: Who waits for whom". Nothing here sleeps or
 * allocates.
 */
#include <linux/hashtable.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/uidgid.h>

#include "handler.h"

static DEFINE_SPINLOCK(waits_lock);
static DEFINE_HASHTABLE(waits, 8);
static u64 last_id, last_search;

/*
 * A search that has looked at so many receivers ends, and takes the port for one that
 * is not stuck: all other upcalls wait for its end.
 */
#define SEARCH_MAX	4096

/**
 * capmsg_handler_init() - prepare
 * @handler: zeroed memory
 * @room: how many receivers can declare themselves
 *
 * Context: Any.
 */
void capmsg_handler_init(struct capmsg_handler *handler, u32 room)
{
	INIT_LIST_HEAD(&handler->pending);
	INIT_LIST_HEAD(&handler->next);
	handler->room = room;
}

/**
 * capmsg_handler_drop() - forget the receivers
 * @handler: of a port that is dead, and that nobody uses any more
 *
 * Context: Any.
 */
void capmsg_handler_drop(struct capmsg_handler *handler)
{
	while (handler->n)
		put_pid(handler->receivers[--handler->n]);
}

static bool exited(struct pid *thread)
{
	return !pid_has_task(thread, PIDTYPE_PID);
}

static void take_out_locked(struct capmsg_handler *handler, u32 i)
{
	lockdep_assert_held(&waits_lock);
	put_pid(handler->receivers[i]);
	handler->receivers[i] = handler->receivers[--handler->n];
}

/* Take out those who have exited, and @thread. Returns whether that was there. */
static bool prune_locked(struct capmsg_handler *handler, struct pid *thread)
{
	bool found = false;
	u32 i = 0;

	lockdep_assert_held(&waits_lock);
	while (i < handler->n) {
		if (handler->receivers[i] == thread)
			found = true;
		if (handler->receivers[i] == thread ||
		    exited(handler->receivers[i]))
			take_out_locked(handler, i);
		else
			i++;
	}
	return found;
}

/**
 * capmsg_handler_declare() - the calling thread is one of the receivers
 * @handler: of the port
 *
 * Context: Process context; takes the waits_lock.
 * Return: 0, also if it is known; -EBUSY if there is no room for another one.
 */
int capmsg_handler_declare(struct capmsg_handler *handler)
{
	struct pid *thread = task_pid(current);
	int ret = -EBUSY;

	spin_lock(&waits_lock);
	prune_locked(handler, thread);
	if (handler->n < handler->room) {
		handler->receivers[handler->n++] = get_pid(thread);
		ret = 0;
	}
	spin_unlock(&waits_lock);
	return ret;
}

/**
 * capmsg_handler_withdraw() - the calling thread is no receiver any more
 * @handler: of the port
 *
 * Context: Process context; takes the waits_lock.
 */
void capmsg_handler_withdraw(struct capmsg_handler *handler)
{
	spin_lock(&waits_lock);
	prune_locked(handler, task_pid(current));
	spin_unlock(&waits_lock);
}

static struct capmsg_handler *waits_for_locked(struct pid *thread)
{
	struct capmsg_pending *p;

	lockdep_assert_held(&waits_lock);
	hash_for_each_possible(waits, p, node, (unsigned long)thread) {
		/* Whoever has been answered only waits to run. */
		if (p->thread == thread && !p->over(p))
			return p->handler;
	}
	return NULL;
}

/* Look at a port once in a search. */
static void meet_locked(struct capmsg_handler *handler, struct list_head *met)
{
	if (handler->search == last_search)
		return;
	handler->search = last_search;
	list_add_tail(&handler->next, met);
}

/*
 * Can somebody receive from the port without help of @thread? Adds the ports that
 * its receivers wait for, and to @n how many were looked at.
 */
static bool served_locked(struct capmsg_handler *handler, struct pid *thread,
			  struct list_head *met, u32 *n)
{
	struct capmsg_handler *other;
	u32 i, alive = 0;

	lockdep_assert_held(&waits_lock);
	for (i = 0; i < handler->n; i++) {
		if (++*n > SEARCH_MAX)
			return true;
		if (exited(handler->receivers[i]))
			continue;
		alive++;
		if (handler->receivers[i] == thread)
			continue;
		other = waits_for_locked(handler->receivers[i]);
		if (!other)
			return true;
		meet_locked(other, met);
	}
	return !alive;
}

static bool stuck_locked(struct capmsg_handler *handler, struct pid *thread)
{
	struct capmsg_handler *h, *next;
	LIST_HEAD(met);
	bool served;
	u32 n = 0;

	lockdep_assert_held(&waits_lock);
	handler->search = ++last_search;
	served = served_locked(handler, thread, &met, &n);
	/* In most cases that is all. */
	list_for_each_entry(h, &met, next) {
		if (served)
			break;
		served = served_locked(h, thread, &met, &n);
	}
	list_for_each_entry_safe(h, next, &met, next)
		list_del_init(&h->next);
	return !served;
}

/**
 * capmsg_pending_add() - the calling thread is going to wait for an upcall
 * @pending: filled in but for what this does
 * @handler: who is asked; lives until capmsg_pending_remove()
 *
 * Context: Process context; takes the waits_lock.
 * Return: 0; -EDEADLK if it would wait for itself.
 */
int capmsg_pending_add(struct capmsg_pending *pending,
		       struct capmsg_handler *handler)
{
	struct pid *thread = task_pid(current);
	int ret = 0;

	spin_lock(&waits_lock);
	if (handler->n && stuck_locked(handler, thread)) {
		ret = -EDEADLK;
	} else {
		pending->handler = handler;
		pending->thread = thread;
		pending->since = get_jiffies_64();
		pending->id = ++last_id;
		list_add_tail(&pending->link, &handler->pending);
		hash_add(waits, &pending->node, (unsigned long)thread);
	}
	spin_unlock(&waits_lock);
	return ret;
}

/**
 * capmsg_pending_remove() - the counterpart of capmsg_pending_add()
 * @pending: the upcall
 *
 * Context: Any; takes the waits_lock.
 */
void capmsg_pending_remove(struct capmsg_pending *pending)
{
	spin_lock(&waits_lock);
	list_del(&pending->link);
	hash_del(&pending->node);
	spin_unlock(&waits_lock);
}

static struct capmsg_waiting tell(const struct capmsg_pending *pending)
{
	u64 ticks = get_jiffies_64() - pending->since;

	return (struct capmsg_waiting) {
		.id		= pending->id,
		.object		= pending->upcall->object,
		.address	= pending->upcall->address,
		.badge		= pending->upcall->badge,
		.since		= ktime_get_ns() - jiffies64_to_nsecs(ticks),
		.thread		= pid_vnr(pending->thread),
		.user		= from_kuid_munged(current_user_ns(),
						   pending->user->uid),
		.operation	= pending->upcall->operation,
		.command	= pending->upcall->command,
		.flags		= READ_ONCE(*pending->delivered) ?
				  CAPMSG_WAITING_DELIVERED : 0,
	};
}

/**
 * capmsg_pending_list() - who waits for a handler
 * @handler: the handler
 * @list: the result, those first who have waited longest
 * @n: room there
 *
 * Context: Process context; takes the waits_lock.
 * Return: the number of entries; others are left out.
 */
u32 capmsg_pending_list(struct capmsg_handler *handler,
			struct capmsg_waiting *list, u32 n)
{
	struct capmsg_pending *p;
	u32 i = 0;

	spin_lock(&waits_lock);
	list_for_each_entry(p, &handler->pending, link) {
		if (i == n)
			break;
		list[i++] = tell(p);
	}
	spin_unlock(&waits_lock);
	return i;
}

/**
 * capmsg_pending_abort() - end an upcall, whatever its handler does
 * @handler: the handler
 * @id: which
 *
 * Context: Any; takes the waits_lock.
 * Return: false if there is no such upcall.
 */
bool capmsg_pending_abort(struct capmsg_handler *handler, u64 id)
{
	struct capmsg_pending *p;
	bool found = false;

	spin_lock(&waits_lock);
	list_for_each_entry(p, &handler->pending, link) {
		if (p->id != id)
			continue;
		p->cancel(p);
		found = true;
		break;
	}
	spin_unlock(&waits_lock);
	return found;
}
