// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sender comes to a port: it gets a post, or hears why not.
 */
#include "entry.h"

/**
 * capmsg_port_admit_locked() - may a message go to this port at all?
 * @port: the port
 * @sender: the sender
 *
 * Context: Atomic; lock of the port held.
 * Return: 0; -ENOENT if the port is dead, at a frame -ESTALE if the call is over;
 * -EMSGSIZE.
 */
int capmsg_port_admit_locked(const struct capmsg_port *port,
			     const struct capmsg_sender *sender)
{
	lockdep_assert_held(&port->body.lock);
	if (capmsg_port_is_frame(port)) {
		if (port->body.dead || port->epoch != sender->epoch)
			return -ESTALE;
	} else if (port->body.dead) {
		return -ENOENT;
	}
	if (sender->length > port->max_size)
		return capmsg_refuse(sender->account, CAPMSG_LIMIT_SIZE,
				     -EMSGSIZE, sender->length, port->max_size);
	if (sender->n_caps > port->max_caps)
		return capmsg_refuse(sender->account, CAPMSG_LIMIT_CAPS,
				     -EMSGSIZE, sender->n_caps, port->max_caps);
	return 0;
}

/* The answer does not fit. */
static int answer_refusal(const struct capmsg_port_post *post,
			  const struct capmsg_sender *sender)
{
	u64 room = sender->area ? post->inline_max : post->target.length;

	if (sender->length > room)
		return capmsg_refuse(sender->account, CAPMSG_LIMIT_SIZE,
				     -EMSGSIZE, sender->length, room);
	return capmsg_refuse(sender->account, CAPMSG_LIMIT_CAPS, -EMSGSIZE,
			     sender->n_caps,
			     post->landing.armed ? post->landing.n : 0);
}

/* The answer finds no post: why not? */
static int frame_refusal(const struct capmsg_port *port,
			 const struct capmsg_sender *sender)
{
	switch (port->posts[0].state) {
	case CAPMSG_POST_POSTED:
		return answer_refusal(&port->posts[0], sender);
	case CAPMSG_POST_CLAIMED:
		return -EBUSY;
	default:
		return -ESTALE;
	}
}

/**
 * capmsg_port_enter_locked() - a sender looks for a post
 * @port: the port
 * @sender: the sender; not queued
 *
 * Context: Atomic; lock of the port held, takes those of tables.
 * Return: 0 and sender->done, or sender->post is claimed; -EAGAIN if it has to
 * wait in line, be it that the way to the port is closed; -ENOENT if the port is
 * dead or revoked, or the reply right to be moved is used up; -EMSGSIZE; at a
 * frame -ESTALE if the call is over, -EBUSY if another thread is answering it.
 */
int capmsg_port_enter_locked(struct capmsg_port *port,
			     struct capmsg_sender *sender)
{
	struct capmsg_port_post *post;
	bool may;
	int ret;

	lockdep_assert_held(&port->body.lock);
	ret = capmsg_port_admit_locked(port, sender) ?:
	      capmsg_gate_check(sender->through);
	if (ret)
		return ret == CAPMSG_SHUT ? -EAGAIN : ret;
	/* A post whose landing table dies at this moment fits no longer. */
	may = capmsg_port_may_hold(port, sender, NULL);
	while ((post = capmsg_port_find_locked(port, sender, may))) {
		ret = capmsg_port_give_locked(port, post, sender);
		if (ret != -EAGAIN)
			return ret;
	}
	if (capmsg_claim_steal_locked(port, sender))
		return sender->error;
	return capmsg_port_is_frame(port) ? frame_refusal(port, sender) : -EAGAIN;
}

/* The limit of its own that a sender has met, which a post would not help. */
static int refuse_share(const struct capmsg_sender *sender,
			const struct capmsg_tally *tally)
{
	u32 user = capmsg_tally_user(tally);

	if (tally->user_held >= user)
		return capmsg_refuse(sender->account, CAPMSG_LIMIT_USER_SHARE,
				     -EAGAIN, tally->user_held, user);
	return capmsg_refuse(sender->account, CAPMSG_LIMIT_BADGE_SHARE, -EAGAIN,
			     tally->held, capmsg_tally_badge(tally));
}

/**
 * capmsg_port_refuse_locked() - a sender will not wait for a post
 * @port: the port
 * @sender: the sender, to which capmsg_port_enter_locked() gave none
 *
 * Context: Atomic; lock of the port held.
 * Return: -EAGAIN; LIMITS tells why, if it is a limit.
 */
int capmsg_port_refuse_locked(struct capmsg_port *port,
			      const struct capmsg_sender *sender)
{
	u32 free = port->count[CAPMSG_POST_POSTED];
	struct capmsg_tally tally;

	lockdep_assert_held(&port->body.lock);
	/* A closed revoker is no limit. */
	if (capmsg_gate_check(sender->through))
		return -EAGAIN;
	if (!capmsg_port_may_hold(port, sender, NULL) &&
	    capmsg_port_find_locked(port, sender, true)) {
		tally = capmsg_port_tally(port, sender, NULL);
		return refuse_share(sender, &tally);
	}
	return capmsg_refuse(sender->account, CAPMSG_LIMIT_POSTS, -EAGAIN,
			     port->depth - free, port->depth);
}
