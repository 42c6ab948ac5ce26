// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pair of AF_UNIX sockets that keep message boundaries.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

static int pair[2] = { -1, -1 };

static void prepare(const struct load *load)
{
	int room = 4 * load->bytes + 65536;

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair),
	     "socketpair");
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

static void serve(const struct load *load)
{
	char *data = malloc(load->bytes), answer[ANSWER_SIZE] = "answer";

	for (;;) {
		must(recv(pair[1], data, load->bytes, 0), "recv");
		must(send(pair[1], answer, sizeof(answer), 0), "send");
	}
}

static void begin(const struct load *load)
{
	(void)load;
}

static void call(const struct load *load)
{
	char answer[ANSWER_SIZE];

	must(send(pair[0], request, load->bytes, 0), "send");
	must(recv(pair[0], answer, sizeof(answer), 0), "recv");
}

static void end(void)
{
	close(pair[0]);
	close(pair[1]);
}

const struct mechanism mechanism_seqpacket = {
	.name = "seqpacket", .families = RTT, .repeats = 5, .prepare = prepare,
	.serve = serve, .begin = begin, .call = call, .end = end,
};
