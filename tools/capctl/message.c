// SPDX-License-Identifier: GPL-2.0-only
/* send, call and reply. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "capctl.h"

/* Which call is meant: --post and --seq, or --last. */
int opt_call(struct context *ctx, const struct invocation *inv, uint64_t port,
	     bool *out_named, uint32_t *out_post, uint32_t *out_seq)
{
	uint64_t post = UINT64_MAX, seq = UINT64_MAX;
	int status = opt_u64(ctx, inv, OPT_POST, UINT32_MAX, &post);

	if (!status)
		status = opt_u64(ctx, inv, OPT_SEQ, UINT32_MAX, &seq);
	if (status)
		return status;
	*out_named = true;
	*out_post = (uint32_t)post;
	*out_seq = (uint32_t)seq;
	if (option(inv, OPT_LAST)) {
		if (!ctx->space.called || ctx->space.call_port != port)
			return fail_why(ctx, STATUS_ABSENT, "none was received from this port",
					"receive one with 'recv PORT'", "finding the last call");
		*out_post = ctx->space.call_post;
		*out_seq = ctx->space.call_seq;
		return STATUS_OK;
	}
	if (!option(inv, OPT_POST) != !option(inv, OPT_SEQ))
		return usage(ctx, "recv prints both", "--post and --seq go together");
	*out_named = post != UINT64_MAX;
	return STATUS_OK;
}

static uint32_t nowait(const struct invocation *inv)
{
	return option(inv, OPT_NOWAIT) ? CAPMSG_NONBLOCK : 0;
}

static int run_send(struct context *ctx, struct invocation *inv)
{
	struct capmsg_send send = { .flags = nowait(inv) };
	struct payload payload;
	uint64_t to = 0, deadline = 0;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status)
		status = opt_deadline(ctx, inv, &deadline);
	if (!status)
		status = payload_build(ctx, inv, inv->args + 1, inv->n_args - 1, &payload);
	if (status)
		return status;
	send.to = to;
	send.deadline = deadline;
	send.data = payload_data(&payload);
	send.length = payload_length(&payload);
	send.n_iov = payload_pieces(&payload);
	send.items = (uintptr_t)payload.items;
	send.n_items = payload.n_items;
	err = capmsg_send(ctx->space.fd, &send);
	if (err) {
		status = fail(ctx, err, NULL, "sending %llu bytes and %u capabilities to %s",
			      (unsigned long long)payload_total(&payload),
			      payload.n_items, inv->args[0]);
	} else {
		doc_u64(ctx->doc, "sent", payload_total(&payload));
		doc_u64(ctx->doc, "caps", payload.n_items);
	}
	payload_free(&payload);
	return status;
}

/* ---- call ---- */

/* Where the answer goes. */
struct room {
	uint64_t size;
	uint64_t landing;
	uint64_t max_caps;
	struct region *region;
	void *plain;
};

static int make_room(struct context *ctx, struct invocation *inv, struct room *room)
{
	uint64_t address;
	int status = opt_size(ctx, inv, OPT_SIZE, &room->size);

	if (!status)
		status = opt_address(ctx, inv, OPT_LANDING, &room->landing);
	if (!status && room->landing)
		room->max_caps = 1;
	if (!status)
		status = opt_u64(ctx, inv, OPT_CAPS, UINT32_MAX, &room->max_caps);
	if (status)
		return status;
	if (option(inv, OPT_REGION)) {
		status = space_free_slot(ctx, &address);
		if (!status)
			status = space_register(ctx, address, room->size, &room->region);
		return status;
	}
	room->plain = malloc(room->size ? room->size : 1);
	return room->plain ? STATUS_OK :
			     fail_file(ctx, ENOMEM, "making room for the answer");
}

static void drop_room(struct context *ctx, struct room *room)
{
	free(room->plain);
	if (room->region) {
		uint64_t address = room->region->address;

		capmsg_destroy(ctx->space.fd, address);
		space_forget_region(&ctx->space, address);
	}
}

static int print_answer(struct context *ctx, struct invocation *inv,
			const struct capmsg_call *call, const struct room *room)
{
	const void *data = room->region ? room->region->memory : room->plain;
	const char *file = option(inv, OPT_OUT);
	int status = STATUS_OK;

	doc_u64(ctx->doc, "length", call->out_length);
	doc_u64(ctx->doc, "caps", call->out_n_caps);
	if (call->out_n_caps)
		doc_address(ctx->doc, "landing", room->landing);
	if (file) {
		status = payload_write(ctx, file, data, call->out_length);
		doc_str(ctx->doc, "file", file);
	} else {
		doc_bytes(ctx->doc, data, call->out_length);
	}
	return status;
}

static int do_call(struct context *ctx, struct invocation *inv, uint64_t to,
		   const struct payload *payload, const struct room *room)
{
	uint64_t deadline = 0;
	int status = opt_deadline(ctx, inv, &deadline), err;
	struct capmsg_call call = {
		.flags = nowait(inv) | (room->region ? CAPMSG_CALL_REGION : 0),
		.to = to,
		.data = payload_data(payload),
		.length = payload_length(payload),
		.items = (uintptr_t)payload->items,
		.deadline = deadline,
		.reply_data = room->region ? 0 : (uintptr_t)room->plain,
		.reply_size = room->size,
		.reply_region = room->region ? room->region->address : 0,
		.reply_landing = room->landing,
		.n_iov = payload_pieces(payload),
		.n_items = payload->n_items,
		.reply_max_caps = (uint32_t)room->max_caps,
	};

	if (status)
		return status;
	err = capmsg_call(ctx->space.fd, &call);
	if (err)
		return fail(ctx, err, NULL, "calling %s with %llu bytes", inv->args[0],
			    (unsigned long long)payload_total(payload));
	return print_answer(ctx, inv, &call, room);
}

static int run_call(struct context *ctx, struct invocation *inv)
{
	struct room room = { .size = 4096 };
	struct payload payload;
	uint64_t to;
	int status = space_open(ctx);

	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status)
		status = payload_build(ctx, inv, inv->args + 1, inv->n_args - 1, &payload);
	if (status)
		return status;
	status = make_room(ctx, inv, &room);
	if (!status)
		status = do_call(ctx, inv, to, &payload, &room);
	drop_room(ctx, &room);
	payload_free(&payload);
	return status;
}

/* ---- reply ---- */

static int run_reply(struct context *ctx, struct invocation *inv)
{
	struct capmsg_reply reply = { 0 };
	struct payload payload;
	uint64_t to = 0;
	uint32_t post = 0, seq = 0;
	bool named = false;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status)
		status = opt_call(ctx, inv, to, &named, &post, &seq);
	if (!status && option(inv, OPT_RECV) && !named)
		status = usage(ctx, "give --last, or --post and --seq",
			       "--recv needs a port to receive from");
	if (!status)
		status = payload_build(ctx, inv, inv->args + 1, inv->n_args - 1, &payload);
	if (status)
		return status;
	reply.flags = named ? CAPMSG_REPLY_POST : 0;
	reply.to = to;
	reply.data = payload_data(&payload);
	reply.length = payload_length(&payload);
	reply.n_iov = payload_pieces(&payload);
	reply.items = (uintptr_t)payload.items;
	reply.n_items = payload.n_items;
	reply.post = named ? post : 0;
	reply.seq = named ? seq : 0;
	if (option(inv, OPT_RECV)) {
		status = recv_next(ctx, inv, &reply, to, &err);
	} else {
		err = capmsg_reply(ctx->space.fd, &reply);
		if (err)
			status = fail(ctx, err, NULL, "answering %s with %llu bytes", inv->args[0],
				      (unsigned long long)payload_total(&payload));
	}
	payload_free(&payload);
	if (named && (!err || err == -ESTALE))
		space_release(ctx, to, post);
	return status;
}

/* ---- the tables ---- */

#define MESSAGE_DETAILS \
	"DATA is text, @FILE a file, - what comes on stdin, @@x the text @x; several are " \
	"the pieces of one message. --cap carries the capability at ADDR, with RIGHTS " \
	"(letters of rwsvgd) at most."

static const struct argp_option send_options[] = {
	{ "cap", OPT_CAP, "ADDR[:RIGHTS]", 0, "Send this capability along", 0 },
	{ "move", OPT_MOVE, "ADDR", 0, "Send this reply right along, moving it", 0 },
	{ "timeout", OPT_TIMEOUT, "TIME", 0, "Give up after so long (5s, 100ms)", 0 },
	{ "nowait", OPT_NOWAIT, NULL, 0, "Fail rather than wait", 0 },
	{ 0 }
};

static const struct argp_option call_options[] = {
	{ "cap", OPT_CAP, "ADDR[:RIGHTS]", 0, "Send this capability along", 0 },
	{ "move", OPT_MOVE, "ADDR", 0, "Send this reply right along, moving it", 0 },
	{ "timeout", OPT_TIMEOUT, "TIME", 0, "Give up after so long (5s, 100ms)", 0 },
	{ "nowait", OPT_NOWAIT, NULL, 0, "Fail rather than wait", 0 },
	{ "size", OPT_SIZE, "SIZE", 0, "Room for the answer (4096)", 0 },
	{ "region", OPT_REGION, NULL, 0, "Let the answer arrive in a registered region", 0 },
	{ "landing", OPT_LANDING, "ADDR", 0, "First slot for the answer's capabilities", 0 },
	{ "caps", OPT_CAPS, "N", 0, "Number of landing slots (1)", 0 },
	{ "out", OPT_OUT, "FILE", 0, "Write the answer there (-: stdout)", 0 },
	{ 0 }
};

static const struct argp_option reply_options[] = {
	{ "cap", OPT_CAP, "ADDR[:RIGHTS]", 0, "Send this capability along", 0 },
	{ "move", OPT_MOVE, "ADDR", 0, "Send this reply right along, moving it", 0 },
	{ "post", OPT_POST, "N", 0, "ADDR is a port: answer the call in this post ...", 0 },
	{ "seq", OPT_SEQ, "N", 0, "... of this sequence number", 0 },
	{ "last", OPT_LAST, NULL, 0, "ADDR is a port: answer the last call received from it", 0 },
	{ "recv", OPT_RECV, NULL, 0, "Then receive the next message, in the same system call", 0 },
	{ "timeout", OPT_TIMEOUT, "TIME", 0, "With --recv: give up after so long", 0 },
	{ 0 }
};

static const struct command send_commands[] = {
	{ .args = "PORT [DATA...]", .summary = "Send a message.", .details = MESSAGE_DETAILS,
	  .options = send_options, .min_args = 1, .max_args = -1, .run = run_send },
};

static const struct command call_commands[] = {
	{ .args = "PORT [DATA...]", .summary = "Send a message and wait for its answer.",
	  .details = MESSAGE_DETAILS, .options = call_options, .min_args = 1,
	  .max_args = -1, .run = run_call },
};

static const struct command reply_commands[] = {
	{ .args = "ADDR [DATA...]", .summary = "Answer a call.",
	  .details = "ADDR is a reply right, or with --last or --post a port. " MESSAGE_DETAILS,
	  .options = reply_options, .min_args = 1, .max_args = -1, .run = run_reply },
};

const struct object send_object = { "send", "send a message", send_commands, 1 };
const struct object call_object = {
	"call", "send a message and wait for its answer", call_commands, 1,
};

const struct object reply_object = { "reply", "answer a call", reply_commands, 1 };
