"""The HTTP server around the application: how requests are read, and what is said to those that are none."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from loguru import logger

from domain.core.errors import BadRequest
from domain.core.ids import new_id
from rest.envelope import failure
from rest.middleware import SECURITY_HEADERS

KEEPALIVE_S = 75.0

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
    """Serves the application by such a server."""

    async def _make_server(self) -> Server:  # internal: the hook of aiohttp's runners
        plain = await super()._make_server()
        loop = asyncio.get_running_loop()
        handler = _expecting_little(plain.request_handler)
        return Server(handler, request_factory=plain.request_factory, loop=loop, **plain._kwargs)


def _expecting_little(handler: Handler) -> Handler:
    """aiohttp looks at `Expect` before it calls a middleware, so here is where to answer what it makes of it."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPExpectationFailed:
            return _refusal("Of what a client may expect, this server knows 100-continue only.")

    return handle


def _refusal(message: str) -> web.Response:
    """What is said to a request that came to no middleware. More of it may be on its way: the connection ends."""
    id = new_id()
    response = failure(BadRequest(message), id)
    response.headers.update({**SECURITY_HEADERS, "Server": "maoga", "X-Request-Id": id})
    response.force_close()
    return response


def runner_of(app: web.Application, *, drain_s: float) -> web.AppRunner:
    """Serves the application. drain_s: how long requests may take to end once it stops."""
    return Runner(
        app,
        access_log=None,
        shutdown_timeout=drain_s,
        keepalive_timeout=KEEPALIVE_S,
        auto_decompress=False,  # else the rest of a refused body is inflated on its way to nowhere
    )
