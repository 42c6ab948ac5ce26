// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Capabilities that a parent hands to a program it starts.
 *
 * The parent exports each, leaves the descriptors open across exec, and lists
 * them in the environment variable CAPMSG_FD: ``NAME=FD[,NAME=FD...]``. A number
 * alone is a capability of the name ``cap``.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "capmsg.h"

/* Reads one entry up to a comma or the end. Returns a descriptor or -1. */
static int entry_fd(const char *entry, size_t length, const char *name)
{
	const char *equals = memchr(entry, '=', length);
	const char *number = equals ? equals + 1 : entry;
	size_t name_length = equals ? (size_t)(equals - entry) : strlen("cap");
	unsigned long fd;
	char *end;

	if (strlen(name) != name_length ||
	    memcmp(equals ? entry : "cap", name, name_length))
		return -1;
	if (*number < '0' || *number > '9')
		return -1;
	fd = strtoul(number, &end, 10);
	return end == entry + length && fd <= INT_MAX ? (int)fd : -1;
}

/**
 * capmsg_inherited_fd() - find a capability that the parent handed down
 * @name: its name; NULL: "cap", the name of one that was given none
 *
 * Reads the environment variable CAPMSG_FD. Take the capability with
 * capmsg_import() and close the descriptor when it is no longer needed.
 *
 * Return: a file descriptor, which now is the caller's, or -ENOENT if there is
 * no capability of that name.
 */
int capmsg_inherited_fd(const char *name)
{
	const char *list = getenv(CAPMSG_FD_VARIABLE);

	if (!name)
		name = "cap";
	while (list && *list) {
		size_t length = strcspn(list, ",");
		int fd = entry_fd(list, length, name);

		if (fd >= 0)
			return fd;
		list += length + (list[length] == ',');
	}
	return -ENOENT;
}
