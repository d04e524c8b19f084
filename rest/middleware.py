"""Around every request: its id, the envelope of its failure, its log line, and the headers of its answer."""

import re
import time
from collections.abc import Awaitable, Callable, Iterator
from email.utils import format_datetime

from aiohttp import hdrs, web
from loguru import logger

from domain.core.addresses import client_address, printable
from domain.core.errors import AppError, BadRequest, Internal, MethodNotAllowed, NotFound, TooLarge, stack_of
from domain.core.ids import new_id
from domain.core.trace import tracing
from rest.envelope import failure
from rest.routes import ADDRESS, CONFIG, REQUEST_ID, ROUTE, SERVICES, SPENT, USER_ID

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

INBOUND_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET = ("/health", "/health/live", "/health/ready", "/health/startup", "/static/{path}")
"""Probes come every second, and a page has many files: they are logged when they fail or are slow."""

ERRORS_OF_STATUS: dict[int, type[AppError]] = {404: NotFound, 405: MethodNotAllowed, 413: TooLarge}

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""A page that needs more sets its own."""

EXPOSED_HEADERS = (
    "Deprecation, ETag, Idempotency-Replayed, Link, RateLimit, RateLimit-Policy, Retry-After, Sunset, X-Request-Id"
)

HSTS = "max-age=31536000; includeSubDomains"

PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Api-Key, X-Request-Id"
    ),
    "Access-Control-Max-Age": "600",
}


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Names the request, answers its failure, and tells log and metrics how it went."""
    inbound = request.headers.get("X-Request-Id", "")
    request[REQUEST_ID] = inbound if INBOUND_ID.fullmatch(inbound) else new_id()
    request[ADDRESS] = client_address(
        request.remote or "unknown", request.headers.getall("X-Forwarded-For", []), request.app[CONFIG].trusted_proxies
    )
    started, metrics = time.perf_counter(), request.app[SERVICES].metrics
    metrics.began()
    try:
        with tracing(request=request[REQUEST_ID]):
            response = await _answered(request, handler)
            if response.status != 101:  # a WebSocket lives on its own terms
                _tell(request, response.status, time.perf_counter() - started)
    finally:
        metrics.ended()
    return response


@web.middleware
async def cors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers the preflight requests of browsers; whether their origin may go on, `add_headers` says."""
    if request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
        return web.Response(status=204, headers=PREFLIGHT_HEADERS)
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Adds to every answer what does not depend on its content."""
    config, headers = request.app[CONFIG], response.headers
    headers["Server"] = "maoga"
    if REQUEST_ID in request:
        headers["X-Request-Id"] = request[REQUEST_ID]
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if config.production:
        headers["Strict-Transport-Security"] = HSTS
    origin = request.headers.get(hdrs.ORIGIN)
    if origin and "*" in config.cors_origins:
        headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*"
    elif origin and origin in config.cors_origins:
        headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    if hdrs.ACCESS_CONTROL_ALLOW_ORIGIN in headers:
        headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED_HEADERS
    if config.cors_origins:
        headers.add(hdrs.VARY, "Origin")
    headers.extend(_of_the_route(request))


def _of_the_route(request: web.Request) -> Iterator[tuple[str, str]]:
    """What is left of the caller's limit (draft-ietf-httpapi-ratelimit-headers-10), and whether the route will go."""
    if spent := request.get(SPENT):
        name, reset_s = request[ROUTE].rate, -(-spent.reset_ms // 1000)
        yield "RateLimit-Policy", f'"{name}";q={spent.limit.count};w={spent.limit.per_s:.0f}'
        yield "RateLimit", f'"{name}";r={spent.remaining};t={reset_s}'
    if (route := request.get(ROUTE)) and (ending := route.deprecated):
        yield "Deprecation", f"@{ending.since.timestamp():.0f}"
        if ending.sunset:
            yield "Sunset", format_datetime(ending.sunset, usegmt=True)
        if ending.successor:
            yield hdrs.LINK, f'<{ending.successor}>; rel="successor-version"'


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except AppError as error:
        return failure(error, request[REQUEST_ID])
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        response = failure(ERRORS_OF_STATUS.get(answer.status, BadRequest)(), request[REQUEST_ID])
        if hdrs.ALLOW in answer.headers:
            response.headers[hdrs.ALLOW] = answer.headers[hdrs.ALLOW]
        return response
    except Exception as error:
        logger.bind(user=request.get(USER_ID)).exception("{} {} failed", request.method, route_of(request))
        return failure(Internal(details=stack_of(error) if request.app[CONFIG].debug else None), request[REQUEST_ID])


def route_of(request: web.Request) -> str:
    """The pattern of the request's path: few values, no ids in them."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unmatched"


def _tell(request: web.Request, status: int, seconds: float) -> None:
    route = route_of(request)
    method = request.method if request.method in hdrs.METH_ALL else "OTHER"
    metrics = request.app[SERVICES].metrics
    metrics.observe(method, route, status, seconds)
    if user := request.get(USER_ID):
        metrics.active(user)
    ms, slow_ms = round(seconds * 1000, 1), request.app[CONFIG].slow_ms
    slow = bool(slow_ms) and ms >= slow_ms
    if route in QUIET and status < 400 and not slow:
        return
    fields = logger.bind(
        request=request[REQUEST_ID],
        method=method,
        route=route,
        status=status,
        ms=ms,
        address=request[ADDRESS],
        user=request.get(USER_ID),
        user_agent=user_agent_of(request),
    )
    fields.log("WARNING" if slow else "INFO", "{}{} {} {} {} ms", "slow: " if slow else "", method, route, status, ms)


def user_agent_of(request: web.Request) -> str:
    """What the client calls itself: printable, at most 200 characters."""
    return printable(request.headers.get(hdrs.USER_AGENT, ""))
