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
from clients.python.rest import MaogaRest
from clients.python.session import Keeper, Session
from clients.python.view import Event, View

T = TypeVar("T")
Payload = dict[str, Any]

BUFFER = 1000
"""Events of one name that are kept for `wait_for`; the oldest go first."""

OPEN_TIMEOUT_S = 10.0
CALL_TIMEOUT_S = 15.0
MIN_BACKOFF_S = 0.25
MAX_BACKOFF_S = 10.0
HISTORY_PAGE = 100


class Link:
    """A player's link to the server, once `connect` has made it, until `close`.

    A lost connection is made again, and what was missed is asked for: it comes as `ticket_updated`, `lobby_updated`
    and `message` events with an empty `meta`. Nothing is told twice: messages go by `seq`, lobby events by `version`.

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
        self.repeats: Counter[str] = Counter()
        self._buffers: dict[str, deque[Event]] = defaultdict(lambda: deque(maxlen=BUFFER))
        self._callbacks: dict[str, list[Callable[[Event], None]]] = defaultdict(list)
        self._held: deque[Event] = deque()
        self._behind, self._stale = True, False
        self._followed, self._online = False, False
        self._failed_attempts = 0
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

    async def call(
        self,
        namespace: str,
        event: str,
        payload: Payload | None = None,
        *,
        timeout: float = CALL_TIMEOUT_S,
        repeat: bool = False,
    ) -> Any:
        """Emits an event, once there is a connection, and returns the data of its ack; raises `MaogaError`.

        repeat: ask again while `timeout` lasts, when that helps. Only for what may happen twice: it may have happened
        at the first time already.
        """
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

    def on(self, name: str, callback: Callable[[Event], None]) -> None:
        """Calls `callback` with each event of that name, `*` with each event, in the order of their coming."""
        self._callbacks[name].append(callback)

    async def wait_for(
        self, name: str, predicate: Callable[[Any], bool] | None = None, timeout: float = CALL_TIMEOUT_S
    ) -> Event:
        """Takes the oldest event of that name whose data satisfies `predicate`; one from before this call counts too.

        Each event is taken once. Raises `TimeoutError`, or why the client is over.
        """
        buffer = self._buffers[name]

        def take() -> Event | None:
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
        """Called by the connection with each event. While catching up, events wait for what came before them."""
        if name == "session_expiring" and self._keeper:
            self._keeper.hurry()
            self._wake.set()
        if name == "hello":  # once more: the server has missed events itself
            self._fall_behind()
        self._held.append(Event(namespace, name, data, meta))
        try:
            self._release()
        except Exception as error:  # of a callback: nobody else would hear of it
            self._fail(error)

    def _fall_behind(self) -> None:
        self._behind = self._stale = True
        self._wake.set()

    def _release(self) -> None:
        while self._held and not self._behind:
            self._take(self._held.popleft())

    def _take(self, event: Event) -> None:
        verdict = self.view.take(event, self.user_id)
        if verdict == "gap":
            self._fall_behind()
        elif verdict == "new":
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
        self._behind = True
        connection = Connection(self._receive, self._ended, self._http)
        await connection.open(self._url, token, self._name, OPEN_TIMEOUT_S)
        return connection

    async def _stay(self, keeper: Keeper, connection: Connection) -> None:
        """Keeps the view up to date and the token fresh until the connection is over."""
        while self._failure is None and not connection.over:
            self._wake.clear()
            if self._behind:
                await self._catch_up(connection)
            elif keeper.due_in_s == 0:
                await self._renew(keeper, connection)
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(keeper.due_in_s):
                        await self._wake.wait()

    async def _catch_up(self, connection: Connection) -> None:
        """Asks how things stand, tells what is new of it, then what came meanwhile."""
        self._stale = False
        ticket = await connection.call("matchmaking", "status", {}, CALL_TIMEOUT_S)
        lobby = await _lobby_of(connection)
        channels = await connection.call("chat", "channels", {}, CALL_TIMEOUT_S)
        if ticket is None:
            self.view.ticket = None
        else:
            self._take(Event("matchmaking", "ticket_updated", ticket, {}))
        if lobby is None:
            self.view.lobby = None
        else:
            self._take(Event("lobby", "lobby_updated", lobby, {}))
        for channel in channels:
            if self._followed:
                await self._read_on(connection, channel["id"], channel["lastSeq"])
            else:  # what was said before the client was there is history
                self.view.read[channel["id"]] = channel["lastSeq"]
        self._followed, self._failed_attempts = True, 0
        self._behind, self._online = self._stale, not connection.over
        self._release()
        self._changed.set()

    async def _read_on(self, connection: Connection, channel_id: str, last_seq: int) -> None:
        while (read := self.view.read.get(channel_id, 0)) < last_seq:
            page = {"channelId": channel_id, "after": read, "limit": HISTORY_PAGE}
            answer = await connection.call("chat", "history", page, CALL_TIMEOUT_S)
            for message in answer["messages"]:
                self._take(Event("chat", "message", message, {}))
            if not answer["hasMore"]:
                return

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

    def _ended(self) -> None:
        self._online = False
        self._wake.set()
        self._changed.set()

    def _fail(self, error: Exception) -> None:
        """The client is over, and this is why."""
        self._failure = self._failure or error
        self._wake.set()
        self._changed.set()


async def _lobby_of(connection: Connection) -> Payload | None:
    try:
        lobby: Payload = await connection.call("lobby", "sync", {}, CALL_TIMEOUT_S)
    except MaogaError as error:
        if error.code != "NOT_IN_LOBBY":
            raise
        return None
    return lobby
