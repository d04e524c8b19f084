"""How a lobby changes: load, decide (pure), save on condition with what follows from it, tell."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from domain.chat.channels import Channels
from domain.chat.events import channel_updated, chat_stream
from domain.chat.model import CHANNELS
from domain.core.clock import Clock, seconds
from domain.core.collection import Database, Delete, Filter, Insert, Replace, StorageConflict, Write
from domain.core.deadlines import Deadlines
from domain.core.errors import Conflict, NotFound, Unavailable
from domain.core.events import Outbox, Outgoing, carry, to
from domain.core.faults import fault_point
from domain.core.ids import LobbyId, UserId
from domain.core.index import may_lag
from domain.core.retries import pause
from domain.jobs.jobs import Jobs
from domain.lobbies.channel import channel_change, channel_events, channel_of, without
from domain.lobbies.events import (
    LobbyClosed,
    LobbyEvent,
    LobbyUpdated,
    MemberLeft,
    SpectatorLeft,
    lobby_stream,
    lobby_updated,
    watch_stream,
)
from domain.lobbies.follow_ups import follow_ups
from domain.lobbies.metrics import UNWATCHED, LobbyMetrics
from domain.lobbies.model import LOBBIES, SEATS, SPECTATOR_SEATS, Lobby
from domain.lobbies.rules import Draft, listed
from domain.lobbies.trail import Trail

ATTEMPTS = 15
"""All members of a lobby may say something in one moment, and each change meets the others'."""

Decision = Callable[[Draft, datetime], None]
Check = Callable[[Lobby], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LobbyConfig:
    """countdown_s: from all ready to the start. ready_check_s: to be ready once the host asks. away_s: how long a
    spectator without a connection keeps their place.

    idle_s: a lobby that has not started closes after so long without a change; active_s: one that has, after so long.
    """

    countdown_s: float = 5
    ready_check_s: float = 30
    away_s: float = 30
    idle_s: float = 1800
    active_s: float = 14_400
    allocates: bool = False


class LobbyChanges:
    """Stores lobbies and their changes, and tells of them."""

    def __init__(
        self,
        *,
        database: Database,
        deadlines: Deadlines,
        trail: Trail,
        jobs: Jobs,
        channels: Channels,
        outbox: Outbox,
        clock: Clock,
        config: LobbyConfig,
        metrics: LobbyMetrics = UNWATCHED,
    ) -> None:
        self._database, self._deadlines, self._trail, self._jobs = database, deadlines, trail, jobs
        self._channels, self._outbox, self._clock, self._config = channels, outbox, clock, config
        self._metrics = metrics
        self._lobbies = database.collection(LOBBIES)

    async def make(self, lobby: Lobby, *also: Write, by: UserId | None = None) -> Lobby:
        """Stores a new lobby and its channel in one commit with `also`; raises `StorageConflict` as that does.

        by: who asked for it, if it is not the server's doing, as in `change`.
        """
        lobby = listed(lobby)
        channel = channel_of(lobby)
        events = [
            to(lobby_stream(lobby.lobby_id), lobby_updated(lobby), join=lobby.member_ids),
            to(chat_stream(lobby.chat_id), channel_updated(channel), join=lobby.talker_ids),
        ]
        lobby = carry(lobby, events, lobby.created_at)
        record = self._trail.changed(None, lobby, ("lobby_created",), by, lobby.created_at)
        await self._database.commit(Insert(LOBBIES, lobby), Insert(CHANNELS, channel), record, *also)
        self._metrics.created("match" if lobby.match_id else "player")
        with may_lag():
            await self._deadlines.set("idle", lobby.id, lobby.idle_at)
        await self._outbox.flush(LOBBIES, lobby)
        return lobby

    async def change(
        self,
        lobby_id: LobbyId,
        decide: Decision,
        *,
        by: UserId | None = None,
        check: Check | None = None,
        expect_seat: Filter | None = None,
        also: Sequence[Write] = (),
    ) -> Lobby:
        """Lets `decide` change the lobby at the version read, and tells of it.

        by: who asked for it, for the trail; nobody, if it is the server's doing. check: looked at first, at every try.
        expect_seat: what must hold for the seats of those who leave. Raises `NotFound`, `Conflict` after some tries,
        and `StorageConflict` at once for one of `also`: that is the caller's to judge.
        """
        for attempt in range(ATTEMPTS):
            await pause(attempt)
            before = await self._lobbies.get(lobby_id)
            if before is None:
                raise NotFound
            if check is not None:
                await check(before)
            now = self._clock.now()
            draft = Draft(before)
            decide(draft, now)
            if not draft.events:
                await self._database.commit(*also)
                return before
            after = listed(draft.lobby.changed(idle_at=self._closes_at(before, draft.lobby, now)))
            after = carry(after, list(_outgoing(before, after, draft.events)), now)
            record = self._trail.changed(before, after, tuple(event.wire_name for event in draft.events), by, now)
            jobs = follow_ups(self._jobs, before, after)
            talk = list(channel_change(before, after, draft.events, by, now))
            consequences = [*_consequences(before, after, expect_seat or {}), *talk, record, *jobs]
            try:
                await self._database.commit(Replace(LOBBIES, after), *consequences, *also)
            except StorageConflict as conflict:
                if conflict.index > len(consequences):
                    raise
                continue
            fault_point("lobby_changed")
            if after.close_reason and not before.close_reason:
                self._metrics.closed(after.close_reason)
            after = after.changed(version=after.version + 1)
            with may_lag():
                await self._remind(before, after)
            await self._outbox.flush(LOBBIES, after)
            if talk:
                await self._tell_channel(after)
            return after
        raise Conflict

    def _closes_at(self, before: Lobby, after: Lobby, now: datetime) -> datetime:
        """When the lobby closes if nothing else happens; the time of a game that runs does not begin anew."""
        if after.finished_at is not None or (before.status == after.status == "active"):
            return before.idle_at
        return now + seconds(self._config.active_s if after.status == "active" else self._config.idle_s)

    async def _tell_channel(self, lobby: Lobby) -> None:
        with suppress(Unavailable):  # a sweep does it
            channel = await self._channels.find(lobby.chat_id)
            if channel is not None:
                await self._channels.tell(channel)

    async def _remind(self, before: Lobby, after: Lobby) -> None:
        if after.starts_at and after.status == "countdown" and not after.allocating:
            await self._deadlines.set("countdown", after.id, after.starts_at)
        if after.ready_by and after.ready_by != before.ready_by:
            await self._deadlines.set("ready", after.id, after.ready_by)
        if after.status == "active" and before.status != "active":
            await self._deadlines.set("idle", after.id, after.idle_at)


def _consequences(before: Lobby, after: Lobby, expect_seat: Filter) -> Iterator[Write]:
    """What changes with the lobby: the seats of those who are gone."""
    closed = after.status == "closed"
    for user in before.member_ids if closed else without(before.member_ids, after.member_ids):
        yield Delete(SEATS, user, expect={"lobby_id": before.id, **expect_seat})
    for user in before.spectators if closed else without(before.spectators, after.spectators):
        yield Delete(SPECTATOR_SEATS, user, expect={"lobby_id": before.id})


def _outgoing(before: Lobby, after: Lobby, events: Sequence[LobbyEvent | LobbyUpdated]) -> Iterator[Outgoing]:
    """The events addressed; those who are gone hear of it and then leave the streams, the new begin with the whole."""
    came, watching = without(after.member_ids, before.member_ids), without(after.spectators, before.spectators)
    for event in events:
        yield to(lobby_stream(before.lobby_id), event, leave=_leavers(event, after.member_ids, MemberLeft))
    if came:
        yield to(lobby_stream(before.lobby_id), lobby_updated(after), join=came)
    if before.spectators:
        for event in events:
            shown = event.for_watchers()
            yield to(watch_stream(before.lobby_id), shown, leave=_leavers(event, after.spectators, SpectatorLeft))
    if watching:
        yield to(watch_stream(before.lobby_id), lobby_updated(after).for_watchers(), join=watching)
    yield from channel_events(before, after)


def _leavers(
    event: LobbyEvent | LobbyUpdated, everybody: Sequence[UserId], kind: type[MemberLeft] | type[SpectatorLeft]
) -> Sequence[UserId]:
    """Who stops following a stream after the event: who leaves by it, or in the end everybody."""
    if isinstance(event, kind):
        return [event.user_id]
    return everybody if isinstance(event, LobbyClosed) else ()
