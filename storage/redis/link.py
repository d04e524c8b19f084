"""A lean line to Redis, for what is hot: commands follow each other without waiting, and messages go to a callback.

redis-py makes and authenticates the connection (TLS, Sentinel and the like are its business). The link then takes over
the transport and speaks RESP3: that costs a tenth of redis-py's way of one task, lock and stream read per command.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from hiredis import HiredisError, PushNotification, Reader, pack_command
from redis import exceptions
from redis.asyncio.connection import AbstractConnection

from storage.redis.client import Client, jitter

QUIET_S = 5.0
"""After this long without a word the server is asked whether it still lives."""

STEADY_S = 1.0
"""A link that held for less counts as a failure to open one."""

NOTHING = object()
MESSAGES = (b"message", b"smessage")

OnMessage = Callable[[bytes], None]
Answer = asyncio.Future[Any]


class Link(asyncio.Protocol):
    """One connection. Every command has one answer, in order; a (S)SUBSCRIBE of one channel its confirmation.

    The bytes of the messages of subscribed channels go to `on_message`, which must not raise. A server that owes an
    answer and is silent for `timeout_s` is given up: the link is lost, and so are the answers.
    """

    def __init__(self, connection: AbstractConnection, timeout_s: float, on_message: OnMessage | None = None) -> None:
        self.lost = asyncio.Event()
        self.on_lost: Callable[[], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._connection, self._timeout_s, self._on_message = connection, timeout_s, on_message
        # internal: the parser knows which exception an error is, and the writer has the transport
        self._reader = Reader(replyError=connection._parser.parse_error, notEnoughData=NOTHING)
        self._transport: asyncio.WriteTransport = connection._writer.transport  # type: ignore[union-attr]
        self._transport.set_protocol(self)
        self._unsent: list[bytes] = []
        self._waiting: deque[Answer | None] = deque()
        self._since = self._loop.time()
        self._congested = False
        self._timer = self._look_again()

    def call(self, *args: str | bytes | int) -> Answer:
        """Sends a command; its answer, an error answer being raised as redis-py would."""
        answer: Answer = self._loop.create_future()
        self._send(args, answer)
        return answer

    def cast(self, *args: str | bytes | int) -> None:
        """Sends a command whose answer is of no interest; drops it when the server is away or does not keep up."""
        if not (self._congested or self.is_breaking):
            self._send(args, None)

    def abort(self) -> None:
        """Breaks the connection; `lost` follows."""
        self._transport.abort()

    @property
    def is_breaking(self) -> bool:
        """Whether the link is lost, or will be at the next turn of the loop."""
        return self._transport.is_closing()

    def _send(self, args: tuple[str | bytes | int, ...], answer: Answer | None) -> None:
        if self.is_breaking:
            raise exceptions.ConnectionError("the connection is lost")
        if not self._waiting:
            self._since = self._loop.time()
        self._waiting.append(answer)
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(pack_command(args))  # type: ignore[arg-type]

    def _flush(self) -> None:
        """Writes what one turn of the loop has sent."""
        self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def _watch(self) -> None:
        quiet_s = self._loop.time() - self._since
        if self._waiting and quiet_s > self._timeout_s:
            self.abort()
            return
        if not self._waiting and quiet_s > QUIET_S:
            self.cast("PING")
        self._timer = self._look_again()

    def _look_again(self) -> asyncio.TimerHandle:
        return self._loop.call_later(min(self._timeout_s, QUIET_S) / 4, self._watch)

    def data_received(self, data: bytes) -> None:
        """Takes answers and messages off the line."""
        self._since = self._loop.time()
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not NOTHING:
                if type(reply) is PushNotification and reply[0] in MESSAGES:
                    if self._on_message:
                        self._on_message(reply[2])
                else:
                    self._answer(reply)
        except (HiredisError, IndexError):  # not Redis's protocol, or an answer to nothing: a channel was taken from us
            self.abort()

    def _answer(self, reply: Any) -> None:
        answer = self._waiting.popleft()
        if isinstance(reply, exceptions.ReadOnlyError | exceptions.NoScriptError):
            self.abort()  # a replica by now, or its scripts were flushed: a new link finds the master and loads them
        if answer is None or answer.done():
            return
        if isinstance(reply, Exception):
            _fail(answer, reply)
        else:
            answer.set_result(reply)

    def pause_writing(self) -> None:
        """The server reads more slowly than is sent."""
        self._congested = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._congested = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Fails what waits for an answer."""
        self._timer.cancel()
        self._connection._writer = self._connection._reader = None  # internal: nothing left to close
        while self._waiting:
            if (answer := self._waiting.popleft()) and not answer.done():
                _fail(answer, exceptions.ConnectionError(f"the connection was lost: {exc or 'closed'}"))
        self.lost.set()
        if self.on_lost:
            self.on_lost()


class Links:
    """The links to the nodes of a Redis (one, if it is no cluster): opened when first needed, and anew when lost.

    prepare: what is done with a fresh link before anybody gets it.
    """

    def __init__(
        self,
        redis: Client,
        *,
        prepare: Callable[[Link], Awaitable[None]] | None = None,
        on_message: OnMessage | None = None,
    ) -> None:
        self._redis, self._prepare, self._on_message = redis, prepare, on_message
        self._links: dict[str, Link] = {}
        self._attempts: dict[str, asyncio.Task[Link]] = {}
        self._failures: Counter[str] = Counter()
        self.any_lost = asyncio.Event()

    async def to(self, key: str) -> Link:
        """The link to the node that serves a key or channel; raises one of `OUTAGES` when it cannot be opened now."""
        node = self._redis.node_of(key)
        while (link := self._links.get(node)) and link.is_breaking:
            await link.lost.wait()
        return await asyncio.shield(self._opening(node)) if link is None else link

    def at_hand(self, key: str) -> Link | None:
        """The same if it is open; if not, it soon will be."""
        node = self._redis.node_of(key)
        link = self._links.get(node)
        if link is None:
            self._opening(node)
        return link

    async def close(self) -> None:
        """Breaks every link, and gives up opening others."""
        attempts, links = [*self._attempts.values()], [*self._links.values()]
        for attempt in attempts:
            attempt.cancel()
        for link in links:
            link.abort()
        await asyncio.gather(*attempts, *(link.lost.wait() for link in links), return_exceptions=True)

    def _opening(self, node: str) -> asyncio.Task[Link]:
        """The one attempt for all who wait."""
        attempt = self._attempts.get(node)
        if attempt is None:
            attempt = self._attempts[node] = asyncio.create_task(self._open(node))
            attempt.add_done_callback(partial(self._opened, node))
        return attempt

    def _opened(self, node: str, attempt: asyncio.Task[Link]) -> None:
        del self._attempts[node]
        if not attempt.cancelled():
            attempt.exception()  # so that asyncio does not complain when nobody waits for it any more

    async def _open(self, node: str) -> Link:
        if failures := self._failures[node]:
            await asyncio.sleep(jitter(failures))
        self._failures[node] += 1
        try:
            connection = await self._redis.connect(node)
        except TimeoutError as error:
            raise exceptions.TimeoutError("no connection in time") from error
        link = Link(connection, self._redis.attempt_s, self._on_message)
        try:
            await link.call("HELLO", 3)
            if self._prepare:
                await self._prepare(link)
            if link.is_breaking:
                raise exceptions.ConnectionError("lost as soon as it was opened")
        except BaseException:
            link.abort()
            raise
        self._links[node] = link
        link.on_lost = partial(self._forget, node, time.monotonic())
        return link

    def _forget(self, node: str, opened: float) -> None:
        del self._links[node]
        self.any_lost.set()
        if time.monotonic() - opened > STEADY_S:
            del self._failures[node]


def _fail(answer: Answer, error: Exception) -> None:
    answer.set_exception(error)
    answer.exception()  # so that asyncio does not complain when nobody waits for it any more
