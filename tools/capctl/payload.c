// SPDX-License-Identifier: GPL-2.0-only
/* What messages are made of: text, files, capabilities, output of commands. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capctl.h"

/* Reads all there is; *out is the caller's. Returns 0 or -errno. */
static int read_all(int fd, void **out, size_t *out_length)
{
	size_t length = 0, room = 0;
	char *data = NULL;

	for (;;) {
		ssize_t n;

		if (length == room) {
			char *larger = realloc(data, room = room ? room * 2 : 4096);

			if (!larger) {
				free(data);
				return -ENOMEM;
			}
			data = larger;
		}
		n = read(fd, data + length, room - length);
		if (n < 0) {
			int err = -errno;

			free(data);
			return err;
		}
		if (!n)
			break;
		length += (size_t)n;
	}
	*out = data;
	*out_length = length;
	return 0;
}

static int add_file(struct context *ctx, const char *name, struct payload *payload)
{
	uint32_t i = payload->n_iov;
	struct stat st;
	size_t length = 0;
	void *data = NULL;
	int err = 0, fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) :
					      dup(STDIN_FILENO);

	if (fd < 0 || fstat(fd, &st)) {
		err = -errno;
	} else if (S_ISREG(st.st_mode) && st.st_size > 0) {
		length = (size_t)st.st_size;
		data = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data == MAP_FAILED)
			err = -errno;
		else
			payload->mapped[i] = data;
	} else {
		err = read_all(fd, &data, &length);
		if (!err)
			payload->allocated[i] = data;
	}
	if (fd >= 0)
		close(fd);
	if (err)
		return fail_file(ctx, err, "reading %s", name);
	payload->iov[i].base = (uintptr_t)data;
	payload->iov[i].length = length;
	payload->n_iov++;
	return STATUS_OK;
}

static int add_word(struct context *ctx, char *word, struct payload *payload)
{
	struct capmsg_iovec *piece;

	if (payload->n_iov == CAPMSG_IOV_MAX)
		return usage(ctx, "put them together in a file, or quote the text",
			     "a message has at most %d pieces", CAPMSG_IOV_MAX);
	if (!strcmp(word, "-") || (word[0] == '@' && word[1] != '@'))
		return add_file(ctx, word[0] == '@' ? word + 1 : word, payload);
	word += word[0] == '@';
	piece = &payload->iov[payload->n_iov++];
	piece->base = (uintptr_t)word;
	piece->length = strlen(word);
	return STATUS_OK;
}

/* ADDR or ADDR:RIGHTS */
static int add_item(struct context *ctx, const char *text, uint32_t flags,
		    struct payload *payload)
{
	const char *colon = strchr(text, ':');
	struct capmsg_item *item;
	uint64_t address = 0;
	char *plain;
	int status;

	if (payload->n_items == CAPMSG_CAPS_MAX)
		return usage(ctx, NULL, "a message carries at most %d capabilities",
			     CAPMSG_CAPS_MAX);
	item = &payload->items[payload->n_items++];
	item->flags = flags;
	item->rights = CAPMSG_RIGHTS_ALL;
	if (colon && (capmsg_rights_parse(colon + 1, &item->rights) ||
		      item->rights & CAPMSG_RIGHT_WEAK))
		return usage(ctx, "rights are letters of rwsvgd, names, 'all' or 'none'",
			     "'%s' is no set of rights", colon + 1);
	plain = strndup(text, colon ? (size_t)(colon - text) : strlen(text));
	if (!plain)
		return fail_file(ctx, ENOMEM, "reading the message");
	status = arg_address(ctx, plain, &address);
	item->address = address;
	free(plain);
	return status;
}

/* Makes a message of words, and of the options --cap and --move. */
int payload_build(struct context *ctx, const struct invocation *inv,
		  char *const *words, int n_words, struct payload *payload)
{
	int status = STATUS_OK;

	*payload = (struct payload){ 0 };
	for (int i = 0; i < n_words && !status; i++)
		status = add_word(ctx, words[i], payload);
	for (size_t i = 0; i < inv->n_given && !status; i++)
		if (inv->given[i].key == OPT_CAP)
			status = add_item(ctx, inv->given[i].value, 0, payload);
		else if (inv->given[i].key == OPT_MOVE)
			status = add_item(ctx, inv->given[i].value, CAPMSG_ITEM_MOVE,
					  payload);
	if (status)
		payload_free(payload);
	return status;
}

/* The fields of a command: one range is named directly, several by an array. */
uint64_t payload_data(const struct payload *payload)
{
	if (payload->n_iov == 1)
		return payload->iov[0].base;
	return payload->n_iov ? (uintptr_t)payload->iov : 0;
}

uint64_t payload_length(const struct payload *payload)
{
	return payload->n_iov == 1 ? payload->iov[0].length : 0;
}

uint32_t payload_pieces(const struct payload *payload)
{
	return payload->n_iov > 1 ? payload->n_iov : 0;
}

uint64_t payload_total(const struct payload *payload)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < payload->n_iov; i++)
		total += payload->iov[i].length;
	return total;
}

void payload_free(struct payload *payload)
{
	for (uint32_t i = 0; i < CAPMSG_IOV_MAX; i++) {
		if (payload->mapped[i])
			munmap(payload->mapped[i], payload->iov[i].length);
		free(payload->allocated[i]);
	}
	*payload = (struct payload){ 0 };
}

static int write_all(int fd, const char *data, size_t length)
{
	while (length) {
		ssize_t n = write(fd, data, length);

		if (n < 0)
			return -errno;
		data += n;
		length -= (size_t)n;
	}
	return 0;
}

/* Writes received bytes to a file; "-" is stdout. */
int payload_write(struct context *ctx, const char *file, const void *data,
		  size_t length)
{
	bool standard = !strcmp(file, "-");
	int fd, err;

	fflush(stdout);
	fd = standard ? STDOUT_FILENO :
			open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return fail_file(ctx, errno, "writing %s", file);
	err = write_all(fd, data, length);
	if (!standard && close(fd) && !err)
		err = -errno;
	return err ? fail_file(ctx, err, "writing %s", file) : STATUS_OK;
}

static void run_child(char *const *command, int in, int out)
{
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execvp(command[0], command);
	fprintf(stderr, "capctl: %s: %s\n", command[0], strerror(errno));
	_exit(127);
}

/* Runs @command with @input on stdin; what it writes becomes @out. */
int payload_filter(struct context *ctx, char *const *command, const void *input,
		   size_t length, struct payload *out)
{
	int in = memfd_create("request", MFD_CLOEXEC), pipes[2] = { -1, -1 };
	int err = 0, wait_status = 0;
	pid_t pid = -1;

	*out = (struct payload){ 0 };
	if (in < 0 || pipe2(pipes, O_CLOEXEC))
		err = -errno;
	if (!err)
		err = write_all(in, input, length);
	if (!err && lseek(in, 0, SEEK_SET) < 0)
		err = -errno;
	if (!err) {
		pid = fork();
		if (!pid)
			run_child(command, in, pipes[1]);
		if (pid < 0)
			err = -errno;
	}
	if (in >= 0)
		close(in);
	if (pipes[1] >= 0)
		close(pipes[1]);
	if (!err) {
		size_t bytes = 0;

		err = read_all(pipes[0], &out->allocated[0], &bytes);
		out->iov[0].base = (uintptr_t)out->allocated[0];
		out->iov[0].length = bytes;
		out->n_iov = 1;
	}
	if (pipes[0] >= 0)
		close(pipes[0]);
	while (pid > 0 && waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
		;
	if (!err && !wait_status)
		return STATUS_OK;
	payload_free(out);
	if (err)
		return fail_file(ctx, err, "running %s", command[0]);
	return fail_why(ctx, STATUS_FAILED, "the command failed", NULL, "running %s",
			command[0]);
}
