// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm_test.c - a process is killed at each of the numbered steps of a script that does
 * a bit of everything, and at random instants. Whoever deals with it is told, and nothing
 * is left of it.
 *
 * The victim has a space of its own. Its peer, this process, serves it, and waits at its
 * objects in threads. CAPMSG_ROUNDS says how many victims there are (ten thousand: `make
 * check-storm`).
 */
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "handler.h"

#define ROUNDS		800
#define ROUNDS_DEBUG	100	/* an instrumented kernel is slower */
#define LONG		(2 * PAGE)
#define WHOLE		(4 * PAGE)	/* memory of a post */
#define POSTS		4		/* of the peer */

/* In the peer's space; the first four are exported to the victim. */
#define PEER		SLOT(1)		/* is served */
#define FULL		SLOT(2)		/* has no post free */
#define MUTE		SLOT(3)		/* receives, and does not answer */
#define PLAYED		SLOT(4)		/* a virtual object whose handler is as mute */
#define LENT		4
#define LAST		SLOT(5)		/* a port to which only the victim can send */
#define MUTE_HANDLER	SLOT(6)
#define NOTE		SLOT(7)		/* in both spaces */
#define LANDING		8		/* root slot of a table, in both */
#define REGION		SLOT(9)		/* in both */
#define KEPT		10		/* root slot: what the victim has given */
#define KEPT_PORT	SLOT2(KEPT, 0)
#define KEPT_NOTE	SLOT2(KEPT, 1)
#define KEPT_VIRTUAL	SLOT2(KEPT, 2)
#define KEPT_N		4
#define PLACE		SLOT2(KEPT, 0x20)	/* for what is imported */
/* Bits of the peer's notification. */
#define DEATH		1ULL
#define NO_SENDERS	2ULL

/* In the victim's space. PEER to LAST are where they are in the peer's. */
#define PORT		SLOT(0x11)
#define QUIET		SLOT(0x12)	/* a port that nobody sends to */
#define REVOKER		SLOT(0x13)
#define GIVEN		SLOT(0x14)	/* PORT through it */
#define HANDLER		SLOT(0x15)
#define VIRTUAL		SLOT(0x16)
#define MESSAGE		SLOT(0x17)
#define WAITING		SLOT(0x18)	/* a message in line */
#define WATCH		SLOT(0x19)
#define REPLY		SLOT(0x1a)
#define BACK		SLOT(0x1b)	/* imported */

/* What a message to the peer is. */
enum word { GIVE_PORT = 'p', GIVE_VIRTUAL = 'v', SHORT = 's', CARGO = 'c' };

/**
 * struct sight - what is seen of the victim from outside
 * @begun: number of the step that has begun last
 * @ended: and of that which has ended last
 * @stop: the step after which to wait for death
 * @failed: the step that went wrong
 * @error: how
 * @file: descriptor of the victim, an exported capability, or 0
 */
struct sight {
	atomic_int begun, ended, stop;
	atomic_int failed, error;
	atomic_int file;
};

/**
 * struct wait - an operation of the peer's that waits for the victim
 * @started: there is one
 */
struct wait {
	struct job job;
	bool started;
	union {
		struct capmsg_send send;
		struct capmsg_call call;
		struct capmsg_stat stat;
	};
};

FIXTURE(storm) {
	unsigned int rounds;
	__u64 seed;
	__u64 longest;		/* ns that a victim lived until the step it should die at */
	int peer;
	char *target, *source;
	int lent[LENT], last;	/* exported to the victim */
	struct sight *sight;
	struct capmsg_query before, now;
	/* Of this round: */
	struct wait sender, caller, asker;
	char answer[8];
	unsigned int asked;	/* addresses */
	bool watched;
	int file;		/* that the victim has exported, or -1 */
	struct capmsg_record call, upcall;
	bool called, upcalled;
};

#define scene FIXTURE_DATA(storm)

/* --- the victim: its script ------------------------------------------------------------- */

/**
 * struct victim - what a victim knows
 */
struct victim {
	scene *self;
	int fd;
	char *memory;
	struct capmsg_record call;
	struct upcall up;
};

static int opens_space(struct victim *v)
{
	v->fd = space_new();
	return v->fd < 0 ? v->fd : 0;
}

static int imports(struct victim *v)
{
	int ret = cap_import(v->fd, v->self->last, LAST);
	unsigned int i;

	for (i = 0; i < LENT && !ret; i++)
		ret = cap_import(v->fd, v->self->lent[i], SLOT(1 + i));
	return ret;
}

static int creates_cappages(struct victim *v)
{
	return cappage_create(v->fd, SLOT(LANDING), 8) ?:
	       cappage_create(v->fd, SLOT2(LANDING, 0), 4);
}

static int creates_notification(struct victim *v)
{
	return note_create(v->fd, NOTE);
}

static int creates_ports(struct victim *v)
{
	return port_create(v->fd, PORT, 4) ?: port_create(v->fd, QUIET, 1);
}

static int creates_revoker(struct victim *v)
{
	return do_create_revoker(v->fd, &(struct capmsg_create_revoker){
		.from = PORT, .to = GIVEN, .revoker = REVOKER });
}

static int registers_region(struct victim *v)
{
	v->memory = memory_new(WHOLE, true);
	return v->memory ? region_create(v->fd, REGION, v->memory, WHOLE) : -ENOMEM;
}

static int tell(struct victim *v, enum word what, const struct capmsg_item *items,
		unsigned int n)
{
	const char text[] = { what };

	return do_send(v->fd, &(struct capmsg_send){ .to = PEER, .data = PTR(text),
		.length = sizeof(text), .items = PTR(items), .n_items = n,
		.deadline = patience() });
}

static int gives_port(struct victim *v)
{
	const struct capmsg_item items[] = { { GIVEN, RIGHTS_SENDER, 0 },
		{ NOTE, CAPMSG_RIGHT_SEND, 0 } };

	return tell(v, GIVE_PORT, items, 2);
}

static int posts_plain(struct victim *v)
{
	const int ret = post_any(v->fd, PORT, 0, 0, 0, SLOT2(LANDING, 0x10), 2);

	return ret < 0 ? ret : 0;
}

static int posts_region(struct victim *v)
{
	const int ret = post_any(v->fd, PORT, REGION, PAGE, LONG, SLOT2(LANDING, 0x20), 2);

	return ret < 0 ? ret : 0;
}

/* A long message with a capability, and a call, which it holds. */
static int receives(struct victim *v)
{
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_record record;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 2 && !ret; i++) {
		ret = msg_recv(v->fd, PORT, &record, data);
		if (!ret && record.out_flags & CAPMSG_RECORD_REPLY)
			v->call = record;
		else if (!ret && (record.out_length != LONG || record.out_n_caps != 1))
			ret = -EBADMSG;
	}
	return ret;
}

static int moves_reply_right(struct victim *v)
{
	return do_move(v->fd, &(struct capmsg_move){ .flags = CAPMSG_MOVE_POST,
		.from = PORT, .to = REPLY, .post = v->call.out_post, .seq = v->call.out_seq });
}

static int sends_short(struct victim *v)
{
	return tell(v, SHORT, NULL, 0);
}

static int send_cargo(struct victim *v, __u64 to)
{
	const struct capmsg_item items[] = { { SLOT(LANDING), CAPMSG_RIGHTS_ALL, 0 },
		{ NOTE, CAPMSG_RIGHT_SEND, 0 } };

	v->memory[0] = CARGO;
	return do_send(v->fd, &(struct capmsg_send){ .to = to, .data = PTR(v->memory),
		.length = LONG, .items = PTR(items), .n_items = 2 });
}

static int sends_long(struct victim *v)
{
	return send_cargo(v, PEER);
}

static int creates_virtual(struct victim *v)
{
	struct capmsg_create_virtual create = { .to = VIRTUAL, .handler = HANDLER,
		.kind = CAPMSG_TYPE_CAPPAGE, .bits = 8, .cache_bits = 4 };

	return handler_port(v->fd, HANDLER, 2) ?: do_create_virtual(v->fd, &create);
}

static int gives_virtual(struct victim *v)
{
	const struct capmsg_item item = { VIRTUAL, CAPMSG_RIGHTS_ALL, 0 };

	return tell(v, GIVE_VIRTUAL, &item, 1);
}

static int receives_upcall(struct victim *v)
{
	return upcall_recv(v->fd, HANDLER, &v->up);
}

/* The kernel shall remember it. */
static int answers_upcall(struct victim *v)
{
	struct verdict verdict = { .silent = false };

	say_slot(&verdict, SLOT(LANDING), 0, 8);
	verdict.resolution.n_slots = 1;
	verdict.resolution.flags = CAPMSG_RESOLUTION_CACHE;
	return upcall_answer(v->fd, HANDLER, &v->up, &verdict);
}

static int watches(struct victim *v)
{
	return watch_create(v->fd, PEER, WATCH, NOTE, 2);
}

static int exports(struct victim *v)
{
	const int file = cap_export(v->fd, QUIET, CAPMSG_RIGHTS_ALL);

	if (file < 0)
		return file;
	atomic_store(&v->self->sight->file, file);
	return 0;
}

static int imports_own(struct victim *v)
{
	return cap_import(v->fd, v->self->sight->file, BACK);
}

static int creates_messages(struct victim *v)
{
	struct capmsg_create_message message = { .to = MESSAGE, .notification = NOTE, .bits = 4 };
	struct capmsg_create_message waiting = { .to = WAITING, .notification = NOTE, .bits = 8 };

	return do_create_message(v->fd, &message) ?: do_create_message(v->fd, &waiting);
}

static int begin(struct victim *v, __u64 message, __u64 to, unsigned int flags,
		 enum capmsg_message_state state)
{
	struct capmsg_begin arg = { .message = message, .to = to, .length = LONG,
		.max_caps = 1, .flags = flags };

	if (!flags)
		arg.deadline = patience();
	return do_begin(v->fd, &arg) ?: arg.out_state == state ? 0 : -EBADE;
}

static int begins_message(struct victim *v)
{
	return begin(v, MESSAGE, PEER, 0, CAPMSG_MESSAGE_OPEN);
}

static int fills_half(struct victim *v)
{
	return do_fill(v->fd, &(struct capmsg_fill){ .message = MESSAGE,
		.data = PTR(v->memory), .length = LONG / 2 });
}

static int queues_message(struct victim *v)
{
	return begin(v, WAITING, FULL, CAPMSG_MESSAGE_QUEUE, CAPMSG_MESSAGE_QUEUED);
}

/* --- the victim: steps that do not end --------------------------------------------------- */

static int waits_for_post(struct victim *v)
{
	return send_cargo(v, FULL);
}

static int waits_for_message(struct victim *v)
{
	struct capmsg_record record = { .data = PTR(v->memory), .data_size = WHOLE };

	return do_recv(v->fd, &(struct capmsg_recv){ .port = QUIET, .records = PTR(&record),
		.n_records = 1 });
}

/* With a plain buffer, which is pinned. */
static int waits_for_plain(struct victim *v)
{
	struct capmsg_record record = { .data = PTR(v->memory), .data_size = WHOLE };

	return do_recv(v->fd, &(struct capmsg_recv){ .port = QUIET, .records = PTR(&record),
		.n_records = 1, .plain = PTR(v->memory), .plain_size = WHOLE,
		.landing = SLOT2(LANDING, 0x30), .max_caps = 2 });
}

static int call_to(struct victim *v, __u64 to)
{
	struct capmsg_call call = { .to = to, .data = PTR("?"), .length = 1,
		.reply_data = PTR(v->memory), .reply_size = WHOLE,
		.reply_landing = SLOT2(LANDING, 0x40), .reply_max_caps = 2 };

	return do_call(v->fd, &call);
}

static int waits_for_answer(struct victim *v)
{
	return call_to(v, MUTE);
}

static int waits_to_call(struct victim *v)
{
	return call_to(v, FULL);
}

static int waits_for_handler(struct victim *v)
{
	struct capmsg_stat stat;

	return cap_stat(v->fd, SLOT2(4, 1), &stat);
}

static int waits_for_bits(struct victim *v)
{
	return do_wait(v->fd, &(struct capmsg_wait){ .notification = NOTE, .mask = 1ULL << 40 });
}

static int waits_at_closed_revoker(struct victim *v)
{
	return do_close(v->fd, &(struct capmsg_close){ .revoker = REVOKER }) ?:
	       do_send(v->fd, &(struct capmsg_send){ .to = GIVEN });
}

/*
 * The script. A step that blocks is for those who die in it; the others pass it over.
 */
static const struct step {
	const char *name;
	int (*run)(struct victim *v);
	bool blocks;
} steps[] = {
	{ "opens space", opens_space },
	{ "imports", imports },
	{ "creates cappages", creates_cappages },
	{ "creates notification", creates_notification },
	{ "creates ports", creates_ports },
	{ "creates revoker", creates_revoker },
	{ "registers region", registers_region },
	{ "gives port", gives_port },
	{ "posts plain", posts_plain },
	{ "posts region", posts_region },
	{ "receives, holds call", receives },
	{ "moves reply right", moves_reply_right },
	{ "sends short", sends_short },
	{ "sends long", sends_long },
	{ "creates virtual", creates_virtual },
	{ "gives virtual", gives_virtual },
	{ "receives upcall", receives_upcall },
	{ "answers upcall", answers_upcall },
	{ "holds next upcall", receives_upcall },
	{ "watches", watches },
	{ "exports", exports },
	{ "imports its own", imports_own },
	{ "creates messages", creates_messages },
	{ "begins message", begins_message },
	{ "fills half", fills_half },
	{ "queues message", queues_message },
	{ "waits for post", waits_for_post, true },
	{ "waits for message", waits_for_message, true },
	{ "waits with plain buffer", waits_for_plain, true },
	{ "waits for answer", waits_for_answer, true },
	{ "waits to call", waits_to_call, true },
	{ "waits for handler", waits_for_handler, true },
	{ "waits for bits", waits_for_bits, true },
	{ "waits at closed revoker", waits_at_closed_revoker, true },
};

#define STEPS	ARRAY_SIZE(steps)

/* How many steps block: those at the end. */
static unsigned int blocking_steps(void)
{
	unsigned int n = 0;

	while (steps[STEPS - 1 - n].blocks)
		n++;
	return n;
}

/* Step numbers count from 1. */
static int play_victim(void *data)
{
	scene *self = data;
	struct sight *sight = self->sight;
	struct victim victim = { .self = self };
	unsigned int i, stop = atomic_load(&sight->stop);
	int ret;

	close(self->peer);
	for (i = 1; i <= stop; i++) {
		if (steps[i - 1].blocks && i != stop)
			continue;
		atomic_store(&sight->begun, i);
		ret = steps[i - 1].run(&victim);
		if (ret || steps[i - 1].blocks) {
			atomic_store(&sight->error, ret);
			atomic_store(&sight->failed, i);
			return 1;
		}
		atomic_store(&sight->ended, i);
	}
	for (;;)
		pause();
}

/* --- the peer ---------------------------------------------------------------------------- */

static int peer_post(scene *self, unsigned int post)
{
	struct capmsg_post arg = { .port = PEER, .region = REGION, .offset = post * WHOLE,
		.length = WHOLE, .landing = SLOT2(LANDING, post * 2), .max_caps = 2,
		.post = post };

	return do_post(self->peer, &arg);
}

static int peer_ports(int fd)
{
	struct capmsg_create_port last = { .to = LAST, .depth = 1, .notification = NOTE,
		.no_senders_bits = NO_SENDERS };

	return note_create(fd, NOTE) ?: port_create(fd, PEER, POSTS) ?:
	       port_create(fd, FULL, 1) ?: port_create(fd, MUTE, 4) ?:
	       handler_port(fd, MUTE_HANDLER, 4) ?:
	       virtual_create(fd, PLAYED, MUTE_HANDLER, 0, 8) ?:
	       do_create_port(fd, &last) ?:
	       msg_try(fd, FULL, "full", 4);
}

static int peer_new(scene *self)
{
	int fd = space_new(), ret;
	unsigned int i;

	self->peer = fd;
	if (fd < 0)
		return fd;
	ret = peer_ports(fd) ?: cappage_create(fd, SLOT(LANDING), 8) ?:
	      cappage_create(fd, SLOT(KEPT), 8) ?:
	      region_create(fd, REGION, self->target, POSTS * WHOLE);
	for (i = 0; i < POSTS && !ret; i++)
		ret = peer_post(self, i);
	for (i = 0; i < LENT && !ret; i++) {
		self->lent[i] = cap_export(fd, SLOT(1 + i), i + 1 == LENT ?
					   CAPMSG_RIGHTS_ALL : RIGHTS_SENDER);
		ret = self->lent[i] < 0 ? self->lent[i] : 0;
	}
	return ret;
}

/* A long message with a capability: there is no post for the next one. */
static int sender_start(scene *self)
{
	static const struct capmsg_item item = { NOTE, CAPMSG_RIGHT_SEND, 0 };

	self->sender.send = (struct capmsg_send){ .to = KEPT_PORT, .data = PTR(self->source),
		.length = LONG, .items = PTR(&item), .n_items = 1, .deadline = patience() };
	return JOB_START(&self->sender.job, self->peer, send, SEND, &self->sender.send);
}

static int caller_start(scene *self)
{
	self->caller.call = call_make(KEPT_PORT, "?", 1, self->answer, sizeof(self->answer));
	return JOB_START(&self->caller.job, self->peer, call, CALL, &self->caller.call);
}

/* Another address every time: the kernel remembers the others. */
static int asker_start(scene *self)
{
	const __u64 slot = self->asked++ & 0xff;

	self->asker.stat = (struct capmsg_stat){
		.address = CAPMSG_ADDRESS((__u64)KEPT << 16 | 2 << 8 | slot, 24) };
	return JOB_START(&self->asker.job, self->peer, stat, STAT, &self->asker.stat);
}

/* If it has succeeded, it is done again: in the end the victim is dead. */
static int again(scene *self, struct wait *wait, int (*start)(scene *self))
{
	if (!wait->started || !atomic_load(&wait->job.done) || wait->job.ret)
		return 0;
	pthread_join(wait->job.thread, NULL);
	wait->started = false;
	if (start(self))
		return -EAGAIN;
	wait->started = true;
	return 0;
}

static int got_port(scene *self)
{
	self->watched = !watch_create(self->peer, KEPT_PORT, 0, NOTE, DEATH);
	self->sender.started = !sender_start(self);
	self->caller.started = !caller_start(self);
	return self->sender.started && self->caller.started ? 0 : -EAGAIN;
}

static int got_virtual(scene *self)
{
	self->asker.started = !asker_start(self);
	return self->asker.started ? 0 : -EAGAIN;
}

/* Puts away what has landed; if it is alive. */
static void keep(scene *self, const struct capmsg_record *record, unsigned int at)
{
	const __u64 landed = record->out_post * 2;
	unsigned int i;

	for (i = 0; i < record->out_n_caps; i++) {
		if (at < KEPT_N)
			cap_move(self->peer, SLOT2(LANDING, landed + i), SLOT2(KEPT, at + i));
		cap_clear(self->peer, SLOT2(LANDING, landed + i));
	}
}

/* Receives one message of the victim's, and does what it asks for. */
static int peer_serve_message(scene *self)
{
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_record record;
	int ret = msg_poll(self->peer, PEER, &record, data);
	const bool inlined = !ret && record.out_flags & CAPMSG_RECORD_INLINE;
	char word;

	if (ret)
		return ret == -EAGAIN ? 0 : ret;
	word = inlined ? data[0] : self->target[record.out_post * WHOLE];
	keep(self, &record, word == GIVE_PORT ? 0 : word == GIVE_VIRTUAL ? 2 : KEPT_N);
	if (!inlined || record.out_n_caps)
		ret = peer_post(self, record.out_post);
	if (ret)
		return ret;
	if (word == GIVE_PORT)
		return got_port(self);
	if (word == GIVE_VIRTUAL)
		return got_virtual(self);
	return word == SHORT || word == CARGO ? 0 : -EBADMSG;
}

/* The victim's call and its upcall are received, and not answered. */
static int peer_hold(scene *self, __u64 port, struct capmsg_record *record, bool *held)
{
	char data[CAPMSG_INLINE_MAX];
	int ret;

	if (*held)
		return 0;
	ret = msg_poll(self->peer, port, record, data);
	*held = !ret;
	return ret == -EAGAIN ? 0 : ret;
}

static int peer_serve(scene *self, int pidfd)
{
	const int file = atomic_load(&self->sight->file);

	if (file && self->file < 0)
		self->file = syscall(SYS_pidfd_getfd, pidfd, file, 0);
	return peer_serve_message(self) ?: again(self, &self->sender, sender_start) ?:
	       again(self, &self->asker, asker_start) ?:
	       peer_hold(self, MUTE, &self->call, &self->called) ?:
	       peer_hold(self, MUTE_HANDLER, &self->upcall, &self->upcalled);
}

/* --- one round --------------------------------------------------------------------------- */

static const char *complain(const char *format, long a, long b)
{
	static char text[128];

	snprintf(text, sizeof(text), format, a, b);
	return text;
}

/* The victim is where it should die. */
static bool ripe(scene *self, pid_t pid, unsigned int step)
{
	if (!steps[step - 1].blocks)
		return (unsigned int)atomic_load(&self->sight->ended) == step;
	/* Twice: some commands wait for one thing, and then for another. */
	return (unsigned int)atomic_load(&self->sight->begun) == step &&
	       task_blocked(pid) && (sleep_ms(1), task_blocked(pid));
}

/* Serves it until it is ripe, or until an instant if that is not 0. */
static const char *accompany(scene *self, pid_t pid, int pidfd, __u64 instant)
{
	const unsigned int step = atomic_load(&self->sight->stop);
	const __u64 start = now_ns(), end = instant ? start + instant : patience();
	int ret;

	while (now_ns() < end) {
		ret = peer_serve(self, pidfd);
		if (ret)
			return complain("the peer fails: %ld", ret, 0);
		if (atomic_load(&self->sight->failed))
			return complain("step %ld fails: %ld", self->sight->failed,
					self->sight->error);
		if (instant)
			continue;
		if (ripe(self, pid, step)) {
			if (now_ns() - start > self->longest)
				self->longest = now_ns() - start;
			return NULL;
		}
		usleep(50);
	}
	return instant ? NULL : complain("step %ld is not reached, but %ld", step,
					 self->sight->begun);
}

/* How it ended, or @other if it was not begun; those that succeed are done again. */
static int end_of(scene *self, struct wait *wait, int (*start)(scene *self), int other)
{
	int ret = 0, tries;

	for (tries = 0; tries < 3 && wait->started; tries++) {
		wait->started = false;
		ret = job_join(&wait->job);
		if (ret || !start)
			return ret;
		wait->started = !start(self);
	}
	return tries ? ret : other;
}

/* The victim has done the step that @run does first. */
static bool has_done(scene *self, int (*run)(struct victim *v))
{
	unsigned int i;

	for (i = 1; steps[i - 1].run != run; i++)
		;
	return (unsigned int)atomic_load(&self->sight->ended) >= i;
}

/* Peers who wait get the errors that the header promises. */
static const char *check_waits(scene *self)
{
	int ret = end_of(self, &self->sender, sender_start, -ENOENT);

	if (ret != -ENOENT)
		return complain("who waits for a post gets %ld", ret, 0);
	ret = end_of(self, &self->asker, asker_start, -ENOENT);
	if (ret != -ENOENT)
		return complain("who asks the handler gets %ld", ret, 0);
	ret = end_of(self, &self->caller, NULL, -EPIPE);
	/* Undelivered, there was no port to call; received, the call was broken. */
	if (ret != -EPIPE && (ret != -ENOENT || has_done(self, receives)))
		return complain("who calls gets %ld", ret, 0);
	return NULL;
}

static int answer_late(scene *self, __u64 port, struct capmsg_record *record, bool *held)
{
	if (!*held)
		return -ESTALE;
	*held = false;
	return msg_reply(self->peer, port, record, "", 0);
}

/* Those who would answer the dead are told that it is too late. */
static const char *check_answers(scene *self, unsigned int step, bool exact)
{
	int ret;

	if (exact && steps[step - 1].run == waits_for_answer && !self->called)
		return "the call has not come";
	if (exact && steps[step - 1].run == waits_for_handler && !self->upcalled)
		return "the upcall has not come";
	ret = answer_late(self, MUTE, &self->call, &self->called);
	if (ret != -ESTALE)
		return complain("an answer to the dead gets %ld", ret, 0);
	ret = answer_late(self, MUTE_HANDLER, &self->upcall, &self->upcalled);
	return ret == -ESTALE ? NULL : complain("an upcall's answer to the dead gets %ld",
						ret, 0);
}

static const char *check_notices(scene *self)
{
	const __u64 bits = NO_SENDERS | (self->watched ? DEATH : 0);
	int ret;

	if (!WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			(note_pending(self->peer, NOTE) & bits) == bits))
		return complain("bits %lx are set, not %lx", note_pending(self->peer, NOTE), bits);
	if (note_take(self->peer, NOTE, ~0ULL) != bits)
		return "other bits are set";
	if (self->file < 0)
		return NULL;
	ret = cap_import(self->peer, self->file, PLACE);
	close(self->file);
	self->file = -1;
	return ret == -ENOENT ? NULL : complain("an import gives %ld", ret, 0);
}

/* No message and no claim of the dead is left at the peer's ports. */
static const char *check_ports(scene *self)
{
	static const struct { __u64 port; unsigned int filled; } ports[] = {
		{ PEER, 0 }, { FULL, 1 }, { MUTE, 0 }, { MUTE_HANDLER, 0 } };
	struct capmsg_stat stat;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		ret = cap_stat(self->peer, ports[i].port, &stat);
		if (ret || stat.out_claimed || stat.out_senders ||
		    stat.out_filled != ports[i].filled || stat.out_idle)
			return complain("port %ld has something left: %ld", i, ret);
	}
	return NULL;
}

#define TOTALS_AT	offsetof(struct capmsg_query, out_total_live)
#define TOTALS		((offsetof(struct capmsg_query, out_total_copied) - TOTALS_AT) / \
			 sizeof(__u64))

/* Those that may not grow: all but the last, of what was copied. */
static const __u64 *totals(const struct capmsg_query *query)
{
	return (const void *)((const char *)query + TOTALS_AT);
}

static bool totals_are_back(scene *self)
{
	self->now = query_of(self->peer);
	return !memcmp(totals(&self->now), totals(&self->before), TOTALS * sizeof(__u64));
}

/* As before; what was destroyed is freed a bit later. */
static const char *check_totals(scene *self)
{
	const __u64 *was = totals(&self->before), *is = totals(&self->now);
	unsigned int i;

	for (i = 0; i < KEPT_N; i++)
		cap_clear(self->peer, SLOT2(KEPT, i));
	if (WAIT_UNTIL(CAPMSG_PATIENCE_MS, totals_are_back(self)))
		return NULL;
	for (i = 0; i < TOTALS - 1 && is[i] == was[i]; i++)
		;
	return complain("total %ld has grown by %ld", i, (long)(is[i] - was[i]));
}

/* Messages that came before death are served still. */
static const char *aftermath(scene *self, int pidfd, unsigned int step, bool exact)
{
	const char *complaint;
	unsigned int i;
	int ret = 0;

	atomic_store(&self->sight->file, 0);
	for (i = 0; i <= POSTS && !ret; i++)
		ret = peer_serve(self, pidfd);
	if (ret)
		return complain("the peer fails after all: %ld", ret, 0);
	complaint = check_waits(self);
	complaint = complaint ?: check_answers(self, step, exact);
	complaint = complaint ?: check_notices(self);
	complaint = complaint ?: check_ports(self);
	return complaint ?: check_totals(self);
}

/* A victim should die at @step; unless it is killed at an @instant, if that is not 0. */
static const char *round_of(scene *self, unsigned int step, __u64 instant)
{
	const char *complaint;
	int pidfd, ret;
	pid_t pid;

	memset(self->sight, 0, sizeof(*self->sight));
	atomic_store(&self->sight->stop, step);
	self->file = -1;
	self->watched = false;
	self->before = query_of(self->peer);
	self->last = cap_export(self->peer, LAST, CAPMSG_RIGHT_SEND);
	pid = child_start(play_victim, self, KEEP_ALL);
	if (self->last < 0 || pid < 0)
		return "no victim";
	close(self->last);
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	complaint = accompany(self, pid, pidfd, instant);
	ret = child_kill(pid);
	if (!complaint && ret != 1000 + SIGKILL)
		complaint = complain("the victim ends with %ld", ret, 0);
	complaint = complaint ?: aftermath(self, pidfd, step, !instant);
	close(pidfd);
	return complaint;
}

/* --- the storm --------------------------------------------------------------------------- */

FIXTURE_SETUP(storm)
{
	self->rounds = env_number("CAPMSG_ROUNDS", instrumented() ? ROUNDS_DEBUG : ROUNDS);
	self->seed = env_number("CAPMSG_SEED", now_ns());
	self->longest = 1000000;
	self->target = memory_new(POSTS * WHOLE, true);
	self->source = memory_new(LONG, true);
	self->sight = memory_shared(sizeof(*self->sight));
	ASSERT_NE(NULL, self->sight);
	ASSERT_EQ(0, peer_new(self));
}

FIXTURE_TEARDOWN(storm)
{
	CAPMSG_TEARDOWN();
}

/* Every other round ends at a random instant of the script. */
TEST_F_TIMEOUT(storm, kills, 3500)
{
	unsigned int killed[STEPS + 1] = { }, struck[STEPS + 1] = { }, i, step;
	const char *complaint = NULL;
	const __u64 start = now_ns();
	__u64 instant;

	TH_LOG("%u rounds, CAPMSG_SEED=%#llx", self->rounds, self->seed);
	for (i = 0; i < self->rounds && !complaint; i++) {
		step = i / 2 % STEPS + 1;
		instant = 0;
		if (i % 2) {
			step = STEPS - random_next(&self->seed) % blocking_steps();
			instant = 1 + random_next(&self->seed) % self->longest;
		}
		complaint = round_of(self, step, instant);
		EXPECT_EQ(NULL, complaint)
			TH_LOG("round %u, step %u (%s), %llu ns, begun %d: %s", i, step,
			       steps[step - 1].name, instant, self->sight->begun, complaint);
		if (instant)
			struck[self->sight->begun]++;
		else
			killed[step]++;
	}
	for (i = 1; i <= STEPS; i++) {
		EXPECT_LT(0, killed[i])
			TH_LOG("nobody was killed at step %u", i);
		TH_LOG("step %2u: %4u killed at it, %4u by chance, %s", i, killed[i], struck[i],
		       steps[i - 1].name);
	}
	TH_LOG("before step 1: %u by chance; %llu ms", struck[0], (now_ns() - start) / 1000000);
}

TEST_HARNESS_MAIN
