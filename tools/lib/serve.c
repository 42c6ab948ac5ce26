// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The loop of servers and handlers: one system call per request.
 *
 * A short answer is kept until the callback returns and then goes out with the
 * REPLY_RECV that fetches the next message. Any other answer goes out at once,
 * so that nothing of it has to live on. Whoever calls gets one answer, or EPIPE.
 */
#include <errno.h>
#include <string.h>

#include "request.h"

/**
 * capmsg_request_record() - what RECV said of the message
 * @request: the message
 *
 * Return: the record (length, badge, capabilities, cookie), the library's.
 */
const struct capmsg_record *
capmsg_request_record(const struct capmsg_request *request)
{
	return &request->record;
}

/**
 * capmsg_request_data() - bytes of the message
 * @request: the message
 *
 * Return: @out_length bytes, valid until the callback returns: in the library's
 * memory or in the buffer of the post, which its cookie must be the address of.
 */
const void *capmsg_request_data(const struct capmsg_request *request)
{
	if (request->record.out_flags & CAPMSG_RECORD_INLINE)
		return request->bytes;
	return (const void *)(uintptr_t)request->record.out_cookie;
}

/**
 * capmsg_answer() - answer a call with bytes
 * @request: the call
 * @data: bytes of the answer; need not outlive this function
 * @length: how many
 *
 * An answer of up to CAPMSG_INLINE_MAX bytes is delivered when the callback
 * returns; if it turns out not to fit, the caller gets EPIPE.
 *
 * Return: 0, -EALREADY if this is no call or it is answered already, or -errno
 * of capmsg_reply(); then another answer can be tried, except after -ESTALE.
 */
int capmsg_answer(struct capmsg_request *request, const void *data,
		  size_t length)
{
	struct capmsg_reply reply = {
		.data = (uintptr_t)data,
		.length = length,
	};

	if (!request->open)
		return -EALREADY;
	if (length > sizeof(request->answer))
		return capmsg_answer_with(request, &reply);
	if (length)
		memcpy(request->answer, data, length);
	request->answer_length = length;
	request->n_items = 0;
	request->staged = true;
	request->open = false;
	return 0;
}

/**
 * capmsg_answer_with() - answer a call with capabilities or scattered bytes
 * @request: the call
 * @reply: the answer; @to, @post, @seq and @flags are filled in here
 *
 * Return: as capmsg_answer().
 */
int capmsg_answer_with(struct capmsg_request *request,
		       struct capmsg_reply *reply)
{
	int err;

	if (!request->open)
		return -EALREADY;
	reply->flags = CAPMSG_REPLY_POST;
	reply->to = request->port;
	reply->post = request->record.out_post;
	reply->seq = request->record.out_seq;
	do {
		err = capmsg_reply(request->fd, reply);
	} while (err == -EINTR);
	if (!err || err == -ESTALE)
		request->open = false;
	return err;
}

/**
 * capmsg_request_take() - take the reply right, to answer later
 * @request: the call
 * @to: address of the void slot that gets the reply right
 *
 * The server then answers with capmsg_reply() to @to, when it likes and in any
 * order, or drops the call with capmsg_clear().
 *
 * Return: 0, -EALREADY if this is no call or it is answered already, or -errno
 * of capmsg_move_reply().
 */
int capmsg_request_take(struct capmsg_request *request, uint64_t to)
{
	int err;

	if (!request->open)
		return -EALREADY;
	err = capmsg_move_reply(request->fd, request->port,
				request->record.out_post,
				request->record.out_seq, to);
	if (!err)
		request->open = false;
	return err;
}

static void drop(struct capmsg_request *request)
{
	if (request->open)
		capmsg_clear_reply(request->fd, request->port,
				   request->record.out_post,
				   request->record.out_seq);
	request->open = false;
}

/* A handler is to know what it does wrong, not that its port is gone. */
static void tell_refused(const struct capmsg_request *request, int err,
			 const struct capmsg_handler_ops *ops, void *arg)
{
	struct capmsg_stat stat;

	if (!request_is_upcall(request) || !ops->refused || err == -ESTALE ||
	    capmsg_stat(request->fd, request->port, &stat))
		return;
	ops->refused(request_upcall(request), err, arg);
}

/* Deliver the staged answer without receiving; the caller gets it or EPIPE. */
static void flush(struct capmsg_request *request,
		  const struct capmsg_handler_ops *ops, void *arg)
{
	struct capmsg_reply reply = {
		.data = (uintptr_t)request->answer,
		.length = request->answer_length,
		.items = (uintptr_t)&request->item,
		.n_items = request->n_items,
	};
	int err;

	if (!request->staged)
		return;
	request->staged = false;
	request->open = true;
	err = capmsg_answer_with(request, &reply);
	drop(request);
	if (err)
		tell_refused(request, err, ops, arg);
}

/*
 * Answer what is staged, post the last post again, receive the next message.
 * Returns 0, -errno, or TRY_AGAIN: the answer is dealt with, nothing received.
 */
#define TRY_AGAIN 1

static int next(struct capmsg_request *request, bool repost,
		const struct capmsg_handler_ops *ops, void *arg)
{
	uint32_t last = request->record.out_post;
	struct capmsg_reply_recv args = {
		.flags = request->staged ? CAPMSG_REPLY_POST : CAPMSG_REPLY_NONE,
		.port = request->port,
		.records = (uintptr_t)&request->record,
		.reposts = repost ? (uintptr_t)&last : 0,
		.n_records = 1,
		.n_reposts = repost,
	};
	int err;

	if (request->staged) {
		args.to = request->port;
		args.data = (uintptr_t)request->answer;
		args.length = request->answer_length;
		args.items = (uintptr_t)&request->item;
		args.n_items = request->n_items;
		args.post = last;
		args.seq = request->record.out_seq;
	}
	err = capmsg_reply_recv(request->fd, &args);
	if (request->staged && err && !(args.flags & CAPMSG_REPLY_NONE)) {
		/* The answer did not go out: EINTR, or it is none. */
		flush(request, ops, arg);
		return err == -EINTR || err == -EAGAIN ? err : TRY_AGAIN;
	}
	request->staged = false;
	return err;
}

/*
 * The first message. Threads that answer upcalls say so, lest one of them waits for
 * itself, or they all for each other; also one too many for that can answer.
 */
static int first(struct capmsg_request *request, const struct capmsg_handler_ops *ops)
{
	struct capmsg_recv args = {
		.flags = ops->index || ops->invoke ? CAPMSG_RECV_DECLARE : 0,
		.port = request->port,
		.records = (uintptr_t)&request->record,
		.n_records = 1,
	};
	int err = capmsg_recv(request->fd, &args);

	if (!args.flags || (err != -EINVAL && err != -EBUSY))
		return err;
	args.flags = 0;
	return capmsg_recv(request->fd, &args);
}

/* An operation of a later version is not answered. */
static int ask(struct capmsg_request *request,
	       const struct capmsg_handler_ops *ops, void *arg)
{
	const struct capmsg_upcall *upcall = request_upcall(request);

	if (upcall->operation == CAPMSG_UPCALL_INDEX && ops->index)
		return ops->index(request, upcall, arg);
	if (upcall->operation == CAPMSG_UPCALL_INVOKE && ops->invoke)
		return ops->invoke(request, upcall, arg);
	return 0;
}

static int dispatch(struct capmsg_request *request,
		    const struct capmsg_handler_ops *ops, void *arg,
		    bool *out_repost)
{
	const struct capmsg_record *record = &request->record;
	int end = 0;

	*out_repost = !(record->out_flags & CAPMSG_RECORD_INLINE) ||
		      record->out_n_caps;
	request->open = record->out_flags & CAPMSG_RECORD_REPLY;
	if (request_is_upcall(request))
		end = ask(request, ops, arg);
	else if (request->open && ops->call)
		end = ops->call(request, arg);
	else if (!request->open && ops->message)
		end = ops->message(request, arg);
	drop(request);
	return end;
}

/**
 * capmsg_serve() - receive messages and answer calls until told to stop
 * @fd: a space
 * @port: address of a port, with RECV
 * @ops: what to do with a message
 * @arg: handed to the callbacks
 *
 * Posts that the caller has given the port are posted again with what they had
 * once their message is dealt with. An answer that comes too late, or that does
 * not fit, does not end the loop. When the loop ends the post of the last message
 * may be left idle.
 *
 * Return: what a callback returned to end the loop, -EINVAL (@ops of another
 * version), -EINTR after a signal whose handler does not restart system calls
 * (no message is lost), or -errno of capmsg_reply_recv(): -ENOENT if the port
 * was destroyed, -EEXIST if a callback left capabilities in the landing slots,
 * -EAGAIN if other threads use all frames of the space.
 */
int capmsg_serve(int fd, uint64_t port, const struct capmsg_ops *ops, void *arg)
{
	struct capmsg_handler_ops both = { .size = sizeof(both) };

	if (ops->size < sizeof(*ops))
		return -EINVAL;
	both.call = ops->call;
	both.message = ops->message;
	return capmsg_handle(fd, port, &both, arg);
}

/**
 * capmsg_handle() - play virtual objects until told to stop
 * @fd: a space
 * @port: address of a port, with RECV, that was created with CAPMSG_PORT_HANDLER
 * @ops: what to say to upcalls, and to calls and messages of others
 * @arg: handed to the callbacks
 *
 * One system call per upcall: it brings the answer to the last one, and the next
 * one. May be run by several threads at once for the same port; each ends by itself,
 * and destroying the port ends all of them, whether they wait or answer. The space
 * needs a frame for each thread. A thread that runs this has declared itself a
 * receiver of the port (CAPMSG_RECV_DECLARE), until it exits or withdraws.
 *
 * For calls and messages this is capmsg_serve().
 *
 * Return: as capmsg_serve(); -ENOENT when the port is gone.
 */
int capmsg_handle(int fd, uint64_t port, const struct capmsg_handler_ops *ops,
		  void *arg)
{
	struct capmsg_request request = { .fd = fd, .port = port };
	bool repost = false;
	int err;

	if (ops->size < sizeof(*ops))
		return -EINVAL;
	request.record.data = (uintptr_t)request.bytes;
	request.record.data_size = sizeof(request.bytes);
	err = first(&request, ops);
	while (!err) {
		if (request.record.out_error)
			repost = false;
		else
			err = dispatch(&request, ops, arg, &repost);
		if (err) {
			flush(&request, ops, arg);
			break;
		}
		do {
			err = next(&request, repost, ops, arg);
		} while (err == TRY_AGAIN);
	}
	return err;
}
