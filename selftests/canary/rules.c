// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts, lists, arithmetic; what the kernel and the module say; and nothing at all.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/refcount.h>

#include "canary.h"

static void control(void)
{
}

static void refcount_underflow(void)
{
	refcount_t count = REFCOUNT_INIT(1);

	if (refcount_dec_and_test(&count) && refcount_dec_and_test(&count))
		refcount_set(&count, 1);
}

static void refcount_saturated(void)
{
	refcount_t count = REFCOUNT_INIT(INT_MAX);

	refcount_inc(&count);
}

static void refcount_of_nobody(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

static void list_deleted_twice(void)
{
	struct list_head entry;
	LIST_HEAD(list);

	list_add(&entry, &list);
	list_del(&entry);
	list_del(&entry);
}

static void list_added_twice(void)
{
	struct list_head entry;
	LIST_HEAD(list);

	list_add(&entry, &list);
	list_add(&entry, &list);
}

static int hidden(int value)
{
	OPTIMIZER_HIDE_VAR(value);
	return value;
}

static int result;

static void shift_too_far(void)
{
	WRITE_ONCE(result, 1 << hidden(40));
}

static void index_too_large(void)
{
	static int array[4];

	WRITE_ONCE(array[hidden(5)], 1);
}

static void no_bool(void)
{
	union {
		u8 byte;
		bool yes;
	} value;

	WRITE_ONCE(value.byte, hidden(2));
	WRITE_ONCE(result, value.yes);
}

static void warning(void)
{
	WARN_ON_ONCE(hidden(1));
}

/* Of what leaves nothing else behind. */
static void taint(void)
{
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
}

static void log_line(void)
{
	pr_warn("capmsg: what a stranger wants to be read\n");
}

static void module_held(void)
{
	__module_get(THIS_MODULE);
}

const struct canary canaries_of_rules[] = {
	{ "control", control },
	{ "refcount_underflow", refcount_underflow },
	{ "refcount_saturated", refcount_saturated },
	{ "refcount_of_nobody", refcount_of_nobody },
	{ "list_deleted_twice", list_deleted_twice },
	{ "list_added_twice", list_added_twice },
	{ "shift_too_far", shift_too_far },
	{ "index_too_large", index_too_large },
	{ "no_bool", no_bool },
	{ "warning", warning },
	{ "taint", taint },
	{ "log_line", log_line },
	{ "module_held", module_held },
	{ }
};
