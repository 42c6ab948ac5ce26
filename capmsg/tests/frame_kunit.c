// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames: the epochs of calls, and every way in which one ends. The right to
 * answer is held by the case itself, or by the post of a port.
 */
#include <linux/completion.h>
#include <linux/kthread.h>

#include "call.h"
#include "receive.h"
#include "port_kit.h"

/* Arms a frame for a short answer and takes the reply right. */
static struct capmsg_cap arm(struct kunit *test, struct capmsg_frame *frame,
			     u32 inline_max)
{
	struct capmsg_dress nothing = { };
	struct capmsg_cap right = { };

	KUNIT_ASSERT_EQ(test, capmsg_frame_arm(frame, &nothing, inline_max), 0);
	capmsg_cap_move(&right, &frame->cargo.sender.reply);
	return right;
}

static int answer(struct capmsg_frame *frame, struct capmsg_sender *sender,
		  const struct capmsg_cap *right)
{
	sender->epoch = right->badge;
	sender->done = false;
	return capmsg_port_kit_enter(&frame->port, sender);
}

static void expect_empty(struct kunit *test, struct capmsg_frame *frame)
{
	KUNIT_EXPECT_EQ(test, frame->post.state, CAPMSG_POST_IDLE);
	KUNIT_EXPECT_TRUE(test, capmsg_post_bare(&frame->post));
	KUNIT_EXPECT_NULL(test, frame->post.claim);
	KUNIT_EXPECT_NULL(test, frame->post.reply.object);
	KUNIT_EXPECT_NULL(test, frame->cargo.sender.reply.object);
	KUNIT_EXPECT_EQ(test, frame->pin.n, 0);
	KUNIT_EXPECT_EQ(test, frame->port.count[CAPMSG_POST_POSTED], 0);
}

static void arming_begins_an_epoch(struct kunit *test)
{
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_cap first, second;

	expect_empty(test, frame);
	first = arm(test, frame, 256);
	KUNIT_EXPECT_PTR_EQ(test, first.object, frame->port.body.object);
	KUNIT_EXPECT_EQ(test, first.object->type, CAPMSG_TYPE_REPLY);
	KUNIT_EXPECT_EQ(test, first.rights,
			CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_GRANT);
	KUNIT_EXPECT_EQ(test, first.badge, frame->port.epoch);
	KUNIT_EXPECT_EQ(test, frame->post.state, CAPMSG_POST_POSTED);
	KUNIT_EXPECT_FALSE(test, capmsg_cap_void(&first));
	capmsg_frame_end(frame);
	expect_empty(test, frame);
	KUNIT_EXPECT_TRUE(test, capmsg_cap_void(&first));
	second = arm(test, frame, 256);
	KUNIT_EXPECT_GT(test, second.badge, first.badge);
	KUNIT_EXPECT_TRUE(test, capmsg_cap_void(&first));
	KUNIT_EXPECT_FALSE(test, capmsg_cap_void(&second));
	/* What is dropped late does not harm the call of today. */
	capmsg_cap_drop(&first);
	KUNIT_EXPECT_EQ(test, frame->post.state, CAPMSG_POST_POSTED);
	capmsg_frame_end(frame);
	capmsg_cap_drop(&second);
	expect_empty(test, frame);
}

static void one_answer_is_taken(struct kunit *test)
{
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_sender *sender = capmsg_sender_kit(test, 17);
	struct capmsg_cap right = arm(test, frame, 256);

	KUNIT_EXPECT_EQ(test, answer(frame, sender, &right), 0);
	KUNIT_EXPECT_TRUE(test, sender->done);
	KUNIT_EXPECT_EQ(test, frame->post.state, CAPMSG_POST_FILLED);
	KUNIT_EXPECT_EQ(test, frame->post.error, 0);
	KUNIT_EXPECT_EQ(test, frame->post.length, 17);
	KUNIT_EXPECT_EQ(test, memcmp(frame->post.area, sender->area, 17), 0);
	KUNIT_EXPECT_GT(test, frame->port.epoch, right.badge);
	KUNIT_EXPECT_TRUE(test, capmsg_cap_void(&right));
	KUNIT_EXPECT_EQ(test, answer(frame, sender, &right), -ESTALE);
	/* The right is used up: to drop it says nothing any more. */
	capmsg_cap_drop(&right);
	KUNIT_EXPECT_EQ(test, frame->post.error, 0);
	capmsg_frame_end(frame);
	expect_empty(test, frame);
}

static void wrong_answer_can_be_corrected(struct kunit *test)
{
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_sender *sender = capmsg_sender_kit(test, 101);
	struct capmsg_cap right = arm(test, frame, 100);

	KUNIT_EXPECT_EQ(test, answer(frame, sender, &right), -EMSGSIZE);
	sender->length = 100;
	sender->n_caps = 1;
	KUNIT_EXPECT_EQ(test, answer(frame, sender, &right), -EMSGSIZE);
	KUNIT_EXPECT_FALSE(test, capmsg_cap_void(&right));
	sender->n_caps = 0;
	/* It is not wrong while somebody is about to take a buffer away. */
	frame->post.wanted++;
	KUNIT_EXPECT_EQ(test, answer(frame, sender, &right), -EBUSY);
	frame->post.wanted--;
	KUNIT_EXPECT_EQ(test, answer(frame, sender, &right), 0);
	KUNIT_EXPECT_EQ(test, frame->post.length, 100);
	capmsg_frame_end(frame);
	capmsg_cap_drop(&right);
}

static void dropped_right_is_answered_with_epipe(struct kunit *test)
{
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_sender *sender = capmsg_sender_kit(test, 1);
	struct capmsg_cap right = arm(test, frame, 256), copy = right;

	capmsg_cap_drop(&right);
	KUNIT_EXPECT_EQ(test, frame->post.state, CAPMSG_POST_FILLED);
	KUNIT_EXPECT_EQ(test, frame->post.error, -EPIPE);
	KUNIT_EXPECT_EQ(test, answer(frame, sender, &copy), -ESTALE);
	capmsg_frame_end(frame);
	/* The next call does not see it. */
	right = arm(test, frame, 256);
	KUNIT_EXPECT_EQ(test, frame->post.error, 0);
	KUNIT_EXPECT_EQ(test, answer(frame, sender, &right), 0);
	KUNIT_EXPECT_EQ(test, frame->post.error, 0);
	capmsg_frame_end(frame);
	capmsg_cap_drop(&right);
}

static struct capmsg_cap arm_buffer(struct kunit *test,
				    struct capmsg_frame *frame,
				    struct capmsg_region *region)
{
	struct capmsg_dress dress = { .region = region, .length = 4096 };
	struct capmsg_cap right = { };

	capmsg_body_get(&region->body);
	KUNIT_ASSERT_EQ(test, capmsg_frame_arm(frame, &dress, 0), 0);
	capmsg_cap_move(&right, &frame->cargo.sender.reply);
	return right;
}

static void call_may_end_while_it_is_answered(struct kunit *test)
{
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_sender *one = capmsg_sender_kit(test, 4000);
	struct capmsg_sender *two = capmsg_sender_kit(test, 4000);
	unsigned long address;
	struct capmsg_region *region = capmsg_kit_region(test, 1, &address);
	struct capmsg_cap right = arm_buffer(test, frame, region);
	struct capmsg_port *port = &frame->port;

	KUNIT_EXPECT_EQ(test, answer(frame, one, &right), 0);
	KUNIT_EXPECT_PTR_EQ(test, one->post, &frame->post);
	KUNIT_EXPECT_EQ(test, answer(frame, two, &right), -EBUSY);
	KUNIT_EXPECT_TRUE(test, capmsg_port_kit_begin(port, one));
	capmsg_port_kit_end(port, one, true);
	capmsg_frame_end(frame);
	KUNIT_EXPECT_NULL(test, one->post);
	KUNIT_EXPECT_FALSE(test, capmsg_port_kit_begin(port, one));
	KUNIT_EXPECT_EQ(test, capmsg_port_kit_commit(port, one), -EAGAIN);
	KUNIT_EXPECT_EQ(test, answer(frame, one, &right), -ESTALE);
	KUNIT_EXPECT_FALSE(test, capmsg_kit_used(region));
	expect_empty(test, frame);
	capmsg_cap_drop(&right);

	/* Dropped while somebody copies: the copy is in vain. */
	right = arm_buffer(test, frame, region);
	KUNIT_EXPECT_EQ(test, answer(frame, two, &right), 0);
	capmsg_cap_drop(&right);
	KUNIT_EXPECT_NULL(test, two->post);
	KUNIT_EXPECT_EQ(test, frame->post.error, -EPIPE);
	KUNIT_EXPECT_EQ(test, frame->post.state, CAPMSG_POST_FILLED);
	capmsg_frame_end(frame);
	expect_empty(test, frame);
}

static void lost_landing_table_ends_the_call(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_sender *sender = capmsg_sender_kit(test, 1);
	struct capmsg_dress dress = { .table = table, .first = 2, .n = 3 };
	struct capmsg_cap right = { };

	capmsg_body_get(&table->body);
	KUNIT_ASSERT_EQ(test, capmsg_frame_arm(frame, &dress, 256), 0);
	capmsg_cap_move(&right, &frame->cargo.sender.reply);
	KUNIT_EXPECT_PTR_EQ(test, table->slots[4].reserved,
			    &frame->post.landing.reservation);
	KUNIT_EXPECT_NULL(test, table->slots[5].reserved);
	capmsg_kit_kill(&table->body);
	KUNIT_EXPECT_EQ(test, frame->post.state, CAPMSG_POST_FILLED);
	KUNIT_EXPECT_EQ(test, frame->post.error, -ENOENT);
	KUNIT_EXPECT_EQ(test, answer(frame, sender, &right), -ESTALE);
	capmsg_cap_drop(&right);
	KUNIT_EXPECT_EQ(test, frame->post.error, -ENOENT);
	capmsg_frame_end(frame);
	expect_empty(test, frame);
}

static void failed_arming_is_no_call(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_dress dress = { .table = table, .first = 2, .n = 3 };
	u64 epoch = frame->port.epoch;

	capmsg_kit_put(test, table, 3, capmsg_cap_make(table->body.object, 3));
	KUNIT_EXPECT_EQ(test, capmsg_frame_arm(frame, &dress, 256), -EEXIST);
	KUNIT_EXPECT_EQ(test, frame->port.epoch, epoch);
	KUNIT_EXPECT_NULL(test, table->slots[2].reserved);
	expect_empty(test, frame);
	capmsg_frame_end(frame);
	KUNIT_EXPECT_EQ(test, refcount_read(&table->body.refs), 1);
}

static void right_dies_with_the_caller(struct kunit *test)
{
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_sender *sender = capmsg_sender_kit(test, 1);
	struct capmsg_cap right = arm(test, frame, 256);

	capmsg_body_get(&frame->port.body);
	capmsg_kit_kill(&frame->port.body);
	KUNIT_EXPECT_TRUE(test, capmsg_cap_void(&right));
	KUNIT_EXPECT_EQ(test, answer(frame, sender, &right), -ESTALE);
	expect_empty(test, frame);
	capmsg_body_put(&frame->port.body);
	capmsg_cap_drop(&right);
}

/* A call whose request was received by post 0 of a port with one post. */
static struct capmsg_frame *receive_call(struct kunit *test,
					 struct capmsg_port *port, u32 *seq)
{
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_dress nothing = { };
	struct capmsg_port_post *post;

	KUNIT_ASSERT_EQ(test, capmsg_frame_arm(frame, &nothing, 256), 0);
	frame->cargo.sender.area = frame->cargo.area;
	KUNIT_ASSERT_EQ(test, capmsg_port_kit_enter(port, &frame->cargo.sender), 0);
	KUNIT_EXPECT_NULL(test, frame->cargo.sender.reply.object);
	post = capmsg_port_kit_reap(port);
	KUNIT_ASSERT_NOT_NULL(test, post);
	KUNIT_EXPECT_FALSE(test, capmsg_cap_void(&post->reply));
	*seq = post->seq;
	capmsg_port_retire(port, post);
	/* It holds the right: not posted again before that has left. */
	KUNIT_EXPECT_EQ(test, post->state, CAPMSG_POST_IDLE);
	KUNIT_EXPECT_EQ(test, capmsg_port_unpost(port, post->index, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, capmsg_port_repost(port, post->index), -EBUSY);
	return frame;
}

static void post_holds_the_right(struct kunit *test)
{
	struct capmsg_port *port = capmsg_port_kit(test, 1), *caller;
	struct capmsg_frame *frame;
	u64 epoch;
	u32 seq;

	KUNIT_EXPECT_EQ(test, capmsg_reply_find(port, 0, 0, &caller, &epoch),
			-ENOENT);
	frame = receive_call(test, port, &seq);
	KUNIT_EXPECT_EQ(test, capmsg_reply_find(port, 1, seq, &caller, &epoch),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, capmsg_reply_find(port, 0, seq + 1, &caller,
						&epoch), -ESTALE);
	KUNIT_EXPECT_EQ(test, capmsg_reply_find(port, 0, seq, &caller, &epoch),
			0);
	KUNIT_EXPECT_PTR_EQ(test, caller, &frame->port);
	KUNIT_EXPECT_EQ(test, epoch, frame->port.epoch);
	capmsg_body_put(&caller->body);
	KUNIT_EXPECT_EQ(test, capmsg_kit_drop_reply(port, 0, seq + 1), -ESTALE);
	KUNIT_EXPECT_EQ(test, frame->post.state, CAPMSG_POST_POSTED);
	KUNIT_EXPECT_EQ(test, port->posts[0].state, CAPMSG_POST_IDLE);
	KUNIT_EXPECT_EQ(test, capmsg_kit_drop_reply(port, 0, seq), 0);
	KUNIT_EXPECT_EQ(test, capmsg_kit_drop_reply(port, 0, seq), -ENOENT);
	KUNIT_EXPECT_EQ(test, frame->post.error, -EPIPE);
	KUNIT_EXPECT_EQ(test, port->posts[0].state, CAPMSG_POST_POSTED);
	capmsg_frame_end(frame);
	/* A port that dies drops the right of its post. */
	frame = receive_call(test, port, &seq);
	capmsg_kit_kill(&port->body);
	KUNIT_EXPECT_EQ(test, frame->post.error, -EPIPE);
	capmsg_frame_end(frame);
}

static void right_can_be_moved_out_of_the_post(struct kunit *test)
{
	struct capmsg_cappage *table = capmsg_kit_table(test, 4);
	struct capmsg_port *port = capmsg_port_kit(test, 1);
	struct capmsg_spot spot = capmsg_kit_spot(table, 1);
	struct capmsg_frame *frame;
	u32 seq;

	frame = receive_call(test, port, &seq);
	capmsg_kit_put(test, table, 1, capmsg_cap_make(table->body.object, 3));
	KUNIT_EXPECT_EQ(test, capmsg_reply_move(port, 0, seq, &spot), -EEXIST);
	KUNIT_EXPECT_EQ(test, port->posts[0].state, CAPMSG_POST_IDLE);
	spot.index = 2;
	KUNIT_EXPECT_EQ(test, capmsg_reply_move(port, 0, seq, &spot), 0);
	KUNIT_EXPECT_EQ(test, port->posts[0].state, CAPMSG_POST_POSTED);
	KUNIT_EXPECT_FALSE(test, capmsg_cap_void(capmsg_kit_cap(table, 2)));
	KUNIT_EXPECT_EQ(test, frame->post.state, CAPMSG_POST_POSTED);
	KUNIT_EXPECT_EQ(test, capmsg_clear(&spot), 0);
	KUNIT_EXPECT_EQ(test, frame->post.error, -EPIPE);
	capmsg_frame_end(frame);
	frame = receive_call(test, port, &seq);
	capmsg_frame_end(frame);
	KUNIT_EXPECT_EQ(test, capmsg_reply_move(port, 0, seq, &spot), -ESTALE);
	KUNIT_EXPECT_NULL(test, capmsg_kit_cap(table, 2)->object);
}

struct server {
	struct capmsg_port *port;
	struct capmsg_frame *frame;
	struct completion done;
	int n;
	int failed;
};

/* Receives as it goes, and answers every question with its successor. */
static int serve(void *data)
{
	struct capmsg_until wait = { .deadline = KTIME_MAX };
	struct server *server = data;
	struct capmsg_frame *frame = server->frame;
	struct capmsg_port *port = server->port, *caller;
	struct capmsg_port_post *post;
	u64 epoch;
	int i, ret;

	for (i = 0; i < server->n; i++) {
		server->failed += !!capmsg_await(port, NULL, NULL, &wait, &post);
		frame->cargo.area[0] = post->area[0] + 1;
		frame->cargo.sender.area = frame->cargo.area;
		frame->cargo.sender.length = 1;
		capmsg_port_retire(port, post);
		ret = capmsg_reply_find(port, post->index, post->seq, &caller,
					&epoch);
		server->failed += !!ret;
		if (ret)
			continue;
		server->failed += !!capmsg_reply(frame, caller, epoch);
		server->failed += !!capmsg_kit_drop_reply(port, post->index,
							  post->seq);
		capmsg_transfer_wake(caller, false);
		capmsg_body_put(&caller->body);
	}
	complete(&server->done);
	return 0;
}

static int ask(struct capmsg_frame *frame, struct capmsg_port *port,
	       u8 question, const struct capmsg_until *wait, int *reply)
{
	struct capmsg_dress nothing = { };
	struct capmsg_answer answer = { };
	int ret;

	frame->cargo.area[0] = question;
	frame->cargo.sender.area = frame->cargo.area;
	frame->cargo.sender.length = 1;
	ret = capmsg_frame_arm(frame, &nothing, 256);
	if (!ret)
		ret = capmsg_call(frame, port, wait, &answer);
	*reply = answer.length == 1 ? frame->post.area[0] : -1;
	capmsg_frame_end(frame);
	return ret;
}

static void calls_are_answered_by_another_task(struct kunit *test)
{
	struct capmsg_until wait = { .deadline = KTIME_MAX };
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct server server = { .n = 500 };
	struct task_struct *task;
	int i, reply, wrong = 0;

	server.port = capmsg_port_kit(test, 1);
	server.frame = capmsg_kit_frame(test);
	init_completion(&server.done);
	task = kthread_run(serve, &server, "capmsg_server");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (i = 0; i < server.n; i++) {
		wrong += !!ask(frame, server.port, i, &wait, &reply);
		wrong += reply != (u8)(i + 1);
	}
	wait_for_completion(&server.done);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, server.failed, 0);
	expect_empty(test, frame);
	capmsg_port_kit_expect(test, server.port, 0, 1, 0, 0, 0);
}

static void call_ends_at_its_deadline(struct kunit *test)
{
	struct capmsg_frame *frame = capmsg_kit_frame(test);
	struct capmsg_port *port = capmsg_port_kit(test, 1);
	struct capmsg_until wait = {
		.deadline = ktime_add_ms(ktime_get(), 20),
	};
	int reply;

	KUNIT_EXPECT_EQ(test, ask(frame, port, 1, &wait, &reply), -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, ktime_before(ktime_get(), wait.deadline));
	expect_empty(test, frame);
	/* The request was delivered, the only post is taken. */
	capmsg_port_kit_expect(test, port, 0, 0, 0, 1, 0);
	wait.deadline = ktime_add_ms(ktime_get(), 20);
	KUNIT_EXPECT_EQ(test, ask(frame, port, 1, &wait, &reply), -ETIMEDOUT);
	wait.nonblock = true;
	KUNIT_EXPECT_EQ(test, ask(frame, port, 1, &wait, &reply), -EAGAIN);
	KUNIT_EXPECT_EQ(test, port->lines.n, 0);
	expect_empty(test, frame);
}

static struct kunit_case frame_cases[] = {
	KUNIT_CASE(arming_begins_an_epoch),
	KUNIT_CASE(one_answer_is_taken),
	KUNIT_CASE(wrong_answer_can_be_corrected),
	KUNIT_CASE(dropped_right_is_answered_with_epipe),
	KUNIT_CASE(call_may_end_while_it_is_answered),
	KUNIT_CASE(lost_landing_table_ends_the_call),
	KUNIT_CASE(failed_arming_is_no_call),
	KUNIT_CASE(right_dies_with_the_caller),
	KUNIT_CASE(post_holds_the_right),
	KUNIT_CASE(right_can_be_moved_out_of_the_post),
	KUNIT_CASE(calls_are_answered_by_another_task),
	KUNIT_CASE(call_ends_at_its_deadline),
	{ }
};

static struct kunit_suite frame_suite = {
	.name		= "capmsg_frame",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= frame_cases,
};

kunit_test_suite(frame_suite);
