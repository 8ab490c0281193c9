#!/bin/sh
# SPDX-License-Identifier: MIT
# What is missing is named, with what it is needed for and what to install; the library is built
# without what only its tests and benchmarks need.
# usage: needs.sh SOURCE_DIR CC...
set -eu
source=$1
shift
# shellcheck source=tests/install/common
. "$source/tests/install/common"
export CC="$*"

# Without what matches HIDDEN.
real=$(command -v pkg-config)
cat >"$dir/pkg-config" <<SH
#!/bin/sh
case \$* in
*\$HIDDEN*) exit 1 ;;
esac
exec $real "\$@"
SH
chmod +x "$dir/pkg-config"
export PKG_CONFIG="$dir/pkg-config" HIDDEN

setup() { # option...
	rm -rf "$dir/build"
	meson setup "$dir/build" "$source" "$@" >"$dir/said" 2>&1
}
says() { grep -q -- "$1" "$dir/said" || fail "it does not say '$1'"; }

HIDDEN=liburcu
! setup || fail 'it goes on without liburcu'
says 'ERROR: .*liburcu'
says 'Ubuntu: .*liburcu-dev.*Fedora: .*userspace-rcu-devel'

HIDDEN=liburcu-cds
! setup -Dtable=enabled || fail 'it goes on without a library of liburcu'
says 'ERROR: .*locks by key.*liburcu-cds.*Ubuntu: liburcu-dev; Fedora: userspace-rcu-devel'
setup || fail 'the lock wants a library of liburcu'
says 'locks by key *: no: without'

HIDDEN=criterion
! setup -Dtests=true || fail 'it goes on without Criterion'
says 'ERROR: .*Criterion.*libcriterion-dev.*-Dharness=plain'
setup -Dbenchmarks=true || fail 'the library and its benchmark want Criterion'
