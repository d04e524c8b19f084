"""Who is connected: a port, answered by the leases of the instances that hold the connections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.core.ids import UserId


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection of a user. since: when it came (Unix milliseconds). namespaces: those it is in."""

    id: str
    since: int
    namespaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """An instance's connections of one user. The first `admitted` of them count already, the others ask to."""

    connections: Sequence[Connection]
    admitted: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a holding: the first `kept` connections count now, besides so many `elsewhere`.

    The others are counted for those who come and those who go; of a user with nothing but admitted connections
    `elsewhere` says 0.
    """

    kept: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many connections an instance has, and how many of them are in each namespace."""

    connections: int
    namespaces: Mapping[str, int]


class Presence(Protocol):
    """Connections by user, over all instances. A connection counts while the lease of its instance lives.

    One heartbeat per instance keeps all its connections alive; a killed instance's connections stop counting when its
    lease lapses (10 s), with nobody cleaning up. An instance makes its calls of `beat` and `put` one after another.
    """

    async def beat(self, counts: Counts) -> bool:
        """Renews this instance's lease. False when it was lost and an empty one has begun: `put` everybody again."""
        ...

    async def put(self, holdings: Mapping[UserId, Holding], counts: Counts) -> dict[UserId, Standing] | None:
        """Says what this instance has of some users now, in place of what it had; None when the lease was lost.

        A user has at most so many connections over all instances; those that would be more are not kept. What asks
        first is admitted first, and what is admitted stays.
        """
        ...

    async def online(self, users: Sequence[UserId]) -> set[UserId]:
        """Those of the users who have a connection on a living instance."""
        ...

    async def sockets_of(self, user: UserId) -> dict[str, list[Connection]]:
        """The user's connections by living instance; instances without any are left out."""
        ...

    async def counts(self) -> dict[str, Counts]:
        """What each living instance said last: up to a beat old."""
        ...

    async def leave(self) -> None:
        """Gives up this instance's lease (graceful stop)."""
        ...

    async def lapsed(self) -> Mapping[str, Sequence[UserId]]:
        """The leases that have lapsed or were given up within 10 s, and whose connections hung on each."""
        ...

    async def forget(self, lease: str) -> None:
        """A lapsed lease is seen to."""
        ...
