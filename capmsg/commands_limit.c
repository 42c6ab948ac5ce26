// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands about limits: which one was met, and by whom.
 */
#include "commands.h"

#define HOLDERS_MAX	4096

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

/**
 * capmsg_cmd_limits() - CAPMSG_IOC_LIMITS
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_limits(struct capmsg_cmd *cmd)
{
	const size_t outs = offsetof(struct capmsg_limits, out_n_holders);
	const size_t end = offsetof(struct capmsg_limits, __reserved);
	struct capmsg_limits *arg = &cmd->arg.limits;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved || arg->n_holders > HOLDERS_MAX ||
	    (arg->n_holders && arg->port == CAPMSG_ADDRESS_VOID))
		return -EINVAL;
	arg->out_n_holders = 0;
	tell_refusal(cmd->space->account, arg);
	return copy_to_user(cmd->user + outs, (void *)arg + outs, end - outs) ?
	       -EFAULT : 0;
}
