# SPDX-License-Identifier: MIT
"""fifolock-bench compare: its statistics against their definitions, and what it says of results
made up for it.
usage: test_compare.py PROGRAM"""

import math
import os
import pty
import random
import shutil
import subprocess
from fractions import Fraction
from itertools import combinations

from made_up import BENCH, MACHINE, InFolder, main, mixed, pairs, run

import compare
import ranksum


def by_definition(a, b):
    """Of all ways to pick a from the values, the share with a sum of ranks that far out."""
    values = sorted(a + b)
    rank = [sum(other < value for other in values) + sum(other <= value for other in values) + 1
            for value in values]
    total = sum(rank[values.index(value)] for value in a)
    sums = [sum(picked) for picked in combinations(rank, len(a))]
    tail = min(sum(each <= total for each in sums), sum(each >= total for each in sums))
    return min(Fraction(1), Fraction(2 * tail, len(sums)))


class RankSum(InFolder):
    def test_it_is_the_share_of_all_arrangements_that_are_as_far_out(self):
        dice = random.Random(1)
        for _ in range(300):
            few = dice.choice((2, 5, 1000))  # values: many ties, some, hardly any
            a, b = ([float(dice.randrange(few)) for _ in range(dice.randint(1, 6))]
                    for _ in range(2))
            self.assertAlmostEqual(ranksum.rank_sum_p(a, b), float(by_definition(a, b)), places=12)

    def test_it_is_the_same_from_both_sides_and_at_any_scale(self):
        dice = random.Random(2)
        for _ in range(100):
            a, b = ([dice.random() for _ in range(dice.randint(1, 30))] for _ in range(2))
            p = ranksum.rank_sum_p(a, b)
            self.assertEqual(p, ranksum.rank_sum_p(b, a))
            self.assertEqual(p, ranksum.rank_sum_p([math.exp(x) for x in a],
                                                   [math.exp(x) for x in b]))

    def test_no_samples_could_say_less_than_the_least(self):
        for a in range(1, 31):
            for b in range(1, 31):
                apart = ranksum.rank_sum_p(list(range(a)), list(range(99, 99 + b)))
                self.assertAlmostEqual(apart / ranksum.rank_sum_least(a, b), 1, places=9)

    def test_above_sixty_values_it_goes_on_by_the_normal_distribution(self):
        dice = random.Random(3)
        for _ in range(20):
            a, b = ([float(dice.randrange(40)) for _ in range(30)] for _ in range(2))
            rank = ranksum.ranks(a + b)
            ordered = tuple(sorted(rank[value] for value in a + b))
            total = sum(rank[value] for value in a)
            self.assertAlmostEqual(ranksum.normal(ordered, 30, total),
                                   ranksum.exact(ordered, 30, total), delta=0.01)
        self.assertLess(ranksum.rank_sum_p([float(i) for i in range(40)],
                                           [50.0 + i for i in range(40)]), 1e-12)
        self.assertEqual(ranksum.rank_sum_p([1.0] * 40, [1.0] * 40), 1)

    def test_nothing_says_nothing(self):
        self.assertEqual(ranksum.rank_sum_p([], [1.0]), 1)
        self.assertEqual(ranksum.rank_sum_p([1.0], []), 1)


class FalseDiscovery(InFolder):
    def test_it_is_the_share_among_all_that_are_at_most_as_large(self):
        dice = random.Random(4)
        for _ in range(200):
            p = [dice.choice((0.001, 0.01, 0.03, dice.random()))
                 for _ in range(dice.randint(1, 12))]
            wanted = [min(1, *(limit * len(p) / sum(other <= limit for other in p)
                               for limit in p if limit >= each)) for each in p]
            for share, want in zip(ranksum.false_discovery(p), wanted):
                self.assertAlmostEqual(share, want, places=12)

    def test_of_nothing_it_is_nothing(self):
        self.assertEqual(ranksum.false_discovery([]), [])


class Verdicts(InFolder):
    def compare(self, status, *arguments):
        self.bench(status, 'compare', *arguments)

    def two(self, a, b):
        self.write('a', run(), *a)
        self.write('b', run(), *b)

    def some_of_each(self):
        """A clear change each way, noise, a change that is less than five percent, and one that
        is big but does not show in each round."""
        self.two([pairs('slower', 10, 10.1, 10.2, 9.9, 9.8), pairs('faster', 20, 20.1, 20.2, 19.9,
                                                                   19.8),
                  pairs('noise', 30, 31, 32, 29, 28), pairs('small', 40, 40.1, 40.2, 40.3, 40.4),
                  pairs('wild', 50, 90, 51, 89, 52)],
                 [pairs('slower', 15, 15.1, 15.2, 14.9, 14.8), pairs('faster', 10, 10.1, 10.2, 9.9,
                                                                     9.8),
                  pairs('noise', 31, 30, 29, 28, 32), pairs('small', 41, 41.1, 41.2, 41.3, 41.4),
                  pairs('wild', 88, 53, 91, 54, 92)])

    def test_what_is_more_than_noise_is_told_and_worse_comes_first(self):
        self.some_of_each()
        self.compare(0, 'a', 'b')
        self.says('uncontended slower pair_ns 10.0 ns 15.0 ns 1.500 5, 5 0.0132$')
        self.says('uncontended faster pair_ns 20.0 ns 10.0 ns 0.500 5, 5 0.0132$')
        self.says('^ test lock figure a b b/a rounds false$')
        self.says('^1 worse, 1 better, 3 unchanged$')
        self.says_not('noise|small|wild|warning|only in|perhaps|too few')
        self.assertLess(self.out.index('\nWorse:'), self.out.index('\nBetter:'))
        self.assertEqual(self.out.count('slower'), 1)

    def test_all_shows_also_what_is_unchanged(self):
        """By hand: three of five tests have 2/252, and 2/252 * 5/3 is 0.0132; the wild one has
        56/252, times 5/4."""
        self.some_of_each()
        self.compare(0, '--all', 'a', 'b')
        self.says('noise pair_ns 30.0 ns 30.0 ns 1.000 5, 5 1.0000$')
        self.says('small pair_ns 40.2 ns 41.2 ns 1.025 5, 5 0.0132$')
        self.says('wild pair_ns 52.0 ns 88.0 ns 1.692 5, 5 0.2778$')

    def test_the_least_change_that_counts_can_be_set(self):
        self.some_of_each()
        self.compare(0, '--least', '2', 'a', 'b')
        self.says('^2 worse, 1 better, 2 unchanged$')

    def test_a_file_is_as_it_is(self):
        self.some_of_each()
        self.compare(0, 'a', 'a')
        self.says('^0 worse, 0 better, 5 unchanged$')

    def test_more_is_better_of_rates(self):
        self.two([mixed('fifolock', 2, 0, 1000000, 1000100, 1000200, 1000300)],
                 [mixed('fifolock', 2, 0, 2000000, 2000100, 2000200, 2000300)])
        self.compare(0, '--figure', 'ops_per_s', 'a', 'b')
        self.says('mixed fifolock ops_per_s 1.00 M 2.00 M 2.000 4, 4 0.0286$')
        self.says('^0 worse, 1 better, 0 unchanged$')
        self.compare(0, '--figure', 'ops_per_s', 'b', 'a')
        self.says('^1 worse, 0 better, 0 unchanged$')
        self.compare(0, '--all', 'a', 'b')
        self.says('wait_p99_ns 900 ns 900 ns 1.000 4, 4 1.0000$')
        self.says_not('wait_worst_ns')
        self.compare(0, '--all', 'a', 'b', '--figure', 'all')
        self.says('wait_worst_ns')

    def test_of_each_figure_that_is_measured_it_is_known_what_is_better(self):
        for more, figures in (
                (True, ('ops_per_s', 'x_mutex', 'fairness')),
                (False, ('pair_ns', 'x_two_atomics', 'wait_worst_ns', 'cpu_per_op_ns', 'ns'))):
            for figure in figures:
                self.assertIs(compare.more_is_better(figure), more, figure)

    def test_of_other_figures_nobody_knows_what_is_better(self):
        odd = [[{**each, 'figures': {'oddity': value + each['round'] / 100}}
                for each in pairs('x', 0, 0, 0, 0)] for value in (1, 2)]
        self.two([odd[0]], [odd[1]])
        self.compare(0, 'a', 'b')
        self.says('^Different:$')
        self.says('^0 worse, 0 better, 1 different, 0 unchanged$')

    def test_ties_have_their_exact_probability(self):
        self.two([pairs('tied', 1, 1, 1, 2, 2)], [pairs('tied', 2, 2, 3, 3, 3)])
        self.compare(0, '--all', 'a', 'b')
        self.says('tied pair_ns 1.00 ns 3.00 ns 3.000 5, 5 0.0476$')  # 2 * C(4, 2) / 252

    def test_what_was_nothing_has_no_ratio(self):
        self.two([pairs('x', 0, 0, 0, 0), pairs('y', 0, 0, 0, 0), pairs('z', 1, 1, 1, 1)],
                 [pairs('x', 1, 2, 3, 4), pairs('y', 0, 0, 0, 0), pairs('z', 1e4, 1e4, 1e4, 1e4)])
        self.compare(0, 'a', 'b', '--all')
        self.says('x pair_ns 0 ns 2.50 ns - 4, 4 0.0429$')
        self.says('y pair_ns 0 ns 0 ns 1.000 4, 4 1.0000$')
        self.says('z pair_ns 1.00 ns 10.0 us 1e[+]04 4, 4 0.0429$')

    def test_what_differs_between_cells_is_told(self):
        self.two([mixed('fifolock', 2, 0, 1, 2, 3, 4), mixed('fifolock', 4, 0, 1, 2, 3, 4)],
                 [mixed('fifolock', 2, 0, 11, 12, 13, 14), mixed('fifolock', 4, 0, 11, 12, 13, 14),
                  mixed('fifolock', 4, 90, 1, 2, 3, 4)])
        self.compare(0, '--figure', 'ops_per_s', 'a', 'b')
        self.says('mixed fifolock threads 2 ops_per_s')
        self.says('mixed fifolock threads 4 ops_per_s')
        self.says_not('shared_percent|section_ns')
        self.says('^0 cells only in a, 1 only in b$')

    def test_few_rounds_say_nothing_and_make_others_no_less_certain(self):
        self.two([pairs('few', 10, 10.1), pairs('many', 10, 10.1, 10.2, 10.3)],
                 [pairs('few', 99, 99.1), pairs('many', 20, 20.1, 20.2, 20.3)])
        self.compare(0, 'a', 'b')
        self.says('^1 worse, 0 better, 0 unchanged$')
        self.says('^1 with too few rounds to tell')
        self.says('many pair_ns .* 0.0286$')
        self.compare(0, '--all', 'a', 'b')
        self.says('^Too few rounds to tell:$')
        self.says('few pair_ns 10.1 ns 99.0 ns 9.856 2, 2 -$')

    def test_rounds_of_runs_that_were_appended_count_together(self):
        self.two([pairs('fifolock', 10, 10.1), run(), pairs('fifolock', 10.2, 10.3)],
                 [pairs('fifolock', 20, 20.1), run(), pairs('fifolock', 20.2, 20.3)])
        self.compare(0, 'a', 'b')
        self.says('^a: a: libfifolock 0.1.0, 2026-11-22T10:00:00Z and 1 more runs$')
        self.says('^1 worse')

    def test_one_change_among_many_comparisons_takes_more_rounds(self):
        same = [pairs(f'same{i}', 10, 11, 12, 13) for i in range(9)]
        self.two([*same, pairs('fifolock', 10, 11, 12, 13)],
                 [*same, pairs('fifolock', 30, 31, 32, 33)])
        self.compare(0, 'a', 'b')
        self.says('^0 worse, 0 better, 9 unchanged$')
        self.says('^1 perhaps: .* among 10 comparisons that takes 6 rounds on each side$')
        self.says('^Perhaps:$')

    def test_the_largest_change_comes_first(self):
        self.two([pairs(lock, 10, 11, 12, 13) for lock in 'xyz'],
                 [pairs('x', 40, 41, 42, 43), pairs('y', 90, 91, 92, 93), pairs('z', 1, 2, 3, 4)])
        self.compare(0, 'a', 'b')
        rows = [line.split()[1] for line in self.out.splitlines() if ' pair_ns' in line]
        self.assertEqual(rows, ['y', 'x', 'z'])


class Saying(InFolder):
    def test_conditions_that_differ_are_told(self):
        self.write('a', run(), pairs('fifolock', 1))
        self.write('b', run(machine={**MACHINE, 'model': 'other', 'cache': [1]},
                            kernel='Linux 6.2.0', compiler='gcc 13.2.0', options={'seconds': 1}),
                   pairs('fifolock', 1))
        self.bench(0, 'compare', 'a', 'b')
        self.says('^warning: machine, model differs: some_model; other$')
        self.says(r'^warning: machine, cache differs: unknown; \[1\]$')
        self.says('^warning: kernel differs: Linux 6.1.0; Linux 6.2.0$')
        self.says('^warning: compiler differs: ')
        self.says('^warning: options, seconds differs: 0.3; 1$')
        self.says_not('libc|processors')

    def test_runs_that_differ_in_one_file_are_told(self):
        self.write('a', run(), run(kernel='Linux 6.2.0'), pairs('fifolock', 1))
        self.write('b', run(), pairs('fifolock', 1))
        self.bench(0, 'compare', 'a', 'b')
        self.says('^warning: kernel differs: Linux 6.1.0 and Linux 6.2.0; Linux 6.1.0$')

    def test_control_characters_come_out_as_others(self):
        for name, ns in (('a', 1), ('b', 11)):
            self.write(name, run(), pairs('esc\x1b[31m\x9b\n', ns, ns + 1, ns + 2, ns + 3))
        self.bench(0, 'compare', 'a', 'b')
        self.says(r'esc\?\[31m\?\? pair_ns')
        self.assertNotIn('\033', self.out)

    def on_terminal(self, no_colour):
        ours, its = pty.openpty()
        subprocess.run([BENCH, 'compare', 'a', 'b'], stdout=its, check=True,
                       env={**os.environ, 'NO_COLOR': no_colour})
        os.close(its)
        said = b''
        try:
            while some := os.read(ours, 4096):
                said += some
        except OSError:  # it is what the end looks like
            pass
        os.close(ours)
        return said

    def test_colours_are_for_terminals_that_want_them(self):
        self.write('a', run(), pairs('x', 1, 2, 3, 4))
        self.write('b', run(), pairs('x', 11, 12, 13, 14))
        self.assertRegex(self.on_terminal(''), b'\033\\[31m5.000\033\\[0m')
        self.assertNotIn(b'\033', self.on_terminal('1'))

    def test_nothing_to_compare_is_an_error(self):
        self.write('a', run(), pairs('x', 1))
        self.write('b', run(), pairs('y', 1))
        self.bench(1, 'compare', '--figure', 'nothing', 'a', 'a')
        self.complains('nothing to compare')
        self.bench(1, 'compare', 'a', 'b')
        self.says('^1 cells only in a, 1 only in b$')

    def test_a_bad_file_is_an_error(self):
        self.write('a', run(), pairs('x', 1))
        self.write('bad', run(), '{')
        self.bench(1, 'compare', 'a', 'bad')
        self.complains('^fifolock-bench: bad:2: not JSON: ')
        self.bench(1, 'compare', 'nowhere', 'a')
        self.complains('^fifolock-bench: nowhere: No such file')

    def test_output_that_cannot_be_written_is_an_error(self):
        self.write('a', run(), pairs('x', 1))
        with open('/dev/full', 'wb') as full:
            ended = subprocess.run([BENCH, 'compare', 'a', 'a'], stdout=full, check=False,
                                   stderr=subprocess.PIPE, encoding='utf-8')
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stderr, '^fifolock-bench: the output could not be written: .*\n$')

    def test_the_command_line_is_checked(self):
        self.write('a', run(), pairs('x', 1))
        for wrong in (['a'], ['a', 'a', 'a'], ['--nothing', 'a', 'a'], ['--least', '-1', 'a', 'a'],
                      ['--least', 'x', 'a', 'a'], ['--least', 'nan', 'a', 'a'], []):
            self.bench(2, 'compare', *wrong)
        self.bench(0, 'compare', '--help')
        self.says('^usage: fifolock-bench compare ')

    def test_without_python_it_says_what_is_missing(self):
        os.mkdir('empty')
        self.bench(1, 'compare', 'a', 'b', env={**os.environ, 'PATH': os.path.abspath('empty')})
        self.complains(r'^fifolock-bench: compare needs Python, .*\(Debian: python3\)')

    def test_without_the_script_it_says_so(self):
        shutil.copy(BENCH, 'fifolock-bench')
        library = os.path.join(os.path.dirname(BENCH), '../src')
        ended = subprocess.run(['./fifolock-bench', 'compare', 'a', 'b'], check=False,
                               stderr=subprocess.PIPE, encoding='utf-8',
                               env={**os.environ, 'LD_LIBRARY_PATH': library})
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stderr, 'the script compare.py is not installed')

    def test_nothing_is_left_beside_the_scripts(self):
        self.write('a', run(), pairs('x', 1))
        self.bench(0, 'compare', 'a', 'a')
        scripts = os.path.join(os.path.dirname(BENCH), 'results')
        self.assertNotIn('__pycache__', os.listdir(scripts))


if __name__ == '__main__':
    main()
