// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the rate of this machine's TSC in kHz. Under TCG the guest reads the
 * same counter, and a guest without ACPI cannot measure it on a busy host.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct moment {
	double ms;
	unsigned long long tsc;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Both clocks at once: of many tries one is not interrupted by something else in between. */
static struct moment moment(void)
{
	struct moment best = { 0, 0 };
	double before, took = 1e9;
	int i;

	for (i = 0; i < 1000; i++) {
		struct moment m;

		before = now();
		m.tsc = __rdtsc();
		m.ms = now();
		if (m.ms - before >= took)
			continue;
		took = m.ms - before;
		best = m;
	}
	return best;
}

int main(void)
{
	struct moment start = moment(), end;

	do
		end = moment();
	while (end.ms - start.ms < 100);
	printf("%.0f\n", (end.tsc - start.tsc) / (end.ms - start.ms));
	return 0;
}
