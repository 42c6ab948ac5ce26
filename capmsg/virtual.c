// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of virtual objects. They die by themselves, with the space that has
 * created them, and with their handler's port: then there is nobody to be asked.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "virtual.h"

static void *handler_hold(struct capmsg_lien *lien)
{
	struct capmsg_virtual *v = container_of(lien, struct capmsg_virtual, lien);

	return capmsg_body_tryget(&v->body) ? &v->body : NULL;
}

static void handler_lost(struct capmsg_lien *lien, void *held)
{
	struct capmsg_body *body = held;

	capmsg_object_kill(body->object);
	capmsg_body_put(body);
}

static const struct capmsg_lien_ops handler_lien_ops = {
	.hold	= handler_hold,
	.lost	= handler_lost,
};

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

	spin_lock(&virtual->body.lock);
	cache->generation++;
	spin_unlock(&virtual->body.lock);
	for (i = 0; i < capmsg_cache_entries(cache); i++) {
		cap.object = NULL;
		spin_lock(&virtual->body.lock);
		if (cache->entries[i].memory.result &&
		    entry_below(virtual, &cache->entries[i], address)) {
			cap = capmsg_cache_take_locked(cache, i);
			n++;
		}
		spin_unlock(&virtual->body.lock);
		capmsg_cap_drop(&cap);
		cond_resched();
	}
	return n;
}

static void virtual_sweep(struct capmsg_body *body)
{
	struct capmsg_virtual *v = capmsg_virtual_of(body);
	u32 i;

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

	capmsg_virtual_forget(v, CAPMSG_ADDRESS_VOID);
	spin_lock(&v->handler->lock);
	capmsg_lien_detach_locked(v->handler, &v->lien);
	spin_unlock(&v->handler->lock);
}

/* Whoever asks at this moment goes on looking at the handler. */
static void virtual_release(struct capmsg_body *body)
{
	capmsg_body_put(capmsg_virtual_of(body)->handler);
}

static void virtual_free(struct capmsg_body *body)
{
	kvfree(capmsg_virtual_of(body));
}

static const struct capmsg_body_ops virtual_ops = {
	.type		= CAPMSG_TYPE_VIRTUAL,
	.kill		= virtual_kill,
	.sweep		= virtual_sweep,
	.release	= virtual_release,
	.free		= virtual_free,
};

static struct capmsg_virtual *make(struct capmsg_account *account,
				   u32 cache_bits)
{
	u32 n = cache_bits ? 1U << cache_bits : 0;
	struct capmsg_virtual *v;
	size_t bytes = struct_size(v, entries, n);
	int ret;

	ret = capmsg_body_charge(account, bytes);
	if (ret)
		return ERR_PTR(ret);
	ret = -ENOMEM;
	v = kvzalloc(bytes, CAPMSG_GFP);
	if (v)
		ret = capmsg_body_init(&v->body, &virtual_ops, account);
	if (ret) {
		kvfree(v);
		capmsg_user_uncharge(account->user, 1, bytes +
				     sizeof(struct capmsg_object));
		return ERR_PTR(ret);
	}
	v->body.bytes = bytes;
	capmsg_cache_init(&v->cache, &v->body.lock, cache_bits, v->entries);
	return v;
}

/**
 * capmsg_virtual_alloc() - create a virtual object
 * @account: who pays
 * @handler: the port whose receivers play it; the caller keeps its reference
 * @kind: what its creator has chosen; checked by the caller
 *
 * It does not end with @handler before capmsg_virtual_start().
 *
 * Context: Process context; may sleep.
 * Return: the virtual object, its reference owned by the caller until
 * capmsg_body_own(); or ERR_PTR: -EDQUOT, -ENOMEM.
 */
struct capmsg_virtual *capmsg_virtual_alloc(struct capmsg_account *account,
					    struct capmsg_body *handler,
					    const struct capmsg_virtual_kind *kind)
{
	struct capmsg_virtual *v = make(account, kind->cache_bits);

	if (IS_ERR(v))
		return v;
	v->body.object->kind = kind->kind;
	v->name = kind->name;
	v->bits = kind->bits;
	v->handler = capmsg_body_get(handler);
	v->lien.ops = &handler_lien_ops;
	INIT_LIST_HEAD(&v->lien.link);
	return v;
}

/**
 * capmsg_virtual_start() - a virtual object ends with its handler from now on
 * @virtual: a new one that has an owner, so that it can end at any moment; the
 *	caller has a reference of its own
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_virtual_start(struct capmsg_virtual *virtual)
{
	struct capmsg_body *handler = virtual->handler;
	bool dead;

	spin_lock(&handler->lock);
	dead = handler->dead;
	/* If it is not dead by now virtual_kill() is yet to detach this. */
	if (!dead && !READ_ONCE(virtual->body.dead))
		capmsg_lien_attach_locked(handler, &virtual->lien);
	spin_unlock(&handler->lock);
	if (dead)
		capmsg_object_kill(virtual->body.object);
}

/* False if an answer to that cannot be cached. There is a cache. */
static bool cache_key(const struct capmsg_virtual *v,
		      const struct capmsg_memo_key *key,
		      struct capmsg_cache_key *cache_key)
{
	const struct capmsg_cap *cap = key->cap;
	bool table = v->body.object->kind == CAPMSG_TYPE_CAPPAGE;
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

	if (!cache_key(virtual, key, &cached) ||
	    !capmsg_cache_find_rcu(&virtual->cache, &cached, memory))
		return false;
	/* With that two revokers would be in a row. */
	if (!key->left && key->cap->revoker && memory->cap.revoker)
		return false;
	return capmsg_memory_serves(memory, key);
}

/*
 * What stands in for the virtual object that @met names, as seen by who came by
 * that: no more rights than either allows, and the badge that was set first.
 */
static bool stand_in(const struct capmsg_cap *met, struct capmsg_cap *in)
{
	if (in->revoker && met->revoker)
		return false;
	if (!(in->flags & CAPMSG_CAP_BADGED)) {
		in->badge = met->badge;
		in->flags |= met->flags & CAPMSG_CAP_BADGED;
	}
	in->revoker = in->revoker ?: met->revoker;
	in->rights = (in->rights & met->rights & CAPMSG_RIGHTS_ALL) |
		     ((in->rights | met->rights) & CAPMSG_RIGHT_WEAK);
	in->guard = met->guard;
	in->guard_bits = met->guard_bits;
	return true;
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
		if (!memory.cap.object || !stand_in(cap, &memory.cap))
			goto out_void;
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
	spin_lock(&virtual->body.lock);
	if (!virtual->body.dead)
		old = capmsg_cache_add_locked(&virtual->cache, &cached, memory,
					      generation);
	spin_unlock(&virtual->body.lock);
	capmsg_cap_drop(&old);
}
