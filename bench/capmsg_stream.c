// SPDX-License-Identifier: GPL-2.0-only
/*
 * A burst of SEND, of which the last one is a CALL; the server receives as many at
 * once as there are. The port has a post for each of them, and no shares: these two
 * trust each other.
 */
#include <linux/capmsg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "control.h"
#include "space.h"

#define PORT	CAPMSG_ADDRESS(1, 8)
#define REGION	CAPMSG_ADDRESS(2, 8)

static int server = -1, client = -1, exported = -1;
/* The server's: what it has received, and which posts it has yet to post again. */
static char data[BURST_MAX][CAPMSG_INLINE_MAX];
static struct capmsg_record records[BURST_MAX];
static uint32_t again[BURST_MAX];
static char *landed;

static void prepare(const struct load *load)
{
	struct capmsg_create_port port = {
		.size = sizeof(port), .to = PORT, .depth = load->burst,
		.flags = CAPMSG_PORT_NO_SHARES,
	};

	server = space_new();
	must(ioctl(server, CAPMSG_IOC_CREATE_PORT, &port), "CREATE_PORT");
	exported = space_export(server, PORT);
}

static uint64_t answer_to(const struct load *load,
			  const struct capmsg_record *record)
{
	const char *bytes = record->out_flags & CAPMSG_RECORD_INLINE ?
		(char *)(uintptr_t)record->data :
		landed + record->out_post * space_post_size(load->bytes);

	return control_answer(bytes, load->bytes, 0);
}

/* Sums up what came, and says which of the posts are to be posted again. */
static uint64_t take(const struct load *load, struct capmsg_reply_recv *loop)
{
	uint64_t sum = 0;
	uint32_t i;

	loop->flags = CAPMSG_REPLY_NONE;
	loop->n_reposts = 0;
	for (i = 0; i < loop->out_n; i++) {
		sum += answer_to(load, &records[i]);
		if (landed)
			again[loop->n_reposts++] = records[i].out_post;
		if (!(records[i].out_flags & CAPMSG_RECORD_REPLY))
			continue;
		loop->flags = CAPMSG_REPLY_POST;
		loop->post = records[i].out_post;
		loop->seq = records[i].out_seq;
	}
	return sum;
}

static void serve(const struct load *load)
{
	uint64_t sum = 0, answer;
	struct capmsg_reply_recv loop = {
		.size = sizeof(loop), .flags = CAPMSG_REPLY_NONE,
		.to = PORT, .data = (uintptr_t)&answer, .length = sizeof(answer),
		.port = PORT, .records = (uintptr_t)records,
		.n_records = load->burst, .reposts = (uintptr_t)again,
	};
	unsigned int i;

	for (i = 0; i < load->burst; i++) {
		records[i].data = (uintptr_t)data[i];
		records[i].data_size = CAPMSG_INLINE_MAX;
	}
	if (load->bytes > CAPMSG_INLINE_MAX)
		landed = space_posts(server, PORT, REGION, load->burst,
				     load->bytes);
	for (;;) {
		must(ioctl(server, CAPMSG_IOC_REPLY_RECV, &loop), "REPLY_RECV");
		sum += take(load, &loop);
		if (loop.flags != CAPMSG_REPLY_POST)
			continue;
		answer = sum;
		sum = 0;
	}
}

static void begin(const struct load *load, pid_t child)
{
	(void)load;
	(void)child;
	client = space_new();
	space_import(client, PORT, exported);
}

static uint64_t call(const struct load *load)
{
	uint64_t answer;
	struct capmsg_send send = {
		.size = sizeof(send), .to = PORT,
		.data = (uintptr_t)request, .length = load->bytes,
	};
	struct capmsg_call last = {
		.size = sizeof(last), .to = PORT,
		.data = (uintptr_t)request, .length = load->bytes,
		.reply_data = (uintptr_t)&answer, .reply_size = sizeof(answer),
	};
	unsigned int i;

	for (i = 1; i < load->burst; i++)
		must(ioctl(client, CAPMSG_IOC_SEND, &send), "SEND");
	must(ioctl(client, CAPMSG_IOC_CALL, &last), "CALL");
	return answer;
}

static void end(void)
{
	close(exported);
	close(client);
	close(server);
}

const struct mechanism mechanism_capmsg_stream = {
	.name = "capmsg", .families = STREAM, .repeats = 4,
	.prepare = prepare, .serve = serve, .begin = begin, .call = call,
	.end = end,
};
