// SPDX-License-Identifier: GPL-2.0-only
/*
 * leakcheck - is anything left? Run when no test runs; prints TAP.
 */
#include "capmsg_util.h"

int main(void)
{
	const char *left = capmsg_leaks();

	printf("TAP version 13\n1..1\n");
	if (left)
		printf("# left over: %s\n", left);
	printf("%sok 1 nothing_left\n", left ? "not " : "");
	return left ? 1 : 0;
}
