// SPDX-License-Identifier: GPL-2.0-only
/* Notifications: create, signal, wait for bits, look at, destroy. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "capctl.h"

/*
 * --eventfd: 'new' makes one, which lives as long as this capctl and is inherited
 * by what exec starts. *out_made is -1, or the new one.
 */
static int take_eventfd(struct context *ctx, struct invocation *inv, int *out_fd,
			int *out_made)
{
	const char *text = option(inv, OPT_EVENTFD);
	uint64_t fd;
	int status;

	*out_made = -1;
	if (strcmp(text, "new")) {
		status = opt_u64(ctx, inv, OPT_EVENTFD, INT32_MAX, &fd);
		*out_fd = (int)fd;
		return status;
	}
	*out_made = eventfd(0, 0);
	*out_fd = *out_made;
	return *out_made < 0 ? fail_file(ctx, errno, "making an eventfd") : STATUS_OK;
}

static int notification_create(struct context *ctx, struct invocation *inv)
{
	uint32_t flags = option(inv, OPT_POLL) ? CAPMSG_NOTIFICATION_POLL : 0;
	int status = space_open(ctx), fd = 0, made = -1, err;
	uint64_t to;

	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status && option(inv, OPT_EVENTFD)) {
		flags |= CAPMSG_NOTIFICATION_EVENTFD;
		status = take_eventfd(ctx, inv, &fd, &made);
	}
	if (status)
		return status;
	err = capmsg_create_notification(ctx->space.fd, to, flags, fd);
	if (err) {
		if (made >= 0)
			close(made);
		return fail(ctx, err, NULL, "creating notification %s", inv->args[0]);
	}
	if (made >= 0)
		doc_u64(ctx->doc, "fd", (uint64_t)made);
	return STATUS_OK;
}

static int notification_signal(struct context *ctx, struct invocation *inv)
{
	uint64_t address, bits = 0;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &address);
	if (!status && inv->n_args > 1)
		status = arg_u64(ctx, inv->args[1], "BITS", UINT64_MAX, &bits);
	if (status)
		return status;
	err = capmsg_signal(ctx->space.fd, address, bits);
	return err ? fail(ctx, err, err == -EINVAL ?
			  "give bits; but none through a capability with a badge" : NULL,
			  "signalling %s", inv->args[0]) : STATUS_OK;
}

static int notification_wait(struct context *ctx, struct invocation *inv)
{
	uint64_t address = 0, mask = UINT64_MAX, deadline = 0;
	struct capmsg_wait wait = { 0 };
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &address);
	if (!status && inv->n_args > 1)
		status = arg_u64(ctx, inv->args[1], "MASK", UINT64_MAX, &mask);
	if (!status)
		status = opt_deadline(ctx, inv, &deadline);
	if (status)
		return status;
	wait.flags = option(inv, OPT_NOWAIT) ? CAPMSG_NONBLOCK : 0;
	wait.notification = address;
	wait.mask = mask;
	wait.deadline = deadline;
	err = capmsg_wait(ctx->space.fd, &wait);
	if (err)
		return fail(ctx, err, NULL, "waiting for %s", inv->args[0]);
	doc_bits(ctx->doc, "bits", wait.out_bits);
	return STATUS_OK;
}

static int notification_show(struct context *ctx, struct invocation *inv)
{
	return object_show(ctx, inv->args[0], CAPMSG_TYPE_NOTIFICATION);
}

static int notification_destroy(struct context *ctx, struct invocation *inv)
{
	return object_destroy(ctx, inv->args[0], CAPMSG_TYPE_NOTIFICATION);
}

static const struct argp_option create_options[] = {
	{ "poll", OPT_POLL, NULL, 0, "'space poll' sees it while bits are set", 0 },
	{ "eventfd", OPT_EVENTFD, "FD|new", 0,
	  "Add one to this eventfd when bits are set; new makes one and prints it", 0 },
	{ 0 }
};

static const struct argp_option wait_options[] = {
	{ "timeout", OPT_TIMEOUT, "TIME", 0, "Give up after so long (5s, 100ms)", 0 },
	{ "nowait", OPT_NOWAIT, NULL, 0, "Fail rather than wait", 0 },
	{ 0 }
};

static const struct command commands[] = {
	{ .verb = "create", .args = "ADDR", .summary = "Create a notification in a void slot.",
	  .options = create_options, .min_args = 1, .max_args = 1, .run = notification_create },
	{ .verb = "signal", .args = "ADDR [BITS]", .summary = "Set bits of a notification.",
	  .details = "Through a capability with a badge its bits are set, and none may be given.",
	  .min_args = 1, .max_args = 2, .run = notification_signal },
	{ .verb = "wait", .args = "ADDR [MASK]", .summary = "Wait until bits are set, and take them.",
	  .details = "MASK says which bits are wanted, all without it. The others stay set.",
	  .options = wait_options, .min_args = 1, .max_args = 2, .flags = WAITS,
	  .run = notification_wait },
	{ .verb = "show", .args = "ADDR", .summary = "Show a notification, and the bits that are set.",
	  .min_args = 1, .max_args = 1, .run = notification_show },
	{ .verb = "destroy", .args = "ADDR", .summary = "Destroy a notification; who waits for it gets ENOENT.",
	  .min_args = 1, .max_args = 1, .run = notification_destroy },
};

const struct object notification_object = {
	"notification", "64 bits that coalesce, and wake who waits for them", commands,
	ARRAY_SIZE(commands),
};
