#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles alone, as C11 and as C++11, without a warning.  None sends its reader to
# a file that is not installed; each names what does a thing: a thread, a request, a holder.
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

if grep -nE '\<(src|tests|benchmarks)/|README|CONTRIBUTING|\.c\>' "$include"/fifolock/*.h; then
	echo "that file is not installed"
	exit 1
fi
if grep -niwE 'who|whom|whoever|nobody|somebody|anybody|everybody|someone|anyone' \
	"$include"/fifolock/*.h; then
	echo "name the noun"
	exit 1
fi
