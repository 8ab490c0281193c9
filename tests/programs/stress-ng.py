#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stress-ng: its stressors that use mutexes (mutex), mutexes and conditions (pthread) and unnamed
semaphores (sem), each checking itself.  It has none for rwlocks."""

import re

from trial import Trial

STRESSORS = ('mutex', 'pthread', 'sem')


def stress(trial, name, seconds):
    """Operations per second."""
    said = trial.run(['stress-ng', f'--{name}', '2', '--verify', '--metrics-brief', '-t',
                      str(seconds), '--temp-path', trial.dir])
    trial.check('successful run completed' in said, f'{name} failed')
    found = re.search(rf'\] {name} +\d+ +[\d.]+ +[\d.]+ +[\d.]+ +([\d.]+)', said)
    trial.check(found, f'no figures of {name}')
    return float(found.group(1)) if found else 0


with Trial('stress-ng', 'mutex operations/s', {'stress-ng': 'stress-ng'}) as trial:
    seconds = max(1, trial.seconds // len(STRESSORS))
    rates = {name: stress(trial, name, seconds) for name in STRESSORS}
    trial.done(rates['mutex'] * seconds, seconds)
    trial.result['rates'] = rates
