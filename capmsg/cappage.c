// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cappages. A slot is written under the lock of its cappage and its seqcount,
 * and read under the seqcount alone. A slot whose object is dead reads as
 * void; whoever next stores into it drops what is left there.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
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

	for (i = 0; i < capmsg_cappage_slots(table); i++) {
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
	struct capmsg_cap old, swept;

	spin_lock(&table->body.lock);
	old = slot->cap;
	/* What came there meanwhile must not seem to be gone for a moment. */
	if (capmsg_cap_swept(&old, &swept)) {
		write_seqcount_begin(&table->seq);
		slot->cap = swept;
		write_seqcount_end(&table->seq);
		capmsg_cap_forget(&old);
	}
	spin_unlock(&table->body.lock);
}

#define SWEEP_STEP	BIT(CAPMSG_BITS_MIN)

/*
 * Takes the lock only where there is a tombstone: so it may look at a slot that
 * is changing, and see half of it.
 */
static void sweep_step(struct capmsg_cappage *table, u32 first, u32 end)
{
	u32 i;

	rcu_read_lock();
	for (i = first; i < min(first + SWEEP_STEP, end); i++) {
		if (capmsg_cap_buried_rcu(&table->slots[i].cap))
			slot_sweep(table, i);
	}
	rcu_read_unlock();
}

static void cappage_sweep(struct capmsg_body *body)
{
	struct capmsg_cappage *table = capmsg_cappage_of(body);
	u32 i, end = capmsg_cappage_slots(table);

	for (i = 0; i < end; i += SWEEP_STEP) {
		sweep_step(table, i, end);
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
 * @keeper: a cappage, real or virtual, that is asked about void slots; moved into the
 *	cappage on success; or NULL
 *
 * Context: Process context; may sleep.
 * Return: the cappage, its reference owned by the caller until
 * capmsg_body_own(); or ERR_PTR: -EDQUOT, -ENOMEM.
 */
struct capmsg_cappage *capmsg_cappage_alloc(struct capmsg_account *account,
					    u32 bits, struct capmsg_cap *keeper)
{
	struct capmsg_cappage *table;
	size_t bytes = struct_size(table, slots, (1UL << bits) + !!keeper);

	table = capmsg_body_alloc(&cappage_ops, account, bytes);
	if (IS_ERR(table))
		return table;
	table->bits = bits;
	seqcount_spinlock_init(&table->seq, &table->body.lock);
	/* Nobody else knows the table yet. */
	table->kept = keeper;
	if (keeper)
		capmsg_cap_move(&table->slots[1U << bits].cap, keeper);
	return table;
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
 * Is the slot kept for a post? Not if the cappage was revoked from who posted it:
 * such a post takes no capabilities any more, see capmsg_landing_ready_locked().
 */
static bool slot_reserved_locked(struct capmsg_cappage *table,
				 struct capmsg_slot *slot)
{
	lockdep_assert_held(&table->body.lock);
	if (!slot->reserved)
		return false;
	if (!capmsg_gate_gone(slot->reserved->through))
		return true;
	write_seqcount_begin(&table->seq);
	slot->reserved = NULL;
	write_seqcount_end(&table->seq);
	return false;
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
	if (slot_reserved_locked(table, slot))
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

	lockdep_assert_held(&table->body.lock);
	if (!table->slots[index].cap.object)
		return;
	old = slot_take_locked(table, index);
	capmsg_cap_forget(&old);
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

static void slot_fill_locked(struct capmsg_spot *spot, struct capmsg_cap *cap)
{
	capmsg_slot_sweep_locked(spot->table, spot->index);
	capmsg_slot_put_locked(spot->table, spot->index, cap);
}

/**
 * capmsg_store_now() - store a capability into a void slot
 * @spot: the slot
 * @cap: the capability; moved into the slot on success, else left alone
 *
 * Context: Any; takes the lock of the table.
 * Return: 0; -ENOENT if the table is dead or revoked; -EBUSY; -EEXIST; CAPMSG_SHUT.
 */
int capmsg_store_now(struct capmsg_spot *spot, struct capmsg_cap *cap)
{
	int ret;

	spin_lock(&spot->table->body.lock);
	ret = capmsg_gate_check(spot->through) ?:
	      capmsg_slot_check_locked(spot->table, spot->index);
	if (!ret)
		slot_fill_locked(spot, cap);
	spin_unlock(&spot->table->body.lock);
	return ret;
}

/**
 * capmsg_store() - the same, and wait if the way there is closed
 * @spot: the slot
 * @cap: the capability; moved into the slot on success, else left alone
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -ENOENT if the table is dead or revoked; -EBUSY; -EEXIST; errors of
 * capmsg_gate_wait().
 */
int capmsg_store(struct capmsg_spot *spot, struct capmsg_cap *cap)
{
	int ret;

	do {
		ret = capmsg_store_now(spot, cap);
	} while (capmsg_gate_again(&ret, spot->through, spot->until));
	return ret;
}

static int store_both(struct capmsg_spot *spot, struct capmsg_cap *cap,
		      struct capmsg_spot *other, struct capmsg_cap *other_cap)
{
	int ret;

	capmsg_cappage_lock(spot->table, other->table);
	ret = capmsg_gate_check(spot->through) ?:
	      capmsg_gate_check(other->through) ?:
	      capmsg_slot_check_locked(spot->table, spot->index) ?:
	      capmsg_slot_check_locked(other->table, other->index);
	if (!ret) {
		slot_fill_locked(spot, cap);
		slot_fill_locked(other, other_cap);
	}
	capmsg_cappage_unlock(spot->table, other->table);
	return ret;
}

/* Is an operation on two slots to be repeated? See capmsg_gate_again(). */
static bool again(int *ret, const struct capmsg_spot *a,
		  const struct capmsg_spot *b)
{
	if (*ret != CAPMSG_SHUT)
		return false;
	*ret = capmsg_gate_wait(a->through, a->until) ?:
	       capmsg_gate_wait(b->through, b->until);
	return !*ret;
}

/**
 * capmsg_store_both() - store two capabilities, or none
 * @spot: a slot
 * @cap: the capability for it; moved into the slot on success, else left alone
 * @other: another slot
 * @other_cap: the capability for that one; the same
 *
 * Context: Process context, no locks held; may sleep.
 * Return: As capmsg_store().
 */
int capmsg_store_both(struct capmsg_spot *spot, struct capmsg_cap *cap,
		      struct capmsg_spot *other, struct capmsg_cap *other_cap)
{
	int ret;

	do {
		ret = store_both(spot, cap, other, other_cap);
	} while (again(&ret, spot, other));
	return ret;
}

static int clear(struct capmsg_spot *spot, struct capmsg_cap *old)
{
	struct capmsg_cappage *table = spot->table;
	int ret;

	spin_lock(&table->body.lock);
	ret = capmsg_gate_check(spot->through);
	if (!ret && table->body.dead)
		ret = -ENOENT;
	if (!ret && slot_reserved_locked(table, &table->slots[spot->index]))
		ret = -EBUSY;
	if (!ret)
		*old = slot_take_locked(table, spot->index);
	spin_unlock(&table->body.lock);
	return ret;
}

/**
 * capmsg_clear() - make a slot void
 * @spot: the slot
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -ENOENT if the table is dead or revoked; -EBUSY if the slot is
 * reserved; errors of capmsg_gate_wait().
 */
int capmsg_clear(struct capmsg_spot *spot)
{
	struct capmsg_cap old = { };
	int ret;

	do {
		ret = clear(spot, &old);
	} while (capmsg_gate_again(&ret, spot->through, spot->until));
	capmsg_cap_drop(&old);
	return ret;
}

static int move(struct capmsg_spot *from, struct capmsg_spot *to)
{
	struct capmsg_cap cap;
	int ret;

	capmsg_cappage_lock(from->table, to->table);
	ret = capmsg_gate_check(from->through) ?:
	      capmsg_gate_check(to->through);
	if (ret)
		goto out_unlock;
	ret = capmsg_slot_check_locked(from->table, from->index);
	if (ret != -EEXIST) {
		ret = ret ?: -ENOENT;	/* nothing there to be moved */
		goto out_unlock;
	}
	ret = capmsg_slot_check_locked(to->table, to->index);
	if (ret)
		goto out_unlock;
	cap = slot_take_locked(from->table, from->index);
	slot_fill_locked(to, &cap);
out_unlock:
	capmsg_cappage_unlock(from->table, to->table);
	return ret;
}

/**
 * capmsg_move() - move a capability from one slot to another
 * @from: a slot
 * @to: another
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -ENOENT if a table is dead or revoked, or @from is void; -EBUSY;
 * -EEXIST; errors of capmsg_gate_wait().
 */
int capmsg_move(struct capmsg_spot *from, struct capmsg_spot *to)
{
	int ret;

	do {
		ret = move(from, to);
	} while (again(&ret, from, to));
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
