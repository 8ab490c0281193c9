#!/bin/sh
# SPDX-License-Identifier: MIT
# CMake's find_package finds what is installed: shared and static, at a place it was moved to, in
# the versions that fit.
# usage: cmake.sh BUILD_DIR SOURCE_DIR CC...		77: there is no CMake
set -eu
build=$1 source=$2
shift 2
command -v cmake >/dev/null || { echo "skipped: there is no CMake"; exit 77; }
# shellcheck source=tests/install/common
. "$source/tests/install/common"
export CC="$*"

DESTDIR=$dir/destination quietly meson install -C "$build" --no-rebuild
prefix="$dir/the prefix"
mv "$(dirname "$(find "$dir/destination" -name include)")" "$prefix"

cat >"$dir/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.13)
project(program CXX)
find_package(fifolock REQUIRED)
file(WRITE "${CMAKE_BINARY_DIR}/version" "${fifolock_VERSION}\n")
configure_file(program.c program.cc COPYONLY)
add_executable(program ${CMAKE_BINARY_DIR}/program.cc)
target_link_libraries(program fifolock::fifolock)
add_executable(program_static ${CMAKE_BINARY_DIR}/program.cc)
target_link_libraries(program_static fifolock::fifolock_static)
if(TARGET fifolock::table)
  configure_file(program_table.c program_table.cc COPYONLY)
  foreach(kind table table_static)
    add_executable(program_${kind} ${CMAKE_BINARY_DIR}/program_table.cc)
    target_link_libraries(program_${kind} fifolock::${kind})
  endforeach()
endif()

foreach(wanted 0.1 0.1.0 0.0.9 0.1.1 0.2 1 1.1.0)
  foreach(exact "" EXACT)
    unset(fifolock_DIR CACHE)
    find_package(fifolock ${wanted} ${exact} QUIET)
    if(fifolock_FOUND)
      file(APPEND "${CMAKE_BINARY_DIR}/fits" "${wanted} ${exact}\n")
    endif()
  endforeach()
endforeach()
CMAKE
quietly cmake -S "$dir" -B "$dir/out" -DCMAKE_PREFIX_PATH="$prefix"
quietly cmake --build "$dir/out"
[ "$("$dir/out/program")" = "$(cat "$dir/out/version")" ] || fail 'not that version'
quietly "$dir/out/program_static"
has_needed "$dir/out/program" || fail 'not the shared library'
! has_needed "$dir/out/program_static" || fail 'not the static library'
if [ -e "$dir/out/program_table" ]; then
	"$dir/out/program_table" || fail 'locks by key'
	has_needed "$dir/out/program_table" || fail 'locks by key: not the shared library'
	"$dir/out/program_table_static" || fail 'locks by key, static'
	! has_needed "$dir/out/program_table_static" || fail 'locks by key: not the static library'
fi

# What fits 0.1.0; 0.2 may be another library, as 0.0 was.
printf '0.1 \n0.1 EXACT\n0.1.0 \n0.1.0 EXACT\n' | diff - "$dir/out/fits" || fail 'what fits'
