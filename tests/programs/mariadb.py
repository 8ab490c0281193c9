#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""MariaDB under sysbench: transactions that read, update, delete and insert again; afterwards no
row is missing and every table and index is consistent, also after a start from the files."""

import re

from trial import Trial, Wrong

TABLES, ROWS = 4, 5000


def sql(trial, text):
    return trial.run(['mariadb', '--no-defaults', '-S', trial.path('socket'), '-u', 'root', '-N',
                      '-B', '-e', text], prefixed=False).strip()


def start(trial):
    server = trial.start([
        'mariadbd', '--no-defaults', '--datadir=' + trial.path('data'), '--skip-networking',
        '--socket=' + trial.path('socket'), '--pid-file=' + trial.path('pid'),
        '--skip-grant-tables', '--innodb-flush-log-at-trx-commit=2', '--table-open-cache=8',
        '--thread-handling=pool-of-threads', f'--thread-pool-size={trial.threads}',
        '--query-cache-type=1', '--query-cache-size=1M', '--innodb-adaptive-hash-index=1'])
    trial.until(lambda: 'ready for connections' in trial.output(server), server)
    return server


def sysbench(trial, command, *more):
    return trial.run(['sysbench', 'oltp_read_write', '--db-driver=mysql', '--mysql-user=root',
                      '--mysql-socket=' + trial.path('socket'), '--mysql-db=test',
                      f'--tables={TABLES}', f'--table-size={ROWS}', '--histogram=on', *more,
                      command], prefixed=False)


def measure(trial):
    said = sysbench(trial, 'run', '--threads=16', f'--time={trial.seconds}')
    found = re.search(r'transactions: +(\d+) ', said)
    if not found:
        raise Wrong('no figures from sysbench')
    trial.done(int(found.group(1)), trial.seconds)
    trial.latency({float(ms) * 1000: int(count)
                   for ms, count in re.findall(r'^ +([\d.]+) \|\**  *(\d+)$', said, re.M)})


def check(trial):
    for table in range(1, TABLES + 1):
        rows = sql(trial, f'select count(*), count(distinct id), max(id) from test.sbtest{table}')
        trial.check(rows.split() == [str(ROWS)] * 3, f'table {table}: {rows}')
        said = sql(trial, f'check table test.sbtest{table} extended')
        trial.check(said.endswith('status\tOK'), said)


with Trial('mariadb', 'transactions/s', {'mariadbd': 'mariadb-server-core',
                                         'mariadb-install-db': 'mariadb-server-core',
                                         'mariadb': 'mariadb-client-core',
                                         'sysbench': 'sysbench'}) as trial:
    trial.as_user('nobody')
    trial.run(['mariadb-install-db', '--no-defaults', '--datadir=' + trial.path('data'),
               '--skip-test-db', '--auth-root-authentication-method=normal'], prefixed=False)
    server = start(trial)
    sql(trial, 'create database test')
    sysbench(trial, 'prepare')
    measure(trial)
    check(trial)
    trial.stop(server)
    server = start(trial)
    check(trial)
    trial.stop(server)
