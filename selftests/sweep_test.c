// SPDX-License-Identifier: GPL-2.0-only
/*
 * sweep_test.c - strangers who keep the names of what was destroyed hold
 * nothing of their creator's quota, wherever they keep them.
 *
 * The creator is user 1000, the strangers are user 1001; all of their spaces are
 * open in this process. CAPMSG_ROUNDS says how many objects are created, granted
 * and destroyed in the long cases (a million: `make check-million`).
 */
#include "kselftest_harness.h"
#include "handler.h"

#define MAX_OBJECTS	"/sys/module/capmsg/parameters/max_objects"
#define CREATOR		1000
#define STRANGER	1001
#define QUOTA		400
#define ROUNDS		800
#define PORT		SLOT(1)
#define SERVER		SLOT(2)
#define HOARD		SLOT(3)
#define HOARD_BITS	12
/* Slot @n of the table of 2^12 slots in SLOT(3). */
#define KEPT(n)		CAPMSG_ADDRESS(3ULL << HOARD_BITS | (n), 8 + HOARD_BITS)

FIXTURE(sweep) {
	long long max_objects;
	unsigned int rounds;
	int creator, stranger;
};

static int set(const char *path, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	return file_write(path, text);
}

/* A space that user @uid pays for, set up with so many frames. */
static int space_as(uid_t uid, unsigned int frames)
{
	struct capmsg_setup setup = { .frames = frames };
	int fd, ret;

	if (setresuid(uid, uid, 0))
		return -errno;
	fd = space_open();
	if (setresuid(0, 0, 0))
		abort();
	if (fd < 0)
		return fd;
	ret = do_setup(fd, &setup);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

FIXTURE_SETUP(sweep)
{
	self->rounds = env_number("CAPMSG_ROUNDS", ROUNDS);
	/* A case that was ended by its timeout has not put it back. */
	self->max_objects = 65536;
	ASSERT_EQ(0, set(MAX_OBJECTS, self->max_objects));
	self->creator = space_as(CREATOR, 8);
	ASSERT_LE(0, self->creator);
	self->stranger = space_as(STRANGER, 64);
	ASSERT_LE(0, self->stranger);
	ASSERT_EQ(0, cappage_create(self->stranger, HOARD, HOARD_BITS));
	ASSERT_EQ(0, port_create(self->stranger, SERVER, 64));
	/* From here on the creator is short of objects. */
	ASSERT_EQ(0, set(MAX_OBJECTS, QUOTA));
}

FIXTURE_TEARDOWN(sweep)
{
	EXPECT_EQ(0, set(MAX_OBJECTS, self->max_objects));
	CAPMSG_TEARDOWN();
}

/*
 * Creates, grants and destroys for ever. @keep has the stranger keep what it is
 * shown in PORT of the creator; 0 or an errno.
 */
typedef int (*keep_fn)(int creator, int stranger, unsigned int i);

struct toll {
	__u64 tombstones;	/* the most that there were */
	unsigned int done;	/* rounds */
	int error;		/* of the round after these */
};

static struct toll toll(int creator, int stranger, unsigned int rounds, keep_fn keep)
{
	struct toll toll = { .error = 0 };
	__u64 now;

	while (toll.done < rounds) {
		toll.error = port_create(creator, PORT, 1);
		if (!toll.error)
			toll.error = keep(creator, stranger, toll.done);
		if (!toll.error)
			toll.error = obj_destroy(creator, PORT);
		if (toll.error)
			break;
		cap_clear(creator, PORT);
		now = query_of(creator).out_user_tombstones;
		if (now > toll.tombstones)
			toll.tombstones = now;
		toll.done++;
	}
	return toll;
}

#define EXPECT_BOUNDED(toll_, rounds_) do {				\
	EXPECT_EQ(0, (toll_).error);					\
	EXPECT_EQ(rounds_, (toll_).done);				\
	EXPECT_LT(QUOTA / 8, (toll_).tombstones);			\
	EXPECT_GE(QUOTA / 4 + 1, (toll_).tombstones);			\
} while (0)

/* --- where names are kept ---------------------------------------------------------- */

static int keep_in_table(int creator, int stranger, unsigned int i)
{
	return cap_give(creator, PORT, RIGHTS_SENDER, stranger, KEPT(i % (1 << HOARD_BITS)));
}

TEST_F_TIMEOUT(sweep, tables, 120)
{
	__u64 objects = query_of(self->stranger).out_user_objects;
	struct toll toll_ = toll(self->creator, self->stranger, self->rounds, keep_in_table);

	EXPECT_BOUNDED(toll_, self->rounds);
	/* Nobody else pays, and nothing but void slots is left there. */
	EXPECT_EQ(objects, query_of(self->stranger).out_user_objects);
	EXPECT_EQ(-ENOENT, cap_type(self->stranger, KEPT(0)));
	ASSERT_EQ(0, port_create(self->creator, PORT, 1));
	EXPECT_EQ(0, keep_in_table(self->creator, self->stranger, 0));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->stranger, KEPT(0)));
}

static int keep_file;

static int keep_in_export(int creator, int stranger, unsigned int i)
{
	int ret = cap_give(creator, PORT, RIGHTS_SENDER, stranger, SLOT(9)), file;

	file = ret ? ret : cap_export(stranger, SLOT(9), CAPMSG_RIGHTS_ALL);
	if (file < 0)
		return file;
	/* The stranger's quota is short, too: it keeps the last 200. */
	if (dup2(file, keep_file + i % 200) < 0)
		return -errno;
	close(file);
	return cap_clear(stranger, SLOT(9));
}

TEST_F_TIMEOUT(sweep, exports, 120)
{
	struct toll toll_;

	keep_file = 500;
	toll_ = toll(self->creator, self->stranger, 500, keep_in_export);
	EXPECT_BOUNDED(toll_, 500);
	EXPECT_EQ(-ENOENT, cap_import(self->stranger, keep_file, SLOT(9)));
}

/* One landing slot each; nobody ever receives these. */
static int keep_in_message(int creator, int stranger, unsigned int i)
{
	struct capmsg_item item = { .address = PORT, .rights = RIGHTS_SENDER };

	if (i >= 60)
		return keep_in_table(creator, stranger, i);
	return do_send(creator, &(struct capmsg_send){ .flags = CAPMSG_NONBLOCK,
		.to = SLOT(8), .items = PTR(&item), .n_items = 1 });
}

/* The slots stay reserved until the message is received. */
TEST_F_TIMEOUT(sweep, landed, 120)
{
	struct toll toll_;
	unsigned int i;

	for (i = 0; i < 60; i++)
		ASSERT_LE(0, post_any(self->stranger, SERVER, CAPMSG_ADDRESS_VOID, 0, 0,
				      KEPT(4000 + i), 1));
	ASSERT_EQ(0, cap_give(self->stranger, SERVER, RIGHTS_SENDER, self->creator, SLOT(8)));
	toll_ = toll(self->creator, self->stranger, 300, keep_in_message);
	EXPECT_BOUNDED(toll_, 300);
	EXPECT_EQ(-EBUSY, cap_clear(self->stranger, KEPT(4000)));
}

/* --- in the middle of an operation -------------------------------------------------- */

/* A stranger's sends wait in line: each has the name of an object in its frame. */
TEST_F_TIMEOUT(sweep, waiting_senders, 120)
{
	static struct job jobs[60];
	static struct capmsg_send sends[60];
	static struct capmsg_item names[60];
	struct toll toll_;
	unsigned int i;

	for (i = 0; i < 60; i++) {
		ASSERT_EQ(0, port_create(self->creator, PORT, 1));
		ASSERT_EQ(0, cap_give(self->creator, PORT, RIGHTS_SENDER, self->stranger,
				      SLOT(9)));
		names[i] = (struct capmsg_item){ .address = SLOT(9), .rights = RIGHTS_SENDER };
		sends[i] = (struct capmsg_send){ .to = SERVER, .items = PTR(&names[i]),
			.n_items = 1, .deadline = patience() };
		ASSERT_EQ(0, JOB_START(&jobs[i], self->stranger, send, SEND, &sends[i]));
		ASSERT_TRUE(job_blocked(&jobs[i]));
		ASSERT_EQ(0, obj_destroy(self->creator, PORT));
		ASSERT_EQ(0, cap_clear(self->creator, PORT));
		ASSERT_EQ(0, cap_clear(self->stranger, SLOT(9)));
	}
	EXPECT_EQ(60, query_of(self->creator).out_user_tombstones);
	toll_ = toll(self->creator, self->stranger, 200, keep_in_table);
	EXPECT_BOUNDED(toll_, 200);
	/* What was void arrives void. */
	for (i = 0; i < 60; i++) {
		EXPECT_FALSE(job_done(&jobs[i], 0));
		ASSERT_LE(0, post_any(self->stranger, SERVER, CAPMSG_ADDRESS_VOID, 0, 0,
				      KEPT(4000 + i), 1));
		EXPECT_EQ(0, job_join(&jobs[i]));
		EXPECT_EQ(-ENOENT, cap_type(self->stranger, KEPT(4000 + i)));
	}
}

/* --- reply rights -------------------------------------------------------------------- */

/* Calls, and ends in the middle, again and again; the server keeps the rights. */
static int caller(void *arg)
{
	struct capmsg_call call = call_make(PORT, "?", 1, NULL, 0);
	int fd, file = *(int *)arg, ret;

	if (setresgid(CREATOR, CREATOR, CREATOR) || setresuid(CREATOR, CREATOR, CREATOR))
		return 250;
	fd = space_new();
	if (fd < 0)
		return -fd;
	ret = cap_import(fd, file, PORT);
	return -(ret ?: do_call(fd, &call));
}

TEST_F_TIMEOUT(sweep, reply_rights, 120)
{
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
	unsigned int i;
	int file;

	file = cap_export(self->stranger, SERVER, RIGHTS_SENDER);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, close(self->creator));
	ASSERT_EQ(0, set(MAX_OBJECTS, 24));
	for (i = 0; i < 50; i++) {
		pid_t pid = child_start(caller, &file, file);
		int ret = msg_recv(self->stranger, SERVER, &record, data);

		if (i < 10)
			ret = ret ?: do_move(self->stranger, &(struct capmsg_move){
				.flags = CAPMSG_MOVE_POST, .from = SERVER,
				.post = record.out_post, .seq = record.out_seq,
				.to = KEPT(i) });
		ASSERT_EQ(1000 + SIGKILL, child_kill(pid));
		if (i >= 30)
			ret = ret ?: -ESTALE - msg_reply(self->stranger, SERVER, &record, "!", 1);
		ASSERT_EQ(0, ret) TH_LOG("right %u", i);
	}
	/* Swept or not, the call is over. */
	for (i = 0; i < 10; i++)
		EXPECT_EQ(-ESTALE, do_reply(self->stranger, &(struct capmsg_reply){
			.to = KEPT(i) }));
}

/* --- who may go on ------------------------------------------------------------------- */

/* Less than a quarter is no quarter, but the quota is the creator's all the same. */
TEST_F_TIMEOUT(sweep, living_objects_up_to_the_quota, 120)
{
	struct capmsg_limits limits = { .flags = 0 };
	unsigned int live, i, room;
	__u64 had = query_of(self->creator).out_user_objects;
	int ret = 0;

	ASSERT_EQ(0, cappage_create(self->creator, HOARD, HOARD_BITS));
	room = QUOTA - had - 1;
	for (live = 0; live < room - 50; live++)
		ASSERT_EQ(0, port_create(self->creator, KEPT(live), 1));
	for (i = 0; i < 300 && !ret; i++) {
		ret = port_create(self->creator, PORT, 1);
		ret = ret ?: keep_in_table(self->creator, self->stranger, i);
		ret = ret ?: obj_destroy(self->creator, PORT);
	}
	EXPECT_EQ(0, ret);
	EXPECT_LT(0, query_of(self->creator).out_user_tombstones);
	/* To the last object. */
	for (; live < room; live++)
		ASSERT_EQ(0, port_create(self->creator, KEPT(live), 1));
	EXPECT_EQ(QUOTA, query_of(self->creator).out_user_objects);
	EXPECT_EQ(0, query_of(self->creator).out_user_tombstones);
	/* What was refused first, and found room then, was not refused. */
	ASSERT_EQ(0, do_limits(self->creator, &limits));
	EXPECT_EQ(CAPMSG_LIMIT_NONE, limits.out_limit);
	EXPECT_EQ(-EDQUOT, port_create(self->creator, KEPT(live), 1));
	ASSERT_EQ(0, do_limits(self->creator, &limits));
	EXPECT_EQ(CAPMSG_LIMIT_OBJECTS, limits.out_limit);
}

/* Whatever is created finds the room that strangers would keep. */
static int create_any(int fd, unsigned int nr, void *page)
{
	switch (nr) {
	case CAPMSG_CMD_CREATE_CAPPAGE:
		return cappage_create(fd, SLOT(9), 4);
	case CAPMSG_CMD_CREATE_PORT:
		return port_create(fd, SLOT(9), 1);
	case CAPMSG_CMD_REGISTER:
		return region_create(fd, SLOT(9), page, PAGE);
	case CAPMSG_CMD_EXPORT:
		return cap_export(fd, HOARD, CAPMSG_RIGHTS_ALL);
	case CAPMSG_CMD_CREATE_NOTIFICATION:
		return do_create_notification(fd, &(struct capmsg_create_notification){
			.to = SLOT(9) });
	case CAPMSG_CMD_CREATE_MESSAGE:
		return do_create_message(fd, &(struct capmsg_create_message){ .to = SLOT(9) });
	case CAPMSG_CMD_CREATE_REVOKER:
		return do_create_revoker(fd, &(struct capmsg_create_revoker){
			.from = HOARD, .to = SLOT(9), .revoker = SLOT(10) });
	case CAPMSG_CMD_WATCH:
		return do_watch(fd, &(struct capmsg_watch){ .address = HOARD, .to = SLOT(9),
			.notification = SLOT(8), .bits = 1 });
	case CAPMSG_CMD_CREATE_VIRTUAL:
		return virtual_create(fd, SLOT(9), SLOT(7), 0, 8);
	default:
		return -ENOTTY;
	}
}

/* A tombstone, and no room but that. */
static int bury_one(int creator, int stranger)
{
	int ret = port_create(creator, PORT, 1);

	ret = ret ?: keep_in_table(creator, stranger, 0);
	ret = ret ?: obj_destroy(creator, PORT);
	ret = ret ?: cap_clear(creator, PORT);
	ret = ret ?: port_create(creator, PORT, 1);
	return ret ?: query_of(creator).out_user_objects == QUOTA ? 0 : -ERANGE;
}

TEST_F_TIMEOUT(sweep, every_command_that_creates, 120)
{
	static const unsigned int creates[] = {
		CAPMSG_CMD_CREATE_CAPPAGE, CAPMSG_CMD_CREATE_PORT, CAPMSG_CMD_REGISTER,
		CAPMSG_CMD_EXPORT, CAPMSG_CMD_CREATE_NOTIFICATION, CAPMSG_CMD_CREATE_MESSAGE,
		CAPMSG_CMD_WATCH, CAPMSG_CMD_CREATE_VIRTUAL,
	};
	void *page = memory_new(PAGE, true);
	unsigned int n, live = 0, i;
	__u64 slots[] = { SLOT(9), SLOT(10), PORT };
	int ret;

	ASSERT_EQ(0, cappage_create(self->creator, HOARD, HOARD_BITS));
	ASSERT_EQ(0, do_create_notification(self->creator,
					    &(struct capmsg_create_notification){ .to = SLOT(8) }));
	ASSERT_EQ(0, handler_port(self->creator, SLOT(7), 1));
	/* Full, but for what is destroyed, and the file by which it is given away. */
	while (query_of(self->creator).out_user_objects < QUOTA - 2)
		ASSERT_EQ(0, port_create(self->creator, KEPT(live++), 1));
	for (n = 0; n < sizeof(creates) / sizeof(creates[0]); n++) {
		/* A watch that is destroyed may take a moment. */
		EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
				       query_of(self->creator).out_user_objects == QUOTA - 2));
		ASSERT_EQ(0, bury_one(self->creator, self->stranger));
		ret = create_any(self->creator, creates[n], page);
		EXPECT_LE(0, ret) TH_LOG("command %u", creates[n]);
		EXPECT_EQ(0, query_of(self->creator).out_user_tombstones);
		if (creates[n] == CAPMSG_CMD_EXPORT)
			close(ret);
		for (i = 0; i < 3; i++) {
			obj_destroy(self->creator, slots[i]);
			cap_clear(self->creator, slots[i]);
		}
	}
}

/* Opening a space is creating something, too. */
TEST_F_TIMEOUT(sweep, opening_spaces, 120)
{
	unsigned int i;
	int fd, ret = 0;

	for (i = 0; i < QUOTA && !ret; i++) {
		fd = space_as(CREATOR, 1);
		ret = fd < 0 ? fd : port_create(fd, PORT, 1);
		ret = ret ?: keep_in_table(fd, self->stranger, i);
		if (fd >= 0)
			close(fd);
	}
	EXPECT_EQ(0, ret);
	EXPECT_EQ(QUOTA, i);
}

/* --- the long run -------------------------------------------------------------------- */

#define TABLES		16	/* of 4096 slots, one in SLOT(16 + n) of each stranger */
#define BYSTANDER	1002
#define SAMPLES		20000

/* Slot @n of all the tables of one stranger. */
static __u64 hoarded(unsigned int n)
{
	return CAPMSG_ADDRESS((16ULL + (n >> 12)) << 12 | (n & 4095), 20);
}

struct hoard {
	int strangers[8];
	unsigned int n, tables;		/* tables of each stranger */
	unsigned int used;
};

/* Strangers with so many slots, who cannot pay for more than 200 tables each. */
static int hoard_new(struct hoard *hoard, unsigned int slots)
{
	unsigned int tables = (slots + 4095) / 4096, i, j;
	int ret = 0;

	hoard->used = 0;
	hoard->n = (tables + 199) / 200;
	hoard->tables = (tables + hoard->n - 1) / hoard->n;
	for (i = 0; i < hoard->n; i++) {
		hoard->strangers[i] = space_as(STRANGER + 10 + i, 1);
		if (hoard->strangers[i] < 0)
			return hoard->strangers[i];
		for (j = 0; j < hoard->tables && !ret; j++)
			ret = cappage_create(hoard->strangers[i], SLOT(16 + j), 12);
	}
	return ret;
}

/* The next slot of the next stranger gets what is in the file. */
static int hoard_keep(struct hoard *hoard, int file)
{
	unsigned int n = hoard->used++;

	return cap_import(hoard->strangers[n % hoard->n], file,
			  hoarded(n / hoard->n % (hoard->tables * 4096)));
}

/**
 * struct run - a creator that creates, grants and destroys
 * @ns: all of it took
 * @slowest: CREATE
 * @tombstones: the most that there were
 * @objects: the same, tombstones included
 * @sweeps: how often there were less than before
 * @error: the first
 */
struct run {
	__u64 ns, slowest, tombstones, objects;
	unsigned int sweeps;
	int error;
};

static int one_round(int creator, struct hoard *hoard, struct run *run)
{
	__u64 start = now_ns(), took;
	int ret = port_create(creator, PORT, 1), file;

	took = now_ns() - start;
	if (took > run->slowest)
		run->slowest = took;
	file = ret ? ret : cap_export(creator, PORT, RIGHTS_SENDER);
	if (file < 0)
		return file;
	ret = hoard_keep(hoard, file);
	close(file);
	ret = ret ?: obj_destroy(creator, PORT);
	return ret ?: cap_clear(creator, PORT);
}

static void run(int creator, struct hoard *hoard, unsigned int rounds, struct run *run)
{
	struct capmsg_query query = { .flags = 0 };
	__u64 start = now_ns();
	unsigned int i;

	for (i = 0; i < rounds && !run->error; i++) {
		__u64 before = query.out_user_tombstones;

		run->error = one_round(creator, hoard, run);
		query = query_of(creator);
		run->sweeps += query.out_user_tombstones < before;
		if (query.out_user_tombstones > run->tombstones)
			run->tombstones = query.out_user_tombstones;
		if (query.out_user_objects > run->objects)
			run->objects = query.out_user_objects;
	}
	run->ns = now_ns() - start;
}

/* 99 of 100 short messages to oneself are faster than this. */
static int compare(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static __u64 p99(__u64 *samples, size_t n)
{
	qsort(samples, n, sizeof(*samples), compare);
	return n ? samples[n - 1 - n / 100] : 0;
}

struct bystander {
	pthread_t thread;
	atomic_bool stop;
	int fd, error;
	size_t n;
	__u64 ns[SAMPLES];
};

static void *stand_by(void *data)
{
	struct bystander *b = data;
	char text[CAPMSG_INLINE_MAX];
	struct capmsg_record record;
	__u64 start;

	while (!atomic_load(&b->stop) && !b->error) {
		start = now_ns();
		b->error = msg_try(b->fd, PORT, "here", 4);
		b->error = b->error ?: msg_poll(b->fd, PORT, &record, text);
		/* And what a sweep could meet: a table of its own. */
		b->error = b->error ?: cap_copy(b->fd, PORT, SLOT(9), CAPMSG_RIGHTS_ALL);
		b->error = b->error ?: cap_clear(b->fd, SLOT(9));
		b->ns[b->n++ % SAMPLES] = now_ns() - start;
	}
	return NULL;
}

static __u64 bystander_p99(struct bystander *b)
{
	return p99(b->ns, b->n < SAMPLES ? b->n : SAMPLES);
}

/* As they are by default, or all in small. */
static const struct scale {
	unsigned int max_objects, slots, rounds;
} large = { 65536, 1000000, 1000000 }, small = { 4096, 16384, 3000 };

static __u64 idle_p99(struct bystander *b)
{
	int ret = pthread_create(&b->thread, NULL, stand_by, b);

	sleep_ms(500);
	atomic_store(&b->stop, true);
	ret = ret ? ret : pthread_join(b->thread, NULL);
	atomic_store(&b->stop, false);
	b->error = ret ? -ret : b->error;
	return bystander_p99(b);
}

static long long slab_objects(void)
{
	return file_number("/sys/kernel/slab/capmsg_object/objects", NULL);
}

static long long available(void)
{
	return file_number("/proc/meminfo", "MemAvailable:");
}

TEST_F_TIMEOUT(sweep, long_run, 3600)
{
	const struct scale *scale = getenv("CAPMSG_ROUNDS") ? &large : &small;
	unsigned int rounds = scale == &large ? self->rounds : scale->rounds;
	static struct bystander b;
	long long slab, memory;
	struct hoard hoard;
	struct run r = { .error = 0 };
	__u64 idle;

	ASSERT_EQ(0, set(MAX_OBJECTS, scale->max_objects));
	ASSERT_EQ(0, hoard_new(&hoard, scale->slots));
	b.fd = space_as(BYSTANDER, 2);
	ASSERT_LE(0, b.fd);
	ASSERT_EQ(0, port_create(b.fd, PORT, 4));
	idle = idle_p99(&b);
	ASSERT_EQ(0, b.error);
	b.n = 0;
	slab = slab_objects();
	memory = available();
	ASSERT_EQ(0, pthread_create(&b.thread, NULL, stand_by, &b));
	run(self->creator, &hoard, rounds, &r);
	atomic_store(&b.stop, true);
	pthread_join(b.thread, NULL);
	EXPECT_EQ(0, r.error);
	EXPECT_EQ(0, b.error);
	TH_LOG("%u objects, %u slots: %llu ns each; %u sweeps, the slowest CREATE %llu us",
	       rounds, scale->slots, r.ns / rounds, r.sweeps, r.slowest / 1000);
	TH_LOG("at most %llu objects and %llu tombstones of %u", r.objects, r.tombstones,
	       scale->max_objects);
	TH_LOG("a bystander's p99: %llu ns, before %llu ns", bystander_p99(&b), idle);
	EXPECT_LE(2, r.sweeps);
	EXPECT_GE(scale->max_objects / 4 + 1, r.tombstones);
	EXPECT_GE(scale->max_objects / 4 + 32, r.objects);
	/* Freed after a grace period; and slabs are not full. */
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       slab_objects() < slab + scale->max_objects / 4 + 4096));
	TH_LOG("%lld objects in the slab cache, before %lld; %lld KiB less are free",
	       slab_objects(), slab, memory - available());
}

TEST_HARNESS_MAIN
