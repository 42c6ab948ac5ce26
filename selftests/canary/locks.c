// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done with locks, and with RCU, that should not be.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

#include "canary.h"

static DEFINE_SPINLOCK(a);
static DEFINE_SPINLOCK(b);
static DEFINE_RAW_SPINLOCK(raw);
static DEFINE_MUTEX(mutex);

static void abba(void)
{
	spin_lock(&a);
	spin_lock(&b);
	spin_unlock(&b);
	spin_unlock(&a);
	spin_lock(&b);
	spin_lock(&a);
	spin_unlock(&a);
	spin_unlock(&b);
}

/* Two of one kind, and nothing that says in which order. */
static void two_of_a_kind(void)
{
	spinlock_t locks[2];	/* guard nothing */
	int i;

	for (i = 0; i < 2; i++)
		spin_lock_init(&locks[i]);
	spin_lock(&locks[0]);
	spin_lock(&locks[1]);
	spin_unlock(&locks[1]);
	spin_unlock(&locks[0]);
}

static void take_in_timer(struct timer_list *timer)
{
	spin_lock(&a);
	spin_unlock(&a);
}

static void lock_of_a_timer(void)
{
	struct timer_list timer;

	timer_setup_on_stack(&timer, take_in_timer, 0);
	mod_timer(&timer, jiffies + 1);
	msleep(100);
	timer_delete_sync(&timer);
	destroy_timer_on_stack(&timer);
	spin_lock(&a);
	spin_unlock(&a);
}

static void wait_context(void)
{
	raw_spin_lock(&raw);
	spin_lock(&a);
	spin_unlock(&a);
	raw_spin_unlock(&raw);
}

static void not_held(void)
{
	spin_lock(&a);
	spin_unlock(&a);
	preempt_disable();
	spin_unlock(&a);
}

static void freed_while_held(void)
{
	struct mutex *lock = kzalloc(sizeof(*lock), GFP_KERNEL);

	if (!lock)
		return;
	mutex_init(lock);
	mutex_lock(lock);
	kfree(lock);
}

static void held_on_return(void)
{
	mutex_lock(&mutex);
}

static void sleep_in_atomic(void)
{
	spin_lock(&a);
	might_sleep();
	spin_unlock(&a);
}

static void schedule_in_atomic(void)
{
	preempt_disable();
	schedule();
	preempt_enable();
}

static void __rcu *published;

static void rcu_unprotected(void)
{
	if (rcu_dereference(published))
		schedule();
}

static void rcu_held_on_return(void)
{
	rcu_read_lock();
}

static void called_back(struct rcu_head *head)
{
}

static void rcu_twice(void)
{
	static struct rcu_head head;

	call_rcu(&head, called_back);
	call_rcu(&head, called_back);
	rcu_barrier();
}

/* The script has made the kernel impatient. Somebody has to wait for a grace period. */
static void rcu_stall(void)
{
	static struct rcu_head head;
	int i;

	call_rcu(&head, called_back);
	preempt_disable();
	for (i = 0; i < 12000; i++)
		mdelay(1);
	preempt_enable();
	rcu_barrier();
}

static void task_hangs(void)
{
	schedule_timeout_uninterruptible(12 * HZ);
}

static unsigned long shared;

static int count(void *unused)
{
	while (!kthread_should_stop()) {
		shared++;
		cond_resched();
	}
	return 0;
}

static void race(void)
{
	struct task_struct *threads[2];
	int i;

	for (i = 0; i < 2; i++)
		threads[i] = kthread_run(count, NULL, "capmsg_canary/%d", i);
	msleep(5000);
	for (i = 0; i < 2; i++) {
		if (!IS_ERR(threads[i]))
			kthread_stop(threads[i]);
	}
}

const struct canary canaries_of_locks[] = {
	{ "abba", abba },
	{ "two_of_a_kind", two_of_a_kind },
	{ "lock_of_a_timer", lock_of_a_timer },
	{ "wait_context", wait_context },
	{ "not_held", not_held },
	{ "freed_while_held", freed_while_held },
	{ "held_on_return", held_on_return },
	{ "sleep_in_atomic", sleep_in_atomic },
	{ "schedule_in_atomic", schedule_in_atomic },
	{ "rcu_unprotected", rcu_unprotected },
	{ "rcu_held_on_return", rcu_held_on_return },
	{ "rcu_twice", rcu_twice },
	{ "rcu_stall", rcu_stall },
	{ "task_hangs", task_hangs },
	{ "race", race },
	{ }
};
