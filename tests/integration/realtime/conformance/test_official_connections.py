"""How connections of the official clients begin, last, break and end."""

import asyncio

import pytest

from tests.integration.realtime.conformance.conftest import Play, Settings
from tests.integration.realtime.conformance.host import Table, hosting
from tests.integration.realtime.conformance.official import Variant
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def upgraded(table: Table, variant: Variant) -> None:
    """Waits until the client speaks over its last transport."""

    async def arrived() -> bool:
        return await table.client.transport() == variant.last_transport

    await eventually(arrived)


async def test_it_connects_over_its_transport(play: Play, variant: Variant) -> None:
    """With an upgrade where there is one to be had; the sid is the server's."""
    async with play() as table:
        await table.client.open("/game")
        (sid,) = await table.client.next("(connect)")
        assert sid == table.game.sid()
        assert await table.client.next("hello") == [{"namespace": "game"}]
        await upgraded(table, variant)
        assert await table.client.call("echo", 1) == [1]


async def test_several_namespaces_share_a_connection(play: Play) -> None:
    """Each with a sid and events of its own."""
    async with play() as table:
        await table.client.enter("/game", "/chat")
        one, two = table.game.clients
        assert {one.namespace, two.namespace} == {"game", "chat"}
        assert one.connection == two.connection
        assert one.sid != two.sid
        table.engine.emit("chat", None, "news", "of the chat")
        table.engine.emit("game", None, "news", "of the game")
        assert await table.client.next("news", "/game") == ["of the game"]
        assert await table.client.next("news", "/chat") == ["of the chat"]


@pytest.mark.parametrize("auth", [{"token": "é 🎮", "client": {"protocol": 1}}, {}, None], ids=repr)
async def test_the_auth_of_the_client_reaches_the_application(play: Play, auth: object) -> None:
    async with play() as table:
        await table.client.enter(auth=auth)
        assert table.game.auths in ([auth], [None if auth in ({}, None) else auth], [auth or {}])


async def test_a_refusal_says_why(play: Play) -> None:
    """`connect_error` carries message and data; another namespace of the connection gets in."""
    async with play() as table:
        await table.client.open("/game", auth={"token": "wrong"})
        (said,) = await table.client.next("(refused)")
        refusal = {"message": "Not you again.", "data": {"code": "CONFLICT", "details": {"tries": 1}}}
        assert said == refusal
        assert table.game.gone == []


async def test_an_unknown_namespace_is_refused(play: Play) -> None:
    async with play() as table:
        await table.client.open("/nowhere")
        (said,) = await table.client.next("(refused)", "/nowhere")
        assert said["data"]["code"] == "NOT_FOUND"


async def test_an_idle_connection_lasts(play: Play) -> None:
    """Heartbeats keep it, for longer than two ping timeouts."""
    async with play(ping_interval_s=0.2, ping_timeout_s=0.8) as table:
        await table.client.enter()
        await asyncio.sleep(2.2)
        assert await table.client.call("echo", 1) == [1]
        assert (len(table.game.clients), table.game.gone) == (1, [])


async def test_a_client_that_leaves_is_gone_at_once(play: Play) -> None:
    """And it does not come back. (The Python client closes its WebSocket before it has said goodbye.)"""
    async with play() as table:
        await table.client.enter()
        await table.client.leave()
        (reason,) = await table.client.next("(disconnect)")
        await eventually(lambda: table.game.gone)
        assert reason in {"io client disconnect", "client disconnect"}
        assert table.game.gone in ([("game", "client disconnect")], [("game", "transport close")])
        await asyncio.sleep(0.3)
        assert len(table.game.clients) == 1


async def test_a_client_comes_back_after_an_outage(play: Play, variant: Variant) -> None:
    """With a new sid, and `hello` first; rooms and acks work as before, and the old one is seen off."""
    async with play(ping_interval_s=1, ping_timeout_s=3) as table:
        await table.client.enter()
        # In the middle of an upgrade no poll is open, so the client would notice by the missing ping alone.
        await upgraded(table, variant)
        table.engine.enter(table.game.sid(), "room")
        with table.tunnel.outage():
            (reason,) = await table.client.next("(disconnect)")
        (sid,) = await table.client.next("(connect)")
        await table.client.next("hello")

        assert reason in {"transport close", "transport error"}
        assert [sid] == [client.sid for client in table.game.clients[1:]]
        assert await table.client.call("echo", "again") == ["again"]
        await eventually(lambda: len(table.game.gone) == 1)
        # Without a connection the JavaScript client still tries to post its goodbye.
        assert table.game.gone[0][1] in {"transport close", "transport error", "ping timeout", "client disconnect"}
        assert table.engine.members("game", "room") == []


async def test_a_client_comes_back_after_a_crash_of_the_server(play: Play, settings: Settings) -> None:
    """It tries until another server is there."""
    async with play() as table:
        await table.client.enter()
        with table.tunnel.outage():
            await table.client.next("(disconnect)")
            async with hosting(table.tunnel, **settings) as (_, game):
                await table.client.next("(connect)")
                assert await table.client.call("echo", "again") == ["again"]
                assert len(game.clients) == 1
                await table.client.leave()
                await eventually(lambda: game.gone)
