// SPDX-License-Identifier: GPL-2.0-only
/*
 * The suites' common room, see kit.h.
 */
#include <linux/mman.h>

#include "kit.h"

/* A user that is in no table; the caller's reference must remain the last. */
void capmsg_kit_user(struct capmsg_user *user, struct capmsg_user *parent)
{
	memset(user, 0, sizeof(*user));
	refcount_set(&user->refs, 1);
	user->uid = GLOBAL_ROOT_UID;
	user->ns = &init_user_ns;
	user->parent = parent;
	INIT_HLIST_NODE(&user->node);
}

/* Nothing that was ever freed is counted any more when this returns. */
void capmsg_kit_count(struct capmsg_kit_counts *counts)
{
	int type;

	rcu_barrier();
	for (type = 0; type < CAPMSG_TYPE_COUNT; type++)
		counts->live[type] = capmsg_objects_live(type);
	counts->tombstones = capmsg_tombstones();
	counts->pinned = capmsg_pinned();
	counts->spaces = capmsg_spaces();
	counts->users = capmsg_users_count();
	counts->busy = capmsg_frames_busy();
}

int capmsg_kit_init(struct kunit *test)
{
	struct capmsg_kit *kit = kzalloc(sizeof(*kit), GFP_KERNEL);

	if (!kit)
		return -ENOMEM;
	capmsg_kit_user(&kit->owner, NULL);
	capmsg_kit_user(&kit->user, &kit->owner);
	kit->account = capmsg_account_make(capmsg_user_get(&kit->user));
	if (!kit->account) {
		kfree(kit);
		return -ENOMEM;
	}
	kit->max_objects = capmsg_max_objects;
	kit->max_bytes = capmsg_max_bytes;
	capmsg_kit_count(&kit->before);
	test->priv = kit;
	return 0;
}

static void expect_counts(struct kunit *test,
			  const struct capmsg_kit_counts *before)
{
	struct capmsg_kit_counts now;
	int type;

	capmsg_kit_count(&now);
	for (type = 0; type < CAPMSG_TYPE_COUNT; type++)
		KUNIT_EXPECT_EQ_MSG(test, now.live[type], before->live[type],
				    "objects of type %d", type);
	KUNIT_EXPECT_EQ(test, now.tombstones, before->tombstones);
	KUNIT_EXPECT_EQ(test, now.pinned, before->pinned);
	KUNIT_EXPECT_EQ(test, now.spaces, before->spaces);
	KUNIT_EXPECT_EQ(test, now.users, before->users);
	KUNIT_EXPECT_EQ(test, now.busy, before->busy);
}

/* Nobody has charged the user any more, or has a reference to it. */
void capmsg_kit_idle(struct kunit *test, const struct capmsg_user *user)
{
	KUNIT_EXPECT_EQ(test, refcount_read(&user->refs), 1);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&user->objects), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&user->bytes), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&user->pinned), 0);
}

void capmsg_kit_exit(struct kunit *test)
{
	struct capmsg_kit *kit = capmsg_kit_of(test);

	if (!kit)
		return;
	capmsg_objects_kill(kit->account);
	capmsg_account_put(kit->account);
	capmsg_max_objects = kit->max_objects;
	capmsg_max_bytes = kit->max_bytes;
	expect_counts(test, &kit->before);
	capmsg_kit_idle(test, &kit->user);
	capmsg_kit_idle(test, &kit->owner);
	/* What has leaked still names its payer. */
	if (refcount_read(&kit->user.refs) == 1)
		kfree(kit);
	test->priv = NULL;
}

struct capmsg_cappage *capmsg_kit_table(struct kunit *test, u32 bits)
{
	struct capmsg_cappage *table;

	table = capmsg_cappage_alloc(capmsg_kit_account(test), bits, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	capmsg_body_own(&table->body);
	return table;
}

struct capmsg_port *capmsg_kit_port(struct kunit *test,
				    const struct capmsg_port_limits *limits)
{
	struct capmsg_port *port;

	port = capmsg_port_alloc(capmsg_kit_account(test), limits);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, port);
	capmsg_body_own(&port->body);
	return port;
}

struct capmsg_frame *capmsg_kit_frame(struct kunit *test)
{
	struct capmsg_frame *frame;

	frame = capmsg_frame_alloc(capmsg_kit_account(test), PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, frame);
	capmsg_body_own(&frame->port.body);
	return frame;
}

/* Registers fresh user memory, which the task of the case gets for that. */
struct capmsg_region *capmsg_kit_region(struct kunit *test,
					unsigned int n_pages,
					unsigned long *address)
{
	u64 length = (u64)n_pages << PAGE_SHIFT;
	struct capmsg_region *region;

	*address = kunit_vm_mmap(test, NULL, 0, length, PROT_READ | PROT_WRITE,
				 MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, *address, 0);
	region = capmsg_region_alloc(capmsg_kit_account(test), *address,
				     length);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, region);
	capmsg_body_own(&region->body);
	return region;
}

/* Destroys the object of a body that lives. */
void capmsg_kit_kill(struct capmsg_body *body)
{
	struct capmsg_object *object = capmsg_object_get(body->object);

	capmsg_object_kill(object);
	capmsg_object_put(object);
}

/* A spot that borrows its reference: the case knows that the table lives. */
struct capmsg_spot capmsg_kit_spot(struct capmsg_cappage *table, u32 index)
{
	return (struct capmsg_spot) {
		.table = table,
		.index = index,
		.end = 1U << table->bits,
	};
}

/* The slot takes the capability and its reference over. */
void capmsg_kit_put(struct kunit *test, struct capmsg_cappage *table,
		    u32 index, struct capmsg_cap cap)
{
	struct capmsg_spot spot = capmsg_kit_spot(table, index);

	KUNIT_ASSERT_EQ(test, capmsg_store(&spot, &cap), 0);
}
