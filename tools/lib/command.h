/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef COMMAND_H
#define COMMAND_H

#include <errno.h>
#include <sys/ioctl.h>

/* Hands a struct to the kernel, and turns errno into a return value. */
static inline int command(int fd, unsigned long request, void *args)
{
	return ioctl(fd, request, args) < 0 ? -errno : 0;
}

#endif /* COMMAND_H */
