/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one operation asks handlers on its way, one after the other. It is part of
 * the operation's frame, so that asking needs no memory.
 */
#ifndef CAPMSG_ASK_H
#define CAPMSG_ASK_H

#include "commit.h"
#include "view.h"

/**
 * struct capmsg_ask - a question, its answer, and those before
 */
struct capmsg_ask {
	/** @sender: brings @upcall to the handler's port */
	struct capmsg_sender sender;
	/** @upcall: what the handler is told */
	struct capmsg_upcall upcall __aligned(8);
	/** @lien: on the virtual object, whose death ends the wait */
	struct capmsg_lien lien;
	/** @pending: how others know of it */
	struct capmsg_pending pending;
	/**
	 * @question: what may be answered, or NULL; on the stack of the task that
	 * waits. Lock of the frame, like @answer
	 */
	const struct capmsg_question *question;
	/** @answer: what was answered; owns its references */
	struct capmsg_memory answer;
	/** @error: of that answer */
	int error;
	/** @generation: of the virtual object's cache, when it was asked */
	u64 generation;
	/** @memo: what was answered for the address at hand */
	struct capmsg_memo memo;
};

void capmsg_ask_init(struct capmsg_ask *ask, struct capmsg_account *account);
void capmsg_ask_fill(struct capmsg_ask *ask,
		     const struct capmsg_question *question);
int capmsg_ask_check(const struct capmsg_question *question,
		     const struct capmsg_resolution *resolution,
		     const struct capmsg_cap *item);
int capmsg_ask_accept(struct capmsg_ask *ask,
		      const struct capmsg_resolution *resolution,
		      struct capmsg_cap *item);

#endif /* CAPMSG_ASK_H */
