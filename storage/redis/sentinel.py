"""Connections to the master that sentinels name."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool, SSLConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import NoBackoff


class SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """A pool that asks for the master before each new connection; a caller waits for a free one.

    Once the sentinels name another master, idle connections are closed, and one in use when it says READONLY.
    """

    async def aclose(self) -> None:
        """Lets go of the master and of the sentinels."""
        await super().aclose()
        await self.sentinel_manager.aclose()


def sentinel_pool(
    sentinels: Sequence[tuple[str, int]], service: str, settings: dict[str, Any], *, auth: dict[str, str], ask_s: float
) -> SentinelPool:
    """A pool of connections to the master of `service`.

    settings: of a connection to a server; sentinels share those of TLS. auth: `username` and `password` for the
    sentinels. ask_s: seconds a sentinel may take before the next one is asked.
    """
    tls = settings.get("connection_class") is SSLConnection
    manager = Sentinel(  # type: ignore[no-untyped-call]
        sentinels,
        sentinel_kwargs={
            "socket_timeout": ask_s,
            "socket_connect_timeout": ask_s,
            "protocol": 2,
            "retry": Retry(NoBackoff(), 0),  # the next sentinel is the retry
            "ssl": tls,
            **{name: value for name, value in settings.items() if name.startswith("ssl_")},
            **auth,
        },
    )
    connection_class = SentinelManagedSSLConnection if tls else SentinelManagedConnection
    settings = settings | {"connection_class": connection_class}
    return SentinelPool(service, manager, **settings)  # type: ignore[no-untyped-call]
