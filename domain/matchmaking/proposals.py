"""Proposals: from a group the tick has formed, through the ready check, to a lobby or back into the pool.

    claim (Redis, all or none) -> Match + tickets proposed (one commit) -> everyone is told
    -> accepts -> Match confirmed + tickets matched + lobby + seats (one commit)
    or a refusal -> Match cancelled + refusers' tickets cancelled, cooldowns + the others' queued again (one commit)

In a backfill the players join a lobby that stands, in the place of one that is made.

The claim spares conflicts; the commits alone decide. A crash between any two steps is mended by `recovery`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Database, Delete, Insert, StorageConflict, Update, Write
from domain.core.deadlines import Deadlines
from domain.core.errors import AppError, Conflict, NotFound
from domain.core.events import Outbox, Outgoing, Publisher, carry, carrying, to, user_stream
from domain.core.faults import fault_point
from domain.core.ids import GameId, IdFactory, LobbyId, MatchId, TicketId, UserId
from domain.core.index import may_lag
from domain.core.retries import RETRIES, pause
from domain.lobbies.matched import LobbyPlan, MatchedLobbies, Place
from domain.lobbies.model import SEATS, Capacity
from domain.lobbies.rules import LobbyFull, LobbyOver
from domain.matchmaking.acquaintances import Acquaintances
from domain.matchmaking.board import TicketBoard
from domain.matchmaking.cooldowns import COOLDOWNS, Cooldowns
from domain.matchmaking.events import MatchAccepted, MatchCancelled, MatchConfirmed, MatchProposed
from domain.matchmaking.metrics import MatchmakingMetrics
from domain.matchmaking.model import (
    MATCHES,
    TICKETS,
    CancelReason,
    Match,
    MatchPlayer,
    MatchView,
    Ticket,
    match_view,
    pool_entry,
)
from domain.matchmaking.openings import NO_MATCH, after_filling
from domain.matchmaking.pairing.matcher import Group
from domain.matchmaking.pool import PoolKey, TicketPool
from domain.notifications.model import MatchFound
from domain.notifications.notifications import Notifications


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
        lobbies: MatchedLobbies,
        acquaintances: Acquaintances,
        cooldowns: Cooldowns,
        deadlines: Deadlines,
        outbox: Outbox,
        publisher: Publisher,
        notifications: Notifications,
        clock: Clock,
        new_id: IdFactory,
        config: ProposalConfig,
        metrics: MatchmakingMetrics,
    ) -> None:
        self._database, self._pool, self._board, self._lobbies = database, pool, board, lobbies
        self._acquaintances, self._cooldowns = acquaintances, cooldowns
        self._deadlines, self._outbox, self._publisher = deadlines, outbox, publisher
        self._notifications = notifications
        self._clock, self._new_id, self._config, self._metrics = clock, new_id, config, metrics
        self._matches = database.collection(MATCHES)
        self._tickets = database.collection(TICKETS)

    async def propose(self, pool: PoolKey, group: Group) -> Match | None:
        """Claims the group's tickets and proposes the match; None when they are not as the group has them any more."""
        match = self._formed(pool, group)
        if not await self._pool.claim(match.match_id, group.ticket_ids, match.formed_at):
            return None
        fault_point("claimed")
        proposal = MatchProposed(match=match_view(match), accept_by=match.accept_by)
        match = carry(match, [to(_stream(user), proposal) for user in match.player_ids], match.formed_at)
        tickets = await self._tickets.get_many(group.ticket_ids)
        if await self._acquaintances.at_odds(_together(group)):  # blocks that the index has not heard of
            await self.end_claim(match.match_id, group.ticket_ids)
            await self._acquaintances.renew(*group.ticket_ids)
            return None
        try:
            await self._database.commit(Insert(MATCHES, match), *_proposed(match, group, tickets))
        except StorageConflict:
            await self.end_claim(match.match_id, group.ticket_ids)
            return None
        fault_point("proposed")
        with may_lag():
            await self._deadlines.set("accept", match.id, match.accept_by)
            await self._pool.settle(match.match_id)
        fault_point("settled")
        await self._outbox.flush(MATCHES, match)
        await self._board.show(group.ticket_ids)
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
            if not match.is_confirmed:
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
        if match.is_confirmed:
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
        """Cancels a proposed match. The match as it is in the end.

        refusers: those who declined, were late or are gone; nobody else is to blame. Their tickets end, for whole
        parties, all the other tickets wait on, and a cooldown begins for the refusers alone.
        """
        ended = {player.ticket_id for player in match.players if player.user_id in refusers}
        requeued = [id for id in match.ticket_ids if id not in ended]
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            try:
                await self._cancel(match, refusers, reason, requeued)
                break
            except StorageConflict as conflict:
                if conflict.collection != COOLDOWNS.name:
                    return await self._current(match.match_id)
        else:
            raise Conflict
        fault_point("refused")
        self._metrics.match(reason)
        await self._acquaintances.renew(*requeued)  # they would rather not meet the refusers again
        with may_lag():
            await self.end_claim(match.match_id, requeued)
        match = await self._current(match.match_id)
        await self._outbox.flush(MATCHES, match)
        await self._board.show(match.ticket_ids)
        return match

    async def end_claim(self, match_id: MatchId, ticket_ids: Sequence[TicketId]) -> None:
        """The tickets, all those of the match that may wait now, do so as their documents have them. Idempotent.

        Ends their claim, too: whoever answers a match at once may be quicker than the worker that settles it.
        """
        tickets = (await self._tickets.get_many(ticket_ids)).values()
        queued = [ticket for ticket in tickets if ticket.status == "queued"]
        await self._pool.replace(*map(pool_entry, queued))
        await self._pool.release(match_id, [TicketId(ticket.id) for ticket in queued])

    async def _confirm(self, match: Match) -> Match:
        """Everyone accepted: the lobby stands and the match is confirmed, in one commit. A retry changes nothing."""
        view = match_view(match.changed(status="confirmed"))
        lobby_id = match.lobby_id or LobbyId(match.id)
        events: list[Outgoing] = [
            to(_stream(user), MatchConfirmed(match=view, lobby_id=lobby_id)) for user in match.player_ids
        ]
        confirmed = carrying(events, self._clock.now(), status="confirmed")
        joining = [player.ticket_id for player in match.players]
        notes = await self._notifications.about(dict.fromkeys(match.player_ids, _found(match, lobby_id)))
        also = [
            Update(MATCHES, match.id, confirmed, expect={"status": "proposed"}),
            *_moved(set(joining), match, {"$set": {"status": "matched", "lobby_id": lobby_id}}),
            *notes,
        ]
        try:
            if match.backfill is None:
                await self._lobbies.create(_plan(match), *also)
            else:
                tickets = await self._tickets.get_many(match.ticket_ids)
                filled = _moved([match.backfill], match, after_filling(match, tickets))
                await self._lobbies.take_in(lobby_id, _places(match), *also, *filled)
        except (LobbyOver, LobbyFull):
            return await self.refuse(match, [], "withdrawn")
        except StorageConflict:
            match = await self._current(match.match_id)
            if match.status == "proposed":
                raise Conflict from None  # a player came and went too often; at the deadline it is tried again
            if not match.is_confirmed:
                raise MatchOver from None
            return match
        self._metrics.match("confirmed")
        match = await self._current(match.match_id)
        with may_lag():
            await self._deadlines.drop("accept", match.id)
        await self._outbox.flush(MATCHES, match)
        if match.backfill:
            with may_lag():
                await self.end_claim(match.match_id, [match.backfill])
        await self._board.show(match.ticket_ids)
        await self._notifications.tell(notes)
        return match

    async def _cancel(
        self, match: Match, refusers: Sequence[UserId], reason: CancelReason, requeued: Sequence[TicketId]
    ) -> None:
        """The commit of `refuse`; raises `StorageConflict`."""
        costs, until = await self._cooldowns.refusals(refusers)
        events = [
            to(
                _stream(player.user_id),
                MatchCancelled(
                    match_id=match.match_id,
                    reason=reason,
                    requeued=player.ticket_id in requeued,
                    cooldown_until=until.get(player.user_id),
                ),
            )
            for player in match.players
        ]
        off = carrying(events, self._clock.now(), status="cancelled", refused_by=tuple(refusers))
        expect: dict[str, object] = {"status": "proposed"}
        if reason == "timeout":
            expect["version"] = match.version  # somebody may accept at the last moment
        leaving = [player for player in match.players if player.ticket_id not in requeued]
        await self._database.commit(
            Update(MATCHES, match.id, off, expect=expect),
            *_moved({player.ticket_id for player in leaving}, match, {"$set": {"status": "cancelled"}}),
            *_freed(leaving),
            *_moved(requeued, match, {"$set": {"status": "queued"}, "$unset": NO_MATCH}),
            *costs,
        )

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
            lobby_id=group.lobby_id,
            backfill=group.backfill,
            quality=group.quality,
            accept_by=now + seconds(self._config.accept_s),
            formed_at=now,
        )


def _stream(user: UserId) -> str:
    return user_stream("matchmaking", user)


def _as_grouped(ticket: Ticket, group: Group) -> bool:
    """Whether the ticket still has the players the group was formed of, or is the backfill that it is taken for."""
    if ticket.opening is not None:
        return ticket.id == group.backfill and ticket.backfill_of == group.lobby_id
    return set(ticket.player_ids) == {player.user_id for player in group.players if player.ticket_id == ticket.id}


def _proposed(match: Match, group: Group, tickets: Mapping[str, Ticket]) -> list[Write]:
    """The tickets are proposed the match; raises `StorageConflict` when one is not as the group has it any more."""
    if not all(id in tickets and _as_grouped(tickets[id], group) for id in group.ticket_ids):
        raise StorageConflict(TICKETS.name)
    proposed = {"status": "proposed", "match_id": match.id, "accept_by": match.accept_by}
    changes: Changes = {"$set": proposed, "$inc": {"version": 1}}
    return [
        Update(TICKETS, id, changes, expect={"status": "queued", "version": tickets[id].version})
        for id in group.ticket_ids
    ]


def _moved(ticket_ids: Iterable[TicketId], match: Match, changes: Changes) -> list[Write]:
    """The tickets that were proposed the match move on."""
    return [
        Update(TICKETS, id, {**changes, "$inc": {"version": 1}}, expect={"status": "proposed", "match_id": match.id})
        for id in sorted(ticket_ids)
    ]


def _freed(players: Iterable[MatchPlayer]) -> list[Write]:
    """The players give up their seats."""
    return [Delete(SEATS, player.user_id, expect={"ticket_id": player.ticket_id}) for player in players]


def _found(match: Match, lobby_id: LobbyId) -> MatchFound:
    return MatchFound(match_id=match.match_id, lobby_id=lobby_id, game_id=GameId(match.game_id), mode=match.mode)


def _together(group: Group) -> list[list[UserId]]:
    """The players of the group by ticket, those who sit in the lobby of a backfill being together as well."""
    tickets = {id: [player.user_id for player in group.players if player.ticket_id == id] for id in group.ticket_ids}
    joining = {player.user_id for player in group.players}
    return [*tickets.values(), [user for team in group.teams for user in team if user not in joining]]


def _places(match: Match) -> tuple[Place, ...]:
    team_of = {user: number for number, team in enumerate(match.teams, start=1) for user in team}
    return tuple(
        Place(
            user_id=player.user_id,
            ticket_id=player.ticket_id,
            team=team_of[player.user_id] if len(match.teams) > 1 else None,
            role=player.role,
        )
        for player in match.players
    )


def _plan(match: Match) -> LobbyPlan:
    return LobbyPlan(
        match_id=match.match_id,
        name=f"{match.game_id} {match.mode}",
        game_id=GameId(match.game_id),
        mode=match.mode,
        region=match.region,
        places=_places(match),
        capacity=Capacity(min=match.min_players, max=len(match.players)),
    )
