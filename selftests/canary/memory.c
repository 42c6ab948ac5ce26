// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done to memory that should not be.
 */
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "canary.h"

#define SIZE	64

/* The compiler is to know nothing of what is in a pointer or a number. */
static u8 *get(size_t size)
{
	u8 *memory = kzalloc(size, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(memory);
	return memory;
}

static noinline void write_to(u8 *memory, size_t at)
{
	OPTIMIZER_HIDE_VAR(memory);
	OPTIMIZER_HIDE_VAR(at);
	WRITE_ONCE(memory[at], 1);
}

/* Several, as one may still be seen in a register that was not cleared. */
static void leak(void)
{
	int i;

	for (i = 0; i < 10; i++)
		get(SIZE);
}

static void out_of_bounds(void)
{
	u8 *memory = get(SIZE);

	if (memory)
		write_to(memory, SIZE);
	kfree(memory);
}

static void out_of_stack(void)
{
	u8 memory[SIZE] = { };

	write_to(memory, SIZE);
}

static void out_of_vmalloc(void)
{
	u8 *memory = vzalloc(PAGE_SIZE);

	if (memory)
		write_to(memory, PAGE_SIZE);
	vfree(memory);
}

static void use_after_free(void)
{
	u8 *memory = get(SIZE), *again = memory;

	OPTIMIZER_HIDE_VAR(again);
	kfree(memory);
	if (again)
		write_to(again, 0);
}

static void double_free(void)
{
	u8 *memory = get(SIZE), *again = memory;

	OPTIMIZER_HIDE_VAR(again);
	kfree(memory);
	kfree(again);
}

static void invalid_free(void)
{
	u8 *memory = get(SIZE), *inside = memory + 1;

	OPTIMIZER_HIDE_VAR(inside);
	kfree(inside);
}

static void null_pointer(void)
{
	write_to(NULL, 0);
}

static unsigned long user_address(void)
{
	return current->mm->start_stack & PAGE_MASK;
}

/* Seen by KASAN, which looks before the processor does. */
static void user_pointer(void)
{
	write_to((u8 *)user_address(), 0);
}

/* Seen by the processor (SMAP). */
static void user_pointer_unchecked(void)
{
	unsigned long value;

	asm volatile("movq (%1), %0" : "=r" (value) : "r" (user_address()));
}

static void usercopy(void)
{
	size_t size = 2 * SIZE;
	u8 *memory = get(SIZE);

	OPTIMIZER_HIDE_VAR(size);
	if (memory && copy_to_user((void __user *)user_address(), memory, size))
		write_to(memory, 0);
	kfree(memory);
}

static void timer_rings(struct timer_list *timer)
{
}

static void timer_freed(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, timer_rings, 0);
	mod_timer(timer, jiffies + 100 * HZ);
	kfree(timer);
}

static void work_runs(struct work_struct *work)
{
}

static void work_freed(void)
{
	struct delayed_work *work = kzalloc(sizeof(*work), GFP_KERNEL);

	if (!work)
		return;
	INIT_DELAYED_WORK(work, work_runs);
	schedule_delayed_work(work, 100 * HZ);
	kfree(work);
}

static struct kmem_cache *cache;

int canary_cache_init(void)
{
	cache = kmem_cache_create("capmsg_canary", SIZE, 0, SLAB_NO_MERGE, NULL);
	return cache ? 0 : -ENOMEM;
}

void canary_cache_exit(void)
{
	kmem_cache_destroy(cache);
}

/* Somebody knows it, so it is no leak. */
static void *left;

static void left_in_cache(void)
{
	left = kmem_cache_alloc(cache, GFP_KERNEL);
}

const struct canary canaries_of_memory[] = {
	{ "leak", leak },
	{ "out_of_bounds", out_of_bounds },
	{ "out_of_stack", out_of_stack },
	{ "out_of_vmalloc", out_of_vmalloc },
	{ "use_after_free", use_after_free },
	{ "double_free", double_free },
	{ "invalid_free", invalid_free },
	{ "null_pointer", null_pointer },
	{ "user_pointer", user_pointer },
	{ "user_pointer_unchecked", user_pointer_unchecked },
	{ "usercopy", usercopy },
	{ "timer_freed", timer_freed },
	{ "work_freed", work_freed },
	{ "left_in_cache", left_in_cache },
	{ }
};
