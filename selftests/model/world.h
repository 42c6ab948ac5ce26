/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model: what the module promises, done again in the plainest way. No
 * pointers, no locks, no lazy anything: when an object dies every capability to
 * it is made void at once, by looking at every slot there is. A world can be
 * copied with an assignment.
 *
 * What the header leaves open, and the model follows the module in: of several
 * things that are wrong with a command the first in the order of the checks
 * counts; the post that a message takes is one without a buffer if it can be, and
 * among those the one that was posted first.
 */
#ifndef MODEL_WORLD_H
#define MODEL_WORLD_H

#include "op.h"

#define SPACES		2
#define TABLES		10
#define PORTS		6
#define POSTS		4
#define REGIONS		4
#define EXPORTS		4
#define JOBS		3
#define MEMORIES	4	/* pieces of memory to be registered ... */
#define MEMORY_PAGES	4	/* ... of so many pages */
#define MEMORY_BYTES	(MEMORY_PAGES * PAGE)
#define NOBODY		0xff

/* A deliberate mistake in the model, to see it found. */
enum lie {
	LIE_NONE,
	LIE_BADGE_TWICE,	/* a badge can be set again */
	LIE_WEAK_KEEPS_SEND,	/* a weak path leaves SEND */
	LIE_SHORT_STAYS_IDLE,	/* the post of a short message is not posted again */
	LIE_COUNT,
};

struct cap {
	__u8 type;		/* enum capmsg_type */
	__u8 index;		/* which table, port or region */
	__u8 badged;
	__u8 guard_bits;
	__u8 subpage;
	__u8 subpage_bits;
	__u8 stale;		/* void, but a reply right was here */
	__u32 rights;
	__u32 call;		/* of a reply right: which call */
	__u64 badge;
	__u64 guard;
};

/* Who has reserved a slot: post @post of port @port, or job PORTS + @port. */
struct slot {
	struct cap cap;
	__u8 reserved;		/* 0: nobody, else 1 + owner */
};

struct table {
	bool alive;
	__u8 owner;		/* space */
	__u8 bits;
	__u32 born;
	struct slot slots[ENTRIES_MAX];
};

struct region {
	bool alive;
	__u8 owner;
	__u8 memory;
	__u32 born;
	__u32 length;
};

struct landing {
	bool set, armed;
	__u8 table, first, n;
	__u8 owner;
	__u32 stamp;		/* since when its table's death is told */
};

struct buffer {
	bool set;
	__u8 region, memory;
	__u32 offset, length;
	__u32 stamp;
};

enum post_state { IDLE, POSTED, FILLED, REAPING };

/* What has arrived in a post. */
struct arrived {
	__u32 length;
	__u8 seed;
	bool is_inline;
	bool badged;
	__u64 badge;
	__u32 n_caps;
	__u32 error;
	__u8 memory;
	__u32 offset;
};

struct post {
	__u8 state;
	__u8 owner;		/* as in struct slot */
	bool again, bereft;
	bool holds_reply;	/* a reply right, perhaps one that is used up */
	__u32 call, caller;
	__u32 stamp;		/* order in its state */
	__u32 seq;
	__u64 cookie;
	struct landing landing;
	struct buffer buffer;
	struct arrived arrived;
};

struct port {
	bool alive;
	__u8 owner;
	__u32 born;
	__u32 flags, depth, max_caps;
	__u64 max_size;
	struct post posts[POSTS];
};

/* A message before it is delivered. */
struct cargo {
	__u32 length;
	__u8 seed;
	bool badged;
	__u64 badge;
	__u32 n_caps;
	struct cap caps[ITEMS_MAX];
	__u32 call;		/* 0, or the call that it is ... */
	__u32 caller;		/* ... and when the caller's space was opened */
	bool moves;		/* a reply right leaves this slot: */
	__u8 from_table, from_index;
	__u32 from_call;
};

enum waiter_state { FREE, SENDING, CALLING, RECEIVING };

/* A command that waits, in a thread of its own. */
struct waiter {
	__u8 state;
	__u8 space;
	__u8 port;
	bool done;		/* the result is known, and yet to be compared */
	bool region_lost;
	__u32 stamp;		/* place in the line */
	__u32 call;
	__u32 inline_max, room;
	bool in_region;
	struct landing landing;
	struct buffer buffer;
	struct cargo cargo;
	struct op op;
	struct result result;
};

/* Bytes that a user pays for; tables by bits, ports by depth, regions by pages. */
struct prices {
	__u64 space, frame, spare, export, tombstone;
	__u64 table[6], port[POSTS + 1], region[MEMORY_PAGES + 1];
};

struct space {
	bool open, ready;
	__u32 born;
	__u8 root;		/* table */
	__u32 frames, root_bits, plain_max;
};

struct exported {
	bool open;
	struct cap cap;
};

struct called {
	bool any;
	__u32 post, seq;
};

struct world {
	struct space spaces[SPACES];
	struct table tables[TABLES];
	struct port ports[PORTS];
	struct region regions[REGIONS];
	struct exported exports[EXPORTS];
	struct waiter jobs[JOBS];
	struct called last[PORTS];	/* the last call that was received there */
	__u32 clock;			/* for stamps and births */
	__u32 calls;
	__u32 deaths;			/* of what may still be named somewhere */
	const struct prices *prices;
	__u8 lie;
	/* What the memory of regions should hold; or NULL. */
	char (*memory)[MEMORY_BYTES];
};

/* A command that is being modelled, step by step. */
struct doing {
	struct world *w;
	const struct op *op;
	__u8 step;
	struct cap cap;
	struct cargo cargo;
	__u8 port, post;
	struct result r;
};

/* --- model.c: operations -------------------------------------------------- */

void model_begin(struct doing *d, struct world *w, const struct op *op,
		 struct capmsg_list_entry *entries);
/* One atomic step; true when the result is there. */
bool model_step(struct doing *d);
/* All of it, and what follows from it for those who wait. */
void model_do(struct doing *d, struct world *w, const struct op *op,
	      struct capmsg_list_entry *entries);
/* Which of two threads comes first would be left to chance. */
bool model_races(const struct world *w, const struct op *op);

/* --- walk.c --------------------------------------------------------------- */

struct place {
	__u8 table, index, end;
	__u32 rights;		/* to the table */
	struct cap cap;		/* what is there, weakened by the path */
};

void cap_weaken(const struct world *w, struct cap *cap);
int walk_object(const struct world *w, __u8 space, __u64 address, struct place *place);
int walk_slot(const struct world *w, __u8 space, __u64 address, __u32 rights,
	      struct place *place);
int walk_fetch(const struct world *w, __u8 space, __u64 address, struct cap *cap);
/* A capability that may be copied: no reply right. */
int walk_copy(const struct world *w, __u8 space, __u64 address, struct cap *cap);
int walk_type(const struct world *w, __u8 space, __u64 address, __u8 type, __u32 rights,
	      struct cap *cap);
struct slot *place_slot(struct world *w, const struct place *place);
int slot_check(const struct slot *slot);
int slot_store(struct world *w, const struct place *place, const struct cap *cap);

/* --- object.c: birth and death -------------------------------------------- */

__u32 now(struct world *w);
int table_new(struct world *w, __u8 owner, __u32 bits);
int port_new(struct world *w, __u8 owner, const struct capmsg_create_port *arg);
int region_new(struct world *w, __u8 owner, __u8 memory, __u32 length);
/* Is there room in the model for another object of the type? */
bool object_fits(const struct world *w, __u8 type);
void object_kill(struct world *w, __u8 type, __u8 index);
/* Everything that a space has paid for dies, in the order of its birth. */
void space_kill(struct world *w, __u8 space);
unsigned int objects_live(const struct world *w, __u8 type);
void cap_drop(struct world *w, const struct cap *cap);
bool call_open(const struct world *w, __u32 call);
struct waiter *call_job(struct world *w, __u32 call);
/* The call ends, its reply right is void wherever it is. */
void job_end(struct world *w, struct waiter *job, int ret);
unsigned int frames_busy(const struct world *w, __u8 space);

/* --- post.c --------------------------------------------------------------- */

int landing_set(struct world *w, struct landing *landing, const struct place *place,
		__u32 n);
void landing_disarm(struct world *w, struct landing *landing);
void landing_drop(struct world *w, struct landing *landing);
bool post_bare(const struct post *post);
void post_set(struct world *w, struct post *post, enum post_state state);
void post_it(struct world *w, struct port *port, struct post *post);
void post_bounce(struct world *w, struct post *post);
void post_strip(struct world *w, struct post *post);
int post_dress(struct world *w, struct post *post, const struct place *landing,
	       __u32 n, const struct buffer *buffer, __u64 cookie);
int post_again(struct world *w, struct port *port, __u32 index);
void post_reply_left(struct world *w, struct port *port, struct post *post);
void post_retire(struct world *w, struct port *port, struct post *post);
struct post *post_first(struct port *port, enum post_state state);
int post_of_call(struct port *port, __u32 index, __u32 seq, struct post **post);
bool cargo_fits(const struct post *post, const struct cargo *cargo);
int caps_land(struct world *w, const struct landing *landing, struct cargo *cargo);
/* Puts a message into a post; -EAGAIN, -ENOENT. */
int cargo_land(struct world *w, struct post *post, struct cargo *cargo);
int cargo_enter(struct world *w, struct port *port, struct cargo *cargo);
/* Who waits in line at the port, behind @after. */
struct waiter *next_in_line(struct world *w, const struct port *port, __u32 after);
/* Gives a posted post to who waits for one. */
void port_dispatch(struct world *w, struct port *port, struct post *post);

/* --- commands, by file: slots.c, objects.c, sends.c, receives.c ------------ */

bool do_op_copy(struct doing *d);
bool do_op_move(struct doing *d);
bool do_op_clear(struct doing *d);
bool do_op_stat(struct doing *d);
bool do_op_list(struct doing *d);
bool do_op_export(struct doing *d);
bool do_op_import(struct doing *d);
bool do_op_query(struct doing *d);
bool do_op_setup(struct doing *d);
bool do_op_create_cappage(struct doing *d);
bool do_op_create_port(struct doing *d);
bool do_op_register(struct doing *d);
bool do_op_unregister(struct doing *d);
bool do_op_destroy(struct doing *d);
bool do_op_post(struct doing *d);
bool do_op_unpost(struct doing *d);
bool do_op_send(struct doing *d);
bool do_op_call(struct doing *d);
bool do_op_reply(struct doing *d);
bool do_op_recv(struct doing *d);
bool do_op_reply_recv(struct doing *d);
/* Receivers that wait take what has come. */
void receivers_go_on(struct world *w);
int items_check(const struct capmsg_item *items, __u32 n);
int items_read(struct doing *d, __u32 n);
int landing_find(const struct doing *d, __u64 address, __u32 n, struct place *place);
int region_find(const struct doing *d, __u64 address, __u64 offset, __u64 length,
		struct buffer *buffer);
/* Has the space no frame free, or is it not set up? */
int frame_get(const struct doing *d);
/* The answer to a call: 0, -ESTALE, -EMSGSIZE, ... */
int call_answer(struct world *w, __u32 call, struct cargo *cargo);
/* Puts the numbers of the last call that was received into an operation. */
void op_resolve(const struct world *w, struct op *op);

static inline bool done(struct doing *d, int ret)
{
	d->r.ret = ret;
	return true;
}

#endif /* MODEL_WORLD_H */
