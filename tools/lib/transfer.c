// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * One function per command of the device: messages, whole and in steps, limits,
 * and notices; see command.c.
 */
#include "capmsg.h"
#include "command.h"

/**
 * capmsg_post() - give a port a buffer to receive into
 * @fd: a space
 * @post: port, buffer and landing slots; tells the number of the post. For
 *	capmsg_serve() the cookie is to be the address of the buffer
 *
 * Return: 0 or -errno as documented at struct capmsg_post.
 */
int capmsg_post(int fd, struct capmsg_post *post)
{
	post->size = sizeof(*post);
	return command(fd, CAPMSG_IOC_POST, post);
}

/**
 * capmsg_unpost() - take a post's buffer back
 * @fd: a space
 * @port: address of the port
 * @post: number of the post
 *
 * Return: 0 or -errno as documented at struct capmsg_unpost.
 */
int capmsg_unpost(int fd, uint64_t port, uint32_t post)
{
	struct capmsg_unpost args = {
		.size = sizeof(args),
		.port = port,
		.post = post,
	};

	return command(fd, CAPMSG_IOC_UNPOST, &args);
}

/**
 * capmsg_send() - send a message
 * @fd: a space
 * @send: destination, payload, capabilities, deadline
 *
 * Return: 0 when the message is delivered, or -errno as documented at struct
 * capmsg_send; then nothing was sent.
 */
int capmsg_send(int fd, struct capmsg_send *send)
{
	send->size = sizeof(*send);
	return command(fd, CAPMSG_IOC_SEND, send);
}

/**
 * capmsg_recv() - receive messages
 * @fd: a space
 * @recv: port, records, and if wanted a plain buffer
 *
 * Return: 0, then @out_n messages were received, or -errno as documented at
 * struct capmsg_recv.
 */
int capmsg_recv(int fd, struct capmsg_recv *recv)
{
	recv->size = sizeof(*recv);
	return command(fd, CAPMSG_IOC_RECV, recv);
}

/**
 * capmsg_call() - send a message and wait for its answer
 * @fd: a space
 * @call: the message, and where the answer goes
 *
 * Return: 0 when the answer is there, or -errno as documented at struct
 * capmsg_call.
 */
int capmsg_call(int fd, struct capmsg_call *call)
{
	call->size = sizeof(*call);
	return command(fd, CAPMSG_IOC_CALL, call);
}

/**
 * capmsg_reply() - answer a call
 * @fd: a space
 * @reply: the reply right and the answer
 *
 * Return: 0 or -errno as documented at struct capmsg_reply; after -ESTALE the
 * reply right is used up, after any other error it is still there.
 */
int capmsg_reply(int fd, struct capmsg_reply *reply)
{
	reply->size = sizeof(*reply);
	return command(fd, CAPMSG_IOC_REPLY, reply);
}

/**
 * capmsg_reply_recv() - answer a call, then receive
 * @fd: a space
 * @reply_recv: as for capmsg_reply() and capmsg_recv() together. If it fails
 *	with CAPMSG_REPLY_NONE set in its flags the answer was delivered
 *
 * Return: 0 or -errno as documented at struct capmsg_reply_recv.
 */
int capmsg_reply_recv(int fd, struct capmsg_reply_recv *reply_recv)
{
	reply_recv->size = sizeof(*reply_recv);
	return command(fd, CAPMSG_IOC_REPLY_RECV, reply_recv);
}

/**
 * capmsg_begin() - bind a message to a port
 * @fd: a space
 * @begin: message, port, and what it may carry; tells the state
 *
 * Return: 0 or -errno as documented at struct capmsg_begin.
 */
int capmsg_begin(int fd, struct capmsg_begin *begin)
{
	begin->size = sizeof(*begin);
	return command(fd, CAPMSG_IOC_BEGIN, begin);
}

/**
 * capmsg_fill() - write a piece of a message's payload
 * @fd: a space
 * @message: address of the message
 * @offset: where in the payload
 * @data: the piece
 * @length: its bytes
 *
 * Return: 0 or -errno as documented at struct capmsg_fill.
 */
int capmsg_fill(int fd, uint64_t message, uint64_t offset, const void *data,
		size_t length)
{
	struct capmsg_fill args = {
		.message = message,
		.offset = offset,
		.data = (uintptr_t)data,
		.length = length,
	};

	return capmsg_fill_pieces(fd, &args);
}

/**
 * capmsg_fill_pieces() - write pieces of a message's payload
 * @fd: a space
 * @fill: message, offset, and the pieces, one behind the other
 *
 * Return: 0 or -errno as documented at struct capmsg_fill.
 */
int capmsg_fill_pieces(int fd, struct capmsg_fill *fill)
{
	fill->size = sizeof(*fill);
	return command(fd, CAPMSG_IOC_FILL, fill);
}

/**
 * capmsg_transmit() - commit a message
 * @fd: a space
 * @transmit: message, bytes and capabilities; tells the state
 *
 * Return: 0 or -errno as documented at struct capmsg_transmit.
 */
int capmsg_transmit(int fd, struct capmsg_transmit *transmit)
{
	transmit->size = sizeof(*transmit);
	return command(fd, CAPMSG_IOC_TRANSMIT, transmit);
}

/**
 * capmsg_abandon() - forget what a message was begun for
 * @fd: a space
 * @message: address of the message, which is idle then
 *
 * Return: 0 or -errno as documented at struct capmsg_abandon.
 */
int capmsg_abandon(int fd, uint64_t message)
{
	struct capmsg_abandon args = {
		.size = sizeof(args),
		.message = message,
	};

	return command(fd, CAPMSG_IOC_ABANDON, &args);
}

/**
 * capmsg_credits() - ask what may be sent without waiting
 * @fd: a space
 * @credits: port, and the kind of messages in question; tells the numbers
 *
 * Return: 0 or -errno as documented at struct capmsg_credits.
 */
int capmsg_credits(int fd, struct capmsg_credits *credits)
{
	credits->size = sizeof(*credits);
	return command(fd, CAPMSG_IOC_CREDITS, credits);
}

/**
 * capmsg_limits() - ask which limit was met, and who holds posts
 * @fd: a space
 * @limits: port and room for its holders, or zeros; tells the limit
 *
 * Return: 0 or -errno as documented at struct capmsg_limits.
 */
int capmsg_limits(int fd, struct capmsg_limits *limits)
{
	limits->size = sizeof(*limits);
	return command(fd, CAPMSG_IOC_LIMITS, limits);
}

/**
 * capmsg_signal() - set bits of a notification
 * @fd: a space
 * @notification: address of the notification
 * @bits: the bits, or 0 through a capability with a badge
 *
 * Return: 0 or -errno as documented at struct capmsg_signal.
 */
int capmsg_signal(int fd, uint64_t notification, uint64_t bits)
{
	struct capmsg_signal args = {
		.size = sizeof(args),
		.notification = notification,
		.bits = bits,
	};

	return command(fd, CAPMSG_IOC_SIGNAL, &args);
}

/**
 * capmsg_wait() - take bits of a notification
 * @fd: a space
 * @wait: notification, mask and deadline; tells the bits
 *
 * Return: 0 or -errno as documented at struct capmsg_wait.
 */
int capmsg_wait(int fd, struct capmsg_wait *wait)
{
	wait->size = sizeof(*wait);
	return command(fd, CAPMSG_IOC_WAIT, wait);
}

/**
 * capmsg_watch() - ask for a death notice
 * @fd: a space
 * @address: address of the capability that is watched
 * @to: address of the void slot that gets the watch, or CAPMSG_ADDRESS_VOID
 * @notification: address of the notification that is signalled
 * @bits: the bits, or 0 through a capability with a badge
 *
 * Return: 0 or -errno as documented at struct capmsg_watch.
 */
int capmsg_watch(int fd, uint64_t address, uint64_t to, uint64_t notification,
		 uint64_t bits)
{
	struct capmsg_watch args = {
		.size = sizeof(args),
		.address = address,
		.to = to,
		.notification = notification,
		.bits = bits,
	};

	return command(fd, CAPMSG_IOC_WATCH, &args);
}
