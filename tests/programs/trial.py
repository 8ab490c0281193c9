# SPDX-License-Identifier: MIT
"""What the scripts of this folder share.  Each of them runs one program, as a Trial:

    with Trial('NAME', 'what is counted', {COMMAND: PACKAGE, ...}) as trial:
        server = trial.start([COMMAND, ...])
        ...

and prints one line of JSON.  With --needs it prints lines of COMMAND and PACKAGE instead.

Environment: PREFIX, words before the program's command (with-fifolock and its options; empty:
the C library's locks); SECONDS, how long a workload goes on that has no end of its own (5);
THREADS, how many the program has (4); REPORT, a file for with-fifolock's reports."""

import glob
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from processes import (Process, Watch, adopt, backtraces, backtraces_of_core, descendants, end_all,
                       kill_all, read)

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = 'libfifolock-pthread.so'
SKIPPED = 77
# Rank, kind, time, acquisitions.
REPORTED = r'^ *\d+  \w+ +[\d.]+ \w+ +(\d+) '


class Wrong(Exception):
    """The trial cannot go on."""


EXPECTED = (Wrong, OSError, subprocess.SubprocessError, ValueError, LookupError)


def stop_at(number, _frame):
    raise Wrong(f'ended by signal {number}')


def family(pid):
    """It and those below it that are not about to end."""
    return [pid] + [below for below in descendants(pid) if read(below, 'cmdline')]


def percentiles(histogram):
    """Of {value: count}: the values up to which are 50, 99 and 99.9 %."""
    total, seen, wanted, found = sum(histogram.values()), 0, (0.5, 0.99, 0.999), []
    for value in sorted(histogram):
        seen += histogram[value]
        while len(found) < len(wanted) and seen >= wanted[len(found)] * total:
            found.append(value)
    return dict(zip(('p50_us', 'p99_us', 'p999_us'), found))


class Trial:
    def __init__(self, program, metric, needs):
        if '--needs' in sys.argv:
            print('\n'.join(f'{command} {package}' for command, package in needs.items()))
            sys.exit()
        os.environ['PATH'] += ':/usr/sbin:/sbin'
        missing = {package for command, package in needs.items() if not shutil.which(command)}
        if missing:
            print(json.dumps({'program': program, 'skipped': ' '.join(sorted(missing))}))
            sys.exit(SKIPPED)
        self.prefix = shlex.split(os.environ.get('PREFIX', ''))
        self.ours = any('with-fifolock' in word for word in self.prefix)
        self.seconds = int(os.environ.get('SECONDS', 5))
        self.threads = int(os.environ.get('THREADS', 4))
        self.result = {'program': program, 'metric': metric, 'throughput': None}
        self.problems, self.started, self.in_use, self.user = [], [], {}, None

    def __enter__(self):
        adopt()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, stop_at)
        self.dir = tempfile.mkdtemp(prefix='fifolock-')
        os.chmod(self.dir, 0o755)
        self.watch = Watch(self.stuck, self.seconds)
        if self.ours and os.environ.get('REPORT'):
            os.mkdir(self.path('reports'))
            os.chmod(self.path('reports'), 0o777)
            self.prefix.append('--report=' + self.path('reports', '%p'))
        return self

    def __exit__(self, kind, wrong, trace):
        self.watch.end()
        left = end_all()
        if isinstance(wrong, EXPECTED):
            self.problem(f'{kind.__name__}: {wrong}')
            wrong = None
        self.check(not left or self.problems, f'{left} processes were left')
        if self.ours:
            self.check(self.in_use and all(self.in_use.values()), f'in use: {self.in_use}')
        if os.path.isdir(self.path('reports')):
            self.gather_reports()
        self.result.update(clean=wrong is None and not self.problems, in_use=self.in_use,
                           problems=self.problems, cpu_s=self.cpu())
        print(json.dumps(self.result), flush=True)
        if self.problems:
            self.show_output()
        shutil.rmtree(self.dir, ignore_errors=True)
        if wrong is None:
            sys.exit(1 if self.problems else 0)

    def cpu(self):
        return round(sum(process.cpu_s for process in self.started if process.prefixed), 3)

    # What went wrong.

    def problem(self, text):
        self.problems.append(text)

    def check(self, holds, text):
        if not holds:
            self.problem(text)

    def stuck(self, how):
        """Called in the watch's thread: the processes do not get further."""
        self.problem(how)
        for pid in descendants():
            backtraces(['-p', str(pid)], self.path(f'gdb.{pid}.out'))
        kill_all()

    def gather_reports(self):
        """Of all its processes, and what the library has counted."""
        text = ''.join(read(name) for name in sorted(glob.glob(self.path('reports', '*'))))
        with open(os.environ['REPORT'], 'w') as report:
            report.write(text)
        asked = [int(count) for count in re.findall(REPORTED, text, re.M)]
        self.result['reported'] = sum(asked)
        self.check(text, 'no report')

    def show_output(self):
        for core in glob.glob(self.path('**/core*'), recursive=True) if shutil.which('gdb') else []:
            backtraces_of_core(core)
        for name in glob.glob(self.path('**/*.out'), recursive=True):
            with open(name, errors='replace') as out:
                text = out.read()
            print(f'== {os.path.basename(name)}', file=sys.stderr)
            print(text if 'gdb.' in name else text[-4000:], file=sys.stderr)

    # Processes.

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def as_user(self, name):
        """Programs that refuse to be root's are this user's from now on."""
        if os.getuid() == 0:
            self.user = pwd.getpwnam(name)
            os.chown(self.dir, self.user.pw_uid, self.user.pw_gid)

    def user_name(self):
        return (self.user or pwd.getpwuid(os.getuid())).pw_name

    def start(self, command, prefixed=True, **options):
        """Start it.  Its output goes to a file in the trial's folder."""
        name = os.path.basename(command[0])
        out = self.path(f'{name}.{len(self.started)}.out')
        if self.user:
            options.update(user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[])
        with open(out, 'w') as file:
            process = Process((self.prefix if prefixed else []) + command, cwd=self.dir,
                              stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                              **options)
        process.out, process.name, process.prefixed = out, name, prefixed
        self.started.append(process)
        return process

    def run(self, command, prefixed=True, wanted=0, **options):
        """Start it and wait for its end; what it has written."""
        process = self.start(command, prefixed, **options)
        while self.ours and prefixed and process.poll() is None and not self.looked_at(process):
            time.sleep(0.005)
        self.ends(process, wanted)
        return self.output(process)

    def output(self, process):
        with open(process.out, errors='replace') as out:
            return out.read()

    def ends(self, process, wanted=0):
        process.wait()
        self.check(process.returncode == wanted, f'{process.name}: status {process.returncode}')

    def stop(self, process, number=signal.SIGTERM, wanted=0):
        self.looked_at(process)
        process.send_signal(number)
        self.ends(process, wanted)

    def looked_at(self, process):
        """Has it loaded our library, as its children have?"""
        if process.prefixed:
            found = all(LIBRARY in read(pid, 'maps') for pid in family(process.pid))
            self.in_use[process.name] = found or self.in_use.get(process.name, False)
        return process.prefixed and found

    def until(self, ready, process):
        """Nothing tells when a server is ready."""
        while not ready():
            if process.poll() is not None:
                raise Wrong(f'{process.name} ended at its start: status {process.returncode}')
            time.sleep(0.02)
        self.looked_at(process)

    # What is around them.

    def free_port(self):
        with socket.socket() as one:
            one.bind(('127.0.0.1', 0))
            return one.getsockname()[1]

    def listens(self, port):
        with socket.socket() as one:
            return one.connect_ex(('127.0.0.1', port)) == 0

    def write(self, name, text):
        with open(self.path(name), 'w') as file:
            file.write(text)
        return self.path(name)

    def compiled(self, *sources):
        """The program made of sources of this folder."""
        compiler = ['g++', '-std=c++17'] if sources[0].endswith('.cpp') else ['gcc', '-std=gnu11']
        program = self.path(sources[0].split('.')[0])
        subprocess.run([*compiler, '-O2', '-g', '-pthread', '-o', program,
                        *(os.path.join(HERE, source) for source in sources)],
                       check=True, stdout=sys.stderr)
        return program

    def load_program(self):
        return self.compiled('load.c', 'load_protocols.c')

    def load(self, protocol, port, connections=32):
        """Requests for some seconds, each answer checked (load.c)."""
        self.figures(self.run([self.load_program(), protocol, str(port), str(connections),
                               str(self.seconds)], prefixed=False))

    def figures(self, output):
        """What our own programs print last: how much, in how long, {microseconds: how often}."""
        said = json.loads((output.strip().splitlines() or ['no figures'])[-1])
        self.done(said['operations'], said['seconds'])
        self.latency({float(us): count for us, count in said.get('us', {}).items()})
        self.problems += said.get('problems', [])

    def done(self, count, seconds):
        """So much was done in that time, which all of the workload took."""
        self.result.update(done=count, throughput=round(count / seconds, 2))

    def latency(self, histogram):
        self.result.update(percentiles(histogram))
