// SPDX-License-Identifier: GPL-2.0-only
/*
 * The struct of a command, out of the bytes of an operation: each byte chooses the
 * value of one field, in the order of fields.c.
 */
#include "fuzz.h"

/* Bytes from here on choose what makes no sense. */
#define ODD	250

/* The slots of each group, in every space. What scene.c makes is in the first ones. */
static const __u8 slots[G_COUNT][8] = {
	[G_ANY]		= { 1, 4, 8, 10, 12, 14, 17, 21 },
	[G_TABLE]	= { 1, 2, 3, 17, 1, 2, 18, 21 },
	[G_PORT]	= { 4, 6, 4, 5, 6, 7, 19, 22 },
	[G_REGION]	= { 8, 9, 8, 8, 9, 23, 8, 20 },
	[G_NOTE]	= { 10, 11, 10, 10, 11, 24, 10, 11 },
	[G_MESSAGE]	= { 12, 13, 12, 13, 12, 12, 25, 12 },
	[G_REVOKER]	= { 14, 15, 14, 15, 14, 14, 26, 15 },
	[G_WATCH]	= { 16, 27, 16, 16, 27, 27, 16, 28 },
	[G_VIRTUAL]	= { 17, 19, 17, 18, 19, 20, 17, 22 },
	[G_HANDLER]	= { 5, 5, 5, 5, 5, 5, 4, 22 },
	[G_REPLY]	= { 4, 29, 30, 4, 5, 29, 4, 30 },
	[G_COPY]	= { 21, 22, 23, 24, 25, 26, 27, 28 },
};

__u64 slot_of(enum group group, unsigned int choice)
{
	return SLOT(slots[group][choice % 8]);
}

/* Through a table, mostly a virtual one. */
static __u64 through(unsigned int choice)
{
	static const __u8 tables[4] = { 1, 17, 2, 17 };
	unsigned int index = choice >> 2 & 7;

	/* Real tables of the scene have 2^4 slots, virtual ones 2^8. */
	return tables[choice & 3] == 17 ? SLOT2(17, index) :
	       CAPMSG_ADDRESS((__u64)tables[choice & 3] << 4 | index, 12);
}

__u64 group_address(enum group group, unsigned int choice)
{
	if (choice < 184)
		return slot_of(group, choice);
	if (choice < 216)
		return through(choice);
	if (choice < 248)
		return SLOT(choice & 31);
	switch (choice) {
	case 248:
		return SLOT(200);
	case 249:
		return CAPMSG_ADDRESS(0x1111111111111111ULL, 60);
	case 250:
		return CAPMSG_ADDRESS(1, 4);
	case 251:
		return ~0ULL;
	default:
		return CAPMSG_ADDRESS_VOID;
	}
}

static __u64 length_of(unsigned int choice, bool small)
{
	static const __u64 lengths[16] = {
		0, 1, 8, 16, 32, 64, CAPMSG_INLINE_MAX - 1, CAPMSG_INLINE_MAX,
		CAPMSG_INLINE_MAX + 1, 512, 1000, PAGE, 2 * PAGE, 3 * PAGE,
		5 * PAGE + 7, 65537,
	};

	if (choice >= ODD)
		return choice == 255 ? ~0ULL : 1ULL << (choice - ODD) * 10;
	return lengths[choice % (small ? 13 : 16)];
}

static __u64 number_of(unsigned int choice)
{
	return choice < 64 ? 0 : choice < ODD ? 1ULL << choice % 8 : ~0ULL << (255 - choice);
}

static __u64 deadline_of(unsigned int choice)
{
	if (choice < 48)
		return 1;
	return choice < ODD ? now_ns() + choice * 20000ULL : 0;
}

/* What a handler may say; with the byte that chooses the payload. */
static void resolve(struct player *p, unsigned int choice)
{
	p->resolution = (struct capmsg_resolution){
		.size = choice == 100 ? 8 : sizeof(p->resolution),
		.flags = choice & 1, .result = 1 + choice / 2 % 5 };
	switch (p->resolution.result) {
	case CAPMSG_RESULT_SLOT:
		p->resolution.slot = choice / 10 % 8;
		p->resolution.n_slots = choice & 1 ? 0 : choice / 10 % 4;
		p->resolution.bits = choice % 3 ? 8 : choice % 9;
		break;
	case CAPMSG_RESULT_VALUE:
		p->resolution.bits = choice % 3 ? choice % 3 == 1 ? 8 : 0 : choice % 17;
		break;
	case CAPMSG_RESULT_ERROR:
		p->resolution.error = choice % 3 ? ENOENT : EACCES;
		break;
	}
}

static __u64 data_of(struct player *p, unsigned int choice, bool filling)
{
	if (choice == 255)
		return 0;
	if (choice >= ODD)
		return PTR(fuzz_payload) + PAGES * PAGE - (choice - ODD) * 100;
	/* What is filled in pieces is of one kind, so that what arrives is. */
	if (filling)
		return PTR(fuzz_payload);
	if (choice >= 160) {
		resolve(p, choice - 160);
		return PTR(&p->resolution);
	}
	return PTR(fuzz_payload) + choice % (PAGES - 2) * PAGE;
}

static __u64 buffer_of(struct player *p, unsigned int choice, unsigned int arg)
{
	if (choice >= ODD)
		return choice == 255 ? 0 : PTR(fuzz_payload) + PAGES * PAGE;
	if (arg == 1)	/* to be registered */
		return PTR(fuzz_region) + choice % (SPACES * 8) * PAGE;
	if (arg == 2 && choice < 64)	/* perhaps an offset */
		return choice % 4 * PAGE;
	return choice < 128 ? 0 + PTR(p->buffer) : PTR(p->buffer) + choice;
}

static __u64 items_of(struct player *p, unsigned int choice)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p->items); i++) {
		unsigned int seed = choice * 7 + i * 31;

		p->items[i] = (struct capmsg_item){
			.address = group_address(choice & 1 ? G_REPLY : G_ANY, seed % 256),
			.rights = seed % 5 ? CAPMSG_RIGHTS_ALL : seed & 0x7f,
			.flags = choice & 1 && !i,
		};
	}
	return choice >= ODD ? 0 : PTR(p->items);
}

static __u64 records_of(struct player *p, unsigned int choice)
{
	unsigned int i;

	for (i = 0; i < RECORDS; i++)
		p->records[i] = (struct capmsg_record){ .data = PTR(p->inline_data[i]),
			.data_size = choice % 16 ? CAPMSG_INLINE_MAX : choice };
	if (choice >= ODD)
		return choice % 2 * PTR(fuzz_payload + PAGES * PAGE - 40);
	return PTR(p->records);
}

static __u64 reposts_of(struct player *p, unsigned int choice)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p->reposts); i++)
		p->reposts[i] = (choice >> i) & 3;
	return choice >= ODD ? 0 : PTR(p->reposts);
}

static __u64 last_of(struct player *p, const struct op *op)
{
	return atomic_load(&p->shared->last[op->space % SPACES]);
}

static __u64 file_of(unsigned int choice, const struct op *op)
{
	if (choice < ODD)
		return atomic_load(&fuzz_files[choice % FILES]);
	if (choice == 254)
		return atomic_load(&fuzz_spaces[op->space % SPACES]);
	return choice == 255 ? -1 : 0;
}

/* Pointers, and what is there. */
static __u64 memory_of(struct player *p, const struct field *f, unsigned int choice)
{
	switch (f->kind) {
	case K_DATA:
		return data_of(p, choice, f->arg);
	case K_BUFFER:
		return buffer_of(p, choice, f->arg);
	case K_ITEMS:
		return items_of(p, choice);
	case K_RECORDS:
		return records_of(p, choice);
	case K_REPOSTS:
		return reposts_of(p, choice);
	default: /* K_ENTRIES */
		return choice >= ODD ? 0 : PTR(p->entries);
	}
}

static __u64 value_of(struct player *p, const struct op *op, const struct field *f,
		      unsigned int choice)
{
	switch (f->kind) {
	case K_FLAGS:
		return choice < 100 ? 0 : choice < ODD ? choice & f->arg : 1U << (choice & 31);
	case K_ADDRESS:
		return group_address(f->arg, choice);
	case K_LANDING:
		return choice < 200 ? CAPMSG_ADDRESS(1 << 4 | choice % 16, 12) :
				      group_address(G_COPY, choice);
	case K_LENGTH:
		return length_of(choice, f->arg);
	case K_OFFSET:
		return choice >= ODD ? choice : choice % 5 * PAGE;
	case K_COUNT:
		return choice < ODD ? choice % (f->arg + 1) : choice == 255 ? ~0U : choice;
	case K_DEADLINE:
		return deadline_of(choice);
	case K_POST:
		if (f->arg || choice >= ODD)
			return choice < 128 ? CAPMSG_POST_ANY : choice & 3;
		return choice < 200 ? last_of(p, op) & 0xffffff : choice & 3;
	case K_SEQ:
		return choice < 230 ? last_of(p, op) >> 32 : choice;
	case K_RIGHTS:
		return choice < 160 ? CAPMSG_RIGHTS_ALL : choice & 0x7f;
	case K_BITS:
		return choice < ODD ? 4 + choice % 3 : choice - ODD;
	case K_NUMBER:
	case K_MICROSECONDS:
		return number_of(choice);
	case K_KIND:
		return choice < ODD ? CAPMSG_TYPE_CAPPAGE + choice % 8 : choice;
	case K_FILE:
		return file_of(choice, op);
	case K_ID:
		return choice < ODD ? atomic_load(&p->shared->upcall) : choice;
	case K_NONE:
	case K_EVENTFD:
		return 0;
	default:
		return memory_of(p, f, choice);
	}
}

/* Fields that must be zero beside others are, mostly: chance alone would not have it so. */
static void agree_slot(union any *a, unsigned int nr, __u64 port)
{
	switch (nr) {
	case CAPMSG_CMD_COPY:
		if (!(a->copy.flags & CAPMSG_COPY_BADGE))
			a->copy.badge = 0;
		if (!(a->copy.flags & CAPMSG_COPY_GUARD)) {
			a->copy.guard = 0;
			a->copy.guard_bits = 0;
		}
		a->copy.guard &= (1ULL << (a->copy.guard_bits & 63)) - 1;
		if (!(a->copy.flags & CAPMSG_COPY_SUBPAGE)) {
			a->copy.subpage = 0;
			a->copy.subpage_bits = 0;
		}
		break;
	case CAPMSG_CMD_MOVE:
		if (!(a->move.flags & CAPMSG_MOVE_POST)) {
			a->move.post = 0;
			a->move.seq = 0;
		} else {
			a->move.from = port;
		}
		break;
	case CAPMSG_CMD_CLEAR:
		if (!(a->clear.flags & CAPMSG_CLEAR_POST)) {
			a->clear.post = 0;
			a->clear.seq = 0;
		} else {
			a->clear.slot = port;
		}
		break;
	case CAPMSG_CMD_LIST:
		a->list.n = a->list.n ?: 1;
		break;
	case CAPMSG_CMD_LIMITS:
		if (!a->limits.port)
			a->limits.n_holders = 0;
		break;
	case CAPMSG_CMD_UPCALLS:
		a->upcalls.n = a->upcalls.n ?: 1;
		break;
	}
}

static void agree_object(union any *a, unsigned int nr)
{
	switch (nr) {
	case CAPMSG_CMD_CREATE_CAPPAGE:
		/* A keeper is the exception. */
		if (a->create_cappage.bits != 5)
			a->create_cappage.keeper = 0;
		break;
	case CAPMSG_CMD_CREATE_PORT:
		a->create_port.depth = a->create_port.depth ?: 1;
		if (!a->create_port.arrival_bits && !a->create_port.no_senders_bits)
			a->create_port.notification = 0;
		break;
	case CAPMSG_CMD_CREATE_MESSAGE:
		if (!a->create_message.bits)
			a->create_message.notification = 0;
		break;
	case CAPMSG_CMD_CREATE_NOTIFICATION:
		a->create_notification.flags &= ~CAPMSG_NOTIFICATION_EVENTFD;
		break;
	case CAPMSG_CMD_CREATE_VIRTUAL:
		if (a->create_virtual.kind != CAPMSG_TYPE_CAPPAGE)
			a->create_virtual.bits = 0;
		break;
	case CAPMSG_CMD_WATCH:
		a->watch.bits = a->watch.bits ?: 4;
		break;
	case CAPMSG_CMD_SIGNAL:
		a->signal.bits = a->signal.bits ?: 1;
		break;
	case CAPMSG_CMD_WAIT:
		a->wait.mask = a->wait.mask ?: 0xff;
		break;
	}
}

static void agree_message(union any *a, unsigned int nr)
{
	switch (nr) {
	case CAPMSG_CMD_POST:
		if (!a->post.region || !a->post.length) {
			a->post.region = 0;
			a->post.offset = 0;
			a->post.length = 0;
		}
		if (!a->post.max_caps)
			a->post.landing = 0;
		break;
	case CAPMSG_CMD_RECV:
		a->recv.n_records = a->recv.n_records ?: 1;
		if (!a->recv.plain_size || a->recv.n_records != 1) {
			a->recv.plain = 0;
			a->recv.plain_size = 0;
			a->recv.max_caps = 0;
		}
		if (!a->recv.max_caps)
			a->recv.landing = 0;
		break;
	case CAPMSG_CMD_CALL:
		if (!(a->call.flags & CAPMSG_CALL_REGION))
			a->call.reply_region = 0;
		if (!a->call.reply_max_caps)
			a->call.reply_landing = 0;
		break;
	case CAPMSG_CMD_BEGIN:
		if (a->begin.flags & CAPMSG_MESSAGE_QUEUE)
			a->begin.deadline = 0;
		break;
	case CAPMSG_CMD_TRANSMIT:
		if (a->transmit.flags & CAPMSG_MESSAGE_QUEUE)
			a->transmit.deadline = 0;
		break;
	}
}

/* An answer goes to the last call that was received, if there is one. */
static void agree_answer(union any *a, unsigned int nr, __u64 port)
{
	switch (nr) {
	case CAPMSG_CMD_REPLY:
		if (port && !a->reply.flags) {
			a->reply.flags |= CAPMSG_REPLY_POST;
			a->reply.to = port;
		}
		if (!(a->reply.flags & CAPMSG_REPLY_POST)) {
			a->reply.post = 0;
			a->reply.seq = 0;
		}
		break;
	case CAPMSG_CMD_REPLY_RECV:
		a->reply_recv.n_records = a->reply_recv.n_records ?: 1;
		if (a->reply_recv.flags & CAPMSG_REPLY_NONE)
			break;
		if (port) {
			a->reply_recv.flags |= CAPMSG_REPLY_POST;
			a->reply_recv.to = port;
		}
		if (!(a->reply_recv.flags & CAPMSG_REPLY_POST)) {
			a->reply_recv.post = 0;
			a->reply_recv.seq = 0;
		}
		break;
	}
}

void op_build(struct player *p, const struct op *op)
{
	__u64 port = atomic_load(&p->shared->last_port[op->space % SPACES]);
	const struct command *command = &fuzz_commands[op->nr];
	unsigned int i;

	memset(p->arg.bytes, 0, capmsg_size(op->nr));
	p->arg.query.size = capmsg_size(op->nr);
	for (i = 0; i < command->n; i++) {
		const struct field *f = &command->fields[i];
		__u64 value = value_of(p, op, f, op->bytes[i]);

		memcpy(p->arg.bytes + f->offset, &value, f->width);
	}
	if (op_is_wild(op))
		return;
	agree_slot(&p->arg, op->nr, port);
	agree_object(&p->arg, op->nr);
	agree_message(&p->arg, op->nr);
	agree_answer(&p->arg, op->nr, port);
}
