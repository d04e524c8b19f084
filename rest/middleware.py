"""Around every request: its id, the envelope of its failure, its log line, and the headers of its answer."""

import re
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from email.utils import format_datetime

from aiohttp import hdrs, web
from loguru import logger

from domain.core.addresses import client_address, printable
from domain.core.errors import AppError, BadRequest, Internal, MethodNotAllowed, NotFound, TooLarge, stack_of
from domain.core.ids import new_id
from domain.core.limits import Spent
from domain.core.trace import NOWHERE, Span, span, tracing
from rest.compression import coding_of, compress
from rest.envelope import failure
from rest.routes import ADDRESS, CONFIG, REQUEST_ID, ROUTE, SERVICES, SPENT, USER_ID, Answered, Deprecation

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
    started = time.perf_counter()
    inbound = request.headers.get("X-Request-Id", "")
    id = inbound if INBOUND_ID.fullmatch(inbound) else new_id()
    request[REQUEST_ID] = id
    request[ADDRESS] = client_address(
        request.remote or "unknown", request.headers.getall("X-Forwarded-For", []), request.app[CONFIG].trusted_proxies
    )
    metrics = request.app[SERVICES].metrics
    metrics.began()
    try:
        with tracing(request=id), _span(request) as part:
            response = await _answered(request, handler)
            part.set("http.response.status_code", response.status)
            if response.status >= 500:
                part.fail(str(response.status))
            if response.status != 101:  # a WebSocket lives on its own terms
                _tell(request, response.status, time.perf_counter() - started)
    finally:
        metrics.ended()
    return response


def _span(request: web.Request) -> Span:
    """The request as a span, of the trace that its client has begun."""
    method, route = _method_of(request), route_of(request)
    if route in QUIET:
        return NOWHERE
    attributes = {"http.request.method": method, "http.route": route, "url.scheme": request.scheme}
    return span(f"{method} {route}", "server", attributes, request.headers.get("traceparent"))


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Adds to every answer what does not depend on its content."""
    config, headers = request.app[CONFIG], response.headers
    headers["Server"] = "maoga"
    if id := request.get(REQUEST_ID):
        headers["X-Request-Id"] = id
    headers.merge(SECURITY_HEADERS)
    if config.production:
        headers["Strict-Transport-Security"] = HSTS
    origin = request.headers.get(hdrs.ORIGIN)
    if origin and "*" in config.cors_origins:
        headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*"
    elif origin and origin in config.cors_origins:
        headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    if origin and hdrs.ACCESS_CONTROL_ALLOW_ORIGIN in headers:
        headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED_HEADERS
    if config.cors_origins:
        headers.add(hdrs.VARY, "Origin")
    if route := request.get(ROUTE):
        if spent := request.get(SPENT):
            _say_what_is_left(headers, route.rate, spent)
        if route.deprecated:
            headers.extend(_ending(route.deprecated))


def _say_what_is_left(headers: MutableMapping[str, str], name: str, spent: Spent) -> None:
    """Of the caller's limit (draft-ietf-httpapi-ratelimit-headers-10)."""
    limit, reset_s = spent.limit, -(-spent.reset_ms // 1000)
    headers["RateLimit-Policy"] = f'"{name}";q={limit.count};w={limit.per_s:.0f}'
    headers["RateLimit"] = f'"{name}";r={spent.remaining};t={reset_s}'


def _ending(ending: Deprecation) -> Iterator[tuple[str, str]]:
    """That the route will go."""
    yield "Deprecation", f"@{ending.since.timestamp():.0f}"
    if ending.sunset:
        yield "Sunset", format_datetime(ending.sunset, usegmt=True)
    if ending.successor:
        yield hdrs.LINK, f'<{ending.successor}>; rel="successor-version"'


def _is_preflight(request: web.Request) -> bool:
    """Whether a browser asks if it may ask; whether its origin may go on, `add_headers` says."""
    return request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        if _is_preflight(request):
            return web.Response(status=204, headers=PREFLIGHT_HEADERS)
        response = await handler(request)
        if isinstance(response, web.Response) and (coding := coding_of(request, response)):
            await compress(response, coding)
        return response
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


def _method_of(request: web.Request) -> str:
    return request.method if request.method in hdrs.METH_ALL else "OTHER"


def _tell(request: web.Request, status: int, seconds: float) -> None:
    route = route_of(request)
    method = _method_of(request)
    services, user = request.app[SERVICES], request.get(USER_ID)
    services.metrics.observe(method, route, status, seconds)
    if user:
        services.metrics.active(user)
    ms, slow_ms = round(seconds * 1000, 1), request.app[CONFIG].slow_ms
    slow = bool(slow_ms) and ms >= slow_ms
    if route in QUIET and status < 400 and not slow:
        return
    id, agent = request[REQUEST_ID], user_agent_of(request)
    services.log(Answered(time.time(), id, method, route, status, ms, request[ADDRESS], user, agent, slow))


def user_agent_of(request: web.Request) -> str:
    """What the client calls itself: printable, at most 200 characters."""
    return printable(request.headers.get(hdrs.USER_AGENT, ""))
