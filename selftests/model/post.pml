// SPDX-License-Identifier: GPL-2.0-only
/*
 * A model of the life of a post for Spin: posted, claimed, copied into in chunks, stolen,
 * committed, received, given back, unposted; and its landing table, or its port, dies
 * meanwhile. Documentation/capmsg/models.rst says what is modelled and what is not;
 * scripts/check-models runs it.
 *
 * A step is what the module does under the lock of the port, from lock to unlock, or
 * between two of these. Where it sleeps, and drops the lock for that, a step
 * waits in the middle. Names are those of the module. Each NO_x leaves out one guard:
 * "guard:" says what that is for, and which property fails without it.
 */

/* Tasks: senders, receivers, and those who take posts away. */
#ifndef SENDERS
#define SENDERS		3
#endif
#ifndef RECEIVERS
#define RECEIVERS	1
#endif
#define UNPOSTER	(SENDERS + RECEIVERS)
#define TABLE_KILLER	(UNPOSTER + 1)
#define PORT_KILLER	(UNPOSTER + 2)
#define TASKS		(UNPOSTER + 3)
#define NOBODY		15

#ifndef POSTS
#define POSTS		1
#endif

/* How much of it there is: scripts/check-models chooses, and says why. */
#ifndef SHORTS
#define SHORTS		4	/* which senders have a short message, a bit each */
#endif
#ifndef CARGOES
#define CARGOES		0	/* which of them send a capability */
#endif
#ifndef CHUNKS
#define CHUNKS		1	/* of a message that is not short */
#endif
#ifndef FAULTS
#define FAULTS		1	/* pages that are missing, for each sender */
#endif
#ifndef NEVER_COMES
#define NEVER_COMES	0	/* senders whose missing page may never come, a bit each */
#endif
#ifndef DELAYS
#define DELAYS		0	/* in which a sender does not run */
#endif
#ifndef SIGNALS
#define SIGNALS		0	/* whether sender 0 gets one */
#endif
#ifndef REFUSALS
#define REFUSALS	0	/* records that cannot be written */
#endif
#ifndef UNPOSTS
#define UNPOSTS		0	/* and POSTs after them: both count */
#endif
#ifndef TABLE_DIES
#define TABLE_DIES	0
#endif
#ifndef PORT_DIES
#define PORT_DIES	0
#endif

#define has(set, s)	(((set) >> (s)) & 1)
#define is_short(s)	has(SHORTS, s)
#define has_caps(s)	has(CARGOES, s)

/* The state of a post. */
#define IDLE		0
#define POSTED		1
#define CLAIMED		2
#define FILLED		3
#define REAPING		4

/* The cappage of its landing slots: one that may die, and one that does not. */
#define MORTAL		1
#define OTHER		2

typedef post {
	byte state = POSTED;
	byte claim = NOBODY;		/* whose claim */
	bit busy;
	byte wanted;
	bit ripe;			/* its claim has been stalled for long enough */
	bit buffer = 1;
	byte landing = MORTAL;
	bit armed = 1;
	bit bereft;
	byte from = NOBODY;		/* the message; NOBODY: told of the landing table */
};
post posts[POSTS];

bit table_dead, port_dead;

/* The line, a bit each, and who watches the time: any of those, see capmsg_lines. */
byte line;
byte watcher = NOBODY;

/* capmsg_port.watch */
#define NEVER		0
#define SOME_TIME	1
#define NOW		2
byte watch;

/* Where a task sleeps. */
#define NOWHERE		0
#define IN_LINE		1
#define IN_CALM		2
#define RECEIVING	3
byte queue[TASKS];
bit awake[TASKS];
bit timer[SENDERS];			/* it will look again by itself */
bit faulting[SENDERS];			/* it waits for a page */

/* Of a sender: done, and refused with an error. */
bit done[SENDERS], refused[SENDERS], signal[SENDERS];
bit finished[TASKS];
byte refusals = REFUSALS;

/* What only properties look at. */
bit received[SENDERS];
bit told[POSTS], lost[POSTS];		/* of the loss of its landing slots */

bit every_wait_ends, busy_post_is_left_alone, post_is_the_claimers,
    message_is_received_once, capabilities_have_a_place, reaped_post_is_the_reapers,
    loss_is_told;

#include "property.pml"

/* --- waking ------------------------------ */

inline wake(task, where)
{
	if
	:: queue[task] == where -> awake[task] = 1
	:: else
	fi
}

/* Until somebody wakes the task. */
inline sleep(task, where)
{
	queue[task] = where;
	awake[task];
	awake[task] = 0;
	queue[task] = NOWHERE
}

inline wake_calm()
{
	wake(UNPOSTER, IN_CALM);
	wake(TABLE_KILLER, IN_CALM);
	wake(PORT_KILLER, IN_CALM)
}

#define sleeps(r)	(queue[r] == RECEIVING && !awake[r])

/* One of them, as they wait exclusively. */
inline wake_receiver()
{
	if
	:: sleeps(SENDERS) -> awake[SENDERS] = 1
#if RECEIVERS > 1
	:: sleeps(SENDERS + 1) -> awake[SENDERS + 1] = 1
#endif
	:: else
	fi
}

/* --- the line ------------------------------ */

#define waits(s)	has(line, s)

/* capmsg_port_queue_locked() */
inline join_line(s)
{
	line = line | (1 << (s));
	if
	:: watcher == NOBODY -> watcher = s
	:: else
	fi
}

#if POSTS > 1
#define any_claimed	(posts[0].state == CLAIMED || posts[1].state == CLAIMED)
#else
#define any_claimed	(posts[0].state == CLAIMED)
#endif

inline next_watcher()
{
	if
	:: waits(0) -> watcher = 0
	:: waits(1) -> watcher = 1
#if SENDERS > 2
	:: waits(2) -> watcher = 2
#endif
	:: !line -> watcher = NOBODY
	fi
}

/*
 * leave(): somebody else watches the time from now on.
 * guard: NO_HAND_OVER, who does need not know that there is something to be watched
 * before it is told: every_wait_ends.
 */
inline leave_line(s)
{
	line = line & ~(1 << (s));
	if
	:: watcher == s ->
		watch = NEVER;
		next_watcher();
#ifndef NO_HAND_OVER
		if
		:: watcher != NOBODY && any_claimed ->
			watch = NOW;
			wake(watcher, IN_LINE)
		:: else
		fi
#endif
	:: else
	fi
}

/*
 * watch(): there is a claim whose time may be up before the watcher looks again.
 * guard: NO_WATCH, otherwise nobody looks at it who came before there was one:
 * every_wait_ends.
 */
inline tell_watcher()
{
#ifndef NO_WATCH
	if
	:: watcher != NOBODY && watch == NEVER -> watch = SOME_TIME; wake(watcher, IN_LINE)
	:: watcher != NOBODY && watch == SOME_TIME -> wake(watcher, IN_LINE)
	:: watcher == NOBODY || watch != NEVER
	fi
#else
	skip
#endif
}

/* --- a post; the lock of the port is held ------------------------------ */

#define alive(p)	(!(posts[p].landing == MORTAL && table_dead))

/*
 * capmsg_post_fits(). The table's lock is not held, so it may die right after this:
 * slip().
 */
#define fits(p, s)	(!posts[p].wanted && (is_short(s) || posts[p].buffer) && \
			 (!has_caps(s) || (posts[p].armed && alive(p))))

/* What the task that kills the table does under no lock of a port. */
inline slip()
{
	if
	:: TABLE_DIES && !table_dead -> table_dead = 1
	:: true
	fi
}

/* commit_locked(): step 6b */
inline commit(p, s)
{
	property(post_is_the_claimers, posts[p].claim == s ||
		 (posts[p].claim == NOBODY && posts[p].state == POSTED && is_short(s)));
	property(capabilities_have_a_place, !has_caps(s) || (posts[p].armed && alive(p)));
	property(message_is_received_once, !done[s]);
	posts[p].claim = NOBODY;
	posts[p].ripe = 0;
	posts[p].from = s;
	posts[p].state = FILLED;
	done[s] = 1
}

/*
 * capmsg_port_commit_locked(). Takes the table's lock: from here on it does not die.
 * guard: NO_READY, it may have died since the post was found to fit, or was claimed:
 * capabilities_have_a_place.
 */
inline commit_if_ready(p, s)
{
	slip();
	if
#ifndef NO_READY
	:: has_caps(s) && !(posts[p].armed && alive(p))
#endif
	:: else -> commit(p, s)
	fi
}

/* capmsg_port_claim_locked() */
inline claim_post(p, s)
{
	posts[p].state = CLAIMED;
	posts[p].claim = s;
	posts[p].ripe = 0
}

/* capmsg_port_give_locked() */
inline give(p, s)
{
	if
	:: is_short(s) -> commit_if_ready(p, s)
	:: else -> claim_post(p, s)
	fi
}

#define given(p, s)	(done[s] || posts[p].claim == s)

/* serve(); who was not given it because the table has died fits no longer. */
inline serve(p, s)
{
	give(p, s);
	if
	:: given(p, s) ->
		leave_line(s);
		wake(s, IN_LINE);
		if
		:: done[s] -> wake_receiver()
		:: else -> tell_watcher()
		fi
	:: else
	fi
}

#define takes(p, s)	(posts[p].state == POSTED && waits(s) && fits(p, s))

/* capmsg_port_dispatch_locked(). Turns are not modelled: whoever waits may be next. */
inline dispatch(p)
{
	do
	:: takes(p, 0) -> serve(p, 0)
	:: takes(p, 1) -> serve(p, 1)
#if SENDERS > 2
	:: takes(p, 2) -> serve(p, 2)
#endif
	:: else -> break
	od
}

/*
 * capmsg_claim_take_locked()
 * guard: NO_CALM and NO_BUSY, of those who call it, keep them from doing so while a chunk
 * is copied: busy_post_is_left_alone.
 */
inline take_claim(p)
{
	property(busy_post_is_left_alone, !posts[p].busy);
	posts[p].claim = NOBODY;
	posts[p].ripe = 0;
	posts[p].state = POSTED
}

/*
 * capmsg_claim_drop_locked()
 * guard: NO_DISPATCH, those who wait are not told again of what is posted:
 * every_wait_ends.
 */
inline drop_claim(p, s)
{
	if
	:: posts[p].claim == s ->
		take_claim(p);
#ifndef NO_DISPATCH
		dispatch(p)
#endif
	:: else
	fi
}

#ifdef NO_BUSY
#define stalled(p)	(posts[p].state == CLAIMED && posts[p].ripe)
#else
#define stalled(p)	(posts[p].state == CLAIMED && posts[p].ripe && \
			 !posts[p].busy && !posts[p].wanted)
#endif

#if SENDERS > 2
#define wanted_by_some(p)	((waits(0) && fits(p, 0)) || (waits(1) && fits(p, 1)) || \
				 (waits(2) && fits(p, 2)))
#else
#define wanted_by_some(p)	((waits(0) && fits(p, 0)) || (waits(1) && fits(p, 1)))
#endif

/*
 * offer_claimed()
 * guard: NO_STEAL, a page may never come: every_wait_ends.
 */
inline offer_claimed(p)
{
#ifndef NO_STEAL
	if
	:: wanted_by_some(p) -> take_claim(p); dispatch(p)
	:: else
	fi
#else
	skip
#endif
}

/* steal(), of a newcomer, one post */
inline steal(p, s)
{
	if
	:: !given(p, s) && stalled(p) && fits(p, s) ->
		join_line(s);
		offer_claimed(p)
	:: else
	fi
}

/*
 * capmsg_port_calm_locked(). The lock is dropped while it sleeps; nobody may have the post
 * meanwhile, and no chunk follows.
 */
inline calm(p, task)
{
#ifndef NO_CALM
	if
	:: posts[p].busy ->
		posts[p].wanted++;
		do
		:: posts[p].busy -> sleep(task, IN_CALM)
		:: else -> break
		od;
		posts[p].wanted--
	:: else
	fi
#else
	skip
#endif
}

/* offer_locked(): nobody was given the post while it was wanted. */
inline offer(p)
{
	dispatch(p)
}

/* bounce_locked() */
inline bounce(p)
{
	posts[p].bereft = 0;
	posts[p].from = NOBODY;
	posts[p].state = FILLED;
	wake_receiver()
}

/* capmsg_port_dress(), if it may: another buffer, and landing slots elsewhere. */
#define may_dress(p)	(posts[p].state == IDLE || posts[p].state == POSTED)

inline dress(p)
{
	posts[p].buffer = 1;
	posts[p].landing = OTHER;
	posts[p].armed = 1;
	posts[p].bereft = 0;
	posts[p].state = POSTED;
	dispatch(p)
}

/* capmsg_post_strip() */
inline strip(p)
{
	posts[p].buffer = 0;
	posts[p].landing = 0;
	posts[p].armed = 0;
	posts[p].bereft = 0
}

/* --- senders ------------------------------ */

#define LAST		(POSTS - 1)

/* What a sender does next: the steps of a transfer. */
#define CLAIMS		0	/* step 4; step 6 of a short message */
#define BEGINS		1	/* step 5: a chunk */
#define COPIES		2
#define FAULTS_IN	3
#define COMMITS		4	/* step 6 */
#define GIVES_UP	5
#define WAKES		6	/* step 7 */

/*
 * capmsg_port_enter_locked(), and capmsg_claim_steal_locked()
 * guard: NO_DEAD, who kills the port has refused those who waited, and will not do so
 * again: every_wait_ends.
 */
inline enter()
{
	if
#ifndef NO_DEAD
	:: port_dead -> refused[_pid] = 1
#endif
	:: else ->
		do
		:: posts[0].state == POSTED && fits(0, _pid) && !given(0, _pid) ->
			give(0, _pid);
			at = 0
#if POSTS > 1
		:: posts[1].state == POSTED && fits(1, _pid) && !given(0, _pid) ->
			give(1, _pid);
			at = 1
#endif
		:: given(0, _pid) || given(LAST, _pid) -> break
		:: else ->
			steal(0, _pid);
#if POSTS > 1
			steal(1, _pid);
#endif
			if
			:: waits(_pid) -> leave_line(_pid)
			:: else
			fi;
			break
		od
	fi
}

/* capmsg_port_watch_locked(), one post */
inline look_at(p)
{
	if
	:: stalled(p) -> offer_claimed(p)
	:: posts[p].state == CLAIMED && !stalled(p) && watch == NEVER -> watch = SOME_TIME
	:: else
	fi
}

inline look_at_claims()
{
	if
	:: watcher == _pid ->
		watch = NEVER;
		look_at(0);
#if POSTS > 1
		look_at(1);
#endif
		timer[_pid] = (watcher == _pid && watch != NEVER)
	:: else -> timer[_pid] = 0
	fi
}

#define in_vain(s)	(!given(0, s) && !given(LAST, s) && !refused[s])

/*
 * The time of a timer is up when that of a claim is. In between there is nothing to be
 * seen.
 */
#define look_is_due	(stalled(0) || stalled(LAST) || !any_claimed)

/* wait_in_line(). What it was given may be gone again when it runs. */
inline wait_in_line()
{
	if
	:: in_vain(_pid) && signal[_pid] -> does = GIVES_UP
	:: in_vain(_pid) && !signal[_pid] ->
		join_line(_pid);
		do
		:: waits(_pid) ->
			look_at_claims();
			if
			:: waits(_pid) && signal[_pid] -> leave_line(_pid); does = GIVES_UP
			:: waits(_pid) && !signal[_pid] ->
				queue[_pid] = IN_LINE;
				awake[_pid] || signal[_pid] || (timer[_pid] && look_is_due);
				awake[_pid] = 0;
				timer[_pid] = 0;
				queue[_pid] = NOWHERE
			:: !waits(_pid)
			fi
		:: else -> break
		od
	:: else
	fi
}

/* Which post it is, if it was given by somebody else. */
inline find_claim()
{
	if
	:: posts[0].claim == _pid -> at = 0
	:: posts[LAST].claim == _pid -> at = LAST
	:: else
	fi
}

/* capmsg_transfer_enter() */
inline get_post()
{
	does = BEGINS;
	enter();
	wait_in_line();
	find_claim();
	if
	:: done[_pid] -> does = WAKES
	:: !done[_pid] && refused[_pid] -> break
	:: else
	fi
}

/*
 * capmsg_claim_begin_locked()
 * guard: NO_MINE, the claim may be gone: post_is_the_claimers.
 * guard: NO_WANTED, there is no next chunk while somebody waits for the end of this
 * one: busy_post_is_left_alone.
 */
inline begin_chunk()
{
	if
#ifndef NO_MINE
	:: posts[at].claim != _pid || port_dead -> does = GIVES_UP
#endif
#ifndef NO_WANTED
	:: posts[at].wanted && posts[at].claim == _pid && !port_dead -> does = GIVES_UP
#endif
	:: else ->
		property(post_is_the_claimers, posts[at].claim == _pid);
		property(busy_post_is_left_alone, !posts[at].wanted);
		posts[at].busy = 1;
		does = COPIES
	fi
}

/*
 * Bytes go into the buffer; nothing is got if a page is missing. Then
 * capmsg_claim_end_locked().
 * guard: NO_CALL, who waits for the end of the chunk is told: every_wait_ends.
 */
inline copy_chunk()
{
	property(busy_post_is_left_alone, posts[at].state == CLAIMED &&
		 posts[at].claim == _pid && posts[at].buffer);
	if
	:: faults -> faults--; faulting[_pid] = 1; does = FAULTS_IN
	:: true -> posts[at].ripe = 0; chunks++; does = BEGINS
	fi;
	posts[at].busy = 0;
	if
	:: does == BEGINS && signal[_pid] -> does = GIVES_UP
	:: does == BEGINS && !signal[_pid] && chunks == CHUNKS -> does = COMMITS
	:: else
	fi;
	tell_watcher();
#ifndef NO_CALL
	wake_calm()
#endif
}

/*
 * capmsg_claim_commit_locked(), or capmsg_claim_drop_locked(), and again if it was the
 * claim that was lost
 * guard: NO_CLAIM, it may have been taken away since the last chunk:
 * post_is_the_claimers.
 */
inline commit_or_drop()
{
	if
#ifdef NO_CLAIM
	:: does == COMMITS && !port_dead -> commit_if_ready(at, _pid)
#else
	:: does == COMMITS && !port_dead && posts[at].claim == _pid -> commit_if_ready(at, _pid)
#endif
	:: else
	fi;
	chunks = 0;
	if
	:: done[_pid] -> does = WAKES
	:: else ->
		drop_claim(at, _pid);
		if
		:: signal[_pid] -> break
		:: else -> does = CLAIMS
		fi
	fi
}

/* SEND */
active [SENDERS] proctype sender() provided (!violated)
{
	byte does, chunks, at, faults = FAULTS;

	do
	:: atomic { does == CLAIMS -> get_post() }
	:: atomic { does == BEGINS -> begin_chunk() }
	:: atomic { does == COPIES -> copy_chunk() }
	/* fault_in(), which takes as long as who serves the page likes. */
	:: atomic {
		does == FAULTS_IN && !has(NEVER_COMES, _pid) ->
		faulting[_pid] = 0;
		does = (signal[_pid] -> GIVES_UP : BEGINS)
	   }
	:: atomic { does == COMMITS || does == GIVES_UP -> commit_or_drop() }
	:: atomic { does == WAKES -> wake_receiver(); break }
	od;
	atomic {
		finished[_pid] = 1;
		does = 0;
		chunks = 0;
		at = 0;
		faults = 0
	}
}

/* --- receivers ------------------------------ */

#define AWAITS		0
#define RECORDS		1
#define REPOSTS		2
#define LEAVES		3

#define filled(p)	(posts[p].state == FILLED)

/* await(), with capmsg_port_reap_locked() and sleep_locked() */
inline await()
{
	do
	:: filled(0) -> posts[0].state = REAPING; at = 0; does = RECORDS; break
#if POSTS > 1
	:: filled(1) -> posts[1].state = REAPING; at = 1; does = RECORDS; break
#endif
	:: !filled(0) && !filled(LAST) && port_dead -> does = LEAVES; break
	:: !filled(0) && !filled(LAST) && !port_dead -> sleep(_pid, RECEIVING)
	od
}

/* kill_post(), of who kills the port, or of the reaper that it has left the post to */
inline kill_post(p, task)
{
	calm(p, task);
	if
	:: posts[p].state == CLAIMED -> take_claim(p)
	:: else
	fi;
	if
#ifndef NO_REAPING
	/* guard: NO_REAPING, a reaper looks at its post: reaped_post_is_the_reapers. */
	:: posts[p].state == REAPING
#endif
	:: else -> posts[p].state = IDLE; posts[p].from = NOBODY; strip(p)
	fi
}

/*
 * capmsg_port_unreap(): the command fails, and the message stays.
 * guard: NO_UNREAP, somebody else may wait for it: every_wait_ends.
 */
inline unreap()
{
	property(reaped_post_is_the_reapers, posts[at].state == REAPING);
	refusals--;
	if
	:: port_dead -> retire()
	:: else ->
		posts[at].state = FILLED;
#ifndef NO_UNREAP
		wake_receiver()
#endif
	fi;
	does = LEAVES
}

/* What it has told its caller of. */
inline record()
{
	if
	:: posts[at].from != NOBODY ->
		property(message_is_received_once,
			 done[posts[at].from] && !received[posts[at].from]);
		received[posts[at].from] = 1
	:: else -> told[at] = 1
	fi
}

/* Is it a short message without capabilities? */
#define takes_another(p)	(posts[p].from != NOBODY && is_short(posts[p].from) && \
				 !has_caps(posts[p].from))

/*
 * capmsg_port_retire()
 * guard: NO_BEREFT, the landing table may have died while the message was received:
 * loss_is_told.
 */
inline retire()
{
	property(reaped_post_is_the_reapers, posts[at].state == REAPING);
	if
	:: port_dead -> posts[at].state = IDLE; kill_post(at, _pid)
#ifndef NO_BEREFT
	:: !port_dead && takes_another(at) && posts[at].bereft -> bounce(at)
#endif
	:: else ->
		if
		:: takes_another(at) ->
			posts[at].from = NOBODY;
			posts[at].state = POSTED;
			dispatch(at)
		:: else ->
			posts[at].from = NOBODY;
			posts[at].state = IDLE;
			posts[at].armed = 0
		fi
	fi
}

/*
 * capmsg_port_repost(); or POST, if that is refused for what the post has lost, or its
 * receiver knows that already.
 */
inline repost()
{
	if
	:: port_dead || posts[at].state != IDLE
	:: else ->
		if
		:: posts[at].bereft || !alive(at) -> told[at] = 1; dress(at)
		:: !posts[at].bereft && !posts[at].landing -> dress(at)
		:: else ->
			posts[at].armed = 1;
			posts[at].state = POSTED;
			dispatch(at)
		fi
	fi;
	does = AWAITS
}

/* RECV, again and again; it leaves when its record cannot be written. */
active [RECEIVERS] proctype receiver() provided (!violated)
{
	byte at, does;

	do
	:: atomic { does == AWAITS -> at = 0; await() }
	:: atomic { does == RECORDS && refusals -> unreap() }
	:: atomic { does == RECORDS -> record(); does = REPOSTS; retire() }
	:: atomic { does == REPOSTS -> repost() }
	:: atomic { does == LEAVES -> at = 0; finished[_pid] = 1; break }
	od
}

/* --- those who take posts away ------------------------------ */

#if UNPOSTS
/* capmsg_port_unpost(), and capmsg_port_dress() as soon as that is possible */
inline unpost(p)
{
	calm(p, UNPOSTER);
	if
	:: !port_dead && posts[p].state == CLAIMED -> take_claim(p)
	:: else
	fi;
	if
	:: !port_dead && may_dress(p) -> strip(p); posts[p].state = POSTED
	:: else
	fi;
	if
	:: posts[p].state == POSTED -> offer(p)
	:: else
	fi
}

active proctype unposter() provided (!violated)
{
	byte n = UNPOSTS;

	do
	:: atomic { n && n % 2 == 0 -> n--; unpost(LAST) }
	:: atomic {
		n % 2 == 1 && (may_dress(LAST) || port_dead) ->
		n--;
		if
		:: port_dead
		:: else -> dress(LAST)
		fi
	   }
	:: atomic { !n -> finished[UNPOSTER] = 1; break }
	od
}
#endif

#if TABLE_DIES
/* landing_lost() */
inline lose_landing(p)
{
	if
	:: posts[p].landing == MORTAL -> calm(p, TABLE_KILLER)
	:: else
	fi;
	if
	:: posts[p].landing == MORTAL ->
		if
		:: posts[p].state == CLAIMED -> take_claim(p)
		:: else
		fi;
		posts[p].landing = 0;
		posts[p].armed = 0;
		posts[p].bereft = 1;
		lost[p] = 1;
		told[p] = 0;
		if
		:: posts[p].state == POSTED && !port_dead -> bounce(p)
		:: else
		fi
	:: else
	fi;
	if
	:: posts[p].state == POSTED && !port_dead -> offer(p)
	:: else
	fi
}

/* capmsg_body_kill() of the cappage; its liens, one by one */
active proctype table_killer() provided (!violated)
{
	table_dead = 1;
	atomic { lose_landing(0) };
#if POSTS > 1
	atomic { lose_landing(1) };
#endif
	finished[TABLE_KILLER] = 1
}
#endif

#if PORT_DIES
inline refuse(s)
{
	if
	:: waits(s) -> leave_line(s); refused[s] = 1; wake(s, IN_LINE)
	:: else
	fi
}

/* capmsg_body_kill() of the port, and capmsg_port_kill() */
active proctype port_killer() provided (!violated)
{
	port_dead = 1;
	atomic {
		refuse(0);
		refuse(1);
#if SENDERS > 2
		refuse(2);
#endif
		wake(SENDERS, RECEIVING);
		wake(UNPOSTER - 1, RECEIVING)
	};
	atomic { kill_post(0, PORT_KILLER) };
#if POSTS > 1
	atomic { kill_post(1, PORT_KILLER) };
#endif
	finished[PORT_KILLER] = 1
}
#endif

/* --- from outside ------------------------------ */

#if SIGNALS
active proctype signals() provided (!violated)
{
	signal[0] = 1
}
#endif

#define not_ripe(p)	(posts[p].state == CLAIMED && !posts[p].busy && !posts[p].ripe)

/*
 * The steal delay of a claim is over: its sender waits for a page, or has not run for
 * so long. If the latter went on for ever nobody could say that anything ends.
 */
active proctype clock() provided (!violated)
{
	byte n = DELAYS;

	do
	:: atomic { not_ripe(0) && faulting[posts[0].claim] -> posts[0].ripe = 1 }
	:: atomic { n && not_ripe(0) -> n--; posts[0].ripe = 1 }
#if POSTS > 1
	:: atomic { not_ripe(1) && faulting[posts[1].claim] -> posts[1].ripe = 1 }
	:: atomic { n && not_ripe(1) -> n--; posts[1].ripe = 1 }
#endif
	od
}

#define sender_over(s)	(finished[s] || has(NEVER_COMES, s))

#if SENDERS > 2
#define senders_over	(sender_over(0) && sender_over(1) && sender_over(2))
#else
#define senders_over	(sender_over(0) && sender_over(1))
#endif

/* Nobody waits but receivers, if nothing is there for them. */
#define nobody_waits	(senders_over && !line && (!UNPOSTS || finished[UNPOSTER]) &&	\
			 (!TABLE_DIES || finished[TABLE_KILLER]) &&			\
			 (!PORT_DIES || finished[PORT_KILLER]) &&			\
			 !posts[0].wanted && !posts[LAST].wanted &&			\
			 !filled(0) && !filled(LAST) &&					\
			 posts[0].state != REAPING && posts[LAST].state != REAPING &&	\
			 (!PORT_DIES || (finished[SENDERS] && finished[UNPOSTER - 1])))

#define was_told(p)	(!lost[p] || told[p] || port_dead || posts[p].landing == OTHER)
#define got(s)		(!done[s] || received[s] || port_dead)

#ifdef LIVE
/* Somebody can always go on, so that fairness means something where nobody else can. */
active proctype idle()
{
	bit tick;

	do
	:: tick = 1 - tick
	od
}

ltl every_wait_ends_at_last { <> [] nobody_waits }
#else
/* Nothing can go on. */
active proctype end()
{
	timeout;
	property(loss_is_told, was_told(0) && was_told(LAST));
	property(every_wait_ends, nobody_waits);
	property(message_is_received_once, got(0) && got(1) && got(SENDERS - 1))
}
#endif
