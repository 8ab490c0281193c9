#!/bin/sh
# SPDX-License-Identifier: MIT
# The comment above each public function names every errno that it can answer, and no other:
# errors.c provokes each.  One comment may stand above several functions that answer alike.
# ("with EAGAIN" is what another call ends with.)  The guide's table of functions has the same
# errors, each exported function, and says of those that a signal handler may call them of which
# the headers do.  Not those of tables: what they answer tests/table asks.
# usage: errors.sh SOURCE_DIR ERRORS_PROGRAM
set -eu
include=$1/include guide=$1/docs/guide.md map=$1/src/fifolock.map program=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# "function ERRNO" for each word that looks like one; EXCLUSIVE is a mode.  "function handler".
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
	if (comment ~ /[Ss]ignal[ *]+handlers?[ *]+may[ *]+call/ || name ~ /^fifolock_modes_/)
		print name, "handler" # of all in modes.h the beginning says it
	next
}
!prototype && /^[^ \t*\/]/ && !/^FIFOLOCK/ { comment = "" }
' $(ls "$include"/fifolock/*.h | grep -v '/t[ar][a-z_]*\.h$') | sort -u >"$dir/all"
grep -v handler "$dir/all" >"$dir/said"

"$program" | sort -u >"$dir/provoked"
[ -s "$dir/provoked" ] || exit 1
if ! diff "$dir/said" "$dir/provoked" >"$dir/differ"; then
	sed -n 's/^< /the header says, and nothing provokes: /p
		s/^> /provoked, and not in the header: /p' "$dir/differ"
	exit 1
fi

tr -d '`' <"$guide" | awk -F ' *[|] *' '
	NF == 7 && $2 ~ /^fifolock_/ {
		count = split($3, errors, " ")
		for (i = 1; i <= count; i++)
			print $2, errors[i]
		if ($5 == "yes")
			print $2, "handler"
		print $2 >"/dev/stderr"
	}' 2>"$dir/listed" | sort -u >"$dir/table"
if ! diff "$dir/all" "$dir/table"; then
	echo "The headers (<) and the table of functions in docs/guide.md (>) differ."
	exit 1
fi
sort "$dir/listed" >"$dir/functions"
sed -n 's/^\t\(fifolock_[a-z_]*\);/\1/p' "$map" | grep -v '_modes$' | sort | diff - "$dir/functions"
