// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches from inside: one notice or none, and nothing that stays behind.
 */
#include "notification.h"
#include "thing.h"
#include "watch.h"

/* What is watched, and who is told. */
struct scene {
	struct capmsg_thing *thing;
	struct capmsg_notification *n;
	struct capmsg_cap cap;
};

/* Outlives the case: things are freed later. */
static struct capmsg_thing_log thing_log;

static void scene_make(struct kunit *test, struct scene *s)
{
	memset(&thing_log, 0, sizeof(thing_log));
	s->thing = capmsg_thing(test, &thing_log);
	s->n = capmsg_notification_alloc(capmsg_kit_account(test), NULL, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->n);
	capmsg_body_own(&s->n->body);
	s->cap = capmsg_cap_make(s->thing->body.object, 0);
}

static struct capmsg_watcher *watcher_make(struct kunit *test, struct scene *s,
					   u64 bits)
{
	struct capmsg_notice notice = {
		.cap = capmsg_cap_make(s->n->body.object, CAPMSG_RIGHT_SEND),
		.bits = bits,
	};
	struct capmsg_watcher *watcher;

	watcher = capmsg_watcher_alloc(capmsg_kit_account(test), &s->cap,
				       &notice);
	/* Moved, or still ours. */
	KUNIT_EXPECT_EQ(test, IS_ERR(watcher), capmsg_notice_given(&notice));
	capmsg_notice_drop(&notice);
	return watcher;
}

static struct capmsg_watcher *watch(struct kunit *test, struct scene *s,
				    u64 bits)
{
	struct capmsg_watcher *watcher = watcher_make(test, s, bits);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, watcher);
	KUNIT_ASSERT_EQ(test, capmsg_watcher_start(watcher, NULL), 0);
	return watcher;
}

static u32 liens(struct capmsg_body *body)
{
	struct list_head *link;
	u32 n = 0;

	spin_lock(&body->lock);
	list_for_each(link, &body->liens)
		n++;
	spin_unlock(&body->lock);
	return n;
}

static void death_is_told_once(struct kunit *test)
{
	struct capmsg_watcher *a, *b;
	struct scene s;

	scene_make(test, &s);
	a = watch(test, &s, 1);
	b = watch(test, &s, 2);
	KUNIT_EXPECT_EQ(test, liens(&s.thing->body), 2);
	KUNIT_EXPECT_EQ(test, capmsg_notification_pending(s.n), 0);
	capmsg_body_get(&a->body);
	capmsg_body_get(&b->body);
	capmsg_kit_kill(&s.thing->body);
	KUNIT_EXPECT_EQ(test, capmsg_notification_pending(s.n), 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&thing_log.released), 1);
	KUNIT_EXPECT_TRUE(test, a->body.dead);
	KUNIT_EXPECT_TRUE(test, b->body.dead);
	KUNIT_EXPECT_FALSE(test, capmsg_notice_given(&a->notice));
	/* It is over: nobody but the case knows them. */
	KUNIT_EXPECT_EQ(test, refcount_read(&a->body.refs), 1);
	KUNIT_EXPECT_FALSE(test, capmsg_object_kill(a->body.object));
	capmsg_body_put(&a->body);
	capmsg_body_put(&b->body);
	capmsg_cap_forget(&s.cap);
}

static void a_watch_that_is_destroyed_tells_nothing(struct kunit *test)
{
	struct capmsg_watcher *watcher;
	struct scene s;

	scene_make(test, &s);
	watcher = watch(test, &s, 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&s.thing->body.refs), 2);
	capmsg_kit_kill(&watcher->body);
	KUNIT_EXPECT_EQ(test, liens(&s.thing->body), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&s.thing->body.refs), 1);
	capmsg_kit_kill(&s.thing->body);
	KUNIT_EXPECT_EQ(test, capmsg_notification_pending(s.n), 0);
	capmsg_cap_forget(&s.cap);
}

static void what_is_dead_is_not_watched(struct kunit *test)
{
	struct capmsg_watcher *watcher;
	struct scene s;

	scene_make(test, &s);
	/* It dies after the watch was made, and before it begins. */
	watcher = watcher_make(test, &s, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, watcher);
	capmsg_kit_kill(&s.thing->body);
	KUNIT_EXPECT_EQ(test, atomic_read(&thing_log.released), 0);
	KUNIT_EXPECT_EQ(test, capmsg_watcher_start(watcher, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&thing_log.released), 1);
	watcher = watcher_make(test, &s, 1);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(watcher), -ENOENT);
	KUNIT_EXPECT_EQ(test, capmsg_notification_pending(s.n), 0);
	capmsg_cap_forget(&s.cap);
}

static void without_its_slot_there_is_no_watch(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_spot spot = capmsg_kit_spot(table, 3);
	struct capmsg_watcher *watcher;
	struct scene s;

	scene_make(test, &s);
	watcher = watcher_make(test, &s, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, watcher);
	KUNIT_EXPECT_EQ(test, capmsg_watcher_start(watcher, &spot), 0);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_kit_cap(table, 3)->object,
			    watcher->body.object);
	KUNIT_EXPECT_EQ(test, capmsg_kit_cap(table, 3)->rights,
			CAPMSG_RIGHT_DESTROY);
	watcher = watcher_make(test, &s, 2);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, watcher);
	KUNIT_EXPECT_EQ(test, capmsg_watcher_start(watcher, &spot), -EEXIST);
	KUNIT_EXPECT_EQ(test, liens(&s.thing->body), 1);
	capmsg_kit_kill(&s.thing->body);
	KUNIT_EXPECT_EQ(test, capmsg_notification_pending(s.n), 1);
	KUNIT_EXPECT_TRUE(test, capmsg_cap_void(capmsg_kit_cap(table, 3)));
	capmsg_cap_forget(&s.cap);
}

static void a_watch_is_charged(struct kunit *test)
{
	struct capmsg_kit *kit = capmsg_kit_of(test);
	struct capmsg_watcher *watcher;
	struct scene s;
	long before;

	scene_make(test, &s);
	before = atomic_long_read(&kit->user.bytes);
	watcher = watch(test, &s, 1);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->user.bytes) - before,
			struct_size(watcher, watched, 1) +
			sizeof(struct capmsg_object));
	capmsg_max_objects = atomic_long_read(&kit->user.objects);
	watcher = watcher_make(test, &s, 2);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(watcher), -EDQUOT);
	KUNIT_EXPECT_EQ(test, refcount_read(&s.thing->body.refs), 2);
	capmsg_cap_forget(&s.cap);
}

static void a_notice_to_nobody_is_swept(struct kunit *test)
{
	struct capmsg_object *object;
	struct capmsg_watcher *watcher;
	struct scene s;

	scene_make(test, &s);
	watcher = watch(test, &s, 1);
	object = capmsg_object_name(s.n->body.object);
	capmsg_kit_kill(&s.n->body);
	KUNIT_EXPECT_EQ(test, refcount_read(&object->caps), 2);
	watcher->body.ops->sweep(&watcher->body);
	KUNIT_EXPECT_EQ(test, refcount_read(&object->caps), 1);
	KUNIT_EXPECT_FALSE(test, watcher->body.dead);
	capmsg_kit_kill(&s.thing->body);
	capmsg_object_unname(object);
	capmsg_cap_forget(&s.cap);
}

static struct kunit_case watch_cases[] = {
	KUNIT_CASE(death_is_told_once),
	KUNIT_CASE(a_watch_that_is_destroyed_tells_nothing),
	KUNIT_CASE(what_is_dead_is_not_watched),
	KUNIT_CASE(without_its_slot_there_is_no_watch),
	KUNIT_CASE(a_watch_is_charged),
	KUNIT_CASE(a_notice_to_nobody_is_swept),
	{ }
};

static struct kunit_suite watch_suite = {
	.name		= "capmsg_watch",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= watch_cases,
};

kunit_test_suite(watch_suite);
