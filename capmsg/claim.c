// SPDX-License-Identifier: GPL-2.0-only
/*
 * Senders at a port. An inline message goes from POSTED to FILLED in one step;
 * a longer one claims a post first, and its sender copies without any lock.
 * Step numbers are those of "DOC: Transfer" in transfer.h.
 */
#include <linux/ktime.h>
#include <linux/string.h>

#include "claim.h"

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
	INIT_LIST_HEAD(&sender->link);
	init_waitqueue_head(&sender->wait);
}

static bool is_frame(const struct capmsg_port *port)
{
	return port->body.ops->type == CAPMSG_TYPE_REPLY;
}

static bool post_fits(const struct capmsg_port_post *post,
		      const struct capmsg_sender *sender)
{
	/* Somebody is about to take it away. */
	if (post->wanted)
		return false;
	if (sender->n_caps &&
	    (sender->n_caps > post->landing.n || !post->landing.armed ||
	     READ_ONCE(post->landing.table->body.dead)))
		return false;
	/* A call to a plain buffer would leave its reply right nowhere. */
	if (sender->reply.object && (post->flags & CAPMSG_POST_FRAME))
		return false;
	if (sender->area)
		return sender->length <= post->inline_max;
	return sender->length <= post->target.length;
}

static struct capmsg_port_post *find_fitted(struct capmsg_port *port,
					    const struct capmsg_sender *sender)
{
	struct capmsg_port_post *post;

	list_for_each_entry(post, &port->fitted, link) {
		if (post_fits(post, sender))
			return post;
	}
	return NULL;
}

/* Bare posts first, to keep the buffers for those who need them. */
static struct capmsg_port_post *find_posted(struct capmsg_port *port,
					    const struct capmsg_sender *sender)
{
	struct capmsg_port_post *post;

	if (is_frame(port)) {
		post = &port->posts[0];
		return post->state == CAPMSG_POST_POSTED &&
		       post_fits(post, sender) ? post : NULL;
	}
	if (sender->area && !sender->n_caps) {
		list_for_each_entry(post, &port->bare, link) {
			if (post_fits(post, sender))
				return post;
		}
	}
	return find_fitted(port, sender);
}

/*
 * A busy claim may stall at any moment: look again after a while. The time of a
 * claim by hand runs from its beginning, whatever is copied meanwhile.
 */
static ktime_t steal_time(const struct capmsg_port *port,
			  const struct capmsg_port_post *post)
{
	ktime_t soon = ktime_add_ns(ktime_get(), port->steal_delay);
	bool busy = post->flags & CAPMSG_POST_BUSY;
	ktime_t over;

	if (!post->claim->by_hand)
		return busy ? soon :
		       ktime_add_ns(post->stalled, port->steal_delay);
	over = ktime_add_ns(post->stalled, port->claim_time);
	return busy ? max_t(ktime_t, over, soon) : over;
}

static struct capmsg_port_post *find_stalled(struct capmsg_port *port,
					     const struct capmsg_sender *sender)
{
	struct capmsg_port_post *post;
	ktime_t now;

	/* A call is answered by one: the others wait for its success. */
	if (list_empty(&port->claimed) || is_frame(port))
		return NULL;
	now = ktime_get();
	list_for_each_entry(post, &port->claimed, link) {
		if (post_fits(post, sender) &&
		    !ktime_before(now, steal_time(port, post)))
			return post;
	}
	return NULL;
}

/* Step 6b. From here on the message is there, and nothing can fail. */
static void commit_locked(struct capmsg_port *port, struct capmsg_port_post *post,
			  struct capmsg_sender *sender)
{
	if (sender->n_caps)
		capmsg_landing_commit_locked(&post->landing, sender->caps,
					     sender->n_caps);
	if (sender->moved.table)
		capmsg_slot_void_locked(&sender->moved);
	if (sender->area)
		memcpy(post->area, sender->area, sender->length);
	post->is_inline = sender->area;
	post->length = sender->length;
	post->n_caps = sender->n_caps;
	post->badge = sender->origin.badge;
	post->badged = sender->origin.badged;
	post->error = 0;
	post->seq++;
	post->claim = NULL;
	if (sender->reply.object)
		capmsg_cap_move(&post->reply, &sender->reply);
	sender->post = NULL;
	sender->done = true;
	if (is_frame(port))
		WRITE_ONCE(port->epoch, port->epoch + 1);
	capmsg_port_set_locked(port, post, CAPMSG_POST_FILLED);
	capmsg_port_announce_locked(port);
}

/* Step 6a: what could have changed since it was looked at. */
static int commit_check_locked(struct capmsg_port_post *post,
			       struct capmsg_sender *sender)
{
	const struct capmsg_cap *right;

	if (sender->n_caps && !capmsg_landing_ready_locked(&post->landing))
		return -EAGAIN;
	if (!sender->moved.table)
		return 0;
	right = &sender->caps[sender->moved_cap];
	if (!capmsg_slot_holds_locked(&sender->moved, right) ||
	    capmsg_cap_void(right))
		return -ENOENT;
	return 0;
}

/* Steps 6a and 6b. -EAGAIN: the post has lost its landing slots. */
static int commit(struct capmsg_port *port, struct capmsg_port_post *post,
		  struct capmsg_sender *sender)
{
	struct capmsg_cappage *table = NULL, *from = sender->moved.table;
	int ret;

	if (!sender->n_caps) {
		commit_locked(port, post, sender);
		return 0;
	}
	table = post->landing.table;
	capmsg_cappage_lock(table, from);
	ret = commit_check_locked(post, sender);
	if (!ret)
		commit_locked(port, post, sender);
	capmsg_cappage_unlock(table, from);
	return ret;
}

/* Give a posted post that fits to a sender: as a claim, or for good. */
static int give_locked(struct capmsg_port *port, struct capmsg_port_post *post,
		       struct capmsg_sender *sender)
{
	if (sender->area)
		return commit(port, post, sender);
	capmsg_port_set_locked(port, post, CAPMSG_POST_CLAIMED);
	post->stalled = ktime_get();
	post->claim = sender;
	sender->post = post;
	return 0;
}

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
	if (is_frame(port)) {
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
 * wait in line; -ENOENT if the port is dead, or the reply right to be moved is
 * used up; -EMSGSIZE; at a frame -ESTALE if the call is over, -EBUSY if another
 * thread is answering it.
 */
int capmsg_port_enter_locked(struct capmsg_port *port,
			     struct capmsg_sender *sender)
{
	struct capmsg_port_post *post;
	int ret;

	lockdep_assert_held(&port->body.lock);
	ret = capmsg_port_admit_locked(port, sender);
	if (ret)
		return ret;
	/* A post whose landing table dies at this moment fits no longer. */
	while ((post = find_posted(port, sender))) {
		ret = give_locked(port, post, sender);
		if (ret != -EAGAIN)
			return ret;
	}
	post = find_stalled(port, sender);
	if (post) {
		capmsg_claim_take_locked(port, post);
		return give_locked(port, post, sender);
	}
	return is_frame(port) ? frame_refusal(port, sender) : -EAGAIN;
}

/**
 * capmsg_port_refuse_locked() - a sender will not wait for a post
 * @port: the port
 * @sender: the sender, to which capmsg_port_enter_locked() gave none
 *
 * Context: Atomic; lock of the port held.
 * Return: -EAGAIN; LIMITS tells why.
 */
int capmsg_port_refuse_locked(struct capmsg_port *port,
			      const struct capmsg_sender *sender)
{
	u32 free = port->count[CAPMSG_POST_POSTED];

	lockdep_assert_held(&port->body.lock);
	return capmsg_refuse(sender->account, CAPMSG_LIMIT_POSTS, -EAGAIN,
			     port->depth - free, port->depth);
}

/**
 * capmsg_port_queue_locked() - a sender gets in line, unless it is
 * @port: the port
 * @sender: the sender
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_port_queue_locked(struct capmsg_port *port,
			      struct capmsg_sender *sender)
{
	lockdep_assert_held(&port->body.lock);
	if (!list_empty(&sender->link))
		return;
	list_add_tail(&sender->link, &port->senders);
	port->n_senders++;
}

/* It has a post, or gives up: then whoever has queued it knows. */
static void leave_line(struct capmsg_sender *sender)
{
	if (sender->alone && sender->notice)
		capmsg_notice_signal(sender->notice);
	sender->alone = false;
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
	if (list_empty(&sender->link))
		return;
	list_del_init(&sender->link);
	port->n_senders--;
	if (error)
		capmsg_sender_refuse_locked(sender, error);
	else
		leave_line(sender);
}

/**
 * capmsg_port_steal_time_locked() - when could a waiting sender steal a post?
 * @port: the port
 * @sender: the sender
 *
 * Context: Atomic; lock of the port held.
 * Return: the time, or KTIME_MAX if there is no fitting claim.
 */
ktime_t capmsg_port_steal_time_locked(struct capmsg_port *port,
				      const struct capmsg_sender *sender)
{
	ktime_t first = KTIME_MAX, time;
	struct capmsg_port_post *post;

	lockdep_assert_held(&port->body.lock);
	list_for_each_entry(post, &port->claimed, link) {
		if (!post_fits(post, sender))
			continue;
		time = steal_time(port, post);
		if (ktime_before(time, first))
			first = time;
	}
	return first;
}

/* Who waits may want to steal it, and has to set its clock. */
static void stall_locked(struct capmsg_port *port,
			 struct capmsg_port_post *post)
{
	struct capmsg_sender *sender;

	list_for_each_entry(sender, &port->senders, link) {
		if (post_fits(post, sender))
			wake_up(&sender->wait);
	}
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
	struct capmsg_sender *sender, *next;
	int ret;

	lockdep_assert_held(&port->body.lock);
	list_for_each_entry_safe(sender, next, &port->senders, link) {
		if (!post_fits(post, sender))
			continue;
		ret = give_locked(port, post, sender);
		if (ret == -EAGAIN)
			return;
		capmsg_port_unqueue_locked(port, sender, ret);
		if (ret)
			continue;
		if (sender->done)
			capmsg_port_wake_locked(port);
		else
			stall_locked(port, post);
		return;
	}
}

/**
 * capmsg_claim_begin_locked() - a chunk is going to be copied
 * @port: the port
 * @sender: the sender, who had a claim
 *
 * Context: Atomic; lock of the port held.
 * Return: true; or false if the claim was stolen, or the port is dead.
 */
bool capmsg_claim_begin_locked(struct capmsg_port *port,
			       struct capmsg_sender *sender)
{
	struct capmsg_port_post *post = sender->post;

	lockdep_assert_held(&port->body.lock);
	if (!post || port->body.dead)
		return false;
	/* There is no next chunk while somebody waits to take it away. */
	if (post->wanted)
		return false;
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
	if (stalled)
		stall_locked(port, post);
	else if (!sender->by_hand)
		post->stalled = ktime_get();
	/* Who waits went to sleep under this lock. */
	if (waitqueue_active(&port->calm))
		wake_up(&port->calm);
}

/**
 * capmsg_claim_take_locked() - take a claimed post away from its sender
 * @port: the port
 * @post: the post; CLAIMED and not busy; POSTED afterwards
 *
 * The sender finds out when it is going to copy the next chunk.
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
	post->claim = NULL;
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
 * Return: 0 and sender->done; -EAGAIN if the claim was stolen, its landing
 * slots were lost, or the port is dead; -ENOENT if the reply right to be moved is used up.
 */
int capmsg_claim_commit_locked(struct capmsg_port *port,
			       struct capmsg_sender *sender)
{
	lockdep_assert_held(&port->body.lock);
	if (!sender->post || port->body.dead)
		return -EAGAIN;
	return commit(port, sender->post, sender);
}
