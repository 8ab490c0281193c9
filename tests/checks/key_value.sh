#!/bin/sh
# SPDX-License-Identifier: MIT
# The key-value server of docs/examples under its load: it adds up, a deadlock was found and told, and the
# server ends when it is told, with no key held.
# usage: key_value.sh SERVER LOAD
set -eu
server=
dir=$(mktemp -d)
trap '[ ! "$server" ] || kill $server; rm -rf "$dir"' EXIT

mkfifo "$dir/said"
"$1" "$dir/socket" >"$dir/said" 2>"$dir/deadlocks" &
server=$!
exec 3<"$dir/said"
read -r ready <&3 && [ "$ready" = ready ] || { cat "$dir/deadlocks"; exit 1; }

status=0
"$2" "$dir/socket" || status=$?
kill -TERM $server
wait $server || status=$?
server=
head -20 "$dir/deadlocks"
[ -s "$dir/deadlocks" ] || { echo "no deadlock was reported"; exit 1; }
[ ! -e "$dir/socket" ]
exit $status
