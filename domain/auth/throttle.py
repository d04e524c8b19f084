"""How often somebody may guess at passwords."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from domain.core.errors import RateLimited
from domain.users.names import name_key

TRUSTED_S = 30 * 86_400
"""How long the place of a login is known to belong to the account's owner."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """The last of `after` failures begins a pause of `first_s` seconds; each further one doubles it, up to `most_s`.

    Failures are forgotten `most_s` after the last of them, or after its pause.
    """

    after: int
    first_s: float
    most_s: float


class Failures(Protocol):
    """Counts failures by key, for all instances."""

    async def count(self, key: str, pauses: Pauses) -> int:
        """Counts one; 0, or the milliseconds that are left of a pause, in which nothing is counted."""
        ...

    async def wait(self, key: str, pauses: Pauses) -> int:
        """The milliseconds that are left of a pause, or 0."""
        ...

    async def forget(self, key: str) -> None:
        """Forgets the failures under the key."""
        ...

    async def trust(self, key: str, for_s: int) -> None:
        """Marks the key for so many seconds."""
        ...

    async def trusted(self, key: str) -> bool:
        """Whether the key is marked."""
        ...


@dataclass(frozen=True, slots=True)
class ThrottleConfig:
    """account, address: pauses after failed logins of one account and from one address; None for none."""

    account: Pauses | None
    address: Pauses | None


class LoginThrottle:
    """Pauses after failed logins: per account, and per address whatever the account.

    An account is known by the credential typed, so that one that does not exist is throttled just the same. Where its
    owner has logged in before, they have a count of their own: the guesses of strangers cannot keep them out.
    """

    def __init__(self, failures: Failures, config: ThrottleConfig) -> None:
        self._failures, self._config = failures, config

    async def attempt(self, credential: str, address: str) -> None:
        """To be called before a password is checked; raises `RateLimited`.

        For the account it counts as a failure until `succeeded`, because attempts race.
        """
        wait_ms = 0
        if self._config.address:
            wait_ms = await self._failures.wait(_address_key(address), self._config.address)
        if self._config.account and not wait_ms:
            wait_ms = await self._failures.count(await self._account_key(credential, address), self._config.account)
        if wait_ms:
            raise RateLimited(wait_ms)

    async def failed(self, address: str) -> None:
        """The password was wrong. Only now the address is charged: many players may share one, and log in at once."""
        if self._config.address:
            await self._failures.count(_address_key(address), self._config.address)

    async def succeeded(self, credential: str, address: str) -> None:
        """The password was right: the failures that it was counted among are forgotten."""
        await self._failures.forget(await self._account_key(credential, address))

    async def trust(self, credential: str, address: str) -> None:
        """The account's owner was seen at this address."""
        await self._failures.trust(_owner_key(credential, address), TRUSTED_S)

    async def forgive(self, credential: str) -> None:
        """The owner proved themselves otherwise: the failures of strangers are forgotten."""
        await self._failures.forget(account_key(credential))

    async def _account_key(self, credential: str, address: str) -> str:
        """Where attempts at this account from this address are counted."""
        owner = _owner_key(credential, address)
        return owner if await self._failures.trusted(owner) else account_key(credential)


def account_key(credential: str) -> str:
    """What all keys of an account that is known by the credential begin with."""
    return f"account:{_digest(name_key(credential))}"


def _owner_key(credential: str, address: str) -> str:
    return f"{account_key(credential)}:{_digest(f'{name_key(credential)} {address}')}"


def _digest(text: str) -> str:
    """Keys tell nobody who logs in where."""
    return sha256(text.encode()).hexdigest()[:32]


def _address_key(address: str) -> str:
    return f"address:{address}"
