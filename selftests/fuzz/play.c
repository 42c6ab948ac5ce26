// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread plays its part of a case, and looks at what it gets.
 */
#include <poll.h>
#include <sys/syscall.h>

#include "fuzz.h"

static void fail(struct player *p, enum failure what, unsigned int nr)
{
	int none = FAILED_NOT;

	if (atomic_compare_exchange_strong(&p->shared->failed, &none, what))
		atomic_store(&p->shared->failed_nr, nr);
}

/* Payloads are of one letter; zeros where memory was taken away, or nothing filled in. */
static bool payload_mixed(const char *data, __u64 length)
{
	char letter = 0;
	__u64 i;

	for (i = 0; i < length && i < CAPMSG_INLINE_MAX; i++) {
		if (data[i] && letter && data[i] != letter)
			return true;
		letter = letter ?: data[i];
	}
	return false;
}

/* A payload in pieces has several letters, and an answer to an upcall none. */
static bool payload_is_plain(const struct capmsg_record *record)
{
	return record->out_flags & CAPMSG_RECORD_INLINE &&
	       !(record->out_flags & CAPMSG_RECORD_UPCALL) && !record->out_error;
}

static void received(struct player *p, unsigned int space, __u64 port, unsigned int n,
		     unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < n && i < RECORDS; i++) {
		const struct capmsg_record *record = &p->records[i];

		if (payload_is_plain(record) && record->data == PTR(p->inline_data[i]) &&
		    p->inline_data[i][0] >= 'A' && p->inline_data[i][0] < 'A' + PAGES &&
		    payload_mixed(p->inline_data[i], record->out_length))
			fail(p, FAILED_MIXED, nr);
		atomic_store(&p->shared->last[space], (__u64)record->out_seq << 32 |
			     record->out_post);
		atomic_store(&p->shared->last_port[space],
			     record->out_flags & CAPMSG_RECORD_REPLY ? port : 0);
	}
}

/* What later operations can use of the results. */
static void learn(struct player *p, unsigned int nr, unsigned int space)
{
	const struct capmsg_waiting *waiting = (const void *)p->entries;
	int old;

	switch (nr) {
	case CAPMSG_CMD_RECV:
		if (p->arg.recv.records == PTR(p->records))
			received(p, space, p->arg.recv.port, p->arg.recv.out_n, nr);
		break;
	case CAPMSG_CMD_REPLY_RECV:
		if (p->arg.reply_recv.records == PTR(p->records))
			received(p, space, p->arg.reply_recv.port, p->arg.reply_recv.out_n,
				 nr);
		break;
	case CAPMSG_CMD_MOVE:
	case CAPMSG_CMD_REPLY:
		/* The reply right is somewhere else now, or used up. */
		atomic_store(&p->shared->last_port[space], 0);
		break;
	case CAPMSG_CMD_EXPORT:
		old = atomic_exchange(&fuzz_files[dice(&p->random, FILES)], p->arg.export.out_fd);
		if (old >= 0)
			close(old);
		break;
	case CAPMSG_CMD_UPCALLS:
		if (p->arg.upcalls.out_n)
			atomic_store(&p->shared->upcall, waiting[0].id);
		break;
	}
}

/* Pieces of the payload of a message, if it is to have some. */
static void cut(struct player *p, __u64 *data, __u64 *length, __u32 n_iov)
{
	unsigned int i;

	if (n_iov != 1)
		return;
	for (i = 0; i < CAPMSG_IOV_MAX; i++)
		p->iov[i] = (struct capmsg_iovec){ .base = *data, .length = *length / 2 + i };
	*data = PTR(p->iov);
	*length = 0;
}

static void cut_payload(struct player *p, unsigned int nr)
{
	union any *a = &p->arg;

	switch (nr) {
	case CAPMSG_CMD_SEND:
		return cut(p, &a->send.data, &a->send.length, a->send.n_iov);
	case CAPMSG_CMD_CALL:
		return cut(p, &a->call.data, &a->call.length, a->call.n_iov);
	case CAPMSG_CMD_REPLY:
		return cut(p, &a->reply.data, &a->reply.length, a->reply.n_iov);
	case CAPMSG_CMD_REPLY_RECV:
		return cut(p, &a->reply_recv.data, &a->reply_recv.length, a->reply_recv.n_iov);
	case CAPMSG_CMD_FILL:
		return cut(p, &a->fill.data, &a->fill.length, a->fill.n_iov);
	}
}

/* An answer to an upcall has the length of one, or nothing of it would be looked at. */
static void fit_answer(struct player *p, unsigned int nr)
{
	union any *a = &p->arg;

	if (nr == CAPMSG_CMD_REPLY && a->reply.data == PTR(&p->resolution))
		a->reply.length = sizeof(p->resolution);
	if (nr == CAPMSG_CMD_REPLY_RECV && a->reply_recv.data == PTR(&p->resolution))
		a->reply_recv.length = sizeof(p->resolution);
}

static void command(struct player *p, const struct op *op)
{
	unsigned int space = op->space % SPACES;
	int fd = atomic_load(&fuzz_spaces[space]), ret;

	op_build(p, op);
	fit_answer(p, op->nr);
	cut_payload(p, op->nr);
	ret = capmsg_do(fd, op->nr, &p->arg);
	atomic_fetch_add(&p->shared->operations, 1);
	if (ret == -EPROTO)
		fail(p, FAILED_OUTPUT, op->nr);
	p->shared->errnos[op->nr][-ret & 255] = 1;
	if (!ret)
		learn(p, op->nr, space);
}

static void extra(struct player *p, const struct op *op)
{
	unsigned int space = op->space % SPACES, choice = op->bytes[0];
	struct pollfd pollfd = { .fd = atomic_load(&fuzz_spaces[space]),
				 .events = POLLIN | POLLOUT };
	int fd, tid;

	switch (op->nr) {
	case OP_OPEN:
		/* Who uses the old one goes on with that. */
		scene_space(space);
		break;
	case OP_CLOSE:
	case OP_CLOSE_FILE:
		fd = atomic_exchange(op->nr == OP_CLOSE ? &fuzz_spaces[space] :
				     &fuzz_files[choice % FILES], -1);
		if (fd >= 0)
			close(fd);
		break;
	case OP_SIGNAL:
		tid = atomic_load(&p->tids[choice & 1]);
		if (tid)
			syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
		break;
	case OP_KILL:
		kill(getpid(), SIGKILL);
		break;
	case OP_FORGET:
		madvise(fuzz_payload + choice % PAGES * PAGE, PAGE, MADV_DONTNEED);
		break;
	case OP_PAUSE:
		sleep_ms(1);
		break;
	case OP_POLL:
		poll(&pollfd, 1, choice % 3);
		break;
	}
}

/* --- playing objects ---------------------------------------------------------------- */

/* Mostly what the scene has for it: a slot of the table, the port. */
static void decide(const struct capmsg_upcall *up, struct verdict *v, __u64 *random)
{
	struct upcall asked = { .upcall = *up };
	unsigned int left = up->operation == CAPMSG_UPCALL_INDEX ? upcall_left(&asked) : 0;
	unsigned int choice = dice(random, 16);

	if (choice < 9 && up->operation == CAPMSG_UPCALL_INVOKE)
		say_stand_in(v, slot_of(up->object == 2 ? G_PORT : G_TABLE, choice));
	else if (choice < 9 && left)
		say_slot(v, slot_of(G_TABLE, 0), upcall_bits(&asked, left < 4 ? left : 4),
			 left < 8 ? left : 8);
	else if (choice < 11)
		say_value(v, group_address(G_ANY, dice(random, 256)), dice(random, 10));
	else if (choice < 13)
		say_error(v, choice == 11 ? ENOENT : EACCES);
	else if (choice == 13)
		say_done(v);
	else if (choice == 14)
		say_retry(v);
	else
		v->silent = true;
	v->resolution.size = sizeof(v->resolution);
	v->resolution.flags = choice & CAPMSG_RESOLUTION_CACHE;
}

/* Receives one message of the handler's port and answers it; false if there is none. */
static bool serve(struct player *p, int fd, unsigned int ms)
{
	struct capmsg_recv recv = { .port = slot_of(G_HANDLER, 0), .n_records = 1,
		.records = PTR(p->records), .deadline = in_ms(ms) };
	struct verdict v = { };
	struct capmsg_reply reply;
	int ret;

	p->records[0] = (struct capmsg_record){ .data = PTR(p->inline_data[0]),
		.data_size = CAPMSG_INLINE_MAX };
	ret = do_recv(fd, &recv);
	atomic_fetch_add(&p->shared->operations, 1);
	if (ret)
		return ret == -EINTR;
	if (!(p->records[0].out_flags & CAPMSG_RECORD_REPLY))
		return true;
	if (p->records[0].out_flags & CAPMSG_RECORD_UPCALL)
		decide((const void *)p->inline_data[0], &v, &p->random);
	reply = (struct capmsg_reply){ .flags = CAPMSG_REPLY_POST,
		.to = slot_of(G_HANDLER, 0), .data = PTR(&v.resolution),
		.length = sizeof(v.resolution), .post = p->records[0].out_post,
		.seq = p->records[0].out_seq };
	if (v.item.address) {
		reply.items = PTR(&v.item);
		reply.n_items = 1;
	}
	/* One that is refused, or not made, leaves the upcall for others to answer. */
	if (!v.silent)
		do_reply(fd, &reply);
	atomic_fetch_add(&p->shared->operations, 1);
	return true;
}

void *handler_run(void *data)
{
	struct player *p = data;
	int fd;

	cover_enable(p->id);
	for (;;) {
		fd = atomic_load(&fuzz_spaces[SPACES - 1]);
		if (fd < 0 || !serve(p, fd, 20))
			sleep_ms(1);
	}
	return NULL;
}

static void serve_some(struct player *p, const struct op *op)
{
	int fd = atomic_load(&fuzz_spaces[op->space % SPACES]);
	unsigned int i;

	for (i = 0; i < 4 && serve(p, fd, 1 + op->bytes[0] % 4); i++)
		;
}

static void play(struct player *p, const struct sequence *s)
{
	unsigned int i;
	struct op op;

	for (i = 0; i < s->n && !atomic_load(&p->shared->failed); i++) {
		/* Who is too late for the turn finds another sequence here. */
		op = s->ops[i];
		if (op.player % PLAYERS != p->id)
			continue;
		atomic_fetch_add(&p->step, 1);
		if (op.nr < CAPMSG_CMD_COUNT)
			command(p, &op);
		else if (op.nr == OP_SERVE)
			serve_some(p, &op);
		else
			extra(p, &op);
	}
}

void *player_run(void *data)
{
	struct player *p = data;
	unsigned int turn, now;

	atomic_store(&p->tids[p->id & 1], syscall(SYS_gettid));
	cover_enable(p->id);
	for (turn = 1;; turn++) {
		while ((now = atomic_load(&p->shared->turn)) < turn)
			word_wait(&p->shared->turn, now, 1000);
		play(p, &p->shared->sequence);
		atomic_store(&p->shared->done[p->id], turn);
		atomic_fetch_add(&p->shared->plays, 1);
		word_wake(&p->shared->plays);
	}
	return NULL;
}
