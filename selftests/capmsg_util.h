/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of capmsg share: every command with poisoned outputs, short
 * forms of the frequent ones, commands that run in a thread, child processes,
 * and the question whether anything is left over.
 *
 * All functions that return int return 0 (or a number) or a negative errno.
 * Short forms that can wait have a deadline of CAPMSG_PATIENCE_MS, so that a
 * lost wakeup shows as -ETIMEDOUT. Two errnos that the module never gives:
 * -EPROTO: a command failed and has written to its struct all the same, or
 * succeeded and has changed an input; -ETIME: a helper lost its patience.
 */
#ifndef CAPMSG_UTIL_H
#define CAPMSG_UTIL_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <linux/capmsg.h>

#include "veil.h"

#define CAPMSG_DEVICE		"/dev/capmsg"
#define CAPMSG_PATIENCE_MS	20000
#define POISON			0xcc
#define PAGE			4096UL
#define KIB			1024UL
#define MIB			(1024UL * KIB)

/* Slot @n of the root, and slot @n of a table of 2^8 slots in root slot @t. */
#define SLOT(n)			CAPMSG_ADDRESS(n, 8)
#define SLOT2(t, n)		CAPMSG_ADDRESS(((__u64)(t) << 8) | (n), 16)
#define PTR(p)			((__u64)(uintptr_t)(p))

#define RIGHTS_TABLE	(CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE | CAPMSG_RIGHT_DESTROY)
#define RIGHTS_PORT	(CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_RECV | \
			 CAPMSG_RIGHT_GRANT | CAPMSG_RIGHT_DESTROY)
#define RIGHTS_SENDER	(CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_GRANT)
#define RIGHTS_WEAKENED	(CAPMSG_RIGHT_WRITE | CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_RECV | \
			 CAPMSG_RIGHT_GRANT | CAPMSG_RIGHT_DESTROY)

/* --- commands ------------------------------------------------------------- */

/* Poisons the outputs, runs command @nr, checks what was left alone. */
int capmsg_do(int fd, unsigned int nr, void *arg);
/*
 * Every ioctl of a test program is noted, command and result, and the program
 * prints all of them at its end (errnos.c). For what does not go through ioctl():
 */
void errno_note(unsigned long request, int error);
/* Ioctls of this thread so far. */
extern __thread unsigned long commands_issued;
/* Bytes of the struct of command @nr as this header knows it, and of its results. */
size_t capmsg_size(unsigned int nr);
size_t capmsg_results(unsigned int nr);

#define CAPMSG_DEFINE_DO(name, nr)					\
static inline int do_##name(int fd, struct capmsg_##name *arg)		\
{									\
	arg->size = sizeof(*arg);					\
	return capmsg_do(fd, nr, arg);					\
}

CAPMSG_DEFINE_DO(query, CAPMSG_CMD_QUERY)
CAPMSG_DEFINE_DO(setup, CAPMSG_CMD_SETUP)
CAPMSG_DEFINE_DO(create_cappage, CAPMSG_CMD_CREATE_CAPPAGE)
CAPMSG_DEFINE_DO(create_port, CAPMSG_CMD_CREATE_PORT)
CAPMSG_DEFINE_DO(register, CAPMSG_CMD_REGISTER)
CAPMSG_DEFINE_DO(unregister, CAPMSG_CMD_UNREGISTER)
CAPMSG_DEFINE_DO(copy, CAPMSG_CMD_COPY)
CAPMSG_DEFINE_DO(move, CAPMSG_CMD_MOVE)
CAPMSG_DEFINE_DO(clear, CAPMSG_CMD_CLEAR)
CAPMSG_DEFINE_DO(stat, CAPMSG_CMD_STAT)
CAPMSG_DEFINE_DO(list, CAPMSG_CMD_LIST)
CAPMSG_DEFINE_DO(destroy, CAPMSG_CMD_DESTROY)
CAPMSG_DEFINE_DO(post, CAPMSG_CMD_POST)
CAPMSG_DEFINE_DO(unpost, CAPMSG_CMD_UNPOST)
CAPMSG_DEFINE_DO(send, CAPMSG_CMD_SEND)
CAPMSG_DEFINE_DO(recv, CAPMSG_CMD_RECV)
CAPMSG_DEFINE_DO(call, CAPMSG_CMD_CALL)
CAPMSG_DEFINE_DO(reply, CAPMSG_CMD_REPLY)
CAPMSG_DEFINE_DO(reply_recv, CAPMSG_CMD_REPLY_RECV)
CAPMSG_DEFINE_DO(export, CAPMSG_CMD_EXPORT)
CAPMSG_DEFINE_DO(import, CAPMSG_CMD_IMPORT)
CAPMSG_DEFINE_DO(create_notification, CAPMSG_CMD_CREATE_NOTIFICATION)
CAPMSG_DEFINE_DO(create_message, CAPMSG_CMD_CREATE_MESSAGE)
CAPMSG_DEFINE_DO(create_revoker, CAPMSG_CMD_CREATE_REVOKER)
CAPMSG_DEFINE_DO(watch, CAPMSG_CMD_WATCH)
CAPMSG_DEFINE_DO(revoke, CAPMSG_CMD_REVOKE)
CAPMSG_DEFINE_DO(close, CAPMSG_CMD_CLOSE)
CAPMSG_DEFINE_DO(open, CAPMSG_CMD_OPEN)
CAPMSG_DEFINE_DO(begin, CAPMSG_CMD_BEGIN)
CAPMSG_DEFINE_DO(fill, CAPMSG_CMD_FILL)
CAPMSG_DEFINE_DO(transmit, CAPMSG_CMD_TRANSMIT)
CAPMSG_DEFINE_DO(abandon, CAPMSG_CMD_ABANDON)
CAPMSG_DEFINE_DO(credits, CAPMSG_CMD_CREDITS)
CAPMSG_DEFINE_DO(signal, CAPMSG_CMD_SIGNAL)
CAPMSG_DEFINE_DO(wait, CAPMSG_CMD_WAIT)
CAPMSG_DEFINE_DO(limits, CAPMSG_CMD_LIMITS)
CAPMSG_DEFINE_DO(create_virtual, CAPMSG_CMD_CREATE_VIRTUAL)
CAPMSG_DEFINE_DO(upcalls, CAPMSG_CMD_UPCALLS)
CAPMSG_DEFINE_DO(abort, CAPMSG_CMD_ABORT)
CAPMSG_DEFINE_DO(invalidate, CAPMSG_CMD_INVALIDATE)

/* --- time ----------------------------------------------------------------- */

static inline __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static inline __u64 in_ms(unsigned int ms)
{
	return now_ns() + ms * 1000000ULL;
}

static inline __u64 patience(void)
{
	return in_ms(CAPMSG_PATIENCE_MS);
}

static inline void sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

/* Evaluates @condition every millisecond until it holds or @ms have passed. */
#define WAIT_UNTIL(ms, condition) ({					\
	__u64 end_ = in_ms(ms);						\
	bool held_;							\
									\
	while (!(held_ = (condition)) && now_ns() < end_)		\
		sleep_ms(1);						\
	held_;								\
})

/* --- short forms ---------------------------------------------------------- */

static inline int space_open(void)
{
	int fd = open(CAPMSG_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A space that is set up with the defaults. */
int space_new(void);

/* What QUERY says; poison if it fails. */
struct capmsg_query query_of(int fd);

static inline int cappage_create(int fd, __u64 to, unsigned int bits)
{
	return do_create_cappage(fd, &(struct capmsg_create_cappage){
		.to = to, .bits = bits });
}

/* A port that takes CAPMSG_CAPS_MAX capabilities, and that one sender may fill. */
static inline int port_create(int fd, __u64 to, unsigned int depth)
{
	return do_create_port(fd, &(struct capmsg_create_port){
		.to = to, .flags = CAPMSG_PORT_NO_SHARES, .depth = depth,
		.max_caps = CAPMSG_CAPS_MAX });
}

/* A port that STAT tells from others by its max_size. */
static inline int port_marked(int fd, __u64 to, __u64 mark)
{
	return do_create_port(fd, &(struct capmsg_create_port){
		.to = to, .depth = 1, .max_size = mark });
}

static inline int region_create(int fd, __u64 to, const void *memory, size_t length)
{
	return do_register(fd, &(struct capmsg_register){
		.to = to, .address = PTR(memory), .length = length });
}

static inline int region_unregister(int fd, __u64 region)
{
	return do_unregister(fd, &(struct capmsg_unregister){ .region = region });
}

static inline int cap_copy(int fd, __u64 from, __u64 to, unsigned int rights)
{
	return do_copy(fd, &(struct capmsg_copy){
		.from = from, .to = to, .rights = rights });
}

static inline int cap_badge(int fd, __u64 from, __u64 to, __u64 badge)
{
	return do_copy(fd, &(struct capmsg_copy){
		.flags = CAPMSG_COPY_BADGE, .from = from, .to = to,
		.rights = CAPMSG_RIGHTS_ALL, .badge = badge });
}

static inline int cap_move(int fd, __u64 from, __u64 to)
{
	return do_move(fd, &(struct capmsg_move){ .from = from, .to = to });
}

static inline int cap_clear(int fd, __u64 slot)
{
	return do_clear(fd, &(struct capmsg_clear){ .slot = slot });
}

static inline int cap_stat(int fd, __u64 address, struct capmsg_stat *stat)
{
	*stat = (struct capmsg_stat){ .address = address };
	return do_stat(fd, stat);
}

/* Type of a capability, or a negative errno. */
static inline int cap_type(int fd, __u64 address)
{
	struct capmsg_stat stat;
	int ret = cap_stat(fd, address, &stat);

	return ret ? ret : (int)stat.out_type;
}

/* Rights of a capability, or a negative errno. */
static inline int cap_rights(int fd, __u64 address)
{
	struct capmsg_stat stat;
	int ret = cap_stat(fd, address, &stat);

	return ret ? ret : (int)stat.out_rights;
}

/* The mark of a port (port_marked), or a negative errno. */
static inline long cap_mark(int fd, __u64 address)
{
	struct capmsg_stat stat;
	int ret = cap_stat(fd, address, &stat);

	return ret ? ret : (long)stat.out_max_size;
}

static inline int obj_destroy(int fd, __u64 address)
{
	return do_destroy(fd, &(struct capmsg_destroy){ .address = address });
}

/* A file descriptor, or a negative errno. */
static inline int cap_export(int fd, __u64 from, unsigned int rights)
{
	struct capmsg_export arg = { .from = from, .rights = rights };
	int ret = do_export(fd, &arg);

	return ret ? ret : arg.out_fd;
}

static inline int cap_import(int fd, int file, __u64 to)
{
	return do_import(fd, &(struct capmsg_import){ .fd = file, .to = to });
}

/* Copies a capability from one space to another. */
int cap_give(int from_fd, __u64 from, unsigned int rights, int to_fd, __u64 to);

/* Posts a piece of a region, with @max_caps landing slots; the post, or an error. */
int post_any(int fd, __u64 port, __u64 region, __u64 offset, __u64 length,
	     __u64 landing, unsigned int max_caps);

static inline int post_take(int fd, __u64 port, unsigned int post)
{
	return do_unpost(fd, &(struct capmsg_unpost){ .port = port, .post = post });
}

static inline int msg_send(int fd, __u64 to, const void *data, size_t length)
{
	return do_send(fd, &(struct capmsg_send){
		.to = to, .data = PTR(data), .length = length,
		.deadline = patience() });
}

static inline int msg_try(int fd, __u64 to, const void *data, size_t length)
{
	return do_send(fd, &(struct capmsg_send){
		.to = to, .data = PTR(data), .length = length,
		.flags = CAPMSG_NONBLOCK });
}

/*
 * Receives one message; its record, poisoned first, comes back in @record, and
 * the bytes of a short one at @data, which has CAPMSG_INLINE_MAX bytes.
 */
int msg_recv(int fd, __u64 port, struct capmsg_record *record, void *data);
/* The same without waiting. */
int msg_poll(int fd, __u64 port, struct capmsg_record *record, void *data);

static inline int msg_reply(int fd, __u64 port, const struct capmsg_record *call,
			    const void *data, size_t length)
{
	return do_reply(fd, &(struct capmsg_reply){
		.flags = CAPMSG_REPLY_POST, .to = port, .data = PTR(data),
		.length = length, .post = call->out_post, .seq = call->out_seq });
}

static inline int note_create(int fd, __u64 to)
{
	return do_create_notification(fd, &(struct capmsg_create_notification){ .to = to });
}

/* The same with @flags. */
static inline int note_make(int fd, unsigned int flags, __u64 to, int eventfd)
{
	return do_create_notification(fd, &(struct capmsg_create_notification){
		.flags = flags, .to = to, .eventfd = eventfd });
}

static inline int note_signal(int fd, __u64 notification, __u64 bits)
{
	return do_signal(fd, &(struct capmsg_signal){
		.notification = notification, .bits = bits });
}

/* The bits that are set, as STAT tells them; or all. */
static inline __u64 note_pending(int fd, __u64 notification)
{
	struct capmsg_stat stat;

	return cap_stat(fd, notification, &stat) ? ~0ULL : stat.out_pending;
}

/* Takes bits of @mask without waiting: what was set, or 0; with an error all bits. */
__u64 note_take(int fd, __u64 notification, __u64 mask);

/* The same, waiting for them. */
__u64 note_wait(int fd, __u64 notification, __u64 mask);

static inline int watch_create(int fd, __u64 address, __u64 to, __u64 notification,
			       __u64 bits)
{
	return do_watch(fd, &(struct capmsg_watch){ .address = address, .to = to,
		.notification = notification, .bits = bits });
}

/* The count of an eventfd that does not block, which is 0 afterwards. */
static inline __u64 eventfd_take(int eventfd)
{
	__u64 count;

	return read(eventfd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* A call with a plain reply buffer. */
static inline struct capmsg_call call_make(__u64 to, const void *data, size_t length,
					   void *reply, size_t reply_size)
{
	return (struct capmsg_call){
		.to = to, .data = PTR(data), .length = length, .deadline = patience(),
		.reply_data = PTR(reply), .reply_size = reply_size };
}

/* --- bytes ---------------------------------------------------------------- */

/* Fills memory with bytes that depend on @seed and place. */
void pattern_fill(void *memory, size_t length, unsigned int seed);
/* Offset of the first byte that differs from the pattern, or -1. */
long pattern_check(const void *memory, size_t length, unsigned int seed);
/* Offset of the first byte that is not @byte, or -1. */
long bytes_check(const void *memory, size_t length, unsigned char byte);
/* Anonymous memory, or NULL; @fill says that it is written to. */
void *memory_new(size_t length, bool fill);
/* The same, zeroed, and shared with children. */
void *memory_shared(size_t length);
__u64 random_next(__u64 *state);

/* --- commands in threads -------------------------------------------------- */

/**
 * struct job - a command that runs in a thread of its own
 * @fd: space
 * @nr: command
 * @arg: its struct, complete
 * @ret: what it returned, once @done
 * @tid: the thread
 * @done: it has returned
 */
struct job {
	pthread_t thread;
	int fd;
	unsigned int nr;
	void *arg;
	int ret;
	atomic_int tid;
	atomic_int done;
};

int job_start(struct job *job, int fd, unsigned int nr, void *arg);
/* Waits until the command waits for somebody, see below; false if it is over. */
bool job_blocked(struct job *job);
bool job_done(struct job *job, unsigned int ms);
/* The command's result; -ETIME if it does not come, and the thread is left. */
int job_join(struct job *job);
void job_signal(struct job *job, int sig);
/* Installs a handler that does nothing; @flags as in sigaction(). */
void signal_ignore(int sig, int flags);
/*
 * Task @tid sleeps in an ioctl, and a signal would wake it: so it waits for what others
 * do, and neither for a lock nor for a page, a grace period, or the handler of the veil.
 */
bool task_blocked(pid_t tid);

#define JOB_START(job, fd, name, NAME, arg) ({				\
	(arg)->size = sizeof(struct capmsg_##name);			\
	job_start(job, fd, CAPMSG_CMD_##NAME, arg);			\
})

/* --- memory that is there and not there ----------------------------------- */

/**
 * struct blinker - a thread that takes memory away and gives it back
 * @memory: whole pages
 * @length: of them
 */
struct blinker {
	pthread_t thread;
	void *memory;
	size_t length;
	atomic_bool stop;
};

int blinker_start(struct blinker *blinker, void *memory, size_t length);
/* The memory is there from now on. */
void blinker_stop(struct blinker *blinker);

/* --- processes ------------------------------------------------------------ */

#define KEEP_ALL	-1
#define KEEP_NONE	-2

/*
 * Forks a process that runs @fn(@arg) and exits with its result, a negative
 * one as an errno. @keep: the only descriptor from 3 on that it keeps, or
 * KEEP_x. It dies with its parent.
 */
pid_t child_start(int (*fn)(void *arg), void *arg, int keep);
/* Exit status; 1000 + signal; -ETIME if it does not end in time. */
int child_wait(pid_t pid, unsigned int ms);
/* SIGKILL, and reaps; -ETIME if it does not die. */
int child_kill(pid_t pid);
/* Kills and reaps every child that is left. */
void children_end(void);
/* child_start() and child_wait() as user @uid, without any other descriptor. */
int child_as(uid_t uid, int (*fn)(void *arg), void *arg);
/* Becomes root of a new user namespace, outside of which that is still user @uid. */
int namespace_enter(uid_t uid);

/* --- the machine ---------------------------------------------------------- */

/* The number in a file, after @key if that is not NULL ("VmPin:"). */
long long file_number(const char *path, const char *key);
int file_write(const char *path, const char *text);
/* The number in the environment, or @otherwise if there is none. */
__u64 env_number(const char *name, __u64 otherwise);
bool hugetlb_reserve(unsigned int pages);
/* What stops a task at a step, on the instrumented kernel only; see capmsg/hooks.c. */
#define HOOK	"/sys/kernel/debug/capmsg/hook"
bool instrumented(void);
/* The kernel's log from now on, without waiting. */
int log_open(void);
/* What it has said of the module since then, or NULL. */
const char *log_speaks(int log);

/* --- nothing is left ------------------------------------------------------ */

/*
 * Asks the module for its totals, as root and from a space of its own, until
 * nothing is left but that space, or patience is lost. NULL, or what is left.
 */
const char *capmsg_leaks(void);

/* The end of every fixture: closes all, and proves that nothing is left. */
#define CAPMSG_TEARDOWN() do {						\
	const char *left_;						\
									\
	children_end();							\
	veil_end();							\
	close_range(3, ~0U, 0);						\
	left_ = capmsg_leaks();						\
	EXPECT_EQ(NULL, left_)						\
		TH_LOG("left over: %s", left_);				\
} while (0)

#endif /* CAPMSG_UTIL_H */
