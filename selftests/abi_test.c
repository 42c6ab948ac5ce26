// SPDX-License-Identifier: GPL-2.0-only
/*
 * abi_test.c - the command format: struct sizes and tails, pointers, reserved
 * fields, flags, command numbers, spaces that are not set up, 32-bit callers (and
 * the same as a 32-bit program: abi32_test.c).
 *
 * Every test spoils one thing of a call that is in order; capmsg_do() proves
 * that no failure writes outputs.
 */
#include "kselftest_harness.h"
#include "calls.h"

#ifdef __LP64__
#define KERNEL_POINTER	0xffff888000000000UL
#define USER_END	((1UL << 47) - 4)
#else
#define KERNEL_POINTER	0xc0000000UL
#define USER_END	0xffffe000UL
#endif

FIXTURE(abi) {
	struct calls calls;
	int log;
};

FIXTURE_SETUP(abi)
{
	self->log = log_open();
	ASSERT_LE(0, self->log);
	ASSERT_EQ(0, calls_new(&self->calls));
}

FIXTURE_TEARDOWN(abi)
{
	const char *text = log_speaks(self->log);

	EXPECT_EQ(NULL, text)
		TH_LOG("the kernel said: %s", text);
	CAPMSG_TEARDOWN();
}

TEST_F(abi, in_order)
{
	unsigned int nr;
	union any *a;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		a = call_fill(&self->calls, nr);
		EXPECT_EQ(call_result(nr), capmsg_do(self->calls.fd, nr, a))
			TH_LOG("command %u", nr);
		call_undo(&self->calls, nr, a);
	}
}

TEST_F(abi, size_too_small)
{
	const __u64 state = call_state(&self->calls);
	unsigned int nr, i;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		const unsigned int sizes[] = { 0, 1, 4, capmsg_size(nr) - 1 };

		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			union any *a = call_fill(&self->calls, nr);

			a->query.size = sizes[i];
			EXPECT_EQ(-EINVAL, capmsg_do(self->calls.fd, nr, a))
				TH_LOG("command %u, size %u", nr, sizes[i]);
		}
	}
	EXPECT_EQ(state, call_state(&self->calls));
}

TEST_F(abi, tail_zero)
{
	unsigned int nr, i;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		const unsigned int sizes[] = { capmsg_size(nr) + 1, capmsg_size(nr) + 8, 4096 };

		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			union any *a = call_fill(&self->calls, nr);

			a->query.size = sizes[i];
			EXPECT_EQ(call_result(nr), capmsg_do(self->calls.fd, nr, a))
				TH_LOG("command %u, size %u", nr, sizes[i]);
			call_undo(&self->calls, nr, a);
		}
	}
}

TEST_F(abi, tail_not_zero)
{
	const __u64 state = call_state(&self->calls);
	unsigned int nr;
	union any *a;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		const unsigned int size = capmsg_size(nr);

		a = call_fill(&self->calls, nr);
		a->query.size = size + 1;
		a->bytes[size] = 1;
		EXPECT_EQ(-E2BIG, capmsg_do(self->calls.fd, nr, a));
		a = call_fill(&self->calls, nr);
		a->query.size = 4096;
		a->bytes[4095] = (char)0x80;
		EXPECT_EQ(-E2BIG, capmsg_do(self->calls.fd, nr, a));
	}
	EXPECT_EQ(state, call_state(&self->calls));
}

TEST_F(abi, size_over_a_page)
{
	const unsigned int sizes[] = { 4097, 8192, 0x80000000, 0xffffffff };
	unsigned int nr, i;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			union any *a = call_fill(&self->calls, nr);

			a->query.size = sizes[i];
			EXPECT_EQ(-E2BIG, capmsg_do(self->calls.fd, nr, a))
				TH_LOG("command %u, size %u", nr, sizes[i]);
		}
	}
}

TEST_F(abi, pointer_bad)
{
	const __u64 state = call_state(&self->calls);
	char *hole = memory_new(2 * PAGE, true);
	unsigned int nr, i;

	ASSERT_NE(NULL, hole);
	ASSERT_EQ(0, munmap(hole + PAGE, PAGE));
	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		const unsigned long pointers[] = {
			0, 8, KERNEL_POINTER, ~(~0UL >> 1), -PAGE, -4UL, USER_END,
			PTR(hole) + PAGE, PTR(hole) + PAGE - 2,
			PTR(hole) + PAGE - capmsg_size(nr) + 1,
		};

		for (i = 0; i < ARRAY_SIZE(pointers); i++) {
			/* The last one has all but the last byte. */
			memcpy(hole + PAGE - capmsg_size(nr) + 1, call_fill(&self->calls, nr),
			       capmsg_size(nr) - 1);
			errno = 0;
			ioctl(self->calls.fd, _IO(CAPMSG_IOC_MAGIC, nr), pointers[i]);
			EXPECT_EQ(EFAULT, errno)
				TH_LOG("command %u, pointer %lx", nr, pointers[i]);
		}
	}
	EXPECT_EQ(state, call_state(&self->calls));
}

/* Any alignment, and over the border of two pages. */
TEST_F(abi, pointer_unaligned)
{
	char *memory = memory_new(3 * PAGE, true);
	unsigned int nr, i;

	ASSERT_NE(NULL, memory);
	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		const unsigned int offsets[] = { 1, 3, PAGE - 3, PAGE - 9 };

		for (i = 0; i < ARRAY_SIZE(offsets); i++) {
			union any *a = (union any *)(memory + offsets[i]);

			memcpy(a, call_fill(&self->calls, nr), capmsg_size(nr));
			EXPECT_EQ(call_result(nr), capmsg_do(self->calls.fd, nr, a))
				TH_LOG("command %u, offset %u", nr, offsets[i]);
			call_undo(&self->calls, nr, a);
		}
	}
}

/* What has results to write fails before it does anything; the others do not mind. */
TEST_F(abi, struct_read_only)
{
	const __u64 state = call_state(&self->calls);
	char *memory = memory_new(PAGE, true);
	unsigned int nr;
	int expected;

	ASSERT_NE(NULL, memory);
	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		expected = capmsg_results(nr) ? -EFAULT : call_result(nr);
		ASSERT_EQ(0, mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
		memcpy(memory, call_fill(&self->calls, nr), capmsg_size(nr));
		ASSERT_EQ(0, mprotect(memory, PAGE, PROT_READ));
		EXPECT_EQ(expected, ioctl(self->calls.fd, _IO(CAPMSG_IOC_MAGIC, nr), memory) ?
			  -errno : 0)
			TH_LOG("command %u", nr);
		if (!expected)
			call_undo(&self->calls, nr, (union any *)memory);
		EXPECT_EQ(state, call_state(&self->calls))
			TH_LOG("command %u left something", nr);
	}
}

TEST_F(abi, reserved_fields)
{
#define RESERVED(name, NAME) { CAPMSG_CMD_##NAME, offsetof(struct capmsg_##name, __reserved) }
	static const struct {
		unsigned int nr, offset;
	} fields[] = {
		RESERVED(setup, SETUP), RESERVED(create_cappage, CREATE_CAPPAGE),
		RESERVED(post, POST), RESERVED(unpost, UNPOST), RESERVED(import, IMPORT),
		RESERVED(create_notification, CREATE_NOTIFICATION), RESERVED(fill, FILL),
		RESERVED(credits, CREDITS), RESERVED(limits, LIMITS),
		RESERVED(create_virtual, CREATE_VIRTUAL),
	};
	const __u64 state = call_state(&self->calls);
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		for (bit = 0; bit < 32; bit++) {
			union any *a = call_fill(&self->calls, fields[i].nr);

			a->bytes[fields[i].offset + bit / 8] = 1 << bit % 8;
			EXPECT_EQ(-EINVAL, capmsg_do(self->calls.fd, fields[i].nr, a))
				TH_LOG("command %u, bit %u", fields[i].nr, bit);
		}
	}
	EXPECT_EQ(state, call_state(&self->calls));
}

static unsigned int known_flags(unsigned int nr)
{
	switch (nr) {
	case CAPMSG_CMD_MOVE:
	case CAPMSG_CMD_CLEAR:
	case CAPMSG_CMD_SEND:
	case CAPMSG_CMD_WAIT:
	case CAPMSG_CMD_INVALIDATE:
		return 0x1;
	case CAPMSG_CMD_CREATE_PORT:
		return CAPMSG_PORT_NO_SHORT | CAPMSG_PORT_NO_SHARES | CAPMSG_PORT_HANDLER;
	case CAPMSG_CMD_CREATE_NOTIFICATION:
	case CAPMSG_CMD_BEGIN:
	case CAPMSG_CMD_TRANSMIT:
		return 0x3;
	case CAPMSG_CMD_COPY:
		return 0xf;
	case CAPMSG_CMD_RECV:
		return CAPMSG_NONBLOCK | CAPMSG_RECV_DECLARE | CAPMSG_RECV_WITHDRAW;
	case CAPMSG_CMD_CALL:
		return CAPMSG_NONBLOCK | CAPMSG_CALL_REGION;
	case CAPMSG_CMD_REPLY:
		return CAPMSG_REPLY_POST;
	case CAPMSG_CMD_REPLY_RECV:
		return CAPMSG_NONBLOCK | CAPMSG_REPLY_POST | CAPMSG_REPLY_NONE;
	default:
		return 0;
	}
}

/* Each alone, with those that the call needs, and with all that are known. */
TEST_F(abi, unknown_flags)
{
	const __u64 state = call_state(&self->calls);
	unsigned int nr, bit, i;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		const unsigned int with[] = { 0, call_fill(&self->calls, nr)->query.flags,
					      known_flags(nr) };

		for (bit = 0; bit < 32; bit++) {
			if (known_flags(nr) & 1U << bit)
				continue;
			for (i = 0; i < ARRAY_SIZE(with); i++) {
				union any *a = call_fill(&self->calls, nr);

				a->query.flags = with[i] | 1U << bit;
				EXPECT_EQ(-EOPNOTSUPP, capmsg_do(self->calls.fd, nr, a))
					TH_LOG("command %u, flags %x", nr, a->query.flags);
			}
		}
	}
	EXPECT_EQ(state, call_state(&self->calls));
}

TEST_F(abi, unknown_commands)
{
	const unsigned long numbers[] = {
		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_COUNT), _IO(CAPMSG_IOC_MAGIC, 0x80),
		_IO(CAPMSG_IOC_MAGIC, 0xff), _IO(CAPMSG_IOC_MAGIC + 1, CAPMSG_CMD_QUERY),
		_IO(0, CAPMSG_CMD_QUERY), _IO('T', 1), 0, 0xffffffff,
	};
	unsigned int nr, i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		errno = 0;
		ioctl(self->calls.fd, numbers[i], call_fill(&self->calls, CAPMSG_CMD_QUERY));
		EXPECT_EQ(ENOTTY, errno)
			TH_LOG("number %lx", numbers[i]);
	}
	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		const unsigned long with_bits[] = {
			_IOC(_IOC_READ, CAPMSG_IOC_MAGIC, nr, 0),
			_IOC(_IOC_WRITE, CAPMSG_IOC_MAGIC, nr, 0),
			_IOC(_IOC_READ | _IOC_WRITE, CAPMSG_IOC_MAGIC, nr, capmsg_size(nr)),
			_IOC(_IOC_NONE, CAPMSG_IOC_MAGIC, nr, 8),
		};

		for (i = 0; i < ARRAY_SIZE(with_bits); i++) {
			errno = 0;
			ioctl(self->calls.fd, with_bits[i], call_fill(&self->calls, nr));
			EXPECT_EQ(ENOTTY, errno)
				TH_LOG("number %lx", with_bits[i]);
		}
	}
}

TEST_F(abi, before_setup)
{
	struct capmsg_query query = { .flags = 0 };
	int fd = space_open();
	unsigned int nr;

	ASSERT_LE(0, fd);
	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		if (nr == CAPMSG_CMD_QUERY || nr == CAPMSG_CMD_SETUP ||
		    nr == CAPMSG_CMD_LIMITS)
			continue;
		EXPECT_EQ(-ENOENT, capmsg_do(fd, nr, call_fill(&self->calls, nr)))
			TH_LOG("command %u", nr);
	}
	ASSERT_EQ(0, do_query(fd, &query));
	EXPECT_EQ(0, query.out_frames);
	EXPECT_EQ(0, query.out_root_bits);
	EXPECT_EQ(0, close(fd));
}

#ifdef __LP64__
/* The ioctl of a 32-bit program, by the gate that 64-bit code can use as well. */
static int ioctl32(int fd, unsigned int number, const void *arg)
{
	long ret = 54;

	asm volatile("int $0x80" : "+a" (ret)
		     : "b" ((long)fd), "c" ((long)number), "d" (arg)
		     : "r8", "r9", "r10", "r11", "memory");
	errno_note(number, -ret);
	return ret;
}

TEST_F(abi, caller_of_32_bits)
{
	unsigned int nr;
	union any *a;

	ASSERT_LT(PTR(self->calls.m), 1UL << 32);
	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		a = call_fill(&self->calls, nr);
		EXPECT_EQ(call_result(nr), ioctl32(self->calls.fd, _IO(CAPMSG_IOC_MAGIC, nr), a))
			TH_LOG("command %u", nr);
		call_undo(&self->calls, nr, a);
		a = call_fill(&self->calls, nr);
		a->query.size--;
		EXPECT_EQ(-EINVAL, ioctl32(self->calls.fd, _IO(CAPMSG_IOC_MAGIC, nr), a));
		EXPECT_EQ(-EFAULT, ioctl32(self->calls.fd, _IO(CAPMSG_IOC_MAGIC, nr), NULL));
		EXPECT_EQ(-ENOTTY, ioctl32(self->calls.fd, _IOR(CAPMSG_IOC_MAGIC, nr, int), a));
	}
}

/* The fields have the same meaning and place. */
TEST_F(abi, message_of_32_bits)
{
	struct capmsg_recv *recv = &self->calls.m->arg.recv;
	struct capmsg_record *record = &self->calls.m->record;

	ASSERT_LE(0, post_any(self->calls.fd, PORT, REGION, 0, PAGE, 0, 0));
	strcpy(self->calls.m->data, "from thirty-two");
	call_fill(&self->calls, CAPMSG_CMD_SEND);
	ASSERT_EQ(0, ioctl32(self->calls.fd, CAPMSG_IOC_SEND, &self->calls.m->arg));
	call_fill(&self->calls, CAPMSG_CMD_RECV);
	memset(record, POISON, sizeof(*record));
	record->data = PTR(self->calls.m->entries);
	record->data_size = CAPMSG_INLINE_MAX;
	ASSERT_EQ(0, ioctl32(self->calls.fd, CAPMSG_IOC_RECV, &self->calls.m->arg));
	EXPECT_EQ(1, recv->out_n);
	EXPECT_EQ(sizeof(self->calls.m->data), record->out_length);
	EXPECT_EQ(CAPMSG_RECORD_INLINE, record->out_flags);
	EXPECT_STREQ("from thirty-two", (char *)self->calls.m->entries);
}
#endif

TEST_HARNESS_MAIN
