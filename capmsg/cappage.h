/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cappages: tables of capabilities.
 */
#ifndef CAPMSG_CAPPAGE_H
#define CAPMSG_CAPPAGE_H

#include <linux/seqlock.h>

#include "capability.h"

struct capmsg_until;

/**
 * struct capmsg_reservation - slots are kept free for somebody
 */
struct capmsg_reservation {
	/**
	 * @through: the revoker that their cappage was named through, with a
	 * reference, or NULL. When it is revoked the slots are free for others
	 */
	struct capmsg_object *through;
};

/**
 * struct capmsg_slot - a place for a capability
 */
struct capmsg_slot {
	/** @cap: what is in it */
	struct capmsg_cap cap;
	/** @reserved: a post will land a capability here; or NULL */
	struct capmsg_reservation *reserved;
};

/* Capabilities are many. */
static_assert(sizeof(struct capmsg_slot) <= 64);

/**
 * struct capmsg_cappage - a table of 2^bits slots
 */
struct capmsg_cappage {
	/** @body: what every object has */
	struct capmsg_body body;
	/** @seq: readers of slots retry when it moves; written under body.lock */
	seqcount_spinlock_t seq;
	/** @bits: log2 of the number of slots; constant */
	u32 bits;
	/** @kept: it has a keeper, which is in one more slot; constant */
	bool kept;
	/** @slots: the slots */
	struct capmsg_slot slots[];
};

/**
 * struct capmsg_spot - a slot that was found, kept after the RCU section
 */
struct capmsg_spot {
	/** @table: its cappage, with a reference */
	struct capmsg_cappage *table;
	/** @through: the revoker it was named through, with a reference, or NULL */
	struct capmsg_object *through;
	/** @until: how long to wait for that, if it is closed */
	const struct capmsg_until *until;
	/** @index: the slot */
	u32 index;
	/** @end: end of the part of @table that the path could index */
	u32 end;
};

struct capmsg_cappage *capmsg_cappage_alloc(struct capmsg_account *account,
					    u32 bits, struct capmsg_cap *keeper);

void capmsg_slot_expire(struct capmsg_cappage *table, u32 index);

int capmsg_store_now(struct capmsg_spot *spot, struct capmsg_cap *cap);
int capmsg_store(struct capmsg_spot *spot, struct capmsg_cap *cap);
int capmsg_store_both(struct capmsg_spot *spot, struct capmsg_cap *cap,
		      struct capmsg_spot *other, struct capmsg_cap *other_cap);
int capmsg_clear(struct capmsg_spot *spot);
int capmsg_move(struct capmsg_spot *from, struct capmsg_spot *to);

void capmsg_cappage_lock(struct capmsg_cappage *a, struct capmsg_cappage *b);
void capmsg_cappage_unlock(struct capmsg_cappage *a, struct capmsg_cappage *b);
int capmsg_slot_check_locked(struct capmsg_cappage *table, u32 index);
void capmsg_slot_sweep_locked(struct capmsg_cappage *table, u32 index);
void capmsg_slot_put_locked(struct capmsg_cappage *table, u32 index,
			    struct capmsg_cap *cap);
bool capmsg_slot_holds_locked(const struct capmsg_spot *spot,
			      const struct capmsg_cap *cap);
void capmsg_slot_void_locked(const struct capmsg_spot *spot);

/* As capmsg_body_alloc() takes it. */
static_assert(!offsetof(struct capmsg_cappage, body));

static inline struct capmsg_cappage *
capmsg_cappage_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_cappage, body);
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
static inline bool capmsg_slot_read_rcu(struct capmsg_cappage *table, u32 index,
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

/* How many slots there are in memory. */
static inline u32 capmsg_cappage_slots(const struct capmsg_cappage *table)
{
	return (1U << table->bits) + table->kept;
}

/* The keeper of a cappage that is kept, like any other slot. RCU read section. */
static inline void capmsg_keeper_read_rcu(struct capmsg_cappage *table,
					  struct capmsg_cap *keeper)
{
	capmsg_slot_read_rcu(table, 1U << table->bits, keeper);
}

static inline void capmsg_spot_put(struct capmsg_spot *spot)
{
	if (spot->through)
		capmsg_object_put(spot->through);
	capmsg_body_put(&spot->table->body);
}

#endif /* CAPMSG_CAPPAGE_H */
