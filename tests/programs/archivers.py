# SPDX-License-Identifier: MIT
"""Data for programs that compress, and whether it comes back."""

import random
from time import monotonic

MEGABYTES = 1 << 20


def make_data(path, size):
    """Compresses to about half, differently in different places; the same in every run."""
    dice = random.Random(size)
    words = [dice.randbytes(dice.randrange(3, 12)) for _ in range(5000)]
    with open(path, 'wb') as file:
        while file.tell() < size:
            file.write(b' '.join(dice.choices(words[:dice.randrange(50, 5000)], k=2000)))
            file.write(dice.randbytes(3000))
        return file.tell()


def same(one, other):
    with open(one, 'rb') as first, open(other, 'rb') as second:
        while True:
            here, there = first.read(MEGABYTES), second.read(MEGABYTES)
            if here != there:
                return False
            if not here:
                return True


def round_trip(trial, pack, unpack, speed, megabytes=16):
    """pack() data, again and again, and unpack() it once, which says where it went to.  speed: in
    MB/s, roughly, on which it depends how often."""
    size = make_data(trial.path('data'), megabytes * MEGABYTES)
    rounds = max(1, round(trial.seconds * speed / megabytes))
    began = monotonic()
    for _ in range(rounds):
        pack()
    took = monotonic() - began
    trial.check(same(trial.path('data'), unpack()), 'what came back is different')
    trial.done(rounds * size / MEGABYTES, took)
