#!/bin/sh
# SPDX-License-Identifier: MIT
# Every C program in the README compiles without a warning, runs, and returns 0.
# usage: readme.sh README LIBRARY_DIR INCLUDE_DIR CC...
set -eu
readme=$1 lib=$2 include=$3
shift 3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

awk -v dir="$dir" '
	/^```c$/ { n++; file = dir "/" n ".c"; next }
	/^```$/ { file = ""; next }
	file { print > file }' "$readme"
ran=0
for program in "$dir"/*.c; do
	"$@" -std=gnu11 -Wall -Wextra -Werror -I"$include" "$program" -o "$program.out" \
		-L"$lib" -lfifolock -pthread
	LD_LIBRARY_PATH=$lib "$program.out" >/dev/null ||
		{ echo "failed:"; cat "$program"; exit 1; }
	ran=$((ran + 1))
done
echo "$ran programs"
[ "$ran" -ge 4 ]
