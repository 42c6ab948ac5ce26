/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames: one operation in flight. A space allocates its frames when it is set
 * up; with a frame in hand a message needs no further memory.
 */
#ifndef CAPMSG_FRAME_H
#define CAPMSG_FRAME_H

#include "posting.h"

/**
 * struct capmsg_frame - all that one operation needs
 *
 * A frame is the port of one answer: its @port has a single post, @post, which
 * is posted while a call may be answered. For a RECV into a plain buffer
 * @post is posted at the port that is received from.
 */
struct capmsg_frame {
	/** @port: where the answer arrives; its object is the reply right's */
	struct capmsg_port port;
	/** @post: for the answer, or for one message to a plain buffer */
	struct capmsg_port_post post;
	/** @sender: the request, or the answer that is sent */
	struct capmsg_sender sender;
	/** @iter: the payload */
	struct iov_iter iter;
	/** @iov: its pieces */
	struct iovec iov[CAPMSG_IOV_MAX];
	/** @items: capabilities to be sent, as the caller has named them */
	struct capmsg_item items[CAPMSG_CAPS_MAX];
	/** @caps: the same, resolved */
	struct capmsg_cap caps[CAPMSG_CAPS_MAX];
	/** @area: the payload, if at most CAPMSG_INLINE_MAX bytes */
	u8 area[CAPMSG_INLINE_MAX] __aligned(8);
	/** @pin: a plain buffer, with room for the space's largest */
	struct capmsg_pin pin;
	/** @pages: of @pin */
	struct page *pages[];
};

struct capmsg_frame *capmsg_frame_alloc(struct capmsg_account *account,
					u32 plain_max);
int capmsg_frame_arm(struct capmsg_frame *frame, struct capmsg_dress *dress,
		     u32 inline_max);
void capmsg_frame_close_locked(struct capmsg_frame *frame);
void capmsg_frame_end(struct capmsg_frame *frame);

static inline struct capmsg_frame *capmsg_frame_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_frame, port.body);
}

#endif /* CAPMSG_FRAME_H */
