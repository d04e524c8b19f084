"""Where connections begin: who may come in, and what carries them."""

import asyncio
import secrets
from typing import NoReturn

import orjson
from aiohttp import web

from domain.core.addresses import client_address, printable
from domain.core.errors import AppError, Unavailable
from realtime.engine.client import Connection, Line
from realtime.engine.config import EngineConfig
from realtime.engine.door import Upgrade, taken_from
from realtime.engine.files import Files
from realtime.engine.frames import frame
from realtime.engine.lines import Lines
from realtime.engine.origin import OriginForbidden, origin_allowed
from realtime.engine.polling import Polling, Probe
from realtime.engine.reception import Reception
from realtime.engine.websocket import WebSocket
from realtime.envelope import failure
from realtime.metrics import Metrics


class Entrance:
    """Takes WebSockets from the door, and what the door has passed on from aiohttp."""

    def __init__(self, config: EngineConfig, metrics: Metrics, reception: Reception) -> None:
        self._config, self._metrics, self._reception = config, metrics, reception
        self._lines = Lines(config, metrics, reception)
        self._polling = Polling(self._lines, self._open_session)
        self._files, self._shut = Files(), False

    def shut(self) -> None:
        """Lets nobody in any more."""
        self._shut = True

    def backlog(self) -> int:
        """Bytes that wait for clients that do not read."""
        return self._lines.backlog

    def slow(self) -> int:
        """How many clients do not read."""
        return len(self._lines.slow)

    async def close(self) -> None:
        """Ends what runs in the background."""
        await self._lines.stop()
        await self._polling.shutdown()

    def take(self, upgrade: Upgrade, transport: asyncio.Transport) -> asyncio.Protocol | None:
        """What serves the transport as a WebSocket from now on; None when the upgrade makes no sense.

        Raises `AppError` to refuse.
        """
        self._check(upgrade.origin, upgrade.host)
        if self._files.are_short(transport):
            self._refuse(Unavailable())
        if "websocket" not in self._config.transports:
            return None
        if sid := upgrade.query.get("sid"):
            session = self._polling.session(sid)
            if session is None or session.upgrading or session.upgraded:
                return None
            line: WebSocket = Probe(self._lines, transport, session)
            line.begin(upgrade.answer)
        else:
            line = WebSocket(self._lines, transport)
            line.connection = self._reception.open(secrets.token_urlsafe(15), line, upgrade.address, upgrade.agent)
            handshake = self._lines.handshake(line.connection.id, [])
            line.begin(upgrade.answer + frame(b"0" + orjson.dumps(handshake)))
        return line

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Polls, requests that make no sense, and upgrades on a connection that has carried other requests."""
        try:
            self._check(request.headers.get("Origin"), request.headers.get("Host"))
            upgrade = self._upgrade_in(request)
            if upgrade and request.transport and (line := self.take(upgrade, request.transport)):
                return taken_from(request, line)
            response: web.StreamResponse = await self._polling.handle_request(request)
        except AppError as error:
            return web.json_response(failure(error), status=error.status)
        return response

    def _check(self, origin: str | None, host: str | None) -> None:
        if self._shut:
            self._refuse(Unavailable())
        if not origin_allowed(origin, host, self._config.cors_origins):
            self._refuse(OriginForbidden())

    def _refuse(self, error: AppError) -> NoReturn:
        self._metrics.connect_refused("(all)", error.code)
        raise error

    def _upgrade_in(self, request: web.Request) -> Upgrade | None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            return Upgrade(request.raw_path, headers, request.remote or "unknown", self._config.trusted_proxies)
        except ValueError:
            return None

    def _open_session(self, sid: str, line: Line, request: web.Request) -> Connection:
        forwarded = request.headers.getall("X-Forwarded-For", [])
        address = client_address(request.remote or "unknown", forwarded, self._config.trusted_proxies)
        return self._reception.open(sid, line, address, printable(request.headers.get("User-Agent", "")))
