// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "low.h"

/**
 * capmsg_low_double() - twice as much
 * @number: of what
 *
 * Return: @number and once more @number.
 */
int capmsg_low_double(int number)
{
	return 2 * number;
}
