/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual objects: names for what a process plays. A virtual object knows who
 * plays it, and nothing of how; see "DOC: Upcalls" in upcall.h.
 */
#ifndef CAPMSG_VIRTUAL_H
#define CAPMSG_VIRTUAL_H

#include "cache.h"

/**
 * struct capmsg_virtual - an object that a process plays
 *
 * What it stands for is &capmsg_object.kind.
 */
struct capmsg_virtual {
	/** @body: what every object has */
	struct capmsg_body body;
	/** @handler: the port whose receivers play it; a reference */
	struct capmsg_body *handler;
	/** @lien: ends this with @handler */
	struct capmsg_lien lien;
	/** @name: how the handler calls it; constant */
	u64 name;
	/** @bits: of a cappage: log2 of the slots that it claims to have; constant */
	u32 bits;
	/** @cache: answers that need not be asked for; @body.lock */
	struct capmsg_cache cache;
	/** @entries: of @cache */
	struct capmsg_cache_entry entries[];
};

/**
 * struct capmsg_virtual_kind - what the creator of a virtual object chooses
 */
struct capmsg_virtual_kind {
	/** @kind: what it stands for */
	enum capmsg_type kind;
	/** @name: how the handler calls it */
	u64 name;
	/** @bits: of a cappage: log2 of the slots that it claims to have, else 0 */
	u32 bits;
	/** @cache_bits: log2 of the answers that can be cached, or 0 for none */
	u32 cache_bits;
};

struct capmsg_virtual *capmsg_virtual_alloc(struct capmsg_account *account,
					    struct capmsg_body *handler,
					    const struct capmsg_virtual_kind *kind);
void capmsg_virtual_start(struct capmsg_virtual *virtual);
bool capmsg_virtual_look_rcu(struct capmsg_virtual *virtual,
			     const struct capmsg_memo_key *key,
			     struct capmsg_memory *memory);
int capmsg_stand_in_rcu(struct capmsg_cap *cap, struct capmsg_memo *memo,
			bool cached);
void capmsg_virtual_remember(struct capmsg_virtual *virtual,
			     const struct capmsg_memo_key *key,
			     const struct capmsg_memory *memory, u64 generation);
u32 capmsg_virtual_forget(struct capmsg_virtual *virtual, u64 address);

static inline struct capmsg_virtual *capmsg_virtual_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_virtual, body);
}

/* capmsg_virtual_look_rcu(), if there is a cache. */
static inline bool capmsg_virtual_recall_rcu(struct capmsg_virtual *virtual,
					     const struct capmsg_memo_key *key,
					     struct capmsg_memory *memory)
{
	return virtual->cache.bits &&
	       capmsg_virtual_look_rcu(virtual, key, memory);
}

/* Is it played by a process, and stands for a cappage? */
static inline bool capmsg_is_virtual_table(const struct capmsg_object *object)
{
	return object->type == CAPMSG_TYPE_VIRTUAL &&
	       object->kind == CAPMSG_TYPE_CAPPAGE;
}

/* log2 of the slots of the cappage that a capability names, or 0. */
static inline u32 capmsg_table_bits(const struct capmsg_cap *cap,
				    struct capmsg_body *body)
{
	if (cap->object->type == CAPMSG_TYPE_CAPPAGE)
		return capmsg_cappage_of(body)->bits;
	return capmsg_is_virtual_table(cap->object) ?
	       capmsg_virtual_of(body)->bits : 0;
}

#endif /* CAPMSG_VIRTUAL_H */
