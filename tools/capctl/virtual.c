// SPDX-License-Identifier: GPL-2.0-only
/* Virtual objects: create, invalidate. They read, and are destroyed, as what they stand for. */
#include <errno.h>
#include <string.h>

#include "capctl.h"

static int kind_read(struct context *ctx, struct invocation *inv, uint32_t *out)
{
	static const uint32_t kinds[] = {
		CAPMSG_TYPE_CAPPAGE, CAPMSG_TYPE_PORT, CAPMSG_TYPE_REGION,
		CAPMSG_TYPE_NOTIFICATION, CAPMSG_TYPE_MESSAGE, CAPMSG_TYPE_REVOKER,
	};
	const char *name = option(inv, OPT_KIND);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		*out = kinds[i];
		if (!name || !strcmp(name, capmsg_type_name(*out)))
			return STATUS_OK;
	}
	return usage(ctx, "one of cappage, port, region, notification, message, revoker",
		     "'%s' is no kind of object", name);
}

/* What it ends with, and who is told: --original, --notification, --no-senders-bits. */
static int end_options(struct context *ctx, struct invocation *inv,
		       struct capmsg_create_virtual *create)
{
	uint64_t original = 0, notification = 0, bits = 0;
	int status = opt_address(ctx, inv, OPT_ORIGINAL, &original);

	if (!status)
		status = opt_address(ctx, inv, OPT_NOTIFICATION, &notification);
	if (!status)
		status = opt_u64(ctx, inv, OPT_NO_SENDERS_BITS, UINT64_MAX, &bits);
	create->original = original;
	create->notification = notification;
	create->no_senders_bits = bits;
	return status;
}

static int virtual_create(struct context *ctx, struct invocation *inv)
{
	static const char wrong[] =
		"the handler's port has to be created with 'port create --handler'; --bits is for "
		"cappages, --notification with --no-senders-bits for ports, and --original names an "
		"object of that kind";
	uint64_t to = 0, handler = 0, object = 0, bits = 0, cache_bits = 0;
	struct capmsg_create_virtual create = { 0 };
	int status = space_open(ctx), err;

	if (!option(inv, OPT_HANDLER))
		return usage(ctx, NULL, "--handler is missing: who is to play the object?");
	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status)
		status = kind_read(ctx, inv, &create.kind);
	if (!status)
		status = opt_address(ctx, inv, OPT_HANDLER, &handler);
	if (!status)
		status = opt_u64(ctx, inv, OPT_OBJECT, UINT64_MAX, &object);
	if (!status)
		status = opt_u64(ctx, inv, OPT_BITS, UINT32_MAX, &bits);
	if (!status)
		status = opt_u64(ctx, inv, OPT_CACHE_BITS, UINT32_MAX, &cache_bits);
	if (!status)
		status = end_options(ctx, inv, &create);
	if (status)
		return status;
	create.to = to;
	create.handler = handler;
	create.object = object;
	create.bits = (uint32_t)bits;
	create.cache_bits = (uint32_t)cache_bits;
	err = capmsg_create_virtual(ctx->space.fd, &create);
	return err ? fail(ctx, err, err == -EINVAL ? wrong : NULL,
			  "creating virtual %s %s", capmsg_type_name(create.kind),
			  inv->args[0]) : STATUS_OK;
}

static int virtual_invalidate(struct context *ctx, struct invocation *inv)
{
	struct capmsg_invalidate args = { 0 };
	uint64_t object = 0, port = 0, below = 0;
	int status = space_open(ctx), err;

	if (!option(inv, OPT_HANDLER))
		return usage(ctx, NULL, "--handler is missing: who plays the object?");
	if (!status)
		status = arg_address(ctx, inv->args[0], &object);
	if (!status)
		status = opt_address(ctx, inv, OPT_HANDLER, &port);
	if (!status)
		status = opt_address(ctx, inv, OPT_BELOW, &below);
	if (status)
		return status;
	args.flags = option(inv, OPT_NOTHING) ? CAPMSG_INVALIDATE_NOTHING : 0;
	args.port = port;
	args.object = object;
	args.address = below;
	err = capmsg_invalidate(ctx->space.fd, &args);
	if (err)
		return fail(ctx, err, NULL, "invalidating answers of %s", inv->args[0]);
	doc_u64(ctx->doc, "dropped", args.out_dropped);
	doc_u64(ctx->doc, "entries", args.out_entries);
	doc_u64(ctx->doc, "hits", args.out_hits);
	doc_u64(ctx->doc, "misses", args.out_misses);
	return STATUS_OK;
}

static const struct argp_option invalidate_options[] = {
	{ "handler", OPT_HANDLER, "ADDR", 0, "The port at which it is asked for", 0 },
	{ "below", OPT_BELOW, "ADDR", 0, "Only what is remembered of this address in it", 0 },
	{ "nothing", OPT_NOTHING, NULL, 0, "Drop nothing, only tell the counts", 0 },
	{ 0 }
};

static const struct argp_option create_options[] = {
	{ "handler", OPT_HANDLER, "ADDR", 0, "The port at which it is asked for", 0 },
	{ "kind", OPT_KIND, "KIND", 0,
	  "Stands for a cappage (this is the default), port, region, notification, message or "
	  "revoker", 0 },
	{ "object", OPT_OBJECT, "N", 0, "How the handler calls it (0)", 0 },
	{ "bits", OPT_BITS, "N", 0, "A cappage shows 2^N slots, N from 4 to 12 (8)", 0 },
	{ "cache-bits", OPT_CACHE_BITS, "N", 0, "Room to remember 2^N answers (none)", 0 },
	{ "original", OPT_ORIGINAL, "ADDR", 0, "It ends when this object ends", 0 },
	{ "notification", OPT_NOTIFICATION, "ADDR", 0, "A port signals this notification ...", 0 },
	{ "no-senders-bits", OPT_NO_SENDERS_BITS, "BITS", 0,
	  "... when the last capability to send to it is gone", 0 },
	{ 0 }
};

static const struct command commands[] = {
	{ .verb = "create", .args = "ADDR", .summary = "Create an object that a process plays.",
	  .details = "It reads as what it stands for. Where an address leads through it, or a command "
		     "is directed at it, who receives from the port is asked (flag 'upcall' of "
		     "'recv'), and the command waits. It ends with the port, or by 'KIND destroy'.",
	  .options = create_options, .min_args = 1, .max_args = 1, .run = virtual_create },
	{ .verb = "invalidate", .args = "ADDR", .summary = "Drop answers that the kernel remembers for others.",
	  .details = "Prints how many were dropped, for how many there is room, and how often one was "
		     "remembered, or not.",
	  .options = invalidate_options, .min_args = 1, .max_args = 1, .run = virtual_invalidate },
};

const struct object virtual_object = {
	"virtual", "an object that a process plays", commands,
	ARRAY_SIZE(commands),
};
