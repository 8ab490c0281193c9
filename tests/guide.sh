#!/bin/sh
# SPDX-License-Identifier: MIT
# What the guide quotes of a program stands there, word for word; it quotes every example; and
# every name it uses is in a header, or is a variable that the library reads; it has all of these.
# usage: guide.sh SOURCE_DIR
set -eu
cd "$1"

# A block that begins with ```c NAME is a piece of examples/NAME, made of whole lines.
awk '
	function text_of(file,  line, text) {
		text = "\n"
		while ((getline line < file) > 0)
			text = text line "\n"
		close(file)
		return text
	}
	/^```c ./ { name = $2; block = "\n"; first = FNR; next }
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

for example in docs/examples/*.c; do
	grep -q "^\`\`\`c ${example##*/}\$" docs/guide.md ||
		{ echo "not in the guide: $example"; exit 1; }
done

variables=$(grep -rohE '"FIFOLOCK_[A-Z_]*"' src | tr -d '"' | sort -u)
[ "$variables" ]
for name in $variables; do
	grep -qw "$name" docs/guide.md || { echo "not in the guide: $name"; exit 1; }
done

names=$(grep -ohE '\b(fifolock|FIFOLOCK)_[A-Za-z_]*[A-Za-z]' docs/guide.md | sort -u)
for name in $names; do
	grep -qw "$name" include/fifolock/*.h || echo "$variables" | grep -qx "$name" ||
		{ echo "in no header: $name"; exit 1; }
done
