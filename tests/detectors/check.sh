#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs that use the library as it is installed, under a race detector: the correct ones
# without a report, the wrong ones with one, by name.
# usage: check.sh tsan|helgrind|drd SOURCE_DIR LIBRARY_DIR CC...	77: cannot be tested here
set -eu
# meson sets them: then ThreadSanitizer ends with SIGABRT instead of the status that is asked for.
unset ASAN_OPTIONS MSAN_OPTIONS UBSAN_OPTIONS
detector=$1 source=$2 lib=$3
shift 3
skip() { echo "skipped: $*"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sources="$source/tests/detectors"

# build NAME LIBRARY CC...
build() {
	name=$1 library=$2
	shift 2
	"$@" -std=gnu11 -g -O1 -I"$source/include" -o "$dir/$name" "$sources"/*.c "$library" \
		"-Wl,-rpath,$lib" -pthread
}

# With locks by key, if there are.  libfifolock's library comes after theirs.
build_table() { # NAME LIBRARY LIBFIFOLOCK CC...
	name=$1 library=$2 lock=$3
	shift 3
	[ -e "$library" ] || return 0
	case $library in
	*.a) lock="$lock -lurcu-bp -lurcu-cds -lurcu-common" ;;
	esac
	# shellcheck disable=SC2086 # several
	"$@" -std=gnu11 -g -O1 -DTABLE -I"$source/include" -o "$dir/$name" "$sources/main.c" "$sources"/table/*.c \
		"$library" $lock "-Wl,-rpath,$lib" -pthread
}

# The same for the C++ headers, by the compiler of C++ that goes with it, if that is there.
build_faces() { # NAME LIBRARY CC...
	name=$1 library=$2
	shift 2
	case ${1##*/} in
	gcc*) cxx=g++ ;;
	clang*) cxx=clang++ ;;
	*) cxx=${CXX:-c++} ;;
	esac
	command -v "$cxx" >/dev/null || return 0
	shift
	"$cxx" -std=c++20 -g -O1 -I"$source/include" -o "$dir/$name" "$sources/faces.cpp" "$library" \
		"-Wl,-rpath,$lib" -pthread "$@"
}

# ThreadSanitizer wants addresses that are not too random.
still=
setarch -R true 2>/dev/null && still='setarch -R'

case $detector in
tsan)
	command -v "$1" >/dev/null || skip "there is no $1"
	echo 'int main(void) { return 0; }' >"$dir/empty.c"
	"$@" -fsanitize=thread -o "$dir/empty" "$dir/empty.c" 2>/dev/null && $still "$dir/empty" 2>/dev/null ||
		skip "$1 -fsanitize=thread does not work here"
	build programs "$lib/libfifolock.so" "$@" -fsanitize=thread
	build fixed "$lib/libfifolock.so" "$@" -fsanitize=thread -fno-pie -no-pie
	build static "$lib/libfifolock.a" "$@" -fsanitize=thread
	build_table table "$lib/libfifolock-table.so" "$lib/libfifolock.so" "$@" -fsanitize=thread
	build_table table_static "$lib/libfifolock-table.a" "$lib/libfifolock.a" "$@" -fsanitize=thread
	build_faces faces "$lib/libfifolock.so" "$1" -fsanitize=thread
	build_faces faces_fixed "$lib/libfifolock.a" "$1" -fsanitize=thread -fno-pie -no-pie
	under="$still env TSAN_OPTIONS=exitcode=66"
	report='WARNING: ThreadSanitizer'
	order='lock-order-inversion'
	;;
helgrind | drd)
	command -v valgrind >/dev/null || skip "there is no valgrind"
	grep -q 'define FL_VALGRIND 1\|DFL_VALGRIND' "$lib/../build.ninja" ||
		skip "the library was built without valgrind's headers"
	build programs "$lib/libfifolock.so" "$@"
	build_table table "$lib/libfifolock-table.so" "$lib/libfifolock.so" "$@"
	build_faces faces "$lib/libfifolock.so" "$1"
	under="valgrind -q --tool=$detector --suppressions=$source/src/table/valgrind/liburcu.supp --error-exitcode=66"
	report='data race\|Conflicting'
	order='lock order'
	;;
esac

status=0
wrong() {
	echo "$detector: $*"
	status=1
}

# silent PROGRAM: all that are correct, in one process.
silent() {
	$under "$dir/$1" all >"$dir/log" 2>&1 && ! grep -v '^-- ' "$dir/log" || {
		wrong "$1: correct programs are reported, or fail"
		cat "$dir/log"
	}
}

# reported WHAT NAME [race]: by $program
program=programs
reported() {
	what=$1
	shift
	$under "$dir/$program" "$@" >"$dir/log" 2>&1 || [ $? -eq 66 ] || wrong "$* fails"
	grep -q "$what" "$dir/log" || {
		wrong "not reported: $program $*"
		cat "$dir/log"
	}
}

for name in programs fixed static table table_static faces faces_fixed; do
	[ ! -e "$dir/$name" ] || silent $name
done
for name in mutex shared convert run request condition timed; do
	reported "$report" $name race
done
for name in $("$dir/programs" | sed -n 's/^wrong \(race.*\)/\1/p'); do
	reported "$report" "$name"
done
# drd does not look at it
[ "$detector" = drd ] || reported "$order" inversion

if [ -e "$dir/table" ]; then
	program=table
	for name in keys far converts requests runs sets; do
		reported "$report" $name race
	done
	for name in $("$dir/table" | sed -n 's/^wrong \(race.*\)/\1/p'); do
		reported "$report" "$name"
	done
else
	echo "without locks by key: they are not built"
fi
if [ -e "$dir/faces" ]; then
	program=faces
	for name in table condition run coroutines; do
		"$dir/faces" | grep -qx $name || continue # by this compiler
		reported "$report" $name race
	done
	for name in $("$dir/faces" | sed -n 's/^wrong \(race.*\)/\1/p'); do
		reported "$report" "$name"
	done
	[ "$detector" = drd ] || reported "$order" inversion
else
	echo "without the C++ headers: there is no C++ compiler"
fi
exit $status
