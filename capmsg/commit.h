/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A message and a post: does it fit, and the commit.
 */
#ifndef CAPMSG_COMMIT_H
#define CAPMSG_COMMIT_H

#include "port.h"

void capmsg_sender_init(struct capmsg_sender *sender,
			struct capmsg_account *account);
bool capmsg_post_open(const struct capmsg_port_post *post,
		      const struct capmsg_sender *sender);
struct capmsg_tally capmsg_port_tally(struct capmsg_port *port,
				      const struct capmsg_sender *sender,
				      const struct capmsg_share *leaving);
struct capmsg_port_post *
capmsg_port_search_locked(struct capmsg_port *port,
			  const struct capmsg_sender *sender, bool may);
bool capmsg_port_permits(struct capmsg_port *port,
			 const struct capmsg_sender *sender,
			 const struct capmsg_share *leaving);
int capmsg_port_commit_locked(struct capmsg_port *port,
			      struct capmsg_port_post *post,
			      struct capmsg_sender *sender);
void capmsg_port_claim_locked(struct capmsg_port *port,
			      struct capmsg_port_post *post,
			      struct capmsg_sender *sender);

/* May a sender hold one post more, if @leaving holds one less? */
static inline bool capmsg_port_may_hold(struct capmsg_port *port,
					const struct capmsg_sender *sender,
					const struct capmsg_share *leaving)
{
	return !port->shared || capmsg_port_permits(port, sender, leaving);
}

/* Is a post too small for a message? The lock of the port is held. */
static inline bool capmsg_post_small(const struct capmsg_port_post *post,
				     const struct capmsg_sender *sender)
{
	if (sender->n_caps > post->landing.n)
		return true;
	return sender->length > (sender->area ? post->inline_max :
						post->target.length);
}

/**
 * capmsg_post_fits() - can a post have this message?
 * @post: the post; POSTED, or claimed by another sender
 * @sender: the sender
 *
 * Context: Any; lock of the port held.
 * Return: true if it can.
 */
static inline bool capmsg_post_fits(const struct capmsg_port_post *post,
				    const struct capmsg_sender *sender)
{
	/* Somebody is about to take it away. */
	if (post->wanted)
		return false;
	if (sender->n_caps && (!post->landing.armed ||
			       READ_ONCE(post->landing.table->body.dead)))
		return false;
	/* A call to a plain buffer would leave its reply right nowhere. */
	if (sender->reply.object && (post->flags & CAPMSG_POST_FRAME))
		return false;
	if ((post->flags & CAPMSG_POST_GATED) && !capmsg_post_open(post, sender))
		return false;
	return !capmsg_post_small(post, sender);
}

/**
 * capmsg_port_find_locked() - find a posted post for a message
 * @port: the port
 * @sender: the sender
 * @may: it may hold one more of the port's own posts
 *
 * Context: Atomic; lock of the port held.
 * Return: the post, or NULL.
 */
static inline struct capmsg_port_post *
capmsg_port_find_locked(struct capmsg_port *port,
			const struct capmsg_sender *sender, bool may)
{
	struct capmsg_port_post *post = &port->posts[0];

	lockdep_assert_held(&port->body.lock);
	if (!capmsg_port_is_frame(port))
		return capmsg_port_search_locked(port, sender, may);
	return post->state == CAPMSG_POST_POSTED &&
	       capmsg_post_fits(post, sender) ? post : NULL;
}

/**
 * capmsg_port_give_locked() - give a post to a sender: as a claim, or for good
 * @port: the port
 * @post: POSTED; it fits
 * @sender: the sender; not in line
 *
 * Context: Atomic; lock of the port held, takes those of tables.
 * Return: 0 and sender->post, or sender->done; errors of
 * capmsg_port_commit_locked(), and the post is POSTED still.
 */
static inline int capmsg_port_give_locked(struct capmsg_port *port,
					  struct capmsg_port_post *post,
					  struct capmsg_sender *sender)
{
	if (sender->area)
		return capmsg_port_commit_locked(port, post, sender);
	capmsg_port_claim_locked(port, post, sender);
	return 0;
}

#endif /* CAPMSG_COMMIT_H */
