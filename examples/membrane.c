// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * membrane NAME COMMAND... - stands between a command and a table that it is given
 *
 * Takes the table that it has inherited as NAME, and has COMMAND inherit a virtual one in
 * its place. What comes through becomes virtual as well, be it a table, a port or
 * anything else. So every use of it is printed, and whatever COMMAND reaches from here,
 * by whatever way, it reaches through us. SIGUSR1 cuts the line: then all of it is void
 * at once, wherever COMMAND has put it, or to whom it has passed it on.
 *
 * We look on, and carry nothing: the kernel uses the originals, which stand in. Messages
 * go straight to their receivers. A virtual object stands for a place: for what is in
 * that slot now. Guards are not copied.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "example.h"

#define ORIGINAL	SLOT(2)	/* what we have inherited */
#define VERSIONS	SLOT(3)	/* virtual objects, in the order in which they came */
#define VERSIONS_BITS	12

/* What version n stands for: its address in our space. */
static uint64_t originals[1 << VERSIONS_BITS];
static unsigned int n_versions;

/* The address of the virtual version of what is at @original. */
static int version_of(int space, uint64_t original, const struct capmsg_stat *stat,
		      uint64_t *out)
{
	unsigned int n = 0, bits = stat->out_bits - stat->out_subpage_bits;
	int ret = 0;

	while (n < n_versions && originals[n] != original)
		n++;
	if (n == 1 << VERSIONS_BITS)
		return -EDQUOT;
	*out = capmsg_address_append(VERSIONS, n, VERSIONS_BITS);
	if (n == n_versions) {
		/* We call it by the address of what it stands for. */
		ret = create_virtual(space, *out, original, stat->out_type, bits);
		if (!ret)
			originals[n_versions++] = original;
	}
	return ret;
}

static void say(uint64_t address, const char *what)
{
	char text[CAPMSG_ADDRESS_TEXT];

	if (capmsg_address_format(address, text, sizeof(text)))
		return;
	/* Below the slot where we keep it. */
	fprintf(stderr, "membrane: %s %s\n", text + 3, what);
}

/* Somebody wants what is there. It comes through as its version. */
static int fetch(int space, struct capmsg_request *request, uint64_t there,
		 unsigned int taken)
{
	const struct capmsg_resolution value = { .result = CAPMSG_RESULT_VALUE, .bits = taken };
	struct capmsg_stat stat;
	int ret = capmsg_stat(space, there, &stat);

	/* We would have to ask ourselves: one of our versions was stored there. */
	if (ret == -EDEADLK)
		return capmsg_answer_upcall(request, &value, there, CAPMSG_RIGHTS_ALL);
	say(there, ret ? "leads nowhere" : capmsg_type_name(stat.out_type));
	if (!ret)
		ret = version_of(space, there, &stat, &there);
	if (ret)
		return capmsg_answer_error(request, ret == -EACCES ? EACCES : ENOENT);
	/* To destroy is left to who has the original. */
	return capmsg_answer_upcall(request, &value, there,
				    stat.out_rights & ~CAPMSG_RIGHT_DESTROY);
}

/* Somebody wants to write there; without READ nothing can be taken out that way. */
static int store(struct capmsg_request *request, uint64_t table, uint64_t there,
		 unsigned int slot, unsigned int taken)
{
	const struct capmsg_resolution where = {
		.result = CAPMSG_RESULT_SLOT,
		.bits = taken,
		.slot = slot,
	};

	say(there, "written to");
	return capmsg_answer_upcall(request, &where, table, CAPMSG_RIGHT_WRITE);
}

static int on_index(struct capmsg_request *request, const struct capmsg_upcall *upcall,
		    void *arg)
{
	const int *space = arg;
	uint64_t table = upcall->object, there;
	unsigned int slot, taken, bits;
	struct capmsg_stat stat;

	if (capmsg_stat(*space, table, &stat) || stat.out_type != CAPMSG_TYPE_CAPPAGE)
		return capmsg_answer_error(request, ENOENT);
	bits = stat.out_bits - stat.out_subpage_bits;
	if (capmsg_upcall_slot(upcall, bits, &slot, &taken))
		return capmsg_answer_error(request, ENOENT);
	there = capmsg_address_append(table, slot, bits);
	if (upcall->flags & CAPMSG_UPCALL_SLOT)
		return store(request, table, there, slot, taken);
	return fetch(*space, request, there, taken);
}

/* Something is done with what has come through. */
static int on_invoke(struct capmsg_request *request, const struct capmsg_upcall *upcall,
		     void *arg)
{
	(void)arg;
	say(upcall->object, capmsg_command_name(upcall->command));
	return capmsg_answer_stand_in(request, upcall->object);
}

static void on_refused(const struct capmsg_upcall *upcall, int error, void *arg)
{
	(void)arg;
	say(upcall->object, capmsg_strerror(error));
}

/* Until the command ends. */
static int watch_over(int space, pid_t pid, const sigset_t *signals)
{
	int signal = 0;

	for (;;) {
		sigwait(signals, &signal);
		if (signal == SIGCHLD)
			return reap(pid);
		capmsg_destroy(space, HANDLER);
		fprintf(stderr, "membrane: the line is cut\n");
	}
}

int main(int argc, char **argv)
{
	static const struct capmsg_handler_ops ops = {
		.size = sizeof(ops), .index = on_index, .invoke = on_invoke,
		.refused = on_refused,
	};
	struct capmsg_stat stat;
	uint64_t version;
	sigset_t signals;
	int space, file;

	if (argc < 3)
		errx(64, "usage: membrane NAME COMMAND...");
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	space = open_space();
	file = must(capmsg_inherited_fd(argv[1]), argv[1]);
	must(capmsg_import(space, ORIGINAL, file), argv[1]);
	must(capmsg_stat(space, ORIGINAL, &stat), argv[1]);
	must(capmsg_create_cappage(space, VERSIONS, VERSIONS_BITS), "creating a table");
	must(version_of(space, ORIGINAL, &stat, &version), "creating a version");
	must(capmsg_export(space, version, stat.out_rights & ~CAPMSG_RIGHT_DESTROY, &file),
	     "exporting it");
	play(space, &ops);
	return watch_over(space, start(argv + 2, argv[1], file, -1), &signals);
}
