#!/bin/sh
# SPDX-License-Identifier: MIT
# What the debug build prints, and what FIFOLOCK_DEBUG makes of it.
# usage: debug.sh SUBJECT SOURCE
set -u
subject=$1 source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
wrong() { echo "$*"; cat "$dir/err"; failed=1; }

# The answer, then how often something is printed, then that.
prints() {
	answer=$1 times=$2 what=$3
	shift 3
	(ulimit -c 0; exec "$@") >/dev/null 2>"$dir/err"
	got=$?
	[ $got = "$answer" ] || wrong "$*: exit status $got, not $answer"
	got=$(grep -c -e "$what" "$dir/err")
	[ "$got" = "$times" ] || wrong "$*: $got times, not $times: $what"
}

prints 0 3 '^fifolock: EPERM: fifolock_unlock at /.* \[+0x' "$subject"
prints 0 1 '^    100 times from this place' "$subject"
prints 0 1 '^fifolock: EPERM: 435 times in all: fifolock_unlock at ' "$subject"
prints 134 1 '^fifolock: ' env FIFOLOCK_DEBUG=abort "$subject"
prints 0 0 . env FIFOLOCK_DEBUG=quiet "$subject"
prints 134 0 . env FIFOLOCK_DEBUG=quiet,abort "$subject"
prints 0 4 '^fifolock: ' env FIFOLOCK_DEBUG=aborted,noorder "$subject"
prints 0 1 '^fifolock: order: fifolock_lock at ' "$subject" order
prints 0 0 . env FIFOLOCK_DEBUG=noorder "$subject" order

# The place is where the mistake is.
if command -v addr2line >/dev/null; then
	"$subject" 2>"$dir/err"
	place=$(sed -n '1s/.*\[+\(0x[0-9a-f]*\)\].*/\1/p' "$dir/err")
	line=$(addr2line -e "$subject" "$place" | sed 's/.*:\([0-9]*\).*/\1/')
	sed -n "${line}p" "$source" | grep -q 'the mistake' ||
		wrong "$place is line $line"
fi
exit $failed
