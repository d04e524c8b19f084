"""Tells the presence who is connected to this process, and the use cases who came and who is gone."""

from collections.abc import Awaitable, Callable

from loguru import logger

from domain.core.errors import AppError, Unavailable
from domain.core.ids import UserId
from domain.presence.presence import Presence

BEAT_S = 3.0

Hook = Callable[[UserId], Awaitable[None]]


class Attendance:
    """The connections of this process in the presence: one entry for each, whatever namespaces it is in.

    on_back: called when a connection of the user is there. on_gone: when the user's last one anywhere is gone. Neither
    is repeated when it fails: the reconciling sweep compares presence and documents again.
    """

    def __init__(self, presence: Presence, *, on_back: Hook, on_gone: Hook) -> None:
        self._presence, self._on_back, self._on_gone = presence, on_back, on_gone
        self._here: dict[str, UserId] = {}

    async def arrived(self, user: UserId, socket: str) -> None:
        """A connection is there; raises `Unavailable` when nobody can be told."""
        self._here[socket] = user
        await self._presence.add([(user, socket)])
        await self._tell(self._on_back, user)

    async def left(self, user: UserId, socket: str) -> None:
        """A connection is gone."""
        self._here.pop(socket, None)
        try:
            connected = await self._presence.remove(user, socket)
        except Unavailable:
            return  # the next beat finds the lease lost and registers who is left
        if not connected:
            await self._tell(self._on_gone, user)

    async def beat(self) -> None:
        """To be called every `BEAT_S`: renews the lease, or registers everybody again when it was lost."""
        if not await self._presence.beat():
            await self._presence.add([(user, socket) for socket, user in self._here.items()])

    @staticmethod
    async def _tell(hook: Hook, user: UserId) -> None:
        try:
            await hook(user)
        except AppError as error:
            logger.bind(user=user).warning("presence is reconciled later: {}", error.message)
