// SPDX-License-Identifier: GPL-2.0-only
/* Capabilities: copy, move, clear, look at, list, export, import, destroy. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capctl.h"

/* ---- copy, move, clear ---- */

static int copy_options(struct context *ctx, struct invocation *inv,
			struct capmsg_copy *copy)
{
	uint64_t badge = 0, guard = 0, guard_bits = 0, subpage = 0, subpage_bits = 0;
	int status = opt_rights(ctx, inv, &copy->rights);

	if (!status)
		status = opt_u64(ctx, inv, OPT_BADGE, UINT64_MAX, &badge);
	if (!status)
		status = opt_pair(ctx, inv, OPT_GUARD, &guard, &guard_bits);
	if (!status)
		status = opt_pair(ctx, inv, OPT_SUBPAGE, &subpage, &subpage_bits);
	if (option(inv, OPT_BADGE))
		copy->flags |= CAPMSG_COPY_BADGE;
	if (option(inv, OPT_GUARD))
		copy->flags |= CAPMSG_COPY_GUARD;
	if (option(inv, OPT_SUBPAGE))
		copy->flags |= CAPMSG_COPY_SUBPAGE;
	if (option(inv, OPT_WEAK))
		copy->flags |= CAPMSG_COPY_WEAK;
	copy->badge = badge;
	copy->guard = guard;
	copy->guard_bits = (uint32_t)guard_bits;
	copy->subpage = (uint32_t)subpage;
	copy->subpage_bits = (uint32_t)subpage_bits;
	return status;
}

static int cap_copy(struct context *ctx, struct invocation *inv)
{
	struct capmsg_copy copy = { .rights = CAPMSG_RIGHTS_ALL };
	uint64_t from = 0, to = 0;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &from);
	if (!status)
		status = arg_address(ctx, inv->args[1], &to);
	if (!status)
		status = copy_options(ctx, inv, &copy);
	if (status)
		return status;
	copy.from = from;
	copy.to = to;
	err = capmsg_copy(ctx->space.fd, &copy);
	return err ? fail(ctx, err, NULL, "copying %s to %s", inv->args[0],
			  inv->args[1]) : STATUS_OK;
}

static int cap_move(struct context *ctx, struct invocation *inv)
{
	uint64_t from, to;
	uint32_t post, seq;
	bool named;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &from);
	if (!status)
		status = arg_address(ctx, inv->args[1], &to);
	if (!status)
		status = opt_call(ctx, inv, from, &named, &post, &seq);
	if (status)
		return status;
	err = named ? capmsg_move_reply(ctx->space.fd, from, post, seq, to) :
		      capmsg_move(ctx->space.fd, from, to);
	if (err)
		return fail(ctx, err, NULL, "moving %s to %s", inv->args[0], inv->args[1]);
	if (named)
		space_release(ctx, from, post);
	return STATUS_OK;
}

static int cap_clear(struct context *ctx, struct invocation *inv)
{
	uint64_t slot;
	uint32_t post, seq;
	bool named;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &slot);
	if (!status)
		status = opt_call(ctx, inv, slot, &named, &post, &seq);
	if (status)
		return status;
	err = named ? capmsg_clear_reply(ctx->space.fd, slot, post, seq) :
		      capmsg_clear(ctx->space.fd, slot);
	if (err)
		return fail(ctx, err, NULL, "clearing %s", inv->args[0]);
	if (named)
		space_release(ctx, slot, post);
	return STATUS_OK;
}

static int cap_destroy(struct context *ctx, struct invocation *inv)
{
	uint64_t address;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &address);
	if (status)
		return status;
	err = capmsg_destroy(ctx->space.fd, address);
	if (err)
		return fail(ctx, err, NULL, "destroying %s", inv->args[0]);
	space_forget_region(&ctx->space, address);
	return STATUS_OK;
}

/* ---- show, list ---- */

static void doc_port(struct json_object *doc, const struct capmsg_stat *stat)
{
	doc_u64(doc, "depth", stat->out_depth);
	doc_u64(doc, "max_size", stat->out_max_size);
	doc_u64(doc, "max_caps", stat->out_max_caps);
	if (!(stat->out_rights & CAPMSG_RIGHT_RECV))
		return;
	doc_u64(doc, "posted", stat->out_posted);
	doc_u64(doc, "claimed", stat->out_claimed);
	doc_u64(doc, "filled", stat->out_filled);
	doc_u64(doc, "idle", stat->out_idle);
	doc_u64(doc, "senders", stat->out_senders);
	doc_u64(doc, "send_caps", stat->out_send_caps);
	doc_u64(doc, "mints", stat->out_mints);
}

/* What there is to say of one type of object only. */
static void doc_object(struct json_object *doc, const struct capmsg_stat *stat)
{
	switch (stat->out_type) {
	case CAPMSG_TYPE_CAPPAGE:
		doc_u64(doc, "bits", stat->out_bits);
		doc_u64(doc, "subpage", stat->out_subpage);
		doc_u64(doc, "subpage_bits", stat->out_subpage_bits);
		break;
	case CAPMSG_TYPE_PORT:
		doc_port(doc, stat);
		break;
	case CAPMSG_TYPE_REGION:
		doc_u64(doc, "length", stat->out_length);
		break;
	case CAPMSG_TYPE_NOTIFICATION:
		if (stat->out_rights & CAPMSG_RIGHT_RECV)
			doc_bits(doc, "pending", stat->out_pending);
		break;
	case CAPMSG_TYPE_MESSAGE:
		doc_str(doc, "state", capmsg_state_name(stat->out_state));
		if (stat->out_error)
			doc_str(doc, "lost", strerrorname_np((int)stat->out_error));
		break;
	case CAPMSG_TYPE_REVOKER:
		doc_u64(doc, "closed", stat->out_closed);
		doc_u64(doc, "chain", stat->out_chain);
		break;
	}
}

/* Puts what STAT says into a document. */
void doc_capability(struct json_object *doc, uint64_t address,
		    const struct capmsg_stat *stat)
{
	char rights[CAPMSG_RIGHTS_TEXT];

	capmsg_rights_format(stat->out_rights, rights, sizeof(rights));
	doc_address(doc, "address", address);
	doc_str(doc, "type", capmsg_type_name(stat->out_type));
	doc_str(doc, "rights", rights);
	doc_u64(doc, "badged", !!(stat->out_flags & CAPMSG_STAT_BADGED));
	doc_u64(doc, "guard", stat->out_guard);
	doc_u64(doc, "guard_bits", stat->out_guard_bits);
	doc_object(doc, stat);
}

static int cap_show(struct context *ctx, struct invocation *inv)
{
	struct capmsg_stat stat;
	uint64_t address;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &address);
	if (status)
		return status;
	err = capmsg_stat(ctx->space.fd, address, &stat);
	if (err)
		return fail(ctx, err, NULL, "looking at %s", inv->args[0]);
	doc_capability(ctx->doc, address, &stat);
	return STATUS_OK;
}

static void list_entry(struct table *table, const struct capmsg_list_entry *entry)
{
	char rights[CAPMSG_RIGHTS_TEXT];

	capmsg_rights_format(entry->rights, rights, sizeof(rights));
	table_line(table);
	table_cell(table, 0, "%x", entry->slot);
	table_cell(table, 1, "%s", entry->flags & CAPMSG_STAT_RESERVED ? "reserved" :
						 capmsg_type_name(entry->type));
	table_cell(table, 2, "%s", rights);
	table_cell(table, 3, "%d", !!(entry->flags & CAPMSG_STAT_BADGED));
	table_cell(table, 4, "%llu", (unsigned long long)entry->guard);
	table_cell(table, 5, "%u", entry->guard_bits);
	table_cell(table, 6, "%u", entry->subpage);
	table_cell(table, 7, "%u", entry->subpage_bits);
}

static int list_all(struct context *ctx, uint64_t at, struct table *table)
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
		for (uint32_t i = 0; i < list.out_n; i++)
			list_entry(table, &entries[i]);
		list.first = list.out_next;
	} while (list.out_next);
	return 0;
}

static int cap_list(struct context *ctx, struct invocation *inv)
{
	static const struct column columns[] = {
		{ "slot", false, true }, { "type", false, false },
		{ "rights", false, false }, { "badged", true, true },
		{ "guard", true, true }, { "guard_bits", true, true },
		{ "subpage", true, true }, { "subpage_bits", true, true },
	};
	const char *text = inv->n_args ? inv->args[0] : "/";
	struct table *table;
	uint64_t at;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, text, &at);
	if (status)
		return status;
	table = table_new(ctx, "caps", columns, ARRAY_SIZE(columns));
	if (!table)
		return STATUS_USAGE;
	err = list_all(ctx, at, table);
	if (err) {
		table_drop(table);
		return fail(ctx, err, NULL, "listing %s", text);
	}
	return table_end(table);
}

/* ---- export, import ---- */

static int cap_export(struct context *ctx, struct invocation *inv)
{
	uint32_t rights = CAPMSG_RIGHTS_ALL;
	uint64_t from;
	int status = space_open(ctx), err, fd;

	if (!status)
		status = arg_address(ctx, inv->args[0], &from);
	if (!status)
		status = opt_rights(ctx, inv, &rights);
	if (status)
		return status;
	err = capmsg_export(ctx->space.fd, from, rights, &fd);
	if (err)
		return fail(ctx, err, NULL, "exporting %s", inv->args[0]);
	doc_u64(ctx->doc, "fd", (uint64_t)fd);
	return STATUS_OK;
}

static int cap_import(struct context *ctx, struct invocation *inv)
{
	const char *name = option(inv, OPT_ENV);
	uint64_t to, fd = UINT64_MAX;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status)
		status = opt_u64(ctx, inv, OPT_FD, INT32_MAX, &fd);
	if (status)
		return status;
	if (!name == !option(inv, OPT_FD))
		return usage(ctx, NULL, "cap import needs one of --fd and --env");
	if (name) {
		int inherited = capmsg_inherited_fd(name);

		if (inherited < 0)
			return fail_why(ctx, STATUS_ABSENT, "the environment variable "
					CAPMSG_FD_VARIABLE " names no such capability",
					"start this with 'capctl exec --cap NAME=ADDR -- ...'",
					"importing '%s'", name);
		fd = (uint64_t)inherited;
	}
	err = capmsg_import(ctx->space.fd, to, (int)fd);
	return err ? fail(ctx, err, NULL, "importing descriptor %d to %s", (int)fd,
			  inv->args[0]) : STATUS_OK;
}

/* ---- give, watch ---- */

/* Opens and sets up the space that a capability is given to. */
static int open_other(struct context *ctx, const char *name, int *out_fd)
{
	struct space *other = space_named(ctx, name), current = ctx->space;
	int status;

	if (!other)
		return fail_why(ctx, STATUS_ABSENT, "there is none of that name",
				"'space use NAME' opens one", "giving to space %s", name);
	if (other == &ctx->space) {
		status = space_open(ctx);
		*out_fd = ctx->space.fd;
		return status;
	}
	ctx->space = *other;
	status = space_open(ctx);
	*other = ctx->space;
	*out_fd = other->fd;
	ctx->space = current;
	return status;
}

static int cap_give(struct context *ctx, struct invocation *inv)
{
	uint32_t rights = CAPMSG_RIGHTS_ALL;
	uint64_t from, to;
	int status = space_open(ctx), err, fd, other = -1;

	if (!status)
		status = arg_address(ctx, inv->args[0], &from);
	if (!status)
		status = arg_address(ctx, inv->args[2], &to);
	if (!status)
		status = opt_rights(ctx, inv, &rights);
	if (!status)
		status = open_other(ctx, inv->args[1], &other);
	if (status)
		return status;
	err = capmsg_export(ctx->space.fd, from, rights, &fd);
	if (err)
		return fail(ctx, err, NULL, "exporting %s", inv->args[0]);
	err = capmsg_import(other, to, fd);
	close(fd);
	return err ? fail(ctx, err, NULL, "giving %s to %s in space %s", inv->args[0],
			  inv->args[2], inv->args[1]) : STATUS_OK;
}

static int cap_watch(struct context *ctx, struct invocation *inv)
{
	uint64_t address, to = CAPMSG_ADDRESS_VOID, notification, bits = 0;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &address);
	if (!status)
		status = arg_address(ctx, inv->args[1], &notification);
	if (!status && inv->n_args > 2)
		status = arg_u64(ctx, inv->args[2], "BITS", UINT64_MAX, &bits);
	if (!status)
		status = opt_address(ctx, inv, OPT_TO, &to);
	if (status)
		return status;
	err = capmsg_watch(ctx->space.fd, address, to, notification, bits);
	return err ? fail(ctx, err, NULL, "watching %s", inv->args[0]) : STATUS_OK;
}

/* ---- the table ---- */

static const struct argp_option copy_option_list[] = {
	{ "rights", OPT_RIGHTS, "RIGHTS", 0, "Keep only these: letters of rwsvgd, names (all)", 0 },
	{ "badge", OPT_BADGE, "N", 0, "Receivers will see this number", 0 },
	{ "guard", OPT_GUARD, "BITS/LEN", 0, "Address bits that must come first", 0 },
	{ "subpage", OPT_SUBPAGE, "N/BITS", 0, "Only part N of the 2^BITS parts of a cappage", 0 },
	{ "weak", OPT_WEAK, NULL, 0, "Weaken whatever is reached through the copy", 0 },
	{ 0 }
};

static const struct argp_option call_option_list[] = {
	{ "post", OPT_POST, "N", 0, "ADDR is a port: mean the call in this post ...", 0 },
	{ "seq", OPT_SEQ, "N", 0, "... of this sequence number", 0 },
	{ "last", OPT_LAST, NULL, 0, "ADDR is a port: mean the last call received from it", 0 },
	{ 0 }
};

static const struct argp_option export_options[] = {
	{ "rights", OPT_RIGHTS, "RIGHTS", 0, "Keep only these (all)", 0 },
	{ 0 }
};

static const struct argp_option import_options[] = {
	{ "fd", OPT_FD, "N", 0, "Descriptor of an exported capability", 0 },
	{ "env", OPT_ENV, "NAME", 0, "Name under which exec handed it down", 0 },
	{ 0 }
};

static const struct argp_option watch_options[] = {
	{ "to", OPT_TO, "ADDR", 0, "This void slot gets the watch, to take it back with", 0 },
	{ 0 }
};

static const struct command commands[] = {
	{ .verb = "copy", .args = "FROM TO", .summary = "Copy a capability into a void slot.",
	  .options = copy_option_list, .min_args = 2, .max_args = 2, .run = cap_copy },
	{ .verb = "move", .args = "FROM TO", .summary = "Move a capability to a void slot.",
	  .options = call_option_list, .min_args = 2, .max_args = 2, .run = cap_move },
	{ .verb = "clear", .args = "ADDR", .summary = "Make a slot void, or drop a call.",
	  .options = call_option_list, .min_args = 1, .max_args = 1, .run = cap_clear },
	{ .verb = "show", .args = "ADDR", .summary = "Show a capability and its object.",
	  .min_args = 1, .max_args = 1, .run = cap_show },
	{ .verb = "list", .args = "[ADDR]", .summary = "List a table, by default the root.",
	  .max_args = 1, .run = cap_list },
	{ .verb = "export", .args = "ADDR", .summary = "Put a capability into a file; prints its descriptor.",
	  .options = export_options, .min_args = 1, .max_args = 1, .run = cap_export },
	{ .verb = "import", .args = "ADDR", .summary = "Take a capability out of a file into a void slot.",
	  .options = import_options, .min_args = 1, .max_args = 1, .run = cap_import },
	{ .verb = "give", .args = "FROM SPACE TO",
	  .summary = "Put a copy into a void slot of another space of this capctl.",
	  .options = export_options, .min_args = 3, .max_args = 3, .run = cap_give },
	{ .verb = "watch", .args = "ADDR NOTIFICATION [BITS]",
	  .summary = "Signal a notification when the object dies, or the capability is revoked.",
	  .details = "Through a capability with a badge its bits are set, and none may be given.",
	  .options = watch_options, .min_args = 2, .max_args = 3, .run = cap_watch },
	{ .verb = "destroy", .args = "ADDR", .summary = "Destroy the object that a capability names.",
	  .min_args = 1, .max_args = 1, .run = cap_destroy },
};

const struct object cap_object = {
	"cap", "a capability in a slot", commands, ARRAY_SIZE(commands),
};
