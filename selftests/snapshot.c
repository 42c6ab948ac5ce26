// SPDX-License-Identifier: GPL-2.0-only
/*
 * snapshot.c - what a space is like, see snapshot.h
 */
#include <stdio.h>
#include <string.h>

#include "snapshot.h"

/* Those in @table, which is in slot @at of the root; or of the root itself, if that is 0. */
static int list(int fd, __u64 table, unsigned int at, struct snapshot *s)
{
	struct capmsg_list arg = { .table = table, .entries = PTR(s->entries + s->n),
		.n = SNAPSHOT_SLOTS - s->n };
	unsigned int slot;
	int ret = do_list(fd, &arg);

	if (ret)
		return ret;
	if (arg.out_next)
		return -ENOSPC;
	for (; arg.out_n--; s->n++) {
		slot = s->entries[s->n].slot;
		s->stats[s->n] = (struct capmsg_stat){
			.address = at ? SLOT2(at, slot) : SLOT(slot) };
		/* A reserved slot is void; of a reply right nothing is told. */
		ret = do_stat(fd, &s->stats[s->n]);
		if (ret)
			memset(&s->stats[s->n], 0, sizeof(s->stats[s->n]));
		s->stats[s->n].flags = -ret;
	}
	return 0;
}

int snapshot_take(int fd, unsigned int table, struct snapshot *snapshot)
{
	int ret;

	memset(snapshot, 0, sizeof(*snapshot));
	ret = do_query(fd, &snapshot->query);
	snapshot->query.out_total_tombstones = 0;
	snapshot->query.out_total_copied = 0;
	ret = ret ?: list(fd, CAPMSG_ADDRESS_VOID, 0, snapshot);
	return ret ?: list(fd, SLOT(table), table, snapshot);
}

static bool differs(const char *what, unsigned int n, const void *before, const void *after,
		    size_t size)
{
	const unsigned char *a = before, *b = after;
	size_t i;

	for (i = 0; i < size; i++) {
		if (a[i] == b[i])
			continue;
		fprintf(stderr, "# %s %u differs at byte %zu: %u, now %u\n", what, n, i,
			a[i], b[i]);
		return true;
	}
	return false;
}

bool snapshot_same(const struct snapshot *before, const struct snapshot *after)
{
	bool same = !differs("QUERY", 0, &before->query, &after->query, sizeof(before->query));
	unsigned int i;

	if (before->n != after->n)
		fprintf(stderr, "# LIST has %u entries, now %u\n", before->n, after->n);
	same = same && before->n == after->n;
	for (i = 0; i < before->n && same; i++)
		same = !differs("LIST", i, before->entries + i, after->entries + i,
				sizeof(*before->entries)) &&
		       !differs("STAT", i, before->stats + i, after->stats + i,
				sizeof(*before->stats));
	return same;
}
