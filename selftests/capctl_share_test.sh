#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# capctl against the module: how many posts of a port one may hold, who holds them,
# and what is said of it when it is too much.
# Runs in the guest (busybox sh) as root; prints TAP, `ok CASE` or `not ok CASE`.
# shellcheck disable=SC2317 # cases are called by name
. "$(dirname "$0")/capctl.sh"

# column NAME: the values of a field in the order in which they were printed.
column() { sed -n "s/^$1 *//p" out | tr '\n' ' '; }

# --- shares --------------------------------------------------------------------------

# Of 16 posts half is a user's, and half of that is a badge's.
test_credits() {
	script 0 <<-'END'
		port create /10 --depth 16
		cap copy /10 /11 --rights send
		port credits /11
		send /11 a
		port credits /11
		send /11 b
		send /11 c
		send /11 d
		port credits /11
		expect EAGAIN send /11 e --nowait
		recv /10
		port credits /11
		send /11 e --nowait
	END
	[ "$(column posts)" = '4 3 0 1 ' ]
	[ "$(column held)" = '0 1 4 3 ' ]
	[ "$(column share)" = '4 4 4 4 ' ]
	[ "$(column user_held)" = '0 1 4 3 ' ]
	[ "$(column user_share)" = '8 8 8 8 ' ]
	[ "$(column waiting)" = '0 0 0 0 ' ]
}

# What fits: length, capabilities, the largest buffer.
test_credits_that_fit() {
	script 0 <<-'END'
		port create /10 --depth 4 --max-size 1M --max-caps 2 --no-shares
		region register /20 64K
		port post /10 --region /20 --length 8K
		port post /10 --region /20 --offset 8K --length 4K --landing /30
		port credits /10
		port credits /10 --length 256
		port credits /10 --length 4K
		port credits /10 --length 8K
		port credits /10 --length 8193
		port credits /10 --caps 1
		port credits /10 --caps 2
		expect EMSGSIZE port credits /10 --length 1048577
		expect EMSGSIZE port credits /10 --caps 3
	END
	[ "$(column posts)" = '4 4 2 1 0 1 0 ' ]
	has '^largest *8192$'
}

test_user_share() {
	script 1 <<-'END'
		port create /10 --depth 4 --no-short
		region register /20 64K
		port post /10 --region /20 --length 4K
		port post /10 --region /20 --length 4K
		port post /10 --region /20 --length 4K
		port post /10 --region /20 --length 4K
		cap copy /10 /11 --rights send --badge 1
		cap copy /10 /12 --rights send --badge 2
		cap copy /10 /13 --rights send --badge 3
		send /11 a
		send /12 b
		port credits /13
		send /13 c --nowait
	END
	[ "$(column posts)" = '0 ' ]
	[ "$(column user_share)" = '2 ' ]
	has 'the user holds 2 of the 2 posts of its share (EAGAIN)' err
	has 'hint: .*--no-shares' err
}

test_no_shares() {
	script 0 <<-'END'
		port create /10 --depth 4 --no-shares
		port credits /10
		send /10 a --nowait
		send /10 b --nowait
		send /10 c --nowait
		send /10 d --nowait
		port credits /10
		expect EAGAIN send /10 e --nowait
		limits
	END
	[ "$(column posts)" = '4 0 ' ]
	has '^limit.name *posts$'
	has '^limit.use *4$'
	has '^limit.max *4$'
	has '^limit.errno *EAGAIN$'
}

# Who is over its share waits, and goes on when the receiver has caught up.
test_wait() {
	script 0 <<-'END'
		port create /10 --depth 8
		cap copy /10 /11 --rights send
		send /11 a
		send /11 b
		expect EAGAIN send /11 c --nowait
		expect ETIMEDOUT send /11 c --timeout 20ms
		start send /11 c
		port credits /11
		port show /10
		recv /10
		wait
		recv /10
		recv /10
		port credits /11
	END
	[ "$(column waiting)" = '1 0 ' ]
	has '^senders *1$'
	[ "$(column text)" = 'a b c ' ]
}

# Another user has a share of its own, however much the first one holds.
test_other_user() {
	cat >/tmp/give <<-'END'
		send /1 e --nowait
		send /1 f --nowait
		port credits /1
		expect EACCES port holders /1
	END
	script 0 <<-'END'
		port create /10 --depth 16
		cap copy /10 /11 --rights send --badge 1
		cap copy /10 /12 --rights send --badge 2
		send /11 a
		send /11 b
		send /12 c
		exec --cap p=/11:send -- su alice -c 'capctl -i p=/1 run /tmp/give'
		start send /12 d --timeout 20s
		port holders /10
	END
	rm /tmp/give
	# Two users: of 16 posts, with 2 of its own and 11 free, a fifth.
	[ "$(column user_held)" = '2 ' ]
	has '^USER *BADGED *BADGE *HELD *WAITING$'
	has '^ *0 *1 *1 *2 *0$'
	has '^ *0 *1 *2 *[12] *[01]$'
	has '^ *1000 *1 *1 *2 *0$'
}

# --- holders ------------------------------------------------------------------------

test_holders() {
	script 0 <<-'END'
		port create /10 --depth 8 --no-shares
		cap copy /10 /11 --rights send --badge 5
		port holders /10
		send /10 a
		send /11 b
		send /11 c
		port holders /10
		recv /10
		recv /10
		recv /10
	END
	has '^ *0 *0 *0 *1 *0$'
	has '^ *0 *1 *5 *2 *0$'
	[ "$(grep -c '^USER' out)" = 1 ]
	script 0 <<-'END'
		port create /10 --depth 1
		cap copy /10 /11 --rights send --badge 5
		send /11 a
		start send /11 b
		start send /11 c
		port holders /10 -o badge,waiting
		recv /10
		recv /10
		recv /10
		port holders /10 -n
	END
	has '^BADGE *WAITING$'
	has '^ *5 *2$'
	script 4 <<-'END'
		port create /10
		cap copy /10 /11 --rights send
		port holders /11
	END
	has 'asking who holds posts of /11: a right is missing (EACCES)' err
}

# --- what is said of it -----------------------------------------------------------------

test_limits() {
	script 0 <<-'END'
		limits
		port create /10 --depth 8
		send /10 a
		send /10 b
		expect EAGAIN send /10 c --nowait
		limits
		recv /10
		limits
		cap copy /10 /11 --rights send --badge 1
		expect EMSGSIZE port credits /11 --caps 65
		limits
	END
	[ "$(column limit.name)" = 'none badge-share badge-share caps ' ]
	[ "$(column limit.use)" = '0 2 2 65 ' ]
	[ "$(column limit.max)" = '0 2 2 64 ' ]
	[ "$(column limit.errno)" = 'EAGAIN EAGAIN EMSGSIZE ' ]
	has '^limit.thread *[1-9]'
}

test_words() {
	script 1 <<-'END'
		port create /10 --depth 8
		send /10 a
		send /10 b
		send /10 c --nowait
	END
	has "2 of the 2 posts of this badge's share are held (EAGAIN)" err
	has 'hint: .*--no-shares' err
	status 64 port credits
	status 64 port credits /10 --length x
	status 64 port holders
	status 64 limits /10
}

run_cases credits credits_that_fit user_share no_shares wait other_user holders limits \
	words
