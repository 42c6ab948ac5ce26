/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Upcalls: asking the process that plays an object, and answering the kernel.
 */
#ifndef CAPMSG_UPCALL_H
#define CAPMSG_UPCALL_H

#include "space.h"

/**
 * DOC: Upcalls
 *
 * A walk that meets a virtual cappage does not wait inside: it ends, with nothing
 * in its hands, and says what is to be asked. Whoever walks asks (an *upcall*),
 * and walks again from the root.
 *
 * An upcall is a call to the handler's port from the operation's own frame. As the
 * frame's cargo is in use by the operation, the upcall has a sender of its own there
 * (struct capmsg_ask). The frame takes the answer as it does that to a call, in an
 * epoch of its own: so a late or second answer is told so, and the wait ends when the
 * reply right is dropped or the handler dies. Nothing is allocated: the upcall waits
 * in the frame, and arrives in a post of the handler's.
 *
 * Walking again finds the same virtual cappage again. What makes it end is the
 * *memo*: the answers for this address, by what was asked. Every walk either ends, or
 * asks something new, or has spent an upcall for nothing (RETRY); there are
 * CAPMSG_UPCALLS_MAX of them. No entry is dropped before the address is resolved, and
 * all are checked again each time: none is used that names an object which has died.
 *
 * Commands that have no frame take one when they first ask. They hold nothing at
 * that time, so they can wait for one.
 */

/**
 * struct capmsg_upcaller - the frame of a command, and what it asks with that
 */
struct capmsg_upcaller {
	/** @asker: what a walk knows of it */
	struct capmsg_asker asker;
	/** @space: whose command */
	struct capmsg_space *space;
	/** @frame: the command's frame, or NULL */
	struct capmsg_frame *frame;
	/** @index: its number */
	unsigned int index;
};

int capmsg_upcall_ask(struct capmsg_asker *asker,
		      const struct capmsg_question *question,
		      const struct capmsg_until *until);
int capmsg_upcall_answer(struct capmsg_port *caller, u64 epoch,
			 struct capmsg_cargo *cargo);
struct capmsg_frame *capmsg_upcaller_frame(struct capmsg_upcaller *upcaller);
void capmsg_upcaller_leave(struct capmsg_upcaller *upcaller);

static inline void capmsg_upcaller_init(struct capmsg_upcaller *upcaller,
					struct capmsg_space *space)
{
	upcaller->asker.ask = capmsg_upcall_ask;
	upcaller->asker.memo = NULL;
	upcaller->space = space;
	upcaller->frame = NULL;
}

/**
 * capmsg_upcall_pending() - does a reply right answer an upcall?
 * @caller: the frame that it names
 * @epoch: of the reply right
 *
 * The right of a call that is over does not tell whether that was an upcall. So its
 * answer is refused before its items are looked up: to answer an upcall must never
 * make another one.
 *
 * No lock: a question is there before the epoch in which it is answered begins, and
 * until after that has ended; and the epoch of a call ends before the next question is
 * there. So if the epoch is still that of the right after the question was looked for,
 * what was seen belongs to this epoch. Whether the answer is still waited for is
 * checked when it is given.
 *
 * Context: Any.
 * Return: 1 if it does, and the answer is waited for; 0 if it answers a call;
 * -ESTALE if that is over, whichever it was.
 */
static inline int capmsg_upcall_pending(struct capmsg_port *caller, u64 epoch)
{
	const struct capmsg_frame *frame = capmsg_frame_of(&caller->body);
	bool asked;

	/* Pairs with begin(), answer_locked() and capmsg_frame_rest_locked(). */
	asked = smp_load_acquire(&frame->ask.question);
	return READ_ONCE(caller->epoch) == epoch ? asked : -ESTALE;
}

#endif /* CAPMSG_UPCALL_H */
