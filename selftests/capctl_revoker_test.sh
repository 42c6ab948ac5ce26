#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# capctl against the module: revokers, and who waits at one that is closed.
# Runs in the guest (busybox sh) as root; prints TAP, `ok CASE` or `not ok CASE`.
# shellcheck disable=SC2317 # cases are called by name
. "$(dirname "$0")/capctl.sh"

# --- what is void when -------------------------------------------------------------

test_revoke() {
	script 0 <<-'END'
		port create /10
		revoker create /10 /11 /12
		cap show /11
		revoker show /12
		send /11 hello
		recv /10
		revoker revoke /12
		expect ENOENT cap show /11
		expect ENOENT cap show /12
		expect ENOENT revoker show /12
		expect ENOENT send /11 'too late'
		expect EAGAIN recv /10 --nowait
		send /10 'not concerned'
		recv /10
		port create /11
		port create /12
	END
	[ "$(sed -n 's/^rights *//p' out | tr '\n' ' ')" = '--svgd- -w---d- ' ]
	has '^type *revoker$'
	has '^closed *0$'
	has '^chain *1$'
	has '^text *hello$'
	has '^text *not concerned$'
}

# Copies, copies of copies, those that were exported, and those in other spaces.
test_derived() {
	script 0 <<-'END'
		port create /10
		revoker create /10 /11 /12
		cap copy /11 /20 --badge 7
		cap copy /20 /21 --rights send
		space use guest
		space use main
		cap give /11 guest /1 --rights send
		exec -b --cap p=/21 -- sh -c 'capctl -i p=/1 send /1 early; touch sent; while [ ! -e revoked ]; do sleep 0.1; done; capctl -i p=/1 send /1 late 2>late; echo $? >code'
		recv /10 --timeout 20s
		exec -- sh -c 'while [ ! -e sent ]; do sleep 0.1; done'
		revoker revoke /12
		expect ENOENT send /20 x
		expect ENOENT send /21 x
		exec -- touch revoked
		wait
		space use guest
		expect ENOENT send /1 x
		space use main
		expect EAGAIN recv /10 --nowait
	END
	has '^text *early$'
	has '^badge *7$'
	[ "$(cat code)" = 3 ]
	has ENOENT late
}

# DESTROY is the same, and so is the end of who created it.
test_other_ends() {
	script 0 <<-'END'
		port create /10
		revoker create /10 /11 /12
		cap destroy /12
		expect ENOENT cap show /11
		space use lender
		space use main
		cap give /10 lender /1
		space use lender
		revoker create /1 /2 /3
		cap give /2 main /13
		space use main
		cap show /13
		space end lender
		expect ENOENT cap show /13
		cap show /10
	END
}

test_watch() {
	script 0 <<-'END'
		notification create /20
		port create /10
		revoker create /10 /11 /12
		cap watch /11 /20 1
		cap watch /10 /20 2
		revoker revoke /12
		notification wait /20 --timeout 20s
		expect EAGAIN notification wait /20 --nowait
	END
	has '^bits *0x1$'
}

# --- chains ----------------------------------------------------------------------

# N revokers in a row behind /10: /11/0i is through that in /12/0i.
chain() {
	from=/10
	echo 'port create /10'
	echo 'cappage create /11'
	echo 'cappage create /12'
	for i in $(seq "$1"); do
		echo "revoker create $from /11/0$i /12/0$i"
		from=/11/0$i
	done
}

test_chain() {
	{
		chain 8
		echo 'revoker show /12/08'
		echo 'send /11/08 through'
		echo 'recv /10'
		echo 'revoker close /12/03'
		echo 'expect EAGAIN send /11/08 x --nowait'
		echo 'send /11/02 before'
		echo 'recv /10'
		echo 'revoker open /12/03'
		echo 'revoker revoke /12/05'
		echo 'expect ENOENT send /11/08 x'
		echo 'expect ENOENT send /11/05 x'
		echo 'send /11/04 left'
		echo 'recv /10'
	} | script 0
	has '^chain *8$'
	has '^text *through$'
	has '^text *before$'
	has '^text *left$'
	{
		chain 8
		echo 'revoker create /11/08 /20 /21'
	} | script 1
	has '8 of at most 8 revokers in a row are there (EMLINK)' err
	has 'hint: .*through fewer revokers' err
	{
		chain 8
		echo 'revoker create /11/08 /20 /21'
	} | script 1 -j
	json_error error.errno=EMLINK error.limit.name=chain error.limit.use=8 \
		error.limit.max=8
}

# --- closing and opening -----------------------------------------------------------

test_close_open() {
	script 0 <<-'END'
		port create /10
		revoker create /10 /11 /12
		revoker close /12
		revoker close /12
		revoker show /12
		expect EAGAIN send /11 x --nowait
		expect ETIMEDOUT send /11 x --timeout 20ms
		start send /11 'when it is open'
		expect EAGAIN recv /10 --nowait
		send /10 'through the port itself'
		recv /10
		revoker open /12
		revoker open /12
		revoker show /12
		wait
		recv /10
		expect EAGAIN recv /10 --nowait
	END
	[ "$(sed -n 's/^closed *//p' out | tr '\n' ' ')" = '1 0 ' ]
	[ "$(sed -n 's/^text *//p' out | head -n 1)" = 'through the port itself' ]
	has '^text *when it is open$'
}

# Callers at a closed revoker: each is served once when it opens.
test_callers() {
	script 0 <<-'END'
		port create /10
		revoker create /10 /11 /12
		revoker close /12
		start call /11 first
		start call /11 second
		expect EAGAIN recv /10 --nowait
		revoker open /12
		serve /10 --count 2 -- tr a-z A-Z
		wait
		expect EAGAIN recv /10 --nowait
	END
	has '^text *FIRST$'
	has '^text *SECOND$'
}

# A call that was delivered before is answered all the same.
test_call_on_its_way() {
	script 0 <<-'END'
		port create /10
		revoker create /10 /11 /12
		start call /11 'asked before'
		recv /10
		revoker close /12
		reply /10 --last 'answered after'
		wait
		start call /11 'asked when closed'
		revoker open /12
		recv /10
		revoker revoke /12
		reply /10 --last 'answered, although it is revoked'
		wait
	END
	has '^text *answered after$'
	has '^text *answered, although it is revoked$'
}

# Who waits at a closed revoker is told when it is revoked.
test_revoked_while_closed() {
	script 0 <<-'END'
		port create /10
		revoker create /10 /11 /12
		revoker close /12
		start expect ENOENT send /11 x
		start expect ENOENT call /11 x
		revoker revoke /12
		wait
		expect EAGAIN recv /10 --nowait
	END
}

# --- refusals ------------------------------------------------------------------------

test_rights() {
	script 0 <<-'END'
		port create /10
		revoker create /10 /11 /12
		cap copy /12 /20 --rights write
		cap copy /12 /21 --rights destroy
		expect EACCES revoker revoke /20
		expect EACCES revoker close /21
		expect EACCES revoker open /21
		revoker close /20
		revoker open /20
		revoker revoke /21
		expect ENOENT revoker show /20
	END
	script 4 <<-'END'
		port create /10
		revoker create /10 /11 /12
		cap copy /12 /20 --rights write
		revoker revoke /20
	END
	has '^capctl: script:4: revoking /20: a right is missing (EACCES)$' err
}

test_refusals() {
	script 0 <<-'END'
		port create /10
		expect EEXIST revoker create /10 /10 /12
		expect EEXIST revoker create /10 /11 /10
		expect EINVAL revoker create /10 /11 /11
		expect ENOENT revoker create /20 /11 /12
		expect ENOENT cap show /11
		expect EINVAL revoker close /10
		expect EINVAL revoker revoke /10
		expect ENOENT revoker open /12
	END
	script 1 <<-'END'
		port create /10
		revoker show /10
	END
	has '/10 is a port, not a revoker: .*(EINVAL)$' err
	status 64 revoker create /10 /11
	status 64 revoker revoke
	status 64 revoker close /10 /11
}

run_cases revoke derived other_ends watch chain close_open callers call_on_its_way \
	revoked_while_closed rights refusals
