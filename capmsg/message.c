// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: what they are and what has become of them. How they get to a port is
 * in begin.c.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/wait_bit.h>

#include "hooks.h"
#include "message.h"

static void message_free(struct capmsg_body *body)
{
	kvfree(capmsg_message_of(body));
}

/* What is known of the sender at its port. */
static struct capmsg_outcome bound_outcome(const struct capmsg_message *message)
{
	const struct capmsg_sender *sender = &message->cargo.sender;

	lockdep_assert_held(&message->port->body.lock);
	if (sender->done)
		return (struct capmsg_outcome) { CAPMSG_MESSAGE_DELIVERED };
	if (sender->error)
		return (struct capmsg_outcome) { CAPMSG_MESSAGE_LOST,
						 sender->error };
	if (message->transmitted)
		return (struct capmsg_outcome) { CAPMSG_MESSAGE_SENDING };
	if (capmsg_sender_waits(sender))
		return (struct capmsg_outcome) { CAPMSG_MESSAGE_QUEUED };
	if (sender->area || sender->post)
		return (struct capmsg_outcome) { CAPMSG_MESSAGE_OPEN };
	return (struct capmsg_outcome) { CAPMSG_MESSAGE_LOST, -ESTALE };
}

/**
 * capmsg_message_outcome_locked() - what has become of a message
 * @message: the message
 *
 * Context: Atomic; lock of the message held, takes that of its port.
 * Return: its state.
 */
struct capmsg_outcome
capmsg_message_outcome_locked(struct capmsg_message *message)
{
	struct capmsg_port *port = message->port;
	struct capmsg_outcome outcome;

	lockdep_assert_held(&message->body.lock);
	if (!port)
		return message->rest;
	capmsg_port_lock(port);
	outcome = bound_outcome(message);
	capmsg_port_unlock(port);
	return outcome;
}

/**
 * capmsg_message_outcome() - what has become of a message
 * @message: the message
 *
 * Context: Any; takes the locks of the message and of its port.
 * Return: its state; may be old when it arrives.
 */
struct capmsg_outcome capmsg_message_outcome(struct capmsg_message *message)
{
	struct capmsg_outcome outcome;

	spin_lock(&message->body.lock);
	outcome = capmsg_message_outcome_locked(message);
	spin_unlock(&message->body.lock);
	return outcome;
}

/**
 * capmsg_message_unbind_locked() - a message leaves its port, if it has one
 * @message: the message; it has nothing there any more
 * @rest: what it is from now on
 *
 * Context: Atomic; lock of the message held, takes that of its port.
 * Return: the port, with the reference, or NULL.
 */
struct capmsg_port *
capmsg_message_unbind_locked(struct capmsg_message *message,
			     struct capmsg_outcome rest)
{
	struct capmsg_port *port = message->port;

	lockdep_assert_held(&message->body.lock);
	message->rest = rest;
	if (!port)
		return NULL;
	capmsg_port_lock(port);
	capmsg_lien_detach_locked(&port->body, &message->lien);
	WRITE_ONCE(message->port, NULL);
	capmsg_port_unlock(port);
	return port;
}

static struct capmsg_port *port_of_message(struct capmsg_message *message)
{
	struct capmsg_port *port;

	spin_lock(&message->body.lock);
	port = message->port;
	if (port)
		capmsg_body_get(&port->body);
	spin_unlock(&message->body.lock);
	return port;
}

/*
 * The port was found without its lock: is the message bound to it still? By now it
 * may be bound to another one, whose lock guards the sender.
 */
static bool bound_locked(struct capmsg_message *message,
			 struct capmsg_port *port)
{
	lockdep_assert_held(&port->body.lock);
	return READ_ONCE(message->port) == port;
}

/*
 * Take away what the message has at its port, for good: who is busy with it
 * finds the error. The lock is dropped while a chunk is being copied.
 */
static void withdraw_locked(struct capmsg_message *message,
			    struct capmsg_port *port, int error)
{
	struct capmsg_sender *sender = &message->cargo.sender;

	capmsg_port_unqueue_locked(port, sender, error);
	if (!sender->done)
		capmsg_sender_refuse_locked(sender, error);
	while (bound_locked(message, port) && sender->post &&
	       (sender->post->flags & CAPMSG_POST_BUSY))
		capmsg_port_calm_locked(port, sender->post);
	if (bound_locked(message, port))
		capmsg_claim_drop_locked(port, sender);
}

/* In line with capabilities that must not be dropped? */
static bool waits_alone(struct capmsg_message *message)
{
	struct capmsg_port *port;
	bool alone = false;

	port = port_of_message(message);
	if (port) {
		capmsg_port_lock(port);
		alone = bound_locked(message, port) &&
			message->cargo.sender.alone;
		capmsg_port_unlock(port);
		capmsg_body_put(&port->body);
	}
	return alone;
}

/* Nothing is left to be done at the port: so the way there does not matter. */
static bool at_rest(struct capmsg_message *message)
{
	switch (capmsg_message_outcome(message).state) {
	case CAPMSG_MESSAGE_IDLE:
	case CAPMSG_MESSAGE_DELIVERED:
	case CAPMSG_MESSAGE_LOST:
		return true;
	default:
		return false;
	}
}

static void ungate(struct capmsg_message *message)
{
	struct capmsg_object *through = message->cargo.sender.through;

	capmsg_cargo_leave(&message->cargo);
	if (!through)
		return;
	/* Whoever looks at it meanwhile does so under a lock: freeing waits. */
	WRITE_ONCE(message->cargo.sender.through, NULL);
	capmsg_object_put(through);
}

/**
 * capmsg_message_clear() - let go of what is left of the last transfer
 * @message: the message; unbound; the caller is using it, or nobody else can
 *
 * Its capabilities, if it was delivered from the line or lost there, and the way
 * to its port.
 *
 * Context: Process context, no locks held; may sleep.
 */
void capmsg_message_clear(struct capmsg_message *message)
{
	capmsg_cargo_drop(&message->cargo);
	ungate(message);
}

/* Is there something to let go of that nobody else will see to? */
static bool untidy(struct capmsg_message *message)
{
	return (READ_ONCE(message->cargo.loaded) && !waits_alone(message)) ||
	       (READ_ONCE(message->cargo.sender.through) && at_rest(message));
}

/**
 * capmsg_message_use() - be the one thread that uses a message
 * @message: the message
 *
 * Context: Process context, no locks held; may sleep for the moment that
 * cleaning up takes.
 * Return: true, to be ended by capmsg_message_leave(); false if another thread
 * is using it.
 */
bool capmsg_message_use(struct capmsg_message *message)
{
	int was;

	wait_var_event(&message->busy,
		       (was = cmpxchg(&message->busy, CAPMSG_BUSY_NOT,
				      CAPMSG_BUSY_USED)) !=
		       CAPMSG_BUSY_TIDIED);
	return was == CAPMSG_BUSY_NOT;
}

static void clean_up(struct capmsg_message *message)
{
	if (!waits_alone(message))
		capmsg_cargo_drop(&message->cargo);
	if (message->cargo.sender.through && at_rest(message))
		ungate(message);
	/* What was cleaned up is seen by who takes it ... */
	smp_store_release(&message->busy, CAPMSG_BUSY_NOT);
	/* ... who looks after that; and so does untidy(). */
	smp_mb();
	wake_up_var(&message->busy);
}

/* Let go of what nobody needs any more. A thread that is busy does so when it leaves. */
static void tidy(struct capmsg_message *message)
{
	while (untidy(message) &&
	       cmpxchg(&message->busy, CAPMSG_BUSY_NOT, CAPMSG_BUSY_TIDIED) ==
	       CAPMSG_BUSY_NOT)
		clean_up(message);
}

/**
 * capmsg_message_leave() - use a message no longer
 * @message: the message
 *
 * Drops the capabilities that it carries, unless it waits in line with them, and
 * lets go of the way to the port if nothing is to be done there any more. Who
 * takes it out of the line leaves that to a thread that is busy; so that
 * thread looks again.
 *
 * Context: Process context, no locks held.
 */
void capmsg_message_leave(struct capmsg_message *message)
{
	clean_up(message);
	tidy(message);
}

/* It is not lost by that, so nobody is told. */
static int withdraw(struct capmsg_message *message,
		    const struct capmsg_object *by)
{
	struct capmsg_port *port;
	int ret;

	port = port_of_message(message);
	if (!port)
		return capmsg_gate_check(by);
	capmsg_hook(6);
	capmsg_port_lock(port);
	ret = capmsg_gate_check(by);
	if (!ret && bound_locked(message, port)) {
		message->cargo.sender.notice = NULL;
		withdraw_locked(message, port, -ESTALE);
	}
	capmsg_port_unlock(port);
	capmsg_body_put(&port->body);
	return ret;
}

/* Was it withdrawn, or is at rest, and not begun again since? */
static bool is_over(struct capmsg_message *message)
{
	const struct capmsg_sender *sender = &message->cargo.sender;
	bool over;

	lockdep_assert_held(&message->body.lock);
	if (!message->port)
		return true;
	capmsg_port_lock(message->port);
	over = sender->done || sender->error;
	capmsg_port_unlock(message->port);
	return over;
}

/**
 * capmsg_message_abandon() - forget what was begun
 * @message: the message; IDLE afterwards, unless another thread has begun it
 *	again meanwhile
 * @by: the revoker that it was named through, or NULL
 *
 * Context: Process context, no locks held; may sleep for the length of a chunk.
 * Return: 0; or what capmsg_gate_check() says of @by, and nothing has changed.
 */
int capmsg_message_abandon(struct capmsg_message *message,
			   const struct capmsg_object *by)
{
	static const struct capmsg_outcome idle = { CAPMSG_MESSAGE_IDLE };
	struct capmsg_port *port = NULL;
	int ret;

	ret = withdraw(message, by);
	if (ret)
		return ret;
	capmsg_hook(7);
	spin_lock(&message->body.lock);
	if (is_over(message))
		port = capmsg_message_unbind_locked(message, idle);
	spin_unlock(&message->body.lock);
	tidy(message);
	if (port)
		capmsg_body_put(&port->body);
	return 0;
}

static void *port_lien_hold(struct capmsg_lien *lien)
{
	struct capmsg_message *message =
		container_of(lien, struct capmsg_message, lien);

	return capmsg_body_tryget(&message->body) ? message->port : NULL;
}

/*
 * The port is dead: its memory must not wait for the message's owner. A claim of
 * a plain buffer is not taken away by the port's death, and must not outlast
 * the binding.
 */
static struct capmsg_body *port_lost(struct capmsg_lien *lien, void *held)
{
	struct capmsg_message *message =
		container_of(lien, struct capmsg_message, lien);
	struct capmsg_port *port = held;
	bool bound;

	capmsg_port_lock(port);
	if (bound_locked(message, port))
		withdraw_locked(message, port, -ENOENT);
	capmsg_port_unlock(port);
	spin_lock(&message->body.lock);
	bound = message->port == port;
	if (bound)
		capmsg_message_unbind_locked(message, capmsg_message_outcome_locked(message));
	spin_unlock(&message->body.lock);
	tidy(message);
	if (bound)
		capmsg_body_put(&port->body);
	capmsg_body_put(&message->body);
	return NULL;
}

static const struct capmsg_lien_ops port_lien_ops = {
	.hold	= port_lien_hold,
	.lost	= port_lost,
};

/**
 * capmsg_message_set_clock_locked() - look again when the time of a claim is up
 * @message: the message; in line without a thread
 * @port: its port
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_message_set_clock_locked(struct capmsg_message *message,
				     struct capmsg_port *port)
{
	ktime_t when = capmsg_port_watch_locked(port, &message->cargo.sender);
	s64 delay;

	if (when == KTIME_MAX)
		return;
	delay = max_t(s64, ktime_to_ns(ktime_sub(when, ktime_get())), 0);
	mod_delayed_work(system_dfl_wq, &message->look,
			 nsecs_to_jiffies(delay) + 1);
}

/*
 * In line without a thread, or with a claim while no thread notices that the way
 * to the port is revoked: then the message is lost.
 */
static void look_locked(struct capmsg_message *message, struct capmsg_port *port)
{
	struct capmsg_sender *sender = &message->cargo.sender;

	if (sender->alone && sender->through)
		capmsg_port_look_locked(port, sender);
	if (sender->alone)
		capmsg_message_set_clock_locked(message, port);
	else if (!sender->done && !sender->error && sender->notice &&
		 capmsg_gate_gone(READ_ONCE(sender->through)))
		withdraw_locked(message, port, -ENOENT);
}

/* What a waiting thread does when it is woken: look, and clean up. */
static void look(struct work_struct *work)
{
	struct capmsg_message *message =
		container_of(to_delayed_work(work), struct capmsg_message,
			     look);
	struct capmsg_port *port;

	port = port_of_message(message);
	if (!port)
		return;
	capmsg_port_lock(port);
	if (bound_locked(message, port))
		look_locked(message, port);
	capmsg_port_unlock(port);
	capmsg_body_put(&port->body);
	tidy(message);
}

static int woken(struct wait_queue_entry *entry, unsigned int mode, int flags,
		 void *key)
{
	struct capmsg_message *message =
		container_of(entry, struct capmsg_message, woken);

	/* Whoever wakes senders holds the lock of the port. */
	if (message->cargo.sender.alone || message->cargo.sender.error)
		mod_delayed_work(system_dfl_wq, &message->look, 0);
	return 0;
}

/* Perhaps a thread waits for it, perhaps it is alone: that is not known here. */
static void gates_changed(struct capmsg_gates *gates)
{
	struct capmsg_message *message =
		container_of(gates, struct capmsg_message, cargo.gates);

	wake_up(&message->cargo.sender.wait);
	mod_delayed_work(system_dfl_wq, &message->look, 0);
}

/**
 * capmsg_message_gate() - follow what happens to the way to the port
 * @message: the message; just bound; the caller is using it
 *
 * The message looks after itself when the way changes, until it is at rest.
 *
 * Context: Process context, no locks held.
 */
void capmsg_message_gate(struct capmsg_message *message)
{
	capmsg_cargo_join(&message->cargo, gates_changed);
}

static void message_kill(struct capmsg_body *body)
{
	struct capmsg_message *message = capmsg_message_of(body);

	capmsg_message_abandon(message, NULL);
	remove_wait_queue(&message->cargo.sender.wait, &message->woken);
	cancel_delayed_work_sync(&message->look);
}

static void message_release(struct capmsg_body *body)
{
	struct capmsg_message *message = capmsg_message_of(body);

	capmsg_message_clear(message);
	cancel_delayed_work_sync(&message->look);
	capmsg_notice_drop(&message->notice);
}

static void message_sweep(struct capmsg_body *body)
{
	struct capmsg_message *message = capmsg_message_of(body);
	struct capmsg_port *port;

	capmsg_cargo_sweep(&message->cargo);
	/* The notice is given under the lock of the port, or not while unbound. */
	spin_lock(&body->lock);
	port = message->port;
	if (port) {
		capmsg_port_lock(port);
		capmsg_notice_sweep(&message->notice);
		capmsg_port_unlock(port);
	} else {
		capmsg_notice_sweep(&message->notice);
	}
	spin_unlock(&body->lock);
}

static const struct capmsg_body_ops message_ops = {
	.type		= CAPMSG_TYPE_MESSAGE,
	.kill		= message_kill,
	.release	= message_release,
	.free		= message_free,
	.sweep		= message_sweep,
};

/**
 * capmsg_message_alloc() - create a message
 * @account: who pays
 * @notice: what its owner is told by; moved into the message on success
 *
 * Context: Process context; may sleep.
 * Return: the message, its reference owned by the caller until
 * capmsg_body_own(); or ERR_PTR: -EDQUOT, -ENOMEM.
 */
struct capmsg_message *capmsg_message_alloc(struct capmsg_account *account,
					    struct capmsg_notice *notice)
{
	struct capmsg_message *message;

	message = capmsg_body_alloc(&message_ops, account, sizeof(*message));
	if (IS_ERR(message))
		return message;
	capmsg_cargo_init(&message->cargo, account);
	message->cargo.sender.by_hand = true;
	INIT_DELAYED_WORK(&message->look, look);
	init_waitqueue_func_entry(&message->woken, woken);
	add_wait_queue(&message->cargo.sender.wait, &message->woken);
	INIT_LIST_HEAD(&message->lien.link);
	message->lien.ops = &port_lien_ops;
	capmsg_notice_move(&message->notice, notice);
	return message;
}
