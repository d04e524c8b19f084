"""Reading the one file of a form (multipart/form-data, RFC 7578), as it comes in."""

import asyncio

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from domain.core.errors import BadRequest, TooLarge, UnsupportedMediaType

FIELD = "file"
READ_TIMEOUT_S = 60.0
FORM_BYTES = 16_384
"""What may stand around the file: boundaries and headers."""

MALFORMED = (ValueError, AssertionError, RuntimeError, HttpProcessingError, web.RequestPayloadError, web.HTTPException)
"""What aiohttp's reader of forms raises, as the case may be."""


async def read_file(request: web.Request, most_bytes: int) -> bytes:
    """The bytes of the form's only field, `file`. Its name and the type it claims to be are passed over.

    Raises `TooLarge`, `UnsupportedMediaType` when the body is no form, or `BadRequest`.
    """
    if request.content_type != "multipart/form-data" or "Content-Encoding" in request.headers:
        raise UnsupportedMediaType("Send a form (multipart/form-data) with the image as its field `file`.")
    if (request.content_length or 0) > most_bytes + FORM_BYTES:
        raise _too_large(most_bytes)
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            return await _only_file(request, most_bytes)
    except TimeoutError:
        raise BadRequest("The file did not arrive in time.") from None
    except MALFORMED as error:
        raise BadRequest("The form is broken.") from error


async def _only_file(request: web.Request, most_bytes: int) -> bytes:
    form = await request.multipart()
    part = await form.next()
    if not isinstance(part, BodyPartReader) or part.name != FIELD:
        raise BadRequest("The form must have one field, `file`.")
    data = bytearray()
    while not part.at_eof():
        data += await part.read_chunk()
        if len(data) > most_bytes:
            raise _too_large(most_bytes)
    if await form.next() is not None:
        raise BadRequest("The form must have one field, `file`.")
    return bytes(data)


def _too_large(most_bytes: int) -> TooLarge:
    return TooLarge(f"The file has more than {most_bytes} bytes.", {"limit": most_bytes})
