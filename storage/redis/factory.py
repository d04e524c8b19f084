"""The client that a URL names."""

from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import parse_url

from storage.redis.client import ATTEMPTS, Client
from storage.redis.cluster import ClusterClient
from storage.redis.sentinel import sentinel_pool
from storage.redis.url import parse

HEALTH_CHECK_S = 30


def open_redis(url: str, *, timeout_s: float) -> Client:
    """A client for a URL as `url.FORMS` says; `memory://` is a fresh, empty Redis that dies with the client.

    It connects when it is first used. `await client.aclose()` lets go of every connection.
    Raises `ValueError` for any other URL.
    """
    place = parse(url)
    settings: dict[str, Any] = {
        "max_connections": Client.most,
        "timeout": timeout_s,  # of the wait for a free connection
        "protocol": 2,  # RESP3 brings nothing we use, and maintenance notifications that we do not
        # `Client` has the deadline. A second one here would go through asyncio.wait_for, which on Python 3.11 swallows
        # a cancellation that comes as it ends, and with it the first.
        "socket_timeout": None,
    }
    if place.kind == "memory":
        return Client(_embedded_pool(settings), timeout_s=timeout_s)
    settings |= {"socket_connect_timeout": timeout_s, "health_check_interval": HEALTH_CHECK_S}
    settings |= parse_url(place.server_url)
    if place.kind == "single":
        return Client(BlockingConnectionPool(**settings), timeout_s=timeout_s)
    del settings["host"], settings["port"]
    if place.kind == "cluster":
        return ClusterClient(place.hosts, settings, timeout_s=timeout_s)
    auth, attempt_s = dict(place.sentinel_auth), timeout_s / ATTEMPTS
    pool = sentinel_pool(place.hosts, place.service, settings, auth=auth, ask_s=attempt_s / 2)
    return Client(pool, timeout_s=timeout_s, attempt_s=attempt_s)


def _embedded_pool(settings: dict[str, Any]) -> BlockingConnectionPool:
    from fakeredis import FakeServer
    from fakeredis.aioredis import FakeAsyncRedisConnection

    return BlockingConnectionPool(connection_class=FakeAsyncRedisConnection, server=FakeServer((7,)), **settings)
