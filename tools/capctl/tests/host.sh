#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# host.sh CAPCTL: tests of grammar, help and errors, where there is no module.
# Prints TAP.

capctl=$1
log=$(mktemp)
documents=$(mktemp)
trap 'rm -f "$log" "$documents"' EXIT
n=0
failed=0

result() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - host.$2"
	else
		echo "not ok $n - host.$2"
		sed 's/^/# /' "$log"
		failed=1
	fi
}

# status NAME WANT WORD...: the exit status of capctl with these words
status() {
	name=$1 want=$2
	shift 2
	"$capctl" "$@" >"$log" 2>&1 </dev/null
	got=$?
	cat "$log" >>"$documents"
	[ $got = "$want" ]
	result $? "$name"
}

# prints NAME PATTERN WORD...: what capctl prints holds the pattern
prints() {
	name=$1 pattern=$2
	shift 2
	"$capctl" "$@" >"$log" 2>&1 </dev/null
	cat "$log" >>"$documents"
	grep -q -e "$pattern" "$log"
	result $? "$name"
}

if [ -e /dev/capmsg ]; then
	echo "1..0 # SKIP the module is loaded; selftests/capctl_test.sh tests then"
	exit 0
fi

status help 0 help
status help_option 0 --help
status help_object 0 cap help
status help_object_option 0 cap --help
status help_verb 0 cap copy --help
status help_of_verb 0 help cap copy
status help_unknown 64 help nosuch
prints help_names_option 'guard=BITS/LEN' cap copy --help
status version 0 --version
status nothing 64
status no_object 64 nosuch
status no_verb 64 cap
status unknown_verb 64 cap nosuch
status unknown_option 64 port create --nosuch /1
status shortened_option 64 port create --dep 1 /1
status shortened_global 64 --jso status
status shortened_verb 64 cap cop /1 /2
status missing_value 64 port create /1 --depth
status unwanted_value 64 port create /1 --no-short=1
status too_few 64 cap copy /1
status too_many 64 cap show /1 /2
status exec_needs_command 64 exec /1
status no_module 5 status
prints hint '  hint: ' status
prints error_json '"error":{"errno":"ENODEV",' -j status
prints usage_json '"schema":"capctl/1","error":{"what":' -j nosuch
prints error_names_command '"command":"status","error":{' -j status
status doctor 5 doctor
prints doctor_json '^{"schema":"capctl/1","command":"doctor","checks":\[{"result":' -j doctor
prints help_json '{"object":"cap","verb":"copy","args":"FROM TO",' -j help
prints help_json_verb '"commands":\[{"object":"recv",' -j recv --help
prints version_json '^{"schema":"capctl/1","command":"version","capctl":"' -j --version
status expect_met 0 expect ENODEV cap list
status expect_other 5 expect EAGAIN cap list
status expect_success 1 expect ENOENT expect ENODEV cap list
status expect_no_errno 64 expect ENOSUCH cap list
prints expect_json '"command":"expect","expected":{"errno":"ENODEV",' -j expect ENODEV cap list
prints columns '^CHECK   RESULT$' -o check,result doctor
prints no_headings '^module  fail$' -n -o check,result doctor
status wrong_column 64 -o nosuch doctor
status no_script 1 run /nonexistent

printf '# comment\n\nhelp\nnosuch x\nhelp\n' | "$capctl" run - >"$log" 2>&1
[ $? = 64 ] && grep -q "^capctl: stdin:4: there is no object 'nosuch'" "$log" &&
	[ "$(grep -c '^Usage:' "$log")" = 1 ]
result $? script_stops

printf "cap 'show\n" | "$capctl" run - >"$log" 2>&1
[ $? = 64 ] && grep -q 'stdin:1: .*a quote is not closed' "$log"
result $? script_quote

printf 'help\n' | "$capctl" shell >"$log" 2>&1
result $? shell_from_pipe

"$capctl" -j status 2>/dev/null >"$log"
[ ! -s "$log" ]
result $? stdout_is_data

"${0%/*}/manual.py" "$capctl" "${0%/*}/../capctl.8" >"$log" 2>&1
result $? manual

"${0%/*}/schema.py" "$capctl" "$documents" >"$log" 2>&1
result $? schema

echo "1..$n"
exit $failed
