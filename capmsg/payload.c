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

static __always_inline int read_range(struct capmsg_cargo *cargo,
				      const struct capmsg_payload *payload,
				      u64 *total)
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
	if (capmsg_words_from_user(cargo->items, u64_to_user_ptr(items),
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

static int read_bytes(struct capmsg_cargo *cargo,
		      const struct capmsg_payload *payload, u64 *total)
{
	return payload->n_iov ? read_pieces(cargo, payload, total) :
				read_range(cargo, payload, total);
}

static void iterate(struct capmsg_cargo *cargo,
		    const struct capmsg_payload *payload, u64 total)
{
	iov_iter_init(&cargo->iter, ITER_SOURCE, cargo->iov,
		      payload->n_iov ?: 1, total);
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
	u64 total;
	int ret;

	capmsg_hook(1);
	ret = read_bytes(cargo, payload, &total);
	if (!ret && payload->n_items)
		ret = read_items(cargo, payload->items, payload->n_items);
	if (ret)
		return ret;
	sender->length = total;
	sender->n_caps = payload->n_items;
	sender->area = NULL;
	if (total <= CAPMSG_INLINE_MAX) {
		sender->area = cargo->area;
		return read_area(cargo, payload->n_iov ?: 1);
	}
	iterate(cargo, payload, total);
	return 0;
}

/**
 * capmsg_payload_piece() - step 1 of FILL: read where a piece of payload is
 * @cargo: the cargo; its iter is set, and nothing else that others look at
 * @payload: the piece
 *
 * Context: Process context; no locks held.
 * Return: 0; -EINVAL, -EFAULT, -EMSGSIZE.
 */
int capmsg_payload_piece(struct capmsg_cargo *cargo,
			 const struct capmsg_payload *payload)
{
	u64 total;
	int ret;

	capmsg_hook(1);
	ret = read_bytes(cargo, payload, &total);
	if (!ret)
		iterate(cargo, payload, total);
	return ret;
}

/**
 * capmsg_payload_store() - read a piece of a short message
 * @cargo: the cargo; the piece is its iter
 * @at: where in the area; the piece ends within it
 *
 * The piece is stored when all of it is there.
 *
 * Context: Process context; no locks held.
 * Return: 0; -EFAULT; what capmsg_gate_check() says of who uses the message.
 */
int capmsg_payload_store(struct capmsg_cargo *cargo, u64 at)
{
	struct iov_iter source = cargo->iter;
	size_t n = iov_iter_count(&source);
	u8 piece[CAPMSG_INLINE_MAX];
	int ret;

	if (copy_from_iter(piece, n, &source) != n)
		return -EFAULT;
	rcu_read_lock();
	ret = capmsg_gate_check(cargo->sender.by);
	if (!ret)
		memcpy(cargo->area + at, piece, n);
	rcu_read_unlock();
	return ret;
}

/**
 * capmsg_payload_items() - step 1 of TRANSMIT: read capabilities to be sent
 * @cargo: the cargo
 * @items: array of struct capmsg_item
 * @n: its length
 *
 * Context: Process context; no locks held.
 * Return: 0; -EINVAL, -EFAULT, -EOPNOTSUPP.
 */
int capmsg_payload_items(struct capmsg_cargo *cargo, u64 items, u32 n)
{
	capmsg_hook(1);
	return n ? read_items(cargo, items, n) : 0;
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
	else if (!capmsg_object_tryname(cap->object))
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
 * capmsg_destination() - step 2: find the port that a message goes to
 * @view: the sender's space
 * @to: address of the port
 * @n_items: capabilities that the message may carry
 * @origin: how the port was named
 * @port: the port
 *
 * Context: As capmsg_resolve().
 * Return: 0; errors of capmsg_resolve_type().
 */
int capmsg_destination(const struct capmsg_view *view, u64 to, u32 n_items,
		       struct capmsg_origin *origin, struct capmsg_found *port)
{
	int ret;

	ret = capmsg_resolve_type(view, to, CAPMSG_TYPE_PORT,
				  CAPMSG_RIGHT_SEND |
				  (n_items ? CAPMSG_RIGHT_GRANT : 0), port);
	if (ret)
		return ret;
	origin->badge = port->cap.badge;
	origin->badged = port->cap.flags & CAPMSG_CAP_BADGED;
	return 0;
}

/**
 * capmsg_payload_fetch() - capmsg_payload_resolve() where there are some
 * @cargo: the cargo
 * @view: the sender's space
 * @n: their number
 *
 * Context: Process context; no locks held.
 * Return: As capmsg_payload_resolve().
 */
int capmsg_payload_fetch(struct capmsg_cargo *cargo,
			 const struct capmsg_view *view, u32 n)
{
	struct capmsg_mint mint = { };
	u32 i;
	int ret;

	for (i = 0; i < n; i++) {
		mint.rights = cargo->items[i].rights;
		if (cargo->items[i].flags & CAPMSG_ITEM_MOVE)
			ret = resolve_moved(cargo, view, i);
		else
			ret = capmsg_fetch(view, cargo->items[i].address,
					   &mint, &cargo->caps[i]);
		if (ret)
			return ret;
		/* What is not resolved must not be dropped. */
		capmsg_cargo_load(cargo);
	}
	return 0;
}

/**
 * capmsg_dress_region() - find the buffer that a post is to be given
 * @view: the receiver's space
 * @region: address of the region, or void for no buffer
 * @offset: of the buffer
 * @length: of the buffer
 * @dress: gets a reference, and that to the revoker which it was named through
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -EINVAL for a range outside the region; errors of
 * capmsg_resolve_type().
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
	dress->region_through = found.cap.revoker;
	dress->offset = offset;
	dress->length = length;
	return 0;
}

/**
 * capmsg_dress_landing() - find the landing slots that a post is to be given
 * @view: the receiver's space
 * @landing: address of the first slot; void if @n is 0
 * @n: number of slots
 * @dress: gets a reference, and that to the revoker which it was named through
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -EINVAL for slots outside the cappage; errors of capmsg_find_slot().
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
	dress->table_through = spot.through;
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
	if (dress->region_through)
		capmsg_object_put(dress->region_through);
	if (dress->table_through)
		capmsg_object_put(dress->table_through);
}
