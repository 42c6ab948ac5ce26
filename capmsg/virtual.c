// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of virtual objects. They die when they are destroyed; with the space that
 * created them; with their handler's port, as then there is nobody to be asked; when
 * that is revoked from whoever named it; and with their original, if there is one.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "virtual.h"

static void *tie_hold(struct capmsg_lien *lien)
{
	struct capmsg_body *body =
		&container_of(lien, struct capmsg_tie, lien)->virtual->gate.body;

	return capmsg_body_tryget(body) ? body : NULL;
}

static struct capmsg_body *tie_lost(struct capmsg_lien *lien, void *held)
{
	struct capmsg_body *body = held, *condemned;

	condemned = capmsg_object_condemn(body->object);
	capmsg_body_put(body);
	return condemned;
}

static const struct capmsg_lien_ops tie_ops = {
	.hold	= tie_hold,
	.lost	= tie_lost,
};

static void tie_add(struct capmsg_virtual *v, struct capmsg_body *body)
{
	struct capmsg_tie *tie = &v->ties[v->n_ties++];

	INIT_LIST_HEAD(&tie->lien.link);
	tie->lien.ops = &tie_ops;
	tie->body = capmsg_body_get(body);
	tie->virtual = v;
}

/* Returns false if what it is tied to is dead. */
static bool tie_attach(struct capmsg_tie *tie)
{
	struct capmsg_body *body = tie->body;
	bool dead;

	spin_lock(&body->lock);
	dead = body->dead;
	/* If it is not dead by now virtual_kill() is yet to detach this. */
	if (!dead && !READ_ONCE(tie->virtual->gate.body.dead)) {
		capmsg_lien_attach_locked(body, &tie->lien);
		WRITE_ONCE(body->tied, true);
	}
	spin_unlock(&body->lock);
	return !dead;
}

/* Is the entry for an index below @address? Void is above everything. */
static bool entry_below(const struct capmsg_virtual *v,
			const struct capmsg_cache_entry *entry, u64 address)
{
	u32 bits = v->bits - entry->key.subpage_bits;
	u64 index = entry->key.index |
		    (u64)entry->key.subpage << bits;
	u32 depth;

	if (!address)
		return true;
	depth = 63 - __ffs64(address);
	return depth <= v->bits &&
	       (!depth || index >> (v->bits - depth) == address >> (64 - depth));
}

/**
 * capmsg_virtual_forget() - drop what is cached
 * @virtual: the virtual object
 * @address: of what, from the beginning of the table; void: of everything
 *
 * Answers to questions that are open now are not cached either.
 *
 * Context: Process context, no locks held; may sleep.
 * Return: how many entries were dropped.
 */
u32 capmsg_virtual_forget(struct capmsg_virtual *virtual, u64 address)
{
	struct capmsg_cache *cache = &virtual->cache;
	struct capmsg_cap cap;
	u32 i, n = 0;

	spin_lock(&virtual->gate.body.lock);
	cache->generation++;
	spin_unlock(&virtual->gate.body.lock);
	for (i = 0; i < capmsg_cache_entries(cache); i++) {
		cap.object = NULL;
		spin_lock(&virtual->gate.body.lock);
		if (cache->entries[i].memory.result &&
		    entry_below(virtual, &cache->entries[i], address)) {
			cap = capmsg_cache_take_locked(cache, i);
			n++;
		}
		spin_unlock(&virtual->gate.body.lock);
		capmsg_cap_drop(&cap);
		cond_resched();
	}
	return n;
}

static void virtual_sweep(struct capmsg_body *body)
{
	struct capmsg_virtual *v = capmsg_virtual_of(body);
	u32 i;

	spin_lock(&body->lock);
	capmsg_notice_sweep(&v->no_senders);
	spin_unlock(&body->lock);
	for (i = 0; i < capmsg_cache_entries(&v->cache); i++) {
		spin_lock(&body->lock);
		capmsg_cache_sweep_locked(&v->cache, i);
		spin_unlock(&body->lock);
		cond_resched();
	}
}

static void virtual_kill(struct capmsg_body *body)
{
	struct capmsg_virtual *v = capmsg_virtual_of(body);
	u32 i;

	capmsg_revoker_tell(&v->gate);
	spin_lock(&body->lock);
	capmsg_notice_drop(&v->no_senders);
	spin_unlock(&body->lock);
	capmsg_virtual_forget(v, CAPMSG_ADDRESS_VOID);
	capmsg_lien_detach(v->handler, &v->ties[0].lien);
	/* Now, not later: there may be many in a row that keep each other. */
	for (i = 1; i < v->n_ties; i++) {
		capmsg_lien_detach(v->ties[i].body, &v->ties[i].lien);
		capmsg_body_put(v->ties[i].body);
	}
}

/* The handler last: whoever asks at this moment goes on looking at it. */
static void virtual_release(struct capmsg_body *body)
{
	struct capmsg_virtual *v = capmsg_virtual_of(body);

	if (v->gate.next)
		capmsg_object_put(v->gate.next);
	capmsg_body_put(v->handler);
}

static void virtual_free(struct capmsg_body *body)
{
	kvfree(capmsg_virtual_of(body));
}

static void virtual_first_sender(struct capmsg_body *body)
{
	spin_lock(&body->lock);
	if (atomic_fetch_inc(&body->object->senders) == 0)
		WRITE_ONCE(capmsg_virtual_of(body)->mints,
			   capmsg_virtual_of(body)->mints + 1);
	spin_unlock(&body->lock);
}

static void virtual_last_sender(struct capmsg_body *body)
{
	spin_lock(&body->lock);
	if (atomic_dec_and_test(&body->object->senders) && !body->dead)
		capmsg_notice_signal(&capmsg_virtual_of(body)->no_senders);
	spin_unlock(&body->lock);
}

static const struct capmsg_body_ops virtual_ops = {
	.type		= CAPMSG_TYPE_VIRTUAL,
	.kill		= virtual_kill,
	.sweep		= virtual_sweep,
	.release	= virtual_release,
	.free		= virtual_free,
	.first_sender	= virtual_first_sender,
	.last_sender	= virtual_last_sender,
};

static struct capmsg_virtual *make(struct capmsg_account *account,
				   u32 cache_bits, u32 n_ties)
{
	u32 n = cache_bits ? 1U << cache_bits : 0;
	struct capmsg_virtual *v;

	v = capmsg_body_alloc(&virtual_ops, account, struct_size(v, entries, n) +
						     n_ties * sizeof(*v->ties));
	if (IS_ERR(v))
		return v;
	v->ties = (void *)&v->entries[n];
	capmsg_cache_init(&v->cache, &v->gate.body.lock, cache_bits, v->entries);
	return v;
}

/**
 * capmsg_virtual_alloc() - create a virtual object
 * @account: who pays
 * @handler: the port whose receivers play it; the caller keeps its reference
 * @way: what that was named through, or NULL; the caller keeps it
 * @kind: what its creator has chosen; checked by the caller
 *
 * It ends with nothing else before capmsg_virtual_start().
 *
 * Context: Process context; may sleep.
 * Return: the virtual object, its reference owned by the caller until
 * capmsg_body_own(); or ERR_PTR: -EDQUOT, -ENOMEM.
 */
struct capmsg_virtual *capmsg_virtual_alloc(struct capmsg_account *account,
					    struct capmsg_body *handler,
					    const struct capmsg_chain *way,
					    const struct capmsg_virtual_kind *kind)
{
	u32 n_way = way ? way->n : 0, i;
	struct capmsg_virtual *v;

	v = make(account, kind->cache_bits, 1 + n_way + !!kind->original);
	if (IS_ERR(v))
		return v;
	capmsg_revoker_init(&v->gate);
	v->gate.body.object->kind = kind->kind;
	v->name = kind->name;
	v->bits = kind->bits;
	v->handler = handler;
	tie_add(v, handler);
	for (i = 0; i < n_way; i++)
		tie_add(v, way->body[i]);
	if (kind->original)
		tie_add(v, kind->original);
	return v;
}

/**
 * capmsg_virtual_start() - a virtual object ends with others from now on
 * @virtual: a new one that has an owner, so that it can end at any moment; the
 *	caller has references of its own, to this and to all that it ends with
 *
 * With its handler's port, what that was named through, and what it is played for.
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_virtual_start(struct capmsg_virtual *virtual)
{
	bool live = true;
	u32 i;

	for (i = 0; i < virtual->n_ties; i++)
		live &= tie_attach(&virtual->ties[i]);
	if (!live)
		capmsg_object_kill(virtual->gate.body.object);
}

/* False if an answer to that cannot be cached. There is a cache. */
static bool cache_key(const struct capmsg_virtual *v,
		      const struct capmsg_memo_key *key,
		      struct capmsg_cache_key *cache_key)
{
	const struct capmsg_cap *cap = key->cap;
	bool table = v->gate.body.object->kind == CAPMSG_TYPE_CAPPAGE;
	u32 bits = v->bits - cap->subpage_bits;

	if (key->left < bits || !key->left == table)
		return false;
	*cache_key = (struct capmsg_cache_key) {
		.index		= bits ? key->bits >> (64 - bits) : 0,
		.badge		= cap->badge,
		.flags		= cap->flags,
		.subpage	= cap->subpage,
		.subpage_bits	= cap->subpage_bits,
		.keeper		= key->keeper,
	};
	return true;
}

/**
 * capmsg_virtual_look_rcu() - has the handler let us know the answer?
 * @virtual: the virtual object; has a cache
 * @key: what is asked
 * @memory: the answer; its capability is borrowed, and may read as void
 *
 * Context: RCU read section; takes no lock.
 * Return: true if it has.
 */
bool capmsg_virtual_look_rcu(struct capmsg_virtual *virtual,
			     const struct capmsg_memo_key *key,
			     struct capmsg_memory *memory)
{
	struct capmsg_cache_key cached;

	return cache_key(virtual, key, &cached) &&
	       capmsg_cache_find_rcu(&virtual->cache, &cached, memory) &&
	       capmsg_memory_serves(memory, key);
}

/*
 * What stands in for the virtual object that @met names, as seen by whoever came by
 * that: no more rights than either allows, and the badge of the stand-in, or else of
 * @met. The virtual object is bound to what the handler's capability came through.
 */
static void stand_in(const struct capmsg_cap *met, struct capmsg_cap *in)
{
	if (!(in->flags & CAPMSG_CAP_BADGED)) {
		in->badge = met->badge;
		in->flags |= met->flags & CAPMSG_CAP_BADGED;
	}
	in->revoker = capmsg_through_virtual(met);
	in->rights = (in->rights & met->rights & CAPMSG_RIGHTS_ALL) |
		     ((in->rights | met->rights) & CAPMSG_RIGHT_WEAK);
	in->guard = met->guard;
	in->guard_bits = met->guard_bits;
}

/**
 * capmsg_stand_in_rcu() - has it been said what stands in for a virtual object?
 * @cap: to the virtual object; to the real one on success, owns no reference
 * @memo: what was answered so far, or NULL
 * @cached: what the handler has let us know before is good enough
 *
 * Context: RCU read section; takes the lock of the memo.
 * Return: 0; CAPMSG_ASK: the handler of @cap is to be asked; -ENOENT if it reads as
 * void; -ELOOP if virtual objects stand in for each other.
 */
int capmsg_stand_in_rcu(struct capmsg_cap *cap, struct capmsg_memo *memo,
			bool cached)
{
	struct capmsg_memo_key key = { .cap = cap };
	struct capmsg_cap met = *cap;
	struct capmsg_memory memory;
	struct capmsg_body *body;
	u32 n;

	for (n = 0; n < CAPMSG_UPCALLS_MAX; n++) {
		body = capmsg_cap_body_rcu(cap);
		if (!body)
			goto out_void;
		if (cap->object->type != CAPMSG_TYPE_VIRTUAL)
			return 0;
		if (!(cached && capmsg_virtual_recall_rcu(capmsg_virtual_of(body),
							  &key, &memory)) &&
		    !(memo && capmsg_memo_find(memo, &key, &memory)))
			return CAPMSG_ASK;
		if (!memory.cap.object)
			goto out_void;
		stand_in(cap, &memory.cap);
		*cap = memory.cap;
	}
	return -ELOOP;
out_void:
	/* The virtual object lives, and is in its slot. */
	*cap = met;
	return -ENOENT;
}

/**
 * capmsg_virtual_remember() - the handler lets others know its answer
 * @virtual: the virtual object
 * @key: what was asked
 * @memory: the answer; the caller keeps its references
 * @generation: of its cache, under its lock, before the handler was asked
 *
 * Context: Process context, no locks held; takes the lock of the virtual object.
 */
void capmsg_virtual_remember(struct capmsg_virtual *virtual,
			     const struct capmsg_memo_key *key,
			     const struct capmsg_memory *memory, u64 generation)
{
	struct capmsg_cache_key cached;
	struct capmsg_cap old;
	bool owned;

	if (!virtual->cache.bits || !cache_key(virtual, key, &cached) ||
	    memory->taken != virtual->bits - key->cap->subpage_bits)
		return;
	/* It counts as a sender: who is given this answer can send. */
	rcu_read_lock();
	owned = capmsg_cap_tryown(&memory->cap);
	rcu_read_unlock();
	if (!owned)
		return;
	old = memory->cap;
	spin_lock(&virtual->gate.body.lock);
	if (!virtual->gate.body.dead)
		old = capmsg_cache_add_locked(&virtual->cache, &cached, memory,
					      generation);
	spin_unlock(&virtual->gate.body.lock);
	capmsg_cap_drop(&old);
}
