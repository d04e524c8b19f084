"""Which clients of this process follow which streams. A stream is a room of its name."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from weakref import WeakValueDictionary

from domain.core.errors import Unavailable
from domain.core.ids import UserId
from domain.core.streams import Position, StreamLog
from realtime.engine import Client, Engine
from realtime.greeter import Greeter
from realtime.hub import Hub
from realtime.packet import Invitation, own_stream
from realtime.replay import Replay


class _Following:
    """What a client follows; there is one for each, so it is small.

    own: its user's stream. wishes: what it has asked for. news: while the others are being read, the joins (True) and
    leaves that came in since. replays: by stream, those that keep the client out of its room.
    """

    __slots__ = ("news", "own", "replays", "streams", "wishes")

    def __init__(self) -> None:
        self.own = ""
        self.streams: tuple[str, ...] = ()
        self.wishes: frozenset[str] = frozenset()
        self.news: dict[str, bool] | None = None
        self.replays: dict[str, Replay] | None = None

    def replay(self, stream: str) -> Replay | None:
        """The replay of that stream that is under way."""
        return self.replays.get(stream) if self.replays else None

    def replace(self, stream: str, replay: Replay | None) -> None:
        """Notes the replay of a stream that is under way now; an earlier one is over."""
        if earlier := self.replay(stream):
            earlier.over = True
        others = {other: kept for other, kept in (self.replays or {}).items() if other != stream}
        self.replays = (others | {stream: replay} if replay else others) or None

    def note(self, stream: str, *, joined: bool) -> None:
        """Notes what came in while the streams are being read."""
        if self.news is not None:
            self.news[stream] = joined


class Follows:
    """Joins and leaves, as told by the streams' own events or read from the documents.

    A read takes time, and what the events say meanwhile is newer: it wins.
    """

    def __init__(self, engine: Engine, hub: Hub, log: StreamLog, greeter: Greeter) -> None:
        self._engine, self._hub, self._log, self._greeter = engine, hub, log, greeter
        self._following: dict[str, _Following] = {}
        self._clients: dict[str, tuple[str, ...]] = {}  # by the user's own stream
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._joining: set[asyncio.Task[None]] = set()

    def begin(self, client: Client) -> None:
        """A client is there; it follows nothing yet."""
        self._following[client.sid] = _Following()

    def end(self, client: Client) -> None:
        """The client is gone."""
        if following := self._following.pop(client.sid, None):
            for replay in (following.replays or {}).values():
                replay.over = True
            for stream in following.streams:
                self._hub.left(stream)
            others = tuple(sid for sid in self._clients.pop(following.own, ()) if sid != client.sid)
            if others:
                self._clients[following.own] = others

    def positions(self, sid: str) -> dict[str, Position]:
        """The streams the client follows, and where it stands in each: all that comes later reaches it."""
        following = self._following.get(sid)
        return {stream: self._place(following, stream) for stream in following.streams} if following else {}

    def wishes(self, sid: str) -> frozenset[str]:
        """The streams the client has asked for, be it that it may follow them or not."""
        following = self._following.get(sid)
        return following.wishes if following else frozenset()

    def wish(self, sid: str, streams: Iterable[str]) -> None:
        """The client asks for these streams besides; its namespace says which of them it may follow."""
        if following := self._following.get(sid):
            following.wishes |= frozenset(streams)

    def unwish(self, sid: str, streams: Iterable[str]) -> None:
        """It does not ask for these any more."""
        if following := self._following.get(sid):
            following.wishes -= frozenset(streams)

    def dismiss(self, sid: str, stream: str, *last: Any) -> None:
        """The client hears nothing more of a stream that it does not ask for any more, but `last` (name, data, meta).

        It is to be refreshed, which ends the rest. A client that does not follow the stream is sent nothing.
        """
        if stream in self._streams_of(sid):
            self._engine.leave(sid, stream)
            self._engine.send(sid, *last)

    def wishers(self) -> list[str]:
        """The clients that follow what they have asked for."""
        return [sid for sid, following in self._following.items() if following.wishes]

    def review(self, sids: Iterable[str]) -> None:
        """These clients may not be allowed any more to follow what they have asked for."""
        self._greeter.check([sid for sid in sids if self.wishes(sid)])

    def _place(self, following: _Following, stream: str) -> Position:
        replay = following.replay(stream)  # what it has not written yet may be the user's own leave
        return replay.position if replay else self._hub.position(stream)

    async def refresh(self, sid: str, own: str, read: Callable[[], Awaitable[Iterable[str]]]) -> bool:
        """Makes a client follow `own`, its user's stream, and what `read` answers, nothing else; whether that is news.

        It follows its user's stream before the read begins, so that it hears of every join from then on. What it shall
        follow is read once more when all of that can be heard: a leave may have been missed before.
        """
        turn = self._turns.setdefault(sid, asyncio.Lock())
        async with turn:
            await self._hub.follow([own])
            following = self._following.get(sid)
            if following is None:  # gone, or not yet begun
                return False
            if not following.own:
                following.own = own
                self._clients[own] = (*self._clients.get(own, ()), sid)
                self._join(sid, own)
            following.news = {}
            try:
                heard = {own, *following.streams}
                wanted = {own, *await read()}
                # One that is heard may be forgotten again, if the read takes longer than streams linger.
                while lacking := {stream for stream in wanted if stream not in heard or not self._hub.follows(stream)}:
                    await self._hub.follow(lacking)
                    heard |= lacking
                    wanted = {own, *await read()}
                for stream, joined in following.news.items():
                    (wanted.add if joined else wanted.discard)(stream)
            finally:
                following.news = None
            return self._follow_just(sid, wanted)

    def join(self, user: UserId, stream: str) -> None:
        """The user's clients in the stream's namespace follow it from where the hub stands."""
        for sid in self._clients_of(user, stream):
            self._join(sid, stream)

    def leave(self, user: UserId, stream: str) -> None:
        """They follow it no longer."""
        for sid in self._clients_of(user, stream):
            following = self._following.get(sid)
            if following and (replay := following.replay(stream)):
                replay.belongs = False  # it comes to that event by itself
                following.note(stream, joined=False)
            else:
                self._leave(sid, stream)

    def invite(self, user: UserId, to: Invitation) -> None:
        """The user joins a stream by an event that the stream itself may not have brought here."""
        clients = self._clients_of(user, to.stream)
        if not clients or self._hub.delivers(to.stream, to.entry.position):
            return
        if self._hub.may_have_forgotten(to.entry.position):
            self._greeter.check(clients)  # it was published again, and the user may have left since
        elif not self._hub.follows(to.stream):
            self._hub.follow_from(to.stream, to.entry)
        else:
            task = asyncio.create_task(self._bring_in(user, to), name=f"join {to.stream}")
            self._joining.add(task)
            task.add_done_callback(self._joining.discard)

    async def resume(self, sid: str, user: UserId, places: Mapping[str, Position]) -> dict[str, bool]:
        """Replays, to a client, what is behind its places in streams it follows; for each, whether that was possible.

        Either way the client stands where the hub does in the end. Raises `Unavailable`.
        """
        following = self._streams_of(sid)
        replays = [
            self._begin_replay(sid, user, stream, position)
            for stream, position in places.items()
            if stream in following
        ]
        try:
            return {replay.stream: await self._finish_replay(replay) for replay in replays}
        finally:
            for replay in replays:
                self._end_replay(replay, recovered=False)

    # Within.

    async def _bring_in(self, user: UserId, to: Invitation) -> None:
        stream, position = to.stream, to.entry.position
        await self._hub.follow([stream])
        if self._hub.delivers(stream, position):
            return  # with its joins
        newcomers = [sid for sid in self._clients_of(user, stream) if stream not in self._streams_of(sid)]
        for sid in newcomers:
            self._add(sid, stream)
        replays = [self._begin_replay(sid, user, stream, position) for sid in newcomers]
        for replay in replays:
            try:
                replay.write(to.entry)
                recovered = await self._finish_replay(replay)
            except Unavailable:
                recovered = False
            finally:
                self._end_replay(replay, recovered=False)
            if not recovered:
                self._greeter.greet([replay.sid])

    def _begin_replay(self, sid: str, user: UserId, stream: str, position: Position) -> Replay:
        replay = Replay(self._engine, self._hub, self._log, sid=sid, user=user, stream=stream, position=position)
        self._following[sid].replace(stream, replay)
        self._hub.watch(stream, replay)
        self._engine.leave(sid, stream)
        return replay

    async def _finish_replay(self, replay: Replay) -> bool:
        recovered = await replay.run()
        self._end_replay(replay, recovered=recovered)
        return recovered

    def _end_replay(self, replay: Replay, *, recovered: bool) -> None:
        """Puts the client back into the room, if it belongs there; does nothing the second time."""
        self._hub.unwatch(replay.stream, replay)
        following = self._following.get(replay.sid)
        if following is None or following.replay(replay.stream) is not replay:
            return
        following.replace(replay.stream, None)
        if replay.member if recovered else replay.belongs:
            self._engine.enter(replay.sid, replay.stream)
        else:
            self._leave(replay.sid, replay.stream)

    def _follow_just(self, sid: str, wanted: set[str]) -> bool:
        following = set(self._streams_of(sid))
        for stream in wanted ^ following:
            (self._join if stream in wanted else self._leave)(sid, stream)
        return wanted != following

    def _clients_of(self, user: UserId, stream: str) -> tuple[str, ...]:
        return self._clients.get(own_stream(stream, user), ())

    def _streams_of(self, sid: str) -> tuple[str, ...]:
        following = self._following.get(sid)
        return following.streams if following else ()

    def _join(self, sid: str, stream: str) -> None:
        following = self._following.get(sid)
        if following is None:
            return
        self._add(sid, stream)
        if replay := following.replay(stream):
            replay.belongs = True
        else:
            self._engine.enter(sid, stream)

    def _add(self, sid: str, stream: str) -> None:
        following = self._following[sid]
        if stream not in following.streams:
            following.streams = (*following.streams, stream)
        following.note(stream, joined=True)

    def _leave(self, sid: str, stream: str) -> None:
        following = self._following.get(sid)
        if following is None:
            return
        following.replace(stream, None)
        following.streams = tuple(other for other in following.streams if other != stream)
        following.note(stream, joined=False)
        self._engine.leave(sid, stream)
        self._hub.left(stream)
