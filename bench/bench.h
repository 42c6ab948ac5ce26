/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mechanism moves requests from one process to another, and answers of 8 bytes
 * back, or finds an object at the end of an address. Everything is set up before the
 * first round trip.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_SIZE	8

/**
 * enum family - which mechanisms have a series
 * @RTT: all of those that move messages
 * @MESSAGES: capmsg's messages
 * @WALKS: capmsg's addresses
 */
enum family {
	RTT		= 1,
	MESSAGES	= 2,
	WALKS		= 4,
};

/**
 * enum player - who plays the cappage that a walk goes through
 * @NOBODY: it is a real one
 * @ASKED: a handler, that is asked each time
 * @CACHED: a handler, whose answer the kernel remembers
 */
enum player {
	NOBODY,
	ASKED,
	CACHED,
};

/**
 * struct load - what a round trip moves
 * @series: as in the results
 * @family: whose series that is
 * @bytes: size of the request
 * @caps: capabilities that it carries
 * @plain: @bytes is the size of the answer instead, for which the caller names a
 *	plain buffer with each call
 * @hops: cappages that an address leads through, the root included
 * @player: of the last one of those
 */
struct load {
	const char *series;
	enum family family;
	size_t bytes;
	unsigned int caps;
	bool plain;
	unsigned int hops;
	enum player player;
};

/**
 * struct mechanism - a way to call another process
 * @name: as in the results
 * @families: whose series it has
 * @repeats: times that a series is repeated, the best being reported: peers are
 *	bimodal, and are given their better mode
 * @prepare: before the fork
 * @serve: in the child: answer until killed
 * @begin: in the parent, after the fork
 * @call: in the parent: one round trip
 * @tidy: optional: after a call, and not measured
 * @end: in the parent, after the child's death
 */
struct mechanism {
	const char *name;
	unsigned int families;
	unsigned int repeats;
	void (*prepare)(const struct load *load);
	void (*serve)(const struct load *load);
	void (*begin)(const struct load *load);
	void (*call)(const struct load *load);
	void (*tidy)(const struct load *load);
	void (*end)(void);
};

extern const struct mechanism mechanism_capmsg;
extern const struct mechanism mechanism_walk;
extern const struct mechanism mechanism_eventfd;
extern const struct mechanism mechanism_seqpacket;

/* The bytes of all requests. */
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

/* A space of capmsg that is set up. */
int space_new(void);

/* Says what failed and exits if @result is negative; else returns it. */
long must(long result, const char *what);

#endif
