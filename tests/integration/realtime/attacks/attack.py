"""An attack: what a hostile client does, what it gains from a stock server, and what it gets from ours."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.integration.realtime.attacks.victim import Setting, Victim
from tests.integration.realtime.wire import Wire

GAINED = "the attacker has got what it wanted"
CLOSED = "closed"
"""The connection was ended, which is the answer to most attacks."""

Run = Callable[[Victim], Awaitable[str]]

AS_IT_COMES = Setting()


@dataclass(frozen=True)
class Attack:
    """One line of the table in docs/reliability.md, and two tests.

    run: attacks, and returns GAINED or the server's answer in words. gain: what a stock server yields, in words; None
    where it resists too. ours: what our answer must be. noisy: the application's own bug may be logged.
    """

    run: Run
    setting: Setting
    gain: str | None
    ours: str
    noisy: bool

    @property
    def deed(self) -> str:
        """What the attacker does, in words."""
        assert self.run.__doc__
        return self.run.__doc__.strip().removesuffix(".")

    def __str__(self) -> str:
        return f"{self.run.__module__.rpartition('.')[2]}.{self.run.__name__}"


def attack(
    *, gain: str | None, ours: str = CLOSED, setting: Setting = AS_IT_COMES, noisy: bool = False
) -> Callable[[Run], Attack]:
    """Makes an attack of a function; its docstring says what the attacker does."""
    return lambda run: Attack(run, setting, gain, ours, noisy)


async def service(client: Wire) -> str:
    """GAINED when a client in /lobby still gets its events acked, CLOSED when its connection is ended instead."""
    with suppress(ConnectionError):
        await client.send('42/lobby,999["still there?"]')
    while not client.websocket.closed and (frame := await client.frame()):
        if frame.startswith("43/lobby,999["):
            return GAINED
    return CLOSED


async def fate(client: Wire, within_s: float = 2.0) -> str:
    """CLOSED when the server ends the WebSocket in time, GAINED when it does not."""
    try:
        async with asyncio.timeout(within_s):
            return CLOSED if await client.closed() else GAINED
    except TimeoutError:
        return GAINED
