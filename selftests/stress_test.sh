#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Four threads in two processes do whatever comes into their heads, over and over: the
# fuzzer (selftests/fuzz) without a guide. For a moment on every kernel, for longer where
# races are looked for.

seconds=5
[ ! -e /sys/kernel/debug/kcsan ] || seconds=60
exec fuzzer -s $seconds
