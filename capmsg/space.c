// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening, setting up and closing spaces, and handing out their frames.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "space.h"
#include "sweep.h"

static atomic_long_t spaces;
static DEFINE_PER_CPU(long, frames_busy);

static int charge(struct capmsg_user *user)
{
	const long bytes = sizeof(struct capmsg_space);
	int ret;

	ret = capmsg_user_charge(user, 1, bytes);
	if (ret && capmsg_sweep_for_quota(user))
		ret = capmsg_user_charge(user, 1, bytes);
	return ret;
}

/**
 * capmsg_space_open() - make a space for a new file
 *
 * Context: Process context; may sleep.
 * Return: the space, to be ended by capmsg_space_close(); or ERR_PTR: -ENOMEM,
 * -EDQUOT.
 */
struct capmsg_space *capmsg_space_open(void)
{
	struct capmsg_space *space;
	int ret;

	space = kzalloc(sizeof(*space), CAPMSG_GFP);
	if (!space)
		return ERR_PTR(-ENOMEM);
	space->account = capmsg_account_alloc();
	ret = PTR_ERR_OR_ZERO(space->account);
	if (ret)
		goto out_space;
	ret = charge(space->account->user);
	if (ret)
		goto out_account;
	atomic_set(&space->setup, 0);
	init_waitqueue_head(&space->idlers);
	atomic_long_inc(&spaces);
	return space;

out_account:
	capmsg_account_put(space->account);
out_space:
	kfree(space);
	return ERR_PTR(ret);
}

static int make_root(struct capmsg_space *space, u32 root_bits)
{
	struct capmsg_cappage *table;

	table = capmsg_cappage_alloc(space->account, root_bits, NULL);
	if (IS_ERR(table))
		return PTR_ERR(table);
	space->root = capmsg_cap_make(table->body.object,
				      CAPMSG_RIGHT_READ | CAPMSG_RIGHT_WRITE);
	capmsg_body_own(&table->body);
	return 0;
}

static int make_frames(struct capmsg_space *space, u32 n, u32 plain_max)
{
	struct capmsg_frame *frame;
	u32 i;

	space->frames = kcalloc(n + 1, sizeof(*space->frames), CAPMSG_GFP);
	if (!space->frames)
		return -ENOMEM;
	for (i = 0; i <= n; i++) {
		/* No buffer is pinned in the spare one. */
		frame = capmsg_frame_alloc(space->account, i < n ? plain_max : 0);
		if (IS_ERR(frame))
			return PTR_ERR(frame);
		capmsg_body_own(&frame->port.body);
		space->frames[i] = frame;
	}
	space->n_frames = n;
	return 0;
}

static void unmake(struct capmsg_space *space)
{
	capmsg_objects_kill(space->account);
	capmsg_cap_forget(&space->root);
	kfree(space->frames);
	space->frames = NULL;
	space->n_frames = 0;
}

/**
 * capmsg_space_setup() - give a space its root and its frames
 * @space: the space
 * @n_frames: number of frames; checked by the caller, like the rest
 * @root_bits: log2 of the slots of the root cappage
 * @plain_max: bytes of the largest plain buffer
 *
 * Context: Process context; may sleep.
 * Return: 0; -EBUSY if that was done before, or is being done; -ENOMEM, -EDQUOT.
 */
int capmsg_space_setup(struct capmsg_space *space, u32 n_frames,
		       u32 root_bits, u32 plain_max)
{
	int ret;

	/* Nobody waits for another to allocate. */
	if (atomic_xchg_acquire(&space->setup, 1))
		return -EBUSY;
	ret = make_root(space, root_bits) ?:
	      make_frames(space, n_frames, plain_max);
	if (ret) {
		unmake(space);
		atomic_set_release(&space->setup, 0);
		return ret;
	}
	space->root_bits = root_bits;
	space->plain_max = plain_max;
	/* Pairs with capmsg_space_ready(): what is above is there by then. */
	smp_store_release(&space->ready, true);
	return 0;
}

/**
 * capmsg_space_close() - the file of a space is gone
 * @space: the space; freed
 *
 * Everything that the space has paid for dies. May run in any process, or
 * none: nothing here looks at current.
 *
 * Context: Process context; may sleep.
 */
void capmsg_space_close(struct capmsg_space *space)
{
	unmake(space);
	capmsg_user_uncharge(space->account->user, 1, sizeof(*space));
	capmsg_account_put(space->account);
	kfree(space);
	atomic_long_dec(&spaces);
}

/* A free frame, or NULL. */
static __always_inline struct capmsg_frame *take_frame(struct capmsg_space *space,
						       unsigned int *index)
{
	unsigned int i;

	/* Few spaces have more than one operation in flight. */
	for (i = 0; i < space->n_frames;
	     i = find_first_zero_bit(space->busy, space->n_frames)) {
		if (test_and_set_bit_lock(i, space->busy))
			continue;
		*index = i;
		this_cpu_inc(frames_busy);
		return space->frames[i];
	}
	return NULL;
}

/* A frame for asking, or NULL. */
static struct capmsg_frame *take_to_ask(struct capmsg_space *space,
					unsigned int *index)
{
	struct capmsg_frame *frame = take_frame(space, index);

	if (frame || test_and_set_bit_lock(space->n_frames, space->busy))
		return frame;
	*index = space->n_frames;
	this_cpu_inc(frames_busy);
	return space->frames[space->n_frames];
}

static int no_frame(const struct capmsg_space *space)
{
	return capmsg_refuse(space->account, CAPMSG_LIMIT_FRAMES, -EAGAIN,
			     space->n_frames, space->n_frames);
}

/**
 * capmsg_frame_get() - take a free frame
 * @space: the space
 * @index: number of the frame, for capmsg_frame_put()
 *
 * Context: Process context of the command that needs the frame.
 * Return: the frame, which is the caller's alone; or ERR_PTR: -EAGAIN if none is
 * free, -ENOENT if the space is not set up.
 */
struct capmsg_frame *capmsg_frame_get(struct capmsg_space *space,
				      unsigned int *index)
{
	struct capmsg_frame *frame;

	/* Frames of a set-up that is not over yet may go away again. */
	if (!capmsg_space_ready(space))
		return ERR_PTR(-ENOENT);
	frame = take_frame(space, index);
	return frame ?: ERR_PTR(no_frame(space));
}

/**
 * capmsg_frame_await() - take a frame for asking, and wait if none is free
 * @space: the space; set up
 * @index: number of the frame, for capmsg_frame_put()
 * @until: how long to wait
 * @frame: the frame, which is the caller's alone
 *
 * Context: Process context of a command that has no frame; sleeps.
 * Return: 0; -EAGAIN, -ETIMEDOUT, -ERESTARTSYS.
 */
int capmsg_frame_await(struct capmsg_space *space, unsigned int *index,
		       const struct capmsg_until *until,
		       struct capmsg_frame **frame)
{
	DEFINE_WAIT(entry);
	int ret = 0;

	*frame = take_to_ask(space, index);
	if (likely(*frame))
		return 0;
	for (;;) {
		prepare_to_wait_exclusive(&space->idlers, &entry,
					  CAPMSG_SLEEP_STATE);
		*frame = take_to_ask(space, index);
		if (*frame)
			break;
		ret = capmsg_wait_over(until);
		if (ret)
			break;
		capmsg_sleep(until->deadline);
	}
	finish_wait(&space->idlers, &entry);
	/* It may have been us who were woken for one that another could take. */
	wake_up(&space->idlers);
	return ret;
}

/**
 * capmsg_frame_put() - give a frame back
 * @space: the space
 * @index: number of the frame; it is empty
 *
 * Context: Any.
 */
void capmsg_frame_put(struct capmsg_space *space, unsigned int index)
{
	this_cpu_dec(frames_busy);
	clear_bit_unlock(index, space->busy);
	/* Pairs with prepare_to_wait_exclusive() in capmsg_frame_await() ... */
	smp_mb__after_atomic();
	/* ... so that who waits is seen here, or has seen the frame. */
	if (waitqueue_active(&space->idlers))
		wake_up(&space->idlers);
}

/**
 * capmsg_frames_busy() - number of operations in flight, in all spaces
 *
 * Context: Any.
 * Return: the number; may be old when it arrives.
 */
unsigned long capmsg_frames_busy(void)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(frames_busy, cpu));
	return max(sum, 0L);
}

/**
 * capmsg_spaces() - number of spaces
 *
 * Context: Any.
 * Return: the number; may be old when it arrives.
 */
unsigned long capmsg_spaces(void)
{
	return atomic_long_read(&spaces);
}
