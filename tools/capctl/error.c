// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors: what failed, why, what to do. One line and one hint on stderr, or a
 * JSON document there, and an exit status.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capctl.h"

static const struct {
	int err;
	const char *hint;
} hints[] = {
	{ ENOENT, "'cap list' shows the slots in use; a space ends with its capctl" },
	{ EACCES, "'capctl cap show ADDR' shows the rights there are; rights only ever shrink" },
	{ EPERM, "try it as root, or ask who administers the device" },
	{ EEXIST, "name a void slot, or empty this one with 'cap clear'" },
	{ EBUSY, "take the post back with 'port unpost', or wait until its message is received" },
	{ EINVAL, "'cap show ADDR' shows what is there; --help tells what the command takes" },
	{ EDQUOT, "'capctl status' shows limit and use; 'ulimit -l' is what may be pinned" },
	{ EMLINK, "derive it from a capability that has come through fewer revokers" },
	{ EMSGSIZE, "give more room (--size, --region, --max-size, --caps) or send less" },
	{ ELOOP,
	  "each virtual cappage on the way may be asked, 32 times in all, and 32 keepers passed" },
	{ EDEADLK,
	  "name what is to be answered by an address that leads through no virtual cappage" },
	{ EAGAIN, "leave out --nowait, or try again when the receiver has caught up" },
	{ ETIMEDOUT, "give more time with --timeout, or see whether the other side still runs" },
	{ EPIPE, "the server dropped the call or went away; call again if that makes sense" },
	{ ESTALE, "nothing waits for this answer or message any longer; see to the next" },
	{ ENOTTY, "tool and module differ: 'capctl doctor' compares them" },
	{ EOPNOTSUPP, "tool and module differ: 'capctl doctor' compares them" },
	{ E2BIG, "tool and module differ: 'capctl doctor' compares them" },
	{ ENOMEM, "free memory, or raise the limit of the cgroup" },
	{ EBADF, "name a descriptor that capctl has inherited or 'cap export' has opened" },
};

/* The exit status that tells of an error. */
int status_of(int err)
{
	switch (err < 0 ? -err : err) {
	case 0:
		return STATUS_OK;
	case ENOENT:
		return STATUS_ABSENT;
	case EACCES:
	case EPERM:
		return STATUS_DENIED;
	case ENODEV:
	case ENXIO:
	case ENOTTY:
	case EOPNOTSUPP:
	case E2BIG:
		return STATUS_UNAVAILABLE;
	case ETIMEDOUT:
		return STATUS_TIMEOUT;
	case EINTR:
		return STATUS_INTERRUPTED;
	default:
		return STATUS_FAILED;
	}
}

static const char *hint_for(int err)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (hints[i].err == err)
			return hints[i].hint;
	return NULL;
}

static struct json_object *error_doc(struct context *ctx, int err, const char *what,
				     const char *why, const char *hint,
				     const struct capmsg_limits *limits)
{
	struct json_object *doc = command_doc(ctx->object, ctx->command);

	if (err)
		doc_str(doc, "error.errno", strerrorname_np(err));
	doc_str(doc, "error.what", what);
	if (why)
		doc_str(doc, "error.why", why);
	if (hint)
		doc_str(doc, "error.hint", hint);
	if (limits)
		doc_limit(doc, "error.limit", limits);
	if (ctx->file) {
		doc_str(doc, "error.file", ctx->file);
		doc_u64(doc, "error.line", ctx->line);
	}
	return doc;
}

static void report_limit(struct context *ctx, int err, const char *what,
			 const char *why, const char *hint,
			 const struct capmsg_limits *limits)
{
	bool expected = ctx->expect && ctx->expect->err == err;
	bool colour = colour_wanted(STDERR_FILENO);

	fflush(stdout);
	if (expected)
		ctx->expect->met = true;
	if (ctx->json) {
		struct json_object *doc = error_doc(ctx, err, what, why, hint, limits);

		if (expected && !ctx->expect->doc) {
			ctx->expect->doc = doc;
			return;
		}
		if (!expected)
			doc_line(doc, true);
		json_object_put(doc);
	}
	if (ctx->json || expected)
		return;
	fprintf(stderr, "%scapctl:%s ", colour ? "\033[31m" : "",
		colour ? "\033[0m" : "");
	if (ctx->file)
		fprintf(stderr, "%s:%u: ", ctx->file, ctx->line);
	fprintf(stderr, "%s", what);
	if (why)
		fprintf(stderr, ": %s", why);
	if (err)
		fprintf(stderr, " (%s)", strerrorname_np(err));
	fputc('\n', stderr);
	if (hint)
		fprintf(stderr, "  hint: %s\n", hint);
}

static void report(struct context *ctx, int err, const char *what,
		   const char *why, const char *hint)
{
	report_limit(ctx, err, what, why, hint, NULL);
}

static char *format(const char *fmt, va_list args)
{
	char *text;

	return vasprintf(&text, fmt, args) < 0 ? NULL : text;
}

/* An operation of the module failed with -errno. */
int fail(struct context *ctx, int err, const char *hint, const char *what, ...)
{
	struct capmsg_limits limits;
	char *text, *why = NULL;
	va_list args;
	bool limited;

	err = err < 0 ? -err : err;
	limited = limit_met(ctx, err, &limits);
	if (limited)
		why = limit_why(&limits);
	if (limited && limit_hint(limits.out_limit))
		hint = limit_hint(limits.out_limit);
	va_start(args, what);
	text = format(what, args);
	va_end(args);
	report_limit(ctx, err, text ? text : what, why ? why : capmsg_strerror(err),
		     hint ? hint : hint_for(err), limited ? &limits : NULL);
	free(text);
	free(why);
	return status_of(err);
}

/* Something of the host failed: a file, a process, memory. */
int fail_file(struct context *ctx, int err, const char *what, ...)
{
	va_list args;
	char *text;

	err = err < 0 ? -err : err;
	va_start(args, what);
	text = format(what, args);
	va_end(args);
	report(ctx, err, text ? text : what, strerror(err), NULL);
	free(text);
	return err == EINTR ? STATUS_INTERRUPTED : STATUS_FAILED;
}

/* Something failed for which there is no errno. */
int fail_why(struct context *ctx, int status, const char *why, const char *hint,
	     const char *what, ...)
{
	va_list args;
	char *text;

	va_start(args, what);
	text = format(what, args);
	va_end(args);
	report(ctx, 0, text ? text : what, why, hint);
	free(text);
	return status;
}

/* The command line is wrong. */
int usage(struct context *ctx, const char *hint, const char *what, ...)
{
	va_list args;
	char *text;

	va_start(args, what);
	text = format(what, args);
	va_end(args);
	report(ctx, 0, text ? text : what, NULL,
	       hint ? hint : "'capctl help' lists the commands; every command knows --help");
	free(text);
	return STATUS_USAGE;
}
