// SPDX-License-Identifier: GPL-2.0-only
/*
 * A model of the life of a call for Spin: sent, waiting in line for that, answered by
 * one of two threads, at once or in chunks, dropped, interrupted; and the port, the
 * landing slots or the caller's space go away meanwhile. Then the same frame calls again.
 * Documentation/capmsg/models.rst says what is modelled and what is not;
 * scripts/check-models runs it.
 *
 * A step is what the module does under the lock of the port, or of the frame, from lock
 * to unlock. Where it sleeps, and drops the lock for that, a step waits in the middle.
 * Names are those of the module. Each NO_x leaves out one guard: "guard:" says what that
 * is for, and which property fails without it.
 */

/* How much of it there is: scripts/check-models chooses, and says why. */
#ifndef CALLS
#define CALLS		2	/* one after the other, with the same frame */
#endif
#ifndef STRAYS
#define STRAYS		0	/* answers by another thread that has found the right, too */
#endif
#ifndef LINE
#define LINE		0	/* the port is full at first */
#endif
#ifndef SIGNALS
#define SIGNALS		0	/* to the caller */
#endif
#ifndef LANDING_DIES
#define LANDING_DIES	0	/* of the frame's landing slots the table */
#endif
#ifndef PORT_DIES
#define PORT_DIES	0
#endif

#define NOBODY		15

/* The state of a post. */
#define IDLE		0
#define POSTED		1
#define CLAIMED		2
#define FILLED		3

/* Tasks that take part in claims, and in waiting for chunks. */
#define SERVER		0
#define OTHER		1
#define CALLER		2
#define KILLER		3
#define TASKS		4

/* capmsg_frame, and its post */
byte epoch;
byte state;
byte claim = NOBODY;
bit busy;
byte wanted;
byte error;				/* post.error */
bit dead;				/* its space is closed */
#define NONE		0
#define PIPE		1
#define LOST		2

/* The port, of depth 1; right: the epoch of the call that its post holds. */
byte port = (LINE -> IDLE : POSTED);
bit locked;
byte right = NOBODY;
bit in_line, served, refused;
bit port_dead;

/* Where the caller sleeps: in line, at its frame, or both. */
bit on_line, on_frame;
bit awake;
bit signal;
bit calm[TASKS];

/* What only properties look at. */
byte call;				/* number of the call that waits; 0: none */
byte asked[2];				/* its epoch */
byte answered;				/* calls that were answered, a bit each: says who did */
byte collected;				/* the same, says the caller */
byte dropped;				/* whose right was dropped, or which lost its slots */
bit finished, filler_left;

bit every_wait_ends, answer_is_for_its_call, answer_is_used_once, answer_arrives,
    buffer_is_left_alone, error_has_a_cause;

#include "property.pml"

#define bit_of(n)	(1 << (n))

/* --- waking ------------------------------ */

/* tell(): a caller that was served has nothing to do. */
inline wake_line()
{
	if
	:: on_line -> awake = 1
	:: else
	fi
}

inline wake_frame()
{
	if
	:: on_frame -> awake = 1
	:: else
	fi
}

/* --- the frame; its lock is held ------------------------------ */

/* capmsg_port_calm_locked(); the lock is dropped while it sleeps. */
inline calm_down()
{
#ifndef NO_CALM
	/* guard: NO_CALM, a chunk goes into the caller's memory: buffer_is_left_alone. */
	if
	:: busy -> wanted++; !busy; wanted--
	:: else
	fi
#else
	skip
#endif
}

/* capmsg_claim_take_locked() */
inline take_claim()
{
	claim = NOBODY;
	state = POSTED
}

/* capmsg_port_withdraw_locked() */
inline withdraw()
{
	calm_down();
	if
	:: state == CLAIMED -> take_claim()
	:: else
	fi;
	if
	:: state == POSTED -> state = IDLE
	:: else
	fi
}

/* capmsg_frame_close_locked(); see collect() */
inline close_frame()
{
	epoch++;
	withdraw()
}

/* commit_locked(), at a frame */
inline commit(e)
{
	property(answer_is_for_its_call, call && asked[call - 1] == e);
	property(answer_is_used_once, !(answered & bit_of(call)));
	answered = answered | bit_of(call);
	claim = NOBODY;
	error = NONE;
	epoch++;
	state = FILLED
}

/*
 * capmsg_port_admit_locked(), and capmsg_port_find_locked()
 * guard: NO_EPOCH, the call may be over, and the next one begun: answer_is_for_its_call.
 */
#ifdef NO_EPOCH
#define admits(e)	(!dead)
#else
#define admits(e)	(!dead && epoch == (e))
#endif
#define takes(e)	(admits(e) && state == POSTED && !wanted)

#define port_free	(!locked && !violated)

/* --- the port; its lock is held ------------------------------ */

/* The request is committed, with the right to answer it. */
inline deliver()
{
	port = FILLED;
	right = asked[call - 1]
}

/* The post is free: capmsg_port_dispatch_locked(), and serve() */
inline free_post()
{
	right = NOBODY;
	if
	:: port_dead -> port = IDLE
	:: !port_dead && in_line -> in_line = 0; served = 1; deliver()
	:: else -> port = POSTED
	fi
}

/* --- the caller ------------------------------ */

/*
 * capmsg_frame_arm(). Epochs are compared with each other only, and each call moves it
 * by a few.
 */
inline arm()
{
	atomic {
		calls--;
		epoch++;
		call = CALLS - calls;
		asked[call - 1] = epoch;
		error = NONE;
		state = POSTED;
		served = 0;
		refused = 0
	}
}

#define is_answered	(state == FILLED)

/* Of a request. */
#define ENDS		0
#define DELIVERED	1
#define WAITS		2
#define PREPARES	3
#define SLEEPS		4
#define ASLEEP		5

/*
 * capmsg_transfer_enter(), wait_in_line(). Under the lock of the port: what is done to the
 * frame may come in between.
 * guard: NO_ANSWERED, who fills the frame takes no lock of the port, and may have come
 * when nobody was to be woken: every_wait_ends.
 * guard: NO_BOTH, who was served in line is not told, but answered: every_wait_ends.
 */
inline send()
{
	atomic {
		port_free;
		if
		:: port_dead -> result = ENDS
		:: !port_dead && port == POSTED -> deliver(); result = DELIVERED
		:: else -> in_line = 1; result = WAITS
		fi
	};
	do
	:: result == WAITS && !on_line ->
		atomic {
			port_free;
			if
			:: in_line && is_answered -> in_line = 0; result = ENDS
			:: !in_line -> result = (refused -> ENDS : DELIVERED)
			:: in_line && !is_answered && signal -> in_line = 0; result = ENDS
			:: else -> locked = 1; result = PREPARES
			fi
		}
	/* With the lock still held; and then without it. */
	:: result == PREPARES ->
		atomic {
			on_line = 1;
#ifndef NO_BOTH
			on_frame = 1;
#endif
			locked = 0;
			result = SLEEPS
		}
	:: result == SLEEPS ->
#ifndef NO_ANSWERED
		atomic { result = (is_answered -> WAITS : ASLEEP) }
#else
		result = ASLEEP
#endif
	:: result == ASLEEP || (result == WAITS && on_line) ->
		atomic {
			result == WAITS || awake || signal;
			awake = 0;
			on_line = 0;
			on_frame = 0;
			result = WAITS
		}
	:: else -> break
	od
}

inline take_answer()
{
	if
	:: error == NONE -> collected = collected | bit_of(call)
	:: else -> property(error_has_a_cause, dropped & bit_of(call))
	fi
}

/*
 * collect_answer(): an answer that was committed counts, whatever else has happened.
 * guard: NO_CLOSE, an answer that nobody waits for any more is not accepted:
 * answer_arrives.
 * guard: NO_LATE, the last chunk may have been on its way: answer_arrives.
 */
inline collect()
{
	atomic {
		do
		:: is_answered -> break
		:: !is_answered && signal ->
#ifndef NO_CLOSE
			close_frame();
#endif
			break
		:: !is_answered && !signal ->
			on_frame = 1;
			awake || signal;
			awake = 0;
			on_frame = 0
		od;
#ifdef NO_LATE
		if
		:: is_answered && !signal -> take_answer()
#else
		if
		:: is_answered -> take_answer()
#endif
		:: else
		fi
	}
}

/* capmsg_frame_end(): nobody writes to the buffer any more, or waits for the post. */
inline end_call()
{
	atomic {
		close_frame();
		!wanted;
		call = 0;
		state = IDLE
	}
}

/* CALL, twice; then its space is closed: capmsg_port_kill() of the frame. */
active proctype caller()
{
	byte calls = CALLS, result;

	do
	:: calls && !violated ->
		arm();
		send();
		if
		:: result == DELIVERED -> collect()
		:: else
		fi;
		end_call();
		signal = 0
	:: else -> break
	od;
	atomic { dead = 1; finished = 1; result = 0 }
}

/* --- who answers ------------------------------ */

/* frame_dropped(), once capmsg_cap_drop() has seen that the right does not read as void. */
#define reads_void(e)	(dead || epoch != (e))

inline cause()
{
	if
	:: call -> dropped = dropped | bit_of(call)
	:: else
	fi
}

/*
 * guard: NO_DROP_EPOCH, it may do so by now: error_has_a_cause.
 * guard: NO_AGAIN, while a chunk was waited for the answer may have been committed, or
 * the call be over: answer_arrives.
 * guard: NO_PIPE, nobody else will end the call: every_wait_ends.
 */
inline drop(e)
{
	if
#ifdef NO_DROP_EPOCH
	:: state != FILLED ->
#else
	:: epoch == e && state != FILLED ->
#endif
		if
		:: call && asked[call - 1] == e -> cause()
		:: else
		fi;
		epoch = e + 1;
		calm_down();
		if
#ifdef NO_AGAIN
		:: true ->
#else
		:: epoch == e + 1 && state != FILLED ->
#endif
			withdraw();
#ifndef NO_PIPE
			error = PIPE;
			state = FILLED;
			wake_frame()
#endif
#ifndef NO_AGAIN
		:: else
#endif
		fi
	:: else
	fi
}

/* Of an answer. */
#define FINDS		0	/* the right: capmsg_reply_find() */
#define ENTERS		1	/* the frame */
#define COPIES		2
#define CLAIMS		3
#define WAKES		4
#define TAKES		5	/* the right, out of the post, or what is left of it */
#define DROPS		6

/* capmsg_port_enter_locked() at the frame; capmsg_claim_begin_locked(), if it is large */
inline enter(e)
{
	if
	:: takes(e) -> commit(e); does = WAKES
	:: takes(e) ->
		property(answer_is_for_its_call, call && asked[call - 1] == e);
		state = CLAIMED;
		claim = _pid;
		does = CLAIMS
	/* Another one is answering: the right stays. */
	:: admits(e) && (state == CLAIMED || (state == POSTED && wanted)) -> does = FINDS
	:: !admits(e) || state == IDLE || state == FILLED -> does = TAKES
	fi
}

/* Between chunks: the next one, or the commit. guard: see post.pml. */
inline next_chunk(e)
{
	if
	:: claim != _pid || dead -> does = ENTERS
	:: claim == _pid && !dead && !wanted && !copied -> busy = 1; does = COPIES
	/* Its memory faults: EFAULT, and the right is there still. */
	:: claim == _pid && !dead && !copied && faults ->
		faults--;
		take_claim();
		does = FINDS
	:: claim == _pid && !dead && !copied && wanted -> take_claim(); does = ENTERS
	:: claim == _pid && !dead && copied -> commit(e); does = WAKES
	fi
}

inline copy_chunk(e)
{
	property(buffer_is_left_alone, call && asked[call - 1] == e && state == CLAIMED);
	busy = 0;
	copied = 1;
	does = CLAIMS
}

/* One thread receives requests and answers them, or drops the right. */
active proctype server()
{
	byte e, does;
	bit copied, faults = 1;

	do
	/* The message that has filled the port at first is dealt with. */
	:: atomic { LINE && !filler_left && port_free -> filler_left = 1; free_post() }
	/* capmsg_port_reap_locked(), capmsg_port_retire() */
	:: atomic {
		does == FINDS && port == FILLED && !port_dead && port_free ->
		port = IDLE;
		e = right
	   }
	:: atomic {
		does == FINDS && port == IDLE && right != NOBODY && !port_dead && port_free ->
		e = right;
		copied = 0;
		if
		:: !reads_void(e) -> does = ENTERS
		:: true -> does = TAKES
		fi
	   }
	:: atomic { does == ENTERS && !violated -> copied = 0; enter(e) }
	:: atomic { does == CLAIMS && !violated -> next_chunk(e) }
	:: atomic { does == COPIES && !violated -> copy_chunk(e) }
	/* capmsg_reply_take(): the right leaves the post. Then who waits is woken. */
	:: atomic {
		does == WAKES && port_free ->
		if
		:: right == e && port == IDLE && !port_dead -> free_post()
		:: else
		fi;
		wake_frame();
		does = FINDS
	   }
	:: atomic {
		does == TAKES && port_free ->
		if
		:: right == e && port == IDLE && !port_dead ->
			free_post();
			does = (reads_void(e) -> FINDS : DROPS)
		:: else -> does = FINDS
		fi
	   }
	:: atomic { does == DROPS && !violated -> drop(e); does = FINDS }
	:: atomic {
		does == FINDS && finished && (port != FILLED && right == NOBODY || port_dead) ->
		e = 0;
		break
	   }
	od
}

#if STRAYS
/* Another one has found the same right; and uses it, at any time later. */
active proctype other()
{
	byte e = NOBODY, does, strays = STRAYS;
	bit copied, faults;

	do
	:: atomic {
		does == FINDS && strays && port == IDLE && right != NOBODY && !port_dead &&
		port_free && !reads_void(right) ->
		strays--;
		e = right;
		copied = 0;
		if
		:: does = ENTERS
		/* It has taken it out of the post, to drop it. */
		:: free_post(); does = DROPS
		fi
	   }
	:: atomic { does == ENTERS && !violated -> copied = 0; enter(e) }
	:: atomic { does == CLAIMS && !violated -> next_chunk(e) }
	:: atomic { does == COPIES && !violated -> copy_chunk(e) }
	:: atomic { does == WAKES -> wake_frame(); does = FINDS; e = NOBODY }
	:: atomic { does == TAKES -> does = FINDS; e = NOBODY }
	:: atomic { does == DROPS && !violated -> drop(e); does = FINDS; e = NOBODY }
	:: atomic { does == FINDS && finished -> break }
	od
}
#endif

/* --- from outside ------------------------------ */

#if PORT_DIES
/* capmsg_port_kill(): who waits in line is refused, and the right in the post dropped. */
active proctype port_killer()
{
	byte e = NOBODY;

	atomic { port_free -> port_dead = 1 };
	atomic {
		port_free;
		if
		:: in_line -> in_line = 0; refused = 1; wake_line()
		:: else
		fi
	};
	atomic { port_free -> e = right; right = NOBODY; port = IDLE };
	if
	:: atomic { e != NOBODY && !reads_void(e) }; atomic { drop(e) }
	:: atomic { e == NOBODY || reads_void(e) }
	fi
}
#endif

#if LANDING_DIES
/* landing_lost(), and bounce_locked() */
active proctype landing_killer()
{
	byte which;

	atomic { call -> which = call };
	atomic {
		if
		:: call == which -> calm_down()
		:: else
		fi;
		if
		:: call == which && state == CLAIMED -> take_claim()
		:: else
		fi;
		if
		:: call == which && state == POSTED -> cause(); error = LOST; state = FILLED; wake_frame()
		:: else
		fi
	}
}
#endif

#if SIGNALS
active proctype signals()
{
	atomic { call -> signal = 1 }
}
#endif

#ifdef LIVE
/* Somebody can always go on, so that fairness means something where nobody else can. */
active proctype idle()
{
	bit tick;

	do
	:: tick = 1 - tick
	od
}

ltl every_wait_ends_at_last { <> [] finished }
#else
/* Nothing can go on. */
active proctype end()
{
	timeout;
	property(every_wait_ends, finished && !wanted && !busy);
	property(answer_arrives, answered == collected)
}
#endif
