// SPDX-License-Identifier: GPL-2.0-only
/* limits: which limit a command met, its use and its maximum; also in errors. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "capctl.h"

/* %llu stand for use and maximum. */
static const struct {
	const char *why;
	const char *hint;
} words[CAPMSG_LIMIT_COUNT] = {
	[CAPMSG_LIMIT_OBJECTS] = {
		"%llu of the user's %llu objects are in use",
		"end programs of this user, or raise max_objects of the module",
	},
	[CAPMSG_LIMIT_BYTES] = {
		"%llu of the user's %llu bytes of kernel memory are in use",
		"end programs of this user, or raise max_bytes of the module",
	},
	[CAPMSG_LIMIT_MEMLOCK] = {
		"%llu of the %llu pages that may be pinned are in use",
		"'ulimit -l' (RLIMIT_MEMLOCK) raises it; or unregister regions",
	},
	[CAPMSG_LIMIT_FRAMES] = {
		"%llu of the space's %llu frames are in use",
		"'space setup --frames' gives a space more",
	},
	[CAPMSG_LIMIT_POSTS] = {
		"no post of the port is free and large enough, %llu of %llu are not free",
		"receive from the port, post buffers, or create it with more --depth",
	},
	[CAPMSG_LIMIT_USER_SHARE] = {
		"the user holds %llu of the %llu posts of its share",
		"let the receiver catch up, or create the port with --no-shares",
	},
	[CAPMSG_LIMIT_BADGE_SHARE] = {
		"%llu of the %llu posts of this badge's share are held",
		"let the receiver catch up, or create the port with --no-shares",
	},
	[CAPMSG_LIMIT_CHAIN] = {
		"%llu of at most %llu revokers in a row are there",
		"derive it from a capability that has come through fewer revokers",
	},
	[CAPMSG_LIMIT_SIZE] = {
		"%llu bytes were asked for, %llu are the most",
		"give more room (--size, --region, --max-size, --length) or send less",
	},
	[CAPMSG_LIMIT_CAPS] = {
		"%llu capabilities were asked for, %llu are the most",
		"give more room (--caps, --max-caps) or send fewer",
	},
};

/*
 * Whether the command that has just failed with @err met a limit; then *limits
 * says which. The module keeps what it refused last, and a command that waits is
 * refused for other reasons, too: there, what was told before is not told again.
 */
bool limit_met(struct context *ctx, int err, struct capmsg_limits *limits)
{
	struct capmsg_limits told = ctx->space.refusal;
	bool waits = ctx->command && ctx->command->flags & WAITS;

	if (ctx->space.fd < 0 || (err != EAGAIN && err != EDQUOT && err != EMSGSIZE &&
				  err != EMLINK))
		return false;
	*limits = (struct capmsg_limits){ 0 };
	if (capmsg_limits(ctx->space.fd, limits) || !limits->out_limit ||
	    limits->out_error != (uint32_t)err)
		return false;
	ctx->space.refusal = *limits;
	return !waits || memcmp(&told, limits, sizeof(told));
}

/* The limit in words, to be freed; NULL if there are none. */
char *limit_why(const struct capmsg_limits *limits)
{
	char *text;

	if (limits->out_limit >= CAPMSG_LIMIT_COUNT || !words[limits->out_limit].why)
		return NULL;
	return asprintf(&text, words[limits->out_limit].why,
			(unsigned long long)limits->out_use,
			(unsigned long long)limits->out_max) < 0 ? NULL : text;
}

const char *limit_hint(uint32_t limit)
{
	return limit < CAPMSG_LIMIT_COUNT ? words[limit].hint : NULL;
}

/* Puts what LIMITS says of the last refusal into a document. */
void doc_limit(struct json_object *doc, const char *path,
	       const struct capmsg_limits *limits)
{
	struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{ "use", limits->out_use }, { "max", limits->out_max },
		{ "thread", limits->out_thread },
	};
	char name[64];

	snprintf(name, sizeof(name), "%s.name", path);
	doc_str(doc, name, capmsg_limit_name(limits->out_limit));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		snprintf(name, sizeof(name), "%s.%s", path, numbers[i].name);
		doc_u64(doc, name, numbers[i].value);
	}
}

static int run_limits(struct context *ctx, struct invocation *inv)
{
	struct capmsg_limits limits = { 0 };
	int status = space_open(ctx), err;

	(void)inv;
	if (status)
		return status;
	err = capmsg_limits(ctx->space.fd, &limits);
	if (err)
		return fail(ctx, err, NULL, "asking which limit was met");
	doc_limit(ctx->doc, "limit", &limits);
	if (limits.out_error)
		doc_str(ctx->doc, "limit.errno", strerrorname_np((int)limits.out_error));
	return STATUS_OK;
}

static const struct command commands[] = {
	{ .args = "", .summary = "Show which limit a command of this space met last.",
	  .details = "The limit, how much of it was in use or asked for, its maximum, and the "
		     "thread that was refused; 'none' if no command was. 'port holders' tells "
		     "who holds the posts of a port.",
	  .run = run_limits },
};

const struct object limits_object = {
	"limits", "which limit was met last", commands, ARRAY_SIZE(commands),
};
