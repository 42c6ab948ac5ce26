// SPDX-License-Identifier: GPL-2.0-only
/*
 * veil.c - what veil.h promises.
 *
 * The thread has a space of its own, of another user: so what is charged for virtual
 * objects is not charged to the test. There it keeps a capability to each original, and
 * by its number in that table the virtual one is called. Answers are cached, so that
 * commands that must not wait for an upcall have theirs, after the first one.
 *
 * A second thread is told when an original is gone, and forgets it; and when nobody can
 * send to a virtual port any more, which it passes on to the owner of the original. It has
 * kept the virtual one for that, without a right that counts.
 *
 * What all this needs is taken off what QUERY tells of the whole system.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capmsg.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "capmsg_util.h"
#include "veil.h"

/* Out of the way of what tests do with theirs. */
#define SPACE_FD	900
#define OTHER_USER	64000

#define HANDLER		CAPMSG_ADDRESS(1, 8)
#define ORIGINALS	CAPMSG_ADDRESS(2, 8)
#define HERE		CAPMSG_ADDRESS(3, 8)
#define VIRTUALS	CAPMSG_ADDRESS(4, 8)
#define NOTE		CAPMSG_ADDRESS(5, 8)
#define SENDER		CAPMSG_ADDRESS(6, 8)
#define BITS		12
#define FRAMES		8
#define LOOK_SIGNAL	(SIGRTMAX - 1)
#define LOOK_NS		50000000
#define VIRTUAL(n)	CAPMSG_ADDRESS(4ULL << BITS | (n), 8 + BITS)
/* One bit for many: who is told looks at all of them. */
#define NEWS(n)		(1ULL << (n) % 63)
#define STOP		0x8000000000000000ULL
#define GONE		0xff	/* in place of bits */
#define ORIGINAL(n)	CAPMSG_ADDRESS(2ULL << BITS | (n), 8 + BITS)

static struct {
	pid_t pid;		/* whose veil; 0: there is none yet */
	pthread_t thread, teller;
	atomic_uint n;		/* originals so far */
	__u8 bits[1 << BITS];	/* of cappages */
	__u32 told[1 << BITS];	/* of ports: how often nobody could send any more */
	bool plays[SPACE_FD];	/* spaces of handlers, which must name real tables */
} veil;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define DO(fd, NR, name, ...) ({						\
	struct capmsg_##name arg_ = { .size = sizeof(arg_), __VA_ARGS__ };	\
										\
	ioctl(fd, CAPMSG_IOC_##NR, &arg_) ? -errno : 0;				\
})

static void must(int ret, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "# veil: %s: %s\n", what, strerror(-ret));
	_exit(99);
}

/* --- the thread that passes everything on ------------------------------------------- */

static struct capmsg_resolution index_slot(const struct capmsg_upcall *up)
{
	unsigned int bits = veil.bits[up->object] - up->subpage_bits;
	unsigned int left = 63 - __builtin_ctzll(up->address), slot;

	if (left < bits)
		return (struct capmsg_resolution){ .result = CAPMSG_RESULT_ERROR,
			.error = ENOENT };
	slot = (up->subpage << bits) + (unsigned int)(up->address >> (64 - bits));
	return (struct capmsg_resolution){ .result = CAPMSG_RESULT_SLOT, .bits = bits,
		.slot = slot, .n_slots = ((up->subpage + 1) << bits) - slot,
		.flags = CAPMSG_RESOLUTION_CACHE };
}

static int answer(const struct capmsg_record *record, struct capmsg_resolution *resolution,
		  __u64 original)
{
	struct capmsg_item item = { .address = original, .rights = CAPMSG_RIGHTS_ALL };

	resolution->size = sizeof(*resolution);
	return DO(SPACE_FD, REPLY, reply, .flags = CAPMSG_REPLY_POST, .to = HANDLER,
		  .post = record->out_post, .seq = record->out_seq,
		  .data = (uintptr_t)resolution, .length = sizeof(*resolution),
		  .items = (uintptr_t)&item, .n_items = !!original);
}

static void pass_on(const struct capmsg_record *record, const struct capmsg_upcall *up)
{
	struct capmsg_resolution resolution = { .result = CAPMSG_RESULT_VALUE,
		.flags = CAPMSG_RESOLUTION_CACHE };

	if (up->operation == CAPMSG_UPCALL_INDEX)
		resolution = index_slot(up);
	if (resolution.result != CAPMSG_RESULT_ERROR &&
	    !answer(record, &resolution, ORIGINAL(up->object)))
		return;
	/* The original is gone. */
	resolution = (struct capmsg_resolution){ .result = CAPMSG_RESULT_ERROR,
		.error = ENOENT };
	answer(record, &resolution, 0);
}

static void *play(void *arg)
{
	struct capmsg_upcall up;
	struct capmsg_record record;
	int ret;

	(void)arg;
	do {
		record = (struct capmsg_record){ .data = (uintptr_t)&up,
			.data_size = sizeof(up) };
		ret = DO(SPACE_FD, RECV, recv, .port = HANDLER,
			 .records = (uintptr_t)&record, .n_records = 1);
		if (!ret)
			pass_on(&record, &up);
	} while (!ret || ret == -EINTR);
	return NULL;
}

/* The original is gone, and with it the virtual one. */
static bool forget(unsigned int n)
{
	struct capmsg_stat stat = { .size = sizeof(stat), .address = ORIGINAL(n) };

	if (!ioctl(SPACE_FD, CAPMSG_IOC_STAT, &stat) || errno != ENOENT)
		return false;
	veil.bits[n] = GONE;
	DO(SPACE_FD, CLEAR, clear, .slot = ORIGINAL(n));
	DO(SPACE_FD, CLEAR, clear, .slot = VIRTUAL(n));
	return true;
}

/* The owner of the original is told by there being a sender, and none again. */
static void tell(unsigned int n)
{
	struct capmsg_stat stat = { .size = sizeof(stat), .address = VIRTUAL(n) };
	__u32 ends;
	int ret;

	if (ioctl(SPACE_FD, CAPMSG_IOC_STAT, &stat) || stat.out_type != CAPMSG_TYPE_PORT)
		return;
	ends = stat.out_mints - !!stat.out_send_caps;
	if (ends == veil.told[n])
		return;
	veil.told[n] = ends;
	ret = DO(SPACE_FD, COPY, copy, .from = ORIGINAL(n), .to = SENDER,
		 .rights = CAPMSG_RIGHT_SEND);
	if (!ret)
		DO(SPACE_FD, CLEAR, clear, .slot = SENDER);
}

static void *tell_owners(void *arg)
{
	struct capmsg_wait wait = { .size = sizeof(wait), .notification = NOTE, .mask = ~0ULL };
	unsigned int n;

	(void)arg;
	while (!ioctl(SPACE_FD, CAPMSG_IOC_WAIT, &wait) || errno == EINTR) {
		if (wait.out_bits & STOP)
			break;
		for (n = 0; n < atomic_load(&veil.n); n++) {
			if (wait.out_bits & NEWS(n) && veil.bits[n] != GONE && !forget(n))
				tell(n);
		}
		wait.out_bits = 0;
	}
	return NULL;
}

static int open_as_other_user(void)
{
	uid_t user = geteuid();
	int fd;

	/* Of this thread alone. */
	syscall(SYS_setresuid, -1, OTHER_USER, -1);
	fd = open("/dev/capmsg", O_RDWR | O_CLOEXEC);
	syscall(SYS_setresuid, -1, user, -1);
	return fd;
}

static void begin(void)
{
	sigset_t all, old;
	int fd = open_as_other_user();

	if (fd < 0 || dup3(fd, SPACE_FD, O_CLOEXEC) != SPACE_FD)
		must(-errno, "opening a space");
	close(fd);
	must(DO(SPACE_FD, SETUP, setup, .frames = FRAMES, .root_bits = 8), "SETUP");
	must(DO(SPACE_FD, CREATE_PORT, create_port, .to = HANDLER, .depth = 64,
		.flags = CAPMSG_PORT_HANDLER | CAPMSG_PORT_NO_SHARES), "CREATE_PORT");
	must(DO(SPACE_FD, CREATE_CAPPAGE, create_cappage, .to = ORIGINALS, .bits = BITS),
	     "CREATE_CAPPAGE");
	must(DO(SPACE_FD, CREATE_CAPPAGE, create_cappage, .to = VIRTUALS, .bits = BITS),
	     "CREATE_CAPPAGE");
	must(DO(SPACE_FD, CREATE_NOTIFICATION, create_notification, .to = NOTE),
	     "CREATE_NOTIFICATION");
	atomic_store(&veil.n, 0);
	memset(veil.told, 0, sizeof(veil.told));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	must(-pthread_create(&veil.thread, NULL, play, NULL), "pthread_create");
	must(-pthread_create(&veil.teller, NULL, tell_owners, NULL), "pthread_create");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	veil.pid = getpid();
}

bool veil_asked(pid_t tid)
{
	struct capmsg_waiting waiting[256];
	struct capmsg_upcalls upcalls = { .size = sizeof(upcalls), .port = HANDLER,
		.waiting = (uintptr_t)waiting, .n = 256 };
	unsigned int i;

	if (veil.pid != getpid() || ioctl(SPACE_FD, CAPMSG_IOC_UPCALLS, &upcalls))
		return false;
	for (i = 0; i < upcalls.out_n && (pid_t)waiting[i].thread != tid; i++)
		;
	return i < upcalls.out_n;
}

void veil_end(void)
{
	if (veil.pid != getpid())
		return;
	DO(SPACE_FD, SIGNAL, signal, .notification = NOTE, .bits = STOP);
	pthread_join(veil.teller, NULL);
	DO(SPACE_FD, DESTROY, destroy, .address = HANDLER);
	pthread_join(veil.thread, NULL);
	close(SPACE_FD);
	veil.pid = 0;
}

/* --- what is created goes behind it -------------------------------------------------- */

static int pass(int from, __u64 address, int to, __u64 slot)
{
	struct capmsg_export export = { .size = sizeof(export), .from = address,
		.rights = CAPMSG_RIGHTS_ALL };
	int ret;

	if (ioctl(from, CAPMSG_IOC_EXPORT, &export))
		return -errno;
	ret = DO(to, IMPORT, import, .fd = export.out_fd, .to = slot);
	close(export.out_fd);
	return ret;
}

static void nothing(int signal)
{
	(void)signal;
}

/**
 * struct look - a thread looks at something
 * @tid: that thread
 * @seen: it has
 */
struct look {
	pthread_t watcher;
	pid_t tid;
	atomic_bool seen;
};

/* Ends a look that waits for something else than the veil, for a way that is closed. */
static void *watch_look(void *arg)
{
	struct look *look = arg;
	unsigned int times = 0;

	while (!atomic_load(&look->seen)) {
		usleep(5000);
		times = task_blocked(look->tid) ? times + 1 : 0;
		if (times > 3)
			syscall(SYS_tgkill, getpid(), look->tid, LOOK_SIGNAL);
	}
	return NULL;
}

/* However long the answers take. */
static void look_patiently(int fd, struct capmsg_stat *stat)
{
	struct look look = { .tid = (pid_t)syscall(SYS_gettid) };
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	must(-pthread_create(&look.watcher, NULL, watch_look, &look), "pthread_create");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	ioctl(fd, CAPMSG_IOC_STAT, stat);
	atomic_store(&look.seen, true);
	pthread_join(look.watcher, NULL);
}

/*
 * Has the answers ready that a command must not wait for. The way may be closed: after a
 * moment somebody finds out whether it is that which is waited for.
 */
static void look_at(int fd, __u64 address)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = LOOK_SIGNAL };
	struct itimerspec soon = { .it_value.tv_nsec = LOOK_NS };
	struct capmsg_stat stat = { .size = sizeof(stat), .address = address };
	struct sigaction action = { .sa_handler = nothing };
	timer_t timer;
	bool late;

	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	sigaction(LOOK_SIGNAL, &action, NULL);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		must(-errno, "timer_create");
	soon.it_interval = soon.it_value;
	timer_settime(timer, 0, &soon, NULL);
	late = ioctl(fd, CAPMSG_IOC_STAT, &stat) && errno == EINTR;
	timer_delete(timer);
	if (late)
		look_patiently(fd, &stat);
}

/* So that it can be asked how many can send. */
static int keep_virtual(unsigned int n)
{
	return DO(SPACE_FD, COPY, copy, .from = HERE, .to = VIRTUAL(n),
		  .rights = CAPMSG_RIGHT_RECV);
}

static void hide(int fd, __u64 address, __u32 kind, unsigned int bits)
{
	unsigned int n;

	if (veil.pid != getpid())
		begin();
	n = atomic_load(&veil.n);
	if (n >= 1 << BITS)
		must(-ENOSPC, "too many objects");
	veil.bits[n] = bits;
	must(pass(fd, address, SPACE_FD, ORIGINAL(n)), "taking the original");
	must(DO(fd, CLEAR, clear, .slot = address), "CLEAR");
	must(DO(SPACE_FD, CREATE_VIRTUAL, create_virtual, .to = HERE, .handler = HANDLER,
		.object = n, .kind = kind, .bits = bits,
		.cache_bits = bits ? bits : 4, .original = ORIGINAL(n),
		.notification = kind == CAPMSG_TYPE_PORT ? NOTE : 0,
		.no_senders_bits = kind == CAPMSG_TYPE_PORT ? NEWS(n) : 0),
	     "CREATE_VIRTUAL");
	must(kind == CAPMSG_TYPE_PORT ? keep_virtual(n) : 0, "keeping it");
	must(DO(SPACE_FD, WATCH, watch, .address = ORIGINAL(n), .notification = NOTE,
		.bits = NEWS(n)), "WATCH");
	atomic_store(&veil.n, n + 1);
	must(pass(SPACE_FD, HERE, fd, address), "giving the virtual one");
	must(DO(SPACE_FD, CLEAR, clear, .slot = HERE), "CLEAR");
	look_at(fd, address);
}

static void created(int fd, unsigned int nr, const void *arg)
{
	const struct capmsg_create_port *port = arg;
	const struct capmsg_create_cappage *table = arg;

	pthread_mutex_lock(&lock);
	if (nr == CAPMSG_CMD_CREATE_PORT && port->flags & CAPMSG_PORT_HANDLER)
		veil.plays[fd] = true;
	if (nr == CAPMSG_CMD_CREATE_PORT)
		hide(fd, port->to, CAPMSG_TYPE_PORT, 0);
	else if (!veil.plays[fd])
		hide(fd, table->to, CAPMSG_TYPE_CAPPAGE,
		     table->bits ? table->bits : CAPMSG_BITS_DEFAULT);
	pthread_mutex_unlock(&lock);
}

/* Where a command goes that could not wait; void: it is none of those. */
static __u64 unheard(unsigned int nr, const void *arg)
{
	switch (nr) {
	case CAPMSG_CMD_SEND:
		return ((const struct capmsg_send *)arg)->to;
	case CAPMSG_CMD_CALL:
		return ((const struct capmsg_call *)arg)->to;
	case CAPMSG_CMD_BEGIN:
		return ((const struct capmsg_begin *)arg)->to;
	case CAPMSG_CMD_RECV:
		return ((const struct capmsg_recv *)arg)->port;
	case CAPMSG_CMD_REPLY_RECV:
		return ((const struct capmsg_reply_recv *)arg)->port;
	default:
		return CAPMSG_ADDRESS_VOID;
	}
}

static __u32 originals_live(void)
{
	struct capmsg_stat stat = { .size = sizeof(stat) };
	unsigned int n;
	__u32 live = 0;

	for (n = 0; n < atomic_load(&veil.n); n++) {
		stat.address = ORIGINAL(n);
		live += !ioctl(SPACE_FD, CAPMSG_IOC_STAT, &stat) || errno != ENOENT;
	}
	return live;
}

/* Of the handler: its space, root, two tables, frames, port, notification, watches. */
static void leave_out(struct capmsg_query *query)
{
	__u32 live = originals_live();

	if (!query->out_total_live[0])
		return;
	query->out_total_live[0]--;
	query->out_total_live[CAPMSG_TYPE_CAPPAGE] -= 3;
	query->out_total_live[CAPMSG_TYPE_REPLY] -= FRAMES + 1;
	query->out_total_live[CAPMSG_TYPE_PORT]--;
	query->out_total_live[CAPMSG_TYPE_NOTIFICATION]--;
	query->out_total_live[CAPMSG_TYPE_WATCH] -= live;
	query->out_total_live[CAPMSG_TYPE_VIRTUAL] -= live;
}

int veil_do(int fd, unsigned int nr, void *arg)
{
	static int on = -1;
	__u64 address;
	int ret;

	if (on < 0)
		on = !!getenv("CAPMSG_VEIL");
	ret = ioctl(fd, _IO(CAPMSG_IOC_MAGIC, nr), arg) ? -errno : 0;
	if (!on)
		return ret;
	if (!ret && (nr == CAPMSG_CMD_CREATE_PORT || nr == CAPMSG_CMD_CREATE_CAPPAGE))
		created(fd, nr, arg);
	if (!ret && nr == CAPMSG_CMD_QUERY && veil.pid == getpid())
		leave_out(arg);
	address = ret == -EAGAIN ? unheard(nr, arg) : CAPMSG_ADDRESS_VOID;
	if (address == CAPMSG_ADDRESS_VOID)
		return ret;
	/* It has asked nobody: has it been told so because of that? */
	look_at(fd, address);
	return ioctl(fd, _IO(CAPMSG_IOC_MAGIC, nr), arg) ? -errno : 0;
}
