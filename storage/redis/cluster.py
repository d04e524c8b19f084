"""The client of a Redis Cluster. redis-py has one, too, but that one fails where this must not:

its pools refuse the next caller instead of letting it wait, it sends ASKING over any connection, closes those of others
at every fifth MOVED, and learns nothing from a node that is frozen.
"""

import asyncio
import random
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from redis import exceptions
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from storage.redis.client import ATTEMPTS, OUTAGES, Client

PACE_S = 0.1
"""The least between two questions for the layout while commands fail."""


class ClusterClient(Client):
    """Sends a command to the node that serves its key, and asks for the layout again when that goes wrong.

    A command's key is its first argument, a script's its first key. PING goes to every master.
    """

    clustered = True

    def __init__(self, seeds: Iterable[tuple[str, int]], settings: dict[str, Any], *, timeout_s: float) -> None:
        self._settings = settings
        self._seeds = [_name(*address) for address in seeds]
        self._nodes: dict[str, Redis] = {}
        self._known: set[str] = set()  # every node of the layout, replicas too
        self._slots: list[str | None] = []  # the master of each slot; empty until the layout is known
        self._learning = asyncio.Lock()
        self._doubts: asyncio.Task[None] | None = None
        self._suspect = ""  # the node that failed last, asked after the others
        attempt_s = timeout_s / ATTEMPTS
        self._ask_s = attempt_s / 2  # how long one node may take to tell the layout
        super().__init__(self._pool_of(self._seeds[0]), timeout_s=timeout_s, attempt_s=attempt_s)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Lets go of every connection to every node."""
        if self._doubts:
            self._doubts.cancel()
            await asyncio.wait([self._doubts])
        await self._drop(self._nodes)
        await super().aclose(close_connection_pool)

    async def masters(self) -> Sequence[Redis]:
        await self._learn_first()
        return [self._client(node) for node in sorted(set(filter(None, self._slots)))]

    def node_of(self, key: str | bytes) -> str:
        slot = key_slot(key.encode() if isinstance(key, str) else key)
        node = self._slots[slot] if self._slots else None
        if node is None:
            self._doubt("")
            raise exceptions.ClusterDownError(f"no node is known to serve slot {slot}")
        return node

    async def relearn(self) -> None:
        """As `Client` says. Those who wait for another's question share its answer."""
        seen = self._slots
        async with self._learning:
            if self._slots is seen:
                await self._learn()

    async def connect(self, node: str) -> AbstractConnection:
        try:
            return await super().connect(node)
        except (*OUTAGES, TimeoutError):
            self._doubt(node)
            raise

    async def _send(self, *args: Any, **options: Any) -> Any:
        if args[0] == "PING":
            await asyncio.gather(*(_run(master, "PING") for master in await self.masters()))
            return True
        await self._learn_first()
        node = self.node_of(args[3] if args[0] in {"EVAL", "EVALSHA"} else args[1])
        try:
            return await _run(self._client(node), *args, **options)
        except exceptions.MovedError as moved:
            self._slots[moved.slot_id] = _name(moved.host or _host(node), moved.port)
            self._doubt(node)
            raise
        except exceptions.AskError as ask:  # the slot is on its way, and this key is there already
            target = self._client(_name(ask.host or _host(node), ask.port))
            async with Redis(connection_pool=target.connection_pool, single_connection_client=True) as line:
                await _run(line, "ASKING")
                return await _run(line, *args, **options)
        except (*OUTAGES, asyncio.CancelledError):  # cancelled, that is by a deadline: the node may be frozen
            self._doubt(node)
            raise

    async def _learn_first(self) -> None:
        if not self._slots:
            await self.relearn()

    def _doubt(self, node: str) -> None:
        """Learns anew in the background, so that the commands of healthy nodes need not wait."""
        self._suspect = node
        if self._doubts is None or self._doubts.done():
            self._doubts = asyncio.create_task(self._relearn_quietly())

    async def _relearn_quietly(self) -> None:
        with suppress(exceptions.RedisError):
            await self.relearn()
        await asyncio.sleep(PACE_S)

    async def _learn(self) -> None:
        """Asks one node after another for the layout; raises what the last one failed with when none can tell."""
        failure: Exception = exceptions.ClusterDownError("no node knows who serves what")
        known, seeds = (random.sample(nodes, len(nodes)) for nodes in (sorted(self._known), self._seeds))
        for node in [*sorted(known, key=lambda node: node == self._suspect), *seeds]:
            try:
                async with asyncio.timeout(self._ask_s):
                    ranges = await _run(self._client(node), "CLUSTER", "SLOTS")
            except exceptions.RedisError as error:
                failure = error
                continue
            except TimeoutError:
                failure = exceptions.TimeoutError(f"{node} does not tell the layout of the cluster")
                continue
            if ranges:
                await self._adopt(ranges, _host(node))
                return
        raise failure

    async def _adopt(self, ranges: list[Any], asked: str) -> None:
        """Takes over a layout: ranges of first slot, last slot, master, replica ..., a node being host, port, more."""
        slots: list[str | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        known: set[str] = set()
        for first, last, *nodes in ranges:
            names = [_name(host.decode() if host else asked, port) for host, port, *_ in nodes]  # no host: its own
            slots[first : last + 1] = [names[0]] * (last + 1 - first)
            known.update(names)
        self._slots, self._known = slots, known
        await self._drop(self._nodes.keys() - set(slots))

    async def _drop(self, nodes: Iterable[str]) -> None:
        for client in [self._nodes.pop(node) for node in list(nodes)]:
            with suppress(exceptions.RedisError, OSError):
                await client.aclose()

    def _client(self, node: str) -> Redis:
        if node not in self._nodes:
            self._nodes[node] = Redis.from_pool(self._make_pool(node))
        return self._nodes[node]

    def _pool_of(self, node: str) -> ConnectionPool:
        return self._client(node).connection_pool

    def _make_pool(self, node: str) -> BlockingConnectionPool:
        host, _, port = node.rpartition(":")
        return BlockingConnectionPool(**self._settings, host=host, port=int(port))


async def _run(redis: Redis, *args: Any, **options: Any) -> Any:
    return await redis.execute_command(*args, **options)  # type: ignore[no-untyped-call]


def _name(host: str, port: int) -> str:
    return f"{host}:{port}"


def _host(node: str) -> str:
    return node.rpartition(":")[0]
