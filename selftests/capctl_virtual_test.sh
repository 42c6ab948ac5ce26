#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# capctl against the module: virtual cappages, and those that have a keeper; this
# script is their handler. Runs in the guest (busybox sh) as root; prints TAP,
# `ok CASE` or `not ok CASE`.
# shellcheck disable=SC2317 # cases are called by name
. "$(dirname "$0")/capctl.sh"

# resolution FILE RESULT BITS SLOT ERROR: a struct capmsg_resolution; numbers in octal.
resolution() {
	printf '\040\0\0\0\0\0\0\0%b\0\0\0%b\0\0\0%b\0\0\0\0\0\0\0%b\0\0\0\0\0\0\0' \
		"\\0$2" "\\0$3" "\\0$4" "\\0$5" >"$1"
	[ "$(wc -c <"$1")" = 32 ]
}

value() { resolution "$1" 001 010 000 000; }
slot() { resolution "$1" 002 010 "$2" 000; }
retry() { resolution "$1" 003 000 000 000; }
error() { resolution "$1" 004 000 000 "$2"; }

# --- what it looks like ----------------------------------------------------------------

test_reads_as_a_cappage() {
	script 0 <<-'END'
		port create /10 --handler
		virtual create /11 --handler /10 --object 7 --bits 6
		cap show /11
		cappage list
		cap copy /11 /12 --rights read
		cap show /12
		expect EACCES cappage destroy /12
		cappage destroy /11
		expect ENOENT cap show /12
	END
	has '^type *cappage$'
	has '^bits *6$'
	has '^rights *rw---d-$'
	has '^rights *r------$'
}

test_ends_with_its_port() {
	script 0 <<-'END'
		port create /10 --handler
		virtual create /11 --handler /10
		virtual create /12 --handler /10 --object 0xffffffffffffffff
		cappage destroy /12
		expect ENOENT cap show /12
		cap show /11
		port destroy /10
		expect ENOENT cap show /11
	END
	script 0 -j <<-'END'
		port create /10 --handler
		virtual create /11 --handler /10
		status
	END
	json total.virtuals=1
}

test_kinds() {
	script 0 <<-'END'
		port create /10 --handler
		virtual create /11 --kind port --handler /10 --object 7
		virtual create /12 --kind region --handler /10
		virtual create /13 --kind notification --handler /10
		virtual create /14 --kind message --handler /10
		virtual create /15 --kind revoker --handler /10
		cap list
		expect EINVAL virtual create /16 --kind port --bits 8 --handler /10
	END
	for kind in port region notification message revoker; do
		has "^  1. $kind " || return
	done
	status 64 virtual create /11 --kind reply --handler /10
	has 'cappage, port, region' err
	script 0 <<-'END'
		port create /10 --handler
		notification create /20
		virtual create /11 --kind port --handler /10 --notification /20 --no-senders-bits 4
		cap copy /11 /12 --rights send
		cap clear /12
		notification wait /20 4
		expect EINVAL virtual create /13 --kind region --handler /10 --notification /20 --no-senders-bits 4
	END
	has "0x4"
	script 0 <<-'END'
		port create /10 --handler
		port create /20
		virtual create /11 --kind port --handler /10 --original /20
		expect EINVAL virtual create /12 --kind region --handler /10 --original /20
		port destroy /20
		expect ENOENT cap show /11
	END
	status 64 virtual create /11 --kind x --handler /10
}

# --- who is asked ------------------------------------------------------------------------

test_value() {
	value value
	script 0 <<-'END'
		port create /10 --handler
		port create /13 --depth 3
		virtual create /11 --handler /10 --object 7
		start send /11/05 'through a handler'
		recv /10
		reply /10 --last --cap /13 @value
		wait
		recv /13
	END
	has '^flags *call,inline,upcall$'
	has '^length *72$'
	has '^text *through a handler$'
}

stand_in() { resolution "$1" 001 000 000 000; }
carried_out() { resolution "$1" 005 000 000 000; }

# A message that is sent to a virtual port goes to the one that stands in.
test_stand_in() {
	stand_in port
	script 0 <<-'END'
		port create /10 --handler
		port create /12 --depth 3
		virtual create /11 --kind port --handler /10 --object 7
		start send /11 'to a virtual one'
		handler list /10
		recv /10
		reply /10 --last --cap /12 @port
		wait
		recv /12
	END
	has '^flags *call,inline,upcall$'
	has '^text *to a virtual one$'
	has ' send$'
}

test_carried_out() {
	carried_out yes
	script 0 <<-'END'
		port create /10 --handler
		virtual create /11 --kind notification --handler /10
		start notification signal /11 5
		recv /10
		reply /10 --last @yes
		wait
	END
}

# What is stored there goes where the handler says.
test_slot() {
	slot slot 005
	script 0 <<-'END'
		port create /10 --handler
		cappage create /13
		virtual create /11 --handler /10
		start port create /11/44 --depth 3
		recv /10
		reply /10 --last --cap /13 @slot
		wait
		port show /13/05
	END
	has '^depth *3$'
}

test_error() {
	error error 015
	script 0 <<-'END'
		port create /10 --handler
		virtual create /11 --handler /10
		start expect EACCES cap show /11/44
		recv /10
		reply /10 --last @error
		wait
	END
}

test_no_answer() {
	printf '' >empty
	script 0 <<-'END'
		port create /10 --handler
		virtual create /11 --handler /10
		expect EAGAIN send /11/05 x --nowait
		expect ETIMEDOUT send /11/05 x --timeout 20ms
		recv /10
		expect ESTALE reply /10 --last late
		start expect ENOENT cap show /11/05
		recv /10
		expect EINVAL reply /10 --last @empty
		cap clear /10 --last
		wait
		start expect ENOENT cap show /11/05
		recv /10
		port destroy /10
		wait
	END
}

# A handler for which another would have to be asked.
test_no_upcall_there() {
	value value
	script 1 <<-'END'
		port create /10 --handler
		virtual create /11 --handler /10
		start cap show /11/05
		recv /10
		reply /10 --last --cap /11/06 @value
	END
	has 'a handler would have to be asked that cannot answer, or not here (EDEADLK)$' err
	has 'hint: name what is to be answered' err
}

test_asked_too_often() {
	retry retry
	{
		echo 'port create /10 --handler'
		echo 'virtual create /11 --handler /10'
		echo 'start cap show /11/05'
		for _ in $(seq 32); do
			echo 'recv /10'
			echo 'reply /10 --last @retry'
		done
		echo 'wait'
	} | script 1
	has 'looking at /11/05: too many handlers or keepers where the address leads (ELOOP)$' err
	has 'hint: each virtual cappage on the way' err
}

# --- keepers -----------------------------------------------------------------------------

test_keeper() {
	retry retry
	script 0 <<-'END'
		port create /10 --handler
		virtual create /11 --handler /10
		cappage create /12 --keeper /11 --bits 8
		start send /12/05 'on demand'
		recv /10
		port create /12/05
		reply /10 --last @retry
		wait
		recv /12/05
		send /12/05 'it is there'
		recv /12/05
		expect EAGAIN recv /10 --nowait
		port destroy /10
		expect ENOENT send /12/06 x
		send /12/05 'its keeper is gone'
		recv /12/05
	END
	has '^text *on demand$'
	has '^text *it is there$'
	has '^text *its keeper is gone$'
}

# --- who waits, and what is remembered --------------------------------------------------

test_waiting() {
	script 0 <<-'END'
		port create /10 --handler --depth 1
		virtual create /11 --handler /10 --object 7
		cap copy /11 /12 --badge 9
		handler list /10 --no-headings
		start expect ENOENT cap show /11/05
		start expect ENOENT cap show /12/06
		handler list /10 -o id,delivered,object,address,badge
		exec --cap port=/10 -- sh -c 'capctl -i port=/1 handler list /1 -no id >ids'
		exec --cap port=/10 -- sh -c 'capctl -i port=/1 handler show /1 $(head -n 1 ids) >one'
		exec --cap port=/10 -- sh -c 'capctl -i port=/1 handler abort /1 $(head -n 1 ids)'
		exec --cap port=/10 -- sh -c 'capctl -i port=/1 handler abort /1 $(head -n 1 ids); echo $? >late'
		handler list /10 -no object
		handler abort /10 all
		wait
		handler list /10 --no-headings
		handler abort /10 all
	END
	has '^ *[0-9]* *1 *7 /05 *0$'
	has '^ *[0-9]* *0 *7 /06 *9$'
	has '^object *7$' one
	has '^address */05$' one
	[ "$(wc -l <ids)" = 2 ]
	[ "$(cat late)" = 3 ]
	[ "$(grep -c '^aborted *1$' out)" = 2 ]
	[ "$(grep -c '^aborted *0$' out)" = 1 ]
	script 0 -j <<-'END'
		port create /10 --handler
		virtual create /11 --handler /10
		start expect ENOENT cap show /11/05
		handler list /10
		exec --cap port=/10 -- sh -c 'capctl -i port=/1 -j handler show /1 $(capctl -i port=/1 handler list /1 -no id)'
		handler abort /10 all
		wait
	END
	script 0 <<-'END'
		port create /10
		expect EINVAL handler list /10
		expect ENOENT handler list /11
		expect ENOENT handler show /11 1
		expect EINVAL handler abort /10 all
	END
}

test_remembered() {
	printf '\040\0\0\0''\001\0\0\0''\001\0\0\0''\010\0\0\0''\0\0\0\0''\0\0\0\0''\0\0\0\0''\0\0\0\0' >value
	script 0 -j <<-'END'
		port create /10 --handler
		port create /13 --depth 8 --no-shares
		virtual create /11 --handler /10 --cache-bits 4
		start send /11/05 'asked for'
		recv /10
		reply /10 --last --cap /13 @value
		wait
		send /11/05 remembered --nowait
		expect EAGAIN recv /10 --nowait
		virtual invalidate /11 --handler /10 --nothing
		virtual invalidate /11 --handler /10 --below /06
		virtual invalidate /11 --handler /10
		start send /11/05 'asked for again'
		recv /10
		reply /10 --last --cap /13 @value
		wait
	END
	has '"dropped":0,"entries":16,"hits":[1-9][0-9]*,"misses":[1-9][0-9]*}'
	[ "$(grep -c '"dropped":0,' out)" = 2 ]
	has '"dropped":1,"entries":16'
	status 64 virtual invalidate /11
	script 0 <<-'END'
		port create /10 --handler
		port create /14 --handler
		virtual create /11 --handler /10
		expect EINVAL virtual invalidate /11 --handler /14
		expect EINVAL virtual create /12 --handler /10 --cache-bits 13
	END
}

# --- refusals ----------------------------------------------------------------------------

test_refusals() {
	script 0 <<-'END'
		port create /10 --handler
		port create /13
		cap copy /10 /14 --rights send
		expect EINVAL virtual create /11 --handler /13
		expect EACCES virtual create /11 --handler /14
		expect ENOENT virtual create /11 --handler /20
		expect EEXIST virtual create /13 --handler /10
		expect EINVAL virtual create /11 --handler /10 --bits 3
		expect EINVAL virtual create /11 --handler /10 --bits 13
		expect ENOENT cap show /11
		expect EINVAL cappage create /12 --keeper /13
		expect ENOENT cappage create /12 --keeper /20
		expect ENOENT cap show /12
	END
	script 1 <<-'END'
		port create /13
		virtual create /11 --handler /13
	END
	has "hint: the handler's port" err
	script 1 <<-'END'
		port create /13
		cappage create /12 --keeper /13
	END
	has 'a keeper is another cappage' err
	status 64 virtual create /11
	has 'handler is missing' err
	status 64 virtual create --handler /10
	status 64 virtual create /11 --handler /10 --object x
}

run_cases reads_as_a_cappage ends_with_its_port kinds value stand_in carried_out slot error no_answer no_upcall_there \
	asked_too_often keeper waiting remembered refusals
