// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands about whole objects: set up, create, register, destroy, query.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "commands.h"
#include "export.h"
#include "notify.h"
#include "publish.h"
#include "virtual.h"

static void query_limits(struct capmsg_query *query)
{
	query->out_abi_version = CAPMSG_ABI_VERSION;
	query->out_commands = CAPMSG_CMD_COUNT;
	query->out_inline_max = CAPMSG_INLINE_MAX;
	query->out_caps_max = CAPMSG_CAPS_MAX;
	query->out_iov_max = CAPMSG_IOV_MAX;
	query->out_depth_max = CAPMSG_DEPTH_MAX;
}

static void query_space(const struct capmsg_space *space,
			struct capmsg_query *query)
{
	const struct capmsg_user *user = space->account->user;

	if (capmsg_space_ready(space)) {
		query->out_frames = space->n_frames;
		query->out_frames_busy = bitmap_weight(space->busy,
						       space->n_frames);
		query->out_root_bits = space->root_bits;
		query->out_plain_max = space->plain_max;
	}
	query->out_user_objects = atomic_long_read(&user->objects);
	query->out_user_tombstones = atomic_long_read(&user->tombstones);
	query->out_user_objects_max = READ_ONCE(capmsg_max_objects);
	query->out_user_bytes = atomic_long_read(&user->bytes);
	query->out_user_bytes_max = READ_ONCE(capmsg_max_bytes);
	query->out_user_pinned = atomic_long_read(&user->pinned);
}

static void query_totals(struct capmsg_query *query)
{
	int type;

	query->out_total_live[0] = capmsg_spaces();
	for (type = 1; type < CAPMSG_TYPE_COUNT; type++)
		query->out_total_live[type] = capmsg_objects_live(type);
	query->out_total_tombstones = capmsg_tombstones();
	query->out_total_exports = capmsg_exports();
	query->out_total_pinned = capmsg_pinned();
	query->out_total_users = capmsg_users_count();
	query->out_total_frames_busy = capmsg_frames_busy();
	query->out_total_copied = capmsg_copied();
}

/**
 * capmsg_cmd_query() - CAPMSG_IOC_QUERY
 * @cmd: the command; only size and flags were read
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_query(struct capmsg_cmd *cmd)
{
	struct capmsg_query query = { .size = cmd->arg.head.size };

	if (cmd->arg.head.flags)
		return -EOPNOTSUPP;
	query_limits(&query);
	query_space(cmd->space, &query);
	if (ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN))
		query_totals(&query);
	return copy_to_user(cmd->user, &query, sizeof(query)) ? -EFAULT : 0;
}

/**
 * capmsg_cmd_setup() - CAPMSG_IOC_SETUP
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_setup(struct capmsg_cmd *cmd)
{
	const struct capmsg_setup *arg = &cmd->arg.setup;
	u32 frames = arg->frames ?: CAPMSG_FRAMES_DEFAULT;
	u32 bits = arg->root_bits ?: CAPMSG_BITS_DEFAULT;
	u32 plain_max = arg->plain_max ?: CAPMSG_PLAIN_DEFAULT;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved || frames > CAPMSG_FRAMES_MAX ||
	    bits < CAPMSG_BITS_MIN || bits > CAPMSG_BITS_MAX ||
	    plain_max > CAPMSG_PLAIN_MAX)
		return -EINVAL;
	return capmsg_space_setup(cmd->space, frames, bits, plain_max);
}

/* What is to take the place of void slots, if anything. */
static int find_keeper(struct capmsg_cmd *cmd, u64 address,
		       struct capmsg_cap *keeper)
{
	int ret;

	if (address == CAPMSG_ADDRESS_VOID)
		return 0;
	ret = capmsg_keep(&cmd->view, address, keeper);
	if (ret)
		return ret;
	/* An address that leads to a void slot has no bits for its guard. */
	keeper->guard = 0;
	keeper->guard_bits = 0;
	return keeper->object->kind == CAPMSG_TYPE_CAPPAGE ? 0 : -EINVAL;
}

/**
 * capmsg_cmd_create_cappage() - CAPMSG_IOC_CREATE_CAPPAGE
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_create_cappage(struct capmsg_cmd *cmd)
{
	const struct capmsg_create_cappage *arg = &cmd->arg.create_cappage;
	u32 bits = arg->bits ?: CAPMSG_BITS_DEFAULT;
	struct capmsg_cap keeper = { };
	struct capmsg_cappage *table;
	struct capmsg_spot spot;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved || bits < CAPMSG_BITS_MIN || bits > CAPMSG_BITS_MAX)
		return -EINVAL;
	ret = find_keeper(cmd, arg->keeper, &keeper) ?:
	      capmsg_find_slot(&cmd->view, arg->to, CAPMSG_RIGHT_WRITE, &spot);
	if (ret)
		goto out_keeper;
	table = capmsg_cappage_alloc(cmd->space->account, bits,
				     keeper.object ? &keeper : NULL);
	ret = PTR_ERR_OR_ZERO(table);
	if (!ret)
		ret = capmsg_publish(&spot, &table->body);
	capmsg_spot_put(&spot);
out_keeper:
	capmsg_cap_forget(&keeper);
	return ret;
}

static int port_limits(const struct capmsg_create_port *arg,
		       struct capmsg_port_limits *limits)
{
	int ret;

	ret = capmsg_check_flags(arg->flags, CAPMSG_PORT_NO_SHORT |
				 CAPMSG_PORT_NO_SHARES | CAPMSG_PORT_HANDLER);
	if (ret)
		return ret;
	if (!arg->depth || arg->depth > CAPMSG_DEPTH_MAX ||
	    arg->max_size > CAPMSG_MESSAGE_MAX ||
	    arg->max_caps > CAPMSG_CAPS_MAX)
		return -EINVAL;
	limits->depth = arg->depth;
	limits->flags = arg->flags;
	limits->max_caps = arg->max_caps;
	limits->max_size = arg->max_size ?: CAPMSG_MESSAGE_MAX;
	limits->steal_delay = NSEC_PER_USEC *
			      (u64)(arg->steal_delay_us ?: 10000);
	limits->claim_time = NSEC_PER_USEC *
			     (u64)(arg->claim_time_us ?: USEC_PER_SEC);
	return 0;
}

/**
 * struct port_notices - what a new port is to tell
 */
struct port_notices {
	/** @arrival: a message has arrived */
	struct capmsg_notice arrival;
	/** @no_senders: the last capability to send is gone */
	struct capmsg_notice no_senders;
};

/* Whatever this returns, what it has found is to be dropped. */
static int port_notices(struct capmsg_cmd *cmd, struct port_notices *notices)
{
	const struct capmsg_create_port *arg = &cmd->arg.create_port;
	int ret = 0;

	*notices = (struct port_notices) { };
	if (!arg->notification != !(arg->arrival_bits | arg->no_senders_bits))
		return -EINVAL;
	if (arg->arrival_bits)
		ret = capmsg_notice_resolve(&cmd->view, arg->notification,
					    arg->arrival_bits,
					    &notices->arrival);
	if (!ret && arg->no_senders_bits)
		ret = capmsg_notice_resolve(&cmd->view, arg->notification,
					    arg->no_senders_bits,
					    &notices->no_senders);
	return ret;
}

static int create_port(struct capmsg_cmd *cmd,
		       const struct capmsg_port_limits *limits,
		       struct port_notices *notices)
{
	struct capmsg_port *port;
	struct capmsg_spot spot;
	int ret;

	ret = capmsg_find_slot(&cmd->view, cmd->arg.create_port.to,
			       CAPMSG_RIGHT_WRITE, &spot);
	if (ret)
		return ret;
	port = capmsg_port_alloc(cmd->space->account, limits);
	ret = PTR_ERR_OR_ZERO(port);
	if (!ret) {
		/* Nobody else knows the port yet. */
		capmsg_notice_move(&port->arrival, &notices->arrival);
		capmsg_notice_move(&port->no_senders, &notices->no_senders);
		ret = capmsg_publish(&spot, &port->body);
	}
	capmsg_spot_put(&spot);
	return ret;
}

/**
 * capmsg_cmd_create_port() - CAPMSG_IOC_CREATE_PORT
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_create_port(struct capmsg_cmd *cmd)
{
	struct capmsg_port_limits limits;
	struct port_notices notices;
	int ret;

	ret = port_limits(&cmd->arg.create_port, &limits);
	if (ret)
		return ret;
	ret = port_notices(cmd, &notices) ?:
	      create_port(cmd, &limits, &notices);
	capmsg_notice_drop(&notices.arrival);
	capmsg_notice_drop(&notices.no_senders);
	return ret;
}

/**
 * capmsg_cmd_register() - CAPMSG_IOC_REGISTER
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_register(struct capmsg_cmd *cmd)
{
	const struct capmsg_register *arg = &cmd->arg.register_;
	struct capmsg_region *region;
	struct capmsg_spot spot;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (!arg->length || !PAGE_ALIGNED(arg->address | arg->length))
		return -EINVAL;
	ret = capmsg_find_slot(&cmd->view, arg->to, CAPMSG_RIGHT_WRITE, &spot);
	if (ret)
		return ret;
	region = capmsg_region_alloc(cmd->space->account, arg->address,
				     arg->length);
	ret = PTR_ERR_OR_ZERO(region);
	if (!ret)
		ret = capmsg_publish(&spot, &region->body);
	capmsg_spot_put(&spot);
	return ret;
}

static int unregister(const struct capmsg_found *found,
		      const struct capmsg_until *until)
{
	struct capmsg_region *region = capmsg_region_of(found->body);
	int ret;

	do {
		rcu_read_lock();
		ret = capmsg_gate_check(found->cap.revoker);
		if (!ret && !capmsg_region_close(region))
			ret = -EBUSY;
		rcu_read_unlock();
	} while (capmsg_gate_again(&ret, found->cap.revoker, until));
	if (!ret && !capmsg_object_kill(found->body->object))
		ret = -ENOENT;
	return ret;
}

/**
 * capmsg_cmd_unregister() - CAPMSG_IOC_UNREGISTER
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_unregister(struct capmsg_cmd *cmd)
{
	const struct capmsg_unregister *arg = &cmd->arg.unregister;

	if (arg->flags)
		return -EOPNOTSUPP;
	return capmsg_end(cmd, arg->region, CAPMSG_TYPE_REGION, unregister);
}

/* For a real object, or a virtual one of the caller's own space, nobody is asked. */
static bool destroys_own(const struct capmsg_cmd *cmd,
			 const struct capmsg_found *found)
{
	return found->body->ops->type != CAPMSG_TYPE_VIRTUAL ||
	       found->body->account == cmd->space->account;
}

/**
 * capmsg_cmd_destroy() - CAPMSG_IOC_DESTROY
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_destroy(struct capmsg_cmd *cmd)
{
	const struct capmsg_destroy *arg = &cmd->arg.destroy;
	struct capmsg_found found;
	bool own;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	ret = capmsg_find(&cmd->view, arg->address, CAPMSG_RIGHT_DESTROY,
			  &found);
	if (ret)
		return ret;
	own = destroys_own(cmd, &found);
	if (own)
		ret = capmsg_unpublish(&found, &cmd->view.until);
	capmsg_found_put(&found);
	return own ? ret : capmsg_end(cmd, arg->address, CAPMSG_TYPE_VOID,
				      capmsg_unpublish);
}
