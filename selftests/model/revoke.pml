// SPDX-License-Identifier: GPL-2.0-only
/*
 * A model of revokers for Spin: a chain of two is revoked, closed and opened while
 * others walk through it, commit, wait at its gate, in line, or for a message. And the
 * count of senders through it. Documentation/capmsg/models.rst says what is modelled
 * and what is not; scripts/check-models runs it.
 *
 * A step is what the module does under one lock; the lock of the port is a variable, as
 * revoking takes none that others have. Names are those of the module. Each NO_x leaves
 * out one guard: "guard:" says what that is for, and which property fails without it.
 */

/* Revokers: what is derived came through BEHIND, and that through FRONT. */
#define FRONT		0
#define BEHIND		1

/* How much of it there is: scripts/check-models chooses, and says why. */
#ifndef SENDS
#define SENDS		0	/* a sender comes through the chain */
#endif
#ifndef STALLS
#define STALLS		0	/* another sender holds the post, and its page never comes */
#endif
#ifndef RECEIVES
#define RECEIVES	0	/* a receiver through the chain, and one that is not */
#endif
#ifndef COUNTS
#define COUNTS		0	/* capabilities to send are made and dropped */
#endif
#ifndef REVOKES
#define REVOKES		0	/* of either revoker, a bit each */
#endif
#ifndef CLOSES
#define CLOSES		0	/* and opens again */
#endif

/* Tasks. */
#define SENDER		0
#define THROUGH		1	/* receives through the chain */
#define PLAIN		2
#define TASKS		3

typedef revoker {
	bit gone;			/* object.body is NULL */
	bit closed;
	bit over;			/* REVOKE has returned */
	bit shut;			/* CLOSE has returned, and OPEN was not called */
	byte told;			/* who has joined, a bit each */
};
revoker revokers[2];

/* The port, with one post. */
#define POSTED		1
#define CLAIMED		2
#define FILLED		3
byte state = POSTED;
bit locked;
bit ripe;				/* the claim has lasted for long enough */
bit spurned;				/* and nobody could use it */

bit in_line;				/* the sender is */
bit timer;				/* it will look at the time of the claim */
bit sent;				/* committed */
byte received;

/* In an RCU read section. */
bit reading[TASKS];

/* Where a task sleeps: on a queue, exclusively or not. */
#define NOWHERE		0
#define ASLEEP		1
#define EXCLUSIVE	2
byte queue[TASKS];
bit awake[TASKS];
bit changed[TASKS];			/* capmsg_gates_changed() */
bit finished[TASKS];
bit revoking, closing;

bit every_wait_ends, revoked_is_over, closed_is_over, message_is_received_once,
    count_is_true;

#include "property.pml"

#define free		(!locked && !violated)

/* capmsg_gate_rcu(): the chain, from behind */
#define is_gone		(revokers[BEHIND].gone || revokers[FRONT].gone)
#define is_closed		(!is_gone && (revokers[BEHIND].closed || revokers[FRONT].closed))
#define is_open		(!is_gone && !is_closed)

/* --- waking ------------------------------ */

inline wake(task)
{
	if
	:: queue[task] != NOWHERE -> awake[task] = 1
	:: else
	fi
}

inline wake_up(task)
{
	queue[task] = NOWHERE;
	awake[task] = 0
}

/* capmsg_port_wake_locked(): one of those who wait exclusively, and all others */
inline wake_receivers()
{
	if
	:: queue[THROUGH] == ASLEEP -> awake[THROUGH] = 1
	:: else
	fi;
	if
	:: queue[THROUGH] == EXCLUSIVE && !awake[THROUGH] -> awake[THROUGH] = 1
	:: queue[PLAIN] == EXCLUSIVE && !awake[PLAIN] -> awake[PLAIN] = 1
	:: !(queue[THROUGH] == EXCLUSIVE && !awake[THROUGH]) &&
	   !(queue[PLAIN] == EXCLUSIVE && !awake[PLAIN])
	fi
}

/* --- gates ------------------------------ */

/*
 * capmsg_gates_join(): each revoker of the chain that lives, under its lock.
 * guard: NO_CHAIN, what comes before in the chain counts as well: every_wait_ends.
 */
inline join(task)
{
	changed[task] = 0;
	if
	:: atomic { revokers[BEHIND].gone }
	:: atomic {
		!revokers[BEHIND].gone ->
		revokers[BEHIND].told = revokers[BEHIND].told | (1 << task)
	   };
#ifndef NO_CHAIN
	   if
	   :: atomic { revokers[FRONT].gone }
	   :: atomic {
		!revokers[FRONT].gone ->
		revokers[FRONT].told = revokers[FRONT].told | (1 << task)
	      }
	   fi
#endif
	fi
}

/* capmsg_gates_leave(); and nobody is told any more. */
inline leave(task)
{
	revokers[BEHIND].told = revokers[BEHIND].told & ~(1 << task);
	revokers[FRONT].told = revokers[FRONT].told & ~(1 << task);
	changed[task] = 0
}

/* tell(): who has joined looks again */
inline tell(r, task)
{
	if
	:: (revokers[r].told >> task) & 1 -> changed[task] = 1; wake(task)
	:: else
	fi
}

/* tell_all() of a revoker that has changed; each of them, under its lock. */
inline tell_all(r)
{
	atomic { tell(r, SENDER) };
	atomic { tell(r, THROUGH) }
}

/*
 * synchronize_rcu(): who was in a read section when it began has left it.
 * guard: NO_GRACE, a commit may have looked before: revoked_is_over.
 */
inline grace_period()
{
#ifndef NO_GRACE
	!reading[SENDER];
	!reading[THROUGH];
	!reading[PLAIN]
#else
	skip
#endif
}

/* --- the port; its lock is held ------------------------------ */

/* commit_locked() */
inline commit()
{
	property(revoked_is_over, !revokers[FRONT].over && !revokers[BEHIND].over);
	property(closed_is_over, !revokers[FRONT].shut && !revokers[BEHIND].shut);
	state = FILLED;
	sent = 1;
	in_line = 0
}

/*
 * capmsg_port_enter_locked(), capmsg_port_look_locked(): look along the chain
 * and commit, in one read section, which the lock is.
 * guard: NO_GATE, it may have been closed since the port was found: closed_is_over.
 */
#ifdef NO_GATE
#define may_pass	true
#else
#define may_pass	is_open
#endif

inline lock(task)
{
	locked = 1;
	reading[task] = 1
}

inline unlock(task)
{
	locked = 0;
	reading[task] = 0
}

/*
 * capmsg_port_dispatch_locked(), and ask(): the way of who waits is looked at.
 * guard: NO_ASK, it may have been closed or revoked since: revoked_is_over.
 */
#ifdef NO_ASK
#define asks		in_line
#else
#define asks		(in_line && is_open)
#endif

inline dispatch(task)
{
	atomic { free -> state = POSTED; ripe = 0; spurned = 0; lock(task); offered = asks };
	atomic {
		if
		:: offered -> commit(); wake(SENDER); wake_receivers()
		:: else
		fi;
		unlock(task);
		offered = 0
	}
}

/* --- a sender through the chain ------------------------------ */

/* Steps of the sender. */
#define WALKS		0	/* step 2 */
#define AT_GATE		1	/* capmsg_gate_wait() */
#define ENTERS		2	/* step 4, with the lock */
#define COMMITS		3	/* step 6, in the same section */
#define LOOKS		4	/* wait_in_line(), with the lock */
#define PREPARES	5	/* sleep_in_line(): prepare_to_wait() */
#define SLEEPS		6	/* without the lock */
#define WAITS		7
#define LEAVES		8

/* capmsg_walk(), in a read section of its own */
inline walk()
{
	if
	:: is_gone -> does = LEAVES
	:: is_closed -> does = AT_GATE
	:: is_open -> does = ENTERS
	fi
}

/* capmsg_port_watch_locked(): the only one in line looks at the time. */
inline watch()
{
	timer = 0;
	if
	:: state == CLAIMED && !spurned && !ripe -> timer = 1
	:: state == CLAIMED && !spurned && ripe && is_open ->
		state = POSTED;
		ripe = 0
	:: state == CLAIMED && !spurned && ripe && !is_open -> spurned = 1
	:: else
	fi
}

/*
 * gates_look_locked(), capmsg_port_look_locked(), and capmsg_claim_offer_spurned_locked()
 * guard: NO_OFFER_SPURNED, a claim whose time was up while the way was closed can be
 * used now, and nobody will look at it again: every_wait_ends.
 */
inline look_at_gates()
{
	if
	:: changed[SENDER] ->
		changed[SENDER] = 0;
		if
		:: is_gone -> in_line = 0
#ifndef NO_OFFER_SPURNED
		:: is_open && spurned -> spurned = 0; state = POSTED; ripe = 0
#endif
		:: else
		fi
	:: else
	fi
}

#if SENDS
active proctype sender()
{
	byte does;

	do
	:: atomic { does == WALKS && !violated -> walk() }
	:: does == AT_GATE ->
		join(SENDER);
		do
		/* capmsg_gates_look() */
		:: atomic { is_closed && !violated -> changed[SENDER] = 0 };
		   atomic {
			if
			:: changed[SENDER]
			:: else -> queue[SENDER] = ASLEEP
			fi
		   };
		   atomic { (queue[SENDER] == NOWHERE || awake[SENDER]) -> wake_up(SENDER) }
		:: atomic { !is_closed -> break }
		od;
		atomic { leave(SENDER); does = WALKS }
	:: does == ENTERS ->
		join(SENDER);
		/* capmsg_port_enter_locked() */
		atomic {
			free ->
			lock(SENDER);
			if
			:: is_gone -> does = LEAVES; unlock(SENDER)
			:: !is_gone && state == POSTED && may_pass -> does = COMMITS
			:: else -> in_line = 1; does = LOOKS; unlock(SENDER)
			fi
		}
	:: atomic {
		does == COMMITS ->
		commit();
		wake_receivers();
		unlock(SENDER);
		does = LEAVES
	   }
	:: atomic {
		does == LOOKS && free ->
		look_at_gates();
		watch();
		if
		:: !in_line -> does = LEAVES
		:: in_line && state == POSTED && is_open -> lock(SENDER); does = COMMITS
		:: else -> lock(SENDER); does = PREPARES
		fi
	   }
	:: atomic {
		does == PREPARES ->
		queue[SENDER] = ASLEEP;
		unlock(SENDER);
		does = SLEEPS
	   }
	/*
	 * guard: NO_CHANGED, who changes the chain takes no lock of the port, and may
	 * have come when nobody was to be woken: every_wait_ends.
	 */
	:: atomic {
		does == SLEEPS ->
#ifndef NO_CHANGED
		if
		:: changed[SENDER] -> wake_up(SENDER); does = LOOKS
		:: else -> does = WAITS
		fi
#else
		does = WAITS
#endif
	   }
	:: atomic {
		does == WAITS && (awake[SENDER] || (timer && ripe)) ->
		wake_up(SENDER);
		does = LOOKS
	   }
	:: atomic {
		does == LEAVES ->
		leave(SENDER);
		timer = 0;
		finished[SENDER] = 1;
		does = WALKS;
		break
	   }
	od
}
#endif

#if STALLS
/* It claims the post, and then its page does not come, or is lost, or comes late. */
active proctype other_sender()
{
	bit offered;

	atomic { free && state == POSTED -> state = CLAIMED };
	if
	:: dispatch(PLAIN)
	:: true
	fi
}

active proctype clock()
{
	atomic { free && state == CLAIMED -> ripe = 1 }
}
#endif

/* --- receivers ------------------------------ */

inline take(task)
{
	received++;
	property(message_is_received_once, received <= 1);
	state = POSTED
}

#if RECEIVES
/* await(), of who is not concerned */
active proctype plain_receiver()
{
	do
	:: atomic { free && state == FILLED && queue[PLAIN] == NOWHERE -> take(PLAIN); break }
	:: atomic { free && state != FILLED && queue[PLAIN] == NOWHERE -> queue[PLAIN] = EXCLUSIVE }
	:: atomic { awake[PLAIN] -> wake_up(PLAIN) }
	od
}

/*
 * await(), through the chain: takes nothing while that is closed.
 * guard: NO_PASS_ON, it may have been woken alone, and leaves the message: every_wait_ends.
 */
active proctype through_receiver()
{
	bit was_in_line;
	byte where;

	join(THROUGH);
	do
	:: atomic {
		free && queue[THROUGH] == NOWHERE ->
		changed[THROUGH] = 0;
#ifndef NO_PASS_ON
		if
		:: !is_open && was_in_line && state == FILLED -> wake_receivers()
		:: else
		fi;
#endif
		if
		:: is_gone -> finished[THROUGH] = 1; break
		:: is_open && state == FILLED -> take(THROUGH); finished[THROUGH] = 1; break
		:: is_open && state != FILLED -> where = EXCLUSIVE
		/* Beside the line. */
		:: is_closed -> where = ASLEEP
		fi;
		was_in_line = (where == EXCLUSIVE);
		lock(THROUGH)
	   };
	   /* sleep_locked() */
	   atomic { queue[THROUGH] = where; unlock(THROUGH) };
	   if
#ifndef NO_CHANGED
	   :: atomic { changed[THROUGH] -> wake_up(THROUGH) }
#endif
	   :: atomic { awake[THROUGH] -> wake_up(THROUGH) }
	   fi
	od;
	atomic { leave(THROUGH); was_in_line = 0; where = 0 }
}

/* A message from somebody else. */
active proctype message()
{
	atomic { free && state == POSTED -> state = FILLED };
	atomic { wake_receivers() }
}
#endif

/* --- who changes the chain ------------------------------ */

#if REVOKES
/* capmsg_object_condemn(), capmsg_body_kill(), and the grace period of capmsg_unpublish() */
inline revoke(r)
{
	revokers[r].gone = 1;
	tell_all(r);
#if COUNTS
	give_back(r);
#endif
	grace_period();
	revokers[r].over = 1
}
#endif

/* --- counts of senders: "DOC: Senders" ------------------------------ */

#if COUNTS
/* Of capabilities through BEHIND, of which it is one at FRONT, and that one at the port. */
#define DEAD		100	/* SENDERS_OF_THE_DEAD: far away */
byte senders_behind = 1, senders_port = 1;
byte live = 1;				/* what would have to be counted */
bit behind_counts = 1;

/*
 * revoker_kill()
 * guard: NO_XCHG, what was counted before is given back once: count_is_true.
 */
inline give_back(r)
{
#ifdef NO_XCHG
	atomic { seen_count = senders_behind };
	atomic { senders_behind = DEAD };
#else
	atomic { seen_count = senders_behind; senders_behind = DEAD };
#endif
	atomic {
		if
		:: seen_count > 0 && seen_count < DEAD / 2 -> senders_port--
		:: else
		fi;
		seen_count = 0
	}
}

/*
 * capmsg_senders_inc(), revoker_first_sender()
 * guard: NO_SECOND, another one may have been first, or the revoker have died:
 * count_is_true.
 */
inline count()
{
	if
	:: atomic { senders_behind > 0 -> senders_behind++ }
	:: atomic { senders_behind == 0 && revokers[BEHIND].gone }
	:: atomic { senders_behind == 0 && !revokers[BEHIND].gone };
	   atomic { senders_port++ };
	   atomic { was = senders_behind; senders_behind++ };
#ifndef NO_SECOND
	   if
	   :: atomic { was != 0 -> senders_port-- }
	   :: else
	   fi
#endif
	fi;
	was = 0
}

/*
 * capmsg_senders_dec(), revoker_last_sender()
 * guard: NO_LAST, another one may have come, or the revoker have died, since this was
 * the last: count_is_true.
 */
inline uncount()
{
	if
	:: atomic { senders_behind != 1 -> senders_behind-- }
	:: atomic { senders_behind == 1 && revokers[BEHIND].gone }
	:: atomic { senders_behind == 1 && !revokers[BEHIND].gone };
	   atomic { senders_behind--; was = senders_behind };
#ifdef NO_LAST
	   atomic { senders_port-- }
#else
	   if
	   :: atomic { was == 0 -> senders_port-- }
	   :: else
	   fi
#endif
	fi;
	was = 0
}

/*
 * COPY, and CLEAR of the copy. What reads as void is neither counted nor uncounted
 * (capmsg_cap_drop()); what it counted was given back.
 */
active [2] proctype copier()
{
	byte was;
	bit counted;

	if
	:: atomic { !is_gone -> counted = 1 }; count()
	:: atomic { is_gone }
	fi;
	if
	:: atomic { counted && !is_gone }; uncount()
	:: atomic { !counted || is_gone }
	:: true -> atomic { counted -> live++ }
	fi;
	counted = 0
}

/* The first capability is dropped as well. */
active proctype first_one()
{
	byte was;

	if
	:: atomic { !is_gone -> live-- }; uncount()
	:: atomic { is_gone }
	fi
}
#endif

#if REVOKES
active proctype revoker_of_one()
{
#if COUNTS
	byte seen_count;
#endif

	revoking = 1;
	if
	:: REVOKES & 1 -> revoke(FRONT)
	:: REVOKES & 2 -> revoke(BEHIND)
	fi;
	revoking = 0
}
#endif

#if CLOSES
byte which;				/* is closed */

/* capmsg_revoker_set() */
active proctype closer()
{
	closing = 1;
	if
	:: which = FRONT
	:: which = BEHIND
	fi;
	revokers[which].closed = 1;
	tell_all(which);
	grace_period();
	revokers[which].shut = 1;
	atomic { revokers[which].shut = 0; revokers[which].closed = 0 };
	tell_all(which);
	closing = 0
}
#endif

/* --- the end ------------------------------ */

#define sender_over	(!SENDS || finished[SENDER])
#define message_over	(!RECEIVES || received || sent)
#define chain_over	(!revoking && !closing)

#ifdef LIVE
/* Somebody can always go on, so that fairness means something where nobody else can. */
active proctype idle()
{
	bit tick;

	do
	:: tick = 1 - tick
	od
}

ltl every_wait_ends_at_last { <> [] (sender_over && message_over && chain_over) }
#else
/* Nothing can go on. */
active proctype end()
{
	timeout;
	property(every_wait_ends, sender_over && message_over && chain_over);
#if COUNTS
	property(count_is_true, (senders_port == (is_gone || senders_behind == 0 -> 0 : 1)));
	property(count_is_true, is_gone || senders_behind == live)
#endif
}
#endif
