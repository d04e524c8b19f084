"""Answers of a moment ago: a caller who asks for the same again within a second gets the same bytes.

For routes that say so (`Route.recent`), behind authentication and limits. What a caller changes through this process
drops what is kept for them; any other change is seen once that is too old.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass

from aiohttp import hdrs, web

from rest.envelope import json_of

KEPT_S = 1.0

MOST_CALLERS = 10_000
"""For whom something is kept; those who came first go first."""


@dataclass(frozen=True, slots=True)
class Recent:
    """An answer with its tag. begun_at: when it was asked for, by `time.monotonic`."""

    body: bytes
    tag: str
    begun_at: float

    @property
    def fresh(self) -> bool:
        """Whether it may still be given."""
        return time.monotonic() - self.begun_at < KEPT_S

    def response(self) -> web.Response:
        """The answer once more."""
        response = json_of(self.body, 200)
        response.headers[hdrs.ETAG] = self.tag
        return response


class RecentAnswers:
    """What each caller got of late, by the path of the route. One per process."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, dict[str, Recent]] = OrderedDict()

    def of(self, caller: str) -> dict[str, Recent]:
        """What is kept for the caller. Take it before you read: after a `forget` nobody sees what is put into it."""
        found = self._callers.get(caller)
        if found is None:
            found = self._callers[caller] = {}
            if len(self._callers) > MOST_CALLERS:
                self._callers.popitem(last=False)
        return found

    def forget(self, caller: str) -> None:
        """Drops what is kept for the caller, and what is being read for them now."""
        self._callers.pop(caller, None)


RECENT = web.AppKey("recent", RecentAnswers)
