/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches: a death notice that is yet to come, as an object.
 */
#ifndef CAPMSG_WATCH_H
#define CAPMSG_WATCH_H

#include "cappage.h"
#include "notice.h"

/**
 * DOC: Watches
 *
 * A capability dies with its object, or with any revoker that it came through. A
 * watch has a lien on each of these: the first that dies gives the notice, and
 * the watch is over. All that this needs is there since the watch was created, so
 * it happens whatever memory there is.
 *
 * The notice is given under the lock of the watch, and only while the watch is
 * not dead: so no notice follows once the watch is destroyed. A watch starts when
 * its liens are attached and its own capability is stored, all under that lock. A
 * death before that neither gives the notice nor ends the watch: whoever starts it
 * finds the body dead. So if starting fails nobody was told of anything.
 */

struct capmsg_watcher;

/**
 * struct capmsg_watched - one of the bodies that a watch depends on
 */
struct capmsg_watched {
	/** @lien: tells the watch when @body dies */
	struct capmsg_lien lien;
	/** @body: with a reference, until the watch dies; else constant */
	struct capmsg_body *body;
	/** @watcher: what this is part of; constant */
	struct capmsg_watcher *watcher;
};

/**
 * struct capmsg_watcher - a watch
 */
struct capmsg_watcher {
	/** @body: what every object has */
	struct capmsg_body body;
	/** @notice: to be given; none once it was; body.lock */
	struct capmsg_notice notice;
	/** @started: losses count; before that its maker meets them; body.lock */
	bool started;
	/** @n: number of bodies; constant */
	u32 n;
	/** @watched: the object, and the revokers before it */
	struct capmsg_watched watched[];
};

struct capmsg_watcher *capmsg_watcher_alloc(struct capmsg_account *account,
					    const struct capmsg_cap *cap,
					    struct capmsg_notice *notice);
int capmsg_watcher_start(struct capmsg_watcher *watcher,
			 struct capmsg_spot *spot);

/* As capmsg_body_alloc() takes it. */
static_assert(!offsetof(struct capmsg_watcher, body));

static inline struct capmsg_watcher *capmsg_watcher_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_watcher, body);
}

#endif /* CAPMSG_WATCH_H */
