"""Entity tags (RFC 9110, section 8.8.3): who has the answer already is told so, instead of it."""

from hashlib import blake2b

from aiohttp import hdrs, web

DIGEST_BYTES = 12
BODY_HEADERS = (hdrs.CONTENT_TYPE, hdrs.CONTENT_LENGTH, hdrs.CONTENT_DISPOSITION)


def conditional(request: web.Request, response: web.Response) -> web.Response:
    """The answer with its tag, or 304 when the client's copy is the same.

    The tag is weak, for one answer may be sent in several encodings; one that the answer has already stays. The copy is
    the caller's own, to be asked for anew each time.
    """
    if response.status != 200 or not isinstance(response.body, bytes):
        return response
    tag = response.headers.get(hdrs.ETAG) or weak_tag(response.body)
    response.headers[hdrs.ETAG] = tag
    response.headers.setdefault(hdrs.CACHE_CONTROL, "private, no-cache")
    if any(known.value in {tag.partition('"')[2][:-1], "*"} for known in request.if_none_match or ()):
        kept = {name: value for name, value in response.headers.items() if name not in BODY_HEADERS}
        return web.Response(status=304, headers=kept)
    return response


def weak_tag(body: bytes) -> str:
    """The tag of an answer, as its header has it."""
    return f'W/"{blake2b(body, digest_size=DIGEST_BYTES).hexdigest()}"'
