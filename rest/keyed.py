"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a POST that is sent again is done once."""

import hashlib
import re
from contextlib import suppress

import orjson
from aiohttp import web

from domain.core.errors import AppError, BadRequest, Unavailable
from domain.core.idempotency import Answered
from domain.core.model import Model
from rest.envelope import Download, Reply, Stream, error_body, json_response, success
from rest.routes import CALLER, REQUEST_ID, Call, Route

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = r'^([!#-~]{1,255}|"[!#-~]{1,255}")$'
"""Printable ASCII without blanks; with quotes around it, as the draft wants it, or without."""


def key_of(request: web.Request) -> str | None:
    """The key of the request; raises `BadRequest` when it is none, or when there are two."""
    given = request.headers.getall(HEADER, [])
    if not given:
        return None
    if len(given) > 1 or not re.fullmatch(KEY, given[0]):
        raise BadRequest(f"{HEADER} must be 1 to 255 printable ASCII characters without blanks.")
    return given[0].strip('"')


async def answer_once(route: Route, request: web.Request, call: Call) -> web.Response:
    """The answer of the handler, or the one that the first request with the same key got.

    Kept are successes and the refusals that a retry would not change. What may go better next time (`retry` errors,
    and whatever is our own fault) lets go of the key.
    """
    key, kept = key_of(request), call.services.idempotency
    if key is None:
        return success(await _answer(route, call), route.status)
    target = f"{route.method} {route.path.format_map(request.match_info)}"
    begun = await kept.begin(request[CALLER], target, key, _fingerprint(call))
    if isinstance(begun, Answered):
        return _replayed(begun, request)
    try:
        response = success(await _answer(route, call), route.status)
    except AppError as error:
        if error.retry or error.status >= 500:
            await kept.give_up(begun)
        else:
            await kept.finish(begun, error.status, orjson.dumps(error_body(error)).decode())
        raise
    except BaseException:
        await kept.give_up(begun)
        raise
    with suppress(Unavailable):  # it is done, and this client shall know; a retry does it again after the lease
        await kept.finish(begun, response.status, response.text or None)
    return response


async def _answer(route: Route, call: Call) -> Model | Reply | Download | None:
    answer = await route.handler(call)
    assert not isinstance(answer, Stream), "a stream is not kept"  # noqa: S101 - a mistake in the route table
    return answer


def _fingerprint(call: Call) -> str:
    """What was asked, as far as it was read. The file of an upload is not: its key alone names it."""
    asked = [part.model_dump(mode="json") if part else None for part in (call.body, call.query)]
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _replayed(answered: Answered, request: web.Request) -> web.Response:
    if answered.body is None:
        response = web.Response(status=answered.status)
    else:
        body = orjson.loads(answered.body)
        if body["status"] == "error":
            body["requestId"] = request[REQUEST_ID]
        response = json_response(body, answered.status)
    response.headers[REPLAYED] = "true"
    return response
