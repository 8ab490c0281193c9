#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""7-Zip: LZMA2 by several threads, packed, tested, unpacked, compared."""

import os

from archivers import round_trip
from trial import Trial

with Trial('7zip', 'MB/s', {'7zz': '7zip'}) as trial:
    threads = f'-mmt{trial.threads}'

    def pack():
        if os.path.exists(trial.path('packed.7z')):
            os.unlink(trial.path('packed.7z'))
        trial.run(['7zz', 'a', threads, '-mx3', 'packed.7z', 'data'])

    def unpack():
        said = trial.run(['7zz', 't', threads, 'packed.7z'])
        trial.check('Everything is Ok' in said, 'the test of what was packed failed')
        trial.run(['7zz', 'x', threads, 'packed.7z', '-ounpacked'])
        return trial.path('unpacked', 'data')

    round_trip(trial, pack, unpack, 4)
