// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which post a message may have, and how it gets it. Step numbers are those of
 * "DOC: Transfer" in transfer.h.
 */
#include <linux/ktime.h>
#include <linux/math.h>

#include "commit.h"

/**
 * capmsg_sender_init() - prepare a sender, once
 * @sender: zeroed memory
 * @account: of the space whose messages these will be; outlives the sender
 *
 * Context: Any.
 */
void capmsg_sender_init(struct capmsg_sender *sender,
			struct capmsg_account *account)
{
	sender->account = account;
	spin_lock_init(&sender->lock);
	capmsg_waiter_init(&sender->waiter);
	init_waitqueue_head(&sender->wait);
}

/**
 * capmsg_post_open() - may a message go where a post's revokers lead?
 * @post: the post
 * @sender: the sender
 *
 * The way to a plain buffer has to be open. What was posted through a revoker
 * that was closed since stays posted; what was revoked does not.
 *
 * Context: Any; lock of the port held.
 * Return: true if it may.
 */
bool capmsg_post_open(const struct capmsg_port_post *post,
		      const struct capmsg_sender *sender)
{
	if (capmsg_gate_check(post->through))
		return false;
	if (sender->n_caps &&
	    capmsg_gate_gone(post->landing.reservation.through))
		return false;
	return sender->area || !capmsg_gate_gone(post->cut.through);
}

/**
 * capmsg_port_tally() - count what a sender may hold
 * @port: the port, no frame
 * @sender: the sender
 * @leaving: whose post is about to be taken away, and then is free; or NULL
 *
 * Context: Any; lock of the port held.
 * Return: the counts.
 */
struct capmsg_tally capmsg_port_tally(struct capmsg_port *port,
				      const struct capmsg_sender *sender,
				      const struct capmsg_share *leaving)
{
	struct capmsg_party party = capmsg_port_party(port, sender);

	lockdep_assert_held(&port->body.lock);
	return capmsg_share_tally(&port->shares, &party,
				  port->count[CAPMSG_POST_POSTED], leaving);
}

/**
 * capmsg_port_permits() - may a sender hold one post more?
 * @port: the port, whose posts are shared
 * @sender: the sender
 * @leaving: as of capmsg_port_tally()
 *
 * Context: Any; lock of the port held.
 * Return: true if it may.
 */
bool capmsg_port_permits(struct capmsg_port *port,
			 const struct capmsg_sender *sender,
			 const struct capmsg_share *leaving)
{
	struct capmsg_tally tally = capmsg_port_tally(port, sender, leaving);

	return capmsg_tally_permits(&tally);
}

/* Posts of the port itself only if it @may hold one more. */
static struct capmsg_port_post *find_fitted(struct capmsg_port *port,
					    const struct capmsg_sender *sender,
					    bool may)
{
	struct capmsg_port_post *post;

	list_for_each_entry(post, &port->fitted, link) {
		if ((may || post->owner != port) &&
		    capmsg_post_fits(post, sender))
			return post;
	}
	return NULL;
}

/**
 * capmsg_port_search_locked() - capmsg_port_find_locked() where there are lists
 * @port: the port, no frame
 * @sender: the sender
 * @may: it may hold one more of the port's own posts
 *
 * Bare posts first, to keep the buffers for those who need them.
 *
 * Context: Atomic; lock of the port held.
 * Return: the post, or NULL.
 */
struct capmsg_port_post *
capmsg_port_search_locked(struct capmsg_port *port,
			  const struct capmsg_sender *sender, bool may)
{
	struct capmsg_port_post *post;

	lockdep_assert_held(&port->body.lock);
	if (may && sender->area && !sender->n_caps) {
		list_for_each_entry(post, &port->bare, link) {
			if (capmsg_post_fits(post, sender))
				return post;
		}
	}
	return find_fitted(port, sender, may);
}

/*
 * Four words at a time, as areas are made of them: what is behind the message is
 * copied in vain at worst. READ_ONCE() keeps the compiler from making a call of it,
 * which costs more than most messages.
 */
static void copy_area(u64 *to, const u64 *from, u32 length)
{
	const u64 *end = (void *)from + length;

	BUILD_BUG_ON(CAPMSG_INLINE_MAX % (4 * sizeof(u64)));
	for (; from < end; from += 4, to += 4) {
		to[0] = READ_ONCE(from[0]);
		to[1] = READ_ONCE(from[1]);
		to[2] = READ_ONCE(from[2]);
		to[3] = READ_ONCE(from[3]);
	}
}

/* What a receiver has posted for one call of its own is nobody's share. */
static __always_inline void hold(struct capmsg_port *port,
				 struct capmsg_port_post *post,
				 const struct capmsg_sender *sender)
{
	if (post->share || post->owner != port)
		return;
	post->share = capmsg_share_hold(&port->shares,
					capmsg_port_user(port, sender),
					&sender->origin);
}

/* Step 6b. From here on the message is there, and nothing can fail. */
static __always_inline void commit_locked(struct capmsg_port *port,
					  struct capmsg_port_post *post,
					  struct capmsg_sender *sender)
{
	if (sender->area)
		copy_area((u64 *)post->area, sender->area, sender->length);
	post->is_inline = sender->area;
	post->length = sender->length;
	post->n_caps = sender->n_caps;
	post->badge = sender->origin.badge;
	post->badged = sender->origin.badged;
	post->upcall = sender->upcall;
	post->error = 0;
	post->seq++;
	post->claim = NULL;
	if (sender->reply.object)
		capmsg_cap_move(&post->reply, &sender->reply);
	sender->post = NULL;
	sender->done = true;
	if (capmsg_port_is_frame(port))
		WRITE_ONCE(port->epoch, port->epoch + 1);
	else
		hold(port, post, sender);
	capmsg_port_set_locked(port, post, CAPMSG_POST_FILLED);
	capmsg_port_announce_locked(port);
}

/* Is the right that is to be moved still where it was found? */
static bool right_holds_locked(struct capmsg_sender *sender)
{
	const struct capmsg_cap *right = &sender->caps[sender->moved_cap];
	bool holds;

	if (capmsg_gate_gone(sender->moved.through))
		return false;
	spin_lock(&sender->lock);
	holds = capmsg_slot_holds_locked(&sender->moved, right) &&
		!capmsg_cap_void(right);
	spin_unlock(&sender->lock);
	return holds;
}

/* Step 6a: what could have changed since it was looked at. */
static int commit_check_locked(struct capmsg_port_post *post,
			       struct capmsg_sender *sender)
{
	if (!capmsg_landing_ready_locked(&post->landing))
		return -EAGAIN;
	if (sender->moved.table && !right_holds_locked(sender))
		return -ENOENT;
	return 0;
}

/* Steps 6a and 6b of a message with capabilities. */
static noinline int commit_caps_locked(struct capmsg_port *port,
				       struct capmsg_port_post *post,
				       struct capmsg_sender *sender)
{
	struct capmsg_cappage *table = post->landing.table;
	struct capmsg_cappage *from = sender->moved.table;
	int ret;

	capmsg_cappage_lock(table, from);
	ret = commit_check_locked(post, sender);
	if (!ret) {
		spin_lock(&sender->lock);
		capmsg_landing_commit_locked(&post->landing, sender->caps,
					     sender->n_caps);
		spin_unlock(&sender->lock);
		if (from)
			capmsg_slot_void_locked(&sender->moved);
		commit_locked(port, post, sender);
	}
	capmsg_cappage_unlock(table, from);
	return ret;
}

/**
 * capmsg_port_commit_locked() - deliver a message: steps 6a and 6b
 * @port: the port
 * @post: posted, or claimed by the sender, who has filled it
 * @sender: the sender
 *
 * Context: Atomic; lock of the port held, takes those of tables.
 * Return: 0 and sender->done; -EAGAIN if the post has lost its landing slots, or
 * they, its buffer or the way to a plain buffer are closed or revoked;
 * -ENOENT if the reply right to be moved is used up.
 */
int capmsg_port_commit_locked(struct capmsg_port *port,
			      struct capmsg_port_post *post,
			      struct capmsg_sender *sender)
{
	lockdep_assert_held(&port->body.lock);
	if ((post->flags & CAPMSG_POST_GATED) && !capmsg_post_open(post, sender))
		return -EAGAIN;
	if (sender->n_caps)
		return commit_caps_locked(port, post, sender);
	commit_locked(port, post, sender);
	return 0;
}

/**
 * capmsg_port_claim_locked() - give a post to a sender as a claim
 * @port: the port
 * @post: POSTED; it fits
 * @sender: the sender; not in line
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_port_claim_locked(struct capmsg_port *port,
			      struct capmsg_port_post *post,
			      struct capmsg_sender *sender)
{
	lockdep_assert_held(&port->body.lock);
	if (!capmsg_port_is_frame(port))
		hold(port, post, sender);
	capmsg_port_set_locked(port, post, CAPMSG_POST_CLAIMED);
	post->stalled = ktime_get();
	post->claim = sender;
	sender->post = post;
}
