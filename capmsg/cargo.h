/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cargo: what one outgoing transfer carries. It is a part of a frame or of a
 * message object, allocated with it, so that sending needs no memory.
 */
#ifndef CAPMSG_CARGO_H
#define CAPMSG_CARGO_H

#include <linux/uio.h>

#include "claim.h"

/**
 * struct capmsg_cargo - what one outgoing transfer carries
 */
struct capmsg_cargo {
	/** @sender: what the port knows of it */
	struct capmsg_sender sender;
	/** @iter: the payload */
	struct iov_iter iter;
	/** @iov: its pieces */
	struct iovec iov[CAPMSG_IOV_MAX];
	/** @items: capabilities to be sent, as the caller has named them */
	struct capmsg_item items[CAPMSG_CAPS_MAX];
	/** @loaded: how many of them are resolved; the others nobody looks at */
	u32 loaded;
	/** @caps: the same, resolved; a sweep may get at those at any moment */
	struct capmsg_cap caps[CAPMSG_CAPS_MAX];
	/** @gates: of the revokers that its destination was named through */
	struct capmsg_gates gates;
	/** @area: the payload, if at most CAPMSG_INLINE_MAX bytes */
	u8 area[CAPMSG_INLINE_MAX] __aligned(8);
};

/* Prepare a cargo, once; its memory is zeroed. */
static inline void capmsg_cargo_init(struct capmsg_cargo *cargo,
				     struct capmsg_account *account)
{
	capmsg_sender_init(&cargo->sender, account);
	cargo->sender.caps = cargo->caps;
}

/* The capability after those that are loaded is complete. */
static inline void capmsg_cargo_load(struct capmsg_cargo *cargo)
{
	/* Pairs with capmsg_cargo_sweep(). */
	smp_store_release(&cargo->loaded, cargo->loaded + 1);
}

void capmsg_cargo_unload(struct capmsg_cargo *cargo);
void capmsg_cargo_sweep(struct capmsg_cargo *cargo);
void capmsg_cargo_join(struct capmsg_cargo *cargo,
		       void (*notify)(struct capmsg_gates *gates));
void capmsg_cargo_leave(struct capmsg_cargo *cargo);

/* Drop the capabilities that it still holds, if any. As capmsg_cargo_unload(). */
static inline void capmsg_cargo_drop(struct capmsg_cargo *cargo)
{
	if (cargo->loaded)
		capmsg_cargo_unload(cargo);
}

#endif /* CAPMSG_CARGO_H */
