#!/bin/sh
# SPDX-License-Identifier: MIT
# What is installed is what a user needs: a program built through pkg-config alone
# links, shared and static, and runs; the library exports its map and nothing
# else, and has its SONAME; the version is the same everywhere.
# usage: installed.sh BUILD_DIR SOURCE_DIR VERSION
set -eu
build=$1 source=$2 version=$3
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

meson install -C "$build" --no-rebuild --quiet --destdir "$prefix" >"$prefix/log" ||
	{ cat "$prefix/log"; exit 1; }
pc=$(find "$prefix" -name fifolock.pc)
lib=$(dirname "$(find "$prefix" -name libfifolock.so)")
if grep Requires "$pc"; then
	echo "a program that uses the library would need these packages, too"
	exit 1
fi
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$prefix"

cat >"$prefix/program.c" <<'C'
#include <fifolock/fifolock.h>

int main(void)
{
	static fifolock_t lock;

	return fifolock_lock(&lock, FIFOLOCK_SHARED) || fifolock_unlock(&lock, FIFOLOCK_SHARED) ||
	       fifolock_destroy(&lock);
}
C
# word splitting of the flags is meant
${CC:-cc} "$prefix/program.c" -o "$prefix/shared" $(pkg-config --cflags --libs fifolock)
LD_LIBRARY_PATH=$lib "$prefix/shared"
${CC:-cc} -static "$prefix/program.c" -o "$prefix/static" \
	$(pkg-config --cflags --libs --static fifolock)
"$prefix/static"


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

sed -n 's/^\t\([a-z_]*\);$/\1/p' "$source/src/fifolock.map" | sort >"$prefix/promised"
nm -D --defined-only "$lib/libfifolock.so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
	sort >"$prefix/exported"
diff "$prefix/promised" "$prefix/exported"
readelf -d "$lib/libfifolock.so" | grep -q 'SONAME.*\[libfifolock.so.0\]'
for header in "$source"/include/fifolock/*.h "$source"/include/fifolock/*.hpp; do
	cmp "$header" "$(find "$prefix" -path "*/include/fifolock/${header##*/}")"
done

[ "$(pkg-config --modversion fifolock)" = "$version" ]
[ "$(sed -n 's/^#define FIFOLOCK_VERSION_[MP].* \([0-9]*\)$/\1/p' "$source/include/fifolock/version.h" |
	tr '\n' .)" = "$version." ]
[ "$(sed -n 's/^#define FIFOLOCK_VERSION  *"\(.*\)"$/\1/p' "$source/include/fifolock/version.h")" = "$version" ]
[ "$(sed -n 's/^## \([0-9.]*\).*/\1/p' "$source/CHANGELOG.md" | head -n 1)" = "$version" ]
[ "$(sed -n 's/^fifolock (\([0-9.]*\)-.*/\1/p' "$source/debian/changelog" | head -n 1)" = "$version" ]
