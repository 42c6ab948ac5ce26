// SPDX-License-Identifier: GPL-2.0-only
/* The model: operations, and which of them would leave the outcome to chance. */
#include "world.h"

static bool (*const commands[CAPMSG_CMD_COUNT])(struct doing *d) = {
	[CAPMSG_CMD_QUERY]		= do_op_query,
	[CAPMSG_CMD_SETUP]		= do_op_setup,
	[CAPMSG_CMD_CREATE_CAPPAGE]	= do_op_create_cappage,
	[CAPMSG_CMD_CREATE_PORT]	= do_op_create_port,
	[CAPMSG_CMD_REGISTER]		= do_op_register,
	[CAPMSG_CMD_UNREGISTER]		= do_op_unregister,
	[CAPMSG_CMD_COPY]		= do_op_copy,
	[CAPMSG_CMD_MOVE]		= do_op_move,
	[CAPMSG_CMD_CLEAR]		= do_op_clear,
	[CAPMSG_CMD_STAT]		= do_op_stat,
	[CAPMSG_CMD_LIST]		= do_op_list,
	[CAPMSG_CMD_DESTROY]		= do_op_destroy,
	[CAPMSG_CMD_POST]		= do_op_post,
	[CAPMSG_CMD_UNPOST]		= do_op_unpost,
	[CAPMSG_CMD_SEND]		= do_op_send,
	[CAPMSG_CMD_RECV]		= do_op_recv,
	[CAPMSG_CMD_CALL]		= do_op_call,
	[CAPMSG_CMD_REPLY]		= do_op_reply,
	[CAPMSG_CMD_REPLY_RECV]		= do_op_reply_recv,
	[CAPMSG_CMD_EXPORT]		= do_op_export,
	[CAPMSG_CMD_IMPORT]		= do_op_import,
};

static int fault_result(__u8 fault)
{
	static const int results[FAULT_COUNT] = {
		[FAULT_FLAG] = -EOPNOTSUPP,
		[FAULT_SHORT] = -EINVAL,
		[FAULT_TAIL] = -E2BIG,
		[FAULT_POINTER] = -EFAULT,
	};

	return results[fault];
}

/* Is nothing left that could name what has died? */
static void forget_deaths(struct world *w)
{
	int i;

	for (i = 0; i < SPACES; i++)
		if (w->spaces[i].open)
			return;
	for (i = 0; i < EXPORTS; i++)
		if (w->exports[i].open)
			return;
	w->deaths = 0;
}

static bool do_extra(struct doing *d)
{
	struct world *w = d->w;

	switch (d->op->nr) {
	case OP_OPEN:
		w->spaces[d->op->space] = (struct space){ .open = true, .born = now(w) };
		break;
	case OP_CLOSE:
		space_kill(w, d->op->space);
		forget_deaths(w);
		break;
	case OP_CLOSE_EXPORT:
		w->exports[d->op->export].open = false;
		forget_deaths(w);
		break;
	case OP_INTERRUPT:
		job_end(w, &w->jobs[d->op->job], -EINTR);
		break;
	}
	return done(d, 0);
}

void model_begin(struct doing *d, struct world *w, const struct op *op,
		 struct capmsg_list_entry *entries)
{
	*d = (struct doing){ .w = w, .op = op };
	d->r.entries = entries;
}

bool model_step(struct doing *d)
{
	if (d->op->fault)
		return done(d, fault_result(d->op->fault));
	if (d->op->nr >= CAPMSG_CMD_COUNT)
		return do_extra(d);
	return commands[d->op->nr](d);
}

void model_do(struct doing *d, struct world *w, const struct op *op,
	      struct capmsg_list_entry *entries)
{
	model_begin(d, w, op, entries);
	while (!model_step(d))
		d->step++;
	receivers_go_on(w);
}

void op_resolve(const struct world *w, struct op *op)
{
	__u64 address;
	__u32 *post, *seq;
	struct place place;

	switch (op->nr) {
	case CAPMSG_CMD_MOVE:
		address = op->a.move.from;
		post = &op->a.move.post;
		seq = &op->a.move.seq;
		break;
	case CAPMSG_CMD_CLEAR:
		address = op->a.clear.slot;
		post = &op->a.clear.post;
		seq = &op->a.clear.seq;
		break;
	case CAPMSG_CMD_REPLY:
		address = op->a.reply.to;
		post = &op->a.reply.post;
		seq = &op->a.reply.seq;
		break;
	case CAPMSG_CMD_REPLY_RECV:
		address = op->a.reply_recv.to;
		post = &op->a.reply_recv.post;
		seq = &op->a.reply_recv.seq;
		break;
	default:
		return;
	}
	if (!op->last || walk_object(w, op->space, address, &place) ||
	    place.cap.type != CAPMSG_TYPE_PORT)
		return;
	*post = w->last[place.cap.index].post;
	*seq = w->last[place.cap.index].seq + op->off;
}

/* --- races ---------------------------------------------------------------- */

/* The port that an operation receives from, or NOBODY. */
static __u8 received_from(const struct world *w, const struct op *op)
{
	struct cap cap;
	__u64 address;

	if (op->nr == CAPMSG_CMD_RECV)
		address = op->a.recv.port;
	else if (op->nr == CAPMSG_CMD_REPLY_RECV)
		address = op->a.reply_recv.port;
	else
		return NOBODY;
	return walk_type(w, op->space, address, CAPMSG_TYPE_PORT, 0, &cap) ? NOBODY :
									     cap.index;
}

/*
 * A sender in line with a message that is not short copies it by itself once it
 * gets a post: until it has, a receiver may see the message or not.
 */
static bool receive_races(const struct world *w, const struct op *op)
{
	__u8 port = received_from(w, op);
	int i;

	if (port == NOBODY)
		return false;
	if (op->job >= 0 && (op->nr == CAPMSG_CMD_RECV ?
			     op->a.recv.n_records != 1 || op->a.recv.plain_size :
			     op->a.reply_recv.n_records != 1))
		return true;
	for (i = 0; i < JOBS; i++) {
		const struct waiter *job = &w->jobs[i];

		if (job->state == FREE || job->port != port)
			continue;
		if (job->state == RECEIVING)
			return true;
		if (job->state == SENDING && job->cargo.length > CAPMSG_INLINE_MAX &&
		    (op->nr == CAPMSG_CMD_REPLY_RECV || op->a.recv.n_records != 1 ||
		     op->a.recv.n_reposts || op->a.recv.plain_size))
			return true;
	}
	return false;
}

/*
 * A caller copies a short answer into its region by itself, and a sender in line its
 * message into the post that is free once its call is answered.
 */
static bool answer_races(const struct world *w, const struct op *op)
{
	bool caller = false, sender = false;
	struct cap cap;
	int i;

	if (!(op->nr == CAPMSG_CMD_REPLY && op->a.reply.flags & CAPMSG_REPLY_POST) &&
	    !(op->nr == CAPMSG_CMD_REPLY_RECV && op->a.reply_recv.flags & CAPMSG_REPLY_POST))
		return false;
	if (walk_type(w, op->space, op->nr == CAPMSG_CMD_REPLY ? op->a.reply.to :
								 op->a.reply_recv.to,
		      CAPMSG_TYPE_PORT, 0, &cap))
		return false;
	for (i = 0; i < JOBS; i++) {
		caller |= w->jobs[i].state == CALLING && w->jobs[i].buffer.set;
		sender |= w->jobs[i].state == SENDING && w->jobs[i].port == cap.index &&
			  w->jobs[i].cargo.length > CAPMSG_INLINE_MAX;
	}
	return caller && sender;
}

static bool job_active(const struct world *w, int job)
{
	return w->jobs[job].state != FREE || w->jobs[job].done;
}

static bool space_active(const struct world *w, __u8 space)
{
	int i;

	for (i = 0; i < JOBS; i++)
		if (job_active(w, i) && w->jobs[i].space == space)
			return true;
	return false;
}

/*
 * The objects of a space die one after the other: who waits for a message may be
 * told of the death of landing slots before its port dies, or not.
 */
static bool close_races(const struct world *w, __u8 space)
{
	int i;

	for (i = 0; i < JOBS; i++)
		if (w->jobs[i].state == RECEIVING && w->ports[w->jobs[i].port].owner == space)
			return true;
	return space_active(w, space);
}

static bool memory_used(const struct world *w, __u8 memory)
{
	int i;

	for (i = 0; i < REGIONS; i++)
		if (w->regions[i].alive && w->regions[i].memory == memory)
			return true;
	return false;
}

/* What the model has no room for, and what makes no sense at this moment, too. */
bool model_races(const struct world *w, const struct op *op)
{
	if (op->nr == OP_INTERRUPT)
		return w->jobs[op->job].state == FREE;
	if (op->job >= 0 && job_active(w, op->job))
		return true;
	if (op->nr == OP_CLOSE_EXPORT)
		return !w->exports[op->export].open;
	if (op->nr == OP_OPEN)
		return w->spaces[op->space].open;
	if (!w->spaces[op->space].open)
		return true;
	switch (op->nr) {
	case OP_CLOSE:
		return close_races(w, op->space);
	case CAPMSG_CMD_CREATE_CAPPAGE:
	case CAPMSG_CMD_SETUP:
		return !object_fits(w, CAPMSG_TYPE_CAPPAGE);
	case CAPMSG_CMD_CREATE_PORT:
		return !object_fits(w, CAPMSG_TYPE_PORT);
	case CAPMSG_CMD_REGISTER:
		return !object_fits(w, CAPMSG_TYPE_REGION) || memory_used(w, op->memory);
	case CAPMSG_CMD_EXPORT:
		return w->exports[op->export].open;
	default:
		return receive_races(w, op) || answer_races(w, op);
	}
}
