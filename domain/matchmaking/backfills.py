"""Backfill: a lobby that was made from a match and has lost players asks for others.

Its ticket waits in the pool like any other, with the places it offers (`Opening`) and the players who sit there. Who is
found accepts as usual; the last accept seats the newcomers, in one commit with the tickets (`proposals`). The lobby is
the truth: a sweep makes the ticket follow it, and ends it when the lobby is closed or full.
"""

from typing import cast

from domain.core.clock import Clock, seconds
from domain.core.collection import After, Database, Duplicate
from domain.core.errors import AppError, Conflict, Forbidden, NotFound
from domain.core.ids import IdFactory, LobbyId, TicketId, UserId
from domain.core.index import may_lag
from domain.core.isolation import Report, isolated
from domain.games.games import Games
from domain.games.model import Mode, ModeName
from domain.jobs.model import Job
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.model import Lobby
from domain.lobbies.rules import LobbyFull, LobbyOver
from domain.matchmaking.admission import Admission
from domain.matchmaking.board import TicketBoard
from domain.matchmaking.commands import BackfillLobby
from domain.matchmaking.criteria import Criteria, GameWish
from domain.matchmaking.model import KEPT_S, TICKETS, Ticket, TicketView, pool_entry
from domain.matchmaking.openings import free_places, opening_of
from domain.matchmaking.pool import Opening, PoolPlayer, TicketPool

PAGE = 500


class NotFromMatch(AppError):
    """The lobby was not made from a match; only such a lobby can ask for players."""

    code, status = "NOT_FROM_MATCH", 409


class Backfills:
    """The backfill tickets. `backfill_of` is a unique key: a lobby has one at the most."""

    def __init__(
        self,
        *,
        database: Database,
        lobbies: Lobbies,
        games: Games,
        admission: Admission,
        pool: TicketPool,
        board: TicketBoard,
        clock: Clock,
        new_id: IdFactory,
    ) -> None:
        self._lobbies, self._games, self._admission = lobbies, games, admission
        self._pool, self._board, self._clock, self._new_id = pool, board, clock, new_id
        self._tickets = database.collection(TICKETS)

    async def open(self, user: UserId, command: BackfillLobby) -> TicketView:
        """Asks for players for the free places of the host's lobby; the ticket there is already, if there is one.

        Raises `NotFound`, `Forbidden`, `LobbyOver`, `NotFromMatch` or `LobbyFull`.
        """
        lobby = await self._lobbies.get(command.lobby_id)
        if lobby is None or lobby.member(user) is None:
            raise NotFound
        if lobby.host_id != user:
            raise Forbidden("only the host may ask for players")
        if lobby.status == "closed":
            raise LobbyOver
        if lobby.match_id is None:
            raise NotFromMatch
        if free_places(lobby) <= 0:
            raise LobbyFull
        return await self._board.view(await self._of(lobby) or await self._insert(lobby))

    async def replace(self, job: Job) -> None:
        """The lobby of a match has lost a player: asks for another one, if the mode says so. Idempotent."""
        lobby = await self._lobbies.get(LobbyId(job.payload["lobbyId"]))
        if lobby is None or lobby.match_id is None or lobby.status == "closed" or lobby.finished_at is not None:
            return
        mode = await self._mode(lobby)
        if mode is not None and mode.replace_leavers and free_places(lobby) > 0:
            await self._insert(lobby)

    async def reconcile(self, report: Report) -> None:
        """Makes the waiting tickets follow their lobbies; tells `report` of what it cannot. Idempotent."""
        waiting = {"backfill_of": {"$exists": True}, "status": "queued"}
        after: After | None = None
        while page := await self._tickets.find(waiting, limit=PAGE, after=after):
            for ticket in page:
                await isolated(report, f"backfill {ticket.id}", self._follow(ticket))
            after = (page[-1].id, page[-1].id)

    async def _of(self, lobby: Lobby) -> Ticket | None:
        return await self._tickets.find_one({"backfill_of": lobby.lobby_id})

    async def _insert(self, lobby: Lobby) -> Ticket:
        now = self._clock.now()
        criteria = _criteria(lobby)
        ticket = Ticket(
            id=self._new_id(),
            user_id=lobby.host_id,
            criteria=criteria,
            player_ids=(lobby.host_id,),
            players=await self._players(lobby, criteria),
            opening=await self._opening(lobby),
            backfill_of=lobby.lobby_id,
            queued_at=now,
            created_at=now,
            expires_at=now + seconds(KEPT_S),
        )
        try:
            await self._tickets.insert(ticket)
        except Duplicate:
            other = await self._of(lobby)
            if other is None:
                raise Conflict from None
            return other
        with may_lag():
            await self._pool.add(pool_entry(ticket))
        await self._board.show([TicketId(ticket.id)])
        return ticket

    async def _follow(self, ticket: Ticket) -> None:
        lobby = await self._lobbies.get(ticket.backfill_of) if ticket.backfill_of else None
        if lobby is None or lobby.status == "closed" or free_places(lobby) <= 0:
            followed = ticket.changed(status="cancelled", backfill_of=None)
        else:
            opening = await self._opening(lobby)
            if (opening, lobby.host_id) == (ticket.opening, ticket.user_id):
                return
            players = await self._players(lobby, ticket.criteria)
            followed = ticket.changed(
                user_id=lobby.host_id, player_ids=(lobby.host_id,), players=players, opening=opening
            )
        if await self._tickets.replace(followed) is None:
            return  # it has moved on; the next sweep looks again
        with may_lag():
            if followed.status == "queued":
                await self._pool.replace(pool_entry(followed))
            else:
                await self._pool.remove([TicketId(ticket.id)])
        await self._board.show([TicketId(ticket.id)])

    async def _players(self, lobby: Lobby, criteria: Criteria) -> tuple[PoolPlayer, ...]:
        return await self._admission.players(lobby.member_ids, criteria)

    async def _opening(self, lobby: Lobby) -> Opening:
        return opening_of(lobby, await self._mode(lobby))

    async def _mode(self, lobby: Lobby) -> Mode | None:
        game = await self._games.get(lobby.game_id)
        return game.mode(cast(ModeName, lobby.mode)) if game else None


def _criteria(lobby: Lobby) -> Criteria:
    """What the newcomers must go with: the match as it is, and players about as strong as those who are there."""
    return Criteria(
        games=[GameWish(game_id=lobby.game_id)],
        mode=cast(ModeName, lobby.mode),
        regions=[lobby.region] if lobby.region else [],
        region_preference="strict" if lobby.region else "any",
    )
