"""Recent players: whom a player was in matches with of late."""

from datetime import datetime

from domain.core.collection import Database
from domain.core.ids import GameId, MatchId, UserId
from domain.core.model import Model, Timestamp
from domain.core.paging import PageQuery, after, cursor_of
from domain.games.model import ModeName
from domain.matchmaking.model import MATCHES, Match
from domain.social.blocks import Blocks
from domain.users.users import Users

MATCHES_BACK = 50
"""The players of so many of one's last matches are recent."""


class RecentPlayer(Model):
    """Another player, and the last match in which the two were."""

    user_id: UserId
    username: str
    display_name: str
    match_id: MatchId
    game_id: GameId
    mode: ModeName
    played_at: Timestamp


class RecentPlayerList(Model):
    """A page of recent players, those met last first. nextCursor: missing on the last page."""

    items: list[RecentPlayer]
    next_cursor: str | None


class RecentPlayers:
    """Whom players were in matches with of late."""

    def __init__(self, database: Database, users: Users, blocks: Blocks) -> None:
        self._matches, self._users, self._blocks = database.collection(MATCHES), users, blocks

    async def list(self, user: UserId, query: PageQuery) -> RecentPlayerList:
        """A page of them, each once; who has blocked the user or is blocked by them is left out."""
        start = after(query.cursor, datetime)
        met = [(match.formed_at, other, match) for other, match in (await self._met(user)).items()]
        met.sort(key=lambda one: one[:2], reverse=True)
        rest = [one for one in met if start is None or one[:2] < start]
        shown, more = rest[: query.limit], len(rest) > query.limit
        accounts = await self._users.get_many([other for _, other, _ in shown])
        return RecentPlayerList(
            items=[
                RecentPlayer(
                    user_id=other,
                    username=accounts[other].username,
                    display_name=accounts[other].display_name,
                    match_id=match.match_id,
                    game_id=match.game_id,
                    mode=match.mode,
                    played_at=played_at,
                )
                for played_at, other, match in shown
                if other in accounts  # an account may be gone
            ],
            next_cursor=cursor_of(*shown[-1][:2]) if more else None,
        )

    async def _met(self, user: UserId) -> dict[UserId, Match]:
        """The last match with each of them."""
        played = {"player_ids": user, "status": {"$in": ["confirmed", "reported"]}}
        found: dict[UserId, Match] = {}
        for match in await self._matches.find(played, sort="-formed_at", limit=MATCHES_BACK):
            for other in match.everybody:
                found.setdefault(other, match)
        found.pop(user, None)
        apart = await self._blocks.apart(user, found)
        return {other: match for other, match in found.items() if other not in apart}
