// SPDX-License-Identifier: GPL-2.0-only
/* Help, made from the tables that also make the grammar. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "capctl.h"

/* argp's own flags would end the process. */
#define HELP_FLAGS (ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC)

static void print(const char *name, const struct argp_option *options,
		  const char *args, const char *before, const char *after)
{
	struct argp argp = { .options = options, .args_doc = args };
	char *doc = NULL, *mutable_name = NULL;

	if (asprintf(&doc, "%s%s%s", before, after ? "\v" : "", after ? after : "") >= 0 &&
	    asprintf(&mutable_name, "%s", name) >= 0) {
		argp.doc = doc;
		argp_help(&argp, stdout, HELP_FLAGS, mutable_name);
	}
	free(mutable_name);
	free(doc);
	fflush(stdout);
}

/* ---- as JSON ---- */

static void doc_help(struct json_object *doc, const struct object *object,
		     const struct command *command)
{
	struct json_object *item = doc_add(doc, "commands");
	struct json_object *options = json_object_new_array();

	for (const struct argp_option *opt = command->options; opt && opt->name; opt++) {
		struct json_object *one = json_object_new_object();

		doc_str(one, "name", opt->name);
		if (opt->arg)
			doc_str(one, "value", opt->arg);
		doc_str(one, "summary", opt->doc);
		json_object_array_add(options, one);
	}
	doc_str(item, "object", object->name);
	if (command->verb)
		doc_str(item, "verb", command->verb);
	doc_str(item, "args", command->args ? command->args : "");
	doc_str(item, "summary", command->summary);
	if (command->details)
		doc_str(item, "details", command->details);
	json_object_object_add(item, "options", options);
	json_object_object_add(item, "prints",
			       json_object_new_boolean(!(command->flags & PRINTS_ITSELF)));
}

/* Help of one command, of all of an object (@command NULL), or all (both NULL). */
static int print_json(const struct object *object, const struct command *command)
{
	struct json_object *doc = command_doc(NULL, NULL);
	size_t n;
	const struct object *const *objects = command_objects(&n);

	doc_str(doc, "command", "help");
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < objects[i]->n_commands; j++)
			if ((!object || object == objects[i]) &&
			    (!command || command == &objects[i]->commands[j]))
				doc_help(doc, objects[i], &objects[i]->commands[j]);
	doc_line(doc, false);
	json_object_put(doc);
	return STATUS_OK;
}

int help_version(struct context *ctx)
{
	struct json_object *doc;

	if (!ctx->json) {
		printf("capctl %s (uapi %d)\n", CAPCTL_VERSION, CAPMSG_ABI_VERSION);
		return STATUS_OK;
	}
	doc = command_doc(NULL, NULL);
	doc_str(doc, "command", "version");
	doc_str(doc, "capctl", CAPCTL_VERSION);
	doc_u64(doc, "uapi", CAPMSG_ABI_VERSION);
	doc_line(doc, false);
	json_object_put(doc);
	return STATUS_OK;
}

/* ---- as text ---- */

int help_command(struct context *ctx, const struct object *object,
		 const struct command *command, const struct argp_option *options)
{
	char *name;

	if (ctx->json)
		return print_json(object, command);
	if (asprintf(&name, "capctl %s%s%s", object->name, command->verb ? " " : "",
		     command->verb ? command->verb : "") < 0)
		return STATUS_FAILED;
	print(name, options, command->args, command->summary, command->details);
	free(name);
	return STATUS_OK;
}

static void list_commands(FILE *out, const struct object *object)
{
	for (size_t i = 0; i < object->n_commands; i++) {
		const struct command *command = &object->commands[i];

		fprintf(out, "  %s%s%s %s\n        %s\n", object->name,
			command->verb ? " " : "", command->verb ? command->verb : "",
			command->args ? command->args : "", command->summary);
	}
}

int help_object(struct context *ctx, const struct object *object)
{
	if (ctx->json)
		return print_json(object, NULL);
	if (!object->commands[0].verb)
		return help_command(ctx, object, &object->commands[0],
				    object->commands[0].options);
	printf("capctl %s: %s\n\n", object->name, object->summary);
	list_commands(stdout, object);
	printf("\n'capctl %s VERB --help' tells more.\n", object->name);
	fflush(stdout);
	return STATUS_OK;
}

static void list_objects(FILE *out)
{
	size_t n;
	const struct object *const *objects = command_objects(&n);

	fprintf(out, "Objects and their verbs:\n");
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "  %-12s", objects[i]->name);
		if (objects[i]->commands[0].verb)
			for (size_t j = 0; j < objects[i]->n_commands; j++)
				fprintf(out, "%s%s", j ? ", " : " ",
					objects[i]->commands[j].verb);
		else
			fprintf(out, " %s", objects[i]->summary);
		fputc('\n', out);
	}
}

int help_all(struct context *ctx, const struct argp_option *options)
{
	size_t size;
	char *text = NULL;
	FILE *out;

	if (ctx->json)
		return print_json(NULL, NULL);
	out = open_memstream(&text, &size);
	if (!out)
		return STATUS_FAILED;
	list_objects(out);
	fprintf(out, "\nAn address is /12/3f, a hex slot at each level of tables of 256 slots, or "
		     "0xBITS/DEPTH. A space, and all that is in it, ends with the capctl that opened "
		     "it: use 'capctl run' or 'capctl shell' to do more than one thing.\n\n"
		     "Exit status: 0 done, 1 failed, 2 done in part, 3 no such object, 4 not permitted, "
		     "5 module or device missing or of another version, 6 timed out, 64 wrong usage, "
		     "130 interrupted.\n\n"
		     "'capctl help OBJECT', 'capctl OBJECT help' and 'capctl OBJECT VERB --help' tell more, "
		     "as do capctl(8) and capmsg(4).");
	fclose(out);
	print("capctl", options, "OBJECT VERB [ARG...]",
	      "Drive capability messaging (/dev/capmsg) from a shell.", text);
	free(text);
	return STATUS_OK;
}
