// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands about revokers: create, revoke, close, open.
 */
#include "commands.h"
#include "publish.h"

/*
 * Put a new revoker between a capability and who gets it. If the capability
 * counts as a sender the revoker takes that over: its own first sender is there.
 */
static void interpose(struct capmsg_revoker *revoker, struct capmsg_cap *cap)
{
	struct capmsg_object *object = revoker->body.object;

	if (capmsg_cap_sends(cap))
		atomic_set(&object->senders, 1);
	if (cap->revoker)
		capmsg_object_put(cap->revoker);
	cap->revoker = capmsg_object_get(object);
}

static int publish_both(struct capmsg_revoker *revoker, struct capmsg_cap *cap,
			struct capmsg_spot *to, struct capmsg_spot *revoker_to)
{
	struct capmsg_object *object = capmsg_object_get(revoker->body.object);
	struct capmsg_cap itself;
	int ret;

	itself = capmsg_cap_make(object, capmsg_new_rights(object->kind));
	interpose(revoker, cap);
	capmsg_body_own(&revoker->body);
	ret = capmsg_store_both(to, cap, revoker_to, &itself);
	if (ret) {
		capmsg_cap_drop(cap);
		capmsg_cap_forget(&itself);
		capmsg_object_kill(object);
	}
	capmsg_object_put(object);
	return ret;
}

static int create_revoker(struct capmsg_cmd *cmd, struct capmsg_spot *to,
			  struct capmsg_spot *revoker_to)
{
	struct capmsg_revoker *revoker;
	struct capmsg_cap cap;
	int ret;

	if (to->table == revoker_to->table && to->index == revoker_to->index)
		return -EINVAL;
	ret = capmsg_fetch(&cmd->view, cmd->arg.create_revoker.from, NULL, &cap);
	if (ret)
		return ret;
	revoker = capmsg_revoker_alloc(cmd->space->account, cap.object,
				       cap.revoker);
	if (!IS_ERR(revoker))
		return publish_both(revoker, &cap, to, revoker_to);
	capmsg_cap_drop(&cap);
	return PTR_ERR(revoker);
}

/**
 * capmsg_cmd_create_revoker() - CAPMSG_IOC_CREATE_REVOKER
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_create_revoker(struct capmsg_cmd *cmd)
{
	const struct capmsg_create_revoker *arg = &cmd->arg.create_revoker;
	struct capmsg_spot to, revoker_to;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	ret = capmsg_find_slot(&cmd->view, arg->to, CAPMSG_RIGHT_WRITE, &to);
	if (ret)
		return ret;
	ret = capmsg_find_slot(&cmd->view, arg->revoker, CAPMSG_RIGHT_WRITE,
			       &revoker_to);
	if (!ret) {
		ret = create_revoker(cmd, &to, &revoker_to);
		capmsg_spot_put(&revoker_to);
	}
	capmsg_spot_put(&to);
	return ret;
}

/**
 * capmsg_cmd_revoke() - CAPMSG_IOC_REVOKE
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_revoke(struct capmsg_cmd *cmd)
{
	const struct capmsg_revoke *arg = &cmd->arg.revoke;

	if (arg->flags)
		return -EOPNOTSUPP;
	return capmsg_end(cmd, arg->revoker, CAPMSG_TYPE_REVOKER,
			  capmsg_unpublish);
}

static int set_closed(struct capmsg_cmd *cmd, u64 address, bool closed)
{
	struct capmsg_found found;
	int ret;

	ret = capmsg_resolve_type(&cmd->view, address, CAPMSG_TYPE_REVOKER,
				  CAPMSG_RIGHT_WRITE, &found);
	if (ret)
		return ret == CAPMSG_DONE ? 0 : ret;
	do {
		ret = capmsg_revoker_set(capmsg_revoker_of(found.body), closed,
					 found.cap.revoker);
	} while (capmsg_gate_again(&ret, found.cap.revoker, &cmd->view.until));
	/* Commits that had found it open are over after that. */
	if (!ret && closed)
		synchronize_rcu();
	capmsg_found_put(&found);
	return ret;
}

/**
 * capmsg_cmd_close() - CAPMSG_IOC_CLOSE
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_close(struct capmsg_cmd *cmd)
{
	const struct capmsg_close *arg = &cmd->arg.close;

	if (arg->flags)
		return -EOPNOTSUPP;
	return set_closed(cmd, arg->revoker, true);
}

/**
 * capmsg_cmd_open() - CAPMSG_IOC_OPEN
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_open(struct capmsg_cmd *cmd)
{
	const struct capmsg_open *arg = &cmd->arg.open;

	if (arg->flags)
		return -EOPNOTSUPP;
	return set_closed(cmd, arg->revoker, false);
}
