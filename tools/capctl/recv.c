// SPDX-License-Identifier: GPL-2.0-only
/*
 * recv: short messages, or larger ones through a plain buffer, through a region
 * that is registered for this once, or through buffers that 'port post' gave.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capctl.h"

struct reception {
	uint64_t port;
	uint64_t size;
	uint64_t landing;
	uint64_t max_caps;
	uint64_t batch;
	void *plain;
	struct buffer *temporary;
	uint32_t reposts[CAPMSG_BATCH_MAX];
	uint32_t n_reposts;
	unsigned char bytes[CAPMSG_BATCH_MAX][CAPMSG_INLINE_MAX];
	struct capmsg_record records[CAPMSG_BATCH_MAX];
	uint32_t n;
};

static int take_reposts(struct context *ctx, struct invocation *inv,
			struct reception *r)
{
	for (size_t i = 0; i < inv->n_given; i++) {
		uint64_t post;
		int status;

		if (inv->given[i].key != OPT_REPOST)
			continue;
		if (r->n_reposts == ARRAY_SIZE(r->reposts))
			return usage(ctx, NULL, "too many --repost");
		status = arg_u64(ctx, inv->given[i].value, "--repost", UINT32_MAX, &post);
		if (status)
			return status;
		r->reposts[r->n_reposts++] = (uint32_t)post;
	}
	return STATUS_OK;
}

static int take_options(struct context *ctx, struct invocation *inv,
			struct reception *r)
{
	bool region = option(inv, OPT_REGION);
	int status = opt_size(ctx, inv, OPT_SIZE, &r->size);

	if (!status)
		status = opt_address(ctx, inv, OPT_LANDING, &r->landing);
	if (!status && r->landing)
		r->max_caps = 1;
	if (!status)
		status = opt_u64(ctx, inv, OPT_CAPS, UINT32_MAX, &r->max_caps);
	if (!status)
		status = opt_u64(ctx, inv, OPT_BATCH, CAPMSG_BATCH_MAX, &r->batch);
	if (!status)
		status = take_reposts(ctx, inv, r);
	if (status)
		return status;
	if (!r->size && (region || r->max_caps))
		r->size = 4096;
	if (!r->batch || (r->batch > 1 && r->size))
		return usage(ctx, "post buffers with 'port post' to receive many at once",
			     "--batch goes with short messages and posted buffers");
	if (region)
		return space_add_temporary(ctx, r->port, r->size, r->landing,
					   r->max_caps, &r->temporary);
	if (!r->size)
		return STATUS_OK;
	r->plain = malloc(r->size);
	return r->plain ? STATUS_OK :
			  fail_file(ctx, ENOMEM, "making room for the message");
}

static int receive(struct context *ctx, struct invocation *inv, struct reception *r)
{
	uint64_t deadline = 0;
	int status = opt_deadline(ctx, inv, &deadline), err;
	struct capmsg_recv recv = {
		.flags = option(inv, OPT_NOWAIT) ? CAPMSG_NONBLOCK : 0,
		.port = r->port,
		.records = (uintptr_t)r->records,
		.reposts = (uintptr_t)r->reposts,
		.deadline = deadline,
		.n_records = (uint32_t)r->batch,
		.n_reposts = r->n_reposts,
	};

	if (status)
		return status;
	for (size_t i = 0; i < r->batch; i++) {
		r->records[i].data = (uintptr_t)r->bytes[i];
		r->records[i].data_size = sizeof(r->bytes[i]);
	}
	if (r->plain) {
		recv.plain = (uintptr_t)r->plain;
		recv.plain_size = r->size;
		recv.landing = r->landing;
		recv.max_caps = (uint32_t)r->max_caps;
	}
	err = capmsg_recv(ctx->space.fd, &recv);
	r->n = recv.out_n;
	return err ? fail(ctx, err, NULL, "receiving from %s", inv->args[0]) : STATUS_OK;
}

static const void *message_data(struct context *ctx, struct reception *r, uint32_t i)
{
	const struct capmsg_record *record = &r->records[i];
	struct buffer *buffer = space_buffer(&ctx->space, record->out_cookie);

	if (record->out_flags & CAPMSG_RECORD_INLINE)
		return r->bytes[i];
	if (record->out_flags & CAPMSG_RECORD_PLAIN)
		return r->plain;
	return buffer ? buffer->memory : NULL;
}

static void doc_flags(struct json_object *doc, uint32_t flags)
{
	char text[64] = "";

	if (flags & CAPMSG_RECORD_REPLY)
		strcat(text, ",call");
	if (flags & CAPMSG_RECORD_INLINE)
		strcat(text, ",inline");
	if (flags & CAPMSG_RECORD_BADGED)
		strcat(text, ",badged");
	if (flags & CAPMSG_RECORD_PLAIN)
		strcat(text, ",plain");
	if (flags & CAPMSG_RECORD_UPCALL)
		strcat(text, ",upcall");
	doc_str(doc, "flags", *text ? text + 1 : "");
}

static void doc_record(struct context *ctx, struct json_object *doc,
		       struct reception *r, const struct capmsg_record *record)
{
	bool plain = record->out_flags & CAPMSG_RECORD_PLAIN;
	struct buffer *buffer = plain ? NULL : space_buffer(&ctx->space, record->out_cookie);
	uint64_t landing = plain ? r->landing : buffer ? buffer->landing : 0;

	doc_u64(doc, "length", record->out_length);
	doc_flags(doc, record->out_flags);
	doc_u64(doc, "badge", record->out_badge);
	doc_u64(doc, "caps", record->out_n_caps);
	if (record->out_n_caps && landing)
		doc_address(doc, "landing", landing);
	if (!plain) {
		doc_u64(doc, "post", record->out_post);
		doc_u64(doc, "seq", record->out_seq);
		doc_u64(doc, "cookie", buffer ? buffer->cookie : 0);
	}
	if (record->out_error)
		doc_str(doc, "error", strerrorname_np((int)record->out_error));
}

static int print_message(struct context *ctx, struct invocation *inv,
			 struct reception *r, uint32_t i)
{
	const struct capmsg_record *record = &r->records[i];
	const void *data = message_data(ctx, r, i);
	struct json_object *doc = doc_add(ctx->doc, "messages");
	const char *file = option(inv, OPT_OUT);
	int status = STATUS_OK;

	doc_record(ctx, doc, r, record);
	if (record->out_error)
		return STATUS_PARTIAL;
	if (!data && record->out_length)
		return fail(ctx, -ENOENT, "the region that it was posted from is gone",
			    "finding the bytes of the message");
	if (file) {
		status = payload_write(ctx, file, data, record->out_length);
		doc_str(doc, "file", file);
	} else {
		doc_bytes(doc, data, record->out_length);
	}
	return status;
}

/* Answers a call: --reply DATA, or what --reply-cmd makes of the request. */
static int answer(struct context *ctx, struct invocation *inv, struct reception *r,
		  uint32_t i)
{
	const struct capmsg_record *record = &r->records[i];
	const char *text = option(inv, OPT_REPLY), *command = option(inv, OPT_REPLY_CMD);
	struct capmsg_reply reply = { .flags = CAPMSG_REPLY_POST, .to = r->port };
	struct payload payload;
	int status, err;

	if (!(record->out_flags & CAPMSG_RECORD_REPLY) || (!text && !command))
		return STATUS_OK;
	if (text)
		status = payload_build(ctx, inv, (char *[]){ (char *)text }, 1, &payload);
	else
		status = payload_filter(ctx, (char *[]){ "sh", "-c", (char *)command, NULL },
					message_data(ctx, r, i), record->out_length, &payload);
	if (status)
		return status;
	reply.post = record->out_post;
	reply.seq = record->out_seq;
	reply.data = payload_data(&payload);
	reply.length = payload_length(&payload);
	reply.items = (uintptr_t)payload.items;
	reply.n_items = payload.n_items;
	err = capmsg_reply(ctx->space.fd, &reply);
	payload_free(&payload);
	return err ? fail(ctx, err, NULL, "answering the call") : STATUS_OK;
}

static int deal_with(struct context *ctx, struct invocation *inv, struct reception *r)
{
	int status = STATUS_OK;

	for (uint32_t i = 0; i < r->n; i++) {
		const struct capmsg_record *record = &r->records[i];
		int one = print_message(ctx, inv, r, i);

		if (record->out_flags & CAPMSG_RECORD_REPLY) {
			ctx->space.called = true;
			ctx->space.call_port = r->port;
			ctx->space.call_post = record->out_post;
			ctx->space.call_seq = record->out_seq;
		}
		if (!one)
			one = answer(ctx, inv, r, i);
		if (one && status)
			status = STATUS_PARTIAL;
		else if (one)
			status = r->n > 1 ? STATUS_PARTIAL : one;
		if (!(record->out_flags & CAPMSG_RECORD_PLAIN))
			space_release(ctx, r->port, record->out_post);
	}
	return status;
}

/*
 * Answers a call and receives the next message from @port in one system call.
 * *out_err says whether the answer went out: 0, or -errno, which has been reported.
 */
int recv_next(struct context *ctx, struct invocation *inv,
	      const struct capmsg_reply *reply, uint64_t port, int *out_err)
{
	struct reception *r = calloc(1, sizeof(*r));
	struct capmsg_reply_recv args = {
		.flags = reply->flags,
		.to = reply->to, .data = reply->data, .length = reply->length,
		.items = reply->items, .n_iov = reply->n_iov, .n_items = reply->n_items,
		.post = reply->post, .seq = reply->seq,
		.port = port, .n_records = 1,
	};
	uint64_t deadline = 0;
	int status = opt_deadline(ctx, inv, &deadline);

	*out_err = -ENOMEM;
	if (!r || status) {
		free(r);
		return status ? status : fail_file(ctx, ENOMEM, "receiving");
	}
	r->port = port;
	r->records[0].data = (uintptr_t)r->bytes[0];
	r->records[0].data_size = sizeof(r->bytes[0]);
	args.records = (uintptr_t)r->records;
	args.deadline = deadline;
	*out_err = capmsg_reply_recv(ctx->space.fd, &args);
	if (*out_err) {
		bool answered = args.flags & CAPMSG_REPLY_NONE;

		status = fail(ctx, *out_err, NULL, answered ? "answered; receiving from %s" :
			      "answering %s", inv->args[0]);
		*out_err = answered ? 0 : *out_err;
	} else {
		doc_u64(ctx->doc, "late", args.out_reply_error == ESTALE);
		r->n = args.out_n;
		status = deal_with(ctx, inv, r);
	}
	free(r);
	return status;
}

static int run_recv(struct context *ctx, struct invocation *inv)
{
	struct reception *r = calloc(1, sizeof(*r));
	int status = r ? space_open(ctx) : fail_file(ctx, ENOMEM, "receiving");

	if (!status)
		status = arg_address(ctx, inv->args[0], &r->port);
	if (!status) {
		r->batch = 1;
		status = take_options(ctx, inv, r);
	}
	if (!status)
		status = receive(ctx, inv, r);
	if (!status)
		status = deal_with(ctx, inv, r);
	/* The message may have come in another post than in the one for it. */
	if (r && r->temporary)
		space_release(ctx, r->port, r->temporary->post);
	if (r)
		free(r->plain);
	free(r);
	return status;
}

static const struct argp_option options[] = {
	{ "size", OPT_SIZE, "SIZE", 0, "Room for a message that is not short", 0 },
	{ "region", OPT_REGION, NULL, 0, "Let it arrive in a region, not in a plain buffer", 0 },
	{ "landing", OPT_LANDING, "ADDR", 0, "First slot for its capabilities", 0 },
	{ "caps", OPT_CAPS, "N", 0, "Number of landing slots (1)", 0 },
	{ "out", OPT_OUT, "FILE", 0, "Write its bytes there (-: stdout)", 0 },
	{ "timeout", OPT_TIMEOUT, "TIME", 0, "Give up after so long (5s, 100ms)", 0 },
	{ "nowait", OPT_NOWAIT, NULL, 0, "Fail rather than wait", 0 },
	{ "batch", OPT_BATCH, "N", 0, "Take up to N messages that are there (1)", 0 },
	{ "repost", OPT_REPOST, "POST", 0, "First post this one again as it was", 0 },
	{ "reply", OPT_REPLY, "DATA", 0, "If it is a call, answer it so", 0 },
	{ "reply-cmd", OPT_REPLY_CMD, "COMMAND", 0, "If it is a call, answer with this output", 0 },
	{ "cap", OPT_CAP, "ADDR[:RIGHTS]", 0, "Send this capability along with --reply", 0 },
	{ 0 }
};

static const struct command commands[] = {
	{ .args = "PORT", .summary = "Receive a message.",
	  .details = "Without --size and --region it receives what short messages and posted "
		     "buffers hold. A message over the space's plain-max, and a call of more "
		     "than 256 bytes, need --region.",
	  .options = options, .min_args = 1, .max_args = 1, .flags = WAITS, .run = run_recv },
};

const struct object recv_object = { "recv", "receive a message", commands, 1 };
