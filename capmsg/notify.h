/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the address of a notification to a notice.
 */
#ifndef CAPMSG_NOTIFY_H
#define CAPMSG_NOTIFY_H

#include "notice.h"
#include "walk.h"

int capmsg_notice_resolve(const struct capmsg_view *view, u64 address, u64 bits,
			  struct capmsg_notice *notice);

#endif /* CAPMSG_NOTIFY_H */
