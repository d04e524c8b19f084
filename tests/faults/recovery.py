"""How long it takes until everybody is served again."""

import asyncio
import time
from collections.abc import Sequence

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError

AWAY = {"DISCONNECTED", "TIMEOUT", "UNAVAILABLE", "UNREACHABLE"}
"""What a player is told who cannot be served; any other answer is one."""


async def served_again(clients: Sequence[MaogaClient], within_s: float) -> float:
    """How many seconds it takes until every client has been answered. The clients get there by themselves."""
    began = time.monotonic()
    async with asyncio.timeout(within_s):
        await asyncio.gather(*map(_answered, clients))
    return time.monotonic() - began


async def _answered(client: MaogaClient) -> None:
    while True:
        try:
            await client.call("lobby", "sync", timeout=2)
        except MaogaError as error:
            if error.code in AWAY:
                await asyncio.sleep(0.05)
                continue
        return
