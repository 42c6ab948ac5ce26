// SPDX-License-Identifier: GPL-2.0-only
/*
 * errnos.c - notes what every command of a test program returns, in all of its
 * processes, and prints it when the program ends:
 *
 *	# errnos 0:0,EFAULT,EINVAL 1:0,EBUSY ...
 *
 * numbers of commands, each with the errnos that it returned, 0 for success.
 * scripts/check-errnos holds that against the uapi header.
 */
#include <stdarg.h>
#include <sys/syscall.h>

#include "capmsg_util.h"

#define ERRNO_MAX	256	/* and what is above counts as that */

static pid_t owner;
static unsigned char (*seen)[ERRNO_MAX];
__thread unsigned long commands_issued;

void errno_note(unsigned long request, int error)
{
	if (!seen || _IOC_TYPE(request) != CAPMSG_IOC_MAGIC)
		return;
	seen[_IOC_NR(request)][error >= 0 && error < ERRNO_MAX ? error : ERRNO_MAX - 1] = 1;
}

/* In place of that of the C library: for whatever is linked into the program. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *arg;
	int ret;

	va_start(arguments, request);
	arg = va_arg(arguments, void *);
	va_end(arguments);
	ret = syscall(SYS_ioctl, fd, request, arg);
	commands_issued++;
	/* Without a file it is no command that fails. */
	if (ret < 0 && errno == EBADF && fcntl(fd, F_GETFD) < 0)
		return ret;
	errno_note(request, ret < 0 ? errno : 0);
	return ret;
}

static void print_errnos(void)
{
	unsigned int nr, error;
	const char *name, *comma;

	if (getpid() != owner)
		return;
	printf("# errnos");
	for (nr = 0; nr < 256; nr++) {
		comma = "";
		for (error = 0; error < ERRNO_MAX; error++) {
			if (!seen[nr][error])
				continue;
			if (!*comma)
				printf(" %u:", nr);
			name = error ? strerrorname_np(error) : "0";
			printf("%s%s", comma, name ?: "unknown");
			comma = ",";
		}
	}
	printf("\n");
}

/* Helper programs have other things to say. */
__attribute__((constructor)) static void errnos_begin(void)
{
	const char *suffix = strrchr(program_invocation_short_name, '_');

	if (!suffix || strcmp(suffix, "_test"))
		return;
	seen = mmap(NULL, 256 * ERRNO_MAX, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED) {
		seen = NULL;
		return;
	}
	owner = getpid();
	atexit(print_errnos);
}
