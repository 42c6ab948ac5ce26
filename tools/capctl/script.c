// SPDX-License-Identifier: GPL-2.0-only
/* run: commands from a file, one a line, all in one space. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capctl.h"

#define DEPTH_MAX 8

/*
 * Reads one word at *in and writes it to *out, which never overtakes: single
 * quotes keep everything, double quotes all but \" and \\, outside of quotes a
 * backslash keeps the next character. Returns what is wrong, or NULL.
 */
static const char *one_word(char **in, char **out)
{
	char *from = *in, *to = *out, quote = 0;

	for (; *from && (quote || !strchr(" \t\r\n", *from)); from++) {
		if (quote ? *from == quote : *from == '\'' || *from == '"') {
			quote = quote ? 0 : *from;
			continue;
		}
		if (*from == '\\' && quote != '\'' &&
		    (!quote || from[1] == '"' || from[1] == '\\')) {
			if (!from[1] || from[1] == '\n')
				return "there is nothing behind the backslash";
			from++;
		}
		*to++ = *from;
	}
	if (quote)
		return "a quote is not closed";
	*in = from;
	*out = to;
	return NULL;
}

/*
 * Splits a line into words, in place; # at the start of a word begins a comment.
 * *out_words, which NULL ends, is the caller's to free. Returns 0, -EINVAL (*why
 * says what is wrong) or -ENOMEM.
 */
int script_words(char *line, char ***out_words, int *out_n, const char **why)
{
	char **words = calloc(strlen(line) / 2 + 2, sizeof(*words));
	char *in = line;
	int n = 0;

	if (!words)
		return -ENOMEM;
	for (;;) {
		char *word, *end;
		bool last;

		in += strspn(in, " \t\r\n");
		if (!*in || *in == '#')
			break;
		word = in;
		end = in;
		*why = one_word(&in, &end);
		if (*why) {
			free(words);
			return -EINVAL;
		}
		last = !*in;
		*end = '\0';
		words[n++] = word;
		if (last)
			break;
		in++;
	}
	*out_words = words;
	*out_n = n;
	return 0;
}

/* Runs one line, which is taken apart. */
int script_line(struct context *ctx, char *line)
{
	const char *why = NULL;
	char **words;
	int n, status = STATUS_OK;
	int err = script_words(line, &words, &n, &why);

	if (err == -EINVAL)
		return fail_why(ctx, STATUS_USAGE, why, "quotes and backslashes work as in a shell",
				"reading the line");
	if (err)
		return fail_file(ctx, err, "reading the line");
	if (n)
		status = command_dispatch(ctx, n, words);
	free(words);
	return status;
}

/* Runs a script up to its end or the first line that fails. */
int script_run(struct context *ctx, const char *file)
{
	bool standard = !strcmp(file, "-");
	FILE *in = standard ? stdin : fopen(file, "re");
	const char *outer = ctx->file;
	unsigned int outer_line = ctx->line;
	char *line = NULL;
	size_t size = 0;
	int status = STATUS_OK;

	if (!in)
		return fail_file(ctx, errno, "opening %s", file);
	ctx->file = standard ? "stdin" : file;
	ctx->line = 0;
	ctx->depth++;
	if (ctx->depth > DEPTH_MAX)
		status = fail_why(ctx, STATUS_FAILED, "scripts run each other too deeply",
				  NULL, "running %s", file);
	while (!status && getline(&line, &size, in) >= 0) {
		ctx->line++;
		status = script_line(ctx, line);
	}
	if (!status && ferror(in))
		status = fail_file(ctx, errno, "reading %s", file);
	free(line);
	if (!standard)
		fclose(in);
	ctx->depth--;
	ctx->file = outer;
	ctx->line = outer_line;
	return status;
}

static int run_run(struct context *ctx, struct invocation *inv)
{
	return script_run(ctx, inv->args[0]);
}

static const struct command commands[] = {
	{ .args = "FILE", .summary = "Run commands from a file (-: stdin), all in one space.",
	  .details = "One command a line, without 'capctl'. Words are quoted as in a shell, # "
		     "begins a comment. Ends at the first line that fails.",
	  .min_args = 1, .max_args = 1, .flags = PRINTS_ITSELF, .run = run_run },
};

/* ---- expect ---- */

/* The number of an errno's name, 0 if there is none. */
static int errno_of(const char *name)
{
	for (int err = 1; err < 134; err++) {
		const char *known = strerrorname_np(err);

		if (known && !strcmp(known, name))
			return err;
	}
	return 0;
}

static int run_expect(struct context *ctx, struct invocation *inv)
{
	struct expectation expectation = { .err = errno_of(inv->args[0]) };
	struct expectation *outer = ctx->expect;
	int status;

	if (!expectation.err)
		return usage(ctx, "it is written as ENOENT", "'%s' is no errno", inv->args[0]);
	ctx->expect = &expectation;
	status = command_dispatch(ctx, inv->n_args - 1, inv->args + 1);
	ctx->expect = outer;
	if (expectation.doc) {
		struct json_object *error = json_object_object_get(expectation.doc, "error");

		json_object_object_add(ctx->doc, "expected", json_object_get(error));
		json_object_put(expectation.doc);
	}
	if (expectation.met)
		return STATUS_OK;
	if (status)
		return status;
	return fail_why(ctx, STATUS_FAILED, "the command succeeded", NULL, "expecting %s",
			inv->args[0]);
}

static const struct command expect_commands[] = {
	{ .args = "ERRNO COMMAND...", .summary = "Run a command that must fail with this error.",
	  .details = "Succeeds, without a word, if it does, so that a script goes on: "
		     "expect EAGAIN send /10 x --nowait",
	  .min_args = 2, .max_args = -1, .flags = TAKES_WORDS, .run = run_expect },
};

const struct object expect_object = {
	"expect", "run a command that must fail", expect_commands, 1,
};

const struct object run_object = { "run", "commands from a file, all in one space", commands, 1 };
