"""Search: the best disjoint groups of a small pool, mostly the proven best. Pure.

First as many players as possible are matched, then the sum over the matches of their rating spread is least, then
those who wait longest go first.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.matchmaking.pairing.packing import Part, pack

Tickets = tuple[int, ...]
"""The numbers of a group's tickets, rising."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The waiting tickets of a small pool, at most 64, numbered from 0.

    sizes: how many players each brings. ratings: in points. ages: how long each waits, in seconds. compatible: whether
    two tickets may stand in one match, (tickets, tickets), symmetric. totals: how many players a match may have. legal:
    whether tickets that are compatible two by two, and have such a total, are a match; always the same answer. needs:
    what every match must have if there is one total only, so that it need not be found out by asking: so many players
    of some tickets, (tickets,).
    """

    sizes: Sequence[int]
    ratings: Sequence[float]
    ages: Sequence[float]
    compatible: npt.NDArray[np.bool_]
    totals: frozenset[int]
    legal: Callable[[Tickets], bool]
    needs: Sequence[tuple[npt.NDArray[np.bool_], int]] = ()


def search(problem: Problem) -> Generator[None, None, list[Tickets]]:
    """The groups, that of the longest waiting ticket first. Yields as a breathing space after some ms of work."""
    tickets = range(len(problem.sizes))
    order = sorted(tickets, key=lambda t: (problem.ratings[t], -problem.ages[t], t))
    rows = np.packbits(problem.compatible[np.ix_(order, order)], axis=1, bitorder="little")
    fits = [int.from_bytes(row.tobytes(), "little") & ~(1 << i) for i, row in enumerate(rows)]

    def numbers(mask: int) -> Tickets:
        return tuple(sorted(order[i] for i in _bits(mask)))

    found: list[Tickets] = []
    for part in _parts(fits):
        masks = yield from pack(
            Part(
                tickets=part,
                fits=fits,
                size=[problem.sizes[t] for t in order],
                rating=[problem.ratings[t] for t in order],
                age=[problem.ages[t] for t in order],
                totals=problem.totals,
                needs=[(_union(1 << i for i in tickets if able[order[i]]), number) for able, number in problem.needs],
                legal=lambda mask: problem.legal(numbers(mask)),
            )
        )
        found += map(numbers, masks)
    return sorted(found, key=lambda group: (-max(problem.ages[ticket] for ticket in group), group))


def _parts(fits: Sequence[int]) -> Iterator[list[int]]:
    """The tickets in parts that no compatible pair connects."""
    rest = (1 << len(fits)) - 1
    while rest:
        part, edge = 0, rest & -rest
        while edge:
            part |= edge
            edge = _union(fits[i] for i in _bits(edge)) & ~part
        rest &= ~part
        yield list(_bits(part))


def _bits(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        yield bit.bit_length() - 1
        mask ^= bit


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union
