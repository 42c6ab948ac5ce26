/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handlers: what a port has in addition if those who receive from it play objects:
 * who they are, and who waits for them.
 */
#ifndef CAPMSG_HANDLER_H
#define CAPMSG_HANDLER_H

#include <linux/list.h>
#include <linux/pid.h>

#include "object.h"

/**
 * DOC: Who waits for whom
 *
 * An upcall is *pending* from the time that its operation begins to wait until it
 * goes on. All pending upcalls, and the threads that have declared themselves the
 * receivers of a handler's port, are known under one lock, the waits_lock, which
 * only upcalls take, and those who ask for this very list.
 *
 * A port is *stuck* for a thread if it has declared receivers, and each of them is
 * that thread, or waits for a port that is stuck for it. An upcall to such a port
 * would never be answered, so it is refused. Receivers that have exited do not
 * count; where nobody has declared itself, nobody can know.
 */

/**
 * struct capmsg_pending - an upcall that somebody waits for
 */
struct capmsg_pending {
	/** @link: in handler->pending, in the order of their beginnings */
	struct list_head link;
	/** @node: in the table of those who wait, by @thread */
	struct hlist_node node;
	/** @handler: who is asked */
	struct capmsg_handler *handler;
	/** @thread: who waits, and so keeps it */
	struct pid *thread;
	/** @user: whose operation; kept by the frame that this is part of */
	const struct capmsg_user *user;
	/** @upcall: what is asked */
	const struct capmsg_upcall *upcall;
	/** @delivered: it has arrived in a post of the handler's port */
	const bool *delivered;
	/** @cancel: end it. Under the waits_lock */
	void (*cancel)(struct capmsg_pending *pending);
	/** @over: nobody needs to do anything for it to go on. Under the waits_lock */
	bool (*over)(const struct capmsg_pending *pending);
	/** @since: when it began, in jiffies: every upcall looks at the clock */
	u64 since;
	/** @id: its name, never used again */
	u64 id;
};

/**
 * struct capmsg_handler - what makes a port a handler's
 */
struct capmsg_handler {
	/** @pending: who waits */
	struct list_head pending;
	/** @next: in a search for those who are stuck */
	struct list_head next;
	/** @search: the last search that has met it */
	u64 search;
	/** @room: how many receivers can declare themselves; constant */
	u32 room;
	/** @n: how many have */
	u32 n;
	/** @receivers: threads, with references */
	struct pid *receivers[];
};

/* Bytes of a handler of so many receivers; none is no handler. */
static inline size_t capmsg_handler_bytes(u32 room)
{
	return room ? sizeof(struct capmsg_handler) +
		      room * sizeof(struct pid *) : 0;
}

void capmsg_handler_init(struct capmsg_handler *handler, u32 room);
void capmsg_handler_drop(struct capmsg_handler *handler);
int capmsg_handler_declare(struct capmsg_handler *handler);
void capmsg_handler_withdraw(struct capmsg_handler *handler);

int capmsg_pending_add(struct capmsg_pending *pending,
		       struct capmsg_handler *handler);
void capmsg_pending_remove(struct capmsg_pending *pending);
u32 capmsg_pending_list(struct capmsg_handler *handler,
			struct capmsg_waiting *list, u32 n);
bool capmsg_pending_abort(struct capmsg_handler *handler, u64 id);

#endif /* CAPMSG_HANDLER_H */
