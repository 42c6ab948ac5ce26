// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two meters. Under qemu -icount shift=0 the time stamp counter ticks once an
 * instruction, so differences of it are instruction counts. Elsewhere the
 * clock is the meter.
 */
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

#include "bench.h"

static bool wall_clock;

void meter_init(bool wall)
{
	wall_clock = wall;
}

bool meter_wall(void)
{
	return wall_clock;
}

const char *meter_name(void)
{
	return wall_clock ? "ns" : "insn";
}

uint64_t meter_now(void)
{
	struct timespec now;

	if (!wall_clock)
		return __rdtsc();
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

struct summary meter_summary(uint64_t *samples, size_t n)
{
	qsort(samples, n, sizeof(*samples), compare);
	return (struct summary) {
		.n	= n,
		.min	= samples[0],
		.p50	= samples[n / 2],
		.p90	= samples[n * 9 / 10],
		.p99	= samples[n * 99 / 100],
	};
}
