// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs cases: two processes of two players each share what the scene has opened. Who
 * waits for too long is interrupted, so that no case takes long; in the end both
 * processes are killed, wherever their threads are.
 */
#include <limits.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fuzz.h"

#define BEAT_MS		4
#define TURN_MS		1000	/* for all of a case */
#define DIE_MS		20000	/* no process takes longer to die */

static pid_t pids[2];
static struct sequence history[TURNS];
static unsigned int turns;
static bool late;		/* somebody has not played the last one to its end */

void word_wait(atomic_uint *word, unsigned int value, unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	syscall(SYS_futex, word, FUTEX_WAIT, value, &time, NULL, 0);
}

void word_wake(atomic_uint *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static struct player *player_new(struct shared *shared, unsigned int id, atomic_int *tids)
{
	struct player *p = calloc(1, sizeof(*p));

	if (!p)
		_exit(1);
	p->id = id;
	p->random = shared->sequence.ops[0].bytes[1] * 8 + id;
	p->shared = shared;
	p->tids = tids;
	return p;
}

static bool has_played(const struct shared *shared, unsigned int id)
{
	return atomic_load(&shared->done[id]) == atomic_load(&shared->turn);
}

/* Interrupts, for ever, who is where it was a beat ago; no command begins again by that. */
static void conduct(struct player *players[2], const atomic_int *tids, struct shared *shared)
{
	unsigned int i, step, steps[2] = { };

	for (;;) {
		sleep_ms(BEAT_MS);
		for (i = 0; i < 2; i++) {
			step = atomic_load(&players[i]->step);
			if (step == steps[i] && !has_played(shared, players[i]->id))
				syscall(SYS_tgkill, getpid(), atomic_load(&tids[i]), SIGUSR2);
			steps[i] = step;
		}
	}
}

/* One of the two processes; the second one plays the objects, too. */
static void process(struct shared *shared, unsigned int nr)
{
	static atomic_int tids[2];
	struct player *players[2];
	pthread_t thread;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* What the other players send may restart a command, in every other life. */
	signal_ignore(SIGUSR1, shared->sequence.ops[0].bytes[0] & 1 ? SA_RESTART : 0);
	signal_ignore(SIGUSR2, 0);
	for (i = 0; i < 2; i++) {
		players[i] = player_new(shared, 2 * nr + i, tids);
		if (pthread_create(&thread, NULL, player_run, players[i]))
			_exit(1);
	}
	if (nr && pthread_create(&thread, NULL, handler_run,
				 player_new(shared, HANDLER_ID, tids)))
		_exit(1);
	conduct(players, tids, shared);
}

static bool alive(unsigned int i)
{
	if (pids[i] > 0 && waitpid(pids[i], NULL, WNOHANG) == pids[i])
		pids[i] = 0;
	return pids[i] > 0;
}

enum failure processes_end(void)
{
	unsigned int i;

	turns = 0;
	late = false;
	for (i = 0; i < 2; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	return WAIT_UNTIL(DIE_MS, !alive(0) & !alive(1)) ? FAILED_NOT : FAILED_IMMORTAL;
}

static enum failure processes_begin(struct shared *shared)
{
	unsigned int i;
	int ret = scene_prepare();

	atomic_store(&shared->turn, 0);
	for (i = 0; i < PLAYERS; i++)
		atomic_store(&shared->done[i], 0);
	for (i = 0; i < 2 && !ret; i++) {
		pids[i] = fork();
		if (!pids[i])
			process(shared, i);
	}
	/* Theirs from now on: they end with the last of the two. */
	scene_end();
	return ret ? FAILED_SCENE : FAILED_NOT;
}

/* All that are alive have played this turn. */
static bool turn_over(const struct shared *shared)
{
	unsigned int i;

	for (i = 0; i < PLAYERS; i++)
		if (atomic_load(&shared->done[i]) < turns && alive(i / 2))
			return false;
	return true;
}

enum failure sequence_run(const struct sequence *s, struct shared *shared, bool fresh)
{
	enum failure failure = FAILED_NOT;
	unsigned int plays;
	__u64 end;

	if (fresh || late || turns == TURNS || !alive(0) || !alive(1))
		failure = processes_end();
	atomic_store(&shared->failed, FAILED_NOT);
	memset(shared->errnos, 0, sizeof(shared->errnos));
	shared->sequence = *s;
	if (!failure && !turns)
		failure = processes_begin(shared);
	if (failure)
		return failure;
	history[turns++] = *s;
	cover_begin();
	atomic_store(&shared->turn, turns);
	word_wake(&shared->turn);
	end = in_ms(TURN_MS);
	for (;;) {
		plays = atomic_load(&shared->plays);
		if (turn_over(shared))
			break;
		late = now_ns() > end;
		if (late)
			break;
		/* Who is killed does not say so. */
		word_wait(&shared->plays, plays, 10);
	}
	return (enum failure)atomic_load(&shared->failed);
}

unsigned int sequences_run(const struct sequence **s)
{
	*s = history;
	return turns;
}
