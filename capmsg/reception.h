/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The receiving half of RECV and REPLY_RECV: from posts to the caller's records.
 */
#ifndef CAPMSG_RECEPTION_H
#define CAPMSG_RECEPTION_H

#include "receive.h"

/**
 * struct capmsg_reception - the receiving half of a command
 */
struct capmsg_reception {
	/** @records: where the messages go */
	struct capmsg_record __user *records;
	/** @out_n: where their number goes */
	u32 __user *out_n;
	/** @reposts: posts to be posted again */
	const u32 __user *reposts;
	/** @again: the caller's own count of @reposts */
	u32 __user *again;
	/** @account: of the caller's space */
	struct capmsg_account *account;
	/** @n_records: room at @records */
	u32 n_records;
	/** @n_reposts: number of @reposts */
	u32 n_reposts;
	/** @until: how long to wait */
	struct capmsg_until until;
	/** @through: the revoker that the port was named through, or NULL */
	const struct capmsg_object *through;
};

int capmsg_receivable(const struct capmsg_view *view, u64 address,
		      struct capmsg_found *found);
int capmsg_reception_repost(struct capmsg_port *port,
			    const struct capmsg_reception *r);
int capmsg_reception_failed(const struct capmsg_reception *r, int error);
int capmsg_reception_record(const struct capmsg_port_post *post, u32 n,
			    const struct capmsg_reception *r);
int capmsg_reception_batch(struct capmsg_port *port,
			   struct capmsg_port_post *post,
			   const struct capmsg_reception *r);
int capmsg_reception_receive(struct capmsg_port *port,
			     const struct capmsg_reception *r);

/**
 * capmsg_reception_check() - check what the caller has asked for
 * @r: the reception
 *
 * Context: Any.
 * Return: 0 or -EINVAL.
 */
static inline int capmsg_reception_check(const struct capmsg_reception *r)
{
	if (!r->n_records || r->n_records > CAPMSG_BATCH_MAX ||
	    r->n_reposts > CAPMSG_DEPTH_MAX)
		return -EINVAL;
	return 0;
}

#endif /* CAPMSG_RECEPTION_H */
