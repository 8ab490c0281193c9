#!/bin/sh
# SPDX-License-Identifier: MIT
# The folder below PREFIX where a library is found: pkg-config looks there, and the loader of
# programs does.  Below a prefix where they do not look, the one that they know below /usr.
# usage: where.sh PREFIX [ETC]		ETC: a folder for /etc, in tests
set -eu
loader=$(sh "$(dirname "$0")/loader.sh" "${2:-/etc}")
looked_in=$("${PKG_CONFIG:-pkg-config}" --variable pc_path pkg-config 2>/dev/null | tr : '\n') || :

folder_below() { # prefix
	echo "$looked_in" | while read -r folder; do
		folder=${folder%/pkgconfig}
		case $folder in
		"$1"/local/* | "$1"/share) ;;
		"$1"/*) ! echo "$loader" | grep -qxF "$folder" || echo "${folder#"$1"/}" ;;
		esac
	done | head -n 1
}

folder=$(folder_below "${1%/}")
[ "$folder" ] || folder=$(folder_below /usr)
echo "${folder:-lib}"
