// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <linux/capmsg.h>

static const int numbers[] = { CAPMSG_IOC_QUERY, CAPMSG_IOC_SEND };

int main(void)
{
	return numbers[0] == numbers[1];
}
