/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long a command may wait. Every wait of ours is interruptible, and so
 * killable; does not hinder the freezer; and ends at a deadline.
 */
#ifndef CAPMSG_WAIT_H
#define CAPMSG_WAIT_H

#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>

#define CAPMSG_SLEEP_STATE	(TASK_INTERRUPTIBLE | TASK_FREEZABLE)

/**
 * struct capmsg_until - how long a command may wait
 */
struct capmsg_until {
	/** @deadline: CLOCK_MONOTONIC; KTIME_MAX: no deadline */
	ktime_t deadline;
	/** @nonblock: not at all */
	bool nonblock;
};

/* The deadline of a uapi struct: nanoseconds, 0 for none. */
static inline struct capmsg_until capmsg_until_make(u64 deadline, bool nonblock)
{
	return (struct capmsg_until) {
		.deadline = deadline && deadline < KTIME_MAX ?
			    ns_to_ktime(deadline) : KTIME_MAX,
		.nonblock = nonblock,
	};
}

/* Why the command must not go to sleep now; or 0. */
static inline int capmsg_wait_over(const struct capmsg_until *until)
{
	if (until->nonblock)
		return -EAGAIN;
	if (signal_pending(current))
		return -ERESTARTSYS;
	if (until->deadline != KTIME_MAX &&
	    !ktime_before(ktime_get(), until->deadline))
		return -ETIMEDOUT;
	return 0;
}

/*
 * Sleep until woken, or until a time. The caller is on its wait queue, in
 * CAPMSG_SLEEP_STATE, and looks again at everything afterwards.
 */
static inline void capmsg_sleep(ktime_t until)
{
	if (until == KTIME_MAX)
		schedule();
	else
		schedule_hrtimeout_range(&until, 0, HRTIMER_MODE_ABS);
}

#endif /* CAPMSG_WAIT_H */
