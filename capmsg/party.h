/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parties: whom a port tells apart among its senders. A party is a user, or one
 * badge of a user.
 */
#ifndef CAPMSG_PARTY_H
#define CAPMSG_PARTY_H

#include "account.h"

/**
 * struct capmsg_origin - the capability by which a sender has named its port
 */
struct capmsg_origin {
	/** @badge: its badge */
	u64 badge;
	/** @badged: it has one */
	bool badged;
};

/**
 * struct capmsg_party - a user and one of its badges
 */
struct capmsg_party {
	/** @user: the user, as the owner of the port sees it */
	struct capmsg_user *user;
	/** @origin: the badge */
	struct capmsg_origin origin;
};

/*
 * A user as another one sees it: who is in a user namespace that @seer is not in
 * counts as the owner of that namespace, so that namespaces do not multiply
 * anybody. Every chain of parents and of namespaces ends in the initial one.
 */
static inline struct capmsg_user *capmsg_user_seen(struct capmsg_user *user,
						   const struct capmsg_user *seer)
{
	const struct user_namespace *ns = seer->ns;

	while (user->ns != ns) {
		if (user->ns->level >= ns->level && user->parent)
			user = user->parent;
		else
			ns = ns->parent;
	}
	return user;
}

static inline int capmsg_user_compare(const struct capmsg_user *a,
				      const struct capmsg_user *b)
{
	return a == b ? 0 : a < b ? -1 : 1;
}

static inline int capmsg_party_compare(const struct capmsg_party *a,
				       const struct capmsg_party *b)
{
	int order = capmsg_user_compare(a->user, b->user);

	if (order)
		return order;
	if (a->origin.badged != b->origin.badged)
		return a->origin.badged - b->origin.badged;
	if (a->origin.badge == b->origin.badge)
		return 0;
	return a->origin.badge < b->origin.badge ? -1 : 1;
}

#endif /* CAPMSG_PARTY_H */
