# SPDX-License-Identifier: MIT
"""Which pictures there are of results, and what is in each: data, nothing is drawn here."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Callable, Iterator

from results import (Cell, Failure, Json, Results, as_text, brief, clean, is_number, median,
                     scale_count, scale_time, words)

MOST_LOCKS = 8  # in a picture, unless others are asked for
MOST_TICKS = 18
NO_WAIT = 1.0  # ns: shorter waits are drawn as that
NO_SHARE = 0.01
HIGHEST = 1e100  # that has a place on a scale, as has one over that

# Those that are drawn first, if there are more than have room: ours, the C library's, one of
# each kind.  A lock that is here has its colour by its place, one that is not comes last.
PREFERRED = (
    'fifolock', 'fifolock-run', 'pthread_mutex', 'pthread_rwlock', 'handmade-fifo', 'nsync_mu',
    'tbb-rw_mutex', 'ck-tflock', 'absl-mutex', 'ck-mcs', 'cc-synch', 'boost-shared_mutex',
    'urcu-read', 'tbb-queuing_mutex', 'ck-ticket', 'sem_t', 'pthread_mutex-adaptive',
    'pthread_rwlock-writer', 'pthread_rwlock-writer-nonrecursive', 'c11-mtx', 'tbb-spin_mutex',
    'tbb-queuing_rw_mutex', 'tbb-spin_rw_mutex', 'ck-pflock', 'ck-rwlock')
# There for the sake of readers: where all are writers they are slow mutexes, or no locks at all.
FOR_READERS = re.compile(r'urcu-|.*(rwlock|rw_mutex|shared_mutex|-[pt]flock)')


@dataclass
class Point:
    place: float  # on the x axis, which is linear in all pictures
    middle: float  # the median
    least: float
    most: float


@dataclass
class Floor:
    """The least that the machine, or fairness, allows there."""

    name: str
    y: float
    first: float  # places
    last: float


@dataclass
class Picture:
    """y is on a logarithmic scale in all of them."""

    name: str  # of the file, without what says the format
    title: str
    load: str
    x_label: str
    y_label: str
    y_text: Callable[[float], str]
    series: dict[str, list[Point]]  # by lock
    ticks: dict[float, str] = field(default_factory=dict)  # by place
    floors: list[Floor] = field(default_factory=list)
    lowest: float = 0.0  # what is less is drawn there; 0: left out
    groups: bool = False  # at each place all locks beside each other, and no lines


@dataclass
class Selection:
    """What the user asks for; nothing: what is usual."""

    threads: list[int] = field(default_factory=list)  # of waits, shares and open loops
    shared: list[int] = field(default_factory=list)  # percent
    locks: list[str] = field(default_factory=list)


@dataclass
class View:
    """Cells that belong in one picture: the same load, but for what is on its x axis."""

    load: dict[str, Json]
    cells: list[Cell] = field(default_factory=list)
    words: str = ''  # the load
    suffix: str = ''  # of its pictures' names

    def for_writers(self) -> bool:
        shared = self.load.get('shared_percent')
        return is_number(shared) and shared == 0

    def locks(self) -> list[str]:
        return list(dict.fromkeys(cell.text('lock') for cell in self.cells))

    def at_threads(self, threads: float) -> View:
        cells = [cell for cell in self.cells if cell.number('threads') == threads]
        return View(self.load, cells, f'{self.words}, {threads:g} {plural("thread", threads)}',
                    f'{self.suffix}-{threads:g}')


def plural(noun: str, count: float) -> str:
    return noun if count == 1 else noun + 's'


def duration(ns: float) -> str:
    return brief(*scale_time(ns))


def rate(per_second: float) -> str:
    return brief(*scale_count(per_second))


# Loads, in words and in names of files.


def member_words(member: str, value: Json) -> str:
    """Empty: it goes without saying."""
    if member == 'test' or value is False or (member == 'locks' and as_text(value) == '1'):
        return ''
    if value is True:
        return clean(member)
    if not is_number(value):
        return f'{clean(member)} {words(value)}'
    if member == 'shared_percent':
        return {0: 'all exclusive', 100: 'all shared'}.get(value, f'{value:g} % shared')
    if member in ('section_ns', 'think_ns'):
        return f'{"sections" if member == "section_ns" else "pauses"} of {duration(value)}'
    return f'{value:g} {clean(member)}'


def load_words(load: dict[str, Json]) -> str:
    return ', '.join(filter(None, (member_words(*member) for member in load.items())))


def load_suffix(load: dict[str, Json], loads: list[dict[str, Json]]) -> str:
    """What tells the load from the others: "-90", "-90-section_ns-1000"."""
    shared = load.get('shared_percent')
    suffix = '' if shared is None else f'-{words(shared)}'
    for member, value in load.items():
        if member != 'shared_percent' and any(as_text(other.get(member)) != as_text(value)
                                              for other in loads):
            suffix += f'-{member}-{words(value)}'
    return re.sub(r'[^A-Za-z0-9._-]', '_', suffix)


def views_of(results: Results, test: str, member: str) -> list[View]:
    """Of a test, those cells together that differ only in their locks and in that member."""
    views: dict[str, View] = {}
    for cell in results.cells.values():
        known = cell.text(member) if member == 'mode' else cell.number(member) > 0
        if cell.text('test') == test and cell.text('lock') and known:
            load = {name: value for name, value in cell.identity.items()
                    if name not in ('lock', member)}
            views.setdefault(as_text(load), View(load)).cells.append(cell)
    loads = [view.load for view in views.values()]
    for view in views.values():
        view.words, view.suffix = load_words(view.load), load_suffix(view.load, loads)
    return list(views.values())


# Which of them are drawn.


def preference(lock: str) -> int:
    return PREFERRED.index(lock) if lock in PREFERRED else len(PREFERRED)


def choose_locks(view: View, selection: Selection) -> View:
    """The view with those locks only, in the order in which they matter."""
    locks = sorted(view.locks(), key=preference)
    if selection.locks:
        locks = [lock for lock in selection.locks if lock in locks]
    else:
        locks = [lock for lock in locks
                 if not (view.for_writers() and FOR_READERS.match(lock))][:MOST_LOCKS]
    cells = [cell for lock in locks for cell in view.cells if cell.text('lock') == lock]
    return View(view.load, cells, view.words, view.suffix)


def is_asked(view: View, selection: Selection, most_threads: float) -> bool:
    """Threads are part of the load in an open loop: of the biggest number only."""
    shared, threads = view.load.get('shared_percent'), view.load.get('threads')
    if selection.shared and shared not in selection.shared:
        return False
    if threads is None:
        return True
    return threads in selection.threads if selection.threads else threads == most_threads


def chosen(results: Results, test: str, member: str, selection: Selection) -> Iterator[View]:
    views = views_of(results, test, member)
    threads = [view.cells[0].number('threads') for view in views]
    for view in views:
        if is_asked(view, selection, max(threads)):
            yield choose_locks(view, selection)


# What most pictures are made of.


def point(place: float, values: list[float]) -> Point:
    return Point(place, median(values), values[0], values[-1])


def points(view: View, where: Callable[[Cell], float],
           what: Callable[[Cell], list[float]]) -> dict[str, list[Point]]:
    """One for each cell that has any values."""
    series: dict[str, list[Point]] = {}
    for cell in view.cells:
        values = what(cell)
        if values:
            series.setdefault(cell.text('lock'), []).append(point(where(cell), values))
    return series


def figure(name: str) -> Callable[[Cell], list[float]]:
    return lambda cell: cell.sample(name)


def thinned(ticks: dict[float, str]) -> dict[float, str]:
    """Less those that have no room beside the one before."""
    kept: dict[float, str] = {}
    gap = (max(ticks) - min(ticks)) / MOST_TICKS if ticks else 0
    for place, label in sorted(ticks.items()):
        if not kept or place - max(kept) >= gap:
            kept[place] = label
    return kept


def finish(picture: Picture) -> Picture | None:
    """Without what has no place on the scale; None: there is nothing to see."""
    for lock, series in picture.series.items():
        for each in series:
            within = (min(max(y, picture.lowest), HIGHEST)
                      for y in (each.middle, each.least, each.most))
            each.middle, each.least, each.most = within
        seen = [each for each in series if 1 / HIGHEST < each.middle < HIGHEST]
        picture.series[lock] = sorted(seen, key=lambda each: each.place)
    picture.series = {lock: series for lock, series in picture.series.items() if series}
    return picture if picture.series else None


# The pictures.


def over_threads(view: View, kind: str, title: str, what: str, y_label: str,
                 y_text: Callable[[float], str]) -> Picture | None:
    numbers = {cell.number('threads') for cell in view.cells}
    series = points(view, lambda cell: math.log2(cell.number('threads')), figure(what))
    return finish(Picture(kind + view.suffix, title, view.words, 'threads', y_label, y_text, series,
                          thinned({math.log2(number): f'{number:g}' for number in numbers})))


def throughput(view: View) -> Picture | None:
    return over_threads(view, 'throughput', 'Throughput', 'ops_per_s', 'operations per second',
                        rate)


def longest_waits(view: View) -> Picture | None:
    return over_threads(view, 'longest', 'Longest wait', 'wait_worst_ns',
                        'longest time from asking to having', duration)


def nines(percent: float, end: float) -> float:
    """99.9 is three nines, at 3; the worst is at the end."""
    return -math.log10(1 - percent / 100) if percent < 100 else end


def or_less(text: Callable[[float], str], lowest: float) -> Callable[[float], str]:
    return lambda y: text(y) + (' or less' if y < lowest * 1.01 else '')


def waits(view: View) -> Picture | None:
    percents = {percent for cell in view.cells for percent in cell.percents() if percent >= 0}
    end = 1 + max((nines(percent, 0) for percent in percents), default=0)
    series = {cell.text('lock'): [point(nines(percent, end), cell.percentile(percent))
                                  for percent in set(cell.percents()) & percents]
              for cell in view.cells}
    ticks = {nines(percent, end): f'{percent:.6g} %' if percent < 100 else 'worst'
             for percent in sorted(percents)}
    return finish(Picture('wait' + view.suffix, 'Waits', view.words,
                          'so many of the requests wait no longer', 'from asking to having',
                          or_less(duration, NO_WAIT), series, ticks, lowest=NO_WAIT))


def shares(view: View) -> Picture | None:
    series = {}
    for cell in view.cells:
        ranks = cell.shares()
        series[cell.text('lock')] = [point(rank, [share * len(ranks) for share in of_rank])
                                     for rank, of_rank in enumerate(ranks, 1)]
    most = max((len(ranks) for ranks in series.values()), default=0)
    return finish(Picture('shares' + view.suffix, 'Share of each thread', view.words,
                          'threads, the one that got least first',
                          'operations, over those of a fair share',
                          or_less(lambda y: f'{y:g}', NO_SHARE), series,
                          thinned({rank: f'{rank}' for rank in range(1, most + 1)}),
                          [Floor('a fair share', 1, 1, most)], lowest=NO_SHARE))


# Floors, and at which number of threads somebody meets them.
BELONGS: dict[str, Callable[[float, float], bool]] = {
    'two-atomics': lambda threads, processors: threads == 1,
    'line-handover': lambda threads, processors: 1 < threads <= processors,
    'futex-same-processor': lambda threads, processors: threads > processors,
    'futex-other-processor': lambda threads, processors: threads > processors,
    'yield-switch': lambda threads, processors: threads > processors,
}


def floors(results: Results, belongs: Callable[[str], list[float]]) -> list[Floor]:
    """Each over those places."""
    found = []
    for cell in results.cells.values():
        ns, places = cell.sample('ns'), belongs(cell.text('floor'))
        if ns and places and median(ns) > 0:
            found.append(Floor(cell.text('floor'), median(ns), min(places), max(places)))
    return found


def processors(results: Results) -> float:
    machine = results.runs[0].get('machine')
    number = machine.get('processors') if isinstance(machine, dict) else None
    return number if is_number(number) else math.inf


def costs(results: Results, view: View) -> Picture | None:
    threads = sorted({cell.number('threads') for cell in view.cells})
    place = {number: float(i) for i, number in enumerate(threads)}

    def time_of_each(cell: Cell) -> list[float]:
        return sorted(1e9 / rate for rate in cell.sample('ops_per_s') if rate > 0)

    def belongs(floor: str) -> list[float]:
        """Shared requests may be served without any hand-over."""
        meets = BELONGS.get(floor, lambda *_: False)
        return [place[number] for number in threads if meets(number, processors(results))
                and (view.for_writers() or number == 1)]

    return finish(Picture('cost' + view.suffix, 'Time per operation', view.words, 'threads',
                          'time per operation, all threads together', duration,
                          points(view, lambda cell: place[cell.number('threads')], time_of_each),
                          {place[number]: f'{number:g}' for number in threads},
                          floors(results, belongs), groups=True))


def uncontended(results: Results, view: View) -> Picture | None:
    modes = sorted({cell.text('mode') for cell in view.cells})
    place = {mode: float(i) for i, mode in enumerate(modes)}

    def belongs(floor: str) -> list[float]:
        return list(place.values()) if floor == 'two-atomics' else []

    return finish(Picture('uncontended' + view.suffix, 'Lock and unlock, uncontended',
                          view.words, '', 'time of both together', duration,
                          points(view, lambda cell: place[cell.text('mode')], figure('pair_ns')),
                          {place[mode]: clean(mode) for mode in modes},
                          floors(results, belongs), groups=True))


def tail(view: View, percentile: str, what: str) -> Picture | None:
    rates = {cell.number('arrivals_per_s') for cell in view.cells}
    series = points(view, lambda cell: math.log10(cell.number('arrivals_per_s')), figure(what))
    return finish(Picture(f'open-{percentile}{view.suffix}', f'Wait, {percentile}', view.words,
                          'requests that arrive per second', 'from arriving to having',
                          or_less(duration, NO_WAIT), series,
                          thinned({math.log10(number): rate(number) for number in rates}),
                          lowest=NO_WAIT))


def of_one_number(view: View, selection: Selection) -> Iterator[Picture | None]:
    """Waits and shares of each number of threads that was asked for, or of the biggest."""
    for threads in selection.threads or [max(cell.number('threads') for cell in view.cells)]:
        yield waits(view.at_threads(threads))
        yield shares(view.at_threads(threads))


def pictures(results: Results, selection: Selection) -> list[Picture]:
    """All that there is data for."""
    every: list[Picture | None] = []
    for view in chosen(results, 'uncontended', 'mode', selection):
        every.append(uncontended(results, view))
    for view in chosen(results, 'mixed', 'threads', selection):
        if view.cells:
            every += [throughput(view), longest_waits(view), *of_one_number(view, selection),
                      costs(results, view)]
    for view in chosen(results, 'open', 'arrivals_per_s', selection):
        every += [tail(view, 'p99', 'wait_p99_ns'), tail(view, 'p99.9', 'wait_p999_ns')]
    found = [picture for picture in every if picture]
    if not found:
        raise Failure('there is nothing to draw: no results of that kind')
    return found


def all_locks(results: Results) -> list[str]:
    """In the order in which they matter, and in which they get their colours."""
    names = {cell.text('lock'): None for cell in results.cells.values() if cell.text('lock')}
    return sorted(names, key=preference)
