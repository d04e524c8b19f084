"""Requests that carry an `Idempotency-Key`: the work is done once, and a retry gets the answer of the first.

The entry is inserted before the work begins, so that of several requests with one key exactly one does the work, on
whatever instance. The answer is written after it. A crash between the two leaves an entry without an answer: after
`LEASE_S` a retry takes it over and does the work again. For those seconds the key keeps a retry out; beyond them it
promises no more than the use case itself does, which is why what must never happen twice has a unique key of its own
in the commit that does it (a seat, a `clientMessageId`).
"""

import hashlib
from dataclasses import dataclass

from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Database, Duplicate, Spec
from domain.core.errors import AppError, RateLimited
from domain.core.limits import Limit, RateLimits
from domain.core.model import Document, Timestamp

KEEP_S = 86_400.0
LEASE_S = 60.0
"""Longer than any request takes."""
RETRY_MS = 500

KEYS = Limit(1000, KEEP_S)
"""Of one user; so no more than twice as many answers of theirs are kept at a time. Machines are the studio's own."""


class KeyReused(AppError):
    """This `Idempotency-Key` came with another request before; take a new one."""

    code, status = "IDEMPOTENCY_KEY_REUSED", 409


class KeyInUse(AppError):
    """The first request with this `Idempotency-Key` is still being worked on; retry after `retryInMs`."""

    code, status, retry = "IDEMPOTENCY_KEY_IN_USE", 409, True

    def __init__(self, retry_in_ms: int) -> None:
        super().__init__(details={"retryInMs": retry_in_ms})


class KeyedRequest(Document):
    """A request that came with a key. Its id is a hash of who asked, what for, and the key.

    owner: the user, or the API key, whose request it is. fingerprint: of what was sent. version: counts the attempts;
    the last one has until `lease_until`, and it alone may write the answer. status, body: the answer, once there is
    one; body as JSON text.
    """

    owner: str
    fingerprint: str
    lease_until: Timestamp
    status: int | None = None
    body: str | None = None
    expires_at: Timestamp


KEYED_REQUESTS = Spec(name="keyed_requests", model=KeyedRequest, indexes=(("owner",),), expires="expires_at")


@dataclass(frozen=True, slots=True)
class Attempt:
    """The right to do the work of a keyed request. id, version: of the `KeyedRequest`."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Answered:
    """What the first request was answered. body: JSON, or None where there was none."""

    status: int
    body: str | None


class Idempotency:
    """Keeps answers under the keys of their requests."""

    def __init__(self, database: Database, limits: RateLimits, clock: Clock) -> None:
        self._requests, self._limits, self._clock = database.collection(KEYED_REQUESTS), limits, clock

    async def begin(self, owner: str, target: str, key: str, fingerprint: str) -> Attempt | Answered:
        """Begins a request, or finds what it was answered before.

        owner: who asks. target: what for, method and path. fingerprint: of what was sent. Raises `KeyReused` when the
        key came with something else, `KeyInUse` while another attempt is at work, or `RateLimited` for too many keys.
        """
        if owner.startswith("user:") and (wait_ms := await self._limits.take(f"keyed:{owner}", KEYS)):
            raise RateLimited(wait_ms)
        now = self._clock.now()
        fresh = KeyedRequest(
            id=hashlib.sha256(f"{owner}\n{target}\n{key}".encode()).hexdigest(),
            owner=owner,
            fingerprint=fingerprint,
            lease_until=now + seconds(LEASE_S),
            expires_at=now + seconds(KEEP_S),
        )
        try:
            await self._requests.insert(fresh)
        except Duplicate:
            return await self._again(fresh)
        return Attempt(fresh.id, fresh.version)

    async def _again(self, fresh: KeyedRequest) -> Attempt | Answered:
        """What is there already, as far as it is the same request."""
        found = await self._requests.get(fresh.id)
        if found is None:  # its day ended in this moment
            raise KeyInUse(RETRY_MS)
        if found.fingerprint != fresh.fingerprint:
            raise KeyReused
        if found.status is not None:
            return Answered(found.status, found.body)
        if self._clock.now() < found.lease_until:
            raise KeyInUse(RETRY_MS)
        taken: Changes = {"$set": {"lease_until": fresh.lease_until}, "$inc": {"version": 1}}
        if await self._requests.update(found.id, taken, expect={"version": found.version}) is None:
            raise KeyInUse(RETRY_MS)
        return Attempt(found.id, found.version + 1)

    async def finish(self, attempt: Attempt, status: int, body: str | None) -> None:
        """Keeps the answer for the rest of the day, unless another attempt has taken over meanwhile."""
        answer = {"status": status, "body": body} if body is not None else {"status": status}
        await self._requests.update(attempt.id, {"$set": answer}, expect={"version": attempt.version})

    async def give_up(self, attempt: Attempt) -> None:
        """Lets the next retry do the work: this attempt came to nothing, or nobody knows what it came to."""
        now = {"$set": {"lease_until": self._clock.now()}}
        await self._requests.update(attempt.id, now, expect={"version": attempt.version})
