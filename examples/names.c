// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * names DIRECTORY COMMAND... - programs that are started when they are looked up
 *
 * COMMAND inherits a table of capabilities, called `names`. Slot n of it leads to the
 * n-th program of DIRECTORY, in the order of their names. At first the table is empty.
 * When somebody wants what is in a slot its program is started, with a port to receive
 * from (inherited as `port`), and a capability to send to that port is put into the
 * slot. So the lookup goes on as if it had always been there.
 *
 * The port belongs to a space that the program alone keeps open. When the program
 * ends its port dies, the slot reads as void again, and the next lookup starts another.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "example.h"

#define BITS	8

#define KEEPER	SLOT(2)	/* the virtual table that is asked about void slots ... */
#define TABLE	SLOT(3)	/* ... of this one */

static const char *directory;

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The path of program @n, to be freed; NULL if there are fewer. */
static char *program(unsigned int n)
{
	struct dirent **entries;
	char *path = NULL;
	int count = scandir(directory, &entries, visible, alphasort);

	if (count < 0)
		return NULL;
	if (n < (unsigned int)count &&
	    asprintf(&path, "%s/%s", directory, entries[n]->d_name) < 0)
		path = NULL;
	while (count > 0)
		free(entries[--count]);
	free(entries);
	return path;
}

/* A new space with a port. Files: the space, and capabilities to send and receive. */
static int open_port(int *out_send, int *out_recv)
{
	struct capmsg_create_port port = { .to = SLOT(1), .depth = 16 };
	int theirs = capmsg_open(), ret;

	if (theirs < 0)
		return theirs;
	*out_send = *out_recv = -1;
	ret = capmsg_setup(theirs, NULL);
	if (!ret)
		ret = capmsg_create_port(theirs, &port);
	if (!ret)
		ret = capmsg_export(theirs, SLOT(1), CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_GRANT,
				    out_send);
	if (!ret)
		ret = capmsg_export(theirs, SLOT(1), CAPMSG_RIGHT_RECV, out_recv);
	if (!ret)
		return theirs;
	close(*out_send);
	close(theirs);
	return ret;
}

/*
 * The slot is filled first: if it is not void any more somebody else was asking at the
 * same time, and the program is there. What was sent to it meanwhile waits at the port.
 */
static int start_program(int space, unsigned int n, char *path)
{
	uint64_t slot = capmsg_address_append(TABLE, n, BITS);
	char *const command[] = { path, NULL };
	int theirs, send, recv, ret;

	theirs = open_port(&send, &recv);
	if (theirs < 0)
		return theirs;
	ret = capmsg_import(space, slot, send);
	if (!ret)
		start(command, "port", recv, theirs);
	close(send);
	close(recv);
	/* From here on the program alone keeps it. */
	close(theirs);
	return ret;
}

static int on_index(struct capmsg_request *request, const struct capmsg_upcall *upcall,
		    void *arg)
{
	const int *space = arg;
	unsigned int n, taken;
	char *path;
	int ret;

	if (capmsg_upcall_slot(upcall, BITS, &n, &taken))
		return capmsg_answer_error(request, ENOENT);
	path = program(n);
	if (!path)
		return capmsg_answer_error(request, ENOENT);
	ret = start_program(*space, n, path);
	if (ret && ret != -EEXIST)
		warnx("starting %s: %s", path, capmsg_strerror(ret));
	free(path);
	return ret && ret != -EEXIST ? capmsg_answer_error(request, ENOENT) :
				       capmsg_answer_retry(request);
}

int main(int argc, char **argv)
{
	static const struct capmsg_handler_ops ops = {
		.size = sizeof(ops), .index = on_index,
	};
	int space, table;

	if (argc < 3)
		errx(64, "usage: names DIRECTORY COMMAND...");
	directory = argv[1];
	space = open_space();
	must(create_virtual(space, KEEPER, 0, CAPMSG_TYPE_CAPPAGE, BITS), "creating the keeper");
	must(capmsg_create_kept_cappage(space, TABLE, BITS, KEEPER), "creating the table");
	must(capmsg_export(space, TABLE, CAPMSG_RIGHT_READ, &table), "exporting the table");
	play(space, &ops);
	return reap(start(argv + 2, "names", table, -1));
}
