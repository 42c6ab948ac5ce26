// SPDX-License-Identifier: GPL-2.0-only
/*
 * message32_test.c - message_test.c as a 32-bit program.
 */
#include "message_test.c"
