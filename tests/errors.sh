#!/bin/sh
# SPDX-License-Identifier: MIT
# The comment above each public function names every errno that it can answer, and no other:
# errors.c provokes each.  One comment may stand above several functions that answer alike.
# ("with EAGAIN" is what another call ends with.)
# usage: errors.sh INCLUDE_DIR ERRORS_PROGRAM
set -eu
include=$1 program=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# "function ERRNO" for each word that looks like one; EXCLUSIVE is a mode.
awk '
/\/\*/ && !prototype { comment = ""; inside = 1 }
inside { comment = comment " " $0 }
/\*\// { inside = 0; next }
inside { next }
/^FIFOLOCK_API/ { prototype = 1; text = "" }
prototype { text = text " " $0 }
prototype && /;/ {
	prototype = 0
	if (!match(text, /fifolock_[a-z_]+\(/))
		next
	name = substr(text, RSTART, RLENGTH - 1)
	count = split(comment, words, /[^A-Za-z_]+/)
	for (i = 1; i <= count; i++)
		if (words[i] ~ /^E[A-Z]+$/ && words[i] != "EXCLUSIVE" &&
		    words[i - 1] != "with")
			print name, words[i]
	next
}
!prototype && /^[^ \t*\/]/ && !/^FIFOLOCK/ { comment = "" }
' "$include"/fifolock/*.h | sort -u >"$dir/said"

"$program" | sort -u >"$dir/provoked"
[ -s "$dir/provoked" ] || exit 1
if ! diff "$dir/said" "$dir/provoked" >"$dir/differ"; then
	sed -n 's/^< /the header says, and nothing provokes: /p
		s/^> /provoked, and not in the header: /p' "$dir/differ"
	exit 1
fi
