#!/bin/sh
# SPDX-License-Identifier: MIT
# The rooms of src, as docs/design.md has them: each file stands in its room's table, once, and
# includes
#
#	of its own room		what stands above it there, or in the same row
#	core			of observe the hooks only: account.h, events.h, detector.h
#	api			core, and of observe account.h
#	observe			core
#	pthread			core, and of api what one file of it does for another: fast.h
#	table			of core how atomics are spelled, and the word: atomic.h, word.h; of
#				observe what race detectors are told: detector.h, waits.h
#	the hooks, and what they include: of core what is needed to say what is told
#
# Nor does core, or observe by a private name, call what is defined in api; and core and api
# name what listens only as account.h does, but for memory that detectors are not to see.
# usage: rooms.sh SOURCE_DIR PARTS.a
set -eu
parts=$(realpath "$2")
cd "$1"
{
	sed -n 's/^#\|^| `/table:&/p' docs/design.md
	find src -name '*.[ch]' | sort | sed 's/^/file:/'
	find src -name '*.[ch]' | sort | xargs grep -H '^#include "' | tr ' ' ':'
} | awk -F: '
	function wrong(what) { print what; bad = 1 }
	function room_of(file) { sub(/^src\//, "", file); sub(/\/.*/, "", file); return file }
	function set(names, list,  n, part) {
		for (n = split(names, part, " "); n; n--) list["src/" part[n]] = 1
	}
	function may(file, what) {
		if (file in hook && room_of(what) == "core") return what in told
		if (room_of(file) == room_of(what)) return row[what] <= row[file]
		if (room_of(file) == "core") return what in from_core
		if (room_of(file) == "api") return room_of(what) == "core" || what in from_api
		if (room_of(file) == "pthread" && what == "src/api/fast.h") return 1
		if (room_of(file) == "table") return what in from_table
		return room_of(what) == "core"
	}
	BEGIN {
		set("observe/account.h observe/events.h observe/detector.h", from_core)
		set("observe/account.h", from_api)
		set("core/atomic.h core/word.h observe/detector.h observe/waits.h", from_table)
		set("observe/account.h observe/events.h observe/detector.h observe/stats.h", hook)
		set("observe/watch.h observe/debug/debug.h", hook)
		set("core/atomic.h core/word.h core/slot.h", told)
	}
	$1 == "table" && /^table:#/ { room = match($2, /`src\/[a-z]+`/) ? substr($2, RSTART + 1, RLENGTH - 2) : "" }
	$1 == "table" && room && /^table:\|/ {
		rows++
		split($0, cell, "|")
		for (n = split(cell[2], part, "`"); n > 1; n--)
			if (n % 2 == 0) {
				if (room "/" part[n] in row) wrong(part[n] " stands twice in docs/design.md")
				row[room "/" part[n]] = rows
			}
	}
	$1 == "file" { files[$2] = 1; if (!($2 in row)) wrong($2 " is not in docs/design.md") }
	$1 ~ /^src/ {
		what = $3
		gsub(/"/, "", what)
		here = $1
		sub(/[^\/]*$/, "", here)
		what = index(what, "/") ? "src/" what : here what
		if (!(what in files)) wrong($1 ": which file is " $3 "?")
		else if (!may($1, what)) wrong($1 " includes " what)
	}
	END {
		for (name in row) if (!(name in files)) wrong("docs/design.md: there is no " name)
		exit bad || !rows
	}'

if grep -rnE 'fl_(stats|debug)_|fl_counted|fl_is_watched|fl_watch_[^h]' src/core src/api ||
	grep -rnE 'fl_watch' src/api; then
	echo 'account.h has names for that'
	exit 1
fi

nm "$parts" 2>/dev/null | awk '
	/\.o:$/ { room = $1; sub(/.*\//, "", room); sub(/^\.\._src_/, "", room); sub(/_.*/, "", room) }
	NF == 3 && $2 ~ /[A-Z]/ { at[$3] = room }
	NF == 2 && $1 == "U" && (room == "core" || (room == "observe" && $2 ~ /^fl_/)) { asks[room " calls " $2] = $2 }
	END {
		for (call in asks) if (at[asks[call]] == "api") { print call ", which is in api"; bad = 1 }
		if (at["fl_release"] != "core" || at["fifolock_lock"] != "api") { print "where are the rooms?"; bad = 1 }
		exit bad
	}'
