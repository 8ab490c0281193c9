#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pbzip2: blocks passed through queues from thread to thread, packed, unpacked, compared.  Small
blocks, so that the queues are used much."""

import os

from archivers import round_trip
from trial import Trial

with Trial('pbzip2', 'MB/s', {'pbzip2': 'pbzip2'}) as trial:
    options = [f'-p{trial.threads}', '-q', '-k', '-f']

    def pack():
        trial.run(['pbzip2', *options, '-1', '-b1', 'data'])

    def unpack():
        os.mkdir(trial.path('unpacked'))
        os.rename(trial.path('data.bz2'), trial.path('unpacked', 'data.bz2'))
        trial.run(['pbzip2', *options, '-d', os.path.join('unpacked', 'data.bz2')])
        return trial.path('unpacked', 'data')

    round_trip(trial, pack, unpack, 14)
