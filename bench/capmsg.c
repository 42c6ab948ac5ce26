// SPDX-License-Identifier: GPL-2.0-only
/*
 * CALL on one side, REPLY_RECV on the other: two system calls a round trip.
 * Requests above CAPMSG_INLINE_MAX bytes arrive in a registered region.
 */
#include <fcntl.h>
#include <linux/capmsg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define PORT	CAPMSG_ADDRESS(1, 8)
#define REGION	CAPMSG_ADDRESS(2, 8)

static int server = -1, client = -1, exported = -1;

static int space(void)
{
	struct capmsg_setup setup = { .size = sizeof(setup) };
	int fd = must(open("/dev/capmsg", O_RDWR | O_CLOEXEC), "/dev/capmsg");

	must(ioctl(fd, CAPMSG_IOC_SETUP, &setup), "SETUP");
	return fd;
}

static void prepare(size_t bytes)
{
	struct capmsg_create_port port = {
		.size = sizeof(port), .to = PORT, .depth = 1,
	};
	struct capmsg_export export = {
		.size = sizeof(export), .from = PORT,
		.rights = CAPMSG_RIGHT_SEND,
	};

	(void)bytes;
	server = space();
	must(ioctl(server, CAPMSG_IOC_CREATE_PORT, &port), "CREATE_PORT");
	must(ioctl(server, CAPMSG_IOC_EXPORT, &export), "EXPORT");
	exported = export.out_fd;
}

static void post_region(size_t bytes)
{
	size_t length = (bytes + 4095) & ~4095ul;
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct capmsg_register region = {
		.size = sizeof(region), .to = REGION,
		.address = (uintptr_t)memory, .length = length,
	};
	struct capmsg_post post = {
		.size = sizeof(post), .port = PORT, .region = REGION,
		.length = length, .post = 0,
	};

	must(ioctl(server, CAPMSG_IOC_REGISTER, &region), "REGISTER");
	must(ioctl(server, CAPMSG_IOC_POST, &post), "POST");
}

static void serve(size_t bytes)
{
	char data[CAPMSG_INLINE_MAX], answer[ANSWER_SIZE] = "answer";
	uint32_t again = 0;
	struct capmsg_record record = {
		.data = (uintptr_t)data, .data_size = sizeof(data),
	};
	struct capmsg_reply_recv loop = {
		.size = sizeof(loop), .flags = CAPMSG_REPLY_NONE,
		.to = PORT, .data = (uintptr_t)answer,
		.length = sizeof(answer), .port = PORT,
		.records = (uintptr_t)&record, .n_records = 1,
		.reposts = (uintptr_t)&again,
	};

	if (bytes > CAPMSG_INLINE_MAX)
		post_region(bytes);
	for (;;) {
		must(ioctl(server, CAPMSG_IOC_REPLY_RECV, &loop), "REPLY_RECV");
		loop.flags = CAPMSG_REPLY_POST;
		loop.post = record.out_post;
		loop.seq = record.out_seq;
		loop.n_reposts = bytes > CAPMSG_INLINE_MAX;
	}
}

static void begin(size_t bytes)
{
	struct capmsg_import import = {
		.size = sizeof(import), .to = PORT, .fd = exported,
	};

	(void)bytes;
	client = space();
	must(ioctl(client, CAPMSG_IOC_IMPORT, &import), "IMPORT");
}

static void call(size_t bytes)
{
	char answer[ANSWER_SIZE];
	struct capmsg_call call = {
		.size = sizeof(call), .to = PORT,
		.data = (uintptr_t)request, .length = bytes,
		.reply_data = (uintptr_t)answer, .reply_size = sizeof(answer),
	};

	must(ioctl(client, CAPMSG_IOC_CALL, &call), "CALL");
}

static void end(void)
{
	close(exported);
	close(client);
	close(server);
}

const struct mechanism mechanism_capmsg = {
	.name = "capmsg", .repeats = 1, .prepare = prepare, .serve = serve,
	.begin = begin, .call = call, .end = end,
};
