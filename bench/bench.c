// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench [-w] [-n ROUNDS]: round trips between two processes, one JSON object
 * a line. -w measures wall clock time instead of instructions.
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
	&mechanism_eventfd,
	&mechanism_seqpacket,
};

static const size_t sizes[] = { 64, 4096, 65536 };

static struct summary measure(const struct mechanism *m, size_t bytes,
			      size_t rounds)
{
	uint64_t *samples = calloc(rounds, sizeof(*samples)), start;
	struct summary summary;
	pid_t child;
	size_t i;

	m->prepare(bytes);
	child = must(fork(), "fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		m->serve(bytes);
		exit(1);
	}
	m->begin(bytes);
	for (i = 0; i < WARM_UP; i++)
		m->call(bytes);
	for (i = 0; i < rounds; i++) {
		start = meter_now();
		m->call(bytes);
		samples[i] = meter_now() - start;
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	m->end();
	summary = meter_summary(samples, rounds);
	free(samples);
	return summary;
}

static struct summary best(const struct mechanism *m, size_t bytes,
			   size_t rounds)
{
	struct summary best = measure(m, bytes, rounds), next;
	unsigned int i;

	for (i = 1; i < m->repeats; i++) {
		next = measure(m, bytes, rounds);
		if (next.p50 < best.p50)
			best = next;
	}
	return best;
}

static void report(const struct mechanism *m, size_t bytes,
		   const struct summary *s)
{
	struct utsname uts;

	uname(&uts);
	printf("{\"kernel\": \"%s\", \"meter\": \"%s\", \"mechanism\": \"%s\", "
	       "\"series\": \"rtt\", \"bytes\": %zu, \"caps\": 0, \"n\": %zu, "
	       "\"min\": %lu, \"p50\": %lu, \"p90\": %lu, \"p99\": %lu}\n",
	       uts.release, meter_name(), m->name, bytes, s->n, s->min, s->p50,
	       s->p90, s->p99);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	size_t rounds = 2000, i, j;
	struct summary summary;
	int option;

	while ((option = getopt(argc, argv, "wn:")) != -1) {
		if (option == 'w')
			meter_init(true);
		else if (option == 'n' && atoi(optarg) > 0)
			rounds = atoi(optarg);
		else
			return 64;
	}
	request = mmap(NULL, REQUEST_MAX, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (request == MAP_FAILED)
		return 1;
	memset(request, 0x5a, REQUEST_MAX);
	for (i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++) {
		for (j = 0; j < sizeof(sizes) / sizeof(*sizes); j++) {
			summary = best(mechanisms[i], sizes[j], rounds);
			report(mechanisms[i], sizes[j], &summary);
		}
	}
	return 0;
}
