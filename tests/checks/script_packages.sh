#!/bin/sh
# SPDX-License-Identifier: MIT
# Packages are asked for once, all together; root has them installed, by one command; what is only
# better to have stops nothing.
# usage: packages.sh SOURCE_DIR
set -eu
packages=$1/tests/support/packages
# shellcheck source=tests/support/scripts
. "${0%/*}/../support/scripts"

# Nothing is there but what is installed by this apt-get; it has no "rare".
command_is dpkg-query "grep -qx \"\$4\" '$dir/there' && echo 'install ok installed'"
command_is pkg-config 'exit 1'
command_is apt-get "echo \"\$*\" >>'$dir/asked'
case \$* in *rare*) exit 100 ;; esac
for word; do echo \"\$word\"; done >>'$dir/there'"

# gets USER STATUS NEEDED WANTED [TOLD]
gets() {
	command_is id "echo $1"
	: >"$dir/there"
	: >"$dir/asked"
	status=0
	PATH=$dir/bin:$PATH sh -c '. "$0"; get_packages "$1" "$2" "$3"' "$packages" "$3" "$4" "${5:-}" \
		>"$dir/out" 2>&1 || status=$?
	[ $status -eq "$2" ] || fail "status $status for $1, '$3', '$4'"
}
asked() { [ "$(grep -c '^install' "$dir/asked")" -eq "$1" ] || fail "not asked $1 times"; }
says() { grep -q -- "$1" "$dir/out" || fail "it does not say '$1'"; }

gets 0 0 'no-one no-two' 'no-three'
asked 1
grep -q 'install .* no-one no-two no-three$' "$dir/asked" || fail 'not all at once'
says 'Installing .*no-one no-two no-three'

gets 1000 1 'no-one no-two' 'no-three'
asked 0
says 'apt-get update && apt-get install .* no-one no-two no-three$'
[ "$(grep -c 'apt-get' "$dir/out")" -eq 1 ] || fail 'it says more than one command'
gets 1000 1 no-one no-three no-four
says 'apt-get install .* no-one no-three no-four$'
gets 0 0 no-one no-three no-four
! grep -q no-four "$dir/asked" || fail 'what another script wants was installed'
gets 1000 0 '' '' no-four
[ ! -s "$dir/out" ] || fail 'it speaks of what it does not want'
gets 1000 0 '' 'no-three'
says 'apt-get install .* no-three$'

# No such package here: on with the others.
gets 0 0 'no-one' 'rare no-three'
grep -q '^install .* no-one$' "$dir/asked" || fail 'what is needed was not installed'
grep -q '^install .* no-three$' "$dir/asked" || fail 'what can be had was not installed'
says 'Going on without rare$'
gets 0 1 'rare' 'no-two'

# There, by whatever means.
gets 0 0 'sh' ''
[ ! -s "$dir/out" ] || fail 'it speaks of what is there'
asked 0
