#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# capctl against the module: every command with -j. On the host schema.py sees that
# none is missing, and that all documents are as capctl.schema.json says.
# Runs in the guest (busybox sh) as root; prints TAP, `ok CASE` or `not ok CASE`.
# shellcheck disable=SC2317 # cases are called by name
. "$(dirname "$0")/capctl.sh"

test_looking() {
	status 0 -j doctor
	status 0 -j status
	status 0 -j help
	status 0 -j help cap
	status 0 -j cap copy --help
	status 0 -j --version
	json capctl uapi=1
	status 0 -j -o check,result doctor
}

test_objects() {
	script 0 -j <<-'END'
		space setup --frames 4
		cappage create /10
		cappage list
		cap show /10
		port create /11 --depth 2
		port show /11
		region register /12 64K
		cap show /12
		port post /11 --region /12
		port unpost /11 0
		cap list
		cap list -o slot,type
		region unregister /12
		region register /12 64K
		region destroy /12
		port destroy /11
		cappage destroy /10
	END
	json command='cappage destroy'
}

test_capabilities() {
	script 0 -j <<-'END'
		port create /10
		cap copy /10 /11 --rights send --badge 7 --guard 5/4
		cap list
		cap clear /11
		cap move /10 /12
		cap show /12
		cap export /12
		space use other
		space use main
		cap give /12 other /1
		space end other
		cap destroy /12
	END
	script 0 -j <<-'END'
		port create /10
		exec --cap p=/10 -- capctl -j cap import /1 --env p
	END
	json command='cap import'
}

test_messages() {
	printf '\000\001' >bytes
	head -c 1000 /dev/zero >long
	script 0 -j <<-'END'
		port create /10
		port post /10 --landing /20
		send /10 text --cap /10
		recv /10
		send /10 @bytes
		recv /10
		send /10 x
		recv /10 --out got
		exec -b --cap p=/10 -- capctl -i p=/1 send /1 @long
		recv /10 --size 4K
		exec -b --cap p=/10 -- capctl -i p=/1 send /1 @long
		recv /10 --size 4K --region
		wait
	END
	script 2 -j <<-'END'
		port create /10
		cappage create /20
		port post /10 --landing /20/00
		cappage destroy /20
		recv /10 --timeout 20s
	END
	json messages.0.error=ENOENT
}

test_calls() {
	script 0 -j <<-'END'
		port create /10
		exec -b --cap p=/10:send -- sh -c 'capctl -j -i p=/1 call /1 a; capctl -j -i p=/1 call /1 b; capctl -j -i p=/1 call /1 c --out got'
		recv /10
		reply /10 first --last --recv
		reply /10 second --last
		serve /10 --count 1 -- tr a-z A-Z
		wait
	END
	json command=wait
}

test_notices() {
	script 0 -j <<-'END'
		notification create /10 --poll
		notification create /11 --eventfd new
		notification signal /10 0x8000000000000001
		notification show /10
		space poll
		notification wait /10
		port create /12 --notification /10 --arrival-bits 1
		cap list
		notification destroy /10
	END
	json command='notification destroy'
}

test_watches() {
	script 0 -j <<-'END'
		notification create /10
		port create /11
		cap watch /11 /10 2 --to /20
		cap show /20
		cap list
	END
	json caps.2.type=watch
}

test_steps() {
	script 0 -j <<-'END'
		port create /10 --depth 1
		region register /30 64K
		port post /10 --region /30
		message create /20
		message show /20
		message begin /20 /10 --length 1000
		message fill /20 abc
		message transmit /20
		message show /20
		recv /10 --out got
		port post /10 --region /30
		message begin /20 /10 --length 1000
		message abandon /20
		message begin /20 /10 --length 1000
		port destroy /10
		message show /20
		message destroy /20
	END
	json command='message destroy'
}

test_limits() {
	script 0 -j <<-'END'
		limits
		port create /10 --depth 1
		send /10 x
		expect EAGAIN send /10 y --nowait
		limits
	END
	json limit.name=posts limit.errno=EAGAIN
}

test_revokers() {
	script 0 -j <<-'END'
		port create /10
		revoker create /10 /11 /12
		revoker close /12
		revoker open /12
		revoker revoke /12
	END
	[ "$(wc -l <out)" = 5 ]
	json command='revoker revoke'
	script 0 -j <<-'END'
		port create /10
		revoker create /10 /11 /12
		revoker close /12
		revoker show /12
	END
	json command='revoker show' type=revoker closed=1 chain=1 rights=-w---d-
	script 0 -j <<-'END'
		port create /10
		revoker create /10 /11 /12
		cap list -o slot,type
	END
	json caps.2.type=revoker caps.2.slot=12
	script 3 -j <<-'END'
		port create /10
		revoker create /10 /11 /12
		revoker revoke /12
		revoker close /12
	END
	json_error command='revoker close' error.errno=ENOENT error.what='closing /12' \
		error.line=4
}

test_shares() {
	script 0 -j <<-'END'
		port create /10 --depth 8
		send /10 a
		port credits /10 --length 16 --caps 0
	END
	json command='port credits' posts=1 held=1 share=2 user_held=1 user_share=4 \
		waiting=0 largest=0
	script 0 -j <<-'END'
		port create /10 --depth 8
		cap copy /10 /11 --badge 18446744073709551615
		port holders /10
		send /10 a
		send /11 b
		port holders /10 -o held
		port holders /10
	END
	json command='port holders' holders.0.user=0 holders.1.held=1
	grep -q '"badge":18446744073709551615' out
	script 1 -j <<-'END'
		port create /10 --depth 8
		send /10 a
		send /10 b
		send /10 c --nowait
	END
	json_error command=send error.errno=EAGAIN error.limit.name=badge-share \
		error.limit.use=2 error.limit.max=2
	script 0 -j <<-'END'
		port create /10 --depth 8
		send /10 a
		send /10 b
		expect EAGAIN send /10 c --nowait
		limits
	END
	json command=limits limit.name=badge-share limit.errno=EAGAIN
}

test_errors() {
	status 64 -j
	status 64 -j nosuch
	status 64 -j cap copy /1
	json_error command='cap copy' error.what
	status 3 -j cap show /10
	status 3 -j notification wait /10 --timeout 10ms
	status 3 -j space end nosuch
	script 64 -j <<-'END'
		cap 'show
	END
	script 1 -j <<-'END'
		expect ENOENT cap show /10
		expect ENOENT port create /10
	END
}

run_cases looking objects capabilities messages calls notices watches steps limits \
	revokers shares errors
