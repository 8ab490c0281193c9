#!/bin/sh
# SPDX-License-Identifier: MIT
# Each CASE of refused.cpp is an error of the compiler, of one line of text, that names the mode;
# the right one is none.  What each compiler says first is printed.
# usage: refused.sh SOURCE_DIR CXX...	(compilers, each one word or several)
set -eu
source=$1
shift
file=$source/tests/cpp/refused.cpp
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

try() { # case
	LC_ALL=C $cxx -std=c++17 -I"$source/include" -DCASE="$1" -fsyntax-only "$file" >"$dir/log" 2>&1
}
wrong() {
	echo "$cxx, case $number: $*"
	cat "$dir/log"
	exit 1
}
# The line of that CASE: says, names.
line() {
	awk -v number="$number" -v word="$1" '
		/^#(el)?if CASE/ { here = $NF == number }
		here && $1 == "//" && $2 == word { sub(/^\/\/ [a-z]+ /, ""); print }' "$file"
}

last=$(sed -n 's/^#elif CASE == //p' "$file" | tail -n 1)
for cxx; do
	number=0
	try 0 || wrong 'the right one is refused'
	while [ "$number" -lt "$last" ]; do
		number=$((number + 1))
		! try $number || wrong 'accepted'
		[ "$(line says)" ] && [ "$(line names)" ] || wrong 'what does it say?'
		grep -qF "$(line says)" "$dir/log" || wrong "does not say: $(line says)"
		grep -F "$(line names)" "$dir/log" >"$dir/names" || wrong "does not name: $(line names)"
		grep ': error: ' "$dir/log" | head -n 1 | sed "s:^$source/::"
		head -n 1 "$dir/names" | sed "s:^$source/::; s/^/	/"
	done
done
