// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames, and the life of a call in them. The epoch of a frame names the call
 * that may be answered now: it moves when the call is armed, and again when
 * it is answered or over. A reply right carries the epoch of its call, and
 * reads as void under any other.
 */
#include <linux/mm.h>

#include "frame.h"

static void frame_free(struct capmsg_body *body)
{
	kvfree(capmsg_frame_of(body));
}

static bool frame_stale(const struct capmsg_body *body, u64 badge)
{
	const struct capmsg_port *port =
		container_of(body, struct capmsg_port, body);

	return READ_ONCE(port->epoch) != badge;
}

/* The only reply right was dropped: the call is answered with EPIPE. */
static void frame_dropped(struct capmsg_body *body, u64 badge)
{
	struct capmsg_frame *frame = capmsg_frame_of(body);
	struct capmsg_port_post *post = &frame->post;
	struct capmsg_port *port = &frame->port;

	capmsg_port_lock(port);
	if (port->epoch != badge || post->state == CAPMSG_POST_FILLED)
		goto out_unlock;
	/* Nobody begins an answer any more; one that is under way may win. */
	WRITE_ONCE(port->epoch, badge + 1);
	capmsg_port_calm_locked(port, post);
	/* Another epoch: the call is over. */
	if (port->epoch == badge + 1 && post->state != CAPMSG_POST_FILLED) {
		capmsg_port_withdraw_locked(port, post);
		post->error = -EPIPE;
		capmsg_port_set_locked(port, post, CAPMSG_POST_FILLED);
		capmsg_port_wake_locked(port);
	}
out_unlock:
	capmsg_port_unlock(port);
}

static void frame_sweep(struct capmsg_body *body)
{
	struct capmsg_frame *frame = capmsg_frame_of(body);

	capmsg_cargo_sweep(&frame->cargo);
	capmsg_memo_sweep(&frame->ask.memo);
}

static const struct capmsg_body_ops frame_ops = {
	.type		= CAPMSG_TYPE_REPLY,
	.kill		= capmsg_port_kill,
	.sweep		= frame_sweep,
	.free		= frame_free,
	.stale		= frame_stale,
	.dropped	= frame_dropped,
};

static void frame_init(struct capmsg_frame *frame)
{
	static const struct capmsg_port_limits limits = {
		.depth		= 1,
		.max_caps	= CAPMSG_CAPS_MAX,
		.max_size	= CAPMSG_MESSAGE_MAX,
	};

	capmsg_port_init(&frame->port, &frame->post, &limits);
	capmsg_post_init(&frame->post, &frame->port, 0,
			 &capmsg_landing_lien_ops, &capmsg_cut_lien_ops);
	frame->post.flags = CAPMSG_POST_FRAME;
	capmsg_cargo_init(&frame->cargo, frame->port.body.account);
	capmsg_ask_init(&frame->ask, frame->port.body.account);
	frame->pin.pages = frame->pages;
}

/**
 * capmsg_frame_alloc() - create a frame
 * @account: who pays
 * @plain_max: bytes of the largest plain buffer
 *
 * Context: Process context; may sleep.
 * Return: the frame, its reference owned by the caller until
 * capmsg_body_own(); or ERR_PTR: -EDQUOT, -ENOMEM.
 */
struct capmsg_frame *capmsg_frame_alloc(struct capmsg_account *account,
					u32 plain_max)
{
	/* A buffer may begin and end in the middle of a page. */
	unsigned long n = DIV_ROUND_UP(plain_max, PAGE_SIZE) + 1;
	struct capmsg_frame *frame;

	frame = capmsg_body_alloc(&frame_ops, account,
				  struct_size(frame, pages, n));
	if (!IS_ERR(frame))
		frame_init(frame);
	return frame;
}

/*
 * Buffer and landing slots for the answer. The post is empty, so nothing but a
 * region that dies at this moment can remain.
 */
static noinline int dress_locked(struct capmsg_frame *frame,
				 struct capmsg_dress *dress,
				 struct capmsg_region **lost)
{
	struct capmsg_remains remains = { };
	int ret = 0;

	if (dress->table || dress->region) {
		ret = capmsg_post_dress(&frame->post, dress, &remains);
		*lost = remains.lost;
	}
	if (!ret && frame->pin.n) {
		frame->post.target.pin = &frame->pin;
		frame->post.target.offset = 0;
		frame->post.target.length = dress->length;
	}
	return ret;
}

/**
 * capmsg_frame_arm() - make a frame ready for the answer to a call
 * @frame: the frame; a plain buffer is pinned already
 * @dress: buffer and landing slots; its references move to the frame on
 *	success. NULL: only for a short answer without capabilities
 * @inline_max: bytes that a short answer may have
 *
 * A new epoch begins. The reply right is in frame->cargo.sender.reply. To be ended
 * by capmsg_frame_end(), also after an error.
 *
 * Context: Process context; takes the locks of frame, table and region.
 * Return: 0, or an error of capmsg_post_dress().
 */
int capmsg_frame_arm(struct capmsg_frame *frame, struct capmsg_dress *dress,
		     u32 inline_max)
{
	struct capmsg_port *port = &frame->port;
	struct capmsg_region *lost = NULL;
	int ret = 0;

	capmsg_port_lock(port);
	if (dress)
		ret = dress_locked(frame, dress, &lost);
	if (!ret) {
		capmsg_frame_open_locked(frame, inline_max,
					 &frame->cargo.sender.reply);
		frame->armed = true;
	}
	capmsg_port_unlock(port);
	if (lost)
		capmsg_body_put(&lost->body);
	return ret;
}

/**
 * capmsg_frame_close_locked() - take no answer any more
 * @frame: the frame
 *
 * An answer whose last chunk is being copied may still be committed; any other
 * gets ESTALE.
 *
 * Context: Process context; lock of the frame held, dropped while a chunk is
 * being copied.
 */
void capmsg_frame_close_locked(struct capmsg_frame *frame)
{
	lockdep_assert_held(&frame->port.body.lock);
	WRITE_ONCE(frame->port.epoch, frame->port.epoch + 1);
	capmsg_port_withdraw_locked(&frame->port, &frame->post);
}

/**
 * capmsg_frame_settle_locked() - end a call that has its answer
 * @frame: the frame; its post is FILLED
 *
 * As far as that takes no more than the lock; capmsg_frame_end() does the rest.
 * The bytes of a short answer stay in the post.
 *
 * Context: Any; lock of the frame held.
 */
void capmsg_frame_settle_locked(struct capmsg_frame *frame)
{
	struct capmsg_port_post *post = &frame->post;

	lockdep_assert_held(&frame->port.body.lock);
	if (post->wanted || !capmsg_post_bare(post))
		return;
	capmsg_port_set_locked(&frame->port, post, CAPMSG_POST_IDLE);
	frame->armed = false;
}

static noinline void frame_strip(struct capmsg_frame *frame)
{
	struct capmsg_remains remains = { };
	struct capmsg_port *port = &frame->port;

	capmsg_port_lock(port);
	capmsg_frame_close_locked(frame);
	capmsg_port_settle_locked(port, &frame->post);
	capmsg_port_set_locked(port, &frame->post, CAPMSG_POST_IDLE);
	capmsg_post_strip(&frame->post, &remains);
	capmsg_port_unlock(port);
	capmsg_remains_drop(&remains);
	capmsg_unpin(&frame->pin);
	frame->armed = false;
}

/**
 * capmsg_frame_rest_locked() - an upcall is over, however
 * @frame: the frame; its post has neither buffer nor landing slots
 *
 * Context: Process context; lock of the frame held.
 */
void capmsg_frame_rest_locked(struct capmsg_frame *frame)
{
	lockdep_assert_held(&frame->port.body.lock);
	capmsg_frame_close_locked(frame);
	/* Pairs with capmsg_upcall_pending(). */
	smp_store_release(&frame->ask.question, NULL);
	capmsg_port_settle_locked(&frame->port, &frame->post);
	capmsg_port_set_locked(&frame->port, &frame->post, CAPMSG_POST_IDLE);
}

/**
 * capmsg_frame_end() - the call is over, however
 * @frame: the frame
 *
 * When this returns nobody writes to the buffer any more, a late answer gets
 * ESTALE, and the post is empty.
 *
 * Context: Process context, no locks held; may sleep for the length of a chunk.
 */
void capmsg_frame_end(struct capmsg_frame *frame)
{
	capmsg_cap_forget(&frame->cargo.sender.reply);
	if (frame->armed || frame->pin.n)
		frame_strip(frame);
}
