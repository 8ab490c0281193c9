#!/bin/sh
# SPDX-License-Identifier: MIT
# What fifolock-bench compare says of results made up for it.
# usage: compare.sh PROGRAM
set -eu
# shellcheck source=tests/bench/results
. "$(dirname "$0")/results"
begin "$1"

# compare STATUS [ARGUMENT]...: what it says is in out and err.
compare() { runs compare "$@"; }

# Each with one regular expression, spaces standing for any number of them.
says() { grep -Eq "$(echo "$1" | sed 's/ / +/g')" out || fail "it does not say '$1'"; }
says_not() { ! grep -Eq "$(echo "$1" | sed 's/ / +/g')" out || fail "it says '$1'"; }

# A clear change each way, noise, a change that is less than five percent, and one that is
# big but does not show in each round.
{ run; pairs slower 10 10.1 10.2 9.9 9.8; pairs faster 20 20.1 20.2 19.9 19.8
	pairs noise 30 31 32 29 28; pairs small 40 40.1 40.2 40.3 40.4
	pairs wild 50 90 51 89 52; } >a
{ run; pairs slower 15 15.1 15.2 14.9 14.8; pairs faster 10 10.1 10.2 9.9 9.8
	pairs noise 31 30 29 28 32; pairs small 41 41.1 41.2 41.3 41.4
	pairs wild 88 53 91 54 92; } >b
compare 0 a b
says '^Worse:'
says 'uncontended slower pair_ns 10.0 ns 15.0 ns 1.500 5, 5 0.0132$'
says 'uncontended faster pair_ns 20.0 ns 10.0 ns 0.500 5, 5 0.0132$'
says '^1 worse, 1 better, 3 unchanged$'
says_not 'noise|small|wild'
says_not 'warning|only in|perhaps|too few'
[ "$(grep -n '^Worse' out | cut -d: -f1)" -lt "$(grep -n '^Better' out | cut -d: -f1)" ] ||
	fail 'better comes first'
[ "$(grep -c slower out)" = 1 ] || fail 'a cell is there twice'

# By hand: three of five tests have 2/252, and 2/252 * 5/3 is 0.0132; the wild one has
# 56/252, times 5/4.
compare 0 --all a b
says 'noise pair_ns 30.0 ns 30.0 ns 1.000 5, 5 1.0000$'
says 'small pair_ns 40.2 ns 41.2 ns 1.025 5, 5 0.0132$'
says 'wild pair_ns 52.0 ns 88.0 ns 1.692 5, 5 0.2778$'
compare 0 --least 2 a b
says '^2 worse, 1 better, 2 unchanged$'
compare 0 a a
says '^0 worse, 0 better, 5 unchanged$'

# More is better of rates; a test of one cell has the exact probability, ties and all.
{ run; mixed fifolock 2 0 1000000 1000100 1000200 1000300; } >a
{ run; mixed fifolock 2 0 2000000 2000100 2000200 2000300; } >b
compare 0 --figure ops_per_s a b
says 'mixed fifolock ops_per_s 1.00 M 2.00 M 2.000 4, 4 0.0286$'
says '^0 worse, 1 better, 0 unchanged$'
compare 0 --figure ops_per_s b a
says '^1 worse, 0 better, 0 unchanged$'
compare 0 --all a b
says 'wait_p99_ns 900 ns 900 ns 1.000 4, 4 1.0000$'
{ run; pairs tied 1 1 1 2 2; } >a
{ run; pairs tied 2 2 3 3 3; } >b
compare 0 --all a b
says 'tied pair_ns 1.00 ns 3.00 ns 3.000 5, 5 0.0476$' # 2 * C(4, 2) / 252

# What differs between cells is told; members of another kind are another cell.
{ run; mixed fifolock 2 0 1 2 3 4; mixed fifolock 4 0 1 2 3 4; } >a
{ run; mixed fifolock 2 0 11 12 13 14; mixed fifolock 4 0 11 12 13 14
	mixed fifolock 4 90 1 2 3 4; } >b
compare 0 --figure ops_per_s a b
says 'mixed fifolock threads 2 ops_per_s'
says 'mixed fifolock threads 4 ops_per_s'
says_not 'shared_percent|section_ns'
says '^0 cells only in a, 1 only in b$'

# Few rounds say nothing, whatever they are; nor do they make others less certain.
{ run; pairs few 10 10.1; pairs many 10 10.1 10.2 10.3; } >a
{ run; pairs few 99 99.1; pairs many 20 20.1 20.2 20.3; } >b
compare 0 a b
says '^1 worse, 0 better, 0 unchanged$'
says '^1 with too few rounds to tell'
says 'many pair_ns .* 0.0286$'
compare 0 --all a b
says '^Too few rounds to tell:$'
says 'few pair_ns 10.1 ns 99.0 ns 9.856 2, 2 -$'

# Rounds of runs that were appended count together.
{ run; pairs fifolock 10 10.1; run; pairs fifolock 10.2 10.3; } >a
{ run; pairs fifolock 20 20.1; run; pairs fifolock 20.2 20.3; } >b
compare 0 a b
says '^a: a: .* and 1 more runs$'
says '^1 worse'

# One change among so many comparisons takes more than four rounds.
{ run; for i in 1 2 3 4 5 6 7 8 9; do pairs "same$i" 10 11 12 13; done; } >a
cp a b
pairs fifolock 10 11 12 13 >>a
pairs fifolock 30 31 32 33 >>b
compare 0 a b
says '^0 worse, 0 better, 9 unchanged$'
says '^1 perhaps: .* among 10 comparisons that takes 6 rounds on each side$'
says '^Perhaps:$'

# Conditions that differ.
{ run; pairs fifolock 1; } >a
sed 's/some_model/other/; s/6.1.0/6.2.0/; s/gcc 12/gcc 13/; s/0.3}/1}/' a >b
compare 0 a b
says '^warning: machine, model differs: some_model; other$'
says '^warning: kernel differs: Linux 6.1.0; Linux 6.2.0$'
says '^warning: compiler differs: '
says '^warning: options, seconds differs: 0.3; 1$'
says_not 'libc|processors'

# No colours where there is no terminal, and control characters come out as others.
{ run; pairs 'esc\u001b[31m\u009b\n' 1 2 3 4; } >a
{ run; pairs 'esc\u001b[31m\u009b\n' 11 12 13 14; } >b
compare 0 a b
says 'esc\?\[31m\?\?\? pair_ns'
! LC_ALL=C grep -q "$(printf '\033')" out || fail 'there is an escape'

# Types and members of other versions do no harm, nor do figures without a value.
{ run '"news":[1]'; echo '{"type":"news","lock":3}'; echo; pairs fifolock 1 null 2; } >a
compare 0 a a
says '^1 with too few'

# Lines that are wrong.
bad() {
	{ run; pairs fifolock 1; line "$1"; } >bad
	compare 1 a bad
	complains "bad:3: $2"
}
bad '{"type":"result"' 'not JSON: '
bad '[1]' 'not a JSON object'
bad '3' 'not a JSON object'
bad '{"test":"mixed"}' 'an object without a type'
bad '{"type":"result","figures":{}}' 'a result whose test is not a text'
bad '{"type":"result","test":"line"}' 'a result without figures'
bad '{"type":"result","test":"line","lock":4,"figures":{}}' \
	'a result whose lock is not a text'
bad '{"type":"result","test":"line","figures":{"a_ns":"1"}}' "figure 'a_ns' is not a number"
bad '{"type":"result","test":"line","figures":{"a_ns":NaN}}' 'not JSON: '
bad '{"type":"result","test":"line","figures":{"a_ns":1e999}}' 'not JSON: '
bad '{"type":"result","test":"line","figures":{},"shares":[1,"2"]}' 'share 2 is not a number'
bad '{"type":"result","test":"line","figures":{},"percentiles":[[1]]}' \
	'percentile 1 is not two numbers'
bad '{"type":"result","type":"result"}' 'not JSON: duplicate'
bad '{"type":"absent"}' 'an absent lock without a name'
bad '{"type":"run","format":2}' 'format 2: .*newer'
bad '{"type":"run"}' 'a run whose format is not a number'
pairs fifolock 1 >bad
compare 1 bad a
complains 'bad:1: a result before any run'
: >bad
compare 1 bad a
complains 'bad: there is no run in it'
compare 1 a nowhere
complains 'nowhere: No such file'
compare 1 a .
complains 'Is a directory'
compare 1 --figure nothing a a
complains 'nothing to compare'

compare 2 a
compare 2 a a a
compare 2 --nothing a a
compare 2 --least -1 a a
compare 2 --least x a a
compare 0 --help
says '^Usage: '
echo good
