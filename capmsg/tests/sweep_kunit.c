// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sweep: who is counted for tombstones, when they are swept for, and what
 * is left where they were.
 */
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/kthread.h>

#include "call.h"
#include "export.h"
#include "port_kit.h"
#include "sweep.h"
#include "thing.h"
#include "walk.h"

#define ENTRIES	16

/* Things whose names are kept, and nothing else. */
struct victims {
	struct capmsg_thing_log log;
	struct capmsg_cappage *table;
};

static struct victims *victims_alloc(struct kunit *test)
{
	struct victims *victims;

	victims = kunit_kzalloc(test, sizeof(*victims), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, victims);
	victims->table = capmsg_kit_table(test, 8);
	return victims;
}

static void expect_tombstones(struct kunit *test, long n)
{
	struct capmsg_kit *kit = capmsg_kit_of(test);

	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->user.tombstones), n);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->owner.tombstones), n);
}

static struct capmsg_user *user_of(struct kunit *test)
{
	return &capmsg_kit_of(test)->user;
}

/* A tombstone whose name is in a slot. */
static void leave(struct kunit *test, struct victims *victims, u32 index)
{
	struct capmsg_thing *thing = capmsg_thing(test, &victims->log);

	capmsg_kit_put(test, victims->table, index,
		       capmsg_cap_make(thing->body.object,
				       CAPMSG_RIGHT_READ));
	capmsg_kit_kill(&thing->body);
}

/* A tombstone that no sweep finds; to be put by the case. */
static struct capmsg_object *hide(struct kunit *test, struct victims *victims)
{
	struct capmsg_thing *thing = capmsg_thing(test, &victims->log);
	struct capmsg_object *object = capmsg_object_name(thing->body.object);

	capmsg_object_kill(object);
	return object;
}

static void tombstones_are_counted_at_every_level(struct kunit *test)
{
	struct victims *victims = victims_alloc(test);
	struct capmsg_object *object;

	expect_tombstones(test, 0);
	object = hide(test, victims);
	expect_tombstones(test, 1);
	leave(test, victims, 0);
	expect_tombstones(test, 2);
	capmsg_object_unname(object);
	expect_tombstones(test, 1);
	capmsg_slot_expire(victims->table, 0);
	expect_tombstones(test, 0);
}

static void slots_are_emptied_of_tombstones_only(struct kunit *test)
{
	struct victims *victims = victims_alloc(test);
	struct capmsg_thing *alive = capmsg_thing(test, &victims->log);
	u32 i;

	for (i = 0; i < 256; i++) {
		if (i % 3)
			leave(test, victims, i);
		else
			capmsg_kit_put(test, victims->table, i,
				       capmsg_cap_make(alive->body.object,
						       CAPMSG_RIGHT_WRITE));
	}
	expect_tombstones(test, 170);
	KUNIT_EXPECT_TRUE(test, capmsg_sweep_for_quota(user_of(test)));
	expect_tombstones(test, 0);
	for (i = 0; i < 256; i++)
		KUNIT_EXPECT_PTR_EQ(test,
				    capmsg_kit_cap(victims->table, i)->object,
				    i % 3 ? NULL : alive->body.object);
	KUNIT_EXPECT_FALSE(test, capmsg_sweep_for_quota(user_of(test)));
}

static void every_account_and_every_table_is_swept(struct kunit *test)
{
	struct capmsg_account *others[ENTRIES];
	struct capmsg_cappage *tables[ENTRIES];
	struct victims *victims = victims_alloc(test);
	struct capmsg_cap cap;
	struct capmsg_spot spot;
	u32 i;

	for (i = 0; i < ENTRIES; i++) {
		others[i] = capmsg_account_alloc();
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, others[i]);
		tables[i] = capmsg_cappage_alloc(others[i], 4, NULL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tables[i]);
		capmsg_body_own(&tables[i]->body);
		leave(test, victims, i);
		/* Void already, but a store does not look. */
		cap = *capmsg_kit_cap(victims->table, i);
		capmsg_object_name(cap.object);
		spot = capmsg_kit_spot(tables[i], i);
		KUNIT_ASSERT_EQ(test, capmsg_store(&spot, &cap), 0);
	}
	expect_tombstones(test, ENTRIES);
	KUNIT_EXPECT_TRUE(test, capmsg_sweep_for_quota(user_of(test)));
	expect_tombstones(test, 0);
	for (i = 0; i < ENTRIES; i++) {
		KUNIT_EXPECT_NULL(test, capmsg_kit_cap(tables[i], i)->object);
		capmsg_objects_kill(others[i]);
		capmsg_account_put(others[i]);
	}
}

/* What was derived through a revoker lets go of that as well. */
static void sweep_lets_go_of_the_revoker_too(struct kunit *test)
{
	struct victims *victims = victims_alloc(test);
	struct capmsg_thing *thing = capmsg_thing(test, &victims->log);
	struct capmsg_object *object = thing->body.object;
	struct capmsg_revoker *revoker;
	struct capmsg_cap cap;

	revoker = capmsg_revoker_alloc(capmsg_kit_account(test), object, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, revoker);
	capmsg_body_own(&revoker->body);
	cap = capmsg_cap_make(object, 0);
	cap.revoker = capmsg_object_get(revoker->body.object);
	capmsg_kit_put(test, victims->table, 0, cap);
	KUNIT_EXPECT_EQ(test, refcount_read(&revoker->body.object->refs), 3);
	capmsg_kit_kill(&thing->body);
	expect_tombstones(test, 1);
	KUNIT_EXPECT_TRUE(test, capmsg_sweep_for_quota(user_of(test)));
	expect_tombstones(test, 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&revoker->body.object->refs), 2);
}

static int walk(struct capmsg_cappage *table, u64 address)
{
	struct capmsg_cap root = capmsg_cap_make(table->body.object, 0);
	const struct capmsg_view view = { .root = &root };
	struct capmsg_place place;
	struct capmsg_cap cap;
	int ret;

	rcu_read_lock();
	ret = capmsg_walk_rcu(&view, address, CAPMSG_LOOKUP_OBJECT, &cap,
			      &place);
	rcu_read_unlock();
	capmsg_cap_forget(&root);
	return ret;
}

static void swept_reply_right_says_that_its_call_is_over(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_thing_log *log;
	struct capmsg_spot spot = capmsg_kit_spot(table, 3);
	struct capmsg_cap cap;

	log = kunit_kzalloc(test, sizeof(*log), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, log);
	capmsg_kit_put(test, table, 3,
		       capmsg_cap_make(frame->port.body.object,
				       CAPMSG_RIGHT_SEND));
	capmsg_kit_kill(&frame->port.body);
	expect_tombstones(test, 1);
	KUNIT_EXPECT_EQ(test, walk(table, CAPMSG_ADDRESS(3, 4)), -ESTALE);
	KUNIT_EXPECT_TRUE(test, capmsg_sweep_for_quota(user_of(test)));
	expect_tombstones(test, 0);
	KUNIT_EXPECT_EQ(test, walk(table, CAPMSG_ADDRESS(3, 4)), -ESTALE);
	/* Once more, and something else in its place. */
	capmsg_sweep_for_quota(user_of(test));
	KUNIT_EXPECT_EQ(test, walk(table, CAPMSG_ADDRESS(3, 4)), -ESTALE);
	cap = capmsg_cap_make(capmsg_thing(test, log)->body.object, 0);
	KUNIT_EXPECT_EQ(test, capmsg_store(&spot, &cap), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&capmsg_reply_tombstone.caps), 1);
}

static void posts_are_swept_of_reply_rights(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit(test, 2);
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_sender *sender = capmsg_sender_kit(test, 5);
	struct capmsg_port *caller;
	struct capmsg_port_post *post;
	u64 epoch;

	sender->reply = capmsg_cap_make(frame->port.body.object,
					CAPMSG_RIGHT_SEND);
	KUNIT_ASSERT_EQ(test, capmsg_port_kit_enter(port, sender), 0);
	capmsg_kit_kill(&frame->port.body);
	expect_tombstones(test, 1);
	KUNIT_EXPECT_TRUE(test, capmsg_sweep_for_quota(user_of(test)));
	expect_tombstones(test, 0);
	post = capmsg_port_kit_reap(port);
	KUNIT_ASSERT_NOT_NULL(test, post);
	capmsg_port_retire(port, post);
	KUNIT_EXPECT_EQ(test, capmsg_reply_find(port, post->index, post->seq,
						&caller, &epoch), -ESTALE);
	KUNIT_EXPECT_EQ(test, capmsg_kit_drop_reply(port, post->index,
						    post->seq), 0);
	capmsg_port_kit_expect(test, port, 0, 2, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&capmsg_reply_tombstone.caps), 1);
}

static void exports_are_swept(struct kunit *test)
{
	const struct capmsg_until now = { .nonblock = true };
	struct victims *victims = victims_alloc(test);
	unsigned long before = capmsg_exports();
	struct file *files[ENTRIES];
	struct capmsg_thing *thing;
	struct capmsg_cap cap;
	u32 i;

	for (i = 0; i < ENTRIES; i++) {
		thing = capmsg_thing(test, &victims->log);
		cap = capmsg_cap_make(thing->body.object, 0);
		files[i] = capmsg_export(capmsg_kit_account(test), &cap);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, files[i]);
		if (i % 2)
			capmsg_kit_kill(&thing->body);
	}
	KUNIT_EXPECT_EQ(test, capmsg_exports(), before + ENTRIES);
	expect_tombstones(test, ENTRIES / 2);
	KUNIT_EXPECT_TRUE(test, capmsg_sweep_for_quota(user_of(test)));
	expect_tombstones(test, 0);
	for (i = 0; i < ENTRIES; i++) {
		KUNIT_EXPECT_EQ(test, capmsg_import(files[i], &now, &cap),
				i % 2 ? -ENOENT : 0);
		if (!(i % 2))
			capmsg_cap_forget(&cap);
		/* As nobody else has it, it is gone at once. */
		__fput_sync(files[i]);
	}
	KUNIT_EXPECT_EQ(test, capmsg_exports(), before);
}

static void it_is_due_at_a_quarter_of_the_quota(struct kunit *test)
{
	struct victims *victims = victims_alloc(test);
	u32 i;

	capmsg_max_objects = 100;
	for (i = 0; i < 25; i++)
		leave(test, victims, i);
	capmsg_sweep_if_due(user_of(test));
	expect_tombstones(test, 25);
	leave(test, victims, i);
	capmsg_sweep_if_due(user_of(test));
	expect_tombstones(test, 0);
	/* Bytes are a quota, too. */
	capmsg_max_objects = 10000;
	for (i = 0; i < 26; i++)
		leave(test, victims, i);
	capmsg_sweep_if_due(user_of(test));
	expect_tombstones(test, 26);
	capmsg_max_bytes = 100 * sizeof(struct capmsg_object);
	capmsg_sweep_if_due(user_of(test));
	expect_tombstones(test, 0);
}

static void it_is_due_for_the_owner_of_the_namespace(struct kunit *test)
{
	struct capmsg_kit *kit = capmsg_kit_of(test);
	struct victims *victims = victims_alloc(test);

	capmsg_max_objects = 100;
	leave(test, victims, 0);
	capmsg_user_bury(&kit->owner, 25);
	capmsg_sweep_if_due(&kit->user);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->user.tombstones), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->owner.tombstones), 25);
	KUNIT_EXPECT_EQ(test, kit->user.kept, 0);
	KUNIT_EXPECT_EQ(test, kit->owner.kept, 25);
	capmsg_user_bury(&kit->owner, -25);
}

/* What cannot be swept is not swept for again and again. */
static void what_is_kept_is_left_out_of_account(struct kunit *test)
{
	struct victims *victims = victims_alloc(test);
	struct capmsg_object *hidden[40];
	u32 i;

	capmsg_max_objects = 100;
	for (i = 0; i < ARRAY_SIZE(hidden); i++)
		hidden[i] = hide(test, victims);
	capmsg_sweep_if_due(user_of(test));
	expect_tombstones(test, 40);
	KUNIT_EXPECT_EQ(test, user_of(test)->kept, 40);
	/* A quarter of the other 60. */
	for (i = 0; i < 15; i++)
		leave(test, victims, i);
	capmsg_sweep_if_due(user_of(test));
	expect_tombstones(test, 55);
	leave(test, victims, i);
	capmsg_sweep_if_due(user_of(test));
	expect_tombstones(test, 40);
	/* When they are gone the whole quota counts again. */
	for (i = 0; i < ARRAY_SIZE(hidden); i++)
		capmsg_object_unname(hidden[i]);
	for (i = 0; i < 25; i++)
		leave(test, victims, i);
	capmsg_sweep_if_due(user_of(test));
	KUNIT_EXPECT_EQ(test, user_of(test)->kept, 25);
	expect_tombstones(test, 25);
	KUNIT_EXPECT_TRUE(test, capmsg_sweep_for_quota(user_of(test)));
	expect_tombstones(test, 0);
}

#define SWEEPERS	3
#define ROUNDS		80

struct crowd {
	struct capmsg_user *user;
	struct capmsg_cappage *table;
	struct capmsg_object *alive;
	struct completion done;
	atomic_t running;
	atomic_t missing;
};

static int sweeper(void *data)
{
	struct crowd *crowd = data;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		/* As if there were a tombstone at any moment. */
		capmsg_user_bury(crowd->user, 1);
		capmsg_sweep_for_quota(crowd->user);
		capmsg_user_bury(crowd->user, -1);
	}
	if (atomic_dec_and_test(&crowd->running))
		complete(&crowd->done);
	return 0;
}

/* Slot 0 holds something at any moment; slot 1 does from time to time. */
static int looker(void *data)
{
	struct crowd *crowd = data;
	struct capmsg_cap cap;

	while (!kthread_should_stop()) {
		rcu_read_lock();
		capmsg_slot_read_rcu(crowd->table, 0, &cap);
		if (capmsg_cap_void_rcu(&cap))
			atomic_inc(&crowd->missing);
		rcu_read_unlock();
		cond_resched();
	}
	return 0;
}

static void many_sweep_while_slots_change(struct kunit *test)
{
	struct victims *victims = victims_alloc(test);
	struct capmsg_thing *alive = capmsg_thing(test, &victims->log);
	struct task_struct *look, *task;
	struct crowd *crowd;
	u32 i;

	crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, crowd);
	crowd->user = user_of(test);
	crowd->table = victims->table;
	capmsg_kit_put(test, victims->table, 0,
		       capmsg_cap_make(alive->body.object, 0));
	init_completion(&crowd->done);
	atomic_set(&crowd->running, SWEEPERS);
	look = kthread_run(looker, crowd, "capmsg-look");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, look);
	for (i = 0; i < SWEEPERS; i++) {
		task = kthread_run(sweeper, crowd, "capmsg-sweep");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	}
	for (i = 0; !try_wait_for_completion(&crowd->done); i++) {
		leave(test, victims, 1 + i % 200);
		cond_resched();
	}
	kthread_stop(look);
	KUNIT_EXPECT_EQ(test, atomic_read(&crowd->missing), 0);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_kit_cap(victims->table, 0)->object,
			    alive->body.object);
	capmsg_sweep_for_quota(user_of(test));
	expect_tombstones(test, 0);
}

static struct kunit_case sweep_cases[] = {
	KUNIT_CASE(tombstones_are_counted_at_every_level),
	KUNIT_CASE(slots_are_emptied_of_tombstones_only),
	KUNIT_CASE(every_account_and_every_table_is_swept),
	KUNIT_CASE(sweep_lets_go_of_the_revoker_too),
	KUNIT_CASE(swept_reply_right_says_that_its_call_is_over),
	KUNIT_CASE(posts_are_swept_of_reply_rights),
	KUNIT_CASE(exports_are_swept),
	KUNIT_CASE(it_is_due_at_a_quarter_of_the_quota),
	KUNIT_CASE(it_is_due_for_the_owner_of_the_namespace),
	KUNIT_CASE(what_is_kept_is_left_out_of_account),
	KUNIT_CASE(many_sweep_while_slots_change),
	{ }
};

static struct kunit_suite sweep_suite = {
	.name		= "capmsg_sweep",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= sweep_cases,
};

kunit_test_suite(sweep_suite);
