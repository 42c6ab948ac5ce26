// SPDX-License-Identifier: GPL-2.0-only
/* How often each operation ended with each errno. */
#include "run.h"

#define ERRNOS	140

static atomic_uint counts[OP_COUNT][ERRNOS];

void tally_clear(void)
{
	memset(counts, 0, sizeof(counts));
}

void tally_add(unsigned int nr, int ret)
{
	if (nr < OP_COUNT && ret <= 0 && ret > -ERRNOS)
		atomic_fetch_add(&counts[nr][-ret], 1);
}

static unsigned int failures(unsigned int nr)
{
	unsigned int sum = 0;
	int error;

	for (error = 1; error < ERRNOS; error++)
		sum += counts[nr][error];
	return sum;
}

bool tally_print(void)
{
	unsigned int nr, total = 0, good = 0;
	bool complete = true;
	int error;

	printf("# %-15s %7s %7s  %s\n", "operation", "success", "failed", "with");
	for (nr = 0; nr < OP_COUNT; nr++) {
		if (!strcmp(op_name(nr), "?"))
			continue;
		printf("# %-15s %7u %7u ", op_name(nr), counts[nr][0], failures(nr));
		for (error = 1; error < ERRNOS; error++)
			if (counts[nr][error])
				printf(" %s:%u", errno_name(error), counts[nr][error]);
		printf("\n");
		total += counts[nr][0] + failures(nr);
		good += counts[nr][0];
		if (!counts[nr][0] || (nr < CAPMSG_CMD_COUNT && !failures(nr))) {
			printf("# %s was not exercised\n", op_name(nr));
			complete = false;
		}
	}
	printf("# %u operations, %u %% of them successful\n", total,
	       total ? good * 100 / total : 0);
	return complete;
}
