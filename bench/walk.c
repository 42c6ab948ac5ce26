// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bit is set in a notification at the end of an address: little else but the walk
 * there. All cappages on the way have 2^8 slots, the next one is in SLOT of each; the
 * last one may be played by a process. What that is asked, and what it answers, are
 * two system calls more, one of each process.
 */
#include <linux/capmsg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "space.h"

#define SLOT	3
#define BITS	8
/* Of the handler. */
#define PORT	CAPMSG_ADDRESS(1, 8)
#define VIRTUAL	CAPMSG_ADDRESS(2, 8)
#define NOTE	CAPMSG_ADDRESS(4, 8)

static int server = -1, client = -1, exported = -1;

/* Through so many cappages, the root included. */
static uint64_t address(unsigned int hops)
{
	uint64_t bits = 0;
	unsigned int i;

	for (i = 0; i < hops; i++)
		bits = bits << BITS | SLOT;
	return CAPMSG_ADDRESS(bits, hops * BITS);
}

static void create_notification(int fd, uint64_t to)
{
	struct capmsg_create_notification note = {
		.size = sizeof(note), .to = to,
	};

	must(ioctl(fd, CAPMSG_IOC_CREATE_NOTIFICATION, &note),
	     "CREATE_NOTIFICATION");
}

static void prepare(const struct load *load)
{
	struct capmsg_create_port port = {
		.size = sizeof(port), .flags = CAPMSG_PORT_HANDLER, .to = PORT,
		.depth = 1,
	};
	struct capmsg_create_virtual virtual = {
		.size = sizeof(virtual), .to = VIRTUAL, .handler = PORT,
		.kind = CAPMSG_TYPE_CAPPAGE, .bits = BITS,
		.cache_bits = load->player == CACHED ? 4 : 0,
	};
	struct capmsg_export export = {
		.size = sizeof(export), .from = VIRTUAL,
		.rights = CAPMSG_RIGHT_READ,
	};

	if (load->player == NOBODY)
		return;
	server = space_new();
	must(ioctl(server, CAPMSG_IOC_CREATE_PORT, &port), "CREATE_PORT");
	must(ioctl(server, CAPMSG_IOC_CREATE_VIRTUAL, &virtual),
	     "CREATE_VIRTUAL");
	must(ioctl(server, CAPMSG_IOC_EXPORT, &export), "EXPORT");
	exported = export.out_fd;
	create_notification(server, NOTE);
}

/*
 * Says to all that the notification is there. It has declared itself, as handlers in
 * the library do: so it is looked whether anybody waits in a circle.
 */
static void serve(const struct load *load)
{
	struct capmsg_resolution answer = {
		.size = sizeof(answer), .result = CAPMSG_RESULT_VALUE, .bits = BITS,
		.flags = load->player == CACHED ? CAPMSG_RESOLUTION_CACHE : 0,
	};
	struct capmsg_item item = {
		.address = NOTE, .rights = CAPMSG_RIGHT_SEND,
	};
	struct capmsg_upcall upcall;
	struct capmsg_record record = {
		.data = (uintptr_t)&upcall, .data_size = sizeof(upcall),
	};
	struct capmsg_recv first = {
		.size = sizeof(first), .flags = CAPMSG_RECV_DECLARE,
		.port = PORT, .records = (uintptr_t)&record, .n_records = 1,
	};
	struct capmsg_reply_recv loop = {
		.size = sizeof(loop), .flags = CAPMSG_REPLY_POST, .to = PORT,
		.data = (uintptr_t)&answer,
		.length = sizeof(answer), .items = (uintptr_t)&item,
		.n_items = 1, .port = PORT,
		.records = (uintptr_t)&record, .n_records = 1,
	};

	if (load->player == NOBODY) {
		pause();
		return;
	}
	must(ioctl(server, CAPMSG_IOC_RECV, &first), "RECV");
	for (;;) {
		loop.post = record.out_post;
		loop.seq = record.out_seq;
		must(ioctl(server, CAPMSG_IOC_REPLY_RECV, &loop), "REPLY_RECV");
	}
}

static void begin(const struct load *load, pid_t child)
{
	struct capmsg_create_cappage table = {
		.size = sizeof(table), .bits = BITS,
	};
	unsigned int real = load->hops - (load->player != NOBODY), i;

	(void)child;
	client = space_new();
	for (i = 1; i < real; i++) {
		table.to = address(i);
		must(ioctl(client, CAPMSG_IOC_CREATE_CAPPAGE, &table),
		     "CREATE_CAPPAGE");
	}
	if (load->player == NOBODY)
		create_notification(client, address(load->hops));
	else
		space_import(client, address(load->hops - 1), exported);
}

/* A walk that leads nowhere fails. */
static uint64_t call(const struct load *load)
{
	struct capmsg_signal signal = {
		.size = sizeof(signal), .notification = address(load->hops),
		.bits = 1,
	};

	must(ioctl(client, CAPMSG_IOC_SIGNAL, &signal), "SIGNAL");
	return 1;
}

static void end(void)
{
	close(exported);
	close(client);
	close(server);
}

const struct mechanism mechanism_walk = {
	.name = "capmsg", .families = WALKS, .repeats = REPEATS,
	.pooled = true, .prepare = prepare,
	.serve = serve, .begin = begin, .call = call, .end = end,
};
