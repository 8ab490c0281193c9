#!/bin/sh
# SPDX-License-Identifier: MIT
# Which pictures fifolock-bench plot draws, what is in their scripts, and that nothing that a
# file holds becomes a command of gnuplot's.
# usage: plot.sh PROGRAM
set -eu
# shellcheck source=tests/bench/results
. "$(dirname "$0")/results"
begin "$1"
gnuplot=$(command -v gnuplot || :)

# plot STATUS [ARGUMENT]...
plot() { runs plot "$@"; }

has() { grep -Eq -- "$1" out || fail "there is no '$1'"; }
has_not() { ! grep -Eq -- "$1" out || fail "there is '$1'"; }
pictures() { sed -n "s/^set output '\(.*\)'.'.\(...\)'$/\1.\2/p" out | tr '\n' ' '; }

# pictures_are NAME...
pictures_are() { [ "$(pictures)" = "$* " ] || fail "pictures are $(pictures), not $*"; }

{ run
	for threads in 1 2 4; do
		mixed fifolock $threads 0 20000000 10000000 40000000
		mixed pthread_mutex $threads 0 1000000 2000000 3000000
		mixed sem_t $threads 0 500000
		mixed fifolock $threads 90 30000000
		mixed sem_t $threads 90 400000
	done
	open_loop fifolock 1000 500 700
	open_loop fifolock 2000 600 800
	open_loop fifolock 2000 600 800 | sed 's/"threads":4/"threads":2/'
	floor two-atomics 9; } >all

plot 0 --script all
pictures_are throughput-0.svg wait-0-4.svg shares-0-4.svg cost-0.svg \
	throughput-90.svg wait-90-4.svg shares-90-4.svg cost-90.svg \
	open-p99-90-threads-4.svg open-p99.9-90-threads-4.svg
has "^set label 1 'Throughput: 0 % shared, 50 ns inside, 50 ns between' "
has "^set label 2 '4 processors, some_model, virtual machine, Linux 6.1.0' "
has '^set logscale x 2$'
has '^set logscale y 10$'
has '^set terminal svg size 900,560 noenhanced '

# Medians with the least and the most; 1e9 / 2e7 ns; a share by its fair one; the rates.
has '^1 2e\+07 1e\+07 4e\+07$'
has '^1 2e\+06 1e\+06 3e\+06$'
has '^4 1\.6$'
has "^set xtics .*'1' 1, '2' 2, '3' 3, '4' 4"
has '^[-0-9.]+ 50 [0-9]+$'
has '^2000 800 800 800$'
has "^     9 with lines .* title 'two-atomics'$"

# A wait of nothing has its place on the scale, the worst the last.
has '^0\.30103 1$'
has '^4 9000$'
has "'50 %%' 0.30103, '90 %%' 1, '99 %%' 2, '99.9 %%' 3, 'worst' 4"

# Each lock looks the same everywhere; ours is drawn last, once more.
[ "$(grep -c "'#d55e00' lw 3.5 pt 7 ps 1.1 dt 1 pi 1 title 'fifolock'" out)" = 8 ] ||
	fail 'fifolock does not look the same'
for lock in pthread_mutex sem_t; do
	[ "$(grep "title '$lock'" out | sed 's/.*\(lc .* pt [0-9]*\).*/\1/' | sort -u |
		wc -l)" = 1 ] || fail "$lock does not look the same"
done
sed '/cost-0/,$d' out | grep '^plot [$]d\|^  *[$]d' | tail -1 | grep -q "lw 3.5 .* title ''" ||
	fail 'ours is not on top'

# What was asked for only.
plot 0 --script --shared 90 --threads 1,2 --format png all
pictures_are throughput-90.png wait-90-1.png shares-90-1.png wait-90-2.png shares-90-2.png \
	cost-90.png open-p99-90-threads-2.png open-p99.9-90-threads-2.png
has '^set terminal pngcairo '
plot 1 --script --shared 50 all
complains 'nothing to draw'

# Other loads have other names; one number of threads is enough; no rate has no place.
{ run; mixed fifolock 2 0 5000 | sed 's/"section_ns":50/"section_ns":2000/'
	mixed fifolock 2 0 6000; mixed none 2 0 0; mixed null 2 0 null; } >loads
plot 0 --script loads
pictures_are throughput-0-section_ns-2000.svg wait-0-section_ns-2000-2.svg \
	shares-0-section_ns-2000-2.svg cost-0-section_ns-2000.svg \
	throughput-0-section_ns-50.svg wait-0-section_ns-50-2.svg \
	shares-0-section_ns-50-2.svg cost-0-section_ns-50.svg
has "'Throughput: 0 % shared, 2 us inside, 50 ns between'"
has '^2 5000 5000 5000$'
has_not '^2 (0|nan|inf)|[= :\[](nan|inf)'
{ run; floor two-atomics 9; pairs fifolock 3; } >nothing
plot 1 --script nothing
complains 'nothing to draw'

# A round that went wrong is cut off, and of many locks only ours has bars.
{ run; mixed fifolock 2 0 1 1000 1000; for i in 1 2 3 4 5 6 7 8 9 10; do
	mixed "lock$i" 2 0 1000 2000 3000; done; } >many
plot 0 --script --shared 0 many
sed '/^set output .wait/,$d' out >picture
grep -q '^set yrange \[200:5000\]' picture || fail 'the bad round is not cut off'
[ "$(grep -c yerrorbars picture)" = 2 ] || fail 'not only ours has bars'
[ "$(grep -c "with linespoints .* title 'lock" picture)" = 10 ] || fail 'not all have lines'

# Runs of two machines.
{ cat all; run | sed 's/some_model/other/'; } >two
plot 0 --script two
complains 'different machines'

# Names that would be commands, or markup.
evil="q'; system(\\\"touch owned\\\") #\`touch owned\`\\n!touch owned\\nEOD\\nsystem 'touch owned'\\\\"
evil="$evil\\u0000"
{ run; mixed "$evil" 2 0 5; } >zero
plot 1 --script zero
complains 'zero:2: not JSON'
evil=${evil%??????}'@x {/Symbol a}^b_c %d%s\u001b]0;\u0007\u009b'
{ run | sed "s/some_model/@/" | awk -v evil="$(line "$evil" | sed 's/\\/\\\\/g')" \
	'{ i = index($0, "@"); print substr($0, 1, i - 1) evil substr($0, i + 1) }'
	mixed "$evil" 2 0 5 6 7; floor "$evil" 5; open_loop "$evil" 5 6 7
	mixed fifolock 2 0 5 | sed "s|\"section_ns\":50|\"../x'\\\\n!touch owned\":\"\`touch owned\`\"|"
} >evil
plot 0 --script evil
! LC_ALL=C grep -q "$(printf '[\001-\010\033\302]')" out || fail 'there are control characters'
has_not '^(!|EOD.|system|q)'
has "title 'q''; system"
has "set label 2 '4 processors, q''; system"
[ "$(pictures | tr ' ' '\n' | grep -c /)" = 0 ] || fail 'a picture in another folder'

plot 2
plot 2 --format gif all
complains "format: 'gif'"
plot 2 --threads 1,x all
plot 2 --threads '' all
plot 2 --shared 101 all
plot 2 --nothing all
plot 1 nowhere
complains 'nowhere: No such file'
echo '{' >bad
plot 1 bad
complains 'bad:1: not JSON'
plot 0 --help
has '^Usage: '

# Without gnuplot, and with one that fails: nothing is left behind.
mkdir empty failing results
cp all results
status=0
PATH=$dir/empty "$program" plot results/all >out 2>err || status=$?
[ $status = 1 ] || fail 'it does without gnuplot'
complains 'gnuplot is not installed \(Debian: gnuplot-nox\)'
printf '#!/bin/sh\necho "<svg></svg>" >throughput-0.svg\nexit 1\n' >failing/gnuplot
chmod +x failing/gnuplot
status=0
PATH=$dir/failing:$PATH "$program" plot results/all >out 2>err || status=$?
[ $status = 1 ] || fail 'it does with a gnuplot that fails'
complains 'gnuplot failed'
printf '#!/bin/sh\necho "<svg>" >throughput-0.svg\n' >failing/gnuplot
status=0
PATH=$dir/failing:$PATH "$program" plot results/all >out 2>err || status=$?
[ $status = 1 ] || fail 'it does with pictures that are cut off'
complains 'gnuplot did not write it'
[ "$(ls -A results)" = all ] || fail "left: $(ls -A results)"

[ -n "$gnuplot" ] || { echo "good, without gnuplot"; exit 0; }
plot 0 results/all
[ "$(wc -l <out)" = 10 ] || fail 'not ten pictures'
while read -r picture; do
	tail -c 20 "$picture" | grep -q '</svg>' || fail "$picture is not whole"
done <out
has '^results/throughput-0.svg$'
[ ! -s err ] || fail 'gnuplot complains'
grep -q '>pthread_mutex<' results/throughput-0.svg || fail 'names are not as they are'
plot 0 --output "it's
new" --format png loads evil
! grep -v 'different machines' err >out || fail 'gnuplot complains'
[ -s "it's
new/throughput-0-section_ns-50.png" ] || fail 'no picture in a new folder'
plot 1 --output nowhere/new all
complains 'nowhere/new'
[ ! -e owned ] && [ ! -e "it's
new/owned" ] || fail 'commands were run'
echo good
