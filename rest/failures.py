"""Which errors a route may answer, besides those of its own."""

import re

from domain.auth.api_keys import ApiKeyInvalid, ApiKeyScope
from domain.auth.refusals import REFUSALS
from domain.auth.tokens import TokenExpired, TokenInvalid, TokenRevoked
from domain.core.errors import (
    AppError,
    AuthenticationRequired,
    BadRequest,
    Conflict,
    Forbidden,
    Internal,
    NotFound,
    RateLimited,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
    ValidationFailed,
)
from domain.core.idempotency import KeyInUse, KeyReused
from domain.flags.flags import Maintenance
from rest.routes import Route

PARAMETER = re.compile(r"\{(\w+)\}")


def failures_of(route: Route) -> list[type[AppError]]:
    """What the route may answer for the request that it got: its own errors, and those of what it asks for."""
    found = list(route.errors)
    if route.auth == "key":
        found += [AuthenticationRequired, ApiKeyInvalid, ApiKeyScope]
    elif route.auth == "token":
        found += [AuthenticationRequired, TokenInvalid, TokenExpired, TokenRevoked]
        found += [ApiKeyInvalid, ApiKeyScope] if route.scope else []
    if route.permission:
        found.append(Forbidden)
    if route.body:
        found += [BadRequest, TooLarge, UnsupportedMediaType]
    if route.body or route.query:
        found.append(ValidationFailed)
    if route.keyed:
        found += [KeyInUse, KeyReused]
    return list(dict.fromkeys(found))


def all_failures_of(route: Route) -> list[type[AppError]]:
    """Those, and what any request may come to: an id that is none, limits, and a server that is not well."""
    found = [*failures_of(route), RateLimited, Internal, Unavailable]
    if PARAMETER.search(route.path):
        found.append(NotFound)
    if route.query or route.keyed:
        found.append(BadRequest)
    if route.auth == "token":
        found += REFUSALS.values()
    if route.method != "GET":
        found.append(Conflict)
        found += [] if route.in_maintenance else [Maintenance]
    return sorted(set(found), key=lambda error: (error.status, error.code))
