// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports, continued: messages with capabilities, and what becomes of posts when
 * the table or the region that they use is destroyed.
 */
#include "port_kit.h"
#include "thing.h"

static struct capmsg_thing_log things;

/* A sender of @n new capabilities and @length bytes. */
static struct capmsg_sender *caps_sender(struct kunit *test, u64 length, u32 n)
{
	struct capmsg_sender *sender = capmsg_sender_kit(test, length);
	struct capmsg_thing *thing;
	u32 i;

	sender->caps = kunit_kcalloc(test, n, sizeof(*sender->caps),
				     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sender->caps);
	sender->n_caps = n;
	for (i = 0; i < n; i++) {
		thing = capmsg_thing(test, &things);
		sender->caps[i] = capmsg_cap_make(thing->body.object, i);
	}
	return sender;
}

static void drop_caps(struct capmsg_sender *sender)
{
	u32 i;

	for (i = 0; i < sender->n_caps; i++)
		capmsg_cap_drop(&sender->caps[i]);
}

static void capabilities_need_landing_slots(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_port *port = capmsg_port_kit(test, 3);
	struct capmsg_sender *two = caps_sender(test, 10, 2);
	struct capmsg_sender *three = caps_sender(test, 10, 3);
	struct capmsg_object *object = two->caps[1].object;
	struct capmsg_spot spot = capmsg_kit_spot(table, 5);
	struct capmsg_port_post *post = &port->posts[1];

	KUNIT_EXPECT_EQ(test, capmsg_port_kit_landing(port, 1, table, 4, 2), 1);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, three), -EAGAIN);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, two), 0);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_port_kit_reap(port), post);
	KUNIT_EXPECT_EQ(test, post->n_caps, 2);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_kit_cap(table, 5)->object, object);
	KUNIT_EXPECT_EQ(test, capmsg_clear(&spot), -EBUSY);
	capmsg_port_retire(port, post);
	KUNIT_EXPECT_EQ(test, post->state, CAPMSG_POST_IDLE);
	/* Received: the slots are the receiver's, who empties them first. */
	KUNIT_EXPECT_EQ(test, capmsg_port_repost(port, 1), -EEXIST);
	KUNIT_EXPECT_EQ(test, capmsg_clear(&spot), 0);
	spot.index = 4;
	KUNIT_EXPECT_EQ(test, capmsg_clear(&spot), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_repost(port, 1), 0);
	KUNIT_EXPECT_EQ(test, capmsg_clear(&spot), -EBUSY);
	drop_caps(three);
	capmsg_port_kit_expect(test, port, 0, 3, 0, 0, 0);
}

static void failed_dress_leaves_the_post(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_port *port = capmsg_port_kit(test, 2);
	struct capmsg_port_post *post = &port->posts[0];
	struct capmsg_cap cap;

	KUNIT_EXPECT_EQ(test, capmsg_port_kit_landing(port, 0, table, 0, 2), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_landing(port, 1, table, 1, 2),
			-EBUSY);
	KUNIT_EXPECT_TRUE(test, capmsg_post_bare(&port->posts[1]));
	cap = capmsg_cap_make(capmsg_thing(test, &things)->body.object, 0);
	capmsg_kit_put(test, table, 4, cap);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_landing(port, 0, table, 1, 4),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, post->landing.first, 0);
	KUNIT_EXPECT_EQ(test, post->landing.n, 2);
	KUNIT_EXPECT_TRUE(test, post->landing.armed);
	capmsg_port_kit_expect(test, port, 0, 2, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_landing(port, 0, table, 1, 3), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&table->body.refs), 2);
}

static void lost_landing_table_bounces_the_post(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_port *port = capmsg_port_kit(test, 2);
	struct capmsg_port_post *post = &port->posts[0];

	KUNIT_EXPECT_EQ(test, capmsg_port_kit_landing(port, 0, table, 0, 2), 0);
	capmsg_kit_kill(&table->body);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_port_kit_reap(port), post);
	KUNIT_EXPECT_EQ(test, post->error, -ENOENT);
	KUNIT_EXPECT_EQ(test, post->length, 0);
	KUNIT_EXPECT_EQ(test, post->n_caps, 0);
	KUNIT_EXPECT_NULL(test, post->landing.table);
	capmsg_port_retire(port, post);
	capmsg_port_kit_expect(test, port, 1, 1, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_repost(port, 0), 0);
}

static void lost_landing_table_takes_the_claim(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_port *port = capmsg_port_kit_idle(test, 1);
	struct capmsg_sender *sender = caps_sender(test, 300, 1);
	unsigned long address;
	struct capmsg_dress dress = {
		.region = capmsg_kit_region(test, 1, &address), .length = 300,
		.table = table, .n = 1,
	};

	capmsg_body_get(&dress.region->body);
	capmsg_body_get(&table->body);
	KUNIT_ASSERT_EQ(test, capmsg_port_dress(port, 0, &dress), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), 0);
	KUNIT_EXPECT_NOT_NULL(test, sender->post);
	capmsg_kit_kill(&table->body);
	KUNIT_EXPECT_NULL(test, sender->post);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_commit(port, sender), -EAGAIN);
	KUNIT_EXPECT_NOT_NULL(test, sender->caps[0].object);
	capmsg_port_kit_expect(test, port, 0, 0, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, port->posts[0].error, -ENOENT);
	drop_caps(sender);
}

static void message_that_has_landed_survives_its_table(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_port *port = capmsg_port_kit(test, 1);
	struct capmsg_port_post *post;

	KUNIT_EXPECT_EQ(test, capmsg_port_kit_landing(port, 0, table, 0, 2), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port,
						    caps_sender(test, 7, 2)),
			0);
	capmsg_kit_kill(&table->body);
	post = capmsg_port_kit_reap(port);
	KUNIT_ASSERT_NOT_NULL(test, post);
	KUNIT_EXPECT_EQ(test, post->error, 0);
	KUNIT_EXPECT_EQ(test, post->length, 7);
	KUNIT_EXPECT_EQ(test, post->n_caps, 2);
	KUNIT_EXPECT_NULL(test, post->landing.table);
	capmsg_port_retire(port, post);
	capmsg_port_kit_expect(test, port, 1, 0, 0, 0, 0);
	/* It cannot be posted as it was. */
	KUNIT_EXPECT_EQ(test, capmsg_port_repost(port, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, capmsg_port_unpost(port, 0, NULL), 0);
	capmsg_port_kit_expect(test, port, 0, 1, 0, 0, 0);
}

static void lost_region_leaves_a_bare_post(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit_idle(test, 2);
	struct capmsg_sender *large = capmsg_sender_kit(test, 3000);
	struct capmsg_sender *small = capmsg_sender_kit(test, 3);
	unsigned long address, pinned = capmsg_pinned();
	struct capmsg_region *region = capmsg_kit_region(test, 1, &address);

	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 0, region, 4096), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, large), 0);
	capmsg_port_kit_wait(test, port, small);
	capmsg_kit_kill(&region->body);
	/* The claim is lost; the short message that waited has come. */
	KUNIT_EXPECT_EQ(test, capmsg_pinned(), pinned);
	KUNIT_EXPECT_NULL(test, large->post);
	KUNIT_EXPECT_TRUE(test, small->done);
	KUNIT_EXPECT_NULL(test, port->posts[0].target.pin);
	capmsg_port_kit_expect(test, port, 1, 0, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, large), -EAGAIN);
}

static void dead_port_gives_everything_back(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_port *port = capmsg_port_kit_idle(test, 4);
	struct capmsg_sender *large = capmsg_sender_kit(test, 3000);
	unsigned long address;
	struct capmsg_region *region = capmsg_kit_region(test, 1, &address);
	struct capmsg_port_post *post;

	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 0, region, 4096), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, large), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_landing(port, 1, table, 0, 2), 1);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port,
						    caps_sender(test, 7, 2)),
			0);
	post = capmsg_port_kit_reap(port);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_landing(port, 2, table, 4, 2), 2);
	capmsg_body_get(&port->body);
	capmsg_kit_kill(&port->body);
	KUNIT_EXPECT_NULL(test, large->post);
	KUNIT_EXPECT_FALSE(test, capmsg_port_kit_begin(port, large));
	KUNIT_EXPECT_FALSE(test, capmsg_kit_used(region));
	/* What is just being received is the reaper's to end. */
	KUNIT_EXPECT_EQ(test, refcount_read(&table->body.refs), 2);
	capmsg_port_retire(port, post);
	KUNIT_EXPECT_EQ(test, refcount_read(&table->body.refs), 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&table->body.liens));
	capmsg_port_kit_expect(test, port, 4, 0, 0, 0, 0);
	capmsg_body_put(&port->body);
}

static void moved_right_leaves_its_slot_with_the_commit(struct kunit *test)
{
	struct capmsg_cappage *from = capmsg_kit_table(test, 4);
	struct capmsg_cappage *to = capmsg_kit_table(test, 4);
	struct capmsg_port *port = capmsg_port_kit(test, 1);
	struct capmsg_sender *sender = caps_sender(test, 1, 1);
	struct capmsg_object *object = sender->caps[0].object;

	capmsg_kit_put(test, from, 9, capmsg_cap_make(object, 0));
	sender->moved = capmsg_kit_spot(from, 9);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_landing(port, 0, to, 0, 1), 0);
	/* Another call by now: nothing moves. */
	capmsg_kit_cap(from, 9)->badge = 1;
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), -ENOENT);
	KUNIT_EXPECT_FALSE(test, sender->done);
	KUNIT_EXPECT_NULL(test, capmsg_kit_cap(to, 0)->object);
	capmsg_kit_cap(from, 9)->badge = 0;
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), 0);
	KUNIT_EXPECT_NULL(test, capmsg_kit_cap(from, 9)->object);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_kit_cap(to, 0)->object, object);
	KUNIT_EXPECT_EQ(test, refcount_read(&object->caps), 2);
}

#define STEPS	20000
#define DEPTH	6
#define SENDERS	5

struct fair {
	struct capmsg_port *port;
	struct capmsg_region *region;
	struct capmsg_sender *senders[SENDERS];
	u64 sent;
	u64 received;
};

static void sender_step(struct fair *fair, struct rnd_state *rnd)
{
	struct capmsg_sender *s = fair->senders[capmsg_kit_below(rnd, SENDERS)];
	struct capmsg_port *port = fair->port;

	if (s->done) {
		s->done = false;
		fair->sent++;
	} else if (!s->post && !capmsg_sender_waits(s)) {
		capmsg_port_lock(port);
		if (capmsg_port_enter_locked(port, s) == -EAGAIN)
			capmsg_port_queue_locked(port, s);
		capmsg_port_unlock(port);
	} else if (!s->post) {
		capmsg_port_lock(port);
		if (!capmsg_kit_below(rnd, 4))
			capmsg_port_unqueue_locked(port, s, 0);
		capmsg_port_unlock(port);
	} else if (capmsg_kit_below(rnd, 3)) {
		if (capmsg_port_kit_begin(port, s))
			capmsg_port_kit_end(port, s, capmsg_kit_below(rnd, 2));
	} else if (capmsg_kit_below(rnd, 2)) {
		capmsg_port_kit_commit(port, s);
	} else {
		capmsg_port_kit_drop(port, s);
	}
}

static void receiver_step(struct fair *fair, struct rnd_state *rnd)
{
	u32 index = capmsg_kit_below(rnd, DEPTH + 1);
	struct capmsg_port_post *post;

	switch (capmsg_kit_below(rnd, 6)) {
	case 0:
		capmsg_port_unpost(fair->port, index, NULL);
		break;
	case 1:
		capmsg_port_repost(fair->port, index);
		break;
	case 2:
		capmsg_port_kit_buffer(fair->port, index < DEPTH ? index :
				       CAPMSG_POST_ANY, fair->region,
				       1 + capmsg_kit_below(rnd, 4096));
		break;
	default:
		post = capmsg_port_kit_reap(fair->port);
		if (!post)
			break;
		if (capmsg_kit_below(rnd, 4)) {
			fair->received++;
			capmsg_port_retire(fair->port, post);
		} else {
			capmsg_port_unreap(fair->port, post);
		}
	}
}

static void no_message_is_lost_or_doubled(struct kunit *test)
{
	static const u64 lengths[SENDERS] = { 0, 200, 1000, 3000, 4000 };
	u64 seed = get_random_u64();
	struct capmsg_port_post *post;
	struct rnd_state rnd;
	struct fair fair = { };
	unsigned long address;
	int i;

	prandom_seed_state(&rnd, seed);
	fair.port = capmsg_port_kit(test, DEPTH);
	fair.region = capmsg_kit_region(test, 1, &address);
	for (i = 0; i < SENDERS; i++)
		fair.senders[i] = capmsg_sender_kit(test, lengths[i]);
	for (i = 0; i < STEPS; i++) {
		if (capmsg_kit_below(&rnd, 2))
			sender_step(&fair, &rnd);
		else
			receiver_step(&fair, &rnd);
		if (i % 16 == 0)
			capmsg_port_kit_sound(test, fair.port);
	}
	while ((post = capmsg_port_kit_reap(fair.port))) {
		fair.received++;
		capmsg_port_retire(fair.port, post);
	}
	for (i = 0; i < SENDERS; i++)
		fair.sent += fair.senders[i]->done;
	/* What was sent to those who waited came while the rest was reaped. */
	KUNIT_EXPECT_EQ_MSG(test, fair.sent, fair.received, "seed %#llx", seed);
	KUNIT_EXPECT_GT(test, fair.sent, STEPS / 20);
}

static struct kunit_case loss_cases[] = {
	KUNIT_CASE(capabilities_need_landing_slots),
	KUNIT_CASE(failed_dress_leaves_the_post),
	KUNIT_CASE(lost_landing_table_bounces_the_post),
	KUNIT_CASE(lost_landing_table_takes_the_claim),
	KUNIT_CASE(message_that_has_landed_survives_its_table),
	KUNIT_CASE(lost_region_leaves_a_bare_post),
	KUNIT_CASE(dead_port_gives_everything_back),
	KUNIT_CASE(moved_right_leaves_its_slot_with_the_commit),
	KUNIT_CASE(no_message_is_lost_or_doubled),
	{ }
};

static struct kunit_suite loss_suite = {
	.name		= "capmsg_port_loss",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= loss_cases,
};

kunit_test_suite(loss_suite);
