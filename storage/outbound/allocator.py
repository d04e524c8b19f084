"""Asks a server of the game's operators for a place to play: one signed POST, one small JSON answer."""

import aiohttp
from pydantic import ValidationError

from domain.core.clock import Clock
from domain.jobs.runner import Hopeless, JobFailed
from domain.lobbies.allocation import AllocationRequest
from domain.lobbies.connection import GameConnection
from storage.outbound.bounded import AnswerTooLong, read_bounded
from storage.outbound.signing import signed

TIMEOUT_S = 5.0
ANSWER_LIMIT = 8192
"""Most bytes of an answer."""

FOUND = frozenset({200, 201})
TRY_AGAIN = frozenset({202, 408, 425, 429})
"""Answers that are about the moment, not about the request. 202: the server is being started."""


class WebhookAllocator:
    """The allocator behind `MAOGA_ALLOCATOR_URL`. It opens a connection of its own for each request, and follows no
    redirect: what is signed for one server is no other's business."""

    def __init__(self, url: str, secret: bytes, clock: Clock, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url, self._secret, self._clock = url, secret, clock
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def allocate(self, request: AllocationRequest) -> GameConnection:
        body = request.wire_json()
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "Idempotency-Key": request.lobby_id,
            **signed(self._secret, body, self._clock.now()),
        }
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
                ) as session,
                session.post(self._url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                _check_status(response.status)
                return _connection(await read_bounded(response, ANSWER_LIMIT))
        except AnswerTooLong as error:
            raise JobFailed(f"the allocator's answer has {error}") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise JobFailed(f"the allocator did not answer: {type(error).__name__}") from None


def _check_status(status: int) -> None:
    if status in FOUND:
        return
    if status < 500 and status not in TRY_AGAIN:
        raise Hopeless(f"the allocator refused with {status}")
    raise JobFailed(f"the allocator answered {status}")


def _connection(body: bytes) -> GameConnection:
    try:
        return GameConnection.model_validate_json(body, by_alias=True, by_name=False)
    except ValidationError as error:
        fields = ", ".join(sorted({str(part) for fault in error.errors() for part in fault["loc"][:1]}))
        raise JobFailed(f"the allocator's answer is no connection: {fields or 'not JSON of one'}") from None
