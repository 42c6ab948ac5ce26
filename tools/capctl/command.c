// SPDX-License-Identifier: GPL-2.0-only
/*
 * The grammar: which commands there are, how their words are taken apart.
 * argp does the options; that its long options may be shortened is undone here,
 * since a new option must not change the meaning of an old script.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capctl.h"

static const struct object *const objects[] = {
	&doctor_object, &status_object, &space_object, &cappage_object,
	&port_object, &region_object, &notification_object, &message_object,
	&revoker_object, &virtual_object, &handler_object, &cap_object, &send_object, &recv_object,
	&call_object, &reply_object, &serve_object, &limits_object, &exec_object,
	&start_object, &wait_object, &run_object, &expect_object, &shell_object,
};

static const struct argp_option common_options[] = {
	{ "json", OPT_JSON, NULL, 0, "Print JSON, errors too", -1 },
	{ "output", OPT_COLUMNS, "COL,...", 0, "Show these columns of a table", -1 },
	{ "no-headings", OPT_NO_HEADINGS, NULL, 0, "Leave out a table's heading", -1 },
	{ "help", OPT_HELP, NULL, 0, "Show this help", -1 },
	{ 0 }
};

static const struct argp_option global_options[] = {
	{ "import", OPT_IMPORT, "NAME=ADDR", 0,
	  "First import an inherited capability (see exec)", 0 },
	{ "version", OPT_VERSION, NULL, 0, "Show the version", -1 },
	{ 0 }
};

const struct object *const *command_objects(size_t *out_n)
{
	*out_n = ARRAY_SIZE(objects);
	return objects;
}

/* Value of an option, "" if it takes none, NULL if it was not given. */
const char *option(const struct invocation *inv, int key)
{
	for (size_t i = inv->n_given; i-- > 0;)
		if (inv->given[i].key == key)
			return inv->given[i].value;
	return NULL;
}

/* Name of an option, for messages. */
const char *option_name(const struct invocation *inv, int key)
{
	for (const struct argp_option *opt = inv->options; opt->name; opt++)
		if (opt->key == key)
			return opt->name;
	return "option";
}

static size_t count_options(const struct argp_option *options)
{
	size_t n = 0;

	while (options && options[n].name)
		n++;
	return n;
}

/* The options of a command and the common ones; to be freed. */
static struct argp_option *join_options(const struct argp_option *options)
{
	size_t n = count_options(options), m = count_options(common_options);
	struct argp_option *all = calloc(n + m + 1, sizeof(*all));

	if (!all)
		return NULL;
	if (n)
		memcpy(all, options, n * sizeof(*all));
	memcpy(all + n, common_options, m * sizeof(*all));
	return all;
}

static const struct argp_option *find_long(const struct argp_option *options,
					   const char *name, size_t length)
{
	for (; options->name; options++)
		if (strlen(options->name) == length && !memcmp(options->name, name, length))
			return options;
	return NULL;
}

/* Looks at a word such as -jn or -oCOL. Returns 1 if the next word is its value. */
static int check_short(struct context *ctx, const struct argp_option *options,
		       const char *word, bool last, int *out_status)
{
	for (const char *c = word + 1; *c; c++) {
		const struct argp_option *opt = options;

		while (opt->name && opt->key != *c)
			opt++;
		if (!opt->name) {
			*out_status = usage(ctx, "text that starts with '-' goes behind '--'",
					    "unknown option -%c", *c);
			return 0;
		}
		if (!opt->arg)
			continue;
		if (!c[1] && last)
			*out_status = usage(ctx, NULL, "option -%c needs a value", *c);
		return !c[1];
	}
	return 0;
}

/* Every option must be one of the table, in full, and have its value. */
static int check_options(struct context *ctx, const struct argp_option *options,
			 int argc, char **argv, bool stop_at_first)
{
	int status = STATUS_OK;

	for (int i = 1; i < argc && !status; i++) {
		const char *word = argv[i];
		const struct argp_option *opt;
		size_t length;

		if (!strcmp(word, "--") || (word[0] != '-' && stop_at_first))
			break;
		if (word[0] != '-' || !word[1])
			continue;
		if (word[1] != '-') {
			i += check_short(ctx, options, word, i + 1 == argc, &status);
			continue;
		}
		length = strcspn(word + 2, "=");
		opt = find_long(options, word + 2, length);
		if (!opt)
			return usage(ctx, "text that starts with '-' goes behind '--'",
				     "unknown option %.*s", (int)length + 2, word);
		if (!opt->arg && word[2 + length])
			return usage(ctx, NULL, "option --%s takes no value", opt->name);
		if (opt->arg && !word[2 + length] && ++i == argc)
			return usage(ctx, NULL, "option --%s needs a value", opt->name);
	}
	return status;
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	struct invocation *inv = state->input;

	if (key == ARGP_KEY_ARG) {
		if (inv->stop_at_first) {
			inv->first = state->next - 1;
			state->next = state->argc;
		} else if (state->quoted && state->next > state->quoted &&
			   inv->command->flags & TAKES_COMMAND) {
			inv->child[inv->n_child++] = arg;
		} else {
			inv->args[inv->n_args++] = arg;
		}
		return 0;
	}
	if (key < OPT_FIRST && (key <= ' ' || key > '~'))
		return ARGP_ERR_UNKNOWN;
	if (key >= ARGP_KEY_END)
		return ARGP_ERR_UNKNOWN;
	inv->given[inv->n_given++] = (struct given){ key, arg ? arg : "" };
	return 0;
}

static void invocation_free(struct invocation *inv)
{
	free((void *)inv->options);
	free(inv->given);
	free(inv->args);
	free(inv->child);
}

/* Takes the words apart. @inv is to be freed whatever the status. */
static int parse(struct context *ctx, const struct argp_option *options, int argc,
		 char **argv, struct invocation *inv)
{
	struct argp argp = { .parser = parse_one };
	size_t letters = 0;
	int status;

	for (int i = 0; i < argc; i++)
		letters += strlen(argv[i]) + 1;
	inv->options = join_options(options);
	inv->given = calloc(letters + 1, sizeof(*inv->given));
	inv->args = calloc((size_t)argc + 1, sizeof(*inv->args));
	inv->child = calloc((size_t)argc + 1, sizeof(*inv->child));
	if (!inv->options || !inv->given || !inv->args || !inv->child)
		return fail(ctx, -ENOMEM, NULL, "parsing the command");
	status = check_options(ctx, inv->options, argc, argv, inv->stop_at_first);
	if (status)
		return status;
	argp.options = inv->options;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_SILENT, NULL, inv))
		return usage(ctx, NULL, "cannot make sense of the options");
	for (int i = inv->first; i && i < argc; i++)
		inv->args[inv->n_args++] = argv[i];
	return STATUS_OK;
}

static void apply_common(struct context *ctx, const struct invocation *inv)
{
	const char *columns = option(inv, OPT_COLUMNS);

	ctx->json |= !!option(inv, OPT_JSON);
	ctx->no_headings |= !!option(inv, OPT_NO_HEADINGS);
	if (columns)
		ctx->columns = columns;
}

static int check_count(struct context *ctx, const struct object *object,
		       const struct invocation *inv)
{
	const struct command *command = inv->command;
	const char *verb = command->verb ? command->verb : "";

	if (inv->n_args < command->min_args)
		return usage(ctx, NULL, "too few words: capctl %s%s%s %s", object->name,
			     *verb ? " " : "", verb, command->args);
	if (command->max_args >= 0 && inv->n_args > command->max_args)
		return usage(ctx, NULL, "'%s' is one word too many: capctl %s%s%s %s",
			     inv->args[command->max_args], object->name,
			     *verb ? " " : "", verb, command->args ? command->args : "");
	return STATUS_OK;
}

/* A document that says which command it comes from; without one, none. */
struct json_object *command_doc(const struct object *object, const struct command *command)
{
	struct json_object *doc = json_object_new_object();
	char *name = NULL;

	doc_str(doc, "schema", CAPCTL_SCHEMA);
	if (object && command &&
	    asprintf(&name, "%s%s%s", object->name, command->verb ? " " : "",
		     command->verb ? command->verb : "") >= 0) {
		doc_str(doc, "command", name);
		free(name);
	}
	return doc;
}

/* Runs a command whose words are in order, and prints what it has to say. */
static int run_words(struct context *ctx, const struct object *object,
		     const struct command *command, struct invocation *inv)
{
	int labels, status;

	ctx->doc = command_doc(object, command);
	labels = json_object_object_length(ctx->doc);
	status = command->run(ctx, inv);
	/* A failed command may have had something to say before. */
	if (!(command->flags & PRINTS_ITSELF) &&
	    (!status || json_object_object_length(ctx->doc) > labels))
		doc_print(ctx);
	json_object_put(ctx->doc);
	return status;
}

/* Runs one command; argv[0] is the last word of its name. */
static int run(struct context *ctx, const struct object *object,
	       const struct command *command, int argc, char **argv)
{
	struct invocation inv = {
		.command = command, .stop_at_first = command->flags & TAKES_WORDS,
	};
	struct context saved = *ctx;
	int status;

	ctx->object = object;
	ctx->command = command;
	status = parse(ctx, command->options, argc, argv, &inv);
	if (!status) {
		apply_common(ctx, &inv);
		if (option(&inv, OPT_HELP)) {
			status = help_command(ctx, object, command, inv.options);
		} else {
			status = check_count(ctx, object, &inv);
			if (!status)
				status = run_words(ctx, object, command, &inv);
		}
	}
	invocation_free(&inv);
	ctx->object = saved.object;
	ctx->command = saved.command;
	ctx->doc = saved.doc;
	ctx->json = saved.json;
	ctx->no_headings = saved.no_headings;
	ctx->columns = saved.columns;
	return status;
}

static const struct object *find_object(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		if (!strcmp(objects[i]->name, name))
			return objects[i];
	return NULL;
}

static const struct command *find_command(const struct object *object, const char *verb)
{
	for (size_t i = 0; i < object->n_commands; i++)
		if (object->commands[i].verb && !strcmp(object->commands[i].verb, verb))
			return &object->commands[i];
	return NULL;
}

/* help [OBJECT [VERB]] */
static int help(struct context *ctx, int argc, char **argv)
{
	const struct object *object;
	const struct command *command;
	struct argp_option *options;
	int status;

	if (argc == 0) {
		options = join_options(global_options);
		status = help_all(ctx, options);
		free(options);
		return status;
	}
	object = find_object(argv[0]);
	if (!object)
		return usage(ctx, NULL, "there is no object '%s'", argv[0]);
	if (argc == 1 && object->commands[0].verb)
		return help_object(ctx, object);
	command = argc > 1 ? find_command(object, argv[1]) : &object->commands[0];
	if (!command)
		return usage(ctx, NULL, "%s has no verb '%s'", object->name, argv[1]);
	options = join_options(command->options);
	status = help_command(ctx, object, command, options);
	free(options);
	return status;
}

/* Runs the command that the words, from the object on, name. */
int command_dispatch(struct context *ctx, int argc, char **argv)
{
	const struct object *object;
	const struct command *command;

	if (!strcmp(argv[0], "help") || !strcmp(argv[0], "--help"))
		return help(ctx, argc - 1, argv + 1);
	object = find_object(argv[0]);
	if (!object)
		return usage(ctx, NULL, "there is no object '%s'", argv[0]);
	if (!object->commands[0].verb)
		return run(ctx, object, &object->commands[0], argc, argv);
	if (argc == 1)
		return usage(ctx, "'capctl OBJECT help' lists the verbs",
			     "%s needs a verb", object->name);
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help"))
		return help_object(ctx, object);
	command = find_command(object, argv[1]);
	if (!command)
		return usage(ctx, NULL, "%s has no verb '%s'", object->name, argv[1]);
	return run(ctx, object, command, argc - 1, argv + 1);
}

/* --import NAME=ADDR */
static int import(struct context *ctx, const char *text)
{
	char *words[6];
	char *equals = strchr(text, '=');
	char *name;
	int status;

	if (!equals)
		return usage(ctx, NULL, "--import: '%s' is not NAME=ADDR", text);
	name = strndup(text, (size_t)(equals - text));
	if (!name)
		return fail(ctx, -ENOMEM, NULL, "--import %s", text);
	words[0] = "cap";
	words[1] = "import";
	words[2] = "--env";
	words[3] = name;
	words[4] = equals + 1;
	words[5] = NULL;
	status = command_dispatch(ctx, 5, words);
	free(name);
	return status;
}

/* The command line of capctl itself. */
int command_main(struct context *ctx, int argc, char **argv)
{
	struct invocation inv = { .stop_at_first = true };
	int status = parse(ctx, global_options, argc, argv, &inv);

	if (status)
		goto out;
	apply_common(ctx, &inv);
	if (option(&inv, OPT_HELP)) {
		status = help_all(ctx, inv.options);
	} else if (option(&inv, OPT_VERSION)) {
		status = help_version(ctx);
	} else if (!inv.first) {
		status = usage(ctx, NULL, "what is to be done?");
	} else {
		bool json = ctx->json;

		ctx->json = false;
		for (size_t i = 0; i < inv.n_given && !status; i++)
			if (inv.given[i].key == OPT_IMPORT)
				status = import(ctx, inv.given[i].value);
		ctx->json = json;
		if (!status)
			status = command_dispatch(ctx, argc - inv.first, argv + inv.first);
	}
out:
	invocation_free(&inv);
	return status;
}
