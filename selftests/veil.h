/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A veil: with CAPMSG_VEIL set in the environment, every cappage and port that a test
 * creates gets a virtual one in its place, played by a thread that passes everything on.
 * What the test sees must be the same.
 */
#ifndef CAPMSG_VEIL_H
#define CAPMSG_VEIL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Carries out a command, behind the veil if there is one. Returns 0 or -errno. */
int veil_do(int fd, unsigned int nr, void *arg);

/* Task @tid waits for an answer of the veil, which is on its way, not for what it is to. */
bool veil_asked(pid_t tid);

/* Ends the thread and its objects; before the test looks for what is left. */
void veil_end(void);

#endif /* CAPMSG_VEIL_H */
