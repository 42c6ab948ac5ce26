// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cappages. A slot is written under the lock of its cappage and its seqcount,
 * and read under the seqcount alone. A slot whose object is dead reads as
 * void; whoever next stores into it drops what is left there.
 */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched.h>

#include "cappage.h"

static void cappage_free(struct capmsg_body *body)
{
	kvfree(capmsg_cappage_of(body));
}

/* Take out what is in a slot, whatever it is. */
static struct capmsg_cap slot_take_locked(struct capmsg_cappage *table,
					  u32 index)
{
	struct capmsg_slot *slot = &table->slots[index];
	struct capmsg_cap cap;

	lockdep_assert_held(&table->body.lock);
	write_seqcount_begin(&table->seq);
	capmsg_cap_move(&cap, &slot->cap);
	write_seqcount_end(&table->seq);
	return cap;
}

/**
 * capmsg_slot_put_locked() - put a capability into a slot that is void
 * @table: the cappage
 * @index: the slot
 * @cap: the capability; moved into the slot
 *
 * Context: Atomic; lock of the table held.
 */
void capmsg_slot_put_locked(struct capmsg_cappage *table, u32 index,
			    struct capmsg_cap *cap)
{
	lockdep_assert_held(&table->body.lock);
	write_seqcount_begin(&table->seq);
	capmsg_cap_move(&table->slots[index].cap, cap);
	write_seqcount_end(&table->seq);
}

static void cappage_kill(struct capmsg_body *body)
{
	struct capmsg_cappage *table = capmsg_cappage_of(body);
	struct capmsg_cap cap;
	u32 i;

	for (i = 0; i < 1U << table->bits; i++) {
		spin_lock(&body->lock);
		cap = slot_take_locked(table, i);
		spin_unlock(&body->lock);
		capmsg_cap_drop(&cap);
		cond_resched();
	}
}

static void slot_sweep(struct capmsg_cappage *table, u32 index)
{
	struct capmsg_slot *slot = &table->slots[index];
	struct capmsg_cap cap;

	spin_lock(&table->body.lock);
	cap = slot->cap;
	capmsg_cap_sweep(&cap);
	/* What came there meanwhile must not seem to be gone for a moment. */
	if (cap.object != slot->cap.object) {
		write_seqcount_begin(&table->seq);
		slot->cap = cap;
		write_seqcount_end(&table->seq);
	}
	spin_unlock(&table->body.lock);
}

#define SWEEP_STEP	(1U << CAPMSG_BITS_MIN)

/*
 * Takes the lock only where there is a tombstone: so it may look at a slot that
 * is changing, and see half of it.
 */
static void sweep_step(struct capmsg_cappage *table, u32 first)
{
	u32 i;

	rcu_read_lock();
	for (i = first; i < first + SWEEP_STEP; i++) {
		if (capmsg_cap_buried_rcu(&table->slots[i].cap))
			slot_sweep(table, i);
	}
	rcu_read_unlock();
}

static void cappage_sweep(struct capmsg_body *body)
{
	struct capmsg_cappage *table = capmsg_cappage_of(body);
	u32 i, end = 1U << table->bits;

	for (i = 0; i < end; i += SWEEP_STEP) {
		sweep_step(table, i);
		cond_resched();
	}
}

static const struct capmsg_body_ops cappage_ops = {
	.type	= CAPMSG_TYPE_CAPPAGE,
	.kill	= cappage_kill,
	.sweep	= cappage_sweep,
	.free	= cappage_free,
};

/**
 * capmsg_cappage_alloc() - create a cappage
 * @account: who pays
 * @bits: log2 of the number of slots; checked by the caller
 *
 * Context: Process context; may sleep.
 * Return: the cappage, its reference owned by the caller until
 * capmsg_body_own(); or ERR_PTR: -EDQUOT, -ENOMEM.
 */
struct capmsg_cappage *capmsg_cappage_alloc(struct capmsg_account *account,
					    u32 bits)
{
	struct capmsg_cappage *table;
	size_t bytes = struct_size(table, slots, 1UL << bits);
	int ret;

	ret = capmsg_body_charge(account, bytes);
	if (ret)
		return ERR_PTR(ret);
	ret = -ENOMEM;
	table = kvzalloc(bytes, CAPMSG_GFP);
	if (!table)
		goto out_charge;
	ret = capmsg_body_init(&table->body, &cappage_ops, account);
	if (ret)
		goto out_table;
	table->body.bytes = bytes;
	table->bits = bits;
	seqcount_spinlock_init(&table->seq, &table->body.lock);
	return table;

out_table:
	kvfree(table);
out_charge:
	capmsg_user_uncharge(account->user, 1,
			     bytes + sizeof(struct capmsg_object));
	return ERR_PTR(ret);
}

/**
 * capmsg_slot_read_rcu() - read a slot
 * @table: the cappage
 * @index: the slot; less than the number of slots
 * @cap: the result, which owns no reference, and may read as void
 *
 * Context: RCU read section.
 * Return: true if the slot is void and reserved by a post.
 */
bool capmsg_slot_read_rcu(struct capmsg_cappage *table, u32 index,
			  struct capmsg_cap *cap)
{
	struct capmsg_slot *slot = &table->slots[index];
	bool reserved;
	unsigned int seq;

	do {
		seq = read_seqcount_begin(&table->seq);
		*cap = slot->cap;
		reserved = slot->reserved;
	} while (read_seqcount_retry(&table->seq, seq));
	return reserved;
}

/**
 * capmsg_slot_expire() - drop what is left in a slot, if it reads as void
 * @table: the cappage
 * @index: the slot
 *
 * Called by readers, so that strangers who keep the names of dead objects do
 * not keep their creator's quota as soon as anybody looks.
 *
 * Context: Any; takes the lock of the table.
 */
void capmsg_slot_expire(struct capmsg_cappage *table, u32 index)
{
	spin_lock(&table->body.lock);
	if (!table->body.dead &&
	    capmsg_cap_void(&table->slots[index].cap))
		capmsg_slot_sweep_locked(table, index);
	spin_unlock(&table->body.lock);
}

/*
 * What is left of an address while it is walked: @left bits, at the top of
 * @bits.
 */
struct rest {
	u64 bits;
	u32 left;
};

static u64 rest_take(struct rest *rest, u32 n)
{
	u64 taken = n ? rest->bits >> (64 - n) : 0;

	rest->bits <<= n;
	rest->left -= n;
	return taken;
}

static bool rest_match_guard(struct rest *rest, const struct capmsg_cap *cap)
{
	return rest->left >= cap->guard_bits &&
	       rest_take(rest, cap->guard_bits) == cap->guard;
}

/* Go through the cappage that place->cap names, to one of its slots. */
static int walk_hop(struct capmsg_place *place, struct rest *rest)
{
	const struct capmsg_cap *cap = &place->cap;
	struct capmsg_cappage *table;
	struct capmsg_body *body;
	u32 bits, base, index;

	if (cap->object->type != CAPMSG_TYPE_CAPPAGE)
		return -ENOENT;
	body = rcu_dereference(cap->object->body);
	if (!body)
		return -ENOENT;
	table = capmsg_cappage_of(body);
	bits = table->bits - cap->subpage_bits;
	if (rest->left < bits)
		return -ENOENT;
	base = (u32)cap->subpage << bits;
	index = array_index_nospec(base + rest_take(rest, bits),
				   1U << table->bits);
	place->rights = cap->rights;
	place->table = table;
	place->index = index;
	place->end = base + (1U << bits);
	capmsg_slot_read_rcu(table, index, &place->cap);
	if (place->rights & CAPMSG_RIGHT_WEAK) {
		place->rights &= ~CAPMSG_RIGHT_WRITE;
		capmsg_cap_weaken(&place->cap);
	}
	return 0;
}

/* Match the guard of what is there. Returns 1 if the address ends here. */
static int walk_arrive(const struct capmsg_place *place, struct rest *rest,
		       enum capmsg_lookup lookup)
{
	if (lookup == CAPMSG_LOOKUP_SLOT && !rest->left)
		return 1;
	/* What reads as void has no guard. Hops and object lookups see to that later. */
	if (!place->cap.object || !rest_match_guard(rest, &place->cap) ||
	    (lookup == CAPMSG_LOOKUP_SLOT && capmsg_cap_void_rcu(&place->cap)))
		return -ENOENT;
	return !rest->left;
}

/**
 * capmsg_walk_rcu() - resolve an address
 * @root: the capability to begin at
 * @address: the address
 * @lookup: what it is to name
 * @place: the result, on success
 *
 * Every hop consumes at least one bit (capmsg_cap_mint() sees to that), so
 * there are at most 63 hops.
 *
 * Context: RCU read section. Takes no lock and writes nothing shared, unless
 * it finds a tombstone: that is cleared.
 * Return: 0, or -ENOENT if the address leads nowhere. An object lookup also
 * gives -ENOENT for what reads as void, and -ESTALE if that is a reply right
 * whose call is over.
 */
int capmsg_walk_rcu(const struct capmsg_cap *root, u64 address,
		    enum capmsg_lookup lookup, struct capmsg_place *place)
{
	struct rest rest = { .bits = address };
	int ret;

	if (!address)
		return -ENOENT;
	rest.left = 63 - __ffs64(address);
	place->cap = *root;
	place->table = NULL;
	for (;;) {
		ret = walk_arrive(place, &rest, lookup);
		if (ret < 0)
			return ret;
		if (ret)
			break;
		ret = walk_hop(place, &rest);
		if (ret)
			return ret;
	}
	if (!place->table)
		return -ENOENT;
	if (lookup == CAPMSG_LOOKUP_SLOT || !capmsg_cap_void_rcu(&place->cap))
		return 0;
	if (place->cap.object->type == CAPMSG_TYPE_REPLY)
		return -ESTALE;
	capmsg_slot_expire(place->table, place->index);
	return -ENOENT;
}

/* log2 of the slots of the cappage that a capability names, or 0. */
static u32 table_bits_rcu(const struct capmsg_cap *cap)
{
	struct capmsg_body *body = rcu_dereference(cap->object->body);

	if (!body || cap->object->type != CAPMSG_TYPE_CAPPAGE)
		return 0;
	return capmsg_cappage_of(body)->bits;
}

/* What a fetch makes of the capability that it has found. */
static int fetch_mint_rcu(struct capmsg_place *place,
			  const struct capmsg_mint *mint)
{
	if (!(place->rights & CAPMSG_RIGHT_READ))
		return -EACCES;
	if (place->cap.object->type == CAPMSG_TYPE_REPLY)
		return -EINVAL;
	if (!mint)
		return 0;
	return capmsg_cap_mint(&place->cap, mint, table_bits_rcu(&place->cap));
}

/**
 * capmsg_fetch() - copy a capability out of its slot
 * @view: the caller's space
 * @address: address of the capability (object lookup)
 * @mint: how the copy differs, or NULL
 * @cap: the result, weakened by the path; owns a reference
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -ENOENT; -EACCES without READ where it is; -EINVAL for a reply
 * right, of which there is only one, or a @mint that is no restriction.
 */
int capmsg_fetch(const struct capmsg_view *view, u64 address,
		 const struct capmsg_mint *mint, struct capmsg_cap *cap)
{
	struct capmsg_place place;
	int ret;

	rcu_read_lock();
	ret = capmsg_walk_rcu(view->root, address, CAPMSG_LOOKUP_OBJECT,
			      &place);
	if (!ret)
		ret = fetch_mint_rcu(&place, mint);
	if (!ret && !capmsg_object_tryget(place.cap.object))
		ret = -ENOENT;
	rcu_read_unlock();
	if (!ret)
		*cap = place.cap;
	return ret == -ESTALE ? -ENOENT : ret;
}

/**
 * capmsg_keep() - keep a capability in order to invoke it later
 * @view: the caller's space
 * @address: address of the capability (object lookup)
 * @cap: the result, weakened by the path; owns a reference, to be dropped by
 *	capmsg_cap_forget(). Whoever keeps it hands it out to nobody: that
 *	would need READ where it is
 *
 * Context: As capmsg_fetch().
 * Return: 0; -ENOENT.
 */
int capmsg_keep(const struct capmsg_view *view, u64 address,
		struct capmsg_cap *cap)
{
	struct capmsg_place place;
	int ret;

	rcu_read_lock();
	ret = capmsg_walk_rcu(view->root, address, CAPMSG_LOOKUP_OBJECT,
			      &place);
	if (!ret && !capmsg_object_tryget(place.cap.object))
		ret = -ENOENT;
	rcu_read_unlock();
	if (!ret)
		*cap = place.cap;
	return ret == -ESTALE ? -ENOENT : ret;
}

/**
 * capmsg_resolve() - find an object in order to invoke it
 * @view: the caller's space
 * @address: address of a capability to it (object lookup)
 * @rights: rights that the capability must have
 * @found: the result; to be put by capmsg_found_put()
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -ENOENT; -ESTALE for a reply right whose call is over; -EACCES
 * if a right is missing.
 */
int capmsg_resolve(const struct capmsg_view *view, u64 address, u16 rights,
		   struct capmsg_found *found)
{
	struct capmsg_place place;
	int ret;

	rcu_read_lock();
	ret = capmsg_walk_rcu(view->root, address, CAPMSG_LOOKUP_OBJECT,
			      &place);
	if (ret)
		goto out_unlock;
	ret = -EACCES;
	if ((place.cap.rights & rights) != rights)
		goto out_unlock;
	ret = -ENOENT;
	found->body = rcu_dereference(place.cap.object->body);
	if (!found->body || !capmsg_body_tryget(found->body))
		goto out_unlock;
	found->cap = place.cap;
	ret = 0;
out_unlock:
	rcu_read_unlock();
	return ret;
}

/**
 * capmsg_find_slot() - find a slot
 * @view: the caller's space
 * @address: address of the slot (slot lookup)
 * @rights: rights to its table that are needed
 * @spot: the result; owns a reference to the table
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -ENOENT; -EACCES if a right is missing.
 */
int capmsg_find_slot(const struct capmsg_view *view, u64 address, u16 rights,
		     struct capmsg_spot *spot)
{
	struct capmsg_place place;
	int ret;

	rcu_read_lock();
	ret = capmsg_walk_rcu(view->root, address, CAPMSG_LOOKUP_SLOT, &place);
	if (!ret && (place.rights & rights) != rights)
		ret = -EACCES;
	if (!ret && !capmsg_body_tryget(&place.table->body))
		ret = -ENOENT;
	rcu_read_unlock();
	if (ret)
		return ret;
	spot->table = place.table;
	spot->index = place.index;
	spot->end = place.end;
	return 0;
}

/**
 * capmsg_slot_check_locked() - may a capability be stored here?
 * @table: the cappage
 * @index: the slot
 *
 * What reads as void may be overwritten.
 *
 * Context: Atomic; lock of the table held.
 * Return: 0; -ENOENT if the table is dead; -EBUSY if the slot is reserved;
 * -EEXIST if it is not void.
 */
int capmsg_slot_check_locked(struct capmsg_cappage *table, u32 index)
{
	struct capmsg_slot *slot = &table->slots[index];

	lockdep_assert_held(&table->body.lock);
	if (table->body.dead)
		return -ENOENT;
	if (slot->reserved)
		return -EBUSY;
	return capmsg_cap_void(&slot->cap) ? 0 : -EEXIST;
}

/**
 * capmsg_slot_sweep_locked() - drop what is left in a slot that reads as void
 * @table: the cappage
 * @index: the slot
 *
 * That is a tombstone, or a reply right that was used up.
 *
 * Context: Atomic; lock of the table held.
 */
void capmsg_slot_sweep_locked(struct capmsg_cappage *table, u32 index)
{
	struct capmsg_cap old;

	if (!table->slots[index].cap.object)
		return;
	old = slot_take_locked(table, index);
	capmsg_cap_forget(&old);
}

/**
 * capmsg_store() - store a capability into a void slot
 * @spot: the slot
 * @cap: the capability; moved into the slot on success, else left alone
 *
 * Context: Any; takes the lock of the table.
 * Return: 0; -ENOENT if the table is dead; -EBUSY; -EEXIST.
 */
int capmsg_store(struct capmsg_spot *spot, struct capmsg_cap *cap)
{
	struct capmsg_cappage *table = spot->table;
	int ret;

	spin_lock(&table->body.lock);
	ret = capmsg_slot_check_locked(table, spot->index);
	if (!ret) {
		capmsg_slot_sweep_locked(table, spot->index);
		capmsg_slot_put_locked(table, spot->index, cap);
	}
	spin_unlock(&table->body.lock);
	return ret;
}

/**
 * capmsg_clear() - make a slot void
 * @spot: the slot
 *
 * Context: Process context; takes the lock of the table.
 * Return: 0; -ENOENT if the table is dead; -EBUSY if the slot is reserved.
 */
int capmsg_clear(struct capmsg_spot *spot)
{
	struct capmsg_cappage *table = spot->table;
	struct capmsg_cap old = { };
	int ret = 0;

	spin_lock(&table->body.lock);
	if (table->body.dead)
		ret = -ENOENT;
	else if (table->slots[spot->index].reserved)
		ret = -EBUSY;
	else
		old = slot_take_locked(table, spot->index);
	spin_unlock(&table->body.lock);
	capmsg_cap_drop(&old);
	return ret;
}

/**
 * capmsg_cappage_lock() - lock one or two cappages, in the order of addresses
 * @a: a cappage, or NULL
 * @b: another, or the same, or NULL
 *
 * Context: Takes up to two locks of level 4.
 */
void capmsg_cappage_lock(struct capmsg_cappage *a, struct capmsg_cappage *b)
	__acquires(a) __acquires(b)
{
	if (a == b)
		b = NULL;
	if (a && b && a > b)
		swap(a, b);
	if (a)
		spin_lock(&a->body.lock);
	else
		__acquire(a);
	if (b)
		spin_lock_nested(&b->body.lock,
				 a ? SINGLE_DEPTH_NESTING : 0);
	else
		__acquire(b);
}

/**
 * capmsg_cappage_unlock() - undo capmsg_cappage_lock()
 * @a: as given there
 * @b: as given there
 *
 * Context: Drops up to two locks of level 4.
 */
void capmsg_cappage_unlock(struct capmsg_cappage *a, struct capmsg_cappage *b)
	__releases(a) __releases(b)
{
	if (a)
		spin_unlock(&a->body.lock);
	else
		__release(a);
	if (b && b != a)
		spin_unlock(&b->body.lock);
	else
		__release(b);
}

/**
 * capmsg_move() - move a capability from one slot to another
 * @from: a slot
 * @to: another
 *
 * Context: Any; takes the locks of both tables.
 * Return: 0; -ENOENT if a table is dead or @from is void; -EBUSY; -EEXIST.
 */
int capmsg_move(struct capmsg_spot *from, struct capmsg_spot *to)
{
	struct capmsg_cap cap;
	int ret;

	capmsg_cappage_lock(from->table, to->table);
	ret = capmsg_slot_check_locked(from->table, from->index);
	if (ret != -EEXIST) {
		ret = ret ?: -ENOENT;	/* nothing there to be moved */
		goto out_unlock;
	}
	ret = capmsg_slot_check_locked(to->table, to->index);
	if (ret)
		goto out_unlock;
	capmsg_slot_sweep_locked(to->table, to->index);
	cap = slot_take_locked(from->table, from->index);
	capmsg_slot_put_locked(to->table, to->index, &cap);
out_unlock:
	capmsg_cappage_unlock(from->table, to->table);
	return ret;
}

/**
 * capmsg_slot_holds_locked() - is this very capability still there?
 * @spot: a slot; its table is locked
 * @cap: the capability that was read there before
 *
 * Context: Atomic; lock of the table held.
 * Return: true if the table lives and the slot names the same object with the
 * same badge (for a reply right: the same call), in a message that was received.
 */
bool capmsg_slot_holds_locked(const struct capmsg_spot *spot,
			      const struct capmsg_cap *cap)
{
	const struct capmsg_cap *now = &spot->table->slots[spot->index].cap;

	lockdep_assert_held(&spot->table->body.lock);
	return !spot->table->body.dead && now->object == cap->object &&
	       now->badge == cap->badge &&
	       !spot->table->slots[spot->index].reserved;
}

/**
 * capmsg_slot_void_locked() - make a slot void whose capability was copied
 * @spot: a slot; its table is locked; it holds what the caller has copied
 *
 * Only the slot's own reference is dropped: the copy lives on.
 *
 * Context: Atomic; lock of the table held.
 */
void capmsg_slot_void_locked(const struct capmsg_spot *spot)
{
	struct capmsg_cap old = slot_take_locked(spot->table, spot->index);

	capmsg_cap_forget(&old);
}
