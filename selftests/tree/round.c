// SPDX-License-Identifier: GPL-2.0-only
/*
 * round.c - what everybody does in a round, at the same time, and what comes of it.
 */
#include "tree.h"

static bool chance(struct world *w, unsigned int of)
{
	return !dice(&w->random, of);
}

/* --- before ------------------------------------------------------------------------------ */

/* A slot of what a capability names, where something is, as a rule. */
static struct cap random_hop(struct world *w, const struct cap *from, struct walk *walk)
{
	const struct node *node = &w->nodes[from->index];
	unsigned int bits = BITS - from->subpage_bits, tries = 3, index, at;

	do {
		index = dice(&w->random, 1 << bits);
		at = (from->subpage << bits) + index;
		if (node->virtual)
			at = played_index(at, from->badge, false);
	} while (tries-- && cap_gone(w, &node->slots[at]));
	walk_put(walk, index, bits);
	return node->slots[at];
}

/* An address that leads somewhere, or would but for something. */
static void random_address(struct world *w, const struct cap *top, struct walk *walk)
{
	unsigned int hops = 1 + dice(&w->random, 7);
	struct cap cap = *top;

	walk->address = 0;
	walk->left = 0;
	walk_put(walk, TOP, 8);
	while (hops-- && cap.thing == NODE) {
		walk_put(walk, cap.guard, cap.guard_bits);
		cap = random_hop(w, &cap, walk);
	}
	if (!walk->slot)
		walk_put(walk, cap.guard, cap.guard_bits);
	/* Its root slot stays what it is. */
	if (walk->left > 8 && chance(w, 16))
		walk->address ^= 1ULL << (63 - 8 - dice(&w->random, walk->left - 8));
	if (chance(w, 16))
		walk_put(walk, dice(&w->random, 16), dice(&w->random, 4));
}

static void players_behave(struct world *w)
{
	static const enum mode modes[] = { MODE_RETRIES, MODE_RETRIES, MODE_RETRIES, MODE_LOOPS,
		MODE_DROPS, MODE_NEVER, MODE_NEVER, MODE_DIES };
	int i;

	for (i = 0; i < PLAYERS; i++) {
		struct player *player = &w->players[i];

		player->mode = MODE_ANSWERS;
		if (!player->dead && chance(w, 3))
			player->mode = modes[dice(&w->random, 8)];
		/* Once is enough, and leaves nobody who could behave otherwise. */
		if (player->mode == MODE_DIES && !chance(w, 3))
			player->mode = MODE_ANSWERS;
		if (!player->dead && w->round > ROUNDS - LAST_ROUNDS && chance(w, 3))
			player->mode = MODE_DIES;
		atomic_store(&player->retries, player->mode == MODE_RETRIES ?
			     1 + dice(&w->random, 2) : 0);
		w->unsteady = w->unsteady || player->mode == MODE_DIES;
	}
}

static void op_set(struct client *client, enum operation op)
{
	client->op = op;
	client->walk.slot = op >= OP_STORE;
	client->walk.nonblock = op == OP_TRY;
	client->walk.deadline = op == OP_SEND || op == OP_CARRY;
}

static void clients_choose(struct world *w)
{
	int c;

	for (c = 0; c < CLIENTS; c++) {
		struct client *client = &w->clients[c];

		op_set(client, dice(&w->random, OP_COUNT));
		/* Often where it was before: what is remembered of that may have changed. */
		if (!client->walk.left || !chance(w, 3))
			random_address(w, &w->top[c], &client->walk);
		client->arrived = 0;
	}
}

/* Something like that, or anything. */
static struct cap other_cap(struct world *w, const struct cap *old)
{
	struct cap cap = *old;

	if (cap.thing == NOTHING || (cap.thing == LEAF && cap.index >= LEAVES) || chance(w, 3))
		return random_cap(w);
	if (!chance(w, 3)) {
		cap.badged = !cap.badged || !chance(w, 3);
		cap.badge = cap.badged ? dice(&w->random, 16) : 0;
	} else if (cap.thing == NODE && chance(w, 2)) {
		cap.subpage ^= cap.subpage_bits ? 1 : 0;
	} else {
		cap.rights ^= CAPMSG_RIGHT_WEAK;
	}
	return cap;
}

/*
 * One slot changes: by its owner, or by a player who is asked, and then best on the
 * way of who asks.
 */
static void change_choose(struct world *w)
{
	const struct client *client = &w->clients[dice(&w->random, CLIENTS)];
	struct change *change = &w->change;
	struct trace trace;
	int i;

	trace_make(w, &client->walk, &w->top[client->number], &trace);
	if (trace.n) {
		i = dice(&w->random, trace.n);
		change->node = trace.nodes[i];
		change->index = trace.indices[i];
	} else {
		change->node = dice(&w->random, NODES);
		change->index = dice(&w->random, SLOTS);
	}
	if (!w->nodes[change->node].virtual && w->nodes[change->node].dead) {
		change->node = -1;
		return;
	}
	change->to = other_cap(w, &w->nodes[change->node].slots[change->index]);
	if (cap_gone(w, &change->to))
		change->to.thing = NOTHING;
	i = dice(&w->random, PLAYERS);
	if ((trace.asked & 1U << i) && !w->players[i].dead) {
		change->player = &w->players[i];
		change->player->mode = MODE_CHANGES;
		atomic_store(&change->player->retries, dice(&w->random, 2));
	}
	w->unsteady = true;
}

static bool writes(const struct client *client)
{
	return client->op >= OP_STORE;
}

/* Who wants to write to a slot makes the change, if nobody does, and it is certain. */
static void change_by_client(struct world *w, struct client *client)
{
	struct change *change = &w->change;
	const struct outcome *o = client->outcomes.list;

	if (!writes(client) || change->node >= 0 || !predict(w, client, &client->outcomes) ||
	    client->outcomes.n > 1 || o->ret || o->node < 0)
		return;
	change->client = client;
	change->node = o->node;
	change->index = o->index;
	change->to = (struct cap){ .thing = NOTHING };
	if (client->op == OP_STORE)
		change->to = (struct cap){ .thing = LEAF, .index = LEAVES + client->number,
			.rights = RIGHTS_PORT };
}

static bool may_succeed(const struct outcomes *outcomes)
{
	int i;

	for (i = 0; i < outcomes->n; i++)
		if (!outcomes->list[i].ret)
			return true;
	return false;
}

static bool may_wait(const struct outcomes *outcomes)
{
	int i;

	for (i = 0; i < outcomes->n; i++)
		if (outcomes->list[i].never)
			return true;
	return false;
}

/* False if what could happen cannot be told. */
static bool client_predict(struct world *w, struct client *client)
{
	/* Who makes the change does not meet it. */
	if (w->change.client == client)
		return true;
	if (!predict(w, client, &client->outcomes))
		return false;
	/* At most one changes something. */
	if (writes(client) && may_succeed(&client->outcomes)) {
		op_set(client, OP_STAT);
		return predict(w, client, &client->outcomes);
	}
	return true;
}

static bool round_choose(struct world *w)
{
	int c;

	w->unsteady = false;
	w->hurried = false;
	w->change.node = -1;
	w->change.player = NULL;
	w->change.client = NULL;
	w->change.done = false;
	w->change.ret = 0;
	players_behave(w);
	clients_choose(w);
	if (chance(w, 3))
		change_choose(w);
	for (c = 0; c < CLIENTS; c++)
		change_by_client(w, &w->clients[c]);
	w->unsteady = w->unsteady || w->change.node >= 0;
	for (c = 0; c < CLIENTS; c++) {
		struct client *client = &w->clients[c];

		if (!client_predict(w, client))
			return false;
		client->hurried = client->walk.deadline && may_wait(&client->outcomes);
		w->hurried = w->hurried || client->hurried;
	}
	return true;
}

/* --- meanwhile --------------------------------------------------------------------------- */

/* Who waits for somebody who never answers, and has no deadline, is let go. */
static void let_go(struct world *w, struct player *player)
{
	struct capmsg_waiting waiting[CLIENTS];
	struct capmsg_upcalls upcalls = { .port = HANDLER, .waiting = PTR(waiting),
		.n = CLIENTS };
	int i, c;

	if (do_upcalls(player->fd, &upcalls))
		return;
	for (i = 0; i < upcalls.out_n; i++) {
		struct capmsg_abort abort = { .port = HANDLER, .id = waiting[i].id };

		for (c = 0; c < CLIENTS; c++)
			if (atomic_load(&w->clients[c].tid) == (int)waiting[i].thread &&
			    !w->clients[c].hurried &&
			    (waiting[i].flags & CAPMSG_WAITING_DELIVERED))
				do_abort(player->fd, &abort);
	}
}

/* Until all clients have come back. */
static bool clients_await(struct world *w)
{
	__u64 end = in_ms(3 * CAPMSG_PATIENCE_MS);
	unsigned int back = 0;
	struct timespec soon;
	int i;

	while (back < CLIENTS) {
		clock_gettime(CLOCK_REALTIME, &soon);
		soon.tv_nsec += 1000000;
		if (soon.tv_nsec >= 1000000000) {
			soon.tv_sec++;
			soon.tv_nsec -= 1000000000;
		}
		if (!sem_timedwait(&w->finished, &soon)) {
			back++;
			continue;
		}
		for (i = 0; i < PLAYERS; i++)
			if (w->players[i].mode == MODE_NEVER && !w->players[i].dead)
				let_go(w, &w->players[i]);
		if (now_ns() > end)
			return false;
	}
	return true;
}

/* --- afterwards ------------------------------------------------------------------------- */

static void client_print(const struct client *client)
{
	static const char * const names[] = { "STAT", "COPY", "SEND of a capability", "SEND",
		"SEND that does not wait", "COPY into", "CLEAR" };
	const struct outcomes *o = &client->outcomes;
	int i;

	fprintf(stderr, "# client %d, %s %llx: %d (type %u, mark %llu, rights %x, %x/%u, %u/%u)",
		client->number, names[client->op], walk_address(&client->walk), client->got,
		client->stat.out_type, client->stat.out_max_size, client->stat.out_rights,
		(unsigned int)client->stat.out_guard, client->stat.out_guard_bits,
		client->stat.out_subpage, client->stat.out_subpage_bits);
	for (i = 0; i < o->n; i++) {
		const struct cap *cap = &o->list[i].cap;

		fprintf(stderr, "; %d (thing %d of %d, rights %x, %x/%u, %u/%u)", o->list[i].ret,
			cap->thing, cap->index, cap->rights, cap->guard, cap->guard_bits,
			cap->subpage, cap->subpage_bits);
	}
	fprintf(stderr, "\n");
}

static void round_print(const struct world *w, const char *what)
{
	int i;

	fprintf(stderr, "# seed %llu, round %u: %s\n", w->seed, w->round, what);
	fprintf(stderr, "# change: slot %d of node %d by handler %td\n", w->change.index,
		w->change.node, w->change.player ? w->change.player - w->players : -1L);
	for (i = 0; i < PLAYERS; i++)
		fprintf(stderr, "# handler %d: mode %d, dead %d\n", i, w->players[i].mode,
			w->players[i].dead);
	for (i = 0; i < CLIENTS; i++)
		client_print(&w->clients[i]);
}

static const char *players_settle(struct world *w)
{
	int i;

	for (i = 0; i < PLAYERS; i++) {
		struct player *player = &w->players[i];

		if (!WAIT_UNTIL(CAPMSG_PATIENCE_MS, player_idle(player)))
			return "a handler is not done";
		player->dead = player->gone;
		if (player->dead) {
			/* Another thread of it may have received something before. */
			player_stop(player);
			player->n_ignored = 0;
		}
		if (player->n_ignored > IGNORED_MAX || chance(w, 2))
			player_remember(player, w->round + 1);
		if (atomic_load(&player->failures))
			return "an answer";
	}
	return NULL;
}

/* What the change has made of the tree, if it was made. */
static const char *change_settle(struct world *w)
{
	struct change *change = &w->change;

	if (change->node < 0 || (change->client ? change->client->got : !change->done))
		return NULL;
	if (change->client)
		change->ret = slot_invalidate(w, change->node, change->index);
	w->nodes[change->node].slots[change->index] = change->to;
	return change->ret ? "the change" : NULL;
}

static const char *round_settle(struct world *w)
{
	const char *wrong = players_settle(w);
	int c;

	for (c = 0; c < CLIENTS && !wrong; c++) {
		w->results[-w->clients[c].got & 255]++;
		if (!client_agrees(&w->clients[c]))
			wrong = "a result";
	}
	if (!wrong && messages_check(w))
		wrong = "a message";
	return wrong ?: change_settle(w);
}

/* Between rounds objects end. */
static int owner_destroys(struct world *w)
{
	struct node *node = &w->nodes[1 + dice(&w->random, NODES - 1)];
	struct player *player = &w->players[node->player];
	int i = node - w->nodes;

	if (!chance(w, 40) || node->dead)
		return 0;
	node->dead = true;
	if (!node->virtual)
		return obj_destroy(w->fd, TABLE(i));
	/* It has ended with its handler. */
	if (player->dead)
		return obj_destroy(w->fd, PLAYED(i)) == -ENOENT ? 0 : -EPROTO;
	/* Who has created it asks nobody. */
	return obj_destroy(player->fd, PLAYED(i));
}

int round_do(struct world *w)
{
	const char *wrong;
	int c;

	w->round++;
	if (!round_choose(w))
		return 0;
	for (c = 0; c < CLIENTS; c++)
		sem_post(&w->clients[c].go);
	if (w->change.node >= 0 && !w->change.player && !w->change.client)
		change_make(w);
	w->lost = !clients_await(w);
	wrong = w->lost ? "a client does not come back" : round_settle(w);
	if (!wrong && owner_destroys(w))
		wrong = "the end of an object";
	if (wrong)
		round_print(w, wrong);
	return wrong ? -EPROTO : 0;
}
