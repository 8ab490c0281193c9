#!/bin/sh
# SPDX-License-Identifier: MIT
# What is installed is what a user needs: a program built through pkg-config alone
# links, shared and static, and runs; the library exports its map and nothing
# else, and has its SONAME; the version is the same everywhere.
# usage: installed.sh BUILD_DIR SOURCE_DIR VERSION
set -eu
build=$1 source=$2 version=$3
# shellcheck source=tests/install/common
. "$source/tests/install/common"
prefix=$dir/destination
mkdir "$prefix"

meson install -C "$build" --no-rebuild --quiet --destdir "$prefix" >"$prefix/log" ||
	{ cat "$prefix/log"; exit 1; }
pc=$(find "$prefix" -name fifolock.pc)
lib=$(dirname "$(find "$prefix" -name libfifolock.so)")
if grep Requires "$pc"; then
	echo "a program that uses the library would need these packages, too"
	exit 1
fi
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$prefix"

# links NAME PACKAGE PROGRAM.c: with the shared library and with the static one; both run.
links() {
	# word splitting of the flags is meant
	${CC:-cc} "$3" -o "$dir/$1" $(pkg-config --cflags --libs "$2")
	LD_LIBRARY_PATH=$lib "$dir/$1" >"$dir/said"
	${CC:-cc} -static "$3" -o "$dir/$1-static" $(pkg-config --cflags --libs --static "$2")
	"$dir/$1-static" >"$dir/said"
}
links program fifolock "$dir/program.c"
[ ! -e "$lib/libfifolock-table.so" ] || links table fifolock-table "$dir/program_table.c"

# In C++, with the headers that are installed.
if command -v "${CXX:-c++}" >/dev/null; then
	${CXX:-c++} -std=c++17 "$source/docs/examples/accounts.cpp" -o "$prefix/accounts" -pthread \
		$(pkg-config --cflags --libs fifolock)
	LD_LIBRARY_PATH=$lib "$prefix/accounts" >"$prefix/log"
fi

bench=$(find "$prefix" -name fifolock-bench -type f)
if [ -n "$bench" ]; then
	LD_LIBRARY_PATH=$lib "$bench" --help | grep -q '^  --open'
	# Its scripts are found from where it is.
	for command in compare plot; do
		LD_LIBRARY_PATH=$lib "$bench" $command --help | grep -q "^usage: fifolock-bench $command"
	done
	# And without, from any prefix.
	readelf -d "$bench" | grep -qF "RUNPATH" || { echo "fifolock-bench has no path"; exit 1; }
	readelf -d "$bench" | grep RUNPATH | grep -qF "[${lib#"$prefix"}]"
fi
keys=$(find "$prefix" -name fifolock-bench-keys -type f)
[ -z "$keys" ] || LD_LIBRARY_PATH=$lib "$keys" --help | grep -q '^  --collide'

exports() { # library, its map
	sed -n 's/^\t\([a-z_]*\);$/\1/p' "$2" | sort >"$dir/promised"
	nm -D --defined-only "$lib/$1.so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
		sort >"$dir/exported"
	diff "$dir/promised" "$dir/exported"
	nm --defined-only --extern-only "$lib/$1.a" 2>"$dir/said" | awk 'NF == 3 { print $3 }' | sort >"$dir/exported"
	diff "$dir/promised" "$dir/exported"
	readelf -d "$lib/$1.so" | grep -q "SONAME.*\[$1.so.0\]"
}
exports libfifolock "$source/src/fifolock.map"
if [ -e "$lib/libfifolock-table.so" ]; then
	exports libfifolock-table "$source/src/table/fifolock-table.map"
else
	[ ! -e "$(find "$prefix" -name table.h -o -name fifolock-table.pc)" ] || fail 'half of locks by key'
fi
for header in "$source"/include/fifolock/*.h "$source"/include/fifolock/*.hpp; do
	[ -e "$lib/libfifolock-table.so" ] || case ${header##*/} in
		table* | tree.* | key*) continue ;;
	esac
	cmp "$header" "$(find "$prefix" -path "*/include/fifolock/${header##*/}")"
done

[ "$(pkg-config --modversion fifolock)" = "$version" ]
[ ! -e "$lib/libfifolock-table.so" ] || [ "$(pkg-config --modversion fifolock-table)" = "$version" ]
[ "$(sed -n 's/^#define FIFOLOCK_VERSION_[MP].* \([0-9]*\)$/\1/p' "$source/include/fifolock/version.h" |
	tr '\n' .)" = "$version." ]
[ "$(sed -n 's/^#define FIFOLOCK_VERSION  *"\(.*\)"$/\1/p' "$source/include/fifolock/version.h")" = "$version" ]
[ "$(sed -n 's/^## \([0-9.]*\).*/\1/p' "$source/CHANGELOG.md" | head -n 1)" = "$version" ]
[ "$(sed -n 's/^fifolock (\([0-9.]*\)-.*/\1/p' "$source/debian/changelog" | head -n 1)" = "$version" ]
