// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzzer [-n OPERATIONS] [-s SECONDS] [-r SEED] [-o DIR] [FILE...]
 *
 * Runs the cases in FILEs, and then as many changed ones as it takes to make so many
 * operations, or for so long; those that reach something new are kept to be changed
 * again. With -o DIR those that are needed to reach all that was reached are put there in
 * the end, those of FILEs first and the others cut down to what they need. A case that
 * fails is put there, or into /data.
 */
#include <getopt.h>

#include "fuzz.h"

#define CASES_MAX	8192
#define LOOK_EVERY	(8 * TURNS)	/* cases, for what is left and what the log says */

static struct sequence *cases[CASES_MAX];
static unsigned int n_cases, n_new;
static struct shared *shared;
static unsigned char errnos[CAPMSG_CMD_COUNT][256];
static const char *dir;
static int taint_file;
static int log_file;

static const char * const failures[] = {
	[FAILED_OUTPUT] = "wrote where it must not",
	[FAILED_MIXED] = "a payload is mixed of two messages",
	[FAILED_IMMORTAL] = "a process cannot be killed",
	[FAILED_LEFT] = "something is left",
	[FAILED_LOG] = "the kernel complains",
	[FAILED_SCENE] = "the scene could not be made",
};

static void save(const struct sequence *s, unsigned int n, const char *prefix, unsigned int nr)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s-%04u", dir ?: "/data", prefix, nr);
	f = fopen(path, "w");
	if (!f)
		return;
	while (n--)
		sequence_print(f, s++);
	fclose(f);
}

static int taint(void)
{
	char text[32] = "";

	return pread(taint_file, text, sizeof(text) - 1, 0) > 0 ? atoi(text) : -1;
}

/* What costs too much to be looked at after every case. */
static enum failure look(void)
{
	enum failure failure = processes_end();
	const char *left, *text;

	if (failure)
		return failure;
	left = capmsg_leaks();
	if (left) {
		printf("# left over: %s\n", left);
		return FAILED_LEFT;
	}
	text = log_speaks(log_file);
	if (text) {
		printf("# the log: %s\n", text);
		return FAILED_LOG;
	}
	return FAILED_NOT;
}

/* With all cases since the processes began: any of them may be the reason. */
static void fail(enum failure failure, unsigned int n)
{
	const struct sequence *s;

	printf("# %s", failures[failure]);
	if (failure == FAILED_OUTPUT || failure == FAILED_MIXED)
		printf(", command %s", fuzz_commands[atomic_load(&shared->failed_nr)].name);
	sequences_run(&s);
	printf("; the last case, of %u in a row:\n", n);
	if (n)
		sequence_print(stdout, &s[n - 1]);
	save(s, n, "failed", 0);
	printf("not ok 1 fuzz\n");
	exit(1);
}

static void note_errnos(void)
{
	unsigned int i, j;

	for (i = 0; i < CAPMSG_CMD_COUNT; i++)
		for (j = 0; j < 256; j++)
			errnos[i][j] |= shared->errnos[i][j];
}

static void run(const struct sequence *s, bool fresh)
{
	static int taint_before = -1;
	static unsigned int runs;
	enum failure failure = sequence_run(s, shared, fresh);
	const struct sequence *history;
	unsigned int n = sequences_run(&history);

	if (taint_before < 0)
		taint_before = taint();
	if (!failure && taint() != taint_before)
		failure = FAILED_LOG;
	if (!failure && ++runs % LOOK_EVERY == 0)
		failure = look();
	if (failure)
		fail(failure, n);
	note_errnos();
}

static void keep(const struct sequence *s)
{
	if (n_cases == CASES_MAX)
		return;
	cases[n_cases] = malloc(sizeof(*s));
	if (cases[n_cases])
		*cases[n_cases++] = *s;
}

/*
 * Leaves out what is not needed to reach what the case was the first to reach: in large
 * pieces, and small ones if it is worth it.
 */
static void minimise(struct sequence *s)
{
	struct sequence without;
	unsigned int n, at, least = s->n / 8 ?: 1;

	for (n = s->n / 2; n >= least; n /= 2) {
		for (at = 0; at + n <= s->n;) {
			without = *s;
			memmove(&without.ops[at], &without.ops[at + n],
				(s->n - at - n) * sizeof(s->ops[0]));
			without.n -= n;
			if (without.n) {
				run(&without, false);
				if (cover_again(shared)) {
					*s = without;
					continue;
				}
			}
			at += n;
		}
	}
}

static void read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	struct sequence s;

	if (!f) {
		perror(path);
		exit(2);
	}
	while (sequence_read(f, &s)) {
		run(&s, false);
		cover_take(shared);
		keep(&s);
	}
	fclose(f);
}

static void distil(unsigned int n_old)
{
	unsigned int i, kept = 0;

	cover_forget();
	for (i = 0; i < n_cases; i++) {
		run(cases[i], false);
		if (!cover_take(shared))
			continue;
		if (i >= n_old)
			minimise(cases[i]);
		save(cases[i], 1, "case", kept++);
	}
	printf("# %u of %u cases are needed for %u places\n", kept, n_cases, cover_total());
}

static void fuzz(unsigned long operations, unsigned int seconds, __u64 random)
{
	__u64 end = now_ns() + seconds * 1000000000ULL, told = now_ns();
	struct sequence s;

	while (atomic_load(&shared->operations) < operations && (!seconds || now_ns() < end)) {
		if (!n_cases || !dice(&random, 8)) {
			sequence_random(&s, &random);
		} else {
			s = *cases[dice(&random, n_cases)];
			sequence_mutate(&s, cases[dice(&random, n_cases)], &random);
		}
		run(&s, false);
		if (cover_take(shared)) {
			n_new++;
			keep(&s);
		}
		if (now_ns() - told > 30000000000ULL) {
			told = now_ns();
			printf("# %lu operations, %u cases kept, %u places reached\n",
			       atomic_load(&shared->operations), n_cases, cover_total());
			fflush(stdout);
		}
	}
}

/* As errnos.c does it for tests, whose processes share that table from the beginning. */
static void print_errnos(void)
{
	unsigned int nr, error;

	printf("# errnos");
	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		const char *before = "";

		for (error = 0; error < 256; error++) {
			if (!errnos[nr][error] || error == EBADF || error == EPROTO)
				continue;
			if (!*before)
				printf(" %u:", nr);
			printf("%s%s", before, error ? strerrorname_np(error) ?: "unknown" : "0");
			before = ",";
		}
	}
	printf("\n");
}

static void prepare(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	taint_file = open("/proc/sys/kernel/tainted", O_RDONLY | O_CLOEXEC);
	log_file = log_open();
	if (shared == MAP_FAILED || taint_file < 0 || log_file < 0 || memory_prepare()) {
		perror("fuzz");
		exit(2);
	}
	if (cover_open())
		printf("# no KCOV here: cases are random\n");
}

int main(int argc, char **argv)
{
	unsigned long operations = 0;
	unsigned int seconds = 0, n_old;
	__u64 random = 1, begun = now_ns();
	enum failure failure;
	int option;

	while ((option = getopt(argc, argv, "n:s:r:o:")) != -1) {
		switch (option) {
		case 'n':
			operations = strtoul(optarg, NULL, 0);
			break;
		case 's':
			seconds = strtoul(optarg, NULL, 0);
			operations = operations ?: ~0UL;
			break;
		case 'r':
			random = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			dir = optarg;
			break;
		default:
			return 2;
		}
	}
	printf("TAP version 13\n1..1\n");
	prepare();
	for (; optind < argc; optind++)
		read_file(argv[optind]);
	n_old = n_cases;
	fuzz(operations, seconds, random);
	if (dir)
		distil(n_old);
	failure = look();
	if (failure)
		fail(failure, 0);
	print_errnos();
	printf("# %lu operations in %llu s, %u new cases, %u places reached\n",
	       atomic_load(&shared->operations), (now_ns() - begun) / 1000000000ULL, n_new,
	       cover_total());
	printf("ok 1 fuzz\n");
	return 0;
}
