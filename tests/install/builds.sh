#!/bin/sh
# SPDX-License-Identifier: MIT
# meson setup and meson install, as the README has them, into a prefix: the library alone is
# built; a program that follows what is said builds and runs; libdir and default_library are heeded.
# usage: builds.sh SOURCE_DIR CC...
set -eu
source=$1
shift
# shellcheck source=tests/install/common
. "$source/tests/install/common"
export CC="$*"
build=$dir/build prefix="$dir/the prefix"

quietly meson setup "$build" "$source" --prefix "$prefix" --buildtype debug
sed -n 's/^ *to be typed : //; s/^ *\(export .*\)/\1/p' "$dir/said" >"$dir/to type"
steps=$(ninja -C "$build" -n | grep -c '^\[')
# The pthread face has the core once more, see src/meson.build; and there are locks by key.
[ "$steps" -le 122 ] || fail "$steps steps for three libraries"
quietly ninja -C "$build"
! find "$build" -name '*test*.o' -o -name '*bench*.o' -o -name '*example*.o' | grep . ||
	fail 'more is built than the library'
quietly meson install -C "$build" --no-rebuild

for file in include/fifolock/version.h share/doc/fifolock/LICENSE share/doc/fifolock/guide.md \
	share/doc/fifolock/examples/counter.c share/fifolock/gdb/fifolock.py; do
	[ -s "$prefix/$file" ] || fail "$file is not installed"
done
for example in "$source"/docs/examples/*.c; do
	cmp "$example" "$prefix/share/doc/fifolock/examples/${example##*/}"
done
[ ! -e "$prefix/share/doc/fifolock/examples/meson.build" ] || fail 'meson.build is no example'
[ ! -e "$prefix/chosen" ] || fail 'something is in a folder that was not chosen'

# What is said, done: in a folder whose name has a space, too.
[ "$(wc -l <"$dir/to type")" -eq 2 ] || fail 'it is not said what to type'
compile() { # program, option of pkg-config...
	made=$1
	shift
	flags=$(pkg-config "$@" --cflags --libs fifolock)
	eval "set -- $flags"
	$CC "$dir/program.c" -o "$made" "$@"
}
(
	. "$dir/to type"
	compile "$dir/shared"
	"$dir/shared"
	has_needed "$dir/shared" || fail 'not the shared library'
	[ "$("$dir/shared")" = "$(pkg-config --modversion fifolock)" ]
) || fail 'what is said to be typed does not do'

# -Dlibdir, given: as it is.
quietly meson configure "$build" -Dlibdir=lib64/odd
quietly meson install -C "$build"
for file in libfifolock.so libfifolock.a pkgconfig/fifolock.pc cmake/fifolock/fifolockConfig.cmake; do
	[ -e "$prefix/lib64/odd/$file" ] || fail "-Dlibdir: no $file"
done

# The archive alone.
prefix=$dir/archive
quietly meson configure "$build" -Ddefault_library=static -Dprefix="$prefix" -Dlibdir=lib
quietly meson install -C "$build"
! find "$prefix" -name '*.so*' | grep . || fail 'a shared library with default_library=static'
PKG_CONFIG_PATH=$prefix/lib/pkgconfig compile "$dir/static"
"$dir/static" >"$dir/out"
! has_needed "$dir/static" || fail 'linked with a shared library that is not there'
