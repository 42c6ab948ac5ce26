/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One transfer: from a sender's memory into a post.
 */
#ifndef CAPMSG_TRANSFER_H
#define CAPMSG_TRANSFER_H

#include "entry.h"
#include "frame.h"
#include "hooks.h"
#include "wait.h"

/**
 * DOC: Transfer
 *
 * The steps of a transfer. The code cites these numbers.
 *
 * 1. Decode the arguments into the frame: the only time that the sender's
 *    structs are read. The payload of a message of at most 256 bytes is read
 *    here, too.
 * 2. Resolve the destination and the capabilities. May sleep, may fail, has no
 *    effect.
 * 3. Fault the source in, so that the claim is held for no longer than copying
 *    takes.
 * 4. Claim a post, or wait in line until one is claimed for us.
 * 5. Copy in chunks, without locks, page faults or preemption. The post is
 *    *busy* during a chunk. If a page is missing after all the claim is
 *    *stalled* while it is faulted in: it keeps its progress, but UNPOST, a
 *    dying port or (after the port's steal delay) another sender may take the
 *    post. Then only this claim starts again, at 4.
 * 6. a) Lock the port, then the tables in the order of addresses, and check
 *    what may have changed: the claim, whether the port is dead, the revokers that
 *    the destination was named through, the landing slots, the slot that a moved
 *    reply right leaves. b) Commit: capabilities into landing slots, badge, reply
 *    right, post FILLED, notice of the arrival. Cannot fail.
 * 7. Wake the receiver, drop references.
 *
 * A message of at most 256 bytes skips 3 to 5: POSTED becomes FILLED in 6. If it
 * has to wait, whoever posts the next fitting post does step 6 for it.
 *
 * A signal before 6b ends the transfer as if it had never begun; the system
 * call is restarted from the beginning, if the signal's handler allows that.
 * After 6b nothing is undone.
 */

int capmsg_transfer_fault_in(const struct iov_iter *source);
int capmsg_transfer_queue(struct capmsg_sender *sender, struct capmsg_port *port,
			  const struct capmsg_until *until, int error);
int capmsg_transfer_copy(struct capmsg_cargo *cargo, struct capmsg_port *port,
			 u64 at);
int capmsg_transfer(struct capmsg_cargo *cargo, struct capmsg_port *port,
		    const struct capmsg_until *until);
void capmsg_transfer_wake(struct capmsg_port *port, bool sync);

/**
 * capmsg_transfer_enter() - step 4, and step 6 for an inline message
 * @sender: the sender
 * @port: where to
 * @until: how long to wait for a post
 *
 * The sender has left the line when this returns, with its claim, done, or with
 * an error.
 *
 * Context: Process context; lock of the port held, dropped while it sleeps.
 * Return: 0; errors of capmsg_port_enter_locked(); -EAGAIN, -ETIMEDOUT,
 * -ERESTARTSYS; or why others have refused the sender.
 */
static inline int capmsg_transfer_enter(struct capmsg_sender *sender,
					struct capmsg_port *port,
					const struct capmsg_until *until)
	__must_hold(&port->body.lock)
{
	int ret;

	lockdep_assert_held(&port->body.lock);
	ret = sender->error ?: capmsg_port_enter_locked(port, sender);
	return likely(!ret) ? 0 :
			      capmsg_transfer_queue(sender, port, until, ret);
}

/**
 * capmsg_transfer_short() - step 6 of a message that was read into an area
 * @sender: the sender, which nobody knows yet; its gates are joined, if the port
 *	was named through a revoker
 * @port: where to
 * @until: how long to wait for a post
 *
 * Context: Process context, no locks held; sleeps.
 * Return: As capmsg_transfer().
 */
static __always_inline int
capmsg_transfer_short(struct capmsg_sender *sender, struct capmsg_port *port,
		      const struct capmsg_until *until)
{
	int ret;

	capmsg_sender_reset(sender);
	capmsg_hook(6);
	capmsg_port_lock(port);
	ret = capmsg_transfer_enter(sender, port, until);
	capmsg_port_unlock(port);
	return ret;
}

#endif /* CAPMSG_TRANSFER_H */
