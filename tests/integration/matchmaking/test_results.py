"""How a match ends, on the embedded default and on real servers: a result applies exactly once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.core.errors import NotFound, ValidationFailed
from domain.core.events import user_stream
from domain.core.ids import GameId, LobbyId, MatchId, TicketId, UserId
from domain.games.model import GAMES
from domain.lobbies.model import LOBBIES
from domain.matchmaking.commands import ReportResult, Result
from domain.matchmaking.model import MATCHES, Match, MatchView
from domain.matchmaking.recovery import OVERDUE_S
from domain.matchmaking.results import (
    MatchNotConfirmed,
    MatchNotStarted,
    ResultByServer,
    ResultConflict,
    ResultDisputed,
    ResultElsewhere,
    ResultTooLate,
)
from domain.rankings.model import RATINGS, PlayerRating
from domain.users.model import DEFAULT_SIGMA, GameProfile, Rating
from maoga.bootstrap import Core
from realtime.packet import opened
from tests.integration.matchmaking.test_main_job import proposed, seated
from tests.support.builders import a_lobby, a_match
from tests.support.clock import ManualClock
from tests.support.cores import a_core, players
from tests.support.invariants import everything

GAME = GameId("rocket-league")


async def played(core: Core, *teams: Sequence[UserId], **changes: Any) -> Match:
    """A confirmed match of those teams, whose game has begun."""
    formed = {"formed_at": core.clock.now(), "game_id": GAME, "mode": "ranked"}
    match = a_match(*teams, **{**formed, **changes})
    await core.database.collection(MATCHES).insert(match)
    lobby = a_lobby(len(match.player_ids), id=match.id, status="active", active_at=core.clock.now())
    await core.database.collection(LOBBIES).insert(lobby)
    return match


def report(match: Match, *places: Sequence[UserId]) -> ReportResult:
    return ReportResult(match_id=match.match_id, result=Result(places=[list(place) for place in places]))


def wire(rating: Rating) -> dict[str, float]:
    """A rating as clients see it."""
    return {"mu": rating.mu, "sigma": rating.sigma, "ordinal": rating.ordinal}


def result(*places: Sequence[UserId]) -> Result:
    return Result(places=[list(place) for place in places])


async def ratings(core: Core) -> dict[UserId, PlayerRating]:
    """Every stored rating, by player."""
    return {rating.user_id: rating for rating in await everything(core.database, RATINGS)}


async def events_of(core: Core, user: UserId) -> list[Any]:
    """The data of the `match_result` events on the user's stream."""
    stream = user_stream("matchmaking", user)
    start = replace((await core.streams.positions([stream]))[stream], seq=0)
    entries = await core.streams.read(stream, start, 100)
    assert entries is not None
    events = [orjson.loads(b"[%b]" % opened(entry.packet)[1]) for entry in entries]
    return [data for name, data in events if name == "match_result"]


async def test_a_servers_result_changes_the_ratings_and_says_so_again_without_changing_them(core: Core) -> None:
    one, two, three, four = users = await players(core, 4)
    match = await played(core, [one, two], [three, four])
    answer = await core.results.decide(match.match_id, result([four, three], [one, two]))
    assert (answer.status, answer.result and answer.result.by) == ("reported", "server")
    before = await ratings(core)
    assert {one: 0, two: 0, three: 1, four: 1} == {user: before[user].wins for user in users}
    assert {1} == {rating.matches for rating in before.values()}
    assert before[three].mu > 1500 > before[one].mu
    assert before[three].mu == before[four].mu
    assert all(rating.sigma < DEFAULT_SIGMA for rating in before.values())
    assert answer == await core.results.decide(match.match_id, result([three, four], [two, one]))
    with pytest.raises(ResultConflict):
        await core.results.decide(match.match_id, result([one, two], [three, four]))
    assert before == await ratings(core)


async def test_players_agree_and_each_is_told_of_their_own_change(core: Core) -> None:
    one, two, three, four = users = await players(core, 4)
    match = await played(core, [one, two], [three, four])
    won = report(match, [one, two], [three, four])
    for user in (one, two):
        assert (await core.results.report(user, won)).status == "confirmed"
        assert (await core.results.report(user, won)).status == "confirmed", "twice is once"
    assert await ratings(core) == {}
    assert (await core.results.report(three, won)).status == "reported"
    assert (await core.results.report(four, won)).status == "reported", "the same, only later"
    with pytest.raises(ResultConflict):
        await core.results.report(four, report(match, [three, four], [one, two]))
    stored = await ratings(core)
    for user in users:
        (event,) = await events_of(core, user)
        assert event["match"]["result"]["places"] == [sorted([one, two]), sorted([three, four])]
        assert event["ratings"] == {"before": wire(Rating()), "after": wire(stored[user].rating)}


async def test_those_who_change_their_mind_in_time_agree(core: Core) -> None:
    one, two = await players(core, 2)
    match = await played(core, [one], [two])
    await core.results.report(one, report(match, [one], [two]))
    await core.results.report(two, report(match, [two], [one]))
    assert (await core.results.report(one, report(match, [two], [one]))).status == "reported"
    assert (await ratings(core))[two].wins == 1


@pytest.mark.parametrize("index_lost", [False, True], ids=["by the deadline", "by the sweep"])
async def test_without_agreement_the_match_is_disputed_and_only_a_server_may_decide_it(
    core: Core, clock: ManualClock, index_lost: bool
) -> None:
    one, two = await players(core, 2)
    match = await played(core, [one], [two])
    await core.results.report(one, report(match, [one], [two]))
    await core.results.report(two, report(match, [two], [one]))
    clock.advance(core.settings.match_report_s + OVERDUE_S + 1)
    with pytest.raises(ResultDisputed):
        await core.results.report(one, report(match, [two], [one]))
    if index_lost:
        await core.redis.flushall()
        await core.recovery.overdue()
    else:
        await core.worker.run_deadlines()
    await core.recovery.overdue()
    assert await ratings(core) == {}
    for user in (one, two):
        (event,) = await events_of(core, user)
        assert event["match"]["disputed"]
        assert "ratings" not in event
    with pytest.raises(ResultDisputed):
        await core.results.report(one, report(match, [two], [one]))
    settled = await core.results.decide(match.match_id, result([one], [two]))
    assert (settled.status, settled.disputed) == ("reported", False)
    assert (await ratings(core))[one].wins == 1


async def test_only_a_match_that_was_played_not_long_ago_has_a_result(core: Core, clock: ManualClock) -> None:
    one, two, stranger = await players(core, 3)
    match = await proposed(core, [one, two])
    with pytest.raises(MatchNotConfirmed):
        await core.results.decide(match.match_id, result([one], [two]))
    played_match = await played(core, [one], [two])
    with pytest.raises(NotFound):
        await core.results.report(stranger, report(played_match, [one], [two]))
    with pytest.raises(NotFound):
        await core.results.decide(MatchId("nothing"), result([one], [two]))
    with pytest.raises(ValidationFailed):
        await core.results.decide(played_match.match_id, result([one]))
    clock.advance(core.settings.match_result_max_s + 1)
    with pytest.raises(ResultTooLate):
        await core.results.decide(played_match.match_id, result([one], [two]))
    assert await ratings(core) == {}


async def test_players_cannot_agree_on_a_game_that_has_not_begun(core: Core) -> None:
    (one, two), lobby = await seated(core)
    match = await core.database.collection(MATCHES).get(lobby.id)
    assert match is not None
    for user in (one, two):
        with pytest.raises(MatchNotStarted):
            await core.results.report(user, report(match, [one], [two]))
        await core.lobbies.leave(user)
    with pytest.raises(MatchNotStarted):
        await core.results.report(one, report(match, [one], [two]))


async def test_where_game_servers_report_the_players_word_counts_for_nothing(core: Core) -> None:
    game = await core.database.collection(GAMES).get(GAME)
    assert game is not None
    modes = [mode.model_copy(update={"reported_by": "server"}) for mode in game.modes]
    await core.database.collection(GAMES).update(GAME, {"$set": {"modes": modes}})
    one, two = await players(core, 2)
    match = await played(core, [one], [two])
    with pytest.raises(ResultByServer):
        await core.results.report(one, report(match, [one], [two]))
    assert (await core.results.decide(match.match_id, result([one], [two]))).status == "reported"


@pytest.mark.parametrize("teams", [1, 2])
async def test_who_filled_up_a_lobby_has_no_result_of_their_own(core: Core, teams: int) -> None:
    """Neither as a game of the newcomers alone, nor with players who were not asked."""
    one, two, old, older = await players(core, 4)
    sides = ([one, two, old, older],) if teams == 1 else ([one, old], [two, older])
    newcomers = {"player_ids": (one, two), "lobby_id": LobbyId("first"), "backfill": TicketId("asked")}
    match = await played(core, *sides, **newcomers)
    for call in (
        core.results.report(one, report(match, [one], [two])),
        core.results.decide(match.match_id, result([one, old], [two, older])),
    ):
        with pytest.raises(ResultElsewhere) as refused:
            await call
        assert refused.value.details == {"matchId": "first"}
    assert await ratings(core) == {}


async def test_a_mode_that_is_not_rated_keeps_its_result_without_ratings(core: Core) -> None:
    users, lobby = await seated(core)
    await core.lobbies.leave(users[0])
    match = await core.database.collection(MATCHES).get(lobby.id)
    assert match is not None
    answer = await core.results.decide(match.match_id, result([users[0]], [users[1]]))
    assert (answer.status, answer.mode) == ("reported", "casual")
    assert await ratings(core) == {}
    (event,) = await events_of(core, users[0])
    assert "ratings" not in event


async def test_a_draw_of_equals_is_nobodys_win(core: Core) -> None:
    users = await players(core, 4)
    match = await played(core, users)
    await core.results.decide(match.match_id, result(users))
    assert {(0, 1)} == {(rating.wins, rating.matches) for rating in (await ratings(core)).values()}
    assert all(rating.mu == pytest.approx(1500) for rating in (await ratings(core)).values())


async def test_the_rating_is_what_matchmaking_and_the_profile_go_by(core: Core) -> None:
    one, two = await players(core, 2)
    match = await played(core, [one], [two])
    await core.results.decide(match.match_id, result([one], [two]))
    stored = (await ratings(core))[one].rating
    skills = await core.rankings.skills_of([one, two], [GAME, GameId("apex")], "ranked")
    assert skills[one] == {GAME: stored, "apex": Rating()}
    assert skills[two][GAME].mu < 1500
    assert (await core.rankings.skills_of([one], [GAME], "casual"))[one][GAME] == stored, "the best that is known"
    assert (await core.rankings.skills_of([one], [GAME], "competitive"))[one][GAME] == Rating(), "a mode of its own"
    profile = GameProfile(game_id=GAME, updated_at=core.clock.now())
    user = (await core.users.get(one)).changed(game_profiles=(profile,))
    assert [stored] == [profile.rating for profile in (await core.own_accounts.me(user)).game_profiles]


async def test_all_players_report_at_once(core: Core) -> None:
    users = await players(core, 10)
    match = await played(core, users[:5], users[5:])
    won = report(match, users[:5], users[5:])
    answers = await asyncio.gather(*(core.results.report(user, won) for user in users))
    assert "reported" in {answer.status for answer in answers}
    assert {1} == {rating.matches for rating in (await ratings(core)).values()}


async def test_two_instances_apply_a_result_once(tmp_path: Path, mongodb_url: str, redis_url: str) -> None:
    """Twenty matches of the same ten players, each reported by both instances at once, some in contradiction."""
    urls: dict[str, Any] = {"database_url": mongodb_url, "redis_url": redis_url}
    async with a_core(tmp_path, instance="a", **urls) as a, a_core(tmp_path, instance="b", **urls) as b:
        users = await players(a, 10)
        matches = [await played(a, [users[n % 10]], [users[(n + 1) % 10]], id=f"match-{n}") for n in range(20)]

        async def decide(core: Core, match: Match, reverse: bool) -> MatchView | Exception:
            teams = match.teams[::-1] if reverse else match.teams
            try:
                return await core.results.decide(match.match_id, result(*teams))
            except ResultConflict as conflict:
                return conflict

        for start in range(0, 20, 5):
            calls = [
                decide(core, match, reverse=core is b and n % 2 == 0)
                for n, match in enumerate(matches[start : start + 5])
                for core in (a, b)
            ]
            answers = await asyncio.gather(*calls)
            for one, two in zip(answers[::2], answers[1::2], strict=True):
                views = [answer for answer in (one, two) if isinstance(answer, MatchView)]
                assert views, "one of them counts"
                assert all(view == views[0] for view in views)
        stored = await ratings(a)
        assert {4} == {rating.matches for rating in stored.values()}
        assert sum(rating.wins for rating in stored.values()) == 20
        reported = await everything(a.database, MATCHES)
        assert {"reported"} == {match.status for match in reported}
        assert {users_won(match) for match in reported} <= set(users)


def users_won(match: Match) -> UserId:
    assert match.result is not None
    return match.result.places[0][0]


async def test_a_season_and_decay_of_the_catalogue_hold_for_the_next_match(core: Core, clock: ManualClock) -> None:
    game = await core.database.collection(GAMES).get(GAME)
    assert game is not None
    ranked = game.mode("ranked")
    assert ranked is not None
    start = clock.now().isoformat()
    data = {**ranked.model_dump(), "rating": {"seasons": [{"name": "s1", "startsAt": start, "softReset": 0.5}]}}
    one, two = await players(core, 2)
    for match in [await played(core, [one], [two], id=f"match-{n}") for n in range(2)]:
        await core.results.decide(match.match_id, result([one], [two]))
    before = (await ratings(core))[one]
    modes = [ranked.__class__.model_validate(data) if mode.mode == "ranked" else mode for mode in game.modes]
    await core.database.collection(GAMES).update(GAME, {"$set": {"modes": modes}})
    clock.advance(10)
    skills = await core.rankings.skills_of([one], [GAME], "ranked")
    assert skills[one][GAME].mu == pytest.approx((before.mu + 1500) / 2)
    match = await played(core, [one], [two])
    await core.results.decide(match.match_id, result([one], [two]))
    after = (await ratings(core))[one]
    assert (before.season, before.matches, after.season, after.matches, after.wins) == ("", 2, "s1", 1, 1)
