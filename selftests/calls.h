/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call of every command that is in order, always with the same result, for
 * tests that spoil one thing of it.
 */
#ifndef CAPMSG_CALLS_H
#define CAPMSG_CALLS_H

#include "capmsg_util.h"

#define PORT	SLOT(1)		/* its posts are idle: a short message waits */
#define REGION	SLOT(2)
#define TARGET	SLOT(4)		/* void */
#define SPARE	SLOT(5)		/* a copy of the port */
#define TARGET2	SLOT(6)		/* void */
#define NOTHING	SLOT(7)		/* void */
#define NOTE	SLOT(8)		/* a notification, no bit is set */
#define MESSAGE	SLOT(9)		/* a message, idle */
#define REVOKER	SLOT(10)	/* a revoker, open */
#define REVOKED	SLOT(11)	/* the port, through it */
#define HANDLER	SLOT(12)	/* a port at which virtual objects can be created */
#define VIRTUAL	SLOT(13)	/* one of those */

union any {
	char bytes[8192];
	struct capmsg_query query;
	struct capmsg_create_cappage create_cappage;
	struct capmsg_create_port create_port;
	struct capmsg_register reg;
	struct capmsg_unregister unregister;
	struct capmsg_copy copy;
	struct capmsg_move move;
	struct capmsg_clear clear;
	struct capmsg_stat stat;
	struct capmsg_list list;
	struct capmsg_destroy destroy;
	struct capmsg_post post;
	struct capmsg_unpost unpost;
	struct capmsg_send send;
	struct capmsg_recv recv;
	struct capmsg_call call;
	struct capmsg_reply reply;
	struct capmsg_reply_recv reply_recv;
	struct capmsg_export export;
	struct capmsg_import import;
	struct capmsg_create_notification create_notification;
	struct capmsg_create_message create_message;
	struct capmsg_create_revoker create_revoker;
	struct capmsg_watch watch;
	struct capmsg_revoke revoke;
	struct capmsg_close close;
	struct capmsg_open open;
	struct capmsg_begin begin;
	struct capmsg_fill fill;
	struct capmsg_transmit transmit;
	struct capmsg_abandon abandon;
	struct capmsg_credits credits;
	struct capmsg_signal signal;
	struct capmsg_wait wait;
	struct capmsg_limits limits;
	struct capmsg_create_virtual create_virtual;
	struct capmsg_upcalls upcalls;
	struct capmsg_abort abort;
	struct capmsg_invalidate invalidate;
};

/* Below 4 GiB, for callers of 32 bits. */
struct memory {
	union any arg;
	char data[64];
	struct capmsg_record record;
	struct capmsg_list_entry entries[16];
	char region[2 * PAGE] __attribute__((aligned(PAGE)));
};

/**
 * struct calls - where the calls are made
 * @fd: space
 * @file: an exported capability
 * @m: memory that they use
 */
struct calls {
	int fd;
	int file;
	struct memory *m;
};

static inline int calls_new(struct calls *calls)
{
	struct memory *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int ret;

	if (m == MAP_FAILED)
		return -errno;
	calls->m = m;
	calls->fd = space_new();
	if (calls->fd < 0)
		return calls->fd;
	ret = do_create_port(calls->fd, &(struct capmsg_create_port){
		.to = PORT, .flags = CAPMSG_PORT_NO_SHORT, .depth = 4, .max_caps = 4 });
	ret = ret ?: region_create(calls->fd, REGION, m->region, PAGE);
	ret = ret ?: cap_copy(calls->fd, PORT, SPARE, CAPMSG_RIGHTS_ALL);
	/* Whether these are there is what the results of the calls tell. */
	do_create_notification(calls->fd, &(struct capmsg_create_notification){ .to = NOTE });
	do_create_message(calls->fd, &(struct capmsg_create_message){ .to = MESSAGE });
	do_create_revoker(calls->fd, &(struct capmsg_create_revoker){
		.from = PORT, .to = REVOKED, .revoker = REVOKER });
	do_create_port(calls->fd, &(struct capmsg_create_port){
		.to = HANDLER, .flags = CAPMSG_PORT_HANDLER, .depth = 1 });
	do_create_virtual(calls->fd, &(struct capmsg_create_virtual){
		.to = VIRTUAL, .handler = HANDLER, .kind = CAPMSG_TYPE_CAPPAGE });
	calls->file = cap_export(calls->fd, PORT, CAPMSG_RIGHTS_ALL);
	return ret ?: calls->file < 0 ? calls->file : 0;
}

static inline void fill_struct(struct calls *calls, unsigned int nr, union any *a)
{
	const struct memory *m = calls->m;

	switch (nr) {
	case CAPMSG_CMD_CREATE_CAPPAGE:
		a->create_cappage.to = TARGET;
		break;
	case CAPMSG_CMD_CREATE_PORT:
		a->create_port.to = TARGET;
		a->create_port.depth = 1;
		break;
	case CAPMSG_CMD_REGISTER:
		a->reg.to = TARGET;
		a->reg.address = PTR(m->region) + PAGE;
		a->reg.length = PAGE;
		break;
	case CAPMSG_CMD_UNREGISTER:
		a->unregister.region = NOTHING;
		break;
	case CAPMSG_CMD_COPY:
		a->copy.from = PORT;
		a->copy.to = TARGET;
		a->copy.rights = CAPMSG_RIGHTS_ALL;
		break;
	case CAPMSG_CMD_MOVE:
		a->move.from = SPARE;
		a->move.to = TARGET;
		break;
	case CAPMSG_CMD_CLEAR:
		a->clear.slot = TARGET;
		break;
	case CAPMSG_CMD_STAT:
		a->stat.address = PORT;
		break;
	case CAPMSG_CMD_LIST:
		a->list.entries = PTR(m->entries);
		a->list.n = 16;
		break;
	case CAPMSG_CMD_DESTROY:
		a->destroy.address = NOTHING;
		break;
	case CAPMSG_CMD_POST:
		a->post.port = PORT;
		a->post.region = REGION;
		a->post.length = PAGE;
		a->post.post = CAPMSG_POST_ANY;
		break;
	case CAPMSG_CMD_UNPOST:
		a->unpost.port = PORT;
		break;
	}
}

/* The commands that carry messages, which find no post and no message; files. */
static inline void fill_message(struct calls *calls, unsigned int nr, union any *a)
{
	const struct memory *m = calls->m;

	switch (nr) {
	case CAPMSG_CMD_SEND:
		a->send = (struct capmsg_send){ .flags = CAPMSG_NONBLOCK, .to = PORT,
			.data = PTR(m->data), .length = sizeof(m->data) };
		break;
	case CAPMSG_CMD_RECV:
		a->recv = (struct capmsg_recv){ .flags = CAPMSG_NONBLOCK, .port = PORT,
			.records = PTR(&m->record), .n_records = 1 };
		break;
	case CAPMSG_CMD_CALL:
		a->call = (struct capmsg_call){ .flags = CAPMSG_NONBLOCK, .to = PORT,
			.data = PTR(m->data), .length = sizeof(m->data),
			.reply_data = PTR(m->data), .reply_size = sizeof(m->data) };
		break;
	case CAPMSG_CMD_REPLY:
		a->reply = (struct capmsg_reply){ .flags = CAPMSG_REPLY_POST, .to = PORT };
		break;
	case CAPMSG_CMD_REPLY_RECV:
		a->reply_recv = (struct capmsg_reply_recv){
			.flags = CAPMSG_REPLY_POST | CAPMSG_NONBLOCK, .to = PORT,
			.port = PORT, .records = PTR(&m->record), .n_records = 1 };
		break;
	case CAPMSG_CMD_EXPORT:
		a->export.from = PORT;
		a->export.rights = CAPMSG_RIGHTS_ALL;
		break;
	case CAPMSG_CMD_IMPORT:
		a->import.to = TARGET;
		a->import.fd = calls->file;
		break;
	}
}

/* The commands on notifications, revokers, messages in steps and virtual objects. */
static inline void fill_rest(struct calls *calls, unsigned int nr, union any *a)
{
	const struct memory *m = calls->m;

	switch (nr) {
	case CAPMSG_CMD_CREATE_NOTIFICATION:
		a->create_notification.to = TARGET;
		break;
	case CAPMSG_CMD_CREATE_MESSAGE:
		a->create_message.to = TARGET;
		break;
	case CAPMSG_CMD_CREATE_REVOKER:
		a->create_revoker = (struct capmsg_create_revoker){
			.from = PORT, .to = TARGET, .revoker = TARGET2 };
		break;
	case CAPMSG_CMD_WATCH:
		a->watch = (struct capmsg_watch){
			.address = PORT, .to = TARGET, .notification = NOTE, .bits = 1 };
		break;
	case CAPMSG_CMD_REVOKE:
		a->revoke.revoker = NOTHING;
		break;
	case CAPMSG_CMD_CLOSE:
		a->close.revoker = REVOKER;
		break;
	case CAPMSG_CMD_OPEN:
		a->open.revoker = REVOKER;
		break;
	case CAPMSG_CMD_BEGIN:
		a->begin = (struct capmsg_begin){ .flags = CAPMSG_NONBLOCK,
			.message = MESSAGE, .to = PORT, .length = sizeof(m->data) };
		break;
	case CAPMSG_CMD_FILL:
		a->fill = (struct capmsg_fill){ .message = MESSAGE,
			.data = PTR(m->data), .length = sizeof(m->data) };
		break;
	case CAPMSG_CMD_TRANSMIT:
		a->transmit = (struct capmsg_transmit){ .flags = CAPMSG_NONBLOCK,
			.message = MESSAGE, .length = sizeof(m->data) };
		break;
	case CAPMSG_CMD_ABANDON:
		a->abandon.message = MESSAGE;
		break;
	case CAPMSG_CMD_CREDITS:
		a->credits.to = PORT;
		break;
	case CAPMSG_CMD_SIGNAL:
		a->signal = (struct capmsg_signal){ .notification = NOTE, .bits = 1 };
		break;
	case CAPMSG_CMD_WAIT:
		a->wait = (struct capmsg_wait){ .flags = CAPMSG_NONBLOCK,
			.notification = NOTE, .mask = 2 };
		break;
	case CAPMSG_CMD_CREATE_VIRTUAL:
		a->create_virtual = (struct capmsg_create_virtual){
			.to = TARGET, .handler = HANDLER, .kind = CAPMSG_TYPE_CAPPAGE };
		break;
	case CAPMSG_CMD_UPCALLS:
		a->upcalls = (struct capmsg_upcalls){ .port = HANDLER,
			.waiting = PTR(m->entries), .n = 4 };
		break;
	case CAPMSG_CMD_ABORT:
		a->abort = (struct capmsg_abort){ .port = HANDLER, .id = ~0ULL };
		break;
	case CAPMSG_CMD_INVALIDATE:
		a->invalidate = (struct capmsg_invalidate){ .port = HANDLER, .object = VIRTUAL };
		break;
	}
}

static inline union any *call_fill(struct calls *calls, unsigned int nr)
{
	union any *a = &calls->m->arg;

	memset(a, 0, sizeof(*a));
	fill_struct(calls, nr, a);
	fill_message(calls, nr, a);
	fill_rest(calls, nr, a);
	a->query.size = capmsg_size(nr);
	return a;
}

/* What that call returns, every time. */
static inline int call_result(unsigned int nr)
{
	switch (nr) {
	case CAPMSG_CMD_SETUP:
	case CAPMSG_CMD_FILL:
	case CAPMSG_CMD_TRANSMIT:
		return -EBUSY;
	case CAPMSG_CMD_UNREGISTER:
	case CAPMSG_CMD_DESTROY:
	case CAPMSG_CMD_REVOKE:
	case CAPMSG_CMD_REPLY:
	case CAPMSG_CMD_REPLY_RECV:
	case CAPMSG_CMD_ABORT:
		return -ENOENT;
	case CAPMSG_CMD_SEND:
	case CAPMSG_CMD_RECV:
	case CAPMSG_CMD_CALL:
	case CAPMSG_CMD_WAIT:
		return -EAGAIN;
	default:
		return 0;
	}
}

static inline void call_undo(struct calls *calls, unsigned int nr, union any *a)
{
	switch (nr) {
	case CAPMSG_CMD_CREATE_CAPPAGE:
	case CAPMSG_CMD_CREATE_PORT:
	case CAPMSG_CMD_REGISTER:
	case CAPMSG_CMD_CREATE_NOTIFICATION:
	case CAPMSG_CMD_CREATE_MESSAGE:
	case CAPMSG_CMD_WATCH:
	case CAPMSG_CMD_CREATE_VIRTUAL:
		obj_destroy(calls->fd, TARGET);
		break;
	case CAPMSG_CMD_CREATE_REVOKER:
		obj_destroy(calls->fd, TARGET2);
		break;
	case CAPMSG_CMD_CLOSE:
		do_open(calls->fd, &(struct capmsg_open){ .revoker = REVOKER });
		break;
	case CAPMSG_CMD_BEGIN:
		do_abandon(calls->fd, &(struct capmsg_abandon){ .message = MESSAGE });
		break;
	case CAPMSG_CMD_COPY:
	case CAPMSG_CMD_IMPORT:
		cap_clear(calls->fd, TARGET);
		break;
	case CAPMSG_CMD_MOVE:
		cap_move(calls->fd, TARGET, SPARE);
		break;
	case CAPMSG_CMD_POST:
		post_take(calls->fd, PORT, a->post.out_post);
		break;
	case CAPMSG_CMD_EXPORT:
		close(a->export.out_fd);
		break;
	}
}

/* What a call could have changed, as one number; no tombstones, they go in their own time. */
static inline __u64 call_state(struct calls *calls)
{
	struct capmsg_query query = { .flags = 0 };
	struct capmsg_stat stat;
	__u64 state = 0;
	int i;

	do_query(calls->fd, &query);
	cap_stat(calls->fd, PORT, &stat);
	for (i = 0; i < 16; i++)
		state = state * 31 + query.out_total_live[i];
	state = state * 31 + query.out_total_exports;
	state = state * 31 + query.out_total_pinned;
	state = state * 31 + stat.out_posted * 16 + stat.out_idle * 4 + stat.out_filled;
	state = state * 31 + (cap_type(calls->fd, TARGET) + 1000);
	state = state * 31 + (cap_type(calls->fd, TARGET2) + 1000);
	cap_stat(calls->fd, REVOKER, &stat);
	state = state * 31 + stat.out_closed;
	cap_stat(calls->fd, MESSAGE, &stat);
	state = state * 31 + stat.out_state;
	return state * 31 + (cap_type(calls->fd, SPARE) + 1000);
}

#endif /* CAPMSG_CALLS_H */
