// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk.c - what "DOC: Addresses" says of a tree, knowing who plays what.
 *
 * Where several things happen at once it is not known what a walk meets: a slot
 * that is changed in this round, or somebody who dies in it, before or after. So it
 * chooses, and is made again for each other choice. It may choose differently each
 * time that it comes to the same slot, as an answer may be older than what was read
 * before it.
 */
#include "tree.h"

#define CHOICES_MAX	24

/* The choices of a walk. */
struct fate {
	unsigned int n, at;
	bool too_many;
	__u8 value[CHOICES_MAX], from[CHOICES_MAX];
};

static unsigned int choose(struct fate *fate, unsigned int from)
{
	if (fate->at == CHOICES_MAX) {
		fate->too_many = true;
		return 0;
	}
	if (fate->at == fate->n) {
		fate->value[fate->n] = 0;
		fate->from[fate->n++] = from;
	}
	return fate->value[fate->at++];
}

/* The next walk chooses differently; false if there is none. */
static bool fate_next(struct fate *fate)
{
	fate->at = 0;
	while (fate->n && fate->value[fate->n - 1] + 1 == fate->from[fate->n - 1])
		fate->n--;
	if (fate->n)
		fate->value[fate->n - 1]++;
	return fate->n;
}

/**
 * struct state - a walk
 * @w: through what; never changed by it
 * @walk: what is left of the address
 * @fate: what it meets where that is not known; NULL: all is as before the round
 * @trace: what it has met; or NULL
 * @changed: the change of this round was made before
 * @keeper: a keeper is asked
 * @keepers: how many there were
 * @o: where it is
 */
struct state {
	struct world *w;
	struct walk walk;
	struct fate *fate;
	struct trace *trace;
	bool changed, keeper;
	unsigned int keepers;
	struct outcome o;
};

__u32 walk_take(struct walk *walk, unsigned int bits)
{
	__u32 taken = bits ? walk->address >> (64 - bits) : 0;

	walk->address = bits ? walk->address << bits : walk->address;
	walk->left -= bits;
	return taken;
}

void walk_put(struct walk *walk, __u64 bits, unsigned int n)
{
	if (walk->left + n > 63)
		n = 63 - walk->left;
	walk->left += n;
	if (n)
		walk->address |= (bits & ((1ULL << n) - 1)) << (64 - walk->left);
}

__u64 walk_address(const struct walk *walk)
{
	return walk->address | 1ULL << (63 - walk->left);
}

unsigned int played_index(unsigned int index, __u64 badge, bool keeper)
{
	return index ^ (badge & 3) ^ (keeper ? 2 : 0);
}

static struct player *player_of(struct world *w, const struct cap *cap)
{
	const struct node *node = &w->nodes[cap->index];

	return cap->thing == NODE && node->virtual ? &w->players[node->player] : NULL;
}

bool cap_gone(const struct world *w, const struct cap *cap)
{
	const struct node *node = &w->nodes[cap->index];

	if (cap->thing == NODE && node->virtual && w->lie != LIE_DEAD_LIVE &&
	    w->players[node->player].dead)
		return true;
	return cap->thing == NOTHING || (cap->thing == NODE && node->dead);
}

/* In this walk. */
static bool cap_void(struct state *s, const struct cap *cap)
{
	struct player *player = player_of(s->w, cap);

	if (cap_gone(s->w, cap))
		return true;
	return s->fate && player && player->mode == MODE_DIES && choose(s->fate, 2);
}

static struct cap slot_read(struct state *s, int node, int index)
{
	const struct change *change = &s->w->change;
	struct cap cap = s->w->nodes[node].slots[index];

	if (s->trace && s->trace->n < 64) {
		s->trace->nodes[s->trace->n] = node;
		s->trace->indices[s->trace->n++] = index;
	}
	if (!s->fate || change->node != node || change->index != index)
		return cap;
	/* It is made void first. */
	switch (s->changed ? 2 : choose(s->fate, 3)) {
	case 0:
		return cap;
	case 1:
		return (struct cap){ .thing = NOTHING };
	default:
		return change->to;
	}
}

/*
 * Asks who plays a node, of which @bits are one of its slots; 0 if it answers, 1 if all
 * begins again after the change.
 */
static int ask(struct state *s, struct player *player, unsigned int bits)
{
	bool cached = player == &s->w->players[0];

	if (s->trace)
		s->trace->asked |= 1U << (player - s->w->players);
	if (!s->fate)
		return 0;
	if (s->walk.nonblock)
		return cached && choose(s->fate, 2) ? 0 : -EAGAIN;
	/* Only what is not a plain answer is noticed. */
	if (player->mode == MODE_ANSWERS || player->mode == MODE_RETRIES ||
	    (cached && choose(s->fate, 2)))
		return 0;
	switch (player->mode) {
	case MODE_LOOPS:
		return -ELOOP;
	case MODE_NEVER:
		s->o.never = true;
		return s->walk.deadline ? -ETIMEDOUT : -ENOENT;
	case MODE_CHANGES:
		/* Whoever asks too little hears that, or RETRY. */
		if (!s->changed && s->walk.left < bits && choose(s->fate, 2))
			return -ENOENT;
		return !s->changed;
	default:
		return -ENOENT;
	}
}

/* Through a node, to one of its slots. */
static int hop(struct state *s, const struct cap *cap)
{
	struct player *player = player_of(s->w, cap);
	unsigned int bits = BITS - cap->subpage_bits, index;
	__u64 badge = s->w->lie == LIE_BADGE_IGNORED ? 0 : cap->badge;
	__u32 weakened = RIGHTS_WEAKENED;
	int ret = player ? ask(s, player, bits) : 0;

	if (ret || s->walk.left < bits)
		return ret ?: -ENOENT;
	index = (cap->subpage << bits) + walk_take(&s->walk, bits);
	if (player)
		index = played_index(index, badge, s->keeper);
	if (s->w->lie == LIE_WEAK_KEEPS_SEND)
		weakened &= ~CAPMSG_RIGHT_SEND;
	s->o.node = cap->index;
	s->o.index = index;
	s->o.rights = cap->rights;
	s->o.cap = slot_read(s, s->o.node, index);
	if (s->o.rights & CAPMSG_RIGHT_WEAK) {
		s->o.rights &= ~CAPMSG_RIGHT_WRITE;
		s->o.cap.rights &= ~weakened;
		s->o.cap.rights |= CAPMSG_RIGHT_WEAK;
	}
	return 0;
}

/* What is there is void: asks the keeper of the table, from that slot on. */
static int ask_keeper(struct state *s)
{
	__u32 rights = s->o.rights;
	struct cap keeper;
	int ret;

	if (s->o.node < 0 || s->w->nodes[s->o.node].virtual)
		return -ENOENT;
	keeper = s->w->nodes[s->o.node].keeper;
	if (cap_void(s, &keeper))
		return -ENOENT;
	if (s->keepers++ == CAPMSG_UPCALLS_MAX)
		return -ELOOP;
	keeper.rights &= rights | CAPMSG_RIGHT_WEAK;
	keeper.rights |= rights & CAPMSG_RIGHT_WEAK;
	/* That of the whole table, whatever part of it was gone through. */
	if (s->walk.left + BITS > 63)
		return -ENOENT;
	s->walk.address = s->walk.address >> BITS | (__u64)s->o.index << (64 - BITS);
	s->walk.left += BITS;
	s->keeper = true;
	ret = hop(s, &keeper);
	s->keeper = false;
	return ret;
}

static bool guard_matches(struct walk *walk, const struct cap *cap)
{
	return walk->left >= cap->guard_bits && walk_take(walk, cap->guard_bits) == cap->guard;
}

/* From the client's root; 0, 1 as ask(), or the errno of the address. */
static int walk_once(struct state *s, const struct cap *top)
{
	struct cap cap;
	int ret;

	s->keepers = 0;
	walk_take(&s->walk, 8);
	s->o = (struct outcome){ .cap = *top, .node = -1, .rights = RIGHTS_TABLE };
	for (;;) {
		if (s->walk.slot && !s->walk.left)
			return 0;
		if (cap_void(s, &s->o.cap)) {
			ret = ask_keeper(s);
			if (ret)
				return ret;
			continue;
		}
		if (!guard_matches(&s->walk, &s->o.cap))
			return -ENOENT;
		if (!s->walk.left)
			return 0;
		if (s->o.cap.thing != NODE)
			return -ENOENT;
		cap = s->o.cap;
		ret = hop(s, &cap);
		if (ret)
			return ret;
	}
}

/*
 * Who is asked often enough to say ELOOP says nothing else, and an address is too
 * short for so many others.
 */
static int walk_all(struct state *s, const struct walk *walk, const struct cap *top)
{
	int ret;

	s->walk = *walk;
	s->changed = false;
	ret = walk_once(s, top);
	if (ret != 1)
		return ret;
	s->walk = *walk;
	s->changed = true;
	return walk_once(s, top);
}

/* What comes of the operation where that was found. */
static int come_to(struct state *s, enum operation op)
{
	const struct outcome *o = &s->o;

	switch (op) {
	case OP_STAT:
	case OP_COPY:
	case OP_CARRY:
		return o->rights & CAPMSG_RIGHT_READ ? 0 : -EACCES;
	case OP_SEND:
	case OP_TRY:
		if (o->cap.thing != LEAF)
			return -EINVAL;
		return o->cap.rights & CAPMSG_RIGHT_SEND ? 0 : -EACCES;
	case OP_STORE:
		if (!(o->rights & CAPMSG_RIGHT_WRITE))
			return -EACCES;
		return cap_void(s, &o->cap) ? 0 : -EEXIST;
	default:
		return o->rights & CAPMSG_RIGHT_WRITE ? 0 : -EACCES;
	}
}

bool predict(struct world *w, const struct client *client, struct outcomes *out)
{
	struct fate fate = { .n = 0 };
	struct state s = { .w = w, .fate = &fate };

	out->n = 0;
	do {
		fate.at = 0;
		if (out->n == OUTCOMES_MAX)
			return false;
		s.o.ret = walk_all(&s, &client->walk, &w->top[client->number]);
		if (!s.o.ret)
			s.o.ret = come_to(&s, client->op);
		out->list[out->n++] = s.o;
	} while (fate_next(&fate));
	return !fate.too_many;
}

void trace_make(struct world *w, const struct walk *walk, const struct cap *top,
		struct trace *trace)
{
	struct state s = { .w = w, .walk = *walk, .trace = trace };

	trace->n = 0;
	trace->asked = 0;
	walk_once(&s, top);
}
