// SPDX-License-Identifier: GPL-2.0-only
/*
 * message_test.c - what a message carries besides bytes: capabilities and where
 * they land; and messages that are received into plain buffers.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)
#define REGION	SLOT(2)
#define TABLE	SLOT(3)		/* landing slots */
#define CARGO	SLOT(4)		/* 64 marked ports in its first slots */
#define TO	SLOT(0x10)
#define LENGTH	(64 * PAGE)
#define PLAIN	100000

FIXTURE(message) {
	int fd;
	int tx;			/* another space, with the port in SLOT(1) */
	char *target;
	char *source;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_item items[CAPMSG_CAPS_MAX];
};

FIXTURE_SETUP(message)
{
	unsigned int i;

	self->fd = space_open();
	self->tx = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->tx);
	ASSERT_EQ(0, do_setup(self->fd, &(struct capmsg_setup){ .plain_max = PLAIN }));
	self->target = memory_new(LENGTH, true);
	self->source = memory_new(LENGTH, false);
	pattern_fill(self->source, LENGTH, 1);
	ASSERT_EQ(0, port_create(self->fd, PORT, 2));
	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, self->tx, PORT));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->target, LENGTH));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, cappage_create(self->tx, CARGO, 8));
	for (i = 0; i < CAPMSG_CAPS_MAX; i++) {
		ASSERT_EQ(0, port_marked(self->tx, SLOT2(4, i), 1000 + i));
		self->items[i] = (struct capmsg_item){
			.address = SLOT2(4, i), .rights = CAPMSG_RIGHTS_ALL };
	}
}

FIXTURE_TEARDOWN(message)
{
	CAPMSG_TEARDOWN();
}

static int send_items(FIXTURE_DATA(message) *self, size_t length, unsigned int n)
{
	return do_send(self->tx, &(struct capmsg_send){ .to = PORT,
		.data = PTR(self->source), .length = length, .items = PTR(self->items),
		.n_items = n, .flags = CAPMSG_NONBLOCK });
}

/* --- capabilities -------------------------------------------------------------- */

TEST_F(message, capabilities_in_order)
{
	const unsigned int counts[] = { 1, 2, 63, 64, 0 };
	const size_t lengths[] = { 0, 5, 256, 3 * PAGE };
	unsigned int i, j, k;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		for (j = 0; j < ARRAY_SIZE(lengths); j++) {
			const unsigned int n = counts[i];
			const bool is_short = lengths[j] <= CAPMSG_INLINE_MAX;

			const int post = post_any(self->fd, PORT, REGION, 0, 3 * PAGE,
						  SLOT2(3, 0x20), 64);

			ASSERT_LE(0, post);
			ASSERT_EQ(0, send_items(self, lengths[j], n));
			ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, self->data));
			EXPECT_EQ(n, self->record.out_n_caps);
			EXPECT_EQ(lengths[j], self->record.out_length);
			EXPECT_EQ(is_short ? CAPMSG_RECORD_INLINE : 0, self->record.out_flags);
			EXPECT_EQ(-1, pattern_check(is_short ? self->data : self->target,
						    lengths[j], 1));
			for (k = 0; k < 64; k++)
				EXPECT_EQ(k < n ? 1000L + k : -ENOENT,
					  cap_mark(self->fd, SLOT2(3, 0x20 + k)));
			ASSERT_EQ(0, post_take(self->fd, PORT, post));
			for (k = 0; k < 64; k++)
				ASSERT_EQ(0, cap_clear(self->fd, SLOT2(3, 0x20 + k)));
		}
	}
}

TEST_F(message, capability_rights)
{
	self->items[0].rights = 0;
	self->items[1].rights = CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_DESTROY;
	/* One capability any number of times; the port itself too. */
	self->items[2] = self->items[1];
	self->items[3] = (struct capmsg_item){ .address = PORT, .rights = CAPMSG_RIGHT_SEND };
	ASSERT_EQ(0, cap_badge(self->tx, SLOT2(4, 4), TO, 99));
	self->items[4].address = TO;
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, SLOT2(3, 0), 5));
	ASSERT_EQ(0, send_items(self, 0, 5));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, NULL));
	EXPECT_EQ(0, cap_rights(self->fd, SLOT2(3, 0)));
	EXPECT_EQ(CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_DESTROY, cap_rights(self->fd, SLOT2(3, 1)));
	EXPECT_EQ(1001, cap_mark(self->fd, SLOT2(3, 2)));
	EXPECT_EQ(0, msg_try(self->fd, SLOT2(3, 3), "", 0));
	EXPECT_EQ(-EINVAL, cap_badge(self->fd, SLOT2(3, 4), TO, 1));
	EXPECT_EQ(RIGHTS_PORT, cap_rights(self->fd, SLOT2(3, 4)));
}

/* What is fetched along a weak path arrives weak; what cannot be read stays. */
TEST_F(message, capability_paths)
{
	ASSERT_EQ(0, do_copy(self->tx, &(struct capmsg_copy){
		.flags = CAPMSG_COPY_WEAK, .from = CARGO, .to = SLOT(5),
		.rights = CAPMSG_RIGHTS_ALL }));
	ASSERT_EQ(0, cap_copy(self->tx, CARGO, SLOT(6), 0));
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, SLOT2(3, 0), 4));
	self->items[0].address = SLOT2(6, 0);
	EXPECT_EQ(-EACCES, send_items(self, 0, 1));
	self->items[0].address = SLOT2(4, 200);
	EXPECT_EQ(-ENOENT, send_items(self, 0, 1));
	self->items[1].address = SLOT2(5, 1);
	self->items[0].address = SLOT(5);
	ASSERT_EQ(0, send_items(self, 0, 2));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, NULL));
	EXPECT_EQ(RIGHTS_TABLE | CAPMSG_RIGHT_WEAK, cap_rights(self->fd, SLOT2(3, 0)));
	EXPECT_EQ(CAPMSG_RIGHT_WEAK, cap_rights(self->fd, SLOT2(3, 1)));
	EXPECT_EQ(CAPMSG_RIGHT_WEAK, cap_rights(self->fd, CAPMSG_ADDRESS(0x030007, 24)));
}

TEST_F(message, limits)
{
	struct capmsg_send large = { .to = TO, .data = PTR(self->source), .length = 1001,
		.deadline = patience() };

	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = TO, .depth = 1, .max_size = 1000, .max_caps = 3 }));
	ASSERT_EQ(0, cap_give(self->fd, TO, RIGHTS_SENDER, self->tx, TO));
	EXPECT_EQ(-EMSGSIZE, do_send(self->tx, &large));
	large.length = 1000;
	large.n_items = 4;
	large.items = PTR(self->items);
	EXPECT_EQ(-EMSGSIZE, do_send(self->tx, &large));
	large.n_items = 3;
	ASSERT_EQ(0, post_any(self->fd, TO, REGION, 0, 1000, SLOT2(3, 0), 3));
	EXPECT_EQ(0, do_send(self->tx, &large));
	/* Without GRANT no capability goes along; bytes do. */
	ASSERT_EQ(0, cap_copy(self->tx, PORT, SLOT(6), CAPMSG_RIGHT_SEND));
	large.to = SLOT(6);
	large.length = 4;
	EXPECT_EQ(-EACCES, do_send(self->tx, &large));
	EXPECT_EQ(0, msg_try(self->tx, SLOT(6), "four", 4));
}

/* A post with too few landing slots, or none, is not suitable. */
TEST_F(message, waits_for_landing)
{
	struct capmsg_send send = { .to = PORT, .items = PTR(self->items), .n_items = 3,
		.deadline = patience() };
	struct job job;

	ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, PAGE, SLOT2(3, 0), 2));
	EXPECT_EQ(-EAGAIN, send_items(self, 0, 3));
	ASSERT_EQ(0, JOB_START(&job, self->tx, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, SLOT2(3, 8), 3));
	EXPECT_EQ(0, job_join(&job));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, NULL));
	EXPECT_EQ(1002, cap_mark(self->fd, SLOT2(3, 10)));
	EXPECT_EQ(-ENOENT, cap_mark(self->fd, SLOT2(3, 0)));
}

/* A capability whose object dies on the way arrives void; the rest arrive. */
TEST_F(message, destroyed_on_the_way)
{
	struct capmsg_send send = { .to = PORT, .items = PTR(self->items), .n_items = 3,
		.deadline = patience() };
	struct job job;

	ASSERT_EQ(0, JOB_START(&job, self->tx, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, obj_destroy(self->tx, SLOT2(4, 1)));
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, SLOT2(3, 0), 3));
	EXPECT_EQ(0, job_join(&job));
	/* And one that dies between arrival and receipt. */
	ASSERT_EQ(0, obj_destroy(self->tx, SLOT2(4, 2)));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, NULL));
	EXPECT_EQ(3, self->record.out_n_caps);
	EXPECT_EQ(1000, cap_mark(self->fd, SLOT2(3, 0)));
	EXPECT_EQ(-ENOENT, cap_mark(self->fd, SLOT2(3, 1)));
	EXPECT_EQ(-ENOENT, cap_mark(self->fd, SLOT2(3, 2)));
}

/* Sender gone, its capability not cleared: it is void at the receiver. */
TEST_F(message, sender_closed)
{
	ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, PAGE, SLOT2(3, 0), 2));
	ASSERT_EQ(0, send_items(self, 300, 2));
	ASSERT_EQ(0, close(self->tx));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, NULL));
	EXPECT_EQ(300, self->record.out_length);
	EXPECT_EQ(-1, pattern_check(self->target, 300, 1));
	EXPECT_EQ(2, self->record.out_n_caps);
	EXPECT_EQ(-ENOENT, cap_mark(self->fd, SLOT2(3, 0)));
}

/* --- landing slots -------------------------------------------------------------- */

TEST_F(message, landing_reserved_until_received)
{
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, SLOT2(3, 0), 4));
	EXPECT_EQ(-EBUSY, cap_copy(self->fd, PORT, SLOT2(3, 3), 0));
	ASSERT_EQ(0, send_items(self, 0, 2));
	EXPECT_EQ(-EBUSY, cap_copy(self->fd, PORT, SLOT2(3, 3), 0));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, NULL));
	EXPECT_EQ(2, self->record.out_n_caps);
	EXPECT_EQ(0, cap_copy(self->fd, PORT, SLOT2(3, 3), 0));
	EXPECT_EQ(-EEXIST, cap_copy(self->fd, PORT, SLOT2(3, 1), 0));
	EXPECT_EQ(0, cap_clear(self->fd, SLOT2(3, 1)));
}

/* The table of the landing slots dies: the post comes back as no message. */
TEST_F(message, landing_destroyed)
{
	const struct capmsg_post post = { .port = PORT, .region = REGION, .length = PAGE,
		.landing = SLOT2(3, 0), .max_caps = 4, .cookie = 55, .post = 1 };
	struct capmsg_post arg = post;

	ASSERT_EQ(0, do_post(self->fd, &arg));
	ASSERT_EQ(0, obj_destroy(self->fd, TABLE));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(ENOENT, self->record.out_error);
	EXPECT_EQ(1, self->record.out_post);
	EXPECT_EQ(55, self->record.out_cookie);
	EXPECT_EQ(0, self->record.out_n_caps);
	EXPECT_EQ(0, self->record.out_length);
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, self->data));
	/* The post is the receiver's, and good for another table. */
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, do_post(self->fd, &arg));
	ASSERT_EQ(0, send_items(self, 500, 4));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, NULL));
	EXPECT_EQ(0, self->record.out_error);
	EXPECT_EQ(1003, cap_mark(self->fd, SLOT2(3, 3)));
}

/* It dies after the message: the bytes are there, the capabilities are not. */
TEST_F(message, landing_destroyed_when_filled)
{
	ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, PAGE, SLOT2(3, 0), 4));
	ASSERT_EQ(0, send_items(self, 500, 4));
	ASSERT_EQ(0, obj_destroy(self->fd, TABLE));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &self->record, NULL));
	if (!self->record.out_error) {
		EXPECT_EQ(500, self->record.out_length);
		EXPECT_EQ(-1, pattern_check(self->target, 500, 1));
	} else {
		EXPECT_EQ(ENOENT, self->record.out_error);
	}
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(3, 0)));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, PORT, &self->record, NULL));
}

/* A waiting receiver is told at once. */
TEST_F(message, landing_destroyed_wakes)
{
	struct capmsg_record record = { .data = PTR(self->data), .data_size = 256 };
	struct capmsg_recv recv = { .port = PORT, .records = PTR(&record), .n_records = 1,
		.deadline = patience() };
	struct job job;

	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, SLOT2(3, 0), 1));
	ASSERT_EQ(0, JOB_START(&job, self->fd, recv, RECV, &recv));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, obj_destroy(self->fd, TABLE));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ(ENOENT, record.out_error);
}

/* --- plain buffers ---------------------------------------------------------------- */

/* A receive into a plain buffer, running. */
struct plain {
	struct capmsg_recv arg;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	struct job job;
};

static int plain_start(struct plain *plain, int fd, __u64 port, char *buffer, size_t size)
{
	memset(plain, POISON, sizeof(*plain));
	plain->record.data = PTR(plain->data);
	plain->record.data_size = CAPMSG_INLINE_MAX;
	plain->arg = (struct capmsg_recv){ .port = port, .records = PTR(&plain->record),
		.n_records = 1, .plain = PTR(buffer), .plain_size = size,
		.landing = SLOT2(3, 0), .max_caps = 4, .deadline = patience() };
	return JOB_START(&plain->job, fd, recv, RECV, &plain->arg);
}

TEST_F(message, plain_sizes)
{
	const size_t lengths[] = { 257, 300, PAGE - 1, PAGE, PAGE + 1, 50000, PLAIN };
	const size_t offsets[] = { 0, 1, 4095 };
	struct plain plain;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			char *buffer = memory_new(PLAIN + 4 * PAGE, true) + offsets[j];
			const size_t n = lengths[i];

			ASSERT_EQ(0, plain_start(&plain, self->fd, PORT, buffer, n));
			ASSERT_EQ(0, msg_send(self->tx, PORT, self->source, n));
			ASSERT_EQ(0, job_join(&plain.job));
			EXPECT_EQ(CAPMSG_RECORD_PLAIN, plain.record.out_flags);
			EXPECT_EQ(n, plain.record.out_length);
			EXPECT_EQ(-1, pattern_check(buffer, n, 1))
				TH_LOG("%zu bytes at %zu", n, offsets[j]);
			EXPECT_EQ(-1, bytes_check(buffer + n, 3 * PAGE, POISON));
			EXPECT_EQ(-1, bytes_check(buffer - offsets[j], offsets[j], POISON));
			munmap(buffer - offsets[j], PLAIN + 4 * PAGE);
		}
	}
}

/* Data and capabilities together; a message that was waiting already. */
TEST_F(message, plain_with_capabilities)
{
	struct capmsg_send send = { .to = PORT, .data = PTR(self->source), .length = 5000,
		.items = PTR(self->items), .n_items = 4, .deadline = patience() };
	char *buffer = memory_new(2 * PAGE, true);
	struct plain plain;
	struct job job;

	ASSERT_EQ(0, JOB_START(&job, self->tx, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, plain_start(&plain, self->fd, PORT, buffer, 2 * PAGE));
	EXPECT_EQ(0, job_join(&plain.job));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ(5000, plain.record.out_length);
	EXPECT_EQ(4, plain.record.out_n_caps);
	EXPECT_EQ(-1, pattern_check(buffer, 5000, 1));
	EXPECT_EQ(1003, cap_mark(self->fd, SLOT2(3, 3)));
	/* The landing slots are in use now. */
	ASSERT_EQ(0, plain_start(&plain, self->fd, PORT, buffer, PAGE));
	EXPECT_EQ(-EEXIST, job_join(&plain.job));
}

/* What is too large for the buffer waits for another; what is in a post comes first. */
TEST_F(message, plain_too_small)
{
	struct capmsg_send send = { .to = PORT, .data = PTR(self->source), .length = 5000,
		.deadline = patience() };
	char *buffer = memory_new(2 * PAGE, true);
	struct plain plain;
	struct job job;

	ASSERT_EQ(0, plain_start(&plain, self->fd, PORT, buffer, 4999));
	ASSERT_TRUE(job_blocked(&plain.job));
	ASSERT_EQ(0, JOB_START(&job, self->tx, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	EXPECT_FALSE(job_done(&plain.job, 20));
	ASSERT_EQ(0, msg_send(self->tx, PORT, "short", 5));
	EXPECT_EQ(0, job_join(&plain.job));
	EXPECT_EQ(5, plain.record.out_length);
	EXPECT_EQ(0, memcmp(plain.record.out_flags & CAPMSG_RECORD_INLINE ? plain.data : buffer,
			    "short", 5));
	EXPECT_EQ(-1, bytes_check(buffer + 256, 2 * PAGE - 256, POISON));
	ASSERT_EQ(0, plain_start(&plain, self->fd, PORT, buffer, 5000));
	EXPECT_EQ(0, job_join(&plain.job));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ(-1, pattern_check(buffer, 5000, 1));
}

/* With every post idle a short message is the buffer's as well. */
TEST_F(message, plain_takes_short)
{
	char *buffer = memory_new(PAGE, true);
	struct capmsg_send send = { .to = TO, .data = PTR("brief"), .length = 5,
		.items = PTR(self->items), .n_items = 1, .deadline = patience() };
	struct plain plain;
	unsigned int n;

	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = TO, .flags = CAPMSG_PORT_NO_SHORT, .depth = 2, .max_caps = 4 }));
	ASSERT_EQ(0, cap_give(self->fd, TO, RIGHTS_SENDER, self->tx, TO));
	for (n = 0; n < 2; n++) {
		memset(buffer, POISON, PAGE);
		send.n_items = n;
		ASSERT_EQ(0, plain_start(&plain, self->fd, TO, buffer + 50, 10));
		ASSERT_EQ(0, do_send(self->tx, &send));
		ASSERT_EQ(0, job_join(&plain.job));
		EXPECT_EQ(CAPMSG_RECORD_PLAIN, plain.record.out_flags);
		EXPECT_EQ(5, plain.record.out_length);
		EXPECT_EQ(n, plain.record.out_n_caps);
		EXPECT_EQ(0, memcmp(buffer + 50, "brief", 5));
		EXPECT_EQ(-1, bytes_check(buffer, 50, POISON));
		EXPECT_EQ(-1, bytes_check(buffer + 60, PAGE - 60, POISON));
	}
	EXPECT_EQ(1000, cap_mark(self->fd, SLOT2(3, 0)));
}

/* The record's memory goes away while the buffer waits: that message is lost. */
TEST_F(message, plain_record_gone)
{
	struct capmsg_record *record = memory_new(PAGE, true);
	char *buffer = memory_new(PAGE, true);
	struct capmsg_recv recv = { .port = TO, .records = PTR(record), .n_records = 1,
		.plain = PTR(buffer), .plain_size = PAGE, .deadline = patience() };
	struct job job;

	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = TO, .flags = CAPMSG_PORT_NO_SHORT, .depth = 1 }));
	ASSERT_EQ(0, JOB_START(&job, self->fd, recv, RECV, &recv));
	ASSERT_TRUE(job_blocked(&job));
	ASSERT_EQ(0, munmap(record, PAGE));
	EXPECT_EQ(0, msg_send(self->fd, TO, "lost", 4));
	EXPECT_EQ(-EFAULT, job_join(&job));
	EXPECT_EQ(-EAGAIN, msg_poll(self->fd, TO, &self->record, self->data));
	EXPECT_EQ(-EAGAIN, msg_try(self->fd, TO, "next", 4));
}

TEST_F(message, plain_errors)
{
	struct capmsg_record records[2] = { { .data = 0 } };
	struct capmsg_recv good = { .port = PORT, .records = PTR(records), .n_records = 1,
		.plain = PTR(self->target), .plain_size = PAGE, .flags = CAPMSG_NONBLOCK };
	struct capmsg_recv arg = good;
	int ret;

	arg.n_records = 2;
	EXPECT_EQ(-EINVAL, do_recv(self->fd, &arg));
	arg = good;
	arg.plain_size = PLAIN + 1;
	ret = do_recv(self->fd, &arg);
	EXPECT_TRUE(ret == -EINVAL || ret == -EMSGSIZE)
		TH_LOG("%d", ret);
	arg = good;
	arg.landing = SLOT2(3, 0);
	arg.max_caps = 65;
	EXPECT_EQ(-EINVAL, do_recv(self->fd, &arg));
	arg = good;
	arg.deadline = in_ms(100);
	arg.flags = 0;
	arg.plain = 8;
	EXPECT_EQ(-EFAULT, do_recv(self->fd, &arg));
	arg.plain = 0xffff888000000000;
	EXPECT_EQ(-EFAULT, do_recv(self->fd, &arg));
	ASSERT_EQ(0, mprotect(self->source, PAGE, PROT_READ));
	arg.plain = PTR(self->source);
	EXPECT_EQ(-EFAULT, do_recv(self->fd, &arg));
	arg = good;
	EXPECT_EQ(-EAGAIN, do_recv(self->fd, &arg));
}

/* Pinned while the call lasts, and not longer. */
TEST_F(message, plain_pinned)
{
	struct capmsg_query query = { .flags = 0 };
	char *buffer = memory_new(4 * PAGE, true);
	struct plain plain;

	signal_ignore(SIGUSR1, 0);
	ASSERT_EQ(0, do_query(self->fd, &query));
	EXPECT_EQ(64, query.out_total_pinned);
	ASSERT_EQ(0, plain_start(&plain, self->fd, PORT, buffer + 100, 2 * PAGE));
	ASSERT_TRUE(job_blocked(&plain.job));
	ASSERT_EQ(0, do_query(self->fd, &query));
	EXPECT_EQ(64 + 3, query.out_total_pinned);
	EXPECT_EQ(-EBUSY, cap_copy(self->fd, PORT, SLOT2(3, 3), 0));
	job_signal(&plain.job, SIGUSR1);
	EXPECT_EQ(-EINTR, job_join(&plain.job));
	ASSERT_EQ(0, do_query(self->fd, &query));
	EXPECT_EQ(64, query.out_total_pinned);
	EXPECT_EQ(0, cap_copy(self->fd, PORT, SLOT2(3, 3), 0));
	EXPECT_EQ(-EAGAIN, do_send(self->tx, &(struct capmsg_send){
		.to = PORT, .data = PTR(self->source), .length = PAGE, .flags = CAPMSG_NONBLOCK }));
}

/* A call needs a post for its reply right. */
TEST_F(message, plain_refuses_calls)
{
	char answer[8], *buffer = memory_new(2 * PAGE, true);
	struct capmsg_call call = call_make(PORT, self->source, PAGE, answer, sizeof(answer));
	struct plain plain;
	struct job job;

	ASSERT_EQ(0, plain_start(&plain, self->fd, PORT, buffer, 2 * PAGE));
	ASSERT_TRUE(job_blocked(&plain.job));
	ASSERT_EQ(0, JOB_START(&job, self->tx, call, CALL, &call));
	ASSERT_TRUE(job_blocked(&job));
	EXPECT_FALSE(job_done(&plain.job, 30));
	ASSERT_EQ(0, msg_send(self->tx, PORT, self->source, PAGE));
	EXPECT_EQ(0, job_join(&plain.job));
	EXPECT_EQ(CAPMSG_RECORD_PLAIN, plain.record.out_flags);
	ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, PAGE, 0, 0));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	EXPECT_EQ(CAPMSG_RECORD_REPLY, self->record.out_flags);
	EXPECT_EQ(0, msg_reply(self->fd, PORT, &self->record, "ok", 2));
	EXPECT_EQ(0, job_join(&job));
}

TEST_HARNESS_MAIN
