// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtrand_test.c - random trees of real, kept and virtual cappages against a naive
 * model, which knows "DOC: Addresses" and who plays what. Handlers answer late, wrong,
 * twice, never, drop the right to, or die.
 *
 * CAPMSG_SEED repeats a run, CAPMSG_SECONDS makes it longer.
 */
#include "kselftest_harness.h"
#include "handler.h"

#define NODES		10
#define BITS		4
#define SLOTS		16
#define HANDLERS	3
#define LEAVES		4
#define DEPTH		8	/* of a handler's port */
#define OPERATIONS	120	/* in one world */
#define TOP		3	/* slot of the client's root that leads to node 0 */
/* In the handlers' space. */
#define HANDLER(h)	SLOT(1 + (h))
#define LEAF(m)		SLOT(8 + (m))
#define TABLE(i)	SLOT(16 + (i))	/* what is in node @i */
#define PLAYED(i)	SLOT(80 + (i))	/* what stands for that, if it is virtual */
#define CONTENT(i, j)	CAPMSG_ADDRESS((16ULL + (i)) << BITS | (j), 8 + BITS)
/* In the client's. */
#define PORT		SLOT(5)
#define COPY		SLOT(200)
#define MARK		1000		/* of leaf 0; the client's own port is leaf LEAVES */

enum thing { NOTHING, NODE, LEAF };

/* A capability. */
struct cap {
	enum thing thing;
	int index;
	__u32 rights;
	__u32 guard, guard_bits;
	__u32 subpage, subpage_bits;
};

struct node {
	bool virtual;
	int handler;		/* who plays it */
	int keeper;		/* node that is asked about its void slots, or -1 */
	bool dead;
	struct cap slots[SLOTS];
};

enum mode { RIGHT, LATE, WRONG, TWICE, RETRY, DROP, NEVER, DIE, MODES };

/**
 * struct player - a handler
 * @mode: how it behaves during this operation
 * @retries: with RETRY: how often it says that before it answers
 * @dead: it has died, and all that it played
 * @failures: answers that did not get what they should
 * @ignored: an upcall that it has not answered
 * @gone: its port is destroyed; who waited for it knows that before
 */
struct player {
	struct handler handler;
	struct world *world;
	atomic_int mode, retries, failures;
	bool started, dead;
	atomic_bool ignoring, gone;
	struct upcall ignored;
	__u64 seed;
};

struct world {
	int fd, tx;		/* of the handlers, of the client */
	__u64 seed, random;
	struct node nodes[NODES];
	struct cap top;
	struct player players[HANDLERS];
	atomic_bool hurried;	/* this operation ends by its deadline */
};

static unsigned int results[256];	/* of all operations, by errno */

static unsigned int dice(struct world *w, unsigned int n)
{
	return random_next(&w->random) % n;
}

/* --- the model --------------------------------------------------------------------------- */

static bool cap_void(const struct world *w, const struct cap *cap)
{
	const struct node *node = &w->nodes[cap->index];

	return cap->thing == NOTHING ||
	       (cap->thing == NODE &&
		(node->dead || (node->virtual && w->players[node->handler].dead)));
}

/**
 * struct walk - an address on its way
 * @address: bits of it, the first on top
 * @left: bits that are left
 * @slot: it is to end at a slot
 * @nonblock: nobody is to be asked
 * @spent: upcalls so far
 * @retries: how often each handler is yet to say RETRY
 * @vague: nobody need be asked, as somebody else has been
 * @cap: what is there
 * @node: where that is; -1: in the client's root
 * @index: in which slot
 * @rights: to the table there
 */
struct walk {
	__u64 address;
	unsigned int left;
	bool slot, nonblock;
	unsigned int spent;
	int retries[HANDLERS];
	bool vague;
	struct cap cap;
	int node, index;
	__u32 rights;
};

static __u32 take(struct walk *walk, unsigned int bits)
{
	__u32 taken = bits ? walk->address >> (64 - bits) : 0;

	walk->address <<= bits;
	walk->left -= bits;
	return taken;
}

/* Asks who plays the node; 0 when it answers. */
static int naive_ask(struct world *w, struct walk *walk, struct player *player)
{
	bool cached = player == &w->players[0];
	int *retries = &walk->retries[player - w->players];

	if (walk->nonblock) {
		walk->vague = walk->vague || cached;
		return cached ? 0 : -EAGAIN;
	}
	do {
		if (walk->spent++ == CAPMSG_UPCALLS_MAX)
			return -ELOOP;
		switch (atomic_load(&player->mode)) {
		case NEVER:
			return -ETIMEDOUT;
		case DIE:
			player->dead = true;
			return -ENOENT;
		case DROP:
			return -ENOENT;
		}
	} while ((*retries)-- > 0);
	return 0;
}

/* Through a node, to one of its slots. */
static int naive_hop(struct world *w, struct walk *walk, const struct cap *cap)
{
	struct node *node = &w->nodes[cap->index];
	unsigned int bits = BITS - cap->subpage_bits;
	int ret = 0;

	if (node->virtual)
		ret = naive_ask(w, walk, &w->players[node->handler]);
	if (ret || walk->left < bits)
		return ret ?: -ENOENT;
	walk->node = cap->index;
	walk->rights = cap->rights;
	walk->index = (cap->subpage << bits) + take(walk, bits);
	walk->cap = node->slots[walk->index];
	if (walk->rights & CAPMSG_RIGHT_WEAK) {
		walk->rights &= ~CAPMSG_RIGHT_WRITE;
		walk->cap.rights &= ~RIGHTS_WEAKENED;
		walk->cap.rights |= CAPMSG_RIGHT_WEAK;
	}
	return 0;
}

/* What is there is void: asks the keeper of the table, from before that slot. */
static int naive_keeper(struct world *w, struct walk *walk, const struct walk *before)
{
	struct cap keeper = { .thing = NODE, .rights = RIGHTS_TABLE };
	__u32 rights = walk->rights;

	if (walk->node < 0 || w->nodes[walk->node].virtual || w->nodes[walk->node].keeper < 0)
		return -ENOENT;
	keeper.index = w->nodes[walk->node].keeper;
	if (cap_void(w, &keeper))
		return -ENOENT;
	keeper.rights = (keeper.rights & rights) | (rights & CAPMSG_RIGHT_WEAK);
	walk->address = before->address;
	walk->left = before->left;
	return naive_hop(w, walk, &keeper);
}

static bool guard_matches(struct walk *walk, const struct cap *cap)
{
	return walk->left >= cap->guard_bits && take(walk, cap->guard_bits) == cap->guard;
}

/* 0, or the errno of the address. */
static int naive_walk(struct world *w, struct walk *walk)
{
	struct walk before = *walk;
	struct cap cap;
	int ret;

	take(walk, 8);
	walk->cap = w->top;
	walk->node = -1;
	walk->rights = RIGHTS_TABLE;
	for (;;) {
		if (walk->slot && !walk->left)
			return 0;
		if (cap_void(w, &walk->cap)) {
			ret = naive_keeper(w, walk, &before);
			if (ret)
				return ret;
			continue;
		}
		if (!guard_matches(walk, &walk->cap))
			return -ENOENT;
		if (!walk->left)
			return 0;
		if (walk->cap.thing != NODE)
			return -ENOENT;
		before = *walk;
		cap = walk->cap;
		ret = naive_hop(w, walk, &cap);
		if (ret)
			return ret;
	}
}

/* --- the handlers --------------------------------------------------------------------------- */

/* Of who has asked with a deadline it may be gone by then. */
static void expect_answer(struct player *player, const struct upcall *up,
			  const struct verdict *v, int expected)
{
	int ret = upcall_answer(player->handler.fd, player->handler.port, up, v);

	if (ret != expected && !(ret == -ESTALE && atomic_load(&player->world->hurried)))
		atomic_fetch_add(&player->failures, 1);
}

/* What is no answer to anything. */
static void answer_wrong(struct player *player, const struct upcall *up)
{
	const int node = up->upcall.object;
	struct verdict v = { .silent = false };
	unsigned int left = upcall_left(up);

	switch (random_next(&player->seed) % 8) {
	case 0:
		say_value(&v, TABLE(node), 0);
		break;
	case 1:
		say_value(&v, TABLE(node), left + 1);
		break;
	case 2:
		say_slot(&v, TABLE(node), SLOTS, 1);
		break;
	case 3:
		say_slot(&v, PLAYED(node), 0, 1);
		break;
	case 4:
		say_error(&v, EPERM);
		break;
	case 5:
		say_retry(&v);
		v.resolution.bits = 1;
		break;
	case 6:
		say_value(&v, SLOT(250), 1);
		expect_answer(player, up, &v, -ENOENT);
		return;
	case 7:
		say_value(&v, CAPMSG_ADDRESS((80ULL + node) << BITS, 8 + BITS), 1);
		expect_answer(player, up, &v, -EDEADLK);
		return;
	}
	expect_answer(player, up, &v, -EINVAL);
}

/* What is in the node: the capability, if it is not to be a slot; or the slot. */
static void answer_right(struct player *player, const struct upcall *up, bool again)
{
	const unsigned int node = up->upcall.object, bits = BITS - up->upcall.subpage_bits;
	struct verdict v = { .silent = false };
	unsigned int index;
	int ret;

	say_error(&v, ENOENT);
	if (upcall_left(up) >= bits) {
		index = (up->upcall.subpage << bits) + upcall_bits(up, bits);
		say_slot(&v, TABLE(node), index, bits);
		if (player == &player->world->players[0])
			v.resolution.flags = CAPMSG_RESOLUTION_CACHE;
		else if (!(up->upcall.flags & CAPMSG_UPCALL_SLOT) &&
			 random_next(&player->seed) % 2 &&
			 cap_type(player->handler.fd, CONTENT(node, index)) >= 0)
			say_value(&v, CONTENT(node, index), bits);
	}
	expect_answer(player, up, &v, 0);
	if (!again)
		return;
	/* The post may have the next upcall by then. */
	ret = upcall_answer(player->handler.fd, player->handler.port, up, &v);
	if (ret != -ENOENT && ret != -ESTALE)
		atomic_fetch_add(&player->failures, 1);
}

static void right_drop(struct handler *handler, const struct upcall *up)
{
	struct capmsg_clear clear = { .flags = CAPMSG_CLEAR_POST, .slot = handler->port,
		.post = up->record.out_post, .seq = up->record.out_seq };

	do_clear(handler->fd, &clear);
}

static void decide(struct handler *handler, const struct upcall *up, struct verdict *verdict)
{
	struct player *player = handler->data;

	verdict->silent = true;
	switch (atomic_load(&player->mode)) {
	case LATE:
		usleep(random_next(&player->seed) % 2000);
		break;
	case WRONG:
		answer_wrong(player, up);
		answer_wrong(player, up);
		break;
	case RETRY:
		if (atomic_fetch_sub(&player->retries, 1) > 0) {
			say_retry(verdict);
			verdict->silent = false;
			return;
		}
		break;
	case DROP:
		right_drop(handler, up);
		return;
	case NEVER:
		player->ignored = *up;
		atomic_store(&player->ignoring, true);
		return;
	case DIE:
		obj_destroy(handler->fd, handler->port);
		atomic_store(&player->gone, true);
		return;
	}
	answer_right(player, up, atomic_load(&player->mode) == TWICE);
}

/* --- making a world --------------------------------------------------------------------------- */

static struct cap random_cap(struct world *w)
{
	struct cap cap = { .thing = NOTHING };

	if (!dice(w, 4))
		return cap;
	if (!dice(w, 3)) {
		cap.thing = LEAF;
		cap.index = dice(w, LEAVES);
		cap.rights = dice(w, 4) ? RIGHTS_PORT : RIGHTS_PORT & dice(w, 0x40);
	} else {
		cap.thing = NODE;
		cap.index = dice(w, NODES);
		cap.rights = dice(w, 4) ? RIGHTS_TABLE : RIGHTS_TABLE & dice(w, 0x40);
		if (!dice(w, 3)) {
			cap.subpage_bits = dice(w, BITS);
			cap.subpage = dice(w, 1 << cap.subpage_bits);
		}
	}
	if (!dice(w, 8))
		cap.rights |= CAPMSG_RIGHT_WEAK;
	if (!dice(w, 3)) {
		cap.guard_bits = dice(w, 4);
		cap.guard = dice(w, 1 << cap.guard_bits);
	}
	return cap;
}

/* Where the handlers' space has it with all rights. */
static __u64 source_of(const struct world *w, const struct cap *cap)
{
	if (cap->thing == LEAF)
		return LEAF(cap->index);
	return w->nodes[cap->index].virtual ? PLAYED(cap->index) : TABLE(cap->index);
}

static int cap_make(struct world *w, const struct cap *cap, __u64 to)
{
	struct capmsg_copy copy = { .flags = CAPMSG_COPY_GUARD, .from = source_of(w, cap),
		.to = to, .guard = cap->guard, .guard_bits = cap->guard_bits,
		.rights = cap->rights & CAPMSG_RIGHTS_ALL };

	if (cap->rights & CAPMSG_RIGHT_WEAK)
		copy.flags |= CAPMSG_COPY_WEAK;
	if (cap->subpage_bits) {
		copy.flags |= CAPMSG_COPY_SUBPAGE;
		copy.subpage = cap->subpage;
		copy.subpage_bits = cap->subpage_bits;
	}
	return do_copy(w->fd, &copy);
}

/* Another capability in a slot of a node, whatever was there. */
static int slot_set(struct world *w, int node, int index)
{
	struct cap cap = random_cap(w);
	int ret = cap_clear(w->fd, CONTENT(node, index));

	/* Through that name the node is no more. */
	if (ret)
		return ret == -ENOENT && w->nodes[node].dead ? 0 : ret;
	if (cap_void(w, &cap))
		cap.thing = NOTHING;
	else
		ret = cap_make(w, &cap, CONTENT(node, index));
	w->nodes[node].slots[index] = cap;
	return ret;
}

static int players_make(struct world *w)
{
	int ret = 0, h;

	for (h = 0; h < HANDLERS && !ret; h++) {
		struct player *player = &w->players[h];

		player->world = w;
		player->seed = random_next(&w->random);
		player->handler = (struct handler){ .fd = w->fd, .port = HANDLER(h),
			.decide = decide, .data = player };
		ret = handler_port(w->fd, HANDLER(h), DEPTH) ?: handler_start(&player->handler);
		player->started = !ret;
	}
	return ret;
}

static int node_make(struct world *w, int i)
{
	struct node *node = &w->nodes[i];
	struct capmsg_create_virtual create = { .to = PLAYED(i), .object = i,
		.kind = CAPMSG_TYPE_CAPPAGE, .bits = BITS };

	node->handler = dice(w, HANDLERS);
	node->virtual = i < 2 ? i : dice(w, 2);
	create.handler = HANDLER(node->handler);
	create.cache_bits = node->handler ? 0 : 3;
	return node->virtual ? do_create_virtual(w->fd, &create) : 0;
}

static int table_make(struct world *w, int i)
{
	struct node *node = &w->nodes[i];
	struct capmsg_create_cappage create = { .to = TABLE(i), .bits = BITS };
	int keeper = dice(w, NODES);

	node->keeper = -1;
	if (!node->virtual && w->nodes[keeper].virtual && dice(w, 2)) {
		node->keeper = keeper;
		create.keeper = PLAYED(keeper);
	}
	return do_create_cappage(w->fd, &create);
}

static int world_make(struct world *w, __u64 seed)
{
	int ret, i, j;

	memset(w, 0, sizeof(*w));
	w->seed = seed;
	w->random = seed;
	w->fd = space_new();
	w->tx = space_new();
	ret = w->fd < 0 ? w->fd : w->tx < 0 ? w->tx : players_make(w);
	for (i = 0; i < LEAVES && !ret; i++)
		ret = port_marked(w->fd, LEAF(i), MARK + i);
	for (i = 0; i < NODES && !ret; i++)
		ret = node_make(w, i);
	for (i = 0; i < NODES && !ret; i++)
		ret = table_make(w, i);
	for (i = 0; i < NODES && !ret; i++)
		for (j = 0; j < SLOTS && !ret; j++)
			ret = slot_set(w, i, j);
	w->top = (struct cap){ .thing = NODE, .rights = RIGHTS_TABLE };
	ret = ret ?: cap_give(w->fd, source_of(w, &w->top), CAPMSG_RIGHTS_ALL, w->tx, SLOT(TOP));
	return ret ?: port_marked(w->tx, PORT, MARK + LEAVES);
}

static void world_end(struct world *w)
{
	int h;

	for (h = 0; h < HANDLERS; h++)
		if (w->players[h].started)
			handler_stop(&w->players[h].handler);
	close(w->fd);
	close(w->tx);
}

/* --- operations ------------------------------------------------------------------------- */

static void put_bits(struct walk *walk, __u64 bits, unsigned int n)
{
	if (walk->left + n > 63)
		n = 63 - walk->left;
	walk->left += n;
	if (n)
		walk->address |= (bits & ((1ULL << n) - 1)) << (64 - walk->left);
}

/* An address that leads somewhere, or would but for something. */
static struct walk random_address(struct world *w, bool slot)
{
	struct walk walk = { .slot = slot };
	unsigned int hops = dice(w, 8), bits, index;
	struct cap cap = w->top;

	put_bits(&walk, TOP, 8);
	while (hops-- && cap.thing == NODE) {
		put_bits(&walk, cap.guard, cap.guard_bits);
		bits = BITS - cap.subpage_bits;
		index = dice(w, 1 << bits);
		put_bits(&walk, index, bits);
		cap = w->nodes[cap.index].slots[(cap.subpage << bits) + index];
	}
	if (!slot)
		put_bits(&walk, cap.guard, cap.guard_bits);
	/* Its root slot stays what it is. */
	if (walk.left > 8 && !dice(w, 12))
		walk.address ^= 1ULL << (63 - 8 - dice(w, walk.left - 8));
	if (!dice(w, 12))
		put_bits(&walk, dice(w, 16), dice(w, 4));
	if (walk.left < 12)
		put_bits(&walk, dice(w, SLOTS), BITS);
	return walk;
}

static __u64 address_of(const struct walk *walk)
{
	return walk->address | 1ULL << (63 - walk->left);
}

static int stat_differs(const struct walk *walk, const struct capmsg_stat *stat)
{
	const struct cap *cap = &walk->cap;
	bool leaf = cap->thing == LEAF;

	return stat->out_type != (leaf ? CAPMSG_TYPE_PORT : CAPMSG_TYPE_CAPPAGE) ||
	       stat->out_rights != cap->rights || stat->out_guard != cap->guard ||
	       stat->out_guard_bits != cap->guard_bits ||
	       stat->out_subpage != cap->subpage || stat->out_subpage_bits != cap->subpage_bits ||
	       stat->out_max_size != (leaf ? MARK + cap->index : 0) ||
	       stat->out_bits != (leaf ? 0 : BITS);
}

enum operation { OP_STAT, OP_COPY, OP_SEND, OP_NONBLOCK, OP_STORE, OP_CLEAR, OP_COUNT };

/* What the operation should return. */
static int predict(struct world *w, enum operation op, struct walk *walk)
{
	int ret = naive_walk(w, walk);

	if (ret)
		return ret;
	switch (op) {
	case OP_STAT:
	case OP_COPY:
		return walk->rights & CAPMSG_RIGHT_READ ? 0 : -EACCES;
	case OP_SEND:
	case OP_NONBLOCK:
		if (walk->cap.thing != LEAF)
			return -EINVAL;
		return walk->cap.rights & CAPMSG_RIGHT_SEND ? 0 : -EACCES;
	case OP_STORE:
		if (!(walk->rights & CAPMSG_RIGHT_WRITE))
			return -EACCES;
		return cap_void(w, &walk->cap) ? 0 : -EEXIST;
	default:
		return walk->rights & CAPMSG_RIGHT_WRITE ? 0 : -EACCES;
	}
}

static int perform(struct world *w, enum operation op, __u64 address, unsigned int ms,
		   struct capmsg_stat *stat)
{
	struct capmsg_send send = { .to = address };
	int ret;

	switch (op) {
	case OP_STAT:
		return cap_stat(w->tx, address, stat);
	case OP_COPY:
		ret = cap_copy(w->tx, address, COPY, CAPMSG_RIGHTS_ALL);
		if (ret)
			return ret;
		/* The copy is at an address that ends with its guard. */
		*stat = (struct capmsg_stat){ .out_rights = 0 };
		return 0;
	case OP_SEND:
		send.deadline = in_ms(ms);
		return do_send(w->tx, &send);
	case OP_NONBLOCK:
		send.flags = CAPMSG_NONBLOCK;
		return do_send(w->tx, &send);
	case OP_STORE:
		return cap_copy(w->tx, PORT, address, CAPMSG_RIGHTS_ALL);
	default:
		return cap_clear(w->tx, address);
	}
}

/* The copy of what was found is what was found. */
static int copy_check(struct world *w, const struct walk *walk, struct capmsg_stat *stat)
{
	struct walk at = { .left = 0 };
	int ret;

	put_bits(&at, 200, 8);
	put_bits(&at, walk->cap.guard, walk->cap.guard_bits);
	ret = cap_stat(w->tx, address_of(&at), stat);
	return ret ?: cap_clear(w->tx, COPY);
}

/* A message of no bytes is at the leaf, and only there. */
static int message_check(struct world *w, const struct cap *cap)
{
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	bool own = cap->index == LEAVES;

	return msg_poll(own ? w->tx : w->fd, own ? PORT : LEAF(cap->index), &record, data);
}

static int success(struct world *w, enum operation op, const struct walk *walk,
		   struct capmsg_stat *stat)
{
	struct cap *slot = walk->node < 0 ? NULL : &w->nodes[walk->node].slots[walk->index];
	int ret;

	switch (op) {
	case OP_COPY:
		ret = copy_check(w, walk, stat);
		if (ret)
			return ret;
		return stat_differs(walk, stat) ? -EBADMSG : 0;
	case OP_STAT:
		return stat_differs(walk, stat) ? -EBADMSG : 0;
	case OP_SEND:
	case OP_NONBLOCK:
		return message_check(w, &walk->cap);
	case OP_STORE:
		*slot = (struct cap){ .thing = LEAF, .index = LEAVES, .rights = RIGHTS_PORT };
		return 0;
	default:
		slot->thing = NOTHING;
		return 0;
	}
}

/* How everybody behaves next; whether somebody will not answer. */
static bool players_behave(struct world *w)
{
	static const int retries[] = { 1, 2, 2 * CAPMSG_UPCALLS_MAX };
	bool never = false;
	int h, mode;

	for (h = 0; h < HANDLERS; h++) {
		struct player *player = &w->players[h];

		mode = dice(w, 2) ? RIGHT : (int)dice(w, h ? DIE : RETRY);
		if (h && !dice(w, 60))
			mode = DIE;
		atomic_store(&player->mode, mode);
		atomic_store(&player->retries, mode == RETRY ? retries[dice(w, 3)] : 0);
		never = never || (mode == NEVER && !player->dead);
	}
	return never;
}

/* It has nothing in its hands: whatever it does next belongs to the next operation. */
static bool player_idle(struct player *player)
{
	struct capmsg_stat stat;
	struct verdict v = { .silent = false };

	say_error(&v, EACCES);
	if (atomic_exchange(&player->ignoring, false))
		expect_answer(player, &player->ignored, &v, -ESTALE);
	return !cap_stat(player->handler.fd, player->handler.port, &stat) &&
	       stat.out_posted == DEPTH;
}

/* Those who have not answered do so now, which is too late. */
static int players_settle(struct world *w)
{
	int failures = 0, h;

	for (h = 0; h < HANDLERS; h++) {
		struct player *player = &w->players[h];

		failures += !WAIT_UNTIL(CAPMSG_PATIENCE_MS, player->dead ?
					atomic_load(&player->gone) : player_idle(player));
		failures += atomic_load(&player->failures);
	}
	return failures;
}

/* One of the owner's changes, between operations. */
static int owner_changes(struct world *w)
{
	int node = 1 + dice(w, NODES - 1), ret;

	if (dice(w, 40))
		return slot_set(w, node, dice(w, SLOTS));
	if (w->nodes[node].dead)
		return 0;
	ret = obj_destroy(w->fd, w->nodes[node].virtual ? PLAYED(node) : TABLE(node));
	w->nodes[node].dead = true;
	if (w->nodes[node].virtual && w->players[w->nodes[node].handler].dead)
		return ret == -ENOENT ? 0 : -EPROTO;
	return ret;
}

static int one_operation(struct world *w)
{
	bool never = players_behave(w);
	enum operation op = never ? OP_SEND : (enum operation)dice(w, OP_COUNT);
	struct walk walk = random_address(w, op == OP_STORE || op == OP_CLEAR);
	const __u64 address = address_of(&walk);
	struct capmsg_stat stat;
	int want, got, h, failures;

	walk.nonblock = op == OP_NONBLOCK;
	for (h = 0; h < HANDLERS; h++)
		walk.retries[h] = atomic_load(&w->players[h].retries);
	want = predict(w, op, &walk);
	atomic_store(&w->hurried, want == -ETIMEDOUT);
	got = perform(w, op, address, want == -ETIMEDOUT ? 30 : CAPMSG_PATIENCE_MS, &stat);
	results[-got & 255]++;
	if (got == want && !got)
		got = success(w, op, &walk, &stat);
	else if (walk.vague && got == -EAGAIN)
		got = want;
	failures = players_settle(w);
	if (got == want && !failures)
		return 0;
	fprintf(stderr, "# seed %llu: operation %d of %llx: %d instead of %d, %d failures\n",
		w->seed, op, address, got, want, failures);
	for (h = 0; h < HANDLERS; h++)
		fprintf(stderr, "# handler %d: mode %d, dead %d\n", h,
			atomic_load(&w->players[h].mode), w->players[h].dead);
	return -EPROTO;
}

/* --- runs ---------------------------------------------------------------------------------- */

FIXTURE(virtrand) {
	__u64 seed;
	unsigned int seconds;
};

FIXTURE_SETUP(virtrand)
{
	const char *seed = getenv("CAPMSG_SEED"), *seconds = getenv("CAPMSG_SECONDS");

	self->seed = seed ? strtoull(seed, NULL, 10) : now_ns();
	self->seconds = seconds ? atoi(seconds) : 3;
	TH_LOG("CAPMSG_SEED=%llu", self->seed);
}

FIXTURE_TEARDOWN(virtrand)
{
	CAPMSG_TEARDOWN();
}

TEST_F_TIMEOUT(virtrand, model, 3600)
{
	static struct world w;
	__u64 end = in_ms(1000 * self->seconds);
	unsigned int i, n = 0, worlds;
	int ret = 0;

	for (worlds = 0; !ret && (now_ns() < end || !worlds); worlds++) {
		ret = world_make(&w, self->seed + worlds);
		ASSERT_EQ(0, ret);
		for (i = 0; i < OPERATIONS && !ret; i++) {
			ret = one_operation(&w);
			ret = ret ?: dice(&w, 2) ? ret : owner_changes(&w);
		}
		n += i;
		world_end(&w);
	}
	EXPECT_EQ(0, ret);
	/* If most of them failed this would prove little. */
	EXPECT_LT(n / 10, results[0]);
	TH_LOG("%u operations in %u worlds: %u succeeded, %u ELOOP, %u ETIMEDOUT, %u EAGAIN", n,
	       worlds, results[0], results[ELOOP], results[ETIMEDOUT], results[EAGAIN]);
	TH_LOG("%u EACCES, %u EEXIST, %u EINVAL, %u ENOENT", results[EACCES], results[EEXIST],
	       results[EINVAL], results[ENOENT]);
}

TEST_HARNESS_MAIN
