/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames: one operation in flight. A space allocates its frames when it is set
 * up; with a frame in hand a message needs no further memory.
 */
#ifndef CAPMSG_FRAME_H
#define CAPMSG_FRAME_H

#include "ask.h"
#include "cargo.h"
#include "posting.h"

/**
 * struct capmsg_frame - all that one operation needs
 *
 * A frame is the port of one answer: its @port has a single post, @post, which
 * is posted while a call or an upcall may be answered. For a RECV into a plain
 * buffer @post is posted at the port that is received from.
 */
struct capmsg_frame {
	/** @port: where the answer arrives; its object is the reply right's */
	struct capmsg_port port;
	/** @post: for the answer, or for one message to a plain buffer */
	struct capmsg_port_post post;
	/** @cargo: the request, or the answer that is sent */
	struct capmsg_cargo cargo;
	/** @armed: a call is to be ended; of who has the frame */
	bool armed;
	/** @ask: what handlers are asked on the way */
	struct capmsg_ask ask;
	/** @pin: a plain buffer, with room for the space's largest */
	struct capmsg_pin pin;
	/** @pages: of @pin */
	struct page *pages[];
};

struct capmsg_frame *capmsg_frame_alloc(struct capmsg_account *account,
					u32 plain_max);
void capmsg_frame_rest_locked(struct capmsg_frame *frame);
int capmsg_frame_arm(struct capmsg_frame *frame, struct capmsg_dress *dress,
		     u32 inline_max);
void capmsg_frame_close_locked(struct capmsg_frame *frame);
void capmsg_frame_settle_locked(struct capmsg_frame *frame);
void capmsg_frame_end(struct capmsg_frame *frame);

/* As capmsg_body_alloc() takes it. */
static_assert(!offsetof(struct capmsg_frame, port.body));

static inline struct capmsg_frame *capmsg_frame_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_frame, port.body);
}

/**
 * capmsg_frame_open_locked() - take an answer from now on
 * @frame: the frame
 * @inline_max: bytes that a short answer may have
 * @reply: the right to answer; owns a reference
 *
 * A new epoch begins. To be ended by capmsg_frame_end() or
 * capmsg_frame_rest_locked().
 *
 * Context: Atomic; lock of the frame held.
 */
static __always_inline void
capmsg_frame_open_locked(struct capmsg_frame *frame, u32 inline_max,
			 struct capmsg_cap *reply)
{
	struct capmsg_port *port = &frame->port;

	lockdep_assert_held(&port->body.lock);
	*reply = capmsg_cap_make(port->body.object, CAPMSG_RIGHT_SEND |
				 CAPMSG_RIGHT_GRANT);
	WRITE_ONCE(port->epoch, port->epoch + 1);
	reply->badge = port->epoch;
	frame->post.error = 0;
	frame->post.inline_max = inline_max;
	capmsg_port_set_locked(port, &frame->post, CAPMSG_POST_POSTED);
}

#endif /* CAPMSG_FRAME_H */
