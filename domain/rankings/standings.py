"""The use cases of leaderboards. Documents are the truth; the boards follow each commit, and a sweep mends them."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from domain.core.clock import Clock, seconds
from domain.core.collection import After, Database, Filter
from domain.core.errors import AppError, NotFound, ValidationFailed
from domain.core.ids import GameId, UserId
from domain.core.index import may_lag
from domain.core.isolation import Report, isolated
from domain.core.model import Model
from domain.core.paging import Page, after, cursor_of
from domain.games.games import Games
from domain.games.model import Mode, ModeName
from domain.rankings.commands import LeaderboardQuery
from domain.rankings.leaderboards import Board, Leaderboards
from domain.rankings.model import RATINGS, PlayerRating, rating_id
from domain.rankings.rankings import MOST_RATINGS
from domain.rankings.seasons import at, season_at
from domain.users.model import Rating, User
from domain.users.users import Users

REBUILD_S = 3600.0
"""So old may what a board shows of decay be, and what a failover of Redis lost of it unseen."""

OVERLAP_S = 30.0
"""Ratings written so long before the last sweep are entered again: their writer may have died before it did."""

LOST_BELOW = 0.9
"""A board that has shrunk below this share of its size since the last sweep was lost; bans alone do not do that."""

PAGE = 200


class ModeNotRated(AppError):
    """This mode is not rated, so it has no leaderboard."""

    code, status = "MODE_NOT_RATED", 404


class LeaderboardEntry(Model):
    """A player on a leaderboard. `rank` counts from 1; `matches` are the rated ones of the season."""

    rank: int
    user_id: UserId
    username: str
    display_name: str
    rating: Rating
    matches: int
    wins: int


@dataclass(frozen=True, slots=True)
class _Built:
    """When this process last rebuilt a board, and how large it was when last looked at."""

    at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A part of a board. own: the caller's entry, if they are on it. size: how many are."""

    page: Page[LeaderboardEntry]
    own: LeaderboardEntry | None
    season: str
    size: int


class Standings:
    """Who stands where."""

    def __init__(
        self,
        database: Database,
        *,
        users: Users,
        games: Games,
        leaderboards: Leaderboards,
        clock: Clock,
        report: Report,
    ) -> None:
        self._ratings = database.collection(RATINGS)
        self._users, self._games, self._boards = users, games, leaderboards
        self._clock, self._report = clock, report
        self._swept_at: datetime | None = None
        self._built: dict[Board, _Built] = {}

    async def read(self, caller: UserId, game_id: GameId, query: LeaderboardQuery) -> Standing:
        """A part of a leaderboard. Raises `NotFound` for a game or player there is not, `ModeNotRated`."""
        mode = await self._mode(game_id, query.mode)
        board = self._board(game_id, mode)
        start = await self._start(board, caller, query)
        entries = await self._entries(board, mode, start, query.limit)
        size = await self._boards.size(board)
        more = bool(entries) and entries[-1].rank < size
        next_cursor = cursor_of(float(entries[-1].rank), entries[-1].user_id) if more else None
        own = next((entry for entry in entries if entry.user_id == caller), None)
        return Standing(
            Page(entries, next_cursor), own or await self._entry_of(board, mode, caller), board.season, size
        )

    async def enter(self, ratings: Iterable[PlayerRating]) -> None:
        """Puts ratings as they were just written on their boards. Redis may lag: the sweep enters them later."""
        with may_lag():
            await self._enter(ratings)

    async def forget(self, user: UserId) -> None:
        """Takes a player off every board, whose ratings are then no more to be entered."""
        for rating in await self._ratings.find({"user_id": user}, limit=MOST_RATINGS):
            await self._boards.remove(Board(rating.game_id, rating.mode, rating.season), [user])

    async def sweep(self) -> None:
        """Enters what was written since the last sweep, and rebuilds boards that were lost, or rebuilt long ago."""
        now = self._clock.now()
        since = (self._swept_at or now) - seconds(OVERLAP_S)
        async for page in self._pages({"updated_at": {"$gte": since}}, sort="updated_at"):
            await self._enter(page)
        for game in await self._games.all():
            for mode in filter(lambda mode: mode.rated, game.modes):
                board = self._board(GameId(game.id), mode)
                await isolated(self._report, f"the leaderboard {board}", self._mend(board, mode, now))
        self._swept_at = now

    async def _enter(self, ratings: Iterable[PlayerRating]) -> None:
        ordinals: defaultdict[Board, dict[UserId, float]] = defaultdict(dict)
        for rating in ratings:
            if rating.listed:
                board = Board(rating.game_id, rating.mode, rating.season)
                ordinals[board][rating.user_id] = rating.rating.ordinal
        for board, of_user in ordinals.items():
            await self._boards.put(board, of_user)

    async def _mend(self, board: Board, mode: Mode, now: datetime) -> None:
        built, size = self._built.get(board), await self._boards.size(board)
        if built is None or now - built.at >= seconds(REBUILD_S) or size < LOST_BELOW * built.size:
            await self._rebuild(board, mode, now)
            self._built[board] = _Built(now, await self._boards.size(board))
        else:
            self._built[board] = _Built(built.at, size)

    async def _rebuild(self, board: Board, mode: Mode, now: datetime) -> None:
        listed: Filter = {"game_id": board.game_id, "mode": board.mode, "season": board.season, "listed": True}
        async for page in self._pages(listed):
            active = await self._active(board, page)
            present = [at(rating, mode.rating, now) for rating in page if rating.user_id in active]
            await self._boards.put(board, {rating.user_id: rating.rating.ordinal for rating in present})

    async def _entries(self, board: Board, mode: Mode, start: int, count: int) -> list[LeaderboardEntry]:
        """`count` entries from that place on. Players who are not active any more are taken off on the way."""
        while True:
            places = await self._boards.page(board, start, count)
            stored = await self._ratings.get_many([rating_id(user, board.game_id, board.mode) for user in places])
            ratings = {rating.user_id: rating for rating in stored.values()}
            active = await self._active(board, stored.values())
            await self._boards.remove(board, [user for user in places if user not in ratings])
            if len(active) == len(places):
                break
        now = self._clock.now()
        return [
            _entry(rank, active[user], at(ratings[user], mode.rating, now))
            for rank, user in enumerate(places, start=start + 1)
        ]

    async def _entry_of(self, board: Board, mode: Mode, user: UserId) -> LeaderboardEntry | None:
        place = await self._boards.place(board, user)
        entries = await self._entries(board, mode, place, 1) if place is not None else []
        return entries[0] if entries and entries[0].user_id == user else None

    async def _active(self, board: Board, ratings: Collection[PlayerRating]) -> dict[UserId, User]:
        """The active players of those ratings; the others are taken off the board."""
        users = await self._users.get_many([rating.user_id for rating in ratings])
        active = {id: user for id, user in users.items() if user.status == "active"}
        gone = [rating for rating in ratings if rating.user_id not in active]
        for rating in gone:
            await self._ratings.update(rating.id, {"$set": {"listed": False}}, expect={"version": rating.version})
        await self._boards.remove(board, [rating.user_id for rating in gone])
        return active

    async def _start(self, board: Board, caller: UserId, query: LeaderboardQuery) -> int:
        """The place at which the page starts."""
        behind = after(query.cursor, float)
        if behind is not None:
            rank, user = behind
            place = await self._boards.place(board, UserId(user))
            if place is not None:
                return place + 1
            return min(max(0, int(cast(float, rank))), await self._boards.size(board))  # a cursor may be made up
        if query.around is None:
            return 0
        place = await self._boards.place(board, caller if query.around == "me" else UserId(query.around))
        if place is None:
            raise NotFound("This player has not played enough rated matches in the season to be on the leaderboard.")
        return max(0, place - query.limit // 2)

    async def _mode(self, game_id: GameId, name: ModeName) -> Mode:
        game = (await self._games.read(game_id)).value
        mode = game.mode(name)
        if mode is None:
            known = ", ".join(mode.mode for mode in game.modes if mode.rated) or "none"
            raise ValidationFailed([{"field": "mode", "message": f"{game_id} has no such mode; rated are: {known}"}])
        if not mode.rated:
            raise ModeNotRated
        return mode

    def _board(self, game_id: GameId, mode: Mode) -> Board:
        """The board of the season that runs."""
        return Board(game_id, mode.mode, season_at(mode.rating, self._clock.now()))

    async def _pages(self, filter: Filter, sort: str = "id") -> AsyncIterator[list[PlayerRating]]:
        """All ratings that match, some at a time."""
        behind: After | None = None
        while page := await self._ratings.find(filter, sort=sort, limit=PAGE, after=behind):
            yield page
            behind = (getattr(page[-1], sort), page[-1].id)


def _entry(rank: int, user: User, rating: PlayerRating) -> LeaderboardEntry:
    return LeaderboardEntry(
        rank=rank,
        user_id=rating.user_id,
        username=user.username,
        display_name=user.display_name,
        rating=rating.rating,
        matches=rating.matches,
        wins=rating.wins,
    )
