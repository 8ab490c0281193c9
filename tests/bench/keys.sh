#!/bin/sh
# SPDX-License-Identifier: MIT
# fifolock-bench-keys as people start it: what it refuses, what it writes, that keys which collide
# do so where it says, and nowhere else.
# usage: keys.sh PROGRAM COMPARE
set -eu
bench=$1 compare=$2
# shellcheck source=tests/bench/common
. "${0%/*}/common"

refuses "there is no lock 'futex'" --locks fifolock_table,futex
refuses "'0' is not between 1 and" --keys 1,0
refuses "neither uniform nor zipf" --access uniform,pareto
refuses "'2' is not between 0 and 1" --touch 2
refuses "no lock that was named takes part in --live" --live --locks stripes-64
refuses "a value is missing" --count
refuses "not an option" --fast

"$bench" --quick --locks all --load --collide --live --churn --keys 1,100 --threads 1,2 \
	--json "$dir/all.json" >"$dir/out" 2>&1 || fail "a quick run"
# One key is asked for in one way, 100 in two; 0 and 90 % shared; 0 and 1 line; 6 locks; 2 rounds.
[ "$(figure keys ops_per_s "$dir/all.json" | wc -l)" -eq $((3 * 2 * 2 * 2 * 6 * 2)) ] || fail "cells"
[ "$(figure collide ops_per_s "$dir/all.json" | wc -l)" -eq $((2 * 6 * 2)) ] || fail "cells that collide"
[ "$(figure live bytes_per_key "$dir/all.json" | wc -l)" -eq $((4 * 2)) ] || fail "live keys"
[ "$(figure churn bytes_last "$dir/all.json" | wc -l)" -eq $((4 * 2)) ] || fail "churn"
head -1 "$dir/all.json" | grep -q '"type":"run".*"program":"fifolock-bench-keys".*"processors":[1-9]' ||
	fail "the head"
python3 "$compare" "$dir/all.json" "$dir/all.json" >"$dir/out" || fail "not readable by compare"
! "$bench" --quick --live --json /dev/full >"$dir/out" 2>&1 || fail "a file that is full"

# A key in use takes memory: a table of 200000 cannot do with less than its locks.
"$bench" --live --live-keys 200000 --rounds 1 --json "$dir/live.json" >"$dir/out" 2>&1
for bytes in $(figure live bytes_per_key "$dir/live.json"); do
	awk -v bytes="$bytes" 'BEGIN { exit !(bytes >= 40) }' || fail "$bytes bytes for a key"
done

# One pair, of which one key is always held: a table that has a lock for each key is not in the way of the other.
"$bench" --collide --pairs 1 --hold 50000 --threads 1 --rounds 1 --seconds 1 --json "$dir/pair.json" >"$dir/out" 2>&1
pair() { # lock, figure
	sed -n "/\"lock\":\"$1\"/s/.*\"$2\":\([0-9.e+-]*\).*/\1/p" "$dir/pair.json"
}
for lock in fifolock_table fifolock_table-bytes mutexes; do
	for stripes in stripes-64 stripes-1024; do
		awk -v own="$(pair $lock ops_per_s)" -v shared="$(pair $stripes ops_per_s)" \
			'BEGIN { exit !(own > 2 * shared) }' || fail "$lock collides, or $stripes do not"
	done
done
echo good
