"""Results over real sockets and HTTP: the players agree, and a crash in between loses and doubles nothing."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from clients.python.client import MaogaClient
from domain.audit.model import CLI
from domain.auth.api_keys import CreateApiKey
from domain.games.model import GAMES
from domain.games.rating import RatingRules
from tests.e2e.conftest import Enter, Start, a_guest, accept_all
from tests.support.cores import a_core
from tests.support.wait import eventually

RANKED: Any = {
    "games": [{"gameId": "valorant"}],
    "mode": "ranked",
    "groupSize": {"min": 2, "max": 2},
    "skillPreference": "any",
}


async def prepared(tmp_path: Path, shared: dict[str, str]) -> str:
    """Puts players on the leaderboard of `RANKED` from their first match on; the API key of a game server."""
    urls: dict[str, Any] = {"database_url": shared["MAOGA_DATABASE_URL"], "redis_url": shared["MAOGA_REDIS_URL"]}
    async with a_core(tmp_path, **urls) as core:
        game = await core.games.get(RANKED["games"][0]["gameId"])
        assert game is not None
        modes = [mode.model_copy(update={"rated": True, "rating": RatingRules(listed_from=1)}) for mode in game.modes]
        await core.database.collection(GAMES).update(game.id, {"$set": {"modes": modes}})
        command = CreateApiKey(name="a game server", scopes=["results:write"])
        return (await core.keys.create(CLI, command)).secret


async def played(*players: MaogaClient) -> str:
    """The id of the match whose game the players have begun."""
    for player in players:
        await player.enqueue(RANKED)
    lobby = await accept_all(*players)
    await asyncio.gather(*(player.set_ready() for player in players))
    await players[0].wait_for("lobby_started", timeout=20)
    return lobby["id"]


def report(player: MaogaClient, match_id: str, *places: MaogaClient) -> Any:
    """The player says in which order they ended."""
    return player.report_result(match_id, [[one.user_id] for one in places])


async def request(url: str, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
    """Status and body of an answer."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.request(method, f"{url}/api/v1/{path}", json=body, headers=headers) as response:
        return response.status, await response.json()


async def test_players_on_two_instances_agree_and_a_game_server_hears_what_counts(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path
) -> None:
    key = await prepared(tmp_path, shared)
    a, b = start(**shared), start(**shared)
    session = await a_guest(a.url)
    ann, bob = await enter(a.url, session), await enter(b.url)
    match_id = await played(ann, bob)
    assert (await report(ann, match_id, bob, ann))["status"] == "confirmed"
    assert (await report(bob, match_id, bob, ann))["status"] == "reported"
    told = [(await player.wait_for("match_result")).data for player in (ann, bob)]
    assert told[0]["match"] == told[1]["match"]
    assert told[0]["match"]["result"]["places"] == [[bob.user_id], [ann.user_id]]
    assert told[0]["ratings"]["after"]["mu"] < 1500 < told[1]["ratings"]["after"]["mu"]

    path = f"matches/{match_id}/result"
    status, same = await request(a.url, "POST", path, key, {"places": [[bob.user_id], [ann.user_id]]})
    assert (status, same["data"]) == (200, told[0]["match"])
    status, other = await request(b.url, "POST", path, key, {"places": [[ann.user_id], [bob.user_id]]})
    assert (status, other["error"]["code"]) == (409, "RESULT_CONFLICT")
    status, board = await request(b.url, "GET", "leaderboards/valorant?mode=ranked", session.access_token)
    assert [bob.user_id, ann.user_id] == [entry["userId"] for entry in board["data"]]
    assert board["data"][1] == board["meta"]["own"]
    assert board["data"][1]["rating"] == told[0]["ratings"]["after"]


async def test_an_instance_dies_between_the_commit_of_a_result_and_what_follows(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path
) -> None:
    await prepared(tmp_path, shared)
    steady, doomed = start(**shared), start(**shared, MAOGA_ROLE="gateway", MAOGA_FAULT_POINT="reported")
    session = await a_guest(steady.url)
    ann, bob = await enter(steady.url, session), await enter(doomed.url)
    match_id = await played(ann, bob)
    await report(ann, match_id, ann, bob)
    last_words: asyncio.Task[Any] = asyncio.create_task(report(bob, match_id, ann, bob))
    await eventually(lambda: doomed.process.poll() is not None, timeout=10)
    last_words.cancel()
    told = (await ann.wait_for("match_result", timeout=20)).data
    assert (await report(ann, match_id, ann, bob))["status"] == "reported"

    async def board() -> Any:
        _, answer = await request(steady.url, "GET", "leaderboards/valorant?mode=ranked", session.access_token)
        return answer["data"]

    first, second = await eventually(board, timeout=40)
    assert [(ann.user_id, 1), (bob.user_id, 1)] == [(e["userId"], e["matches"]) for e in (first, second)]
    assert first["rating"] == told["ratings"]["after"]
