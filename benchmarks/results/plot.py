# SPDX-License-Identifier: MIT
"""fifolock-bench plot: pictures of results, drawn by matplotlib.

Each lock looks the same in all pictures: colours that the colour-blind can tell apart and points
of different shapes, fifolock's thick and in a colour of its own."""

from __future__ import annotations

import argparse
import math
import os
import sys
from typing import TYPE_CHECKING, Callable

from pictures import (PREFERRED, Floor, Picture, Selection, all_locks, pictures, plural)
from results import Failure, Results, as_text, clean, complain, is_number, read, run_command, words

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEBIANS_PYTHON = '/usr/bin/python3'
SIZE = (10, 5.625)  # inches, as slides are
DECADES = 12  # of y, at most
BAR_ROOM = 3  # times the highest median, or below the lowest
LONGEST = 36  # characters of a name
CLUSTER = 0.8  # of the room for a group, its points'
DODGE = 0.006  # of the x axis, from lock to lock, so that bars do not hide each other
GREY = '#555555'

# Of P. Tol's, and of M. Okabe's and K. Ito's, in the order of PREFERRED.
OURS = ('#d55e00', '#e69f00')
OTHERS = ('#0072b2', '#56b4e9', '#009e73', '#cc79a7', '#332288', '#999933', '#882255', '#444444',
          '#8c6d31', '#aa4499', '#999999', '#117733', '#88ccee')
MARKERS = 'os^vDPX<>*hp'  # as many as have no factor in common with the others' colours
STYLE = {'font.size': 13, 'axes.spines.top': False, 'axes.spines.right': False,
         'axes.edgecolor': GREY, 'axes.grid': True, 'axes.grid.axis': 'y', 'grid.color': '#dddddd',
         'svg.fonttype': 'none', 'svg.hashsalt': 'fifolock', 'figure.dpi': 160}


def text(of_user: str, most: int = LONGEST) -> str:
    """Nothing in it is mathematics, and matplotlib hides no name that begins with "_"."""
    short = of_user if len(of_user) <= most else of_user[:most - 1] + '…'
    return (' ' if short.startswith('_') else '') + clean(short).replace('$', r'\$')


class Look:
    """Of a lock."""

    def __init__(self, lock: str, number: int):
        self.ours = lock.startswith('fifolock')
        self.colour = OURS[number] if number < 2 else OTHERS[(number - 2) % len(OTHERS)]
        self.marker = MARKERS[number % len(MARKERS)]
        self.dashed = number == 1 or number >= 2 + len(OTHERS)


def looks(results: Results) -> dict[str, Look]:
    locks = all_locks(results)
    others = [lock for lock in locks if lock not in PREFERRED]
    return {lock: Look(lock, PREFERRED.index(lock) if lock in PREFERRED
                       else len(PREFERRED) + others.index(lock)) for lock in locks}


# The y axis.


def mark(value: float, above: bool) -> float:
    """The next of 1, 2, 5, 10, ... that is not below; or, not above."""
    decade = 10.0 ** math.floor(math.log10(value))
    steps = [step * decade for step in (1, 2, 5, 10)]
    if above:
        return next(step for step in steps if step >= value * (1 - 1e-9))
    return next(step for step in reversed(steps) if step <= value * (1 + 1e-9))


def y_range(picture: Picture) -> tuple[float, float]:
    """One round that went wrong must not press all others together: error bars get some room,
    the rest of them is cut off."""
    every = [point for series in picture.series.values() for point in series]
    middles = [point.middle for point in every] + [floor.y for floor in picture.floors]
    low, high = min(middles), max(middles)
    bars_low = min(max(point.least, low / BAR_ROOM) for point in every)
    bars_high = max(min(point.most, high * BAR_ROOM) for point in every)
    high = mark(max(high, bars_high) * 1.05, above=True)
    low = mark(max(min(low, bars_low) / 1.05, high / 10 ** DECADES), above=False)
    return max(low, picture.lowest * 0.8), high


def y_ticks(low: float, high: float) -> list[float]:
    ticks, at = [], mark(low, above=True)
    while at <= high * 1.001:
        ticks.append(at)
        at = mark(at * 1.5, above=True)
    if len(ticks) > 13:
        ticks = [tick for tick in ticks if abs(math.remainder(math.log10(tick), 1)) < 0.01]
    return ticks


def set_axes(axes: Axes, picture: Picture) -> None:
    low, high = y_range(picture)
    axes.set_yscale('log')
    axes.set_ylim(low, high)
    ticks = y_ticks(low, high)
    axes.set_yticks(ticks, [picture.y_text(tick) for tick in ticks])
    axes.set_yticks([], minor=True)
    axes.set_xticks(list(picture.ticks), list(picture.ticks.values()))
    axes.set_xlabel(picture.x_label)
    axes.set_ylabel(picture.y_label)


# What is drawn.


def draw_series(axes: Axes, picture: Picture, lock: str, number: int, look: Look) -> Artist:
    """That of the lock, which is that number of them in the picture."""
    points = picture.series[lock]
    count = len(picture.series)
    width = CLUSTER / count if picture.groups else min(DODGE, 0.06 / count) * span(picture)
    shift = (number - (count - 1) / 2) * width
    lowest = axes.get_ylim()[0]
    every = len(points) // 16 + 1
    middles = [point.middle for point in points]
    bars = ([max(0, point.middle - max(point.least, lowest)) for point in points],
            [point.most - point.middle for point in points])
    return axes.errorbar(
        [point.place + shift for point in points], middles, bars, label=text(lock),
        color=look.colour, ecolor=look.colour + 'a0', marker=look.marker,
        markersize=8 if look.ours else 6.5,
        linestyle='none' if picture.groups else '--' if look.dashed else '-',
        linewidth=3 if look.ours else 1.6, elinewidth=1.4, capsize=3,
        errorevery=every, markevery=every, zorder=4 if look.ours else 3)


def has_room(floor: Floor, picture: Picture) -> bool:
    """For its name above it."""
    low, high = y_range(picture)
    return not any(1 < other.y / floor.y < (high / low) ** 0.05 and other.first == floor.first
                   for other in picture.floors)


def draw_floors(axes: Axes, picture: Picture) -> None:
    """Each where it belongs, its name on it."""
    beside = 0.46 if picture.groups else 0.02 * span(picture)
    for floor in picture.floors:
        above = has_room(floor, picture)
        axes.hlines(floor.y, floor.first - beside, floor.last + beside, color=GREY,
                    linestyle=(0, (4, 2)), linewidth=1.6, zorder=2)
        axes.annotate(text(floor.name), (floor.first - beside, floor.y),
                      (2, 3 if above else -3), textcoords='offset points', fontsize=10,
                      color=GREY, zorder=5, va='bottom' if above else 'top')


def draw_legend(axes: Axes, picture: Picture, handles: dict[str, Artist]) -> None:
    """In the order in which the lines end."""
    def end(lock: str) -> tuple[float, float]:
        return picture.series[lock][-1].place, picture.series[lock][-1].middle

    locks = list(handles) if picture.groups else sorted(handles, key=end, reverse=True)
    axes.legend([handles[lock] for lock in locks], [text(lock) for lock in locks],
                loc='upper left', bbox_to_anchor=(1.01, 1), frameon=False, fontsize=12)


def draw_titles(axes: Axes, picture: Picture, machine: str, quick: bool) -> None:
    axes.set_title(text(picture.title), loc='left', fontsize=18, fontweight='bold',
                   pad=42 if picture.load else 26)
    for line, height in zip(filter(None, (machine, picture.load)), (8, 24)):
        axes.annotate(text(line, 110), (0, 1), (0, height), 'axes fraction', 'offset points',
                      fontsize=11, color=GREY, annotation_clip=False).set_in_layout(False)
    if quick:
        axes.text(0.5, 0.5, 'quick run:\nthe figures mean nothing', transform=axes.transAxes,
                  rotation=20, fontsize=34, color='#cc0000', alpha=0.16, ha='center',
                  va='center').set_in_layout(False)


def span(picture: Picture) -> float:
    places = [point.place for series in picture.series.values() for point in series]
    return max(places) - min(places) or 1.0


def draw(picture: Picture, looks: dict[str, Look], machine: str, quick: bool) -> Figure:
    from matplotlib.figure import Figure
    entries = len(picture.series)
    figure = Figure((SIZE[0], max(SIZE[1], 1.6 + 0.3 * entries)), constrained_layout=True)
    axes = figure.subplots()
    set_axes(axes, picture)
    handles = {lock: draw_series(axes, picture, lock, number, looks[lock])
               for number, lock in enumerate(picture.series)}
    draw_floors(axes, picture)
    draw_legend(axes, picture, handles)
    draw_titles(axes, picture, machine, quick)
    return figure


# What all of them have in common.


def machine_words(results: Results) -> str:
    """ "16 processors, that model, virtual machine, Linux 6.1" of the first run."""
    run = results.runs[0]
    machine = run.get('machine')
    machine = machine if isinstance(machine, dict) else {}
    number, model, kernel = machine.get('processors'), machine.get('model'), run.get('kernel')
    said = [f'{number:g} {plural("processor", number)}' if is_number(number) else '',
            words(model) if model else '',
            'virtual machine' if machine.get('hypervisor') is True else '',
            words(kernel) if kernel else '']
    return ', '.join(filter(None, said))


def is_quick(results: Results) -> bool:
    asked = [run.get('options') for run in results.runs]
    return any(isinstance(options, dict) and options.get('quick') is True for options in asked)


def warn(results: Results, found: list[Picture], selection: Selection) -> None:
    if len({as_text(run.get('machine')) for run in results.runs}) > 1:
        complain('warning: runs of different machines in one picture; only the first is named')
    drawn = {lock for picture in found for lock in picture.series}
    left = [clean(lock) for lock in all_locks(results) if lock not in drawn]
    if left and not selection.locks:
        complain(f'note: left out, --locks draws them: {", ".join(left)}')


def check_locks(results: Results, selection: Selection) -> None:
    there = all_locks(results)
    for lock in selection.locks:
        if lock not in there:
            raise Failure(f"there is no lock '{lock}' in the results, but: "
                          + ', '.join(map(clean, there)))


# Files.


def save(figure: Figure, path: str, kind: str) -> None:
    """All of it or nothing; the same data make the same file."""
    part = path + '.part'
    try:
        figure.savefig(part, format=kind, metadata={'Date' if kind == 'svg' else 'Software': None})
        os.replace(part, path)
    except OSError as error:
        raise Failure(f'{path}: {error.strerror}') from None
    finally:
        if os.path.exists(part):
            os.unlink(part)


def make_folder(folder: str) -> None:
    try:
        os.mkdir(folder)
    except FileExistsError:
        pass
    except OSError as error:
        raise Failure(f'{folder}: {error.strerror}') from None


def need_matplotlib() -> None:
    """Debian's is Debian's Python's, which need not be the first in PATH."""
    try:
        import matplotlib
    except ImportError:
        if sys.executable != DEBIANS_PYTHON and os.path.exists(DEBIANS_PYTHON):
            os.execv(DEBIANS_PYTHON, [DEBIANS_PYTHON, *sys.argv])
        raise Failure('matplotlib is not installed (Debian: python3-matplotlib)') from None
    matplotlib.rcdefaults()
    matplotlib.rcParams.update(STYLE)


# The command.


def numbers(most: int) -> Callable[[str], list[int]]:
    """ "1,8,64" """
    def list_of(argument: str) -> list[int]:
        items = argument.split(',')
        if not all(item.isascii() and item.isdigit() and int(item) <= most for item in items):
            raise argparse.ArgumentTypeError(f"'{argument}' is not numbers up to {most}")
        return [int(item) for item in items]

    return list_of


def names(argument: str) -> list[str]:
    return [name for name in argument.split(',') if name]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='fifolock-bench plot',
        description='Draw pictures of results: lock and unlock alone, throughput, longest waits, '
                    'all waits, shares of threads, the time per operation beside its floors, '
                    'waits by rate of arrival.')
    parser.add_argument('files', nargs='+', metavar='FILE.json')
    parser.add_argument('--output', metavar='DIR',
                        help='where to (default: the folder of the first file)')
    parser.add_argument('--format', choices=('svg', 'png'), default='svg',
                        help='(default: svg)')
    parser.add_argument('--locks', metavar='NAMES', type=names, default=[],
                        help="these locks; 'all': all of them (default: eight at most, and where "
                             'all are writers none that is made for readers)')
    parser.add_argument('--threads', metavar='LIST', type=numbers(1000000), default=[],
                        help='waits, shares, arrivals at these numbers of threads '
                             '(default: the biggest)')
    parser.add_argument('--shared', metavar='LIST', type=numbers(100), default=[],
                        help='only loads with these percents of shared requests')
    return parser.parse_intermixed_args()


def main() -> int:
    asked = options()
    results = read(asked.files)
    locks = all_locks(results) if asked.locks == ['all'] else asked.locks
    selection = Selection(asked.threads, asked.shared, locks)
    check_locks(results, selection)
    found = pictures(results, selection)
    need_matplotlib()
    warn(results, found, selection)
    folder = asked.output or os.path.dirname(asked.files[0]) or '.'
    make_folder(folder)
    for picture in found:
        path = os.path.join(folder, f'{picture.name}.{asked.format}')
        save(draw(picture, looks(results), machine_words(results), is_quick(results)), path,
             asked.format)
        print(path)
    return 0


if __name__ == '__main__':
    run_command(main)
