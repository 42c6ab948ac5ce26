/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only room that knows kernel versions. It is included before everything
 * else, so that the rest is written as for the newest kernel. What a kernel
 * lacks is filled in under its true name where the meaning is the same, and
 * under a capmsg_ name where it is not. Every entry says when it can go.
 */
#ifndef CAPMSG_COMPAT_H
#define CAPMSG_COMPAT_H

#include <linux/compiler.h>
#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/version.h>
#include <linux/workqueue.h>

/*
 * Caches of our own must not be merged with others, or their use says nothing
 * about leaks. TYPESAFE_BY_RCU keeps a cache apart, too, and does no harm to
 * objects that are freed after a grace period anyway.
 * Drop when the floor is >= 6.6.
 */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE	SLAB_TYPESAFE_BY_RCU
#endif

/*
 * What sparse had to be told of a lock that a function may take is said where
 * that function is declared.
 * Drop, and its uses, when the floor is >= 7.0.
 */
#ifndef __cond_lock
#define __cond_lock(lock, taken)	((void)(lock), (taken))
#endif

/*
 * The queue for work that need not run where it was queued has changed its name,
 * and a kernel says so in its log when the old queues are used.
 * Drop when the floor is >= 6.17.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_dfl_wq	system_unbound_wq
#endif

/*
 * Add one to the count of an eventfd: the kernel's function had an argument for
 * that.
 * Drop when the floor is >= 6.8.
 */
static inline void capmsg_eventfd_signal(struct eventfd_ctx *eventfd)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(eventfd);
#else
	eventfd_signal(eventfd, 1);
#endif
}

/*
 * Let whoever was woken just now run first, if the scheduler wants that. A kernel that
 * preempts lazily would do it on the way back to user space, and cond_resched()
 * does nothing there.
 * Drop the condition when the floor is >= 6.13.
 */
static inline void capmsg_give_way(void)
{
	cond_resched();
#ifdef TIF_NEED_RESCHED_LAZY
	if (test_thread_flag(TIF_NEED_RESCHED_LAZY))
		schedule();
#endif
}

#endif /* CAPMSG_COMPAT_H */
