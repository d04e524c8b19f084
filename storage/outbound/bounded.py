"""Answers of others' servers, read up to a limit."""

import aiohttp


class AnswerTooLong(ValueError):
    """The answer has more bytes than are read of it."""


async def read_bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body; raises `AnswerTooLong` when it has more than `limit` bytes, the rest of which is not read."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise AnswerTooLong(f"more than {limit} bytes")
    return bytes(body)
