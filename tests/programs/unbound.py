#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""unbound: threads that answer from a cache that is too small, under rwlocks and mutexes, and fill
it from a second unbound, which has one local zone.  Each address can be computed from the name."""

import re
import socket
import struct
from collections import Counter

from trial import Trial

NAMES = 2000
COMMON = '''server:
    username: ""
    chroot: ""
    pidfile: ""
    use-syslog: no
    interface: 127.0.0.1
    access-control: 127.0.0.0/8 allow
    do-not-query-localhost: no
    module-config: "iterator"
'''


def address(number):
    return f'10.1.{number // 256}.{number % 256}'


def configure(trial, name, port, text):
    return trial.write(name, f'{COMMON}    directory: "{trial.dir}"\n    port: {port}\n{text}')


def asked(port, number):
    """The address that the server at the port has for a name."""
    name = f'n{number}.test'
    query = struct.pack('>6H', number, 0x100, 1, 0, 0, 0)
    for label in name.split('.'):
        query += bytes([len(label)]) + label.encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(('127.0.0.1', port))
        one.settimeout(10)
        one.send(query + b'\0\0\1\0\1')
        answer = one.recv(2000)
    if answer[:2] != query[:2] or len(answer) < 16:
        return None
    return '.'.join(map(str, answer[-4:]))


def check(trial, port):
    wrong = [number for number in range(NAMES) if asked(port, number) != address(number)]
    trial.check(not wrong, f'wrong addresses: {wrong[:5]}')


def started(trial, configuration, port, prefixed):
    server = trial.start(['unbound', '-d', '-c', configuration], prefixed)
    trial.until(lambda: trial.listens(port), server)
    return server


def measure(trial, port):
    queries = trial.write('queries', ''.join(f'n{number}.test A\n' for number in range(NAMES)))
    said = trial.run(['dnsperf', '-s', '127.0.0.1', '-p', str(port), '-d', queries, '-c', '16',
                      '-T', '2', '-v', '-l', str(trial.seconds)], prefixed=False)
    took = [float(seconds) for seconds in re.findall(r'^> NOERROR .* ([\d.]+)$', said, re.M)]
    trial.done(len(took), trial.seconds)
    trial.latency(Counter(round(seconds * 1e6) for seconds in took))
    trial.check(re.search(r'Response codes: +NOERROR \d+ \(100.00%\)$', said, re.M),
                'wrong answers')
    trial.check(re.search(r'Queries lost: +\d+ \(0\.\d+%\)', said), 'lost answers')


with Trial('unbound', 'queries/s', {'unbound': 'unbound', 'dnsperf': 'dnsperf'}) as trial:
    port, far = trial.free_port(), trial.free_port()
    zone = ''.join(f'    local-data: "n{number}.test. 1 A {address(number)}"\n'
                   for number in range(NAMES))
    source = configure(trial, 'far', far, '    local-zone: "test." static\n' + zone)
    front = configure(trial, 'front', port, f'''    num-threads: {trial.threads}
    msg-cache-size: 128k
    rrset-cache-size: 128k
    msg-cache-slabs: 1
    rrset-cache-slabs: 1
    infra-cache-slabs: 1
    local-zone: "test." transparent
forward-zone:
    name: "test."
    forward-addr: 127.0.0.1@{far}
''')
    servers = [started(trial, source, far, False), started(trial, front, port, True)]
    check(trial, port)
    measure(trial, port)
    check(trial, port)
    for server in servers:
        trial.stop(server)
