// SPDX-License-Identifier: GPL-2.0-only
/*
 * CALL on one side, REPLY_RECV on the other: two system calls a round trip.
 * Requests above CAPMSG_INLINE_MAX bytes arrive in a registered region.
 * Capabilities land in a cappage, whose slots have to be void when they are
 * reserved again: after a call that carried some there is one to tidy up.
 */
#include <linux/capmsg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "control.h"
#include "space.h"

#define PORT	CAPMSG_ADDRESS(1, 8)
#define REGION	CAPMSG_ADDRESS(2, 8)
#define TABLE	CAPMSG_ADDRESS(3, 8)
#define LANDING(i)	CAPMSG_ADDRESS(0x300 | (i), 16)

/* The post that is given a region or landing slots; there may be another one. */
#define FITTED	0

static int server = -1, client = -1, exported = -1;
/* All of it is controlled in a series that is PLAIN, else it is a number. */
static char *answer;
/* Where the bytes of a request arrive that is not short. */
static char *landed;
/* The client's: what it was answered. */
static char *reply;

static size_t request_size(const struct load *load)
{
	return load->family == PLAIN ? ANSWER_SIZE : load->bytes;
}

static size_t answer_size(const struct load *load)
{
	return load->family == PLAIN ? load->bytes : ANSWER_SIZE;
}

static void prepare(const struct load *load)
{
	struct capmsg_create_port port = {
		.size = sizeof(port), .to = PORT, .depth = load->caps ? 2 : 1,
		.max_caps = CAPMSG_CAPS_MAX,
	};

	server = space_new();
	must(ioctl(server, CAPMSG_IOC_CREATE_PORT, &port), "CREATE_PORT");
	exported = space_export(server, PORT);
	answer = memory(answer_size(load));
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

/* A request that is a control has an answer that is one. */
static void answer_plain(const void *asked, size_t bytes)
{
	static bool filled;
	uint32_t number;

	if (control_is(asked, &number)) {
		control_fill(answer, bytes, number);
		filled = true;
	} else if (filled) {
		control_clear(answer, bytes);
		filled = false;
	}
}

static void answer_to(const struct load *load, const struct capmsg_record *record,
		      const void *asked)
{
	uint64_t sum;

	if (load->family == PLAIN) {
		answer_plain(asked, load->bytes);
		return;
	}
	if (!(record->out_flags & CAPMSG_RECORD_INLINE))
		asked = landed;
	sum = control_answer(asked, load->bytes, record->out_n_caps);
	memcpy(answer, &sum, sizeof(sum));
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
		landed = space_posts(server, PORT, REGION, 1, load->bytes);
	if (load->caps)
		post_landing(load->caps);
	for (;;) {
		must(ioctl(server, CAPMSG_IOC_REPLY_RECV, &loop), "REPLY_RECV");
		answer_to(load, &record, data);
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

static void begin(const struct load *load, pid_t child)
{
	(void)child;
	reply = memory(answer_size(load));
	client = space_new();
	space_import(client, PORT, exported);
}

/* Each item is the port itself, as if to be sent on to others. */
static struct capmsg_item items[CAPMSG_CAPS_MAX] = {
	[0 ... CAPMSG_CAPS_MAX - 1] = {
		.address = PORT, .rights = CAPMSG_RIGHT_SEND,
	},
};

static void call_with(const struct load *load, unsigned int caps)
{
	struct capmsg_call call = {
		.size = sizeof(call), .to = PORT,
		.data = (uintptr_t)request, .length = request_size(load),
		.items = (uintptr_t)items, .n_items = caps,
		.reply_data = (uintptr_t)reply, .reply_size = answer_size(load),
	};

	must(ioctl(client, CAPMSG_IOC_CALL, &call), "CALL");
}

static uint64_t call(const struct load *load)
{
	uint64_t sum;

	call_with(load, load->caps);
	if (load->family == PLAIN)
		return control_answer(reply, load->bytes, 0);
	memcpy(&sum, reply, sizeof(sum));
	return sum;
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
	.name = "capmsg", .families = RTT | CAPS | PLAIN, .repeats = REPEATS,
	.pooled = true,
	.prepare = prepare, .serve = serve, .begin = begin, .call = call,
	.tidy = tidy, .end = end,
};
