/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bugs on purpose, one a boot, to see that the judge of our tests catches each.
 * The table `canaries` says by what.
 */
#ifndef CANARY_H
#define CANARY_H

#include <linux/types.h>

/**
 * struct canary - a bug that can be planted
 */
struct canary {
	/** @name: what is written to the parameter `plant` */
	const char *name;
	/** @plant: have it; process context of whoever writes that */
	void (*plant)(void);
};

/* Each ends with an entry without a name. */
extern const struct canary canaries_of_memory[];
extern const struct canary canaries_of_locks[];
extern const struct canary canaries_of_rules[];

/* What a cache of the module has left when that is unloaded. */
int canary_cache_init(void);
void canary_cache_exit(void);

#endif /* CANARY_H */
