#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program of our own in Java, Work.java.  Java's locks queue in the virtual machine; the threads
sleep and wake by mutexes and conditions, and those of the machine itself use them throughout."""

import os
import shutil
import subprocess

from trial import HERE, Trial

with Trial('jvm', 'transfers/s', {'java': 'openjdk-17-jre-headless',
                                  'javac': 'openjdk-17-jdk-headless'}) as trial:
    shutil.copy(os.path.join(HERE, 'Work.java'), trial.dir)
    subprocess.run(['javac', '-d', trial.dir, trial.path('Work.java')], check=True)
    trial.figures(trial.run(['java', '-Xmx256m', '-XX:+UseG1GC', '-cp', trial.dir, 'Work',
                             str(trial.threads), str(trial.seconds)]))
