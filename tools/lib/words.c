// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The words of the system: rights, types, states, limits, errors; and time.
 *
 * Rights are written as letters in a fixed order, ``rwsvgdk``, with ``-`` for
 * one that is missing, or as names separated by commas.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capmsg.h"

struct right {
	uint32_t bit;
	char letter;
	const char *name;
};

static const struct right rights_table[] = {
	{ CAPMSG_RIGHT_READ,	'r', "read" },
	{ CAPMSG_RIGHT_WRITE,	'w', "write" },
	{ CAPMSG_RIGHT_SEND,	's', "send" },
	{ CAPMSG_RIGHT_RECV,	'v', "recv" },
	{ CAPMSG_RIGHT_GRANT,	'g', "grant" },
	{ CAPMSG_RIGHT_DESTROY,	'd', "destroy" },
	{ CAPMSG_RIGHT_WEAK,	'k', "weak" },
};

#define N_RIGHTS (sizeof(rights_table) / sizeof(rights_table[0]))

static int parse_letters(const char *text, uint32_t *out_rights)
{
	uint32_t rights = 0;

	for (; *text; text++) {
		size_t i = 0;

		if (*text == '-')
			continue;
		while (i < N_RIGHTS && rights_table[i].letter != *text)
			i++;
		if (i == N_RIGHTS)
			return -EINVAL;
		rights |= rights_table[i].bit;
	}
	*out_rights = rights;
	return 0;
}

static int parse_names(const char *text, uint32_t *out_rights)
{
	uint32_t rights = 0;

	for (;;) {
		size_t length = strcspn(text, ","), i = 0;

		while (i < N_RIGHTS &&
		       (strlen(rights_table[i].name) != length ||
			memcmp(rights_table[i].name, text, length)))
			i++;
		if (i == N_RIGHTS)
			return -EINVAL;
		rights |= rights_table[i].bit;
		if (!text[length])
			break;
		text += length + 1;
	}
	*out_rights = rights;
	return 0;
}

/**
 * capmsg_rights_parse() - read a set of rights from text
 * @text: names (``send,grant``), letters of ``rwsvgdk`` in any order, ``all``
 *	(CAPMSG_RIGHTS_ALL) or ``none``
 * @out_rights: gets the rights
 *
 * Return: 0, or -EINVAL if this is no set of rights.
 */
int capmsg_rights_parse(const char *text, uint32_t *out_rights)
{
	if (!strcmp(text, "all")) {
		*out_rights = CAPMSG_RIGHTS_ALL;
		return 0;
	}
	if (!strcmp(text, "none")) {
		*out_rights = 0;
		return 0;
	}
	if (!*text)
		return -EINVAL;
	if (!parse_names(text, out_rights))
		return 0;
	return parse_letters(text, out_rights);
}

/**
 * capmsg_rights_format() - write a set of rights as letters
 * @rights: the rights
 * @text: gets seven characters and NUL: a letter of ``rwsvgdk`` (read, write,
 *	send, recv, grant, destroy, weak) or ``-`` in its place
 * @size: room there; CAPMSG_RIGHTS_TEXT is enough
 *
 * Return: 0, or -ENOSPC if there is too little room.
 */
int capmsg_rights_format(uint32_t rights, char *text, size_t size)
{
	size_t i;

	if (size < N_RIGHTS + 1)
		return -ENOSPC;
	for (i = 0; i < N_RIGHTS; i++)
		text[i] = rights & rights_table[i].bit ? rights_table[i].letter : '-';
	text[i] = '\0';
	return 0;
}

/**
 * capmsg_type_name() - name of a type of object
 * @type: enum capmsg_type
 *
 * Return: a string that lives for ever; "unknown" for a type of a later version.
 */
const char *capmsg_type_name(uint32_t type)
{
	static const char *const names[CAPMSG_TYPE_COUNT] = {
		[CAPMSG_TYPE_VOID]	= "void",
		[CAPMSG_TYPE_CAPPAGE]	= "cappage",
		[CAPMSG_TYPE_PORT]	= "port",
		[CAPMSG_TYPE_REGION]	= "region",
		[CAPMSG_TYPE_REPLY]	= "reply",
		[CAPMSG_TYPE_NOTIFICATION] = "notification",
		[CAPMSG_TYPE_MESSAGE]	= "message",
		[CAPMSG_TYPE_REVOKER]	= "revoker",
		[CAPMSG_TYPE_WATCH]	= "watch",
		[CAPMSG_TYPE_VIRTUAL]	= "virtual",
	};

	return type < CAPMSG_TYPE_COUNT ? names[type] : "unknown";
}

/**
 * capmsg_command_name() - name of a command
 * @command: CAPMSG_CMD_x
 *
 * Return: a string that lives for ever; "unknown" for a command of a later version.
 */
const char *capmsg_command_name(uint32_t command)
{
	static const char *const names[CAPMSG_CMD_COUNT] = {
		[CAPMSG_CMD_QUERY] = "query",
		[CAPMSG_CMD_SETUP] = "setup",
		[CAPMSG_CMD_CREATE_CAPPAGE] = "create_cappage",
		[CAPMSG_CMD_CREATE_PORT] = "create_port",
		[CAPMSG_CMD_REGISTER] = "register",
		[CAPMSG_CMD_UNREGISTER] = "unregister",
		[CAPMSG_CMD_COPY] = "copy",
		[CAPMSG_CMD_MOVE] = "move",
		[CAPMSG_CMD_CLEAR] = "clear",
		[CAPMSG_CMD_STAT] = "stat",
		[CAPMSG_CMD_LIST] = "list",
		[CAPMSG_CMD_DESTROY] = "destroy",
		[CAPMSG_CMD_POST] = "post",
		[CAPMSG_CMD_UNPOST] = "unpost",
		[CAPMSG_CMD_SEND] = "send",
		[CAPMSG_CMD_RECV] = "recv",
		[CAPMSG_CMD_CALL] = "call",
		[CAPMSG_CMD_REPLY] = "reply",
		[CAPMSG_CMD_REPLY_RECV] = "reply_recv",
		[CAPMSG_CMD_EXPORT] = "export",
		[CAPMSG_CMD_IMPORT] = "import",
		[CAPMSG_CMD_CREATE_NOTIFICATION] = "create_notification",
		[CAPMSG_CMD_CREATE_MESSAGE] = "create_message",
		[CAPMSG_CMD_CREATE_REVOKER] = "create_revoker",
		[CAPMSG_CMD_WATCH] = "watch",
		[CAPMSG_CMD_REVOKE] = "revoke",
		[CAPMSG_CMD_CLOSE] = "close",
		[CAPMSG_CMD_OPEN] = "open",
		[CAPMSG_CMD_BEGIN] = "begin",
		[CAPMSG_CMD_FILL] = "fill",
		[CAPMSG_CMD_TRANSMIT] = "transmit",
		[CAPMSG_CMD_ABANDON] = "abandon",
		[CAPMSG_CMD_CREDITS] = "credits",
		[CAPMSG_CMD_SIGNAL] = "signal",
		[CAPMSG_CMD_WAIT] = "wait",
		[CAPMSG_CMD_LIMITS] = "limits",
		[CAPMSG_CMD_CREATE_VIRTUAL] = "create_virtual",
		[CAPMSG_CMD_UPCALLS] = "upcalls",
		[CAPMSG_CMD_ABORT] = "abort",
		[CAPMSG_CMD_INVALIDATE] = "invalidate",
	};

	return command < CAPMSG_CMD_COUNT ? names[command] : "unknown";
}

/**
 * capmsg_state_name() - name of a state of a message
 * @state: enum capmsg_message_state
 *
 * Return: a string that lives for ever; "unknown" for a state of a later version.
 */
const char *capmsg_state_name(uint32_t state)
{
	static const char *const names[] = {
		[CAPMSG_MESSAGE_IDLE]		= "idle",
		[CAPMSG_MESSAGE_QUEUED]		= "queued",
		[CAPMSG_MESSAGE_OPEN]		= "open",
		[CAPMSG_MESSAGE_SENDING]	= "sending",
		[CAPMSG_MESSAGE_DELIVERED]	= "delivered",
		[CAPMSG_MESSAGE_LOST]		= "lost",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

/**
 * capmsg_limit_name() - name of a limit
 * @limit: enum capmsg_limit
 *
 * Return: a word that lives for ever; "unknown" for a limit of a later version.
 */
const char *capmsg_limit_name(uint32_t limit)
{
	static const char *const names[CAPMSG_LIMIT_COUNT] = {
		[CAPMSG_LIMIT_NONE]		= "none",
		[CAPMSG_LIMIT_OBJECTS]		= "objects",
		[CAPMSG_LIMIT_BYTES]		= "bytes",
		[CAPMSG_LIMIT_MEMLOCK]		= "memlock",
		[CAPMSG_LIMIT_FRAMES]		= "frames",
		[CAPMSG_LIMIT_POSTS]		= "posts",
		[CAPMSG_LIMIT_USER_SHARE]	= "user-share",
		[CAPMSG_LIMIT_BADGE_SHARE]	= "badge-share",
		[CAPMSG_LIMIT_CHAIN]		= "chain",
		[CAPMSG_LIMIT_SIZE]		= "size",
		[CAPMSG_LIMIT_CAPS]		= "caps",
	};

	return limit < CAPMSG_LIMIT_COUNT ? names[limit] : "unknown";
}

/**
 * capmsg_deadline_in() - deadline that lies so far in the future
 * @ns: nanoseconds from now
 *
 * Return: a value for the deadline fields; never 0, which means never.
 */
uint64_t capmsg_deadline_in(uint64_t ns)
{
	struct timespec now;
	uint64_t t;

	clock_gettime(CLOCK_MONOTONIC, &now);
	t = (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
	/* The kernel counts in signed nanoseconds. */
	return ns > (uint64_t)INT64_MAX - t ? (uint64_t)INT64_MAX : (t + ns ? t + ns : 1);
}

/**
 * capmsg_strerror() - say in words of this system what an error means
 * @error: errno, or its negative as the functions here return it
 *
 * Return: a phrase without a full stop that lives for ever.
 */
const char *capmsg_strerror(int error)
{
	switch (error < 0 ? -error : error) {
	case 0:
		return "success";
	case ENOENT:
		return "the address leads nowhere, to a void slot or to a destroyed object";
	case EACCES:
		return "a right is missing";
	case EEXIST:
		return "the slot is not void";
	case EBUSY:
		return "the slot is reserved by a post, or the object is in use";
	case EINVAL:
		return "a value is malformed, or the object has the wrong type";
	case E2BIG:
		return "the command uses fields that this module does not know";
	case EOPNOTSUPP:
		return "the command uses a flag that this module does not know";
	case ENOTTY:
		return "this module does not know the command";
	case ENODEV:
	case ENXIO:
		return "the capmsg module is not loaded";
	case EFAULT:
		return "memory is not mapped, not writable or cannot be used so";
	case ENOMEM:
		return "out of memory, or the memory cgroup is at its limit";
	case EDQUOT:
		return "the quota of objects or bytes, or RLIMIT_MEMLOCK, is used up";
	case EMLINK:
		return "the chain of revokers would become too long";
	case EMSGSIZE:
		return "the message can never fit";
	case EAGAIN:
		return "it would have to wait, or no frame is free";
	case ETIMEDOUT:
		return "the deadline has passed";
	case EINTR:
		return "interrupted by a signal";
	case EPIPE:
		return "the call will never be answered: its reply right is gone";
	case ESTALE:
		return "too late: the call is over, or the claim was taken back";
	case ELOOP:
		return "too many handlers or keepers where the address leads";
	case EDEADLK:
		return "a handler would have to be asked that cannot answer, or not here";
	case EBADF:
		return "this file descriptor is not open";
	case EMFILE:
	case ENFILE:
		return "too many files are open";
	case EPERM:
		return "not permitted";
	case EALREADY:
		return "the call is answered already";
	default:
		return "unexpected error";
	}
}
