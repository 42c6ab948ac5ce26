/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sender's side of a port: waiting in line, being served, claims.
 */
#ifndef CAPMSG_CLAIM_H
#define CAPMSG_CLAIM_H

#include "commit.h"

void capmsg_port_queue_locked(struct capmsg_port *port,
			      struct capmsg_sender *sender);
void capmsg_sender_refuse_locked(struct capmsg_sender *sender, int error);
void capmsg_port_unqueue_locked(struct capmsg_port *port,
				struct capmsg_sender *sender, int error);
bool capmsg_port_unqueue_any_locked(struct capmsg_port *port, int error);
void capmsg_port_look_locked(struct capmsg_port *port,
			     struct capmsg_sender *sender);
ktime_t capmsg_port_watch_locked(struct capmsg_port *port,
				 struct capmsg_sender *sender);
void capmsg_port_dispatch_locked(struct capmsg_port *port,
				 struct capmsg_port_post *post);
void capmsg_port_relax_locked(struct capmsg_port *port);

void capmsg_claim_offer_spurned_locked(struct capmsg_port *port);
bool capmsg_claim_steal_locked(struct capmsg_port *port,
			       struct capmsg_sender *sender);
bool capmsg_claim_begin_locked(struct capmsg_port *port,
			       struct capmsg_sender *sender);
void capmsg_claim_end_locked(struct capmsg_port *port,
			     struct capmsg_sender *sender, bool stalled);
void capmsg_claim_take_locked(struct capmsg_port *port,
			      struct capmsg_port_post *post);
void capmsg_claim_drop_locked(struct capmsg_port *port,
			      struct capmsg_sender *sender);
int capmsg_claim_commit_locked(struct capmsg_port *port,
			       struct capmsg_sender *sender);

#endif /* CAPMSG_CLAIM_H */
