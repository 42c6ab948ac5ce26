// SPDX-License-Identifier: GPL-2.0-only
/*
 * Senders that wait at a port, and claims: a message that is not inline claims a
 * post first, and its sender copies without any lock.
 *
 * Nobody overtakes: whatever becomes free is offered to those who wait before
 * the lock is dropped. So what a newcomer finds posted nobody who waits can use,
 * and it may have it.
 */
#include <linux/ktime.h>

#include "claim.h"

static struct capmsg_sender *sender_of(struct capmsg_waiter *waiter)
{
	return container_of(waiter, struct capmsg_sender, waiter);
}

/*
 * When may others take this claim? While it is busy, or somebody is taking the post
 * away, that is not known: look again after a while. The time of a claim by hand
 * runs from its beginning, whatever is copied meanwhile.
 */
static ktime_t steal_time(const struct capmsg_port *port,
			  const struct capmsg_port_post *post, ktime_t now)
{
	ktime_t soon = ktime_add_ns(now, port->steal_delay);
	bool busy = post->flags & CAPMSG_POST_BUSY || post->wanted;
	ktime_t over;

	if (!post->claim->by_hand)
		return busy ? soon :
		       ktime_add_ns(post->stalled, port->steal_delay);
	over = ktime_add_ns(post->stalled, port->claim_time);
	return busy ? max_t(ktime_t, over, soon) : over;
}

/*
 * The first one in line watches the time of all claims; it is woken when there
 * is one whose time is up before it would look again.
 */
static void watch(struct capmsg_port *port, const struct capmsg_port_post *post)
{
	struct capmsg_waiter *watcher = capmsg_line_watcher(&port->lines);
	ktime_t time;

	if (!watcher)
		return;
	time = steal_time(port, post, ktime_get());
	if (!ktime_before(time, port->watch))
		return;
	port->watch = time;
	wake_up(&sender_of(watcher)->wait);
}

/* Leave the line, with a post or without; somebody else watches from now on. */
static void leave(struct capmsg_port *port, struct capmsg_sender *sender,
		  void (*how)(struct capmsg_lines *lines,
			      struct capmsg_waiter *waiter))
{
	struct capmsg_waiter *watcher = capmsg_line_watcher(&port->lines);

	how(&port->lines, &sender->waiter);
	if (watcher != &sender->waiter)
		return;
	port->watch = KTIME_MAX;
	watcher = capmsg_line_watcher(&port->lines);
	if (!watcher || list_empty(&port->claimed))
		return;
	/* Need not be told again before it looks. */
	port->watch = 0;
	wake_up(&sender_of(watcher)->wait);
}

/**
 * capmsg_port_queue_locked() - a sender gets in line, unless it is in it
 * @port: the port
 * @sender: the sender
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_port_queue_locked(struct capmsg_port *port,
			      struct capmsg_sender *sender)
{
	struct capmsg_party party;

	lockdep_assert_held(&port->body.lock);
	if (capmsg_sender_waits(sender))
		return;
	party = capmsg_port_party(port, sender);
	capmsg_line_join(&port->lines, &sender->waiter, &party);
	capmsg_line_curb(&port->lines, &sender->waiter,
			 !capmsg_port_may_hold(port, sender, NULL));
}

/* It has a post, or gives up: then whoever has queued it knows. */
static void tell(struct capmsg_sender *sender)
{
	if (sender->alone && sender->notice)
		capmsg_notice_signal(sender->notice);
	sender->alone = false;
	/* A caller has nothing to do before it is answered. */
	if (!sender->served || !sender->answer)
		wake_up(&sender->wait);
}

/**
 * capmsg_sender_refuse_locked() - the message of a sender can never be delivered
 * @sender: the sender; not in line any more. Its owner is told, once
 * @error: why
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_sender_refuse_locked(struct capmsg_sender *sender, int error)
{
	sender->error = error;
	sender->alone = false;
	if (sender->notice)
		capmsg_notice_signal(sender->notice);
	sender->notice = NULL;
	wake_up(&sender->wait);
}

/**
 * capmsg_port_unqueue_locked() - a sender leaves the line, if it is in it
 * @port: the port
 * @sender: the sender; woken
 * @error: why it is refused, or 0
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_port_unqueue_locked(struct capmsg_port *port,
				struct capmsg_sender *sender, int error)
{
	lockdep_assert_held(&port->body.lock);
	if (!capmsg_sender_waits(sender))
		return;
	leave(port, sender, capmsg_line_leave);
	if (error)
		capmsg_sender_refuse_locked(sender, error);
	else
		tell(sender);
}

/**
 * capmsg_port_unqueue_any_locked() - refuse somebody who waits
 * @port: the port
 * @error: why
 *
 * Context: Atomic; lock of the port held.
 * Return: false if nobody waits.
 */
bool capmsg_port_unqueue_any_locked(struct capmsg_port *port, int error)
{
	struct capmsg_waiter *waiter = capmsg_line_any(&port->lines);

	if (waiter)
		capmsg_port_unqueue_locked(port, sender_of(waiter), error);
	return waiter;
}

/**
 * struct offer - what those who wait are asked about
 */
struct offer {
	/** @port: the port */
	struct capmsg_port *port;
	/**
	 * @post: posted just now, or a claim that can be taken away; NULL: any
	 * post that is free, for those who were over their share
	 */
	struct capmsg_port_post *post;
	/** @found: the post that the first one takes */
	struct capmsg_port_post *found;
	/** @over: who is asked holds all that it may */
	bool over;
	/** @freed: somebody is over its share no more, and found nothing */
	bool freed;
};

/* Over its share until now: nothing that was posted meanwhile was for it. */
static struct capmsg_port_post *ask_curbed(struct capmsg_waiter *waiter,
					   struct offer *offer)
{
	const struct capmsg_sender *sender = sender_of(waiter);
	struct capmsg_port_post *post;

	if (offer->post && offer->post->state != CAPMSG_POST_POSTED)
		return NULL;
	offer->over = !capmsg_port_may_hold(offer->port, sender, NULL);
	if (offer->over)
		return NULL;
	post = capmsg_port_find_locked(offer->port, sender, true);
	if (post)
		return post;
	capmsg_line_curb(&offer->port->lines, waiter, false);
	offer->freed = true;
	return NULL;
}

/* As far as its share goes. Of a plain buffer nobody has one. */
static bool may_take(struct capmsg_port *port, const struct capmsg_port_post *post,
		     const struct capmsg_sender *sender)
{
	return post->owner != port ||
	       capmsg_port_may_hold(port, sender, post->share);
}

static enum capmsg_taking ask(struct capmsg_waiter *waiter, void *data)
{
	const struct capmsg_sender *sender = sender_of(waiter);
	struct offer *offer = data;
	struct capmsg_port_post *post = offer->post;

	/* Closed or revoked: who waits looks after that. */
	if (capmsg_sender_gate(sender))
		return CAPMSG_TAKING_NOT;
	if (post && capmsg_post_fits(post, sender)) {
		offer->found = post;
		if (may_take(offer->port, post, sender))
			return CAPMSG_TAKING;
		capmsg_line_curb(&offer->port->lines, waiter, true);
		return CAPMSG_TAKING_OVER;
	}
	offer->over = false;
	offer->found = waiter->curbed ? ask_curbed(waiter, offer) : NULL;
	if (offer->found)
		return CAPMSG_TAKING;
	if (post && capmsg_post_small(post, sender))
		return CAPMSG_TAKING_LARGER;
	/* A plain buffer is part of no share: others of the party may take it. */
	return offer->over && (!post || post->owner == offer->port) ?
	       CAPMSG_TAKING_OVER : CAPMSG_TAKING_NOT;
}

/* A sender in line gets a post, or an error. */
static void serve(struct capmsg_port *port, struct capmsg_port_post *post,
		  struct capmsg_sender *sender)
{
	int ret;

	ret = capmsg_port_give_locked(port, post, sender);
	/* Its landing table dies: it fits no longer. */
	if (ret == -EAGAIN)
		return;
	if (ret) {
		capmsg_port_unqueue_locked(port, sender, ret);
		return;
	}
	leave(port, sender, capmsg_line_serve);
	sender->served = sender->done;
	tell(sender);
	if (sender->done)
		capmsg_port_wake_locked(port);
	else
		watch(port, post);
}

/* Somebody is over its share no more: it may use a claim that has lasted too long. */
static void look_again(struct capmsg_port *port)
{
	struct capmsg_waiter *watcher = capmsg_line_watcher(&port->lines);
	struct capmsg_port_post *post;

	if (!watcher || list_empty(&port->claimed))
		return;
	list_for_each_entry(post, &port->claimed, link)
		post->flags &= ~CAPMSG_POST_SPURNED;
	port->watch = 0;
	wake_up(&sender_of(watcher)->wait);
}

/* As long as there is something to be had. */
static void serve_all(struct capmsg_port *port, struct capmsg_port_post *post)
{
	struct offer offer = { .port = port, .post = post };
	struct capmsg_waiter *waiter;

	do {
		waiter = capmsg_line_offer(&port->lines, ask, &offer);
		if (!waiter)
			break;
		serve(port, offer.found, sender_of(waiter));
		if (post && post->state != CAPMSG_POST_POSTED)
			offer.post = NULL;
	} while (offer.post || port->lines.n_curbed);
	if (offer.freed)
		look_again(port);
}

/**
 * capmsg_port_dispatch_locked() - offer a posted post to who waits for one
 * @port: the port
 * @post: the post; POSTED
 *
 * Context: Atomic; lock of the port held, takes those of tables.
 */
void capmsg_port_dispatch_locked(struct capmsg_port *port,
				 struct capmsg_port_post *post)
{
	lockdep_assert_held(&port->body.lock);
	if (port->lines.n)
		serve_all(port, post);
}

/**
 * capmsg_port_relax_locked() - somebody holds less than before
 * @port: the port
 *
 * To be called if there is no post to dispatch: those who were over their share
 * may use what is free.
 *
 * Context: Atomic; lock of the port held, takes those of tables.
 */
void capmsg_port_relax_locked(struct capmsg_port *port)
{
	lockdep_assert_held(&port->body.lock);
	if (port->lines.n_curbed && !port->body.dead)
		serve_all(port, NULL);
}

/* Take a claim that has lasted too long away, if somebody in line can use it. */
static bool offer_claimed(struct capmsg_port *port,
			  struct capmsg_port_post *post)
{
	struct offer offer = { .port = port, .post = post };

	if (!capmsg_line_offer(&port->lines, ask, &offer))
		return false;
	capmsg_claim_take_locked(port, post);
	capmsg_port_dispatch_locked(port, post);
	return true;
}

/**
 * capmsg_claim_offer_spurned_locked() - somebody may be able to use a claim by now
 * @port: the port
 *
 * Its time was up before, but nobody in line could use it while a revoker was closed.
 *
 * Context: Atomic; lock of the port held, takes those of tables.
 */
void capmsg_claim_offer_spurned_locked(struct capmsg_port *port)
{
	struct capmsg_port_post *post, *next;

	lockdep_assert_held(&port->body.lock);
	list_for_each_entry_safe(post, next, &port->claimed, link) {
		if (post->flags & CAPMSG_POST_SPURNED)
			offer_claimed(port, post);
	}
}

static bool stalled(const struct capmsg_port *port,
		    const struct capmsg_port_post *post, ktime_t now)
{
	return !ktime_before(now, steal_time(port, post, now));
}

/*
 * Take what is stalled away for those in line, until it is the sender's turn. What it
 * could not have itself it leaves to who watches.
 */
static bool steal(struct capmsg_port *port, struct capmsg_sender *sender,
		  ktime_t now)
{
	struct capmsg_port_post *post, *next;

	list_for_each_entry_safe(post, next, &port->claimed, link) {
		if (!capmsg_post_fits(post, sender) ||
		    !stalled(port, post, now) || !may_take(port, post, sender))
			continue;
		capmsg_port_queue_locked(port, sender);
		/* Too many of its user come before it: so it is with the others. */
		if (!offer_claimed(port, post))
			return false;
		if (!capmsg_sender_waits(sender))
			return true;
	}
	return false;
}

/**
 * capmsg_claim_steal_locked() - a newcomer takes what others hold too long
 * @port: the port
 * @sender: the newcomer, for which nothing is posted
 *
 * It gets in line for that: those who wait come first.
 *
 * Context: Atomic; lock of the port held, takes those of tables.
 * Return: true if it got a post, or an error in sender->error; false if it has to
 * wait. It is not in line.
 */
bool capmsg_claim_steal_locked(struct capmsg_port *port,
			       struct capmsg_sender *sender)
{
	lockdep_assert_held(&port->body.lock);
	/* An answer takes no claim away from another one: it is refused. */
	if (list_empty(&port->claimed) || capmsg_port_is_frame(port))
		return false;
	if (steal(port, sender, ktime_get()))
		return true;
	if (capmsg_sender_waits(sender))
		leave(port, sender, capmsg_line_leave);
	return false;
}

/**
 * capmsg_port_watch_locked() - a sender in line looks at the time
 * @port: the port
 * @sender: the sender; in line
 *
 * Claims that have lasted too long go to those who can use them, in turn; one
 * that nobody can use is not looked at again before it was got on with.
 *
 * Context: Atomic; lock of the port held, takes those of tables.
 * Return: when to look again; KTIME_MAX if there is no need, or somebody else
 * does. The sender may have left the line.
 */
ktime_t capmsg_port_watch_locked(struct capmsg_port *port,
				 struct capmsg_sender *sender)
{
	struct capmsg_port_post *post, *next;
	unsigned int n = 0;
	ktime_t now, time;

	lockdep_assert_held(&port->body.lock);
	if (capmsg_line_watcher(&port->lines) != &sender->waiter)
		return KTIME_MAX;
	port->watch = KTIME_MAX;
	now = ktime_get();
	list_for_each_entry_safe(post, next, &port->claimed, link) {
		if (post->flags & CAPMSG_POST_SPURNED)
			continue;
		time = steal_time(port, post, now);
		if (ktime_after(time, now)) {
			port->watch = min(port->watch, time);
			continue;
		}
		/* The others at once, but not under this lock: they may be many. */
		if (n++ == CAPMSG_LINE_LOOK) {
			port->watch = now;
			break;
		}
		if (!offer_claimed(port, post))
			post->flags |= CAPMSG_POST_SPURNED;
	}
	return port->watch;
}

/**
 * capmsg_port_look_locked() - a sender in line looks at the way to the port
 * @port: the port
 * @sender: the sender; in line
 *
 * While the way was closed it was passed over. Nobody else who waits can use what
 * is posted, so it takes that, if it fits. Or else a claim that nobody could use.
 *
 * Context: Atomic; lock of the port held, takes those of tables. The sender may
 * have left the line.
 */
void capmsg_port_look_locked(struct capmsg_port *port,
			     struct capmsg_sender *sender)
{
	struct capmsg_port_post *post;
	bool may;
	int ret;

	lockdep_assert_held(&port->body.lock);
	ret = capmsg_gate_check(sender->through);
	if (ret == -ENOENT)
		capmsg_port_unqueue_locked(port, sender, ret);
	ret = ret ?: capmsg_sender_gate(sender);
	while (!ret && capmsg_sender_waits(sender)) {
		may = capmsg_port_may_hold(port, sender, NULL);
		capmsg_line_curb(&port->lines, &sender->waiter, !may);
		post = capmsg_port_find_locked(port, sender, may);
		if (!post)
			break;
		serve(port, post, sender);
	}
	if (!ret && capmsg_sender_waits(sender))
		capmsg_claim_offer_spurned_locked(port);
}

/**
 * capmsg_claim_begin_locked() - a chunk is going to be copied
 * @port: the port
 * @sender: the sender, who had a claim
 *
 * Context: Atomic; lock of the port held.
 * Return: true; or false if the claim was stolen, the buffer revoked, the port
 * is dead, or the message is not to be used now.
 */
bool capmsg_claim_begin_locked(struct capmsg_port *port,
			       struct capmsg_sender *sender)
{
	struct capmsg_port_post *post = sender->post;

	lockdep_assert_held(&port->body.lock);
	if (!post || port->body.dead)
		return false;
	/* There is no next chunk while somebody waits to take it away. */
	if (post->wanted || capmsg_gate_check(sender->by))
		return false;
	if ((post->flags & CAPMSG_POST_GATED) && !capmsg_post_buffered(post))
		return false;
	post->flags &= ~CAPMSG_POST_SPURNED;
	post->flags |= CAPMSG_POST_BUSY;
	return true;
}

/**
 * capmsg_claim_end_locked() - a chunk was copied
 * @port: the port
 * @sender: the sender, after capmsg_claim_begin_locked()
 * @stalled: the next byte is missing and will be faulted in
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_claim_end_locked(struct capmsg_port *port,
			     struct capmsg_sender *sender, bool stalled)
{
	struct capmsg_port_post *post = sender->post;

	lockdep_assert_held(&port->body.lock);
	post->flags &= ~CAPMSG_POST_BUSY;
	/* Its time runs from the end of the last chunk that got anywhere. */
	if (!stalled && !sender->by_hand)
		post->stalled = ktime_get();
	watch(port, post);
	/* Whoever waits went to sleep under this lock. */
	if (waitqueue_active(&port->calm))
		wake_up(&port->calm);
}

/**
 * capmsg_claim_take_locked() - take a claimed post away from its sender
 * @port: the port
 * @post: the post; CLAIMED and not busy; POSTED afterwards
 *
 * The sender finds out when it is going to copy the next chunk; one by hand may
 * wait in the middle, and is woken.
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_claim_take_locked(struct capmsg_port *port,
			      struct capmsg_port_post *post)
{
	lockdep_assert_held(&port->body.lock);
	WARN_ON_ONCE(post->flags & CAPMSG_POST_BUSY);
	if (post->claim->notice)
		capmsg_notice_signal(post->claim->notice);
	post->claim->notice = NULL;
	post->claim->post = NULL;
	if (post->claim->by_hand)
		wake_up(&post->claim->wait);
	post->claim = NULL;
	post->flags &= ~CAPMSG_POST_SPURNED;
	capmsg_port_set_locked(port, post, CAPMSG_POST_POSTED);
}

/**
 * capmsg_claim_drop_locked() - a sender gives its claim back, if it has one
 * @port: the port
 * @sender: the sender
 *
 * Context: Atomic; lock of the port held, takes those of tables.
 */
void capmsg_claim_drop_locked(struct capmsg_port *port,
			      struct capmsg_sender *sender)
{
	struct capmsg_port_post *post = sender->post;

	lockdep_assert_held(&port->body.lock);
	if (!post)
		return;
	capmsg_claim_take_locked(port, post);
	capmsg_port_dispatch_locked(port, post);
}

/**
 * capmsg_claim_commit_locked() - commit the message that was copied
 * @port: the port
 * @sender: the sender
 *
 * Context: Atomic; lock of the port held, takes those of tables.
 * Return: 0 and sender->done; -EAGAIN if the claim was stolen, its landing slots
 * were lost, the way to the port is closed or revoked, or the port is dead;
 * -ENOENT if the reply right to be moved is used up.
 */
int capmsg_claim_commit_locked(struct capmsg_port *port,
			       struct capmsg_sender *sender)
{
	lockdep_assert_held(&port->body.lock);
	if (!sender->post || port->body.dead ||
	    capmsg_sender_gate(sender))
		return -EAGAIN;
	return capmsg_port_commit_locked(port, sender->post, sender);
}
