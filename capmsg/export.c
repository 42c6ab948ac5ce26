// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file that holds one capability, to be inherited or passed over a socket.
 * It keeps alive the struct that the capability names, no body and no space, so
 * there are no cycles to collect.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "export.h"

/**
 * struct capmsg_export_file - what is behind such a file
 */
struct capmsg_export_file {
	/** @cap: the capability; constant */
	struct capmsg_cap cap;
	/** @payer: charged for this; holds a reference */
	struct capmsg_user *payer;
};

static atomic_long_t exports;

static int export_release(struct inode *inode, struct file *file)
{
	struct capmsg_export_file *export = file->private_data;

	capmsg_cap_forget(&export->cap);
	capmsg_user_uncharge(export->payer, 1, sizeof(*export));
	capmsg_user_put(export->payer);
	kfree(export);
	atomic_long_dec(&exports);
	return 0;
}

static const struct file_operations export_fops = {
	.owner		= THIS_MODULE,
	.release	= export_release,
};

/**
 * capmsg_export() - make a file that holds a capability
 * @account: who pays
 * @cap: the capability, no reply right; moved into the file on success
 *
 * Context: Process context; may sleep.
 * Return: the file, or ERR_PTR: -EDQUOT, -ENOMEM, -ENFILE.
 */
struct file *capmsg_export(struct capmsg_account *account,
			   struct capmsg_cap *cap)
{
	struct capmsg_export_file *export;
	struct file *file;
	int ret;

	ret = capmsg_account_charge(account, 1, sizeof(*export));
	if (ret)
		return ERR_PTR(ret);
	export = kzalloc(sizeof(*export), CAPMSG_GFP);
	file = export ? anon_inode_getfile("[capmsg-capability]", &export_fops,
					   export, O_RDONLY | O_CLOEXEC) :
			ERR_PTR(-ENOMEM);
	if (IS_ERR(file)) {
		kfree(export);
		capmsg_user_uncharge(account->user, 1, sizeof(*export));
		return file;
	}
	export->payer = capmsg_user_get(account->user);
	capmsg_cap_move(&export->cap, cap);
	atomic_long_inc(&exports);
	return file;
}

/**
 * capmsg_import() - copy the capability out of a file
 * @file: any file
 * @cap: the copy; owns a reference
 *
 * Context: Any.
 * Return: 0; -EINVAL if the file holds no capability; -ENOENT if the
 * capability reads as void.
 */
int capmsg_import(struct file *file, struct capmsg_cap *cap)
{
	struct capmsg_export_file *export;
	int ret = 0;

	if (file->f_op != &export_fops)
		return -EINVAL;
	export = file->private_data;
	rcu_read_lock();
	if (capmsg_cap_void_rcu(&export->cap))
		ret = -ENOENT;
	rcu_read_unlock();
	if (ret)
		return ret;
	*cap = export->cap;
	capmsg_object_get(cap->object);
	return 0;
}

/**
 * capmsg_exports() - number of exported capability files
 *
 * Context: Any.
 * Return: the number; may be old when it arrives.
 */
unsigned long capmsg_exports(void)
{
	return atomic_long_read(&exports);
}
