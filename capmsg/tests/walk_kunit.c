// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addressing: the walk of the module against a slow one, on random trees. The
 * slow one knows nothing but "DOC: Addresses" and a drawing of the tree, and
 * goes bit by bit.
 */
#include <linux/random.h>

#include "kit.h"
#include "walk.h"

#define TABLES		5
#define SLOTS_MAX	64
#define NAMES		12	/* objects: tables, ports, frames */

enum kind { KIND_NONE, KIND_TABLE, KIND_PORT, KIND_FRAME };

/* A capability in the drawing. */
struct sketch {
	int name;		/* object, or -1 for nothing */
	u64 badge;
	u64 guard;
	u32 guard_bits;
	u32 subpage;
	u32 subpage_bits;
	u32 rights;
	bool over;		/* a reply right whose call is over */
};

struct drawing {
	enum kind kind[NAMES];
	bool dead[NAMES];
	u32 bits[NAMES];
	struct sketch slot[TABLES][SLOTS_MAX];
	struct sketch root;
	struct capmsg_body *body[NAMES];
	struct capmsg_object *object[NAMES];
	struct rnd_state rnd;
	u64 seed;
	u32 found[2];		/* by lookup: walks that led somewhere */
};

/* The address bits one by one, the first in [0]. */
struct trail {
	u8 bit[64];
	int n;
};

struct end {
	int ret;
	struct sketch cap;
	int table;
	u32 index;
	u32 end;
	bool readable;
	bool writable;
	bool vague;		/* ends in the guard of what reads as void */
};

static void trail_of(u64 address, struct trail *path)
{
	int lowest = 0, i;

	path->n = 0;
	while (!((address >> lowest) & 1))
		lowest++;
	for (i = 63; i > lowest; i--)
		path->bit[path->n++] = (address >> i) & 1;
}

static u64 address_of(const struct trail *path)
{
	u64 address = 0;
	int i;

	for (i = 0; i < path->n; i++)
		address |= (u64)path->bit[i] << (63 - i);
	return address | 1ULL << (63 - path->n);
}

/* Nothing, or nothing that lives: has neither guard nor object. */
static bool sketch_void(const struct drawing *d, const struct sketch *cap)
{
	return cap->name < 0 || d->dead[cap->name] || cap->over;
}

/* Compares the guard bit by bit; moves *at behind it. */
static bool slow_guard(const struct sketch *cap, const struct trail *path,
		       int *at)
{
	u32 i;

	for (i = 0; i < cap->guard_bits; i++, (*at)++) {
		if (*at >= path->n)
			return false;
		if (path->bit[*at] != (cap->guard >> (cap->guard_bits - 1 - i) & 1))
			return false;
	}
	return true;
}

/* Halves the table with every bit, the subpage's first. */
static bool slow_index(const struct drawing *d, const struct sketch *cap,
		       const struct trail *path, int *at, struct end *end)
{
	u32 first = 0, size = 1U << d->bits[cap->name], i;

	for (i = 0; i < cap->subpage_bits; i++) {
		size /= 2;
		if (cap->subpage >> (cap->subpage_bits - 1 - i) & 1)
			first += size;
	}
	end->end = first + size;
	while (size > 1) {
		if (*at >= path->n)
			return false;
		size /= 2;
		if (path->bit[(*at)++])
			first += size;
	}
	end->table = cap->name;
	end->index = first;
	return true;
}

static void slow_weaken(struct sketch *cap)
{
	static const u32 lost[] = {
		CAPMSG_RIGHT_WRITE, CAPMSG_RIGHT_SEND, CAPMSG_RIGHT_RECV,
		CAPMSG_RIGHT_GRANT, CAPMSG_RIGHT_DESTROY,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(lost); i++)
		cap->rights &= ~lost[i];
	cap->rights |= CAPMSG_RIGHT_WEAK;
}

/* What the address leads to once all its bits are used. */
static int slow_verdict(const struct drawing *d, const struct end *end,
			enum capmsg_lookup lookup)
{
	if (end->table < 0)
		return -ENOENT;
	if (lookup == CAPMSG_LOOKUP_SLOT)
		return 0;
	if (!sketch_void(d, &end->cap))
		return 0;
	if (end->cap.name >= 0 && d->kind[end->cap.name] == KIND_FRAME)
		return -ESTALE;
	return -ENOENT;
}

static void slow_walk(const struct drawing *d, u64 address,
		      enum capmsg_lookup lookup, struct end *end)
{
	bool weak = false;
	struct trail path;
	int at = 0;

	*end = (struct end) { .ret = -ENOENT, .cap = d->root, .table = -1 };
	if (!address)
		return;
	trail_of(address, &path);
	for (;;) {
		if (lookup == CAPMSG_LOOKUP_SLOT && at == path.n)
			break;
		if (end->cap.name < 0 || !slow_guard(&end->cap, &path, &at))
			return;
		end->vague = at == path.n && sketch_void(d, &end->cap);
		if (at == path.n)
			break;
		if (sketch_void(d, &end->cap) ||
		    d->kind[end->cap.name] != KIND_TABLE)
			return;
		weak |= end->cap.rights & CAPMSG_RIGHT_WEAK;
		end->readable = end->cap.rights & CAPMSG_RIGHT_READ;
		end->writable = end->cap.rights & CAPMSG_RIGHT_WRITE && !weak;
		if (!slow_index(d, &end->cap, &path, &at, end))
			return;
		end->cap = d->slot[end->table][end->index];
		if (weak)
			slow_weaken(&end->cap);
	}
	end->ret = slow_verdict(d, end, lookup);
}

static void make_names(struct kunit *test, struct drawing *d)
{
	static const struct capmsg_port_limits limits = { .depth = 1 };
	u32 i;

	for (i = 0; i < NAMES; i++) {
		if (i < TABLES) {
			d->kind[i] = KIND_TABLE;
			d->bits[i] = 4 + capmsg_kit_below(&d->rnd, 3);
			d->body[i] = &capmsg_kit_table(test, d->bits[i])->body;
		} else if (i & 1) {
			d->kind[i] = KIND_PORT;
			d->body[i] = &capmsg_kit_port(test, &limits)->body;
		} else {
			d->kind[i] = KIND_FRAME;
			d->body[i] = &capmsg_kit_frame(test)->port.body;
		}
		d->object[i] = capmsg_object_get(d->body[i]->object);
		d->dead[i] = false;
	}
}

/* A capability as COPY could have made it. */
static struct sketch random_sketch(struct drawing *d)
{
	struct sketch cap = { .name = -1 };

	if (!capmsg_kit_below(&d->rnd, 5))
		return cap;
	cap.name = capmsg_kit_below(&d->rnd, 3) ?
		   capmsg_kit_below(&d->rnd, TABLES) :
		   capmsg_kit_below(&d->rnd, NAMES);
	cap.rights = capmsg_kit_below(&d->rnd, 0x40);
	if (!capmsg_kit_below(&d->rnd, 8))
		cap.rights |= CAPMSG_RIGHT_WEAK;
	if (capmsg_kit_below(&d->rnd, 2))
		cap.guard_bits = capmsg_kit_below(&d->rnd, 4);
	else if (!capmsg_kit_below(&d->rnd, 16))
		cap.guard_bits = capmsg_kit_below(&d->rnd, 63);
	cap.guard = capmsg_kit_u64(&d->rnd) & (BIT_ULL(cap.guard_bits) - 1);
	if (d->kind[cap.name] == KIND_TABLE && capmsg_kit_below(&d->rnd, 2)) {
		cap.subpage_bits = capmsg_kit_below(&d->rnd, d->bits[cap.name]);
		cap.subpage = capmsg_kit_below(&d->rnd, 1U << cap.subpage_bits);
	}
	if (d->kind[cap.name] == KIND_FRAME)
		cap.over = capmsg_kit_below(&d->rnd, 2);
	cap.badge = cap.over ? ~0ULL : 0;	/* epochs begin at 0 */
	return cap;
}

static struct capmsg_cap real_cap(const struct drawing *d,
				  const struct sketch *cap)
{
	return (struct capmsg_cap) {
		.object		= capmsg_object_name(d->object[cap->name]),
		.badge		= cap->badge,
		.guard		= cap->guard,
		.rights		= cap->rights,
		.subpage	= cap->subpage,
		.guard_bits	= cap->guard_bits,
		.subpage_bits	= cap->subpage_bits,
	};
}

static void draw(struct kunit *test, struct drawing *d)
{
	struct capmsg_cappage *table;
	u32 i, slot;

	make_names(test, d);
	for (i = 0; i < TABLES; i++) {
		table = capmsg_cappage_of(d->body[i]);
		for (slot = 0; slot < 1U << d->bits[i]; slot++) {
			d->slot[i][slot] = random_sketch(d);
			if (d->slot[i][slot].name >= 0)
				capmsg_kit_put(test, table, slot,
					       real_cap(d, &d->slot[i][slot]));
		}
	}
	d->root = (struct sketch) { .name = 0, .rights = 0x3f };
	if (!capmsg_kit_below(&d->rnd, 4)) {
		d->root = random_sketch(d);
		d->root.name = 0;
		d->root.over = false;
		d->root.subpage = 0;
		d->root.subpage_bits = 0;
	}
}

/* A call whose right was dropped is over for whoever else names it. */
static void hang_up(struct drawing *d, int name)
{
	u32 i, slot;

	for (i = 0; i < TABLES; i++) {
		for (slot = 0; slot < 1U << d->bits[i]; slot++) {
			if (d->slot[i][slot].name == name)
				d->slot[i][slot].over = true;
		}
	}
}

/* A table drops what is in it. */
static void hang_up_all(struct drawing *d, u32 table)
{
	u32 slot;
	int name;

	for (slot = 0; slot < 1U << d->bits[table]; slot++) {
		name = d->slot[table][slot].name;
		if (name >= 0 && d->kind[name] == KIND_FRAME &&
		    !d->slot[table][slot].over)
			hang_up(d, name);
	}
}

/* Some die after they were named. */
static void kill_some(struct drawing *d)
{
	u32 i;

	for (i = 1; i < NAMES; i++) {
		if (capmsg_kit_below(&d->rnd, 6))
			continue;
		d->dead[i] = true;
		capmsg_object_kill(d->object[i]);
		if (d->kind[i] == KIND_TABLE)
			hang_up_all(d, i);
	}
}

static void end_drawing(struct drawing *d)
{
	u32 i;

	for (i = 0; i < NAMES; i++) {
		capmsg_object_kill(d->object[i]);
		capmsg_object_put(d->object[i]);
	}
}

static void put_bits(struct trail *path, u64 bits, u32 n)
{
	u32 i;

	for (i = 0; i < n && path->n < 63; i++)
		path->bit[path->n++] = bits >> (n - 1 - i) & 1;
}

/* An address that leads somewhere, or would but for a bit. */
static u64 derived_address(struct drawing *d)
{
	struct trail path = { .n = 0 };
	struct sketch cap = d->root;
	u32 bits, index, hops;

	for (hops = capmsg_kit_below(&d->rnd, 6); ; hops--) {
		put_bits(&path, cap.guard, cap.guard_bits);
		if (!hops || cap.name < 0 || d->kind[cap.name] != KIND_TABLE)
			break;
		bits = d->bits[cap.name] - cap.subpage_bits;
		index = capmsg_kit_below(&d->rnd, 1U << bits);
		put_bits(&path, index, bits);
		cap = d->slot[cap.name][(cap.subpage << bits) + index];
		if (hops == 1 && capmsg_kit_below(&d->rnd, 2))
			break;
	}
	if (path.n && !capmsg_kit_below(&d->rnd, 6))
		path.bit[capmsg_kit_below(&d->rnd, path.n)] ^= 1;
	if (path.n && !capmsg_kit_below(&d->rnd, 8))
		path.n--;
	if (!capmsg_kit_below(&d->rnd, 8))
		put_bits(&path, capmsg_kit_u64(&d->rnd),
			 capmsg_kit_below(&d->rnd, 8));
	return address_of(&path);
}

static u64 any_address(struct drawing *d)
{
	u64 address = capmsg_kit_u64(&d->rnd);

	switch (capmsg_kit_below(&d->rnd, 8)) {
	case 0:
		return address;
	case 1:
		return address << capmsg_kit_below(&d->rnd, 64);
	default:
		return derived_address(d);
	}
}

static bool same_cap(const struct drawing *d, const struct sketch *slow,
		     const struct capmsg_cap *fast)
{
	if (sketch_void(d, slow))
		return capmsg_cap_void_rcu(fast);
	return !capmsg_cap_void_rcu(fast) &&
	       fast->object == d->object[slow->name] &&
	       fast->rights == slow->rights && fast->badge == slow->badge &&
	       fast->guard == slow->guard &&
	       fast->guard_bits == slow->guard_bits &&
	       fast->subpage == slow->subpage &&
	       fast->subpage_bits == slow->subpage_bits;
}

static bool same_place(const struct drawing *d, const struct end *slow,
		       const struct capmsg_place *fast,
		       const struct capmsg_cap *cap)
{
	return &fast->table->body == d->body[slow->table] &&
	       fast->index == slow->index && fast->end == slow->end &&
	       !!(fast->rights & CAPMSG_RIGHT_READ) == slow->readable &&
	       !!(fast->rights & CAPMSG_RIGHT_WRITE) == slow->writable &&
	       same_cap(d, &slow->cap, cap);
}

static void compare(struct kunit *test, struct drawing *d, u64 address,
		    enum capmsg_lookup lookup)
{
	struct capmsg_cap root = real_cap(d, &d->root);
	const struct capmsg_view view = { .root = &root };
	struct capmsg_place place;
	struct capmsg_cap cap;
	bool same = true;
	struct end end;
	int ret;

	slow_walk(d, address, lookup, &end);
	rcu_read_lock();
	ret = capmsg_walk_rcu(&view, address, lookup, &cap, &place);
	if (!ret && !end.ret)
		same = same_place(d, &end, &place, &cap);
	rcu_read_unlock();
	capmsg_object_unname(root.object);
	/* Nobody has to know if such a slot was swept before. */
	if (end.vague && lookup == CAPMSG_LOOKUP_SLOT)
		return;
	d->found[lookup] += !ret;
	KUNIT_EXPECT_EQ_MSG(test, ret, end.ret,
			    "seed %#llx address %#llx lookup %d", d->seed,
			    address, lookup);
	KUNIT_EXPECT_TRUE_MSG(test, same, "seed %#llx address %#llx lookup %d",
			      d->seed, address, lookup);
}

#define TREES		1500
#define ADDRESSES	40

static void try_tree(struct kunit *test, struct drawing *d, u64 seed)
{
	u64 address;
	u32 i;

	d->seed = seed;
	prandom_seed_state(&d->rnd, seed);
	draw(test, d);
	for (i = 0; i < ADDRESSES; i++) {
		if (i == ADDRESSES / 2)
			kill_some(d);
		address = any_address(d);
		/* Slots first: what is looked at as an object may be cleared. */
		compare(test, d, address, CAPMSG_LOOKUP_SLOT);
		compare(test, d, address, CAPMSG_LOOKUP_OBJECT);
	}
	end_drawing(d);
}

static void try_trees(struct kunit *test, u64 seed, u64 step)
{
	struct drawing *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, d);
	for (i = 0; i < TREES; i++, seed += step) {
		try_tree(test, d, seed);
		if (i % 64 == 0)
			rcu_barrier();
	}
	/* If most walks led nowhere this would prove little. */
	KUNIT_EXPECT_GT(test, d->found[CAPMSG_LOOKUP_OBJECT],
			TREES * ADDRESSES / 20);
	KUNIT_EXPECT_GT(test, d->found[CAPMSG_LOOKUP_SLOT],
			TREES * ADDRESSES / 10);
}

static void trees_of_known_seeds(struct kunit *test)
{
	try_trees(test, 1, 1);
}

static void trees_of_fresh_seeds(struct kunit *test)
{
	try_trees(test, get_random_u64(), 0x9e3779b97f4a7c15ULL);
}

static struct kunit_case walk_cases[] = {
	KUNIT_CASE_SLOW(trees_of_known_seeds),
	KUNIT_CASE_SLOW(trees_of_fresh_seeds),
	{ }
};

static struct kunit_suite walk_suite = {
	.name		= "capmsg_cappage_walk",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= walk_cases,
};

kunit_test_suite(walk_suite);
