// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a port is, and the one place where a post changes its state.
 */
#include <linux/sched.h>

#include "port.h"

/*
 * A port of depth 1 is to be cheap, with all that is charged for it. But a lock may take
 * more than a word, for debugging or with PREEMPT_RT: then it is what it is.
 */
static_assert(IS_ENABLED(CONFIG_LOCKDEP) || IS_ENABLED(CONFIG_DEBUG_SPINLOCK) ||
	      IS_ENABLED(CONFIG_PREEMPT_RT) ||
	      sizeof(struct capmsg_object) + sizeof(struct capmsg_port) +
	      sizeof(struct capmsg_port_post) +
	      CAPMSG_SHARES_PER_POST * sizeof(struct capmsg_share) <= 1536);

/**
 * capmsg_port_init() - prepare a port
 * @port: zeroed memory
 * @posts: its posts, to be prepared by the caller
 * @limits: what its creator has chosen
 *
 * Context: Any.
 */
void capmsg_port_init(struct capmsg_port *port, struct capmsg_port_post *posts,
		      const struct capmsg_port_limits *limits)
{
	INIT_LIST_HEAD(&port->bare);
	INIT_LIST_HEAD(&port->fitted);
	INIT_LIST_HEAD(&port->claimed);
	INIT_LIST_HEAD(&port->filled);
	INIT_LIST_HEAD(&port->idle);
	capmsg_lines_init(&port->lines);
	port->watch = KTIME_MAX;
	init_waitqueue_head(&port->receivers);
	init_waitqueue_head(&port->calm);
	port->posts = posts;
	port->depth = limits->depth;
	port->flags = limits->flags;
	/* A single post goes round those who wait for it. */
	port->shared = limits->depth > 1 &&
		       !(limits->flags & CAPMSG_PORT_NO_SHARES);
	port->max_caps = limits->max_caps;
	port->max_size = limits->max_size;
	port->steal_delay = limits->steal_delay;
	port->claim_time = limits->claim_time;
}

/**
 * capmsg_port_first_sender() - count a capability to send, perhaps the first one
 * @body: the port
 *
 * Context: Any; takes the lock of the port.
 */
void capmsg_port_first_sender(struct capmsg_body *body)
{
	struct capmsg_port *port = capmsg_port_of(body);

	capmsg_port_lock(port);
	if (atomic_fetch_inc(&body->object->senders) == 0)
		port->mints++;
	capmsg_port_unlock(port);
}

/**
 * capmsg_port_last_sender() - count one less, perhaps the last one
 * @body: the port
 *
 * Context: Any; takes the lock of the port, and of a notification.
 */
void capmsg_port_last_sender(struct capmsg_body *body)
{
	struct capmsg_port *port = capmsg_port_of(body);

	capmsg_port_lock(port);
	if (atomic_dec_and_test(&body->object->senders) && !body->dead)
		capmsg_notice_signal(&port->no_senders);
	capmsg_port_unlock(port);
}

/* A post that holds a reply right cannot be posted: so it is in no list. */
static struct list_head *list_of_state(struct capmsg_port *port,
				       const struct capmsg_port_post *post)
{
	bool guest = post->owner != port;

	switch (post->state) {
	case CAPMSG_POST_POSTED:
		return capmsg_post_bare(post) ? &port->bare : &port->fitted;
	case CAPMSG_POST_CLAIMED:
		return &port->claimed;
	case CAPMSG_POST_FILLED:
		return guest ? NULL : &port->filled;
	case CAPMSG_POST_IDLE:
		return guest || post->reply.object ? NULL : &port->idle;
	default:
		return NULL;
	}
}

/**
 * capmsg_port_list_locked() - capmsg_port_set_locked() of a port that is no frame
 * @port: the port
 * @post: a post that is posted there, or of this port
 * @state: the new state
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_port_list_locked(struct capmsg_port *port,
			     struct capmsg_port_post *post,
			     enum capmsg_post_state state)
{
	struct list_head *list;

	if (post->share && state <= CAPMSG_POST_POSTED) {
		capmsg_share_release(&port->shares, post->share);
		post->share = NULL;
	}
	if (post->owner == port) {
		port->count[post->state]--;
		port->count[state]++;
	}
	post->state = state;
	list = list_of_state(port, post);
	if (!list_empty(&post->link))
		list_del_init(&post->link);
	if (list)
		list_add_tail(&post->link, list);
}

static void calm_sleep(struct capmsg_port *port)
	__must_hold(&port->body.lock)
{
	DEFINE_WAIT(wait);

	prepare_to_wait(&port->calm, &wait, TASK_UNINTERRUPTIBLE);
	spin_unlock(&port->body.lock);
	schedule();
	spin_lock(&port->body.lock);
	finish_wait(&port->calm, &wait);
}

/**
 * capmsg_port_calm_locked() - wait until no chunk is being copied into a post
 * @port: the port
 * @post: the post
 *
 * For microseconds: nothing in a chunk sleeps, and none follows while anybody
 * waits here. The lock is dropped meanwhile.
 *
 * Context: Process context; lock of the port held, and no other.
 */
void capmsg_port_calm_locked(struct capmsg_port *port,
			     struct capmsg_port_post *post)
{
	lockdep_assert_held(&port->body.lock);
	if (!(post->flags & CAPMSG_POST_BUSY))
		return;
	post->wanted++;
	while (post->flags & CAPMSG_POST_BUSY)
		calm_sleep(port);
	if (!--post->wanted)
		wake_up(&port->calm);
}

/**
 * capmsg_port_settle_locked() - wait until nobody waits for a post
 * @port: the port
 * @post: the post; withdrawn
 *
 * As short as capmsg_port_calm_locked(). Whoever waits there may still do to the
 * post what it came for; the lock is dropped meanwhile.
 *
 * Context: Process context; lock of the port held, and no other.
 */
void capmsg_port_settle_locked(struct capmsg_port *port,
			       struct capmsg_port_post *post)
{
	lockdep_assert_held(&port->body.lock);
	while (post->wanted)
		calm_sleep(port);
}

/**
 * capmsg_port_wake_locked() - there is something to receive
 * @port: the port
 *
 * Receivers enter the wait queue under the lock of the port, so that none is
 * overlooked.
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_port_wake_locked(struct capmsg_port *port)
{
	lockdep_assert_held(&port->body.lock);
	/* Whoever waits went to sleep under this lock. */
	if (waitqueue_active(&port->receivers))
		wake_up_interruptible(&port->receivers);
}

/**
 * capmsg_port_sweep() - let go of the tombstones that a port names
 * @body: its body
 *
 * Those are reply rights whose callers' spaces are gone, and notifications that
 * are not there to be told any more.
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_port_sweep(struct capmsg_body *body)
{
	struct capmsg_port *port = capmsg_port_of(body);
	struct capmsg_port_post *post;
	bool buried;
	u32 i;

	capmsg_port_lock(port);
	capmsg_notice_sweep(&port->arrival);
	capmsg_notice_sweep(&port->no_senders);
	capmsg_port_unlock(port);
	for (i = 0; i < port->depth; i++) {
		post = &port->posts[i];
		/* The lock only where there is something to do. */
		rcu_read_lock();
		buried = capmsg_cap_buried_rcu(&post->reply);
		rcu_read_unlock();
		if (buried) {
			capmsg_port_lock(port);
			capmsg_cap_sweep(&post->reply);
			capmsg_port_unlock(port);
		}
		cond_resched();
	}
}

/**
 * capmsg_port_drop_notices() - a port gives notice no more
 * @port: the port; dead
 *
 * Context: Any; takes the lock of the port.
 */
void capmsg_port_drop_notices(struct capmsg_port *port)
{
	capmsg_port_lock(port);
	capmsg_notice_drop(&port->arrival);
	capmsg_notice_drop(&port->no_senders);
	capmsg_port_unlock(port);
}
