"""The client of Redis, or for `memory://` of a Redis inside this process, and the one way it fails."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from hashlib import sha1
from itertools import count
from pathlib import Path
from typing import Any

from redis import exceptions
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection

from domain.core.errors import Unavailable
from domain.core.watch import UNWATCHED, StorageMetrics

OUTAGES = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
    exceptions.ClusterDownError,
    exceptions.MasterDownError,
    exceptions.TryAgainError,
    exceptions.AskError,  # and MOVED, which is one
)
"""Redis is away, loading its data, full, failing over or moving keys. A retry may help."""

CANNOT_NOW = ("MISCONF", "BUSY", "NOREPLICAS")
"""Errors by which a Redis says that it cannot serve now, and for which redis-py has no class."""

REFUSALS = (exceptions.AuthenticationError, exceptions.AuthorizationError)
"""Wrong credentials, which redis-py counts among the connection errors. No retry helps."""

ATTEMPTS = 3
"""How often at least a command is tried within its deadline, where another server may take over from a frozen one."""


SCRIPTS: dict[object, str] = {}
"""The names of the Lua scripts, by their texts and hashes."""


class Client(Redis):
    """A client whose commands are retried through an outage until `timeout_s`, and then raise `Unavailable`.

    A command whose answer was lost is sent again, so every script must bear to run twice; each says how it does.
    Scripts and single commands only: a pipeline would bypass this.

    Who keeps a connection of their own, as for a subscription, ask `node_of` which node serves a key (or a sharded
    channel) and `connect` for a line to it. When that breaks, `connect` again; when it answers MOVED, or tells that a
    sharded channel was unsubscribed, `relearn` first and ask `node_of` anew. A node that is silent for `attempt_s`
    should be given up: it may be frozen, and another serve by now.
    """

    most = 50
    """Connections to each server."""

    clustered = False
    """Whether keys are spread over several nodes, and sharded pub/sub is what stays on one of them."""

    def __init__(self, pool: ConnectionPool, *, timeout_s: float, attempt_s: float | None = None) -> None:
        """attempt_s: how long one attempt may take, if another server may have taken over meanwhile."""
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self.timeout_s = timeout_s
        self.metrics, self._under_way = UNWATCHED, 0
        self.attempt_s = attempt_s or timeout_s

    @property
    def used(self) -> int:
        """How many connections commands have now."""
        return min(self._under_way, self.most)

    @property
    def waiting(self) -> int:
        """How many commands wait for one."""
        return max(0, self._under_way - self.most)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Sends one command and returns its parsed answer."""
        self._under_way += 1
        try:
            async with measured(self.metrics, *args[:2]):
                return await self._insist(*args, **options)
        finally:
            self._under_way -= 1

    async def _insist(self, *args: Any, **options: Any) -> Any:
        outage: Exception | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(self.timeout_s):
                for failures in count(1):
                    try:
                        async with asyncio.timeout(self.attempt_s):
                            return await self._send(*args, **options)
                    except REFUSALS:
                        raise
                    except TimeoutError:
                        pass  # of this attempt
                    except OUTAGES as error:
                        outage = error
                    except exceptions.ResponseError as error:
                        if not str(error).startswith(CANNOT_NOW):
                            raise
                        outage = error
                    await asyncio.sleep(jitter(failures))
        raise Unavailable("The server's Redis does not answer in time.") from outage

    async def masters(self) -> Sequence[Redis]:
        """A client of each server that takes writes, for commands that concern servers, not keys."""
        return [self]

    def node_of(self, key: str) -> str:
        """The name of the node that serves a key: `host:port` in a cluster, else the same for all keys.

        Raises one of `OUTAGES` while that is unknown.
        """
        return ""

    async def relearn(self) -> None:
        """Asks anew which node serves what; raises one of `OUTAGES` when none can tell."""

    async def connect(self, node: str) -> AbstractConnection:
        """A new, authenticated connection to a node, which the caller disconnects.

        Raises one of `OUTAGES` (`REFUSALS` among them), or `TimeoutError` after `attempt_s`.
        """
        pool = self._pool_of(node)
        connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]  # not kept by the pool
        try:
            async with asyncio.timeout(self.attempt_s):
                await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _send(self, *args: Any, **options: Any) -> Any:
        """One attempt of a command."""
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def _pool_of(self, node: str) -> ConnectionPool:
        return self.connection_pool


@asynccontextmanager
async def measured(metrics: StorageMetrics, command: str, subject: object = None) -> AsyncIterator[None]:
    """Tells the metrics how long what is inside takes, and what it raises. subject: what follows the command."""
    began, failure = time.perf_counter(), None
    try:
        yield
    except BaseException as error:
        failure = error
        raise
    finally:
        metrics.commanded(SCRIPTS.get(subject, command), time.perf_counter() - began, failure)


class Script:
    """A Lua script, called by its hash and sent whole where that is unknown, as on a node that was just promoted."""

    def __init__(self, redis: Client, text: str, name: str = "script") -> None:
        self._redis = redis
        self._text = text
        self._hash = sha1(text.encode(), usedforsecurity=False).hexdigest()
        SCRIPTS[self._hash] = SCRIPTS[self._text] = name

    async def __call__(self, keys: Sequence[str], args: Iterable[str | bytes | int | float] = ()) -> Any:
        """Its result. In a cluster all keys must share a hash tag."""
        call = (len(keys), *keys, *args)
        try:
            return await self._redis.execute_command("EVALSHA", self._hash, *call)
        except exceptions.NoScriptError:
            return await self._redis.execute_command("EVAL", self._text, *call)


def load_script(redis: Client, name: str) -> Script:
    """The Lua script `lua/<name>.lua`."""
    return Script(redis, (Path(__file__).parent / "lua" / f"{name}.lua").read_text(), name)


def jitter(failures: int) -> float:
    """Seconds to wait after so many failures in a row: anything up to a bound that doubles, at most half a second."""
    return random.uniform(0, min(0.5, 0.02 * 2 ** min(failures, 10)))


def unix_ms(moment: datetime) -> int:
    """Milliseconds since 1970, as scores and arguments of scripts."""
    return round(moment.timestamp() * 1000)
