// SPDX-License-Identifier: GPL-2.0-only
/* A run: each operation is done by the model, then by the module, and compared. */
#include "run.h"

int run_init(struct run *run, struct machine *machine, unsigned int max)
{
	*run = (struct run){ .machine = machine, .max = max };
	run->memory = calloc(MEMORIES, sizeof(*run->memory));
	run->ops = calloc(max, sizeof(*run->ops));
	return run->memory && run->ops ? 0 : -ENOMEM;
}

void run_free(struct run *run)
{
	free(run->memory);
	free(run->ops);
}

void run_reset(struct run *run, enum lie lie)
{
	machine_reset(run->machine);
	memset(run->memory, 0, MEMORIES * sizeof(*run->memory));
	memset(&run->world, 0, sizeof(run->world));
	run->world.memory = run->memory;
	run->world.lie = lie;
	run->world.prices = &run->machine->prices;
	run->n = 0;
	run->failed = false;
}

static bool fail(struct run *run, const struct op *op)
{
	if (!run->failed)
		run->culprit = *op;
	run->failed = true;
	return false;
}

/* Does the result say that there are bytes in a region now? */
static bool tells_of_region(const struct op *op, const struct result *r)
{
	__u32 i;

	for (i = 0; i < r->n && !r->ret && op->nr != CAPMSG_CMD_LIST; i++)
		if (!(r->records[i].record.out_flags &
		      (CAPMSG_RECORD_INLINE | CAPMSG_RECORD_PLAIN)))
			return true;
	return op->nr == CAPMSG_CMD_CALL && !r->ret && op->a.call.flags & CAPMSG_CALL_REGION;
}

static bool compare(struct run *run, const struct op *op, const struct result *want,
		    const struct exec *exec)
{
	if (run->count && !run->checking)
		tally_add(op->nr, exec->result.ret);
	run->arrived |= tells_of_region(op, want);
	return result_same(op, want, exec, &run->world, &run->mismatch) || fail(run, op);
}

static bool check_memory(struct run *run, const struct op *op)
{
	int i, at;

	for (i = 0; i < MEMORIES; i++) {
		const char *module = run->machine->memory[i], *model = run->memory[i];

		if (!memcmp(module, model, MEMORY_BYTES))
			continue;
		for (at = 0; module[at] == model[at];)
			at++;
		mismatch_set(&run->mismatch, "memory of regions", module[at], model[at]);
		snprintf(run->mismatch.module, sizeof(run->mismatch.module),
			 "%d at byte %d of memory %d", module[at], at, i);
		return fail(run, op);
	}
	return true;
}

/* A command that may wait: in a thread of its own. */
static bool do_job(struct run *run, const struct op *op, const struct result *want)
{
	struct worker *worker = &run->machine->workers[(int)op->job];

	worker_run(run->machine, op->job, op);
	if (!want->blocks) {
		if (worker_ended(worker))
			return compare(run, op, want, &worker->exec);
		mismatch_set(&run->mismatch, "waits", 1, 0);
		return fail(run, op);
	}
	if (worker_blocked(worker))
		return true;
	mismatch_set(&run->mismatch, "waits", 0, 1);
	snprintf(run->mismatch.module, sizeof(run->mismatch.module), "%s",
		 errno_name(worker->exec.result.ret));
	return fail(run, op);
}

/* Those who waited, and no longer do. */
static bool settle(struct run *run, const __u8 *before, const struct op *op)
{
	int i;

	for (i = 0; i < JOBS; i++) {
		struct waiter *job = &run->world.jobs[i];
		struct worker *worker = &run->machine->workers[i];

		if (before[i] == SENDING && job->state == CALLING) {
			/* Its request is there once it sleeps again. */
			if (worker_blocked(worker))
				continue;
			mismatch_set(&run->mismatch, "call waits", 0, 1);
			return fail(run, op);
		}
		if (!job->done)
			continue;
		if (!worker_ended(worker)) {
			mismatch_set(&run->mismatch, "still waits", 1, 0);
			return fail(run, op);
		}
		job->done = false;
		if (!compare(run, &job->op, &job->result, &worker->exec))
			return false;
	}
	return true;
}

static bool execute(struct run *run, const struct op *op)
{
	struct capmsg_list_entry entries[ENTRIES_MAX];
	struct machine *m = run->machine;
	__u8 before[JOBS];
	struct doing d;
	bool same;
	int i;

	run->arrived = false;
	for (i = 0; i < JOBS; i++)
		before[i] = run->world.jobs[i].state;
	model_do(&d, &run->world, op, entries);
	if (op->job >= 0 && op->nr < CAPMSG_CMD_COUNT) {
		same = do_job(run, op, &d.r);
	} else {
		machine_run(m, op, &m->exec);
		same = compare(run, op, &d.r, &m->exec);
	}
	/* Whoever was woken may have had something to copy. */
	return same && settle(run, before, op) && (!run->arrived || check_memory(run, op));
}

bool run_op(struct run *run, const struct op *recorded)
{
	struct op op = *recorded;

	op_resolve(&run->world, &op);
	if (model_races(&run->world, &op))
		return true;
	if (run->n < run->max)
		run->ops[run->n++] = *recorded;
	return execute(run, &op);
}

/* --- everything that can be seen ------------------------------------------ */

static bool check_address(struct run *run, __u8 space, __u8 nr, __u64 address)
{
	struct op op = { .nr = nr, .space = space, .job = FOREGROUND };

	if (nr == CAPMSG_CMD_STAT) {
		op.a.stat.address = address;
	} else if (nr == CAPMSG_CMD_LIST) {
		op.a.list.table = address;
		op.a.list.n = ENTRIES_MAX;
	}
	return execute(run, &op);
}

static bool check_space(struct run *run, __u8 space)
{
	bool stated[16][16] = { 0 }, listed[TABLES] = { 0 };
	struct view *view = &run->view;
	unsigned int i;

	if (!run->world.spaces[space].open)
		return true;
	if (!check_address(run, space, CAPMSG_CMD_QUERY, 0) ||
	    !check_address(run, space, CAPMSG_CMD_LIST, 0))
		return false;
	view_make(&run->world, space, view);
	for (i = 0; i < view->n; i++) {
		const struct seen *seen = &view->seen[i];
		bool strong = seen->cap.rights & (CAPMSG_RIGHT_READ | CAPMSG_RIGHT_RECV);

		if (!seen->cap.type || !(seen->rights & CAPMSG_RIGHT_READ))
			continue;
		/* The first of all capabilities to an object that say much of it. */
		if (seen->cap.type == CAPMSG_TYPE_CAPPAGE && strong &&
		    !listed[seen->cap.index]) {
			listed[seen->cap.index] = true;
			if (!check_address(run, space, CAPMSG_CMD_LIST, seen->object))
				return false;
		}
		if (strong && stated[seen->cap.type][seen->cap.index])
			continue;
		stated[seen->cap.type][seen->cap.index] |= strong;
		if (!check_address(run, space, CAPMSG_CMD_STAT, seen->object))
			return false;
	}
	return true;
}

bool run_check(struct run *run)
{
	static const struct op none = { .nr = CAPMSG_CMD_QUERY, .job = FOREGROUND };
	bool same = true;
	int i;

	run->checking = true;
	for (i = 0; same && i < SPACES; i++)
		same = check_space(run, i);
	run->checking = false;
	return same && check_memory(run, &none);
}

bool run_end(struct run *run)
{
	static const __u8 leftovers[] = { OP_OPEN, CAPMSG_CMD_QUERY, OP_CLOSE };
	bool same = true;
	unsigned int i;

	for (i = 0; i < JOBS; i++)
		same = same && run_op(run, &(struct op){ .nr = OP_INTERRUPT, .job = i });
	for (i = 0; i < EXPORTS; i++)
		same = same && run_op(run, &(struct op){ .nr = OP_CLOSE_EXPORT,
						.job = FOREGROUND, .export = i });
	for (i = 0; i < SPACES; i++)
		same = same && run_op(run, &(struct op){ .nr = OP_CLOSE,
						.job = FOREGROUND, .space = i });
	for (i = 0; i < ARRAY_SIZE(leftovers); i++)
		same = same && run_op(run, &(struct op){ .nr = leftovers[i],
						.job = FOREGROUND });
	return same;
}
