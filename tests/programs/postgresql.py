#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PostgreSQL: the server is processes, which wait at semaphores that they share (left to the C
library); pgbench is threads.  Both are started with the prefix.  The sums of what every
transaction adds in four tables stay equal."""

import glob
import os
import re
import signal

from trial import Trial, Wrong

os.environ['PATH'] += ''.join(sorted((f':{folder}' for folder in
                                      glob.glob('/usr/lib/postgresql/*/bin')), reverse=True))


def sums(trial):
    tables = {'abalance': 'accounts', 'bbalance': 'branches', 'tbalance': 'tellers',
              'delta': 'history'}
    return [trial.run(['psql', '-X', '-h', trial.dir, '-d', 'postgres', '-At', '-c',
                       f'select sum({column}) from pgbench_{table}'], prefixed=False).strip()
            for column, table in tables.items()]


def measure(trial):
    said = trial.run(['pgbench', '-h', trial.dir, '-c', '8', '-j', str(trial.threads), '-T',
                      str(trial.seconds), '-l', '--log-prefix=' + trial.path('log'), 'postgres'])
    found = re.search(r'actually processed: (\d+)', said)
    if not found or 'failed transactions: 0 ' not in said:
        raise Wrong(said)
    trial.done(int(found.group(1)), trial.seconds)
    histogram = {}
    for log in glob.glob(trial.path('log.*')):
        with open(log) as lines:
            for line in lines:
                us = int(line.split()[2])
                histogram[us] = histogram.get(us, 0) + 1
    trial.latency(histogram)


with Trial('postgresql', 'transactions/s', {'postgres': 'postgresql', 'initdb': 'postgresql',
                                            'psql': 'postgresql-client',
                                            'pgbench': 'postgresql-contrib'}) as trial:
    trial.as_user('postgres')
    data = trial.path('data')
    trial.run(['initdb', '-D', data, '-A', 'trust', '--no-sync', '-U', trial.user_name()])
    server = trial.start(['postgres', '-D', data, '-k', trial.dir, '-c', 'listen_addresses=',
                          '-c', 'fsync=off'])
    trial.until(lambda: 'ready to accept connections' in trial.output(server), server)
    trial.run(['pgbench', '-h', trial.dir, '-i', '-q', 'postgres'], prefixed=False)
    measure(trial)
    found = sums(trial)
    trial.check(len(set(found)) == 1 and found[0], f'sums: {found}')
    trial.stop(server, signal.SIGINT)
