#!/bin/sh
# SPDX-License-Identifier: MIT
# The comment above each public function names every errno that it can answer, and no other:
# a program provokes each (errors.h).  One comment may stand above several functions that answer alike.
# ("with EAGAIN" is what another call ends with.)  The guide's table of functions has the same
# errors, each exported function, and says of those that a signal handler may call them of which
# the headers do.
# usage: errors.sh SOURCE_DIR ERRORS_PROGRAM HEADER...
set -eu
source=$1 program=$2
shift 2
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
	if (comment ~ /[Ss]ignal[ *]+handlers?[ *]+may[ *]+call/ || FILENAME ~ /modes\.h$/)
		print name, "handler" # of all in modes.h the beginning says it
	print name >names
	next
}
!prototype && /^[^ \t*\/]/ && !/^FIFOLOCK/ { comment = "" }
' names="$dir/names" "$@" | sort -u >"$dir/all"
grep -v handler "$dir/all" >"$dir/said"

"$program" | sort -u >"$dir/provoked"
[ -s "$dir/provoked" ] || exit 1
if ! diff "$dir/said" "$dir/provoked" >"$dir/differ"; then
	sed -n 's/^< /the header says, and nothing provokes: /p
		s/^> /provoked, and not in the header: /p' "$dir/differ"
	exit 1
fi

tr -d '`' <"$source/docs/guide.md" | awk -F ' *[|] *' '
	FILENAME != "-" { here[$1] = 1; next }
	NF == 7 && $2 ~ /^fifolock_/ {
		count = split($3, errors, " ")
		for (i = 1; i <= count && $2 in here; i++)
			print $2, errors[i]
		if ($5 == "yes" && $2 in here)
			print $2, "handler"
		print $2 >"/dev/stderr"
	}' "$dir/names" - 2>"$dir/listed" | sort -u >"$dir/table"
if ! diff "$dir/all" "$dir/table"; then
	echo "The headers (<) and the table of functions in docs/guide.md (>) differ."
	exit 1
fi
sort "$dir/listed" >"$dir/functions"
sed -n 's/^\t\(fifolock_[a-z_]*\);/\1/p' "$source/src/fifolock.map" "$source/src/table/fifolock-table.map" | grep -v '_modes$' | sort | diff - "$dir/functions"
