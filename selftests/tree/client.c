// SPDX-License-Identifier: GPL-2.0-only
/*
 * client.c - operations on a tree, and whether what they come to is among what they
 * may come to.
 */
#include <sys/syscall.h>

#include "tree.h"

/* Long enough to meet somebody, as a rule. What comes later ends as well. */
#define HURRY_MS	20

/* What a message says: who sends it, and when. */
struct letter {
	__u32 client, round;
};

static __u64 deadline_of(const struct client *client)
{
	return client->hurried ? in_ms(HURRY_MS) : patience();
}

/* What has landed is at an address that ends with its guard. */
static __u64 landed(const struct cap *cap)
{
	struct walk at = { .left = 0 };

	walk_put(&at, LANDED, 8);
	walk_put(&at, cap->guard, cap->guard_bits);
	return walk_address(&at);
}

/*
 * Looks at what has landed: first with the shortest guard that it may have, as a longer
 * one could lead into a table.
 */
static int landed_stat(struct client *client)
{
	const struct outcomes *o = &client->outcomes;
	int ret = -ENOENT, bits, i;

	for (bits = 0; bits <= GUARD_BITS_MAX; bits++)
		for (i = 0; i < o->n && ret == -ENOENT; i++)
			if (!o->list[i].ret && o->list[i].cap.guard_bits == bits)
				ret = cap_stat(client->fd, landed(&o->list[i].cap),
					       &client->stat);
	return ret;
}

/* It may be gone by then, but that is not to look as if it had not been found. */
static int landed_check(struct client *client)
{
	int ret = landed_stat(client);

	if (ret)
		client->stat.out_type = CAPMSG_TYPE_VOID;
	if (ret == -ENOENT)
		ret = client->world->unsteady ? 0 : -EBADMSG;
	return cap_clear(client->fd, SLOT(LANDED)) ?: ret;
}

static int carry(struct client *client, __u64 address)
{
	struct capmsg_item item = { .address = address, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_send send = { .to = INBOX, .items = PTR(&item), .n_items = 1,
		.deadline = deadline_of(client) };
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	int post, ret;

	post = post_any(client->fd, INBOX, 0, 0, 0, SLOT(LANDED), 1);
	if (post < 0)
		return post;
	ret = do_send(client->fd, &send);
	if (ret)
		return post_take(client->fd, INBOX, post) ?: ret;
	return msg_poll(client->fd, INBOX, &record, data) ?: landed_check(client);
}

static int client_send(struct client *client, __u64 address)
{
	const struct letter letter = { client->number, client->world->round };
	struct capmsg_send send = { .to = address, .data = PTR(&letter),
		.length = sizeof(letter) };

	if (client->op == OP_TRY)
		send.flags = CAPMSG_NONBLOCK;
	else
		send.deadline = deadline_of(client);
	return do_send(client->fd, &send);
}

static int perform(struct client *client, __u64 address)
{
	switch (client->op) {
	case OP_STAT:
		return cap_stat(client->fd, address, &client->stat);
	case OP_COPY:
		return cap_copy(client->fd, address, SLOT(LANDED), CAPMSG_RIGHTS_ALL) ?:
		       landed_check(client);
	case OP_CARRY:
		return carry(client, address);
	case OP_STORE:
		return cap_copy(client->fd, PORT, address, CAPMSG_RIGHTS_ALL);
	case OP_CLEAR:
		return cap_clear(client->fd, address);
	default:
		return client_send(client, address);
	}
}

static void *client_main(void *arg)
{
	struct client *client = arg;

	atomic_store(&client->tid, (int)syscall(SYS_gettid));
	for (;;) {
		sem_wait(&client->go);
		if (atomic_load(&client->end))
			return NULL;
		memset(&client->stat, 0, sizeof(client->stat));
		client->got = perform(client, walk_address(&client->walk));
		sem_post(&client->world->finished);
	}
}

int client_start(struct client *client)
{
	int ret;

	sem_init(&client->go, 0, 0);
	ret = -pthread_create(&client->thread, NULL, client_main, client);
	client->started = !ret;
	return ret;
}

void client_stop(struct client *client)
{
	if (client->started) {
		atomic_store(&client->end, true);
		sem_post(&client->go);
		pthread_join(client->thread, NULL);
	}
	close(client->fd);
}

static bool stat_agrees(const struct cap *cap, const struct capmsg_stat *stat)
{
	bool leaf = cap->thing == LEAF;

	return stat->out_type == (leaf ? CAPMSG_TYPE_PORT : CAPMSG_TYPE_CAPPAGE) &&
	       stat->out_rights == cap->rights && stat->out_guard == cap->guard &&
	       stat->out_guard_bits == cap->guard_bits &&
	       stat->out_subpage == cap->subpage && stat->out_subpage_bits == cap->subpage_bits &&
	       stat->out_max_size == (leaf ? MARK + cap->index : 0) &&
	       stat->out_bits == (leaf ? 0 : BITS);
}

/* What has landed was that, or is gone. */
static bool landed_agrees(const struct client *client, const struct cap *cap)
{
	if (client->stat.out_type != CAPMSG_TYPE_VOID)
		return stat_agrees(cap, &client->stat);
	return cap->thing == NODE;
}

static bool outcome_agrees(const struct client *client, const struct outcome *outcome)
{
	if (outcome->ret || client->got)
		return outcome->ret == client->got;
	switch (client->op) {
	case OP_STAT:
		return stat_agrees(&outcome->cap, &client->stat);
	case OP_COPY:
	case OP_CARRY:
		return landed_agrees(client, &outcome->cap);
	default:
		return true;
	}
}

bool client_agrees(const struct client *client)
{
	const struct outcomes *o = &client->outcomes;
	int i;

	for (i = 0; i < o->n; i++)
		if (outcome_agrees(client, &o->list[i]))
			return true;
	return false;
}

/* Could the message be sent to that leaf, with that badge? */
static bool message_agrees(const struct client *client, int leaf,
			   const struct capmsg_record *record)
{
	const struct outcomes *o = &client->outcomes;
	bool badged = record->out_flags & CAPMSG_RECORD_BADGED;
	int i;

	if (client->got || (client->op != OP_SEND && client->op != OP_TRY))
		return false;
	for (i = 0; i < o->n; i++) {
		const struct cap *cap = &o->list[i].cap;

		if (!o->list[i].ret && cap->thing == LEAF && cap->index == leaf &&
		    cap->badged == badged && cap->badge == record->out_badge)
			return true;
	}
	return false;
}

static int leaf_check(struct world *w, int leaf)
{
	const int c = leaf - LEAVES;
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_record record;
	struct letter letter;
	int ret;

	for (;;) {
		ret = c < 0 ? msg_poll(w->fd, LEAF(leaf), &record, data) :
			      msg_poll(w->clients[c].fd, PORT, &record, data);
		if (ret)
			return ret == -EAGAIN ? 0 : ret;
		memcpy(&letter, data, sizeof(letter));
		if (record.out_length != sizeof(letter) || letter.client >= CLIENTS ||
		    letter.round != w->round ||
		    !message_agrees(&w->clients[letter.client], leaf, &record))
			return -EBADMSG;
		w->clients[letter.client].arrived++;
	}
}

int messages_check(struct world *w)
{
	int ret = 0, i;

	for (i = 0; i < LEAVES + CLIENTS && !ret; i++)
		ret = leaf_check(w, i);
	for (i = 0; i < CLIENTS && !ret; i++) {
		const struct client *client = &w->clients[i];
		bool sent = !client->got && (client->op == OP_SEND || client->op == OP_TRY);

		if (client->arrived != sent)
			ret = -EBADMSG;
	}
	return ret;
}
