#!/bin/sh
# SPDX-License-Identifier: MIT
# Every whole program in the README and in docs/, in C or C++, compiles without a warning, runs, and
# returns 0. In the README every block of C is a whole program.
# usage: readme.sh SOURCE_DIR LIBRARY_DIR INCLUDE_DIR CC...
set -eu
source=$1 lib=$2 include=$3
shift 3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# A block that begins with ```c or ```cpp, alone: the guide's ```c NAME is a piece of an example.
for text in "$source/README.md" "$source"/docs/*.md; do
	awk -v name="$dir/$(basename "$text" .md)" '
		/^```c(pp)?$/ { file = name "." ++n "." substr($0, 4); printf "" > file; next }
		/^```$/ { file = ""; next }
		file { print > file }' "$text"
done

compile() { # program, compiler...
	program=$1
	shift
	"$@" -Wall -Wextra -Werror -I"$include" "$program" -o "$program.out" -L"$lib" -lfifolock -pthread
}

ran=0
for program in "$dir"/*.c "$dir"/*.cpp; do
	if ! grep -q 'main(' "$program"; then
		case $program in
		*/README.*) echo "not a program:"; cat "$program"; exit 1 ;;
		esac
		continue
	fi
	case $program in
	*.c) compile "$program" "$@" -std=gnu11 ;;
	*) compile "$program" "${CXX:-c++}" -std=c++17 ;;
	esac
	LD_LIBRARY_PATH=$lib "$program.out" >/dev/null ||
		{ echo "failed: ${program##*/}"; cat "$program"; exit 1; }
	ran=$((ran + 1))
done
echo "$ran programs"
[ "$ran" -ge 7 ]
ls "$dir"/README.*.out "$dir"/from-pthread.*.out >/dev/null
