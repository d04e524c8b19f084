"""Answers of a moment ago: a caller who asks for the same again within a second gets the same bytes.

For routes that say so (`Route.recent`), behind authentication and limits. What a caller changes through this process
drops what is kept for them; any other change is seen once that is too old.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from aiohttp import hdrs, web

from domain.core.recent import Recent
from rest.envelope import json_of

KEPT_S = 1.0

MOST_CALLERS = 10_000
"""For whom an answer of a route is kept."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer with its tag."""

    body: bytes
    tag: str

    def response(self) -> web.Response:
        """The answer once more."""
        response = json_of(self.body, 200)
        response.headers[hdrs.ETAG] = self.tag
        return response


def _nothing() -> Recent[str, Kept]:
    return Recent(time.monotonic, kept_s=KEPT_S, size=MOST_CALLERS)


class RecentAnswers:
    """What callers got of late, by the path of the route. One per process."""

    def __init__(self) -> None:
        self._routes: defaultdict[str, Recent[str, Kept]] = defaultdict(_nothing)

    async def get(self, path: str, caller: str, answer: Callable[[], Coroutine[Any, Any, Kept]]) -> Kept:
        """The caller's answer of that route; raises what `answer` raises."""
        return await self._routes[path].get(caller, answer)

    def forget(self, caller: str) -> None:
        """Drops what is kept for the caller, and what is being read for them now."""
        for answers in self._routes.values():
            answers.forget_one(caller)


RECENT = web.AppKey("recent", RecentAnswers)
