#!/bin/sh
# SPDX-License-Identifier: MIT
# The folders in which the loader of programs looks, one a line.
# usage: loader.sh [ETC]		ETC: a folder for /etc, in tests
set -eu
etc=${1:-/etc}

listed() {
	cat "$@" 2>/dev/null | tr ':,' '\n\n' | sed -n 's/[ \t#=].*//; s,/$,,; /^\//p'
}

# musl's has another file, or none.
if [ ! -e "$etc/ld.so.conf" ] && ls "${etc%/*}"/lib/ld-musl-* >/dev/null 2>&1; then
	listed "$etc"/ld-musl-*.path | grep . || printf '/lib\n/usr/local/lib\n/usr/lib\n'
else
	listed "$etc/ld.so.conf" "$etc"/ld.so.conf.d/*.conf || :
	printf '/lib64\n/usr/lib64\n/lib\n/usr/lib\n'
fi
