// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on the module and on a naive model of it (model/world.h),
 * by four threads.
 *
 * Each thread has a world of its own, two spaces of a user of its own, in which
 * it does everything: what others do at the same time must make no difference,
 * so each errno and each output is known before. Commands that wait run in
 * further threads, and must go on waiting, or end, exactly when the model says so.
 * Every now and then all that can be seen of a world is compared.
 *
 * The seed is printed; MODEL_SEED sets it, MODEL_OPS the number of operations. A
 * world that fails is done again without the others, made small, and written down
 * as a script for `capctl run`.
 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "model/run.h"

#define THREADS		4
#define OPS		100000
#define OPS_OF_WORLD	500
#define MAX_OPS		(OPS_OF_WORLD + END_OPS)
#define CHECK_EVERY	50
#define UID_FIRST	7000

struct private {
	pthread_t thread;
	unsigned int number, worlds, ops;
	__u64 seed;
	bool failed, started;
	struct machine machine;
	struct run run;
};

/* A user of its own, so that what the user pays for is known, too. */
static void user_become(unsigned int number)
{
	syscall(SYS_setresuid, UID_FIRST + number, -1, -1);
}

static bool world_do(struct run *run, __u64 seed, unsigned int n, enum lie lie)
{
	struct generator *g = calloc(1, sizeof(*g));
	bool same = true;
	unsigned int i;
	struct op op;

	g->random = seed;
	run_reset(run, lie);
	/* What would leave the outcome to chance is not done, and does not count. */
	for (i = 1; same && run->n < n; i++) {
		generate(g, &run->world, &op);
		same = run_op(run, &op) && (i % CHECK_EVERY || run_check(run));
	}
	free(g);
	return same && run_check(run) && run_end(run);
}

static void *private_do(void *arg)
{
	struct private *p = arg;
	__u64 random = p->seed;
	unsigned int i;

	user_become(p->number);
	if (machine_start(&p->machine) || run_init(&p->run, &p->machine, MAX_OPS))
		return NULL;
	p->run.count = true;
	p->started = true;
	for (i = 0; i < p->worlds && !p->failed; i++) {
		p->failed = !world_do(&p->run, random_next(&random), OPS_OF_WORLD, LIE_NONE);
		p->ops += p->run.n;
	}
	machine_reset(&p->machine);
	return NULL;
}

static void mismatch_print(const struct run *run)
{
	printf("# after %u operations, %s: %s is %s, the model says %s\n", run->n,
	       op_name(run->culprit.nr), run->mismatch.field, run->mismatch.module,
	       run->mismatch.model);
	fflush(stdout);
}

/* Done again without the others, and made small; its script, and how long that is. */
static char *failure_shrink(struct run *run, enum lie lie, unsigned int *lines)
{
	char *script = NULL;
	size_t size = 0;
	FILE *out;

	mismatch_print(run);
	shrink(run, lie);
	mismatch_print(run);
	out = open_memstream(&script, &size);
	*lines = script_write(run, out);
	fclose(out);
	return script;
}

static void script_print(const char *script)
{
	const char *line = script;

	for (; *line; line += strcspn(line, "\n") + 1)
		printf("#     %.*s\n", (int)strcspn(line, "\n"), line);
	fflush(stdout);
}

FIXTURE(model) {
	__u64 seed;
};

FIXTURE_SETUP(model)
{
	self->seed = env_number("MODEL_SEED", now_ns() * 0x9e3779b97f4a7c15);
	printf("# MODEL_SEED=0x%llx\n", self->seed);
}

FIXTURE_TEARDOWN(model)
{
	CAPMSG_TEARDOWN();
}

TEST_F_TIMEOUT(model, worlds, 300)
{
	static struct private threads[THREADS];
	unsigned int ops = env_number("MODEL_OPS", OPS), done = 0, i, lines;
	__u64 random = self->seed, start = now_ns();
	bool failed = false;

	tally_clear();
	for (i = 0; i < THREADS; i++) {
		threads[i].number = i;
		threads[i].worlds = (ops / THREADS + OPS_OF_WORLD - 1) / OPS_OF_WORLD;
		threads[i].seed = random_next(&random);
		ASSERT_EQ(0, pthread_create(&threads[i].thread, NULL, private_do, &threads[i]));
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i].thread, NULL);
	printf("# %llu ms\n", (now_ns() - start) / 1000000);
	EXPECT_TRUE(tally_print());
	for (i = 0; i < THREADS; i++) {
		ASSERT_TRUE(threads[i].started);
		done += threads[i].ops;
		failed |= threads[i].failed;
		EXPECT_FALSE(threads[i].failed);
		if (threads[i].failed) {
			char *script = failure_shrink(&threads[i].run, LIE_NONE, &lines);

			script_print(script);
			free(script);
		}
		machine_stop(&threads[i].machine);
		run_free(&threads[i].run);
	}
	EXPECT_TRUE(failed || done >= ops);
}

/*
 * The proof that a difference is found, made small, and shown by the script: the
 * model is given a mistake. The seed is always the same, as what is proved here is
 * not the module.
 */
#define LIE_SEED	0x5eed
#define LIE_LINES	8
#define SCRIPT		"/tmp/model.capctl"

/* What capctl prints when it runs the script; its exit status. */
static int script_run(const char *script, char *output, size_t size)
{
	size_t n;
	FILE *file;

	unlink(SCRIPT);
	file = fopen(SCRIPT, "we");
	if (!file || fputs(script, file) < 0 || fclose(file))
		return -errno;
	file = popen("timeout 20 capctl -j run " SCRIPT " 2>&1", "re");
	if (!file)
		return -errno;
	n = fread(output, 1, size - 1, file);
	output[n] = '\0';
	return WEXITSTATUS(pclose(file));
}

/* Does the output show what the module said, and the model did not? */
static bool replay_differs(const struct mismatch *mismatch, int status, const char *output)
{
	bool wrong = !strcmp(mismatch->field, "errno");
	char number[128], text[128];

	if (wrong && !strcmp(mismatch->module, errno_name(0)))
		return status && strstr(output, "the command succeeded");
	if (wrong) {
		snprintf(text, sizeof(text), "\"errno\":\"%s\"", mismatch->module);
		return status && strstr(output, text);
	}
	snprintf(number, sizeof(number), "\"%s\":%s", mismatch->field, mismatch->module);
	snprintf(text, sizeof(text), "\"%s\":\"%s\"", mismatch->field, mismatch->module);
	return !status && (strstr(output, number) || strstr(output, text));
}

static void lie_find(struct __test_metadata *_metadata, enum lie lie)
{
	static struct machine machine;
	static struct run run;
	static char output[65536];
	__u64 random = LIE_SEED;
	unsigned int i, lines;
	bool same = true;
	char *script;
	int status;

	ASSERT_EQ(0, machine_start(&machine));
	ASSERT_EQ(0, run_init(&run, &machine, MAX_OPS));
	for (i = 0; i < 20 && same; i++)
		same = world_do(&run, random_next(&random), OPS_OF_WORLD, lie);
	ASSERT_FALSE(same);
	script = failure_shrink(&run, lie, &lines);
	script_print(script);
	EXPECT_LE(lines, LIE_LINES);
	machine_reset(&machine);
	status = script_run(script, output, sizeof(output));
	EXPECT_TRUE(replay_differs(&run.mismatch, status, output))
		TH_LOG("status %d: %s", status, output);
	free(script);
	machine_stop(&machine);
	run_free(&run);
}

TEST_F_TIMEOUT(model, finds_a_badge_set_twice, 300)
{
	lie_find(_metadata, LIE_BADGE_TWICE);
}

TEST_F_TIMEOUT(model, finds_a_strong_weak_path, 300)
{
	lie_find(_metadata, LIE_WEAK_KEEPS_SEND);
}

TEST_F_TIMEOUT(model, finds_a_post_that_stays_idle, 300)
{
	lie_find(_metadata, LIE_SHORT_STAYS_IDLE);
}

TEST_HARNESS_MAIN
