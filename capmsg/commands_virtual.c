// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of handlers: create virtual objects, look at who waits, end that.
 */
#include <linux/mm.h>

#include "commands.h"
#include "notify.h"
#include "publish.h"
#include "reception.h"
#include "virtual.h"

static int check_handler(const struct capmsg_found *found)
{
	const struct capmsg_port *port = capmsg_port_of(found->body);

	if (!port->handler || port->max_size < sizeof(struct capmsg_upcall))
		return -EINVAL;
	return 0;
}

static int check_kind(const struct capmsg_virtual_kind *kind)
{
	if (kind->kind != CAPMSG_TYPE_CAPPAGE ?
	    kind->bits != 0 : kind->bits < CAPMSG_BITS_MIN ||
			      kind->bits > CAPMSG_BITS_MAX)
		return -EINVAL;
	return kind->cache_bits > CAPMSG_BITS_MAX ? -EINVAL : 0;
}

static int create(struct capmsg_cmd *cmd, struct capmsg_body *handler,
		  const struct capmsg_chain *way,
		  const struct capmsg_virtual_kind *kind,
		  struct capmsg_notice *no_senders)
{
	struct capmsg_virtual *virtual;
	struct capmsg_spot spot;
	int ret;

	ret = capmsg_find_slot(&cmd->view, cmd->arg.create_virtual.to,
			       CAPMSG_RIGHT_WRITE, &spot);
	if (ret)
		return ret;
	virtual = capmsg_virtual_alloc(cmd->space->account, handler, way, kind);
	ret = PTR_ERR_OR_ZERO(virtual);
	if (ret)
		goto out_spot;
	/* Nobody else knows it yet. */
	capmsg_notice_move(&virtual->no_senders, no_senders);
	/* Its handler may end at this moment. */
	capmsg_body_get(&virtual->gate.body);
	ret = capmsg_publish(&spot, &virtual->gate.body);
	if (!ret)
		capmsg_virtual_start(virtual);
	capmsg_body_put(&virtual->gate.body);
out_spot:
	capmsg_spot_put(&spot);
	return ret;
}

/* Whatever this returns, the notice is to be dropped. */
static int no_senders_notice(struct capmsg_cmd *cmd, struct capmsg_notice *notice)
{
	const struct capmsg_create_virtual *arg = &cmd->arg.create_virtual;

	*notice = (struct capmsg_notice) { };
	if (!arg->notification != !arg->no_senders_bits ||
	    (arg->notification && arg->kind != CAPMSG_TYPE_PORT))
		return -EINVAL;
	return capmsg_notice_resolve(&cmd->view, arg->notification,
				     arg->no_senders_bits, notice);
}

static int create_handled(struct capmsg_cmd *cmd,
			  const struct capmsg_virtual_kind *kind,
			  struct capmsg_notice *no_senders)
{
	struct capmsg_chain way __uninitialized;
	struct capmsg_found handler;
	int ret;

	ret = capmsg_receivable(&cmd->view, cmd->arg.create_virtual.handler,
				&handler);
	if (ret)
		return ret;
	capmsg_chain_hold(&way, handler.cap.revoker);
	ret = way.broken ? -ENOENT : check_handler(&handler);
	if (!ret)
		ret = create(cmd, handler.body, &way, kind, no_senders);
	capmsg_chain_put(&way);
	capmsg_found_put(&handler);
	return ret;
}

static int create_for_original(struct capmsg_cmd *cmd,
			       struct capmsg_virtual_kind *kind,
			       struct capmsg_notice *no_senders)
{
	u64 address = cmd->arg.create_virtual.original;
	struct capmsg_found original;
	int ret;

	if (address == CAPMSG_ADDRESS_VOID)
		return create_handled(cmd, kind, no_senders);
	ret = capmsg_find(&cmd->view, address, 0, &original);
	if (ret)
		return ret;
	kind->original = original.body;
	ret = original.body->object->kind != kind->kind ? -EINVAL :
	      create_handled(cmd, kind, no_senders);
	capmsg_found_put(&original);
	return ret;
}

/**
 * capmsg_cmd_create_virtual() - CAPMSG_IOC_CREATE_VIRTUAL
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_create_virtual(struct capmsg_cmd *cmd)
{
	const struct capmsg_create_virtual *arg = &cmd->arg.create_virtual;
	struct capmsg_virtual_kind kind = {
		.kind		= arg->kind,
		.name		= arg->object,
		.bits		= arg->bits,
		.cache_bits	= arg->cache_bits,
	};
	struct capmsg_notice no_senders;
	int ret;

	if (arg->flags || !capmsg_new_rights(kind.kind))
		return -EOPNOTSUPP;
	if (kind.kind == CAPMSG_TYPE_CAPPAGE && !kind.bits)
		kind.bits = CAPMSG_BITS_DEFAULT;
	ret = arg->__reserved ? -EINVAL : check_kind(&kind);
	if (ret)
		return ret;
	ret = no_senders_notice(cmd, &no_senders) ?:
	      create_for_original(cmd, &kind, &no_senders);
	capmsg_notice_drop(&no_senders);
	return ret;
}

/* Find the port of a handler that the caller may receive from. */
static int find_handler(struct capmsg_cmd *cmd, u64 address,
			struct capmsg_found *found)
{
	int ret;

	ret = capmsg_receivable(&cmd->view, address, found);
	if (ret)
		return ret;
	if (capmsg_port_of(found->body)->handler)
		return 0;
	capmsg_found_put(found);
	return -EINVAL;
}

#define WAITING_MAX	4096

/* No user memory is touched under the lock. */
static int tell_waiting(struct capmsg_cmd *cmd, struct capmsg_handler *handler)
{
	const struct capmsg_upcalls *arg = &cmd->arg.upcalls;
	struct capmsg_waiting *list;
	int ret;
	u32 n;

	list = kvcalloc(arg->n, sizeof(*list), CAPMSG_GFP);
	if (!list)
		return -ENOMEM;
	n = capmsg_pending_list(handler, list, arg->n);
	ret = copy_to_user(u64_to_user_ptr(arg->waiting), list,
			   n * sizeof(*list)) ? -EFAULT : 0;
	kvfree(list);
	return ret ?: capmsg_out(cmd, capmsg_upcalls, out_n, n);
}

/**
 * capmsg_cmd_upcalls() - CAPMSG_IOC_UPCALLS
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_upcalls(struct capmsg_cmd *cmd)
{
	const struct capmsg_upcalls *arg = &cmd->arg.upcalls;
	struct capmsg_found found;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (!arg->n || arg->n > WAITING_MAX)
		return -EINVAL;
	ret = find_handler(cmd, arg->port, &found);
	if (ret)
		return ret;
	ret = tell_waiting(cmd, capmsg_port_of(found.body)->handler);
	capmsg_found_put(&found);
	return ret;
}

/**
 * capmsg_cmd_abort() - CAPMSG_IOC_ABORT
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_abort(struct capmsg_cmd *cmd)
{
	const struct capmsg_abort *arg = &cmd->arg.abort;
	struct capmsg_found found;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	ret = find_handler(cmd, arg->port, &found);
	if (ret)
		return ret;
	if (!capmsg_pending_abort(capmsg_port_of(found.body)->handler, arg->id))
		ret = -ENOENT;
	capmsg_found_put(&found);
	return ret;
}

static int find_virtual(struct capmsg_cmd *cmd, const struct capmsg_body *handler,
			struct capmsg_found *found)
{
	int ret;

	ret = capmsg_find(&cmd->view, cmd->arg.invalidate.object, 0, found);
	if (ret)
		return ret;
	if (found->body->ops->type == CAPMSG_TYPE_VIRTUAL &&
	    capmsg_virtual_of(found->body)->handler == handler)
		return 0;
	capmsg_found_put(found);
	return -EINVAL;
}

static int tell_cache(struct capmsg_cmd *cmd, struct capmsg_virtual *virtual,
		      u32 dropped)
{
	u64 hits = atomic64_read(&virtual->cache.hits);
	u64 misses = atomic64_read(&virtual->cache.misses);

	return capmsg_out(cmd, capmsg_invalidate, out_dropped, dropped) ?:
	       capmsg_out(cmd, capmsg_invalidate, out_entries,
			  capmsg_cache_entries(&virtual->cache)) ?:
	       capmsg_out(cmd, capmsg_invalidate, out_hits, hits) ?:
	       capmsg_out(cmd, capmsg_invalidate, out_misses, misses);
}

/**
 * capmsg_cmd_invalidate() - CAPMSG_IOC_INVALIDATE
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_invalidate(struct capmsg_cmd *cmd)
{
	const struct capmsg_invalidate *arg = &cmd->arg.invalidate;
	struct capmsg_found handler, object;
	struct capmsg_virtual *virtual;
	u32 dropped = 0;
	int ret;

	ret = capmsg_check_flags(arg->flags, CAPMSG_INVALIDATE_NOTHING);
	if (ret)
		return ret;
	if ((arg->flags & CAPMSG_INVALIDATE_NOTHING) && arg->address)
		return -EINVAL;
	ret = find_handler(cmd, arg->port, &handler);
	if (ret)
		return ret;
	ret = find_virtual(cmd, handler.body, &object);
	capmsg_found_put(&handler);
	if (ret)
		return ret;
	virtual = capmsg_virtual_of(object.body);
	if (!(arg->flags & CAPMSG_INVALIDATE_NOTHING))
		dropped = capmsg_virtual_forget(virtual, arg->address);
	ret = tell_cache(cmd, virtual, dropped);
	capmsg_found_put(&object);
	return ret;
}
