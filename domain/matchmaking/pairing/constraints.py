"""The hard rules between two tickets, over whole columns of them. Pure.

Each constraint holds what the tickets say to one rule, an element for each ticket, and answers for pairs of them:
`refuses(a, b)` takes indices or slices and says of each pair whether the rule forbids it. A group is legal only if all
its pairs are, and the constraints between more than two hold (`Places.shared` and what `candidates` adds).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import EllipsisType
from typing import Any, Self

import numpy as np

from domain.matchmaking.pairing.columns import Array

Index = Array | slice | int | EllipsisType | tuple[Any, ...]

EVERYWHERE = np.uint64(2**64 - 1)


@dataclass(frozen=True, slots=True)
class Constraint(ABC):
    """A rule by its name."""

    name: str

    def take(self, order: Array) -> Self:
        """The same of the tickets at these places."""

        def of(value: Array | tuple[Array, ...]) -> Array | tuple[Array, ...]:
            return tuple(word[order] for word in value) if isinstance(value, tuple) else value[order]

        return type(self)(self.name, *[of(getattr(self, name)) for name in self.__slots__])

    @abstractmethod
    def refuses(self, a: Index, b: Index) -> Array:
        """Of each pair, whether it must not meet."""


@dataclass(frozen=True, slots=True)
class Sized(Constraint):
    """Both take a group of one size."""

    low: Array
    high: Array

    def refuses(self, a: Index, b: Index) -> Array:
        refused: Array = (self.low[a] > self.high[b]) | (self.low[b] > self.high[a])
        return refused


@dataclass(frozen=True, slots=True)
class Near(Constraint):
    """Two values lie within the narrower of both limits; nan lies near everything."""

    value: Array
    limit: Array

    def refuses(self, a: Index, b: Index) -> Array:
        refused: Array = np.abs(self.value[a] - self.value[b]) > np.minimum(self.limit[a], self.limit[b])
        return refused


@dataclass(frozen=True, slots=True)
class Same(Constraint):
    """Two values are the same where one of the tickets binds; 0 is the same as everything."""

    value: Array
    binds: Array

    def refuses(self, a: Index, b: Index) -> Array:
        left, right = self.value[a], self.value[b]
        refused: Array = (left != right) & (left != 0) & (right != 0) & (self.binds[a] | self.binds[b])
        return refused


@dataclass(frozen=True, slots=True)
class Shared(Constraint):
    """Two sets share as many members as the stricter ticket needs; the empty set goes with everything."""

    words: tuple[Array, ...]
    named: Array
    needed: Array

    def refuses(self, a: Index, b: Index) -> Array:
        common = sum(np.bitwise_count(word[a] & word[b]).astype(np.int64) for word in self.words)
        refused: Array = (common < np.maximum(self.needed[a], self.needed[b])) & self.named[a] & self.named[b]
        return refused


@dataclass(frozen=True, slots=True)
class Places(Constraint):
    """Named places overlap where one of the tickets needs it; who names none has all of them."""

    words: tuple[Array, ...]
    needs: Array

    def refuses(self, a: Index, b: Index) -> Array:
        meet = (self.words[0][a] & self.words[0][b]) != 0
        for word in self.words[1:]:
            meet |= (word[a] & word[b]) != 0
        refused: Array = ~meet & (self.needs[a] | self.needs[b])
        return refused

    def common(self, members: Array) -> tuple[Array, ...]:
        """The places all members of each group share, if anybody needs that, else all. members: (groups, members)."""
        needed = self.needs[members].any(axis=1)
        return tuple(np.where(needed, np.bitwise_and.reduce(word[members], axis=1), EVERYWHERE) for word in self.words)


@dataclass(frozen=True, slots=True)
class Stated(Constraint):
    """A ticket says what a rule requires; who does not is refused by all."""

    missing: Array

    def refuses(self, a: Index, b: Index) -> Array:
        refused: Array = self.missing[a] | self.missing[b]
        return refused
