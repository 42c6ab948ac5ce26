// SPDX-License-Identifier: GPL-2.0-only
/* The model: commands that bring messages on their way. */
#include "world.h"

/* --- what several commands look up ---------------------------------------- */

int frame_get(const struct doing *d)
{
	const struct space *space = &d->w->spaces[d->op->space];

	if (!space->ready)
		return -ENOENT;
	return frames_busy(d->w, d->op->space) < space->frames ? 0 : -EAGAIN;
}

int landing_find(const struct doing *d, __u64 address, __u32 n, struct place *place)
{
	int ret;

	if (!n)
		return address ? -EINVAL : 0;
	if (n > CAPMSG_CAPS_MAX || !address)
		return -EINVAL;
	ret = walk_slot(d->w, d->op->space, address, CAPMSG_RIGHT_WRITE, place);
	return ret ?: n > (__u32)(place->end - place->index) ? -EINVAL : 0;
}

int region_find(const struct doing *d, __u64 address, __u64 offset, __u64 length,
		struct buffer *buffer)
{
	const struct region *region;
	struct cap cap;
	int ret;

	*buffer = (struct buffer){ .set = false };
	if (!address)
		return offset || length ? -EINVAL : 0;
	ret = walk_type(d->w, d->op->space, address, CAPMSG_TYPE_REGION,
			CAPMSG_RIGHT_WRITE, &cap);
	if (ret)
		return ret;
	region = &d->w->regions[cap.index];
	if (!length || offset > region->length || length > region->length - offset)
		return -EINVAL;
	*buffer = (struct buffer){ .set = true, .region = cap.index,
		.memory = region->memory, .offset = offset, .length = length };
	return 0;
}

int items_check(const struct capmsg_item *items, __u32 n)
{
	__u32 i;

	for (i = 0; i < n; i++) {
		if (items[i].flags & ~CAPMSG_ITEM_MOVE)
			return -EOPNOTSUPP;
		if (items[i].rights & ~CAPMSG_RIGHTS_ALL)
			return -EINVAL;
	}
	return 0;
}

/* A reply right that is to leave its slot with the message. */
static int item_moved(struct doing *d, __u32 i)
{
	struct cargo *cargo = &d->cargo;
	struct place place;
	struct slot *slot;
	int ret;

	if (cargo->moves)
		return -EINVAL;
	ret = walk_slot(d->w, d->op->space, d->op->items[i].address,
			CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE, &place);
	if (ret)
		return ret;
	slot = place_slot(d->w, &place);
	if (slot->reserved)
		return -EBUSY;
	if (!slot->cap.type)
		return -ENOENT;
	if (slot->cap.type != CAPMSG_TYPE_REPLY)
		return -EINVAL;
	cargo->caps[i] = slot->cap;
	cargo->moves = true;
	cargo->from_table = place.table;
	cargo->from_index = place.index;
	cargo->from_call = slot->cap.call;
	return 0;
}

int items_read(struct doing *d, __u32 n)
{
	const struct capmsg_item *items = d->op->items;
	__u32 i;
	int ret;

	d->cargo.n_caps = n;
	d->cargo.length = d->op->length;
	d->cargo.seed = d->op->seed;
	for (i = 0; i < n; i++) {
		if (items[i].flags & CAPMSG_ITEM_MOVE)
			ret = item_moved(d, i);
		else
			ret = walk_copy(d->w, d->op->space, items[i].address,
					&d->cargo.caps[i]);
		if (ret)
			return ret;
		d->cargo.caps[i].rights &= items[i].rights | CAPMSG_RIGHT_WEAK;
	}
	return 0;
}

/* --- POST, UNPOST --------------------------------------------------------- */

static struct post *free_post(struct port *port)
{
	struct post *best = NULL;
	unsigned int i;

	for (i = 0; i < port->depth; i++) {
		struct post *post = &port->posts[i];
		bool posted = post->state == POSTED && post_bare(post);

		if (post->holds_reply || (post->state != IDLE && !posted))
			continue;
		if (!best || post->state < best->state ||
		    (post->state == best->state && post->stamp < best->stamp))
			best = post;
	}
	return best;
}

static int post_chosen(struct port *port, __u32 index, struct post **post)
{
	if (!port->alive)
		return -ENOENT;
	if (index == CAPMSG_POST_ANY) {
		*post = free_post(port);
		return *post ? 0 : -EAGAIN;
	}
	if (index >= port->depth)
		return -EINVAL;
	*post = &port->posts[index];
	if ((*post)->holds_reply)
		return -EBUSY;
	return (*post)->state == IDLE || (*post)->state == POSTED ? 0 : -EBUSY;
}

bool do_op_post(struct doing *d)
{
	const struct capmsg_post *arg = &d->op->a.post;
	struct buffer buffer;
	struct place place;
	struct port *port;
	struct post *post;
	int ret;

	if (arg->__reserved)
		return done(d, -EINVAL);
	ret = walk_type(d->w, d->op->space, arg->port, CAPMSG_TYPE_PORT,
			CAPMSG_RIGHT_RECV, &d->cap) ?:
	      region_find(d, arg->region, arg->offset, arg->length, &buffer) ?:
	      landing_find(d, arg->landing, arg->max_caps, &place);
	if (ret)
		return done(d, ret);
	port = &d->w->ports[d->cap.index];
	ret = post_chosen(port, arg->post, &post) ?:
	      post_dress(d->w, post, &place, arg->max_caps, &buffer, arg->cookie);
	if (ret)
		return done(d, ret);
	d->r.post = post - port->posts;
	post_it(d->w, port, post);
	return done(d, 0);
}

bool do_op_unpost(struct doing *d)
{
	const struct capmsg_unpost *arg = &d->op->a.unpost;
	struct port *port;
	struct post *post;
	int ret;

	if (arg->__reserved)
		return done(d, -EINVAL);
	ret = walk_type(d->w, d->op->space, arg->port, CAPMSG_TYPE_PORT,
			CAPMSG_RIGHT_RECV, &d->cap);
	if (ret)
		return done(d, ret);
	port = &d->w->ports[d->cap.index];
	if (arg->post >= port->depth)
		return done(d, -EINVAL);
	post = &port->posts[arg->post];
	if (post->state == FILLED || post->state == REAPING || post->holds_reply)
		return done(d, -EBUSY);
	post_strip(d->w, post);
	if (!(port->flags & CAPMSG_PORT_NO_SHORT))
		post_it(d->w, port, post);
	return done(d, 0);
}

/* --- SEND, CALL ----------------------------------------------------------- */

static int destination(struct doing *d, __u64 to, __u32 n_items)
{
	int ret;

	ret = frame_get(d) ?: items_check(d->op->items, n_items) ?:
	      walk_type(d->w, d->op->space, to, CAPMSG_TYPE_PORT, CAPMSG_RIGHT_SEND |
			(n_items ? CAPMSG_RIGHT_GRANT : 0), &d->cap);
	if (ret)
		return ret;
	d->cargo = (struct cargo){ .badged = d->cap.badged, .badge = d->cap.badge };
	return 0;
}

/* There is no post: give up, or get in line. */
static int wait_in_line(struct doing *d, __u32 flags, __u64 deadline)
{
	struct waiter *job = &d->w->jobs[d->op->job < 0 ? 0 : d->op->job];

	if (flags & CAPMSG_NONBLOCK)
		return -EAGAIN;
	if (deadline || d->op->job < 0)
		return -ETIMEDOUT;	/* deadlines here are in the past */
	job->state = SENDING;
	job->port = d->cap.index;
	job->cargo = d->cargo;
	job->stamp = now(d->w);
	d->r.blocks = true;
	return 0;
}

static void job_take(struct doing *d)
{
	struct waiter *job;

	if (d->op->job < 0)
		return;
	job = &d->w->jobs[d->op->job];
	*job = (struct waiter){ .space = d->op->space, .op = *d->op };
}

bool do_op_send(struct doing *d)
{
	const struct capmsg_send *arg = &d->op->a.send;
	int ret;

	switch (d->step) {
	case 0:
		ret = destination(d, arg->to, arg->n_items);
		return ret ? done(d, ret) : false;
	case 1:
		ret = items_read(d, arg->n_items);
		return ret ? done(d, ret) : false;
	}
	ret = cargo_enter(d->w, &d->w->ports[d->cap.index], &d->cargo);
	if (ret == -EAGAIN) {
		job_take(d);
		ret = wait_in_line(d, arg->flags, arg->deadline);
	}
	return done(d, ret);
}

/* Room for the answer. */
static int call_prepare(struct doing *d, struct waiter *job)
{
	const struct capmsg_call *arg = &d->op->a.call;
	struct place place;
	int ret;

	*job = (struct waiter){ .space = d->op->space, .op = *d->op };
	job->landing.owner = PORTS * POSTS + (d->op->job < 0 ? JOBS : d->op->job);
	job->in_region = arg->flags & CAPMSG_CALL_REGION;
	job->inline_max = arg->reply_size < CAPMSG_INLINE_MAX ? arg->reply_size :
								 CAPMSG_INLINE_MAX;
	if (job->in_region) {
		ret = region_find(d, arg->reply_region, arg->reply_data, arg->reply_size,
				  &job->buffer);
		if (ret)
			return ret;
		job->buffer.stamp = now(d->w);
	} else if (arg->reply_size > d->w->spaces[d->op->space].plain_max) {
		return -EMSGSIZE;
	}
	job->room = arg->reply_size;
	ret = landing_find(d, arg->reply_landing, arg->reply_max_caps, &place);
	if (!ret && arg->reply_max_caps)
		ret = landing_set(d->w, &job->landing, &place, arg->reply_max_caps);
	return ret;
}

/* The request is delivered, or not; then the caller waits. */
static int call_wait(struct doing *d, struct waiter *job)
{
	const struct capmsg_call *arg = &d->op->a.call;
	int ret;

	job->call = ++d->w->calls;
	d->cargo.call = job->call;
	d->cargo.caller = d->w->spaces[d->op->space].born;
	ret = cargo_enter(d->w, &d->w->ports[d->cap.index], &d->cargo);
	if (ret == -EAGAIN)
		return wait_in_line(d, arg->flags, arg->deadline);
	if (ret)
		return ret;
	if (arg->deadline || d->op->job < 0)
		return -ETIMEDOUT;
	job->state = CALLING;
	d->r.blocks = true;
	return 0;
}

bool do_op_call(struct doing *d)
{
	const struct capmsg_call *arg = &d->op->a.call;
	struct waiter here, *job = d->op->job < 0 ? &here : &d->w->jobs[d->op->job];
	int ret;

	if (!(arg->flags & CAPMSG_CALL_REGION) && arg->reply_region)
		return done(d, -EINVAL);
	ret = destination(d, arg->to, arg->n_items) ?: items_read(d, arg->n_items);
	if (ret)
		return done(d, ret);
	ret = call_prepare(d, job) ?: call_wait(d, job);
	if (!d->r.blocks) {
		landing_drop(d->w, &job->landing);
		job->buffer.set = false;
		job->state = FREE;
	}
	return done(d, ret);
}
