# SPDX-License-Identifier: MIT
"""Files of results: what is read, what is refused and with which words.
usage: test_results.py"""

from made_up import InFolder, floor, main, mixed, open_loop, pairs, run

import results


class Reading(InFolder):
    def test_rounds_of_one_load_are_one_cell_in_all_runs_and_files(self):
        self.write('a', run(), pairs('x', 3, 1), run(), pairs('x', 2), pairs('y', 5))
        self.write('b', run(), pairs('x', 9))
        read = results.read(['a', 'b'])
        self.assertEqual([cell.text('lock') for cell in read.cells.values()], ['x', 'y'])
        self.assertEqual(next(iter(read.cells.values())).sample('pair_ns'), [1, 2, 3, 9])
        self.assertEqual(len(read.runs), 3)

    def test_a_member_of_another_value_or_kind_is_another_cell(self):
        self.write('a', run(), *(mixed('x', 2, 0, 5, section_ns=ns) for ns in (50, 50.0, 60, True)),
                   mixed('x', 2, 0, 6, other=1))
        self.assertEqual(len(results.read(['a']).cells), 5)

    def test_the_order_of_members_does_not_matter(self):
        (one,) = pairs('x', 3)
        self.write('a', run(), one, dict(reversed(one.items())))
        self.assertEqual(len(results.read(['a']).cells), 1)

    def test_types_and_members_of_later_versions_do_no_harm(self):
        self.write('a', run(news=[1]), {'type': 'news', 'lock': 3}, '', ' \t',
                   {'type': 'absent', 'lock': 'z', 'package': 'libz'}, pairs('x', 1, None, 2))
        (cell,) = results.read(['a']).cells.values()
        self.assertEqual(cell.sample('pair_ns'), [1, 2])

    def test_percentiles_and_shares_are_put_together_by_rank(self):
        (one,), (two,) = mixed('x', 2, 0, 5), mixed('x', 2, 0, 5)
        one['shares'], two['shares'] = [0.75, 0.25], [0.4, 0.6]
        one['percentiles'], two['percentiles'] = [[50, 7], [100, 9]], [[50, 3], [100, 8]]
        self.write('a', run(), one, two)
        (cell,) = results.read(['a']).cells.values()
        self.assertEqual(cell.shares(), [[0.25, 0.4], [0.6, 0.75]])
        self.assertEqual(cell.percents(), [50, 100])
        self.assertEqual(cell.percentile(50), [3, 7])

    def test_a_round_in_which_nothing_happened_hides_no_other(self):
        (one,) = mixed('x', 2, 0, 5)
        empty = {**one, 'figures': {'ops_per_s': 0.0}}
        del empty['percentiles'], empty['shares']
        self.write('a', run(), empty, one, empty)
        (cell,) = results.read(['a']).cells.values()
        self.assertEqual(cell.figures(), ['ops_per_s', 'wait_p99_ns', 'wait_worst_ns'])
        self.assertEqual(cell.shares(), [[1 / 3], [2 / 3]])
        self.assertEqual(cell.percents(), [50, 90, 99, 99.9, 100])

    def test_all_kinds_of_results_are_read(self):
        self.write('a', run(), mixed('x', 2, 0, 5), open_loop('x', 100, 1, 2), floor('f', 3))
        self.assertEqual(len(results.read(['a']).cells), 3)


class Wrong(InFolder):
    def bad(self, line, words):
        self.write('bad', run(), pairs('fifolock', 1), line)
        self.fails(f'^bad:3: {words}')

    def fails(self, words):
        with self.assertRaisesRegex(results.Failure, words):
            results.read(['bad'])

    def test_a_line_that_is_not_json_is_refused(self):
        self.bad('{"type":"result"', 'not JSON: Expecting .* at column')
        self.bad('{"a":1} {', 'not JSON: ')
        self.bad('{"type":"result","type":"result"}', 'not JSON: duplicate')
        self.bad('{"a":{"b":1,"b":2}}', 'not JSON: duplicate')
        self.bad('[' * 100000, 'not JSON: ')

    def test_a_number_that_is_none_is_refused(self):
        for number in ('NaN', 'Infinity', '-Infinity', '1e999', '-1e999', '9' * 30, '9' * 5000):
            self.bad('{"type":"result","test":"line","figures":{"a_ns":%s}}' % number, 'not JSON: ')

    def test_text_that_is_not_utf_8_is_refused(self):
        self.write('bad', run())
        with open('bad', 'ab') as file:
            file.write(b'{"type":"\xff"}\n')
        self.fails('bad:2: not JSON: .*utf-8')

    def test_a_line_of_another_shape_is_refused(self):
        self.bad('[1]', 'not a JSON object')
        self.bad('3', 'not a JSON object')
        self.bad('{"test":"mixed"}', 'an object without a type')
        self.bad('{"type":3}', 'an object without a type')
        self.bad('{"type":"absent"}', 'an absent lock without a name')

    def test_a_result_that_has_not_what_it_takes_is_refused(self):
        start = '{"type":"result","test":"line"'
        self.bad('{"type":"result","figures":{}}', 'a result whose test is not a text')
        self.bad(start + '}', 'a result without figures')
        self.bad(start + ',"figures":[]}', 'a result without figures')
        self.bad(start + ',"lock":4,"figures":{}}', 'a result whose lock is not a text')
        self.bad(start + ',"floor":null,"figures":{}}', 'a result whose floor is not a text')
        self.bad(start + ',"figures":{"a_ns":"1"}}', "figure 'a_ns' is not a number")
        self.bad(start + ',"figures":{"a_ns":true}}', "figure 'a_ns' is not a number")

    def test_lists_of_other_things_than_numbers_are_refused(self):
        start = '{"type":"result","test":"line","figures":{},'
        self.bad(start + '"shares":[1,"2"]}', 'share 2 is not a number')
        self.bad(start + '"shares":3}', 'shares are not a list')
        self.bad(start + '"percentiles":[[1]]}', 'percentile 1 is not two numbers')
        self.bad(start + '"percentiles":[[1,2],[3,"4"]]}', 'percentile 2 is not two numbers')
        self.bad(start + '"percentiles":[1]}', 'percentile 1 is not two numbers')
        self.bad(start + '"percentiles":{}}', 'percentiles are not a list')

    def test_a_format_that_is_not_known_is_refused(self):
        self.bad('{"type":"run","format":2}', 'format 2: .*newer')
        for wrong in ('', ',"format":"1"', ',"format":0', ',"format":1.0', ',"format":true'):
            self.bad('{"type":"run"%s}' % wrong, 'a run whose format is not a number')

    def test_each_file_begins_with_a_run(self):
        self.write('good', run())
        self.write('bad', pairs('fifolock', 1))
        with self.assertRaisesRegex(results.Failure, 'bad:1: a result before any run'):
            results.read(['good', 'bad'])
        self.write('bad')
        self.fails('bad: there is no run in it')

    def test_a_file_that_cannot_be_read_is_named(self):
        for name, words in (('nowhere', 'No such file'), ('.', 'Is a directory')):
            with self.assertRaisesRegex(results.Failure, f'{name}: {words}'):
                results.read([name])

    def test_a_message_has_no_control_characters(self):
        self.bad('{"type":"result","test":"line","figures":{"\\u001b[31m\\u009b":"1"}}',
                 r"figure '\?\[31m\?'")


class Values(InFolder):
    def test_three_digits_count(self):
        human = [results.human(*results.scale_time(ns)) for ns in (0, 7.4, 74, 999.4, 999.6, 5e12)]
        self.assertEqual(human, ['0 ns', '7.40 ns', '74.0 ns', '999 ns', '1.00 us', '5000 s'])
        self.assertEqual(results.brief(*results.scale_count(1.5e6)), '1.5 M')
        self.assertEqual(results.brief(*results.scale_count(20)), '20')

    def test_values_are_shown_as_clean_text(self):
        shown = [results.words(value) for value in ('a"b', 1, 1.0, True, None, 0.12345678, [1, {}])]
        self.assertEqual(shown, ['a"b', '1', '1.0', 'true', 'null', '0.123457', '[1,{}]'])
        self.assertEqual(results.words('\x00\x1b[31m\x9b\n\ud800\u202eé'), '??[31m????é')

    def test_a_median_of_an_even_number_lies_between_two(self):
        medians = [results.median(each) for each in ([3], [1, 2, 9], [1, 2, 4, 9])]
        self.assertEqual(medians, [3, 2, 3])


if __name__ == '__main__':
    main()
