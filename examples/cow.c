// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * cow NAME COMMAND... - a table that a command can change without changing it
 *
 * Takes the table that it has inherited as NAME, and has COMMAND inherit a view of it
 * in its place. What nobody has written through the view is that of the table, also if
 * its owner changes it meanwhile. Before a slot is written what is in it is copied
 * into a table of our own, and there it is written. When COMMAND ends, all that
 * it has changed is gone.
 *
 * Tables in the table are those of the original: a view of them is another cow.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "example.h"

#define ORIGINAL	SLOT(2)
#define COPIES		SLOT(3)
#define VIEW		SLOT(4)

static bool copied[1 << CAPMSG_BITS_MAX];
static unsigned int bits;	/* log2 of the slots of all three */

static int copy(int space, unsigned int slot)
{
	struct capmsg_copy copy = {
		.from = capmsg_address_append(ORIGINAL, slot, bits),
		.to = capmsg_address_append(COPIES, slot, bits),
		.rights = CAPMSG_RIGHTS_ALL,
	};
	int ret = capmsg_copy(space, &copy);

	/* What is void, or has died, is void in the copy. */
	if (ret && ret != -ENOENT)
		return ret;
	copied[slot] = true;
	return 0;
}

static int on_index(struct capmsg_request *request, const struct capmsg_upcall *upcall,
		    void *arg)
{
	const int *space = arg;
	unsigned int slot, taken;

	if (capmsg_upcall_slot(upcall, bits, &slot, &taken))
		return capmsg_answer_error(request, ENOENT);
	if (upcall->flags & CAPMSG_UPCALL_SLOT && !copied[slot] && copy(*space, slot))
		return capmsg_answer_error(request, EACCES);
	return capmsg_answer_slot(request, taken, copied[slot] ? COPIES : ORIGINAL, slot);
}

int main(int argc, char **argv)
{
	static const struct capmsg_handler_ops ops = {
		.size = sizeof(ops), .index = on_index,
	};
	struct capmsg_stat stat;
	int space, file;

	if (argc < 3)
		errx(64, "usage: cow NAME COMMAND...");
	space = open_space();
	file = must(capmsg_inherited_fd(argv[1]), argv[1]);
	must(capmsg_import(space, ORIGINAL, file), argv[1]);
	close(file);
	must(capmsg_stat(space, ORIGINAL, &stat), argv[1]);
	bits = stat.out_bits - stat.out_subpage_bits;
	must(capmsg_create_cappage(space, COPIES, bits), "creating the table of copies");
	must(create_virtual(space, VIEW, 0, CAPMSG_TYPE_CAPPAGE, bits), "creating the view");
	must(capmsg_export(space, VIEW, CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE, &file),
	     "exporting the view");
	play(space, &ops);
	return reap(start(argv + 2, argv[1], file, -1));
}
