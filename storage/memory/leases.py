"""Leases where there is but one process: it holds whatever it asks for."""

from domain.core.leases import Leases


class SoleLeases(Leases):
    """The leases of an instance that is alone."""

    async def acquire(self, name: str, ttl_ms: int) -> bool:
        return True

    async def release(self, name: str) -> None:
        pass

    async def attend(self, name: str, ttl_ms: int) -> int:
        return 1
