/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of both processes, through which the bytes go. The sender copies them in
 * and the receiver out, as it is with all others here: who uses bytes in place reads
 * what the other can still change.
 */
#ifndef SHARED_H
#define SHARED_H

#include "bench.h"

/**
 * struct shared - what both processes see
 * @answer: to the last request
 * @to_server: counts the bursts
 * @to_client: counts the answers
 * @unused: so that @requests begin with a cache line
 * @requests: one behind the other
 */
struct shared {
	uint64_t answer;
	uint32_t to_server;
	uint32_t to_client;
	uint64_t unused[6];
	char requests[];
};

/* Before the fork. */
struct shared *shared_new(const struct load *load);
/* In the client: the requests, into it. */
void shared_put(struct shared *shared, const struct load *load);
/* In the server: the requests, out into @data; and the answer. */
void shared_take(struct shared *shared, const struct load *load, char *data);

#endif
