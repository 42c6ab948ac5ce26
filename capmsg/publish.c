// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of every command that creates an object.
 */
#include "publish.h"

/**
 * capmsg_publish() - give a new object its capability and its owner
 * @spot: the slot, which was found before, so that most errors come before
 *	anything is allocated
 * @body: the body of the object; the caller's reference is given away, also
 *	after an error
 * @rights: rights of the capability
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; errors of capmsg_store(), after which the object is destroyed.
 */
int capmsg_publish(struct capmsg_spot *spot, struct capmsg_body *body,
		   u16 rights)
{
	struct capmsg_cap cap = capmsg_cap_make(body->object, rights);
	struct capmsg_object *object = capmsg_object_get(body->object);
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
