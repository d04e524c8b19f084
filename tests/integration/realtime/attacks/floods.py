"""Too much of everything that is allowed."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any

import orjson
from aiohttp import ClientSession

from tests.integration.realtime.attacks.attack import GAINED, attack, fate
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
            await eventually(lambda: len(asyncio.all_tasks()) > 20_000)
        may_go_on.set()
        return ended


@attack(gain="all are read, at the cost of everybody")
async def frames_of_no_use(victim: Victim) -> str:
    """Sends 5,000 heartbeats nobody asked for."""
    async with victim.enter() as client:
        await _pour(client, "3", MANY)
        return await fate(client)


@attack(gain="all are read, at the cost of everybody")
async def acks_of_nothing(victim: Victim) -> str:
    """Sends 5,000 acks of what it was never asked."""
    async with victim.enter() as client:
        await _pour(client, '43/lobby,1["x"]', MANY)
        return await fate(client)


@attack(gain="all are parsed, at the cost of everybody")
async def heavy_frames(victim: Victim) -> str:
    """Sends 6 MB of events."""
    event = f'42/lobby,["x","{"y" * 60_000}"]'
    async with victim.enter() as client:
        await _pour(client, event, 100)
        return await fate(client)


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
