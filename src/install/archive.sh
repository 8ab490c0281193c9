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
object=${archive%.a}.o

# tool NAME COMPILER [argument ...]: NAME or llvm-NAME, whichever the compiler knows of.  It may
# be several words (ccache cc).
tool() {
	name=$1
	shift
	for path in "$("$@" -print-prog-name="$name")" "$("$@" -print-prog-name="llvm-$name")"; do
		if command -v "$path" >/dev/null; then
			echo "$path"
			return
		fi
	done
	echo "${archive##*/} cannot be made without $name (package binutils); -Ddefault_library=shared does without" >&2
	return 1
}

objcopy=${OBJCOPY:-$(tool objcopy "$@")}
ar=${AR:-$(tool ar "$@")}
"$@" -r -nostdlib -o "$object" -Wl,--whole-archive "$parts" -Wl,--no-whole-archive
"$objcopy" --localize-hidden "$object"
rm -f "$archive"
"$ar" crsD "$archive" "$object"
rm -f "$object"
