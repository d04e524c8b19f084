"""What a real server writes to its log: JSON lines that lead from a request through its job, without secrets."""

import asyncio
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from clients.python.rest import MaogaRest
from tests.e2e.conftest import Enter, Start
from tests.support.server import MaogaServer
from tests.support.wait import eventually

PASSWORD = "correct-horse-battery-staple"


def lines(server: MaogaServer, **fields: Any) -> list[dict[str, Any]]:
    """The lines of the log that have these fields."""
    told = [orjson.loads(line) for line in server.log().splitlines() if line.startswith("{") and line.endswith("}")]
    return [line for line in told if fields.items() <= line.items()]


async def test_a_request_can_be_followed_through_its_job(start: Start) -> None:
    server = start(MAOGA_LOG_FORMAT="json", MAOGA_INSTANCE="i-1")
    async with MaogaRest(server.url) as rest:
        await rest.register("ann@example.com", "ann", PASSWORD)
    (access,) = await eventually(lambda: lines(server, route="/api/v1/auth/register"))
    assert access["status"] == 201
    assert access["ms"] > 0
    assert access["user_agent"]
    job = (await eventually(lambda: lines(server, request=access["request"], kind="auth_link"), timeout=20))[0]
    assert (job["outcome"], job["attempt"]) == ("done", 1)
    assert job["job"]
    assert job["ms"] >= 0
    for line in lines(server):
        assert {"time", "level", "service", "instance", "message", "where"} <= line.keys()
        assert (line["service"], line["instance"]) == ("maoga", "i-1")


async def test_developers_see_queries_and_events_and_still_no_secrets(
    start: Start, enter: Enter, tmp_path: Path
) -> None:
    server = start(MAOGA_LOG_FORMAT="json", MAOGA_DEBUG="1", MAOGA_LOG_DIR=str(tmp_path), MAOGA_INSTANCE="i-2")
    async with MaogaRest(server.url) as rest:
        session = await rest.register("bob@example.com", "bob", PASSWORD)
    player = await enter(server.url, session)
    await player.call("social", "renew", {"token": session.access_token})
    await eventually(lambda: [line for line in lines(server) if line["message"].startswith("/social renew success")])
    queries = [line for line in lines(server, level="DEBUG") if " of sessions: " in line["message"]]
    assert queries
    events = lines(server, event="/social renew")
    assert events
    assert len({line["request"] for line in events}) == 1
    assert {line["user"] for line in events} == {player.user_id}
    text = await asyncio.to_thread((tmp_path / "i-2.combined.log").read_text)
    assert session.refresh_token
    for secret in (PASSWORD, session.access_token, session.refresh_token):
        assert secret not in server.log()
        assert secret not in text
    assert "/social renew" in text
    assert not (tmp_path / "i-2.error.log").read_text()


async def test_a_closed_socket_has_a_line_with_who_it_was(start: Start) -> None:
    server = start(MAOGA_LOG_FORMAT="json")
    async with (
        aiohttp.ClientSession(headers={"User-Agent": "Game/1.2"}) as http,
        http.ws_connect(f"{server.url}/socket.io/?EIO=4&transport=websocket"),
    ):
        pass
    (line,) = await eventually(lambda: lines(server, user_agent="Game/1.2"))
    assert (line["reason"], line["address"]) == ("transport close", "127.0.0.1")
    assert line["seconds"] >= 0


async def test_a_browser_names_itself_in_the_access_log(start: Start) -> None:
    server = start(MAOGA_LOG_FORMAT="json")
    asked = urllib.request.Request(
        f"{server.url}/api/v1/games", headers={"User-Agent": "Game/1.2", "X-Request-Id": "abcdefgh1"}
    )
    await asyncio.to_thread(lambda: urllib.request.urlopen(asked, timeout=10).close())
    (line,) = await eventually(lambda: lines(server, request="abcdefgh1"))
    assert (line["user_agent"], line["status"], line["route"]) == ("Game/1.2", 200, "/api/v1/games")
