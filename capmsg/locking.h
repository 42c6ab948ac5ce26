/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The locking rules of the whole module, and the lock classes they speak of.
 */
#ifndef CAPMSG_LOCKING_H
#define CAPMSG_LOCKING_H

#include <linux/lockdep.h>
#include <linux/spinlock.h>

/**
 * DOC: Locking
 *
 * Every object has one lock, a spinlock in its body, and each type has a lock
 * class of its own. Locks are taken downwards only::
 *
 *   level  lock                          guards
 *     1    body.lock of a watch          its notice; held while it attaches
 *                                        itself to what it watches
 *     2    body.lock of a message        the port that it is bound to
 *     3    body.lock of a port           posts, waiting senders; a frame is
 *                                        the port of one answer
 *     4    body.lock of a cappage        slots and reservations; two at once
 *                                        only in the order of addresses
 *     4    body.lock of a virtual object who waits for its handler, what that
 *                                        lets others know, and its notice
 *     5    body.lock of a region         the list of posts cut from it
 *     5    body.lock of a notification   its bits
 *     5    body.lock of a revoker        whether it is closed, who is told
 *     6    capmsg_account.lock           what a space pays for, what it was
 *                                        refused
 *     6    users_lock (account.c)        the table of users
 *     6    accounts_lock (account.c)     the list of accounts
 *     6    waits_lock (handler.c)        who waits for handlers
 *     6    exports_lock (export.c)       the list of exports
 *     7    capmsg_export_file.lock       the capability in an export
 *     7    capmsg_sender.lock            the capabilities in a cargo
 *     7    capmsg_memo.lock               what handlers have answered
 *     8    bind_lock (revoker.c)         what virtual objects are bound to
 *     -    wait queue locks, eventfds    (leaf: who is woken from there, an
 *                                        epoll at most, takes none of ours)
 *     -    scratch.lock (copy.c)         a buffer of this CPU; leaf, and held
 *                                        while user memory is read that may
 *                                        not be faulted in
 *     -    hook_lock (hooks.c)           which task is to stop where; leaf, in
 *                                        instrumented kernels only
 *
 * Two ports are never locked at once. But for scratch.lock no lock is held across
 * an access to user memory, and none at all across an allocation that may sleep,
 * a pin or a wait. So no lock of ours ever nests with mmap_lock.
 *
 * Spinlocks, because what happens under them is bounded and must not sleep: the
 * commit of a message runs under levels 3 to 5, and an instrumented kernel
 * proves on every run that it neither allocates nor touches user memory. No
 * global lock on that way, because a sender must not be able to slow a stranger's
 * port; those at level 6 are held for one step in a list, when a user, a space
 * or an export begins or ends, and by a sweep.
 *
 * A spinlock that is held is an RCU read section, with PREEMPT_RT as well. So
 * whoever changes what is looked at under one, such as a chain of revokers, and then
 * waits for a grace period knows that all who saw it as it was are done. See "DOC:
 * Revoking".
 *
 * Readers of slots take no lock: they read a slot under the seqcount of its
 * cappage, inside an RCU read section that keeps alive what they find.
 *
 * Field protection::
 *
 *   capmsg_object  refs, caps atomic; body RCU, cleared once; senders atomic, of a
 *                  port between 0 and 1 under body.lock, see "DOC: Senders";
 *                  the rest constant
 *   capmsg_user    refs, node: users_lock; counts atomic; kept: whoever sweeps,
 *                  without a lock, as it is a hint; the rest constant
 *   capmsg_account owned, n_owned, refusal: account.lock; stirred atomic
 *   capmsg_body    refs atomic; dead, tied, liens: body.lock, dead and tied read
 *                  without it as hints; owned: account.lock
 *   capmsg_cappage slots: written under body.lock and seq, read under seq
 *   capmsg_port    lists and counts: body.lock; limits constant
 *   capmsg_port_post  everything: the port's body.lock; but while CLAIMED the
 *                  buffer's bytes belong to the claimer, and while REAPING
 *                  the message belongs to the reaper
 *   capmsg_sender  post, done, served, alone, error, notice and its waiter, with
 *                  the lines: the port's body.lock; cancelled: whoever cancels,
 *                  read without a lock; the rest of the one thread that sends,
 *                  and constant while it waits
 *   capmsg_cargo   caps, as far as they are loaded: sender.lock
 *   capmsg_message rest: body.lock; port: written under it and the lock of
 *                  the port, so either keeps it; transmitted, lien: the
 *                  port's body.lock; busy atomic; cargo, length, max_caps: of
 *                  the one thread that is busy with it, and of the line
 *   capmsg_notification  bits: body.lock; the rest constant
 *   capmsg_revoker waiters: body.lock; closed: written under it, read under RCU;
 *                  next, bound: of a virtual object set once under bind_lock,
 *                  next read under RCU; the rest constant
 *   capmsg_virtual mints, no_senders: body.lock; cache: written under it and the
 *                  cache's seq, read under seq; the rest constant
 *   capmsg_handler everything but room: waits_lock; so are the links, since and id
 *                  of a capmsg_pending
 *   capmsg_gates   changes atomic; the rest is of who has joined
 *   capmsg_reservation through: body.lock of the cappage
 *   capmsg_notice  constant while what it is embedded in lives; dropped under
 *                  the lock under which it is signalled
 *   capmsg_frame   epoch, ask.question: body.lock of its port, read without it
 *                  as hints; ask.answer: the same lock while there is a question
 *   capmsg_memo    entries, as far as there are n: memo.lock; added by the task
 *                  whose operation it is; a sweep may make names in it void
 */

/* Lock classes of the bodies, by enum capmsg_type. */
extern struct lock_class_key capmsg_lock_keys[];

#endif /* CAPMSG_LOCKING_H */
