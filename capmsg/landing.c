// SPDX-License-Identifier: GPL-2.0-only
/*
 * Landing slots: a run of slots in one cappage that a post has reserved for
 * the capabilities of the message to come. Reserved when the post is posted,
 * so that the commit cannot find them taken.
 */
#include "landing.h"

static void reserve_locked(struct capmsg_landing *landing)
{
	struct capmsg_cappage *table = landing->table;
	u32 i;

	lockdep_assert_held(&table->body.lock);
	write_seqcount_begin(&table->seq);
	for (i = 0; i < landing->n; i++)
		table->slots[landing->first + i].reserved =
			&landing->reservation;
	write_seqcount_end(&table->seq);
	landing->armed = true;
}

/* Slots that were taken from us when the table was revoked may be others' by now. */
static void unreserve_locked(struct capmsg_landing *landing)
{
	struct capmsg_slot *slot = &landing->table->slots[landing->first];
	u32 i;

	lockdep_assert_held(&landing->table->body.lock);
	if (!landing->armed)
		return;
	write_seqcount_begin(&landing->table->seq);
	for (i = 0; i < landing->n; i++, slot++) {
		if (slot->reserved == &landing->reservation)
			slot->reserved = NULL;
	}
	write_seqcount_end(&landing->table->seq);
	landing->armed = false;
}

/* Slots that this very landing has reserved before may be kept. */
static int check_locked(const struct capmsg_landing *landing,
			struct capmsg_cappage *table, u32 first, u32 n)
{
	int ret;
	u32 i;

	lockdep_assert_held(&table->body.lock);
	if (table->body.dead)
		return -ENOENT;
	for (i = first; i < first + n; i++) {
		if (table->slots[i].reserved == &landing->reservation)
			continue;
		ret = capmsg_slot_check_locked(table, i);
		if (ret)
			return ret;
	}
	return 0;
}

/* The caller then replaces @landing->reservation.through, which others look at. */
static void landing_leave_locked(struct capmsg_landing *landing)
{
	unreserve_locked(landing);
	capmsg_lien_detach_locked(&landing->table->body, &landing->lien);
}

static void landing_enter_locked(struct capmsg_landing *landing,
				 struct capmsg_cappage *table, u32 first, u32 n,
				 struct capmsg_object *through)
{
	u32 i;

	landing->table = table;
	landing->first = first;
	landing->n = n;
	landing->reservation.through = through;
	if (!table)
		return;
	for (i = 0; i < n; i++)
		capmsg_slot_sweep_locked(table, first + i);
	reserve_locked(landing);
	capmsg_lien_attach_locked(&table->body, &landing->lien);
}

/**
 * capmsg_landing_set() - reserve other landing slots
 * @landing: the landing slots
 * @table: the cappage of the new ones, or NULL; the reference moves to
 *	@landing on success
 * @first: first slot
 * @n: number of slots; they are inside the table
 * @through: the revoker that @table was named through, or NULL; the reference
 *	moves to @landing on success
 * @old: on success the cappage of the old ones, or NULL; with its reference
 *
 * What was reserved before is released, if and only if this succeeds.
 *
 * Context: Any; takes the locks of both tables. The caller holds the lock of
 * the port, or nobody else knows @landing yet.
 * Return: 0; -ENOENT if the table is dead or revoked; -EBUSY if a slot is
 * reserved; -EEXIST if one is not void.
 */
int capmsg_landing_set(struct capmsg_landing *landing,
		       struct capmsg_cappage *table, u32 first, u32 n,
		       struct capmsg_object *through,
		       struct capmsg_cappage **old)
{
	struct capmsg_object *before = landing->reservation.through;
	struct capmsg_cappage *from = landing->table;
	int ret = 0;

	capmsg_cappage_lock(from, table);
	if (table)
		ret = capmsg_gate_gone(through) ? -ENOENT :
		      check_locked(landing, table, first, n);
	if (!ret) {
		if (from)
			landing_leave_locked(landing);
		landing_enter_locked(landing, table, first, n, through);
	}
	capmsg_cappage_unlock(from, table);
	if (ret)
		return ret;
	*old = from;
	if (before)
		capmsg_object_put(before);
	return 0;
}

/**
 * capmsg_landing_arm() - reserve the same landing slots again
 * @landing: the landing slots
 *
 * Context: As capmsg_landing_set().
 * Return: 0, also if there are none, or they are reserved; errors of
 * capmsg_landing_set().
 */
int capmsg_landing_arm(struct capmsg_landing *landing)
{
	struct capmsg_cappage *table = landing->table;
	int ret;

	if (!table || landing->armed)
		return 0;
	spin_lock(&table->body.lock);
	ret = capmsg_gate_gone(landing->reservation.through) ? -ENOENT :
	      check_locked(landing, table, landing->first, landing->n);
	if (!ret) {
		capmsg_lien_detach_locked(&table->body, &landing->lien);
		landing_enter_locked(landing, table, landing->first,
				     landing->n, landing->reservation.through);
	}
	spin_unlock(&table->body.lock);
	return ret;
}

/**
 * capmsg_landing_disarm() - give up the reservation, if there is one
 * @landing: the landing slots
 *
 * The table is kept, to be reserved again, and its death still told.
 *
 * Context: As capmsg_landing_set().
 */
void capmsg_landing_disarm(struct capmsg_landing *landing)
{
	if (!landing->armed)
		return;
	spin_lock(&landing->table->body.lock);
	unreserve_locked(landing);
	spin_unlock(&landing->table->body.lock);
}

/**
 * capmsg_landing_drop() - give up the landing slots, if there are any
 * @landing: the landing slots; none afterwards
 *
 * Context: As capmsg_landing_set().
 * Return: their table, with its reference, or NULL.
 */
struct capmsg_cappage *capmsg_landing_drop(struct capmsg_landing *landing)
{
	struct capmsg_object *through = landing->reservation.through;
	struct capmsg_cappage *table = landing->table;

	if (!table)
		return NULL;
	spin_lock(&table->body.lock);
	landing_leave_locked(landing);
	landing->reservation.through = NULL;
	spin_unlock(&table->body.lock);
	landing->table = NULL;
	landing->n = 0;
	if (through)
		capmsg_object_put(through);
	return table;
}

/**
 * capmsg_landing_ready_locked() - could capabilities land now?
 * @landing: the landing slots; their table is locked
 *
 * Context: Atomic; locks of the port and of the table held.
 * Return: false if the table is dead or revoked, or the slots are not reserved.
 */
bool capmsg_landing_ready_locked(struct capmsg_landing *landing)
{
	lockdep_assert_held(&landing->table->body.lock);
	return landing->armed && !landing->table->body.dead &&
	       !capmsg_gate_gone(landing->reservation.through);
}

/**
 * capmsg_landing_commit_locked() - capabilities land
 * @landing: the landing slots, which are ready
 * @caps: the capabilities; moved into the first slots, in order
 * @n: their number, at most landing->n
 *
 * The slots stay reserved until the message is received.
 *
 * Context: Atomic; locks of the port and of the table held.
 */
void capmsg_landing_commit_locked(struct capmsg_landing *landing,
				  struct capmsg_cap *caps, u32 n)
{
	u32 i;

	lockdep_assert_held(&landing->table->body.lock);
	for (i = 0; i < n; i++)
		capmsg_slot_put_locked(landing->table, landing->first + i,
				       &caps[i]);
}
