// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * membrane NAME COMMAND... - stands between a command and a table that it is given
 *
 * Takes the table that it has inherited as NAME, and has COMMAND inherit a virtual one in
 * its place. Every use of that is printed. Tables that come through become virtual
 * ones as well, so whatever COMMAND reaches from here, by whatever way, it reaches
 * through us. SIGUSR1 cuts the line: then all of it is void at once, wherever COMMAND
 * has put it, or to whom it has passed it on.
 *
 * Capabilities that are no tables come through as they are. A virtual table stands for
 * a place: for what is in that slot now. Guards are not copied.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "example.h"

#define ORIGINAL	SLOT(2)	/* what we have inherited */
#define VERSIONS	SLOT(3)	/* virtual tables, in the order in which they came */
#define VERSIONS_BITS	12

/* What version n stands for: the address of the table in our space. */
static uint64_t originals[1 << VERSIONS_BITS];
static unsigned int n_versions;

/* The address of the virtual version of the table at @original. */
static int version_of(int space, uint64_t original, unsigned int bits, uint64_t *out)
{
	unsigned int n = 0;
	int ret = 0;

	while (n < n_versions && originals[n] != original)
		n++;
	if (n == 1 << VERSIONS_BITS)
		return -EDQUOT;
	*out = capmsg_address_append(VERSIONS, n, VERSIONS_BITS);
	if (n == n_versions) {
		/* We call it by the address of what it stands for. */
		ret = create_virtual(space, *out, original, bits);
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

/* Somebody wants what is there. Tables come through as their versions. */
static int fetch(int space, struct capmsg_request *request, uint64_t there,
		 unsigned int taken)
{
	const struct capmsg_resolution value = { .result = CAPMSG_RESULT_VALUE, .bits = taken };
	uint32_t rights = CAPMSG_RIGHTS_ALL;
	struct capmsg_stat stat;
	int ret = capmsg_stat(space, there, &stat);

	say(there, ret ? "leads nowhere" : capmsg_type_name(stat.out_type));
	if (!ret && stat.out_type == CAPMSG_TYPE_CAPPAGE) {
		/* To destroy is left to who has the original. */
		rights = stat.out_rights & (CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE);
		ret = version_of(space, there, stat.out_bits - stat.out_subpage_bits, &there);
	}
	if (ret)
		return capmsg_answer_error(request, ret == -EACCES ? EACCES : ENOENT);
	return capmsg_answer_upcall(request, &value, there, rights);
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
		.size = sizeof(ops), .index = on_index, .refused = on_refused,
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
	must(version_of(space, ORIGINAL, stat.out_bits - stat.out_subpage_bits, &version), "creating a version");
	must(capmsg_export(space, version, stat.out_rights & ~CAPMSG_RIGHT_DESTROY, &file),
	     "exporting it");
	play(space, &ops);
	return watch_over(space, start(argv + 2, argv[1], file, -1), &signals);
}
