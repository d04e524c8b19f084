"""Answers: one envelope for success, one for failure."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from aiohttp import web

from domain.core.errors import AppError
from domain.core.listing import Listed
from domain.core.model import Document, Model
from domain.core.paging import Page

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers besides a plain model: `data` with `meta`."""

    data: Model | list[Any]
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Download:
    """Bytes instead of an envelope.

    etag: names these very bytes. keep_s: for how many seconds the client may keep them, for this user only.
    """

    body: bytes
    content_type: str
    etag: str
    keep_s: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A file that is made while it is sent. parts: its bytes, the first of which come before the answer begins."""

    parts: AsyncIterator[bytes]
    content_type: str
    filename: str


def listed_reply(listed: Listed[D], view: Callable[[D], Model]) -> Reply:
    """A page of a list for operators, with where the next one starts, or with how many pages there are."""
    pagination: dict[str, Any] = {"limit": listed.limit}
    if listed.page is None:
        pagination["nextCursor"] = listed.next_cursor
    else:
        total = listed.total or 0
        pagination |= {"page": listed.page, "totalPages": -(-total // listed.limit), "totalItems": total}
    return Reply([view(item).wire() for item in listed.items], {"pagination": pagination})


class Accepted(Model):
    """What was asked for will be done; there is nothing to say of it yet."""


def page_reply(page: Page[Any], limit: int, *, stale: bool = False) -> Reply:
    """A page of a list, with where the next one starts."""
    meta: dict[str, Any] = {"pagination": {"limit": limit, "nextCursor": page.next_cursor}}
    return Reply([item.wire() for item in page.items], {**meta, **stale_meta(stale)})


def stale_meta(stale: bool) -> dict[str, Any]:
    """Says that the data may be old, because the database does not answer."""
    return {"stale": True} if stale else {}


def success(answer: Model | Reply | Download | None, status: int) -> web.Response:
    """The answer in its envelope; None answers nothing, with 204."""
    if answer is None:
        return web.Response(status=204)
    if isinstance(answer, Download):
        return _download(answer)
    reply = answer if isinstance(answer, Reply) else Reply(answer)
    data = reply.data.wire() if isinstance(reply.data, Model) else reply.data
    body: dict[str, Any] = {"status": "success", "data": data}
    return json_response({**body, "meta": reply.meta} if reply.meta else body, status)


def error_body(error: AppError) -> dict[str, Any]:
    """The error in its envelope, without the request's id."""
    return {"status": "error", "error": error.as_error()}


def failure(error: AppError, request_id: str) -> web.Response:
    """The error in its envelope, with the headers its status asks for."""
    response = json_response({**error_body(error), "requestId": request_id}, error.status)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error.details, dict) and "retryInMs" in error.details:
        response.headers["Retry-After"] = str(-(-error.details["retryInMs"] // 1000))
    return response


def _download(answer: Download) -> web.Response:
    """The bytes, which no browser takes for a page: what they are is said, and nothing in them may run."""
    response = web.Response(body=answer.body, content_type=answer.content_type)
    response.etag = answer.etag
    response.headers["Content-Disposition"] = "inline"
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    if answer.keep_s:
        response.headers["Cache-Control"] = f"private, max-age={answer.keep_s}, immutable"
    return response


def json_response(body: dict[str, Any], status: int) -> web.Response:
    """`body` as JSON."""
    return json_of(orjson.dumps(body), status)


def json_of(body: bytes, status: int) -> web.Response:
    """`body`, which is JSON."""
    return web.Response(body=body, status=status, content_type="application/json")
