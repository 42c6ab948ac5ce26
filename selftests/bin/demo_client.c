// SPDX-License-Identifier: GPL-2.0-only
/*
 * demo_client SOCKET FILE...: takes a capability from who listens at SOCKET, and
 * uses it: sends a short message, the files, and a capability, and calls.
 */
#include <fcntl.h>
#include <libgen.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "demo.h"

/* Slots of the root cappage. */
#define SERVER	CAPMSG_ADDRESS(0x10, 8)
#define MINE	CAPMSG_ADDRESS(0x11, 8)

static int connect_to(const char *path)
{
	struct sockaddr_un address;
	int fd = demo_socket(path, &address), err = -ENOENT;

	/* The server may not be there yet. */
	for (int i = 0; i < 100 && err; i++) {
		err = connect(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
		if (err)
			usleep(50000);
	}
	must(err, path);
	return fd;
}

static void say_hello(int space)
{
	struct capmsg_send send = {
		.to = SERVER, .data = (uintptr_t)"hello", .length = 5,
		.deadline = SECONDS(10),
	};

	must(capmsg_send(space, &send), "sending hello");
	printf("client[%d]: sent 5 bytes\n", (int)getpid());
}

/* Header and file are two pieces of one message; nobody copies them together. */
static void send_file(int space, char *path)
{
	struct demo_file header = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;
	struct capmsg_iovec pieces[2] = {
		{ .base = (uintptr_t)&header, .length = sizeof(header) },
	};
	struct capmsg_send send = {
		.to = SERVER, .data = (uintptr_t)pieces, .n_iov = 2,
		.deadline = SECONDS(60),
	};

	must(fd < 0 || fstat(fd, &st) ? -errno : 0, path);
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	must(data == MAP_FAILED ? -errno : 0, path);
	snprintf(header.name, sizeof(header.name), "%s", basename(path));
	pieces[1].base = (uintptr_t)data;
	pieces[1].length = (uint64_t)st.st_size;
	must(capmsg_send(space, &send), "sending a file");
	printf("client[%d]: sent %s, %lld bytes, in one message\n", (int)getpid(),
	       header.name, (long long)st.st_size);
	munmap(data, (size_t)st.st_size);
	close(fd);
}

/* Sends the capability of a port of its own, and receives what comes back. */
static void send_capability(int space)
{
	static const char text[] = "here is a port of mine";
	struct capmsg_create_port port = { .to = MINE, .depth = 1 };
	struct capmsg_item item = { .address = MINE, .rights = CAPMSG_RIGHT_SEND };
	struct capmsg_send send = {
		.to = SERVER, .data = (uintptr_t)text, .length = sizeof(text) - 1,
		.items = (uintptr_t)&item, .n_items = 1, .deadline = SECONDS(10),
	};
	char bytes[CAPMSG_INLINE_MAX];
	struct capmsg_record record = {
		.data = (uintptr_t)bytes, .data_size = sizeof(bytes),
	};
	struct capmsg_recv recv = {
		.port = MINE, .records = (uintptr_t)&record, .n_records = 1,
	};

	must(capmsg_create_port(space, &port), "creating a port");
	must(capmsg_send(space, &send), "sending a capability");
	printf("client[%d]: sent a message with a capability for my port\n", (int)getpid());
	recv.deadline = SECONDS(10);
	must(capmsg_recv(space, &recv), "receiving");
	printf("client[%d]: at my port: '%.*s'\n", (int)getpid(), (int)record.out_length,
	       bytes);
}

static void call(int space, const char *text)
{
	char answer[CAPMSG_INLINE_MAX];
	struct capmsg_call call = {
		.to = SERVER, .data = (uintptr_t)text, .length = strlen(text),
		.deadline = SECONDS(10),
		.reply_data = (uintptr_t)answer, .reply_size = sizeof(answer),
	};

	must(capmsg_call(space, &call), "calling");
	printf("client[%d]: called with '%s', the answer is '%.*s'\n", (int)getpid(), text,
	       (int)call.out_length, answer);
}

int main(int argc, char **argv)
{
	int space, socket, fd;

	if (argc < 2) {
		fprintf(stderr, "usage: demo_client SOCKET FILE...\n");
		return 64;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	space = must(capmsg_open(), "opening the device");
	must(capmsg_setup(space, NULL), "setting the space up");
	socket = connect_to(argv[1]);
	fd = must(take_fd(socket), "taking the capability");
	must(capmsg_import(space, SERVER, fd), "importing it");
	close(fd);
	close(socket);
	printf("client[%d]: the server's port is at /10\n", (int)getpid());

	say_hello(space);
	for (int i = 2; i < argc; i++)
		send_file(space, argv[i]);
	send_capability(space);
	call(space, "how many?");
	call(space, "stop");
	return 0;
}
