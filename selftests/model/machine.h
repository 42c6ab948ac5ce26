/* SPDX-License-Identifier: GPL-2.0-only */
/* The module, as the operations of one world see it. */
#ifndef MODEL_MACHINE_H
#define MODEL_MACHINE_H

#include <semaphore.h>

#include "world.h"

/**
 * struct exec - an operation on its way through the module
 * @op: the operation; its struct has pointers now
 * @fd: of the space
 * @before: flags that it had
 * @result: what came out
 */
struct exec {
	struct op op;
	int fd;
	__u32 before;
	struct result result;
	struct capmsg_list_entry entries[ENTRIES_MAX];
	struct capmsg_iovec iov[CAPMSG_IOV_MAX];
	struct capmsg_record records[RECORDS_MAX];
	char data[LENGTH_MAX];
	char answer[LENGTH_MAX + PAGE];
	char plain[LENGTH_MAX + PAGE];
	char inlined[RECORDS_MAX][CAPMSG_INLINE_MAX];
};

/* A thread for commands that wait. */
struct worker {
	pthread_t thread;
	sem_t start, end;
	atomic_int tid;
	atomic_int busy;
	bool stop;
	unsigned int patience_ms;	/* until what does not come is missed */
	struct exec exec;
};

struct machine {
	int fds[SPACES];
	int exports[EXPORTS];
	char *memory[MEMORIES];
	struct prices prices;
	struct worker workers[JOBS];
	struct exec exec;	/* of the world's own thread */
};

/* --- price.c --------------------------------------------------------------- */

int prices_find(struct prices *p, void *memory);

/* --- machine.c ------------------------------------------------------------- */

int machine_start(struct machine *m);
void machine_stop(struct machine *m);
/* Ends what still waits, and closes everything. */
void machine_reset(struct machine *m);
/* Carries an operation out in this thread. */
void machine_run(struct machine *m, const struct op *op, struct exec *exec);
void worker_run(struct machine *m, int job, const struct op *op);
/* It has gone to sleep in the kernel; false if it came back. */
bool worker_blocked(struct worker *worker);
/* It came back; false if that takes too long. */
bool worker_ended(struct worker *worker);
void worker_signal(struct worker *worker);

#endif /* MODEL_MACHINE_H */
