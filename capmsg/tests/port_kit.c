// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports and senders for cases, see port_kit.h.
 */
#include "port_kit.h"

static struct capmsg_port *port_make(struct kunit *test, u32 depth, u32 flags)
{
	struct capmsg_port_limits limits = {
		.depth		= depth,
		.flags		= flags | CAPMSG_PORT_NO_SHARES,
		.max_caps	= CAPMSG_CAPS_MAX,
		.max_size	= CAPMSG_MESSAGE_MAX,
		.steal_delay	= NSEC_PER_SEC,
	};

	return capmsg_kit_port(test, &limits);
}

struct capmsg_port *capmsg_port_kit(struct kunit *test, u32 depth)
{
	return port_make(test, depth, 0);
}

struct capmsg_port *capmsg_port_kit_idle(struct kunit *test, u32 depth)
{
	return port_make(test, depth, CAPMSG_PORT_NO_SHORT);
}

/* A sender of so many bytes, with its area if they are few. */
struct capmsg_sender *capmsg_sender_kit(struct kunit *test, u64 length)
{
	struct capmsg_sender *sender;
	u8 *area;

	sender = kunit_kzalloc(test, sizeof(*sender), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sender);
	capmsg_sender_init(sender, capmsg_kit_account(test));
	sender->length = length;
	if (length > CAPMSG_INLINE_MAX)
		return sender;
	area = kunit_kzalloc(test, CAPMSG_INLINE_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, area);
	get_random_bytes(area, length);
	sender->area = area;
	return sender;
}

static bool is_in(const struct list_head *list,
		  const struct capmsg_port_post *wanted)
{
	const struct capmsg_port_post *post;

	list_for_each_entry(post, list, link) {
		if (post == wanted)
			return true;
	}
	return false;
}

/* Is the post in the list of its state, if there is one, and in no other? */
static bool post_sound(const struct capmsg_port *port,
		       const struct capmsg_port_post *post)
{
	bool idle = post->state == CAPMSG_POST_IDLE && !post->reply.object;
	bool posted = post->state == CAPMSG_POST_POSTED;
	bool bare = capmsg_post_bare(post);

	return is_in(&port->bare, post) == (posted && bare) &&
	       is_in(&port->fitted, post) == (posted && !bare) &&
	       is_in(&port->claimed, post) ==
			(post->state == CAPMSG_POST_CLAIMED) &&
	       is_in(&port->filled, post) ==
			(post->state == CAPMSG_POST_FILLED) &&
	       is_in(&port->idle, post) == idle &&
	       !!post->claim == (post->state == CAPMSG_POST_CLAIMED) &&
	       (!post->claim || post->claim->post == post);
}

static u32 line_sound(const struct capmsg_lines *lines,
		      struct capmsg_waiter *bearer, u32 *due, bool *sound)
{
	const struct capmsg_waiter *waiter;
	u32 n = 0;

	list_for_each_entry(waiter, &bearer->waiting, link) {
		*sound &= waiter->party.user == bearer->party.user;
		*sound &= !waiter->is_due;
		n++;
	}
	list_for_each_entry(waiter, &bearer->due, link) {
		*sound &= waiter->party.user == bearer->party.user;
		*sound &= waiter->is_due;
		n++;
		++*due;
	}
	*sound &= n == bearer->by_user.n;
	*sound &= n == list_count_nodes(&bearer->by_user.ring) + 1;
	*sound &= n == capmsg_line_of_user(lines, bearer->party.user);
	return n;
}

/* Do all counts, trees and lists of the lines agree? */
bool capmsg_lines_kit_sound(struct capmsg_lines *lines)
{
	struct capmsg_waiter *bearer;
	u32 n = 0, due = 0, parties = 0;
	struct rb_node *node;
	bool sound = true;

	list_for_each_entry(bearer, &lines->turns, turn)
		n += line_sound(lines, bearer, &due, &sound);
	for (node = rb_first(&lines->parties); node; node = rb_next(node))
		parties += rb_entry(node, struct capmsg_crowd, node)->n;
	return sound && n == lines->n && due == lines->n_due &&
	       parties == lines->n &&
	       list_count_nodes(&lines->watchers) == lines->n;
}

void capmsg_port_kit_sound(struct kunit *test, struct capmsg_port *port)
{
	u32 count[CAPMSG_POST_STATES] = { }, i;
	bool sound = true, lines;

	capmsg_port_lock(port);
	for (i = 0; i < port->depth; i++) {
		count[port->posts[i].state]++;
		sound &= post_sound(port, &port->posts[i]);
	}
	lines = capmsg_lines_kit_sound(&port->lines);
	capmsg_port_unlock(port);
	KUNIT_EXPECT_TRUE(test, sound);
	KUNIT_EXPECT_TRUE(test, lines);
	for (i = 0; i < CAPMSG_POST_STATES; i++)
		KUNIT_EXPECT_EQ_MSG(test, port->count[i], count[i], "state %u",
				    i);
}

void capmsg_port_kit_expect(struct kunit *test, struct capmsg_port *port,
			    u32 idle, u32 posted, u32 claimed, u32 filled,
			    u32 reaping)
{
	capmsg_port_kit_sound(test, port);
	KUNIT_EXPECT_EQ(test, port->count[CAPMSG_POST_IDLE], idle);
	KUNIT_EXPECT_EQ(test, port->count[CAPMSG_POST_POSTED], posted);
	KUNIT_EXPECT_EQ(test, port->count[CAPMSG_POST_CLAIMED], claimed);
	KUNIT_EXPECT_EQ(test, port->count[CAPMSG_POST_FILLED], filled);
	KUNIT_EXPECT_EQ(test, port->count[CAPMSG_POST_REAPING], reaping);
}

/* The sender finds nothing and gets in line. */
void capmsg_port_kit_wait(struct kunit *test, struct capmsg_port *port,
			  struct capmsg_sender *sender)
{
	int ret;

	capmsg_port_lock(port);
	ret = capmsg_port_enter_locked(port, sender);
	if (ret == -EAGAIN)
		capmsg_port_queue_locked(port, sender);
	capmsg_port_unlock(port);
	KUNIT_ASSERT_EQ(test, ret, -EAGAIN);
}

static int dress(struct capmsg_port *port, u32 index,
		 struct capmsg_dress *dress)
{
	int ret;

	if (dress->region)
		capmsg_body_get(&dress->region->body);
	if (dress->table)
		capmsg_body_get(&dress->table->body);
	ret = capmsg_port_dress(port, index, dress);
	if (ret >= 0)
		return ret;
	if (dress->region)
		capmsg_body_put(&dress->region->body);
	if (dress->table)
		capmsg_body_put(&dress->table->body);
	return ret;
}

int capmsg_port_kit_buffer(struct capmsg_port *port, u32 index,
			   struct capmsg_region *region, u64 length)
{
	struct capmsg_dress buffer = { .region = region, .length = length };

	return dress(port, index, &buffer);
}

int capmsg_port_kit_landing(struct capmsg_port *port, u32 index,
			    struct capmsg_cappage *table, u32 first, u32 n)
{
	struct capmsg_dress slots = { .table = table, .first = first, .n = n };

	return dress(port, index, &slots);
}

int capmsg_port_kit_enter(struct capmsg_port *port,
			  struct capmsg_sender *sender)
{
	int ret;

	capmsg_port_lock(port);
	ret = capmsg_port_enter_locked(port, sender);
	capmsg_port_unlock(port);
	return ret;
}

bool capmsg_port_kit_begin(struct capmsg_port *port,
			   struct capmsg_sender *sender)
{
	bool ret;

	capmsg_port_lock(port);
	ret = capmsg_claim_begin_locked(port, sender);
	capmsg_port_unlock(port);
	return ret;
}

void capmsg_port_kit_end(struct capmsg_port *port,
			 struct capmsg_sender *sender, bool stalled)
{
	capmsg_port_lock(port);
	capmsg_claim_end_locked(port, sender, stalled);
	capmsg_port_unlock(port);
}

int capmsg_port_kit_commit(struct capmsg_port *port,
			   struct capmsg_sender *sender)
{
	int ret;

	capmsg_port_lock(port);
	ret = capmsg_claim_commit_locked(port, sender);
	capmsg_port_unlock(port);
	return ret;
}

void capmsg_port_kit_drop(struct capmsg_port *port,
			  struct capmsg_sender *sender)
{
	capmsg_port_lock(port);
	capmsg_claim_drop_locked(port, sender);
	capmsg_port_unlock(port);
}

struct capmsg_port_post *capmsg_port_kit_reap(struct capmsg_port *port)
{
	struct capmsg_port_post *post;

	capmsg_port_lock(port);
	post = capmsg_port_reap_locked(port);
	capmsg_port_unlock(port);
	return post;
}

/* When the sender in line looks again. */
ktime_t capmsg_port_kit_watch(struct capmsg_port *port,
			      struct capmsg_sender *sender)
{
	ktime_t time;

	capmsg_port_lock(port);
	time = capmsg_port_watch_locked(port, sender);
	capmsg_port_unlock(port);
	return time;
}
