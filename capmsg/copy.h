/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one copy: bytes from the sender's memory straight into pinned pages of
 * the receiver.
 */
#ifndef CAPMSG_COPY_H
#define CAPMSG_COPY_H

#include <linux/uio.h>

#include "pin.h"

/**
 * struct capmsg_target - a range of pinned pages
 */
struct capmsg_target {
	/** @pin: the pages; NULL: no buffer */
	const struct capmsg_pin *pin;
	/** @offset: first byte, counted from the first byte of the pin */
	u64 offset;
	/** @length: bytes */
	u64 length;
};

int capmsg_copy_init(void);
void capmsg_copy_exit(void);
size_t capmsg_copy_chunk(const struct capmsg_target *target, u64 at,
			 struct iov_iter *from);
void capmsg_copy_short(const struct capmsg_target *target, const void *from,
		       size_t n);
int capmsg_words_from_user(void *to, const void __user *from, size_t n);
int capmsg_words_to_user(void __user *to, const void *from, size_t n);
u64 capmsg_copied(void);

#endif /* CAPMSG_COPY_H */
