// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects: what they are charged, how they die, and who is told.
 */
#include <linux/completion.h>
#include <linux/kthread.h>

#include "thing.h"

static void expect_use(struct kunit *test, long objects, long bytes)
{
	struct capmsg_kit *kit = capmsg_kit_of(test);

	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->user.objects), objects);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->user.bytes), bytes);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->owner.objects), objects);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->owner.bytes), bytes);
}

static struct capmsg_thing_log *log_alloc(struct kunit *test)
{
	struct capmsg_thing_log *log;

	/* Freed after the case's things, whose RCU callbacks write to it. */
	log = kunit_kzalloc(test, sizeof(*log), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, log);
	return log;
}

static void object_is_charged_while_it_lives(struct kunit *test)
{
	struct capmsg_thing_log *log = log_alloc(test);
	unsigned long live = capmsg_objects_live(CAPMSG_TYPE_REGION);
	unsigned long tombstones = capmsg_tombstones();
	struct capmsg_thing *thing = capmsg_thing(test, log);

	KUNIT_EXPECT_EQ(test, capmsg_objects_live(CAPMSG_TYPE_REGION), live + 1);
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), tombstones);
	expect_use(test, 1, CAPMSG_THING_BYTES + sizeof(struct capmsg_object));
	KUNIT_EXPECT_FALSE(test, thing->body.dead);
	KUNIT_EXPECT_EQ(test, thing->body.object->type, CAPMSG_TYPE_REGION);
	KUNIT_EXPECT_PTR_EQ(test, rcu_access_pointer(thing->body.object->body),
			    &thing->body);
	capmsg_kit_kill(&thing->body);
	KUNIT_EXPECT_EQ(test, capmsg_objects_live(CAPMSG_TYPE_REGION), live);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&log->killed), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->released), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->freed), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->wrong), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->dropped), 0);
	expect_use(test, 0, 0);
}

static void tombstone_is_charged_until_it_is_forgotten(struct kunit *test)
{
	struct capmsg_thing_log *log = log_alloc(test);
	unsigned long tombstones = capmsg_tombstones();
	struct capmsg_thing *thing = capmsg_thing(test, log);
	struct capmsg_object *object = capmsg_object_name(thing->body.object);

	capmsg_object_kill(object);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&log->freed), 1);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(object->body));
	KUNIT_EXPECT_EQ(test, refcount_read(&object->caps), 1);
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), tombstones + 1);
	expect_use(test, 1, sizeof(struct capmsg_object));
	KUNIT_EXPECT_FALSE(test, capmsg_object_kill(object));
	KUNIT_EXPECT_EQ(test, atomic_read(&log->killed), 1);
	KUNIT_EXPECT_TRUE(test, capmsg_object_tryname(object));
	capmsg_object_unname(object);
	rcu_read_lock();
	capmsg_object_unname(object);
	KUNIT_EXPECT_FALSE(test, capmsg_object_tryname(object));
	rcu_read_unlock();
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), tombstones);
	expect_use(test, 0, 0);
}

static void reference_keeps_the_memory_of_a_dead_body(struct kunit *test)
{
	struct capmsg_thing_log *log = log_alloc(test);
	unsigned long live = capmsg_objects_live(CAPMSG_TYPE_REGION);
	unsigned long tombstones = capmsg_tombstones();
	struct capmsg_thing *thing = capmsg_thing(test, log);

	KUNIT_EXPECT_TRUE(test, capmsg_body_tryget(&thing->body));
	capmsg_kit_kill(&thing->body);
	KUNIT_EXPECT_TRUE(test, thing->body.dead);
	KUNIT_EXPECT_TRUE(test, list_empty(&thing->body.owned));
	KUNIT_EXPECT_EQ(test, capmsg_objects_live(CAPMSG_TYPE_REGION), live);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&log->killed), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->ended), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->released), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->freed), 0);
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), tombstones + 1);
	/* Whoever has created it cannot help that. */
	expect_use(test, 0, 0);
	capmsg_body_put(&thing->body);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->ended), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->released), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->wrong), 0);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&log->freed), 1);
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), tombstones);
}

/* Nor that somebody looks whether it is dead. */
static void tombstone_without_a_name_is_not_charged(struct kunit *test)
{
	struct capmsg_thing_log *log = log_alloc(test);
	unsigned long tombstones = capmsg_tombstones();
	struct capmsg_thing *thing = capmsg_thing(test, log);
	struct capmsg_object *object = thing->body.object;
	struct capmsg_cap cap = capmsg_cap_make(object, 0);

	KUNIT_EXPECT_TRUE(test, capmsg_object_tryget(object));
	capmsg_kit_kill(&thing->body);
	expect_use(test, 1, sizeof(*object));
	capmsg_cap_forget(&cap);
	expect_use(test, 0, 0);
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), tombstones + 1);
	rcu_read_lock();
	KUNIT_EXPECT_FALSE(test, capmsg_object_tryname(object));
	KUNIT_EXPECT_NULL(test, rcu_dereference(object->body));
	rcu_read_unlock();
	capmsg_object_put(object);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), tombstones);
}

static void object_without_owner_can_be_killed(struct kunit *test)
{
	struct capmsg_thing_log *log = log_alloc(test);
	struct capmsg_thing *thing = capmsg_thing_alloc(test, log);

	KUNIT_EXPECT_TRUE(test,
			  list_empty(&capmsg_kit_account(test)->owned));
	capmsg_kit_kill(&thing->body);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&log->killed), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->freed), 1);
}

static void end_of_the_account_kills_all(struct kunit *test)
{
	struct capmsg_account *account = capmsg_kit_account(test);
	struct capmsg_thing_log *log = log_alloc(test);
	struct capmsg_object *named;
	int i;

	for (i = 0; i < 50; i++)
		capmsg_thing(test, log);
	named = capmsg_object_name(capmsg_thing(test, log)->body.object);
	capmsg_objects_kill(account);
	KUNIT_EXPECT_TRUE(test, list_empty(&account->owned));
	KUNIT_EXPECT_EQ(test, atomic_read(&log->killed), 51);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(named->body));
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&log->freed), 51);
	expect_use(test, 1, sizeof(struct capmsg_object));
	capmsg_objects_kill(account);
	capmsg_object_unname(named);
}

static void charge_says_no_at_the_limit(struct kunit *test)
{
	struct capmsg_account *account = capmsg_kit_account(test);

	capmsg_max_objects = 1;
	KUNIT_EXPECT_EQ(test, capmsg_account_charge(account, 1, 100), 0);
	expect_use(test, 1, 100);
	KUNIT_EXPECT_EQ(test, capmsg_account_charge(account, 1, 100), -EDQUOT);
	expect_use(test, 1, 100);
	capmsg_user_uncharge(account->user, 1, 100);
}

struct note {
	struct capmsg_lien lien;
	struct capmsg_body *body;
	bool willing;
	int held;
	int lost;
	int wrong;
};

static struct capmsg_thing *note_thing(const struct note *note)
{
	return container_of(note->body, struct capmsg_thing, body);
}

static void *note_hold(struct capmsg_lien *lien)
{
	struct note *note = container_of(lien, struct note, lien);

	if (capmsg_thing_unlocked(note->body) || !note->body->dead)
		note->wrong++;
	note->held++;
	return note->willing ? note : NULL;
}

static struct capmsg_body *note_lost(struct capmsg_lien *lien, void *held)
{
	struct note *note = container_of(lien, struct note, lien);

	if (held != note || !capmsg_thing_unlocked(note->body) ||
	    !list_empty(&lien->link) || note_thing(note)->ended ||
	    rcu_access_pointer(note->body->object->body))
		note->wrong++;
	note->lost++;
	return NULL;
}

static const struct capmsg_lien_ops note_ops = {
	.hold	= note_hold,
	.lost	= note_lost,
};

static void note_attach(struct note *note, struct capmsg_body *body,
			bool willing)
{
	*note = (struct note) {
		.lien.ops	= &note_ops,
		.body		= body,
		.willing	= willing,
	};
	INIT_LIST_HEAD(&note->lien.link);
	spin_lock(&body->lock);
	capmsg_lien_attach_locked(body, &note->lien);
	spin_unlock(&body->lock);
}

static void death_is_told_to_those_with_a_lien(struct kunit *test)
{
	struct capmsg_thing_log *log = log_alloc(test);
	struct capmsg_thing *thing = capmsg_thing(test, log);
	struct note willing[3], going, gone;
	int i;

	capmsg_body_get(&thing->body);
	note_attach(&willing[0], &thing->body, true);
	note_attach(&going, &thing->body, false);
	note_attach(&willing[1], &thing->body, true);
	note_attach(&gone, &thing->body, true);
	note_attach(&willing[2], &thing->body, true);
	spin_lock(&thing->body.lock);
	capmsg_lien_detach_locked(&thing->body, &gone.lien);
	capmsg_lien_detach_locked(&thing->body, &gone.lien);
	spin_unlock(&thing->body.lock);
	KUNIT_EXPECT_EQ(test, willing[0].held, 0);

	capmsg_kit_kill(&thing->body);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, willing[i].held, 1);
		KUNIT_EXPECT_EQ(test, willing[i].lost, 1);
		KUNIT_EXPECT_EQ(test, willing[i].wrong, 0);
	}
	KUNIT_EXPECT_EQ(test, going.held, 1);
	KUNIT_EXPECT_EQ(test, going.lost, 0);
	KUNIT_EXPECT_EQ(test, gone.held, 0);
	KUNIT_EXPECT_EQ(test, gone.lost, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&thing->body.liens));
	KUNIT_EXPECT_TRUE(test, thing->ended);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->wrong), 0);
	capmsg_body_put(&thing->body);
}

#define KILLERS	4
#define VICTIMS	64

struct massacre {
	struct capmsg_object *victims[VICTIMS];
	atomic_t kills;
	struct completion start;
	struct completion done;
};

static int killer(void *data)
{
	struct massacre *massacre = data;
	int i;

	wait_for_completion(&massacre->start);
	for (i = 0; i < VICTIMS; i++)
		atomic_add(capmsg_object_kill(massacre->victims[i]),
			   &massacre->kills);
	complete(&massacre->done);
	return 0;
}

static void of_many_killers_one_kills(struct kunit *test)
{
	struct capmsg_thing_log *log = log_alloc(test);
	struct massacre *massacre;
	struct capmsg_thing *thing;
	struct task_struct *task;
	int i, started = 0;

	massacre = kunit_kzalloc(test, sizeof(*massacre), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, massacre);
	init_completion(&massacre->start);
	init_completion(&massacre->done);
	for (i = 0; i < VICTIMS; i++) {
		thing = capmsg_thing(test, log);
		massacre->victims[i] = capmsg_object_name(thing->body.object);
	}
	for (i = 0; i < KILLERS; i++) {
		task = kthread_run(killer, massacre, "capmsg_killer");
		started += !IS_ERR(task);
	}
	KUNIT_EXPECT_EQ(test, started, KILLERS);
	complete_all(&massacre->start);
	for (i = 0; i < started; i++)
		wait_for_completion(&massacre->done);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->killed), VICTIMS);
	KUNIT_EXPECT_EQ(test, atomic_read(&massacre->kills), VICTIMS);
	KUNIT_EXPECT_EQ(test, atomic_read(&log->released), VICTIMS);
	for (i = 0; i < VICTIMS; i++) {
		KUNIT_EXPECT_EQ(test,
				refcount_read(&massacre->victims[i]->caps), 1);
		capmsg_object_unname(massacre->victims[i]);
	}
	KUNIT_EXPECT_TRUE(test,
			  list_empty(&capmsg_kit_account(test)->owned));
}

static struct kunit_case object_cases[] = {
	KUNIT_CASE(object_is_charged_while_it_lives),
	KUNIT_CASE(tombstone_is_charged_until_it_is_forgotten),
	KUNIT_CASE(reference_keeps_the_memory_of_a_dead_body),
	KUNIT_CASE(tombstone_without_a_name_is_not_charged),
	KUNIT_CASE(object_without_owner_can_be_killed),
	KUNIT_CASE(end_of_the_account_kills_all),
	KUNIT_CASE(charge_says_no_at_the_limit),
	KUNIT_CASE(death_is_told_to_those_with_a_lien),
	KUNIT_CASE(of_many_killers_one_kills),
	{ }
};

static struct kunit_suite object_suite = {
	.name		= "capmsg_object",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= object_cases,
};

kunit_test_suite(object_suite);
