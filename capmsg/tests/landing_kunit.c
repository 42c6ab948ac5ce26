// SPDX-License-Identifier: GPL-2.0-only
/*
 * Landing slots: reserved whole or not at all, and given back.
 */
#include "landing.h"
#include "thing.h"

#define SLOTS	16

struct holder {
	struct capmsg_landing landing;
	int lost;
};

static void *holder_hold(struct capmsg_lien *lien)
{
	return lien;
}

static struct capmsg_body *holder_lost(struct capmsg_lien *lien, void *held)
{
	container_of(lien, struct holder, landing.lien)->lost++;
	return NULL;
}

static const struct capmsg_lien_ops holder_ops = {
	.hold	= holder_hold,
	.lost	= holder_lost,
};

static struct capmsg_thing_log things;

static void holder_init(struct holder *holder)
{
	*holder = (struct holder) { .landing.lien.ops = &holder_ops };
	INIT_LIST_HEAD(&holder->landing.lien.link);
}

/* Takes a reference for the landing, as POST does; drops that of the old. */
static int holder_set(struct holder *holder, struct capmsg_cappage *table,
		      u32 first, u32 n)
{
	struct capmsg_cappage *old;
	int ret;

	if (table)
		capmsg_body_get(&table->body);
	ret = capmsg_landing_set(&holder->landing, table, first, n, NULL, &old);
	if (ret && table)
		capmsg_body_put(&table->body);
	if (!ret && old)
		capmsg_body_put(&old->body);
	return ret;
}

/* One bit for each reserved slot, as readers see it. */
static u32 reserved(struct capmsg_cappage *table)
{
	struct capmsg_cap cap;
	u32 i, bits = 0;

	rcu_read_lock();
	for (i = 0; i < SLOTS; i++)
		bits |= capmsg_slot_read_rcu(table, i, &cap) ? BIT(i) : 0;
	rcu_read_unlock();
	return bits;
}

static struct capmsg_cap thing_cap(struct kunit *test)
{
	return capmsg_cap_make(capmsg_thing(test, &things)->body.object, 1);
}

static void set_reserves_exactly_its_slots(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct holder holder;
	u32 first, n;

	holder_init(&holder);
	for (first = 0; first < SLOTS; first++) {
		for (n = 1; first + n <= SLOTS; n++) {
			KUNIT_EXPECT_EQ(test, holder_set(&holder, table, first,
							 n), 0);
			KUNIT_EXPECT_TRUE(test, holder.landing.armed);
			KUNIT_EXPECT_EQ(test, reserved(table),
					GENMASK(first + n - 1, first));
			KUNIT_EXPECT_EQ(test, refcount_read(&table->body.refs),
					2);
		}
	}
	KUNIT_EXPECT_EQ(test, holder_set(&holder, NULL, 0, 0), 0);
	KUNIT_EXPECT_FALSE(test, holder.landing.armed);
	KUNIT_EXPECT_EQ(test, reserved(table), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&table->body.refs), 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&table->body.liens));
}

static void nothing_is_stored_where_something_lands(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_cap cap = thing_cap(test);
	struct holder holder;
	u32 i;

	holder_init(&holder);
	KUNIT_ASSERT_EQ(test, holder_set(&holder, table, 3, 5), 0);
	for (i = 0; i < SLOTS; i++) {
		struct capmsg_spot spot = capmsg_kit_spot(table, i);
		struct capmsg_cap copy = capmsg_cap_make(cap.object, 1);
		bool taken = i >= 3 && i < 8;

		KUNIT_EXPECT_EQ(test, capmsg_store(&spot, &copy),
				taken ? -EBUSY : 0);
		capmsg_cap_forget(&copy);
	}
	KUNIT_EXPECT_EQ(test, holder_set(&holder, NULL, 0, 0), 0);
	capmsg_cap_drop(&cap);
}

static void set_is_all_or_nothing(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_cappage *other = capmsg_kit_table(test, 4);
	struct capmsg_cappage *dead = capmsg_kit_table(test, 4);
	struct holder a, b;

	holder_init(&a);
	holder_init(&b);
	KUNIT_ASSERT_EQ(test, holder_set(&a, table, 0, 4), 0);
	KUNIT_ASSERT_EQ(test, holder_set(&b, table, 8, 2), 0);
	capmsg_kit_put(test, table, 14, thing_cap(test));
	capmsg_kit_put(test, other, 0, thing_cap(test));
	capmsg_body_get(&dead->body);
	capmsg_kit_kill(&dead->body);

	KUNIT_EXPECT_EQ(test, holder_set(&a, table, 2, 7), -EBUSY);
	KUNIT_EXPECT_EQ(test, holder_set(&a, table, 10, 5), -EEXIST);
	KUNIT_EXPECT_EQ(test, holder_set(&a, other, 0, 2), -EEXIST);
	KUNIT_EXPECT_EQ(test, holder_set(&a, dead, 0, 2), -ENOENT);
	KUNIT_EXPECT_PTR_EQ(test, a.landing.table, table);
	KUNIT_EXPECT_EQ(test, a.landing.first, 0);
	KUNIT_EXPECT_EQ(test, a.landing.n, 4);
	KUNIT_EXPECT_EQ(test, reserved(table), 0x030f);
	KUNIT_EXPECT_EQ(test, reserved(other), 0);
	/* What it has itself does not hinder it. */
	KUNIT_EXPECT_EQ(test, holder_set(&a, table, 2, 4), 0);
	KUNIT_EXPECT_EQ(test, reserved(table), 0x033c);
	KUNIT_EXPECT_EQ(test, holder_set(&a, other, 1, 3), 0);
	KUNIT_EXPECT_EQ(test, reserved(table), 0x0300);
	KUNIT_EXPECT_EQ(test, reserved(other), 0x000e);
	KUNIT_EXPECT_EQ(test, holder_set(&a, NULL, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, holder_set(&b, NULL, 0, 0), 0);
	capmsg_body_put(&dead->body);
}

static void tombstones_are_void_to_it(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_cap cap = thing_cap(test);
	struct capmsg_object *object = cap.object;
	struct holder holder;

	holder_init(&holder);
	capmsg_kit_put(test, table, 3, cap);
	KUNIT_EXPECT_EQ(test, holder_set(&holder, table, 3, 1), -EEXIST);
	capmsg_object_kill(object);
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), 1);
	KUNIT_EXPECT_EQ(test, holder_set(&holder, table, 2, 3), 0);
	KUNIT_EXPECT_NULL(test, capmsg_kit_cap(table, 3)->object);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), 0);
	KUNIT_EXPECT_EQ(test, holder_set(&holder, NULL, 0, 0), 0);
}

static void arm_and_disarm_keep_the_place(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct holder holder, other;

	holder_init(&holder);
	holder_init(&other);
	KUNIT_EXPECT_EQ(test, capmsg_landing_arm(&holder.landing), 0);
	KUNIT_EXPECT_FALSE(test, holder.landing.armed);
	capmsg_landing_disarm(&holder.landing);
	KUNIT_ASSERT_EQ(test, holder_set(&holder, table, 4, 4), 0);
	KUNIT_EXPECT_EQ(test, capmsg_landing_arm(&holder.landing), 0);
	capmsg_landing_disarm(&holder.landing);
	capmsg_landing_disarm(&holder.landing);
	KUNIT_EXPECT_EQ(test, reserved(table), 0);
	KUNIT_EXPECT_PTR_EQ(test, holder.landing.table, table);
	KUNIT_EXPECT_EQ(test, capmsg_landing_arm(&holder.landing), 0);
	KUNIT_EXPECT_EQ(test, reserved(table), 0x00f0);

	capmsg_landing_disarm(&holder.landing);
	KUNIT_EXPECT_EQ(test, holder_set(&other, table, 7, 1), 0);
	KUNIT_EXPECT_EQ(test, capmsg_landing_arm(&holder.landing), -EBUSY);
	KUNIT_EXPECT_EQ(test, reserved(table), 0x0080);
	KUNIT_EXPECT_EQ(test, holder_set(&other, NULL, 0, 0), 0);
	capmsg_kit_put(test, table, 4, thing_cap(test));
	KUNIT_EXPECT_EQ(test, capmsg_landing_arm(&holder.landing), -EEXIST);
	KUNIT_EXPECT_EQ(test, reserved(table), 0);
	KUNIT_EXPECT_EQ(test, holder_set(&holder, NULL, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&table->body.refs), 1);
}

static void capabilities_land_in_order(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_object *objects[3];
	struct capmsg_cap caps[3];
	struct holder holder;
	u32 i;

	holder_init(&holder);
	KUNIT_ASSERT_EQ(test, holder_set(&holder, table, 5, 4), 0);
	for (i = 0; i < 3; i++) {
		caps[i] = thing_cap(test);
		objects[i] = caps[i].object;
	}
	spin_lock(&table->body.lock);
	KUNIT_EXPECT_TRUE(test, capmsg_landing_ready_locked(&holder.landing));
	capmsg_landing_commit_locked(&holder.landing, caps, 3);
	spin_unlock(&table->body.lock);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_PTR_EQ(test, capmsg_kit_cap(table, 5 + i)->object,
				    objects[i]);
		KUNIT_EXPECT_NULL(test, caps[i].object);
		KUNIT_EXPECT_EQ(test, refcount_read(&objects[i]->caps), 2);
	}
	KUNIT_EXPECT_NULL(test, capmsg_kit_cap(table, 8)->object);
	/* Reserved until the message is received. */
	KUNIT_EXPECT_EQ(test, reserved(table), 0x01e0);
	capmsg_landing_disarm(&holder.landing);
	KUNIT_EXPECT_EQ(test, reserved(table), 0);
	KUNIT_EXPECT_EQ(test, capmsg_landing_arm(&holder.landing), -EEXIST);
	KUNIT_EXPECT_EQ(test, holder_set(&holder, NULL, 0, 0), 0);
}

static bool is_ready(struct holder *holder, struct capmsg_cappage *table)
{
	bool ready;

	spin_lock(&table->body.lock);
	ready = capmsg_landing_ready_locked(&holder->landing);
	spin_unlock(&table->body.lock);
	return ready;
}

static void death_of_the_table_is_told(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct holder armed, disarmed, other;

	holder_init(&armed);
	holder_init(&disarmed);
	holder_init(&other);
	KUNIT_ASSERT_EQ(test, holder_set(&armed, table, 0, 4), 0);
	KUNIT_ASSERT_EQ(test, holder_set(&disarmed, table, 4, 4), 0);
	KUNIT_ASSERT_EQ(test, holder_set(&other, table, 8, 4), 0);
	KUNIT_EXPECT_EQ(test, holder_set(&other, NULL, 0, 0), 0);
	capmsg_landing_disarm(&disarmed.landing);
	KUNIT_EXPECT_TRUE(test, is_ready(&armed, table));
	KUNIT_EXPECT_FALSE(test, is_ready(&disarmed, table));
	capmsg_kit_kill(&table->body);
	KUNIT_EXPECT_EQ(test, armed.lost, 1);
	KUNIT_EXPECT_EQ(test, disarmed.lost, 1);
	KUNIT_EXPECT_EQ(test, other.lost, 0);
	KUNIT_EXPECT_FALSE(test, is_ready(&armed, table));
	KUNIT_EXPECT_EQ(test, capmsg_landing_arm(&disarmed.landing), -ENOENT);
	capmsg_landing_disarm(&armed.landing);
	KUNIT_EXPECT_EQ(test, holder_set(&disarmed, NULL, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&table->body.refs), 1);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_landing_drop(&armed.landing), table);
	capmsg_body_put(&table->body);
}

static void drop_leaves_nothing(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct holder holder;

	holder_init(&holder);
	KUNIT_EXPECT_NULL(test, capmsg_landing_drop(&holder.landing));
	KUNIT_ASSERT_EQ(test, holder_set(&holder, table, 4, 4), 0);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_landing_drop(&holder.landing), table);
	KUNIT_EXPECT_EQ(test, reserved(table), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&table->body.liens));
	KUNIT_EXPECT_NULL(test, holder.landing.table);
	KUNIT_EXPECT_FALSE(test, holder.landing.armed);
	capmsg_body_put(&table->body);
	KUNIT_ASSERT_EQ(test, holder_set(&holder, table, 4, 4), 0);
	capmsg_landing_disarm(&holder.landing);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_landing_drop(&holder.landing), table);
	KUNIT_EXPECT_TRUE(test, list_empty(&table->body.liens));
	capmsg_body_put(&table->body);
}

static struct kunit_case landing_cases[] = {
	KUNIT_CASE(set_reserves_exactly_its_slots),
	KUNIT_CASE(nothing_is_stored_where_something_lands),
	KUNIT_CASE(set_is_all_or_nothing),
	KUNIT_CASE(tombstones_are_void_to_it),
	KUNIT_CASE(arm_and_disarm_keep_the_place),
	KUNIT_CASE(capabilities_land_in_order),
	KUNIT_CASE(death_of_the_table_is_told),
	KUNIT_CASE(drop_leaves_nothing),
	{ }
};

static struct kunit_suite landing_suite = {
	.name		= "capmsg_landing",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= landing_cases,
};

kunit_test_suite(landing_suite);
