// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions: a pin that lasts, as an object.
 */
#include <linux/mm.h>

#include "region.h"

static void pages_count(struct capmsg_account *account, long n)
{
	struct capmsg_user *user;

	for (user = account->user; user; user = user->parent)
		atomic_long_add(n, &user->pinned);
}

static void region_kill(struct capmsg_body *body)
{
	/* The posts that were cut from it are told through their liens. */
}

/* No copy into it is under way, and no post is cut from it any more. */
static void region_ended(struct capmsg_body *body)
{
	struct capmsg_region *region = capmsg_region_of(body);
	size_t bytes = body->bytes - sizeof(*region);

	pages_count(body->account, -(long)region->pin.n);
	capmsg_unpin(&region->pin);
	kvfree(region->pin.pages);
	region->pin.pages = NULL;
	body->bytes -= bytes;
	capmsg_user_uncharge(body->account->user, 0, bytes);
}

static void region_free(struct capmsg_body *body)
{
	kvfree(capmsg_region_of(body));
}

static const struct capmsg_body_ops region_ops = {
	.type		= CAPMSG_TYPE_REGION,
	.kill		= region_kill,
	.ended		= region_ended,
	.free		= region_free,
};

/* Room for the pages, which region_ended() gives back. */
static int make_room(struct capmsg_region *region, unsigned long n)
{
	const size_t bytes = n * sizeof(struct page *);
	int ret;

	ret = capmsg_account_charge(region->body.account, 0, bytes);
	if (ret)
		return ret;
	region->body.bytes += bytes;
	region->pin.pages = kvcalloc(n, sizeof(struct page *), CAPMSG_GFP);
	return region->pin.pages ? 0 : -ENOMEM;
}

/**
 * capmsg_region_alloc() - register memory of the caller
 * @account: who pays for the object
 * @address: first byte, page aligned
 * @length: bytes, a multiple of the page size, not 0
 *
 * Context: Process context; may sleep.
 * Return: the region, its reference owned by the caller until
 * capmsg_body_own(); or ERR_PTR: -EDQUOT, -ENOMEM, -EFAULT, -EINTR.
 */
struct capmsg_region *capmsg_region_alloc(struct capmsg_account *account,
					  u64 address, u64 length)
{
	unsigned long n = length >> PAGE_SHIFT;
	struct capmsg_region *region;
	int ret;

	if (!access_ok((void __user *)address, length))
		return ERR_PTR(-EFAULT);
	region = capmsg_body_alloc(&region_ops, account, sizeof(*region));
	if (IS_ERR(region))
		return region;
	region->length = length;
	ret = make_room(region, n) ?:
	      capmsg_pin_user(&region->pin, account, address, length);
	if (ret) {
		capmsg_object_kill(region->body.object);
		return ERR_PTR(ret);
	}
	pages_count(account, n);
	return region;
}

/**
 * capmsg_region_close() - let nobody use a region that nobody uses
 * @region: the region
 *
 * Context: Any; takes the lock of the region.
 * Return: true if it is dead now, and the caller must kill it; false if a post
 * uses it.
 */
bool capmsg_region_close(struct capmsg_region *region)
{
	bool unused;

	spin_lock(&region->body.lock);
	unused = !region->cuts;
	if (unused)
		WRITE_ONCE(region->body.dead, true);
	spin_unlock(&region->body.lock);
	return unused;
}

/**
 * capmsg_cut_attach() - begin to use a region
 * @cut: the use; its lien's ops are set
 * @region: the region; the caller's reference moves to @cut on success
 *
 * Context: Any; takes the lock of the region.
 * Return: 0, or -ENOENT if the region is dead.
 */
int capmsg_cut_attach(struct capmsg_cut *cut, struct capmsg_region *region)
{
	int ret = -ENOENT;

	spin_lock(&region->body.lock);
	if (!region->body.dead) {
		capmsg_lien_attach_locked(&region->body, &cut->lien);
		region->cuts++;
		cut->region = region;
		ret = 0;
	}
	spin_unlock(&region->body.lock);
	return ret;
}

/**
 * capmsg_cut_detach() - stop using a region
 * @cut: the use; cut->region must not be NULL and stays set: its reference is
 *	now the caller's, to be dropped without locks
 *
 * Context: Any; takes the lock of the region.
 */
void capmsg_cut_detach(struct capmsg_cut *cut)
{
	spin_lock(&cut->region->body.lock);
	capmsg_lien_detach_locked(&cut->region->body, &cut->lien);
	cut->region->cuts--;
	spin_unlock(&cut->region->body.lock);
}
