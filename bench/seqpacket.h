/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SEQPACKET_H
#define SEQPACKET_H

#include "bench.h"

/* Two sockets; the first has room for all requests of @load. */
void seqpacket_pair(int pair[2], const struct load *load);

#endif
