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
#include <sys/types.h>

#define ANSWER_SIZE	8
#define BURST_MAX	64
#define REQUEST_MAX	(1024 * 1024)
#define REPEATS		10

/**
 * enum family - which mechanisms have a series
 * @RTT: all of those that move messages
 * @UNREG: capmsg's messages into a buffer that is no region
 * @STREAM: those that can send before the last message was received
 * @CAPS: those that move capabilities, or files
 * @PLAIN: capmsg's calls with an answer into a plain buffer
 * @WALKS: capmsg's addresses
 */
enum family {
	RTT	= 1,
	UNREG	= 2,
	STREAM	= 4,
	CAPS	= 8,
	PLAIN	= 16,
	WALKS	= 32,
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
 * @bytes: size of a request; of the answer if @family is PLAIN
 * @caps: capabilities that it carries
 * @burst: requests, of which the last one is answered
 * @hops: cappages that an address leads through, the root included
 * @player: of the last one of those
 */
struct load {
	const char *series;
	enum family family;
	size_t bytes;
	unsigned int caps;
	unsigned int burst;
	unsigned int hops;
	enum player player;
};

/**
 * struct mechanism - a way to call another process
 * @name: as in the results
 * @families: whose series it has
 * @repeats: turns that a load has, with so many fewer rounds each
 * @pooled: all rounds of all turns count; else those of the best turn: most mechanisms
 *	are bimodal, and are given their better mode
 * @least: capabilities that each request carries, where the series has none
 * @missing: optional: why this kernel cannot carry such a load; NULL: it can
 * @prepare: before the fork
 * @serve: in the child: answer until killed
 * @begin: optional: in the parent, after the fork; @server is the child
 * @call: in the parent: one round trip; the sum of control_answer() of all requests
 * @tidy: optional: after a call, and not measured
 * @end: in the parent, after the child's death
 *
 * All of it happens in a process that is there for one load, and then dies.
 */
struct mechanism {
	const char *name;
	unsigned int families;
	unsigned int repeats;
	bool pooled;
	unsigned int least;
	const char *(*missing)(const struct load *load);
	void (*prepare)(const struct load *load);
	void (*serve)(const struct load *load);
	void (*begin)(const struct load *load, pid_t server);
	uint64_t (*call)(const struct load *load);
	void (*tidy)(const struct load *load);
	void (*end)(void);
};

extern const struct mechanism mechanism_capmsg;
extern const struct mechanism mechanism_capmsg_stream;
extern const struct mechanism mechanism_capmsg_unreg;
extern const struct mechanism mechanism_walk;
extern const struct mechanism mechanism_pipe;
extern const struct mechanism mechanism_seqpacket;
extern const struct mechanism mechanism_seqpacket_fd;
extern const struct mechanism mechanism_eventfd;
extern const struct mechanism mechanism_futex;
extern const struct mechanism mechanism_mq;
extern const struct mechanism mechanism_process_vm;
extern const struct mechanism mechanism_vmsplice;
extern const struct mechanism mechanism_unotify;
extern const struct mechanism mechanism_binder;

/* The bytes of all requests, at the beginning of a page. */
extern char *request;

/**
 * struct summary - what was measured
 * @n: number of samples
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
bool meter_wall(void);
const char *meter_name(void);
uint64_t meter_now(void);
struct summary meter_summary(uint64_t *samples, size_t n);

/* One line of the results; a line that says why one is not there. */
void report_row(const struct mechanism *m, const struct load *load,
		const struct summary *s);
void report_missing(const struct mechanism *m, const struct load *load,
		    const char *why);

/* Memory that is there; shared: with children, too. Both are never given back. */
void *memory(size_t size);
void *memory_shared(size_t size);

/* Exactly so many bytes. */
void read_all(int fd, void *data, size_t size);
void write_all(int fd, const void *data, size_t size);

/* Says what failed and exits if @result is negative; else returns it. */
long must(long result, const char *what);

#endif
