// SPDX-License-Identifier: GPL-2.0-only
/*
 * player.c - handlers that answer late, wrong, twice, never, or die.
 */
#include "tree.h"

/* With no other thread, so that its space can go while it runs. */
static bool alone(const struct player *player)
{
	return player == &player->world->players[PLAYERS - 1];
}

static void count(struct player *player, enum behaviour behaviour)
{
	atomic_fetch_add(&player->world->behaved[behaviour], 1);
}

static int answer(struct player *player, const struct upcall *up, const struct verdict *v)
{
	return upcall_answer(player->fd, HANDLER, up, v);
}

static void fail(struct player *player, int ret, int expected)
{
	atomic_fetch_add(&player->failures, 1);
	fprintf(stderr, "# an answer of handler %td got %d instead of %d\n",
		player - player->world->players, ret, expected);
}

/* Who has asked with a deadline may be gone by then: that uses up the right to answer. */
static void expect(struct hand *hand, int ret, int expected)
{
	if (ret == expected || (ret == -ENOENT && hand->over))
		return;
	if (ret == -ESTALE && hand->player->world->hurried)
		hand->over = true;
	else
		fail(hand->player, ret, expected);
}

/* What is no answer to anything; returns what it is to get. */
static int wrong_answer(struct hand *hand, const struct upcall *up, struct verdict *v)
{
	const int node = up->upcall.object;
	unsigned int left = upcall_left(up);

	switch (dice(&hand->random, 9)) {
	case 0:
		say_value(v, TABLE(node), 0);
		return -EINVAL;
	case 1:
		say_value(v, TABLE(node), left + 1);
		return -EINVAL;
	case 2:
		say_slot(v, TABLE(node), SLOTS, 1);
		return -EINVAL;
	case 3:
		say_slot(v, PLAYED(node), 0, 1);
		return -EINVAL;
	case 4:
		say_error(v, EPERM);
		return -EINVAL;
	case 5:
		say_retry(v);
		v->resolution.bits = 1;
		return -EINVAL;
	case 6:
		say_slot(v, TABLE(node), 0, 1);
		v->resolution.flags = ~CAPMSG_RESOLUTION_CACHE;
		return -EOPNOTSUPP;
	case 7:
		say_value(v, SLOT(250), 1);
		return -ENOENT;
	default:
		/* Through what it plays itself, if the answer to that is not cached. */
		say_value(v, IN_MAZE, 1);
		return -EDEADLK;
	}
}

static void answer_wrong(struct hand *hand, const struct upcall *up)
{
	struct verdict v = { .silent = false };
	int expected = wrong_answer(hand, up, &v);

	expect(hand, answer(hand->player, up, &v), expected);
}

/* The capability itself, if that is to be told, and is not gone by then. */
static bool answer_value(struct hand *hand, const struct upcall *up, unsigned int index,
			 unsigned int bits)
{
	const __u64 address = CONTENT(up->upcall.object, index);
	struct player *player = hand->player;
	struct verdict v = { .silent = false };
	int ret;

	/* It would outlive the change for who has it. */
	if ((up->upcall.flags & CAPMSG_UPCALL_SLOT) || player->world->change.player ||
	    dice(&hand->random, 2) || cap_type(player->fd, address) < 0)
		return false;
	say_value(&v, address, bits);
	if (player == &player->world->players[0])
		v.resolution.flags = CAPMSG_RESOLUTION_CACHE;
	ret = answer(player, up, &v);
	if ((ret == -ENOENT || ret == -EINVAL) && player->world->unsteady)
		return false;
	expect(hand, ret, 0);
	return true;
}

/* What is in the node. */
static void answer_right(struct hand *hand, const struct upcall *up, struct verdict *v)
{
	const unsigned int node = up->upcall.object, bits = BITS - up->upcall.subpage_bits;
	struct player *player = hand->player;
	unsigned int index;

	if (upcall_left(up) >= bits) {
		index = (up->upcall.subpage << bits) + upcall_bits(up, bits);
		index = played_index(index, up->upcall.badge,
				     up->upcall.flags & CAPMSG_UPCALL_KEEPER);
		say_slot(v, TABLE(node), index, bits);
		if (answer_value(hand, up, index, bits))
			return;
		if (player == &player->world->players[0])
			v->resolution.flags = CAPMSG_RESOLUTION_CACHE;
	}
	expect(hand, answer(player, up, v), 0);
}

static void answer_somehow(struct hand *hand, const struct upcall *up)
{
	enum behaviour behaviour = dice(&hand->random, 2) ? BEHAVED_AT_ONCE :
				   BEHAVED_LATE + dice(&hand->random, 3);
	struct player *player = hand->player;
	struct verdict v = { .silent = false };
	int ret;

	say_error(&v, ENOENT);
	if (behaviour == BEHAVED_LATE) {
		usleep(dice(&hand->random, 2000));
	} else if (behaviour == BEHAVED_WRONG) {
		answer_wrong(hand, up);
		answer_wrong(hand, up);
	}
	answer_right(hand, up, &v);
	if (behaviour == BEHAVED_TWICE) {
		ret = answer(player, up, &v);
		/* There may be another upcall in the post by then. */
		expect(hand, ret, ret == -ENOENT ? ret : -ESTALE);
	}
	count(player, behaviour);
}

static void right_drop(struct hand *hand, const struct upcall *up)
{
	struct player *player = hand->player;
	struct capmsg_clear clear = { .flags = CAPMSG_CLEAR_POST, .slot = HANDLER,
		.post = up->record.out_post, .seq = up->record.out_seq };

	expect(hand, do_clear(player->fd, &clear), 0);
	count(player, BEHAVED_DROPPED);
}

static void ignore(struct player *player, const struct upcall *up)
{
	pthread_mutex_lock(&player->lock);
	player->ignored[player->n_ignored] = *up;
	player->ignored_in[player->n_ignored++] = player->world->round;
	pthread_mutex_unlock(&player->lock);
	count(player, BEHAVED_NEVER);
}

static void die(struct player *player)
{
	int h, ret = 0;

	pthread_mutex_lock(&player->lock);
	for (h = 0; h < player->n_hands; h++)
		atomic_store(&player->hands[h].handler.stop, 1);
	if (!alone(player)) {
		ret = player->gone ? 0 : obj_destroy(player->fd, HANDLER);
	} else {
		close(player->fd);
		player->fd = -1;
	}
	player->gone = true;
	pthread_mutex_unlock(&player->lock);
	if (ret)
		fail(player, ret, 0);
	count(player, BEHAVED_DIED);
}

static bool again(struct player *player)
{
	return atomic_fetch_sub(&player->retries, 1) > 0;
}

static void retry(struct hand *hand, const struct upcall *up)
{
	struct verdict v = { .silent = false };

	say_retry(&v);
	expect(hand, answer(hand->player, up, &v), 0);
	count(hand->player, BEHAVED_RETRY);
}

static void decide(struct handler *handler, const struct upcall *up, struct verdict *verdict)
{
	struct hand *hand = handler->data;
	struct player *player = hand->player;

	verdict->silent = true;
	hand->over = false;
	player_remember(player, player->world->round);
	switch (player->mode) {
	case MODE_DROPS:
		return right_drop(hand, up);
	case MODE_NEVER:
		return ignore(player, up);
	case MODE_DIES:
		return die(player);
	case MODE_CHANGES:
		change_make(player->world);
		count(player, BEHAVED_CHANGED);
		break;
	default:
		break;
	}
	if (player->mode == MODE_LOOPS || again(player))
		retry(hand, up);
	else
		answer_somehow(hand, up);
}

void player_remember(struct player *player, unsigned int round)
{
	unsigned int i, n = 0;
	int ret;

	pthread_mutex_lock(&player->lock);
	for (i = 0; i < player->n_ignored; i++) {
		const struct upcall *up = &player->ignored[i];
		struct verdict v = { .silent = false };

		if (player->ignored_in[i] >= round) {
			player->ignored[n] = *up;
			player->ignored_in[n++] = player->ignored_in[i];
			continue;
		}
		/* It would do very well if it did not come so late. */
		say_slot(&v, TABLE(up->upcall.object), up->upcall.address >> 60, 1);
		ret = answer(player, up, &v);
		if (ret != -ESTALE)
			fail(player, ret, -ESTALE);
		count(player, BEHAVED_STALE);
	}
	player->n_ignored = n;
	pthread_mutex_unlock(&player->lock);
}

bool player_idle(struct player *player)
{
	struct capmsg_stat stat;
	bool idle;

	pthread_mutex_lock(&player->lock);
	idle = player->gone || (!cap_stat(player->fd, HANDLER, &stat) &&
				stat.out_posted == DEPTH - player->n_ignored);
	pthread_mutex_unlock(&player->lock);
	return idle;
}

int player_start(struct player *player, __u64 *random)
{
	int ret = 0;

	while (!ret && player->n_hands < HANDLERS) {
		struct hand *hand = &player->hands[player->n_hands];

		hand->player = player;
		hand->random = random_next(random);
		hand->handler = (struct handler){ .fd = player->fd, .port = HANDLER,
			.decide = decide, .data = hand };
		ret = handler_start(&hand->handler);
		if (!ret)
			player->n_hands++;
		if (alone(player))
			break;
	}
	return ret;
}

void player_stop(struct player *player)
{
	while (player->n_hands)
		handler_stop(&player->hands[--player->n_hands].handler);
}
