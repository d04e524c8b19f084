"""Conditional writes that met another one are tried again, each writer in its turn."""

import asyncio
import random

RETRIES = 5
FIRST_PAUSE_S = 0.01
LONGEST = 5
"""The pauses grow up to that attempt, to a third of a second."""


async def pause(attempt: int) -> None:
    """Waits at random before a retry (`attempt` from 1 on), at most twice as long each time."""
    if attempt:
        await asyncio.sleep(random.uniform(0, FIRST_PAUSE_S * 2 ** min(attempt, LONGEST)))
