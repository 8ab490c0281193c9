#!/bin/sh
# SPDX-License-Identifier: MIT
# No test has a time limit: each is too short on some machine.  Programs watch over their own
# progress (watch.h), scripts are run by watched.c.
# usage: limits.sh SOURCE_DIR
set -eu
cd "$1"
status=0

# A limit in a test, in a script.
if grep -nE '\.timeout *=|\balarm\(' tests/*/*.[ch] ||
	grep -nE '(^|[^-[:alnum:]_])timeout +(-[^ ]+ +)*[0-9$"]' tests/*/*.sh 2>/dev/null; then
	echo "These have a time limit; see tests/support/watch.h."
	status=1
fi

# A test of meson's without "timeout: 0" has one of 30 seconds.
for file in $(find . -name meson.build -not -path './build/*'); do
	awk -v file="$file" '
	function count(text, what) { return gsub(what, "", text) }
	!depth && /^[ \t]*test\(/ { call = ""; line = NR; depth = 0; within = 1 }
	within {
		call = call $0
		depth += count($0, "\\(") - count($0, "\\)")
		if (depth <= 0) {
			if (call !~ /timeout: 0/) { print file ":" line ": " call; bad = 1 }
			within = 0; depth = 0
		}
	}
	END { exit bad }' "$file" || { echo "Say timeout: 0, and let watched run what is no test program."; status=1; }
done
exit $status
