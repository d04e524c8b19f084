"""Below Socket.IO: the upgrade, compression, foreign pages."""

import asyncio
import tracemalloc
from contextlib import AsyncExitStack, suppress

from aiohttp import WSServerHandshakeError

from tests.integration.realtime.attacks.attack import GAINED, attack
from tests.integration.realtime.attacks.raw import UPGRADE, tcp
from tests.integration.realtime.attacks.victim import Setting, Victim
from tests.integration.realtime.wire import wire

WITH_POLLING = Setting(
    engine={"transports": ("websocket", "polling"), "ping_interval_s": 0.1, "ping_timeout_s": 0.2},
    stock={"ping_interval": 0.1, "ping_timeout": 0.2},
)


@attack(gain="the server inflates, about 100 KiB for each connection", ours="declined")
async def deflate(victim: Victim) -> str:
    """Offers permessage-deflate."""
    async with victim.enter(compress=15) as client:
        return GAINED if client.websocket.compress else "declined"


@attack(gain=None, ours="`403`")
async def foreign_page(victim: Victim) -> str:
    """Connects from a page of another origin."""
    try:
        async with wire(victim.url, headers={"Origin": "https://evil.example"}):
            return GAINED
    except WSServerHandshakeError as refusal:
        return f"`{refusal.status}`"


@attack(gain="its WebSocket stays open long after the session is over", setting=WITH_POLLING)
async def upgrade_in_silence(victim: Victim) -> str:
    """Upgrades a polling session and says nothing on the WebSocket."""
    async with tcp(victim.url) as poll, tcp(victim.url) as silent:
        await poll.send(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n")
        opening = await poll.reader.readuntil(b"}")
        sid = opening.partition(b'"sid":"')[2].partition(b'"')[0].decode()
        await silent.send(f"{UPGRADE.replace('websocket ', f'websocket&sid={sid} ', 1)}\r\n".encode())
        assert (await silent.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        return await silent.fate(4)


@attack(gain="it stays for ever", setting=Setting(engine={"connect_timeout_s": 0.5}))
async def says_nothing(victim: Victim) -> str:
    """Opens a TCP connection and says nothing."""
    async with tcp(victim.url) as raw:
        return await raw.fate()


@attack(gain="it stays for ever", setting=Setting(engine={"connect_timeout_s": 0.5}))
async def slow_head(victim: Victim) -> str:
    """Sends the head of its request letter by letter (slowloris)."""
    async with tcp(victim.url) as raw:
        await raw.send(UPGRADE.encode())
        for _ in range(10):
            await raw.send(b"X-")
            await asyncio.sleep(0.1)
        return await raw.fate(1)


@attack(gain="15 MB in memory for 20 idle connections", ours="forgotten, or not even read")
async def heavy_headers(victim: Victim) -> str:
    """Upgrades with 100 headers of 7,500 bytes each, 20 times over, and waits."""
    headers = "".join(f"X-{number}: {'x' * 7_500}\r\n" for number in range(100))
    request = f"{UPGRADE}{headers}\r\n".encode()
    tracemalloc.start()
    try:
        async with AsyncExitStack() as stack:
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(20):
                raw = await stack.enter_async_context(tcp(victim.url))
                await raw.send(request)
                with suppress(ConnectionError, asyncio.IncompleteReadError):
                    await raw.reader.readuntil(b"\r\n\r\n")
            grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    return GAINED if grown > 10_000_000 else "forgotten, or not even read" if grown < 5_000_000 else f"{grown} bytes"
