"""From a request to its handler: limit, authenticate, validate, call, answer."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from aiohttp import web

from domain.auth.api_keys import ApiKey
from domain.auth.model import Client, Principal
from domain.core.addresses import address_block
from domain.core.errors import AppError, AuthenticationRequired, RateLimited
from domain.core.model import Command
from domain.users.permissions import may
from rest.body import read_json, read_query
from rest.conditional import conditional
from rest.envelope import Stream, success
from rest.keyed import answer_once
from rest.middleware import user_agent_of
from rest.routes import ADDRESS, CALLER, LIMITS, ROUTE, SERVICES, SHARED, SPENT, USER_ID, Call, Route
from rest.streaming import send
from rest.upload import read_file

API_KEY_HEADER = "X-Api-Key"


def endpoint(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of a route."""

    async def answer(request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        principal, key = await _admit(route, request)
        response = await _response(route, request, principal, key)
        if route.method == "GET" and isinstance(response, web.Response):
            return conditional(request, response)
        return response

    return answer


async def _response(
    route: Route, request: web.Request, principal: Principal | None, key: ApiKey | None
) -> web.StreamResponse:
    call = Call(
        services=request.app[SERVICES],
        client=Client(address_block(request[ADDRESS]), user_agent_of(request)),
        path=request.match_info,
        body=await _body(route, request),
        query=read_query(route.query, request) if route.query else None,
        upload=partial(read_file, request),
        _principal=principal,
        _key=key,
    )
    if route.keyed:
        return await answer_once(route, request, call)
    answered = await route.handler(call)
    return await send(request, answered) if isinstance(answered, Stream) else success(answered, route.status)


async def _admit(route: Route, request: web.Request) -> tuple[Principal | None, ApiKey | None]:
    """The user or the machine that calls, within their rate limit. A bad token or key is charged to its address."""
    address, principal, key = f"address:{address_block(request[ADDRESS])}", None, None
    try:
        if route.auth == "key" or (route.scope and API_KEY_HEADER in request.headers):
            key = await _key(route, request)
            who = f"key:{key.id}"
        elif route.auth == "token":
            principal = await request.app[SERVICES].auth.authenticate(_bearer(request))
            who, request[USER_ID] = f"user:{principal.user_id}", principal.user_id
        else:
            who = address
    except AppError:
        await _spend(route, request, address)
        raise
    await _spend(route, request, who)
    if principal and route.rate in SHARED:
        await _spend_of_all(route, request, address)
    if route.permission and principal:
        principal.demand(route.permission)
    if route.method != "GET" and not (route.in_maintenance or (principal and may(principal.role, "flags:write"))):
        await request.app[SERVICES].flags.check_maintenance()
    return principal, key


async def _key(route: Route, request: web.Request) -> ApiKey:
    assert route.scope is not None  # noqa: S101 - a mistake in the route table
    text = request.headers.get(API_KEY_HEADER, "").strip() or _bearer(request)
    return await request.app[SERVICES].keys.authenticate(text, route.scope)


async def _spend(route: Route, request: web.Request, who: str) -> None:
    request[CALLER] = who
    spent = await request.app[SERVICES].limits.spend(f"rest:{route.rate}:{who}", LIMITS[route.rate])
    if spent is None:
        return
    request[SPENT] = spent
    if spent.wait_ms:
        raise RateLimited(spent.wait_ms)


async def _spend_of_all(route: Route, request: web.Request, address: str) -> None:
    """Many players may share an address, but one who plays many of them gets only so far."""
    limit = LIMITS[route.rate]
    wide = replace(limit, count=limit.count * SHARED[route.rate])
    if wait_ms := await request.app[SERVICES].limits.take(f"rest:{route.rate}:all:{address}", wide):
        raise RateLimited(wait_ms)


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AuthenticationRequired
    return token.strip()


async def _body(route: Route, request: web.Request) -> Command | None:
    if route.body is None:
        return None
    return route.body.parse(await read_json(request))
