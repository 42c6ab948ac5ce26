/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sweeping: what strangers still name of destroyed objects is taken from them.
 */
#ifndef CAPMSG_SWEEP_H
#define CAPMSG_SWEEP_H

#include "account.h"

/**
 * DOC: Sweeping
 *
 * A destroyed object leaves a tombstone for as long as anybody names it,
 * and its creator pays for it. A sweep goes through all that may hold names -
 * every body of every account, by the sweep of its type, and the exports - and
 * takes the names of tombstones away. It is the creator who sweeps, when it
 * creates something: a first time when a quarter of its quota, or of that of
 * an owner of its user namespaces, has become tombstones; and again when what
 * it creates is over the quota otherwise.
 *
 * What a sweep could not take away (the capability that a command has in its hands
 * at that moment) is left out of account until it is gone, and so is its part of
 * the quota. So many objects were destroyed for each sweep of the first kind, and
 * one of the second kind costs nobody but the user that is at its limit.
 *
 * Each creator sweeps by itself, without waiting for others who do, and takes
 * each lock for one step only: nobody can make another's sweep last longer, and
 * whoever creates nothing is not delayed.
 */

void capmsg_sweep_if_due(struct capmsg_user *user);
bool capmsg_sweep_for_quota(struct capmsg_user *user);

#endif /* CAPMSG_SWEEP_H */
