// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/capmsg/hook. Written "STEP PID": the next time that task
 * begins this step of a transfer it parks there, until "release" is written
 * or a signal comes. "off" disarms. Read: what is armed or parked. Step 0 is that
 * of BEGIN, where it looks at what has become of the message.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "hooks.h"

enum hook_state {
	HOOK_IDLE,
	HOOK_ARMED,
	HOOK_PARKED,
};

static const char * const state_names[] = { "idle", "armed", "parked" };

static struct dentry *hook_dir;
static DEFINE_SPINLOCK(hook_lock);
static DECLARE_WAIT_QUEUE_HEAD(hook_wait);
static enum hook_state hook_state;
static unsigned int hook_step;
static pid_t hook_pid;

static bool hook_park(unsigned int step)
{
	bool parked = false;

	spin_lock(&hook_lock);
	if (hook_state == HOOK_ARMED && hook_step == step &&
	    hook_pid == task_pid_nr(current)) {
		hook_state = HOOK_PARKED;
		parked = true;
	}
	spin_unlock(&hook_lock);
	return parked;
}

static void hook_set(enum hook_state state, unsigned int step, pid_t pid)
{
	spin_lock(&hook_lock);
	hook_state = state;
	hook_step = step;
	hook_pid = pid;
	spin_unlock(&hook_lock);
	wake_up_all(&hook_wait);
}

/**
 * capmsg_hook() - a task begins a step of a transfer
 * @step: number of the step
 *
 * Context: Process context, no locks held; sleeps if the hook is armed.
 */
void capmsg_hook(unsigned int step)
{
	if (READ_ONCE(hook_state) != HOOK_ARMED || !hook_park(step))
		return;
	if (wait_event_interruptible(hook_wait,
				     READ_ONCE(hook_state) != HOOK_PARKED))
		hook_set(HOOK_IDLE, 0, 0);
}

static ssize_t hook_write(struct file *file, const char __user *data,
			  size_t size, loff_t *pos)
{
	char text[32];
	unsigned int step;
	pid_t pid;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, data, size))
		return -EFAULT;
	text[size] = 0;
	if (sysfs_streq(text, "off") || sysfs_streq(text, "release"))
		hook_set(HOOK_IDLE, 0, 0);
	else if (sscanf(text, "%u %d", &step, &pid) == 2)
		hook_set(HOOK_ARMED, step, pid);
	else
		return -EINVAL;
	return size;
}

static int hook_show(struct seq_file *m, void *unused)
{
	spin_lock(&hook_lock);
	seq_puts(m, state_names[hook_state]);
	if (hook_state != HOOK_IDLE)
		seq_printf(m, " %u %d", hook_step, hook_pid);
	seq_puts(m, "\n");
	spin_unlock(&hook_lock);
	return 0;
}

static int hook_open(struct inode *inode, struct file *file)
{
	return single_open(file, hook_show, NULL);
}

static const struct file_operations hook_fops = {
	.owner		= THIS_MODULE,
	.open		= hook_open,
	.read		= seq_read,
	.write		= hook_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

/**
 * capmsg_hooks_init() - make the debugfs file
 *
 * Without it, which debugfs does not report as an error, nothing is ever armed.
 *
 * Context: Module initialisation.
 */
void capmsg_hooks_init(void)
{
	hook_dir = debugfs_create_dir("capmsg", NULL);
	debugfs_create_file("hook", 0600, hook_dir, NULL, &hook_fops);
}

/**
 * capmsg_hooks_exit() - remove the debugfs file
 *
 * Context: Module exit.
 */
void capmsg_hooks_exit(void)
{
	debugfs_remove(hook_dir);
}
