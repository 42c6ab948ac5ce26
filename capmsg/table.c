// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of commands, and the single way in to them. The caller's struct is
 * read once; what is beyond the part that this module knows must be zero.
 */
#include <linux/nospec.h>
#include <linux/stddef.h>

#include "commands.h"
#include "sweep.h"
#include "table.h"

/**
 * struct capmsg_op - a row of the table
 */
struct capmsg_op {
	/** @size: of the caller's struct */
	u16 size;
	/** @read: how much of it is read */
	u16 read;
	/** @creates: something that the caller's user is charged for */
	bool creates;
	/** @execute: carries the command out */
	int (*execute)(struct capmsg_cmd *cmd);
};

#define OP(_nr, _name, ...)						\
	[CAPMSG_CMD_##_nr] = {						\
		.size = sizeof(struct capmsg_##_name) +			\
			BUILD_BUG_ON_ZERO(sizeof(struct capmsg_##_name) > \
					  sizeof(union capmsg_arg)),	\
		.read = sizeof(struct capmsg_##_name),			\
		.execute = capmsg_cmd_##_name,				\
		##__VA_ARGS__						\
	}
#define CREATES	.creates = true

static const struct capmsg_op ops[CAPMSG_CMD_COUNT] = {
	/* All output: only its head is read. */
	[CAPMSG_CMD_QUERY] = {
		.size		= sizeof(struct capmsg_query),
		.read		= offsetofend(struct capmsg_query, flags),
		.execute	= capmsg_cmd_query,
	},
	OP(SETUP, setup, CREATES),
	OP(CREATE_CAPPAGE, create_cappage, CREATES),
	OP(CREATE_PORT, create_port, CREATES),
	OP(REGISTER, register, CREATES),
	OP(UNREGISTER, unregister),
	OP(COPY, copy),
	OP(MOVE, move),
	OP(CLEAR, clear),
	OP(STAT, stat),
	OP(LIST, list),
	OP(DESTROY, destroy),
	OP(POST, post),
	OP(UNPOST, unpost),
	OP(SEND, send),
	OP(RECV, recv),
	OP(CALL, call),
	OP(REPLY, reply),
	OP(REPLY_RECV, reply_recv),
	OP(EXPORT, export, CREATES),
	OP(IMPORT, import),
	OP(CREDITS, credits),
	OP(LIMITS, limits),
	OP(CREATE_MESSAGE, create_message, CREATES),
	OP(BEGIN, begin),
	OP(FILL, fill),
	OP(TRANSMIT, transmit),
	OP(ABANDON, abandon),
	OP(CREATE_NOTIFICATION, create_notification, CREATES),
	OP(SIGNAL, signal),
	OP(WAIT, wait),
	OP(WATCH, watch, CREATES),
	OP(CREATE_REVOKER, create_revoker, CREATES),
	OP(REVOKE, revoke),
	OP(CLOSE, close),
	OP(OPEN, open),
	OP(CREATE_VIRTUAL, create_virtual, CREATES),
	OP(UPCALLS, upcalls),
	OP(ABORT, abort),
	OP(INVALIDATE, invalidate),
};

static int arg_read(struct capmsg_cmd *cmd, const struct capmsg_op *op)
{
	u32 size;
	int ret;

	if (get_user(size, (u32 __user *)cmd->user))
		return -EFAULT;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < op->size)
		return -EINVAL;
	if (size > op->size) {
		ret = check_zeroed_user(cmd->user + op->size, size - op->size);
		if (ret <= 0)
			return ret ?: -E2BIG;
	}
	if (capmsg_words_from_user(&cmd->arg, cmd->user, op->read))
		return -EFAULT;
	/* What was checked counts, not what is there by now. */
	cmd->arg.head.size = size;
	return 0;
}

/* Strangers who keep the names of what was destroyed do not keep its room. */
static int create(struct capmsg_cmd *cmd, const struct capmsg_op *op)
{
	struct capmsg_account *account = cmd->space->account;
	struct capmsg_refusal before;
	int ret;

	capmsg_sweep_if_due(account->user);
	capmsg_refusal_get(account, &before);
	ret = op->execute(cmd);
	if (ret == -EDQUOT && capmsg_sweep_for_quota(account->user)) {
		/* Tells of itself again if it is refused again. */
		capmsg_refusal_undo(account, &before);
		return op->execute(cmd);
	}
	put_pid(before.thread);
	return ret;
}

static const struct capmsg_cap void_root;

/**
 * capmsg_command() - carry out a command
 * @space: whose
 * @nr: CAPMSG_CMD_x
 * @user: the caller's struct
 *
 * Context: Process context of the caller.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_command(struct capmsg_space *space, unsigned int nr,
		   void __user *user)
{
	/* Commands look at no more of it than was read. */
	struct capmsg_cmd cmd __uninitialized;
	const struct capmsg_op *op;
	int ret;

	if (nr >= ARRAY_SIZE(ops))
		return -ENOTTY;
	op = &ops[array_index_nospec(nr, ARRAY_SIZE(ops))];
	if (!op->execute)
		return -ENOTTY;
	cmd.space = space;
	cmd.view.root = capmsg_space_ready(space) ? &space->root : &void_root;
	cmd.view.until = capmsg_until_make(0, false);
	cmd.view.asker = &cmd.upcaller.asker;
	cmd.view.command = nr;
	capmsg_upcaller_init(&cmd.upcaller, space);
	cmd.user = user;
	ret = arg_read(&cmd, op);
	if (ret)
		return ret;
	ret = op->creates ? create(&cmd, op) : op->execute(&cmd);
	capmsg_upcaller_leave(&cmd.upcaller);
	return ret;
}
