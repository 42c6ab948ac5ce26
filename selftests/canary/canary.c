// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module parameter by which a bug is planted: written at run time, so that the
 * module is there, and the caller is an ordinary process.
 */
#include <linux/module.h>
#include <linux/string.h>

#include "canary.h"

static const struct canary *find(const struct canary *list, const char *name)
{
	for (; list->name; list++) {
		if (sysfs_streq(list->name, name))
			return list;
	}
	return NULL;
}

static int plant_set(const char *name, const struct kernel_param *param)
{
	const struct canary *canary;

	canary = find(canaries_of_memory, name) ?:
		 find(canaries_of_locks, name) ?:
		 find(canaries_of_rules, name);
	if (!canary)
		return -EINVAL;
	canary->plant();
	return 0;
}

static const struct kernel_param_ops plant_ops = {
	.set = plant_set,
};

module_param_cb(plant, &plant_ops, NULL, 0200);
MODULE_PARM_DESC(plant, "bug to have now");

static int __init canary_init(void)
{
	return canary_cache_init();
}

static void __exit canary_exit(void)
{
	canary_cache_exit();
}

module_init(canary_init);
module_exit(canary_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Planted bugs, to see that they are found");
