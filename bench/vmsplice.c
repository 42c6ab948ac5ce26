// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sender's pages go into a pipe, and are copied once, when they are read. The sender
 * must leave them alone until then: the answer tells that it may have them back.
 * An answer is written, into a pipe of its own.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench.h"
#include "control.h"

#define PIPE_SIZE	(1024 * 1024)

static int to_server[2] = { -1, -1 }, to_client[2] = { -1, -1 };

static void prepare(const struct load *load)
{
	(void)load;
	must(pipe2(to_server, O_CLOEXEC), "pipe");
	must(pipe2(to_client, O_CLOEXEC), "pipe");
	must(fcntl(to_server[1], F_SETPIPE_SZ, PIPE_SIZE), "F_SETPIPE_SZ");
}

static void serve(const struct load *load)
{
	control_serve(to_server[0], to_client[1], load);
}

/* What @taken bytes leave of @pieces; returns the first one with something left. */
static struct iovec *rest(struct iovec *pieces, size_t taken)
{
	while (taken && taken >= pieces->iov_len) {
		taken -= pieces->iov_len;
		pieces++;
	}
	pieces->iov_base = (char *)pieces->iov_base + taken;
	pieces->iov_len -= taken;
	return pieces;
}

static uint64_t call(const struct load *load)
{
	struct iovec pieces[BURST_MAX + 1], *first = pieces;
	struct iovec *last = pieces + load->burst;
	uint64_t answer;
	unsigned int i;

	for (i = 0; i < load->burst; i++)
		pieces[i] = (struct iovec){ request, load->bytes };
	*last = (struct iovec){ 0 };
	while (first < last)
		first = rest(first, must(vmsplice(to_server[1], first,
						  last - first, 0), "vmsplice"));
	read_all(to_client[0], &answer, sizeof(answer));
	return answer;
}

static void end(void)
{
}

const struct mechanism mechanism_vmsplice = {
	.name = "vmsplice", .families = RTT | STREAM, .repeats = REPEATS,
	.prepare = prepare, .serve = serve, .call = call,
	.end = end,
};
