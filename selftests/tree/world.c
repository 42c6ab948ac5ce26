// SPDX-License-Identifier: GPL-2.0-only
/*
 * world.c - makes trees, and changes them.
 */
#include "tree.h"

static bool chance(struct world *w, unsigned int of)
{
	return !dice(&w->random, of);
}

static __u32 some_rights(struct world *w, __u32 rights)
{
	return chance(w, 4) ? rights & dice(&w->random, 0x40) : rights;
}

/* To that, with whatever restrictions but a guard. */
static struct cap restricted(struct world *w, enum thing kind, int index)
{
	struct cap cap = { .thing = kind, .index = index };

	cap.rights = some_rights(w, kind == LEAF ? RIGHTS_PORT : RIGHTS_TABLE);
	if (kind == NODE && chance(w, 3)) {
		cap.subpage_bits = dice(&w->random, BITS);
		cap.subpage = dice(&w->random, 1 << cap.subpage_bits);
	}
	if (chance(w, 8))
		cap.rights |= CAPMSG_RIGHT_WEAK;
	cap.badged = chance(w, 3);
	cap.badge = cap.badged ? dice(&w->random, 16) : 0;
	return cap;
}

struct cap random_cap(struct world *w)
{
	struct cap cap = { .thing = NOTHING };

	if (chance(w, 4))
		return cap;
	cap = chance(w, 3) ? restricted(w, LEAF, dice(&w->random, LEAVES)) :
			     restricted(w, NODE, dice(&w->random, NODES));
	if (chance(w, 3)) {
		cap.guard_bits = dice(&w->random, GUARD_BITS_MAX + 1);
		cap.guard = dice(&w->random, 1 << cap.guard_bits);
	}
	return cap;
}

/* Where the owner has it with all rights. */
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
		.rights = cap->rights & CAPMSG_RIGHTS_ALL, .badge = cap->badge,
		.subpage = cap->subpage, .subpage_bits = cap->subpage_bits };

	if (cap->rights & CAPMSG_RIGHT_WEAK)
		copy.flags |= CAPMSG_COPY_WEAK;
	if (cap->badged)
		copy.flags |= CAPMSG_COPY_BADGE;
	if (cap->subpage_bits)
		copy.flags |= CAPMSG_COPY_SUBPAGE;
	return do_copy(w->fd, &copy);
}

/* Something in this may be gone before the change is made. */
static bool may_be_gone(const struct world *w, int node)
{
	const struct node *n = &w->nodes[node];

	return n->dead || (n->virtual && w->players[n->player].mode == MODE_DIES);
}

int slot_invalidate(struct world *w, int node, int index)
{
	struct capmsg_invalidate arg = { .port = HANDLER, .object = PLAYED(node) };
	int ret;

	if (!w->nodes[node].virtual || w->nodes[node].player || w->players[0].dead)
		return 0;
	/* Badges lead from four slots to the same one. */
	if (w->round % 2)
		arg.address = CAPMSG_ADDRESS(index >> 2, BITS - 2);
	ret = do_invalidate(w->players[0].fd, &arg);
	return ret == -ENOENT && may_be_gone(w, node) ? 0 : ret;
}

static int change_slot(struct world *w, int node, int index, const struct cap *to)
{
	int ret = cap_clear(w->fd, CONTENT(node, index));

	if (!ret && to->thing != NOTHING)
		ret = cap_make(w, to, CONTENT(node, index));
	if (ret == -ENOENT && to->thing == NODE && may_be_gone(w, to->index))
		ret = 0;
	return ret ?: slot_invalidate(w, node, index);
}

void change_make(struct world *w)
{
	struct change *change = &w->change;

	/* Whoever comes here goes on when it is done. */
	pthread_mutex_lock(&change->lock);
	if (!change->done)
		change->ret = change_slot(w, change->node, change->index, &change->to);
	change->done = true;
	pthread_mutex_unlock(&change->lock);
}

static int players_make(struct world *w)
{
	int ret = 0, i;

	for (i = 0; i < PLAYERS && !ret; i++) {
		struct player *player = &w->players[i];

		player->world = w;
		pthread_mutex_init(&player->lock, NULL);
		player->fd = space_new();
		if (player->fd < 0)
			return player->fd;
		ret = handler_port(player->fd, HANDLER, DEPTH) ?:
		      virtual_create(player->fd, MAZE, HANDLER, NODES, BITS) ?:
		      player_start(player, &w->random);
	}
	return ret;
}

static int virtual_make(struct world *w, int i)
{
	struct node *node = &w->nodes[i];
	struct capmsg_create_virtual create = { .to = PLAYED(i), .handler = HANDLER,
		.object = i, .kind = CAPMSG_TYPE_CAPPAGE, .bits = BITS };
	int fd;

	/* A real one, one of each player, and others. */
	node->virtual = i && (i <= PLAYERS || chance(w, 2));
	node->player = i && i <= PLAYERS ? i - 1 : (int)dice(&w->random, PLAYERS);
	if (!node->virtual)
		return 0;
	fd = w->players[node->player].fd;
	create.cache_bits = node->player ? 0 : 3;
	return do_create_virtual(fd, &create) ?:
	       cap_give(fd, PLAYED(i), CAPMSG_RIGHTS_ALL, w->fd, PLAYED(i));
}

static int table_make(struct world *w, int i)
{
	struct node *node = &w->nodes[i];
	struct capmsg_create_cappage create = { .to = TABLE(i), .bits = BITS };
	int keeper = dice(&w->random, NODES), ret = 0;

	/* A real one has to be there before. */
	if (!node->virtual && (w->nodes[keeper].virtual || keeper < i) && !chance(w, 3)) {
		node->keeper = restricted(w, NODE, keeper);
		create.keeper = KEEPER;
		ret = cap_make(w, &node->keeper, KEEPER);
	}
	ret = ret ?: do_create_cappage(w->fd, &create) ?: cap_clear(w->fd, KEEPER);
	if (ret || !node->virtual)
		return ret;
	return cap_give(w->fd, TABLE(i), CAPMSG_RIGHTS_ALL, w->players[node->player].fd,
			TABLE(i));
}

static int leaf_make(int fd, __u64 to, int m)
{
	return do_create_port(fd, &(struct capmsg_create_port){ .to = to,
		.flags = CAPMSG_PORT_NO_SHARES, .depth = 2 * CLIENTS, .max_size = MARK + m });
}

static int client_make(struct world *w, int c)
{
	struct client *client = &w->clients[c];
	int ret;

	client->world = w;
	client->number = c;
	client->fd = space_new();
	if (client->fd < 0)
		return client->fd;
	w->top[c] = restricted(w, NODE, dice(&w->random, 2));
	ret = cap_make(w, &w->top[c], KEEPER) ?:
	      cap_give(w->fd, KEEPER, CAPMSG_RIGHTS_ALL, client->fd, SLOT(TOP)) ?:
	      cap_clear(w->fd, KEEPER);
	return ret ?: leaf_make(client->fd, PORT, LEAVES + c) ?:
	       port_create(client->fd, INBOX, 2) ?: client_start(client);
}

static int slots_make(struct world *w)
{
	int ret = 0, i, j;

	for (i = 0; i < NODES; i++) {
		for (j = 0; j < SLOTS && !ret; j++) {
			struct cap cap = random_cap(w);

			w->nodes[i].slots[j] = cap;
			if (cap.thing != NOTHING)
				ret = cap_make(w, &cap, CONTENT(i, j));
		}
	}
	return ret;
}

int world_make(struct world *w, __u64 seed)
{
	int ret = 0, i;

	w->seed = seed;
	w->random = seed;
	sem_init(&w->finished, 0, 0);
	pthread_mutex_init(&w->change.lock, NULL);
	w->fd = space_new();
	if (w->fd < 0)
		return w->fd;
	ret = players_make(w);
	for (i = 0; i < LEAVES && !ret; i++)
		ret = leaf_make(w->fd, LEAF(i), i);
	for (i = 0; i < NODES && !ret; i++)
		ret = virtual_make(w, i);
	for (i = 0; i < NODES && !ret; i++)
		ret = table_make(w, i);
	ret = ret ?: slots_make(w);
	for (i = 0; i < CLIENTS && !ret; i++)
		ret = client_make(w, i);
	return ret;
}

unsigned int world_hits(const struct world *w)
{
	struct capmsg_invalidate arg = { .flags = CAPMSG_INVALIDATE_NOTHING, .port = HANDLER };
	unsigned int hits = 0, i;

	for (i = 0; i < NODES && !w->players[0].dead; i++) {
		arg.object = PLAYED(i);
		if (w->nodes[i].virtual && !w->nodes[i].player && !w->nodes[i].dead &&
		    !do_invalidate(w->players[0].fd, &arg))
			hits += arg.out_hits;
	}
	return hits;
}

void world_end(struct world *w)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		client_stop(&w->clients[i]);
	for (i = 0; i < PLAYERS; i++) {
		player_stop(&w->players[i]);
		if (w->players[i].fd >= 0)
			close(w->players[i].fd);
	}
	close(w->fd);
}
