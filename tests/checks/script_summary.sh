#!/bin/sh
# SPDX-License-Identifier: MIT
# The closing lines of sh tests/run: a program that was aborted, timed out or crashed has failed,
# whatever it said before; what was skipped is listed with its reason.
# usage: summary.sh SOURCE_DIR
set -eu
summary=$1/tests/support/summary
# shellcheck source=tests/support/scripts
. "${0%/*}/../support/scripts"
log=$dir/log

test_was() { # name, result, return code, output
	printf '{"name":"fifolock / %s","result":"%s","returncode":%d,"duration":1,"stdout":"%s"}\n' "$@"
}

# closes STATUS LINE [STATUS_OF_MESON]
closes() {
	status=0
	python3 "$summary" "$log" ${3:-} >"$dir/out" 2>&1 || status=$?
	[ $status -eq "$1" ] || fail "status $status, not $1"
	[ "$(tail -n 1 "$dir/out")" = "$2" ] || fail "it does not close with '$2'"
	[ "$(grep -cx '[0-9]* passed, [0-9]* failed' "$dir/out")" -eq 1 ] || fail 'more than one closing line'
}
says() { grep -qF -- "$1" "$dir/out" || fail "it does not say '$1'"; }
says_not() { ! grep -qF -- "$1" "$dir/out" || fail "it says '$1'"; }

criterion='[\u001b[0;34m====\u001b[0m] Synthesis: Tested: \u001b[0;34m9\u001b[0m | Passing: 7 | Failing: 1 | Crashing: 1 \n'
all_pass='[====] Synthesis: Tested: 5 | Passing: 5 | Failing: 0 | Crashing: 0 \n'

{ test_was order OK 0 "$all_pass"
	test_was explore OK 0 'a: 17\n3 passed, 0 failed\n'
	test_was guide OK 0 ''
	test_was good EXPECTEDFAIL 1 ''; } >"$log"
closes 0 '10 passed, 0 failed'
says_not :

# It said that all was well, or nothing at all, and then died.
cp "$log" "$dir/good"
for how in FAIL:-6 FAIL:134 TIMEOUT:-15 ERROR:99 INTERRUPT:0 UNEXPECTEDPASS:0; do
	{ cat "$dir/good"
		test_was crashes "${how%:*}" "${how#*:}" "$all_pass"
		test_was mute "${how%:*}" "${how#*:}" ''; } >"$log"
	closes 1 '15 passed, 2 failed'
	says 'fifolock / crashes: '
	says 'fifolock / mute: '
done
{ test_was crashes FAIL -6 "$all_pass"
	test_was crashes FAIL 139 ''
	test_was slow TIMEOUT 1 ''; } >"$log"
closes 1 '5 passed, 3 failed'
says 'crashes: was ended by signal 6'
says 'crashes: was ended by signal 11'
says 'slow: ran out of time'

# What fails within a program counts once, also where the program says it is well.
{ test_was some FAIL 1 "$criterion"
	test_was others OK 0 '4 passed, 2 failed\n'; } >"$log"
closes 1 '11 passed, 4 failed'
says 'some: 2 failed'
says 'fifolock / some said:'
says '  [====] Synthesis: Tested: 9 '

{ test_was order OK 0 "[SKIP] order::one: no seccomp here\\\\n$all_pass"
	test_was gdb SKIP 77 'skipped: there is no gdb\n'
	test_was silent SKIP 77 ''
	test_was emulated OK 0 'left out: misuse::x: qemu\n1 passed, 0 failed\n'; } >"$log"
closes 0 '6 passed, 0 failed'
says 'fifolock / order: order::one: no seccomp here'
says 'fifolock / gdb: there is no gdb'
says 'fifolock / silent: it does not say why'
says 'fifolock / emulated: misuse::x: qemu'

# The tests ended before their end, or have left nothing that can be read.
cp "$dir/good" "$log"
closes 1 '10 passed, 1 failed' 130
says 'status 130'
printf '{"name":"cut' >>"$log"
closes 1 '10 passed, 1 failed'
says 'cannot be read'
rm "$log"
closes 1 '0 passed, 1 failed'
: >"$log"
closes 1 '0 passed, 1 failed'
says 'none has run'
