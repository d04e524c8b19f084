"""Reading what a request carries, strictly."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, TypeVar

import orjson
from aiohttp import web
from pydantic import ValidationError

from domain.core.errors import BadRequest, TooLarge, UnsupportedMediaType, ValidationFailed
from domain.core.model import Command, faults

C = TypeVar("C", bound=Command)

READ_TIMEOUT_S = 10.0
MAX_DEPTH = 32


async def read_json(request: web.Request) -> dict[str, Any]:
    """The body's JSON object; an empty body is an empty object.

    Raises `TooLarge`, `UnsupportedMediaType`, `BadRequest` (not JSON, or JSON that two readers could understand
    differently), or `ValidationFailed` when it is no object.
    """
    if "Content-Encoding" in request.headers:  # a small body must not become a large one
        raise UnsupportedMediaType("Send the body as it is, without a Content-Encoding.")
    body = await _read(request)
    if not body:
        return {}
    if request.content_type != "application/json":
        raise UnsupportedMediaType
    value = _decoded(body)
    if not isinstance(value, dict):
        raise ValidationFailed([{"field": "(body)", "message": "must be an object"}])
    return value


def read_query(model: type[C], request: web.Request) -> C:
    """The query string as a command; raises `ValidationFailed` with every fault, or `BadRequest`."""
    query = request.query
    if len(query) != len(set(query)):
        raise BadRequest("A query parameter is given twice.")
    strings: Mapping[str, str] = dict(query)
    try:
        return model.model_validate_strings(strings, by_alias=True, by_name=False)
    except ValidationError as error:
        raise ValidationFailed(faults(error)) from None


async def _read(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge(f"The body has more than {request.client_max_size} bytes.") from None
    except TimeoutError:
        raise BadRequest("The body did not arrive in time.") from None
    except web.RequestPayloadError:
        raise BadRequest("The body is broken.") from None


def _decoded(body: bytes) -> Any:
    try:
        value = orjson.loads(body)  # refuses NaN, lone surrogates and bytes that are not UTF-8
        # Only the slow parser tells of a key that stands twice, where readers differ on which one counts.
        json.loads(body, object_pairs_hook=_distinct)
    except _DuplicateKey:
        raise BadRequest("The JSON has the same key twice in one object.") from None
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON.") from None
    if _deeper_than(value, MAX_DEPTH):
        raise BadRequest(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
    return value


class _DuplicateKey(Exception):
    pass


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _DuplicateKey
    return found


def _deeper_than(value: Any, levels: int) -> bool:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_deeper_than(child, levels - 1) for child in children)
