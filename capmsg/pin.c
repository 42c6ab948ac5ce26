// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning of user pages, always for writing: so copy-on-write is broken before
 * and the owner sees what arrives.
 */
#include <linux/capability.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>

#include "pin.h"

#define PIN_BATCH	512UL	/* pages between two looks at signals */

static atomic_long_t pinned;

/*
 * As io_uring does it: the limit is the user's, and the mm shows the sum. What is
 * over the limit is never counted, not even for a moment: others may fit.
 */
static int pin_charge(struct capmsg_pin *pin, struct capmsg_account *account,
		      unsigned long n)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	struct user_struct *user = NULL;
	long use;

	if (!capable(CAP_IPC_LOCK)) {
		user = current_user();
		use = atomic_long_read(&user->locked_vm);
		do {
			if (use + n > limit)
				return capmsg_refuse(account,
						     CAPMSG_LIMIT_MEMLOCK,
						     -EDQUOT, use, limit);
		} while (!atomic_long_try_cmpxchg(&user->locked_vm, &use,
						  use + n));
		get_uid(user);
	}
	pin->user = user;
	pin->mm = current->mm;
	mmgrab(pin->mm);
	atomic64_add(n, &pin->mm->pinned_vm);
	return 0;
}

static void pin_uncharge(struct capmsg_pin *pin, unsigned long n)
{
	atomic64_sub(n, &pin->mm->pinned_vm);
	if (pin->user) {
		atomic_long_sub(n, &pin->user->locked_vm);
		free_uid(pin->user);
	}
	mmdrop(pin->mm);
	pin->mm = NULL;
	pin->user = NULL;
}

static int pin_pages(struct capmsg_pin *pin, unsigned long address,
		     unsigned long n)
{
	long got;

	while (pin->n < n) {
		if (fatal_signal_pending(current))
			return -EINTR;
		got = pin_user_pages_fast(address + (pin->n << PAGE_SHIFT),
					  min(n - pin->n, PIN_BATCH),
					  FOLL_WRITE | FOLL_LONGTERM,
					  pin->pages + pin->n);
		if (got <= 0)
			return got == -ENOMEM ? -ENOMEM : -EFAULT;
		pin->n += got;
		atomic_long_add(got, &pinned);
		cond_resched();
	}
	return 0;
}

static void unpin_pages(struct capmsg_pin *pin, bool dirty)
{
	unsigned long done, n;

	for (done = 0; done < pin->n; done += n) {
		n = min(pin->n - done, PIN_BATCH);
		unpin_user_pages_dirty_lock(pin->pages + done, n, dirty);
		cond_resched();
	}
	atomic_long_sub(pin->n, &pinned);
	pin->n = 0;
}

/*
 * Anonymous memory belongs to its mm alone once it is pinned for writing. The
 * pages of a file on disk could be written back at any time, so they cannot
 * be kept.
 */
static int pin_classify(struct capmsg_pin *pin)
{
	struct folio *folio;
	unsigned long i;

	for (i = 0; i < pin->n; i++) {
		folio = page_folio(pin->pages[i]);
		if (folio_test_anon(folio))
			continue;
		pin->aliasable = true;
		if (!folio_test_swapbacked(folio) && !folio_test_hugetlb(folio))
			return -EFAULT;
	}
	return 0;
}

/**
 * capmsg_pin_user() - pin a range of the caller's memory, and charge for it
 * @pin: pages points to room for all pages of the range; the rest is written
 * @account: of the space whose command it is
 * @address: first byte
 * @length: bytes, not 0; the page array was dimensioned for it
 *
 * For as long as its owner wants, so always as a long-term pin. Charged before
 * it is done, so that RLIMIT_MEMLOCK bounds what is pinned.
 *
 * Context: Process context of the owner of the memory; may sleep.
 * Return: 0; -EFAULT if a page is not there, not writable, or of a kind that
 * cannot be pinned; -EDQUOT; -ENOMEM; -EINTR on a fatal signal. On error
 * nothing is pinned.
 */
int capmsg_pin_user(struct capmsg_pin *pin, struct capmsg_account *account,
		    u64 address, u64 length)
{
	unsigned long n;
	int ret;

	if (!access_ok((void __user *)address, length))
		return -EFAULT;
	pin->n = 0;
	pin->offset = offset_in_page(address);
	pin->aliasable = false;
	n = DIV_ROUND_UP(pin->offset + length, PAGE_SIZE);
	ret = pin_charge(pin, account, n);
	if (ret)
		return ret;
	ret = pin_pages(pin, address & PAGE_MASK, n);
	if (!ret)
		ret = pin_classify(pin);
	if (ret) {
		unpin_pages(pin, false);
		pin_uncharge(pin, n);
	}
	return ret;
}

/**
 * capmsg_unpin() - unpin what is pinned
 * @pin: the pin; empty afterwards
 *
 * Context: Process context, of whatever process; may sleep.
 */
void capmsg_unpin(struct capmsg_pin *pin)
{
	unsigned long n = pin->n;

	if (!n)
		return;
	unpin_pages(pin, true);
	pin_uncharge(pin, n);
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
