"""Leaderboards keep players in the order of their ordinals."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.core.ids import GameId, UserId
from domain.rankings.leaderboards import Board
from storage.redis.client import Client
from storage.redis.leaderboards import CHUNK, RedisLeaderboards
from tests.support.redis_keys import wipe

BOARD = Board(GameId("chess"), "ranked", "spring")


async def test_the_highest_ordinal_is_first_and_equals_stand_by_id(redis: Client) -> None:
    boards = RedisLeaderboards(redis)
    ordinals = {UserId("b"): 10.0, UserId("a"): 10.0, UserId("low"): -5.5, UserId("top"): 900.25}
    await boards.put(BOARD, ordinals)
    assert await boards.page(BOARD, 0, 10) == ["top", "a", "b", "low"]
    assert await boards.page(BOARD, 1, 2) == ["a", "b"]
    assert [await boards.place(BOARD, UserId(user)) for user in ("top", "b", "nobody")] == [0, 2, None]
    assert await boards.size(BOARD) == 4


async def test_each_game_mode_and_season_has_its_own(redis: Client) -> None:
    boards = RedisLeaderboards(redis)
    others = [Board(GameId("go"), "ranked", "spring"), Board(GameId("chess"), "casual", "spring")]
    await boards.put(BOARD, {UserId("a"): 1})
    for board in [*others, Board(GameId("chess"), "ranked", "")]:
        assert await boards.page(board, 0, 10) == []
        assert await boards.size(board) == 0


async def test_many_are_entered_at_once_and_some_taken_off(redis: Client) -> None:
    boards, users = RedisLeaderboards(redis), [UserId(f"u{n:05}") for n in range(2 * CHUNK + 1)]
    await boards.put(BOARD, {user: -float(n) for n, user in enumerate(users)})
    await boards.put(BOARD, {})
    await boards.remove(BOARD, users[1:-1])
    await boards.remove(BOARD, [])
    assert [users[0], users[-1]] == await boards.page(BOARD, 0, 10)


USERS = st.sampled_from([UserId(name) for name in "abcdef"])


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(USERS, st.one_of(st.none(), st.floats(-3000, 3000))), max_size=20))
async def test_any_order_of_changes(redis: Client, changes: list[tuple[UserId, float | None]]) -> None:
    """The board is at every moment what the last word on each player says."""
    await wipe(redis)
    boards, model = RedisLeaderboards(redis), dict[UserId, float]()
    for user, ordinal in changes:
        if ordinal is None:
            await boards.remove(BOARD, [user])
            model.pop(user, None)
        else:
            await boards.put(BOARD, {user: ordinal})
            model[user] = ordinal
    expected = sorted(model, key=lambda user: (-model[user], user))
    assert expected == await boards.page(BOARD, 0, 100)
    assert [await boards.place(BOARD, user) for user in expected] == list(range(len(model)))
