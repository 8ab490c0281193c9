#!/bin/sh
# SPDX-License-Identifier: MIT
# fifolock-bench as people start it: what it refuses, what it writes, and that an open loop
# counts the waits of requests that came while everything stood still.
# usage: run.sh PROGRAM
set -eu
bench=$1
# shellcheck source=tests/bench/common
. "${0%/*}/common"

refuses "there is no lock 'futex'" --locks fifolock,futex
refuses "'0' is not between 1 and" --threads 0
refuses "'4x' is not a number" --threads 4x
refuses "'101' is not between 0 and 100" --shared 50,101
refuses "--seconds: 'soon'" --seconds soon
refuses "a value is missing" --rounds
refuses "not an option" --fast
refuses "not an option" results.json

"$bench" --quick --locks fifolock,pthread_mutex --rounds 3 --threads 1,2 --shared 0,50 \
	--uncontended --mixed --line --lengths 5 --open 1000 --floors \
	--json "$dir/all.json" >"$dir/out" 2>&1
[ "$(figure mixed ops_per_s "$dir/all.json" | wc -l)" -eq 24 ] || fail "mixed cells"
[ "$(figure open ops_per_s "$dir/all.json" | wc -l)" -eq 24 ] || fail "open cells"
[ "$(figure line release_ns "$dir/all.json" | wc -l)" -eq 6 ] || fail "lines"
[ "$(figure uncontended pair_ns "$dir/all.json" | wc -l)" -ge 9 ] || fail "uncontended"
figure floor ns "$dir/all.json" | grep -q . || fail "floors"
head -1 "$dir/all.json" | grep -q '"type":"run".*"processors":[1-9]' || fail "the head"
"$bench" compare "$dir/all.json" "$dir/all.json" >"$dir/out" || fail "not readable by compare"
! "$bench" --quick --mixed --json /nowhere/x.json >"$dir/out" 2>&1 || fail "a file that cannot be"
! "$bench" --quick --floors --json /dev/full >"$dir/out" 2>&1 || fail "a file that is full"
odd=$dir/$(printf 'odd " \\ \001 \377 \303\251').json
"$bench" --quick --floors --json "$odd" >"$dir/out" 2>&1
"$bench" compare "$odd" "$odd" >"$dir/out" || fail "a command line that is not text"
grep -q '/odd \\" \\\\ ? ? ??\.json"' "$odd" || fail "a command line that is not as it was"

# Sections that do not end in the time there is: no figure is made of nothing.
"$bench" --mixed --locks fifolock,pthread_mutex --threads 1 --shared 0 --rounds 2 --seconds 0.02 \
	--section 100000000 --json "$dir/nothing.json" >"$dir/out" 2>&1
[ "$(grep -c 'fifolock .*nothing measured\|pthread_mutex .*nothing measured' "$dir/out")" -eq 2 ] ||
	fail "what was not measured is not said"
! grep -q '0\.00\|nan\| 0\.000$' "$dir/out" || fail "figures of nothing"
[ "$(grep -c '"figures":{"ops_per_s":0.0}' "$dir/nothing.json")" -eq 4 ] || fail "figures of nothing in JSON"
! grep -q 'percentiles\|shares"' "$dir/nothing.json" || fail "percentiles, shares of nothing"
"$bench" compare "$dir/nothing.json" "$dir/nothing.json" >"$dir/out" || fail "compare cannot read nothing"
! grep -q nan "$dir/out" || fail "compare makes figures of nothing"
! "$bench" plot "$dir/nothing.json" >"$dir/out" 2>&1 || fail "plot draws nothing"
grep -q 'nothing to draw' "$dir/out" || fail "plot of nothing"

# Where one thread runs the sections of others: from the end of a section to the return of its
# call, which the section itself is no part of.
"$bench" --mixed --locks fifolock-run,cc-synch,pthread_mutex --threads 1 --shared 0 --rounds 1 --seconds 1 \
	--section 10000000 --json "$dir/after.json" >"$dir/out" 2>&1
[ "$(figure mixed after_p50_ns "$dir/after.json" | wc -l)" -eq 2 ] || fail "returns of two rows"
! grep '"lock":"pthread_mutex"' "$dir/after.json" | grep -q after_ || fail "returns where no thread runs sections of others"
for ns in $(figure mixed after_p50_ns "$dir/after.json"); do
	awk -v ns="$ns" 'BEGIN { exit !(ns < 5e6) }' || fail "$ns ns after a section of 10 ms"
done
grep -q 'after p99$' "$dir/out" || fail "no column for returns"

# Whatever threads take part, no section is lost: the program checks.
"$bench" --quick --mixed --locks cc-synch --threads 1,2,9 --shared 0,90 --instances 1,10 >"$dir/out" 2>&1 ||
	fail "cc-synch"

# Stopped half of the time: half of the requests came meanwhile, whenever it began.
"$bench" --locks pthread_mutex --threads 1 --shared 0 --rounds 1 --seconds 2 --open 2000 \
	--json "$dir/stopped.json" >"$dir/out" 2>&1 &
while kill -STOP $! 2>"$dir/message"; do
	sleep 0.4
	kill -CONT $!
	sleep 0.4
done
wait $!
wait_ns=$(figure open wait_p99_ns "$dir/stopped.json")
awk -v ns="$wait_ns" 'BEGIN { exit !(ns >= 2e8) }' || fail "p99 of $wait_ns ns: the stop was not seen"
echo good
