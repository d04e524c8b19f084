"""Too much of everything that is allowed."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

import orjson
from aiohttp import ClientSession, WSServerHandshakeError

from tests.integration.realtime.attacks.attack import GAINED, attack, fate, service
from tests.integration.realtime.attacks.raw import CONTINUATION, PING, TEXT, frame, upgraded
from tests.integration.realtime.attacks.victim import Setting, Victim
from tests.integration.realtime.wire import CONNECT, Wire, wire
from tests.support.wait import eventually

MANY = 5_000


async def _pour(client: Wire, frame: str, times: int) -> None:
    """Sends a frame again and again, until the connection is closed."""
    with suppress(ConnectionError):
        for _ in range(times):
            await client.send(frame)


@attack(gain="20,000 tasks")
async def tasks(victim: Victim) -> str:
    """Sends 20,000 events to a handler that waits."""
    may_go_on = asyncio.Event()
    victim.notes.answer = lambda *_: may_go_on.wait()
    async with victim.enter() as client:
        await _pour(client, '42/lobby,["x"]', 20_000)
        ended = await fate(client)
        if ended == GAINED:
            await eventually(lambda: len(asyncio.all_tasks()) > 20_000, timeout=30)
        may_go_on.set()
        return ended


@attack(gain="all are read, at the cost of everybody")
async def frames_of_no_use(victim: Victim) -> str:
    """Sends 5,000 heartbeats nobody asked for."""
    async with victim.enter() as client:
        await _pour(client, "3", MANY)
        return await service(client)


@attack(gain="all are read, at the cost of everybody")
async def acks_of_nothing(victim: Victim) -> str:
    """Sends 5,000 acks of what it was never asked."""
    async with victim.enter() as client:
        await _pour(client, '43/lobby,1["x"]', MANY)
        return await service(client)


@attack(gain="all are parsed, at the cost of everybody")
async def heavy_frames(victim: Victim) -> str:
    """Sends 6 MB of events."""
    event = f'42/lobby,["x","{"y" * 60_000}"]'
    async with victim.enter() as client:
        await _pour(client, event, 100)
        return await service(client)


@attack(gain="`on_connect` runs 300 times, with its database calls", ours="`RATE_LIMITED`, then closed")
async def connects(victim: Victim) -> str:
    """Enters and leaves a namespace 300 times."""
    async with wire(victim.url) as client:
        with suppress(ConnectionError):
            for _ in range(300):
                await client.send("40/lobby,")
                await client.send("41/lobby,")
        refusals = set()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while packet := await _packet(client):
                    if packet[:1] == "4" and packet[1:2] == "4":
                        refusals.add(orjson.loads(packet.partition(",")[2])["data"]["code"])
        if victim.count("connect") >= 300:
            return GAINED
        return f"{', '.join(f'`{code}`' for code in refusals)}, then {await fate(client)}"


async def _packet(client: Wire) -> str | None:
    return None if client.websocket.closed else await client.frame()


@attack(gain="all are read, at the cost of everybody")
async def pings_of_the_websocket(victim: Victim) -> str:
    """Sends 5,000 WebSocket pings."""
    async with upgraded(victim.url) as raw:
        for _ in range(50):
            await raw.send(frame(PING) * 100)
        return await raw.fate()


@attack(gain="all are read, at the cost of everybody")
async def empty_fragments(victim: Victim) -> str:
    """Sends a message in 5,000 fragments with nothing in them."""
    async with upgraded(victim.url) as raw:
        await raw.send(frame(TEXT, b"4", last=False))
        for _ in range(50):
            await raw.send(frame(CONTINUATION, last=False) * 100)
        return await raw.fate()


async def _flood(victim: Victim) -> str:
    """Says something 300 times; what comes of it, in words."""
    async with victim.enter() as client:
        if answers := await _say(client, 300):
            return f"{', '.join(sorted(answers, key=ANSWERS.index))}, then {await fate(client)}"
        return GAINED


async def _say(client: Wire, times: int) -> list[str]:
    """Says something so many times, at once; what came back besides successes, in words and in order."""
    await _pour(client, '42/lobby,1["say",{"text":"x"}]', times)
    answers: list[str] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(1.5):
            while not client.websocket.closed and (text := await client.frame()):
                answers += _reproach(text)
    return list(dict.fromkeys(answers))


def _reproach(text: str) -> list[str]:
    """What a frame of the server says against its receiver, in words."""
    if not text.startswith(("42", "43")):
        return []
    said = orjson.loads(text.partition(",")[2].lstrip("1"))
    if text.startswith("43"):
        return [f"`{said[0]['error']['code']}`"] if said[0]["status"] == "error" else []
    if said[0] == "kicked":
        return [f"`kicked {said[1]['reason']}`"]
    return [] if said[0] == "hello" else [f"`{said[0]}`"]


async def _never(name: str, arguments: Sequence[Any]) -> Any:
    await asyncio.sleep(5)


async def _success(name: str, arguments: Sequence[Any]) -> Any:
    return {"status": "success"}


@attack(
    gain="all are handled, at the cost of everybody",
    ours="`rate_limited`, `RATE_LIMITED`, `kicked rate_limited`, then closed",
    setting=Setting(gateway={"rate_limit_scale": 0.1}),
)
async def events(victim: Victim) -> str:
    """Sends 300 events at once, whatever it is told."""
    victim.notes.answer = _success
    return await _flood(victim)


@attack(
    gain="all of them wait in memory, as long as the first one takes",
    ours="`rate_limited`, `RATE_LIMITED`, `kicked rate_limited`, then closed",
    setting=Setting(gateway={"rate_limit_scale": 0}),
)
async def events_that_wait(victim: Victim) -> str:
    """Sends 300 events behind one that takes its time."""
    victim.notes.answer = _never
    return await _flood(victim)


ANSWERS = ("`rate_limited`", "`RATE_LIMITED`", "`kicked rate_limited`")
"""In the order of the table; the first two come at the same time."""


@attack(
    gain="all are handled, at the cost of everybody",
    ours="`RATE_LIMITED` on every connection",
    setting=Setting(gateway={"rate_limit_scale": 0.5}),
)
async def events_of_a_user(victim: Victim) -> str:
    """Sends 15 events over each of 8 connections, none of which is too many."""
    victim.notes.answer = _success
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(victim.enter()) for _ in range(8)]
        answers = await asyncio.gather(*(_say(client, 15) for client in clients))
        refused = sum("`RATE_LIMITED`" in each for each in answers)
        return "`RATE_LIMITED` on every connection" if refused > 1 else GAINED


@attack(
    gain="as many as it likes",
    ours="`TOO_MANY_CONNECTIONS`",
    setting=Setting(gateway={"connections_per_user": 5}),
)
async def connections_of_a_user(victim: Victim) -> str:
    """Opens one connection after the other as the same user."""
    async with AsyncExitStack() as stack:
        for _ in range(10):
            client = await stack.enter_async_context(wire(victim.url))
            answer = await client.connect("/lobby", victim.auth)
            if answer.kind != CONNECT:
                return f"`{answer.data['data']['code']}`"
    return GAINED


@attack(
    gain="as many as it likes",
    ours="`429`",
    setting=Setting(engine={"connections_per_address": 20}),
)
async def connections_of_an_address(victim: Victim) -> str:
    """Opens one connection after the other, each with another `X-Forwarded-For`."""
    async with AsyncExitStack() as stack:
        for number in range(30):
            headers = {"X-Forwarded-For": f"192.0.2.{number}"}
            try:
                await stack.enter_async_context(wire(victim.url, headers=headers))
            except WSServerHandshakeError as refusal:
                return f"`{refusal.status}`"
    return GAINED


@attack(gain="a session for each, kept for 45 s", ours="`400`: polling is off unless it is asked for")
async def sessions_by_polling(victim: Victim) -> str:
    """Opens 200 polling sessions over one TCP connection."""
    async with ClientSession() as http:
        sids = set()
        for _ in range(200):
            async with http.get(f"{victim.url}/socket.io/?EIO=4&transport=polling") as response:
                if response.status != 200:
                    return f"`{response.status}`: polling is off unless it is asked for"
                sids.add(_sid(await response.text()))
    return GAINED if len(sids) == 200 else "fewer"


def _sid(opening: str) -> Any:
    return orjson.loads(opening[1:])["sid"]


@attack(gain="a task for each of them", ours="no task at all")
async def amplified(victim: Victim) -> str:
    """Says one thing that the application tells 50 others."""
    made: list[str] = []
    loop = asyncio.get_running_loop()

    def count(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(str(coroutine))
        return asyncio.Task(coroutine, loop=loop, **options)

    async with AsyncExitStack() as stack:
        listeners = [await stack.enter_async_context(victim.enter()) for _ in range(50)]
        loop.set_task_factory(count)
        try:
            assert await victim.broadcast("news") == 50
        finally:
            loop.set_task_factory(None)
        for listener in listeners:
            assert await listener.event("news") == []
    return GAINED if len(made) >= 50 else "no task at all" if not made else f"{len(made)} tasks"
