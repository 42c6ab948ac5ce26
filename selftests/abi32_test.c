// SPDX-License-Identifier: GPL-2.0-only
/*
 * abi32_test.c - abi_test.c as a 32-bit program: what its compiler makes of the
 * structs, and the module's entry for such callers.
 */
#include "abi_test.c"
