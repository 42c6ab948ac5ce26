// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports from both sides, without any task that waits: the states of posts,
 * who gets one, claims and their loss, and what becomes of it all in the end.
 */
#include "port_kit.h"

static void posts_begin_posted_or_idle(struct kunit *test)
{
	struct capmsg_port_limits limits = { .depth = 5 };
	struct capmsg_kit *kit = capmsg_kit_of(test);
	struct capmsg_port *port = capmsg_kit_port(test, &limits);
	u32 i;

	capmsg_port_kit_expect(test, port, 0, 5, 0, 0, 0);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, port->posts[i].index, i);
		KUNIT_EXPECT_TRUE(test, capmsg_post_bare(&port->posts[i]));
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->user.bytes),
			port->body.bytes + sizeof(struct capmsg_object));
	limits.flags = CAPMSG_PORT_NO_SHORT;
	port = capmsg_kit_port(test, &limits);
	capmsg_port_kit_expect(test, port, 5, 0, 0, 0, 0);
	capmsg_max_bytes = port->body.bytes * 3 - 1;
	KUNIT_EXPECT_EQ(test,
			PTR_ERR_OR_ZERO(capmsg_port_alloc(kit->account,
							  &limits)), -EDQUOT);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->user.objects), 2);
}

static void short_message_is_there_at_once(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit(test, 2);
	struct capmsg_sender *sender = capmsg_sender_kit(test, 5);
	struct capmsg_port_post *post;

	sender->origin.badge = 0xbad9e;
	sender->origin.badged = true;
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), 0);
	KUNIT_EXPECT_TRUE(test, sender->done);
	KUNIT_EXPECT_NULL(test, sender->post);
	capmsg_port_kit_expect(test, port, 0, 1, 0, 1, 0);
	post = capmsg_port_kit_reap(port);
	KUNIT_ASSERT_NOT_NULL(test, post);
	KUNIT_EXPECT_EQ(test, post->length, 5);
	KUNIT_EXPECT_EQ(test, memcmp(post->area, sender->area, 5), 0);
	KUNIT_EXPECT_TRUE(test, post->is_inline);
	KUNIT_EXPECT_EQ(test, post->badge, 0xbad9e);
	KUNIT_EXPECT_TRUE(test, post->badged);
	KUNIT_EXPECT_EQ(test, post->error, 0);
	KUNIT_EXPECT_EQ(test, post->n_caps, 0);
	KUNIT_EXPECT_EQ(test, post->seq, 1);
	capmsg_port_kit_expect(test, port, 0, 1, 0, 0, 1);
	KUNIT_EXPECT_NULL(test, capmsg_port_kit_reap(port));
	capmsg_port_retire(port, post);
	/* Posted again by itself. */
	capmsg_port_kit_expect(test, port, 0, 2, 0, 0, 0);
}

static void what_can_never_fit_is_refused(struct kunit *test)
{
	struct capmsg_port_limits limits = {
		.depth = 1, .max_size = 1000, .max_caps = 2,
	};
	struct capmsg_port *port = capmsg_kit_port(test, &limits);
	struct capmsg_sender *sender = capmsg_sender_kit(test, 1000);

	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), -EAGAIN);
	sender->length = 1001;
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), -EMSGSIZE);
	sender = capmsg_sender_kit(test, 1);
	sender->n_caps = 2;
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), -EAGAIN);
	sender->n_caps = 3;
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), -EMSGSIZE);
	capmsg_body_get(&port->body);
	capmsg_kit_kill(&port->body);
	sender->n_caps = 0;
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), -ENOENT);
	capmsg_body_put(&port->body);
}

static void bare_posts_go_first(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit(test, 3);
	unsigned long address;
	struct capmsg_region *region = capmsg_kit_region(test, 2, &address);
	struct capmsg_sender *large = capmsg_sender_kit(test, 1000);
	struct capmsg_sender *small = capmsg_sender_kit(test, 256);

	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 0, region, 999), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 1, region, 1000), 1);
	KUNIT_EXPECT_TRUE(test, capmsg_kit_used(region));
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, small), 0);
	KUNIT_EXPECT_EQ(test, port->posts[2].state, CAPMSG_POST_FILLED);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, large), 0);
	KUNIT_EXPECT_PTR_EQ(test, large->post, &port->posts[1]);
	KUNIT_EXPECT_FALSE(test, large->done);
	capmsg_port_kit_expect(test, port, 0, 1, 1, 1, 0);
	small->done = false;
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, small), 0);
	KUNIT_EXPECT_EQ(test, port->posts[0].state, CAPMSG_POST_FILLED);
	small->done = false;
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, small), -EAGAIN);
	capmsg_port_kit_drop(port, large);
	capmsg_port_kit_expect(test, port, 0, 1, 0, 2, 0);
}

static void line_is_served_in_order_by_what_fits(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit_idle(test, 3);
	struct capmsg_sender *large = capmsg_sender_kit(test, 5000);
	struct capmsg_sender *first = capmsg_sender_kit(test, 10);
	struct capmsg_sender *second = capmsg_sender_kit(test, 20);
	unsigned long address;
	struct capmsg_region *region = capmsg_kit_region(test, 2, &address);

	capmsg_port_kit_wait(test, port, large);
	capmsg_port_kit_wait(test, port, first);
	capmsg_port_kit_wait(test, port, second);
	KUNIT_EXPECT_EQ(test, port->lines.n, 3);
	KUNIT_EXPECT_EQ(test, capmsg_port_repost(port, 0), 0);
	KUNIT_EXPECT_TRUE(test, first->done);
	KUNIT_EXPECT_FALSE(test, second->done);
	KUNIT_EXPECT_FALSE(test, capmsg_sender_waits(first));
	KUNIT_EXPECT_EQ(test, port->lines.n, 2);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 1, region, 5000), 1);
	KUNIT_EXPECT_PTR_EQ(test, large->post, &port->posts[1]);
	KUNIT_EXPECT_FALSE(test, second->done);
	/* A claim that is given back goes to the next who waits. */
	capmsg_port_kit_drop(port, large);
	KUNIT_EXPECT_TRUE(test, second->done);
	KUNIT_EXPECT_NULL(test, large->post);
	KUNIT_EXPECT_EQ(test, port->lines.n, 0);
	capmsg_port_kit_expect(test, port, 1, 0, 0, 2, 0);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_port_kit_reap(port), &port->posts[0]);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_port_kit_reap(port), &port->posts[1]);
	capmsg_port_retire(port, &port->posts[0]);
	capmsg_port_retire(port, &port->posts[1]);
}

static void waiting_ends_with_the_port(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit_idle(test, 1);
	struct capmsg_sender *sender = capmsg_sender_kit(test, 10);

	capmsg_port_kit_wait(test, port, sender);
	capmsg_kit_kill(&port->body);
	KUNIT_EXPECT_FALSE(test, capmsg_sender_waits(sender));
	KUNIT_EXPECT_EQ(test, sender->error, -ENOENT);
	KUNIT_EXPECT_FALSE(test, sender->done);
}

static void claim_is_copied_into_and_committed(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit_idle(test, 2);
	struct capmsg_sender *sender = capmsg_sender_kit(test, 6000);
	struct capmsg_port_post *post = &port->posts[0];
	unsigned long address;
	struct capmsg_region *region = capmsg_kit_region(test, 2, &address);

	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 0, region, 8192), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), 0);
	KUNIT_EXPECT_PTR_EQ(test, post->claim, sender);
	KUNIT_EXPECT_TRUE(test, capmsg_port_kit_begin(port, sender));
	KUNIT_EXPECT_EQ(test, post->flags, CAPMSG_POST_BUSY);
	capmsg_port_kit_end(port, sender, false);
	KUNIT_EXPECT_EQ(test, post->flags, 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_commit(port, sender), 0);
	KUNIT_EXPECT_TRUE(test, sender->done);
	KUNIT_EXPECT_NULL(test, post->claim);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_port_kit_reap(port), post);
	KUNIT_EXPECT_EQ(test, post->length, 6000);
	KUNIT_EXPECT_FALSE(test, post->is_inline);
	capmsg_port_retire(port, post);
	/* Its buffer is the receiver's until it posts it again, as it was. */
	capmsg_port_kit_expect(test, port, 2, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, post->target.length, 8192);
	KUNIT_EXPECT_EQ(test, capmsg_port_repost(port, 0), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_repost(port, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, capmsg_port_repost(port, 2), -EINVAL);
	capmsg_port_kit_expect(test, port, 1, 1, 0, 0, 0);
}

static void only_stalled_claims_are_stolen_and_late(struct kunit *test)
{
	struct capmsg_port_limits limits = {
		.depth = 1, .flags = CAPMSG_PORT_NO_SHORT,
		.max_size = CAPMSG_MESSAGE_MAX, .steal_delay = NSEC_PER_SEC,
	};
	struct capmsg_port *port = capmsg_kit_port(test, &limits);
	struct capmsg_sender *slow = capmsg_sender_kit(test, 3000);
	struct capmsg_sender *fast = capmsg_sender_kit(test, 3000);
	struct capmsg_sender *newcomer = capmsg_sender_kit(test, 3000);
	unsigned long address;
	struct capmsg_region *region = capmsg_kit_region(test, 1, &address);
	struct capmsg_port_post *post = &port->posts[0];

	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 0, region, 4096), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, slow), 0);
	capmsg_port_kit_wait(test, port, fast);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_watch(port, fast),
			ktime_add_ns(post->stalled, NSEC_PER_SEC));
	KUNIT_EXPECT_TRUE(test, capmsg_port_kit_begin(port, slow));
	capmsg_port_kit_end(port, slow, true);
	/* Pretend that it has stalled for just under, and over, the delay. */
	post->stalled = ktime_sub_ns(ktime_get(), NSEC_PER_SEC / 2);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_watch(port, fast),
			ktime_add_ns(post->stalled, NSEC_PER_SEC));
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, newcomer), -EAGAIN);
	post->stalled = ktime_sub_ns(ktime_get(), NSEC_PER_SEC);
	/* Copying again, it is safe. */
	KUNIT_EXPECT_TRUE(test, capmsg_port_kit_begin(port, slow));
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, newcomer), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, ktime_after(capmsg_port_kit_watch(port, fast),
					    ktime_get()));
	capmsg_port_kit_end(port, slow, true);
	post->stalled = ktime_sub_ns(ktime_get(), NSEC_PER_SEC);
	/* A newcomer does not overtake who waits. */
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, newcomer), -EAGAIN);
	KUNIT_EXPECT_FALSE(test, capmsg_sender_waits(newcomer));
	KUNIT_EXPECT_FALSE(test, capmsg_sender_waits(fast));
	KUNIT_EXPECT_PTR_EQ(test, fast->post, post);
	KUNIT_EXPECT_PTR_EQ(test, post->claim, fast);
	KUNIT_EXPECT_NULL(test, slow->post);
	KUNIT_EXPECT_EQ(test, post->flags, 0);
	KUNIT_EXPECT_FALSE(test, capmsg_port_kit_begin(port, slow));
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_commit(port, slow), -EAGAIN);
	capmsg_port_kit_drop(port, slow);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_commit(port, fast), 0);
	KUNIT_EXPECT_FALSE(test, slow->done);
}

/* Of five claims one is by hand: three waiters and the newcomer get the others. */
static void newcomer_gets_what_the_line_leaves_of_the_stalled(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit_idle(test, 5);
	struct capmsg_sender *slow[5], *waiting[3], *newcomer;
	unsigned long address;
	struct capmsg_region *region = capmsg_kit_region(test, 1, &address);
	u32 i;

	port->claim_time = NSEC_PER_SEC * 1000ULL;
	port->shared = false;
	newcomer = capmsg_sender_kit(test, 3000);
	for (i = 0; i < ARRAY_SIZE(slow); i++) {
		slow[i] = capmsg_sender_kit(test, 3000);
		slow[i]->by_hand = i == 1;
		KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, i, region,
							     4096), i);
		KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, slow[i]), 0);
	}
	for (i = 0; i < ARRAY_SIZE(waiting); i++) {
		waiting[i] = capmsg_sender_kit(test, 3000);
		capmsg_port_kit_wait(test, port, waiting[i]);
	}
	for (i = 0; i < ARRAY_SIZE(slow); i++)
		port->posts[i].stalled = ktime_sub_ns(ktime_get(), NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, newcomer), 0);
	KUNIT_EXPECT_NOT_NULL(test, newcomer->post);
	for (i = 0; i < ARRAY_SIZE(waiting); i++)
		KUNIT_EXPECT_NOT_NULL(test, waiting[i]->post);
	for (i = 0; i < ARRAY_SIZE(slow); i++)
		KUNIT_EXPECT_EQ(test, !slow[i]->post, i != 1);
	for (i = 0; i < ARRAY_SIZE(waiting); i++)
		capmsg_port_kit_drop(port, waiting[i]);
	capmsg_port_kit_drop(port, newcomer);
	capmsg_port_kit_drop(port, slow[1]);
}

static int woken;

static int count_wakeup(struct wait_queue_entry *entry, unsigned int mode,
			int flags, void *key)
{
	woken++;
	return 0;
}

static void stall_wakes_who_watches_the_time(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit_idle(test, 1);
	struct capmsg_sender *slow = capmsg_sender_kit(test, 3000);
	struct capmsg_sender *fits = capmsg_sender_kit(test, 4096);
	struct capmsg_sender *large = capmsg_sender_kit(test, 4097);
	struct wait_queue_entry a, b;
	unsigned long address;
	struct capmsg_region *region = capmsg_kit_region(test, 1, &address);

	init_waitqueue_func_entry(&a, count_wakeup);
	init_waitqueue_func_entry(&b, count_wakeup);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 0, region, 4096), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, slow), 0);
	capmsg_port_kit_wait(test, port, fits);
	capmsg_port_kit_wait(test, port, large);
	woken = 0;
	add_wait_queue(&fits->wait, &a);
	add_wait_queue(&large->wait, &b);
	KUNIT_EXPECT_TRUE(test, capmsg_port_kit_begin(port, slow));
	/* The first one watches, for all. */
	KUNIT_EXPECT_TRUE(test, ktime_after(capmsg_port_kit_watch(port, fits),
					    ktime_get()));
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_watch(port, large), KTIME_MAX);
	KUNIT_EXPECT_EQ(test, woken, 0);
	capmsg_port_kit_end(port, slow, true);
	KUNIT_EXPECT_EQ(test, woken, 1);
	/* Once told, it knows. */
	KUNIT_EXPECT_TRUE(test, capmsg_port_kit_begin(port, slow));
	capmsg_port_kit_end(port, slow, true);
	KUNIT_EXPECT_EQ(test, woken, 1);
	/* Who gets the post is woken, and who watches from then on. */
	capmsg_port_kit_drop(port, slow);
	KUNIT_EXPECT_EQ(test, woken, 3);
	KUNIT_EXPECT_PTR_EQ(test, fits->post, &port->posts[0]);
	capmsg_kit_kill(&port->body);
	KUNIT_EXPECT_EQ(test, woken, 4);
	remove_wait_queue(&fits->wait, &a);
	remove_wait_queue(&large->wait, &b);
}

static void unpost_takes_the_post_back(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit(test, 2);
	struct capmsg_sender *sender = capmsg_sender_kit(test, 3000);
	struct capmsg_sender *small = capmsg_sender_kit(test, 30);
	unsigned long address;
	struct capmsg_region *region = capmsg_kit_region(test, 1, &address);

	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 1, region, 3000), 1);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 1, region, 3000),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, capmsg_port_unpost(port, 1, NULL), 0);
	KUNIT_EXPECT_NULL(test, sender->post);
	KUNIT_EXPECT_FALSE(test, capmsg_kit_used(region));
	KUNIT_EXPECT_TRUE(test, capmsg_post_bare(&port->posts[1]));
	capmsg_port_kit_expect(test, port, 0, 2, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_unpost(port, 1, NULL), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_unpost(port, 2, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, small), 0);
	KUNIT_EXPECT_EQ(test, port->posts[0].state, CAPMSG_POST_FILLED);
	KUNIT_EXPECT_EQ(test, capmsg_port_unpost(port, 0, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 0, region, 1),
			-EBUSY);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_port_kit_reap(port), &port->posts[0]);
	KUNIT_EXPECT_EQ(test, capmsg_port_unpost(port, 0, NULL), -EBUSY);
	capmsg_port_retire(port, &port->posts[0]);
	capmsg_port_kit_expect(test, port, 0, 2, 0, 0, 0);
}

static void any_post_is_idle_or_bare(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit(test, 2);
	unsigned long address;
	struct capmsg_region *region = capmsg_kit_region(test, 1, &address);

	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, CAPMSG_POST_ANY,
						     region, 300), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, CAPMSG_POST_ANY,
						     region, 301), 1);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, CAPMSG_POST_ANY,
						     region, 302), -EAGAIN);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 1, region, 303), 1);
	KUNIT_EXPECT_EQ(test, port->posts[1].target.length, 303);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 2, region, 303),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, refcount_read(&region->body.refs), 3);
	capmsg_body_get(&port->body);
	capmsg_kit_kill(&port->body);
	KUNIT_EXPECT_EQ(test, refcount_read(&region->body.refs), 1);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_buffer(port, 0, region, 303),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, capmsg_port_unpost(port, 0, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, capmsg_port_repost(port, 0), -ENOENT);
	capmsg_body_put(&port->body);
}

static void unreaped_message_is_first_again(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit(test, 3);
	struct capmsg_port_post *first, *second;
	struct capmsg_sender *sender;
	int i;

	for (i = 1; i <= 3; i++) {
		sender = capmsg_sender_kit(test, i);
		KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), 0);
	}
	first = capmsg_port_kit_reap(port);
	second = capmsg_port_kit_reap(port);
	KUNIT_EXPECT_EQ(test, first->length, 1);
	KUNIT_EXPECT_EQ(test, second->length, 2);
	capmsg_port_unreap(port, second);
	capmsg_port_unreap(port, first);
	for (i = 1; i <= 3; i++) {
		first = capmsg_port_kit_reap(port);
		KUNIT_ASSERT_NOT_NULL(test, first);
		KUNIT_EXPECT_EQ(test, first->length, i);
		capmsg_port_retire(port, first);
	}
	/* In a dead port there is nothing to come back to. */
	sender = capmsg_sender_kit(test, 9);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(port, sender), 0);
	first = capmsg_port_kit_reap(port);
	capmsg_body_get(&port->body);
	capmsg_kit_kill(&port->body);
	KUNIT_EXPECT_EQ(test, first->state, CAPMSG_POST_REAPING);
	capmsg_port_unreap(port, first);
	KUNIT_EXPECT_EQ(test, first->state, CAPMSG_POST_IDLE);
	capmsg_body_put(&port->body);
}

static struct kunit_case port_cases[] = {
	KUNIT_CASE(posts_begin_posted_or_idle),
	KUNIT_CASE(short_message_is_there_at_once),
	KUNIT_CASE(what_can_never_fit_is_refused),
	KUNIT_CASE(bare_posts_go_first),
	KUNIT_CASE(line_is_served_in_order_by_what_fits),
	KUNIT_CASE(waiting_ends_with_the_port),
	KUNIT_CASE(claim_is_copied_into_and_committed),
	KUNIT_CASE(only_stalled_claims_are_stolen_and_late),
	KUNIT_CASE(newcomer_gets_what_the_line_leaves_of_the_stalled),
	KUNIT_CASE(stall_wakes_who_watches_the_time),
	KUNIT_CASE(unpost_takes_the_post_back),
	KUNIT_CASE(any_post_is_idle_or_bare),
	KUNIT_CASE(unreaped_message_is_first_again),
	{ }
};

static struct kunit_suite port_suite = {
	.name		= "capmsg_port",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= port_cases,
};

kunit_test_suite(port_suite);
