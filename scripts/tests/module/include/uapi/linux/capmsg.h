/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef _UAPI_LINUX_CAPMSG_H
#define _UAPI_LINUX_CAPMSG_H

#include <linux/ioctl.h>
#include <linux/types.h>

/** CAPMSG_ADDRESS() - make an address of the low @depth bits of @bits */
#define CAPMSG_ADDRESS(bits, depth)					\
	((((__u64)(bits)) << (64 - (depth))) | (((__u64)1) << (63 - (depth))))

/**
 * DOC: General command format
 *
 * ===========  ===========================================================
 * EINVAL       a value is malformed
 * EAGAIN       the command would wait
 * ===========  ===========================================================
 *
 * EINVAL and EAGAIN are possible for every command and are not repeated
 * below.
 */

#define CAPMSG_IOC_MAGIC	0xb9

#define CAPMSG_CMD_QUERY	0
#define CAPMSG_CMD_SEND		1
#define CAPMSG_CMD_COUNT	2

/**
 * struct capmsg_query - CAPMSG_IOC_QUERY: limits
 * @size: sizeof(struct capmsg_query)
 * @out_version: of the module
 */
struct capmsg_query {
	__u32		size;
	__u32		out_version;
};
#define CAPMSG_IOC_QUERY	_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_QUERY)

/**
 * struct capmsg_send - CAPMSG_IOC_SEND: send a message
 * @size: sizeof(struct capmsg_send)
 * @flags: must be zero
 * @to: address of the port
 *
 * Errors: EAGAIN.
 */
struct capmsg_send {
	__u32		size;
	__u32		flags;
	__aligned_u64	to;
};
#define CAPMSG_IOC_SEND		_IO(CAPMSG_IOC_MAGIC, CAPMSG_CMD_SEND)

#endif /* _UAPI_LINUX_CAPMSG_H */
