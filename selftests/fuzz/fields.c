// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fields of each command are. Fields that are not here are zero; the size
 * is always right.
 */
#include "fuzz.h"

#define WIDTH(name, field)	sizeof(((struct capmsg_##name) { }).field)
#define F(name, field, kind, arg)						\
	{ offsetof(struct capmsg_##name, field), WIDTH(name, field), kind, arg }
#define FLAGS(name, mask)	F(name, flags, K_FLAGS, mask)
#define AT(name, field, group)	F(name, field, K_ADDRESS, group)

static const struct field query_fields[] = {
	FLAGS(query, 0),
};

static const struct field setup_fields[] = {
	F(setup, frames, K_NUMBER, 0),
	F(setup, root_bits, K_BITS, 0),
};

static const struct field create_cappage_fields[] = {
	AT(create_cappage, to, G_TABLE),
	F(create_cappage, bits, K_BITS, 0),
	F(create_cappage, keeper, K_ADDRESS, G_TABLE),
};

static const struct field create_port_fields[] = {
	FLAGS(create_port, 7),
	AT(create_port, to, G_PORT),
	F(create_port, depth, K_COUNT, 4),
	F(create_port, steal_delay_us, K_MICROSECONDS, 0),
	F(create_port, max_size, K_LENGTH, 0),
	F(create_port, max_caps, K_COUNT, 4),
	F(create_port, claim_time_us, K_MICROSECONDS, 0),
	AT(create_port, notification, G_NOTE),
	F(create_port, arrival_bits, K_NUMBER, 0),
	F(create_port, no_senders_bits, K_NUMBER, 0),
};

static const struct field register_fields[] = {
	AT(register, to, G_REGION),
	F(register, address, K_BUFFER, 1),
	F(register, length, K_OFFSET, 0),
};

static const struct field unregister_fields[] = {
	AT(unregister, region, G_REGION),
};

static const struct field copy_fields[] = {
	FLAGS(copy, 15),
	AT(copy, from, G_ANY),
	AT(copy, to, G_COPY),
	F(copy, badge, K_NUMBER, 0),
	F(copy, guard, K_NUMBER, 0),
	F(copy, guard_bits, K_COUNT, 3),
	F(copy, rights, K_RIGHTS, 0),
	F(copy, subpage, K_COUNT, 3),
	F(copy, subpage_bits, K_COUNT, 3),
};

static const struct field move_fields[] = {
	FLAGS(move, CAPMSG_MOVE_POST),
	AT(move, from, G_COPY),
	AT(move, to, G_REPLY),
	F(move, post, K_POST, 0),
	F(move, seq, K_SEQ, 0),
};

static const struct field clear_fields[] = {
	FLAGS(clear, CAPMSG_CLEAR_POST),
	AT(clear, slot, G_ANY),
	F(clear, post, K_POST, 0),
	F(clear, seq, K_SEQ, 0),
};

static const struct field stat_fields[] = {
	AT(stat, address, G_ANY),
};

static const struct field list_fields[] = {
	AT(list, table, G_TABLE),
	F(list, entries, K_ENTRIES, 0),
	F(list, n, K_COUNT, 32),
	F(list, first, K_COUNT, 40),
};

static const struct field destroy_fields[] = {
	AT(destroy, address, G_ANY),
};

static const struct field post_fields[] = {
	AT(post, port, G_PORT),
	AT(post, region, G_REGION),
	F(post, offset, K_OFFSET, 0),
	F(post, length, K_OFFSET, 0),
	F(post, landing, K_LANDING, 0),
	F(post, cookie, K_NUMBER, 0),
	F(post, max_caps, K_COUNT, 2),
	F(post, post, K_POST, 1),
};

static const struct field unpost_fields[] = {
	AT(unpost, port, G_PORT),
	F(unpost, post, K_POST, 0),
};

static const struct field send_fields[] = {
	FLAGS(send, CAPMSG_NONBLOCK),
	AT(send, to, G_PORT),
	F(send, deadline, K_DEADLINE, 0),
	F(send, data, K_DATA, 0),
	F(send, length, K_LENGTH, 0),
	F(send, items, K_ITEMS, 0),
	F(send, n_iov, K_COUNT, 1),
	F(send, n_items, K_COUNT, 2),
};

static const struct field recv_fields[] = {
	FLAGS(recv, 7),
	AT(recv, port, G_PORT),
	F(recv, records, K_RECORDS, 0),
	F(recv, reposts, K_REPOSTS, 0),
	F(recv, deadline, K_DEADLINE, 0),
	F(recv, n_records, K_COUNT, RECORDS),
	F(recv, n_reposts, K_COUNT, 1),
	F(recv, plain, K_BUFFER, 0),
	F(recv, plain_size, K_LENGTH, 1),
	F(recv, landing, K_LANDING, 0),
	F(recv, max_caps, K_COUNT, 2),
};

static const struct field call_fields[] = {
	FLAGS(call, 3),
	AT(call, to, G_PORT),
	F(call, data, K_DATA, 0),
	F(call, length, K_LENGTH, 0),
	F(call, items, K_ITEMS, 0),
	F(call, n_iov, K_COUNT, 1),
	F(call, n_items, K_COUNT, 2),
	F(call, deadline, K_DEADLINE, 0),
	F(call, reply_data, K_BUFFER, 2),
	F(call, reply_size, K_LENGTH, 1),
	AT(call, reply_region, G_REGION),
	F(call, reply_landing, K_LANDING, 0),
	F(call, reply_max_caps, K_COUNT, 2),
};

static const struct field reply_fields[] = {
	FLAGS(reply, CAPMSG_REPLY_POST),
	AT(reply, to, G_REPLY),
	F(reply, data, K_DATA, 0),
	F(reply, length, K_LENGTH, 0),
	F(reply, items, K_ITEMS, 0),
	F(reply, n_iov, K_COUNT, 1),
	F(reply, n_items, K_COUNT, 2),
	F(reply, post, K_POST, 0),
	F(reply, seq, K_SEQ, 0),
};

static const struct field reply_recv_fields[] = {
	FLAGS(reply_recv, 7),
	AT(reply_recv, to, G_REPLY),
	F(reply_recv, data, K_DATA, 0),
	F(reply_recv, length, K_LENGTH, 0),
	F(reply_recv, items, K_ITEMS, 0),
	F(reply_recv, n_iov, K_COUNT, 1),
	F(reply_recv, n_items, K_COUNT, 2),
	F(reply_recv, post, K_POST, 0),
	F(reply_recv, seq, K_SEQ, 0),
	AT(reply_recv, port, G_PORT),
	F(reply_recv, records, K_RECORDS, 0),
	F(reply_recv, reposts, K_REPOSTS, 0),
	F(reply_recv, deadline, K_DEADLINE, 0),
	F(reply_recv, n_records, K_COUNT, RECORDS),
	F(reply_recv, n_reposts, K_COUNT, 1),
};

static const struct field export_fields[] = {
	AT(export, from, G_ANY),
	F(export, rights, K_RIGHTS, 0),
};

static const struct field import_fields[] = {
	AT(import, to, G_COPY),
	F(import, fd, K_FILE, 0),
};

static const struct field create_notification_fields[] = {
	FLAGS(create_notification, 3),
	AT(create_notification, to, G_NOTE),
	F(create_notification, eventfd, K_EVENTFD, 0),
};

static const struct field create_message_fields[] = {
	AT(create_message, to, G_MESSAGE),
	AT(create_message, notification, G_NOTE),
	F(create_message, bits, K_NUMBER, 0),
};

static const struct field create_revoker_fields[] = {
	AT(create_revoker, from, G_ANY),
	AT(create_revoker, to, G_COPY),
	AT(create_revoker, revoker, G_REVOKER),
};

static const struct field watch_fields[] = {
	AT(watch, address, G_ANY),
	AT(watch, to, G_WATCH),
	AT(watch, notification, G_NOTE),
	F(watch, bits, K_NUMBER, 0),
};

static const struct field revoke_fields[] = {
	AT(revoke, revoker, G_REVOKER),
};

static const struct field close_fields[] = {
	AT(close, revoker, G_REVOKER),
};

static const struct field open_fields[] = {
	AT(open, revoker, G_REVOKER),
};

static const struct field begin_fields[] = {
	FLAGS(begin, 3),
	AT(begin, message, G_MESSAGE),
	AT(begin, to, G_PORT),
	F(begin, length, K_LENGTH, 0),
	F(begin, deadline, K_DEADLINE, 0),
	F(begin, max_caps, K_COUNT, 2),
};

static const struct field fill_fields[] = {
	AT(fill, message, G_MESSAGE),
	F(fill, offset, K_NUMBER, 0),
	F(fill, data, K_DATA, 1),
	F(fill, length, K_LENGTH, 0),
	F(fill, n_iov, K_COUNT, 1),
};

static const struct field transmit_fields[] = {
	FLAGS(transmit, 3),
	AT(transmit, message, G_MESSAGE),
	F(transmit, length, K_LENGTH, 0),
	F(transmit, items, K_ITEMS, 0),
	F(transmit, deadline, K_DEADLINE, 0),
	F(transmit, n_items, K_COUNT, 2),
};

static const struct field abandon_fields[] = {
	AT(abandon, message, G_MESSAGE),
};

static const struct field credits_fields[] = {
	AT(credits, to, G_PORT),
	F(credits, length, K_LENGTH, 0),
	F(credits, n_caps, K_COUNT, 4),
};

static const struct field signal_fields[] = {
	AT(signal, notification, G_NOTE),
	F(signal, bits, K_NUMBER, 0),
};

static const struct field wait_fields[] = {
	FLAGS(wait, CAPMSG_NONBLOCK),
	AT(wait, notification, G_NOTE),
	F(wait, mask, K_NUMBER, 0),
	F(wait, deadline, K_DEADLINE, 0),
};

static const struct field limits_fields[] = {
	AT(limits, port, G_PORT),
	F(limits, holders, K_ENTRIES, 0),
	F(limits, n_holders, K_COUNT, 8),
};

static const struct field create_virtual_fields[] = {
	AT(create_virtual, to, G_VIRTUAL),
	AT(create_virtual, handler, G_HANDLER),
	F(create_virtual, object, K_NUMBER, 0),
	F(create_virtual, kind, K_KIND, 0),
	F(create_virtual, bits, K_BITS, 0),
	F(create_virtual, cache_bits, K_COUNT, 4),
};

static const struct field upcalls_fields[] = {
	AT(upcalls, port, G_HANDLER),
	F(upcalls, waiting, K_ENTRIES, 0),
	F(upcalls, n, K_COUNT, 8),
};

static const struct field abort_fields[] = {
	AT(abort, port, G_HANDLER),
	F(abort, id, K_ID, 0),
};

static const struct field invalidate_fields[] = {
	FLAGS(invalidate, 1),
	AT(invalidate, port, G_HANDLER),
	AT(invalidate, object, G_VIRTUAL),
	AT(invalidate, address, G_ANY),
};

#define COMMAND(name, NAME)							\
	[CAPMSG_CMD_##NAME] = {							\
		#NAME, name##_fields, ARRAY_SIZE(name##_fields)			\
	}
#define EXTRA(NAME)								\
	[OP_##NAME] = { "(" #NAME ")", NULL, 0 }

const struct command fuzz_commands[OP_COUNT] = {
	COMMAND(query, QUERY),
	COMMAND(setup, SETUP),
	COMMAND(create_cappage, CREATE_CAPPAGE),
	COMMAND(create_port, CREATE_PORT),
	COMMAND(register, REGISTER),
	COMMAND(unregister, UNREGISTER),
	COMMAND(copy, COPY),
	COMMAND(move, MOVE),
	COMMAND(clear, CLEAR),
	COMMAND(stat, STAT),
	COMMAND(list, LIST),
	COMMAND(destroy, DESTROY),
	COMMAND(post, POST),
	COMMAND(unpost, UNPOST),
	COMMAND(send, SEND),
	COMMAND(recv, RECV),
	COMMAND(call, CALL),
	COMMAND(reply, REPLY),
	COMMAND(reply_recv, REPLY_RECV),
	COMMAND(export, EXPORT),
	COMMAND(import, IMPORT),
	COMMAND(create_notification, CREATE_NOTIFICATION),
	COMMAND(create_message, CREATE_MESSAGE),
	COMMAND(create_revoker, CREATE_REVOKER),
	COMMAND(watch, WATCH),
	COMMAND(revoke, REVOKE),
	COMMAND(close, CLOSE),
	COMMAND(open, OPEN),
	COMMAND(begin, BEGIN),
	COMMAND(fill, FILL),
	COMMAND(transmit, TRANSMIT),
	COMMAND(abandon, ABANDON),
	COMMAND(credits, CREDITS),
	COMMAND(signal, SIGNAL),
	COMMAND(wait, WAIT),
	COMMAND(limits, LIMITS),
	COMMAND(create_virtual, CREATE_VIRTUAL),
	COMMAND(upcalls, UPCALLS),
	COMMAND(abort, ABORT),
	COMMAND(invalidate, INVALIDATE),
	EXTRA(OPEN),
	EXTRA(CLOSE),
	EXTRA(CLOSE_FILE),
	EXTRA(SERVE),
	EXTRA(SIGNAL),
	EXTRA(KILL),
	EXTRA(FORGET),
	EXTRA(PAUSE),
	EXTRA(POLL),
};
