// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtual_test.c - cappages that a process plays: what goes through them, what the
 * handler is told, and how waiting for it ends.
 */
#include <sched.h>

#include "kselftest_harness.h"
#include "handler.h"

/* In the handler's space. */
#define HANDLER	SLOT(1)		/* the port */
#define REAL	SLOT(2)		/* a table of 2^8 slots */
#define VIRTUAL	SLOT(3)		/* what stands for it */
#define OTHER	SLOT(4)
/* In the client's. */
#define TABLE	SLOT(3)		/* the virtual table */
#define PORT	SLOT(5)
#define REGION	SLOT(6)
#define NAME	0x1122334455667788ULL

FIXTURE(virtual) {
	int fd;			/* of the handler */
	int tx;			/* of the client */
	__u64 real;
	struct handler handler;
	struct job job;
	struct upcall up;
};

FIXTURE_SETUP(virtual)
{
	ASSERT_EQ(100, dup2(space_new(), 100));
	ASSERT_EQ(101, dup2(space_new(), 101));
	close_range(3, 99, 0);
	self->fd = 100;
	self->tx = 101;
	self->real = REAL;
	ASSERT_EQ(0, handler_port(self->fd, HANDLER, 8));
	ASSERT_EQ(0, cappage_create(self->fd, REAL, 8));
	ASSERT_EQ(0, virtual_create(self->fd, VIRTUAL, HANDLER, NAME, 8));
	ASSERT_EQ(0, cap_give(self->fd, VIRTUAL, CAPMSG_RIGHTS_ALL, self->tx, TABLE));
	self->handler = (struct handler){ .fd = self->fd, .port = HANDLER,
		.decide = decide_pass, .data = &self->real };
}

FIXTURE_TEARDOWN(virtual)
{
	CAPMSG_TEARDOWN();
}

/* A STAT through the table that waits for its handler. */
static int stat_starts(FIXTURE_DATA(virtual) *self, struct capmsg_stat *stat, __u64 address)
{
	*stat = (struct capmsg_stat){ .address = address };
	return JOB_START(&self->job, self->tx, stat, STAT, stat) ?:
	       upcall_recv(self->fd, HANDLER, &self->up);
}

static int answer(FIXTURE_DATA(virtual) *self, const struct verdict *verdict)
{
	return upcall_answer(self->fd, HANDLER, &self->up, verdict);
}

/* --- through the table ------------------------------------------------------------------------ */

TEST_F(virtual, reads_as_a_cappage)
{
	struct capmsg_list_entry entries[8];
	struct capmsg_list list = { .entries = PTR(entries), .n = 8 };
	struct capmsg_stat stat;

	ASSERT_EQ(0, cap_stat(self->tx, TABLE, &stat));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, stat.out_type);
	EXPECT_EQ(RIGHTS_TABLE, stat.out_rights);
	EXPECT_EQ(8, stat.out_bits);
	EXPECT_EQ(0, stat.out_flags);
	ASSERT_EQ(0, do_list(self->tx, &list));
	ASSERT_EQ(1, list.out_n);
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, entries[0].type);
	EXPECT_EQ(0, atomic_load(&self->handler.upcalls));
}

TEST_F(virtual, every_use_of_a_slot)
{
	struct capmsg_list_entry entries[300];
	struct capmsg_list list = { .table = TABLE, .entries = PTR(entries), .n = 300 };
	int file;

	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, 9)));
	EXPECT_EQ(0, port_marked(self->tx, SLOT2(3, 9), 77));
	EXPECT_EQ(-EEXIST, port_create(self->tx, SLOT2(3, 9), 1));
	EXPECT_EQ(77, cap_mark(self->tx, SLOT2(3, 9)));
	/* It is where the handler has said. */
	EXPECT_EQ(77, cap_mark(self->fd, SLOT2(2, 9)));
	EXPECT_EQ(0, cap_copy(self->tx, SLOT2(3, 9), SLOT2(3, 10), CAPMSG_RIGHT_SEND));
	EXPECT_EQ(CAPMSG_RIGHT_SEND, cap_rights(self->tx, SLOT2(3, 10)));
	EXPECT_EQ(0, cap_move(self->tx, SLOT2(3, 10), SLOT2(3, 11)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, 10)));
	EXPECT_EQ(0, cap_move(self->tx, SLOT2(3, 11), SLOT(0x20)));
	EXPECT_EQ(0, cap_move(self->tx, SLOT(0x20), SLOT2(3, 0xff)));
	file = cap_export(self->tx, SLOT2(3, 9), CAPMSG_RIGHTS_ALL);
	ASSERT_LE(0, file);
	EXPECT_EQ(0, cap_import(self->tx, file, SLOT2(3, 0)));
	EXPECT_EQ(0, do_list(self->tx, &list));
	ASSERT_EQ(3, list.out_n);
	EXPECT_EQ(0, list.out_next);
	EXPECT_EQ(0, entries[0].slot);
	EXPECT_EQ(9, entries[1].slot);
	EXPECT_EQ(CAPMSG_TYPE_PORT, entries[1].type);
	EXPECT_EQ(RIGHTS_PORT, entries[1].rights);
	EXPECT_EQ(0xff, entries[2].slot);
	EXPECT_EQ(CAPMSG_RIGHT_SEND, entries[2].rights);
	EXPECT_EQ(0, cap_clear(self->tx, SLOT2(3, 9)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, 9)));
	EXPECT_EQ(0, obj_destroy(self->tx, SLOT2(3, 0)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, 0xff)));
	EXPECT_LT(256, atomic_load(&self->handler.upcalls));
	EXPECT_EQ(0, atomic_load(&self->handler.refused));
	handler_stop(&self->handler);
}

/*
 * The client has its answer, and does not run before the virtual object is destroyed, and
 * no capability names it any more.
 */
TEST_F(virtual, destroyed_when_it_was_answered)
{
	struct sched_param first = { .sched_priority = 1 };
	struct verdict verdict = { .silent = false };
	struct capmsg_stat stat;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	ASSERT_EQ(0, port_create(self->fd, OTHER, 1));
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 9)));
	say_value(&verdict, OTHER, 8);
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &first));
	EXPECT_EQ(0, answer(self, &verdict));
	EXPECT_EQ(0, obj_destroy(self->fd, VIRTUAL));
	EXPECT_EQ(0, cap_clear(self->fd, VIRTUAL));
	EXPECT_EQ(0, cap_clear(self->tx, TABLE));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
}

TEST_F(virtual, messages_and_landing_slots)
{
	struct capmsg_item items[2] = { { .address = SLOT2(3, 1), .rights = CAPMSG_RIGHTS_ALL },
					{ .address = SLOT2(3, 2), .rights = CAPMSG_RIGHTS_ALL } };
	struct capmsg_send send = { .to = SLOT2(3, 1), .data = PTR("hi"), .length = 2,
		.items = PTR(items), .n_items = 2, .deadline = patience() };
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];

	ASSERT_EQ(0, handler_start(&self->handler));
	ASSERT_EQ(0, port_create(self->tx, SLOT2(3, 1), 2));
	ASSERT_EQ(0, port_marked(self->tx, SLOT2(3, 2), 5));
	ASSERT_LE(0, post_any(self->tx, SLOT2(3, 1), 0, 0, 0, SLOT2(3, 0x40), 2));
	/* Reserved, as in a real table. */
	EXPECT_EQ(-EBUSY, port_create(self->tx, SLOT2(3, 0x41), 1));
	/* The last slots of the table are fewer than that. */
	EXPECT_EQ(-EINVAL, post_any(self->tx, SLOT2(3, 1), 0, 0, 0, SLOT2(3, 0xff), 2));
	ASSERT_EQ(0, do_send(self->tx, &send));
	ASSERT_EQ(0, msg_recv(self->tx, SLOT2(3, 1), &record, data));
	EXPECT_EQ(2, record.out_n_caps);
	EXPECT_EQ(2, record.out_length);
	EXPECT_EQ(5, cap_mark(self->tx, SLOT2(3, 0x41)));
	handler_stop(&self->handler);
}

TEST_F(virtual, calls)
{
	struct capmsg_item item = { .address = SLOT2(3, 1), .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_reply reply = { .flags = CAPMSG_REPLY_POST, .to = SLOT2(3, 1),
		.data = PTR("yes"), .length = 3, .items = PTR(&item), .n_items = 1 };
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX], text[64] = "";
	struct capmsg_call call = call_make(SLOT2(3, 1), "ask", 3, text, sizeof(text));

	call.reply_landing = SLOT2(3, 0x50);
	call.reply_max_caps = 1;
	ASSERT_EQ(0, handler_start(&self->handler));
	ASSERT_EQ(0, port_create(self->tx, SLOT2(3, 1), 2));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, call, CALL, &call));
	ASSERT_EQ(0, msg_recv(self->tx, SLOT2(3, 1), &record, data));
	reply.post = record.out_post;
	reply.seq = record.out_seq;
	ASSERT_EQ(0, do_reply(self->tx, &reply));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_STREQ("yes", text);
	EXPECT_EQ(1, call.out_n_caps);
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->tx, SLOT2(3, 0x50)));
	handler_stop(&self->handler);
}

/* --- what the handler is told ----------------------------------------------------------------- */

TEST_F(virtual, upcall_says_all)
{
	struct capmsg_copy copy = { .flags = CAPMSG_COPY_BADGE | CAPMSG_COPY_GUARD |
		CAPMSG_COPY_SUBPAGE, .from = TABLE, .to = SLOT(8), .badge = 42, .guard = 5,
		.guard_bits = 3, .subpage = 2, .subpage_bits = 2, .rights = CAPMSG_RIGHT_READ };
	struct verdict v = { .silent = false };
	struct capmsg_stat stat;

	ASSERT_EQ(0, do_copy(self->tx, &copy));
	/* Slot 8, the guard, and then 7 bits. */
	ASSERT_EQ(0, stat_starts(self, &stat,
				 CAPMSG_ADDRESS((8ULL << 10) | (5ULL << 7) | 0x55, 18)));
	EXPECT_EQ(NAME, self->up.upcall.object);
	EXPECT_EQ(CAPMSG_ADDRESS(0x55, 7), self->up.upcall.address);
	EXPECT_EQ(42, self->up.upcall.badge);
	EXPECT_EQ(5, self->up.upcall.guard);
	EXPECT_EQ(3, self->up.upcall.guard_bits);
	EXPECT_EQ(CAPMSG_UPCALL_BADGED, self->up.upcall.flags);
	EXPECT_EQ(CAPMSG_RIGHT_READ, self->up.upcall.rights);
	EXPECT_EQ(2, self->up.upcall.subpage);
	EXPECT_EQ(2, self->up.upcall.subpage_bits);
	EXPECT_EQ(CAPMSG_CMD_STAT, self->up.upcall.command);
	EXPECT_EQ(0, self->up.upcall.argument);
	EXPECT_EQ(42, self->up.record.out_badge);
	EXPECT_EQ(CAPMSG_RECORD_BADGED, self->up.record.out_flags & CAPMSG_RECORD_BADGED);
	say_value(&v, HANDLER, 7);
	v.item.rights = CAPMSG_RIGHT_SEND;
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_TYPE_PORT, stat.out_type);
	EXPECT_EQ(CAPMSG_RIGHT_SEND, stat.out_rights);
	EXPECT_EQ(0, stat.out_flags);
}

/* What a weak path finds is weak, whoever says what is there. */
TEST_F(virtual, answers_are_weakened)
{
	struct capmsg_copy copy = { .flags = CAPMSG_COPY_WEAK, .from = TABLE, .to = SLOT(8),
		.rights = CAPMSG_RIGHTS_ALL };
	struct verdict v = { .silent = false };
	struct capmsg_stat stat;

	ASSERT_EQ(0, do_copy(self->tx, &copy));
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(8, 1)));
	EXPECT_EQ(RIGHTS_TABLE | CAPMSG_RIGHT_WEAK, self->up.upcall.rights);
	say_value(&v, REAL, 8);
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WEAK, stat.out_rights);
	/* And no slot found that way can be written. */
	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(-EACCES, port_create(self->tx, SLOT2(8, 1), 1));
	EXPECT_EQ(0, port_create(self->tx, SLOT2(3, 1), 1));
	handler_stop(&self->handler);
}

/* The rights of the client and those of the handler count. */
TEST_F(virtual, rights_of_both)
{
	ASSERT_EQ(0, handler_start(&self->handler));
	ASSERT_EQ(0, port_create(self->tx, SLOT2(3, 1), 1));
	ASSERT_EQ(0, cap_copy(self->tx, TABLE, SLOT(8), CAPMSG_RIGHT_READ));
	ASSERT_EQ(0, cap_copy(self->tx, TABLE, SLOT(9), CAPMSG_RIGHT_WRITE));
	EXPECT_EQ(-EACCES, cap_clear(self->tx, SLOT2(8, 1)));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->tx, SLOT2(8, 1)));
	EXPECT_EQ(-EACCES, cap_type(self->tx, SLOT2(9, 1)));
	EXPECT_EQ(-EACCES, cap_copy(self->tx, SLOT2(9, 1), SLOT(10), CAPMSG_RIGHTS_ALL));
	/* To be used it needs neither. */
	EXPECT_EQ(0, msg_send(self->tx, SLOT2(9, 1), "x", 1));
	EXPECT_EQ(0, cap_copy(self->fd, REAL, OTHER, CAPMSG_RIGHT_READ));
	handler_stop(&self->handler);
	self->real = OTHER;
	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(-EACCES, cap_clear(self->tx, SLOT2(3, 1)));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->tx, SLOT2(3, 1)));
	handler_stop(&self->handler);
}

/* --- answers ---------------------------------------------------------------------------------- */

struct answer_row {
	const char *name;
	struct capmsg_resolution resolution;
	__u64 item;
	int result;
};

TEST_F(virtual, bad_answers_are_refused)
{
	const struct answer_row rows[] = {
		{ "nothing", { .result = 0 }, 0, -EINVAL },
		{ "no result", { .result = CAPMSG_RESULT_COUNT }, 0, -EINVAL },
		{ "flags", { .flags = 2, .result = CAPMSG_RESULT_RETRY }, 0, -EOPNOTSUPP },
		{ "reserved", { .result = CAPMSG_RESULT_RETRY, .__reserved = 1 }, 0, -EINVAL },
		{ "value without item", { .result = CAPMSG_RESULT_VALUE, .bits = 8 }, 0, -EINVAL },
		{ "no bits", { .result = CAPMSG_RESULT_VALUE }, REAL, -EINVAL },
		{ "too many bits", { .result = CAPMSG_RESULT_VALUE, .bits = 9 }, REAL, -EINVAL },
		{ "all bits", { .result = CAPMSG_RESULT_VALUE, .bits = ~0U }, REAL, -EINVAL },
		{ "void item", { .result = CAPMSG_RESULT_VALUE, .bits = 8 }, SLOT(9), -ENOENT },
		{ "value with slot", { .result = CAPMSG_RESULT_VALUE, .bits = 8, .slot = 1 },
		  REAL, -EINVAL },
		{ "value with error", { .result = CAPMSG_RESULT_VALUE, .bits = 8, .error = 2 },
		  REAL, -EINVAL },
		{ "slot of a port", { .result = CAPMSG_RESULT_SLOT, .bits = 8 }, HANDLER, -EINVAL },
		{ "slot of a virtual table", { .result = CAPMSG_RESULT_SLOT, .bits = 8 },
		  VIRTUAL, -EINVAL },
		{ "slot outside", { .result = CAPMSG_RESULT_SLOT, .bits = 8, .slot = 256 },
		  REAL, -EINVAL },
		{ "slots outside", { .result = CAPMSG_RESULT_SLOT, .bits = 8, .slot = 255,
				     .n_slots = 2 }, REAL, -EINVAL },
		{ "slots all over", { .result = CAPMSG_RESULT_SLOT, .bits = 8, .slot = 255,
				      .n_slots = ~0U }, REAL, -EINVAL },
		{ "named through a virtual table", { .result = CAPMSG_RESULT_VALUE, .bits = 8 },
		  SLOT2(3, 1), -EDEADLK },
		{ "retry with item", { .result = CAPMSG_RESULT_RETRY }, REAL, -EINVAL },
		{ "retry with bits", { .result = CAPMSG_RESULT_RETRY, .bits = 1 }, 0, -EINVAL },
		{ "no error", { .result = CAPMSG_RESULT_ERROR }, 0, -EINVAL },
		{ "an error of others", { .result = CAPMSG_RESULT_ERROR, .error = EIO }, 0,
		  -EINVAL },
		{ "error with item", { .result = CAPMSG_RESULT_ERROR, .error = ENOENT }, REAL,
		  -EINVAL },
	};
	struct capmsg_stat stat;
	struct verdict v;
	size_t i;

	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 1)));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		v = (struct verdict){ .resolution = rows[i].resolution,
			.item = { .address = rows[i].item, .rights = CAPMSG_RIGHTS_ALL } };
		EXPECT_EQ(rows[i].result, answer(self, &v))
			TH_LOG("%s", rows[i].name);
		EXPECT_TRUE(job_blocked(&self->job));
	}
	/* Other bytes than a struct capmsg_resolution. */
	EXPECT_EQ(-EINVAL, msg_reply(self->fd, HANDLER, &self->up.record, "hello", 5));
	EXPECT_TRUE(job_blocked(&self->job));
	/* A right answer is still taken; a second one is not. */
	say_value(&v, REAL, 8);
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, stat.out_type);
	EXPECT_EQ(-ENOENT, answer(self, &v));
}

/* A value is no slot. But it can lead to one. */
TEST_F(virtual, slot_is_wanted)
{
	struct capmsg_clear clear = { .slot = SLOT2(3, 1) };
	struct verdict v = { .silent = false };

	ASSERT_EQ(0, JOB_START(&self->job, self->tx, clear, CLEAR, &clear));
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	EXPECT_EQ(CAPMSG_UPCALL_SLOT, self->up.upcall.flags);
	say_value(&v, REAL, 8);
	EXPECT_EQ(-EINVAL, answer(self, &v));
	say_slot(&v, REAL, 1, 8);
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(0, job_join(&self->job));

	clear.slot = CAPMSG_ADDRESS(0x30199, 24);
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, clear, CLEAR, &clear));
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	say_value(&v, REAL, 8);
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(0, job_join(&self->job));
}

TEST_F(virtual, errors_of_the_handler)
{
	struct verdict v = { .silent = false };
	struct capmsg_stat stat;

	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 1)));
	say_error(&v, EACCES);
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(-EACCES, job_join(&self->job));
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 1)));
	say_error(&v, ENOENT);
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
}

static void decide_retry(struct handler *handler, const struct upcall *up, struct verdict *v)
{
	say_retry(v);
}

/* Every answer takes one bit, and leads to the same table again. */
static void decide_again(struct handler *handler, const struct upcall *up, struct verdict *v)
{
	say_value(v, VIRTUAL, 1);
}

TEST_F(virtual, bounded)
{
	__u64 address;

	self->handler.decide = decide_retry;
	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(-ELOOP, cap_type(self->tx, SLOT2(3, 1)));
	EXPECT_EQ(CAPMSG_UPCALLS_MAX, atomic_load(&self->handler.upcalls));
	handler_stop(&self->handler);
	self->handler.decide = decide_again;
	ASSERT_EQ(0, handler_start(&self->handler));
	/* 8 bits for the slot, then as many as there may be upcalls. */
	address = CAPMSG_ADDRESS(3ULL << CAPMSG_UPCALLS_MAX, 8 + CAPMSG_UPCALLS_MAX);
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, cap_type(self->tx, address));
	address = CAPMSG_ADDRESS(3ULL << (CAPMSG_UPCALLS_MAX + 1), 9 + CAPMSG_UPCALLS_MAX);
	EXPECT_EQ(-ELOOP, cap_type(self->tx, address));
	handler_stop(&self->handler);
}

/* --- how waiting ends ------------------------------------------------------------------------- */

TEST_F(virtual, does_not_wait)
{
	struct capmsg_send send = { .flags = CAPMSG_NONBLOCK, .to = SLOT2(3, 1) };

	EXPECT_EQ(-EAGAIN, do_send(self->tx, &send));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, HANDLER, &self->up.record, &self->up.upcall));
}

TEST_F(virtual, deadline)
{
	struct verdict v = { .silent = false };

	EXPECT_EQ(-ETIMEDOUT, send_until(self->tx, SLOT2(3, 1), self->fd, HANDLER));
	/* An answer that comes too late is told so. */
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	say_value(&v, HANDLER, 8);
	EXPECT_EQ(-ESTALE, answer(self, &v));
	EXPECT_EQ(-ENOENT, answer(self, &v));
}

TEST_F(virtual, reply_right_dropped)
{
	struct capmsg_clear clear = { .flags = CAPMSG_CLEAR_POST, .slot = HANDLER };
	struct capmsg_stat stat;

	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 1)));
	clear.post = self->up.record.out_post;
	clear.seq = self->up.record.out_seq;
	ASSERT_EQ(0, do_clear(self->fd, &clear));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
}

TEST_F(virtual, handler_ends)
{
	struct capmsg_stat stat;

	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 1)));
	ASSERT_EQ(0, obj_destroy(self->fd, HANDLER));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, TABLE));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, 1)));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, VIRTUAL));
}

TEST_F(virtual, handler_closes)
{
	struct capmsg_stat stat;

	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 1)));
	close(self->fd);
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, TABLE));
}

/* Before the upcall is received, and after. */
TEST_F(virtual, object_ends)
{
	struct capmsg_stat stat = { .address = SLOT2(3, 1) };
	int i;

	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 1)));
	ASSERT_EQ(0, obj_destroy(self->fd, VIRTUAL));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	/* Others of the same handler live. */
	ASSERT_EQ(0, virtual_create(self->fd, VIRTUAL, HANDLER, 1, 8));
	ASSERT_EQ(0, cap_give(self->fd, VIRTUAL, CAPMSG_RIGHTS_ALL, self->tx, TABLE));
	/* One post holds the reply right of a call that is over. */
	for (i = 0; i < 7; i++)
		ASSERT_EQ(0, msg_try(self->fd, HANDLER, "full", 4));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, stat, STAT, &stat));
	ASSERT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, obj_destroy(self->fd, VIRTUAL));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(0, cap_stat(self->fd, HANDLER, &stat));
	EXPECT_EQ(0, stat.out_senders);
}

TEST_F(virtual, revoked)
{
	struct capmsg_create_revoker create = { .from = TABLE, .to = SLOT(8), .revoker = SLOT(9) };
	struct capmsg_stat stat = { .address = SLOT2(8, 1) };

	ASSERT_EQ(0, do_create_revoker(self->tx, &create));
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(8, 1)));
	ASSERT_EQ(0, do_revoke(self->tx, &(struct capmsg_revoke){ .revoker = SLOT(9) }));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT(8)));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, cap_type(self->tx, TABLE));
}

/* Lists the table through a revoker of its own, SLOT(9), until the handler is asked. */
static int list_starts(FIXTURE_DATA(virtual) *self, struct capmsg_list *list)
{
	struct capmsg_create_revoker create = { .from = TABLE, .to = SLOT(8), .revoker = SLOT(9) };

	return do_create_revoker(self->tx, &create) ?:
	       JOB_START(&self->job, self->tx, list, LIST, list) ?:
	       upcall_recv(self->fd, HANDLER, &self->up);
}

/* LIST begins at the table itself, and waits there as others do on their way. */
TEST_F(virtual, listed_through_a_closed_revoker)
{
	struct capmsg_list_entry entries[4];
	struct capmsg_list list = { .table = SLOT(8), .entries = PTR(entries), .n = 4 };

	ASSERT_EQ(0, list_starts(self, &list));
	ASSERT_EQ(0, do_close(self->tx, &(struct capmsg_close){ .revoker = SLOT(9) }));
	ASSERT_EQ(0, handler_start(&self->handler));
	ASSERT_EQ(0, upcall_answer(self->fd, HANDLER, &self->up, &(struct verdict){
		.resolution = { .result = CAPMSG_RESULT_ERROR, .error = ENOENT } }));
	EXPECT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, do_open(self->tx, &(struct capmsg_open){ .revoker = SLOT(9) }));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(0, list.out_n);
	handler_stop(&self->handler);
}

/* As one that is real: there what is revoked does not look like void slots either. */
TEST_F(virtual, listed_until_it_is_revoked)
{
	struct capmsg_list_entry entries[4];
	struct capmsg_list list = { .table = SLOT(8), .entries = PTR(entries), .n = 4 };

	ASSERT_EQ(0, list_starts(self, &list));
	ASSERT_EQ(0, do_revoke(self->tx, &(struct capmsg_revoke){ .revoker = SLOT(9) }));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
}

TEST_F(virtual, interrupted)
{
	struct verdict v = { .silent = false };
	struct capmsg_stat stat;

	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 1)));
	job_signal(&self->job, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&self->job));
	say_value(&v, REAL, 8);
	EXPECT_EQ(-ESTALE, answer(self, &v));
	/* Begun again, if the signal's handler lets it: then it asks again. */
	signal_ignore(SIGUSR1, SA_RESTART);
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 1)));
	job_signal(&self->job, SIGUSR1);
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(0, job_join(&self->job));
}

static int child_stat(void *arg)
{
	return cap_type(*(int *)arg, SLOT2(3, 1));
}

TEST_F(virtual, client_is_killed)
{
	struct verdict v = { .silent = false };
	pid_t pid = child_start(child_stat, &self->tx, self->tx);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	say_value(&v, REAL, 8);
	EXPECT_EQ(-ESTALE, answer(self, &v));
}

/* More operations than the space has frames: they wait for one, and get it. */
static void *stat_thread(void *arg)
{
	return (void *)(long)cap_type(*(int *)arg, SLOT2(3, 1));
}

TEST_F(virtual, more_operations_than_frames)
{
	int fd = space_open();
	pthread_t threads[20];
	void *ret;
	int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, do_setup(fd, &(struct capmsg_setup){ .frames = 2 }));
	ASSERT_EQ(0, cap_give(self->fd, VIRTUAL, CAPMSG_RIGHTS_ALL, fd, TABLE));
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, stat_thread, &fd));
	sleep_ms(20);
	ASSERT_EQ(0, handler_start(&self->handler));
	for (i = 0; i < 20; i++) {
		pthread_join(threads[i], &ret);
		EXPECT_EQ(-ENOENT, (long)ret);
	}
	EXPECT_EQ(20, atomic_load(&self->handler.upcalls));
	handler_stop(&self->handler);
}

/* --- answers that are remembered -------------------------------------------------------------- */

static void decide_cached(struct handler *handler, const struct upcall *up, struct verdict *v)
{
	decide_pass(handler, up, v);
	if (v->resolution.result == CAPMSG_RESULT_SLOT)
		v->resolution.flags = CAPMSG_RESOLUTION_CACHE;
}

static int cached_table(FIXTURE_DATA(virtual) *self, unsigned int bits)
{
	self->handler.decide = decide_cached;
	return do_create_virtual(self->fd, &(struct capmsg_create_virtual){ .to = OTHER,
			.handler = HANDLER, .kind = CAPMSG_TYPE_CAPPAGE, .bits = 8,
			.cache_bits = bits }) ?:
	       cap_give(self->fd, OTHER, CAPMSG_RIGHTS_ALL, self->tx, SLOT(8)) ?:
	       handler_start(&self->handler);
}

static int invalidate(FIXTURE_DATA(virtual) *self, __u64 address,
		      struct capmsg_invalidate *arg)
{
	*arg = (struct capmsg_invalidate){ .port = HANDLER, .object = OTHER,
		.address = address };
	return do_invalidate(self->fd, arg);
}

TEST_F(virtual, cached)
{
	struct capmsg_invalidate arg;
	struct capmsg_send send = { .flags = CAPMSG_NONBLOCK, .to = SLOT2(8, 1) };

	ASSERT_EQ(0, cached_table(self, 8));
	ASSERT_EQ(0, port_create(self->tx, SLOT2(8, 1), 1));
	EXPECT_EQ(1, atomic_load(&self->handler.upcalls));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->tx, SLOT2(8, 1)));
	/* Who does not wait need not. */
	EXPECT_EQ(0, do_send(self->tx, &send));
	EXPECT_EQ(0, cap_clear(self->tx, SLOT2(8, 1)));
	EXPECT_EQ(1, atomic_load(&self->handler.upcalls));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(8, 0x11)));
	EXPECT_EQ(2, atomic_load(&self->handler.upcalls));
	/* Another badge is somebody else. */
	ASSERT_EQ(0, cap_badge(self->tx, SLOT(8), SLOT(9), 5));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(9, 1)));
	EXPECT_EQ(3, atomic_load(&self->handler.upcalls));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(9, 1)));
	EXPECT_EQ(3, atomic_load(&self->handler.upcalls));
	/* One of them is below 0x1_, two below 0x0_. */
	ASSERT_EQ(0, invalidate(self, CAPMSG_ADDRESS(1, 4), &arg));
	EXPECT_EQ(1, arg.out_dropped);
	EXPECT_EQ(256, arg.out_entries);
	EXPECT_LE(4, arg.out_hits);
	EXPECT_LE(3, arg.out_misses);
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(8, 1)));
	EXPECT_EQ(3, atomic_load(&self->handler.upcalls));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(8, 0x11)));
	EXPECT_EQ(4, atomic_load(&self->handler.upcalls));
	ASSERT_EQ(0, invalidate(self, CAPMSG_ADDRESS_VOID, &arg));
	EXPECT_EQ(3, arg.out_dropped);
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(8, 1)));
	EXPECT_EQ(5, atomic_load(&self->handler.upcalls));
	handler_stop(&self->handler);
}

/* The badge itself counts, and not only whether there is one. */
TEST_F(virtual, cached_for_a_badge)
{
	ASSERT_EQ(0, cached_table(self, 8));
	ASSERT_EQ(0, cap_badge(self->tx, SLOT(8), SLOT(9), 5));
	ASSERT_EQ(0, cap_badge(self->tx, SLOT(8), SLOT(10), 6));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(9, 1)));
	EXPECT_EQ(1, atomic_load(&self->handler.upcalls));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(10, 1)));
	EXPECT_EQ(2, atomic_load(&self->handler.upcalls));
	/* Each has its own answer from now on. */
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(9, 1)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(10, 1)));
	EXPECT_EQ(2, atomic_load(&self->handler.upcalls));
	handler_stop(&self->handler);
}

/* More answers than there is room for: each is right, some are asked again. */
TEST_F(virtual, cache_is_bounded)
{
	struct capmsg_invalidate arg;
	int i, round;

	ASSERT_EQ(0, cached_table(self, 2));
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 32; i++) {
			int ret = cap_mark(self->tx, SLOT2(8, i));

			if (!round)
				ret = port_marked(self->tx, SLOT2(8, i), 100 + i) ?: 100 + i;
			EXPECT_EQ(100 + i, ret);
		}
	}
	ASSERT_EQ(0, invalidate(self, CAPMSG_ADDRESS_VOID, &arg));
	EXPECT_EQ(4, arg.out_entries);
	EXPECT_GE(4, arg.out_dropped);
	EXPECT_LE(1, arg.out_dropped);
	handler_stop(&self->handler);
}

/* What was asked for before, and answered after, is not remembered. */
TEST_F(virtual, invalidated_while_asked)
{
	struct capmsg_invalidate arg;
	struct capmsg_stat stat;
	struct verdict v = { .silent = false };

	ASSERT_EQ(0, cached_table(self, 4));
	handler_stop(&self->handler);
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(8, 1)));
	ASSERT_EQ(0, invalidate(self, CAPMSG_ADDRESS_VOID, &arg));
	say_value(&v, REAL, 8);
	v.resolution.flags = CAPMSG_RESOLUTION_CACHE;
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(0, job_join(&self->job));
	arg = (struct capmsg_invalidate){ .flags = CAPMSG_INVALIDATE_NOTHING,
		.port = HANDLER, .object = OTHER };
	ASSERT_EQ(0, do_invalidate(self->fd, &arg));
	EXPECT_EQ(0, arg.out_dropped);
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(8, 1)));
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(0, job_join(&self->job));
	ASSERT_EQ(0, invalidate(self, CAPMSG_ADDRESS_VOID, &arg));
	EXPECT_EQ(1, arg.out_dropped);
}

/* A value that is remembered dies with its object, and is no slot. */
TEST_F(virtual, cached_value)
{
	struct capmsg_clear clear = { .slot = SLOT2(8, 1) };
	struct verdict v = { .silent = false };
	struct capmsg_stat stat;

	ASSERT_EQ(0, cached_table(self, 4));
	handler_stop(&self->handler);
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(8, 1)));
	say_value(&v, REAL, 8);
	v.resolution.flags = CAPMSG_RESOLUTION_CACHE;
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, cap_type(self->tx, SLOT2(8, 1)));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, clear, CLEAR, &clear));
	ASSERT_EQ(0, upcall_recv(self->fd, HANDLER, &self->up));
	say_slot(&v, REAL, 1, 8);
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, cap_type(self->tx, SLOT2(8, 1)));
	ASSERT_EQ(0, obj_destroy(self->fd, REAL));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(8, 1)));
}

TEST_F(virtual, invalidate_errors)
{
	struct capmsg_invalidate good = { .port = HANDLER, .object = VIRTUAL }, arg = good;

	arg.flags = CAPMSG_INVALIDATE_NOTHING;
	arg.address = CAPMSG_ADDRESS(1, 8);
	EXPECT_EQ(-EINVAL, do_invalidate(self->fd, &arg));
	arg = good;
	arg.object = REAL;
	EXPECT_EQ(-EINVAL, do_invalidate(self->fd, &arg));
	ASSERT_EQ(0, handler_port(self->fd, SLOT(8), 1));
	arg = good;
	arg.port = SLOT(8);
	EXPECT_EQ(-EINVAL, do_invalidate(self->fd, &arg));
	ASSERT_EQ(0, cap_copy(self->fd, HANDLER, SLOT(9), CAPMSG_RIGHT_SEND));
	arg.port = SLOT(9);
	EXPECT_EQ(-EACCES, do_invalidate(self->fd, &arg));
	EXPECT_EQ(0, do_invalidate(self->fd, &good));
	EXPECT_EQ(0, good.out_entries);
}

/* --- who waits -------------------------------------------------------------------------------- */

static int waiting(FIXTURE_DATA(virtual) *self, struct capmsg_waiting *list, unsigned int n)
{
	struct capmsg_upcalls arg = { .port = HANDLER, .waiting = PTR(list), .n = n };
	int ret = do_upcalls(self->fd, &arg);

	return ret ?: (int)arg.out_n;
}

static int upcall_end(FIXTURE_DATA(virtual) *self, __u64 id)
{
	return do_abort(self->fd, &(struct capmsg_abort){ .port = HANDLER, .id = id });
}

TEST_F(virtual, upcalls_are_listed_and_aborted)
{
	struct capmsg_stat stat, stat2 = { .address = SLOT2(3, 2) };
	struct capmsg_waiting list[4];
	struct verdict v = { .silent = false };
	struct job job;
	__u64 before = now_ns();

	EXPECT_EQ(0, waiting(self, list, 4));
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 1)));
	ASSERT_EQ(0, JOB_START(&job, self->tx, stat, STAT, &stat2));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(2, waiting(self, list, 4));
	EXPECT_EQ(NAME, list[0].object);
	EXPECT_EQ(CAPMSG_ADDRESS(1, 8), list[0].address);
	EXPECT_EQ(CAPMSG_ADDRESS(2, 8), list[1].address);
	EXPECT_EQ(atomic_load(&self->job.tid), list[0].thread);
	EXPECT_EQ(getuid(), list[0].user);
	EXPECT_EQ(CAPMSG_UPCALL_INDEX, list[0].operation);
	EXPECT_EQ(CAPMSG_WAITING_DELIVERED, list[0].flags);
	/* It counts ticks, and those of a virtual machine may be late. */
	EXPECT_LE(before, list[0].since + 500000000);
	EXPECT_GE(now_ns(), list[1].since);
	EXPECT_NE(list[0].id, list[1].id);
	EXPECT_EQ(1, waiting(self, &list[2], 1));
	EXPECT_EQ(list[0].id, list[2].id);
	EXPECT_EQ(0, upcall_end(self, list[0].id));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(-ENOENT, upcall_end(self, list[0].id));
	EXPECT_EQ(-ESTALE, answer(self, &v));
	EXPECT_TRUE(job_blocked(&job));
	EXPECT_EQ(0, upcall_end(self, list[1].id));
	EXPECT_EQ(-ENOENT, job_join(&job));
	EXPECT_EQ(0, waiting(self, list, 4));
}

/* Whoever answers too late hears that, and asks nobody: it could be itself. */
TEST_F(virtual, late_answer_asks_nobody)
{
	struct capmsg_resolution resolution = { .size = sizeof(resolution),
		.result = CAPMSG_RESULT_VALUE, .bits = 8 };
	struct capmsg_item item = { .address = SLOT2(3, 1), .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_reply reply = { .flags = CAPMSG_REPLY_POST, .to = HANDLER,
		.data = PTR(&resolution), .length = sizeof(resolution),
		.items = PTR(&item), .n_items = 1 };
	struct capmsg_waiting list[1];
	struct capmsg_stat stat;
	struct job job;

	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 1)));
	reply.post = self->up.record.out_post;
	reply.seq = self->up.record.out_seq;
	ASSERT_EQ(0, JOB_START(&job, self->fd, reply, REPLY, &reply));
	EXPECT_EQ(-EDEADLK, job_join(&job));
	ASSERT_EQ(1, waiting(self, list, 1));
	EXPECT_EQ(0, upcall_end(self, list[0].id));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	ASSERT_EQ(0, JOB_START(&job, self->fd, reply, REPLY, &reply));
	EXPECT_EQ(-ESTALE, job_join(&job));
	EXPECT_EQ(0, waiting(self, list, 1));
}

/* It was still waited for when the answer was begun; now another question is in its place. */
TEST_F(virtual, late_answer_to_another_question)
{
	struct capmsg_resolution resolution = { .size = sizeof(resolution),
		.result = CAPMSG_RESULT_VALUE, .bits = 8 };
	struct capmsg_item item = { .address = SLOT(8), .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_reply reply = { .flags = CAPMSG_REPLY_POST, .to = HANDLER,
		.data = PTR(&resolution), .length = sizeof(resolution),
		.items = PTR(&item), .n_items = 1 };
	struct capmsg_waiting list[1];
	struct capmsg_stat stat;
	struct job late;

	ASSERT_EQ(0, port_create(self->fd, OTHER, 1));
	ASSERT_EQ(0, do_create_revoker(self->fd, &(struct capmsg_create_revoker){
		.from = OTHER, .to = SLOT(8), .revoker = SLOT(9) }));
	ASSERT_EQ(0, do_close(self->fd, &(struct capmsg_close){ .revoker = SLOT(9) }));
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 1)));
	reply.post = self->up.record.out_post;
	reply.seq = self->up.record.out_seq;
	ASSERT_EQ(0, JOB_START(&late, self->fd, reply, REPLY, &reply));
	ASSERT_TRUE(job_blocked(&late));
	ASSERT_EQ(1, waiting(self, list, 1));
	ASSERT_EQ(0, upcall_end(self, list[0].id));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(3, 2)));
	ASSERT_EQ(0, do_open(self->fd, &(struct capmsg_open){ .revoker = SLOT(9) }));
	EXPECT_EQ(-ESTALE, job_join(&late));
	ASSERT_EQ(1, waiting(self, list, 1));
	EXPECT_EQ(0, upcall_end(self, list[0].id));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
}

TEST_F(virtual, upcalls_errors)
{
	struct capmsg_waiting list[4];
	struct capmsg_upcalls arg = { .port = OTHER, .waiting = PTR(list), .n = 4 };

	ASSERT_EQ(0, port_create(self->fd, OTHER, 1));
	EXPECT_EQ(-EINVAL, do_upcalls(self->fd, &arg));
	EXPECT_EQ(-EINVAL, do_abort(self->fd, &(struct capmsg_abort){ .port = OTHER }));
	ASSERT_EQ(0, cap_copy(self->fd, HANDLER, SLOT(8), CAPMSG_RIGHT_SEND));
	arg.port = SLOT(8);
	EXPECT_EQ(-EACCES, do_upcalls(self->fd, &arg));
	EXPECT_EQ(-EACCES, do_abort(self->fd, &(struct capmsg_abort){ .port = SLOT(8) }));
	arg.port = HANDLER;
	arg.n = 0;
	EXPECT_EQ(-EINVAL, do_upcalls(self->fd, &arg));
	arg.n = 4097;
	EXPECT_EQ(-EINVAL, do_upcalls(self->fd, &arg));
}

/* --- cycles ----------------------------------------------------------------------------------- */

/* Who answers asks for something itself first: handler->data. */
struct needs {
	int fd;
	__u64 address;
	int result;
};

static void decide_needing(struct handler *handler, const struct upcall *up, struct verdict *v)
{
	struct needs *needs = handler->data;

	needs->result = cap_type(needs->fd, needs->address);
}

TEST_F(virtual, cycle_of_one)
{
	struct needs needs = { self->fd, SLOT2(3, 1) };

	self->handler.decide = decide_needing;
	self->handler.data = &needs;
	self->handler.declared = true;
	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, 1)));
	EXPECT_EQ(-EDEADLK, needs.result);
	handler_stop(&self->handler);
	/* It has exited: nobody knows any more who receives. */
	self->handler.declared = false;
	self->handler.data = &self->real;
	self->handler.decide = decide_pass;
	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(3, 1)));
	handler_stop(&self->handler);
}

/* Around three spaces: the last one is told. */
TEST_F(virtual, cycle_of_three)
{
	struct handler h[3];
	struct needs needs[3];
	int fd[3], i;

	for (i = 0; i < 3; i++) {
		fd[i] = space_new();
		ASSERT_LE(0, fd[i]);
		ASSERT_EQ(0, handler_port(fd[i], HANDLER, 4));
		ASSERT_EQ(0, virtual_create(fd[i], VIRTUAL, HANDLER, i, 8));
	}
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, cap_give(fd[(i + 1) % 3], VIRTUAL, CAPMSG_RIGHTS_ALL, fd[i], OTHER));
		needs[i] = (struct needs){ fd[i], SLOT2(4, 1) };
		h[i] = (struct handler){ .fd = fd[i], .port = HANDLER, .declared = true,
			.decide = decide_needing, .data = &needs[i] };
		ASSERT_EQ(0, handler_start(&h[i]));
	}
	ASSERT_EQ(0, cap_give(fd[0], VIRTUAL, CAPMSG_RIGHTS_ALL, self->tx, SLOT(8)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(8, 1)));
	EXPECT_EQ(-ENOENT, needs[0].result);
	EXPECT_EQ(-ENOENT, needs[1].result);
	EXPECT_EQ(-EDEADLK, needs[2].result);
	for (i = 0; i < 3; i++)
		handler_stop(&h[i]);
}

/* As long as one receiver is left there is no cycle. */
TEST_F(virtual, second_receiver_breaks_the_cycle)
{
	struct needs needs = { self->fd, SLOT2(3, 1) };
	struct handler other = self->handler;

	self->handler.decide = decide_needing;
	self->handler.data = &needs;
	self->handler.declared = true;
	other.declared = true;
	ASSERT_EQ(0, handler_start(&self->handler));
	ASSERT_EQ(0, handler_start(&other));
	/* Both have said it once they have waited in vain. */
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, atomic_load(&self->handler.rounds) &&
			       atomic_load(&other.rounds)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, 1)));
	EXPECT_NE(-EDEADLK, needs.result);
	handler_stop(&self->handler);
	handler_stop(&other);
}

TEST_F(virtual, declaration_errors)
{
	struct capmsg_record record = { .data = 0 };
	struct capmsg_recv recv = { .flags = CAPMSG_NONBLOCK | CAPMSG_RECV_DECLARE,
		.port = OTHER, .records = PTR(&record), .n_records = 1 };

	ASSERT_EQ(0, port_create(self->fd, OTHER, 1));
	EXPECT_EQ(-EINVAL, do_recv(self->fd, &recv));
	recv.port = HANDLER;
	EXPECT_EQ(-EAGAIN, do_recv(self->fd, &recv));
	EXPECT_EQ(-EDEADLK, cap_type(self->tx, SLOT2(3, 1)));
	recv.flags = CAPMSG_NONBLOCK | CAPMSG_RECV_DECLARE | CAPMSG_RECV_WITHDRAW;
	EXPECT_EQ(-EINVAL, do_recv(self->fd, &recv));
	recv.flags = CAPMSG_NONBLOCK | CAPMSG_RECV_WITHDRAW;
	EXPECT_EQ(-EAGAIN, do_recv(self->fd, &recv));
	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, 1)));
	handler_stop(&self->handler);
}

struct declarer {
	pthread_t thread;
	int fd, ret;
	pthread_barrier_t *both;
};

static void *declare_thread(void *arg)
{
	struct declarer *declarer = arg;
	struct capmsg_record record = { .data = 0 };
	struct capmsg_recv recv = { .flags = CAPMSG_RECV_DECLARE, .port = SLOT(8),
		.records = PTR(&record), .n_records = 1, .deadline = in_ms(100) };

	declarer->ret = do_recv(declarer->fd, &recv);
	/* Who ends is no receiver any more, and leaves room. */
	pthread_barrier_wait(declarer->both);
	return NULL;
}

TEST_F(virtual, no_room_to_declare)
{
	struct declarer declarers[2];
	pthread_barrier_t both;
	int i;

	ASSERT_EQ(0, handler_port(self->fd, SLOT(8), 1));
	ASSERT_EQ(0, pthread_barrier_init(&both, NULL, 2));
	for (i = 0; i < 2; i++) {
		declarers[i] = (struct declarer){ .fd = self->fd, .both = &both };
		ASSERT_EQ(0, pthread_create(&declarers[i].thread, NULL, declare_thread,
					    &declarers[i]));
	}
	for (i = 0; i < 2; i++)
		pthread_join(declarers[i].thread, NULL);
	EXPECT_EQ(-EBUSY - ETIMEDOUT, declarers[0].ret + declarers[1].ret);
}

/* --- keepers ---------------------------------------------------------------------------------- */

/* The table is in the client's space, which the handler can use here. */
static void fill(struct handler *handler, const struct upcall *up, unsigned int table,
		 struct verdict *v)
{
	const int *tx = handler->data;

	if (up->upcall.flags == CAPMSG_UPCALL_KEEPER &&
	    port_marked(*tx, SLOT2(table, upcall_bits(up, 8)), 99) == 0)
		say_retry(v);
}

static void decide_fill(struct handler *handler, const struct upcall *up, struct verdict *v)
{
	fill(handler, up, 8, v);
}

static void decide_fill_lowest(struct handler *handler, const struct upcall *up,
			       struct verdict *v)
{
	fill(handler, up, 0x30, v);
}

TEST_F(virtual, keeper_fills)
{
	struct capmsg_list_entry entries[16];
	struct capmsg_list list = { .table = SLOT(8), .entries = PTR(entries), .n = 16 };

	ASSERT_EQ(0, do_create_cappage(self->tx, &(struct capmsg_create_cappage){
		.to = SLOT(8), .bits = 8, .keeper = TABLE }));
	self->handler.decide = decide_fill;
	self->handler.data = &self->tx;
	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(99, cap_mark(self->tx, SLOT2(8, 5)));
	EXPECT_EQ(1, atomic_load(&self->handler.upcalls));
	EXPECT_EQ(99, cap_mark(self->tx, SLOT2(8, 5)));
	EXPECT_EQ(1, atomic_load(&self->handler.upcalls));
	/* To store something into a void slot, or to clear it, needs no keeper; to look too. */
	EXPECT_EQ(0, port_create(self->tx, SLOT2(8, 6), 1));
	EXPECT_EQ(0, cap_clear(self->tx, SLOT2(8, 7)));
	EXPECT_EQ(0, do_list(self->tx, &list));
	EXPECT_EQ(2, list.out_n);
	EXPECT_EQ(1, atomic_load(&self->handler.upcalls));
	/* What has died is void. */
	EXPECT_EQ(0, obj_destroy(self->tx, SLOT2(8, 5)));
	EXPECT_EQ(99, cap_mark(self->tx, SLOT2(8, 5)));
	EXPECT_EQ(2, atomic_load(&self->handler.upcalls));
	handler_stop(&self->handler);
	ASSERT_EQ(0, obj_destroy(self->fd, HANDLER));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(8, 9)));
	EXPECT_EQ(99, cap_mark(self->tx, SLOT2(8, 5)));
}

TEST_F(virtual, keeper_answers)
{
	struct capmsg_copy guarded = { .flags = CAPMSG_COPY_GUARD, .from = TABLE, .to = SLOT(10),
		.rights = RIGHTS_TABLE, .guard = 5, .guard_bits = 3 };
	struct verdict v = { .silent = false };
	struct capmsg_stat stat;

	ASSERT_EQ(0, do_copy(self->tx, &guarded));
	ASSERT_EQ(0, do_create_cappage(self->tx, &(struct capmsg_create_cappage){
		.to = SLOT(8), .bits = 8,
		.keeper = CAPMSG_ADDRESS(10 << 3 | 5, 11) }));
	/* In the middle of an address. */
	ASSERT_EQ(0, port_marked(self->fd, SLOT2(2, 0x44), 5));
	ASSERT_EQ(0, stat_starts(self, &stat, CAPMSG_ADDRESS(0x080144, 24)));
	EXPECT_EQ(CAPMSG_UPCALL_KEEPER, self->up.upcall.flags);
	EXPECT_EQ(CAPMSG_ADDRESS(0x0144, 16), self->up.upcall.address);
	EXPECT_EQ(0, self->up.upcall.guard_bits);
	EXPECT_EQ(0, self->up.upcall.guard);
	say_value(&v, REAL, 8);
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(5, stat.out_max_size);
	/* No more rights than the table was held with. */
	ASSERT_EQ(0, cap_copy(self->tx, SLOT(8), SLOT(9), CAPMSG_RIGHT_WRITE));
	ASSERT_EQ(0, stat_starts(self, &stat, SLOT2(9, 1)));
	EXPECT_EQ(CAPMSG_RIGHT_WRITE, self->up.upcall.rights);
	EXPECT_EQ(0, answer(self, &v));
	EXPECT_EQ(-EACCES, job_join(&self->job));
}

static int kept_create(int fd, __u64 to, __u64 keeper)
{
	return do_create_cappage(fd, &(struct capmsg_create_cappage){ .to = to, .bits = 8,
		.keeper = keeper });
}

TEST_F(virtual, keeper_has_to_be_a_table)
{
	EXPECT_EQ(-ENOENT, kept_create(self->tx, SLOT(8), SLOT(9)));
	ASSERT_EQ(0, port_create(self->tx, SLOT(9), 1));
	EXPECT_EQ(-EINVAL, kept_create(self->tx, SLOT(8), SLOT(9)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT(8)));
}

/* If the table was held weakly, or the keeper, all that is found in the keeper is weak. */
TEST_F(virtual, keeper_is_weak)
{
	const struct capmsg_copy weak = { .flags = CAPMSG_COPY_WEAK, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_copy upper = weak, lower = weak;

	ASSERT_EQ(0, cappage_create(self->tx, SLOT(9), 8));
	ASSERT_EQ(0, cappage_create(self->tx, SLOT2(9, 4), 8));
	ASSERT_EQ(0, kept_create(self->tx, SLOT(8), SLOT(9)));
	upper.from = SLOT(8);
	upper.to = SLOT(10);
	ASSERT_EQ(0, do_copy(self->tx, &upper));
	lower.from = SLOT(9);
	lower.to = SLOT(11);
	ASSERT_EQ(0, do_copy(self->tx, &lower));
	ASSERT_EQ(0, kept_create(self->tx, SLOT(12), SLOT(11)));
	EXPECT_EQ(RIGHTS_TABLE, cap_rights(self->tx, SLOT2(8, 4)));
	EXPECT_EQ(CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WEAK, cap_rights(self->tx, SLOT2(10, 4)));
	EXPECT_EQ(CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WEAK, cap_rights(self->tx, SLOT2(12, 4)));
	EXPECT_EQ(-EACCES, port_create(self->tx, CAPMSG_ADDRESS(0x0a0401, 24), 1));
	EXPECT_EQ(-EACCES, port_create(self->tx, CAPMSG_ADDRESS(0x0c0401, 24), 1));
	EXPECT_EQ(0, port_create(self->tx, CAPMSG_ADDRESS(0x080401, 24), 1));
}

/* One table over another: what is void in the upper one shows what is in the lower one. */
TEST_F(virtual, keeper_lies_under)
{
	struct capmsg_copy weak = { .flags = CAPMSG_COPY_WEAK, .from = SLOT(9), .to = SLOT(11),
		.rights = RIGHTS_TABLE };
	struct capmsg_stat stat;

	ASSERT_EQ(0, cappage_create(self->tx, SLOT(9), 8));
	ASSERT_EQ(0, kept_create(self->tx, SLOT(8), SLOT(9)));
	ASSERT_EQ(0, port_marked(self->tx, SLOT2(9, 1), 11));
	ASSERT_EQ(0, port_marked(self->tx, SLOT2(9, 2), 12));
	ASSERT_EQ(0, port_marked(self->tx, SLOT2(8, 1), 21));
	EXPECT_EQ(21, cap_mark(self->tx, SLOT2(8, 1)));
	EXPECT_EQ(12, cap_mark(self->tx, SLOT2(8, 2)));
	EXPECT_EQ(-ENOENT, cap_mark(self->tx, SLOT2(8, 3)));
	/* What has died shows through; what is stored covers, in the upper one only. */
	ASSERT_EQ(0, obj_destroy(self->tx, SLOT2(8, 1)));
	EXPECT_EQ(11, cap_mark(self->tx, SLOT2(8, 1)));
	ASSERT_EQ(0, port_marked(self->tx, SLOT2(8, 2), 22));
	EXPECT_EQ(22, cap_mark(self->tx, SLOT2(8, 2)));
	EXPECT_EQ(12, cap_mark(self->tx, SLOT2(9, 2)));
	/* In the middle of an address, and to find a slot. */
	ASSERT_EQ(0, cappage_create(self->tx, SLOT2(9, 4), 8));
	ASSERT_EQ(0, port_marked(self->tx, CAPMSG_ADDRESS(0x080405, 24), 13));
	EXPECT_EQ(13, cap_mark(self->tx, CAPMSG_ADDRESS(0x090405, 24)));
	/* No more rights than the upper one was held with, or the keeper was given. */
	ASSERT_EQ(0, cap_copy(self->tx, SLOT(8), SLOT(10), CAPMSG_RIGHT_WRITE));
	EXPECT_EQ(-EACCES, cap_stat(self->tx, SLOT2(10, 1), &stat));
	ASSERT_EQ(0, do_copy(self->tx, &weak));
	ASSERT_EQ(0, kept_create(self->tx, SLOT(12), SLOT(11)));
	EXPECT_EQ(12, cap_mark(self->tx, SLOT2(12, 2)));
	EXPECT_EQ(-EACCES, cap_clear(self->tx, CAPMSG_ADDRESS(0x0c0405, 24)));
	/* It is kept by what it has, not by where that was found. */
	ASSERT_EQ(0, cap_clear(self->tx, SLOT(11)));
	EXPECT_EQ(11, cap_mark(self->tx, SLOT2(12, 1)));
	ASSERT_EQ(0, obj_destroy(self->tx, SLOT(9)));
	EXPECT_EQ(-ENOENT, cap_mark(self->tx, SLOT2(8, 1)));
	EXPECT_EQ(22, cap_mark(self->tx, SLOT2(8, 2)));
}

/* Whoever comes to a slot by way of a part of the table comes to the same in the keeper. */
TEST_F(virtual, keeper_under_a_part)
{
	const struct capmsg_copy part = { .flags = CAPMSG_COPY_SUBPAGE, .from = SLOT(8),
		.to = SLOT(10), .rights = RIGHTS_TABLE, .subpage = 2, .subpage_bits = 2 };
	struct capmsg_copy copy = part;

	ASSERT_EQ(0, cappage_create(self->tx, SLOT(9), 8));
	ASSERT_EQ(0, kept_create(self->tx, SLOT(8), SLOT(9)));
	ASSERT_EQ(0, port_marked(self->tx, SLOT2(9, 0x83), 12));
	ASSERT_EQ(0, port_marked(self->tx, SLOT2(8, 0x84), 13));
	ASSERT_EQ(0, do_copy(self->tx, &copy));
	EXPECT_EQ(12, cap_mark(self->tx, CAPMSG_ADDRESS(10 << 6 | 3, 14)));
	EXPECT_EQ(13, cap_mark(self->tx, CAPMSG_ADDRESS(10 << 6 | 4, 14)));
	EXPECT_EQ(-ENOENT, cap_mark(self->tx, CAPMSG_ADDRESS(10 << 6 | 5, 14)));
	/* The keeper of the whole is a part itself: its first quarter lies under all. */
	copy = part;
	copy.from = SLOT(9);
	copy.to = SLOT(11);
	ASSERT_EQ(0, do_copy(self->tx, &copy));
	ASSERT_EQ(0, kept_create(self->tx, SLOT(12), SLOT(11)));
	ASSERT_EQ(0, cappage_create(self->tx, SLOT2(9, 0x85), 8));
	ASSERT_EQ(0, port_marked(self->tx, CAPMSG_ADDRESS(0x09850a, 24), 14));
	/* Six bits of the slot's eight lead to 0x85, the other two into that, and six more. */
	EXPECT_EQ(14, cap_mark(self->tx, CAPMSG_ADDRESS(0x0c << 14 | 5 << 8 | 0 << 6 | 10, 22)));
	/* An address without room for all bits of that number leads nowhere there. */
	ASSERT_EQ(0, do_create_cappage(self->tx, &(struct capmsg_create_cappage){
		.to = SLOT(13), .bits = 12, .keeper = SLOT(9) }));
	copy = part;
	copy.from = SLOT(13);
	copy.to = SLOT(14);
	copy.subpage_bits = 11;
	copy.subpage = 0x41c;	/* of its two slots the first is 0x838: 0x83, and 8 */
	ASSERT_EQ(0, do_copy(self->tx, &copy));
	ASSERT_EQ(0, obj_destroy(self->tx, SLOT2(9, 0x83)));
	ASSERT_EQ(0, cappage_create(self->tx, SLOT2(9, 0x83), 4));
	ASSERT_EQ(0, port_create(self->tx, CAPMSG_ADDRESS(0x09838, 20), 1));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->tx, CAPMSG_ADDRESS(14 << 1, 9)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, 14ULL << 56 | 1));
}

static void decide_slot_five(struct handler *handler, const struct upcall *up,
			     struct verdict *v)
{
	(void)up;
	say_slot(v, *(__u64 *)handler->data, 5, 8);
}

/* A slot of a kept table that a handler has named has a keeper, too. */
TEST_F(virtual, keeper_under_what_is_named)
{
	self->real = SLOT(9);
	ASSERT_EQ(0, cappage_create(self->fd, SLOT(8), 8));
	ASSERT_EQ(0, kept_create(self->fd, SLOT(9), SLOT(8)));
	ASSERT_EQ(0, port_marked(self->fd, SLOT2(8, 2), 12));
	ASSERT_EQ(0, port_marked(self->fd, SLOT2(8, 5), 15));
	ASSERT_EQ(0, port_marked(self->fd, SLOT2(9, 3), 13));
	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(12, cap_mark(self->tx, SLOT2(3, 2)));
	EXPECT_EQ(13, cap_mark(self->tx, SLOT2(3, 3)));
	EXPECT_EQ(-ENOENT, cap_mark(self->tx, SLOT2(3, 4)));
	/* By the number that it has in the real table. */
	handler_stop(&self->handler);
	self->handler.decide = decide_slot_five;
	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(15, cap_mark(self->tx, SLOT2(3, 2)));
	/* Around in a circle. */
	ASSERT_EQ(0, kept_create(self->fd, SLOT(10), VIRTUAL));
	self->real = SLOT(10);
	EXPECT_EQ(-ELOOP, cap_mark(self->tx, SLOT2(3, 2)));
	handler_stop(&self->handler);
}

/* Keepers of keepers are gone through in one go: so there is an end to it. */
TEST_F(virtual, keepers_of_keepers)
{
	unsigned int i;

	ASSERT_EQ(0, cappage_create(self->tx, SLOT(0x40), 8));
	ASSERT_EQ(0, port_marked(self->tx, SLOT2(0x40, 7), 7));
	for (i = 1; i <= CAPMSG_UPCALLS_MAX + 1; i++)
		ASSERT_EQ(0, kept_create(self->tx, SLOT(0x40 + i), SLOT(0x40 + i - 1)));
	EXPECT_EQ(7, cap_mark(self->tx, SLOT2(0x40 + CAPMSG_UPCALLS_MAX, 7)));
	EXPECT_EQ(-ELOOP, cap_mark(self->tx, SLOT2(0x40 + CAPMSG_UPCALLS_MAX + 1, 7)));
	/* Each hop may come to some; all of them count. */
	ASSERT_EQ(0, cap_copy(self->tx, SLOT(0x50), SLOT2(0x40, 8), RIGHTS_TABLE));
	EXPECT_EQ(7, cap_mark(self->tx, CAPMSG_ADDRESS(0x500807, 24)));
	EXPECT_EQ(-ELOOP, cap_mark(self->tx, CAPMSG_ADDRESS(0x510807, 24)));
	/* A virtual one may be under them. */
	ASSERT_EQ(0, obj_destroy(self->tx, SLOT(0x40)));
	EXPECT_EQ(-ENOENT, cap_mark(self->tx, SLOT2(0x40 + CAPMSG_UPCALLS_MAX + 1, 7)));
	ASSERT_EQ(0, kept_create(self->tx, SLOT(0x30), TABLE));
	ASSERT_EQ(0, kept_create(self->tx, SLOT(0x31), SLOT(0x30)));
	self->handler.decide = decide_fill_lowest;
	self->handler.data = &self->tx;
	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(99, cap_mark(self->tx, SLOT2(0x31, 5)));
	EXPECT_EQ(99, cap_mark(self->tx, SLOT2(0x30, 5)));
	EXPECT_EQ(1, atomic_load(&self->handler.upcalls));
}

/* --- CREATE_VIRTUAL --------------------------------------------------------------------------- */

TEST_F(virtual, create_errors)
{
	struct capmsg_create_virtual good = { .to = SLOT(0x20), .handler = HANDLER,
		.kind = CAPMSG_TYPE_CAPPAGE }, arg;

	ASSERT_EQ(0, port_create(self->fd, SLOT(0x21), 1));
	ASSERT_EQ(0, cap_copy(self->fd, HANDLER, SLOT(0x22), CAPMSG_RIGHT_SEND));
	arg = good;
	arg.handler = SLOT(0x21);
	EXPECT_EQ(-EINVAL, do_create_virtual(self->fd, &arg));
	arg.handler = SLOT(0x22);
	EXPECT_EQ(-EACCES, do_create_virtual(self->fd, &arg));
	arg.handler = SLOT(0x23);
	EXPECT_EQ(-ENOENT, do_create_virtual(self->fd, &arg));
	arg = good;
	arg.to = HANDLER;
	EXPECT_EQ(-EEXIST, do_create_virtual(self->fd, &arg));
	arg = good;
	arg.kind = CAPMSG_TYPE_VIRTUAL;
	EXPECT_EQ(-EOPNOTSUPP, do_create_virtual(self->fd, &arg));
	arg = good;
	arg.bits = 3;
	EXPECT_EQ(-EINVAL, do_create_virtual(self->fd, &arg));
	arg.bits = 13;
	EXPECT_EQ(-EINVAL, do_create_virtual(self->fd, &arg));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT(0x20)));
	EXPECT_EQ(0, do_create_virtual(self->fd, &good));
}

/* Its death is told as that of any other object. */
TEST_F(virtual, watched)
{
	ASSERT_EQ(0, note_create(self->tx, SLOT(8)));
	ASSERT_EQ(0, watch_create(self->tx, TABLE, CAPMSG_ADDRESS_VOID, SLOT(8), 4));
	ASSERT_EQ(0, obj_destroy(self->fd, HANDLER));
	EXPECT_EQ(4, note_wait(self->tx, SLOT(8), 4));
}

TEST_HARNESS_MAIN
