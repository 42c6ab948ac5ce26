// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users and accounts. A charge is checked against the limit at every level of
 * user namespaces before it is made for good: what is over the limit anywhere
 * is taken back everywhere.
 */
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "account.h"

unsigned long capmsg_max_objects = 65536;
module_param_named(max_objects, capmsg_max_objects, ulong, 0644);
MODULE_PARM_DESC(max_objects, "objects that one user may own (65536)");

unsigned long capmsg_max_bytes = 64UL << 20;
module_param_named(max_bytes, capmsg_max_bytes, ulong, 0644);
MODULE_PARM_DESC(max_bytes, "bytes of kernel memory per user (64 MiB)");

static DEFINE_HASHTABLE(users, 7);
/* Irqs off: the last reference may be dropped by an RCU callback. */
static DEFINE_SPINLOCK(users_lock);
static unsigned long users_count;

static LIST_HEAD(accounts);
static DEFINE_SPINLOCK(accounts_lock);
static unsigned long accounts_count;

static struct capmsg_user *user_find(struct user_namespace *ns, kuid_t uid)
{
	struct capmsg_user *user;

	lockdep_assert_held(&users_lock);
	hash_for_each_possible(users, user, node, __kuid_val(uid)) {
		if (user->ns == ns && uid_eq(user->uid, uid))
			return capmsg_user_get(user);
	}
	return NULL;
}

static struct capmsg_user *user_insert(struct capmsg_user *fresh)
{
	struct capmsg_user *user;
	unsigned long flags;

	spin_lock_irqsave(&users_lock, flags);
	user = user_find(fresh->ns, fresh->uid);
	if (!user) {
		hash_add(users, &fresh->node, __kuid_val(fresh->uid));
		users_count++;
	}
	spin_unlock_irqrestore(&users_lock, flags);
	return user;
}

/* Whoever has charged it keeps a reference until all of that is given back. */
static void user_free(struct capmsg_user *user)
{
	WARN_ON_ONCE(atomic_long_read(&user->objects) ||
		     atomic_long_read(&user->tombstones) ||
		     atomic_long_read(&user->bytes) ||
		     atomic_long_read(&user->pinned));
	put_user_ns(user->ns);
	kfree(user);
}

/* Returns the user with a reference, or NULL without memory. */
static struct capmsg_user *user_make(struct user_namespace *ns, kuid_t uid,
				     struct capmsg_user *parent)
{
	struct capmsg_user *fresh, *user;
	unsigned long flags;

	spin_lock_irqsave(&users_lock, flags);
	user = user_find(ns, uid);
	spin_unlock_irqrestore(&users_lock, flags);
	if (user)
		return user;
	fresh = kzalloc(sizeof(*fresh), CAPMSG_GFP);
	if (!fresh)
		return NULL;
	refcount_set(&fresh->refs, 1);
	fresh->uid = uid;
	fresh->ns = get_user_ns(ns);
	fresh->parent = parent ? capmsg_user_get(parent) : NULL;
	user = user_insert(fresh);
	if (!user)
		return fresh;
	if (parent)
		capmsg_user_put(parent);
	user_free(fresh);
	return user;
}

#define NS_DEPTH_MAX	33	/* the kernel nests user namespaces 32 deep */

/* From the initial namespace down, so that a parent exists before its child. */
static struct capmsg_user *user_of_current(void)
{
	struct user_namespace *path[NS_DEPTH_MAX], *ns = current_user_ns();
	struct capmsg_user *user = NULL, *parent;
	int depth = 0;
	kuid_t uid;

	for (; depth < NS_DEPTH_MAX; ns = ns->parent) {
		path[depth++] = ns;
		if (ns == &init_user_ns)
			break;
	}
	while (depth--) {
		parent = user;
		uid = depth ? path[depth - 1]->owner : current_uid();
		user = user_make(path[depth], uid, parent);
		if (parent)
			capmsg_user_put(parent);
		if (!user)
			return NULL;
	}
	return user;
}

/**
 * capmsg_user_get() - take a reference to a user
 * @user: the user
 *
 * Context: Any.
 * Return: @user.
 */
struct capmsg_user *capmsg_user_get(struct capmsg_user *user)
{
	refcount_inc(&user->refs);
	return user;
}

/**
 * capmsg_user_put() - drop a reference to a user
 * @user: the user; not to be used any more
 *
 * Goes up the chain as far as references end.
 *
 * Context: Any, RCU callbacks included.
 */
void capmsg_user_put(struct capmsg_user *user)
{
	struct capmsg_user *parent;
	unsigned long flags;

	while (user && __cond_lock(&users_lock,
				   refcount_dec_and_lock_irqsave(&user->refs,
								 &users_lock,
								 &flags))) {
		hash_del(&user->node);
		users_count--;
		spin_unlock_irqrestore(&users_lock, flags);
		parent = user->parent;
		user_free(user);
		user = parent;
	}
}

/**
 * capmsg_users_count() - number of users that are accounted
 *
 * Context: Any.
 * Return: the number; may be old when it arrives.
 */
unsigned long capmsg_users_count(void)
{
	return READ_ONCE(users_count);
}

/* What is refused is never counted, not even for a moment: others may fit. */
static bool charge_one(atomic_long_t *count, long n, unsigned long max)
{
	long limit = min_t(unsigned long, max, LONG_MAX);
	long old = atomic_long_read(count);

	if (!n)
		return true;
	do {
		if (n > limit - old)
			return false;
	} while (!atomic_long_try_cmpxchg(count, &old, old + n));
	return true;
}

static enum capmsg_limit user_charge(struct capmsg_user *user, long objects,
				     long bytes)
{
	if (!charge_one(&user->objects, objects, READ_ONCE(capmsg_max_objects)))
		return CAPMSG_LIMIT_OBJECTS;
	if (charge_one(&user->bytes, bytes, READ_ONCE(capmsg_max_bytes)))
		return CAPMSG_LIMIT_NONE;
	atomic_long_sub(objects, &user->objects);
	return CAPMSG_LIMIT_BYTES;
}

static void uncharge_until(struct capmsg_user *user, struct capmsg_user *end,
			   long objects, long bytes)
{
	long left;

	for (; user != end; user = user->parent) {
		left = atomic_long_sub_return(objects, &user->objects);
		WARN_ON_ONCE(left < 0);
		left = atomic_long_sub_return(bytes, &user->bytes);
		WARN_ON_ONCE(left < 0);
	}
}

/* Returns at whose level a limit was met, and which; or NULL. */
static struct capmsg_user *chain_charge(struct capmsg_user *user, long objects,
					long bytes, enum capmsg_limit *limit)
{
	struct capmsg_user *u;

	for (u = user; u; u = u->parent) {
		*limit = user_charge(u, objects, bytes);
		if (*limit != CAPMSG_LIMIT_NONE) {
			uncharge_until(user, u, objects, bytes);
			return u;
		}
	}
	return NULL;
}

/**
 * capmsg_user_charge() - charge a user and the owners of its namespaces
 * @user: who pays
 * @objects: number of objects, not negative
 * @bytes: bytes of kernel memory, not negative
 *
 * Charged before anything is allocated, so that a quota bounds memory.
 *
 * Context: Any.
 * Return: 0, or -EDQUOT and nothing is charged.
 */
int capmsg_user_charge(struct capmsg_user *user, long objects, long bytes)
{
	enum capmsg_limit limit;

	return chain_charge(user, objects, bytes, &limit) ? -EDQUOT : 0;
}

/**
 * capmsg_user_uncharge() - give back what was charged
 * @user: who paid
 * @objects: number of objects
 * @bytes: bytes of kernel memory
 *
 * Context: Any.
 */
void capmsg_user_uncharge(struct capmsg_user *user, long objects, long bytes)
{
	uncharge_until(user, NULL, objects, bytes);
}

/**
 * capmsg_user_bury() - count tombstones
 * @user: who is charged for them
 * @tombstones: how many there are more, or less
 *
 * Context: Any.
 */
void capmsg_user_bury(struct capmsg_user *user, long tombstones)
{
	for (; user; user = user->parent)
		atomic_long_add(tombstones, &user->tombstones);
}

/**
 * capmsg_account_make() - make an account
 * @user: who is charged for what is in it; its reference moves to the account
 *	on success
 *
 * Context: Process context; may sleep.
 * Return: the account with one reference, or NULL without memory.
 */
struct capmsg_account *capmsg_account_make(struct capmsg_user *user)
{
	struct capmsg_account *account;

	account = kzalloc(sizeof(*account), CAPMSG_GFP);
	if (!account)
		return NULL;
	account->user = user;
	refcount_set(&account->refs, 1);
	spin_lock_init(&account->lock);
	INIT_LIST_HEAD(&account->owned);
	init_waitqueue_head(&account->pollers);
	spin_lock(&accounts_lock);
	list_add_tail(&account->link, &accounts);
	accounts_count++;
	spin_unlock(&accounts_lock);
	return account;
}

/**
 * capmsg_account_alloc() - make the account of a new space
 *
 * Charged to the caller, who opens the space.
 *
 * Context: Process context; may sleep.
 * Return: the account with one reference, or ERR_PTR: -ENOMEM.
 */
struct capmsg_account *capmsg_account_alloc(void)
{
	struct capmsg_account *account = NULL;
	struct capmsg_user *user;

	user = user_of_current();
	if (user)
		account = capmsg_account_make(user);
	if (user && !account)
		capmsg_user_put(user);
	return account ?: ERR_PTR(-ENOMEM);
}

/**
 * capmsg_account_get() - take a reference to an account
 * @account: the account
 *
 * Context: Any.
 * Return: @account.
 */
struct capmsg_account *capmsg_account_get(struct capmsg_account *account)
{
	refcount_inc(&account->refs);
	return account;
}

/**
 * capmsg_account_put() - drop a reference to an account
 * @account: the account; not to be used any more
 *
 * Context: Process context.
 */
void capmsg_account_put(struct capmsg_account *account)
{
	if (!__cond_lock(&accounts_lock,
			 refcount_dec_and_lock(&account->refs, &accounts_lock)))
		return;
	list_del(&account->link);
	accounts_count--;
	spin_unlock(&accounts_lock);
	put_pid(account->refusal.thread);
	capmsg_user_put(account->user);
	kfree(account);
}

/**
 * capmsg_account_wake() - the space's file has become readable, or is so once more
 * @account: the account
 *
 * A poller enters the queue and then looks; here the queue is looked at after
 * capmsg_account_stir(), and always under its lock: so of two that meet, one
 * sees the other.
 *
 * Context: Any.
 */
void capmsg_account_wake(struct capmsg_account *account)
{
	wake_up_interruptible_poll(&account->pollers, EPOLLIN | EPOLLRDNORM);
}

/**
 * capmsg_account_charge() - charge the user of an account
 * @account: who pays
 * @objects: number of objects, not negative
 * @bytes: bytes of kernel memory, not negative
 *
 * Like capmsg_user_charge(), and LIMITS tells of it. To be undone by
 * capmsg_user_uncharge().
 *
 * Context: Any.
 * Return: 0, or -EDQUOT and nothing is charged.
 */
int capmsg_account_charge(struct capmsg_account *account, long objects,
			  long bytes)
{
	enum capmsg_limit limit;
	struct capmsg_user *over;

	over = chain_charge(account->user, objects, bytes, &limit);
	if (!over)
		return 0;
	if (limit == CAPMSG_LIMIT_OBJECTS)
		return capmsg_refuse(account, limit, -EDQUOT,
				     atomic_long_read(&over->objects),
				     READ_ONCE(capmsg_max_objects));
	return capmsg_refuse(account, limit, -EDQUOT,
			     atomic_long_read(&over->bytes),
			     READ_ONCE(capmsg_max_bytes));
}

/**
 * capmsg_refuse() - remember which limit a command has met
 * @account: of the space whose command it is
 * @limit: the limit
 * @error: what the command will return; negative
 * @use: what is in use of the limit, or is asked for
 * @max: the limit
 *
 * Context: Any task that carries the command out; locks of ports and below may
 * be held.
 * Return: @error.
 */
int capmsg_refuse(struct capmsg_account *account, enum capmsg_limit limit,
		  int error, u64 use, u64 max)
{
	struct pid *thread = get_pid(task_pid(current)), *old;

	spin_lock(&account->lock);
	old = account->refusal.thread;
	account->refusal = (struct capmsg_refusal) {
		.limit	= limit,
		.error	= -error,
		.use	= use,
		.max	= max,
		.thread	= thread,
	};
	spin_unlock(&account->lock);
	put_pid(old);
	return error;
}

/**
 * capmsg_refusal_get() - the last limit that a command of a space has met
 * @account: of the space
 * @refusal: the result; owns a reference to its thread, if that is not NULL
 *
 * Context: Any.
 */
void capmsg_refusal_get(struct capmsg_account *account,
			struct capmsg_refusal *refusal)
{
	spin_lock(&account->lock);
	*refusal = account->refusal;
	get_pid(refusal->thread);
	spin_unlock(&account->lock);
}

/**
 * capmsg_refusal_undo() - forget the limit that this task has met: it tries again
 * @account: of the space
 * @before: what capmsg_refusal_get() told before; its reference is given back
 *
 * What other threads have met meanwhile stays.
 *
 * Context: Any.
 */
void capmsg_refusal_undo(struct capmsg_account *account,
			 struct capmsg_refusal *before)
{
	spin_lock(&account->lock);
	if (account->refusal.thread == task_pid(current))
		swap(account->refusal, *before);
	spin_unlock(&account->lock);
	put_pid(before->thread);
}

/**
 * capmsg_account_next() - go round the accounts
 *
 * The one that this returns goes to the end of the list. So as many calls as
 * there are accounts meet all of them, whoever makes the calls.
 *
 * Context: Process context.
 * Return: an account with a reference, or NULL if there is none.
 */
struct capmsg_account *capmsg_account_next(void)
{
	struct capmsg_account *account;

	spin_lock(&accounts_lock);
	account = list_first_entry_or_null(&accounts, struct capmsg_account,
					   link);
	if (account) {
		capmsg_account_get(account);
		list_move_tail(&account->link, &accounts);
	}
	spin_unlock(&accounts_lock);
	return account;
}

/**
 * capmsg_accounts_count() - number of accounts
 *
 * Context: Any.
 * Return: the number; may be old when it arrives.
 */
unsigned long capmsg_accounts_count(void)
{
	return READ_ONCE(accounts_count);
}
