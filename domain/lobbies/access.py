"""Who may see a lobby, and who may come in."""

from typing import Protocol

from domain.core.collection import Database
from domain.core.errors import NotFound, RateLimited
from domain.core.ids import LobbyId, UserId
from domain.core.limits import Limit, RateLimits
from domain.lobbies.model import LOBBIES, Lobby
from domain.lobbies.rules import LobbyBanned, LobbyFromMatch
from domain.social.blocks import Blocks
from domain.social.friends import Friends

CODES = Limit(20, 60.0)
"""So many codes may a player try, right or wrong."""


class Admits(Protocol):
    """Knows who is invited where."""

    async def admits(self, user: UserId, lobby: Lobby) -> bool:
        """Whether the user holds an invitation to the lobby."""
        ...


class LobbyAccess:
    """Asks the documents at every check, so that a block or an invitation counts at once on every instance.

    Whoever may not know of a lobby is told that there is none, whatever the reason.
    """

    def __init__(
        self, *, database: Database, friends: Friends, blocks: Blocks, invites: Admits, limits: RateLimits
    ) -> None:
        self._friends, self._blocks, self._invites, self._limits = friends, blocks, invites, limits
        self._lobbies = database.collection(LOBBIES)

    async def lobby_with(self, user: UserId, code: str, lobby_id: LobbyId | None) -> LobbyId:
        """The lobby with that code, which must be `lobby_id` if given. Raises `NotFound`, or `RateLimited`.

        Every wrong code costs one look into one index.
        """
        if wait_ms := await self._limits.take(f"join_code:user:{user}", CODES):
            raise RateLimited(wait_ms)
        found = await self._lobbies.find_one({"join_code": code})
        if found is None or lobby_id not in {None, found.lobby_id}:
            raise NotFound
        return found.lobby_id

    async def check_join(self, user: UserId, lobby: Lobby, *, code: str | None = None) -> None:
        """Raises `NotFound` unless the user may know of the lobby, `LobbyBanned` or `LobbyFromMatch`."""
        if lobby.member(user):
            return
        if code is None or code != lobby.join_code:
            await self.check_visible(user, lobby)
        elif await self._blocks.apart(user, lobby.member_ids):
            raise NotFound
        if user in lobby.banned:
            raise LobbyBanned
        if lobby.match_id is not None:
            raise LobbyFromMatch

    async def check_visible(self, user: UserId, lobby: Lobby) -> None:
        """Raises `NotFound` unless the lobby is open and public, or its host a friend, or the user is invited.

        Nobody sees a lobby one of whose members they have blocked, or are blocked by.
        """
        if (
            lobby.status == "closed"
            or not await self._is_shown(user, lobby)
            or await self._blocks.apart(user, lobby.member_ids)
        ):
            raise NotFound

    async def _is_shown(self, user: UserId, lobby: Lobby) -> bool:
        match lobby.settings.visibility:
            case "public":
                return True
            case "friends":
                if await self._friends.are(user, lobby.host_id):
                    return True
        return await self._invites.admits(user, lobby)
