// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * One function per command of the device: spaces, objects, capabilities; messages
 * are in transfer.c. They set the size of the struct, hand it to the kernel and
 * turn errno into a return value; nothing else happens here. Structs stay the
 * caller's, and may be used again.
 */
#include <errno.h>
#include <fcntl.h>

#include "capmsg.h"
#include "command.h"

/**
 * capmsg_open() - open a new space
 *
 * The space is not set up yet: only capmsg_query() and capmsg_setup() work.
 *
 * Return: a close-on-exec file descriptor, which is the caller's to close (and
 * with which everything dies that was created through it), or -ENOENT or
 * -ENODEV (the module is not loaded), -EACCES, -EMFILE, -ENFILE, -ENOMEM,
 * -EDQUOT.
 */
int capmsg_open(void)
{
	int fd = open(CAPMSG_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/**
 * capmsg_query() - read limits and use
 * @fd: a space, set up or not
 * @query: filled in whole
 *
 * Return: 0 or -errno as documented at struct capmsg_query.
 */
int capmsg_query(int fd, struct capmsg_query *query)
{
	*query = (struct capmsg_query){ .size = sizeof(*query) };
	return command(fd, CAPMSG_IOC_QUERY, query);
}

/**
 * capmsg_setup() - give a space its root and its frames
 * @fd: a space that is not set up
 * @setup: the wishes, or NULL for the defaults
 *
 * Return: 0 or -errno as documented at struct capmsg_setup.
 */
int capmsg_setup(int fd, struct capmsg_setup *setup)
{
	struct capmsg_setup defaults = { 0 };

	if (!setup)
		setup = &defaults;
	setup->size = sizeof(*setup);
	return command(fd, CAPMSG_IOC_SETUP, setup);
}

/**
 * capmsg_create_cappage() - create a cappage
 * @fd: a space
 * @to: address of the void slot that gets the capability
 * @bits: log2 of its slots, or 0 for the default
 *
 * Return: 0 or -errno as documented at struct capmsg_create_cappage.
 */
int capmsg_create_cappage(int fd, uint64_t to, unsigned int bits)
{
	return capmsg_create_kept_cappage(fd, to, bits, CAPMSG_ADDRESS_VOID);
}

/**
 * capmsg_create_kept_cappage() - create a cappage with another one in place of void slots
 * @fd: a space
 * @to: address of the void slot that gets the capability
 * @bits: log2 of its slots, or 0 for the default
 * @keeper: address of the other one, or CAPMSG_ADDRESS_VOID; if it is virtual, its
 *	handler is asked
 *
 * Return: 0 or -errno as documented at struct capmsg_create_cappage.
 */
int capmsg_create_kept_cappage(int fd, uint64_t to, unsigned int bits,
			       uint64_t keeper)
{
	struct capmsg_create_cappage args = {
		.size = sizeof(args),
		.to = to,
		.bits = bits,
		.keeper = keeper,
	};

	return command(fd, CAPMSG_IOC_CREATE_CAPPAGE, &args);
}

/**
 * capmsg_create_port() - create a message port
 * @fd: a space
 * @port: what it is to be like, and the slot for its capability
 *
 * Return: 0 or -errno as documented at struct capmsg_create_port.
 */
int capmsg_create_port(int fd, struct capmsg_create_port *port)
{
	port->size = sizeof(*port);
	return command(fd, CAPMSG_IOC_CREATE_PORT, port);
}

/**
 * capmsg_create_notification() - create a notification
 * @fd: a space
 * @to: address of the void slot that gets the capability
 * @flags: CAPMSG_NOTIFICATION_EVENTFD, CAPMSG_NOTIFICATION_POLL
 * @eventfd: with CAPMSG_NOTIFICATION_EVENTFD: an eventfd, which stays the
 *	caller's; else ignored
 *
 * Return: 0 or -errno as documented at struct capmsg_create_notification.
 */
int capmsg_create_notification(int fd, uint64_t to, uint32_t flags, int eventfd)
{
	struct capmsg_create_notification args = {
		.size = sizeof(args),
		.flags = flags,
		.to = to,
		.eventfd = flags & CAPMSG_NOTIFICATION_EVENTFD ? eventfd : 0,
	};

	return command(fd, CAPMSG_IOC_CREATE_NOTIFICATION, &args);
}

/**
 * capmsg_create_message() - create storage for one outgoing transfer
 * @fd: a space
 * @to: address of the void slot that gets the capability
 * @notification: address of the notification that tells of its states, or
 *	CAPMSG_ADDRESS_VOID
 * @bits: bits that are set there
 *
 * Return: 0 or -errno as documented at struct capmsg_create_message.
 */
int capmsg_create_message(int fd, uint64_t to, uint64_t notification,
			  uint64_t bits)
{
	struct capmsg_create_message args = {
		.size = sizeof(args),
		.to = to,
		.notification = notification,
		.bits = bits,
	};

	return command(fd, CAPMSG_IOC_CREATE_MESSAGE, &args);
}

/**
 * capmsg_create_revoker() - derive a capability that can be revoked
 * @fd: a space
 * @from: address of the capability
 * @to: address of the void slot that gets the one through the revoker
 * @revoker: address of the void slot that gets the revoker
 *
 * Return: 0 or -errno as documented at struct capmsg_create_revoker.
 */
int capmsg_create_revoker(int fd, uint64_t from, uint64_t to, uint64_t revoker)
{
	struct capmsg_create_revoker args = {
		.size = sizeof(args),
		.from = from,
		.to = to,
		.revoker = revoker,
	};

	return command(fd, CAPMSG_IOC_CREATE_REVOKER, &args);
}

/**
 * capmsg_create_virtual() - create an object that this process plays
 * @fd: a space
 * @object: what it stands for, the port of its handler, and the slot for its
 *	capability
 *
 * Return: 0 or -errno as documented at struct capmsg_create_virtual.
 */
int capmsg_create_virtual(int fd, struct capmsg_create_virtual *object)
{
	object->size = sizeof(*object);
	return command(fd, CAPMSG_IOC_CREATE_VIRTUAL, object);
}

/**
 * capmsg_register() - pin memory as a region
 * @fd: a space
 * @to: address of the void slot that gets the capability
 * @memory: first byte, on a page boundary
 * @length: bytes, a multiple of the page size
 *
 * The memory stays the caller's. It should stay mapped while the region lives:
 * after munmap() messages still arrive in the pages, but cannot be seen.
 *
 * Return: 0 or -errno as documented at struct capmsg_register.
 */
int capmsg_register(int fd, uint64_t to, void *memory, size_t length)
{
	struct capmsg_register args = {
		.size = sizeof(args),
		.to = to,
		.address = (uintptr_t)memory,
		.length = length,
	};

	return command(fd, CAPMSG_IOC_REGISTER, &args);
}

/**
 * capmsg_unregister() - unpin a region that no post uses
 * @fd: a space
 * @region: address of the region
 *
 * Return: 0 or -errno as documented at struct capmsg_unregister.
 */
int capmsg_unregister(int fd, uint64_t region)
{
	struct capmsg_unregister args = {
		.size = sizeof(args),
		.region = region,
	};

	return command(fd, CAPMSG_IOC_UNREGISTER, &args);
}

/**
 * capmsg_copy() - copy a capability, with fewer rights, a badge, a guard
 * @fd: a space
 * @copy: from where to where, and what changes; @rights is the mask of rights
 *	to keep, so that a zeroed struct copies no right at all
 *
 * Return: 0 or -errno as documented at struct capmsg_copy.
 */
int capmsg_copy(int fd, struct capmsg_copy *copy)
{
	copy->size = sizeof(*copy);
	return command(fd, CAPMSG_IOC_COPY, copy);
}

/**
 * capmsg_move() - move a capability to another slot
 * @fd: a space
 * @from: address of the slot to be emptied
 * @to: address of the void slot to be filled
 *
 * Return: 0 or -errno as documented at struct capmsg_move.
 */
int capmsg_move(int fd, uint64_t from, uint64_t to)
{
	struct capmsg_move args = {
		.size = sizeof(args),
		.from = from,
		.to = to,
	};

	return command(fd, CAPMSG_IOC_MOVE, &args);
}

/**
 * capmsg_move_reply() - move the reply right of a received call into a slot
 * @fd: a space
 * @port: address of the port that received the call
 * @post: number of the post, from the record
 * @seq: sequence number, from the record
 * @to: address of the void slot to be filled
 *
 * The post is free for the next message then, before the call is answered.
 *
 * Return: 0 or -errno as documented at struct capmsg_move.
 */
int capmsg_move_reply(int fd, uint64_t port, uint32_t post, uint32_t seq,
		      uint64_t to)
{
	struct capmsg_move args = {
		.size = sizeof(args),
		.flags = CAPMSG_MOVE_POST,
		.from = port,
		.to = to,
		.post = post,
		.seq = seq,
	};

	return command(fd, CAPMSG_IOC_MOVE, &args);
}

/**
 * capmsg_clear() - make a slot void
 * @fd: a space
 * @slot: address of the slot
 *
 * Return: 0 or -errno as documented at struct capmsg_clear.
 */
int capmsg_clear(int fd, uint64_t slot)
{
	struct capmsg_clear args = {
		.size = sizeof(args),
		.slot = slot,
	};

	return command(fd, CAPMSG_IOC_CLEAR, &args);
}

/**
 * capmsg_clear_reply() - drop the reply right of a received call
 * @fd: a space
 * @port: address of the port that received the call
 * @post: number of the post, from the record
 * @seq: sequence number, from the record
 *
 * The caller gets EPIPE.
 *
 * Return: 0 or -errno as documented at struct capmsg_clear.
 */
int capmsg_clear_reply(int fd, uint64_t port, uint32_t post, uint32_t seq)
{
	struct capmsg_clear args = {
		.size = sizeof(args),
		.flags = CAPMSG_CLEAR_POST,
		.slot = port,
		.post = post,
		.seq = seq,
	};

	return command(fd, CAPMSG_IOC_CLEAR, &args);
}

/**
 * capmsg_stat() - inspect a capability and its object
 * @fd: a space
 * @address: address of the capability
 * @stat: filled in whole
 *
 * Return: 0 or -errno as documented at struct capmsg_stat.
 */
int capmsg_stat(int fd, uint64_t address, struct capmsg_stat *stat)
{
	*stat = (struct capmsg_stat){
		.size = sizeof(*stat),
		.address = address,
	};
	return command(fd, CAPMSG_IOC_STAT, stat);
}

/**
 * capmsg_list() - list slots of a cappage
 * @fd: a space
 * @list: which table, from which slot on, and room for the entries; go on with
 *	@first set to @out_next until that is 0
 *
 * Return: 0 or -errno as documented at struct capmsg_list.
 */
int capmsg_list(int fd, struct capmsg_list *list)
{
	list->size = sizeof(*list);
	return command(fd, CAPMSG_IOC_LIST, list);
}

/**
 * capmsg_destroy() - destroy an object
 * @fd: a space
 * @address: address of a capability to it, with DESTROY
 *
 * Return: 0 or -errno as documented at struct capmsg_destroy.
 */
int capmsg_destroy(int fd, uint64_t address)
{
	struct capmsg_destroy args = {
		.size = sizeof(args),
		.address = address,
	};

	return command(fd, CAPMSG_IOC_DESTROY, &args);
}

/**
 * capmsg_export() - put a capability into a file
 * @fd: a space
 * @from: address of the capability
 * @rights: mask of the rights to keep
 * @out_fd: gets a close-on-exec file descriptor, the caller's to close
 *
 * Return: 0 or -errno as documented at struct capmsg_export.
 */
int capmsg_export(int fd, uint64_t from, uint32_t rights, int *out_fd)
{
	struct capmsg_export args = {
		.size = sizeof(args),
		.from = from,
		.rights = rights,
	};
	int err = command(fd, CAPMSG_IOC_EXPORT, &args);

	if (!err)
		*out_fd = args.out_fd;
	return err;
}

/**
 * capmsg_import() - take a capability out of a file
 * @fd: a space
 * @to: address of the void slot that gets a copy
 * @exported_fd: a file that capmsg_export() made; stays open, the caller's
 *
 * Return: 0 or -errno as documented at struct capmsg_import.
 */
int capmsg_import(int fd, uint64_t to, int exported_fd)
{
	struct capmsg_import args = {
		.size = sizeof(args),
		.to = to,
		.fd = exported_fd,
	};

	return command(fd, CAPMSG_IOC_IMPORT, &args);
}

/**
 * capmsg_revoke() - void all that was derived through a revoker
 * @fd: a space
 * @revoker: address of the revoker, which is destroyed with it
 *
 * Return: 0 or -errno as documented at struct capmsg_revoke.
 */
int capmsg_revoke(int fd, uint64_t revoker)
{
	struct capmsg_revoke args = {
		.size = sizeof(args),
		.revoker = revoker,
	};

	return command(fd, CAPMSG_IOC_REVOKE, &args);
}

/**
 * capmsg_close_revoker() - make operations through a revoker wait
 * @fd: a space
 * @revoker: address of the revoker
 *
 * Return: 0 or -errno as documented at struct capmsg_close.
 */
int capmsg_close_revoker(int fd, uint64_t revoker)
{
	struct capmsg_close args = {
		.size = sizeof(args),
		.revoker = revoker,
	};

	return command(fd, CAPMSG_IOC_CLOSE, &args);
}

/**
 * capmsg_open_revoker() - let operations through a revoker go on
 * @fd: a space
 * @revoker: address of the revoker
 *
 * Return: 0 or -errno as documented at struct capmsg_open.
 */
int capmsg_open_revoker(int fd, uint64_t revoker)
{
	struct capmsg_open args = {
		.size = sizeof(args),
		.revoker = revoker,
	};

	return command(fd, CAPMSG_IOC_OPEN, &args);
}
