// SPDX-License-Identifier: GPL-2.0-only
/*
 * watch_test.c - WATCH: death notices of every kind of object, and when they must
 * not come.
 */
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define NOTE	SLOT(1)
#define COPY	SLOT(2)
#define PORT	SLOT(3)
#define WATCH	SLOT(4)
#define TABLE	SLOT(5)
#define REGION	SLOT(6)
#define MESSAGE	SLOT(7)
#define OTHER	SLOT(8)
#define VOID	SLOT(0x10)
#define ALL	(~0ULL)
#define GROUP	"/sys/fs/cgroup/capmsg-watch"

FIXTURE(watch) {
	int fd;
	int other;
	char *memory;
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

FIXTURE_SETUP(watch)
{
	self->fd = space_new();
	self->other = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->other);
	self->memory = memory_new(PAGE, true);
	ASSERT_EQ(0, note_create(self->fd, NOTE));
	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
}

FIXTURE_TEARDOWN(watch)
{
	CAPMSG_TEARDOWN();
}

static __u64 live(int fd, unsigned int type)
{
	struct capmsg_query query = { .flags = 0 };

	return do_query(fd, &query) ? ALL : query.out_total_live[type];
}

/* --- errors ----------------------------------------------------------------- */

TEST_F(watch, errors)
{
	struct capmsg_watch flags = { .flags = 1, .address = PORT, .notification = NOTE,
		.bits = 1 };

	EXPECT_EQ(-EOPNOTSUPP, do_watch(self->fd, &flags));
	EXPECT_EQ(-EINVAL, watch_create(self->fd, PORT, VOID, NOTE, 0));
	EXPECT_EQ(-EINVAL, watch_create(self->fd, PORT, VOID, PORT, 1));
	EXPECT_EQ(-ENOENT, watch_create(self->fd, PORT, VOID, CAPMSG_ADDRESS_VOID, 1));
	EXPECT_EQ(-ENOENT, watch_create(self->fd, PORT, VOID, COPY, 1));
	EXPECT_EQ(-ENOENT, watch_create(self->fd, VOID, WATCH, NOTE, 1));
	EXPECT_EQ(-ENOENT, watch_create(self->fd, CAPMSG_ADDRESS_VOID, VOID, NOTE, 1));
	EXPECT_EQ(-ENOENT, watch_create(self->fd, PORT, SLOT2(0x20, 1), NOTE, 1));
	EXPECT_EQ(-EEXIST, watch_create(self->fd, PORT, PORT, NOTE, 1));
	ASSERT_EQ(0, cap_copy(self->fd, NOTE, COPY, CAPMSG_RIGHT_RECV));
	EXPECT_EQ(-EACCES, watch_create(self->fd, PORT, VOID, COPY, 1));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 4));
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, OTHER, CAPMSG_RIGHT_READ));
	EXPECT_EQ(-EACCES, watch_create(self->fd, PORT, CAPMSG_ADDRESS(0x80, 12), NOTE, 1));
	ASSERT_LE(0, post_any(self->fd, PORT, 0, 0, 0, VOID, 1));
	EXPECT_EQ(-EBUSY, watch_create(self->fd, PORT, VOID, NOTE, 1));
	EXPECT_EQ(0, live(self->fd, CAPMSG_TYPE_WATCH));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(-ENOENT, watch_create(self->fd, PORT, WATCH, NOTE, 1));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
}

/* What cannot be watched: reply rights and watches. */
TEST_F(watch, wrong_types)
{
	char reply[8];
	struct capmsg_call call = call_make(PORT, "", 0, reply, sizeof(reply));
	struct capmsg_move move = { .flags = CAPMSG_MOVE_POST, .from = PORT, .to = COPY };
	struct job job;

	ASSERT_EQ(0, watch_create(self->fd, PORT, WATCH, NOTE, 1));
	EXPECT_EQ(-EINVAL, watch_create(self->fd, WATCH, VOID, NOTE, 2));
	ASSERT_EQ(0, JOB_START(&job, self->fd, call, CALL, &call));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &self->record, self->data));
	move.post = self->record.out_post;
	move.seq = self->record.out_seq;
	ASSERT_EQ(0, do_move(self->fd, &move));
	EXPECT_EQ(-EINVAL, watch_create(self->fd, COPY, VOID, NOTE, 2));
	ASSERT_EQ(0, cap_clear(self->fd, COPY));
	EXPECT_EQ(-EPIPE, job_join(&job));
}

TEST_F(watch, rights)
{
	ASSERT_EQ(0, watch_create(self->fd, PORT, WATCH, NOTE, 1));
	EXPECT_EQ(CAPMSG_TYPE_WATCH, cap_type(self->fd, WATCH));
	EXPECT_EQ(CAPMSG_RIGHT_DESTROY, cap_rights(self->fd, WATCH));
	EXPECT_EQ(-EINVAL, note_signal(self->fd, WATCH, 1));
	/* No right to what is watched is needed, nor to the table that it is in. */
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, SLOT2(5, 1), 0));
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, OTHER, 0));
	EXPECT_EQ(-EACCES, cap_type(self->fd, SLOT2(8, 1)));
	ASSERT_EQ(0, watch_create(self->fd, SLOT2(8, 1), 0, NOTE, 2));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(3, note_take(self->fd, NOTE, ALL));
}

/* --- what dies ---------------------------------------------------------------- */

/* Once, and then the watch is over. */
TEST_F(watch, destroy)
{
	ASSERT_EQ(0, watch_create(self->fd, PORT, WATCH, NOTE, 6));
	ASSERT_EQ(0, cap_copy(self->fd, WATCH, COPY, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
	EXPECT_EQ(1, live(self->fd, CAPMSG_TYPE_WATCH));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(6, note_take(self->fd, NOTE, ALL));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, WATCH));
	EXPECT_EQ(-ENOENT, obj_destroy(self->fd, COPY));
	EXPECT_EQ(0, live(self->fd, CAPMSG_TYPE_WATCH));
	ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
}

TEST_F(watch, every_type)
{
	const __u64 slots[] = { TABLE, PORT, REGION, COPY, MESSAGE };
	unsigned int i;

	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->memory, PAGE));
	ASSERT_EQ(0, note_create(self->fd, COPY));
	ASSERT_EQ(0, do_create_message(self->fd, &(struct capmsg_create_message){
		.to = MESSAGE }));
	for (i = 0; i < ARRAY_SIZE(slots); i++)
		ASSERT_EQ(0, watch_create(self->fd, slots[i], 0, NOTE, 1ULL << i));
	EXPECT_EQ(ARRAY_SIZE(slots), live(self->fd, CAPMSG_TYPE_WATCH));
	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
		ASSERT_EQ(0, obj_destroy(self->fd, slots[i]));
		EXPECT_EQ(1ULL << i, note_take(self->fd, NOTE, ALL));
	}
	EXPECT_EQ(0, live(self->fd, CAPMSG_TYPE_WATCH));
}

/* A watch is no use of a region. */
TEST_F(watch, unregister)
{
	ASSERT_EQ(0, region_create(self->fd, REGION, self->memory, PAGE));
	ASSERT_EQ(0, watch_create(self->fd, REGION, 0, NOTE, 1));
	ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, PAGE, 0, 0));
	EXPECT_EQ(-EBUSY, region_unregister(self->fd, REGION));
	ASSERT_EQ(0, post_take(self->fd, PORT, 0));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
	EXPECT_EQ(0, region_unregister(self->fd, REGION));
	EXPECT_EQ(1, note_take(self->fd, NOTE, ALL));
}

/* Only death counts: no slot that is cleared, no capability that is moved. */
TEST_F(watch, capability_goes)
{
	ASSERT_EQ(0, cap_copy(self->fd, PORT, COPY, 0));
	ASSERT_EQ(0, watch_create(self->fd, COPY, 0, NOTE, 1));
	ASSERT_EQ(0, cap_move(self->fd, COPY, OTHER));
	ASSERT_EQ(0, cap_clear(self->fd, OTHER));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(1, note_take(self->fd, NOTE, ALL));
}

/* One object, many watches, one notification. */
TEST_F(watch, many)
{
	unsigned int i;

	for (i = 0; i < 64; i++)
		ASSERT_EQ(0, watch_create(self->fd, PORT, SLOT(0x40 + i), NOTE, 1ULL << i));
	for (i = 0; i < 64; i += 2)
		ASSERT_EQ(0, obj_destroy(self->fd, SLOT(0x40 + i)));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(0xaaaaaaaaaaaaaaaa, note_take(self->fd, NOTE, ALL));
	EXPECT_EQ(0, live(self->fd, CAPMSG_TYPE_WATCH));
}

TEST_F(watch, badge)
{
	ASSERT_EQ(0, cap_badge(self->fd, NOTE, COPY, 0x70));
	EXPECT_EQ(-EINVAL, watch_create(self->fd, PORT, WATCH, COPY, 0x70));
	ASSERT_EQ(0, watch_create(self->fd, PORT, WATCH, COPY, 0));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(0x70, note_take(self->fd, NOTE, ALL));
}

static int interpose(int fd, __u64 from, __u64 to, __u64 revoker)
{
	return do_create_revoker(fd, &(struct capmsg_create_revoker){ .from = from, .to = to,
		.revoker = revoker });
}

static int revoke_now(int fd, __u64 revoker)
{
	return do_revoke(fd, &(struct capmsg_revoke){ .revoker = revoker });
}

/* What is watched is the capability: it ends with any revoker that it came through. */
TEST_F(watch, revoked)
{
	const __u64 near = SLOT(0x21), far = SLOT(0x22), nearer = SLOT(0x23);

	ASSERT_EQ(0, interpose(self->fd, PORT, COPY, far));
	ASSERT_EQ(0, interpose(self->fd, COPY, OTHER, near));
	ASSERT_EQ(0, interpose(self->fd, COPY, TABLE, nearer));
	ASSERT_EQ(0, watch_create(self->fd, PORT, 0, NOTE, 1));
	ASSERT_EQ(0, watch_create(self->fd, COPY, 0, NOTE, 2));
	ASSERT_EQ(0, watch_create(self->fd, OTHER, 0, NOTE, 4));
	ASSERT_EQ(0, watch_create(self->fd, TABLE, 0, NOTE, 8));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
	ASSERT_EQ(0, revoke_now(self->fd, near));
	EXPECT_EQ(4, note_take(self->fd, NOTE, ALL));
	ASSERT_EQ(0, revoke_now(self->fd, far));
	EXPECT_EQ(2 | 8, note_take(self->fd, NOTE, ALL));
	EXPECT_EQ(1, live(self->fd, CAPMSG_TYPE_WATCH));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(1, note_take(self->fd, NOTE, ALL));
}

/* --- what must not come --------------------------------------------------------- */

/* Destroying the watch takes the request back. */
TEST_F(watch, destroyed_first)
{
	ASSERT_EQ(0, watch_create(self->fd, PORT, WATCH, NOTE, 1));
	ASSERT_EQ(0, obj_destroy(self->fd, WATCH));
	EXPECT_EQ(0, live(self->fd, CAPMSG_TYPE_WATCH));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
}

/* A notice to nobody; and a notification that tells its own end, to nobody. */
TEST_F(watch, notification_gone)
{
	ASSERT_EQ(0, note_create(self->fd, COPY));
	ASSERT_EQ(0, watch_create(self->fd, COPY, WATCH, COPY, 1));
	ASSERT_EQ(0, watch_create(self->fd, PORT, OTHER, COPY, 1));
	ASSERT_EQ(0, obj_destroy(self->fd, COPY));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, WATCH));
	EXPECT_EQ(CAPMSG_TYPE_WATCH, cap_type(self->fd, OTHER));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, OTHER));
}

/* The space that watches closes first. */
TEST_F(watch, watcher_closes)
{
	ASSERT_EQ(0, cap_give(self->fd, PORT, 0, self->other, PORT));
	ASSERT_EQ(0, cap_give(self->fd, NOTE, CAPMSG_RIGHT_SEND, self->other, NOTE));
	ASSERT_EQ(0, watch_create(self->other, PORT, 0, NOTE, 1));
	ASSERT_EQ(0, watch_create(self->other, PORT, WATCH, NOTE, 2));
	EXPECT_EQ(2, live(self->fd, CAPMSG_TYPE_WATCH));
	close(self->other);
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, live(self->fd, CAPMSG_TYPE_WATCH) == 0));
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
}

/* A watch is charged as long as it lives. */
TEST_F(watch, account)
{
	struct capmsg_query before = { .flags = 0 }, after = { .flags = 0 };

	ASSERT_EQ(0, do_query(self->fd, &before));
	ASSERT_EQ(0, watch_create(self->fd, PORT, 0, NOTE, 1));
	ASSERT_EQ(0, do_query(self->fd, &after));
	EXPECT_EQ(before.out_user_objects + 1, after.out_user_objects);
	EXPECT_LT(before.out_user_bytes, after.out_user_bytes);
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, do_query(self->fd, &after) == 0 &&
			       after.out_user_objects == before.out_user_objects));
}

/* --- other spaces --------------------------------------------------------------- */

struct owner {
	int to;
	int (*then)(int fd);
};

/* A space with objects in it, that gives one away, and then does something. */
static int owner(void *arg)
{
	const struct owner *owner = arg;
	int fd = space_new();

	if (fd < 0 || port_create(fd, PORT, 4) || cappage_create(fd, TABLE, 12))
		return 1;
	if (cap_give(fd, TABLE, 0, owner->to, TABLE) ||
	    cap_give(fd, PORT, 0, owner->to, COPY))
		return 2;
	return owner->then(fd);
}

static int then_wait(int fd)
{
	pause();
	return 3;
}

TEST_F(watch, owner_killed)
{
	struct owner arg = { .to = self->fd, .then = then_wait };
	pid_t pid = child_start(owner, &arg, self->fd);

	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       cap_type(self->fd, COPY) == CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, watch_create(self->fd, COPY, 0, NOTE, 1));
	ASSERT_EQ(0, watch_create(self->fd, TABLE, 0, NOTE, 2));
	EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
	child_kill(pid);
	EXPECT_EQ(1, note_wait(self->fd, NOTE, 1));
	EXPECT_EQ(2, note_wait(self->fd, NOTE, 2));
}

static int then_leave(int fd)
{
	return 0;
}

TEST_F_TIMEOUT(watch, owner_exits, 120)
{
	struct owner arg = { .to = self->fd, .then = then_leave };
	unsigned int i;
	pid_t pid;
	int ret;

	for (i = 0; i < 50; i++) {
		pid = child_start(owner, &arg, self->fd);
		/* Whenever it dies: the watch is refused, or tells. */
		while (cap_type(self->fd, COPY) != CAPMSG_TYPE_PORT &&
		       child_wait(pid, 0) == -ETIME)
			;
		ret = watch_create(self->fd, COPY, 0, NOTE, 1);
		EXPECT_TRUE(ret == 0 || ret == -ENOENT);
		if (ret == 0)
			EXPECT_EQ(1, note_wait(self->fd, NOTE, 1));
		child_wait(pid, CAPMSG_PATIENCE_MS);
		EXPECT_EQ(0, note_take(self->fd, NOTE, ALL));
	}
}

/* --- races ------------------------------------------------------------------------ */

struct race {
	int fd;
	__u64 address;
	int ret;
};

static void *destroy_there(void *arg)
{
	struct race *race = arg;

	race->ret = obj_destroy(race->fd, race->address);
	return NULL;
}

/* Of a watch that is destroyed at once with its object a notice comes, or none. */
TEST_F_TIMEOUT(watch, destroyed_together, 120)
{
	struct race race = { .fd = self->fd, .address = WATCH };
	unsigned int i, told = 0;
	pthread_t thread;

	for (i = 0; i < 300; i++) {
		ASSERT_EQ(0, watch_create(self->fd, PORT, WATCH, NOTE, 1));
		ASSERT_EQ(0, pthread_create(&thread, NULL, destroy_there, &race));
		ASSERT_EQ(0, obj_destroy(self->fd, PORT));
		ASSERT_EQ(0, pthread_join(thread, NULL));
		if (note_take(self->fd, NOTE, ALL))
			told++;
		else
			EXPECT_EQ(0, race.ret);
		EXPECT_EQ(-ENOENT, cap_type(self->fd, WATCH));
		ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	}
	TH_LOG("%u of %u told", told, i);
	EXPECT_EQ(0, live(self->fd, CAPMSG_TYPE_WATCH));
}

/* A watch that is created while its object dies is refused, or tells. */
TEST_F_TIMEOUT(watch, created_together, 120)
{
	struct race race = { .fd = self->fd, .address = PORT };
	unsigned int i;
	pthread_t thread;
	int ret;

	for (i = 0; i < 300; i++) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, destroy_there, &race));
		ret = watch_create(self->fd, PORT, WATCH, NOTE, 1);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_EQ(0, race.ret);
		EXPECT_TRUE(ret == 0 || ret == -ENOENT);
		EXPECT_EQ(!ret, note_take(self->fd, NOTE, ALL));
		EXPECT_EQ(-ENOENT, cap_type(self->fd, WATCH));
		ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	}
}

/* --- without memory --------------------------------------------------------------- */

/* Fills the memory cgroup with objects until there is no memory, and then dies. */
static int then_fill(int fd)
{
	int error = 0;
	unsigned int n;

	for (n = 0; n < 4096 && !error; n++)
		error = port_create(fd, CAPMSG_ADDRESS(0x05ULL << 12 | n, 20), 64);
	if (error != -ENOMEM)
		return 4;
	/* In that state it destroys what is watched. */
	return obj_destroy(fd, PORT) ? 5 : 0;
}

static int starved_owner(void *arg)
{
	int ret;

	if (file_write(GROUP "/cgroup.procs", "0"))
		return 240;
	ret = owner(arg);
	/* It goes on in a full group until it is killed. */
	while (ret == 0)
		pause();
	return ret;
}

TEST_F_TIMEOUT(watch, memory_cgroup, 90)
{
	struct owner arg = { .to = self->fd, .then = then_fill };
	pid_t pid;

	ASSERT_TRUE(!mkdir(GROUP, 0755) || errno == EEXIST);
	ASSERT_EQ(0, file_write(GROUP "/memory.max", "8M"));
	file_write(GROUP "/memory.swap.max", "0");
	pid = child_start(starved_owner, &arg, self->fd);
	ASSERT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       cap_type(self->fd, COPY) == CAPMSG_TYPE_PORT));
	ASSERT_EQ(0, watch_create(self->fd, COPY, 0, NOTE, 1));
	ASSERT_EQ(0, watch_create(self->fd, TABLE, 0, NOTE, 2));
	EXPECT_EQ(1, note_wait(self->fd, NOTE, ALL));
	EXPECT_EQ(1000 + SIGKILL, child_kill(pid));
	EXPECT_EQ(2, note_wait(self->fd, NOTE, ALL));
	EXPECT_EQ(0, file_number(GROUP "/memory.events", "oom_kill "));
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, rmdir(GROUP) == 0));
}

TEST_HARNESS_MAIN
