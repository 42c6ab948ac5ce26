/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pins: runs of user pages that the kernel holds in order to write to them:
 * a region's while it lives, a plain buffer's during one command.
 */
#ifndef CAPMSG_PIN_H
#define CAPMSG_PIN_H

#include <linux/mm_types.h>
#include <linux/types.h>

#include "account.h"

struct user_struct;

/**
 * struct capmsg_pin - a run of pinned user pages
 */
struct capmsg_pin {
	/** @pages: the pages; room for as many as the owner has asked for */
	struct page **pages;
	/** @n: how many are pinned */
	unsigned long n;
	/** @offset: of the first byte in the first page */
	unsigned int offset;
	/** @aliasable: somebody else may have the same pages mapped */
	bool aliasable;
	/** @mm: whose pages, charged for them; holds a reference while pinned */
	struct mm_struct *mm;
	/** @user: the same; NULL if RLIMIT_MEMLOCK does not bind it */
	struct user_struct *user;
};

int capmsg_pin_user(struct capmsg_pin *pin, struct capmsg_account *account,
		    u64 address, u64 length);
void capmsg_unpin(struct capmsg_pin *pin);
unsigned long capmsg_pinned(void);

#endif /* CAPMSG_PIN_H */
