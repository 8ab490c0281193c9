#!/bin/sh
# SPDX-License-Identifier: MIT
# What the library takes of a program it is linked with: names that begin with fifolock_, and
# at most 96 bytes of the room for thread-local variables.
# usage: names.sh LIBRARY.a PARTS.a INCLUDE_DIR PLUGIN.so,... COMPILER [argument ...]
set -eu
archive=$1 parts=$2 include=$3 plugins=$4
shift 4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# names FILE: those that other objects see or must have
defined() {
	nm --defined-only --extern-only "$1" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u
}

if defined "$archive" | grep -v '^fifolock_'; then
	echo "are names that a program may have, too"
	exit 1
fi
defined "$parts" | grep '^fifolock_' >"$dir/promised"
defined "$archive" | diff "$dir/promised" -

# A program that has all these names, for something else.
defined "$parts" | grep -v '^fifolock_' | grep '^[a-z][A-Za-z0-9_]*$' >"$dir/inside"
grep -q '^fl_release$' "$dir/inside"
{
	cat <<-'C'
		#include <fifolock/fifolock.h>
		#include <stdlib.h>
		int main(void)
		{
			static fifolock_t lock;
			struct timespec never = {1, 0};
			return fifolock_lock(&lock, FIFOLOCK_SHARED) ||
			       !fifolock_timedlock(&lock, FIFOLOCK_EXCLUSIVE, &never) ||
			       fifolock_unlock(&lock, FIFOLOCK_SHARED) || fifolock_destroy(&lock);
		}
	C
	sed 's/.*/void &(void);\nvoid &(void) { abort(); }/' "$dir/inside"
} >"$dir/program.c"
"$@" -I"$include" "$dir/program.c" "$archive" -pthread -o "$dir/program"
"$dir/program"

IFS=,
for plugin in $plugins; do
	readelf -lW "$plugin" | awk -v name="${plugin##*/}" '
		$1 == "TLS" { bytes = $6; found = 1 }
		END {
			print name ": " bytes " bytes of thread-local variables"
			exit !found || length(bytes) > 8 || bytes > "0x000060"
		}'
	if ! readelf -d "$plugin" | grep -q STATIC_TLS &&
		getconf GNU_LIBC_VERSION >/dev/null 2>&1; then
		echo "$plugin: glibc would get them by malloc, in the middle of a call"
		exit 1
	fi
done
