// SPDX-License-Identifier: GPL-2.0-only
/* shell: the same commands as in a script, typed, with history and completion. */
#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capctl.h"

static char *prompt(EditLine *el)
{
	(void)el;
	return "capctl> ";
}

/* What could stand at word @n (0: object, 1: verb) behind @words. */
static void candidates(char **words, int n, const char *start,
		       void (*add)(void *arg, const char *word), void *arg)
{
	size_t n_objects;
	const struct object *const *objects = command_objects(&n_objects);

	for (size_t i = 0; i < n_objects; i++) {
		const struct object *object = objects[i];

		if (n == 0 && !strncmp(object->name, start, strlen(start)))
			add(arg, object->name);
		if (n != 1 || strcmp(object->name, words[0]) || !object->commands[0].verb)
			continue;
		for (size_t j = 0; j < object->n_commands; j++)
			if (!strncmp(object->commands[j].verb, start, strlen(start)))
				add(arg, object->commands[j].verb);
	}
	if (n == 0)
		for (size_t i = 0; i < 2; i++)
			if (!strncmp(((const char *[]){ "help", "exit" })[i], start, strlen(start)))
				add(arg, ((const char *[]){ "help", "exit" })[i]);
}

struct matches {
	size_t n;
	char common[64];	/* what they all begin with */
	bool list;		/* print them */
};

static void add_match(void *arg, const char *word)
{
	struct matches *matches = arg;
	size_t i = 0;

	if (matches->list) {
		printf("%s%s", matches->n ? "  " : "\n", word);
	} else if (!matches->n) {
		snprintf(matches->common, sizeof(matches->common), "%s", word);
	} else {
		while (matches->common[i] && matches->common[i] == word[i])
			i++;
		matches->common[i] = '\0';
	}
	matches->n++;
}

static unsigned char complete(EditLine *el, int ch)
{
	const LineInfo *info = el_line(el);
	size_t length = (size_t)(info->cursor - info->buffer);
	struct matches matches = { 0 }, listed = { .list = true };
	char *line = strndup(info->buffer, length);
	char *words[2] = { "", "" }, *save = NULL;
	const char *start = "";
	int n = 0;

	(void)ch;
	if (!line)
		return CC_ERROR;
	for (char *word = strtok_r(line, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (n < 2)
			words[n] = word;
		start = word;
		n++;
	}
	/* The word under the cursor is the one to complete. */
	if (n && length && !strchr(" \t", info->buffer[length - 1]))
		n--;
	else
		start = "";
	candidates(words, n, start, add_match, &matches);
	if (matches.n) {
		if (strlen(matches.common) > strlen(start))
			el_insertstr(el, matches.common + strlen(start));
		if (matches.n == 1) {
			el_insertstr(el, " ");
		} else if (strlen(matches.common) == strlen(start)) {
			candidates(words, n, start, add_match, &listed);
			putchar('\n');
			free(line);
			return CC_REDISPLAY;
		}
	}
	free(line);
	return matches.n ? CC_REFRESH : CC_ERROR;
}

static char *history_file(void)
{
	const char *home = getenv("HOME");
	char *name;

	if (!home || asprintf(&name, "%s/.capctl_history", home) < 0)
		return NULL;
	return name;
}

static EditLine *start_editing(History *hist, HistEvent *event, const char *file)
{
	EditLine *el = el_init("capctl", stdin, stdout, stderr);

	if (!el)
		return NULL;
	history(hist, event, H_SETSIZE, 500);
	history(hist, event, H_SETUNIQUE, 1);
	if (file)
		history(hist, event, H_LOAD, file);
	el_set(el, EL_PROMPT, prompt);
	el_set(el, EL_EDITOR, "emacs");
	el_set(el, EL_SIGNAL, 1);
	el_set(el, EL_HIST, history, hist);
	el_set(el, EL_ADDFN, "capctl-complete", "Complete objects and verbs", complete);
	el_set(el, EL_BIND, "^I", "capctl-complete", NULL);
	el_source(el, NULL);
	return el;
}

static bool is_exit(const char *line)
{
	return !strcmp(line, "exit\n") || !strcmp(line, "quit\n");
}

static void edit_lines(struct context *ctx, EditLine *el, History *hist,
		       HistEvent *event)
{
	for (;;) {
		const char *text;
		char *line;
		int n = 0;

		errno = 0;
		text = el_gets(el, &n);
		if (!text && n < 0 && errno == EINTR) {
			/* ^C gives this line up, not the space. */
			el_reset(el);
			putchar('\n');
			continue;
		}
		if (!text || n <= 0 || is_exit(text))
			break;
		if (strspn(text, " \t\n") == strlen(text))
			continue;
		history(hist, event, H_ENTER, text);
		line = strdup(text);
		if (line)
			script_line(ctx, line);
		free(line);
	}
}

static int run_shell(struct context *ctx, struct invocation *inv)
{
	char *file = history_file();
	HistEvent event;
	History *hist;
	EditLine *el;

	(void)inv;
	if (!isatty(STDIN_FILENO)) {
		free(file);
		return script_run(ctx, "-");
	}
	hist = history_init();
	el = hist ? start_editing(hist, &event, file) : NULL;
	if (el) {
		edit_lines(ctx, el, hist, &event);
		if (file)
			history(hist, &event, H_SAVE, file);
		el_end(el);
	}
	if (hist)
		history_end(hist);
	free(file);
	return el ? STATUS_OK : fail_file(ctx, ENOMEM, "starting the line editor");
}

static const struct command commands[] = {
	{ .args = "", .summary = "Type commands, all in one space.",
	  .details = "Tab completes objects and verbs; 'exit' or end of file ends it, and the space.",
	  .flags = PRINTS_ITSELF, .run = run_shell },
};

const struct object shell_object = { "shell", "type commands, all in one space", commands, 1 };
