// SPDX-License-Identifier: GPL-2.0-only
/*
 * Landing slots: a run of slots in one cappage that a post has reserved for
 * the capabilities of the message to come. Reserved when the post is posted,
 * so that the commit cannot find them taken.
 */
#include "landing.h"

static void reserve_locked(struct capmsg_landing *landing,
			   struct capmsg_landing *owner)
{
	struct capmsg_cappage *table = landing->table;
	u32 i;

	lockdep_assert_held(&table->body.lock);
	write_seqcount_begin(&table->seq);
	for (i = 0; i < landing->n; i++)
		table->slots[landing->first + i].reserved = owner;
	write_seqcount_end(&table->seq);
}

/**
 * capmsg_landing_arm() - reserve the landing slots
 * @landing: with table, first and n set, and a range inside the table
 *
 * Context: Any; takes the lock of the table. The caller holds the lock of the
 * port, or nobody else knows @landing yet.
 * Return: 0; -ENOENT if the table is dead; -EBUSY if a slot is reserved;
 * -EEXIST if one is not void. On error nothing is reserved.
 */
int capmsg_landing_arm(struct capmsg_landing *landing)
{
	struct capmsg_cappage *table = landing->table;
	int ret = 0;
	u32 i;

	if (!table || landing->armed)
		return 0;
	spin_lock(&table->body.lock);
	for (i = 0; !ret && i < landing->n; i++)
		ret = capmsg_slot_check_locked(table, landing->first + i);
	if (!ret) {
		for (i = 0; i < landing->n; i++)
			capmsg_slot_sweep_locked(table, landing->first + i);
		reserve_locked(landing, landing);
		capmsg_lien_attach_locked(&table->body, &landing->lien);
		landing->armed = true;
	}
	spin_unlock(&table->body.lock);
	return ret;
}

/**
 * capmsg_landing_disarm() - give up the reservation, if there is one
 * @landing: the landing slots
 *
 * Context: Any; takes the lock of the table. As for capmsg_landing_arm().
 */
void capmsg_landing_disarm(struct capmsg_landing *landing)
{
	struct capmsg_cappage *table = landing->table;

	if (!landing->armed)
		return;
	spin_lock(&table->body.lock);
	reserve_locked(landing, NULL);
	capmsg_lien_detach_locked(&table->body, &landing->lien);
	landing->armed = false;
	spin_unlock(&table->body.lock);
}

/**
 * capmsg_landing_ready_locked() - could capabilities land now?
 * @landing: the landing slots; their table is locked
 *
 * Context: Atomic; locks of the port and of the table held.
 * Return: false if the table is dead, or the slots are not reserved.
 */
bool capmsg_landing_ready_locked(struct capmsg_landing *landing)
{
	lockdep_assert_held(&landing->table->body.lock);
	return landing->armed && !landing->table->body.dead;
}

/**
 * capmsg_landing_commit_locked() - capabilities land
 * @landing: the landing slots, which are ready
 * @caps: the capabilities; moved into the first slots, in order
 * @n: their number, at most landing->n
 *
 * The reservation ends, also for the slots that stay void.
 *
 * Context: Atomic; locks of the port and of the table held.
 */
void capmsg_landing_commit_locked(struct capmsg_landing *landing,
				  struct capmsg_cap *caps, u32 n)
{
	struct capmsg_cappage *table = landing->table;
	u32 i;

	reserve_locked(landing, NULL);
	for (i = 0; i < n; i++)
		capmsg_slot_put_locked(table, landing->first + i, &caps[i]);
	capmsg_lien_detach_locked(&table->body, &landing->lien);
	landing->armed = false;
}
