# SPDX-License-Identifier: GPL-2.0-only
# What is instrumented in the race kernel: of the kernel itself only what handles the
# module's data out of line. The module is built without these words, so all of it is.
# All barriers are told to KCSAN, or it would see the module's accesses move across them;
# but for the code that runs where KCSAN cannot, and its own.
KCSAN_SANITIZE=n
KCSAN_SANITIZE_usercopy.o=y
KCSAN_SANITIZE_iov_iter.o=y
KCSAN_SANITIZE_list_debug.o=y
KCSAN_SANITIZE_rbtree.o=y
KCSAN_INSTRUMENT_BARRIERS=$(if $(filter arch/% kernel/kcsan,$(obj)),n,y)
