// SPDX-License-Identifier: GPL-2.0-only
/*
 * steps_test.c - a transfer is stopped at each of its numbered steps, and then
 * something happens to one side of it. Whatever that is, the message is there
 * whole or not at all, the port works on, and nothing is left.
 *
 * Needs the test hooks of the instrumented build.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define STEPS	7
#define COMMIT	6		/* the step that delivers */
#define RX	100		/* descriptors of the two spaces */
#define TX	101
#define PORT	SLOT(1)		/* in both */
#define REGION	SLOT(2)
#define TABLE	SLOT(3)		/* landing slots; in the sender's space, cargo */
#define LENGTH	(20 * PAGE)

FIXTURE(steps) {
	char *target;
	char *source;
	int gate[2];
	int tx_signal_flags;
	struct capmsg_record record;
};

FIXTURE_SETUP(steps)
{
	if (!instrumented())
		SKIP(return, "no test hooks");
	ASSERT_EQ(0, pipe(self->gate));
	self->target = memory_new(2 * LENGTH, true);
	self->source = memory_new(LENGTH, false);
	pattern_fill(self->source, LENGTH, 1);
	self->tx_signal_flags = -1;
}

FIXTURE_TEARDOWN(steps)
{
	file_write(HOOK, "off");
	CAPMSG_TEARDOWN();
}

/* --- the scene: two spaces, a post that suits the message, a sender --------------- */

static int scene_post(void)
{
	return post_any(RX, PORT, REGION, LENGTH, LENGTH, SLOT2(3, 0x10), 2);
}

static int scene_new(FIXTURE_DATA(steps) *self)
{
	int rx = space_new(), tx = space_new(), ret;

	if (rx < 0 || tx < 0 || dup2(rx, RX) != RX || dup2(tx, TX) != TX)
		return -EBADF;
	close(rx);
	close(tx);
	ret = port_create(RX, PORT, 1);
	ret = ret ?: cap_give(RX, PORT, RIGHTS_SENDER, TX, PORT);
	ret = ret ?: region_create(RX, REGION, self->target, 2 * LENGTH);
	ret = ret ?: cappage_create(RX, TABLE, 8);
	ret = ret ?: cappage_create(TX, TABLE, 8);
	ret = ret ?: port_marked(TX, SLOT2(3, 0), 50);
	ret = ret ?: port_marked(TX, SLOT2(3, 1), 51);
	memset(self->target, POISON, 2 * LENGTH);
	ret = ret ?: scene_post();
	return ret < 0 ? ret : 0;
}

static const struct capmsg_item cargo[2] = {
	{ .address = SLOT2(3, 0), .rights = CAPMSG_RIGHTS_ALL },
	{ .address = SLOT2(3, 1), .rights = CAPMSG_RIGHTS_ALL },
};

static void wait_at_gate(FIXTURE_DATA(steps) *self)
{
	char byte;

	close(RX);
	if (self->tx_signal_flags >= 0)
		signal_ignore(SIGUSR1, self->tx_signal_flags);
	if (read(self->gate[0], &byte, 1) != 1)
		_exit(255);
}

static int sender(void *data)
{
	FIXTURE_DATA(steps) *self = data;

	wait_at_gate(self);
	return do_send(TX, &(struct capmsg_send){
		.to = PORT, .data = PTR(self->source), .length = LENGTH,
		.items = PTR(cargo), .n_items = 2, .deadline = patience() });
}

static int caller(void *data)
{
	FIXTURE_DATA(steps) *self = data;
	char answer[8];
	struct capmsg_call call = call_make(PORT, self->source, LENGTH, answer, 8);

	wait_at_gate(self);
	call.items = PTR(cargo);
	call.n_items = 2;
	return do_call(TX, &call) ?: memcmp(answer, "fine", 4) ? EBADMSG : 0;
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

/* Starts @fn in a process and has it parked at @step; its pid, or an error. */
static pid_t parked_at(FIXTURE_DATA(steps) *self, int (*fn)(void *), unsigned int step)
{
	char text[32];
	pid_t pid;
	int ret = scene_new(self);

	if (ret)
		return ret;
	pid = child_start(fn, self, KEEP_ALL);
	snprintf(text, sizeof(text), "%u %d\n", step, pid);
	ret = file_write(HOOK, text);
	if (ret || write(self->gate[1], "x", 1) != 1)
		return ret ?: -EIO;
	return WAIT_UNTIL(CAPMSG_PATIENCE_MS, hook_says("parked")) ? pid : -ETIME;
}

static int release(void)
{
	return file_write(HOOK, "release\n");
}

/* 1: the whole message is there; 0: none; else something is wrong. */
static int delivered(FIXTURE_DATA(steps) *self)
{
	int ret = msg_poll(RX, PORT, &self->record, NULL);

	if (ret == -EAGAIN)
		return 0;
	if (ret)
		return ret;
	if (self->record.out_length != LENGTH || self->record.out_n_caps != 2 ||
	    self->record.out_error)
		return -EBADMSG;
	if (cap_mark(RX, SLOT2(3, 0x10)) != 50 || cap_mark(RX, SLOT2(3, 0x11)) != 51)
		return -EBADE;
	if (pattern_check(self->target + LENGTH, LENGTH, 1) != -1 ||
	    bytes_check(self->target, LENGTH, POISON) != -1)
		return -EBADF;
	return msg_poll(RX, PORT, &(struct capmsg_record){ }, NULL) == -EAGAIN ? 1 : -EEXIST;
}

/* The port is free, and takes the next message of this kind. */
static int works_on(FIXTURE_DATA(steps) *self)
{
	struct capmsg_stat stat;
	int ret;

	cap_clear(RX, SLOT2(3, 0x10));
	cap_clear(RX, SLOT2(3, 0x11));
	ret = cap_stat(RX, PORT, &stat);
	if (ret || stat.out_claimed || stat.out_filled || stat.out_senders)
		return ret ?: -EBUSY;
	if (!stat.out_posted && scene_post() < 0)
		return -EIO;
	ret = do_send(TX, &(struct capmsg_send){
		.to = PORT, .data = PTR(self->source), .length = LENGTH,
		.items = PTR(cargo), .n_items = 2, .flags = CAPMSG_NONBLOCK });
	return ret ?: delivered(self) == 1 ? 0 : -EPROTO;
}

/* --- the sender -------------------------------------------------------------------- */

TEST_F(steps, sender_released)
{
	unsigned int step;
	pid_t pid;

	for (step = 1; step <= STEPS; step++) {
		pid = parked_at(self, sender, step);
		ASSERT_LT(0, pid)
			TH_LOG("step %u: %d", step, pid);
		/* Nothing is to be seen before the commit, all of it after. */
		EXPECT_EQ(step > COMMIT, delivered(self));
		EXPECT_EQ(0, release());
		EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
		EXPECT_EQ(step <= COMMIT, delivered(self));
		EXPECT_EQ(0, works_on(self));
	}
}

TEST_F(steps, sender_killed)
{
	unsigned int step;
	pid_t pid;
	int ret;

	for (step = 1; step <= STEPS; step++) {
		pid = parked_at(self, sender, step);
		ASSERT_LT(0, pid);
		EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
		ret = delivered(self);
		EXPECT_TRUE(ret == (step > COMMIT) || (step == COMMIT && ret == 1))
			TH_LOG("step %u: %d", step, ret);
		EXPECT_EQ(0, works_on(self))
			TH_LOG("step %u", step);
	}
}

/* EINTR: it was never sent. Success: it was sent once. */
TEST_F(steps, sender_interrupted)
{
	unsigned int step;
	int result, ret;
	pid_t pid;

	self->tx_signal_flags = 0;
	for (step = 1; step <= STEPS; step++) {
		pid = parked_at(self, sender, step);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, kill(pid, SIGUSR1));
		result = child_wait(pid, CAPMSG_PATIENCE_MS);
		ret = delivered(self);
		EXPECT_TRUE((result == EINTR && ret == 0 && step <= COMMIT) ||
			    (result == 0 && ret == 1))
			TH_LOG("step %u: result %d, delivered %d", step, result, ret);
		EXPECT_EQ(0, works_on(self));
	}
}

TEST_F(steps, sender_restarted)
{
	unsigned int step;
	pid_t pid;

	self->tx_signal_flags = SA_RESTART;
	for (step = 1; step <= STEPS; step++) {
		pid = parked_at(self, sender, step);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, kill(pid, SIGUSR1));
		EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
		EXPECT_EQ(1, delivered(self))
			TH_LOG("step %u", step);
		EXPECT_EQ(0, works_on(self));
	}
}

/* --- the receiver ------------------------------------------------------------------ */

TEST_F(steps, port_destroyed)
{
	unsigned int step;
	pid_t pid;

	for (step = 1; step <= STEPS; step++) {
		pid = parked_at(self, sender, step);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, obj_destroy(RX, PORT));
		EXPECT_EQ(0, release());
		EXPECT_EQ(step <= COMMIT ? ENOENT : 0, child_wait(pid, CAPMSG_PATIENCE_MS))
			TH_LOG("step %u", step);
		/* The landing slots are free again. */
		cap_clear(RX, SLOT2(3, 0x11));
		EXPECT_EQ(0, cap_copy(RX, TABLE, SLOT2(3, 0x11), 0));
	}
}

static int hold(void *unused)
{
	pause();
	return 0;
}

/* The process that has the receiver's space dies. */
TEST_F(steps, receiver_killed)
{
	unsigned int step;
	pid_t pid, holder;

	for (step = 1; step <= STEPS; step++) {
		pid = parked_at(self, sender, step);
		ASSERT_LT(0, pid);
		holder = child_start(hold, NULL, RX);
		ASSERT_EQ(0, close(RX));
		EXPECT_EQ(1000 + SIGKILL, child_kill(holder));
		EXPECT_EQ(0, release());
		EXPECT_EQ(step <= COMMIT ? ENOENT : 0, child_wait(pid, CAPMSG_PATIENCE_MS))
			TH_LOG("step %u", step);
		EXPECT_EQ(-ENOENT, cap_type(TX, PORT));
	}
}

/* UNPOST takes the buffer away; the message arrives in the next post. */
TEST_F(steps, unposted)
{
	unsigned int step;
	pid_t pid;
	int ret;

	for (step = 1; step <= STEPS; step++) {
		pid = parked_at(self, sender, step);
		ASSERT_LT(0, pid);
		ret = post_take(RX, PORT, 0);
		EXPECT_EQ(step <= COMMIT ? 0 : -EBUSY, ret)
			TH_LOG("step %u", step);
		if (!ret) {
			memset(self->target, POISON, 2 * LENGTH);
			EXPECT_EQ(0, cap_copy(RX, TABLE, SLOT2(3, 0x10), 0));
		}
		EXPECT_EQ(0, release());
		if (!ret) {
			EXPECT_EQ(-ETIME, child_wait(pid, 30));
			EXPECT_EQ(-1, bytes_check(self->target, 2 * LENGTH, POISON));
			EXPECT_EQ(0, cap_clear(RX, SLOT2(3, 0x10)));
			EXPECT_EQ(0, scene_post());
		}
		EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
		EXPECT_EQ(1, delivered(self));
	}
}

TEST_F(steps, landing_destroyed)
{
	unsigned int step;
	pid_t pid;

	for (step = 1; step <= COMMIT; step++) {
		pid = parked_at(self, sender, step);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, obj_destroy(RX, TABLE));
		EXPECT_EQ(0, release());
		/* The post comes back; with new landing slots it takes the message. */
		ASSERT_EQ(0, msg_recv(RX, PORT, &self->record, NULL));
		EXPECT_EQ(ENOENT, self->record.out_error)
			TH_LOG("step %u", step);
		EXPECT_EQ(-ETIME, child_wait(pid, 20));
		ASSERT_EQ(0, cappage_create(RX, TABLE, 8));
		ASSERT_EQ(0, scene_post());
		EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
		EXPECT_EQ(1, delivered(self));
	}
}

TEST_F(steps, region_destroyed)
{
	unsigned int step;
	pid_t pid;

	for (step = 1; step <= COMMIT; step++) {
		pid = parked_at(self, sender, step);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, obj_destroy(RX, REGION));
		memset(self->target, POISON, 2 * LENGTH);
		EXPECT_EQ(0, release());
		EXPECT_EQ(-ETIME, child_wait(pid, 30))
			TH_LOG("step %u", step);
		EXPECT_EQ(-1, bytes_check(self->target, 2 * LENGTH, POISON));
		ASSERT_EQ(0, region_create(RX, REGION, self->target, 2 * LENGTH));
		/* The landing slots may be the post's still. */
		post_take(RX, PORT, 0);
		ASSERT_EQ(0, scene_post());
		EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
		EXPECT_EQ(1, delivered(self));
	}
}

/* --- the cargo ---------------------------------------------------------------------- */

TEST_F(steps, cargo_destroyed)
{
	unsigned int step;
	pid_t pid;

	for (step = 1; step <= STEPS; step++) {
		pid = parked_at(self, sender, step);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, obj_destroy(TX, SLOT2(3, 1)));
		EXPECT_EQ(0, release());
		if (step <= 2) {
			/* Not yet resolved: there is nothing at that address. */
			EXPECT_EQ(ENOENT, child_wait(pid, CAPMSG_PATIENCE_MS))
				TH_LOG("step %u", step);
			EXPECT_EQ(0, delivered(self));
			continue;
		}
		EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
		ASSERT_EQ(0, msg_poll(RX, PORT, &self->record, NULL));
		EXPECT_EQ(2, self->record.out_n_caps);
		EXPECT_EQ(50, cap_mark(RX, SLOT2(3, 0x10)));
		EXPECT_EQ(-ENOENT, cap_mark(RX, SLOT2(3, 0x11)));
	}
}

/* --- calls --------------------------------------------------------------------------- */

TEST_F(steps, caller_killed)
{
	unsigned int step;
	pid_t pid;
	int ret;

	for (step = 1; step <= STEPS; step++) {
		pid = parked_at(self, caller, step);
		ASSERT_LT(0, pid);
		EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
		ret = delivered(self);
		EXPECT_TRUE(ret == (step > COMMIT) || (step == COMMIT && ret == 1))
			TH_LOG("step %u: %d", step, ret);
		if (ret == 1) {
			EXPECT_EQ(CAPMSG_RECORD_REPLY, self->record.out_flags);
			EXPECT_EQ(-ESTALE, msg_reply(RX, PORT, &self->record, "late", 4));
		}
		EXPECT_EQ(0, works_on(self));
	}
}

TEST_F(steps, callee_closed)
{
	unsigned int step;
	pid_t pid;

	for (step = 1; step <= STEPS; step++) {
		pid = parked_at(self, caller, step);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, close(RX));
		EXPECT_EQ(0, release());
		EXPECT_EQ(step <= COMMIT ? ENOENT : EPIPE, child_wait(pid, CAPMSG_PATIENCE_MS))
			TH_LOG("step %u", step);
	}
}

/* Answered before the caller has come to wait for it. */
TEST_F(steps, caller_answered)
{
	pid_t pid = parked_at(self, caller, STEPS);

	ASSERT_LT(0, pid);
	ASSERT_EQ(1, delivered(self));
	EXPECT_EQ(0, msg_reply(RX, PORT, &self->record, "fine", 4));
	EXPECT_EQ(0, release());
	EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
}

/* After the commit the call is not restarted: the request was made. */
TEST_F(steps, caller_interrupted)
{
	unsigned int step;
	int result, ret;
	pid_t pid;

	self->tx_signal_flags = 0;
	for (step = 1; step <= STEPS; step++) {
		pid = parked_at(self, caller, step);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, kill(pid, SIGUSR1));
		result = child_wait(pid, CAPMSG_PATIENCE_MS);
		ret = delivered(self);
		EXPECT_EQ(EINTR, result);
		EXPECT_TRUE(ret == (step > COMMIT) || (step == COMMIT && ret == 1))
			TH_LOG("step %u: %d", step, ret);
		if (ret == 1)
			EXPECT_EQ(-ESTALE, msg_reply(RX, PORT, &self->record, "late", 4));
		EXPECT_EQ(0, works_on(self));
	}
}

TEST_HARNESS_MAIN
