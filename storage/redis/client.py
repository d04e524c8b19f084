"""The client of Redis, or for `memory://` of a Redis inside this process, and the one way it fails."""

import asyncio
import random
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from fakeredis import FakeServer
from fakeredis.aioredis import FakeAsyncRedisConnection
from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.commands.core import AsyncScript

from domain.core.errors import Unavailable

MAX_CONNECTIONS = 50
HEALTH_CHECK_S = 30

OUTAGES = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
)
"""Redis is away, loading its data, full, or a replica that was not yet promoted. A retry may help."""

CANNOT_NOW = ("MISCONF", "BUSY", "NOREPLICAS", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN")
"""Errors by which a Redis says that it cannot serve now, and for which redis-py has no class."""

REFUSALS = (exceptions.AuthenticationError, exceptions.AuthorizationError)
"""Wrong credentials, which redis-py counts among the connection errors. No retry helps."""


class Client(Redis):
    """A client whose commands are retried through an outage until `timeout_s`, and then raise `Unavailable`.

    A command whose answer was lost is sent again, so every script must bear to run twice; each says how it does.
    Scripts and single commands only: a pipeline would bypass this.

    Who keeps a connection of their own, as for a subscription, ask `node_of` which node serves a key (or a sharded
    channel) and `connect` for a line to it. When it answers MOVED, `relearn` first and ask `node_of` anew.
    """

    clustered = False
    """Whether keys are spread over several nodes, and sharded pub/sub is what stays on one of them."""

    def __init__(self, pool: BlockingConnectionPool, *, timeout_s: float) -> None:
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self.timeout_s = timeout_s

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Sends one command and returns its parsed answer."""
        outage: Exception | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(self.timeout_s):
                for failures in count(1):
                    try:
                        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
                    except REFUSALS:
                        raise
                    except OUTAGES as error:
                        outage = error
                    except exceptions.ResponseError as error:
                        if not str(error).startswith(CANNOT_NOW):
                            raise
                        outage = error
                    await asyncio.sleep(jitter(failures))
        raise Unavailable("The server's Redis does not answer in time.") from outage

    def node_of(self, key: str) -> str:
        """The name of the node that serves a key: `host:port` in a cluster, else the same for all keys."""
        return ""

    async def relearn(self) -> None:
        """Asks anew which node serves what; raises one of `OUTAGES` when none can tell."""

    async def connect(self, node: str) -> AbstractConnection:
        """A new, authenticated connection to a node, which the caller disconnects.

        Raises one of `OUTAGES` (`REFUSALS` among them), or `TimeoutError` after `timeout_s`.
        """
        pool: Any = self.connection_pool
        connection: AbstractConnection = pool.make_connection()  # the pool does not count it among its own
        try:
            async with asyncio.timeout(self.timeout_s):
                await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection


def open_redis(url: str, *, timeout_s: float) -> Client:
    """A client for `redis://...`, `rediss://...`, or `memory://` (a fresh, empty Redis that dies with the client).

    It connects when it is first used. `await client.aclose()` lets go of every connection.
    """
    settings: dict[str, Any] = {
        "max_connections": MAX_CONNECTIONS,
        "timeout": timeout_s,  # of the wait for a free connection
        "protocol": 2,  # RESP3 brings nothing we use, and maintenance notifications that we do not
        # `Client` has the deadline. A second one here would go through asyncio.wait_for, which on Python 3.11 swallows
        # a cancellation that comes as it ends, and with it the first.
        "socket_timeout": None,
    }
    if url.startswith("memory:"):
        pool = BlockingConnectionPool(connection_class=FakeAsyncRedisConnection, server=FakeServer((7,)), **settings)
    else:
        settings |= {"socket_connect_timeout": timeout_s, "health_check_interval": HEALTH_CHECK_S}
        pool = BlockingConnectionPool.from_url(url, **settings)
    return Client(pool, timeout_s=timeout_s)


def load_script(redis: Client, name: str) -> AsyncScript:
    """The Lua script `lua/<name>.lua`, called by its hash and loaded into Redis when it is missing there."""
    return redis.register_script((Path(__file__).parent / "lua" / f"{name}.lua").read_text())


def jitter(failures: int) -> float:
    """Seconds to wait after so many failures in a row: anything up to a bound that doubles, at most half a second."""
    return random.uniform(0, min(0.5, 0.02 * 2 ** min(failures, 10)))


def unix_ms(moment: datetime) -> int:
    """Milliseconds since 1970, as scores and arguments of scripts."""
    return round(moment.timestamp() * 1000)
