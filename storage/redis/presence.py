"""Presence in Redis. Its keys share the hash tag `{presence}`, so that one script may touch them all."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any
from uuid import uuid4

from domain.core.errors import Unavailable
from domain.core.ids import UserId
from domain.presence.presence import Presence
from storage.redis.client import Client, load_script

LEASES = "maoga:{presence}:leases"
LEASE_MS = 10_000
CHUNK = 1000


class RedisPresence(Presence):
    """The sockets of the instance `instance`, registered under a lease of its own making.

    All that an instance registered hangs on its lease and expires with it. A new lease begins with nothing, which is
    why `beat` then says False. So it does after any call that failed, as nobody knows how far that came. Adding and
    removing one socket may meet in either order: a removed socket stays removed. All runs twice without harm.
    """

    def __init__(self, redis: Client, instance: str) -> None:
        self._instance = instance
        self._script = load_script(redis, "presence")
        self._lease = self._new_lease()

    async def beat(self) -> bool:
        fresh = self._new_lease()
        if await self._run("beat", fresh):
            return True
        self._lease = fresh
        return False

    async def add(self, sockets: Iterable[tuple[UserId, str]]) -> None:
        pairs = iter(sockets)
        while chunk := list(islice(pairs, CHUNK)):
            await self._change("add", *(word for pair in chunk for word in pair))

    async def remove(self, user: UserId, socket: str) -> bool:
        return bool(await self._change("remove", user, socket))

    async def online(self, users: Sequence[UserId]) -> set[UserId]:
        found: set[UserId] = set()
        for start in range(0, len(users), CHUNK):
            chunk = users[start : start + CHUNK]
            answers = await self._run("online", *chunk)
            found.update(user for user, is_online in zip(chunk, answers, strict=True) if is_online)
        return found

    async def leave(self) -> None:
        await self._run("leave")
        self._lease = self._new_lease()

    def _new_lease(self) -> str:
        return f"{self._instance}:{uuid4().hex}"

    async def _change(self, command: str, *args: str) -> Any:
        try:
            return await self._run(command, *args)
        except Unavailable:
            self._lease = self._new_lease()
            raise

    async def _run(self, command: str, *args: str) -> Any:
        return await self._script(keys=[LEASES], args=(command, self._lease, LEASE_MS, *args))
