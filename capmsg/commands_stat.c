// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command that looks at one capability, and at what it names.
 */
#include "commands.h"
#include "message.h"
#include "notification.h"
#include "region.h"
#include "virtual.h"

static void stat_cap(const struct capmsg_cap *cap, struct capmsg_stat *stat)
{
	stat->out_type = cap->object->kind;
	stat->out_rights = cap->rights;
	stat->out_flags = cap->flags & CAPMSG_CAP_BADGED ?
			  CAPMSG_STAT_BADGED : 0;
	stat->out_guard_bits = cap->guard_bits;
	stat->out_guard = cap->guard;
	stat->out_subpage = cap->subpage;
	stat->out_subpage_bits = cap->subpage_bits;
}

static void stat_port(struct capmsg_port *port, struct capmsg_stat *stat)
{
	stat->out_depth = port->depth;
	stat->out_max_size = port->max_size;
	stat->out_max_caps = port->max_caps;
	if (!(stat->out_rights & CAPMSG_RIGHT_RECV))
		return;
	capmsg_port_lock(port);
	stat->out_posted = port->count[CAPMSG_POST_POSTED];
	stat->out_claimed = port->count[CAPMSG_POST_CLAIMED];
	stat->out_filled = port->count[CAPMSG_POST_FILLED];
	stat->out_idle = port->count[CAPMSG_POST_IDLE] +
			 port->count[CAPMSG_POST_REAPING];
	stat->out_senders = port->lines.n;
	stat->out_send_caps = atomic_read(&port->body.object->senders);
	stat->out_mints = port->mints;
	capmsg_port_unlock(port);
}

/*
 * Counted are capabilities to the virtual port, not to what stands in for it; if that has
 * ended meanwhile, there is nothing to be told.
 */
static int stat_played(const struct capmsg_object *played,
		       struct capmsg_stat *stat)
{
	struct capmsg_body *body = rcu_dereference(played->body);

	if (!body)
		return -ENOENT;
	if (stat->out_type != CAPMSG_TYPE_PORT ||
	    !(stat->out_rights & CAPMSG_RIGHT_RECV))
		return 0;
	stat->out_send_caps = atomic_read(&played->senders);
	stat->out_mints = READ_ONCE(capmsg_virtual_of(body)->mints);
	return 0;
}

static void stat_message(struct capmsg_message *message,
			 struct capmsg_stat *stat)
{
	struct capmsg_outcome outcome = capmsg_message_outcome(message);

	stat->out_state = outcome.state;
	stat->out_error = -outcome.error;
}

static void stat_notification(struct capmsg_notification *notification,
			      struct capmsg_stat *stat)
{
	if (stat->out_rights & CAPMSG_RIGHT_RECV)
		stat->out_pending = capmsg_notification_pending(notification);
}

static void stat_body(struct capmsg_body *body, struct capmsg_stat *stat)
{
	switch (body->ops->type) {
	case CAPMSG_TYPE_CAPPAGE:
		stat->out_bits = capmsg_cappage_of(body)->bits;
		break;
	case CAPMSG_TYPE_VIRTUAL:
		stat->out_bits = capmsg_virtual_of(body)->bits;
		break;
	case CAPMSG_TYPE_PORT:
		stat_port(capmsg_port_of(body), stat);
		break;
	case CAPMSG_TYPE_REVOKER:
		stat->out_closed = READ_ONCE(capmsg_revoker_of(body)->closed);
		stat->out_chain = capmsg_revoker_of(body)->chain;
		break;
	case CAPMSG_TYPE_REGION:
		stat->out_length = capmsg_region_of(body)->length;
		break;
	case CAPMSG_TYPE_MESSAGE:
		stat_message(capmsg_message_of(body), stat);
		break;
	case CAPMSG_TYPE_NOTIFICATION:
		stat_notification(capmsg_notification_of(body), stat);
		break;
	default:
		break;
	}
}

/**
 * capmsg_cmd_stat() - CAPMSG_IOC_STAT
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_stat(struct capmsg_cmd *cmd)
{
	struct capmsg_stat stat = {
		.size		= cmd->arg.stat.size,
		.address	= cmd->arg.stat.address,
	};
	struct capmsg_place place;
	struct capmsg_cap cap;
	int ret;

	if (cmd->arg.stat.flags)
		return -EOPNOTSUPP;
	place.played = NULL;
	ret = capmsg_walk_invoke(&cmd->view, stat.address, CAPMSG_TYPE_VOID, 0,
				 &cap, &place);
	if (!ret && !(place.rights & CAPMSG_RIGHT_READ))
		ret = -EACCES;
	if (!ret) {
		stat_cap(&cap, &stat);
		stat_body(place.body, &stat);
		if (place.played)
			ret = stat_played(place.played, &stat);
	}
	rcu_read_unlock();
	if (ret)
		return ret == -ESTALE ? -ENOENT : ret;
	return copy_to_user(cmd->user, &stat, sizeof(stat)) ? -EFAULT : 0;
}
