// SPDX-License-Identifier: GPL-2.0-only
/*
 * limit_test.c - who pays: quotas of objects and bytes per user, user
 * namespaces, memory cgroups, and very many objects.
 */
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define MAX_OBJECTS	"/sys/module/capmsg/parameters/max_objects"
#define MAX_BYTES	"/sys/module/capmsg/parameters/max_bytes"
#define GROUP		"/sys/fs/cgroup/capmsg-test"
#define PORT		SLOT(1)
#define TABLE		SLOT(2)

FIXTURE(limit) {
	long long max_objects, max_bytes;
};

FIXTURE_SETUP(limit)
{
	self->max_objects = file_number(MAX_OBJECTS, NULL);
	self->max_bytes = file_number(MAX_BYTES, NULL);
	ASSERT_LT(0, self->max_objects);
	ASSERT_LT(0, self->max_bytes);
}

static int set(const char *path, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	return file_write(path, text);
}

FIXTURE_TEARDOWN(limit)
{
	EXPECT_EQ(0, set(MAX_OBJECTS, self->max_objects));
	EXPECT_EQ(0, set(MAX_BYTES, self->max_bytes));
	CAPMSG_TEARDOWN();
}

/* Creates ports in a table until one fails; how many, and why in @error. */
static unsigned int fill(int fd, unsigned int depth, unsigned int most, int *error)
{
	unsigned int n;

	*error = cappage_create(fd, TABLE, 12);
	for (n = 0; n < most && !*error; n++)
		*error = port_create(fd, CAPMSG_ADDRESS(2ULL << 12 | n, 20), depth);
	return *error ? n - (n > 0) : n;
}

/* @fn as user 1000 succeeds twice: all that it was charged is given back, soon. */
static int twice(int (*fn)(void *))
{
	int first = child_as(1000, fn, NULL), second = first;

	if (!first)
		WAIT_UNTIL(CAPMSG_PATIENCE_MS, (second = child_as(1000, fn, NULL)) != EDQUOT);
	return second;
}

/* --- quotas ------------------------------------------------------------------------ */

/* Space 3 of its own user fills its quota, and recovers when it gives back. */
static int fill_objects(void *unused)
{
	int fd = space_new(), error;
	unsigned int n;
	__u64 before;

	if (fd < 0)
		return -fd;
	before = query_of(fd).out_user_objects;
	n = fill(fd, 1, 4000, &error);
	if (error != -EDQUOT)
		return 240;
	if (query_of(fd).out_user_objects > query_of(fd).out_user_objects_max)
		return 241;
	if (query_of(fd).out_user_objects != before + 1 + n || n < 50)
		return 242;
	if (cappage_create(fd, SLOT(9), 4) != -EDQUOT)
		return 243;
	/* Copies are no objects, and what exists goes on working. */
	if (cap_copy(fd, CAPMSG_ADDRESS(2 << 12, 20), PORT, CAPMSG_RIGHTS_ALL) ||
	    msg_try(fd, PORT, "works", 5))
		return 244;
	if (obj_destroy(fd, PORT) || cap_clear(fd, CAPMSG_ADDRESS(2 << 12, 20)) ||
	    cap_clear(fd, PORT))
		return 245;
	if (!WAIT_UNTIL(CAPMSG_PATIENCE_MS, port_create(fd, PORT, 1) == 0))
		return 246;
	/* A second space of the same user has no quota of its own. */
	return space_new() == -EDQUOT ? 0 : 247;
}

TEST_F(limit, objects)
{
	ASSERT_EQ(0, set(MAX_OBJECTS, 100));
	EXPECT_EQ(0, twice(fill_objects));
}

static int fill_bytes(void *unused)
{
	int fd = space_new(), error;
	unsigned int n;
	__u64 before;

	if (fd < 0)
		return -fd;
	before = query_of(fd).out_user_bytes;
	n = fill(fd, 64, 4000, &error);
	if (error != -EDQUOT)
		return 240;
	if (query_of(fd).out_user_bytes > query_of(fd).out_user_bytes_max || n < 3)
		return 241;
	/* Each post has room for a short message. */
	if (query_of(fd).out_user_bytes < before + n * 64 * CAPMSG_INLINE_MAX)
		return 242;
	return port_create(fd, SLOT(9), CAPMSG_DEPTH_MAX) == -EDQUOT ? 0 : 243;
}

TEST_F(limit, bytes)
{
	ASSERT_EQ(0, set(MAX_BYTES, 1 << 20));
	EXPECT_EQ(0, twice(fill_bytes));
}

static int setup_large(void *unused)
{
	struct capmsg_setup setup = { .frames = 256, .root_bits = 12,
		.plain_max = CAPMSG_PLAIN_MAX };
	int fd = space_open();

	if (fd < 0)
		return -fd;
	if (do_setup(fd, &setup) != -EDQUOT)
		return 240;
	/* A failure has changed nothing. */
	return -do_setup(fd, &(struct capmsg_setup){ .frames = 1, .root_bits = 4 });
}

TEST_F(limit, setup_too_large)
{
	ASSERT_EQ(0, set(MAX_BYTES, 256 << 10));
	EXPECT_EQ(0, child_as(1000, setup_large, NULL));
}

/* Exports are charged as well. */
/* How many exports there can be; they stay open. */
static int exports_until_full(int fd)
{
	int n, file = 0;

	for (n = 0; n < 500; n++) {
		file = cap_export(fd, PORT, CAPMSG_RIGHTS_ALL);
		if (file < 0)
			break;
	}
	return file == -EDQUOT ? n : -1;
}

/* As many again when they are closed: what they were charged is given back. */
static int fill_exports(void *unused)
{
	int fd = space_new(), n;

	if (fd < 0 || port_create(fd, PORT, 1))
		return 240;
	n = exports_until_full(fd);
	if (n < 10)
		return 241;
	/* They have the numbers that follow; others may be of the veil. */
	close_range(fd + 1, fd + n, 0);
	return exports_until_full(fd) == n ? 0 : 242;
}

TEST_F(limit, exports)
{
	ASSERT_EQ(0, set(MAX_OBJECTS, 100));
	EXPECT_EQ(0, child_as(1000, fill_exports, NULL));
}

/* What was destroyed is no obstacle to anything, although slots name it still. */
static int create_for_ever(void *unused)
{
	int fd = space_new(), ret = fd < 0 ? fd : note_create(fd, SLOT(9));
	unsigned int n;

	for (n = 16; !ret && n < 116; n++)
		ret = note_create(fd, SLOT(n)) ?: obj_destroy(fd, SLOT(n));
	for (; !ret && n < 216; n++)
		ret = watch_create(fd, SLOT(9), SLOT(n), SLOT(9), 1) ?:
		      obj_destroy(fd, SLOT(n));
	return -ret;
}

TEST_F(limit, tombstones)
{
	ASSERT_EQ(0, set(MAX_OBJECTS, 60));
	EXPECT_EQ(0, child_as(1000, create_for_ever, NULL));
}

/* --- users ------------------------------------------------------------------------- */

/* Fills its user's quota, says so, and stays. */
static int full_for_ever(int ready)
{
	int fd = space_new(), error;

	fill(fd, 1, 4000, &error);
	if (error == -EDQUOT && write(ready, "x", 1) == 1)
		pause();
	return 240;
}

static int alice_full(void *ready)
{
	if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
		return 250;
	return full_for_ever(*(int *)ready);
}

/* Starts @fn, which fills a quota; its pid when it has. */
static pid_t start_full(int (*fn)(void *ready))
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -errno;
	pid = child_start(fn, &ready[1], ready[1]);
	close(ready[1]);
	return read(ready[0], &byte, 1) == 1 ? pid : -EIO;
}

static int works(void *unused)
{
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_record record;
	int fd = space_new(), ret;

	ret = fd < 0 ? fd : port_create(fd, PORT, 4);
	ret = ret ?: cappage_create(fd, TABLE, 8);
	ret = ret ?: msg_send(fd, PORT, "hello", 5);
	return ret ?: msg_recv(fd, PORT, &record, data);
}

/* A hostile user exhausts its own quota only. */
TEST_F(limit, other_users)
{
	pid_t pid;

	ASSERT_EQ(0, set(MAX_OBJECTS, 100));
	pid = start_full(alice_full);
	ASSERT_LT(0, pid);
	EXPECT_EQ(EDQUOT, child_as(1000, works, NULL));
	EXPECT_EQ(0, child_as(1001, works, NULL));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, child_as(1000, works, NULL) == 0));
}

/* In a user namespace of its own the user is root, and pays all the same. */
static int more_by_namespace(void *unused)
{
	int fd = space_new(), inner, error;
	unsigned int n, m;

	if (fd < 0)
		return -fd;
	n = fill(fd, 1, 60, &error);
	if (error || n != 60)
		return 240;
	if (namespace_enter(1000))
		return 241;
	inner = space_new();
	if (inner < 0)
		return -inner;
	m = fill(inner, 1, 4000, &error);
	if (error != -EDQUOT)
		return 243;
	if (n + m > 100 || m < 5)
		return 244;
	/* Root of a namespace is told no totals. */
	return query_of(inner).out_total_live[0] ? 245 : 0;
}

TEST_F(limit, user_namespaces)
{
	ASSERT_EQ(0, set(MAX_OBJECTS, 100));
	EXPECT_EQ(0, twice(more_by_namespace));
}

/* Each user of a namespace pays for itself, and its owner for all of them. */
static int inner_root_full(void *ready)
{
	if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000) || namespace_enter(1000))
		return 250;
	return full_for_ever(*(int *)ready);
}

TEST_F(limit, namespace_owner_pays)
{
	pid_t pid;

	ASSERT_EQ(0, set(MAX_OBJECTS, 100));
	pid = start_full(inner_root_full);
	ASSERT_LT(0, pid);
	EXPECT_EQ(EDQUOT, child_as(1000, works, NULL));
	EXPECT_EQ(0, child_as(1001, works, NULL));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
}

/* --- memory cgroups ------------------------------------------------------------------- */

static int fill_group(void *unused)
{
	int fd, error = 0;
	unsigned int n, tables;

	if (file_write(GROUP "/cgroup.procs", "0"))
		return 240;
	fd = space_new();
	if (fd < 0)
		return -fd;
	for (tables = 0; tables < 20 && !error; tables++) {
		error = cappage_create(fd, SLOT(0x80 + tables), 12);
		for (n = 0; n < 4096 && !error; n++)
			error = port_create(fd, CAPMSG_ADDRESS((0x80ULL + tables) << 12 | n, 20),
					    64);
	}
	/* ENOMEM, and the process is alive to tell. */
	return -error;
}

TEST_F_TIMEOUT(limit, memory_cgroup, 90)
{
	ASSERT_EQ(0, set(MAX_BYTES, 1LL << 40));
	ASSERT_EQ(0, set(MAX_OBJECTS, 1 << 20));
	ASSERT_TRUE(!mkdir(GROUP, 0755) || errno == EEXIST);
	ASSERT_EQ(0, file_write(GROUP "/memory.max", "8M"));
	file_write(GROUP "/memory.swap.max", "0");
	EXPECT_EQ(ENOMEM, child_wait(child_start(fill_group, NULL, KEEP_NONE), 60000));
	EXPECT_EQ(0, file_number(GROUP "/memory.events", "oom_kill "));
	EXPECT_EQ(NULL, capmsg_leaks());
	/* What was charged is given back. */
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       file_number(GROUP "/memory.current", NULL) < 1 << 20))
		TH_LOG("%lld bytes", file_number(GROUP "/memory.current", NULL));
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, rmdir(GROUP) == 0));
}

/* --- very many --------------------------------------------------------------------------- */

TEST_F_TIMEOUT(limit, hundred_thousand_capabilities, 60)
{
	unsigned int tables, n, error = 0;
	int fd = space_new();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, port_marked(fd, PORT, 9));
	for (tables = 0; tables < 25; tables++) {
		ASSERT_EQ(0, cappage_create(fd, SLOT(0x80 + tables), 12));
		for (n = 0; n < 4096 && !error; n++)
			error = cap_copy(fd, PORT, CAPMSG_ADDRESS((0x80ULL + tables) << 12 | n, 20),
					 CAPMSG_RIGHT_SEND);
		ASSERT_EQ(0, error);
	}
	EXPECT_EQ(9, cap_mark(fd, CAPMSG_ADDRESS(0x97ULL << 12 | 4095, 20)));
	/* All of them at once. */
	ASSERT_EQ(0, obj_destroy(fd, PORT));
	EXPECT_EQ(-ENOENT, cap_mark(fd, CAPMSG_ADDRESS(0x80ULL << 12, 20)));
	EXPECT_EQ(-ENOENT, cap_mark(fd, CAPMSG_ADDRESS(0x97ULL << 12 | 4095, 20)));
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(NULL, capmsg_leaks());
}

/* Many objects, whose space is closed without any clearing first. */
TEST_F_TIMEOUT(limit, many_ports, 60)
{
	int fd = space_new(), error;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, set(MAX_BYTES, 1LL << 40));
	EXPECT_EQ(4096, fill(fd, 1, 4096, &error));
	EXPECT_EQ(0, error);
	EXPECT_EQ(4096, query_of(fd).out_total_live[CAPMSG_TYPE_PORT]);
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(NULL, capmsg_leaks());
}

TEST_HARNESS_MAIN
