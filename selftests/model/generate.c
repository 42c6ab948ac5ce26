// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations. Most of what one needs is picked from what the model says
 * is there, so that most succeed; now and then something else is picked, so that
 * each check of the module has its turn.
 */
#include "run.h"

static __u32 dice(struct generator *g, __u32 n)
{
	return (random_next(&g->random) >> 33) % n;
}

static bool chance(struct generator *g, __u32 percent)
{
	return dice(g, 100) < percent;
}

/* --- picking -------------------------------------------------------------- */

#define TYPE_ANY	0xff
#define WRONG		3	/* percent of picks that are just any slot */

struct wish {
	__u8 type;		/* enum capmsg_type; VOID: a slot that can be stored into */
	__u32 rights;		/* of the capability */
	__u32 where;		/* rights to its table */
	bool full;		/* a slot that is in use and not reserved */
};

static bool wish_fits(const struct wish *wish, const struct seen *seen)
{
	if ((seen->rights & wish->where) != wish->where)
		return false;
	if (wish->type == CAPMSG_TYPE_VOID)
		return !seen->cap.type && !seen->reserved;
	if (wish->full && seen->reserved)
		return false;
	return seen->cap.type && (wish->type == TYPE_ANY || seen->cap.type == wish->type) &&
	       (seen->cap.rights & wish->rights) == wish->rights;
}

static const struct seen *pick_right(struct generator *g, __u8 space, struct wish wish)
{
	const struct view *view = &g->views[space];
	unsigned int i, n = view->n, first = n ? dice(g, n) : 0;

	for (i = 0; i < n; i++)
		if (wish_fits(&wish, &view->seen[(first + i) % n]))
			return &view->seen[(first + i) % n];
	g->missing = true;
	return NULL;
}

static const struct seen *pick(struct generator *g, __u8 space, struct wish wish)
{
	const struct view *view = &g->views[space];

	if (view->n && chance(g, WRONG))
		return &view->seen[dice(g, view->n)];
	return pick_right(g, space, wish);
}

/* An address for an object lookup. */
static __u64 object_at(struct generator *g, __u8 space, __u8 type, __u32 rights)
{
	const struct seen *seen = pick(g, space, (struct wish){ .type = type,
					.rights = rights });

	if (chance(g, 1))
		return CAPMSG_ADDRESS(dice(g, 1 << 12), 1 + dice(g, 30));
	if (!seen || chance(g, 1))
		return CAPMSG_ADDRESS_VOID;
	return seen->object;
}

/* An address of something that can be read out of its slot. */
static __u64 readable_at(struct generator *g, __u8 space)
{
	const struct seen *seen = pick(g, space, (struct wish){ .type = TYPE_ANY,
					.where = CAPMSG_RIGHT_READ });

	return seen ? seen->object : CAPMSG_ADDRESS_VOID;
}

static __u64 void_at(struct generator *g, __u8 space)
{
	const struct seen *seen = pick(g, space, (struct wish){ .type = CAPMSG_TYPE_VOID,
					.where = CAPMSG_RIGHT_WRITE });

	return seen ? seen->slot : CAPMSG_ADDRESS_VOID;
}

static __u64 full_at(struct generator *g, __u8 space)
{
	const struct seen *seen = pick(g, space, (struct wish){ .type = TYPE_ANY,
		.full = true, .where = CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE });

	if (!seen)
		return CAPMSG_ADDRESS_VOID;
	return chance(g, 50) ? seen->slot : seen->object;
}

/* The first of some void slots that follow each other; *n becomes how many. */
static __u64 landing_at(struct generator *g, __u8 space, __u32 *n)
{
	const struct seen *seen = pick(g, space, (struct wish){ .type = CAPMSG_TYPE_VOID,
					.where = CAPMSG_RIGHT_WRITE });

	if (!seen)
		return *n = 0;
	*n = 1 + dice(g, ITEMS_MAX);
	if (seen->index + *n > seen->end && !chance(g, 10))
		*n = seen->end - seen->index;
	return seen->slot;
}

static __u32 some_rights(struct generator *g)
{
	if (chance(g, 60))
		return CAPMSG_RIGHTS_ALL;
	if (chance(g, 2))
		return 0x100;
	return dice(g, CAPMSG_RIGHTS_ALL + 1);
}

/* --- messages ------------------------------------------------------------- */

static __u32 some_length(struct generator *g)
{
	switch (dice(g, 8)) {
	case 0:
		return 0;
	case 1:
		return CAPMSG_INLINE_MAX - dice(g, 3);
	case 2:
		return CAPMSG_INLINE_MAX + 1 + dice(g, 3);
	case 3:
		return CAPMSG_INLINE_MAX + dice(g, LENGTH_MAX - CAPMSG_INLINE_MAX + 1);
	default:
		return 1 + dice(g, 64);
	}
}

static __u32 some_items(struct generator *g, struct op *op)
{
	__u32 n = chance(g, 35) ? 1 + dice(g, ITEMS_MAX) : 0, i;

	for (i = 0; i < n; i++) {
		const struct seen *reply = pick(g, op->space, (struct wish){
			.type = CAPMSG_TYPE_REPLY, .full = true,
			.where = CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE });

		op->items[i].rights = some_rights(g);
		if (reply && chance(g, 30)) {
			op->items[i].address = reply->slot;
			op->items[i].flags = CAPMSG_ITEM_MOVE;
		} else {
			op->items[i].address = readable_at(g, op->space);
			op->items[i].flags = chance(g, 1) ? 4 : chance(g, 2);
		}
	}
	return n;
}

static void some_payload(struct generator *g, struct op *op)
{
	op->length = some_length(g);
	op->seed = dice(g, 256);
	op->pieces = chance(g, 30) ? 1 + dice(g, CAPMSG_IOV_MAX) : 0;
}

/* Flags and deadline: not at all, or until a time that has passed. */
static __u32 no_waiting(struct generator *g, __u64 *deadline)
{
	if (chance(g, 70))
		return CAPMSG_NONBLOCK;
	*deadline = 1;
	return 0;
}

static __s8 free_job(struct generator *g, const struct world *w)
{
	int i, first = dice(g, JOBS);

	for (i = 0; i < JOBS; i++)
		if (w->jobs[(first + i) % JOBS].state == FREE)
			return (first + i) % JOBS;
	return FOREGROUND;
}

static __u64 port_at(struct generator *g, __u8 space, __u32 rights)
{
	return object_at(g, space, CAPMSG_TYPE_PORT, rights);
}

/* A port that has a post of that state, if there is one. */
static __u64 port_with(struct generator *g, const struct world *w, __u8 space, __u32 rights,
		       enum post_state state)
{
	const struct seen *seen = NULL;
	struct port port;
	int i;

	if (chance(g, WRONG))
		return port_at(g, space, rights);
	for (i = 0; i < 8; i++) {
		seen = pick_right(g, space, (struct wish){
			.type = CAPMSG_TYPE_PORT, .rights = rights });
		if (!seen)
			break;
		port = w->ports[seen->cap.index];
		if (post_first(&port, state))
			break;
	}
	return seen ? seen->object : CAPMSG_ADDRESS_VOID;
}

/* Mostly a message that some post of the port can take; the number of its items. */
static __u32 some_message(struct generator *g, const struct world *w, struct op *op,
			  __u64 *to)
{
	const struct post *post;
	struct place place;
	__u32 n_items;

	some_payload(g, op);
	n_items = some_items(g, op);
	*to = port_with(g, w, op->space, CAPMSG_RIGHT_SEND |
			(n_items ? CAPMSG_RIGHT_GRANT : 0), POSTED);
	if (chance(g, 25) || walk_object(w, op->space, *to, &place) ||
	    place.cap.type != CAPMSG_TYPE_PORT)
		return n_items;
	post = &w->ports[place.cap.index].posts[dice(g, w->ports[place.cap.index].depth)];
	if (post->state != POSTED)
		return n_items;
	if (n_items > (post->landing.armed ? post->landing.n : 0))
		n_items = post->landing.armed ? post->landing.n : 0;
	if (op->length > CAPMSG_INLINE_MAX && !post->buffer.set)
		op->length %= CAPMSG_INLINE_MAX;
	else if (op->length > CAPMSG_INLINE_MAX && op->length > post->buffer.length)
		op->length = post->buffer.length;
	return n_items;
}

static void make_send(struct generator *g, const struct world *w, struct op *op)
{
	struct capmsg_send *arg = &op->a.send;

	arg->n_items = some_message(g, w, op, &arg->to);
	if (chance(g, 8))
		op->job = free_job(g, w);
	if (op->job == FOREGROUND)
		arg->flags = no_waiting(g, &arg->deadline);
}

/* A piece of a region, mostly inside. */
static __u64 buffer_at(struct generator *g, const struct world *w, __u8 space, __u64 *offset,
		       __u64 *length)
{
	const struct seen *seen = pick(g, space, (struct wish){ .type = CAPMSG_TYPE_REGION,
					.rights = CAPMSG_RIGHT_WRITE });
	__u32 all = PAGE;

	if (!seen)
		return CAPMSG_ADDRESS_VOID;
	if (seen->cap.type == CAPMSG_TYPE_REGION)
		all = w->regions[seen->cap.index].length;
	*offset = dice(g, all / 512) * 512;
	*length = chance(g, 95) ? 1 + dice(g, all - *offset) : 1 + dice(g, 2 * all);
	return seen->object;
}

static void make_call(struct generator *g, const struct world *w, struct op *op)
{
	struct capmsg_call *arg = &op->a.call;

	arg->n_items = some_message(g, w, op, &arg->to);
	arg->reply_size = chance(g, 50) ? LENGTH_MAX : some_length(g);
	if (chance(g, 20)) {
		arg->flags |= CAPMSG_CALL_REGION;
		arg->reply_region = buffer_at(g, w, op->space, &arg->reply_data,
					      &arg->reply_size);
	} else if (chance(g, 2)) {
		arg->reply_size = LENGTH_MAX + 1;
	}
	if (chance(g, 30))
		arg->reply_landing = landing_at(g, op->space, &arg->reply_max_caps);
	if (chance(g, 95)) {
		op->job = free_job(g, w);
		g->missing |= op->job == FOREGROUND;
	}
	if (op->job == FOREGROUND)
		arg->deadline = 1;
	if (chance(g, 30))
		arg->flags |= CAPMSG_NONBLOCK;
}

/* Which call to answer: mostly the last one that was received from that port. */
static void some_call(struct generator *g, struct op *op, __u32 *post, __u32 *seq)
{
	if (chance(g, 90)) {
		op->last = true;
		op->off = chance(g, 5);
		return;
	}
	*post = dice(g, POSTS + 1);
	*seq = dice(g, 4);
}

/* Is there a post that holds a reply right, of a message that was received? */
static bool called(const struct world *w, __u8 port)
{
	const struct called *last = &w->last[port];
	const struct post *post = &w->ports[port].posts[last->post];

	return last->any && post->state == IDLE && post->holds_reply && post->seq == last->seq;
}

/* A port where a call was received, if there is one. */
static __u64 called_at(struct generator *g, const struct world *w, __u8 space)
{
	const struct view *view = &g->views[space];
	unsigned int i, first = view->n ? dice(g, view->n) : 0;

	for (i = 0; i < view->n; i++) {
		const struct seen *seen = &view->seen[(first + i) % view->n];

		if (seen->cap.type == CAPMSG_TYPE_PORT && called(w, seen->cap.index) &&
		    seen->cap.rights & CAPMSG_RIGHT_RECV && !chance(g, WRONG))
			return seen->object;
	}
	g->missing |= !chance(g, WRONG);
	return port_at(g, space, CAPMSG_RIGHT_RECV);
}

static void make_reply(struct generator *g, const struct world *w, struct op *op)
{
	struct capmsg_reply *arg = &op->a.reply;

	some_payload(g, op);
	if (op->length > 64 && chance(g, 75))
		op->length = dice(g, 64);
	arg->n_items = chance(g, 40) ? some_items(g, op) : 0;
	if (chance(g, 65)) {
		arg->flags = CAPMSG_REPLY_POST;
		arg->to = called_at(g, w, op->space);
		some_call(g, op, &arg->post, &arg->seq);
	} else {
		arg->to = object_at(g, op->space, CAPMSG_TYPE_REPLY, CAPMSG_RIGHT_SEND);
		arg->seq = chance(g, 2);
	}
}

static __u32 some_reposts(struct generator *g, struct op *op)
{
	__u32 n = chance(g, 10) ? 1 + dice(g, REPOSTS_MAX) : 0, i;

	for (i = 0; i < n; i++)
		op->reposts[i] = dice(g, chance(g, 90) ? POSTS - 1 : POSTS + 1);
	return n;
}

static __u16 some_room(struct generator *g)
{
	return chance(g, 90) ? CAPMSG_INLINE_MAX : dice(g, 64);
}

static void make_recv(struct generator *g, const struct world *w, struct op *op)
{
	struct capmsg_recv *arg = &op->a.recv;

	arg->port = port_with(g, w, op->space, CAPMSG_RIGHT_RECV, FILLED);
	arg->n_records = chance(g, 60) ? 1 : 1 + dice(g, RECORDS_MAX);
	if (chance(g, 1))
		arg->n_records = chance(g, 50) ? 0 : CAPMSG_BATCH_MAX + 1;
	arg->n_reposts = some_reposts(g, op);
	op->data_size = some_room(g);
	if (chance(g, 15)) {
		arg->plain = 1;
		arg->plain_size = chance(g, 95) ? 1 + dice(g, LENGTH_MAX) : LENGTH_MAX + 1;
		if (chance(g, 40))
			arg->landing = landing_at(g, op->space, &arg->max_caps);
		arg->n_records = chance(g, 97) ? 1 : 2;
	}
	if (chance(g, 5) && !arg->plain)
		op->job = free_job(g, w);
	if (op->job == FOREGROUND)
		arg->flags = no_waiting(g, &arg->deadline);
	else
		op->data_size = CAPMSG_INLINE_MAX;
}

/* Whoever is answered has its landing slots until it runs, which a repost may find. */
static bool answer_may_land(const struct world *w)
{
	int i;

	for (i = 0; i < JOBS; i++)
		if (w->jobs[i].call && w->jobs[i].landing.set)
			return true;
	return false;
}

static void make_reply_recv(struct generator *g, const struct world *w, struct op *op)
{
	struct capmsg_reply_recv *arg = &op->a.reply_recv;

	some_payload(g, op);
	if (op->length > 64 && chance(g, 75))
		op->length = dice(g, 64);
	arg->n_items = chance(g, 20) ? some_items(g, op) : 0;
	arg->port = called_at(g, w, op->space);
	if (chance(g, 75)) {
		arg->flags = CAPMSG_REPLY_POST;
		arg->to = chance(g, 80) ? arg->port : called_at(g, w, op->space);
		some_call(g, op, &arg->post, &arg->seq);
	} else if (chance(g, 60)) {
		arg->to = object_at(g, op->space, CAPMSG_TYPE_REPLY, CAPMSG_RIGHT_SEND);
	} else {
		arg->flags = CAPMSG_REPLY_NONE;
	}
	arg->n_records = chance(g, 60) ? 1 : 1 + dice(g, RECORDS_MAX);
	arg->n_reposts = answer_may_land(w) ? 0 : some_reposts(g, op);
	op->data_size = some_room(g);
	if (chance(g, 5))
		op->job = free_job(g, w);
	if (op->job == FOREGROUND)
		arg->flags |= no_waiting(g, &arg->deadline);
	else
		op->data_size = CAPMSG_INLINE_MAX;
}

static void make_post(struct generator *g, const struct world *w, struct op *op)
{
	struct capmsg_post *arg = &op->a.post;

	arg->port = port_with(g, w, op->space, CAPMSG_RIGHT_RECV,
			      chance(g, 60) ? IDLE : POSTED);
	if (chance(g, 65))
		arg->region = buffer_at(g, w, op->space, &arg->offset, &arg->length);
	else
		arg->offset = chance(g, 2);
	if (chance(g, 45))
		arg->landing = landing_at(g, op->space, &arg->max_caps);
	arg->cookie = dice(g, 1000);
	arg->post = chance(g, 50) ? CAPMSG_POST_ANY : dice(g, chance(g, 95) ? POSTS / 2 :
								POSTS + 2);
}

/* --- capabilities --------------------------------------------------------- */

static void make_copy(struct generator *g, const struct world *w, struct op *op)
{
	struct capmsg_copy *arg = &op->a.copy;
	const struct seen *seen;

	arg->from = readable_at(g, op->space);
	arg->to = void_at(g, op->space);
	arg->rights = some_rights(g);
	if (chance(g, 15)) {
		arg->flags |= CAPMSG_COPY_BADGE;
		arg->badge = random_next(&g->random);
	}
	if (chance(g, 10)) {
		arg->flags |= CAPMSG_COPY_GUARD;
		arg->guard_bits = chance(g, 95) ? dice(g, 5) : 63;
		arg->guard = dice(g, chance(g, 90) ? 1 << (arg->guard_bits % 8) : 64);
	}
	if (chance(g, 8))
		arg->flags |= CAPMSG_COPY_WEAK;
	if (chance(g, 10)) {
		seen = pick(g, op->space, (struct wish){
			.type = CAPMSG_TYPE_CAPPAGE, .where = CAPMSG_RIGHT_READ });
		arg->from = seen ? seen->object : arg->from;
		arg->flags |= CAPMSG_COPY_SUBPAGE;
		arg->subpage_bits = dice(g, 5);
		arg->subpage = dice(g, 1 << arg->subpage_bits);
		if (seen && chance(g, 60) && arg->subpage_bits >= seen->cap.subpage_bits)
			arg->subpage = seen->cap.subpage <<
				       (arg->subpage_bits - seen->cap.subpage_bits);
	}
	if (chance(g, 1))
		arg->guard_bits ^= 1;
	(void)w;
}

static void make_move(struct generator *g, const struct world *w, struct op *op)
{
	struct capmsg_move *arg = &op->a.move;

	arg->to = void_at(g, op->space);
	if (chance(g, 35)) {
		arg->flags = CAPMSG_MOVE_POST;
		arg->from = called_at(g, w, op->space);
		some_call(g, op, &arg->post, &arg->seq);
	} else {
		arg->from = full_at(g, op->space);
		arg->seq = chance(g, 1);
	}
}

static void make_clear(struct generator *g, const struct world *w, struct op *op)
{
	struct capmsg_clear *arg = &op->a.clear;

	if (chance(g, 12)) {
		arg->flags = CAPMSG_CLEAR_POST;
		arg->slot = called_at(g, w, op->space);
		some_call(g, op, &arg->post, &arg->seq);
	} else {
		arg->slot = full_at(g, op->space);
		arg->post = chance(g, 1);
	}
}

static void make_destroy(struct generator *g, struct op *op)
{
	op->a.destroy.address = object_at(g, op->space, TYPE_ANY,
					  chance(g, 80) ? CAPMSG_RIGHT_DESTROY : 0);
}

static void make_list(struct generator *g, struct op *op)
{
	struct capmsg_list *arg = &op->a.list;

	arg->n = chance(g, 70) ? ENTRIES_MAX : 1 + dice(g, 4);
	if (chance(g, 2))
		arg->n = chance(g, 50) ? 0 : 4097;
	if (chance(g, 30))
		arg->first = dice(g, ENTRIES_MAX + 4);
	if (chance(g, 70))
		arg->table = object_at(g, op->space, CAPMSG_TYPE_CAPPAGE, CAPMSG_RIGHT_READ);
}

/* --- objects -------------------------------------------------------------- */

static void make_setup(struct generator *g, struct op *op)
{
	op->a.setup = (struct capmsg_setup){
		.frames = chance(g, 70) ? JOBS + 1 : 1 + dice(g, JOBS),
		.root_bits = 5, .plain_max = LENGTH_MAX };
	if (chance(g, 20))
		op->a.setup.root_bits = chance(g, 50) ? 1 + dice(g, 3) : CAPMSG_BITS_MAX + 1;
}

static void make_cappage(struct generator *g, struct op *op)
{
	op->a.create_cappage.to = void_at(g, op->space);
	op->a.create_cappage.bits = chance(g, 95) ? 4 + chance(g, 30) : 1 + 12 * dice(g, 2);
}

static void make_port(struct generator *g, struct op *op)
{
	struct capmsg_create_port *arg = &op->a.create_port;

	arg->to = void_at(g, op->space);
	/* The model is one user, and knows no shares ... */
	arg->flags = CAPMSG_PORT_NO_SHARES;
	/* ... and no time: nobody loses a post because the machine is busy. */
	arg->steal_delay_us = ~0U;
	if (chance(g, 20))
		arg->flags |= CAPMSG_PORT_NO_SHORT;
	arg->depth = chance(g, 30) ? 1 + dice(g, POSTS) : POSTS;
	arg->max_caps = chance(g, 80) ? ITEMS_MAX : dice(g, ITEMS_MAX);
	/* A limit that is far away tells one port from another. */
	arg->max_size = chance(g, 85) ? MIB + dice(g, MIB) : dice(g, 600);
	if (chance(g, 3))
		arg->depth = CAPMSG_DEPTH_MAX + 1;
	if (chance(g, 2))
		arg->max_caps = CAPMSG_CAPS_MAX + 1;
}

static void make_register(struct generator *g, struct op *op)
{
	struct capmsg_register *arg = &op->a.reg;

	op->memory = dice(g, MEMORIES);
	arg->to = void_at(g, op->space);
	arg->length = (1 + dice(g, MEMORY_PAGES)) * PAGE;
	if (chance(g, 3))
		arg->length = chance(g, 50) ? 0 : arg->length + 7;
	if (chance(g, 2))
		arg->address = 16;
	if (chance(g, 4))
		arg->length = (MEMORY_PAGES + 1) * PAGE;
}

static void make_export(struct generator *g, struct op *op)
{
	op->export = dice(g, EXPORTS);
	op->a.export.from = readable_at(g, op->space);
	op->a.export.rights = some_rights(g);
}

static void make_import(struct generator *g, const struct world *w, struct op *op)
{
	int i;

	op->export = dice(g, EXPORTS);
	for (i = 0; i < EXPORTS && !w->exports[op->export].cap.type; i++)
		op->export = (op->export + 1) % EXPORTS;
	g->missing |= !w->exports[op->export].cap.type && !chance(g, WRONG);
	op->a.import.to = void_at(g, op->space);
	op->a.import.__reserved = chance(g, 1);
}

/* --- all of them ---------------------------------------------------------- */

static const __u16 weights[OP_COUNT] = {
	[CAPMSG_CMD_QUERY] = 5,
	[CAPMSG_CMD_SETUP] = 3,
	[CAPMSG_CMD_CREATE_CAPPAGE] = 20,
	[CAPMSG_CMD_CREATE_PORT] = 25,
	[CAPMSG_CMD_REGISTER] = 20,
	[CAPMSG_CMD_UNREGISTER] = 8,
	[CAPMSG_CMD_COPY] = 120,
	[CAPMSG_CMD_MOVE] = 70,
	[CAPMSG_CMD_CLEAR] = 70,
	[CAPMSG_CMD_STAT] = 40,
	[CAPMSG_CMD_LIST] = 20,
	[CAPMSG_CMD_DESTROY] = 12,
	[CAPMSG_CMD_POST] = 110,
	[CAPMSG_CMD_UNPOST] = 30,
	[CAPMSG_CMD_SEND] = 150,
	[CAPMSG_CMD_RECV] = 140,
	[CAPMSG_CMD_CALL] = 70,
	[CAPMSG_CMD_REPLY] = 70,
	[CAPMSG_CMD_REPLY_RECV] = 50,
	[CAPMSG_CMD_EXPORT] = 20,
	[CAPMSG_CMD_IMPORT] = 30,
	[OP_CLOSE] = 1,
	[OP_CLOSE_EXPORT] = 12,
	[OP_INTERRUPT] = 3,
};

static __u8 some_nr(struct generator *g)
{
	__u32 sum = 0, at;
	__u8 nr;

	for (nr = 0; nr < OP_COUNT; nr++)
		sum += weights[nr];
	at = dice(g, sum);
	for (nr = 0; at >= weights[nr]; nr++)
		at -= weights[nr];
	return nr;
}

static void make_message(struct generator *g, const struct world *w, struct op *op)
{
	switch (op->nr) {
	case CAPMSG_CMD_POST:
		return make_post(g, w, op);
	case CAPMSG_CMD_UNPOST:
		op->a.unpost.port = port_at(g, op->space, CAPMSG_RIGHT_RECV);
		op->a.unpost.post = dice(g, chance(g, 95) ? POSTS / 2 : POSTS + 2);
		break;
	case CAPMSG_CMD_SEND:
		return make_send(g, w, op);
	case CAPMSG_CMD_RECV:
		return make_recv(g, w, op);
	case CAPMSG_CMD_CALL:
		return make_call(g, w, op);
	case CAPMSG_CMD_REPLY:
		return make_reply(g, w, op);
	case CAPMSG_CMD_REPLY_RECV:
		return make_reply_recv(g, w, op);
	}
}

static void make_slot(struct generator *g, const struct world *w, struct op *op)
{
	switch (op->nr) {
	case CAPMSG_CMD_COPY:
		return make_copy(g, w, op);
	case CAPMSG_CMD_MOVE:
		return make_move(g, w, op);
	case CAPMSG_CMD_CLEAR:
		return make_clear(g, w, op);
	case CAPMSG_CMD_STAT:
		op->a.stat.address = readable_at(g, op->space);
		break;
	case CAPMSG_CMD_LIST:
		return make_list(g, op);
	case CAPMSG_CMD_EXPORT:
		return make_export(g, op);
	case CAPMSG_CMD_IMPORT:
		return make_import(g, w, op);
	default:
		make_message(g, w, op);
	}
}

static void make_object(struct generator *g, const struct world *w, struct op *op)
{
	switch (op->nr) {
	case CAPMSG_CMD_SETUP:
		return make_setup(g, op);
	case CAPMSG_CMD_CREATE_CAPPAGE:
		return make_cappage(g, op);
	case CAPMSG_CMD_CREATE_PORT:
		return make_port(g, op);
	case CAPMSG_CMD_REGISTER:
		return make_register(g, op);
	case CAPMSG_CMD_UNREGISTER:
		op->a.unregister.region = object_at(g, op->space, CAPMSG_TYPE_REGION,
						    CAPMSG_RIGHT_DESTROY);
		break;
	case CAPMSG_CMD_DESTROY:
		return make_destroy(g, op);
	case OP_CLOSE_EXPORT:
		op->export = dice(g, EXPORTS);
		break;
	case OP_INTERRUPT:
		op->job = dice(g, JOBS);
		break;
	default:
		make_slot(g, w, op);
	}
}

/* What would be good to have now. */
static __u8 wanted(struct generator *g, const struct world *w, __u8 space)
{
	static const __u8 answers[] = { CAPMSG_CMD_REPLY, CAPMSG_CMD_REPLY_RECV,
		CAPMSG_CMD_REPLY, CAPMSG_CMD_MOVE };
	const struct view *view = &g->views[space];
	bool port = false, region = false;
	unsigned int i;

	for (i = 0; i < view->n; i++) {
		const struct seen *seen = &view->seen[i];

		port |= seen->cap.type == CAPMSG_TYPE_PORT &&
			seen->cap.rights & CAPMSG_RIGHT_RECV;
		region |= seen->cap.type == CAPMSG_TYPE_REGION;
		if (seen->cap.type == CAPMSG_TYPE_PORT && called(w, seen->cap.index) &&
		    seen->cap.rights & CAPMSG_RIGHT_RECV)
			return answers[dice(g, ARRAY_SIZE(answers))];
		if (seen->cap.type == CAPMSG_TYPE_REPLY && chance(g, 50))
			return answers[dice(g, 3)];
	}
	if (!port)
		return CAPMSG_CMD_CREATE_PORT;
	return region ? some_nr(g) : CAPMSG_CMD_REGISTER;
}

static void make(struct generator *g, const struct world *w, struct op *op)
{
	memset(op, 0, sizeof(*op));
	op->job = FOREGROUND;
	/* The second space is there to be given things. */
	op->space = chance(g, 25);
	g->missing = false;
	if (!g->age[op->space]--) {
		view_make(w, op->space, &g->views[op->space]);
		g->age[op->space] = 1;
	}
	op->nr = some_nr(g);
	if (chance(g, 25))
		op->nr = wanted(g, w, op->space);
	if (!w->spaces[op->space].open)
		op->nr = OP_OPEN;
	else if (!w->spaces[op->space].ready && chance(g, 80))
		op->nr = CAPMSG_CMD_SETUP;
	make_object(g, w, op);
	if (op->nr < CAPMSG_CMD_COUNT && op->job == FOREGROUND && chance(g, 2))
		op->fault = 1 + dice(g, FAULT_COUNT - 1);
}

void generate(struct generator *g, const struct world *w, struct op *op)
{
	int i;

	/* Without what it needs, rather something else. */
	for (i = 0; i < 8; i++) {
		make(g, w, op);
		if (!g->missing && !model_races(w, op))
			break;
	}
}
