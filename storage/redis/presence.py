"""Presence in Redis. Its keys share the hash tag `{presence}`, so that one script may touch them all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any
from uuid import uuid4

import orjson

from domain.core.ids import UserId
from domain.presence.presence import Connection, Counts, Holding, Presence, Standing
from storage.redis.client import Client, load_script

LEASES = "maoga:{presence}:leases"
LEASE_MS = 10_000
CHUNK = 500
"""Users in one call of the script: about a millisecond of Redis' time."""


class RedisPresence(Presence):
    """The connections of the instance `instance`, registered under a lease of its own making.

    All that an instance registered hangs on its lease and goes with it. After a `put` that failed nobody knows what
    Redis has, so the lease is given up and the next beat begins another. Calls of `put` are numbered, and one that
    comes late, after its retry and what followed, changes nothing. All runs twice without harm.
    """

    def __init__(self, redis: Client, instance: str, *, connections_per_user: int = 0) -> None:
        """connections_per_user: over all instances; 0 for any number."""
        self._script = load_script(redis, "presence")
        self._instance, self._most = instance, connections_per_user
        self._lease, self._next = self._new_lease(), self._new_lease()
        self._is_sure, self._number = False, 0

    async def beat(self, counts: Counts) -> bool:
        renewed = await self._run("beat", self._next, int(self._is_sure), _packed(counts))
        if not renewed:
            self._lease, self._next, self._is_sure = self._next, self._new_lease(), True
        return bool(renewed)

    async def put(self, holdings: Mapping[UserId, Holding], counts: Counts) -> dict[UserId, Standing] | None:
        standings: dict[UserId, Standing] = {}
        rest = iter(holdings.items())
        while chunk := dict(islice(rest, CHUNK)):
            answers = await self._put(chunk, counts) if self._is_sure else None
            if answers is None:
                self._is_sure = False
                return None
            standings.update(zip(chunk, map(Standing, answers[::2], answers[1::2]), strict=True))
        return standings

    async def online(self, users: Sequence[UserId]) -> set[UserId]:
        found: set[UserId] = set()
        for start in range(0, len(users), CHUNK):
            chunk = users[start : start + CHUNK]
            answers = await self._run("online", *chunk)
            found.update(user for user, is_online in zip(chunk, answers, strict=True) if is_online)
        return found

    async def sockets_of(self, user: UserId) -> dict[str, list[Connection]]:
        return {
            instance: [_connection(line) for line in lines.decode().split("\n")]
            for instance, lines in _by_instance(await self._run("sockets", user))
        }

    async def counts(self) -> dict[str, Counts]:
        return {
            instance: Counts(**orjson.loads(counts)) for instance, counts in _by_instance(await self._run("counts"))
        }

    async def leave(self) -> None:
        await self._run("leave")
        self._is_sure = False

    async def lapsed(self) -> dict[str, list[UserId]]:
        return {
            lease.decode(): [UserId(user.decode()) for user in users]
            for lease, users in _pairs(await self._run("lapsed"))
        }

    async def forget(self, lease: str) -> None:
        await self._run("forget", lease)

    def _new_lease(self) -> str:
        return f"{self._instance}:{uuid4().hex}"

    async def _put(self, holdings: Mapping[UserId, Holding], counts: Counts) -> list[int] | None:
        self._number += 1
        packed = orjson.dumps(
            [(user, holding.admitted, [*map(_line, holding.connections)]) for user, holding in holdings.items()]
        )
        try:
            answers: list[int] | None = await self._run("put", self._number, self._most, _packed(counts), packed)
        except BaseException:
            self._is_sure = False
            raise
        return answers

    async def _run(self, command: str, *args: str | int | bytes) -> Any:
        return await self._script(keys=[LEASES], args=(command, self._lease, LEASE_MS, *args))


def _line(connection: Connection) -> str:
    return f"{connection.id} {connection.since} {','.join(connection.namespaces)}"


def _connection(line: str) -> Connection:
    id, since, namespaces = line.split(" ")
    return Connection(id, int(since), tuple(namespaces.split(",")))


def _packed(counts: Counts) -> bytes:
    return orjson.dumps(asdict(counts))


def _by_instance(answer: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Pairs of instance and value, from leases and values."""
    for lease, value in _pairs(answer):
        yield lease.decode().partition(":")[0], value


def _pairs(answer: list[Any]) -> Iterator[tuple[bytes, Any]]:
    return zip(answer[::2], answer[1::2], strict=True)
