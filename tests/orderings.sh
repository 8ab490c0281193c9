#!/bin/sh
# SPDX-License-Identifier: MIT
# Every acquire or release names a row of the table at the top of its file, and
# every row is named by a site.  usage: orderings.sh SOURCE_DIR
set -eu
cd "$1"
status=0
for file in *.c; do
	awk -v file="$file" '
	/^ \*\t\[[A-Z]+\]/ { match($0, /\[[A-Z]+\]/); row[substr($0, RSTART, RLENGTH)] = NR; next }
	/\/\* \[[A-Z]+\]/ { line = $0; while (match(line, /\[[A-Z]+\]/)) {
		label = substr(line, RSTART, RLENGTH); line = substr(line, RSTART + RLENGTH)
		if (!(label in row)) { print file ":" NR ": no row " label; bad = 1 }
		named[label] = 1; last = NR } }
	/fl_[a-z]+_(acquire|release|acq_rel)\(/ && NR - last > 5 {
		print file ":" NR ": an ordering without a row: " $0; bad = 1 }
	END { for (label in row) if (!(label in named)) {
		print file ":" row[label] ": row " label " is named by no site"; bad = 1 }
		exit bad }' "$file" || status=1
done
exit $status
