/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that plays virtual objects, for tests.
 */
#ifndef CAPMSG_HANDLER_H
#define CAPMSG_HANDLER_H

#include "capmsg_util.h"

/**
 * struct upcall - an upcall that a handler has received
 * @upcall: what is asked
 * @record: how it came; its post and seq name the reply right
 */
struct upcall {
	struct capmsg_upcall upcall;
	struct capmsg_record record;
};

/**
 * struct verdict - what a handler says to that
 * @resolution: the payload of the answer
 * @item: its only capability; none if the address is void
 * @silent: say nothing: somebody else does, or nobody
 */
struct verdict {
	struct capmsg_resolution resolution;
	struct capmsg_item item;
	bool silent;
};

/**
 * struct handler - a thread that receives upcalls and answers them
 * @fd: its space
 * @port: its port there
 * @decide: what to say; leaves @verdict as it is for ENOENT
 * @data: of @decide
 * @declared: it says that it is a receiver of the port
 * @upcalls: how many were received
 * @rounds: how often it has waited in vain
 * @refused: what the last answer got from the kernel
 */
struct handler {
	int fd;
	__u64 port;
	void (*decide)(struct handler *handler, const struct upcall *up,
		       struct verdict *verdict);
	void *data;
	bool declared;
	atomic_int upcalls;
	atomic_int rounds;
	atomic_int refused;
	atomic_int stop;
	pthread_t thread;
};

int handler_start(struct handler *handler);
void handler_stop(struct handler *handler);

/* A port for upcalls, of @depth posts. */
static inline int handler_port(int fd, __u64 to, unsigned int depth)
{
	return do_create_port(fd, &(struct capmsg_create_port){ .to = to,
		.flags = CAPMSG_PORT_HANDLER | CAPMSG_PORT_NO_SHARES, .depth = depth });
}

static inline int virtual_create(int fd, __u64 to, __u64 handler, __u64 object,
				 unsigned int bits)
{
	return do_create_virtual(fd, &(struct capmsg_create_virtual){ .to = to,
		.handler = handler, .object = object, .kind = CAPMSG_TYPE_CAPPAGE,
		.bits = bits });
}

/* Receives one upcall; -EBADMSG if it is none. */
int upcall_recv(int fd, __u64 port, struct upcall *up);
/* Answers it. */
int upcall_answer(int fd, __u64 port, const struct upcall *up, const struct verdict *verdict);
/*
 * Sends to @to, with a deadline, what its handler is asked for: at @port of the space
 * @handler, where it waits now. -ETIMEDOUT; another error; or -ETIME if nobody is asked.
 */
int send_until(int fd, __u64 to, int handler, __u64 port);
/* How many bits the rest of its address has. */
unsigned int upcall_left(const struct upcall *up);
/* The next @n of those bits. */
__u64 upcall_bits(const struct upcall *up, unsigned int n);

/* It is slot @slot of the cappage at @table; takes @bits. */
static inline void say_slot(struct verdict *v, __u64 table, unsigned int slot,
			    unsigned int bits)
{
	v->resolution = (struct capmsg_resolution){ .result = CAPMSG_RESULT_SLOT,
		.bits = bits, .slot = slot };
	v->item = (struct capmsg_item){ .address = table, .rights = CAPMSG_RIGHTS_ALL };
}

/* The capability at @address is there; takes @bits. */
static inline void say_value(struct verdict *v, __u64 address, unsigned int bits)
{
	v->resolution = (struct capmsg_resolution){ .result = CAPMSG_RESULT_VALUE,
		.bits = bits };
	v->item = (struct capmsg_item){ .address = address, .rights = CAPMSG_RIGHTS_ALL };
}

/* The object at @address stands in. */
static inline void say_stand_in(struct verdict *v, __u64 address)
{
	say_value(v, address, 0);
}

static inline void say_done(struct verdict *v)
{
	v->resolution = (struct capmsg_resolution){ .result = CAPMSG_RESULT_DONE };
}

static inline void say_retry(struct verdict *v)
{
	v->resolution = (struct capmsg_resolution){ .result = CAPMSG_RESULT_RETRY };
}

static inline void say_error(struct verdict *v, int error)
{
	v->resolution = (struct capmsg_resolution){ .result = CAPMSG_RESULT_ERROR,
		.error = error };
}

/*
 * What plays a cappage of 2^8 slots by a real one: handler->data is a pointer to the
 * address of that, in the handler's space.
 */
void decide_pass(struct handler *handler, const struct upcall *up, struct verdict *verdict);

#endif /* CAPMSG_HANDLER_H */
