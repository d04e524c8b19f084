"""Entity tags (RFC 9110, section 8.8.3): who has the answer already is told so, instead of it."""

from hashlib import blake2b

from aiohttp import ETag, hdrs, web

DIGEST_BYTES = 12
BODY_HEADERS = (hdrs.CONTENT_TYPE, hdrs.CONTENT_LENGTH, hdrs.CONTENT_DISPOSITION)


def conditional(request: web.Request, response: web.Response) -> web.Response:
    """The answer with its tag, or 304 when the client's copy is the same.

    The tag is weak, for one answer may be sent in several encodings. The copy is the caller's own, to be asked for anew
    each time.
    """
    if response.status != 200 or not isinstance(response.body, bytes):
        return response
    tag = response.etag or ETag(blake2b(response.body, digest_size=DIGEST_BYTES).hexdigest(), is_weak=True)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "private, no-cache")
    if any(known.value in {tag.value, "*"} for known in request.if_none_match or ()):
        kept = {name: value for name, value in response.headers.items() if name not in BODY_HEADERS}
        response = web.Response(status=304, headers=kept)
    response.etag = tag
    return response
