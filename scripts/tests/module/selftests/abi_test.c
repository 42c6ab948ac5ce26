// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capmsg.h>

static const int numbers[] = { CAPMSG_IOC_QUERY, CAPMSG_IOC_SEND };

int main(void)
{
	return numbers[0] == numbers[1];
}
