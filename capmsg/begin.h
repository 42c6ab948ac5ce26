/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transfers in steps: BEGIN and TRANSMIT.
 */
#ifndef CAPMSG_BEGIN_H
#define CAPMSG_BEGIN_H

#include "message.h"
#include "transfer.h"

/**
 * struct capmsg_booking - what BEGIN says of a message
 */
struct capmsg_booking {
	/** @origin: how the port was named */
	struct capmsg_origin origin;
	/** @through: the revoker that it was named through, or NULL */
	struct capmsg_object *through;
	/** @length: bytes that it may have */
	u64 length;
	/** @max_caps: capabilities that it may carry */
	u32 max_caps;
};

/**
 * struct capmsg_manner - how long BEGIN and TRANSMIT wait, and who does
 */
struct capmsg_manner {
	/** @until: how long the thread waits */
	struct capmsg_until until;
	/** @queue: not at all: the message gets in line by itself */
	bool queue;
};

int capmsg_message_begin(struct capmsg_message *message,
			 struct capmsg_port *port,
			 const struct capmsg_booking *booking,
			 const struct capmsg_manner *manner);
int capmsg_message_open(struct capmsg_message *message,
			struct capmsg_port **port);
int capmsg_message_lose(struct capmsg_message *message,
			struct capmsg_port *port);
int capmsg_message_transmit(struct capmsg_message *message,
			    struct capmsg_port *port, u64 length,
			    const struct capmsg_manner *manner);

#endif /* CAPMSG_BEGIN_H */
