// SPDX-License-Identifier: GPL-2.0-only
/* serve: answers each call with the output of a command, or with itself. */
#include <errno.h>
#include <stdio.h>

#include "capctl.h"

struct server {
	struct context *ctx;
	char *const *command;	/* NULL: echo */
	uint64_t left;
	uint64_t served;
};

static const void *request_data(struct server *server,
				struct capmsg_request *request)
{
	const struct capmsg_record *record = capmsg_request_record(request);
	struct buffer *buffer = space_buffer(&server->ctx->space, record->out_cookie);

	if (record->out_flags & CAPMSG_RECORD_INLINE)
		return capmsg_request_data(request);
	return buffer ? buffer->memory : NULL;
}

/* Landing slots must be void before the library posts the post again. */
static void drop_caps(struct server *server, const struct capmsg_record *record)
{
	struct buffer *buffer = space_buffer(&server->ctx->space, record->out_cookie);
	uint64_t bits, depth;

	if (!buffer || !buffer->landing)
		return;
	bits = capmsg_address_bits(buffer->landing);
	depth = capmsg_address_depth(buffer->landing);
	for (uint32_t i = 0; i < record->out_n_caps; i++)
		capmsg_clear(server->ctx->space.fd,
			     capmsg_address(bits + i, (unsigned int)depth));
}

static int on_call(struct capmsg_request *request, void *arg)
{
	struct server *server = arg;
	const struct capmsg_record *record = capmsg_request_record(request);
	const void *data = request_data(server, request);
	struct payload payload;
	int err;

	if (!data) {
		drop_caps(server, record);
		return 0;
	}
	if (!server->command) {
		err = capmsg_answer(request, data, record->out_length);
	} else {
		/* A command that fails has been reported; the caller gets EPIPE. */
		if (payload_filter(server->ctx, server->command, data,
				   record->out_length, &payload))
			goto out;
		err = capmsg_answer(request, (void *)(uintptr_t)payload.iov[0].base,
				    payload.iov[0].length);
		payload_free(&payload);
	}
	if (err)
		fail(server->ctx, err, NULL, "answering call %llu",
		     (unsigned long long)server->served + 1);
out:
	drop_caps(server, record);
	server->served++;
	return server->left && !--server->left;
}

static int on_message(struct capmsg_request *request, void *arg)
{
	drop_caps(arg, capmsg_request_record(request));
	return 0;
}

static int run_serve(struct context *ctx, struct invocation *inv)
{
	static const struct capmsg_ops ops = {
		.size = sizeof(ops), .call = on_call, .message = on_message,
	};
	struct server server = {
		.ctx = ctx, .command = inv->n_child ? inv->child : NULL,
	};
	struct buffer *buffer = NULL;
	uint64_t port, size = 0;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &port);
	if (!status)
		status = opt_u64(ctx, inv, OPT_COUNT_CALLS, UINT64_MAX, &server.left);
	if (!status)
		status = opt_size(ctx, inv, OPT_SIZE, &size);
	if (!status && size)
		status = space_add_temporary(ctx, port, size, 0, 0, &buffer);
	if (status)
		return status;
	err = capmsg_serve(ctx->space.fd, port, &ops, &server);
	if (buffer)
		space_release(ctx, port, buffer->post);
	doc_u64(ctx->doc, "served", server.served);
	return err < 0 ? fail(ctx, err, NULL, "serving %s", inv->args[0]) : STATUS_OK;
}

static const struct argp_option options[] = {
	{ "count", OPT_COUNT_CALLS, "N", 0, "End after so many calls", 0 },
	{ "size", OPT_SIZE, "SIZE", 0, "Take requests of up to this size (256)", 0 },
	{ 0 }
};

static const struct command commands[] = {
	{ .args = "PORT [-- COMMAND...]", .summary = "Answer calls.",
	  .details = "The command gets each request on stdin, and what it writes is the answer; "
		     "if it fails the caller gets EPIPE. Without a command the answer is the "
		     "request. Messages that are no calls are received and ignored.",
	  .options = options, .min_args = 1, .max_args = 1, .flags = TAKES_COMMAND,
	  .run = run_serve },
};

const struct object serve_object = { "serve", "answer calls", commands, 1 };
