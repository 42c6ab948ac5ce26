// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client writes into the server's memory, any of which it could write to, and
 * rings an eventfd. The answer is the count of another one.
 */
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench.h"
#include "control.h"

static int to_server = -1, to_client = -1;
static pid_t peer;
/* At the same address in both. */
static char *landing;
static struct iovec out[BURST_MAX], in;

static const char *missing(const struct load *load)
{
	char byte = 0;
	struct iovec own = { &byte, 1 };

	(void)load;
	return process_vm_writev(getpid(), &own, 1, &own, 1, 0) < 0 ?
		"the kernel has no process_vm_writev" : NULL;
}

static void prepare(const struct load *load)
{
	unsigned int i;

	to_server = must(eventfd(0, EFD_CLOEXEC), "eventfd");
	to_client = must(eventfd(0, EFD_CLOEXEC), "eventfd");
	landing = memory(load->bytes * load->burst);
	in = (struct iovec){ landing, load->bytes * load->burst };
	for (i = 0; i < load->burst; i++)
		out[i] = (struct iovec){ request, load->bytes };
}

static void serve(const struct load *load)
{
	uint64_t n, answer;

	for (;;) {
		must(read(to_server, &n, sizeof(n)), "read");
		answer = control_answers(landing, load);
		must(write(to_client, &answer, sizeof(answer)), "write");
	}
}

static void begin(const struct load *load, pid_t server)
{
	(void)load;
	peer = server;
}

static uint64_t call(const struct load *load)
{
	uint64_t one = 1, answer;

	must(process_vm_writev(peer, out, load->burst, &in, 1, 0),
	     "process_vm_writev");
	must(write(to_server, &one, sizeof(one)), "write");
	must(read(to_client, &answer, sizeof(answer)), "read");
	return answer;
}

static void end(void)
{
}

const struct mechanism mechanism_process_vm = {
	.name = "process_vm", .families = RTT | STREAM, .repeats = REPEATS,
	.missing = missing, .prepare = prepare, .serve = serve, .begin = begin,
	.call = call, .end = end,
};
