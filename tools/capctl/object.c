// SPDX-License-Identifier: GPL-2.0-only
/* What objects have in common; cappage and region: create, look at, destroy. */
#include <errno.h>
#include <stdio.h>

#include "capctl.h"

static int wrong_type(struct context *ctx, const char *text, uint32_t is, uint32_t wanted)
{
	return fail(ctx, -EINVAL, NULL, "%s is a %s, not a %s", text,
		    capmsg_type_name(is), capmsg_type_name(wanted));
}

/* Looks at the object at an address, which must be of the type that was named. */
int object_show(struct context *ctx, const char *text, uint32_t type)
{
	struct capmsg_stat stat;
	uint64_t address;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, text, &address);
	if (status)
		return status;
	err = capmsg_stat(ctx->space.fd, address, &stat);
	if (err)
		return fail(ctx, err, NULL, "looking at %s", text);
	if (stat.out_type != type)
		return wrong_type(ctx, text, stat.out_type, type);
	doc_capability(ctx->doc, address, &stat);
	return STATUS_OK;
}

/* Destroys the object at an address, if it is of the type that was named. */
int object_destroy(struct context *ctx, const char *text, uint32_t type)
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
		return wrong_type(ctx, text, stat.out_type, type);
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
	static const char wrong[] =
		"2^4 to 2^12 slots; a keeper is another cappage, real or virtual";
	uint64_t to, bits = 0, keeper = 0;
	int status = space_open(ctx), err;

	if (!status)
		status = arg_address(ctx, inv->args[0], &to);
	if (!status)
		status = opt_u64(ctx, inv, OPT_BITS, UINT32_MAX, &bits);
	if (!status)
		status = opt_address(ctx, inv, OPT_KEEPER, &keeper);
	if (status)
		return status;
	if (keeper)
		err = capmsg_create_kept_cappage(ctx->space.fd, to, (unsigned int)bits, keeper);
	else
		err = capmsg_create_cappage(ctx->space.fd, to, (unsigned int)bits);
	return err ? fail(ctx, err, err == -EINVAL ? wrong : NULL, "creating cappage %s",
			  inv->args[0]) : 0;
}

static int cappage_destroy(struct context *ctx, struct invocation *inv)
{
	return object_destroy(ctx, inv->args[0], CAPMSG_TYPE_CAPPAGE);
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
	{ "keeper", OPT_KEEPER, "ADDR", 0, "Cappage that takes the place of void slots", 0 },
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
	return object_destroy(ctx, inv->args[0], CAPMSG_TYPE_REGION);
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
