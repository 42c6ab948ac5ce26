// SPDX-License-Identifier: GPL-2.0-only
/*
 * interrupt_upcall_test.c - whatever stops a task does so while its command waits for
 * the answer to an upcall, before that has reached its handler and afterwards. Nothing
 * has happened yet: the command ends, or begins again and asks again, and has its
 * effect once. Who answers the upcall from before that is told that it is too late.
 *
 * As interrupt_test.c, but needs no hooks: the handler takes its time.
 */
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "handler.h"

#define GROUP	"/sys/fs/cgroup/capmsg-interrupt-upcall"
#define RX	100		/* descriptors of the two spaces: of the handler ... */
#define TX	101		/* ... and of the client */
#define POSTS	2		/* of the handler */
/* In the handler's space. */
#define HANDLER	SLOT(1)
#define VIRTUAL	SLOT(2)
#define INBOX	SLOT(3)		/* a port, that is behind every address */
/* In the client's. */
#define TABLE	SLOT(3)
#define THERE	SLOT2(3, 1)

enum kind { STAT, SEND, CALL };

FIXTURE(interrupt_upcall) {
	int signal_flags;
	pid_t pid;		/* whose command waits */
	struct upcall up;
	struct verdict v;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

FIXTURE_VARIANT(interrupt_upcall) {
	enum kind kind;
	bool delivered;
};

FIXTURE_VARIANT_ADD(interrupt_upcall, stat) { .kind = STAT, .delivered = true };
FIXTURE_VARIANT_ADD(interrupt_upcall, stat_in_line) { .kind = STAT };
FIXTURE_VARIANT_ADD(interrupt_upcall, send) { .kind = SEND, .delivered = true };
FIXTURE_VARIANT_ADD(interrupt_upcall, send_in_line) { .kind = SEND };
FIXTURE_VARIANT_ADD(interrupt_upcall, call) { .kind = CALL, .delivered = true };
FIXTURE_VARIANT_ADD(interrupt_upcall, call_in_line) { .kind = CALL };

static int scene_new(void)
{
	int rx = space_new(), tx = space_new();

	if (rx < 0 || tx < 0 || dup2(rx, RX) != RX || dup2(tx, TX) != TX)
		return -EBADF;
	close(rx);
	close(tx);
	return handler_port(RX, HANDLER, POSTS) ?: port_create(RX, INBOX, 2) ?:
	       virtual_create(RX, VIRTUAL, HANDLER, 0, 8) ?:
	       cap_give(RX, VIRTUAL, CAPMSG_RIGHTS_ALL, TX, TABLE);
}

FIXTURE_SETUP(interrupt_upcall)
{
	self->signal_flags = -1;
	mkdir(GROUP, 0755);
	ASSERT_EQ(0, scene_new());
}

FIXTURE_TEARDOWN(interrupt_upcall)
{
	CAPMSG_TEARDOWN();
	EXPECT_EQ(0, rmdir(GROUP));
}

#define scene FIXTURE_DATA(interrupt_upcall)
#define command FIXTURE_VARIANT(interrupt_upcall)

/* --- who is interrupted ----------------------------------------------------------------- */

struct actor {
	scene *self;
	const command *variant;
};

static int act_call(void)
{
	char answer[8];
	struct capmsg_call call = call_make(THERE, "once", 4, answer, sizeof(answer));

	return do_call(TX, &call) ?: memcmp(answer, "fine", 4) ? -EBADMSG : 0;
}

static int act(void *data)
{
	struct actor *actor = data;
	int ret;

	if (actor->self->signal_flags >= 0)
		signal_ignore(SIGUSR1, actor->self->signal_flags);
	switch (actor->variant->kind) {
	case STAT:
		ret = cap_type(TX, THERE);
		return ret == CAPMSG_TYPE_PORT ? 0 : ret;
	case SEND:
		return msg_send(TX, THERE, "once", 4);
	default:
		return act_call();
	}
}

/* The name of the only upcall that is waited for; 0: there is none. */
static __u64 pending(void)
{
	struct capmsg_waiting list[2];
	struct capmsg_upcalls upcalls = { .port = HANDLER, .waiting = PTR(list), .n = 2 };

	if (do_upcalls(RX, &upcalls) || upcalls.out_n > 1)
		return ~0ULL;
	return upcalls.out_n ? list[0].id : 0;
}

/* An upcall that is in line, or has arrived and is not answered. */
static int ask(scene *self, const command *variant)
{
	struct actor actor = { self, variant };
	unsigned int i;
	int ret = 0;

	for (i = 0; i < POSTS && !variant->delivered && !ret; i++)
		ret = msg_try(RX, HANDLER, "full", 4);
	if (ret)
		return ret;
	self->pid = child_start(act, &actor, TX);
	if (variant->delivered)
		return upcall_recv(RX, HANDLER, &self->up);
	/* Twice: it is pending before it sleeps. */
	return WAIT_UNTIL(CAPMSG_PATIENCE_MS, pending() && task_blocked(self->pid) &&
			  (sleep_ms(2), task_blocked(self->pid))) ? 0 : -ETIME;
}

/* --- what has come of it ------------------------------------------------------------------ */

static bool empty(scene *self, __u64 port)
{
	return msg_poll(RX, port, &self->record, self->data) == -EAGAIN;
}

static int answer(scene *self)
{
	say_value(&self->v, INBOX, 8);
	return upcall_answer(RX, HANDLER, &self->up, &self->v);
}

/* Nobody waits for the first upcall any more; and the line is free. */
static int over(scene *self, const command *variant)
{
	unsigned int i;
	int ret = 0;

	if (variant->delivered)
		return answer(self) == -ESTALE ? 0 : -EPROTO;
	for (i = 0; i < POSTS && !ret; i++)
		ret = msg_poll(RX, HANDLER, &self->record, self->data) ?:
		      memcmp(self->data, "full", 4) ? -EBADMSG : 0;
	return ret;
}

/* The command was not carried out, and leaves nothing. */
static int never(scene *self, const command *variant)
{
	struct capmsg_query query = { .flags = 0 };
	int ret = over(self, variant) ?: do_query(TX, &query);

	if (ret || query.out_frames_busy || pending())
		return ret ?: -EBUSY;
	return empty(self, HANDLER) && empty(self, INBOX) ? 0 : -EEXIST;
}

/* The command has asked again; it is answered, carried out, and that once. */
static int once(scene *self, const command *variant)
{
	int ret = over(self, variant) ?: upcall_recv(RX, HANDLER, &self->up) ?: answer(self);

	if (!ret && variant->kind != STAT)
		ret = msg_recv(RX, INBOX, &self->record, self->data) ?:
		      memcmp(self->data, "once", 4) ? -EBADMSG : 0;
	if (!ret && variant->kind == CALL)
		ret = msg_reply(RX, INBOX, &self->record, "fine", 4);
	ret = ret ?: child_wait(self->pid, CAPMSG_PATIENCE_MS);
	return ret ?: empty(self, HANDLER) && empty(self, INBOX) ? 0 : -EEXIST;
}

/* --- interruptions --------------------------------------------------------------------------- */

TEST_F(interrupt_upcall, signal)
{
	self->signal_flags = 0;
	ASSERT_EQ(0, ask(self, variant));
	ASSERT_EQ(0, kill(self->pid, SIGUSR1));
	EXPECT_EQ(EINTR, child_wait(self->pid, CAPMSG_PATIENCE_MS));
	EXPECT_EQ(0, never(self, variant));
}

TEST_F(interrupt_upcall, signal_restart)
{
	__u64 first, next;

	self->signal_flags = SA_RESTART;
	ASSERT_EQ(0, ask(self, variant));
	first = pending();
	ASSERT_EQ(0, kill(self->pid, SIGUSR1));
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, (next = pending()) && next != first));
	EXPECT_EQ(0, once(self, variant));
}

TEST_F(interrupt_upcall, sigkill)
{
	ASSERT_EQ(0, ask(self, variant));
	ASSERT_EQ(0, kill(self->pid, SIGKILL));
	EXPECT_EQ(1000 + SIGKILL, child_wait(self->pid, CAPMSG_PATIENCE_MS));
	EXPECT_EQ(0, never(self, variant));
}

TEST_F(interrupt_upcall, sigstop)
{
	int status;

	ASSERT_EQ(0, ask(self, variant));
	ASSERT_EQ(0, kill(self->pid, SIGSTOP));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(0, pending());
	EXPECT_TRUE(empty(self, INBOX));
	ASSERT_EQ(0, kill(self->pid, SIGCONT));
	EXPECT_EQ(0, once(self, variant));
}

static int ptrace_stop(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		return -errno;
	return waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) ? 0 : -ECHILD;
}

TEST_F(interrupt_upcall, ptrace_continue)
{
	ASSERT_EQ(0, ask(self, variant));
	ASSERT_EQ(0, ptrace_stop(self->pid));
	EXPECT_EQ(0, pending());
	EXPECT_TRUE(empty(self, INBOX));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, NULL, NULL));
	EXPECT_EQ(0, once(self, variant));
}

TEST_F(interrupt_upcall, ptrace_detach)
{
	ASSERT_EQ(0, ask(self, variant));
	ASSERT_EQ(0, ptrace_stop(self->pid));
	EXPECT_EQ(0, pending());
	EXPECT_TRUE(empty(self, INBOX));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, self->pid, NULL, NULL));
	EXPECT_EQ(0, once(self, variant));
}

TEST_F(interrupt_upcall, freezer)
{
	char text[16];

	ASSERT_EQ(0, ask(self, variant));
	snprintf(text, sizeof(text), "%d", self->pid);
	ASSERT_EQ(0, file_write(GROUP "/cgroup.procs", text));
	ASSERT_EQ(0, file_write(GROUP "/cgroup.freeze", "1"));
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       file_number(GROUP "/cgroup.events", "frozen") == 1));
	EXPECT_EQ(0, pending());
	EXPECT_TRUE(empty(self, INBOX));
	ASSERT_EQ(0, file_write(GROUP "/cgroup.freeze", "0"));
	EXPECT_EQ(0, once(self, variant));
}

TEST_HARNESS_MAIN
