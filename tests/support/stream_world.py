"""A server, a line and a client's `Streams` in one simulation: what is told, and what should have been."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from clients.python.event import Event
from clients.python.streams import Streams

STREAMS = ("chat:a", "chat:user:me")
PROGRESS = ("publish", "arrive", "serve") * 2
CALM_STEPS = (*PROGRESS, "mention", "repeat", "cut")
"""What happens every day."""

STEPS = (*CALM_STEPS, "trim", "restart", "leave", "join", "lose_live", "greet")
"""What can happen."""

Packet = dict[str, Any]


@dataclass
class Log:
    """A stream on the server. entries: what can be replayed, by seq. cursor: set while it is replayed to the client."""

    epoch: str
    seq: int = 0
    entries: dict[int, Event[Any]] = field(default_factory=dict)
    followed: bool = True
    cursor: int | None = None

    @property
    def head(self) -> Packet:
        return {"epoch": self.epoch, "seq": self.seq, "at": f"{self.epoch}-{self.seq}"}


class Application:
    """What a client's application knows: told one by one, or by a snapshot. hidden: events that are not for it."""

    def __init__(self) -> None:
        self.told: list[Event[Any]] = []
        self.known: dict[str, tuple[str, int]] = {}
        self.hidden: set[tuple[str, str, int]] = set()
        self._last: dict[str, tuple[str, int]] = {}
        self.loads = 0

    def tell(self, event: Event[Any]) -> None:
        """Takes an event, unless it breaks what is promised."""
        self.told.append(event)
        if "seq" not in event.meta:
            return
        stream, place = event.meta["stream"], (event.meta["epoch"], event.meta["seq"])
        assert place > self._last.get(stream, ("", 0)), f"{stream} {place} came twice or late"
        known = self.known.get(stream)
        if known and not event.data.get("joins"):
            assert place[0] == known[0], f"{stream} {place} came upon {known}"
            between = {(stream, place[0], seq) for seq in range(known[1] + 1, place[1])}
            assert between <= self.hidden, f"{stream} {place} came without those behind {known}"
        self._last[stream] = place
        self.known[stream] = max(known or place, place)

    def load(self, heads: dict[str, Packet]) -> None:
        """Takes a snapshot: of everything up to the heads, and of nothing else."""
        self.loads += 1
        self.known = {stream: (head["epoch"], head["seq"]) for stream, head in heads.items()}


class World:
    """Its steps, in any order, are what can happen; `settle` lets all arrive and checks that nothing is missing."""

    def __init__(self, streams: Streams, *, can_resume: bool = True) -> None:
        self.streams, self.app = streams, Application()
        self._can_resume = can_resume
        self._epochs = count(1)
        self.logs = {stream: Log(self._epoch()) for stream in STREAMS}
        self._down: deque[Callable[[], None]] = deque()
        self._up: deque[Packet] = deque()
        self._replay: Packet | None = None
        self._under_way = False
        self._connect()

    def take(self, step: str, stream: str) -> None:
        """One step, by its name; those that are about no stream pass over it."""
        act = getattr(self, step)
        act() if step in {"cut", "arrive", "serve", "greet"} else act(stream)

    # What can happen.

    def publish(self, stream: str, *, joins: bool = False) -> None:
        """A durable event."""
        log = self.logs[stream]
        log.seq += 1
        log.entries[log.seq] = Event("chat", "e", {"joins": joins}, {"stream": stream, **log.head})
        if not log.followed:
            self.app.hidden.add((stream, log.epoch, log.seq))
        elif log.cursor is None:
            self._send(log.entries[log.seq])

    def repeat(self, stream: str) -> None:
        """The last durable event comes again."""
        log = self.logs[stream]
        if log.followed and log.cursor is None and log.seq in log.entries:
            self._send(log.entries[log.seq])

    def lose_live(self, stream: str) -> None:
        """A durable event that never reaches the connection."""
        down = self._down
        self._down = deque()
        self.publish(stream)
        self._down = down

    def mention(self, stream: str) -> None:
        """A transient event."""
        if self.logs[stream].followed:
            self._send(Event("chat", "e", {}, {"stream": stream, "at": "now"}))

    def trim(self, stream: str) -> None:
        """The log forgets what it holds."""
        self.logs[stream].entries.clear()

    def restart(self, stream: str) -> None:
        """The log is lost; all who follow are greeted again."""
        log = self.logs[stream]
        log.epoch, log.seq, log.entries, log.cursor = self._epoch(), 0, {}, None
        self.greet()

    def leave(self, stream: str) -> None:
        """The client follows the stream no longer."""
        self.logs[stream].followed = False

    def join(self, stream: str) -> None:
        """The client follows it from an event on, which tells all there is to know."""
        log = self.logs[stream]
        if not log.followed:
            log.followed = True
            self.publish(stream, joins=True)

    def greet(self) -> None:
        """`hello`, first or again."""
        heads = {stream: log.head for stream, log in self.logs.items() if log.followed}
        self._down.append(lambda: self.streams.greet(heads))

    def cut(self) -> None:
        """The line breaks, and another is made."""
        self.streams.lose()
        self._connect()

    def arrive(self) -> None:
        """The next packet reaches the client."""
        if self._down:
            self._down.popleft()()
            self._act()

    def serve(self) -> None:
        """The server handles what the client asked, or goes on doing so."""
        if self._replay:
            self._replay_on()
        elif self._up:
            request = self._up.popleft()
            if request["event"] == "resume":
                self._begin_replay(request["streams"])
            else:
                heads = {stream: log.head for stream, log in self.logs.items() if log.followed}
                self._down.append(lambda: self._loaded(heads))

    def settle(self) -> None:
        """What is under way arrives; then nothing may be missing."""
        for stream in STREAMS:
            self.publish(stream)  # a lost last event would show in nothing else
        for _ in range(1_000):
            if not (self._down or self._up or self._replay):
                break
            self.serve()
            self.arrive()
        assert self.streams.settled
        for stream, log in self.logs.items():
            if log.followed:
                assert self.app.known[stream] == (log.epoch, log.seq), f"{stream} is missing its last events"

    # The server.

    def _connect(self) -> None:
        self._down.clear()
        self._up.clear()
        self._replay, self._under_way = None, False
        for log in self.logs.values():
            log.cursor = None
        self.greet()

    def _begin_replay(self, places: dict[str, Packet]) -> None:
        if not self._can_resume:
            self._down.append(lambda: self._answered({}))
            return
        self._replay = {"left": dict(places), "ends": {}}
        for stream, place in places.items():
            log = self.logs[stream]
            known = place["seq"] == 0 or place["at"] == f"{log.epoch}-{place['seq']}"
            if log.followed and place["epoch"] == log.epoch and place["seq"] <= log.seq and known:
                log.cursor = place["seq"]

    def _replay_on(self) -> None:
        """One entry of one stream, or its end; the ack when all have ended."""
        assert self._replay is not None
        left, ends = self._replay["left"], self._replay["ends"]
        if not left:
            self._replay = None
            self._down.append(lambda: self._answered(ends))
            return
        stream = next(iter(left))
        log = self.logs[stream]
        if log.cursor is None or not log.followed or not (log.cursor == log.seq or log.cursor + 1 in log.entries):
            ends[stream] = {"recovered": False, **(log.head if log.followed else {})}
        elif log.cursor < log.seq:
            log.cursor += 1
            if (stream, log.epoch, log.cursor) not in self.app.hidden:
                self._send(log.entries[log.cursor])
            return
        else:
            ends[stream] = {"recovered": True, **log.head}
        log.cursor = None
        del left[stream]

    def _send(self, event: Event[Any]) -> None:
        self._down.append(lambda: self.streams.put(event))

    def _epoch(self) -> str:
        return f"e{next(self._epochs):06d}"

    # The client, as `Link` has it.

    def _answered(self, ends: dict[str, Packet]) -> None:
        self._under_way = False
        self.streams.answer(ends)

    def _loaded(self, heads: dict[str, Packet]) -> None:
        self._under_way = False
        self.app.load(heads)
        self.streams.end_load()

    def _act(self) -> None:
        while event := self.streams.pop():
            self.app.tell(event)
        if self.streams.settled or self._under_way:
            return
        self._under_way = True
        if asked := self.streams.ask():
            self._up.append({"event": "resume", "streams": dict(asked)})
        else:
            self.streams.begin_load()
            self._up.append({"event": "load"})
