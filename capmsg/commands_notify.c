// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands on notifications: create, signal, wait, watch.
 */
#include <linux/eventfd.h>

#include "commands.h"
#include "notification.h"
#include "notify.h"
#include "publish.h"
#include "watch.h"

#define NOTIFICATION_FLAGS						\
	(CAPMSG_NOTIFICATION_EVENTFD | CAPMSG_NOTIFICATION_POLL)

static struct capmsg_notification *make(struct capmsg_cmd *cmd)
{
	const struct capmsg_create_notification *arg =
		&cmd->arg.create_notification;
	struct capmsg_notification *n;
	struct eventfd_ctx *eventfd = NULL;

	if (arg->flags & CAPMSG_NOTIFICATION_EVENTFD) {
		eventfd = eventfd_ctx_fdget(arg->eventfd);
		if (IS_ERR(eventfd))
			return ERR_CAST(eventfd);
	}
	n = capmsg_notification_alloc(cmd->space->account, eventfd,
				      arg->flags & CAPMSG_NOTIFICATION_POLL);
	if (IS_ERR(n) && eventfd)
		eventfd_ctx_put(eventfd);
	return n;
}

/**
 * capmsg_cmd_create_notification() - CAPMSG_IOC_CREATE_NOTIFICATION
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_create_notification(struct capmsg_cmd *cmd)
{
	const struct capmsg_create_notification *arg =
		&cmd->arg.create_notification;
	struct capmsg_notification *n;
	struct capmsg_spot spot;
	int ret;

	ret = capmsg_check_flags(arg->flags, NOTIFICATION_FLAGS);
	if (ret)
		return ret;
	if (arg->__reserved ||
	    (!(arg->flags & CAPMSG_NOTIFICATION_EVENTFD) && arg->eventfd))
		return -EINVAL;
	ret = capmsg_find_slot(&cmd->view, arg->to, CAPMSG_RIGHT_WRITE, &spot);
	if (ret)
		return ret;
	n = make(cmd);
	ret = PTR_ERR_OR_ZERO(n);
	if (!ret)
		ret = capmsg_publish(&spot, &n->body);
	capmsg_spot_put(&spot);
	return ret;
}

static int signal_through(const struct capmsg_notice *notice,
			  const struct capmsg_until *until)
{
	int ret;

	do {
		rcu_read_lock();
		ret = capmsg_gate_check(notice->cap.revoker);
		if (!ret && !capmsg_notice_signal(notice))
			ret = -ENOENT;
		rcu_read_unlock();
	} while (capmsg_gate_again(&ret, notice->cap.revoker, until));
	return ret;
}

/**
 * capmsg_cmd_signal() - CAPMSG_IOC_SIGNAL
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_signal(struct capmsg_cmd *cmd)
{
	const struct capmsg_signal *arg = &cmd->arg.signal;
	struct capmsg_notice notice;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->notification == CAPMSG_ADDRESS_VOID)
		return -ENOENT;
	cmd->view.argument = arg->bits;
	ret = capmsg_notice_resolve(&cmd->view, arg->notification, arg->bits,
				    &notice);
	if (ret)
		return ret == CAPMSG_DONE ? 0 : ret;
	ret = capmsg_notice_check_bits(&notice, arg->bits);
	if (!ret)
		ret = signal_through(&notice, &cmd->view.until);
	capmsg_notice_drop(&notice);
	return ret;
}

/**
 * capmsg_cmd_wait() - CAPMSG_IOC_WAIT
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_wait(struct capmsg_cmd *cmd)
{
	const struct capmsg_wait *arg = &cmd->arg.wait;
	struct capmsg_notification *n;
	struct capmsg_found found;
	u64 bits;
	int ret;

	ret = capmsg_check_flags(arg->flags, CAPMSG_NONBLOCK);
	if (ret)
		return ret;
	if (!arg->mask)
		return -EINVAL;
	cmd->view.until = capmsg_until_make(arg->deadline,
					    arg->flags & CAPMSG_NONBLOCK);
	ret = capmsg_out_check(cmd, capmsg_wait, wait, out_bits) ?:
	      capmsg_resolve_type(&cmd->view, arg->notification,
				  CAPMSG_TYPE_NOTIFICATION, CAPMSG_RIGHT_RECV,
				  &found);
	if (ret)
		return ret;
	/* Many threads may wait for bits. */
	capmsg_upcaller_leave(&cmd->upcaller);
	n = capmsg_notification_of(found.body);
	ret = capmsg_notification_wait(n, found.cap.revoker, arg->mask,
				       &cmd->view.until, &bits);
	if (!ret) {
		ret = capmsg_out(cmd, capmsg_wait, out_bits, bits);
		if (ret)
			capmsg_notification_restore(n, bits);
	}
	capmsg_found_put(&found);
	return ret;
}

/* What WATCH watches. The capability is to be dropped unless this fails. */
static int watched_cap(struct capmsg_cmd *cmd, struct capmsg_cap *cap)
{
	int ret;

	ret = capmsg_keep(&cmd->view, cmd->arg.watch.address, cap);
	if (ret)
		return ret;
	if (cap->object->type != CAPMSG_TYPE_REPLY &&
	    cap->object->type != CAPMSG_TYPE_WATCH)
		return 0;
	capmsg_cap_forget(cap);
	return -EINVAL;
}

static int watch(struct capmsg_cmd *cmd, const struct capmsg_cap *cap,
		 struct capmsg_notice *notice)
{
	const struct capmsg_watch *arg = &cmd->arg.watch;
	struct capmsg_watcher *watcher;
	struct capmsg_spot spot;
	int ret;

	if (arg->to) {
		ret = capmsg_find_slot(&cmd->view, arg->to, CAPMSG_RIGHT_WRITE,
				       &spot);
		if (ret)
			return ret;
	}
	watcher = capmsg_watcher_alloc(cmd->space->account, cap, notice);
	ret = PTR_ERR_OR_ZERO(watcher);
	if (!ret)
		ret = capmsg_watcher_start(watcher, arg->to ? &spot : NULL);
	if (arg->to)
		capmsg_spot_put(&spot);
	return ret;
}

/**
 * capmsg_cmd_watch() - CAPMSG_IOC_WATCH
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_watch(struct capmsg_cmd *cmd)
{
	const struct capmsg_watch *arg = &cmd->arg.watch;
	struct capmsg_notice notice;
	struct capmsg_cap cap;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->notification == CAPMSG_ADDRESS_VOID)
		return -ENOENT;
	ret = capmsg_notice_resolve(&cmd->view, arg->notification, arg->bits,
				    &notice);
	if (ret)
		return ret;
	ret = capmsg_notice_check_bits(&notice, arg->bits) ?:
	      watched_cap(cmd, &cap);
	if (!ret) {
		ret = watch(cmd, &cap, &notice);
		capmsg_cap_forget(&cap);
	}
	capmsg_notice_drop(&notice);
	return ret;
}
