// SPDX-License-Identifier: GPL-2.0-only
/*
 * malformed_test.c - each field of each command in turn holds what it must not:
 * addresses, slots, pointers, counts and values, files. Every row spoils one
 * field of a call that is in order (calls.h); no failure changes anything.
 *
 * Sizes, tails, flags, reserved fields, numbers and the pointer to the struct are
 * spoilt in abi_test.c; what a message holds in contents_test.c; who calls, and from
 * where, in caller_test.c; what happens to memory during a call in fault_test.c. No
 * command has a name, a path or a time of day, none maps anything.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "kselftest_harness.h"
#include "calls.h"

#define TABLE		SLOT(0x20)	/* 2^8 slots; a post has reserved slot 0 */
#define RESERVED	SLOT2(0x20, 0)
#define OPAQUE		SLOT(0x21)	/* the same without READ and WRITE */
#define READABLE	SLOT(0x22)	/* the same without WRITE */
#define LANDING_PORT	SLOT(0x23)
#define WITHOUT		SLOT(0x24)	/* lacks one right */
#define REUSES		32
#define MESSAGES	1000
#define ROUNDS		30
#define IN_TABLE	1		/* slot of the table with a copy of the port */

FIXTURE(malformed) {
	struct calls calls;
	int fd, log;
	__u64 state;
};

FIXTURE_SETUP(malformed)
{
	self->log = log_open();
	ASSERT_LE(0, self->log);
	ASSERT_EQ(0, calls_new(&self->calls));
	self->fd = self->calls.fd;
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, SLOT2(0x20, IN_TABLE), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, OPAQUE, 0));
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, READABLE, CAPMSG_RIGHT_READ));
	ASSERT_EQ(0, port_create(self->fd, LANDING_PORT, 1));
	ASSERT_LE(0, post_any(self->fd, LANDING_PORT, 0, 0, 0, RESERVED, 1));
	self->state = call_state(&self->calls);
}

FIXTURE_TEARDOWN(malformed)
{
	const char *text = log_speaks(self->log);

	EXPECT_EQ(NULL, text)
		TH_LOG("the kernel said: %s", text);
	EXPECT_EQ(self->state, call_state(&self->calls));
	CAPMSG_TEARDOWN();
}

static void put(union any *a, unsigned int offset, unsigned int width, __u64 value)
{
	memcpy(a->bytes + offset, &value, width);
}

/* For FILL and TRANSMIT, which are refused before anything else if it is not. */
static void message_open(FIXTURE_DATA(malformed) *self)
{
	do_begin(self->fd, &(struct capmsg_begin){
		.message = MESSAGE, .to = PORT, .length = 64, .max_caps = 1 });
}

static void message_idle(FIXTURE_DATA(malformed) *self)
{
	do_abandon(self->fd, &(struct capmsg_abandon){ .message = MESSAGE });
}

/* --- addresses of objects -------------------------------------------------------------- */

#define VOID_ALLOWED	0x100		/* the void address has a meaning of its own */
#define ANY_TYPE	CAPMSG_TYPE_VOID
#define WIDTH(name, field)	sizeof(((struct capmsg_##name) { }).field)
#define OBJECT(name, NAME, field, type, right)					\
	{ #NAME "." #field, CAPMSG_CMD_##NAME, offsetof(struct capmsg_##name, field),	\
	  CAPMSG_TYPE_##type, right, 0, 0, 0 }
#define OBJECT_IF(name, NAME, field, type, right, other, value)			\
	{ #NAME "." #field, CAPMSG_CMD_##NAME, offsetof(struct capmsg_##name, field),	\
	  CAPMSG_TYPE_##type, right,						\
	  offsetof(struct capmsg_##name, other), WIDTH(name, other), value }

/* Every field that names an object, of which type, with which right. */
static const struct object_field {
	const char *name;
	unsigned int nr, offset, type, right;
	unsigned int also_offset, also_width;	/* what else it takes for the field to count */
	__u64 also;
} object_fields[] = {
	OBJECT(unregister, UNREGISTER, region, REGION, CAPMSG_RIGHT_DESTROY),
	OBJECT(copy, COPY, from, VOID, 0),
	OBJECT(stat, STAT, address, VOID, 0),
	OBJECT(list, LIST, table, CAPPAGE, CAPMSG_RIGHT_READ | VOID_ALLOWED),
	OBJECT(destroy, DESTROY, address, VOID, CAPMSG_RIGHT_DESTROY),
	OBJECT_IF(move, MOVE, from, PORT, CAPMSG_RIGHT_RECV, flags, CAPMSG_MOVE_POST),
	OBJECT_IF(clear, CLEAR, slot, PORT, CAPMSG_RIGHT_RECV, flags, CAPMSG_CLEAR_POST),
	OBJECT(post, POST, port, PORT, CAPMSG_RIGHT_RECV),
	OBJECT(post, POST, region, REGION, CAPMSG_RIGHT_WRITE | VOID_ALLOWED),
	OBJECT(unpost, UNPOST, port, PORT, CAPMSG_RIGHT_RECV),
	OBJECT(send, SEND, to, PORT, CAPMSG_RIGHT_SEND),
	OBJECT(recv, RECV, port, PORT, CAPMSG_RIGHT_RECV),
	OBJECT(call, CALL, to, PORT, CAPMSG_RIGHT_SEND),
	OBJECT_IF(call, CALL, reply_region, REGION,
		  CAPMSG_RIGHT_WRITE | VOID_ALLOWED, flags, CAPMSG_CALL_REGION),
	OBJECT(reply, REPLY, to, PORT, CAPMSG_RIGHT_RECV),
	OBJECT_IF(reply, REPLY, to, REPLY, 0, flags, 0),
	OBJECT(reply_recv, REPLY_RECV, to, PORT, CAPMSG_RIGHT_RECV),
	OBJECT(reply_recv, REPLY_RECV, port, PORT, CAPMSG_RIGHT_RECV),
	OBJECT(export, EXPORT, from, VOID, 0),
	OBJECT_IF(create_port, CREATE_PORT, notification, NOTIFICATION,
		  CAPMSG_RIGHT_SEND | VOID_ALLOWED, arrival_bits, 1),
	OBJECT_IF(create_message, CREATE_MESSAGE, notification, NOTIFICATION,
		  CAPMSG_RIGHT_SEND | VOID_ALLOWED, bits, 1),
	OBJECT(create_revoker, CREATE_REVOKER, from, VOID, 0),
	OBJECT(watch, WATCH, address, VOID, 0),
	OBJECT(watch, WATCH, notification, NOTIFICATION, CAPMSG_RIGHT_SEND),
	OBJECT(revoke, REVOKE, revoker, REVOKER, CAPMSG_RIGHT_DESTROY),
	OBJECT(close, CLOSE, revoker, REVOKER, CAPMSG_RIGHT_WRITE),
	OBJECT(open, OPEN, revoker, REVOKER, CAPMSG_RIGHT_WRITE),
	OBJECT(begin, BEGIN, message, MESSAGE, CAPMSG_RIGHT_WRITE),
	OBJECT(begin, BEGIN, to, PORT, CAPMSG_RIGHT_SEND),
	OBJECT(fill, FILL, message, MESSAGE, CAPMSG_RIGHT_WRITE),
	OBJECT(transmit, TRANSMIT, message, MESSAGE, CAPMSG_RIGHT_WRITE),
	OBJECT(abandon, ABANDON, message, MESSAGE, CAPMSG_RIGHT_WRITE),
	OBJECT(credits, CREDITS, to, PORT, CAPMSG_RIGHT_SEND),
	OBJECT(signal, SIGNAL, notification, NOTIFICATION, CAPMSG_RIGHT_SEND),
	OBJECT(wait, WAIT, notification, NOTIFICATION, CAPMSG_RIGHT_RECV),
	OBJECT(limits, LIMITS, port, PORT, CAPMSG_RIGHT_RECV | VOID_ALLOWED),
	OBJECT(create_cappage, CREATE_CAPPAGE, keeper, CAPPAGE, VOID_ALLOWED),
	OBJECT(create_virtual, CREATE_VIRTUAL, handler, PORT, CAPMSG_RIGHT_RECV),
	OBJECT(create_virtual, CREATE_VIRTUAL, original, CAPPAGE, VOID_ALLOWED),
	OBJECT(upcalls, UPCALLS, port, PORT, CAPMSG_RIGHT_RECV),
	OBJECT(abort, ABORT, port, PORT, CAPMSG_RIGHT_RECV),
	OBJECT(invalidate, INVALIDATE, port, PORT, CAPMSG_RIGHT_RECV),
	OBJECT(invalidate, INVALIDATE, object, VIRTUAL, 0),
};

static int object_call(FIXTURE_DATA(malformed) *self, const struct object_field *f, __u64 address)
{
	union any *a = call_fill(&self->calls, f->nr);

	put(a, f->also_offset, f->also_width, f->also);
	put(a, f->offset, 8, address);
	return capmsg_do(self->fd, f->nr, a);
}

/* Ways to lead nowhere: from the root, and from what is no table. */
static const __u64 nowhere[] = {
	1, 1ULL << 63, ~0ULL, CAPMSG_ADDRESS(1, 1), CAPMSG_ADDRESS(1, 7), CAPMSG_ADDRESS(1, 9),
	CAPMSG_ADDRESS(1, 63), SLOT2(7, 0), SLOT2(1, 0), SLOT2(2, 0), SLOT2(0x20, 2) | 1,
};

TEST_F(malformed, object_nowhere)
{
	const struct object_field *f;
	unsigned int i;

	for (f = object_fields; f < object_fields + ARRAY_SIZE(object_fields); f++) {
		for (i = 0; i < ARRAY_SIZE(nowhere); i++)
			EXPECT_EQ(-ENOENT, object_call(self, f, nowhere[i]))
				TH_LOG("%s, %llx", f->name, nowhere[i]);
		EXPECT_EQ(-ENOENT, object_call(self, f, NOTHING))
			TH_LOG("%s, a void slot", f->name);
		EXPECT_EQ(-ENOENT, object_call(self, f, SLOT2(0x20, 3)))
			TH_LOG("%s, a void slot of a table", f->name);
		if (!(f->right & VOID_ALLOWED))
			EXPECT_EQ(-ENOENT, object_call(self, f, CAPMSG_ADDRESS_VOID))
				TH_LOG("%s, void", f->name);
	}
}

/* An object of another type, whatever rights there are to it; also where it has taken a slot. */
TEST_F(malformed, object_of_other_type)
{
	static const __u64 others[] = { PORT, REGION, TABLE, OPAQUE, NOTE, MESSAGE, REVOKER,
		WITHOUT, VIRTUAL };
	const struct object_field *f;
	unsigned int i;
	int type, ret;

	ASSERT_EQ(0, watch_create(self->fd, PORT, WITHOUT, NOTE, 1));
	for (f = object_fields; f < object_fields + ARRAY_SIZE(object_fields); f++) {
		for (i = 0; i < ARRAY_SIZE(others) && f->type != ANY_TYPE; i++) {
			type = cap_type(self->fd, others[i]);
			ASSERT_LT(0, type);
			/* A virtual object is where one is due, and reads as what it plays. */
			if (type == (int)f->type || (others[i] == VIRTUAL &&
						     f->type == CAPMSG_TYPE_VIRTUAL))
				continue;
			ret = object_call(self, f, others[i]);
			EXPECT_EQ(-EINVAL, ret)
				TH_LOG("%s, type %d", f->name, type);
		}
	}
	ASSERT_EQ(0, obj_destroy(self->fd, WITHOUT));
}

static __u64 object_of(unsigned int type)
{
	switch (type) {
	case CAPMSG_TYPE_CAPPAGE:
		return TABLE;
	case CAPMSG_TYPE_REGION:
		return REGION;
	case CAPMSG_TYPE_NOTIFICATION:
		return NOTE;
	case CAPMSG_TYPE_MESSAGE:
		return MESSAGE;
	case CAPMSG_TYPE_REVOKER:
		return REVOKER;
	default:
		return PORT;
	}
}

TEST_F(malformed, object_without_right)
{
	const struct object_field *f;
	unsigned int right;

	for (f = object_fields; f < object_fields + ARRAY_SIZE(object_fields); f++) {
		right = f->right & CAPMSG_RIGHTS_ALL;
		if (!right)
			continue;
		ASSERT_EQ(0, cap_copy(self->fd, object_of(f->type), WITHOUT,
				      CAPMSG_RIGHTS_ALL & ~right))
			TH_LOG("%s", f->name);
		EXPECT_EQ(-EACCES, object_call(self, f, WITHOUT))
			TH_LOG("%s", f->name);
		ASSERT_EQ(0, cap_clear(self->fd, WITHOUT));
		/* And with that right only; whatever comes then, the right is not missing. */
		ASSERT_EQ(0, cap_copy(self->fd, object_of(f->type), WITHOUT, right));
		if (f->nr == CAPMSG_CMD_DESTROY || f->nr == CAPMSG_CMD_UNREGISTER ||
		    f->nr == CAPMSG_CMD_REVOKE) {
			cap_clear(self->fd, WITHOUT);
			continue;
		}
		EXPECT_NE(-EACCES, object_call(self, f, WITHOUT))
			TH_LOG("%s", f->name);
		call_undo(&self->calls, f->nr, &self->calls.m->arg);
		if (f->nr == CAPMSG_CMD_CALL || f->nr == CAPMSG_CMD_POST)
			post_take(self->fd, PORT, 0);
		cap_clear(self->fd, WITHOUT);
	}
}

static int object_make(FIXTURE_DATA(malformed) *self, unsigned int type, __u64 to)
{
	switch (type) {
	case CAPMSG_TYPE_CAPPAGE:
		return cappage_create(self->fd, to, 8);
	case CAPMSG_TYPE_REGION:
		return region_create(self->fd, to, self->calls.m->region + PAGE, PAGE);
	case CAPMSG_TYPE_NOTIFICATION:
		return note_create(self->fd, to);
	case CAPMSG_TYPE_MESSAGE:
		return do_create_message(self->fd, &(struct capmsg_create_message){ .to = to });
	case CAPMSG_TYPE_REVOKER:
		return do_create_revoker(self->fd, &(struct capmsg_create_revoker){
			.from = PORT, .to = TARGET2, .revoker = to });
	case CAPMSG_TYPE_VIRTUAL:
		return do_create_virtual(self->fd, &(struct capmsg_create_virtual){
			.to = to, .handler = HANDLER, .kind = CAPMSG_TYPE_CAPPAGE });
	default:
		return port_create(self->fd, to, 1);
	}
}

/* A capability whose object was destroyed, and others are where that was. */
static int object_destroyed(FIXTURE_DATA(malformed) *self, unsigned int type)
{
	unsigned int i;
	int ret;

	ret = object_make(self, type, TARGET);
	ret = ret ?: cap_copy(self->fd, TARGET, WITHOUT, CAPMSG_RIGHTS_ALL);
	ret = ret ?: obj_destroy(self->fd, TARGET);
	for (i = 0; i < REUSES && !ret; i++) {
		cap_clear(self->fd, TARGET2);
		ret = object_make(self, type, SLOT2(0x20, 0x80 + i));
	}
	return ret;
}

/* One that was revoked. */
static int object_revoked(FIXTURE_DATA(malformed) *self, unsigned int type)
{
	int ret = object_make(self, type, SLOT2(0x20, 0x80));

	ret = ret ?: cap_clear(self->fd, TARGET2);
	ret = ret ?: do_create_revoker(self->fd, &(struct capmsg_create_revoker){
		.from = SLOT2(0x20, 0x80), .to = WITHOUT, .revoker = TARGET });
	return ret ?: do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = TARGET });
}

static void object_forget(FIXTURE_DATA(malformed) *self)
{
	unsigned int i;

	for (i = 0; i < REUSES; i++)
		obj_destroy(self->fd, SLOT2(0x20, 0x80 + i));
	cap_clear(self->fd, WITHOUT);
	cap_clear(self->fd, TARGET2);
}

/* What is no more is nothing, also when its memory is another object's by now. */
TEST_F_TIMEOUT(malformed, object_dead, 120)
{
	const struct object_field *f;

	for (f = object_fields; f < object_fields + ARRAY_SIZE(object_fields); f++) {
		ASSERT_EQ(0, object_destroyed(self, f->type))
			TH_LOG("%s", f->name);
		EXPECT_EQ(-ENOENT, object_call(self, f, WITHOUT))
			TH_LOG("%s, destroyed", f->name);
		EXPECT_EQ(-ENOENT, object_call(self, f, TARGET))
			TH_LOG("%s, destroyed here", f->name);
		object_forget(self);
		ASSERT_EQ(0, object_revoked(self, f->type))
			TH_LOG("%s", f->name);
		EXPECT_EQ(-ENOENT, object_call(self, f, WITHOUT))
			TH_LOG("%s, revoked", f->name);
		object_forget(self);
	}
}

/* What reads a capability needs READ where it is. */
TEST_F(malformed, object_unreadable)
{
	static const unsigned int reading[] = { CAPMSG_CMD_COPY, CAPMSG_CMD_STAT,
		CAPMSG_CMD_EXPORT, CAPMSG_CMD_CREATE_REVOKER };
	const struct object_field *f;
	unsigned int i;

	for (f = object_fields; f < object_fields + ARRAY_SIZE(object_fields); f++)
		for (i = 0; i < ARRAY_SIZE(reading); i++)
			if (f->nr == reading[i])
				EXPECT_EQ(-EACCES, object_call(self, f, SLOT2(0x21, IN_TABLE)))
					TH_LOG("command %u", f->nr);
}

/* --- addresses of slots ---------------------------------------------------------------- */

#define SLOT_FIELD(name, NAME, field, used)					\
	{ #NAME "." #field, CAPMSG_CMD_##NAME, offsetof(struct capmsg_##name, field), used }

/* Every field that names a slot; @used: what it says of one that is not void. */
static const struct slot_field {
	const char *name;
	unsigned int nr, offset;
	int used;
} slot_fields[] = {
	SLOT_FIELD(create_cappage, CREATE_CAPPAGE, to, -EEXIST),
	SLOT_FIELD(create_port, CREATE_PORT, to, -EEXIST),
	SLOT_FIELD(register, REGISTER, to, -EEXIST),
	SLOT_FIELD(copy, COPY, to, -EEXIST),
	SLOT_FIELD(move, MOVE, from, 0),
	SLOT_FIELD(move, MOVE, to, -EEXIST),
	SLOT_FIELD(clear, CLEAR, slot, 0),
	SLOT_FIELD(import, IMPORT, to, -EEXIST),
	SLOT_FIELD(create_notification, CREATE_NOTIFICATION, to, -EEXIST),
	SLOT_FIELD(create_message, CREATE_MESSAGE, to, -EEXIST),
	SLOT_FIELD(create_revoker, CREATE_REVOKER, to, -EEXIST),
	SLOT_FIELD(create_revoker, CREATE_REVOKER, revoker, -EEXIST),
	SLOT_FIELD(watch, WATCH, to, -EEXIST),
	SLOT_FIELD(create_virtual, CREATE_VIRTUAL, to, -EEXIST),
};

static int slot_call(FIXTURE_DATA(malformed) *self, const struct slot_field *f, __u64 address)
{
	union any *a = call_fill(&self->calls, f->nr);

	put(a, f->offset, 8, address);
	return capmsg_do(self->fd, f->nr, a);
}

TEST_F(malformed, slot)
{
	const struct slot_field *f;
	unsigned int i;

	for (f = slot_fields; f < slot_fields + ARRAY_SIZE(slot_fields); f++) {
		for (i = 0; i < ARRAY_SIZE(nowhere); i++)
			EXPECT_EQ(-ENOENT, slot_call(self, f, nowhere[i]))
				TH_LOG("%s, %llx", f->name, nowhere[i]);
		if (f->nr != CAPMSG_CMD_WATCH)
			EXPECT_EQ(-ENOENT, slot_call(self, f, CAPMSG_ADDRESS_VOID))
				TH_LOG("%s, void", f->name);
		EXPECT_EQ(-EACCES, slot_call(self, f, SLOT2(0x21, IN_TABLE)))
			TH_LOG("%s, opaque table", f->name);
		EXPECT_EQ(-EACCES, slot_call(self, f, SLOT2(0x22, IN_TABLE)))
			TH_LOG("%s, table without WRITE", f->name);
		EXPECT_EQ(-EBUSY, slot_call(self, f, RESERVED))
			TH_LOG("%s, reserved", f->name);
		if (f->used)
			EXPECT_EQ(f->used, slot_call(self, f, REGION))
				TH_LOG("%s, used", f->name);
	}
}

/* Landing slots, of which there are several. */
TEST_F(malformed, landing)
{
	const struct { __u64 landing; __u32 n; int result; } rows[] = {
		{ SLOT2(7, 0), 1, -ENOENT }, { ~0ULL, 1, -ENOENT }, { 1ULL << 63, 1, -ENOENT },
		{ SLOT2(0x21, 8), 1, -EACCES }, { SLOT2(0x22, 8), 1, -EACCES },
		{ RESERVED, 1, -EBUSY }, { SLOT2(0x20, IN_TABLE), 1, -EEXIST },
		{ SLOT2(0x20, 255), 2, -EINVAL }, { SLOT2(0x20, 8), 65, -EINVAL },
		{ SLOT2(0x20, 8), ~0U, -EINVAL }, { SLOT2(0x20, 8), 0, -EINVAL },
		{ CAPMSG_ADDRESS_VOID, 1, -EINVAL },
	};
	unsigned int i;
	union any *a;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		a = call_fill(&self->calls, CAPMSG_CMD_POST);
		a->post.landing = rows[i].landing;
		a->post.max_caps = rows[i].n;
		EXPECT_EQ(rows[i].result, do_post(self->fd, &a->post))
			TH_LOG("POST, row %u", i);
		a = call_fill(&self->calls, CAPMSG_CMD_CALL);
		a->call.reply_landing = rows[i].landing;
		a->call.reply_max_caps = rows[i].n;
		EXPECT_EQ(rows[i].result, do_call(self->fd, &a->call))
			TH_LOG("CALL, row %u", i);
		a = call_fill(&self->calls, CAPMSG_CMD_RECV);
		a->recv.plain = PTR(self->calls.m->region);
		a->recv.plain_size = PAGE;
		a->recv.landing = rows[i].landing;
		a->recv.max_caps = rows[i].n;
		EXPECT_EQ(rows[i].result, do_recv(self->fd, &a->recv))
			TH_LOG("RECV, row %u", i);
	}
}

/* --- pointers ---------------------------------------------------------------------------- */

#define POINTER(name, NAME, field, use)						\
	{ #NAME "." #field, CAPMSG_CMD_##NAME, offsetof(struct capmsg_##name, field),	\
	  use, 0, 0, 0 }
#define POINTER_IF(name, NAME, field, use, other, value)			\
	{ #NAME "." #field, CAPMSG_CMD_##NAME, offsetof(struct capmsg_##name, field),	\
	  use, offsetof(struct capmsg_##name, other), WIDTH(name, other), value }

/* Every pointer but those to where something is written late, which follow. */
static const struct pointer_field {
	const char *name;
	unsigned int nr, offset;
	enum { READ, WRITTEN, PIECES, REPOSTS } use;
	unsigned int also_offset, also_width;
	__u64 also;
} pointer_fields[] = {
	POINTER(list, LIST, entries, WRITTEN),
	POINTER(send, SEND, data, READ),
	POINTER_IF(send, SEND, data, PIECES, n_iov, 1),
	POINTER_IF(send, SEND, items, READ, n_items, 1),
	POINTER_IF(recv, RECV, reposts, READ, n_reposts, 1),
	POINTER_IF(recv, RECV, plain, WRITTEN, plain_size, PAGE),
	POINTER(call, CALL, data, READ),
	POINTER_IF(call, CALL, data, PIECES, n_iov, 1),
	POINTER_IF(call, CALL, items, READ, n_items, 1),
	POINTER_IF(call, CALL, reply_data, WRITTEN, reply_size, PAGE),
	POINTER_IF(reply, REPLY, data, READ, length, 8),
	POINTER_IF(reply, REPLY, data, READ, n_iov, 1),
	POINTER_IF(reply, REPLY, items, READ, n_items, 1),
	POINTER_IF(reply_recv, REPLY_RECV, data, READ, length, 8),
	POINTER_IF(reply_recv, REPLY_RECV, data, READ, n_iov, 1),
	POINTER_IF(reply_recv, REPLY_RECV, items, READ, n_items, 1),
	POINTER_IF(reply_recv, REPLY_RECV, reposts, REPOSTS, n_reposts, 1),
	POINTER(register, REGISTER, address, WRITTEN),
	POINTER(fill, FILL, data, READ),
	POINTER_IF(fill, FILL, data, PIECES, n_iov, 1),
	POINTER_IF(transmit, TRANSMIT, items, READ, n_items, 1),
};

static void put_length(union any *a, unsigned int nr, __u64 length)
{
	if (nr == CAPMSG_CMD_FILL)
		a->fill.length = length;
	else if (nr == CAPMSG_CMD_CALL)
		a->call.length = length;
	else
		a->send.length = length;
}

/* Where nothing can be written; all but the last of them cannot be read either. */
#define POINTERS	9

static void bad_pointers(__u64 *pointers)
{
	char *end = memory_new(2 * PAGE, true), *constant = memory_new(PAGE, true);
	const __u64 bad[POINTERS] = {
		0, PAGE, 0xffff888000000000ULL, 1ULL << 63, -(__u64)PAGE, 1ULL << 47,
		PTR(end) + PAGE, PTR(end) + PAGE - 3, PTR(constant),
	};

	munmap(end + PAGE, PAGE);
	mprotect(constant, PAGE, PROT_READ);
	memcpy(pointers, bad, sizeof(bad));
}

TEST_F(malformed, pointer)
{
	const struct pointer_field *f;
	__u64 pointers[POINTERS];
	union any *a;
	unsigned int i;

	bad_pointers(pointers);
	message_open(self);
	for (f = pointer_fields; f < pointer_fields + ARRAY_SIZE(pointer_fields); f++) {
		for (i = 0; i < POINTERS - (f->use != WRITTEN); i++) {
			if (f->nr == CAPMSG_CMD_REGISTER && pointers[i] % PAGE)
				continue;
			a = call_fill(&self->calls, f->nr);
			if (f->use == PIECES)
				put_length(a, f->nr, 0);
			if (f->use == REPOSTS)
				a->reply_recv.flags = CAPMSG_NONBLOCK | CAPMSG_REPLY_NONE;
			put(a, f->also_offset, f->also_width, f->also);
			put(a, f->offset, 8, pointers[i]);
			EXPECT_EQ(-EFAULT, capmsg_do(self->fd, f->nr, a))
				TH_LOG("%s, %llx", f->name, pointers[i]);
		}
	}
	message_idle(self);
}

/* A message, a holder of a post and an upcall, for all that tells of them to have something. */
static int something_to_tell(FIXTURE_DATA(malformed) *self, struct job *job,
			     struct capmsg_stat *stat)
{
	int ret = post_any(self->fd, PORT, 0, 0, 0, 0, 0);

	if (ret < 0)
		return ret;
	ret = msg_try(self->fd, PORT, "stay here", 9);
	*stat = (struct capmsg_stat){ .address = SLOT2(13, 1) };
	ret = ret ?: JOB_START(job, self->fd, stat, STAT, stat);
	return ret ?: job_blocked(job) ? 0 : -EPROTO;
}

/* The message is there, and whole; then all of it is taken back. */
static int nothing_lost(FIXTURE_DATA(malformed) *self, struct job *job)
{
	struct capmsg_record record;
	int ret = msg_poll(self->fd, PORT, &record, self->calls.m->entries);

	if (ret || record.out_length != 9 || memcmp(self->calls.m->entries, "stay here", 9))
		return ret ?: -EBADMSG;
	ret = post_take(self->fd, PORT, record.out_post);
	ret = ret ?: obj_destroy(self->fd, VIRTUAL);
	if (ret || job_join(job) != -ENOENT)
		return ret ?: -EPROTO;
	return do_create_virtual(self->fd, &(struct capmsg_create_virtual){
		.to = VIRTUAL, .handler = HANDLER, .kind = CAPMSG_TYPE_CAPPAGE });
}

/* Every pointer to where something is told once there is something; and back to work. */
static const struct { unsigned int nr, offset; } late_pointers[] = {
	{ CAPMSG_CMD_RECV, offsetof(struct capmsg_recv, records) },
	{ CAPMSG_CMD_REPLY_RECV, offsetof(struct capmsg_reply_recv, records) },
	{ CAPMSG_CMD_LIMITS, offsetof(struct capmsg_limits, holders) },
	{ CAPMSG_CMD_UPCALLS, offsetof(struct capmsg_upcalls, waiting) },
};

static union any *late_fill(FIXTURE_DATA(malformed) *self, unsigned int nr)
{
	union any *a = call_fill(&self->calls, nr);

	self->calls.m->record = (struct capmsg_record){ .data = PTR(self->calls.m->data),
		.data_size = sizeof(self->calls.m->data) };
	if (nr == CAPMSG_CMD_REPLY_RECV)
		a->reply_recv.flags = CAPMSG_NONBLOCK | CAPMSG_REPLY_NONE;
	if (nr == CAPMSG_CMD_LIMITS) {
		a->limits.port = PORT;
		a->limits.holders = PTR(self->calls.m->entries);
		a->limits.n_holders = 4;
	}
	return a;
}

TEST_F(malformed, pointer_late)
{
	__u64 pointers[POINTERS];
	struct capmsg_stat stat;
	unsigned int i, j;
	struct job job;
	union any *a;

	bad_pointers(pointers);
	ASSERT_EQ(0, something_to_tell(self, &job, &stat));
	for (i = 0; i < ARRAY_SIZE(late_pointers); i++) {
		const unsigned int nr = late_pointers[i].nr;

		for (j = 0; j < POINTERS; j++) {
			a = late_fill(self, nr);
			put(a, late_pointers[i].offset, 8, pointers[j]);
			EXPECT_EQ(-EFAULT, capmsg_do(self->fd, nr, a))
				TH_LOG("command %u, %llx", nr, pointers[j]);
			if (nr != CAPMSG_CMD_RECV && nr != CAPMSG_CMD_REPLY_RECV)
				continue;
			/* And the bytes, which the record says where to put. */
			a = late_fill(self, nr);
			self->calls.m->record.data = pointers[j];
			EXPECT_EQ(-EFAULT, capmsg_do(self->fd, nr, a))
				TH_LOG("command %u, data at %llx", nr, pointers[j]);
		}
	}
	EXPECT_EQ(0, nothing_lost(self, &job));
}

/* At any place, also over the border of two pages. */
TEST_F(malformed, pointer_unaligned)
{
	char *memory = memory_new(2 * PAGE, true);
	char *const places[] = { memory + 1, memory + PAGE - 5 };
	struct capmsg_record record;
	struct capmsg_stat stat;
	unsigned int i, j;
	struct job job;
	union any *a;

	ASSERT_EQ(0, something_to_tell(self, &job, &stat));
	for (i = 0; i < 2 * ARRAY_SIZE(late_pointers); i++) {
		const unsigned int nr = late_pointers[i / 2].nr;

		a = late_fill(self, nr);
		memcpy(places[i % 2], &self->calls.m->record, sizeof(record));
		put(a, late_pointers[i / 2].offset, 8, PTR(places[i % 2]));
		EXPECT_EQ(0, capmsg_do(self->fd, nr, a))
			TH_LOG("command %u", nr);
		if (nr != CAPMSG_CMD_RECV && nr != CAPMSG_CMD_REPLY_RECV)
			continue;
		memcpy(&record, places[i % 2], sizeof(record));
		EXPECT_EQ(9, record.out_length);
		ASSERT_EQ(0, msg_try(self->fd, PORT, "stay here", 9));
	}
	for (j = 0; j < ARRAY_SIZE(places); j++) {
		a = call_fill(&self->calls, CAPMSG_CMD_LIST);
		a->list.entries = PTR(places[j]);
		EXPECT_EQ(0, do_list(self->fd, &a->list));
	}
	EXPECT_EQ(0, nothing_lost(self, &job));
}

/* Room for the bytes that is too small, however much less. */
TEST_F(malformed, room_too_small)
{
	static const unsigned int rooms[] = { 0, 1, 8 }, both[] = { CAPMSG_CMD_RECV,
		CAPMSG_CMD_REPLY_RECV };
	struct capmsg_stat stat;
	unsigned int i, j;
	struct job job;
	union any *a;

	ASSERT_EQ(0, something_to_tell(self, &job, &stat));
	for (i = 0; i < ARRAY_SIZE(both); i++) {
		for (j = 0; j < ARRAY_SIZE(rooms); j++) {
			a = late_fill(self, both[i]);
			self->calls.m->record.data_size = rooms[j];
			EXPECT_EQ(-EMSGSIZE, capmsg_do(self->fd, both[i], a))
				TH_LOG("command %u, %u bytes", both[i], rooms[j]);
		}
	}
	EXPECT_EQ(0, nothing_lost(self, &job));
}

/* The results go where the arguments stand: they were read, once, before. */
TEST_F(malformed, outputs_on_arguments)
{
	static const unsigned int told[] = { CAPMSG_CMD_LIMITS, CAPMSG_CMD_UPCALLS,
		CAPMSG_CMD_REPLY_RECV };
	struct capmsg_stat stat;
	struct job job;
	union any *a = call_fill(&self->calls, CAPMSG_CMD_LIST);
	unsigned int i, j;

	a->list.entries = PTR(a);
	a->list.n = 2;
	EXPECT_EQ(0, ioctl(self->fd, CAPMSG_IOC_LIST, a));
	a = call_fill(&self->calls, CAPMSG_CMD_RECV);
	a->recv.records = PTR(a);
	EXPECT_EQ(-1, ioctl(self->fd, CAPMSG_IOC_RECV, a));
	EXPECT_EQ(EAGAIN, errno);
	/* The payload is the struct itself. */
	a = call_fill(&self->calls, CAPMSG_CMD_SEND);
	a->send.data = PTR(a);
	EXPECT_EQ(-EAGAIN, do_send(self->fd, &a->send));
	a = call_fill(&self->calls, CAPMSG_CMD_CALL);
	a->call.data = PTR(a);
	a->call.reply_data = PTR(a);
	a->call.reply_size = CAPMSG_INLINE_MAX + 1;
	EXPECT_EQ(-EAGAIN, do_call(self->fd, &a->call));
	ASSERT_EQ(0, something_to_tell(self, &job, &stat));
	for (i = 0; i < ARRAY_SIZE(told); i++) {
		for (j = 0; j < ARRAY_SIZE(late_pointers) && late_pointers[j].nr != told[i]; j++)
			;
		a = late_fill(self, told[i]);
		put(a, late_pointers[j].offset, 8, PTR(a));
		/* As a record, what stands there has no room for the bytes. */
		EXPECT_EQ(told[i] == CAPMSG_CMD_REPLY_RECV ? -EMSGSIZE : 0,
			  ioctl(self->fd, _IO(CAPMSG_IOC_MAGIC, told[i]), a) ? -errno : 0)
			TH_LOG("command %u", told[i]);
	}
	EXPECT_EQ(0, nothing_lost(self, &job));
}

/* A piece of a region for the answer: bytes of it that are not there, or none. */
TEST_F(malformed, reply_region)
{
	static const struct { __u64 offset, size; int result; } rows[] = {
		{ 0, PAGE, -EAGAIN }, { PAGE - 1, 1, -EAGAIN }, { 0, 0, -EINVAL },
		{ 0, PAGE + 1, -EINVAL }, { 1, PAGE, -EINVAL }, { PAGE, 1, -EINVAL },
		{ 0, 0xffffffff, -EINVAL }, { 0, ~0ULL, -EINVAL }, { ~0ULL, 1, -EINVAL },
		{ 1, ~0ULL, -EINVAL }, { 1ULL << 63, 1ULL << 63, -EINVAL },
	};
	unsigned int i;
	union any *a;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		a = call_fill(&self->calls, CAPMSG_CMD_CALL);
		a->call.flags |= CAPMSG_CALL_REGION;
		a->call.reply_region = REGION;
		a->call.reply_data = rows[i].offset;
		a->call.reply_size = rows[i].size;
		EXPECT_EQ(rows[i].result, do_call(self->fd, &a->call))
			TH_LOG("row %u", i);
	}
}

/* --- counts, lengths and other values ---------------------------------------------------- */

#define VALUE(name, NAME, field, value, error)					\
	{ #NAME "." #field " = " #value, CAPMSG_CMD_##NAME,			\
	  offsetof(struct capmsg_##name, field), WIDTH(name, field), value, error, 0, 0, 0 }
#define VALUE_IF(name, NAME, field, value, error, other, other_value)		\
	{ #NAME "." #field " = " #value, CAPMSG_CMD_##NAME,			\
	  offsetof(struct capmsg_##name, field), WIDTH(name, field), value, error, \
	  offsetof(struct capmsg_##name, other), WIDTH(name, other), other_value }

static const struct value {
	const char *name;
	unsigned int nr, offset, width;
	__u64 value;
	int error;
	unsigned int also_offset, also_width;
	__u64 also;
} values[] = {
	VALUE(create_cappage, CREATE_CAPPAGE, bits, 1, -EINVAL),
	VALUE(create_cappage, CREATE_CAPPAGE, bits, 3, -EINVAL),
	VALUE(create_cappage, CREATE_CAPPAGE, bits, 13, -EINVAL),
	VALUE(create_cappage, CREATE_CAPPAGE, bits, 64, -EINVAL),
	VALUE(create_cappage, CREATE_CAPPAGE, bits, ~0U, -EINVAL),
	VALUE(create_port, CREATE_PORT, depth, 0, -EINVAL),
	VALUE(create_port, CREATE_PORT, depth, CAPMSG_DEPTH_MAX + 1, -EINVAL),
	VALUE(create_port, CREATE_PORT, depth, ~0U, -EINVAL),
	VALUE(create_port, CREATE_PORT, max_size, CAPMSG_MESSAGE_MAX + 1, -EINVAL),
	VALUE(create_port, CREATE_PORT, max_size, ~0ULL, -EINVAL),
	VALUE(create_port, CREATE_PORT, max_caps, CAPMSG_CAPS_MAX + 1, -EINVAL),
	VALUE(create_port, CREATE_PORT, max_caps, ~0U, -EINVAL),
	VALUE(create_port, CREATE_PORT, arrival_bits, 1, -EINVAL),
	VALUE(create_port, CREATE_PORT, no_senders_bits, 1, -EINVAL),
	VALUE(create_port, CREATE_PORT, notification, NOTE, -EINVAL),
	VALUE(register, REGISTER, length, 0, -EINVAL),
	VALUE(register, REGISTER, length, 1, -EINVAL),
	VALUE(register, REGISTER, length, PAGE + 1, -EINVAL),
	VALUE(register, REGISTER, length, 0xffffffff, -EINVAL),
	VALUE(register, REGISTER, length, ~0ULL, -EINVAL),
	VALUE(register, REGISTER, length, 1ULL << 63, -EFAULT),
	VALUE(register, REGISTER, length, -PAGE, -EFAULT),
	VALUE(register, REGISTER, length, 1ULL << 47, -EFAULT),
	VALUE(register, REGISTER, address, 1, -EINVAL),
	VALUE(register, REGISTER, address, PAGE - 1, -EINVAL),
	VALUE(register, REGISTER, address, ~0ULL, -EINVAL),
	VALUE(copy, COPY, badge, 1, -EINVAL),
	VALUE(copy, COPY, guard, 1, -EINVAL),
	VALUE(copy, COPY, guard_bits, 1, -EINVAL),
	VALUE(copy, COPY, subpage, 1, -EINVAL),
	VALUE(copy, COPY, subpage_bits, 1, -EINVAL),
	VALUE(copy, COPY, rights, CAPMSG_RIGHT_WEAK, -EINVAL),
	VALUE(copy, COPY, rights, 0x80, -EINVAL),
	VALUE(copy, COPY, rights, ~0U, -EINVAL),
	VALUE_IF(copy, COPY, guard_bits, 63, -EINVAL, flags, CAPMSG_COPY_GUARD),
	VALUE_IF(copy, COPY, guard_bits, ~0U, -EINVAL, flags, CAPMSG_COPY_GUARD),
	VALUE_IF(copy, COPY, guard, 1, -EINVAL, flags, CAPMSG_COPY_GUARD),
	VALUE_IF(copy, COPY, subpage_bits, 1, -EINVAL, flags, CAPMSG_COPY_SUBPAGE),
	VALUE_IF(copy, COPY, subpage_bits, ~0U, -EINVAL, flags, CAPMSG_COPY_SUBPAGE),
	VALUE(move, MOVE, post, 1, -EINVAL),
	VALUE(move, MOVE, seq, 1, -EINVAL),
	VALUE(clear, CLEAR, post, 1, -EINVAL),
	VALUE(clear, CLEAR, seq, 1, -EINVAL),
	VALUE(list, LIST, n, 0, -EINVAL),
	VALUE(list, LIST, n, 4097, -EINVAL),
	VALUE(list, LIST, n, ~0U, -EINVAL),
	VALUE(post, POST, offset, PAGE, -EINVAL),
	VALUE(post, POST, offset, 1, -EINVAL),
	VALUE(post, POST, offset, ~0ULL, -EINVAL),
	VALUE(post, POST, length, 0, -EINVAL),
	VALUE(post, POST, length, PAGE + 1, -EINVAL),
	VALUE(post, POST, length, 0xffffffff, -EINVAL),
	VALUE(post, POST, length, 1ULL << 32, -EINVAL),
	VALUE(post, POST, length, ~0ULL, -EINVAL),
	VALUE(post, POST, region, CAPMSG_ADDRESS_VOID, -EINVAL),
	VALUE(post, POST, post, 4, -EINVAL),
	VALUE(post, POST, post, CAPMSG_POST_ANY - 1, -EINVAL),
	VALUE(unpost, UNPOST, post, 4, -EINVAL),
	VALUE(unpost, UNPOST, post, CAPMSG_POST_ANY, -EINVAL),
	VALUE(unpost, UNPOST, post, 1U << 31, -EINVAL),
	VALUE(send, SEND, n_iov, 1, -EINVAL),
	VALUE(send, SEND, n_iov, CAPMSG_IOV_MAX + 1, -EINVAL),
	VALUE(send, SEND, n_iov, ~0U, -EINVAL),
	VALUE(send, SEND, n_items, CAPMSG_CAPS_MAX + 1, -EINVAL),
	VALUE(send, SEND, n_items, ~0U, -EINVAL),
	VALUE(send, SEND, length, 0xffffffff, -EFAULT),
	VALUE(send, SEND, length, CAPMSG_MESSAGE_MAX, -EFAULT),
	VALUE(send, SEND, length, CAPMSG_MESSAGE_MAX + 1, -EMSGSIZE),
	VALUE(send, SEND, length, ~0ULL, -EMSGSIZE),
	VALUE(recv, RECV, n_records, 0, -EINVAL),
	VALUE(recv, RECV, n_records, CAPMSG_BATCH_MAX + 1, -EINVAL),
	VALUE(recv, RECV, n_records, ~0U, -EINVAL),
	VALUE(recv, RECV, n_reposts, CAPMSG_DEPTH_MAX + 1, -EINVAL),
	VALUE(recv, RECV, n_reposts, ~0U, -EINVAL),
	VALUE(recv, RECV, plain, PAGE, -EINVAL),
	VALUE(recv, RECV, landing, SLOT2(0x20, 8), -EINVAL),
	VALUE(recv, RECV, max_caps, 1, -EINVAL),
	VALUE_IF(recv, RECV, n_records, 2, -EINVAL, plain_size, PAGE),
	VALUE(recv, RECV, plain_size, CAPMSG_PLAIN_DEFAULT + 1, -EMSGSIZE),
	VALUE(recv, RECV, plain_size, ~0ULL, -EMSGSIZE),
	VALUE(call, CALL, n_iov, CAPMSG_IOV_MAX + 1, -EINVAL),
	VALUE(call, CALL, n_iov, ~0U, -EINVAL),
	VALUE(call, CALL, n_iov, 1, -EINVAL),
	VALUE(call, CALL, n_items, CAPMSG_CAPS_MAX + 1, -EINVAL),
	VALUE(call, CALL, n_items, ~0U, -EINVAL),
	VALUE(call, CALL, length, CAPMSG_MESSAGE_MAX + 1, -EMSGSIZE),
	VALUE(call, CALL, reply_max_caps, 1, -EINVAL),
	VALUE(call, CALL, length, ~0ULL, -EMSGSIZE),
	VALUE(call, CALL, reply_size, CAPMSG_PLAIN_DEFAULT + 1, -EMSGSIZE),
	VALUE(call, CALL, reply_size, ~0ULL, -EMSGSIZE),
	VALUE(call, CALL, reply_region, REGION, -EINVAL),
	VALUE(reply, REPLY, n_iov, CAPMSG_IOV_MAX + 1, -EINVAL),
	VALUE(reply, REPLY, n_iov, ~0U, -EINVAL),
	VALUE_IF(reply, REPLY, n_iov, 1, -EINVAL, length, 1),
	VALUE(reply, REPLY, n_items, CAPMSG_CAPS_MAX + 1, -EINVAL),
	VALUE(reply, REPLY, n_items, ~0U, -EINVAL),
	VALUE(reply, REPLY, length, CAPMSG_MESSAGE_MAX + 1, -EMSGSIZE),
	VALUE(reply, REPLY, length, ~0ULL, -EMSGSIZE),
	VALUE(reply, REPLY, post, 4, -EINVAL),
	VALUE(reply, REPLY, post, ~0U, -EINVAL),
	VALUE_IF(reply, REPLY, post, 1, -EINVAL, flags, 0),
	VALUE_IF(reply, REPLY, seq, 1, -EINVAL, flags, 0),
	VALUE(reply_recv, REPLY_RECV, n_iov, CAPMSG_IOV_MAX + 1, -EINVAL),
	VALUE(reply_recv, REPLY_RECV, n_iov, ~0U, -EINVAL),
	VALUE_IF(reply_recv, REPLY_RECV, n_iov, 1, -EINVAL, length, 1),
	VALUE(reply_recv, REPLY_RECV, length, CAPMSG_MESSAGE_MAX + 1, -EMSGSIZE),
	VALUE(reply_recv, REPLY_RECV, length, ~0ULL, -EMSGSIZE),
	VALUE(reply_recv, REPLY_RECV, post, ~0U, -EINVAL),
	VALUE_IF(reply_recv, REPLY_RECV, post, 1, -EINVAL, flags, CAPMSG_NONBLOCK),
	VALUE_IF(reply_recv, REPLY_RECV, seq, 1, -EINVAL, flags, CAPMSG_NONBLOCK),
	VALUE(reply_recv, REPLY_RECV, n_items, CAPMSG_CAPS_MAX + 1, -EINVAL),
	VALUE(reply_recv, REPLY_RECV, n_items, ~0U, -EINVAL),
	VALUE(reply_recv, REPLY_RECV, n_records, 0, -EINVAL),
	VALUE(reply_recv, REPLY_RECV, n_records, CAPMSG_BATCH_MAX + 1, -EINVAL),
	VALUE(reply_recv, REPLY_RECV, n_records, ~0U, -EINVAL),
	VALUE(reply_recv, REPLY_RECV, n_reposts, ~0U, -EINVAL),
	VALUE(reply_recv, REPLY_RECV, n_reposts, CAPMSG_DEPTH_MAX + 1, -EINVAL),
	VALUE(reply_recv, REPLY_RECV, post, 4, -EINVAL),
	VALUE(export, EXPORT, rights, CAPMSG_RIGHT_WEAK, -EINVAL),
	VALUE(export, EXPORT, rights, 0x80, -EINVAL),
	VALUE(export, EXPORT, rights, ~0U, -EINVAL),
	VALUE(create_notification, CREATE_NOTIFICATION, eventfd, 1, -EINVAL),
	VALUE(create_message, CREATE_MESSAGE, bits, 1, -EINVAL),
	VALUE(create_message, CREATE_MESSAGE, notification, NOTE, -EINVAL),
	VALUE(create_revoker, CREATE_REVOKER, revoker, TARGET, -EINVAL),
	VALUE(watch, WATCH, bits, 0, -EINVAL),
	VALUE(begin, BEGIN, flags, CAPMSG_NONBLOCK | CAPMSG_MESSAGE_QUEUE, -EINVAL),
	VALUE_IF(begin, BEGIN, deadline, 1, -EINVAL, flags, CAPMSG_MESSAGE_QUEUE),
	VALUE(begin, BEGIN, length, CAPMSG_MESSAGE_MAX + 1, -EMSGSIZE),
	VALUE(begin, BEGIN, length, ~0ULL, -EMSGSIZE),
	VALUE(begin, BEGIN, max_caps, 5, -EMSGSIZE),
	VALUE(begin, BEGIN, max_caps, ~0U, -EMSGSIZE),
	VALUE(fill, FILL, n_iov, CAPMSG_IOV_MAX + 1, -EINVAL),
	VALUE(fill, FILL, n_iov, ~0U, -EINVAL),
	VALUE(fill, FILL, n_iov, 1, -EINVAL),
	VALUE(fill, FILL, offset, 1, -EMSGSIZE),
	VALUE(fill, FILL, offset, ~0ULL, -EMSGSIZE),
	VALUE(fill, FILL, length, 65, -EMSGSIZE),
	VALUE(fill, FILL, length, ~0ULL, -EMSGSIZE),
	VALUE(transmit, TRANSMIT, n_items, CAPMSG_CAPS_MAX + 1, -EMSGSIZE),
	VALUE(transmit, TRANSMIT, n_items, ~0U, -EMSGSIZE),
	VALUE(transmit, TRANSMIT, n_items, 2, -EMSGSIZE),
	VALUE(transmit, TRANSMIT, length, 65, -EMSGSIZE),
	VALUE(transmit, TRANSMIT, length, ~0ULL, -EMSGSIZE),
	VALUE(transmit, TRANSMIT, flags, CAPMSG_NONBLOCK | CAPMSG_MESSAGE_QUEUE, -EINVAL),
	VALUE_IF(transmit, TRANSMIT, deadline, 1, -EINVAL, flags, CAPMSG_MESSAGE_QUEUE),
	VALUE(credits, CREDITS, length, CAPMSG_MESSAGE_MAX + 1, -EMSGSIZE),
	VALUE(credits, CREDITS, n_caps, 5, -EMSGSIZE),
	VALUE(credits, CREDITS, length, ~0ULL, -EMSGSIZE),
	VALUE(credits, CREDITS, n_caps, CAPMSG_CAPS_MAX + 1, -EMSGSIZE),
	VALUE(credits, CREDITS, n_caps, ~0U, -EMSGSIZE),
	VALUE(signal, SIGNAL, bits, 0, -EINVAL),
	VALUE(wait, WAIT, mask, 0, -EINVAL),
	VALUE(limits, LIMITS, n_holders, 1, -EINVAL),
	VALUE_IF(limits, LIMITS, n_holders, 4097, -EINVAL, port, PORT),
	VALUE_IF(limits, LIMITS, n_holders, ~0U, -EINVAL, port, PORT),
	VALUE(create_virtual, CREATE_VIRTUAL, handler, PORT, -EINVAL),
	VALUE(create_virtual, CREATE_VIRTUAL, kind, 0, -EOPNOTSUPP),
	VALUE(create_virtual, CREATE_VIRTUAL, kind, CAPMSG_TYPE_REPLY, -EOPNOTSUPP),
	VALUE(create_virtual, CREATE_VIRTUAL, kind, CAPMSG_TYPE_VIRTUAL, -EOPNOTSUPP),
	VALUE(create_virtual, CREATE_VIRTUAL, kind, ~0U, -EOPNOTSUPP),
	VALUE(create_virtual, CREATE_VIRTUAL, bits, 1, -EINVAL),
	VALUE(create_virtual, CREATE_VIRTUAL, bits, 3, -EINVAL),
	VALUE(create_virtual, CREATE_VIRTUAL, bits, 13, -EINVAL),
	VALUE(create_virtual, CREATE_VIRTUAL, bits, ~0U, -EINVAL),
	VALUE(create_virtual, CREATE_VIRTUAL, cache_bits, CAPMSG_BITS_MAX + 1, -EINVAL),
	VALUE(create_virtual, CREATE_VIRTUAL, cache_bits, ~0U, -EINVAL),
	VALUE(create_virtual, CREATE_VIRTUAL, original, NOTE, -EINVAL),
	VALUE(create_virtual, CREATE_VIRTUAL, notification, NOTE, -EINVAL),
	VALUE(create_virtual, CREATE_VIRTUAL, no_senders_bits, 1, -EINVAL),
	VALUE(recv, RECV, flags, CAPMSG_NONBLOCK | CAPMSG_RECV_DECLARE, -EINVAL),
	VALUE(recv, RECV, flags, CAPMSG_RECV_DECLARE | CAPMSG_RECV_WITHDRAW, -EINVAL),
	VALUE(upcalls, UPCALLS, port, PORT, -EINVAL),
	VALUE(upcalls, UPCALLS, n, 0, -EINVAL),
	VALUE(upcalls, UPCALLS, n, 4097, -EINVAL),
	VALUE(upcalls, UPCALLS, n, ~0U, -EINVAL),
	VALUE(abort, ABORT, port, PORT, -EINVAL),
	VALUE(invalidate, INVALIDATE, port, PORT, -EINVAL),
	VALUE(invalidate, INVALIDATE, object, TABLE, -EINVAL),
	VALUE_IF(invalidate, INVALIDATE, address, 1ULL << 63, -EINVAL, flags,
		 CAPMSG_INVALIDATE_NOTHING),
	VALUE(abort, ABORT, id, 0, -ENOENT),
	VALUE(abort, ABORT, id, 1, -ENOENT),
};

TEST_F(malformed, value)
{
	const struct value *v;
	union any *a;

	for (v = values; v < values + ARRAY_SIZE(values); v++) {
		if (v->nr == CAPMSG_CMD_FILL || v->nr == CAPMSG_CMD_TRANSMIT)
			message_open(self);
		a = call_fill(&self->calls, v->nr);
		put(a, v->also_offset, v->also_width, v->also);
		put(a, v->offset, v->width, v->value);
		EXPECT_EQ(v->error, capmsg_do(self->fd, v->nr, a))
			TH_LOG("%s", v->name);
		message_idle(self);
	}
}

/* Every command that has a deadline. */
static const struct deadline {
	unsigned int nr, offset;
} deadlines[] = {
	{ CAPMSG_CMD_SEND, offsetof(struct capmsg_send, deadline) },
	{ CAPMSG_CMD_RECV, offsetof(struct capmsg_recv, deadline) },
	{ CAPMSG_CMD_CALL, offsetof(struct capmsg_call, deadline) },
	{ CAPMSG_CMD_REPLY_RECV, offsetof(struct capmsg_reply_recv, deadline) },
	{ CAPMSG_CMD_WAIT, offsetof(struct capmsg_wait, deadline) },
	{ CAPMSG_CMD_BEGIN, offsetof(struct capmsg_begin, deadline) },
	{ CAPMSG_CMD_TRANSMIT, offsetof(struct capmsg_transmit, deadline) },
};

/* Such a command, so that it waits; message_idle() after it. */
static union any *deadline_fill(FIXTURE_DATA(malformed) *self, const struct deadline *d,
				__u64 deadline)
{
	union any *a = call_fill(&self->calls, d->nr);

	a->query.flags &= ~CAPMSG_NONBLOCK;
	if (d->nr == CAPMSG_CMD_REPLY_RECV)
		a->reply_recv.flags = CAPMSG_REPLY_NONE;
	if (d->nr == CAPMSG_CMD_BEGIN)
		a->begin.length = PAGE;
	if (d->nr == CAPMSG_CMD_TRANSMIT)
		message_open(self);
	put(a, d->offset, 8, deadline);
	return a;
}

/* A deadline in the past counts once there is something to wait for; one that never comes too. */
TEST_F(malformed, deadline)
{
	const __u64 ends[] = { 0, ~0ULL, 1ULL << 63, (1ULL << 63) - 1,
			       now_ns() + 3601 * 1000000000ULL };
	const struct deadline *d;
	struct job job;
	unsigned int i;
	union any *a;

	signal_ignore(SIGUSR1, 0);
	for (d = deadlines; d < deadlines + ARRAY_SIZE(deadlines); d++) {
		const __u64 past[] = { 1, 1000000000, now_ns() - 1, now_ns() };

		for (i = 0; i < ARRAY_SIZE(past); i++) {
			a = deadline_fill(self, d, past[i]);
			EXPECT_EQ(-ETIMEDOUT, capmsg_do(self->fd, d->nr, a))
				TH_LOG("command %u, %llu", d->nr, past[i]);
			message_idle(self);
		}
		for (i = 0; i < ARRAY_SIZE(ends); i++) {
			a = deadline_fill(self, d, ends[i]);
			ASSERT_EQ(0, job_start(&job, self->fd, d->nr, a));
			EXPECT_TRUE(job_blocked(&job))
				TH_LOG("command %u, %llx", d->nr, ends[i]);
			job_signal(&job, SIGUSR1);
			EXPECT_EQ(-EINTR, job_join(&job))
				TH_LOG("command %u, %llx", d->nr, ends[i]);
			message_idle(self);
		}
	}
}

/* --- numbers that have become another's ------------------------------------------------- */

static int stale_call(FIXTURE_DATA(malformed) *self, unsigned int nr, __u32 post, __u32 seq)
{
	union any *a = call_fill(&self->calls, nr);
	int ret;

	switch (nr) {
	case CAPMSG_CMD_MOVE:
		a->move = (struct capmsg_move){ .flags = CAPMSG_MOVE_POST,
			.from = LANDING_PORT, .to = TARGET, .post = post, .seq = seq };
		return do_move(self->fd, &a->move);
	case CAPMSG_CMD_CLEAR:
		a->clear = (struct capmsg_clear){ .flags = CAPMSG_CLEAR_POST,
			.slot = LANDING_PORT, .post = post, .seq = seq };
		return do_clear(self->fd, &a->clear);
	case CAPMSG_CMD_REPLY:
		a->reply = (struct capmsg_reply){ .flags = CAPMSG_REPLY_POST,
			.to = LANDING_PORT, .post = post, .seq = seq };
		return do_reply(self->fd, &a->reply);
	default:
		a->reply_recv.to = LANDING_PORT;
		a->reply_recv.post = post;
		a->reply_recv.seq = seq;
		a->reply_recv.out_reply_error = 0;
		ret = do_reply_recv(self->fd, &a->reply_recv);
		/* That it is too late keeps nobody from the next message, which is not there. */
		return ret == -EAGAIN ? -(int)a->reply_recv.out_reply_error : ret;
	}
}

/* Every command that names a message by its number, with that of another message. */
TEST_F(malformed, sequence_number)
{
	static const unsigned int naming[] = { CAPMSG_CMD_MOVE, CAPMSG_CMD_CLEAR,
		CAPMSG_CMD_REPLY, CAPMSG_CMD_REPLY_RECV };
	struct capmsg_call call = call_make(LANDING_PORT, "?", 1, self->calls.m->data, 8);
	struct capmsg_record record;
	unsigned int i, j;
	struct job job;

	ASSERT_EQ(0, JOB_START(&job, self->fd, call, CALL, &call));
	ASSERT_EQ(0, msg_recv(self->fd, LANDING_PORT, &record, self->calls.m->entries));
	for (i = 0; i < ARRAY_SIZE(naming); i++) {
		const __u32 seqs[] = { 0, record.out_seq - 1, record.out_seq + 1, ~0U,
				       record.out_seq ^ 1U << 31 };

		for (j = 0; j < ARRAY_SIZE(seqs); j++) {
			if (seqs[j] == record.out_seq)
				continue;
			EXPECT_EQ(-ESTALE, stale_call(self, naming[i], record.out_post, seqs[j]))
				TH_LOG("command %u, %u", naming[i], seqs[j]);
		}
		EXPECT_EQ(-EINVAL, stale_call(self, naming[i], 1, record.out_seq))
			TH_LOG("command %u, post", naming[i]);
		EXPECT_EQ(-EINVAL, stale_call(self, naming[i], ~0U, record.out_seq))
			TH_LOG("command %u, post", naming[i]);
	}
	/* The right is there. */
	EXPECT_FALSE(job_done(&job, 0));
	EXPECT_EQ(0, stale_call(self, CAPMSG_CMD_REPLY, record.out_post, record.out_seq));
	EXPECT_EQ(0, job_join(&job));
	/* And now no more. */
	for (i = 0; i < ARRAY_SIZE(naming); i++)
		EXPECT_EQ(-ENOENT, stale_call(self, naming[i], record.out_post, record.out_seq))
			TH_LOG("command %u", naming[i]);
}

/* --- files ----------------------------------------------------------------------------------- */

/* Descriptors of all kinds where another one is due; what they do to it. */
TEST_F(malformed, files)
{
	const struct { const char *name; int fd, error; } rows[] = {
		{ "-1", -1, -EBADF }, { "minimum", -0x7fffffff - 1, -EBADF },
		{ "closed", 999, -EBADF }, { "maximum", 0x7fffffff, -EBADF },
		{ "O_PATH", open("/tmp", O_PATH), -EBADF },
		{ "directory", open("/tmp", O_RDONLY | O_DIRECTORY), -EINVAL },
		{ "epoll", epoll_create1(0), -EINVAL },
		{ "socket", socket(AF_UNIX, SOCK_STREAM, 0), -EINVAL },
		{ "a space", space_open(), -EINVAL }, { "this space", self->fd, -EINVAL },
		{ "mem", open("/proc/self/mem", O_RDWR), -EINVAL },
		{ "io_uring", syscall(SYS_io_uring_setup, 4, self->calls.m->entries), -EINVAL },
		{ "namespace", open("/proc/self/ns/user", O_RDONLY), -EINVAL },
	};
	struct capmsg_create_notification create = { .to = TARGET,
		.flags = CAPMSG_NOTIFICATION_EVENTFD };
	const int event = eventfd(0, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (i > 3)
			ASSERT_LE(0, rows[i].fd)
				TH_LOG("%s", rows[i].name);
		EXPECT_EQ(rows[i].error, cap_import(self->fd, rows[i].fd, TARGET))
			TH_LOG("IMPORT, %s", rows[i].name);
		create.eventfd = rows[i].fd;
		EXPECT_EQ(rows[i].error, do_create_notification(self->fd, &create))
			TH_LOG("CREATE_NOTIFICATION, %s", rows[i].name);
	}
	EXPECT_EQ(-EINVAL, cap_import(self->fd, event, TARGET));
	create.eventfd = self->calls.file;
	EXPECT_EQ(-EINVAL, do_create_notification(self->fd, &create));
	for (i = 4; i < ARRAY_SIZE(rows); i++)
		if (rows[i].fd != self->fd)
			close(rows[i].fd);
	close(event);
}

/* --- whatever comes between --------------------------------------------- */

struct changer {
	pthread_t thread;
	union any *arg;
	atomic_bool stop;
};

static void *change_again_and_again(void *data)
{
	struct changer *changer = data;
	atomic_uint *words = (atomic_uint *)changer->arg;
	__u64 seed = 1;

	while (!atomic_load(&changer->stop))
		atomic_store(&words[random_next(&seed) % (512 / 4)], random_next(&seed) & 0xff);
	return NULL;
}

/* Another thread writes into the struct all the time: some result, and nothing breaks. */
TEST_F(malformed, struct_changes)
{
	struct changer changer = { .arg = &self->calls.m->arg };
	const struct itimerval often = { { 0, 10000 }, { 0, 10000 } }, never = { };
	__u64 end = in_ms(500);
	unsigned int nr = 0;

	close(self->calls.file);
	/* What has lost its flag or deadline, or meets a gate that was closed, waits. */
	signal_ignore(SIGALRM, 0);
	setitimer(ITIMER_REAL, &often, NULL);
	ASSERT_EQ(0, pthread_create(&changer.thread, NULL, change_again_and_again, &changer));
	while (now_ns() < end) {
		nr = (nr + 1) % CAPMSG_CMD_COUNT;
		call_fill(&self->calls, nr)->query.flags |= CAPMSG_NONBLOCK;
		ioctl(self->fd, _IO(CAPMSG_IOC_MAGIC, nr), &self->calls.m->arg);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	atomic_store(&changer.stop, true);
	pthread_join(changer.thread, NULL);
	/*
	 * Whatever it has made or taken is in another space than that of the teardown,
	 * and what it has exported has descriptors behind that of the space.
	 */
	close_range(self->fd, ~0U, 0);
	ASSERT_EQ(0, calls_new(&self->calls));
	self->fd = self->calls.fd;
	self->state = call_state(&self->calls);
}

/* A page that is mapped twice: where it is always to be seen, and where it may go. */
static int page_twice(void **view, void **page)
{
	int file = memfd_create("page", 0), ret;

	ret = ftruncate(file, PAGE);
	*view = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	*page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	return ret || *view == MAP_FAILED || *page == MAP_FAILED ? -ENOMEM : 0;
}

/*
 * Undoes what a command has done before it could not tell of it: it was there to be
 * written to when the command began.
 */
static void untold_undo(FIXTURE_DATA(malformed) *self, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < 4 && nr == CAPMSG_CMD_POST; i++)
		post_take(self->fd, PORT, i);
	if (nr == CAPMSG_CMD_BEGIN)
		message_idle(self);
}

/* The struct is there and not there: the result of every day, or EFAULT and nothing done. */
TEST_F_TIMEOUT(malformed, struct_blinks, 120)
{
	unsigned int nr, round, faults = 0, done = 0;
	const __u64 end = patience();
	struct blinker blinker;
	union any *a, *view;
	void *page;
	int ret;

	ASSERT_EQ(0, page_twice((void **)&view, &page));
	ASSERT_EQ(0, blinker_start(&blinker, page, PAGE));
	/* As often as it takes for both to happen. */
	for (round = 0; round < ROUNDS || ((!faults || !done) && now_ns() < end); round++) {
		for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
			a = call_fill(&self->calls, nr);
			memcpy(view, a, capmsg_size(nr));
			ret = ioctl(self->fd, _IO(CAPMSG_IOC_MAGIC, nr), page) ? -errno : 0;
			memcpy(a, view, capmsg_size(nr));
			if (ret == -EFAULT)
				untold_undo(self, nr);
			else if (ret == 0)
				call_undo(&self->calls, nr, a);
			faults += ret == -EFAULT;
			done += ret != -EFAULT;
			EXPECT_TRUE(ret == -EFAULT || ret == call_result(nr))
				TH_LOG("command %u: %d", nr, ret);
			EXPECT_EQ(self->state, call_state(&self->calls))
				TH_LOG("command %u: %d, and left something", nr, ret);
		}
	}
	blinker_stop(&blinker);
	EXPECT_LT(0, faults);
	EXPECT_LT(0, done);
}

/* So do the records: every message is received once, whole, and in order. */
TEST_F_TIMEOUT(malformed, records_blink, 120)
{
	static const unsigned int both[] = { CAPMSG_CMD_RECV, CAPMSG_CMD_REPLY_RECV };
	const size_t data = sizeof(struct capmsg_record);
	struct capmsg_record *view;
	unsigned int i, faults = 0;
	const __u64 end = patience();
	struct blinker blinker;
	union any *a;
	void *page;
	int ret;

	ASSERT_EQ(0, page_twice((void **)&view, &page));
	ASSERT_EQ(0, blinker_start(&blinker, page, PAGE));
	for (i = 0; i < MESSAGES || (!faults && now_ns() < end); i++) {
		ASSERT_EQ(0, msg_try(self->fd, LANDING_PORT, &i, sizeof(i)));
		do {
			a = call_fill(&self->calls, both[i % 2]);
			memset(view, POISON, PAGE);
			view->data = PTR(page) + data;
			view->data_size = sizeof(i);
			if (i % 2)
				a->reply_recv.flags = CAPMSG_REPLY_NONE | CAPMSG_NONBLOCK;
			put(a, i % 2 ? offsetof(struct capmsg_reply_recv, port) :
				       offsetof(struct capmsg_recv, port), 8, LANDING_PORT);
			put(a, i % 2 ? offsetof(struct capmsg_reply_recv, records) :
				       offsetof(struct capmsg_recv, records), 8, PTR(page));
			ret = capmsg_do(self->fd, both[i % 2], a);
			faults += ret == -EFAULT;
		} while (ret == -EFAULT);
		ASSERT_EQ(0, ret);
		ASSERT_EQ(sizeof(i), view->out_length);
		ASSERT_EQ(0, memcmp((char *)view + data, &i, sizeof(i)));
	}
	blinker_stop(&blinker);
	EXPECT_LT(0, faults);
}

struct signaller {
	pthread_t thread;
	pid_t tid;
	atomic_bool stop;
};

static void *signal_again_and_again(void *data)
{
	struct signaller *signaller = data;

	while (!atomic_load(&signaller->stop)) {
		syscall(SYS_tgkill, getpid(), signaller->tid, SIGUSR1);
		usleep(50);
	}
	return NULL;
}

/* A command that is restarted again and again has its deadline all the same. */
TEST_F(malformed, deadline_under_signals)
{
	struct signaller signaller = { .tid = gettid() };
	const struct deadline *d;
	union any *a;
	__u64 begun;

	signal_ignore(SIGUSR1, SA_RESTART);
	ASSERT_EQ(0, pthread_create(&signaller.thread, NULL, signal_again_and_again,
				    &signaller));
	for (d = deadlines; d < deadlines + ARRAY_SIZE(deadlines); d++) {
		begun = now_ns();
		a = deadline_fill(self, d, in_ms(50));
		EXPECT_EQ(-ETIMEDOUT, capmsg_do(self->fd, d->nr, a))
			TH_LOG("command %u", d->nr);
		EXPECT_LE(50 * 1000000ULL, now_ns() - begun);
		message_idle(self);
	}
	atomic_store(&signaller.stop, true);
	pthread_join(signaller.thread, NULL);
}

static int send_numbers(void *fd)
{
	struct signaller signaller = { .tid = gettid() };
	unsigned int i;
	int ret;

	signal_ignore(SIGUSR1, SA_RESTART);
	ret = -pthread_create(&signaller.thread, NULL, signal_again_and_again, &signaller);
	for (i = 0; i < MESSAGES && !ret; i++)
		ret = msg_send(*(int *)fd, LANDING_PORT, &i, sizeof(i));
	atomic_store(&signaller.stop, true);
	pthread_join(signaller.thread, NULL);
	return ret;
}

/* Signals all the time, of which each restarts the command: every message once, in order. */
TEST_F_TIMEOUT(malformed, signals, 120)
{
	struct capmsg_record record;
	unsigned int i, number[CAPMSG_INLINE_MAX / 4];
	pid_t pid = child_start(send_numbers, &self->fd, KEEP_ALL);

	for (i = 0; i < MESSAGES; i++) {
		ASSERT_EQ(0, msg_recv(self->fd, LANDING_PORT, &record, number));
		ASSERT_EQ(i, number[0]);
	}
	EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, LANDING_PORT, &record, number));
}

TEST_HARNESS_MAIN
