# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by the tests of capctl: cases are functions test_NAME that run in a
# shell of their own, in which the first failure ends them. Prints TAP.

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
	grep -h '^{"schema":' out err >>"$work/documents" || :
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

# What a test must not leave behind. Who ran in the background ends a moment later.
test_nothing_left() {
	for _ in $(seq 40); do
		status 0 -j status
		! json total.ports=0 total.cappages total.regions=0 total.exports=0 \
			total.notifications=0 total.messages=0 total.revokers=0 total.watches=0 \
			total.virtuals=0 total.pinned_pages=0 total.spaces=1 || return 0
		sleep 0.5
	done
	return 1
}

# run_cases NAME...: runs them all, and ends the test. The JSON that there was goes
# to the host, where tools/capctl/tests/schema.py looks at it.
run_cases() {
	for name in "$@" nothing_left; do
		case_ "$name"
	done
	sed 's/^/# json /' documents
	echo "1..$count"
	exit $failed
}
