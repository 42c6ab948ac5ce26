#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The handlers of examples/, each with capctl as its client.
# Runs in the guest (busybox sh) as root; prints TAP, `ok CASE` or `not ok CASE`.
# shellcheck disable=SC2016,SC2317 # texts of scripts; cases are called by name
. "$(dirname "$0")/capctl.sh"

# Programs that a handler has started end a moment after it.
settle() {
	for _ in $(seq 40); do
		status 0 -j status
		! json total.spaces=1 || return 0
		sleep 0.5
	done
	return 1
}

# service FILE COMMAND...: a program that answers calls by a filter.
service() {
	file=$1
	shift
	printf '#!/bin/sh\necho "$0" >>started\necho $$ >pid\nexec %s\n' "$*" >"$file"
	chmod +x "$file"
}

# --- names -----------------------------------------------------------------------------

test_names() {
	mkdir services
	service services/b-reverse capctl -i port=/1 serve /1 -- rev
	service services/a-upper capctl -i port=/1 serve /1 -- tr a-z A-Z
	cat >script <<-'END'
		cap show /10
		call /10/00 hello --timeout 20s
		call /10/01 hello --timeout 20s
		call /10/00 again --timeout 20s
		cap copy /10/01 /11
		call /11 stressed --timeout 20s
		expect ENOENT call /10/02 x --timeout 20s
		expect EACCES cap clear /10/00
	END
	names services capctl -i names=/10 run script >out
	has '^text *HELLO$'
	has '^text *olleh$'
	has '^text *AGAIN$'
	has '^text *desserts$'
	[ "$(tr '\n' ' ' <started)" = 'services/a-upper services/b-reverse ' ]
	settle
}

# A program that has ended is started again by who looks next.
test_names_again() {
	rm -rf services started pid
	mkdir services
	service services/once capctl -i port=/1 serve /1 --count 1 -- tr a-z A-Z
	cat >script <<-'END'
		call /10/00 first --timeout 20s
		exec -- timeout 20 sh -c 'while kill -0 $(cat pid); do sleep 0.1; done'
		call /10/00 second --timeout 20s
	END
	names services capctl -i names=/10 run script >out
	has '^text *FIRST$'
	has '^text *SECOND$'
	[ "$(wc -l <started)" = 2 ]
	settle
}

# Two at the same time start one program.
test_names_race() {
	rm -rf services started pid
	mkdir services
	service services/only capctl -i port=/1 serve /1 -- tr a-z A-Z
	cat >script <<-'END'
		start call /10/00 one --timeout 20s
		start call /10/00 two --timeout 20s
		start call /10/00 three --timeout 20s
		wait
	END
	names services capctl -i names=/10 run script >out
	has '^text *ONE$'
	has '^text *TWO$'
	has '^text *THREE$'
	[ "$(wc -l <started)" = 1 ]
	settle
}

# --- membrane ----------------------------------------------------------------------------

test_membrane() {
	cat >inner <<-'END'
		cap show /20
		cap show /20/05
		send /20/05 'through it'
		cap show /20/07
		send /20/07/01 'through two'
		cap copy /20/05 /20/08 --rights send
		send /20/08 'by way of ours'
		expect ENOENT cap show /20/09
		cap list /20
		cap copy /20/07 /30
		send /30/01 'by a copy'
		expect EACCES cap move /20/05 /31
		cap copy /20 /20/0a
		expect ENOENT cap show /20/0a/05
		notification create /40
		cap watch /30 /40 1
		exec -- sh -c 'kill -USR1 $MEMBRANE'
		notification wait /40 --timeout 20s
		expect ENOENT cap show /20
		expect ENOENT send /20/05 'too late'
		expect ENOENT send /30/01 'too late'
	END
	script 0 <<-'END'
		cappage create /10
		port create /10/05 --depth 8
		cappage create /10/07
		port create /10/07/01
		exec --cap t=/10 -- membrane t sh -c 'MEMBRANE=$PPID exec capctl -i t=/20 run inner'
		recv /10/05 --timeout 20s
		recv /10/05 --timeout 20s
		recv /10/07/01 --timeout 20s
		recv /10/07/01 --timeout 20s
		expect EAGAIN recv /10/05 --nowait
		expect ENOENT cap show /10/08
	END
	has '^text *through it$'
	has '^text *through two$'
	has '^text *by way of ours$'
	has '^text *by a copy$'
	has '^membrane: /05 port$' err
	has '^membrane: /05 stat$' err
	has '^membrane: /05 send$' err
	has '^membrane: /07/01 send$' err
	has '^membrane: /07 cappage$' err
	has '^membrane: /07/01 port$' err
	has '^membrane: /08 written to$' err
	has '^membrane: /09 leads nowhere$' err
	has '^membrane: the line is cut$' err
}

# --- cow ----------------------------------------------------------------------------------

test_cow() {
	cat >inner <<-'END'
		port show /20/01
		cap clear /20/01
		expect ENOENT cap show /20/01
		port create /20/03 --depth 33
		port show /20/03
		cap move /20/02 /20/04
		expect ENOENT cap show /20/02
		send /20/04 'it is the same port'
		exec -- timeout 20 sh -c 'touch ready; while [ ! -e changed ]; do sleep 0.1; done'
		port show /20/05
		expect ENOENT cap show /20/01
		cap list /20 -o slot
	END
	script 0 <<-'END'
		cappage create /10
		port create /10/01 --depth 11
		port create /10/02 --depth 22
		exec -b --cap t=/10 -- cow t capctl -i t=/20 run inner
		exec -- timeout 20 sh -c 'while [ ! -e ready ]; do sleep 0.1; done'
		port create /10/05 --depth 55
		exec -- touch changed
		wait
		recv /10/02
		cap list /10 -o slot
	END
	[ "$(sed -n 's/^depth *//p' out | tr '\n' ' ')" = '11 33 55 ' ]
	has '^text *it is the same port$'
	[ "$(grep '^ *[0-9]$' out | tr -d ' ' | tr '\n' ' ')" = '3 4 5 1 2 5 ' ]
}

# --- refusals -----------------------------------------------------------------------------

test_usage() {
	for program in names membrane cow; do
		rc=0
		$program 2>err || rc=$?
		[ "$rc" = 64 ]
		has "^$program: usage: $program " err
	done
	for program in membrane cow; do
		rc=0
		$program nothing true 2>err || rc=$?
		[ "$rc" = 1 ]
	done
}

run_cases names names_again names_race membrane cow usage
