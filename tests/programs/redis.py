#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""redis: io-threads, which it starts and stops by mutexes; a file of all commands written by a
thread in the background; a child that saves.  What comes back from the file is what was there."""

import os
import subprocess

from trial import Trial


def io_threads(trial):
    """They spin: no more of them than processors, and one that is not the first."""
    return str(min(trial.threads, max(2, len(os.sched_getaffinity(0)))))


def says(port, *command):
    return subprocess.run(['redis-cli', '-p', str(port), *command], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.strip()


def start(trial, port):
    server = trial.start(['redis-server', '--port', str(port), '--bind', '127.0.0.1',
                          '--io-threads', io_threads(trial), '--io-threads-do-reads', 'yes',
                          '--appendonly', 'yes', '--appendfsync', 'everysec', '--dir', trial.dir,
                          '--lazyfree-lazy-user-del', 'yes', '--enable-debug-command', 'local'])
    trial.until(lambda: trial.listens(port) and says(port, 'ping') == 'PONG', server)
    return server


with Trial('redis', 'requests/s', {'redis-server': 'redis-server', 'redis-cli': 'redis-tools',
                                   'gcc': 'gcc'}) as trial:
    port = trial.free_port()
    server = start(trial, port)
    trial.load('redis', port)
    trial.check('started' in says(port, 'bgsave'), 'no background save')
    trial.until(lambda: 'rdb_bgsave_in_progress:0' in says(port, 'info', 'persistence'), server)
    trial.check('rdb_last_bgsave_status:ok' in says(port, 'info', 'persistence'), 'bgsave failed')
    digest = says(port, 'debug', 'digest')
    trial.stop(server)
    server = start(trial, port)
    trial.check(says(port, 'debug', 'digest') == digest, 'other data after the restart')
    trial.check(int(says(port, 'dbsize')) > 100, 'hardly any data')
    says(port, 'flushall', 'async')
    trial.stop(server)
