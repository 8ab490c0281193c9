#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sysbench's own tests of mutexes: threads that lock one after the other of a few (threads), and
an agreed number of locks of many mutexes (mutex).  What they count must be what they had to do."""

import re

from trial import Trial


def figures(said, pattern):
    return float(re.search(pattern, said).group(1))


with Trial('sysbench', 'events/s', {'sysbench': 'sysbench'}) as trial:
    said = trial.run(['sysbench', 'threads', f'--threads={4 * trial.threads}', '--histogram=on',
                      '--thread-yields=100', '--thread-locks=2', f'--time={trial.seconds}', 'run'])
    events = figures(said, r'total number of events: +(\d+)')
    trial.done(events, figures(said, r'total time: +([\d.]+)s'))
    histogram = {float(ms) * 1000: int(count)
                 for ms, count in re.findall(r'^ +([\d.]+) \|\**  *(\d+)$', said, re.M)}
    trial.latency(histogram)
    trial.check(sum(histogram.values()) == events, 'events are missing from the histogram')
    said = trial.run(['sysbench', 'mutex', f'--threads={trial.threads}', '--mutex-num=64',
                      '--mutex-locks=20000', '--mutex-loops=100', 'run'])
    trial.check(figures(said, r'total number of events: +(\d+)') == trial.threads, 'mutex: events')
