// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that bring messages on their way: post, unpost, send, call.
 */
#include <linux/mm.h>

#include "call.h"
#include "commands.h"
#include "hooks.h"
#include "payload.h"
#include "reception.h"

static int dress_post(const struct capmsg_cmd *cmd,
		      const struct capmsg_found *found,
		      struct capmsg_dress *dress)
{
	struct capmsg_port *port = capmsg_port_of(found->body);
	int ret;

	do {
		ret = capmsg_port_dress(port, cmd->arg.post.post, dress);
		if (ret == -EAGAIN)
			capmsg_refuse(cmd->space->account, CAPMSG_LIMIT_POSTS,
				      ret, port->depth, port->depth);
	} while (capmsg_gate_again(&ret, found->cap.revoker, &cmd->view.until));
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
	struct capmsg_found port;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved)
		return -EINVAL;
	ret = capmsg_out_check(cmd, capmsg_post, post, out_post) ?:
	      capmsg_receivable(&cmd->view, arg->port, &port);
	if (ret)
		return ret;
	dress.port_through = port.cap.revoker;
	ret = capmsg_dress_region(&cmd->view, arg->region, arg->offset,
				  arg->length, &dress) ?:
	      capmsg_dress_landing(&cmd->view, arg->landing, arg->max_caps,
				   &dress) ?:
	      dress_post(cmd, &port, &dress);
	if (ret < 0)
		capmsg_dress_put(&dress);
	else
		ret = capmsg_out(cmd, capmsg_post, out_post, ret);
	capmsg_found_put(&port);
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
	struct capmsg_found port;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved)
		return -EINVAL;
	ret = capmsg_receivable(&cmd->view, arg->port, &port);
	if (ret)
		return ret;
	do {
		ret = capmsg_port_unpost(capmsg_port_of(port.body), arg->post,
					 port.cap.revoker);
	} while (capmsg_gate_again(&ret, port.cap.revoker, &cmd->view.until));
	capmsg_found_put(&port);
	return ret;
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
	const struct capmsg_payload payload = CAPMSG_PAYLOAD(arg);
	struct capmsg_frame *frame;
	struct capmsg_found port __uninitialized;
	int ret;

	ret = capmsg_check_flags(arg->flags, CAPMSG_NONBLOCK);
	if (ret)
		return ret;
	cmd->view.until = capmsg_until_make(arg->deadline,
					    arg->flags & CAPMSG_NONBLOCK);
	frame = capmsg_upcaller_frame(&cmd->upcaller);
	if (IS_ERR(frame))
		return PTR_ERR(frame);
	ret = capmsg_payload_read(&frame->cargo, &payload) ?:
	      capmsg_destination(&cmd->view, arg->to, arg->n_items,
				 &frame->cargo.sender.origin, &port);
	if (ret)
		return ret;
	frame->cargo.sender.through = port.cap.revoker;
	ret = capmsg_payload_resolve(&frame->cargo, &cmd->view,
				     arg->n_items) ?:
	      capmsg_transfer(&frame->cargo, capmsg_port_of(port.body),
			      &cmd->view.until);
	if (!ret)
		capmsg_transfer_wake(capmsg_port_of(port.body), false);
	capmsg_cargo_drop(&frame->cargo);
	capmsg_found_put(&port);
	return ret;
}

/* Where the answer is to arrive: in a buffer, with capabilities. */
static noinline int call_dress(struct capmsg_cmd *cmd,
			       struct capmsg_frame *frame)
{
	const struct capmsg_call *arg = &cmd->arg.call;
	u32 inline_max = min_t(u64, arg->reply_size, CAPMSG_INLINE_MAX);
	struct capmsg_dress dress = { .length = arg->reply_size };
	int ret = 0;

	if (arg->flags & CAPMSG_CALL_REGION)
		ret = capmsg_dress_region(&cmd->view, arg->reply_region,
					  arg->reply_data, arg->reply_size,
					  &dress);
	else if (arg->reply_size > cmd->space->plain_max)
		ret = capmsg_plain_refuse(cmd, arg->reply_size);
	if (!ret)
		ret = capmsg_dress_landing(&cmd->view, arg->reply_landing,
					   arg->reply_max_caps, &dress);
	/* Last, as nothing stays pinned while a handler is asked. */
	if (!ret && !dress.region && arg->reply_size > CAPMSG_INLINE_MAX)
		ret = capmsg_pin_user(&frame->pin, cmd->space->account,
				      arg->reply_data, arg->reply_size);
	if (!ret)
		ret = capmsg_frame_arm(frame, &dress, inline_max);
	if (ret)
		capmsg_dress_put(&dress);
	return ret;
}

static int call_prepare(struct capmsg_cmd *cmd, struct capmsg_frame *frame)
{
	const struct capmsg_call *arg = &cmd->arg.call;

	if ((arg->flags & CAPMSG_CALL_REGION) || arg->reply_max_caps ||
	    arg->reply_landing || arg->reply_size > CAPMSG_INLINE_MAX)
		return call_dress(cmd, frame);
	return capmsg_frame_arm(frame, NULL, arg->reply_size);
}

static int call_finish(struct capmsg_cmd *cmd, struct capmsg_frame *frame,
		       const struct capmsg_answer *answer)
{
	const struct capmsg_call *arg = &cmd->arg.call;

	/* Of a region that was destroyed meanwhile there is no address. */
	if (answer->in_area && answer->length &&
	    ((arg->flags & CAPMSG_CALL_REGION) ||
	     capmsg_words_to_user(u64_to_user_ptr(arg->reply_data),
				  frame->post.area, answer->length)))
		return -EFAULT;
	return capmsg_out(cmd, capmsg_call, out_length, answer->length) ?:
	       capmsg_out(cmd, capmsg_call, out_n_caps, answer->n_caps);
}

static int call(struct capmsg_cmd *cmd, struct capmsg_frame *frame)
{
	const struct capmsg_call *arg = &cmd->arg.call;
	struct capmsg_answer answer;
	struct capmsg_found port __uninitialized;
	int ret;

	cmd->view.until = capmsg_until_make(arg->deadline,
					    arg->flags & CAPMSG_NONBLOCK);
	ret = capmsg_destination(&cmd->view, arg->to, arg->n_items,
				 &frame->cargo.sender.origin, &port);
	if (ret)
		return ret;
	frame->cargo.sender.through = port.cap.revoker;
	ret = capmsg_payload_resolve(&frame->cargo, &cmd->view,
				     arg->n_items) ?:
	      call_prepare(cmd, frame) ?:
	      capmsg_call(frame, capmsg_port_of(port.body), &cmd->view.until,
			  &answer) ?:
	      call_finish(cmd, frame, &answer);
	capmsg_frame_end(frame);
	capmsg_cargo_drop(&frame->cargo);
	capmsg_found_put(&port);
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
	const struct capmsg_payload payload = CAPMSG_PAYLOAD(arg);
	struct capmsg_frame *frame;
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
	frame = capmsg_upcaller_frame(&cmd->upcaller);
	if (IS_ERR(frame))
		return PTR_ERR(frame);
	return capmsg_payload_read(&frame->cargo, &payload) ?:
	       call(cmd, frame);
}
