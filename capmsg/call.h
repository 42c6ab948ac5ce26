/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls: a request, and the wait for its one answer. And the answer.
 */
#ifndef CAPMSG_CALL_H
#define CAPMSG_CALL_H

#include "transfer.h"

/**
 * struct capmsg_answer - what a call brought back
 */
struct capmsg_answer {
	/** @length: bytes */
	u64 length;
	/** @n_caps: capabilities, in the landing slots */
	u32 n_caps;
	/** @in_area: the bytes are in frame->post.area */
	bool in_area;
};

int capmsg_call(struct capmsg_frame *frame, struct capmsg_port *port,
		const struct capmsg_until *until, struct capmsg_answer *answer);
int capmsg_reply(struct capmsg_frame *frame, struct capmsg_port *caller,
		 u64 epoch);
int capmsg_reply_find(struct capmsg_port *port, u32 index, u32 seq,
		      struct capmsg_port **caller, u64 *epoch);
int capmsg_reply_take(struct capmsg_port *port, u32 index, u32 seq,
		      struct capmsg_cap *right);
void capmsg_reply_forget(struct capmsg_port *port, u32 index, u32 seq);
int capmsg_reply_move(struct capmsg_port *port, u32 index, u32 seq,
		      struct capmsg_spot *to);

#endif /* CAPMSG_CALL_H */
