/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one table of commands.
 */
#ifndef CAPMSG_TABLE_H
#define CAPMSG_TABLE_H

#include <linux/types.h>

struct capmsg_space;

int capmsg_command(struct capmsg_space *space, unsigned int nr,
		   void __user *user);

#endif /* CAPMSG_TABLE_H */
