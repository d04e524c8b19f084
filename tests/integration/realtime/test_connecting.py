"""Who is let in, and what strangers may try: nothing of it reaches the application."""

import asyncio

import pytest
from aiohttp import WSServerHandshakeError

from realtime.engine import Client
from tests.integration.realtime.stage import stage
from tests.integration.realtime.wire import CONNECT, CONNECT_ERROR, wire
from tests.support.wait import eventually


@pytest.mark.parametrize("name", ["connect", "disconnect", "connect_error"])
async def test_a_reserved_event_never_reaches_the_application(name: str) -> None:
    """A client cannot call what stands behind connecting and disconnecting by sending events of that name."""
    async with stage() as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        ack = await client.call("/lobby", name, {"token": "x"})
        await client.send(f'42/lobby,["{name}"]')

        assert ack["error"]["code"] == "UNKNOWN_EVENT"
        assert await client.call("/lobby", "still here?") == []
        assert scene.notes.calls == [("connect", "lobby"), ("event", "still here?")]
        refused = {"namespace": "lobby", "event": "(unknown)", "outcome": "UNKNOWN_EVENT"}
        assert scene.counted("maoga_events_in_total", **refused) == 2


@pytest.mark.parametrize("namespace", ["/chat", "/", "/nowhere"])
async def test_an_event_without_connect_never_reaches_the_application(namespace: str) -> None:
    """Being in one namespace is no ticket to another."""
    async with stage() as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        ack = await client.call(namespace, "x", {})

        assert ack["error"]["code"] == "UNKNOWN_EVENT"
        assert scene.notes.calls == [("connect", "lobby")]


async def test_an_event_sent_before_connect_is_answered_is_refused() -> None:
    """While the application still makes up its mind, the client is a stranger."""
    async with stage() as scene, wire(scene.url) as client:
        may_go_on = asyncio.Event()
        scene.notes.let_in = lambda _: may_go_on.wait()
        await client.send("40/lobby,")
        ack = await client.call("/lobby", "x")
        may_go_on.set()

        assert ack["error"]["code"] == "UNKNOWN_EVENT"
        assert (await client.packet()).kind == CONNECT
        assert scene.notes.calls == [("connect", "lobby")]


async def test_a_broadcast_does_not_reach_who_is_still_connecting() -> None:
    """What everybody in the namespace is told is not for strangers."""
    async with stage() as scene, wire(scene.url) as client:
        may_go_on = asyncio.Event()
        scene.notes.let_in = lambda _: may_go_on.wait()
        await client.send("40/lobby,")
        await eventually(lambda: scene.notes.clients)
        assert scene.engine.emit("lobby", None, "secret", {}) == 0
        may_go_on.set()

        assert (await client.packet()).kind == CONNECT
        assert (await client.packet()).data == ["hello", {}]
        assert scene.engine.emit("lobby", None, "news", {}) == 1
        assert (await client.packet()).data == ["news", {}]


async def test_what_a_room_is_told_meanwhile_comes_behind_the_first_event() -> None:
    """A client that entered a room while connecting misses nothing of it, and hears `hello` first."""
    async with stage() as scene, wire(scene.url) as client:

        async def let_in(who: Client) -> None:
            scene.engine.enter(who.sid, "lobby:1")
            scene.engine.emit("lobby", "lobby:1", "news", 1)

        scene.notes.let_in = let_in
        assert (await client.connect("/lobby")).kind == CONNECT
        scene.engine.emit("lobby", "lobby:1", "news", 2)

        assert [(await client.packet()).data for _ in range(3)] == [["hello", {}], ["news", 1], ["news", 2]]


async def test_an_exception_while_connecting_refuses_and_leaves_nothing_behind() -> None:
    """The client is told, gets no events, may try again, and its end is not an application's disconnect."""
    async with stage() as scene, wire(scene.url) as client:

        async def fail(who: Client) -> None:
            scene.engine.enter(who.sid, "lobby:1")
            raise ZeroDivisionError

        scene.notes.let_in = fail
        refusal = await client.connect("/lobby")

        assert (refusal.kind, refusal.data["data"]) == (CONNECT_ERROR, {"code": "INTERNAL"})
        assert scene.engine.members("lobby", "lobby:1") == []
        assert scene.engine.emit("lobby", None, "news") == 0
        scene.notes.let_in = None
        assert (await client.connect("/lobby")).kind == CONNECT
        assert scene.notes.calls == [("connect", "lobby")]


async def test_a_connect_that_takes_too_long_is_refused() -> None:
    """A hanging database costs a retry, not a ghost."""
    async with stage(connect_timeout_s=0.2) as scene, wire(scene.url) as client:
        scene.notes.let_in = lambda _: asyncio.Event().wait()
        refusal = await client.connect("/lobby")

        assert (refusal.kind, refusal.data["data"]) == (CONNECT_ERROR, {"code": "UNAVAILABLE"})


async def test_who_leaves_while_connecting_is_seen_off() -> None:
    """Each client that was let in is seen off, once, even if it was gone before it could be told."""
    async with stage() as scene:
        may_go_on = asyncio.Event()
        scene.notes.let_in = lambda _: may_go_on.wait()
        async with wire(scene.url) as client:
            await client.send("40/lobby,")
            await eventually(lambda: scene.notes.clients)
        await eventually(lambda: not scene.engine.connections())
        may_go_on.set()

        gone = ("disconnect", "lobby", "transport close")
        await eventually(lambda: scene.notes.calls == [("connect", "lobby"), gone])
        assert scene.counted("maoga_sockets", namespace="lobby", transport="websocket") == 0


async def test_a_connection_without_a_namespace_is_closed() -> None:
    """Who never says who they are, or was refused, or left, does not keep a socket."""
    async with stage(connect_timeout_s=0.2) as scene:
        async with wire(scene.url) as stranger:
            assert await stranger.closed()
        async with wire(scene.url) as refused:
            await refused.connect("/lobby", "refuse me")
            assert await refused.closed()
        async with wire(scene.url) as leaver:
            await leaver.connect("/lobby")
            await leaver.send("41/lobby,")
            assert await leaver.closed()


async def test_too_many_refusals_in_a_row_close_the_connection() -> None:
    """Nobody may guess tokens or throw events at closed doors for ever."""
    async with stage(patience=5) as scene:
        async with wire(scene.url) as client:
            for _ in range(5):
                await client.connect("/lobby", "refuse me")
            assert await client.closed()
        async with wire(scene.url) as client:
            for _ in range(5):
                await client.send('42/lobby,["x"]')
            assert await client.closed()


async def test_a_second_connect_to_a_namespace_is_refused_and_changes_nothing() -> None:
    """The client that is there stays there."""
    async with stage() as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        await client.packet()
        refusal = await client.connect("/lobby")

        assert (refusal.kind, refusal.data["data"]) == (CONNECT_ERROR, {"code": "BAD_REQUEST"})
        assert await client.call("/lobby", "x") == []
        assert scene.notes.calls == [("connect", "lobby"), ("event", "x")]


async def test_an_unknown_namespace_is_refused() -> None:
    """Only registered namespaces exist."""
    async with stage() as scene, wire(scene.url) as client:
        refusal = await client.connect("/nowhere")

        assert (refusal.kind, refusal.data["data"]) == (CONNECT_ERROR, {"code": "NOT_FOUND"})
        assert scene.notes.calls == []


async def test_connecting_and_leaving_in_a_hurry_stays_in_order() -> None:
    """A storm of CONNECT and DISCONNECT is handled one at a time; every one let in is seen off."""
    async with stage(rate_limit_scale=0, inbox_size=1000) as scene, wire(scene.url) as client:
        scene.notes.let_in = lambda _: asyncio.sleep(0)
        for _ in range(200):
            await client.send("40/lobby,")
            await client.send("41/lobby,")
        await client.send("40/lobby,")
        await eventually(lambda: scene.counted("maoga_sockets", namespace="lobby", transport="websocket") == 1)

        calls = [call[0] for call in scene.notes.calls]
        assert calls == ["connect", "disconnect"] * (len(calls) // 2) + ["connect"]


async def test_stopping_sees_everybody_off_and_lets_nobody_in() -> None:
    """After `close_all` the application has dealt with every client, and the door is shut."""
    async with stage() as scene, wire(scene.url) as one, wire(scene.url) as two:
        await one.connect("/lobby")
        await two.connect("/chat")
        await scene.engine.close_all()

        assert len(scene.notes.calls) == 4
        assert await one.closed()
        assert await two.closed()
        with pytest.raises(WSServerHandshakeError) as refusal:
            async with wire(scene.url):
                pass
        assert refusal.value.status == 503
