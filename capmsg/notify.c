// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a command names a notification for: a notice, now or later.
 */
#include "notify.h"

/**
 * capmsg_notice_resolve() - prepare a notice
 * @view: the space that asks for it
 * @address: address of a notification, or CAPMSG_ADDRESS_VOID for no notice
 * @bits: bits to be set; through a badged capability its badge takes their place
 * @notice: the result; owns references, to be dropped by capmsg_notice_drop()
 *
 * Context: As capmsg_keep_invoked().
 * Return: As capmsg_keep_invoked(): -EINVAL if the address names no notification,
 * -EACCES without SEND, CAPMSG_DONE if a handler has carried out a SIGNAL.
 */
int capmsg_notice_resolve(const struct capmsg_view *view, u64 address, u64 bits,
			  struct capmsg_notice *notice)
{
	int ret;

	*notice = (struct capmsg_notice) { };
	if (address == CAPMSG_ADDRESS_VOID)
		return 0;
	ret = capmsg_keep_invoked(view, address, CAPMSG_TYPE_NOTIFICATION,
				  CAPMSG_RIGHT_SEND, &notice->cap);
	if (ret)
		return ret;
	notice->bits = notice->cap.flags & CAPMSG_CAP_BADGED ?
		       notice->cap.badge : bits;
	return 0;
}
