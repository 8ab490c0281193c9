# SPDX-License-Identifier: MIT
"""fifolock-bench plot: which pictures there are, what is in them, and how they are written.
usage: test_plot.py PROGRAM"""

import math
import os
import resource
import subprocess
import unittest
import xml.etree.ElementTree as xml

from made_up import MACHINE, InFolder, floor, main, mixed, open_loop, pairs, run

import pictures
import plot
from pictures import Point, Selection
from results import Failure, read

# The first two that fifolock-bench plot tries.
HAS_MATPLOTLIB = any(
    subprocess.run([python, '-c', 'import matplotlib'], stderr=subprocess.DEVNULL,
                   check=False).returncode == 0
    for python in ('python3', plot.DEBIANS_PYTHON) if python == 'python3' or os.path.exists(python))
draws = unittest.skipUnless(HAS_MATPLOTLIB, 'no picture is drawn: matplotlib is not installed')

ALL = [run(), *(part for threads in (1, 2, 8) for part in (
    mixed('fifolock', threads, 0, 20e6, 10e6, 40e6),
    mixed('pthread_mutex', threads, 0, 1e6, 2e6, 3e6), mixed('sem_t', threads, 0, 500000),
    mixed('pthread_rwlock', threads, 0, 600000), mixed('urcu-read', threads, 0, 7000),
    mixed('fifolock', threads, 90, 30e6), mixed('pthread_rwlock', threads, 90, 400000))),
    *(open_loop('fifolock', rate, 500 + rate, 700, threads)
      for rate, threads in ((1000, 4), (2000, 4), (2000, 2))),
    pairs('fifolock', 10, 12, 11), pairs('pthread_mutex', 20), pairs('fifolock', 13, mode='shared'),
    floor('two-atomics', 9), floor('line-handover', 50), floor('futex-other-processor', 5000),
    floor('moon-landing', 77)]
MANY = [run(), *(mixed(lock, 2, shared, 1000, 2000, 3000) for shared in (0, 90) for lock in (
    'zz', 'sem_t', 'ck-pflock', 'tbb-rw_mutex', 'ck-mcs', 'boost-shared_mutex', 'absl-mutex',
    'nsync_mu', 'cc-synch', 'handmade-fifo', 'ck-tflock', 'urcu-read', 'pthread_rwlock-writer',
    'pthread_rwlock', 'pthread_mutex', 'fifolock-run', 'fifolock'))]
NAMES_OF_ALL = (
    'uncontended throughput-0 longest-0 wait-0-8 shares-0-8 cost-0 throughput-90 longest-90 '
    'wait-90-8 shares-90-8 cost-90 open-p99-90-threads-4 open-p99.9-90-threads-4').split()


class WithPictures(InFolder):
    def pictures(self, *parts, **selection):
        """By their names."""
        self.write('some', *parts)
        found = pictures.pictures(read(['some']), Selection(**selection))
        return {picture.name: picture for picture in found}


class Which(WithPictures):
    def test_there_is_one_of_each_kind_for_each_load(self):
        self.assertEqual(list(self.pictures(*ALL)), NAMES_OF_ALL)

    def test_only_those_that_were_asked_for(self):
        found = self.pictures(*ALL, shared=[90], threads=[1, 2])
        self.assertEqual(list(found), (
            'throughput-90 longest-90 wait-90-1 shares-90-1 wait-90-2 shares-90-2 cost-90 '
            'open-p99-90-threads-2 open-p99.9-90-threads-2').split())

    def test_other_loads_have_other_names(self):
        found = self.pictures(run(), mixed('fifolock', 2, 0, 5000, section_ns=2000),
                              mixed('fifolock', 2, 0, 6000))
        self.assertEqual([name for name in found if name.startswith('t')],
                         ['throughput-0-section_ns-2000', 'throughput-0-section_ns-50'])
        self.assertIn('wait-0-section_ns-50-2', found)

    def test_a_name_of_a_file_stays_in_the_folder(self):
        found = self.pictures(run(), mixed('x', 2, 0, 5),
                              mixed('x', 2, 0, 5, **{"../../x'\n": '/etc/$(touch owned)'}))
        self.assertTrue(all('/' not in name and '\n' not in name for name in found), found)
        self.assertEqual(len(found), 10)

    def test_where_there_is_nothing_it_says_so(self):
        (result,) = mixed('x', 2, 0, 5)
        nothing = {**result, 'figures': {'ops_per_s': 0.0}, 'percentiles': [], 'shares': []}
        for parts, selection in (([floor('two-atomics', 9)], {}), (ALL[1:], {'shared': [50]}),
                                 ([nothing], {}), ([{**nothing, 'figures': {}}], {}),
                                 ([mixed('x', 0, 0, 5)], {}), ([{**result, 'threads': '2'}], {})):
            with self.assertRaisesRegex(Failure, 'nothing to draw'):
                self.pictures(run(), *parts, **selection)


class WhichLocks(WithPictures):
    def drawn(self, name, **selection):
        return list(self.pictures(*MANY, **selection)[name].series)

    def test_eight_at_most_and_the_ones_that_matter_first(self):
        self.assertEqual(self.drawn('throughput-90'), [
            'fifolock', 'fifolock-run', 'pthread_mutex', 'pthread_rwlock', 'handmade-fifo',
            'nsync_mu', 'tbb-rw_mutex', 'ck-tflock'])

    def test_where_all_are_writers_none_that_is_made_for_readers(self):
        for kind in ('throughput-0', 'longest-0', 'wait-0-2', 'shares-0-2', 'cost-0'):
            self.assertEqual(self.drawn(kind), [
                'fifolock', 'fifolock-run', 'pthread_mutex', 'handmade-fifo', 'nsync_mu',
                'absl-mutex', 'ck-mcs', 'cc-synch'])

    def test_those_that_are_asked_for_are_all_drawn(self):
        asked = ['zz', 'urcu-read', 'fifolock']
        self.assertEqual(self.drawn('throughput-0', locks=asked), asked)
        every = pictures.all_locks(read(['some']))
        self.assertEqual(len(every), 17)
        self.assertEqual(self.drawn('cost-0', locks=every), every)

    def test_of_locks_that_are_not_there_the_others_are_named(self):
        self.write('some', *MANY)
        with self.assertRaisesRegex(Failure, "no lock 'futex' in the results, but: fifolock, "):
            plot.check_locks(read(['some']), Selection(locks=['fifolock', 'futex']))


class What(WithPictures):
    def test_throughput_is_the_median_and_bars_end_at_the_least_and_the_most(self):
        picture = self.pictures(*ALL)['throughput-0']
        self.assertEqual(picture.series['fifolock'],
                         [Point(place, 20e6, 10e6, 40e6) for place in (0, 1, 3)])
        self.assertEqual(picture.series['sem_t'][0], Point(0, 500000, 500000, 500000))
        self.assertEqual(picture.ticks, {0: '1', 1: '2', 3: '8'})
        self.assertEqual(picture.load, 'all exclusive, sections of 50 ns, pauses of 50 ns')
        self.assertEqual(picture.y_text(2e7), '20 M')

    def test_the_longest_wait_is_there_for_each_number_of_threads(self):
        picture = self.pictures(*ALL)['longest-0']
        self.assertEqual(picture.series['fifolock'][2], Point(3, 9002, 9001, 9003))

    def test_waits_have_a_nine_for_each_step_and_the_worst_last(self):
        picture = self.pictures(*ALL)['wait-0-8']
        self.assertEqual(list(picture.ticks.values()), ['50 %', '90 %', '99 %', '99.9 %', 'worst'])
        for place, wanted in zip(picture.ticks, (math.log10(2), 1, 2, 3, 4)):
            self.assertAlmostEqual(place, wanted)
        self.assertEqual([point.middle for point in picture.series['fifolock']],
                         [1, 400, 900, 2000, 9002])
        last = picture.series['fifolock'][-1]
        self.assertEqual((last.middle, last.least, last.most), (9002, 9001, 9003))
        self.assertEqual(picture.y_text(1), '1 ns or less')
        self.assertRegex(picture.load, ', 8 threads$')

    def test_a_share_is_over_that_of_a_fair_one(self):
        picture = self.pictures(*ALL)['shares-0-8']
        self.assertAlmostEqual(picture.series['fifolock'][-1].middle, 2 * 8 / 9)
        self.assertEqual([point.place for point in picture.series['fifolock']], list(range(1, 9)))
        self.assertEqual([(floor.name, floor.y) for floor in picture.floors], [('a fair share', 1)])

    def test_shares_and_waits_of_nothing_have_their_place(self):
        (result,) = mixed('x', 2, 0, 5)
        picture = self.pictures(run(), {**result, 'shares': [0, 1]})['shares-0-2']
        self.assertEqual(picture.series['x'], [Point(1, 0.01, 0.01, 0.01), Point(2, 2, 2, 2)])

    def test_the_time_per_operation_is_that_of_all_threads_together(self):
        picture = self.pictures(*ALL)['cost-0']
        self.assertEqual(picture.series['fifolock'], [Point(i, 50, 25, 100) for i in range(3)])
        self.assertEqual(picture.ticks, {0: '1', 1: '2', 2: '8'})

    def test_an_open_loop_is_over_the_rate_of_arrivals(self):
        picture = self.pictures(*ALL)['open-p99-90-threads-4']
        self.assertEqual([point.middle for point in picture.series['fifolock']], [1500, 2500])
        self.assertEqual(list(picture.ticks.values()), ['1 k', '2 k'])

    def test_lock_and_unlock_alone_are_beside_two_atomic_operations(self):
        picture = self.pictures(*ALL)['uncontended']
        self.assertEqual(picture.series['fifolock'], [Point(0, 11, 10, 12), Point(1, 13, 13, 13)])
        self.assertEqual(picture.ticks, {0: 'exclusive', 1: 'shared'})
        self.assertEqual([(each.name, each.first, each.last) for each in picture.floors],
                         [('two-atomics', 0, 1)])

    def test_rounds_without_a_rate_have_no_place(self):
        found = self.pictures(run(), mixed('none', 2, 0, 0), mixed('null', 2, 0, None),
                              mixed('fifolock', 2, 0, 5000), mixed('tiny', 2, 0, 5e-324),
                              mixed('huge', 2, 0, 1e308))
        for name in ('throughput-0', 'cost-0'):
            self.assertEqual(list(found[name].series), ['fifolock'])


class Floors(WithPictures):
    def floors(self, name, *parts):
        return {each.name: (each.y, each.first, each.last)
                for each in self.pictures(*parts)[name].floors}

    def test_each_is_where_somebody_meets_it(self):
        """On four processors."""
        self.assertEqual(self.floors('cost-0', *ALL), {
            'two-atomics': (9, 0, 0), 'line-handover': (50, 1, 1),
            'futex-other-processor': (5000, 2, 2)})

    def test_shared_requests_need_no_hand_over(self):
        self.assertEqual(self.floors('cost-90', *ALL), {'two-atomics': (9, 0, 0)})

    def test_no_picture_of_another_thing_has_them(self):
        for name, picture in self.pictures(*ALL).items():
            if not name.startswith(('cost', 'uncontended', 'shares')):
                self.assertEqual(picture.floors, [], name)

    def test_a_machine_that_is_not_known_has_processors_enough(self):
        parts = [run(machine=None), *ALL[1:]]
        self.assertEqual(self.floors('cost-0', *parts)['line-handover'], (50, 1, 2))


class Looks(WithPictures):
    def looks(self, *parts):
        self.write('some', *parts)
        return plot.looks(read(['some']))

    def test_a_lock_has_the_same_colour_whatever_else_is_drawn(self):
        many, few = self.looks(*MANY), self.looks(*ALL)
        self.assertEqual(len(many.keys() & few.keys()), 5)
        for lock in many.keys() & few.keys():
            self.assertEqual(vars(many[lock]), vars(few[lock]), lock)

    def test_no_two_that_are_drawn_unasked_look_the_same(self):
        looks, found = self.looks(*MANY), self.pictures(*MANY)
        for picture in found.values():
            self.assertEqual(len({looks[lock].colour for lock in picture.series}), 8)

    def test_ours_has_a_colour_of_its_own_among_a_hundred(self):
        looks = self.looks(run(), mixed('fifolock', 2, 0, 5),
                           *(mixed(f'lock{i}', 2, 0, 5) for i in range(100)))
        same = [lock for lock, look in looks.items() if look.colour == looks['fifolock'].colour]
        self.assertEqual(same, ['fifolock'])
        self.assertGreater(len({(look.colour, look.marker) for look in looks.values()}), 90)


class Axes(WithPictures):
    def test_a_round_that_went_wrong_is_cut_off(self):
        for odd, wanted in ((1, (200, 2000)), (1e9, (500, 5000))):
            picture = self.pictures(run(), mixed('x', 2, 0, odd, 1000, 1000))['throughput-0']
            self.assertEqual(plot.y_range(picture), wanted)

    def test_numbers_on_it_are_one_two_five(self):
        self.assertEqual(plot.y_ticks(200, 5000), [200, 500, 1000, 2000, 5000])
        self.assertEqual(plot.y_ticks(1, 1e6), [10.0 ** i for i in range(7)])

    def test_it_has_twelve_decades_at_most(self):
        picture = self.pictures(run(), mixed('x', 2, 0, 1e-50), mixed('y', 2, 0, 1e9))['cost-0']
        low, high = plot.y_range(picture)
        self.assertLessEqual(high / low, 2e12)

    def test_the_name_of_a_floor_close_below_another_has_no_room_above_it(self):
        picture = self.pictures(*ALL, floor('yield-switch', 4000))['cost-0']
        room = {each.name: plot.has_room(each, picture) for each in picture.floors}
        self.assertEqual(room, {'two-atomics': True, 'line-handover': True,
                                'futex-other-processor': True, 'yield-switch': False})

    def test_of_many_ticks_those_that_have_room_are_kept(self):
        kept = pictures.thinned({i: str(i) for i in range(1000)})
        self.assertLessEqual(len(kept), 19)
        self.assertEqual(min(kept), 0)


class Files(InFolder):
    def plot(self, status, *arguments, **how):
        self.bench(status, 'plot', *arguments, **how)

    def names(self, folder):
        return sorted(os.listdir(folder))

    def texts(self, path):
        """What is written in the picture, which has to be well-formed."""
        return [''.join(each.itertext()).strip() for each in xml.parse(path).iter()
                if each.tag.endswith('text')]

    def test_the_command_line_is_checked(self):
        self.write('all', *ALL)
        for wrong in ([], ['--format', 'gif', 'all'], ['--threads', '1,x', 'all'],
                      ['--threads', '', 'all'], ['--threads', '-1', 'all'],
                      ['--shared', '101', 'all'], ['--nothing', 'all']):
            self.plot(2, *wrong)
        self.plot(1, 'nowhere')
        self.complains('^fifolock-bench: nowhere: No such file')
        self.write('bad', '{')
        self.plot(1, 'all', 'bad')
        self.complains('^fifolock-bench: bad:1: not JSON')
        self.plot(1, '--locks', 'futex', 'all')
        self.complains("there is no lock 'futex'")
        self.plot(0, '--help')
        self.says('^usage: fifolock-bench plot ')

    def test_without_matplotlib_it_says_what_is_missing(self):
        os.mkdir('absent')
        self.write('absent/matplotlib.py', 'raise ImportError')
        os.mkdir('results')
        self.write('results/all', *ALL)
        self.plot(1, 'results/all', env={**os.environ, 'PYTHONPATH': os.path.abspath('absent')})
        self.complains(r'^fifolock-bench: matplotlib is not installed \(Debian: python3-matpl')
        self.assertEqual(self.names('results'), ['all'])

    @draws
    def test_they_are_beside_the_results_and_whole(self):
        os.mkdir('results')
        self.write('results/all', *ALL)
        self.plot(0, 'results/all')
        paths = [f'results/{name}.svg' for name in NAMES_OF_ALL]
        self.assertEqual(self.out.split(), paths)
        self.assertEqual(self.names('results'), sorted(['all'] + [name[8:] for name in paths]))
        self.assertIn('pthread_mutex', self.texts('results/throughput-0.svg'))
        self.assertIn('line-handover', self.texts('results/cost-0.svg'))
        self.assertIn('4 processors, some_model, virtual machine, Linux 6.1.0',
                      self.texts('results/longest-90.svg'))

    @draws
    def test_all_lines_have_bars_and_ours_its_colour(self):
        self.write('all', *ALL)
        self.plot(0, 'all')
        for name, locks, floors in (
                ('throughput-0', 3, 0), ('wait-0-8', 3, 0), ('shares-0-8', 3, 1), ('cost-0', 3, 3),
                ('longest-90', 2, 0), ('open-p99-90-threads-4', 1, 0), ('uncontended', 2, 1)):
            with open(f'{name}.svg', encoding='utf-8') as file:
                svg = file.read()
            # The bars of a lock, once more in the legend, and a floor.
            self.assertEqual(svg.count('id="LineCollection_'), 2 * locks + floors, name)
            self.assertIn('#d55e00', svg)

    @draws
    def test_only_those_of_quick_runs_say_that_they_mean_nothing(self):
        for quick in (True, False):
            self.write('some', run(options={'quick': quick}), mixed('fifolock', 2, 0, 5),
                       run(), mixed('fifolock', 2, 0, 5))
            self.plot(0, 'some')
            for name in ('throughput-0', 'longest-0', 'wait-0-2', 'shares-0-2', 'cost-0'):
                said = ' '.join(self.texts(f'{name}.svg'))
                self.assertEqual('the figures mean nothing' in said, quick, name)

    @draws
    def test_what_was_left_out_is_told(self):
        self.write('many', *MANY)
        self.plot(0, 'many', '--shared', '0')
        self.complains('note: left out, --locks draws them: .*urcu-read.*sem_t')
        self.plot(0, 'many', '--shared', '0', '--locks', 'all')
        self.assertEqual(self.err, '')
        self.assertIn('zz', self.texts('throughput-0.svg'))

    @draws
    def test_machines_that_differ_are_told(self):
        self.write('two', *ALL, run(machine={**MACHINE, 'model': 'other'}))
        self.plot(0, 'two', '--shared', '90')
        self.complains('different machines')

    @draws
    def test_the_same_results_make_the_same_file(self):
        self.write('all', *ALL)
        for folder in ('one', 'two'):
            self.plot(0, 'all', '--output', folder, '--shared', '90')
        for name in self.names('one'):
            with open(f'one/{name}', 'rb') as one, open(f'two/{name}', 'rb') as two:
                self.assertEqual(one.read(), two.read(), name)

    @draws
    def test_a_folder_is_made_if_there_is_none(self):
        self.write('all', *ALL)
        self.plot(0, '--output', "it's\nnew", '--format', 'png', '--shared', '0', 'all')
        with open("it's\nnew/throughput-0.png", 'rb') as file:
            self.assertEqual(file.read()[:8], b'\x89PNG\r\n\x1a\n')
        self.plot(1, '--output', 'nowhere/new', 'all')
        self.complains('nowhere/new: No such file')

    @draws
    def test_of_what_cannot_be_written_nothing_is_left(self):
        def little():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

        self.write('all', *ALL)
        self.plot(1, 'all', '--output', 'full', preexec_fn=little)
        self.complains('full/uncontended.svg: File too large')
        self.assertEqual(self.names('full'), [])

    @draws
    def test_names_are_shown_as_they_are_and_nothing_else(self):
        """Neither mathematics, nor markup, nor hidden, nor what a terminal obeys."""
        evil = '_<b>$x^2$</b> & \\frac{1}%d\x1b]0;\x07\x9b\n\0'
        shown = '_<b>$x^2$</b> & \\frac{1}%d?]0;????'
        self.write('evil', run(machine={**MACHINE, 'model': evil}, kernel=evil),
                   mixed(evil, 2, 0, 5, 6, 7), mixed('$', 2, 0, 5), mixed('a$b$', 2, 0, 5),
                   mixed('x' * 500, 2, 0, 5))
        self.plot(0, 'evil')
        said = self.texts('throughput-0.svg')
        for name in (shown, '$', 'a$b$', 'x' * 35 + '…'):
            self.assertIn(name, said)
        self.assertTrue(any(f'processors, {shown}, virtual' in each for each in said), said)
        with open('throughput-0.svg', encoding='utf-8') as file:
            self.assertNotRegex(file.read(), '[\0-\x08\x0e-\x1f\x7f-\x9f]')


if __name__ == '__main__':
    main()
