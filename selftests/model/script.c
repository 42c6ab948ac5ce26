// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations as a script for `capctl run`. Numbers of posts and of messages are
 * those that the model has come to; what has to fail has the errno before it. The
 * last line is where module and model part.
 */
#include <capmsg.h>

#include "run.h"

/* --- parts of a line ------------------------------------------------------ */

static void put_address(FILE *out, const char *option, __u64 address)
{
	char text[CAPMSG_ADDRESS_TEXT];

	capmsg_address_format(address, text, sizeof(text));
	fprintf(out, "%s %s", option, text);
}

static void put_rights(FILE *out, const char *before, __u32 rights)
{
	char text[CAPMSG_RIGHTS_TEXT];

	capmsg_rights_format(rights, text, sizeof(text));
	if (rights != CAPMSG_RIGHTS_ALL)
		fprintf(out, "%s%s", before, text);
}

static void put_payload(FILE *out, const struct op *op)
{
	static __thread char bytes[LENGTH_MAX];
	__u32 pieces = op->pieces ?: 1, part = op->length / pieces, at = 0, i, n;

	payload_fill(bytes, op->length, op->seed);
	for (i = 0; i < pieces && (op->length || op->pieces); i++, at += n) {
		n = i + 1 == pieces ? op->length - at : part;
		fprintf(out, " '%.*s'", (int)n, bytes + at);
	}
	for (i = 0; i < op_n_items(op); i++) {
		bool move = op->items[i].flags & CAPMSG_ITEM_MOVE;

		put_address(out, move ? " --move" : " --cap", op->items[i].address);
		put_rights(out, ":", op->items[i].rights);
	}
}

static void put_waiting(FILE *out, __u32 flags, __u64 deadline)
{
	if (flags & CAPMSG_NONBLOCK)
		fprintf(out, " --nowait");
	else if (deadline)
		fprintf(out, " --timeout 1ns");
}

static void put_call(FILE *out, bool by_post, __u32 post, __u32 seq)
{
	if (by_post)
		fprintf(out, " --post %u --seq %u", post, seq);
}

static void put_landing(FILE *out, __u64 landing, __u32 n)
{
	if (!landing && !n)
		return;
	put_address(out, " --landing", landing);
	fprintf(out, " --caps %u", n);
}

static void put_reposts(FILE *out, const struct op *op, __u32 n)
{
	__u32 i;

	for (i = 0; i < n; i++)
		fprintf(out, " --repost %u", op->reposts[i]);
}

/* --- lines ---------------------------------------------------------------- */

static void line_copy(FILE *out, const struct capmsg_copy *arg)
{
	put_address(out, "cap copy", arg->from);
	put_address(out, "", arg->to);
	put_rights(out, " --rights ", arg->rights);
	if (arg->flags & CAPMSG_COPY_BADGE)
		fprintf(out, " --badge %llu", arg->badge);
	if (arg->flags & CAPMSG_COPY_GUARD)
		fprintf(out, " --guard %llu/%u", arg->guard, arg->guard_bits);
	if (arg->flags & CAPMSG_COPY_SUBPAGE)
		fprintf(out, " --subpage %u/%u", arg->subpage, arg->subpage_bits);
	if (arg->flags & CAPMSG_COPY_WEAK)
		fprintf(out, " --weak");
}

static void line_post(FILE *out, const struct capmsg_post *arg)
{
	put_address(out, "port post", arg->port);
	if (arg->region) {
		put_address(out, " --region", arg->region);
		fprintf(out, " --offset %llu --length %llu", arg->offset, arg->length);
	}
	put_landing(out, arg->landing, arg->max_caps);
	fprintf(out, " --cookie %llu", arg->cookie);
	if (arg->post != CAPMSG_POST_ANY)
		fprintf(out, " --post %u", arg->post);
}

static void line_port(FILE *out, const struct capmsg_create_port *arg)
{
	put_address(out, "port create", arg->to);
	fprintf(out, " --depth %u --max-caps %u", arg->depth, arg->max_caps);
	if (arg->max_size)
		fprintf(out, " --max-size %llu", arg->max_size);
	if (arg->steal_delay_us)
		fprintf(out, " --steal-delay %u", arg->steal_delay_us);
	if (arg->flags & CAPMSG_PORT_NO_SHORT)
		fprintf(out, " --no-short");
	if (arg->flags & CAPMSG_PORT_NO_SHARES)
		fprintf(out, " --no-shares");
}

static void line_recv(FILE *out, const struct op *op)
{
	const struct capmsg_recv *arg = &op->a.recv;

	put_address(out, "recv", arg->port);
	if (arg->plain_size)
		fprintf(out, " --size %llu", arg->plain_size);
	put_landing(out, arg->landing, arg->max_caps);
	if (arg->n_records != 1)
		fprintf(out, " --batch %u", arg->n_records);
	put_reposts(out, op, arg->n_reposts);
	put_waiting(out, arg->flags, arg->deadline);
}

static void line_call(FILE *out, const struct op *op)
{
	const struct capmsg_call *arg = &op->a.call;

	put_address(out, "call", arg->to);
	put_payload(out, op);
	fprintf(out, " --size %llu", arg->reply_size);
	if (arg->flags & CAPMSG_CALL_REGION)
		fprintf(out, " --region");
	put_landing(out, arg->reply_landing, arg->reply_max_caps);
	put_waiting(out, arg->flags, arg->deadline);
}

static void line_answer(FILE *out, const struct op *op)
{
	const struct capmsg_reply_recv *arg = &op->a.reply_recv;

	if (op->nr == CAPMSG_CMD_REPLY) {
		put_address(out, "reply", op->a.reply.to);
		put_call(out, op->a.reply.flags & CAPMSG_REPLY_POST, op->a.reply.post,
			 op->a.reply.seq);
		put_payload(out, op);
		return;
	}
	put_address(out, "reply", arg->to);
	put_call(out, arg->flags & CAPMSG_REPLY_POST, arg->post, arg->seq);
	put_payload(out, op);
	fprintf(out, " --recv");
	put_reposts(out, op, arg->n_reposts);
	put_waiting(out, arg->flags, arg->deadline);
}

static void line_message(FILE *out, const struct op *op)
{
	const union args *a = &op->a;

	switch (op->nr) {
	case CAPMSG_CMD_POST:
		line_post(out, &a->post);
		break;
	case CAPMSG_CMD_UNPOST:
		put_address(out, "port unpost", a->unpost.port);
		fprintf(out, " %u", a->unpost.post);
		break;
	case CAPMSG_CMD_SEND:
		put_address(out, "send", a->send.to);
		put_payload(out, op);
		put_waiting(out, a->send.flags, a->send.deadline);
		break;
	case CAPMSG_CMD_RECV:
		line_recv(out, op);
		break;
	case CAPMSG_CMD_CALL:
		line_call(out, op);
		break;
	default:
		line_answer(out, op);
	}
}

static void line_slot(FILE *out, const struct op *op, const int *fds)
{
	const union args *a = &op->a;

	switch (op->nr) {
	case CAPMSG_CMD_COPY:
		line_copy(out, &a->copy);
		break;
	case CAPMSG_CMD_MOVE:
		put_address(out, "cap move", a->move.from);
		put_address(out, "", a->move.to);
		put_call(out, a->move.flags & CAPMSG_MOVE_POST, a->move.post, a->move.seq);
		break;
	case CAPMSG_CMD_CLEAR:
		put_address(out, "cap clear", a->clear.slot);
		put_call(out, a->clear.flags & CAPMSG_CLEAR_POST, a->clear.post, a->clear.seq);
		break;
	case CAPMSG_CMD_STAT:
		put_address(out, "cap show", a->stat.address);
		break;
	case CAPMSG_CMD_LIST:
		put_address(out, "cap list", a->list.table);
		break;
	case CAPMSG_CMD_EXPORT:
		put_address(out, "cap export", a->export.from);
		put_rights(out, " --rights ", a->export.rights);
		break;
	case CAPMSG_CMD_IMPORT:
		put_address(out, "cap import", a->import.to);
		fprintf(out, " --fd %d", fds[op->export]);
		break;
	default:
		line_message(out, op);
	}
}

static void line(FILE *out, const struct op *op, const int *fds)
{
	const union args *a = &op->a;

	switch (op->nr) {
	case CAPMSG_CMD_QUERY:
		fprintf(out, "status");
		break;
	case CAPMSG_CMD_SETUP:
		fprintf(out, "space setup --frames %u --root-bits %u --plain-max %u",
			a->setup.frames, a->setup.root_bits, a->setup.plain_max);
		break;
	case CAPMSG_CMD_CREATE_CAPPAGE:
		put_address(out, "cappage create", a->create_cappage.to);
		fprintf(out, " --bits %u", a->create_cappage.bits);
		break;
	case CAPMSG_CMD_CREATE_PORT:
		line_port(out, &a->create_port);
		break;
	case CAPMSG_CMD_REGISTER:
		put_address(out, "region register", a->reg.to);
		fprintf(out, " %llu", a->reg.length);
		break;
	case CAPMSG_CMD_UNREGISTER:
		put_address(out, "region unregister", a->unregister.region);
		break;
	case CAPMSG_CMD_DESTROY:
		put_address(out, "cap destroy", a->destroy.address);
		break;
	default:
		line_slot(out, op, fds);
	}
}

/* --- the whole ------------------------------------------------------------ */

#define FIRST_FD	4	/* capctl's, behind that of the script */

struct script {
	FILE *out;
	unsigned int lines;
	int space;		/* the one that the script is in */
	int next_fd;
	int fds[EXPORTS];
	struct world world;
};

static const char *extra_text(__u8 nr)
{
	switch (nr) {
	case OP_CLOSE:
		return "space end";
	case OP_INTERRUPT:
		return "# a signal for who waits";
	default:
		return "# an exported file is closed";
	}
}

static void write_op(struct script *s, const struct op *recorded)
{
	struct capmsg_list_entry entries[ENTRIES_MAX];
	struct op op = *recorded;
	struct doing d;

	op_resolve(&s->world, &op);
	model_do(&d, &s->world, &op, entries);
	if (s->space != op.space && op.nr != OP_INTERRUPT && op.nr != OP_CLOSE_EXPORT) {
		fprintf(s->out, "space use %s\n", op.space ? "other" : "main");
		s->space = op.space;
		s->lines++;
	}
	if (op.nr == OP_OPEN) {
		s->next_fd++;
		return;
	}
	s->lines++;
	if (op.nr >= CAPMSG_CMD_COUNT) {
		fprintf(s->out, "%s\n", extra_text(op.nr));
		return;
	}
	if (op.fault)
		fprintf(s->out, "# with a struct that is malformed: ");
	else if (d.r.blocks)
		fprintf(s->out, "start ");
	else if (d.r.ret)
		fprintf(s->out, "expect %s ", errno_name(d.r.ret));
	line(s->out, &op, s->fds);
	fprintf(s->out, "\n");
	if (op.nr == CAPMSG_CMD_EXPORT && !d.r.ret && !op.fault)
		s->fds[op.export] = s->next_fd++;
}

static void write_look(struct script *s, const struct op *op)
{
	if (op->nr == CAPMSG_CMD_STAT || op->nr == CAPMSG_CMD_LIST || op->nr == CAPMSG_CMD_QUERY)
		write_op(s, op);
}

unsigned int script_write(struct run *run, FILE *out)
{
	struct script *s = calloc(1, sizeof(*s));
	unsigned int i, lines;
	const struct op *last = run->n ? &run->ops[run->n - 1] : NULL;

	if (!s)
		abort();
	s->out = out;
	s->next_fd = FIRST_FD;
	s->world.lie = run->world.lie;
	for (i = 0; i < run->n; i++)
		write_op(s, &run->ops[i]);
	/* What was found by looking, after all was done. */
	if (!last || memcmp(last, &run->culprit, sizeof(*last)))
		write_look(s, &run->culprit);
	fprintf(out, "# %s of %s: the module says %s, the model %s\n", run->mismatch.field,
		op_name(run->culprit.nr), run->mismatch.module, run->mismatch.model);
	lines = s->lines;
	free(s);
	return lines;
}
