// SPDX-License-Identifier: GPL-2.0-only
/*
 * abi_test.c - the command format: struct sizes and tails, pointers, reserved
 * fields, flags, command numbers, spaces that are not set up, 32-bit callers.
 *
 * One row per command says how to make a call that is in order; every test
 * spoils one thing of it. capmsg_do() proves that no failure writes outputs.
 */
#include "kselftest_harness.h"
#include "capmsg_util.h"

#define PORT	SLOT(1)		/* its posts are idle: a short message waits */
#define REGION	SLOT(2)
#define TARGET	SLOT(4)		/* void */
#define SPARE	SLOT(5)		/* a copy of the port */
#define NOTHING	SLOT(7)		/* void */
#define KERNEL_POINTER	0xffff888000000000UL

union any {
	char bytes[8192];
	struct capmsg_query query;
	struct capmsg_create_cappage create_cappage;
	struct capmsg_create_port create_port;
	struct capmsg_register reg;
	struct capmsg_unregister unregister;
	struct capmsg_copy copy;
	struct capmsg_move move;
	struct capmsg_clear clear;
	struct capmsg_stat stat;
	struct capmsg_list list;
	struct capmsg_destroy destroy;
	struct capmsg_post post;
	struct capmsg_unpost unpost;
	struct capmsg_send send;
	struct capmsg_recv recv;
	struct capmsg_call call;
	struct capmsg_reply reply;
	struct capmsg_reply_recv reply_recv;
	struct capmsg_export export;
	struct capmsg_import import;
};

/* Below 4 GiB, for callers of 32 bits. */
struct memory {
	union any arg;
	char data[64];
	struct capmsg_record record;
	struct capmsg_list_entry entries[16];
	char region[2 * PAGE] __attribute__((aligned(PAGE)));
};

FIXTURE(abi) {
	int fd;
	int file;
	int kmsg;
	struct memory *m;
};

FIXTURE_SETUP(abi)
{
	self->kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->kmsg);
	ASSERT_LE(0, lseek(self->kmsg, 0, SEEK_END));
	self->m = mmap(NULL, sizeof(*self->m), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	ASSERT_NE(MAP_FAILED, self->m);
	self->fd = space_new();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, do_create_port(self->fd, &(struct capmsg_create_port){
		.to = PORT, .flags = CAPMSG_PORT_NO_SHORT, .depth = 4, .max_caps = 4 }));
	ASSERT_EQ(0, region_create(self->fd, REGION, self->m->region, PAGE));
	ASSERT_EQ(0, cap_copy(self->fd, PORT, SPARE, CAPMSG_RIGHTS_ALL));
	self->file = cap_export(self->fd, PORT, CAPMSG_RIGHTS_ALL);
	ASSERT_LE(0, self->file);
}

/* What the kernel has said of us since @kmsg was opened. */
static bool log_speaks(int kmsg, char *text, size_t size)
{
	ssize_t n;

	while ((n = read(kmsg, text, size - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		text[n] = 0;
		if (strstr(text, "capmsg") && !strstr(text, "capmsg-vm:"))
			return true;
	}
	return false;
}

FIXTURE_TEARDOWN(abi)
{
	char text[1024];

	EXPECT_FALSE(log_speaks(self->kmsg, text, sizeof(text)))
		TH_LOG("the kernel said: %s", text);
	CAPMSG_TEARDOWN();
}

/* --- a call of each command that is in order ------------------------------- */

static void fill_struct(FIXTURE_DATA(abi) *self, unsigned int nr, union any *a)
{
	const struct memory *m = self->m;

	switch (nr) {
	case CAPMSG_CMD_CREATE_CAPPAGE:
		a->create_cappage.to = TARGET;
		break;
	case CAPMSG_CMD_CREATE_PORT:
		a->create_port.to = TARGET;
		a->create_port.depth = 1;
		break;
	case CAPMSG_CMD_REGISTER:
		a->reg.to = TARGET;
		a->reg.address = PTR(m->region) + PAGE;
		a->reg.length = PAGE;
		break;
	case CAPMSG_CMD_UNREGISTER:
		a->unregister.region = NOTHING;
		break;
	case CAPMSG_CMD_COPY:
		a->copy.from = PORT;
		a->copy.to = TARGET;
		a->copy.rights = CAPMSG_RIGHTS_ALL;
		break;
	case CAPMSG_CMD_MOVE:
		a->move.from = SPARE;
		a->move.to = TARGET;
		break;
	case CAPMSG_CMD_CLEAR:
		a->clear.slot = TARGET;
		break;
	case CAPMSG_CMD_STAT:
		a->stat.address = PORT;
		break;
	case CAPMSG_CMD_LIST:
		a->list.entries = PTR(m->entries);
		a->list.n = 16;
		break;
	case CAPMSG_CMD_DESTROY:
		a->destroy.address = NOTHING;
		break;
	case CAPMSG_CMD_POST:
		a->post.port = PORT;
		a->post.region = REGION;
		a->post.length = PAGE;
		a->post.post = CAPMSG_POST_ANY;
		break;
	case CAPMSG_CMD_UNPOST:
		a->unpost.port = PORT;
		break;
	}
}

/* The commands that carry messages, which find no post and no message; files. */
static void fill_message(FIXTURE_DATA(abi) *self, unsigned int nr, union any *a)
{
	const struct memory *m = self->m;

	switch (nr) {
	case CAPMSG_CMD_SEND:
		a->send = (struct capmsg_send){ .flags = CAPMSG_NONBLOCK, .to = PORT,
			.data = PTR(m->data), .length = sizeof(m->data) };
		break;
	case CAPMSG_CMD_RECV:
		a->recv = (struct capmsg_recv){ .flags = CAPMSG_NONBLOCK, .port = PORT,
			.records = PTR(&m->record), .n_records = 1 };
		break;
	case CAPMSG_CMD_CALL:
		a->call = (struct capmsg_call){ .flags = CAPMSG_NONBLOCK, .to = PORT,
			.data = PTR(m->data), .length = sizeof(m->data),
			.reply_data = PTR(m->data), .reply_size = sizeof(m->data) };
		break;
	case CAPMSG_CMD_REPLY:
		a->reply = (struct capmsg_reply){ .flags = CAPMSG_REPLY_POST, .to = PORT };
		break;
	case CAPMSG_CMD_REPLY_RECV:
		a->reply_recv = (struct capmsg_reply_recv){
			.flags = CAPMSG_REPLY_POST | CAPMSG_NONBLOCK, .to = PORT,
			.port = PORT, .records = PTR(&m->record), .n_records = 1 };
		break;
	case CAPMSG_CMD_EXPORT:
		a->export.from = PORT;
		a->export.rights = CAPMSG_RIGHTS_ALL;
		break;
	case CAPMSG_CMD_IMPORT:
		a->import.to = TARGET;
		a->import.fd = self->file;
		break;
	}
}

static union any *fill(FIXTURE_DATA(abi) *self, unsigned int nr)
{
	union any *a = &self->m->arg;

	memset(a, 0, sizeof(*a));
	fill_struct(self, nr, a);
	fill_message(self, nr, a);
	a->query.size = capmsg_size(nr);
	return a;
}

/* What that call returns, every time. */
static int result_of(unsigned int nr)
{
	switch (nr) {
	case CAPMSG_CMD_SETUP:
		return -EBUSY;
	case CAPMSG_CMD_UNREGISTER:
	case CAPMSG_CMD_DESTROY:
	case CAPMSG_CMD_REPLY:
	case CAPMSG_CMD_REPLY_RECV:
		return -ENOENT;
	case CAPMSG_CMD_SEND:
	case CAPMSG_CMD_RECV:
	case CAPMSG_CMD_CALL:
		return -EAGAIN;
	default:
		return 0;
	}
}

static void undo(FIXTURE_DATA(abi) *self, unsigned int nr, union any *a)
{
	switch (nr) {
	case CAPMSG_CMD_CREATE_CAPPAGE:
	case CAPMSG_CMD_CREATE_PORT:
	case CAPMSG_CMD_REGISTER:
		obj_destroy(self->fd, TARGET);
		break;
	case CAPMSG_CMD_COPY:
	case CAPMSG_CMD_IMPORT:
		cap_clear(self->fd, TARGET);
		break;
	case CAPMSG_CMD_MOVE:
		cap_move(self->fd, TARGET, SPARE);
		break;
	case CAPMSG_CMD_POST:
		post_take(self->fd, PORT, a->post.out_post);
		break;
	case CAPMSG_CMD_EXPORT:
		close(a->export.out_fd);
		break;
	}
}

/* Everything that a call could have changed, as one number. */
static __u64 state_of(FIXTURE_DATA(abi) *self)
{
	struct capmsg_query query = { .flags = 0 };
	struct capmsg_stat stat;
	__u64 state = 0;
	int i;

	do_query(self->fd, &query);
	cap_stat(self->fd, PORT, &stat);
	for (i = 0; i < 8; i++)
		state = state * 31 + query.out_total_live[i];
	state = state * 31 + query.out_total_exports;
	state = state * 31 + query.out_total_pinned;
	state = state * 31 + query.out_total_tombstones;
	state = state * 31 + stat.out_posted * 16 + stat.out_idle * 4 + stat.out_filled;
	state = state * 31 + (cap_type(self->fd, TARGET) + 1000);
	return state * 31 + (cap_type(self->fd, SPARE) + 1000);
}

/* --- tests ----------------------------------------------------------------- */

TEST_F(abi, in_order)
{
	unsigned int nr;
	union any *a;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		a = fill(self, nr);
		EXPECT_EQ(result_of(nr), capmsg_do(self->fd, nr, a))
			TH_LOG("command %u", nr);
		undo(self, nr, a);
	}
}

TEST_F(abi, size_too_small)
{
	const __u64 state = state_of(self);
	unsigned int nr, i;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		const unsigned int sizes[] = { 0, 1, 4, capmsg_size(nr) - 1 };

		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			union any *a = fill(self, nr);

			a->query.size = sizes[i];
			EXPECT_EQ(-EINVAL, capmsg_do(self->fd, nr, a))
				TH_LOG("command %u, size %u", nr, sizes[i]);
		}
	}
	EXPECT_EQ(state, state_of(self));
}

TEST_F(abi, tail_zero)
{
	unsigned int nr, i;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		const unsigned int sizes[] = { capmsg_size(nr) + 1, capmsg_size(nr) + 8, 4096 };

		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			union any *a = fill(self, nr);

			a->query.size = sizes[i];
			EXPECT_EQ(result_of(nr), capmsg_do(self->fd, nr, a))
				TH_LOG("command %u, size %u", nr, sizes[i]);
			undo(self, nr, a);
		}
	}
}

TEST_F(abi, tail_not_zero)
{
	const __u64 state = state_of(self);
	unsigned int nr;
	union any *a;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		const unsigned int size = capmsg_size(nr);

		a = fill(self, nr);
		a->query.size = size + 1;
		a->bytes[size] = 1;
		EXPECT_EQ(-E2BIG, capmsg_do(self->fd, nr, a));
		a = fill(self, nr);
		a->query.size = 4096;
		a->bytes[4095] = (char)0x80;
		EXPECT_EQ(-E2BIG, capmsg_do(self->fd, nr, a));
	}
	EXPECT_EQ(state, state_of(self));
}

TEST_F(abi, size_over_a_page)
{
	const unsigned int sizes[] = { 4097, 8192, 0x80000000, 0xffffffff };
	unsigned int nr, i;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			union any *a = fill(self, nr);

			a->query.size = sizes[i];
			EXPECT_EQ(-E2BIG, capmsg_do(self->fd, nr, a))
				TH_LOG("command %u, size %u", nr, sizes[i]);
		}
	}
}

TEST_F(abi, pointer_bad)
{
	const __u64 state = state_of(self);
	char *hole = memory_new(2 * PAGE, true);
	unsigned int nr, i;

	ASSERT_NE(NULL, hole);
	ASSERT_EQ(0, munmap(hole + PAGE, PAGE));
	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		const unsigned long pointers[] = {
			0, 8, KERNEL_POINTER, 1UL << 63, -PAGE, -4UL, (1UL << 47) - 4,
			PTR(hole) + PAGE, PTR(hole) + PAGE - 2,
			PTR(hole) + PAGE - capmsg_size(nr) + 1,
		};

		for (i = 0; i < ARRAY_SIZE(pointers); i++) {
			/* The last one has all but the last byte. */
			memcpy(hole + PAGE - capmsg_size(nr) + 1, fill(self, nr),
			       capmsg_size(nr) - 1);
			errno = 0;
			ioctl(self->fd, _IO(CAPMSG_IOC_MAGIC, nr), pointers[i]);
			EXPECT_EQ(EFAULT, errno)
				TH_LOG("command %u, pointer %lx", nr, pointers[i]);
		}
	}
	EXPECT_EQ(state, state_of(self));
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

			memcpy(a, fill(self, nr), capmsg_size(nr));
			EXPECT_EQ(result_of(nr), capmsg_do(self->fd, nr, a))
				TH_LOG("command %u, offset %u", nr, offsets[i]);
			undo(self, nr, a);
		}
	}
}

TEST_F(abi, outputs_read_only)
{
	static const unsigned int with_outputs[] = { CAPMSG_CMD_QUERY, CAPMSG_CMD_STAT,
		CAPMSG_CMD_LIST, CAPMSG_CMD_POST, CAPMSG_CMD_EXPORT };
	const __u64 state = state_of(self);
	char *memory = memory_new(PAGE, true);
	unsigned int i;

	ASSERT_NE(NULL, memory);
	for (i = 0; i < ARRAY_SIZE(with_outputs); i++) {
		const unsigned int nr = with_outputs[i];

		ASSERT_EQ(0, mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
		memcpy(memory, fill(self, nr), capmsg_size(nr));
		ASSERT_EQ(0, mprotect(memory, PAGE, PROT_READ));
		errno = 0;
		ioctl(self->fd, _IO(CAPMSG_IOC_MAGIC, nr), memory);
		EXPECT_EQ(EFAULT, errno)
			TH_LOG("command %u", nr);
		EXPECT_EQ(state, state_of(self))
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
		RESERVED(create_port, CREATE_PORT), RESERVED(post, POST),
		RESERVED(unpost, UNPOST), RESERVED(import, IMPORT),
	};
	const __u64 state = state_of(self);
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		for (bit = 0; bit < 32; bit++) {
			union any *a = fill(self, fields[i].nr);

			a->bytes[fields[i].offset + bit / 8] = 1 << bit % 8;
			EXPECT_EQ(-EINVAL, capmsg_do(self->fd, fields[i].nr, a))
				TH_LOG("command %u, bit %u", fields[i].nr, bit);
		}
	}
	EXPECT_EQ(state, state_of(self));
}

static unsigned int known_flags(unsigned int nr)
{
	switch (nr) {
	case CAPMSG_CMD_CREATE_PORT:
	case CAPMSG_CMD_MOVE:
	case CAPMSG_CMD_CLEAR:
	case CAPMSG_CMD_SEND:
	case CAPMSG_CMD_RECV:
		return 0x1;
	case CAPMSG_CMD_COPY:
		return 0xf;
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

TEST_F(abi, unknown_flags)
{
	const __u64 state = state_of(self);
	unsigned int nr, bit;

	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		for (bit = 0; bit < 32; bit++) {
			union any *a = fill(self, nr);

			if (known_flags(nr) & 1U << bit)
				continue;
			a->query.flags |= 1U << bit;
			EXPECT_EQ(-EOPNOTSUPP, capmsg_do(self->fd, nr, a))
				TH_LOG("command %u, flag %x", nr, 1U << bit);
		}
	}
	EXPECT_EQ(state, state_of(self));
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
		ioctl(self->fd, numbers[i], fill(self, CAPMSG_CMD_QUERY));
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
			ioctl(self->fd, with_bits[i], fill(self, nr));
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
		if (nr == CAPMSG_CMD_QUERY || nr == CAPMSG_CMD_SETUP)
			continue;
		EXPECT_EQ(-ENOENT, capmsg_do(fd, nr, fill(self, nr)))
			TH_LOG("command %u", nr);
	}
	ASSERT_EQ(0, do_query(fd, &query));
	EXPECT_EQ(0, query.out_frames);
	EXPECT_EQ(0, query.out_root_bits);
	EXPECT_EQ(0, close(fd));
}

/* The ioctl of a 32-bit program, by the gate that 64-bit code can use as well. */
static int ioctl32(int fd, unsigned int number, const void *arg)
{
	long ret = 54;

	asm volatile("int $0x80" : "+a" (ret)
		     : "b" ((long)fd), "c" ((long)number), "d" (arg)
		     : "r8", "r9", "r10", "r11", "memory");
	return ret;
}

TEST_F(abi, caller_of_32_bits)
{
	unsigned int nr;
	union any *a;

	ASSERT_LT(PTR(self->m), 1UL << 32);
	for (nr = 0; nr < CAPMSG_CMD_COUNT; nr++) {
		a = fill(self, nr);
		EXPECT_EQ(result_of(nr), ioctl32(self->fd, _IO(CAPMSG_IOC_MAGIC, nr), a))
			TH_LOG("command %u", nr);
		undo(self, nr, a);
		a = fill(self, nr);
		a->query.size--;
		EXPECT_EQ(-EINVAL, ioctl32(self->fd, _IO(CAPMSG_IOC_MAGIC, nr), a));
		EXPECT_EQ(-EFAULT, ioctl32(self->fd, _IO(CAPMSG_IOC_MAGIC, nr), NULL));
		EXPECT_EQ(-ENOTTY, ioctl32(self->fd, _IOR(CAPMSG_IOC_MAGIC, nr, int), a));
	}
}

/* The fields have the same meaning and place. */
TEST_F(abi, message_of_32_bits)
{
	struct capmsg_recv *recv = &self->m->arg.recv;
	struct capmsg_record *record = &self->m->record;

	ASSERT_LE(0, post_any(self->fd, PORT, REGION, 0, PAGE, 0, 0));
	strcpy(self->m->data, "from thirty-two");
	fill(self, CAPMSG_CMD_SEND);
	ASSERT_EQ(0, ioctl32(self->fd, CAPMSG_IOC_SEND, &self->m->arg));
	fill(self, CAPMSG_CMD_RECV);
	memset(record, POISON, sizeof(*record));
	record->data = PTR(self->m->entries);
	record->data_size = CAPMSG_INLINE_MAX;
	ASSERT_EQ(0, ioctl32(self->fd, CAPMSG_IOC_RECV, &self->m->arg));
	EXPECT_EQ(1, recv->out_n);
	EXPECT_EQ(sizeof(self->m->data), record->out_length);
	EXPECT_EQ(CAPMSG_RECORD_INLINE, record->out_flags);
	EXPECT_STREQ("from thirty-two", (char *)self->m->entries);
}

TEST_HARNESS_MAIN
