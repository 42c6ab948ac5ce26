// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revokers, and waiting at their gates. See "DOC: Revoking".
 */
#include <linux/mm.h>

#include "revoker.h"

/* Far from zero, so that nobody who counts by ones gets back there. */
#define SENDERS_OF_THE_DEAD	(INT_MIN / 2)

/* So many are told under one lock. */
#define TELL_STEP	32U

static void tell(struct capmsg_gate_entry *entry)
{
	struct capmsg_gates *gates = entry->gates;
	struct wait_queue_entry wake = { .private = gates->task };

	/* Pairs with capmsg_gates_look(). */
	(void)atomic_inc_return_release(&gates->changes);
	if (gates->notify)
		gates->notify(gates);
	else
		default_wake_function(&wake, TASK_INTERRUPTIBLE, 0, NULL);
}

static void tell_some(struct capmsg_revoker *revoker, u32 n)
{
	struct capmsg_gate_entry *entry;

	spin_lock(&revoker->body.lock);
	while (n-- && !list_empty(&revoker->waiters)) {
		entry = list_first_entry(&revoker->waiters,
					 struct capmsg_gate_entry, link);
		list_move_tail(&entry->link, &revoker->waiters);
		tell(entry);
	}
	spin_unlock(&revoker->body.lock);
}

/**
 * capmsg_revoker_tell() - tell all who have joined that a revoker has changed
 * @revoker: the revoker, or of a virtual object; whoever joins from now on sees that
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_revoker_tell(struct capmsg_revoker *revoker)
{
	u32 n, some;

	spin_lock(&revoker->body.lock);
	n = revoker->n_waiters;
	spin_unlock(&revoker->body.lock);
	for (; n; n -= some) {
		some = min(n, TELL_STEP);
		tell_some(revoker, some);
		cond_resched();
	}
}

/*
 * From here on the count neither rises from zero nor falls to it: what was
 * counted before it for the senders through this revoker is given back once,
 * here or in revoker_last_sender().
 */
static void revoker_kill(struct capmsg_body *body)
{
	struct capmsg_revoker *revoker = capmsg_revoker_of(body);

	capmsg_revoker_tell(revoker);
	if (atomic_xchg(&body->object->senders, SENDERS_OF_THE_DEAD) > 0)
		capmsg_senders_dec(revoker->before);
}

/* Here and below: one level of recursion for each revoker of the chain. */
static void revoker_first_sender(struct capmsg_body *body)
{
	struct capmsg_revoker *revoker = capmsg_revoker_of(body);

	capmsg_senders_inc(revoker->before);
	/* Another one was first, or the revoker has died. */
	if (atomic_fetch_inc(&body->object->senders) != 0)
		capmsg_senders_dec(revoker->before);
}

static void revoker_last_sender(struct capmsg_body *body)
{
	struct capmsg_revoker *revoker = capmsg_revoker_of(body);

	if (atomic_dec_and_test(&body->object->senders))
		capmsg_senders_dec(revoker->before);
}

/* Freed after a grace period, for those who look at it. */
static void revoker_release(struct capmsg_body *body)
{
	struct capmsg_revoker *revoker = capmsg_revoker_of(body);

	if (revoker->next)
		capmsg_object_put(revoker->next);
	capmsg_object_put(revoker->before);
}

static void revoker_free(struct capmsg_body *body)
{
	kvfree(capmsg_revoker_of(body));
}

static const struct capmsg_body_ops revoker_ops = {
	.type		= CAPMSG_TYPE_REVOKER,
	.kill		= revoker_kill,
	.release	= revoker_release,
	.free		= revoker_free,
	.first_sender	= revoker_first_sender,
	.last_sender	= revoker_last_sender,
};

/* Revokers in a row up to this one; 0 if it is gone. */
static u32 chain_of(const struct capmsg_object *revoker)
{
	struct capmsg_body *body;
	u32 chain = 0;

	rcu_read_lock();
	body = rcu_dereference(revoker->body);
	if (body)
		chain = capmsg_revoker_of(body)->chain;
	rcu_read_unlock();
	return chain;
}

/**
 * capmsg_revoker_alloc() - create a revoker
 * @account: who pays
 * @target: what it is to stand before
 * @parent: the revoker that @target was found through, or NULL
 *
 * Nobody sends through it yet. It keeps what comes before it in the chain from
 * being freed, not from dying.
 *
 * Context: Process context; may sleep.
 * Return: the revoker, its reference owned by the caller until
 * capmsg_body_own(); or ERR_PTR: -ENOENT if @parent is gone, -EMLINK if the chain
 * would be too long, -EDQUOT, -ENOMEM.
 */
struct capmsg_revoker *capmsg_revoker_alloc(struct capmsg_account *account,
					    struct capmsg_object *target,
					    struct capmsg_object *parent)
{
	struct capmsg_revoker *revoker;
	u32 chain = 0;

	if (parent) {
		chain = chain_of(parent);
		if (!chain)
			return ERR_PTR(-ENOENT);
		if (chain >= CAPMSG_CHAIN_MAX)
			return ERR_PTR(capmsg_refuse(account,
						     CAPMSG_LIMIT_CHAIN,
						     -EMLINK, chain,
						     CAPMSG_CHAIN_MAX));
	}
	revoker = capmsg_body_alloc(&revoker_ops, account, sizeof(*revoker));
	if (IS_ERR(revoker))
		return revoker;
	revoker->chain = chain + 1;
	capmsg_revoker_init(revoker);
	revoker->chained = parent;
	revoker->before = capmsg_object_get(parent ?: target);
	if (parent || target->type == CAPMSG_TYPE_VIRTUAL)
		revoker->next = capmsg_object_get(revoker->before);
	return revoker;
}

/**
 * capmsg_revoker_init() - prepare what others join
 * @revoker: zeroed but for its body
 *
 * Context: Any.
 */
void capmsg_revoker_init(struct capmsg_revoker *revoker)
{
	INIT_LIST_HEAD(&revoker->waiters);
}

/* Two who bind at once must not close a circle. */
static DEFINE_SPINLOCK(bind_lock);

/* Does a chain from @through on come by @itself, or get too long? */
static bool circular_rcu(const struct capmsg_object *through,
			 const struct capmsg_object *itself)
{
	struct capmsg_body *body;
	u32 n;

	for (n = CAPMSG_CHAIN_MAX + 1; through && through != itself; n++) {
		body = rcu_dereference(through->body);
		/* It leads nowhere any more. */
		if (!body)
			return false;
		if (n == CAPMSG_GATES_MAX)
			return true;
		through = READ_ONCE(capmsg_revoker_of(body)->next);
	}
	return through;
}

/**
 * capmsg_revoker_bind() - what goes through a virtual object goes through more
 * @revoker: of the virtual object; a reference to its body is held
 * @next: what else: a revoker, or a virtual object; or NULL: nothing
 *
 * Context: Atomic; takes bind_lock.
 * Return: 0, also if it was bound to that before; -EINVAL if it is bound to something
 * else, or the chain would be a circle, or too long.
 */
int capmsg_revoker_bind(struct capmsg_revoker *revoker,
			struct capmsg_object *next)
{
	int ret = 0;

	spin_lock(&bind_lock);
	rcu_read_lock();
	if (revoker->bound)
		ret = revoker->next == next ? 0 : -EINVAL;
	else if (circular_rcu(next, revoker->body.object))
		ret = -EINVAL;
	else if (next)
		WRITE_ONCE(revoker->next, capmsg_object_get(next));
	if (!ret)
		revoker->bound = true;
	rcu_read_unlock();
	spin_unlock(&bind_lock);
	return ret;
}

/**
 * capmsg_revoker_set() - close or open a revoker
 * @revoker: the revoker
 * @closed: which of the two
 * @through: the revoker that it was itself named through, or NULL
 *
 * Whoever closes it waits for a grace period afterwards: then all commits are over
 * that had found it open.
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -ENOENT if it is revoked from the caller; CAPMSG_SHUT.
 */
int capmsg_revoker_set(struct capmsg_revoker *revoker, bool closed,
		       const struct capmsg_object *through)
{
	int ret;

	spin_lock(&revoker->body.lock);
	ret = capmsg_gate_check(through);
	if (!ret)
		WRITE_ONCE(revoker->closed, closed);
	spin_unlock(&revoker->body.lock);
	if (!ret)
		capmsg_revoker_tell(revoker);
	return ret;
}

/**
 * capmsg_revoker_parent_rcu() - the revoker before one in its chain
 * @object: a revoker
 *
 * Context: RCU read section.
 * Return: that revoker; NULL if there is none, or the chain is revoked.
 */
struct capmsg_object *
capmsg_revoker_parent_rcu(const struct capmsg_object *object)
{
	struct capmsg_body *body = rcu_dereference(object->body);
	struct capmsg_revoker *revoker;

	if (!body)
		return NULL;
	revoker = capmsg_revoker_of(body);
	return revoker->chained ? revoker->before : NULL;
}

/**
 * capmsg_gate_rcu() - look at the chain of revokers of a capability
 * @through: the last of the chain
 *
 * Context: RCU read section.
 * Return: whether one may pass; not what is behind a virtual object.
 */
enum capmsg_gate capmsg_gate_rcu(const struct capmsg_object *through)
{
	enum capmsg_gate gate = CAPMSG_GATE_OPEN;
	struct capmsg_revoker *revoker;
	struct capmsg_body *body;

	do {
		body = rcu_dereference(through->body);
		if (!body)
			return CAPMSG_GATE_GONE;
		revoker = capmsg_revoker_of(body);
		if (READ_ONCE(revoker->closed))
			gate = CAPMSG_GATE_CLOSED;
		through = revoker->before;
	} while (revoker->chained);
	return gate;
}

/**
 * capmsg_gate_look() - look at all that something is used through
 * @through: the last of the chain; a revoker or a virtual object
 *
 * Context: Any.
 * Return: whether one may pass. It may be old when it arrives, but not older
 * than a spinlock that the caller holds.
 */
enum capmsg_gate capmsg_gate_look(const struct capmsg_object *through)
{
	enum capmsg_gate gate = CAPMSG_GATE_OPEN;
	struct capmsg_revoker *revoker;
	struct capmsg_body *body;
	u32 n = 0;

	rcu_read_lock();
	do {
		body = rcu_dereference(through->body);
		/* Nothing was found through a chain that is too long. */
		if (!body || n++ == CAPMSG_GATES_MAX) {
			gate = CAPMSG_GATE_GONE;
			break;
		}
		revoker = capmsg_revoker_of(body);
		if (READ_ONCE(revoker->closed))
			gate = CAPMSG_GATE_CLOSED;
		through = READ_ONCE(revoker->next);
	} while (through);
	rcu_read_unlock();
	return gate;
}

/**
 * capmsg_gate_count_rcu() - how long is a chain?
 * @through: the last of the chain
 *
 * Context: RCU read section.
 * Return: the number of revokers and virtual objects in it, up to one that is dead;
 * CAPMSG_GATES_MAX + 1 for more than there may be.
 */
u32 capmsg_gate_count_rcu(const struct capmsg_object *through)
{
	struct capmsg_body *body;
	u32 n = 0;

	for (; through && n <= CAPMSG_GATES_MAX; n++) {
		body = rcu_dereference(through->body);
		if (!body)
			break;
		through = READ_ONCE(capmsg_revoker_of(body)->next);
	}
	return n;
}

/**
 * capmsg_chain_hold() - hold all that something is used through
 * @chain: to be ended by capmsg_chain_put()
 * @through: the last of it, or NULL
 *
 * Context: Any.
 */
void capmsg_chain_hold(struct capmsg_chain *chain,
		       const struct capmsg_object *through)
{
	struct capmsg_body *body;

	chain->n = 0;
	rcu_read_lock();
	while (through && chain->n < CAPMSG_GATES_MAX) {
		body = rcu_dereference(through->body);
		if (!body || !capmsg_body_tryget(body))
			break;
		chain->body[chain->n++] = body;
		through = READ_ONCE(capmsg_revoker_of(body)->next);
	}
	rcu_read_unlock();
	chain->broken = through;
}

/**
 * capmsg_chain_put() - let go of it
 * @chain: held
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_chain_put(struct capmsg_chain *chain)
{
	while (chain->n)
		capmsg_body_put(chain->body[--chain->n]);
}

/* NULL if there is none; or none any more, so that nothing will change there. */
static struct capmsg_body *body_next(const struct capmsg_revoker *revoker)
{
	struct capmsg_object *next = READ_ONCE(revoker->next);
	struct capmsg_body *body = NULL;

	if (next)
		body = rcu_dereference(next->body);
	return body && capmsg_body_tryget(body) ? body : NULL;
}

static void gate_join(struct capmsg_gates *gates, struct capmsg_body *body)
{
	struct capmsg_gate_entry *entry = &gates->entries[gates->n++];
	struct capmsg_revoker *revoker = capmsg_revoker_of(body);

	entry->gates = gates;
	entry->body = body;
	spin_lock(&body->lock);
	list_add_tail(&entry->link, &revoker->waiters);
	revoker->n_waiters++;
	spin_unlock(&body->lock);
}

static void gate_leave(struct capmsg_gate_entry *entry)
{
	spin_lock(&entry->body->lock);
	list_del(&entry->link);
	capmsg_revoker_of(entry->body)->n_waiters--;
	spin_unlock(&entry->body->lock);
	capmsg_body_put(entry->body);
}

/**
 * capmsg_gates_join() - ask to be told when a chain of revokers changes
 * @gates: to be ended by capmsg_gates_leave(). If nobody but the calling task is to
 *	be told, capmsg_gates.notify is NULL
 * @through: the last of the chain; the caller keeps it
 *
 * Whoever joins looks at the chain afterwards: what has changed before is not
 * told.
 *
 * Context: Process context, no locks held.
 */
void capmsg_gates_join(struct capmsg_gates *gates,
		       const struct capmsg_object *through)
{
	struct capmsg_body *body;

	gates->through = through;
	gates->task = current;
	gates->n = 0;
	gates->seen = 0;
	atomic_set(&gates->changes, 0);
	rcu_read_lock();
	body = rcu_dereference(through->body);
	if (body && !capmsg_body_tryget(body))
		body = NULL;
	while (body && gates->n < CAPMSG_GATES_MAX) {
		gate_join(gates, body);
		body = body_next(capmsg_revoker_of(body));
	}
	rcu_read_unlock();
	/* Too long: nobody gets through. */
	if (body)
		capmsg_body_put(body);
}

/**
 * capmsg_gates_leave() - no longer ask for that
 * @gates: joined; when this returns nobody is told any more
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_gates_leave(struct capmsg_gates *gates)
{
	while (gates->n)
		gate_leave(&gates->entries[--gates->n]);
}

/* Until something has changed. */
static int wait_at(struct capmsg_gates *gates, const struct capmsg_until *until)
{
	int ret = capmsg_wait_over(until);

	if (ret)
		return ret;
	set_current_state(CAPMSG_SLEEP_STATE);
	if (!capmsg_gates_changed(gates))
		capmsg_sleep(until->deadline);
	__set_current_state(TASK_RUNNING);
	return 0;
}

/* @behind: what is behind a virtual object counts as well. */
static bool closed(struct capmsg_gates *gates, bool behind)
{
	enum capmsg_gate gate = capmsg_gates_look(gates);

	if (!behind) {
		rcu_read_lock();
		gate = capmsg_gate_rcu(gates->through);
		rcu_read_unlock();
	}
	return gate == CAPMSG_GATE_CLOSED;
}

static int wait_while_closed(const struct capmsg_object *through,
			     const struct capmsg_until *until, bool behind)
{
	struct capmsg_gates gates = { };
	bool shut;
	int ret = 0;

	do {
		/* Anew each time: a virtual object may have been bound meanwhile. */
		capmsg_gates_join(&gates, through);
		shut = closed(&gates, behind);
		if (shut)
			ret = wait_at(&gates, until);
		capmsg_gates_leave(&gates);
	} while (shut && !ret);
	return ret;
}

/**
 * capmsg_gate_wait() - wait while capmsg_gate_check() says that a way is closed
 * @through: the last of it, or NULL; the caller keeps it
 * @until: for how long
 *
 * Context: Process context, no locks held; sleeps.
 * Return: 0 if it is not closed, which the caller has to look at again; -EAGAIN,
 * -ETIMEDOUT, -ERESTARTSYS.
 */
int capmsg_gate_wait(const struct capmsg_object *through,
		     const struct capmsg_until *until)
{
	return through ? wait_while_closed(through, until, true) : 0;
}

/**
 * capmsg_gate_wait_own() - the same for capmsg_gate_check_rcu()
 * @through: as of capmsg_gate_wait(), but not NULL
 * @until: the same
 *
 * Whoever looks at one of the two and waits for the other may wait for what it
 * does not need; or not wait, look again, and so on for ever.
 *
 * Context: As capmsg_gate_wait().
 * Return: As capmsg_gate_wait().
 */
int capmsg_gate_wait_own(const struct capmsg_object *through,
			 const struct capmsg_until *until)
{
	return wait_while_closed(through, until, false);
}
