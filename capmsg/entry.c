// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sender comes to a port: it gets a post, or hears why not. And what it could
 * get, before it comes.
 */
#include "entry.h"

/**
 * capmsg_port_too_much() - a message can never go to a port
 * @port: the port
 * @sender: the sender
 *
 * Context: Any.
 * Return: -EMSGSIZE; LIMITS tells why.
 */
int capmsg_port_too_much(const struct capmsg_port *port,
			 const struct capmsg_sender *sender)
{
	if (sender->length > port->max_size)
		return capmsg_refuse(sender->account, CAPMSG_LIMIT_SIZE,
				     -EMSGSIZE, sender->length, port->max_size);
	return capmsg_refuse(sender->account, CAPMSG_LIMIT_CAPS, -EMSGSIZE,
			     sender->n_caps, port->max_caps);
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
		/* Its buffer or landing slots die at this moment. */
		return port->posts[0].wanted ? -EBUSY :
			answer_refusal(&port->posts[0], sender);
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
	      capmsg_sender_gate(sender);
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
	if (capmsg_sender_gate(sender))
		return -EAGAIN;
	if (!capmsg_port_may_hold(port, sender, NULL) &&
	    capmsg_port_find_locked(port, sender, true)) {
		tally = capmsg_port_tally(port, sender, NULL);
		return refuse_share(sender, &tally);
	}
	return capmsg_refuse(sender->account, CAPMSG_LIMIT_POSTS, -EAGAIN,
			     port->depth - free, port->depth);
}

/* How many posts that are free can have the message. */
static void count_fitting(struct capmsg_port *port,
			  const struct capmsg_sender *sender, u32 *own,
			  u32 *guests)
{
	const struct capmsg_port_post *post;

	list_for_each_entry(post, &port->bare, link) {
		if (sender->area && !sender->n_caps &&
		    capmsg_post_fits(post, sender))
			(*own)++;
	}
	list_for_each_entry(post, &port->fitted, link) {
		if (!capmsg_post_fits(post, sender))
			continue;
		if (post->owner == port)
			++*own;
		else
			++*guests;
	}
}

static u64 largest(const struct capmsg_port *port)
{
	const struct capmsg_port_post *post;
	u64 length = 0;

	list_for_each_entry(post, &port->fitted, link)
		length = max(length, post->target.length);
	return length;
}

/* How many of so many free posts its shares let it take, one after the other. */
static u32 count_permitted(struct capmsg_tally tally, u32 posts)
{
	u32 n;

	for (n = 0; n < posts && capmsg_tally_permits(&tally); n++) {
		tally.free--;
		tally.user_held++;
		tally.held++;
	}
	return n;
}

/**
 * capmsg_port_credits_locked() - what a sender could get now
 * @port: the port, no frame
 * @sender: with the length and number of capabilities of the message
 * @credits: the result, but for what the caller has asked for
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_port_credits_locked(struct capmsg_port *port,
				const struct capmsg_sender *sender,
				struct capmsg_credits *credits)
{
	struct capmsg_tally tally = capmsg_port_tally(port, sender, NULL);
	struct capmsg_party party = capmsg_port_party(port, sender);
	u32 own = 0, guests = 0;

	lockdep_assert_held(&port->body.lock);
	count_fitting(port, sender, &own, &guests);
	if (port->shared)
		own = count_permitted(tally, own);
	credits->out_posts = own + guests;
	credits->out_held = tally.held;
	credits->out_share = port->shared ? capmsg_tally_badge(&tally) :
				      tally.free + tally.held;
	credits->out_user_held = tally.user_held;
	credits->out_user_share = port->shared ? capmsg_tally_user(&tally) :
					   tally.free + tally.user_held;
	credits->out_waiting = capmsg_line_of_user(&port->lines, party.user);
	credits->out_largest = largest(port);
}

/**
 * capmsg_port_holders_locked() - who holds posts of a port
 * @port: the port, no frame
 * @seer: the namespace for which user ids are translated
 * @holders: the result
 * @n: room there
 *
 * Context: Atomic; lock of the port held.
 * Return: the number of entries; others are left out.
 */
u32 capmsg_port_holders_locked(struct capmsg_port *port,
			       struct user_namespace *seer,
			       struct capmsg_holder *holders, u32 n)
{
	const struct capmsg_share *part;
	const struct capmsg_party *party;
	struct rb_node *node;
	u32 i = 0;

	lockdep_assert_held(&port->body.lock);
	for (node = rb_first(&port->shares.parts); node && i < n;
	     node = rb_next(node)) {
		part = rb_entry(node, struct capmsg_share, node);
		if (!part->held)
			continue;
		party = &part->party;
		holders[i++] = (struct capmsg_holder) {
			.badge	 = party->origin.badge,
			.user	 = from_kuid_munged(seer, party->user->uid),
			.flags	 = party->origin.badged ? CAPMSG_RECORD_BADGED :
							  0,
			.held	 = part->held,
			.waiting = capmsg_line_of_party(&port->lines, party),
		};
	}
	return i;
}
