/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a new object gets its capability and its owner, and how one ends.
 */
#ifndef CAPMSG_PUBLISH_H
#define CAPMSG_PUBLISH_H

#include "commands.h"

int capmsg_unpublish(const struct capmsg_found *found,
		     const struct capmsg_until *until);
u16 capmsg_new_rights(enum capmsg_type kind);
int capmsg_publish(struct capmsg_spot *spot, struct capmsg_body *body);
int capmsg_end(struct capmsg_cmd *cmd, u64 address, enum capmsg_type type,
	       int (*how)(const struct capmsg_found *found,
			  const struct capmsg_until *until));

#endif /* CAPMSG_PUBLISH_H */
