"""The HTTP server around the application: how requests are read, and what is said to those that are none."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from loguru import logger

from domain.core.errors import BadRequest, Draining
from domain.core.ids import new_id
from rest.envelope import failure
from rest.middleware import SECURITY_HEADERS

KEEPALIVE_S = 75.0
CUT_S = 1.0
"""Requests that are still there when the server is torn down have so long to be answered, and as long to be ended."""

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Line(RequestHandler):
    """A connection that answers malformed HTTP in our envelope, too."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status != 400 or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        logger.debug("malformed HTTP from {}: {!r}", request.remote, exc)
        return _refusal("This is not well-formed HTTP.")


class Server(web.Server):
    """Makes such connections."""

    def __call__(self) -> RequestHandler:
        return Line(self, loop=asyncio.get_running_loop(), **self._kwargs)  # internal: what the runner was given


class Runner(web.AppRunner):
    """Serves the application by such a server.

    parting: each answer is the last on its connection, so that proxies take their next request elsewhere.
    """

    def __init__(self, app: web.Application, **options: Any) -> None:
        super().__init__(app, **options)
        self.parting = False
        self._requests: dict[RequestHandler, web.BaseRequest] = {}
        self._answered = asyncio.Event()

    async def finish(self, deadline: float) -> None:
        """Listens no more, and returns when all requests are answered.

        What has not come in whole by `deadline`, a moment of the loop's time, is refused.
        """
        for site in self.sites:
            await site.stop()
        if self._requests:
            self._answered.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await self._answered.wait()
        for line, request in self._requests.items():
            line._force_close = True  # internal: or aiohttp waits for the rest, to throw it away
            request._cancel(Draining())  # internal: whoever reads the body gets that

    async def _make_server(self) -> Server:  # internal: the hook of aiohttp's runners
        plain = await super()._make_server()
        loop = asyncio.get_running_loop()
        handler = self._around(plain.request_handler)
        return Server(handler, request_factory=plain.request_factory, loop=loop, **plain._kwargs)

    def _around(self, handler: Handler) -> Handler:
        """aiohttp looks at `Expect` before it calls a middleware, so here is where to answer what it makes of it."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            line = request.protocol
            self._requests[line] = request
            try:
                response = await handler(request)
            except web.HTTPExpectationFailed:
                return _refusal("Of what a client may expect, this server knows 100-continue only.")
            finally:
                del self._requests[line]
                if not self._requests:
                    self._answered.set()
            if self.parting:
                response.force_close()
            return response

        return handle


def _refusal(message: str) -> web.Response:
    """What is said to a request that came to no middleware. More of it may be on its way: the connection ends."""
    id = new_id()
    response = failure(BadRequest(message), id)
    response.headers.update({**SECURITY_HEADERS, "Server": "maoga", "X-Request-Id": id})
    response.force_close()
    return response


def runner_of(app: web.Application) -> Runner:
    """Serves the application."""
    return Runner(
        app,
        access_log=None,
        shutdown_timeout=CUT_S,
        keepalive_timeout=KEEPALIVE_S,
        auto_decompress=False,  # else the rest of a refused body is inflated on its way to nowhere
    )
