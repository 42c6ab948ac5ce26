// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps 3 to 7 of a transfer, see "DOC: Transfer".
 */
#include <linux/pagemap.h>
#include <linux/poll.h>

#include "hooks.h"
#include "transfer.h"

#define FAULT_WINDOW	SZ_64K

/* May sleep for as long as whoever serves the page wants; holds nothing. */
static int fault_in(const struct iov_iter *iter)
{
	size_t n = min_t(size_t, iov_iter_count(iter), FAULT_WINDOW);

	if (fault_in_iov_iter_readable(iter, n))
		return fatal_signal_pending(current) ? -EINTR : -EFAULT;
	return signal_pending(current) ? -ERESTARTSYS : 0;
}

/**
 * capmsg_transfer_fault_in() - step 3
 * @source: the payload
 *
 * Context: Process context of the owner of the payload, no locks held; sleeps.
 * Return: 0; -EFAULT, -ERESTARTSYS, -EINTR.
 */
int capmsg_transfer_fault_in(const struct iov_iter *source)
{
	struct iov_iter ahead = *source;
	int ret;

	capmsg_hook(3);
	while (iov_iter_count(&ahead)) {
		ret = fault_in(&ahead);
		if (ret)
			return ret;
		iov_iter_advance(&ahead, min_t(size_t, FAULT_WINDOW,
					       iov_iter_count(&ahead)));
		cond_resched();
	}
	return 0;
}

/*
 * Sleep until something is done for the sender. A caller may be answered before
 * it has noticed that it was delivered.
 */
static void sleep_in_line(struct capmsg_sender *sender,
			  struct capmsg_port *port, ktime_t when)
	__must_hold(&port->body.lock)
{
	DEFINE_WAIT(answer);
	DEFINE_WAIT(entry);

	prepare_to_wait(&sender->wait, &entry, CAPMSG_SLEEP_STATE);
	if (sender->answer)
		prepare_to_wait(&sender->answer->receivers, &answer,
				CAPMSG_SLEEP_STATE);
	capmsg_port_unlock(port);
	if (!capmsg_sender_changed(sender) &&
	    !READ_ONCE(sender->cancelled) && !capmsg_sender_answered(sender))
		capmsg_sleep(when);
	capmsg_port_lock(port);
	finish_wait(&sender->wait, &entry);
	if (sender->answer)
		finish_wait(&sender->answer->receivers, &answer);
}

/* -ENOENT if whoever waits must not use the message any more. */
static int gates_look_locked(struct capmsg_sender *sender,
			     struct capmsg_port *port)
{
	enum capmsg_gate gate;

	lockdep_assert_held(&port->body.lock);
	gate = capmsg_gates_look(sender->by_gates);
	capmsg_gates_look(sender->gates);
	if (gate == CAPMSG_GATE_GONE)
		return -ENOENT;
	capmsg_port_look_locked(port, sender);
	return 0;
}

/* Whatever others do for a sender, it is out of the line then. */
static int wait_in_line(struct capmsg_sender *sender, struct capmsg_port *port,
			const struct capmsg_until *until)
	__must_hold(&port->body.lock)
{
	ktime_t when;
	int ret;

	ret = capmsg_wait_over(until);
	if (ret)
		return ret;
	capmsg_port_queue_locked(port, sender);
	for (;;) {
		if (capmsg_sender_changed(sender))
			ret = gates_look_locked(sender, port);
		if (READ_ONCE(sender->cancelled) ||
		    capmsg_sender_answered(sender))
			capmsg_port_unqueue_locked(port, sender, -ENOENT);
		when = capmsg_port_watch_locked(port, sender);
		if (!capmsg_sender_waits(sender))
			return sender->error;
		ret = ret ?: capmsg_wait_over(until);
		if (ret)
			break;
		if (ktime_before(until->deadline, when))
			when = until->deadline;
		sleep_in_line(sender, port, when);
	}
	capmsg_port_unqueue_locked(port, sender, 0);
	return ret;
}

/**
 * capmsg_transfer_queue() - wait in line, if that is what a sender has to do
 * @sender: the sender
 * @port: where to
 * @until: how long to wait for a post
 * @error: why it got none
 *
 * Context: As capmsg_transfer_enter().
 * Return: As capmsg_transfer_enter().
 */
int capmsg_transfer_queue(struct capmsg_sender *sender, struct capmsg_port *port,
			  const struct capmsg_until *until, int error)
	__must_hold(&port->body.lock)
{
	if (error == -EAGAIN)
		error = wait_in_line(sender, port, until);
	if (error == -EBUSY || error == -EAGAIN)
		return capmsg_port_refuse_locked(port, sender);
	return error;
}

/*
 * The post is busy from lock to lock: nothing may preempt that. With PREEMPT_RT
 * locks sleep, and only the copy itself is not preempted. It is an RCU read
 * section: who revokes the buffer waits until it is over.
 */
static void chunk_enter(void)
	__acquires(RCU)
{
	rcu_read_lock();
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
}

static void chunk_leave(void)
	__releases(RCU)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
	rcu_read_unlock();
}

/**
 * capmsg_transfer_copy() - step 5
 * @cargo: the cargo; its iter is what is copied
 * @port: where the sender has a claim
 * @at: where in the payload it goes
 *
 * Context: Process context of the owner of the payload, no locks held; sleeps.
 * Return: 0; -EAGAIN if capmsg_claim_begin_locked() lets no more be copied; -EFAULT,
 * -ERESTARTSYS, -EINTR.
 */
int capmsg_transfer_copy(struct capmsg_cargo *cargo, struct capmsg_port *port,
			 u64 at)
{
	struct capmsg_sender *sender = &cargo->sender;
	struct iov_iter source = cargo->iter;
	struct capmsg_port_post *post;
	size_t got;
	int ret;

	capmsg_hook(5);
	while (iov_iter_count(&source)) {
		chunk_enter();
		capmsg_port_lock(port);
		post = sender->post;
		ret = capmsg_claim_begin_locked(port, sender) ? 0 : -EAGAIN;
		capmsg_port_unlock(port);
		if (!ret) {
			got = capmsg_copy_chunk(&post->target, at, &source);
			at += got;
			capmsg_port_lock(port);
			capmsg_claim_end_locked(port, sender, !got);
			capmsg_port_unlock(port);
		}
		chunk_leave();
		if (ret)
			return ret;
		if (!got)
			ret = fault_in(&source);
		else if (signal_pending(current))
			ret = -ERESTARTSYS;
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/* Steps 4 to 6 once. -EAGAIN with *again: the claim was lost on the way. */
static int transfer_once(struct capmsg_cargo *cargo, struct capmsg_port *port,
			 const struct capmsg_until *until, bool *again)
{
	int ret;

	capmsg_hook(4);
	capmsg_port_lock(port);
	ret = capmsg_transfer_enter(&cargo->sender, port, until);
	capmsg_port_unlock(port);
	if (ret)
		return ret;
	ret = capmsg_transfer_copy(cargo, port, 0);
	if (!ret)
		capmsg_hook(6);
	capmsg_port_lock(port);
	if (!ret)
		ret = capmsg_claim_commit_locked(port, &cargo->sender);
	if (ret)
		capmsg_claim_drop_locked(port, &cargo->sender);
	capmsg_port_unlock(port);
	*again = ret == -EAGAIN;
	return ret;
}

static int transfer_large(struct capmsg_cargo *cargo, struct capmsg_port *port,
			  const struct capmsg_until *until)
{
	struct capmsg_sender *sender = &cargo->sender;
	bool again;
	int ret;

	capmsg_sender_reset(sender);
	/* Before the source is faulted in for nothing. */
	if (sender->length > port->max_size)
		return capmsg_port_too_much(port, sender);
	ret = capmsg_transfer_fault_in(&cargo->iter);
	if (ret)
		return ret;
	do {
		again = false;
		ret = transfer_once(cargo, port, until, &again);
		cond_resched();
	} while (again && !signal_pending(current));
	if (again)
		ret = -ERESTARTSYS;
	return ret;
}

/**
 * capmsg_transfer() - send a message: steps 3 to 6
 * @cargo: with the message in sender, iter and caps; after success the commit
 *	has moved its capabilities, after an error they are still there
 * @port: where to
 * @until: how long to wait for a post
 *
 * After success the caller does step 7, capmsg_transfer_wake().
 *
 * Context: Process context of the owner of the payload, no locks held; sleeps.
 * Return: 0 if the message was delivered. Otherwise nothing has happened:
 * -ENOENT if the port is dead or revoked, a reply right to be moved is used up, or
 * the landing slots for the answer to this call are lost; -ESTALE if this is an
 * answer, and its call is over; -EMSGSIZE, -EFAULT, -EAGAIN, -ETIMEDOUT;
 * -ERESTARTSYS for a signal, -EINTR for a fatal one.
 */
int capmsg_transfer(struct capmsg_cargo *cargo, struct capmsg_port *port,
		    const struct capmsg_until *until)
{
	struct capmsg_sender *sender = &cargo->sender;
	int ret;

	if (unlikely(sender->through))
		capmsg_cargo_join(cargo, NULL);
	if (sender->area)
		ret = capmsg_transfer_short(sender, port, until);
	else
		ret = transfer_large(cargo, port, until);
	if (unlikely(sender->through))
		capmsg_cargo_leave(cargo);
	return ret;
}

/**
 * capmsg_transfer_wake() - step 7: wake the receiver
 * @port: where a message was committed
 * @sync: the caller is going to sleep, and lends its CPU to the receiver
 *
 * Receivers go to sleep under the lock of the port, under which the commit was
 * made: so they have either seen the message, or are seen here.
 *
 * Context: Process context, no locks held.
 */
void capmsg_transfer_wake(struct capmsg_port *port, bool sync)
{
	capmsg_hook(7);
	/* The lock that was held in between orders this after the commit. */
	if (!waitqueue_active(&port->receivers))
		return;
	if (sync)
		wake_up_interruptible_sync_poll(&port->receivers,
						EPOLLIN | EPOLLRDNORM);
	else
		wake_up_interruptible_poll(&port->receivers,
					   EPOLLIN | EPOLLRDNORM);
}
