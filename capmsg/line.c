// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines, see line.h. All of it under the lock of the port, of which nothing is
 * known here.
 */
#include "line.h"

/**
 * capmsg_lines_init() - prepare the lines of a port
 * @lines: the lines; nobody waits
 *
 * Context: Any.
 */
void capmsg_lines_init(struct capmsg_lines *lines)
{
	lines->users = RB_ROOT;
	lines->parties = RB_ROOT;
	INIT_LIST_HEAD(&lines->turns);
	lines->last = NULL;
	INIT_LIST_HEAD(&lines->watchers);
	lines->n = 0;
	lines->n_due = 0;
	lines->n_curbed = 0;
}

/**
 * capmsg_waiter_init() - prepare a waiter, once
 * @waiter: the waiter; not waiting
 *
 * Context: Any.
 */
void capmsg_waiter_init(struct capmsg_waiter *waiter)
{
	INIT_LIST_HEAD(&waiter->link);
	INIT_LIST_HEAD(&waiter->watch);
}

static struct capmsg_waiter *of_user(const struct capmsg_crowd *crowd)
{
	return container_of(crowd, struct capmsg_waiter, by_user);
}

static struct capmsg_waiter *of_party(const struct capmsg_crowd *crowd)
{
	return container_of(crowd, struct capmsg_waiter, by_party);
}

static int compare_users(const struct capmsg_party *party,
			 const struct capmsg_crowd *crowd)
{
	return capmsg_user_compare(party->user, of_user(crowd)->party.user);
}

static int compare_parties(const struct capmsg_party *party,
			   const struct capmsg_crowd *crowd)
{
	return capmsg_party_compare(party, &of_party(crowd)->party);
}

static struct capmsg_crowd *
crowd_find(const struct rb_root *root, const struct capmsg_party *party,
	   int (*compare)(const struct capmsg_party *party,
			  const struct capmsg_crowd *crowd))
{
	struct rb_node *node = root->rb_node;
	struct capmsg_crowd *crowd;
	int order;

	while (node) {
		crowd = rb_entry(node, struct capmsg_crowd, node);
		order = compare(party, crowd);
		if (!order)
			return crowd;
		node = order < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

/* Returns what bears the crowd from now on. */
static struct capmsg_crowd *
crowd_join(struct rb_root *root, struct capmsg_crowd *fresh,
	   const struct capmsg_party *party,
	   int (*compare)(const struct capmsg_party *party,
			  const struct capmsg_crowd *crowd))
{
	struct rb_node **at = &root->rb_node, *parent = NULL;
	struct capmsg_crowd *crowd;
	int order;

	while (*at) {
		parent = *at;
		crowd = rb_entry(parent, struct capmsg_crowd, node);
		order = compare(party, crowd);
		if (!order) {
			list_add_tail(&fresh->ring, &crowd->ring);
			crowd->n++;
			return crowd;
		}
		at = order < 0 ? &parent->rb_left : &parent->rb_right;
	}
	INIT_LIST_HEAD(&fresh->ring);
	fresh->n = 1;
	rb_link_node(&fresh->node, parent, at);
	rb_insert_color(&fresh->node, root);
	return fresh;
}

/* The same; NULL if that was the last one. */
static struct capmsg_crowd *crowd_leave(struct rb_root *root,
					struct capmsg_crowd *leaver,
					struct capmsg_crowd *bearer)
{
	struct capmsg_crowd *next;

	if (bearer != leaver) {
		list_del(&leaver->ring);
		bearer->n--;
		return bearer;
	}
	if (list_empty(&leaver->ring)) {
		rb_erase(&leaver->node, root);
		return NULL;
	}
	next = list_next_entry(leaver, ring);
	list_del(&leaver->ring);
	next->n = leaver->n - 1;
	rb_replace_node(&leaver->node, &next->node, root);
	return next;
}

static struct capmsg_waiter *bearer_of(const struct capmsg_lines *lines,
				       const struct capmsg_waiter *waiter)
{
	return of_user(crowd_find(&lines->users, &waiter->party, compare_users));
}

/**
 * capmsg_line_join() - get in line, behind all others of the same user
 * @lines: the lines
 * @waiter: the waiter; not waiting
 * @party: who waits; its user lives for at least as long as it does
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_line_join(struct capmsg_lines *lines, struct capmsg_waiter *waiter,
		      const struct capmsg_party *party)
{
	struct capmsg_waiter *bearer;

	waiter->party = *party;
	waiter->passed = 0;
	waiter->is_due = false;
	waiter->curbed = false;
	crowd_join(&lines->parties, &waiter->by_party, party, compare_parties);
	bearer = of_user(crowd_join(&lines->users, &waiter->by_user, party,
				    compare_users));
	if (bearer == waiter) {
		INIT_LIST_HEAD(&waiter->waiting);
		INIT_LIST_HEAD(&waiter->due);
		list_add_tail(&waiter->turn, lines->last ?
						     &lines->last->turn :
						     &lines->turns);
	}
	list_add_tail(&waiter->link, &bearer->waiting);
	list_add_tail(&waiter->watch, &lines->watchers);
	lines->n++;
}

/* What a line needs as a whole passes from one waiter to another. */
static void bear(struct capmsg_lines *lines, struct capmsg_waiter *waiter,
		 struct capmsg_waiter *before)
{
	if (lines->last == before)
		lines->last = waiter;
	list_replace(&before->turn, &waiter->turn);
	INIT_LIST_HEAD(&waiter->waiting);
	INIT_LIST_HEAD(&waiter->due);
	list_splice(&before->waiting, &waiter->waiting);
	list_splice(&before->due, &waiter->due);
}

/* Returns what bears the line now, or NULL if nobody is in it any more. */
static struct capmsg_waiter *line_leave(struct capmsg_lines *lines,
					struct capmsg_waiter *waiter)
{
	struct capmsg_waiter *bearer = bearer_of(lines, waiter);
	struct capmsg_crowd *next;

	capmsg_line_curb(lines, waiter, false);
	if (waiter->is_due)
		lines->n_due--;
	lines->n--;
	list_del_init(&waiter->link);
	list_del_init(&waiter->watch);
	next = crowd_find(&lines->parties, &waiter->party, compare_parties);
	crowd_leave(&lines->parties, &waiter->by_party, next);
	next = crowd_leave(&lines->users, &waiter->by_user, &bearer->by_user);
	if (!next) {
		if (lines->last == waiter)
			lines->last = NULL;
		list_del(&waiter->turn);
		return NULL;
	}
	if (bearer == waiter)
		bear(lines, of_user(next), waiter);
	return of_user(next);
}

/**
 * capmsg_line_leave() - leave the line
 * @lines: the lines
 * @waiter: the waiter; waiting
 *
 * The line keeps its turn.
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_line_leave(struct capmsg_lines *lines, struct capmsg_waiter *waiter)
{
	line_leave(lines, waiter);
}

/**
 * capmsg_line_curb() - note whether a waiter waits for its share only
 * @lines: the lines
 * @waiter: the waiter; waiting
 * @curbed: it does
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_line_curb(struct capmsg_lines *lines, struct capmsg_waiter *waiter,
		      bool curbed)
{
	lines->n_curbed += curbed - waiter->curbed;
	waiter->curbed = curbed;
}

/* Was its party asked just now, by way of @over, and holds all that it may? */
static bool is_over(const struct capmsg_waiter *waiter,
		    const struct capmsg_waiter *over)
{
	return over && waiter->curbed &&
	       !capmsg_party_compare(&waiter->party, &over->party);
}

/* Ask the first ones. If there are more than that, the next time @more of them. */
static struct capmsg_waiter *
ask_first(struct list_head *line,
	  enum capmsg_taking (*ask)(struct capmsg_waiter *waiter, void *data),
	  void *data, bool more)
{
	struct capmsg_waiter *waiter, *over = NULL;
	unsigned int n = 0;

	list_for_each_entry(waiter, line, link) {
		waiter->taking = is_over(waiter, over) ? CAPMSG_TAKING_OVER :
							 ask(waiter, data);
		if (waiter->taking == CAPMSG_TAKING)
			return waiter;
		if (waiter->taking == CAPMSG_TAKING_OVER)
			over = waiter;
		if (++n == CAPMSG_LINE_LOOK) {
			if (more)
				list_move(line, &waiter->link);
			break;
		}
	}
	return NULL;
}

/**
 * capmsg_line_offer() - find who takes what is to be had
 * @lines: the lines
 * @ask: does this waiter take it? Changes no line, but for curbing the waiter
 * @data: for @ask
 *
 * Context: Atomic; lock of the port held.
 * Return: the first waiter that takes it; or NULL.
 */
struct capmsg_waiter *
capmsg_line_offer(struct capmsg_lines *lines,
		  enum capmsg_taking (*ask)(struct capmsg_waiter *waiter,
					    void *data),
		  void *data)
{
	struct capmsg_waiter *bearer, *waiter;

	if (lines->n_due) {
		list_for_each_entry(bearer, &lines->turns, turn) {
			waiter = ask_first(&bearer->due, ask, data, true);
			if (waiter)
				return waiter;
		}
	}
	list_for_each_entry(bearer, &lines->turns, turn) {
		waiter = ask_first(&bearer->waiting, ask, data, false);
		if (waiter)
			return waiter;
	}
	return NULL;
}

static void pass_over(struct capmsg_lines *lines, struct capmsg_waiter *bearer,
		      struct capmsg_waiter *waiter)
{
	if (waiter->taking != CAPMSG_TAKING_LARGER ||
	    ++waiter->passed < CAPMSG_PASS_MAX)
		return;
	waiter->is_due = true;
	list_move_tail(&waiter->link, &bearer->due);
	lines->n_due++;
}

/* Returns true if @end was reached, which was not passed over. */
static bool pass_over_line(struct capmsg_lines *lines,
			   struct capmsg_waiter *bearer,
			   const struct capmsg_waiter *end)
{
	struct capmsg_waiter *waiter, *next;
	unsigned int n = 0;

	list_for_each_entry_safe(waiter, next, &bearer->waiting, link) {
		if (waiter == end)
			return true;
		pass_over(lines, bearer, waiter);
		if (++n == CAPMSG_LINE_LOOK)
			break;
	}
	return false;
}

/* Whoever was asked before @waiter has taken it was passed over. */
static void pass_over_until(struct capmsg_lines *lines,
			    const struct capmsg_waiter *waiter)
{
	struct capmsg_waiter *bearer;

	/* One that is due was asked before all that are not. */
	if (waiter->is_due)
		return;
	list_for_each_entry(bearer, &lines->turns, turn) {
		if (pass_over_line(lines, bearer, waiter))
			return;
	}
}

/**
 * capmsg_line_serve() - a waiter has got what it was offered
 * @lines: the lines
 * @waiter: what capmsg_line_offer() has returned just now; leaves the line
 *
 * The turn of its line is over. Those who were asked before and had too large
 * a message were passed over.
 *
 * Context: Atomic; lock of the port held.
 */
void capmsg_line_serve(struct capmsg_lines *lines, struct capmsg_waiter *waiter)
{
	struct capmsg_waiter *bearer;

	pass_over_until(lines, waiter);
	bearer = line_leave(lines, waiter);
	lines->last = bearer;
	if (bearer)
		list_move_tail(&bearer->turn, &lines->turns);
}

/**
 * capmsg_line_of_user() - how many waiters of a user wait
 * @lines: the lines
 * @user: the user
 *
 * Context: Atomic; lock of the port held.
 * Return: the number.
 */
u32 capmsg_line_of_user(const struct capmsg_lines *lines,
			const struct capmsg_user *user)
{
	const struct capmsg_party party = {
		.user = (struct capmsg_user *)user,
	};
	const struct capmsg_crowd *crowd;

	crowd = crowd_find(&lines->users, &party, compare_users);
	return crowd ? crowd->n : 0;
}

/**
 * capmsg_line_of_party() - how many waiters of a party wait
 * @lines: the lines
 * @party: the party
 *
 * Context: Atomic; lock of the port held.
 * Return: the number.
 */
u32 capmsg_line_of_party(const struct capmsg_lines *lines,
			 const struct capmsg_party *party)
{
	const struct capmsg_crowd *crowd;

	crowd = crowd_find(&lines->parties, party, compare_parties);
	return crowd ? crowd->n : 0;
}
