/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Test hooks: stop a task at a numbered step of a transfer. They exist in
 * instrumented builds only; elsewhere they are nothing.
 */
#ifndef CAPMSG_HOOKS_H
#define CAPMSG_HOOKS_H

#ifdef CAPMSG_TEST_HOOKS
void capmsg_hook(unsigned int step);
void capmsg_hooks_init(void);
void capmsg_hooks_exit(void);
#else
static inline void capmsg_hook(unsigned int step) { }
static inline void capmsg_hooks_init(void) { }
static inline void capmsg_hooks_exit(void) { }
#endif

#endif /* CAPMSG_HOOKS_H */
