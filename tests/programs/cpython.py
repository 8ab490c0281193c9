#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CPython: threads under the interpreter's lock (a mutex and conditions), which its own locks are
semaphores; work.py is what they do."""

import os

from trial import HERE, Trial

with Trial('cpython', 'transfers/s', {'python3': 'python3'}) as trial:
    python = '/usr/bin/python3' if os.path.exists('/usr/bin/python3') else 'python3'
    trial.figures(trial.run([python, '-B', os.path.join(HERE, 'cpython_work.py'),
                             str(trial.threads), str(trial.seconds)]))
