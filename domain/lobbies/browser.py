"""The browser: lobbies that a player could join."""

from domain.core.collection import Database, Filter
from domain.core.ids import UserId
from domain.core.paging import Page, after, cursor_of
from domain.lobbies.commands import Browse
from domain.lobbies.model import LOBBIES, Lobby, LobbySummary, lobby_summary
from domain.social.blocks import Blocks
from domain.social.friends import Friends


class LobbyBrowser:
    """Finds lobbies by what they are for."""

    def __init__(self, database: Database, friends: Friends, blocks: Blocks) -> None:
        self._friends, self._blocks = friends, blocks
        self._lobbies = database.collection(LOBBIES)

    async def browse(self, user: UserId, query: Browse) -> Page[LobbySummary]:
        """A page of the lobbies that have room: public ones and those of friends, the newest first.

        Those with somebody whom the user has blocked, or is blocked by, are left out, so a page may be short of them.
        """
        friends = await self._friends.of(user)
        shown: list[Filter] = [{"listed": "public"}]
        if friends:
            shown.append({"listed": "friends", "host_id": {"$in": sorted(friends)}})
        wanted = query.model_dump(include={"game_id", "mode", "region"}, exclude_none=True)
        start = after(query.cursor, str)
        found = await self._lobbies.find({**wanted, "$or": shown}, sort="-id", limit=query.limit + 1, after=start)
        page = found[: query.limit]
        cursor = cursor_of(page[-1].id, page[-1].id) if len(found) > len(page) else None
        return Page([lobby_summary(lobby) for lobby in await self._without_blocked(user, page)], cursor)

    async def _without_blocked(self, user: UserId, lobbies: list[Lobby]) -> list[Lobby]:
        apart = await self._blocks.apart(user, {member for lobby in lobbies for member in lobby.member_ids})
        return [lobby for lobby in lobbies if apart.isdisjoint(lobby.member_ids) and user not in lobby.banned]
