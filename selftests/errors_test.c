// SPDX-License-Identifier: GPL-2.0-only
/*
 * errors_test.c - errnos that the uapi header documents for a command and that no
 * other test has a reason to provoke. scripts/check-errnos holds all of them
 * against the header.
 */
#include <sys/resource.h>

#include "kselftest_harness.h"
#include "calls.h"
#include "handler.h"

#define MAX_OBJECTS	"/sys/module/capmsg/parameters/max_objects"
#define FILE_MAX	"/proc/sys/fs/file-max"
#define TABLE		SLOT(0x20)
#define SERVER		SLOT(0x21)	/* a port that is called, from the same space */
#define LANDED(n)	SLOT2(0x20, n)

FIXTURE(errors) {
	struct calls calls;
	int fd;
	char *memory;
	char answer[CAPMSG_INLINE_MAX];
	struct capmsg_record record;
	struct capmsg_call call;
	struct job job;
};

FIXTURE_SETUP(errors)
{
	ASSERT_EQ(0, calls_new(&self->calls));
	self->fd = self->calls.fd;
	self->memory = memory_new(2 * PAGE, true);
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, port_create(self->fd, SERVER, 2));
}

FIXTURE_TEARDOWN(errors)
{
	CAPMSG_TEARDOWN();
}

/* --- what a user may have ------------------------------------------------------------- */

/* Commands that make an object, or a file. */
static const unsigned int creating[] = {
	CAPMSG_CMD_CREATE_CAPPAGE, CAPMSG_CMD_CREATE_PORT, CAPMSG_CMD_REGISTER, CAPMSG_CMD_EXPORT,
	CAPMSG_CMD_CREATE_NOTIFICATION, CAPMSG_CMD_CREATE_MESSAGE, CAPMSG_CMD_CREATE_REVOKER,
	CAPMSG_CMD_WATCH, CAPMSG_CMD_CREATE_VIRTUAL,
};

TEST_F(errors, over_quota)
{
	const __u64 state = call_state(&self->calls);
	char old[32];
	unsigned int i;
	union any *a;

	snprintf(old, sizeof(old), "%lld", file_number(MAX_OBJECTS, NULL));
	ASSERT_EQ(0, file_write(MAX_OBJECTS, "1"));
	for (i = 0; i < ARRAY_SIZE(creating); i++) {
		a = call_fill(&self->calls, creating[i]);
		EXPECT_EQ(-EDQUOT, capmsg_do(self->fd, creating[i], a))
			TH_LOG("command %u", creating[i]);
	}
	ASSERT_EQ(0, file_write(MAX_OBJECTS, old));
	EXPECT_EQ(state, call_state(&self->calls));
}

/* Room for an answer is pinned like a region. */
static int call_with_locked_memory(void *memory)
{
	int fd = space_new();
	struct capmsg_call call = call_make(PORT, "?", 1, memory, PAGE);

	if (fd < 0 || port_create(fd, PORT, 1) ||
	    setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 0, 0 }))
		return 240;
	return do_call(fd, &call) == -EDQUOT ? 0 : 241;
}

TEST_F(errors, call_over_memlock)
{
	EXPECT_EQ(0, child_as(1000, call_with_locked_memory, self->memory));
}

/* The system is out of files, but for root; a descriptor that is there can be used. */
static int export_without_system_files(void *go)
{
	int fd = space_new(), ret;
	char byte;

	if (fd < 0 || port_create(fd, PORT, 1) || setresuid(1000, 1000, 1000))
		return 240;
	ret = write(((int *)go)[1], "x", 1) == 1 && read(((int *)go)[2], &byte, 1) == 1;
	return ret ? -cap_export(fd, PORT, CAPMSG_RIGHTS_ALL) : 241;
}

TEST_F(errors, system_without_files)
{
	int go[4];
	char old[32], byte;
	pid_t pid;

	snprintf(old, sizeof(old), "%lld", file_number(FILE_MAX, NULL));
	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, pipe(go + 2));
	/* The child writes to the first pipe and reads from the second. */
	pid = child_start(export_without_system_files, go, KEEP_ALL);
	ASSERT_EQ(1, read(go[0], &byte, 1));
	ASSERT_EQ(0, file_write(FILE_MAX, "0"));
	EXPECT_EQ(1, write(go[3], "x", 1));
	EXPECT_EQ(ENFILE, child_wait(pid, CAPMSG_PATIENCE_MS));
	ASSERT_EQ(0, file_write(FILE_MAX, old));
}

/* --- calls and answers ------------------------------------------------------------------ */

static int call_received(FIXTURE_DATA(errors) *self)
{
	self->call = call_make(SERVER, "?", 1, self->answer, 8);
	return JOB_START(&self->job, self->fd, call, CALL, &self->call) ?:
	       msg_recv(self->fd, SERVER, &self->record, self->calls.m->entries);
}

static struct capmsg_reply_recv reply_recv_make(FIXTURE_DATA(errors) *self, __u32 flags)
{
	return (struct capmsg_reply_recv){
		.flags = flags | CAPMSG_REPLY_POST, .to = SERVER, .port = SERVER,
		.post = self->record.out_post, .seq = self->record.out_seq,
		.records = PTR(&self->calls.m->record), .n_records = 1 };
}

static struct capmsg_send send_make(__u64 to, const struct capmsg_item *item)
{
	return (struct capmsg_send){ .to = to, .items = PTR(item), .n_items = 1,
		.flags = CAPMSG_NONBLOCK };
}

static int right_move(FIXTURE_DATA(errors) *self, __u64 to)
{
	return do_move(self->fd, &(struct capmsg_move){ .flags = CAPMSG_MOVE_POST,
		.from = SERVER, .to = to, .post = self->record.out_post,
		.seq = self->record.out_seq });
}

/* A message in steps with that item, from its beginning. */
static int transmit(int fd, const struct capmsg_item *item)
{
	struct capmsg_begin begin = { .message = MESSAGE, .to = SPARE, .max_caps = 1 };
	struct capmsg_transmit arg = { .message = MESSAGE, .items = PTR(item), .n_items = 1,
		.flags = CAPMSG_NONBLOCK };

	return do_begin(fd, &begin) ?: do_transmit(fd, &arg);
}

/* A reply right that came with a message which is yet to be received is in no slot yet. */
TEST_F(errors, right_in_message)
{
	struct capmsg_item item = { TARGET, CAPMSG_RIGHTS_ALL, CAPMSG_ITEM_MOVE };
	struct capmsg_call other = call_make(SERVER, "?", 1, self->answer + 8, 8);
	struct capmsg_call with_item = { .to = SPARE, .items = PTR(&item), .n_items = 1 };
	struct capmsg_send send = send_make(PORT, &item);
	struct capmsg_reply_recv loop;
	struct capmsg_reply reply;
	struct job job;

	ASSERT_EQ(0, call_received(self));
	ASSERT_EQ(0, right_move(self, TARGET));
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, LANDED(0), 1));
	ASSERT_EQ(0, do_send(self->fd, &send));
	ASSERT_EQ(0, JOB_START(&job, self->fd, call, CALL, &other));
	ASSERT_EQ(0, msg_recv(self->fd, SERVER, &self->record, self->calls.m->entries));
	item.address = LANDED(0);
	send = send_make(SPARE, &item);
	EXPECT_EQ(-EBUSY, do_send(self->fd, &send));
	EXPECT_EQ(-EBUSY, do_call(self->fd, &with_item));
	EXPECT_EQ(-EBUSY, transmit(self->fd, &item));
	loop = reply_recv_make(self, CAPMSG_NONBLOCK);
	loop.items = PTR(&item);
	loop.n_items = 1;
	EXPECT_EQ(-EBUSY, do_reply_recv(self->fd, &loop));
	reply = (struct capmsg_reply){ .flags = CAPMSG_REPLY_POST, .to = SERVER,
		.items = PTR(&item), .n_items = 1, .post = loop.post, .seq = loop.seq };
	EXPECT_EQ(-EBUSY, do_reply(self->fd, &reply));
	ASSERT_EQ(0, obj_destroy(self->fd, SERVER));
	EXPECT_EQ(-EPIPE, job_join(&job));
	ASSERT_EQ(0, obj_destroy(self->fd, TABLE));
	EXPECT_EQ(-EPIPE, job_join(&self->job));
}

TEST_F(errors, reply_recv)
{
	struct capmsg_item item = { .address = SPARE, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_send send = send_make(SERVER, &item);
	struct capmsg_reply_recv loop;
	__u32 repost = 1;

	ASSERT_EQ(0, call_received(self));
	loop = reply_recv_make(self, 0);
	loop.data = PTR(self->memory);
	loop.length = 9;
	EXPECT_EQ(-EMSGSIZE, do_reply_recv(self->fd, &loop));
	ASSERT_EQ(0, cap_copy(self->fd, SERVER, TARGET, CAPMSG_RIGHT_SEND));
	loop = reply_recv_make(self, 0);
	loop.port = TARGET;
	EXPECT_EQ(-EACCES, do_reply_recv(self->fd, &loop));
	/* A repost of what is posted; of what has a landing slot that is not void. */
	loop = reply_recv_make(self, CAPMSG_REPLY_NONE);
	loop.reposts = PTR(&repost);
	loop.n_reposts = 1;
	EXPECT_EQ(-EBUSY, do_reply_recv(self->fd, &loop));
	ASSERT_EQ(1, post_any(self->fd, SERVER, 0, 0, 0, LANDED(0), 1));
	ASSERT_EQ(0, do_send(self->fd, &send));
	ASSERT_EQ(0, msg_poll(self->fd, SERVER, &self->calls.m->record, NULL));
	EXPECT_EQ(-EEXIST, do_reply_recv(self->fd, &loop));
	loop = reply_recv_make(self, CAPMSG_REPLY_NONE);
	loop.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, do_reply_recv(self->fd, &loop));
	EXPECT_EQ(0, msg_reply(self->fd, SERVER, &self->record, "fine", 4));
	EXPECT_EQ(0, job_join(&self->job));
}

/* --- on the way to an object --------------------------------------------------------------- */

#define CLOSED		SLOT(0x30)	/* the table, through a revoker that is closed */
#define GATE		SLOT(0x31)	/* that revoker */
#define ADDRESS(name, NAME, field)						\
	{ CAPMSG_CMD_##NAME, offsetof(struct capmsg_##name, field), 0 }
#define ADDRESS_NONBLOCK(name, NAME, field)					\
	{ CAPMSG_CMD_##NAME, offsetof(struct capmsg_##name, field), CAPMSG_NONBLOCK }

/* An address of every command that takes any. */
static const struct {
	unsigned int nr, offset, nonblock;
} addresses[] = {
	ADDRESS(create_cappage, CREATE_CAPPAGE, to), ADDRESS(create_port, CREATE_PORT, to),
	ADDRESS(register, REGISTER, to), ADDRESS(unregister, UNREGISTER, region),
	ADDRESS(copy, COPY, from), ADDRESS(move, MOVE, to), ADDRESS(clear, CLEAR, slot),
	ADDRESS(stat, STAT, address), ADDRESS(list, LIST, table),
	ADDRESS(destroy, DESTROY, address), ADDRESS(post, POST, port),
	ADDRESS(unpost, UNPOST, port), ADDRESS_NONBLOCK(send, SEND, to),
	ADDRESS_NONBLOCK(recv, RECV, port), ADDRESS_NONBLOCK(call, CALL, to),
	ADDRESS(reply, REPLY, to), ADDRESS_NONBLOCK(reply_recv, REPLY_RECV, port),
	ADDRESS(export, EXPORT, from), ADDRESS(import, IMPORT, to),
	ADDRESS(create_notification, CREATE_NOTIFICATION, to),
	ADDRESS(create_message, CREATE_MESSAGE, to), ADDRESS(create_revoker, CREATE_REVOKER, from),
	ADDRESS(watch, WATCH, address), ADDRESS(revoke, REVOKE, revoker),
	ADDRESS(close, CLOSE, revoker), ADDRESS(open, OPEN, revoker),
	ADDRESS_NONBLOCK(begin, BEGIN, to), ADDRESS(fill, FILL, message),
	ADDRESS_NONBLOCK(transmit, TRANSMIT, message), ADDRESS(abandon, ABANDON, message),
	ADDRESS(credits, CREDITS, to), ADDRESS(signal, SIGNAL, notification),
	ADDRESS_NONBLOCK(wait, WAIT, notification), ADDRESS(limits, LIMITS, port),
	ADDRESS(create_cappage, CREATE_CAPPAGE, keeper),
	ADDRESS(create_virtual, CREATE_VIRTUAL, to),
	ADDRESS(create_virtual, CREATE_VIRTUAL, handler),
	ADDRESS(create_virtual, CREATE_VIRTUAL, original),
	ADDRESS(upcalls, UPCALLS, port), ADDRESS(abort, ABORT, port),
	ADDRESS(invalidate, INVALIDATE, port), ADDRESS(invalidate, INVALIDATE, object),
};

/* All of them wait until it is opened, or a signal comes; or do not want to wait. */
TEST_F(errors, closed_revoker)
{
	const __u64 state = call_state(&self->calls);
	const __u64 address = SLOT2(0x30, 1);
	struct job job;
	unsigned int i;
	union any *a;

	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, do_create_revoker(self->fd, &(struct capmsg_create_revoker){
		.from = TABLE, .to = CLOSED, .revoker = GATE }));
	ASSERT_EQ(0, do_close(self->fd, &(struct capmsg_close){ .revoker = GATE }));
	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		const unsigned int nr = addresses[i].nr;

		a = call_fill(&self->calls, nr);
		memcpy(a->bytes + addresses[i].offset, &address, 8);
		if (addresses[i].nonblock)
			EXPECT_EQ(-EAGAIN, capmsg_do(self->fd, nr, a))
				TH_LOG("command %u", nr);
		a->query.flags &= ~addresses[i].nonblock;
		ASSERT_EQ(0, job_start(&job, self->fd, nr, a));
		EXPECT_TRUE(job_blocked(&job))
			TH_LOG("command %u", nr);
		job_signal(&job, SIGUSR1);
		EXPECT_EQ(-EINTR, job_join(&job))
			TH_LOG("command %u", nr);
	}
	ASSERT_EQ(0, obj_destroy(self->fd, GATE));
	EXPECT_EQ(state, call_state(&self->calls));
}

/* --- handlers ------------------------------------------------------------------------------- */

#define PLAYED		SLOT(0x32)	/* a virtual table */
#define PLAYER		SLOT(0x33)	/* the port of its handler */

static int virtual_new(FIXTURE_DATA(errors) *self)
{
	return handler_port(self->fd, PLAYER, 4) ?:
	       virtual_create(self->fd, PLAYED, PLAYER, 0, 8);
}

static void decide_retry(struct handler *handler, const struct upcall *up, struct verdict *v)
{
	say_retry(v);
}

/* Nobody is led in a circle for ever; those who do not want to wait are not led at all. */
TEST_F(errors, endless_retry)
{
	struct handler handler = { .fd = self->fd, .port = PLAYER, .decide = decide_retry };
	const __u64 state = call_state(&self->calls), address = SLOT2(0x32, 1);
	unsigned int i;
	union any *a;

	ASSERT_EQ(0, virtual_new(self));
	ASSERT_EQ(0, handler_start(&handler));
	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		const unsigned int nr = addresses[i].nr;

		a = call_fill(&self->calls, nr);
		memcpy(a->bytes + addresses[i].offset, &address, 8);
		atomic_store(&handler.upcalls, 0);
		if (addresses[i].nonblock)
			EXPECT_EQ(-EAGAIN, capmsg_do(self->fd, nr, a))
				TH_LOG("command %u", nr);
		EXPECT_EQ(0, atomic_load(&handler.upcalls));
		a->query.flags &= ~addresses[i].nonblock;
		EXPECT_EQ(-ELOOP, capmsg_do(self->fd, nr, a))
			TH_LOG("command %u", nr);
		EXPECT_EQ(CAPMSG_UPCALLS_MAX, atomic_load(&handler.upcalls))
			TH_LOG("command %u", nr);
		EXPECT_EQ(0, atomic_load(&handler.refused));
	}
	handler_stop(&handler);
	ASSERT_EQ(0, obj_destroy(self->fd, PLAYER));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, PLAYED));
	EXPECT_EQ(state, call_state(&self->calls));
}

/* Who is the only one that could answer does not ask. */
TEST_F(errors, asks_itself)
{
	struct capmsg_recv recv = { .flags = CAPMSG_NONBLOCK | CAPMSG_RECV_DECLARE,
		.port = PLAYER, .records = PTR(&self->record), .n_records = 1 };
	const __u64 state = call_state(&self->calls), address = SLOT2(0x32, 1);
	unsigned int i;
	union any *a;

	ASSERT_EQ(0, virtual_new(self));
	ASSERT_EQ(-EAGAIN, do_recv(self->fd, &recv));
	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		const unsigned int nr = addresses[i].nr;

		a = call_fill(&self->calls, nr);
		memcpy(a->bytes + addresses[i].offset, &address, 8);
		a->query.flags &= ~addresses[i].nonblock;
		EXPECT_EQ(-EDEADLK, capmsg_do(self->fd, nr, a))
			TH_LOG("command %u", nr);
	}
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PLAYER, &self->record, NULL));
	ASSERT_EQ(0, obj_destroy(self->fd, PLAYER));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, PLAYED));
	EXPECT_EQ(state, call_state(&self->calls));
}

/* An answer that would need an upcall itself is refused, and the right is kept. */
TEST_F(errors, answer_by_upcall)
{
	struct capmsg_resolution resolution = { .size = sizeof(resolution),
		.result = CAPMSG_RESULT_VALUE, .bits = 8 };
	struct capmsg_item item = { .address = SLOT2(0x32, 2), .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_stat stat = { .address = SLOT2(0x32, 1) };
	struct capmsg_reply_recv loop;
	struct upcall up;

	ASSERT_EQ(0, virtual_new(self));
	ASSERT_EQ(0, JOB_START(&self->job, self->fd, stat, STAT, &stat));
	ASSERT_EQ(0, upcall_recv(self->fd, PLAYER, &up));
	self->record = up.record;
	loop = reply_recv_make(self, CAPMSG_NONBLOCK);
	loop.to = PLAYER;
	loop.port = PLAYER;
	loop.data = PTR(&resolution);
	loop.length = sizeof(resolution);
	loop.items = PTR(&item);
	loop.n_items = 1;
	EXPECT_EQ(-EDEADLK, do_reply_recv(self->fd, &loop));
	EXPECT_TRUE(job_blocked(&self->job));
	item.address = TABLE;
	EXPECT_EQ(-EAGAIN, do_reply_recv(self->fd, &loop));
	EXPECT_EQ(CAPMSG_REPLY_NONE, loop.flags & CAPMSG_REPLY_NONE);
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, stat.out_type);
}

TEST_HARNESS_MAIN
