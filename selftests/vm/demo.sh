#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs in the guest, with the module loaded: shows what capmsg does. Files to be
# sent are in /demo; what arrives gets a line `received NAME SHA-256`, which the
# host compares with its own.

out=/tmp/received
socket=/tmp/door
mkdir -p "$out"

say() { printf '\n--- %s\n' "$*"; }

die() {
	echo "demo: $*"
	exit 1
}

# show COMMAND...: runs it as one would type it.
show() {
	echo "\$ $*"
	"$@" || die "'$*' failed with status $?"
}

say "The machine"
show uname -sr
show capctl doctor

say "Cappages, ports and capabilities, in a space of capctl's own"
cat >/tmp/tour <<'END'
cappage create /10
port create /10/01 --depth 2
cap copy /10/01 /10/02 --rights send --badge 42
cap list /10
cap show /10/02
send /10/02 'hello, self'
recv /10/01
END
sed 's/^/    /' /tmp/tour
show capctl run /tmp/tour

say "A capability handed down to another program: it may send, and no more"
cat >/tmp/family <<'END'
port create /10
exec --cap door=/10:send -- capctl --import door=/1 send /1 'from a child'
recv /10
END
sed 's/^/    /' /tmp/family
show capctl run /tmp/family

say "Two programs, each with its own open of the device"
echo "\$ demo_server $socket $out &"
demo_server "$socket" "$out" &
server=$!
echo "\$ demo_client $socket /demo/* &"
demo_client "$socket" /demo/* &
client=$!
echo "server is process $server, client is process $client, both started by $$"
wait "$client" || die "the client failed with status $?"
wait "$server" || die "the server failed with status $?"

say "What the server wrote, and what the client read"
n=0
for file in /demo/*; do
	name=${file##*/}
	[ -f "$out/$name" ] || die "$name has not arrived"
	sent=$(sha256sum <"$file")
	got=$(sha256sum <"$out/$name")
	echo "sent     $name ${sent%% *}, $(stat -c %s "$file") bytes"
	echo "received $name ${got%% *}"
	[ "$sent" = "$got" ] || die "$name is not what was sent"
	n=$((n + 1))
done
[ "$n" -gt 0 ] || die "there are no files in /demo"

say "Nothing is left behind"
show capctl status
