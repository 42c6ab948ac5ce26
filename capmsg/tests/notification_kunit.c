// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifications and notices from inside: who is told of which bits, how often, and
 * what is left when one of the parties is gone.
 */
#include <linux/kthread.h>
#include <linux/poll.h>

#include "notify.h"
#include "notification.h"
#include "port_kit.h"

#define NOTE_SLOT	1
#define COPY_SLOT	2
#define PORT_SLOT	3
#define ADDRESS(slot)	CAPMSG_ADDRESS(slot, 4)

static const struct capmsg_until now = {
	.deadline	= KTIME_MAX,
	.nonblock	= true,
};

static struct capmsg_notification *note(struct kunit *test, bool polled)
{
	struct capmsg_notification *n;

	n = capmsg_notification_alloc(capmsg_kit_account(test), NULL, polled);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, n);
	capmsg_body_own(&n->body);
	return n;
}

/* What can be taken at once. */
static u64 take(struct kunit *test, struct capmsg_notification *n, u64 mask)
{
	u64 bits = 0;
	int ret;

	ret = capmsg_notification_wait(n, NULL, mask, &now, &bits);
	KUNIT_EXPECT_TRUE(test, ret == 0 || ret == -EAGAIN);
	KUNIT_EXPECT_EQ(test, !ret, !!bits);
	return bits;
}

static void bits_coalesce_until_taken(struct kunit *test)
{
	struct capmsg_notification *n = note(test, false);

	KUNIT_EXPECT_EQ(test, take(test, n, U64_MAX), 0);
	KUNIT_EXPECT_TRUE(test, capmsg_notification_signal(n, 0));
	KUNIT_EXPECT_EQ(test, capmsg_notification_pending(n), 0);
	KUNIT_EXPECT_TRUE(test, capmsg_notification_signal(n, 0x13));
	KUNIT_EXPECT_TRUE(test, capmsg_notification_signal(n, 0x31));
	KUNIT_EXPECT_EQ(test, capmsg_notification_pending(n), 0x33);
	KUNIT_EXPECT_EQ(test, take(test, n, 0x103), 0x03);
	KUNIT_EXPECT_EQ(test, take(test, n, 0x103), 0);
	KUNIT_EXPECT_EQ(test, take(test, n, U64_MAX), 0x30);
	KUNIT_EXPECT_EQ(test, capmsg_notification_pending(n), 0);
}

static void it_is_charged(struct kunit *test)
{
	struct capmsg_kit *kit = capmsg_kit_of(test);
	struct capmsg_notification *n = note(test, false);
	long bytes = sizeof(*n) + sizeof(struct capmsg_object);

	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->user.bytes), bytes);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->user.objects), 1);
	capmsg_max_bytes = 2 * bytes - 1;
	n = capmsg_notification_alloc(kit->account, NULL, false);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(n), -EDQUOT);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&kit->user.bytes), bytes);
}

static void dead_ones_take_and_give_nothing(struct kunit *test)
{
	struct capmsg_notification *n = note(test, true);
	u64 bits;

	capmsg_body_get(&n->body);
	capmsg_notification_signal(n, 1);
	capmsg_kit_kill(&n->body);
	KUNIT_EXPECT_FALSE(test, capmsg_account_stirred(n->body.account));
	KUNIT_EXPECT_FALSE(test, capmsg_notification_signal(n, 2));
	capmsg_notification_restore(n, 4);
	KUNIT_EXPECT_EQ(test, capmsg_notification_pending(n), 0);
	KUNIT_EXPECT_EQ(test, capmsg_notification_wait(n, NULL, 7, &now, &bits),
			-ENOENT);
	KUNIT_EXPECT_FALSE(test, capmsg_account_stirred(n->body.account));
	capmsg_body_put(&n->body);
}

static void waits_end_at_their_deadline(struct kunit *test)
{
	struct capmsg_until until = { .deadline = ktime_add_ms(ktime_get(), 5) };
	struct capmsg_notification *n = note(test, false);
	u64 bits;

	capmsg_notification_signal(n, 2);
	KUNIT_EXPECT_EQ(test, capmsg_notification_wait(n, NULL, 1, &until, &bits),
			-ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, ktime_before(ktime_get(), until.deadline));
	KUNIT_EXPECT_EQ(test, capmsg_notification_wait(n, NULL, 2, &until, &bits), 0);
}

/* Somebody who polls the space's file. */
struct poller {
	struct wait_queue_entry entry;
	int told;
	int wrong;
};

static int poller_told(struct wait_queue_entry *entry, unsigned int mode,
		       int flags, void *key)
{
	struct poller *poller = container_of(entry, struct poller, entry);

	poller->told++;
	if (key_to_poll(key) != (EPOLLIN | EPOLLRDNORM))
		poller->wrong++;
	return 0;
}

static void pollers_are_told_of_every_new_bit(struct kunit *test)
{
	struct capmsg_notification *a = note(test, true), *b = note(test, true);
	struct capmsg_notification *other = note(test, false);
	struct capmsg_account *account = capmsg_kit_account(test);
	struct poller poller = { };

	init_waitqueue_func_entry(&poller.entry, poller_told);
	add_wait_queue(&account->pollers, &poller.entry);
	capmsg_notification_signal(other, 1);
	KUNIT_EXPECT_EQ(test, poller.told, 0);
	KUNIT_EXPECT_FALSE(test, capmsg_account_stirred(account));
	capmsg_notification_signal(a, 1);
	KUNIT_EXPECT_EQ(test, poller.told, 1);
	capmsg_notification_signal(a, 1);
	KUNIT_EXPECT_EQ(test, poller.told, 1);
	capmsg_notification_signal(a, 3);
	KUNIT_EXPECT_EQ(test, poller.told, 2);
	capmsg_notification_signal(b, 1);
	KUNIT_EXPECT_EQ(test, poller.told, 3);
	KUNIT_EXPECT_EQ(test, take(test, a, 1), 1);
	KUNIT_EXPECT_EQ(test, take(test, b, 1), 1);
	KUNIT_EXPECT_TRUE(test, capmsg_account_stirred(account));
	KUNIT_EXPECT_EQ(test, take(test, a, 2), 2);
	KUNIT_EXPECT_FALSE(test, capmsg_account_stirred(account));
	/* Bits that come back are told, too: who looked has not seen them. */
	capmsg_notification_restore(a, 2);
	KUNIT_EXPECT_EQ(test, poller.told, 4);
	KUNIT_EXPECT_TRUE(test, capmsg_account_stirred(account));
	capmsg_notification_restore(a, 2);
	KUNIT_EXPECT_EQ(test, poller.told, 4);
	capmsg_kit_kill(&a->body);
	KUNIT_EXPECT_FALSE(test, capmsg_account_stirred(account));
	KUNIT_EXPECT_EQ(test, poller.wrong, 0);
	remove_wait_queue(&account->pollers, &poller.entry);
}

/* --- tasks ------------------------------------------------------------------- */

/* A thread that waits once. */
struct waiter {
	struct capmsg_notification *n;
	struct task_struct *task;
	u64 mask;
	u64 bits;
	int ret;
};

static int waiter_run(void *data)
{
	const struct capmsg_until until = { .deadline = KTIME_MAX };
	struct waiter *w = data;

	w->ret = capmsg_notification_wait(w->n, NULL, w->mask, &until, &w->bits);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void waiter_start(struct kunit *test, struct waiter *w,
			 struct capmsg_notification *n, u64 mask)
{
	*w = (struct waiter) { .n = n, .mask = mask, .ret = 1 };
	w->task = kthread_run(waiter_run, w, "capmsg-wait");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, w->task);
}

static u32 waiting(struct capmsg_notification *n)
{
	struct wait_queue_entry *entry;
	u32 count = 0;

	spin_lock(&n->body.lock);
	spin_lock_irq(&n->waiters.lock);
	list_for_each_entry(entry, &n->waiters.head, entry)
		count++;
	spin_unlock_irq(&n->waiters.lock);
	spin_unlock(&n->body.lock);
	return count;
}

/* A kthread_stop() would wake it and spoil the case: wait until it is there. */
static void expect_waiting(struct kunit *test, struct capmsg_notification *n,
			   u32 count)
{
	int i;

	for (i = 0; i < 2000 && waiting(n) != count; i++)
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, waiting(n), count);
}

static void only_those_who_wait_for_a_bit_are_woken(struct kunit *test)
{
	struct capmsg_notification *n = note(test, false);
	struct waiter w[4];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(w); i++)
		waiter_start(test, &w[i], n, 1ULL << i);
	expect_waiting(test, n, 4);
	capmsg_notification_signal(n, 0x10);
	KUNIT_EXPECT_EQ(test, waiting(n), 4);
	/* A waiter leaves the queue as it is woken. */
	capmsg_notification_signal(n, 0x6);
	KUNIT_EXPECT_EQ(test, waiting(n), 2);
	capmsg_body_get(&n->body);
	capmsg_kit_kill(&n->body);
	expect_waiting(test, n, 0);
	for (i = 0; i < ARRAY_SIZE(w); i++)
		kthread_stop(w[i].task);
	for (i = 0; i < ARRAY_SIZE(w); i++) {
		bool told = i == 1 || i == 2;

		/* The kill may have come before they could take their bits. */
		KUNIT_EXPECT_TRUE(test, w[i].ret == -ENOENT ||
				  (told && w[i].ret == 0));
		if (!w[i].ret)
			KUNIT_EXPECT_EQ(test, w[i].bits, 1ULL << i);
	}
	capmsg_body_put(&n->body);
}

static void restored_bits_wake_others(struct kunit *test)
{
	struct capmsg_notification *n = note(test, false);
	struct waiter w;

	capmsg_notification_signal(n, 3);
	KUNIT_EXPECT_EQ(test, take(test, n, 3), 3);
	waiter_start(test, &w, n, 2);
	expect_waiting(test, n, 1);
	capmsg_notification_restore(n, 3);
	expect_waiting(test, n, 0);
	while (READ_ONCE(w.ret) == 1)
		schedule_timeout_uninterruptible(1);
	kthread_stop(w.task);
	KUNIT_EXPECT_EQ(test, w.ret, 0);
	KUNIT_EXPECT_EQ(test, w.bits, 2);
	KUNIT_EXPECT_EQ(test, take(test, n, U64_MAX), 1);
}

/* --- notices ------------------------------------------------------------------- */

/* A space's root with a notification, a badged copy of it, and a port. */
struct scene {
	struct capmsg_notification *n;
	struct capmsg_port *port;
	struct capmsg_cappage *table;
	struct capmsg_cap root;
	struct capmsg_view view;
};

static void scene_make(struct kunit *test, struct scene *s)
{
	const u16 rights = CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_RECV;
	struct capmsg_cap badged;

	s->n = note(test, false);
	s->port = capmsg_port_kit(test, 2);
	s->table = capmsg_kit_table(test, 4);
	s->root = (struct capmsg_cap) {
		.object = s->table->body.object,
		.rights = CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE,
	};
	s->view = (struct capmsg_view) { .root = &s->root, .until = now };
	capmsg_kit_put(test, s->table, NOTE_SLOT,
		       capmsg_cap_make(s->n->body.object, rights));
	badged = capmsg_cap_make(s->n->body.object, rights);
	badged.badge = 0xb0;
	badged.flags = CAPMSG_CAP_BADGED;
	capmsg_kit_put(test, s->table, COPY_SLOT, badged);
	capmsg_kit_put(test, s->table, PORT_SLOT,
		       capmsg_cap_make(s->port->body.object, rights));
}

static void notices_are_resolved_once(struct kunit *test)
{
	struct capmsg_notice notice, other;
	struct scene s;

	scene_make(test, &s);
	KUNIT_EXPECT_EQ(test, capmsg_notice_resolve(&s.view, 0, 1, &notice), 0);
	KUNIT_EXPECT_FALSE(test, capmsg_notice_given(&notice));
	KUNIT_EXPECT_FALSE(test, capmsg_notice_signal(&notice));
	KUNIT_EXPECT_EQ(test, capmsg_notice_resolve(&s.view, ADDRESS(PORT_SLOT),
						    1, &notice), -EINVAL);
	KUNIT_EXPECT_EQ(test, capmsg_notice_resolve(&s.view, ADDRESS(7), 1,
						    &notice), -ENOENT);
	KUNIT_EXPECT_EQ(test, capmsg_notice_resolve(&s.view, ADDRESS(NOTE_SLOT),
						    6, &notice), 0);
	KUNIT_EXPECT_EQ(test, capmsg_notice_check_bits(&notice, 6), 0);
	KUNIT_EXPECT_EQ(test, capmsg_notice_check_bits(&notice, 0), -EINVAL);
	capmsg_notice_move(&other, &notice);
	KUNIT_EXPECT_FALSE(test, capmsg_notice_given(&notice));
	KUNIT_EXPECT_TRUE(test, capmsg_notice_signal(&other));
	KUNIT_EXPECT_EQ(test, take(test, s.n, U64_MAX), 6);
	capmsg_notice_drop(&other);
	KUNIT_EXPECT_FALSE(test, capmsg_notice_signal(&other));
	KUNIT_EXPECT_EQ(test, capmsg_notice_resolve(&s.view, ADDRESS(COPY_SLOT),
						    6, &notice), 0);
	KUNIT_EXPECT_EQ(test, capmsg_notice_check_bits(&notice, 6), -EINVAL);
	KUNIT_EXPECT_EQ(test, capmsg_notice_check_bits(&notice, 0), 0);
	KUNIT_EXPECT_TRUE(test, capmsg_notice_signal(&notice));
	KUNIT_EXPECT_EQ(test, take(test, s.n, U64_MAX), 0xb0);
	capmsg_notice_drop(&notice);
	capmsg_kit_cap(s.table, NOTE_SLOT)->rights = CAPMSG_RIGHT_RECV;
	KUNIT_EXPECT_EQ(test, capmsg_notice_resolve(&s.view, ADDRESS(NOTE_SLOT),
						    6, &notice), -EACCES);
}

static void notices_keep_a_name_and_no_body(struct kunit *test)
{
	struct capmsg_object *object;
	struct capmsg_notice notice;
	struct scene s;

	scene_make(test, &s);
	KUNIT_ASSERT_EQ(test, capmsg_notice_resolve(&s.view, ADDRESS(NOTE_SLOT),
						    1, &notice), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&s.n->body.refs), 1);
	object = capmsg_object_name(s.n->body.object);
	capmsg_notice_sweep(&notice);
	KUNIT_EXPECT_TRUE(test, capmsg_notice_given(&notice));
	capmsg_kit_kill(&s.n->body);
	KUNIT_EXPECT_FALSE(test, capmsg_notice_signal(&notice));
	/* Both slots, the notice, and the case itself. */
	KUNIT_EXPECT_EQ(test, refcount_read(&object->caps), 4);
	capmsg_notice_sweep(&notice);
	KUNIT_EXPECT_FALSE(test, capmsg_notice_given(&notice));
	KUNIT_EXPECT_EQ(test, refcount_read(&object->caps), 3);
	capmsg_object_unname(object);
}

static void port_gives_notice_with_the_message(struct kunit *test)
{
	struct capmsg_sender *sender = capmsg_sender_kit(test, 5);
	struct capmsg_port_post *post;
	struct scene s;

	scene_make(test, &s);
	KUNIT_ASSERT_EQ(test, capmsg_notice_resolve(&s.view, ADDRESS(NOTE_SLOT),
						    4, &s.port->arrival), 0);
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(s.port, sender), 0);
	sender->done = false;
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(s.port, sender), 0);
	KUNIT_EXPECT_EQ(test, take(test, s.n, U64_MAX), 4);
	post = capmsg_port_kit_reap(s.port);
	KUNIT_ASSERT_NOT_NULL(test, post);
	KUNIT_EXPECT_EQ(test, take(test, s.n, U64_MAX), 0);
	capmsg_port_unreap(s.port, post);
	KUNIT_EXPECT_EQ(test, take(test, s.n, U64_MAX), 4);
	/* A port that nobody can be told of any more works as before. */
	capmsg_kit_kill(&s.n->body);
	s.port->body.ops->sweep(&s.port->body);
	KUNIT_EXPECT_FALSE(test, capmsg_notice_given(&s.port->arrival));
	post = capmsg_port_kit_reap(s.port);
	KUNIT_ASSERT_NOT_NULL(test, post);
	capmsg_port_retire(s.port, post);
	sender->done = false;
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_enter(s.port, sender), 0);
}

static struct kunit_case notification_cases[] = {
	KUNIT_CASE(bits_coalesce_until_taken),
	KUNIT_CASE(it_is_charged),
	KUNIT_CASE(dead_ones_take_and_give_nothing),
	KUNIT_CASE(waits_end_at_their_deadline),
	KUNIT_CASE(pollers_are_told_of_every_new_bit),
	KUNIT_CASE(only_those_who_wait_for_a_bit_are_woken),
	KUNIT_CASE(restored_bits_wake_others),
	KUNIT_CASE(notices_are_resolved_once),
	KUNIT_CASE(notices_keep_a_name_and_no_body),
	KUNIT_CASE(port_gives_notice_with_the_message),
	{ }
};

static struct kunit_suite notification_suite = {
	.name		= "capmsg_notification",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= notification_cases,
};

kunit_test_suite(notification_suite);
