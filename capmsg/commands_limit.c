// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands about limits: what may be sent, which limit was met, and who holds
 * what others would like to have.
 */
#include <linux/mm.h>

#include "commands.h"
#include "entry.h"
#include "payload.h"
#include "reception.h"

#define HOLDERS_MAX	4096

/* The part of a command's struct that is all output, and lies between two fields. */
#define OUT_RANGE(cmd, type, member, first, end)			\
	(copy_to_user((cmd)->user + offsetof(struct type, first),	\
		      &(cmd)->arg.member.first,				\
		      offsetof(struct type, end) -			\
		      offsetof(struct type, first)) ? -EFAULT : 0)

/**
 * capmsg_cmd_credits() - CAPMSG_IOC_CREDITS
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_credits(struct capmsg_cmd *cmd)
{
	struct capmsg_credits *arg = &cmd->arg.credits;
	/* A sender of such a message, which does not come. */
	struct capmsg_sender sender = {
		.account	= cmd->space->account,
		.length		= arg->length,
		.n_caps		= arg->n_caps,
		.area		= arg->length <= CAPMSG_INLINE_MAX ? arg : NULL,
	};
	struct capmsg_found found;
	struct capmsg_port *port;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved)
		return -EINVAL;
	ret = capmsg_destination(&cmd->view, arg->to, 0, &sender.origin,
				 &found);
	if (ret)
		return ret;
	port = capmsg_port_of(found.body);
	capmsg_port_lock(port);
	ret = capmsg_port_admit_locked(port, &sender);
	if (!ret)
		capmsg_port_credits_locked(port, &sender, arg);
	capmsg_port_unlock(port);
	capmsg_found_put(&found);
	return ret ?: OUT_RANGE(cmd, capmsg_credits, credits, out_posts,
				out_largest) ?:
	       capmsg_out(cmd, capmsg_credits, out_largest, arg->out_largest);
}

static void tell_refusal(struct capmsg_account *account,
			 struct capmsg_limits *out)
{
	struct capmsg_refusal refusal;

	capmsg_refusal_get(account, &refusal);
	out->out_limit = refusal.limit;
	out->out_error = refusal.error;
	out->out_use = refusal.use;
	out->out_max = refusal.max;
	out->out_thread = pid_vnr(refusal.thread);
	put_pid(refusal.thread);
}

/* No user memory is touched under the lock of the port. */
static int tell_holders(struct capmsg_limits *arg, struct capmsg_port *port)
{
	u32 n = min(arg->n_holders, port->depth);
	struct capmsg_holder *holders;
	int ret = 0;

	holders = kvmalloc_array(n, sizeof(*holders), CAPMSG_GFP);
	if (!holders)
		return -ENOMEM;
	capmsg_port_lock(port);
	n = capmsg_port_holders_locked(port, current_user_ns(), holders, n);
	capmsg_port_unlock(port);
	arg->out_n_holders = n;
	if (copy_to_user(u64_to_user_ptr(arg->holders), holders,
			 n * sizeof(*holders)))
		ret = -EFAULT;
	kvfree(holders);
	return ret;
}

static int find_holders(struct capmsg_cmd *cmd)
{
	struct capmsg_limits *arg = &cmd->arg.limits;
	struct capmsg_found port;
	int ret;

	if (arg->port == CAPMSG_ADDRESS_VOID)
		return 0;
	ret = capmsg_receivable(&cmd->view, arg->port, &port);
	if (ret)
		return ret;
	if (arg->n_holders)
		ret = tell_holders(arg, capmsg_port_of(port.body));
	capmsg_found_put(&port);
	return ret;
}

/**
 * capmsg_cmd_limits() - CAPMSG_IOC_LIMITS
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_limits(struct capmsg_cmd *cmd)
{
	struct capmsg_limits *arg = &cmd->arg.limits;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved || arg->n_holders > HOLDERS_MAX ||
	    (arg->n_holders && arg->port == CAPMSG_ADDRESS_VOID))
		return -EINVAL;
	arg->out_n_holders = 0;
	tell_refusal(cmd->space->account, arg);
	ret = find_holders(cmd);
	return ret ?: OUT_RANGE(cmd, capmsg_limits, limits, out_n_holders,
				__reserved);
}
