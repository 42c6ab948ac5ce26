// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receiving into the caller's records. A message leaves its post only after the
 * caller was told of it: what cannot be told stays where it is.
 */
#include <linux/sched.h>

#include "commands.h"
#include "reception.h"

/**
 * capmsg_receivable() - find a port that the caller may receive from
 * @view: the caller's space
 * @address: address of the port
 * @found: the port
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; errors of capmsg_resolve_type(): -EINVAL if it is no port, -EACCES
 * without RECV.
 */
int capmsg_receivable(const struct capmsg_view *view, u64 address,
		      struct capmsg_found *found)
{
	return capmsg_resolve_type(view, address, CAPMSG_TYPE_PORT,
				   CAPMSG_RIGHT_RECV, found);
}

static int repost(struct capmsg_port *port, u32 index,
		  const struct capmsg_reception *r)
{
	int ret;

	if (likely(!r->through))
		return capmsg_port_repost(port, index);
	do {
		rcu_read_lock();
		ret = capmsg_gate_check(r->through) ?:
		      capmsg_port_repost(port, index);
		rcu_read_unlock();
	} while (capmsg_gate_again(&ret, r->through, &r->until));
	return ret;
}

/**
 * capmsg_reception_repost() - post idle posts again
 * @port: the port
 * @r: the reception
 *
 * Context: Process context; no locks held.
 * Return: 0; -EFAULT; errors of capmsg_port_repost(), for the first post that
 * has one.
 */
int capmsg_reception_repost(struct capmsg_port *port,
			    const struct capmsg_reception *r)
{
	u32 i, index;
	int ret;

	for (i = 0; i < r->n_reposts; i++) {
		if (get_user(index, &r->reposts[i]))
			return -EFAULT;
		ret = repost(port, index, r);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/**
 * capmsg_reception_failed() - the command has failed after its reposts
 * @r: the reception
 * @error: with what
 *
 * It must not do them again when it is restarted, or repeated with the same
 * struct.
 *
 * Context: Process context; no locks held.
 * Return: @error; or -EINTR for -ERESTARTSYS if the caller's struct could not
 * be written.
 */
int capmsg_reception_failed(const struct capmsg_reception *r, int error)
{
	if (r->n_reposts && put_user(0, r->again) && error == -ERESTARTSYS)
		return -EINTR;
	return error;
}

static u32 record_flags(const struct capmsg_port_post *post)
{
	u32 flags = 0;

	if (post->flags & CAPMSG_POST_FRAME)
		flags |= CAPMSG_RECORD_PLAIN;
	else if (post->is_inline)
		flags |= CAPMSG_RECORD_INLINE;
	if (post->reply.object)
		flags |= CAPMSG_RECORD_REPLY;
	if (post->badged)
		flags |= CAPMSG_RECORD_BADGED;
	if (post->upcall)
		flags |= CAPMSG_RECORD_UPCALL;
	return flags;
}

/* After the first message that ends the batch, and is no refusal. */
static int too_small(const struct capmsg_port_post *post, u32 n,
		     const struct capmsg_reception *r, u32 room)
{
	return n ? -EMSGSIZE :
		   capmsg_refuse(r->account, CAPMSG_LIMIT_SIZE, -EMSGSIZE,
				 post->length, room);
}

/* The bytes of a short message, to where the caller's record says. */
static int record_bytes(const struct capmsg_port_post *post, u32 n,
			const struct capmsg_reception *r)
{
	struct capmsg_record __user *from = &r->records[n];
	u32 room;
	u64 data;

	if (!user_read_access_begin(from, sizeof(*from)))
		return -EFAULT;
	unsafe_get_user(data, &from->data, fault);
	unsafe_get_user(room, &from->data_size, fault);
	user_read_access_end();
	if (post->length > room)
		return too_small(post, n, r, room);
	return capmsg_words_to_user(u64_to_user_ptr(data), post->area,
				    post->length);

fault:
	user_read_access_end();
	return -EFAULT;
}

/* The rest. */
static int record_write(const struct capmsg_port_post *post, u32 flags,
			struct capmsg_record __user *to)
{
	if (!user_write_access_begin(to, sizeof(*to)))
		return -EFAULT;
	unsafe_put_user(post->index, &to->out_post, fault);
	unsafe_put_user(post->seq, &to->out_seq, fault);
	unsafe_put_user(flags, &to->out_flags, fault);
	unsafe_put_user(post->length, &to->out_length, fault);
	unsafe_put_user(post->badge, &to->out_badge, fault);
	unsafe_put_user(post->cookie, &to->out_cookie, fault);
	unsafe_put_user(post->n_caps, &to->out_n_caps, fault);
	unsafe_put_user(-post->error, &to->out_error, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * capmsg_reception_record() - tell the caller of one message
 * @post: its post, which nobody else changes meanwhile
 * @n: number of the record
 * @r: the reception
 *
 * Context: Process context; no locks held.
 * Return: 0; -EFAULT; -EMSGSIZE if the bytes have no room.
 */
int capmsg_reception_record(const struct capmsg_port_post *post, u32 n,
			    const struct capmsg_reception *r)
{
	u32 flags = record_flags(post);
	int ret = 0;

	if (flags & CAPMSG_RECORD_INLINE)
		ret = record_bytes(post, n, r);
	if (!ret)
		ret = record_write(post, flags, &r->records[n]);
	return ret ?: put_user(n + 1, r->out_n);
}

/**
 * capmsg_reception_batch() - from the first message on, take what is there
 * @port: the port
 * @post: the first message; REAPING
 * @r: the reception
 *
 * Context: Process context; no locks held.
 * Return: 0 if one message was received at least; errors of
 * capmsg_reception_record() for the first one.
 */
int capmsg_reception_batch(struct capmsg_port *port,
			   struct capmsg_port_post *post,
			   const struct capmsg_reception *r)
{
	u32 n = 0;
	int ret;

	for (;;) {
		ret = capmsg_reception_record(post, n, r);
		if (ret) {
			capmsg_port_unreap(port, post);
			return n ? 0 : ret;
		}
		capmsg_port_retire(port, post);
		if (++n == r->n_records)
			return 0;
		post = capmsg_reap(port, r->through);
		if (!post)
			return 0;
		cond_resched();
	}
}

/**
 * capmsg_reception_receive() - wait for messages, and take them
 * @port: the port; the reposts are done
 * @r: the reception
 *
 * Context: Process context; no locks held; sleeps.
 * Return: 0; errors of capmsg_await() and capmsg_reception_batch().
 */
int capmsg_reception_receive(struct capmsg_port *port,
			     const struct capmsg_reception *r)
{
	struct capmsg_port_post *post;
	int ret;

	ret = capmsg_await(port, r->through, NULL, &r->until, &post) ?:
	      capmsg_reception_batch(port, post, r);
	return ret ? capmsg_reception_failed(r, ret) : 0;
}
