// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revokers: what a chain says, who is told of changes, and the counts of senders
 * with everything that can happen to a chain.
 */
#include "kit.h"
#include "walk.h"

#define CHAIN	CAPMSG_CHAIN_MAX

/* A revoker before @target, or behind @parent. */
static struct capmsg_revoker *make(struct kunit *test,
				   struct capmsg_object *target,
				   struct capmsg_object *parent)
{
	struct capmsg_revoker *revoker;

	revoker = capmsg_revoker_alloc(capmsg_kit_account(test), target,
				       parent);
	KUNIT_ASSERT_FALSE(test, IS_ERR(revoker));
	capmsg_body_own(&revoker->body);
	return revoker;
}

static struct capmsg_port *make_port(struct kunit *test)
{
	static const struct capmsg_port_limits limits = {
		.depth = 1, .max_size = 100,
	};

	return capmsg_kit_port(test, &limits);
}

static void make_chain(struct kunit *test, struct capmsg_object *target,
		       struct capmsg_revoker *chain[], u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		chain[i] = make(test, target,
				i ? chain[i - 1]->body.object : NULL);
}

static void expect_gate(struct kunit *test, struct capmsg_revoker *revoker,
			enum capmsg_gate gate)
{
	KUNIT_EXPECT_EQ_MSG(test, capmsg_gate_look(revoker->body.object), gate,
			    "number %u", revoker->chain);
}

/* Any revoker will do for that; it is meant for those of virtual objects. */
static void bound_once_and_not_in_circles(struct kunit *test)
{
	struct capmsg_port *port = make_port(test);
	struct capmsg_revoker *bound[CAPMSG_GATES_MAX - CHAIN + 1];
	const u32 n = ARRAY_SIZE(bound);
	struct capmsg_object *object;
	u32 i;

	for (i = 0; i < n; i++)
		bound[i] = make(test, port->body.object, NULL);
	object = bound[0]->body.object;
	KUNIT_EXPECT_EQ(test, capmsg_revoker_bind(bound[0], object), -EINVAL);
	/* So that there is room for the chain of who comes to the last one. */
	for (i = 1; i < n - 1; i++)
		KUNIT_EXPECT_EQ(test, capmsg_revoker_bind(bound[i],
							  bound[i - 1]->body.object), 0);
	KUNIT_EXPECT_EQ(test, capmsg_revoker_bind(bound[n - 1],
						  bound[n - 2]->body.object), -EINVAL);
	KUNIT_EXPECT_EQ(test, capmsg_revoker_bind(bound[2], bound[1]->body.object), 0);
	KUNIT_EXPECT_EQ(test, capmsg_revoker_bind(bound[2], object), -EINVAL);
	KUNIT_EXPECT_EQ(test, capmsg_revoker_bind(bound[2], NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, capmsg_revoker_bind(bound[0], bound[2]->body.object),
			-EINVAL);
	/* To nothing is bound, too. */
	KUNIT_EXPECT_EQ(test, capmsg_revoker_bind(bound[0], NULL), 0);
	KUNIT_EXPECT_EQ(test, capmsg_revoker_bind(bound[0], NULL), 0);
	KUNIT_EXPECT_EQ(test, capmsg_revoker_bind(bound[0], bound[n - 1]->body.object),
			-EINVAL);
	KUNIT_EXPECT_NULL(test, bound[0]->next);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, capmsg_gate_count_rcu(bound[2]->body.object), 3);
	rcu_read_unlock();
	capmsg_revoker_set(bound[0], true, NULL);
	expect_gate(test, bound[2], CAPMSG_GATE_CLOSED);
	capmsg_kit_kill(&bound[0]->body);
	expect_gate(test, bound[2], CAPMSG_GATE_GONE);
	/* What is named through it does not depend on what it is bound to. */
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, capmsg_gate_rcu(bound[2]->body.object), CAPMSG_GATE_OPEN);
	KUNIT_EXPECT_EQ(test, capmsg_gate_count_rcu(bound[2]->body.object), 2);
	rcu_read_unlock();
}

/* From the front any length can be made: nobody gets through, or looks at all of it. */
static void too_long_is_gone(struct kunit *test)
{
	struct capmsg_port *port = make_port(test);
	struct capmsg_revoker *bound[CAPMSG_GATES_MAX + 2];
	struct capmsg_gates *gates = kunit_kzalloc(test, sizeof(*gates), GFP_KERNEL);
	const u32 n = ARRAY_SIZE(bound);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, gates);
	for (i = 0; i < n; i++)
		bound[i] = make(test, port->body.object, NULL);
	for (i = 0; i + 1 < n; i++)
		KUNIT_EXPECT_EQ(test, capmsg_revoker_bind(bound[i],
							  bound[i + 1]->body.object), 0);
	expect_gate(test, bound[2], CAPMSG_GATE_OPEN);
	expect_gate(test, bound[1], CAPMSG_GATE_GONE);
	capmsg_gates_join(gates, bound[0]->body.object);
	KUNIT_EXPECT_EQ(test, gates->n, CAPMSG_GATES_MAX);
	capmsg_gates_leave(gates);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, capmsg_gate_count_rcu(bound[0]->body.object),
			CAPMSG_GATES_MAX + 1);
	rcu_read_unlock();
}

static void chain_says_what_its_worst_part_says(struct kunit *test)
{
	struct capmsg_port *port = make_port(test);
	struct capmsg_revoker *chain[CHAIN];
	struct capmsg_object *object;
	u32 closed, i;

	make_chain(test, port->body.object, chain, CHAIN);
	for (closed = 0; closed < CHAIN; closed++) {
		capmsg_revoker_set(chain[closed], true, NULL);
		for (i = 0; i < CHAIN; i++)
			expect_gate(test, chain[i], i < closed ?
				    CAPMSG_GATE_OPEN : CAPMSG_GATE_CLOSED);
		capmsg_revoker_set(chain[closed], false, NULL);
	}
	KUNIT_EXPECT_PTR_EQ(test,
			    capmsg_revoker_alloc(capmsg_kit_account(test),
						 port->body.object,
						 chain[CHAIN - 1]->body.object),
			    ERR_PTR(-EMLINK));
	object = capmsg_object_get(chain[3]->body.object);
	capmsg_revoker_set(chain[CHAIN - 1], true, NULL);
	capmsg_object_kill(object);
	for (i = 0; i < CHAIN; i++) {
		if (i != 3)
			expect_gate(test, chain[i], i < 3 ? CAPMSG_GATE_OPEN :
							    CAPMSG_GATE_GONE);
	}
	KUNIT_EXPECT_EQ(test, capmsg_gate_check(object), -ENOENT);
	KUNIT_EXPECT_PTR_EQ(test,
			    capmsg_revoker_alloc(capmsg_kit_account(test),
						 port->body.object, object),
			    ERR_PTR(-ENOENT));
	capmsg_object_put(object);
}

/* Who was derived through it keeps it revoked, at nobody's cost. */
static void dead_stay_revoked_and_are_not_charged(struct kunit *test)
{
	struct capmsg_user *user = &capmsg_kit_of(test)->user;
	struct capmsg_port *port = make_port(test);
	struct capmsg_revoker *chain[3];
	long objects;

	make_chain(test, port->body.object, chain, 3);
	objects = atomic_long_read(&user->objects);
	capmsg_kit_kill(&chain[0]->body);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&user->objects), objects - 1);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&user->tombstones), 0);
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), 1);
	KUNIT_EXPECT_EQ(test, capmsg_gate_look(chain[1]->body.object),
			CAPMSG_GATE_GONE);
	KUNIT_EXPECT_EQ(test, capmsg_gate_look(chain[2]->body.object),
			CAPMSG_GATE_GONE);
	capmsg_kit_kill(&chain[1]->body);
	capmsg_kit_kill(&chain[2]->body);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), 0);
	/* A target that is gone is no revoker that is gone. */
	chain[0] = make(test, port->body.object, NULL);
	capmsg_kit_kill(&port->body);
	KUNIT_EXPECT_EQ(test, capmsg_gate_look(chain[0]->body.object),
			CAPMSG_GATE_OPEN);
}

static u32 told;

static void tell(struct capmsg_gates *gates)
{
	told++;
}

static void every_change_of_a_chain_is_told(struct kunit *test)
{
	struct capmsg_port *port = make_port(test);
	struct capmsg_gates gates = { .notify = tell };
	struct capmsg_revoker *chain[CHAIN];
	u32 i;

	make_chain(test, port->body.object, chain, CHAIN);
	told = 0;
	capmsg_gates_join(&gates, chain[CHAIN - 1]->body.object);
	KUNIT_EXPECT_EQ(test, gates.n, CHAIN);
	for (i = 0; i < CHAIN; i++) {
		KUNIT_EXPECT_EQ(test, capmsg_gates_look(&gates),
				CAPMSG_GATE_OPEN);
		KUNIT_EXPECT_FALSE(test, capmsg_gates_changed(&gates));
		capmsg_revoker_set(chain[i], true, NULL);
		KUNIT_EXPECT_TRUE(test, capmsg_gates_changed(&gates));
		KUNIT_EXPECT_EQ(test, capmsg_gates_look(&gates),
				CAPMSG_GATE_CLOSED);
		capmsg_revoker_set(chain[i], false, NULL);
		KUNIT_EXPECT_EQ(test, told, 2 * i + 2);
	}
	capmsg_kit_kill(&chain[4]->body);
	KUNIT_EXPECT_EQ(test, told, 2 * CHAIN + 1);
	KUNIT_EXPECT_EQ(test, capmsg_gates_look(&gates), CAPMSG_GATE_GONE);
	capmsg_gates_leave(&gates);
	/* Only what is before the dead one, seen from the end, is joined. */
	capmsg_gates_join(&gates, chain[CHAIN - 1]->body.object);
	KUNIT_EXPECT_EQ(test, gates.n, CHAIN - 5);
	capmsg_gates_leave(&gates);
	capmsg_revoker_set(chain[CHAIN - 1], true, NULL);
	KUNIT_EXPECT_EQ(test, told, 2 * CHAIN + 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&chain[7]->body.refs), 1);
}

static void gate_is_waited_at_within_limits(struct kunit *test)
{
	const struct capmsg_until now = { .deadline = KTIME_MAX,
					  .nonblock = true };
	struct capmsg_until soon = { };
	struct capmsg_port *port = make_port(test);
	struct capmsg_revoker *revoker = make(test, port->body.object, NULL);
	struct capmsg_object *object = revoker->body.object;
	int ret;

	KUNIT_EXPECT_EQ(test, capmsg_gate_wait(NULL, &now), 0);
	KUNIT_EXPECT_EQ(test, capmsg_gate_wait(object, &now), 0);
	capmsg_revoker_set(revoker, true, NULL);
	KUNIT_EXPECT_EQ(test, capmsg_gate_check(object), CAPMSG_SHUT);
	KUNIT_EXPECT_EQ(test, capmsg_gate_wait(object, &now), -EAGAIN);
	soon.deadline = ktime_add_ms(ktime_get(), 20);
	KUNIT_EXPECT_EQ(test, capmsg_gate_wait(object, &soon), -ETIMEDOUT);
	ret = -EBUSY;
	KUNIT_EXPECT_FALSE(test, capmsg_gate_again(&ret, object, &now));
	KUNIT_EXPECT_EQ(test, ret, -EBUSY);
	ret = CAPMSG_SHUT;
	KUNIT_EXPECT_FALSE(test, capmsg_gate_again(&ret, object, &now));
	KUNIT_EXPECT_EQ(test, ret, -EAGAIN);
	capmsg_revoker_set(revoker, false, NULL);
	ret = CAPMSG_SHUT;
	KUNIT_EXPECT_TRUE(test, capmsg_gate_again(&ret, object, &now));
}

static int senders_of(const struct capmsg_body *body)
{
	return atomic_read(&body->object->senders);
}

static void counts_go_up_and_down_the_chain(struct kunit *test)
{
	struct capmsg_port *port = make_port(test);
	struct capmsg_revoker *chain[CHAIN];
	struct capmsg_object *last;
	u32 i;

	make_chain(test, port->body.object, chain, CHAIN);
	last = chain[CHAIN - 1]->body.object;
	for (i = 1; i <= 3; i++) {
		capmsg_senders_inc(last);
		KUNIT_EXPECT_EQ(test, atomic_read(&last->senders), i);
		KUNIT_EXPECT_EQ(test, senders_of(&chain[0]->body), 1);
		KUNIT_EXPECT_EQ(test, senders_of(&port->body), 1);
	}
	KUNIT_EXPECT_EQ(test, port->mints, 1);
	capmsg_senders_inc(chain[2]->body.object);
	KUNIT_EXPECT_EQ(test, senders_of(&chain[2]->body), 2);
	for (i = 0; i < 3; i++)
		capmsg_senders_dec(last);
	KUNIT_EXPECT_EQ(test, senders_of(&chain[3]->body), 0);
	KUNIT_EXPECT_EQ(test, senders_of(&chain[2]->body), 1);
	capmsg_senders_dec(chain[2]->body.object);
	KUNIT_EXPECT_EQ(test, senders_of(&port->body), 0);
	KUNIT_EXPECT_EQ(test, port->mints, 1);
}

static void death_gives_its_count_back_once(struct kunit *test)
{
	struct capmsg_port *port = make_port(test);
	struct capmsg_revoker *chain[CHAIN];
	struct capmsg_object *first, *last;

	make_chain(test, port->body.object, chain, CHAIN);
	first = capmsg_object_get(chain[0]->body.object);
	last = chain[CHAIN - 1]->body.object;
	capmsg_senders_inc(last);
	capmsg_senders_inc(last);
	capmsg_object_kill(first);
	KUNIT_EXPECT_EQ(test, senders_of(&port->body), 0);
	/* Whatever is counted on what is left. */
	capmsg_senders_dec(last);
	capmsg_senders_dec(last);
	capmsg_senders_inc(last);
	capmsg_senders_inc(first);
	capmsg_senders_dec(first);
	capmsg_senders_dec(last);
	KUNIT_EXPECT_EQ(test, senders_of(&port->body), 0);
	KUNIT_EXPECT_EQ(test, port->mints, 1);
	capmsg_object_put(first);
	/* One that nobody sends through has nothing to give back. */
	capmsg_senders_inc(port->body.object);
	chain[0] = make(test, port->body.object, NULL);
	capmsg_kit_kill(&chain[0]->body);
	KUNIT_EXPECT_EQ(test, senders_of(&port->body), 1);
	KUNIT_EXPECT_EQ(test, port->mints, 2);
}

static void capabilities_count_where_they_come_from(struct kunit *test)
{
	struct capmsg_port *port = make_port(test);
	struct capmsg_revoker *revoker = make(test, port->body.object, NULL);
	struct capmsg_cap cap = capmsg_cap_make(port->body.object,
						CAPMSG_RIGHT_SEND);
	struct capmsg_cap receiver = cap, through = cap;
	bool owned;

	receiver.rights |= CAPMSG_RIGHT_RECV;
	through.revoker = revoker->body.object;
	KUNIT_EXPECT_FALSE(test, capmsg_cap_sends(&receiver));
	rcu_read_lock();
	owned = capmsg_cap_tryown(&receiver) && capmsg_cap_tryown(&through) &&
		capmsg_cap_tryget(&through);
	rcu_read_unlock();
	KUNIT_ASSERT_TRUE(test, owned);
	KUNIT_EXPECT_EQ(test, senders_of(&revoker->body), 1);
	KUNIT_EXPECT_EQ(test, senders_of(&port->body), 1);
	capmsg_cap_count(&cap);
	KUNIT_EXPECT_EQ(test, senders_of(&port->body), 2);
	capmsg_cap_drop(&receiver);
	capmsg_cap_drop(&cap);
	KUNIT_EXPECT_EQ(test, senders_of(&port->body), 1);
	/* What was kept only does not count. */
	cap = through;
	capmsg_cap_forget(&cap);
	KUNIT_EXPECT_EQ(test, senders_of(&revoker->body), 1);
	capmsg_cap_drop(&through);
	KUNIT_EXPECT_EQ(test, senders_of(&revoker->body), 0);
	KUNIT_EXPECT_EQ(test, senders_of(&port->body), 0);
}

static struct kunit_case revoker_cases[] = {
	KUNIT_CASE(chain_says_what_its_worst_part_says),
	KUNIT_CASE(bound_once_and_not_in_circles),
	KUNIT_CASE(too_long_is_gone),
	KUNIT_CASE(dead_stay_revoked_and_are_not_charged),
	KUNIT_CASE(every_change_of_a_chain_is_told),
	KUNIT_CASE(gate_is_waited_at_within_limits),
	KUNIT_CASE(counts_go_up_and_down_the_chain),
	KUNIT_CASE(death_gives_its_count_back_once),
	KUNIT_CASE(capabilities_count_where_they_come_from),
	{ }
};

static struct kunit_suite revoker_suite = {
	.name		= "capmsg_revoker",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= revoker_cases,
};

kunit_test_suite(revoker_suite);
