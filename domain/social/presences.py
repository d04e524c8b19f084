"""What players are doing, as others see it: found out when something has changed, and told to those who watch.

    a connection, a seat, a choice changes -> `changes`: a deadline a moment later, so that many changes are told once
    -> a worker finds out what these players are doing -> compares it with what was told last -> tells what is new

Nothing is asked of anybody with whom nothing happens.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.core.clock import Clock, seconds
from domain.core.collection import Database
from domain.core.deadlines import Deadlines, Kind
from domain.core.errors import AppError, Unavailable
from domain.core.events import Publisher, to
from domain.core.ids import UserId
from domain.core.index import may_lag
from domain.core.isolation import Report, isolated
from domain.presence.presence import Presence
from domain.presence.told import NEVER, LastTold, Reading, Told
from domain.social.blocks import Blocks
from domain.social.commands import MOST_WATCHED, SetStatus
from domain.social.events import PresenceChanged, presence_stream
from domain.social.friends import Friends
from domain.social.model import STATUSES, PresenceView, UserStatus, presence_view
from domain.social.privacy import Privacy
from domain.social.seen import OFFLINE_AFTER_S, Facts, Occupation, offline_at, seen

GATHER_S = 0.25
"""What changes within so long is told once."""


class WatchLimit(AppError):
    """One socket watches no more players; it may watch no longer whom it watches now."""

    code, status = "WATCH_LIMIT", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": MOST_WATCHED})


AT_ONCE = 250
CHANGE: Kind = "presence"


class Occupations(Protocol):
    """What players are busy with: a port, answered by the features that keep them busy."""

    async def of(self, users: Sequence[UserId]) -> Mapping[UserId, Occupation]:
        """What each of the users is busy with; who is not is missing."""
        ...

    async def companions(self, user: UserId) -> set[UserId]:
        """Who is in the same lobby or party as the user."""
        ...


@dataclass(frozen=True, slots=True)
class _Findings:
    """What players are doing now. parting: those whose last connection has just gone, and when they will be offline."""

    reading: Reading
    now: Mapping[UserId, Told]
    parting: Mapping[UserId, datetime]

    def news(self) -> dict[UserId, Told]:
        """What was not told yet."""
        return {user: told for user, told in self.now.items() if told != self.reading.last.get(user, NEVER)}


class Presences:
    """What players are doing, as others see it."""

    def __init__(
        self,
        *,
        database: Database,
        connections: Presence,
        occupations: Occupations,
        told: LastTold,
        changes: Deadlines,
        friends: Friends,
        blocks: Blocks,
        privacy: Privacy,
        publisher: Publisher,
        clock: Clock,
        report: Report,
    ) -> None:
        """changes: of the presence alone, so that many players who come at once keep no other deadline waiting."""
        self._connections, self._occupations, self._told, self._changes = connections, occupations, told, changes
        self._friends, self._blocks, self._privacy = friends, blocks, privacy
        self._publisher, self._clock, self._report = publisher, clock, report
        self._statuses = database.collection(STATUSES)

    # What changes.

    async def moved(self, *users: UserId) -> None:
        """The users may be doing something else now."""
        await self._look_after(GATHER_S, users)

    async def gone(self, *users: UserId) -> None:
        """The users' last connections are gone; they may be back soon."""
        with may_lag():
            await self._told.gone(users, self._clock.now())
        await self._look_after(OFFLINE_AFTER_S, users)

    async def sweep(self) -> None:
        """Players whose instance was killed are looked at, now that its lease has lapsed."""
        for lease, users in (await self._connections.lapsed()).items():
            await self._changes.hasten(CHANGE, users, self._clock.now())
            await self._connections.forget(lease)

    async def set_status(self, user: UserId, command: SetStatus) -> PresenceView:
        """The user is there or away, and says something about it, on all devices and until it is changed."""
        await self._statuses.upsert(UserStatus(id=user, status=command.status, custom_status=command.custom_status))
        await self.moved(user)
        return (await self.of([user]))[0]

    # Who watches.

    async def visible_to(self, user: UserId, others: Collection[UserId]) -> set[UserId]:
        """Those of the others whose presence the user may watch: friends, who is in the same lobby or party, and self.

        Not who has blocked them or is blocked by them, nor who shows themselves to friends only and is none.
        """
        friends = await self._friends.among(user, others)
        rest = set(others) - friends - {user}
        near = (await self._occupations.companions(user)) & rest if rest else set()
        if near:
            settings = await self._privacy.of_many(near)
            apart = await self._blocks.apart(user, near)
            near = {other for other in near - apart if settings[other].presence == "everyone"}
        return (friends | near | {user}) & set(others)

    async def of(self, users: Sequence[UserId]) -> list[PresenceView]:
        """What the users are doing now, as others see it."""
        findings = await self._find(users)
        await self.moved(*findings.news())  # usually none: it may have been forgotten, or not been told yet
        return [presence_view(user, told) for user, told in findings.now.items()]

    # What a worker does.

    async def run(self) -> None:
        """Tells what has changed."""
        while due := await self._changes.due(self._clock.now(), AT_ONCE):
            users = [UserId(one.id) for one in due]
            try:
                await self._tell(users)
            except Unavailable:
                raise
            except Exception:  # one of whom it cannot be found out must not keep the others waiting
                for user in users:
                    await isolated(self._report, f"presence of {user}", self._tell([user]))
            await self._changes.done(*due)
            if len(due) < AT_ONCE:
                return

    async def _tell(self, users: Sequence[UserId]) -> None:
        findings = await self._find(users)
        if news := findings.news():
            latest = await self._told.tell(news, findings.reading.mark)
            events = [PresenceChanged(**presence_view(user, news[user]).model_dump()) for user in latest]
            await self._publisher.publish(*(to(presence_stream(event.user_id), event) for event in events))
        for user, at in findings.parting.items():
            await self._changes.hasten(CHANGE, [user], at)

    async def _find(self, users: Sequence[UserId]) -> _Findings:
        """What the users are doing. What was told last is read first, so that what is found out later counts more."""
        reading = await self._told.read(users)
        now = self._clock.now()
        online, busy, settings, chosen = await asyncio.gather(
            self._connections.online(users),
            self._occupations.of(users),
            self._privacy.of_many(users),
            self._statuses.get_many(users),
        )
        found: dict[UserId, Told] = {}
        parting: dict[UserId, datetime] = {}
        for user in users:
            last = reading.last.get(user, NEVER)
            facts = Facts(
                online=user in online,
                gone_at=reading.gone_at.get(user),
                busy=busy.get(user),
                chosen=chosen.get(user),
                hidden=settings[user].presence == "nobody",
            )
            found[user] = seen(facts, last, now)
            if at := offline_at(facts, last, now):
                parting[user] = at
        return _Findings(reading, found, parting)

    async def _look_after(self, delay_s: float, users: Sequence[UserId]) -> None:
        with may_lag():  # the next change of theirs is told all the same
            await self._changes.hasten(CHANGE, users, self._clock.now() + seconds(delay_s))
