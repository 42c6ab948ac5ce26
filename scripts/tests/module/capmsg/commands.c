// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/capmsg.h>

#include "commands.h"
#include "low.h"

static const int table[] = {
	[CAPMSG_CMD_QUERY] = 1,
	[CAPMSG_CMD_SEND] = 2,
};

/**
 * capmsg_commands_run() - run a command
 * @number: CAPMSG_CMD_x
 *
 * Return: something, or -ENOTTY.
 */
long capmsg_commands_run(unsigned int number)
{
	if (number >= ARRAY_SIZE(table))
		return -ENOTTY;
	return capmsg_low_double(table[number]);
}
