// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared memory for the bytes, an eventfd in each direction: what one builds by
 * hand.
 */
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared.h"

static int to_server = -1, to_client = -1;
static struct shared *shared;

static void prepare(const struct load *load)
{
	to_server = must(eventfd(0, EFD_CLOEXEC), "eventfd");
	to_client = must(eventfd(0, EFD_CLOEXEC), "eventfd");
	shared = shared_new(load);
}

static void signal_to(int fd)
{
	uint64_t one = 1;

	must(write(fd, &one, sizeof(one)), "write");
}

static void wait_for(int fd)
{
	uint64_t n;

	must(read(fd, &n, sizeof(n)), "read");
}

static void serve(const struct load *load)
{
	char *data = memory(load->bytes * load->burst);

	for (;;) {
		wait_for(to_server);
		shared_take(shared, load, data);
		signal_to(to_client);
	}
}

static uint64_t call(const struct load *load)
{
	shared_put(shared, load);
	signal_to(to_server);
	wait_for(to_client);
	return shared->answer;
}

static void end(void)
{
}

const struct mechanism mechanism_eventfd = {
	.name = "eventfd", .families = RTT | STREAM, .repeats = REPEATS,
	.prepare = prepare, .serve = serve, .call = call,
	.end = end,
};
