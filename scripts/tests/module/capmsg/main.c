// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

#include "commands.h"

static int __init main_init(void)
{
	return capmsg_commands_run(0) > 0 ? 0 : -ENODEV;
}

static void __exit main_exit(void)
{
}

module_init(main_init);
module_exit(main_exit);
MODULE_DESCRIPTION("what the static checks are tried on");
MODULE_LICENSE("GPL");
