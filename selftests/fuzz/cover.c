// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a case has reached: places of the module, as KCOV tells them (on the
 * instrumented kernel, with a module built for it), and which command has returned which
 * errno. The buffers are shared with the threads that play, so what one of them reached
 * is known though it was killed.
 */
#include <sys/ioctl.h>

#include "fuzz.h"

#define KCOV		"/sys/kernel/debug/kcov"
#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_TRACE_PC	0
#define WORDS		(32 << 10)
#define PLACES		(64 << 10)
#define FEATURES	(PLACES + CAPMSG_CMD_COUNT * 256)

static int kcov_files[THREADS];
static unsigned long *kcov_words[THREADS];
static bool works;
static unsigned char reached[FEATURES];	/* by any case */
static unsigned char now[FEATURES];	/* by the last one */
static unsigned char kept[FEATURES];
static unsigned int total;

static int kcov_open(unsigned int thread)
{
	int fd = open(KCOV, O_RDWR | O_CLOEXEC);
	void *words;

	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, WORDS))
		return -errno;
	words = mmap(NULL, WORDS * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		return -errno;
	kcov_files[thread] = fd;
	kcov_words[thread] = words;
	return 0;
}

int cover_open(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < THREADS && !ret; i++)
		ret = kcov_open(i);
	works = !ret;
	return ret;
}

bool cover_works(void)
{
	return works;
}

/* Ends with the thread. */
void cover_enable(unsigned int thread)
{
	if (works)
		ioctl(kcov_files[thread], KCOV_ENABLE, KCOV_TRACE_PC);
}

void cover_begin(void)
{
	unsigned int i;

	for (i = 0; i < THREADS && works; i++)
		__atomic_store_n(&kcov_words[i][0], 0, __ATOMIC_RELAXED);
}

/* What the last case has reached. */
static void collect(const struct shared *shared)
{
	unsigned long i, n;
	unsigned int thread;

	memset(now, 0, sizeof(now));
	for (thread = 0; thread < THREADS && works; thread++) {
		n = __atomic_load_n(&kcov_words[thread][0], __ATOMIC_RELAXED);
		for (i = 1; i <= n && i < WORDS; i++)
			now[(kcov_words[thread][i] * 0x9e3779b97f4a7c15ULL) >> 48] = 1;
	}
	memcpy(now + PLACES, shared->errnos, sizeof(shared->errnos));
}

unsigned int cover_take(const struct shared *shared)
{
	unsigned int i, new = 0;

	collect(shared);
	memset(kept, 0, sizeof(kept));
	for (i = 0; i < FEATURES; i++) {
		if (!now[i] || reached[i])
			continue;
		reached[i] = 1;
		kept[i] = 1;
		new++;
	}
	total += new;
	return new;
}

bool cover_again(const struct shared *shared)
{
	unsigned int i;

	collect(shared);
	for (i = 0; i < FEATURES; i++)
		if (kept[i] && !now[i])
			return false;
	return true;
}

void cover_forget(void)
{
	memset(reached, 0, sizeof(reached));
	total = 0;
}

unsigned int cover_total(void)
{
	return total;
}
