"""How often somebody may guess at passwords."""

from hashlib import sha256

from domain.core.errors import RateLimited
from domain.core.limits import Limit, RateLimits
from domain.users.names import name_key

ATTEMPT_COST = 1
FAILURE_COST = 20
"""An address is charged for attempts because they race, but mostly for failures: many players may share one."""

ADDRESS_FACTOR = 10
"""Failures an address has, as a multiple of an account's."""


class LoginThrottle:
    """At most `attempts` failed logins per account in `window_s` seconds, and ten times that per address.

    An account is known by the credential typed, so that one that does not exist is throttled just the same.
    """

    def __init__(self, limits: RateLimits, attempts: int, window_s: float) -> None:
        self._limits = limits
        self._per_account = Limit(attempts, window_s)
        self._per_address = Limit(attempts * ADDRESS_FACTOR * FAILURE_COST, window_s)

    async def attempt(self, credential: str, address: str) -> None:
        """Counts a login before its password is checked; raises `RateLimited`."""
        wait_ms = await self._limits.take(_address_key(address), self._per_address, ATTEMPT_COST)
        wait_ms = wait_ms or await self._limits.take(_account_key(credential), self._per_account)
        if wait_ms:
            raise RateLimited(wait_ms)

    async def failed(self, address: str) -> None:
        """The password was wrong."""
        await self._limits.take(_address_key(address), self._per_address, FAILURE_COST - ATTEMPT_COST)

    async def succeeded(self, credential: str) -> None:
        """The password was right: the account's failures are forgotten."""
        await self._limits.reset(_account_key(credential))


def _account_key(credential: str) -> str:
    return f"login:account:{sha256(name_key(credential).encode()).hexdigest()[:32]}"


def _address_key(address: str) -> str:
    return f"login:address:{address}"
