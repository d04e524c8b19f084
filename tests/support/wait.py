"""Waiting for something to become true, with a deadline."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

PAUSE_S = 0.02


@overload
async def eventually(probe: Callable[[], Awaitable[T]], timeout: float = ...) -> T: ...
@overload
async def eventually(probe: Callable[[], T], timeout: float = ...) -> T: ...
async def eventually(probe: Callable[[], T | Awaitable[T]], timeout: float = 5.0) -> T:
    """The first truthy value of `probe`; raises `AssertionError` with the last value after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        outcome = probe()
        value: T = await outcome if inspect.isawaitable(outcome) else outcome
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"still {value!r} after {timeout} s")
        await asyncio.sleep(PAUSE_S)
