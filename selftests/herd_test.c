// SPDX-License-Identifier: GPL-2.0-only
/*
 * herd_test.c - ten thousand clients wait for one handler that answers nobody. It is
 * killed, and all of them go on.
 *
 * Within a second: on a machine that has nothing else to do, and of three tries the
 * best, as the host may have. If it is slower all the time it is seen how long as many
 * threads take that wait for a plain pipe: a few times that is what they may take then.
 * Not where each instruction is watched.
 */
#include "kselftest_harness.h"
#include "handler.h"

#define MAX_BYTES	"/sys/module/capmsg/parameters/max_bytes"
#define FRAMES		250	/* of each space: as many clients */
#define SPACES		40
#define SPACES_DEBUG	4	/* an instrumented kernel has less room */
#define POSTS		4	/* of the handler */
#define TRIES		3
#define LIMIT_NS	1000000000ULL
#define TIMES		5	/* what a plain pipe takes */
/* In the handler's space. */
#define HANDLER		SLOT(1)
#define VIRTUAL		SLOT(2)
/* In those of the clients. */
#define TABLE		SLOT(3)

struct client {
	pthread_t thread;
	int fd;
	__u64 address;
	int ret;
	__u64 end;
};

FIXTURE(herd) {
	int player;
	int ready[2];
	long long bytes;
	unsigned int n_spaces, n;
	int spaces[SPACES];
	struct client *clients;
};

FIXTURE_SETUP(herd)
{
	self->bytes = file_number(MAX_BYTES, NULL);
	ASSERT_LT(0, self->bytes);
	ASSERT_EQ(0, file_write(MAX_BYTES, "4294967296"));
	ASSERT_EQ(0, pipe(self->ready));
	self->n_spaces = instrumented() ? SPACES_DEBUG : SPACES;
	self->clients = calloc(SPACES * FRAMES, sizeof(*self->clients));
	ASSERT_NE(NULL, self->clients);
}

FIXTURE_TEARDOWN(herd)
{
	char text[24];

	CAPMSG_TEARDOWN();
	snprintf(text, sizeof(text), "%lld", self->bytes);
	EXPECT_EQ(0, file_write(MAX_BYTES, text));
}

#define scene FIXTURE_DATA(herd)

/* Upcalls in line at the handler's port. */
static unsigned int waiting(scene *self)
{
	struct capmsg_stat stat;

	return cap_stat(self->player, HANDLER, &stat) ? 0 : stat.out_senders;
}

/* Receives what it has room for, and says when all others are in line. */
static int play_dead(void *data)
{
	scene *self = data;
	struct upcall up;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < POSTS && !ret; i++)
		ret = upcall_recv(self->player, HANDLER, &up);
	if (ret)
		return ret;
	if (!WAIT_UNTIL(120000, waiting(self) == self->n - POSTS))
		return ETIME;
	if (write(self->ready[1], "", 1) != 1)
		return EIO;
	pause();
	return 0;
}

static int space_of_clients(scene *self, unsigned int i)
{
	struct capmsg_setup setup = { .frames = FRAMES, .root_bits = 8, .plain_max = PAGE };
	int fd = space_open(), ret;

	if (fd < 0)
		return fd;
	self->spaces[i] = fd;
	ret = do_setup(fd, &setup);
	return ret ?: cap_give(self->player, VIRTUAL, CAPMSG_RIGHTS_ALL, fd, TABLE);
}

static int scene_new(scene *self)
{
	unsigned int i;
	int ret;

	self->player = space_new();
	if (self->player < 0)
		return self->player;
	ret = handler_port(self->player, HANDLER, POSTS) ?:
	      virtual_create(self->player, VIRTUAL, HANDLER, 0, 8);
	for (i = 0; i < self->n_spaces && !ret; i++)
		ret = space_of_clients(self, i);
	return ret;
}

/* The handler, with nothing but its own space. */
static pid_t handler_new(scene *self)
{
	unsigned int i;
	pid_t pid;

	self->n = self->n_spaces * FRAMES;
	pid = fork();
	if (pid)
		return pid;
	for (i = 0; i < self->n_spaces; i++)
		close(self->spaces[i]);
	_exit(play_dead(self));
}

/* Clients that have gone on; they exit when all have: that takes time of its own. */
static atomic_uint gone_on;
static pthread_mutex_t exits = PTHREAD_MUTEX_INITIALIZER;

static void *go_on(struct client *client, int ret)
{
	client->ret = ret;
	client->end = now_ns();
	atomic_fetch_add(&gone_on, 1);
	pthread_mutex_lock(&exits);
	pthread_mutex_unlock(&exits);
	return NULL;
}

static void *client(void *data)
{
	struct client *client = data;
	struct capmsg_stat stat = { .address = client->address };

	return go_on(client, do_stat(client->fd, &stat));
}

static int clients_start(scene *self, void *(*fn)(void *client))
{
	pthread_attr_t attr;
	unsigned int i;
	int ret = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32 * KIB);
	for (i = 0; i < self->n && !ret; i++) {
		self->clients[i] = (struct client){ .fd = self->spaces[i / FRAMES],
			.address = SLOT2(3, i % FRAMES) };
		ret = pthread_create(&self->clients[i].thread, &attr, fn,
				     &self->clients[i]);
	}
	pthread_attr_destroy(&attr);
	return -ret;
}

/* All have gone on, with that result: when the last one has, or ~0. */
static __u64 clients_end(scene *self, int result)
{
	bool all = WAIT_UNTIL(60000, atomic_load(&gone_on) == self->n);
	unsigned int i;
	__u64 end = 0;

	pthread_mutex_unlock(&exits);
	for (i = 0; i < self->n; i++) {
		pthread_join(self->clients[i].thread, NULL);
		all = all && self->clients[i].ret == result;
		if (self->clients[i].end > end)
			end = self->clients[i].end;
	}
	return all ? end : ~0ULL;
}

/* Gathers them, kills the handler, and says how long it took in ns. */
static __u64 stampede(struct __test_metadata *_metadata, scene *self)
{
	struct capmsg_query before, meanwhile;
	unsigned int i;
	__u64 start, end;
	char byte;
	pid_t pid;

	atomic_store(&gone_on, 0);
	ASSERT_EQ(0, scene_new(self));
	pid = handler_new(self);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, close(self->player));
	before = query_of(self->spaces[0]);
	pthread_mutex_lock(&exits);
	ASSERT_EQ(0, clients_start(self, client));
	ASSERT_EQ(1, read(self->ready[0], &byte, 1));
	/* To wait takes nothing that was not there before. */
	meanwhile = query_of(self->spaces[0]);
	EXPECT_EQ(before.out_user_objects, meanwhile.out_user_objects);
	EXPECT_EQ(before.out_user_bytes, meanwhile.out_user_bytes);
	EXPECT_EQ(self->n, meanwhile.out_total_frames_busy);
	sleep_ms(500);
	start = now_ns();
	ASSERT_EQ(0, kill(pid, SIGKILL));
	end = clients_end(self, -ENOENT);
	EXPECT_NE(~0ULL, end);
	EXPECT_EQ(1000 + SIGKILL, child_wait(pid, CAPMSG_PATIENCE_MS));
	EXPECT_EQ(0, query_of(self->spaces[0]).out_total_frames_busy);
	for (i = 0; i < self->n_spaces; i++)
		close(self->spaces[i]);
	TH_LOG("%u clients went on after %llu ms", self->n, (end - start) / 1000000);
	return end - start;
}

static int plain_pipe[2];
static atomic_uint begun;

static void *reader(void *data)
{
	char byte;

	atomic_fetch_add(&begun, 1);
	return go_on(data, read(plain_pipe[0], &byte, 1));
}

/* The same with as many threads that wait for a pipe, which is closed. */
static __u64 yardstick(struct __test_metadata *_metadata, scene *self)
{
	__u64 start, end;

	atomic_store(&gone_on, 0);
	ASSERT_EQ(0, pipe(plain_pipe));
	pthread_mutex_lock(&exits);
	ASSERT_EQ(0, clients_start(self, reader));
	ASSERT_TRUE(WAIT_UNTIL(60000, atomic_load(&begun) == self->n));
	sleep_ms(500);
	start = now_ns();
	close(plain_pipe[1]);
	end = clients_end(self, 0);
	EXPECT_NE(~0ULL, end);
	TH_LOG("%u readers of a pipe after %llu ms", self->n, (end - start) / 1000000);
	return end - start;
}

TEST_F_TIMEOUT(herd, goes_on_when_its_handler_is_killed, 230)
{
	__u64 best = stampede(_metadata, self), ns;
	unsigned int tries;

	if (self->n_spaces == SPACES_DEBUG)
		return;
	for (tries = 1; tries < TRIES && best > LIMIT_NS; tries++) {
		ns = stampede(_metadata, self);
		best = ns < best ? ns : best;
	}
	if (best > LIMIT_NS)
		EXPECT_GE(TIMES * yardstick(_metadata, self), best);
}

TEST_HARNESS_MAIN
