// SPDX-License-Identifier: GPL-2.0-only
/* The model: commands about capabilities in slots. */
#include "world.h"

static bool known_rights(__u32 rights)
{
	return !(rights & ~CAPMSG_RIGHTS_ALL);
}

static int mint(struct doing *d, const struct capmsg_copy *arg)
{
	struct cap *cap = &d->cap;
	unsigned int bits = d->w->tables[cap->index].bits;

	cap->rights &= arg->rights | CAPMSG_RIGHT_WEAK;
	if (arg->flags & CAPMSG_COPY_WEAK)
		cap->rights |= CAPMSG_RIGHT_WEAK;
	if (arg->flags & CAPMSG_COPY_BADGE) {
		if (cap->badged && d->w->lie != LIE_BADGE_TWICE)
			return -EINVAL;
		cap->badge = arg->badge;
		cap->badged = true;
	}
	if (arg->flags & CAPMSG_COPY_GUARD) {
		if (arg->guard_bits > 62 || arg->guard >> arg->guard_bits)
			return -EINVAL;
		cap->guard = arg->guard;
		cap->guard_bits = arg->guard_bits;
	}
	if (arg->flags & CAPMSG_COPY_SUBPAGE) {
		/* A part of what the source names, of two slots at least. */
		if (cap->type != CAPMSG_TYPE_CAPPAGE ||
		    arg->subpage_bits >= bits || arg->subpage_bits < cap->subpage_bits ||
		    arg->subpage >> arg->subpage_bits ||
		    arg->subpage >> (arg->subpage_bits - cap->subpage_bits) != cap->subpage)
			return -EINVAL;
		cap->subpage = arg->subpage;
		cap->subpage_bits = arg->subpage_bits;
	}
	return 0;
}

static bool store(struct doing *d, __u64 to)
{
	struct place place;
	int ret = walk_slot(d->w, d->op->space, to, CAPMSG_RIGHT_WRITE, &place);

	return done(d, ret ?: slot_store(d->w, &place, &d->cap));
}

bool do_op_copy(struct doing *d)
{
	const struct capmsg_copy *arg = &d->op->a.copy;
	int ret;

	if (d->step)
		return store(d, arg->to);
	if (!known_rights(arg->rights) ||
	    (!(arg->flags & CAPMSG_COPY_BADGE) && arg->badge) ||
	    (!(arg->flags & CAPMSG_COPY_GUARD) && (arg->guard || arg->guard_bits)) ||
	    (!(arg->flags & CAPMSG_COPY_SUBPAGE) && (arg->subpage || arg->subpage_bits)))
		return done(d, -EINVAL);
	ret = walk_copy(d->w, d->op->space, arg->from, &d->cap);
	ret = ret ?: mint(d, arg);
	return ret ? done(d, ret) : false;
}

static int move_reply(struct doing *d, const struct place *to)
{
	const struct capmsg_move *arg = &d->op->a.move;
	struct port *port;
	struct post *post;
	struct cap cap;
	int ret;

	ret = walk_type(d->w, d->op->space, arg->from, CAPMSG_TYPE_PORT,
			CAPMSG_RIGHT_RECV, &cap);
	if (ret)
		return ret;
	port = &d->w->ports[cap.index];
	ret = post_of_call(port, arg->post, arg->seq, &post);
	if (ret)
		return ret;
	if (!call_open(d->w, post->call))
		return -ESTALE;
	cap = (struct cap){ .type = CAPMSG_TYPE_REPLY, .call = post->call,
		.rights = CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_GRANT };
	ret = slot_store(d->w, to, &cap);
	if (!ret)
		post_reply_left(d->w, port, post);
	return ret;
}

static int move_slot(struct doing *d, const struct place *to)
{
	struct place from;
	struct slot *slot;
	int ret;

	ret = walk_slot(d->w, d->op->space, d->op->a.move.from,
			CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE, &from);
	if (ret)
		return ret;
	slot = place_slot(d->w, &from);
	ret = slot_check(slot);
	if (ret != -EEXIST)
		return ret ?: -ENOENT;
	ret = slot_store(d->w, to, &slot->cap);
	if (!ret)
		slot->cap = (struct cap){ .type = CAPMSG_TYPE_VOID };
	return ret;
}

bool do_op_move(struct doing *d)
{
	const struct capmsg_move *arg = &d->op->a.move;
	struct place to;
	int ret;

	if (!(arg->flags & CAPMSG_MOVE_POST) && (arg->post || arg->seq))
		return done(d, -EINVAL);
	ret = walk_slot(d->w, d->op->space, arg->to, CAPMSG_RIGHT_WRITE, &to);
	if (ret)
		return done(d, ret);
	return done(d, arg->flags & CAPMSG_MOVE_POST ? move_reply(d, &to) : move_slot(d, &to));
}

static int clear_reply(struct doing *d)
{
	const struct capmsg_clear *arg = &d->op->a.clear;
	struct port *port;
	struct post *post;
	struct cap cap;
	int ret;

	ret = walk_type(d->w, d->op->space, arg->slot, CAPMSG_TYPE_PORT,
			CAPMSG_RIGHT_RECV, &cap) ?:
	      post_of_call(&d->w->ports[cap.index], arg->post, arg->seq, &post);
	if (ret)
		return ret;
	port = &d->w->ports[cap.index];
	cap = (struct cap){ .type = CAPMSG_TYPE_REPLY, .call = post->call };
	post_reply_left(d->w, port, post);
	cap_drop(d->w, &cap);
	return 0;
}

bool do_op_clear(struct doing *d)
{
	const struct capmsg_clear *arg = &d->op->a.clear;
	struct place place;
	struct slot *slot;
	struct cap cap;
	int ret;

	if (arg->flags & CAPMSG_CLEAR_POST)
		return done(d, clear_reply(d));
	if (arg->post || arg->seq)
		return done(d, -EINVAL);
	ret = walk_slot(d->w, d->op->space, arg->slot, CAPMSG_RIGHT_WRITE, &place);
	if (ret)
		return done(d, ret);
	slot = place_slot(d->w, &place);
	if (slot->reserved)
		return done(d, -EBUSY);
	cap = slot->cap;
	slot->cap = (struct cap){ .type = CAPMSG_TYPE_VOID };
	cap_drop(d->w, &cap);
	return done(d, 0);
}

static bool sends(const struct cap *cap, __u8 port)
{
	return cap->type == CAPMSG_TYPE_PORT && cap->index == port &&
	       (cap->rights & (CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_RECV)) == CAPMSG_RIGHT_SEND;
}

/* Capabilities to send to a port and no more, wherever they are. */
static __u32 send_caps(const struct world *w, __u8 port)
{
	__u32 sum = 0, n;
	int i;

	for (i = 0; i < TABLES; i++)
		for (n = 0; w->tables[i].alive && n < ENTRIES_MAX; n++)
			sum += sends(&w->tables[i].slots[n].cap, port);
	for (i = 0; i < EXPORTS; i++)
		sum += w->exports[i].open && sends(&w->exports[i].cap, port);
	for (i = 0; i < JOBS; i++)
		for (n = 0; w->jobs[i].state == SENDING && n < w->jobs[i].cargo.n_caps; n++)
			sum += sends(&w->jobs[i].cargo.caps[n], port);
	return sum;
}

static void stat_port(const struct world *w, const struct cap *cap,
		      struct capmsg_stat *stat)
{
	const struct port *port = &w->ports[cap->index];
	unsigned int i;

	stat->out_depth = port->depth;
	stat->out_max_size = port->max_size;
	stat->out_max_caps = port->max_caps;
	if (!(cap->rights & CAPMSG_RIGHT_RECV))
		return;
	for (i = 0; i < port->depth; i++) {
		stat->out_posted += port->posts[i].state == POSTED;
		stat->out_filled += port->posts[i].state == FILLED;
		stat->out_idle += port->posts[i].state == IDLE ||
				  port->posts[i].state == REAPING;
	}
	for (i = 0; i < JOBS; i++)
		stat->out_senders += w->jobs[i].state == SENDING &&
				     w->jobs[i].port == cap->index;
	stat->out_send_caps = send_caps(w, cap->index);
}

/* The capability first, then its object: it may die in between, and is told all the same. */
bool do_op_stat(struct doing *d)
{
	struct capmsg_stat *stat = &d->r.stat;
	int ret;

	if (!d->step) {
		ret = walk_fetch(d->w, d->op->space, d->op->a.stat.address, &d->cap);
		return ret ? done(d, ret) : false;
	}
	*stat = (struct capmsg_stat){
		.out_type = d->cap.type, .out_rights = d->cap.rights,
		.out_flags = d->cap.badged ? CAPMSG_STAT_BADGED : 0,
		.out_guard = d->cap.guard, .out_guard_bits = d->cap.guard_bits,
		.out_subpage = d->cap.subpage, .out_subpage_bits = d->cap.subpage_bits };
	if (d->cap.type == CAPMSG_TYPE_CAPPAGE)
		stat->out_bits = d->w->tables[d->cap.index].bits;
	else if (d->cap.type == CAPMSG_TYPE_PORT)
		stat_port(d->w, &d->cap, stat);
	else if (d->cap.type == CAPMSG_TYPE_REGION)
		stat->out_length = d->w->regions[d->cap.index].length;
	return done(d, 0);
}

static bool list_slot(struct doing *d, struct slot *slot, const struct cap *table,
		      struct capmsg_list_entry *entry)
{
	struct cap cap = slot->cap;

	slot->cap.stale = false;
	if (!cap.type && !slot->reserved)
		return false;
	if (!cap.type) {
		entry->flags = CAPMSG_STAT_RESERVED;
		return true;
	}
	if (table->rights & CAPMSG_RIGHT_WEAK)
		cap_weaken(d->w, &cap);
	entry->type = cap.type;
	entry->rights = cap.rights;
	entry->flags = cap.badged ? CAPMSG_STAT_BADGED : 0;
	entry->guard = cap.guard;
	entry->guard_bits = cap.guard_bits;
	entry->subpage = cap.subpage;
	entry->subpage_bits = cap.subpage_bits;
	return true;
}

bool do_op_list(struct doing *d)
{
	const struct capmsg_list *arg = &d->op->a.list;
	struct cap cap = { .type = CAPMSG_TYPE_CAPPAGE,
		.index = d->w->spaces[d->op->space].root,
		.rights = CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE };
	__u32 slot = arg->first, bits, base;
	int ret = 0;

	if (!arg->n || arg->n > 4096)
		return done(d, -EINVAL);
	if (arg->table)
		ret = walk_type(d->w, d->op->space, arg->table, CAPMSG_TYPE_CAPPAGE,
				CAPMSG_RIGHT_READ, &cap);
	else if (!d->w->spaces[d->op->space].ready)
		ret = -ENOENT;
	if (ret)
		return done(d, ret);
	bits = d->w->tables[cap.index].bits - cap.subpage_bits;
	base = (__u32)cap.subpage << bits;
	for (; slot < 1U << bits && d->r.n < arg->n; slot++) {
		d->r.entries[d->r.n] = (struct capmsg_list_entry){ .slot = slot };
		d->r.n += list_slot(d, &d->w->tables[cap.index].slots[base + slot], &cap,
				    &d->r.entries[d->r.n]);
	}
	d->r.next = slot < 1U << bits ? slot : 0;
	return done(d, 0);
}

bool do_op_export(struct doing *d)
{
	const struct capmsg_export *arg = &d->op->a.export;
	int ret;

	if (!known_rights(arg->rights))
		return done(d, -EINVAL);
	ret = walk_copy(d->w, d->op->space, arg->from, &d->cap);
	if (ret)
		return done(d, ret);
	d->cap.rights &= arg->rights | CAPMSG_RIGHT_WEAK;
	d->w->exports[d->op->export] = (struct exported){ .open = true, .cap = d->cap };
	return done(d, 0);
}

bool do_op_import(struct doing *d)
{
	const struct exported *export = &d->w->exports[d->op->export];

	if (d->step)
		return store(d, d->op->a.import.to);
	if (d->op->a.import.__reserved)
		return done(d, -EINVAL);
	if (!export->open)
		return done(d, -EBADF);
	if (!export->cap.type)
		return done(d, -ENOENT);
	d->cap = export->cap;
	return false;
}
