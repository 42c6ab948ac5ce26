// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects that count, see thing.h.
 */
#include "thing.h"

static struct capmsg_thing *thing_of(struct capmsg_body *body)
{
	return container_of(body, struct capmsg_thing, body);
}

static void thing_kill(struct capmsg_body *body)
{
	struct capmsg_thing *thing = thing_of(body);

	if (!body->dead || !capmsg_thing_unlocked(body))
		atomic_inc(&thing->log->wrong);
	atomic_inc(&thing->log->killed);
}

static void thing_ended(struct capmsg_body *body)
{
	struct capmsg_thing *thing = thing_of(body);

	if (!body->dead || !capmsg_thing_unlocked(body) ||
	    !list_empty(&body->liens) || thing->ended)
		atomic_inc(&thing->log->wrong);
	thing->ended = true;
	atomic_inc(&thing->log->ended);
}

static void thing_release(struct capmsg_body *body)
{
	struct capmsg_thing *thing = thing_of(body);

	if (!thing->ended)
		atomic_inc(&thing->log->wrong);
	atomic_inc(&thing->log->released);
}

static void thing_free(struct capmsg_body *body)
{
	struct capmsg_thing *thing = thing_of(body);

	atomic_inc(&thing->log->freed);
	kvfree(thing);
}

static bool thing_stale(const struct capmsg_body *body, u64 badge)
{
	return container_of(body, struct capmsg_thing, body)->stale == badge;
}

static void thing_dropped(struct capmsg_body *body, u64 badge)
{
	struct capmsg_thing *thing = thing_of(body);

	thing->log->badge = badge;
	atomic_inc(&thing->log->dropped);
}

static const struct capmsg_body_ops thing_ops = {
	.type		= CAPMSG_TYPE_REGION,
	.kill		= thing_kill,
	.ended		= thing_ended,
	.release	= thing_release,
	.free		= thing_free,
	.stale		= thing_stale,
	.dropped	= thing_dropped,
};

/* Without an owner yet: the reference is the caller's. */
struct capmsg_thing *capmsg_thing_alloc(struct kunit *test,
					struct capmsg_thing_log *log)
{
	struct capmsg_account *account = capmsg_kit_account(test);
	struct capmsg_thing *thing;

	thing = capmsg_body_alloc(&thing_ops, account, CAPMSG_THING_BYTES);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thing);
	thing->log = log;
	thing->stale = CAPMSG_THING_STALE;
	return thing;
}

struct capmsg_thing *capmsg_thing(struct kunit *test,
				  struct capmsg_thing_log *log)
{
	struct capmsg_thing *thing = capmsg_thing_alloc(test, log);

	capmsg_body_own(&thing->body);
	return thing;
}
