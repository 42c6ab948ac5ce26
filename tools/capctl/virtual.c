// SPDX-License-Identifier: GPL-2.0-only
/* Virtual objects: create. They read, and are destroyed, as what they stand for. */
#include <errno.h>

#include "capctl.h"

static int virtual_create(struct context *ctx, struct invocation *inv)
{
	static const char wrong[] = "the handler's port has to be created with 'port create --handler'";
	uint64_t to = 0, handler = 0, object = 0, bits = 0;
	struct capmsg_create_virtual create = { .kind = CAPMSG_TYPE_CAPPAGE };
	int status = space_open(ctx), err;

	if (!option(inv, OPT_HANDLER))
		return usage(ctx, NULL, "--handler is missing: who is to play the object?");
	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status)
		status = opt_address(ctx, inv, OPT_HANDLER, &handler);
	if (!status)
		status = opt_u64(ctx, inv, OPT_OBJECT, UINT64_MAX, &object);
	if (!status)
		status = opt_u64(ctx, inv, OPT_BITS, UINT32_MAX, &bits);
	if (status)
		return status;
	create.to = to;
	create.handler = handler;
	create.object = object;
	create.bits = (uint32_t)bits;
	err = capmsg_create_virtual(ctx->space.fd, &create);
	return err ? fail(ctx, err, err == -EINVAL ? wrong : NULL,
			  "creating virtual cappage %s", inv->args[0]) : STATUS_OK;
}

static const struct argp_option create_options[] = {
	{ "handler", OPT_HANDLER, "ADDR", 0, "The port at which it is asked for", 0 },
	{ "object", OPT_OBJECT, "N", 0, "How the handler calls it (0)", 0 },
	{ "bits", OPT_BITS, "N", 0, "It shows 2^N slots, N from 4 to 12 (8)", 0 },
	{ 0 }
};

static const struct command commands[] = {
	{ .verb = "create", .args = "ADDR", .summary = "Create a cappage that a process plays.",
	  .details = "It reads as a cappage. Where an address leads through it, who receives from the "
		     "port is asked (flag 'upcall' of 'recv'), and the command waits. It ends with the "
		     "port, or by 'cappage destroy'.",
	  .options = create_options, .min_args = 1, .max_args = 1, .run = virtual_create },
};

const struct object virtual_object = {
	"virtual", "an object that a process plays", commands,
	ARRAY_SIZE(commands),
};
