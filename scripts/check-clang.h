/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before what scripts/check-clang analyses. The analyser takes what the
 * asm of put_user() and get_user() returns for two values when it is looked at
 * twice, and sees paths that there are not. A function returns one.
 */
#include <linux/uaccess.h>

int check_clang_access(const volatile void __user *pointer);
unsigned long check_clang_value(const volatile void __user *pointer);

#undef put_user
#define put_user(value, pointer)					\
	({ (void)(value); check_clang_access(pointer); })
#undef get_user
#define get_user(variable, pointer)					\
	({ (variable) = (typeof(variable))check_clang_value(pointer);	\
	   check_clang_access(pointer); })
