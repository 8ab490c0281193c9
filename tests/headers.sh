#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles alone, as C11 and as C++11, without a warning.
# usage: headers.sh INCLUDE_DIR CC CXX...
set -eu
include=$1 cc=$2
shift 2
for header in "$include"/fifolock/*.h; do
	name=fifolock/${header##*/}
	printf '#include <%s>\n#include <%s>\n' "$name" "$name" |
		$cc -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$include" -x c -fsyntax-only -
	printf '#include <%s>\nconst char *version = FIFOLOCK_VERSION;\n' "$name" |
		${1:-c++} -std=c++11 -Wall -Wextra -Werror -I"$include" -x c++ -fsyntax-only -
done
printf '#include <fifolock/fifolock.h>\nfifolock_t l = FIFOLOCK_INIT(&fifolock_mutex);\n' |
	${1:-c++} -std=c++11 -Wall -Wextra -Werror -I"$include" -x c++ -fsyntax-only -
