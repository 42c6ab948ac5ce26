/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trees of real, kept and virtual cappages, those who play the virtual ones, and
 * clients that walk through all of them. For virtrand_test.
 *
 * A world is made, and then lives in rounds. In a round each client does one
 * operation, all of them at the same time, each player behaves in some way, and at
 * most one slot of the whole world is changed by somebody. What each operation may
 * return is known before the round begins.
 */
#ifndef TREE_H
#define TREE_H

#include <semaphore.h>

#include "handler.h"

#define NODES		10
#define BITS		4
#define SLOTS		16
#define GUARD_BITS_MAX	3
#define PLAYERS		3
#define HANDLERS	2	/* threads of a player */
#define LEAVES		4
#define CLIENTS		3
#define DEPTH		16	/* of a player's port */
#define IGNORED_MAX	6	/* upcalls in a player's hands from round to round */
#define ROUNDS		60	/* in one world */
#define LAST_ROUNDS	10	/* in which players die more often */

/* In the space of the owner, and some of it in those of the players. */
#define KEEPER		SLOT(3)
#define LEAF(m)		SLOT(8 + (m))
#define TABLE(i)	SLOT(16 + (i))	/* what is in node @i */
#define PLAYED(i)	SLOT(80 + (i))	/* what stands for that, if it is virtual */
#define CONTENT(i, j)	CAPMSG_ADDRESS((16ULL + (i)) << BITS | (j), 8 + BITS)
/* In the spaces of the players. */
#define HANDLER		SLOT(1)
#define MAZE		SLOT(2)		/* of its own, and played by nobody */
#define IN_MAZE		CAPMSG_ADDRESS(2ULL << BITS, 8 + BITS)
/* In the spaces of the clients. */
#define TOP		3		/* root slot that leads to node 0 */
#define PORT		SLOT(5)
#define INBOX		SLOT(6)
#define LANDED		200		/* root slot of what was copied, or sent */
#define MARK		1000		/* of leaf 0; client c's own port is leaf LEAVES + c */

enum thing { NOTHING, NODE, LEAF };

/* A capability. */
struct cap {
	enum thing thing;
	int index;
	__u32 rights;
	__u32 guard, guard_bits;
	__u32 subpage, subpage_bits;
	bool badged;
	__u64 badge;
};

struct node {
	bool virtual, dead;
	int player;			/* who plays it */
	struct cap keeper;		/* is asked about its void slots; or nothing */
	struct cap slots[SLOTS];
};

/* What is wrong with the model, on purpose. */
enum lie { LIE_NONE, LIE_WEAK_KEEPS_SEND, LIE_BADGE_IGNORED, LIE_DEAD_LIVE };

/**
 * enum mode - how a player behaves in a round
 * @MODE_ANSWERS: it answers each upcall once, late, wrongly first, or twice
 * @MODE_RETRIES: it says RETRY a few times
 * @MODE_LOOPS: it says nothing else
 * @MODE_DROPS: it drops the reply rights
 * @MODE_NEVER: it does not answer in this round
 * @MODE_DIES: it dies when it is asked
 * @MODE_CHANGES: it makes the change of this round before it answers anything
 */
enum mode {
	MODE_ANSWERS, MODE_RETRIES, MODE_LOOPS, MODE_DROPS, MODE_NEVER, MODE_DIES, MODE_CHANGES,
};

/* What was seen of players; how often, in all worlds. */
enum behaviour {
	BEHAVED_AT_ONCE, BEHAVED_LATE, BEHAVED_WRONG, BEHAVED_TWICE, BEHAVED_NEVER, BEHAVED_DIED,
	BEHAVED_RETRY, BEHAVED_DROPPED, BEHAVED_CHANGED, BEHAVED_STALE, BEHAVIOURS,
};

struct world;
struct player;

/* One of a player's threads; @over: the upcall that it has in its hands is. */
struct hand {
	struct handler handler;
	struct player *player;
	__u64 random;
	bool over;
};

/**
 * struct player - who plays virtual cappages
 * @fd: its space
 * @mode: how it behaves in this round
 * @retries: with MODE_RETRIES: how often it has yet to say that
 * @failures: answers that did not get what they should
 * @dead: of the model: it has died, and with it all that it played
 * @lock: guards the following
 * @gone: it has died
 * @ignored: upcalls that it has not answered
 */
struct player {
	struct world *world;
	int fd;
	unsigned int n_hands;
	struct hand hands[HANDLERS];
	enum mode mode;
	atomic_int retries, failures;
	bool dead;
	pthread_mutex_t lock;
	bool gone;
	unsigned int n_ignored;
	struct upcall ignored[DEPTH];
	unsigned int ignored_in[DEPTH];	/* in which round */
};

/**
 * struct walk - an address on its way
 * @address: bits of it, the first on top
 * @left: bits that are left
 * @slot: it is to end at a slot
 * @nonblock: nobody is to be asked
 * @deadline: it is over then; or else somebody ends it
 */
struct walk {
	__u64 address;
	unsigned int left;
	bool slot, nonblock, deadline;
};

/**
 * struct outcome - what an operation may come to
 * @ret: its errno
 * @cap: what it has found
 * @node: where that is; -1: in the client's root
 * @index: in which slot
 * @rights: to the table there
 * @never: it is somebody who never answers that it waits for
 */
struct outcome {
	int ret;
	struct cap cap;
	int node, index;
	__u32 rights;
	bool never;
};

#define OUTCOMES_MAX	64

struct outcomes {
	unsigned int n;
	struct outcome list[OUTCOMES_MAX];
};

enum operation { OP_STAT, OP_COPY, OP_CARRY, OP_SEND, OP_TRY, OP_STORE, OP_CLEAR, OP_COUNT };

/**
 * struct client - somebody who walks through the tree
 * @fd: its space
 * @go: a round begins
 * @op: what it does in it
 * @walk: to where
 * @hurried: it may end by its deadline
 * @outcomes: what it may come to
 * @got: what it came to
 * @stat: what it has found
 * @arrived: its message
 */
struct client {
	struct world *world;
	int fd, number;
	pthread_t thread;
	bool started;
	atomic_int tid;
	sem_t go;
	atomic_bool end;
	enum operation op;
	struct walk walk;
	bool hurried;
	struct outcomes outcomes;
	int got;
	struct capmsg_stat stat;
	unsigned int arrived;
};

/**
 * struct change - what is changed in a round
 * @node: where; -1: nothing is
 * @index: in which slot
 * @to: what is there afterwards
 * @player: who does that when it is asked; or NULL
 * @client: who does that by its operation; or NULL. Nobody of both: the owner
 * @lock: guards @done
 * @done: it was done
 * @ret: and how that ended
 */
struct change {
	int node, index;
	struct cap to;
	struct player *player;
	struct client *client;
	pthread_mutex_t lock;
	bool done;
	int ret;
};

struct world {
	int fd;			/* of the owner */
	__u64 seed, random;
	enum lie lie;
	struct node nodes[NODES];
	struct cap top[CLIENTS];
	struct player players[PLAYERS];
	struct client clients[CLIENTS];
	struct change change;
	unsigned int round;
	bool unsteady;		/* something goes, or may go, in this round */
	bool hurried;		/* somebody may end by its deadline */
	bool lost;		/* somebody does not come back */
	sem_t finished;
	atomic_uint *behaved;	/* by enum behaviour */
	unsigned int *results;	/* of operations, by errno */
};

static inline unsigned int dice(__u64 *random, unsigned int n)
{
	return random_next(random) % n;
}

/* --- walk.c: the naive model ----------------------------------------------------------- */

/* What is played at @index is there in the table. */
unsigned int played_index(unsigned int index, __u64 badge, bool keeper);
bool cap_gone(const struct world *w, const struct cap *cap);
/* False if that is too much to say. */
bool predict(struct world *w, const struct client *client, struct outcomes *out);
/**
 * struct trace - what a walk meets if everybody answers
 * @n: slots of nodes
 * @nodes: in which
 * @indices: which
 * @asked: players that are asked, a bit for each
 */
struct trace {
	unsigned int n;
	int nodes[64], indices[64];
	unsigned int asked;
};

void trace_make(struct world *w, const struct walk *walk, const struct cap *top,
		struct trace *trace);
__u32 walk_take(struct walk *walk, unsigned int bits);
void walk_put(struct walk *walk, __u64 bits, unsigned int n);
__u64 walk_address(const struct walk *walk);

/* --- player.c: handlers ----------------------------------------------------------------- */

int player_start(struct player *player, __u64 *random);
void player_stop(struct player *player);
/* It has nothing in its hands but what it ignores. */
bool player_idle(struct player *player);
/* It answers that after all, which is too late; what was ignored before @round. */
void player_remember(struct player *player, unsigned int round);

/* --- world.c: making one, changing one -------------------------------------------------- */

int world_make(struct world *w, __u64 seed);
void world_end(struct world *w);
/* What caches have answered, as far as they are still there. */
unsigned int world_hits(const struct world *w);
struct cap random_cap(struct world *w);
/* Does the change of this round, once. */
void change_make(struct world *w);
/* What is cached of a slot of a node is no longer so. */
int slot_invalidate(struct world *w, int node, int index);

/* --- client.c: operations --------------------------------------------------------------- */

int client_start(struct client *client);
void client_stop(struct client *client);
/* What the client came to is among what it may come to. */
bool client_agrees(const struct client *client);
/* All that was sent has arrived, and nothing else. */
int messages_check(struct world *w);

/* --- round.c ----------------------------------------------------------------------------- */

/* 0, or -EPROTO after saying what is not as it should be. */
int round_do(struct world *w);

#endif /* TREE_H */
