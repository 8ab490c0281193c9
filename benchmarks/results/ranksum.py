# SPDX-License-Identifier: MIT
"""Is the difference between two samples more than chance?

The rank-sum test (Mann, Whitney: On a test of whether one of two random variables is
stochastically larger than the other, Ann. Math. Statist. 18, 1947, 50-60) asks only which
values are larger, so that it needs no idea of how times are distributed, and one round that
went wrong changes little.  With many questions asked at once some answers are wrong by chance;
false_discovery() bounds their share (Benjamini, Hochberg: Controlling the false discovery rate,
J. R. Statist. Soc. B 57, 1995, 289-300)."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from functools import lru_cache

MOST_EXACT = 60  # values
FIELD = 64  # bits; no number of ways is larger: C(60, 30) is less than 2**57


def ranks(values: list[float]) -> dict[float, int]:
    """Twice each value's rank, so that the rank that equal values share is whole, too."""
    ordered = sorted(values)
    return {value: bisect_left(ordered, value) + bisect_right(ordered, value) + 1
            for value in ordered}


@lru_cache
def ways(ordered: tuple[int, ...], most: int) -> tuple[int, ...]:
    """In how many ways `most` of these ranks have the sum 0, 1, 2, ...

    The numbers for all sums stand side by side in one large integer, so that a shift by a rank
    and an addition count for all of them at once."""
    by_number = [1] + [0] * most
    for number, rank in enumerate(ordered, 1):
        for k in range(min(most, number), 0, -1):
            by_number[k] += by_number[k - 1] << (FIELD * rank)
    size = FIELD // 8
    packed = by_number[most].to_bytes((sum(ordered) + 1) * size, 'little')
    return tuple(int.from_bytes(packed[i:i + size], 'little')
                 for i in range(0, len(packed), size))


def exact(ordered: tuple[int, ...], count: int, total: int) -> float:
    numbers = ways(ordered, count)
    tail = min(sum(numbers[:total + 1]), sum(numbers[total:]))
    return min(1.0, 2 * tail / sum(numbers))


def normal(ordered: tuple[int, ...], count: int, total: int) -> float:
    """The variance is that of the ranks as they are, ties and all."""
    n = len(ordered)
    mean = (n + 1) / 2
    squares = sum((rank / 2 - mean) ** 2 for rank in ordered)
    variance = count * (n - count) / (n * (n - 1)) * squares
    deviation = abs(total / 2 - count * mean) - 0.5
    if variance <= 0 or deviation <= 0:
        return 1.0
    return math.erfc(deviation / math.sqrt(2 * variance))


def rank_sum_p(a: list[float], b: list[float]) -> float:
    """How probable it is, if all values come from one source, that the samples differ as much
    as these or more, in either direction.  Exact for up to 60 values together, with ties, too;
    above by the normal distribution."""
    if not a or not b:
        return 1.0
    rank = ranks(a + b)
    ordered = tuple(sorted(rank[value] for value in a + b))
    total = sum(rank[value] for value in a)
    test = exact if len(ordered) <= MOST_EXACT else normal
    return test(ordered, len(a), total)


def rank_sum_least(a: int, b: int) -> float:
    """The least that rank_sum_p() can say of samples that large."""
    return min(1.0, 2 / math.comb(a + b, a))


def false_discovery(p: list[float]) -> list[float]:
    """For each probability the share of false answers to be expected if all that are at most
    as large are taken for true."""
    shares, least = [1.0] * len(p), 1.0
    downwards = sorted(range(len(p)), key=p.__getitem__, reverse=True)
    for i, which in enumerate(downwards):
        least = min(least, p[which] * len(p) / (len(p) - i))
        shares[which] = least
    return shares
