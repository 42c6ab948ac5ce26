// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages that wait in line without a thread, and who else looks at them.
 */
#include <linux/kthread.h>

#include "begin.h"
#include "port_kit.h"
#include "thing.h"

/**
 * struct scene - a message in line at a port without posts, full of capabilities
 */
struct scene {
	/** @log: of what the capabilities name */
	struct capmsg_thing_log log;
	/** @objects: these, with references */
	struct capmsg_object *objects[CAPMSG_CAPS_MAX];
	/** @port: the port */
	struct capmsg_port *port;
	/** @message: the message */
	struct capmsg_message *message;
};

static struct scene *scene_make(struct kunit *test)
{
	struct capmsg_notice notice = { };
	struct scene *s;

	s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s);
	s->port = capmsg_port_kit_idle(test, 1);
	s->message = capmsg_message_alloc(capmsg_kit_account(test), &notice);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->message);
	capmsg_body_own(&s->message->body);
	return s;
}

/* Begin it, and get it in line with capabilities to as many things. */
static void get_in_line(struct kunit *test, struct scene *s)
{
	static const struct capmsg_manner alone = { .queue = true };
	static const struct capmsg_booking booking = {
		.max_caps = CAPMSG_CAPS_MAX,
	};
	struct capmsg_cargo *cargo = &s->message->cargo;
	struct capmsg_object *object;
	u32 i;

	KUNIT_ASSERT_TRUE(test, capmsg_message_use(s->message));
	KUNIT_ASSERT_EQ(test, capmsg_message_begin(s->message, s->port,
						   &booking, &alone), 0);
	for (i = 0; i < CAPMSG_CAPS_MAX; i++) {
		object = capmsg_thing(test, &s->log)->body.object;
		s->objects[i] = capmsg_object_get(object);
		cargo->caps[i] = capmsg_cap_make(object, 0);
		capmsg_cargo_load(cargo);
	}
	KUNIT_ASSERT_EQ(test, capmsg_message_transmit(s->message, s->port, 0,
						      &alone), 0);
	capmsg_message_leave(s->message);
	KUNIT_EXPECT_EQ(test, capmsg_message_outcome(s->message).state,
			CAPMSG_MESSAGE_SENDING);
}

/* Sweeps without end. */
static int sweeper(void *data)
{
	struct capmsg_body *body = data;

	while (!kthread_should_stop()) {
		body->ops->sweep(body);
		cond_resched();
	}
	return 0;
}

#define SWEEPERS	2
#define ROUNDS		15

/* Each name is dropped once, whoever finds it, and whenever its object has died. */
static void many_sweep_what_waits_alone(struct kunit *test)
{
	struct scene *s = scene_make(test);
	struct task_struct *tasks[SWEEPERS];
	u32 i, round;

	for (i = 0; i < SWEEPERS; i++) {
		tasks[i] = kthread_run(sweeper, &s->message->body,
				       "capmsg-sweep");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tasks[i]);
	}
	for (round = 0; round < ROUNDS; round++) {
		get_in_line(test, s);
		for (i = 0; i < CAPMSG_CAPS_MAX; i++)
			capmsg_object_kill(s->objects[i]);
		s->message->body.ops->sweep(&s->message->body);
		for (i = 0; i < CAPMSG_CAPS_MAX; i++) {
			KUNIT_EXPECT_EQ(test,
					refcount_read(&s->objects[i]->caps), 0);
			capmsg_object_put(s->objects[i]);
		}
		capmsg_message_abandon(s->message, NULL);
	}
	for (i = 0; i < SWEEPERS; i++)
		kthread_stop(tasks[i]);
}

static struct kunit_case message_cases[] = {
	KUNIT_CASE(many_sweep_what_waits_alone),
	{ }
};

static struct kunit_suite message_suite = {
	.name		= "capmsg_message",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= message_cases,
};

kunit_test_suite(message_suite);
