"""Accounts that their users delete: at first so that they can come back, and for good after some days."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Protocol

from domain.audit.audit import Audit
from domain.audit.model import SERVER, Actor
from domain.auth.model import SESSIONS
from domain.auth.throttle import name_mark
from domain.core.cache import Cache
from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Collection, Database, Delete, StorageConflict, Update
from domain.core.errors import Conflict
from domain.core.ids import UserId
from domain.core.isolation import Report
from domain.core.model import Document
from domain.core.retries import RETRIES, pause
from domain.jobs.jobs import Jobs
from domain.jobs.model import Job
from domain.lobbies.model import SEATS
from domain.parties.model import PARTY_SEATS
from domain.privacy.anonymity import traces_of
from domain.privacy.holdings import HOLDINGS, Holding, pages
from domain.reports.enforcement import AGAIN_S, ENFORCE_JOB
from domain.users.model import USERS, User, user_tag

ERASURE_JOB = "privacy_erase"
GUESTS_JOB = "privacy_guests"
Step = Callable[[UserId], Awaitable[None]]
"""Erases what one feature keeps of a user in its own way. Idempotent."""


class Traces(Protocol):
    """What is hot and rebuildable of users: a port."""

    async def forget(self, marks: Sequence[str]) -> None:
        """Nothing is left whose name has one of the marks in it. Raises `errors.Unavailable`."""
        ...


class Departures:
    """The use cases of deleting and erasing accounts.

    expel: ends what the user of a deleted account is doing; a job does it again. grace: in which a login brings such an
    account back. guests: how old those are that nobody can be any more when they go.
    """

    def __init__(
        self,
        *,
        database: Database,
        cache: Cache,
        expel: Step,
        jobs: Jobs,
        audit: Audit,
        clock: Clock,
        grace: timedelta,
        guests: timedelta,
        traces: Traces,
        steps: Sequence[Step],
        report: Report,
    ) -> None:
        self._database, self._cache = database, cache
        self._expel, self._jobs, self._report = expel, jobs, report
        self._audit, self._clock = audit, clock
        self._guests = guests
        self._grace, self._traces, self._steps = grace, traces, steps
        self._users, self._sessions = database.collection(USERS), database.collection(SESSIONS)

    async def delete(self, user: UserId, *, address: str | None = None) -> None:
        """Closes the account and ends its sessions; connections are cut and places given up, also after a crash.

        Deleting twice is deleting once. Raises `Conflict` when the account is changed in this very moment, or what is
        over of a sanction still stands on it: a sanction must not end by a deletion that is taken back.
        """
        now = self._clock.now()
        gone = _gone(now, erase_at=now + self._grace)
        entry = self._audit.entry("users.deleted", Actor(kind="user", id=user, address=address), f"user:{user}")
        again = self._jobs.new(ENFORCE_JOB, {"userId": user}, at=now + seconds(AGAIN_S))
        try:
            await self._database.commit(Update(USERS, user, gone, expect={"status": "active"}), entry, again)
        except StorageConflict:
            account = await self._users.get(user)
            if account and account.status != "deleted":
                raise Conflict from None
            return  # it is closed already
        await self._cache.invalidate(user_tag(user))
        try:
            await self._expel(user)
        except Exception as failure:
            self._report(f"deletion of {user}", failure)

    async def close_guests(self, _: Job) -> None:
        """Closes the guests whose only session is over, so that the next erasure takes them. A job does it; idempotent.

        A guest has nothing to log in with: nobody can be them again.
        """
        now = self._clock.now()
        async for guests in pages(self._database, USERS, {"status": "active", "guest": True}):
            old = [guest for guest in guests if guest.created_at <= now - self._guests]
            for guest in await self._unreachable(old, now):
                closing = Update(USERS, guest.id, _gone(now, erase_at=now), expect={"version": guest.version})
                with suppress(StorageConflict):  # another attempt was quicker
                    await self._database.commit(closing, self._audit.entry("users.deleted", SERVER, f"user:{guest.id}"))
            if len(old) < len(guests):  # ids are in the order of time
                return

    async def _unreachable(self, guests: Sequence[User], now: datetime) -> list[User]:
        """Those of the guests whose session is over. A guest never has another one."""
        ids = [guest.id for guest in guests]
        sessions = await self._sessions.find({"user_id": {"$in": ids}}, limit=max(1, len(ids)))
        here = {session.user_id for session in sessions if session.revoked_at is None and session.expires_at > now}
        return [guest for guest in guests if guest.id not in here]

    async def erase_due(self, _: Job) -> None:
        """Erases the accounts whose days of grace are over. A job does it; each attempt goes on where one ended."""
        due = {"status": "deleted", "erase_at": {"$lte": self._clock.now()}}
        async for found in pages(self._database, USERS, due):
            if users := await self._parted(found):
                await self._erase(users)

    async def _parted(self, users: Sequence[User]) -> list[User]:
        """Those of the users who have no place in a lobby, a search or a party any more; the others come later."""
        ids = [user.id for user in users]
        seats = await self._database.collection(SEATS).get_many(ids)
        party_seats = await self._database.collection(PARTY_SEATS).get_many(ids)
        return [user for user in users if user.id not in seats and user.id not in party_seats]

    async def _erase(self, users: Sequence[User]) -> None:
        """The accounts go last, so that what an attempt leaves the next one finds."""
        for user in users:
            for step in self._steps:
                await step(UserId(user.id))
        for holding in HOLDINGS:
            if holding.spec is not USERS:
                await self._clean(holding, users)
        await self._traces.forget([mark for user in users for mark in _marks(user)])
        for user in users:
            tombstone = self._audit.entry("users.erased", SERVER)
            with suppress(StorageConflict):  # another attempt was quicker
                await self._database.commit(Delete(USERS, user.id), tombstone)

    async def _clean(self, holding: Holding[Any], users: Sequence[User]) -> None:
        """Takes the users out of one kind of document: first what an index finds, then what only a look does."""
        for user in users:
            filter = holding.for_erasure(UserId(user.id))
            if filter is not None:
                async for page in pages(self._database, holding.spec, filter):
                    for document in page:
                        await self._take_out(holding, document, user)
        if holding.scattered:
            traces = [(user, traces_of(user)) for user in users]
            async for page in pages(self._database, holding.spec, {}):
                for document in page:
                    text = document.model_dump_json()
                    for user, trace in traces:
                        if trace.search(text):
                            await self._take_out(holding, document, user)

    async def _take_out(self, holding: Holding[Any], document: Document, user: User) -> None:
        """Deletes the document, or stores it without the user; raises `Conflict` when it never holds still."""
        collection: Collection[Any] = self._database.collection(holding.spec)
        found: Document | None = document
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            if attempt:
                found = await collection.get(document.id)
            if found is None or not traces_of(user).search(found.model_dump_json()):
                return
            after = holding.erase(found, user)
            if await collection.replace(after) if after else await collection.delete(found.id):
                return
        raise Conflict


def _gone(now: datetime, *, erase_at: datetime) -> Changes:
    return {
        "$set": {"status": "deleted", "deleted_at": now, "erase_at": erase_at},
        "$inc": {"version": 1, "epoch": 1},  # no session of before comes back with the account
    }


def _marks(user: User) -> list[str]:
    """What stands in the names of what is hot of a user: the id, and the names as the throttle of logins has them."""
    return [user.id, *(name_mark(name) for name in (user.username, user.email) if name)]
