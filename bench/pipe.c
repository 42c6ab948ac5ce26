// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pipe in each direction, as large as they get without a privilege. A burst is one
 * writev(), and is read with as few read() as the pipe allows: both ends know the size
 * of a message.
 */
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench.h"
#include "control.h"

#define PIPE_SIZE	(1024 * 1024)

static int to_server[2] = { -1, -1 }, to_client[2] = { -1, -1 };
static struct iovec pieces[BURST_MAX];

static void prepare(const struct load *load)
{
	unsigned int i;

	must(pipe2(to_server, O_CLOEXEC), "pipe");
	must(pipe2(to_client, O_CLOEXEC), "pipe");
	must(fcntl(to_server[1], F_SETPIPE_SZ, PIPE_SIZE), "F_SETPIPE_SZ");
	for (i = 0; i < load->burst; i++)
		pieces[i] = (struct iovec){ request, load->bytes };
}

static void serve(const struct load *load)
{
	control_serve(to_server[0], to_client[1], load);
}

static uint64_t call(const struct load *load)
{
	uint64_t answer;

	if (load->burst == 1)
		write_all(to_server[1], request, load->bytes);
	else
		must(writev(to_server[1], pieces, load->burst), "writev");
	read_all(to_client[0], &answer, sizeof(answer));
	return answer;
}

static void end(void)
{
}

const struct mechanism mechanism_pipe = {
	.name = "pipe", .families = RTT | STREAM, .repeats = REPEATS,
	.prepare = prepare, .serve = serve, .call = call,
	.end = end,
};
