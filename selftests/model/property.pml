/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the models have in common: properties. Nothing goes on where one is violated,
 * so that a mutant is known by what it violates first.
 */
bit violated;

#define property(name, holds)			\
	if					\
	:: violated || (holds)			\
	:: else -> assert(name); violated = 1	\
	fi
