"""Results: a game server's word counts at once, that of the players once enough of them agree.

    report -> Match.reports (conditional) -> agreement, or the deadline: disputed
    agreement, or the game server -> Match reported + the ratings of all its players (one commit) -> everyone is told

The commit is conditional on the match being unreported and on every rating as it was read: a result applies once.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Database, StorageConflict, Update
from domain.core.deadlines import Deadlines
from domain.core.errors import AppError, Conflict, NotFound
from domain.core.events import Outbox, carrying, to, user_stream
from domain.core.faults import fault_point
from domain.core.ids import MatchId, UserId
from domain.core.index import may_lag
from domain.games.games import Games
from domain.games.model import Mode
from domain.lobbies.model import LOBBIES
from domain.lobbies.upkeep import ending
from domain.matchmaking.agreement import agreed, checked, sides
from domain.matchmaking.commands import ReportResult, Result
from domain.matchmaking.events import MatchReported, RatingStep
from domain.matchmaking.model import MATCHES, Match, MatchResult, MatchView, Places, Report, match_view
from domain.rankings.rankings import Rankings, RatingChange
from domain.rankings.standings import Standings

ATTEMPTS = 10
FIRST_PAUSE_S = 0.01
"""All players of a match may report in one moment: each waits at random before a retry, twice as long each time."""


class MatchNotConfirmed(AppError):
    """This match was not played: it is proposed only, or was cancelled."""

    code, status = "MATCH_NOT_CONFIRMED", 409


class MatchNotStarted(AppError):
    """The game of this match has not begun, so there is nothing to report yet."""

    code, status = "MATCH_NOT_STARTED", 409


class ResultElsewhere(AppError):
    """This match filled up a lobby; what is reported is the match that the lobby was made from, `matchId`."""

    code, status = "RESULT_ELSEWHERE", 409

    def __init__(self, match_id: str | None) -> None:
        super().__init__(details={"matchId": match_id})


class ResultByServer(AppError):
    """In this mode only a game server reports results."""

    code, status = "RESULT_BY_SERVER", 403


class ResultConflict(AppError):
    """This match has another result already."""

    code, status = "RESULT_CONFLICT", 409


class ResultDisputed(AppError):
    """The players did not agree on the result in time; only a game server can still report it."""

    code, status = "RESULT_DISPUTED", 409


class ResultTooLate(AppError):
    """This match is too long ago for a result."""

    code, status = "RESULT_TOO_LATE", 409


@dataclass(frozen=True, slots=True)
class ResultConfig:
    """report_s: how long the players have to agree, from the first report on. match_s: from match to result at most."""

    report_s: float = 600
    match_s: float = 86_400


class Results:
    """How matches end, and what that makes of the ratings."""

    def __init__(
        self,
        *,
        database: Database,
        games: Games,
        rankings: Rankings,
        standings: Standings,
        deadlines: Deadlines,
        outbox: Outbox,
        clock: Clock,
        config: ResultConfig,
    ) -> None:
        self._database, self._games, self._rankings, self._standings = database, games, rankings, standings
        self._deadlines, self._outbox, self._clock, self._config = deadlines, outbox, clock, config
        self._matches = database.collection(MATCHES)
        self._lobbies = database.collection(LOBBIES)

    async def report(self, user: UserId, command: ReportResult) -> MatchView:
        """A player says how the match ended. Saying it again changes nothing; saying otherwise takes the first back.

        Raises `NotFound` for somebody else's match, `ValidationFailed`, and the errors of this module.
        """
        for attempt in range(ATTEMPTS):
            await _pause(attempt)
            match = await self._matches.get(command.match_id)
            if match is None or user not in match.player_ids:
                raise NotFound
            places = _places(match, command.result)
            if match.result is not None:
                return _same(match, match.result, places)
            self._check_playing(match)
            await self._check_players_word(match)
            if match.disputed or (match.report_by is not None and match.report_by <= self._clock.now()):
                raise ResultDisputed
            report = Report(user_id=user, places=places)
            reports = (*(other for other in match.reports if other.user_id != user), report)
            result = agreed(match, reports)
            done = await (self._apply(match, result, "players", reports) if result else self._note(match, reports))
            if done is not None:
                return match_view(done)
        raise Conflict

    async def decide(self, match_id: MatchId, result: Result) -> MatchView:
        """A game server says how the match ended, which counts. Saying it again gets the same answer.

        Raises `NotFound`, `ValidationFailed`, and the errors of this module.
        """
        for attempt in range(ATTEMPTS):
            await _pause(attempt)
            match = await self._matches.get(match_id)
            if match is None:
                raise NotFound
            places = _places(match, result)
            if match.result is not None:
                return _same(match, match.result, places)
            self._check_playing(match)
            done = await self._apply(match, places, "server", match.reports)
            if done is not None:
                return match_view(done)
        raise Conflict

    async def elapse(self, match_id: MatchId) -> None:
        """The time to agree is over: the result is disputed, and no rating changes. Idempotent."""
        match, now = await self._matches.get(match_id), self._clock.now()
        if match is None or match.report_by is None or match.report_by > now:
            return
        event = MatchReported(match=match_view(match.changed(disputed=True)))
        events = [to(user_stream("matchmaking", user), event) for user in match.player_ids]
        changes: Changes = {**carrying(events, now, disputed=True), "$unset": {"report_by": True}}
        disputed = await self._matches.update(match_id, changes, expect={"version": match.version})
        if disputed is None:
            raise Conflict  # somebody reported in this very moment: look again
        await self._outbox.flush(MATCHES, disputed)

    def _check_playing(self, match: Match) -> None:
        """Raises unless the match can have a result."""
        if match.status != "confirmed":
            raise MatchNotConfirmed
        if self._clock.now() - match.formed_at > seconds(self._config.match_s):
            raise ResultTooLate

    async def _check_players_word(self, match: Match) -> None:
        """Raises unless the players may say how the match ended: they could agree on one they never played."""
        mode = await self._mode(match)
        if mode is not None and mode.reported_by == "server":
            raise ResultByServer
        lobby = await self._lobbies.get(match.id)
        if lobby is None or lobby.active_at is None:
            raise MatchNotStarted

    async def _note(self, match: Match, reports: tuple[Report, ...]) -> Match | None:
        """Keeps what the players say so far; None when the match has changed meanwhile."""
        report_by = match.report_by or self._clock.now() + seconds(self._config.report_s)
        noted = await self._matches.update(
            match.id,
            {"$set": {"reports": reports, "report_by": report_by}, "$inc": {"version": 1}},
            expect={"version": match.version},
        )
        if noted is not None and match.report_by is None:
            with may_lag():
                await self._deadlines.set("result", match.id, report_by)
        return noted

    async def _apply(
        self, match: Match, places: Places, by: Literal["server", "players"], reports: Sequence[Report]
    ) -> Match | None:
        """The result counts: the match as reported, or None when it or a rating has changed meanwhile."""
        now = self._clock.now()
        result = MatchResult(places=places, by=by, reported_at=now)
        ratings = await self._rating_changes(match, places)
        lobby = await self._lobbies.get(match.id)
        steps = {
            change.after.user_id: RatingStep(before=change.before, after=change.after.rating) for change in ratings
        }
        view = match_view(match.changed(status="reported", result=result, disputed=False))
        events = [
            to(user_stream("matchmaking", user), MatchReported(match=view, ratings=steps.get(user)))
            for user in match.player_ids
        ]
        fields = {"status": "reported", "result": result, "reports": tuple(reports), "disputed": False}
        changes: Changes = {**carrying(events, now, **fields), "$unset": {"report_by": True}}
        try:
            await self._database.commit(
                Update(MATCHES, match.id, changes, expect={"version": match.version, "status": "confirmed"}),
                *(change.write for change in ratings),
                *ending(lobby, now),
            )
        except StorageConflict:
            return None
        fault_point("reported")
        await self._standings.enter(change.after for change in ratings)
        with may_lag():
            await self._deadlines.drop("result", match.id)
            await self._deadlines.set("idle", match.id, now)  # the lobby closes
        reported = await self._matches.get(match.id)
        if reported is not None:
            await self._outbox.flush(MATCHES, reported)
        return reported

    async def _rating_changes(self, match: Match, places: Places) -> list[RatingChange]:
        """What the result makes of the players' ratings; nothing in a mode that is not rated."""
        mode = await self._mode(match)
        if mode is None or not mode.rated:
            return []
        return await self._rankings.changes(match.game_id, mode, sides(match, places))

    async def _mode(self, match: Match) -> Mode | None:
        game = await self._games.get(match.game_id)
        return game.mode(match.mode) if game else None


def _places(match: Match, result: Result) -> Places:
    """The places of a result, in order; raises `ResultElsewhere` or `ValidationFailed`."""
    if match.backfill is not None:
        raise ResultElsewhere(match.lobby_id)
    return checked(match, result.places)


def _same(match: Match, known: MatchResult, places: Places) -> MatchView:
    if known.places != places:
        raise ResultConflict
    return match_view(match)


async def _pause(attempt: int) -> None:
    if attempt:
        await asyncio.sleep(random.uniform(0, FIRST_PAUSE_S * 2**attempt))
