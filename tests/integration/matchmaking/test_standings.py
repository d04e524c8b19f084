"""Leaderboards follow the ratings, and are mended from the documents."""

import pytest

from domain.core.clock import seconds
from domain.core.errors import NotFound, ValidationFailed
from domain.core.ids import GameId, UserId
from domain.games.model import GAMES
from domain.games.rating import Decay, RatingRules, Season
from domain.rankings.commands import LeaderboardQuery
from domain.rankings.model import RATINGS, PlayerRating, rating_id
from domain.rankings.standings import OVERLAP_S, REBUILD_S, ModeNotRated, Standing
from domain.users.model import USERS
from maoga.bootstrap import Core
from tests.integration.matchmaking.test_results import GAME, played, result
from tests.support.clock import ManualClock
from tests.support.cores import players


async def rules(core: Core, rating: RatingRules) -> None:
    """Gives the ranked mode of the game those rules."""
    game = await core.database.collection(GAMES).get(GAME)
    assert game is not None
    modes = [mode.model_copy(update={"rating": rating}) if mode.mode == "ranked" else mode for mode in game.modes]
    await core.database.collection(GAMES).update(GAME, {"$set": {"modes": modes}})


async def rate(core: Core, user: UserId, mu: float, **changes: object) -> PlayerRating:
    """Stores a rating as a match would have, but on no board."""
    now = core.clock.now()
    rating = PlayerRating(
        id=rating_id(user, GAME, "ranked"),
        user_id=user,
        game_id=GAME,
        mode="ranked",
        mu=mu,
        sigma=100.0,
        matches=9,
        listed=True,
        played_at=now,
        updated_at=now,
    ).changed(**changes)
    await core.database.collection(RATINGS).insert(rating)
    return rating


async def read(core: Core, user: UserId, **query: object) -> Standing:
    return await core.standings.read(user, GAME, LeaderboardQuery.parse({"mode": "ranked", **query}))


async def shown(core: Core, user: UserId) -> list[UserId]:
    return [entry.user_id for entry in (await read(core, user)).page.items]


async def ranked(core: Core, count: int) -> list[UserId]:
    """Players on the board, the best first."""
    users = await players(core, count)
    await core.standings.enter([await rate(core, user, 2000.0 - 10 * n) for n, user in enumerate(users)])
    return users


async def test_a_result_moves_players_on_the_board_once_they_have_enough_matches(core: Core) -> None:
    await rules(core, RatingRules(listed_from=2))
    one, two = await players(core, 2)
    for number, expected in enumerate([[], [one, two]]):
        match = await played(core, [one], [two], id=f"match-{number}")
        await core.results.decide(match.match_id, result([one], [two]))
        assert expected == await shown(core, one)
    found = await read(core, two)
    assert [(entry.rank, entry.matches, entry.wins) for entry in found.page.items] == [(1, 2, 2), (2, 2, 0)]
    assert found.own == found.page.items[1]
    assert (found.size, found.season) == (2, "")
    names = {entry.user_id: (entry.username, entry.display_name) for entry in found.page.items}
    assert names[one] == ("player-0", "Player 0")


async def test_pages_follow_one_another_though_players_move_meanwhile(core: Core) -> None:
    users = await ranked(core, 7)
    first = await read(core, users[6], limit=3)
    assert [users[:3], users[6], 7] == [
        [entry.user_id for entry in first.page.items],
        first.own and first.own.user_id,
        first.own and first.own.rank,
    ]
    second = await read(core, users[6], limit=3, cursor=first.page.next_cursor)
    assert users[3:6] == [entry.user_id for entry in second.page.items]
    mover = await core.database.collection(RATINGS).get(rating_id(users[5], GAME, "ranked"))
    assert mover is not None
    await core.standings.enter([mover.changed(mu=5000.0)])
    third = await read(core, users[6], limit=3, cursor=second.page.next_cursor)
    assert [users[0]] == [entry.user_id for entry in third.page.items][:1], "behind the one who climbed to the top"
    last = await read(core, users[6], limit=100)
    assert last.page.next_cursor is None


async def test_around_a_player_are_their_neighbours(core: Core) -> None:
    users = await ranked(core, 9)
    found = await read(core, users[4], around="me", limit=3)
    assert [(4, users[3]), (5, users[4]), (6, users[5])] == [(e.rank, e.user_id) for e in found.page.items]
    other = await read(core, users[4], around=users[0], limit=3)
    assert users[:3] == [entry.user_id for entry in other.page.items]
    with pytest.raises(NotFound):
        await read(core, users[4], around="nobody")


async def test_what_has_no_leaderboard_is_told_apart(core: Core) -> None:
    (user,) = await players(core, 1)
    query = LeaderboardQuery.parse({"mode": "casual"})
    with pytest.raises(ModeNotRated):
        await core.standings.read(user, GAME, query)
    with pytest.raises(NotFound):
        await core.standings.read(user, GameId("nothing"), query)
    with pytest.raises(ValidationFailed) as refused:
        await core.standings.read(user, GameId("apex"), LeaderboardQuery.parse({"mode": "competitive"}))
    assert refused.value.faults == [{"field": "mode", "message": "apex has no such mode; rated are: none"}]
    assert (await read(core, user)).page.items == []


@pytest.mark.parametrize("status", ["banned", "deleted", "suspended"])
async def test_who_is_not_active_is_not_shown_and_leaves_no_gap(core: Core, status: str) -> None:
    users = await ranked(core, 4)
    await core.database.collection(USERS).update(users[1], {"$set": {"status": status}})
    found = await read(core, users[0])
    assert [(1, users[0]), (2, users[2]), (3, users[3])] == [(e.rank, e.user_id) for e in found.page.items]
    await core.standings.sweep()
    assert users[1] not in await shown(core, users[0])
    assert (await read(core, users[0])).size == 3


async def test_a_lost_board_is_rebuilt_from_the_documents(core: Core, clock: ManualClock) -> None:
    users = await ranked(core, 5)
    await core.standings.sweep()
    clock.advance(OVERLAP_S + 1)
    await core.standings.sweep()
    clock.advance(OVERLAP_S + 1)
    await core.redis.flushall()
    assert await shown(core, users[0]) == []
    latest = await core.database.collection(RATINGS).get(rating_id(users[3], GAME, "ranked"))
    assert latest is not None
    await core.standings.enter([latest])  # play goes on, so that the board is not empty for long
    await core.standings.sweep()
    assert users == await shown(core, users[0])


async def test_what_a_crash_kept_from_the_board_is_entered_by_the_sweep(core: Core, clock: ManualClock) -> None:
    """One who was on the board already, so that the board is not short."""
    users = await ranked(core, 3)
    await core.standings.sweep()
    clock.advance(OVERLAP_S + 1)
    climbed = {"mu": 3000.0, "updated_at": clock.now()}
    await core.database.collection(RATINGS).update(rating_id(users[2], GAME, "ranked"), {"$set": climbed})
    assert users == await shown(core, users[0])
    await core.standings.sweep()
    assert [users[2], users[0], users[1]] == await shown(core, users[0])


async def test_decay_shows_within_the_hour(core: Core, clock: ManualClock) -> None:
    await rules(core, RatingRules(decay=Decay(after_days=1, sigma_per_day=10, sigma_max=400)))
    one, two = await players(core, 2)
    later = clock.now() + seconds(40 * 86_400)
    ratings = [await rate(core, one, 2000.0), await rate(core, two, 1950.0, played_at=later, updated_at=later)]
    await core.standings.enter(ratings)
    await core.standings.sweep()
    assert [one, two] == await shown(core, one)
    clock.advance(10 * 86_400 + REBUILD_S)
    await core.standings.sweep()
    found = (await read(core, one)).page.items
    assert [two, one] == [entry.user_id for entry in found]
    assert found[1].rating.sigma == pytest.approx(190.4, abs=0.1)


async def test_a_new_season_begins_with_an_empty_board(core: Core, clock: ManualClock) -> None:
    users = await ranked(core, 2)
    await rules(core, RatingRules(seasons=(Season(name="s1", starts_at=clock.now()),), listed_from=1))
    clock.advance(10)
    await core.standings.sweep()
    assert await shown(core, users[0]) == []
    match = await played(core, [users[1]], [users[0]])
    await core.results.decide(match.match_id, result([users[1]], [users[0]]))
    found = await read(core, users[0])
    assert ("s1", 2, {1}) == (found.season, found.size, {entry.matches for entry in found.page.items})
