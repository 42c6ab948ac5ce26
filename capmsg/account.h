/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who pays. A *user* is a uid in a user namespace, with counts of what it pays
 * for; the owner of that namespace pays along, and so on up to the initial
 * one, so that namespaces do not multiply anybody's quota. An *account* is
 * one space's share: its user, and the list of what the space owns.
 */
#ifndef CAPMSG_ACCOUNT_H
#define CAPMSG_ACCOUNT_H

#include <linux/list.h>
#include <linux/pid.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include <linux/wait.h>
#include <uapi/linux/capmsg.h>

/*
 * All memory of objects: charged to the memory cgroup, and failing rather than
 * having the cgroup's processes killed when that is at its limit.
 */
#define CAPMSG_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN |	\
			 __GFP_RETRY_MAYFAIL)

/**
 * struct capmsg_user - a uid in a user namespace, and what it pays for
 */
struct capmsg_user {
	/** @refs: memory; dropped to zero only under users_lock */
	refcount_t refs;
	/** @uid: who */
	kuid_t uid;
	/** @ns: where; holds a reference */
	struct user_namespace *ns;
	/** @parent: the owner of @ns, who pays along; NULL in the initial ns */
	struct capmsg_user *parent;
	/** @objects: objects, tombstones included */
	atomic_long_t objects;
	/** @tombstones: destroyed objects that are still named, of @objects */
	atomic_long_t tombstones;
	/**
	 * @kept: of @tombstones, those that the last sweep could not drop; a hint,
	 * written without a lock by whoever sweeps
	 */
	long kept;
	/** @bytes: kernel memory */
	atomic_long_t bytes;
	/** @pinned: pages pinned by regions; shown, limited by RLIMIT_MEMLOCK */
	atomic_long_t pinned;
	/** @node: in the table of users; under users_lock */
	struct hlist_node node;
};

/**
 * struct capmsg_refusal - the limit that a command of a space has met
 */
struct capmsg_refusal {
	/** @limit: which */
	enum capmsg_limit limit;
	/** @error: errno of the command, positive */
	int error;
	/** @use: what was in use, or asked for */
	u64 use;
	/** @max: the limit */
	u64 max;
	/** @thread: who was refused; holds a reference, or NULL */
	struct pid *thread;
};

/**
 * struct capmsg_account - what one space pays for
 */
struct capmsg_account {
	/** @refs: the space, and every body in it */
	refcount_t refs;
	/** @user: who is charged; holds a reference */
	struct capmsg_user *user;
	/** @link: in the list of accounts; under accounts_lock */
	struct list_head link;
	/** @lock: guards @owned with the links of what is in it, and @refusal */
	spinlock_t lock;
	/** @owned: bodies of the objects that the space owns */
	struct list_head owned;
	/** @n_owned: length of @owned */
	unsigned long n_owned;
	/** @pollers: who polls the space's file; outlives the file */
	wait_queue_head_t pollers;
	/** @stirred: notifications with bits for which the file is readable */
	atomic_long_t stirred;
	/** @refusal: the last one */
	struct capmsg_refusal refusal;
};

extern unsigned long capmsg_max_objects;
extern unsigned long capmsg_max_bytes;

struct capmsg_user *capmsg_user_get(struct capmsg_user *user);
void capmsg_user_put(struct capmsg_user *user);
unsigned long capmsg_users_count(void);

int capmsg_user_charge(struct capmsg_user *user, long objects, long bytes);
void capmsg_user_uncharge(struct capmsg_user *user, long objects, long bytes);
void capmsg_user_bury(struct capmsg_user *user, long tombstones);

struct capmsg_account *capmsg_account_alloc(void);
struct capmsg_account *capmsg_account_make(struct capmsg_user *user);
struct capmsg_account *capmsg_account_get(struct capmsg_account *account);
void capmsg_account_put(struct capmsg_account *account);
struct capmsg_account *capmsg_account_next(void);
unsigned long capmsg_accounts_count(void);
void capmsg_account_wake(struct capmsg_account *account);
int capmsg_account_charge(struct capmsg_account *account, long objects,
			  long bytes);

int capmsg_refuse(struct capmsg_account *account, enum capmsg_limit limit,
		  int error, u64 use, u64 max);
void capmsg_refusal_get(struct capmsg_account *account,
			struct capmsg_refusal *refusal);
void capmsg_refusal_undo(struct capmsg_account *account,
			 struct capmsg_refusal *before);

/* One notification more that has bits. Before capmsg_account_wake(). */
static inline void capmsg_account_stir(struct capmsg_account *account)
{
	atomic_long_inc(&account->stirred);
}

/* One less. */
static inline void capmsg_account_calm(struct capmsg_account *account)
{
	atomic_long_dec(&account->stirred);
}

/* Is the space's file readable? After entering the queue of pollers. */
static inline bool capmsg_account_stirred(const struct capmsg_account *account)
{
	return atomic_long_read(&account->stirred) > 0;
}

#endif /* CAPMSG_ACCOUNT_H */
