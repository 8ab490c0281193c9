#!/bin/sh
# SPDX-License-Identifier: MIT
# The probes that docs/probes.md lists are those that the library has.
# usage: probes.sh LIBRARY DOC		77: it was built without
set -eu
has=$(readelf -n "$1" | awk '/Provider: fifolock/ { getline; print $2 }' | sort -u)
[ "$has" ] || { echo "skipped: built without probes"; exit 77; }
told=$(sed -n 's/^| `\([a-z]*\)` |.*/\1/p' "$2" | sort -u)
[ "$has" = "$told" ] || { echo "the library has: $has"; echo "documented: $told"; exit 1; }
