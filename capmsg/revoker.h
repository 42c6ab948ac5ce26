/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Revokers: what stands between a capability and those derived through it.
 */
#ifndef CAPMSG_REVOKER_H
#define CAPMSG_REVOKER_H

#include <linux/wait.h>

#include "object.h"
#include "wait.h"

/**
 * DOC: Revoking
 *
 * A capability through a revoker names its target as any other does, and beside
 * it the revoker that it came through; that one names the revoker before it,
 * and so on: a *chain*, of CAPMSG_CHAIN_MAX at most. Nobody keeps a list of what
 * was derived: a capability reads as void when its target is dead, or any
 * revoker of its chain, and whoever reads it looks. So what was derived is void at
 * once, whatever has been made of it. Only those who wait, and watches, are told
 * one by one after that.
 *
 * Looking once is not enough for whoever commits something later, or waits first.
 * So whoever found an object keeps the revoker it came *through*, and looks
 * again (capmsg_gate_check()) in the same RCU read section as it commits; a
 * spinlock that is held is such a section. Revoking and closing change the
 * revoker first, and then wait for a grace period: so every commit that had found
 * it as it was is over when they return.
 *
 * Whoever meets a closed revoker lets go of everything, waits at its *gate*
 * (capmsg_gate_wait()), and starts again. Whoever waits for something else joins
 * the gates of the chain as well (struct capmsg_gates).
 *
 * A virtual object acts as a revoker, which nobody can close, in front of what
 * stands in for it: so that is out of reach when the virtual object ends. If the
 * handler's capability to the stand-in came through revokers, they count too: the
 * first answer *binds* the virtual object to them, or to nothing
 * (capmsg_revoker_bind()). So whatever was found through it has come through all that
 * it is bound to, and through nothing else. That does not concern a capability to the
 * virtual object as such: whether it reads as void, and can be looked at, depends only
 * on the revokers that it came through itself (capmsg_gate_rcu()).
 *
 * Strangers may join in any number. They are told in steps, and the lock of the
 * revoker is taken for each step: whoever was told goes to the end of the list, and
 * as many are told as there were at the beginning. If two tasks tell at the same time
 * each may meet only a part of the list, but together they meet all of it.
 */

/**
 * struct capmsg_revoker - a revoker
 */
struct capmsg_revoker {
	/** @body: what every object has */
	struct capmsg_body body;
	/**
	 * @before: what it stands before: the revoker that its target came
	 * through, or the target itself; constant; owns a reference
	 */
	struct capmsg_object *before;
	/** @chained: @before is a revoker; constant */
	bool chained;
	/**
	 * @next: what else must let pass whatever is used through this: the
	 * revoker before, or the virtual object that this stands before; of a
	 * virtual object, what it is bound to. Set once; owns a reference
	 */
	struct capmsg_object *next;
	/** @bound: of a virtual object: @next does not change any more; bind_lock */
	bool bound;
	/** @chain: revokers in a row, itself included; constant; not of a virtual object */
	u32 chain;
	/** @closed: operations through it wait; body.lock */
	bool closed;
	/** @n_waiters: length of @waiters; body.lock */
	u32 n_waiters;
	/** @waiters: told when it is opened, closed or revoked; body.lock */
	struct list_head waiters;
};

/**
 * enum capmsg_gate - may one pass through a chain of revokers?
 * @CAPMSG_GATE_OPEN: yes
 * @CAPMSG_GATE_CLOSED: not now
 * @CAPMSG_GATE_GONE: never again
 */
enum capmsg_gate {
	CAPMSG_GATE_OPEN,
	CAPMSG_GATE_CLOSED,
	CAPMSG_GATE_GONE,
};

/* The longest chain, with all that it goes on through behind virtual objects. */
#define CAPMSG_GATES_MAX	(2 * CAPMSG_CHAIN_MAX + 4)

struct capmsg_gates;

/**
 * struct capmsg_gate_entry - where somebody waits at one revoker
 */
struct capmsg_gate_entry {
	/** @link: in the list of the revoker; under its lock */
	struct list_head link;
	/** @gates: what it is part of */
	struct capmsg_gates *gates;
	/** @body: the revoker; a reference */
	struct capmsg_body *body;
};

/**
 * struct capmsg_gates - somebody who is told when a chain of revokers changes
 *
 * On the stack of a task that waits, or part of what waits without a task. It
 * looks at the chain (capmsg_gates_look()), and goes to sleep unless the chain has
 * changed since (capmsg_gates_changed()), or since it has joined.
 */
struct capmsg_gates {
	/** @through: the last revoker of the chain; kept by who waits */
	const struct capmsg_object *through;
	/** @task: who has joined */
	struct task_struct *task;
	/**
	 * @notify: called when the chain has changed, in atomic context; NULL:
	 * the task that has joined is woken
	 */
	void (*notify)(struct capmsg_gates *gates);
	/** @changes: how often the chain has changed */
	atomic_t changes;
	/** @seen: the same, when it was looked at last */
	int seen;
	/** @n: entries in use */
	u32 n;
	/** @entries: one for each revoker of the chain that lives */
	struct capmsg_gate_entry entries[CAPMSG_GATES_MAX];
};

/**
 * struct capmsg_chain - all that something is used through
 */
struct capmsg_chain {
	/** @n: how much of it lives */
	u32 n;
	/** @broken: nothing can be used through it any more */
	bool broken;
	/** @body: revokers and virtual objects, with references */
	struct capmsg_body *body[CAPMSG_GATES_MAX];
};

struct capmsg_revoker *capmsg_revoker_alloc(struct capmsg_account *account,
					    struct capmsg_object *target,
					    struct capmsg_object *parent);
int capmsg_revoker_set(struct capmsg_revoker *revoker, bool closed,
		       const struct capmsg_object *through);
void capmsg_revoker_init(struct capmsg_revoker *revoker);
int capmsg_revoker_bind(struct capmsg_revoker *revoker,
			struct capmsg_object *next);
void capmsg_revoker_tell(struct capmsg_revoker *revoker);

struct capmsg_object *
capmsg_revoker_parent_rcu(const struct capmsg_object *object);

enum capmsg_gate capmsg_gate_rcu(const struct capmsg_object *through);
enum capmsg_gate capmsg_gate_look(const struct capmsg_object *through);
u32 capmsg_gate_count_rcu(const struct capmsg_object *through);
void capmsg_chain_hold(struct capmsg_chain *chain,
		       const struct capmsg_object *through);
void capmsg_chain_put(struct capmsg_chain *chain);
int capmsg_gate_wait(const struct capmsg_object *through,
		     const struct capmsg_until *until);
int capmsg_gate_wait_own(const struct capmsg_object *through,
			 const struct capmsg_until *until);
void capmsg_gates_join(struct capmsg_gates *gates,
		       const struct capmsg_object *through);
void capmsg_gates_leave(struct capmsg_gates *gates);

/* As capmsg_body_alloc() takes it. */
static_assert(!offsetof(struct capmsg_revoker, body));

static inline struct capmsg_revoker *capmsg_revoker_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_revoker, body);
}

/*
 * What capmsg_gate_check() says of a closed gate. It never leaves the module:
 * see capmsg_gate_again().
 */
#define CAPMSG_SHUT	(-ESHUTDOWN)

/* What a gate says to whoever would pass: 0, -ENOENT or CAPMSG_SHUT. */
static inline int capmsg_gate_error(enum capmsg_gate gate)
{
	switch (gate) {
	case CAPMSG_GATE_OPEN:
		return 0;
	case CAPMSG_GATE_CLOSED:
		return CAPMSG_SHUT;
	default:
		return -ENOENT;
	}
}

/*
 * May one commit through @through (or NULL: through no revoker)? To be asked in
 * the RCU read section of the commit.
 */
static inline int capmsg_gate_check(const struct capmsg_object *through)
{
	return likely(!through) ? 0 :
				  capmsg_gate_error(capmsg_gate_look(through));
}

/* The same for the revokers of a capability alone, as capmsg_gate_rcu(). */
static inline int capmsg_gate_check_rcu(const struct capmsg_object *revoker)
{
	return likely(!revoker) ? 0 :
				  capmsg_gate_error(capmsg_gate_rcu(revoker));
}

/* Has it been revoked? What was done through a gate stays when it is closed. */
static inline bool capmsg_gate_gone(const struct capmsg_object *through)
{
	return through && capmsg_gate_look(through) == CAPMSG_GATE_GONE;
}

/*
 * Is an operation to be repeated that has ended with @ret? That is if it met a
 * closed gate, for which this has waited. Otherwise @ret is its result.
 */
static inline bool capmsg_gate_again(int *ret,
				     const struct capmsg_object *through,
				     const struct capmsg_until *until)
{
	if (likely(*ret != CAPMSG_SHUT))
		return false;
	*ret = capmsg_gate_wait(through, until);
	return !*ret;
}

/* Look at the chain, if there is one. What changes later is not overlooked. */
static inline enum capmsg_gate capmsg_gates_look(struct capmsg_gates *gates)
{
	if (!gates)
		return CAPMSG_GATE_OPEN;
	/* Pairs with the release in tell(): it counts after the change. */
	gates->seen = atomic_read_acquire(&gates->changes);
	return capmsg_gate_look(gates->through);
}

/* Has the chain changed since? A task asks that in its state of sleep. */
static inline bool capmsg_gates_changed(const struct capmsg_gates *gates)
{
	return gates && atomic_read(&gates->changes) != gates->seen;
}

#endif /* CAPMSG_REVOKER_H */
