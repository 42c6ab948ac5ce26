// SPDX-License-Identifier: GPL-2.0-only
/*
 * handler.c - what handler.h promises.
 */
#include "handler.h"

int upcall_recv(int fd, __u64 port, struct upcall *up)
{
	char data[CAPMSG_INLINE_MAX];
	int ret;

	ret = msg_recv(fd, port, &up->record, data);
	if (ret)
		return ret;
	memcpy(&up->upcall, data, sizeof(up->upcall));
	if (!(up->record.out_flags & CAPMSG_RECORD_UPCALL) ||
	    !(up->record.out_flags & CAPMSG_RECORD_REPLY) ||
	    up->record.out_length != sizeof(up->upcall) ||
	    up->upcall.size != sizeof(up->upcall) ||
	    up->upcall.operation < CAPMSG_UPCALL_INDEX ||
	    up->upcall.operation > CAPMSG_UPCALL_INVOKE)
		return -EBADMSG;
	return 0;
}

int upcall_answer(int fd, __u64 port, const struct upcall *up, const struct verdict *verdict)
{
	struct capmsg_resolution resolution = verdict->resolution;

	resolution.size = sizeof(resolution);
	return do_reply(fd, &(struct capmsg_reply){ .flags = CAPMSG_REPLY_POST, .to = port,
		.data = PTR(&resolution), .length = sizeof(resolution),
		.items = PTR(&verdict->item), .n_items = !!verdict->item.address,
		.post = up->record.out_post, .seq = up->record.out_seq });
}

int send_until(int fd, __u64 to, int handler, __u64 port)
{
	struct capmsg_stat stat;
	unsigned int ms;
	int ret;

	/* A deadline that passes on the way there asks nobody. */
	for (ms = 30; ms < CAPMSG_PATIENCE_MS; ms *= 4) {
		ret = do_send(fd, &(struct capmsg_send){ .to = to, .deadline = in_ms(ms) });
		if (ret != -ETIMEDOUT)
			return ret;
		ret = cap_stat(handler, port, &stat);
		if (ret)
			return ret;
		if (stat.out_filled)
			return -ETIMEDOUT;
	}
	return -ETIME;
}

unsigned int upcall_left(const struct upcall *up)
{
	return 63 - __builtin_ctzll(up->upcall.address);
}

__u64 upcall_bits(const struct upcall *up, unsigned int n)
{
	return up->upcall.address >> (64 - n);
}

void decide_pass(struct handler *handler, const struct upcall *up, struct verdict *verdict)
{
	const __u64 *table = handler->data;
	unsigned int bits = 8 - up->upcall.subpage_bits;

	if (upcall_left(up) < bits)
		return;
	say_slot(verdict, *table, (up->upcall.subpage << bits) + upcall_bits(up, bits), bits);
	verdict->resolution.n_slots = (1U << bits) - upcall_bits(up, bits);
}

static void *handler_main(void *arg)
{
	struct handler *h = arg;
	char data[CAPMSG_INLINE_MAX];
	struct upcall up;

	while (!atomic_load(&h->stop)) {
		struct capmsg_record *record = &up.record;
		struct verdict verdict = { .silent = false };
		struct capmsg_recv recv = { .port = h->port, .records = PTR(record),
			.flags = h->declared ? CAPMSG_RECV_DECLARE : 0, .n_records = 1,
			.deadline = in_ms(20) };
		int ret;

		memset(record, 0, sizeof(*record));
		record->data = PTR(data);
		record->data_size = sizeof(data);
		ret = do_recv(h->fd, &recv);
		if (ret == -ETIMEDOUT) {
			atomic_fetch_add(&h->rounds, 1);
			continue;
		}
		if (ret)
			break;
		memcpy(&up.upcall, data, sizeof(up.upcall));
		atomic_fetch_add(&h->upcalls, 1);
		say_error(&verdict, ENOENT);
		h->decide(h, &up, &verdict);
		if (!verdict.silent)
			atomic_store(&h->refused, -upcall_answer(h->fd, h->port, &up, &verdict));
	}
	return NULL;
}

int handler_start(struct handler *handler)
{
	atomic_store(&handler->stop, 0);
	return -pthread_create(&handler->thread, NULL, handler_main, handler);
}

void handler_stop(struct handler *handler)
{
	atomic_store(&handler->stop, 1);
	pthread_join(handler->thread, NULL);
}
