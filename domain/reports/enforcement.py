"""What a suspension, a ban or the deletion of an account does to what its player is doing."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

from domain.auth.auth import Auth
from domain.core.errors import NotFound
from domain.core.ids import UserId
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.rules import NotInLobby
from domain.matchmaking.matchmaking import Matchmaking
from domain.parties.parties import Parties
from domain.parties.rules import NotInParty
from domain.users.model import User
from domain.users.users import Users

ENFORCE_JOB = "sanction_enforce"
"""Does it once more: what a crash left, and what was on its way. payload: {userId}."""

AGAIN_S = 2.0
"""So many seconds later. No instance believes a session for longer."""

PLACES = 5
"""More than a player can have at a time: a ticket, a scheduled one, a seat and a spectator's place."""


class Enforcement:
    """Takes a player out of everything. Every step may be done twice, and by two at a time."""

    def __init__(
        self, *, users: Users, auth: Auth, matchmaking: Matchmaking, lobbies: Lobbies, parties: Parties
    ) -> None:
        self._users, self._auth = users, auth
        self._matchmaking, self._lobbies, self._parties = matchmaking, lobbies, parties

    async def expel(self, user: UserId) -> None:
        """Ends the sessions of a player who may not be here, cuts the sockets, and gives up their places.

        A ticket ends as if its player had declined. One step that fails keeps no other from being done; the first
        failure is raised then.
        """
        account = await self._users.find(user)
        if account is None or account.status == "active":
            return  # it was lifted meanwhile, or their account is back
        steps: list[Callable[[], Awaitable[None]]] = [
            lambda: self._end_sessions(account),
            lambda: self._leave_queue(user),
            lambda: self._leave_lobbies(user, "left" if account.status == "deleted" else "banned"),
            lambda: self._leave_party(user),
        ]
        failures: list[Exception] = []
        for step in steps:
            try:
                await step()
            except Exception as failure:
                failures.append(failure)
        if failures:
            raise failures[0]

    async def _end_sessions(self, account: User) -> None:
        """Those of a deleted account have ended with it: to end them anew might end those of one that is back."""
        user, reason = UserId(account.id), account.status
        if account.status == "deleted":
            await self._auth.cut_off(user, reason=reason)
        else:
            await self._auth.logout_all(user, reason=reason)

    async def _leave_queue(self, user: UserId) -> None:
        for _ in range(PLACES):
            ticket = await self._matchmaking.status(user)
            if ticket is None:
                return
            with suppress(NotFound):
                await self._matchmaking.withdraw(user, ticket.id, "declined")

    async def _leave_lobbies(self, user: UserId, reason: Literal["left", "banned"]) -> None:
        with suppress(NotInLobby, NotFound):
            for _ in range(PLACES):
                await self._lobbies.leave(user, reason=reason)

    async def _leave_party(self, user: UserId) -> None:
        with suppress(NotInParty, NotFound):
            await self._parties.leave(user)
