// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches, see "DOC: Watches" in watch.h.
 */
#include <linux/mm.h>

#include "watch.h"

static void *watched_hold(struct capmsg_lien *lien)
{
	struct capmsg_watcher *watcher =
		container_of(lien, struct capmsg_watched, lien)->watcher;

	return capmsg_body_tryget(&watcher->body) ? watcher : NULL;
}

/* The first loss is told, and ends the watch. */
static struct capmsg_body *watched_lost(struct capmsg_lien *lien, void *held)
{
	struct capmsg_watcher *watcher = held;
	struct capmsg_body *condemned = NULL;
	bool over;

	spin_lock(&watcher->body.lock);
	over = watcher->started && !watcher->body.dead;
	if (over) {
		capmsg_notice_signal(&watcher->notice);
		capmsg_notice_drop(&watcher->notice);
	}
	spin_unlock(&watcher->body.lock);
	if (over)
		condemned = capmsg_object_condemn(watcher->body.object);
	capmsg_body_put(&watcher->body);
	return condemned;
}

static const struct capmsg_lien_ops watched_lien_ops = {
	.hold	= watched_hold,
	.lost	= watched_lost,
};

static void watcher_kill(struct capmsg_body *body)
{
	struct capmsg_watcher *watcher = capmsg_watcher_of(body);
	struct capmsg_body *watched;
	u32 i;

	for (i = 0; i < watcher->n; i++) {
		watched = watcher->watched[i].body;
		capmsg_lien_detach(watched, &watcher->watched[i].lien);
		capmsg_body_put(watched);
	}
	spin_lock(&body->lock);
	capmsg_notice_drop(&watcher->notice);
	spin_unlock(&body->lock);
}

static void watcher_free(struct capmsg_body *body)
{
	kvfree(capmsg_watcher_of(body));
}

static void watcher_sweep(struct capmsg_body *body)
{
	spin_lock(&body->lock);
	capmsg_notice_sweep(&capmsg_watcher_of(body)->notice);
	spin_unlock(&body->lock);
}

static const struct capmsg_body_ops watcher_ops = {
	.type	= CAPMSG_TYPE_WATCH,
	.kill	= watcher_kill,
	.free	= watcher_free,
	.sweep	= watcher_sweep,
};

/* All that a capability depends on. */
#define BODIES_MAX	(1 + CAPMSG_CHAIN_MAX)

/**
 * struct bodies - what a watch is going to depend on
 */
struct bodies {
	/** @n: how many */
	u32 n;
	/** @body: with references */
	struct capmsg_body *body[BODIES_MAX];
};

static int bodies_add_rcu(struct bodies *bodies,
			  const struct capmsg_object *object)
{
	struct capmsg_body *body = rcu_dereference(object->body);

	if (!body || !capmsg_body_tryget(body))
		return -ENOENT;
	bodies->body[bodies->n++] = body;
	return 0;
}

static int bodies_get(struct bodies *bodies, const struct capmsg_cap *cap)
{
	const struct capmsg_object *revoker;
	int ret;

	bodies->n = 0;
	rcu_read_lock();
	ret = bodies_add_rcu(bodies, cap->object);
	for (revoker = cap->revoker; revoker && !ret;
	     revoker = capmsg_revoker_parent_rcu(revoker))
		ret = bodies_add_rcu(bodies, revoker);
	rcu_read_unlock();
	return ret;
}

static void bodies_put(struct bodies *bodies)
{
	while (bodies->n)
		capmsg_body_put(bodies->body[--bodies->n]);
}

/* The references move to the watch. */
static void watch_bodies(struct capmsg_watcher *watcher, struct bodies *bodies)
{
	struct capmsg_watched *watched;
	u32 i;

	watcher->n = bodies->n;
	for (i = 0; i < bodies->n; i++) {
		watched = &watcher->watched[i];
		watched->body = bodies->body[i];
		watched->watcher = watcher;
		watched->lien.ops = &watched_lien_ops;
		INIT_LIST_HEAD(&watched->lien.link);
	}
	bodies->n = 0;
}

/**
 * capmsg_watcher_alloc() - create a watch
 * @account: who pays
 * @cap: whose death is to be told; neither a reply right nor a watch
 * @notice: how; moved into the watch on success
 *
 * Nothing is watched before capmsg_watcher_start().
 *
 * Context: Process context; may sleep.
 * Return: the watch, its reference owned by the caller until then; or ERR_PTR:
 * -ENOENT if @cap reads as void, -EDQUOT, -ENOMEM.
 */
struct capmsg_watcher *capmsg_watcher_alloc(struct capmsg_account *account,
					    const struct capmsg_cap *cap,
					    struct capmsg_notice *notice)
{
	struct capmsg_watcher *watcher;
	struct bodies bodies;
	int ret;

	ret = bodies_get(&bodies, cap);
	watcher = ret ? ERR_PTR(ret) :
		  capmsg_body_alloc(&watcher_ops, account,
				    struct_size(watcher, watched, bodies.n));
	if (!IS_ERR(watcher)) {
		watch_bodies(watcher, &bodies);
		capmsg_notice_move(&watcher->notice, notice);
	}
	bodies_put(&bodies);
	return watcher;
}

static int attach_locked(struct capmsg_watcher *watcher)
{
	struct capmsg_watched *watched;
	int ret = 0;
	u32 i;

	lockdep_assert_held(&watcher->body.lock);
	for (i = 0; !ret && i < watcher->n; i++) {
		watched = &watcher->watched[i];
		spin_lock(&watched->body->lock);
		if (watched->body->dead)
			ret = -ENOENT;
		else
			capmsg_lien_attach_locked(watched->body,
						  &watched->lien);
		spin_unlock(&watched->body->lock);
	}
	return ret;
}

static void detach_locked(struct capmsg_watcher *watcher)
{
	u32 i;

	lockdep_assert_held(&watcher->body.lock);
	for (i = 0; i < watcher->n; i++)
		capmsg_lien_detach(watcher->watched[i].body,
				   &watcher->watched[i].lien);
}

/* What is lost meanwhile is told when the lock is dropped. */
static int start(struct capmsg_watcher *watcher, struct capmsg_spot *spot,
		 struct capmsg_cap *cap)
{
	int ret;

	spin_lock(&watcher->body.lock);
	ret = attach_locked(watcher);
	if (!ret && spot)
		ret = capmsg_store_now(spot, cap);
	if (ret)
		detach_locked(watcher);
	watcher->started = !ret;
	spin_unlock(&watcher->body.lock);
	return ret;
}

/**
 * capmsg_watcher_start() - begin to watch
 * @watcher: a new watch; the caller's reference is given away, also after an
 *	error
 * @spot: the slot that gets a capability to the watch, or NULL
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0, and the notice may have been given already; -ENOENT if what is to be
 * watched is dead; errors of capmsg_store(). After an error the watch is
 * destroyed, and no notice was given.
 */
int capmsg_watcher_start(struct capmsg_watcher *watcher,
			 struct capmsg_spot *spot)
{
	struct capmsg_body *body = &watcher->body;
	struct capmsg_cap cap = { };
	int ret;

	if (spot)
		cap = capmsg_cap_make(body->object, CAPMSG_RIGHT_DESTROY);
	/* A loss that comes at once ends the watch. */
	capmsg_body_get(body);
	capmsg_body_own(body);
	do {
		ret = start(watcher, spot, &cap);
	} while (spot && capmsg_gate_again(&ret, spot->through, spot->until));
	if (ret)
		capmsg_object_kill(body->object);
	capmsg_cap_forget(&cap);
	capmsg_body_put(body);
	return ret;
}
