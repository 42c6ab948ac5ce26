// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notices: resolved once, by who asks for them; signalled at most from under the
 * lock of a port, whatever memory there is.
 */
#include "notice.h"
#include "notification.h"

/**
 * capmsg_notice_resolve() - prepare a notice
 * @view: the space that asks for it
 * @address: address of a notification, or CAPMSG_ADDRESS_VOID for no notice
 * @bits: bits to be set; through a badged capability its badge takes their place
 * @notice: the result; owns references, to be dropped by capmsg_notice_drop()
 *
 * Context: As capmsg_fetch().
 * Return: 0; -ENOENT; -EINVAL if the address names no notification; -EACCES
 * without SEND.
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

/**
 * capmsg_notice_signal() - give notice
 * @notice: the notice; may be none
 *
 * Goes nowhere if the notification was destroyed, or revoked from who asked for
 * the notice. It does not wait for a revoker that is closed.
 *
 * Context: Atomic context of whoever keeps the notice from being dropped; takes
 * the lock of the notification.
 * Return: true if it went somewhere.
 */
bool capmsg_notice_signal(const struct capmsg_notice *notice)
{
	struct capmsg_body *body = NULL;
	bool given = false;

	rcu_read_lock();
	if (!capmsg_cap_void_rcu(&notice->cap))
		body = rcu_dereference(notice->cap.object->body);
	if (body)
		given = capmsg_notification_signal(capmsg_notification_of(body),
						   notice->bits);
	rcu_read_unlock();
	return given;
}
