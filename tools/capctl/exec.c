// SPDX-License-Identifier: GPL-2.0-only
/*
 * exec: starts a program that inherits exported capabilities, and tells it
 * through CAPMSG_FD which descriptor is which. wait: for those in background.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capctl.h"

#define HANDED_MAX 64

struct handed {
	char *name;
	int fd;			/* as exported */
	int as;			/* as the child sees it, -1: the same */
};

struct hand {
	struct handed caps[HANDED_MAX];
	size_t n;
};

static bool good_name(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("_-.", *name))
			return false;
	return true;
}

/* Exports ADDR[:RIGHTS] under a name. @name becomes the hand's. */
static int hand_out(struct context *ctx, struct hand *hand, char *name,
		    const char *text)
{
	const char *colon = strchr(text, ':');
	uint32_t rights = CAPMSG_RIGHTS_ALL;
	struct handed *handed;
	uint64_t address;
	char *plain;
	int status, err;

	if (!name || hand->n == HANDED_MAX) {
		free(name);
		return fail_file(ctx, name ? E2BIG : ENOMEM, "handing capabilities down");
	}
	handed = &hand->caps[hand->n++];
	*handed = (struct handed){ .name = name, .fd = -1, .as = -1 };
	if (!good_name(name))
		return usage(ctx, "letters, digits and _ - . make a name",
			     "'%s' is no name for a capability", name);
	if (colon && capmsg_rights_parse(colon + 1, &rights))
		return usage(ctx, NULL, "'%s' is no set of rights", colon + 1);
	plain = strndup(text, colon ? (size_t)(colon - text) : strlen(text));
	if (!plain)
		return fail_file(ctx, ENOMEM, "handing capabilities down");
	status = arg_address(ctx, plain, &address);
	free(plain);
	if (status)
		return status;
	err = capmsg_export(ctx->space.fd, address, rights, &handed->fd);
	return err ? fail(ctx, err, NULL, "exporting %s", text) : STATUS_OK;
}

static int hand_all(struct context *ctx, struct invocation *inv, struct hand *hand)
{
	uint64_t as_fd = UINT64_MAX;
	int status = opt_u64(ctx, inv, OPT_AS_FD, 1023, &as_fd);

	if (!status && inv->n_args)
		status = hand_out(ctx, hand, strdup("cap"), inv->args[0]);
	for (size_t i = 0; i < inv->n_given && !status; i++) {
		const char *value = inv->given[i].value, *equals = strchr(value, '=');

		if (inv->given[i].key != OPT_CAP)
			continue;
		if (!equals)
			return usage(ctx, NULL, "--cap: '%s' is not NAME=ADDR", value);
		status = hand_out(ctx, hand, strndup(value, (size_t)(equals - value)),
				  equals + 1);
	}
	if (!status && as_fd != UINT64_MAX) {
		if (hand->n != 1)
			return usage(ctx, NULL, "--as-fd goes with exactly one capability");
		hand->caps[0].as = (int)as_fd;
	}
	return status;
}

static void close_hand(struct hand *hand)
{
	for (size_t i = 0; i < hand->n; i++) {
		if (hand->caps[i].fd >= 0)
			close(hand->caps[i].fd);
		free(hand->caps[i].name);
	}
}

/* NAME=FD,...; NULL if memory is short. */
static char *hand_text(const struct hand *hand)
{
	char *text = strdup("");

	for (size_t i = 0; text && i < hand->n; i++) {
		const struct handed *handed = &hand->caps[i];
		char *longer = NULL;

		if (asprintf(&longer, "%s%s%s=%d", text, i ? "," : "", handed->name,
			     handed->as < 0 ? handed->fd : handed->as) < 0)
			longer = NULL;
		free(text);
		text = longer;
	}
	return text;
}

static void become(const struct hand *hand, const char *text, char *const *command)
{
	for (size_t i = 0; i < hand->n; i++) {
		const struct handed *handed = &hand->caps[i];

		if (handed->as >= 0 && handed->as != handed->fd)
			dup2(handed->fd, handed->as);
		else
			fcntl(handed->fd, F_SETFD, 0);
	}
	if (hand->n)
		setenv(CAPMSG_FD_VARIABLE, text, 1);
	else
		unsetenv(CAPMSG_FD_VARIABLE);
	execvp(command[0], command);
	fprintf(stderr, "capctl: running %s: %s\n", command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int exit_status(int wait_status)
{
	if (WIFEXITED(wait_status))
		return WEXITSTATUS(wait_status);
	return 128 + WTERMSIG(wait_status);
}

static int remember(struct context *ctx, pid_t pid, bool started)
{
	struct child *children = reallocarray(ctx->children, ctx->n_children + 1,
					      sizeof(*children));

	if (!children)
		return fail_file(ctx, ENOMEM, "remembering process %d", (int)pid);
	ctx->children = children;
	children[ctx->n_children++] = (struct child){ pid, started };
	return STATUS_OK;
}

static int run_exec(struct context *ctx, struct invocation *inv)
{
	struct hand hand = { .n = 0 };
	int status, wait_status = 0;
	char *text = NULL;
	pid_t pid = -1;

	if (!inv->n_child)
		return usage(ctx, NULL, "exec: the command goes behind '--'");
	status = space_open(ctx);
	if (!status)
		status = hand_all(ctx, inv, &hand);
	text = hand_text(&hand);
	if (!status && !text)
		status = fail_file(ctx, ENOMEM, "handing capabilities down");
	fflush(stdout);
	if (!status) {
		pid = fork();
		if (!pid)
			become(&hand, text, inv->child);
		if (pid < 0)
			status = fail_file(ctx, errno, "starting %s", inv->child[0]);
	}
	close_hand(&hand);
	free(text);
	if (status)
		return status;
	if (option(inv, OPT_BACKGROUND))
		return remember(ctx, pid, false);
	while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
		;
	return exit_status(wait_status);
}

/* Waits for all that runs in background. */
int exec_wait(struct context *ctx)
{
	int status = STATUS_OK;

	while (ctx->n_children) {
		pid_t pid = ctx->children[--ctx->n_children].pid;
		int wait_status = 0;

		while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
			;
		if (wait_status)
			status = fail_why(ctx, STATUS_FAILED, "it did not end well", NULL,
					  "background process %d ended with status %d",
					  (int)pid, exit_status(wait_status));
	}
	return status;
}

static int run_wait(struct context *ctx, struct invocation *inv)
{
	(void)inv;
	return exec_wait(ctx);
}

/* ---- start ---- */

/* The third word of /proc/PID/stat, behind a name that can be anything. */
static char state_of(pid_t pid)
{
	char path[48], text[256] = "", *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 'Z';
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : 'Z';
}

/* Until the command waits for something, twice in a row, or is over. */
static void settle(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	int waits = 0;

	while (waits < 2) {
		char state = state_of(pid);

		if (state == 'Z')
			break;
		waits = state == 'S' ? waits + 1 : 0;
		nanosleep(&pause, NULL);
	}
}

/* Commands that still wait in our spaces would wait for ever once we are gone. */
void exec_stop(struct context *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < ctx->n_children; i++) {
		struct child *child = &ctx->children[i];

		if (!child->started) {
			ctx->children[kept++] = *child;
			continue;
		}
		settle(child->pid);
		kill(child->pid, SIGTERM);
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	ctx->n_children = kept;
}

static int run_start(struct context *ctx, struct invocation *inv)
{
	int status = space_open(ctx);
	pid_t pid;

	if (status)
		return status;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return fail_file(ctx, errno, "starting %s", inv->args[0]);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		ctx->n_children = 0;
		status = command_dispatch(ctx, inv->n_args, inv->args);
		fflush(stdout);
		_exit(status);
	}
	status = remember(ctx, pid, true);
	settle(pid);
	return status;
}

static const struct argp_option options[] = {
	{ "cap", OPT_CAP, "NAME=ADDR[:RIGHTS]", 0, "Hand this capability down under a name", 0 },
	{ "as-fd", OPT_AS_FD, "N", 0, "Give the only capability this descriptor", 0 },
	{ "background", OPT_BACKGROUND, NULL, 0, "Do not wait for the command (see wait)", 0 },
	{ 0 }
};

#define EXEC_SUMMARY "Run a program that inherits capabilities."
#define WAIT_SUMMARY "Wait for what exec --background and start have started."

static const struct command exec_commands[] = {
	{ .args = "[ADDR[:RIGHTS]] -- COMMAND...",
	  .summary = EXEC_SUMMARY,
	  .details = "The environment variable " CAPMSG_FD_VARIABLE " tells it which: NAME=FD, separated "
		     "by commas; the name of ADDR is cap. It imports them with capmsg_import(), or "
		     "with 'capctl --import NAME=ADDR ...'. The exit status is that of the command; "
		     "127: not found, 126: cannot be run.",
	  .options = options, .max_args = 1, .flags = TAKES_COMMAND | PRINTS_ITSELF,
	  .run = run_exec },
};

static const struct command wait_commands[] = {
	{ .args = "", .summary = WAIT_SUMMARY,
	  .run = run_wait },
};

static const struct command start_commands[] = {
	{ .args = "COMMAND...", .summary = "Run a command that may wait, in the same space.",
	  .details = "Goes on as soon as the command waits, or is over. Buffers that were posted "
		     "are not its own. What still waits when capctl ends is given up.",
	  .min_args = 1, .max_args = -1, .flags = TAKES_WORDS | PRINTS_ITSELF,
	  .run = run_start },
};

const struct object exec_object = {
	"exec", "run a program that inherits capabilities", exec_commands, 1,
};

const struct object wait_object = {
	"wait", "wait for programs in the background", wait_commands, 1,
};

const struct object start_object = {
	"start", "run a command that may wait", start_commands, 1,
};
