"""Leases: at most one holder at a time, for a bounded time. They save work; correctness never hangs on them."""

from typing import Protocol


class Leases(Protocol):
    """Named leases held by instances."""

    async def acquire(self, name: str, ttl_ms: int) -> bool:
        """Takes or renews the lease for this instance; False while another instance holds it."""
        ...

    async def release(self, name: str) -> None:
        """Gives the lease up if this instance holds it."""
        ...

    async def attend(self, name: str, ttl_ms: int) -> int:
        """Says that this instance takes part in something for so long; how many instances do. 0 ms: not any more."""
        ...
