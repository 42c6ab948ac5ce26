// SPDX-License-Identifier: GPL-2.0-only
/* What a space can see: every slot that an address of a few hops leads to. */
#include "run.h"

#define HOPS	3
#define BITS	48

struct path {
	__u64 bits;
	unsigned int depth, hops;
};

static void look(const struct world *w, const struct cap *table, struct path path,
		 struct view *view)
{
	unsigned int bits = w->tables[table->index].bits - table->subpage_bits;
	unsigned int base = table->subpage << bits, i;

	for (i = 0; i < 1U << bits && view->n < VIEW_MAX; i++) {
		const struct slot *slot = &w->tables[table->index].slots[base + i];
		struct seen *seen = &view->seen[view->n++];
		struct path next = { path.bits << bits | i, path.depth + bits, path.hops + 1 };

		*seen = (struct seen){ .cap = slot->cap, .rights = table->rights,
			.table = table->index, .index = base + i, .end = base + (1U << bits),
			.reserved = slot->reserved };
		if (table->rights & CAPMSG_RIGHT_WEAK) {
			cap_weaken(w, &seen->cap);
			seen->rights &= ~CAPMSG_RIGHT_WRITE;
		}
		seen->slot = CAPMSG_ADDRESS(next.bits, next.depth);
		seen->object = seen->slot;
		if (!slot->cap.type || next.depth + slot->cap.guard_bits > BITS)
			continue;
		next.bits = next.bits << slot->cap.guard_bits | slot->cap.guard;
		next.depth += slot->cap.guard_bits;
		seen->object = CAPMSG_ADDRESS(next.bits, next.depth);
		if (slot->cap.type == CAPMSG_TYPE_CAPPAGE && next.hops < HOPS) {
			struct cap cap = seen->cap;

			look(w, &cap, next, view);
		}
	}
}

void view_make(const struct world *w, __u8 space, struct view *view)
{
	struct cap root = { .index = w->spaces[space].root,
		.rights = CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE };

	view->n = 0;
	if (w->spaces[space].ready)
		look(w, &root, (struct path){ .bits = 0 }, view);
}
