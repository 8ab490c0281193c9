#!/bin/sh
# SPDX-License-Identifier: MIT
# After an installation: the loader of programs is told, if it keeps a list and looks there; what
# else is to be done is said.  Nothing is done for a package (DESTDIR).
# usage: after.sh FOLDER SHARED		FOLDER: of the libraries; SHARED: true, or false
set -eu
[ -z "${DESTDIR:-}" ] || exit 0
here=$(dirname "$0")
PATH=$PATH:/sbin:/usr/sbin

say() { [ "${MESON_INSTALL_QUIET:-}" ] || echo "$*"; }

to_type=$(sh "$here/to_type.sh" "$1" "$2")
[ -z "$to_type" ] || say "To use what is installed:
$to_type"
[ "$2" = true ] && command -v ldconfig >/dev/null && sh "$here/loader.sh" | grep -qxF "$1" || exit 0
if [ "$(id -u)" -ne 0 ] || ! ldconfig; then
	say "Programs may not find the library until ldconfig has been run, as root."
fi
