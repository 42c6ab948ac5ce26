// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers in steps. What BEGIN and TRANSMIT do at the port is what a transfer
 * does in one go; the steps are those of "DOC: Transfer" in transfer.h.
 */
#include <linux/string.h>

#include "begin.h"
#include "entry.h"
#include "hooks.h"

static bool may_begin(struct capmsg_outcome outcome)
{
	return outcome.state == CAPMSG_MESSAGE_IDLE ||
	       outcome.state == CAPMSG_MESSAGE_DELIVERED ||
	       outcome.state == CAPMSG_MESSAGE_LOST;
}

/* It is unbound, so nobody but the caller looks at the sender. */
static int attach_locked(struct capmsg_message *message,
			 struct capmsg_port *port,
			 const struct capmsg_booking *booking)
{
	struct capmsg_sender *sender = &message->cargo.sender;
	int ret;

	lockdep_assert_held(&message->body.lock);
	message->length = booking->length;
	message->max_caps = booking->max_caps;
	sender->origin = booking->origin;
	/* From here on it is ours, and goes when the message rests. */
	sender->through = booking->through;
	if (sender->through)
		capmsg_object_get(sender->through);
	sender->length = booking->length;
	sender->n_caps = booking->max_caps;
	/* What is shorter claims nothing before it is transmitted. */
	sender->area = booking->length <= CAPMSG_INLINE_MAX ?
		       message->cargo.area : NULL;
	capmsg_port_lock(port);
	ret = capmsg_port_admit_locked(port, sender);
	if (!ret) {
		capmsg_sender_reset(sender);
		sender->notice = NULL;
		message->transmitted = false;
		capmsg_lien_attach_locked(&port->body, &message->lien);
		WRITE_ONCE(message->port, port);
		capmsg_body_get(&port->body);
	}
	capmsg_port_unlock(port);
	return ret;
}

/* If it may be begun it leaves its old port: nobody else uses it from then on. */
static int release(struct capmsg_message *message)
{
	struct capmsg_outcome before;
	struct capmsg_port *old = NULL;
	int ret;

	spin_lock(&message->body.lock);
	before = capmsg_message_outcome_locked(message);
	ret = message->body.dead ? -ENOENT :
	      capmsg_gate_check(message->cargo.sender.by) ?:
	      (may_begin(before) ? 0 : -EBUSY);
	if (!ret)
		old = capmsg_message_unbind_locked(message, before);
	spin_unlock(&message->body.lock);
	if (old)
		capmsg_body_put(&old->body);
	return ret;
}

/* @before: what it was. */
static int bind(struct capmsg_message *message, struct capmsg_port *port,
		const struct capmsg_booking *booking,
		struct capmsg_outcome *before)
{
	int ret;

	spin_lock(&message->body.lock);
	*before = message->rest;
	ret = message->body.dead ? -ENOENT :
	      capmsg_gate_check(message->cargo.sender.by) ?:
	      attach_locked(message, port, booking);
	spin_unlock(&message->body.lock);
	if (!ret && booking->through)
		capmsg_message_gate(message);
	return ret;
}

/* As if it had not been begun, unless somebody has abandoned it. */
static void undo(struct capmsg_message *message, struct capmsg_outcome before)
{
	struct capmsg_port *port = NULL;

	spin_lock(&message->body.lock);
	if (message->port || message->rest.state == CAPMSG_MESSAGE_LOST)
		port = capmsg_message_unbind_locked(message, before);
	spin_unlock(&message->body.lock);
	if (port)
		capmsg_body_put(&port->body);
}

/* Wait for a post, or let the message do so: then this is no error. */
static int enter_locked(struct capmsg_message *message,
			struct capmsg_port *port,
			const struct capmsg_manner *manner)
	__must_hold(&port->body.lock)
{
	struct capmsg_sender *sender = &message->cargo.sender;
	int ret;

	if (!manner->queue)
		return capmsg_transfer_enter(sender, port, &manner->until);
	ret = sender->error ?: capmsg_gate_check(sender->by) ?:
	      capmsg_port_enter_locked(port, sender);
	if (ret != -EAGAIN)
		return ret;
	capmsg_port_queue_locked(port, sender);
	sender->alone = true;
	capmsg_message_set_clock_locked(message, port);
	return 0;
}

/* Until it is begun its loss is told by the error. */
static int begin_locked(struct capmsg_message *message,
			struct capmsg_port *port,
			const struct capmsg_manner *manner)
	__must_hold(&port->body.lock)
{
	struct capmsg_sender *sender = &message->cargo.sender;
	int ret = sender->error;

	/* From here on it is told when that happens. */
	if (!ret && (capmsg_gate_gone(sender->through) ||
		     capmsg_gate_gone(sender->by)))
		ret = -ENOENT;
	if (!ret && !sender->area)
		ret = enter_locked(message, port, manner);
	if (!ret)
		sender->notice = &message->notice;
	return ret;
}

/**
 * capmsg_message_begin() - bind a message to a port, and claim a post
 * @message: the message; the caller is using it
 * @port: where it goes
 * @booking: what it is to be
 * @manner: what to do if there is no post
 *
 * Context: Process context, no locks held; sleeps.
 * Return: 0; -EBUSY if it was begun before; -ENOENT if port or message is dead or
 * revoked; -EMSGSIZE, -EAGAIN, -ETIMEDOUT, -ERESTARTSYS; -ESTALE if it was
 * abandoned meanwhile; CAPMSG_SHUT if the message is not to be used now. After an
 * error it is what it was before.
 */
int capmsg_message_begin(struct capmsg_message *message,
			 struct capmsg_port *port,
			 const struct capmsg_booking *booking,
			 const struct capmsg_manner *manner)
{
	struct capmsg_outcome before;
	int ret;

	capmsg_hook(0);
	ret = release(message);
	if (ret)
		return ret;
	/* Whatever was delivered from the line has left its remains. */
	capmsg_message_clear(message);
	ret = bind(message, port, booking, &before);
	if (ret)
		return ret;
	memset(message->cargo.area, 0, sizeof(message->cargo.area));
	capmsg_hook(4);
	capmsg_port_lock(port);
	ret = begin_locked(message, port, manner);
	capmsg_port_unlock(port);
	if (ret)
		undo(message, before);
	return ret;
}

/**
 * capmsg_message_open() - find the port of a message that can be filled
 * @message: the message; the caller is using it
 * @port: the port; owns a reference
 *
 * Context: Any.
 * Return: 0; -EBUSY if it is not OPEN; -ENOENT or -ESTALE if it is LOST.
 */
int capmsg_message_open(struct capmsg_message *message,
			struct capmsg_port **port)
{
	struct capmsg_outcome outcome;
	int ret = -EBUSY;

	spin_lock(&message->body.lock);
	outcome = capmsg_message_outcome_locked(message);
	if (outcome.state == CAPMSG_MESSAGE_LOST)
		ret = outcome.error;
	if (outcome.state == CAPMSG_MESSAGE_OPEN) {
		*port = message->port;
		capmsg_body_get(&message->port->body);
		ret = 0;
	}
	spin_unlock(&message->body.lock);
	return ret;
}

/**
 * capmsg_message_lose() - give up a claim that cannot be filled any more
 * @message: the message; the caller is using it
 * @port: the port that it was bound to
 *
 * It was taken away, or will be at this moment, or has lost its buffer.
 *
 * Context: Process context; takes the lock of the port.
 * Return: why the message is LOST.
 */
int capmsg_message_lose(struct capmsg_message *message,
			struct capmsg_port *port)
{
	struct capmsg_sender *sender = &message->cargo.sender;
	int ret;

	capmsg_port_lock(port);
	capmsg_claim_drop_locked(port, sender);
	ret = sender->error ?: (port->body.dead ? -ENOENT : -ESTALE);
	capmsg_port_unlock(port);
	return ret;
}

/* Steps 6a and 6b for a message that has claimed a post. */
static int commit_claim_locked(struct capmsg_message *message,
			       struct capmsg_port *port)
{
	struct capmsg_sender *sender = &message->cargo.sender;
	int ret;

	ret = sender->error ?: capmsg_claim_commit_locked(port, sender);
	if (ret != -EAGAIN)
		return ret;
	/* A thread that must not use the message, or not now, leaves it as it is. */
	ret = sender->post ? capmsg_gate_check(sender->by) : 0;
	if (ret)
		return ret;
	/* While the way is closed the claim is kept, or taken by others. */
	ret = sender->post ? capmsg_gate_check(sender->through) : 0;
	if (ret == CAPMSG_SHUT)
		return ret;
	/* Without the way, its claim or its landing slots it is lost. */
	capmsg_claim_drop_locked(port, sender);
	sender->error = ret;
	if (ret)
		return ret;
	return port->body.dead ? -ENOENT : -ESTALE;
}

static int transmit_locked(struct capmsg_message *message,
			   struct capmsg_port *port,
			   const struct capmsg_manner *manner)
	__must_hold(&port->body.lock)
{
	int ret;

	if (!message->cargo.sender.area)
		return commit_claim_locked(message, port);
	message->transmitted = true;
	ret = enter_locked(message, port, manner);
	if (ret)
		message->transmitted = false;
	return ret;
}

static bool closed(struct capmsg_sender *sender)
{
	enum capmsg_gate by = capmsg_gates_look(sender->by_gates);

	return capmsg_gates_look(sender->gates) == CAPMSG_GATE_CLOSED ||
	       by == CAPMSG_GATE_CLOSED;
}

/* While the way is closed: until it is not, or the claim is taken away. */
static int await_way(struct capmsg_sender *sender, struct capmsg_port *port,
		     const struct capmsg_until *until)
	__must_hold(&port->body.lock)
{
	DEFINE_WAIT(entry);
	int ret = 0;

	while (!sender->error && (sender->post || sender->area) &&
	       closed(sender)) {
		ret = capmsg_wait_over(until);
		if (ret)
			break;
		prepare_to_wait(&sender->wait, &entry, CAPMSG_SLEEP_STATE);
		capmsg_port_unlock(port);
		if (!capmsg_sender_changed(sender))
			capmsg_sleep(until->deadline);
		capmsg_port_lock(port);
		finish_wait(&sender->wait, &entry);
	}
	return ret;
}

/**
 * capmsg_message_transmit() - commit a message, or get it in line
 * @message: the message; OPEN, its capabilities are loaded; the caller is
 *	using it
 * @port: the port that it is bound to
 * @length: bytes that it has
 * @manner: what to do if there is no post
 *
 * If it is delivered when this returns the caller does step 7.
 *
 * Context: Process context, no locks held; sleeps.
 * Return: 0; -ENOENT if the port is dead or revoked, or a reply right to be moved
 * is used up; -ESTALE if the claim was taken away, or the message was abandoned;
 * -EAGAIN, -ETIMEDOUT, -ERESTARTSYS.
 */
int capmsg_message_transmit(struct capmsg_message *message,
			    struct capmsg_port *port, u64 length,
			    const struct capmsg_manner *manner)
{
	struct capmsg_sender *sender = &message->cargo.sender;
	int ret;

	capmsg_hook(6);
	capmsg_port_lock(port);
	sender->length = length;
	sender->n_caps = message->cargo.loaded;
	do {
		ret = transmit_locked(message, port, manner);
		if (ret != CAPMSG_SHUT)
			break;
		ret = await_way(sender, port, &manner->until);
	} while (!ret);
	if (ret) {
		sender->length = message->length;
		sender->n_caps = message->max_caps;
	}
	capmsg_port_unlock(port);
	return ret;
}
