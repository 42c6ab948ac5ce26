// SPDX-License-Identifier: GPL-2.0-only
/*
 * cargo_test.c - a message that is used again carries what it was given this time,
 * and nothing of what it was given before.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)
#define REGION	SLOT(2)
#define TABLE	SLOT(3)		/* 2^4 slots: the last of them are landing slots */
#define MESSAGE	SLOT(4)
#define CARGO	SLOT(5)
#define GIVEN	SLOT(6)		/* the port through REVOKER */
#define REVOKER	SLOT(7)
#define BEFORE	0		/* BEGIN knows the port and has not looked at the message */
#define LENGTH	1000
#define LAST(n)	CAPMSG_ADDRESS(3ULL << 4 | (16 - (n)), 12)

FIXTURE(cargo) {
	int fd;			/* receiver */
	int tx;			/* sender: port, message and what it carries */
	char *memory;
};

FIXTURE_SETUP(cargo)
{
	self->fd = space_new();
	self->tx = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->tx);
	self->memory = memory_new(PAGE, true);
	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = PORT, .depth = 1, .max_caps = CAPMSG_CAPS_MAX,
		.flags = CAPMSG_PORT_NO_SHORT | CAPMSG_PORT_NO_SHARES }));
	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, self->tx, PORT));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->memory, PAGE));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 4));
	ASSERT_EQ(0, port_marked(self->tx, CARGO, 77));
	ASSERT_EQ(0, do_create_message(self->tx, &(struct capmsg_create_message){
		.to = MESSAGE }));
}

FIXTURE_TEARDOWN(cargo)
{
	if (instrumented())
		file_write(HOOK, "off");
	CAPMSG_TEARDOWN();
}

static int begin(int fd, size_t length, unsigned int caps, unsigned int flags)
{
	struct capmsg_begin arg = { .message = MESSAGE, .to = PORT, .length = length,
		.max_caps = caps, .flags = flags };

	return do_begin(fd, &arg) ?: (int)arg.out_state;
}

static int transmit(int fd, size_t length, unsigned int caps, unsigned int flags)
{
	struct capmsg_item items[CAPMSG_CAPS_MAX];
	struct capmsg_transmit arg = { .message = MESSAGE, .length = length,
		.items = PTR(items), .n_items = caps, .flags = flags };
	unsigned int i;

	for (i = 0; i < caps; i++)
		items[i] = (struct capmsg_item){ .address = CARGO,
						 .rights = CAPMSG_RIGHTS_ALL };
	return do_transmit(fd, &arg) ?: (int)arg.out_state;
}

/* A message is delivered with @caps capabilities, while it waits without a thread. */
static int deliver_from_line(FIXTURE_DATA(cargo) *self, unsigned int caps)
{
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	unsigned int i;
	int ret;

	ret = begin(self->tx, 0, caps, CAPMSG_NONBLOCK);
	if (ret == CAPMSG_MESSAGE_OPEN)
		ret = transmit(self->tx, 0, caps, CAPMSG_MESSAGE_QUEUE);
	if (ret != CAPMSG_MESSAGE_SENDING)
		return ret < 0 ? ret : -EPROTO;
	ret = post_any(self->fd, PORT, 0, 0, 0, LAST(caps), caps);
	ret = ret < 0 ? ret : msg_poll(self->fd, PORT, &record, data);
	if (ret || record.out_n_caps != caps)
		return ret ?: -EPROTO;
	for (i = 1; i <= caps; i++)
		ret = ret ?: cap_clear(self->fd, LAST(i));
	return ret;
}

/* It gets in line again, and then has a claim; what lands is what is sent then. */
TEST_F(cargo, claimed_after_a_delivery_from_the_line)
{
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];

	ASSERT_EQ(0, deliver_from_line(self, 8));
	ASSERT_EQ(CAPMSG_MESSAGE_QUEUED, begin(self->tx, LENGTH, 1, CAPMSG_MESSAGE_QUEUE));
	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, LENGTH, LAST(2), 1));
	/* Next to the landing slot, and nobody's business. */
	ASSERT_EQ(0, port_marked(self->fd, LAST(1), 99));
	ASSERT_EQ(CAPMSG_MESSAGE_DELIVERED, transmit(self->tx, LENGTH, 1, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, data));
	EXPECT_EQ(1, record.out_n_caps);
	EXPECT_EQ(77, cap_mark(self->fd, LAST(2)));
	EXPECT_EQ(99, cap_mark(self->fd, LAST(1)));
}

/* Once more, with as many as there can be. */
TEST_F(cargo, sixteen_and_sixteen)
{
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];

	ASSERT_EQ(0, deliver_from_line(self, 16));
	ASSERT_EQ(CAPMSG_MESSAGE_QUEUED, begin(self->tx, LENGTH, 16, CAPMSG_MESSAGE_QUEUE));
	ASSERT_EQ(0, post_any(self->fd, PORT, REGION, 0, LENGTH, LAST(16), 16));
	ASSERT_EQ(CAPMSG_MESSAGE_DELIVERED, transmit(self->tx, LENGTH, 16, CAPMSG_NONBLOCK));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, data));
	EXPECT_EQ(16, record.out_n_caps);
	EXPECT_EQ(77, cap_mark(self->fd, LAST(16)));
	EXPECT_EQ(77, cap_mark(self->fd, LAST(1)));
}

/* --- what is left of the way to the port ------------------------------------------- */

struct beginner {
	pthread_t thread;
	int fd;
	int ret;		/* of its BEGIN */
};

static void *beginner(void *data)
{
	struct beginner *b = data;
	struct capmsg_begin arg = { .message = MESSAGE, .to = GIVEN,
				    .flags = CAPMSG_NONBLOCK };
	char text[32];

	snprintf(text, sizeof(text), "%u %d\n", BEFORE, gettid());
	b->ret = file_write(HOOK, text);
	if (!b->ret)
		b->ret = do_begin(b->fd, &arg) ?: (int)arg.out_state;
	return NULL;
}

static bool parked(void)
{
	char text[64] = "";
	int fd = open(HOOK, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return !strncmp(text, "parked", 6);
}

static int revoker_create(int fd)
{
	return do_create_revoker(fd, &(struct capmsg_create_revoker){
		.from = PORT, .to = GIVEN, .revoker = REVOKER });
}

/* It is delivered from the line at the very moment when it is begun again. */
TEST_F(cargo, begun_while_it_is_delivered)
{
	struct capmsg_begin arg = { .message = MESSAGE, .to = GIVEN,
				    .flags = CAPMSG_NONBLOCK };
	struct beginner b = { .fd = self->tx };
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	unsigned int i;

	if (!instrumented())
		SKIP(return, "no test hooks");
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, revoker_create(self->tx));
		ASSERT_EQ(0, do_begin(self->tx, &arg));
		ASSERT_EQ(CAPMSG_MESSAGE_SENDING,
			  transmit(self->tx, 0, 0, CAPMSG_MESSAGE_QUEUE));
		ASSERT_EQ(0, pthread_create(&b.thread, NULL, beginner, &b));
		ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, parked()));
		ASSERT_EQ(0, post_any(self->fd, PORT, 0, 0, 0, 0, 0));
		ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, data));
		ASSERT_EQ(0, post_take(self->fd, PORT, 0));
		ASSERT_EQ(0, file_write(HOOK, "release\n"));
		ASSERT_EQ(0, pthread_join(b.thread, NULL));
		EXPECT_EQ(CAPMSG_MESSAGE_OPEN, b.ret);
		/* Who is told by the revoker is there still. */
		ASSERT_EQ(0, do_revoke(self->tx, &(struct capmsg_revoke){
			.revoker = REVOKER }));
		EXPECT_EQ(-ENOENT, transmit(self->tx, 0, 0, CAPMSG_NONBLOCK));
		ASSERT_EQ(0, do_abandon(self->tx, &(struct capmsg_abandon){
			.message = MESSAGE }));
	}
}

/* --- who cleans up ------------------------------------------------------------------ */

/* One thread alone: it never meets another one that is using the message. */
TEST_F_TIMEOUT(cargo, begun_again_and_again, 90)
{
	unsigned int i, busy = 0;
	int ret;

	for (i = 0; i < 3000; i++) {
		ret = begin(self->tx, LENGTH, 1, CAPMSG_MESSAGE_QUEUE);
		busy += ret == -EBUSY;
		if (ret != -EBUSY)
			ASSERT_EQ(CAPMSG_MESSAGE_QUEUED, ret);
		ASSERT_EQ(0, do_abandon(self->tx, &(struct capmsg_abandon){
			.message = MESSAGE }));
	}
	EXPECT_EQ(0, busy);
}

TEST_HARNESS_MAIN
