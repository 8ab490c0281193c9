#!/bin/sh
# SPDX-License-Identifier: MIT
# What the guide quotes of a program stands there, word for word; it quotes every example. Every name
# that the README and the pages of docs/ use is in a header or an environment variable of the library;
# every link between them leads somewhere; and what is installed links to what is installed.
# usage: guide.sh SOURCE_DIR
set -eu
cd "$1"

# A block that begins with ```c NAME, or ```cpp NAME, is a piece of examples/NAME, made of whole lines.
awk '
	function text_of(file,  line, text) {
		text = "\n"
		while ((getline line < file) > 0)
			text = text line "\n"
		close(file)
		return text
	}
	/^```c(pp)? ./ { name = $2; block = "\n"; first = FNR; next }
	/^```$/ && name {
		if (!index(text_of("docs/examples/" name), block)) {
			print FILENAME ":" first ": this is not in " name
			bad = 1
		}
		name = ""
		next
	}
	name { block = block $0 "\n" }
	END { if (name) print FILENAME ": a block that does not end"; exit bad || name }
' docs/guide.md

for example in docs/examples/*.c docs/examples/*.cpp; do
	grep -q "^\`\`\`${example##*.} ${example##*/}\$" docs/guide.md ||
		{ echo "not in the guide: $example"; exit 1; }
done

bad=0
wrong() {
	echo "$*"
	bad=1
}

variables=$(grep -rohE '"FIFOLOCK_[A-Z_]*"' src | tr -d '"' | sort -u)
[ "$variables" ]
for name in $variables; do
	grep -qw "$name" docs/guide.md || wrong "not in the guide: $name"
done

for page in README.md docs/*.md; do
	for name in $(sed 's/::fifolock_[a-z]*//g' "$page" |
		grep -oE '\b(fifolock|FIFOLOCK)_[A-Za-z_]*[A-Za-z]' | sort -u); do
		grep -qw "$name" include/fifolock/*.h ||
			echo "$variables" | grep -qx "$name" || wrong "$page: in no header: $name"
	done
done

# installed PAGE: by docs/meson.build
installed() { grep -qF "'${1%%/*}'" docs/meson.build; }

for page in *.md docs/*.md; do
	for link in $(grep -oE '\]\([^):]+\)' "$page" | sed 's/^](//; s/)$//; s/#.*//; /^$/d' | sort -u); do
		[ -e "$(dirname "$page")/$link" ] || wrong "$page: a link that leads nowhere: $link"
		if [ "${page%/*}" = docs ] && installed "${page#docs/}" && ! installed "$link"; then
			wrong "$page is installed, and what it links to is not: $link"
		fi
	done
done
[ $bad = 0 ]
