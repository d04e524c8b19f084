"""Events and acks between the official clients and our engine."""

from typing import Any

import pytest

from tests.integration.realtime.conformance.conftest import Play
from tests.integration.realtime.conformance.official import CallTimeout
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

VALUES: list[Any] = [
    None,
    True,
    0,
    -1.5,
    2**53 - 1,
    "",
    "text",
    [],
    {},
    [1, [2, [3, {"four": None}]]],
    {"a": {"b": ["c"]}, "": 0},
    {"_placeholder": True},
    "é 漢字 🎮 \u2028 \x00 \\ \" ' </script>",
]


async def test_a_call_is_acked(play: Play) -> None:
    """Every kind of value comes back as it was sent."""
    async with play() as table:
        await table.client.enter()
        assert await table.client.call("echo", *VALUES) == VALUES
        assert await table.client.call("echo") == []
        assert await table.client.call("anything", {"x": 1}) == {"done": "anything"}


async def test_an_event_of_the_server_arrives(play: Play) -> None:
    """With none, one and many arguments, to one client and to a room."""
    async with play() as table:
        await table.client.enter()
        table.engine.enter(table.game.sid(), "room")
        table.engine.send(table.game.sid(), "nothing")
        table.engine.emit("game", "room", "news", *VALUES)
        table.engine.emit("game", None, "all", {"x": [1]}, 2)

        assert await table.client.next("nothing") == []
        assert await table.client.next("news") == VALUES
        assert await table.client.next("all") == [{"x": [1]}, 2]


async def test_an_event_needs_no_ack(play: Play) -> None:
    """What is only told arrives as well."""
    async with play() as table:
        await table.client.enter()
        await table.client.emit("told", 1, "two", {"three": [4]})
        await eventually(lambda: table.game.told == [("told", 1, "two", {"three": [4]})])


async def test_a_call_may_time_out(play: Play) -> None:
    """The late ack disturbs nobody, the next call is answered."""
    async with play() as table:
        await table.client.enter()
        with pytest.raises(CallTimeout):
            await table.client.call("hang", timeout_s=0.1)
        assert await table.client.call("echo", "next") == ["next"]
        assert table.game.told == [("hang",), ("echo", "next")]


async def test_big_payloads_arrive_whole(play: Play) -> None:
    """60 KB up, 200 KB down."""
    async with play() as table:
        await table.client.enter()
        text = "é" + "0123456789" * 6_000
        assert await table.client.call("echo", text) == [text]
        table.engine.send(table.game.sid(), "news", text * 4)
        assert await table.client.next("news") == [text * 4]


async def test_nothing_is_lost_or_overtaken_during_an_upgrade(play: Play) -> None:
    """Events come all the while the transport changes, and are acked all the while."""
    async with play() as table:
        await table.client.open("/game")
        await table.client.next("(connect)")
        numbers = 0
        for number in range(300):
            table.engine.send(table.game.sid(), "down", number)
            if number % 10 == 0:
                assert await table.client.call("echo", number) == [number]
            numbers += 1
        assert await table.client.next_values("down", numbers) == list(range(numbers))
