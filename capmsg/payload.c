// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps 1 and 2 of a transfer: everything that is read of a sender's structs is
 * read here, once, into the cargo.
 */
#include <linux/uaccess.h>

#include "commands.h"
#include "hooks.h"
#include "payload.h"

static int too_long(struct capmsg_cargo *cargo, u64 length)
{
	return capmsg_refuse(cargo->sender.account, CAPMSG_LIMIT_SIZE,
			     -EMSGSIZE, length, CAPMSG_MESSAGE_MAX);
}

static int read_pieces(struct capmsg_cargo *cargo,
		       const struct capmsg_payload *payload, u64 *total)
{
	struct iovec *iov = cargo->iov;
	u32 i;

	BUILD_BUG_ON(sizeof(struct capmsg_iovec) != sizeof(struct iovec));
	if (payload->n_iov > CAPMSG_IOV_MAX || payload->length)
		return -EINVAL;
	if (copy_from_user(iov, u64_to_user_ptr(payload->data),
			   payload->n_iov * sizeof(*iov)))
		return -EFAULT;
	*total = 0;
	for (i = 0; i < payload->n_iov; i++) {
		if (iov[i].iov_len > CAPMSG_MESSAGE_MAX)
			return too_long(cargo, iov[i].iov_len);
		if (!access_ok(iov[i].iov_base, iov[i].iov_len))
			return -EFAULT;
		*total += iov[i].iov_len;
	}
	return 0;
}

static int read_range(struct capmsg_cargo *cargo,
		      const struct capmsg_payload *payload, u64 *total)
{
	cargo->iov[0].iov_base = u64_to_user_ptr(payload->data);
	cargo->iov[0].iov_len = payload->length;
	*total = payload->length;
	if (*total > CAPMSG_MESSAGE_MAX)
		return too_long(cargo, *total);
	return access_ok(cargo->iov[0].iov_base, *total) ? 0 : -EFAULT;
}

static int read_area(struct capmsg_cargo *cargo, u32 n)
{
	u8 *to = cargo->area;
	u32 i;

	if (n == 1)
		return capmsg_words_from_user(to, cargo->iov[0].iov_base,
					      cargo->iov[0].iov_len);
	for (i = 0; i < n; i++) {
		if (copy_from_user(to, cargo->iov[i].iov_base,
				   cargo->iov[i].iov_len))
			return -EFAULT;
		to += cargo->iov[i].iov_len;
	}
	return 0;
}

static int read_items(struct capmsg_cargo *cargo, u64 items, u32 n)
{
	u32 i;
	int ret;

	if (n > CAPMSG_CAPS_MAX)
		return -EINVAL;
	if (copy_from_user(cargo->items, u64_to_user_ptr(items),
			   n * sizeof(struct capmsg_item)))
		return -EFAULT;
	for (i = 0; i < n; i++) {
		ret = capmsg_check_flags(cargo->items[i].flags,
					 CAPMSG_ITEM_MOVE) ?:
		      capmsg_check_rights(cargo->items[i].rights);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * capmsg_payload_read() - step 1: read a message into a cargo
 * @cargo: the cargo; its sender is filled in but for the destination
 * @payload: the message
 *
 * Context: Process context; no locks held.
 * Return: 0; -EINVAL, -EFAULT, -EMSGSIZE, -EOPNOTSUPP.
 */
int capmsg_payload_read(struct capmsg_cargo *cargo,
			const struct capmsg_payload *payload)
{
	struct capmsg_sender *sender = &cargo->sender;
	u32 n = payload->n_iov ?: 1;
	u64 total;
	int ret;

	capmsg_hook(1);
	sender->n_caps = 0;
	sender->moved.table = NULL;
	ret = payload->n_iov ? read_pieces(cargo, payload, &total) :
			       read_range(cargo, payload, &total);
	if (!ret && payload->n_items)
		ret = read_items(cargo, payload->items, payload->n_items);
	if (ret)
		return ret;
	sender->length = total;
	sender->n_caps = payload->n_items;
	sender->area = NULL;
	if (total <= CAPMSG_INLINE_MAX) {
		sender->area = cargo->area;
		return read_area(cargo, n);
	}
	iov_iter_init(&cargo->iter, ITER_SOURCE, cargo->iov, n, total);
	return 0;
}

/* A reply right that is to leave its slot with the message. */
static int resolve_moved(struct capmsg_cargo *cargo,
			 const struct capmsg_view *view, u32 i)
{
	struct capmsg_sender *sender = &cargo->sender;
	struct capmsg_cap *cap = &cargo->caps[i];
	struct capmsg_spot spot;
	bool reserved;
	int ret;

	if (sender->moved.table)
		return -EINVAL;
	ret = capmsg_find_slot(view, cargo->items[i].address,
			       CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE, &spot);
	if (ret)
		return ret;
	rcu_read_lock();
	reserved = capmsg_slot_read_rcu(spot.table, spot.index, cap);
	if (reserved)
		ret = -EBUSY;
	else if (capmsg_cap_void_rcu(cap))
		ret = -ENOENT;
	else if (cap->object->type != CAPMSG_TYPE_REPLY)
		ret = -EINVAL;
	else if (!capmsg_object_tryget(cap->object))
		ret = -ENOENT;
	rcu_read_unlock();
	if (ret) {
		cap->object = NULL;
		capmsg_spot_put(&spot);
		return ret;
	}
	cap->rights &= cargo->items[i].rights | CAPMSG_RIGHT_WEAK;
	sender->moved = spot;
	sender->moved_cap = i;
	return 0;
}

/**
 * capmsg_payload_resolve() - step 2: resolve the capabilities of a message
 * @cargo: the cargo
 * @view: the sender's space
 *
 * To be ended by capmsg_payload_end(), also after an error.
 *
 * Context: Process context; no locks held.
 * Return: 0; -ENOENT, -EACCES; -EINVAL for a reply right that is not moved, or
 * anything else that is; -EBUSY for one in a message that is yet to be received.
 */
int capmsg_payload_resolve(struct capmsg_cargo *cargo,
			   const struct capmsg_view *view)
{
	struct capmsg_mint mint = { };
	u32 i, n = cargo->sender.n_caps;
	int ret;

	capmsg_hook(2);
	for (i = 0; i < n; i++) {
		mint.rights = cargo->items[i].rights;
		if (cargo->items[i].flags & CAPMSG_ITEM_MOVE)
			ret = resolve_moved(cargo, view, i);
		else
			ret = capmsg_fetch(view, cargo->items[i].address,
					   &mint, &cargo->caps[i]);
		if (ret) {
			/* What is not resolved must not be dropped. */
			cargo->sender.n_caps = i;
			return ret;
		}
	}
	return 0;
}

/**
 * capmsg_payload_end() - drop what a message still holds
 * @cargo: the cargo; empty afterwards
 *
 * Context: Process context; no locks held.
 */
void capmsg_payload_end(struct capmsg_cargo *cargo)
{
	struct capmsg_sender *sender = &cargo->sender;
	u32 i;

	/* Of a moved reply right this is a copy: the right is in its slot. */
	for (i = 0; i < sender->n_caps; i++)
		capmsg_cap_forget(&cargo->caps[i]);
	sender->n_caps = 0;
	if (sender->moved.table)
		capmsg_spot_put(&sender->moved);
	sender->moved.table = NULL;
}

/**
 * capmsg_dress_region() - find the buffer that a post is to be given
 * @view: the receiver's space
 * @region: address of the region, or void for no buffer
 * @offset: of the buffer
 * @length: of the buffer
 * @dress: gets a reference
 *
 * Context: Process context.
 * Return: 0; -ENOENT, -EACCES; -EINVAL for a range outside the region.
 */
int capmsg_dress_region(const struct capmsg_view *view, u64 region, u64 offset,
			u64 length, struct capmsg_dress *dress)
{
	struct capmsg_found found;
	struct capmsg_region *in;
	int ret;

	if (region == CAPMSG_ADDRESS_VOID)
		return offset || length ? -EINVAL : 0;
	ret = capmsg_resolve_type(view, region, CAPMSG_TYPE_REGION,
				  CAPMSG_RIGHT_WRITE, &found);
	if (ret)
		return ret;
	in = capmsg_region_of(found.body);
	if (!length || offset > in->length || length > in->length - offset) {
		capmsg_found_put(&found);
		return -EINVAL;
	}
	dress->region = in;
	dress->offset = offset;
	dress->length = length;
	return 0;
}

/**
 * capmsg_dress_landing() - find the landing slots that a post is to be given
 * @view: the receiver's space
 * @landing: address of the first slot; void if @n is 0
 * @n: number of slots
 * @dress: gets a reference
 *
 * Context: Process context.
 * Return: 0; -ENOENT, -EACCES; -EINVAL for slots outside the cappage.
 */
int capmsg_dress_landing(const struct capmsg_view *view, u64 landing, u32 n,
			 struct capmsg_dress *dress)
{
	struct capmsg_spot spot;
	int ret;

	if (!n)
		return landing == CAPMSG_ADDRESS_VOID ? 0 : -EINVAL;
	if (n > CAPMSG_CAPS_MAX || landing == CAPMSG_ADDRESS_VOID)
		return -EINVAL;
	ret = capmsg_find_slot(view, landing, CAPMSG_RIGHT_WRITE, &spot);
	if (ret)
		return ret;
	if (n > spot.end - spot.index) {
		capmsg_spot_put(&spot);
		return -EINVAL;
	}
	dress->table = spot.table;
	dress->first = spot.index;
	dress->n = n;
	return 0;
}

/**
 * capmsg_dress_put() - drop what was found for a post that did not take it
 * @dress: what was found
 *
 * Context: Process context; may sleep.
 */
void capmsg_dress_put(struct capmsg_dress *dress)
{
	if (dress->region)
		capmsg_body_put(&dress->region->body);
	if (dress->table)
		capmsg_body_put(&dress->table->body);
}
