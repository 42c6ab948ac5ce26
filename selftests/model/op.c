// SPDX-License-Identifier: GPL-2.0-only
/* Names and parts of operations. */
#include "op.h"

const char *op_name(unsigned int nr)
{
	static const char *const names[OP_COUNT] = {
		[CAPMSG_CMD_QUERY] = "QUERY",
		[CAPMSG_CMD_SETUP] = "SETUP",
		[CAPMSG_CMD_CREATE_CAPPAGE] = "CREATE_CAPPAGE",
		[CAPMSG_CMD_CREATE_PORT] = "CREATE_PORT",
		[CAPMSG_CMD_REGISTER] = "REGISTER",
		[CAPMSG_CMD_UNREGISTER] = "UNREGISTER",
		[CAPMSG_CMD_COPY] = "COPY",
		[CAPMSG_CMD_MOVE] = "MOVE",
		[CAPMSG_CMD_CLEAR] = "CLEAR",
		[CAPMSG_CMD_STAT] = "STAT",
		[CAPMSG_CMD_LIST] = "LIST",
		[CAPMSG_CMD_DESTROY] = "DESTROY",
		[CAPMSG_CMD_POST] = "POST",
		[CAPMSG_CMD_UNPOST] = "UNPOST",
		[CAPMSG_CMD_SEND] = "SEND",
		[CAPMSG_CMD_RECV] = "RECV",
		[CAPMSG_CMD_CALL] = "CALL",
		[CAPMSG_CMD_REPLY] = "REPLY",
		[CAPMSG_CMD_REPLY_RECV] = "REPLY_RECV",
		[CAPMSG_CMD_EXPORT] = "EXPORT",
		[CAPMSG_CMD_IMPORT] = "IMPORT",
		[OP_OPEN] = "(open)",
		[OP_CLOSE] = "(close)",
		[OP_CLOSE_EXPORT] = "(close export)",
		[OP_INTERRUPT] = "(signal)",
	};

	return nr < OP_COUNT && names[nr] ? names[nr] : "?";
}

bool op_sends(const struct op *op)
{
	return op->nr == CAPMSG_CMD_SEND || op->nr == CAPMSG_CMD_CALL ||
	       op->nr == CAPMSG_CMD_REPLY || op->nr == CAPMSG_CMD_REPLY_RECV;
}

__u32 *op_flags(struct op *op)
{
	/* In every command: size, then flags. */
	return &op->a.query.flags;
}

__u32 op_n_items(const struct op *op)
{
	switch (op->nr) {
	case CAPMSG_CMD_SEND:
		return op->a.send.n_items;
	case CAPMSG_CMD_CALL:
		return op->a.call.n_items;
	case CAPMSG_CMD_REPLY:
		return op->a.reply.n_items;
	case CAPMSG_CMD_REPLY_RECV:
		return op->a.reply_recv.n_items;
	default:
		return 0;
	}
}

#define AT(field)	(1 + offsetof(union args, field))

unsigned int op_addresses(struct op *op, __u64 **at)
{
	static const size_t fields[CAPMSG_CMD_COUNT][3] = {
		[CAPMSG_CMD_CREATE_CAPPAGE] = { AT(create_cappage.to) },
		[CAPMSG_CMD_CREATE_PORT] = { AT(create_port.to) },
		[CAPMSG_CMD_REGISTER] = { AT(reg.to) },
		[CAPMSG_CMD_UNREGISTER] = { AT(unregister.region) },
		[CAPMSG_CMD_COPY] = { AT(copy.from), AT(copy.to) },
		[CAPMSG_CMD_MOVE] = { AT(move.from), AT(move.to) },
		[CAPMSG_CMD_CLEAR] = { AT(clear.slot) },
		[CAPMSG_CMD_STAT] = { AT(stat.address) },
		[CAPMSG_CMD_LIST] = { AT(list.table) },
		[CAPMSG_CMD_DESTROY] = { AT(destroy.address) },
		[CAPMSG_CMD_POST] = { AT(post.port), AT(post.region), AT(post.landing) },
		[CAPMSG_CMD_UNPOST] = { AT(unpost.port) },
		[CAPMSG_CMD_SEND] = { AT(send.to) },
		[CAPMSG_CMD_RECV] = { AT(recv.port), AT(recv.landing) },
		[CAPMSG_CMD_CALL] = { AT(call.to), AT(call.reply_region),
				      AT(call.reply_landing) },
		[CAPMSG_CMD_REPLY] = { AT(reply.to) },
		[CAPMSG_CMD_REPLY_RECV] = { AT(reply_recv.to), AT(reply_recv.port) },
		[CAPMSG_CMD_EXPORT] = { AT(export.from) },
		[CAPMSG_CMD_IMPORT] = { AT(import.to) },
	};
	unsigned int n = 0, i;

	for (i = 0; op->nr < CAPMSG_CMD_COUNT && i < 3 && fields[op->nr][i]; i++)
		at[n++] = (__u64 *)((char *)&op->a + fields[op->nr][i] - 1);
	for (i = 0; i < op_n_items(op) && i < ITEMS_MAX; i++)
		at[n++] = &op->items[i].address;
	return n;
}

#define PAYLOAD(arg) do {						\
	(arg)->data = data;						\
	(arg)->length = length;						\
	(arg)->items = items;						\
	(arg)->n_iov = n_iov;						\
} while (0)

void op_payload(struct op *op, __u64 data, __u64 length, __u64 items, __u32 n_iov)
{
	switch (op->nr) {
	case CAPMSG_CMD_SEND:
		PAYLOAD(&op->a.send);
		break;
	case CAPMSG_CMD_CALL:
		PAYLOAD(&op->a.call);
		break;
	case CAPMSG_CMD_REPLY:
		PAYLOAD(&op->a.reply);
		break;
	case CAPMSG_CMD_REPLY_RECV:
		PAYLOAD(&op->a.reply_recv);
		break;
	}
}

static char payload_byte(__u32 i, __u8 seed)
{
	/* A period that is prime, and no divisor of anything. */
	return 'a' + (i % 9973 * 7 + seed * 5 + i % 9973 / 26) % 26;
}

void payload_fill(char *to, __u32 length, __u8 seed)
{
	__u32 i;

	for (i = 0; i < length; i++)
		to[i] = payload_byte(i, seed);
}

long payload_check(const char *bytes, __u32 length, __u8 seed)
{
	__u32 i;

	for (i = 0; i < length; i++)
		if (bytes[i] != payload_byte(i, seed))
			return i;
	return -1;
}

const char *errno_name(int error)
{
	return error ? strerrorname_np(error < 0 ? -error : error) : "success";
}
