"""Results and leaderboards over HTTP."""

from typing import Any

import pytest

from domain.core.ids import UserId
from domain.core.paging import cursor_of
from domain.games.model import GAMES
from domain.games.rating import RatingRules
from domain.matchmaking.model import MATCHES
from tests.integration.rest.conftest import Api
from tests.support.builders import a_match


async def a_played_match(api: Api, *users: str) -> str:
    """The id of a confirmed duel; one rated match puts a player on its leaderboard."""
    games = api.accounts.database.collection(GAMES)
    game = await games.get("rocket-league")
    assert game is not None
    modes = [mode.model_copy(update={"rating": RatingRules(listed_from=1)}) for mode in game.modes]
    await games.update(game.id, {"$set": {"modes": modes}})
    match = a_match(*([UserId(user)] for user in users), formed_at=api.accounts.clock.now())
    await api.accounts.database.collection(MATCHES).insert(match)
    return match.id


async def test_a_game_server_reports_a_result_and_the_leaderboard_shows_it(any_api: Api) -> None:
    api = any_api
    ann, bob = [await api.register(name) for name in ("ann", "bob")]
    one, two = ann["user"]["id"], bob["user"]["id"]
    path = f"matches/{await a_played_match(api, one, two)}/result"
    key, body = await api.key(), {"places": [[two], [one]]}
    reported = await api.post(path, body, token=key)
    assert (reported.status, reported.data["status"]) == (200, "reported")
    assert (reported.data["result"]["places"], reported.data["result"]["by"]) == ([[two], [one]], "server")
    again = await api.post(path, body, headers={"X-Api-Key": key})
    assert (again.status, again.data) == (200, reported.data)
    other = await api.post(path, {"places": [[one], [two]]}, token=key)
    assert (other.status, other.code) == (409, "RESULT_CONFLICT")

    board = await api.get("leaderboards/rocket-league?mode=ranked&limit=1", token=ann["accessToken"])
    (first,) = board.data
    assert (first["rank"], first["userId"], first["username"], first["matches"]) == (1, two, "bob", 1)
    rating: dict[str, float] = first["rating"]
    assert rating["ordinal"] == rating["mu"] - 3 * rating["sigma"]
    assert (board.body["meta"]["own"]["userId"], board.body["meta"]["own"]["rank"]) == (one, 2)
    assert (board.body["meta"]["size"], board.body["meta"]["season"]) == (2, "")
    cursor = board.body["meta"]["pagination"]["nextCursor"]
    rest = await api.get(f"leaderboards/rocket-league?mode=ranked&limit=1&cursor={cursor}", token=ann["accessToken"])
    assert [(2, one)] == [(entry["rank"], entry["userId"]) for entry in rest.data]
    assert rest.body["meta"]["pagination"]["nextCursor"] is None
    around = await api.get("leaderboards/rocket-league?mode=ranked&around=me", token=ann["accessToken"])
    assert {one, two} == {entry["userId"] for entry in around.data}


async def test_a_result_without_the_right_key_changes_nothing(api: Api) -> None:
    ann, bob = [await api.register(name) for name in ("ann", "bob")]
    one, two = ann["user"]["id"], bob["user"]["id"]
    match_id = await a_played_match(api, one, two)
    key = await api.key()
    for token in (ann["accessToken"], key[:-1], key.upper(), f"mk_{'0' * 16}_{'0' * 64}"):
        answer = await api.post(f"matches/{match_id}/result", {"places": [[one], [two]]}, token=token)
        assert (answer.status, answer.code) == (401, "API_KEY_INVALID")
    answer = await api.get("users/me", token=key)
    assert answer.code == "TOKEN_INVALID", "a key is no access token"
    stored = await api.accounts.database.collection(MATCHES).get(match_id)
    assert stored is not None
    assert stored.status == "confirmed"


async def test_a_result_that_is_none_is_told_what_is_wrong(api: Api) -> None:
    match_id, key = await a_played_match(api, "one", "two"), await api.key()
    bodies: list[Any] = [{"places": [["one"]]}, {"places": [["one"], ["two"], ["x"]]}, {}, {"places": []}]
    for body in [*bodies, {"places": [[]]}, {"places": [["one", "two", "one"]]}]:
        answer = await api.post(f"matches/{match_id}/result", body, token=key)
        assert {field.partition(".")[0] for field in answer.faults} == {"places"}, body
    unknown = await api.post("matches/nothing/result", {"places": [["one"], ["two"]]}, token=key)
    assert (unknown.status, unknown.code) == (404, "NOT_FOUND")


@pytest.mark.parametrize("rank", [-5.0, 9.3e18, 1e300])
async def test_a_cursor_that_was_made_up_points_at_most_to_an_end(api: Api, rank: float) -> None:
    token = (await api.register())["accessToken"]
    path = f"leaderboards/rocket-league?mode=ranked&cursor={cursor_of(rank, 'nobody')}"
    answer = await api.get(path, token=token)
    assert (answer.status, answer.data) == (200, [])


async def test_a_leaderboard_that_is_not_there_is_told_apart(api: Api) -> None:
    token = (await api.register())["accessToken"]
    for path, status, code in (
        ("leaderboards/nothing?mode=ranked", 404, "NOT_FOUND"),
        ("leaderboards/rocket-league?mode=casual", 404, "MODE_NOT_RATED"),
        ("leaderboards/rocket-league?mode=ranked&around=nobody", 404, "NOT_FOUND"),
        ("leaderboards/apex?mode=competitive", 422, "VALIDATION_ERROR"),
        ("leaderboards/rocket-league", 422, "VALIDATION_ERROR"),
        ("leaderboards/rocket-league?mode=chess", 422, "VALIDATION_ERROR"),
        ("leaderboards/rocket-league?mode=ranked&limit=101", 422, "VALIDATION_ERROR"),
        ("leaderboards/rocket-league?mode=ranked&cursor=x", 422, "VALIDATION_ERROR"),
    ):
        answer = await api.get(path, token=token)
        assert (answer.status, answer.code) == (status, code), path
