/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Posts: where messages arrive. A post belongs to a port (or to a frame) for
 * good; what it offers to a message - a buffer, landing slots - changes.
 */
#ifndef CAPMSG_POST_H
#define CAPMSG_POST_H

#include "copy.h"
#include "landing.h"
#include "region.h"

struct capmsg_port;
struct capmsg_sender;
struct capmsg_share;

/**
 * enum capmsg_post_state - the life of a post
 * @CAPMSG_POST_IDLE: the receiver's; takes no message
 * @CAPMSG_POST_POSTED: waits for a message
 * @CAPMSG_POST_CLAIMED: a sender copies into the buffer
 * @CAPMSG_POST_FILLED: holds a message that was committed
 * @CAPMSG_POST_REAPING: a receiver takes the message out
 * @CAPMSG_POST_STATES: number of states
 *
 * ::
 *
 *        post          claim           commit          reap            done
 *   IDLE ----> POSTED -------> CLAIMED -------> FILLED -----> REAPING ----> IDLE
 *        <----   |  ^             |              ^  ^             |
 *        unpost  |  +-------------+              |  +-------------+
 *                |    unclaim, steal             |   reaper's memory faults
 *                +-------------------------------+
 *                   commit of an inline message; landing table lost
 *
 * Beside that, the death of a port makes all its posts idle. A frame's post is
 * never reaped: it becomes idle when its call is over, and FILLED, with an error
 * and no message, when the reply right is dropped.
 *
 * A claim is *busy* while a chunk is copied: nobody takes the post away then;
 * whoever wants it waits for the end of the chunk, and there is no next one. At
 * any other time the claim is *stalled*: its sender faults memory in, or does
 * not run. Then another sender may take it after a while.
 */
enum capmsg_post_state {
	CAPMSG_POST_IDLE,
	CAPMSG_POST_POSTED,
	CAPMSG_POST_CLAIMED,
	CAPMSG_POST_FILLED,
	CAPMSG_POST_REAPING,
	CAPMSG_POST_STATES,
};

/* Posted again by itself once its reply right has left. */
#define CAPMSG_POST_AGAIN	0x1
/* A frame's: for its call's answer, or for one message to a plain buffer. */
#define CAPMSG_POST_FRAME	0x2
/* A chunk is being copied. */
#define CAPMSG_POST_BUSY	0x4
/* Has lost its landing slots, and its receiver is to be told. */
#define CAPMSG_POST_BEREFT	0x8
/* Its claim has lasted too long, but nobody in line can use it. */
#define CAPMSG_POST_SPURNED	0x10
/* Something of it was named through a revoker. */
#define CAPMSG_POST_GATED	0x20

/**
 * struct capmsg_port_post - where one message arrives
 *
 * All under the lock of the port.
 */
struct capmsg_port_post {
	/** @link: in the list of the port that fits the state */
	struct list_head link;
	/** @owner: the port or frame that it is part of; constant */
	struct capmsg_port *owner;
	/**
	 * @port: whose lock guards it; differs from @owner while a frame's
	 * post is posted at a port. Changes only without liens
	 */
	struct capmsg_port *port;
	/** @state: enum capmsg_post_state; changed by capmsg_port_set_locked() */
	u8 state;
	/** @flags: CAPMSG_POST_x */
	u8 flags;
	/** @index: its number in the port */
	u16 index;
	/** @seq: number of the message that it holds or held */
	u32 seq;
	/**
	 * @wanted: tasks that wait for the chunk to end, to take the post away.
	 * A frame's post does not move to another port before they are done
	 */
	u32 wanted;
	/** @share: the record of who holds it, or NULL */
	struct capmsg_share *share;
	/** @claim: who has claimed it */
	struct capmsg_sender *claim;
	/** @stalled: since when the claimer is not copying */
	ktime_t stalled;
	/** @target: its buffer, or nothing */
	struct capmsg_target target;
	/** @cut: the region that the buffer is cut from */
	struct capmsg_cut cut;
	/** @landing: its landing slots */
	struct capmsg_landing landing;
	/**
	 * @through: of a plain buffer's: the revoker that the port was named
	 * through, or NULL; kept by the receiver
	 */
	const struct capmsg_object *through;
	/** @cookie: the receiver's */
	u64 cookie;
	/** @inline_max: bytes that @area may take */
	u32 inline_max;
	/** @n_caps: the message's capabilities */
	u32 n_caps;
	/** @length: the message's bytes */
	u64 length;
	/** @badge: of the capability it was sent through */
	u64 badge;
	/** @badged: there is a badge */
	bool badged;
	/** @upcall: it is the kernel that asks */
	bool upcall;
	/** @is_inline: the bytes are in @area */
	bool is_inline;
	/** @error: not a message: errno why the post is given back */
	int error;
	/** @reply: the right to answer, if it is a call */
	struct capmsg_cap reply;
	/** @area: the bytes of a short message */
	u8 area[CAPMSG_INLINE_MAX] __aligned(8);
};

/**
 * struct capmsg_dress - what a post is to be given
 */
struct capmsg_dress {
	/** @region: to cut the buffer from, or NULL; a reference */
	struct capmsg_region *region;
	/** @offset: of the buffer in the region */
	u64 offset;
	/** @length: of the buffer */
	u64 length;
	/** @table: of the landing slots, or NULL; a reference */
	struct capmsg_cappage *table;
	/** @first: first landing slot */
	u32 first;
	/** @n: number of landing slots */
	u32 n;
	/** @cookie: the receiver's */
	u64 cookie;
	/** @port_through: the revoker that the port was named through, or NULL */
	const struct capmsg_object *port_through;
	/** @region_through: the same of @region; a reference */
	struct capmsg_object *region_through;
	/** @table_through: the same of @table; a reference */
	struct capmsg_object *table_through;
};

/**
 * struct capmsg_remains - what a post lets go of under a lock
 *
 * To be dropped without locks, by capmsg_remains_drop().
 */
struct capmsg_remains {
	/** @table: of the landing slots */
	struct capmsg_cappage *table;
	/** @region: of the buffer */
	struct capmsg_region *region;
	/** @lost: died before the new buffer could be cut from it */
	struct capmsg_region *lost;
	/** @reply: the reply right */
	struct capmsg_cap reply;
};

void capmsg_post_init(struct capmsg_port_post *post, struct capmsg_port *port,
		      u16 index, const struct capmsg_lien_ops *landing_ops,
		      const struct capmsg_lien_ops *cut_ops);
bool capmsg_post_buffered(const struct capmsg_port_post *post);
int capmsg_post_dress(struct capmsg_port_post *post, struct capmsg_dress *dress,
		      struct capmsg_remains *remains);
void capmsg_post_strip(struct capmsg_port_post *post,
		       struct capmsg_remains *remains);
void capmsg_post_strip_landing(struct capmsg_port_post *post,
			       struct capmsg_remains *remains);
void capmsg_post_strip_buffer(struct capmsg_port_post *post,
			      struct capmsg_remains *remains);
void capmsg_remains_drop(struct capmsg_remains *remains);

/* Has it neither buffer nor landing slots? Then it takes short messages only. */
static inline bool capmsg_post_bare(const struct capmsg_port_post *post)
{
	return !post->target.pin && !post->landing.table;
}

#endif /* CAPMSG_POST_H */
