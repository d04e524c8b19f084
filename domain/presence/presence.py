"""Who is connected: a port, answered by the leases of the instances that hold the sockets."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from domain.core.ids import UserId


class Presence(Protocol):
    """Sockets by user, over all instances. A socket counts while the lease of its instance lives.

    One heartbeat per instance keeps all its sockets alive; a killed instance's sockets stop counting when its lease
    lapses (10 s), with nobody cleaning up.
    """

    async def beat(self) -> bool:
        """Renews this instance's lease. False when it had lapsed or was lost: register the live sockets again."""
        ...

    async def add(self, sockets: Iterable[tuple[UserId, str]]) -> None:
        """Registers sockets (user, socket id) of this instance."""
        ...

    async def remove(self, user: UserId, socket: str) -> bool:
        """Takes one socket of this instance away; whether the user is still connected somewhere."""
        ...

    async def online(self, users: Sequence[UserId]) -> set[UserId]:
        """Those of the users who have a socket on a living instance."""
        ...

    async def leave(self) -> None:
        """Gives up this instance's lease (graceful stop)."""
        ...
