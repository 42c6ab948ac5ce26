// SPDX-License-Identifier: GPL-2.0-only
/* Revokers: create, close, open, revoke, look at. */
#include <errno.h>
#include <stdio.h>

#include "capctl.h"

static int revoker_create(struct context *ctx, struct invocation *inv)
{
	uint64_t addresses[3] = { 0 };
	int status = space_open(ctx), err;

	for (size_t i = 0; i < ARRAY_SIZE(addresses) && !status; i++)
		status = arg_address(ctx, inv->args[i], &addresses[i]);
	if (status)
		return status;
	err = capmsg_create_revoker(ctx->space.fd, addresses[0], addresses[1], addresses[2]);
	return err ? fail(ctx, err, NULL, "creating revoker %s, between %s and %s",
			  inv->args[2], inv->args[0], inv->args[1]) : STATUS_OK;
}

static int operate(struct context *ctx, struct invocation *inv,
		   int (*operation)(int fd, uint64_t revoker), const char *what)
{
	uint64_t revoker;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &revoker);
	if (status)
		return status;
	err = operation(ctx->space.fd, revoker);
	return err ? fail(ctx, err, NULL, "%s %s", what, inv->args[0]) : STATUS_OK;
}

static int revoker_close(struct context *ctx, struct invocation *inv)
{
	return operate(ctx, inv, capmsg_close_revoker, "closing");
}

static int revoker_open(struct context *ctx, struct invocation *inv)
{
	return operate(ctx, inv, capmsg_open_revoker, "opening");
}

static int revoker_revoke(struct context *ctx, struct invocation *inv)
{
	return operate(ctx, inv, capmsg_revoke, "revoking");
}

static int revoker_show(struct context *ctx, struct invocation *inv)
{
	return object_show(ctx, inv->args[0], CAPMSG_TYPE_REVOKER);
}

static const struct command commands[] = {
	{ .verb = "create", .args = "FROM TO REVOKER",
	  .summary = "Derive a capability that can be revoked.",
	  .details = "TO gets the copy of FROM that goes through the revoker, REVOKER gets the "
		     "revoker itself; both must be void.",
	  .min_args = 3, .max_args = 3, .run = revoker_create },
	{ .verb = "close", .args = "ADDR", .summary = "Let operations through a revoker wait.",
	  .min_args = 1, .max_args = 1, .run = revoker_close },
	{ .verb = "open", .args = "ADDR", .summary = "Let operations through a revoker go on.",
	  .min_args = 1, .max_args = 1, .run = revoker_open },
	{ .verb = "revoke", .args = "ADDR", .summary = "Void all that was derived through a revoker, for good.",
	  .min_args = 1, .max_args = 1, .run = revoker_revoke },
	{ .verb = "show", .args = "ADDR", .summary = "Show whether a revoker is closed, and its chain.",
	  .min_args = 1, .max_args = 1, .run = revoker_show },
};

const struct object revoker_object = {
	"revoker", "cuts, closes and opens what was derived through it", commands,
	ARRAY_SIZE(commands),
};
