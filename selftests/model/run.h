/* SPDX-License-Identifier: GPL-2.0-only */
/* A run: the same operations on the module and on the model, compared. */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include "machine.h"

/* --- tally.c: how often each operation ended how --------------------------- */

void tally_clear(void);
void tally_add(unsigned int nr, int ret);
/* Prints the table; false if a command never succeeded, or never failed. */
bool tally_print(void);

/* --- compare.c ------------------------------------------------------------ */

/**
 * struct mismatch - where module and model differ
 * @field: what differs
 * @module: what the module says
 * @model: what the model says
 */
struct mismatch {
	char field[64];
	char module[48];
	char model[48];
};

/* Are the results of an operation what they should be? */
bool result_same(const struct op *op, const struct result *want, const struct exec *exec,
		 const struct world *w, struct mismatch *out);
bool mismatch_set(struct mismatch *out, const char *field, long long module, long long model);

/* --- view.c: what a space can see of the world ----------------------------- */

#define VIEW_MAX	400

struct seen {
	__u64 slot, object;	/* addresses: of the slot, and with the guard */
	struct cap cap;		/* as seen along this path */
	__u32 rights;		/* to the table that it is in */
	__u8 table, index, end;
	bool reserved;
};

struct view {
	unsigned int n;
	struct seen seen[VIEW_MAX];
};

void view_make(const struct world *w, __u8 space, struct view *view);

/* --- run.c ---------------------------------------------------------------- */

struct run {
	struct world world;
	struct machine *machine;
	char (*memory)[MEMORY_BYTES];	/* what the regions should hold */
	struct op *ops;			/* that were done so far */
	unsigned int n, max;
	bool arrived;			/* somebody was told of bytes in a region */
	bool count;			/* for the tally */
	bool checking;
	bool failed;
	__u64 shrink_end;		/* when no more is left out */
	struct op culprit;
	struct mismatch mismatch;
	struct view view;
};

int run_init(struct run *run, struct machine *machine, unsigned int max);
void run_free(struct run *run);
/* A new world. */
void run_reset(struct run *run, enum lie lie);
/* Does an operation and records it; false if module and model differ. */
bool run_op(struct run *run, const struct op *op);
/* Compares everything that can be seen. */
bool run_check(struct run *run);
/* Everything that waits is interrupted, everything is closed: nothing is left. */
#define END_OPS		(JOBS + EXPORTS + SPACES + 3)
bool run_end(struct run *run);

/* --- generate.c ----------------------------------------------------------- */

struct generator {
	__u64 random;
	struct view views[SPACES];
	unsigned int age[SPACES];
	bool missing;		/* something that was wished for was not there */
};

void generate(struct generator *g, const struct world *w, struct op *op);

/* --- shrink.c ------------------------------------------------------------- */

/* Leaves out of a failed run what it fails without. */
void shrink(struct run *run, enum lie lie);

/* --- script.c ------------------------------------------------------------- */

/* Writes what was done as a script for `capctl run`; the number of its commands. */
unsigned int script_write(struct run *run, FILE *out);

#endif /* MODEL_RUN_H */
