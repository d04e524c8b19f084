"""Binary events and acks, and calls of the server, with the official clients."""

import asyncio
from typing import Any

import pytest

from domain.core.errors import NotFound, Timeout
from tests.integration.realtime.conformance.conftest import Play
from tests.integration.realtime.conformance.official import JAVASCRIPT, JavaScript
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL_BYTES = bytes(range(256))
VALUES: list[Any] = [b"", ALL_BYTES, {"file": b"\x00\xff", "of": [b"1", {"two": b"2"}]}, "text", None]


async def test_bytes_come_back_in_an_ack(play: Play) -> None:
    """Between other values, in lists and objects, empty ones too."""
    async with play() as table:
        await table.client.enter()
        assert await table.client.call("echo", *VALUES) == VALUES
        assert table.game.told == [("echo", *VALUES)]


async def test_bytes_arrive_in_an_event_of_the_client(play: Play) -> None:
    """Without an ack, and with plain events around it in order."""
    async with play() as table:
        await table.client.enter()
        await table.client.emit("before")
        await table.client.emit("file", {"name": "é.bin"}, ALL_BYTES)
        await table.client.emit("after")
        await eventually(lambda: len(table.game.told) == 3)
        assert table.game.told == [("before",), ("file", {"name": "é.bin"}, ALL_BYTES), ("after",)]


async def test_bytes_arrive_in_an_event_of_the_server(play: Play) -> None:
    """To one client and to a room, with plain events around it in order."""
    async with play() as table:
        await table.client.enter()
        table.engine.enter(table.game.sid(), "room")
        table.engine.send(table.game.sid(), "news", 1)
        table.engine.emit("game", "room", "news", *VALUES)
        table.engine.send(table.game.sid(), "news", ALL_BYTES)
        table.engine.send(table.game.sid(), "news", 2)
        assert [await table.client.next("news") for _ in range(4)] == [[1], VALUES, [ALL_BYTES], [2]]


async def test_big_bytes_arrive_whole(play: Play) -> None:
    """40 KB up, 150 KB down."""
    async with play() as table:
        await table.client.enter()
        assert await table.client.call("echo", ALL_BYTES * 160) == [ALL_BYTES * 160]
        table.engine.send(table.game.sid(), "news", ALL_BYTES * 600)
        assert await table.client.next("news") == [ALL_BYTES * 600]


async def test_the_server_calls_the_client(play: Play) -> None:
    """It gets the arguments of the ack, bytes among them; two namespaces are not mixed up."""
    async with play() as table:
        await table.client.enter("/game", "/chat")
        game, chat = sorted(table.game.clients, key=lambda client: client.namespace, reverse=True)
        answers: tuple[Any, ...] = await asyncio.gather(
            table.engine.call(game.sid, "question", 1, {"two": [3]}, timeout_s=5),
            table.engine.call(chat.sid, "question", "of the chat", timeout_s=5),
            table.engine.call(game.sid, "question", *VALUES, timeout_s=5),
            table.engine.call(game.sid, "question", timeout_s=5),
        )
        assert list(answers) == [[1, {"two": [3]}], ["of the chat"], VALUES, []]


async def test_nobody_is_there_to_be_called(play: Play) -> None:
    """A client that leaves before it answers, and one that has left."""
    async with play() as table:
        await table.client.enter()
        await table.client.leave()
        await eventually(lambda: table.game.gone)
        with pytest.raises(NotFound):
            await table.engine.call(table.game.sid(), "question", timeout_s=5)


@pytest.mark.parametrize("variant", JAVASCRIPT, ids=str)
async def test_a_call_of_the_server_may_time_out(play: Play) -> None:
    """An ack that comes after it disturbs nobody."""
    async with play() as table:
        assert isinstance(table.client, JavaScript)
        await table.client.enter()
        await table.client.ask("(socket) => void socket.once('late', (ack) => (window.answer = ack))")
        with pytest.raises(Timeout):
            await table.engine.call(table.game.sid(), "ignore me", timeout_s=0.1)
        with pytest.raises(Timeout):
            await table.engine.call(table.game.sid(), "late", timeout_s=0.1)
        await table.client.ask("() => window.answer('too late')")
        assert await table.client.call("echo", 1) == [1]
        assert await table.engine.call(table.game.sid(), "question", 2, timeout_s=5) == [2]


@pytest.mark.parametrize("variant", JAVASCRIPT, ids=str)
async def test_a_call_ends_with_its_client(play: Play) -> None:
    """Whoever asked hears at once that nobody will answer."""
    async with play() as table:
        await table.client.enter()
        asking = asyncio.create_task(table.engine.call(table.game.sid(), "ignore me", timeout_s=60))
        await table.client.next("ignore me")
        await table.client.leave()
        with pytest.raises(NotFound):
            await asyncio.wait_for(asking, 5)
