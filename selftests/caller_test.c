// SPDX-License-Identifier: GPL-2.0-only
/*
 * caller_test.c - every command as somebody else calls it, or under other
 * conditions: after fork, with a space of another, in other namespaces, out of
 * descriptors or of locked memory, forbidden by seccomp, under signals; on files
 * of other kinds. Where a condition has no say the result is that of every day.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "calls.h"

#define ALICE		1000
#define OVERFLOW	65534	/* how a user is told who has no number here */
#define LENT		SLOT(0x20)	/* a port of depth 1, which is full */

FIXTURE(caller) {
	struct calls calls;
	int log;
	__u64 state;
};

FIXTURE_SETUP(caller)
{
	self->log = log_open();
	ASSERT_LE(0, self->log);
	ASSERT_EQ(0, calls_new(&self->calls));
	self->state = call_state(&self->calls);
}

FIXTURE_TEARDOWN(caller)
{
	const char *text = log_speaks(self->log);

	EXPECT_EQ(NULL, text)
		TH_LOG("the kernel said: %s", text);
	EXPECT_EQ(self->state, call_state(&self->calls));
	CAPMSG_TEARDOWN();
}

/**
 * struct condition - what every command is to return
 * @calls: where
 * @expected: its result; NULL: as every day
 * @before: is done first, by who calls; may be NULL
 */
struct condition {
	struct calls *calls;
	int (*expected)(unsigned int nr);
	int (*before)(struct condition *c);
};

/* Every command in turn; how many have a wrong result, or change something. */
static int odd_commands(struct condition *c)
{
	const __u64 state = call_state(c->calls);
	unsigned int nr;
	int ret, expected, odd = 0;
	union any *a;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		expected = c->expected ? c->expected(nr) : call_result(nr);
		a = call_fill(c->calls, nr);
		ret = capmsg_do(c->calls->fd, nr, a);
		if (!ret)
			call_undo(c->calls, nr, a);
		if (ret == expected && call_state(c->calls) == state)
			continue;
		fprintf(stderr, "# command %u: %d instead of %d%s\n", nr, ret, expected,
			call_state(c->calls) == state ? "" : ", and left something");
		odd++;
	}
	return odd;
}

/* The same for a process: 200 if the condition cannot be made. */
static int run_condition(void *data)
{
	struct condition *c = data;

	return c->before && c->before(c) ? 200 : odd_commands(c);
}

static int child_condition(struct condition *c)
{
	return child_wait(child_start(run_condition, c, KEEP_ALL), CAPMSG_PATIENCE_MS);
}

/* --- other processes -------------------------------------------------------------------- */

/* The file is the space, and memory that a command names is the caller's own. */
TEST_F(caller, forked)
{
	struct condition c = { .calls = &self->calls };

	EXPECT_EQ(0, child_condition(&c));
	EXPECT_EQ(0, odd_commands(&c));
}

static int new_space(struct condition *c)
{
	c->calls->fd = space_new();
	return c->calls->fd < 0;
}

/* The numbers of another space name nothing; what names nothing works. */
static int of_stranger(unsigned int nr)
{
	switch (nr) {
	case CAPMSG_CMD_QUERY:
	case CAPMSG_CMD_SETUP:
	case CAPMSG_CMD_CREATE_CAPPAGE:
	case CAPMSG_CMD_CREATE_PORT:
	case CAPMSG_CMD_REGISTER:
	case CAPMSG_CMD_CLEAR:
	case CAPMSG_CMD_LIST:
	case CAPMSG_CMD_IMPORT:
	case CAPMSG_CMD_CREATE_NOTIFICATION:
	case CAPMSG_CMD_CREATE_MESSAGE:
	case CAPMSG_CMD_LIMITS:
		return call_result(nr);
	default:
		return -ENOENT;
	}
}

TEST_F(caller, space_of_another)
{
	struct condition c = { &self->calls, of_stranger, new_space };

	EXPECT_EQ(0, child_condition(&c));
}

/* --- namespaces ---------------------------------------------------------------------------- */

static int become(uid_t uid)
{
	return setresgid(uid, uid, uid) || setresuid(uid, uid, uid);
}

/* Runs @fn as the first process of a new pid namespace, root of a new user namespace. */
static int inside(int (*fn)(void *data), void *data)
{
	int status = 0;
	pid_t pid;

	if (become(ALICE) || namespace_enter(ALICE) || unshare(CLONE_NEWPID))
		return 201;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(getpid() == 1 ? fn(data) : 202);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 203;
	return WEXITSTATUS(status);
}

static int condition_inside(void *data)
{
	return inside(run_condition, data);
}

/* A space that was opened outside is what it was: its file is all the right there is. */
TEST_F(caller, space_from_outside)
{
	struct condition c = { .calls = &self->calls };

	EXPECT_EQ(0, child_wait(child_start(condition_inside, &c, KEEP_ALL),
				CAPMSG_PATIENCE_MS));
}

static int new_calls(struct condition *c)
{
	return calls_new(c->calls);
}

TEST_F(caller, space_from_inside)
{
	struct condition c = { &self->calls, NULL, new_calls };

	EXPECT_EQ(0, child_wait(child_start(condition_inside, &c, KEEP_ALL),
				CAPMSG_PATIENCE_MS));
}

/* What is told of others: who has no number here is told as nobody. */
static int told_inside(void *data)
{
	struct calls *calls = data;
	struct capmsg_waiting waiting = { };
	struct capmsg_holder holder = { };
	struct capmsg_query query = { .flags = 0 };
	struct capmsg_upcalls upcalls = { .port = HANDLER, .waiting = PTR(&waiting), .n = 1 };
	struct capmsg_limits limits = { .port = LENT, .holders = PTR(&holder), .n_holders = 1 };
	unsigned int i, totals = 0;

	if (do_query(calls->fd, &query) || do_upcalls(calls->fd, &upcalls) ||
	    do_limits(calls->fd, &limits) || upcalls.out_n != 1 || limits.out_n_holders != 1)
		return 1;
	for (i = 0; i < ARRAY_SIZE(query.out_total_live); i++)
		totals |= !!query.out_total_live[i];
	if (totals || query.out_total_users || query.out_total_pinned || query.out_total_exports)
		return 2;
	if (waiting.thread || waiting.user != OVERFLOW)
		return 3;
	if (limits.out_limit != CAPMSG_LIMIT_POSTS || limits.out_thread)
		return 4;
	return holder.user == OVERFLOW && holder.held == 1 ? 0 : 5;
}

static int told_from_outside(void *data)
{
	return inside(told_inside, data);
}

TEST_F(caller, told_of_others)
{
	struct capmsg_limits limits = { .flags = 0 };
	struct capmsg_stat stat = { .address = SLOT2(13, 1) };
	struct calls *calls = &self->calls;
	struct job job;

	ASSERT_EQ(0, port_create(calls->fd, LENT, 1));
	ASSERT_EQ(0, msg_try(calls->fd, LENT, "", 0));
	ASSERT_EQ(0, JOB_START(&job, calls->fd, stat, STAT, &stat));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(-EAGAIN, msg_try(calls->fd, LENT, "", 0));
	EXPECT_EQ(0, child_wait(child_start(told_from_outside, calls, KEEP_ALL),
				CAPMSG_PATIENCE_MS));
	/* Out here it is told. */
	ASSERT_EQ(0, do_limits(calls->fd, &limits));
	EXPECT_EQ(gettid(), limits.out_thread);
	ASSERT_EQ(0, obj_destroy(calls->fd, VIRTUAL));
	EXPECT_EQ(-ENOENT, job_join(&job));
	ASSERT_EQ(0, obj_destroy(calls->fd, LENT));
	ASSERT_EQ(0, do_create_virtual(calls->fd, &(struct capmsg_create_virtual){
		.to = VIRTUAL, .handler = HANDLER, .kind = CAPMSG_TYPE_CAPPAGE }));
}

/* --- nothing left ---------------------------------------------------------------------------- */

static int without_files(unsigned int nr)
{
	return nr == CAPMSG_CMD_EXPORT ? -EMFILE : call_result(nr);
}

static int no_files(struct condition *c)
{
	return setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 3, 3 });
}

/* Only what makes a descriptor misses one. */
TEST_F(caller, no_descriptor_left)
{
	struct condition c = { &self->calls, without_files, no_files };

	EXPECT_EQ(0, child_condition(&c));
}

static int without_memory(unsigned int nr)
{
	return nr == CAPMSG_CMD_REGISTER ? -EDQUOT : call_result(nr);
}

/* Alice's region is from before. */
static int no_memory(struct condition *c)
{
	return become(ALICE) || calls_new(c->calls) ||
	       setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 0, 0 });
}

/* Only what pins memory misses it; a short answer needs none. */
TEST_F(caller, no_locked_memory_left)
{
	struct condition c = { &self->calls, without_memory, no_memory };

	EXPECT_EQ(0, child_condition(&c));
}

/* The buffers that RECV and CALL may name are pinned as well. */
static int plain_buffers(void *data)
{
	struct condition *c = data;
	struct memory *m = c->calls->m;
	union any *a;
	int ret;

	if (no_memory(c))
		return 200;
	a = call_fill(c->calls, CAPMSG_CMD_CALL);
	a->call.reply_data = PTR(m->region);
	a->call.reply_size = CAPMSG_INLINE_MAX + 1;
	ret = do_call(c->calls->fd, &a->call);
	if (ret != -EDQUOT)
		return 1;
	a = call_fill(c->calls, CAPMSG_CMD_RECV);
	a->recv.plain = PTR(m->region);
	a->recv.plain_size = 1;
	ret = do_recv(c->calls->fd, &a->recv);
	return ret != -EDQUOT ? 2 : 0;
}

TEST_F(caller, no_locked_memory_for_buffers)
{
	struct condition c = { &self->calls, NULL, NULL };

	EXPECT_EQ(0, child_wait(child_start(plain_buffers, &c, KEEP_ALL), CAPMSG_PATIENCE_MS));
}

/* --- seccomp --------------------------------------------------------------------------------- */

/* From now on this thread gets @action for command @nr. */
static int forbid(unsigned int nr, unsigned int action)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, _IO(CAPMSG_IOC_MAGIC, nr), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/**
 * struct forbidden - a thread for which one command is forbidden
 * @calls: where
 * @nr: which
 * @error: what that gave
 * @touched: it wrote to its struct
 * @next: what the next command gave, which is allowed; it is to be undone
 */
struct forbidden {
	struct calls *calls;
	unsigned int nr;
	int error;
	bool touched;
	int next;
};

static void *run_forbidden(void *data)
{
	struct forbidden *f = data;
	const unsigned int next = (f->nr + 1) % CAPMSG_CMD_COUNT;
	union any *a = call_fill(f->calls, f->nr);
	const union any before = *a;

	f->error = ENOTRECOVERABLE;
	if (forbid(f->nr, SECCOMP_RET_ERRNO | EXDEV))
		return NULL;
	/* It is not the module that says so: not to be noted as such. */
	f->error = syscall(SYS_ioctl, f->calls->fd, _IO(CAPMSG_IOC_MAGIC, f->nr), a) ? errno : 0;
	f->touched = memcmp(a, &before, sizeof(before));
	f->next = capmsg_do(f->calls->fd, next, call_fill(f->calls, next));
	return NULL;
}

/* One number is one command, so that each can be forbidden alone. */
TEST_F(caller, forbidden)
{
	struct forbidden f = { .calls = &self->calls };
	pthread_t thread;

	for (f.nr = 0; f.nr < CAPMSG_CMD_COUNT; f.nr++) {
		const unsigned int next = (f.nr + 1) % CAPMSG_CMD_COUNT;

		ASSERT_EQ(0, pthread_create(&thread, NULL, run_forbidden, &f));
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_EQ(EXDEV, f.error)
			TH_LOG("command %u", f.nr);
		EXPECT_FALSE(f.touched);
		EXPECT_EQ(call_result(next), f.next)
			TH_LOG("command %u", next);
		if (!f.next)
			call_undo(&self->calls, next, &self->calls.m->arg);
		EXPECT_EQ(self->state, call_state(&self->calls))
			TH_LOG("command %u, forbidden, left something", f.nr);
	}
}

/* Every command that can wait, waiting: how many of them do. */
static int wait_all_ways(struct calls *calls)
{
	static struct capmsg_send send = { .to = LENT };
	static struct capmsg_call call = { .to = LENT };
	static struct capmsg_record record[2];
	static struct capmsg_recv recv = { .port = PORT, .n_records = 1 };
	static struct capmsg_reply_recv reply_recv = { .flags = CAPMSG_REPLY_NONE, .port = PORT,
		.n_records = 1 };
	static struct capmsg_wait wait = { .notification = NOTE, .mask = 1 };
	static struct capmsg_begin begin = { .message = MESSAGE, .to = PORT, .length = PAGE };
	static struct capmsg_stat stat = { .address = SLOT2(13, 1) };
	static struct job jobs[7];
	unsigned int i;
	int ret;

	recv.records = PTR(&record[0]);
	reply_recv.records = PTR(&record[1]);
	ret = JOB_START(&jobs[0], calls->fd, send, SEND, &send);
	ret = ret ?: JOB_START(&jobs[1], calls->fd, call, CALL, &call);
	ret = ret ?: JOB_START(&jobs[2], calls->fd, recv, RECV, &recv);
	ret = ret ?: JOB_START(&jobs[3], calls->fd, reply_recv, REPLY_RECV, &reply_recv);
	ret = ret ?: JOB_START(&jobs[4], calls->fd, wait, WAIT, &wait);
	ret = ret ?: JOB_START(&jobs[5], calls->fd, begin, BEGIN, &begin);
	ret = ret ?: JOB_START(&jobs[6], calls->fd, stat, STAT, &stat);
	for (i = 0; i < ARRAY_SIZE(jobs) && !ret; i++)
		ret = !job_blocked(&jobs[i]);
	return ret;
}

static int killed_by_filter(void *data)
{
	struct calls *calls = data;
	struct capmsg_query query = { .size = sizeof(query) };

	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (wait_all_ways(calls) || forbid(CAPMSG_CMD_QUERY, SECCOMP_RET_KILL_PROCESS))
		return 1;
	syscall(SYS_ioctl, calls->fd, CAPMSG_IOC_QUERY, &query);
	return 2;
}

/* It dies of a command that is forbidden, while all others wait: they leave nothing. */
TEST_F(caller, killed_for_it)
{
	struct calls *calls = &self->calls;
	struct capmsg_stat stat;

	ASSERT_EQ(0, port_create(calls->fd, LENT, 1));
	ASSERT_EQ(0, msg_try(calls->fd, LENT, "", 0));
	EXPECT_EQ(1000 + SIGSYS, child_wait(child_start(killed_by_filter, calls, KEEP_ALL),
					    CAPMSG_PATIENCE_MS));
	ASSERT_EQ(0, cap_stat(calls->fd, LENT, &stat));
	EXPECT_EQ(0, stat.out_senders);
	ASSERT_EQ(0, cap_stat(calls->fd, PORT, &stat));
	EXPECT_EQ(0, stat.out_senders);
	ASSERT_EQ(0, obj_destroy(calls->fd, LENT));
	EXPECT_EQ(0, odd_commands(&(struct condition){ .calls = calls }));
}

/* --- signals ---------------------------------------------------------------------------------- */

#define ROUNDS	20

struct signaller {
	pthread_t thread;
	pid_t tid;
	atomic_bool stop;
	atomic_ulong sent;
};

static void *signal_again_and_again(void *data)
{
	struct signaller *signaller = data;

	while (!atomic_load(&signaller->stop)) {
		syscall(SYS_tgkill, getpid(), signaller->tid, SIGUSR1);
		atomic_fetch_add(&signaller->sent, 1);
		usleep(50);
	}
	return NULL;
}

/* What does not wait is not interrupted, however often a signal comes. */
TEST_F_TIMEOUT(caller, signals, 90)
{
	struct signaller signaller = { .tid = gettid() };
	struct condition c = { .calls = &self->calls };
	unsigned int i;

	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, pthread_create(&signaller.thread, NULL, signal_again_and_again,
				    &signaller));
	for (i = 0; i < ROUNDS || atomic_load(&signaller.sent) <= ROUNDS; i++)
		EXPECT_EQ(0, odd_commands(&c));
	atomic_store(&signaller.stop, true);
	pthread_join(signaller.thread, NULL);
}

/* --- files of other kinds --------------------------------------------------------------------- */

/* No file but a space has commands; and none that could be mapped. */
TEST_F(caller, other_files)
{
	/* Some do not tell a command that they do not know from one that is malformed. */
	const struct { const char *name; int fd, error, other; } rows[] = {
		{ "closed", 999, EBADF }, { "none", -1, EBADF },
		{ "O_PATH", open(CAPMSG_DEVICE, O_PATH), EBADF },
		{ "directory", open("/tmp", O_RDONLY | O_DIRECTORY), ENOTTY },
		{ "file", open("/tmp", O_TMPFILE | O_RDWR, 0600), ENOTTY },
		{ "epoll", epoll_create1(0), ENOTTY, EINVAL },
		{ "eventfd", eventfd(0, 0), ENOTTY },
		{ "socket", socket(AF_UNIX, SOCK_STREAM, 0), ENOTTY },
		{ "mem", open("/proc/self/mem", O_RDWR), ENOTTY },
		{ "io_uring", syscall(SYS_io_uring_setup, 4, self->calls.m->entries), ENOTTY },
		{ "namespace", open("/proc/self/ns/user", O_RDONLY), ENOTTY, EINVAL },
		{ "capability", self->calls.file, ENOTTY },
	};
	unsigned int i, nr;
	int ret;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (i > 1)
			ASSERT_LE(0, rows[i].fd)
				TH_LOG("%s", rows[i].name);
		for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
			/* They are no commands there, and their errors none of ours. */
			ret = syscall(SYS_ioctl, rows[i].fd, _IO(CAPMSG_IOC_MAGIC, nr),
				      call_fill(&self->calls, nr));
			EXPECT_EQ(-1, ret);
			EXPECT_TRUE(errno == rows[i].error || errno == rows[i].other)
				TH_LOG("%s, command %u: %d", rows[i].name, nr, errno);
		}
	}
	for (i = 2; i < ARRAY_SIZE(rows) - 1; i++)
		close(rows[i].fd);
}

/* There is nothing to be mapped, in no way, neither in a space nor in a capability. */
TEST_F(caller, not_mapped)
{
	static const struct { size_t length; int prot, flags; off_t offset; int error; } rows[] = {
		{ PAGE, PROT_READ, MAP_SHARED, 0, ENODEV },
		{ PAGE, PROT_READ, MAP_PRIVATE, 0, ENODEV },
		{ PAGE, PROT_NONE, MAP_SHARED, 0, ENODEV },
		{ PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, ENODEV },
		{ PAGE, PROT_READ, MAP_SHARED, PAGE, ENODEV },
		{ MIB, PROT_READ, MAP_SHARED, MIB, ENODEV },
		{ 0, PROT_READ, MAP_SHARED, 0, EINVAL },
		{ PAGE, PROT_READ, MAP_SHARED, 1, EINVAL },
		{ PAGE, PROT_READ, MAP_SHARED, PAGE - 1, EINVAL },
		{ ~0UL, PROT_READ, MAP_SHARED, 0, ENOMEM },
	};
	const int files[] = { self->calls.fd, self->calls.file };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		for (j = 0; j < ARRAY_SIZE(rows); j++) {
			errno = 0;
			EXPECT_EQ(-1, syscall(SYS_mmap, 0, rows[j].length, rows[j].prot,
					      rows[j].flags, files[i], rows[j].offset));
			EXPECT_EQ(rows[j].error, errno)
				TH_LOG("file %u, row %u", i, j);
		}
		/* What forbids these differs between the two; that they are does not. */
		EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
					   files[i], 0));
		EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE,
					   files[i], 0));
	}
}

TEST_HARNESS_MAIN
