// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asking: what a handler is told, and which of the things that it may say are
 * answers.
 */
#include "ask.h"
#include "kit.h"
#include "virtual.h"

#define NAME	0x1122334455667788ULL
#define LEFT	8			/* bits that are asked about */

/* Items that a handler may send along. */
enum item { NO_ITEM, PORT, TABLE, PART, VIRTUAL, DEAD, THROUGH, ITEMS };

struct ask_kit {
	struct capmsg_ask ask;
	struct capmsg_virtual *virtual;
	struct capmsg_question question;
	struct capmsg_cap items[ITEMS];
};

static struct capmsg_port *make_port(struct kunit *test, u32 flags)
{
	const struct capmsg_port_limits limits = {
		.depth = 1, .flags = flags, .max_size = 256,
	};

	return capmsg_kit_port(test, &limits);
}

static void make_items(struct kunit *test, struct ask_kit *a)
{
	struct capmsg_object *table = capmsg_kit_table(test, 4)->body.object;
	struct capmsg_port *dead = make_port(test, 0);
	struct capmsg_revoker *revoker;

	a->items[PORT] = capmsg_cap_make(make_port(test, 0)->body.object,
					 CAPMSG_RIGHT_SEND);
	a->items[TABLE] = capmsg_cap_make(table, CAPMSG_RIGHT_READ);
	a->items[PART] = capmsg_cap_make(table, CAPMSG_RIGHT_READ);
	a->items[PART].subpage_bits = 2;
	a->items[PART].subpage = 3;
	a->items[VIRTUAL] = capmsg_cap_make(a->virtual->gate.body.object,
					    CAPMSG_RIGHT_READ);
	a->items[DEAD] = capmsg_cap_make(dead->body.object, CAPMSG_RIGHT_SEND);
	capmsg_kit_kill(&dead->body);
	revoker = capmsg_revoker_alloc(capmsg_kit_account(test), table, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(revoker));
	capmsg_body_own(&revoker->body);
	a->items[THROUGH] = capmsg_cap_make(table, CAPMSG_RIGHT_READ);
	a->items[THROUGH].revoker = capmsg_object_get(revoker->body.object);
}

static struct ask_kit *ask_kit(struct kunit *test)
{
	static const struct capmsg_virtual_kind kind = {
		.kind = CAPMSG_TYPE_CAPPAGE, .name = NAME, .bits = 8,
	};
	struct ask_kit *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct capmsg_port *handler = make_port(test, CAPMSG_PORT_HANDLER);

	KUNIT_ASSERT_NOT_NULL(test, a);
	capmsg_ask_init(&a->ask, capmsg_kit_account(test));
	a->virtual = capmsg_virtual_alloc(capmsg_kit_account(test),
					  &handler->body, NULL, &kind);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a->virtual);
	capmsg_body_own(&a->virtual->gate.body);
	capmsg_virtual_start(a->virtual);
	make_items(test, a);
	a->question = (struct capmsg_question) {
		.found = { .body = &a->virtual->gate.body,
			   .cap = { .object = a->virtual->gate.body.object,
				    .rights = CAPMSG_RIGHT_READ } },
		.bits = 0x5aULL << 56,
		.left = LEFT,
		.command = CAPMSG_CMD_STAT,
	};
	a->ask.question = &a->question;
	return a;
}

static void ask_kit_end(struct ask_kit *a)
{
	int i;

	capmsg_cap_drop(&a->ask.answer.cap);
	for (i = 0; i < ITEMS; i++)
		capmsg_cap_drop(&a->items[i]);
}

/* --- what is an answer ------------------------------------------------------ */

#define CACHE	CAPMSG_RESOLUTION_CACHE
#define VALUE(...)	{ .result = CAPMSG_RESULT_VALUE, __VA_ARGS__ }
#define SLOT(...)	{ .result = CAPMSG_RESULT_SLOT, __VA_ARGS__ }
#define RETRY(...)	{ .result = CAPMSG_RESULT_RETRY, __VA_ARGS__ }
#define ERROR(...)	{ .result = CAPMSG_RESULT_ERROR, __VA_ARGS__ }
#define DONE(...)	{ .result = CAPMSG_RESULT_DONE, __VA_ARGS__ }

static const struct row {
	const char *name;
	struct capmsg_resolution resolution;
	enum item item;
	bool slot;		/* a slot is wanted */
	int ret;
} rows[] = {
	{ "value", VALUE(.bits = LEFT), PORT, false, 0 },
	{ "value of one bit", VALUE(.bits = 1), TABLE, false, 0 },
	{ "value that is virtual", VALUE(.bits = LEFT), VIRTUAL, false, 0 },
	{ "value through a revoker", VALUE(.bits = LEFT), THROUGH, false, 0 },
	{ "value on the way to a slot", VALUE(.bits = LEFT - 1), TABLE, true, 0 },
	{ "value for a slot", VALUE(.bits = LEFT), TABLE, true, -EINVAL },
	{ "value of no bits", VALUE(), PORT, false, -EINVAL },
	{ "value of more bits", VALUE(.bits = LEFT + 1), PORT, false, -EINVAL },
	{ "value of all bits", VALUE(.bits = ~0U), PORT, false, -EINVAL },
	{ "no value", VALUE(.bits = LEFT), NO_ITEM, false, -EINVAL },
	{ "dead value", VALUE(.bits = LEFT), DEAD, false, -EINVAL },
	{ "value with slot", VALUE(.bits = 1, .slot = 1), TABLE, false, -EINVAL },
	{ "value with slots", VALUE(.bits = 1, .n_slots = 1), TABLE, false, -EINVAL },
	{ "value with error", VALUE(.bits = 1, .error = ENOENT), TABLE, false, -EINVAL },

	{ "slot", SLOT(.bits = LEFT, .slot = 15), TABLE, true, 0 },
	{ "slot where none is wanted", SLOT(.bits = LEFT), TABLE, false, 0 },
	{ "slots", SLOT(.bits = 1, .n_slots = 16), TABLE, true, 0 },
	{ "slots to the end", SLOT(.bits = 1, .slot = 9, .n_slots = 7), TABLE, true, 0 },
	{ "slot of a part", SLOT(.bits = 1, .slot = 3), PART, true, 0 },
	{ "slot outside", SLOT(.bits = 1, .slot = 16), TABLE, true, -EINVAL },
	{ "slot outside the part", SLOT(.bits = 1, .slot = 4), PART, true, -EINVAL },
	{ "slot far outside", SLOT(.bits = 1, .slot = ~0U), TABLE, true, -EINVAL },
	{ "more slots", SLOT(.bits = 1, .slot = 9, .n_slots = 8), TABLE, true, -EINVAL },
	{ "all slots", SLOT(.bits = 1, .slot = 1, .n_slots = ~0U), TABLE, true, -EINVAL },
	{ "slot of no bits", SLOT(.slot = 1), TABLE, true, -EINVAL },
	{ "slot of more bits", SLOT(.bits = LEFT + 1), TABLE, true, -EINVAL },
	{ "slot of a port", SLOT(.bits = 1), PORT, true, -EINVAL },
	{ "slot of a virtual table", SLOT(.bits = 1), VIRTUAL, true, -EINVAL },
	{ "slot through a revoker", SLOT(.bits = 1), THROUGH, true, -EINVAL },
	{ "slot of a dead table", SLOT(.bits = 1), DEAD, true, -EINVAL },
	{ "slot of nothing", SLOT(.bits = 1), NO_ITEM, true, -EINVAL },
	{ "slot with error", SLOT(.bits = 1, .error = ENOENT), TABLE, true, -EINVAL },

	{ "retry", RETRY(), NO_ITEM, false, 0 },
	{ "retry for a slot", RETRY(), NO_ITEM, true, 0 },
	{ "retry with item", RETRY(), TABLE, false, -EINVAL },
	{ "retry with bits", RETRY(.bits = 1), NO_ITEM, false, -EINVAL },
	{ "retry with slot", RETRY(.slot = 1), NO_ITEM, false, -EINVAL },
	{ "retry with slots", RETRY(.n_slots = 1), NO_ITEM, false, -EINVAL },
	{ "retry with error", RETRY(.error = ENOENT), NO_ITEM, false, -EINVAL },

	{ "nothing there", ERROR(.error = ENOENT), NO_ITEM, false, 0 },
	{ "not allowed", ERROR(.error = EACCES), NO_ITEM, true, 0 },
	{ "no error", ERROR(), NO_ITEM, false, -EINVAL },
	{ "negative error", ERROR(.error = -ENOENT), NO_ITEM, false, -EINVAL },
	{ "another error", ERROR(.error = EDEADLK), NO_ITEM, false, -EINVAL },
	{ "a restart", ERROR(.error = ERESTARTSYS), NO_ITEM, false, -EINVAL },
	{ "error with item", ERROR(.error = ENOENT), PORT, false, -EINVAL },
	{ "error with bits", ERROR(.error = ENOENT, .bits = 1), NO_ITEM, false, -EINVAL },

	{ "done", DONE(), NO_ITEM, false, -EINVAL },
	{ "no result", { .result = 0 }, NO_ITEM, false, -EINVAL },
	{ "unknown result", { .result = CAPMSG_RESULT_COUNT }, NO_ITEM, false, -EINVAL },
	{ "flags", RETRY(.flags = 2), NO_ITEM, false, -EOPNOTSUPP },
	{ "flags of a value", VALUE(.flags = 3, .bits = 1), PORT, false, -EOPNOTSUPP },
	{ "value for all", VALUE(.flags = CACHE, .bits = 1), PORT, false, 0 },
	{ "slot for all", SLOT(.flags = CACHE, .bits = 1), TABLE, true, 0 },
	{ "retry for all", RETRY(.flags = CACHE), NO_ITEM, false, -EINVAL },
	{ "error for all", ERROR(.flags = CACHE, .error = ENOENT), NO_ITEM, false, -EINVAL },
	{ "reserved", RETRY(.__reserved = 1), NO_ITEM, false, -EINVAL },
};

static struct capmsg_cap *item_of(struct ask_kit *a, enum item item)
{
	return item == NO_ITEM ? NULL : &a->items[item];
}

static void what_is_an_answer(struct kunit *test)
{
	struct ask_kit *a = ask_kit(test);
	const struct row *row;

	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		a->question.slot = row->slot;
		KUNIT_EXPECT_EQ_MSG(test,
				    capmsg_ask_check(&a->question,
						     &row->resolution,
						     item_of(a, row->item)),
				    row->ret, "%s", row->name);
	}
	ask_kit_end(a);
}

/* The object itself is invoked: a cappage, as far as the question goes. */
static const struct stand_in {
	const char *name;
	struct capmsg_resolution resolution;
	enum item item;
	u32 command;
	int ret;
} stand_ins[] = {
	{ "stand-in", VALUE(), TABLE, CAPMSG_CMD_DESTROY, 0 },
	{ "stand-in for all", VALUE(.flags = CACHE), TABLE, CAPMSG_CMD_STAT, 0 },
	{ "stand-in through a revoker", VALUE(), THROUGH, CAPMSG_CMD_STAT, 0 },
	{ "a part of it", VALUE(), PART, CAPMSG_CMD_STAT, 0 },
	{ "another kind", VALUE(), PORT, CAPMSG_CMD_STAT, -EINVAL },
	{ "itself", VALUE(), VIRTUAL, CAPMSG_CMD_STAT, -EINVAL },
	{ "nothing", VALUE(), NO_ITEM, CAPMSG_CMD_STAT, -EINVAL },
	{ "a dead one", VALUE(), DEAD, CAPMSG_CMD_STAT, -EINVAL },
	{ "bits", VALUE(.bits = 1), TABLE, CAPMSG_CMD_STAT, -EINVAL },
	{ "a slot", SLOT(), TABLE, CAPMSG_CMD_STAT, -EINVAL },
	{ "with slot", VALUE(.slot = 1), TABLE, CAPMSG_CMD_STAT, -EINVAL },
	{ "with slots", VALUE(.n_slots = 1), TABLE, CAPMSG_CMD_STAT, -EINVAL },
	{ "with error", VALUE(.error = 2), TABLE, CAPMSG_CMD_STAT, -EINVAL },
	{ "retry", RETRY(), NO_ITEM, CAPMSG_CMD_STAT, 0 },
	{ "error", ERROR(.error = ENOENT), NO_ITEM, CAPMSG_CMD_STAT, 0 },
	{ "signal done", DONE(), NO_ITEM, CAPMSG_CMD_SIGNAL, 0 },
	{ "destroy done", DONE(), NO_ITEM, CAPMSG_CMD_DESTROY, 0 },
	{ "unregister done", DONE(), NO_ITEM, CAPMSG_CMD_UNREGISTER, 0 },
	{ "revoke done", DONE(), NO_ITEM, CAPMSG_CMD_REVOKE, 0 },
	{ "close done", DONE(), NO_ITEM, CAPMSG_CMD_CLOSE, 0 },
	{ "open done", DONE(), NO_ITEM, CAPMSG_CMD_OPEN, 0 },
	{ "stat done", DONE(), NO_ITEM, CAPMSG_CMD_STAT, -EINVAL },
	{ "send done", DONE(), NO_ITEM, CAPMSG_CMD_SEND, -EINVAL },
	{ "done with item", DONE(), TABLE, CAPMSG_CMD_OPEN, -EINVAL },
	{ "done with error", DONE(.error = 2), NO_ITEM, CAPMSG_CMD_OPEN, -EINVAL },
	{ "done for all", DONE(.flags = CACHE), NO_ITEM, CAPMSG_CMD_OPEN, -EINVAL },
};

static void what_stands_in(struct kunit *test)
{
	struct ask_kit *a = ask_kit(test);
	const struct stand_in *row;

	a->question.bits = 0;
	a->question.left = 0;
	for (row = stand_ins; row < stand_ins + ARRAY_SIZE(stand_ins); row++) {
		a->question.command = row->command;
		KUNIT_EXPECT_EQ_MSG(test,
				    capmsg_ask_check(&a->question,
						     &row->resolution,
						     item_of(a, row->item)),
				    row->ret, "%s", row->name);
	}
	ask_kit_end(a);
}

/* To what its first stand-in came through, and to nothing else ever. */
static void bound_by_an_answer(struct kunit *test)
{
	struct ask_kit *a = ask_kit(test);
	struct capmsg_cap *cap = &a->items[THROUGH];
	struct capmsg_object *through = cap->revoker;
	struct capmsg_revoker *other;

	a->question.bits = 0;
	a->question.left = 0;
	a->question.command = CAPMSG_CMD_STAT;
	a->ask.question = &a->question;
	KUNIT_EXPECT_NULL(test, a->virtual->gate.next);
	KUNIT_EXPECT_EQ(test, capmsg_ask_accept(&a->ask, &stand_ins[0].resolution,
						cap), 0);
	KUNIT_EXPECT_PTR_EQ(test, a->virtual->gate.next, through);
	capmsg_cap_move(cap, &a->ask.answer.cap);
	KUNIT_EXPECT_EQ(test, capmsg_ask_accept(&a->ask, &stand_ins[0].resolution,
						cap), 0);
	capmsg_cap_move(cap, &a->ask.answer.cap);
	other = capmsg_revoker_alloc(capmsg_kit_account(test), cap->object, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	capmsg_body_own(&other->body);
	cap->revoker = other->body.object;
	KUNIT_EXPECT_EQ(test, capmsg_ask_accept(&a->ask, &stand_ins[0].resolution,
						cap), -EINVAL);
	KUNIT_EXPECT_NULL(test, a->ask.answer.cap.object);
	KUNIT_EXPECT_PTR_EQ(test, a->virtual->gate.next, through);
	cap->revoker = through;
	ask_kit_end(a);
}

static void handler_is_told_the_command(struct kunit *test)
{
	struct ask_kit *a = ask_kit(test);
	const struct capmsg_upcall *up = &a->ask.upcall;

	a->question.bits = 0;
	a->question.left = 0;
	a->question.command = CAPMSG_CMD_SIGNAL;
	a->question.argument = 6;
	capmsg_ask_fill(&a->ask, &a->question);
	KUNIT_EXPECT_EQ(test, up->operation, CAPMSG_UPCALL_INVOKE);
	KUNIT_EXPECT_EQ(test, up->address, 1ULL << 63);
	KUNIT_EXPECT_EQ(test, up->command, CAPMSG_CMD_SIGNAL);
	KUNIT_EXPECT_EQ(test, up->argument, 6);
	/* The badge takes the place of the bits. */
	a->question.found.cap.flags = CAPMSG_CAP_BADGED;
	capmsg_ask_fill(&a->ask, &a->question);
	KUNIT_EXPECT_EQ(test, up->argument, 0);
	ask_kit_end(a);
}

/* --- taking it ---------------------------------------------------------------- */

static void refused_answer_changes_nothing(struct kunit *test)
{
	struct ask_kit *a = ask_kit(test);
	const struct row *row;
	struct capmsg_cap *item;

	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		struct capmsg_object *named;

		if (!row->ret)
			continue;
		a->question.slot = row->slot;
		item = item_of(a, row->item);
		named = item ? item->object : NULL;
		KUNIT_EXPECT_EQ(test, capmsg_ask_accept(&a->ask, &row->resolution,
							item), row->ret);
		KUNIT_EXPECT_PTR_EQ(test, a->ask.question, &a->question);
		KUNIT_EXPECT_NULL(test, a->ask.answer.cap.object);
		if (item)
			KUNIT_EXPECT_PTR_EQ(test, item->object, named);
	}
	ask_kit_end(a);
}

static void answer_is_taken_over(struct kunit *test)
{
	const struct capmsg_resolution slot = SLOT(.bits = 3, .slot = 5);
	struct ask_kit *a = ask_kit(test);
	struct capmsg_object *table = a->items[TABLE].object;

	KUNIT_EXPECT_EQ(test, capmsg_ask_accept(&a->ask, &slot,
						&a->items[TABLE]), 0);
	KUNIT_EXPECT_NULL(test, a->items[TABLE].object);
	KUNIT_EXPECT_PTR_EQ(test, a->ask.answer.cap.object, table);
	KUNIT_EXPECT_EQ(test, a->ask.answer.result, CAPMSG_RESULT_SLOT);
	KUNIT_EXPECT_EQ(test, a->ask.answer.taken, 3);
	KUNIT_EXPECT_EQ(test, a->ask.answer.slot, 5);
	KUNIT_EXPECT_EQ(test, a->ask.answer.n_slots, 1);
	KUNIT_EXPECT_FALSE(test, a->ask.answer.cacheable);
	KUNIT_EXPECT_EQ(test, a->ask.error, 0);
	ask_kit_end(a);
}

static void error_is_taken_over(struct kunit *test)
{
	const struct capmsg_resolution error = ERROR(.error = EACCES);
	struct ask_kit *a = ask_kit(test);

	KUNIT_EXPECT_EQ(test, capmsg_ask_accept(&a->ask, &error, NULL), 0);
	KUNIT_EXPECT_EQ(test, a->ask.error, -EACCES);
	KUNIT_EXPECT_NULL(test, a->ask.answer.cap.object);
	ask_kit_end(a);
}

/* --- what the handler is told -------------------------------------------------- */

static void handler_is_told_all(struct kunit *test)
{
	struct ask_kit *a = ask_kit(test);
	const struct capmsg_upcall *up = &a->ask.upcall;
	struct capmsg_cap *cap = &a->question.found.cap;

	cap->badge = 42;
	cap->flags = CAPMSG_CAP_BADGED;
	cap->guard = 5;
	cap->guard_bits = 3;
	cap->subpage = 2;
	cap->subpage_bits = 4;
	cap->revoker = a->items[THROUGH].revoker;
	a->question.slot = true;
	a->question.keeper = true;
	capmsg_ask_fill(&a->ask, &a->question);
	KUNIT_EXPECT_EQ(test, up->size, sizeof(*up));
	KUNIT_EXPECT_EQ(test, up->operation, CAPMSG_UPCALL_INDEX);
	KUNIT_EXPECT_EQ(test, up->object, NAME);
	KUNIT_EXPECT_EQ(test, up->address, CAPMSG_ADDRESS(0x5a, LEFT));
	KUNIT_EXPECT_EQ(test, up->badge, 42);
	KUNIT_EXPECT_EQ(test, up->guard, 5);
	KUNIT_EXPECT_EQ(test, up->guard_bits, 3);
	KUNIT_EXPECT_EQ(test, up->flags, CAPMSG_UPCALL_BADGED |
			CAPMSG_UPCALL_SLOT | CAPMSG_UPCALL_KEEPER);
	KUNIT_EXPECT_EQ(test, up->rights, CAPMSG_RIGHT_READ);
	KUNIT_EXPECT_EQ(test, up->subpage, 2);
	KUNIT_EXPECT_EQ(test, up->subpage_bits, 4);
	KUNIT_EXPECT_EQ(test, up->command, CAPMSG_CMD_STAT);
	KUNIT_EXPECT_EQ(test, up->argument, 0);
	KUNIT_EXPECT_EQ(test, a->ask.sender.origin.badge, 42);
	KUNIT_EXPECT_TRUE(test, a->ask.sender.origin.badged);
	KUNIT_EXPECT_PTR_EQ(test, a->ask.sender.through, cap->revoker);
	ask_kit_end(a);
}

/* Nothing of a question is left in the next one; and the ends of addresses. */
static void next_question_begins_afresh(struct kunit *test)
{
	struct ask_kit *a = ask_kit(test);
	const struct capmsg_upcall *up = &a->ask.upcall;

	memset(&a->ask.upcall, 0xff, sizeof(a->ask.upcall));
	a->question.bits = ~0ULL << 1;
	a->question.left = 63;
	capmsg_ask_fill(&a->ask, &a->question);
	KUNIT_EXPECT_EQ(test, up->address, ~0ULL);
	KUNIT_EXPECT_EQ(test, up->flags, 0);
	KUNIT_EXPECT_EQ(test, up->badge, 0);
	KUNIT_EXPECT_EQ(test, up->command, CAPMSG_CMD_STAT);
	KUNIT_EXPECT_EQ(test, up->argument, 0);
	KUNIT_EXPECT_FALSE(test, a->ask.sender.origin.badged);
	KUNIT_EXPECT_NULL(test, a->ask.sender.through);
	a->question.bits = 0;
	a->question.left = 1;
	capmsg_ask_fill(&a->ask, &a->question);
	KUNIT_EXPECT_EQ(test, up->address, CAPMSG_ADDRESS(0, 1));
	ask_kit_end(a);
}

static struct kunit_case ask_cases[] = {
	KUNIT_CASE(what_is_an_answer),
	KUNIT_CASE(what_stands_in),
	KUNIT_CASE(bound_by_an_answer),
	KUNIT_CASE(handler_is_told_the_command),
	KUNIT_CASE(refused_answer_changes_nothing),
	KUNIT_CASE(answer_is_taken_over),
	KUNIT_CASE(error_is_taken_over),
	KUNIT_CASE(handler_is_told_all),
	KUNIT_CASE(next_question_begins_afresh),
	{ }
};

static struct kunit_suite ask_suite = {
	.name		= "capmsg_ask",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= ask_cases,
};

kunit_test_suite(ask_suite);
