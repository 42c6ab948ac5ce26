// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * example.c - what example.h promises.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"

int must(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, capmsg_strerror(ret));
	return ret;
}

int open_space(void)
{
	struct capmsg_create_port port = {
		.flags = CAPMSG_PORT_HANDLER,
		.to = HANDLER,
		.depth = 16,
	};
	int space = must(capmsg_open(), CAPMSG_DEVICE);

	must(capmsg_setup(space, NULL), "setting the space up");
	must(capmsg_create_port(space, &port), "creating the handler's port");
	return space;
}

int create_virtual(int space, uint64_t to, uint64_t object, uint32_t kind,
		   unsigned int bits)
{
	struct capmsg_create_virtual virtual = {
		.to = to,
		.handler = HANDLER,
		.object = object,
		.kind = kind,
		.bits = bits,
	};

	return capmsg_create_virtual(space, &virtual);
}

struct player {
	int space;
	const struct capmsg_handler_ops *ops;
};

static void *play_thread(void *arg)
{
	struct player *player = arg;
	int ret;

	do {
		ret = capmsg_handle(player->space, HANDLER, player->ops, &player->space);
	} while (ret == -EINTR || ret == -EAGAIN);
	if (ret != -ENOENT)
		must(ret, "handling upcalls");
	free(player);
	return NULL;
}

void play(int space, const struct capmsg_handler_ops *ops)
{
	struct player *player = malloc(sizeof(*player));
	pthread_t thread;

	if (!player)
		err(1, "malloc");
	*player = (struct player){ .space = space, .ops = ops };
	errno = pthread_create(&thread, NULL, play_thread, player);
	if (errno)
		err(1, "pthread_create");
	pthread_detach(thread);
}

pid_t start(char *const *command, const char *name, int fd, int also)
{
	char *variable;
	sigset_t none;
	pid_t pid;

	if (asprintf(&variable, "%s=%s=%d", CAPMSG_FD_VARIABLE, name, fd) < 0)
		err(1, "asprintf");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid) {
		free(variable);
		return pid;
	}
	/* All other files are closed by exec. */
	fcntl(fd, F_SETFD, 0);
	if (also >= 0)
		fcntl(also, F_SETFD, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	putenv(variable);
	execvp(command[0], command);
	err(127, "%s", command[0]);
}

int reap(pid_t pid)
{
	int status;
	pid_t done;

	do {
		done = wait(&status);
		if (done < 0 && errno != EINTR)
			err(1, "wait");
	} while (done != pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
