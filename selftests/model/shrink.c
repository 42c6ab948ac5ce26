// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a long run that fails to a short one: pieces of it are left out, smaller
 * and smaller ones, as long as it fails without them. Every attempt is a run
 * in a new world; they come to an end, so that what was found is told before the
 * time of the test is up. Where the model lies it is known what is found, and that it
 * is made small is what is to be seen, however slow the machine is.
 */
#include "run.h"

#define SHRINK_MS	30000
#define SHRINK_LIE_MS	240000

/* Does it still fail with these operations? They become the run's. */
static bool fails(struct run *run, const struct op *ops, unsigned int n, enum lie lie)
{
	unsigned int i;

	run_reset(run, lie);
	for (i = 0; i < n; i++)
		if (!run_op(run, &ops[i]))
			return true;
	return !run_check(run) || !run_end(run);
}

static bool try(struct run *run, const struct op *ops, unsigned int n, enum lie lie)
{
	return now_ns() < run->shrink_end && fails(run, ops, n, lie);
}

static unsigned int without(struct op *to, const struct op *from, unsigned int n,
			    unsigned int first, unsigned int length)
{
	unsigned int end = first + length < n ? first + length : n;

	memcpy(to, from, first * sizeof(*to));
	memcpy(to + first, from + end, (n - end) * sizeof(*to));
	return n - (end - first);
}

/* From the end: what comes late depends on what comes early. */
static unsigned int leave_out(struct run *run, struct op *ops, unsigned int n,
			      struct op *fewer, unsigned int size, enum lie lie)
{
	unsigned int pieces = (n + size - 1) / size, i, left;

	for (i = pieces; i-- > 0;) {
		if (i * size >= n)
			continue;
		left = without(fewer, ops, n, i * size, size);
		if (!try(run, fewer, left, lie))
			continue;
		/* What was not reached, or made no sense, goes as well. */
		n = run->n;
		memcpy(ops, run->ops, n * sizeof(*ops));
	}
	return n;
}

/* --- copies --------------------------------------------------------------- */

/* Where the capability that an operation puts somewhere is before; void: nowhere. */
static __u64 comes_from(const struct op *ops, unsigned int i)
{
	const struct op *op = &ops[i];

	if (op->nr == CAPMSG_CMD_COPY)
		return op->a.copy.from;
	if (op->nr == CAPMSG_CMD_MOVE && !op->a.move.flags)
		return op->a.move.from;
	while (op->nr == CAPMSG_CMD_IMPORT && i-- > 0)
		if (ops[i].nr == CAPMSG_CMD_EXPORT && ops[i].export == op->export)
			return ops[i].space == op->space ? ops[i].a.export.from : 0;
	return CAPMSG_ADDRESS_VOID;
}

static __u64 goes_to(const struct op *op)
{
	return op->nr == CAPMSG_CMD_COPY ? op->a.copy.to :
	       op->nr == CAPMSG_CMD_MOVE ? op->a.move.to : op->a.import.to;
}

static unsigned int depth_of(__u64 address)
{
	return address ? 63 - __builtin_ctzll(address) : 0;
}

/* If the address leads to or through @to, it leads to or through @from now. */
static void redirect(__u64 *address, __u64 to, __u64 from)
{
	unsigned int depth = depth_of(to), rest = depth_of(*address) - depth;

	if (!*address || depth_of(*address) < depth || (*address ^ to) >> (64 - depth) ||
	    depth_of(from) + rest > 63)
		return;
	*address = (from & (from - 1)) | *address << depth >> depth_of(from);
}

static void redirect_op(struct op *op, __u64 to, __u64 from)
{
	__u64 *addresses[ADDRESSES_MAX];
	unsigned int i, n = op_addresses(op, addresses);

	for (i = 0; i < n; i++)
		redirect(addresses[i], to, from);
}

/* What was copied or moved is used where it was before. */
static unsigned int follow(struct run *run, struct op *ops, unsigned int n,
			   struct op *fewer, enum lie lie)
{
	unsigned int i, j, left;
	__u64 from, to;

	for (i = n; i-- > 0;) {
		from = i < n ? comes_from(ops, i) : CAPMSG_ADDRESS_VOID;
		to = from ? goes_to(&ops[i]) : CAPMSG_ADDRESS_VOID;
		if (!depth_of(from) || !depth_of(to))
			continue;
		left = without(fewer, ops, n, i, 1);
		for (j = i; j < left; j++)
			if (fewer[j].space == ops[i].space)
				redirect_op(&fewer[j], to, from);
		if (!try(run, fewer, left, lie))
			continue;
		n = run->n;
		memcpy(ops, run->ops, n * sizeof(*ops));
	}
	return n;
}

/* --- all of it ------------------------------------------------------------ */

/* Operations that could be plainer, one by one. */
static void make_plain(struct run *run, struct op *ops, unsigned int n, enum lie lie)
{
	unsigned int i;
	struct op kept;

	for (i = 0; i < n; i++) {
		if (!op_sends(&ops[i]))
			continue;
		kept = ops[i];
		ops[i].pieces = 0;
		ops[i].length = ops[i].length > CAPMSG_INLINE_MAX ? CAPMSG_INLINE_MAX + 1 : 1;
		if (!try(run, ops, n, lie) || run->n != n)
			ops[i] = kept;
	}
}

void shrink(struct run *run, enum lie lie)
{
	struct op *ops = calloc(run->n + 1, sizeof(*ops));
	struct op *fewer = calloc(run->n + 1, sizeof(*fewer));
	unsigned int n = run->n, size, before;
	bool count = run->count;
	int i;

	/* An attempt that fails so does it again and again. */
	for (i = 0; i < JOBS; i++)
		run->machine->workers[i].patience_ms = 1000;
	if (!ops || !fewer)
		abort();
	run->count = false;
	run->shrink_end = in_ms(lie == LIE_NONE ? SHRINK_MS : SHRINK_LIE_MS);
	memcpy(ops, run->ops, n * sizeof(*ops));
	for (size = n / 2; size > 1; size /= 2)
		n = leave_out(run, ops, n, fewer, size, lie);
	do {
		before = n;
		n = leave_out(run, ops, n, fewer, 1, lie);
		n = follow(run, ops, n, fewer, lie);
	} while (n < before);
	make_plain(run, ops, n, lie);
	if (!fails(run, ops, n, lie))
		printf("# it does not fail again: what follows is not reliable\n");
	run->count = count;
	free(ops);
	free(fewer);
}
