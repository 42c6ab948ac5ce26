/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A message and a post: does it fit, and the commit.
 */
#ifndef CAPMSG_COMMIT_H
#define CAPMSG_COMMIT_H

#include "port.h"

void capmsg_sender_init(struct capmsg_sender *sender,
			struct capmsg_account *account);
bool capmsg_post_small(const struct capmsg_port_post *post,
		       const struct capmsg_sender *sender);
bool capmsg_post_fits(const struct capmsg_port_post *post,
		      const struct capmsg_sender *sender);
struct capmsg_tally capmsg_port_tally(struct capmsg_port *port,
				      const struct capmsg_sender *sender,
				      const struct capmsg_share *leaving);
struct capmsg_port_post *
capmsg_port_find_locked(struct capmsg_port *port,
			const struct capmsg_sender *sender, bool may);
int capmsg_port_commit_locked(struct capmsg_port *port,
			      struct capmsg_port_post *post,
			      struct capmsg_sender *sender);
int capmsg_port_give_locked(struct capmsg_port *port,
			    struct capmsg_port_post *post,
			    struct capmsg_sender *sender);

/* May a sender hold one post more, if @leaving holds one less? */
static inline bool capmsg_port_may_hold(struct capmsg_port *port,
					const struct capmsg_sender *sender,
					const struct capmsg_share *leaving)
{
	struct capmsg_tally tally;

	if (!port->shared)
		return true;
	tally = capmsg_port_tally(port, sender, leaving);
	return capmsg_tally_permits(&tally);
}

#endif /* CAPMSG_COMMIT_H */
