/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a new object gets its capability and its owner.
 */
#ifndef CAPMSG_PUBLISH_H
#define CAPMSG_PUBLISH_H

#include "walk.h"

int capmsg_unpublish(const struct capmsg_found *found,
		     const struct capmsg_until *until);
int capmsg_publish(struct capmsg_spot *spot, struct capmsg_body *body,
		   u16 rights);

#endif /* CAPMSG_PUBLISH_H */
