"""The client of IGDB, the games database of Twitch: at most 4 requests a second of all instances, 8 at once of each."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from pydantic import BaseModel, Field, ValidationError

from domain.core.errors import Unavailable
from domain.core.limits import Limit, RateLimits
from domain.games.source import UNWATCHED, FoundGame, GameSourceUnavailable, Outcome, SourceMetrics
from storage.outbound.bounded import AnswerTooLong, read_bounded
from storage.outbound.breaker import Breaker
from storage.outbound.igdb_games import FIELDS, PLAYED_TOGETHER, games_of

API_URL = "https://api.igdb.com/v4"
TOKEN_URL = "https://id.twitch.tv/oauth2/token"  # noqa: S105 - an address

RATE = Limit(1, 0.25)
"""One in a quarter of a second, not four at once: their window is not ours."""
AT_ONCE = 8
PATIENCE_S = 5.0
"""How long a call waits for its turn."""

TIMEOUT_S = 8.0
ANSWER_LIMIT = 4 * 2**20
ATTEMPTS = 3
BACKOFF_S = 0.4
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
RENEW_EARLY_S = 300.0
"""A token is renewed before it ends, which is after some 60 days."""


@dataclass(frozen=True, slots=True)
class IgdbConfig:
    """The credentials of a Twitch application, and where its token and the games are to be had."""

    client_id: str
    client_secret: str = field(repr=False)
    api_url: str = API_URL
    token_url: str = TOKEN_URL
    timeout_s: float = TIMEOUT_S


class _Failed(Exception):
    """An attempt that came to nothing; `again`: whether another may do better."""

    def __init__(self, reason: str, *, again: bool = True) -> None:
        super().__init__(reason)
        self.again = again


class _NoTurn(Exception):
    """All turns of the next seconds are taken."""


class Igdb:
    """A `GameSource`. It opens connections of its own for each call, and follows no redirect."""

    def __init__(
        self,
        config: IgdbConfig,
        limits: RateLimits,
        metrics: SourceMetrics = UNWATCHED,
        breaker: Breaker | None = None,
    ) -> None:
        self._config, self._limits, self._metrics = config, limits, metrics
        self._breaker, self._turns = breaker or Breaker(), asyncio.Semaphore(AT_ONCE)
        self._token, self._token_until, self._renewing = "", 0.0, asyncio.Lock()

    async def search(self, text: str, limit: int) -> Sequence[FoundGame]:
        quoted = text.replace("\\", " ").replace('"', " ")
        return await self._games(f'search "{quoted}"; fields {FIELDS}; where version_parent = null; limit {limit};')

    async def popular(self, offset: int, limit: int) -> Sequence[FoundGame]:
        modes = ",".join(f'"{mode}"' for mode in sorted(PLAYED_TOGETHER))
        return await self._games(
            f"fields {FIELDS}; where game_modes.slug = ({modes}) & version_parent = null & total_rating_count > 0; "
            f"sort total_rating_count desc; limit {limit}; offset {offset};"
        )

    async def _games(self, query: str) -> Sequence[FoundGame]:
        """One call with its attempts; raises `GameSourceUnavailable`."""
        began = time.perf_counter()
        outcome: Outcome = "failed"
        try:
            if not self._breaker.allows():
                outcome = "broken"
                raise GameSourceUnavailable
            games = await self._attempts(query)
            outcome = "ok"
            self._breaker.succeeded()
        except (_NoTurn, Unavailable):
            outcome = "limited"
            raise GameSourceUnavailable from None
        except _Failed as error:
            self._breaker.failed()
            raise GameSourceUnavailable from error
        finally:
            self._metrics.called(outcome, time.perf_counter() - began)
        return games

    async def _attempts(self, query: str) -> Sequence[FoundGame]:
        async with self._turns, self._session() as session:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    return await self._attempt(session, query)
                except _Failed as error:
                    if not error.again or attempt == ATTEMPTS:
                        raise
                await asyncio.sleep(random.uniform(0.5, 1) * BACKOFF_S * 2 ** (attempt - 1))
            raise AssertionError("the last attempt raises")

    async def _attempt(self, session: aiohttp.ClientSession, query: str) -> Sequence[FoundGame]:
        token = await self._fresh_token(session)
        headers = {"Client-ID": self._config.client_id, "Authorization": f"Bearer {token}"}
        status, body = await self._post(session, f"{self._config.api_url}/games", query.encode(), headers)
        if status == 401:
            if token == self._token:
                self._token = ""  # the next attempt has another one
            raise _Failed("the token is not taken")
        _check(status)
        try:
            return games_of(orjson.loads(body))
        except ValueError:
            raise _Failed("the answer is no list of games", again=False) from None

    async def _fresh_token(self, session: aiohttp.ClientSession) -> str:
        """A token that goes on for a while; of many callers one asks for it."""
        async with self._renewing:
            if not self._token or time.monotonic() > self._token_until:
                secret = {"client_id": self._config.client_id, "client_secret": self._config.client_secret}
                form = aiohttp.FormData({**secret, "grant_type": "client_credentials"})
                status, body = await self._post(session, self._config.token_url, form)
                _check(status)
                try:
                    granted = _Token.model_validate_json(body)
                except ValidationError:
                    raise _Failed("the answer is no token", again=False) from None
                self._token = granted.access_token
                self._token_until = time.monotonic() + granted.expires_in - RENEW_EARLY_S
            return self._token

    async def _post(
        self, session: aiohttp.ClientSession, url: str, data: Any, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One request in its turn: the status, and the body if it is a success."""
        await self._turn()
        try:
            async with session.post(url, data=data, headers=headers, allow_redirects=False) as response:
                body = await read_bounded(response, ANSWER_LIMIT) if response.status == 200 else b""
                return response.status, body
        except AnswerTooLong as error:
            raise _Failed(str(error), again=False) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _Failed(type(error).__name__) from None

    async def _turn(self) -> None:
        """Waits until all instances together may send another request; raises `_NoTurn`."""
        until = time.monotonic() + PATIENCE_S
        while wait_ms := await self._limits.take("igdb", RATE):
            if time.monotonic() + wait_ms / 1000 > until:
                raise _NoTurn
            await asyncio.sleep(wait_ms / 1000)

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._config.timeout_s), cookie_jar=aiohttp.DummyCookieJar()
        )


class _Token(BaseModel):
    """What Twitch grants."""

    access_token: str = Field(min_length=1, repr=False)
    expires_in: float


def _check(status: int) -> None:
    if status != 200:
        raise _Failed(f"answered {status}", again=status in TRY_AGAIN)
