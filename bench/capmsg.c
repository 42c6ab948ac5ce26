// SPDX-License-Identifier: GPL-2.0-only
/*
 * CALL on one side, REPLY_RECV on the other: two system calls a round trip.
 * Requests above CAPMSG_INLINE_MAX bytes arrive in a registered region.
 * Capabilities land in a cappage, whose slots have to be void when they are
 * reserved again: after a call that carried some there is one to tidy up.
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
#define TABLE	CAPMSG_ADDRESS(3, 8)
#define LANDING(i)	CAPMSG_ADDRESS(0x300 | (i), 16)

/* The post that is given a region or landing slots; there may be another one. */
#define FITTED	0

static int server = -1, client = -1, exported = -1;
static char *answer;

int space_new(void)
{
	struct capmsg_setup setup = { .size = sizeof(setup) };
	int fd = must(open("/dev/capmsg", O_RDWR | O_CLOEXEC), "/dev/capmsg");

	must(ioctl(fd, CAPMSG_IOC_SETUP, &setup), "SETUP");
	return fd;
}

static size_t request_size(const struct load *load)
{
	return load->plain ? ANSWER_SIZE : load->bytes;
}

static size_t answer_size(const struct load *load)
{
	return load->plain ? load->bytes : ANSWER_SIZE;
}

static void *memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	must(memory == MAP_FAILED ? -1 : 0, "mmap");
	return memory;
}

static void prepare(const struct load *load)
{
	struct capmsg_create_port port = {
		.size = sizeof(port), .to = PORT, .depth = load->caps ? 2 : 1,
		.max_caps = CAPMSG_CAPS_MAX,
	};
	struct capmsg_export export = {
		.size = sizeof(export), .from = PORT,
		.rights = CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_GRANT,
	};

	server = space_new();
	must(ioctl(server, CAPMSG_IOC_CREATE_PORT, &port), "CREATE_PORT");
	must(ioctl(server, CAPMSG_IOC_EXPORT, &export), "EXPORT");
	exported = export.out_fd;
	answer = memory(answer_size(load));
}

static void post_region(size_t bytes)
{
	size_t length = (bytes + 4095) & ~4095ul;
	struct capmsg_register region = {
		.size = sizeof(region), .to = REGION,
		.address = (uintptr_t)memory(length), .length = length,
	};
	struct capmsg_post post = {
		.size = sizeof(post), .port = PORT, .region = REGION,
		.length = length, .post = FITTED,
	};

	must(ioctl(server, CAPMSG_IOC_REGISTER, &region), "REGISTER");
	must(ioctl(server, CAPMSG_IOC_POST, &post), "POST");
}

static void post_landing(unsigned int caps)
{
	struct capmsg_create_cappage table = {
		.size = sizeof(table), .to = TABLE,
	};
	struct capmsg_post post = {
		.size = sizeof(post), .port = PORT, .landing = LANDING(0),
		.max_caps = caps, .post = FITTED,
	};

	must(ioctl(server, CAPMSG_IOC_CREATE_CAPPAGE, &table),
	     "CREATE_CAPPAGE");
	must(ioctl(server, CAPMSG_IOC_POST, &post), "POST");
}

static void clear_landing(unsigned int caps)
{
	struct capmsg_clear clear = { .size = sizeof(clear) };
	unsigned int i;

	for (i = 0; i < caps; i++) {
		clear.slot = LANDING(i);
		must(ioctl(server, CAPMSG_IOC_CLEAR, &clear), "CLEAR");
	}
}

static void serve(const struct load *load)
{
	char data[CAPMSG_INLINE_MAX];
	uint32_t again = FITTED;
	struct capmsg_record record = {
		.data = (uintptr_t)data, .data_size = sizeof(data),
	};
	struct capmsg_reply_recv loop = {
		.size = sizeof(loop), .flags = CAPMSG_REPLY_NONE,
		.to = PORT, .data = (uintptr_t)answer,
		.length = answer_size(load), .port = PORT,
		.records = (uintptr_t)&record, .n_records = 1,
		.reposts = (uintptr_t)&again,
	};
	bool region = request_size(load) > CAPMSG_INLINE_MAX;

	if (region)
		post_region(request_size(load));
	if (load->caps)
		post_landing(load->caps);
	for (;;) {
		must(ioctl(server, CAPMSG_IOC_REPLY_RECV, &loop), "REPLY_RECV");
		loop.flags = CAPMSG_REPLY_POST;
		loop.post = record.out_post;
		loop.seq = record.out_seq;
		loop.n_reposts = region;
		if (record.out_post != FITTED) {
			clear_landing(load->caps);
			loop.n_reposts = 1;
		}
	}
}

static void begin(const struct load *load)
{
	struct capmsg_import import = {
		.size = sizeof(import), .to = PORT, .fd = exported,
	};

	(void)load;
	client = space_new();
	must(ioctl(client, CAPMSG_IOC_IMPORT, &import), "IMPORT");
}

/* Each item is the port itself, as if to be sent on to others. */
static struct capmsg_item items[CAPMSG_CAPS_MAX] = {
	[0 ... CAPMSG_CAPS_MAX - 1] = {
		.address = PORT, .rights = CAPMSG_RIGHT_SEND,
	},
};

static void call_with(const struct load *load, unsigned int caps)
{
	char room[ANSWER_SIZE];
	struct capmsg_call call = {
		.size = sizeof(call), .to = PORT,
		.data = (uintptr_t)request, .length = request_size(load),
		.items = (uintptr_t)items, .n_items = caps,
		.reply_data = (uintptr_t)(load->plain ? request : room),
		.reply_size = answer_size(load),
	};

	must(ioctl(client, CAPMSG_IOC_CALL, &call), "CALL");
}

static void call(const struct load *load)
{
	call_with(load, load->caps);
}

static void tidy(const struct load *load)
{
	if (load->caps)
		call_with(load, 0);
}

static void end(void)
{
	close(exported);
	close(client);
	close(server);
}

const struct mechanism mechanism_capmsg = {
	.name = "capmsg", .families = RTT | MESSAGES, .repeats = 1,
	.prepare = prepare, .serve = serve, .begin = begin, .call = call,
	.tidy = tidy, .end = end,
};
