/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spaces: one open of /dev/capmsg. A space lives exactly as long as its file,
 * so it needs no count: whoever runs a command in it holds the file.
 */
#ifndef CAPMSG_SPACE_H
#define CAPMSG_SPACE_H

#include <linux/atomic.h>
#include <linux/bitmap.h>

#include "frame.h"

/**
 * struct capmsg_space - a root, frames, and an account
 */
struct capmsg_space {
	/** @account: what the space pays for; holds a reference */
	struct capmsg_account *account;
	/** @setup: 1 from when it begins, for good unless it fails */
	atomic_t setup;
	/** @root: where every walk begins; void before set-up, then constant */
	struct capmsg_cap root;
	/** @ready: set up; what is below is constant from then on */
	bool ready;
	/** @root_bits: log2 of the slots of the root cappage */
	u32 root_bits;
	/** @plain_max: bytes of the largest plain buffer */
	u32 plain_max;
	/** @n_frames: number of frames, without the spare one */
	u32 n_frames;
	/**
	 * @frames: the frames, and behind them a spare one: with that a command
	 * that has none can ask a handler when all others are in use, perhaps by
	 * those who wait for what it is going to do. The account owns them
	 */
	struct capmsg_frame **frames;
	/** @busy: which frames are in use; changed atomically */
	DECLARE_BITMAP(busy, CAPMSG_FRAMES_MAX + 1);
	/** @idlers: who waits for a frame */
	wait_queue_head_t idlers;
};

struct capmsg_space *capmsg_space_open(void);
int capmsg_space_setup(struct capmsg_space *space, u32 n_frames,
		       u32 root_bits, u32 plain_max);
void capmsg_space_close(struct capmsg_space *space);
struct capmsg_frame *capmsg_frame_get(struct capmsg_space *space,
				      unsigned int *index);
int capmsg_frame_await(struct capmsg_space *space, unsigned int *index,
		       const struct capmsg_until *until,
		       struct capmsg_frame **frame);
void capmsg_frame_put(struct capmsg_space *space, unsigned int index);
unsigned long capmsg_frames_busy(void);
unsigned long capmsg_spaces(void);

/* Is it the spare frame? It is for asking, and for nothing else. */
static inline bool capmsg_frame_is_spare(const struct capmsg_space *space,
					 unsigned int index)
{
	return index == space->n_frames;
}

/* Nothing of a space may be used before this is true. */
static inline bool capmsg_space_ready(const struct capmsg_space *space)
{
	/* Pairs with the end of capmsg_space_setup(). */
	return smp_load_acquire(&space->ready);
}

#endif /* CAPMSG_SPACE_H */
