"""A player's link to Maoga: calls, events and an up-to-date view, over any number of connections."""

import asyncio
import random
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from clients.python.connection import Connection
from clients.python.errors import RETRY_HELPS, MaogaError
from clients.python.event import Callback, Event, Predicate
from clients.python.follower import CALL_TIMEOUT_S, Follower
from clients.python.rest import MaogaRest
from clients.python.session import Keeper, Session
from clients.python.types import Call, On, WaitFor
from clients.python.view import View

T = TypeVar("T")
Payload = dict[str, Any]

BUFFER = 1000
"""Events of one name that are kept for `wait_for`; the oldest go first."""

OPEN_TIMEOUT_S = 10.0
MIN_BACKOFF_S = 0.25
MAX_BACKOFF_S = 10.0


class Link:
    """A player's link to the server, once `connect` has made it, until `close`.

    A lost connection is made again, on whatever server answers, and the streams are resumed: every durable event is
    told once and in order. What cannot be resumed any more is fetched instead (see `Follower`).

    view: what the player knows. repeats: how often a call was made again, by the code of the reason.
    session: of `MaogaRest`, or a bare access token, which cannot be renewed.
    http: to share it among many clients; its connector must allow a connection for each.
    """

    def __init__(
        self,
        base_url: str,
        session: Session | str,
        *,
        http: aiohttp.ClientSession | None = None,
        name: str = "maoga-python",
    ) -> None:
        self._url, self._session, self._name = base_url, session, name
        self._http, self._owns_http = http, http is None
        self.view = View()
        self._follower = Follower(self.view, self._tell)
        self.repeats: Counter[str] = Counter()
        self._buffers: dict[str, deque[Event[Any]]] = defaultdict(lambda: deque(maxlen=BUFFER))
        self._callbacks: dict[str, list[Callback[Any]]] = defaultdict(list)
        self._online, self._failed_attempts = False, 0
        self._leave_at: float | None = None  # when the server wants the connection to be made anew
        self._keeper: Keeper | None = None
        self._connection: Connection | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._trouble: MaogaError | None = None
        self._failure: Exception | None = None
        self._wake, self._changed = asyncio.Event(), asyncio.Event()

    async def __aenter__(self) -> Self:
        try:
            await self.connect()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def user_id(self) -> str:
        """Who the player is; known from `connect` on."""
        session = self._keeper.session if self._keeper else self._session
        return session.user_id if isinstance(session, Session) else ""

    @property
    def connected(self) -> bool:
        """Whether there is a connection, and the view is up to date."""
        return self._online

    async def connect(self, timeout: float = OPEN_TIMEOUT_S) -> None:
        """Connects and learns how things stand; raises `MaogaError` when refused, or with what went wrong last."""
        if self._http is None:
            self._http = aiohttp.ClientSession()
        rest = MaogaRest(self._url, self._http)
        if isinstance(self._session, str):
            self._session = Session(self._session, None, 0, await rest.me(self._session))
        self.view.user_id = self._session.user_id
        self._keeper = Keeper(self._session, rest.refresh)
        self._supervisor = asyncio.create_task(self._supervise(self._keeper), name=f"maoga:{self.user_id}")
        await self._until_online(timeout)

    async def close(self) -> None:
        """Parts from the server for good."""
        self._fail(MaogaError("CLOSED", "the client was closed"))
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait({self._supervisor})
        if self._connection is not None:
            await self._connection.close()
        if self._owns_http and self._http is not None:
            await self._http.close()

    def cut(self) -> None:
        """Cuts the line as a failing network does; the client comes back by itself. For tests and demonstrations."""
        if self._connection is not None:
            self._connection.cut()

    @property
    def call(self) -> Call:
        """`call(namespace, event, payload, timeout, repeat)`: emits an event, once there is a connection.

        Returns the data of its ack; raises `MaogaError`. repeat: ask again while `timeout` lasts, when that helps. Only
        for what may happen twice: it may have happened at the first time already.
        """
        return self._call

    @property
    def on(self) -> On:
        """`on(name, callback)`: calls it with each event of that name, `*` with each event, in order."""
        return self._on

    @property
    def wait_for(self) -> WaitFor:
        """`wait_for(name, predicate, timeout)`: takes the oldest event of that name whose data satisfies `predicate`.

        One from before this call counts too; each is taken once. Raises `TimeoutError`, or why the client is over.
        """
        return self._wait_for

    async def _call(
        self, namespace: str, event: str, payload: Any = None, *, timeout: float = CALL_TIMEOUT_S, repeat: bool = False
    ) -> Any:
        deadline = time.monotonic() + timeout
        attempt = 0
        while True:
            attempt += 1
            try:
                connection = await self._until_online(deadline - time.monotonic())
                return await connection.call(namespace, event, payload or {}, deadline - time.monotonic())
            except MaogaError as error:
                error.attempts = attempt
                pause_s = error.pause_s()
                if not repeat or error.code not in RETRY_HELPS or time.monotonic() + pause_s >= deadline:
                    raise
                self.repeats[error.code] += 1
            await asyncio.sleep(pause_s)

    def _on(self, name: str, callback: Callback[Any]) -> None:
        self._callbacks[name].append(callback)

    async def _wait_for(
        self, name: str, predicate: Predicate[Any] | None = None, timeout: float = CALL_TIMEOUT_S
    ) -> Event[Any]:
        buffer = self._buffers[name]

        def take() -> Event[Any] | None:
            for event in buffer:
                if predicate is None or predicate(event.data):
                    buffer.remove(event)
                    return event
            return None

        return await self.wait_until(take, timeout, f"no {name}")

    async def wait_until(
        self, probe: Callable[[], T | None], timeout: float = CALL_TIMEOUT_S, otherwise: str = "still not so"
    ) -> T:
        """The first truthy value of `probe`, asked now and after each change. Raises as `wait_for` does."""
        try:
            async with asyncio.timeout(timeout):
                while not (value := probe()):
                    if self._failure is not None:
                        raise self._failure
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"{otherwise} within {timeout:g} s") from None
        return value

    def _receive(self, namespace: str, name: str, data: Any, meta: Payload) -> None:
        """Called by the connection with each event."""
        if name == "session_expiring" and self._keeper:
            self._keeper.hurry()
        elif name == "server_draining" and self._leave_at is None:  # it comes in every namespace
            self._leave_at = time.monotonic() + data["reconnectInMs"] / 1000
        try:
            self._follower.receive(Event(namespace, name, data, meta))
        except Exception as error:  # of a callback: nobody else would hear of it
            self._fail(error)
        if meta.get("stream") is None or not self._follower.settled:
            self._wake.set()

    def _tell(self, event: Event[Any]) -> None:
        self._buffers[event.name].append(event)
        for callback in (*self._callbacks[event.name], *self._callbacks["*"]):
            callback(event)
        self._changed.set()

    # The connection, kept by one task.

    async def _supervise(self, keeper: Keeper) -> None:
        while self._failure is None:
            try:
                self._connection = await self._open(keeper)
                await self._stay(keeper, self._connection)
            except MaogaError as error:
                self._trouble = error
                if error.final:
                    self._fail(error)
            except Exception as error:
                self._fail(error)
            finally:
                if self._connection is not None:
                    await self._connection.close()
            backoff_s = min(MAX_BACKOFF_S, MIN_BACKOFF_S * 2.0 ** min(self._failed_attempts, 16))
            self._failed_attempts += 1
            await asyncio.sleep(random.uniform(0.5, 1) * backoff_s)

    async def _open(self, keeper: Keeper) -> Connection:
        try:
            return await self._opened(await keeper.token())
        except MaogaError as error:
            if error.code != "TOKEN_EXPIRED":
                raise
            keeper.hurry()
            return await self._opened(await keeper.token())

    async def _opened(self, token: str) -> Connection:
        if self._http is None:
            self._http = aiohttp.ClientSession()
        self._leave_at = None
        connection = Connection(self._receive, self._ended, self._http)
        await connection.open(self._url, token, self._name, OPEN_TIMEOUT_S)
        return connection

    async def _stay(self, keeper: Keeper, connection: Connection) -> None:
        """Keeps the view up to date and the token fresh until the connection is over, or the server wants it to be."""
        while self._failure is None and not connection.over and self._leave_in_s != 0:
            self._wake.clear()
            if not (self._online and self._follower.settled):
                await self._settle(connection)
            elif keeper.due_in_s == 0:
                await self._renew(keeper, connection)
            else:
                dues = [due_s for due_s in (keeper.due_in_s, self._leave_in_s) if due_s is not None]
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(dues, default=None)):
                        await self._wake.wait()
        self._online = False  # what is asked from now on waits for the next connection
        await connection.settle()

    async def _settle(self, connection: Connection) -> None:
        await self._follower.settle(connection)
        self._failed_attempts = 0
        self._online = not connection.over
        self._changed.set()

    async def _renew(self, keeper: Keeper, connection: Connection) -> None:
        """Extends the life of the connection; when that fails for the moment, it is tried again later."""
        try:
            token = await keeper.token()
            await connection.call("social", "renew", {"token": token}, CALL_TIMEOUT_S)
        except MaogaError as error:
            if error.final:
                raise
            keeper.postpone()

    async def _until_online(self, timeout: float) -> Connection:
        """The connection, as soon as there is one; raises what is in the way of it."""
        try:
            return await self.wait_until(lambda: self._connection if self._online else None, timeout)
        except TimeoutError:
            raise self._trouble or MaogaError("TIMEOUT", f"not connected within {timeout:g} s") from None

    @property
    def _leave_in_s(self) -> float | None:
        """Seconds until the connection should be made anew; None when it may stay."""
        return None if self._leave_at is None else max(0.0, self._leave_at - time.monotonic())

    def _ended(self) -> None:
        self._online = False
        self._follower.lose()
        self._wake.set()
        self._changed.set()

    def _fail(self, error: Exception) -> None:
        """The client is over, and this is why."""
        self._failure = self._failure or error
        self._wake.set()
        self._changed.set()
