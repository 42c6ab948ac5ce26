#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# capctl against the module: messages in steps, and limits.
# Runs in the guest (busybox sh) as root; prints TAP, `ok CASE` or `not ok CASE`.
# shellcheck disable=SC2317 # cases are called by name
. "$(dirname "$0")/capctl.sh"

# --- messages in steps -------------------------------------------------------------

test_short() {
	script 0 <<-'END'
		port create /10
		message create /20
		message show /20
		message begin /20 /10 --length 16
		message show /20
		message fill /20 wor ld --offset 6
		message fill /20 'hello '
		message transmit /20
		message show /20
		recv /10
	END
	[ "$(sed -n 's/^state *//p' out | tr '\n' ' ')" = 'idle open open delivered delivered ' ]
	has '^sent *11$'
	has '^text *hello world$'
}

test_long() {
	head -c 5000 /dev/urandom >file
	cat file file >twice
	script 0 <<-'END'
		port create /10 --depth 1
		region register /30 64K
		port post /10 --region /30
		message create /20
		message begin /20 /10 --length 10000
		port show /10
		message fill /20 @file --offset 5000
		message fill /20 @file
		message transmit /20
		recv /10 --out got
	END
	has '^claimed *1$'
	cmp twice got
}

test_again() {
	script 0 <<-'END'
		port create /10
		message create /20
		message begin /20 /10
		message fill /20 one
		message transmit /20
		message begin /20 /10
		message fill /20 second
		message transmit /20 --length 3
		recv /10
		recv /10
	END
	has '^text *one$'
	has '^text *sec$'
}

test_caps() {
	script 0 <<-'END'
		port create /10
		port create /11
		port post /10 --landing /40
		message create /20
		message begin /20 /10 --caps 1
		message fill /20 'a port'
		message transmit /20 --cap /11:send
		recv /10
		cap show /40
	END
	has '^landing */40$'
	has '^rights *--s----$'
	script 1 <<-'END'
		port create /10
		message create /20
		message begin /20 /10
		message transmit /20 --cap /10
	END
	has 'EMSGSIZE' err
}

test_abandon() {
	script 0 <<-'END'
		port create /10 --depth 1
		region register /30 64K
		port post /10 --region /30
		message create /20
		message begin /20 /10 --length 10000
		message abandon /20
		message show /20
		port show /10
		expect EBUSY message fill /20 x
		expect EBUSY message transmit /20
		message begin /20 /10 --length 10000
		expect EBUSY message begin /20 /10
		message destroy /20
		port show /10
	END
	has '^state *idle$'
	[ "$(sed -n 's/^claimed *//p' out | tr '\n' ' ')" = '0 0 ' ]
}

test_queue() {
	script 0 <<-'END'
		notification create /21
		port create /10 --depth 1
		message create /20 --notification /21 --bits 1
		message begin /20 /10
		message fill /20 'in line by itself'
		send /10 'before it'
		message transmit /20 --queue
		expect EAGAIN notification wait /21 --nowait
		recv /10
		notification wait /21 --timeout 20s
		message show /20
		recv /10
	END
	has '^state *sending$'
	has '^state *delivered$'
	has '^bits *0x1$'
	has '^text *in line by itself$'
	script 0 <<-'END'
		notification create /21
		port create /10 --depth 1
		region register /30 64K
		message create /20 --notification /21 --bits 1
		expect EAGAIN message begin /20 /10 --length 1000 --nowait
		expect ETIMEDOUT message begin /20 /10 --length 1000 --timeout 20ms
		message begin /20 /10 --length 1000 --queue
		port post /10 --region /30
		notification wait /21 --timeout 20s
		message show /20
		message fill /20 x --offset 999
		message transmit /20
		recv /10 --out got
	END
	has '^state *queued$'
	has '^state *open$'
	[ "$(wc -c <got)" = 1000 ]
}

test_lost() {
	script 0 <<-'END'
		notification create /21
		port create /10 --depth 1
		region register /30 64K
		port post /10 --region /30
		message create /20 --notification /21 --bits 1
		message begin /20 /10 --length 1000
		port unpost /10 0
		notification wait /21 --timeout 20s
		message show /20
		expect ESTALE message fill /20 x
		expect ESTALE message transmit /20
		port post /10 --region /30
		message begin /20 /10 --length 1000
		port destroy /10
		notification wait /21 --timeout 20s
		message show /20
	END
	[ "$(sed -n 's/^lost *//p' out | tr '\n' ' ')" = 'ESTALE ENOENT ' ]
}

# The claim of who does nothing goes to who does.
test_claim_time() {
	script 0 <<-'END'
		port create /10 --depth 1 --claim-time 20000
		region register /30 64K
		port post /10 --region /30
		message create /20
		message create /21
		message begin /20 /10 --length 1000
		message begin /21 /10 --length 1000 --timeout 20s
		message show /20
		message transmit /21 --length 1
		recv /10 --out got
	END
	has '^lost *ESTALE$'
}

# --- limits --------------------------------------------------------------------------

test_size() {
	head -c 5000 /dev/urandom >file
	script 1 -j <<-'END'
		port create /10 --max-size 4K
		send /10 @file
	END
	json_error error.errno=EMSGSIZE error.limit.name=size error.limit.use=5000 \
		error.limit.max=4096 error.limit.thread
	script 1 <<-'END'
		port create /10 --max-caps 1
		send /10 x --cap /10 --cap /10
	END
	has '2 capabilities were asked for, 1 are the most (EMSGSIZE)' err
	# What was refused before is not the reason why this one would wait.
	script 1 <<-'END'
		port create /10 --depth 1 --no-shares
		send /10 x
		expect EAGAIN send /10 y --nowait
		recv /10
		recv /10 --nowait
	END
	has 'receiving from /10: it would have to wait' err
}

test_objects() {
	max=$(cat /sys/module/capmsg/parameters/max_objects)
	echo 20 >/sys/module/capmsg/parameters/max_objects
	seq 10 60 | sed 's|.*|cappage create /& --bits 4|' >script
	good=''
	status 1 run script && good=y
	echo "$max" >/sys/module/capmsg/parameters/max_objects
	[ -n "$good" ]
	has "of the user's 20 objects are in use (EDQUOT)" err
	has 'hint: .*max_objects' err
}

test_memlock() {
	printf 'region register /10 64K\nregion register /11 64K\n' >/tmp/regions
	rc=0
	su alice -c 'ulimit -l 64; capctl run /tmp/regions' >out 2>err || rc=$?
	rm /tmp/regions
	cat out err
	[ "$rc" = 1 ]
	has '^capctl: /tmp/regions:2: .*: 16 of the 16 pages that may be pinned are in use (EDQUOT)' err
	has 'hint: .*ulimit -l' err
}

run_cases short long again caps abandon queue lost claim_time size objects memlock
