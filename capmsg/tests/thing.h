/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An object of no real type, that counts what is done to it. It passes for a
 * region, and knows badges like a frame.
 */
#ifndef CAPMSG_TESTS_THING_H
#define CAPMSG_TESTS_THING_H

#include "kit.h"

/**
 * struct capmsg_thing_log - what has happened to things; outlives them
 */
struct capmsg_thing_log {
	/** @killed: calls of kill */
	atomic_t killed;
	/** @ended: calls of ended */
	atomic_t ended;
	/** @released: calls of release */
	atomic_t released;
	/** @freed: calls of free */
	atomic_t freed;
	/** @dropped: calls of dropped */
	atomic_t dropped;
	/** @badge: of the last of these */
	u64 badge;
	/**
	 * @wrong: calls of kill or ended with a body that was not dead, or was
	 * locked; calls out of order
	 */
	atomic_t wrong;
};

/**
 * struct capmsg_thing - the object
 */
struct capmsg_thing {
	/** @body: what every object has */
	struct capmsg_body body;
	/** @log: where it is told */
	struct capmsg_thing_log *log;
	/** @stale: badge that reads as void */
	u64 stale;
	/** @ended: was ended called? */
	bool ended;
};

#define CAPMSG_THING_BYTES	(sizeof(struct capmsg_thing))
#define CAPMSG_THING_STALE	0xdeadUL

struct capmsg_thing *capmsg_thing_alloc(struct kunit *test,
					struct capmsg_thing_log *log);
struct capmsg_thing *capmsg_thing(struct kunit *test,
				  struct capmsg_thing_log *log);

/* Nobody has the lock of the body. */
static inline bool capmsg_thing_unlocked(struct capmsg_body *body)
{
	if (!spin_trylock(&body->lock))
		return false;
	spin_unlock(&body->lock);
	return true;
}

#endif /* CAPMSG_TESTS_THING_H */
