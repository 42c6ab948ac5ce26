/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sender comes to a port: whether it may, and what it gets.
 */
#ifndef CAPMSG_ENTRY_H
#define CAPMSG_ENTRY_H

#include "claim.h"

int capmsg_port_too_much(const struct capmsg_port *port,
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

/**
 * capmsg_port_admit_locked() - may a message go to this port at all?
 * @port: the port
 * @sender: the sender
 *
 * Context: Atomic; lock of the port held.
 * Return: 0; -ENOENT if the port is dead, at a frame -ESTALE if the call is over;
 * -EMSGSIZE.
 */
static inline int capmsg_port_admit_locked(const struct capmsg_port *port,
					   const struct capmsg_sender *sender)
{
	lockdep_assert_held(&port->body.lock);
	if (capmsg_port_is_frame(port)) {
		if (port->body.dead || port->epoch != sender->epoch)
			return -ESTALE;
	} else if (port->body.dead) {
		return -ENOENT;
	}
	if (unlikely(sender->length > port->max_size ||
		     sender->n_caps > port->max_caps))
		return capmsg_port_too_much(port, sender);
	return 0;
}

#endif /* CAPMSG_ENTRY_H */
