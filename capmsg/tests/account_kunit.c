// SPDX-License-Identifier: GPL-2.0-only
/*
 * Charges at the limits, at every level of namespaces, and users of tasks.
 */
#include <linux/cred.h>
#include <linux/kthread.h>

#include "kit.h"

#define LEVELS	4

struct chain {
	struct capmsg_user user[LEVELS];	/* [0] is the outermost */
};

static void chain_init(struct chain *chain)
{
	int i;

	for (i = 0; i < LEVELS; i++)
		capmsg_kit_user(&chain->user[i],
				i ? &chain->user[i - 1] : NULL);
}

static void expect_use(struct kunit *test, const struct capmsg_user *user,
		       long objects, long bytes)
{
	KUNIT_EXPECT_EQ(test, atomic_long_read(&user->objects), objects);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&user->bytes), bytes);
}

static void charge_counts_at_every_level(struct kunit *test)
{
	struct chain chain;
	int i;

	chain_init(&chain);
	for (i = 0; i < LEVELS; i++)
		KUNIT_EXPECT_EQ(test, capmsg_user_charge(&chain.user[i], i + 1,
							 100 * (i + 1)), 0);
	/* Level i pays for itself and all that are below. */
	expect_use(test, &chain.user[0], 10, 1000);
	expect_use(test, &chain.user[1], 9, 900);
	expect_use(test, &chain.user[2], 7, 700);
	expect_use(test, &chain.user[3], 4, 400);
	for (i = 0; i < LEVELS; i++)
		capmsg_user_uncharge(&chain.user[i], i + 1, 100 * (i + 1));
	for (i = 0; i < LEVELS; i++)
		capmsg_kit_idle(test, &chain.user[i]);
}

static void objects_stop_exactly_at_the_limit(struct kunit *test)
{
	struct capmsg_user user;

	capmsg_kit_user(&user, NULL);
	capmsg_max_objects = 10;
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 11, 0), -EDQUOT);
	expect_use(test, &user, 0, 0);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 10, 1), 0);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 1, 1), -EDQUOT);
	expect_use(test, &user, 10, 1);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 0, 1), 0);
	capmsg_user_uncharge(&user, 1, 2);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 1, 0), -EDQUOT);
	capmsg_user_uncharge(&user, 10, 0);
	capmsg_kit_idle(test, &user);
}

static void bytes_stop_exactly_at_the_limit(struct kunit *test)
{
	struct capmsg_user user;

	capmsg_kit_user(&user, NULL);
	capmsg_max_bytes = 4096;
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 1, 4097), -EDQUOT);
	expect_use(test, &user, 0, 0);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 1, 4096), 0);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 1, 1), -EDQUOT);
	expect_use(test, &user, 1, 4096);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 1, 0), 0);
	capmsg_user_uncharge(&user, 2, 1);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 0, 2), -EDQUOT);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 0, 1), 0);
	capmsg_user_uncharge(&user, 0, 4096);
	capmsg_kit_idle(test, &user);
}

static void limits_may_be_anything(struct kunit *test)
{
	struct capmsg_user user;

	capmsg_kit_user(&user, NULL);
	capmsg_max_objects = ULONG_MAX;
	capmsg_max_bytes = ULONG_MAX;
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 5, LONG_MAX), 0);
	/* Lowered below what is in use: nothing is lost, nothing more goes. */
	capmsg_max_objects = 3;
	capmsg_max_bytes = 0;
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 1, 0), -EDQUOT);
	expect_use(test, &user, 5, LONG_MAX);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 0, 0), 0);
	capmsg_user_uncharge(&user, 3, LONG_MAX);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 1, 1), -EDQUOT);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&user, 1, 0), -EDQUOT);
	capmsg_user_uncharge(&user, 3, 0);
	capmsg_kit_idle(test, &user);
}

static void parent_binds_all_its_children(struct kunit *test)
{
	struct capmsg_user parent, a, b;

	capmsg_kit_user(&parent, NULL);
	capmsg_kit_user(&a, &parent);
	capmsg_kit_user(&b, &parent);
	capmsg_max_objects = 10;
	capmsg_max_bytes = 1000;
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&a, 6, 600), 0);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&b, 5, 0), -EDQUOT);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&b, 1, 401), -EDQUOT);
	expect_use(test, &b, 0, 0);
	expect_use(test, &parent, 6, 600);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&b, 4, 400), 0);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(&parent, 1, 0), -EDQUOT);
	capmsg_user_uncharge(&a, 6, 600);
	capmsg_user_uncharge(&b, 4, 400);
	capmsg_kit_idle(test, &a);
	capmsg_kit_idle(test, &b);
	capmsg_kit_idle(test, &parent);
}

/* What the levels must show after a charge was allowed, or was not. */
struct model {
	long objects[LEVELS];
	long bytes[LEVELS];
};

static bool model_charge(struct model *model, int level, long objects,
			 long bytes)
{
	int i;

	for (i = 0; i <= level; i++) {
		if (objects && model->objects[i] + objects > 40)
			return false;
		if (bytes && model->bytes[i] + bytes > 5000)
			return false;
	}
	for (i = 0; i <= level; i++) {
		model->objects[i] += objects;
		model->bytes[i] += bytes;
	}
	return true;
}

#define CHARGES	64

struct charge {
	int level;
	long objects;
	long bytes;
};

static void uncharge(struct chain *chain, struct model *model,
		     struct charge *charge)
{
	int i;

	capmsg_user_uncharge(&chain->user[charge->level], charge->objects,
			     charge->bytes);
	for (i = 0; i <= charge->level; i++) {
		model->objects[i] -= charge->objects;
		model->bytes[i] -= charge->bytes;
	}
	*charge = (struct charge) { };
}

static void random_charges_follow_a_model(struct kunit *test)
{
	struct charge *charges, *charge;
	struct model model = { };
	u64 seed = get_random_u64();
	struct rnd_state rnd;
	struct chain chain;
	int i, level, ret;

	charges = kunit_kcalloc(test, CHARGES, sizeof(*charges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, charges);
	prandom_seed_state(&rnd, seed);
	chain_init(&chain);
	capmsg_max_objects = 40;
	capmsg_max_bytes = 5000;
	for (i = 0; i < 20000; i++) {
		charge = &charges[capmsg_kit_below(&rnd, CHARGES)];
		uncharge(&chain, &model, charge);
		charge->level = capmsg_kit_below(&rnd, LEVELS);
		charge->objects = capmsg_kit_below(&rnd, 4);
		charge->bytes = capmsg_kit_below(&rnd, 500);
		ret = capmsg_user_charge(&chain.user[charge->level],
					 charge->objects, charge->bytes);
		KUNIT_ASSERT_EQ_MSG(test, ret,
				    model_charge(&model, charge->level,
						 charge->objects,
						 charge->bytes) ? 0 : -EDQUOT,
				    "seed %#llx step %d", seed, i);
		if (ret)
			*charge = (struct charge) { };
		for (level = 0; level < LEVELS; level++)
			expect_use(test, &chain.user[level],
				   model.objects[level], model.bytes[level]);
	}
	for (i = 0; i < CHARGES; i++)
		uncharge(&chain, &model, &charges[i]);
	for (level = 0; level < LEVELS; level++)
		capmsg_kit_idle(test, &chain.user[level]);
}

static void accounts_of_a_task_share_its_user(struct kunit *test)
{
	struct capmsg_account *a, *b;

	a = capmsg_account_alloc();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a);
	b = capmsg_account_alloc();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, b);
	KUNIT_EXPECT_PTR_NE(test, a, b);
	KUNIT_EXPECT_PTR_EQ(test, a->user, b->user);
	KUNIT_EXPECT_TRUE(test, uid_eq(a->user->uid, current_uid()));
	KUNIT_EXPECT_PTR_EQ(test, a->user->ns, current_user_ns());
	KUNIT_EXPECT_NULL(test, a->user->parent);
	KUNIT_EXPECT_TRUE(test, list_empty(&a->owned));
	KUNIT_EXPECT_PTR_EQ(test, capmsg_account_get(a), a);
	capmsg_account_put(a);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->refs), 1);
	capmsg_account_put(a);
	KUNIT_EXPECT_EQ(test, refcount_read(&b->user->refs), 1);
	capmsg_account_put(b);
}

/* An account made by somebody else; NULL for no other namespace. */
static struct capmsg_account *account_of(struct kunit *test, uid_t uid,
					 struct user_namespace *ns)
{
	struct capmsg_account *account;
	const struct cred *old;
	struct cred *cred;

	cred = prepare_creds();
	KUNIT_ASSERT_NOT_NULL(test, cred);
	cred->uid = KUIDT_INIT(uid);
	if (ns) {
		put_user_ns(cred->user_ns);
		cred->user_ns = get_user_ns(ns);
	}
	old = override_creds(cred);
	account = capmsg_account_alloc();
	revert_creds(old);
	put_cred(cred);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, account);
	return account;
}

static void users_go_with_their_last_account(struct kunit *test)
{
	unsigned long before = capmsg_users_count();
	struct capmsg_account *a, *b, *c;

	a = account_of(test, 4242, NULL);
	KUNIT_EXPECT_EQ(test, capmsg_users_count(), before + 1);
	b = account_of(test, 4243, NULL);
	c = account_of(test, 4242, NULL);
	KUNIT_EXPECT_EQ(test, capmsg_users_count(), before + 2);
	KUNIT_EXPECT_PTR_EQ(test, a->user, c->user);
	KUNIT_EXPECT_PTR_NE(test, a->user, b->user);
	capmsg_account_put(a);
	KUNIT_EXPECT_EQ(test, capmsg_users_count(), before + 2);
	capmsg_account_put(b);
	KUNIT_EXPECT_EQ(test, capmsg_users_count(), before + 1);
	capmsg_account_put(c);
	KUNIT_EXPECT_EQ(test, capmsg_users_count(), before);
}

static struct user_namespace *fake_ns(struct kunit *test, uid_t owner,
				      struct user_namespace *parent)
{
	struct user_namespace *ns;

	ns = kunit_kzalloc(test, sizeof(*ns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ns);
	/* Never the last reference, so nobody frees it. */
	refcount_set(&ns->ns.count, 1);
	ns->parent = parent;
	ns->owner = KUIDT_INIT(owner);
	return ns;
}

static void owners_of_namespaces_pay_along(struct kunit *test)
{
	struct user_namespace *outer = fake_ns(test, 1000, &init_user_ns);
	struct user_namespace *inner = fake_ns(test, 2000, outer);
	unsigned long before = capmsg_users_count();
	struct capmsg_account *account, *other;
	struct capmsg_user *user;

	account = account_of(test, 3000, inner);
	KUNIT_EXPECT_EQ(test, capmsg_users_count(), before + 3);
	other = account_of(test, 1000, NULL);
	KUNIT_EXPECT_EQ(test, capmsg_users_count(), before + 3);
	user = account->user;
	KUNIT_EXPECT_EQ(test, __kuid_val(user->uid), 3000);
	KUNIT_EXPECT_PTR_EQ(test, user->ns, inner);
	KUNIT_EXPECT_EQ(test, __kuid_val(user->parent->uid), 2000);
	KUNIT_EXPECT_PTR_EQ(test, user->parent->ns, outer);
	KUNIT_EXPECT_PTR_EQ(test, user->parent->parent, other->user);
	KUNIT_EXPECT_EQ(test, capmsg_user_charge(user, 2, 20), 0);
	expect_use(test, other->user, 2, 20);
	capmsg_user_uncharge(user, 2, 20);
	capmsg_account_put(account);
	KUNIT_EXPECT_EQ(test, capmsg_users_count(), before + 1);
	capmsg_account_put(other);
	/* Credentials let go of their namespace after a grace period. */
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, refcount_read(&inner->ns.count), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&outer->ns.count), 1);
}

/* Asks for more than there is, again and again. */
static int greedy(void *data)
{
	struct capmsg_user *user = data;

	while (!kthread_should_stop()) {
		if (!capmsg_user_charge(user, 0, 1000))
			return -EDQUOT;
		cond_resched();
	}
	return 0;
}

#define TRIES	200000

static void what_is_refused_takes_no_room(struct kunit *test)
{
	struct task_struct *task;
	struct capmsg_user user;
	u32 i, refused = 0;

	capmsg_kit_user(&user, NULL);
	capmsg_max_bytes = 1000;
	KUNIT_ASSERT_EQ(test, capmsg_user_charge(&user, 0, 1), 0);
	task = kthread_run(greedy, &user, "capmsg-greedy");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	for (i = 0; i < TRIES; i++) {
		if (capmsg_user_charge(&user, 0, 1))
			refused++;
		else
			capmsg_user_uncharge(&user, 0, 1);
		if (i % 1024 == 0)
			cond_resched();
	}
	KUNIT_EXPECT_EQ(test, kthread_stop(task), 0);
	KUNIT_EXPECT_EQ(test, refused, 0);
	capmsg_user_uncharge(&user, 0, 1);
	capmsg_kit_idle(test, &user);
}

static struct kunit_case account_cases[] = {
	KUNIT_CASE(charge_counts_at_every_level),
	KUNIT_CASE(objects_stop_exactly_at_the_limit),
	KUNIT_CASE(bytes_stop_exactly_at_the_limit),
	KUNIT_CASE(limits_may_be_anything),
	KUNIT_CASE(parent_binds_all_its_children),
	KUNIT_CASE(random_charges_follow_a_model),
	KUNIT_CASE(accounts_of_a_task_share_its_user),
	KUNIT_CASE(users_go_with_their_last_account),
	KUNIT_CASE(owners_of_namespaces_pay_along),
	KUNIT_CASE(what_is_refused_takes_no_room),
	{ }
};

static struct kunit_suite account_suite = {
	.name		= "capmsg_account",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= account_cases,
};

kunit_test_suite(account_suite);
