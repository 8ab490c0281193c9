#!/bin/sh
# SPDX-License-Identifier: MIT
# A build says how far it is, and what went wrong; a folder is configured again when it was
# configured otherwise, or before packages came, and not else.
# usage: building.sh SOURCE_DIR
set -eu
support=$1/tests/support
# shellcheck source=tests/support/scripts
. "${0%/*}/../support/scripts"
mkdir "$dir/folder"

# does STATUS FUNCTION ARGUMENT...: of tests/support/building
does() {
	wanted=$1
	shift
	status=0
	PATH=$dir/bin:$PATH sh -c '. "$0/packages"; . "$0/building"; missing_packages() { cat "$LACKING"; }
		"$@"' "$support" "$@" >"$dir/out" 2>&1 || status=$?
	[ $status -eq "$wanted" ] || fail "status $status: $*"
}
says() { grep -qx -- "$1" "$dir/out" || fail "it does not say '$1'"; }
says_not() { ! grep -q -- "$1" "$dir/out" || fail "it says '$1'"; }
export LACKING="$dir/lacking"

# Of 200 steps: a line for the first after three seconds, then one in ten.
command_is ninja 'case $* in
*build.ninja) ;;
*-n*) seq 200 | sed "s/.*/[&\/200] x/" ;;
*) for step in $(seq 200); do echo "@$step 200 $((step / 5)).7 Compiling"; done ;;
esac'
does 0 build "$dir/folder" "$dir/log" all
says "Building in $dir/folder: 200 steps"
says '  15 of 200 steps in 3 seconds, about 37 seconds to go'
says '  65 of 200 steps in 13 seconds, about 27 seconds to go'
[ "$(wc -l <"$dir/out")" -eq 5 ] || fail 'too many lines, or too few'

command_is ninja 'case $* in
*build.ninja) ;;
*-n*) echo "[1/1] x" ;;
*) echo "@1 2 0.1 fine"; echo "x.c:1: error"; exit 1 ;;
esac'
does 1 build "$dir/folder" "$dir/log"
says 'x.c:1: error'
says_not fine
command_is ninja 'case $* in
*-n*) echo "ninja: no work to do." ;;
esac'
does 0 build "$dir/folder" "$dir/log"
[ ! -s "$dir/out" ] || fail 'it speaks of nothing'

# Packages that come later.
# What meson remembers must be gone.
mkdir "$dir/folder/meson-private"
command_is meson "echo \"\$*\" >>'$dir/asked'
cd '$dir/folder'
[ ! -e meson-private/coredata.dat ] || exit 1
: >build.ninja
: >meson-private/coredata.dat"
asked() { [ "$(cat "$dir/asked" 2>/dev/null)" = "$1" ] || { cat "$dir/asked"; fail "not '$1'"; }; rm -f "$dir/asked"; }
echo libck-dev >"$LACKING"
does 0 configure "$dir/folder" "$dir/log" -Da=b
asked "setup $dir/folder -Da=b"
does 0 configure "$dir/folder" "$dir/log" -Da=b
asked ''
: >"$LACKING"
does 0 configure "$dir/folder" "$dir/log" -Da=b
asked "setup $dir/folder -Da=b"
does 0 configure "$dir/folder" "$dir/log" -Da=c
asked "setup $dir/folder -Da=c"
command_is meson 'echo "no such option"; exit 1'
does 1 configure "$dir/folder" "$dir/log" -Da=d
says 'no such option'
does 1 configure "$dir/folder" "$dir/log" -Da=d
