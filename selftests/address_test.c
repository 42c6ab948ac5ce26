// SPDX-License-Identifier: GPL-2.0-only
/*
 * address_test.c - the walk of addresses: all depths, guards, subpages, cycles,
 * and random tables against a slow walker of our own.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

FIXTURE(address) {
	int fd;
};

FIXTURE_SETUP(address)
{
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(address)
{
	CAPMSG_TEARDOWN();
}

/* A space whose root has 2^@bits slots. */
static int space_of(unsigned int bits)
{
	int fd = space_open();

	int ret = fd < 0 ? fd : do_setup(fd, &(struct capmsg_setup){ .root_bits = bits });

	return ret ?: fd;
}

/* --- depths ---------------------------------------------------------------- */

/* Every depth can be reached by a guard of the right length. */
TEST_F(address, depth_0_to_63)
{
	int fd = space_of(4);
	unsigned int depth;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, port_marked(fd, CAPMSG_ADDRESS(0, 4), 4));
	EXPECT_EQ(-ENOENT, cap_type(fd, CAPMSG_ADDRESS_VOID));
	EXPECT_EQ(-ENOENT, cap_type(fd, 1ULL << 63));
	for (depth = 1; depth < 4; depth++)
		EXPECT_EQ(-ENOENT, cap_type(fd, CAPMSG_ADDRESS(0, depth)));
	for (depth = 4; depth <= 63; depth++) {
		const unsigned int bits = depth - 4;
		const __u64 guard = bits ? 0xa5a5a5a5a5a5a5a5ULL >> (64 - bits) : 0;
		const __u64 address = CAPMSG_ADDRESS(1ULL << bits | guard, depth);

		ASSERT_EQ(0, do_copy(fd, &(struct capmsg_copy){
			.flags = CAPMSG_COPY_GUARD, .from = CAPMSG_ADDRESS(0, 4),
			.to = CAPMSG_ADDRESS(1, 4), .rights = CAPMSG_RIGHT_SEND,
			.guard = guard, .guard_bits = bits }));
		EXPECT_EQ(4, cap_mark(fd, address))
			TH_LOG("depth %u", depth);
		if (bits)
			EXPECT_EQ(-ENOENT, cap_mark(fd, address ^ 2ULL << (63 - depth)))
				TH_LOG("last bit of depth %u", depth);
		if (bits > 1)
			EXPECT_EQ(-ENOENT, cap_mark(fd, address ^ 1ULL << 59))
				TH_LOG("first guard bit of depth %u", depth);
		ASSERT_EQ(0, cap_clear(fd, depth % 2 ? address : CAPMSG_ADDRESS(1, 4)));
	}
}

TEST_F(address, truncated_and_too_long)
{
	unsigned int depth;

	ASSERT_EQ(0, cappage_create(self->fd, SLOT(0), 8));
	ASSERT_EQ(0, port_marked(self->fd, SLOT2(0, 0), 7));
	for (depth = 1; depth <= 63; depth++) {
		const long mark = cap_mark(self->fd, CAPMSG_ADDRESS(0, depth));

		EXPECT_EQ(depth == 16 ? 7 : depth == 8 ? 0 : -ENOENT, mark)
			TH_LOG("depth %u: %ld", depth, mark);
	}
	EXPECT_EQ(-ENOENT, cap_type(self->fd, ~0ULL));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, 1));
	EXPECT_EQ(-ENOENT, cap_clear(self->fd, CAPMSG_ADDRESS(0, 12)));
	EXPECT_EQ(-ENOENT, cap_clear(self->fd, CAPMSG_ADDRESS(0, 7)));
	EXPECT_EQ(-ENOENT, cap_clear(self->fd, CAPMSG_ADDRESS(0, 24)));
	EXPECT_EQ(-ENOENT, cap_clear(self->fd, 1ULL << 63));
}

/* Slots are named with and without the guard of what is in them. */
TEST_F(address, slot_and_object)
{
	const __u64 with_guard = CAPMSG_ADDRESS(5 << 3 | 6, 11);
	const __u64 inside = CAPMSG_ADDRESS((5 << 3 | 6) << 8 | 0x99, 19);

	ASSERT_EQ(0, cappage_create(self->fd, SLOT(1), 8));
	ASSERT_EQ(0, port_marked(self->fd, SLOT2(1, 0x99), 9));
	ASSERT_EQ(0, do_copy(self->fd, &(struct capmsg_copy){
		.flags = CAPMSG_COPY_GUARD, .from = SLOT(1), .to = SLOT(5),
		.rights = CAPMSG_RIGHTS_ALL, .guard = 6, .guard_bits = 3 }));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, cap_type(self->fd, with_guard));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT(5)));
	EXPECT_EQ(9, cap_mark(self->fd, inside));
	EXPECT_EQ(-ENOENT, cap_mark(self->fd, SLOT2(5, 0x99)));
	EXPECT_EQ(-ENOENT, cap_mark(self->fd, CAPMSG_ADDRESS((5 << 3 | 5) << 8 | 0x99, 19)));
	EXPECT_EQ(-EEXIST, cap_copy(self->fd, SLOT(1), SLOT(5), 0));
	EXPECT_EQ(-EEXIST, cap_copy(self->fd, SLOT(1), with_guard, 0));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, SLOT(1), CAPMSG_ADDRESS(5 << 3 | 2, 11), 0));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, SLOT(1), CAPMSG_ADDRESS(5 << 2 | 3, 10), 0));
	/* Once the slot is void, it has no guard. */
	ASSERT_EQ(0, cap_clear(self->fd, with_guard));
	EXPECT_EQ(-ENOENT, cap_clear(self->fd, with_guard));
	EXPECT_EQ(0, cap_clear(self->fd, SLOT(5)));
}

/* --- cycles ---------------------------------------------------------------- */

TEST_F(address, cycle_ends)
{
	unsigned int hops;

	ASSERT_EQ(0, cappage_create(self->fd, SLOT(0), 4));
	ASSERT_EQ(0, cap_copy(self->fd, SLOT(0), CAPMSG_ADDRESS(0, 12), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, port_marked(self->fd, CAPMSG_ADDRESS(1, 12), 5));
	for (hops = 0; hops <= 13; hops++) {
		EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, cap_type(self->fd, CAPMSG_ADDRESS(0, 8 + 4 * hops)));
		if (hops)
			EXPECT_EQ(5, cap_mark(self->fd, CAPMSG_ADDRESS(1, 8 + 4 * hops)));
	}
	EXPECT_EQ(-ENOENT, cap_type(self->fd, CAPMSG_ADDRESS(0, 63)));
	/* The same by hops of the least length: slots 2 and 3, and back to 2. */
	ASSERT_EQ(0, do_copy(self->fd, &(struct capmsg_copy){
		.flags = CAPMSG_COPY_SUBPAGE, .from = SLOT(0), .to = CAPMSG_ADDRESS(2, 12),
		.rights = CAPMSG_RIGHTS_ALL, .subpage = 1, .subpage_bits = 3 }));
	for (hops = 0; hops <= 51; hops++)
		EXPECT_EQ(CAPMSG_TYPE_CAPPAGE,
			  cap_type(self->fd, CAPMSG_ADDRESS(2ULL << hops, 12 + hops)))
			TH_LOG("%u hops", hops);
	ASSERT_EQ(0, obj_destroy(self->fd, CAPMSG_ADDRESS(0, 60)));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT(0)));
}

/* --- random tables against the slow walker ---------------------------------- */

#define TABLES	10
#define PORTS	6

struct model_cap {
	bool used, table, weak;
	unsigned int object;
	unsigned int guard, guard_bits;
	unsigned int subpage, subpage_bits;
	unsigned int rights;
};

/* Table 0 is the root, of 2^8 slots. */
struct model {
	unsigned int bits[TABLES];
	struct model_cap slots[TABLES][256];
	__u64 seed;
};

/**
 * struct found - where a walk has ended
 * @error: 0 or ENOENT
 * @cap: the slot
 * @at_guard: the address does not include the guard of the capability
 * @read: the table of the slot can be read
 * @write: it can be written
 * @weak: the path is weak
 */
struct found {
	int error;
	struct model_cap *cap;
	bool at_guard;
	bool read, write, weak;
};

static unsigned int take(__u64 *address, unsigned int *left, unsigned int bits)
{
	unsigned int value = bits ? *address >> (64 - bits) : 0;

	*address = bits ? *address << bits : *address;
	*left -= bits;
	return value;
}

/* Bit by bit as the header says it, without any thought of speed. */
static struct found model_walk(struct model *model, __u64 address)
{
	struct model_cap root = { .used = true, .table = true, .rights = RIGHTS_TABLE };
	struct found found = { .error = ENOENT }, at = { .error = 0 };
	struct model_cap *cap = &root;
	unsigned int left = 64, width;

	if (!address)
		return found;
	while (!(address >> (64 - left) & 1))
		left--;
	left--;
	for (;;) {
		if (at.cap && !left) {
			at.at_guard = cap->used && cap->guard_bits;
			return at;
		}
		if (!cap->used || cap->guard_bits > left ||
		    take(&address, &left, cap->guard_bits) != cap->guard)
			return found;
		if (at.cap && !left)
			return at;
		width = model->bits[cap->object] - cap->subpage_bits;
		if (!cap->table || width > left)
			return found;
		at.weak |= cap->weak;
		at.read = cap->rights & CAPMSG_RIGHT_READ;
		at.write = (cap->rights & CAPMSG_RIGHT_WRITE) && !at.weak;
		at.cap = &model->slots[cap->object][(cap->subpage << width) |
						    take(&address, &left, width)];
		cap = at.cap;
	}
}

static struct model_cap model_cap(struct model *model)
{
	struct model_cap cap = { .used = true };
	__u64 r = random_next(&model->seed);

	cap.table = r % 4;
	cap.object = cap.table ? 1 + (r >> 8) % (TABLES - 1) : (r >> 8) % PORTS;
	cap.guard_bits = (r >> 16) % 3 ? 0 : (r >> 20) % 7;
	cap.guard = (r >> 24) & ((1 << cap.guard_bits) - 1);
	cap.weak = (r >> 32) % 8 == 0;
	cap.rights = (r >> 36) % 4 ? CAPMSG_RIGHTS_ALL : (r >> 40) & CAPMSG_RIGHTS_ALL;
	cap.rights &= cap.table ? RIGHTS_TABLE : RIGHTS_PORT;
	if (cap.table && (r >> 46) % 3 == 0) {
		cap.subpage_bits = (r >> 48) % model->bits[cap.object];
		cap.subpage = (r >> 52) & ((1 << cap.subpage_bits) - 1);
	}
	return cap;
}

/* Root slots 0 to TABLES - 2 are the tables, the next PORTS the ports. */
static int model_store(int fd, struct model *model, unsigned int table, unsigned int slot,
		       struct model_cap cap)
{
	const unsigned int bits = model->bits[table];
	struct capmsg_copy copy = {
		.flags = CAPMSG_COPY_GUARD | (cap.weak ? CAPMSG_COPY_WEAK : 0) |
			 (cap.subpage_bits ? CAPMSG_COPY_SUBPAGE : 0),
		.from = SLOT(cap.table ? cap.object - 1 : TABLES - 1 + cap.object),
		.to = table ? CAPMSG_ADDRESS((table - 1ULL) << bits | slot, 8 + bits) : SLOT(slot),
		.guard = cap.guard, .guard_bits = cap.guard_bits, .rights = cap.rights,
		.subpage = cap.subpage, .subpage_bits = cap.subpage_bits,
	};

	model->slots[table][slot] = cap;
	return do_copy(fd, &copy);
}

static int model_build(int fd, struct model *model)
{
	unsigned int i, j;
	int ret = 0;

	model->bits[0] = 8;
	for (i = 1; i < TABLES && !ret; i++) {
		model->bits[i] = 4 + random_next(&model->seed) % 4;
		model->slots[0][i - 1] = (struct model_cap){
			.used = true, .table = true, .object = i, .rights = RIGHTS_TABLE };
		ret = cappage_create(fd, SLOT(i - 1), model->bits[i]);
	}
	for (i = 0; i < PORTS && !ret; i++) {
		model->slots[0][TABLES - 1 + i] = (struct model_cap){
			.used = true, .object = i, .rights = RIGHTS_PORT };
		ret = port_marked(fd, SLOT(TABLES - 1 + i), 100 + i);
	}
	for (j = TABLES - 1 + PORTS; j < 64 && !ret; j++)
		ret = model_store(fd, model, 0, j, model_cap(model));
	for (i = 1; i < TABLES; i++)
		for (j = 0; j < 1U << model->bits[i] && !ret; j++)
			if (random_next(&model->seed) % 3)
				ret = model_store(fd, model, i, j, model_cap(model));
	return ret;
}

/* An address that leads somewhere, more often than not. */
static __u64 model_address(struct model *model)
{
	__u64 bits = 0, r = random_next(&model->seed), end = 3 + r % 61;
	struct model_cap *cap = NULL;
	unsigned int used = 0, table = 0, width, sub = 0, index;

	if (r >> 60 == 0)
		return random_next(&model->seed);
	for (;;) {
		width = cap ? model->bits[table] - cap->subpage_bits : 8;
		sub = cap ? cap->subpage << width : 0;
		if (used + width > 63 || used > end)
			break;
		index = random_next(&model->seed) & ((1 << width) - 1) & (cap ? ~0 : 63);
		bits = bits << width | index;
		used += width;
		cap = &model->slots[table][sub | index];
		if (!cap->used || used + cap->guard_bits > 63 || random_next(&model->seed) % 8 == 0)
			break;
		bits = bits << cap->guard_bits | cap->guard;
		used += cap->guard_bits;
		table = cap->object;
		if (!cap->table)
			break;
	}
	if (!used)
		return 0;
	if (r >> 56 == 0xff)
		bits ^= 1ULL << random_next(&model->seed) % used;
	return CAPMSG_ADDRESS(bits, used);
}

/* What STAT must say. A right that is missing may show before or after a void. */
static bool stat_agrees(struct model *model, int fd, __u64 address)
{
	struct found found = model_walk(model, address);
	struct model_cap *cap = found.cap;
	struct capmsg_stat stat;
	int ret = cap_stat(fd, address, &stat);
	unsigned int rights;

	if (found.error)
		return ret == -ENOENT;
	if (!found.read && ret == -EACCES)
		return true;
	if (!cap->used || found.at_guard)
		return ret == -ENOENT;
	if (!found.read || ret)
		return false;
	rights = cap->rights | (cap->weak ? CAPMSG_RIGHT_WEAK : 0);
	if (found.weak)
		rights = (rights & ~RIGHTS_WEAKENED) | CAPMSG_RIGHT_WEAK;
	return stat.out_rights == rights && stat.out_guard == cap->guard &&
	       stat.out_guard_bits == cap->guard_bits &&
	       stat.out_type == (cap->table ? CAPMSG_TYPE_CAPPAGE : CAPMSG_TYPE_PORT) &&
	       (cap->table ? stat.out_bits == model->bits[cap->object] &&
			     stat.out_subpage == cap->subpage &&
			     stat.out_subpage_bits == cap->subpage_bits :
			     stat.out_max_size == 100 + cap->object);
}

/* What a store must say; one that succeeds is taken back. */
static bool store_agrees(struct model *model, int fd, __u64 address)
{
	struct found found = model_walk(model, address);
	int ret = cap_copy(fd, SLOT(0), address, 0);

	if (ret == 0 && cap_clear(fd, address))
		return false;
	if (found.error)
		return ret == -ENOENT;
	if (!found.write)
		return ret == -EACCES || (found.cap->used && ret == -EEXIST);
	return ret == (found.cap->used ? -EEXIST : 0);
}

TEST_F(address, random_tables)
{
	static struct model model;
	unsigned int round, i, hits;
	__u64 seed = now_ns(), address;

	printf("# seed %llx\n", seed);
	for (round = 0; round < 4; round++) {
		int fd = space_new();

		ASSERT_LE(0, fd);
		memset(&model, 0, sizeof(model));
		model.seed = seed + round;
		ASSERT_EQ(0, model_build(fd, &model));
		for (i = hits = 0; i < 1500; i++) {
			address = model_address(&model);
			hits += !model_walk(&model, address).error;
			EXPECT_TRUE(stat_agrees(&model, fd, address))
				TH_LOG("seed %llx, STAT of %llx: %d", seed + round, address,
				       cap_type(fd, address));
			EXPECT_TRUE(store_agrees(&model, fd, address))
				TH_LOG("seed %llx, store to %llx", seed + round, address);
		}
		/* The addresses do lead somewhere. */
		EXPECT_LT(700, hits);
		close(fd);
	}
}

/* --- walks while tables come and go ------------------------------------------ */

static atomic_bool stop;

static void *come_and_go(void *fd)
{
	while (!atomic_load(&stop)) {
		if (cappage_create(*(int *)fd, SLOT2(0, 1), 4) ||
		    cap_copy(*(int *)fd, SLOT(1), CAPMSG_ADDRESS(0x0012, 20), CAPMSG_RIGHTS_ALL) ||
		    obj_destroy(*(int *)fd, SLOT2(0, 1)))
			return "unexpected result";
	}
	return NULL;
}

TEST_F(address, tables_come_and_go)
{
	unsigned int found = 0, lost = 0;
	pthread_t thread;
	void *problem;
	__u64 end;

	ASSERT_EQ(0, cappage_create(self->fd, SLOT(0), 8));
	ASSERT_EQ(0, port_marked(self->fd, SLOT(1), 3));
	ASSERT_EQ(0, pthread_create(&thread, NULL, come_and_go, &self->fd));
	for (end = in_ms(400); now_ns() < end;) {
		long mark = cap_mark(self->fd, CAPMSG_ADDRESS(0x0012, 20));

		EXPECT_TRUE(mark == 3 || mark == -ENOENT)
			TH_LOG("%ld", mark);
		found += mark == 3;
		lost += mark == -ENOENT;
	}
	atomic_store(&stop, true);
	ASSERT_EQ(0, pthread_join(thread, &problem));
	EXPECT_EQ(NULL, problem);
	EXPECT_LT(0, found + lost);
	EXPECT_EQ(-ENOENT, cap_mark(self->fd, CAPMSG_ADDRESS(0x0012, 20)));
}

TEST_HARNESS_MAIN
