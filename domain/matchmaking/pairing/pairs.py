"""Who is not to meet whom: blocks and recent opponents, among the tickets that have any. Pure."""

from collections.abc import Iterable

import numpy as np

from domain.core.ids import UserId
from domain.matchmaking.pairing.columns import Array, Columns

Pairs = tuple[Array, Array]
"""The first and the second of each pair, as places among the candidates."""


def sparse_pairs(columns: Columns, rows: Array) -> tuple[Pairs, Pairs]:
    """The pairs of tickets of which a player has blocked one of the other, and those that only avoid each other."""
    sparse = np.flatnonzero(columns.column["sparse"][rows]).tolist()
    blocked: set[tuple[int, int]] = set()
    avoided: set[tuple[int, int]] = set()
    if sparse:
        place_of = np.full(len(columns.free), -1)
        place_of[rows] = np.arange(len(rows))
        for place in sparse:
            for player in columns.entry(int(rows[place])).players:
                blocked.update(_ordered(place, player.blocked, columns, place_of))
                avoided.update(_ordered(place, player.avoided, columns, place_of))
    return _arrays(blocked), _arrays(avoided - blocked)


def _ordered(place: int, users: Iterable[UserId], columns: Columns, place_of: Array) -> Iterable[tuple[int, int]]:
    """The pairs of a place with those of the users who are among the candidates, the lower place first."""
    for user in users:
        row = columns.homes.get(user)
        other = place if row is None else int(place_of[row])
        if other not in (place, -1):
            yield (place, other) if place < other else (other, place)


def _arrays(pairs: set[tuple[int, int]]) -> Pairs:
    array = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]
