// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the rate of this machine's TSC in kHz. Under TCG the guest reads the
 * same counter, and a guest without ACPI cannot measure it on a busy host.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(void)
{
	double start = now(), end;
	unsigned long long tsc = __rdtsc();

	do
		end = now();
	while (end - start < 100);
	printf("%.0f\n", (__rdtsc() - tsc) / (end - start));
	return 0;
}
