// SPDX-License-Identifier: GPL-2.0-only
/*
 * oom_test.c - no memory: a memory cgroup that is filled to its last byte. What
 * makes something gets ENOMEM and has changed nothing; messages, answers and notices
 * go on; and whoever the OOM killer ends leaves nothing behind.
 *
 * A process that is in such a group can do nothing that needs memory, not even
 * touch a page or say why it fails: it has all its memory and its threads before,
 * and reports in memory that it shares with its parent.
 */
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "calls.h"

#define GROUP		"/sys/fs/cgroup/capmsg-oom"
#define MAX_OBJECTS	"/sys/module/capmsg/parameters/max_objects"
#define MAX_BYTES	"/sys/module/capmsg/parameters/max_bytes"
#define LIMIT		"16M"
#define PILES		4		/* tables of ballast */
#define SMALL		(PILES - 1)	/* that of the smallest objects */
#define LENGTH		(5 * PAGE + 100)
#define ALL		(~0ULL)

/* In the space of who receives, unless it says otherwise. */
#define RX_PORT		SLOT(0x20)	/* the sender has it there, too */
#define RX_REGION	SLOT(0x21)
#define RX_TABLE	SLOT(0x22)
#define RX_NOTE		SLOT(0x23)
#define RX_DOOMED	SLOT(0x24)	/* a port that is watched */
#define RX_LENT		SLOT(0x25)	/* a capability to it, through ... */
#define RX_REVOKER	SLOT(0x26)
#define RX_POLLED	SLOT(0x27)	/* a notification that poll() sees */
#define RX_COUNTED	SLOT(0x28)	/* one that an eventfd counts */
#define TX_MESSAGE	SLOT(0x29)	/* of the sender */
#define TX_NOTE		SLOT(0x2a)	/* of the sender, for its message */

enum { ARRIVED = 1, NO_SENDERS = 2, DIED = 4, CUT = 8, SIGNALLED = 16 };

/**
 * struct report - what has gone wrong where nothing can be said
 * @line: where, or 0
 * @got: what there was
 * @want: what there should have been
 * @ready: the child has come as far as it is to come
 */
struct report {
	int line;
	long got, want;
	atomic_int ready;
};

static struct report *report;

/* Ends the child. */
static int failed(int line, long want, long got)
{
	report->line = line;
	report->want = want;
	report->got = got;
	_exit(240);
}

static void must(int line, long want, long got)
{
	if (got != want)
		failed(line, want, got);
}

#define MUST(want, got)	must(__LINE__, (long)(want), (long)(got))

/**
 * struct quotas - of a user, to be as they were
 * @objects: max_objects
 * @bytes: max_bytes
 */
struct quotas {
	long long objects, bytes;
};

static int quotas_set(const struct quotas *quotas)
{
	char text[32];
	int ret;

	snprintf(text, sizeof(text), "%lld", quotas->objects);
	ret = file_write(MAX_OBJECTS, text);
	snprintf(text, sizeof(text), "%lld", quotas->bytes);
	return ret ?: file_write(MAX_BYTES, text);
}

/* A group, with room for the report outside of it, and quotas that nothing meets. */
static int group_new(struct quotas *before)
{
	const struct quotas none = { 1 << 20, 1LL << 40 };
	int ret;

	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* What is shared is paid for by who touches it first. */
	if (report == MAP_FAILED || mlockall(MCL_CURRENT) || munlockall())
		return -errno;
	before->objects = file_number(MAX_OBJECTS, NULL);
	before->bytes = file_number(MAX_BYTES, NULL);
	if (mkdir(GROUP, 0755) && errno != EEXIST)
		return -errno;
	ret = file_write(GROUP "/memory.max", LIMIT) ?: quotas_set(&none);
	file_write(GROUP "/memory.swap.max", "0");
	return ret;
}

/* All that was charged to it is given back. */
static long long group_end(const struct quotas *before)
{
	const char *current = GROUP "/memory.current";
	int ret = quotas_set(before);

	if (ret)
		return ret;
	if (!WAIT_UNTIL(CAPMSG_PATIENCE_MS, file_number(current, NULL) < 1 << 20))
		return file_number(current, NULL);
	return WAIT_UNTIL(CAPMSG_PATIENCE_MS, rmdir(GROUP) == 0) ? 0 : -errno;
}

static long long kills(void)
{
	return file_number(GROUP "/memory.events", "oom_kill ");
}

FIXTURE(oom) {
	struct quotas before;
};

FIXTURE_SETUP(oom)
{
	ASSERT_EQ(0, group_new(&self->before));
}

FIXTURE_TEARDOWN(oom)
{
	CAPMSG_TEARDOWN();
	EXPECT_EQ(0, group_end(&self->before));
}

#define EXPECT_CHILD(status, pid) do {					\
	EXPECT_EQ(status, child_wait(pid, 100000));			\
	EXPECT_EQ(0, report->line)					\
		TH_LOG("line %d: %ld, expected %ld", report->line,	\
		       report->got, report->want);			\
} while (0)

/* --- in the group ----------------------------------------------------------------- */

/* One CPU, as each keeps some memory of the group at hand. */
static int enter_group(void)
{
	pthread_attr_t attr;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	pthread_attr_init(&attr);
	if (sched_setaffinity(0, sizeof(set), &set) ||
	    pthread_attr_setstacksize(&attr, 64 * KIB) ||
	    pthread_setattr_default_np(&attr))
		return -EINVAL;
	return file_write(GROUP "/cgroup.procs", "0");
}

/* From now on this process needs no memory of its own. */
static int settle_in(void)
{
	char stack[64 * KIB];

	explicit_bzero(stack, sizeof(stack));
	return mlockall(MCL_CURRENT) ? -errno : 0;
}

/**
 * struct ballast - what fills the group
 * @fd: its space
 * @n: objects in each table; those of later tables are smaller
 */
struct ballast {
	int fd;
	unsigned int n[PILES];
};

static __u64 pile_slot(unsigned int table, unsigned int n)
{
	return CAPMSG_ADDRESS((0x80ULL + table) << 12 | n, 20);
}

/* The tables, while there is memory. */
static int ballast_new(struct ballast *ballast)
{
	unsigned int i;
	int ret = 0;

	ballast->fd = space_new();
	if (ballast->fd < 0)
		return ballast->fd;
	for (i = 0; i < PILES && !ret; i++)
		ret = cappage_create(ballast->fd, SLOT(0x80 + i), 12);
	return ret ?: note_create(ballast->fd, SLOT(1));
}

/* Ports of that depth until there is no memory for one more. */
static int pile_ports(struct ballast *ballast, unsigned int table, unsigned int depth)
{
	unsigned int *n = &ballast->n[table];
	int ret = 0;

	for (; *n < 4096; ++*n) {
		ret = port_create(ballast->fd, pile_slot(table, *n), depth);
		if (ret)
			break;
	}
	return ret == -ENOMEM ? 0 : ret ?: -E2BIG;
}

/* One of the smallest objects there are; each kind has its own room. */
static int small_new(int fd, unsigned int kind, __u64 to)
{
	struct capmsg_create_revoker revoker = { .from = SLOT(1), .to = SLOT(2), .revoker = to };

	switch (kind % 3) {
	case 0:
		return note_create(fd, to);
	case 1:
		return watch_create(fd, SLOT(0x80), to, SLOT(1), 1);
	default:
		return do_create_revoker(fd, &revoker) ?: cap_clear(fd, SLOT(2));
	}
}

/* Those, until there is no room at all. */
static int pile_small(struct ballast *ballast)
{
	unsigned int kind, misses = 0, *n = &ballast->n[SMALL];
	int ret;

	for (kind = 0; misses < 6 && *n < 4096; kind++) {
		ret = small_new(ballast->fd, kind, pile_slot(SMALL, *n));
		if (ret && ret != -ENOMEM)
			return ret;
		misses = ret ? misses + 1 : 0;
		*n += !ret;
	}
	return misses == 6 ? 0 : -E2BIG;
}

/* What others took and gave back is taken, too, when it has come back. */
static int pile_rest(struct ballast *ballast)
{
	unsigned int before;
	int ret;

	do {
		before = ballast->n[SMALL];
		sleep_ms(100);
		ret = pile_small(ballast);
	} while (!ret && ballast->n[SMALL] != before);
	return ret;
}

static int fill_up(struct ballast *ballast)
{
	int ret = settle_in();

	ret = ret ?: pile_ports(ballast, 0, 256) ?: pile_ports(ballast, 1, 16);
	return ret ?: pile_ports(ballast, 2, 1) ?: pile_small(ballast) ?: pile_rest(ballast);
}

/* Gives one object of the ballast back, the smallest that there is. */
static int lighten(struct ballast *ballast)
{
	unsigned int table = PILES;
	int ret;

	while (table && !ballast->n[table - 1])
		table--;
	if (!table--)
		return -ENOENT;
	ret = obj_destroy(ballast->fd, pile_slot(table, --ballast->n[table]));
	/* It is freed after a grace period. */
	sleep_ms(30);
	return ret;
}

/* --- what allocates ------------------------------------------------------------------ */

/* Without EXPORT: the kernel rather kills than to refuse a file. */
static bool allocates(unsigned int nr)
{
	switch (nr) {
	case CAPMSG_CMD_CREATE_CAPPAGE:
	case CAPMSG_CMD_CREATE_PORT:
	case CAPMSG_CMD_REGISTER:
	case CAPMSG_CMD_CREATE_NOTIFICATION:
	case CAPMSG_CMD_CREATE_MESSAGE:
	case CAPMSG_CMD_CREATE_REVOKER:
	case CAPMSG_CMD_WATCH:
	case CAPMSG_CMD_CREATE_VIRTUAL:
		return true;
	default:
		return false;
	}
}

static int limits_of(struct calls *calls)
{
	static struct capmsg_holder holders[4096];

	return do_limits(calls->fd, &(struct capmsg_limits){
		.port = PORT, .holders = PTR(holders), .n_holders = ARRAY_SIZE(holders) });
}

/* Every command in order: those that make something cannot, all others can. */
static int commands_without_memory(struct calls *calls, int bare)
{
	const __u64 state = call_state(calls);
	unsigned int nr;
	union any *a;
	int ret;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		/* A short list of UPCALLS may find memory that was used before. */
		if (nr == CAPMSG_CMD_EXPORT || nr == CAPMSG_CMD_UPCALLS)
			continue;
		a = call_fill(calls, nr);
		ret = capmsg_do(calls->fd, nr, a);
		if (ret != (allocates(nr) ? -ENOMEM : call_result(nr)))
			return failed(1000 + nr, call_result(nr), ret);
		if (!ret)
			call_undo(calls, nr, a);
		if (state != call_state(calls))
			return failed(2000 + nr, state, call_state(calls));
	}
	MUST(-ENOMEM, do_setup(bare, &(struct capmsg_setup){ }));
	MUST(-ENOENT, cap_clear(bare, SLOT(1)));
	MUST(-ENOMEM, limits_of(calls));
	a = call_fill(calls, CAPMSG_CMD_UPCALLS);
	a->upcalls.n = 4096;
	MUST(-ENOMEM, capmsg_do(calls->fd, CAPMSG_CMD_UPCALLS, a));
	return 0;
}

static int refused(void *unused)
{
	struct ballast ballast = { };
	struct calls calls;
	int bare;

	MUST(0, enter_group());
	MUST(0, calls_new(&calls));
	MUST(0, ballast_new(&ballast));
	bare = space_open();
	MUST(0, fill_up(&ballast));
	MUST(0, commands_without_memory(&calls, bare));
	/* And with memory they succeed. */
	close(ballast.fd);
	MUST(true, WAIT_UNTIL(CAPMSG_PATIENCE_MS, !do_setup(bare, &(struct capmsg_setup){ })));
	MUST(0, limits_of(&calls));
	return 0;
}

/* What makes something gets ENOMEM, and has changed nothing. */
TEST_F_TIMEOUT(oom, refused, 120)
{
	EXPECT_CHILD(0, child_start(refused, NULL, KEEP_NONE));
	EXPECT_EQ(0, kills());
}

/* A little more memory each time: it fails at every point, until it succeeds. */
static int points_of(struct calls *calls, unsigned int nr, struct ballast *ballast,
		     unsigned int *failures)
{
	__u64 state;
	union any *a;
	int ret;

	do {
		state = call_state(calls);
		a = call_fill(calls, nr);
		ret = capmsg_do(calls->fd, nr, a);
		*failures += ret == -ENOMEM;
		if (!ret)
			call_undo(calls, nr, a);
		MUST(state, call_state(calls));
	} while (ret == -ENOMEM && !lighten(ballast));
	return ret == call_result(nr) ? 0 : failed(1000 + nr, call_result(nr), ret);
}

static int every_point(void *unused)
{
	unsigned int nr, failures, tries;
	struct ballast ballast = { };
	struct calls calls;

	MUST(0, enter_group());
	MUST(0, calls_new(&calls));
	MUST(0, ballast_new(&ballast));
	MUST(0, fill_up(&ballast));
	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		if (!allocates(nr))
			continue;
		/* What KASAN holds back comes back when it likes. */
		for (tries = failures = 0; !failures && tries < 5; tries++) {
			MUST(0, pile_rest(&ballast));
			MUST(0, points_of(&calls, nr, &ballast, &failures));
		}
		if (!failures)
			fprintf(stderr, "# command %u never failed\n", nr);
		MUST(true, failures > 0);
	}
	return 0;
}

TEST_F_TIMEOUT(oom, every_point, 240)
{
	EXPECT_CHILD(0, child_start(every_point, NULL, KEEP_NONE));
	EXPECT_EQ(0, kills());
}

/* --- what goes on --------------------------------------------------------------------- */

/**
 * struct worker - a thread that was there before, and makes one call when told to
 * @state: 0 at rest, 1 told to, 2 done
 */
struct worker {
	pthread_t thread;
	atomic_int state, tid;
	int fd, ret;
	unsigned int nr;
	void *arg;
};

static void *work(void *data)
{
	struct worker *worker = data;

	atomic_store(&worker->tid, gettid());
	for (;;) {
		while (atomic_load(&worker->state) != 1)
			usleep(1000);
		worker->ret = capmsg_do(worker->fd, worker->nr, worker->arg);
		atomic_store(&worker->state, 2);
	}
	return NULL;
}

/* Has it call, until it waits in the kernel. */
static int work_start(struct worker *worker, int fd, unsigned int nr, void *arg)
{
	worker->fd = fd;
	worker->nr = nr;
	worker->arg = arg;
	*(__u32 *)arg = capmsg_size(nr);
	atomic_store(&worker->state, 1);
	/* No look into /proc: that takes memory. */
	sleep_ms(100);
	return atomic_load(&worker->state) == 1 ? 0 : -EPROTO;
}

static int work_end(struct worker *worker)
{
	if (!WAIT_UNTIL(CAPMSG_PATIENCE_MS, atomic_load(&worker->state) == 2))
		return -ETIME;
	atomic_store(&worker->state, 0);
	return worker->ret;
}

/**
 * struct scene - all that is used without memory
 */
struct scene {
	struct ballast ballast;
	struct worker worker;
	int rx, tx, event;
	char *target, *source, *plain;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

static int scene_objects(struct scene *s)
{
	const struct capmsg_create_port port = { .to = RX_PORT, .depth = 2, .max_caps = 2,
		.flags = CAPMSG_PORT_NO_SHARES, .notification = RX_NOTE,
		.arrival_bits = ARRIVED, .no_senders_bits = NO_SENDERS };
	const struct capmsg_create_message message = { .to = TX_MESSAGE,
		.notification = TX_NOTE, .bits = 1 };

	MUST(0, note_create(s->rx, RX_NOTE));
	MUST(0, do_create_port(s->rx, (struct capmsg_create_port *)&port));
	MUST(0, cap_give(s->rx, RX_PORT, RIGHTS_SENDER, s->tx, RX_PORT));
	MUST(0, region_create(s->rx, RX_REGION, s->target, 6 * PAGE));
	MUST(0, cappage_create(s->rx, RX_TABLE, 8));
	MUST(0, port_create(s->rx, RX_DOOMED, 1));
	MUST(0, do_create_revoker(s->rx, &(struct capmsg_create_revoker){
		.from = RX_PORT, .to = RX_LENT, .revoker = RX_REVOKER }));
	MUST(0, watch_create(s->rx, RX_DOOMED, 0, RX_NOTE, DIED));
	MUST(0, watch_create(s->rx, RX_LENT, 0, RX_NOTE, CUT));
	MUST(0, note_make(s->rx, CAPMSG_NOTIFICATION_POLL, RX_POLLED, 0));
	MUST(0, note_make(s->rx, CAPMSG_NOTIFICATION_EVENTFD, RX_COUNTED, s->event));
	MUST(0, note_create(s->tx, TX_NOTE));
	MUST(0, do_create_message(s->tx, (struct capmsg_create_message *)&message));
	return 0;
}

static int scene_new(struct scene *s)
{
	MUST(0, enter_group());
	s->rx = space_new();
	s->tx = space_new();
	s->event = eventfd(0, EFD_NONBLOCK);
	s->target = memory_new(6 * PAGE, true);
	s->source = memory_new(6 * PAGE, true);
	s->plain = memory_new(6 * PAGE, true);
	pattern_fill(s->source, LENGTH, 1);
	MUST(0, scene_objects(s));
	MUST(0, ballast_new(&s->ballast));
	MUST(0, pthread_create(&s->worker.thread, NULL, work, &s->worker));
	MUST(0, fill_up(&s->ballast));
	return 0;
}

/* There is no memory still: what follows has needed none. */
static int still_none(struct scene *s)
{
	return note_create(s->rx, SLOT(0x30)) == -ENOMEM ? 0 : -EPROTO;
}

static int short_messages(struct scene *s)
{
	MUST(0, msg_try(s->tx, RX_PORT, "short", 5));
	MUST(ARRIVED, note_take(s->rx, RX_NOTE, ALL));
	MUST(0, msg_try(s->tx, RX_PORT, "second", 6));
	MUST(-EAGAIN, msg_try(s->tx, RX_PORT, "third", 5));
	MUST(0, msg_poll(s->rx, RX_PORT, &s->record, s->data));
	MUST(5, s->record.out_length);
	MUST(0, memcmp(s->data, "short", 5));
	MUST(0, msg_poll(s->rx, RX_PORT, &s->record, s->data));
	MUST(ARRIVED, note_take(s->rx, RX_NOTE, ALL));
	return 0;
}

/* With two capabilities, into a post; and into a plain buffer, for which somebody waits. */
static int long_messages(struct scene *s)
{
	const struct capmsg_item items[2] = { { TX_NOTE, CAPMSG_RIGHT_SEND, 0 },
					      { TX_NOTE, CAPMSG_RIGHT_RECV, 0 } };
	struct capmsg_send send = { .to = RX_PORT, .data = PTR(s->source), .length = LENGTH,
		.items = PTR(items), .n_items = 2, .deadline = patience() };
	struct capmsg_recv recv = { .port = RX_PORT, .records = PTR(&s->record),
		.n_records = 1, .plain = PTR(s->plain), .plain_size = 6 * PAGE,
		.deadline = patience() };
	int post = post_any(s->rx, RX_PORT, RX_REGION, 0, 6 * PAGE, SLOT2(0x22, 0), 2);

	MUST(true, post >= 0);
	MUST(0, do_send(s->tx, &send));
	MUST(ARRIVED, note_take(s->rx, RX_NOTE, ALL));
	MUST(0, msg_poll(s->rx, RX_PORT, &s->record, s->data));
	MUST(2, s->record.out_n_caps);
	MUST(-1, pattern_check(s->target, LENGTH, 1));
	MUST(CAPMSG_RIGHT_RECV, cap_rights(s->rx, SLOT2(0x22, 1)));
	MUST(0, cap_clear(s->rx, SLOT2(0x22, 0)));
	MUST(0, cap_clear(s->rx, SLOT2(0x22, 1)));
	MUST(0, post_take(s->rx, RX_PORT, post));
	send.n_items = 0;
	MUST(0, work_start(&s->worker, s->rx, CAPMSG_CMD_RECV, &recv));
	MUST(0, do_send(s->tx, &send));
	MUST(0, work_end(&s->worker));
	MUST(LENGTH, s->record.out_length);
	MUST(-1, pattern_check(s->plain, LENGTH, 1));
	note_take(s->rx, RX_NOTE, ALL);
	return 0;
}

static int calls_and_answers(struct scene *s)
{
	char answer[8] = "";
	struct capmsg_call call = call_make(RX_PORT, "what?", 5, answer, sizeof(answer));
	struct capmsg_reply_recv loop = { .flags = CAPMSG_REPLY_POST | CAPMSG_NONBLOCK,
		.to = RX_PORT, .port = RX_PORT, .data = PTR("second"), .length = 7,
		.records = PTR(&s->record), .n_records = 1 };

	MUST(0, work_start(&s->worker, s->tx, CAPMSG_CMD_CALL, &call));
	MUST(0, msg_recv(s->rx, RX_PORT, &s->record, s->data));
	MUST(0, msg_reply(s->rx, RX_PORT, &s->record, "first", 6));
	MUST(0, work_end(&s->worker));
	MUST(0, strcmp(answer, "first"));
	MUST(0, work_start(&s->worker, s->tx, CAPMSG_CMD_CALL, &call));
	MUST(0, msg_recv(s->rx, RX_PORT, &s->record, s->data));
	loop.post = s->record.out_post;
	loop.seq = s->record.out_seq;
	MUST(-EAGAIN, do_reply_recv(s->rx, &loop));
	MUST(0, work_end(&s->worker));
	MUST(0, strcmp(answer, "second"));
	/* Dropped instead of answered. */
	MUST(0, work_start(&s->worker, s->tx, CAPMSG_CMD_CALL, &call));
	MUST(0, msg_recv(s->rx, RX_PORT, &s->record, s->data));
	MUST(0, do_clear(s->rx, &(struct capmsg_clear){
		.flags = CAPMSG_CLEAR_POST, .slot = RX_PORT,
		.post = s->record.out_post, .seq = s->record.out_seq }));
	MUST(-EPIPE, work_end(&s->worker));
	note_take(s->rx, RX_NOTE, ALL);
	return 0;
}

static int transmit(struct scene *s, unsigned int length, unsigned int flags)
{
	struct capmsg_transmit arg = { .message = TX_MESSAGE, .length = length,
		.flags = flags };

	return do_transmit(s->tx, &arg) ?: (int)arg.out_state;
}

static int begin(struct scene *s, unsigned int length)
{
	struct capmsg_begin arg = { .message = TX_MESSAGE, .to = RX_PORT, .length = length,
		.flags = CAPMSG_MESSAGE_QUEUE };
	int ret = do_begin(s->tx, &arg);

	/* Not before it has a post. */
	if (!ret && arg.out_state == CAPMSG_MESSAGE_QUEUED)
		return CAPMSG_MESSAGE_QUEUED;
	return ret ?: do_fill(s->tx, &(struct capmsg_fill){ .message = TX_MESSAGE,
		.data = PTR(s->source), .length = length }) ?: (int)arg.out_state;
}

/* In steps; in line, delivered from there; and one that loses its post. */
static int messages_in_steps(struct scene *s)
{
	int post = post_any(s->rx, RX_PORT, RX_REGION, 0, 6 * PAGE, 0, 0);

	memset(s->target, 0, 6 * PAGE);
	MUST(CAPMSG_MESSAGE_OPEN, begin(s, LENGTH));
	MUST(CAPMSG_MESSAGE_DELIVERED, transmit(s, LENGTH, 0));
	MUST(0, msg_poll(s->rx, RX_PORT, &s->record, s->data));
	MUST(-1, pattern_check(s->target, LENGTH, 1));
	MUST(0, msg_try(s->tx, RX_PORT, "before", 6));
	MUST(CAPMSG_MESSAGE_OPEN, begin(s, 8));
	MUST(CAPMSG_MESSAGE_SENDING, transmit(s, 8, CAPMSG_MESSAGE_QUEUE));
	MUST(0, note_take(s->tx, TX_NOTE, ALL));
	MUST(0, msg_poll(s->rx, RX_PORT, &s->record, s->data));
	MUST(1, note_take(s->tx, TX_NOTE, ALL));
	MUST(0, msg_poll(s->rx, RX_PORT, &s->record, s->data));
	MUST(8, s->record.out_length);
	MUST(CAPMSG_MESSAGE_QUEUED, begin(s, LENGTH));
	MUST(post, post_any(s->rx, RX_PORT, RX_REGION, 0, 6 * PAGE, 0, 0));
	MUST(1, note_take(s->tx, TX_NOTE, ALL));
	MUST(0, post_take(s->rx, RX_PORT, post));
	MUST(1, note_take(s->tx, TX_NOTE, ALL));
	MUST(-ESTALE, transmit(s, LENGTH, 0));
	note_take(s->rx, RX_NOTE, ALL);
	return 0;
}

static int signals_and_waits(struct scene *s)
{
	struct capmsg_wait wait = { .notification = RX_NOTE, .mask = SIGNALLED,
		.deadline = patience() };
	struct pollfd poller = { .fd = s->rx, .events = POLLIN };

	MUST(0, work_start(&s->worker, s->rx, CAPMSG_CMD_WAIT, &wait));
	MUST(0, note_signal(s->rx, RX_NOTE, SIGNALLED));
	MUST(0, work_end(&s->worker));
	MUST(SIGNALLED, wait.out_bits);
	MUST(0, poll(&poller, 1, 0));
	MUST(0, note_signal(s->rx, RX_POLLED, 1));
	MUST(1, poll(&poller, 1, 0));
	MUST(0, note_signal(s->rx, RX_COUNTED, 7));
	MUST(1, eventfd_take(s->event));
	return 0;
}

/* The last sender goes; what is watched dies, and is revoked. Frees memory. */
static int ends(struct scene *s)
{
	MUST(0, note_take(s->rx, RX_NOTE, ALL));
	MUST(0, do_revoke(s->rx, &(struct capmsg_revoke){ .revoker = RX_REVOKER }));
	MUST(CUT, note_take(s->rx, RX_NOTE, ALL));
	MUST(0, obj_destroy(s->rx, RX_DOOMED));
	MUST(DIED, note_take(s->rx, RX_NOTE, ALL));
	MUST(0, cap_clear(s->tx, RX_PORT));
	MUST(0, do_abandon(s->tx, &(struct capmsg_abandon){ .message = TX_MESSAGE }));
	MUST(NO_SENDERS, note_take(s->rx, RX_NOTE, ALL));
	return 0;
}

static int goes_on(void *unused)
{
	static struct scene scene;

	MUST(0, scene_new(&scene));
	MUST(0, still_none(&scene));
	MUST(0, short_messages(&scene));
	MUST(0, long_messages(&scene));
	MUST(0, calls_and_answers(&scene));
	MUST(0, messages_in_steps(&scene));
	MUST(0, signals_and_waits(&scene));
	MUST(0, still_none(&scene));
	return ends(&scene);
}

/* Messages, answers and notices need no memory. */
TEST_F_TIMEOUT(oom, goes_on, 120)
{
	EXPECT_CHILD(0, child_start(goes_on, NULL, KEEP_NONE));
	EXPECT_EQ(0, kills());
}

/* --- who is killed -------------------------------------------------------------------- */

#define MORE		(32 * MIB)
/* In the space of the parent, which is outside of the group. */
#define HOME		SLOT(0x20)	/* a port */
#define HOME_REGION	SLOT(0x21)
#define HOME_TABLE	SLOT(0x22)
#define HOME_NOTE	SLOT(0x23)
#define GIVEN		SLOT2(0x22, 0)	/* the child's port, as it arrives */
/* In that of the child. */
#define OUT		SLOT(0x30)	/* the port of the parent */
#define SERVED		SLOT(0x31)	/* a port of its own */
#define DRAFT		SLOT(0x32)	/* a message */
#define MEMORY		SLOT(0x33)	/* a region */
#define OWN_NOTE	SLOT(0x34)
#define OWN_WATCH	SLOT(0x35)

/* How the child comes to need memory that there is not. */
enum need { TOUCH, SEND_MORE, FILL_MORE, MAKE_FILES };

FIXTURE(oom_kill) {
	struct quotas before;
	int fd;
	char *target;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

FIXTURE_VARIANT(oom_kill) { enum need need; };
FIXTURE_VARIANT_ADD(oom_kill, touching) { .need = TOUCH };
FIXTURE_VARIANT_ADD(oom_kill, sending) { .need = SEND_MORE };
FIXTURE_VARIANT_ADD(oom_kill, filling) { .need = FILL_MORE };
FIXTURE_VARIANT_ADD(oom_kill, exporting) { .need = MAKE_FILES };

FIXTURE_SETUP(oom_kill)
{
	ASSERT_EQ(0, group_new(&self->before));
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	self->target = memory_new(MORE, true);
	/* Pinned pages would be copied for the child. */
	ASSERT_EQ(0, madvise(self->target, MORE, MADV_DONTFORK));
	ASSERT_EQ(0, note_create(self->fd, HOME_NOTE));
	ASSERT_EQ(0, cappage_create(self->fd, HOME_TABLE, 8));
	ASSERT_EQ(0, region_create(self->fd, HOME_REGION, self->target, MORE));
	ASSERT_EQ(0, port_create(self->fd, HOME, 1));
}

FIXTURE_TEARDOWN(oom_kill)
{
	CAPMSG_TEARDOWN();
	EXPECT_EQ(0, group_end(&self->before));
}

/**
 * struct victim - the child
 * @need: what it is to be killed for
 * @home: a file that holds the port of the parent
 */
struct victim {
	enum need need;
	int home, fd;
	struct worker receiver;
	struct ballast ballast;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

static int victim_objects(struct victim *v)
{
	const struct capmsg_item item = { SERVED, RIGHTS_SENDER, 0 };

	v->fd = space_new();
	MUST(0, cap_import(v->fd, v->home, OUT));
	MUST(0, port_create(v->fd, SERVED, 4));
	MUST(0, region_create(v->fd, MEMORY, memory_new(MIB, true), MIB));
	MUST(true, post_any(v->fd, SERVED, MEMORY, 0, MIB, 0, 0) >= 0);
	MUST(0, note_create(v->fd, OWN_NOTE));
	MUST(0, watch_create(v->fd, OUT, OWN_WATCH, OWN_NOTE, 1));
	MUST(0, do_create_message(v->fd, &(struct capmsg_create_message){ .to = DRAFT }));
	MUST(0, do_send(v->fd, &(struct capmsg_send){
		.to = OUT, .data = PTR("me"), .length = 2, .items = PTR(&item), .n_items = 1,
		.deadline = patience() }));
	return 0;
}

/* It owes an answer, waits for more, and has half filled a message. */
static int victim_busy(struct victim *v)
{
	static struct capmsg_record record;
	static struct capmsg_recv more = { .port = SERVED, .n_records = 1 };

	more.records = PTR(&record);
	MUST(0, msg_recv(v->fd, SERVED, &v->record, v->data));
	MUST(0, work_start(&v->receiver, v->fd, CAPMSG_CMD_RECV, &more));
	if (v->need == SEND_MORE)
		return 0;
	MUST(0, do_begin(v->fd, &(struct capmsg_begin){
		.message = DRAFT, .to = OUT, .length = MORE, .deadline = patience() }));
	MUST(0, do_fill(v->fd, &(struct capmsg_fill){
		.message = DRAFT, .data = PTR(v->data), .length = sizeof(v->data) }));
	return 0;
}

static int touch(void)
{
	explicit_bzero(memory_new(MORE, false), MORE);
	return failed(__LINE__, 0, 0);
}

/* Pages of this cost memory even if they are only read. */
static __u64 unread(void)
{
	return PTR(mmap(NULL, MORE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

/* With less and less ballast: sooner or later there is room for all but the file. */
static int make_files(struct victim *v)
{
	unsigned int i;

	MUST(0, ballast_new(&v->ballast));
	MUST(0, fill_up(&v->ballast));
	for (i = 0; i < 500; i++)
		if (cap_export(v->fd, SERVED, RIGHTS_SENDER) < 0 && lighten(&v->ballast))
			break;
	/* Room enough for all of them. */
	return touch();
}

static int victim(void *data)
{
	struct victim *v = data;

	MUST(0, enter_group());
	MUST(0, pthread_create(&v->receiver.thread, NULL, work, &v->receiver));
	MUST(0, victim_objects(v));
	MUST(0, victim_busy(v));
	atomic_store(&report->ready, 1);
	switch (v->need) {
	case TOUCH:
		return touch();
	case SEND_MORE:
		MUST(0, do_send(v->fd, &(struct capmsg_send){
			.to = OUT, .data = unread(), .length = MORE, .deadline = patience() }));
		break;
	case FILL_MORE:
		MUST(0, do_fill(v->fd, &(struct capmsg_fill){
			.message = DRAFT, .data = unread(), .length = MORE }));
		break;
	case MAKE_FILES:
		return make_files(v);
	}
	return 0;
}

/* Who called it gets EPIPE, who watches it is told, and its claim is nobody's. */
TEST_F_TIMEOUT(oom_kill, leaves_nothing, 120)
{
	struct victim v = { .need = variant->need };
	char answer[8];
	struct capmsg_call call = call_make(GIVEN, "?", 1, answer, sizeof(answer));
	struct capmsg_stat stat;
	struct job job;
	pid_t pid;

	v.home = cap_export(self->fd, HOME, RIGHTS_SENDER);
	ASSERT_LE(0, v.home);
	ASSERT_EQ(0, post_any(self->fd, HOME, HOME_REGION, 0, MORE, GIVEN, 1));
	pid = child_start(victim, &v, v.home);
	ASSERT_EQ(0, close(v.home));
	ASSERT_EQ(0, msg_recv(self->fd, HOME, &self->record, self->data));
	ASSERT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, GIVEN));
	ASSERT_EQ(0, watch_create(self->fd, GIVEN, 0, HOME_NOTE, DIED));
	ASSERT_EQ(0, post_any(self->fd, HOME, HOME_REGION, 0, MORE, 0, 0));
	ASSERT_EQ(0, JOB_START(&job, self->fd, call, CALL, &call));
	EXPECT_CHILD(1000 + SIGKILL, pid);
	EXPECT_EQ(1, atomic_load(&report->ready));
	EXPECT_LE(1, kills());
	EXPECT_EQ(-EPIPE, job_join(&job));
	EXPECT_EQ(DIED, note_wait(self->fd, HOME_NOTE, ALL));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, GIVEN));
	ASSERT_EQ(0, cap_stat(self->fd, HOME, &stat));
	EXPECT_EQ(0, stat.out_claimed);
	EXPECT_EQ(0, stat.out_filled);
	EXPECT_EQ(1, stat.out_posted);
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, HOME, &self->record, self->data));
	/* Others go on. */
	memset(self->target, 0, 2 * PAGE);
	ASSERT_EQ(0, msg_send(self->fd, HOME, self->target + PAGE, PAGE));
	ASSERT_EQ(0, msg_poll(self->fd, HOME, &self->record, self->data));
	EXPECT_EQ(PAGE, self->record.out_length);
}

TEST_HARNESS_MAIN
