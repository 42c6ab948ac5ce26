// SPDX-License-Identifier: GPL-2.0-only
/*
 * contents_test.c - what a message holds, payload in pieces and capabilities, by
 * each command that can bring it: malformed, odd, and at its limits. What is
 * refused leaves everything as it was; a reply right is kept for another answer.
 */
#include "kselftest_harness.h"
#include "calls.h"

#define SERVER	SLOT(0x20)	/* answers calls */
#define TABLE	SLOT(0x21)	/* 2^8 slots, in which messages land */
#define OPAQUE	SLOT(0x22)	/* the same without READ and WRITE */
#define RIGHT	SLOT(0x23)	/* of a call that is open */
#define DEAD	SLOT(0x24)	/* a copy of what was destroyed */
#define CUT	SLOT(0x25)	/* what was revoked */
#define MUTE	SLOT(0x26)	/* the port without GRANT */
#define ELSE	SLOT(0x27)	/* another server, whose call is RIGHT */
#define LAND(n)	SLOT2(0x21, n)
#define ROOM	(2 * PAGE)	/* bytes of the largest message */

/* The ways that a message can go. */
enum way { BY_SEND, BY_CALL, BY_REPLY, BY_REPLY_RECV, BY_STEPS, WAYS };

static const char *const ways[WAYS] = { "SEND", "CALL", "REPLY", "REPLY_RECV", "in steps" };

/* As in struct capmsg_send. */
struct contents {
	__u64 data, length, items;
	__u32 n_iov, n_items;
};

FIXTURE(contents) {
	struct calls calls;
	int fd, log;
	char *room;		/* a region, where messages land */
	char *source;		/* three pages, and none behind */
	struct capmsg_call call, other;
	struct job caller, other_caller;
	struct capmsg_record record;	/* of the call that is to be answered */
};

static int right_open(FIXTURE_DATA(contents) *self)
{
	struct capmsg_record record;
	int ret;

	self->other = call_make(ELSE, "?", 1, self->calls.m->data, 8);
	ret = JOB_START(&self->other_caller, self->fd, call, CALL, &self->other);
	ret = ret ?: msg_recv(self->fd, ELSE, &record, self->calls.m->entries);
	return ret ?: do_move(self->fd, &(struct capmsg_move){ .flags = CAPMSG_MOVE_POST,
		.from = ELSE, .to = RIGHT, .post = record.out_post, .seq = record.out_seq });
}

/* A call waits for an answer, which may have as much as any message here. */
static int call_open(FIXTURE_DATA(contents) *self)
{
	self->call = call_make(SERVER, "?", 1, self->room, ROOM);
	self->call.reply_landing = LAND(0);
	self->call.reply_max_caps = CAPMSG_CAPS_MAX;
	return JOB_START(&self->caller, self->fd, call, CALL, &self->call) ?:
	       msg_recv(self->fd, SERVER, &self->record, self->calls.m->entries);
}

static int make_dead(int fd)
{
	int ret = port_create(fd, TARGET, 1);

	ret = ret ?: cap_copy(fd, TARGET, DEAD, CAPMSG_RIGHTS_ALL);
	ret = ret ?: obj_destroy(fd, TARGET);
	ret = ret ?: do_create_revoker(fd, &(struct capmsg_create_revoker){
		.from = PORT, .to = CUT, .revoker = TARGET });
	return ret ?: do_revoke(fd, &(struct capmsg_revoke){ .revoker = TARGET });
}

FIXTURE_SETUP(contents)
{
	self->log = log_open();
	ASSERT_LE(0, self->log);
	ASSERT_EQ(0, calls_new(&self->calls));
	self->fd = self->calls.fd;
	self->room = memory_new(ROOM, true);
	/* Low, so that no length there is to be refused for where it ends. */
	self->source = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	ASSERT_NE(MAP_FAILED, self->source);
	ASSERT_EQ(0, munmap(self->source + 3 * PAGE, PAGE));
	/* Another port than that of the calls: it bounds its messages. */
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = PORT, .flags = CAPMSG_PORT_NO_SHARES, .depth = 1,
		.max_size = ROOM, .max_caps = CAPMSG_CAPS_MAX }));
	ASSERT_EQ(0, region_unregister(self->fd, REGION));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->room, ROOM));
	ASSERT_EQ(0, port_create(self->fd, SERVER, 2));
	ASSERT_EQ(0, port_create(self->fd, ELSE, 1));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, LAND(0xf0), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, OPAQUE, 0));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, MUTE, CAPMSG_RIGHTS_ALL & ~CAPMSG_RIGHT_GRANT));
	ASSERT_EQ(0, make_dead(self->fd));
	ASSERT_EQ(0, right_open(self));
}

FIXTURE_TEARDOWN(contents)
{
	const char *text = log_speaks(self->log);

	EXPECT_EQ(NULL, text)
		TH_LOG("the kernel said: %s", text);
	EXPECT_EQ(0, cap_clear(self->fd, RIGHT));
	EXPECT_EQ(-EPIPE, job_join(&self->other_caller));
	CAPMSG_TEARDOWN();
}

/* --- the ways ------------------------------------------------------------------------------ */

static int by_steps(FIXTURE_DATA(contents) *self, const struct contents *c, __u64 to)
{
	struct capmsg_begin begin = { .message = MESSAGE, .to = to, .length = c->length,
		.max_caps = c->n_items ? CAPMSG_CAPS_MAX : 0, .flags = CAPMSG_NONBLOCK };
	struct capmsg_fill fill = { .message = MESSAGE, .data = c->data, .length = c->length,
		.n_iov = c->n_iov };
	struct capmsg_transmit transmit = { .message = MESSAGE, .items = c->items,
		.n_items = c->n_items, .flags = CAPMSG_NONBLOCK };
	const struct capmsg_iovec *iov = (void *)(uintptr_t)c->data;
	unsigned int i;
	int ret;

	/* A length that is refused is refused by FILL already. */
	if (c->n_iov || c->length > ROOM)
		begin.length = ROOM;
	ret = do_begin(self->fd, &begin) ?: do_fill(self->fd, &fill);
	transmit.length = c->n_iov ? 0 : c->length;
	for (i = 0; i < c->n_iov && !ret; i++)
		transmit.length += iov[i].length;
	ret = ret ?: do_transmit(self->fd, &transmit);
	if (ret)
		do_abandon(self->fd, &(struct capmsg_abandon){ .message = MESSAGE });
	return ret;
}

static int by_call(FIXTURE_DATA(contents) *self, const struct contents *c, __u64 to)
{
	struct capmsg_call call = { .to = to, .data = c->data, .length = c->length,
		.items = c->items, .n_iov = c->n_iov, .n_items = c->n_items,
		.flags = CAPMSG_NONBLOCK, .deadline = patience() };
	struct capmsg_record record;
	struct job job;
	int ret;

	ret = JOB_START(&job, self->fd, call, CALL, &call);
	if (ret || !job_blocked(&job))
		return ret ?: job_join(&job);
	/* The message is there, unless the caller waits for a page; nobody is going to answer. */
	WAIT_UNTIL(CAPMSG_PATIENCE_MS,
		   (ret = msg_poll(self->fd, to, &record, self->calls.m->entries)) != -EAGAIN ||
		   job_done(&job, 0));
	if (ret == -EAGAIN)
		return job_join(&job);
	self->calls.m->record = record;
	ret = ret ?: do_clear(self->fd, &(struct capmsg_clear){ .flags = CAPMSG_CLEAR_POST,
		.slot = to, .post = record.out_post, .seq = record.out_seq });
	return ret ?: job_join(&job) == -EPIPE ? 0 : -EPROTO;
}

static int by_reply_recv(FIXTURE_DATA(contents) *self, const struct contents *c)
{
	struct capmsg_reply_recv arg = { .flags = CAPMSG_REPLY_POST | CAPMSG_NONBLOCK,
		.to = SERVER, .post = self->record.out_post, .seq = self->record.out_seq,
		.data = c->data, .length = c->length, .items = c->items, .n_iov = c->n_iov,
		.n_items = c->n_items, .port = SERVER, .records = PTR(&self->calls.m->record),
		.n_records = 1 };
	int ret = do_reply_recv(self->fd, &arg);

	/* There is no other message, which is told when the answer is given. */
	return ret == -EAGAIN && (arg.flags & CAPMSG_REPLY_NONE) ? 0 : ret;
}

static int bring(FIXTURE_DATA(contents) *self, enum way way, const struct contents *c, __u64 to)
{
	switch (way) {
	case BY_SEND:
		return do_send(self->fd, &(struct capmsg_send){ .to = to, .data = c->data,
			.length = c->length, .items = c->items, .n_iov = c->n_iov,
			.n_items = c->n_items, .flags = CAPMSG_NONBLOCK });
	case BY_CALL:
		return by_call(self, c, to);
	case BY_REPLY:
		return do_reply(self->fd, &(struct capmsg_reply){ .flags = CAPMSG_REPLY_POST,
			.to = SERVER, .post = self->record.out_post,
			.seq = self->record.out_seq, .data = c->data, .length = c->length,
			.items = c->items, .n_iov = c->n_iov, .n_items = c->n_items });
	case BY_REPLY_RECV:
		return by_reply_recv(self, c);
	default:
		return by_steps(self, c, to);
	}
}

static bool answers(enum way way)
{
	return way == BY_REPLY || way == BY_REPLY_RECV;
}

/* Makes ready for one message: a post that takes it, or a call that it answers. */
static int way_open(FIXTURE_DATA(contents) *self, enum way way)
{
	int ret;

	if (answers(way))
		return call_open(self);
	ret = post_any(self->fd, PORT, REGION, 0, ROOM, LAND(0), CAPMSG_CAPS_MAX);
	return ret < 0 ? ret : 0;
}

/* Nothing came of it: takes that back, or -EPROTO. */
static int way_shut(FIXTURE_DATA(contents) *self, enum way way)
{
	struct capmsg_clear clear = { .flags = CAPMSG_CLEAR_POST, .slot = SERVER,
		.post = self->record.out_post, .seq = self->record.out_seq };
	struct capmsg_record record;
	int ret;

	if (!answers(way)) {
		ret = msg_poll(self->fd, PORT, &record, self->calls.m->entries);
		return ret == -EAGAIN ? post_take(self->fd, PORT, 0) : -EPROTO;
	}
	ret = do_clear(self->fd, &clear);
	return ret ?: job_join(&self->caller) == -EPIPE ? 0 : -EPROTO;
}

/* It has arrived: of how many bytes and capabilities it is, and where its bytes are. */
struct arrived {
	__u64 length;
	__u32 n_caps;
	const char *bytes;
};

static int way_take(FIXTURE_DATA(contents) *self, enum way way, struct arrived *in)
{
	struct capmsg_record *record = &self->calls.m->record;
	int ret = 0;

	in->bytes = self->room;
	if (answers(way)) {
		ret = job_join(&self->caller);
		in->length = self->call.out_length;
		in->n_caps = self->call.out_n_caps;
		return ret;
	}
	/* A call was received already. */
	if (way != BY_CALL)
		ret = msg_poll(self->fd, PORT, record, self->calls.m->entries);
	in->length = record->out_length;
	in->n_caps = record->out_n_caps;
	if (record->out_flags & CAPMSG_RECORD_INLINE)
		in->bytes = (char *)self->calls.m->entries;
	return ret ?: post_take(self->fd, PORT, 0);
}

static int landed_clear(int fd)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < CAPMSG_CAPS_MAX && !ret; i++)
		ret = cap_clear(fd, LAND(i));
	return ret;
}

/* --- payload --------------------------------------------------------------------------------- */

/* What is refused, wherever it goes. */
struct bad_payload {
	const char *name;
	struct contents contents;
	int error;
};

/* Too much, of memory that is not there: which of the two an answer is refused for. */
#define TOO_MUCH	-EBADE

static int refusal(enum way way, int error)
{
	if (error != TOO_MUCH)
		return error;
	return answers(way) ? -EFAULT : -EMSGSIZE;
}

#define BAD(data, length, n_iov, error)						\
	{ #data ", " #length ", " #n_iov, { data, length, 0, n_iov, 0 }, error }

TEST_F(contents, payload_malformed)
{
	char *end = self->source + 3 * PAGE;
	struct capmsg_iovec *iov = (void *)self->source;
	const struct bad_payload rows[] = {
		BAD(PTR(iov), 0, CAPMSG_IOV_MAX + 1, -EINVAL),
		BAD(PTR(iov), 0, 1024, -EINVAL), BAD(PTR(iov), 0, 1025, -EINVAL),
		BAD(PTR(iov), 0, 1U << 28, -EINVAL), BAD(PTR(iov), 0, ~0U, -EINVAL),
		BAD(PTR(iov), 1, 1, -EINVAL), BAD(PTR(iov), ~0ULL, 8, -EINVAL),
		BAD(0, 0, 1, -EFAULT), BAD(8, 0, 8, -EFAULT), BAD(1ULL << 63, 0, 1, -EFAULT),
		BAD(0xffff888000000000ULL, 0, 1, -EFAULT), BAD(-16ULL, 0, 1, -EFAULT),
		BAD(PTR(end), 0, 1, -EFAULT), BAD(PTR(end) - 15, 0, 1, -EFAULT),
		BAD(PTR(end) - 2 * sizeof(*iov) + 1, 0, 2, -EFAULT),
		BAD(0, 1, 0, -EFAULT), BAD(0, PAGE, 0, -EFAULT), BAD(8, 8, 0, -EFAULT),
		BAD(1ULL << 63, 8, 0, -EFAULT), BAD(1ULL << 63, PAGE, 0, -EFAULT),
		BAD(0xffff888000000000ULL, 256, 0, -EFAULT),
		BAD(0xffff888000000000ULL, 257, 0, -EFAULT),
		BAD(~0ULL, 1, 0, -EFAULT), BAD(-8ULL, 16, 0, -EFAULT),
		BAD(PTR(end), 1, 0, -EFAULT), BAD(PTR(end) - 7, 8, 0, -EFAULT),
		BAD(PTR(end) - PAGE + 1, PAGE, 0, -EFAULT),
		BAD(PTR(end) - 256, 257, 0, -EFAULT),
		BAD(PTR(iov), ROOM + 1, 0, -EMSGSIZE), BAD(PTR(iov), 0xffffffff, 0, TOO_MUCH),
		BAD(PTR(iov), 1ULL << 32, 0, TOO_MUCH),
		BAD(PTR(iov), CAPMSG_MESSAGE_MAX, 0, TOO_MUCH),
		BAD(PTR(iov), CAPMSG_MESSAGE_MAX + 1, 0, -EMSGSIZE),
		BAD(PTR(iov), 1ULL << 63, 0, -EMSGSIZE), BAD(PTR(iov), ~0ULL, 0, -EMSGSIZE),
	};
	const struct bad_payload *row;
	enum way way;

	memset(self->source, 0, 3 * PAGE);
	for (way = 0; way < WAYS; way++) {
		ASSERT_EQ(0, way_open(self, way));
		for (row = rows; row < rows + ARRAY_SIZE(rows); row++)
			EXPECT_EQ(refusal(way, row->error),
				  bring(self, way, &row->contents, PORT))
				TH_LOG("%s, %s", ways[way], row->name);
		EXPECT_EQ(0, way_shut(self, way))
			TH_LOG("%s", ways[way]);
	}
}

/* One piece of several is bad, the first or the last. */
TEST_F(contents, piece_malformed)
{
	const __u64 end = PTR(self->source) + 3 * PAGE;
	const struct { struct capmsg_iovec bad; int error; } rows[] = {
		{ { 0, 1 }, -EFAULT }, { { 1ULL << 63, 8 }, -EFAULT },
		{ { 0xffff888000000000ULL, 8 }, -EFAULT }, { { ~0ULL, 2 }, -EFAULT },
		{ { end, 1 }, -EFAULT }, { { end - 7, 8 }, -EFAULT },
		{ { end - PAGE, PAGE + 1 }, -EFAULT },
		{ { PTR(self->source), ROOM + 1 }, -EMSGSIZE },
		{ { end - PAGE, 0xffffffff }, TOO_MUCH },
		{ { end - PAGE, CAPMSG_MESSAGE_MAX }, -EMSGSIZE },
		{ { end - PAGE, CAPMSG_MESSAGE_MAX + 1 }, -EMSGSIZE },
		{ { end - PAGE, 1ULL << 63 }, -EMSGSIZE }, { { end - PAGE, ~0ULL }, -EMSGSIZE },
		/* With the others the sum is zero again. */
		{ { end - PAGE, -7ULL * 8 }, -EMSGSIZE },
	};
	struct capmsg_iovec iov[CAPMSG_IOV_MAX];
	const struct contents c = { .data = PTR(iov), .n_iov = CAPMSG_IOV_MAX };
	enum way way;
	unsigned int i, j;

	for (way = 0; way < WAYS; way++) {
		ASSERT_EQ(0, way_open(self, way));
		for (i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
			for (j = 0; j < CAPMSG_IOV_MAX; j++)
				iov[j] = (struct capmsg_iovec){ PTR(self->source), 8 };
			iov[i % 2 ? 0 : CAPMSG_IOV_MAX - 1] = rows[i / 2].bad;
			EXPECT_EQ(refusal(way, rows[i / 2].error), bring(self, way, &c, PORT))
				TH_LOG("%s, row %u", ways[way], i);
		}
		/* Each is small enough, all of them are not. */
		for (j = 0; j < CAPMSG_IOV_MAX; j++)
			iov[j] = (struct capmsg_iovec){ PTR(self->source), CAPMSG_MESSAGE_MAX };
		EXPECT_EQ(-EMSGSIZE, bring(self, way, &c, PORT))
			TH_LOG("%s, all are large", ways[way]);
		for (j = 0; j < CAPMSG_IOV_MAX; j++)
			iov[j] = (struct capmsg_iovec){ PTR(self->source), 1ULL << 61 };
		EXPECT_EQ(-EMSGSIZE, bring(self, way, &c, PORT))
			TH_LOG("%s, the sum is zero", ways[way]);
		EXPECT_EQ(0, way_shut(self, way))
			TH_LOG("%s", ways[way]);
	}
}

/* Pieces that overlap, of which some are empty and lead nowhere, short and long together. */
static int pieces_overlap(FIXTURE_DATA(contents) *self, enum way way, unsigned int length)
{
	struct { char odd; struct capmsg_iovec iov[CAPMSG_IOV_MAX]; } __attribute__((packed)) at;
	const struct contents c = { .data = PTR(&at.iov), .n_iov = CAPMSG_IOV_MAX };
	struct capmsg_iovec piece;
	struct arrived in;
	unsigned int i;
	int ret;

	for (i = 0; i < CAPMSG_IOV_MAX; i++) {
		piece.base = i % 4 == 3 ? 8 : PTR(self->source) + i % 4 * length / 2 + 1;
		piece.length = i % 4 == 3 ? 0 : length;
		memcpy(&at.iov[i], &piece, sizeof(piece));
	}
	ret = way_open(self, way) ?: bring(self, way, &c, PORT) ?: way_take(self, way, &in);
	if (ret)
		return ret;
	for (i = 0; i < 6; i++)
		if (memcmp(in.bytes + i * length, self->source + i % 3 * length / 2 + 1, length))
			return -EBADMSG;
	return in.length == 6 * length && in.n_caps == 0 ? 0 : -EBADMSG;
}

TEST_F(contents, pieces_odd)
{
	enum way way;

	pattern_fill(self->source, 3 * PAGE, 3);
	for (way = 0; way < WAYS; way++) {
		EXPECT_EQ(0, pieces_overlap(self, way, 2))
			TH_LOG("%s", ways[way]);
		EXPECT_EQ(0, pieces_overlap(self, way, 1001))
			TH_LOG("%s", ways[way]);
	}
}

/* Nothing at all, wherever that is; read-only memory at odd places, across pages. */
TEST_F(contents, payload_odd)
{
	const struct { __u64 at; __u64 length; } rows[] = {
		{ 0, 0 }, { 8, 0 }, { PTR(self->source) + 3 * PAGE, 0 },
		{ PTR(self->source) + 1, 1 }, { PTR(self->source) + PAGE - 3, 8 },
		{ PTR(self->source) + PAGE - 129, 256 }, { PTR(self->source) + PAGE - 129, 257 },
		{ PTR(self->source) + 1, ROOM },
	};
	struct arrived in;
	enum way way;
	unsigned int i;

	pattern_fill(self->source, 3 * PAGE, 4);
	ASSERT_EQ(0, mprotect(self->source, 3 * PAGE, PROT_READ));
	for (way = 0; way < WAYS; way++) {
		for (i = 0; i < ARRAY_SIZE(rows); i++) {
			const struct contents c = { rows[i].at, rows[i].length, 0, 0, 0 };

			ASSERT_EQ(0, way_open(self, way));
			EXPECT_EQ(0, bring(self, way, &c, PORT))
				TH_LOG("%s, row %u", ways[way], i);
			ASSERT_EQ(0, way_take(self, way, &in));
			EXPECT_EQ(rows[i].length, in.length);
			EXPECT_FALSE(in.length && memcmp(in.bytes, (char *)rows[i].at, in.length))
				TH_LOG("%s, row %u", ways[way], i);
		}
	}
}

#define ROUNDS	30

/* The payload and the array of capabilities come and go: whole, or refused and not there. */
TEST_F(contents, source_blinks)
{
	struct capmsg_item *item = (void *)(self->source + ROOM);
	const struct contents c = { PTR(self->source), ROOM, PTR(item), 0, 1 };
	unsigned int i, faults = 0, done = 0;
	struct blinker blinker;
	struct arrived in;
	enum way way;
	int ret;

	pattern_fill(self->source, ROOM, 5);
	*item = (struct capmsg_item){ PORT, CAPMSG_RIGHT_SEND, 0 };
	ASSERT_EQ(0, blinker_start(&blinker, self->source, 3 * PAGE));
	for (way = 0; way < WAYS; way++) {
		for (i = 0; i < ROUNDS; i++) {
			ASSERT_EQ(0, way_open(self, way));
			ret = bring(self, way, &c, PORT);
			if (ret == -EFAULT) {
				faults++;
				ASSERT_EQ(0, way_shut(self, way))
					TH_LOG("%s, %u", ways[way], i);
				continue;
			}
			done++;
			ASSERT_EQ(0, ret)
				TH_LOG("%s, %u", ways[way], i);
			ASSERT_EQ(0, way_take(self, way, &in));
			EXPECT_EQ(ROOM, in.length);
			EXPECT_EQ(-1, pattern_check(in.bytes, ROOM, 5));
			EXPECT_EQ(CAPMSG_RIGHT_SEND, cap_rights(self->fd, LAND(0)));
			ASSERT_EQ(0, cap_clear(self->fd, LAND(0)));
		}
	}
	blinker_stop(&blinker);
	EXPECT_LT(0, faults);
	EXPECT_LT(0, done);
}

/* --- capabilities ---------------------------------------------------------------------------- */

/* How a count that is too large is refused: by BEGIN's when the message goes in steps. */
static int too_many(enum way way)
{
	return way == BY_STEPS ? -EMSGSIZE : -EINVAL;
}

TEST_F(contents, items_array)
{
	struct capmsg_item *items = (void *)self->source;
	const __u64 end = PTR(self->source) + 3 * PAGE, size = sizeof(*items);
	const struct contents rows[] = {
		{ 0, 0, 0, 0, 1 }, { 0, 0, 8, 0, 1 }, { 0, 0, 1ULL << 63, 0, 1 },
		{ 0, 0, 0xffff888000000000ULL, 0, 1 }, { 0, 0, ~0ULL, 0, 1 },
		{ 0, 0, end, 0, 1 }, { 0, 0, end - size + 1, 0, 1 }, { 0, 0, end - size, 0, 2 },
		{ 0, 0, end - 64 * size + 1, 0, 64 },
	};
	const unsigned int counts[] = { CAPMSG_CAPS_MAX + 1, 256, 1U << 28, 0x80000000, ~0U };
	struct contents many = { .items = PTR(items) };
	enum way way;
	unsigned int i;

	for (i = 0; i < 3 * PAGE / size; i++)
		items[i] = (struct capmsg_item){ PORT, CAPMSG_RIGHTS_ALL, 0 };
	for (way = 0; way < WAYS; way++) {
		ASSERT_EQ(0, way_open(self, way));
		for (i = 0; i < ARRAY_SIZE(rows); i++)
			EXPECT_EQ(-EFAULT, bring(self, way, &rows[i], PORT))
				TH_LOG("%s, row %u", ways[way], i);
		for (i = 0; i < ARRAY_SIZE(counts); i++) {
			many.n_items = counts[i];
			EXPECT_EQ(too_many(way), bring(self, way, &many, PORT))
				TH_LOG("%s, %u items", ways[way], counts[i]);
		}
		EXPECT_EQ(0, way_shut(self, way))
			TH_LOG("%s", ways[way]);
	}
}

/* One item that must not be sent, alone, and behind others that may. */
TEST_F(contents, item_malformed)
{
	static const struct { struct capmsg_item item; int error; } rows[] = {
		{ { CAPMSG_ADDRESS_VOID, CAPMSG_RIGHTS_ALL, 0 }, -ENOENT },
		{ { ~0ULL, CAPMSG_RIGHTS_ALL, 0 }, -ENOENT },
		{ { 1, CAPMSG_RIGHTS_ALL, 0 }, -ENOENT },
		{ { 1ULL << 63, CAPMSG_RIGHTS_ALL, 0 }, -ENOENT },
		{ { NOTHING, CAPMSG_RIGHTS_ALL, 0 }, -ENOENT },
		{ { SLOT2(1, 0), CAPMSG_RIGHTS_ALL, 0 }, -ENOENT },
		{ { LAND(0xe0), CAPMSG_RIGHTS_ALL, 0 }, -ENOENT },
		{ { DEAD, CAPMSG_RIGHTS_ALL, 0 }, -ENOENT },
		{ { CUT, CAPMSG_RIGHTS_ALL, 0 }, -ENOENT },
		{ { SLOT2(0x22, 0xf0), CAPMSG_RIGHTS_ALL, 0 }, -EACCES },
		{ { PORT, CAPMSG_RIGHT_WEAK, 0 }, -EINVAL },
		{ { PORT, 0x80, 0 }, -EINVAL },
		{ { PORT, ~0U, 0 }, -EINVAL },
		{ { PORT, CAPMSG_RIGHTS_ALL, 0x2 }, -EOPNOTSUPP },
		{ { PORT, CAPMSG_RIGHTS_ALL, 0x80000000 }, -EOPNOTSUPP },
		{ { RIGHT, CAPMSG_RIGHTS_ALL, CAPMSG_ITEM_MOVE | 0x2 }, -EOPNOTSUPP },
		{ { PORT, CAPMSG_RIGHTS_ALL, CAPMSG_ITEM_MOVE }, -EINVAL },
		{ { RIGHT, CAPMSG_RIGHTS_ALL, 0 }, -EINVAL },
		{ { NOTHING, CAPMSG_RIGHTS_ALL, CAPMSG_ITEM_MOVE }, -ENOENT },
		{ { DEAD, CAPMSG_RIGHTS_ALL, CAPMSG_ITEM_MOVE }, -ENOENT },
		{ { SLOT2(0x22, 0xf0), CAPMSG_RIGHTS_ALL, CAPMSG_ITEM_MOVE }, -EACCES },
	};
	const struct capmsg_item good = { PORT, CAPMSG_RIGHTS_ALL, 0 };
	enum way way;
	unsigned int i;

	for (way = 0; way < WAYS; way++) {
		ASSERT_EQ(0, way_open(self, way));
		for (i = 0; i < ARRAY_SIZE(rows); i++) {
			const struct capmsg_item items[] = { good, good, rows[i].item };
			const struct contents alone = { .items = PTR(&items[2]), .n_items = 1 };
			const struct contents last = { .items = PTR(items), .n_items = 3 };

			EXPECT_EQ(rows[i].error, bring(self, way, &alone, PORT))
				TH_LOG("%s, row %u", ways[way], i);
			EXPECT_EQ(rows[i].error, bring(self, way, &last, PORT))
				TH_LOG("%s, row %u behind others", ways[way], i);
		}
		EXPECT_EQ(0, way_shut(self, way))
			TH_LOG("%s", ways[way]);
	}
}

/* The same reply right cannot leave its slot twice, and is there afterwards. */
TEST_F(contents, right_moved_twice)
{
	const struct capmsg_item twice[] = { { RIGHT, CAPMSG_RIGHTS_ALL, CAPMSG_ITEM_MOVE },
		{ RIGHT, CAPMSG_RIGHTS_ALL, CAPMSG_ITEM_MOVE } };
	const struct contents c = { .items = PTR(twice), .n_items = 2 };
	enum way way;

	for (way = 0; way < WAYS; way++) {
		ASSERT_EQ(0, way_open(self, way));
		EXPECT_EQ(-EINVAL, bring(self, way, &c, PORT))
			TH_LOG("%s", ways[way]);
		EXPECT_EQ(CAPMSG_TYPE_REPLY, cap_type(self->fd, RIGHT));
		EXPECT_EQ(0, way_shut(self, way));
	}
}

/* Capabilities do not go through one that lacks GRANT; without them the message does. */
TEST_F(contents, without_grant)
{
	const struct capmsg_item item = { PORT, CAPMSG_RIGHTS_ALL, 0 };
	const struct contents with = { .items = PTR(&item), .n_items = 1 };
	struct arrived in;
	enum way way;

	for (way = 0; way < WAYS; way++) {
		if (answers(way))
			continue;
		ASSERT_EQ(0, way_open(self, way));
		EXPECT_EQ(-EACCES, bring(self, way, &with, MUTE))
			TH_LOG("%s", ways[way]);
		EXPECT_EQ(0, bring(self, way, &(struct contents){ .length = 0 }, MUTE))
			TH_LOG("%s", ways[way]);
		ASSERT_EQ(0, way_take(self, way, &in));
		EXPECT_EQ(0, in.n_caps);
	}
}

/* None, one and 64; the same again and again, the port itself, its right to receive. */
TEST_F(contents, items_odd)
{
	static const unsigned int counts[] = { 0, 1, 4, CAPMSG_CAPS_MAX };
	struct { char odd; struct capmsg_item items[CAPMSG_CAPS_MAX]; } __attribute__((packed)) at;
	static const struct capmsg_item four[] = { { PORT, CAPMSG_RIGHTS_ALL, 0 },
		{ PORT, 0, 0 }, { SERVER, CAPMSG_RIGHT_RECV, 0 }, { PORT, CAPMSG_RIGHT_RECV, 0 } };
	static const int rights[] = { RIGHTS_PORT, 0, CAPMSG_RIGHT_RECV, CAPMSG_RIGHT_RECV };
	struct arrived in;
	enum way way;
	unsigned int i, j;

	for (j = 0; j < CAPMSG_CAPS_MAX; j++)
		memcpy(&at.items[j], &four[j % 4], sizeof(four[0]));
	for (way = 0; way < WAYS; way++) {
		for (i = 0; i < ARRAY_SIZE(counts); i++) {
			const struct contents c = { .items = PTR(&at.items), .n_items = counts[i] };

			ASSERT_EQ(0, way_open(self, way));
			EXPECT_EQ(0, bring(self, way, &c, PORT))
				TH_LOG("%s, %u items", ways[way], counts[i]);
			ASSERT_EQ(0, way_take(self, way, &in));
			EXPECT_EQ(counts[i], in.n_caps);
			for (j = 0; j < CAPMSG_CAPS_MAX; j++)
				EXPECT_EQ(j < counts[i] ? rights[j % 4] : -ENOENT,
					  cap_rights(self->fd, LAND(j)))
					TH_LOG("%s, %u of %u", ways[way], j, counts[i]);
			ASSERT_EQ(0, landed_clear(self->fd));
		}
	}
}

TEST_HARNESS_MAIN
