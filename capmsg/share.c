// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shares, see share.h. All of it under the lock of the port, of which nothing is
 * known here.
 */
#include <linux/log2.h>
#include <linux/math.h>

#include "share.h"

/**
 * capmsg_shares_init() - prepare the records of a port
 * @shares: zeroed memory
 * @records: zeroed memory of as many as are needed
 * @n: their number: CAPMSG_SHARES_PER_POST for each post that can be held
 *
 * Context: Any.
 */
void capmsg_shares_init(struct capmsg_shares *shares,
			struct capmsg_share *records, u32 n)
{
	u32 i;

	shares->wholes = RB_ROOT;
	shares->parts = RB_ROOT;
	INIT_LIST_HEAD(&shares->idle);
	shares->records = records;
	shares->n = n;
	for (i = 0; i < n; i++)
		list_add_tail(&records[i].idle, &shares->idle);
}

/**
 * capmsg_shares_drop() - drop what the records refer to
 * @shares: the records of a port that is gone
 *
 * Context: Any.
 */
void capmsg_shares_drop(struct capmsg_shares *shares)
{
	struct capmsg_share *record;
	u32 i;

	for (i = 0; i < shares->n; i++) {
		record = &shares->records[i];
		if (record->party.user && !record->whole)
			capmsg_user_put(record->party.user);
	}
}

static struct capmsg_share *of_node(struct rb_node *node)
{
	return rb_entry(node, struct capmsg_share, node);
}

/*
 * Wholes have no badge, so that one order serves both trees. Returns the record,
 * or NULL, and where it would have to be.
 */
static struct capmsg_share *look_up(struct rb_root *root,
				    const struct capmsg_party *party,
				    struct rb_node **parent,
				    struct rb_node ***at)
{
	struct capmsg_share *record;
	int order;

	*at = &root->rb_node;
	*parent = NULL;
	while (**at) {
		record = of_node(**at);
		order = capmsg_party_compare(party, &record->party);
		if (!order)
			return record;
		*parent = **at;
		*at = order < 0 ? &(*parent)->rb_left : &(*parent)->rb_right;
	}
	return NULL;
}

static struct capmsg_share *find(struct rb_root *root,
				 const struct capmsg_party *party)
{
	struct rb_node *parent, **at;

	return look_up(root, party, &parent, &at);
}

static struct capmsg_party whole_of(const struct capmsg_party *party)
{
	return (struct capmsg_party) { .user = party->user };
}

/*
 * Take a record for somebody else. Parts come into the list of idle records
 * before their whole, so a whole that is first there has none left.
 */
static struct capmsg_share *recycle(struct capmsg_shares *shares)
{
	struct capmsg_share *record;

	record = list_first_entry(&shares->idle, struct capmsg_share, idle);
	list_del_init(&record->idle);
	if (!record->party.user)
		return record;
	if (record->whole) {
		rb_erase(&record->node, &shares->parts);
	} else {
		rb_erase(&record->node, &shares->wholes);
		capmsg_user_put(record->party.user);
	}
	return record;
}

/* Find or make a record; it is not idle afterwards. */
static struct capmsg_share *obtain(struct capmsg_shares *shares,
				   struct rb_root *root,
				   const struct capmsg_party *party,
				   struct capmsg_share *whole)
{
	struct rb_node *parent, **at;
	struct capmsg_share *record;

	record = look_up(root, party, &parent, &at);
	if (record) {
		list_del_init(&record->idle);
		return record;
	}
	record = recycle(shares);
	/* That may have changed the tree. */
	look_up(root, party, &parent, &at);
	record->party = *party;
	record->whole = whole;
	/* The sender's own reference ends with its space. */
	if (!whole)
		capmsg_user_get(party->user);
	rb_link_node(&record->node, parent, at);
	rb_insert_color(&record->node, root);
	return record;
}

static void idle(struct capmsg_shares *shares, struct capmsg_share *record)
{
	if (!record->held)
		list_add_tail(&record->idle, &shares->idle);
}

/**
 * capmsg_share_use() - a party becomes the one that was there last
 * @shares: the records of the port; there is a post that nobody holds
 * @user: its user
 * @origin: its badge
 *
 * Context: Atomic; lock of the port held.
 * Return: its record, not idle, with its whole.
 */
struct capmsg_share *capmsg_share_use(struct capmsg_shares *shares,
				      struct capmsg_user *user,
				      const struct capmsg_origin *origin)
{
	const struct capmsg_party party = { user, *origin };
	const struct capmsg_party all = whole_of(&party);
	struct capmsg_share *before = shares->recent, *whole;

	if (before) {
		idle(shares, before);
		idle(shares, before->whole);
	}
	whole = obtain(shares, &shares->wholes, &all, NULL);
	shares->recent = obtain(shares, &shares->parts, &party, whole);
	return shares->recent;
}

/**
 * capmsg_share_retire() - a record that was not used last holds one post less
 * @shares: the records of the port
 * @part: the record of a party; if it holds nothing it is idle afterwards
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_share_retire(struct capmsg_shares *shares,
			 struct capmsg_share *part)
{
	idle(shares, part);
	if (part->whole != shares->recent->whole)
		idle(shares, part->whole);
}

/**
 * capmsg_share_tally() - count what a party may hold
 * @shares: the records of the port
 * @party: the party
 * @free: posts that nobody holds
 * @leaving: whose post is about to be taken away, and then is free; or NULL
 *
 * Context: Atomic; lock of the port held.
 * Return: the counts.
 */
struct capmsg_tally capmsg_share_tally(struct capmsg_shares *shares,
				       const struct capmsg_party *party,
				       u32 free,
				       const struct capmsg_share *leaving)
{
	const struct capmsg_party user = whole_of(party);
	struct capmsg_tally tally = { .free = free, .users = shares->users };
	const struct capmsg_share *part = shares->recent, *whole;

	if (!capmsg_share_same(part, party->user, &party->origin))
		part = find(&shares->parts, party);
	whole = part ? part->whole : find(&shares->wholes, &user);
	if (part)
		tally.held = part->held;
	if (whole) {
		tally.user_held = whole->held;
		tally.badges = whole->parts;
	}
	if (leaving) {
		tally.free++;
		tally.users -= leaving->whole->held == 1;
		tally.user_held -= leaving->whole == whole;
		tally.badges -= leaving->whole == whole && leaving->held == 1;
		tally.held -= leaving == part;
	}
	tally.users += !tally.user_held;
	tally.badges += !tally.held;
	return tally;
}

static u32 part_of(u32 posts, u32 n)
{
	return DIV_ROUND_UP(posts, 1 + n * (1 + ilog2(n)));
}

/**
 * capmsg_tally_user() - how many posts may the user hold?
 * @tally: the counts
 *
 * Context: Any.
 * Return: the number; what it holds may be more.
 */
u32 capmsg_tally_user(const struct capmsg_tally *tally)
{
	return part_of(tally->free + tally->user_held, tally->users);
}

/**
 * capmsg_tally_badge() - how many posts may be held with the badge?
 * @tally: the counts
 *
 * A part of those of the user's share that other badges do not hold.
 *
 * Context: Any.
 * Return: the number; what is held may be more.
 */
u32 capmsg_tally_badge(const struct capmsg_tally *tally)
{
	u32 others = tally->user_held - tally->held;
	u32 share = capmsg_tally_user(tally);

	return share > others ? part_of(share - others, tally->badges) : 0;
}
