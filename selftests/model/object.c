// SPDX-License-Identifier: GPL-2.0-only
/* The model: how objects are born, and all that happens when one dies. */
#include "world.h"

__u32 now(struct world *w)
{
	return ++w->clock;
}

/* --- birth ---------------------------------------------------------------- */

#define FREE_ONE(array) ({						\
	unsigned int i_ = 0;						\
									\
	while (i_ < sizeof(array) / sizeof((array)[0]) && (array)[i_].alive) \
		i_++;							\
	i_ < sizeof(array) / sizeof((array)[0]) ? (int)i_ : -1;		\
})

bool object_fits(const struct world *w, __u8 type)
{
	switch (type) {
	case CAPMSG_TYPE_CAPPAGE:
		return FREE_ONE(w->tables) >= 0;
	case CAPMSG_TYPE_PORT:
		return FREE_ONE(w->ports) >= 0;
	case CAPMSG_TYPE_REGION:
		return FREE_ONE(w->regions) >= 0;
	default:
		return true;
	}
}

int table_new(struct world *w, __u8 owner, __u32 bits)
{
	int i = FREE_ONE(w->tables);

	w->tables[i] = (struct table){ .alive = true, .owner = owner, .bits = bits };
	w->tables[i].born = now(w);
	return i;
}

int port_new(struct world *w, __u8 owner, const struct capmsg_create_port *arg)
{
	int i = FREE_ONE(w->ports);
	struct port *port = &w->ports[i];
	unsigned int n;

	*port = (struct port){ .alive = true, .owner = owner, .flags = arg->flags,
		.depth = arg->depth, .max_caps = arg->max_caps,
		.max_size = arg->max_size ?: CAPMSG_MESSAGE_MAX };
	port->born = now(w);
	w->last[i] = (struct called){ .any = false };
	for (n = 0; n < port->depth; n++) {
		port->posts[n].owner = i * POSTS + n;
		port->posts[n].landing.owner = port->posts[n].owner;
		post_set(w, &port->posts[n],
			 arg->flags & CAPMSG_PORT_NO_SHORT ? IDLE : POSTED);
	}
	return i;
}

int region_new(struct world *w, __u8 owner, __u8 memory, __u32 length)
{
	int i = FREE_ONE(w->regions);

	w->regions[i] = (struct region){ .alive = true, .owner = owner,
		.memory = memory, .length = length };
	w->regions[i].born = now(w);
	return i;
}

/* --- calls ---------------------------------------------------------------- */

struct waiter *call_job(struct world *w, __u32 call)
{
	int i;

	for (i = 0; i < JOBS; i++)
		if (w->jobs[i].state == CALLING && w->jobs[i].call == call)
			return &w->jobs[i];
	return NULL;
}

bool call_open(const struct world *w, __u32 call)
{
	return call_job((struct world *)w, call);
}

static void void_cap(struct cap *cap, __u8 type, __u32 which)
{
	bool reply = type == CAPMSG_TYPE_REPLY;

	if (cap->type == type && which == (reply ? cap->call : cap->index))
		*cap = (struct cap){ .stale = reply };
}

/* Every capability to it reads as void, everywhere, at once. */
static void void_all(struct world *w, __u8 type, __u32 which)
{
	int i, n;

	for (i = 0; i < TABLES; i++)
		for (n = 0; w->tables[i].alive && n < ENTRIES_MAX; n++)
			void_cap(&w->tables[i].slots[n].cap, type, which);
	for (i = 0; i < EXPORTS; i++)
		void_cap(&w->exports[i].cap, type, which);
	for (i = 0; i < JOBS; i++)
		for (n = 0; n < ITEMS_MAX; n++)
			void_cap(&w->jobs[i].cargo.caps[n], type, which);
}

/* A receiver that goes away without a message has done what comes before. */
static void receiver_failed(struct waiter *job)
{
	const struct capmsg_reply_recv *arg = &job->op.a.reply_recv;
	bool both = job->op.nr == CAPMSG_CMD_REPLY_RECV;

	job->result.reposted = both ? arg->n_reposts : job->op.a.recv.n_reposts;
	job->result.answered = both && !(arg->flags & CAPMSG_REPLY_NONE);
}

void job_end(struct world *w, struct waiter *job, int ret)
{
	if (job->state == RECEIVING && ret)
		receiver_failed(job);
	job->state = FREE;
	job->done = true;
	job->result.ret = ret;
	landing_drop(w, &job->landing);
	job->buffer.set = false;
	if (job->call)
		void_all(w, CAPMSG_TYPE_REPLY, job->call);
	job->call = 0;
}

/* Dropping a reply right answers the call. */
void cap_drop(struct world *w, const struct cap *cap)
{
	struct waiter *job = cap->type == CAPMSG_TYPE_REPLY ? call_job(w, cap->call) : NULL;

	if (job)
		job_end(w, job, -EPIPE);
}

unsigned int frames_busy(const struct world *w, __u8 space)
{
	unsigned int n = 0;
	int i;

	for (i = 0; i < JOBS; i++)
		n += w->jobs[i].space == space &&
		     (w->jobs[i].state == SENDING || w->jobs[i].state == CALLING);
	return n;
}

/* --- death ---------------------------------------------------------------- */

/* The post, or the caller's frame, whose stamp is the next one after @after. */
struct holder {
	struct port *port;
	struct post *post;
	struct waiter *job;
	__u32 stamp;
};

static bool next_holder(struct world *w, bool region, __u8 index, __u32 after,
			struct holder *next)
{
	__u32 stamp;
	int i, n;

	*next = (struct holder){ .stamp = ~0U };
	for (i = 0; i < PORTS; i++) {
		for (n = 0; w->ports[i].alive && n < (int)w->ports[i].depth; n++) {
			struct post *post = &w->ports[i].posts[n];

			if (region ? !post->buffer.set || post->buffer.region != index :
				     !post->landing.set || post->landing.table != index)
				continue;
			stamp = region ? post->buffer.stamp : post->landing.stamp;
			if (stamp > after && stamp < next->stamp)
				*next = (struct holder){ &w->ports[i], post, NULL, stamp };
		}
	}
	for (i = 0; i < JOBS; i++) {
		struct waiter *job = &w->jobs[i];

		if (job->state == FREE ||
		    (region ? !job->buffer.set || job->buffer.region != index :
			      !job->landing.set || job->landing.table != index))
			continue;
		stamp = region ? job->buffer.stamp : job->landing.stamp;
		if (stamp > after && stamp < next->stamp)
			*next = (struct holder){ NULL, NULL, job, stamp };
	}
	return next->stamp != ~0U;
}

/* Who was to have capabilities land there is told, in the order of asking. */
static void landings_lost(struct world *w, __u8 table)
{
	struct holder holder = { .stamp = 0 };

	while (next_holder(w, false, table, holder.stamp, &holder)) {
		if (holder.job) {
			holder.job->landing = (struct landing){ .set = false };
			if (holder.job->call)
				job_end(w, holder.job, -ENOENT);
			continue;
		}
		holder.post->landing.set = false;
		holder.post->landing.armed = false;
		holder.post->bereft = true;
		if (holder.post->state == POSTED)
			post_bounce(w, holder.post);
	}
}

static void table_kill(struct world *w, __u8 index)
{
	struct table *table = &w->tables[index];
	int n;

	for (n = 0; n < ENTRIES_MAX; n++)
		cap_drop(w, &table->slots[n].cap);
	landings_lost(w, index);
	table->alive = false;
}

static void port_kill(struct world *w, __u8 index)
{
	struct port *port = &w->ports[index];
	struct waiter *job;
	unsigned int n;

	for (n = 0; n < JOBS; n++) {
		job = &w->jobs[n];
		if ((job->state == SENDING || job->state == RECEIVING) && job->port == index)
			job_end(w, job, -ENOENT);
	}
	for (n = 0; n < port->depth; n++)
		post_strip(w, &port->posts[n]);
	port->alive = false;
}

static void region_kill(struct world *w, __u8 index)
{
	struct holder holder = { .stamp = 0 };

	while (next_holder(w, true, index, holder.stamp, &holder)) {
		if (holder.job) {
			holder.job->buffer.set = false;
			holder.job->region_lost = true;
			holder.job->room = 0;
			continue;
		}
		holder.post->buffer.set = false;
		if (holder.post->state == POSTED)
			post_it(w, holder.port, holder.post);
	}
	w->regions[index].alive = false;
}

void object_kill(struct world *w, __u8 type, __u8 index)
{
	w->deaths++;
	void_all(w, type, index);
	if (type == CAPMSG_TYPE_CAPPAGE)
		table_kill(w, index);
	else if (type == CAPMSG_TYPE_PORT)
		port_kill(w, index);
	else if (type == CAPMSG_TYPE_REGION)
		region_kill(w, index);
}

#define FIRST_BORN(array, kind) do {					\
	unsigned int i_;						\
									\
	for (i_ = 0; i_ < sizeof(array) / sizeof((array)[0]); i_++)	\
		if ((array)[i_].alive && (array)[i_].owner == space &&	\
		    (array)[i_].born < born) {				\
			born = (array)[i_].born;			\
			type = kind;					\
			index = i_;					\
		}							\
} while (0)

void space_kill(struct world *w, __u8 space)
{
	for (;;) {
		__u32 born = ~0U;
		__u8 type = CAPMSG_TYPE_VOID, index = 0;

		FIRST_BORN(w->tables, CAPMSG_TYPE_CAPPAGE);
		FIRST_BORN(w->ports, CAPMSG_TYPE_PORT);
		FIRST_BORN(w->regions, CAPMSG_TYPE_REGION);
		if (!type)
			break;
		object_kill(w, type, index);
	}
	w->spaces[space] = (struct space){ .open = false };
}

#define COUNT_ALIVE(array) ({						\
	unsigned int i_, n_ = 0;					\
									\
	for (i_ = 0; i_ < sizeof(array) / sizeof((array)[0]); i_++)	\
		n_ += (array)[i_].alive;				\
	n_;								\
})

unsigned int objects_live(const struct world *w, __u8 type)
{
	switch (type) {
	case CAPMSG_TYPE_CAPPAGE:
		return COUNT_ALIVE(w->tables);
	case CAPMSG_TYPE_PORT:
		return COUNT_ALIVE(w->ports);
	case CAPMSG_TYPE_REGION:
		return COUNT_ALIVE(w->regions);
	default:
		return 0;
	}
}
