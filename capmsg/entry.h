/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sender comes to a port: whether it may, and what it gets.
 */
#ifndef CAPMSG_ENTRY_H
#define CAPMSG_ENTRY_H

#include "claim.h"

int capmsg_port_admit_locked(const struct capmsg_port *port,
			     const struct capmsg_sender *sender);
int capmsg_port_enter_locked(struct capmsg_port *port,
			     struct capmsg_sender *sender);
int capmsg_port_refuse_locked(struct capmsg_port *port,
			      const struct capmsg_sender *sender);
void capmsg_port_credits_locked(struct capmsg_port *port,
				const struct capmsg_sender *sender,
				struct capmsg_credits *credits);
u32 capmsg_port_holders_locked(struct capmsg_port *port,
			       struct user_namespace *seer,
			       struct capmsg_holder *holders, u32 n);

#endif /* CAPMSG_ENTRY_H */
