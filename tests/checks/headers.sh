#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles alone, as C11 and as C++11, without a warning; those of C++ as C++17 and
# C++20, by each compiler that is there.  None sends its reader to a file that is not installed; each
# names what does a thing: a thread, a request, a holder.
# usage: headers.sh INCLUDE_DIR CC...	(a compiler may be several words: ccache cc)
set -eu
include=$1
shift
for header in "$include"/fifolock/*.h; do
	name=fifolock/${header##*/}
	printf '#include <%s>\n#include <%s>\n' "$name" "$name" |
		"$@" -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$include" -x c -fsyntax-only -
	printf '#include <%s>\nconst char *version = FIFOLOCK_VERSION;\n' "$name" |
		${CXX:-c++} -std=c++11 -Wall -Wextra -Wshadow -Werror -I"$include" -x c++ -fsyntax-only -
done
printf '#include <fifolock/fifolock.h>\nfifolock_t l = FIFOLOCK_INIT(&fifolock_mutex_modes);\n' |
	${CXX:-c++} -std=c++11 -Wall -Wextra -Werror -I"$include" -x c++ -fsyntax-only -

as_cpp() { # header, compiler, standard
	command -v "${2%% *}" >/dev/null || return 0
	printf '#include <fifolock/%s>\n#include <fifolock/%s>\n' "$1" "$1" |
		$2 -std="$3" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I"$include" -x c++ -fsyntax-only -
}
for header in "$include"/fifolock/*.hpp; do
	as_cpp "${header##*/}" "${CXX:-c++}" c++17
done
as_cpp fifolock.hpp clang++ c++17
for cxx in g++ clang++; do
	as_cpp fifolock.hpp $cxx c++20
done

if grep -nE '\<(src|tests|benchmarks)/|README|CONTRIBUTING|\.c\>' "$include"/fifolock/*.h*; then
	echo "that file is not installed"
	exit 1
fi
if grep -niwE 'who|whom|whoever|nobody|somebody|anybody|everybody|someone|anyone' \
	"$include"/fifolock/*.h*; then
	echo "name the noun"
	exit 1
fi
