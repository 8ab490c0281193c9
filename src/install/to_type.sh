#!/bin/sh
# SPDX-License-Identifier: MIT
# What users of a library have to type where pkg-config, or the loader of programs, does not look
# for it by itself.
# usage: to_type.sh FOLDER SHARED	FOLDER: of the libraries; SHARED: true, or false
set -eu
folder=$1 shared=$2

"${PKG_CONFIG:-pkg-config}" --variable pc_path pkg-config 2>/dev/null | tr : '\n' |
	grep -qxF "$folder/pkgconfig" || echo "export PKG_CONFIG_PATH='$folder/pkgconfig'"
[ "$shared" != true ] || sh "$(dirname "$0")/loader.sh" | grep -qxF "$folder" ||
	echo "export LD_LIBRARY_PATH='$folder'"
