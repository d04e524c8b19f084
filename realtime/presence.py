"""Tells the presence who is connected to this process, and the use cases who came and who is gone."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

from loguru import logger

from domain.core.clock import Clock
from domain.core.errors import AppError
from domain.core.ids import UserId
from domain.presence.presence import Connection, Counts, Holding, Presence, Standing
from realtime.engine import TooManyConnections

BEAT_S = 3.0
PARTING_S = 5.0
"""How long a stop waits for the use cases; the sweep finds whom they have not heard of by then."""

AT_ONCE = 250
"""Users told of in one call."""

GATHER_S = 0.02
"""Between two calls: a call for one user costs ten times as much as a place in a call for many."""


class Hook(Protocol):
    """A use case that wants to know who came or went."""

    async def __call__(self, *users: UserId) -> None: ...


def together(*hooks: Hook) -> Hook:
    """Calls all the hooks, and fails as the first of them that does."""

    async def call(*users: UserId) -> None:
        for outcome in await asyncio.gather(*(hook(*users) for hook in hooks), return_exceptions=True):
            if outcome is not None:
                raise outcome

    return call


@dataclass(slots=True, eq=False)
class _Newcomer:
    """A connection that is not admitted yet. waiters: one for each of its namespaces."""

    user: UserId
    waiters: list[asyncio.Future[None]] = field(default_factory=list)


class Attendance:
    """The connections of this process in the presence: one entry for each, whatever namespaces it is in.

    The first to come or go is told of at once, those that follow soon after together. Arrivals wait for the answer,
    departures do not. A connection's further namespaces are told with whatever is told next, or by the next beat.

    on_back: called when connections of the users are there, and when they count again after the lease was lost.
    on_gone: when the users' last ones anywhere are gone. Calls come one after another, so that of a user's comings and
    goings the last is heard last. None is repeated when it fails: the reconciling sweep compares presence and documents
    again.
    """

    def __init__(self, presence: Presence, clock: Clock, *, on_back: Hook, on_gone: Hook) -> None:
        self._presence, self._clock, self._on_back, self._on_gone = presence, clock, on_back, on_gone
        self._here: dict[UserId, list[Connection]] = {}
        self._newcomers: dict[str, _Newcomer] = {}
        self._changed: dict[UserId, None] = {}
        self._news: dict[UserId, Hook] = {}
        self._connections, self._namespaces = 0, Counter[str]()
        self._anew: set[UserId] = set()
        self._turn = asyncio.Lock()
        self._telling: asyncio.Task[None] | None = None
        self._passing_on: asyncio.Task[None] | None = None

    async def arrived(self, user: UserId, connection: str, namespace: str) -> None:
        """A connection is in a namespace. Raises `TooManyConnections`, or `Unavailable` when nobody can be told."""
        here = self._here.setdefault(user, [])
        if (place := self._place(user, connection)) is not None:
            here[place] = replace(here[place], namespaces=(*here[place].namespaces, namespace))
        else:
            here.append(Connection(connection, int(self._clock.now().timestamp() * 1000), (namespace,)))
            self._newcomers[connection] = _Newcomer(user)
            self._connections += 1
        self._namespaces[namespace] += 1
        self._changed[user] = None
        if newcomer := self._newcomers.get(connection):
            waiter = asyncio.get_running_loop().create_future()
            newcomer.waiters.append(waiter)
            self._tell_soon()
            await waiter

    def left(self, user: UserId, connection: str, namespace: str) -> None:
        """A connection has left a namespace; with its last it is gone. One that was turned away is gone already."""
        place = self._place(user, connection)
        if place is None:
            return
        known = self._here[user][place]
        if namespace not in known.namespaces:
            return
        if rest := tuple(other for other in known.namespaces if other != namespace):
            self._here[user][place] = replace(known, namespaces=rest)
        else:
            self._remove(user, place)
            self._newcomers.pop(connection, None)
            self._tell_soon()
        self._namespaces[namespace] -= 1
        self._changed[user] = None

    async def beat(self) -> None:
        """To be called every `BEAT_S`: renews the lease, or registers everybody again when it was lost."""
        async with self._turn:
            await self._renew()
            await self._tell_all()

    async def close(self) -> None:
        """Tells of everybody who left, and gives up the lease. Takes `PARTING_S`, and one call more, at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PARTING_S):
                while tasks := [task for task in (self._telling, self._passing_on) if task and not task.done()]:
                    await asyncio.wait(tasks)
        async with self._turn:
            await self._presence.leave()

    def _place(self, user: UserId, connection: str) -> int | None:
        return next((place for place, known in enumerate(self._here.get(user, ())) if known.id == connection), None)

    def _remove(self, user: UserId, place: int) -> None:
        here = self._here[user]
        del here[place]
        self._connections -= 1
        if not here:
            del self._here[user]

    # To the presence.

    def _tell_soon(self) -> None:
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_in_turn(), name="presence")

    async def _tell_in_turn(self) -> None:
        try:
            while self._changed:
                async with self._turn:
                    await self._tell_all()
                await asyncio.sleep(GATHER_S)
        except AppError as error:
            logger.warning("presence is told later: {}", error.message)  # by the next beat
        except Exception:
            logger.exception("presence could not be told")

    async def _tell_all(self) -> None:
        """Tells what has changed by now; when that fails, those who wait are turned away."""
        try:
            for left in range(len(self._changed), 0, -AT_ONCE):
                await self._tell(list(islice(self._changed, min(left, AT_ONCE))))
        except Exception as error:
            for connection in list(self._newcomers):
                self._turn_away(connection, error)
            raise

    async def _tell(self, users: Sequence[UserId]) -> None:
        holdings = {user: self._holding(user) for user in users}
        for user in users:
            del self._changed[user]
        standings = None
        try:
            standings = await self._presence.put(holdings, self._counts())
        finally:
            if standings is None:
                self._changed |= dict.fromkeys(users)
        if standings is None:
            await self._renew()
            return
        for user, standing in standings.items():
            self._settle(user, holdings[user], standing)

    async def _renew(self) -> None:
        if not await self._presence.beat(self._counts()):
            self._changed |= dict.fromkeys(self._here)
            self._anew.update(self._here)
            self._tell_soon()

    def _holding(self, user: UserId) -> Holding:
        here = tuple(self._here.get(user, ()))
        return Holding(here, sum(connection.id not in self._newcomers for connection in here))

    def _counts(self) -> Counts:
        return Counts(self._connections, dict(+self._namespaces))

    def _settle(self, user: UserId, holding: Holding, standing: Standing) -> None:
        if user in self._anew:
            self._anew.discard(user)
            if holding.connections:
                self._note(user, self._on_back)
        for place, connection in enumerate(holding.connections):
            if place < holding.admitted or connection.id not in self._newcomers:
                continue  # it was here before, or it is gone by now
            if place < standing.kept:
                for waiter in _unanswered(self._newcomers.pop(connection.id)):
                    waiter.set_result(None)
                self._note(user, self._on_back)
            else:
                self._turn_away(connection.id, TooManyConnections())
        if not holding.connections and not standing.elsewhere:
            self._note(user, self._on_gone)

    def _turn_away(self, connection: str, error: Exception) -> None:
        newcomer = self._newcomers.pop(connection)
        if (place := self._place(newcomer.user, connection)) is not None:
            self._namespaces.subtract(self._here[newcomer.user][place].namespaces)
            self._remove(newcomer.user, place)
        for waiter in _unanswered(newcomer):
            waiter.set_exception(error)

    # To the use cases.

    def _note(self, user: UserId, hook: Hook) -> None:
        self._news[user] = hook
        if self._passing_on is None or self._passing_on.done():
            self._passing_on = asyncio.create_task(self._pass_on(), name="comings and goings")

    async def _pass_on(self) -> None:
        while self._news:
            news = {user: self._news.pop(user) for user in list(islice(self._news, AT_ONCE))}
            for hook in (self._on_gone, self._on_back):
                if users := [user for user in news if news[user] == hook]:
                    await self._call(hook, users)

    @staticmethod
    async def _call(hook: Hook, users: Sequence[UserId]) -> None:
        try:
            await hook(*users)
        except AppError as error:
            logger.warning("presence is reconciled later: {}", error.message)
        except Exception:
            logger.exception("who came or went could not be told")


def _unanswered(newcomer: _Newcomer) -> list[asyncio.Future[None]]:
    return [waiter for waiter in newcomer.waiters if not waiter.done()]
