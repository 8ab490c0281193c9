#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles alone, as C11 and as C++11, without a warning.
# usage: headers.sh INCLUDE_DIR CC...	(a compiler may be several words: ccache cc)
set -eu
include=$1
shift
for header in "$include"/fifolock/*.h; do
	name=fifolock/${header##*/}
	printf '#include <%s>\n#include <%s>\n' "$name" "$name" |
		"$@" -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$include" -x c -fsyntax-only -
	printf '#include <%s>\nconst char *version = FIFOLOCK_VERSION;\n' "$name" |
		${CXX:-c++} -std=c++11 -Wall -Wextra -Werror -I"$include" -x c++ -fsyntax-only -
done
printf '#include <fifolock/fifolock.h>\nfifolock_t l = FIFOLOCK_INIT(&fifolock_mutex_modes);\n' |
	${CXX:-c++} -std=c++11 -Wall -Wextra -Werror -I"$include" -x c++ -fsyntax-only -
