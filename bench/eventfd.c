// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared memory for the bytes, an eventfd in each direction: what one builds by
 * hand. The bytes are copied in and out, as the others do.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

static int to_server = -1, to_client = -1;
static char *shared;
static size_t shared_size;

static void prepare(const struct load *load)
{
	to_server = must(eventfd(0, EFD_CLOEXEC), "eventfd");
	to_client = must(eventfd(0, EFD_CLOEXEC), "eventfd");
	shared_size = load->bytes + 4096;
	shared = mmap(NULL, shared_size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	must(shared == MAP_FAILED ? -1 : 0, "mmap");
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
	char *data = malloc(load->bytes);

	for (;;) {
		wait_for(to_server);
		memcpy(data, shared, load->bytes);
		memcpy(shared, "answer", ANSWER_SIZE - 1);
		signal_to(to_client);
	}
}

static void begin(const struct load *load)
{
	(void)load;
}

static void call(const struct load *load)
{
	char answer[ANSWER_SIZE];

	memcpy(shared, request, load->bytes);
	signal_to(to_server);
	wait_for(to_client);
	memcpy(answer, shared, ANSWER_SIZE);
}

static void end(void)
{
	close(to_server);
	close(to_client);
	munmap(shared, shared_size);
}

const struct mechanism mechanism_eventfd = {
	.name = "eventfd", .families = RTT, .repeats = 5, .prepare = prepare,
	.serve = serve, .begin = begin, .call = call, .end = end,
};
