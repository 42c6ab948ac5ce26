// SPDX-License-Identifier: GPL-2.0-only
/* Message objects: one outgoing transfer in steps. */
#include <errno.h>
#include <stdio.h>

#include "capctl.h"

static int message_create(struct context *ctx, struct invocation *inv)
{
	uint64_t to, notification = 0, bits = 0;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status)
		status = opt_address(ctx, inv, OPT_NOTIFICATION, &notification);
	if (!status)
		status = opt_u64(ctx, inv, OPT_BITS_SET, UINT64_MAX, &bits);
	if (status)
		return status;
	err = capmsg_create_message(ctx->space.fd, to, notification, bits);
	return err ? fail(ctx, err, NULL, "creating message %s", inv->args[0]) : STATUS_OK;
}

static uint32_t waiting(const struct invocation *inv)
{
	return (option(inv, OPT_NOWAIT) ? CAPMSG_NONBLOCK : 0) |
	       (option(inv, OPT_QUEUE) ? CAPMSG_MESSAGE_QUEUE : 0);
}

static int message_begin(struct context *ctx, struct invocation *inv)
{
	uint64_t message = 0, to = 0, length = CAPMSG_INLINE_MAX, caps = 0, deadline = 0;
	struct capmsg_begin begin = { .flags = waiting(inv) };
	int status = space_open(ctx), err;
	struct draft *draft;

	if (!status)
		status = arg_address(ctx, inv->args[0], &message);
	if (!status)
		status = arg_address(ctx, inv->args[1], &to);
	if (!status)
		status = opt_size(ctx, inv, OPT_LENGTH, &length);
	if (!status)
		status = opt_u64(ctx, inv, OPT_CAPS, UINT32_MAX, &caps);
	if (!status)
		status = opt_deadline(ctx, inv, &deadline);
	if (status)
		return status;
	draft = space_draft(ctx, message);
	if (!draft)
		return fail_file(ctx, ENOMEM, "beginning message %s", inv->args[0]);
	begin.message = message;
	begin.to = to;
	begin.length = length;
	begin.max_caps = (uint32_t)caps;
	begin.deadline = deadline;
	err = capmsg_begin(ctx->space.fd, &begin);
	if (err)
		return fail(ctx, err, NULL, "beginning message %s to %s", inv->args[0],
			    inv->args[1]);
	draft->end = 0;
	doc_str(ctx->doc, "state", capmsg_state_name(begin.out_state));
	return STATUS_OK;
}

static int do_fill(struct context *ctx, struct invocation *inv, uint64_t message,
		   uint64_t offset, const struct payload *payload)
{
	struct draft *draft = space_draft(ctx, message);
	struct capmsg_fill fill = {
		.message = message,
		.offset = offset,
		.data = payload_data(payload),
		.length = payload_length(payload),
		.n_iov = payload_pieces(payload),
	};
	uint64_t length = payload_total(payload);
	int err;

	if (!draft)
		return fail_file(ctx, ENOMEM, "filling message %s", inv->args[0]);
	err = capmsg_fill_pieces(ctx->space.fd, &fill);
	if (err)
		return fail(ctx, err, NULL, "filling message %s with %llu bytes", inv->args[0],
			    (unsigned long long)length);
	if (draft->end < offset + length)
		draft->end = offset + length;
	doc_u64(ctx->doc, "filled", length);
	return STATUS_OK;
}

static int message_fill(struct context *ctx, struct invocation *inv)
{
	uint64_t message, offset = 0;
	struct payload payload;
	int status = space_open(ctx);

	if (!status)
		status = arg_address(ctx, inv->args[0], &message);
	if (!status)
		status = opt_size(ctx, inv, OPT_OFFSET, &offset);
	if (!status)
		status = payload_build(ctx, inv, inv->args + 1, inv->n_args - 1, &payload);
	if (status)
		return status;
	status = do_fill(ctx, inv, message, offset, &payload);
	payload_free(&payload);
	return status;
}

static int do_transmit(struct context *ctx, struct invocation *inv, uint64_t message,
		       const struct payload *payload)
{
	struct draft *draft = space_draft(ctx, message);
	struct capmsg_transmit transmit = {
		.flags = waiting(inv),
		.message = message,
		.items = (uintptr_t)payload->items,
		.n_items = payload->n_items,
	};
	uint64_t length = draft ? draft->end : 0, deadline = 0;
	int status = opt_size(ctx, inv, OPT_LENGTH, &length), err;

	if (!status)
		status = opt_deadline(ctx, inv, &deadline);
	if (status)
		return status;
	transmit.length = length;
	transmit.deadline = deadline;
	err = capmsg_transmit(ctx->space.fd, &transmit);
	if (err)
		return fail(ctx, err, NULL, "transmitting message %s, %llu bytes", inv->args[0],
			    (unsigned long long)length);
	doc_str(ctx->doc, "state", capmsg_state_name(transmit.out_state));
	doc_u64(ctx->doc, "sent", length);
	doc_u64(ctx->doc, "caps", payload->n_items);
	return STATUS_OK;
}

static int message_transmit(struct context *ctx, struct invocation *inv)
{
	struct payload payload;
	uint64_t message;
	int status = space_open(ctx);

	if (!status)
		status = arg_address(ctx, inv->args[0], &message);
	if (!status)
		status = payload_build(ctx, inv, NULL, 0, &payload);
	if (status)
		return status;
	status = do_transmit(ctx, inv, message, &payload);
	payload_free(&payload);
	return status;
}

static int message_abandon(struct context *ctx, struct invocation *inv)
{
	uint64_t message;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &message);
	if (status)
		return status;
	err = capmsg_abandon(ctx->space.fd, message);
	return err ? fail(ctx, err, NULL, "abandoning message %s", inv->args[0]) : STATUS_OK;
}

static int message_show(struct context *ctx, struct invocation *inv)
{
	return object_show(ctx, inv->args[0], CAPMSG_TYPE_MESSAGE);
}

static int message_destroy(struct context *ctx, struct invocation *inv)
{
	return object_destroy(ctx, inv->args[0], CAPMSG_TYPE_MESSAGE);
}

static const struct argp_option create_options[] = {
	{ "notification", OPT_NOTIFICATION, "ADDR", 0, "Signal this notification ...", 0 },
	{ "bits", OPT_BITS_SET, "BITS", 0, "... so when its state changes by itself", 0 },
	{ 0 }
};

static const struct argp_option begin_options[] = {
	{ "length", OPT_LENGTH, "SIZE", 0, "Bytes that it may have (256)", 0 },
	{ "caps", OPT_CAPS, "N", 0, "Capabilities that it may carry (0)", 0 },
	{ "queue", OPT_QUEUE, NULL, 0, "Do not wait for a post: the message does", 0 },
	{ "timeout", OPT_TIMEOUT, "TIME", 0, "Give up after so long (5s, 100ms)", 0 },
	{ "nowait", OPT_NOWAIT, NULL, 0, "Fail rather than wait", 0 },
	{ 0 }
};

static const struct argp_option fill_options[] = {
	{ "offset", OPT_OFFSET, "SIZE", 0, "Where in the payload (0)", 0 },
	{ 0 }
};

static const struct argp_option transmit_options[] = {
	{ "length", OPT_LENGTH, "SIZE", 0, "Its bytes (as far as it was filled)", 0 },
	{ "cap", OPT_CAP, "ADDR[:RIGHTS]", 0, "Send this capability along", 0 },
	{ "move", OPT_MOVE, "ADDR", 0, "Send this reply right along, moving it", 0 },
	{ "queue", OPT_QUEUE, NULL, 0, "Do not wait for a post: the message does", 0 },
	{ "timeout", OPT_TIMEOUT, "TIME", 0, "Give up after so long (5s, 100ms)", 0 },
	{ "nowait", OPT_NOWAIT, NULL, 0, "Fail rather than wait", 0 },
	{ 0 }
};

static const struct command commands[] = {
	{ .verb = "create", .args = "ADDR", .summary = "Create storage for one outgoing transfer in a void slot.",
	  .options = create_options, .min_args = 1, .max_args = 1, .run = message_create },
	{ .verb = "begin", .args = "ADDR PORT", .summary = "Bind a message to a port, and claim a post if it is long.",
	  .options = begin_options, .min_args = 2, .max_args = 2, .run = message_begin },
	{ .verb = "fill", .args = "ADDR DATA...", .summary = "Write a piece of a message that is open.",
	  .details = "DATA is text, @FILE a file, - what comes on stdin, @@x the text @x.",
	  .options = fill_options, .min_args = 2, .max_args = -1, .run = message_fill },
	{ .verb = "transmit", .args = "ADDR", .summary = "Commit a message that is open.",
	  .options = transmit_options, .min_args = 1, .max_args = 1, .run = message_transmit },
	{ .verb = "abandon", .args = "ADDR", .summary = "Forget what a message was begun for.",
	  .min_args = 1, .max_args = 1, .run = message_abandon },
	{ .verb = "show", .args = "ADDR", .summary = "Show the state of a message.",
	  .min_args = 1, .max_args = 1, .run = message_show },
	{ .verb = "destroy", .args = "ADDR", .summary = "Destroy a message.",
	  .min_args = 1, .max_args = 1, .run = message_destroy },
};

const struct object message_object = {
	"message", "storage for one outgoing transfer, in steps", commands,
	ARRAY_SIZE(commands),
};
