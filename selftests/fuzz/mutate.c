// SPDX-License-Identifier: GPL-2.0-only
/*
 * New cases, out of nothing and out of others.
 */
#include "fuzz.h"

/* What is no command comes seldom, and what ends most of the case very seldom. */
static __u8 some_nr(__u64 *random)
{
	static const __u8 extras[] = {
		OP_OPEN, OP_CLOSE, OP_CLOSE_FILE, OP_SERVE, OP_SERVE, OP_SERVE, OP_SIGNAL,
		OP_SIGNAL, OP_SIGNAL, OP_FORGET, OP_FORGET, OP_PAUSE, OP_POLL,
	};
	/* The commands that a life goes by. */
	static const __u8 usual[] = {
		CAPMSG_CMD_SEND, CAPMSG_CMD_RECV, CAPMSG_CMD_CALL, CAPMSG_CMD_REPLY,
		CAPMSG_CMD_REPLY_RECV, CAPMSG_CMD_POST, CAPMSG_CMD_BEGIN, CAPMSG_CMD_FILL,
		CAPMSG_CMD_TRANSMIT, CAPMSG_CMD_CREATE_REVOKER, CAPMSG_CMD_COPY,
		CAPMSG_CMD_CREATE_PORT, CAPMSG_CMD_MOVE,
	};

	switch (dice(random, 8)) {
	case 0:
		return dice(random, 40) ? extras[dice(random, sizeof(extras))] : OP_KILL;
	case 1:
	case 2:
	case 3:
		return usual[dice(random, sizeof(usual))];
	default:
		return dice(random, CAPMSG_CMD_COUNT);
	}
}

static void op_random(struct op *op, __u64 *random)
{
	unsigned int i;

	op->nr = some_nr(random);
	op->player = dice(random, PLAYERS);
	op->space = dice(random, SPACES);
	/* Odd values are for one byte of a few; more of them, and nothing would succeed. */
	for (i = 0; i < BYTES; i++)
		op->bytes[i] = dice(random, 250);
	if (!dice(random, 4))
		op->bytes[dice(random, BYTES - 1)] = dice(random, 256);
	op->bytes[BYTES - 1] = dice(random, 20) ? 0 : WILD;
}

void sequence_random(struct sequence *s, __u64 *random)
{
	unsigned int i;

	s->n = 8 + dice(random, OPS_MAX - 8);
	for (i = 0; i < s->n; i++)
		op_random(&s->ops[i], random);
}

static void insert(struct sequence *s, unsigned int at, const struct op *op)
{
	if (s->n == OPS_MAX)
		s->n--;
	memmove(&s->ops[at + 1], &s->ops[at], (s->n - at) * sizeof(*op));
	s->ops[at] = *op;
	s->n++;
}

static void delete(struct sequence *s, unsigned int at)
{
	s->n--;
	memmove(&s->ops[at], &s->ops[at + 1], (s->n - at) * sizeof(s->ops[0]));
}

static void graft(struct sequence *s, const struct sequence *other, __u64 *random)
{
	unsigned int i, first = dice(random, other->n), at = dice(random, s->n);
	unsigned int n = 1 + dice(random, other->n - first);

	for (i = 0; i < n && at + i < OPS_MAX - 1; i++)
		insert(s, at + i, &other->ops[first + i]);
}

static void mutate_once(struct sequence *s, const struct sequence *other, __u64 *random)
{
	unsigned int at = dice(random, s->n);
	struct op op;

	switch (dice(random, 10)) {
	case 0:
		graft(s, other, random);
		break;
	case 1:
		if (s->n > 1)
			delete(s, at);
		break;
	case 2:
		op = s->ops[at];
		insert(s, dice(random, s->n), &op);
		break;
	case 3:
		s->ops[at].player = dice(random, PLAYERS);
		break;
	case 4:
		s->ops[at].space = dice(random, SPACES);
		break;
	case 5:
	case 6:
		op_random(&op, random);
		insert(s, at, &op);
		break;
	default:
		s->ops[at].bytes[dice(random, BYTES)] = dice(random, 256);
		break;
	}
}

void sequence_mutate(struct sequence *s, const struct sequence *other, __u64 *random)
{
	unsigned int i, n = 1 + dice(random, 8);

	for (i = 0; i < n; i++)
		mutate_once(s, other, random);
	/* Long cases cost no more than short ones: what waits does so side by side. */
	while (s->n < OPS_MAX * 3 / 4) {
		struct op op;

		op_random(&op, random);
		insert(s, s->n, &op);
	}
}
