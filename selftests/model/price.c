// SPDX-License-Identifier: GPL-2.0-only
/*
 * What objects cost, in bytes: no program may rely on that, so it is found by
 * creating one of each.
 */
#include "machine.h"

static __u64 paid(int fd)
{
	struct capmsg_query query = { .flags = 0 };

	return do_query(fd, &query) ? ~0ULL : query.out_user_bytes;
}

/* The price of what @expression has created; any error stays in @ret. */
#define PRICE(ret, fd, expression) ({					\
	__u64 before_ = paid(fd);					\
									\
	(ret) = (ret) ?: (expression);					\
	paid(fd) - before_;						\
})

static int price_objects(int fd, void *memory, struct prices *p)
{
	unsigned int n;
	int ret = 0;

	for (n = CAPMSG_BITS_MIN; n < ARRAY_SIZE(p->table); n++)
		p->table[n] = PRICE(ret, fd, cappage_create(fd, SLOT(n), n));
	for (n = 1; n <= POSTS; n++)
		p->port[n] = PRICE(ret, fd, port_create(fd, SLOT(0x10 + n), n));
	for (n = 1; n <= MEMORY_PAGES; n++)
		p->region[n] = PRICE(ret, fd, region_create(fd, SLOT(0x20 + n), memory,
							    n * PAGE));
	ret = ret ?: cap_copy(fd, SLOT(0x11), SLOT(0x30), CAPMSG_RIGHTS_ALL);
	/* The port goes, and its tombstone comes. */
	p->tombstone = p->port[1] + PRICE(ret, fd, obj_destroy(fd, SLOT(0x11)));
	return ret;
}

static int price_export(int fd, struct prices *p)
{
	int ret = 0, file = -1;

	p->export = PRICE(ret, fd, (file = cap_export(fd, SLOT(0x12), CAPMSG_RIGHTS_ALL)) < 0 ?
				   file : 0);
	close(file);
	return ret;
}

static int setup(int fd, unsigned int frames)
{
	return do_setup(fd, &(struct capmsg_setup){
		.frames = frames, .root_bits = 8, .plain_max = LENGTH_MAX });
}

/* The user has nothing else at this moment. */
int prices_find(struct prices *p, void *memory)
{
	int fd = space_open(), twin = -1, ret = fd < 0 ? fd : 0;
	__u64 one, two;

	p->space = paid(fd);
	one = PRICE(ret, fd, setup(fd, 1));
	ret = ret ?: (twin = space_open()) < 0 ? twin : 0;
	two = PRICE(ret, fd, setup(twin, 2));
	p->frame = two - one;
	/* What is left of that is the root and the spare frame. */
	p->spare = one - p->frame - PRICE(ret, fd, cappage_create(fd, SLOT(0x20), 8));
	ret = ret ?: obj_destroy(fd, SLOT(0x20)) ?: cap_clear(fd, SLOT(0x20));
	ret = ret ?: price_objects(fd, memory, p);
	ret = ret ?: price_export(fd, p);
	close(twin);
	close(fd);
	return ret;
}
