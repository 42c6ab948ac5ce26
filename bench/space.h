/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all benchmarks of capmsg need of it.
 */
#ifndef SPACE_H
#define SPACE_H

#include "bench.h"

/* A space that is set up. */
int space_new(void);
/* A capability to the port at @from, as a file. */
int space_export(int space, uint64_t from);
void space_import(int space, uint64_t to, int file);
/* A region at @region, cut into @n posts of @bytes each; returns its memory. */
char *space_posts(int space, uint64_t port, uint64_t region, unsigned int n,
		  size_t bytes);
/* Bytes of a post for @bytes. */
size_t space_post_size(size_t bytes);

#endif
