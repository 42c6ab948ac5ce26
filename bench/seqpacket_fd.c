// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same sockets, and open files go along: one, or as many as the load has
 * capabilities. The server gets them and closes them.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "control.h"
#include "seqpacket.h"

#define FILES_MAX	64

static int pair[2] = { -1, -1 }, file = -1;

/* A message with room for files. */
struct parcel {
	struct msghdr header;
	struct iovec piece;
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(FILES_MAX * sizeof(int))];
	} control;
};

static unsigned int files(const struct load *load)
{
	return load->family == CAPS ? load->caps : 1;
}

static void parcel_init(struct parcel *parcel, void *data, size_t bytes,
			unsigned int n)
{
	memset(parcel, 0, sizeof(*parcel));
	parcel->piece = (struct iovec){ data, bytes };
	parcel->header.msg_iov = &parcel->piece;
	parcel->header.msg_iovlen = 1;
	if (!n)
		return;
	parcel->header.msg_control = parcel->control.room;
	parcel->header.msg_controllen = CMSG_SPACE(n * sizeof(int));
}

static void prepare(const struct load *load)
{
	seqpacket_pair(pair, load);
	file = must(open("/dev/null", O_RDWR | O_CLOEXEC), "/dev/null");
}

/* How many there were. */
static unsigned int close_files(struct msghdr *header)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(header);
	unsigned int n, i;
	int fds[FILES_MAX];

	if (!c || c->cmsg_type != SCM_RIGHTS)
		return 0;
	n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	for (i = 0; i < n; i++)
		close(fds[i]);
	return n;
}

static void serve(const struct load *load)
{
	char *data = memory(load->bytes);
	struct parcel parcel;
	uint64_t answer;

	parcel_init(&parcel, data, load->bytes, files(load));
	for (;;) {
		parcel.header.msg_controllen =
			files(load) ? CMSG_SPACE(files(load) * sizeof(int)) : 0;
		must(recvmsg(pair[1], &parcel.header, MSG_CMSG_CLOEXEC),
		     "recvmsg");
		answer = control_answer(data, load->bytes,
					close_files(&parcel.header));
		must(send(pair[1], &answer, sizeof(answer), 0), "send");
	}
}

static struct parcel parcel;

static void begin(const struct load *load, pid_t server)
{
	unsigned int n = files(load), i;
	struct cmsghdr *c;

	(void)server;
	parcel_init(&parcel, request, load->bytes, n);
	if (!n)
		return;
	c = CMSG_FIRSTHDR(&parcel.header);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	for (i = 0; i < n; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &file, sizeof(file));
}

static uint64_t call(const struct load *load)
{
	uint64_t answer = 0;

	(void)load;
	must(sendmsg(pair[0], &parcel.header, 0), "sendmsg");
	must(recv(pair[0], &answer, sizeof(answer), 0), "recv");
	return answer;
}

static void end(void)
{
}

const struct mechanism mechanism_seqpacket_fd = {
	.name = "seqpacket+fd", .families = RTT | CAPS, .repeats = REPEATS, .least = 1,
	.prepare = prepare, .serve = serve, .begin = begin, .call = call,
	.end = end,
};
