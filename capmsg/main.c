// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/capmsg: the module, its device, and the file operations of spaces.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>

#include "copy.h"
#include "hooks.h"
#include "space.h"
#include "table.h"

static int space_open(struct inode *inode, struct file *file)
{
	struct capmsg_space *space;

	space = capmsg_space_open();
	if (IS_ERR(space))
		return PTR_ERR(space);
	file->private_data = space;
	return 0;
}

static int space_release(struct inode *inode, struct file *file)
{
	capmsg_space_close(file->private_data);
	return 0;
}

static long space_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd != _IO(CAPMSG_IOC_MAGIC, _IOC_NR(cmd)))
		return -ENOTTY;
	return capmsg_command(file->private_data, _IOC_NR(cmd),
			      (void __user *)arg);
}

/* The queue is the account's: it is there for longer than the file. */
static __poll_t space_poll(struct file *file, struct poll_table_struct *table)
{
	struct capmsg_space *space = file->private_data;

	poll_wait(file, &space->account->pollers, table);
	return capmsg_account_stirred(space->account) ? EPOLLIN | EPOLLRDNORM :
							0;
}

static void space_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct capmsg_space *space = file->private_data;

	if (!capmsg_space_ready(space))
		return;
	seq_printf(m, "capmsg-root-bits:\t%u\n", space->root_bits);
	seq_printf(m, "capmsg-frames:\t%u\n", space->n_frames);
	seq_printf(m, "capmsg-frames-busy:\t%u\n",
		   bitmap_weight(space->busy, space->n_frames));
}

static const struct file_operations space_fops = {
	.owner		= THIS_MODULE,
	.open		= space_open,
	.release	= space_release,
	.unlocked_ioctl	= space_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.poll		= space_poll,
	.show_fdinfo	= space_show_fdinfo,
};

/*
 * Opening the device gives no authority but that of spending one's own quota,
 * so everybody may.
 */
static struct miscdevice capmsg_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "capmsg",
	.mode	= 0666,
	.fops	= &space_fops,
};

static int __init capmsg_init(void)
{
	int ret;

	ret = capmsg_objects_init();
	if (ret)
		return ret;
	ret = capmsg_copy_init();
	if (ret)
		goto out_objects;
	capmsg_hooks_init();
	ret = misc_register(&capmsg_device);
	if (ret)
		goto out_hooks;
	return 0;

out_hooks:
	capmsg_hooks_exit();
	capmsg_copy_exit();
out_objects:
	capmsg_objects_exit();
	return ret;
}

static void __exit capmsg_exit(void)
{
	misc_deregister(&capmsg_device);
	capmsg_hooks_exit();
	capmsg_objects_exit();
	capmsg_copy_exit();
}

module_init(capmsg_init);
module_exit(capmsg_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Capability messaging between processes");
MODULE_VERSION("0.1");
