// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench [-w] [-n ROUNDS] [-m MECHANISM] [-s SERIES] [-b BYTES] [-c CAPS]: round
 * trips between two processes, and walks; one JSON object a line. -w measures wall clock
 * time instead of instructions; -m, -s, -b and -c leave all others out.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define REQUEST_MAX	65536
#define WARM_UP		50

char *request;

static const struct mechanism *const mechanisms[] = {
	&mechanism_capmsg,
	&mechanism_walk,
	&mechanism_eventfd,
	&mechanism_seqpacket,
};

static const struct load loads[] = {
	{ .series = "rtt", .family = RTT, .bytes = 64 },
	{ .series = "rtt", .family = RTT, .bytes = 4096 },
	{ .series = "rtt", .family = RTT, .bytes = 65536 },
	{ .series = "plain", .family = MESSAGES, .bytes = 4096, .plain = true },
	{ .series = "plain", .family = MESSAGES, .bytes = 65536, .plain = true },
	{ .series = "caps", .family = MESSAGES, .bytes = 64, .caps = 0 },
	{ .series = "caps", .family = MESSAGES, .bytes = 64, .caps = 1 },
	{ .series = "caps", .family = MESSAGES, .bytes = 64, .caps = 4 },
	{ .series = "caps", .family = MESSAGES, .bytes = 64, .caps = 16 },
	{ .series = "caps", .family = MESSAGES, .bytes = 64, .caps = 64 },
	{ .series = "walk-1", .family = WALKS, .hops = 1 },
	{ .series = "walk-2", .family = WALKS, .hops = 2 },
	{ .series = "walk-4", .family = WALKS, .hops = 4 },
	{ .series = "index", .family = WALKS, .hops = 2, .player = ASKED },
	{ .series = "cached", .family = WALKS, .hops = 2, .player = CACHED },
};

/* What the command line has chosen; NULL or -1: all. */
static struct {
	const char *mechanism;
	const char *series;
	long bytes;
	long caps;
} only = { .bytes = -1, .caps = -1 };

static void round_trip(const struct mechanism *m, const struct load *load,
		       uint64_t *sample)
{
	uint64_t start = meter_now();

	m->call(load);
	*sample = meter_now() - start;
	if (m->tidy)
		m->tidy(load);
}

static struct summary measure(const struct mechanism *m,
			      const struct load *load, size_t rounds)
{
	uint64_t *samples = calloc(rounds, sizeof(*samples)), ignored;
	struct summary summary;
	pid_t child;
	size_t i;

	m->prepare(load);
	child = must(fork(), "fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		m->serve(load);
		exit(1);
	}
	m->begin(load);
	for (i = 0; i < WARM_UP; i++)
		round_trip(m, load, &ignored);
	for (i = 0; i < rounds; i++)
		round_trip(m, load, &samples[i]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	m->end();
	summary = meter_summary(samples, rounds);
	free(samples);
	return summary;
}

static struct summary best(const struct mechanism *m, const struct load *load,
			   size_t rounds)
{
	struct summary best = measure(m, load, rounds), next;
	unsigned int i;

	for (i = 1; i < m->repeats; i++) {
		next = measure(m, load, rounds);
		if (next.p50 < best.p50)
			best = next;
	}
	return best;
}

static void report(const struct mechanism *m, const struct load *load,
		   const struct summary *s)
{
	struct utsname uts;

	uname(&uts);
	printf("{\"kernel\": \"%s\", \"meter\": \"%s\", \"mechanism\": \"%s\", "
	       "\"series\": \"%s\", \"bytes\": %zu, \"caps\": %u, \"n\": %zu, "
	       "\"min\": %lu, \"p50\": %lu, \"p90\": %lu, \"p99\": %lu}\n",
	       uts.release, meter_name(), m->name, load->series, load->bytes,
	       load->caps, s->n, s->min, s->p50, s->p90, s->p99);
	fflush(stdout);
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

static void run(const struct mechanism *m, size_t rounds)
{
	struct summary summary;
	size_t i;

	for (i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		if (!chosen(m, &loads[i]))
			continue;
		summary = best(m, &loads[i], rounds);
		report(m, &loads[i], &summary);
	}
}

int main(int argc, char **argv)
{
	size_t rounds = 2000, i;
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
	request = mmap(NULL, REQUEST_MAX, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (request == MAP_FAILED)
		return 1;
	memset(request, 0x5a, REQUEST_MAX);
	for (i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++)
		run(mechanisms[i], rounds);
	return 0;
}
