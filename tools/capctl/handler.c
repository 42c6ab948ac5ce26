// SPDX-License-Identifier: GPL-2.0-only
/* Handlers: who waits for them, since when and for what, and how to end that. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capctl.h"

#define WAITING_MAX	4096

/* Who waits at the port that args[0] names; to be freed. */
static int waiting_read(struct context *ctx, struct invocation *inv, uint64_t *out_port,
			struct capmsg_waiting **out, uint32_t *out_n)
{
	struct capmsg_waiting *waiting;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], out_port);
	if (status)
		return status;
	waiting = calloc(WAITING_MAX, sizeof(*waiting));
	if (!waiting)
		return fail(ctx, -ENOMEM, NULL, "listing who waits");
	err = capmsg_upcalls(ctx->space.fd, *out_port, waiting, WAITING_MAX, out_n);
	if (err) {
		free(waiting);
		return fail(ctx, err, NULL, "listing who waits at %s", inv->args[0]);
	}
	*out = waiting;
	return STATUS_OK;
}

static unsigned long long ms_since(uint64_t then)
{
	uint64_t now = capmsg_deadline_in(0);

	return now > then ? (now - then) / 1000000 : 0;
}

static void list_waiting(struct table *table, const struct capmsg_waiting *waiting)
{
	char text[CAPMSG_ADDRESS_TEXT];

	table_line(table);
	table_cell(table, 0, "%llu", (unsigned long long)waiting->id);
	table_cell(table, 1, "%u", waiting->thread);
	table_cell(table, 2, "%u", waiting->user);
	table_cell(table, 3, "%llu", ms_since(waiting->since));
	table_cell(table, 4, "%d", !!(waiting->flags & CAPMSG_WAITING_DELIVERED));
	table_cell(table, 5, "%llu", (unsigned long long)waiting->object);
	table_cell(table, 6, "%s", address_text(waiting->address, text));
	table_cell(table, 7, "%llu", (unsigned long long)waiting->badge);
	table_cell(table, 8, "%s", capmsg_command_name(waiting->command));
}

static int handler_list(struct context *ctx, struct invocation *inv)
{
	static const struct column columns[] = {
		{ "id", true, true }, { "thread", true, true }, { "user", true, true },
		{ "ms", true, true }, { "delivered", true, true }, { "object", true, true },
		{ "address", false, false }, { "badge", true, true },
		{ "for", false, false },
	};
	struct capmsg_waiting *waiting;
	struct table *table;
	uint64_t port;
	uint32_t n;
	int status = waiting_read(ctx, inv, &port, &waiting, &n);

	if (status)
		return status;
	table = table_new(ctx, "waiting", columns, ARRAY_SIZE(columns));
	if (table)
		for (uint32_t i = 0; i < n; i++)
			list_waiting(table, &waiting[i]);
	free(waiting);
	return table ? table_end(table) : STATUS_USAGE;
}

static int handler_show(struct context *ctx, struct invocation *inv)
{
	struct capmsg_waiting *waiting;
	uint64_t port, id;
	uint32_t n, i = 0;
	int status = arg_u64(ctx, inv->args[1], "ID", UINT64_MAX, &id);

	if (!status)
		status = waiting_read(ctx, inv, &port, &waiting, &n);
	if (status)
		return status;
	while (i < n && waiting[i].id != id)
		i++;
	if (i < n) {
		doc_u64(ctx->doc, "id", id);
		doc_u64(ctx->doc, "thread", waiting[i].thread);
		doc_u64(ctx->doc, "user", waiting[i].user);
		doc_u64(ctx->doc, "ms", ms_since(waiting[i].since));
		doc_u64(ctx->doc, "delivered", !!(waiting[i].flags & CAPMSG_WAITING_DELIVERED));
		doc_u64(ctx->doc, "object", waiting[i].object);
		doc_address(ctx->doc, "address", waiting[i].address);
		doc_u64(ctx->doc, "badge", waiting[i].badge);
		doc_str(ctx->doc, "for", capmsg_command_name(waiting[i].command));
	}
	free(waiting);
	return i < n ? STATUS_OK : fail(ctx, -ENOENT, "'handler list' shows who waits",
					"looking for upcall %s", inv->args[1]);
}

static int handler_abort(struct context *ctx, struct invocation *inv)
{
	struct capmsg_waiting *waiting;
	uint64_t port, id = 0, aborted = 0;
	bool all = !strcmp(inv->args[1], "all");
	uint32_t n;
	int status = STATUS_OK, err;

	if (!all)
		status = arg_u64(ctx, inv->args[1], "ID", UINT64_MAX, &id);
	if (!status)
		status = waiting_read(ctx, inv, &port, &waiting, &n);
	if (status)
		return status;
	for (uint32_t i = 0; i < n; i++) {
		if (!all && waiting[i].id != id)
			continue;
		err = capmsg_abort(ctx->space.fd, port, waiting[i].id);
		aborted += !err;
	}
	free(waiting);
	if (!aborted && !all)
		return fail(ctx, -ENOENT, "'handler list' shows who waits",
			    "ending upcall %s", inv->args[1]);
	doc_u64(ctx->doc, "aborted", aborted);
	return STATUS_OK;
}

static const struct command commands[] = {
	{ .verb = "list", .args = "PORT", .summary = "List who waits for the handler at a port; needs recv.",
	  .details = "The one first who has waited longest. 'delivered': the handler has it in a post.",
	  .min_args = 1, .max_args = 1, .run = handler_list },
	{ .verb = "show", .args = "PORT ID", .summary = "Show who waits with one upcall, and for what.",
	  .min_args = 2, .max_args = 2, .run = handler_show },
	{ .verb = "abort", .args = "PORT ID|all", .summary = "End an upcall, or all that there are.",
	  .details = "Who waits gets ENOENT, as if the virtual object had been destroyed.",
	  .min_args = 2, .max_args = 2, .run = handler_abort },
};

const struct object handler_object = {
	"handler", "plays virtual objects, and is waited for", commands,
	ARRAY_SIZE(commands),
};
