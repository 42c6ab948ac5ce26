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
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "export.h"

/**
 * struct capmsg_export_file - what is behind such a file
 */
struct capmsg_export_file {
	/** @link: in the list of exports; under exports_lock */
	struct list_head link;
	/** @lock: guards @cap */
	spinlock_t lock;
	/** @cap: the capability; constant, until a sweep finds a tombstone */
	struct capmsg_cap cap;
	/** @payer: charged for this; holds a reference */
	struct capmsg_user *payer;
};

static LIST_HEAD(exports);
static DEFINE_SPINLOCK(exports_lock);
static unsigned long exports_count;

static int export_release(struct inode *inode, struct file *file)
{
	struct capmsg_export_file *export = file->private_data;

	spin_lock(&exports_lock);
	list_del(&export->link);
	exports_count--;
	spin_unlock(&exports_lock);
	capmsg_cap_drop(&export->cap);
	capmsg_user_uncharge(export->payer, 1, sizeof(*export));
	capmsg_user_put(export->payer);
	kfree(export);
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
	spin_lock_init(&export->lock);
	capmsg_cap_move(&export->cap, cap);
	spin_lock(&exports_lock);
	list_add_tail(&export->link, &exports);
	exports_count++;
	spin_unlock(&exports_lock);
	return file;
}

static bool copy_of(struct capmsg_export_file *export, struct capmsg_cap *cap)
{
	bool there;

	spin_lock(&export->lock);
	rcu_read_lock();
	*cap = export->cap;
	there = !capmsg_cap_void_rcu(cap) && capmsg_cap_tryget(cap);
	rcu_read_unlock();
	spin_unlock(&export->lock);
	return there;
}

/**
 * capmsg_import() - copy the capability out of a file
 * @file: any file
 * @until: how long to wait if the way to its object is closed
 * @cap: the copy; owns its references
 *
 * Context: Process context, no locks held; may sleep.
 * Return: 0; -EINVAL if the file holds no capability; -ENOENT if the
 * capability reads as void; errors of capmsg_gate_wait_own().
 */
int capmsg_import(struct file *file, const struct capmsg_until *until,
		  struct capmsg_cap *cap)
{
	struct capmsg_export_file *export;
	int ret;

	if (file->f_op != &export_fops)
		return -EINVAL;
	export = file->private_data;
	for (;;) {
		if (!copy_of(export, cap))
			return -ENOENT;
		rcu_read_lock();
		ret = capmsg_gate_check_rcu(cap->revoker);
		rcu_read_unlock();
		if (!ret)
			break;
		if (ret == CAPMSG_SHUT)
			ret = capmsg_gate_wait_own(cap->revoker, until);
		capmsg_cap_forget(cap);
		if (ret)
			return ret;
		cond_resched();
	}
	capmsg_cap_count(cap);
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
	return READ_ONCE(exports_count);
}

/*
 * The export whose turn it is goes to the end of the list. So as many calls as
 * there are exports meet all of them, whoever makes the calls.
 */
static void sweep_next(void)
{
	struct capmsg_export_file *export;

	spin_lock(&exports_lock);
	export = list_first_entry_or_null(&exports, struct capmsg_export_file,
					  link);
	if (export) {
		list_move_tail(&export->link, &exports);
		spin_lock(&export->lock);
		capmsg_cap_sweep(&export->cap);
		spin_unlock(&export->lock);
	}
	spin_unlock(&exports_lock);
}

/**
 * capmsg_exports_sweep() - let go of the tombstones that exports name
 *
 * Context: Process context, no locks held; may sleep. Ends early for a fatal
 * signal.
 */
void capmsg_exports_sweep(void)
{
	unsigned long n = capmsg_exports();

	for (; n && !fatal_signal_pending(current); n--) {
		sweep_next();
		cond_resched();
	}
}
