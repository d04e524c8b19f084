"""Proposals: from a group the tick has formed, through the ready check, to a lobby or back into the pool.

    claim (Redis, all or none) -> Match + tickets proposed (one commit) -> everyone is told
    -> accepts -> Match confirmed + tickets matched + lobby + seats (one commit)
    or a refusal -> Match cancelled + refusers' tickets cancelled + the others' queued again (one commit)

The claim spares conflicts; the commits alone decide. A crash between any two steps is mended by `recovery`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Database, Delete, Insert, StorageConflict, Update, Write
from domain.core.deadlines import Deadlines
from domain.core.errors import AppError, NotFound
from domain.core.events import Outbox, Outgoing, Publisher, carry, carrying, to, user_stream
from domain.core.faults import fault_point
from domain.core.ids import GameId, IdFactory, LobbyId, MatchId, TicketId, UserId
from domain.core.index import may_lag
from domain.lobbies.lobbies import Lobbies, LobbyPlan, Place
from domain.lobbies.model import SEATS, Capacity
from domain.matchmaking.board import TicketBoard
from domain.matchmaking.events import MatchAccepted, MatchCancelled, MatchConfirmed, MatchProposed
from domain.matchmaking.matcher import Group
from domain.matchmaking.model import (
    MATCHES,
    TICKETS,
    CancelReason,
    Match,
    MatchPlayer,
    MatchView,
    Ticket,
    match_view,
)
from domain.matchmaking.pool import PoolEntry, PoolKey, TicketPool


class MatchOver(AppError):
    """This match was cancelled or its time to accept is over."""

    code, status = "MATCH_OVER", 409


@dataclass(frozen=True, slots=True)
class ProposalConfig:
    """accept_s: how long the players have to accept."""

    accept_s: float = 15


class Proposals:
    """The ready check and what follows from it."""

    def __init__(
        self,
        *,
        database: Database,
        pool: TicketPool,
        board: TicketBoard,
        lobbies: Lobbies,
        deadlines: Deadlines,
        outbox: Outbox,
        publisher: Publisher,
        clock: Clock,
        new_id: IdFactory,
        config: ProposalConfig,
    ) -> None:
        self._database, self._pool, self._board, self._lobbies = database, pool, board, lobbies
        self._deadlines, self._outbox, self._publisher = deadlines, outbox, publisher
        self._clock, self._new_id, self._config = clock, new_id, config
        self._matches = database.collection(MATCHES)
        self._tickets = database.collection(TICKETS)

    async def propose(self, pool: PoolKey, group: Group) -> Match | None:
        """Claims the group's tickets and proposes the match; None when somebody else was quicker with one of them."""
        match = self._formed(pool, group)
        ticket_ids = group.ticket_ids
        if not await self._pool.claim(match.match_id, ticket_ids, match.formed_at):
            return None
        fault_point("claimed")
        proposal = MatchProposed(match=match_view(match), accept_by=match.accept_by)
        match = carry(match, [to(_stream(user), proposal) for user in match.player_ids], match.formed_at)
        proposed = {"status": "proposed", "match_id": match.id, "accept_by": match.accept_by}
        moves = [
            Update(
                TICKETS,
                ticket_id,
                {"$set": proposed, "$inc": {"version": 1}},
                expect={"status": "queued"},
            )
            for ticket_id in ticket_ids
        ]
        try:
            await self._database.commit(Insert(MATCHES, match), *moves)
        except StorageConflict:
            tickets = await self._tickets.get_many(ticket_ids)
            queued = [TicketId(ticket.id) for ticket in tickets.values() if ticket.status == "queued"]
            await self._pool.release(match.match_id, queued)
            return None
        fault_point("proposed")
        with may_lag():
            await self._deadlines.set("accept", match.id, match.accept_by)
            await self._pool.settle(match.match_id)
        fault_point("settled")
        await self._outbox.flush(MATCHES, match)
        await self._board.show(ticket_ids)
        return match

    async def accept(self, user: UserId, match_id: MatchId) -> MatchView:
        """The player accepts; the last one's accept makes the lobby. Accepting twice is one accept.

        Raises `NotFound` for somebody else's match, `MatchOver` when it is too late.
        """
        match = await self._matches.update(
            match_id,
            {"$addToSet": {"accepted": user}, "$inc": {"version": 1}},
            expect={"status": "proposed", "player_ids": user, "accept_by": {"$gt": self._clock.now()}},
        )
        if match is None:
            match = await self._own(user, match_id)
            if match.status != "confirmed":
                raise MatchOver
            return match_view(match)
        accepted = MatchAccepted(
            match_id=match.match_id, user_id=user, accepted=len(match.accepted), needed=len(match.player_ids)
        )
        with may_lag():  # progress only: what becomes of the match is told for certain
            await self._publisher.publish(*(to(_stream(player), accepted) for player in match.player_ids))
        if match.all_accepted:
            fault_point("accepted")
            match = await self._confirm(match)
        return match_view(match)

    async def decline(self, user: UserId, match_id: MatchId) -> MatchView:
        """The player declines: the match is off. Raises `NotFound`, or `MatchOver` once it is confirmed."""
        match = await self._own(user, match_id)
        if match.status == "proposed":
            match = await self.refuse(match, [user], "declined")
        if match.status == "confirmed":
            raise MatchOver
        return match_view(match)

    async def elapse(self, match_id: MatchId) -> None:
        """The time to accept is over: those who did not are refusers. Idempotent."""
        match = await self._matches.get(match_id)
        if match is None or match.status != "proposed" or match.accept_by > self._clock.now():
            return
        if match.all_accepted:
            await self._confirm(match)
        else:
            late = [user for user in match.player_ids if user not in match.accepted]
            await self.refuse(match, late, "timeout")

    async def refuse(self, match: Match, refusers: Sequence[UserId], reason: CancelReason) -> Match:
        """Cancels a proposed match: refusers' tickets end, the others wait on. The match as it is in the end."""
        requeued = [player for player in match.players if player.user_id not in refusers]
        events = [
            to(
                _stream(player.user_id),
                MatchCancelled(match_id=match.match_id, reason=reason, requeued=player in requeued),
            )
            for player in match.players
        ]
        off = carrying(events, self._clock.now(), status="cancelled")
        expect: dict[str, object] = {"status": "proposed"}
        if reason == "timeout":
            expect["version"] = match.version  # somebody may accept at the last moment
        try:
            await self._database.commit(
                Update(MATCHES, match.id, off, expect=expect),
                *_ended([p for p in match.players if p not in requeued], match.match_id),
                *_requeued(requeued, match.match_id),
            )
        except StorageConflict:
            return await self._current(match.match_id)
        fault_point("refused")
        tickets = await self._tickets.get_many([player.ticket_id for player in requeued])
        with may_lag():
            for ticket in tickets.values():
                if ticket.status == "queued":  # it may have been cancelled since
                    await self._pool.add(pool_entry(ticket))
        match = await self._current(match.match_id)
        await self._outbox.flush(MATCHES, match)
        await self._board.show([player.ticket_id for player in match.players])
        return match

    async def _confirm(self, match: Match) -> Match:
        """Everyone accepted: the lobby stands and the match is confirmed, in one commit. A retry changes nothing."""
        view = match_view(match.changed(status="confirmed"))
        events: list[Outgoing] = [
            to(_stream(user), MatchConfirmed(match=view, lobby_id=LobbyId(match.id))) for user in match.player_ids
        ]
        confirmed = carrying(events, self._clock.now(), status="confirmed")
        matched: list[Write] = [
            Update(
                TICKETS,
                player.ticket_id,
                {"$set": {"status": "matched", "lobby_id": match.id}, "$inc": {"version": 1}},
                expect={"status": "proposed", "match_id": match.id},
            )
            for player in match.players
        ]
        try:
            await self._lobbies.create_from_match(
                _plan(match), Update(MATCHES, match.id, confirmed, expect={"status": "proposed"}), *matched
            )
        except StorageConflict:
            match = await self._current(match.match_id)
            if match.status != "confirmed":
                raise MatchOver from None
            return match
        match = await self._current(match.match_id)
        with may_lag():
            await self._deadlines.drop("accept", match.id)
        await self._outbox.flush(MATCHES, match)
        await self._board.show([player.ticket_id for player in match.players])
        return match

    async def _own(self, user: UserId, match_id: MatchId) -> Match:
        match = await self._matches.get(match_id)
        if match is None or user not in match.player_ids:
            raise NotFound
        return match

    async def _current(self, match_id: MatchId) -> Match:
        match = await self._matches.get(match_id)
        if match is None:
            raise NotFound
        return match

    def _formed(self, pool: PoolKey, group: Group) -> Match:
        now = self._clock.now()
        return Match(
            id=self._new_id(),
            game_id=pool.game_id,
            mode=pool.mode,
            region=group.region,
            teams=group.teams,
            players=group.players,
            player_ids=tuple(player.user_id for player in group.players),
            min_players=group.min_size,
            quality=group.quality,
            accept_by=now + seconds(self._config.accept_s),
            formed_at=now,
        )


def pool_entry(ticket: Ticket) -> PoolEntry:
    """The ticket as it waits in its pools."""
    return PoolEntry(
        ticket_id=TicketId(ticket.id),
        players=ticket.players,
        criteria=ticket.criteria,
        queued_at=ticket.queued_at,
        opening=ticket.opening,
    )


def _stream(user: UserId) -> str:
    return user_stream("matchmaking", user)


def _ended(players: Iterable[MatchPlayer], match_id: MatchId) -> Iterable[Write]:
    """The tickets of those who refused end, and with them their seats."""
    for player in players:
        changes: Changes = {"$set": {"status": "cancelled"}, "$inc": {"version": 1}}
        yield Update(TICKETS, player.ticket_id, changes, expect={"status": "proposed", "match_id": match_id})
        yield Delete(SEATS, player.user_id, expect={"ticket_id": player.ticket_id})


def _requeued(players: Iterable[MatchPlayer], match_id: MatchId) -> Iterable[Write]:
    for player in players:
        changes: Changes = {
            "$set": {"status": "queued"},
            "$unset": {"match_id": True, "accept_by": True},
            "$inc": {"version": 1},
        }
        yield Update(TICKETS, player.ticket_id, changes, expect={"status": "proposed", "match_id": match_id})


def _plan(match: Match) -> LobbyPlan:
    team_of = {user: number for number, team in enumerate(match.teams, start=1) for user in team}
    return LobbyPlan(
        match_id=match.match_id,
        name=f"{match.game_id} {match.mode}",
        game_id=GameId(match.game_id),
        mode=match.mode,
        region=match.region,
        places=tuple(
            Place(
                user_id=player.user_id,
                ticket_id=player.ticket_id,
                team=team_of[player.user_id] if len(match.teams) > 1 else None,
                role=player.role,
            )
            for player in match.players
        ),
        capacity=Capacity(min=match.min_players, max=len(match.players)),
    )
