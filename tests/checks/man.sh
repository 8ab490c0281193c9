#!/bin/sh
# SPDX-License-Identifier: MIT
# Each exported symbol has a man page, of both libraries; the prototypes there are those that a compiler reads in the
# headers; mandoc, or man, has nothing to say about the pages.
# usage: man.sh SOURCE_DIR PAGES_DIR CC...
set -eu
source=$1 pages=$2
shift 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

page_of() { # follows .so man3/other.3
	set -- "$1" "$(sed -n '1s:^\.so man3/::p' "$pages/$1.3")"
	echo "$pages/${2:-$1.3}"
}

symbols=$(sed -n 's/^\t\(fifolock_[a-z_]*\);/\1/p' "$source/src/fifolock.map" "$source/src/table/fifolock-table.map")
[ "$symbols" ]
for symbol in $symbols; do
	[ -e "$pages/$symbol.3" ] || { echo "no page: $symbol"; exit 1; }
	grep -q "^\.Nm $symbol\( ,\)\?$" "$(page_of "$symbol")" ||
		{ echo "not on its page: $symbol"; exit 1; }
done

# One declaration a line, without spaces but between two words.
normal() { sed 's/[[:space:]]\+/ /g; s/ *\([^A-Za-z0-9_ ]\) */\1/g; s/^ //; s/;$//' | sort -u; }

for header in "$source"/include/fifolock/*.h; do echo "#include <fifolock/${header##*/}>"; done >"$dir/all.c"
"$@" -E -P -I"$source/include" "$dir/all.c" | tr '\n' ' ' |
	sed 's/__attribute__((\(visibility("default")\|warn_unused_result\)))//g' | sed 's/_Bool/bool/g' | tr ';{}' '\n' |
	sed 's/^ *static inline //' | grep -vE '^ *return ' |
	grep -E '^[^(]*\<fifolock_[a-z_]+ *\(|^ *extern +const +fifolock' | normal >"$dir/declared"

# shellcheck disable=SC2046 # no page has a space in its name
awk '
	function bare(text) { gsub(/"/, "", text); return text }
	/^\.Vt / { sub(/^\.Vt /, ""); sub(/ ;$/, ""); print bare($0) }
	/^\.Ft / { type = substr($0, 5) }
	/^\.Fo / { text = type " " substr($0, 5) "("; comma = "" }
	/^\.Fa / { text = text comma bare(substr($0, 5)); comma = ", " }
	/^\.Fc/ { print text ")" }
' $(grep -L '^\.so ' "$pages"/*.3) | normal >"$dir/documented"
inline=$(cat "$source"/include/fifolock/*.h | grep -c '^static inline.*fifolock_')
[ "$(wc -l <"$dir/declared")" -eq $(($(echo "$symbols" | wc -l) + inline)) ] ||
	{ echo "not as many declarations as symbols:"; cat "$dir/declared"; exit 1; }
diff "$dir/declared" "$dir/documented"

looked=
for page in $(grep -L '^\.so ' "$pages"/*.3); do
	if command -v mandoc >/dev/null; then
		looked="mandoc"
		mandoc -Tlint -Wwarning "$page" >>"$dir/complaints" || :
	elif man --warnings -l -Tutf8 -Z "$page" >/dev/null 2>&1; then
		looked="man"
		man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null |
			grep -v "can't break line" >>"$dir/complaints" || :
	fi
done
if [ ! "$looked" ]; then
	echo "neither mandoc nor man is here: the pages' form is not checked"
elif [ -s "$dir/complaints" ]; then
	cat "$dir/complaints"
	exit 1
fi
