// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls and answers. The caller waits at its own frame, which is a port with a
 * single post; the reply right is a capability to that frame. An answer is a
 * transfer to it.
 */
#include "call.h"

/* Wait for the answer. The lock of the frame is held before and after. */
static int await_answer(struct capmsg_frame *frame,
			const struct capmsg_until *until)
	__must_hold(&frame->port.body.lock)
{
	struct capmsg_port *port = &frame->port;
	DEFINE_WAIT(entry);
	int ret = 0;

	while (frame->post.state != CAPMSG_POST_FILLED) {
		ret = capmsg_wait_over(until);
		if (ret)
			break;
		prepare_to_wait(&port->receivers, &entry, CAPMSG_SLEEP_STATE);
		capmsg_port_unlock(port);
		capmsg_sleep(until->deadline);
		capmsg_port_lock(port);
	}
	finish_wait(&port->receivers, &entry);
	return ret;
}

/* An answer that was committed counts, whatever else has happened. */
static int collect_answer(struct capmsg_frame *frame,
			  const struct capmsg_until *until,
			  struct capmsg_answer *answer)
{
	const struct capmsg_port_post *post = &frame->post;
	int ret;

	capmsg_port_lock(&frame->port);
	ret = await_answer(frame, until);
	if (ret) {
		capmsg_frame_close_locked(frame);
		if (post->state == CAPMSG_POST_FILLED)
			ret = 0;
	}
	if (!ret)
		ret = post->error;
	if (!ret) {
		answer->length = post->length;
		answer->n_caps = post->n_caps;
		answer->in_area = post->is_inline &&
				  !capmsg_post_buffered(post);
		/* The region may be gone as soon as the lock is. */
		if (post->is_inline && !answer->in_area)
			capmsg_copy_short(&post->target, post->area,
					  post->length);
		capmsg_frame_settle_locked(frame);
	}
	capmsg_port_unlock(&frame->port);
	/* The request is delivered: it must not be sent again. */
	return ret == -ERESTARTSYS ? -EINTR : ret;
}

/**
 * capmsg_call() - send a request and wait for its answer
 * @frame: with the request in it, and armed; the caller ends it afterwards
 * @port: where the request goes
 * @until: deadline of both; nonblock concerns the request alone
 * @answer: the result; its inline bytes are in frame->post until the end
 *
 * Context: Process context, no locks held; sleeps.
 * Return: 0; errors of capmsg_transfer(); -EPIPE if the reply right was
 * dropped; -ENOENT if the landing table was destroyed; after the request was
 * delivered -ETIMEDOUT and -EINTR.
 */
int capmsg_call(struct capmsg_frame *frame, struct capmsg_port *port,
		const struct capmsg_until *until, struct capmsg_answer *answer)
{
	const struct capmsg_until answered = { .deadline = until->deadline };
	int ret;

	frame->cargo.sender.answer = &frame->port;
	ret = capmsg_transfer(&frame->cargo, port, until);
	frame->cargo.sender.answer = NULL;
	if (ret)
		return ret;
	if (!frame->cargo.sender.served)
		capmsg_transfer_wake(port, true);
	return collect_answer(frame, &answered, answer);
}

/**
 * capmsg_reply() - answer a call
 * @frame: with the answer in it
 * @caller: the frame of the caller
 * @epoch: of the call
 *
 * After success the answerer does step 7, capmsg_transfer_wake().
 *
 * Context: Process context, no locks held; sleeps only for the source.
 * Return: 0; -ESTALE if the call is over; -ENOENT if a reply right to be moved is
 * used up; -EMSGSIZE; -EAGAIN if another thread is answering; -EFAULT;
 * -ERESTARTSYS; -EINTR.
 */
int capmsg_reply(struct capmsg_frame *frame, struct capmsg_port *caller,
		 u64 epoch)
{
	static const struct capmsg_until now = {
		.deadline = KTIME_MAX,
		.nonblock = true,
	};

	frame->cargo.sender.epoch = epoch;
	return capmsg_transfer(&frame->cargo, caller, &now);
}

/**
 * capmsg_reply_find() - find the caller that a post may answer
 * @port: the port
 * @index: number of the post
 * @seq: number of the message
 * @caller: the frame of the caller; owns a reference to its body
 * @epoch: of the call
 *
 * The reply right itself stays in the post.
 *
 * Context: Any; takes the lock of the port.
 * Return: 0; -ENOENT, -EINVAL or -ESTALE as capmsg_port_reply_post_locked();
 * -ESTALE if the caller is gone.
 */
int capmsg_reply_find(struct capmsg_port *port, u32 index, u32 seq,
		      struct capmsg_port **caller, u64 *epoch)
{
	struct capmsg_body *body = NULL;
	struct capmsg_port_post *post;
	int ret;

	capmsg_port_lock(port);
	post = capmsg_port_reply_post_locked(port, index, seq);
	ret = PTR_ERR_OR_ZERO(post);
	if (!ret) {
		/* The lock is an RCU read section as well. */
		body = rcu_dereference_check(post->reply.object->body,
					     lockdep_is_held(&port->body.lock));
		if (!body || !capmsg_body_tryget(body))
			ret = -ESTALE;
		*epoch = post->reply.badge;
	}
	capmsg_port_unlock(port);
	if (!ret)
		*caller = capmsg_port_of(body);
	return ret;
}

/* capmsg_reply_take(). Inline, as every answer by post ends with it. */
static __always_inline int reply_take(struct capmsg_port *port, u32 index, u32 seq,
				      struct capmsg_cap *right)
{
	struct capmsg_port_post *post;
	int ret;

	capmsg_port_lock(port);
	post = capmsg_port_reply_post_locked(port, index, seq);
	ret = PTR_ERR_OR_ZERO(post);
	if (!ret) {
		capmsg_cap_move(right, &post->reply);
		capmsg_port_reply_left_locked(port, post);
	}
	capmsg_port_unlock(port);
	return ret;
}

/**
 * capmsg_reply_take() - take the reply right out of the post that holds it
 * @port: the port
 * @index: number of the post
 * @seq: number of the message
 * @right: the right; the caller's now
 *
 * Context: Any; takes the lock of the port.
 * Return: 0; -ENOENT, -EINVAL or -ESTALE as capmsg_port_reply_post_locked().
 */
int capmsg_reply_take(struct capmsg_port *port, u32 index, u32 seq,
		      struct capmsg_cap *right)
{
	return reply_take(port, index, seq, right);
}

/**
 * capmsg_reply_forget() - drop a reply right that is used up, if a post holds it
 * @port: the port
 * @index: number of the post
 * @seq: number of the message
 *
 * Context: Process context, no locks held.
 */
void capmsg_reply_forget(struct capmsg_port *port, u32 index, u32 seq)
{
	struct capmsg_cap right;

	if (!reply_take(port, index, seq, &right))
		capmsg_cap_forget(&right);
}

/**
 * capmsg_reply_move() - move the reply right that a post holds into a slot
 * @port: the port
 * @index: number of the post
 * @seq: number of the message
 * @to: the slot
 *
 * Context: Any; takes the locks of port and table.
 * Return: 0; errors of capmsg_port_reply_post_locked() and capmsg_store_now();
 * -ESTALE if the call is over.
 */
int capmsg_reply_move(struct capmsg_port *port, u32 index, u32 seq,
		      struct capmsg_spot *to)
{
	struct capmsg_port_post *post;
	int ret;

	capmsg_port_lock(port);
	post = capmsg_port_reply_post_locked(port, index, seq);
	ret = PTR_ERR_OR_ZERO(post);
	if (!ret && capmsg_cap_void(&post->reply))
		ret = -ESTALE;
	if (!ret)
		ret = capmsg_store_now(to, &post->reply);
	if (!ret)
		capmsg_port_reply_left_locked(port, post);
	capmsg_port_unlock(port);
	return ret;
}
