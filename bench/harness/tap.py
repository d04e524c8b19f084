"""Counts what Redis pushes to a client, from outside: a relay between the two that any server can be given."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

_PUSH = re.compile(rb"\$[78]\r\n[ps]?message\r\n")
"""How a published message begins on the wire, by channel, pattern or shard channel."""

_LONGEST = len(b"$8\r\npmessage\r\n")
_CHUNK = 1 << 16


@dataclass(slots=True)
class Tap:
    """url: of Redis, through the relay. messages: published ones that came through so far."""

    url: str = ""
    messages: int = 0


@contextmanager
def taps(redis_url: str, count: int) -> Iterator[list[Tap]]:
    """So many relays to that Redis, in a thread of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="taps", daemon=True)
    thread.start()
    try:
        yield [asyncio.run_coroutine_threadsafe(_open(redis_url), loop).result(timeout=5) for _ in range(count)]
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        loop.close()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _open(redis_url: str) -> Tap:
    tap, redis = Tap(), urlsplit(redis_url)

    async def relay(client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        redis_in, redis_out = await asyncio.open_connection(redis.hostname, redis.port)
        with suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(_copy(client_in, redis_out, None), _copy(redis_in, client_out, tap))

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    tap.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    return tap


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter, tap: Tap | None) -> None:
    """Relays until the source ends; a message's beginning may be spread over two chunks."""
    rest = b""
    while chunk := await source.read(_CHUNK):
        if tap:
            seen = rest + chunk
            matches = list(_PUSH.finditer(seen))
            tap.messages += len(matches)
            rest = seen[max(len(seen) - _LONGEST + 1, matches[-1].end() if matches else 0) :]
        target.write(chunk)
        await target.drain()
    target.close()
