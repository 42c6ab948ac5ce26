/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notices: what the kernel will signal when something happens. All that is
 * needed for it is there when the notice is asked for, so it can always be given.
 */
#ifndef CAPMSG_NOTICE_H
#define CAPMSG_NOTICE_H

#include "capability.h"

/**
 * struct capmsg_notice - bits of a notification that are to be set
 *
 * All zeros is no notice. Embedded in what tells of itself, whose lock keeps
 * the notice from being signalled and dropped at once.
 *
 * It keeps the name of the notification, like a slot, and neither its body nor
 * its space: a notice to a notification that is gone goes nowhere, and
 * capmsg_notice_sweep() drops what is left of that.
 */
struct capmsg_notice {
	/** @cap: the notification, with SEND; owns its references */
	struct capmsg_cap cap;
	/** @bits: to be set */
	u64 bits;
};

bool capmsg_notice_signal(const struct capmsg_notice *notice);

/* Is there anything to be signalled? */
static inline bool capmsg_notice_given(const struct capmsg_notice *notice)
{
	return notice->cap.object;
}

/*
 * Has the caller of a command asked for bits? It must, unless the capability has a
 * badge: then that says which, and it must not.
 */
static inline int capmsg_notice_check_bits(const struct capmsg_notice *notice,
					   u64 asked)
{
	bool badged = notice->cap.flags & CAPMSG_CAP_BADGED;

	return badged == !asked ? 0 : -EINVAL;
}

/* Move the notice and the references that it owns; @from is none afterwards. */
static inline void capmsg_notice_move(struct capmsg_notice *to,
				      struct capmsg_notice *from)
{
	to->bits = from->bits;
	capmsg_cap_move(&to->cap, &from->cap);
}

/* Drop the notice, if there is one; it is none afterwards. Any context. */
static inline void capmsg_notice_drop(struct capmsg_notice *notice)
{
	capmsg_cap_forget(&notice->cap);
}

/* Let go of the tombstone of its notification, if that is dead. Any context. */
static inline void capmsg_notice_sweep(struct capmsg_notice *notice)
{
	capmsg_cap_sweep(&notice->cap);
}

#endif /* CAPMSG_NOTICE_H */
