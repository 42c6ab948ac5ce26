// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a question to what the handler is told, and from what it says to an answer.
 * A handler may say anything: what is no answer is refused, and changes nothing.
 */
#include "ask.h"
#include "virtual.h"

/**
 * capmsg_ask_init() - prepare, once
 * @ask: zeroed memory
 * @account: of the space whose operations ask
 *
 * Context: Any.
 */
void capmsg_ask_init(struct capmsg_ask *ask, struct capmsg_account *account)
{
	BUILD_BUG_ON(sizeof(ask->upcall) > CAPMSG_INLINE_MAX);
	capmsg_sender_init(&ask->sender, account);
	ask->sender.upcall = true;
	ask->sender.area = &ask->upcall;
	ask->sender.length = sizeof(ask->upcall);
	ask->pending.upcall = &ask->upcall;
	ask->pending.delivered = &ask->sender.done;
	ask->pending.user = account->user;
	INIT_LIST_HEAD(&ask->lien.link);
	capmsg_memo_init(&ask->memo);
}

/**
 * capmsg_ask_fill() - write down what the handler is told
 * @ask: where; nobody else looks at it yet
 * @question: what is asked; kept by the caller until the answer is there
 *
 * Context: Any.
 */
void capmsg_ask_fill(struct capmsg_ask *ask,
		     const struct capmsg_question *question)
{
	const struct capmsg_cap *cap = &question->found.cap;
	struct capmsg_sender *sender = &ask->sender;
	struct capmsg_upcall *up = &ask->upcall;
	bool badged = cap->flags & CAPMSG_CAP_BADGED;

	/* Every field: it is told as it lies here. */
	up->size = sizeof(*up);
	up->operation = question->left ? CAPMSG_UPCALL_INDEX :
					 CAPMSG_UPCALL_INVOKE;
	up->object = capmsg_virtual_of(question->found.body)->name;
	up->address = question->bits | 1ULL << (63 - question->left);
	up->badge = cap->badge;
	up->guard = cap->guard;
	up->guard_bits = cap->guard_bits;
	up->flags = (badged ? CAPMSG_UPCALL_BADGED : 0) |
		    (question->slot ? CAPMSG_UPCALL_SLOT : 0) |
		    (question->keeper ? CAPMSG_UPCALL_KEEPER : 0);
	up->rights = cap->rights;
	up->subpage = cap->subpage;
	up->subpage_bits = cap->subpage_bits;
	up->command = question->command;
	up->argument = badged ? 0 : question->argument;
	sender->origin.badge = cap->badge;
	sender->origin.badged = badged;
	sender->through = cap->revoker;
}

/* The cappage of a slot: a real one, whose way cannot be closed later. */
static int check_slot_rcu(const struct capmsg_resolution *resolution,
			  const struct capmsg_cap *item)
{
	struct capmsg_body *body = rcu_dereference(item->object->body);
	u32 n_slots = resolution->n_slots ?: 1;
	u32 slots;

	if (!body || item->object->type != CAPMSG_TYPE_CAPPAGE || item->revoker)
		return -EINVAL;
	slots = 1U << (capmsg_cappage_of(body)->bits - item->subpage_bits);
	if (resolution->slot >= slots || n_slots > slots - resolution->slot)
		return -EINVAL;
	return 0;
}

static int check_found_rcu(const struct capmsg_question *question,
			   const struct capmsg_resolution *resolution,
			   const struct capmsg_cap *item)
{
	bool slot = resolution->result == CAPMSG_RESULT_SLOT;

	if (!item || capmsg_cap_void_rcu(item) || resolution->error ||
	    !resolution->bits || resolution->bits > question->left)
		return -EINVAL;
	if (slot)
		return check_slot_rcu(resolution, item);
	/* Where a slot is wanted this can only lead there. */
	if (resolution->slot || resolution->n_slots ||
	    (question->slot && resolution->bits == question->left))
		return -EINVAL;
	return 0;
}

/* What stands in: another object of that kind. */
static int check_stand_in_rcu(const struct capmsg_question *question,
			      const struct capmsg_resolution *resolution,
			      const struct capmsg_cap *item)
{
	const struct capmsg_cap *cap = &question->found.cap;

	if (!item || capmsg_cap_void_rcu(item) || resolution->error ||
	    resolution->bits || resolution->slot || resolution->n_slots ||
	    resolution->result != CAPMSG_RESULT_VALUE ||
	    item->object->kind != cap->object->kind ||
	    item->object == cap->object)
		return -EINVAL;
	return 0;
}

/* Commands with no other result than success. */
static bool can_be_done(const struct capmsg_question *question)
{
	if (question->left)
		return false;
	switch (question->command) {
	case CAPMSG_CMD_SIGNAL:
	case CAPMSG_CMD_DESTROY:
	case CAPMSG_CMD_UNREGISTER:
	case CAPMSG_CMD_REVOKE:
	case CAPMSG_CMD_CLOSE:
	case CAPMSG_CMD_OPEN:
		return true;
	default:
		return false;
	}
}

static bool bare(const struct capmsg_resolution *resolution,
		 const struct capmsg_cap *item)
{
	return !item && !resolution->bits && !resolution->slot &&
	       !resolution->n_slots && !resolution->flags;
}

/**
 * capmsg_ask_check() - is that an answer?
 * @question: what was asked
 * @resolution: what the handler says; a copy that it cannot change
 * @item: the capability that came with that, or NULL
 *
 * Context: Any.
 * Return: 0; -EINVAL; -EOPNOTSUPP for a flag that this module does not know.
 */
int capmsg_ask_check(const struct capmsg_question *question,
		     const struct capmsg_resolution *resolution,
		     const struct capmsg_cap *item)
{
	int ret;

	if (resolution->flags & ~CAPMSG_RESOLUTION_CACHE)
		return -EOPNOTSUPP;
	if (resolution->__reserved)
		return -EINVAL;
	switch (resolution->result) {
	case CAPMSG_RESULT_VALUE:
	case CAPMSG_RESULT_SLOT:
		rcu_read_lock();
		ret = question->left ?
		      check_found_rcu(question, resolution, item) :
		      check_stand_in_rcu(question, resolution, item);
		rcu_read_unlock();
		return ret;
	case CAPMSG_RESULT_RETRY:
		return bare(resolution, item) && !resolution->error ? 0 : -EINVAL;
	case CAPMSG_RESULT_DONE:
		return bare(resolution, item) && !resolution->error &&
		       can_be_done(question) ? 0 : -EINVAL;
	case CAPMSG_RESULT_ERROR:
		return bare(resolution, item) &&
		       (resolution->error == ENOENT ||
			resolution->error == EACCES) ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

/**
 * capmsg_ask_accept() - take an answer
 * @ask: with the question; the caller ends its epoch, then takes that away
 * @resolution: what the handler says
 * @item: the capability that came with that, or NULL; moved on success
 *
 * Context: Atomic; lock of the frame held.
 * Return: 0; errors of capmsg_ask_check(), after which nothing has changed.
 */
int capmsg_ask_accept(struct capmsg_ask *ask,
		      const struct capmsg_resolution *resolution,
		      struct capmsg_cap *item)
{
	struct capmsg_memory *answer = &ask->answer;
	int ret;

	ret = capmsg_ask_check(ask->question, resolution, item);
	/* Nothing was found through it before. */
	if (!ret && !ask->question->left && item)
		ret = capmsg_revoker_bind(capmsg_revoker_of(ask->question->found.body),
					  capmsg_bound_by(item));
	if (ret)
		return ret;
	answer->result = resolution->result;
	answer->taken = resolution->bits;
	answer->slot = resolution->slot;
	answer->n_slots = resolution->n_slots ?: 1;
	answer->cacheable = resolution->flags & CAPMSG_RESOLUTION_CACHE;
	ask->error = -(int)resolution->error;
	if (item)
		capmsg_cap_move(&answer->cap, item);
	return 0;
}
