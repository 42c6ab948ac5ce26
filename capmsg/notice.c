// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notices: resolved once, by who asks for them (notify.h); signalled at most from
 * under the lock of a port, whatever memory there is.
 */
#include "notice.h"
#include "notification.h"

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
	/* It may stand in for a virtual one. */
	if (!capmsg_gate_gone(notice->cap.revoker))
		body = capmsg_cap_body_rcu(&notice->cap);
	if (body)
		given = capmsg_notification_signal(capmsg_notification_of(body),
						   notice->bits);
	rcu_read_unlock();
	return given;
}
