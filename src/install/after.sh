#!/bin/sh
# SPDX-License-Identifier: MIT
# After an installation: make the library known to the loader of programs; where that or
# pkg-config does not look, say what to type.  Nothing is done for a package (DESTDIR).
# usage: after.sh FOLDER SHARED		FOLDER: of the libraries; SHARED: true, or false
set -eu
folder=$1 shared=$2
[ -z "${DESTDIR:-}" ] || exit 0
say() { [ "${MESON_INSTALL_QUIET:-}" ] || echo "$*"; }

PATH=$PATH:/sbin:/usr/sbin
pkg_config=${PKG_CONFIG:-pkg-config}
if ! "$pkg_config" --variable pc_path pkg-config 2>/dev/null | tr : '\n' |
	grep -qxF "$folder/pkgconfig"; then
	say "pkg-config does not look there by itself.  For programs that use the library:"
	say "  export PKG_CONFIG_PATH=$folder/pkgconfig"
fi
[ "$shared" = true ] || exit 0
if ! sh "$(dirname "$0")/loader.sh" | grep -qxF "$folder"; then
	say "The loader of programs does not look there by itself.  To start them:"
	say "  export LD_LIBRARY_PATH=$folder"
elif ! command -v ldconfig >/dev/null; then
	: # musl's loader keeps no list
elif [ "$(id -u)" -eq 0 ] && ldconfig; then
	say "ldconfig has been run: programs find the library."
else
	say "Programs may not find the library until ldconfig has been run, as root."
fi
