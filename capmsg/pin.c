// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning of user pages, always for writing: so copy-on-write is broken before
 * and the owner sees what arrives.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "pin.h"

#define PIN_BATCH	512UL	/* pages between two looks at signals */

static atomic_long_t pinned;

static int pin_pages(struct capmsg_pin *pin, unsigned long address,
		     unsigned long n, unsigned int flags)
{
	long got;

	while (pin->n < n) {
		if (fatal_signal_pending(current))
			return -EINTR;
		got = pin_user_pages_fast(address + (pin->n << PAGE_SHIFT),
					  min(n - pin->n, PIN_BATCH), flags,
					  pin->pages + pin->n);
		if (got <= 0)
			return got == -ENOMEM ? -ENOMEM : -EFAULT;
		pin->n += got;
		atomic_long_add(got, &pinned);
		cond_resched();
	}
	return 0;
}

/*
 * Anonymous memory belongs to its mm alone once it is pinned for writing. The
 * pages of a file on disk could be written back at any time, so they cannot
 * be kept.
 */
static int pin_classify(struct capmsg_pin *pin, bool longterm)
{
	struct folio *folio;
	unsigned long i;

	for (i = 0; i < pin->n; i++) {
		folio = page_folio(pin->pages[i]);
		if (folio_test_anon(folio))
			continue;
		pin->aliasable = true;
		if (longterm && !folio_test_swapbacked(folio) &&
		    !folio_test_hugetlb(folio))
			return -EFAULT;
	}
	return 0;
}

/**
 * capmsg_pin_user() - pin a range of the caller's memory
 * @pin: pages points to room for all pages of the range; the rest is written
 * @address: first byte
 * @length: bytes, not 0; the page array was dimensioned for it
 * @longterm: for longer than this system call
 *
 * Context: Process context of the owner of the memory; may sleep.
 * Return: 0; -EFAULT if a page is not there, not writable, or of a kind that
 * cannot be pinned; -ENOMEM; -EINTR on a fatal signal. On error nothing is
 * pinned.
 */
int capmsg_pin_user(struct capmsg_pin *pin, u64 address, u64 length,
		    bool longterm)
{
	unsigned int flags = FOLL_WRITE | (longterm ? FOLL_LONGTERM : 0);
	unsigned long first = address & PAGE_MASK;
	int ret;

	pin->n = 0;
	pin->offset = offset_in_page(address);
	pin->aliasable = false;
	pin->mm = current->mm;
	if (!access_ok((void __user *)address, length))
		return -EFAULT;
	ret = pin_pages(pin, first,
			DIV_ROUND_UP(pin->offset + length, PAGE_SIZE), flags);
	if (!ret)
		ret = pin_classify(pin, longterm);
	if (ret)
		capmsg_unpin(pin, false);
	return ret;
}

/**
 * capmsg_unpin() - unpin what is pinned
 * @pin: the pin; empty afterwards
 * @dirty: something may have been written
 *
 * Context: Process context; may sleep.
 */
void capmsg_unpin(struct capmsg_pin *pin, bool dirty)
{
	if (!pin->n)
		return;
	unpin_user_pages_dirty_lock(pin->pages, pin->n, dirty);
	atomic_long_sub(pin->n, &pinned);
	pin->n = 0;
}

/**
 * capmsg_pinned() - number of pages that are pinned
 *
 * Context: Any.
 * Return: the number; may be old when it arrives.
 */
unsigned long capmsg_pinned(void)
{
	return atomic_long_read(&pinned);
}
