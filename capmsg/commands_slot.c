// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands about capabilities in slots: copy, move, clear, list, export.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/sched.h>

#include "call.h"
#include "commands.h"
#include "export.h"
#include "payload.h"
#include "reception.h"
#include "virtual.h"

#define COPY_FLAGS	(CAPMSG_COPY_BADGE | CAPMSG_COPY_GUARD |	\
			 CAPMSG_COPY_SUBPAGE | CAPMSG_COPY_WEAK)

#define LIST_MAX	4096	/* entries of one LIST */

static int mint_of(const struct capmsg_copy *arg, struct capmsg_mint *mint)
{
	int ret;

	ret = capmsg_check_flags(arg->flags, COPY_FLAGS) ?:
	      capmsg_check_rights(arg->rights);
	if (ret)
		return ret;
	if ((!(arg->flags & CAPMSG_COPY_BADGE) && arg->badge) ||
	    (!(arg->flags & CAPMSG_COPY_GUARD) &&
	     (arg->guard || arg->guard_bits)) ||
	    (!(arg->flags & CAPMSG_COPY_SUBPAGE) &&
	     (arg->subpage || arg->subpage_bits)))
		return -EINVAL;
	*mint = (struct capmsg_mint) {
		.flags		= arg->flags,
		.rights		= arg->rights,
		.badge		= arg->badge,
		.guard		= arg->guard,
		.guard_bits	= arg->guard_bits,
		.subpage	= arg->subpage,
		.subpage_bits	= arg->subpage_bits,
	};
	return 0;
}

/* Moves @cap into the slot, or drops it. */
static int store_or_drop(const struct capmsg_view *view, u64 to,
			 struct capmsg_cap *cap)
{
	struct capmsg_spot spot;
	int ret;

	ret = capmsg_find_slot(view, to, CAPMSG_RIGHT_WRITE, &spot);
	if (!ret) {
		ret = capmsg_store(&spot, cap);
		capmsg_spot_put(&spot);
	}
	capmsg_cap_drop(cap);
	return ret;
}

/**
 * capmsg_cmd_copy() - CAPMSG_IOC_COPY
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_copy(struct capmsg_cmd *cmd)
{
	const struct capmsg_copy *arg = &cmd->arg.copy;
	struct capmsg_mint mint;
	struct capmsg_cap cap;
	int ret;

	ret = mint_of(arg, &mint);
	if (ret)
		return ret;
	ret = capmsg_fetch(&cmd->view, arg->from, &mint, &cap);
	if (ret)
		return ret;
	return store_or_drop(&cmd->view, arg->to, &cap);
}

static int move_now(const struct capmsg_found *from,
		    const struct capmsg_move *arg, struct capmsg_spot *to)
{
	int ret;

	rcu_read_lock();
	ret = capmsg_gate_check(from->cap.revoker) ?:
	      capmsg_reply_move(capmsg_port_of(from->body), arg->post,
				arg->seq, to);
	rcu_read_unlock();
	return ret;
}

static int move_from_post(struct capmsg_cmd *cmd, struct capmsg_spot *to)
{
	const struct capmsg_move *arg = &cmd->arg.move;
	struct capmsg_found found;
	int ret;

	ret = capmsg_receivable(&cmd->view, arg->from, &found);
	if (ret)
		return ret;
	/* Either of the two may be closed. */
	do {
		ret = capmsg_gate_wait(found.cap.revoker, to->until) ?:
		      move_now(&found, arg, to);
	} while (capmsg_gate_again(&ret, to->through, to->until));
	capmsg_found_put(&found);
	return ret;
}

static int move_from_slot(struct capmsg_cmd *cmd, struct capmsg_spot *to)
{
	struct capmsg_spot from;
	int ret;

	ret = capmsg_find_slot(&cmd->view, cmd->arg.move.from,
			       CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE, &from);
	if (ret)
		return ret;
	ret = capmsg_move(&from, to);
	capmsg_spot_put(&from);
	return ret;
}

/**
 * capmsg_cmd_move() - CAPMSG_IOC_MOVE
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_move(struct capmsg_cmd *cmd)
{
	const struct capmsg_move *arg = &cmd->arg.move;
	bool post = arg->flags & CAPMSG_MOVE_POST;
	struct capmsg_spot to;
	int ret;

	ret = capmsg_check_flags(arg->flags, CAPMSG_MOVE_POST);
	if (ret)
		return ret;
	if (!post && (arg->post || arg->seq))
		return -EINVAL;
	ret = capmsg_find_slot(&cmd->view, arg->to, CAPMSG_RIGHT_WRITE, &to);
	if (ret)
		return ret;
	ret = post ? move_from_post(cmd, &to) : move_from_slot(cmd, &to);
	capmsg_spot_put(&to);
	return ret;
}

static int clear_post(struct capmsg_cmd *cmd)
{
	const struct capmsg_clear *arg = &cmd->arg.clear;
	struct capmsg_cap right = { };
	struct capmsg_found found;
	int ret;

	ret = capmsg_receivable(&cmd->view, arg->slot, &found);
	if (ret)
		return ret;
	do {
		rcu_read_lock();
		ret = capmsg_gate_check(found.cap.revoker) ?:
		      capmsg_reply_take(capmsg_port_of(found.body), arg->post,
					arg->seq, &right);
		rcu_read_unlock();
	} while (capmsg_gate_again(&ret, found.cap.revoker, &cmd->view.until));
	capmsg_cap_drop(&right);
	capmsg_found_put(&found);
	return ret;
}

/**
 * capmsg_cmd_clear() - CAPMSG_IOC_CLEAR
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_clear(struct capmsg_cmd *cmd)
{
	const struct capmsg_clear *arg = &cmd->arg.clear;
	struct capmsg_spot spot;
	int ret;

	ret = capmsg_check_flags(arg->flags, CAPMSG_CLEAR_POST);
	if (ret)
		return ret;
	if (arg->flags & CAPMSG_CLEAR_POST)
		return clear_post(cmd);
	if (arg->post || arg->seq)
		return -EINVAL;
	ret = capmsg_find_slot(&cmd->view, arg->slot, CAPMSG_RIGHT_WRITE, &spot);
	if (ret)
		return ret;
	ret = capmsg_clear(&spot);
	capmsg_spot_put(&spot);
	return ret;
}

static void list_cap(const struct capmsg_cap *cap, struct capmsg_list_entry *entry)
{
	entry->type = cap->object->kind;
	entry->rights = cap->rights;
	entry->flags = cap->flags & CAPMSG_CAP_BADGED ? CAPMSG_STAT_BADGED : 0;
	entry->guard = cap->guard;
	entry->guard_bits = cap->guard_bits;
	entry->subpage = cap->subpage;
	entry->subpage_bits = cap->subpage_bits;
}

/**
 * struct listed - the cappage that is listed
 */
struct listed {
	/** @found: the cappage, real or virtual */
	struct capmsg_found found;
	/** @bits: log2 of the slots that can be seen of it */
	u32 bits;
	/** @inside: a virtual one's: from there each slot is looked up */
	struct capmsg_view inside;
	/** @root: of that: the capability to it, without a guard */
	struct capmsg_cap root;
};

/* The same as list_real_slot() where a handler is to be asked. */
static int list_virtual_slot(const struct listed *l, u32 slot,
			     struct capmsg_list_entry *entry)
{
	bool reserved = false, is_void = true;
	struct capmsg_cap cap, ignored;
	struct capmsg_place place;
	int ret;

	ret = capmsg_walk(&l->inside, CAPMSG_ADDRESS(slot, l->bits),
			  CAPMSG_LOOKUP_CONTENT, &cap, &place);
	/* Of the table that the handler has named, too. */
	if (!ret && !(place.rights & CAPMSG_RIGHT_READ))
		ret = -EACCES;
	if (!ret) {
		is_void = capmsg_cap_void_rcu(&cap);
		if (place.table)
			reserved = capmsg_slot_read_rcu(place.table, place.index,
							&ignored);
	}
	if (!is_void)
		list_cap(&cap, entry);
	else if (reserved)
		entry->flags = CAPMSG_STAT_RESERVED;
	if (ret == -EACCES ||
	    (ret == -ENOENT && !capmsg_gate_gone(l->root.revoker)))
		ret = 0;
	rcu_read_unlock();
	return ret ?: !is_void || reserved;
}

/* Returns 1, or 0 if there is nothing to be said of the slot, or an error. */
static int list_real_slot(const struct capmsg_found *found, u32 index,
			  struct capmsg_list_entry *entry)
{
	struct capmsg_cappage *table = capmsg_cappage_of(found->body);
	struct capmsg_cap cap;
	bool reserved, is_void;
	int ret;

	index = array_index_nospec(index, 1U << table->bits);
	rcu_read_lock();
	ret = capmsg_gate_check(found->cap.revoker);
	if (ret) {
		rcu_read_unlock();
		return ret;
	}
	reserved = capmsg_slot_read_rcu(table, index, &cap);
	is_void = capmsg_cap_void_rcu(&cap);
	if (!is_void) {
		if (found->cap.rights & CAPMSG_RIGHT_WEAK)
			capmsg_cap_weaken(&cap);
		list_cap(&cap, entry);
	} else if (reserved) {
		entry->flags = CAPMSG_STAT_RESERVED;
	}
	rcu_read_unlock();
	if (is_void && cap.object)
		capmsg_slot_expire(table, index);
	return !is_void || reserved;
}

static int list_slot(const struct listed *l, u32 slot,
		     struct capmsg_list_entry *entry,
		     const struct capmsg_until *until)
{
	const struct capmsg_cap *seen = &l->found.cap;
	u32 index = ((u32)seen->subpage << l->bits) + slot;
	int ret;

	if (seen->object->type != CAPMSG_TYPE_CAPPAGE)
		return list_virtual_slot(l, slot, entry);
	do {
		ret = list_real_slot(&l->found, index, entry);
	} while (capmsg_gate_again(&ret, seen->revoker, until));
	return ret;
}

static int list_table(struct capmsg_list *arg, const struct listed *l,
		      const struct capmsg_until *until)
{
	struct capmsg_list_entry __user *to = u64_to_user_ptr(arg->entries);
	u32 slot = arg->first;
	int ret;

	arg->out_n = 0;
	for (; slot < 1U << l->bits && arg->out_n < arg->n; slot++) {
		struct capmsg_list_entry entry = { .slot = slot };

		ret = list_slot(l, slot, &entry, until);
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		if (copy_to_user(&to[arg->out_n], &entry, sizeof(entry)))
			return -EFAULT;
		arg->out_n++;
		cond_resched();
	}
	arg->out_next = slot < 1U << l->bits ? slot : 0;
	return 0;
}

static u32 bits_seen(const struct capmsg_found *found)
{
	return capmsg_table_bits(&found->cap, found->body) -
	       found->cap.subpage_bits;
}

/* Find the cappage that is to be listed; void is the root. */
static int find_listed(struct capmsg_cmd *cmd, u64 address, struct listed *l)
{
	struct capmsg_found *found = &l->found;
	int ret = 0;

	if (address) {
		ret = capmsg_find(&cmd->view, address, 0, found);
		if (ret)
			return ret;
		if (found->cap.object->kind != CAPMSG_TYPE_CAPPAGE)
			ret = -EINVAL;
		else if (!(found->cap.rights & CAPMSG_RIGHT_READ))
			ret = -EACCES;
		if (ret) {
			capmsg_found_put(found);
			return ret;
		}
	} else {
		found->cap = *cmd->view.root;
		if (!found->cap.object)
			return -ENOENT;
		/* Lives as long as the space, which this command is in. */
		found->body = rcu_dereference_protected(found->cap.object->body,
							true);
		capmsg_body_get(found->body);
	}
	l->bits = bits_seen(found);
	l->root = found->cap;
	l->root.guard_bits = 0;
	l->root.guard = 0;
	l->inside = cmd->view;
	l->inside.root = &l->root;
	return 0;
}

/**
 * capmsg_cmd_list() - CAPMSG_IOC_LIST
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_list(struct capmsg_cmd *cmd)
{
	struct capmsg_list *arg = &cmd->arg.list;
	struct listed l;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (!arg->n || arg->n > LIST_MAX)
		return -EINVAL;
	ret = find_listed(cmd, arg->table, &l);
	if (ret)
		return ret;
	ret = list_table(arg, &l, &cmd->view.until);
	capmsg_found_put(&l.found);
	if (!ret)
		ret = capmsg_out(cmd, capmsg_list, out_n, arg->out_n) ?:
		      capmsg_out(cmd, capmsg_list, out_next, arg->out_next);
	return ret;
}

/* The descriptor appears last, when nothing can fail any more. */
static int install(struct capmsg_cmd *cmd, struct file *file)
{
	int fd, ret;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	ret = capmsg_out(cmd, capmsg_export, out_fd, fd);
	if (ret) {
		put_unused_fd(fd);
		return ret;
	}
	fd_install(fd, file);
	return 0;
}

/**
 * capmsg_cmd_export() - CAPMSG_IOC_EXPORT
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_export(struct capmsg_cmd *cmd)
{
	const struct capmsg_export *arg = &cmd->arg.export;
	const struct capmsg_mint mint = { .rights = arg->rights };
	struct capmsg_cap cap;
	struct file *file;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	ret = capmsg_check_rights(arg->rights) ?:
	      capmsg_fetch(&cmd->view, arg->from, &mint, &cap);
	if (ret)
		return ret;
	file = capmsg_export(cmd->space->account, &cap);
	capmsg_cap_drop(&cap);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = install(cmd, file);
	if (ret)
		fput(file);
	return ret;
}

/**
 * capmsg_cmd_import() - CAPMSG_IOC_IMPORT
 * @cmd: the command
 *
 * Context: Process context.
 * Return: 0 or an error that the uapi header documents.
 */
int capmsg_cmd_import(struct capmsg_cmd *cmd)
{
	const struct capmsg_import *arg = &cmd->arg.import;
	struct capmsg_cap cap;
	struct file *file;
	int ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved)
		return -EINVAL;
	file = fget(arg->fd);
	if (!file)
		return -EBADF;
	ret = capmsg_import(file, &cmd->view.until, &cap);
	fput(file);
	if (ret)
		return ret;
	return store_or_drop(&cmd->view, arg->to, &cap);
}
