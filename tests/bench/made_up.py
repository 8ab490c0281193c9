# SPDX-License-Identifier: MIT
"""Results made up for tests of what reads them, and how fifolock-bench is run on them."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
# What is started from here runs as it does anywhere.
for name in [name for name in os.environ if name.startswith('PYTHON') or name == 'NO_COLOR']:
    del os.environ[name]
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'benchmarks/results'))

BENCH = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ''

MACHINE = {'processors': 4, 'model': 'some_model', 'architecture': 'x86_64', 'hypervisor': True}


def run(**members):
    """The object that begins a run."""
    return {'type': 'run', 'format': 1, 'program': 'fifolock-bench', 'library': '0.1.0',
            'started': '2026-11-22T10:00:00Z', 'command': 'fifolock-bench', 'machine': MACHINE,
            'kernel': 'Linux 6.1.0', 'compiler': 'gcc 12.2.0', 'libc': 'glibc 2.36',
            'options': {'seconds': 0.3}, **members}


def pairs(lock, *ns, mode='exclusive'):
    """A round for each."""
    return [{'type': 'result', 'test': 'uncontended', 'lock': lock, 'mode': mode, 'round': i,
             'figures': {'pair_ns': each}} for i, each in enumerate(ns, 1)]


def mixed(lock, threads, shared, *rates, **members):
    """A round for each; threads have shares of 1, 2, 3, ... parts."""
    load = {'lock': lock, 'threads': threads, 'shared_percent': shared, 'section_ns': 50,
            'think_ns': 50, 'locks': 1, 'pinned': False, **members}
    shares = [i * 2 / threads / (threads + 1) for i in range(1, threads + 1)]
    return [{'type': 'result', 'test': 'mixed', **load, 'round': i,
             'figures': {'ops_per_s': rate, 'wait_p99_ns': 900, 'wait_worst_ns': 9000 + i},
             'percentiles': [[50, 0], [90, 400], [99, 900], [99.9, 2000], [100, 9000 + i]],
             'shares': shares} for i, rate in enumerate(rates, 1)]


def open_loop(lock, arrivals, p99, p999, threads=4):
    return [{'type': 'result', 'test': 'open', 'lock': lock, 'threads': threads,
             'shared_percent': 90, 'section_ns': 50, 'think_ns': 0, 'locks': 1, 'pinned': False,
             'arrivals_per_s': arrivals, 'round': 1,
             'figures': {'ops_per_s': arrivals, 'wait_p99_ns': p99, 'wait_p999_ns': p999}}]


def floor(name, ns):
    return [{'type': 'result', 'test': 'floor', 'floor': name, 'round': 1, 'figures': {'ns': ns}}]


class InFolder(unittest.TestCase):
    """In an empty folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    def write(self, name, *parts):
        """Objects, lists of them, and lines as they are."""
        with open(name, 'w', encoding='utf-8') as file:
            for part in parts:
                for each in part if isinstance(part, list) else [part]:
                    print(each if isinstance(each, str) else json.dumps(each), file=file)

    def bench(self, wanted, *arguments, **how):
        """What it says is in out and err."""
        self.assertTrue(BENCH, 'which fifolock-bench?')
        ended = subprocess.run([BENCH, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                               encoding='utf-8', errors='surrogateescape', check=False, **how)
        self.out, self.err = ended.stdout, ended.stderr
        self.assertEqual(ended.returncode, wanted, f'{arguments}\n{self.out}\n{self.err}')

    def says(self, pattern):
        """A line of the table: spaces stand for any number of them."""
        self.assertRegex(self.out, '(?m)' + pattern.replace(' ', ' +'))

    def says_not(self, pattern):
        self.assertNotRegex(self.out, '(?m)' + pattern.replace(' ', ' +'))

    def complains(self, pattern):
        self.assertRegex(self.err, pattern)


def main():
    """As unittest has it; the last line is how many passed and failed."""
    tests = unittest.defaultTestLoader.loadTestsFromModule(sys.modules['__main__'])
    result = unittest.TextTestRunner(sys.stdout, descriptions=False, verbosity=2).run(tests)
    for _, reason in result.skipped:
        print(f'skipped: {reason}')
    failed = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - failed - len(result.skipped)} passed, {failed} failed')
    sys.exit(failed > 0 or not result.testsRun)
