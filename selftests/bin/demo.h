/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What demo_server and demo_client agree on, and how a capability gets from one
 * to the other: exported as a file, the file passed over a UNIX socket.
 */
#ifndef DEMO_H
#define DEMO_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <capmsg.h>

#define SECONDS(n) capmsg_deadline_in((n) * 1000000000ULL)

/* A file is sent as one message: this header, then its bytes. */
struct demo_file {
	char name[64];
};

/* Ends the program if @result is an error, else returns it. */
static inline int must(int result, const char *what)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "%d: %s: %s\n", (int)getpid(), what, capmsg_strerror(result));
	exit(1);
}

static inline int demo_socket(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

union demo_control {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static inline int pass_fd(int socket, int fd)
{
	union demo_control control = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1 ? 0 : -errno;
}

static inline int take_fd(int socket)
{
	union demo_control control = { 0 };
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	int fd;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return -EBADF;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

#endif /* DEMO_H */
