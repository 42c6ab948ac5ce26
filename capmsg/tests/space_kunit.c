// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spaces: set-up at every point where a quota can refuse it, and frames that
 * are handed out once.
 */
#include <linux/completion.h>
#include <linux/kthread.h>

#include "kit.h"
#include "walk.h"

#define FRAMES	5

static long objects_of(const struct capmsg_space *space)
{
	rcu_barrier();
	return atomic_long_read(&space->account->user->objects);
}

static long bytes_of(const struct capmsg_space *space)
{
	rcu_barrier();
	return atomic_long_read(&space->account->user->bytes);
}

static struct capmsg_space *open_space(struct kunit *test)
{
	struct capmsg_space *space = capmsg_space_open();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, space);
	return space;
}

static void open_space_is_empty(struct kunit *test)
{
	unsigned long before = capmsg_spaces();
	struct capmsg_space *space = open_space(test);

	KUNIT_EXPECT_EQ(test, capmsg_spaces(), before + 1);
	KUNIT_EXPECT_FALSE(test, capmsg_space_ready(space));
	KUNIT_EXPECT_NULL(test, space->root.object);
	KUNIT_EXPECT_EQ(test, space->n_frames, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&space->account->owned));
	capmsg_space_close(space);
	KUNIT_EXPECT_EQ(test, capmsg_spaces(), before);
}

static void opening_is_charged(struct kunit *test)
{
	struct capmsg_space *space = open_space(test);
	long objects = objects_of(space), bytes = bytes_of(space);
	struct capmsg_space *other = open_space(test);

	KUNIT_EXPECT_EQ(test, objects_of(space), objects + 1);
	KUNIT_EXPECT_EQ(test, bytes_of(space), bytes + sizeof(*space));
	capmsg_space_close(other);
	KUNIT_EXPECT_EQ(test, objects_of(space), objects);
	KUNIT_EXPECT_EQ(test, bytes_of(space), bytes);
	capmsg_max_objects = objects;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(capmsg_space_open()), -EDQUOT);
	KUNIT_EXPECT_EQ(test, objects_of(space), objects);
	capmsg_space_close(space);
}

static void set_up_space_has_what_was_asked_for(struct kunit *test)
{
	unsigned long frames = capmsg_objects_live(CAPMSG_TYPE_REPLY);
	unsigned long tables = capmsg_objects_live(CAPMSG_TYPE_CAPPAGE);
	struct capmsg_space *space = open_space(test);
	long objects = objects_of(space);
	struct capmsg_view view = { .root = &space->root };
	struct capmsg_spot spot;

	KUNIT_EXPECT_EQ(test, capmsg_space_setup(space, FRAMES, 6, 12345), 0);
	KUNIT_EXPECT_TRUE(test, capmsg_space_ready(space));
	KUNIT_EXPECT_EQ(test, space->n_frames, FRAMES);
	KUNIT_EXPECT_EQ(test, space->root_bits, 6);
	KUNIT_EXPECT_EQ(test, space->plain_max, 12345);
	/* The frames, the spare one, and the root. */
	KUNIT_EXPECT_EQ(test, objects_of(space), objects + FRAMES + 2);
	KUNIT_EXPECT_EQ(test, capmsg_objects_live(CAPMSG_TYPE_REPLY),
			frames + FRAMES + 1);
	KUNIT_EXPECT_EQ(test, capmsg_objects_live(CAPMSG_TYPE_CAPPAGE),
			tables + 1);
	KUNIT_EXPECT_EQ(test, capmsg_space_setup(space, 1, 4, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, space->n_frames, FRAMES);
	KUNIT_EXPECT_EQ(test, capmsg_find_slot(&view, CAPMSG_ADDRESS(63, 6),
					       CAPMSG_RIGHT_READ |
					       CAPMSG_RIGHT_WRITE, &spot), 0);
	KUNIT_EXPECT_EQ(test, spot.end, 64);
	capmsg_spot_put(&spot);
	capmsg_space_close(space);
	KUNIT_EXPECT_EQ(test, capmsg_objects_live(CAPMSG_TYPE_REPLY), frames);
	KUNIT_EXPECT_EQ(test, capmsg_objects_live(CAPMSG_TYPE_CAPPAGE), tables);
}

static void expect_untouched(struct kunit *test, struct capmsg_space *space,
			     long objects, long bytes)
{
	KUNIT_EXPECT_FALSE(test, capmsg_space_ready(space));
	KUNIT_EXPECT_NULL(test, space->root.object);
	KUNIT_EXPECT_EQ(test, space->n_frames, 0);
	KUNIT_EXPECT_NULL(test, space->frames);
	KUNIT_EXPECT_TRUE(test, list_empty(&space->account->owned));
	KUNIT_EXPECT_EQ(test, objects_of(space), objects);
	KUNIT_EXPECT_EQ(test, bytes_of(space), bytes);
}

static void quota_of_objects_unwinds_everywhere(struct kunit *test)
{
	struct capmsg_space *space = open_space(test);
	long objects = objects_of(space), bytes = bytes_of(space);
	int more;

	for (more = 0; more < FRAMES + 2; more++) {
		capmsg_max_objects = objects + more;
		KUNIT_EXPECT_EQ(test, capmsg_space_setup(space, FRAMES, 4, 0),
				-EDQUOT);
		expect_untouched(test, space, objects, bytes);
	}
	capmsg_max_objects = objects + more;
	KUNIT_EXPECT_EQ(test, capmsg_space_setup(space, FRAMES, 4, 0), 0);
	KUNIT_EXPECT_EQ(test, objects_of(space), objects + FRAMES + 2);
	capmsg_space_close(space);
}

static void quota_of_bytes_unwinds_everywhere(struct kunit *test)
{
	struct capmsg_space *space = open_space(test), *other;
	long objects = objects_of(space), bytes = bytes_of(space), all, step;

	other = open_space(test);
	all = bytes_of(other);
	KUNIT_ASSERT_EQ(test, capmsg_space_setup(other, FRAMES, 4, 100000), 0);
	all = bytes_of(other) - all;
	capmsg_space_close(other);
	for (step = 0; step < 20; step++) {
		capmsg_max_bytes = bytes + all * step / 20;
		KUNIT_EXPECT_EQ(test, capmsg_space_setup(space, FRAMES, 4,
							 100000), -EDQUOT);
		expect_untouched(test, space, objects, bytes);
	}
	capmsg_max_bytes = bytes + all - 1;
	KUNIT_EXPECT_EQ(test, capmsg_space_setup(space, FRAMES, 4, 100000),
			-EDQUOT);
	expect_untouched(test, space, objects, bytes);
	capmsg_max_bytes = bytes + all;
	KUNIT_EXPECT_EQ(test, capmsg_space_setup(space, FRAMES, 4, 100000), 0);
	KUNIT_EXPECT_EQ(test, bytes_of(space), bytes + all);
	capmsg_space_close(space);
}

static void frames_are_handed_out_once(struct kunit *test)
{
	struct capmsg_space *space = open_space(test);
	unsigned long busy = capmsg_frames_busy();
	struct capmsg_frame *frames[FRAMES];
	unsigned int index[FRAMES], extra = 77, i, j;

	KUNIT_ASSERT_EQ(test, capmsg_space_setup(space, FRAMES, 4, 0), 0);
	for (i = 0; i < FRAMES; i++) {
		frames[i] = capmsg_frame_get(space, &index[i]);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, frames[i]);
		KUNIT_EXPECT_LT(test, index[i], FRAMES);
		KUNIT_EXPECT_PTR_EQ(test, space->frames[index[i]], frames[i]);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_PTR_NE(test, frames[i], frames[j]);
		KUNIT_EXPECT_EQ(test, capmsg_frames_busy(), busy + i + 1);
	}
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(capmsg_frame_get(space, &extra)),
			-EAGAIN);
	KUNIT_EXPECT_EQ(test, extra, 77);
	capmsg_frame_put(space, index[3]);
	KUNIT_EXPECT_PTR_EQ(test, capmsg_frame_get(space, &extra), frames[3]);
	KUNIT_EXPECT_EQ(test, extra, index[3]);
	for (i = 0; i < FRAMES; i++)
		capmsg_frame_put(space, index[i]);
	KUNIT_EXPECT_EQ(test, capmsg_frames_busy(), busy);
	capmsg_space_close(space);
}

/* When all others are in use there is one for asking, and only for that. */
static void spare_frame_is_for_asking(struct kunit *test)
{
	const struct capmsg_until now = { .nonblock = true };
	struct capmsg_space *space = open_space(test);
	unsigned long busy = capmsg_frames_busy();
	unsigned int index[FRAMES + 1], extra, i;
	struct capmsg_frame *frame;

	KUNIT_ASSERT_EQ(test, capmsg_space_setup(space, FRAMES, 4, 0), 0);
	for (i = 0; i <= FRAMES; i++) {
		KUNIT_EXPECT_EQ(test, capmsg_frame_await(space, &index[i], &now,
							 &frame), 0);
		KUNIT_EXPECT_PTR_EQ(test, space->frames[index[i]], frame);
		KUNIT_EXPECT_EQ(test, capmsg_frame_is_spare(space, index[i]),
				i == FRAMES);
	}
	KUNIT_EXPECT_EQ(test, capmsg_frames_busy(), busy + FRAMES + 1);
	KUNIT_EXPECT_EQ(test, capmsg_frame_await(space, &extra, &now, &frame),
			-EAGAIN);
	capmsg_frame_put(space, index[FRAMES]);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(capmsg_frame_get(space, &extra)),
			-EAGAIN);
	for (i = 0; i < FRAMES; i++)
		capmsg_frame_put(space, index[i]);
	KUNIT_EXPECT_EQ(test, capmsg_frames_busy(), busy);
	capmsg_space_close(space);
}

static void closing_kills_what_the_space_owns(struct kunit *test)
{
	struct capmsg_kit *kit = capmsg_kit_of(test);
	struct capmsg_space *space = open_space(test);
	struct capmsg_cappage *table;
	struct capmsg_cap inside, outside;

	KUNIT_ASSERT_EQ(test, capmsg_space_setup(space, 1, 4, 0), 0);
	table = capmsg_cappage_alloc(space->account, 4, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	capmsg_body_own(&table->body);
	inside = capmsg_cap_make(table->body.object, 3);
	outside = capmsg_cap_make(capmsg_kit_table(test, 4)->body.object, 3);
	/* The space names what is another's: that lives on. */
	capmsg_kit_put(test, table, 0,
		       capmsg_cap_make(outside.object, 3));
	capmsg_space_close(space);
	KUNIT_EXPECT_TRUE(test, capmsg_cap_void(&inside));
	KUNIT_EXPECT_FALSE(test, capmsg_cap_void(&outside));
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, capmsg_tombstones(), kit->before.tombstones + 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&outside.object->caps), 2);
	capmsg_cap_drop(&inside);
	capmsg_cap_drop(&outside);
}

#define GRABBERS	3
#define GRABS		20000

struct grab {
	struct capmsg_space *space;
	atomic_t held[2];
	atomic_t doubled;
	atomic_t got;
	atomic_t won;
	struct completion start;
	struct completion done;
};

static int grabber(void *data)
{
	struct grab *grab = data;
	unsigned int index;
	int i;

	wait_for_completion(&grab->start);
	if (!capmsg_space_setup(grab->space, 2, 4, 0))
		atomic_inc(&grab->won);
	for (i = 0; i < GRABS; i++) {
		if (IS_ERR(capmsg_frame_get(grab->space, &index)))
			continue;
		atomic_inc(&grab->got);
		if (atomic_inc_return(&grab->held[index]) != 1)
			atomic_inc(&grab->doubled);
		atomic_dec(&grab->held[index]);
		capmsg_frame_put(grab->space, index);
		if (i % 64 == 0)
			cond_resched();
	}
	complete(&grab->done);
	return 0;
}

/* Setting up at the same time, then two frames for three tasks. */
static void tasks_never_share_a_frame(struct kunit *test)
{
	struct grab *grab = kunit_kzalloc(test, sizeof(*grab), GFP_KERNEL);
	struct task_struct *task;
	int i, started = 0;

	KUNIT_ASSERT_NOT_NULL(test, grab);
	grab->space = open_space(test);
	init_completion(&grab->start);
	init_completion(&grab->done);
	for (i = 0; i < GRABBERS; i++) {
		task = kthread_run(grabber, grab, "capmsg_grabber");
		started += !IS_ERR(task);
	}
	complete_all(&grab->start);
	for (i = 0; i < started; i++)
		wait_for_completion(&grab->done);
	KUNIT_EXPECT_EQ(test, started, GRABBERS);
	KUNIT_EXPECT_EQ(test, atomic_read(&grab->won), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&grab->doubled), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&grab->got), GRABS);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(grab->space->busy, 2));
	capmsg_space_close(grab->space);
}

static struct kunit_case space_cases[] = {
	KUNIT_CASE(open_space_is_empty),
	KUNIT_CASE(opening_is_charged),
	KUNIT_CASE(set_up_space_has_what_was_asked_for),
	KUNIT_CASE(quota_of_objects_unwinds_everywhere),
	KUNIT_CASE(quota_of_bytes_unwinds_everywhere),
	KUNIT_CASE(frames_are_handed_out_once),
	KUNIT_CASE(spare_frame_is_for_asking),
	KUNIT_CASE(closing_kills_what_the_space_owns),
	KUNIT_CASE(tasks_never_share_a_frame),
	{ }
};

static struct kunit_suite space_suite = {
	.name		= "capmsg_space",
	.init		= capmsg_kit_init,
	.exit		= capmsg_kit_exit,
	.test_cases	= space_cases,
};

kunit_test_suite(space_suite);
