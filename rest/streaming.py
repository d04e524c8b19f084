"""Answers that are sent while they are made."""

from aiohttp import web
from loguru import logger

from rest.envelope import Stream


async def send(request: web.Request, stream: Stream) -> web.StreamResponse:
    """Sends the file. What fails before its first part is answered as ever; after it the connection breaks off, so
    that nobody takes a part for the whole."""
    first = await anext(stream.parts, b"")
    response = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{stream.filename}"'})
    response.content_type = stream.content_type
    await response.prepare(request)
    if request.method != "HEAD":
        try:
            await response.write(first)
            async for part in stream.parts:
                await response.write(part)
            await response.write_eof()
        except ConnectionError:  # the client has gone
            pass
        except Exception:
            logger.exception("{} broke off", stream.filename)
            if request.transport:
                request.transport.abort()
    return response
