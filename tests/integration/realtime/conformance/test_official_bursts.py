"""Much at once between the official clients and our engine: over polling, one request carries it all."""

import asyncio

import pytest

from tests.integration.realtime.conformance.conftest import Play
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_acks_find_their_calls(play: Play) -> None:
    """Calls that run at the same time, in two namespaces that count their acks each from the same number on."""
    async with play() as table:
        await table.client.enter("/game", "/chat")
        calls = [table.client.call("echo", n, namespace=space) for n in range(20) for space in ("/game", "/chat")]
        assert await asyncio.gather(*calls) == [[n] for n in range(20) for _ in range(2)]


async def test_a_thousand_events_arrive_in_order(play: Play) -> None:
    """Both ways at once."""
    async with play() as table:
        await table.client.enter()
        for number in range(1_000):
            table.engine.send(table.game.sid(), "down", number)
            if number % 100 == 0:
                await asyncio.sleep(0)
        await table.client.emit_each("up", range(1_000))
        heard = await table.client.next_values("down", 1_000)

        assert heard == list(range(1_000))
        await eventually(lambda: len(table.game.told) == 1_000)
        assert table.game.told == [("up", number) for number in range(1_000)]


async def test_what_was_sent_before_a_close_arrives(play: Play) -> None:
    """Then all namespaces of the connection end, at both ends."""
    async with play() as table:
        await table.client.enter("/game", "/chat")
        for number in range(50):
            table.engine.send(table.game.clients[0].sid, "last words", number)
        table.engine.close(table.game.clients[0].sid, "kicked")
        first = f"/{table.game.clients[0].namespace}"
        words = [(await table.client.next("last words", first))[0] for _ in range(50)]

        assert words == list(range(50))
        for namespace in ("/game", "/chat"):
            assert await table.client.next("(disconnect)", namespace)
        await eventually(lambda: sorted(table.game.gone) == [("chat", "kicked"), ("game", "kicked")])
