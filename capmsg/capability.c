// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules by which a capability becomes another one. Rights only ever
 * shrink, a badge is set once, a subpage only narrows.
 */
#include "capability.h"

/**
 * capmsg_cap_buried_rcu() - does a capability name a tombstone?
 * @cap: a capability, or a snapshot of one that was read in this RCU section
 *
 * Context: RCU read section.
 * Return: true if it names what was destroyed, and capmsg_cap_sweep() should be
 * called under the lock that guards it.
 */
bool capmsg_cap_buried_rcu(const struct capmsg_cap *cap)
{
	const struct capmsg_object *object = READ_ONCE(cap->object);

	return object && !rcu_access_pointer(object->body) &&
	       object != &capmsg_reply_tombstone;
}

/**
 * capmsg_cap_swept() - what is to take the place of a capability in a sweep
 * @cap: the capability
 * @swept: names no tombstone, and reads as @cap
 *
 * For those that are read without a lock: such a reader must not find @cap any more
 * once it is dropped.
 *
 * Context: Any; under the lock that guards the capability.
 * Return: true if @cap is to be replaced, and dropped by capmsg_cap_forget() then;
 * false if it names no tombstone.
 */
bool capmsg_cap_swept(const struct capmsg_cap *cap, struct capmsg_cap *swept)
{
	bool buried, reply;

	rcu_read_lock();
	buried = capmsg_cap_buried_rcu(cap);
	reply = buried && cap->object->type == CAPMSG_TYPE_REPLY;
	rcu_read_unlock();
	if (!buried)
		return false;
	*swept = *cap;
	swept->object = NULL;
	swept->revoker = NULL;
	if (reply)
		swept->object = capmsg_object_name(&capmsg_reply_tombstone);
	return true;
}

/**
 * capmsg_cap_sweep() - let go of the tombstone that a capability names, if any
 * @cap: the capability, changed in place; reads as it did before
 *
 * Context: Any; under the lock that guards the capability, and those who read it.
 */
void capmsg_cap_sweep(struct capmsg_cap *cap)
{
	struct capmsg_cap old = *cap;

	if (capmsg_cap_swept(&old, cap))
		capmsg_cap_forget(&old);
}

/**
 * capmsg_cap_weaken() - what a fetch through a weak path does to a capability
 * @cap: the capability, changed in place
 *
 * Context: Any.
 */
void capmsg_cap_weaken(struct capmsg_cap *cap)
{
	cap->rights &= ~CAPMSG_RIGHTS_STRONG;
	cap->rights |= CAPMSG_RIGHT_WEAK;
}

static int mint_subpage(struct capmsg_cap *cap, const struct capmsg_mint *mint,
			u32 table_bits)
{
	u32 narrower;

	if (cap->object->kind != CAPMSG_TYPE_CAPPAGE)
		return -EINVAL;
	/* A hop must index at least one bit, so that every walk ends. */
	if (mint->subpage_bits >= table_bits ||
	    mint->subpage_bits < cap->subpage_bits ||
	    mint->subpage >= (1U << mint->subpage_bits))
		return -EINVAL;
	narrower = mint->subpage_bits - cap->subpage_bits;
	if (mint->subpage >> narrower != cap->subpage)
		return -EINVAL;
	cap->subpage = mint->subpage;
	cap->subpage_bits = mint->subpage_bits;
	return 0;
}

static int mint_guard(struct capmsg_cap *cap, const struct capmsg_mint *mint)
{
	if (mint->guard_bits > 62 || mint->guard >> mint->guard_bits)
		return -EINVAL;
	cap->guard = mint->guard;
	cap->guard_bits = mint->guard_bits;
	return 0;
}

/**
 * capmsg_cap_mint() - restrict a copy of a capability
 * @cap: the copy, changed in place (on error its state is undefined, but it
 *	still owns its reference)
 * @mint: how
 * @table_bits: log2 of the slots of the cappage it names; else not used
 *
 * Context: Any.
 * Return: 0, or -EINVAL if that would not be a restriction.
 */
int capmsg_cap_mint(struct capmsg_cap *cap, const struct capmsg_mint *mint,
		    u32 table_bits)
{
	int ret = 0;

	cap->rights &= mint->rights | CAPMSG_RIGHT_WEAK;
	if (mint->flags & CAPMSG_COPY_WEAK)
		cap->rights |= CAPMSG_RIGHT_WEAK;
	if (mint->flags & CAPMSG_COPY_BADGE) {
		if (cap->flags & CAPMSG_CAP_BADGED)
			return -EINVAL;
		cap->badge = mint->badge;
		cap->flags |= CAPMSG_CAP_BADGED;
	}
	if (mint->flags & CAPMSG_COPY_GUARD)
		ret = mint_guard(cap, mint);
	if (!ret && (mint->flags & CAPMSG_COPY_SUBPAGE))
		ret = mint_subpage(cap, mint, table_bits);
	return ret;
}

/**
 * capmsg_cap_tryget() - keep a capability that was borrowed
 * @cap: read in this RCU section. It is kept only to be looked at: as a sender
 *	it does not count
 *
 * Context: RCU read section.
 * Return: false if it is gone from where it was read.
 */
bool capmsg_cap_tryget(const struct capmsg_cap *cap)
{
	if (!capmsg_object_tryname(cap->object))
		return false;
	if (!cap->revoker || capmsg_object_tryget(cap->revoker))
		return true;
	capmsg_object_unname(cap->object);
	return false;
}

static struct capmsg_object *counted_on(const struct capmsg_cap *cap)
{
	return cap->revoker ?: cap->object;
}

/**
 * capmsg_cap_count() - count a capability among the senders of a port, if it is one
 * @cap: the capability, with its references; to be dropped by capmsg_cap_drop()
 *
 * Context: Any; no locks held but those above ports: takes that of a port.
 */
void capmsg_cap_count(const struct capmsg_cap *cap)
{
	if (capmsg_cap_sends(cap))
		capmsg_senders_inc(counted_on(cap));
}

/**
 * capmsg_cap_tryown() - make a capability that was borrowed one's own
 * @cap: read in this RCU section, and minted; to be dropped by capmsg_cap_drop()
 *
 * Context: RCU read section, no locks held; takes that of a port.
 * Return: false if it is gone from where it was read.
 */
bool capmsg_cap_tryown(const struct capmsg_cap *cap)
{
	if (!capmsg_cap_tryget(cap))
		return false;
	capmsg_cap_count(cap);
	return true;
}

/**
 * capmsg_cap_forget() - drop a capability that reads as void, or does not count
 * @cap: the capability; void afterwards
 *
 * Context: Any.
 */
void capmsg_cap_forget(struct capmsg_cap *cap)
{
	struct capmsg_object *object = cap->object;

	cap->object = NULL;
	if (!object)
		return;
	if (cap->revoker)
		capmsg_object_put(cap->revoker);
	cap->revoker = NULL;
	capmsg_object_unname(object);
}

/**
 * capmsg_cap_drop() - drop a capability
 * @cap: the capability; void afterwards
 *
 * A dropped reply right answers its call with EPIPE.
 *
 * Context: Process context, no locks held.
 */
void capmsg_cap_drop(struct capmsg_cap *cap)
{
	struct capmsg_body *body;
	bool lives, tell;

	if (!cap->object)
		return;
	rcu_read_lock();
	/* Of an object that lives, and whose calls are not over. */
	body = capmsg_cap_body_rcu(cap);
	lives = body;
	tell = lives && body->ops->dropped && capmsg_body_tryget(body);
	rcu_read_unlock();
	if (lives && capmsg_cap_sends(cap))
		capmsg_senders_dec(counted_on(cap));
	if (tell) {
		body->ops->dropped(body, cap->badge);
		capmsg_body_put(body);
	}
	capmsg_cap_forget(cap);
}
