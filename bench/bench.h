/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mechanism moves requests of some size from one process to another, and
 * answers of 8 bytes back. Everything is set up before the first round trip.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_SIZE	8

/**
 * struct mechanism - a way to call another process
 * @name: as in the results
 * @repeats: times that a series is repeated, the best being reported: peers are
 *	bimodal, and are given their better mode
 * @prepare: before the fork; @bytes is the size of a request
 * @serve: in the child: answer until killed
 * @begin: in the parent, after the fork
 * @call: in the parent: one round trip
 * @end: in the parent, after the child's death
 */
struct mechanism {
	const char *name;
	unsigned int repeats;
	void (*prepare)(size_t bytes);
	void (*serve)(size_t bytes);
	void (*begin)(size_t bytes);
	void (*call)(size_t bytes);
	void (*end)(void);
};

extern const struct mechanism mechanism_capmsg;
extern const struct mechanism mechanism_eventfd;
extern const struct mechanism mechanism_seqpacket;

/* The request, the same in every mechanism; @bytes of it are sent. */
extern char *request;

/**
 * struct summary - what was measured
 * @n: number of round trips
 * @min: the cheapest
 * @p50: the median
 * @p90: nine of ten are at most this
 * @p99: and 99 of 100 this
 */
struct summary {
	size_t n;
	uint64_t min;
	uint64_t p50;
	uint64_t p90;
	uint64_t p99;
};

void meter_init(bool wall);
const char *meter_name(void);
uint64_t meter_now(void);
struct summary meter_summary(uint64_t *samples, size_t n);

/* Says what failed and exits if @result is negative; else returns it. */
long must(long result, const char *what);

#endif
