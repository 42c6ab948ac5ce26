// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pair of AF_UNIX sockets that keep message boundaries, with room for a burst, which is
 * one sendmmsg() and as few recvmmsg() as can be.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "control.h"
#include "seqpacket.h"

#define QUEUE_LENGTH	"/proc/sys/net/unix/max_dgram_qlen"

static int pair[2] = { -1, -1 };
static struct mmsghdr out[BURST_MAX], in[BURST_MAX];
static struct iovec piece, pieces[BURST_MAX];

/* Ten messages are queued by default, whatever the room. */
void seqpacket_pair(int pair[2], const struct load *load)
{
	int room = load->burst * (2 * load->bytes + 8192) + 65536;
	int fd = open(QUEUE_LENGTH, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		must(write(fd, "128", 3), QUEUE_LENGTH);
		close(fd);
	}
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair),
	     "socketpair");
	if (setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

static void prepare(const struct load *load)
{
	unsigned int i;

	seqpacket_pair(pair, load);
	piece = (struct iovec){ request, load->bytes };
	for (i = 0; i < load->burst; i++) {
		out[i].msg_hdr.msg_iov = &piece;
		out[i].msg_hdr.msg_iovlen = 1;
		in[i].msg_hdr.msg_iov = &pieces[i];
		in[i].msg_hdr.msg_iovlen = 1;
	}
}

static void receive(const struct load *load, char *data)
{
	unsigned int n = 0;

	if (load->burst == 1) {
		must(recv(pair[1], data, load->bytes, 0), "recv");
		return;
	}
	while (n < load->burst)
		n += must(recvmmsg(pair[1], in + n, load->burst - n,
				   MSG_WAITFORONE, NULL), "recvmmsg");
}

static void serve(const struct load *load)
{
	char *data = memory(load->bytes * load->burst);
	uint64_t answer;
	unsigned int i;

	for (i = 0; i < load->burst; i++)
		pieces[i] = (struct iovec){ data + i * load->bytes, load->bytes };
	for (;;) {
		receive(load, data);
		answer = control_answers(data, load);
		must(send(pair[1], &answer, sizeof(answer), 0), "send");
	}
}

static uint64_t call(const struct load *load)
{
	uint64_t answer = 0;
	unsigned int n = 0;

	if (load->burst == 1)
		must(send(pair[0], request, load->bytes, 0), "send");
	else
		while (n < load->burst)
			n += must(sendmmsg(pair[0], out + n, load->burst - n, 0),
				  "sendmmsg");
	must(recv(pair[0], &answer, sizeof(answer), 0), "recv");
	return answer;
}

static void end(void)
{
}

const struct mechanism mechanism_seqpacket = {
	.name = "seqpacket", .families = RTT | STREAM, .repeats = REPEATS,
	.prepare = prepare, .serve = serve, .call = call,
	.end = end,
};
