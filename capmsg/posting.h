/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The receiver's side of a port: its creation, posting, reaping, its death.
 */
#ifndef CAPMSG_POSTING_H
#define CAPMSG_POSTING_H

#include "claim.h"

extern const struct capmsg_lien_ops capmsg_landing_lien_ops;
extern const struct capmsg_lien_ops capmsg_cut_lien_ops;

struct capmsg_port *capmsg_port_alloc(struct capmsg_account *account,
				      const struct capmsg_port_limits *limits);
void capmsg_port_kill(struct capmsg_body *body);

void capmsg_port_post_locked(struct capmsg_port *port,
			     struct capmsg_port_post *post);
void capmsg_port_withdraw_locked(struct capmsg_port *port,
				 struct capmsg_port_post *post);
int capmsg_port_dress(struct capmsg_port *port, u32 index,
		      struct capmsg_dress *dress);
int capmsg_port_repost(struct capmsg_port *port, u32 index);
int capmsg_port_unpost(struct capmsg_port *port, u32 index,
		       const struct capmsg_object *through);

struct capmsg_port_post *capmsg_port_reap_locked(struct capmsg_port *port);
void capmsg_port_unreap(struct capmsg_port *port, struct capmsg_port_post *post);
void capmsg_port_retire(struct capmsg_port *port, struct capmsg_port_post *post);

struct capmsg_port_post *capmsg_port_reply_post_locked(struct capmsg_port *port,
						       u32 index, u32 seq);
void capmsg_port_reply_left_locked(struct capmsg_port *port,
				   struct capmsg_port_post *post);

#endif /* CAPMSG_POSTING_H */
