// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots: what may be stored, moved, cleared and fetched, with which rights.
 * How they are found is in walk_kunit.c.
 */
#include "landing.h"
#include "thing.h"
#include "walk.h"

#define RIGHTS	0x80	/* masks of rights, WEAK included */

static struct capmsg_thing_log things;

/* A capability to a new object; the caller kills or drops neither. */
static struct capmsg_cap thing_cap(struct kunit *test)
{
	return capmsg_cap_make(capmsg_thing(test, &things)->body.object,
			       0x3f);
}

static void reserve(struct capmsg_cappage *table, u32 index,
		    struct capmsg_reservation *by)
{
	spin_lock(&table->body.lock);
	write_seqcount_begin(&table->seq);
	table->slots[index].reserved = by;
	write_seqcount_end(&table->seq);
	spin_unlock(&table->body.lock);
}

static void new_table_is_void_and_charged(struct kunit *test)
{
	struct capmsg_kit *kit = capmsg_kit_of(test);
	struct capmsg_cappage *table;
	struct capmsg_cap cap;
	long bytes;
	u32 bits, i, wrong = 0;

	for (bits = CAPMSG_BITS_MIN; bits <= CAPMSG_BITS_MAX; bits++) {
		table = capmsg_kit_table(test, bits);
		bytes = atomic_long_read(&kit->user.bytes);
		KUNIT_EXPECT_EQ(test, bytes, table->body.bytes +
				sizeof(struct capmsg_object));
		KUNIT_EXPECT_GE(test, table->body.bytes,
				sizeof(struct capmsg_slot) << bits);
		KUNIT_EXPECT_EQ(test, table->bits, bits);
		rcu_read_lock();
		for (i = 0; i < 1U << bits; i++) {
			wrong += capmsg_slot_read_rcu(table, i, &cap);
			wrong += !!cap.object;
		}
		rcu_read_unlock();
		KUNIT_EXPECT_EQ(test, wrong, 0);
		capmsg_kit_kill(&table->body);
		rcu_barrier();
	}
}

static void quota_refuses_a_table_and_unwinds(struct kunit *test)
{
	struct capmsg_account *account = capmsg_kit_account(test);
	struct capmsg_cappage *table;

	table = capmsg_kit_table(test, 4);
	capmsg_max_bytes = table->body.bytes * 2;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(capmsg_cappage_alloc(account, 4, NULL)),
			-EDQUOT);
	capmsg_max_bytes = 2 * (table->body.bytes +
				sizeof(struct capmsg_object));
	capmsg_max_objects = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(capmsg_cappage_alloc(account, 4, NULL)),
			-EDQUOT);
	capmsg_max_objects = 2;
	capmsg_kit_table(test, 4);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&account->user->objects), 2);
}

static void store_fills_void_slots_only(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_spot spot = capmsg_kit_spot(table, 3);
	struct capmsg_cap a = thing_cap(test), b = thing_cap(test);
	struct capmsg_object *object = a.object;

	KUNIT_EXPECT_EQ(test, capmsg_store(&spot, &a), 0);
	KUNIT_EXPECT_NULL(test, a.object);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_kit_cap(table, 3)->object, object);
	KUNIT_EXPECT_EQ(test, refcount_read(&object->caps), 2);
	KUNIT_EXPECT_EQ(test, capmsg_store(&spot, &b), -EEXIST);
	KUNIT_EXPECT_NOT_NULL(test, b.object);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_kit_cap(table, 3)->object, object);
	KUNIT_EXPECT_NULL(test, capmsg_kit_cap(table, 2)->object);
	KUNIT_EXPECT_NULL(test, capmsg_kit_cap(table, 4)->object);

	/* What is dead is void, and goes when it is overwritten. */
	capmsg_object_kill(object);
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), 1);
	KUNIT_EXPECT_EQ(test, capmsg_store(&spot, &b), 0);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), 0);
}

static void reserved_and_dead_tables_refuse(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_cappage *other = capmsg_kit_table(test, 4);
	struct capmsg_spot held = capmsg_kit_spot(table, 1);
	struct capmsg_spot free = capmsg_kit_spot(table, 2);
	struct capmsg_spot there = capmsg_kit_spot(other, 0);
	struct capmsg_cap cap = thing_cap(test);
	struct capmsg_reservation held_by = { };

	reserve(table, 1, &held_by);
	KUNIT_EXPECT_EQ(test, capmsg_store(&held, &cap), -EBUSY);
	KUNIT_EXPECT_EQ(test, capmsg_clear(&held), -EBUSY);
	KUNIT_EXPECT_EQ(test, capmsg_move(&held, &free), -EBUSY);
	capmsg_kit_put(test, table, 2, capmsg_cap_make(cap.object, 1));
	KUNIT_EXPECT_EQ(test, capmsg_move(&free, &held), -EBUSY);
	KUNIT_EXPECT_NOT_NULL(test, capmsg_kit_cap(table, 2)->object);
	reserve(table, 1, NULL);

	capmsg_body_get(&table->body);
	capmsg_kit_put(test, other, 0, capmsg_cap_make(cap.object, 1));
	capmsg_kit_kill(&table->body);
	KUNIT_EXPECT_EQ(test, capmsg_store(&held, &cap), -ENOENT);
	KUNIT_EXPECT_EQ(test, capmsg_clear(&held), -ENOENT);
	KUNIT_EXPECT_EQ(test, capmsg_move(&free, &there), -ENOENT);
	KUNIT_EXPECT_EQ(test, capmsg_move(&there, &held), -ENOENT);
	KUNIT_EXPECT_NOT_NULL(test, capmsg_kit_cap(other, 0)->object);
	KUNIT_EXPECT_EQ(test, refcount_read(&cap.object->caps), 3);
	capmsg_body_put(&table->body);
	capmsg_cap_drop(&cap);
}

static void clear_drops_what_is_there(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_spot spot = capmsg_kit_spot(table, 15);
	int before = atomic_read(&things.dropped);
	struct capmsg_cap cap = thing_cap(test);
	struct capmsg_object *object = cap.object;

	KUNIT_EXPECT_EQ(test, capmsg_clear(&spot), 0);
	KUNIT_EXPECT_EQ(test, capmsg_store(&spot, &cap), 0);
	KUNIT_EXPECT_EQ(test, capmsg_clear(&spot), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&things.dropped), before + 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&object->caps), 1);
	KUNIT_EXPECT_NULL(test, capmsg_kit_cap(table, 15)->object);
	KUNIT_EXPECT_EQ(test, capmsg_clear(&spot), 0);
}

static void move_between(struct kunit *test, struct capmsg_cappage *a,
			 struct capmsg_cappage *b)
{
	struct capmsg_spot from = capmsg_kit_spot(a, 5);
	struct capmsg_spot to = capmsg_kit_spot(b, 6);
	struct capmsg_cap cap = thing_cap(test);
	struct capmsg_object *object = cap.object;

	KUNIT_EXPECT_EQ(test, capmsg_move(&from, &to), -ENOENT);
	cap.badge = 12;
	KUNIT_EXPECT_EQ(test, capmsg_store(&from, &cap), 0);
	KUNIT_EXPECT_EQ(test, capmsg_move(&from, &from), -EEXIST);
	KUNIT_EXPECT_EQ(test, capmsg_move(&from, &to), 0);
	KUNIT_EXPECT_NULL(test, capmsg_kit_cap(a, 5)->object);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_kit_cap(b, 6)->object, object);
	KUNIT_EXPECT_EQ(test, capmsg_kit_cap(b, 6)->badge, 12);
	KUNIT_EXPECT_EQ(test, refcount_read(&object->caps), 2);
	cap = thing_cap(test);
	KUNIT_EXPECT_EQ(test, capmsg_store(&from, &cap), 0);
	KUNIT_EXPECT_EQ(test, capmsg_move(&from, &to), -EEXIST);
	/* A tombstone cannot be moved, but moved over. */
	capmsg_object_kill(object);
	KUNIT_EXPECT_EQ(test, capmsg_move(&to, &from), -ENOENT);
	KUNIT_EXPECT_EQ(test, capmsg_move(&from, &to), 0);
	KUNIT_EXPECT_EQ(test, capmsg_clear(&to), 0);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), 0);
}

static void move_is_whole_in_both_orders_of_locks(struct kunit *test)
{
	struct capmsg_cappage *a = capmsg_kit_table(test, 4);
	struct capmsg_cappage *b = capmsg_kit_table(test, 5);

	move_between(test, a, b);
	move_between(test, b, a);
	move_between(test, a, a);
}

static void death_drops_what_is_in_the_table(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	int before = atomic_read(&things.dropped);
	struct capmsg_cap cap = thing_cap(test);
	u32 i;

	for (i = 0; i < 15; i++)
		capmsg_kit_put(test, table, i, capmsg_cap_make(cap.object, i));
	/* It holds itself, too: that keeps a name, not the table. */
	capmsg_kit_put(test, table, 15, capmsg_cap_make(table->body.object, 3));
	KUNIT_EXPECT_EQ(test, refcount_read(&cap.object->caps), 17);
	capmsg_kit_kill(&table->body);
	KUNIT_EXPECT_EQ(test, atomic_read(&things.dropped), before + 15);
	KUNIT_EXPECT_EQ(test, refcount_read(&cap.object->caps), 2);
	capmsg_cap_drop(&cap);
}

static void readers_expire_tombstones(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_cap root = {
		.object = table->body.object, .rights = 3,
	};
	struct capmsg_view view = { .root = &root };
	struct capmsg_cap dead = thing_cap(test), live = thing_cap(test), seen;
	struct capmsg_object *object = dead.object;

	capmsg_kit_put(test, table, 2, dead);
	capmsg_kit_put(test, table, 3, live);
	capmsg_slot_expire(table, 2);
	KUNIT_EXPECT_NOT_NULL(test, capmsg_kit_cap(table, 2)->object);
	capmsg_object_kill(object);
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), 1);
	KUNIT_EXPECT_EQ(test, capmsg_fetch(&view, CAPMSG_ADDRESS(2, 4), NULL,
					   &seen), -ENOENT);
	capmsg_slot_expire(table, 3);
	KUNIT_EXPECT_NULL(test, capmsg_kit_cap(table, 2)->object);
	KUNIT_EXPECT_NOT_NULL(test, capmsg_kit_cap(table, 3)->object);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), 0);
}

/* root, a table of 2^4 -> slot 1: @table with @rights -> slot 2: a thing */
static void try_rights(struct kunit *test, const struct capmsg_view *view,
		       struct capmsg_cappage *first, u32 rights, u32 needed)
{
	bool weak = rights & CAPMSG_RIGHT_WEAK;
	bool readable = rights & CAPMSG_RIGHT_READ;
	bool writable = (rights & CAPMSG_RIGHT_WRITE) && !weak;
	u32 found = weak ? CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WEAK : 0x3f;
	u64 address = CAPMSG_ADDRESS(0x12, 8);
	struct capmsg_found object;
	struct capmsg_cap cap;
	struct capmsg_spot spot;
	bool good;
	int ret;

	capmsg_kit_cap(first, 1)->rights = rights;
	ret = capmsg_fetch(view, address, NULL, &cap);
	KUNIT_EXPECT_EQ_MSG(test, ret, readable ? 0 : -EACCES, "%#x", rights);
	if (!ret) {
		KUNIT_EXPECT_EQ(test, cap.rights, found);
		capmsg_cap_forget(&cap);
	}
	good = (!(needed & CAPMSG_RIGHT_READ) || readable) &&
	       (!(needed & CAPMSG_RIGHT_WRITE) || writable);
	ret = capmsg_find_slot(view, address, needed & 3, &spot);
	KUNIT_EXPECT_EQ_MSG(test, ret, good ? 0 : -EACCES, "%#x for %#x",
			    rights, needed);
	if (!ret) {
		KUNIT_EXPECT_EQ(test, spot.index, 2);
		capmsg_spot_put(&spot);
	}
	/* To invoke what is there needs no right to the table. */
	ret = capmsg_find(view, address, needed, &object);
	KUNIT_EXPECT_EQ_MSG(test, ret, needed & ~found ? -EACCES : 0,
			    "%#x for %#x", rights, needed);
	if (!ret)
		capmsg_found_put(&object);
}

static void rights_open_exactly_what_they_say(struct kunit *test)
{
	struct capmsg_cappage *first = capmsg_kit_table(test, 4);
	struct capmsg_cappage *second = capmsg_kit_table(test, 4);
	struct capmsg_cap root = { .object = first->body.object, .rights = 3 };
	struct capmsg_view view = { .root = &root };
	u32 rights, needed;

	capmsg_kit_put(test, first, 1, capmsg_cap_make(second->body.object, 0));
	capmsg_kit_put(test, second, 2, thing_cap(test));
	for (rights = 0; rights < RIGHTS; rights++) {
		for (needed = 0; needed < RIGHTS / 2; needed++)
			try_rights(test, &view, first, rights, needed);
	}
	KUNIT_EXPECT_EQ(test, refcount_read(&second->body.refs), 1);
}

static void root_itself_has_no_address(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_cap root = { .object = table->body.object, .rights = 3 };
	struct capmsg_view view = { .root = &root };
	struct capmsg_spot spot;
	struct capmsg_cap cap;

	KUNIT_EXPECT_EQ(test, capmsg_find_slot(&view, 1ULL << 63, 0, &spot),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, capmsg_fetch(&view, 1ULL << 63, NULL, &cap),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, capmsg_fetch(&view, 0, NULL, &cap), -ENOENT);
	root = (struct capmsg_cap) { };
	KUNIT_EXPECT_EQ(test, capmsg_fetch(&view, CAPMSG_ADDRESS(1, 4), NULL,
					   &cap), -ENOENT);
}

static void stale_is_told_from_void_when_invoked(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_cap root = { .object = table->body.object, .rights = 3 };
	struct capmsg_view view = { .root = &root };
	struct capmsg_cap right = capmsg_cap_make(frame->port.body.object,
						  CAPMSG_RIGHT_SEND);
	struct capmsg_found found;
	struct capmsg_cap cap;
	u64 address = CAPMSG_ADDRESS(7, 4);

	right.badge = frame->port.epoch + 1;
	capmsg_kit_put(test, table, 7, right);
	KUNIT_EXPECT_EQ(test, capmsg_resolve(&view, address, CAPMSG_TYPE_REPLY,
					     0, &found), -ESTALE);
	KUNIT_EXPECT_EQ(test, capmsg_find(&view, address, 0, &found), -ENOENT);
	KUNIT_EXPECT_EQ(test, capmsg_fetch(&view, address, NULL, &cap), -ENOENT);
	capmsg_kit_kill(&frame->port.body);
	KUNIT_EXPECT_EQ(test, capmsg_resolve(&view, address, CAPMSG_TYPE_REPLY,
					     0, &found), -ESTALE);
	KUNIT_EXPECT_EQ(test, capmsg_find(&view, address, 0, &found), -ENOENT);
}

static void holds_sees_another_call(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_spot spot = capmsg_kit_spot(table, 0);
	struct capmsg_cap cap = thing_cap(test), same = cap, other = cap;

	other.badge++;
	capmsg_kit_put(test, table, 0, cap);
	capmsg_object_name(same.object);
	spin_lock(&table->body.lock);
	KUNIT_EXPECT_TRUE(test, capmsg_slot_holds_locked(&spot, &same));
	KUNIT_EXPECT_FALSE(test, capmsg_slot_holds_locked(&spot, &other));
	capmsg_slot_void_locked(&spot);
	KUNIT_EXPECT_FALSE(test, capmsg_slot_holds_locked(&spot, &same));
	spin_unlock(&table->body.lock);
	KUNIT_EXPECT_EQ(test, refcount_read(&same.object->caps), 2);
	capmsg_cap_drop(&same);
}

static struct kunit_case cappage_cases[] = {
	KUNIT_CASE(new_table_is_void_and_charged),
	KUNIT_CASE(quota_refuses_a_table_and_unwinds),
	KUNIT_CASE(store_fills_void_slots_only),
	KUNIT_CASE(reserved_and_dead_tables_refuse),
	KUNIT_CASE(clear_drops_what_is_there),
	KUNIT_CASE(move_is_whole_in_both_orders_of_locks),
	KUNIT_CASE(death_drops_what_is_in_the_table),
	KUNIT_CASE(readers_expire_tombstones),
	KUNIT_CASE(rights_open_exactly_what_they_say),
	KUNIT_CASE(root_itself_has_no_address),
	KUNIT_CASE(stale_is_told_from_void_when_invoked),
	KUNIT_CASE(holds_sees_another_call),
	{ }
};

static struct kunit_suite cappage_suite = {
	.name		= "capmsg_cappage",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= cappage_cases,
};

kunit_test_suite(cappage_suite);
