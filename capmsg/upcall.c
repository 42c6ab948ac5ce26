// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both ends of an upcall, see "DOC: Upcalls".
 */
#include "hooks.h"
#include "transfer.h"
#include "upcall.h"
#include "virtual.h"

/* Under the lock of the virtual object: once the lien is off, none follows. */
static void *asked_hold(struct capmsg_lien *lien)
{
	struct capmsg_ask *ask = container_of(lien, struct capmsg_ask, lien);
	struct capmsg_frame *frame = container_of(ask, struct capmsg_frame, ask);

	WRITE_ONCE(ask->sender.cancelled, true);
	return capmsg_body_get(&frame->port.body);
}

static void wake(struct capmsg_frame *frame)
{
	wake_up(&frame->ask.sender.wait);
	wake_up(&frame->port.receivers);
}

static struct capmsg_body *asked_lost(struct capmsg_lien *lien, void *held)
{
	struct capmsg_frame *frame = capmsg_frame_of(held);

	wake(frame);
	capmsg_body_put(&frame->port.body);
	return NULL;
}

/* As long as it is pending the task waits, and the frame is in use. */
static void asked_cancel(struct capmsg_pending *pending)
{
	struct capmsg_frame *frame = container_of(pending, struct capmsg_frame,
						  ask.pending);

	WRITE_ONCE(frame->ask.sender.cancelled, true);
	wake(frame);
}

/*
 * It is pending from after the frame is opened until after that is at rest. No lock:
 * who has ended it before sees that; of others it is as good as undecided.
 */
static bool asked_over(const struct capmsg_pending *pending)
{
	const struct capmsg_frame *frame =
		container_of(pending, struct capmsg_frame, ask.pending);

	return READ_ONCE(frame->ask.sender.cancelled) ||
	       READ_ONCE(frame->post.state) != CAPMSG_POST_POSTED;
}

static const struct capmsg_lien_ops asked_lien_ops = {
	.hold	= asked_hold,
	.lost	= asked_lost,
};

static int attach(struct capmsg_ask *ask, struct capmsg_body *virtual)
{
	int ret = 0;

	ask->lien.ops = &asked_lien_ops;
	spin_lock(&virtual->lock);
	ask->generation = capmsg_virtual_of(virtual)->cache.generation;
	ask->sender.cancelled = false;
	if (virtual->dead)
		ret = -ENOENT;
	else
		capmsg_lien_attach_locked(virtual, &ask->lien);
	spin_unlock(&virtual->lock);
	return ret;
}

/* Why there will be no answer; or 0. */
static int answer_over(struct capmsg_ask *ask, const struct capmsg_until *until)
{
	if (READ_ONCE(ask->sender.cancelled))
		return -ENOENT;
	if (capmsg_gates_look(ask->sender.gates) == CAPMSG_GATE_GONE)
		return -ENOENT;
	return capmsg_wait_over(until);
}

/* The lock of the frame is held before and after. */
static int await_answer(struct capmsg_frame *frame,
			const struct capmsg_until *until)
	__must_hold(&frame->port.body.lock)
{
	struct capmsg_port *port = &frame->port;
	struct capmsg_sender *sender = &frame->ask.sender;
	DEFINE_WAIT(entry);
	int ret = 0;

	while (frame->post.state != CAPMSG_POST_FILLED) {
		ret = answer_over(&frame->ask, until);
		if (ret)
			break;
		prepare_to_wait(&port->receivers, &entry, CAPMSG_SLEEP_STATE);
		capmsg_port_unlock(port);
		if (!READ_ONCE(sender->cancelled) &&
		    !capmsg_gates_changed(sender->gates))
			capmsg_sleep(until->deadline);
		capmsg_port_lock(port);
	}
	finish_wait(&port->receivers, &entry);
	return ret;
}

static void begin(struct capmsg_frame *frame,
		  const struct capmsg_question *question)
{
	struct capmsg_sender *sender = &frame->ask.sender;

	frame->ask.pending.cancel = asked_cancel;
	frame->ask.pending.over = asked_over;
	sender->done = false;
	capmsg_port_lock(&frame->port);
	frame->ask.error = 0;
	/* Pairs with capmsg_upcall_pending(): after the epoch of any call. */
	smp_store_release(&frame->ask.question, question);
	capmsg_frame_open_locked(frame, 0, &sender->reply);
	capmsg_port_unlock(&frame->port);
}

/* Nobody writes to frame->ask.answer from here on. */
static int collect(struct capmsg_frame *frame, const struct capmsg_until *until)
{
	int ret;

	capmsg_port_lock(&frame->port);
	ret = await_answer(frame, until);
	if (!ret)
		ret = frame->post.error ?: frame->ask.error;
	capmsg_frame_rest_locked(frame);
	capmsg_port_unlock(&frame->port);
	return ret;
}

static void give_up(struct capmsg_frame *frame)
{
	capmsg_port_lock(&frame->port);
	capmsg_frame_rest_locked(frame);
	capmsg_port_unlock(&frame->port);
}

/* The question goes out, the answer comes in. */
static int converse(struct capmsg_frame *frame, struct capmsg_port *handler,
		    const struct capmsg_question *question,
		    const struct capmsg_until *until)
{
	struct capmsg_ask *ask = &frame->ask;
	bool pending;
	int ret;

	begin(frame, question);
	ret = capmsg_pending_add(&ask->pending, handler->handler);
	pending = !ret;
	if (pending)
		ret = capmsg_transfer_short(&ask->sender, handler, until);
	if (!ret) {
		capmsg_transfer_wake(handler, true);
		ret = collect(frame, until);
	} else {
		give_up(frame);
	}
	if (pending)
		capmsg_pending_remove(&ask->pending);
	/* It was not delivered. */
	if (ask->sender.reply.object)
		capmsg_cap_forget(&ask->sender.reply);
	/* An answer that has come too late to be of use. */
	if (ret)
		capmsg_cap_drop(&ask->answer.cap);
	return ret;
}

/* What a client is not to notice of a handler looks as if that were gone. */
static int as_told(int ret)
{
	if (likely(!ret))
		return 0;
	switch (ret) {
	case -EACCES:
	case -EAGAIN:
	case -EDEADLK:
	case -ETIMEDOUT:
	case -ERESTARTSYS:
		return ret;
	default:
		return -ENOENT;
	}
}

/**
 * upcall() - ask the handler of a virtual object
 * @frame: the frame of the operation, not used at this moment
 * @question: what is asked
 * @until: how long to wait
 *
 * Context: Process context, no locks held; sleeps.
 * Return: 0, and the answer is in frame->ask: VALUE, SLOT or RETRY; what the handler
 * has answered: -ENOENT, -EACCES; -ENOENT also if it is gone; -EDEADLK, -EAGAIN,
 * -ETIMEDOUT, -ERESTARTSYS.
 */
static int upcall(struct capmsg_frame *frame,
		  const struct capmsg_question *question,
		  const struct capmsg_until *until)
{
	struct capmsg_body *virtual = question->found.body;
	struct capmsg_body *handler = capmsg_virtual_of(virtual)->handler;
	struct capmsg_sender *sender = &frame->ask.sender;
	struct capmsg_gates *gates = &frame->cargo.gates;
	int ret;

	capmsg_ask_fill(&frame->ask, question);
	ret = attach(&frame->ask, virtual);
	if (ret)
		return ret;
	/* The cargo's gates are not used before it is on its way. */
	if (sender->through) {
		gates->notify = NULL;
		capmsg_gates_join(gates, sender->through);
		sender->gates = gates;
	}
	ret = converse(frame, capmsg_port_of(handler), question, until);
	if (sender->gates)
		capmsg_gates_leave(gates);
	sender->gates = NULL;
	capmsg_lien_detach(virtual, &frame->ask.lien);
	return as_told(ret);
}

/* A command without a frame holds nothing, and so can wait for one. */
static struct capmsg_frame *await_frame(struct capmsg_upcaller *upcaller,
					const struct capmsg_until *until)
{
	int ret;

	if (!upcaller->frame) {
		ret = capmsg_frame_await(upcaller->space, &upcaller->index,
					 until, &upcaller->frame);
		if (ret)
			return ERR_PTR(ret);
	}
	upcaller->asker.memo = &upcaller->frame->ask.memo;
	return upcaller->frame;
}

static void remember(struct capmsg_ask *ask,
		     const struct capmsg_question *question)
{
	const struct capmsg_memo_key key = {
		.cap	= &question->found.cap,
		.bits	= question->bits,
		.left	= question->left,
		.slot	= question->slot,
		.keeper	= question->keeper,
	};

	if (ask->answer.cacheable)
		capmsg_virtual_remember(capmsg_virtual_of(question->found.body),
					&key, &ask->answer, ask->generation);
	capmsg_memo_add(&ask->memo, &key, &ask->answer);
}

/**
 * capmsg_upcall_ask() - ask, and remember the answer
 * @asker: of a struct capmsg_upcaller; its memo is there afterwards
 * @question: what is asked
 * @until: how long to wait
 *
 * Context: Process context, no locks held; sleeps.
 * Return: 0: walk again; CAPMSG_DONE; -ENOENT, -EACCES as the handler says, or there
 * is none; -ELOOP if it was asked too often; -EDEADLK if the handler would wait for
 * itself; -EAGAIN, -ETIMEDOUT, -ERESTARTSYS.
 */
int capmsg_upcall_ask(struct capmsg_asker *asker,
		      const struct capmsg_question *question,
		      const struct capmsg_until *until)
{
	struct capmsg_upcaller *upcaller =
		container_of(asker, struct capmsg_upcaller, asker);
	struct capmsg_frame *frame;
	struct capmsg_ask *ask;
	int ret;

	if (until->nonblock)
		return -EAGAIN;
	frame = await_frame(upcaller, until);
	if (IS_ERR(frame))
		return PTR_ERR(frame);
	ask = &frame->ask;
	if (ask->memo.spent == CAPMSG_UPCALLS_MAX)
		return -ELOOP;
	ask->memo.spent++;
	capmsg_hook(2);
	ret = upcall(frame, question, until);
	if (ret || ask->answer.result == CAPMSG_RESULT_RETRY)
		return ret;
	if (ask->answer.result == CAPMSG_RESULT_DONE)
		return CAPMSG_DONE;
	remember(ask, question);
	return 0;
}

static int read_resolution(const struct capmsg_sender *sender,
			   struct capmsg_resolution *resolution)
{
	if (!sender->area || sender->length != sizeof(*resolution) ||
	    sender->n_caps > 1 || sender->moved.table)
		return -EINVAL;
	memcpy(resolution, sender->area, sizeof(*resolution));
	return resolution->size == sizeof(*resolution) ? 0 : -EINVAL;
}

static int answer_locked(struct capmsg_frame *frame, u64 epoch,
			 const struct capmsg_resolution *resolution,
			 struct capmsg_cap *item)
{
	struct capmsg_port *port = &frame->port;
	int ret;

	lockdep_assert_held(&port->body.lock);
	if (port->body.dead || port->epoch != epoch || !frame->ask.question ||
	    frame->post.state != CAPMSG_POST_POSTED)
		return -ESTALE;
	ret = capmsg_ask_accept(&frame->ask, resolution, item);
	if (ret)
		return ret;
	WRITE_ONCE(port->epoch, epoch + 1);
	/* Pairs with capmsg_upcall_pending(). */
	smp_store_release(&frame->ask.question, NULL);
	capmsg_port_set_locked(port, &frame->post, CAPMSG_POST_FILLED);
	return 0;
}

/**
 * capmsg_upcall_answer() - answer an upcall
 * @caller: the frame that asks
 * @epoch: of the upcall
 * @cargo: a struct capmsg_resolution, and its item; the commit takes that
 *
 * After success the answerer does step 7, capmsg_transfer_wake().
 *
 * Context: Process context, no locks held.
 * Return: 0; -ESTALE if the upcall is over; -EINVAL or -EOPNOTSUPP for what is no
 * answer: the upcall waits for another one.
 */
int capmsg_upcall_answer(struct capmsg_port *caller, u64 epoch,
			 struct capmsg_cargo *cargo)
{
	struct capmsg_sender *sender = &cargo->sender;
	struct capmsg_resolution resolution;
	int ret;

	ret = read_resolution(sender, &resolution);
	if (ret)
		return ret;
	capmsg_port_lock(caller);
	spin_lock(&sender->lock);
	ret = answer_locked(capmsg_frame_of(&caller->body), epoch, &resolution,
			    sender->n_caps ? &cargo->caps[0] : NULL);
	spin_unlock(&sender->lock);
	capmsg_port_unlock(caller);
	return ret;
}

/**
 * capmsg_upcaller_frame() - take a frame for a command, unless it has one
 * @upcaller: of the command
 *
 * To be given back by capmsg_upcaller_leave().
 *
 * Context: Process context.
 * Return: the frame; or ERR_PTR: errors of capmsg_frame_get().
 */
struct capmsg_frame *capmsg_upcaller_frame(struct capmsg_upcaller *upcaller)
{
	struct capmsg_frame *frame;

	/* Whoever would find no frame without having asked finds none now. */
	if (upcaller->frame &&
	    capmsg_frame_is_spare(upcaller->space, upcaller->index))
		capmsg_upcaller_leave(upcaller);
	if (upcaller->frame)
		return upcaller->frame;
	frame = capmsg_frame_get(upcaller->space, &upcaller->index);
	if (!IS_ERR(frame))
		upcaller->frame = frame;
	return frame;
}

/**
 * capmsg_upcaller_leave() - give the frame back, if there is one
 * @upcaller: of a command that is over, or is going to wait for something else
 *
 * Context: Process context, no locks held.
 */
void capmsg_upcaller_leave(struct capmsg_upcaller *upcaller)
{
	if (!upcaller->frame)
		return;
	if (upcaller->asker.memo)
		capmsg_memo_clear(upcaller->asker.memo);
	upcaller->asker.memo = NULL;
	capmsg_frame_put(upcaller->space, upcaller->index);
	upcaller->frame = NULL;
}
