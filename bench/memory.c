// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory, descriptors, and the end of it all when something fails.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

static void *mapped(size_t size, int flags)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    flags | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	must(memory == MAP_FAILED ? -1 : 0, "mmap");
	return memory;
}

void *memory(size_t size)
{
	return mapped(size, MAP_PRIVATE);
}

void *memory_shared(size_t size)
{
	return mapped(size, MAP_SHARED);
}

void read_all(int fd, void *data, size_t size)
{
	size_t done = 0;

	while (done < size)
		done += must(read(fd, (char *)data + done, size - done), "read");
}

void write_all(int fd, const void *data, size_t size)
{
	size_t done = 0;

	while (done < size)
		done += must(write(fd, (const char *)data + done, size - done),
			     "write");
}

long must(long result, const char *what)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}
