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
grep -q '^deadlock in table kv' "$dir/deadlocks" || { echo "no deadlock was reported"; exit 1; }
[ ! -e "$dir/socket" ]
[ $status = 0 ] || tail -60 "$dir/deadlocks"
exit $status
