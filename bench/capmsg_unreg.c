// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request goes into a buffer that the server names with the RECV, and that is no
 * region. A call cannot: its reply right would be in no post. So request and
 * answer are a SEND and a RECV each.
 */
#include <linux/capmsg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "control.h"
#include "space.h"

#define REQUESTS	CAPMSG_ADDRESS(1, 8)
#define ANSWERS		CAPMSG_ADDRESS(2, 8)

static int server = -1, client = -1;

static int space_with_port(uint64_t to)
{
	struct capmsg_create_port port = {
		.size = sizeof(port), .to = to, .depth = 1,
	};
	int space = space_new();

	must(ioctl(space, CAPMSG_IOC_CREATE_PORT, &port), "CREATE_PORT");
	return space;
}

/* To @user, a capability to the port that @owner has there. */
static void give(int owner, int user, uint64_t port)
{
	int file = space_export(owner, port);

	space_import(user, port, file);
	close(file);
}

static void prepare(const struct load *load)
{
	(void)load;
	server = space_with_port(REQUESTS);
	client = space_with_port(ANSWERS);
	give(server, client, REQUESTS);
	give(client, server, ANSWERS);
}

static void serve(const struct load *load)
{
	char *data = memory(load->bytes);
	struct capmsg_record record = { 0 };
	struct capmsg_recv recv = {
		.size = sizeof(recv), .port = REQUESTS,
		.records = (uintptr_t)&record, .n_records = 1,
		.plain = (uintptr_t)data, .plain_size = load->bytes,
	};
	uint64_t answer;
	struct capmsg_send send = {
		.size = sizeof(send), .to = ANSWERS,
		.data = (uintptr_t)&answer, .length = sizeof(answer),
	};

	for (;;) {
		must(ioctl(server, CAPMSG_IOC_RECV, &recv), "RECV");
		answer = control_answer(data, load->bytes, 0);
		must(ioctl(server, CAPMSG_IOC_SEND, &send), "SEND");
	}
}

static void begin(const struct load *load, pid_t child)
{
	(void)load;
	(void)child;
}

static uint64_t call(const struct load *load)
{
	uint64_t answer;
	struct capmsg_send send = {
		.size = sizeof(send), .to = REQUESTS,
		.data = (uintptr_t)request, .length = load->bytes,
	};
	struct capmsg_record record = {
		.data = (uintptr_t)&answer, .data_size = sizeof(answer),
	};
	struct capmsg_recv recv = {
		.size = sizeof(recv), .port = ANSWERS,
		.records = (uintptr_t)&record, .n_records = 1,
	};

	must(ioctl(client, CAPMSG_IOC_SEND, &send), "SEND");
	must(ioctl(client, CAPMSG_IOC_RECV, &recv), "RECV");
	return answer;
}

static void end(void)
{
	close(client);
	close(server);
}

const struct mechanism mechanism_capmsg_unreg = {
	.name = "capmsg", .families = UNREG, .repeats = REPEATS, .pooled = true,
	.prepare = prepare, .serve = serve, .begin = begin, .call = call,
	.end = end,
};
