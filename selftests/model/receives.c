// SPDX-License-Identifier: GPL-2.0-only
/* The model: commands of receivers. */
#include "world.h"

/* --- answers -------------------------------------------------------------- */

int call_answer(struct world *w, __u32 call, struct cargo *cargo)
{
	struct waiter *job = call_job(w, call);
	__u32 most;
	int ret;

	if (!job)
		return -ESTALE;
	most = cargo->length <= CAPMSG_INLINE_MAX ? job->inline_max : job->room;
	if (cargo->length > most ||
	    (cargo->n_caps && (!job->landing.armed || cargo->n_caps > job->landing.n)))
		return -EMSGSIZE;
	ret = caps_land(w, &job->landing, cargo);
	if (ret)
		return ret;
	job->result.length = cargo->length;
	job->result.n_caps = cargo->n_caps;
	job->result.seed = cargo->seed;
	if (job->in_region && job->buffer.set && w->memory)
		payload_fill(w->memory[job->buffer.memory] + job->buffer.offset,
			     cargo->length, cargo->seed);
	job_end(w, job, job->region_lost && cargo->length ? -EFAULT : 0);
	return 0;
}

static bool space_lives(const struct world *w, __u32 born)
{
	int i;

	for (i = 0; i < SPACES; i++)
		if (w->spaces[i].open && w->spaces[i].born == born)
			return true;
	return false;
}

static int answer_post(struct doing *d, struct port *port, __u32 index, __u32 seq,
		       __u32 n_items)
{
	struct post *post;
	int ret;

	ret = post_of_call(port, index, seq, &post);
	if (ret)
		return ret;
	/* What is too late is not looked at. */
	if (!space_lives(d->w, post->caller) || !call_job(d->w, post->call))
		ret = -ESTALE;
	ret = ret ?: items_read(d, n_items);
	ret = ret ?: call_answer(d->w, post->call, &d->cargo);
	if (!ret || ret == -ESTALE)
		post_reply_left(d->w, port, post);
	return ret;
}

static int answer_slot(struct doing *d, __u64 to, __u32 n_items)
{
	__u32 rights = CAPMSG_RIGHT_SEND | (n_items ? CAPMSG_RIGHT_GRANT : 0);
	struct place place;
	int ret;

	ret = walk_object(d->w, d->op->space, to, &place);
	if (ret) {
		/* The slot may have been swept meanwhile. */
		d->r.other = ret == -ESTALE ? -ENOENT : ret;
		return ret;
	}
	if (place.cap.type != CAPMSG_TYPE_REPLY)
		return -EINVAL;
	if ((place.cap.rights & rights) != rights)
		return -EACCES;
	return items_read(d, n_items) ?: call_answer(d->w, place.cap.call, &d->cargo);
}

static int answer(struct doing *d, __u32 flags, __u64 to, __u32 post, __u32 seq,
		  __u32 n_items)
{
	struct cap cap;
	int ret;

	d->cargo = (struct cargo){ .length = 0 };
	if (flags & CAPMSG_REPLY_POST)
		ret = walk_type(d->w, d->op->space, to, CAPMSG_TYPE_PORT,
				CAPMSG_RIGHT_RECV, &cap);
	else
		ret = post || seq ? -EINVAL : 0;
	ret = ret ?: frame_get(d) ?: items_check(d->op->items, n_items);
	if (ret)
		return ret;
	if (flags & CAPMSG_REPLY_POST)
		return answer_post(d, &d->w->ports[cap.index], post, seq, n_items);
	return answer_slot(d, to, n_items);
}

bool do_op_reply(struct doing *d)
{
	const struct capmsg_reply *arg = &d->op->a.reply;

	return done(d, answer(d, arg->flags, arg->to, arg->post, arg->seq, arg->n_items));
}

/* --- receiving ------------------------------------------------------------ */

static void record_of(const struct post *post, __u32 index, struct got *got)
{
	const struct arrived *arrived = &post->arrived;

	*got = (struct got){ .seed = arrived->seed, .memory = arrived->memory,
		.offset = arrived->offset };
	got->record.out_post = index;
	got->record.out_seq = post->seq;
	got->record.out_flags = (arrived->is_inline ? CAPMSG_RECORD_INLINE : 0) |
				(post->holds_reply ? CAPMSG_RECORD_REPLY : 0) |
				(arrived->badged ? CAPMSG_RECORD_BADGED : 0);
	got->record.out_length = arrived->length;
	got->record.out_badge = arrived->badge;
	got->record.out_cookie = post->cookie;
	got->record.out_n_caps = arrived->n_caps;
	got->record.out_error = arrived->error;
}

/* Takes the first message. -EAGAIN: there is none. */
static int reap(struct doing *d)
{
	struct port *port = &d->w->ports[d->port];
	struct post *post = port->alive ? post_first(port, FILLED) : NULL;
	struct got *got = &d->r.records[d->r.n];

	if (!port->alive)
		return -ENOENT;
	if (!post)
		return -EAGAIN;
	if (post->arrived.is_inline && post->arrived.length > d->op->data_size)
		return -EMSGSIZE;
	d->post = post - port->posts;
	record_of(post, d->post, got);
	post->state = REAPING;
	if (got->record.out_flags & CAPMSG_RECORD_REPLY)
		d->w->last[d->port] = (struct called){ true, d->post, post->seq };
	return 0;
}

/* There is no message: give up, or wait. */
static int wait_for_message(struct doing *d, __u32 flags, __u64 deadline)
{
	struct waiter *job;

	if (flags & CAPMSG_NONBLOCK)
		return -EAGAIN;
	if (deadline || d->op->job < 0)
		return -ETIMEDOUT;
	job = &d->w->jobs[d->op->job];
	*job = (struct waiter){ .state = RECEIVING, .space = d->op->space,
		.port = d->port, .op = *d->op, .result = d->r };
	d->r.blocks = true;
	return 0;
}

/* The steps after the first: a message is taken, its post is given back, ... */
static bool receive(struct doing *d, __u32 flags, __u64 deadline, __u32 n_records,
		    __u32 n_reposts)
{
	struct port *port = &d->w->ports[d->port];
	int ret;

	if (d->step == 2) {
		post_retire(d->w, port, &port->posts[d->post]);
		d->step = 0;
		return ++d->r.n == n_records;
	}
	ret = reap(d);
	if (!ret)
		return false;
	if (d->r.n)
		return done(d, 0);
	if (ret == -EAGAIN)
		ret = wait_for_message(d, flags, deadline);
	d->r.reposted = ret && n_reposts;
	return done(d, ret);
}

static int reposts(struct doing *d, __u32 n)
{
	int ret = 0;
	__u32 i;

	for (i = 0; i < n && !ret; i++)
		ret = post_again(d->w, &d->w->ports[d->port], d->op->reposts[i]);
	return ret;
}

/* A post of its own for this one command, that is offered to who waits in line. */
static int receive_plain(struct doing *d)
{
	const struct capmsg_recv *arg = &d->op->a.recv;
	struct post guest = { .state = IDLE };
	struct got *got = &d->r.records[0];
	struct waiter *job = NULL;
	struct place place;
	int ret;

	guest.landing.owner = PORTS * POSTS + JOBS;
	if (arg->n_records != 1)
		return -EINVAL;
	if (arg->plain_size > d->w->spaces[d->op->space].plain_max)
		return -EMSGSIZE;
	ret = frame_get(d) ?: landing_find(d, arg->landing, arg->max_caps, &place) ?:
	      reposts(d, arg->n_reposts);
	if (ret)
		return ret;
	ret = arg->max_caps ? landing_set(d->w, &guest.landing, &place, arg->max_caps) : 0;
	if (ret) {
		d->r.reposted = arg->n_reposts;
		return ret;
	}
	guest.state = POSTED;
	while (guest.state == POSTED &&
	       (job = next_in_line(d->w, &d->w->ports[d->port], job ? job->stamp : 0))) {
		/* A call would leave its reply right nowhere. */
		if (job->call || job->cargo.length > arg->plain_size ||
		    !cargo_fits(&guest, &job->cargo))
			continue;
		ret = cargo_land(d->w, &guest, &job->cargo);
		job_end(d->w, job, ret);
	}
	landing_drop(d->w, &guest.landing);
	if (guest.state != FILLED)
		return -EAGAIN;
	record_of(&guest, 0, got);
	got->record.out_flags &= ~CAPMSG_RECORD_INLINE;
	got->record.out_flags |= CAPMSG_RECORD_PLAIN;
	d->r.n = 1;
	return 0;
}

bool do_op_recv(struct doing *d)
{
	const struct capmsg_recv *arg = &d->op->a.recv;
	struct cap cap;
	int ret;

	if (d->step)
		return receive(d, arg->flags, arg->deadline, arg->n_records, arg->n_reposts);
	if (!arg->n_records || arg->n_records > CAPMSG_BATCH_MAX ||
	    arg->n_reposts > CAPMSG_DEPTH_MAX ||
	    (!arg->plain_size && (arg->plain || arg->landing || arg->max_caps)))
		return done(d, -EINVAL);
	ret = walk_type(d->w, d->op->space, arg->port, CAPMSG_TYPE_PORT,
			CAPMSG_RIGHT_RECV, &cap);
	if (ret)
		return done(d, ret);
	d->port = cap.index;
	if (!arg->plain_size) {
		ret = reposts(d, arg->n_reposts);
		return ret ? done(d, ret) : false;
	}
	ret = receive_plain(d);
	/* What was in the posts before is as good. */
	return ret == -EAGAIN && frame_get(d) == 0 ? false : done(d, ret);
}

bool do_op_reply_recv(struct doing *d)
{
	const struct capmsg_reply_recv *arg = &d->op->a.reply_recv;
	struct cap cap;
	int ret = 0;

	if (d->step) {
		if (!receive(d, arg->flags, arg->deadline, arg->n_records, arg->n_reposts))
			return false;
		d->r.answered = d->r.ret && !(arg->flags & CAPMSG_REPLY_NONE);
		return true;
	}
	if (!arg->n_records || arg->n_records > CAPMSG_BATCH_MAX ||
	    arg->n_reposts > CAPMSG_DEPTH_MAX)
		return done(d, -EINVAL);
	ret = walk_type(d->w, d->op->space, arg->port, CAPMSG_TYPE_PORT,
			CAPMSG_RIGHT_RECV, &cap);
	if (ret)
		return done(d, ret);
	d->port = cap.index;
	if (!(arg->flags & CAPMSG_REPLY_NONE)) {
		ret = answer(d, arg->flags, arg->to, arg->post, arg->seq, arg->n_items);
		if (ret && ret != -ESTALE)
			return done(d, ret);
		d->r.reply_error = -ret;
	}
	ret = reposts(d, arg->n_reposts);
	d->r.answered = ret && !(arg->flags & CAPMSG_REPLY_NONE);
	return ret ? done(d, ret) : false;
}

void receivers_go_on(struct world *w)
{
	struct waiter *job;
	int i;

	for (i = 0; i < JOBS; i++) {
		struct doing d = { .w = w, .step = 1 };

		job = &w->jobs[i];
		if (job->state != RECEIVING || !post_first(&w->ports[job->port], FILLED))
			continue;
		d.op = &job->op;
		d.port = job->port;
		d.r = job->result;
		while (!(job->op.nr == CAPMSG_CMD_RECV ? do_op_recv(&d) :
							do_op_reply_recv(&d)))
			d.step++;
		job->result = d.r;
		job_end(w, job, d.r.ret);
		i = -1;
	}
}
