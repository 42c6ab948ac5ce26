/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that LIST, STAT and QUERY tell of a space, in order to see that nothing has changed.
 */
#ifndef CAPMSG_SNAPSHOT_H
#define CAPMSG_SNAPSHOT_H

#include "capmsg_util.h"

#define SNAPSHOT_SLOTS	128

/**
 * struct snapshot - what a space is like
 * @query: of the space, its user and the system; without the tombstones of others, which go
 *	in their own time, and not how much was copied ever
 * @entries: the slots of its root, and of one table there, that are not void
 * @stats: of what is in them
 * @n: their number
 */
struct snapshot {
	struct capmsg_query query;
	struct capmsg_list_entry entries[SNAPSHOT_SLOTS];
	struct capmsg_stat stats[SNAPSHOT_SLOTS];
	unsigned int n;
};

/* Of the space @fd, and the table of 2^8 slots in slot @table of its root. */
int snapshot_take(int fd, unsigned int table, struct snapshot *snapshot);

/* Says on stderr what differs. Returns true if nothing does. */
bool snapshot_same(const struct snapshot *before, const struct snapshot *after);

#endif /* CAPMSG_SNAPSHOT_H */
