// SPDX-License-Identifier: GPL-2.0-only
/*
 * lifetime_test.c - DESTROY, the end of spaces, EXPORT and IMPORT, reply rights
 * as capabilities: what is void when, and what is left of it.
 */
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)
#define TABLE	SLOT(2)
#define COPY	SLOT(3)
#define TO	SLOT(0x10)

FIXTURE(lifetime) {
	int fd;
	int other;
};

FIXTURE_SETUP(lifetime)
{
	self->fd = space_new();
	self->other = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, port_create(self->fd, PORT, 2));
	ASSERT_EQ(0, cappage_create(self->fd, TABLE, 8));
}

FIXTURE_TEARDOWN(lifetime)
{
	CAPMSG_TEARDOWN();
}

/* --- DESTROY --------------------------------------------------------------- */

TEST_F(lifetime, destroy_voids_all_copies)
{
	struct capmsg_list_entry e[4];
	struct capmsg_list list = { .entries = PTR(e), .n = 4 };
	int file = cap_export(self->fd, PORT, CAPMSG_RIGHTS_ALL);

	ASSERT_LE(0, file);
	ASSERT_EQ(0, cap_copy(self->fd, PORT, COPY, CAPMSG_RIGHT_SEND));
	ASSERT_EQ(0, cap_badge(self->fd, PORT, SLOT2(2, 7), 3));
	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, self->other, SLOT(5)));
	ASSERT_EQ(0, msg_try(self->other, SLOT(5), "lost", 4));
	EXPECT_EQ(-EACCES, obj_destroy(self->fd, COPY));
	EXPECT_EQ(-EACCES, obj_destroy(self->other, SLOT(5)));
	EXPECT_EQ(1, query_of(self->fd).out_total_live[CAPMSG_TYPE_PORT]);
	ASSERT_EQ(0, obj_destroy(self->fd, SLOT2(2, 7)));
	EXPECT_EQ(0, query_of(self->fd).out_total_live[CAPMSG_TYPE_PORT]);
	EXPECT_EQ(-ENOENT, cap_type(self->fd, PORT));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, COPY));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(2, 7)));
	EXPECT_EQ(-ENOENT, cap_type(self->other, SLOT(5)));
	EXPECT_EQ(-ENOENT, msg_try(self->other, SLOT(5), "", 0));
	EXPECT_EQ(-ENOENT, cap_import(self->other, file, TO));
	EXPECT_EQ(-ENOENT, obj_destroy(self->fd, PORT));
	ASSERT_EQ(0, do_list(self->fd, &list));
	EXPECT_EQ(1, list.out_n);
	EXPECT_EQ(2, e[0].slot);
	/* The slots are void: they can be filled. */
	EXPECT_EQ(0, port_create(self->fd, PORT, 1));
	EXPECT_EQ(0, cap_copy(self->fd, PORT, COPY, 0));
	EXPECT_EQ(0, cap_copy(self->fd, PORT, SLOT2(2, 7), 0));
	EXPECT_EQ(0, cap_give(self->fd, PORT, 0, self->other, SLOT(5)));
}

TEST_F(lifetime, destroy_table)
{
	ASSERT_EQ(0, cap_copy(self->fd, PORT, SLOT2(2, 1), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, SLOT2(2, 2), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, COPY, CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, obj_destroy(self->fd, CAPMSG_ADDRESS(0x03020202, 32)));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, TABLE));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(2, 1)));
	EXPECT_EQ(-ENOENT, cap_copy(self->fd, PORT, SLOT2(3, 1), 0));
	/* What it held a capability to lives on. */
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, PORT));
	EXPECT_EQ(0, msg_try(self->fd, PORT, "", 0));
}

TEST_F(lifetime, destroy_errors)
{
	EXPECT_EQ(-ENOENT, obj_destroy(self->fd, TO));
	EXPECT_EQ(-ENOENT, obj_destroy(self->fd, CAPMSG_ADDRESS_VOID));
	EXPECT_EQ(-ENOENT, obj_destroy(self->fd, 1ULL << 63));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, COPY, CAPMSG_RIGHTS_ALL & ~CAPMSG_RIGHT_DESTROY));
	EXPECT_EQ(-EACCES, obj_destroy(self->fd, COPY));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, PORT));
}

static void *destroy_port(void *fd)
{
	return (void *)(long)obj_destroy(*(int *)fd, PORT);
}

/* Of two that destroy the same object at once one does, and both find it gone. */
TEST_F(lifetime, destroy_together)
{
	pthread_t thread;
	void *theirs;
	long ours;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, destroy_port, &self->fd));
		ours = obj_destroy(self->fd, PORT);
		ASSERT_EQ(0, pthread_join(thread, &theirs));
		EXPECT_TRUE((ours == 0 && (long)theirs == -ENOENT) ||
			    (ours == -ENOENT && (long)theirs == 0))
			TH_LOG("%ld and %ld", ours, (long)theirs);
		ASSERT_EQ(0, port_create(self->fd, PORT, 1));
	}
}

/* A destroyed object that is still named is counted, until the names are read. */
TEST_F(lifetime, tombstones)
{
	__u64 objects = query_of(self->fd).out_user_objects;
	unsigned int i;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, port_create(self->fd, TO, 1));
		ASSERT_EQ(0, cap_give(self->fd, TO, 0, self->other, SLOT(i)));
		ASSERT_EQ(0, obj_destroy(self->fd, TO));
		EXPECT_EQ(-ENOENT, cap_type(self->fd, TO));
	}
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       query_of(self->fd).out_total_tombstones == 10))
		TH_LOG("%llu tombstones", query_of(self->fd).out_total_tombstones);
	EXPECT_EQ(objects + 10, query_of(self->fd).out_user_objects);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(-ENOENT, cap_type(self->other, SLOT(i)));
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       query_of(self->fd).out_total_tombstones == 0))
		TH_LOG("%llu tombstones", query_of(self->fd).out_total_tombstones);
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       query_of(self->fd).out_user_objects == objects));
}

/* Names of dead objects do not pile up even if nobody ever reads them. */
TEST_F(lifetime, slots_reused)
{
	__u64 objects = query_of(self->fd).out_user_objects;
	unsigned int i;

	for (i = 0; i < 300; i++) {
		ASSERT_EQ(0, port_create(self->fd, TO, 1));
		ASSERT_EQ(0, obj_destroy(self->fd, TO));
	}
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS,
			       query_of(self->fd).out_user_objects <= objects + 1))
		TH_LOG("%llu objects more", query_of(self->fd).out_user_objects - objects);
}

/* --- spaces ---------------------------------------------------------------- */

TEST_F(lifetime, close_voids_all)
{
	const struct capmsg_query before = query_of(self->other);

	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_PORT, self->other, PORT));
	ASSERT_EQ(0, cap_give(self->fd, TABLE, RIGHTS_TABLE, self->other, TABLE));
	ASSERT_EQ(0, cap_copy(self->other, PORT, SLOT2(2, 1), CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, msg_try(self->other, SLOT2(2, 1), "", 0));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(-ENOENT, cap_type(self->other, PORT));
	EXPECT_EQ(-ENOENT, cap_type(self->other, TABLE));
	EXPECT_EQ(-ENOENT, cap_type(self->other, SLOT2(2, 1)));
	EXPECT_EQ(-ENOENT, msg_try(self->other, PORT, "", 0));
	EXPECT_EQ(before.out_total_live[0] - 1, query_of(self->other).out_total_live[0]);
	EXPECT_EQ(0, query_of(self->other).out_total_live[CAPMSG_TYPE_PORT]);
}

/* What a space creates in another's table, it pays for: it dies with it. */
TEST_F(lifetime, creator_owns)
{
	ASSERT_EQ(0, cap_give(self->fd, TABLE, RIGHTS_TABLE, self->other, TABLE));
	ASSERT_EQ(0, port_create(self->other, SLOT2(2, 1), 1));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(self->fd, SLOT2(2, 1)));
	ASSERT_EQ(0, close(self->other));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(2, 1)));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, cap_type(self->fd, TABLE));
}

TEST_F(lifetime, last_reference_counts)
{
	int twin = dup(self->fd);

	ASSERT_LE(0, twin);
	ASSERT_EQ(0, cap_give(self->fd, PORT, RIGHTS_SENDER, self->other, PORT));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(0, msg_try(self->other, PORT, "", 0));
	EXPECT_EQ(CAPMSG_TYPE_PORT, cap_type(twin, PORT));
	ASSERT_EQ(0, close(twin));
	EXPECT_EQ(-ENOENT, msg_try(self->other, PORT, "", 0));
}

/* --- EXPORT and IMPORT ------------------------------------------------------ */

TEST_F(lifetime, export_import)
{
	struct capmsg_stat stat;
	int file, weak;

	ASSERT_EQ(0, cap_badge(self->fd, PORT, COPY, 0xbadce));
	file = cap_export(self->fd, COPY, CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_DESTROY);
	ASSERT_LE(0, file);
	EXPECT_EQ(FD_CLOEXEC, fcntl(file, F_GETFD));
	EXPECT_EQ(1, query_of(self->fd).out_total_exports);
	EXPECT_EQ(-EEXIST, cap_import(self->fd, file, PORT));
	/* The same file any number of times, in any space. */
	ASSERT_EQ(0, cap_import(self->other, file, SLOT(1)));
	ASSERT_EQ(0, cap_import(self->other, file, SLOT(2)));
	ASSERT_EQ(0, cap_import(self->fd, file, TO));
	ASSERT_EQ(0, cap_stat(self->other, SLOT(2), &stat));
	EXPECT_EQ(CAPMSG_TYPE_PORT, stat.out_type);
	EXPECT_EQ(CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_DESTROY, stat.out_rights);
	EXPECT_EQ(CAPMSG_STAT_BADGED, stat.out_flags);
	ASSERT_EQ(0, close(file));
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, query_of(self->fd).out_total_exports == 0));
	EXPECT_EQ(0, msg_try(self->other, SLOT(1), "", 0));
	/* Weakness travels along. */
	ASSERT_EQ(0, do_copy(self->fd, &(struct capmsg_copy){
		.flags = CAPMSG_COPY_WEAK, .from = TABLE, .to = SLOT(0x11),
		.rights = CAPMSG_RIGHTS_ALL }));
	weak = cap_export(self->fd, SLOT(0x11), CAPMSG_RIGHTS_ALL);
	ASSERT_EQ(0, cap_import(self->other, weak, SLOT(3)));
	EXPECT_EQ(RIGHTS_TABLE | CAPMSG_RIGHT_WEAK, cap_rights(self->other, SLOT(3)));
}

TEST_F(lifetime, export_errors)
{
	struct rlimit limit = { 3, 3 }, old;

	EXPECT_EQ(-ENOENT, cap_export(self->fd, TO, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(-ENOENT, cap_export(self->fd, CAPMSG_ADDRESS_VOID, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(-EINVAL, cap_export(self->fd, PORT, CAPMSG_RIGHT_WEAK));
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	limit.rlim_max = old.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, cap_export(self->fd, PORT, CAPMSG_RIGHTS_ALL));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	EXPECT_TRUE(WAIT_UNTIL(CAPMSG_PATIENCE_MS, query_of(self->fd).out_total_exports == 0));
}

TEST_F(lifetime, import_errors)
{
	int event = eventfd(0, 0);
	int file = cap_export(self->fd, PORT, CAPMSG_RIGHTS_ALL);

	ASSERT_LE(0, file);
	EXPECT_EQ(-EBADF, cap_import(self->fd, -1, TO));
	EXPECT_EQ(-EBADF, cap_import(self->fd, 1000000, TO));
	EXPECT_EQ(-EBADF, cap_import(self->fd, open("/", O_PATH), TO));
	EXPECT_EQ(-EINVAL, cap_import(self->fd, event, TO));
	EXPECT_EQ(-EINVAL, cap_import(self->fd, self->fd, TO));
	EXPECT_EQ(-EINVAL, cap_import(self->fd, self->other, TO));
	EXPECT_EQ(-EINVAL, cap_import(self->fd, open("/", O_RDONLY), TO));
	EXPECT_EQ(-ENOENT, cap_import(self->fd, file, CAPMSG_ADDRESS_VOID));
	EXPECT_EQ(-ENOENT, cap_import(self->fd, file, SLOT2(0x10, 0)));
	ASSERT_EQ(0, cap_copy(self->fd, TABLE, COPY, CAPMSG_RIGHT_READ));
	EXPECT_EQ(-EACCES, cap_import(self->fd, file, SLOT2(3, 0)));
	EXPECT_EQ(-ENOENT, cap_type(self->fd, TO));
}

/* The file does not keep the object alive. */
TEST_F(lifetime, export_outlived)
{
	int port = cap_export(self->fd, PORT, CAPMSG_RIGHTS_ALL);
	int table = cap_export(self->fd, TABLE, CAPMSG_RIGHTS_ALL);

	ASSERT_LE(0, port);
	ASSERT_LE(0, table);
	ASSERT_EQ(0, obj_destroy(self->fd, PORT));
	EXPECT_EQ(-ENOENT, cap_import(self->other, port, TO));
	EXPECT_EQ(0, cap_import(self->other, table, TO));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(-ENOENT, cap_import(self->other, table, SLOT(0x11)));
	EXPECT_EQ(-ENOENT, cap_type(self->other, TO));
}

/* Imports file 3 into a space of its own, and sends through it. */
static int import_and_send(void *unused)
{
	int fd = space_new(), ret;

	if (fd < 0)
		return fd;
	ret = cap_import(fd, 3, SLOT(9));
	return ret ? ret : msg_send(fd, SLOT(9), "by inheritance", 14);
}

TEST_F(lifetime, export_inherited)
{
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_record record;
	pid_t pid;

	ASSERT_EQ(100, dup2(cap_export(self->fd, PORT, CAPMSG_RIGHT_SEND), 100));
	ASSERT_EQ(0, dup2(self->fd, 101) - 101);
	ASSERT_EQ(3, dup2(100, 3));
	pid = child_start(import_and_send, NULL, 3);
	EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
	ASSERT_EQ(0, msg_poll(101, PORT, &record, data));
	EXPECT_EQ(0, memcmp(data, "by inheritance", 14));
}

/* Receives a file over the socket, and imports that. */
static int import_from_socket(void *socket)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	int fd = space_new(), file, ret;

	if (recvmsg(*(int *)socket, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return EIO;
	memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(file));
	ret = cap_import(fd, file, SLOT(9));
	return ret ? ret : msg_send(fd, SLOT(9), "by socket", 9);
}

TEST_F(lifetime, export_passed)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = {
		.align = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
			   .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	char data[CAPMSG_INLINE_MAX];
	struct capmsg_record record;
	int sockets[2], file;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = child_start(import_from_socket, &sockets[1], sockets[1]);
	file = cap_export(self->fd, PORT, CAPMSG_RIGHT_SEND);
	memcpy(CMSG_DATA(&control.align), &file, sizeof(file));
	ASSERT_EQ(1, sendmsg(sockets[0], &msg, 0));
	ASSERT_EQ(0, close(file));
	EXPECT_EQ(0, child_wait(pid, CAPMSG_PATIENCE_MS));
	ASSERT_EQ(0, msg_poll(self->fd, PORT, &record, data));
	EXPECT_EQ(0, memcmp(data, "by socket", 9));
}

/* --- reply rights ----------------------------------------------------------- */

/* A reply right can be moved and used up, and nothing else. */
TEST_F(lifetime, reply_right)
{
	char answer[16] = "", data[CAPMSG_INLINE_MAX];
	struct capmsg_call call = call_make(PORT, "?", 1, answer, sizeof(answer));
	struct capmsg_item item = { .address = TO, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_send send = { .to = PORT, .items = PTR(&item), .n_items = 1,
		.flags = CAPMSG_NONBLOCK };
	struct capmsg_record record;
	struct capmsg_stat stat;
	struct job job;

	ASSERT_EQ(0, JOB_START(&job, self->fd, call, CALL, &call));
	ASSERT_EQ(0, msg_recv(self->fd, PORT, &record, data));
	ASSERT_EQ(0, do_move(self->fd, &(struct capmsg_move){
		.flags = CAPMSG_MOVE_POST, .from = PORT, .to = TO,
		.post = record.out_post, .seq = record.out_seq }));
	ASSERT_EQ(0, cap_stat(self->fd, TO, &stat));
	EXPECT_EQ(CAPMSG_TYPE_REPLY, stat.out_type);
	EXPECT_EQ(RIGHTS_SENDER, stat.out_rights);
	EXPECT_EQ(-EINVAL, cap_copy(self->fd, TO, COPY, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(-EINVAL, cap_badge(self->fd, TO, COPY, 1));
	EXPECT_EQ(-EINVAL, cap_export(self->fd, TO, CAPMSG_RIGHTS_ALL));
	EXPECT_EQ(-EINVAL, do_send(self->fd, &send));
	EXPECT_EQ(-EACCES, obj_destroy(self->fd, TO));
	EXPECT_EQ(-EINVAL, msg_try(self->fd, TO, "", 0));
	ASSERT_EQ(0, cap_move(self->fd, TO, SLOT2(2, 1)));
	EXPECT_EQ(0, do_reply(self->fd, &(struct capmsg_reply){
		.to = SLOT2(2, 1), .data = PTR("!"), .length = 1 }));
	EXPECT_EQ(0, job_join(&job));
	EXPECT_EQ('!', answer[0]);
	EXPECT_EQ(1, call.out_length);
	EXPECT_EQ(-ENOENT, cap_type(self->fd, SLOT2(2, 1)));
}

TEST_HARNESS_MAIN
