/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands: from user space's structs to the nouns below, and back. Everything
 * that reads or writes memory of the caller is in these files, but for the
 * payload itself.
 */
#ifndef CAPMSG_COMMANDS_H
#define CAPMSG_COMMANDS_H

#include <linux/uaccess.h>
#include <uapi/linux/capmsg.h>

#include "upcall.h"
#include "walk.h"

/* A copy of the caller's struct, of whatever command. */
union capmsg_arg {
	/* What all of them begin with. */
	struct {
		u32 size;
		u32 flags;
	} head;
	struct capmsg_setup setup;
	struct capmsg_create_cappage create_cappage;
	struct capmsg_create_port create_port;
	struct capmsg_register register_;
	struct capmsg_unregister unregister;
	struct capmsg_copy copy;
	struct capmsg_move move;
	struct capmsg_clear clear;
	struct capmsg_stat stat;
	struct capmsg_list list;
	struct capmsg_destroy destroy;
	struct capmsg_post post;
	struct capmsg_unpost unpost;
	struct capmsg_send send;
	struct capmsg_recv recv;
	struct capmsg_call call;
	struct capmsg_reply reply;
	struct capmsg_reply_recv reply_recv;
	struct capmsg_export export;
	struct capmsg_import import;
	struct capmsg_credits credits;
	struct capmsg_limits limits;
	struct capmsg_create_virtual create_virtual;
	struct capmsg_upcalls upcalls;
	struct capmsg_abort abort;
	struct capmsg_invalidate invalidate;
	struct capmsg_create_message create_message;
	struct capmsg_begin begin;
	struct capmsg_fill fill;
	struct capmsg_transmit transmit;
	struct capmsg_abandon abandon;
	struct capmsg_create_notification create_notification;
	struct capmsg_signal signal;
	struct capmsg_wait wait;
	struct capmsg_watch watch;
	struct capmsg_create_revoker create_revoker;
	struct capmsg_revoke revoke;
	struct capmsg_close close;
	struct capmsg_open open;
};

/**
 * struct capmsg_cmd - a command that is being carried out
 */
struct capmsg_cmd {
	/** @space: whose command */
	struct capmsg_space *space;
	/**
	 * @view: from its root (void before the space is set up); waits without
	 * a deadline unless the command has one
	 */
	struct capmsg_view view;
	/** @upcaller: its frame, if it has one; and what it asks handlers */
	struct capmsg_upcaller upcaller;
	/** @user: the caller's struct, for the results */
	void __user *user;
	/** @arg: the caller's struct, read once */
	union capmsg_arg arg;
};

/* Write a result into the caller's struct. */
#define capmsg_out(cmd, type, field, value)				\
	put_user(value, &((struct type __user *)(cmd)->user)->field)

/*
 * Can that result be written? Writes what was read there, so that nothing has
 * changed if the command fails later.
 */
#define capmsg_out_check(cmd, type, member, field)			\
	capmsg_out(cmd, type, field, (cmd)->arg.member.field)

/* Unknown flags are an error of their own. */
static inline int capmsg_check_flags(u32 flags, u32 known)
{
	return flags & ~known ? -EOPNOTSUPP : 0;
}

static inline int capmsg_check_rights(u32 rights)
{
	return rights & ~CAPMSG_RIGHTS_ALL ? -EINVAL : 0;
}

/* Find an object of one type in order to invoke it. */
static inline int capmsg_resolve_type(const struct capmsg_view *view,
				      u64 address, enum capmsg_type type,
				      u16 rights, struct capmsg_found *found)
{
	int ret;

	ret = capmsg_resolve(view, address, type, rights, found);
	return ret == -ESTALE ? -ENOENT : ret;
}

/* A plain buffer is larger than the space's frames provide for. */
static inline int capmsg_plain_refuse(const struct capmsg_cmd *cmd, u64 length)
{
	return capmsg_refuse(cmd->space->account, CAPMSG_LIMIT_SIZE, -EMSGSIZE,
			     length, cmd->space->plain_max);
}

int capmsg_cmd_query(struct capmsg_cmd *cmd);
int capmsg_cmd_setup(struct capmsg_cmd *cmd);
int capmsg_cmd_create_cappage(struct capmsg_cmd *cmd);
int capmsg_cmd_create_port(struct capmsg_cmd *cmd);
int capmsg_cmd_register(struct capmsg_cmd *cmd);
int capmsg_cmd_unregister(struct capmsg_cmd *cmd);
int capmsg_cmd_copy(struct capmsg_cmd *cmd);
int capmsg_cmd_move(struct capmsg_cmd *cmd);
int capmsg_cmd_clear(struct capmsg_cmd *cmd);
int capmsg_cmd_stat(struct capmsg_cmd *cmd);
int capmsg_cmd_list(struct capmsg_cmd *cmd);
int capmsg_cmd_destroy(struct capmsg_cmd *cmd);
int capmsg_cmd_post(struct capmsg_cmd *cmd);
int capmsg_cmd_unpost(struct capmsg_cmd *cmd);
int capmsg_cmd_send(struct capmsg_cmd *cmd);
int capmsg_cmd_recv(struct capmsg_cmd *cmd);
int capmsg_cmd_call(struct capmsg_cmd *cmd);
int capmsg_cmd_reply(struct capmsg_cmd *cmd);
int capmsg_cmd_reply_recv(struct capmsg_cmd *cmd);
int capmsg_cmd_export(struct capmsg_cmd *cmd);
int capmsg_cmd_import(struct capmsg_cmd *cmd);
int capmsg_cmd_credits(struct capmsg_cmd *cmd);
int capmsg_cmd_limits(struct capmsg_cmd *cmd);
int capmsg_cmd_create_message(struct capmsg_cmd *cmd);
int capmsg_cmd_begin(struct capmsg_cmd *cmd);
int capmsg_cmd_fill(struct capmsg_cmd *cmd);
int capmsg_cmd_transmit(struct capmsg_cmd *cmd);
int capmsg_cmd_abandon(struct capmsg_cmd *cmd);
int capmsg_cmd_create_notification(struct capmsg_cmd *cmd);
int capmsg_cmd_signal(struct capmsg_cmd *cmd);
int capmsg_cmd_wait(struct capmsg_cmd *cmd);
int capmsg_cmd_watch(struct capmsg_cmd *cmd);
int capmsg_cmd_create_revoker(struct capmsg_cmd *cmd);
int capmsg_cmd_revoke(struct capmsg_cmd *cmd);
int capmsg_cmd_close(struct capmsg_cmd *cmd);
int capmsg_cmd_open(struct capmsg_cmd *cmd);
int capmsg_cmd_create_virtual(struct capmsg_cmd *cmd);
int capmsg_cmd_upcalls(struct capmsg_cmd *cmd);
int capmsg_cmd_abort(struct capmsg_cmd *cmd);
int capmsg_cmd_invalidate(struct capmsg_cmd *cmd);

#endif /* CAPMSG_COMMANDS_H */
