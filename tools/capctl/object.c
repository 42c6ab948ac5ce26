// SPDX-License-Identifier: GPL-2.0-only
/* cappage, port and region: create, look at, give buffers to, destroy. */
#include <errno.h>
#include <stdio.h>

#include "capctl.h"

/* Destroys the object at an address, if it is of the type that was named. */
static int destroy(struct context *ctx, const char *text, uint32_t type)
{
	struct capmsg_stat stat;
	uint64_t address;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, text, &address);
	if (status)
		return status;
	/* One that cannot be inspected can be destroyed all the same. */
	err = capmsg_stat(ctx->space.fd, address, &stat);
	if (!err && stat.out_type != type)
		return fail(ctx, -EINVAL, NULL, "%s is a %s, not a %s", text,
			    capmsg_type_name(stat.out_type), capmsg_type_name(type));
	err = capmsg_destroy(ctx->space.fd, address);
	if (err)
		return fail(ctx, err, NULL, "destroying %s", text);
	if (type == CAPMSG_TYPE_REGION)
		space_forget_region(&ctx->space, address);
	return STATUS_OK;
}

/* ---- cappage ---- */

static int cappage_create(struct context *ctx, struct invocation *inv)
{
	uint64_t to, bits = 0;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status)
		status = opt_u64(ctx, inv, OPT_BITS, UINT32_MAX, &bits);
	if (status)
		return status;
	err = capmsg_create_cappage(ctx->space.fd, to, (unsigned int)bits);
	return err ? fail(ctx, err, NULL, "creating cappage %s", inv->args[0]) : 0;
}

static int cappage_destroy(struct context *ctx, struct invocation *inv)
{
	return destroy(ctx, inv->args[0], CAPMSG_TYPE_CAPPAGE);
}

static int list_cappages(struct context *ctx, uint64_t at, struct table *table)
{
	struct capmsg_list_entry entries[64];
	struct capmsg_list list = {
		.table = at,
		.entries = (uintptr_t)entries,
		.n = ARRAY_SIZE(entries),
	};

	do {
		int err = capmsg_list(ctx->space.fd, &list);

		if (err)
			return err;
		for (uint32_t i = 0; i < list.out_n; i++) {
			char rights[CAPMSG_RIGHTS_TEXT];

			if (entries[i].type != CAPMSG_TYPE_CAPPAGE)
				continue;
			capmsg_rights_format(entries[i].rights, rights, sizeof(rights));
			table_line(table);
			table_cell(table, 0, "%x", entries[i].slot);
			table_cell(table, 1, "%s", rights);
			table_cell(table, 2, "%u", entries[i].guard_bits);
			table_cell(table, 3, "%u/%u", entries[i].subpage,
				   entries[i].subpage_bits);
		}
		list.first = list.out_next;
	} while (list.out_next);
	return 0;
}

static int cappage_list(struct context *ctx, struct invocation *inv)
{
	static const struct column columns[] = {
		{ "slot", false, false }, { "rights", false, false },
		{ "guard_bits", true, true }, { "subpage", false, false },
	};
	const char *text = inv->n_args ? inv->args[0] : "/";
	struct table *table;
	uint64_t at;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, text, &at);
	if (status)
		return status;
	table = table_new(ctx, "cappages", columns, ARRAY_SIZE(columns));
	if (!table)
		return STATUS_USAGE;
	err = list_cappages(ctx, at, table);
	if (err) {
		table_drop(table);
		return fail(ctx, err, NULL, "listing %s", text);
	}
	return table_end(table);
}

static const struct argp_option cappage_options[] = {
	{ "bits", OPT_BITS, "N", 0, "2^N slots, N from 4 to 12 (8)", 0 },
	{ 0 }
};

static const struct command cappage_commands[] = {
	{ .verb = "create", .args = "ADDR", .summary = "Create a table of capabilities in a void slot.",
	  .options = cappage_options, .min_args = 1, .max_args = 1, .run = cappage_create },
	{ .verb = "list", .args = "[ADDR]", .summary = "List the cappages in a table, by default the root.",
	  .max_args = 1, .run = cappage_list },
	{ .verb = "destroy", .args = "ADDR", .summary = "Destroy a cappage; all capabilities to it become void.",
	  .min_args = 1, .max_args = 1, .run = cappage_destroy },
};

const struct object cappage_object = {
	"cappage", "a table of 2^n capability slots", cappage_commands,
	ARRAY_SIZE(cappage_commands),
};

/* ---- port ---- */

static int port_create(struct context *ctx, struct invocation *inv)
{
	uint64_t to, depth = 8, max_caps = CAPMSG_CAPS_MAX, delay = 0, max_size = 0;
	struct capmsg_create_port port = { 0 };
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status)
		status = opt_u64(ctx, inv, OPT_DEPTH, UINT32_MAX, &depth);
	if (!status)
		status = opt_u64(ctx, inv, OPT_MAX_CAPS, UINT32_MAX, &max_caps);
	if (!status)
		status = opt_u64(ctx, inv, OPT_STEAL_DELAY, UINT32_MAX, &delay);
	if (!status)
		status = opt_size(ctx, inv, OPT_MAX_SIZE, &max_size);
	if (status)
		return status;
	port.to = to;
	port.flags = option(inv, OPT_NO_SHORT) ? CAPMSG_PORT_NO_SHORT : 0;
	port.depth = (uint32_t)depth;
	port.max_caps = (uint32_t)max_caps;
	port.steal_delay_us = (uint32_t)delay;
	port.max_size = max_size;
	err = capmsg_create_port(ctx->space.fd, &port);
	return err ? fail(ctx, err, NULL, "creating port %s", inv->args[0]) : 0;
}

static int port_show(struct context *ctx, struct invocation *inv)
{
	struct capmsg_stat stat;
	uint64_t address;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &address);
	if (status)
		return status;
	err = capmsg_stat(ctx->space.fd, address, &stat);
	if (!err && stat.out_type != CAPMSG_TYPE_PORT)
		return fail(ctx, -EINVAL, NULL, "%s is a %s, not a port", inv->args[0],
			    capmsg_type_name(stat.out_type));
	if (err)
		return fail(ctx, err, NULL, "looking at %s", inv->args[0]);
	doc_capability(ctx->doc, address, &stat);
	return STATUS_OK;
}

static int port_destroy(struct context *ctx, struct invocation *inv)
{
	return destroy(ctx, inv->args[0], CAPMSG_TYPE_PORT);
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

static const struct argp_option port_options[] = {
	{ "depth", OPT_DEPTH, "N", 0, "Messages that can wait to be received (8)", 0 },
	{ "max-size", OPT_MAX_SIZE, "SIZE", 0, "Refuse larger messages", 0 },
	{ "max-caps", OPT_MAX_CAPS, "N", 0, "Refuse messages with more capabilities (64)", 0 },
	{ "steal-delay", OPT_STEAL_DELAY, "US", 0,
	  "Microseconds until a sender whose memory is not there loses its post (10000)", 0 },
	{ "no-short", OPT_NO_SHORT, NULL, 0, "Receive nothing before 'port post'", 0 },
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

static const struct command port_commands[] = {
	{ .verb = "create", .args = "ADDR", .summary = "Create a message port in a void slot.",
	  .options = port_options, .min_args = 1, .max_args = 1, .run = port_create },
	{ .verb = "show", .args = "ADDR", .summary = "Show a port's limits, posts and waiting messages.",
	  .min_args = 1, .max_args = 1, .run = port_show },
	{ .verb = "post", .args = "ADDR", .summary = "Give a port a buffer and landing slots.",
	  .details = "Prints the number of the post. Without --region the post gets landing slots only.",
	  .options = post_options, .min_args = 1, .max_args = 1, .run = port_post },
	{ .verb = "unpost", .args = "ADDR POST", .summary = "Take a post's buffer back.",
	  .min_args = 2, .max_args = 2, .run = port_unpost },
	{ .verb = "destroy", .args = "ADDR", .summary = "Destroy a port; who waits at it gets ENOENT.",
	  .min_args = 1, .max_args = 1, .run = port_destroy },
};

const struct object port_object = {
	"port", "where messages are sent and received", port_commands,
	ARRAY_SIZE(port_commands),
};

/* ---- region ---- */

static int region_register(struct context *ctx, struct invocation *inv)
{
	uint64_t address, size;
	int status = space_open(ctx);

	if (!status)
		status = arg_address(ctx, inv->args[0], &address);
	if (!status && value_size(inv->args[1], &size))
		status = usage(ctx, NULL, "'%s' is no size", inv->args[1]);
	return status ? status : space_register(ctx, address, size, NULL);
}

static int region_unregister(struct context *ctx, struct invocation *inv)
{
	uint64_t address;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &address);
	if (status)
		return status;
	err = capmsg_unregister(ctx->space.fd, address);
	if (err)
		return fail(ctx, err, NULL, "unregistering %s", inv->args[0]);
	space_forget_region(&ctx->space, address);
	return STATUS_OK;
}

static int region_destroy(struct context *ctx, struct invocation *inv)
{
	return destroy(ctx, inv->args[0], CAPMSG_TYPE_REGION);
}

static const struct command region_commands[] = {
	{ .verb = "register", .args = "ADDR SIZE", .summary = "Allocate memory and pin it as a region.",
	  .min_args = 2, .max_args = 2, .run = region_register },
	{ .verb = "unregister", .args = "ADDR", .summary = "Unpin a region that no post uses.",
	  .min_args = 1, .max_args = 1, .run = region_unregister },
	{ .verb = "destroy", .args = "ADDR", .summary = "Destroy a region, also if posts use it.",
	  .min_args = 1, .max_args = 1, .run = region_destroy },
};

const struct object region_object = {
	"region", "pinned memory that messages arrive in", region_commands,
	ARRAY_SIZE(region_commands),
};
