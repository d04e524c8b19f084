"""What was told last of each player's presence, in Redis. Its keys share the hash tag of the presence."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, cast

from domain.core.ids import UserId
from domain.presence.told import LastTold, PresenceStatus, Reading, Told
from storage.redis.client import Client, load_script, unix_ms

PREFIX = "maoga:{presence}:told:"
KEPT_MS = 30 * 86_400_000
"""For so long it is known since when somebody is away."""


class RedisTold(LastTold):
    """A hash for each user. A script runs twice without harm: what is told again with its own mark is news again."""

    def __init__(self, redis: Client) -> None:
        self._script = load_script(redis, "told")

    async def read(self, users: Sequence[UserId]) -> Reading:
        mark, *values = [value.decode() for value in await self._run("read", *users)]
        last: dict[UserId, Told] = {}
        gone_at: dict[UserId, datetime] = {}
        for user, status, since, custom, gone in zip(users, *(values[n::4] for n in range(4)), strict=True):
            if status:
                last[user] = Told(cast(PresenceStatus, status), _moment(since) if since else None, custom or None)
            if gone:
                gone_at[user] = _moment(gone)
        return Reading(mark, last, gone_at)

    async def tell(self, news: Mapping[UserId, Told], mark: str) -> set[UserId]:
        lines = (
            (user, told.status, unix_ms(told.since) if told.since else "", told.custom_status or "")
            for user, told in news.items()
        )
        answers = await self._run("tell", mark, *chain.from_iterable(lines))
        return {user for user, is_news in zip(news, answers, strict=True) if is_news}

    async def gone(self, users: Sequence[UserId], at: datetime) -> None:
        await self._run("gone", unix_ms(at), *users)

    async def _run(self, command: str, *args: str | int) -> Any:
        return await self._script(keys=[PREFIX], args=(command, KEPT_MS, *args))


def _moment(unix: str) -> datetime:
    return datetime.fromtimestamp(int(unix) / 1000, UTC)
