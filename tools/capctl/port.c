// SPDX-License-Identifier: GPL-2.0-only
/* Ports: create, look at, give buffers to, ask for credits and holders, destroy. */
#include <errno.h>
#include <stdio.h>

#include "capctl.h"

/* What the port signals: --notification, --arrival-bits, --no-senders-bits. */
static int notice_options(struct context *ctx, struct invocation *inv,
			  struct capmsg_create_port *port)
{
	uint64_t notification = 0, arrival = 0, no_senders = 0;
	int status = opt_address(ctx, inv, OPT_NOTIFICATION, &notification);

	if (!status)
		status = opt_u64(ctx, inv, OPT_ARRIVAL_BITS, UINT64_MAX, &arrival);
	if (!status)
		status = opt_u64(ctx, inv, OPT_NO_SENDERS_BITS, UINT64_MAX, &no_senders);
	port->notification = notification;
	port->arrival_bits = arrival;
	port->no_senders_bits = no_senders;
	return status;
}

static int limit_options(struct context *ctx, struct invocation *inv,
			 struct capmsg_create_port *port)
{
	uint64_t depth = 8, max_caps = CAPMSG_CAPS_MAX, delay = 0, time = 0, max_size = 0;
	int status = opt_u64(ctx, inv, OPT_DEPTH, UINT32_MAX, &depth);

	if (!status)
		status = opt_u64(ctx, inv, OPT_MAX_CAPS, UINT32_MAX, &max_caps);
	if (!status)
		status = opt_u64(ctx, inv, OPT_STEAL_DELAY, UINT32_MAX, &delay);
	if (!status)
		status = opt_u64(ctx, inv, OPT_CLAIM_TIME, UINT32_MAX, &time);
	if (!status)
		status = opt_size(ctx, inv, OPT_MAX_SIZE, &max_size);
	port->depth = (uint32_t)depth;
	port->max_caps = (uint32_t)max_caps;
	port->steal_delay_us = (uint32_t)delay;
	port->claim_time_us = (uint32_t)time;
	port->max_size = max_size;
	return status;
}

static int port_create(struct context *ctx, struct invocation *inv)
{
	struct capmsg_create_port port = { 0 };
	uint64_t to = 0;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status)
		status = limit_options(ctx, inv, &port);
	if (!status)
		status = notice_options(ctx, inv, &port);
	if (status)
		return status;
	port.to = to;
	if (option(inv, OPT_NO_SHORT))
		port.flags |= CAPMSG_PORT_NO_SHORT;
	if (option(inv, OPT_NO_SHARES))
		port.flags |= CAPMSG_PORT_NO_SHARES;
	if (option(inv, OPT_HANDLER))
		port.flags |= CAPMSG_PORT_HANDLER;
	err = capmsg_create_port(ctx->space.fd, &port);
	return err ? fail(ctx, err, NULL, "creating port %s", inv->args[0]) : 0;
}

static int port_show(struct context *ctx, struct invocation *inv)
{
	return object_show(ctx, inv->args[0], CAPMSG_TYPE_PORT);
}

static int port_destroy(struct context *ctx, struct invocation *inv)
{
	return object_destroy(ctx, inv->args[0], CAPMSG_TYPE_PORT);
}

/* Takes the piece of the region for a post: --region, --offset, --length. */
static int buffer_options(struct context *ctx, struct invocation *inv,
			  struct buffer *buffer)
{
	struct region *region;
	uint64_t offset = 0;
	int status = opt_address(ctx, inv, OPT_REGION, &buffer->region);

	if (!status)
		status = opt_size(ctx, inv, OPT_OFFSET, &offset);
	if (status || !buffer->region)
		return status;
	region = space_region(&ctx->space, buffer->region);
	if (!region)
		return fail(ctx, -ENOENT, "only memory of this capctl can be posted: 'region register ADDR SIZE'",
			    "there is no region at %s", option(inv, OPT_REGION));
	if (offset >= region->length)
		return usage(ctx, NULL, "--offset: the region has %zu bytes", region->length);
	buffer->length = region->length - offset;
	status = opt_size(ctx, inv, OPT_LENGTH, &buffer->length);
	buffer->memory = region->memory + offset;
	return status;
}

static int port_post(struct context *ctx, struct invocation *inv)
{
	uint64_t max_caps = 0, post = CAPMSG_POST_ANY;
	struct buffer buffer = { 0 }, *mine;
	int status = space_open(ctx);

	if (!status)
		status = arg_address(ctx, inv->args[0], &buffer.port);
	if (!status)
		status = buffer_options(ctx, inv, &buffer);
	if (!status)
		status = opt_address(ctx, inv, OPT_LANDING, &buffer.landing);
	if (!status && buffer.landing)
		max_caps = 1;
	if (!status)
		status = opt_u64(ctx, inv, OPT_CAPS, UINT32_MAX, &max_caps);
	if (!status)
		status = opt_u64(ctx, inv, OPT_POST, UINT32_MAX, &post);
	if (!status)
		status = opt_u64(ctx, inv, OPT_COOKIE, UINT64_MAX, &buffer.cookie);
	if (!status)
		status = space_add_buffer(ctx, buffer, max_caps, (uint32_t)post, &mine);
	if (!status)
		doc_u64(ctx->doc, "post", mine->post);
	return status;
}

static int port_unpost(struct context *ctx, struct invocation *inv)
{
	static const char full[] = "receive the message, and answer it if it is a call";
	uint64_t port, post;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &port);
	if (!status)
		status = arg_u64(ctx, inv->args[1], "POST", UINT32_MAX, &post);
	if (status)
		return status;
	err = capmsg_unpost(ctx->space.fd, port, (uint32_t)post);
	if (err)
		return fail(ctx, err, err == -EBUSY ? full : NULL, "taking post %s of %s back",
			    inv->args[1], inv->args[0]);
	return STATUS_OK;
}

static int port_credits(struct context *ctx, struct invocation *inv)
{
	struct capmsg_credits credits = { 0 };
	uint64_t to = 0, length = 0, caps = 0;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status)
		status = opt_size(ctx, inv, OPT_LENGTH, &length);
	if (!status)
		status = opt_u64(ctx, inv, OPT_CAPS, UINT32_MAX, &caps);
	if (status)
		return status;
	credits.to = to;
	credits.length = length;
	credits.n_caps = (uint32_t)caps;
	err = capmsg_credits(ctx->space.fd, &credits);
	if (err)
		return fail(ctx, err, NULL, "asking for the credits at %s", inv->args[0]);
	doc_u64(ctx->doc, "posts", credits.out_posts);
	doc_u64(ctx->doc, "held", credits.out_held);
	doc_u64(ctx->doc, "share", credits.out_share);
	doc_u64(ctx->doc, "user_held", credits.out_user_held);
	doc_u64(ctx->doc, "user_share", credits.out_user_share);
	doc_u64(ctx->doc, "waiting", credits.out_waiting);
	doc_u64(ctx->doc, "largest", credits.out_largest);
	return STATUS_OK;
}

static void list_holder(struct table *table, const struct capmsg_holder *holder)
{
	table_line(table);
	table_cell(table, 0, "%u", holder->user);
	table_cell(table, 1, "%d", !!(holder->flags & CAPMSG_RECORD_BADGED));
	table_cell(table, 2, "%llu", (unsigned long long)holder->badge);
	table_cell(table, 3, "%u", holder->held);
	table_cell(table, 4, "%u", holder->waiting);
}

static int port_holders(struct context *ctx, struct invocation *inv)
{
	static const struct column columns[] = {
		{ "user", true, true }, { "badged", true, true }, { "badge", true, true },
		{ "held", true, true }, { "waiting", true, true },
	};
	static struct capmsg_holder holders[4096];
	struct capmsg_limits limits = {
		.holders = (uintptr_t)holders,
		.n_holders = ARRAY_SIZE(holders),
	};
	struct table *table;
	uint64_t port;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &port);
	if (status)
		return status;
	limits.port = port;
	err = capmsg_limits(ctx->space.fd, &limits);
	if (err)
		return fail(ctx, err, NULL, "asking who holds posts of %s", inv->args[0]);
	table = table_new(ctx, "holders", columns, ARRAY_SIZE(columns));
	if (!table)
		return STATUS_USAGE;
	for (uint32_t i = 0; i < limits.out_n_holders; i++)
		list_holder(table, &holders[i]);
	return table_end(table);
}

static const struct argp_option port_options[] = {
	{ "depth", OPT_DEPTH, "N", 0, "Messages that can wait to be received (8)", 0 },
	{ "max-size", OPT_MAX_SIZE, "SIZE", 0, "Refuse larger messages", 0 },
	{ "max-caps", OPT_MAX_CAPS, "N", 0, "Refuse messages with more capabilities (64)", 0 },
	{ "steal-delay", OPT_STEAL_DELAY, "US", 0,
	  "Microseconds until a sender whose memory is not there loses its post (10000)", 0 },
	{ "claim-time", OPT_CLAIM_TIME, "US", 0,
	  "Microseconds until a message that was begun may lose its post (1000000)", 0 },
	{ "no-short", OPT_NO_SHORT, NULL, 0, "Receive nothing before 'port post'", 0 },
	{ "no-shares", OPT_NO_SHARES, NULL, 0, "Let one sender hold all posts", 0 },
	{ "handler", OPT_HANDLER, NULL, 0,
	  "Let its receivers play objects, see 'virtual create'", 0 },
	{ "notification", OPT_NOTIFICATION, "ADDR", 0, "Signal this notification ...", 0 },
	{ "arrival-bits", OPT_ARRIVAL_BITS, "BITS", 0, "... so when a message arrives", 0 },
	{ "no-senders-bits", OPT_NO_SENDERS_BITS, "BITS", 0,
	  "... so when the last capability to send to it is gone", 0 },
	{ 0 }
};

static const struct argp_option post_options[] = {
	{ "region", OPT_REGION, "ADDR", 0, "Cut the buffer from this region", 0 },
	{ "offset", OPT_OFFSET, "SIZE", 0, "Where it begins there (0)", 0 },
	{ "length", OPT_LENGTH, "SIZE", 0, "Its bytes (the rest of the region)", 0 },
	{ "landing", OPT_LANDING, "ADDR", 0, "First slot for capabilities", 0 },
	{ "caps", OPT_CAPS, "N", 0, "Number of landing slots (1)", 0 },
	{ "cookie", OPT_COOKIE, "N", 0, "A number that comes back with the message", 0 },
	{ "post", OPT_POST, "N", 0, "Which post (a free one)", 0 },
	{ 0 }
};

static const struct argp_option credits_options[] = {
	{ "length", OPT_LENGTH, "SIZE", 0, "Bytes of the messages in question (0)", 0 },
	{ "caps", OPT_CAPS, "N", 0, "Capabilities of the messages in question (0)", 0 },
	{ 0 }
};

static const struct command commands[] = {
	{ .verb = "create", .args = "ADDR", .summary = "Create a message port in a void slot.",
	  .options = port_options, .min_args = 1, .max_args = 1, .run = port_create },
	{ .verb = "show", .args = "ADDR", .summary = "Show a port's limits, posts and waiting messages.",
	  .min_args = 1, .max_args = 1, .run = port_show },
	{ .verb = "post", .args = "ADDR", .summary = "Give a port a buffer and landing slots.",
	  .details = "Prints the number of the post. Without --region the post gets landing slots only.",
	  .options = post_options, .min_args = 1, .max_args = 1, .run = port_post },
	{ .verb = "unpost", .args = "ADDR POST", .summary = "Take a post's buffer back.",
	  .min_args = 2, .max_args = 2, .run = port_unpost },
	{ .verb = "credits", .args = "ADDR", .summary = "Ask how many messages may be sent without waiting.",
	  .details = "A snapshot. Who is over its share waits in line even if posts are free.",
	  .options = credits_options, .min_args = 1, .max_args = 1, .run = port_credits },
	{ .verb = "holders", .args = "ADDR", .summary = "List who holds posts of a port; needs recv.",
	  .min_args = 1, .max_args = 1, .run = port_holders },
	{ .verb = "destroy", .args = "ADDR", .summary = "Destroy a port; who waits at it gets ENOENT.",
	  .min_args = 1, .max_args = 1, .run = port_destroy },
};

const struct object port_object = {
	"port", "where messages are sent and received", commands,
	ARRAY_SIZE(commands),
};
