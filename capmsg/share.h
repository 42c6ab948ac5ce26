/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shares: how many posts of a port each party holds, and how many it may hold.
 */
#ifndef CAPMSG_SHARE_H
#define CAPMSG_SHARE_H

#include <linux/list.h>
#include <linux/rbtree.h>

#include "party.h"

/**
 * DOC: Shares
 *
 * A post is held from the claim, or the commit, until its message was received.
 * A user that holds posts has records: one for itself, the *whole*, and one for each
 * of its badges, the *parts*. A port has two records for each of its posts, so there
 * is one when a post is about to be held, and none is ever allocated.
 *
 * A record that holds nothing is kept until another party needs it, the least
 * recently used first: parties come back. The part that was used last, and its
 * whole, are not even in the list of idle records; so two processes that take
 * turns touch a few counters and no list.
 *
 * Of the posts that are free or its own a holder may hold one part in
 * 1 + n * (1 + log2 n), rounded up, where n is the number of holders. So the first
 * one leaves half to the others, and each of n leaves something to the next.
 */

/**
 * struct capmsg_share - what one party holds, or a user altogether
 */
struct capmsg_share {
	/** @node: in the tree of wholes or of parts, if party.user is not NULL */
	struct rb_node node;
	/** @idle: in the list of idle records, or empty */
	struct list_head idle;
	/** @party: whose; of a whole only the user, with a reference */
	struct capmsg_party party;
	/** @whole: of a part: the record of its user; NULL for a whole */
	struct capmsg_share *whole;
	/** @held: posts held */
	u32 held;
	/** @parts: of a whole: how many of its parts hold posts */
	u32 parts;
};

/**
 * struct capmsg_shares - the records of a port
 */
struct capmsg_shares {
	/** @wholes: records of users */
	struct rb_root wholes;
	/** @parts: records of parties */
	struct rb_root parts;
	/** @idle: records that hold nothing, least recently used first */
	struct list_head idle;
	/** @recent: the part that was used last; or NULL */
	struct capmsg_share *recent;
	/** @users: how many users hold posts */
	u32 users;
	/** @n: number of records; constant */
	u32 n;
	/** @records: all of them; constant */
	struct capmsg_share *records;
};

/* Records that a port needs for each of its posts. */
#define CAPMSG_SHARES_PER_POST	2

/**
 * struct capmsg_tally - what decides how many posts a party may hold
 */
struct capmsg_tally {
	/** @free: posts that nobody holds */
	u32 free;
	/** @users: users that hold posts, this one included */
	u32 users;
	/** @user_held: posts that this user holds */
	u32 user_held;
	/** @badges: badges of this user that hold posts, this one included */
	u32 badges;
	/** @held: posts that are held with this badge */
	u32 held;
};

void capmsg_shares_init(struct capmsg_shares *shares,
			struct capmsg_share *records, u32 n);
void capmsg_shares_drop(struct capmsg_shares *shares);
struct capmsg_share *capmsg_share_use(struct capmsg_shares *shares,
				      struct capmsg_user *user,
				      const struct capmsg_origin *origin);
void capmsg_share_retire(struct capmsg_shares *shares,
			 struct capmsg_share *part);
struct capmsg_tally capmsg_share_tally(struct capmsg_shares *shares,
				       const struct capmsg_party *party,
				       u32 free,
				       const struct capmsg_share *leaving);
u32 capmsg_tally_user(const struct capmsg_tally *tally);
u32 capmsg_tally_badge(const struct capmsg_tally *tally);

/* Is that the record of the party? */
static inline bool capmsg_share_same(const struct capmsg_share *part,
				     const struct capmsg_user *user,
				     const struct capmsg_origin *origin)
{
	return part && part->party.user == user &&
	       part->party.origin.badge == origin->badge &&
	       part->party.origin.badged == origin->badged;
}

/**
 * capmsg_share_hold() - a party holds one post more
 * @shares: the records of the port; there is a post that nobody holds
 * @user: the party's user
 * @origin: its badge
 *
 * Context: Atomic; lock of the port held.
 * Return: the party's record, for capmsg_share_release().
 */
static inline struct capmsg_share *
capmsg_share_hold(struct capmsg_shares *shares, struct capmsg_user *user,
		  const struct capmsg_origin *origin)
{
	struct capmsg_share *part = shares->recent;

	if (!capmsg_share_same(part, user, origin))
		part = capmsg_share_use(shares, user, origin);
	if (!part->whole->held++)
		shares->users++;
	if (!part->held++)
		part->whole->parts++;
	return part;
}

/**
 * capmsg_share_release() - a party holds one post less
 * @shares: the records of the port
 * @part: the party's record
 *
 * Context: Atomic; lock of the port held.
 */
static inline void capmsg_share_release(struct capmsg_shares *shares,
					struct capmsg_share *part)
{
	if (!--part->held)
		part->whole->parts--;
	if (!--part->whole->held)
		shares->users--;
	if (part != shares->recent)
		capmsg_share_retire(shares, part);
}

/* May the party hold one more? */
static inline bool capmsg_tally_permits(const struct capmsg_tally *tally)
{
	/* The first one always, as long as there is one. */
	if (!tally->user_held)
		return tally->free;
	return tally->user_held < capmsg_tally_user(tally) &&
	       tally->held < capmsg_tally_badge(tally);
}

#endif /* CAPMSG_SHARE_H */
