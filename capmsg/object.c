// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects and their bodies: creation, references, death, and the liens that
 * others have on a body. Knows no type: what differs is in struct
 * capmsg_body_ops.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "locking.h"
#include "object.h"

static struct kmem_cache *object_cache;
static atomic_long_t live[CAPMSG_TYPE_COUNT];
static atomic_long_t objects;
struct lock_class_key capmsg_lock_keys[CAPMSG_TYPE_COUNT];

/* What a reply right names when the tombstone that it named was swept. */
struct capmsg_object capmsg_reply_tombstone = {
	.refs	= REFCOUNT_INIT(1),
	.caps	= REFCOUNT_INIT(1),
	.type	= CAPMSG_TYPE_REPLY,
};

static const char * const lock_names[CAPMSG_TYPE_COUNT] = {
	[CAPMSG_TYPE_CAPPAGE]		= "capmsg_cappage.lock",
	[CAPMSG_TYPE_PORT]		= "capmsg_port.lock",
	[CAPMSG_TYPE_REGION]		= "capmsg_region.lock",
	[CAPMSG_TYPE_REPLY]		= "capmsg_frame.lock",
	[CAPMSG_TYPE_MESSAGE]		= "capmsg_message.lock",
	[CAPMSG_TYPE_NOTIFICATION]	= "capmsg_notification.lock",
	[CAPMSG_TYPE_WATCH]		= "capmsg_watch.lock",
	[CAPMSG_TYPE_REVOKER]		= "capmsg_revoker.lock",
	[CAPMSG_TYPE_VIRTUAL]		= "capmsg_virtual.lock",
};

/**
 * capmsg_objects_init() - prepare for objects
 *
 * Context: Module initialisation.
 * Return: 0 or -ENOMEM.
 */
int capmsg_objects_init(void)
{
	BUILD_BUG_ON(sizeof(struct capmsg_object) > 64);
	object_cache = kmem_cache_create("capmsg_object",
					 sizeof(struct capmsg_object), 0,
					 SLAB_ACCOUNT | SLAB_NO_MERGE, NULL);
	return object_cache ? 0 : -ENOMEM;
}

/**
 * capmsg_objects_exit() - the counterpart, after the last object is gone
 *
 * Context: Module exit; waits for RCU callbacks.
 */
void capmsg_objects_exit(void)
{
	rcu_barrier();
	kmem_cache_destroy(object_cache);
}

static void object_free_rcu(struct rcu_head *rcu)
{
	struct capmsg_object *object =
		container_of(rcu, struct capmsg_object, rcu);

	capmsg_user_put(object->payer);
	kmem_cache_free(object_cache, object);
	atomic_long_dec(&objects);
}

/**
 * capmsg_object_put() - drop a reference to an object
 * @object: the object; not to be used any more
 *
 * Context: Any.
 */
void capmsg_object_put(struct capmsg_object *object)
{
	if (refcount_dec_and_test(&object->refs))
		call_rcu(&object->rcu, object_free_rcu);
}

/**
 * capmsg_object_unname() - a capability names an object no longer
 * @object: the object; not to be used any more
 *
 * The last one ends what its creator is charged for: it is a tombstone by then,
 * as its body names it while that lives.
 *
 * Context: Any.
 */
void capmsg_object_unname(struct capmsg_object *object)
{
	if (!refcount_dec_and_test(&object->caps))
		return;
	capmsg_user_bury(object->payer, -1);
	capmsg_user_uncharge(object->payer, 1, sizeof(*object));
	capmsg_object_put(object);
}

/* The object keeps the charge that its caller has made. */
static struct capmsg_object *object_alloc(struct capmsg_body *body,
					  enum capmsg_type type,
					  struct capmsg_user *payer)
{
	struct capmsg_object *object;

	object = kmem_cache_zalloc(object_cache, CAPMSG_GFP);
	if (!object)
		return NULL;
	/* All that name it, and the body. */
	refcount_set(&object->refs, 2);
	refcount_set(&object->caps, 1);
	object->type = type;
	object->kind = type;
	object->payer = capmsg_user_get(payer);
	RCU_INIT_POINTER(object->body, body);
	atomic_long_inc(&objects);
	return object;
}

static void body_init(struct capmsg_body *body, const struct capmsg_body_ops *ops,
		      struct capmsg_account *account, size_t bytes)
{
	refcount_set(&body->refs, 1);
	body->ops = ops;
	body->account = capmsg_account_get(account);
	body->bytes = bytes;
	spin_lock_init(&body->lock);
	lockdep_set_class_and_name(&body->lock, &capmsg_lock_keys[ops->type],
				   lock_names[ops->type]);
	INIT_LIST_HEAD(&body->owned);
	INIT_LIST_HEAD(&body->liens);
	atomic_long_inc(&live[ops->type]);
}

/**
 * capmsg_body_alloc() - allocate an object and its body
 * @ops: its type
 * @account: who pays
 * @bytes: of the struct that begins with the body, and of what follows it
 *
 * Charged before it is allocated, so that a quota bounds memory. The charge for the
 * body is undone when that dies, the charge for the object when its last capability
 * is gone.
 *
 * Context: Process context; may sleep.
 * Return: the struct, zeroed but for its body, for ops->free() to kvfree(). The caller
 * has the first reference to the body, and must give the object to its account
 * (capmsg_body_own()) or kill it. Or ERR_PTR: -EDQUOT, -ENOMEM.
 */
void *capmsg_body_alloc(const struct capmsg_body_ops *ops,
			struct capmsg_account *account, size_t bytes)
{
	const size_t charged = bytes + sizeof(struct capmsg_object);
	struct capmsg_body *body;
	int ret;

	ret = capmsg_account_charge(account, 1, charged);
	if (ret)
		return ERR_PTR(ret);
	body = kvzalloc(bytes, CAPMSG_GFP);
	if (body)
		body->object = object_alloc(body, ops->type, account->user);
	if (!body || !body->object) {
		kvfree(body);
		capmsg_user_uncharge(account->user, 1, charged);
		return ERR_PTR(-ENOMEM);
	}
	body_init(body, ops, account, bytes);
	return body;
}

/**
 * capmsg_body_own() - give a new object to the account that pays for it
 * @body: the body
 *
 * Cannot fail. The caller's reference becomes the account's; it ends with
 * capmsg_object_kill(), which the end of the space calls.
 *
 * Context: Any; takes account->lock.
 */
void capmsg_body_own(struct capmsg_body *body)
{
	struct capmsg_account *account = body->account;

	spin_lock(&account->lock);
	list_add_tail(&body->owned, &account->owned);
	account->n_owned++;
	spin_unlock(&account->lock);
}

static void disown_locked(struct capmsg_account *account,
			  struct capmsg_body *body)
{
	lockdep_assert_held(&account->lock);
	if (list_empty(&body->owned))
		return;
	list_del_init(&body->owned);
	account->n_owned--;
}

static void body_free_rcu(struct rcu_head *rcu)
{
	struct capmsg_body *body = container_of(rcu, struct capmsg_body, rcu);

	body->ops->free(body);
}

/**
 * capmsg_body_end() - the last reference to a body is gone
 * @body: the body; not to be used any more
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_body_end(struct capmsg_body *body)
{
	struct capmsg_account *account = body->account;

	might_sleep();
	if (body->ops->release)
		body->ops->release(body);
	capmsg_account_put(account);
	capmsg_object_put(body->object);
	call_rcu(&body->rcu, body_free_rcu);
}

static struct capmsg_lien *lien_pop(struct capmsg_body *body, void **held)
{
	struct capmsg_lien *lien = NULL;

	*held = NULL;
	spin_lock(&body->lock);
	while (!*held && !list_empty(&body->liens)) {
		lien = list_first_entry(&body->liens, struct capmsg_lien, link);
		list_del_init(&lien->link);
		*held = lien->ops->hold(lien);
	}
	spin_unlock(&body->lock);
	return *held ? lien : NULL;
}

/* What is left is no longer its creator's, see "DOC: Lifetime". */
static void bury(struct capmsg_body *body)
{
	struct capmsg_user *user = body->account->user;

	atomic_long_dec(&live[body->ops->type]);
	capmsg_user_uncharge(user, 0, body->bytes);
	capmsg_user_bury(user, 1);
	capmsg_object_unname(body->object);
}

static void kill_later(struct capmsg_body *body, struct list_head *condemned)
{
	struct capmsg_account *account = body->account;

	spin_lock(&account->lock);
	disown_locked(account, body);
	spin_unlock(&account->lock);
	list_add_tail(&body->owned, condemned);
}

static void kill_one(struct capmsg_body *body, struct list_head *condemned)
{
	struct capmsg_lien *lien;
	struct capmsg_body *next;
	void *held;

	spin_lock(&body->lock);
	WRITE_ONCE(body->dead, true);
	spin_unlock(&body->lock);

	body->ops->kill(body);
	/* There may be as many as strangers pay for. */
	while ((lien = lien_pop(body, &held))) {
		next = lien->ops->lost(lien, held);
		if (next)
			kill_later(next, condemned);
		cond_resched();
	}
	if (body->ops->ended)
		body->ops->ended(body);
	bury(body);
	capmsg_body_put(body);
}

/**
 * capmsg_body_kill() - destroy an object that is void already
 * @body: what capmsg_object_condemn() has returned
 *
 * All that ends with it is destroyed as well, without recursion: there may be any
 * number, and any number may end one with the other.
 *
 * Context: Process context, no locks held; may sleep, for no longer than a
 * transfer copies one chunk.
 */
void capmsg_body_kill(struct capmsg_body *body)
{
	LIST_HEAD(condemned);

	kill_later(body, &condemned);
	while (!list_empty(&condemned)) {
		body = list_first_entry(&condemned, struct capmsg_body, owned);
		list_del_init(&body->owned);
		kill_one(body, &condemned);
	}
}

/**
 * capmsg_object_condemn() - make an object void, everywhere
 * @object: the object
 *
 * Context: Any.
 * Return: its body, which is to be killed; NULL if somebody else was first.
 */
struct capmsg_body *capmsg_object_condemn(struct capmsg_object *object)
{
	return unrcu_pointer(xchg(&object->body, RCU_INITIALIZER(NULL)));
}

/**
 * capmsg_object_kill() - destroy an object
 * @object: the object; the caller keeps its reference
 *
 * Idempotent: the first caller kills, others do nothing. Never fails.
 *
 * Context: Process context, no locks held; may sleep, for no longer than a
 * transfer copies one chunk.
 * Return: true if this call did it; when it returns every commit that had found
 * the object alive is over. False if somebody else was first.
 */
bool capmsg_object_kill(struct capmsg_object *object)
{
	struct capmsg_body *body = capmsg_object_condemn(object);

	if (body)
		capmsg_body_kill(body);
	return body;
}

static struct capmsg_object *first_owned(struct capmsg_account *account)
{
	struct capmsg_object *object = NULL;
	struct capmsg_body *body;

	spin_lock(&account->lock);
	body = list_first_entry_or_null(&account->owned, struct capmsg_body,
					owned);
	if (body) {
		disown_locked(account, body);
		object = capmsg_object_get(body->object);
	}
	spin_unlock(&account->lock);
	return object;
}

/**
 * capmsg_objects_kill() - destroy all objects that an account pays for
 * @account: the account; nobody creates objects in it any more
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_objects_kill(struct capmsg_account *account)
{
	struct capmsg_object *object;

	while ((object = first_owned(account))) {
		capmsg_object_kill(object);
		capmsg_object_put(object);
		cond_resched();
	}
}

/**
 * capmsg_body_next() - go round the bodies of an account
 * @account: the account
 *
 * The body whose turn it is goes to the end of the list. So as many calls as
 * there are bodies meet all of them, whoever makes the calls.
 *
 * Context: Any; takes account->lock.
 * Return: that body, with a reference; or NULL if it has nothing to be swept,
 * or there is none.
 */
struct capmsg_body *capmsg_body_next(struct capmsg_account *account)
{
	struct capmsg_body *body;

	spin_lock(&account->lock);
	body = list_first_entry_or_null(&account->owned, struct capmsg_body,
					owned);
	if (body)
		list_move_tail(&body->owned, &account->owned);
	/* The account's own reference ends after it has left the list. */
	body = body && body->ops->sweep ? capmsg_body_get(body) : NULL;
	spin_unlock(&account->lock);
	return body;
}

/**
 * capmsg_senders_inc() - count a capability to send through
 * @object: the port that it names, or the revoker that it comes through
 *
 * Context: Any; no locks held but those above ports: takes that of the port.
 */
void capmsg_senders_inc(struct capmsg_object *object)
{
	struct capmsg_body *body;

	if (atomic_inc_not_zero(&object->senders))
		return;
	rcu_read_lock();
	body = rcu_dereference(object->body);
	if (body && body->ops->first_sender)
		body->ops->first_sender(body);
	rcu_read_unlock();
}

/**
 * capmsg_senders_dec() - count such a capability no longer
 * @object: as it was counted
 *
 * Context: As capmsg_senders_inc().
 */
void capmsg_senders_dec(struct capmsg_object *object)
{
	struct capmsg_body *body;

	if (atomic_add_unless(&object->senders, -1, 1))
		return;
	rcu_read_lock();
	body = rcu_dereference(object->body);
	if (body && body->ops->last_sender)
		body->ops->last_sender(body);
	rcu_read_unlock();
}

/**
 * capmsg_objects_live() - number of living objects
 * @type: of this type
 *
 * Context: Any.
 * Return: the number; may be old when it arrives.
 */
unsigned long capmsg_objects_live(enum capmsg_type type)
{
	return atomic_long_read(&live[type]);
}

/**
 * capmsg_tombstones() - number of destroyed objects that are still named
 *
 * Context: Any.
 * Return: the number; may be old when it arrives.
 */
unsigned long capmsg_tombstones(void)
{
	long n = atomic_long_read(&objects);
	int type;

	for (type = 0; type < CAPMSG_TYPE_COUNT; type++)
		n -= atomic_long_read(&live[type]);
	return max(n, 0L);
}
