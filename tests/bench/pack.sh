#!/bin/sh
# SPDX-License-Identifier: MIT
# benchmarks/pack: what it makes runs in a bare environment, wherever it is moved to, with
# nothing of this machine's libraries and without Python, and writes figures for compare and plot.
# usage: pack.sh SOURCE PROGRAM...
set -eu
source=$1
shift
# shellcheck source=tests/support/scripts
. "${0%/*}/../support/scripts"

bare() {
	env -i PATH=/usr/bin:/bin "$@"
}

sh "$source/benchmarks/pack" "$dir/packed" "$@" >"$dir/out" || fail "pack"
! sh "$source/benchmarks/pack" "$dir/packed" "$@" >"$dir/out" 2>&1 || fail "packs into what is there"
! sh "$source/benchmarks/pack" "$dir/none" "$dir/nothing" >"$dir/out" 2>&1 || fail "packs what is not there"

moved="$dir/moved to"
mv "$dir/packed" "$moved"
for program in "$moved"/bin/*; do
	"$moved/lib/loader" --library-path "$moved/lib" --list "$program" >"$dir/list"
	! grep '=>' "$dir/list" | grep -v "=> $moved/lib/" || fail "$program: libraries from elsewhere"
done

# All that there is but Python.
mkdir "$dir/tools"
ln -s /bin/* /usr/bin/* "$dir/tools" 2>"$dir/errors" || :
rm -f "$dir"/tools/python*
without_python() {
	env -i PATH="$dir/tools" "$@"
}
! without_python python3 -c '' 2>"$dir/errors" || fail "there is Python"
without_python OUT="$dir/figures" QUICK=1 sh "$moved/run" >"$dir/printed" || { cat "$dir/printed"; fail "run"; }
! without_python "$moved/fifolock-bench" compare a b 2>"$dir/errors" || fail "compare does without Python"
grep -q 'compare needs Python' "$dir/errors" || { cat "$dir/errors"; fail "it does not say what is missing"; }
for table in alone exclusive-200 exclusive-20 shared-90 shared-100 beside-200 beside-20; do
	grep -q "^== $table\$" "$dir/printed" || fail "$table is not printed"
	grep -q '"type":"result"' "$dir/figures/$table.json" || fail "$table has no figures"
	bare "$moved/fifolock-bench" compare "$dir/figures/$table.json" "$dir/figures/$table.json" \
		>"$dir/out" || fail "compare cannot read $table"
done
grep -q '"test":"floor"' "$dir/figures/alone.json" || fail "no floors"
grep -q wait_worst_ns "$dir/figures/exclusive-20.json" || fail "no worst waits"
grep -v '^Figures:' "$dir/printed" | sed '$d' | cmp -s - "$dir/figures/tables.txt" || fail "tables.txt is not what was printed"
grep -q '^ .* cc-synch ' "$dir/figures/tables.txt" || fail "a lock is missing"
[ ! -e "$moved/results" ] || fail "results in two places"

# A program that these start is not told where libraries are.
mkdir "$dir/own"
printf '#!/bin/sh\nenv >"%s/seen"\n' "$dir" >"$dir/own/python3"
chmod +x "$dir/own/python3"
env -i PATH="$dir/own:/usr/bin:/bin" "$moved/fifolock-bench" plot "$dir/figures/exclusive-20.json" >"$dir/out" 2>&1
[ -e "$dir/seen" ] || fail "plot starts no Python"
! grep -q '^LD_' "$dir/seen" || fail "the loader's variables leak"
echo good
