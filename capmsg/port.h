/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ports: queues of posts that wait for messages, and of senders that wait for
 * posts. A frame is the port of one answer, with a single post.
 */
#ifndef CAPMSG_PORT_H
#define CAPMSG_PORT_H

#include <linux/wait.h>

#include "handler.h"
#include "line.h"
#include "notice.h"
#include "post.h"
#include "share.h"

/**
 * struct capmsg_sender - the sender's side of one transfer
 *
 * Belongs to a cargo. Once it is queued, others may commit it or give it a
 * claim, under the lock of the port; they touch nothing but this and what
 * it points to.
 */
struct capmsg_sender {
	/** @waiter: in line */
	struct capmsg_waiter waiter;
	/** @wait: where the sending task sleeps */
	wait_queue_head_t wait;
	/**
	 * @answer: of a call: the port of its frame, where it sleeps afterwards,
	 * until it is answered; else NULL. So it need not be woken only because
	 * it was delivered
	 */
	struct capmsg_port *answer;
	/** @account: of the space whose message it is; constant */
	struct capmsg_account *account;
	/** @post: the post that it has claimed; NULL again when it is stolen */
	struct capmsg_port_post *post;
	/** @done: the message was committed */
	bool done;
	/** @served: so it was while it was in line, and the receiver was woken */
	bool served;
	/** @upcall: it is the kernel that asks a handler; constant */
	bool upcall;
	/**
	 * @cancelled: of an upcall: what it is about is gone. Set under the lock
	 * of that; whoever has set it wakes the waiting task
	 */
	bool cancelled;
	/** @by_hand: its claim lasts from BEGIN to TRANSMIT; constant */
	bool by_hand;
	/** @alone: in line without a thread */
	bool alone;
	/** @error: waiting is over, with this error */
	int error;
	/** @n_caps: capabilities that it carries */
	u32 n_caps;
	/** @length: bytes of its payload */
	u64 length;
	/** @area: its payload, if at most CAPMSG_INLINE_MAX bytes */
	const void *area;
	/** @origin: how the destination was named */
	struct capmsg_origin origin;
	/**
	 * @through: the revoker that it was named through, or NULL; kept by
	 * whoever has the cargo
	 */
	struct capmsg_object *through;
	/** @gates: joined with @through, or NULL; of who has the cargo */
	struct capmsg_gates *gates;
	/**
	 * @by: of a message: the revoker that it was itself named through by the
	 * thread that is using it, which keeps it; NULL: none, or no thread
	 */
	const struct capmsg_object *by;
	/** @by_gates: joined with @by, or NULL; of that thread */
	struct capmsg_gates *by_gates;
	/** @notice: of a message that is to be told what others do to it */
	struct capmsg_notice *notice;
	/** @epoch: of the call that it answers, at a frame */
	u64 epoch;
	/** @lock: guards @caps against a sweep */
	spinlock_t lock;
	/** @caps: the capabilities; moved into the landing slots by the commit */
	struct capmsg_cap *caps;
	/** @moved: slot that the commit makes void; its table is NULL if none */
	struct capmsg_spot moved;
	/** @moved_cap: which of @caps is moved */
	u32 moved_cap;
	/** @reply: the reply right of a call; moved into the post by the commit */
	struct capmsg_cap reply;
};

/**
 * struct capmsg_port - a message port
 */
struct capmsg_port {
	/** @body: what every object has */
	struct capmsg_body body;
	/** @bare: POSTED, for short messages only */
	struct list_head bare;
	/** @fitted: POSTED, with a buffer or landing slots */
	struct list_head fitted;
	/** @claimed: CLAIMED */
	struct list_head claimed;
	/** @filled: FILLED, in the order of their commits */
	struct list_head filled;
	/** @idle: IDLE, without a reply right */
	struct list_head idle;
	/** @lines: who waits for a post */
	struct capmsg_lines lines;
	/** @shared: it matters who holds how many of its posts; constant */
	bool shared;
	/** @shares: who holds posts */
	struct capmsg_shares shares;
	/** @watch: when the first in line looks at the claims again */
	ktime_t watch;
	/** @receivers: where receiving tasks sleep */
	wait_queue_head_t receivers;
	/** @calm: where they sleep who need a busy post */
	wait_queue_head_t calm;
	/** @count: number of posts in each state, plain ones not included */
	u32 count[CAPMSG_POST_STATES];
	/** @mints: how often the count of senders has risen from zero; body.lock */
	u32 mints;
	/** @depth: number of posts; constant */
	u32 depth;
	/** @flags: CAPMSG_PORT_x; constant */
	u32 flags;
	/** @max_caps: capabilities of one message; constant */
	u32 max_caps;
	/** @max_size: bytes of one message; constant */
	u64 max_size;
	/** @steal_delay: nanoseconds that a claim may be stalled; constant */
	u64 steal_delay;
	/** @claim_time: nanoseconds that a claim by hand may last; constant */
	u64 claim_time;
	/** @arrival: there is something to receive; body.lock */
	struct capmsg_notice arrival;
	/** @no_senders: the last capability to send is gone; body.lock */
	struct capmsg_notice no_senders;
	/** @epoch: of a frame: the call that may be answered */
	u64 epoch;
	/** @handler: what makes it a handler's, or NULL; constant */
	struct capmsg_handler *handler;
	/** @posts: its posts; constant */
	struct capmsg_port_post *posts;
};

/**
 * struct capmsg_port_limits - what the creator of a port chooses
 */
struct capmsg_port_limits {
	/** @depth: number of posts */
	u32 depth;
	/** @flags: CAPMSG_PORT_x */
	u32 flags;
	/** @max_caps: capabilities of one message */
	u32 max_caps;
	/** @max_size: bytes of one message */
	u64 max_size;
	/** @steal_delay: nanoseconds */
	u64 steal_delay;
	/** @claim_time: nanoseconds */
	u64 claim_time;
};

void capmsg_port_init(struct capmsg_port *port, struct capmsg_port_post *posts,
		      const struct capmsg_port_limits *limits);
void capmsg_port_first_sender(struct capmsg_body *body);
void capmsg_port_last_sender(struct capmsg_body *body);
void capmsg_port_list_locked(struct capmsg_port *port,
			     struct capmsg_port_post *post,
			     enum capmsg_post_state state);
void capmsg_port_calm_locked(struct capmsg_port *port,
			     struct capmsg_port_post *post);
void capmsg_port_settle_locked(struct capmsg_port *port,
			       struct capmsg_port_post *post);
void capmsg_port_wake_locked(struct capmsg_port *port);
void capmsg_port_sweep(struct capmsg_body *body);
void capmsg_port_drop_notices(struct capmsg_port *port);

/* As capmsg_body_alloc() takes it. */
static_assert(!offsetof(struct capmsg_port, body));

static inline struct capmsg_port *capmsg_port_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_port, body);
}

/* The port of a call's answer. */
static inline bool capmsg_port_is_frame(const struct capmsg_port *port)
{
	return port->body.ops->type == CAPMSG_TYPE_REPLY;
}

/* As which user a sender counts; lives for as long as its account. */
static inline struct capmsg_user *
capmsg_port_user(const struct capmsg_port *port,
		 const struct capmsg_sender *sender)
{
	return capmsg_user_seen(sender->account->user,
				port->body.account->user);
}

static inline struct capmsg_party
capmsg_port_party(const struct capmsg_port *port,
		  const struct capmsg_sender *sender)
{
	return (struct capmsg_party) { capmsg_port_user(port, sender),
				       sender->origin };
}

/*
 * May the sender get a post now? As capmsg_gate_check(). For a message that waits by
 * itself the revokers of a thread that has come to use it do not matter.
 */
static inline int capmsg_sender_gate(const struct capmsg_sender *sender)
{
	int ret = capmsg_gate_check(sender->through);

	if (!ret && !sender->alone)
		ret = capmsg_gate_check(sender->by);
	return ret;
}

/* Has any of the two chains changed since it was looked at? */
static inline bool capmsg_sender_changed(const struct capmsg_sender *sender)
{
	return capmsg_gates_changed(sender->gates) ||
	       capmsg_gates_changed(sender->by_gates);
}

/* Nothing was done for the sender yet, and no error was met. */
static inline void capmsg_sender_reset(struct capmsg_sender *sender)
{
	sender->post = NULL;
	sender->done = false;
	sender->served = false;
	sender->error = 0;
}

static inline bool capmsg_sender_waits(const struct capmsg_sender *sender)
{
	return capmsg_waiter_waits(&sender->waiter);
}

/*
 * Has a caller its answer? If it is still in line, that is the loss of its landing
 * slots. Looked at without the lock of the frame: whoever answers wakes it after that.
 */
static inline bool capmsg_sender_answered(const struct capmsg_sender *sender)
{
	return sender->answer &&
	       READ_ONCE(sender->answer->posts->state) == CAPMSG_POST_FILLED;
}

static inline void capmsg_port_lock(struct capmsg_port *port)
{
	spin_lock(&port->body.lock);
}

static inline void capmsg_port_unlock(struct capmsg_port *port)
{
	spin_unlock(&port->body.lock);
}

/**
 * capmsg_port_set_locked() - change the state of a post
 * @port: the port
 * @post: a post that is posted there, or of this port
 * @state: the new state
 *
 * Nobody holds a post that is idle or posted. If those who wait may use other
 * posts than this one because of that, the caller tells them, unless it offers
 * the post itself: capmsg_port_relax_locked().
 *
 * Context: Atomic; lock of the port held.
 */
static inline void capmsg_port_set_locked(struct capmsg_port *port,
					  struct capmsg_port_post *post,
					  enum capmsg_post_state state)
{
	lockdep_assert_held(&port->body.lock);
	/* A frame needs no lists, it has a single post. */
	if (capmsg_port_is_frame(port))
		WRITE_ONCE(post->state, state);
	else
		capmsg_port_list_locked(port, post, state);
}

/*
 * Give notice that there is something to receive: with the commit that brings
 * it, or when it comes back from who could not receive it.
 */
static inline void capmsg_port_announce_locked(struct capmsg_port *port)
{
	lockdep_assert_held(&port->body.lock);
	if (capmsg_notice_given(&port->arrival))
		capmsg_notice_signal(&port->arrival);
}

#endif /* CAPMSG_PORT_H */
