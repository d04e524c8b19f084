"""What a client of good faith loses with a stock server, and what it keeps with ours."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.integration.realtime.attacks.attack import GAINED, attack, fate
from tests.integration.realtime.attacks.victim import Setting, Victim


@attack(gain="the later event is done first (`async_handlers` is on)", ours="handled in order")
async def overtaking(victim: Victim) -> str:
    """Sends an event that takes long, and a quick one behind it."""
    done: list[Any] = []

    async def answer(name: str, arguments: Sequence[Any]) -> str:
        await asyncio.sleep(0.2 if name == "long" else 0)
        done.append(name)
        return name

    victim.notes.answer = answer
    async with victim.enter() as client:
        await client.send('42/lobby,1["long"]')
        await client.send('42/lobby,2["quick"]')
        await client.ack(2)
    return "handled in order" if done == ["long", "quick"] else GAINED


@attack(
    gain="its heartbeat is not read and its connection is lost (`async_handlers` is off)",
    ours="heartbeats go on",
    setting=Setting(
        engine={"ping_interval_s": 0.1, "ping_timeout_s": 0.2},
        stock={"ping_interval": 0.1, "ping_timeout": 0.2, "async_handlers": False},
    ),
)
async def heartbeats(victim: Victim) -> str:
    """Sends an event that takes longer than the ping timeout."""
    may_go_on = asyncio.Event()
    victim.notes.answer = lambda *_: may_go_on.wait()
    async with victim.enter() as client:
        await client.send('42/lobby,1["x"]')
        ended = await fate(client, 1)
        may_go_on.set()
        await asyncio.sleep(0.1)
    return "heartbeats go on" if ended == GAINED and not victim.count("disconnect") else GAINED
