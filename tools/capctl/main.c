// SPDX-License-Identifier: GPL-2.0-only
/* capctl: drive /dev/capmsg from a shell. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "capctl.h"

static void on_interrupt(int signal)
{
	(void)signal;
}

/* Commands that wait end with EINTR, so that what follows them can be undone. */
static void handle_interrupts(void)
{
	struct sigaction action = { .sa_handler = on_interrupt };

	sigaction(SIGINT, &action, NULL);
}

int main(int argc, char **argv)
{
	struct context ctx = { .space.fd = -1 };
	int status, waited;

	setlocale(LC_CTYPE, "");
	handle_interrupts();
	status = command_main(&ctx, argc, argv);
	exec_stop(&ctx);
	waited = exec_wait(&ctx);
	if (!status)
		status = waited;
	space_close_all(&ctx);
	if (fflush(stdout) && !status)
		status = fail_why(&ctx, STATUS_FAILED, "stdout cannot be written to", NULL,
				  "printing");
	return status;
}
