// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of receivers: receive, reply, and both in one.
 */
#include "call.h"
#include "commands.h"
#include "payload.h"
#include "reception.h"

static int plain_finish(struct capmsg_port *port, struct capmsg_frame *frame,
			struct capmsg_port_post *post,
			const struct capmsg_reception *r)
{
	if (post != &frame->post)
		return capmsg_reception_batch(port, post, r);
	if (post->is_inline)
		capmsg_copy_short(&post->target, post->area, post->length);
	return capmsg_reception_record(post, 0, r);
}

/* RECV into a plain buffer: a post of its own, for this call. */
static int receive_plain(struct capmsg_cmd *cmd, struct capmsg_port *port,
			 struct capmsg_frame *frame, const struct capmsg_reception *r)
{
	const struct capmsg_recv *arg = &cmd->arg.recv;
	struct capmsg_dress dress = {
		.length		= arg->plain_size,
		.port_through	= r->through,
	};
	struct capmsg_port_post *post;
	int ret;

	ret = capmsg_dress_landing(&cmd->view, arg->landing, arg->max_caps,
				   &dress);
	if (ret)
		return ret;
	ret = capmsg_pin_user(&frame->pin, cmd->space->account, arg->plain,
			      arg->plain_size) ?:
	      capmsg_reception_repost(port, r);
	if (ret) {
		capmsg_dress_put(&dress);
		goto out_plain;
	}
	/* From here on a message may arrive, and must not be lost. */
	ret = capmsg_plain_post(port, frame, &dress);
	if (ret)
		capmsg_dress_put(&dress);
	else
		ret = capmsg_await(port, r->through, frame, &r->until,
				   &post) ?:
		      plain_finish(port, frame, post, r);
	if (ret)
		ret = capmsg_reception_failed(r, ret);
out_plain:
	capmsg_plain_end(port, frame);
	return ret;
}

static int recv_plain(struct capmsg_cmd *cmd, struct capmsg_port *port,
		      const struct capmsg_reception *r)
{
	struct capmsg_frame *frame;

	if (r->n_records != 1)
		return -EINVAL;
	if (cmd->arg.recv.plain_size > cmd->space->plain_max)
		return capmsg_plain_refuse(cmd, cmd->arg.recv.plain_size);
	frame = capmsg_upcaller_frame(&cmd->upcaller);
	if (IS_ERR(frame))
		return PTR_ERR(frame);
	return receive_plain(cmd, port, frame, r);
}

static int receive(struct capmsg_cmd *cmd, struct capmsg_port *port,
		   const struct capmsg_reception *r)
{
	if (cmd->arg.recv.plain_size)
		return recv_plain(cmd, port, r);
	/* Many threads may wait for a message. */
	capmsg_upcaller_leave(&cmd->upcaller);
	return capmsg_reception_repost(port, r) ?:
	       capmsg_reception_receive(port, r);
}

#define DECLARATION_FLAGS	(CAPMSG_RECV_DECLARE | CAPMSG_RECV_WITHDRAW)

static int declare(struct capmsg_port *port, u32 flags)
{
	if (!port->handler)
		return -EINVAL;
	if (flags & CAPMSG_RECV_DECLARE)
		return capmsg_handler_declare(port->handler);
	capmsg_handler_withdraw(port->handler);
	return 0;
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
	struct capmsg_reception r = {
		.records	= u64_to_user_ptr(arg->records),
		.out_n		= &user->out_n,
		.reposts	= u64_to_user_ptr(arg->reposts),
		.again		= &user->n_reposts,
		.account	= cmd->space->account,
		.n_records	= arg->n_records,
		.n_reposts	= arg->n_reposts,
	};
	struct capmsg_found found __uninitialized;
	struct capmsg_port *port;
	int ret;

	ret = capmsg_check_flags(arg->flags, CAPMSG_NONBLOCK |
				 DECLARATION_FLAGS) ?:
	      capmsg_reception_check(&r);
	if (ret)
		return ret;
	if ((arg->flags & DECLARATION_FLAGS) == DECLARATION_FLAGS)
		return -EINVAL;
	if (!arg->plain_size && (arg->plain || arg->landing || arg->max_caps))
		return -EINVAL;
	cmd->view.until = capmsg_until_make(arg->deadline,
					    arg->flags & CAPMSG_NONBLOCK);
	ret = capmsg_out_check(cmd, capmsg_recv, recv, out_n) ?:
	      capmsg_receivable(&cmd->view, arg->port, &found);
	if (ret)
		return ret;
	port = capmsg_port_of(found.body);
	r.through = found.cap.revoker;
	r.until = cmd->view.until;
	if (unlikely(arg->flags & DECLARATION_FLAGS))
		ret = declare(port, arg->flags);
	if (!ret)
		ret = receive(cmd, port, &r);
	capmsg_found_put(&found);
	return ret;
}

/* An upcall is answered without making another one. */
static int answer_kernel(const struct capmsg_view *view, u32 n_items,
			 struct capmsg_frame *frame, struct capmsg_port *caller,
			 u64 epoch)
{
	const struct capmsg_view alone = { .root = view->root, .until = view->until };

	return capmsg_payload_resolve(&frame->cargo, &alone, n_items) ?:
	       capmsg_upcall_answer(caller, epoch, &frame->cargo);
}

static __always_inline int answer_caller(const struct capmsg_view *view,
					 u32 n_items,
					 struct capmsg_frame *frame,
					 struct capmsg_port *caller, u64 epoch)
{
	int ret = capmsg_upcall_pending(caller, epoch);

	if (unlikely(ret < 0))
		return ret;
	if (unlikely(ret))
		return answer_kernel(view, n_items, frame, caller, epoch);
	return capmsg_payload_resolve(&frame->cargo, view, n_items) ?:
	       capmsg_reply(frame, caller, epoch);
}

/*
 * An answer, by post or by address. A right that a post holds is taken out when
 * it is used up; one in a slot reads as void from then on. Returns the frame that was
 * answered, with a reference: to be woken when the post is free again, as its next
 * request may follow at once.
 */
static struct capmsg_port *answer_by_post(const struct capmsg_view *view,
					  const struct capmsg_reply *arg,
					  struct capmsg_frame *frame,
					  struct capmsg_port *port)
{
	struct capmsg_port *caller;
	u64 epoch;
	int ret;

	ret = capmsg_reply_find(port, arg->post, arg->seq, &caller, &epoch);
	if (ret) {
		if (ret == -ESTALE)
			capmsg_reply_forget(port, arg->post, arg->seq);
		return ERR_PTR(ret);
	}
	ret = answer_caller(view, arg->n_items, frame, caller, epoch);
	if (!ret || ret == -ESTALE)
		capmsg_reply_forget(port, arg->post, arg->seq);
	capmsg_cargo_drop(&frame->cargo);
	if (!ret)
		return caller;
	capmsg_body_put(&caller->body);
	return ERR_PTR(ret);
}

static struct capmsg_port *answer_by_address(const struct capmsg_view *view,
					     const struct capmsg_reply *arg,
					     struct capmsg_frame *frame)
{
	u16 rights = CAPMSG_RIGHT_SEND |
		     (arg->n_items ? CAPMSG_RIGHT_GRANT : 0);
	struct capmsg_found caller;
	int ret;

	ret = capmsg_resolve(view, arg->to, CAPMSG_TYPE_REPLY, rights, &caller);
	if (ret)
		return ERR_PTR(ret);
	ret = answer_caller(view, arg->n_items, frame,
			    capmsg_port_of(caller.body), caller.cap.badge);
	capmsg_cargo_drop(&frame->cargo);
	if (!ret)
		return capmsg_port_of(capmsg_found_take(&caller));
	capmsg_found_put(&caller);
	return ERR_PTR(ret);
}

/* @port: the port of arg->to, if the answer is by post. */
static struct capmsg_port *answer(struct capmsg_cmd *cmd,
				  const struct capmsg_reply *arg,
				  struct capmsg_port *port)
{
	const struct capmsg_payload payload = CAPMSG_PAYLOAD(arg);
	struct capmsg_port *answered;
	struct capmsg_frame *frame;
	int ret;

	if (!port && (arg->post || arg->seq))
		return ERR_PTR(-EINVAL);
	frame = capmsg_upcaller_frame(&cmd->upcaller);
	if (IS_ERR(frame))
		return ERR_CAST(frame);
	frame->cargo.sender.origin = (struct capmsg_origin) { };
	/* That a call may be answered was settled when it was delivered. */
	frame->cargo.sender.through = NULL;
	ret = capmsg_payload_read(&frame->cargo, &payload);
	if (ret)
		answered = ERR_PTR(ret);
	else if (port)
		answered = answer_by_post(&cmd->view, arg, frame, port);
	else
		answered = answer_by_address(&cmd->view, arg, frame);
	/* REPLY_RECV is going to wait. */
	capmsg_upcaller_leave(&cmd->upcaller);
	return answered;
}

static void wake_answered(struct capmsg_port *answered, bool sync)
{
	capmsg_transfer_wake(answered, sync);
	capmsg_body_put(&answered->body);
}

/* Find the port of an answer by post, unless it is @known, and answer. */
static __always_inline struct capmsg_port *
answer_at(struct capmsg_cmd *cmd, const struct capmsg_reply *arg,
	  struct capmsg_port *known)
{
	struct capmsg_port *answered;
	struct capmsg_found port;
	int ret;

	if (!(arg->flags & CAPMSG_REPLY_POST))
		return answer(cmd, arg, NULL);
	if (known)
		return answer(cmd, arg, known);
	ret = capmsg_receivable(&cmd->view, arg->to, &port);
	if (ret)
		return ERR_PTR(ret);
	answered = answer(cmd, arg, capmsg_port_of(port.body));
	capmsg_found_put(&port);
	return answered;
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
	struct capmsg_port *answered;
	int ret;

	ret = capmsg_check_flags(arg->flags, CAPMSG_REPLY_POST);
	if (ret)
		return ret;
	answered = answer_at(cmd, arg, NULL);
	if (IS_ERR(answered))
		return PTR_ERR(answered);
	wake_answered(answered, false);
	return 0;
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

/*
 * Returns an error that ends the command; a late answer does not. @answered, NULL
 * before, is who was answered, even then.
 */
static int reply_half(struct capmsg_cmd *cmd, struct capmsg_port *port,
		      struct capmsg_port **answered)
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
	struct capmsg_port *caller;
	int ret, late;

	if (arg->flags & CAPMSG_REPLY_NONE)
		return 0;
	caller = answer_at(cmd, &reply, arg->to == arg->port ? port : NULL);
	ret = PTR_ERR_OR_ZERO(caller);
	if (!ret)
		*answered = caller;
	else if (ret != -ESTALE)
		return ret;
	late = -ret;
	return capmsg_out(cmd, capmsg_reply_recv, out_reply_error, late);
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
	struct capmsg_reception r = {
		.records	= u64_to_user_ptr(arg->records),
		.out_n		= &user->out_n,
		.reposts	= u64_to_user_ptr(arg->reposts),
		.again		= &user->n_reposts,
		.account	= cmd->space->account,
		.n_records	= arg->n_records,
		.n_reposts	= arg->n_reposts,
	};
	struct capmsg_port *port, *answered = NULL;
	struct capmsg_found found __uninitialized;
	bool replied;
	int ret;

	cmd->view.until = capmsg_until_make(arg->deadline,
					    arg->flags & CAPMSG_NONBLOCK);
	r.until = cmd->view.until;
	ret = capmsg_check_flags(arg->flags, CAPMSG_NONBLOCK |
				 CAPMSG_REPLY_POST | CAPMSG_REPLY_NONE) ?:
	      capmsg_reception_check(&r) ?:
	      capmsg_out_check(cmd, capmsg_reply_recv, reply_recv, out_n) ?:
	      capmsg_receivable(&cmd->view, arg->port, &found);
	if (ret)
		return ret;
	port = capmsg_port_of(found.body);
	r.through = found.cap.revoker;
	ret = reply_half(cmd, port, &answered);
	replied = !ret || answered;
	if (!ret)
		ret = capmsg_reception_repost(port, &r);
	if (answered) {
		wake_answered(answered, !ret);
		/*
		 * Its next request may come before we go to sleep for it. And
		 * what is received now does not wait until it has run.
		 */
		capmsg_give_way();
	}
	if (!ret)
		ret = capmsg_reception_receive(port, &r);
	capmsg_found_put(&found);
	return ret && replied ? receive_failed(cmd, ret) : ret;
}
