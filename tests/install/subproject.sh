#!/bin/sh
# SPDX-License-Identifier: MIT
# dependency('fifolock') in another project, by the wrap file of the examples, and with a
# fallback, with each kind of library; that project gets the library, none of its tests or documents.
# usage: subproject.sh SOURCE_DIR CC...
set -eu
source=$1
shift
# shellcheck source=tests/install/common
. "$source/tests/install/common"
export CC="$*"
copy=$dir/subprojects/fifolock
mkdir -p "$copy"
for part in meson.build meson_options.txt src include docs LICENSE CHANGELOG.md; do
	cp -r "$source/$part" "$copy"
done

project() { # arguments of dependency(), and those for locks by key, or none
	cat >"$dir/meson.build" <<-MESON
		project('other', 'c', default_options: ['buildtype=debug'])
		fifolock = dependency($1)
		executable('program', 'program.c', dependencies: fifolock, install: true)
	MESON
	[ $# -eq 1 ] || cat >>"$dir/meson.build" <<-MESON
		table = dependency($2)
		executable('program_table', 'program_table.c', dependencies: table, install: true)
	MESON
}

made() { # default_library
	build=$dir/build
	rm -rf "$build" "$dir/prefix"
	quietly meson setup "$build" "$dir" --wrap-mode forcefallback -Ddefault_library="$1" \
		-Dprefix="$dir/prefix" -Dlibdir=lib
	quietly ninja -C "$build"
	"$build/program" >"$dir/said"
	quietly meson install -C "$build" --no-rebuild
	[ -e "$dir/prefix/lib/pkgconfig/fifolock.pc" ] || fail "$1: no fifolock.pc"
	[ ! -e "$dir/prefix/share/doc" ] || fail "$1: documents are installed"
	for program in "$dir/prefix/bin"/program*; do
		LD_LIBRARY_PATH=$dir/prefix/lib "$program" >"$dir/said" || fail "$1: $program"
	done
}

# Fetched, as the wrap file says: of a repository with that tag.
as_release() {
	quietly git -C "$copy" init
	quietly git -C "$copy" add .
	quietly git -C "$copy" -c user.name=test -c user.email=test@test.invalid commit -m test
	quietly git -C "$copy" tag "v$(sed -n "s/^  version: '\(.*\)',/\1/p" "$copy/meson.build")"
	mv "$copy" "$dir/release"
	sed "s|^url = .*|url = file://$dir/release|" "$source/docs/examples/fifolock.wrap" >"$copy.wrap"
}
table=
! pkg-config --exists liburcu-bp liburcu-cds || table="'fifolock-table', fallback: 'fifolock'"
project "'fifolock'" ${table:+"'fifolock-table'"}
if command -v git >/dev/null; then
	as_release
	made shared
	rm -rf "$copy" "$copy.wrap"
	mv "$dir/release" "$copy"
fi

project "'fifolock', version: '>=0.1', fallback: 'fifolock'" ${table:+"$table"}
made shared
has_needed "$build/program" || fail 'shared: not the shared library'
[ ! -e "$dir/prefix/lib/libfifolock.a" ] || fail 'shared: an archive is installed'
made both
has_needed "$build/program" || fail 'both: not the shared library'
made static
! has_needed "$build/program" || fail 'static: the shared library'
! ls "$dir/prefix/lib/"*.so* 2>/dev/null || fail 'static: a shared library is installed'
