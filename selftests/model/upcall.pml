// SPDX-License-Identifier: GPL-2.0-only
/*
 * A model of upcalls for Spin: who asks, who answers, and all that may end it
 * meanwhile. Two senders and two handlers, of which each may ask the other one
 * while it has a question of its own to answer. Documentation/capmsg/models.rst says
 * what is modelled and what is not; scripts/check-models runs it.
 *
 * What the module does under one lock is one atomic step. A lock is a variable only
 * where something that does not take it can come in between. Names are those of the
 * module. Each NO_x leaves out one guard: "guard:" says what that is for, and which
 * property fails without it.
 */

/* Tasks: the senders, then the only thread of each handler. So are their frames. */
#define SENDERS		2
#define HANDLERS	2
#define TASKS		4
#define THREAD(h)	((h) + SENDERS)
#define NOBODY		15

/* CAPMSG_UPCALLS_MAX: as few as the longest address of this model needs. */
#define UPCALLS_MAX	2

/* How much of it there is: scripts/check-models chooses, and says why. */
#ifndef EVENTS
#define EVENTS		0	/* that come from outside: abort, signal, destroy, kill */
#endif
#ifndef STRAYS
#define STRAYS		0	/* answers and drops by another thread, at any time later */
#endif
#ifndef NESTED
#define NESTED		0	/* how often each handler may ask the other one */
#endif
#ifndef PATH
#define PATH		3	/* the objects that sender 0 meets, a bit each */
#endif
#ifndef SECOND
#define SECOND		0	/* whether it then looks up something else */
#endif

/* The state of a post. */
#define IDLE		0
#define POSTED		1
#define CLAIMED		2
#define FILLED		3

/* What has become of a walk, or of an upcall. */
#define GOES_ON		0
#define PORT_LOCKED	1	/* the task has that lock, and is going to sleep */
#define FRAME_LOCKED	2
#define VALUE		3	/* the answer is a capability */
#define RETRY		4	/* or that it is there now */
#define VOID		5	/* ENOENT */
#define AGAIN		6	/* ERESTARTSYS */
#define LOOP		7	/* ELOOP */
#define DEADLOCK	8	/* EDEADLK */

/* Where a task sleeps. */
#define NOWHERE		0
#define IN_LINE		1	/* sender.wait */
#define FOR_ANSWER	2	/* the receivers of its frame */

typedef frame {
	byte epoch;
	byte state;			/* of its post */
	bit locked;
	bit question;
	bit pipe;			/* its post has the error EPIPE */
	byte lien = NOBODY;		/* on this virtual object */
	byte waits_for = NOBODY;	/* pending at this handler */
	bit cancelled;
	bit done;			/* the upcall is in a post of the handler's */
	bit refused;			/* out of the line: the port is dead */
	byte queue;			/* where its task sleeps, or is going to */
	bit awake;
	bit signal;
	/* What only properties look at. */
	byte asked;			/* epoch of the upcall that is asked now */
	bit accepted;			/* that is answered */
	bit aborted;			/* somebody has ended that */
};
frame frames[TASKS];

/* The port of a handler, of depth 1. */
typedef port {
	byte state = POSTED;
	bit locked;
	bit dead;
	byte claim = NOBODY;		/* whose claim */
	byte from = NOBODY;		/* the frame of the upcall in the post */
	byte epoch;			/* and its epoch: the reply right */
	bit right;			/* reaped, and the right is still there */
	byte line;			/* tasks that wait, a bit each */
};
port ports[HANDLERS];

/* A virtual object; handler h plays object h. */
typedef virtual {
	bit gone;			/* reads as void */
	bit dead;
};
virtual virtuals[HANDLERS];

/*
 * A right as it was found, by the thread of each handler and by another thread: it
 * may be over when that is used.
 */
byte from[HANDLERS] = NOBODY, epoch[HANDLERS];
byte stray_from = NOBODY, stray_epoch;
bit stray_drops;
byte strays = STRAYS;

bit finished[TASKS];
bit killed[HANDLERS];
byte events = EVENTS;
byte owed = NOBODY;			/* whose upcall is ended from outside only */

/*
 * The properties. Nothing goes on where one is violated, so that a mutant is known
 * by what it violates first.
 */
bit every_wait_ends, own_upcall_is_ended, answer_is_used_once, error_has_a_cause,
    upcalls_are_bounded, post_is_the_claimers;
bit violated;

#define property(name, holds)			\
	if					\
	:: violated || (holds)			\
	:: else -> violated = 1; assert(name)	\
	fi

/* Nobody else has the lock of a port, of a frame. */
#define port_free(p)	(!ports[p].locked && !violated)
#define frame_free(f)	(!frames[f].locked && !violated)

/* --- waking ---------------------------------------------------------------------- */

inline wake(f, where)
{
	if
	:: frames[f].queue == where -> frames[f].awake = 1
	:: else
	fi
}

inline wake_both(f)
{
	if
	:: frames[f].queue != NOWHERE -> frames[f].awake = 1
	:: else
	fi
}

#define woken(me)	(frames[me].awake || frames[me].signal)

/* --- a handler's port; its lock is held -------------------------------------------- */

#define waits(p, f)	(ports[p].line & (1 << (f)))

inline leave_line(p, f)
{
	ports[p].line = ports[p].line & ~(1 << (f))
}

/* Step 6b of an upcall. */
inline commit(p, f)
{
	ports[p].state = FILLED;
	ports[p].from = f;
	ports[p].epoch = frames[f].epoch;
	frames[f].done = 1
}

inline serve(p, f)
{
	leave_line(p, f);
	commit(p, f);
	wake(f, IN_LINE)
}

/* Turns are not modelled: whoever waits may be next. */
inline post(p)
{
	ports[p].from = NOBODY;
	ports[p].epoch = 0;
	ports[p].state = POSTED;
	if
	:: waits(p, 0) -> serve(p, 0)
	:: waits(p, 1) -> serve(p, 1)
	:: waits(p, 2) -> serve(p, 2)
	:: waits(p, 3) -> serve(p, 3)
	:: !ports[p].line
	fi
}

/* capmsg_claim_take_locked(), and who waits gets the post. */
inline take_claim(p)
{
	ports[p].claim = NOBODY;
	post(p)
}

/* --- ends of an upcall, under the lock of its frame --------------------------------- */

/*
 * answer_locked(). The answer that is accepted closes what is open: another epoch, no
 * question, a post that is FILLED. Each of these would do alone.
 * guard: NO_CLOSE, two threads may have found the same right: answer_is_used_once.
 * guard: NO_EPOCH, that an answer was waited for was seen before the lock was taken:
 * the upcall may be over by now, and the next one asked: own_upcall_is_ended.
 */
#ifdef NO_CLOSE
#define answerable(f, e)	(frames[f].epoch == (e))
#elif defined(NO_EPOCH)
#define answerable(f, e)	(frames[f].question && frames[f].state == POSTED)
#else
#define answerable(f, e)	(frames[f].epoch == (e) && frames[f].question && \
				 frames[f].state == POSTED)
#endif

inline accept(f, e)
{
	property(own_upcall_is_ended, frames[f].asked == e);
	property(answer_is_used_once, !frames[f].accepted);
	frames[f].accepted = 1;
	frames[f].state = FILLED;
#ifndef NO_CLOSE
	frames[f].question = 0;
	frames[f].epoch = e + 1
#endif
}

/* capmsg_upcall_answer(). What an answer says is chosen when that is read. */
inline reply(f, e, ok)
{
	ok = answerable(f, e);
	if
	:: ok -> accept(f, e)
	:: else
	fi
}

/*
 * frame_dropped(), after capmsg_cap_drop() has seen, without the lock, that the right
 * does not read as void.
 * guard: NO_DROP_EPOCH, it may do so by now: own_upcall_is_ended.
 */
#ifdef NO_DROP_EPOCH
#define droppable(f, e)		(frames[f].state != FILLED)
#else
#define droppable(f, e)		(frames[f].epoch == (e) && frames[f].state != FILLED)
#endif

inline drop(f, e)
{
	if
	:: droppable(f, e) ->
		property(own_upcall_is_ended, frames[f].asked == e);
		frames[f].epoch = e + 1;
		frames[f].pipe = 1;
		frames[f].state = FILLED;
		wake(f, FOR_ANSWER)
	:: else
	fi
}

#define reads_void(f, e)	(frames[f].epoch != (e))

/* --- asking -------------------------------------------------------------------------- */

/*
 * stuck_locked(): the only declared receiver of the port is who asks, or waits for a
 * port of which that is true.
 */
#define stuck(me, h)	(!finished[THREAD(h)] && (THREAD(h) == me || \
			 (frames[THREAD(h)].waits_for == 1 - (h) && \
			  !finished[THREAD(1 - (h))] && THREAD(1 - (h)) == me)))

#define known_epoch(f)	(ports[0].from == f || ports[1].from == f || \
			 from[0] == f || from[1] == f || stray_from == f)

/*
 * Epochs are compared with each other only. Where nobody knows an old one they begin
 * again, so that what is long over makes no difference.
 */
inline forget_epochs(f)
{
	if
	:: !known_epoch(f) -> frames[f].epoch = 0
	:: else
	fi
}

/* capmsg_frame_open_locked() */
inline open(me)
{
	forget_epochs(me);
	frames[me].epoch++;
	frames[me].asked = frames[me].epoch;
	frames[me].question = 1;
	frames[me].state = POSTED
}

/*
 * attach(), capmsg_pending_add() and capmsg_frame_open_locked(): nobody can tell
 * whether they are one step.
 */
inline begin_upcall(me, h, result)
{
	if
#ifndef NO_DEAD
	/*
	 * guard: NO_DEAD, who has killed the object has looked for those who wait, and
	 * will not do so again: every_wait_ends.
	 */
	:: virtuals[h].dead -> result = VOID
#endif
#if !defined(NO_EDEADLK) && !defined(NO_ONE_LOCK)
	/* guard: NO_EDEADLK, handlers would wait for each other: every_wait_ends. */
	:: stuck(me, h) -> result = DEADLOCK
#endif
	:: else ->
		frames[me].lien = h;
		frames[me].waits_for = h;
		open(me)
	fi
}

/* capmsg_port_enter_locked(), and the line */
inline enter(me, h, result)
{
	if
	:: ports[h].dead -> result = VOID
	:: !ports[h].dead && ports[h].state == POSTED -> commit(h, me)
	:: !ports[h].dead && ports[h].state != POSTED && frames[me].signal -> result = AGAIN
	:: else -> ports[h].line = ports[h].line | (1 << me)
	fi
}

/* Its object is dead, or somebody has aborted this upcall, and no other one. */
inline give_up(me, h, result)
{
	property(error_has_a_cause, frames[me].aborted || virtuals[h].gone);
	result = VOID
}

/*
 * Once round in wait_in_line(). That the time of a claim may be up at any time is in
 * when this step is made.
 */
inline look_in_line(me, h, result)
{
	if
	:: frames[me].refused -> result = VOID
	:: !frames[me].refused && frames[me].cancelled ->
		leave_line(h, me);
		give_up(me, h, result)
	:: !frames[me].refused && !frames[me].cancelled && frames[me].signal ->
		leave_line(h, me);
		result = AGAIN
	:: else ->
		if
#ifndef NO_STEAL
		/*
		 * guard: NO_STEAL, a claim by hand is taken away when its time is up,
		 * whatever its sender waits for, and be it us: every_wait_ends.
		 */
		:: ports[h].state == CLAIMED -> take_claim(h)
#endif
		:: else ->
			ports[h].locked = 1;
			result = PORT_LOCKED
		fi
	fi
}

/* Once round in await_answer(), and collect() */
inline look_for_answer(me, h, result)
{
	if
	:: frames[me].state == FILLED && frames[me].pipe -> result = VOID
	:: frames[me].state == FILLED && !frames[me].pipe -> result = VALUE
	:: frames[me].state == FILLED && !frames[me].pipe -> result = RETRY
	:: frames[me].state == FILLED && !frames[me].pipe -> result = VOID
	:: frames[me].state != FILLED && frames[me].cancelled -> give_up(me, h, result)
	:: frames[me].state != FILLED && !frames[me].cancelled && frames[me].signal ->
		result = AGAIN
	:: else ->
		frames[me].locked = 1;
		result = FRAME_LOCKED
	fi
}

#define awake(me)	(frames[me].queue == NOWHERE || frames[me].awake || frames[me].signal)

inline wake_up(me)
{
	frames[me].queue = NOWHERE;
	frames[me].awake = 0
}

/*
 * prepare_to_wait(), the lock is dropped, and another look before it sleeps.
 * guard: NO_RECHECK, who cancels takes no lock of frame or port, and may have come when
 * nobody was to be woken: every_wait_ends.
 */
inline prepare(me, where, result)
{
	result = GOES_ON;
	if
#ifndef NO_RECHECK
	:: frames[me].cancelled
#endif
	:: else -> frames[me].queue = where
	fi
}

/* From the line to the answer, or to why there is none. */
inline wait(me, h, result)
{
	do
	:: atomic {
		result == GOES_ON && !frames[me].done && port_free(h) && awake(me) ->
		wake_up(me);
		look_in_line(me, h, result)
	   }
	:: atomic {
		result == GOES_ON && frames[me].done && frame_free(me) && awake(me) ->
		wake_up(me);
		look_for_answer(me, h, result)
	   }
	:: atomic {
		result == PORT_LOCKED ->
		ports[h].locked = 0;
		prepare(me, IN_LINE, result)
	   }
	:: atomic {
		result == FRAME_LOCKED ->
		frames[me].locked = 0;
		prepare(me, FOR_ANSWER, result)
	   }
	:: result >= VALUE -> break
	od
}

/* capmsg_pending_remove(), capmsg_frame_rest() and detach(), also one. */
inline end_upcall(me)
{
	frames[me].pipe = 0;
	frames[me].question = 0;
	frames[me].state = IDLE;
	frames[me].waits_for = NOBODY;
	frames[me].lien = NOBODY;
	frames[me].cancelled = 0;
	frames[me].done = 0;
	frames[me].refused = 0;
	frames[me].asked = 0;
	frames[me].accepted = 0;
	frames[me].aborted = 0;
	frames[me].epoch++;
	forget_epochs(me)
}

/*
 * capmsg_walk_rcu(): the first object of the path, a bit each, that is to be asked; or
 * NOBODY. What was answered is in known, but is of no use if its object is gone.
 */
inline walk(path, known, next, result)
{
	result = GOES_ON;
	next = NOBODY;
	if
	:: (path & 1) && virtuals[0].gone -> result = VOID
	:: (path & 1) && !virtuals[0].gone && !(known & 1) -> next = 0
	:: else ->
		if
		:: (path & 2) && virtuals[1].gone -> result = VOID
		:: (path & 2) && !virtuals[1].gone && !(known & 2) -> next = 1
		:: else
		fi
	fi
}

/*
 * capmsg_upcall_ask(): whether it may be asked once more.
 * guard: NO_SPENT, a handler may answer RETRY each time: upcalls_are_bounded.
 */
inline spend(next, spent, result)
{
	if
#ifndef NO_SPENT
	:: next != NOBODY && spent == UPCALLS_MAX -> result = LOOP
	:: next != NOBODY && spent != UPCALLS_MAX -> spent++
#else
	:: next != NOBODY ->
		spent++;
		property(upcalls_are_bounded, spent <= UPCALLS_MAX)
#endif
	:: else
	fi
}

/* An operation: what an address names is found, from the root each time. */
inline resolve(me, path, result)
{
	atomic {
		walk(path, known, next, result);
		spend(next, spent, result)
	};
	do
	:: result == GOES_ON && next != NOBODY ->
#ifdef NO_ONE_LOCK
		/*
		 * guard: NO_ONE_LOCK, who looks whether it may wait, and then waits, does
		 * both under one lock, or two look first and then wait: every_wait_ends.
		 */
		atomic {
			if
			:: stuck(me, next) -> result = DEADLOCK
			:: else
			fi
		};
#endif
		atomic {
			frame_free(me) && port_free(next);
			if
			:: result == GOES_ON -> begin_upcall(me, next, result)
			:: else
			fi;
			if
			:: result == GOES_ON -> enter(me, next, result)
			:: else
			fi
		};
		wait(me, next, result);
		atomic {
			end_upcall(me);
			if
			:: result == VALUE -> known = known | (1 << next)
			:: else
			fi;
			if
			:: result == VALUE || result == RETRY ->
				walk(path, known, next, result);
				spend(next, spent, result)
			:: else
			fi
		}
	:: else -> break
	od;
	known = 0;
	spent = 0;
	next = 0
}

/* --- senders -------------------------------------------------------------------------- */

/* BEGIN: a message to handler 0 claims its post. */
inline begin(me)
{
	atomic {
		port_free(0);
		if
		:: !ports[0].dead && ports[0].state == POSTED ->
			ports[0].state = CLAIMED;
			ports[0].claim = me
		:: else
		fi
	}
}

/*
 * TRANSMIT, when its capabilities are resolved; or it is abandoned.
 * guard: NO_CLAIM, the claim may have been taken away meanwhile, and the post be given
 * to somebody else: post_is_the_claimers.
 */
inline transmit(me, result)
{
	atomic {
		port_free(0);
		if
#ifdef NO_CLAIM
		:: result == GOES_ON && !ports[0].dead ->
			property(post_is_the_claimers, ports[0].claim == me);
#else
		:: result == GOES_ON && ports[0].claim == me ->
#endif
			ports[0].claim = NOBODY;
			ports[0].state = FILLED
		:: result != GOES_ON && ports[0].claim == me -> take_claim(0)
		:: else
		fi
	}
}

/*
 * Sender 0 sends handler 0 a message, for which it has claimed the post before, with a
 * capability that is behind both virtual objects; then it looks up object 1. Sender
 * 1 does the latter only. Who is interrupted begins again, or ends.
 */
active [SENDERS] proctype sender()
{
	byte result, spent, known, next;
	bit message = (_pid == 0);

	do
	:: if
	   :: message -> begin(_pid)
	   :: else
	   fi;
	   resolve(_pid, (message -> PATH : 2), result);
	   if
	   :: message -> transmit(_pid, result)
	   :: else
	   fi;
	   atomic {
		if
		:: result == AGAIN -> frames[_pid].signal = 0
		:: result == AGAIN -> break
		:: result != AGAIN && message && SECOND -> message = 0
		:: result != AGAIN && !(message && SECOND) -> break
		fi;
		result = 0
	   }
	od;
	finished[_pid] = 1
}

/* --- handlers ----------------------------------------------------------------------------- */

#define HERE	(_pid - SENDERS)
#define OVER	(ports[HERE].dead || killed[HERE])

/* CLEAR, capmsg_reply_take(): the right leaves the post, if it is there still. */
inline take_right(p, taken)
{
	taken = ports[p].right && !ports[p].dead;
	if
	:: taken ->
		ports[p].right = 0;
		post(p)
	:: else
	fi
}

/* Another thread has found the right as well, or has taken it out of the post. */
inline share_right(p, f, e)
{
	if
	:: strays ->
		strays--;
		stray_from = f;
		stray_epoch = e
	:: strays ->
		strays--;
		stray_from = f;
		stray_epoch = e;
		stray_drops = 1;
		ports[p].right = 0;
		post(p)
	:: true
	fi
}

/* capmsg_reply_find(), and capmsg_upcall_pending() */
inline find(p, f, e, ok)
{
	ok = !ports[p].dead && ports[p].right && frames[f].epoch == e && frames[f].question;
	if
	:: ok -> share_right(p, f, e)
	:: else
	fi
}

/* No answer, as somebody else is going to end it, or has begun to. */
#define ended(f)	(frames[f].cancelled || frames[f].signal || virtuals[HERE].gone)
#define may_be_silent(f)	(ended(f) || (events && owed == NOBODY))

inline be_silent(f)
{
	if
	:: ended(f)
	:: else -> owed = f
	fi
}

#define FROM	from[HERE]
#define EPOCH	epoch[HERE]

/* What a handler's thread does. */
#define RECEIVES	0
#define ASKS		1	/* the other handler */
#define DECIDES		2
#define IS_SILENT	3
#define ANSWERS		4	/* has found who to answer */
#define DROPS		5	/* has the right, and that did not read as void */

inline reap()
{
	FROM = ports[HERE].from;
	EPOCH = ports[HERE].epoch;
	if
	:: FROM == NOBODY -> post(HERE)
	:: FROM != NOBODY ->
		ports[HERE].state = IDLE;
		ports[HERE].right = 1;
		does = DECIDES
	:: FROM != NOBODY && nested ->
		ports[HERE].state = IDLE;
		ports[HERE].right = 1;
		nested--;
		does = ASKS
	fi
}

inline receive_next()
{
	FROM = NOBODY;
	EPOCH = 0;
	ok = 0;
	does = RECEIVES
}

inline drop_by_post()
{
	take_right(HERE, ok);
	if
	:: ok && !reads_void(FROM, EPOCH) -> does = DROPS
	:: else -> receive_next()
	fi
}

inline decide()
{
	if
	:: find(HERE, FROM, EPOCH, ok);
	   if
	   :: ok -> does = ANSWERS
	   :: else -> drop_by_post()
	   fi
	:: may_be_silent(FROM) -> be_silent(FROM); does = IS_SILENT
	:: drop_by_post()
	fi
}

/* Step 7 is in here: who waits has seen the answer, or is woken. */
inline answer_by_post()
{
	reply(FROM, EPOCH, ok);
	if
	:: ok ->
		wake(FROM, FOR_ANSWER);
		take_right(HERE, ok);
		receive_next()
	:: else -> drop_by_post()
	fi
}

#define both_free	(port_free(HERE) && frame_free(FROM))

/* The only thread of a handler. */
active [HANDLERS] proctype handler()
{
	byte result, spent, known, next, does, nested = NESTED;
	bit ok;

	do
	:: atomic {
		does == RECEIVES && ports[HERE].state == FILLED && port_free(HERE) && !OVER ->
		reap()
	   }
	:: does == ASKS ->
		resolve(_pid, 2 - HERE, result);
		atomic {
			result = GOES_ON;
			does = DECIDES
		}
	:: atomic { does == DECIDES && !OVER && both_free -> decide() }
	:: atomic { does == ANSWERS && both_free -> answer_by_post() }
	:: atomic {
		does == IS_SILENT && both_free && (reads_void(FROM, EPOCH) || OVER) ->
		drop_by_post()
	   }
	:: atomic {
		does == DROPS && frame_free(FROM) ->
		drop(FROM, EPOCH);
		receive_next()
	   }
	:: atomic {
		(does == RECEIVES || does == DECIDES) && OVER ->
		receive_next();
		finished[_pid] = 1;
		break
	   }
	od
}

/* Another thread, that has found a right. */
active proctype other()
{
	bit ok;

	atomic {
		stray_from != NOBODY && frame_free(stray_from) ->
		if
		:: stray_drops && !reads_void(stray_from, stray_epoch) -> skip
		:: stray_drops && reads_void(stray_from, stray_epoch) -> stray_drops = 0
		:: !stray_drops ->
			reply(stray_from, stray_epoch, ok);
			if
			:: ok -> wake(stray_from, FOR_ANSWER)
			:: else
			fi
		fi
	};
	if
	:: stray_drops -> atomic { frame_free(stray_from); drop(stray_from, stray_epoch) }
	:: else
	fi;
	atomic {
		ok = 0;
		stray_drops = 0;
		stray_from = NOBODY;
		stray_epoch = 0
	}
}

/* --- from outside ----------------------------------------------------------------------------- */

/*
 * guard: NO_HOLD, who waits for an object that dies is told under the lock under which
 * it is found: it may wait for something else later: error_has_a_cause.
 */
#ifdef NO_HOLD
#define hold(f)
#define lost(f)		frames[f].cancelled = 1; wake_both(f)
#else
#define hold(f)		frames[f].cancelled = 1
#define lost(f)		wake_both(f)
#endif

inline pop_lien(v, f)
{
	frames[f].lien = NOBODY;
	popped = f;
	hold(f)
}

/* capmsg_object_kill() of a virtual object; its liens, one by one */
inline kill_virtual(v)
{
	atomic {
		virtuals[v].gone = 1;
		virtuals[v].dead = 1
	};
	do
	:: atomic { popped == NOBODY && frames[0].lien == v -> pop_lien(v, 0) }
	:: atomic { popped == NOBODY && frames[1].lien == v -> pop_lien(v, 1) }
	:: atomic { popped == NOBODY && frames[2].lien == v -> pop_lien(v, 2) }
	:: atomic { popped == NOBODY && frames[3].lien == v -> pop_lien(v, 3) }
	:: atomic { popped != NOBODY -> lost(popped); popped = NOBODY }
	:: atomic {
		popped == NOBODY && frames[0].lien != v && frames[1].lien != v &&
		frames[2].lien != v && frames[3].lien != v ->
		v = NOBODY;
		break
	   }
	od
}

inline refuse(p, f)
{
	if
	:: waits(p, f) ->
		frames[f].refused = 1;
		wake(f, IN_LINE)
	:: else
	fi
}

/* A handler's process dies: its thread, and capmsg_port_kill() of its port. */
inline kill_handler(p)
{
	killed[p] = 1;
	frames[THREAD(p)].signal = 1;
	ports[p].dead = 1;
	refuse(p, 0);
	refuse(p, 1);
	refuse(p, 2);
	refuse(p, 3);
	whose = ports[p].from;
	which = ports[p].epoch;
	ports[p].line = 0;
	ports[p].from = NOBODY;
	ports[p].epoch = 0;
	ports[p].claim = NOBODY;
	ports[p].right = 0;
	ports[p].state = IDLE;
	if
	:: whose != NOBODY && reads_void(whose, which) -> whose = NOBODY
	:: else
	fi
}

/* capmsg_pending_abort() */
inline abort(f)
{
	frames[f].aborted = 1;
	frames[f].cancelled = 1;
	wake_both(f)
}

/* Something comes in between: to whom this is left, or to anybody. */
inline strike(target)
{
	target = owed;
	owed = NOBODY;
	if
	:: target != NOBODY
	:: target == NOBODY -> target = 0
	:: target == NOBODY -> target = 1
	:: target == NOBODY -> target = 2
	:: target == NOBODY -> target = 3
	fi;
	object = frames[target].waits_for;
	if
	:: object != NOBODY -> abort(target); object = NOBODY
	/* Or its deadline has passed. */
	:: target < SENDERS && !finished[target] -> frames[target].signal = 1; object = NOBODY
	/* The virtual object alone. */
	:: object != NOBODY
	:: object != NOBODY && port_free(object) -> kill_handler(object)
	:: target >= SENDERS && port_free(target - SENDERS) ->
		object = target - SENDERS;
		kill_handler(object)
	fi
}

active proctype outside()
{
	byte target, object = NOBODY, popped = NOBODY, whose = NOBODY, which;

	do
	:: atomic {
		events && !violated && !ports[0].locked && !ports[1].locked ->
		events--;
		strike(target);
		target = 0
	   };
	   if
	   :: whose != NOBODY ->
		atomic {
			frame_free(whose);
			drop(whose, which);
			which = 0;
			whose = NOBODY
		}
	   :: else
	   fi;
	   if
	   :: object != NOBODY -> kill_virtual(object)
	   :: else
	   fi
	od
}

/* Nothing can go on: then nobody waits. */
active proctype end()
{
	timeout;
	property(every_wait_ends, violated || (finished[0] && finished[1] &&
		 from[0] == NOBODY && from[1] == NOBODY))
}
