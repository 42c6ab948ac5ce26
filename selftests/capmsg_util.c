// SPDX-License-Identifier: GPL-2.0-only
/*
 * capmsg_util.c - what the tests of capmsg share; see capmsg_util.h.
 */
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "capmsg_util.h"
#include "veil.h"

/* --- commands ------------------------------------------------------------- */

#define OUT(name, first)							\
	{ sizeof(struct capmsg_##name), offsetof(struct capmsg_##name, first),	\
	  sizeof(struct capmsg_##name) - offsetof(struct capmsg_##name, first) }
#define NO_OUT(name)	{ sizeof(struct capmsg_##name), 0, 0 }

/* The outputs of each command: one run of fields. */
static const struct {
	size_t size, first, length;
} commands[CAPMSG_CMD_COUNT] = {
	[CAPMSG_CMD_QUERY]		= OUT(query, out_abi_version),
	[CAPMSG_CMD_SETUP]		= NO_OUT(setup),
	[CAPMSG_CMD_CREATE_CAPPAGE]	= NO_OUT(create_cappage),
	[CAPMSG_CMD_CREATE_PORT]	= NO_OUT(create_port),
	[CAPMSG_CMD_REGISTER]		= NO_OUT(register),
	[CAPMSG_CMD_UNREGISTER]		= NO_OUT(unregister),
	[CAPMSG_CMD_COPY]		= NO_OUT(copy),
	[CAPMSG_CMD_MOVE]		= NO_OUT(move),
	[CAPMSG_CMD_CLEAR]		= NO_OUT(clear),
	[CAPMSG_CMD_STAT]		= OUT(stat, out_type),
	[CAPMSG_CMD_LIST]		= OUT(list, out_n),
	[CAPMSG_CMD_DESTROY]		= NO_OUT(destroy),
	[CAPMSG_CMD_POST]		= { sizeof(struct capmsg_post),
					    offsetof(struct capmsg_post, out_post), 4 },
	[CAPMSG_CMD_UNPOST]		= NO_OUT(unpost),
	[CAPMSG_CMD_SEND]		= NO_OUT(send),
	[CAPMSG_CMD_RECV]		= OUT(recv, out_n),
	[CAPMSG_CMD_CALL]		= OUT(call, out_n_caps),
	[CAPMSG_CMD_REPLY]		= NO_OUT(reply),
	[CAPMSG_CMD_REPLY_RECV]		= OUT(reply_recv, out_n),
	[CAPMSG_CMD_EXPORT]		= OUT(export, out_fd),
	[CAPMSG_CMD_IMPORT]		= NO_OUT(import),
	[CAPMSG_CMD_CREATE_NOTIFICATION] = NO_OUT(create_notification),
	[CAPMSG_CMD_CREATE_MESSAGE]	= NO_OUT(create_message),
	[CAPMSG_CMD_CREATE_REVOKER]	= NO_OUT(create_revoker),
	[CAPMSG_CMD_WATCH]		= NO_OUT(watch),
	[CAPMSG_CMD_REVOKE]		= NO_OUT(revoke),
	[CAPMSG_CMD_CLOSE]		= NO_OUT(close),
	[CAPMSG_CMD_OPEN]		= NO_OUT(open),
	[CAPMSG_CMD_CREATE_VIRTUAL]	= NO_OUT(create_virtual),
	[CAPMSG_CMD_UPCALLS]		= OUT(upcalls, out_n),
	[CAPMSG_CMD_ABORT]		= NO_OUT(abort),
	[CAPMSG_CMD_INVALIDATE]		= OUT(invalidate, out_dropped),
	[CAPMSG_CMD_BEGIN]		= OUT(begin, out_state),
	[CAPMSG_CMD_FILL]		= NO_OUT(fill),
	[CAPMSG_CMD_TRANSMIT]		= OUT(transmit, out_state),
	[CAPMSG_CMD_ABANDON]		= NO_OUT(abandon),
	[CAPMSG_CMD_CREDITS]		= OUT(credits, out_posts),
	[CAPMSG_CMD_SIGNAL]		= NO_OUT(signal),
	[CAPMSG_CMD_WAIT]		= OUT(wait, out_bits),
	[CAPMSG_CMD_LIMITS]		= { sizeof(struct capmsg_limits),
					    offsetof(struct capmsg_limits, out_n_holders),
					    offsetof(struct capmsg_limits, __reserved) -
					    offsetof(struct capmsg_limits, out_n_holders) },
};

size_t capmsg_size(unsigned int nr)
{
	return commands[nr].size;
}

size_t capmsg_results(unsigned int nr)
{
	return commands[nr].length;
}

/* The few fields that the kernel may write though they are no outputs, or on failure. */
static void inputs_changed(unsigned int nr, void *before, const void *after)
{
	if (nr == CAPMSG_CMD_REPLY_RECV) {
		struct capmsg_reply_recv *then = before;
		const struct capmsg_reply_recv *now = after;

		/* Written when the answer is decided, whatever follows. */
		then->flags |= now->flags & CAPMSG_REPLY_NONE;
		then->out_reply_error = now->out_reply_error;
		if (!now->n_reposts)
			then->n_reposts = 0;
	} else if (nr == CAPMSG_CMD_RECV) {
		struct capmsg_recv *then = before;
		const struct capmsg_recv *now = after;

		/* The reposts that are done, whatever follows. */
		if (!now->n_reposts)
			then->n_reposts = 0;
	}
}

/* CREDITS has a reserved field, an input, among its outputs. */
static void poison(unsigned int nr, void *arg, size_t first, size_t end)
{
	struct capmsg_credits *credits = arg;
	__u32 reserved = nr == CAPMSG_CMD_CREDITS ? credits->__reserved : 0;

	memset((char *)arg + first, POISON, end - first);
	if (nr == CAPMSG_CMD_CREDITS)
		credits->__reserved = reserved;
}

int capmsg_do(int fd, unsigned int nr, void *arg)
{
	const size_t size = commands[nr].size;
	const size_t first = commands[nr].first;
	const size_t end = first + commands[nr].length;
	char before[512], after[512];
	int ret;

	poison(nr, arg, first, end);
	memcpy(before, arg, size);
	ret = veil_do(fd, nr, arg);
	memcpy(after, arg, size);
	inputs_changed(nr, before, after);
	if (ret == 0)
		memcpy(after + first, before + first, end - first);
	if (memcmp(before, after, size)) {
		fprintf(stderr, "# command %u, result %d: wrote where it must not\n", nr, ret);
		return -EPROTO;
	}
	return ret;
}

struct capmsg_query query_of(int fd)
{
	struct capmsg_query query = { .flags = 0 };

	if (do_query(fd, &query))
		memset(&query, POISON, sizeof(query));
	return query;
}

int space_new(void)
{
	int fd = space_open(), ret;

	if (fd < 0)
		return fd;
	ret = do_setup(fd, &(struct capmsg_setup){ .root_bits = 8 });
	if (ret == 0)
		return fd;
	close(fd);
	return ret;
}

int cap_give(int from_fd, __u64 from, unsigned int rights, int to_fd, __u64 to)
{
	int file = cap_export(from_fd, from, rights), ret;

	if (file < 0)
		return file;
	ret = cap_import(to_fd, file, to);
	close(file);
	return ret;
}

int post_any(int fd, __u64 port, __u64 region, __u64 offset, __u64 length,
	     __u64 landing, unsigned int max_caps)
{
	struct capmsg_post arg = {
		.port = port, .region = region, .offset = offset, .length = length,
		.landing = landing, .max_caps = max_caps, .post = CAPMSG_POST_ANY,
	};
	int ret = do_post(fd, &arg);

	return ret ? ret : (int)arg.out_post;
}

static __u64 take_bits(int fd, __u64 notification, __u64 mask, unsigned int flags)
{
	struct capmsg_wait arg = {
		.flags = flags, .notification = notification, .mask = mask,
		.deadline = flags & CAPMSG_NONBLOCK ? 0 : patience(),
	};
	int ret = do_wait(fd, &arg);

	if (ret == -EAGAIN)
		return 0;
	return ret ? ~0ULL : arg.out_bits;
}

__u64 note_take(int fd, __u64 notification, __u64 mask)
{
	return take_bits(fd, notification, mask, CAPMSG_NONBLOCK);
}

__u64 note_wait(int fd, __u64 notification, __u64 mask)
{
	return take_bits(fd, notification, mask, 0);
}

static int recv_one(int fd, __u64 port, struct capmsg_record *record, void *data,
		    unsigned int flags)
{
	struct capmsg_recv arg = {
		.flags = flags, .port = port, .records = PTR(record), .n_records = 1,
		.deadline = flags & CAPMSG_NONBLOCK ? 0 : patience(),
	};
	int ret;

	memset(record, POISON, sizeof(*record));
	record->data = PTR(data);
	record->data_size = data ? CAPMSG_INLINE_MAX : 0;
	ret = do_recv(fd, &arg);
	return ret ? ret : arg.out_n == 1 ? 0 : -EPROTO;
}

int msg_recv(int fd, __u64 port, struct capmsg_record *record, void *data)
{
	return recv_one(fd, port, record, data, 0);
}

int msg_poll(int fd, __u64 port, struct capmsg_record *record, void *data)
{
	return recv_one(fd, port, record, data, CAPMSG_NONBLOCK);
}

/* --- bytes ---------------------------------------------------------------- */

static inline __u64 pattern_word(size_t index, unsigned int seed)
{
	return (index + 1) * 0x9e3779b97f4a7c15ULL ^ seed * 0xc2b2ae3d27d4eb4fULL;
}

void pattern_fill(void *memory, size_t length, unsigned int seed)
{
	char *p = memory;
	size_t i;

	for (i = 0; i < length; i += 8) {
		__u64 word = pattern_word(i / 8, seed);

		memcpy(p + i, &word, length - i < 8 ? length - i : 8);
	}
}

long pattern_check(const void *memory, size_t length, unsigned int seed)
{
	const char *p = memory;
	size_t i, j;

	for (i = 0; i < length; i += 8) {
		__u64 word = pattern_word(i / 8, seed);
		size_t n = length - i < 8 ? length - i : 8;

		if (!memcmp(p + i, &word, n))
			continue;
		for (j = 0; p[i + j] == ((char *)&word)[j]; j++)
			;
		return i + j;
	}
	return -1;
}

long bytes_check(const void *memory, size_t length, unsigned char byte)
{
	const unsigned char *p = memory;
	size_t i;

	for (i = 0; i < length; i++)
		if (p[i] != byte)
			return i;
	return -1;
}

void *memory_new(size_t length, bool fill)
{
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	if (fill)
		memset(memory, POISON, length);
	return memory;
}

void *memory_shared(size_t length)
{
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

__u64 random_next(__u64 *state)
{
	__u64 x = *state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* --- commands in threads -------------------------------------------------- */

static void *job_run(void *data)
{
	struct job *job = data;

	atomic_store(&job->tid, syscall(SYS_gettid));
	job->ret = capmsg_do(job->fd, job->nr, job->arg);
	atomic_store(&job->done, 1);
	return NULL;
}

int job_start(struct job *job, int fd, unsigned int nr, void *arg)
{
	*job = (struct job){ .fd = fd, .nr = nr, .arg = arg };
	return -pthread_create(&job->thread, NULL, job_run, job);
}

/* Reads the beginning of a file of task @tid in /proc. */
static bool task_tells(pid_t tid, const char *name, char *text, size_t size)
{
	char path[40];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

/* It does not run, and the system call that it is in is that. */
static bool task_in_ioctl(pid_t tid)
{
	char text[16];

	return task_tells(tid, "syscall", text, sizeof(text)) && text[0] != 'r' &&
	       atoi(text) == SYS_ioctl;
}

/*
 * How often a task has gone to sleep, if it sleeps as who waits for something of the
 * module's does; or -1. Who waits for a lock, a page or a grace period sleeps otherwise: D,
 * not S.
 */
static long task_sleeps(pid_t tid)
{
	char text[4096], *state, *count;

	if (!task_tells(tid, "status", text, sizeof(text)))
		return -1;
	state = strstr(text, "\nState:\tS");
	count = strstr(text, "\nvoluntary_ctxt_switches:\t");
	return state && count ? atol(strchr(count, '\t')) : -1;
}

/* All of this is seen during one and the same sleep. */
bool task_blocked(pid_t tid)
{
	long slept = task_sleeps(tid);

	return slept >= 0 && task_in_ioctl(tid) && !veil_asked(tid) &&
	       task_sleeps(tid) == slept;
}

bool job_blocked(struct job *job)
{
	/* Twice: some commands wait for one thing, and then for another. */
	return WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			  atomic_load(&job->done) ||
			  (atomic_load(&job->tid) && task_blocked(job->tid) &&
			   (sleep_ms(2), task_blocked(job->tid)))) &&
	       !atomic_load(&job->done);
}

bool job_done(struct job *job, unsigned int ms)
{
	return WAIT_UNTIL(ms, atomic_load(&job->done));
}

/* Before its deadline: what ends then only was not woken, whatever it returns. */
int job_join(struct job *job)
{
	if (!job_done(job, CAPMSG_PATIENCE_MS - 2000))
		return -ETIME;
	pthread_join(job->thread, NULL);
	return job->ret;
}

void job_signal(struct job *job, int sig)
{
	syscall(SYS_tgkill, getpid(), atomic_load(&job->tid), sig);
}

static void signal_nothing(int sig)
{
	(void)sig;
}

void signal_ignore(int sig, int flags)
{
	struct sigaction action = { .sa_handler = signal_nothing, .sa_flags = flags };

	sigaction(sig, &action, NULL);
}

/* --- memory that is there and not there ----------------------------------- */

static void *blink(void *data)
{
	struct blinker *blinker = data;
	unsigned int i;

	/* There for longer and longer, and from the beginning: a slow kernel gets through too. */
	for (i = 0; !atomic_load(&blinker->stop); i++) {
		mprotect(blinker->memory, blinker->length, PROT_NONE);
		usleep(20);
		mprotect(blinker->memory, blinker->length, PROT_READ | PROT_WRITE);
		usleep(20 << i % 8);
	}
	return NULL;
}

int blinker_start(struct blinker *blinker, void *memory, size_t length)
{
	*blinker = (struct blinker){ .memory = memory, .length = length };
	return -pthread_create(&blinker->thread, NULL, blink, blinker);
}

void blinker_stop(struct blinker *blinker)
{
	atomic_store(&blinker->stop, true);
	pthread_join(blinker->thread, NULL);
}

/* --- processes ------------------------------------------------------------ */

static pid_t children[256];
static unsigned int n_children;

pid_t child_start(int (*fn)(void *arg), void *arg, int keep)
{
	pid_t parent = getpid(), pid = fork();
	int ret;

	if (pid > 0) {
		children[n_children++ % 256] = pid;
		return pid;
	}
	if (pid < 0)
		return -errno;
	n_children = 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (keep > 3)
		close_range(3, keep - 1, 0);
	if (keep != KEEP_ALL)
		close_range(keep >= 3 ? keep + 1 : 3, ~0U, 0);
	ret = fn(arg);
	_exit(ret < 0 ? -ret : ret);
}

static void child_forget(pid_t pid)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		if (children[i] == pid)
			children[i] = 0;
}

int child_wait(pid_t pid, unsigned int ms)
{
	int status = 0;

	if (!WAIT_UNTIL(ms, waitpid(pid, &status, WNOHANG) != 0))
		return -ETIME;
	child_forget(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int child_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	return child_wait(pid, CAPMSG_PATIENCE_MS);
}

void children_end(void)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		if (children[i] > 0)
			child_kill(children[i]);
}

struct as_user {
	uid_t uid;
	int (*fn)(void *arg);
	void *arg;
};

static int run_as(void *data)
{
	struct as_user *as = data;

	if (setresgid(as->uid, as->uid, as->uid) || setresuid(as->uid, as->uid, as->uid))
		return 250;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return as->fn(as->arg);
}

int child_as(uid_t uid, int (*fn)(void *arg), void *arg)
{
	struct as_user as = { uid, fn, arg };

	return child_wait(child_start(run_as, &as, KEEP_NONE), CAPMSG_PATIENCE_MS);
}

static int map_root(const char *name, unsigned int id)
{
	char path[40], text[40];

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	snprintf(text, sizeof(text), "0 %u 1", id);
	return file_write(path, text);
}

int namespace_enter(uid_t uid)
{
	int ret = unshare(CLONE_NEWUSER) ? -errno : 0;

	/* Otherwise /proc/self is not ours. */
	ret = ret ?: prctl(PR_SET_DUMPABLE, 1);
	ret = ret ?: file_write("/proc/self/setgroups", "deny");
	ret = ret ?: map_root("uid_map", uid);
	ret = ret ?: map_root("gid_map", uid);
	return ret ?: getuid() ? -EPERM : 0;
}

/* --- the machine ---------------------------------------------------------- */

long long file_number(const char *path, const char *key)
{
	long long number = -1;
	char line[512], *at;
	FILE *file = fopen(path, "re");

	if (!file)
		return -errno;
	while (number == -1 && fgets(line, sizeof(line), file)) {
		at = key ? strstr(line, key) : line;
		if (at)
			number = strtoll(at + (key ? strlen(key) : 0), NULL, 10);
	}
	fclose(file);
	return number;
}

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ret = errno ? -errno : -EIO;
	close(fd);
	return ret;
}

__u64 env_number(const char *name, __u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

bool instrumented(void)
{
	return !access(HOOK, F_OK);
}

bool hugetlb_reserve(unsigned int pages)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", pages);
	return file_write("/proc/sys/vm/nr_hugepages", text) == 0 &&
	       file_number("/proc/sys/vm/nr_hugepages", NULL) == pages;
}

int log_open(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (log < 0)
		return -errno;
	return lseek(log, 0, SEEK_END) < 0 ? -errno : log;
}

const char *log_speaks(int log)
{
	static char text[1024];
	ssize_t n;

	while ((n = read(log, text, sizeof(text) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		text[n] = 0;
		if (strstr(text, "capmsg") && !strstr(text, "capmsg-vm:"))
			return text;
	}
	return n < 0 && errno == EAGAIN ? NULL : "the log cannot be read";
}

/* --- nothing is left ------------------------------------------------------ */

static const char *totals_left(const struct capmsg_query *query)
{
	static const char *const live[16] = {
		"spaces", "cappages", "ports", "regions", "replies", "notifications",
		"messages", "revokers", "watches", "virtual objects", "live[10]", "live[11]",
		"live[12]", "live[13]", "live[14]", "live[15]",
	};
	static char text[320];
	size_t n = 0;
	int i;

	for (i = 0; i < 16; i++)
		if (query->out_total_live[i] != !i)
			n += snprintf(text + n, sizeof(text) - n, "%llu %s, ",
				      query->out_total_live[i], live[i]);
	if (query->out_total_tombstones || query->out_total_exports ||
	    query->out_total_pinned || query->out_total_frames_busy)
		n += snprintf(text + n, sizeof(text) - n,
			      "%llu tombstones, %llu exports, %llu pinned, %llu frames busy, ",
			      query->out_total_tombstones, query->out_total_exports,
			      query->out_total_pinned, query->out_total_frames_busy);
	if (query->out_total_users > 1)
		n += snprintf(text + n, sizeof(text) - n, "%llu users", query->out_total_users);
	return n ? text : NULL;
}

/* Objects in the module's slab caches, which are merged with no others. */
static long slab_objects(void)
{
	static const char cache[] = "/sys/kernel/slab/capmsg_object/";
	char path[64], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "%sshrink", cache);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1)
		return -1;
	close(fd);
	snprintf(path, sizeof(path), "%sobjects", cache);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	close(fd);
	return strtol(text, NULL, 10);
}

const char *capmsg_leaks(void)
{
	struct capmsg_query query = { .flags = 0 };
	int fd = space_open(), ret = 0;
	static char text[64];
	long objects = 0;

	if (fd < 0)
		return "cannot open " CAPMSG_DEVICE;
	WAIT_UNTIL(CAPMSG_PATIENCE_MS, (ret = do_query(fd, &query)) || !totals_left(&query));
	/* Freed after a grace period. */
	if (!ret && !totals_left(&query))
		WAIT_UNTIL(CAPMSG_PATIENCE_MS, !(objects = slab_objects()));
	close(fd);
	if (!ret && !totals_left(&query) && objects) {
		snprintf(text, sizeof(text), "%ld objects in the slab cache", objects);
		return text;
	}
	return ret ? "QUERY fails" : totals_left(&query);
}
