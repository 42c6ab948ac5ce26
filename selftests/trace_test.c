// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace_test.c - what the kernel's own tracing sees of messages: that no memory is
 * allocated on their way, and that senders to different ports have no lock in common.
 */
#include <semaphore.h>

#include "kselftest_harness.h"
#include "handler.h"

#define TRACING	"/sys/kernel/tracing/"

#define PORT	SLOT(1)
#define OTHER	SLOT(2)
#define REGION	SLOT(3)
#define TABLE	SLOT(4)		/* landing slots */
#define NOTE	SLOT(5)
#define MESSAGE	SLOT(6)
#define HANDLER	SLOT(7)
#define VIRTUAL	SLOT(8)
#define MADE	SLOT(9)

FIXTURE(trace) {
	int fd;
	char *target, *source, *plain;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	struct job job;
};

/* All that allocates; some kernels have fewer of them. */
static const char *const allocations[] = {
	"kmem/kmalloc", "kmem/kmalloc_node", "kmem/kmem_cache_alloc",
	"kmem/kmem_cache_alloc_node", "kmem/mm_page_alloc",
};

static int set_event(const char *event, const char *value)
{
	char path[100];

	snprintf(path, sizeof(path), TRACING "events/%s/enable", event);
	return access(path, F_OK) ? 0 : file_write(path, value);
}

/* Nothing is left in it. */
static int empty(const char *path)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	return fd < 0 ? -errno : close(fd);
}

static int trace_begin(void)
{
	return empty(TRACING "trace") ?: file_write(TRACING "tracing_on", "1");
}

static int trace_end(void)
{
	return file_write(TRACING "tracing_on", "0");
}

/* What others do could take the room of what these tasks do. */
static int events_of(pid_t a, pid_t b)
{
	char text[40];

	snprintf(text, sizeof(text), "%d %d", a, b);
	return empty(TRACING "set_event_pid") ?: file_write(TRACING "set_event_pid", text);
}

static void tracing_off(void)
{
	unsigned int i;

	trace_end();
	for (i = 0; i < ARRAY_SIZE(allocations); i++)
		set_event(allocations[i], "0");
	set_event("lock/lock_acquire", "0");
	file_write(TRACING "options/stacktrace", "0");
	empty(TRACING "set_event_pid");
	empty(TRACING "trace");
	file_write(TRACING "buffer_size_kb", "1");
}

FIXTURE_SETUP(trace)
{
	struct capmsg_create_message message = { .to = MESSAGE };
	struct capmsg_create_port port = { .to = OTHER, .depth = 2, .max_caps = 4,
		.max_size = 4 * PAGE, .flags = CAPMSG_PORT_NO_SHORT | CAPMSG_PORT_NO_SHARES };

	if (access(TRACING "events/kmem/kmem_cache_alloc", F_OK))
		SKIP(return, "no events of memory");
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	self->target = memory_new(4 * PAGE, true);
	self->source = memory_new(4 * PAGE, true);
	self->plain = memory_new(4 * PAGE, true);
	ASSERT_EQ(0, port_create(self->fd, PORT, 4));
	ASSERT_EQ(0, do_create_port(self->fd, &port));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->target, 4 * PAGE));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, note_create(self->fd, NOTE));
	ASSERT_EQ(0, do_create_message(self->fd, &message));
	ASSERT_EQ(0, handler_port(self->fd, HANDLER, 4));
	ASSERT_EQ(0, virtual_create(self->fd, VIRTUAL, HANDLER, 0, 8));
	ASSERT_EQ(0, file_write(TRACING "current_tracer", "nop"));
	ASSERT_EQ(0, file_write(TRACING "buffer_size_kb", "8192"));
	ASSERT_EQ(0, file_write(TRACING "options/stacktrace", "1"));
	ASSERT_EQ(0, trace_end());
}

FIXTURE_TEARDOWN(trace)
{
	tracing_off();
	CAPMSG_TEARDOWN();
}

/* --- no allocations ------------------------------------------------------------------ */

struct counts {
	unsigned int events;	/* of all that was traced */
	unsigned int slab, pages;	/* with a function of ours in the stack */
};

static void count_line(struct counts *counts, const char *line, bool *pages, bool *ours)
{
	if (strstr(line, ": kmalloc") || strstr(line, ": kmem_cache_alloc") ||
	    strstr(line, ": mm_page_alloc:")) {
		counts->events++;
		*pages = strstr(line, ": mm_page_alloc:");
		*ours = false;
	} else if (!*ours && !strncmp(line, " => ", 4) && strstr(line, "capmsg")) {
		*ours = true;
		counts->slab += !*pages;
		counts->pages += *pages;
		printf("# %s", line);
	}
}

static struct counts count_allocations(void)
{
	FILE *trace = fopen(TRACING "trace", "re");
	struct counts counts = { };
	bool pages = false, ours = true;
	char line[1000];

	if (!trace)
		abort();
	while (fgets(line, sizeof(line), trace))
		count_line(&counts, line, &pages, &ours);
	fclose(trace);
	return counts;
}

static int watch_allocations(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(allocations); i++)
		ret = set_event(allocations[i], "1");
	return ret;
}

static int short_message(FIXTURE_DATA(trace) *self)
{
	return msg_try(self->fd, PORT, "short", 5) ?:
	       msg_poll(self->fd, PORT, &self->record, self->data);
}

static int large_message(FIXTURE_DATA(trace) *self)
{
	struct capmsg_item items[4] = { { PORT, 0, 0 }, { PORT, 0, 0 }, { REGION, 0, 0 },
					{ TABLE, CAPMSG_RIGHTS_ALL, 0 } };
	struct capmsg_send send = { .to = OTHER, .items = PTR(items), .n_items = 4,
		.data = PTR(self->source), .length = 3 * PAGE, .flags = CAPMSG_NONBLOCK };
	unsigned int i;
	int ret;

	ret = post_any(self->fd, OTHER, REGION, 0, 3 * PAGE, SLOT2(4, 0), 4) < 0;
	ret = ret ?: do_send(self->fd, &send);
	ret = ret ?: msg_poll(self->fd, OTHER, &self->record, NULL);
	for (i = 0; i < 4 && !ret; i++)
		ret = cap_clear(self->fd, SLOT2(4, i));
	return ret;
}

static int post_withdrawn(FIXTURE_DATA(trace) *self)
{
	int post = post_any(self->fd, OTHER, REGION, 0, PAGE, SLOT2(4, 0), 4);

	return post < 0 ? post : post_take(self->fd, OTHER, post);
}

static int sender_waits(FIXTURE_DATA(trace) *self)
{
	struct capmsg_send send = { .to = OTHER, .data = PTR(self->source), .length = PAGE,
		.deadline = patience() };
	int ret;

	ret = JOB_START(&self->job, self->fd, send, SEND, &send);
	ret = ret ?: !job_blocked(&self->job);
	ret = ret ?: post_any(self->fd, OTHER, REGION, 0, PAGE, 0, 0) < 0;
	return ret ?: job_join(&self->job) ?:
	       msg_poll(self->fd, OTHER, &self->record, NULL);
}

static int receiver_waits(FIXTURE_DATA(trace) *self)
{
	struct capmsg_recv recv = { .port = PORT, .records = PTR(&self->record),
		.n_records = 1, .plain = PTR(self->plain) + 9, .plain_size = 2 * PAGE,
		.deadline = patience() };
	int ret;

	ret = JOB_START(&self->job, self->fd, recv, RECV, &recv);
	ret = ret ?: !job_blocked(&self->job);
	return ret ?: msg_send(self->fd, PORT, self->source, PAGE) ?: job_join(&self->job);
}

static int plain_message(FIXTURE_DATA(trace) *self)
{
	struct capmsg_send send = { .to = OTHER, .data = PTR(self->source), .length = PAGE,
		.deadline = patience() };
	struct capmsg_recv recv = { .port = OTHER, .records = PTR(&self->record),
		.n_records = 1, .plain = PTR(self->plain) + 9, .plain_size = 2 * PAGE,
		.deadline = patience() };
	int ret;

	ret = JOB_START(&self->job, self->fd, send, SEND, &send);
	ret = ret ?: !job_blocked(&self->job);
	return ret ?: do_recv(self->fd, &recv) ?: job_join(&self->job);
}

static int call_answered(FIXTURE_DATA(trace) *self)
{
	struct capmsg_call call = call_make(PORT, "echo", 4, self->plain, 2 * PAGE);
	int ret;

	ret = JOB_START(&self->job, self->fd, call, CALL, &call);
	ret = ret ?: msg_recv(self->fd, PORT, &self->record, self->data);
	ret = ret ?: !job_blocked(&self->job);
	return ret ?: msg_reply(self->fd, PORT, &self->record, self->source, PAGE) ?:
	       job_join(&self->job);
}

/* The server answers one call, and takes the message that is there. */
static int call_in_a_loop(FIXTURE_DATA(trace) *self)
{
	struct capmsg_call call = call_make(PORT, "echo", 4, self->plain, PAGE);
	struct capmsg_reply_recv loop = { .flags = CAPMSG_REPLY_POST, .to = PORT, .port = PORT,
		.data = PTR("fine"), .length = 4, .records = PTR(&self->record),
		.n_records = 1, .deadline = patience() };
	int ret;

	ret = JOB_START(&self->job, self->fd, call, CALL, &call);
	ret = ret ?: msg_recv(self->fd, PORT, &self->record, self->data);
	ret = ret ?: msg_try(self->fd, PORT, "next", 4);
	loop.post = self->record.out_post;
	loop.seq = self->record.out_seq;
	self->record.data = PTR(self->data);
	self->record.data_size = sizeof(self->data);
	return ret ?: do_reply_recv(self->fd, &loop) ?: job_join(&self->job);
}

static int message_in_steps(FIXTURE_DATA(trace) *self)
{
	struct capmsg_begin begin = { .message = MESSAGE, .to = OTHER, .length = PAGE,
		.flags = CAPMSG_NONBLOCK };
	struct capmsg_fill fill = { .message = MESSAGE, .data = PTR(self->source),
		.length = PAGE };
	struct capmsg_transmit transmit = { .message = MESSAGE, .length = PAGE,
		.flags = CAPMSG_NONBLOCK };
	int ret;

	ret = post_any(self->fd, OTHER, REGION, 0, PAGE, 0, 0) < 0;
	ret = ret ?: do_begin(self->fd, &begin);
	ret = ret ?: do_abandon(self->fd, &(struct capmsg_abandon){ .message = MESSAGE });
	ret = ret ?: do_begin(self->fd, &begin);
	ret = ret ?: do_fill(self->fd, &fill) ?: do_transmit(self->fd, &transmit);
	return ret ?: msg_poll(self->fd, OTHER, &self->record, NULL);
}

/* It waits in line by itself, and is filled when its turn has come. */
static int message_in_line(FIXTURE_DATA(trace) *self)
{
	struct capmsg_begin begin = { .message = MESSAGE, .to = OTHER, .length = PAGE,
		.flags = CAPMSG_MESSAGE_QUEUE };
	struct capmsg_fill fill = { .message = MESSAGE, .data = PTR(self->source),
		.length = PAGE };
	struct capmsg_transmit transmit = { .message = MESSAGE, .length = PAGE,
		.deadline = patience() };
	int ret;

	ret = do_begin(self->fd, &begin);
	ret = ret ?: post_any(self->fd, OTHER, REGION, 0, PAGE, 0, 0) < 0;
	ret = ret ?: do_fill(self->fd, &fill) ?: do_transmit(self->fd, &transmit);
	return ret ?: msg_poll(self->fd, OTHER, &self->record, NULL);
}

static int bits_waited_for(FIXTURE_DATA(trace) *self)
{
	struct capmsg_wait wait = { .notification = NOTE, .mask = 4, .deadline = patience() };
	int ret;

	ret = JOB_START(&self->job, self->fd, wait, WAIT, &wait);
	ret = ret ?: !job_blocked(&self->job);
	return ret ?: note_signal(self->fd, NOTE, 4) ?: job_join(&self->job);
}

static int credits_asked_for(FIXTURE_DATA(trace) *self)
{
	return do_credits(self->fd, &(struct capmsg_credits){ .to = PORT });
}

static int handler_asked(FIXTURE_DATA(trace) *self)
{
	struct capmsg_send send = { .to = SLOT2(8, 3), .data = PTR("x"), .length = 1,
		.deadline = patience() };
	struct verdict v = { .silent = false };
	struct upcall up;
	int ret;

	ret = JOB_START(&self->job, self->fd, send, SEND, &send);
	ret = ret ?: upcall_recv(self->fd, HANDLER, &up);
	say_value(&v, PORT, 8);
	ret = ret ?: upcall_answer(self->fd, HANDLER, &up, &v);
	return ret ?: job_join(&self->job) ?:
	       msg_poll(self->fd, PORT, &self->record, self->data);
}

/*
 * What allocates does so each time. But what the instrumented kernel keeps of each stack and
 * timer that it has not met before is allocated under functions of ours as well, now and
 * then: so one of some rounds has to go without any there. On a stock kernel there is one.
 */
#define ROUNDS	(instrumented() ? 8U : 1U)

static unsigned int allocated(FIXTURE_DATA(trace) *self, int (*run)(FIXTURE_DATA(trace) *self),
			      int *error)
{
	struct counts counts = { .slab = 1 };
	unsigned int round;

	*error = 0;
	for (round = 0; round < ROUNDS && counts.slab + counts.pages && !*error; round++) {
		*error = trace_begin() ?: run(self) ?: trace_end();
		counts = count_allocations();
	}
	return counts.slab + counts.pages;
}

/* Both tasks, whoever is there first; from the first command to the last. */
TEST_F_TIMEOUT(trace, messages_allocate_nothing, 120)
{
	static const struct {
		const char *name;
		int (*run)(FIXTURE_DATA(trace) *self);
	} rows[] = {
		{ "SEND, RECV", short_message },
		{ "POST, SEND with capabilities, RECV", large_message },
		{ "POST, UNPOST", post_withdrawn },
		{ "SEND waits for POST", sender_waits },
		{ "RECV with a plain buffer waits", receiver_waits },
		{ "SEND waits for RECV with a plain buffer", plain_message },
		{ "CALL, RECV, REPLY", call_answered },
		{ "CALL, REPLY_RECV", call_in_a_loop },
		{ "BEGIN, ABANDON, BEGIN, FILL, TRANSMIT", message_in_steps },
		{ "BEGIN waits in line", message_in_line },
		{ "WAIT waits for SIGNAL", bits_waited_for },
		{ "CREDITS", credits_asked_for },
		{ "SEND waits for a handler", handler_asked },
	};
	struct counts counts;
	unsigned int i;
	int error;

	ASSERT_EQ(0, watch_allocations());
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(0, allocated(self, rows[i].run, &error))
			TH_LOG("in each of %u rounds: %s", ROUNDS, rows[i].name);
		ASSERT_EQ(0, error)
			TH_LOG("%s", rows[i].name);
	}
	/* What is seen when something is allocated. */
	ASSERT_EQ(0, trace_begin());
	EXPECT_EQ(0, cappage_create(self->fd, MADE, 12));
	ASSERT_EQ(0, trace_end());
	counts = count_allocations();
	EXPECT_LT(0, counts.slab);
	EXPECT_LT(0, counts.pages);
}

/* --- no common locks ------------------------------------------------------------------ */

#define LOCKS_MAX	1000

struct locks {
	int pid;
	unsigned int n;
	char name[LOCKS_MAX][80];	/* address and class */
};

/**
 * struct start - where two tasks wait for what comes next; they sleep, and take few locks
 * @send: to send
 * @end: to end: the end of a space takes other locks
 * @arrived: one of them has come so far
 */
struct start {
	sem_t send, end, arrived;
};

/* A space of its own with a port; sends and receives there when it is told to. */
static int send_by_itself(void *arg)
{
	struct start *start = arg;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	int fd = space_new(), ret, i;

	ret = fd < 0 ? fd : port_create(fd, PORT, 8);
	sem_post(&start->arrived);
	sem_wait(&start->send);
	for (i = 0; i < 5 && !ret; i++)
		ret = msg_try(fd, PORT, "x", 1) ?: msg_poll(fd, PORT, &record, data);
	sem_post(&start->arrived);
	sem_wait(&start->end);
	return ret;
}

static struct start *start_new(void)
{
	struct start *start = memory_shared(PAGE);

	if (start && (sem_init(&start->send, 1, 0) || sem_init(&start->end, 1, 0) ||
		      sem_init(&start->arrived, 1, 0)))
		return NULL;
	return start;
}

static void go_on(sem_t *step)
{
	sem_post(step);
	sem_post(step);
}

/* Both of them. */
static bool arrived(struct start *start)
{
	unsigned int n = 0;

	return WAIT_UNTIL(CAPMSG_PATIENCE_MS, (n += !sem_trywait(&start->arrived)) == 2);
}

/* "COMM-PID [CPU] ...: lock_acquire: ADDRESS NAME" */
static bool lock_line(const char *line, int *pid, char *name, size_t size)
{
	const char *event = strstr(line, ": lock_acquire: "), *cpu = strstr(line, " [0");
	const char *dash = cpu;

	if (!event || !cpu)
		return false;
	while (dash > line && *dash != '-')
		dash--;
	*pid = atoi(dash + 1);
	snprintf(name, size, "%.*s", (int)strcspn(event + 16, "\n"), event + 16);
	return true;
}

/* The function that takes a lock is the first that is none of the kernel's for that. */
static bool takes_lock(const char *line)
{
	return !strstr(line, "lock") && !strstr(line, "trace");
}

static void lock_add(struct locks *locks, const char *name)
{
	unsigned int i;

	for (i = 0; i < locks->n; i++)
		if (!strcmp(locks->name[i], name))
			return;
	if (locks->n == LOCKS_MAX)
		abort();
	snprintf(locks->name[locks->n++], sizeof(locks->name[0]), "%s", name);
}

/* The locks that functions of ours have taken in the two tasks. */
static void locks_read(struct locks *a, struct locks *b)
{
	FILE *trace = fopen(TRACING "trace", "re");
	bool pending = false;
	char line[1000], name[80];
	int pid = 0;

	if (!trace)
		abort();
	while (fgets(line, sizeof(line), trace)) {
		if (lock_line(line, &pid, name, sizeof(name))) {
			pending = !strstr(name, "rcu_read_lock");
		} else if (pending && !strncmp(line, " => ", 4) && takes_lock(line)) {
			pending = false;
			if (strstr(line, "capmsg") && pid == a->pid)
				lock_add(a, name);
			else if (strstr(line, "capmsg") && pid == b->pid)
				lock_add(b, name);
		}
	}
	fclose(trace);
}

static unsigned int locks_in_common(const struct locks *a, const struct locks *b)
{
	unsigned int i, j, n = 0;

	for (i = 0; i < a->n; i++)
		for (j = 0; j < b->n; j++)
			if (!strcmp(a->name[i], b->name[j])) {
				printf("# both take %s\n", a->name[i]);
				n++;
			}
	return n;
}

TEST_F_TIMEOUT(trace, senders_to_two_ports_share_no_lock, 120)
{
	static struct locks a, b, same;
	struct start *start = start_new();

	ASSERT_NE(NULL, start);
	if (access(TRACING "events/lock/lock_acquire", F_OK))
		SKIP(return, "no events of locks");
	a.pid = child_start(send_by_itself, start, KEEP_NONE);
	b.pid = child_start(send_by_itself, start, KEEP_NONE);
	ASSERT_TRUE(arrived(start));
	ASSERT_EQ(0, events_of(a.pid, b.pid));
	ASSERT_EQ(0, set_event("lock/lock_acquire", "1"));
	ASSERT_EQ(0, trace_begin());
	go_on(&start->send);
	EXPECT_TRUE(arrived(start));
	ASSERT_EQ(0, trace_end());
	go_on(&start->end);
	EXPECT_EQ(0, child_wait(a.pid, CAPMSG_PATIENCE_MS));
	EXPECT_EQ(0, child_wait(b.pid, CAPMSG_PATIENCE_MS));
	locks_read(&a, &b);
	EXPECT_LT(0, a.n);
	EXPECT_LT(0, b.n);
	EXPECT_EQ(0, locks_in_common(&a, &b));
	/* What is seen of a port that both use: this task does, twice. */
	ASSERT_EQ(0, events_of(getpid(), getpid()));
	ASSERT_EQ(0, trace_begin());
	EXPECT_EQ(0, short_message(self));
	ASSERT_EQ(0, trace_end());
	a.pid = getpid();
	same.pid = a.pid;
	a.n = 0;
	b.pid = 0;
	locks_read(&a, &b);
	EXPECT_EQ(0, trace_begin());
	EXPECT_EQ(0, short_message(self));
	ASSERT_EQ(0, trace_end());
	locks_read(&same, &b);
	EXPECT_LT(0, locks_in_common(&a, &same));
}

TEST_HARNESS_MAIN
