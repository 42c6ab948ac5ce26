#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# capctl against the module: notifications, notices, and watches.
# Runs in the guest (busybox sh) as root; prints TAP, `ok CASE` or `not ok CASE`.
# shellcheck disable=SC2317 # cases are called by name
. "$(dirname "$0")/capctl.sh"

# --- notifications -----------------------------------------------------------------

test_signal_wait() {
	script 0 <<-'END'
		notification create /10
		notification signal /10 0x5
		notification signal /10 16
		notification show /10
		notification wait /10 0x11
		notification wait /10
		expect EAGAIN notification wait /10 --nowait
		expect ETIMEDOUT notification wait /10 1 --timeout 20ms
		expect EINVAL notification signal /10
		expect EINVAL notification wait /10 0
	END
	has '^type *notification$'
	has '^rights *--sv-d-$'
	has '^pending *0x15$'
	has '^bits *0x11$'
	has '^bits *0x4$'
	status 64 notification wait
	status 64 notification signal /10 x
}

test_badge() {
	script 0 <<-'END'
		notification create /10
		cap copy /10 /11 --rights send --badge 0x8000000000000000
		notification signal /11
		expect EINVAL notification signal /11 1
		expect EACCES notification wait /11
		notification wait /10
		notification show /11
	END
	has '^bits *0x8000000000000000$'
	has '^badged *1$'
}

test_wait_across() {
	script 0 <<-'END'
		notification create /10
		exec -b --cap n=/10:send -- sh -c 'sleep 0.2; capctl -i n=/1 notification signal /1 6'
		notification wait /10 2 --timeout 20s
		notification wait /10
		wait
	END
	has '^bits *0x2$'
	has '^bits *0x4$'
}

test_poll() {
	script 0 <<-'END'
		notification create /10 --poll
		notification create /11
		expect EAGAIN space poll --nowait
		notification signal /11 1
		expect ETIMEDOUT space poll --timeout 20ms
		notification signal /10 1
		space poll --timeout 20s
		notification wait /10
		expect EAGAIN space poll --nowait
	END
	has '^readable *1$'
}

# An eventfd counts signals that set bits, and is inherited.
test_eventfd() {
	script 0 <<-'END'
		notification create /10 --eventfd new
	END
	fd=$(sed -n 's/^fd *//p' out)
	cat >script <<-END
		notification create /10 --eventfd new
		notification signal /10 1
		notification signal /10 0xf4
		notification signal /10 4
		exec -- sh -c 'dd bs=8 count=1 <&$fd 2>/dev/null | od -An -tx1'
	END
	status 0 run script
	has '^ *02 00 00 00'
	status 1 notification create /10 --eventfd 77
	has 'EBADF' err
}

test_destroy() {
	script 3 <<-'END'
		notification create /10
		exec -b --cap n=/10 -- sh -c 'capctl -i n=/1 notification wait /1 --timeout 20s 2>error; echo $? >code'
		exec -- sleep 0.5
		notification destroy /10
		wait
		notification signal /10 1
	END
	[ "$(cat code)" = 3 ]
	script 1 <<-'END'
		port create /10
		notification destroy /10
	END
	has 'is a port, not a notification' err
}

# --- notices -----------------------------------------------------------------------

test_arrival() {
	script 0 <<-'END'
		notification create /20
		port create /10 --notification /20 --arrival-bits 1
		expect EAGAIN notification wait /20 --nowait
		send /10 x
		notification wait /20 --timeout 20s
		recv /10
	END
	has '^bits *0x1$'
	script 1 <<-'END'
		port create /10 --arrival-bits 1
	END
	has 'EINVAL' err
}

test_watch() {
	script 0 <<-'END'
		notification create /20
		port create /10
		cap watch /10 /20 4
		cap watch /10 /20 8 --to /30
		cap show /30
		cap destroy /30
		expect ENOENT cap show /30
		cap watch /10 /20 0x10 --to /31
		cap list
		port destroy /10
		notification wait /20 --timeout 20s
		expect ENOENT cap show /31
		expect EAGAIN notification wait /20 --nowait
		expect ENOENT cap watch /10 /20 1
	END
	has '^type *watch$'
	has '^ *31 watch '
	has '^bits *0x14$'
}

test_watch_other_space() {
	script 0 <<-'END'
		notification create /20
		space use other
		port create /1
		cap give /1 main /10 --rights send
		space use main
		cap watch /10 /20 1
		space end other
		notification wait /20 --timeout 20s
	END
	has '^bits *0x1$'
}

run_cases signal_wait badge wait_across poll eventfd destroy arrival watch \
	watch_other_space
