# SPDX-License-Identifier: MIT
"""What runs of the benchmark have written, read back: a JSON object per line, the first of each
run telling what ran where.  docs/benchmarks.md has the format."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, NoReturn

FORMAT = 1
# Of a result, what makes it one round of a cell.
OF_ROUND = ('type', 'round', 'figures', 'percentiles', 'shares')
MOST_INTEGER = 2**63

Json = Any


class Failure(Exception):
    """The command cannot go on; the text is for the user."""


def is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def as_text(value: Json) -> str:
    """Two values are the same if these are: 1 and 1.0 and true are not, as they are for ==."""
    return json.dumps(value, sort_keys=True)


@dataclass
class Cell:
    """One lock under one load, or a floor: the rounds of all runs together."""

    identity: dict[str, Json]  # the members that are the same in each round
    rounds: list[dict[str, Json]] = field(default_factory=list)

    def text(self, member: str) -> str:
        value = self.identity.get(member)
        return value if isinstance(value, str) else ''

    def number(self, member: str) -> float:
        """A number of the identity; -1: there is none."""
        value = self.identity.get(member)
        return float(value) if is_number(value) else -1.0

    def sample(self, figure: str) -> list[float]:
        """That figure in all rounds that have it, the smallest first."""
        values = [result['figures'].get(figure) for result in self.rounds]
        return sorted(float(value) for value in values if is_number(value))

    def figures(self) -> list[str]:
        """Of which at least one round has a value."""
        return list(dict.fromkeys(name for result in self.rounds for name in result['figures']))

    def percents(self) -> list[float]:
        """Of which at least one round has percentiles."""
        pairs = [pair for result in self.rounds for pair in result.get('percentiles', [])]
        return list(dict.fromkeys(float(percent) for percent, _ in pairs))

    def percentile(self, percent: float) -> list[float]:
        """That percentile of the wait in all rounds that have it, the smallest first."""
        pairs = [pair for result in self.rounds for pair in result.get('percentiles', [])]
        return sorted(float(ns) for at, ns in pairs if at == percent)

    def shares(self) -> list[list[float]]:
        """Of each rank of the threads, the one that got least first, its share in all rounds."""
        by_rank = [sorted(map(float, result.get('shares', []))) for result in self.rounds]
        most = max(map(len, by_rank))
        return [sorted(rank) for rank in zip(*(each for each in by_rank if len(each) == most))]


@dataclass
class Results:
    """Cells are in the order of their first results, each under its identity as text."""

    runs: list[dict[str, Json]] = field(default_factory=list)
    cells: dict[str, Cell] = field(default_factory=dict)


# Lines, and what can be wrong with them.


def once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError('duplicate member in an object')
    return members


def finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f'{text:.20} is too large')
    return value


def integer(text: str) -> int:
    value = int(text)
    if abs(value) >= MOST_INTEGER:
        raise ValueError(f'{text:.20} is too large')
    return value


def no_constant(text: str) -> NoReturn:
    raise ValueError(f'{text} is no number')


def parse(line: bytes) -> Json:
    try:
        return json.loads(line.decode(), object_pairs_hook=once, parse_float=finite,
                          parse_int=integer, parse_constant=no_constant)
    except json.JSONDecodeError as error:
        raise Failure(f'not JSON: {error.msg} at column {error.colno}') from None
    except (ValueError, RecursionError) as error:
        raise Failure(f'not JSON: {error}') from None


def demand(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Failure(otherwise)


def check_texts(result: dict[str, Json]) -> None:
    demand('test' in result, 'a result whose test is not a text')
    for name in ('test', 'lock', 'floor'):
        demand(isinstance(result.get(name, ''), str), f'a result whose {name} is not a text')


def check_numbers(result: dict[str, Json]) -> None:
    figures = result.get('figures')
    demand(isinstance(figures, dict), 'a result without figures')
    for name, value in figures.items():
        demand(value is None or is_number(value), f"figure '{name:.60}' is not a number")
    percentiles, shares = result.get('percentiles', []), result.get('shares', [])
    demand(isinstance(percentiles, list), 'percentiles are not a list')
    for number, pair in enumerate(percentiles, 1):
        good = isinstance(pair, list) and len(pair) == 2 and all(map(is_number, pair))
        demand(good, f'percentile {number} is not two numbers')
    demand(isinstance(shares, list), 'shares are not a list')
    for number, share in enumerate(shares, 1):
        demand(is_number(share), f'share {number} is not a number')


def take_result(results: Results, result: dict[str, Json]) -> None:
    check_texts(result)
    check_numbers(result)
    identity = {name: value for name, value in result.items() if name not in OF_ROUND}
    results.cells.setdefault(as_text(identity), Cell(identity)).rounds.append(result)


def take_run(results: Results, run: dict[str, Json]) -> None:
    number = run.get('format')
    demand(type(number) is int and number >= 1, 'a run whose format is not a number')
    demand(number <= FORMAT,
           f'format {number}: this program knows up to {FORMAT} only, a newer one is needed')
    results.runs.append(run)


def take(results: Results, line: Json, in_run: bool) -> bool:
    """Is it the beginning of a run, or in one?  Types that are not known are left out."""
    demand(isinstance(line, dict), 'not a JSON object')
    kind = line.get('type')
    demand(isinstance(kind, str), 'an object without a type')
    if kind == 'run':
        take_run(results, line)
        return True
    if kind == 'result':
        demand(in_run, 'a result before any run')
        take_result(results, line)
    elif kind == 'absent':
        demand(isinstance(line.get('lock'), str), 'an absent lock without a name')
    return in_run


def read_lines(results: Results, lines: Iterable[bytes], file: str) -> None:
    in_run = False
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                in_run = take(results, parse(line), in_run)
        except Failure as failure:
            raise Failure(f'{file}:{number}: {clean(str(failure))}') from None
    demand(in_run, f'{file}: there is no run in it')


def read(files: Iterable[str]) -> Results:
    """All of them together."""
    results = Results()
    for file in files:
        try:
            with open(file, 'rb') as lines:
                read_lines(results, lines, file)
        except OSError as error:
            raise Failure(f'{file}: {error.strerror}') from None
    return results


# Values as people read them.


def clean(text: str) -> str:
    """Files may come from anywhere, and terminals believe what they are told."""
    return ''.join(char if char.isprintable() else '?' for char in text)


def words(value: Json) -> str:
    """A value as clean text: strings as they are, else JSON."""
    if isinstance(value, float):
        value = float(f'{value:.6g}')
    if not isinstance(value, str):
        value = json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=False)
    return clean(value)


def median(ordered: list[float]) -> float:
    count = len(ordered)
    return (ordered[(count - 1) // 2] + ordered[count // 2]) / 2


def scale(value: float, units: tuple[str, ...]) -> tuple[float, str]:
    """Below 1000, and in which unit."""
    unit = 0
    while value >= 999.5 and unit < 3:
        value, unit = value / 1000, unit + 1
    return value, units[unit]


def scale_time(ns: float) -> tuple[float, str]:
    return scale(ns, ('ns', 'us', 'ms', 's'))


def scale_count(count: float) -> tuple[float, str]:
    return scale(count, ('', 'k', 'M', 'G'))


def human(value: float, unit: str) -> str:
    """ "740 ns", "1.23 us", "45.6 M": three digits that count."""
    digits = 0 if value == 0 else 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f'{value:.{digits}f} {unit}'


def brief(value: float, unit: str) -> str:
    """ "1.5 us", "20 M": as few digits as will do."""
    return f'{value:.3g} {unit}'.rstrip()


# Commands.


def complain(text: str) -> None:
    print(f'fifolock-bench: {text}', file=sys.stderr)


def run_command(command: Callable[[], int]) -> NoReturn:
    """Ends the program with what the command returns, or with 1 and a complaint."""
    for ending in (signal.SIGPIPE, signal.SIGINT):
        signal.signal(ending, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding='utf-8', errors='surrogateescape')  # type: ignore
    try:
        status = command()
        sys.stdout.flush()
    except Failure as failure:
        complain(str(failure))
        status = 1
    except OSError as error:
        complain(f'the output could not be written: {error.strerror}')
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python would try it once more
        status = 1
    sys.exit(status)
