// SPDX-License-Identifier: GPL-2.0-only
/*
 * virt_test.c - the hard cases of a lookup that runs into a table which a process
 * plays. There are 27, known from the systems that had them before; a comment says
 * what each is, and behind the colon what holds here.
 */
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "handler.h"

#define GROUP	"/sys/fs/cgroup/capmsg-virt"
#define DEPTH	4
/* In the handler's space. */
#define HANDLER	SLOT(1)		/* the port, of DEPTH posts */
#define REAL	SLOT(2)		/* a table of 2^8 slots */
#define VIRTUAL	SLOT(3)		/* what stands for it */
#define INBOX	SLOT(4)		/* a port */
#define SPARE	SLOT(9)		/* void */
#define SPARE2	SLOT(10)
/* In the client's. */
#define TABLE	SLOT(3)		/* the virtual table */
#define THERE	SLOT2(3, 1)	/* an address that leads through it */
#define PORT	SLOT(5)		/* a port of two posts */
#define REGION	SLOT(6)
#define LANDING	SLOT(7)		/* a table for landing slots */
#define LANDED(n) SLOT2(7, n)
#define OTHER	SLOT(8)		/* void */

FIXTURE(virt) {
	int fd;			/* of the handler */
	int tx;			/* of the client */
	__u64 real;
	struct handler handler;
	struct job job;
	struct capmsg_stat stat;
	struct upcall up;
	struct verdict v;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

static int scene_new(int fd, int tx)
{
	int ret = handler_port(fd, HANDLER, DEPTH) ?: cappage_create(fd, REAL, 8);

	ret = ret ?: virtual_create(fd, VIRTUAL, HANDLER, 0, 8) ?: port_create(fd, INBOX, 2);
	ret = ret ?: cap_give(fd, VIRTUAL, CAPMSG_RIGHTS_ALL, tx, TABLE);
	return ret ?: port_create(tx, PORT, 2) ?: cappage_create(tx, LANDING, 8);
}

FIXTURE_SETUP(virt)
{
	ASSERT_EQ(100, dup2(space_new(), 100));
	ASSERT_EQ(101, dup2(space_new(), 101));
	close_range(3, 99, 0);
	self->fd = 100;
	self->tx = 101;
	self->real = REAL;
	ASSERT_EQ(0, scene_new(self->fd, self->tx));
	self->handler = (struct handler){ .fd = self->fd, .port = HANDLER,
		.decide = decide_pass, .data = &self->real };
}

FIXTURE_TEARDOWN(virt)
{
	rmdir(GROUP);
	CAPMSG_TEARDOWN();
}

#define scene FIXTURE_DATA(virt)

/* --- steps that many cases take --------------------------------------------------------- */

static int upcall_comes(scene *self)
{
	return upcall_recv(self->fd, HANDLER, &self->up);
}

static bool no_upcall(scene *self)
{
	return msg_poll(self->fd, HANDLER, &self->record, self->data) == -EAGAIN;
}

/* A STAT of @address that waits for its handler. */
static int stat_starts(scene *self, __u64 address)
{
	self->stat = (struct capmsg_stat){ .address = address };
	return JOB_START(&self->job, self->tx, stat, STAT, &self->stat) ?: upcall_comes(self);
}

/* A SEND that waits for its handler. */
static int send_starts(scene *self, struct capmsg_send *send)
{
	return JOB_START(&self->job, self->tx, send, SEND, send) ?: upcall_comes(self);
}

static int answer(scene *self)
{
	return upcall_answer(self->fd, HANDLER, &self->up, &self->v);
}

static int answer_slot(scene *self, unsigned int slot)
{
	say_slot(&self->v, REAL, slot, 8);
	return answer(self);
}

static int answer_value(scene *self, __u64 address)
{
	say_value(&self->v, address, 8);
	return answer(self);
}

static int answer_error(scene *self, int error)
{
	self->v = (struct verdict){ .silent = false };
	say_error(&self->v, error);
	return answer(self);
}

/* The reply right of the upcall, out of its post. */
static int right_move(scene *self, __u64 to)
{
	return do_move(self->fd, &(struct capmsg_move){ .flags = CAPMSG_MOVE_POST,
		.from = HANDLER, .to = to, .post = self->up.record.out_post,
		.seq = self->up.record.out_seq });
}

/* What the user of @fd pays for is what it was. */
static bool pays(int fd, const struct capmsg_query *before)
{
	const struct capmsg_query now = query_of(fd);

	return now.out_user_objects == before->out_user_objects &&
	       now.out_user_bytes == before->out_user_bytes &&
	       now.out_user_pinned == before->out_user_pinned;
}

/* One message of @length bytes is in @port, and no more. */
static bool has_one(scene *self, int fd, __u64 port, __u64 length)
{
	struct capmsg_record second;
	int ret = msg_poll(fd, port, &self->record, self->data);

	return !ret && self->record.out_length == length && !self->record.out_error &&
	       msg_poll(fd, port, &second, self->data) == -EAGAIN;
}

static bool has_none(scene *self, int fd, __u64 port)
{
	struct capmsg_stat stat;

	return !cap_stat(fd, port, &stat) && !stat.out_filled && !stat.out_claimed &&
	       !stat.out_senders;
}

static int child_stat(void *arg)
{
	return cap_type(*(int *)arg, THERE);
}

/* --- the cases ---------------------------------------------------------------------------- */

/* The handler is busy, all its posts are taken: the upcall waits in the asker's own frame. */
TEST_F(virt, case_01)
{
	const struct capmsg_query client = query_of(self->tx), player = query_of(self->fd);
	struct capmsg_stat port;
	unsigned int i;

	for (i = 0; i < DEPTH; i++)
		ASSERT_EQ(0, msg_try(self->fd, HANDLER, "full", 4));
	self->stat = (struct capmsg_stat){ .address = THERE };
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, stat, STAT, &self->stat));
	ASSERT_TRUE(job_blocked(&self->job));
	ASSERT_EQ(0, cap_stat(self->fd, HANDLER, &port));
	EXPECT_EQ(DEPTH, port.out_filled);
	EXPECT_EQ(1, port.out_senders);
	EXPECT_TRUE(pays(self->tx, &client));
	EXPECT_TRUE(pays(self->fd, &player));
	for (i = 0; i < DEPTH; i++)
		ASSERT_EQ(0, msg_recv(self->fd, HANDLER, &self->record, self->data));
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(0, answer_value(self, INBOX));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_TYPE_PORT, self->stat.out_type);
}

static int gate[2];

/* Receives one upcall, and lives on with that. */
static int play_dead(void *arg)
{
	struct upcall up;
	int ret = upcall_recv(*(int *)arg, HANDLER, &up);

	if (write(gate[1], "x", 1) == 1)
		pause();
	return ret;
}

/* The handler dies: the table reads as a destroyed one, for who waits and who comes later. */
TEST_F(virt, case_02)
{
	struct capmsg_stat second = { .address = SLOT2(3, 2) };
	struct job job;
	pid_t pid;
	char byte;

	ASSERT_EQ(0, pipe(gate));
	pid = child_start(play_dead, &self->fd, KEEP_ALL);
	ASSERT_EQ(0, close(self->fd));
	self->stat = (struct capmsg_stat){ .address = THERE };
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, stat, STAT, &self->stat));
	ASSERT_EQ(1, read(gate[0], &byte, 1));
	ASSERT_EQ(0, JOB_START(&job, self->tx, stat, STAT, &second));
	EXPECT_TRUE(job_blocked(&self->job));
	EXPECT_TRUE(job_blocked(&job));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(-ENOENT, job_join(&job));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, TABLE));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, THERE));
	EXPECT_EQ(-ENOENT, obj_destroy(self->tx, TABLE));
	/* As after the death of a real one its slot is void. */
	EXPECT_EQ(0, cappage_create(self->tx, TABLE, 8));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, THERE));
}

/* The handler never replies: the wait has a deadline, and can be killed. */
TEST_F(virt, case_03)
{
	pid_t pid;

	EXPECT_EQ(-ETIMEDOUT, send_until(self->tx, THERE, self->fd, HANDLER));
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(-ESTALE, answer_value(self, INBOX));
	pid = child_start(child_stat, &self->tx, self->tx);
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	EXPECT_EQ(-ESTALE, answer(self));
	EXPECT_EQ(0, query_of(self->tx).out_frames_busy);
}

/* The reply right is dropped, wherever it is: the wait ends. */
TEST_F(virt, case_04)
{
	struct capmsg_clear clear = { .flags = CAPMSG_CLEAR_POST, .slot = HANDLER };

	ASSERT_EQ(0, stat_starts(self, THERE));
	clear.post = self->up.record.out_post;
	clear.seq = self->up.record.out_seq;
	EXPECT_EQ(0, do_clear(self->fd, &clear));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	ASSERT_EQ(0, stat_starts(self, THERE));
	ASSERT_EQ(0, right_move(self, SPARE));
	EXPECT_TRUE(job_blocked(&self->job));
	EXPECT_EQ(0, cap_clear(self->fd, SPARE));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	ASSERT_EQ(0, stat_starts(self, THERE));
	ASSERT_EQ(0, right_move(self, SLOT2(2, 0)));
	EXPECT_EQ(0, obj_destroy(self->fd, REAL));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
}

/* An answer comes late, or twice: it gets ESTALE, and does not answer the next upcall. */
TEST_F(virt, case_05)
{
	struct capmsg_send send = { .to = THERE };
	struct capmsg_resolution old = { .size = sizeof(old),
		.result = CAPMSG_RESULT_ERROR, .error = EACCES };
	struct capmsg_reply reply = { .to = SPARE, .data = PTR(&old), .length = sizeof(old) };

	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, send_starts(self, &send));
	ASSERT_EQ(0, right_move(self, SPARE));
	job_signal(&self->job, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&self->job));
	/* From the same frame. */
	ASSERT_EQ(0, stat_starts(self, THERE));
	EXPECT_EQ(-ESTALE, do_reply(self->fd, &reply));
	EXPECT_TRUE(job_blocked(&self->job));
	EXPECT_EQ(0, answer_value(self, INBOX));
	EXPECT_EQ(-ENOENT, answer_value(self, REAL));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_TYPE_PORT, self->stat.out_type);
}

/* What is answered is stronger than the path: it is weakened as all that is found there. */
TEST_F(virt, case_06)
{
	struct capmsg_copy weak = { .flags = CAPMSG_COPY_WEAK, .from = TABLE, .to = OTHER,
		.rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_copy copy = { .from = CAPMSG_ADDRESS(0x080144, 24), .to = SPARE,
		.rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_create_cappage create = { .to = copy.from, .bits = 8 };

	ASSERT_EQ(0, do_copy(self->tx, &weak));
	ASSERT_EQ(0, port_marked(self->fd, SLOT2(2, 0x44), 5));
	ASSERT_EQ(0, stat_starts(self, SLOT2(8, 1)));
	EXPECT_EQ(0, answer_value(self, REAL));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WEAK, self->stat.out_rights);
	/* And what is behind it, as far as that goes. */
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, copy, COPY, &copy));
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(0, answer_value(self, REAL));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_RIGHT_WEAK, cap_rights(self->tx, SPARE));
	EXPECT_EQ(-EACCES, msg_try(self->tx, SPARE, "", 0));
	ASSERT_EQ(0, cap_clear(self->fd, SLOT2(2, 0x44)));
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, create_cappage, CREATE_CAPPAGE, &create));
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(0, answer_value(self, REAL));
	EXPECT_EQ(-EACCES, job_join(&self->job));
}

/* The table itself, again and again, for one bit each. */
static void decide_one_bit(struct handler *handler, const struct upcall *up, struct verdict *v)
{
	say_value(v, VIRTUAL, 1);
}

/* Steps that take no bits, or lead in a circle: each takes one, and there is a bound. */
TEST_F(virt, case_07)
{
	const unsigned int most = 8 + CAPMSG_UPCALLS_MAX;

	ASSERT_EQ(0, stat_starts(self, THERE));
	say_value(&self->v, VIRTUAL, 0);
	EXPECT_EQ(-EINVAL, answer(self));
	EXPECT_EQ(0, answer_error(self, ENOENT));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	self->handler.decide = decide_one_bit;
	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE,
		  cap_type(self->tx, CAPMSG_ADDRESS(3ULL << (most - 8), most)));
	EXPECT_EQ(CAPMSG_UPCALLS_MAX, atomic_load(&self->handler.upcalls));
	EXPECT_EQ(-ELOOP, cap_type(self->tx, CAPMSG_ADDRESS(3ULL << (most - 7), most + 1)));
	EXPECT_EQ(-ELOOP, cap_type(self->tx, CAPMSG_ADDRESS(3ULL << 55, 63)));
	EXPECT_EQ(3 * CAPMSG_UPCALLS_MAX, atomic_load(&self->handler.upcalls));
	handler_stop(&self->handler);
}

/* Plays a table of 2^4 slots by a real one. */
static void decide_nibble(struct handler *handler, const struct upcall *up, struct verdict *v)
{
	if (upcall_left(up) >= 4)
		say_slot(v, *(const __u64 *)handler->data, upcall_bits(up, 4), 4);
}

/* The bound would tell a virtual table from a real one: as deep as whole tables go it does not. */
TEST_F(virt, case_08)
{
	struct capmsg_stat real, virtual;
	unsigned int depth, deepest = 0;
	int ret;

	/* Two tables whose slot 5 leads to the table itself. */
	ASSERT_EQ(0, cappage_create(self->tx, SPARE, 4));
	ASSERT_EQ(0, cap_copy(self->tx, SPARE, CAPMSG_ADDRESS(0x95, 12), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, cappage_create(self->fd, SPARE, 4));
	ASSERT_EQ(0, virtual_create(self->fd, CAPMSG_ADDRESS(0x95, 12), HANDLER, 0, 4));
	ASSERT_EQ(0, cap_give(self->fd, CAPMSG_ADDRESS(0x95, 12), CAPMSG_RIGHTS_ALL,
			      self->tx, OTHER));
	self->real = SPARE;
	self->handler.decide = decide_nibble;
	ASSERT_EQ(0, handler_start(&self->handler));
	for (depth = 8; depth <= 63; depth++) {
		const __u64 rest = 0x5555555555555555ULL >> 8 & ~0ULL >> 8;

		ret = cap_stat(self->tx, 9ULL << 56 | (rest & ~0ULL << (64 - depth)) |
			       1ULL << (63 - depth), &real);
		EXPECT_EQ(ret, cap_stat(self->tx, 8ULL << 56 | (rest & ~0ULL << (64 - depth)) |
					1ULL << (63 - depth), &virtual))
			TH_LOG("depth %u", depth);
		EXPECT_EQ(depth % 4 ? -ENOENT : 0, ret);
		virtual.address = real.address;
		if (!ret)
			EXPECT_EQ(0, memcmp(&real, &virtual, sizeof(real)))
				TH_LOG("depth %u", depth);
		deepest = ret ? deepest : depth;
	}
	EXPECT_EQ(60, deepest);
	handler_stop(&self->handler);
}

/* The handler's own table is virtual, to itself: answers are named without upcalls, or EDEADLK. */
TEST_F(virt, case_09)
{
	struct capmsg_send send = { .flags = CAPMSG_NONBLOCK, .to = THERE };

	ASSERT_EQ(0, stat_starts(self, THERE));
	say_value(&self->v, THERE, 8);
	EXPECT_EQ(-EDEADLK, answer(self));
	EXPECT_TRUE(job_blocked(&self->job));
	EXPECT_EQ(0, answer_value(self, INBOX));
	EXPECT_EQ(0, job_join(&self->job));
	/* Its other commands wait for itself as long as it likes. */
	EXPECT_EQ(-EAGAIN, do_send(self->fd, &send));
	EXPECT_EQ(-ETIMEDOUT, send_until(self->fd, THERE, self->fd, HANDLER));
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(-ESTALE, answer(self));
}

/* Where a handler asks on, and what it got. */
struct onward {
	__u64 to;
	unsigned int ms;
	atomic_int ret, times;
};

/* Asks another handler before it answers; not of what is stale by then. */
static void decide_onward(struct handler *handler, const struct upcall *up, struct verdict *v)
{
	struct onward *onward = handler->data;

	if (atomic_fetch_add(&onward->times, 1))
		return;
	atomic_store(&onward->ret, do_send(handler->fd, &(struct capmsg_send){
		.to = onward->to, .deadline = in_ms(onward->ms) }));
}

/* The handler of the fixture asks a second one, which asks it. */
static int cycle_new(scene *self, struct handler *two, struct onward *first)
{
	int fd = space_new(), ret;

	if (fd < 0)
		return fd;
	two->fd = fd;
	self->handler.decide = decide_onward;
	self->handler.data = first;
	ret = handler_port(fd, HANDLER, DEPTH) ?: virtual_create(fd, SPARE, HANDLER, 0, 8);
	return ret ?: cap_give(fd, SPARE, CAPMSG_RIGHTS_ALL, self->fd, OTHER) ?:
	       cap_give(self->fd, VIRTUAL, CAPMSG_RIGHTS_ALL, fd, TABLE);
}

/*
 * Two handlers wait for each other, and have said that nobody else receives: whose upcall
 * would close the cycle gets EDEADLK.
 */
TEST_F(virt, case_10)
{
	struct onward first = { .to = SLOT2(8, 1), .ms = CAPMSG_PATIENCE_MS };
	struct onward second = { .to = SLOT2(3, 2), .ms = CAPMSG_PATIENCE_MS };
	struct handler two = { .port = HANDLER, .decide = decide_onward, .data = &second };

	ASSERT_EQ(0, cycle_new(self, &two, &first));
	self->handler.declared = true;
	two.declared = true;
	ASSERT_EQ(0, handler_start(&self->handler));
	ASSERT_EQ(0, handler_start(&two));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, THERE));
	EXPECT_EQ(-EDEADLK, atomic_load(&second.ret));
	EXPECT_EQ(-ENOENT, atomic_load(&first.ret));
	EXPECT_EQ(1, atomic_load(&self->handler.upcalls));
	handler_stop(&self->handler);
	handler_stop(&two);
}

/* As this thread, which is the only one that runs then. */
static int run_alone(struct handler *other)
{
	const struct sched_param param = { .sched_priority = 1 };
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	return -(pthread_setaffinity_np(other->thread, sizeof(cpu), &cpu) ?:
		 pthread_setaffinity_np(pthread_self(), sizeof(cpu), &cpu) ?:
		 pthread_setschedparam(pthread_self(), SCHED_FIFO, &param));
}

/* Whoever was answered does not wait any more, even if it has yet to run: that is no cycle. */
TEST_F(virt, case_10_answered)
{
	struct onward first = { .to = SLOT2(8, 1), .ms = CAPMSG_PATIENCE_MS };
	struct handler two = { .port = HANDLER };
	struct capmsg_recv declare = { .flags = CAPMSG_NONBLOCK | CAPMSG_RECV_DECLARE,
		.port = HANDLER, .records = PTR(&self->record), .n_records = 1 };
	struct upcall up;

	ASSERT_EQ(0, cycle_new(self, &two, &first));
	self->handler.declared = true;
	ASSERT_EQ(0, handler_start(&self->handler));
	ASSERT_EQ(-EAGAIN, do_recv(two.fd, &declare));
	self->stat = (struct capmsg_stat){ .address = THERE };
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, stat, STAT, &self->stat));
	ASSERT_EQ(0, upcall_recv(two.fd, HANDLER, &up));
	/* Each waits for the other. */
	EXPECT_EQ(-EDEADLK, cap_type(two.fd, THERE));
	ASSERT_EQ(0, run_alone(&self->handler));
	say_error(&self->v, ENOENT);
	EXPECT_EQ(0, upcall_answer(two.fd, HANDLER, &up, &self->v));
	EXPECT_EQ(-ENOENT, cap_type(two.fd, THERE));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(-ENOENT, atomic_load(&first.ret));
	handler_stop(&self->handler);
}

/* They have not said it: the first deadline ends that. */
TEST_F(virt, case_10_undeclared)
{
	struct onward first = { .to = SLOT2(8, 1), .ms = CAPMSG_PATIENCE_MS };
	struct onward second = { .to = SLOT2(3, 2), .ms = 30 };
	struct handler two = { .port = HANDLER, .decide = decide_onward, .data = &second };

	ASSERT_EQ(0, cycle_new(self, &two, &first));
	ASSERT_EQ(0, handler_start(&self->handler));
	ASSERT_EQ(0, handler_start(&two));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, THERE));
	EXPECT_EQ(-ETIMEDOUT, atomic_load(&second.ret));
	EXPECT_EQ(-ENOENT, atomic_load(&first.ret));
	handler_stop(&self->handler);
	handler_stop(&two);
}

/* A receiver's landing slots are virtual: POST asks, and no sender ever waits for that. */
TEST_F(virt, case_11)
{
	struct capmsg_item item = { .address = PORT, .rights = CAPMSG_RIGHT_SEND };
	struct capmsg_item through = { .address = THERE, .rights = CAPMSG_RIGHT_SEND };
	struct capmsg_send send = { .flags = CAPMSG_NONBLOCK, .to = PORT,
		.items = PTR(&item), .n_items = 1 };
	struct capmsg_post post = { .port = PORT, .landing = SLOT2(3, 0x40), .max_caps = 1,
		.post = CAPMSG_POST_ANY };

	ASSERT_EQ(0, JOB_START(&self->job, self->tx, post, POST, &post));
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(CAPMSG_UPCALL_SLOT, self->up.upcall.flags);
	EXPECT_EQ(0, answer_slot(self, 0x50));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(-EBUSY, cap_clear(self->fd, SLOT2(2, 0x50)));
	EXPECT_EQ(0, do_send(self->tx, &send));
	EXPECT_TRUE(no_upcall(self));
	EXPECT_EQ(0, msg_poll(self->tx, PORT, &self->record, self->data));
	EXPECT_EQ(1, self->record.out_n_caps);
	EXPECT_EQ(CAPMSG_RIGHT_SEND, cap_rights(self->fd, SLOT2(2, 0x50)));
	/* Who does not want to wait makes no upcall at all. */
	send.items = PTR(&through);
	EXPECT_EQ(-EAGAIN, do_send(self->tx, &send));
	EXPECT_TRUE(no_upcall(self));
}

/* Another sender comes meanwhile: nothing is held while a handler is asked, so it wins. */
TEST_F(virt, case_12)
{
	struct capmsg_item item = { .address = THERE, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_send send = { .to = PORT, .data = PTR("asks"), .length = 4,
		.items = PTR(&item), .n_items = 1, .deadline = patience() };

	ASSERT_EQ(0, send_starts(self, &send));
	EXPECT_EQ(0, msg_try(self->tx, PORT, "first", 5));
	EXPECT_EQ(0, msg_try(self->tx, PORT, "second", 6));
	EXPECT_EQ(0, msg_poll(self->tx, PORT, &self->record, self->data));
	EXPECT_EQ(5, self->record.out_length);
	EXPECT_TRUE(has_one(self, self->tx, PORT, 6));
	ASSERT_LE(0, post_any(self->tx, PORT, 0, 0, 0, LANDED(0), 1));
	EXPECT_EQ(0, answer_value(self, INBOX));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_TRUE(has_one(self, self->tx, PORT, 4));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->tx, LANDED(0)));
}

/* The same of a message that has claimed a post: others may take that after its claim time. */
TEST_F(virt, case_12_claimed)
{
	char *memory = memory_new(2 * PAGE, true);
	struct capmsg_item item = { .address = THERE, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_create_port port = { .to = SPARE, .flags = CAPMSG_PORT_NO_SHARES,
		.depth = 1, .max_caps = 1, .claim_time_us = 1000 };
	struct capmsg_begin begin = { .message = SPARE2, .to = SPARE, .length = 1000,
		.max_caps = 1 };
	struct capmsg_transmit transmit = { .message = SPARE2, .length = 1000,
		.items = PTR(&item), .n_items = 1 };

	ASSERT_EQ(0, do_create_port(self->tx, &port));
	ASSERT_EQ(0, do_create_message(self->tx, &(struct capmsg_create_message){ .to = SPARE2 }));
	ASSERT_EQ(0, region_create(self->tx, REGION, memory, PAGE));
	ASSERT_LE(0, post_any(self->tx, SPARE, REGION, 0, PAGE, LANDED(0), 1));
	ASSERT_EQ(0, do_begin(self->tx, &begin));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin.out_state);
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, transmit, TRANSMIT, &transmit));
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(0, msg_send(self->tx, SPARE, memory + PAGE, 700));
	EXPECT_EQ(0, answer_value(self, INBOX));
	EXPECT_EQ(-ESTALE, job_join(&self->job));
	EXPECT_TRUE(has_one(self, self->tx, SPARE, 700));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, LANDED(0)));
}

/* The slots that are sent from change meanwhile: what was there when SEND began is sent. */
TEST_F(virt, case_13)
{
	struct capmsg_item items[2] = { { .address = SPARE, .rights = CAPMSG_RIGHTS_ALL },
					{ .address = THERE, .rights = CAPMSG_RIGHTS_ALL } };
	struct capmsg_send send = { .to = PORT, .items = PTR(items), .n_items = 2,
		.deadline = patience() };

	ASSERT_LE(0, post_any(self->tx, PORT, 0, 0, 0, LANDED(0), 2));
	ASSERT_EQ(0, port_marked(self->tx, SPARE, 21));
	ASSERT_EQ(0, send_starts(self, &send));
	ASSERT_EQ(0, cap_clear(self->tx, SPARE));
	ASSERT_EQ(0, port_marked(self->tx, SPARE, 22));
	EXPECT_EQ(0, answer_value(self, INBOX));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_TRUE(has_one(self, self->tx, PORT, 0));
	EXPECT_EQ(21, cap_mark(self->tx, LANDED(0)));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->tx, LANDED(1)));
	/* What was destroyed meanwhile arrives void. */
	ASSERT_LE(0, post_any(self->tx, PORT, 0, 0, 0, LANDED(2), 2));
	ASSERT_EQ(0, send_starts(self, &send));
	ASSERT_EQ(0, obj_destroy(self->tx, SPARE));
	EXPECT_EQ(0, answer_value(self, INBOX));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_TRUE(has_one(self, self->tx, PORT, 0));
	EXPECT_EQ(2, self->record.out_n_caps);
	EXPECT_EQ(-ENOENT, cap_type(self->tx, LANDED(2)));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->tx, LANDED(3)));
}

/* One of several capabilities fails: the message is sent with all of them, or not at all. */
TEST_F(virt, case_14)
{
	struct capmsg_item items[3] = { { .address = PORT, .rights = CAPMSG_RIGHTS_ALL },
					{ .address = THERE, .rights = CAPMSG_RIGHTS_ALL },
					{ .address = OTHER, .rights = CAPMSG_RIGHTS_ALL } };
	struct capmsg_send send = { .to = PORT, .items = PTR(items), .n_items = 2,
		.deadline = patience() };

	ASSERT_LE(0, post_any(self->tx, PORT, 0, 0, 0, LANDED(0), 3));
	ASSERT_EQ(0, send_starts(self, &send));
	EXPECT_EQ(0, answer_error(self, EACCES));
	EXPECT_EQ(-EACCES, job_join(&self->job));
	/* The one behind it. */
	send.n_items = 3;
	ASSERT_EQ(0, send_starts(self, &send));
	EXPECT_EQ(0, answer_value(self, INBOX));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_TRUE(has_none(self, self->tx, PORT));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, LANDED(0)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, LANDED(1)));
	send.n_items = 2;
	ASSERT_EQ(0, send_starts(self, &send));
	EXPECT_EQ(0, answer_value(self, INBOX));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_TRUE(has_one(self, self->tx, PORT, 0));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->tx, LANDED(0)));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->tx, LANDED(1)));
}

struct raw {
	int fd, ret;
	struct capmsg_send send;
};

static void *send_raw(void *data)
{
	struct raw *raw = data;

	raw->ret = ioctl(raw->fd, CAPMSG_IOC_SEND, &raw->send) ? -errno : 0;
	return NULL;
}

/* The arguments change while the handler is asked: they were read once, before. */
TEST_F(virt, case_15)
{
	struct capmsg_item item = { .address = THERE, .rights = CAPMSG_RIGHT_SEND };
	char text[] = "before";
	struct raw raw = { .fd = self->tx, .send = { .size = sizeof(raw.send), .to = PORT,
		.data = PTR(text), .length = sizeof(text), .items = PTR(&item), .n_items = 1,
		.deadline = patience() } };
	pthread_t thread;

	ASSERT_LE(0, post_any(self->tx, PORT, 0, 0, 0, LANDED(0), 1));
	ASSERT_EQ(0, pthread_create(&thread, NULL, send_raw, &raw));
	ASSERT_EQ(0, upcall_comes(self));
	strcpy(text, "behind");
	item = (struct capmsg_item){ .address = ~0ULL, .rights = ~0U, .flags = ~0U };
	memset(&raw.send, 0xff, sizeof(raw.send));
	EXPECT_EQ(0, answer_value(self, INBOX));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, raw.ret);
	EXPECT_TRUE(has_one(self, self->tx, PORT, sizeof(text)));
	EXPECT_EQ(CAPMSG_RIGHT_SEND, cap_rights(self->tx, LANDED(0)));
	EXPECT_STREQ("before", self->data);
}

/* Source and destination are the same pages: what the source held arrives. */
TEST_F(virt, case_16)
{
	char *memory = memory_new(4 * PAGE, true), *copy = memory_new(2 * PAGE, true);

	ASSERT_EQ(0, handler_start(&self->handler));
	ASSERT_EQ(0, port_create(self->tx, THERE, 1));
	ASSERT_EQ(0, region_create(self->tx, SLOT2(3, 2), memory, 4 * PAGE));
	ASSERT_LE(0, post_any(self->tx, THERE, SLOT2(3, 2), 0, 2 * PAGE, 0, 0));
	pattern_fill(memory, 3 * PAGE, 1);
	memcpy(copy, memory + 1000, 7000);
	EXPECT_EQ(0, msg_send(self->tx, THERE, memory + 1000, 7000));
	EXPECT_EQ(0, memcmp(memory, copy, 7000));
	EXPECT_TRUE(has_one(self, self->fd, SLOT2(2, 1), 7000));
	handler_stop(&self->handler);
}

static int child_flags;

static int child_send(void *arg)
{
	signal_ignore(SIGUSR1, child_flags);
	return msg_send(*(int *)arg, THERE, "once", 4);
}

static void decide_inbox(struct handler *handler, const struct upcall *up, struct verdict *v)
{
	say_value(v, INBOX, 8);
}

/* A child sends, and waits for the handler. */
static pid_t child_asks(scene *self, int flags)
{
	pid_t pid;

	child_flags = flags;
	pid = child_start(child_send, &self->tx, self->tx);
	return upcall_comes(self) ? -1 : pid;
}

/* Whatever has stopped it: nothing was sent. Lets it go on; it asks again, and sends once. */
static int sends_once(scene *self, pid_t pid)
{
	int ret = has_none(self, self->fd, INBOX) ? 0 : -EEXIST;

	self->handler.decide = decide_inbox;
	ret = ret ?: handler_start(&self->handler);
	ret = ret ?: child_wait(pid, CAPMSG_PATIENCE_MS);
	handler_stop(&self->handler);
	if (ret || !has_one(self, self->fd, INBOX, 4))
		return ret ?: -EBADMSG;
	/* The upcall before that is over. */
	return answer_value(self, INBOX) == -ESTALE ? 0 : -EPROTO;
}

static int ptrace_stop(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		return -errno;
	return waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) ? 0 : -ECHILD;
}

static int group_freeze(pid_t pid)
{
	char text[16];
	int ret;

	mkdir(GROUP, 0755);
	snprintf(text, sizeof(text), "%d", pid);
	ret = file_write(GROUP "/cgroup.procs", text) ?:
	      file_write(GROUP "/cgroup.freeze", "1");
	if (ret || !WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       file_number(GROUP "/cgroup.events", "frozen") == 1))
		return ret ?: -ETIME;
	return 0;
}

/* Signals, debuggers and the freezer in the middle: it was never sent, or is begun again. */
TEST_F(virt, case_17)
{
	pid_t pid = child_asks(self, 0);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	EXPECT_EQ(EINTR, child_wait(pid, CAPMSG_PATIENCE_MS));
	EXPECT_EQ(-ESTALE, answer_value(self, INBOX));
	EXPECT_TRUE(has_none(self, self->fd, INBOX));

	pid = child_asks(self, SA_RESTART);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	EXPECT_EQ(0, sends_once(self, pid));

	pid = child_asks(self, 0);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, ptrace_stop(pid));
	EXPECT_TRUE(has_none(self, self->fd, INBOX));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, NULL));
	EXPECT_EQ(0, sends_once(self, pid));

	pid = child_asks(self, 0);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, group_freeze(pid));
	EXPECT_TRUE(has_none(self, self->fd, INBOX));
	ASSERT_EQ(0, file_write(GROUP "/cgroup.freeze", "0"));
	EXPECT_EQ(0, sends_once(self, pid));
}

/* Pinned pages of many who wait could deadlock: nothing is pinned while a handler is asked. */
TEST_F(virt, case_18)
{
	char *memory = memory_new(PAGE, true);
	struct capmsg_recv recv = { .port = PORT, .records = PTR(&self->record), .n_records = 1,
		.plain = PTR(memory), .plain_size = PAGE, .landing = THERE, .max_caps = 1,
		.deadline = patience() };
	struct capmsg_call call = call_make(PORT, "?", 1, memory, PAGE);

	self->record = (struct capmsg_record){ .data = PTR(self->data),
		.data_size = sizeof(self->data) };
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, recv, RECV, &recv));
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(0, query_of(self->tx).out_total_pinned);
	EXPECT_EQ(0, answer_slot(self, 1));
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       query_of(self->tx).out_total_pinned == 1));
	EXPECT_EQ(0, msg_send(self->tx, PORT, "x", 1));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(0, query_of(self->tx).out_total_pinned);
	call.reply_landing = THERE;
	call.reply_max_caps = 1;
	ASSERT_EQ(0, JOB_START(&self->job, self->tx, call, CALL, &call));
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(0, query_of(self->tx).out_total_pinned);
	EXPECT_EQ(0, answer_error(self, ENOENT));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(0, query_of(self->tx).out_total_pinned);
}

static void decide_nowhere(struct handler *handler, const struct upcall *up, struct verdict *v)
{
}

static int space_as(uid_t uid)
{
	int fd;

	if (setresuid(uid, uid, 0))
		return -errno;
	fd = space_new();
	if (setresuid(0, 0, 0))
		abort();
	return fd;
}

/* Who pays for what is asked: the object is its creator's, and asking costs nobody anything. */
TEST_F(virt, case_19)
{
	const int player = space_as(1000), client = space_as(1001);
	static struct capmsg_stat stats[6];
	static struct job jobs[6];
	struct capmsg_query before, after, guest;
	unsigned int i;

	ASSERT_LE(0, player);
	ASSERT_LE(0, client);
	ASSERT_EQ(0, handler_port(player, HANDLER, DEPTH));
	before = query_of(player);
	guest = query_of(client);
	ASSERT_EQ(0, virtual_create(player, VIRTUAL, HANDLER, 0, 8));
	ASSERT_EQ(0, cap_give(player, VIRTUAL, CAPMSG_RIGHTS_ALL, client, TABLE));
	after = query_of(player);
	EXPECT_EQ(before.out_user_objects + 1, after.out_user_objects);
	EXPECT_LT(before.out_user_bytes, after.out_user_bytes);
	EXPECT_TRUE(pays(client, &guest));
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		stats[i] = (struct capmsg_stat){ .address = SLOT2(3, i) };
		ASSERT_EQ(0, JOB_START(&jobs[i], client, stat, STAT, &stats[i]));
	}
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		EXPECT_TRUE(job_blocked(&jobs[i]));
	EXPECT_TRUE(pays(player, &after));
	EXPECT_TRUE(pays(client, &guest));
	self->handler.fd = player;
	self->handler.decide = decide_nowhere;
	ASSERT_EQ(0, handler_start(&self->handler));
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		EXPECT_EQ(-ENOENT, job_join(&jobs[i]));
	handler_stop(&self->handler);
	EXPECT_TRUE(pays(player, &after));
	EXPECT_TRUE(pays(client, &guest));
}

/* Going on costs the one who answers nothing: the asker does it, who may have to wait again. */
TEST_F(virt, case_20)
{
	ASSERT_EQ(0, do_create_revoker(self->fd, &(struct capmsg_create_revoker){
		.from = INBOX, .to = SLOT2(2, 1), .revoker = SPARE2 }));
	ASSERT_EQ(0, do_close(self->fd, &(struct capmsg_close){ .revoker = SPARE2 }));
	ASSERT_EQ(0, stat_starts(self, THERE));
	self->v = (struct verdict){ .silent = false };
	say_retry(&self->v);
	EXPECT_EQ(0, answer(self));
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(0, answer_slot(self, 1));
	EXPECT_TRUE(job_blocked(&self->job));
	EXPECT_TRUE(no_upcall(self));
	ASSERT_EQ(0, do_open(self->fd, &(struct capmsg_open){ .revoker = SPARE2 }));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_TYPE_PORT, self->stat.out_type);
}

/* The slot with the virtual table is replaced: the walk begins at the root, and finds the new. */
TEST_F(virt, case_21)
{
	struct capmsg_stat second = { .address = SLOT2(3, 2) };
	struct job job;

	ASSERT_EQ(0, cap_copy(self->tx, TABLE, OTHER, CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, stat_starts(self, SLOT2(8, 1)));
	ASSERT_EQ(0, cap_clear(self->tx, OTHER));
	ASSERT_EQ(0, cappage_create(self->tx, OTHER, 8));
	ASSERT_EQ(0, port_marked(self->tx, SLOT2(8, 1), 7));
	EXPECT_EQ(0, answer_value(self, INBOX));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(7, self->stat.out_max_size);
	/* All are woken when the object is gone, whether they were received or not. */
	ASSERT_EQ(0, stat_starts(self, THERE));
	ASSERT_EQ(0, JOB_START(&job, self->tx, stat, STAT, &second));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, obj_destroy(self->fd, VIRTUAL));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
	EXPECT_EQ(-ENOENT, job_join(&job));
}

/* The handler needs to know how it was come to: the upcall says all of it. */
TEST_F(virt, case_22)
{
	struct capmsg_copy copy = { .flags = CAPMSG_COPY_BADGE | CAPMSG_COPY_GUARD |
		CAPMSG_COPY_SUBPAGE, .from = TABLE, .to = LANDED(2), .badge = 42, .guard = 5,
		.guard_bits = 3, .subpage = 2, .subpage_bits = 2, .rights = RIGHTS_TABLE };
	struct capmsg_copy weak = { .flags = CAPMSG_COPY_WEAK, .from = LANDING, .to = OTHER,
		.rights = CAPMSG_RIGHTS_ALL };

	ASSERT_EQ(0, do_copy(self->tx, &copy));
	ASSERT_EQ(0, do_copy(self->tx, &weak));
	/* Through the weak table: its slot 2, the guard, and then 7 bits. */
	ASSERT_EQ(0, stat_starts(self, CAPMSG_ADDRESS((0x0802ULL << 10) | (5 << 7) | 0x55, 26)));
	EXPECT_EQ(CAPMSG_ADDRESS(0x55, 7), self->up.upcall.address);
	EXPECT_EQ(42, self->up.upcall.badge);
	EXPECT_EQ(5, self->up.upcall.guard);
	EXPECT_EQ(3, self->up.upcall.guard_bits);
	EXPECT_EQ(CAPMSG_UPCALL_BADGED, self->up.upcall.flags);
	EXPECT_EQ(CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WEAK, self->up.upcall.rights);
	EXPECT_EQ(2, self->up.upcall.subpage);
	EXPECT_EQ(2, self->up.upcall.subpage_bits);
	say_value(&self->v, INBOX, 7);
	EXPECT_EQ(0, answer(self));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(CAPMSG_RIGHT_WEAK, self->stat.out_rights);
}

static void decide_retry(struct handler *handler, const struct upcall *up, struct verdict *v)
{
	say_retry(v);
}

/* Many ask at once, and one asks often: nothing grows, they wait in line; or ELOOP. */
TEST_F(virt, case_23)
{
	static struct capmsg_stat stats[60];
	static struct job jobs[60];
	struct capmsg_query before;
	struct capmsg_stat port;
	unsigned int i;
	int fd = space_open();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, do_setup(fd, &(struct capmsg_setup){ .frames = 64 }));
	ASSERT_EQ(0, cap_give(self->fd, VIRTUAL, CAPMSG_RIGHTS_ALL, fd, TABLE));
	before = query_of(fd);
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		stats[i] = (struct capmsg_stat){ .address = SLOT2(3, i) };
		ASSERT_EQ(0, JOB_START(&jobs[i], fd, stat, STAT, &stats[i]));
	}
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, !cap_stat(self->fd, HANDLER, &port) &&
			       port.out_senders == ARRAY_SIZE(jobs) - DEPTH));
	EXPECT_EQ(DEPTH, port.out_filled);
	EXPECT_TRUE(pays(fd, &before));
	ASSERT_EQ(0, handler_start(&self->handler));
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		EXPECT_EQ(-ENOENT, job_join(&jobs[i]));
	EXPECT_EQ(ARRAY_SIZE(jobs), atomic_load(&self->handler.upcalls));
	handler_stop(&self->handler);
	self->handler.decide = decide_retry;
	ASSERT_EQ(0, handler_start(&self->handler));
	EXPECT_EQ(-ELOOP, cap_type(fd, THERE));
	handler_stop(&self->handler);
	EXPECT_TRUE(pays(fd, &before));
}

/* The asker is killed after the upcall was received: the answer gets ESTALE, and is not taken. */
TEST_F(virt, case_24)
{
	pid_t pid = child_start(child_stat, &self->tx, self->tx);
	struct capmsg_stat port;

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	EXPECT_EQ(-ESTALE, answer_value(self, INBOX));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, INBOX));
	ASSERT_EQ(0, cap_stat(self->fd, HANDLER, &port));
	EXPECT_EQ(DEPTH, port.out_posted);
	/* Others of that space are served. */
	ASSERT_EQ(0, stat_starts(self, THERE));
	EXPECT_EQ(0, answer(self));
	EXPECT_EQ(0, job_join(&self->job));
}

/*
 * Answered with slot 1 of a real table, in which is what cannot be used before
 * SPARE2 is opened.
 */
static int answered_and_shut(scene *self)
{
	int ret = do_create_revoker(self->fd, &(struct capmsg_create_revoker){
		.from = INBOX, .to = SLOT2(2, 1), .revoker = SPARE2 });

	ret = ret ?: do_close(self->fd, &(struct capmsg_close){ .revoker = SPARE2 });
	ret = ret ?: stat_starts(self, THERE) ?: answer_slot(self, 1);
	return ret ?: job_blocked(&self->job) ? 0 : -EPROTO;
}

static int gate_opens(scene *self)
{
	return do_open(self->fd, &(struct capmsg_open){ .revoker = SPARE2 }) ?:
	       job_join(&self->job);
}

/* Tables change after an answer: what was answered is looked at again before it is used. */
TEST_F(virt, case_25)
{
	ASSERT_EQ(0, answered_and_shut(self));
	EXPECT_EQ(0, gate_opens(self));
	EXPECT_EQ(CAPMSG_TYPE_PORT, self->stat.out_type);
	ASSERT_EQ(0, obj_destroy(self->fd, SPARE2));
	/* Another capability in the slot. */
	ASSERT_EQ(0, answered_and_shut(self));
	ASSERT_EQ(0, cap_clear(self->fd, SLOT2(2, 1)));
	ASSERT_EQ(0, port_marked(self->fd, SLOT2(2, 1), 9));
	EXPECT_EQ(0, gate_opens(self));
	EXPECT_EQ(9, self->stat.out_max_size);
	ASSERT_EQ(0, obj_destroy(self->fd, SPARE2));
	ASSERT_EQ(0, cap_clear(self->fd, SLOT2(2, 1)));
	/* The table is gone. */
	ASSERT_EQ(0, answered_and_shut(self));
	ASSERT_EQ(0, obj_destroy(self->fd, REAL));
	EXPECT_EQ(-ENOENT, gate_opens(self));
}

/* Several operations of one space at a time: each has its own answers, and nobody sees those. */
TEST_F(virt, case_26)
{
	struct capmsg_stat second = { .address = THERE };
	struct upcall up;
	struct job job;

	ASSERT_EQ(0, port_marked(self->fd, SPARE, 31));
	ASSERT_EQ(0, port_marked(self->fd, SPARE2, 32));
	ASSERT_EQ(0, stat_starts(self, THERE));
	up = self->up;
	ASSERT_EQ(0, JOB_START(&job, self->tx, stat, STAT, &second));
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_EQ(0, memcmp(&up.upcall, &self->up.upcall, sizeof(up.upcall)));
	EXPECT_EQ(0, answer_value(self, SPARE2));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ(32, second.out_max_size);
	self->up = up;
	EXPECT_EQ(0, answer_value(self, SPARE));
	EXPECT_EQ(0, job_join(&self->job));
	EXPECT_EQ(31, self->stat.out_max_size);
	/* Nothing is remembered of that. */
	ASSERT_EQ(0, stat_starts(self, THERE));
	EXPECT_EQ(0, answer_error(self, ENOENT));
	EXPECT_EQ(-ENOENT, job_join(&self->job));
}

static int child_send_large(void *arg)
{
	struct capmsg_item item = { .address = THERE, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_send send = { .to = PORT, .data = PTR(memory_new(MIB, true)),
		.length = MIB, .items = PTR(&item), .n_items = 1, .deadline = patience() };

	return do_send(*(int *)arg, &send);
}

/* A large transfer ends in the middle: there is a bound, and it was never sent. */
TEST_F(virt, case_27)
{
	struct capmsg_send send = { .to = THERE, .data = PTR(self->data),
		.length = CAPMSG_INLINE_MAX, .deadline = patience() };
	char *memory = memory_new(MIB, true);
	pid_t pid;

	ASSERT_EQ(0, region_create(self->tx, REGION, memory, MIB));
	ASSERT_LE(0, post_any(self->tx, PORT, REGION, 0, MIB, LANDED(0), 1));
	pid = child_start(child_send_large, &self->tx, self->tx);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, upcall_comes(self));
	EXPECT_TRUE(has_none(self, self->tx, PORT));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	EXPECT_EQ(-ESTALE, answer_value(self, INBOX));
	EXPECT_TRUE(has_none(self, self->tx, PORT));
	EXPECT_EQ(-1, bytes_check(memory, MIB, POISON));
	/* The bound is that of the port, wherever it was found. */
	ASSERT_EQ(0, port_marked(self->fd, SPARE, CAPMSG_INLINE_MAX - 1));
	ASSERT_EQ(0, send_starts(self, &send));
	EXPECT_EQ(0, answer_value(self, SPARE));
	EXPECT_EQ(-EMSGSIZE, job_join(&self->job));
}

TEST_HARNESS_MAIN
