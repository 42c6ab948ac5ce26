// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a post has: a buffer, landing slots, a reply right. All of it is under
 * the lock of its port, so it is let go of in two steps: taken off the post
 * under the lock, dropped after.
 */
#include "post.h"

/**
 * capmsg_post_init() - prepare a post, once
 * @post: zeroed memory
 * @port: the port it belongs to; a frame's is the frame
 * @index: its number there
 * @landing_ops: how it is told of the death of its landing table
 * @cut_ops: how it is told of the death of its region
 *
 * Context: Any.
 */
void capmsg_post_init(struct capmsg_port_post *post, struct capmsg_port *port,
		      u16 index, const struct capmsg_lien_ops *landing_ops,
		      const struct capmsg_lien_ops *cut_ops)
{
	INIT_LIST_HEAD(&post->link);
	post->owner = port;
	post->port = port;
	post->index = index;
	post->inline_max = CAPMSG_INLINE_MAX;
	INIT_LIST_HEAD(&post->landing.lien.link);
	post->landing.lien.ops = landing_ops;
	INIT_LIST_HEAD(&post->cut.lien.link);
	post->cut.lien.ops = cut_ops;
}

/**
 * capmsg_post_strip_landing() - take the landing slots off a post
 * @post: the post
 * @remains: gets the reference
 *
 * Context: Any; lock of the port held, takes that of the table.
 */
void capmsg_post_strip_landing(struct capmsg_port_post *post,
			       struct capmsg_remains *remains)
{
	if (post->landing.table)
		remains->table = capmsg_landing_drop(&post->landing);
}

/**
 * capmsg_post_strip_buffer() - take the buffer off a post
 * @post: the post; not busy
 * @remains: gets the reference
 *
 * Context: Any; lock of the port held, takes that of the region.
 */
void capmsg_post_strip_buffer(struct capmsg_port_post *post,
			      struct capmsg_remains *remains)
{
	WARN_ON_ONCE(post->flags & CAPMSG_POST_BUSY);
	post->target = (struct capmsg_target) { };
	if (!post->cut.region)
		return;
	capmsg_cut_detach(&post->cut);
	remains->region = post->cut.region;
	post->cut.region = NULL;
	if (post->cut.through)
		capmsg_object_put(post->cut.through);
	post->cut.through = NULL;
}

/**
 * capmsg_post_strip() - take everything off a post, its reply right included
 * @post: the post; not busy
 * @remains: gets the references; zeroed by the caller
 *
 * Context: Any; lock of the port held.
 */
void capmsg_post_strip(struct capmsg_port_post *post,
		       struct capmsg_remains *remains)
{
	capmsg_post_strip_landing(post, remains);
	capmsg_post_strip_buffer(post, remains);
	capmsg_cap_move(&remains->reply, &post->reply);
	post->flags &= ~(CAPMSG_POST_AGAIN | CAPMSG_POST_BEREFT);
	post->cookie = 0;
}

/**
 * capmsg_remains_drop() - drop what a post let go of
 * @remains: the remains; empty afterwards
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_remains_drop(struct capmsg_remains *remains)
{
	if (remains->table)
		capmsg_body_put(&remains->table->body);
	if (remains->region)
		capmsg_body_put(&remains->region->body);
	if (remains->lost)
		capmsg_body_put(&remains->lost->body);
	capmsg_cap_drop(&remains->reply);
	remains->table = NULL;
	remains->region = NULL;
	remains->lost = NULL;
}

/**
 * capmsg_post_buffered() - has the post a buffer that may be written?
 * @post: the post
 *
 * Not any more when the region was revoked from who has posted it.
 *
 * Context: Any; lock of the port held, or while a chunk is copied.
 * Return: true if it has.
 */
bool capmsg_post_buffered(const struct capmsg_port_post *post)
{
	return post->target.pin && !capmsg_gate_gone(post->cut.through);
}

/*
 * If the new region dies at this moment the post has lost it already, just as
 * if it had died a moment later.
 */
static void dress_region(struct capmsg_port_post *post,
			 struct capmsg_dress *dress,
			 struct capmsg_remains *remains)
{
	capmsg_post_strip_buffer(post, remains);
	if (!dress->region)
		return;
	if (capmsg_cut_attach(&post->cut, dress->region)) {
		remains->lost = dress->region;
		if (dress->region_through)
			capmsg_object_put(dress->region_through);
		return;
	}
	post->cut.through = dress->region_through;
	post->target.pin = &dress->region->pin;
	post->target.offset = dress->offset;
	post->target.length = dress->length;
}

/**
 * capmsg_post_dress() - give a post another buffer and other landing slots
 * @post: the post; nobody's claim
 * @dress: what it gets; its references are no longer the caller's after success
 * @remains: gets the references of what it had; zeroed by the caller
 *
 * Context: Any; lock of the port held, takes those of tables and regions.
 * Return: 0; -ENOENT if the table or the region is dead; -EBUSY or -EEXIST
 * for the landing slots. On error the post is as before.
 */
int capmsg_post_dress(struct capmsg_port_post *post, struct capmsg_dress *dress,
		      struct capmsg_remains *remains)
{
	int ret;

	if (dress->region && (READ_ONCE(dress->region->body.dead) ||
			      capmsg_gate_gone(dress->region_through)))
		return -ENOENT;
	ret = capmsg_landing_set(&post->landing, dress->table, dress->first,
				 dress->n, dress->table_through,
				 &remains->table);
	if (ret)
		return ret;
	dress_region(post, dress, remains);
	post->flags &= ~(CAPMSG_POST_BEREFT | CAPMSG_POST_GATED);
	if (dress->region_through || dress->table_through)
		post->flags |= CAPMSG_POST_GATED;
	post->cookie = dress->cookie;
	return 0;
}
