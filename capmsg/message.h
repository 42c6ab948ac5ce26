/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages: storage for one outgoing transfer that is done in steps, and that
 * can wait in line without a thread.
 */
#ifndef CAPMSG_MESSAGE_H
#define CAPMSG_MESSAGE_H

#include <linux/workqueue.h>

#include "notice.h"
#include "cargo.h"

/**
 * DOC: States of a message
 *
 * enum capmsg_message_state is not stored: while the message is bound to a port
 * it follows from what the port knows of the sender, under the port's lock; so a
 * claim, a delivery or a loss, which others bring about, is a single write.
 *
 * One thread at a time uses a message (*busy*): BEGIN, FILL and TRANSMIT may
 * sleep in the middle, for as long as somebody's page fault takes, so others get
 * EBUSY. ABANDON and the end of the message do not ask for that: they take away
 * what the message has at its port, and who is busy finds out. If nobody is,
 * whoever has taken it away cleans up. That takes a moment, for which a thread
 * that wants to use the message waits: its owner need not know of it.
 */

/**
 * struct capmsg_outcome - what has become of a message
 */
struct capmsg_outcome {
	/** @state: its state */
	enum capmsg_message_state state;
	/** @error: with CAPMSG_MESSAGE_LOST why, negative; else 0 */
	int error;
};

/**
 * enum capmsg_busy - who is using a message
 * @CAPMSG_BUSY_NOT: nobody
 * @CAPMSG_BUSY_USED: a thread, in a command: others get EBUSY
 * @CAPMSG_BUSY_TIDIED: whoever cleans up after one: others wait for that
 */
enum capmsg_busy {
	CAPMSG_BUSY_NOT,
	CAPMSG_BUSY_USED,
	CAPMSG_BUSY_TIDIED,
};

/**
 * struct capmsg_message - a message
 */
struct capmsg_message {
	/** @body: what every object has */
	struct capmsg_body body;
	/** @cargo: what it carries; of who is busy, and of the line */
	struct capmsg_cargo cargo;
	/** @busy: enum capmsg_busy; changed atomically */
	int busy;
	/**
	 * @port: where it goes, with a reference; NULL: unbound; changed under
	 * body.lock and the port's lock: either of them keeps it
	 */
	struct capmsg_port *port;
	/** @lien: tells the death of @port; the port's lock */
	struct capmsg_lien lien;
	/** @notice: what its owner is told by; swept under the port's lock */
	struct capmsg_notice notice;
	/** @length: bytes that BEGIN has named; of who is busy */
	u64 length;
	/** @max_caps: capabilities that BEGIN has named; of who is busy */
	u32 max_caps;
	/** @transmitted: in line to be delivered, not to claim; the port's lock */
	bool transmitted;
	/** @rest: what it is while unbound; body.lock */
	struct capmsg_outcome rest;
	/** @woken: on the sender's wait queue, in place of a thread */
	struct wait_queue_entry woken;
	/** @look: does what a thread does that was woken */
	struct delayed_work look;
};

struct capmsg_message *capmsg_message_alloc(struct capmsg_account *account,
					    struct capmsg_notice *notice);
void capmsg_message_gate(struct capmsg_message *message);
void capmsg_message_clear(struct capmsg_message *message);
bool capmsg_message_use(struct capmsg_message *message);
void capmsg_message_leave(struct capmsg_message *message);
int capmsg_message_abandon(struct capmsg_message *message,
			   const struct capmsg_object *by);
struct capmsg_outcome capmsg_message_outcome(struct capmsg_message *message);
struct capmsg_outcome
capmsg_message_outcome_locked(struct capmsg_message *message);
struct capmsg_port *
capmsg_message_unbind_locked(struct capmsg_message *message,
			     struct capmsg_outcome rest);
void capmsg_message_set_clock_locked(struct capmsg_message *message,
				     struct capmsg_port *port);

/* As capmsg_body_alloc() takes it. */
static_assert(!offsetof(struct capmsg_message, body));

static inline struct capmsg_message *
capmsg_message_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_message, body);
}

#endif /* CAPMSG_MESSAGE_H */
