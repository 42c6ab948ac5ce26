# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the scripts here: where things are, and how progress is said.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${CAPMSG_CACHE:-$top/build/cache}
case $cache in /*) ;; *) cache=$top/$cache ;; esac
build=$top/build
export CAPMSG_CACHE=$cache LC_ALL=C TZ=UTC
unset MAKEFLAGS MFLAGS MAKELEVEL

# The kernels that we test on. A name is a series, of which the newest package
# of the suite is taken; NAME-rt is its PREEMPT_RT flavour, NAME-debug and NAME-kcsan
# are our own builds of the same source.
stock_kernels=(6.1 6.12-rt 6.12 7.3)
debug_kernels=(6.12-debug)
race_kernels=(6.12-kcsan)

# is_ours NAME: we have built it ourselves.
is_ours() {
	case $1 in
	*-debug | *-kcsan) ;;
	*) return 1 ;;
	esac
}

# module_flags NAME: prints what the module for that kernel is built with, a word a line:
# test hooks on kernels of our own; where races are not looked for KUnit suites, and
# counters of what is executed.
module_flags() {
	! is_ours "$1" || echo CONFIG_CAPMSG_TEST_HOOKS=y
	case $1 in
	*-debug) printf '%s\n' CONFIG_CAPMSG_KUNIT_TEST=y CAPMSG_COVERAGE=1 ;;
	esac
}

# suite_tests KERNEL [KIND]: prints the tests of the suite there, as they are called in the
# guest; where data races are looked for without those of a KIND (a pattern, default any)
# in selftests/unraced. expected_tests KERNEL [KIND]: their names, with commas between.
suite_tests() {
	local left_out=''
	case $1 in *-kcsan) left_out=$(awk -v kind="^(${2:-.*})\$" '!/^#/ && $1 ~ kind { print $2 }' "$top/selftests/unraced" | paste -sd '|') ;; esac
	find "$top/selftests" -maxdepth 1 \( -name '*_test.c' -o -name '*_test.sh' \) -printf '/t/%f\n' |
		sed 's/\.c$//' | grep -vxE "/t/($left_out)_test(\.sh)?" | sort
}

expected_tests() {
	suite_tests "$@" | sed 's|^/t/||; s/_test.*//' | sort | paste -sd ,
}

# is_next NAME: it is a kernel of the next Debian, and built with the tools of that.
is_next() {
	case $1 in
	7.*) ;;
	*) return 1 ;;
	esac
}

say() { printf '# %s\n' "$*"; }

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# kernel_dir NAME: prints the directory of a kernel that is ready. In it:
#   release   what uname -r says
#   vmlinux   what qemu boots
#   tree      where make -C goes        output    what make O= names
#   root      that these are part of: unpacked packages, or the next Debian
kernel_dir() {
	[ -f "$cache/kernels/$1/release" ] ||
		die "no kernel '$1' in the cache: run scripts/setup, scripts/kernel for our own"
	readlink -f "$cache/kernels/$1"
}

# kernel_make NAME MAKE-ARG...: make for a module of that kernel, somewhere in build/.
# For a kernel of the next Debian it runs in that system, which sees build/ of ours,
# and /proc, without which its objtool fails.
kernel_make() {
	local name=$1 kernel tree output user=()
	kernel=$(kernel_dir "$name") || return 1
	shift
	if ! is_next "$name"; then
		make -C "$(readlink -f "$kernel/tree")" O="$(readlink -f "$kernel/output")" "$@"
		return
	fi
	tree=$(readlink "$kernel/tree")
	output=$(readlink "$kernel/output")
	[ "$(id -u)" = 0 ] || user=(--map-root-user)
	# shellcheck disable=SC2016 # the inner shell expands it
	unshare --mount "${user[@]}" bash -euc '
		root=$1 build=$2
		shift 2
		mkdir -p "$root$build"
		for dir in /proc /dev "$build"; do mount --rbind "$dir" "$root$dir"; done
		exec chroot "$root" env -i PATH=/usr/bin:/bin LC_ALL=C TZ=UTC "$@"
	' - "$kernel/root" "$build" make -C "${tree#root}" O="${output#root}" "$@"
}

# only_one NAME: waits until no other process of ours is between this and its end.
only_one() {
	mkdir -p "$cache"
	exec 7>"$cache/$1.lock"
	flock -n 7 || { say "waiting for another $1" && flock 7; }
}

# progress FILE CMD...: runs CMD with its output in FILE, a line every 30 s.
progress() {
	local log=$1 start=$SECONDS pid rc=0
	shift
	mkdir -p "$(dirname "$log")"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		if [ $(((SECONDS - start) % 30)) -eq 29 ]; then
			say "  $((SECONDS - start)) s, $(wc -l <"$log") lines: $(tail -n 1 "$log" | cut -c 1-60)"
		fi
	done
	wait "$pid" || rc=$?
	return "$rc"
}
