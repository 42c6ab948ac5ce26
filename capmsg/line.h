/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines: who waits at a port, and whose turn it is. Knows nothing of posts: who
 * has one to give asks for the first waiter that takes it.
 */
#ifndef CAPMSG_LINE_H
#define CAPMSG_LINE_H

#include <linux/list.h>
#include <linux/rbtree.h>

#include "party.h"

/**
 * DOC: Lines
 *
 * Senders that wait form one line for each user, in order of arrival. The lines
 * take turns: what becomes free is offered to the line whose turn it is, within
 * it to who came first, and so on until somebody takes it; then the turn of
 * that line is over, and it is behind all others. A line from which nobody takes
 * anything keeps its turn. A new line comes before the one that had the last turn,
 * if that is still there: so nobody waits for a user who was served just now. And
 * nobody is overtaken twice in this way: once the next turn is over, new lines come
 * behind all who wait now.
 *
 * A waiter that was passed over CAPMSG_PASS_MAX times for the size of its message is
 * *due*, and is asked before everybody who is not.
 *
 * Waiting must not need memory. So all nodes are in the waiters, and one waiter of
 * every line *bears* what the line needs as a whole; when it leaves, another
 * takes that over. The time to get in line and to leave it grows with the logarithm
 * of the number of users, and not with the length of the lines.
 *
 * An offer looks at no more than CAPMSG_LINE_LOOK waiters of each line, so that
 * nobody makes a port slow by waiting in it with very many messages that nothing
 * fits. Whoever is due leaves the part of the line that is looked at, and those who
 * are due are looked at in turns, too: so everybody is seen in the end.
 */
#define CAPMSG_LINE_LOOK	32

/**
 * struct capmsg_crowd - waiters that have something in common
 *
 * One of them bears the crowd: its @node is in a tree, and its @n counts.
 */
struct capmsg_crowd {
	/** @node: in the tree, if it bears the crowd */
	struct rb_node node;
	/** @ring: all waiters of the crowd */
	struct list_head ring;
	/** @n: length of the ring, if it bears the crowd */
	u32 n;
};

/**
 * enum capmsg_taking - does a waiter take what is offered?
 * @CAPMSG_TAKING: it does
 * @CAPMSG_TAKING_NOT: no
 * @CAPMSG_TAKING_LARGER: no, its message is too large for that
 * @CAPMSG_TAKING_OVER: no, its party has its share, whatever the message is
 */
enum capmsg_taking {
	CAPMSG_TAKING,
	CAPMSG_TAKING_NOT,
	CAPMSG_TAKING_LARGER,
	CAPMSG_TAKING_OVER,
};

/**
 * struct capmsg_waiter - somebody in a line
 *
 * A part of the sender. All under the lock of the port.
 */
struct capmsg_waiter {
	/** @link: in the line, or among those who are due; empty: not waiting */
	struct list_head link;
	/** @watch: in the list of those who watch the time; or empty */
	struct list_head watch;
	/** @party: who waits */
	struct capmsg_party party;
	/** @by_user: the waiters of the same user: the line */
	struct capmsg_crowd by_user;
	/** @by_party: the waiters with the same badge among them */
	struct capmsg_crowd by_party;
	/** @turn: whose turn it is, if it bears the line */
	struct list_head turn;
	/** @waiting: all who are not due, if it bears the line */
	struct list_head waiting;
	/** @due: all who are, if it bears the line */
	struct list_head due;
	/** @passed: how often it was passed over for its size */
	u8 passed;
	/** @is_due: that was often enough */
	bool is_due;
	/** @curbed: what is free may fit, but its share was used up */
	bool curbed;
	/** @taking: what it said to the last offer */
	enum capmsg_taking taking;
};

/**
 * struct capmsg_lines - all lines of a port
 */
struct capmsg_lines {
	/** @users: what bears the line of each user */
	struct rb_root users;
	/** @parties: what bears the crowd of each party */
	struct rb_root parties;
	/** @turns: what bears a line, in the order of turns */
	struct list_head turns;
	/** @last: what bears the line that had the last turn; or NULL */
	struct capmsg_waiter *last;
	/** @watchers: the first watches the time for all */
	struct list_head watchers;
	/** @n: how many wait */
	u32 n;
	/** @n_due: how many are due */
	u32 n_due;
	/** @n_curbed: how many are curbed */
	u32 n_curbed;
};

void capmsg_lines_init(struct capmsg_lines *lines);
void capmsg_waiter_init(struct capmsg_waiter *waiter);
void capmsg_line_join(struct capmsg_lines *lines, struct capmsg_waiter *waiter,
		      const struct capmsg_party *party);
void capmsg_line_leave(struct capmsg_lines *lines, struct capmsg_waiter *waiter);
void capmsg_line_curb(struct capmsg_lines *lines, struct capmsg_waiter *waiter,
		      bool curbed);
struct capmsg_waiter *
capmsg_line_offer(struct capmsg_lines *lines,
		  enum capmsg_taking (*ask)(struct capmsg_waiter *waiter,
					    void *data),
		  void *data);
void capmsg_line_serve(struct capmsg_lines *lines, struct capmsg_waiter *waiter);
u32 capmsg_line_of_user(const struct capmsg_lines *lines,
			const struct capmsg_user *user);
u32 capmsg_line_of_party(const struct capmsg_lines *lines,
			 const struct capmsg_party *party);

static inline bool capmsg_waiter_waits(const struct capmsg_waiter *waiter)
{
	return !list_empty(&waiter->link);
}

/* Who watches the time for all who wait; or NULL. */
static inline struct capmsg_waiter *
capmsg_line_watcher(struct capmsg_lines *lines)
{
	return list_first_entry_or_null(&lines->watchers, struct capmsg_waiter,
					watch);
}

/* Somebody who waits; or NULL. */
static inline struct capmsg_waiter *
capmsg_line_any(struct capmsg_lines *lines)
{
	return list_first_entry_or_null(&lines->turns, struct capmsg_waiter,
					turn);
}

#endif /* CAPMSG_LINE_H */
