/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual objects: names for what a process plays. A virtual object knows who
 * plays it, and nothing of how; see "DOC: Upcalls" in upcall.h.
 */
#ifndef CAPMSG_VIRTUAL_H
#define CAPMSG_VIRTUAL_H

#include "cache.h"
#include "notice.h"

struct capmsg_virtual;

/**
 * struct capmsg_tie - something that a virtual object ends with
 */
struct capmsg_tie {
	/** @lien: tells when @body dies */
	struct capmsg_lien lien;
	/** @body: with a reference, until the virtual object dies; else constant */
	struct capmsg_body *body;
	/** @virtual: what this is part of; constant */
	struct capmsg_virtual *virtual;
};

/**
 * struct capmsg_virtual - an object that a process plays
 *
 * What it stands for is &capmsg_object.kind.
 */
struct capmsg_virtual {
	/**
	 * @gate: what every object has, and what makes it a revoker of what
	 * stands in for it; see "DOC: Revoking"
	 */
	struct capmsg_revoker gate;
	/** @handler: the port whose receivers play it; the reference of the first tie */
	struct capmsg_body *handler;
	/**
	 * @ties: the handler, what it was named through, and what the virtual object is
	 * played for; behind @entries
	 */
	struct capmsg_tie *ties;
	/** @n_ties: number of @ties; constant */
	u32 n_ties;
	/** @name: how the handler calls it; constant */
	u64 name;
	/** @bits: of a cappage: log2 of the slots that it claims to have; constant */
	u32 bits;
	/** @mints: how often the count of senders has risen from zero; body lock */
	u32 mints;
	/** @no_senders: the last capability to send is gone; body lock */
	struct capmsg_notice no_senders;
	/** @cache: answers that need not be asked for; lock of the body */
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
	/** @original: what it is to end with, or NULL; the caller keeps it */
	struct capmsg_body *original;
	/** @name: how the handler calls it */
	u64 name;
	/** @bits: of a cappage: log2 of the slots that it claims to have, else 0 */
	u32 bits;
	/** @cache_bits: log2 of the answers that can be cached, or 0 for none */
	u32 cache_bits;
};

struct capmsg_virtual *capmsg_virtual_alloc(struct capmsg_account *account,
					    struct capmsg_body *handler,
					    const struct capmsg_chain *way,
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

/* As capmsg_body_alloc() takes it. */
static_assert(!offsetof(struct capmsg_virtual, gate.body));

static inline struct capmsg_virtual *capmsg_virtual_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_virtual, gate.body);
}

/* capmsg_virtual_look_rcu(), if there is a cache. */
static inline bool capmsg_virtual_recall_rcu(struct capmsg_virtual *virtual,
					     const struct capmsg_memo_key *key,
					     struct capmsg_memory *memory)
{
	return virtual->cache.bits &&
	       capmsg_virtual_look_rcu(virtual, key, memory);
}

/* What is used through a capability to a virtual object is used through this. */
static inline struct capmsg_object *
capmsg_through_virtual(const struct capmsg_cap *cap)
{
	return cap->revoker ?: cap->object;
}

/* What a virtual object is bound to by this answer, or NULL. */
static inline struct capmsg_object *capmsg_bound_by(const struct capmsg_cap *answer)
{
	return answer->object->type == CAPMSG_TYPE_VIRTUAL ?
	       capmsg_through_virtual(answer) : answer->revoker;
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
