// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cases as text, a line an operation: PLAYER SPACE COMMAND BYTES. A command with a !
 * has fields that do not agree. An empty line ends a case; lines that begin with # are
 * for people.
 */
#include "fuzz.h"

/* Bytes that choose nothing are not written. */
static unsigned int bytes_used(const struct op *op)
{
	unsigned int n = op->nr < CAPMSG_CMD_COUNT ? fuzz_commands[op->nr].n : 1;

	return n < BYTES ? n : BYTES;
}

void sequence_print(FILE *f, const struct sequence *s)
{
	unsigned int i, j;

	for (i = 0; i < s->n; i++) {
		const struct op *op = &s->ops[i];

		fprintf(f, "%u %u %s%s ", op->player % PLAYERS, op->space % SPACES,
			fuzz_commands[op->nr].name, op_is_wild(op) ? "!" : "");
		for (j = 0; j < bytes_used(op); j++)
			fprintf(f, "%02x", op->bytes[j]);
		fprintf(f, "\n");
	}
	fprintf(f, "\n");
}

static bool op_read(const char *line, struct op *op)
{
	char name[32], bytes[2 * BYTES + 1] = "";
	unsigned int player, space, i, byte;

	if (sscanf(line, "%u %u %31s %40s", &player, &space, name, bytes) < 3)
		return false;
	*op = (struct op){ .player = player, .space = space };
	for (i = 0; i < BYTES && sscanf(bytes + 2 * i, "%2x", &byte) == 1; i++) {
		op->bytes[i] = byte;
		if (!bytes[2 * i + 1] || !bytes[2 * i + 2])
			break;
	}
	if (name[strlen(name) - 1] == '!') {
		name[strlen(name) - 1] = 0;
		op->bytes[BYTES - 1] = WILD;
	}
	for (i = 0; i < OP_COUNT; i++) {
		if (strcmp(name, fuzz_commands[i].name))
			continue;
		op->nr = i;
		return true;
	}
	return false;
}

bool sequence_read(FILE *f, struct sequence *s)
{
	char line[256];

	s->n = 0;
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			continue;
		if (line[0] == '\n' && s->n)
			return true;
		if (line[0] == '\n' || s->n == OPS_MAX)
			continue;
		if (!op_read(line, &s->ops[s->n])) {
			fprintf(stderr, "# no operation: %s", line);
			exit(2);
		}
		s->n++;
	}
	return s->n;
}
