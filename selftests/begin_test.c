// SPDX-License-Identifier: GPL-2.0-only
/*
 * begin_test.c - transfers in steps: messages that are begun, filled, transmitted,
 * abandoned; that wait in line without a thread; that lose their claim.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)
#define REGION	SLOT(2)
#define TABLE	SLOT(3)		/* landing slots */
#define NOTE	SLOT(4)
#define MESSAGE	SLOT(5)
#define OTHER	SLOT(6)		/* another message */
#define CARGO	SLOT(7)
#define GIVEN	SLOT(8)		/* PORT through REVOKER */
#define REVOKER	SLOT(9)
#define BIT	0x10ULL
#define LENGTH	(4 * PAGE)

FIXTURE(begin) {
	int fd;			/* receiver */
	int tx;			/* sender: port, notification and messages */
	char *target, *source;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

static int message_create(int fd, __u64 to, __u64 notification, __u64 bits)
{
	return do_create_message(fd, &(struct capmsg_create_message){ .to = to,
		.notification = notification, .bits = bits });
}

static int notification_create(int fd, __u64 to)
{
	return do_create_notification(fd, &(struct capmsg_create_notification){ .to = to });
}

FIXTURE_SETUP(begin)
{
	self->fd = space_new();
	self->tx = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->tx);
	self->target = memory_new(LENGTH, true);
	self->source = memory_new(LENGTH, false);
	pattern_fill(self->source, LENGTH, 1);
	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = PORT, .depth = 2, .max_caps = 8, .max_size = LENGTH,
		.flags = CAPMSG_PORT_NO_SHORT | CAPMSG_PORT_NO_SHARES,
		.claim_time_us = 50000 }));
	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, self->tx, PORT));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->target, LENGTH));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, notification_create(self->tx, NOTE));
	ASSERT_EQ(0, message_create(self->tx, MESSAGE, NOTE, BIT));
	ASSERT_EQ(0, message_create(self->tx, OTHER, NOTE, BIT << 1));
	ASSERT_EQ(0, port_marked(self->tx, CARGO, 77));
}

FIXTURE_TEARDOWN(begin)
{
	CAPMSG_TEARDOWN();
}

/* --- short forms ------------------------------------------------------------------ */

/* All return the state after success. */
static int begin(int fd, __u64 message, size_t length, unsigned int caps, unsigned int flags)
{
	struct capmsg_begin arg = { .message = message, .to = PORT, .length = length,
		.max_caps = caps, .flags = flags };

	if (!flags)
		arg.deadline = patience();
	return do_begin(fd, &arg) ?: (int)arg.out_state;
}

static int fill(int fd, __u64 message, size_t at, const void *data, size_t length)
{
	return do_fill(fd, &(struct capmsg_fill){ .message = message, .offset = at,
		.data = PTR(data), .length = length });
}

static int transmit(int fd, __u64 message, size_t length, unsigned int flags)
{
	struct capmsg_transmit arg = { .message = message, .length = length, .flags = flags };

	if (!flags)
		arg.deadline = patience();
	return do_transmit(fd, &arg) ?: (int)arg.out_state;
}

static int abandon(int fd, __u64 message)
{
	return do_abandon(fd, &(struct capmsg_abandon){ .message = message });
}

static int state(int fd, __u64 message)
{
	struct capmsg_stat stat = { .flags = 0 };

	return cap_stat(fd, message, &stat) ?: (int)stat.out_state;
}

static int why_lost(int fd, __u64 message)
{
	struct capmsg_stat stat = { .flags = 0 };

	return cap_stat(fd, message, &stat) ?: (int)stat.out_error;
}

/* Bits that are set now, or a negative errno. */
static long taken(int fd)
{
	struct capmsg_wait wait = { .notification = NOTE, .mask = ~0ULL,
		.flags = CAPMSG_NONBLOCK };
	const int ret = do_wait(fd, &wait);

	return ret ?: (long)wait.out_bits;
}

static int post(FIXTURE_DATA(begin) *self, size_t length)
{
	return post_any(self->fd, PORT, length ? REGION : 0, 0, length, 0, 0);
}

static int post_caps(FIXTURE_DATA(begin) *self, size_t length)
{
	return post_any(self->fd, PORT, length ? REGION : 0, 0, length,
			SLOT2(3, 0x10), 8);
}

static unsigned int claimed(int fd)
{
	struct capmsg_stat stat = { .flags = 0 };

	return cap_stat(fd, PORT, &stat) ? ~0U : stat.out_claimed;
}

static unsigned int ports(int fd)
{
	struct capmsg_query query = { .flags = 0 };

	return do_query(fd, &query) ? ~0U : query.out_total_live[CAPMSG_TYPE_PORT];
}

/* Brings a message into a state. */
static int bring(FIXTURE_DATA(begin) *self, __u64 message, enum capmsg_message_state to)
{
	int ret = 0;

	switch (to) {
	case CAPMSG_MESSAGE_IDLE:
		return 0;
	case CAPMSG_MESSAGE_QUEUED:
		return begin(self->tx, message, LENGTH, 0, CAPMSG_MESSAGE_QUEUE);
	case CAPMSG_MESSAGE_OPEN:
		post(self, LENGTH);
		return begin(self->tx, message, LENGTH, 0, CAPMSG_NONBLOCK);
	case CAPMSG_MESSAGE_SENDING:
		ret = begin(self->tx, message, 3, 0, CAPMSG_NONBLOCK);
		return ret < 0 ? ret : transmit(self->tx, message, 3, CAPMSG_MESSAGE_QUEUE);
	case CAPMSG_MESSAGE_DELIVERED:
		post(self, 0);
		ret = begin(self->tx, message, 3, 0, CAPMSG_NONBLOCK);
		return ret < 0 ? ret : transmit(self->tx, message, 3, CAPMSG_NONBLOCK);
	case CAPMSG_MESSAGE_LOST:
		post(self, LENGTH);
		ret = begin(self->tx, message, LENGTH, 0, CAPMSG_NONBLOCK);
		post_take(self->fd, PORT, 0);
		post_take(self->fd, PORT, 1);
		taken(self->tx);
		return ret < 0 ? ret : state(self->tx, message);
	}
	return -EPROTO;
}

#define ALL_STATES(s) \
	for (s = CAPMSG_MESSAGE_IDLE; s <= CAPMSG_MESSAGE_LOST; s++)

/* --- what is sent ----------------------------------------------------------------- */

TEST_F(begin, short_message)
{
	char expected[100] = { 0 };
	unsigned int i;

	memcpy(expected, self->source, 10);
	memcpy(expected + 40, self->source, 20);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(CAPMSG_MESSAGE_OPEN,
			  begin(self->tx, MESSAGE, 100, 0, CAPMSG_NONBLOCK));
		ASSERT_EQ(0, fill(self->tx, MESSAGE, 40, self->source, 20));
		ASSERT_EQ(0, fill(self->tx, MESSAGE, 0, self->source, 10));
		ASSERT_EQ(-EAGAIN, transmit(self->tx, MESSAGE, 100, CAPMSG_NONBLOCK));
		ASSERT_EQ(CAPMSG_MESSAGE_OPEN, state(self->tx, MESSAGE));
		ASSERT_LE(0, post(self, 0));
		ASSERT_EQ(CAPMSG_MESSAGE_DELIVERED,
			  transmit(self->tx, MESSAGE, 100 - i, CAPMSG_NONBLOCK));
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
		EXPECT_EQ(100 - i, self->record.out_length);
		EXPECT_EQ(0, memcmp(self->data, expected, 100 - i));
		ASSERT_EQ(0, post_take(self->fd, PORT, self->record.out_post));
	}
	/* Nobody was told what it has been told already. */
	EXPECT_EQ(-EAGAIN, taken(self->tx));
}

/* What is not filled is zero, whatever was there before. */
TEST_F(begin, short_message_begins_empty)
{
	const char zero[100] = { 0 };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(CAPMSG_MESSAGE_OPEN,
			  begin(self->tx, MESSAGE, 100, 0, CAPMSG_NONBLOCK));
		if (!i)
			ASSERT_EQ(0, fill(self->tx, MESSAGE, 0, self->source, 100));
		ASSERT_LE(0, post(self, 0));
		ASSERT_EQ(CAPMSG_MESSAGE_DELIVERED,
			  transmit(self->tx, MESSAGE, 100, CAPMSG_NONBLOCK));
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
		EXPECT_EQ(0, memcmp(self->data, i ? zero : self->source, 100));
		ASSERT_EQ(0, post_take(self->fd, PORT, self->record.out_post));
	}
}

TEST_F(begin, long_message)
{
	struct capmsg_item item = { .address = CARGO, .rights = CAPMSG_RIGHT_SEND };
	struct capmsg_transmit arg = { .message = MESSAGE, .length = LENGTH - 5,
		.items = PTR(&item), .n_items = 1 };

	ASSERT_LE(0, post_caps(self, LENGTH));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, LENGTH, 2, CAPMSG_NONBLOCK));
	EXPECT_EQ(1, claimed(self->fd));
	ASSERT_EQ(0, fill(self->tx, MESSAGE, PAGE + 7, self->source + PAGE + 7,
			  LENGTH - PAGE - 7));
	ASSERT_EQ(0, fill(self->tx, MESSAGE, 0, self->source, PAGE + 7));
	ASSERT_EQ(0, do_transmit(self->tx, &arg));
	EXPECT_EQ(CAPMSG_MESSAGE_DELIVERED, arg.out_state);
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(LENGTH - 5, self->record.out_length);
	EXPECT_EQ(1, self->record.out_n_caps);
	EXPECT_EQ(0, memcmp(self->target, self->source, LENGTH - 5));
	EXPECT_EQ(77, cap_mark(self->fd, SLOT2(3, 0x10)));
	EXPECT_EQ(CAPMSG_RIGHT_SEND, cap_rights(self->fd, SLOT2(3, 0x10)));
}

TEST_F(begin, badge)
{
	ASSERT_EQ(0, cap_clear(self->tx, PORT));
	ASSERT_EQ(0, cap_badge(self->fd, PORT, SLOT(0x20), 0xbad9e));
	ASSERT_EQ(0, cap_give(self->fd, SLOT(0x20), RIGHTS_SENDER, self->tx, PORT));
	ASSERT_LE(0, post(self, 0));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, 1, 0, 0));
	ASSERT_EQ(CAPMSG_MESSAGE_DELIVERED, transmit(self->tx, MESSAGE, 1, 0));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0xbad9e, self->record.out_badge);
}

/* --- errors ------------------------------------------------------------------------- */

TEST_F(begin, refusals)
{
	struct capmsg_begin arg = { .message = MESSAGE, .to = PORT, .length = LENGTH };

	EXPECT_EQ(-EBUSY, fill(self->tx, MESSAGE, 0, self->source, 1));
	EXPECT_EQ(-EBUSY, transmit(self->tx, MESSAGE, 0, CAPMSG_NONBLOCK));
	EXPECT_EQ(-EINVAL, begin(self->tx, MESSAGE, 1, 0,
				 CAPMSG_NONBLOCK | CAPMSG_MESSAGE_QUEUE));
	arg.flags = CAPMSG_MESSAGE_QUEUE;
	arg.deadline = 1;
	EXPECT_EQ(-EINVAL, do_begin(self->tx, &arg));
	EXPECT_EQ(-EMSGSIZE, begin(self->tx, MESSAGE, LENGTH + 1, 0, CAPMSG_NONBLOCK));
	EXPECT_EQ(-EMSGSIZE, begin(self->tx, MESSAGE, 1, 9, CAPMSG_NONBLOCK));
	EXPECT_EQ(-EMSGSIZE, begin(self->tx, MESSAGE, 1, 65, CAPMSG_NONBLOCK));
	EXPECT_EQ(-EAGAIN, begin(self->tx, MESSAGE, LENGTH, 0, CAPMSG_NONBLOCK));
	EXPECT_EQ(CAPMSG_MESSAGE_IDLE, state(self->tx, MESSAGE));
	arg.flags = 0;
	arg.deadline = in_ms(20);
	EXPECT_EQ(-ETIMEDOUT, do_begin(self->tx, &arg));
	EXPECT_EQ(CAPMSG_MESSAGE_IDLE, state(self->tx, MESSAGE));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, 10, 1, CAPMSG_NONBLOCK));
	EXPECT_EQ(-EBUSY, begin(self->tx, MESSAGE, LENGTH, 8, CAPMSG_NONBLOCK));
	EXPECT_EQ(-EMSGSIZE, fill(self->tx, MESSAGE, 10, self->source, 1));
	EXPECT_EQ(-EMSGSIZE, fill(self->tx, MESSAGE, ~0ULL, self->source, 2));
	EXPECT_EQ(0, fill(self->tx, MESSAGE, 10, self->source, 0));
	EXPECT_EQ(-EFAULT, fill(self->tx, MESSAGE, 0, NULL, 1));
	EXPECT_EQ(-EMSGSIZE, transmit(self->tx, MESSAGE, 11, CAPMSG_NONBLOCK));
	EXPECT_EQ(-EMSGSIZE, do_transmit(self->tx, &(struct capmsg_transmit){
		.message = MESSAGE, .n_items = 2 }));
	EXPECT_EQ(-ETIMEDOUT, do_transmit(self->tx, &(struct capmsg_transmit){
		.message = MESSAGE, .length = 1, .deadline = in_ms(20) }));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, state(self->tx, MESSAGE));
	EXPECT_EQ(-EAGAIN, taken(self->tx));
}

TEST_F(begin, rights)
{
	ASSERT_EQ(0, cap_copy(self->tx, MESSAGE, SLOT(0x20), CAPMSG_RIGHT_DESTROY));
	ASSERT_EQ(0, cap_copy(self->tx, PORT, SLOT(0x21), CAPMSG_RIGHT_GRANT));
	EXPECT_EQ(-EACCES, begin(self->tx, SLOT(0x20), 1, 0, CAPMSG_NONBLOCK));
	EXPECT_EQ(-EACCES, fill(self->tx, SLOT(0x20), 0, self->source, 1));
	EXPECT_EQ(-EACCES, transmit(self->tx, SLOT(0x20), 1, CAPMSG_NONBLOCK));
	EXPECT_EQ(-EACCES, abandon(self->tx, SLOT(0x20)));
	EXPECT_EQ(-EACCES, do_begin(self->tx, &(struct capmsg_begin){
		.message = MESSAGE, .to = SLOT(0x21) }));
	EXPECT_EQ(-EINVAL, begin(self->tx, PORT, 1, 0, CAPMSG_NONBLOCK));
	EXPECT_EQ(-EINVAL, do_begin(self->tx, &(struct capmsg_begin){
		.message = MESSAGE, .to = MESSAGE }));
	EXPECT_EQ(-ENOENT, abandon(self->tx, SLOT(0x22)));
}

/* A capability that cannot be sent leaves the message as it was. */
TEST_F(begin, failed_transmit_keeps_the_claim)
{
	struct capmsg_item items[2] = {
		{ .address = CARGO, .rights = CAPMSG_RIGHTS_ALL },
		{ .address = SLOT(0x20), .rights = CAPMSG_RIGHTS_ALL } };

	ASSERT_LE(0, post_caps(self, LENGTH));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, LENGTH, 2, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, fill(self->tx, MESSAGE, 0, self->source, LENGTH));
	EXPECT_EQ(-ENOENT, do_transmit(self->tx, &(struct capmsg_transmit){
		.message = MESSAGE, .length = LENGTH, .items = PTR(items), .n_items = 2 }));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, state(self->tx, MESSAGE));
	EXPECT_EQ(1, claimed(self->fd));
	ASSERT_EQ(CAPMSG_MESSAGE_DELIVERED, transmit(self->tx, MESSAGE, LENGTH, 0));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, self->record.out_n_caps);
	EXPECT_EQ(0, memcmp(self->target, self->source, LENGTH));
}

/* --- in line without a thread --------------------------------------------------------- */

TEST_F(begin, claim_in_line)
{
	ASSERT_EQ(CAPMSG_MESSAGE_QUEUED,
		  begin(self->tx, MESSAGE, LENGTH, 0, CAPMSG_MESSAGE_QUEUE));
	EXPECT_EQ(-EBUSY, fill(self->tx, MESSAGE, 0, self->source, 1));
	EXPECT_EQ(-EAGAIN, taken(self->tx));
	/* Too small. */
	ASSERT_LE(0, post(self, PAGE));
	EXPECT_EQ(CAPMSG_MESSAGE_QUEUED, state(self->tx, MESSAGE));
	ASSERT_LE(0, post(self, LENGTH));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, state(self->tx, MESSAGE));
	EXPECT_EQ(BIT, taken(self->tx));
	ASSERT_EQ(0, fill(self->tx, MESSAGE, 0, self->source, LENGTH));
	ASSERT_EQ(CAPMSG_MESSAGE_DELIVERED,
		  transmit(self->tx, MESSAGE, LENGTH, CAPMSG_MESSAGE_QUEUE));
	EXPECT_EQ(-EAGAIN, taken(self->tx));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->target, self->source, LENGTH));
}

TEST_F(begin, delivered_in_line)
{
	struct capmsg_item item = { .address = CARGO, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_transmit arg = { .message = MESSAGE, .length = 5,
		.items = PTR(&item), .n_items = 1, .flags = CAPMSG_MESSAGE_QUEUE };

	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, 5, 1, CAPMSG_MESSAGE_QUEUE));
	ASSERT_EQ(0, fill(self->tx, MESSAGE, 0, self->source, 5));
	ASSERT_EQ(0, do_transmit(self->tx, &arg));
	EXPECT_EQ(CAPMSG_MESSAGE_SENDING, arg.out_state);
	EXPECT_EQ(-EBUSY, fill(self->tx, MESSAGE, 0, self->source, 5));
	/* What it carries is on its way, whatever becomes of the slot. */
	ASSERT_EQ(0, cap_clear(self->tx, CARGO));
	ASSERT_LE(0, post_caps(self, 0));
	EXPECT_EQ(BIT, taken(self->tx));
	EXPECT_EQ(CAPMSG_MESSAGE_DELIVERED, state(self->tx, MESSAGE));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(5, self->record.out_length);
	EXPECT_EQ(0, memcmp(self->data, self->source, 5));
	EXPECT_EQ(77, cap_mark(self->fd, SLOT2(3, 0x10)));
}

#define THOUSAND 1000

/* One thread queues all of them and goes on; each is told when it was delivered. */
TEST_F(begin, thousand_in_line)
{
	unsigned int i;
	__u64 bits;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, cappage_create(self->tx, SLOT(8 + i), 8));
	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, notification_create(self->tx, SLOT(0x20 + i)));
	for (i = 0; i < THOUSAND; i++) {
		const __u64 message = SLOT2(8 + i / 256, i % 256);

		ASSERT_EQ(0, message_create(self->tx, message, SLOT(0x20 + i / 64),
					    1ULL << (i % 64)));
		ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, message, 4, 0,
						     CAPMSG_MESSAGE_QUEUE));
		ASSERT_EQ(0, fill(self->tx, message, 0, &i, 4));
		ASSERT_EQ(CAPMSG_MESSAGE_SENDING, transmit(self->tx, message, 4,
							   CAPMSG_MESSAGE_QUEUE));
	}
	/* The one post is posted again by itself when its message was received. */
	ASSERT_LE(0, post(self, 0));
	for (i = 0; i < THOUSAND; i++) {
		struct capmsg_wait wait = { .notification = SLOT(0x20 + i / 64),
			.mask = 1ULL << (i % 64), .flags = CAPMSG_NONBLOCK };
		struct capmsg_wait next = { .notification = SLOT(0x20 + (i + 1) / 64),
			.mask = 1ULL << ((i + 1) % 64), .flags = CAPMSG_NONBLOCK };
		unsigned int n;

		ASSERT_EQ(0, do_wait(self->tx, &wait));
		ASSERT_EQ(-EAGAIN, do_wait(self->tx, &next));
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
		memcpy(&n, self->data, 4);
		ASSERT_EQ(i, n);
	}
	for (i = 0, bits = 0; i < 16; i++) {
		struct capmsg_wait wait = { .notification = SLOT(0x20 + i), .mask = ~0ULL,
			.flags = CAPMSG_NONBLOCK };

		if (!do_wait(self->tx, &wait))
			bits |= wait.out_bits;
	}
	EXPECT_EQ(0, bits);
}

/* A reply right leaves its slot with the commit: that takes a thread. */
TEST_F(begin, moves_no_reply_right_in_line)
{
	struct capmsg_call call = call_make(PORT, "?", 1, self->data, sizeof(self->data));
	struct capmsg_item item = { .address = SLOT(0x20), .rights = CAPMSG_RIGHTS_ALL,
		.flags = CAPMSG_ITEM_MOVE };
	struct capmsg_transmit arg = { .message = MESSAGE, .items = PTR(&item), .n_items = 1,
		.flags = CAPMSG_MESSAGE_QUEUE };
	struct capmsg_move move = { .from = PORT, .to = SLOT(0x20), .flags = CAPMSG_MOVE_POST };
	struct job job;

	ASSERT_LE(0, post(self, 0));
	call.size = sizeof(call);
	ASSERT_EQ(0, job_start(&job, self->tx, CAPMSG_CMD_CALL, &call));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	/* Its receiver sends it on, with a message of its own. */
	move.post = self->record.out_post;
	move.seq = self->record.out_seq;
	ASSERT_EQ(0, do_move(self->fd, &move));
	ASSERT_EQ(0, message_create(self->fd, MESSAGE, 0, 0));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->fd, MESSAGE, 0, 1, CAPMSG_NONBLOCK));
	EXPECT_EQ(-EINVAL, do_transmit(self->fd, &arg));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, state(self->fd, MESSAGE));
	EXPECT_EQ(CAPMSG_TYPE_REPLY, cap_type(self->fd, SLOT(0x20)));
	ASSERT_LE(0, post_caps(self, 0));
	arg.flags = 0;
	arg.deadline = patience();
	EXPECT_EQ(0, do_transmit(self->fd, &arg));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT(0x20)));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(CAPMSG_TYPE_REPLY, cap_type(self->fd, SLOT2(3, 0x10)));
	ASSERT_EQ(0, cap_clear(self->fd, SLOT2(3, 0x10)));
	EXPECT_EQ(-EPIPE, job_join(&job));
}

/* --- claims that are taken back --------------------------------------------------------- */

TEST_F(begin, receiver_takes_its_post_back)
{
	const int index = post(self, LENGTH);

	ASSERT_LE(0, index);
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, LENGTH, 0, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, fill(self->tx, MESSAGE, 0, self->source, PAGE));
	ASSERT_EQ(0, post_take(self->fd, PORT, index));
	EXPECT_EQ(BIT, taken(self->tx));
	EXPECT_EQ(CAPMSG_MESSAGE_LOST, state(self->tx, MESSAGE));
	EXPECT_EQ(ESTALE, why_lost(self->tx, MESSAGE));
	memset(self->target, 0, LENGTH);
	EXPECT_EQ(-ESTALE, fill(self->tx, MESSAGE, 0, self->source, PAGE));
	EXPECT_EQ(-ESTALE, transmit(self->tx, MESSAGE, LENGTH, CAPMSG_NONBLOCK));
	EXPECT_EQ(0, self->target[0]);
	/* It can be begun again. */
	ASSERT_LE(0, post(self, LENGTH));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, LENGTH, 0, CAPMSG_NONBLOCK));
	ASSERT_EQ(CAPMSG_MESSAGE_DELIVERED, transmit(self->tx, MESSAGE, LENGTH, 0));
	EXPECT_EQ(-EAGAIN, taken(self->tx));
}

/* A claim lasts for the claim time if somebody else wants the post, else for ever. */
TEST_F(begin, claim_time)
{
	struct capmsg_send send = { .to = PORT, .data = PTR(self->source), .length = LENGTH };
	__u64 begun;

	ASSERT_LE(0, post(self, LENGTH));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, LENGTH, 0, CAPMSG_NONBLOCK));
	sleep_ms(100);
	ASSERT_EQ(0, fill(self->tx, MESSAGE, 0, self->source, LENGTH));
	ASSERT_EQ(CAPMSG_MESSAGE_DELIVERED, transmit(self->tx, MESSAGE, LENGTH, 0));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));

	ASSERT_LE(0, post(self, LENGTH));
	begun = now_ns();
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, LENGTH, 0, CAPMSG_NONBLOCK));
	send.deadline = patience();
	ASSERT_EQ(0, do_send(self->tx, &send));
	EXPECT_LE(50000000, now_ns() - begun);
	EXPECT_EQ(BIT, taken(self->tx));
	EXPECT_EQ(-ESTALE, transmit(self->tx, MESSAGE, LENGTH, 0));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->target, self->source, LENGTH));
}

/* When the time of a claim is over, who does not wait can have it, too. */
TEST_F(begin, claim_time_over)
{
	struct capmsg_send send = { .to = PORT, .data = PTR(self->source), .length = LENGTH,
		.flags = CAPMSG_NONBLOCK };

	ASSERT_LE(0, post(self, LENGTH));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, LENGTH, 0, CAPMSG_NONBLOCK));
	sleep_ms(100);
	ASSERT_EQ(0, do_send(self->tx, &send));
	EXPECT_EQ(BIT, taken(self->tx));
	EXPECT_EQ(-ESTALE, transmit(self->tx, MESSAGE, LENGTH, 0));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(0, memcmp(self->target, self->source, LENGTH));
}

/*
 * MESSAGE claims the post, OTHER gets in line behind it; if the time of the claim is
 * up by then, it is OTHER's at once.
 */
static int claim_and_queue(FIXTURE_DATA(begin) *self)
{
	int ret = post(self, LENGTH);

	if (ret >= 0)
		ret = begin(self->tx, MESSAGE, LENGTH, 0, CAPMSG_NONBLOCK);
	if (ret != CAPMSG_MESSAGE_OPEN)
		return ret < 0 ? ret : -EPROTO;
	return begin(self->tx, OTHER, LENGTH, 0, CAPMSG_MESSAGE_QUEUE);
}

/* The same for a message in line, which has no thread to look at a clock. */
TEST_F(begin, claim_time_in_line)
{
	int ret;

	/* A busy machine needs several tries until it is fast enough to get in line. */
	while ((ret = claim_and_queue(self)) == CAPMSG_MESSAGE_OPEN) {
		ASSERT_EQ(CAPMSG_MESSAGE_LOST, state(self->tx, MESSAGE));
		ASSERT_EQ(BIT, taken(self->tx) & BIT);
		ASSERT_EQ(0, abandon(self->tx, OTHER));
		post_take(self->fd, PORT, 0);
		post_take(self->fd, PORT, 1);
	}
	ASSERT_EQ(CAPMSG_MESSAGE_QUEUED, ret);
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       state(self->tx, OTHER) == CAPMSG_MESSAGE_OPEN));
	EXPECT_EQ(CAPMSG_MESSAGE_LOST, state(self->tx, MESSAGE));
	EXPECT_EQ(BIT | BIT << 1, taken(self->tx));
	ASSERT_EQ(0, fill(self->tx, OTHER, 0, self->source, LENGTH));
	ASSERT_EQ(CAPMSG_MESSAGE_DELIVERED, transmit(self->tx, OTHER, LENGTH, 0));
}

/* --- endings, in every state ------------------------------------------------------------- */

TEST_F(begin, abandoned)
{
	enum capmsg_message_state s;

	ALL_STATES(s) {
		ASSERT_EQ((int)s, bring(self, MESSAGE, s));
		ASSERT_EQ(0, abandon(self->tx, MESSAGE));
		EXPECT_EQ(CAPMSG_MESSAGE_IDLE, state(self->tx, MESSAGE));
		EXPECT_EQ(-EAGAIN, taken(self->tx));
		EXPECT_EQ(0, claimed(self->fd));
		if (s == CAPMSG_MESSAGE_DELIVERED)
			ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
		/* Nothing comes of it later. */
		ASSERT_LE(0, post(self, LENGTH));
		EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
		post_take(self->fd, PORT, 0);
		post_take(self->fd, PORT, 1);
	}
}

TEST_F(begin, destroyed)
{
	enum capmsg_message_state s;

	ALL_STATES(s) {
		ASSERT_EQ((int)s, bring(self, MESSAGE, s));
		ASSERT_EQ(0, obj_destroy(self->tx, MESSAGE));
		EXPECT_EQ(-ENOENT, abandon(self->tx, MESSAGE));
		EXPECT_EQ(-EAGAIN, taken(self->tx));
		EXPECT_EQ(0, claimed(self->fd));
		msg_poll(self->fd, PORT, &self->record, self->data);
		post_take(self->fd, PORT, 0);
		post_take(self->fd, PORT, 1);
		ASSERT_EQ(0, message_create(self->tx, MESSAGE, NOTE, BIT));
	}
}

TEST_F(begin, port_destroyed)
{
	enum capmsg_message_state s;

	ALL_STATES(s) {
		const bool bound = s == CAPMSG_MESSAGE_QUEUED || s == CAPMSG_MESSAGE_OPEN ||
				   s == CAPMSG_MESSAGE_SENDING;

		ASSERT_EQ((int)s, bring(self, MESSAGE, s));
		taken(self->tx);
		ASSERT_EQ(0, obj_destroy(self->fd, PORT));
		EXPECT_EQ(bound ? (long)BIT : -EAGAIN, taken(self->tx));
		EXPECT_EQ(bound ? CAPMSG_MESSAGE_LOST : s, state(self->tx, MESSAGE));
		if (bound)
			EXPECT_EQ(ENOENT, why_lost(self->tx, MESSAGE));
		EXPECT_EQ(-ENOENT, begin(self->tx, MESSAGE, 1, 0, CAPMSG_NONBLOCK));
		/* The message does not keep it. */
		EXPECT_EQ(1, ports(self->fd));
		ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
			.to = PORT, .depth = 2, .max_caps = 8, .max_size = LENGTH,
			.flags = CAPMSG_PORT_NO_SHORT | CAPMSG_PORT_NO_SHARES }));
		cap_clear(self->tx, PORT);
		ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, self->tx, PORT));
		ASSERT_EQ(0, abandon(self->tx, MESSAGE));
	}
}

/* The notice comes although the receiver is gone; and the other way round. */
TEST_F(begin, spaces_closed)
{
	ASSERT_EQ(CAPMSG_MESSAGE_QUEUED, bring(self, MESSAGE, CAPMSG_MESSAGE_QUEUED));
	ASSERT_EQ(CAPMSG_MESSAGE_SENDING, bring(self, OTHER, CAPMSG_MESSAGE_SENDING));
	close(self->fd);
	EXPECT_EQ(BIT | BIT << 1, taken(self->tx));
	self->fd = space_new();
	ASSERT_EQ(0, port_create(self->fd, PORT, 2));
	cap_clear(self->tx, PORT);
	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, self->tx, PORT));
	ASSERT_EQ(CAPMSG_MESSAGE_QUEUED, bring(self, MESSAGE, CAPMSG_MESSAGE_QUEUED));
	close(self->tx);
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
}

/* --- several threads ---------------------------------------------------------------------- */

/*
 * Who waits with a message uses it all the time. What it is meanwhile would allow others
 * to do so: it is IDLE at first, then OPEN.
 */
TEST_F(begin, used_by_one_thread)
{
	struct capmsg_begin arg = { .size = sizeof(arg), .message = MESSAGE, .to = GIVEN,
		.length = LENGTH };
	struct capmsg_transmit out = { .size = sizeof(out), .message = MESSAGE,
		.length = LENGTH };
	struct job job;

	ASSERT_LE(0, post(self, LENGTH));
	ASSERT_EQ(0, do_create_revoker(self->tx, &(struct capmsg_create_revoker){
		.from = PORT, .to = GIVEN, .revoker = REVOKER }));
	ASSERT_EQ(0, do_close(self->tx, &(struct capmsg_close){ .revoker = REVOKER }));
	arg.deadline = patience();
	ASSERT_EQ(0, job_start(&job, self->tx, CAPMSG_CMD_BEGIN, &arg));
	ASSERT_TRUE(job_blocked(&job));
	EXPECT_EQ(CAPMSG_MESSAGE_IDLE, state(self->tx, MESSAGE));
	EXPECT_EQ(-EBUSY, begin(self->tx, MESSAGE, LENGTH, 0, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, do_open(self->tx, &(struct capmsg_open){ .revoker = REVOKER }));
	ASSERT_EQ(0, job_join(&job));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, arg.out_state);

	ASSERT_EQ(0, fill(self->tx, MESSAGE, 0, self->source, LENGTH));
	ASSERT_EQ(0, do_close(self->tx, &(struct capmsg_close){ .revoker = REVOKER }));
	out.deadline = patience();
	ASSERT_EQ(0, job_start(&job, self->tx, CAPMSG_CMD_TRANSMIT, &out));
	ASSERT_TRUE(job_blocked(&job));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, state(self->tx, MESSAGE));
	EXPECT_EQ(-EBUSY, fill(self->tx, MESSAGE, 0, self->source + 1, 1));
	EXPECT_EQ(-EBUSY, transmit(self->tx, MESSAGE, 1, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, do_open(self->tx, &(struct capmsg_open){ .revoker = REVOKER }));
	ASSERT_EQ(0, job_join(&job));
	EXPECT_EQ(CAPMSG_MESSAGE_DELIVERED, out.out_state);
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(LENGTH, self->record.out_length);
	EXPECT_EQ(-1, pattern_check(self->target, LENGTH, 1));
}

TEST_F(begin, abandoned_while_waiting)
{
	struct capmsg_begin arg = { .size = sizeof(arg), .message = MESSAGE, .to = PORT,
		.length = LENGTH };
	struct capmsg_transmit out = { .size = sizeof(out), .message = MESSAGE, .length = 1 };
	struct job job;

	arg.deadline = patience();
	out.deadline = patience();
	ASSERT_EQ(0, job_start(&job, self->tx, CAPMSG_CMD_BEGIN, &arg));
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       state(self->tx, MESSAGE) == CAPMSG_MESSAGE_QUEUED));
	EXPECT_EQ(-EBUSY, begin(self->tx, MESSAGE, 1, 0, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, abandon(self->tx, MESSAGE));
	EXPECT_EQ(-ESTALE, job_join(&job));
	EXPECT_EQ(CAPMSG_MESSAGE_IDLE, state(self->tx, MESSAGE));

	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, 1, 0, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, job_start(&job, self->tx, CAPMSG_CMD_TRANSMIT, &out));
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       state(self->tx, MESSAGE) == CAPMSG_MESSAGE_SENDING));
	ASSERT_EQ(0, obj_destroy(self->tx, MESSAGE));
	EXPECT_EQ(-ESTALE, job_join(&job));
	EXPECT_EQ(-EAGAIN, taken(self->tx));
	ASSERT_LE(0, post(self, 0));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
}

TEST_F(begin, waiting_thread_gets_the_claim)
{
	struct capmsg_begin arg = { .size = sizeof(arg), .message = MESSAGE, .to = PORT,
		.length = LENGTH };
	struct job job;

	arg.deadline = patience();
	ASSERT_EQ(0, job_start(&job, self->tx, CAPMSG_CMD_BEGIN, &arg));
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       state(self->tx, MESSAGE) == CAPMSG_MESSAGE_QUEUED));
	ASSERT_LE(0, post(self, LENGTH));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ(CAPMSG_MESSAGE_OPEN, arg.out_state);
	EXPECT_EQ(-EAGAIN, taken(self->tx));
}

/* What its own command tells is not told once more; but a loss is. */
TEST_F(begin, waiting_thread_delivers)
{
	struct capmsg_transmit arg = { .message = MESSAGE, .length = 1 };
	struct job job;

	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, 1, 0, CAPMSG_NONBLOCK));
	arg.deadline = patience();
	ASSERT_EQ(0, JOB_START(&job, self->tx, transmit, TRANSMIT, &arg));
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       state(self->tx, MESSAGE) == CAPMSG_MESSAGE_SENDING));
	ASSERT_LE(0, post(self, 0));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ(CAPMSG_MESSAGE_DELIVERED, arg.out_state);
	EXPECT_EQ(-EAGAIN, taken(self->tx));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
	ASSERT_EQ(0, post_take(self->fd, PORT, self->record.out_post));

	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, 1, 0, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, JOB_START(&job, self->tx, transmit, TRANSMIT, &arg));
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       state(self->tx, MESSAGE) == CAPMSG_MESSAGE_SENDING));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(-ENOENT, job_join(&job));
	EXPECT_EQ(BIT, taken(self->tx));
	EXPECT_EQ(CAPMSG_MESSAGE_LOST, state(self->tx, MESSAGE));
}

#define STORM_MS 1000

/**
 * struct storm - one thread of a storm
 * @do_one: does something random, once
 */
struct storm {
	FIXTURE_DATA(begin) *self;
	void (*do_one)(FIXTURE_DATA(begin) *self, unsigned int *seed);
	unsigned int seed;
	__u64 end;
};

static void storm_send(FIXTURE_DATA(begin) *self, unsigned int *seed)
{
	static const unsigned int flags[] = { CAPMSG_NONBLOCK, CAPMSG_MESSAGE_QUEUE };
	const __u64 message = rand_r(seed) & 1 ? MESSAGE : OTHER;
	const size_t length = rand_r(seed) & 1 ? 10 : LENGTH;
	struct capmsg_item item = { .address = CARGO, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_transmit arg = { .message = message, .length = length,
		.items = PTR(&item), .n_items = rand_r(seed) & 1,
		.flags = flags[rand_r(seed) & 1] };
	struct capmsg_begin in = { .message = message, .to = PORT, .length = length,
		.max_caps = 1, .deadline = in_ms(2) };

	if (do_begin(self->tx, &in))
		begin(self->tx, message, length, 1, flags[rand_r(seed) & 1]);
	fill(self->tx, message, 0, self->source, length);
	do_transmit(self->tx, &arg);
}

static void storm_end(FIXTURE_DATA(begin) *self, unsigned int *seed)
{
	const __u64 message = rand_r(seed) & 1 ? MESSAGE : OTHER;

	usleep(rand_r(seed) % 500);
	if (rand_r(seed) & 3)
		abandon(self->tx, message);
	else if (!obj_destroy(self->tx, message))
		message_create(self->tx, message, NOTE, BIT);
}

static void storm_receive(FIXTURE_DATA(begin) *self, unsigned int *seed)
{
	struct capmsg_record record = { .data_size = 0 };
	char data[CAPMSG_INLINE_MAX];
	unsigned int i;

	usleep(rand_r(seed) % 300);
	if (rand_r(seed) & 1)
		post_any(self->fd, PORT, REGION, 0, LENGTH,
			 rand_r(seed) & 1 ? SLOT2(3, 0x10 + (rand_r(seed) & 7)) : 0, 0);
	else
		post_caps(self, LENGTH);
	msg_poll(self->fd, PORT, &record, data);
	post_take(self->fd, PORT, rand_r(seed) & 1);
	for (i = 0; i < 8; i++)
		cap_clear(self->fd, SLOT2(3, 0x10 + i));
	if (!(rand_r(seed) & 15) && !obj_destroy(self->fd, REGION))
		region_create(self->fd, REGION, self->target, LENGTH);
}

static void *storm_run(void *arg)
{
	struct storm *storm = arg;

	while (now_ns() < storm->end)
		storm->do_one(storm->self, &storm->seed);
	return NULL;
}

/* Whatever order they come in, nothing is lost track of: the teardown counts. */
TEST_F(begin, storm)
{
	struct storm storms[] = {
		{ .do_one = storm_send }, { .do_one = storm_send },
		{ .do_one = storm_end }, { .do_one = storm_receive } };
	pthread_t threads[ARRAY_SIZE(storms)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(storms); i++) {
		storms[i].self = self;
		storms[i].seed = i;
		storms[i].end = in_ms(STORM_MS);
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, storm_run, &storms[i]));
	}
	for (i = 0; i < ARRAY_SIZE(storms); i++)
		pthread_join(threads[i], NULL);
	/* And it goes on working. */
	obj_destroy(self->tx, MESSAGE);
	obj_destroy(self->tx, OTHER);
	ASSERT_EQ(0, message_create(self->tx, MESSAGE, NOTE, BIT));
	post_take(self->fd, PORT, 0);
	post_take(self->fd, PORT, 1);
	while (!msg_poll(self->fd, PORT, &self->record, self->data))
		;
	ASSERT_LE(0, post(self, LENGTH));
	ASSERT_EQ(CAPMSG_MESSAGE_OPEN, begin(self->tx, MESSAGE, LENGTH, 0, CAPMSG_NONBLOCK));
	ASSERT_EQ(CAPMSG_MESSAGE_DELIVERED, transmit(self->tx, MESSAGE, LENGTH, 0));
}

TEST_HARNESS_MAIN
