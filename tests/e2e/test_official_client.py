"""Every event there is, between two instances, with the official JavaScript client and with the Python client."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.every_event.clients import Client, javascript_client, python_client
from tests.e2e.every_event.governing import govern
from tests.e2e.every_event.players import a_world
from tests.e2e.every_event.playing import lobby, match, party
from tests.e2e.every_event.registry import Record
from tests.e2e.every_event.talking import chat, drain, session, social
from tests.e2e.staff import make_staff

ACTS = (party, match, lobby, chat, social, session, govern)
"""They are played at once, by players of their own."""


def settings(folder: Path) -> dict[str, str]:
    """Everything that can happen happens soon, but not so soon that a busy machine cannot stop it."""
    words = folder / "words.txt"
    words.write_text("bad\n")
    return {
        "MAOGA_HANDLER_TIMEOUT_S": "20",
        "MAOGA_DATABASE_TIMEOUT_S": "20",
        "MAOGA_MATCH_ACCEPT_S": "60",
        "MAOGA_TICKET_MAX_S": "8",
        "MAOGA_LOBBY_COUNTDOWN_S": "3",
        "MAOGA_LOBBY_READY_CHECK_S": "60",
        "MAOGA_MEDIA_DIR": str(folder / "images"),
        "MAOGA_MEDIA_REVIEW": "1",
        "MAOGA_CHAT_WORDS_FILE": str(words),
        "MAOGA_CHAT_WORDS_MODE": "hold",
        "MAOGA_RATE_LIMIT_SCALE": "3",
        "MAOGA_CORS_ORIGINS": "*",  # the JavaScript client's page is served by the test
    }


@pytest.mark.parametrize("client", [python_client, javascript_client])
async def test_every_event_is_said_and_heard(
    client: Client, start: Start, shared: dict[str, str], tmp_path: Path
) -> None:
    await make_staff(tmp_path, shared, ["admin"])
    env = shared | settings(tmp_path)
    servers, record = [start(**env) for _ in range(2)], Record()
    urls = [server.url for server in servers]
    async with client() as connect, a_world(urls, env["MAOGA_SECRET_KEY"], connect, record) as world:
        async with asyncio.TaskGroup() as acts:
            for act in ACTS:
                acts.create_task(act(world))
        await drain(world, servers[0])
    assert record.faults == []
    assert record.missing() == []
