#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""memcached: keys and counters that all connections read and write, so few that its threads meet
at the locks of items."""

from trial import Trial

with Trial('memcached', 'requests/s', {'memcached': 'memcached', 'gcc': 'gcc'}) as trial:
    port = trial.free_port()
    trial.as_user('nobody')
    server = trial.start(['memcached', '-l', '127.0.0.1', '-p', str(port), '-U', '0',
                          '-t', str(trial.threads), '-m', '64', '-c', '1024'])
    trial.until(lambda: trial.listens(port), server)
    trial.load('memcached', port)
    trial.stop(server)
