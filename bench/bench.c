// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench [-w] [-n ROUNDS] [-m MECHANISM] [-s SERIES] [-b BYTES] [-c CAPS]: round
 * trips between two processes on one CPU, and walks; one JSON object a line. -w
 * measures wall clock time instead of instructions; -m, -s, -b and -c leave all others
 * out.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "control.h"

/* One in so many rounds more, that are not counted. */
#define WARM_UP		4
/* Round trips of a sample on the wall clock, which is too coarse for one. */
#define BATCH		16
/* Rounds are the fewer the more bytes they move. */
#define VOLUME		16384
#define ROUNDS_MIN	8
/* So are the turns. */
#define LARGE		(1024 * 1024)
#define LARGE_REPEATS	4
/* The wall clock is noisy, for all alike. */
#define WALL_REPEATS	10
#define SAMPLES_MAX	1000000

#define count(array)	(sizeof(array) / sizeof(*(array)))

char *request;

static const struct mechanism *const mechanisms[] = {
	&mechanism_capmsg,
	&mechanism_capmsg_unreg,
	&mechanism_capmsg_stream,
	&mechanism_walk,
	&mechanism_pipe,
	&mechanism_seqpacket,
	&mechanism_seqpacket_fd,
	&mechanism_eventfd,
	&mechanism_futex,
	&mechanism_mq,
	&mechanism_process_vm,
	&mechanism_vmsplice,
	&mechanism_unotify,
	&mechanism_binder,
};

#define ONE(series_, family_, bytes_, ...)				\
	{ .series = series_, .family = family_, .bytes = bytes_,	\
	  .burst = 1, ##__VA_ARGS__ }
#define SOME(bytes_, burst_)						\
	{ .series = "stream", .family = STREAM, .bytes = bytes_,	\
	  .burst = burst_ }

static const struct load loads[] = {
	ONE("rtt", RTT, 8),
	ONE("rtt", RTT, 64),
	ONE("rtt", RTT, 256),
	ONE("rtt", RTT, 4096),
	ONE("rtt", RTT, 65536),
	ONE("rtt-unreg", UNREG, 4096),
	ONE("rtt-unreg", UNREG, 65536),
	SOME(8, 64),
	SOME(64, 64),
	SOME(256, 64),
	SOME(4096, 64),
	SOME(65536, 16),
	SOME(REQUEST_MAX, 4),
	ONE("caps", CAPS, 64, .caps = 0),
	ONE("caps", CAPS, 64, .caps = 1),
	ONE("caps", CAPS, 64, .caps = 4),
	ONE("caps", CAPS, 64, .caps = 16),
	ONE("caps", CAPS, 64, .caps = 64),
	ONE("plain", PLAIN, 4096),
	ONE("plain", PLAIN, 65536),
	ONE("walk-1", WALKS, 0, .hops = 1),
	ONE("walk-2", WALKS, 0, .hops = 2),
	ONE("walk-4", WALKS, 0, .hops = 4),
	ONE("index", WALKS, 0, .hops = 2, .player = ASKED),
	ONE("cached", WALKS, 0, .hops = 2, .player = CACHED),
};

/* What the command line has chosen; NULL or -1: all. */
static struct {
	const char *mechanism;
	const char *series;
	long bytes;
	long caps;
} only = { .bytes = -1, .caps = -1 };

static void died(int signal)
{
	static const char text[] = "bench: the server has died\n";

	(void)signal;
	if (write(STDERR_FILENO, text, sizeof(text) - 1))
		_exit(1);
	_exit(1);
}

static void expect(const struct mechanism *m, const struct load *load,
		   uint64_t answer, uint64_t expected)
{
	if (answer == expected)
		return;
	fprintf(stderr, "bench: %s %s %zu %u: the answer is %lx and not %lx\n",
		m->name, load->series, load->bytes, load->caps, answer, expected);
	exit(1);
}

/* Every byte and capability of a request arrives, and its successor's afterwards. */
static void control(const struct mechanism *m, const struct load *load,
		    uint32_t number)
{
	unsigned int caps = load->family == CAPS ? load->caps : m->least;
	uint64_t answer;

	if (load->family == WALKS)
		return;
	control_fill(request, load->bytes, number);
	answer = m->call(load);
	if (m->tidy)
		m->tidy(load);
	expect(m, load, answer,
	       load->burst * control_answer(request, load->bytes, caps));
	control_clear(request, load->bytes);
}

/* What one message of a sample has cost. */
static uint64_t sample(const struct mechanism *m, const struct load *load)
{
	unsigned int batch = meter_wall() && !load->caps ? BATCH : 1, i;
	uint64_t answers = 0, start, spent;

	start = meter_now();
	for (i = 0; i < batch; i++)
		answers += m->call(load);
	spent = meter_now() - start;
	if (m->tidy)
		m->tidy(load);
	expect(m, load, answers, batch * load->burst);
	return spent / (batch * load->burst);
}

static void measure(const struct mechanism *m, const struct load *load,
		    uint64_t *samples, size_t rounds)
{
	pid_t server;
	size_t i;

	m->prepare(load);
	signal(SIGCHLD, died);
	server = must(fork(), "fork");
	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		m->serve(load);
		_exit(1);
	}
	if (m->begin)
		m->begin(load, server);
	control(m, load, 1);
	control(m, load, 2);
	for (i = 0; i < rounds / WARM_UP + 1; i++)
		sample(m, load);
	for (i = 0; i < rounds; i++)
		samples[i] = sample(m, load);
	control(m, load, 3);
	signal(SIGCHLD, SIG_DFL);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	m->end();
}

/*
 * Who is woken does not push the waker aside, but waits for it to sleep: so what is
 * received are bursts, as far as the mechanism can. For most of them that is the better
 * way, so it is tried in every other turn.
 */
static void let_others_run_on(void)
{
	struct sched_param none = { 0 };

	must(sched_setscheduler(0, SCHED_BATCH, &none), "sched_setscheduler");
}

/* In a process of its own, as some mechanisms change who uses them for good. */
static uint64_t *measure_apart(const struct mechanism *m,
			       const struct load *load, unsigned int turn,
			       size_t rounds)
{
	static uint64_t *samples;
	pid_t client;
	int status;

	if (!samples)
		samples = memory_shared(SAMPLES_MAX * sizeof(*samples));
	client = must(fork(), "fork");
	if (!client) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (load->family == STREAM && turn % 2 == 0)
			let_others_run_on();
		measure(m, load, samples, rounds);
		_exit(0);
	}
	must(waitpid(client, &status, 0), "waitpid");
	if (status) {
		fprintf(stderr, "bench: %s %s %zu %u failed\n", m->name,
			load->series, load->bytes, load->caps);
		exit(1);
	}
	return samples;
}

static bool chosen(const struct mechanism *m, const struct load *load)
{
	if (!(m->families & load->family))
		return false;
	return (!only.mechanism || !strcmp(only.mechanism, m->name)) &&
	       (!only.series || !strcmp(only.series, load->series)) &&
	       (only.bytes < 0 || (size_t)only.bytes == load->bytes) &&
	       (only.caps < 0 || (unsigned long)only.caps == load->caps);
}

static size_t volume_of(const struct load *load)
{
	return load->bytes * load->burst;
}

static unsigned int repeats_of(const struct mechanism *m, const struct load *load)
{
	unsigned int repeats = meter_wall() ? WALL_REPEATS : m->repeats;

	if (volume_of(load) >= LARGE && repeats > LARGE_REPEATS)
		return LARGE_REPEATS;
	return repeats;
}

static size_t rounds_of(const struct mechanism *m, const struct load *load,
			size_t rounds)
{
	rounds /= repeats_of(m, load) * (1 + volume_of(load) / VOLUME);
	return rounds < ROUNDS_MIN ? ROUNDS_MIN : rounds;
}

static const char *why_missing(const struct mechanism *m, const struct load *load)
{
	return m->missing ? m->missing(load) : NULL;
}

/* What a mechanism has reached in its turns: the best one, or all of them. */
struct tally {
	struct summary best;
	uint64_t *pool;
	size_t n;
};

static void add_turn(struct tally *tally, const uint64_t *samples, size_t rounds)
{
	size_t size = rounds * sizeof(*samples);

	tally->pool = realloc(tally->pool, tally->n * sizeof(*samples) + size);
	must(tally->pool ? 0 : -1, "realloc");
	memcpy(tally->pool + tally->n, samples, size);
	tally->n += rounds;
}

static void take_turn(const struct mechanism *m, const struct load *load,
		      unsigned int turn, size_t rounds, struct tally *tally)
{
	struct summary next;
	uint64_t *samples;

	if (!chosen(m, load) || turn >= repeats_of(m, load) || why_missing(m, load))
		return;
	rounds = rounds_of(m, load, rounds);
	samples = measure_apart(m, load, turn, rounds);
	if (m->pooled && !meter_wall()) {
		add_turn(tally, samples, rounds);
		return;
	}
	next = meter_summary(samples, rounds);
	if (!turn || next.p50 < tally->best.p50)
		tally->best = next;
}

static void report(const struct mechanism *m, const struct load *load,
		   struct tally *tally)
{
	const char *why = why_missing(m, load);

	if (!chosen(m, load))
		return;
	if (why) {
		report_missing(m, load, why);
		return;
	}
	if (tally->n)
		tally->best = meter_summary(tally->pool, tally->n);
	report_row(m, load, &tally->best);
	free(tally->pool);
}

/* All take turns, so that what disturbs the machine for a while disturbs all. */
static void run(const struct load *load, size_t rounds)
{
	struct tally tallies[count(mechanisms)] = { 0 };
	unsigned int turn, i;

	for (turn = 0; turn < REPEATS; turn++)
		for (i = 0; i < count(mechanisms); i++)
			take_turn(mechanisms[i], load, turn, rounds, &tallies[i]);
	for (i = 0; i < count(mechanisms); i++)
		report(mechanisms[i], load, &tallies[i]);
}

static void stay_on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	must(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

int main(int argc, char **argv)
{
	size_t rounds = 0, i;
	int option;

	while ((option = getopt(argc, argv, "wn:m:s:b:c:")) != -1) {
		if (option == 'w')
			meter_init(true);
		else if (option == 'n' && atoi(optarg) > 0)
			rounds = atoi(optarg);
		else if (option == 'm')
			only.mechanism = optarg;
		else if (option == 's')
			only.series = optarg;
		else if (option == 'b')
			only.bytes = atol(optarg);
		else if (option == 'c')
			only.caps = atol(optarg);
		else
			return 64;
	}
	if (!rounds || rounds > SAMPLES_MAX)
		rounds = meter_wall() ? 150 : 1000;
	stay_on_one_cpu();
	request = memory(REQUEST_MAX);
	control_clear(request, REQUEST_MAX);
	for (i = 0; i < count(loads); i++)
		run(&loads[i], rounds);
	return 0;
}
