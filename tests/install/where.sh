#!/bin/sh
# SPDX-License-Identifier: MIT
# On each kind of system the library goes where pkg-config and the loader look, dpkg-dev or not;
# and then the loader is told, or the user.
# usage: where.sh SOURCE_DIR
set -eu
scripts=$1/src/install
# shellcheck source=tests/support/scripts
. "${0%/*}/../support/scripts"
PATH=$dir/bin:$PATH
unset PKG_CONFIG

# As on a bare Debian.
command_is dpkg-architecture 'exit 127'

# system NAME PC_PATH FOLDERS_OF_LD_SO: none for musl
system() {
	name=$1
	rm -rf "${dir:?}/etc" "$dir/lib"
	mkdir -p "$dir/etc/ld.so.conf.d" "$dir/lib"
	command_is pkg-config "echo '$2'"
	if [ $# -eq 3 ]; then
		echo "include /etc/ld.so.conf.d/*.conf" >"$dir/etc/ld.so.conf"
		printf '# a comment\n%b' "$3" >"$dir/etc/ld.so.conf.d/local.conf"
	else
		: >"$dir/lib/ld-musl-x86_64.so.1"
	fi
}
goes_to() { # prefix, folder
	folder=$(sh "$scripts/where.sh" "$1" "$dir/etc")
	[ "$folder" = "$2" ] || fail "$name: below $1 in '$folder', not in $2"
}

multi=x86_64-linux-gnu
paths=/usr/local/lib/$multi/pkgconfig:/usr/local/lib/pkgconfig:/usr/local/share/pkgconfig
paths=$paths:/usr/lib/$multi/pkgconfig:/usr/lib/pkgconfig:/usr/share/pkgconfig
system Debian $paths "/usr/local/lib\n/usr/local/lib/$multi\n/lib/$multi\n/usr/lib/$multi\n"
goes_to /usr/local lib/$multi
goes_to /usr/local/ lib/$multi
goes_to /usr lib/$multi
goes_to "/home/a b/c,d" lib/$multi

system 'Debian, of which the loader knows one folder' $paths "/usr/local/lib/ # here\n"
goes_to /usr/local lib
goes_to /usr lib

system Fedora /usr/lib64/pkgconfig:/usr/share/pkgconfig "/usr/lib64/iscsi\n"
goes_to /usr lib64
goes_to /usr/local lib64

system openSUSE /usr/local/lib64/pkgconfig:/usr/local/share/pkgconfig:/usr/lib64/pkgconfig \
	"/usr/local/lib64\n/usr/local/lib\n"
goes_to /usr/local lib64
goes_to /usr lib64

system Arch /usr/lib/pkgconfig:/usr/share/pkgconfig "/usr/lib/libfakeroot\n"
goes_to /usr/local lib
goes_to /usr lib

system Alpine /usr/local/lib/pkgconfig:/usr/lib/pkgconfig
goes_to /usr/local lib
goes_to /usr lib

system 'no pkg-config' '' "/usr/local/lib\n"
command_is pkg-config 'exit 127'
goes_to /usr/local lib

# What is said and done then.  root: id says so.
after() { # DESTDIR, user id, folder, shared
	command_is id "echo $2"
	command_is ldconfig "touch '$dir/told'"
	rm -f "$dir/told"
	DESTDIR=$1 sh "$scripts/after.sh" "$3" "$4" >"$dir/out" 2>&1
}
says() { grep -q -- "$1" "$dir/out" || fail "it does not say: $1"; }
says_not() { ! grep -q -- "$1" "$dir/out" || fail "it says: $1"; }

looked_in=$(sh "$scripts/loader.sh" | head -n 1)
command_is pkg-config "echo '/x/pkgconfig:$looked_in/pkgconfig'"
after '' 0 "$looked_in" true
[ -e "$dir/told" ] || fail "root's installation does not run ldconfig"
says_not .
after '' 1000 "$looked_in" true
[ ! -e "$dir/told" ] || fail 'a user runs ldconfig'
says ldconfig
after /destdir 0 "$looked_in" true
[ ! -e "$dir/told" ] || fail 'a package runs ldconfig'
after '' 0 "$looked_in" false
[ ! -e "$dir/told" ] || fail 'an archive is told to the loader'
after '' 0 /my/lib true
[ ! -e "$dir/told" ] || fail 'ldconfig is run for what it does not know'
says "^export PKG_CONFIG_PATH='/my/lib/pkgconfig'$"
says "^export LD_LIBRARY_PATH='/my/lib'$"
after '' 0 /my/lib false
says_not LD_LIBRARY_PATH
