#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# capctl against the module: messages, calls, and more than one process.
# Runs in the guest (busybox sh) as root; prints TAP, `ok CASE` or `not ok CASE`.
# shellcheck disable=SC2317 # cases are called by name
. "$(dirname "$0")/capctl.sh"

# --- messages --------------------------------------------------------------------

test_send_recv() {
	script 0 <<-'END'
		port create /10
		cap copy /10 /11 --rights send --badge 7
		send /11 'hello, world'
		recv /10
	END
	has '^text *hello, world$'
	has '^badge *7$'
	has '^length *12$'
	script 0 -j <<-'END'
		port create /10
		send /10 hello
		recv /10
	END
	json messages.0.text=hello messages.0.length=5 messages.0.flags=inline \
		messages.0.caps=0 messages.0.post
}

test_start() {
	script 0 <<-'END'
		port create /10
		start call /10 'what time is it?'
		recv /10
		reply /10 --last noon
		wait
	END
	has '^text *noon$'
	# What still waits at the end is given up.
	script 0 <<-'END'
		port create /10
		start call /10 'nobody answers'
		expect ENOENT send /11
	END
}

test_pieces() {
	script 0 <<-'END'
		port create /10
		send /10 one two '' three
		recv /10 --out got
	END
	[ "$(cat got)" = onetwothree ]
	script 64 <<-'END'
		port create /10
		send /10 1 2 3 4 5 6 7 8 9
	END
}

test_binary() {
	printf '\000\377' >bytes
	script 0 -j <<-'END'
		port create /10
		send /10 @bytes
		recv /10
	END
	json messages.0.hex=00ff
	printf 'port create /10\nsend /10 @@x -- -y\nrecv /10\n' >script
	status 0 run script
	has '^text *@x-y$'
}

test_posted_region() {
	head -c 1500000 /dev/urandom >file
	script 0 <<-'END'
		port create /10 --depth 2
		region register /20 2M
		port post /10 --region /20 --cookie 99
		send /10 @file
		port show /10
		recv /10 --out got
		region register /21 64K
		port post /10 --region /21 --offset 4096 --length 8192
	END
	cmp file got
	has '^cookie *99$'
	has '^filled *1$'
}

test_repost() {
	head -c 5000 /dev/urandom >file
	script 0 <<-'END'
		port create /10 --depth 1
		region register /20 64K
		port post /10 --region /20
		send /10 @file
		recv /10 --out got1
		port post /10 --region /20 --post 0
		send /10 @file
		recv /10 --out got2
		port show /10
	END
	cmp file got2
	has '^idle *1$'
	script 6 <<-'END'
		port create /10 --depth 1
		region register /20 64K
		port post /10 --region /20
		send /10 @file
		recv /10 --out got1
		recv /10 --repost 0 --timeout 50ms
	END
}

test_unpost() {
	script 0 <<-'END'
		port create /10 --depth 1
		region register /20 64K
		port post /10 --region /20 --landing /30 --caps 2
		cap list
		port unpost /10 0
		region unregister /20
		cap list
	END
	has '^ *30 reserved'
	has '^ *31 reserved'
	script 1 <<-'END'
		port create /10 --depth 1
		send /10 x
		port unpost /10 0
	END
	has 'EBUSY' err
}

test_no_short() {
	script 1 <<-'END'
		port create /10 --no-short
		send /10 x --nowait
	END
	has 'EAGAIN' err
	script 0 <<-'END'
		port create /10 --no-short
		port post /10
		send /10 x --nowait
		recv /10
	END
	has '^text *x$'
}

test_limits() {
	head -c 5000 /dev/urandom >file
	script 1 <<-'END'
		port create /10 --max-size 4K
		send /10 @file
	END
	has 'EMSGSIZE' err
	script 1 <<-'END'
		port create /10 --max-caps 0
		send /10 x --cap /10
	END
	has 'EMSGSIZE' err
}

test_batch() {
	script 0 -j <<-'END'
		port create /10 --depth 16
		send /10 a
		send /10 b
		send /10 c
		recv /10 --batch 8
	END
	json messages.0.text=a messages.1.text=b messages.2.text=c
}

test_caps() {
	script 0 <<-'END'
		port create /10
		port create /11
		port post /10 --landing /30 --caps 2
		send /10 'two of them' --cap /11:send --cap /10
		recv /10
		cap show /30
		send /30 'through it'
		recv /11
	END
	has '^caps *2$'
	has '^landing */30$'
	has '^rights *--s----$'
	has '^text *through it$'
	script 4 <<-'END'
		port create /10
		cap copy /10 /11 --rights send
		send /11 x --cap /10
	END
}

test_landing_destroyed() {
	script 2 <<-'END'
		port create /10
		cappage create /20
		port post /10 --landing /20/00
		cappage destroy /20
		recv /10 --timeout 20s
	END
	has '^error *ENOENT$'
}

# --- more than one process -------------------------------------------------------

test_plain() {
	head -c 60000 /dev/urandom >file
	script 0 <<-'END'
		port create /10
		exec -b --cap p=/10 -- capctl -i p=/1 send /1 @file
		recv /10 --size 60000 --out got
	END
	cmp file got
	has '^flags *plain$'
	printf 'port create /5\nsend /1 @file --cap /5:send\nrecv /5\n' >inner
	script 0 <<-'END'
		space setup --plain-max 2M
		port create /10
		exec -b --cap p=/10 -- capctl -i p=/1 run inner
		recv /10 --size 1M --landing /40 --caps 3 --out got
		send /40 'got it'
		wait
	END
	cmp file got
	has '^text *got it$'
}

test_region() {
	head -c 3000000 /dev/urandom >file
	script 0 <<-'END'
		port create /10 --depth 1
		exec -b --cap p=/10 -- capctl -i p=/1 send /1 @file
		recv /10 --size 4M --region --out got
		wait
		send /10 'the port is as it was' --nowait
		recv /10
		cap list
	END
	cmp file got
	has '^text *the port is as it was$'
	! has ' region '
}

test_call_reply() {
	script 0 <<-'END'
		port create /10
		exec -b --cap p=/10:send -- sh -c 'capctl -i p=/1 call /1 ping >answer'
		recv /10 --reply pong
		wait
	END
	has '^flags *call,inline$'
	grep -q '^text *pong$' answer
	script 0 <<-'END'
		port create /10
		exec -b --cap p=/10:send -- sh -c 'capctl -j -i p=/1 call /1 ping >out2'
		recv /10 --reply-cmd "tr a-z A-Z"
		wait
	END
	jsoncheck text=PING length=4 <out2
}

test_reply_last() {
	script 0 <<-'END'
		port create /10
		exec -b --cap p=/10:send -- sh -c 'capctl -i p=/1 call /1 ping >answer'
		recv /10
		reply /10 later --last
		wait
	END
	grep -q '^text *later$' answer
	script 3 <<-'END'
		port create /10
		reply /10 x --last
	END
	script 3 <<-'END'
		port create /10
		reply /10 x --post 0 --seq 0
	END
}

test_reply_recv() {
	script 0 <<-'END'
		port create /10
		exec -b --cap p=/10:send -- sh -c 'capctl -i p=/1 call /1 a >answer1; capctl -i p=/1 call /1 b >answer2'
		recv /10
		reply /10 first --last --recv
		reply /10 second --last
		wait
	END
	has '^text *b$'
	grep -q '^text *first$' answer1
	grep -q '^text *second$' answer2
}

test_reply_moved() {
	script 0 <<-'END'
		port create /10 --depth 1
		exec -b --cap p=/10:send -- sh -c 'capctl -i p=/1 call /1 ping >answer'
		recv /10
		cap move /10 /20 --last
		cap show /20
		send /10 'the post is free' --nowait
		recv /10
		reply /20 'from the slot'
		wait
	END
	has '^type *reply$'
	grep -q '^text *from the slot$' answer
	script 0 <<-'END'
		port create /10
		port create /11
		port post /11 --landing /30
		exec -b --cap p=/10:send -- sh -c 'capctl -i p=/1 call /1 ping >answer'
		recv /10
		cap move /10 /20 --last
		send /11 'pass it on' --move /20
		recv /11
		reply /30 'from afar'
		wait
	END
	grep -q '^text *from afar$' answer
}

test_dropped() {
	script 0 <<-'END'
		port create /10
		exec -b --cap p=/10:send -- sh -c 'capctl -i p=/1 call /1 ping 2>error; echo $? >code'
		recv /10
		cap clear /10 --last
		wait
	END
	grep -q EPIPE error
	[ "$(cat code)" = 1 ]
}

test_call_large() {
	head -c 3000000 /dev/urandom >file
	head -c 20000 /dev/urandom >question
	script 0 <<-'END'
		port create /10
		exec -b --cap p=/10:send -- sh -c 'capctl -i p=/1 call /1 @question --size 4M --region --out answer'
		recv /10 --region --size 64K --reply @file --out asked
		wait
	END
	cmp question asked
	cmp file answer
	script 0 <<-'END'
		port create /10
		port create /11
		exec -b --cap p=/10:send -- sh -c 'capctl -i p=/1 call /1 give --landing /5 >answer'
		recv /10 --reply 'a port' --cap /11:send
		wait
	END
	grep -q '^landing */05$' answer
}

test_serve() {
	script 0 <<-'END'
		port create /10
		exec -b --cap p=/10:send -- sh -c 'capctl -i p=/1 send /1 ignored; capctl -i p=/1 call /1 abc >answer1; capctl -i p=/1 call /1 def >answer2'
		serve /10 --count 2 -- tr a-z A-Z
		wait
	END
	has '^served *2$'
	grep -q '^text *ABC$' answer1
	grep -q '^text *DEF$' answer2
	head -c 50000 /dev/urandom >file
	script 0 <<-'END'
		port create /10
		exec -b --cap p=/10:send -- sh -c 'capctl -i p=/1 call /1 @file --size 64K --out back'
		serve /10 --count 1 --size 64K
		wait
	END
	cmp file back
	script 0 <<-'END'
		port create /10
		exec -b --cap p=/10:send -- sh -c 'capctl -i p=/1 call /1 x 2>error; echo $? >code'
		serve /10 --count 1 -- false
		wait
	END
	grep -q EPIPE error
}

test_exec() {
	printf 'port create /10\nexec /10 -- env\n' >script
	status 0 run script
	has '^CAPMSG_FD=cap=[0-9]*$'
	printf 'port create /10\nexec /10 --as-fd 9 -- sh -c "env; readlink /proc/self/fd/9"\n' >script
	status 0 run script
	has '^CAPMSG_FD=cap=9$'
	has 'capmsg'
	printf 'port create /10\nexec --cap a=/10 --cap b=/10:send -- env\n' >script
	status 0 run script
	has '^CAPMSG_FD=a=[0-9]*,b=[0-9]*$'
	status 7 exec -- sh -c 'exit 7'
	status 127 exec -- /nonexistent
	status 64 exec /10
	status 64 exec --cap 'a b=/10' -- true
	status 3 exec /10 -- true
	printf 'exec -b -- sh -c "exit 3"\nwait\n' >script
	status 1 run script
}

run_cases send_recv pieces binary posted_region repost unpost no_short limits batch caps \
	landing_destroyed plain region call_reply reply_last reply_recv reply_moved \
	dropped call_large serve exec start
