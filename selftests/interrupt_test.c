// SPDX-License-Identifier: GPL-2.0-only
/*
 * interrupt_test.c - whatever stops a task does so at each numbered step of each
 * kind of transfer: the message is there whole, once, or it was never sent; after
 * the commit nothing is sent or answered again. A case is interrupt.TRANSFER.WHAT.
 *
 * Needs the test hooks of the instrumented build.
 */
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define GROUP	"/sys/fs/cgroup/capmsg-interrupt"
#define STEPS	7
#define COMMIT	6		/* the step that delivers */
#define RX	100		/* descriptors of the two spaces */
#define TX	101
#define PORT	SLOT(1)		/* in both */
#define REGION	SLOT(2)		/* in both */
#define TABLE	SLOT(3)		/* in both: what is sent, and landing slots from 0x10 on */
#define MESSAGE	SLOT(4)		/* of the sender */
#define LENGTH	(17 * PAGE)	/* two chunks */
#define HALF	200		/* answered, and then interrupted */

enum kind { SEND, CALL, REPLY, REPLY_RECV, STEPWISE };

FIXTURE(interrupt) {
	char *target;		/* of the receiver of what is sent or answered */
	char *source;
	int gate[2];
	int signal_flags;
	pid_t pid;		/* who sends, calls or answers */
	struct capmsg_record record;
	struct capmsg_call call;
	struct job caller;	/* of what is answered */
};

FIXTURE_VARIANT(interrupt) {
	enum kind kind;
	unsigned int length;
	unsigned int n_items;
};

FIXTURE_VARIANT_ADD(interrupt, send) {
	.kind = SEND, .length = LENGTH,
};

FIXTURE_VARIANT_ADD(interrupt, send_capabilities) {
	.kind = SEND, .length = LENGTH, .n_items = 2,
};

FIXTURE_VARIANT_ADD(interrupt, send_short) {
	.kind = SEND, .length = 100,
};

FIXTURE_VARIANT_ADD(interrupt, call) {
	.kind = CALL, .length = LENGTH, .n_items = 2,
};

FIXTURE_VARIANT_ADD(interrupt, call_short) {
	.kind = CALL, .length = 100,
};

FIXTURE_VARIANT_ADD(interrupt, reply) {
	.kind = REPLY, .length = LENGTH, .n_items = 2,
};

FIXTURE_VARIANT_ADD(interrupt, reply_short) {
	.kind = REPLY, .length = 100,
};

FIXTURE_VARIANT_ADD(interrupt, reply_recv) {
	.kind = REPLY_RECV, .length = LENGTH, .n_items = 2,
};

FIXTURE_VARIANT_ADD(interrupt, reply_recv_short) {
	.kind = REPLY_RECV, .length = 100,
};

FIXTURE_VARIANT_ADD(interrupt, message) {
	.kind = STEPWISE, .length = LENGTH, .n_items = 2,
};

FIXTURE_VARIANT_ADD(interrupt, message_short) {
	.kind = STEPWISE, .length = 100,
};

static int scene_new(FIXTURE_DATA(interrupt) *self, const FIXTURE_VARIANT(interrupt) *variant);

FIXTURE_SETUP(interrupt)
{
	ASSERT_EQ(0, pipe(self->gate));
	self->target = memory_new(2 * LENGTH, true);
	self->source = memory_new(LENGTH, false);
	pattern_fill(self->source, LENGTH, 1);
	self->signal_flags = -1;
	mkdir(GROUP, 0755);
	ASSERT_EQ(0, scene_new(self, variant));
}

FIXTURE_TEARDOWN(interrupt)
{
	file_write(HOOK, "off");
	CAPMSG_TEARDOWN();
	EXPECT_EQ(0, rmdir(GROUP));
}

#define interruption FIXTURE_DATA(interrupt)
#define transfer FIXTURE_VARIANT(interrupt)

static bool is_answer(const transfer *variant)
{
	return variant->kind == REPLY || variant->kind == REPLY_RECV;
}

/* The steps that it goes through; the bytes of a short message were read in step 1. */
static bool has_step(const transfer *variant, unsigned int step)
{
	return variant->length > CAPMSG_INLINE_MAX || step < 3 || step >= COMMIT;
}

/* --- the scene ------------------------------------------------------------------------ */

static const struct capmsg_item cargo[2] = {
	{ .address = SLOT2(3, 0), .rights = CAPMSG_RIGHTS_ALL },
	{ .address = SLOT2(3, 1), .rights = CAPMSG_RIGHTS_ALL },
};

static int space_fill(int fd, char *region)
{
	/* Pinned pages would be copied whenever a process is forked. */
	madvise(region, 2 * LENGTH, MADV_DONTFORK);
	return region_create(fd, REGION, region, 2 * LENGTH) ?:
	       cappage_create(fd, TABLE, 8) ?: port_marked(fd, SLOT2(3, 0), 50) ?:
	       port_marked(fd, SLOT2(3, 1), 51);
}

static int scene_new(interruption *self, const transfer *variant)
{
	int rx = space_new(), tx = space_new(), ret;

	if (rx < 0 || tx < 0 || dup2(rx, RX) != RX || dup2(tx, TX) != TX)
		return -EBADF;
	close(rx);
	close(tx);
	ret = port_create(RX, PORT, 1) ?: cap_give(RX, PORT, RIGHTS_SENDER, TX, PORT);
	ret = ret ?: space_fill(is_answer(variant) ? TX : RX, self->target);
	ret = ret ?: space_fill(is_answer(variant) ? RX : TX, memory_new(2 * LENGTH, true));
	if (variant->kind == STEPWISE)
		ret = ret ?: do_create_message(TX, &(struct capmsg_create_message){
			.to = MESSAGE });
	return ret;
}

/* A post that suits what is sent. */
static int scene_post(interruption *self, const transfer *variant)
{
	int ret;

	memset(self->target, POISON, 2 * LENGTH);
	ret = cap_clear(RX, SLOT2(3, 0x10)) ?: cap_clear(RX, SLOT2(3, 0x11));
	if (!ret && variant->length > CAPMSG_INLINE_MAX)
		ret = post_any(RX, PORT, REGION, LENGTH, LENGTH, SLOT2(3, 0x10), 2);
	return ret < 0 ? ret : 0;
}

/* Somebody calls, and has been received. */
static int scene_call(interruption *self)
{
	char data[CAPMSG_INLINE_MAX];

	memset(self->target, POISON, 2 * LENGTH);
	self->call = call_make(PORT, "?", 1, NULL, LENGTH);
	self->call.flags = CAPMSG_CALL_REGION;
	self->call.reply_region = REGION;
	self->call.reply_data = LENGTH;
	self->call.reply_landing = SLOT2(3, 0x10);
	self->call.reply_max_caps = 2;
	return cap_clear(TX, SLOT2(3, 0x10)) ?: cap_clear(TX, SLOT2(3, 0x11)) ?:
	       JOB_START(&self->caller, TX, call, CALL, &self->call) ?:
	       msg_recv(RX, PORT, &self->record, data);
}

/* --- who is interrupted ----------------------------------------------------------------- */

struct actor {
	interruption *self;
	const transfer *variant;
};

static int act_send(interruption *self, const transfer *variant)
{
	return do_send(TX, &(struct capmsg_send){
		.to = PORT, .data = PTR(self->source), .length = variant->length,
		.items = PTR(cargo), .n_items = variant->n_items, .deadline = patience() });
}

static int act_call(interruption *self, const transfer *variant)
{
	char answer[8];
	struct capmsg_call call = call_make(PORT, self->source, variant->length, answer, 8);

	call.items = PTR(cargo);
	call.n_items = variant->n_items;
	return do_call(TX, &call) ?: memcmp(answer, "fine", 4) ? -EBADMSG : 0;
}

static int act_reply(interruption *self, const transfer *variant)
{
	return do_reply(RX, &(struct capmsg_reply){
		.flags = CAPMSG_REPLY_POST, .to = PORT, .data = PTR(self->source),
		.length = variant->length, .items = PTR(cargo), .n_items = variant->n_items,
		.post = self->record.out_post, .seq = self->record.out_seq });
}

static int act_reply_recv(interruption *self, const transfer *variant)
{
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_record record = { .data = PTR(data), .data_size = sizeof(data) };
	struct capmsg_reply_recv loop = {
		.flags = CAPMSG_REPLY_POST, .to = PORT, .data = PTR(self->source),
		.length = variant->length, .items = PTR(cargo), .n_items = variant->n_items,
		.post = self->record.out_post, .seq = self->record.out_seq, .port = PORT,
		.records = PTR(&record), .n_records = 1, .deadline = patience() };
	int ret = do_reply_recv(RX, &loop);

	if (ret == -EINTR && loop.flags & CAPMSG_REPLY_NONE)
		return HALF;
	return ret ?: memcmp(data, "next", 4) ? -EBADMSG : 0;
}

static int act_stepwise(interruption *self, const transfer *variant)
{
	struct capmsg_begin begin = { .message = MESSAGE, .to = PORT,
		.length = variant->length, .max_caps = variant->n_items, .deadline = patience() };
	struct capmsg_transmit transmit = { .message = MESSAGE, .length = variant->length,
		.items = PTR(cargo), .n_items = variant->n_items, .deadline = patience() };
	const unsigned int half = variant->length / 2;
	struct capmsg_fill fill = { .message = MESSAGE, .offset = half,
		.data = PTR(self->source) + half, .length = variant->length - half };
	int ret = do_begin(TX, &begin) ?: do_fill(TX, &fill);

	fill = (struct capmsg_fill){ .message = MESSAGE, .data = PTR(self->source),
		.length = half };
	return ret ?: do_fill(TX, &fill) ?: do_transmit(TX, &transmit);
}

static int act(void *data)
{
	struct actor *actor = data;
	interruption *self = actor->self;
	char byte;

	/* What the other side does is not for this process to keep alive. */
	close(is_answer(actor->variant) ? TX : RX);
	if (self->signal_flags >= 0)
		signal_ignore(SIGUSR1, self->signal_flags);
	if (read(self->gate[0], &byte, 1) != 1)
		return 255;
	switch (actor->variant->kind) {
	case SEND:
		return act_send(self, actor->variant);
	case CALL:
		return act_call(self, actor->variant);
	case REPLY:
		return act_reply(self, actor->variant);
	case REPLY_RECV:
		return act_reply_recv(self, actor->variant);
	default:
		return act_stepwise(self, actor->variant);
	}
}

static bool hook_says(const char *word)
{
	char text[64] = "";
	int fd = open(HOOK, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return !strncmp(text, word, strlen(word));
}

/* Has somebody parked at @step. */
static int park(interruption *self, const transfer *variant, unsigned int step)
{
	struct actor actor = { self, variant };
	char text[32];
	int ret = is_answer(variant) ? scene_call(self) : scene_post(self, variant);

	if (ret)
		return ret;
	self->pid = child_start(act, &actor, KEEP_ALL);
	snprintf(text, sizeof(text), "%u %d\n", step, self->pid);
	ret = file_write(HOOK, text);
	if (ret || write(self->gate[1], "x", 1) != 1)
		return ret ?: -EIO;
	return WAIT_UNTIL(CAPMSG_PATIENCE_MS, hook_says("parked")) ? 0 : -ETIME;
}

/* --- what has come of it ------------------------------------------------------------------ */

/* The bytes and capabilities of a message, in the space of who got it. */
static int whole(interruption *self, const transfer *variant, int fd, const void *data)
{
	unsigned int i;

	if (pattern_check(data, variant->length, 1) != -1 ||
	    bytes_check(self->target, LENGTH, POISON) != -1)
		return -EBADF;
	for (i = 0; i < variant->n_items; i++)
		if (cap_mark(fd, SLOT2(3, 0x10 + i)) != 50 + i)
			return -EBADE;
	return 1;
}

/* 1: the whole message is there, once; 0: none; else something is wrong. */
static int sent(interruption *self, const transfer *variant)
{
	char data[CAPMSG_INLINE_MAX], more[CAPMSG_INLINE_MAX];
	struct capmsg_record second;
	int ret = msg_poll(RX, PORT, &self->record, data);

	if (ret)
		return ret == -EAGAIN ? 0 : ret;
	if (self->record.out_length != variant->length || self->record.out_error ||
	    self->record.out_n_caps != variant->n_items)
		return -EBADMSG;
	if (msg_poll(RX, PORT, &second, more) != -EAGAIN)
		return -EEXIST;
	return whole(self, variant, RX, variant->length > CAPMSG_INLINE_MAX ?
		     self->target + LENGTH : data);
}

/* The same of an answer; the caller has it at once, or may yet get it. */
static int answered(interruption *self, const transfer *variant)
{
	if (!job_done(&self->caller, 0))
		return 0;
	if (self->caller.ret)
		return self->caller.ret;
	if (self->call.out_length != variant->length || self->call.out_n_caps != variant->n_items)
		return -EBADMSG;
	return whole(self, variant, TX, self->target + LENGTH);
}

/* Whoever answers by now finds no right; or the right is there, and works. */
static int answered_at_last(interruption *self, const transfer *variant)
{
	int ret = msg_reply(RX, PORT, &self->record, "fine", 4);

	/* The post has the next message, if that has come. */
	if (ret == -ENOENT || (ret == -ESTALE && variant->kind == REPLY_RECV))
		return job_join(&self->caller) ?: answered(self, variant);
	ret = ret ?: job_join(&self->caller);
	return ret ?: memcmp(self->target + LENGTH, "fine", 4) ? -EBADMSG : 0;
}

static bool ended(interruption *self)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, self->pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

/* Gives it whatever it waits for, to its end; its exit status, and what was transferred. */
static int finish(interruption *self, const transfer *variant, int *done)
{
	char data[CAPMSG_INLINE_MAX];
	bool next = false;
	int status, ret;

	*done = 0;
	if (variant->kind == CALL) {
		WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			   ended(self) || (*done = sent(self, variant)));
		*done = *done ?: sent(self, variant);
		ret = *done == 1 ? msg_reply(RX, PORT, &self->record, "fine", 4) : 0;
		status = child_wait(self->pid, CAPMSG_PATIENCE_MS);
		/* An answer that comes before the caller has noticed why it ends counts. */
		return ret == 0 || (ret == -ESTALE && status) ? status : ret;
	}
	if (variant->kind == REPLY_RECV) {
		WAIT_UNTIL(CAPMSG_PATIENCE_MS, ended(self) || job_done(&self->caller, 0));
		next = !ended(self) && msg_send(TX, PORT, "next", 4) == 0;
	}
	status = child_wait(self->pid, CAPMSG_PATIENCE_MS);
	/* Whoever was interrupted before it came has left it there. */
	if (next && status)
		msg_poll(RX, PORT, &(struct capmsg_record){ }, data);
	*done = is_answer(variant) ? answered_at_last(self, variant) : sent(self, variant);
	return status;
}

/* The port is free, and takes the next message of this kind. */
static int works_on(interruption *self, const transfer *variant)
{
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_stat stat;
	int ret;

	if (variant->kind == STEPWISE)
		ret = do_abandon(TX, &(struct capmsg_abandon){ .message = MESSAGE });
	else
		ret = 0;
	ret = ret ?: cap_stat(RX, PORT, &stat);
	if (ret || stat.out_claimed || stat.out_filled || stat.out_senders)
		return ret ?: -EBUSY;
	if (is_answer(variant))
		return msg_try(TX, PORT, "on", 2) ?: msg_poll(RX, PORT, &self->record, data);
	if (stat.out_posted && variant->length > CAPMSG_INLINE_MAX)
		ret = post_take(RX, PORT, 0);
	ret = ret ?: scene_post(self, variant);
	ret = ret ?: act_send(self, variant);
	return ret ?: sent(self, variant) == 1 ? 0 : -EPROTO;
}

/* --- expectations -------------------------------------------------------------------------- */

/* What ends the command for good: never sent, or sent once, and it says which. */
static bool fits_interrupted(const transfer *variant, unsigned int step, int status, int done)
{
	/* The signal may come when the first of several commands is as good as done. */
	const bool early = has_step(variant, 5) && step < COMMIT && variant->kind != STEPWISE;
	const bool late = step > COMMIT;

	if (done < 0 || done > 1 || (late && !done) || (early && done))
		return false;
	if (!done)
		return status == EINTR;
	/* A call that was sent is over, but if its answer has come before that. */
	return status == 0 || status == (variant->kind == CALL ? EINTR :
					 variant->kind == REPLY_RECV ? HALF : 0);
}

static bool fits_killed(const transfer *variant, unsigned int step, int status, int done)
{
	const bool late = step > COMMIT, early = has_step(variant, 5) && step < COMMIT;

	return status == 1000 + SIGKILL && (done == 0 || done == 1) &&
	       !(late && !done) && !(early && done);
}

/* What lets it go on: sent once; a call that waited for its answer is over. */
static bool fits_restarted(const transfer *variant, unsigned int step, int status, int done)
{
	if (variant->kind == CALL && status == EINTR)
		return done == 1 && (step >= COMMIT || !has_step(variant, 5));
	return status == 0 && done == 1;
}

#define EXPECT_FIT(fits) do {							\
	int done_, status_ = finish(self, variant, &done_);			\
										\
	EXPECT_TRUE(fits(variant, step, status_, done_))			\
		TH_LOG("step %u: status %d, done %d", step, status_, done_);	\
	EXPECT_EQ(0, works_on(self, variant))					\
		TH_LOG("step %u", step);					\
} while (0)

/* The step after @step, or 0. */
static unsigned int next_step(const transfer *variant, unsigned int step)
{
	do {
		step++;
	} while (step <= STEPS && !has_step(variant, step));
	return step <= STEPS ? step : 0;
}

#define FOR_EACH_STEP(step)	for (step = 1; step; step = next_step(variant, step))

/* While it is stopped: it is there whole, or not at all. */
#define EXPECT_WHOLE_OR_NONE() do {						\
	int done_ = is_answer(variant) ? answered(self, variant) : 0;		\
										\
	EXPECT_TRUE(done_ == 0 || done_ == 1)					\
		TH_LOG("step %u: done %d", step, done_);			\
} while (0)

/* --- interruptions --------------------------------------------------------------------------- */

TEST_F_TIMEOUT(interrupt, released, 60)
{
	unsigned int step;

	FOR_EACH_STEP(step) {
		ASSERT_EQ(0, park(self, variant, step))
			TH_LOG("step %u", step);
		/* Of two who answer at the same time one is told to come again. */
		if (is_answer(variant) && has_step(variant, 5) && (step == 5 || step == COMMIT))
			EXPECT_EQ(-EAGAIN, msg_reply(RX, PORT, &self->record, "fine", 4));
		EXPECT_EQ(0, file_write(HOOK, "release\n"));
		EXPECT_FIT(fits_restarted);
	}
}

TEST_F_TIMEOUT(interrupt, signal, 60)
{
	unsigned int step;

	self->signal_flags = 0;
	FOR_EACH_STEP(step) {
		ASSERT_EQ(0, park(self, variant, step));
		ASSERT_EQ(0, kill(self->pid, SIGUSR1));
		EXPECT_FIT(fits_interrupted);
	}
}

TEST_F_TIMEOUT(interrupt, signal_restart, 60)
{
	unsigned int step;

	self->signal_flags = SA_RESTART;
	FOR_EACH_STEP(step) {
		ASSERT_EQ(0, park(self, variant, step));
		ASSERT_EQ(0, kill(self->pid, SIGUSR1));
		EXPECT_FIT(fits_restarted);
	}
}

TEST_F_TIMEOUT(interrupt, sigkill, 60)
{
	unsigned int step;

	FOR_EACH_STEP(step) {
		ASSERT_EQ(0, park(self, variant, step));
		ASSERT_EQ(0, kill(self->pid, SIGKILL));
		EXPECT_FIT(fits_killed);
	}
}

TEST_F_TIMEOUT(interrupt, sigstop, 60)
{
	unsigned int step;
	int status;

	FOR_EACH_STEP(step) {
		ASSERT_EQ(0, park(self, variant, step));
		ASSERT_EQ(0, kill(self->pid, SIGSTOP));
		ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
		ASSERT_TRUE(WIFSTOPPED(status));
		EXPECT_WHOLE_OR_NONE();
		ASSERT_EQ(0, kill(self->pid, SIGCONT));
		EXPECT_FIT(fits_restarted);
	}
}

/* Stops it as a debugger does; after that it goes on by @request. */
static int ptrace_stop(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		return -errno;
	return waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) ? 0 : -ECHILD;
}

TEST_F_TIMEOUT(interrupt, ptrace_continue, 60)
{
	unsigned int step;

	FOR_EACH_STEP(step) {
		ASSERT_EQ(0, park(self, variant, step));
		ASSERT_EQ(0, ptrace_stop(self->pid));
		EXPECT_WHOLE_OR_NONE();
		ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, NULL, NULL));
		EXPECT_FIT(fits_restarted);
	}
}

TEST_F_TIMEOUT(interrupt, ptrace_detach, 60)
{
	unsigned int step;

	FOR_EACH_STEP(step) {
		ASSERT_EQ(0, park(self, variant, step));
		ASSERT_EQ(0, ptrace_stop(self->pid));
		EXPECT_WHOLE_OR_NONE();
		ASSERT_EQ(0, ptrace(PTRACE_DETACH, self->pid, NULL, NULL));
		EXPECT_FIT(fits_restarted);
	}
}

TEST_F_TIMEOUT(interrupt, freezer, 60)
{
	unsigned int step;
	char text[16];

	FOR_EACH_STEP(step) {
		ASSERT_EQ(0, park(self, variant, step));
		snprintf(text, sizeof(text), "%d", self->pid);
		ASSERT_EQ(0, file_write(GROUP "/cgroup.procs", text));
		ASSERT_EQ(0, file_write(GROUP "/cgroup.freeze", "1"));
		ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
				       file_number(GROUP "/cgroup.events", "frozen") == 1));
		EXPECT_WHOLE_OR_NONE();
		ASSERT_EQ(0, file_write(GROUP "/cgroup.freeze", "0"));
		EXPECT_FIT(fits_restarted);
	}
}

/* All of them are skipped together. */
#define main harness_main
TEST_HARNESS_MAIN
#undef main

int main(int argc, char **argv)
{
	if (instrumented())
		return harness_main(argc, argv);
	printf("TAP version 13\n1..0 # SKIP no test hooks\n");
	return KSFT_SKIP;
}
