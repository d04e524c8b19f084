"""Requests in a closed loop, with so little work for each that the server is what is measured."""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import uvloop

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(slots=True)
class Load:
    """What came of it. cpu_s: what the server computed meanwhile. latencies: in seconds."""

    seconds: float = 0.0
    cpu_s: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    @property
    def per_cpu_s(self) -> float:
        """Requests per CPU second of the server: what a core can do, however busy the machine is."""
        return len(self.latencies) / self.cpu_s

    def percentile_ms(self, share: float) -> float:
        """The latency that `share` of the requests did not exceed."""
        return sorted(self.latencies)[int(len(self.latencies) * share)] * 1000


class _Connection(asyncio.Protocol):
    """Asks again as soon as it is answered, until the end."""

    def __init__(self, requests: Iterator[bytes], load: Load, until: float, closed: asyncio.Future[None]) -> None:
        self._requests, self._load, self._until, self._closed = requests, load, until, closed
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(END_OF_HEAD)
        if not found or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self._closed.set_exception(AssertionError(self._received.decode()))
            self._transport.close()
            return
        now = time.perf_counter()
        self._load.latencies.append(now - self._asked_at)
        if now < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._closed.done():
            self._closed.set_result(None)

    def _ask(self) -> None:
        self._received = b""
        self._asked_at = time.perf_counter()
        self._transport.write(next(self._requests))


def cpu_seconds(pid: int) -> float:
    """What a process has computed so far, in all its threads."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _length(head: bytes) -> int:
    return int(head.lower().partition(LENGTH)[2].split(b"\r\n", 1)[0])


def load(pid: int, port: int, path: str, *, tokens: Sequence[str] = ("",), connections: int, seconds: float) -> Load:
    """GETs `path` on so many connections at once, for so long, with each of the tokens in turn."""
    return uvloop.run(_load(pid, port, path, tokens, connections, seconds))


async def _load(pid: int, port: int, path: str, tokens: Sequence[str], connections: int, seconds: float) -> Load:
    found, loop = Load(), asyncio.get_running_loop()
    lines = (f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}")
    requests = cycle(
        [
            "\r\n".join([*lines, *([f"Authorization: Bearer {token}"] if token else []), "", ""]).encode()
            for token in tokens
        ]
    )
    computed, started = cpu_seconds(pid), time.perf_counter()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    for end in ends:
        await loop.create_connection(
            lambda end=end: _Connection(requests, found, started + seconds, end), "127.0.0.1", port
        )
    await asyncio.gather(*ends)
    found.seconds, found.cpu_s = time.perf_counter() - started, cpu_seconds(pid) - computed
    return found
