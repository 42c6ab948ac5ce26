// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two POSIX message queues; the one for requests has room for a burst.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"
#include "control.h"

static mqd_t to_server = -1, to_client = -1;

static const char *missing(const struct load *load)
{
	(void)load;
	mq_open("/capmsg-bench-none", O_RDONLY);
	return errno == ENOENT ? NULL : "the kernel has no POSIX message queues";
}

static mqd_t queue_new(const char *which, long messages, long bytes)
{
	struct mq_attr attr = { .mq_maxmsg = messages, .mq_msgsize = bytes };
	char name[64];
	mqd_t queue;

	snprintf(name, sizeof(name), "/capmsg-bench-%s-%d", which, getpid());
	queue = must(mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600,
			     &attr), "mq_open");
	mq_unlink(name);
	return queue;
}

static void prepare(const struct load *load)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	must(setrlimit(RLIMIT_MSGQUEUE, &all), "RLIMIT_MSGQUEUE");
	to_server = queue_new("requests", load->burst, load->bytes);
	to_client = queue_new("answers", 1, ANSWER_SIZE);
}

static void serve(const struct load *load)
{
	char *data = memory(load->bytes);
	uint64_t answer;
	unsigned int i;

	for (;;) {
		for (answer = 0, i = 0; i < load->burst; i++) {
			must(mq_receive(to_server, data, load->bytes, NULL),
			     "mq_receive");
			answer += control_answer(data, load->bytes, 0);
		}
		must(mq_send(to_client, (char *)&answer, sizeof(answer), 0),
		     "mq_send");
	}
}

static uint64_t call(const struct load *load)
{
	uint64_t answer;
	unsigned int i;

	for (i = 0; i < load->burst; i++)
		must(mq_send(to_server, request, load->bytes, 0), "mq_send");
	must(mq_receive(to_client, (char *)&answer, sizeof(answer), NULL),
	     "mq_receive");
	return answer;
}

static void end(void)
{
	mq_close(to_server);
	mq_close(to_client);
}

const struct mechanism mechanism_mq = {
	.name = "mq", .families = RTT | STREAM, .repeats = REPEATS,
	.missing = missing, .prepare = prepare, .serve = serve,
	.call = call, .end = end,
};
