"""Connections to the master that sentinels name."""

from collections.abc import Sequence
from typing import Any

from redis import exceptions
from redis.asyncio import BlockingConnectionPool, SSLConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    MasterNotFoundError,
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import NoBackoff


class Sentinels(Sentinel):
    """redis-py's sentinels, except that a failure tells in plain words why each was of no help.

    And none is lost when many ask at once (redis-py 8.1 swaps places that others have swapped meanwhile).
    """

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """The address of the master; raises `MasterNotFoundError`, which is one of the outages."""
        reasons = []
        for sentinel in [*self.sentinels]:
            try:
                masters: Any = await sentinel.sentinel_masters()
            except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
                reasons.append(str(error))
                continue
            state = masters.get(service_name)
            if state and self.check_master_state(state, service_name):
                self.sentinels.remove(sentinel)
                self.sentinels.insert(0, sentinel)  # who answers is asked first
                return state["ip"], state["port"]
            reasons.append("its master is down" if state else "a sentinel does not know it")
        raise MasterNotFoundError(f"no master of {service_name!r}: {'; '.join(reasons)}")


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
    manager = Sentinels(  # type: ignore[no-untyped-call]
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
