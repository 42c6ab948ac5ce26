// SPDX-License-Identifier: GPL-2.0-only
/*
 * Posting and reaping. Whatever makes a post POSTED offers it at once to the
 * senders who wait.
 */
#include <linux/mm.h>
#include <linux/nospec.h>

#include "posting.h"

static void port_release(struct capmsg_body *body)
{
	struct capmsg_port *port = capmsg_port_of(body);

	capmsg_shares_drop(&port->shares);
	if (port->handler)
		capmsg_handler_drop(port->handler);
}

static void port_free(struct capmsg_body *body)
{
	kvfree(capmsg_port_of(body));
}

static const struct capmsg_body_ops port_ops = {
	.type		= CAPMSG_TYPE_PORT,
	.kill		= capmsg_port_kill,
	.sweep		= capmsg_port_sweep,
	.release	= port_release,
	.free		= port_free,
	.first_sender	= capmsg_port_first_sender,
	.last_sender	= capmsg_port_last_sender,
};

/**
 * capmsg_port_alloc() - create a port
 * @account: who pays
 * @limits: what its creator has chosen; checked by the caller
 *
 * Context: Process context; may sleep.
 * Return: the port, its reference owned by the caller until capmsg_body_own();
 * or ERR_PTR: -EDQUOT, -ENOMEM.
 */
struct capmsg_port *capmsg_port_alloc(struct capmsg_account *account,
				      const struct capmsg_port_limits *limits)
{
	u32 i, shares = limits->depth * CAPMSG_SHARES_PER_POST;
	size_t posts_at = ALIGN(sizeof(struct capmsg_port),
				__alignof__(struct capmsg_port_post));
	size_t shares_at = posts_at +
			   limits->depth * sizeof(struct capmsg_port_post);
	size_t handler_at = shares_at + shares * sizeof(struct capmsg_share);
	u32 receivers = limits->flags & CAPMSG_PORT_HANDLER ? limits->depth : 0;
	size_t bytes = handler_at + capmsg_handler_bytes(receivers);
	struct capmsg_port *port;
	struct capmsg_port_post *post;

	port = capmsg_body_alloc(&port_ops, account, bytes);
	if (IS_ERR(port))
		return port;
	capmsg_port_init(port, (void *)port + posts_at, limits);
	capmsg_shares_init(&port->shares, (void *)port + shares_at, shares);
	if (receivers) {
		port->handler = (void *)port + handler_at;
		capmsg_handler_init(port->handler, receivers);
	}
	port->count[CAPMSG_POST_IDLE] = limits->depth;
	for (i = 0; i < limits->depth; i++) {
		post = &port->posts[i];
		capmsg_post_init(post, port, i, &capmsg_landing_lien_ops,
				 &capmsg_cut_lien_ops);
		spin_lock(&port->body.lock);
		capmsg_port_set_locked(port, post,
				       limits->flags & CAPMSG_PORT_NO_SHORT ?
				       CAPMSG_POST_IDLE : CAPMSG_POST_POSTED);
		spin_unlock(&port->body.lock);
	}
	return port;
}

static void kill_senders(struct capmsg_port *port)
{
	unsigned int n = 0;

	spin_lock(&port->body.lock);
	while (capmsg_port_unqueue_any_locked(port, -ENOENT)) {
		/* Nobody gets in line any more. */
		if (++n % CAPMSG_LINE_LOOK == 0)
			cond_resched_lock(&port->body.lock);
	}
	wake_up_all(&port->receivers);
	spin_unlock(&port->body.lock);
}

static void kill_post(struct capmsg_port *port, struct capmsg_port_post *post)
{
	struct capmsg_remains remains = { };

	spin_lock(&port->body.lock);
	capmsg_port_calm_locked(port, post);
	if (post->state == CAPMSG_POST_CLAIMED)
		capmsg_claim_take_locked(port, post);
	/* A reaper strips its post by itself, when it retires it. */
	if (post->state != CAPMSG_POST_REAPING) {
		capmsg_port_set_locked(port, post, CAPMSG_POST_IDLE);
		capmsg_post_strip(post, &remains);
	}
	spin_unlock(&port->body.lock);
	capmsg_remains_drop(&remains);
}

/**
 * capmsg_port_kill() - a port, or a frame, dies
 * @body: its body; dead already, so nobody enters any more
 *
 * Messages that were not received are lost, and calls among them answered
 * with EPIPE. Plain buffers are their receivers' own business.
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_port_kill(struct capmsg_body *body)
{
	struct capmsg_port *port = capmsg_port_of(body);
	u32 i;

	capmsg_port_drop_notices(port);
	kill_senders(port);
	for (i = 0; i < port->depth; i++) {
		kill_post(port, &port->posts[i]);
		cond_resched();
	}
}

/**
 * capmsg_port_post_locked() - post a post
 * @port: the port; not dead
 * @post: the post
 *
 * Context: Atomic; lock of the port held, takes those of tables.
 */
void capmsg_port_post_locked(struct capmsg_port *port, struct capmsg_port_post *post)
{
	lockdep_assert_held(&port->body.lock);
	post->flags &= ~CAPMSG_POST_AGAIN;
	capmsg_port_set_locked(port, post, CAPMSG_POST_POSTED);
	capmsg_port_dispatch_locked(port, post);
}

/**
 * capmsg_port_withdraw_locked() - take a post back from whoever has it
 * @port: the port
 * @post: the post; afterwards IDLE, FILLED or REAPING
 *
 * Context: Process context; lock of the port held, dropped while a chunk is
 * being copied.
 */
void capmsg_port_withdraw_locked(struct capmsg_port *port,
				 struct capmsg_port_post *post)
{
	lockdep_assert_held(&port->body.lock);
	capmsg_port_calm_locked(port, post);
	if (post->state == CAPMSG_POST_CLAIMED)
		capmsg_claim_take_locked(port, post);
	if (post->state == CAPMSG_POST_POSTED)
		capmsg_port_set_locked(port, post, CAPMSG_POST_IDLE);
}

static struct capmsg_port_post *first_of(struct list_head *list)
{
	return list_first_entry_or_null(list, struct capmsg_port_post, link);
}

static struct capmsg_port_post *post_of_index(struct capmsg_port *port, u32 index)
{
	if (index >= port->depth)
		return NULL;
	return &port->posts[array_index_nospec(index, port->depth)];
}

/* The post that POST means, if it may have it. */
static struct capmsg_port_post *
choose_locked(struct capmsg_port *port, u32 index,
	      const struct capmsg_object *through)
{
	struct capmsg_port_post *post;
	int ret;

	if (port->body.dead)
		return ERR_PTR(-ENOENT);
	ret = capmsg_gate_check(through);
	if (ret)
		return ERR_PTR(ret);
	if (index == CAPMSG_POST_ANY) {
		post = first_of(&port->idle) ?: first_of(&port->bare);
		return post ?: ERR_PTR(-EAGAIN);
	}
	post = post_of_index(port, index);
	if (!post)
		return ERR_PTR(-EINVAL);
	if (post->reply.object)
		return ERR_PTR(-EBUSY);
	if (post->state == CAPMSG_POST_IDLE ||
	    post->state == CAPMSG_POST_POSTED)
		return post;
	return ERR_PTR(-EBUSY);
}

/**
 * capmsg_port_dress() - give a post a buffer and landing slots, and post it
 * @port: the port
 * @index: number of the post, or CAPMSG_POST_ANY
 * @dress: what it gets; its references move to the post on success
 *
 * Context: Process context, no locks held; may sleep.
 * Return: number of the post; -ENOENT if port, table or region is dead;
 * -EINVAL if there is no such post; -EBUSY if it is in use, or a landing slot
 * is reserved; -EAGAIN if all posts are in use; -EEXIST if a landing slot is
 * not void; CAPMSG_SHUT. On error nothing has changed.
 */
int capmsg_port_dress(struct capmsg_port *port, u32 index,
		      struct capmsg_dress *dress)
{
	struct capmsg_remains remains = { };
	struct capmsg_port_post *post;
	int ret;

	spin_lock(&port->body.lock);
	post = choose_locked(port, index, dress->port_through);
	ret = PTR_ERR_OR_ZERO(post);
	if (!ret)
		ret = capmsg_post_dress(post, dress, &remains);
	if (!ret) {
		capmsg_port_post_locked(port, post);
		ret = post->index;
	}
	spin_unlock(&port->body.lock);
	capmsg_remains_drop(&remains);
	return ret;
}

/**
 * capmsg_port_repost() - post an idle post as it was
 * @port: the port
 * @index: its number
 *
 * Context: Any; takes the locks of port and table.
 * Return: 0; -ENOENT if the port or the landing table is dead; -EINVAL if there
 * is no such post; -EBUSY if it is not idle, holds a reply right, or a landing
 * slot is reserved; -EEXIST if a landing slot is not void.
 */
int capmsg_port_repost(struct capmsg_port *port, u32 index)
{
	struct capmsg_port_post *post = post_of_index(port, index);
	int ret;

	if (!post)
		return -EINVAL;
	spin_lock(&port->body.lock);
	if (port->body.dead)
		ret = -ENOENT;
	else if (post->state != CAPMSG_POST_IDLE || post->reply.object)
		ret = -EBUSY;
	else if (post->flags & CAPMSG_POST_BEREFT)
		ret = -ENOENT;
	else
		ret = capmsg_landing_arm(&post->landing);
	if (!ret)
		capmsg_port_post_locked(port, post);
	spin_unlock(&port->body.lock);
	return ret;
}

/* Nobody was given the post while it was wanted here; whoever held it does not. */
static void offer_locked(struct capmsg_port *port, struct capmsg_port_post *post)
{
	if (post->port == port && post->state == CAPMSG_POST_POSTED)
		capmsg_port_dispatch_locked(port, post);
	else
		capmsg_port_relax_locked(port);
}

/* What a post is when nothing was ever done to it. */
static void post_reset_locked(struct capmsg_port *port,
			      struct capmsg_port_post *post,
			      struct capmsg_remains *remains)
{
	capmsg_post_strip(post, remains);
	if (port->body.dead || (port->flags & CAPMSG_PORT_NO_SHORT))
		capmsg_port_set_locked(port, post, CAPMSG_POST_IDLE);
	else
		capmsg_port_post_locked(port, post);
}

/**
 * capmsg_port_unpost() - take the buffer off a post
 * @port: the port
 * @index: its number
 * @through: the revoker that the port was named through, or NULL
 *
 * Context: Process context, no locks held; may sleep for the length of a chunk.
 * Return: 0; -ENOENT if the port is dead or revoked; -EINVAL if there is no such
 * post; -EBUSY if it holds a message or a reply right; CAPMSG_SHUT.
 */
int capmsg_port_unpost(struct capmsg_port *port, u32 index,
		       const struct capmsg_object *through)
{
	struct capmsg_port_post *post = post_of_index(port, index);
	struct capmsg_remains remains = { };
	int ret;

	if (!post)
		return -EINVAL;
	spin_lock(&port->body.lock);
	/* This may drop the lock; what follows does not any more. */
	capmsg_port_calm_locked(port, post);
	ret = port->body.dead ? -ENOENT : capmsg_gate_check(through);
	if (!ret) {
		capmsg_port_withdraw_locked(port, post);
		if (post->state != CAPMSG_POST_IDLE || post->reply.object)
			ret = -EBUSY;
	}
	if (!ret)
		post_reset_locked(port, post, &remains);
	offer_locked(port, post);
	spin_unlock(&port->body.lock);
	capmsg_remains_drop(&remains);
	return ret;
}

/**
 * capmsg_port_reap_locked() - take the next message in order to receive it
 * @port: the port
 *
 * Context: Atomic; lock of the port held.
 * Return: its post, REAPING, which is the caller's until it retires or unreaps
 * it; NULL if there is none.
 */
struct capmsg_port_post *capmsg_port_reap_locked(struct capmsg_port *port)
{
	struct capmsg_port_post *post;

	lockdep_assert_held(&port->body.lock);
	post = first_of(&port->filled);
	if (post)
		capmsg_port_set_locked(port, post, CAPMSG_POST_REAPING);
	return post;
}

/* The post comes back to its receiver, with an error and no message. */
static void bounce_locked(struct capmsg_port *port, struct capmsg_port_post *post)
{
	post->flags &= ~(CAPMSG_POST_BEREFT | CAPMSG_POST_AGAIN);
	post->error = -ENOENT;
	post->length = 0;
	post->n_caps = 0;
	post->is_inline = false;
	post->badge = 0;
	post->badged = false;
	post->seq++;
	capmsg_port_set_locked(port, post, CAPMSG_POST_FILLED);
	capmsg_port_announce_locked(port);
	capmsg_port_wake_locked(port);
}

/* Post a post again as it was; or tell that it is not what it was. */
static void post_again_locked(struct capmsg_port *port,
			      struct capmsg_port_post *post)
{
	if (post->flags & CAPMSG_POST_BEREFT)
		bounce_locked(port, post);
	else
		capmsg_port_post_locked(port, post);
}

/* Does the post take the next message as it is? */
static bool takes_another(const struct capmsg_port_post *post)
{
	return post->is_inline && !post->n_caps && !post->error;
}

/**
 * capmsg_port_retire() - a message was received
 * @port: the port
 * @post: its post; REAPING
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_port_retire(struct capmsg_port *port, struct capmsg_port_post *post)
{
	bool dead;

	spin_lock(&port->body.lock);
	capmsg_port_set_locked(port, post, CAPMSG_POST_IDLE);
	dead = port->body.dead;
	if (!dead && takes_another(post) && !post->reply.object)
		post_again_locked(port, post);
	else if (!dead && takes_another(post))
		post->flags |= CAPMSG_POST_AGAIN;
	else
		capmsg_landing_disarm(&post->landing);
	capmsg_port_relax_locked(port);
	spin_unlock(&port->body.lock);
	/* The port's death has left that to us. */
	if (dead)
		kill_post(port, post);
}

/**
 * capmsg_port_unreap() - a message could not be received
 * @port: the port
 * @post: its post; REAPING; first in line again
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_port_unreap(struct capmsg_port *port, struct capmsg_port_post *post)
{
	bool dead;

	spin_lock(&port->body.lock);
	dead = port->body.dead;
	if (!dead) {
		capmsg_port_set_locked(port, post, CAPMSG_POST_FILLED);
		list_move(&post->link, &port->filled);
		capmsg_port_announce_locked(port);
		capmsg_port_wake_locked(port);
	}
	spin_unlock(&port->body.lock);
	if (dead)
		capmsg_port_retire(port, post);
}

/**
 * capmsg_port_reply_post_locked() - find the post that holds a reply right
 * @port: the port
 * @index: number of the post
 * @seq: number of the message that brought it
 *
 * Context: Atomic; lock of the port held.
 * Return: the post; or ERR_PTR: -ENOENT if the port is dead or the post holds
 * no reply right; -EINVAL if there is no such post; -ESTALE if it has
 * received another message since.
 */
struct capmsg_port_post *capmsg_port_reply_post_locked(struct capmsg_port *port,
						       u32 index, u32 seq)
{
	struct capmsg_port_post *post = post_of_index(port, index);

	lockdep_assert_held(&port->body.lock);
	if (!post)
		return ERR_PTR(-EINVAL);
	if (port->body.dead)
		return ERR_PTR(-ENOENT);
	if (post->seq != seq)
		return ERR_PTR(-ESTALE);
	if (post->state != CAPMSG_POST_IDLE || !post->reply.object)
		return ERR_PTR(-ENOENT);
	return post;
}

/**
 * capmsg_port_reply_left_locked() - a post holds its reply right no longer
 * @port: the port
 * @post: the post
 *
 * Context: Atomic; lock of the port held, takes those of tables.
 */
void capmsg_port_reply_left_locked(struct capmsg_port *port,
				   struct capmsg_port_post *post)
{
	lockdep_assert_held(&port->body.lock);
	if (post->flags & CAPMSG_POST_AGAIN)
		post_again_locked(port, post);
	else
		capmsg_port_set_locked(port, post, CAPMSG_POST_IDLE);
}

/*
 * What keeps the post while it is told: the port where it is posted, which is
 * what the pointer says, and if that is not what it is part of, its frame. A
 * frame's post is posted elsewhere only during a command of a living space.
 */
static void *post_hold(struct capmsg_port_post *post)
{
	struct capmsg_port *port = post->port;

	if (!capmsg_body_tryget(&port->body))
		return NULL;
	if (post->owner != port)
		capmsg_body_get(&post->owner->body);
	return port;
}

/* No object ends with a post. */
static struct capmsg_body *post_told(struct capmsg_port *owner, struct capmsg_port *port,
				     struct capmsg_remains *remains)
{
	capmsg_remains_drop(remains);
	if (owner != port)
		capmsg_body_put(&owner->body);
	capmsg_body_put(&port->body);
	return NULL;
}

static void *landing_hold(struct capmsg_lien *lien)
{
	return post_hold(container_of(lien, struct capmsg_port_post, landing.lien));
}

static void *cut_hold(struct capmsg_lien *lien)
{
	return post_hold(container_of(lien, struct capmsg_port_post, cut.lien));
}

static bool lost_landing(const struct capmsg_port *port,
			 const struct capmsg_port_post *post)
{
	return post->port == port && post->landing.table &&
	       READ_ONCE(post->landing.table->body.dead);
}

static bool lost_buffer(const struct capmsg_port *port,
			const struct capmsg_port_post *post)
{
	return post->port == port && post->cut.region &&
	       READ_ONCE(post->cut.region->body.dead);
}

/*
 * By the time that these run the post may have got other landing slots, another
 * buffer, or may have moved to another port: then there is nothing to do.
 */
static struct capmsg_body *landing_lost(struct capmsg_lien *lien, void *held)
{
	struct capmsg_port_post *post =
		container_of(lien, struct capmsg_port_post, landing.lien);
	struct capmsg_remains remains = { };
	struct capmsg_port *port = held, *owner = post->owner;

	spin_lock(&port->body.lock);
	if (lost_landing(port, post))
		capmsg_port_calm_locked(port, post);
	if (lost_landing(port, post)) {
		if (post->state == CAPMSG_POST_CLAIMED)
			capmsg_claim_take_locked(port, post);
		capmsg_post_strip_landing(post, &remains);
		post->flags |= CAPMSG_POST_BEREFT;
		if (post->state == CAPMSG_POST_POSTED)
			bounce_locked(port, post);
	}
	offer_locked(port, post);
	spin_unlock(&port->body.lock);
	return post_told(owner, port, &remains);
}

static struct capmsg_body *cut_lost(struct capmsg_lien *lien, void *held)
{
	struct capmsg_port_post *post = container_of(lien, struct capmsg_port_post, cut.lien);
	struct capmsg_remains remains = { };
	struct capmsg_port *port = held, *owner = post->owner;

	spin_lock(&port->body.lock);
	if (lost_buffer(port, post))
		capmsg_port_calm_locked(port, post);
	if (lost_buffer(port, post)) {
		if (post->state == CAPMSG_POST_CLAIMED)
			capmsg_claim_take_locked(port, post);
		capmsg_post_strip_buffer(post, &remains);
		if (post->state == CAPMSG_POST_POSTED)
			capmsg_port_set_locked(port, post, CAPMSG_POST_POSTED);
	}
	offer_locked(port, post);
	spin_unlock(&port->body.lock);
	return post_told(owner, port, &remains);
}

const struct capmsg_lien_ops capmsg_landing_lien_ops = {
	.hold	= landing_hold,
	.lost	= landing_lost,
};

const struct capmsg_lien_ops capmsg_cut_lien_ops = {
	.hold	= cut_hold,
	.lost	= cut_lost,
};
