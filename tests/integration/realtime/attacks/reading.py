"""Connections that take nothing off the wire, or will not go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.integration.realtime.attacks.attack import CLOSED, GAINED, attack, fate
from tests.integration.realtime.attacks.victim import Setting, Victim
from tests.integration.realtime.wire import Wire
from tests.support.tcp import connections_held
from tests.support.wait import eventually

QUICK_HEARTBEAT = Setting(
    engine={"ping_interval_s": 0.1, "ping_timeout_s": 0.2, "outbox_bytes": 2**30},
    stock={"ping_interval": 0.1, "ping_timeout": 0.2},
)


async def _line(victim: Victim, within_s: float) -> str:
    """GAINED when the server still holds the TCP connection after that time."""
    with suppress(AssertionError):
        await eventually(lambda: connections_held(victim.url) == 0, timeout=within_s)
        return CLOSED
    return GAINED


@asynccontextmanager
async def _deaf(victim: Victim, megabytes: int) -> AsyncIterator[Wire]:
    """A client that has stopped reading, and was sent that much."""
    async with victim.enter(max_msg_size=0) as client:
        transport = client.stop_reading()
        for _ in range(5 * megabytes):
            await victim.send(victim.sid(), "news", "x" * 200_000)
            await asyncio.sleep(0)
        try:
            yield client
        finally:
            transport.close()


@attack(gain="40 MB wait for it in memory, then as much as comes")
async def reads_nothing(victim: Victim) -> str:
    """Stops reading."""
    async with _deaf(victim, 40):
        return await _line(victim, 2)


@attack(gain="connection and queue are kept for ever, long after the ping timeout", setting=QUICK_HEARTBEAT)
async def is_dead(victim: Victim) -> str:
    """Stops reading and answering, as a phone does that has lost its network."""
    async with _deaf(victim, 20):
        return await _line(victim, 4)


@attack(gain="its WebSocket stays open and it may enter again")
async def is_kicked(victim: Victim) -> str:
    """Stays when the application disconnects it."""
    async with victim.enter() as client:
        await victim.kick(victim.sid())
        with suppress(ConnectionError):
            await client.send("40/lobby,")
        return await fate(client)


@attack(gain="its WebSocket stays open", setting=Setting(engine={"outbox_bytes": 2**30}))
async def is_kicked_and_deaf(victim: Victim) -> str:
    """Is kicked and does not read that."""
    async with _deaf(victim, 20):
        await victim.kick(victim.sid())
        return await _line(victim, 4)


@attack(gain="its WebSocket stays open")
async def says_goodbye_and_stays(victim: Victim) -> str:
    """Says that it closes (Engine.IO `1`) and does not."""
    async with victim.enter() as client:
        await client.send("1")
        return await fate(client)
