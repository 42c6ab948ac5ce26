// SPDX-License-Identifier: GPL-2.0-only
/*
 * kind_test.c - objects of every kind that a process plays: what it is told of the
 * commands that are directed at them, and what it can say.
 */
#include "kselftest_harness.h"
#include "handler.h"

/* In the handler's space. */
#define HANDLER	SLOT(1)		/* the port */
#define REAL	SLOT(2)		/* what stands in */
#define VIRTUAL	SLOT(3)		/* what it stands in for */
#define SECOND	SLOT(4)		/* another virtual one */
/* In the client's. */
#define IT	SLOT(3)		/* the virtual object */
#define OWN	SLOT(4)
#define PORT	SLOT(5)
#define REGION	SLOT(6)
#define MESSAGE	SLOT(7)
#define BADGED	SLOT(8)
#define NAME	0x1122334455667788ULL
#define LENGTH	(4 * PAGE)

FIXTURE(kind) {
	int fd;			/* of the handler */
	int tx;			/* of the client */
	struct handler handler;
	struct verdict verdict;	/* what it says to everything */
	struct upcall up;	/* what it was told at last */
	struct job job;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

static void decide(struct handler *handler, const struct upcall *up, struct verdict *verdict)
{
	FIXTURE_DATA(kind) *self = handler->data;

	self->up = *up;
	*verdict = self->verdict;
}

FIXTURE_SETUP(kind)
{
	ASSERT_EQ(100, dup2(space_new(), 100));
	ASSERT_EQ(101, dup2(space_new(), 101));
	close_range(3, 99, 0);
	self->fd = 100;
	self->tx = 101;
	ASSERT_EQ(0, handler_port(self->fd, HANDLER, 8));
	say_stand_in(&self->verdict, REAL);
	self->handler = (struct handler){ .fd = self->fd, .port = HANDLER,
		.decide = decide, .data = self };
	ASSERT_EQ(0, handler_start(&self->handler));
}

FIXTURE_TEARDOWN(kind)
{
	handler_stop(&self->handler);
	CAPMSG_TEARDOWN();
}

static int virtual_kind(int fd, __u64 to, unsigned int kind, unsigned int cache_bits)
{
	return do_create_virtual(fd, &(struct capmsg_create_virtual){ .to = to,
		.handler = HANDLER, .object = NAME, .kind = kind, .cache_bits = cache_bits });
}

/* The client gets a virtual object of that kind; there is room for answers. */
static int play(FIXTURE_DATA(kind) *self, unsigned int kind)
{
	return virtual_kind(self->fd, VIRTUAL, kind, 4) ?:
	       cap_give(self->fd, VIRTUAL, CAPMSG_RIGHTS_ALL, self->tx, IT);
}

/* Behind the virtual cappage there is the real one. */
static void decide_slot(struct handler *handler, const struct upcall *up,
			struct verdict *verdict)
{
	(void)handler;
	say_slot(verdict, REAL, upcall_bits(up, 8), 8);
	verdict->resolution.n_slots = 256 - verdict->resolution.slot;
}

/* The second one stands in for the first, the real one for the second. */
static void decide_second(struct handler *handler, const struct upcall *up,
			  struct verdict *verdict)
{
	(void)handler;
	say_stand_in(verdict, up->upcall.object == NAME ? SECOND : REAL);
}

/* A sender is in line at the real port: so its handler was asked, and has answered. */
static bool in_line(int fd, __u64 port)
{
	struct capmsg_stat stat;

	return WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			  !cap_stat(fd, port, &stat) && stat.out_senders == 1);
}

/* How often the handler was asked since the last time. */
static int asked(FIXTURE_DATA(kind) *self)
{
	return atomic_exchange(&self->handler.upcalls, 0);
}

/* --- ports ------------------------------------------------------------------------------ */

TEST_F(kind, port_send)
{
	ASSERT_EQ(0, port_create(self->fd, REAL, 2));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, cap_badge(self->tx, IT, BADGED, 55));
	EXPECT_EQ(0, asked(self));
	ASSERT_EQ(0, msg_send(self->tx, BADGED, "hello", 5));
	EXPECT_EQ(1, asked(self));
	EXPECT_EQ(CAPMSG_UPCALL_INVOKE, self->up.upcall.operation);
	EXPECT_EQ(CAPMSG_CMD_SEND, self->up.upcall.command);
	EXPECT_EQ(NAME, self->up.upcall.object);
	EXPECT_EQ(1ULL << 63, self->up.upcall.address);
	EXPECT_EQ(55, self->up.upcall.badge);
	EXPECT_EQ(CAPMSG_UPCALL_BADGED, self->up.upcall.flags);
	EXPECT_EQ(RIGHTS_PORT, self->up.upcall.rights);
	EXPECT_EQ(0, self->up.upcall.argument);
	ASSERT_EQ(0, msg_poll(self->fd, REAL, &self->record, self->data));
	EXPECT_EQ(5, self->record.out_length);
	EXPECT_EQ(0, memcmp(self->data, "hello", 5));
	EXPECT_EQ(CAPMSG_RECORD_INLINE | CAPMSG_RECORD_BADGED, self->record.out_flags);
	EXPECT_EQ(55, self->record.out_badge);
}

/* A badge that the handler has set stays. */
TEST_F(kind, port_badge_of_stand_in)
{
	ASSERT_EQ(0, port_create(self->fd, OWN, 2));
	ASSERT_EQ(0, cap_badge(self->fd, OWN, REAL, 7));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, cap_badge(self->tx, IT, BADGED, 55));
	ASSERT_EQ(0, msg_send(self->tx, BADGED, "hello", 5));
	ASSERT_EQ(0, msg_poll(self->fd, OWN, &self->record, self->data));
	EXPECT_EQ(7, self->record.out_badge);
}

/* The bytes go from the client's memory to the receiver's, whoever is asked between. */
TEST_F(kind, port_large_messages_and_capabilities)
{
	char *target = memory_new(LENGTH, true), *source = memory_new(LENGTH, false);
	struct capmsg_item item = { .address = OWN, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_send send = { .to = IT, .data = PTR(source), .length = LENGTH,
		.items = PTR(&item), .n_items = 1, .deadline = patience() };

	pattern_fill(source, LENGTH, 1);
	ASSERT_EQ(0, port_create(self->fd, REAL, 2));
	ASSERT_EQ(0, cappage_create(self->fd, SLOT(9), 8));
	ASSERT_EQ(0, region_create(self->fd, REGION, target, LENGTH));
	ASSERT_LE(0, post_any(self->fd, REAL, REGION, 0, LENGTH, SLOT2(9, 0), 1));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, port_marked(self->tx, OWN, 99));
	ASSERT_EQ(0, do_send(self->tx, &send));
	ASSERT_EQ(0, msg_poll(self->fd, REAL, &self->record, self->data));
	EXPECT_EQ(LENGTH, self->record.out_length);
	EXPECT_EQ(1, self->record.out_n_caps);
	EXPECT_EQ(-1, pattern_check(target, LENGTH, 1));
	EXPECT_EQ(99, cap_mark(self->fd, SLOT2(9, 0)));
}

/* The client plays the receiver, of a port that is the handler's. */
TEST_F(kind, port_receive)
{
	char *target = memory_new(LENGTH, true), *source = memory_new(LENGTH, false);

	pattern_fill(source, LENGTH, 2);
	ASSERT_EQ(0, port_create(self->fd, REAL, 2));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, region_create(self->tx, REGION, target, LENGTH));
	ASSERT_LE(0, post_any(self->tx, IT, REGION, 0, LENGTH, 0, 0));
	EXPECT_EQ(CAPMSG_CMD_POST, self->up.upcall.command);
	ASSERT_EQ(0, msg_send(self->fd, REAL, source, LENGTH));
	ASSERT_EQ(0, msg_recv(self->tx, IT, &self->record, self->data));
	EXPECT_EQ(CAPMSG_CMD_RECV, self->up.upcall.command);
	EXPECT_EQ(LENGTH, self->record.out_length);
	EXPECT_EQ(-1, pattern_check(target, LENGTH, 2));
	EXPECT_EQ(0, post_take(self->tx, IT, self->record.out_post));
	EXPECT_EQ(CAPMSG_CMD_UNPOST, self->up.upcall.command);
	EXPECT_EQ(0, do_credits(self->tx, &(struct capmsg_credits){ .to = IT, .length = 1 }));
	EXPECT_EQ(CAPMSG_CMD_CREDITS, self->up.upcall.command);
}

TEST_F(kind, port_call)
{
	struct capmsg_call call = call_make(IT, "question", 8, self->data, sizeof(self->data));
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];

	ASSERT_EQ(0, port_create(self->fd, REAL, 2));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, call, CALL, &call));
	ASSERT_EQ(0, msg_recv(self->fd, REAL, &record, data));
	EXPECT_EQ(0, memcmp(data, "question", 8));
	ASSERT_EQ(0, msg_reply(self->fd, REAL, &record, "answer", 6));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(6, call.out_length);
	EXPECT_EQ(0, memcmp(self->data, "answer", 6));
	EXPECT_EQ(1, asked(self));
}

/* What fails anyway is not asked about. */
TEST_F(kind, port_rights)
{
	__u64 send_only = SLOT(0x20), recv_only = SLOT(0x21);

	ASSERT_EQ(0, port_create(self->fd, OWN, 2));
	ASSERT_EQ(0, cap_copy(self->fd, OWN, REAL, CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_RECV));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, cap_copy(self->tx, IT, send_only, CAPMSG_RIGHT_SEND));
	ASSERT_EQ(0, cap_copy(self->tx, IT, recv_only, CAPMSG_RIGHT_RECV));
	EXPECT_EQ(-EACCES, msg_send(self->tx, recv_only, "x", 1));
	EXPECT_EQ(-EACCES, msg_recv(self->tx, send_only, &self->record, self->data));
	EXPECT_EQ(-EACCES, obj_destroy(self->tx, send_only));
	EXPECT_EQ(-EINVAL, note_signal(self->tx, IT, 1));
	EXPECT_EQ(-EINVAL, region_unregister(self->tx, IT));
	EXPECT_EQ(-EINVAL, do_revoke(self->tx, &(struct capmsg_revoke){ .revoker = IT }));
	EXPECT_EQ(-EINVAL, do_list(self->tx, &(struct capmsg_list){
		.table = IT, .entries = PTR(self->data), .n = 1 }));
	EXPECT_EQ(0, asked(self));
	/* Nor can a stand-in do more than the handler itself. */
	EXPECT_EQ(-EACCES, obj_destroy(self->tx, IT));
	EXPECT_EQ(1, asked(self));
	EXPECT_EQ(0, msg_send(self->tx, send_only, "x", 1));
	EXPECT_EQ(0, msg_recv(self->tx, recv_only, &self->record, self->data));
	/* Nor is it seen with more than either has. */
	EXPECT_EQ(CAPMSG_RIGHT_SEND, cap_rights(self->tx, send_only));
	EXPECT_EQ(CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_RECV, cap_rights(self->tx, IT));
}

/* --- the other kinds -------------------------------------------------------------------- */

TEST_F(kind, notification)
{
	ASSERT_EQ(0, note_create(self->fd, REAL));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_NOTIFICATION));
	EXPECT_EQ(0, note_signal(self->tx, IT, 5));
	EXPECT_EQ(CAPMSG_CMD_SIGNAL, self->up.upcall.command);
	EXPECT_EQ(5, self->up.upcall.argument);
	EXPECT_EQ(5, note_pending(self->fd, REAL));
	EXPECT_EQ(1, note_wait(self->tx, IT, 1));
	EXPECT_EQ(CAPMSG_CMD_WAIT, self->up.upcall.command);
	EXPECT_EQ(0, self->up.upcall.argument);
	EXPECT_EQ(4, note_pending(self->tx, IT));
	/* Through a badge that sets its bits, whatever was asked for. */
	ASSERT_EQ(0, cap_badge(self->tx, IT, BADGED, 0x10));
	EXPECT_EQ(0, note_signal(self->tx, BADGED, 0));
	EXPECT_EQ(0, self->up.upcall.argument);
	EXPECT_EQ(0x10, self->up.upcall.badge);
	EXPECT_EQ(0x14, note_pending(self->fd, REAL));
	asked(self);
	EXPECT_EQ(-EINVAL, note_signal(self->tx, IT, 0));
	EXPECT_EQ(0, asked(self));
}

/* The handler plays it all by itself. */
TEST_F(kind, notification_done)
{
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_NOTIFICATION));
	self->verdict = (struct verdict){ };
	say_done(&self->verdict);
	EXPECT_EQ(0, note_signal(self->tx, IT, 5));
	EXPECT_EQ(1, asked(self));
	EXPECT_EQ(5, self->up.upcall.argument);
	EXPECT_EQ(0, atomic_load(&self->handler.refused));
}

/* A notice is given later, when nobody can be asked: what stood in at first gets it. */
TEST_F(kind, notification_of_a_port)
{
	ASSERT_EQ(0, note_create(self->fd, REAL));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_NOTIFICATION));
	ASSERT_EQ(0, do_create_port(self->tx, &(struct capmsg_create_port){
		.to = PORT, .depth = 1, .notification = IT, .arrival_bits = 0x100 }));
	EXPECT_EQ(1, asked(self));
	EXPECT_EQ(CAPMSG_CMD_CREATE_PORT, self->up.upcall.command);
	ASSERT_EQ(0, msg_send(self->tx, PORT, "x", 1));
	EXPECT_EQ(0x100, note_pending(self->fd, REAL));
	EXPECT_EQ(0, asked(self));
}

TEST_F(kind, region)
{
	char *target = memory_new(LENGTH, true);

	ASSERT_EQ(0, region_create(self->fd, REAL, target, LENGTH));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_REGION));
	ASSERT_EQ(0, port_create(self->tx, PORT, 1));
	ASSERT_LE(0, post_any(self->tx, PORT, IT, PAGE, PAGE, 0, 0));
	EXPECT_EQ(CAPMSG_CMD_POST, self->up.upcall.command);
	pattern_fill(target + 2 * PAGE, PAGE, 3);
	ASSERT_EQ(0, msg_send(self->tx, PORT, target + 2 * PAGE, PAGE));
	ASSERT_EQ(0, msg_recv(self->tx, PORT, &self->record, self->data));
	EXPECT_EQ(-1, pattern_check(target + PAGE, PAGE, 3));
	EXPECT_EQ(-EBUSY, region_unregister(self->tx, IT));
	EXPECT_EQ(CAPMSG_TYPE_REGION, cap_type(self->tx, IT));
	ASSERT_EQ(0, post_take(self->tx, PORT, 0));
	EXPECT_EQ(0, region_unregister(self->tx, IT));
	EXPECT_EQ(CAPMSG_CMD_UNREGISTER, self->up.upcall.command);
	EXPECT_EQ(-ENOENT, cap_type(self->fd, REAL));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, VIRTUAL));
}

TEST_F(kind, message)
{
	struct capmsg_transmit transmit = { .message = IT, .length = 5 };
	char *source = memory_new(PAGE, false);

	memcpy(source, "hello", 5);
	ASSERT_EQ(0, do_create_message(self->fd, &(struct capmsg_create_message){ .to = REAL }));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_MESSAGE));
	ASSERT_EQ(0, port_create(self->tx, PORT, 1));
	ASSERT_EQ(0, do_begin(self->tx, &(struct capmsg_begin){
		.message = IT, .to = PORT, .length = 5 }));
	EXPECT_EQ(CAPMSG_CMD_BEGIN, self->up.upcall.command);
	ASSERT_EQ(0, do_fill(self->tx, &(struct capmsg_fill){
		.message = IT, .data = PTR(source), .length = 5 }));
	EXPECT_EQ(CAPMSG_CMD_FILL, self->up.upcall.command);
	ASSERT_EQ(0, do_transmit(self->tx, &transmit));
	EXPECT_EQ(CAPMSG_CMD_TRANSMIT, self->up.upcall.command);
	EXPECT_EQ(CAPMSG_MESSAGE_DELIVERED, transmit.out_state);
	ASSERT_EQ(0, msg_poll(self->tx, PORT, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->data, "hello", 5));
	EXPECT_EQ(0, do_abandon(self->tx, &(struct capmsg_abandon){ .message = IT }));
	EXPECT_EQ(CAPMSG_CMD_ABANDON, self->up.upcall.command);
}

TEST_F(kind, revoker)
{
	struct capmsg_stat stat;

	ASSERT_EQ(0, port_create(self->fd, OWN, 1));
	ASSERT_EQ(0, do_create_revoker(self->fd, &(struct capmsg_create_revoker){
		.from = OWN, .to = SLOT(9), .revoker = REAL }));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_REVOKER));
	EXPECT_EQ(0, do_close(self->tx, &(struct capmsg_close){ .revoker = IT }));
	EXPECT_EQ(CAPMSG_CMD_CLOSE, self->up.upcall.command);
	ASSERT_EQ(0, cap_stat(self->tx, IT, &stat));
	EXPECT_EQ(1, stat.out_closed);
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, SLOT(9), "x", 1));
	EXPECT_EQ(0, do_open(self->tx, &(struct capmsg_open){ .revoker = IT }));
	EXPECT_EQ(CAPMSG_CMD_OPEN, self->up.upcall.command);
	EXPECT_EQ(0, msg_try(self->fd, SLOT(9), "x", 1));
	EXPECT_EQ(0, do_revoke(self->tx, &(struct capmsg_revoke){ .revoker = IT }));
	EXPECT_EQ(CAPMSG_CMD_REVOKE, self->up.upcall.command);
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT(9)));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, REAL));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, VIRTUAL));
}

/* --- looking at them, and their end ----------------------------------------------------- */

TEST_F(kind, stat_and_list)
{
	struct capmsg_list_entry entries[4];
	struct capmsg_list list = { .entries = PTR(entries), .n = 4 };
	struct capmsg_stat stat, real;

	ASSERT_EQ(0, port_marked(self->fd, REAL, 77));
	ASSERT_EQ(0, cap_stat(self->fd, REAL, &real));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, do_list(self->tx, &list));
	ASSERT_EQ(1, list.out_n);
	EXPECT_EQ(CAPMSG_TYPE_PORT, entries[0].type);
	EXPECT_EQ(RIGHTS_PORT, entries[0].rights);
	EXPECT_EQ(0, asked(self));
	ASSERT_EQ(0, cap_stat(self->tx, IT, &stat));
	EXPECT_EQ(1, asked(self));
	real.address = IT;
	EXPECT_EQ(0, memcmp(&real, &stat, sizeof(stat)));
	self->verdict = (struct verdict){ };
	say_error(&self->verdict, ENOENT);
	EXPECT_EQ(-ENOENT, cap_stat(self->tx, IT, &stat));
	say_error(&self->verdict, EACCES);
	EXPECT_EQ(-EACCES, cap_stat(self->tx, IT, &stat));
}

/* Copies are of the capability, and none of the handler's business. */
TEST_F(kind, copied_unasked)
{
	int file;

	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	EXPECT_EQ(0, cap_copy(self->tx, IT, SLOT(0x20), CAPMSG_RIGHT_SEND));
	EXPECT_EQ(0, cap_move(self->tx, SLOT(0x20), SLOT(0x21)));
	file = cap_export(self->tx, SLOT(0x21), CAPMSG_RIGHTS_ALL);
	ASSERT_LE(0, file);
	EXPECT_EQ(0, cap_import(self->tx, file, SLOT(0x22)));
	EXPECT_EQ(0, cap_clear(self->tx, SLOT(0x22)));
	ASSERT_EQ(0, note_create(self->tx, OWN));
	EXPECT_EQ(0, watch_create(self->tx, IT, SLOT(0x23), OWN, 1));
	EXPECT_EQ(0, asked(self));
	/* It is the virtual object that is watched. */
	ASSERT_EQ(0, obj_destroy(self->fd, VIRTUAL));
	EXPECT_EQ(1, note_pending(self->tx, OWN));
	EXPECT_EQ(-ENOENT, cap_copy(self->tx, IT, SLOT(0x20), CAPMSG_RIGHT_SEND));
}

TEST_F(kind, destroy)
{
	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	self->verdict.item.address = 0;
	say_error(&self->verdict, EACCES);
	EXPECT_EQ(-EACCES, obj_destroy(self->tx, IT));
	EXPECT_EQ(CAPMSG_CMD_DESTROY, self->up.upcall.command);
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, REAL));
	EXPECT_EQ(0, cap_copy(self->tx, IT, OWN, CAPMSG_RIGHTS_ALL));
	say_stand_in(&self->verdict, REAL);
	EXPECT_EQ(0, obj_destroy(self->tx, IT));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, REAL));
	EXPECT_EQ(-ENOENT, cap_copy(self->tx, OWN, SLOT(0x20), CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, VIRTUAL, SLOT(0x20), CAPMSG_RIGHTS_ALL));
}

TEST_F(kind, destroy_done)
{
	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	self->verdict.item.address = 0;
	say_done(&self->verdict);
	EXPECT_EQ(0, obj_destroy(self->tx, IT));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, REAL));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, VIRTUAL, SLOT(0x20), CAPMSG_RIGHTS_ALL));
}

/* Who has created it asks nobody: it is the handler, more often than not. */
TEST_F(kind, destroy_by_creator)
{
	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	EXPECT_EQ(0, obj_destroy(self->fd, VIRTUAL));
	EXPECT_EQ(0, asked(self));
	EXPECT_EQ(-ENOENT, cap_copy(self->tx, IT, OWN, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, REAL));
}

/* A virtual cappage as well. */
TEST_F(kind, destroy_cappage)
{
	ASSERT_EQ(0, cappage_create(self->fd, REAL, 8));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_CAPPAGE));
	EXPECT_EQ(0, obj_destroy(self->tx, IT));
	EXPECT_EQ(1, asked(self));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, REAL));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, VIRTUAL, SLOT(0x20), CAPMSG_RIGHTS_ALL));
}

TEST_F(kind, handler_ends)
{
	struct capmsg_send send = { .to = IT, .data = PTR("x"), .length = 1,
		.deadline = patience() };

	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	self->verdict.silent = true;
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, obj_destroy(self->fd, HANDLER));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(-ENOENT, msg_send(self->tx, IT, "x", 1));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, IT));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, REAL, &self->record, self->data));
}

/* --- answers that are none -------------------------------------------------------------- */

struct wrong {
	const char *what;
	struct capmsg_resolution resolution;
	__u64 item;
	int error;
};

TEST_F(kind, wrong_answers)
{
	static const struct wrong wrongs[] = {
		{ "no item", { .result = CAPMSG_RESULT_VALUE }, 0, EINVAL },
		{ "bits", { .result = CAPMSG_RESULT_VALUE, .bits = 1 }, REAL, EINVAL },
		{ "slot", { .result = CAPMSG_RESULT_VALUE, .slot = 1 }, REAL, EINVAL },
		{ "slots", { .result = CAPMSG_RESULT_VALUE, .n_slots = 1 }, REAL, EINVAL },
		{ "error", { .result = CAPMSG_RESULT_VALUE, .error = ENOENT }, REAL, EINVAL },
		{ "void", { .result = CAPMSG_RESULT_VALUE }, SLOT(0x30), ENOENT },
		{ "another kind", { .result = CAPMSG_RESULT_VALUE }, OWN, EINVAL },
		{ "itself", { .result = CAPMSG_RESULT_VALUE }, VIRTUAL, EINVAL },
		{ "a slot", { .result = CAPMSG_RESULT_SLOT, .bits = 1 }, SLOT(9), EINVAL },
		{ "done, which has results", { .result = CAPMSG_RESULT_DONE }, 0, EINVAL },
		{ "error of others", { .result = CAPMSG_RESULT_ERROR, .error = EIO }, 0, EINVAL },
		{ "no error", { .result = CAPMSG_RESULT_ERROR }, 0, EINVAL },
		{ "unknown", { .result = CAPMSG_RESULT_COUNT }, 0, EINVAL },
	};
	struct capmsg_send send = { .to = IT, .data = PTR("x"), .length = 1,
		.deadline = patience() };
	unsigned int i;

	handler_stop(&self->handler);
	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	ASSERT_EQ(0, note_create(self->fd, OWN));
	ASSERT_EQ(0, cappage_create(self->fd, SLOT(9), 8));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, send, SEND, &send));
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	for (i = 0; i < ARRAY_SIZE(wrongs); i++) {
		struct verdict verdict = { .resolution = wrongs[i].resolution, .item = {
			.address = wrongs[i].item, .rights = CAPMSG_RIGHTS_ALL } };

		EXPECT_EQ(-wrongs[i].error,
			  upcall_answer(self->fd, HANDLER, &self->up, &verdict))
			TH_LOG("%s", wrongs[i].what);
	}
	/* The client waits on, for a better one. */
	EXPECT_TRUE(job_blocked(&self->job));
	EXPECT_EQ(0, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(-ENOENT, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	ASSERT_EQ(0, handler_start(&self->handler));
}

/* What is done for good cannot be said of a walk. */
TEST_F(kind, done_is_no_place)
{
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_CAPPAGE));
	self->verdict = (struct verdict){ };
	say_done(&self->verdict);
	handler_stop(&self->handler);
	struct capmsg_stat stat = { .address = SLOT2(3, 1) };

	ASSERT_EQ(0, JOB_START(&self->job, self->tx, stat, STAT, &stat));
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	EXPECT_EQ(-EINVAL, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	say_error(&self->verdict, ENOENT);
	EXPECT_EQ(0, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	ASSERT_EQ(0, handler_start(&self->handler));
}

/* --- what stands in, and for how long --------------------------------------------------- */

/* A virtual object stands in for another one: its handler is asked as well. */
TEST_F(kind, stand_in_is_virtual)
{
	ASSERT_EQ(0, port_create(self->fd, REAL, 2));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, virtual_kind(self->fd, SECOND, CAPMSG_TYPE_PORT, 4));
	handler_stop(&self->handler);
	struct capmsg_send send = { .to = IT, .data = PTR("x"), .length = 1,
		.deadline = patience() };

	ASSERT_EQ(0, JOB_START(&self->job, self->tx, send, SEND, &send));
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	say_stand_in(&self->verdict, SECOND);
	ASSERT_EQ(0, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	say_stand_in(&self->verdict, REAL);
	ASSERT_EQ(0, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(0, msg_poll(self->fd, REAL, &self->record, self->data));
	ASSERT_EQ(0, handler_start(&self->handler));
}

/* Two cannot stand in for each other. */
TEST_F(kind, stand_ins_in_a_circle)
{
	struct capmsg_send send = { .to = IT, .data = PTR("x"), .length = 1,
		.deadline = patience() };

	ASSERT_EQ(0, port_create(self->fd, REAL, 2));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, virtual_kind(self->fd, SECOND, CAPMSG_TYPE_PORT, 4));
	handler_stop(&self->handler);
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, send, SEND, &send));
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	say_stand_in(&self->verdict, SECOND);
	ASSERT_EQ(0, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	say_stand_in(&self->verdict, VIRTUAL);
	EXPECT_EQ(-EINVAL, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	say_stand_in(&self->verdict, REAL);
	EXPECT_EQ(0, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	EXPECT_EQ(0, job_join(&self->job));
	ASSERT_EQ(0, handler_start(&self->handler));
}

TEST_F(kind, cached)
{
	struct capmsg_invalidate drop = { .port = HANDLER, .object = VIRTUAL };

	ASSERT_EQ(0, port_create(self->fd, REAL, 8));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, cap_badge(self->tx, IT, BADGED, 5));
	self->verdict.resolution.flags = CAPMSG_RESOLUTION_CACHE;
	/* Who cannot wait does not ask, but takes what is known. */
	EXPECT_EQ(-EAGAIN, msg_try(self->tx, IT, "x", 1));
	EXPECT_EQ(0, asked(self));
	EXPECT_EQ(0, msg_send(self->tx, IT, "x", 1));
	EXPECT_EQ(1, asked(self));
	EXPECT_EQ(0, msg_try(self->tx, IT, "x", 1));
	EXPECT_EQ(0, msg_poll(self->tx, IT, &self->record, self->data));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->tx, IT));
	EXPECT_EQ(0, asked(self));
	/* By another badge it may be something else. */
	EXPECT_EQ(-EAGAIN, msg_try(self->tx, BADGED, "x", 1));
	EXPECT_EQ(0, msg_send(self->tx, BADGED, "x", 1));
	EXPECT_EQ(1, asked(self));
	ASSERT_EQ(0, do_invalidate(self->fd, &drop));
	EXPECT_EQ(2, drop.out_dropped);
	EXPECT_EQ(-EAGAIN, msg_try(self->tx, IT, "x", 1));
	EXPECT_EQ(0, msg_send(self->tx, IT, "x", 1));
	EXPECT_EQ(1, asked(self));
	/* What ends it is told in any case. */
	EXPECT_EQ(0, obj_destroy(self->tx, IT));
	EXPECT_EQ(1, asked(self));
}

/* What the handler withdraws is gone for who comes next. */
TEST_F(kind, cached_stand_in_dies)
{
	ASSERT_EQ(0, port_create(self->fd, REAL, 8));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	self->verdict.resolution.flags = CAPMSG_RESOLUTION_CACHE;
	EXPECT_EQ(0, msg_send(self->tx, IT, "x", 1));
	ASSERT_EQ(0, obj_destroy(self->fd, REAL));
	EXPECT_EQ(-ENOENT, msg_send(self->tx, IT, "x", 1));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, IT));
}

/* --- revokers --------------------------------------------------------------------------- */

/* What the client's capability went through cuts off who waits at the stand-in. */
TEST_F(kind, revoked_while_it_waits)
{
	struct capmsg_send send = { .to = IT, .data = PTR("x"), .length = 1,
		.deadline = patience() };

	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	ASSERT_EQ(0, virtual_kind(self->fd, VIRTUAL, CAPMSG_TYPE_PORT, 0));
	ASSERT_EQ(0, do_create_revoker(self->fd, &(struct capmsg_create_revoker){
		.from = VIRTUAL, .to = SLOT(9), .revoker = SLOT(10) }));
	ASSERT_EQ(0, cap_give(self->fd, SLOT(9), CAPMSG_RIGHTS_ALL, self->tx, IT));
	ASSERT_EQ(0, msg_send(self->tx, IT, "full", 4));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, send, SEND, &send));
	ASSERT_TRUE(in_line(self->fd, REAL));
	EXPECT_EQ(2, asked(self));
	ASSERT_EQ(0, do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = SLOT(10) }));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(-ENOENT, msg_send(self->tx, IT, "x", 1));
}

/* Both capabilities came through one: all three are to be passed. */
TEST_F(kind, revokers_on_both_sides)
{
	struct capmsg_send send = { .to = SLOT(9), .data = PTR("x"), .length = 1,
		.deadline = patience() };
	__u64 cut[] = { SLOT(10), SLOT(11) };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, port_create(self->fd, OWN, 1));
		ASSERT_EQ(0, do_create_revoker(self->fd, &(struct capmsg_create_revoker){
			.from = OWN, .to = REAL, .revoker = SLOT(11) }));
		ASSERT_EQ(0, virtual_kind(self->fd, VIRTUAL, CAPMSG_TYPE_PORT, 0));
		ASSERT_EQ(0, do_create_revoker(self->fd, &(struct capmsg_create_revoker){
			.from = VIRTUAL, .to = SLOT(9), .revoker = SLOT(10) }));
		ASSERT_EQ(0, cap_give(self->fd, SLOT(9), RIGHTS_SENDER, self->tx, SLOT(9)));
		EXPECT_EQ(0, msg_send(self->tx, SLOT(9), "x", 1));
		/* Each of them can hold it up ... */
		ASSERT_EQ(0, do_close(self->fd, &(struct capmsg_close){ .revoker = cut[i] }));
		ASSERT_EQ(0, JOB_START(&self->job, self->tx, send, SEND, &send));
		ASSERT_TRUE(job_blocked(&self->job));
		ASSERT_EQ(0, do_open(self->fd, &(struct capmsg_open){ .revoker = cut[i] }));
		ASSERT_TRUE(in_line(self->fd, OWN));
		/* ... and cut it. */
		ASSERT_EQ(0, do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = cut[i] }));
		EXPECT_EQ(-ENOENT, job_join(&self->job));
		EXPECT_EQ(-ENOENT, msg_send(self->tx, SLOT(9), "x", 1));
		ASSERT_EQ(0, obj_destroy(self->fd, OWN));
		ASSERT_EQ(0, obj_destroy(self->fd, VIRTUAL));
		cap_clear(self->fd, SLOT(10));
		cap_clear(self->fd, SLOT(11));
	}
}

/* What stands in by one revoker does not do so by another one later, nor by none. */
TEST_F(kind, bound_to_a_revoker)
{
	struct capmsg_send send = { .to = IT, .data = PTR("x"), .length = 1,
		.deadline = patience() };
	unsigned int i;

	ASSERT_EQ(0, port_create(self->fd, OWN, 4));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, do_create_revoker(self->fd, &(struct capmsg_create_revoker){
			.from = OWN, .to = i ? REAL : SLOT(12), .revoker = SLOT(10 + i) }));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	EXPECT_EQ(0, msg_send(self->tx, IT, "x", 1));
	handler_stop(&self->handler);
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, send, SEND, &send));
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	say_stand_in(&self->verdict, SLOT(12));
	EXPECT_EQ(-EINVAL, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	say_stand_in(&self->verdict, OWN);
	EXPECT_EQ(-EINVAL, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	say_stand_in(&self->verdict, REAL);
	EXPECT_EQ(0, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	EXPECT_EQ(0, job_join(&self->job));
	ASSERT_EQ(0, handler_start(&self->handler));
	ASSERT_EQ(0, do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = SLOT(10) }));
	EXPECT_EQ(0, msg_send(self->tx, IT, "x", 1));
	ASSERT_EQ(0, do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = SLOT(11) }));
	self->verdict = (struct verdict){ };
	say_error(&self->verdict, ENOENT);
	EXPECT_EQ(-ENOENT, msg_send(self->tx, IT, "x", 1));
	EXPECT_EQ(0, cap_copy(self->tx, IT, SLOT(12), CAPMSG_RIGHTS_ALL));
}

/* One that has stood in for another one does not end with it when it does not stand in. */
TEST_F(kind, ends_only_what_was_gone_through)
{
	struct capmsg_destroy destroy = { .address = IT };

	ASSERT_EQ(0, port_create(self->fd, REAL, 4));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, do_create_virtual(self->fd, &(struct capmsg_create_virtual){
		.to = SECOND, .handler = HANDLER, .object = 2, .kind = CAPMSG_TYPE_PORT }));
	self->handler.decide = decide_second;
	ASSERT_EQ(0, msg_send(self->tx, IT, "x", 1));
	handler_stop(&self->handler);
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, destroy, DESTROY, &destroy));
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	EXPECT_EQ(-EINVAL, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	self->verdict = (struct verdict){ };
	say_error(&self->verdict, EACCES);
	EXPECT_EQ(0, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	EXPECT_EQ(-EACCES, job_join(&self->job));
	EXPECT_EQ(0, cap_copy(self->fd, SECOND, SLOT(20), CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(0, cap_copy(self->fd, VIRTUAL, SLOT(21), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, handler_start(&self->handler));
}

/*
 * The handler names OWN through a revoker, of its own SLOT(11); the client names what is
 * played, at SLOT(9), through one of its own SLOT(10).
 */
static int play_through_revokers(FIXTURE_DATA(kind) *self)
{
	return port_create(self->fd, OWN, 4) ?:
	       do_create_revoker(self->fd, &(struct capmsg_create_revoker){
		       .from = OWN, .to = REAL, .revoker = SLOT(11) }) ?:
	       play(self, CAPMSG_TYPE_PORT) ?:
	       do_create_revoker(self->tx, &(struct capmsg_create_revoker){
		       .from = IT, .to = SLOT(9), .revoker = SLOT(10) });
}

/* A capability says what it says, whatever the object is bound to. */
TEST_F(kind, capability_through_a_revoker)
{
	ASSERT_EQ(0, play_through_revokers(self));
	EXPECT_EQ(0, msg_send(self->tx, SLOT(9), "x", 1));
	ASSERT_EQ(0, do_close(self->fd, &(struct capmsg_close){ .revoker = SLOT(11) }));
	EXPECT_EQ(0, cap_copy(self->tx, SLOT(9), SLOT(12), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = SLOT(11) }));
	EXPECT_EQ(0, cap_copy(self->tx, SLOT(9), SLOT(13), CAPMSG_RIGHTS_ALL));
	self->verdict = (struct verdict){ };
	say_error(&self->verdict, ENOENT);
	EXPECT_EQ(-ENOENT, msg_send(self->tx, SLOT(9), "x", 1));
}

/*
 * Who looks at a virtual object waits for the revokers that it is named through, and for
 * those alone: neither while the way goes on to one that is closed, nor less if that is
 * revoked.
 */
TEST_F(kind, closed_before_what_is_closed_or_revoked)
{
	struct capmsg_copy copy = { .from = SLOT(9), .to = SLOT(12),
		.rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_import import = { .to = SLOT(13) };

	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, play_through_revokers(self));
	import.fd = cap_export(self->tx, SLOT(9), CAPMSG_RIGHTS_ALL);
	ASSERT_LE(0, import.fd);
	EXPECT_EQ(0, msg_send(self->tx, SLOT(9), "x", 1));
	ASSERT_EQ(0, do_close(self->fd, &(struct capmsg_close){ .revoker = SLOT(11) }));
	ASSERT_EQ(0, do_close(self->tx, &(struct capmsg_close){ .revoker = SLOT(10) }));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, copy, COPY, &copy));
	EXPECT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, do_open(self->tx, &(struct capmsg_open){ .revoker = SLOT(10) }));
	EXPECT_EQ(0, job_join(&self->job));
	copy.to = SLOT(14);
	ASSERT_EQ(0, do_revoke(self->fd, &(struct capmsg_revoke){ .revoker = SLOT(11) }));
	ASSERT_EQ(0, do_close(self->tx, &(struct capmsg_close){ .revoker = SLOT(10) }));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, copy, COPY, &copy));
	EXPECT_TRUE(job_blocked(&self->job));
	job_signal(&self->job, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&self->job));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, import, IMPORT, &import));
	EXPECT_TRUE(job_blocked(&self->job));
	job_signal(&self->job, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&self->job));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, copy, COPY, &copy));
	EXPECT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, do_open(self->tx, &(struct capmsg_open){ .revoker = SLOT(10) }));
	EXPECT_EQ(0, job_join(&self->job));
	close(import.fd);
}

/* --- the end of a virtual object that is in use ------------------------------------------ */

/* As if what stands in had ended; that goes on for others. */
TEST_F(kind, destroyed_while_a_sender_waits)
{
	struct capmsg_send send = { .to = IT, .data = PTR("x"), .length = 1,
		.deadline = patience() };

	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, msg_send(self->fd, REAL, "full", 4));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, send, SEND, &send));
	ASSERT_TRUE(in_line(self->fd, REAL));
	ASSERT_EQ(0, obj_destroy(self->fd, VIRTUAL));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	ASSERT_EQ(0, msg_poll(self->fd, REAL, &self->record, self->data));
	EXPECT_EQ(4, self->record.out_length);
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, REAL, &self->record, self->data));
}

TEST_F(kind, destroyed_while_a_receiver_waits)
{
	struct capmsg_record record = { .data = PTR(self->data), .data_size = 8 };
	struct capmsg_recv recv = { .port = IT, .records = PTR(&record), .n_records = 1,
		.deadline = patience() };

	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, recv, RECV, &recv));
	ASSERT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, obj_destroy(self->fd, VIRTUAL));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
}

TEST_F(kind, destroyed_while_a_caller_waits)
{
	struct capmsg_call call = { .to = IT, .data = PTR("x"), .length = 1,
		.deadline = patience() };

	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, msg_send(self->fd, REAL, "full", 4));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, call, CALL, &call));
	ASSERT_TRUE(in_line(self->fd, REAL));
	ASSERT_EQ(0, obj_destroy(self->fd, VIRTUAL));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
}

/* And with the port of the handler, all that it plays. */
TEST_F(kind, handler_gone_while_somebody_waits_for_bits)
{
	struct capmsg_wait wait = { .notification = IT, .mask = 1, .deadline = patience() };

	ASSERT_EQ(0, do_create_notification(self->fd, &(struct capmsg_create_notification){
		.to = REAL }));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_NOTIFICATION));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, wait, WAIT, &wait));
	ASSERT_TRUE(job_blocked(&self->job));
	handler_stop(&self->handler);
	ASSERT_EQ(0, obj_destroy(self->fd, HANDLER));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	ASSERT_EQ(0, handler_port(self->fd, HANDLER, 8));
	ASSERT_EQ(0, handler_start(&self->handler));
}

/* A notice goes to what stood in when it was asked for, while both live. */
TEST_F(kind, destroyed_with_a_notice_to_come)
{
	ASSERT_EQ(0, do_create_notification(self->fd, &(struct capmsg_create_notification){
		.to = REAL }));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_NOTIFICATION));
	ASSERT_EQ(0, do_create_port(self->tx, &(struct capmsg_create_port){
		.to = PORT, .depth = 8, .notification = IT, .arrival_bits = 4 }));
	ASSERT_EQ(0, msg_send(self->tx, PORT, "x", 1));
	EXPECT_EQ(4, note_pending(self->fd, REAL));
	ASSERT_EQ(0, do_wait(self->fd, &(struct capmsg_wait){
		.notification = REAL, .mask = 4 }));
	ASSERT_EQ(0, obj_destroy(self->fd, VIRTUAL));
	ASSERT_EQ(0, msg_send(self->tx, PORT, "x", 1));
	EXPECT_EQ(0, note_pending(self->fd, REAL));
}

/* Landing slots that a handler has named are given up with the table. */
TEST_F(kind, destroyed_with_landing_slots)
{
	struct capmsg_post post = { .port = PORT, .max_caps = 1 };
	struct capmsg_item item = { .address = OWN, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_send send = { .to = PORT, .data = PTR("x"), .length = 1,
		.items = PTR(&item), .n_items = 1, .flags = CAPMSG_NONBLOCK };
	int i;

	self->handler.decide = decide_slot;
	ASSERT_EQ(0, cappage_create(self->fd, REAL, 8));
	ASSERT_EQ(0, virtual_create(self->fd, VIRTUAL, HANDLER, NAME, 8));
	ASSERT_EQ(0, cap_give(self->fd, VIRTUAL, CAPMSG_RIGHTS_ALL, self->tx, IT));
	ASSERT_EQ(0, do_create_port(self->tx, &(struct capmsg_create_port){
		.to = PORT, .depth = 2, .max_caps = 1 }));
	ASSERT_EQ(0, cappage_create(self->tx, OWN, 4));
	for (i = 0; i < 2; i++) {
		post.post = i;
		post.landing = SLOT2(3, 16 + i);
		ASSERT_EQ(0, do_post(self->tx, &post));
	}
	ASSERT_EQ(0, do_send(self->tx, &send));
	ASSERT_EQ(0, obj_destroy(self->fd, VIRTUAL));
	EXPECT_EQ(-EAGAIN, do_send(self->tx, &send));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(2, 17)));
}

/* Who destroys what stands in by way of two virtual ones has destroyed three. */
TEST_F(kind, destroyed_by_way_of_two)
{
	ASSERT_EQ(0, port_create(self->fd, REAL, 2));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, do_create_virtual(self->fd, &(struct capmsg_create_virtual){
		.to = SECOND, .handler = HANDLER, .object = 2, .kind = CAPMSG_TYPE_PORT }));
	self->handler.decide = decide_second;
	EXPECT_EQ(0, obj_destroy(self->tx, IT));
	EXPECT_EQ(2, asked(self));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, REAL, SLOT(20), CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, VIRTUAL, SLOT(20), CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, SECOND, SLOT(20), CAPMSG_RIGHTS_ALL));
}

/* It ends with the original, whatever stands in. */
TEST_F(kind, ends_with_its_original)
{
	struct capmsg_create_virtual create = { .to = VIRTUAL, .handler = HANDLER,
		.object = NAME, .kind = CAPMSG_TYPE_PORT, .original = OWN };
	struct capmsg_send send = { .to = IT, .data = PTR("x"), .length = 1,
		.deadline = patience() };

	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	EXPECT_EQ(-ENOENT, do_create_virtual(self->fd, &create));
	ASSERT_EQ(0, port_create(self->fd, OWN, 1));
	create.kind = CAPMSG_TYPE_REGION;
	EXPECT_EQ(-EINVAL, do_create_virtual(self->fd, &create));
	create.kind = CAPMSG_TYPE_PORT;
	ASSERT_EQ(0, do_create_virtual(self->fd, &create));
	/* One of those that are played may be the original of another one. */
	create.original = VIRTUAL;
	create.to = SLOT(20);
	ASSERT_EQ(0, do_create_virtual(self->fd, &create));
	ASSERT_EQ(0, cap_give(self->fd, SLOT(20), RIGHTS_SENDER, self->tx, IT));
	ASSERT_EQ(0, msg_send(self->tx, IT, "full", 4));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, send, SEND, &send));
	ASSERT_TRUE(in_line(self->fd, REAL));
	ASSERT_EQ(0, obj_destroy(self->fd, OWN));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, VIRTUAL, SLOT(21), CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(-ENOENT, cap_copy(self->tx, IT, SLOT(21), CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(0, msg_poll(self->fd, REAL, &self->record, self->data));
}

#define ROW	4000

/* Who destroys the first one ends them all, however many there are. */
TEST_F(kind, originals_in_a_row)
{
	struct capmsg_create_virtual create = { .handler = HANDLER, .object = NAME,
		.kind = CAPMSG_TYPE_PORT };
	unsigned int i;

	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	ASSERT_EQ(0, do_create_cappage(self->fd, &(struct capmsg_create_cappage){
		.to = SECOND, .bits = 12 }));
	for (i = 0; i < ROW; i++) {
		create.original = i ? create.to : REAL;
		create.to = CAPMSG_ADDRESS(4ULL << 12 | i, 8 + 12);
		ASSERT_EQ(0, do_create_virtual(self->fd, &create));
	}
	ASSERT_EQ(0, obj_destroy(self->fd, REAL));
	for (i = 0; i < ROW; i++)
		ASSERT_EQ(-ENOENT, cap_copy(self->fd, CAPMSG_ADDRESS(4ULL << 12 | i, 8 + 12),
					    SLOT(60), CAPMSG_RIGHTS_ALL));
}

/* --- a handler whose port is not simply its own ------------------------------------------ */

#define PLAYED	SLOT(30)	/* in the client's space: what it plays itself */

/* The client plays a cappage by the port at @port. */
static int client_plays(FIXTURE_DATA(kind) *self, __u64 port)
{
	return do_create_virtual(self->tx, &(struct capmsg_create_virtual){ .to = PLAYED,
		.handler = port, .object = NAME, .kind = CAPMSG_TYPE_CAPPAGE, .bits = 8 });
}

/* Somebody looks into that, and the client is told of it. */
static int client_is_asked(FIXTURE_DATA(kind) *self, __u64 port, struct upcall *up)
{
	static struct capmsg_copy copy;

	copy = (struct capmsg_copy){ .from = CAPMSG_ADDRESS(30ULL << 8 | 9, 16), .to = SLOT(31),
		.rights = CAPMSG_RIGHTS_ALL };
	return JOB_START(&self->job, self->tx, copy, COPY, &copy) ?:
	       upcall_recv(self->tx, port, up);
}

/* It ends when that is revoked from who has made it, and whoever waits is told. */
TEST_F(kind, handler_through_revokers)
{
	const __u64 revokers[] = { SLOT(32), SLOT(33) };
	struct verdict verdict = { };
	struct upcall up;
	unsigned int i;

	ASSERT_EQ(0, handler_port(self->tx, PORT, 2));
	for (i = 0; i < ARRAY_SIZE(revokers); i++) {
		ASSERT_EQ(0, do_create_revoker(self->tx, &(struct capmsg_create_revoker){
			.from = PORT, .to = OWN, .revoker = SLOT(32) }));
		ASSERT_EQ(0, do_create_revoker(self->tx, &(struct capmsg_create_revoker){
			.from = OWN, .to = BADGED, .revoker = SLOT(33) }));
		ASSERT_EQ(0, client_plays(self, BADGED));
		ASSERT_EQ(0, client_is_asked(self, PORT, &up));
		say_value(&verdict, PORT, 8);
		ASSERT_EQ(0, upcall_answer(self->tx, PORT, &up, &verdict));
		ASSERT_EQ(0, job_join(&self->job));
		ASSERT_EQ(0, cap_clear(self->tx, SLOT(31)));
		ASSERT_EQ(0, client_is_asked(self, PORT, &up));
		ASSERT_EQ(0, do_revoke(self->tx, &(struct capmsg_revoke){
			.revoker = revokers[i] }));
		EXPECT_EQ(-ENOENT, job_join(&self->job));
		EXPECT_EQ(-ENOENT, cap_copy(self->tx, PLAYED, SLOT(20), CAPMSG_RIGHTS_ALL));
		EXPECT_EQ(-ESTALE, upcall_answer(self->tx, PORT, &up, &verdict));
		EXPECT_EQ(-ENOENT, client_plays(self, BADGED));
		ASSERT_EQ(0, obj_destroy(self->tx, SLOT(i ? 32 : 33)));
	}
	/* The port lives. */
	EXPECT_EQ(0, client_plays(self, PORT));
}

/* The client's port is one that is played itself: which it cannot tell. */
TEST_F(kind, handler_is_virtual)
{
	struct capmsg_upcalls upcalls = { .port = IT, .n = 1 };
	struct capmsg_waiting waiting;
	struct verdict verdict = { };
	struct upcall up;

	ASSERT_EQ(0, handler_port(self->fd, REAL, 2));
	ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, port_create(self->tx, PORT, 1));
	ASSERT_EQ(0, client_plays(self, IT));
	ASSERT_EQ(0, client_is_asked(self, IT, &up));
	EXPECT_EQ(NAME, up.upcall.object);
	EXPECT_EQ(CAPMSG_CMD_COPY, up.upcall.command);
	upcalls.waiting = PTR(&waiting);
	ASSERT_EQ(0, do_upcalls(self->tx, &upcalls));
	EXPECT_EQ(1, upcalls.out_n);
	say_value(&verdict, PORT, 8);
	ASSERT_EQ(0, upcall_answer(self->tx, IT, &up, &verdict));
	ASSERT_EQ(0, job_join(&self->job));
	ASSERT_EQ(0, cap_clear(self->tx, SLOT(31)));
	ASSERT_EQ(0, client_is_asked(self, IT, &up));
	ASSERT_EQ(0, do_upcalls(self->tx, &upcalls));
	ASSERT_EQ(0, do_abort(self->tx, &(struct capmsg_abort){ .port = IT, .id = waiting.id }));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	/* What does not play anything plays nothing by way of a handler either. */
	ASSERT_EQ(0, obj_destroy(self->fd, REAL));
	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	EXPECT_EQ(-EINVAL, client_plays(self, IT));
}

/* Whoever ends what: the virtual port, what stands in, or the port of its handler. */
TEST_F(kind, virtual_handler_ends)
{
	const struct { int fd; __u64 address; } ends[] = {
		{ self->fd, VIRTUAL }, { self->fd, REAL }, { self->tx, IT }, { self->fd, HANDLER },
	};
	struct upcall up;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		ASSERT_EQ(0, handler_port(self->fd, REAL, 2));
		ASSERT_EQ(0, play(self, CAPMSG_TYPE_PORT));
		ASSERT_EQ(0, note_create(self->tx, PORT));
		ASSERT_EQ(0, client_plays(self, IT));
		ASSERT_EQ(0, watch_create(self->tx, PLAYED, CAPMSG_ADDRESS_VOID, PORT, 4));
		ASSERT_EQ(0, client_is_asked(self, IT, &up));
		ASSERT_EQ(0, obj_destroy(ends[i].fd, ends[i].address));
		EXPECT_EQ(4, note_wait(self->tx, PORT, 4));
		EXPECT_EQ(-ENOENT, job_join(&self->job));
		EXPECT_EQ(-ENOENT, cap_copy(self->tx, PLAYED, SLOT(20), CAPMSG_RIGHTS_ALL));
		ASSERT_EQ(0, obj_destroy(self->tx, PORT));
		/* What has not ended: what it stands in for, or what stands in. */
		EXPECT_EQ(i == 2 ? -ENOENT : 0, obj_destroy(self->fd, i == 1 ? VIRTUAL : REAL));
	}
}

/* --- ended by its handler alone, it looks as if it had been revoked ---------------------- */

#define WAYS	2	/* a virtual one that ends, a real one that is revoked */
#define RESULTS	16

/* The client's PORT, REGION and table OWN; the one of @kind is IT, in one way or another. */
static int lend(FIXTURE_DATA(kind) *self, unsigned int kind, bool real, char *memory)
{
	int ret;

	if (kind == CAPMSG_TYPE_CAPPAGE)
		ret = cappage_create(self->fd, REAL, 8);
	else if (kind == CAPMSG_TYPE_PORT)
		ret = port_create(self->fd, REAL, 2);
	else
		ret = region_create(self->fd, REAL, memory, LENGTH);
	if (!real)
		return ret ?: play(self, kind);
	ret = ret ?: do_create_revoker(self->fd, &(struct capmsg_create_revoker){
		.from = REAL, .to = VIRTUAL, .revoker = SECOND });
	return ret ?: cap_give(self->fd, VIRTUAL, CAPMSG_RIGHTS_ALL, self->tx, IT);
}

/* What there is to be seen afterwards. */
static void look(FIXTURE_DATA(kind) *self, __u64 port, __u64 region, __u64 table, int *results)
{
	struct capmsg_stat stat = { .address = REGION };
	int *r = results;

	*r++ = cap_type(self->tx, IT);
	*r++ = msg_poll(self->tx, port, &self->record, self->data);
	*r++ = do_stat(self->tx, &stat);
	*r++ = stat.out_length;
	*r++ = cap_copy(self->tx, SLOT(9), SLOT2(4, 2), CAPMSG_RIGHTS_ALL);
	*r++ = msg_try(self->tx, PORT, "x", 1);
	*r++ = msg_try(self->tx, PORT, self->data, sizeof(self->data));
	*r++ = msg_poll(self->tx, port, &self->record, self->data);
	*r++ = self->record.out_flags;
	*r++ = post_any(self->tx, port, region, 0, PAGE, table, 1);
	*r++ = region_unregister(self->tx, REGION);
	*r++ = obj_destroy(self->tx, REGION);
	*r++ = cap_copy(self->tx, SLOT(9), SLOT2(4, 2), CAPMSG_RIGHTS_ALL);
	*r++ = obj_destroy(self->tx, OWN);
	*r++ = obj_destroy(self->tx, PORT);
}

TEST_F(kind, ended_as_if_revoked)
{
	static const unsigned int kinds[] = { CAPMSG_TYPE_PORT, CAPMSG_TYPE_REGION,
		CAPMSG_TYPE_CAPPAGE };
	char *mine = memory_new(LENGTH, true), *lent = memory_new(LENGTH, true);
	int results[WAYS][RESULTS] = { };
	unsigned int i, way, n;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		const __u64 port = kinds[i] == CAPMSG_TYPE_PORT ? IT : PORT;
		const __u64 region = kinds[i] == CAPMSG_TYPE_REGION ? IT : REGION;
		const __u64 table = kinds[i] == CAPMSG_TYPE_CAPPAGE ? SLOT2(3, 2) : SLOT2(4, 2);

		if (kinds[i] == CAPMSG_TYPE_CAPPAGE)
			self->handler.decide = decide_slot;
		for (way = 0; way < WAYS; way++) {
			ASSERT_EQ(0, lend(self, kinds[i], way, lent));
			ASSERT_EQ(0, port_create(self->tx, PORT, 2));
			ASSERT_EQ(0, note_create(self->tx, SLOT(9)));
			ASSERT_EQ(0, region_create(self->tx, REGION, mine, LENGTH));
			ASSERT_EQ(0, cappage_create(self->tx, OWN, 8));
			ASSERT_LE(0, post_any(self->tx, port, region, 0, PAGE, table, 1));
			ASSERT_EQ(0, way ? do_revoke(self->fd, &(struct capmsg_revoke){
					.revoker = SECOND }) : obj_destroy(self->fd, VIRTUAL));
			look(self, port, region, table, results[way]);
			ASSERT_EQ(0, obj_destroy(self->tx, SLOT(9)));
			ASSERT_EQ(0, kinds[i] == CAPMSG_TYPE_REGION ?
					 region_unregister(self->fd, REAL) :
					 obj_destroy(self->fd, REAL));
		}
		for (n = 0; n < RESULTS; n++)
			EXPECT_EQ(results[1][n], results[0][n])
				TH_LOG("kind %u, result %u", kinds[i], n);
	}
}

/* --- asking with all frames in use ------------------------------------------------------- */

/* It is for what ends the wait of those that use them. */
TEST_F(kind, asks_without_a_frame)
{
	struct capmsg_send send = { .to = IT, .data = PTR("x"), .length = 1,
		.deadline = patience() };
	struct capmsg_recv recv = { .port = IT, .plain = PTR(self->data),
		.plain_size = 8, .records = PTR(&self->record), .n_records = 1,
		.flags = CAPMSG_NONBLOCK };
	int fd = open("/dev/capmsg", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, do_setup(fd, &(struct capmsg_setup){ .frames = 1 }));
	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	ASSERT_EQ(0, virtual_kind(self->fd, VIRTUAL, CAPMSG_TYPE_PORT, 0));
	ASSERT_EQ(0, cap_give(self->fd, VIRTUAL, CAPMSG_RIGHTS_ALL, fd, IT));
	ASSERT_EQ(0, msg_send(fd, IT, "full", 4));
	ASSERT_EQ(0, JOB_START(&self->job, fd, send, SEND, &send));
	ASSERT_TRUE(in_line(self->fd, REAL));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(fd, IT));
	EXPECT_EQ(-EAGAIN, msg_send(fd, IT, "x", 1));
	/* What needs a frame of its own has none, whatever it asks. */
	recv.flags = 0;
	recv.deadline = patience();
	EXPECT_EQ(-EAGAIN, do_recv(fd, &recv));
	EXPECT_EQ(0, obj_destroy(fd, IT));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	close(fd);
}

/* One at a time. */
TEST_F(kind, two_ask_without_a_frame)
{
	struct capmsg_send send = { .to = IT, .data = PTR("x"), .length = 1,
		.deadline = patience() };
	struct capmsg_stat stat = { .address = IT }, other = { .address = IT };
	int fd = open("/dev/capmsg", O_RDWR | O_CLOEXEC);
	struct job jobs[2] = { };
	int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, do_setup(fd, &(struct capmsg_setup){ .frames = 1 }));
	ASSERT_EQ(0, port_create(self->fd, REAL, 1));
	ASSERT_EQ(0, virtual_kind(self->fd, VIRTUAL, CAPMSG_TYPE_PORT, 0));
	ASSERT_EQ(0, cap_give(self->fd, VIRTUAL, CAPMSG_RIGHTS_ALL, fd, IT));
	ASSERT_EQ(0, msg_send(fd, IT, "full", 4));
	ASSERT_EQ(0, JOB_START(&self->job, fd, send, SEND, &send));
	ASSERT_TRUE(in_line(self->fd, REAL));
	handler_stop(&self->handler);
	ASSERT_EQ(0, JOB_START(&jobs[0], fd, stat, STAT, &stat));
	ASSERT_TRUE(job_blocked(&jobs[0]));
	ASSERT_EQ(0, JOB_START(&jobs[1], fd, stat, STAT, &other));
	ASSERT_TRUE(job_blocked(&jobs[1]));
	EXPECT_EQ(-ETIMEDOUT, do_recv(fd, &(struct capmsg_recv){
		.port = IT, .records = PTR(&self->record), .n_records = 1,
		.deadline = in_ms(50) }));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
		EXPECT_EQ(-EAGAIN, msg_poll(self->fd, HANDLER, &self->record, self->data));
		ASSERT_EQ(0, upcall_answer(self->fd, HANDLER, &self->up, &self->verdict));
	}
	EXPECT_EQ(0, job_join(&jobs[0]));
	EXPECT_EQ(0, job_join(&jobs[1]));
	ASSERT_EQ(0, handler_start(&self->handler));
	ASSERT_EQ(0, msg_poll(self->fd, REAL, &self->record, self->data));
	EXPECT_EQ(0, job_join(&self->job));
	close(fd);
}

/* --- who can send ------------------------------------------------------------------------ */

#define NOTE	SLOT(13)
#define GONE	0x20

/* Capabilities to the virtual port count, and those of the handler do not. */
TEST_F(kind, senders_of_a_virtual_port)
{
	struct capmsg_stat stat = { .address = VIRTUAL };

	ASSERT_EQ(0, do_create_notification(self->fd, &(struct capmsg_create_notification){
		.to = NOTE }));
	ASSERT_EQ(0, port_create(self->fd, REAL, 2));
	ASSERT_EQ(0, cap_copy(self->fd, REAL, SLOT(14), RIGHTS_SENDER));
	ASSERT_EQ(0, do_create_virtual(self->fd, &(struct capmsg_create_virtual){
		.to = VIRTUAL, .handler = HANDLER, .object = NAME, .kind = CAPMSG_TYPE_PORT,
		.notification = NOTE, .no_senders_bits = GONE }));
	ASSERT_EQ(0, do_stat(self->fd, &stat));
	EXPECT_EQ(0, stat.out_send_caps);
	EXPECT_EQ(0, stat.out_mints);
	ASSERT_EQ(0, cap_give(self->fd, VIRTUAL, RIGHTS_SENDER, self->tx, IT));
	ASSERT_EQ(0, do_create_revoker(self->tx, &(struct capmsg_create_revoker){
		.from = IT, .to = OWN, .revoker = SLOT(9) }));
	ASSERT_EQ(0, cap_copy(self->tx, OWN, PORT, RIGHTS_SENDER));
	ASSERT_EQ(0, do_stat(self->fd, &stat));
	EXPECT_EQ(2, stat.out_send_caps);
	EXPECT_EQ(1, stat.out_mints);
	ASSERT_EQ(0, cap_clear(self->tx, IT));
	ASSERT_EQ(0, cap_clear(self->tx, OWN));
	EXPECT_EQ(0, note_pending(self->fd, NOTE));
	ASSERT_EQ(0, do_revoke(self->tx, &(struct capmsg_revoke){ .revoker = SLOT(9) }));
	EXPECT_EQ(GONE, note_pending(self->fd, NOTE));
	ASSERT_EQ(0, do_stat(self->fd, &stat));
	EXPECT_EQ(0, stat.out_send_caps);
	ASSERT_EQ(0, cap_give(self->fd, VIRTUAL, RIGHTS_SENDER, self->tx, IT));
	ASSERT_EQ(0, do_stat(self->fd, &stat));
	EXPECT_EQ(2, stat.out_mints);
	/* By way of a revoker as well. */
	ASSERT_EQ(0, do_create_revoker(self->fd, &(struct capmsg_create_revoker){
		.from = VIRTUAL, .to = SLOT(17), .revoker = SLOT(18) }));
	stat.address = SLOT(17);
	ASSERT_EQ(0, do_stat(self->fd, &stat));
	EXPECT_EQ(1, stat.out_send_caps);
	EXPECT_EQ(2, stat.out_mints);
	/* Only who can receive sees that. */
	stat.address = IT;
	ASSERT_EQ(0, do_stat(self->tx, &stat));
	EXPECT_EQ(0, stat.out_send_caps);
	EXPECT_EQ(0, stat.out_mints);
}

TEST_F(kind, senders_notice_refused)
{
	struct capmsg_create_virtual create = { .to = VIRTUAL, .handler = HANDLER,
		.kind = CAPMSG_TYPE_PORT, .notification = NOTE };

	ASSERT_EQ(0, do_create_notification(self->fd, &(struct capmsg_create_notification){
		.to = NOTE }));
	EXPECT_EQ(-EINVAL, do_create_virtual(self->fd, &create));
	create.no_senders_bits = GONE;
	create.notification = CAPMSG_ADDRESS_VOID;
	EXPECT_EQ(-EINVAL, do_create_virtual(self->fd, &create));
	create.notification = SLOT(15);
	EXPECT_EQ(-ENOENT, do_create_virtual(self->fd, &create));
	create.notification = HANDLER;
	EXPECT_EQ(-EINVAL, do_create_virtual(self->fd, &create));
	ASSERT_EQ(0, cap_copy(self->fd, NOTE, SLOT(16), CAPMSG_RIGHT_RECV));
	create.notification = SLOT(16);
	EXPECT_EQ(-EACCES, do_create_virtual(self->fd, &create));
	create.notification = NOTE;
	create.kind = CAPMSG_TYPE_REGION;
	EXPECT_EQ(-EINVAL, do_create_virtual(self->fd, &create));
	create.kind = CAPMSG_TYPE_PORT;
	EXPECT_EQ(0, do_create_virtual(self->fd, &create));
}

/* --- creating them ---------------------------------------------------------------------- */

TEST_F(kind, create)
{
	static const unsigned int rights[CAPMSG_TYPE_COUNT] = {
		[CAPMSG_TYPE_CAPPAGE] = RIGHTS_TABLE, [CAPMSG_TYPE_PORT] = RIGHTS_PORT,
		[CAPMSG_TYPE_REGION] = RIGHTS_TABLE,
		[CAPMSG_TYPE_NOTIFICATION] = CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_RECV |
					     CAPMSG_RIGHT_DESTROY,
		[CAPMSG_TYPE_MESSAGE] = CAPMSG_RIGHT_WRITE | CAPMSG_RIGHT_DESTROY,
		[CAPMSG_TYPE_REVOKER] = CAPMSG_RIGHT_WRITE | CAPMSG_RIGHT_DESTROY,
	};
	struct capmsg_list_entry entry;
	unsigned int kind;

	for (kind = 0; kind <= CAPMSG_TYPE_COUNT; kind++) {
		struct capmsg_list list = { .entries = PTR(&entry), .n = 1, .first = 3 };
		struct capmsg_create_virtual arg = { .to = VIRTUAL, .handler = HANDLER,
			.kind = kind };

		if (kind == CAPMSG_TYPE_COUNT || !rights[kind]) {
			EXPECT_EQ(-EOPNOTSUPP, do_create_virtual(self->fd, &arg));
			continue;
		}
		ASSERT_EQ(0, do_create_virtual(self->fd, &arg));
		ASSERT_EQ(0, do_list(self->fd, &list));
		EXPECT_EQ(3, entry.slot);
		EXPECT_EQ(kind, entry.type);
		EXPECT_EQ(rights[kind], entry.rights);
		ASSERT_EQ(0, obj_destroy(self->fd, VIRTUAL));
		arg.bits = 8;
		EXPECT_EQ(kind == CAPMSG_TYPE_CAPPAGE ? 0 : -EINVAL,
			  do_create_virtual(self->fd, &arg));
		EXPECT_EQ(0, cap_clear(self->fd, VIRTUAL));
	}
	EXPECT_EQ(0, asked(self));
}

TEST_HARNESS_MAIN
