"""Answers in gzip or brotli, where that pays and gives nothing away.

BREACH reads a secret from the length of compressed answers that also repeat what the attacker sent. It needs a browser
that sends the victim's credentials along, and cookies authenticate nobody here; answers with tokens in them are still
never compressed. What streams, or is compressed already (images), goes as it is.
"""

import asyncio
import gzip
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
from aiohttp import ETag, hdrs, web

from rest.routes import ROUTE

LEAST_BYTES = 1024
MOST_INLINE_BYTES = 65_536
"""A larger body is compressed in a thread: it takes milliseconds."""

TYPES = frozenset({"application/json", "text/html", "text/css", "text/javascript", "image/svg+xml"})


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=6, mtime=0)


def _brotli(body: bytes) -> bytes:
    return bytes(brotli.compress(body, quality=4))


CODINGS: dict[str, Callable[[bytes], bytes]] = {"br": _brotli, "gzip": _gzip}
"""By preference."""


def coding_of(request: web.Request, response: web.Response) -> str | None:
    """The coding to send the answer in; an answer that depends on what the client takes says so."""
    headers = response.headers
    if headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0] not in TYPES:
        return None
    if (route := request.get(ROUTE)) and route.confidential:
        return None
    headers.add(hdrs.VARY, hdrs.ACCEPT_ENCODING)
    body = response.body
    if not isinstance(body, bytes) or len(body) < LEAST_BYTES or hdrs.CONTENT_ENCODING in headers:
        return None
    return preferred(request.headers.get(hdrs.ACCEPT_ENCODING, ""))


async def compress(response: web.Response, coding: str) -> None:
    """Compresses the answer."""
    packed, body = CODINGS[coding], response.body
    assert isinstance(body, bytes)  # noqa: S101 - `coding_of` has looked
    response.body = packed(body) if len(body) <= MOST_INLINE_BYTES else await asyncio.to_thread(packed, body)
    response.headers[hdrs.CONTENT_ENCODING] = coding
    if response.etag:  # another sequence of bytes, so that a strong tag would lie
        response.etag = ETag(response.etag.value, is_weak=True)


def preferred(accepted: str) -> str | None:
    """The first of our codings that the header `Accept-Encoding` does not refuse; None when it names none."""
    weights: dict[str, float] = {}
    for part in accepted.split(","):
        coding, _, parameter = part.partition(";")
        weights[coding.strip().lower()] = _weight(parameter)
    return next((coding for coding in CODINGS if weights.get(coding, weights.get("*", 0.0)) > 0), None)


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
