"""One Socket.IO connection from its opening to its end. Whoever reconnects makes a new one."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import aiohttp
import socketio

from clients.python.errors import MaogaError, unwrapped

NAMESPACES = ("matchmaking", "lobby", "chat", "social")

CLOSE_TIMEOUT_S = 5.0
SETTLE_S = 1.0

LOG = logging.getLogger(__name__)
LOG.addHandler(logging.NullHandler())

Receive = Callable[[str, str, Any, dict[str, Any]], None]
"""Called with namespace, event name, data and meta of each event, in the order of their coming."""


class Http:
    """An aiohttp session that knows its WebSocket: python-engineio forgets one that ends before its first packet."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._web_socket: aiohttp.ClientWebSocketResponse | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    async def ws_connect(self, url: str, **options: Any) -> aiohttp.ClientWebSocketResponse:
        """Opens the WebSocket."""
        self._web_socket = await self._session.ws_connect(url, **options)
        return self._web_socket

    async def close_web_socket(self) -> None:
        """Closes the WebSocket, if that has not been done."""
        if self._web_socket is not None:
            await self._web_socket.close()


class Connection:
    """A WebSocket in all four namespaces.

    over: whether it has ended, or was never opened. ended: called once, when it ends for whatever reason.
    """

    def __init__(self, receive: Receive, ended: Callable[[], None], http: aiohttp.ClientSession) -> None:
        self._receive, self._ended = receive, ended
        self._waiting: set[asyncio.Future[Any]] = set()
        self._joined: set[str] = set()
        self._all_joined: asyncio.Future[Any] = self._expected()
        self.over = True
        # A fresh client for each connection: python-socketio's own reconnecting keeps state of the lost one.
        self._http = Http(http)
        self._sio = socketio.AsyncClient(
            reconnection=False, handle_sigint=False, http_session=self._http, logger=LOG, engineio_logger=LOG
        )
        self._sio.eio.on("disconnect", self._on_end)  # in the place of a handler that would reconnect
        for namespace in NAMESPACES:
            # Plain functions: python-socketio makes a task of each packet, and only what never awaits keeps the order.
            self._sio.on("connect_error", self._on_refusal, namespace=f"/{namespace}")
            self._sio.on("disconnect", self._on_part, namespace=f"/{namespace}")
            self._sio.on("*", partial(self._on_event, namespace), namespace=f"/{namespace}")

    async def open(self, url: str, token: str, client_name: str, timeout: float) -> None:
        """Connects and enters all namespaces; raises `MaogaError` with the refusal's code, UNREACHABLE or TIMEOUT."""
        self.over = False
        try:
            async with asyncio.timeout(timeout):
                await self._sio.connect(
                    url,
                    auth={"token": token, "client": {"name": client_name, "protocol": 1}},
                    transports=["websocket"],
                    namespaces=[f"/{namespace}" for namespace in NAMESPACES],
                    wait=False,
                )
                await self._all_joined
        except TimeoutError:
            await self.close()
            raise MaogaError("TIMEOUT", f"not connected within {timeout:g} s") from None
        except (socketio.exceptions.ConnectionError, aiohttp.ClientError, OSError) as error:
            await self.close()
            raise MaogaError("UNREACHABLE", str(error)) from error
        except BaseException:
            await self.close()
            raise

    async def call(self, namespace: str, event: str, payload: dict[str, Any], timeout: float) -> Any:
        """Emits an event and returns its ack's data; raises `MaogaError`, DISCONNECTED when the connection ends."""
        if self.over:
            raise MaogaError("DISCONNECTED", "the connection is over")
        acked = self._expected()
        try:
            await self._sio.emit(event, payload, namespace=f"/{namespace}", callback=partial(_resolve, acked))
            async with asyncio.timeout(timeout):
                return unwrapped(await acked)
        except TimeoutError:
            raise MaogaError("TIMEOUT", f"no ack of {namespace}.{event} within {timeout:g} s") from None
        except socketio.exceptions.BadNamespaceError:
            raise MaogaError("DISCONNECTED", f"/{namespace} is closed") from None
        finally:
            self._waiting.discard(acked)

    async def settle(self) -> None:
        """Waits until what was asked is answered, but not for long."""
        if self._waiting:
            await asyncio.wait(list(self._waiting), timeout=SETTLE_S)

    async def close(self) -> None:
        """Says goodbye and ends the connection."""
        eio = self._sio.eio
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._sio.disconnect()
        self.cut()
        if eio.write_loop_task:  # which else outlives a connection that the server has closed
            eio.write_loop_task.cancel()
        if eio.read_loop_task:
            await asyncio.wait({eio.read_loop_task}, timeout=CLOSE_TIMEOUT_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._http.close_web_socket()
        self._on_end()

    def cut(self) -> None:
        """Cuts the line without a goodbye, as a failing network does."""
        web_socket = self._sio.eio.ws
        handle = web_socket.get_extra_info("socket") if web_socket else None
        if handle is not None and handle.fileno() >= 0:
            # A duplicate, because event loops hand out sockets that cannot be shut down.
            with socket.socket(fileno=os.dup(handle.fileno())) as line, suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _expected(self) -> asyncio.Future[Any]:
        """Something that is waited for, and fails when the connection ends first."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        return future

    def _on_end(self, _: str = "") -> None:
        if not self.over:
            self.over = True
            for future in self._waiting:
                _fail(future, MaogaError("DISCONNECTED", "the connection ended before the answer"))
            self._waiting.clear()
            self._ended()

    def _on_part(self, _: str) -> None:
        """The server has closed one namespace: all or none."""
        self.cut()

    def _on_refusal(self, refusal: Any = None) -> None:
        data = refusal.get("data") if isinstance(refusal, dict) else None
        error = MaogaError("UNREACHABLE", str(refusal))
        if isinstance(data, dict):
            error = MaogaError(data.get("code", "INTERNAL"), refusal.get("message", ""), data.get("details"))
        _fail(self._all_joined, error)

    def _on_event(self, namespace: str, name: str, data: Any = None, meta: Any = None, *_: Any) -> None:
        if self.over:
            return
        self._receive(namespace, name, data, meta if isinstance(meta, dict) else {})
        if namespace not in self._joined:
            self._joined.add(namespace)  # by its `hello`, the first event
            if len(self._joined) == len(NAMESPACES):
                _resolve(self._all_joined)


def _resolve(future: asyncio.Future[Any], value: Any = None, *_: Any) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[Any], error: MaogaError) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # counts as retrieved: whoever waited may be gone
