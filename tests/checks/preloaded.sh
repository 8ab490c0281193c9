#!/bin/sh
# SPDX-License-Identifier: MIT
# with-fifolock: what it says, what it reports, and with ThreadSanitizer.
# usage: preloaded.sh SOURCE.c WITH_FIFOLOCK CC...
set -eu
source=$1 with=$2
shift 2
# shellcheck source=tests/support/scripts
. "${0%/*}/../support/scripts"

# says STATUS TEXT COMMAND...: ends so, and says that on stderr
says() {
	want=$1 text=$2
	shift 2
	status=0
	"$@" >"$dir/out" 2>"$dir/err" || status=$?
	[ $status = "$want" ] || fail "$*: ends with $status"
	[ -z "$text" ] || grep -q -- "$text" "$dir/err" || fail "$*: does not say '$text' but $(cat "$dir/err")"
}

says 2 'which program' "$with"
says 2 'there is no option --nonsense' "$with" --nonsense true
says 127 'not found' "$with" "$dir/no such program"
says 0 '' "$with" true
"$with" --help | grep -q -- '--report\[=FILE\]' || fail "--help does not help"
"$with" --version | grep -q '[0-9]\.[0-9]' || fail "no version"

"$@" -g -O1 -rdynamic "$source" -o "$dir/program" -pthread
[ "$("$with" "$dir/program")" = '2000 0' ] || fail "wrong sum"
[ "$("$with" -- "$dir/program")" = '2000 0' ] || fail "wrong sum after --"
LD_PRELOAD=libm.so.6 "$with" sh -c 'echo "$LD_PRELOAD"' | grep -q 'libm.so.6:.*pthread.so$' ||
	fail "what is preloaded already is not first"
says 0 'busy_mutex+0' "$with" --report "$dir/program"
grep -q 'longest wait asked for at \(takes_the_mutex\|says_it_is_done\|main\)+' "$dir/err" || fail "not where: $(cat "$dir/err")"
grep -q 'initialised at makes_the_mutex+' "$dir/err" || fail "not of which birth: $(cat "$dir/err")"
awk '/busy_mutex/ { found = $2 == "mutex" && $5 >= 1000 } END { exit !found }' "$dir/err" ||
	fail "not how often, since the first wait: $(cat "$dir/err")"
"$with" "--report=$dir/report.%p" "$dir/program" >"$dir/out" 2>"$dir/err"
[ ! -s "$dir/err" ] || fail "says something: $(cat "$dir/err")"
grep -q 'busy_mutex+0' "$dir"/report.[0-9]* || fail "no report in a file"
says 0 'no lock was waited for' "$with" --report true
says 0 'no report, .*/none/report: No such file' "$with" "--report=$dir/none/report" true

# The program's sanitizer is before the library in the order of loading: clang's is in the program.
for compiler in clang "$1"; do
	static=
	[ "$compiler" = clang ] || static=-static-libtsan
	echo 'int main(void) { return 0; }' >"$dir/probe.c"
	command -v "$compiler" >"$dir/out" || continue
	"$compiler" $static -fsanitize=thread "$dir/probe.c" -o "$dir/probe" 2>"$dir/out" || continue
	"$compiler" $static -g -O1 -fsanitize=thread "$source" -o "$dir/program" -pthread
	"$compiler" $static -g -O1 -fsanitize=thread -DRACE "$source" -o "$dir/race" -pthread
	says 0 '' "$with" "$dir/program"
	[ ! -s "$dir/err" ] || fail "$compiler: accuses: $(cat "$dir/err")"
	"$with" "$dir/race" >"$dir/out" 2>"$dir/err" && fail "$compiler: sees no race"
	grep -q 'data race' "$dir/err" || fail "$compiler: $(cat "$dir/err")"
done
exit 0
