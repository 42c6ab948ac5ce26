// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of every command that creates an object, and of those that end one.
 */
#include "publish.h"

/**
 * capmsg_new_rights() - the rights of the first capability to an object
 * @kind: what the object is, or stands for
 *
 * Context: Any.
 * Return: the rights; 0 for what no process can play either: a reply right or a
 * watch.
 */
u16 capmsg_new_rights(enum capmsg_type kind)
{
	switch (kind) {
	case CAPMSG_TYPE_CAPPAGE:
	case CAPMSG_TYPE_REGION:
		return CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE |
		       CAPMSG_RIGHT_DESTROY;
	case CAPMSG_TYPE_PORT:
		return CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_RECV |
		       CAPMSG_RIGHT_GRANT | CAPMSG_RIGHT_DESTROY;
	case CAPMSG_TYPE_NOTIFICATION:
		return CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_RECV |
		       CAPMSG_RIGHT_DESTROY;
	case CAPMSG_TYPE_MESSAGE:
	case CAPMSG_TYPE_REVOKER:
		return CAPMSG_RIGHT_WRITE | CAPMSG_RIGHT_DESTROY;
	default:
		return 0;
	}
}

/**
 * capmsg_publish() - give a new object its capability and its owner
 * @spot: the slot, which was found before, so that most errors come before
 *	anything is allocated
 * @body: the body of the object; the caller's reference is given away, also
 *	after an error
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; errors of capmsg_store(), after which the object is destroyed.
 */
int capmsg_publish(struct capmsg_spot *spot, struct capmsg_body *body)
{
	struct capmsg_object *object = capmsg_object_get(body->object);
	u16 rights = capmsg_new_rights(object->kind);
	struct capmsg_cap cap = capmsg_cap_make(object, rights);
	int ret;

	capmsg_body_own(body);
	ret = capmsg_store(spot, &cap);
	if (ret) {
		capmsg_cap_forget(&cap);
		capmsg_object_kill(object);
	}
	capmsg_object_put(object);
	return ret;
}

/*
 * Are there commits that do not take its lock, but look whether it lives, or what has
 * ended with it? Those of what is used through it: a grace period ends them.
 */
static bool gone_through(const struct capmsg_body *body)
{
	return body->ops->type == CAPMSG_TYPE_REVOKER ||
	       body->ops->type == CAPMSG_TYPE_VIRTUAL || READ_ONCE(body->tied);
}

/**
 * capmsg_unpublish() - destroy an object
 * @found: the object; the caller still puts it
 * @until: how long to wait if the way to it is closed
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0: when this returns, every commit that had found the object alive is
 * over; -ENOENT if it was revoked, or somebody else was first; errors of
 * capmsg_gate_wait().
 */
int capmsg_unpublish(const struct capmsg_found *found,
		     const struct capmsg_until *until)
{
	struct capmsg_body *body;
	int ret;

	do {
		body = NULL;
		rcu_read_lock();
		ret = capmsg_gate_check(found->cap.revoker);
		if (!ret)
			body = capmsg_object_condemn(found->body->object);
		rcu_read_unlock();
	} while (capmsg_gate_again(&ret, found->cap.revoker, until));
	if (ret)
		return ret;
	if (!body)
		return -ENOENT;
	capmsg_body_kill(body);
	if (gone_through(body))
		synchronize_rcu();
	return 0;
}

/*
 * Virtual objects end with what stood in for them, and so does what others use through
 * them: their commits must be over, too. For one that somebody else has ended before,
 * or that has ended with its original, it is that task which waits for them.
 */
static void end_played(const struct capmsg_chain *chain)
{
	struct capmsg_object *object;
	bool ended = false;
	u32 i;

	for (i = 0; i < chain->n; i++) {
		object = chain->body[i]->object;
		if (object->type == CAPMSG_TYPE_VIRTUAL)
			ended |= capmsg_object_kill(object);
	}
	if (ended)
		synchronize_rcu();
}

static int end_found(struct capmsg_cmd *cmd, u64 address, enum capmsg_type type,
		     int (*how)(const struct capmsg_found *found,
				const struct capmsg_until *until),
		     const struct capmsg_object **itself)
{
	struct capmsg_chain chain __uninitialized;
	struct capmsg_found found;
	int ret;

	found.place.played = NULL;
	ret = capmsg_resolve_type(&cmd->view, address, type,
				  CAPMSG_RIGHT_DESTROY, &found);
	*itself = found.place.played;
	if (ret)
		return ret;
	capmsg_chain_hold(&chain, found.cap.revoker);
	ret = how(&found, &cmd->view.until);
	if (!ret)
		end_played(&chain);
	capmsg_chain_put(&chain);
	capmsg_found_put(&found);
	return ret;
}

/**
 * capmsg_end() - carry out a command that ends an object
 * @cmd: the command
 * @address: of the object, with DESTROY
 * @type: what it must be; CAPMSG_TYPE_VOID: anything
 * @how: what is done to it
 *
 * A virtual object ends with what stands in for it, or when its handler says that it
 * has carried out the command. Several that stand in for each other end together; but
 * if it is the handler of a stand-in that says so, it ends that one by itself.
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; errors of capmsg_resolve_type() and of @how.
 */
int capmsg_end(struct capmsg_cmd *cmd, u64 address, enum capmsg_type type,
	       int (*how)(const struct capmsg_found *found,
			  const struct capmsg_until *until))
{
	const struct capmsg_object *played;
	struct capmsg_found itself;
	int ret;

	ret = capmsg_find(&cmd->view, address, 0, &itself);
	if (ret)
		return ret;
	ret = end_found(cmd, address, type, how, &played);
	/*
	 * The address may lead to another one by now, and only that was found with
	 * DESTROY. Its handler may have been first.
	 */
	if (ret == CAPMSG_DONE) {
		ret = 0;
		if (played == itself.body->object &&
		    capmsg_object_kill(itself.body->object))
			synchronize_rcu();
	}
	capmsg_found_put(&itself);
	return ret;
}
