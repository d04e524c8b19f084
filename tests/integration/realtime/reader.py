"""A client that keeps what it hears, and resumes as the contract says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.integration.realtime.node import Node, token_of
from tests.integration.realtime.wire import ACK, EVENT, Wire, wire

Place = dict[str, Any]


@dataclass
class Story:
    """What happened on the streams: who joins and leaves by which event, by stream and `seq` - 1."""

    events: dict[str, list[tuple[set[str], set[str]]]] = field(default_factory=dict)

    def add(self, stream: str, join: set[str], leave: set[str]) -> None:
        """Notes the next event of a stream."""
        self.events.setdefault(stream, []).append((join, leave))

    def joins_next(self, stream: str, user: str, seq: int) -> bool:
        """Whether the user is no member at that event, but joins by a later one."""
        about = [user in join for join, leave in self.events[stream][seq - 1 :] if user in join | leave]
        return about[:1] == [True] and user not in self.events[stream][seq - 1][0]

    def entitled(self, stream: str, user: str, *, after: int) -> list[int]:
        """The events of a stream, behind one it heard or was told the place of, that a member then hears."""
        member, heard = True, []
        for seq, (join, leave) in enumerate(self.events[stream][after:], start=after + 1):
            member = member or user in join
            if member:
                heard.append(seq)
            member = member and user not in leave
        return heard


@dataclass
class Reader:
    """One user's memory, over all its connections.

    places: the last it knows of each stream it follows. last: that it heard of any. greeted: what the last `hello`
    said. gaps: what went wrong.
    """

    user: str
    story: Story
    places: dict[str, Place] = field(default_factory=dict)
    heard: dict[str, list[int]] = field(default_factory=dict)
    last: dict[str, Place] = field(default_factory=dict)
    greeted: dict[str, int] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    resumes: int = 0
    recovered: int = 0

    @asynccontextmanager
    async def connected(self, node: Node) -> AsyncIterator[Wire]:
        """A connection on which everything is read; it has resumed what it could when the block begins."""
        async with wire(node.url) as client:
            await client.connect("/lobby", {"token": token_of(self.user)})
            ready = asyncio.Event()
            reading = asyncio.create_task(self._read(client, ready))
            try:
                async with asyncio.timeout(10):
                    await asyncio.wait([reading, asyncio.ensure_future(ready.wait())], return_when="FIRST_COMPLETED")
                yield client
            finally:
                client.abort()
                await asyncio.wait([reading])
                reading.result()

    async def _read(self, client: Wire, ready: asyncio.Event) -> None:
        early: dict[str, list[Place]] | None = None
        while packet := await client.next_packet():
            if packet.kind == ACK:
                self._resumed(packet.data[0], early or {})
                early = None
                ready.set()
            elif packet.kind == EVENT and packet.data[0] == "hello":
                first = early is None and not ready.is_set()
                wanted = self._greeted(packet.data[1]["streams"], ready=ready.is_set())
                if first and wanted:
                    early = {stream: [] for stream in wanted}
                    await client.emit("/lobby", 1, "resume", {"streams": wanted})
                elif first:
                    ready.set()
            elif packet.kind == EVENT and "seq" in packet.data[2]:
                meta = packet.data[2]
                if early is not None and meta["stream"] in early:
                    early[meta["stream"]].append(meta)
                else:
                    self._hear(meta)

    def _greeted(self, streams: dict[str, Place], *, ready: bool) -> dict[str, Place]:
        """What to resume. A stream that is new has its snapshot fetched; one that is missing was left."""
        self.greeted = {stream: place["seq"] for stream, place in streams.items()}
        for stream in set(self.places) - set(streams):
            del self.places[stream]
        known = {stream: self.places[stream] for stream in streams if stream in self.places}
        for stream, place in streams.items():
            if stream not in known:
                self.places[stream] = max(place, self.last.get(stream, place), key=lambda place: place["seq"])
            elif ready and place["seq"] > known[stream]["seq"]:
                self.gaps.append(f"{self.user} {stream}: hello says {place}, known is {known[stream]}")
        return known

    def _resumed(self, ack: Any, early: dict[str, list[Place]]) -> None:
        for stream, metas in early.items():
            answer = ack["data"][stream]
            self.resumes += 1
            if stream not in self.places:
                continue  # greeted anew meanwhile: it has left
            if answer["recovered"]:
                self.recovered += 1
                for meta in sorted(metas, key=lambda meta: meta["seq"]):
                    self._hear(meta)
            else:  # as if it had just come: without a place it has left, with one the snapshot is fetched
                del self.places[stream]
                if "seq" in answer:
                    self.places[stream] = {name: answer[name] for name in ("epoch", "seq", "at")}

    def _hear(self, meta: Place) -> None:
        stream, seq = meta["stream"], meta["seq"]
        if stream.startswith("lobby:user:"):
            return
        join, leave = self.story.events[stream][seq - 1]
        last = max(self.heard.get(stream, (0,)))
        if seq <= last:
            self._hear_again(stream, seq, last)
            return
        if stream in self.places:
            if seq <= self.places[stream]["seq"]:
                return
            due = self.story.entitled(stream, self.user, after=self.places[stream]["seq"])[0]
            expected = seq == due
        else:
            expected = self.user in join
        if not expected:
            # It may have been greeted as a member before the event of its joining was out.
            if self.greeted.get(stream, seq) >= seq or not self.story.joins_next(stream, self.user, seq):
                self.gaps.append(f"{self.user} heard {seq} of {stream} and had {self.places.get(stream)}")
            return
        self.heard.setdefault(stream, []).append(seq)
        self.places[stream] = self.last[stream] = {name: meta[name] for name in ("epoch", "seq", "at")}
        if self.user in leave:
            del self.places[stream]

    def _hear_again(self, stream: str, seq: int, last: int) -> None:
        """Clients go by `seq`. But an instance that lags behind the documents may only now come to a join or leave."""
        leaves = self.user in self.story.events[stream][last - 1][1]
        if stream not in self.places and not leaves:
            self.places[stream] = self.last[stream]
        elif stream in self.places and seq == last == self.places[stream]["seq"] and leaves:
            del self.places[stream]
