// SPDX-License-Identifier: GPL-2.0-only
/*
 * fail_test.c - every allocation and every copy from or to user memory that a
 * command makes fails once. Whatever fails has changed nothing; and messages allocate
 * nothing, so that nothing can fail there.
 *
 * Needs a kernel with fault injection. Only what the module itself does is made
 * to fail: the stack has to lead through its text.
 */
#include "kselftest_harness.h"
#include "calls.h"
#include "capmsg.h"
#include "handler.h"
#include "snapshot.h"

#define DEBUGFS		"/sys/kernel/debug/"
#define TEXT		"/sys/module/capmsg/sections/.text"
#define TEXT_SIZE	"/sys/module/capmsg/coresize"
#define CACHE		"/sys/kernel/slab/capmsg_object/"
#define SHORT_PORT	SLOT(0x10)
#define TABLE		SLOT(0x11)

FIXTURE(fail) {
	struct calls calls;
	int nth;		/* what fails next in this thread */
	unsigned int round;	/* how often this has been done, with this time */
	const char *allocates;	/* what allocated in this round */
	int player;		/* a handler's space */
	struct capmsg_record record;
	char data[CAPMSG_INLINE_MAX];
};

static int attribute(const char *what, const char *name, const char *value)
{
	char path[100];

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", what, name);
	return file_write(path, value);
}

/* Has @what fail under text from @start to @end only, and without a word. */
static int inject(const char *what, unsigned long start, unsigned long end)
{
	char text[32];
	int ret = attribute(what, "verbose", "0");

	snprintf(text, sizeof(text), "0x%lx", start);
	ret = ret ?: attribute(what, "require-start", text);
	snprintf(text, sizeof(text), "0x%lx", end);
	ret = ret ?: attribute(what, "require-end", text);
	return ret ?: attribute(what, "stacktrace-depth", "32");
}

static int inject_all(bool allocations, bool user_memory)
{
	unsigned long text = 0, end;
	FILE *file = fopen(TEXT, "re");
	int ret;

	if (!file || fscanf(file, "%lx", &text) != 1)
		return -ENOENT;
	fclose(file);
	end = text + file_number(TEXT_SIZE, NULL);
	ret = inject("failslab", allocations ? text : 1, allocations ? end : 2);
	ret = ret ?: inject("fail_page_alloc", allocations ? text : 1, allocations ? end : 2);
	ret = ret ?: inject("fail_usercopy", user_memory ? text : 1, user_memory ? end : 2);
	ret = ret ?: attribute("failslab", "cache-filter", "N");
	ret = ret ?: attribute("failslab", "ignore-gfp-wait", "N");
	ret = ret ?: attribute("fail_page_alloc", "ignore-gfp-wait", "N");
	ret = ret ?: attribute("fail_page_alloc", "ignore-gfp-highmem", "N");
	return ret ?: attribute("fail_page_alloc", "min-order", "0");
}

/* Has the allocations of objects fail, which have a cache of their own, and no others. */
static int inject_objects(void)
{
	int ret = inject_all(true, false);

	ret = ret ?: inject("fail_page_alloc", 1, 2);
	ret = ret ?: file_write(CACHE "failslab", "1");
	return ret ?: attribute("failslab", "cache-filter", "Y");
}

FIXTURE_SETUP(fail)
{
	self->nth = open("/proc/thread-self/fail-nth", O_RDWR);
	if (self->nth < 0 || access(DEBUGFS "failslab", F_OK))
		SKIP(return, "no fault injection");
	ASSERT_EQ(0, calls_new(&self->calls));
	ASSERT_EQ(0, port_create(self->calls.fd, SHORT_PORT, 2));
	ASSERT_EQ(0, cappage_create(self->calls.fd, TABLE, 8));
}

FIXTURE_TEARDOWN(fail)
{
	EXPECT_EQ(0, inject_all(false, false));
	CAPMSG_TEARDOWN();
}

/* The @n-th chance to fail from now on is taken; 0: none. */
static void fail_arm(int nth, unsigned int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	if (pwrite(nth, text, strlen(text), 0) != (ssize_t)strlen(text))
		abort();
}

/* Chances that are left until then, which end here; 0: it has failed. */
static unsigned int fail_disarm(int nth)
{
	char text[16] = "";

	if (pread(nth, text, sizeof(text) - 1, 0) <= 0)
		abort();
	fail_arm(nth, 0);
	return atoi(text);
}

/* --- nothing changes ---------------------------------------------------------------- */

/* What has ended is charged until no slot names it, and the last one has looked away. */
static bool settled(struct calls *calls, __u64 objects)
{
	cap_type(calls->fd, TARGET);
	cap_type(calls->fd, TARGET2);
	return WAIT_UNTIL(CAPMSG_PATIENCE_MS, query_of(calls->fd).out_user_objects == objects);
}

/* What it is charged when that of the tests before is settled. */
static __u64 objects_charged(struct calls *calls)
{
	__u64 objects;

	do {
		objects = query_of(calls->fd).out_user_objects;
		sleep_ms(300);
	} while (query_of(calls->fd).out_user_objects != objects);
	return objects;
}

/* A failure of command @nr that it has told must have changed nothing. */
static bool nothing_changed(struct calls *calls, unsigned int nr, unsigned int n,
			    const struct snapshot *before)
{
	static struct snapshot after;

	if (settled(calls, before->query.out_user_objects) &&
	    !snapshot_take(calls->fd, 0x11, &after) && snapshot_same(before, &after))
		return true;
	fprintf(stderr, "# %s, failure %u left something\n", capmsg_command_name(nr), n);
	return false;
}

static void print_failures(unsigned int nr, unsigned int failures, unsigned int refused)
{
	printf("# %s: %u times something failed, %u times the command\n", capmsg_command_name(nr),
	       failures, refused);
}

/* Each command copies its struct at least. */
TEST_F_TIMEOUT(fail, every_command, 120)
{
	struct calls *calls = &self->calls;
	static struct snapshot before;
	unsigned int nr, n, refused;
	__u64 objects;
	union any *a;
	bool failed;
	int ret;

	objects = objects_charged(calls);
	ASSERT_EQ(0, inject_all(true, true));
	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		refused = 0;
		for (n = 1, failed = true; failed; n++) {
			ASSERT_GT(100, n);
			ASSERT_TRUE(settled(calls, objects));
			ASSERT_EQ(0, snapshot_take(calls->fd, 0x11, &before));
			a = call_fill(calls, nr);
			fail_arm(self->nth, n);
			ret = capmsg_do(calls->fd, nr, a);
			failed = !fail_disarm(self->nth);
			if (ret == call_result(nr)) {
				call_undo(calls, nr, a);
				continue;
			}
			EXPECT_TRUE(failed && (ret == -ENOMEM || ret == -EFAULT))
				TH_LOG("command %u, failure %u: %d", nr, n, ret);
			EXPECT_TRUE(nothing_changed(calls, nr, n, &before));
			refused++;
		}
		print_failures(nr, n - 2, refused);
		EXPECT_LE(1, refused)
			TH_LOG("command %u", nr);
	}
}

/* --- where there is something to do ---------------------------------------------------- */

/* Those that find nothing to do in the test above. */
static const unsigned int doing[] = {
	CAPMSG_CMD_UNREGISTER, CAPMSG_CMD_CLEAR, CAPMSG_CMD_DESTROY, CAPMSG_CMD_UNPOST,
	CAPMSG_CMD_SEND, CAPMSG_CMD_RECV, CAPMSG_CMD_REPLY, CAPMSG_CMD_REPLY_RECV,
	CAPMSG_CMD_REVOKE, CAPMSG_CMD_FILL, CAPMSG_CMD_TRANSMIT, CAPMSG_CMD_ABANDON,
	CAPMSG_CMD_WAIT, CAPMSG_CMD_UPCALLS, CAPMSG_CMD_ABORT,
};

static int post_page(int fd)
{
	int ret = post_any(fd, PORT, REGION, 0, PAGE, 0, 0);

	return ret < 0 ? ret : 0;
}

static int message_fill(struct calls *calls)
{
	return do_fill(calls->fd, &(struct capmsg_fill){ .message = MESSAGE,
		.data = PTR(calls->m->data), .length = sizeof(calls->m->data) });
}

static int message_begin(struct calls *calls)
{
	return post_page(calls->fd) ?: do_begin(calls->fd, &(struct capmsg_begin){
		.flags = CAPMSG_NONBLOCK, .message = MESSAGE, .to = PORT,
		.length = sizeof(calls->m->data) });
}

/* Somebody calls, and the message is received. */
static int call_arrives(FIXTURE_DATA(fail) *self, struct job *job)
{
	static struct capmsg_call call;

	call = call_make(SHORT_PORT, "?", 1, self->data, sizeof(self->data));
	return JOB_START(job, self->calls.fd, call, CALL, &call) ?:
	       msg_recv(self->calls.fd, SHORT_PORT, &self->record, self->calls.m->entries);
}

/* Somebody looks into the virtual cappage, and waits. */
static int upcall_arrives(FIXTURE_DATA(fail) *self, struct job *job, struct capmsg_waiting *waiting)
{
	static struct capmsg_stat stat;
	struct capmsg_upcalls upcalls = { .port = HANDLER, .waiting = PTR(waiting), .n = 1 };
	int ret;

	stat = (struct capmsg_stat){ .address = SLOT2(13, 1) };
	ret = JOB_START(job, self->calls.fd, stat, STAT, &stat);
	if (ret || !job_blocked(job))
		return ret ?: -EPROTO;
	ret = do_upcalls(self->calls.fd, &upcalls);
	return ret ?: upcalls.out_n == 1 ? 0 : -EPROTO;
}

/* Makes ready for one command that has an effect. */
static int prepare(FIXTURE_DATA(fail) *self, unsigned int nr, struct job *job,
		   struct capmsg_waiting *waiting)
{
	struct calls *calls = &self->calls;
	const int fd = calls->fd;

	switch (nr) {
	case CAPMSG_CMD_UNREGISTER:
		return region_create(fd, TARGET, calls->m->region + PAGE, PAGE);
	case CAPMSG_CMD_CLEAR:
		return cap_copy(fd, PORT, TARGET, CAPMSG_RIGHTS_ALL);
	case CAPMSG_CMD_DESTROY:
		return port_create(fd, TARGET, 1);
	case CAPMSG_CMD_REVOKE:
		return do_create_revoker(fd, &(struct capmsg_create_revoker){
			.from = PORT, .to = TARGET, .revoker = TARGET2 });
	case CAPMSG_CMD_SEND:
	case CAPMSG_CMD_UNPOST:
		return post_page(fd);
	case CAPMSG_CMD_RECV:
		return post_page(fd) ?: msg_try(fd, PORT, calls->m->data, 8);
	case CAPMSG_CMD_REPLY:
	case CAPMSG_CMD_REPLY_RECV:
		return call_arrives(self, job);
	case CAPMSG_CMD_FILL:
	case CAPMSG_CMD_ABANDON:
		return message_begin(calls);
	case CAPMSG_CMD_TRANSMIT:
		return message_begin(calls) ?: message_fill(calls);
	case CAPMSG_CMD_WAIT:
		return note_signal(fd, NOTE, 2);
	default:
		return upcall_arrives(self, job, waiting);
	}
}

/* The command, in the form in which it finds that. */
static int perform(FIXTURE_DATA(fail) *self, unsigned int nr, const struct capmsg_waiting *waiting)
{
	union any *a = call_fill(&self->calls, nr);
	int ret;

	switch (nr) {
	case CAPMSG_CMD_UNREGISTER:
		a->unregister.region = TARGET;
		break;
	case CAPMSG_CMD_DESTROY:
		a->destroy.address = TARGET;
		break;
	case CAPMSG_CMD_REVOKE:
		a->revoke.revoker = TARGET2;
		break;
	case CAPMSG_CMD_RECV:
		self->calls.m->record = (struct capmsg_record){
			.data = PTR(self->calls.m->entries), .data_size = 8 };
		break;
	case CAPMSG_CMD_REPLY:
		a->reply = (struct capmsg_reply){ .size = a->reply.size, .to = SHORT_PORT,
			.flags = CAPMSG_REPLY_POST, .post = self->record.out_post,
			.seq = self->record.out_seq, .data = PTR(self->calls.m->data),
			.length = 8 };
		break;
	case CAPMSG_CMD_REPLY_RECV:
		a->reply_recv.to = SHORT_PORT;
		a->reply_recv.port = SHORT_PORT;
		a->reply_recv.post = self->record.out_post;
		a->reply_recv.seq = self->record.out_seq;
		a->reply_recv.data = PTR(self->calls.m->data);
		a->reply_recv.length = 8;
		break;
	case CAPMSG_CMD_ABORT:
		a->abort.id = waiting->id;
		break;
	}
	ret = capmsg_do(self->calls.fd, nr, a);
	/* The answer was given, and there is no other message. */
	if (nr == CAPMSG_CMD_REPLY_RECV && ret == -EAGAIN &&
	    a->reply_recv.flags & CAPMSG_REPLY_NONE)
		return 0;
	return ret;
}

/* It was done: takes away what is left of that. */
static int clean(FIXTURE_DATA(fail) *self, unsigned int nr, struct job *job,
		 const struct capmsg_waiting *waiting)
{
	const int fd = self->calls.fd;
	int ret = 0;

	switch (nr) {
	case CAPMSG_CMD_SEND:
	case CAPMSG_CMD_TRANSMIT:
		ret = msg_poll(fd, PORT, &self->record, self->calls.m->entries);
		return ret ?: post_take(fd, PORT, 0);
	case CAPMSG_CMD_RECV:
	case CAPMSG_CMD_ABANDON:
		return post_take(fd, PORT, 0);
	case CAPMSG_CMD_FILL:
		ret = do_abandon(fd, &(struct capmsg_abandon){ .message = MESSAGE });
		return ret ?: post_take(fd, PORT, 0);
	case CAPMSG_CMD_REPLY:
	case CAPMSG_CMD_REPLY_RECV:
		return job_join(job);
	case CAPMSG_CMD_UPCALLS:
		ret = do_abort(fd, &(struct capmsg_abort){ .port = HANDLER, .id = waiting->id });
		return ret ?: job_join(job) == -ENOENT ? 0 : -EPROTO;
	case CAPMSG_CMD_ABORT:
		return job_join(job) == -ENOENT ? 0 : -EPROTO;
	default:
		return 0;
	}
}

/* What was refused has changed nothing: so it can be done after that. */
TEST_F_TIMEOUT(fail, every_command_that_does_something, 120)
{
	struct capmsg_waiting waiting;
	static struct snapshot before;
	unsigned int i, nr, n, refused;
	__u64 objects;
	struct job job;
	bool failed;
	int ret;

	objects = objects_charged(&self->calls);
	ASSERT_EQ(0, inject_all(true, true));
	for (i = 0; i < ARRAY_SIZE(doing); i++) {
		nr = doing[i];
		refused = 0;
		for (n = 1, failed = true; failed; n++) {
			ASSERT_GT(100, n);
			ASSERT_TRUE(settled(&self->calls, objects));
			ASSERT_EQ(0, prepare(self, nr, &job, &waiting))
				TH_LOG("command %u, failure %u", nr, n);
			ASSERT_EQ(0, snapshot_take(self->calls.fd, 0x11, &before));
			fail_arm(self->nth, n);
			ret = perform(self, nr, &waiting);
			failed = !fail_disarm(self->nth);
			if (ret) {
				EXPECT_TRUE(failed && (ret == -ENOMEM || ret == -EFAULT))
					TH_LOG("command %u, failure %u: %d", nr, n, ret);
				EXPECT_TRUE(nothing_changed(&self->calls, nr, n, &before));
				ASSERT_EQ(0, perform(self, nr, &waiting))
					TH_LOG("command %u, after failure %u", nr, n);
				refused++;
			}
			ASSERT_EQ(0, clean(self, nr, &job, &waiting))
				TH_LOG("command %u, failure %u", nr, n);
		}
		print_failures(nr, n - 2, refused);
		EXPECT_LE(1, refused)
			TH_LOG("command %u", nr);
	}
}

/*
 * Whatever makes an object makes one, and says so if there is no memory for it. What
 * fails in the test above depends on what the slabs have left, so that it may miss that.
 */
TEST_F(fail, objects)
{
	struct calls *calls = &self->calls;
	unsigned int nr, failures = 0;
	union any *a;
	__u64 state;
	int ret;

	ASSERT_EQ(0, inject_objects());
	state = call_state(calls);
	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		a = call_fill(calls, nr);
		fail_arm(self->nth, 1);
		ret = capmsg_do(calls->fd, nr, a);
		if (!fail_disarm(self->nth)) {
			EXPECT_EQ(-ENOMEM, ret)
				TH_LOG("command %u", nr);
			failures++;
		} else {
			EXPECT_EQ(call_result(nr), ret)
				TH_LOG("command %u", nr);
			call_undo(calls, nr, a);
		}
		EXPECT_EQ(state, call_state(calls))
			TH_LOG("command %u left something", nr);
	}
	/*
	 * CREATE of a cappage, port, notification, message, revoker, virtual
	 * object; REGISTER, WATCH.
	 */
	EXPECT_EQ(8, failures);
}

TEST_F(fail, open_and_setup)
{
	struct capmsg_query query = { .flags = 0 };
	bool failed = true;
	unsigned int n;
	int fd, ret;

	ASSERT_EQ(0, inject_all(true, true));
	for (n = 1; failed; n++) {
		ASSERT_GT(200, n);
		fail_arm(self->nth, n);
		fd = space_open();
		ret = fd < 0 ? fd : do_setup(fd, &(struct capmsg_setup){
			.frames = 4, .plain_max = MIB });
		failed = !fail_disarm(self->nth);
		EXPECT_TRUE(ret == 0 || (failed && (ret == -ENOMEM || ret == -EFAULT)))
			TH_LOG("failure %u: %d", n, ret);
		if (fd < 0)
			continue;
		ASSERT_EQ(0, do_query(fd, &query));
		EXPECT_EQ(ret ? 0 : 4, query.out_frames);
		if (ret)
			EXPECT_EQ(0, do_setup(fd, &(struct capmsg_setup){ .frames = 4 }));
		close(fd);
	}
	EXPECT_LT(8, n);
}

/* Bodies of objects of every size, in slabs and out of them. */
TEST_F_TIMEOUT(fail, large_objects, 60)
{
	const int fd = self->calls.fd;
	const __u64 state = call_state(&self->calls);
	char *memory = memory_new(MIB, true);
	unsigned int n, kind;
	bool failed;
	int ret;

	ASSERT_EQ(0, inject_all(true, false));
	for (kind = 0; kind < 3; kind++) {
		for (n = 1, failed = true; failed; n++) {
			ASSERT_GT(100, n);
			fail_arm(self->nth, n);
			ret = kind == 0 ? cappage_create(fd, TARGET, 12) :
			      kind == 1 ? port_create(fd, TARGET, CAPMSG_DEPTH_MAX) :
					  region_create(fd, TARGET, memory, MIB);
			failed = !fail_disarm(self->nth);
			EXPECT_TRUE(ret == 0 || (failed && ret == -ENOMEM))
				TH_LOG("kind %u, failure %u: %d", kind, n, ret);
			if (!ret)
				EXPECT_EQ(0, obj_destroy(fd, TARGET));
			EXPECT_EQ(-ENOENT, cap_type(fd, TARGET));
		}
		EXPECT_LT(2, n);
	}
	EXPECT_EQ(state, call_state(&self->calls));
}

/* --- messages ------------------------------------------------------------------------- */

/* A message of which pieces or capabilities cannot be read is not sent. */
TEST_F(fail, send)
{
	const int fd = self->calls.fd;
	char *source = memory_new(PAGE, true);
	struct capmsg_item item = { .address = TABLE, .rights = CAPMSG_RIGHTS_ALL };
	struct capmsg_iovec iov[2] = { { PTR(source), 100 }, { PTR(source), 0 } };
	struct capmsg_send send = { .to = PORT, .data = PTR(iov), .n_iov = 2,
		.items = PTR(&item), .n_items = 1, .flags = CAPMSG_NONBLOCK };
	unsigned int n, failures = 0;
	bool failed = true;
	int ret, post;

	ASSERT_EQ(0, inject_all(true, true));
	for (n = 1; failed; n++) {
		iov[1].length = n % 2 ? 10 : 3000;
		post = post_any(fd, PORT, REGION, 0, PAGE, SLOT2(0x11, 0), 1);
		ASSERT_LE(0, post);
		fail_arm(self->nth, n);
		ret = do_send(fd, &send);
		failed = !fail_disarm(self->nth);
		EXPECT_TRUE(ret == 0 || (failed && ret == -EFAULT))
			TH_LOG("failure %u: %d", n, ret);
		failures += ret != 0;
		EXPECT_EQ(ret ? -EAGAIN : 0, msg_poll(fd, PORT, &self->record, self->data));
		ASSERT_EQ(0, post_take(fd, PORT, post));
		ASSERT_EQ(0, cap_clear(fd, SLOT2(0x11, 0)));
	}
	EXPECT_LE(2, failures);
}

/* The holders of a port are gathered before they are told. */
TEST_F(fail, limits)
{
	const int fd = self->calls.fd;
	struct capmsg_holder holders[2];
	struct capmsg_limits limits = { .port = SHORT_PORT, .holders = PTR(holders),
		.n_holders = ARRAY_SIZE(holders) };
	unsigned int n, failures[2] = { 0, 0 }, copies;
	bool failed;
	int ret;

	ASSERT_EQ(0, msg_try(fd, SHORT_PORT, "held", 4));
	for (copies = 0; copies < 2; copies++) {
		ASSERT_EQ(0, inject_all(!copies, copies));
		for (n = 1, failed = true; failed; n++) {
			memset(holders, POISON, sizeof(holders));
			fail_arm(self->nth, n);
			ret = do_limits(fd, &limits);
			failed = !fail_disarm(self->nth);
			if (!ret) {
				EXPECT_EQ(1, limits.out_n_holders);
				EXPECT_EQ(1, holders[0].held);
				continue;
			}
			EXPECT_TRUE(failed && ret == (copies ? -EFAULT : -ENOMEM))
				TH_LOG("copies %u, failure %u: %d", copies, n, ret);
			failures[copies]++;
		}
	}
	EXPECT_LE(1, failures[0]);
	/* Of the struct, of the holders, of the outputs. */
	EXPECT_EQ(3, failures[1]);
	EXPECT_EQ(0, msg_poll(fd, SHORT_PORT, &self->record, self->data));
}

/* A buffer of which there are no pages yet, for one command; no message comes. */
static int pin_fresh(FIXTURE_DATA(fail) *self, unsigned int nr)
{
	union any *a = call_fill(&self->calls, nr);
	char *fresh = memory_new(PAGE, false);
	int ret;

	if (nr == CAPMSG_CMD_CALL) {
		a->call.reply_data = PTR(fresh);
		a->call.reply_size = PAGE;
	} else {
		a->recv.plain = PTR(fresh);
		a->recv.plain_size = PAGE;
	}
	ret = capmsg_do(self->calls.fd, nr, a);
	munmap(fresh, PAGE);
	return ret;
}

TEST_F(fail, pinning)
{
	static const unsigned int pinning[] = { CAPMSG_CMD_RECV, CAPMSG_CMD_CALL };
	unsigned int i, n, failures;
	bool failed;
	int ret;

	ASSERT_EQ(0, inject_all(true, false));
	for (i = 0; i < ARRAY_SIZE(pinning); i++) {
		failures = 0;
		for (n = 1, failed = true; failed; n++) {
			ASSERT_GT(100, n);
			fail_arm(self->nth, n);
			ret = pin_fresh(self, pinning[i]);
			failed = !fail_disarm(self->nth);
			EXPECT_TRUE(ret == -EAGAIN || (failed && ret == -ENOMEM))
				TH_LOG("command %u, failure %u: %d", pinning[i], n, ret);
			failures += ret == -ENOMEM;
		}
		EXPECT_LE(1, failures);
	}
}

/* A message that cannot be told of stays. */
TEST_F(fail, recv)
{
	const int fd = self->calls.fd;
	bool failed = true;
	unsigned int n;
	int ret;

	ASSERT_EQ(0, inject_all(true, true));
	for (n = 1; failed; n++) {
		ASSERT_EQ(0, msg_try(fd, SHORT_PORT, "stay", 4));
		memset(self->data, 0, 4);
		fail_arm(self->nth, n);
		ret = msg_poll(fd, SHORT_PORT, &self->record, self->data);
		failed = !fail_disarm(self->nth);
		EXPECT_TRUE(ret == 0 || (failed && ret == -EFAULT));
		if (ret)
			EXPECT_EQ(0, msg_poll(fd, SHORT_PORT, &self->record, self->data));
		EXPECT_EQ(0, memcmp(self->data, "stay", 4));
		EXPECT_EQ(-EAGAIN, msg_poll(fd, SHORT_PORT, &self->record, self->data));
	}
	EXPECT_LT(2, n);
}

/* Answers whatever comes until it is told "stop". */
static void *serve(void *data)
{
	const int fd = *(int *)data;
	char bytes[CAPMSG_INLINE_MAX];
	struct capmsg_record record;

	while (!msg_recv(fd, SHORT_PORT, &record, bytes) && memcmp(bytes, "stop", 4))
		if (record.out_flags & CAPMSG_RECORD_REPLY)
			msg_reply(fd, SHORT_PORT, &record, bytes, record.out_length);
	return NULL;
}

TEST_F(fail, call)
{
	struct capmsg_iovec iov[2] = { { PTR("ec"), 2 }, { PTR("ho"), 2 } };
	const int fd = self->calls.fd;
	char answer[8];
	struct capmsg_call call;
	pthread_t thread;
	bool failed = true;
	unsigned int n, failures = 0;
	int ret;

	ASSERT_EQ(0, pthread_create(&thread, NULL, serve, (void *)&fd));
	ASSERT_EQ(0, inject_all(true, true));
	for (n = 1; failed; n++) {
		memset(answer, POISON, sizeof(answer));
		call = call_make(SHORT_PORT, iov, 0, answer, sizeof(answer));
		call.n_iov = 2;
		fail_arm(self->nth, n);
		ret = do_call(fd, &call);
		failed = !fail_disarm(self->nth);
		EXPECT_TRUE(ret == 0 || (failed && ret == -EFAULT))
			TH_LOG("failure %u: %d", n, ret);
		failures += ret != 0;
		if (!ret)
			EXPECT_EQ(0, memcmp(answer, "echo", 4));
	}
	EXPECT_LE(1, failures);
	EXPECT_EQ(0, msg_send(fd, SHORT_PORT, "stop", 4));
	pthread_join(thread, NULL);
}

/* --- no allocation on any message path ------------------------------------------------- */

/*
 * What allocates does so each time. But what the instrumented kernel keeps of each stack that
 * it has not met before, and pages of the test itself that are written for the first time,
 * are allocated under the module's text as well, now and then. So the first round of each of
 * these counts for nothing, and then one has to go without any.
 */
#define ROUNDS	8

static bool another_round(FIXTURE_DATA(fail) *self)
{
	if (self->round == ROUNDS || (self->round > 1 && !self->allocates))
		return false;
	self->round++;
	self->allocates = NULL;
	return true;
}

/* Has the first allocation fail. */
static void allocation_arm(FIXTURE_DATA(fail) *self, int nth)
{
	fail_arm(nth, self->round > 1);
}

/* Whether there was one since. */
static bool allocation_seen(FIXTURE_DATA(fail) *self, int nth)
{
	return !fail_disarm(nth) && self->round > 1;
}

#define ALLOCATES_NOTHING(self, call) do {				\
	allocation_arm(self, (self)->nth);				\
	EXPECT_EQ(0, call);						\
	if (allocation_seen(self, (self)->nth))				\
		(self)->allocates = #call;				\
} while (0)

static void nothing_allocated(struct __test_metadata *_metadata, FIXTURE_DATA(fail) *self)
{
	EXPECT_EQ(NULL, self->allocates)
		TH_LOG("in each of %d rounds: %s", ROUNDS, self->allocates);
}

static void messages(struct __test_metadata *_metadata, FIXTURE_DATA(fail) *self)
{
	struct capmsg_item items[4] = { { PORT, 0, 0 }, { PORT, 0, 0 }, { REGION, 0, 0 },
					{ TABLE, CAPMSG_RIGHTS_ALL, 0 } };
	struct capmsg_send send = { .to = PORT, .items = PTR(items), .n_items = 4,
		.flags = CAPMSG_NONBLOCK };
	const int fd = self->calls.fd;
	char *source = memory_new(PAGE, true), *plain = memory_new(4 * PAGE, true);
	__u64 post;
	struct capmsg_record *record = &self->record;
	struct capmsg_recv recv = { .port = PORT, .records = PTR(record), .n_records = 1,
		.reposts = PTR(&post), .n_reposts = 1, .flags = CAPMSG_NONBLOCK };
	struct job job;

	ALLOCATES_NOTHING(self, msg_try(fd, SHORT_PORT, source, 100));
	ALLOCATES_NOTHING(self, msg_poll(fd, SHORT_PORT, record, self->data));
	ALLOCATES_NOTHING(self, post_any(fd, PORT, REGION, 0, PAGE, SLOT2(0x11, 0), 4) < 0);
	send.data = PTR(source);
	send.length = PAGE;
	ALLOCATES_NOTHING(self, do_send(fd, &send));
	ALLOCATES_NOTHING(self, msg_poll(fd, PORT, record, NULL));
	post = record->out_post;
	for (unsigned int i = 0; i < 4; i++)
		ASSERT_EQ(0, cap_clear(fd, SLOT2(0x11, i)));
	ALLOCATES_NOTHING(self, do_recv(fd, &recv) == -EAGAIN ? 0 : -EPROTO);
	ALLOCATES_NOTHING(self, post_take(fd, PORT, post));
	/* A plain buffer, for a sender that waits. */
	send.flags = 0;
	send.n_items = 0;
	send.to = SHORT_PORT;
	send.deadline = patience();
	ASSERT_EQ(0, JOB_START(&job, fd, send, SEND, &send));
	ASSERT_TRUE(job_blocked(&job));
	recv = (struct capmsg_recv){ .port = SHORT_PORT, .records = PTR(record), .n_records = 1,
		.plain = PTR(plain) + 9, .plain_size = 2 * PAGE, .deadline = patience() };
	ALLOCATES_NOTHING(self, do_recv(fd, &recv));
	EXPECT_EQ(PAGE, record->out_length);
	EXPECT_EQ(0, job_join(&job));
}

TEST_F(fail, messages_allocate_nothing)
{
	ASSERT_EQ(0, inject_all(true, false));
	while (another_round(self))
		messages(_metadata, self);
	nothing_allocated(_metadata, self);
}

/* The server's side, then the client's. */
static void calls(struct __test_metadata *_metadata, FIXTURE_DATA(fail) *self)
{
	char *answer = memory_new(PAGE, true);
	const int fd = self->calls.fd;
	struct capmsg_call call = call_make(SHORT_PORT, "echo", 4, answer, 256);
	struct capmsg_reply_recv loop;
	pthread_t thread;
	struct job job;

	ASSERT_EQ(0, JOB_START(&job, fd, call, CALL, &call));
	ALLOCATES_NOTHING(self, msg_recv(fd, SHORT_PORT, &self->record, self->data));
	ALLOCATES_NOTHING(self, msg_reply(fd, SHORT_PORT, &self->record, "fine", 4));
	EXPECT_EQ(0, job_join(&job));
	ASSERT_EQ(0, JOB_START(&job, fd, call, CALL, &call));
	ASSERT_EQ(0, msg_recv(fd, SHORT_PORT, &self->record, self->data));
	ASSERT_EQ(0, msg_try(fd, SHORT_PORT, "next", 4));
	loop = (struct capmsg_reply_recv){ .flags = CAPMSG_REPLY_POST, .to = SHORT_PORT,
		.post = self->record.out_post, .seq = self->record.out_seq, .port = SHORT_PORT,
		.data = PTR("fine"), .length = 4, .records = PTR(&self->record),
		.n_records = 1, .deadline = patience() };
	self->record.data = PTR(self->data);
	self->record.data_size = sizeof(self->data);
	ALLOCATES_NOTHING(self, do_reply_recv(fd, &loop));
	EXPECT_EQ(0, job_join(&job));
	ASSERT_EQ(0, pthread_create(&thread, NULL, serve, (void *)&fd));
	ALLOCATES_NOTHING(self, do_call(fd, &call));
	EXPECT_EQ(0, msg_send(fd, SHORT_PORT, "stop", 4));
	pthread_join(thread, NULL);
}

TEST_F(fail, calls_allocate_nothing)
{
	ASSERT_EQ(0, inject_all(true, false));
	while (another_round(self))
		calls(_metadata, self);
	nothing_allocated(_metadata, self);
}

/* Neither who asks, nor who receives that and answers. */
TEST_F(fail, upcalls_allocate_nothing)
{
	const int fd = self->calls.fd;
	__u64 table = TABLE;
	struct handler handler = { .fd = fd, .port = HANDLER, .decide = decide_pass,
		.data = &table };
	struct capmsg_stat stat = { .address = SLOT2(0x12, 3) };
	struct verdict v = { .silent = false };
	struct upcall up;
	struct job job;

	ASSERT_EQ(0, virtual_create(fd, SLOT(0x12), HANDLER, 0, 8));
	ASSERT_EQ(0, inject_all(true, false));
	ASSERT_EQ(0, cap_copy(fd, PORT, SLOT2(0x11, 3), CAPMSG_RIGHTS_ALL));
	while (another_round(self)) {
		ASSERT_EQ(0, JOB_START(&job, fd, stat, STAT, &stat));
		ALLOCATES_NOTHING(self, upcall_recv(fd, HANDLER, &up));
		say_value(&v, PORT, 8);
		ALLOCATES_NOTHING(self, upcall_answer(fd, HANDLER, &up, &v));
		EXPECT_EQ(0, job_join(&job));
		ASSERT_EQ(0, handler_start(&handler));
		ALLOCATES_NOTHING(self, do_stat(fd, &stat));
		EXPECT_EQ(CAPMSG_TYPE_PORT, stat.out_type);
		ALLOCATES_NOTHING(self, cap_copy(fd, SLOT2(0x12, 3), SLOT2(0x12, 4),
						 CAPMSG_RIGHT_SEND));
		handler_stop(&handler);
		ASSERT_EQ(0, cap_clear(fd, SLOT2(0x11, 4)));
	}
	nothing_allocated(_metadata, self);
}

/* Receives an upcall, and lets go of its space as if it died: 0 if that allocates nothing. */
static int let_down(void *data)
{
	FIXTURE_DATA(fail) *self = data;
	int nth = open("/proc/thread-self/fail-nth", O_RDWR), ret;
	struct upcall up;

	ret = upcall_recv(self->player, HANDLER, &up);
	if (ret || nth < 0)
		return ret ?: -ENOENT;
	allocation_arm(self, nth);
	ret = close(self->player);
	return allocation_seen(self, nth) ? -ENOMEM : ret;
}

/* Neither who goes on when a handler has died, nor who ends that. */
TEST_F(fail, death_of_a_handler_allocates_nothing)
{
	struct capmsg_stat stat = { .address = SLOT2(0x12, 3) };
	const int fd = self->calls.fd;
	pid_t pid;
	int ret;

	ASSERT_EQ(0, inject_all(true, false));
	while (another_round(self)) {
		self->player = space_new();
		ASSERT_LE(0, self->player);
		ASSERT_EQ(0, handler_port(self->player, HANDLER, 1));
		ASSERT_EQ(0, virtual_create(self->player, SLOT(0x12), HANDLER, 0, 8));
		ASSERT_EQ(0, cap_give(self->player, SLOT(0x12), CAPMSG_RIGHTS_ALL, fd, SLOT(0x12)));
		pid = child_start(let_down, self, self->player);
		ASSERT_EQ(0, close(self->player));
		ALLOCATES_NOTHING(self, do_stat(fd, &stat) == -ENOENT ? 0 : -EPROTO);
		ret = child_wait(pid, CAPMSG_PATIENCE_MS);
		if (ret == ENOMEM)
			self->allocates = "close";
		else
			EXPECT_EQ(0, ret);
	}
	nothing_allocated(_metadata, self);
}

TEST_HARNESS_MAIN
