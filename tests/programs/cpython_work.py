# SPDX-License-Identifier: MIT
"""Threads of CPython that move money between accounts with a lock each, fill and drain queues,
compress without the interpreter's lock, wait at barriers and with deadlines, and fork:

    cpython_work.py THREADS SECONDS
"""

import collections
import concurrent.futures
import hashlib
import json
import os
import queue
import random
import sys
import threading
import time
import zlib

THREADS, SECONDS = int(sys.argv[1]), float(sys.argv[2])
ACCOUNTS = 16
until = time.monotonic() + SECONDS
problems = []


def check(holds, text):
    if not holds:
        problems.append(text)


class Bank:
    def __init__(self):
        self.locks = [threading.Lock() for _ in range(ACCOUNTS)]
        self.money = [1000] * ACCOUNTS
        self.took = collections.Counter()

    def move(self, one, other, much):
        with self.locks[min(one, other)], self.locks[max(one, other)]:
            some = self.money[one] - much
            zlib.crc32(bytes(8000))  # the interpreter's lock is let go here
            self.money[one] = some
            self.money[other] += much

    def work(self, seed):
        dice, took = random.Random(seed), collections.Counter()
        while time.monotonic() < until:
            before = time.monotonic()
            self.move(*dice.sample(range(ACCOUNTS), 2), dice.randrange(10))
            took[round((time.monotonic() - before) * 1e6, -1)] += 1
        with self.locks[0]:
            self.took.update(took)


def produce(line, count):
    for number in range(count):
        line.put(number)


def consume(line, sums):
    total = 0
    while (number := line.get()) is not None:
        total += number
    sums.append(total)


def queues():
    """What goes into a short queue comes out of it."""
    line, sums, count = queue.Queue(4), [], 2000
    consumers = [threading.Thread(target=consume, args=(line, sums)) for _ in range(THREADS)]
    producers = [threading.Thread(target=produce, args=(line, count)) for _ in range(THREADS)]
    for thread in consumers + producers:
        thread.start()
    for thread in producers:
        thread.join()
    for _ in consumers:
        line.put(None)
    for thread in consumers:
        thread.join()
    check(sum(sums) == THREADS * sum(range(count)), 'the queue lost something')


def digest(seed):
    data = random.Random(seed).randbytes(1 << 20)
    return hashlib.sha256(zlib.decompress(zlib.compress(data, 1))).digest()


def pool():
    with concurrent.futures.ThreadPoolExecutor(THREADS) as workers:
        found = list(workers.map(digest, range(8)))
    check(found == [digest(seed) for seed in range(8)], 'threads compress differently')


def meetings():
    """All are in the same round, always."""
    barrier, rounds = threading.Barrier(THREADS), []

    def meet():
        for number in range(200):
            barrier.wait()
            rounds.append(number)
            barrier.wait()

    threads = [threading.Thread(target=meet) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(rounds == sorted(rounds) and len(rounds) == 200 * THREADS, 'a barrier let one through')


def deadlines():
    lock, event = threading.Lock(), threading.Event()
    lock.acquire()
    for wait in (0.0, 0.001, 0.02):
        before = time.monotonic()
        check(not lock.acquire(timeout=wait), 'a held lock was taken')
        check(not event.wait(wait), 'an event that was not')
        check(time.monotonic() - before >= 2 * wait, 'a deadline came early')
    threading.Timer(0.01, lock.release).start()
    check(lock.acquire(timeout=600), 'a lock given back by another thread was not taken')


def children():
    """A child of a process with threads has locks that work."""
    for number in range(5):
        child = os.fork()
        if child == 0:
            thread = threading.Thread(target=queues)
            thread.start()
            thread.join()
            os._exit(len(problems))
        check(os.waitpid(child, 0)[1] == 0, 'a child failed')


bank = Bank()
workers = [threading.Thread(target=bank.work, args=(seed,)) for seed in range(THREADS)]
for worker in workers:
    worker.start()
for part in (queues, pool, meetings, deadlines, children):
    part()
for worker in workers:
    worker.join()
check(sum(bank.money) == 1000 * ACCOUNTS, 'money was lost')
print(json.dumps({'operations': sum(bank.took.values()), 'seconds': SECONDS, 'us': bank.took,
                  'problems': problems}))
