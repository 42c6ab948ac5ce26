/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every object has in common. An object is in two parts: the *object*
 * itself, small, that capabilities name; and its *body*, which does the work.
 */
#ifndef CAPMSG_OBJECT_H
#define CAPMSG_OBJECT_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <uapi/linux/capmsg.h>

#include "account.h"

/**
 * DOC: Lifetime
 *
 * Capabilities designate, they do not own. A slot that holds a capability keeps
 * the struct capmsg_object alive, 64 bytes at most, and nothing else. The
 * body belongs to the account of the space that created it, and dies with that
 * space, or when it is destroyed: then &capmsg_object.body becomes NULL, once,
 * and every capability to it reads as void from that moment. What is left is a
 * *tombstone*, charged to its creator until the last slot that names it is
 * cleared or read.
 *
 * Tombstones that strangers keep are dropped by a sweep (sweep.h), which goes
 * through everything that may name one: so whatever names an object for longer
 * than a moment does so where the sweep of its type finds it.
 * A reply right must still tell that its call is over: the sweep makes it name, in
 * place of its own tombstone, one that all reply rights share and nobody pays for.
 *
 * Three counts, three sentences. &capmsg_object.caps > 0 means that user space
 * can name the object, and its creator is charged for it. &capmsg_object.refs > 0
 * means the object can be asked whether it lives. &capmsg_body.refs > 0 means the
 * body's memory is there; whether it still counts is &capmsg_body.dead, under its
 * lock.
 *
 * So the creator pays for a body while it lives, and no longer when only those who
 * are still using it keep it: how long they do (a page fault can take for ever) is
 * up to them, and they are strangers. They also bound that memory: a thread in a
 * command keeps a few bodies that it has found, a port, a region, two cappages at
 * most. That is little more than a megabyte if all of them are as large as can be,
 * and mostly less than the thread itself takes. It remains charged to the memory
 * cgroup in which it was allocated. A capability that came through a revoker keeps
 * the revoker's object, uncharged as well: that is less than the slot or post which
 * holds the capability, and which was charged.
 *
 * Found without a lock, a body is kept by the RCU read section, or by a
 * reference taken inside it. Whoever then takes the lock of the body and finds
 * it not dead may commit; destruction takes the same lock. So when
 * capmsg_object_kill() returns, every commit that had found the object alive
 * is over.
 *
 * Some bodies are used by others for a while: a cappage by a post that has
 * reserved landing slots in it, a region by a post that was cut from it. Such a
 * use is a *lien*. It does not keep the body from dying: when it dies, the
 * holder of the lien is told.
 *
 * A reference to a body can be held for long: by a command that has found it,
 * and then waits at a revoker that a stranger has closed. It keeps the struct and
 * no more. What is large, or is not ours, goes with the death itself, in the type's
 * ended(): nobody uses that once all who have a lien were told.
 */

struct capmsg_body;
struct capmsg_lien;

/**
 * struct capmsg_object - what capabilities name
 */
struct capmsg_object {
	/** @refs: memory: all @caps together, its body, who was derived through it */
	refcount_t refs;
	/** @caps: capabilities that name it, and its body while that lives */
	refcount_t caps;
	/** @type: enum capmsg_type; constant */
	u32 type;
	/**
	 * @kind: the type that user space sees: @type, or what a virtual object
	 * stands for; constant once it is published
	 */
	u32 kind;
	/**
	 * @senders: of a port, real or virtual: capabilities that count as its
	 * senders; of a revoker: those through it. Means nothing once the object
	 * is dead
	 */
	atomic_t senders;
	/** @body: the living part; cleared once, by capmsg_object_kill() */
	struct capmsg_body __rcu *body;
	/** @payer: charged for this struct; holds a reference */
	struct capmsg_user *payer;
	/** @rcu: frees it after the last reference */
	struct rcu_head rcu;
};

/**
 * struct capmsg_body_ops - what differs between types
 */
struct capmsg_body_ops {
	/** @type: enum capmsg_type */
	enum capmsg_type type;
	/**
	 * @kill: let go of what the body holds and wake who waits for it.
	 * Called once, in process context, with the body dead and unlocked.
	 */
	void (*kill)(struct capmsg_body *body);
	/**
	 * @ended: optional: give up what only those who had a lien could still
	 * use. Called once, in process context, after all of them were told.
	 */
	void (*ended)(struct capmsg_body *body);
	/**
	 * @release: optional: give up what needs process context. Called once,
	 * when the last reference is gone.
	 */
	void (*release)(struct capmsg_body *body);
	/** @free: free the memory; an RCU callback */
	void (*free)(struct capmsg_body *body);
	/**
	 * @stale: optional: does a capability to the body with this badge read
	 * as void? Called in an RCU read section.
	 */
	bool (*stale)(const struct capmsg_body *body, u64 badge);
	/**
	 * @sweep: optional: drop the tombstones that the body names. Process
	 * context, no locks held; may sleep; the body may be dead.
	 */
	void (*sweep)(struct capmsg_body *body);
	/**
	 * @dropped: optional: a capability with this badge, of which there is
	 * only one, was dropped. Process context, no locks held.
	 */
	void (*dropped)(struct capmsg_body *body, u64 badge);
	/**
	 * @first_sender: optional: count a sender, where there may have been
	 * none. In an RCU read section; no locks held but those above ports.
	 */
	void (*first_sender)(struct capmsg_body *body);
	/**
	 * @last_sender: optional: count a sender less, where there may be none
	 * afterwards. As @first_sender.
	 */
	void (*last_sender)(struct capmsg_body *body);
};

/**
 * struct capmsg_body - the living part of an object
 *
 * The first member of a struct of the object's type; see capmsg_body_alloc().
 */
struct capmsg_body {
	/** @refs: memory */
	refcount_t refs;
	/**
	 * @dead: set once, by its death or by capmsg_region_close() just before;
	 * guarded by @lock, read without it as a hint
	 */
	bool dead;
	/** @tied: set once: virtual objects end with it; as @dead */
	bool tied;
	/** @lock: guards the body; its lock class is the type's */
	spinlock_t lock;
	/** @ops: constant; gives the type */
	const struct capmsg_body_ops *ops;
	/** @object: what names this body; holds a reference */
	struct capmsg_object *object;
	/** @account: who pays; holds a reference */
	struct capmsg_account *account;
	/**
	 * @owned: in the account's list, or empty; account->lock. Once the object
	 * is condemned: in a list of whoever kills it
	 */
	struct list_head owned;
	/** @liens: uses that are told when the body dies; @lock */
	struct list_head liens;
	/** @bytes: charged for the body; constant once it is owned, but for ops->ended() */
	size_t bytes;
	/** @rcu: frees it after the last reference */
	struct rcu_head rcu;
};

/**
 * struct capmsg_lien_ops - how the holder of a lien is told
 */
struct capmsg_lien_ops {
	/**
	 * @hold: keep what @lost will need, and return it; or NULL if the
	 * holder is going away (and will release the lien by itself). Under
	 * the body's lock.
	 */
	void *(*hold)(struct capmsg_lien *lien);
	/**
	 * @lost: the body is dead; let go of it, and of @held, which @hold has
	 * kept. Process context, no locks held. The lien may be detached, or
	 * attached to another body, by then. Returns the body of what ends with
	 * it, condemned and for the caller to kill; or NULL.
	 */
	struct capmsg_body *(*lost)(struct capmsg_lien *lien, void *held);
};

/**
 * struct capmsg_lien - a use of a body that ends when the body dies
 */
struct capmsg_lien {
	/** @link: in body->liens, or empty; the body's lock */
	struct list_head link;
	/** @ops: constant */
	const struct capmsg_lien_ops *ops;
};

extern struct capmsg_object capmsg_reply_tombstone;

int capmsg_objects_init(void);
void capmsg_objects_exit(void);

void *capmsg_body_alloc(const struct capmsg_body_ops *ops,
			struct capmsg_account *account, size_t bytes);
void capmsg_body_own(struct capmsg_body *body);
void capmsg_body_end(struct capmsg_body *body);

void capmsg_object_put(struct capmsg_object *object);
void capmsg_object_unname(struct capmsg_object *object);
struct capmsg_body *capmsg_object_condemn(struct capmsg_object *object);
void capmsg_body_kill(struct capmsg_body *body);
bool capmsg_object_kill(struct capmsg_object *object);
void capmsg_objects_kill(struct capmsg_account *account);
struct capmsg_body *capmsg_body_next(struct capmsg_account *account);

void capmsg_senders_inc(struct capmsg_object *object);
void capmsg_senders_dec(struct capmsg_object *object);

unsigned long capmsg_objects_live(enum capmsg_type type);
unsigned long capmsg_tombstones(void);

/* For a capability; to be undone by capmsg_object_unname(). */
static inline struct capmsg_object *
capmsg_object_name(struct capmsg_object *object)
{
	refcount_inc(&object->caps);
	return object;
}

/* The same, in an RCU read section, if it is named still. */
static inline bool capmsg_object_tryname(struct capmsg_object *object)
{
	return refcount_inc_not_zero(&object->caps);
}

static inline bool capmsg_object_tryget(struct capmsg_object *object)
{
	return refcount_inc_not_zero(&object->refs);
}

static inline struct capmsg_object *
capmsg_object_get(struct capmsg_object *object)
{
	refcount_inc(&object->refs);
	return object;
}

static inline bool capmsg_body_tryget(struct capmsg_body *body)
{
	return refcount_inc_not_zero(&body->refs);
}

/**
 * capmsg_body_put() - drop a reference to a body
 * @body: the body; not to be used any more
 *
 * Context: Process context, no locks held; may sleep.
 */
static inline void capmsg_body_put(struct capmsg_body *body)
{
	/* It also looks for something better to run, which few callers want. */
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		might_sleep();
	if (refcount_dec_and_test(&body->refs))
		capmsg_body_end(body);
}

static inline struct capmsg_body *capmsg_body_get(struct capmsg_body *body)
{
	refcount_inc(&body->refs);
	return body;
}

/**
 * capmsg_lien_attach_locked() - ask to be told when a body dies
 * @body: the body; locked by the caller, not dead
 * @lien: the lien; the caller keeps the body's memory by a reference
 *
 * Context: Atomic; body->lock held.
 */
static inline void capmsg_lien_attach_locked(struct capmsg_body *body,
					     struct capmsg_lien *lien)
{
	lockdep_assert_held(&body->lock);
	list_add_tail(&lien->link, &body->liens);
}

/**
 * capmsg_lien_detach_locked() - no longer care about a body's death
 * @body: the body
 * @lien: the lien, attached or already popped by the body's death
 *
 * Context: Atomic; body->lock held.
 */
static inline void capmsg_lien_detach_locked(struct capmsg_body *body,
					     struct capmsg_lien *lien)
{
	lockdep_assert_held(&body->lock);
	list_del_init(&lien->link);
}

/**
 * capmsg_lien_detach() - the same for who does not hold the lock
 * @body: the body
 * @lien: the lien, attached or already popped by the body's death
 *
 * Context: Takes body->lock.
 */
static inline void capmsg_lien_detach(struct capmsg_body *body,
				      struct capmsg_lien *lien)
{
	spin_lock(&body->lock);
	capmsg_lien_detach_locked(body, lien);
	spin_unlock(&body->lock);
}

#endif /* CAPMSG_OBJECT_H */
