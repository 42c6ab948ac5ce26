// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that move messages: post, send, receive, call, reply. Steps 1 and 2
 * of a transfer ("DOC: Transfer" in transfer.h) are here.
 */
#include <linux/mm.h>

#include "call.h"
#include "commands.h"
#include "hooks.h"
#include "message.h"
#include "receive.h"

/* A port that the caller may receive from. */
static int receivable(const struct capmsg_cap *root, u64 address,
		      struct capmsg_port **port)
{
	struct capmsg_body *body;
	struct capmsg_cap seen;
	int ret;

	ret = capmsg_resolve_type(root, address, CAPMSG_TYPE_PORT,
				  CAPMSG_RIGHT_RECV, &seen, &body);
	if (!ret)
		*port = capmsg_port_of(body);
	return ret;
}

/**
 * capmsg_cmd_post() - CAPMSG_IOC_POST
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_post(struct capmsg_cmd *cmd)
{
	const struct capmsg_post *arg = &cmd->arg.post;
	struct capmsg_dress dress = { .cookie = arg->cookie };
	struct capmsg_port *port;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved)
		return -EINVAL;
	ret = capmsg_out_check(cmd, capmsg_post, post, out_post) ?:
	      receivable(cmd->root, arg->port, &port);
	if (ret)
		return ret;
	ret = capmsg_dress_region(cmd->root, arg->region, arg->offset,
				  arg->length, &dress) ?:
	      capmsg_dress_landing(cmd->root, arg->landing, arg->max_caps,
				   &dress) ?:
	      capmsg_port_dress(port, arg->post, &dress);
	if (ret < 0)
		capmsg_dress_put(&dress);
	else
		ret = capmsg_out(cmd, capmsg_post, out_post, ret);
	capmsg_body_put(&port->body);
	return ret;
}

/**
 * capmsg_cmd_unpost() - CAPMSG_IOC_UNPOST
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_unpost(struct capmsg_cmd *cmd)
{
	const struct capmsg_unpost *arg = &cmd->arg.unpost;
	struct capmsg_port *port;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved)
		return -EINVAL;
	ret = receivable(cmd->root, arg->port, &port);
	if (ret)
		return ret;
	ret = capmsg_port_unpost(port, arg->post);
	capmsg_body_put(&port->body);
	return ret;
}

/* Step 2 for the destination of a SEND or CALL. */
static int destination(const struct capmsg_cap *root, u64 to, u32 n_items,
		       struct capmsg_sender *sender, struct capmsg_port **port)
{
	struct capmsg_body *body;
	struct capmsg_cap seen;
	int ret;

	ret = capmsg_resolve_type(root, to, CAPMSG_TYPE_PORT,
				  CAPMSG_RIGHT_SEND |
				  (n_items ? CAPMSG_RIGHT_GRANT : 0),
				  &seen, &body);
	if (ret)
		return ret;
	sender->badge = seen.badge;
	sender->badged = seen.flags & CAPMSG_CAP_BADGED;
	*port = capmsg_port_of(body);
	return 0;
}

/**
 * capmsg_cmd_send() - CAPMSG_IOC_SEND
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_send(struct capmsg_cmd *cmd)
{
	const struct capmsg_send *arg = &cmd->arg.send;
	struct capmsg_payload payload = {
		arg->data, arg->length, arg->items, arg->n_iov, arg->n_items
	};
	struct capmsg_wait wait;
	struct capmsg_frame *frame;
	struct capmsg_port *port;
	unsigned int index;
	int ret;

	ret = capmsg_check_flags(arg->flags, CAPMSG_NONBLOCK);
	if (ret)
		return ret;
	wait = capmsg_wait_until(arg->deadline, arg->flags & CAPMSG_NONBLOCK);
	frame = capmsg_frame_get(cmd->space, &index);
	if (!frame)
		return capmsg_space_ready(cmd->space) ? -EAGAIN : -ENOENT;
	ret = capmsg_message_read(frame, &payload);
	if (ret)
		goto out_frame;
	ret = destination(cmd->root, arg->to, arg->n_items, &frame->sender,
			  &port);
	if (ret)
		goto out_frame;
	ret = capmsg_message_resolve(frame, cmd->root) ?:
	      capmsg_transfer(frame, port, &wait, false);
	capmsg_message_end(frame);
	capmsg_body_put(&port->body);
out_frame:
	capmsg_frame_put(cmd->space, index);
	return ret;
}

/* Where the answer is to arrive. */
static int call_prepare(struct capmsg_cmd *cmd, struct capmsg_frame *frame)
{
	const struct capmsg_call *arg = &cmd->arg.call;
	u32 inline_max = min_t(u64, arg->reply_size, CAPMSG_INLINE_MAX);
	struct capmsg_dress dress = { .length = arg->reply_size };
	int ret = 0;

	if (arg->flags & CAPMSG_CALL_REGION)
		ret = capmsg_dress_region(cmd->root, arg->reply_region,
					  arg->reply_data, arg->reply_size,
					  &dress);
	else if (arg->reply_size > cmd->space->plain_max)
		ret = -EMSGSIZE;
	else if (arg->reply_size > CAPMSG_INLINE_MAX)
		ret = capmsg_pin_user(&frame->pin, arg->reply_data,
				      arg->reply_size, false);
	if (!ret)
		ret = capmsg_dress_landing(cmd->root, arg->reply_landing,
					   arg->reply_max_caps, &dress);
	if (!ret)
		ret = capmsg_frame_arm(frame, &dress, inline_max);
	if (ret)
		capmsg_dress_put(&dress);
	return ret;
}

static int call_finish(struct capmsg_cmd *cmd, struct capmsg_frame *frame,
		       const struct capmsg_answer *answer)
{
	const struct capmsg_target *target = &frame->post.target;
	const void *area = frame->post.area;
	u64 to = cmd->arg.call.reply_data;

	if (answer->is_inline && target->pin)
		capmsg_copy_short(target, area, answer->length);
	else if (answer->is_inline &&
		 copy_to_user(u64_to_user_ptr(to), area, answer->length))
		return -EFAULT;
	return capmsg_out(cmd, capmsg_call, out_length, answer->length) ?:
	       capmsg_out(cmd, capmsg_call, out_n_caps, answer->n_caps);
}

static int call(struct capmsg_cmd *cmd, struct capmsg_frame *frame)
{
	const struct capmsg_call *arg = &cmd->arg.call;
	struct capmsg_wait wait;
	struct capmsg_answer answer;
	struct capmsg_port *port;
	int ret;

	ret = destination(cmd->root, arg->to, arg->n_items, &frame->sender,
			  &port);
	if (ret)
		return ret;
	wait = capmsg_wait_until(arg->deadline, arg->flags & CAPMSG_NONBLOCK);
	ret = capmsg_message_resolve(frame, cmd->root) ?:
	      call_prepare(cmd, frame) ?:
	      capmsg_call(frame, port, &wait, &answer) ?:
	      call_finish(cmd, frame, &answer);
	capmsg_frame_end(frame);
	capmsg_message_end(frame);
	capmsg_body_put(&port->body);
	return ret;
}

/**
 * capmsg_cmd_call() - CAPMSG_IOC_CALL
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_call(struct capmsg_cmd *cmd)
{
	const struct capmsg_call *arg = &cmd->arg.call;
	struct capmsg_payload payload = {
		arg->data, arg->length, arg->items, arg->n_iov, arg->n_items
	};
	struct capmsg_frame *frame;
	unsigned int index;
	int ret;

	ret = capmsg_check_flags(arg->flags,
				 CAPMSG_NONBLOCK | CAPMSG_CALL_REGION);
	if (ret)
		return ret;
	if (!(arg->flags & CAPMSG_CALL_REGION) && arg->reply_region)
		return -EINVAL;
	ret = capmsg_out_check(cmd, capmsg_call, call, out_length) ?:
	      capmsg_out_check(cmd, capmsg_call, call, out_n_caps);
	if (ret)
		return ret;
	frame = capmsg_frame_get(cmd->space, &index);
	if (!frame)
		return capmsg_space_ready(cmd->space) ? -EAGAIN : -ENOENT;
	ret = capmsg_message_read(frame, &payload);
	if (!ret)
		ret = call(cmd, frame);
	capmsg_frame_put(cmd->space, index);
	return ret;
}

/*
 * An answer, by post or by address. A right that a post holds is taken out when
 * it is used up; one in a slot reads as void from then on.
 */
static int answer_by_post(const struct capmsg_cap *root,
			  const struct capmsg_reply *arg,
			  struct capmsg_frame *frame, bool sync)
{
	struct capmsg_port *port, *caller;
	u64 epoch;
	int ret;

	ret = receivable(root, arg->to, &port);
	if (ret)
		return ret;
	ret = capmsg_reply_find(port, arg->post, arg->seq, &caller, &epoch);
	if (!ret) {
		ret = capmsg_message_resolve(frame, root) ?:
		      capmsg_reply(frame, caller, epoch, sync);
		capmsg_message_end(frame);
		capmsg_body_put(&caller->body);
	}
	if (!ret || ret == -ESTALE)
		capmsg_reply_used(port, arg->post, arg->seq);
	capmsg_body_put(&port->body);
	return ret;
}

static int answer_by_address(const struct capmsg_cap *root,
			     const struct capmsg_reply *arg,
			     struct capmsg_frame *frame, bool sync)
{
	u16 rights = CAPMSG_RIGHT_SEND |
		     (arg->n_items ? CAPMSG_RIGHT_GRANT : 0);
	struct capmsg_body *caller;
	struct capmsg_cap seen;
	int ret;

	ret = capmsg_resolve(root, arg->to, rights, &seen, &caller);
	if (ret)
		return ret;
	ret = -EINVAL;
	if (caller->ops->type == CAPMSG_TYPE_REPLY)
		ret = capmsg_message_resolve(frame, root) ?:
		      capmsg_reply(frame, capmsg_port_of(caller), seen.badge,
				   sync);
	capmsg_message_end(frame);
	capmsg_body_put(caller);
	return ret;
}

static int answer(struct capmsg_cmd *cmd, const struct capmsg_reply *arg,
		  bool sync)
{
	struct capmsg_payload payload = {
		arg->data, arg->length, arg->items, arg->n_iov, arg->n_items
	};
	struct capmsg_frame *frame;
	unsigned int index;
	int ret;

	if (!(arg->flags & CAPMSG_REPLY_POST) && (arg->post || arg->seq))
		return -EINVAL;
	frame = capmsg_frame_get(cmd->space, &index);
	if (!frame)
		return capmsg_space_ready(cmd->space) ? -EAGAIN : -ENOENT;
	frame->sender.badge = 0;
	frame->sender.badged = false;
	ret = capmsg_message_read(frame, &payload);
	if (!ret)
		ret = arg->flags & CAPMSG_REPLY_POST ?
		      answer_by_post(cmd->root, arg, frame, sync) :
		      answer_by_address(cmd->root, arg, frame, sync);
	capmsg_frame_put(cmd->space, index);
	return ret;
}

/**
 * capmsg_cmd_reply() - CAPMSG_IOC_REPLY
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_reply(struct capmsg_cmd *cmd)
{
	const struct capmsg_reply *arg = &cmd->arg.reply;

	return capmsg_check_flags(arg->flags, CAPMSG_REPLY_POST) ?:
	       answer(cmd, arg, false);
}

/**
 * struct reception - the receiving half of a command
 */
struct reception {
	/** @records: where the messages go */
	struct capmsg_record __user *records;
	/** @out_n: where their number goes */
	u32 __user *out_n;
	/** @reposts: posts to be posted again */
	const u32 __user *reposts;
	/** @n_records: room at @records */
	u32 n_records;
	/** @n_reposts: number of @reposts */
	u32 n_reposts;
	/** @wait: for how long */
	struct capmsg_wait wait;
};

static int reception_check(const struct reception *r)
{
	if (!r->n_records || r->n_records > CAPMSG_BATCH_MAX ||
	    r->n_reposts > CAPMSG_DEPTH_MAX)
		return -EINVAL;
	return 0;
}

static int repost_all(struct capmsg_port *port, const struct reception *r)
{
	u32 i, index;
	int ret;

	for (i = 0; i < r->n_reposts; i++) {
		if (get_user(index, &r->reposts[i]))
			return -EFAULT;
		ret = capmsg_port_repost(port, index);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
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
	return flags;
}

/* Tell the caller of one message; its post is ours meanwhile. */
static int record_write(const struct capmsg_port_post *post, u32 n,
			const struct reception *r)
{
	struct capmsg_record __user *to = &r->records[n];
	const size_t outs = offsetof(struct capmsg_record, out_post);
	struct capmsg_record record;
	u32 flags = record_flags(post);

	if (copy_from_user(&record, to, outs))
		return -EFAULT;
	record.out_post = post->index;
	record.out_seq = post->seq;
	record.out_flags = flags;
	record.out_length = post->length;
	record.out_badge = post->badge;
	record.out_cookie = post->cookie;
	record.out_n_caps = post->n_caps;
	record.out_error = -post->error;
	if (flags & CAPMSG_RECORD_INLINE) {
		if (post->length > record.data_size)
			return -EMSGSIZE;
		if (copy_to_user(u64_to_user_ptr(record.data), post->area,
				 post->length))
			return -EFAULT;
	}
	if (copy_to_user((void __user *)to + outs, (void *)&record + outs,
			 sizeof(record) - outs))
		return -EFAULT;
	return put_user(n + 1, r->out_n);
}

/* From the first message on, take what is there. */
static int receive_batch(struct capmsg_port *port,
			 struct capmsg_port_post *post,
			 const struct reception *r)
{
	u32 n = 0;
	int ret;

	for (;;) {
		ret = record_write(post, n, r);
		if (ret) {
			capmsg_port_unreap(port, post);
			return n ? 0 : ret;
		}
		capmsg_port_retire(port, post);
		if (++n == r->n_records)
			return 0;
		post = capmsg_reap(port);
		if (!post)
			return 0;
		cond_resched();
	}
}

static int receive(struct capmsg_port *port, const struct reception *r)
{
	struct capmsg_port_post *post;
	int ret;

	ret = repost_all(port, r);
	if (!ret)
		ret = capmsg_await(port, NULL, &r->wait, &post);
	if (!ret)
		ret = receive_batch(port, post, r);
	return ret;
}

static int plain_finish(struct capmsg_port *port, struct capmsg_frame *frame,
			struct capmsg_port_post *post,
			const struct reception *r)
{
	if (post != &frame->post)
		return receive_batch(port, post, r);
	if (post->is_inline)
		capmsg_copy_short(&post->target, post->area, post->length);
	return record_write(post, 0, r);
}

/* RECV into a plain buffer: a post of its own, for this call. */
static int receive_plain(struct capmsg_cmd *cmd, struct capmsg_port *port,
			 struct capmsg_frame *frame, const struct reception *r)
{
	const struct capmsg_recv *arg = &cmd->arg.recv;
	struct capmsg_dress dress = { .length = arg->plain_size };
	struct capmsg_port_post *post;
	int ret;

	ret = capmsg_pin_user(&frame->pin, arg->plain, arg->plain_size, false);
	if (ret)
		return ret;
	ret = capmsg_dress_landing(cmd->root, arg->landing, arg->max_caps,
				   &dress) ?:
	      repost_all(port, r) ?:
	      capmsg_plain_post(port, frame, &dress);
	if (ret)
		capmsg_dress_put(&dress);
	else
		ret = capmsg_await(port, frame, &r->wait, &post) ?:
		      plain_finish(port, frame, post, r);
	capmsg_plain_end(port, frame);
	return ret;
}

static int recv_plain(struct capmsg_cmd *cmd, struct capmsg_port *port,
		      const struct reception *r)
{
	struct capmsg_frame *frame;
	unsigned int index;
	int ret;

	if (r->n_records != 1)
		return -EINVAL;
	if (cmd->arg.recv.plain_size > cmd->space->plain_max)
		return -EMSGSIZE;
	frame = capmsg_frame_get(cmd->space, &index);
	if (!frame)
		return -EAGAIN;
	ret = receive_plain(cmd, port, frame, r);
	capmsg_frame_put(cmd->space, index);
	return ret;
}

/**
 * capmsg_cmd_recv() - CAPMSG_IOC_RECV
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_recv(struct capmsg_cmd *cmd)
{
	const struct capmsg_recv *arg = &cmd->arg.recv;
	struct capmsg_recv __user *user = cmd->user;
	struct reception r = {
		.records	= u64_to_user_ptr(arg->records),
		.out_n		= &user->out_n,
		.reposts	= u64_to_user_ptr(arg->reposts),
		.n_records	= arg->n_records,
		.n_reposts	= arg->n_reposts,
	};
	struct capmsg_port *port;
	int ret;

	ret = capmsg_check_flags(arg->flags, CAPMSG_NONBLOCK) ?:
	      reception_check(&r);
	if (ret)
		return ret;
	if (!arg->plain_size && (arg->plain || arg->landing || arg->max_caps))
		return -EINVAL;
	ret = capmsg_out_check(cmd, capmsg_recv, recv, out_n) ?:
	      receivable(cmd->root, arg->port, &port);
	if (ret)
		return ret;
	r.wait = capmsg_wait_until(arg->deadline, arg->flags & CAPMSG_NONBLOCK);
	ret = arg->plain_size ? recv_plain(cmd, port, &r) : receive(port, &r);
	capmsg_body_put(&port->body);
	return ret;
}

/* Returns an error that ends the command; a late answer does not. */
static int reply_half(struct capmsg_cmd *cmd)
{
	const struct capmsg_reply_recv *arg = &cmd->arg.reply_recv;
	const struct capmsg_reply reply = {
		.flags		= arg->flags & CAPMSG_REPLY_POST,
		.to		= arg->to,
		.data		= arg->data,
		.length		= arg->length,
		.items		= arg->items,
		.n_iov		= arg->n_iov,
		.n_items	= arg->n_items,
		.post		= arg->post,
		.seq		= arg->seq,
	};
	int ret, late;

	if (arg->flags & CAPMSG_REPLY_NONE)
		return 0;
	ret = capmsg_out_check(cmd, capmsg_reply_recv, reply_recv,
			       out_reply_error) ?:
	      answer(cmd, &reply, true);
	if (ret && ret != -ESTALE)
		return ret;
	late = -ret;
	return capmsg_out(cmd, capmsg_reply_recv, out_reply_error, late);
}

/* The answer is given: whatever comes now must not give it again. */
static int receive_failed(struct capmsg_cmd *cmd, int error)
{
	u32 flags = cmd->arg.reply_recv.flags | CAPMSG_REPLY_NONE;

	if (capmsg_out(cmd, capmsg_reply_recv, flags, flags) &&
	    error == -ERESTARTSYS)
		return -EINTR;
	return error;
}

/**
 * capmsg_cmd_reply_recv() - CAPMSG_IOC_REPLY_RECV
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_reply_recv(struct capmsg_cmd *cmd)
{
	const struct capmsg_reply_recv *arg = &cmd->arg.reply_recv;
	struct capmsg_reply_recv __user *user = cmd->user;
	struct reception r = {
		.records	= u64_to_user_ptr(arg->records),
		.out_n		= &user->out_n,
		.reposts	= u64_to_user_ptr(arg->reposts),
		.n_records	= arg->n_records,
		.n_reposts	= arg->n_reposts,
	};
	struct capmsg_port *port;
	int ret;

	ret = capmsg_check_flags(arg->flags, CAPMSG_NONBLOCK |
				 CAPMSG_REPLY_POST | CAPMSG_REPLY_NONE) ?:
	      reception_check(&r) ?:
	      capmsg_out_check(cmd, capmsg_reply_recv, reply_recv, out_n) ?:
	      receivable(cmd->root, arg->port, &port);
	if (ret)
		return ret;
	r.wait = capmsg_wait_until(arg->deadline, arg->flags & CAPMSG_NONBLOCK);
	ret = reply_half(cmd);
	if (!ret) {
		ret = receive(port, &r);
		if (ret)
			ret = receive_failed(cmd, ret);
	}
	capmsg_body_put(&port->body);
	return ret;
}
