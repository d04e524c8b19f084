"""A player's client that measures what it is answered."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp

from clients.python.client import MaogaClient
from clients.python.connection import Connection
from clients.python.errors import MaogaError
from clients.python.event import Event
from clients.python.follower import CALL_TIMEOUT_S
from clients.python.session import Session
from maoga.loadtest.figures import Calls, Figures


@contextmanager
def measured(calls: Calls) -> Iterator[None]:
    """Adds how long what is inside took, and how it was refused."""
    began = time.perf_counter()
    try:
        yield
    except MaogaError as error:
        calls.add((time.perf_counter() - began) * 1000, error.code)
        raise
    calls.add((time.perf_counter() - began) * 1000)


class LoadClient(MaogaClient):
    """The client that players have, with figures."""

    def __init__(self, url: str, session: Session | str, http: aiohttp.ClientSession, figures: Figures) -> None:
        super().__init__(url, session, http=http, name="maoga-loadtest")
        self._figures = figures
        self._why = ""
        self.on("kicked", self._note_kick)
        self.on("server_draining", self._note_drain)

    async def ask(self, namespace: str, event: str, payload: Mapping[str, Any] | None = None) -> Any:
        """An event's answer, asked for once. Waiting for a connection before is not measured. Raises `MaogaError`."""
        connection = await self._until_online(CALL_TIMEOUT_S)
        with measured(self._figures.acks[f"/{namespace} {event}"]):
            return await connection.call(namespace, event, dict(payload or {}), CALL_TIMEOUT_S)

    @property
    def access_token(self) -> str:
        """The token of the moment."""
        return self._keeper.session.access_token if self._keeper else ""

    def wake(self) -> None:
        """Makes `wait_until` look again."""
        self._changed.set()

    async def _opened(self, token: str) -> Connection:
        with measured(self._figures.connects):
            return await super()._opened(token)

    def _ended(self) -> None:
        had_one = self._online or self._why
        super()._ended()
        if had_one and self._failure is None:  # else none was made, or it is we who part
            self._figures.disconnects[self._why or "connection lost"] += 1
        self._why = ""

    def _note_kick(self, event: Event[Any]) -> None:
        self._why = f"kicked: {event.data['reason']}"

    def _note_drain(self, _: Event[Any]) -> None:
        self._why = "server drains"
