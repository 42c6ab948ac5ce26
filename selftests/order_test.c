// SPDX-License-Identifier: GPL-2.0-only
/*
 * order_test.c - every message arrives once, in order, and with its capability, while
 * those who send and those who receive are killed.
 *
 * Sixteen processes send to four ports, at each of which two processes receive.
 * Each message has its sender and a number of its own, counted for each sender and port;
 * some have a capability, which tells by its mark for which message it was made;
 * some are long. All of this is in a book, in memory that they share:
 *
 * - A sender notes which message it is about to send, and then that it was sent. If it
 *   is killed between the two this message is in doubt: it may arrive, once, and before
 *   all that follow; all others have to arrive.
 * - A receiver receives into the book, and then notes what has arrived. If it is killed
 *   between the two, its record says what it has in hand.
 * - Who receives a message after another one has sent it later, to the same port, both
 *   by the same sender, has found a disorder. Two receivers cannot tell between them.
 *
 * CAPMSG_ROUNDS says how many messages there are. CAPMSG_SEED repeats who is killed
 * how late, not what they are doing then.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define MESSAGES	60000
#define MESSAGES_DEBUG	8000
#define SENDERS		16
#define PORTS		4
#define HANDS		2	/* receivers of a port */
#define POSTS		12	/* of a port */
#define BUFFER		1024	/* of a post */
#define LONG		600	/* bytes of a long message: it needs the buffer */
#define RING		16	/* marks of a sender, one message after the other */
#define BETWEEN_KILLS	250	/* messages, about */
#define PATIENCE_MS	60000
#define END		SENDERS	/* as sender: there is nothing more to receive */
/* In the space of a port. */
#define PORT		SLOT(1)
#define REGION		SLOT(2)
#define TABLE		SLOT(3)
#define LANDING(post)	SLOT2(3, post)
/* In the space of the marks. */
#define MARKS		SLOT(1)
#define MARK(s, n)	SLOT2(1, (s) * RING + (n) % RING)
/* In that of a sender. */
#define TO(port)	SLOT(1 + (port))
#define MINE(n)		SLOT(16 + (n) % RING)

enum finding { NONE, DOUBLED, DISORDER, OTHER_CAPABILITY, OTHER_BYTES, LOST, FINDINGS };

static const char *const finding_names[FINDINGS] = { "none", "doubled", "out of order",
	"with another capability", "with other bytes", "lost" };

struct message {
	__u32 sender, number;
	__u64 bytes[LONG / 8 - 1];
};

/* Of a sender, to one port: the last message that it was about to send, and has sent. */
struct lane {
	atomic_uint begun, sent;
};

struct hand {
	unsigned int last[SENDERS];
	/* What it has received; poison while it receives. */
	struct capmsg_record record;
	union {
		struct message m;
		char bytes[CAPMSG_INLINE_MAX];
	} data;
};

struct book {
	unsigned int n;			/* messages of each sender, at most, to any port */
	unsigned int in_doubt;		/* sent by who was killed meanwhile */
	unsigned int in_hand;		/* received by who was killed then */
	atomic_uint findings[FINDINGS];
	struct lane lanes[SENDERS][PORTS];
	struct hand hands[PORTS][HANDS];
	/* For each message: what is known of it. */
	_Atomic unsigned char marks[];
};

#define ARRIVED		1
#define IN_DOUBT	2

static _Atomic unsigned char *mark_of(struct book *b, unsigned int port, unsigned int sender,
				      unsigned int number)
{
	return &b->marks[((size_t)port * SENDERS + sender) * (b->n + 1) + number];
}

static struct book *book_new(unsigned int n)
{
	size_t length = sizeof(struct book) + (size_t)PORTS * SENDERS * (n + 1);
	struct book *b = memory_shared(length);

	if (b)
		b->n = n;
	return b;
}

static long mark_due(unsigned int sender, unsigned int number)
{
	return sender * RING + number % RING + 1;
}

/* A message has arrived with the capability of @mark, or 0. Enters what is wrong with that. */
static enum finding book_arrival(struct book *b, unsigned int port, unsigned int hand,
				 unsigned int sender, unsigned int number, long mark)
{
	struct hand *h = &b->hands[port][hand];
	enum finding finding = NONE;

	if (mark && mark != mark_due(sender, number))
		finding = OTHER_CAPABILITY;
	if (number <= h->last[sender])
		finding = DISORDER;
	if (atomic_fetch_or(mark_of(b, port, sender, number), ARRIVED) & ARRIVED)
		finding = DOUBLED;
	h->last[sender] = number;
	if (finding)
		atomic_fetch_add(&b->findings[finding], 1);
	return finding;
}

/* The sender is gone. What it was about to send may have arrived, or arrives never. */
static void book_sender_killed(struct book *b, unsigned int sender)
{
	unsigned int port, begun;

	for (port = 0; port < PORTS; port++) {
		begun = atomic_load(&b->lanes[sender][port].begun);
		if (begun == atomic_load(&b->lanes[sender][port].sent))
			continue;
		atomic_fetch_or(mark_of(b, port, sender, begun), IN_DOUBT);
		atomic_store(&b->lanes[sender][port].sent, begun);
		b->in_doubt++;
	}
}

/* The receiver is gone, with this message in hand. */
static void book_hand_killed(struct book *b, unsigned int port, const struct message *m)
{
	_Atomic unsigned char *mark = mark_of(b, port, m->sender, m->number);

	if (!(atomic_fetch_or(mark, ARRIVED) & ARRIVED))
		b->in_hand++;
}

/* Messages to @port that were sent, without doubt, and have not arrived. */
static unsigned int book_missing(struct book *b, unsigned int port)
{
	unsigned int sender, number, missing = 0;

	for (sender = 0; sender < SENDERS; sender++)
		for (number = 1; number <= atomic_load(&b->lanes[sender][port].sent); number++)
			missing += !atomic_load(mark_of(b, port, sender, number));
	return missing;
}

/* All is over. */
static void book_close(struct book *b)
{
	unsigned int port;

	for (port = 0; port < PORTS; port++)
		atomic_fetch_add(&b->findings[LOST], book_missing(b, port));
}

/* What a sender has sent, to all ports. */
static unsigned int book_sent(struct book *b, unsigned int sender)
{
	unsigned int port, sent = 0;

	for (port = 0; port < PORTS; port++)
		sent += atomic_load(&b->lanes[sender][port].sent);
	return sent;
}

static unsigned int book_findings(struct book *b)
{
	unsigned int i, n = 0;

	for (i = NONE + 1; i < FINDINGS; i++) {
		if (atomic_load(&b->findings[i]))
			printf("# %u messages %s\n", atomic_load(&b->findings[i]),
			       finding_names[i]);
		n += atomic_load(&b->findings[i]);
	}
	return n;
}

/* --- those who send and receive --------------------------------------------------------------- */

static struct {
	struct book *book;
	int ports[PORTS];	/* their spaces, which nobody kills */
	char *buffers[PORTS];
	int marks;
	pid_t senders[SENDERS];
	pid_t hands[PORTS][HANDS];
	unsigned int n_sender_kills, n_hand_kills;
	__u64 random;
} field;

static __u32 mix(__u32 a, __u32 b)
{
	__u64 x = ((__u64)a << 32 | b) * 0x9e3779b97f4a7c15ULL;

	return x >> 32 ^ x >> 11;
}

static bool is_long(unsigned int sender, unsigned int number)
{
	return mix(sender, number) % 4 == 3;
}

static bool has_capability(unsigned int sender, unsigned int number)
{
	return mix(sender, number) % 8 >= 5;
}

static size_t message_length(unsigned int sender, unsigned int number)
{
	return is_long(sender, number) ? LONG : 8 + 8 * (number % 8);
}

static void message_fill(struct message *m, unsigned int sender, unsigned int number)
{
	m->sender = sender;
	m->number = number;
	pattern_fill(m->bytes, sizeof(m->bytes), mix(sender, number));
}

static bool message_intact(const struct message *m, size_t length)
{
	struct message due;

	message_fill(&due, m->sender, m->number);
	return length == message_length(m->sender, m->number) && !memcmp(m, &due, length);
}

/* Mostly without waiting; whoever finds no post waits for one. */
static int send_one(int fd, unsigned int port, const struct message *m)
{
	struct capmsg_item item = { .address = MINE(m->number),
		.rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_send send = { .flags = m->number % 3 ? CAPMSG_NONBLOCK : 0,
		.to = TO(port), .data = PTR(m), .length = message_length(m->sender, m->number),
		.items = PTR(&item), .n_items = 1, .deadline = patience() };
	int ret;

	if (!has_capability(m->sender, m->number)) {
		send.items = 0;
		send.n_items = 0;
	}
	ret = do_send(fd, &send);
	if (ret != -EAGAIN || !send.flags)
		return ret;
	send.flags = 0;
	return do_send(fd, &send);
}

static int sender_space(unsigned int sender)
{
	int fd = space_new(), ret = 0;
	unsigned int i;

	if (fd < 0)
		return fd;
	for (i = 0; i < PORTS && !ret; i++)
		ret = cap_give(field.ports[i], PORT, CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_GRANT,
			       fd, TO(i));
	for (i = 0; i < RING && !ret; i++)
		ret = cap_give(field.marks, MARK(sender, i), CAPMSG_RIGHTS_ALL, fd, MINE(i));
	return ret ? ret : fd;
}

static int sender_main(void *arg)
{
	unsigned int sender = (pid_t *)arg - field.senders, port, number;
	__u64 random = field.random + sender;
	struct book *b = field.book;
	struct message m;
	int fd = sender_space(sender), ret = fd < 0 ? fd : 0;

	while (!ret && book_sent(b, sender) < b->n) {
		port = random_next(&random) % PORTS;
		number = atomic_load(&b->lanes[sender][port].sent) + 1;
		message_fill(&m, sender, number);
		atomic_store(&b->lanes[sender][port].begun, number);
		ret = send_one(fd, port, &m);
		if (!ret)
			atomic_store(&b->lanes[sender][port].sent, number);
	}
	return ret;
}

static char *buffer_of(unsigned int port, unsigned int post)
{
	return field.buffers[port] + (size_t)post * BUFFER;
}

static int post_again(unsigned int port, unsigned int post)
{
	return do_post(field.ports[port], &(struct capmsg_post){ .port = PORT,
		.region = REGION, .offset = post * BUFFER, .length = BUFFER,
		.landing = LANDING(post), .max_caps = 1, .post = post });
}

/* What has come with a message, which is not kept; 0 if nothing has; or an errno. */
static long take_capability(int fd, const struct capmsg_record *record)
{
	long mark;

	if (!record->out_n_caps)
		return 0;
	mark = cap_mark(fd, LANDING(record->out_post));
	return cap_clear(fd, LANDING(record->out_post)) ? -EIO : mark;
}

/* The message that is in a hand, or NULL. */
static const struct message *message_in(unsigned int port, const struct hand *h)
{
	const struct capmsg_record *record = &h->record;
	const struct message *m = &h->data.m;
	__u64 poison;

	memset(&poison, POISON, sizeof(poison));
	if (record->out_length == poison)
		return NULL;
	if (!(record->out_flags & CAPMSG_RECORD_INLINE))
		m = (const void *)buffer_of(port, record->out_post % POSTS);
	return m->sender < SENDERS && m->number && m->number <= field.book->n ? m : NULL;
}

/* Returns 1 at the end. */
static int take_one(unsigned int port, unsigned int hand)
{
	struct hand *h = &field.book->hands[port][hand];
	const struct capmsg_record *record = &h->record;
	const struct message *m;
	int fd = field.ports[port], ret;
	unsigned int post;
	bool again;
	long mark;

	/* It is poisoned first. */
	ret = msg_recv(fd, PORT, &h->record, h->data.bytes);
	if (ret || record->out_error)
		return ret ? ret : -(int)record->out_error;
	m = message_in(port, h);
	if (!m)
		return h->data.m.sender == END ? 1 : -EBADMSG;
	mark = take_capability(fd, record);
	if (!message_intact(m, record->out_length) ||
	    !record->out_n_caps == has_capability(m->sender, m->number))
		atomic_fetch_add(&field.book->findings[OTHER_BYTES], 1);
	book_arrival(field.book, port, hand, m->sender, m->number, mark);
	/* The post of a short message without capabilities is posted again by itself. */
	again = !(record->out_flags & CAPMSG_RECORD_INLINE) || record->out_n_caps;
	post = record->out_post;
	/* From here on another message may be in the buffer. */
	memset(&h->record, POISON, sizeof(h->record));
	return again ? post_again(port, post) : 0;
}

static int hand_main(void *arg)
{
	unsigned int number = (pid_t *)arg - field.hands[0];
	int ret;

	do
		ret = take_one(number / HANDS, number % HANDS);
	while (!ret);
	return ret < 0 ? ret : 0;
}

/* --- and who kills them ----------------------------------------------------------------------- */

/* Those posts that are nobody's: in none of them is a message that waits. */
static int posts_lay_out(unsigned int port)
{
	int fd = field.ports[port], ret = 0;
	unsigned int post;

	for (post = 0; post < POSTS && !ret; post++) {
		ret = post_take(fd, PORT, post);
		if (ret == -EBUSY) {
			ret = 0;
			continue;
		}
		ret = ret ?: cap_clear(fd, LANDING(post)) ?: post_again(port, post);
	}
	return ret;
}

static int port_new(unsigned int port)
{
	/* Nothing arrives in a post that is being laid out. */
	struct capmsg_create_port create = { .to = PORT, .flags = CAPMSG_PORT_NO_SHORT,
		.depth = POSTS, .max_caps = 1 };
	size_t length = POSTS * BUFFER;
	int fd = space_new();

	if (fd < 0)
		return fd;
	field.ports[port] = fd;
	field.buffers[port] = memory_shared(length);
	return (field.buffers[port] ? 0 : -ENOMEM) ?:
	       do_create_port(fd, &create) ?:
	       region_create(fd, REGION, field.buffers[port], length) ?:
	       cappage_create(fd, TABLE, 8) ?: posts_lay_out(port);
}

static int marks_new(void)
{
	unsigned int i;
	int ret;

	field.marks = space_new();
	if (field.marks < 0)
		return field.marks;
	ret = cappage_create(field.marks, MARKS, 8);
	for (i = 0; i < SENDERS * RING && !ret; i++)
		ret = port_marked(field.marks, SLOT2(1, i), i + 1);
	return ret;
}

static int hands_start(unsigned int port)
{
	unsigned int i;

	for (i = 0; i < HANDS; i++) {
		field.hands[port][i] = child_start(hand_main, &field.hands[port][i], KEEP_ALL);
		if (field.hands[port][i] < 0)
			return field.hands[port][i];
	}
	return 0;
}

static int sender_start(unsigned int sender)
{
	field.senders[sender] = child_start(sender_main, &field.senders[sender], KEEP_ALL);
	return field.senders[sender] < 0 ? field.senders[sender] : 0;
}

static int field_new(struct book *b)
{
	unsigned int i;
	int ret;

	field.book = b;
	ret = marks_new();
	for (i = 0; i < PORTS && !ret; i++)
		ret = port_new(i) ?: hands_start(i);
	for (i = 0; i < SENDERS && !ret; i++)
		ret = sender_start(i);
	return ret;
}

/* It may have ended before, but not with an error. */
static int put_down(pid_t pid)
{
	int ret = child_kill(pid);

	return ret == 1000 + SIGKILL ? 0 : ret;
}

static int kill_sender(unsigned int sender)
{
	int ret = put_down(field.senders[sender]);

	field.n_sender_kills++;
	book_sender_killed(field.book, sender);
	return ret ?: sender_start(sender);
}

/* All of a port: one that lives on could have a post in hand, which looks like nobody's. */
static int kill_hands(unsigned int port)
{
	const struct message *m;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < HANDS; i++)
		kill(field.hands[port][i], SIGKILL);
	for (i = 0; i < HANDS && !ret; i++) {
		ret = put_down(field.hands[port][i]);
		field.n_hand_kills++;
		m = message_in(port, &field.book->hands[port][i]);
		if (m)
			book_hand_killed(field.book, port, m);
	}
	return ret ?: posts_lay_out(port) ?: hands_start(port);
}

static unsigned int all_sent(void)
{
	unsigned int i, sent = 0;

	for (i = 0; i < SENDERS; i++)
		sent += book_sent(field.book, i);
	return sent;
}

static void busy_wait(unsigned int ns)
{
	__u64 end = now_ns() + ns;

	while (now_ns() < end)
		;
}

/* Until all is sent: a kill each time that enough was sent since the last one. */
static int kill_on(void)
{
	unsigned int total = field.book->n * SENDERS, due = BETWEEN_KILLS, kills = 0;
	int ret = 0;

	while (!ret && due < total) {
		if (!WAIT_UNTIL(PATIENCE_MS, all_sent() >= due))
			return -ETIME;
		/* Not at a place that has to do with what was sent. */
		busy_wait(random_next(&field.random) % 200000);
		/* Both kinds, however short the run is. */
		if (++kills % 4)
			ret = kill_sender(random_next(&field.random) % SENDERS);
		else
			ret = kill_hands(random_next(&field.random) % PORTS);
		due = all_sent() + BETWEEN_KILLS / 2 + random_next(&field.random) % BETWEEN_KILLS;
	}
	return ret;
}

static int field_end(void)
{
	struct message end = { .sender = END };
	unsigned int i, j;
	int ret = 0;

	for (i = 0; i < SENDERS && !ret; i++)
		ret = child_wait(field.senders[i], PATIENCE_MS);
	/* Whatever was sent before this is taken before it. */
	for (i = 0; i < PORTS * HANDS && !ret; i++)
		ret = msg_send(field.ports[i / HANDS], PORT, &end, 8);
	for (i = 0; i < PORTS; i++)
		for (j = 0; j < HANDS && !ret; j++)
			ret = child_wait(field.hands[i][j], PATIENCE_MS);
	return ret;
}

/* --- tests ------------------------------------------------------------------------------------ */

FIXTURE(order) {
	struct book *book;	/* of few messages; nobody sends them */
};

FIXTURE_SETUP(order)
{
	self->book = book_new(8);
	ASSERT_NE(NULL, self->book);
}

FIXTURE_TEARDOWN(order)
{
	CAPMSG_TEARDOWN();
}

static void sent(struct book *b, unsigned int n)
{
	atomic_store(&b->lanes[3][1].begun, n);
	atomic_store(&b->lanes[3][1].sent, n);
}

TEST_F(order, loss_is_found)
{
	sent(self->book, 3);
	EXPECT_EQ(NONE, book_arrival(self->book, 1, 0, 3, 1, 0));
	EXPECT_EQ(NONE, book_arrival(self->book, 1, 0, 3, 3, mark_due(3, 3)));
	book_close(self->book);
	EXPECT_EQ(1, atomic_load(&self->book->findings[LOST]));
	EXPECT_EQ(1, book_findings(self->book));
}

TEST_F(order, double_is_found)
{
	sent(self->book, 2);
	EXPECT_EQ(NONE, book_arrival(self->book, 1, 0, 3, 1, 0));
	EXPECT_EQ(NONE, book_arrival(self->book, 1, 0, 3, 2, 0));
	EXPECT_EQ(DOUBLED, book_arrival(self->book, 1, 1, 3, 2, 0));
	EXPECT_EQ(1, book_findings(self->book));
}

TEST_F(order, disorder_is_found)
{
	sent(self->book, 3);
	EXPECT_EQ(NONE, book_arrival(self->book, 1, 0, 3, 2, 0));
	EXPECT_EQ(NONE, book_arrival(self->book, 1, 1, 3, 1, 0));
	EXPECT_EQ(NONE, book_arrival(self->book, 1, 1, 4, 1, 0));
	EXPECT_EQ(NONE, book_arrival(self->book, 1, 0, 3, 4, 0));
	EXPECT_EQ(DISORDER, book_arrival(self->book, 1, 0, 3, 3, 0));
	EXPECT_EQ(1, book_findings(self->book));
}

TEST_F(order, other_capability_is_found)
{
	sent(self->book, 1);
	EXPECT_EQ(OTHER_CAPABILITY, book_arrival(self->book, 1, 0, 3, 1, mark_due(3, 2)));
	EXPECT_EQ(1, book_findings(self->book));
}

/* Doubt excuses the one message; what a killed receiver has in hand has arrived. */
TEST_F(order, doubt_is_no_loss)
{
	struct message in_hand = { .sender = 3, .number = 1 };

	sent(self->book, 2);
	atomic_store(&self->book->lanes[3][1].begun, 3);
	book_sender_killed(self->book, 3);
	EXPECT_EQ(NONE, book_arrival(self->book, 1, 0, 3, 2, 0));
	EXPECT_EQ(1, book_missing(self->book, 1));
	book_hand_killed(self->book, 1, &in_hand);
	in_hand.number = 2;
	book_hand_killed(self->book, 1, &in_hand);
	EXPECT_EQ(1, self->book->in_hand);
	book_close(self->book);
	EXPECT_EQ(0, book_findings(self->book));
	EXPECT_EQ(NONE, book_arrival(self->book, 1, 0, 3, 3, 0));
	EXPECT_EQ(DOUBLED, book_arrival(self->book, 1, 0, 3, 3, 0));
}

TEST_F_TIMEOUT(order, exactly_once, 3600)
{
	unsigned int n = env_number("CAPMSG_ROUNDS", instrumented() ? MESSAGES_DEBUG : MESSAGES);
	struct book *b = book_new(n / SENDERS);
	__u64 start = now_ns();

	ASSERT_NE(NULL, b);
	field.random = env_number("CAPMSG_SEED", start);
	printf("# CAPMSG_SEED=%#llx\n", field.random);
	ASSERT_EQ(0, field_new(b));
	ASSERT_EQ(0, kill_on());
	ASSERT_EQ(0, field_end());
	book_close(b);
	printf("# %u messages in %llu s; killed: %u senders, %u while they sent; %u receivers, %u with a message in hand\n",
	       all_sent(), (now_ns() - start) / 1000000000ULL, field.n_sender_kills,
	       b->in_doubt, field.n_hand_kills, b->in_hand);
	EXPECT_EQ(0, book_findings(b));
	EXPECT_LT(0, b->in_doubt);
	EXPECT_LT(0, b->in_hand);
	EXPECT_LE(b->n * SENDERS, all_sent());
}

TEST_HARNESS_MAIN
