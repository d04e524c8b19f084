"""Contexts: who is looked at together. Pure.

Windows over rating are only found among tickets that mostly may meet, so each ticket goes with those who would play in
the same region, speak the same language and hold to the same values: first where most can go, then its other choices.
It is a way to look, and forbids nothing: what may meet is for `candidates` to say.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

import numpy as np

from domain.matchmaking.pairing.candidates import Candidates
from domain.matchmaking.pairing.columns import WORD, Array, Columns, Sets
from domain.matchmaking.pairing.constraints import Same

CHOICES = 3
MIXED = -1


def contexts(columns: Columns, pool: Candidates) -> Iterator[Array]:
    """Of each candidate the number of its context, choice by choice; at last all who need no place are together."""
    dimensions = [_choices(*found) for found in _dimensions(columns, pool)]
    last: Array | None = None
    for choice in range(CHOICES + 1 if dimensions else 1):
        context = np.zeros(len(pool), np.int64)
        for table, kind in dimensions:
            context = context * (int(table.max()) + 2) + table[kind, choice] + 1
        if last is None or not np.array_equal(last, context):
            yield context
        last = context


def _dimensions(columns: Columns, pool: Candidates) -> Iterator[tuple[Sets, Array, Array, Array | None]]:
    """The sets of a dimension; of each candidate its set, whether it needs a member of it, and which it can reach."""
    column = columns.column
    if (column["regions"][pool.row].any() and column["region_wish"][pool.row].any()) or pool.reach:
        reach = pool.reach.words if pool.reach else None
        numbers = column["regions"][pool.row]
        if reach is None or len(reach) > 1:
            yield columns.regions, numbers, pool.regions.needs, None
        else:
            yield columns.regions, numbers, pool.regions.needs, reach[0]
    if column["languages"][pool.row].any() and column["language_wish"][pool.row].any():
        yield columns.languages, column["languages"][pool.row], pool.languages.needs, None
    for rule in pool.rules:
        if isinstance(rule, Same):
            yield columns.sets[rule.name], rule.value, rule.binds & (rule.value != 0), None


def _choices(sets: Sets, numbers: Array, needs: Array, reach: Array | None) -> tuple[Array, Array]:
    """A table of choices by kind of candidate, and of each candidate its kind."""
    key = numbers * 2 + needs
    reaches: Sequence[int] = [-1]
    if reach is not None:
        distinct, place = np.unique(reach, return_inverse=True)
        reaches = [int(word) for word in distinct]
        key = key * len(reaches) + place
    kinds, kind = np.unique(key, return_inverse=True)
    crowd = np.bincount(numbers, minlength=len(sets.members))
    popular = np.zeros(len(sets.names))
    for number in np.flatnonzero(crowd).tolist():
        popular[[sets.bit(name) for name in set(sets.members[number])]] += crowd[number]
    ranked = sorted(range(len(sets.names)), key=lambda bit: (-popular[bit], sets.names[bit]))
    rank = {bit: place for place, bit in enumerate(ranked)}
    table = np.full((len(kinds), CHOICES + 1), MIXED)
    for row, packed in enumerate(kinds.tolist()):
        rest, word = divmod(packed, len(reaches))
        number, need = divmod(rest, 2)
        own = sorted({sets.bit(name) for name in sets.members[number]}, key=rank.__getitem__)
        others = () if need else (bit for bit in ranked if bit not in own)
        within = (bit for bit in chain(own, others) if bit >= WORD or reaches[word] >> bit & 1)
        options = list(islice(within, CHOICES))
        for choice in range(CHOICES + 1):
            if options and (need or choice < CHOICES):
                table[row, choice] = rank[options[min(choice, len(options) - 1)]]
    return table, kind
