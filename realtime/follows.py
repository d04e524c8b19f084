"""Which clients of this process follow which streams. A stream is a room of its name."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from domain.core.ids import UserId
from realtime.engine import Client, Engine


def namespace_of(stream: str) -> str:
    """The namespace a stream belongs to: what stands before its first colon."""
    return stream.partition(":")[0]


@dataclass(slots=True)
class _Following:
    """What a client follows. news: while that is being read, the joins (True) and leaves that came in since."""

    streams: set[str] = field(default_factory=set)
    news: dict[str, bool] | None = None
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class Follows:
    """Joins and leaves, as told by the streams' own events or read from the documents.

    A read takes time, and what the events say meanwhile is newer: it wins.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._following: dict[str, _Following] = {}

    def begin(self, client: Client) -> None:
        """A client is there; it follows nothing yet."""
        self._following[client.sid] = _Following()

    def knows(self, client: Client) -> bool:
        """Whether the client has begun to follow streams."""
        return client.sid in self._following

    def end(self, client: Client) -> None:
        """The client is gone."""
        self._following.pop(client.sid, None)

    async def refresh(self, client: Client, own: str, read: Callable[[], Awaitable[Iterable[str]]]) -> list[str]:
        """Makes a client follow `own`, its user's stream, and what `read` answers, nothing else; the streams.

        It follows its user's stream before the read begins, so that it hears of every join and leave from then on.
        """
        following = self._following.get(client.sid)
        if following is None:
            return []
        async with following.reading:
            self._join(client.sid, own)
            following.news = {}
            try:
                wanted = {own, *await read()}
                for stream, joined in following.news.items():
                    (wanted.add if joined else wanted.discard)(stream)
            finally:
                following.news = None
            for stream in following.streams - wanted:
                self._leave(client.sid, stream)
            for stream in wanted:
                self._join(client.sid, stream)
            return sorted(wanted)

    def join(self, user: UserId, stream: str) -> None:
        """The user's clients in the stream's namespace follow it from now on."""
        for sid in self._clients_of(user, stream):
            self._join(sid, stream)

    def leave(self, user: UserId, stream: str) -> None:
        """They follow it no longer."""
        for sid in self._clients_of(user, stream):
            self._leave(sid, stream)

    def _clients_of(self, user: UserId, stream: str) -> list[str]:
        namespace = namespace_of(stream)
        return self._engine.members(namespace, f"{namespace}:user:{user}")

    def _join(self, sid: str, stream: str) -> None:
        if following := self._following.get(sid):
            following.streams.add(stream)
            if following.news is not None:
                following.news[stream] = True
            self._engine.enter(sid, stream)

    def _leave(self, sid: str, stream: str) -> None:
        if following := self._following.get(sid):
            following.streams.discard(stream)
            if following.news is not None:
                following.news[stream] = False
            self._engine.leave(sid, stream)
