#!/bin/sh
# SPDX-License-Identifier: MIT
# Every atomic operation names a row of the tables at the top of its file, right before
# it or behind it on its line:
#
#	[ROW] release, [ROW] acquire	a row of pairs and which side of it this is; "no
#					release": that half of the operation carries nothing
#	[ROW]				a row of "relaxed because"
#
# Every row is named by a site, a pair by both sides (the other one may be in a file
# that the row names, in parentheses), and atomic.h alone spells atomics.
#
#	orderings.sh SOURCE_DIR
#	orderings.sh --bites SOURCE_DIR		does it fail, for each reason that it has?
set -eu

lint() { # in the source folder
	# shellcheck disable=SC2046 # names without spaces
	awk '
	function wrong(what) { print FILENAME ":" FNR ": " what; bad = 1 }
	function base(file) { sub(/.*\//, "", file); return file }
	function forget() { split("", said); split("", idle); labels = 0 }
	function unused() { if (labels) wrong("a label without a site: " text); forget() }

	# The comment on this line goes to note, the rest to code.
	function divide(line,  at) {
		code = note = ""
		while (line != "") {
			at = index(line, inside ? "*/" : "/*")
			if (!at) at = length(line) + 1
			if (inside) note = note " " substr(line, 1, at - 1)
			else code = code substr(line, 1, at - 1)
			if (at <= length(line)) inside = !inside
			line = substr(line, at + 2)
		}
	}
	# [ROW] [ROW] word, no word: said[row, word], said[row, ""], idle[word]
	function read_note(  word, words, i, n, k, row, closed, no) {
		n = split(note, words, /[ \t,.:;]+/)
		for (i = 1; i <= n; i++) {
			word = words[i]
			if (word ~ /^\[[A-Z]+\]$/) {
				if (closed) k = closed = 0
				row[++k] = word
				text = note; noted = FNR; labels = 1
				said[word, ""] = 1
			} else if (labels && word ~ /^(acquire|release)$/) {
				if (no) idle[word] = 1
				for (; !no && k; k--) {
					delete said[row[k], ""]
					said[row[k], word] = 1
				}
				closed = 1
			}
			no = word == "no"
		}
	}
	# Which halves the operations on this line have.
	function read_code(  rest, op) {
		split("", half); sites = 0
		for (rest = code; match(rest, /fl_(load|store|swap|or|and|add|cas)_[a-z_]+\(/); ) {
			op = substr(rest, RSTART, RLENGTH - 1)
			rest = substr(rest, RSTART + RLENGTH)
			sites++
			if (op ~ /_relaxed$/) half["relaxed"] = 1
			if (op ~ /_(acquire|acq_rel)$/) half["acquire"] = 1
			if (op ~ /_(release|acq_rel)$/) half["release"] = 1
		}
	}
	function check_site(  key, part, have, word) {
		if (FNR - noted > 5) forget()
		for (key in said) {
			split(key, part, SUBSEP)
			word = part[2] == "" ? "relaxed" : part[2]
			have[word] = 1
			if (!((FILENAME, part[1]) in kind)) wrong("no row " part[1])
			else if ((kind[FILENAME, part[1]] == "relaxed") != (word == "relaxed"))
				wrong("not so in its table: " part[1] " " part[2])
			else if (!(word in half))
				wrong(part[1] ": the operation has no " word)
			site[FILENAME, part[1], word] = 1
		}
		for (word in idle) {
			have[word] = 1
			if (!(word in half)) wrong("no " word ": there is none to explain")
		}
		for (word in half) if (!(word in have)) wrong("no row for this " word ": " $0)
		forget()
	}

	FNR == 1 { forget(); inside = 0; table = ""; files[FILENAME] = 1 }
	/^ \*\trow[ \t]+released by/ { table = "pair" }
	/^ \*\trelaxed[ \t]+because/ { table = "relaxed" }
	/^ \*\t\[[A-Z]+\]/ {
		match($0, /\[[A-Z]+\]/)
		row = substr($0, RSTART, RLENGTH)
		kind[FILENAME, row] = table; line_of[FILENAME, row] = FNR; row_text[FILENAME, row] = $0
	}
	{
		divide($0)
		if (code ~ /__atomic|__sync_|atomic_|_Atomic|stdatomic|[cC][mM][mM]_|volatile|asm/ && code !~ /\.symver/ &&
		    FILENAME != "core/atomic.h")
			wrong("atomics have names in atomic.h: " $0)
	}
	table != "" && /\*\// && !(FILENAME in open) { open[FILENAME] = 1; next }
	table != "" && !(FILENAME in open) { next } # still in the head
	FILENAME == "core/atomic.h" { next }
	note ~ /\[[A-Z]+\]/ { unused(); read_note() }
	{ read_code() }
	sites { check_site() }
	/^}/ { unused() }
	END {
		for (key in kind) {
			split(key, part, SUBSEP)
			where = part[1] ":" line_of[key] ": row " part[2]
			n = kind[key] == "relaxed" ? split("relaxed", need) : split("acquire release", need, " ")
			for (i = 1; i <= n; i++) {
				found = (part[1], part[2], need[i]) in site
				for (other in files) if (index(row_text[key], "(" base(other) ")"))
					found = found || (other, part[2], need[i]) in site
				if (!found) { print where " has no " need[i] " site"; bad = 1 }
			}
			if (!(key SUBSEP "acquire" in site) && !(key SUBSEP "release" in site) &&
			    !(key SUBSEP "relaxed" in site)) {
				print where " is named by no site"; bad = 1 }
		}
		exit bad
	}' $(find . -name '*.[ch]' | sed 's|^\./||')
}

bites=0
missed=0
bite() { # what it should say, file, sed script: on a copy
	cp -r . "$copy/src"
	sed "$3" "$2" >"$copy/src/$2"
	if cmp -s "$2" "$copy/src/$2"; then
		echo "the script changes nothing: $3"
		missed=$((missed + 1))
	elif (cd "$copy/src" && lint) >"$copy/said" || ! grep -q -e "$1" "$copy/said"; then
		echo "not caught: $2: $3" && cat "$copy/said"
		missed=$((missed + 1))
	else
		bites=$((bites + 1))
	fi
	rm -rf "$copy/src"
}

if [ "$1" != --bites ]; then
	cd "$1"
	lint
	exit
fi
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cd "$2"
lint
bite 'no row for this acquire' core/lock.c 's|/\* \[HOLD\] acquire \*/||'
bite 'no row for this release' core/chain.c 's|/\* \[JOIN\] release \*/||'
bite 'no row for this acquire' core/lock.c 's|, \[SCAN\] \[NEWS\] acquire \*/| */|'
bite 'no row for this release' core/scan.c 's|acquire, no release|acquire|'
bite 'no row for this relaxed' core/lock.c 's|\* \[GUESS\] \*||'
bite 'no row for this relaxed' core/pool.c 's|/\* \[CARRIED\] \*/||'
bite 'no row for this relaxed' core/scan.c '/fl_event_scan/a fl_or_relaxed(\&lock->word, 1);'
bite 'named by no site' core/lock.c 's|^ \*	\[CARRIED\].*|&\n *	[OTHER]  no.|'
bite 'named by no site' core/slot.c 's|^ \*	\[GRANT\].*|&\n *	[OTHER]  a  b  c|'
bite 'no row \[GONE\]' core/queue.c 's|^ \*	\[GONE\].*||'
bite 'has no release site' core/queue.c 's|\[LEAVE\] release|[JOIN] release|'
bite 'has no acquire site' core/queue.c 's|\[LEAVE\] acquire|[JOIN] acquire|'
bite 'has no release site' core/scan.c 's|fl_news (scanner.c)|fl_news|'
bite 'the operation has no acquire' core/chain.c 's|\[JOIN\] release|[JOIN] acquire|'
bite 'the operation has no release' core/queue.c 's|\[LEAVE\] acquire|[LEAVE] release|'
bite 'the operation has no acquire' core/lock.c 's|fl_cas_acquire(|fl_cas_relaxed(|'
bite 'the operation has no acquire' core/slot.c 's|fl_load_acquire(|fl_load_relaxed(|'
bite 'there is none to explain' core/lock.c 's|\[HOLD\] acquire \*/|[HOLD] acquire, no release */|'
bite 'not so in its table' core/lock.c 's|\[HOLD\] acquire \*/|[HOLD] */|'
bite 'not so in its table' core/slot.c 's|\[EITHER\] \*/|[EITHER] acquire */|'
bite 'the operation has no relaxed' core/queue.c 's|\[LEAVE\] acquire|[TOLD]|'
bite 'a label without a site' core/lock.c 's|const fifolock_modes_t \*modes = fl_modes_of(lock);|& /* [GUESS] */|'
bite 'atomics have names' core/pool.c 's|fl_load_relaxed(&made)|__atomic_load_n(\&made, 0)|'
bite 'atomics have names' core/wait.c 's|^#include <errno.h>|#include <stdatomic.h>|'
bite 'atomics have names' core/queue.h 's|uint32_t ticket;|_Atomic uint32_t ticket;|'
echo "$bites passed, $missed failed"
test "$missed" = 0
