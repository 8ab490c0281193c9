#!/bin/sh
# SPDX-License-Identifier: MIT
# Of the library's parts, in PARTS.a, one object in ARCHIVE that shows only what the headers
# promise: what is hidden between the parts (fl_release and so on) becomes local, so that a
# program's own names do not collide with it.
#
#	archive.sh ARCHIVE PARTS.a COMPILER [argument of the compiler ...]
#
# The tools are those of the compiler, which may be one for another machine.
set -eu
archive=$1 parts=$2
shift 2
cc=$1
object=${archive%.a}.o

# The first of them that the compiler knows of.
tool() {
	for name; do
		path=$("$cc" -print-prog-name="$name")
		if command -v "$path" >/dev/null; then
			echo "$path"
			return
		fi
	done
	echo "libfifolock.a cannot be made without $1 (package binutils); -Ddefault_library=shared does without" >&2
	return 1
}

objcopy=${OBJCOPY:-$(tool objcopy llvm-objcopy)}
ar=${AR:-$(tool ar llvm-ar)}
"$@" -r -nostdlib -o "$object" -Wl,--whole-archive "$parts" -Wl,--no-whole-archive
"$objcopy" --localize-hidden "$object"
rm -f "$archive"
"$ar" crsD "$archive" "$object"
rm -f "$object"
