"""A player who keeps what it hears on each stream, over any number of connections to any of the instances."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any

import aiohttp
import orjson

from tests.integration.realtime.wire import ACK, CONNECT_ERROR, EVENT, Packet, Wire, wire

NAMESPACES = ("/lobby", "/chat")
OPEN_LIMIT_S = 15.0
CALL_LIMIT_S = 15.0
PAUSE_S = (0.1, 0.5)
TRY_AGAIN = {"CONFLICT", "DISCONNECTED", "RATE_LIMITED", "TIMEOUT", "UNAVAILABLE"}
"""What a player may be told when servers die around them; anything else is a bug."""

Place = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """A durable event, and where it stands in its stream."""

    epoch: str
    seq: int
    name: str
    data: Any


class Refused(Exception):
    """An ack with an error, or no ack; the text is the code."""


@dataclass
class Listener:
    """starts, places: of each stream, where it stood at the first `hello`, and the last place known. held: what was
    heard between the two, in this order. wrong: what must not happen. counts: what did.
    """

    user: str
    token: str
    urls: Sequence[str]
    counts: Counter[str]
    starts: dict[str, Place] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    held: dict[str, list[Heard]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.online = asyncio.Event()
        self._line: Wire | None = None
        self._ids = count(1)
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._resumes: dict[int, str] = {}
        self._early: dict[str, list[tuple[Place, Heard]]] = {}
        self._greeted: set[str] = set()

    async def stay(self) -> None:
        """Connects, and again to the next instance whenever the connection ends, until cancelled."""
        for url in cycle(self.urls):
            with suppress(OSError, TimeoutError, aiohttp.ClientError):
                async with AsyncExitStack() as stack:
                    async with asyncio.timeout(OPEN_LIMIT_S):
                        line = await stack.enter_async_context(wire(url, patience_s=None))
                    await self._read(line)
            await asyncio.sleep(random.uniform(*PAUSE_S))

    def cut(self) -> None:
        """Cuts the line without a goodbye."""
        if self._line:
            self._line.abort()

    async def insist(self, namespace: str, event: str, payload: Any) -> Any:
        """The data of the event's ack. It is sent again until it is acked, on any connection."""
        while True:
            try:
                return await self._call(namespace, event, payload)
            except Refused as refusal:
                code = str(refusal)
                self.counts[f"{event} retried: {code}"] += 1
                assert code in TRY_AGAIN, f"{event}: {code}"
                await asyncio.sleep(random.uniform(*PAUSE_S))

    async def _call(self, namespace: str, event: str, payload: Any) -> Any:
        await self.online.wait()
        line, id = self._line, next(self._ids)
        if line is None:
            raise Refused("DISCONNECTED")
        answer = self._calls[id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(CALL_LIMIT_S):
                await line.emit(namespace, id, event, payload)
                ack = await answer
        except (TimeoutError, OSError, aiohttp.ClientError):
            raise Refused("DISCONNECTED") from None
        finally:
            del self._calls[id]
        if ack["status"] != "success":
            raise Refused(ack["error"]["code"])
        return ack["data"]

    async def _read(self, line: Wire) -> None:
        """Reads to the end of the connection. One that is not ready in time is given up."""
        self._line = line
        self.counts["connections"] += 1
        giving_up = asyncio.get_running_loop().call_later(OPEN_LIMIT_S, self._give_up, line)
        try:
            for namespace in NAMESPACES:
                await line.send(f"40{namespace},{orjson.dumps({'token': self.token}).decode()}")
            while packet := await line.next_packet():
                await self._take(line, packet)
                if self._greeted.issuperset(NAMESPACES) and not self._resumes:
                    giving_up.cancel()
                    self.online.set()
        finally:
            giving_up.cancel()
            self.online.clear()
            self._line = None
            self._greeted.clear()
            self._resumes.clear()
            self._early.clear()
            for call in self._calls.values():
                if not call.done():
                    call.set_exception(Refused("DISCONNECTED"))

    def _give_up(self, line: Wire) -> None:
        self.counts["connections given up"] += 1
        line.abort()

    async def _take(self, line: Wire, packet: Packet) -> None:
        if packet.kind == EVENT:
            name, data, meta = packet.data
            if name == "hello":
                await self._take_hello(line, packet.namespace, data["streams"])
            elif "seq" in meta:
                self._take_event(meta, Heard(meta["epoch"], meta["seq"], name, data))
            elif name == "kicked":
                self.counts[f"kicked {data['reason']}"] += 1
        elif packet.kind == ACK and packet.id in self._resumes:
            await self._take_resumed(line, self._resumes.pop(packet.id), packet.data[0])
        elif packet.kind == ACK and (call := self._calls.get(packet.id or 0)):
            call.set_result(packet.data[0])
        elif packet.kind == CONNECT_ERROR:
            self.counts[f"refused {packet.data['data']['code']}"] += 1
            line.abort()

    async def _take_hello(self, line: Wire, namespace: str, streams: dict[str, Place]) -> None:
        self.counts["greeted again"] += namespace in self._greeted
        self._greeted.add(namespace)
        if missing := {stream for stream in self.places if f"/{stream}".startswith(f"{namespace}:")} - set(streams):
            self.wrong.append(f"{self.user} no longer follows {missing}")
        for stream in set(streams) - set(self.places):
            self.starts[stream] = self.places[stream] = streams[stream]
        if namespace not in self._resumes.values():  # one is enough
            await self._resume(line, namespace)

    async def _resume(self, line: Wire, namespace: str) -> None:
        ours = {stream: place for stream, place in self.places.items() if f"/{stream}".startswith(f"{namespace}:")}
        for stream in ours:
            self._early.setdefault(stream, [])
        id = next(self._ids)
        self._resumes[id] = namespace
        await line.emit(namespace, id, "resume", {"streams": ours})

    async def _take_resumed(self, line: Wire, namespace: str, ack: Any) -> None:
        """Until the ack of `resume`, what comes is to be put in the order of `seq`."""
        if ack["status"] != "success":
            code = ack["error"]["code"]
            self.counts[f"resume {code}"] += 1
            assert code in TRY_AGAIN, f"resume: {code}"
            await self._resume(line, namespace)
            return
        for stream, answer in ack["data"].items():
            early = sorted(self._early.pop(stream), key=lambda pair: pair[1].seq)
            self.counts["resumes"] += 1
            if not answer["recovered"]:
                self.counts["not recovered"] += 1
                self.wrong.append(f"{self.user} could not resume {stream} from {self.places[stream]}: {answer}")
            for meta, heard in early:
                self._hear(meta, heard)
            known, told = self.places[stream]["seq"], answer.get("seq")
            if known != told:
                self.wrong.append(f"{self.user} {stream}: resumed to {told}, heard up to {known}")

    def _take_event(self, meta: Place, heard: Heard) -> None:
        early = self._early.get(meta["stream"])
        if early is None:
            self._hear(meta, heard)
        else:
            early.append((meta, heard))

    def _hear(self, meta: Place, heard: Heard) -> None:
        stream = meta["stream"]
        known = self.places[stream]
        if heard.epoch == known["epoch"] and heard.seq <= known["seq"]:
            self.counts["heard twice"] += 1
            return
        if (heard.epoch, heard.seq) != (known["epoch"], known["seq"] + 1):
            self.wrong.append(f"{self.user} heard {meta} after {known}")
        self.counts["events heard"] += 1
        self.held[stream].append(heard)
        self.places[stream] = {name: meta[name] for name in ("epoch", "seq", "at")}
