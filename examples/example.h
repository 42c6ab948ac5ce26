/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * What the examples share: a space with a handler, and a command that gets a
 * capability.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <sys/types.h>

#include <capmsg.h>

/* Slot @n of the root, which has 2^8. */
#define SLOT(n)	CAPMSG_ADDRESS(n, 8)

/* The port at which upcalls arrive. */
#define HANDLER	SLOT(1)

/* @ret, or the end of the program if it is an error. */
int must(int ret, const char *what);

/* A space, with a handler's port. */
int open_space(void);

/*
 * A virtual object of that kind, which our handler calls @object; @bits if it is a
 * cappage. Returns 0 or -errno.
 */
int create_virtual(int space, uint64_t to, uint64_t object, uint32_t kind,
		   unsigned int bits);

/* Plays the objects, in a thread, until the port is destroyed. */
void play(int space, const struct capmsg_handler_ops *ops);

/*
 * Starts a command that inherits file @fd, which a capability was exported to, under
 * @name (see CAPMSG_FD in capctl(8)); and file @also, if that is not -1.
 */
pid_t start(char *const *command, const char *name, int fd, int also);

/* Reaps children until @pid is among them, whose exit status it returns. */
int reap(pid_t pid);

#endif /* EXAMPLE_H */
