// SPDX-License-Identifier: GPL-2.0-only
/*
 * The waiting side of RECV. A task that waits for any message is woken alone;
 * one with a plain buffer is woken with every message, as that one may be its.
 */
#include "receive.h"

static struct capmsg_port_post *take_locked(struct capmsg_port *port,
					    struct capmsg_frame *plain)
{
	/* Nobody could be given it while the port was closed to us. */
	if (plain && plain->post.through) {
		if (plain->post.state == CAPMSG_POST_POSTED)
			capmsg_port_dispatch_locked(port, &plain->post);
		else if (plain->post.state == CAPMSG_POST_CLAIMED)
			capmsg_claim_offer_spurned_locked(port);
	}
	if (plain && plain->post.state == CAPMSG_POST_FILLED)
		return &plain->post;
	return capmsg_port_reap_locked(port);
}

/*
 * Whoever may not take a message now must not use up the wake-up for one, and so
 * does not wait exclusively.
 */
static int sleep_locked(struct capmsg_port *port, bool exclusive,
			const struct capmsg_until *until,
			const struct capmsg_gates *gates)
	__must_hold(&port->body.lock)
{
	DEFINE_WAIT(entry);
	int ret;

	if (port->body.dead)
		return -ENOENT;
	ret = capmsg_wait_over(until);
	if (ret)
		return ret;
	if (exclusive)
		prepare_to_wait_exclusive(&port->receivers, &entry,
					  CAPMSG_SLEEP_STATE);
	else
		prepare_to_wait(&port->receivers, &entry, CAPMSG_SLEEP_STATE);
	capmsg_port_unlock(port);
	if (!capmsg_gates_changed(gates))
		capmsg_sleep(until->deadline);
	capmsg_port_lock(port);
	finish_wait(&port->receivers, &entry);
	return 0;
}

/* @gates: joined, if the port was named through a revoker; else NULL */
static __always_inline int await(struct capmsg_port *port,
				 struct capmsg_frame *plain,
				 const struct capmsg_until *until,
				 struct capmsg_gates *gates,
				 struct capmsg_port_post **found)
{
	enum capmsg_gate gate;
	bool in_line = false;
	int ret = 0;

	*found = NULL;
	capmsg_port_lock(port);
	for (;;) {
		gate = capmsg_gates_look(gates);
		if (gate == CAPMSG_GATE_OPEN)
			*found = take_locked(port, plain);
		else if (in_line && !list_empty(&port->filled))
			/* It may have been us who were woken for that. */
			capmsg_port_wake_locked(port);
		if (*found)
			break;
		in_line = !plain && gate == CAPMSG_GATE_OPEN;
		ret = gate == CAPMSG_GATE_GONE ? -ENOENT :
		      sleep_locked(port, in_line, until, gates);
		if (ret)
			break;
	}
	capmsg_port_unlock(port);
	return ret;
}

static noinline int await_through(struct capmsg_port *port,
				  const struct capmsg_object *through,
				  struct capmsg_frame *plain,
				  const struct capmsg_until *until,
				  struct capmsg_port_post **found)
{
	struct capmsg_gates gates = { };
	int ret;

	capmsg_gates_join(&gates, through);
	ret = await(port, plain, until, &gates, found);
	capmsg_gates_leave(&gates);
	return ret;
}

/* If the plain buffer was filled meanwhile, that message comes first. */
static struct capmsg_port_post *prefer_plain(struct capmsg_port *port,
					     struct capmsg_frame *plain,
					     struct capmsg_port_post *post)
{
	bool filled;

	capmsg_port_lock(port);
	capmsg_port_withdraw_locked(port, &plain->post);
	filled = plain->post.state == CAPMSG_POST_FILLED;
	capmsg_port_unlock(port);
	if (!filled || post == &plain->post)
		return post;
	if (post)
		capmsg_port_unreap(port, post);
	return &plain->post;
}

/**
 * capmsg_await() - wait for a message
 * @port: the port
 * @through: the revoker that it was named through, or NULL; kept by the caller
 * @plain: frame whose post is posted at @port for a plain buffer, or NULL;
 *	withdrawn when this returns
 * @until: for how long
 * @post: the post with the message: REAPING, or plain->post and FILLED
 *
 * Context: Process context, no locks held; sleeps.
 * Return: 0; -ENOENT if the port is dead or revoked; -EAGAIN, -ETIMEDOUT,
 * -ERESTARTSYS.
 */
int capmsg_await(struct capmsg_port *port, const struct capmsg_object *through,
		 struct capmsg_frame *plain, const struct capmsg_until *until,
		 struct capmsg_port_post **post)
{
	struct capmsg_port_post *found;
	int ret;

	ret = unlikely(through) ?
	      await_through(port, through, plain, until, &found) :
	      await(port, plain, until, NULL, &found);
	if (plain)
		found = prefer_plain(port, plain, found);
	*post = found;
	return found ? 0 : ret;
}

/**
 * capmsg_reap() - take the next message, if there is one
 * @port: the port
 * @through: as for capmsg_await()
 *
 * Context: Any; takes the lock of the port.
 * Return: its post, REAPING; or NULL, also if it must not be taken now.
 */
struct capmsg_port_post *capmsg_reap(struct capmsg_port *port,
				     const struct capmsg_object *through)
{
	struct capmsg_port_post *post;

	capmsg_port_lock(port);
	post = capmsg_gate_check(through) ? NULL :
					    capmsg_port_reap_locked(port);
	capmsg_port_unlock(port);
	return post;
}

/**
 * capmsg_plain_post() - post a frame's plain buffer at a port
 * @port: the port
 * @frame: the frame; its buffer is pinned. To be ended by capmsg_plain_end(),
 *	also after an error
 * @dress: length of the buffer, and landing slots; its references move to the
 *	frame on success. What it says of the port's revoker is kept until then
 *
 * Context: Process context; takes the locks of port and table.
 * Return: 0; -ENOENT if the port or the landing table is dead; -EBUSY or
 * -EEXIST for the landing slots.
 */
int capmsg_plain_post(struct capmsg_port *port, struct capmsg_frame *frame,
		      struct capmsg_dress *dress)
{
	struct capmsg_remains remains = { };
	struct capmsg_port_post *post = &frame->post;
	int ret;

	capmsg_port_lock(&frame->port);
	WRITE_ONCE(post->port, port);
	capmsg_port_unlock(&frame->port);
	capmsg_port_lock(port);
	post->error = 0;
	post->inline_max = min_t(u64, dress->length, CAPMSG_INLINE_MAX);
	ret = port->body.dead ? -ENOENT :
				capmsg_post_dress(post, dress, &remains);
	if (!ret) {
		post->target.pin = &frame->pin;
		post->target.length = dress->length;
		post->through = dress->port_through;
		if (post->through)
			post->flags |= CAPMSG_POST_GATED;
		capmsg_port_post_locked(port, post);
	}
	capmsg_port_unlock(port);
	capmsg_remains_drop(&remains);
	return ret;
}

/**
 * capmsg_plain_end() - take a frame's post off a port
 * @port: the port
 * @frame: the frame
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_plain_end(struct capmsg_port *port, struct capmsg_frame *frame)
{
	struct capmsg_remains remains = { };
	struct capmsg_port_post *post = &frame->post;

	capmsg_port_lock(port);
	capmsg_port_withdraw_locked(port, post);
	capmsg_port_settle_locked(port, post);
	capmsg_port_set_locked(port, post, CAPMSG_POST_IDLE);
	capmsg_post_strip(post, &remains);
	post->through = NULL;
	WRITE_ONCE(post->port, &frame->port);
	capmsg_port_unlock(port);
	capmsg_remains_drop(&remains);
	capmsg_unpin(&frame->pin);
}
