#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# capctl against the module: looking, objects, capabilities, scripts, exit statuses.
# Runs in the guest (busybox sh) as root; prints TAP, `ok CASE` or `not ok CASE`.
# shellcheck disable=SC2317 # cases are called by name
. "$(dirname "$0")/capctl.sh"

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
		version.uapi=1 version.commands=40 user.objects_max total.spaces
}

test_help() {
	status 0 help
	for object in doctor status space cappage port region notification message \
		revoker cap send recv call reply serve limits exec wait run expect shell; do
		status 0 help "$object"
		capctl help | grep -q "^  $object "
	done
	for verb in copy move clear show list export import give watch destroy; do
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

# --- scripts and spaces ----------------------------------------------------------

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

test_expect() {
	script 1 <<-'END'
		expect ENOENT cap show /10
		port create /10
		expect EEXIST port create /10
		expect EINVAL cappage destroy /10
		expect EEXIST port create /11
	END
	has '^capctl: script:5: .*the command succeeded$' err
	[ ! -s out ]
	script 4 <<-'END'
		port create /10
		cap copy /10 /11 --rights recv
		expect ENOENT send /11 x
	END
	has 'EACCES' err
	script 0 -j <<-'END'
		expect ENOENT cap show /10
	END
	json command=expect expected.errno=ENOENT expected.line=1
}

test_spaces() {
	script 0 <<-'END'
		port create /10
		space use other
		space setup --root-bits 4
		space use main
		cap give /10 other 0x3/4 --rights send
		space use other
		cap show 0x3/4
		send 0x3/4 'from the other space'
		expect ENOENT cap show /10
		space use main
		recv /10
		space use other
		space end main
		expect ENOENT send 0x3/4 x
		space end
		expect ENOENT cap show /03
		space use main
		expect ENOENT recv /10
	END
	has '^rights *--s----$'
	has '^text *from the other space$'
	status 3 space end nosuch
	script 3 <<-'END'
		port create /10
		cap give /10 nosuch /1
	END
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
	# Before it waits in its ioctl (16) the signal may mean nothing to it, as it did to the shell.
	for _ in $(seq 200); do
		! grep -q '^16 ' "/proc/$pid/syscall" || break
		sleep 0.1
	done
	kill -INT "$pid"
	rc=0
	wait "$pid" || rc=$?
	[ "$rc" = 130 ]
}

run_cases doctor status help usage cappage cappage_json list_columns copy guard subpage \
	weak move_clear destroy export_import run setup expect spaces status_absent status_denied \
	status_unavailable status_timeout status_interrupted
