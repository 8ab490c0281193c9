#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pages.py - the man pages, made of the comments in the public headers.

usage: pages.py --list HEADER...            what it would write
       pages.py DIR GUIDE HEADER...         write it: mdoc, one page for each group of functions

A heading "---- name(3): what it is ----" begins a page.  A comment describes what it stands above:
functions, macros, a type.  A line of it that begins with a tab belongs to an example, or to a list
if an error number is first.  The comment at the top of a header is the beginning of its first page;
that of fifolock.h is fifolock(3), with the guide's table of functions.  A function that is not the
name of its page has a page that leads there.
"""
import os
import re
import sys
import textwrap

DATE = 'November 27, 2026'  # of the last change to what the pages say
OVERVIEW = 'fifolock'
LIBRARIES = {'fifolock/%s.h' % name: 'fifolock-table'  # not the first one's
             for name in ('table', 'tree', 'table_inspect')}

HEADING = re.compile(r'/\* ---- (\w+)\(3\): (.*?) ---- \*/')
ITEM = re.compile(r'\t(0|E[A-Z]+(?:, E[A-Z]+)*)(?:\t+| {2,}|$)(.*)')
MACRO = re.compile(r'^#define (\w+(?:\([\w, ]*\))?)', re.M)
INLINE = re.compile(r'^static inline ([^{]*?)\n\{.*?^\}\n+', re.M | re.S)
END = re.compile(r'(?<=[.:?!)])  +|(?<=[A-Za-z0-9)][.?!]) (?=[A-Z(*"])')
NAME = re.compile(r'\b(?:fifolock_\w+|FIFOLOCK_\w+)\b')


class Page:
    def __init__(self, name, what, header):
        self.name, self.what, self.header = name, what, header
        self.symbols = []     # (type, name, arguments; None: a variable)
        self.parts = []       # (what it describes, lines of the comment, code to be shown)


# ---- reading a header ----

def lines_of(comment):
    """The text of a comment, without its stars."""
    inner = comment[2:-2].rstrip()
    return [re.sub(r'^ \* ?', '', line) if n else line.lstrip()
            for n, line in enumerate(inner.split('\n'))]


def split_arguments(text):
    """At the commas that are in no parentheses."""
    parts, depth = [''], 0
    for char in text:
        depth += (char in '([') - (char in ')]')
        if char == ',' and not depth:
            parts.append('')
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def symbol_of(statement):
    words = ' '.join(statement.replace('FIFOLOCK_API', '').replace('FIFOLOCK_CHECKED', '').split())
    match = re.match(r'([^(]*?[ *])(\w+)\((.*)\)$', words)
    if match:
        return match[1].strip(), match[2], split_arguments(match[3])
    kind, name = words.rsplit(' ', 1)
    return kind, name, None


def declarations(code):
    """What a comment describes: (its name, symbols, code to be shown)."""
    inline = [symbol_of(head) for head in INLINE.findall(code)]
    code = INLINE.sub('', code)
    code = re.sub(r'^(extern "C" \{|\}|#(?!define).*|struct \w+;)\n', '', code, flags=re.M).strip()
    if 'FIFOLOCK_API ' in code and not code.startswith('#'):
        symbols = [symbol_of(part) for part in code.split(';') if part.strip()]
        return ', '.join(name for _, name, _ in symbols), symbols, ''
    if code.startswith('#define'):
        return ', '.join(dict.fromkeys(MACRO.findall(code))), [], ''
    match = re.match(r'(?:typedef )?(struct \w+|enum)', code)
    alias = re.search(r'\} (\w+);$', code)
    kind = alias[1] if alias else match[1] if match else ''
    return ', '.join([kind] + [name for _, name, _ in inline]), inline, code


def read(path):
    """The pages of a header; its top comment is a part of the first."""
    with open(path, encoding='utf-8') as file:
        text = file.read()
    header = 'fifolock/' + os.path.basename(path)
    pieces = re.split(r'^(/\*.*?\*/)\n', text, flags=re.M | re.S)
    top = lines_of(pieces[1])[3:]
    pages = [Page(OVERVIEW, lines_of(pieces[1])[2].split(' - ')[1].rstrip('.'), header)]
    if header != 'fifolock/fifolock.h':
        pages.clear()
    comment = []
    for part, code in zip(pieces[3::2], pieces[4::2]):
        heading = HEADING.fullmatch(part)
        if heading:
            pages.append(Page(heading[1], heading[2], header))
        elif 'clang-format off' not in part:
            comment = [] if 'clang-format on' in part else lines_of(part)
        if not pages or pages[-1].name == OVERVIEW or heading:
            continue
        if code.startswith('\n'):
            pages[-1].parts += [('', comment, '')] if comment else []
        elif code.strip():
            names, symbols, shown = declarations(code)
            if any('private' in line for line in comment):
                shown = ''
            if names and not comment[0].startswith('Private'):
                pages[-1].symbols += symbols
                pages[-1].parts.append((names, comment, shown))
    pages[0].parts.insert(0, ('', top, ''))
    return pages


# ---- writing mdoc ----

def escape(line):
    line = line.replace('\\', '\\e')
    return '\\&' + line if line[:1] in ('.', "'") else line


def filled(words, known):
    """Sentences, each on lines of its own, with the names of functions in bold."""
    out = []
    for sentence in END.split(' '.join(words)):
        for line in textwrap.wrap(sentence, 66, break_on_hyphens=False, break_long_words=False):
            out.append(NAME.sub(lambda m: '\\fB' + m[0] + '\\fP' if m[0] in known else m[0],
                                escape(line)))
    return out


def literal(lines):
    tab = [line.expandtabs(8)[8:] for line in lines]
    return ['.Bd -literal', *map(escape, tab), '.Ed']


def blocks(lines):
    """Of a comment: ('text' | 'list' | 'code', its lines)."""
    kind, block = '', []
    for n, line in enumerate(lines + ['']):
        if line.startswith('\t'):
            listed = kind == 'list' and line[1] == '\t' or kind != 'code' and ITEM.match(line)
            new = 'list' if listed else 'code'
        elif not line and kind == 'code' and lines[n + 1:n + 2] and lines[n + 1].startswith('\t'):
            new = kind
        else:
            new = 'text' if line else ''
        if new != kind:
            if block:
                yield kind, block
            kind, block = new, []
        block.append(line)


def described(lines, known, first=False):
    out = []
    for kind, block in blocks(lines):
        if kind == 'text':
            out += [] if first and not out else ['.Pp']
            out += filled(block, known)
        elif kind == 'code':
            out += literal(block)
        elif kind == 'list':
            out += ['.Bl -tag -width EINPROGRESS']
            words = []
            for line in block:
                item = ITEM.match(line)
                if item:
                    out += filled(words, known) + ['.It ' + item[1]]
                    words = []
                words.append(item[2] if item else line.strip())
            out += filled(words, known) + ['.El']
    return out


def synopsis(symbols):
    out = []
    for kind, name, arguments in symbols:
        if arguments is None:
            out += ['.Vt "%s %s" ;' % (kind, name)]
        else:
            out += ['.Ft ' + kind, '.Fo ' + name, *('.Fa "%s"' % a for a in arguments), '.Fc']
    return out


def table(guide):
    """The guide's table of functions, for tbl."""
    with open(guide, encoding='utf-8') as file:
        text = file.read()
    found = re.search(r'^\| function \|.*?(?=\n\n)(.*?)(?=\n#)', text, flags=re.M | re.S)
    lines = found[0].split('\n\n')[0].replace('`fifolock', '').replace('`', '').split('\n')
    rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]
    del rows[1]
    rows[0][0] = 'fifolock'
    out = ['.Ss Functions', '.TS', 'lb lb lb lb lb', 'l lx l l l .']
    for row in rows:
        out.append('\t'.join(cell if n != 1 else 'T{\n%s\nT}' % (cell or '\\&')
                             for n, cell in enumerate(row)))
    out.append('.TE')
    for part in found[1].strip().split('\n\n'):
        text = filled([part.replace('`', '').replace('\n', ' ')], set())
        out += ['.Pp', *(re.sub(r'\*(\w+)\*', r'\\fI\1\\fP', line) for line in text)]
    return out


def listed(form, names):
    return [form % name + ' ,' for name in names[:-1]] + [form % name for name in names[-1:]]


def mdoc(page, pages, guide):
    known = {name for other in pages for _, name, _ in other.symbols}
    names = [name for _, name, _ in page.symbols] or [page.name]
    if page.name not in names and page.name != OVERVIEW:
        names.insert(0, page.name)
    first = '\'\\" t\n' if page.name == OVERVIEW else ''
    out = [first + '.\\" Made of ' + page.header + ' by docs/man/pages.py.',
           '.Dd ' + DATE, '.Dt %s 3' % page.name.upper(), '.Os', '.Sh NAME']
    out += listed('.Nm %s', names)
    library = LIBRARIES.get(page.header, 'fifolock')
    out += ['.Nd ' + page.what, '.Sh LIBRARY', 'lib%s (\\-l%s)' % (library, library),
            '.Sh SYNOPSIS', '.In ' + page.header, *synopsis(page.symbols), '.Sh DESCRIPTION']
    begun = False
    for what, lines, shown in page.parts:
        if what:
            out.append('.Ss ' + what)
        out += described(lines, known, bool(what) or not begun)
        if shown:
            out += literal(['\t' + line for line in shown.split('\n')])
        begun = True
    if page.name == OVERVIEW:
        out += table(guide)
    others = sorted(other.name for other in pages if other is not page)
    out += ['.Sh SEE ALSO']
    out += listed('.Xr %s 3', others)
    return '\n'.join(out) + '\n'


def main(arguments):
    listing = arguments[0] == '--list'
    pages = [page for path in arguments[1 if listing else 2:] for page in read(path)]
    files = {page.name: page for page in pages}
    for page in pages:
        for _, name, _ in page.symbols:
            files.setdefault(name, page)
    if listing:
        print('\n'.join(name + '.3' for name in files))
        return
    for name, page in files.items():
        with open(os.path.join(arguments[0], name + '.3'), 'w', encoding='utf-8') as file:
            file.write(mdoc(page, pages, arguments[1]) if name == page.name
                       else '.so man3/%s.3\n' % page.name)


main(sys.argv[1:])
