// SPDX-License-Identifier: GPL-2.0-only
/*
 * handle_test.c - the handler loop of libcapmsg: answers of every kind, one system
 * call for each, several threads, and how it ends.
 */
#include <capmsg.h>

#include "kselftest_harness.h"
#include "handler.h"

/* In the handler's space. */
#define HANDLER	SLOT(1)		/* the port */
#define REAL	SLOT(2)		/* a table of 2^8 slots */
#define VIRTUAL	SLOT(3)		/* what stands for it */
#define EMPTY	SLOT(9)
/* In the client's. */
#define TABLE	SLOT(3)		/* the virtual table */
#define DOOR	SLOT(4)		/* to send to the handler's port */
#define NAME	0x1122334455667788ULL
/* Slots of the virtual table that are not as those of the real one. */
#define UNANSWERED	0x80
#define REFUSED		0x81
#define TWICE		0x82
#define END		0x83
#define BY_VALUE	0x84
#define FORBIDDEN	0x85
#define RETRIED		0x86
#define OURSELVES	0x87
#define LATER		0x88

struct server {
	int fd;
	pthread_t thread;
	int result;		/* of capmsg_handle() */
	unsigned long commands;	/* its system calls */
	atomic_int *seen;	/* of all threads: upcalls */
	atomic_int *error;	/* of all threads: the last answer that was refused */
	int second;		/* what a second answer got */
	bool retried;
};

static int answer_otherwise(struct server *server, struct capmsg_request *request,
			    unsigned int slot)
{
	switch (slot) {
	case UNANSWERED:
		return 0;
	case REFUSED:
		return capmsg_answer_value(request, 8, EMPTY);
	case TWICE:
		capmsg_answer_error(request, ENOENT);
		server->second = capmsg_answer_retry(request);
		return 0;
	case END:
		return capmsg_answer_value(request, 8, REAL) ?: 77;
	case BY_VALUE:
		return capmsg_answer_value(request, 8, REAL);
	case FORBIDDEN:
		return capmsg_answer_error(request, EACCES);
	case RETRIED:
		if (server->retried)
			return capmsg_answer_value(request, 8, REAL);
		server->retried = true;
		return capmsg_answer_retry(request);
	case OURSELVES:
		server->second = cap_type(server->fd, SLOT2(3, 5));
		return 0;
	default:
		return capmsg_request_take(request, EMPTY);
	}
}

static int on_index(struct capmsg_request *request, const struct capmsg_upcall *upcall,
		    void *arg)
{
	struct server *server = arg;
	unsigned int slot, taken;

	atomic_fetch_add(server->seen, 1);
	if (upcall->object != NAME || capmsg_upcall_slot(upcall, 8, &slot, &taken))
		return capmsg_answer_error(request, ENOENT);
	if (slot >= UNANSWERED && slot <= LATER)
		return answer_otherwise(server, request, slot);
	return capmsg_answer_slot(request, taken, REAL, slot);
}

static void on_refused(const struct capmsg_upcall *upcall, int error, void *arg)
{
	struct server *server = arg;

	atomic_store(server->error, upcall->object == NAME ? error : -EBADMSG);
}

static int on_call(struct capmsg_request *request, void *arg)
{
	return capmsg_answer(request, "called", 6);
}

static int on_message(struct capmsg_request *request, void *arg)
{
	return capmsg_request_record(request)->out_length == 3 ? 33 : 0;
}

static const struct capmsg_handler_ops all_ops = {
	.size = sizeof(all_ops), .index = on_index, .refused = on_refused,
	.call = on_call, .message = on_message,
};

static void *server_main(void *arg)
{
	struct server *server = arg;
	unsigned long before = commands_issued;

	server->result = capmsg_handle(server->fd, HANDLER, &all_ops, server);
	server->commands = commands_issued - before;
	return NULL;
}

FIXTURE(handle) {
	int fd;			/* of the handler */
	int tx;			/* of the client */
	struct server server[4];
	atomic_int seen;
	atomic_int error;
};

FIXTURE_SETUP(handle)
{
	int i;

	ASSERT_EQ(100, dup2(space_new(), 100));
	ASSERT_EQ(101, dup2(space_new(), 101));
	close_range(3, 99, 0);
	self->fd = 100;
	self->tx = 101;
	for (i = 0; i < 4; i++)
		self->server[i] = (struct server){ .fd = self->fd, .seen = &self->seen,
			.error = &self->error };
	ASSERT_EQ(0, handler_port(self->fd, HANDLER, 8));
	ASSERT_EQ(0, cappage_create(self->fd, REAL, 8));
	ASSERT_EQ(0, virtual_create(self->fd, VIRTUAL, HANDLER, NAME, 8));
	ASSERT_EQ(0, cap_give(self->fd, VIRTUAL, CAPMSG_RIGHTS_ALL, self->tx, TABLE));
	ASSERT_EQ(0, cap_give(self->fd, HANDLER, CAPMSG_RIGHT_SEND, self->tx, DOOR));
	ASSERT_EQ(0, port_marked(self->fd, SLOT2(2, 5), 55));
}

FIXTURE_TEARDOWN(handle)
{
	CAPMSG_TEARDOWN();
}

static int start(FIXTURE_DATA(handle) *self, int n)
{
	return -pthread_create(&self->server[n].thread, NULL, server_main, &self->server[n]);
}

/* The loop ends with its port. */
static int stop(FIXTURE_DATA(handle) *self)
{
	int ret = obj_destroy(self->fd, HANDLER);

	pthread_join(self->server[0].thread, NULL);
	return ret ?: self->server[0].result;
}

TEST_F(handle, answers)
{
	ASSERT_EQ(0, start(self, 0));
	EXPECT_EQ(55, cap_mark(self->tx, SLOT2(3, 5)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, 6)));
	EXPECT_EQ(0, port_marked(self->tx, SLOT2(3, 6), 66));
	EXPECT_EQ(66, cap_mark(self->fd, SLOT2(2, 6)));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, cap_type(self->tx, SLOT2(3, BY_VALUE)));
	EXPECT_EQ(55, cap_mark(self->tx, CAPMSG_ADDRESS(0x030005 | BY_VALUE << 8, 24)));
	EXPECT_EQ(-EACCES, cap_type(self->tx, SLOT2(3, FORBIDDEN)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, CAPMSG_ADDRESS(0x30, 12)));
	EXPECT_EQ(7, atomic_load(&self->seen));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, cap_type(self->tx, SLOT2(3, RETRIED)));
	EXPECT_EQ(9, atomic_load(&self->seen));
	EXPECT_EQ(-ENOENT, stop(self));
	EXPECT_EQ(0, atomic_load(&self->error));
}

/* A part of the table: its slots are counted in the whole. */
TEST_F(handle, part_of_the_table)
{
	struct capmsg_copy copy = { .flags = CAPMSG_COPY_SUBPAGE, .from = TABLE, .to = SLOT(8),
		.subpage = 2, .subpage_bits = 3, .rights = CAPMSG_RIGHTS_ALL };
	unsigned int slot, taken;

	ASSERT_EQ(0, port_marked(self->fd, SLOT2(2, 0x47), 47));
	ASSERT_EQ(0, do_copy(self->tx, &copy));
	ASSERT_EQ(0, start(self, 0));
	EXPECT_EQ(47, cap_mark(self->tx, CAPMSG_ADDRESS((8 << 5) | 7, 13)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, CAPMSG_ADDRESS((8 << 4) | 7, 12)));
	EXPECT_EQ(-ENOENT, stop(self));
	EXPECT_EQ(-ENOENT, capmsg_upcall_slot(&(struct capmsg_upcall){
		.address = CAPMSG_ADDRESS(1, 1), .subpage_bits = 4 }, 4, &slot, &taken));
}

TEST_F(handle, one_command_for_each)
{
	int i;

	ASSERT_EQ(0, start(self, 0));
	for (i = 0; i < 50; i++)
		ASSERT_EQ(55, cap_mark(self->tx, SLOT2(3, 5)));
	EXPECT_EQ(-ENOENT, stop(self));
	EXPECT_EQ(50, atomic_load(&self->seen));
	/* And one that brings the last answer, and the end of the port. */
	EXPECT_EQ(51, self->server[0].commands);
}

TEST_F(handle, exactly_once)
{
	ASSERT_EQ(0, start(self, 0));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, UNANSWERED)));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, TWICE)));
	EXPECT_EQ(55, cap_mark(self->tx, SLOT2(3, 5)));
	EXPECT_EQ(-EALREADY, self->server[0].second);
	EXPECT_EQ(0, atomic_load(&self->error));
	EXPECT_EQ(-ENOENT, stop(self));
}

/* A handler that would have to wait for itself does not. */
TEST_F(handle, asks_itself)
{
	ASSERT_EQ(0, start(self, 0));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, OURSELVES)));
	EXPECT_EQ(55, cap_mark(self->tx, SLOT2(3, 5)));
	EXPECT_EQ(-EDEADLK, self->server[0].second);
	EXPECT_EQ(-ENOENT, stop(self));
}

/* What the kernel does not take: the client is not to wait, the handler is told. */
TEST_F(handle, refused)
{
	ASSERT_EQ(0, start(self, 0));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, REFUSED)));
	EXPECT_EQ(55, cap_mark(self->tx, SLOT2(3, 5)));
	EXPECT_EQ(-ENOENT, atomic_load(&self->error));
	EXPECT_EQ(-ENOENT, stop(self));
}

TEST_F(handle, answered_later)
{
	struct capmsg_stat stat = { .address = SLOT2(3, LATER) };
	struct capmsg_resolution resolution = { .size = sizeof(resolution),
		.result = CAPMSG_RESULT_ERROR, .error = EACCES };
	struct capmsg_reply reply = { .to = EMPTY, .data = PTR(&resolution),
		.length = sizeof(resolution) };
	struct job job;

	ASSERT_EQ(0, start(self, 0));
	ASSERT_EQ(0, JOB_START(&job, self->tx, stat, STAT, &stat));
	EXPECT_EQ(55, cap_mark(self->tx, SLOT2(3, 5)));
	while (cap_type(self->fd, EMPTY) != CAPMSG_TYPE_REPLY)
		sleep_ms(1);
	EXPECT_TRUE(job_blocked(&job));
	EXPECT_EQ(0, do_reply(self->fd, &reply));
	EXPECT_EQ(-EACCES, job_join(&job));
	EXPECT_EQ(-ENOENT, stop(self));
}

TEST_F(handle, calls_and_messages)
{
	char text[16] = "";
	struct capmsg_call call = call_make(DOOR, "ask", 3, text, sizeof(text));

	ASSERT_EQ(0, start(self, 0));
	EXPECT_EQ(0, do_call(self->tx, &call));
	EXPECT_STREQ("called", text);
	EXPECT_EQ(0, msg_send(self->tx, DOOR, "go on", 5));
	EXPECT_EQ(55, cap_mark(self->tx, SLOT2(3, 5)));
	EXPECT_EQ(1, atomic_load(&self->seen));
	/* What is not asked by the kernel is no upcall, whatever it says. */
	EXPECT_EQ(0, msg_send(self->tx, DOOR, &(struct capmsg_upcall){
		.size = sizeof(struct capmsg_upcall), .operation = CAPMSG_UPCALL_INDEX,
		.object = NAME }, sizeof(struct capmsg_upcall)));
	EXPECT_EQ(0, msg_send(self->tx, DOOR, "end", 3));
	pthread_join(self->server[0].thread, NULL);
	EXPECT_EQ(33, self->server[0].result);
	EXPECT_EQ(1, atomic_load(&self->seen));
}

/* The answer is delivered first. */
TEST_F(handle, ended_by_a_callback)
{
	ASSERT_EQ(0, start(self, 0));
	EXPECT_EQ(CAPMSG_TYPE_CAPPAGE, cap_type(self->tx, SLOT2(3, END)));
	pthread_join(self->server[0].thread, NULL);
	EXPECT_EQ(77, self->server[0].result);
}

/* A server that knows nothing of upcalls, at a handler's port: they are dropped. */
static void *serve_main(void *arg)
{
	static const struct capmsg_ops ops = { .size = sizeof(ops), .call = on_call };
	struct server *server = arg;

	server->result = capmsg_serve(server->fd, HANDLER, &ops, server);
	return NULL;
}

TEST_F(handle, served_only)
{
	char text[16] = "";
	struct capmsg_call call = call_make(DOOR, "ask", 3, text, sizeof(text));

	ASSERT_EQ(0, pthread_create(&self->server[0].thread, NULL, serve_main,
				    &self->server[0]));
	EXPECT_EQ(-ENOENT, cap_type(self->tx, SLOT2(3, 5)));
	EXPECT_EQ(0, do_call(self->tx, &call));
	EXPECT_STREQ("called", text);
	EXPECT_EQ(-ENOENT, stop(self));
}

/* --- several threads ------------------------------------------------------------------ */

struct client {
	pthread_t thread;
	int fd;
	int wrong;
};

static void *client_main(void *arg)
{
	struct client *client = arg;
	int i;

	for (i = 0; i < 100; i++)
		if (cap_mark(client->fd, SLOT2(3, i % 16)) != 100 + i % 16)
			client->wrong++;
	return NULL;
}

TEST_F(handle, several_threads)
{
	struct client clients[4];
	int i;

	ASSERT_EQ(0, cap_clear(self->fd, SLOT2(2, 5)));
	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, port_marked(self->fd, SLOT2(2, i), 100 + i));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, start(self, i));
	for (i = 0; i < 4; i++) {
		clients[i] = (struct client){ .fd = self->tx };
		ASSERT_EQ(0, pthread_create(&clients[i].thread, NULL, client_main, &clients[i]));
	}
	for (i = 0; i < 4; i++) {
		pthread_join(clients[i].thread, NULL);
		EXPECT_EQ(0, clients[i].wrong);
	}
	EXPECT_EQ(400, atomic_load(&self->seen));
	/* All of them end with the port, in whatever they are. */
	ASSERT_EQ(0, obj_destroy(self->fd, HANDLER));
	for (i = 0; i < 4; i++) {
		pthread_join(self->server[i].thread, NULL);
		EXPECT_EQ(-ENOENT, self->server[i].result);
	}
	EXPECT_EQ(0, atomic_load(&self->error));
}

TEST_F(handle, of_another_version)
{
	struct capmsg_handler_ops ops = all_ops;

	ops.size--;
	EXPECT_EQ(-EINVAL, capmsg_handle(self->fd, HANDLER, &ops, NULL));
}

TEST_HARNESS_MAIN
