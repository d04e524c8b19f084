"""Where a client stands in the streams of a namespace: what comes next, what waits, what was missed. Pure."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from clients.python.event import Event

Position = Mapping[str, Any]
"""A place in a stream as it is on the wire: `{epoch, seq, at}`."""

MOST_ASKED = 200
"""A `resume` names no more streams."""


class Streams:
    """The streams of one namespace, over any number of connections.

    Events are `put` in as they come and `pop` out as they may be told: each durable one once, in the order of its
    stream. When some were missed, the others wait until `settled`. Until then, again and again: emit `resume` with what
    `ask` says and give the ack to `answer`; when `ask` says nothing, fetch the state between `begin_load` and
    `end_load`.
    """

    def __init__(self) -> None:
        self._told: dict[str, Position] = {}
        self._loaded: dict[str, Position] = {}  # what the application will know once the state is fetched
        self._behind: dict[str, Position] = {}  # with a place that was missed
        self._asked: dict[str, Position] = {}
        self._asked_from: dict[str, Position] = {}
        self._ready: deque[Event[Any]] = deque()
        self._waiting: deque[Event[Any]] = deque()
        self._greeted = self._stale = self._loading = False

    @property
    def settled(self) -> bool:
        """Whether nothing is missing, as far as can be known."""
        return self._greeted and not (self._stale or self._loading or self._behind or self._asked)

    @property
    def positions(self) -> Mapping[str, Position]:
        """Up to where each stream was told."""
        return self._told

    def lose(self) -> None:
        """The connection is gone, and with it what was still under way."""
        self._greeted, self._stale, self._loading = False, self._stale or self._loading, False
        self._loaded.clear()
        self._behind.clear()
        self._asked.clear()
        self._waiting.clear()

    def greet(self, heads: Mapping[str, Position]) -> None:
        """`hello` came: these are the streams from here on. One that stands elsewhere than here was missed."""
        self._greeted = True
        for stream in (self._told | self._loaded).keys() - heads.keys():
            self._load_from(stream, None)
        for stream in {event.meta["stream"] for event in self._waiting}:
            self._drop_other_logs(stream, heads.get(stream))
        for stream, head in heads.items():
            if stream not in self._told:
                self._load_from(stream, head)
            elif self._told[stream] != head:
                self._behind[stream] = head

    def doubt(self) -> None:
        """The state that was fetched is not, or no longer, right: it is to be fetched anew."""
        self._stale = True

    def ask(self) -> Mapping[str, Position]:
        """The streams to be resumed, and from where; empty for none."""
        self._behind = self._asked | self._behind
        self._asked = {stream: self._behind.pop(stream) for stream in sorted(self._behind)[:MOST_ASKED]}
        self._asked_from = {stream: self._told[stream] for stream in self._asked}
        return self._asked_from

    def answer(self, answer: Mapping[str, Mapping[str, Any]]) -> None:
        """The ack of that `resume`; empty from a server that cannot resume. Its replay came before it."""
        asked, self._asked = self._asked, {}
        for stream, missed in asked.items():
            end, told = answer.get(stream, {}), self._told[stream]
            place = _position(end) if "seq" in end else missed
            if end.get("recovered"):
                self._tell_up_to(stream, place)
            else:
                moved = told != self._asked_from[stream]  # so it was told by this server
                self._load_from(stream, told if moved and self._reached(stream, place) else place)

    def begin_load(self) -> None:
        """The state is fetched from here on. What was told in passing before is in it."""
        self._stale, self._loading = False, True
        self._waiting = deque(event for event in self._waiting if "seq" in event.meta)

    def end_load(self) -> None:
        """The state was fetched; what comes later counts."""
        self._loading = False
        if not self._stale:
            self._told |= self._loaded
            self._loaded.clear()

    def put(self, event: Event[Any]) -> None:
        """An event came. What is about the connection, and what was asked for, is not kept waiting."""
        stream = event.meta.get("stream")
        if stream is None:
            self._ready.append(event)
        elif stream in self._asked and self._is_next(event):
            self._told[stream] = _position(event.meta)
            self._ready.append(event)
        else:
            self._waiting.append(event)

    def pop(self) -> Event[Any] | None:
        """The next event to tell, None for none at the moment."""
        if self._ready:
            return self._ready.popleft()
        while self._waiting and self.settled:
            event = self._waiting.popleft()
            if "seq" not in event.meta or self._take(event):
                return event
        return None

    def _take(self, event: Event[Any]) -> bool:
        """Whether a durable event is to be told now. One that shows a gap comes again in the replay."""
        stream = event.meta["stream"]
        if stream in self._told and not self._is_next(event):
            if not self._reached(stream, event.meta):
                self._behind[stream] = _position(event.meta)
            return False
        self._told[stream] = _position(event.meta)  # of an unknown stream, it is the one that made the client follow it
        return True

    def _is_next(self, event: Event[Any]) -> bool:
        told, meta = self._told.get(event.meta["stream"]), event.meta
        return bool(told and "seq" in meta and told["epoch"] == meta["epoch"] and told["seq"] + 1 == meta["seq"])

    def _reached(self, stream: str, place: Position) -> bool:
        told = self._told[stream]
        return bool(told["epoch"] == place["epoch"] and told["seq"] >= place["seq"])

    def _tell_up_to(self, stream: str, place: Position) -> None:
        """Nothing more will come of a stream up to there: what is left out is not for this client."""
        if self._reached(stream, place):
            return
        told, came = self._told[stream], {}
        for event in self._waiting:
            meta = event.meta
            if meta["stream"] == stream and meta.get("epoch") == place["epoch"]:
                came[meta["seq"]] = event
        self._ready.extend(came[seq] for seq in sorted(came) if told["seq"] < seq <= place["seq"])
        self._told[stream] = place

    def _load_from(self, stream: str, place: Position | None) -> None:
        """Where the stream will stand once the state is fetched; None when it is followed no longer."""
        self._stale = True
        for places in (self._told, self._loaded, self._behind, self._asked):
            places.pop(stream, None)
        if place is not None:
            self._loaded[stream] = place

    def _drop_other_logs(self, stream: str, place: Position | None) -> None:
        """What came of a stream before the server told of this place, in another epoch, is of a log that was lost."""
        epoch = place and place["epoch"]
        self._waiting = deque(
            event
            for event in self._waiting
            if event.meta["stream"] != stream or event.meta.get("epoch", epoch) == epoch
        )


def _position(place: Mapping[str, Any]) -> Position:
    return {"epoch": place["epoch"], "seq": place["seq"], "at": place["at"]}
