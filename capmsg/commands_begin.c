// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of a transfer in steps: create a message, begin, fill, transmit,
 * abandon.
 */
#include "begin.h"
#include "commands.h"
#include "hooks.h"
#include "notify.h"
#include "payload.h"
#include "publish.h"

#define MANNER_FLAGS	(CAPMSG_NONBLOCK | CAPMSG_MESSAGE_QUEUE)

/* Waiting, not waiting, and having the message wait exclude each other. */
static int manner_of(struct capmsg_cmd *cmd, u32 flags, u64 deadline,
		     struct capmsg_manner *manner)
{
	int ret;

	ret = capmsg_check_flags(flags, MANNER_FLAGS);
	if (ret)
		return ret;
	manner->queue = flags & CAPMSG_MESSAGE_QUEUE;
	if (manner->queue && ((flags & CAPMSG_NONBLOCK) || deadline))
		return -EINVAL;
	manner->until = capmsg_until_make(deadline, flags & MANNER_FLAGS);
	cmd->view.until = manner->until;
	return 0;
}

static int check_size(struct capmsg_cmd *cmd, u64 length, u64 max_length,
		      u32 n_caps, u32 max_caps)
{
	struct capmsg_account *account = cmd->space->account;

	if (length > max_length)
		return capmsg_refuse(account, CAPMSG_LIMIT_SIZE, -EMSGSIZE,
				     length, max_length);
	if (n_caps > max_caps)
		return capmsg_refuse(account, CAPMSG_LIMIT_CAPS, -EMSGSIZE,
				     n_caps, max_caps);
	return 0;
}

/**
 * struct use - a message, and the one thread that uses it
 */
struct use {
	/** @message: the message */
	struct capmsg_message *message;
	/** @found: how it was named */
	struct capmsg_found found;
	/** @gates: told when it must not be used any more, or not now */
	struct capmsg_gates gates;
};

/* Find a message and be the one thread that uses it. */
static int use_begin(struct capmsg_cmd *cmd, u64 address, struct use *use)
{
	struct capmsg_sender *sender;
	int ret;

	ret = capmsg_resolve_type(&cmd->view, address, CAPMSG_TYPE_MESSAGE,
				  CAPMSG_RIGHT_WRITE, &use->found);
	if (ret)
		return ret;
	use->message = capmsg_message_of(use->found.body);
	if (!capmsg_message_use(use->message)) {
		capmsg_found_put(&use->found);
		return -EBUSY;
	}
	use->gates.n = 0;
	if (likely(!use->found.cap.revoker))
		return 0;
	sender = &use->message->cargo.sender;
	use->gates.notify = NULL;
	capmsg_gates_join(&use->gates, use->found.cap.revoker);
	sender->by = use->found.cap.revoker;
	sender->by_gates = &use->gates;
	return 0;
}

static void use_end(struct use *use)
{
	use->message->cargo.sender.by = NULL;
	use->message->cargo.sender.by_gates = NULL;
	capmsg_gates_leave(&use->gates);
	capmsg_message_leave(use->message);
	capmsg_found_put(&use->found);
}

/* Is it to be tried once more, as the message was not to be used for a while? */
static bool use_again(int *ret, const struct use *use,
		      const struct capmsg_until *until)
{
	return capmsg_gate_again(ret, use->found.cap.revoker, until);
}

/**
 * capmsg_cmd_create_message() - CAPMSG_IOC_CREATE_MESSAGE
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_create_message(struct capmsg_cmd *cmd)
{
	const struct capmsg_create_message *arg = &cmd->arg.create_message;
	struct capmsg_notice notice = { };
	struct capmsg_message *message;
	struct capmsg_spot spot;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (!arg->notification != !arg->bits)
		return -EINVAL;
	ret = capmsg_find_slot(&cmd->view, arg->to, CAPMSG_RIGHT_WRITE, &spot);
	if (ret)
		return ret;
	ret = capmsg_notice_resolve(&cmd->view, arg->notification, arg->bits,
				    &notice);
	if (ret)
		goto out_spot;
	message = capmsg_message_alloc(cmd->space->account, &notice);
	ret = PTR_ERR_OR_ZERO(message);
	if (!ret)
		ret = capmsg_publish(&spot, &message->body);
	capmsg_notice_drop(&notice);
out_spot:
	capmsg_spot_put(&spot);
	return ret;
}

static int begin(struct capmsg_cmd *cmd, const struct use *use,
		 const struct capmsg_manner *manner)
{
	const struct capmsg_begin *arg = &cmd->arg.begin;
	struct capmsg_booking booking = {
		.length		= arg->length,
		.max_caps	= arg->max_caps,
	};
	struct capmsg_found port;
	int ret;

	capmsg_hook(2);
	ret = capmsg_destination(&cmd->view, arg->to, arg->max_caps,
				 &booking.origin, &port);
	if (ret)
		return ret;
	booking.through = port.cap.revoker;
	do {
		ret = capmsg_message_begin(use->message,
					   capmsg_port_of(port.body), &booking,
					   manner);
	} while (use_again(&ret, use, &manner->until));
	capmsg_found_put(&port);
	return ret;
}

static int tell_state(struct capmsg_cmd *cmd, struct capmsg_message *message,
		      u32 __user *out)
{
	return put_user((u32)capmsg_message_outcome(message).state, out);
}

/**
 * capmsg_cmd_begin() - CAPMSG_IOC_BEGIN
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_begin(struct capmsg_cmd *cmd)
{
	const struct capmsg_begin *arg = &cmd->arg.begin;
	struct capmsg_begin __user *user = cmd->user;
	struct capmsg_manner manner;
	struct use use;
	int ret;

	ret = manner_of(cmd, arg->flags, arg->deadline, &manner);
	if (ret)
		return ret;
	ret = check_size(cmd, arg->length, CAPMSG_MESSAGE_MAX, arg->max_caps,
			 CAPMSG_CAPS_MAX) ?:
	      capmsg_out_check(cmd, capmsg_begin, begin, out_state) ?:
	      use_begin(cmd, arg->message, &use);
	if (ret)
		return ret;
	ret = begin(cmd, &use, &manner);
	if (!ret)
		ret = tell_state(cmd, use.message, &user->out_state);
	use_end(&use);
	return ret;
}

/* The message is not LOST because somebody must not use it. */
static int fill_claim(struct capmsg_message *message, struct capmsg_port *port,
		      u64 at)
{
	int ret;

	ret = capmsg_transfer_copy(&message->cargo, port, at);
	if (ret == -EAGAIN)
		ret = capmsg_gate_check(message->cargo.sender.by) ?:
		      capmsg_message_lose(message, port);
	return ret;
}

static int fill(struct capmsg_cmd *cmd, const struct use *use,
		struct capmsg_port *port, u64 at)
{
	struct capmsg_message *message = use->message;
	struct capmsg_cargo *cargo = &message->cargo;
	u64 n = iov_iter_count(&cargo->iter);
	int ret;

	if (at > message->length || n > message->length - at)
		return capmsg_refuse(cmd->space->account, CAPMSG_LIMIT_SIZE,
				     -EMSGSIZE, n, message->length);
	ret = cargo->sender.area ? 0 : capmsg_transfer_fault_in(&cargo->iter);
	if (ret)
		return ret;
	/* From its beginning again, if it has to stop in the middle. */
	do {
		ret = cargo->sender.area ? capmsg_payload_store(cargo, at) :
					   fill_claim(message, port, at);
	} while (use_again(&ret, use, &cmd->view.until));
	return ret;
}

/**
 * capmsg_cmd_fill() - CAPMSG_IOC_FILL
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_fill(struct capmsg_cmd *cmd)
{
	const struct capmsg_fill *arg = &cmd->arg.fill;
	const struct capmsg_payload piece = {
		.data	= arg->data,
		.length	= arg->length,
		.n_iov	= arg->n_iov,
	};
	struct capmsg_port *port;
	struct use use;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved)
		return -EINVAL;
	ret = use_begin(cmd, arg->message, &use);
	if (ret)
		return ret;
	ret = capmsg_message_open(use.message, &port);
	if (!ret) {
		ret = capmsg_payload_piece(&use.message->cargo, &piece) ?:
		      fill(cmd, &use, port, arg->offset);
		capmsg_body_put(&port->body);
	}
	use_end(&use);
	return ret;
}

/* A moved reply right stays in its slot until the commit: that takes a thread. */
static int check_alone(const struct capmsg_cargo *cargo,
		       const struct capmsg_manner *manner)
{
	return manner->queue && cargo->sender.moved.table ? -EINVAL : 0;
}

static int transmit(struct capmsg_cmd *cmd, struct capmsg_message *message,
		    struct capmsg_port *port,
		    const struct capmsg_manner *manner)
{
	const struct capmsg_transmit *arg = &cmd->arg.transmit;
	struct capmsg_cargo *cargo = &message->cargo;
	int ret;

	ret = check_size(cmd, arg->length, message->length, arg->n_items,
			 message->max_caps) ?:
	      capmsg_payload_items(cargo, arg->items, arg->n_items) ?:
	      capmsg_payload_resolve(cargo, &cmd->view, arg->n_items) ?:
	      check_alone(cargo, manner) ?:
	      capmsg_message_transmit(message, port, arg->length, manner);
	if (!ret)
		capmsg_transfer_wake(port, false);
	return ret;
}

/**
 * capmsg_cmd_transmit() - CAPMSG_IOC_TRANSMIT
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_transmit(struct capmsg_cmd *cmd)
{
	const struct capmsg_transmit *arg = &cmd->arg.transmit;
	struct capmsg_transmit __user *user = cmd->user;
	struct capmsg_manner manner;
	struct capmsg_port *port;
	struct use use;
	int ret;

	ret = manner_of(cmd, arg->flags, arg->deadline, &manner);
	if (ret)
		return ret;
	ret = capmsg_out_check(cmd, capmsg_transmit, transmit, out_state) ?:
	      use_begin(cmd, arg->message, &use);
	if (ret)
		return ret;
	ret = capmsg_message_open(use.message, &port);
	if (!ret) {
		ret = transmit(cmd, use.message, port, &manner);
		capmsg_body_put(&port->body);
	}
	if (!ret)
		ret = tell_state(cmd, use.message, &user->out_state);
	use_end(&use);
	return ret;
}

/**
 * capmsg_cmd_abandon() - CAPMSG_IOC_ABANDON
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_abandon(struct capmsg_cmd *cmd)
{
	struct capmsg_found found;
	int ret;

	if (cmd->arg.abandon.flags)
		return -EOPNOTSUPP;
	ret = capmsg_resolve_type(&cmd->view, cmd->arg.abandon.message,
				  CAPMSG_TYPE_MESSAGE, CAPMSG_RIGHT_WRITE,
				  &found);
	if (ret)
		return ret;
	do {
		ret = capmsg_message_abandon(capmsg_message_of(found.body),
					     found.cap.revoker);
	} while (capmsg_gate_again(&ret, found.cap.revoker, &cmd->view.until));
	capmsg_found_put(&found);
	return ret;
}
