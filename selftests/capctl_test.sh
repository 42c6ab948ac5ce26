#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Every verb of capctl against the module: what it does, prints, and returns.
# Runs in the guest (busybox sh) as root; prints TAP, `ok CASE` or `not ok CASE`.
# shellcheck disable=SC2317 # cases are called by name

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
count=0
failed=0

# case_ NAME: runs test_NAME in a shell of its own, in which a failure ends it.
case_() {
	(
		set -ex
		"test_$1"
	) >"$work/log" 2>&1
	rc=$?
	count=$((count + 1))
	if [ $rc = 0 ]; then
		echo "ok $1"
	else
		echo "not ok $1"
		sed 's/^/# /' "$work/log"
		failed=1
	fi
}

# status WANT WORD...: capctl ends so; its output is in out and err.
status() {
	want=$1
	shift
	rc=0
	capctl "$@" >out 2>err || rc=$?
	cat out err
	[ "$rc" = "$want" ]
}

# script WANT WORD...: the same for a script on stdin.
script() {
	cat >script
	want=$1
	shift
	status "$want" "$@" run script
}

has() { grep -q -e "$1" "${2:-out}"; }

# json CONDITION...: the last document says so, and all of out is JSON.
json() { jsoncheck schema=capctl/1 "$@" <out; }
json_error() { jsoncheck schema=capctl/1 "$@" <err; }

# --- looking -------------------------------------------------------------------

test_doctor() {
	status 0 doctor
	has '^ok *module'
	has '^ok *uapi'
	has '^ok *setup'
	status 0 -j doctor
	json checks.0.result=ok checks.0.check=module
}

test_status() {
	status 0 status
	has '^limits.inline_max *256$'
	has '^space.frames *8$'
	status 0 -j status
	json limits.inline_max=256 limits.caps_max=64 space.root_bits=8 \
		version.uapi=1 version.commands=21 user.objects_max total.spaces
}

test_help() {
	status 0 help
	for object in doctor status space cappage port region cap send recv call \
		reply serve exec wait run shell; do
		status 0 help "$object"
		capctl help | grep -q "^  $object "
	done
	for verb in copy move clear show list export import destroy; do
		status 0 cap "$verb" --help
		has "^Usage: capctl cap $verb"
	done
}

test_usage() {
	status 64
	status 64 nosuch
	status 64 cap
	status 64 cap nosuch
	status 64 cap copy /1
	status 64 cap show /1 /2
	status 64 cap show nonsense
	status 64 port create /1 --dep 1
	status 64 port create /1 --depth x
	status 64 cap copy /1 /2 --rights x
	status 64 cap import /1
	status 64 recv /1 --timeout 1h
	status 64 -o nosuch cap list
	status 64 -j nosuch
	json_error error.what
}

# --- objects and capabilities ----------------------------------------------------

test_cappage() {
	script 0 <<-'END'
		cappage create /10
		cappage create /10/01 --bits 4
		port create 0x10015/20
		cappage list
		cap list /10/01
		cap show /10/01
	END
	has '^10 *rw---d- '
	has '^ *5 port *--svgd- '
	has '^bits *4$'
	script 3 <<-'END'
		cappage create /10
		port create /10/01
		cappage destroy /10
		cap show /10/01
	END
	script 1 <<-'END'
		port create /10
		cappage destroy /10
	END
	has 'EINVAL' err
	script 1 <<-'END'
		cappage create /10
		cappage create /10
	END
	has 'EEXIST' err
}

test_cappage_json() {
	script 0 -j <<-'END'
		cappage create /10
		cappage list
	END
	json cappages.0.slot=10 cappages.0.guard_bits=0
	printf 'cap list\n' | capctl -j run - >out
	json caps='[]'
}

test_list_columns() {
	script 0 -n -o slot,type <<-'END'
		cappage create /10
		port create /11
		cap list
	END
	[ "$(tr -s ' ' <out | sed 's/^ //;s/ $//')" = "$(printf '10 cappage\n11 port')" ]
}

test_copy() {
	script 0 <<-'END'
		port create /10
		cap copy /10 /11 --rights send,grant --badge 7
		cap show /11
	END
	has '^rights *--s-g--$'
	has '^badged *1$'
	script 1 <<-'END'
		port create /10
		cap copy /10 /11 --badge 7
		cap copy /11 /12 --badge 8
	END
	has 'EINVAL' err
}

test_guard() {
	script 0 <<-'END'
		cappage create /10
		port create /10/01
		cap copy /10 /11 --guard 0x5/4
		cap show 0x11501/20
		cap show 0x115/12
	END
	has '^type *port$'
	has '^guard_bits *4$'
	has '^guard *5$'
	script 3 <<-'END'
		cappage create /10
		port create /10/01
		cap copy /10 /11 --guard 0x5/4
		cap show 0x11601/20
	END
}

test_subpage() {
	script 0 <<-'END'
		cappage create /10
		port create /10/81
		cap copy /10 /11 --subpage 1/1
		cap show 0x881/15
		cap show /11
	END
	has '^type *port$'
	has '^subpage *1$'
}

test_weak() {
	script 0 <<-'END'
		cappage create /10
		port create /10/01
		cap copy /10 /11 --weak
		cap show /11/01
	END
	has '^rights *------k$'
	script 4 <<-'END'
		cappage create /10
		cap copy /10 /11 --weak
		port create /11/01
	END
}

test_move_clear() {
	script 3 <<-'END'
		port create /10
		cap move /10 /11
		cap show /11
		cap clear /11
		cap clear /11
		cap show /11
	END
	has '^type *port$'
	has 'script:6: .*(ENOENT)$' err
}

test_destroy() {
	script 3 <<-'END'
		port create /10
		cap copy /10 /11
		port destroy /11
		send /10 x
	END
	script 4 <<-'END'
		port create /10
		cap copy /10 /11 --rights send
		cap destroy /11
	END
	script 0 <<-'END'
		region register /10 64K
		cap show /10
		region unregister /10
		region register /10 1M
		region destroy /10
		port create /10
		cap destroy /10
		cap list
	END
	has '^length *65536$'
}

test_export_import() {
	script 0 <<-'END'
		port create /10
		cap export /10 --rights send
	END
	fd=$(sed -n 's/^fd *//p' out)
	printf 'port create /10\ncap export /10 --rights send\ncap import /20 --fd %s\ncap show /20\n' "$fd" >script
	status 0 run script
	has '^rights *--s----$'
	status 1 cap import /20 --fd 77
	has 'EBADF' err
	status 3 cap import /20 --env nosuch
}

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
		port create /10
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
		recv /10 --timeout 5s
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
	script 0 <<-'END'
		space setup --plain-max 2M
		port create /10
		exec -b --cap p=/10 -- sh -c 'echo "port create /5
		send /1 @file --cap /5:send
		recv /5" | capctl -i p=/1 run -'
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
	printf 'port create /10\nexec /10 -- printenv CAPMSG_FD\n' >script
	status 0 run script
	has '^cap=[0-9]*$'
	printf 'port create /10\nexec /10 --as-fd 9 -- sh -c "printenv CAPMSG_FD; readlink /proc/self/fd/9"\n' >script
	status 0 run script
	has '^cap=9$'
	printf 'port create /10\nexec --cap a=/10 --cap b=/10:send -- printenv CAPMSG_FD\n' >script
	status 0 run script
	has '^a=[0-9]*,b=[0-9]*$'
	status 7 exec -- sh -c 'exit 7'
	status 127 exec -- /nonexistent
	status 64 exec /10
	status 64 exec --cap 'a b=/10' -- true
	status 3 exec /10 -- true
	printf 'exec -b -- sh -c "exit 3"\nwait\n' >script
	status 1 run script
}

test_run() {
	script 3 <<-'END'
		# a comment

		port create /10   # another
		cap show /20
		port create /30
	END
	has '^capctl: script:4: ' err
	has '^  hint: ' err
	script 3 -j <<-'END'
		port create /10
		cap show /20
	END
	json_error error.errno=ENOENT error.file=script error.line=2
	printf 'port create /10\nrun inner\nrecv /10\n' >script
	printf 'send /10 "from the inner script"\n' >inner
	status 0 run script
	has '^text *from the inner script$'
	printf 'run script\n' >script
	status 1 run script
	printf 'status\n' | capctl run - | grep -q '^limits'
	printf 'status\n' | capctl shell | grep -q '^limits'
}

test_setup() {
	script 0 <<-'END'
		space setup --frames 2 --root-bits 4 --plain-max 128K
		status
		port create 0x1/4
		cap show 0x1/4
	END
	has '^space.frames *2$'
	has '^space.root_bits *4$'
	has '^space.plain_max *131072$'
	script 1 <<-'END'
		port create /1
		space setup
	END
	has 'EBUSY' err
	script 1 <<-'END'
		space setup --root-bits 3
	END
	has 'EINVAL' err
}

# --- exit statuses ----------------------------------------------------------------

test_status_absent() {
	status 3 send /10 x
	has 'ENOENT' err
	status 3 -j send /10 x
	json_error error.errno=ENOENT error.what error.why error.hint
	[ ! -s out ]
}

test_status_denied() {
	script 4 <<-'END'
		port create /10
		cap copy /10 /11 --rights recv
		send /11 x
	END
	has 'EACCES' err
}

test_status_unavailable() {
	mv /dev/capmsg /dev/capmsg.away
	rc=0
	capctl status >out 2>err || rc=$?
	doctor=0
	capctl doctor >out || doctor=$?
	mv /dev/capmsg.away /dev/capmsg
	[ "$rc" = 5 ]
	[ "$doctor" = 5 ]
	has '^fail *device'
}

test_status_timeout() {
	script 6 <<-'END'
		port create /10
		recv /10 --timeout 50ms
	END
	has 'ETIMEDOUT' err
	script 6 <<-'END'
		port create /10 --depth 1
		send /10 x
		send /10 y --timeout 50ms
	END
	script 6 <<-'END'
		port create /10
		call /10 x --timeout 50ms
	END
	script 1 <<-'END'
		port create /10
		recv /10 --nowait
	END
	has 'EAGAIN' err
}

test_status_interrupted() {
	printf 'port create /10\nrecv /10\n' >script
	capctl run script >out 2>err &
	pid=$!
	sleep 1
	kill -INT "$pid"
	rc=0
	wait "$pid" || rc=$?
	[ "$rc" = 130 ]
}

test_nothing_left() {
	capctl -j status >out
	json total.ports=0 total.cappages total.regions=0 total.exports=0 \
		total.pinned_pages=0 total.spaces=1
}

cases='doctor status help usage cappage cappage_json list_columns copy guard subpage weak
move_clear destroy export_import send_recv pieces binary posted_region repost unpost
no_short limits batch caps landing_destroyed plain region call_reply reply_last
reply_recv reply_moved dropped call_large serve exec run setup status_absent
status_denied status_unavailable status_timeout status_interrupted nothing_left'
for name in $cases; do
	case_ "$name"
done
echo "1..$count"
exit $failed
