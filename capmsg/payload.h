/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A message on its way into a cargo: steps 1 and 2 of a transfer, and what a
 * post is to be given.
 */
#ifndef CAPMSG_PAYLOAD_H
#define CAPMSG_PAYLOAD_H

#include "cargo.h"
#include "hooks.h"

/**
 * struct capmsg_payload - a message, as uapi structs name it
 */
struct capmsg_payload {
	/** @data: its bytes, or an array of @n_iov struct capmsg_iovec */
	u64 data;
	/** @length: bytes, if @n_iov is 0 */
	u64 length;
	/** @items: array of @n_items struct capmsg_item */
	u64 items;
	/** @n_iov: pieces */
	u32 n_iov;
	/** @n_items: capabilities */
	u32 n_items;
};

/* What the structs of SEND, CALL and REPLY name alike. */
#define CAPMSG_PAYLOAD(arg) ({				\
	typeof(arg) a_ = (arg);				\
							\
	(struct capmsg_payload) {			\
		.data		= a_->data,		\
		.length		= a_->length,		\
		.items		= a_->items,		\
		.n_iov		= a_->n_iov,		\
		.n_items	= a_->n_items,		\
	};						\
})

int capmsg_payload_read(struct capmsg_cargo *cargo,
			const struct capmsg_payload *payload);
int capmsg_payload_fetch(struct capmsg_cargo *cargo,
			 const struct capmsg_view *view, u32 n);
int capmsg_payload_piece(struct capmsg_cargo *cargo,
			 const struct capmsg_payload *payload);
int capmsg_payload_store(struct capmsg_cargo *cargo, u64 at);
int capmsg_payload_items(struct capmsg_cargo *cargo, u64 items, u32 n);
int capmsg_destination(const struct capmsg_view *view, u64 to, u32 n_items,
		       struct capmsg_origin *origin,
		       struct capmsg_found *port);

int capmsg_dress_region(const struct capmsg_view *view, u64 region, u64 offset,
			u64 length, struct capmsg_dress *dress);
int capmsg_dress_landing(const struct capmsg_view *view, u64 landing, u32 n,
			 struct capmsg_dress *dress);
void capmsg_dress_put(struct capmsg_dress *dress);

/**
 * capmsg_payload_resolve() - step 2: resolve the capabilities of a message
 * @cargo: the cargo
 * @view: the sender's space
 * @n: their number, as it was read
 *
 * To be ended by capmsg_cargo_drop(), also after an error.
 *
 * Context: Process context; no locks held.
 * Return: 0; -ENOENT, -EACCES; -EINVAL for a reply right that is not moved, or
 * anything else that is; -EBUSY for one in a message that is yet to be received;
 * errors of capmsg_walk().
 */
static inline int capmsg_payload_resolve(struct capmsg_cargo *cargo,
					 const struct capmsg_view *view, u32 n)
{
	capmsg_hook(2);
	return n ? capmsg_payload_fetch(cargo, view, n) : 0;
}

#endif /* CAPMSG_PAYLOAD_H */
