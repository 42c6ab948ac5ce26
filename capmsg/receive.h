/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Receiving: waiting for a message, and taking it.
 */
#ifndef CAPMSG_RECEIVE_H
#define CAPMSG_RECEIVE_H

#include "frame.h"
#include "wait.h"

int capmsg_await(struct capmsg_port *port, const struct capmsg_object *through,
		 struct capmsg_frame *plain, const struct capmsg_until *until,
		 struct capmsg_port_post **post);
struct capmsg_port_post *capmsg_reap(struct capmsg_port *port,
				     const struct capmsg_object *through);
int capmsg_plain_post(struct capmsg_port *port, struct capmsg_frame *frame,
		      struct capmsg_dress *dress);
void capmsg_plain_end(struct capmsg_port *port, struct capmsg_frame *frame);

#endif /* CAPMSG_RECEIVE_H */
