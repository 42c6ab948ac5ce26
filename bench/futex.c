// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared memory for the bytes, and a futex in each direction. Nobody spins: both
 * processes share a CPU.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared.h"

static struct shared *shared;

static void prepare(const struct load *load)
{
	shared = shared_new(load);
}

static void signal_to(uint32_t *word)
{
	__atomic_add_fetch(word, 1, __ATOMIC_RELEASE);
	must(syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0),
	     "FUTEX_WAKE");
}

/* EAGAIN and EINTR are seen in the word. */
static void wait_for(uint32_t *word, uint32_t old)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == old)
		syscall(SYS_futex, word, FUTEX_WAIT, old, NULL, NULL, 0);
}

static void serve(const struct load *load)
{
	char *data = memory(load->bytes * load->burst);
	uint32_t n;

	for (n = 0;; n++) {
		wait_for(&shared->to_server, n);
		shared_take(shared, load, data);
		signal_to(&shared->to_client);
	}
}

static uint64_t call(const struct load *load)
{
	uint32_t answers = shared->to_client;

	shared_put(shared, load);
	signal_to(&shared->to_server);
	wait_for(&shared->to_client, answers);
	return shared->answer;
}

static void end(void)
{
}

const struct mechanism mechanism_futex = {
	.name = "futex", .families = RTT | STREAM, .repeats = REPEATS,
	.prepare = prepare, .serve = serve, .call = call,
	.end = end,
};
