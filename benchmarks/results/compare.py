# SPDX-License-Identifier: MIT
"""fifolock-bench compare: what changed between two files of results.

A figure has changed if both are so: the rank-sum test over the rounds says that it is more than
noise, with at most one false answer in twenty of all that say so; and its median moved by a
least effect.  The latter because noise is not all there is: the order in which a program is
linked moves its speed by some percent (Mytkowicz et al.: Producing wrong data without doing
anything obviously wrong, ASPLOS 2009), and all rounds of a run share that.  Below four rounds on
each side even samples that are wholly apart happen by chance once in ten times or more, and
nothing can be told."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import IntEnum

from ranksum import false_discovery, rank_sum_least, rank_sum_p
from results import (Cell, Failure, Json, Results, as_text, clean, human, median, read,
                     run_command, scale_count, scale_time, words)

FALSE_ANSWERS = 0.05  # at most, of those that say "changed"
LEAST_EFFECT = 5.0  # percent, if nothing else is asked for

HELP = """\
What changed from A to B: for each lock and load that is in both, the medians over all rounds,
their ratio, and whether that is more than noise."""
MORE_HELP = """\
A change is more than noise if the rank-sum test says so, at most one false answer in twenty
expected; 'false' in the table is that share if all changes are believed that are at least as
certain.  The more questions at once, the more rounds it takes: four on each side for one, ten
for some thousand.  Rounds of runs that took turns, appended to the same two files, are worth
most.  The exit status is 0 also if something got worse, and 1 if there is nothing to compare."""


class Verdict(IntEnum):
    """In the order in which they are shown."""

    WORSE = 0
    BETTER = 1
    DIFFERENT = 2  # it is not known whether more of it is better
    PERHAPS = 3  # wholly apart, but too few rounds for that many questions
    UNCHANGED = 4
    TOO_FEW = 5  # rounds to tell

    def title(self) -> str:
        rest = ' rounds to tell' if self == Verdict.TOO_FEW else ''
        return self.name.capitalize().replace('_', ' ') + rest


@dataclass
class Comparison:
    cell: Cell  # in A
    figure: str
    a: float  # medians
    b: float
    rounds: tuple[int, int]
    p: float  # that it is noise; then, of all that are at most that, the share that is
    least_p: float  # of samples that large
    verdict: Verdict = Verdict.UNCHANGED

    def __post_init__(self) -> None:
        # No pair of samples of that size could differ more.
        self.apart = self.p <= self.least_p * 1.0001
        self.too_few = self.least_p > FALSE_ANSWERS

    def ratio(self) -> float:
        if self.a == self.b:
            return 1.0
        return self.b / self.a if self.a > 0 else math.inf

    def effect(self) -> float:
        """How far from 1 it is, in either direction."""
        return abs(math.log(self.ratio())) if self.ratio() > 0 else math.inf


def more_is_better(figure: str) -> bool | None:
    """None: it is not known."""
    if figure.endswith('_per_s') or figure in ('fairness', 'x_mutex', 'x_stripes'):
        return True
    if figure.endswith('_ns') or figure == 'ns' or figure.startswith(('x_', 'bytes_')):
        return False
    return None


def judge(one: Comparison, least: float) -> Verdict:
    good = more_is_better(one.figure)
    if one.too_few:
        return Verdict.TOO_FEW
    if one.effect() <= least:
        return Verdict.UNCHANGED
    if one.p > FALSE_ANSWERS:
        return Verdict.PERHAPS if one.apart else Verdict.UNCHANGED
    if good is None:
        return Verdict.DIFFERENT
    return Verdict.BETTER if good == (one.b > one.a) else Verdict.WORSE


def figures_asked(cell: Cell, asked: str | None) -> list[str]:
    """Each test's first and wait_p99_ns; or all; or that one."""
    names = cell.figures()
    if asked is None:
        return names[:1] + [name for name in names[1:] if name == 'wait_p99_ns']
    return [name for name in names if asked in ('all', name)]


def pairs(a: Results, b: Results, asked: str | None) -> list[Comparison]:
    """Of all cells that are in both, before any judgement."""
    found = []
    for key, cell in a.cells.items():
        for figure in figures_asked(cell, asked) if key in b.cells else []:
            in_a, in_b = cell.sample(figure), b.cells[key].sample(figure)
            if in_a and in_b:
                found.append(Comparison(
                    cell, figure, median(in_a), median(in_b), (len(in_a), len(in_b)),
                    rank_sum_p(in_a, in_b), rank_sum_least(len(in_a), len(in_b))))
    return found


def compare(a: Results, b: Results, asked: str | None, least_percent: float) -> list[Comparison]:
    """Those of one verdict together, and the largest changes first."""
    every = pairs(a, b, asked)
    tested = [one for one in every if not one.too_few]
    for one, share in zip(tested, false_discovery([one.p for one in tested])):
        one.p = share
    for one in every:
        one.verdict = judge(one, math.log1p(least_percent / 100))
    place = {key: number for number, key in enumerate(a.cells)}

    def order(one: Comparison) -> tuple[Verdict, float, int, str]:
        changed = one.verdict < Verdict.UNCHANGED
        return (one.verdict, -one.effect() if changed else 0, place[as_text(one.cell.identity)],
                one.figure)

    return sorted(every, key=order)


def rounds_for(tested: int) -> int:
    """Rounds on each side that would make the least change certain among that many."""
    rounds = 4
    while rank_sum_least(rounds, rounds) * tested > FALSE_ANSWERS:
        rounds += 1
    return rounds


# What is printed: where the figures are from,


def members(run: dict[str, Json], group: str) -> dict[str, Json]:
    found = run.get(group) if group else run
    return found if isinstance(found, dict) else {}


def print_side(name: str, file: str, results: Results) -> None:
    library, started = (words(results.runs[0].get(member, 'unknown'))
                        for member in ('library', 'started'))
    more = f' and {len(results.runs) - 1} more runs' if len(results.runs) > 1 else ''
    print(f'{name}: {file}: libfifolock {library}, {started}{more}')


def values(results: Results, group: str, member: str) -> str:
    """What a member of the runs is, in all of them."""
    seen = [words(members(run, group).get(member, 'unknown')) for run in results.runs]
    return ' and '.join(dict.fromkeys(seen))


def warn_of(sides: list[Results], group: str, member: str) -> None:
    a, b = (values(side, group, member) for side in sides)
    if a != b:
        print(f'warning: {group}{", " if group else ""}{clean(member)} differs: {a}; {b}')


def warn_of_group(sides: list[Results], group: str) -> None:
    """Members of that group in either side's first run."""
    for member in {**members(sides[0].runs[0], group), **members(sides[1].runs[0], group)}:
        warn_of(sides, group, member)


def print_head(files: list[str], sides: list[Results]) -> None:
    for name, file, results in zip('ab', files, sides):
        print_side(name, file, results)
    warn_of_group(sides, 'machine')
    for member in ('kernel', 'compiler', 'libc', 'clock'):
        warn_of(sides, '', member)
    warn_of_group(sides, 'options')


# a table for each verdict,

HEAD = ('test', 'lock', '', 'figure', 'a', 'b', 'b/a', 'rounds', 'false')
RIGHT = (4, 5, 6, 7)  # columns of numbers
COLOURED = 6
RED, GREEN, PLAIN = '\033[31m', '\033[32m', '\033[0m'


def varying(every: list[Comparison]) -> dict[str, set[str]]:
    """For each test, the members of its cells' identities that are not the same in all."""
    by_test: dict[str, list[dict[str, Json]]] = defaultdict(list)
    for one in every:
        by_test[one.cell.text('test')].append(one.cell.identity)
    return {test: {member for member in set().union(*cells)
                   if len({as_text(cell.get(member)) for cell in cells}) > 1}
            for test, cells in by_test.items()}


def where(cell: Cell, differing: set[str]) -> str:
    """ "threads 4, shared_percent 90" """
    shown = [member for member in cell.identity
             if member in differing and member not in ('test', 'lock', 'floor')]
    return ', '.join(f'{clean(member)} {words(cell.identity[member])}' for member in shown)


def value(figure: str, number: float) -> str:
    if figure.endswith('ns'):
        return human(*scale_time(number))
    if '_per_s' in figure:
        return human(*scale_count(number))
    return f'{number:.3g}'


def row(one: Comparison, differing: set[str]) -> list[str]:
    ratio = one.ratio()
    return [
        clean(one.cell.text('test')),
        clean(one.cell.text('lock') or one.cell.text('floor')),
        where(one.cell, differing),
        clean(one.figure),
        value(one.figure, one.a),
        value(one.figure, one.b),
        '-' if math.isinf(ratio) else f'{ratio:.3f}' if ratio < 9.9995 else f'{ratio:.3g}',
        f'{one.rounds[0]}, {one.rounds[1]}',
        '-' if one.verdict == Verdict.TOO_FEW else f'{one.p:.4f}',
    ]


def coloured(text: str, verdict: Verdict | None) -> str:
    colour = {Verdict.WORSE: RED, Verdict.BETTER: GREEN}.get(verdict)  # type: ignore
    if not colour or os.environ.get('NO_COLOR') or not sys.stdout.isatty():
        return text
    return colour + text + PLAIN


def print_row(texts: list[str], widths: list[int], verdict: Verdict | None = None) -> None:
    line = ''
    for column, (text, width) in enumerate(zip(texts, widths)):
        space = ' ' * (width - len(text))
        if column == COLOURED:
            text = coloured(text, verdict)
        if width:
            line += '  ' + (space + text if column in RIGHT else text + space)
    print(line.rstrip())


def print_tables(every: list[Comparison], show_all: bool) -> None:
    differing = varying(every)
    rows = [(one.verdict, row(one, differing[one.cell.text('test')])) for one in every
            if show_all or one.verdict < Verdict.UNCHANGED]
    widths = [max(map(len, column)) for column in zip(HEAD, *(texts for _, texts in rows))]
    for verdict in Verdict:
        of_it = [texts for its, texts in rows if its == verdict]
        if of_it:
            print(f'\n{verdict.title()}:')
            print_row(list(HEAD), widths)
            for texts in of_it:
                print_row(texts, widths, verdict)


# and how many there are of each.


def print_summary(every: list[Comparison]) -> None:
    counts = Counter(one.verdict for one in every)
    tested = len(every) - counts[Verdict.TOO_FEW]
    different = counts[Verdict.DIFFERENT]
    print(f'\n{counts[Verdict.WORSE]} worse, {counts[Verdict.BETTER]} better, '
          + (f'{different} different, ' if different else '')
          + f'{counts[Verdict.UNCHANGED]} unchanged')
    if counts[Verdict.PERHAPS]:
        print(f'{counts[Verdict.PERHAPS]} perhaps: apart in all rounds, but among {tested} '
              f'comparisons that takes {rounds_for(tested)} rounds on each side')
    if counts[Verdict.TOO_FEW]:
        print(f'{counts[Verdict.TOO_FEW]} with too few rounds to tell: it takes 4 on each side')


def print_missing(a: Results, b: Results) -> None:
    only_a, only_b = len(a.cells.keys() - b.cells), len(b.cells.keys() - a.cells)
    if only_a or only_b:
        print(f'{only_a} cells only in a, {only_b} only in b')


def percent(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1000:
        raise ValueError
    return number


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='fifolock-bench compare', description=HELP,
                                     epilog=MORE_HELP)
    parser.add_argument('files', nargs=2, metavar='FILE.json', help='A, then B')
    parser.add_argument('--all', action='store_true',
                        help='show also what is unchanged, or cannot be told')
    parser.add_argument('--figure', metavar='NAME',
                        help="compare that figure; 'all' for all of them "
                             "(default: each test's first, and wait_p99_ns)")
    parser.add_argument('--least', metavar='P', type=percent, default=LEAST_EFFECT,
                        help='percent by which a median has to move to count (default: 5)')
    return parser.parse_intermixed_args()


def main() -> int:
    asked = options()
    a, b = (read([file]) for file in asked.files)
    every = compare(a, b, asked.figure, asked.least)
    print_head(asked.files, [a, b])
    print_tables(every, asked.all)
    print_summary(every)
    print_missing(a, b)
    if not every:
        raise Failure('nothing to compare: no cell with that figure is in both files')
    return 0


if __name__ == '__main__':
    run_command(main)
