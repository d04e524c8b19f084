"""How often somebody may guess at passwords."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from domain.core.errors import RateLimited
from domain.users.model import User
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

    A pause is told by the name that was typed, whether it is an account's or not. Behind it the account has one count
    for all its names, of which nobody is told: while it is paused, every password is wrong. If the pause of one name
    were told at another, it would give away that both belong to one account. Where its owner has logged in before, they
    have a count of their own: the guesses of strangers cannot keep them out.
    """

    def __init__(self, failures: Failures, config: ThrottleConfig) -> None:
        self._failures, self._config = failures, config

    async def attempt(self, name: str, user: User | None, address: str) -> bool:
        """To be called before a password is checked: whether it may be; otherwise it counts as wrong.

        name: as it was typed. user: whose it is. Raises `RateLimited`. For the account it counts as a failure until
        `succeeded`, because attempts race. Whether there is an account makes no difference to what is asked of Redis.
        """
        if self._config.address and (wait_ms := await self._failures.wait(_address_key(address), self._config.address)):
            raise RateLimited(wait_ms)
        if self._config.account is None:
            return True
        place = _place_key(name, user, address)
        if await self._failures.trusted(place):
            told, secret_ms = place, 0
        else:
            told = name_mark(name)
            secret_ms = await self._failures.count(_account_key(name, user), self._config.account)
        if wait_ms := await self._failures.count(told, self._config.account):
            raise RateLimited(wait_ms)
        return not secret_ms

    async def failed(self, address: str) -> None:
        """The password was wrong. Only now the address is charged: many players may share one, and log in at once."""
        if self._config.address:
            await self._failures.count(_address_key(address), self._config.address)

    async def succeeded(self, name: str, user: User | None, address: str) -> None:
        """The password was right: the failures that it was counted among are forgotten."""
        place = _place_key(name, user, address)
        trusted = await self._failures.trusted(place)
        for key in [place] if trusted else [name_mark(name), _account_key(name, user)]:
            await self._failures.forget(key)

    async def trust(self, user: User, address: str) -> None:
        """The account's owner was seen at this address. That holds until the password changes."""
        await self._failures.trust(_place_key("", user, address), TRUSTED_S)

    async def forgive(self, user: User) -> None:
        """The owner proved themselves otherwise: the failures of strangers are forgotten."""
        names = [name_mark(name) for name in (user.email, user.username) if name]
        for key in (_account_key("", user), *names):
            await self._failures.forget(key)


def name_mark(name: str) -> str:
    """What the key of a name has in it. Keys tell nobody who logs in where."""
    return f"name:{_digest(name_key(name))}"


def _account_key(name: str, user: User | None) -> str:
    return f"account:{user.id if user else _digest(name_key(name))}"


def _place_key(name: str, user: User | None, address: str) -> str:
    """With the hash of the password in it: another password knows no places any more."""
    secret = user.password_hash if user else None
    return f"{_account_key(name, user)}:{_digest(f'{secret} {address}')}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def _address_key(address: str) -> str:
    return f"address:{address}"
