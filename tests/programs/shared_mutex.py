#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program of our own on the locks of the C++ library: shared_mutex.cpp."""

from trial import Trial

with Trial('shared_mutex', 'sections/s', {'g++': 'g++'}) as trial:
    trial.figures(trial.run([trial.compiled('shared_mutex.cpp'), str(trial.threads),
                             str(trial.seconds)]))
