"""What only the JavaScript client has: volatile events, buffers, namespaces that come and go, its view of its state."""

import asyncio
from typing import Any

import pytest

from tests.integration.realtime.conformance.conftest import Play
from tests.integration.realtime.conformance.host import Table
from tests.integration.realtime.conformance.official import JAVASCRIPT, JavaScript
from tests.support.wait import eventually

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.parametrize("variant", JAVASCRIPT, ids=str),
]


def page_of(table: Table) -> JavaScript:
    """The client, which is one in a page."""
    assert isinstance(table.client, JavaScript)
    return table.client


async def test_the_client_knows_its_state(play: Play) -> None:
    """Connected and active, by the server's sid; after an outage it is another one, and nothing claims a recovery."""
    async with play() as table:
        page = page_of(table)
        state = "(socket) => [socket.connected, socket.active, !!socket.recovered, socket.id]"
        await page.enter()
        assert await page.ask(state) == [True, True, False, table.game.sid(0)]
        with table.tunnel.outage():
            await page.next("(disconnect)")
            connected, active, *_ = await page.ask(state)
            assert (connected, active) == (False, True)
        await page.next("(connect)")
        assert await page.ask(state) == [True, True, False, table.game.sid(1)]


async def test_a_silent_network_is_noticed(play: Play) -> None:
    """Both ends give up after the ping timeout, though no connection was closed."""
    async with play(ping_interval_s=0.3, ping_timeout_s=0.3) as table:
        page = page_of(table)
        await page.enter()
        with table.tunnel.silence():
            assert await page.next("(disconnect)") == ["ping timeout"]
            await eventually(lambda: table.game.gone == [("game", "ping timeout")])


async def test_a_server_that_stops_is_waited_for(play: Play) -> None:
    """A close by the server is a `transport close`: the client comes back by itself."""
    async with play() as table:
        page = page_of(table)
        await page.enter()
        table.engine.close(table.game.sid(), "kicked")
        assert await page.next("(disconnect)") == ["transport close"]
        await page.next("(connect)")
        assert await page.call("echo", 1) == [1]


async def test_a_volatile_event_arrives(play: Play) -> None:
    """Whenever the transport can take it."""
    async with play() as table:
        page = page_of(table)
        await page.enter()
        while not table.game.told:
            await page.ask("(socket) => void socket.volatile.emit('volatile', 1)")
            await asyncio.sleep(0.05)
        assert table.game.told[0] == ("volatile", 1)


async def test_what_is_said_during_an_outage_arrives_afterwards(play: Play) -> None:
    """In order, behind the CONNECT."""
    async with play() as table:
        page = page_of(table)
        await page.enter()
        with table.tunnel.outage():
            await page.next("(disconnect)")
            await page.emit_each("patient", range(10))
        await eventually(lambda: table.game.told == [("patient", number) for number in range(10)])


async def test_a_namespace_may_be_entered_later_and_left_alone(play: Play) -> None:
    """The connection and its other namespaces stay."""
    async with play() as table:
        page = page_of(table)
        await page.enter("/game")
        await page.enter("/chat")
        await page.ask("(socket) => void socket.disconnect()", "/game")
        assert await page.next("(disconnect)", "/game") == ["io client disconnect"]
        await eventually(lambda: table.game.gone == [("game", "client disconnect")])
        assert await page.call("echo", 1, namespace="/chat") == [1]
        await page.ask("(socket) => void socket.connect()", "/game")
        await page.next("(connect)", "/game")

        assert len({client.connection for client in table.game.clients}) == 1
        assert [client.namespace for client in table.game.clients] == ["game", "chat", "game"]


async def test_who_was_refused_may_try_again_on_the_same_connection(play: Play) -> None:
    """With another token."""
    async with play() as table:
        page = page_of(table)
        await page.enter("/chat")
        await page.open("/game", auth={"token": "wrong"})
        ((said,)) = await page.next("(refused)")
        assert said["data"]["code"] == "CONFLICT"
        await page.ask("(socket) => { socket.auth = { token: 'right' }; socket.connect(); }")
        await page.next("(connect)")

        assert table.game.auths == [None, {"token": "wrong"}, {"token": "right"}]
        assert len({client.connection for client in table.game.clients}) == 1


async def test_a_lone_surrogate_comes_back(play: Play) -> None:
    """It is no valid Unicode, but JSON can say it, and JavaScript does."""
    async with play() as table:
        page = page_of(table)
        await page.enter()
        code = "async (socket) => (await socket.emitWithAck('echo', 'a\\ud83d'))[0].charCodeAt(1)"
        assert await page.ask(code) == 0xD83D


@pytest.mark.parametrize(
    ("options", "namespace"),
    [({"query": {"a": "ü&=?"}}, "/game"), ({"forceNew": True}, "/game"), ({"timestampRequests": True}, "/game?x=1")],
    ids=repr,
)
async def test_options_of_the_client_do_no_harm(play: Play, options: dict[str, Any], namespace: str) -> None:
    async with play() as table:
        page = page_of(table)
        page.options |= options
        await page.open(namespace)
        await page.next("(connect)", namespace)
        assert await page.call("echo", 1, namespace=namespace) == [1]


async def test_a_page_that_is_closed_is_gone(play: Play) -> None:
    """At once over a WebSocket; a poll that nobody makes any more is missed after the ping timeout."""
    async with play(ping_interval_s=0.5, ping_timeout_s=0.5) as table:
        page = page_of(table)
        await page.enter()
        await page.page.close()
        await eventually(lambda: len(table.game.gone) == 1)
