"""From a request to its handler: limit, authenticate, validate, call, answer."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from domain.auth.model import Principal
from domain.core.addresses import address_block
from domain.core.errors import AppError, AuthenticationRequired, RateLimited
from domain.core.model import Command
from rest.body import read_json, read_query
from rest.envelope import success
from rest.routes import ADDRESS, LIMITS, SERVICES, USER_ID, Call, Route


def endpoint(route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The aiohttp handler of a route."""

    async def answer(request: web.Request) -> web.Response:
        principal = await _admit(route, request)
        call = Call(
            services=request.app[SERVICES],
            address=address_block(request[ADDRESS]),
            path=request.match_info,
            body=await _body(route, request),
            query=read_query(route.query, request) if route.query else None,
            _principal=principal,
        )
        return success(await route.handler(call), route.status)

    return answer


async def _admit(route: Route, request: web.Request) -> Principal | None:
    """Who calls, within their rate limit. A bad token is charged to its address."""
    address = address_block(request[ADDRESS])
    if not route.auth:
        await _spend(route, request, f"address:{address}")
        return None
    try:
        principal = await request.app[SERVICES].auth.authenticate(_bearer(request))
    except AppError:
        await _spend(route, request, f"address:{address}")
        raise
    request[USER_ID] = principal.user_id
    await _spend(route, request, f"user:{principal.user_id}")
    return principal


async def _spend(route: Route, request: web.Request, who: str) -> None:
    wait_ms = await request.app[SERVICES].limits.take(f"rest:{route.rate}:{who}", LIMITS[route.rate])
    if wait_ms:
        raise RateLimited(wait_ms)


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AuthenticationRequired
    return token.strip()


async def _body(route: Route, request: web.Request) -> Command | None:
    if route.body is None:
        return None
    data = await read_json(request)
    return await asyncio.to_thread(route.body.parse, data) if route.off_loop else route.body.parse(data)
