/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notifications: a word of bits that coalesce, with waiters. Setting bits needs
 * no memory and never sleeps, so whoever holds a lock may do it.
 */
#ifndef CAPMSG_NOTIFICATION_H
#define CAPMSG_NOTIFICATION_H

#include <linux/wait.h>

#include "revoker.h"

struct eventfd_ctx;

/**
 * struct capmsg_notification - a notification
 */
struct capmsg_notification {
	/** @body: what every object has */
	struct capmsg_body body;
	/** @bits: what is set and was not taken; body.lock */
	u64 bits;
	/** @waiters: who waits for bits; they enter under body.lock */
	wait_queue_head_t waiters;
	/** @eventfd: counts the signals that set bits, or NULL; constant */
	struct eventfd_ctx *eventfd;
	/** @polled: the space's file is readable while bits are set; constant */
	bool polled;
};

struct capmsg_notification *
capmsg_notification_alloc(struct capmsg_account *account,
			  struct eventfd_ctx *eventfd, bool polled);
bool capmsg_notification_signal(struct capmsg_notification *notification,
				u64 bits);
int capmsg_notification_wait(struct capmsg_notification *notification,
			     const struct capmsg_object *through, u64 mask,
			     const struct capmsg_until *until, u64 *bits);
void capmsg_notification_restore(struct capmsg_notification *notification,
				 u64 bits);
u64 capmsg_notification_pending(struct capmsg_notification *notification);

/* As capmsg_body_alloc() takes it. */
static_assert(!offsetof(struct capmsg_notification, body));

static inline struct capmsg_notification *
capmsg_notification_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_notification, body);
}

#endif /* CAPMSG_NOTIFICATION_H */
