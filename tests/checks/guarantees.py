# SPDX-License-Identifier: MIT
"""Which test is for which guarantee: the table of docs/verification.md, from the tests' labels.

    python3 tests/checks/guarantees.py SOURCE_DIR           is the table what the labels say?
    python3 tests/checks/guarantees.py SOURCE_DIR --write   make it so
    python3 tests/checks/guarantees.py SOURCE_DIR G4        the tests of one, with their lines

A label is the .description of a Test, or the last argument of a Script: guarantees, as in
"G1 G3", or what else the test is about, in words.  G7 is for misuse that is refused, not for all
that returns an errno."""

import os
import re
import sys

MEANS = {'G1': 'order', 'G2': 'compatibility', 'G3': 'progress', 'G4': 'leaving',
         'G5': 'lifetime', 'G6': 'cost', 'G7': 'misuse'}
TEST = re.compile(r'^(?:Test|Script)\((\w+),\s*(\w+)([^)]*)\)', re.M)
SHOWN = 6  # files of each; the others are counted
BEGIN, END = '<!-- guarantees -->\n', '<!-- end of guarantees -->\n'


def read(root, path):
    with open(os.path.join(root, path)) as file:
        return file.read()


def tests(root):
    """(file, line, name, label) of each."""
    for folder in ('unit', 'threads', 'table'):
        for file in sorted(os.listdir(os.path.join(root, 'tests', folder))):
            text = read(root, f'tests/{folder}/{file}')
            for test in TEST.finditer(text):
                label = ''.join(re.findall(r'"([^"]*)"', test[3]))
                yield (f'{folder}/{file}', text.count('\n', 0, test.start()) + 1,
                       f'{test[1]}: {test[2]}', label)


def is_label(label):
    if not re.search(r'\bG\d', label):
        return bool(label)
    return bool(re.fullmatch(r'G[1-7]( G[1-7])*', label)) and \
        label.split() == sorted(set(label.split()))


def table(found):
    lines = ['| guarantee | tests | in `tests/` |', '|---|---|---|']
    for guarantee, means in MEANS.items():
        count = {}
        for file, _, _, label in found:
            if guarantee in label.split():
                count[file] = count.get(file, 0) + 1
        most = sorted(count.items(), key=lambda item: (-item[1], item[0]))
        files = ', '.join(f'`{file}` {n}' for file, n in most[:SHOWN])
        others = sum(n for _, n in most[SHOWN:])
        if others:
            files += f'; elsewhere {others}'
        lines.append(f'| {guarantee} {means} | {sum(count.values())} | {files} |')
    return '\n'.join(lines) + '\n'


def main(root, asked=None):
    found = list(tests(root))
    wrong = [f'tests/{file}:{line}: "{label}" is no label' for file, line, _, label in found
             if not is_label(label)]
    if asked in MEANS:
        for file, line, name, label in found:
            if asked in label.split():
                print(f'tests/{file}:{line}: {name}')
        return
    page = os.path.join(root, 'docs/verification.md')
    before, rest = read(root, page).split(BEGIN)
    was, after = rest.split(END)
    if asked == '--write':
        with open(page, 'w') as file:
            file.write(before + BEGIN + table(found) + END + after)
    elif was != table(found):
        wrong.append('docs/verification.md is not what the labels say:'
                     ' python3 tests/checks/guarantees.py . --write')
    if not found:
        wrong.append('there are no tests')
    sys.exit('\n'.join(wrong) or None)


main(*sys.argv[1:])
