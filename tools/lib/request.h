/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * A message that a server or handler looks at, and its answer on its way.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>

#include "capmsg.h"

struct capmsg_request {
	int fd;
	uint64_t port;
	struct capmsg_record record;
	bool open;		/* a reply right waits in the post */
	bool staged;		/* a short answer waits in @answer */
	uint32_t n_items;	/* 1: @item goes with it */
	size_t answer_length;
	struct capmsg_item item;
	unsigned char answer[CAPMSG_INLINE_MAX];
	union {
		unsigned char bytes[CAPMSG_INLINE_MAX];
		struct capmsg_upcall upcall;
	};
};

/* The kernel asks; nobody else can. */
static inline bool request_is_upcall(const struct capmsg_request *request)
{
	return request->record.out_flags & CAPMSG_RECORD_UPCALL;
}

static inline const struct capmsg_upcall *
request_upcall(const struct capmsg_request *request)
{
	return &request->upcall;
}

#endif /* REQUEST_H */
