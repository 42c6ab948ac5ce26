// SPDX-License-Identifier: GPL-2.0-only
/* The model: posts, and messages that arrive in them. */
#include "world.h"

/* --- landing slots -------------------------------------------------------- */

static void reserve(struct world *w, const struct landing *landing, __u8 reserved)
{
	int i;

	for (i = 0; i < landing->n; i++)
		w->tables[landing->table].slots[landing->first + i].reserved = reserved;
}

/* Reserves @n slots from @place on, or none if it is NULL, in place of others. */
int landing_set(struct world *w, struct landing *landing, const struct place *place,
		__u32 n)
{
	__u32 i;
	int ret;

	if (place && !w->tables[place->table].alive)
		return -ENOENT;
	for (i = 0; place && i < n; i++) {
		struct slot *slot = &w->tables[place->table].slots[place->index + i];

		if (slot->reserved == landing->owner + 1)
			continue;
		ret = slot_check(slot);
		if (ret)
			return ret;
	}
	landing_drop(w, landing);
	if (!place)
		return 0;
	landing->set = true;
	landing->armed = true;
	landing->table = place->table;
	landing->first = place->index;
	landing->n = n;
	landing->stamp = now(w);
	reserve(w, landing, landing->owner + 1);
	return 0;
}

/* The slots are no longer reserved, but known. */
void landing_disarm(struct world *w, struct landing *landing)
{
	if (landing->armed)
		reserve(w, landing, 0);
	landing->armed = false;
}

void landing_drop(struct world *w, struct landing *landing)
{
	landing_disarm(w, landing);
	landing->set = false;
}

static int landing_arm(struct world *w, struct landing *landing)
{
	struct place place = { .table = landing->table, .index = landing->first };

	if (!landing->set || landing->armed)
		return 0;
	return landing_set(w, landing, &place, landing->n);
}

/* --- posts ---------------------------------------------------------------- */

bool post_bare(const struct post *post)
{
	return !post->buffer.set && !post->landing.set;
}

void post_set(struct world *w, struct post *post, enum post_state state)
{
	post->state = state;
	post->stamp = now(w);
}

void post_it(struct world *w, struct port *port, struct post *post)
{
	post->again = false;
	post_set(w, post, POSTED);
	port_dispatch(w, port, post);
}

/* The post comes back to its receiver, with an error and no message. */
void post_bounce(struct world *w, struct post *post)
{
	post->bereft = false;
	post->again = false;
	post->arrived = (struct arrived){ .error = ENOENT };
	post->seq++;
	post_set(w, post, FILLED);
}

/* As it is when nothing was ever done to it. */
void post_strip(struct world *w, struct post *post)
{
	struct cap reply = { .type = CAPMSG_TYPE_REPLY, .call = post->call };
	bool held = post->holds_reply;

	landing_drop(w, &post->landing);
	post->buffer.set = false;
	post->again = false;
	post->bereft = false;
	post->holds_reply = false;
	post->cookie = 0;
	post_set(w, post, IDLE);
	if (held)
		cap_drop(w, &reply);
}

int post_dress(struct world *w, struct post *post, const struct place *landing,
	       __u32 n, const struct buffer *buffer, __u64 cookie)
{
	int ret = landing_set(w, &post->landing, n ? landing : NULL, n);

	if (ret)
		return ret;
	post->buffer = *buffer;
	post->buffer.stamp = now(w);
	post->bereft = false;
	post->cookie = cookie;
	return 0;
}

/* A repost: an idle post is posted as it was. */
int post_again(struct world *w, struct port *port, __u32 index)
{
	struct post *post;
	int ret;

	if (index >= port->depth)
		return -EINVAL;
	post = &port->posts[index];
	if (post->state != IDLE || post->holds_reply)
		return -EBUSY;
	if (post->bereft)
		return -ENOENT;
	ret = landing_arm(w, &post->landing);
	if (!ret)
		post_it(w, port, post);
	return ret;
}

static void post_itself(struct world *w, struct port *port, struct post *post)
{
	if (post->bereft)
		post_bounce(w, post);
	else
		post_it(w, port, post);
}

/* A post holds its reply right no longer. */
void post_reply_left(struct world *w, struct port *port, struct post *post)
{
	post->holds_reply = false;
	/* Only from now on it is to be had. */
	if (post->again)
		post_itself(w, port, post);
	else
		post_set(w, post, IDLE);
}

/* Its message was received: after a short one a post is posted again by itself. */
void post_retire(struct world *w, struct port *port, struct post *post)
{
	const struct arrived *arrived = &post->arrived;

	post_set(w, post, IDLE);
	if (!arrived->is_inline || arrived->n_caps || arrived->error ||
	    w->lie == LIE_SHORT_STAYS_IDLE)
		landing_disarm(w, &post->landing);
	else if (post->holds_reply)
		post->again = true;
	else
		post_itself(w, port, post);
}

struct post *post_first(struct port *port, enum post_state state)
{
	struct post *first = NULL;
	unsigned int i;

	for (i = 0; i < port->depth; i++)
		if (port->posts[i].state == state &&
		    (!first || port->posts[i].stamp < first->stamp))
			first = &port->posts[i];
	return first;
}

/* The post that holds the reply right of a message that was received. */
int post_of_call(struct port *port, __u32 index, __u32 seq, struct post **post)
{
	if (index >= port->depth)
		return -EINVAL;
	if (!port->alive)
		return -ENOENT;
	*post = &port->posts[index];
	if ((*post)->seq != seq)
		return -ESTALE;
	return (*post)->state == IDLE && (*post)->holds_reply ? 0 : -ENOENT;
}

/* --- messages ------------------------------------------------------------- */

bool cargo_fits(const struct post *post, const struct cargo *cargo)
{
	if (cargo->n_caps && (!post->landing.armed || cargo->n_caps > post->landing.n))
		return false;
	return cargo->length <= CAPMSG_INLINE_MAX ||
	       (post->buffer.set && cargo->length <= post->buffer.length);
}

/* Capabilities land; a reply right that moves leaves its slot. */
int caps_land(struct world *w, const struct landing *landing, struct cargo *cargo)
{
	__u32 i;

	if (cargo->n_caps && !landing->armed)
		return -EAGAIN;
	if (cargo->moves) {
		struct table *table = &w->tables[cargo->from_table];
		struct slot *slot = &table->slots[cargo->from_index];

		if (!table->alive || slot->reserved ||
		    slot->cap.type != CAPMSG_TYPE_REPLY || slot->cap.call != cargo->from_call)
			return -ENOENT;
		slot->cap = (struct cap){ .type = CAPMSG_TYPE_VOID };
	}
	for (i = 0; i < cargo->n_caps; i++)
		w->tables[landing->table].slots[landing->first + i].cap = cargo->caps[i];
	return 0;
}

int cargo_land(struct world *w, struct post *post, struct cargo *cargo)
{
	bool is_inline = cargo->length <= CAPMSG_INLINE_MAX;
	int ret;

	/* The bytes come first, and stay there if the rest turns out to be impossible. */
	if (w->memory && !is_inline)
		payload_fill(w->memory[post->buffer.memory] + post->buffer.offset,
			     cargo->length, cargo->seed);
	ret = caps_land(w, &post->landing, cargo);
	if (ret)
		return ret;
	post->arrived = (struct arrived){
		.length = cargo->length, .seed = cargo->seed, .n_caps = cargo->n_caps,
		.badged = cargo->badged, .badge = cargo->badge,
		.is_inline = is_inline,
		.memory = post->buffer.memory, .offset = post->buffer.offset };
	post->holds_reply = cargo->call;
	post->call = cargo->call;
	post->caller = cargo->caller;
	post->seq++;
	post_set(w, post, FILLED);
	return 0;
}

/* Which of the posts that fit: one without a buffer, and the one that waits longest. */
static struct post *choose(struct port *port, const struct cargo *cargo)
{
	struct post *best = NULL;
	unsigned int i;

	for (i = 0; i < port->depth; i++) {
		struct post *post = &port->posts[i];

		if (post->state != POSTED || !cargo_fits(post, cargo))
			continue;
		if (!best || post_bare(post) > post_bare(best) ||
		    (post_bare(post) == post_bare(best) && post->stamp < best->stamp))
			best = post;
	}
	return best;
}

int cargo_enter(struct world *w, struct port *port, struct cargo *cargo)
{
	struct post *post;

	if (!port->alive)
		return -ENOENT;
	if (cargo->length > port->max_size || cargo->n_caps > port->max_caps)
		return -EMSGSIZE;
	post = choose(port, cargo);
	return post ? cargo_land(w, post, cargo) : -EAGAIN;
}

struct waiter *next_in_line(struct world *w, const struct port *port, __u32 after)
{
	struct waiter *next = NULL;
	int i;

	for (i = 0; i < JOBS; i++)
		if (w->jobs[i].state == SENDING && &w->ports[w->jobs[i].port] == port &&
		    w->jobs[i].stamp > after && (!next || w->jobs[i].stamp < next->stamp))
			next = &w->jobs[i];
	return next;
}

void port_dispatch(struct world *w, struct port *port, struct post *post)
{
	struct waiter *job = NULL;
	__u32 stamp = 0;
	int ret;

	while ((job = next_in_line(w, port, stamp))) {
		stamp = job->stamp;
		if (!cargo_fits(post, &job->cargo))
			continue;
		ret = cargo_land(w, post, &job->cargo);
		if (ret == -EAGAIN)
			return;
		if (!ret && job->call)
			job->state = CALLING;
		else
			job_end(w, job, ret);
		if (!ret)
			return;
	}
}
