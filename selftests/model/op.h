/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One operation, as it is recorded: everything that is needed to carry it out
 * in the module, to predict it in the model, and to write it down as a line of a
 * script. Pointers are filled in when it is carried out.
 */
#ifndef MODEL_OP_H
#define MODEL_OP_H

#include "../capmsg_util.h"

#define ITEMS_MAX	3	/* capabilities of a message here */
#define REPOSTS_MAX	2
#define RECORDS_MAX	3
#define LENGTH_MAX	8192	/* bytes of a message here */
#define ENTRIES_MAX	32	/* slots of a table here */

/* What is no command of the module, but changes the world. */
enum op_extra {
	OP_OPEN = CAPMSG_CMD_COUNT,	/* open a space */
	OP_CLOSE,			/* close a space: all that it paid for dies */
	OP_CLOSE_EXPORT,
	OP_INTERRUPT,			/* a signal for a command that waits */
	OP_COUNT,
};

/* What is wrong with the struct of a command before it is looked at. */
enum op_fault {
	FAULT_NONE,
	FAULT_FLAG,		/* a flag that nobody knows */
	FAULT_SHORT,		/* a struct that is too short */
	FAULT_TAIL,		/* a struct with a tail that is not zero */
	FAULT_POINTER,		/* no struct at all */
	FAULT_COUNT,
};

#define FOREGROUND	-1

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

union args {
	struct capmsg_query query;
	struct capmsg_setup setup;
	struct capmsg_create_cappage create_cappage;
	struct capmsg_create_port create_port;
	struct capmsg_register reg;
	struct capmsg_unregister unregister;
	struct capmsg_copy copy;
	struct capmsg_move move;
	struct capmsg_clear clear;
	struct capmsg_stat stat;
	struct capmsg_list list;
	struct capmsg_destroy destroy;
	struct capmsg_post post;
	struct capmsg_unpost unpost;
	struct capmsg_send send;
	struct capmsg_recv recv;
	struct capmsg_call call;
	struct capmsg_reply reply;
	struct capmsg_reply_recv reply_recv;
	struct capmsg_export export;
	struct capmsg_import import;
};

/**
 * struct op - an operation
 * @nr: CAPMSG_CMD_x, or enum op_extra
 * @space: which of the world's spaces does it
 * @job: the job in whose thread it runs, because it may wait; or FOREGROUND
 * @fault: enum op_fault
 * @export: number of the exported file that is made or used
 * @memory: piece of memory that is registered
 * @seed: of the payload's bytes
 * @pieces: of the payload, 0: one range
 * @last: the post and the sequence number are those of the last call that was
 *	received, plus @off; else those in @a
 * @off: see @last
 * @data_size: of the records of a RECV
 * @length: bytes of the payload
 * @a: the command's struct, but for pointers
 * @items: capabilities of the message
 * @reposts: of a RECV
 */
struct op {
	__u8 nr;
	__u8 space;
	__s8 job;
	__u8 fault;
	__u8 export;
	__u8 memory;
	__u8 seed;
	__u8 pieces;
	__u8 last;
	__s8 off;
	__u16 data_size;
	__u32 length;
	union args a;
	struct capmsg_item items[ITEMS_MAX];
	__u32 reposts[REPOSTS_MAX];
};

/* A record, and where its bytes are to be. */
struct got {
	struct capmsg_record record;
	__u8 seed;
	__u8 memory;		/* in which piece of memory, if not inline */
	__u32 offset;
};

/**
 * struct result - what an operation returns and tells
 * @ret: 0 or a negative errno
 * @other: another errno that is as good, where the header allows two
 * @blocks: it waits; the rest is told when it ends
 * @answered: REPLY_RECV: the answer is decided
 * @reposted: the reposts are done
 */
struct result {
	int ret;
	int other;
	bool blocks;
	bool answered;
	bool reposted;
	__u32 reply_error;
	__u32 post;
	__u32 n;
	__u32 next;
	__u64 length;
	__u32 n_caps;
	__u8 seed;
	struct got records[RECORDS_MAX];
	union {
		struct capmsg_stat stat;
		struct capmsg_query query;
	};
	struct capmsg_list_entry *entries;	/* ENTRIES_MAX of them */
};

const char *op_name(unsigned int nr);
/* Commands that carry a payload, or wait in line with one. */
bool op_sends(const struct op *op);
/* Where the addresses of a command are, those of its items included; their number. */
#define ADDRESSES_MAX	(3 + ITEMS_MAX)
unsigned int op_addresses(struct op *op, __u64 **at);
/* Where the flags, the items, ... of commands that have them are. */
__u32 *op_flags(struct op *op);
__u32 op_n_items(const struct op *op);
void op_payload(struct op *op, __u64 data, __u64 length, __u64 items, __u32 n_iov);
/* The bytes of a payload: text, so that a script can show them. */
void payload_fill(char *to, __u32 length, __u8 seed);
/* Offset of the first byte that is not as it should be, or -1. */
long payload_check(const char *bytes, __u32 length, __u8 seed);
const char *errno_name(int error);

#endif /* MODEL_OP_H */
